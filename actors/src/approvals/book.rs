//! The approvals of one user: what is kept of each in the store, and what must be found quickly in memory.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use tokio::sync::{Mutex, Notify};

use super::{Approval, ApprovalId, ApprovalLimits, ApprovalState};
use crate::error::{Code, Error};
use crate::identity::KeyId;
use crate::vault::{Durability, Space, UserRecords, VaultError};

/// How many records are read at once.
const PAGE_LENGTH: usize = 64;

/// For how long an approval is kept after its end, in seconds: as long as an idempotency key.
const KEPT_SECS: u64 = 24 * 3_600;

/// For how long an answer that is shown once waits for its agent, in seconds.
const SHOWN_ONCE_SECS: u64 = 600;

/// Approvals of one user that are kept, ended ones included. Beyond it, calls that need one are refused.
const KEPT_MAX: usize = 5_000;

/// What is known of an approval without reading its record.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) id: ApprovalId,
    pub(crate) key_id: KeyId,
    pub(crate) digest: String,
    pub(crate) state: ApprovalState,
    pub(crate) expires_at: u64,
    idempotency_key: Option<String>,
    ended_at: Option<u64>,
    /// Whether there is an answer to forget.
    holds_secret: bool,
    /// Whether that answer was given.
    was_shown: bool,
}

impl Known {
    fn of(approval: &Approval) -> Self {
        Self {
            id: approval.id,
            key_id: approval.key_id.clone(),
            digest: approval.digest.clone(),
            state: approval.state,
            expires_at: approval.expires_at,
            idempotency_key: approval.idempotency_key.clone(),
            ended_at: approval.ended_at,
            holds_secret: approval.is_shown_once,
            was_shown: false,
        }
    }

    /// When something is to be done about it by itself (Unix seconds).
    fn due(&self) -> Option<u64> {
        match (self.state, self.ended_at) {
            (ApprovalState::Pending, _) => Some(self.expires_at),
            (_, Some(ended_at)) if self.holds_secret => Some(ended_at.saturating_add(SHOWN_ONCE_SECS)),
            (_, Some(ended_at)) => Some(ended_at.saturating_add(KEPT_SECS)),
            (_, None) => None,
        }
    }
}

/// What time asks for.
#[derive(Debug, Default)]
pub(crate) struct Due {
    /// Nobody has decided about these in time.
    pub(crate) expired: Vec<ApprovalId>,
    /// The answers of these are forgotten.
    pub(crate) answers: Vec<ApprovalId>,
    /// These are forgotten.
    pub(crate) old: Vec<ApprovalId>,
}

/// See the module's description. Lives on its user's thread.
pub(crate) struct Book {
    records: UserRecords,
    known: RefCell<BTreeMap<ApprovalId, Known>>,
    /// Held while an approval is added or changed, so that each change is decided on what is durable.
    changing: Mutex<()>,
    /// Something is due at another time than before.
    pub(crate) moved: Notify,
}

