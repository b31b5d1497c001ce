//! What is kept of calls that come with an idempotency key: that they began, durably before they do anything, and how they ended.
//!
//! A repetition is answered as the first call was. While the first is at work it is refused; with another request under the same key
//! too. Where nobody knows how the first call ended (the process was killed, Telegram's answer was lost), the operation's
//! [`Repetition`](crate::operation::Repetition) says what happens: it runs again if that is harmless, with the same `random_id`s if
//! Telegram itself refuses a second message, and never otherwise.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashSet;
use std::rc::Rc;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::account::SendIds;
use crate::approvals::ApprovalId;
use crate::caller::Caller;
use crate::error::{Code, Error};
use crate::idempotency::{Fingerprint, IdempotencyKey};
use crate::operation::{Answer, Body, Declaration};
use crate::runtime::{now_ms, now_secs};
use crate::user::UserContext;
use crate::vault::{Durability, Space};

/// For how long a key is remembered.
const LIFETIME_SECS: u64 = 24 * 3_600;

/// How many keys of one user are remembered; further ones are refused until old ones expire.
const KEYS_MAX: usize = 2_000_000;

/// The largest record that is kept, in bytes before it is sealed. Of a larger answer only the outcome is kept.
const RECORD_BYTES_MAX: usize = 30 * 1_024;

/// How often what has expired is removed, and how many at once.
const SWEEP_PERIOD: Duration = Duration::from_secs(600);
const SWEEP_LENGTH: usize = 256;

/// How many expiries are read at once when they are counted.
const COUNT_LENGTH: usize = 1_024;

const SECRET: &[u8] = b"idempotency";

type RecordId = [u8; 32];

/// The state of a user's keys that is not in the store.
#[derive(Default)]
pub(super) struct IdempotencyKeys {
    /// Makes record ids, kept fingerprints and `random_id`s, so that none of them says anything without it.
    secret: OnceCell<Zeroizing<[u8; 32]>>,
    /// Keys whose calls are at work in this incarnation of the actor.
    at_work: RefCell<HashSet<RecordId>>,
    kept: Cell<usize>,
}

/// A call with its key.
pub(super) struct KeyedCall {
    id: RecordId,
    fingerprint: [u8; 32],
}

/// What is known of a key.
pub(super) enum Claim {
    /// Nothing: the call may begin as soon as it is noted.
    New(Ticket),
    /// The call has begun before, and nobody knows how it ended.
    Undecided(Ticket),
    /// It has ended.
    Ended(Box<Ended>),
}

/// A record as it is kept, sealed.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    #[serde(with = "hex")]
    fingerprint: [u8; 32],
    started_at_ms: u64,
    expires_at_secs: u64,
    #[serde(default)]
    ended: Option<Ended>,
}

/// How a call ended.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ended {
    status: u16,
    outcome: Outcome,
    /// The SHA-256 of the request's body of bytes, where it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body_digest: Option<String>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Outcome {
    Empty,
    Json(String),
    /// An answer that was too large to be kept, or is made of bytes.
    NotKept,
    Refused {
        code: String,
        detail: String,
        field: Option<String>,
    },
}

impl Ended {
    /// The audit log's word for it, and the status.
    pub(super) fn code_and_status(&self) -> (&'static str, u16) {
        match &self.outcome {
            Outcome::Refused { code, .. } => (Code::named(code).unwrap_or(Code::Internal).name(), self.status),
            _ => ("ok", self.status),
        }
    }

    /// What the call was answered.
    pub(super) fn answer(self) -> Result<Answer, Error> {
        let body = match self.outcome {
            Outcome::Empty => Body::Empty,
            Outcome::Json(text) => Body::Json(text.into_bytes()),
            Outcome::NotKept => {
                let detail = format!("The request was carried out (status {}); its answer was too large to be kept", self.status);
                return Err(Error::new(Code::AnswerNotKept, detail));
            }
            Outcome::Refused { code, detail, field } => {
                let error = Error::new(Code::named(&code).unwrap_or(Code::Internal), detail);
                return Err(match field {
                    Some(field) => error.in_field(field),
                    None => error,
                });
            }
        };
        Ok(Answer { status: self.status, headers: Vec::new(), body, next_cursor: None, told_of: Vec::new() })
    }

    /// Whether the first call's body of bytes was this one, if it is known.
    pub(super) fn had_body(&self, digest: &[u8; 32]) -> bool {
        self.body_digest.as_ref().is_none_or(|known| known.as_bytes().ct_eq(hex::encode(digest).as_bytes()).into())
    }

