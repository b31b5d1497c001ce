//! The world as the protocol side calls it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use grammers_tl_types::{self as tl, Serializable};
use sha1::{Digest, Sha1};
use tokio::sync::mpsc;

use super::bot::is_for_people;
use super::event::Event;
use super::ids::{HexBytes, KeyAddress};
use super::live::{Live, Origin, Transaction};
use super::{World, durable};
use crate::clock::now_ms;
use crate::faults::{Fault, FaultKind};
use crate::journal::Written;
use crate::methods::call::Call;
use crate::methods::envelope::{self, Opened};
use crate::methods::error::RpcError;
use crate::methods::{self, Method};
use crate::request_log::{LoggedRequest, Wait};
use crate::rpc::{Api, BoxFuture, RpcOutcome, RpcRequest, SessionAddress};

/// The number of a content delivery network's datacentre.
const CDN_DC_ID: i32 = 203;

/// What stands for the name of a method that the network does not have.
const UNKNOWN_METHOD: &str = "unknown";

impl Api for World {
    fn auth_key(&self, dc_id: i32, auth_key_id: i64) -> Option<[u8; 256]> {
        let live = self.lock();
        let bytes = live.state.keys.get(&KeyAddress { dc_id, auth_key_id })?;
        bytes.0.as_slice().try_into().ok()
    }

    fn store_auth_key(&self, dc_id: i32, key: [u8; 256]) -> BoxFuture<'_, io::Result<()>> {
        let digest: [u8; 20] = Sha1::digest(key).into();
        let auth_key_id = digest.last_chunk().map_or(0, |bytes| i64::from_le_bytes(*bytes));
        let key_address = KeyAddress { dc_id, auth_key_id };
        let written = change(&mut self.lock(), Event::KeyStored { key: key_address, bytes: HexBytes(key.to_vec()) });
        Box::pin(durable(written))
    }

    fn destroy_auth_key(&self, dc_id: i32, auth_key_id: i64) -> BoxFuture<'_, io::Result<bool>> {
        let key = KeyAddress { dc_id, auth_key_id };
        let mut live = self.lock();
        if !live.state.keys.contains_key(&key) {
            return Box::pin(std::future::ready(Ok(false)));
        }
        let written = change(&mut live, Event::KeyDestroyed { key });
        Box::pin(async { durable(written).await.map(|()| true) })
    }

    /// Only a delay that was armed puts a call off.
    fn call(self: Arc<Self>, request: RpcRequest) -> BoxFuture<'static, RpcOutcome> {
        let opened = match envelope::open(&request.body) {
            Ok(opened) => opened,
            Err(error) => return Box::pin(std::future::ready(error.into())),
        };
        let mut live = self.lock();
        let method = methods::find(opened.constructor);
        let name = method.map_or(UNKNOWN_METHOD, |method| method.name);
        let user = phone_of(&live, request.session.into());
        let at_ms = now_ms();
        live.requests.note(LoggedRequest { method: name.into(), user: user.clone(), at_ms });
        note_client(&mut live, request.session, &opened, name);
        let Some(fault) = live.faults.strike_call(name, user.as_deref(), at_ms) else {
            return settle(self.run(&mut live, request.session, method, &opened));
        };
        let delay = Duration::from_secs(fault.seconds().into());
        match fault.kind {
            FaultKind::Delay => {
                drop(live);
                Box::pin(async move {
                    tokio::time::sleep(delay).await;
                    let running = settle(self.run(&mut self.lock(), request.session, method, &opened));
                    running.await
                })
            }
            FaultKind::Hold => {
                let cleared = live.faults.cleared();
                drop(live);
                Box::pin(async move {
                    cleared.await;
                    let running = settle(self.run(&mut self.lock(), request.session, method, &opened));
                    running.await
                })
            }
            FaultKind::FloodWait | FaultKind::FloodLimit => {
                // Who is not signed in may be anybody.
                if let Some(user) = &user {
                    let (method, user, session) = (name.to_owned(), user.clone(), request.session);
                    live.requests.note_wait(Wait { method, user, session, from_ms: at_ms, seconds: fault.seconds() });
                }
                settle(fail(&mut live, request.session.into(), &fault))
            }
            FaultKind::LoseAnswer | FaultKind::CutAnswer | FaultKind::DelayAnswer => {
                let running = settle(self.run(&mut live, request.session, method, &opened));
                Box::pin(async move {
                    let outcome = running.await;
                    match fault.kind {
                        FaultKind::LoseAnswer => RpcOutcome::DropConnection,
                        FaultKind::CutAnswer => RpcOutcome::Cut(Box::new(outcome)),
                        _ => {
                            tokio::time::sleep(delay).await;
                            outcome
                        }
                    }
                })
            }
            kind => match methods::updates::too_long(kind) {
                Some(method) => settle(self.run(&mut live, request.session, Some(method), &opened)),
                None => settle(fail(&mut live, request.session.into(), &fault)),
            },
        }
    }

    fn session_opened(&self, session: SessionAddress, outbox: mpsc::Sender<Vec<u8>>) {
        self.lock().open_session(session, outbox);
    }

    fn session_closed(&self, session: SessionAddress) {
        let mut live = self.lock();
        live.requests.session_closed(session, now_ms());
        live.close_session(session);
    }

    fn user_of(&self, dc_id: i32, auth_key_id: i64) -> Option<String> {
        phone_of(&self.lock(), KeyAddress { dc_id, auth_key_id })
    }
}