impl Book {
    /// Reads what is kept.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub(crate) async fn load(records: UserRecords) -> Result<Self, VaultError> {
        let mut known = BTreeMap::new();
        let mut after: Option<Vec<u8>> = None;
        loop {
            let page = records.scan::<Approval>(Space::Approval, after.as_deref(), PAGE_LENGTH).await?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            known.extend(page.iter().map(|(_, approval)| (approval.id, Known::of(approval))));
        }
        Ok(Self { records, known: RefCell::new(known), changing: Mutex::default(), moved: Notify::new() })
    }

    /// An approval.
    ///
    /// # Errors
    /// [`Code::NotFound`].
    pub(crate) async fn read(&self, id: ApprovalId) -> Result<Approval, Error> {
        self.records.get(Space::Approval, id.as_bytes()).await?.ok_or_else(not_found)
    }

    /// What is known of an approval.
    pub(crate) fn known(&self, id: ApprovalId) -> Option<Known> {
        self.known.borrow().get(&id).cloned()
    }

    /// The approval that a key's call with this idempotency key came to, unless it has expired: then nothing has come of it.
    pub(crate) fn of_idempotency_key(&self, key_id: &KeyId, idempotency_key: &str) -> Option<Known> {
        let known = self.known.borrow();
        let is_it = |known: &&Known| {
            known.key_id == *key_id
                && known.idempotency_key.as_deref() == Some(idempotency_key)
                && known.state != ApprovalState::Expired
        };
        known.values().rev().find(is_it).cloned()
    }

    /// The approval of the same call that waits already; otherwise, whether there is room for a new one.
    ///
    /// # Errors
    /// As [`Book::add`].
    pub(crate) fn waiting(&self, approval: &Approval, limits: ApprovalLimits) -> Result<Option<Known>, Error> {
        let new = Known::of(approval);
        match self.same(&new) {
            Some(waiting) => Ok(Some(waiting)),
            None => self.check_room(&new.key_id, limits).map(|()| None),
        }
    }

    /// Keeps a new approval, durably; or answers the one of the same call that waits already.
    ///
    /// # Errors
    /// [`Code::RateLimited`] when too many wait or are kept.
    pub(crate) async fn add(&self, approval: &Approval, limits: ApprovalLimits) -> Result<Known, Error> {
        let _one_at_a_time = self.changing.lock().await;
        if let Some(waiting) = self.waiting(approval, limits)? {
            return Ok(waiting);
        }
        let new = Known::of(approval);
        let batch = self.records.batch().put(Space::Approval, approval.id.as_bytes(), approval)?;
        batch.commit(Durability::Durable).await?;
        self.known.borrow_mut().insert(new.id, new.clone());
        self.moved.notify_one();
        Ok(new)
    }

    fn same(&self, new: &Known) -> Option<Known> {
        let known = self.known.borrow();
        let is_same = |known: &&Known| {
            known.state == ApprovalState::Pending
                && (&known.key_id, &known.digest, &known.idempotency_key) == (&new.key_id, &new.digest, &new.idempotency_key)
        };
        known.values().find(is_same).cloned()
    }

    fn check_room(&self, key_id: &KeyId, limits: ApprovalLimits) -> Result<(), Error> {
        let known = self.known.borrow();
        let pending = || known.values().filter(|known| known.state == ApprovalState::Pending);
        let full = if pending().filter(|known| known.key_id == *key_id).count() >= limits.pending_per_key_max {
            Some(format!("{} calls of this key wait for a person's approval", limits.pending_per_key_max))
        } else if pending().count() >= limits.pending_per_user_max {
            Some(format!("{} calls of this user's keys wait for a person's approval", limits.pending_per_user_max))
        } else if known.len() >= KEPT_MAX {
            Some(format!("{KEPT_MAX} approvals are kept, each for a day after its end"))
        } else {
            None
        };
        full.map_or(Ok(()), |full| Err(Error::new(Code::RateLimited, full).retry_after_secs(60)))
    }

    /// Takes the right to show an answer that is shown once; `false` for all but the first.
    pub(crate) fn take_answer(&self, id: ApprovalId) -> bool {
        let mut known = self.known.borrow_mut();
        known.get_mut(&id).is_some_and(|known| !std::mem::replace(&mut known.was_shown, true))
    }

    /// Changes an approval, durably, if it may be: `change` looks at what is durable and says no by an error.
    ///
    /// # Errors
    /// [`Code::NotFound`], or the error of `change`.
    pub(crate) async fn change(
        &self,
        id: ApprovalId,
        change: impl FnOnce(&mut Approval) -> Result<(), Error>,
    ) -> Result<Approval, Error> {
        let _one_at_a_time = self.changing.lock().await;
        let mut approval = self.read(id).await?;
        change(&mut approval)?;
        let batch = self.records.batch().put(Space::Approval, id.as_bytes(), &approval)?;
        batch.commit(Durability::Durable).await?;
        self.known.borrow_mut().insert(id, Known::of(&approval));
        self.moved.notify_one();
        Ok(approval)
    }

    /// Forgets approvals.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(crate) async fn remove(&self, ids: &[ApprovalId]) -> Result<(), Error> {
        let _one_at_a_time = self.changing.lock().await;
        let batch = ids.iter().fold(self.records.batch(), |batch, id| batch.delete(Space::Approval, id.as_bytes()));
        batch.commit(Durability::Relaxed).await?;
        self.known.borrow_mut().retain(|id, _| !ids.contains(id));
        Ok(())
    }

    /// Those in this state, the newest first, older than `before`; one more than `limit`, if there are so many.
    pub(crate) fn newest(&self, state: Option<ApprovalState>, before: Option<ApprovalId>, limit: usize) -> Vec<ApprovalId> {
        let known = self.known.borrow();
        let wanted = known
            .values()
            .rev()
            .filter(|known| state.is_none_or(|state| known.state == state) && before.is_none_or(|before| known.id < before));
        wanted.take(limit.saturating_add(1)).map(|known| known.id).collect()
    }

    /// Those that are approved and not carried out.
    pub(crate) fn approved(&self) -> Vec<ApprovalId> {
        self.known.borrow().values().filter(|known| known.state == ApprovalState::Approved).map(|known| known.id).collect()
    }

    /// When something is due next (Unix seconds).
    pub(crate) fn next_due(&self) -> Option<u64> {
        self.known.borrow().values().filter_map(Known::due).min()
    }

    /// What is due.
    pub(crate) fn due(&self, now_secs: u64) -> Due {
        let mut due = Due::default();
        for known in self.known.borrow().values().filter(|known| known.due().is_some_and(|due| due <= now_secs)) {
            match known.state {
                ApprovalState::Pending => due.expired.push(known.id),
                _ if known.holds_secret => due.answers.push(known.id),
                _ => due.old.push(known.id),
            }
        }
        due
    }
}

impl fmt::Debug for Book {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Book({})", self.known.borrow().len())
    }
}

/// The answer to an id that is no approval's, or one that the caller may not know of.
pub(crate) fn not_found() -> Error {
    Error::new(Code::NotFound, "No such approval")
}
