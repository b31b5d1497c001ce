//! What a failure of Telegram means to a caller: the one place that turns the port's errors into ours.

use crate::error::{Code, Error};
use crate::telegram::{Refusal, RefusalClass, TelegramError};

impl From<TelegramError> for Error {
    fn from(error: TelegramError) -> Self {
        match error {
            TelegramError::FloodWait { seconds } => {
                Error::new(Code::TelegramFlood, format!("Telegram asks to wait {seconds} s")).retry_after_secs(seconds)
            }
            TelegramError::SlowMode { seconds } => {
                let rule = format!("Slow mode: in this chat the account may send its next message in {seconds} s");
                Error::new(Code::SlowMode, rule).retry_after_secs(seconds)
            }
            TelegramError::InvalidCursor => Error::invalid("cursor", "is not one that this list gave"),
            TelegramError::NoMedia => Error::new(Code::NotFound, "The message has no file"),
            TelegramError::NoPhoto => Error::new(Code::NotFound, "There is no photo"),
            TelegramError::NotModified => Error::new(Code::Conflict, "It is so already"),
            TelegramError::ChatNotFound => Error::new(Code::ChatNotFound, "This account does not know the chat"),
            TelegramError::MessageNotFound => Error::new(Code::NotFound, "There is no such message in this chat"),
            TelegramError::NotReadYet => Error::new(Code::NotFound, "Nobody has read the message yet"),
            TelegramError::OwnChannel => Error::new(
                Code::Conflict,
                "The account owns this chat and cannot leave it: delete it for everyone, or give it away",
            ),
            TelegramError::NotMember => Error::new(Code::NotFound, "The user is not a member of this chat"),
            TelegramError::NobodyThere => Error::new(Code::NotFound, "Nobody has this username or phone number"),
            TelegramError::InvalidInvite => Error::new(Code::NotFound, "The invite link leads nowhere, or does not any more"),
            TelegramError::PinnedTooMany => Error::new(Code::Conflict, "No more chats can be pinned: unpin another one first"),
            TelegramError::AlreadyMember => Error::new(Code::Conflict, "The user is a member of this chat already"),
            TelegramError::InvalidQuote => Error::invalid("quote", "is not in the message that replyTo names"),
            TelegramError::InvalidSchedule => Error::invalid("scheduleAt", "is not a time at which Telegram sends"),
            TelegramError::UserNotFound => Error::new(Code::NotFound, "This account does not know the user"),
            TelegramError::NotAGroup => Error::invalid("chatId", "must be a group or a channel"),
            TelegramError::NotInBasicGroups => {
                Error::new(Code::Conflict, "The chat is a basic group, which has no such thing: only supergroups and channels do")
            }
            TelegramError::CallOver => no_such_call(),
            TelegramError::WeakExchange(weak) => {
                Error::new(Code::TelegramError, format!("A key for the call cannot be agreed on safely: {weak}"))
            }
            TelegramError::Refused(refusal) => Error::new(refused(refusal), format!("{} ({})", refusal.sentence, refusal.name)),
            TelegramError::FolderNotFound => Error::new(Code::NotFound, "The account has no such folder"),
            TelegramError::TooManyFolders => Error::new(Code::Conflict, "The account has as many folders as Telegram allows"),
            TelegramError::SharedFolder => {
                Error::new(Code::Conflict, "This folder is shared: it holds named chats only, and leaves none out")
            }
            TelegramError::InvalidCode => Error::invalid("code", "is not the code that Telegram sent"),
            TelegramError::InvalidPassword => Error::invalid("password", "is not the account's two-factor password"),
            TelegramError::InvalidPhone => Error::invalid("phone", "is not a number that Telegram accepts"),
            TelegramError::SignUpRequired => {
                Error::invalid("phone", "has no Telegram account: make one with an official app first")
            }
            TelegramError::CodeExpired => Error::new(Code::LoginExpired, "The code has expired: ask for a new one"),
            TelegramError::AuthLost(loss) => {
                Error::new(Code::AccountNotReady, format!("Telegram ended the session ({}): log in again", loss.name()))
            }
            TelegramError::Timeout | TelegramError::Connection(_) | TelegramError::RandomIdDuplicate => Error::new(
                Code::OutcomeUnknown,
                "Telegram's answer did not arrive: it may or may not have happened. Check before trying again",
            ),
            TelegramError::Unreachable(_) | TelegramError::Datacentre(_) => {
                Error::new(Code::TelegramUnreachable, "Telegram cannot be reached").retry_after_secs(5)
            }
            TelegramError::Rpc { name, .. } => Error::new(Code::TelegramError, format!("Telegram refused the request: {name}")),
            other => Error::internal(other),
        }
    }
}

/// The answer for a call that is over, and for one that never was.
pub(super) fn no_such_call() -> Error {
    Error::new(Code::NotFound, "The account has no such call, or it is over")
}

fn refused(refusal: &Refusal) -> Code {
    match refusal.class {
        RefusalClass::NotPermitted => Code::NotPermitted,
        RefusalClass::NotFound => Code::NotFound,
        RefusalClass::Conflict => Code::Conflict,
        RefusalClass::Invalid => Code::InvalidInput,
    }
}
