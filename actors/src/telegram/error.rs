//! What can go wrong with Telegram. What its own errors mean is in the table of `refusal/`.

use std::io::ErrorKind;

use grammers_client::InvocationError;
use grammers_mtsender::RpcError;

use super::diffie_hellman::WeakExchange;
use super::refusal::{Refusal, RefusalClass};
use crate::vault::VaultError;

/// Why Telegram ended a session. Nothing helps but a new login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthLoss {
    /// The key is not logged in (any more).
    AuthKeyUnregistered,
    /// Telegram does not know the key.
    AuthKeyInvalid,
    /// The person ended the session from another device.
    SessionRevoked,
    /// The session expired.
    SessionExpired,
    /// The key was used from two places at once.
    AuthKeyDuplicated,
    /// The account was deleted or deactivated.
    UserDeactivated,
    /// The account was banned.
    UserDeactivatedBan,
}

impl AuthLoss {
    const ALL: [Self; 7] = [
        Self::AuthKeyUnregistered,
        Self::AuthKeyInvalid,
        Self::SessionRevoked,
        Self::SessionExpired,
        Self::AuthKeyDuplicated,
        Self::UserDeactivated,
        Self::UserDeactivatedBan,
    ];

    /// Telegram's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::AuthKeyUnregistered => "AUTH_KEY_UNREGISTERED",
            Self::AuthKeyInvalid => "AUTH_KEY_INVALID",
            Self::SessionRevoked => "SESSION_REVOKED",
            Self::SessionExpired => "SESSION_EXPIRED",
            Self::AuthKeyDuplicated => "AUTH_KEY_DUPLICATED",
            Self::UserDeactivated => "USER_DEACTIVATED",
            Self::UserDeactivatedBan => "USER_DEACTIVATED_BAN",
        }
    }

    /// Whether the account itself is gone.
    pub fn is_ban(self) -> bool {
        matches!(self, Self::UserDeactivated | Self::UserDeactivatedBan)
    }
}

