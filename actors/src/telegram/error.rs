//! What can go wrong with Telegram, and the one table that tells it from Telegram's own names.

use std::io::ErrorKind;

use grammers_client::InvocationError;
use grammers_mtsender::RpcError;

use super::diffie_hellman::WeakExchange;
use super::refusal::Refusal;
use crate::vault::VaultError;

/// Why Telegram ended a session. Nothing helps but a new login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthLoss {
    /// The key is not logged in (any more).
    AuthKeyUnregistered,
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
    const ALL: [Self; 6] = [
        Self::AuthKeyUnregistered,
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
    },
    /// The chat lets its members send one message in so many seconds.
    #[error("slow mode asks to wait {seconds} s")]
    SlowMode {
        /// How long, in seconds.
        seconds: u32,
    },
    /// Telegram ended the session.
    #[error("the session has ended: {}", .0.name())]
    AuthLost(AuthLoss),
    /// The text is no cursor of this list.
    #[error("the cursor is not one of this list")]
    InvalidCursor,
    /// The account does not know the chat.
    #[error("the chat is not known")]
    ChatNotFound,
    /// There is no such message in the chat.
    #[error("the message is not known")]
    MessageNotFound,
    /// The message says that already.
    #[error("the message is not modified")]
    MessageNotModified,
    /// The account owns the channel, so it cannot leave it.
    #[error("the owner cannot leave")]
    OwnChannel,
    /// Nobody has this username or phone number.
    #[error("nobody is there")]
    NobodyThere,
    /// The invite link leads nowhere, or does not any more.
    #[error("the invite link leads nowhere")]
    InvalidInvite,
    /// An administrator is asked to let the account in.
    #[error("an administrator was asked")]
    JoinRequested,
    /// No more chats can be pinned.
    #[error("too many chats are pinned")]
    PinnedTooMany,
    /// The user is not a member.
    #[error("the user is not a member")]
    NotMember,
    /// The user is a member already.
    #[error("the user is a member already")]
    AlreadyMember,
    /// The message that is answered does not say what is quoted.
    #[error("the quotation is not of the message")]
    InvalidQuote,
    /// Telegram does not send at this time.
    #[error("the time is not one at which Telegram sends")]
    InvalidSchedule,
    /// The message has no file.
    #[error("the message has no file")]
    NoMedia,
    /// There is no photo.
    #[error("there is no photo")]
    NoPhoto,
    /// The other one has not read the message yet.
    #[error("the message is not read yet")]
    NotReadYet,
    /// It is so already.
    #[error("nothing is modified")]
    NotModified,
    /// The account has no such folder.
    #[error("the folder is not known")]
    FolderNotFound,
    /// The account has as many folders as Telegram lets it have.
    #[error("there are too many folders")]
    TooManyFolders,
    /// A shared folder holds named chats only.
    #[error("the folder is shared")]
    SharedFolder,
    /// The login code is wrong.
    #[error("the code is wrong")]
    InvalidCode,
    /// The login code has expired.
    #[error("the code has expired")]
    CodeExpired,
    /// The two-factor password is wrong.
    #[error("the password is wrong")]
    InvalidPassword,
    /// The phone number is not acceptable, or banned.
    #[error("the phone number is not acceptable")]
    InvalidPhone,
    /// The phone number has no Telegram account.
    #[error("the phone number has no account")]
    SignUpRequired,
    /// The account must move to another datacentre.
    #[error("the account lives in datacentre {0}")]
    Migrate(i32),
    /// A message with this `random_id` exists.
    #[error("the message was sent before")]
    RandomIdDuplicate,
    /// This account never met the user, or the user does not exist.
    #[error("the user is not known")]
    UserNotFound,
    /// The chat is a person, and the call is for groups and channels.
    #[error("the chat is neither a group nor a channel")]
    NotAGroup,
    /// Basic groups do not have what is asked for.
    #[error("a basic group has no such thing")]
    NotInBasicGroups,
    /// The call is over, or there never was one.
    #[error("there is no such call")]
    CallOver,
    /// A key cannot be agreed on safely.
    #[error("the exchange of keys is not safe: {0}")]
    WeakExchange(#[from] WeakExchange),
    /// Telegram refused for a reason that has a sentence of its own.
    #[error("Telegram refused: {}", .0.name)]
    Refused(&'static Refusal),
    /// Telegram refused for another reason.
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
    /// The refusal with this name.
    pub(super) fn refused(name: &'static str) -> Self {
        Refusal::named(name).map_or_else(|| Self::Rpc { code: 400, name: name.to_owned() }, Self::Refused)
    }

    /// Whether the connection is at fault, so that a call which changes nothing may be tried again on a new one.
    pub fn is_connection(&self) -> bool {
        matches!(self, Self::Connection(_) | Self::Unreachable(_))
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

/// The table: Telegram's names, without their numbers, and what they mean here.
fn classify(error: &RpcError) -> TelegramError {
    let name = error.name.as_str();
    let value = error.value.unwrap_or(0);
    if let Some(loss) = AuthLoss::ALL.into_iter().find(|loss| loss.name() == name) {
        return TelegramError::AuthLost(loss);
    }
    match (error.code, name) {
        (_, "SLOWMODE_WAIT") => TelegramError::SlowMode { seconds: value.max(1) },
        (420, _) | (_, "FLOOD_WAIT" | "FLOOD_PREMIUM_WAIT") => TelegramError::FloodWait { seconds: value.max(1) },
        (303, _) => TelegramError::Migrate(i32::try_from(value).unwrap_or(0)),
        (_, "PHONE_CODE_INVALID" | "PHONE_CODE_EMPTY" | "PHONE_CODE_HASH_EMPTY") => TelegramError::InvalidCode,
        (_, "PHONE_CODE_EXPIRED") => TelegramError::CodeExpired,
        (_, "PASSWORD_HASH_INVALID" | "SRP_PASSWORD_CHANGED" | "SRP_ID_INVALID") => TelegramError::InvalidPassword,
        (_, "PHONE_NUMBER_INVALID" | "PHONE_NUMBER_BANNED" | "PHONE_NUMBER_APP_SIGNUP_FORBIDDEN") => TelegramError::InvalidPhone,
        (_, "PHONE_NUMBER_UNOCCUPIED") => TelegramError::SignUpRequired,
        (_, "PEER_ID_INVALID" | "CHAT_ID_INVALID" | "CHANNEL_INVALID" | "CHANNEL_PRIVATE" | "USER_ID_INVALID") => {
            TelegramError::ChatNotFound
        }
        (_, "MESSAGE_ID_INVALID" | "MSG_ID_INVALID" | "MESSAGE_IDS_EMPTY") => TelegramError::MessageNotFound,
        (_, "MESSAGE_NOT_READ_YET") => TelegramError::NotReadYet,
        (_, "MESSAGE_NOT_MODIFIED") => TelegramError::MessageNotModified,
        (_, "CHAT_NOT_MODIFIED" | "CHAT_ABOUT_NOT_MODIFIED" | "USERNAME_NOT_MODIFIED") => TelegramError::NotModified,
        (_, "USERNAME_NOT_OCCUPIED" | "USERNAME_INVALID" | "PHONE_NOT_OCCUPIED") => TelegramError::NobodyThere,
        (_, "INVITE_HASH_EMPTY" | "INVITE_HASH_INVALID" | "INVITE_HASH_EXPIRED") => TelegramError::InvalidInvite,
        (_, "INVITE_REQUEST_SENT") => TelegramError::JoinRequested,
        (_, "PINNED_DIALOGS_TOO_MUCH") => TelegramError::PinnedTooMany,
        (_, "CONTACT_ID_INVALID" | "PEER_HISTORY_EMPTY") => TelegramError::ChatNotFound,
        (_, "USER_CREATOR") => TelegramError::OwnChannel,
        (_, "USER_NOT_PARTICIPANT") => TelegramError::NotMember,
        (_, "USER_ALREADY_PARTICIPANT") => TelegramError::AlreadyMember,
        (_, "QUOTE_TEXT_INVALID") => TelegramError::InvalidQuote,
        (_, "SCHEDULE_DATE_INVALID" | "SCHEDULE_DATE_TOO_LATE") => TelegramError::InvalidSchedule,
        (_, "FILTER_ID_INVALID") => TelegramError::FolderNotFound,
        (_, "DIALOG_FILTERS_TOO_MUCH" | "FILTERS_TOO_MUCH") => TelegramError::TooManyFolders,
        (_, "CALL_ALREADY_DECLINED" | "CALL_PEER_INVALID") => TelegramError::CallOver,
        (_, "RANDOM_ID_DUPLICATE") => TelegramError::RandomIdDuplicate,
        (_, name) if let Some(refusal) = Refusal::named(name) => TelegramError::Refused(refusal),
        (code, name) => TelegramError::Rpc { code, name: name.to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classified(code: i32, message: &str) -> TelegramError {
        let error = grammers_tl_types::types::RpcError { error_code: code, error_message: message.to_owned() };
        InvocationError::Rpc(RpcError::from(error)).into()
    }

    #[test]
    fn telegrams_names_mean_what_the_table_says() {
        assert!(matches!(classified(420, "FLOOD_WAIT_17"), TelegramError::FloodWait { seconds: 17 }));
        assert!(matches!(classified(420, "SLOWMODE_WAIT_5"), TelegramError::SlowMode { seconds: 5 }));
        assert!(matches!(classified(303, "PHONE_MIGRATE_2"), TelegramError::Migrate(2)));
        assert!(matches!(classified(400, "PHONE_CODE_INVALID"), TelegramError::InvalidCode));
        assert!(matches!(classified(400, "PEER_ID_INVALID"), TelegramError::ChatNotFound));
        assert!(matches!(classified(500, "RANDOM_ID_DUPLICATE"), TelegramError::RandomIdDuplicate));
        for loss in AuthLoss::ALL {
            assert!(matches!(classified(401, loss.name()), TelegramError::AuthLost(found) if found == loss));
        }
        assert!(matches!(classified(400, "SOMETHING_NEW"), TelegramError::Rpc { code: 400, name } if name == "SOMETHING_NEW"));
    }
}