impl World {
    fn run(&self, live: &mut Live, session: SessionAddress, method: Option<Method>, opened: &Opened) -> Ran {
        let Some(method) = method else {
            return (RpcError::bad_request("INPUT_METHOD_INVALID").into(), None).into();
        };
        let caller = live.state.authorizations.get(&session.into()).map(|found| found.user_id);
        if is_for_people(method.name) && caller.is_some_and(|user_id| live.state.bots.contains_key(&user_id)) {
            return (RpcError::bad_request("BOT_METHOD_INVALID").into(), None).into();
        }
        let transaction = Transaction::default();
        let now = live.now();
        let (datacentres, files) = (&self.datacentres, &self.files);
        let mut call = Call { live, datacentres, files, session, now, transaction, later: None };
        let outcome = match (method.run)(&mut call, &opened.arguments) {
            Ok(result) => RpcOutcome::Result(result),
            Err(error) => error.into(),
        };
        let (transaction, later) = (call.transaction, call.later);
        Ran { outcome, written: Some(live.finish(transaction)), later }
    }
}

/// What became of a call.
struct Ran {
    outcome: RpcOutcome,
    written: Option<Written>,
    /// The outcome, where it comes later.
    later: Option<BoxFuture<'static, RpcOutcome>>,
}

impl From<(RpcOutcome, Option<Written>)> for Ran {
    fn from((outcome, written): (RpcOutcome, Option<Written>)) -> Self {
        Self { outcome, written, later: None }
    }
}

/// An answer that leaves once what it tells is durable.
fn settle<'a>(ran: impl Into<Ran>) -> BoxFuture<'a, RpcOutcome> {
    let Ran { outcome, written, later } = ran.into();
    Box::pin(async {
        let lost = match written {
            Some(written) => durable(written).await.is_err(),
            None => false,
        };
        match later {
            _ if lost => RpcError::internal().into(),
            Some(later) => later.await,
            None => outcome,
        }
    })
}

fn change(live: &mut Live, event: Event) -> Written {
    let mut transaction = Transaction::default();
    let origin = Origin { user_id: 0, session: None, now: live.now() };
    live.change(&mut transaction, origin, event);
    live.finish(transaction)
}

fn phone_of(live: &Live, key: KeyAddress) -> Option<String> {
    let user_id = live.state.authorizations.get(&key)?.user_id;
    live.state.users.get(&user_id).map(|user| user.phone.clone())
}

/// Calls for the bytes of files want no updates, whoever makes them (<https://core.telegram.org/method/invokeWithoutUpdates>).
fn note_client(live: &mut Live, session: SessionAddress, opened: &Opened, method: &str) {
    live.set_wants_updates(session, !opened.without_updates && !method.starts_with("upload."));
    let Some(client) = &opened.client else { return };
    let key = session.into();
    live.set_client(key, client.clone());
    if live.state.authorizations.get(&key).is_some_and(|known| known.client != *client) {
        // Nobody waits for it: what is lost of it is told again by the next connection.
        drop(change(live, Event::ClientChanged { key, client: client.clone() }));
    }
}

/// What a call answers that a fault strikes.
fn fail(live: &mut Live, key: KeyAddress, fault: &Fault) -> (RpcOutcome, Option<Written>) {
    let error = match fault.kind {
        FaultKind::FloodWait | FaultKind::FloodLimit => RpcError::new(420, format!("FLOOD_WAIT_{}", fault.seconds())),
        FaultKind::RpcError => RpcError::new(fault.code.unwrap_or(400), fault.message.clone().unwrap_or_default()),
        FaultKind::CdnRedirect => return (RpcOutcome::Result(cdn_redirect()), None),
        FaultKind::DropConnection => return (RpcOutcome::DropConnection, None),
        FaultKind::AuthKeyUnregistered => RpcError::unauthorized(),
        FaultKind::SessionRevoked => RpcError::new(401, "SESSION_REVOKED"),
        FaultKind::AuthKeyDuplicated => RpcError::new(406, "AUTH_KEY_DUPLICATED"),
        FaultKind::Timeout => RpcError::new(-503, "Timeout"),
        FaultKind::UserDeactivated => RpcError::new(401, "USER_DEACTIVATED"),
        FaultKind::PhoneMigrate => RpcError::phone_migrate(fault.dc.unwrap_or_default()),
        FaultKind::ServerError
        | FaultKind::Delay
        | FaultKind::Hold
        | FaultKind::LoseAnswer
        | FaultKind::CutAnswer
        | FaultKind::DelayAnswer
        | FaultKind::LoseUpdates
        | FaultKind::ReorderUpdates
        | FaultKind::DuplicateUpdates
        | FaultKind::LateUpdates
        | FaultKind::DifferenceTooLong
        | FaultKind::ChannelDifferenceTooLong => RpcError::internal(),
    };
    let signs_out =
        matches!(fault.kind, FaultKind::AuthKeyUnregistered | FaultKind::SessionRevoked | FaultKind::AuthKeyDuplicated);
    let written = signs_out.then(|| change(live, Event::SignedOut { keys: vec![key] }));
    (error.into(), written)
}

/// What sends a client on to a content delivery network, <https://core.telegram.org/cdn>.
fn cdn_redirect() -> Vec<u8> {
    let redirect = tl::types::upload::FileCdnRedirect {
        dc_id: CDN_DC_ID,
        file_token: vec![0; 16],
        encryption_key: vec![0; 32],
        encryption_iv: vec![0; 16],
        file_hashes: Vec::new(),
    };
    tl::enums::upload::File::from(redirect).to_bytes()
}