    /// How a call ended, as far as that is decided: `None` where the same call may end otherwise, or where nobody knows.
    fn of(
        declaration: &Declaration,
        result: &Result<Answer, Error>,
        body_digest: Option<[u8; 32]>,
        with_secrets: bool,
    ) -> Option<Self> {
        let (status, outcome) = match result {
            Ok(answer) => (answer.status, kept(declaration, &answer.body, with_secrets)),
            Err(error) if is_final(error.code()) => {
                let (detail, field) = (error.detail().to_owned(), error.field().map(str::to_owned));
                (error.code().status(), Outcome::Refused { code: error.code().name().to_owned(), detail, field })
            }
            Err(_) => return None,
        };
        Some(Self { status, outcome, body_digest: body_digest.map(hex::encode) })
    }
}

/// The body of an answer, without what is shown once unless that is what it is kept for.
fn kept(declaration: &Declaration, body: &Body, with_secrets: bool) -> Outcome {
    match body {
        Body::Empty => Outcome::Empty,
        Body::Bytes(..) | Body::Events(_) => Outcome::NotKept,
        Body::Json(json) if with_secrets || declaration.secret_members.is_empty() => {
            String::from_utf8(json.clone()).map_or(Outcome::NotKept, Outcome::Json)
        }
        Body::Json(json) => match serde_json::from_slice(json) {
            Ok(Value::Object(mut members)) => {
                for name in declaration.secret_members {
                    members.insert((*name).to_owned(), Value::Null);
                }
                Outcome::Json(Value::Object(members).to_string())
            }
            _ => Outcome::NotKept,
        },
    }
}

/// Whether a refusal is the call's end. After any other nothing has happened, and the same call may succeed a moment later.
fn is_final(code: Code) -> bool {
    let passes = matches!(
        code,
        Code::BadRequest
            | Code::Abandoned
            | Code::RequestTimeout
            | Code::PayloadTooLarge
            | Code::RequestInProgress
            | Code::Unauthorized
            | Code::SpeechNotConfigured
            | Code::SpeechKeyRefused
            | Code::SpeechFailed
            | Code::TelegramUnreachable
            | Code::FetchFailed
            | Code::AccountNotReady
            | Code::AccountSuspended
            | Code::AuditUnavailable
            | Code::Overloaded
            | Code::OutcomeUnknown
            | Code::Internal
            | Code::ApprovalRequired
    );
    !passes && code.status() != 429
}

/// Whether it is unknown what a failed call has done.
fn is_undecided(code: Code) -> bool {
    matches!(code, Code::OutcomeUnknown | Code::Internal)
}

/// The right to run the one call of a key. While it lives, a repetition is refused.
pub(super) struct Ticket {
    context: Rc<UserContext>,
    call: KeyedCall,
    record: Record,
    is_noted: bool,
    /// Whether the call is made by an approval: then its answer is kept for the agent, who has not seen it.
    is_approved: bool,
}

impl Ticket {
    /// Notes that the call begins; durable when this returns.
    pub(super) async fn note(&mut self) -> Result<(), Error> {
        if self.is_noted {
            return Ok(());
        }
        let id = &self.call.id;
        let batch = self.context.records.batch().require_absent(Space::IdempotencyKey, id);
        let batch = batch.put(Space::IdempotencyKey, id, &self.record)?;
        let batch = batch.put(Space::IdempotencyExpiry, &self.expiry(), &())?;
        batch.commit(Durability::Durable).await?;
        self.is_noted = true;
        let keys = &self.context.idempotency;
        keys.kept.set(keys.kept.get().saturating_add(1));
        Ok(())
    }

    /// The `random_id`s of the messages that the call sends.
    pub(super) fn send_ids(&self, is_repetition: bool) -> Result<SendIds, Error> {
        let seed = self.context.idempotency.digest(&[b"random_id", &self.call.id])?;
        Ok(SendIds::new(seed, self.record.started_at_ms, is_repetition))
    }

    /// Keeps how the call ended, durably; forgets it where nothing has happened and it may be made anew.
    pub(super) async fn end(
        mut self,
        declaration: &Declaration,
        result: &Result<Answer, Error>,
        body_digest: Option<[u8; 32]>,
        is_repetition: bool,
    ) {
        // A call that could not be noted did not run: nothing is kept of it that would have to be forgotten again.
        if !self.is_noted {
            return;
        }
        let id = self.call.id;
        let batch = self.context.records.batch();
        let batch = match Ended::of(declaration, result, body_digest, self.is_approved) {
            Some(ended) => {
                self.record.ended = Some(ended);
                if serde_json::to_vec(&self.record).is_ok_and(|record| record.len() > RECORD_BYTES_MAX)
                    && let Some(ended) = &mut self.record.ended
                {
                    ended.outcome = Outcome::NotKept;
                }
                batch.put(Space::IdempotencyKey, &id, &self.record)
            }
            // What may have happened before cannot be said not to have happened now.
            None if is_repetition || matches!(result, Err(error) if is_undecided(error.code())) => return,
            None => {
                let keys = &self.context.idempotency;
                keys.kept.set(keys.kept.get().saturating_sub(1));
                Ok(batch.delete(Space::IdempotencyKey, &id).delete(Space::IdempotencyExpiry, &self.expiry()))
            }
        };
        let committed = match batch {
            Ok(batch) => batch.commit(Durability::Durable).await,
            Err(error) => Err(error),
        };
        if let Err(error) = committed {
            tracing::error!(%error, "how a call with an idempotency key ended could not be kept: a repetition finds it undecided");
        }
    }