/// Why a call to Telegram failed. It never holds message text, a phone number or a secret.
#[derive(Debug, thiserror::Error)]
pub enum TelegramError {
    /// Telegram asks to wait before this method.
    #[error("Telegram asks to wait {seconds} s")]
    FloodWait {
        /// How long, in seconds.
        seconds: u32,
        /// The method, where it is known.
        method: Option<&'static str>,
    },
    /// The method is held within what was learned from Telegram's waits. Nothing was sent.
    #[error("{method} is held back for {seconds} s")]
    OverBudget {
        /// How long, in seconds.
        seconds: u32,
        /// The method.
        method: &'static str,
    },
    /// Too many calls of the account wait for their turn. Nothing was sent.
    #[error("no turn came")]
    Busy,
    /// Whoever asked for it has gone. Nothing was sent.
    #[error("the caller has gone")]
    CallerGone,
    /// Telegram ended the session.
    #[error("the session has ended: {}", .0.name())]
    AuthLost(AuthLoss),
    /// The text is no cursor of this list.
    #[error("the cursor is not one of this list")]
    InvalidCursor,
    /// The account never met the chat, so that it cannot be named to Telegram.
    #[error("the chat is not known")]
    ChatNotFound,
    /// The chat has no such message.
    #[error("the message is not known")]
    MessageNotFound,
    /// The message has no file.
    #[error("the message has no file")]
    NoMedia,
    /// There is no photo.
    #[error("there is no photo")]
    NoPhoto,
    /// The message has no picture of this size.
    #[error("there is no such picture")]
    NoThumbnail,
    /// The file is another one by now.
    #[error("the file is another one by now")]
    FileChanged,
    /// Telegram sends on to a content delivery network, which this server does not use.
    #[error("the file is on a content delivery network")]
    CdnRedirect,
    /// A shared folder holds named chats only.
    #[error("the folder is shared")]
    SharedFolder,
    /// The account must move to another datacentre.
    #[error("the account lives in datacentre {0}")]
    Migrate(i32),
    /// This account never met the user, or the user does not exist.
    #[error("the user is not known")]
    UserNotFound,
    /// The chat is a person, and the call is for groups and channels.
    #[error("the chat is neither a group nor a channel")]
    NotAGroup,
    /// Basic groups do not have what is asked for.
    #[error("a basic group has no such thing")]
    NotInBasicGroups,
    /// A key cannot be agreed on safely.
    #[error("the exchange of keys is not safe: {0}")]
    WeakExchange(#[from] WeakExchange),
    /// The chat lets people in through a web page.
    #[error("the chat lets people in through a web page")]
    WebPageNeeded,
    /// Telegram refused, for a reason of the table.
    #[error("Telegram refused: {}", .refusal.name)]
    Refused {
        /// The row.
        refusal: &'static Refusal,
        /// The number in Telegram's name, if it has one.
        value: Option<u32>,
    },
    /// Telegram refused for a reason that the table does not have.
    #[error("Telegram refused: {name}")]
    Rpc {
        /// Telegram's numeric class.
        code: i32,
        /// Telegram's name for it, without its number.
        name: String,
    },
    /// No answer came in time: it may or may not have happened.
    #[error("no answer in time")]
    Timeout,
    /// Nobody answers at the datacentre's address: nothing was sent.
    #[error("Telegram cannot be reached: {0}")]
    Unreachable(String),
    /// The connection broke while a call was under way: it may or may not have happened.
    #[error("the connection broke: {0}")]
    Connection(String),
    /// The network has no such datacentre, or its key exchange failed.
    #[error("the datacentre cannot be used: {0}")]
    Datacentre(String),
    /// The following of updates stood still.
    #[error("updates stood still")]
    Stalled,
    /// The library panicked during this call.
    #[error("the call panicked")]
    Panicked,
    /// Telegram's answer is not one that this call can have.
    #[error("an unexpected answer: {0}")]
    Unexpected(&'static str),
    /// The session's record cannot be read or written.
    #[error(transparent)]
    Record(#[from] VaultError),
}

impl TelegramError {
    /// What Telegram itself would have said, where it shows in another way. The name is one of the table.
    pub(super) fn refused(name: &str) -> Self {
        match Refusal::named(name) {
            Some(refusal) => Self::Refused { refusal, value: None },
            None => Self::Rpc { code: 400, name: name.to_owned() },
        }
    }

    /// Whether Telegram refused with this name, whatever number it has.
    pub fn is(&self, name: &str) -> bool {
        match self {
            Self::Refused { refusal, .. } => refusal.is(name),
            Self::Rpc { name: unknown, .. } => unknown == name,
            _ => false,
        }
    }

    /// The same error of a call for a page whose cursor is Telegram's own word for a place.
    pub(super) fn of_cursor(self) -> Self {
        if self.is("OFFSET_INVALID") { Self::InvalidCursor } else { self }
    }

    /// Whether Telegram refused because it is so already.
    pub fn is_not_modified(&self) -> bool {
        matches!(self, Self::Refused { refusal, .. } if refusal.class == RefusalClass::NotModified)
    }

    /// Whether what gave access to a file does so no more: its message, read again, has a fresh reference
    /// (<https://core.telegram.org/api/file_reference>).
    pub fn is_stale_reference(&self) -> bool {
        ["FILE_REFERENCE_EXPIRED", "FILE_REFERENCE_INVALID", "FILE_REFERENCE_EMPTY"].iter().any(|name| self.is(name))
    }

    /// Whether nothing has happened because the account's calls are kept within its limits.
    pub fn is_held_back(&self) -> bool {
        matches!(self, Self::FloodWait { .. } | Self::OverBudget { .. } | Self::Busy | Self::CallerGone)
    }

    /// Whether the connection is at fault, so that a call which changes nothing may be tried again on a new one.
    pub fn is_connection(&self) -> bool {
        matches!(self, Self::Connection(_) | Self::Unreachable(_))
    }

    /// Whether what came could not be understood, so that the same would happen when it comes again.
    pub fn is_unreadable(&self) -> bool {
        matches!(self, Self::Panicked | Self::Unexpected(_))
    }
}

impl From<InvocationError> for TelegramError {
    fn from(error: InvocationError) -> Self {
        match error {
            InvocationError::Rpc(error) => classify(&error),
            InvocationError::Io(error) if is_before_sending(error.kind()) => Self::Unreachable(error.kind().to_string()),
            InvocationError::Io(error) => Self::Connection(error.kind().to_string()),
            InvocationError::Dropped(reason) => Self::Connection(reason.to_owned()),
            InvocationError::Transport(error) => Self::Connection(error.to_string()),
            InvocationError::Deserialize(_) => Self::Unexpected("it cannot be read"),
            InvocationError::InvalidDc => Self::Datacentre("it is not listed".to_owned()),
            InvocationError::Authentication(error) => Self::Datacentre(error.to_string()),
            InvocationError::Session(error) => match error.downcast::<VaultError>() {
                Ok(error) => Self::Record(*error),
                Err(_) => Self::Unexpected("the session failed"),
            },
        }
    }
}

/// Whether a fault of the network can only be one of dialling.
fn is_before_sending(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::ConnectionRefused | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable)
}

/// What one of Telegram's errors is here. Those that the table does not have keep their names; their numeric class tells the rest.
fn classify(error: &RpcError) -> TelegramError {
    let value = number_in(&error.name).or(error.value);
    let Some(refusal) = Refusal::named(&error.name) else {
        return match (error.code, value) {
            (420, Some(seconds)) => flood_wait(seconds),
            (303, Some(datacentre)) => migrate(datacentre),
            (code, _) => TelegramError::Rpc { code, name: error.name.clone() },
        };
    };
    match refusal.class {
        RefusalClass::Flood => flood_wait(value.unwrap_or(1)),
        RefusalClass::Migrate => migrate(value.unwrap_or(0)),
        RefusalClass::AuthLost => match AuthLoss::ALL.into_iter().find(|loss| refusal.is(loss.name())) {
            Some(loss) => TelegramError::AuthLost(loss),
            None => TelegramError::Refused { refusal, value },
        },
        _ => TelegramError::Refused { refusal, value },
    }
}

fn flood_wait(seconds: u32) -> TelegramError {
    TelegramError::FloodWait { seconds: seconds.max(1), method: None }
}

fn migrate(datacentre: u32) -> TelegramError {
    TelegramError::Migrate(i32::try_from(datacentre).unwrap_or(0))
}

/// The last number in a name. grammers takes the first one out, which in `2FA_CONFIRM_WAIT_600` is none.
fn number_in(name: &str) -> Option<u32> {
    name.rsplit('_').find_map(|part| part.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classified(code: i32, message: &str) -> TelegramError {
        let error = grammers_tl_types::types::RpcError { error_code: code, error_message: message.to_owned() };
        InvocationError::Rpc(RpcError::from(error)).into()
    }

    fn is_refused(error: &TelegramError, class: RefusalClass, number: Option<u32>) -> bool {
        matches!(error, TelegramError::Refused { refusal, value } if refusal.class == class && *value == number)
    }

    #[test]
    fn telegrams_names_mean_what_the_table_says() {
        assert!(matches!(classified(420, "FLOOD_WAIT_17"), TelegramError::FloodWait { seconds: 17, .. }));
        assert!(matches!(classified(420, "FLOOD_PREMIUM_WAIT_3"), TelegramError::FloodWait { seconds: 3, .. }));
        assert!(matches!(classified(303, "PHONE_MIGRATE_2"), TelegramError::Migrate(2)));
        for (code, message, class, value) in [
            (420, "SLOWMODE_WAIT_5", RefusalClass::SlowMode, Some(5)),
            (420, "2FA_CONFIRM_WAIT_600", RefusalClass::Wait, Some(600)),
            (420, "FROZEN_METHOD_INVALID", RefusalClass::Frozen, None),
            (403, "ALLOW_PAYMENT_REQUIRED_25", RefusalClass::Payment, Some(25)),
            (400, "PEER_FLOOD", RefusalClass::PeerFlood, None),
            (400, "PHONE_CODE_INVALID", RefusalClass::Invalid, None),
            (400, "PEER_ID_INVALID", RefusalClass::ChatNotFound, None),
            (400, "FILE_PART_3_MISSING", RefusalClass::Conflict, Some(3)),
            (500, "RANDOM_ID_DUPLICATE", RefusalClass::OutcomeUnknown, None),
            (500, "INTERDC_2_CALL_ERROR", RefusalClass::Internal, Some(2)),
        ] {
            let error = classified(code, message);
            assert!(is_refused(&error, class, value), "{message}: {error:?}");
            assert!(error.is(message), "{message}: {error:?}");
        }
    }

    #[test]
    fn every_lost_session_is_a_row_and_every_such_row_a_lost_session() {
        for loss in AuthLoss::ALL {
            assert!(matches!(classified(401, loss.name()), TelegramError::AuthLost(found) if found == loss));
        }
        let rows = super::super::refusal::all().filter(|row| row.class == RefusalClass::AuthLost);
        assert_eq!(rows.count(), AuthLoss::ALL.len());
    }

    #[test]
    fn errors_that_the_table_does_not_have_keep_their_names() {
        let unknown = classified(400, "SOMETHING_NEW");
        assert!(matches!(&unknown, TelegramError::Rpc { code: 400, name } if name == "SOMETHING_NEW"));
        assert!(unknown.is("SOMETHING_NEW"));
        assert!(matches!(classified(420, "NEW_WAIT_9"), TelegramError::FloodWait { seconds: 9, .. }));
        assert!(matches!(classified(420, "NEW_LIMIT"), TelegramError::Rpc { code: 420, .. }));
        assert!(matches!(classified(303, "NEW_MIGRATE_3"), TelegramError::Migrate(3)));
    }
}