    fn expiry(&self) -> Vec<u8> {
        [self.record.expires_at_secs.to_be_bytes().as_slice(), &self.call.id].concat()
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.context.idempotency.at_work.borrow_mut().remove(&self.call.id);
    }
}

impl IdempotencyKeys {
    fn digest(&self, parts: &[&[u8]]) -> Result<[u8; 32], Error> {
        let secret = self.secret.get().ok_or_else(|| Error::internal("the secret of idempotency keys is not loaded"))?;
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_slice()).map_err(Error::internal)?;
        for part in parts {
            mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
            mac.update(part);
        }
        Ok(mac.finalize().into_bytes().into())
    }
}

impl UserContext {
    /// Looks a call up by its key. Keys are the principal's own: an agent's never meet its owner's or another agent's.
    ///
    /// # Errors
    /// [`Code::RequestInProgress`] while the first call is at work, [`Code::IdempotencyKeyReused`] when the key is another request's,
    /// [`Code::RateLimited`] when too many keys are remembered.
    pub(super) async fn claim(
        self: &Rc<Self>,
        caller: &Caller,
        key: &IdempotencyKey,
        fingerprint: Fingerprint,
    ) -> Result<Claim, Error> {
        let call = self.keyed_call(caller, key, fingerprint).await?;
        self.claim_call(call, false).await
    }

    /// Looks up the call that an approval is for. It is found under the approval's id, where no caller's key leads.
    ///
    /// # Errors
    /// As [`UserContext::claim`].
    pub(super) async fn claim_approved(self: &Rc<Self>, approval: ApprovalId, fingerprint: Fingerprint) -> Result<Claim, Error> {
        let id = self.approved_call(approval).await?;
        let fingerprint = self.idempotency.digest(&[b"fingerprint", fingerprint.as_bytes()])?;
        self.claim_call(KeyedCall { id, fingerprint }, true).await
    }

    async fn approved_call(&self, approval: ApprovalId) -> Result<RecordId, Error> {
        self.load_idempotency_secret().await?;
        self.idempotency.digest(&[b"approval", approval.as_bytes()])
    }

    /// Whether the call that an approval is for has begun; and how it ended, if that is decided.
    pub(super) async fn approved_end(&self, approval: ApprovalId) -> Result<Option<Option<Ended>>, Error> {
        let id = self.approved_call(approval).await?;
        Ok(self.records.get::<Record>(Space::IdempotencyKey, &id).await?.map(|record| record.ended))
    }

    /// Forgets the body of the answer to a call that was approved; durable when this returns. That it was answered stays known.
    pub(super) async fn forget_approved_answer(&self, approval: ApprovalId) -> Result<(), Error> {
        let id = self.approved_call(approval).await?;
        let Some(mut record) = self.records.get::<Record>(Space::IdempotencyKey, &id).await? else { return Ok(()) };
        if let Some(ended) = &mut record.ended
            && matches!(ended.outcome, Outcome::Json(_))
        {
            ended.outcome = Outcome::NotKept;
            self.records.batch().put(Space::IdempotencyKey, &id, &record)?.commit(Durability::Durable).await?;
        }
        Ok(())
    }

    async fn claim_call(self: &Rc<Self>, call: KeyedCall, is_approved: bool) -> Result<Claim, Error> {
        if !self.idempotency.at_work.borrow_mut().insert(call.id) {
            let busy = "A request with this Idempotency-Key is already in flight";
            return Err(Error::new(Code::RequestInProgress, busy).retry_after_secs(1));
        }
        let record = Record {
            fingerprint: call.fingerprint,
            started_at_ms: now_ms(),
            expires_at_secs: now_secs().saturating_add(LIFETIME_SECS),
            ended: None,
        };
        let mut ticket = Ticket { context: Rc::clone(self), call, record, is_noted: false, is_approved };
        let known = self.records.get::<Record>(Space::IdempotencyKey, &ticket.call.id).await?;
        let Some(known) = known else {
            if self.idempotency.kept.get() >= KEYS_MAX {
                let full = format!("{KEYS_MAX} idempotency keys are remembered, each for a day: send without one, or later");
                return Err(Error::new(Code::RateLimited, full).retry_after_secs(3_600));
            }
            return Ok(Claim::New(ticket));
        };
        // What has expired but was not removed yet still stands: nothing runs twice because a sweep is late.
        if !bool::from(known.fingerprint.ct_eq(&ticket.call.fingerprint)) {
            let other = "This Idempotency-Key was used for another request: use a new key for a new request";
            return Err(Error::new(Code::IdempotencyKeyReused, other));
        }
        Ok(match known.ended {
            Some(ended) => Claim::Ended(Box::new(ended)),
            None => {
                ticket.record = known;
                ticket.is_noted = true;
                Claim::Undecided(ticket)
            }
        })
    }

    async fn keyed_call(&self, caller: &Caller, key: &IdempotencyKey, fingerprint: Fingerprint) -> Result<KeyedCall, Error> {
        self.load_idempotency_secret().await?;
        let principal = caller.key_id().map_or("", |key_id| key_id.as_str());
        let id = self.idempotency.digest(&[b"key", principal.as_bytes(), key.as_str().as_bytes()])?;
        Ok(KeyedCall { id, fingerprint: self.idempotency.digest(&[b"fingerprint", fingerprint.as_bytes()])? })
    }

    /// Reads the user's secret, or makes it with their first key.
    async fn load_idempotency_secret(&self) -> Result<(), Error> {
        if self.idempotency.secret.get().is_some() {
            return Ok(());
        }
        let secret = match self.records.get::<String>(Space::Setting, SECRET).await? {
            Some(text) => text,
            None => {
                let mut random = Zeroizing::new([0u8; 32]);
                getrandom::fill(random.as_mut_slice()).map_err(Error::internal)?;
                let text = hex::encode(random.as_slice());
                let batch = self.records.batch().require_absent(Space::Setting, SECRET).put(Space::Setting, SECRET, &text)?;
                match batch.commit(Durability::Durable).await {
                    // Another call has made it meanwhile.
                    Err(crate::vault::VaultError::Conflict) => {
                        let made = self.records.get::<String>(Space::Setting, SECRET).await?;
                        made.ok_or_else(|| Error::internal("the secret of idempotency keys is gone"))?
                    }
                    committed => {
                        committed?;
                        text
                    }
                }
            }
        };
        let mut bytes = Zeroizing::new([0u8; 32]);
        let secret = Zeroizing::new(secret);
        hex::decode_to_slice(secret.as_bytes(), bytes.as_mut_slice()).map_err(Error::internal)?;
        let _already_set = self.idempotency.secret.set(bytes);
        Ok(())
    }

    /// Counts what is kept, then removes what has expired, again and again.
    pub(super) async fn sweep_idempotency_keys(self: Rc<Self>) {
        if let Err(error) = self.count_idempotency_keys().await {
            tracing::error!(%error, "idempotency keys could not be counted");
        }
        loop {
            match self.remove_expired_idempotency_keys(now_secs()).await {
                Ok(SWEEP_LENGTH) => tokio::task::yield_now().await,
                Ok(_) => tokio::time::sleep(SWEEP_PERIOD).await,
                Err(error) => {
                    tracing::error!(%error, "expired idempotency keys could not be removed");
                    tokio::time::sleep(SWEEP_PERIOD).await;
                }
            }
        }
    }

    async fn count_idempotency_keys(&self) -> Result<(), Error> {
        let mut after: Option<Vec<u8>> = None;
        loop {
            let page = self.records.scan::<()>(Space::IdempotencyExpiry, after.as_deref(), COUNT_LENGTH).await?;
            let Some((last, ())) = page.last() else { return Ok(()) };
            after = Some(last.clone());
            self.idempotency.kept.set(self.idempotency.kept.get().saturating_add(page.len()));
            tokio::task::yield_now().await;
        }
    }

    /// Removes the oldest of what has expired. Answers how many there were.
    async fn remove_expired_idempotency_keys(&self, now_secs: u64) -> Result<usize, Error> {
        let oldest = self.records.scan::<()>(Space::IdempotencyExpiry, None, SWEEP_LENGTH).await?;
        let expired = oldest.into_iter().map(|(id, ())| id).take_while(|id| {
            let at = id.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
            at <= now_secs
        });
        let expired: Vec<Vec<u8>> = expired.collect();
        if expired.is_empty() {
            return Ok(0);
        }
        let batch = expired.iter().fold(self.records.batch(), |batch, id| {
            let key = id.get(8..).unwrap_or_default();
            batch.delete(Space::IdempotencyExpiry, id).delete(Space::IdempotencyKey, key)
        });
        batch.commit(Durability::Relaxed).await?;
        self.idempotency.kept.set(self.idempotency.kept.get().saturating_sub(expired.len()));
        Ok(expired.len())
    }
}
