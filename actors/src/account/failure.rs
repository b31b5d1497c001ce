//! What a failure of Telegram means to a caller: the one place that turns the port's errors into ours.

use crate::error::{Code, Error};
use crate::telegram::{Refusal, RefusalClass, TelegramError};

impl From<TelegramError> for Error {
    fn from(error: TelegramError) -> Self {
        match error {
            TelegramError::FloodWait { seconds, method: None } => {
                Error::new(Code::TelegramFlood, format!("Telegram asks to wait {seconds} s")).retry_after_secs(seconds)
            }
            TelegramError::FloodWait { seconds, method: Some(method) } => {
                let detail = format!("Telegram asks to wait {seconds} s before {method}");
                Error::new(Code::TelegramFlood, detail).retry_after_secs(seconds).of_method(method)
            }
            TelegramError::OverBudget { seconds, method } => {
                let detail = format!("{method} is held back for {seconds} s, since Telegram asked to wait for it lately");
                Error::new(Code::TelegramFlood, detail).retry_after_secs(seconds).of_method(method)
            }
            TelegramError::CallerGone => Error::new(Code::Abandoned, "The caller has gone"),
            TelegramError::Busy => {
                Error::new(Code::Overloaded, "The account has too many calls that wait for their turn; try again")
                    .retry_after_secs(1)
            }
            TelegramError::InvalidCursor => Error::invalid("cursor", "is not one that this list gave"),
            TelegramError::NoMedia => Error::new(Code::NotFound, "The message has no file"),
            TelegramError::NoPhoto => Error::new(Code::NotFound, "There is no photo"),
            TelegramError::NoThumbnail => Error::new(Code::NotFound, "The message has no picture of this size"),
            TelegramError::FileChanged => {
                Error::new(Code::Conflict, "The message's file was replaced meanwhile: ask for it again")
            }
            TelegramError::CdnRedirect => Error::new(
                Code::TelegramError,
                "Telegram offers this file from a content delivery network only, which this server does not use",
            ),
            TelegramError::ChatNotFound => Error::new(Code::ChatNotFound, "This account does not know the chat"),
            TelegramError::MessageNotFound => Error::new(Code::NotFound, "There is no such message in this chat"),
            TelegramError::UserNotFound => Error::new(Code::NotFound, "This account does not know the user"),
            TelegramError::NotAGroup => Error::invalid("chatId", "must be a group or a channel"),
            TelegramError::NotInBasicGroups => {
                Error::new(Code::Conflict, "The chat is a basic group, which has no such thing: only supergroups and channels do")
            }
            TelegramError::WeakExchange(weak) => {
                Error::new(Code::TelegramError, format!("A key for the call cannot be agreed on safely: {weak}"))
            }
            TelegramError::WebPageNeeded => {
                Error::new(Code::Conflict, "The chat lets people in through a web page only: join it in an official app")
            }
            TelegramError::SharedFolder => {
                Error::new(Code::Conflict, "This folder is shared: it holds named chats only, and leaves none out")
            }
            TelegramError::AuthLost(loss) => {
                Error::new(Code::AccountNotReady, format!("Telegram ended the session ({}): log in again", loss.name()))
            }
            TelegramError::Timeout | TelegramError::Connection(_) => Error::new(
                Code::OutcomeUnknown,
                "Telegram's answer did not arrive: it may or may not have happened. Check before trying again",
            ),
            TelegramError::Unreachable(_) | TelegramError::Datacentre(_) => {
                Error::new(Code::TelegramUnreachable, "Telegram cannot be reached").retry_after_secs(5)
            }
            TelegramError::Refused { refusal, value } => refused(refusal, value),
            TelegramError::Rpc { name, .. } => Error::new(Code::TelegramError, format!("Telegram refused the request: {name}")),
            other => Error::internal(other),
        }
    }
}

/// The answer for a call that is over, and for one that never was.
pub(super) fn no_such_call() -> Error {
    Error::new(Code::NotFound, "The account has no such call, or it is over")
}

fn refused(refusal: &Refusal, value: Option<u32>) -> Error {
    let detail = refusal.detail(value);
    let error = match refusal.field {
        Some(field) => Error::invalid(field, detail),
        None => Error::new(code(refusal.class), detail),
    };
    match value {
        Some(seconds) if is_wait(refusal.class) => error.retry_after_secs(seconds.max(1)),
        _ => error,
    }
}

/// Whether the number of an error of this class is a time in seconds.
fn is_wait(class: RefusalClass) -> bool {
    matches!(class, RefusalClass::Flood | RefusalClass::Wait | RefusalClass::SlowMode)
}

/// Each class of Telegram's errors has one code, and so one status.
fn code(class: RefusalClass) -> Code {
    match class {
        RefusalClass::Invalid => Code::InvalidInput,
        RefusalClass::NotPermitted => Code::NotPermitted,
        RefusalClass::Privacy => Code::PrivacyRestricted,
        RefusalClass::Premium => Code::PremiumRequired,
        RefusalClass::Payment => Code::PaymentRequired,
        RefusalClass::NotFound | RefusalClass::MessageNotFound => Code::NotFound,
        RefusalClass::ChatNotFound => Code::ChatNotFound,
        RefusalClass::Conflict | RefusalClass::NotModified => Code::Conflict,
        RefusalClass::LoginExpired => Code::LoginExpired,
        RefusalClass::Credentials => Code::CredentialsRejected,
        RefusalClass::Flood | RefusalClass::Wait => Code::TelegramFlood,
        RefusalClass::SlowMode => Code::SlowMode,
        RefusalClass::PeerFlood => Code::PeerFlood,
        RefusalClass::Frozen => Code::AccountFrozen,
        RefusalClass::AuthLost => Code::AccountNotReady,
        RefusalClass::OutcomeUnknown => Code::OutcomeUnknown,
        RefusalClass::Migrate | RefusalClass::Internal => Code::TelegramError,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telegram::all_refusals;

    #[test]
    fn every_row_has_the_code_of_its_class_and_says_telegrams_name() {
        for refusal in all_refusals() {
            let error = refused(refusal, Some(7));
            assert_eq!(error.code(), code(refusal.class), "{}", refusal.name);
            assert_eq!(error.field(), refusal.field, "{}", refusal.name);
            assert!(error.detail().ends_with(&format!("({})", refusal.name)), "{}", error.detail());
            assert_eq!(error.retry_after(), is_wait(refusal.class).then_some(7), "{}", refusal.name);
        }
    }

    #[test]
    fn a_refusal_that_ends_by_waiting_says_how_long_if_telegram_did() {
        let fresh = all_refusals().find(|refusal| refusal.is("SESSION_TOO_FRESH_X")).unwrap();
        let error = refused(fresh, Some(3_600));
        assert_eq!((error.code().status(), error.retry_after()), (429, Some(3_600)));
        assert_eq!(error.detail(), "This login is too new for that: wait 3600 s (SESSION_TOO_FRESH_X)");
        assert_eq!(refused(fresh, None).retry_after(), None);
    }

    #[test]
    fn what_the_table_does_not_have_keeps_telegrams_name() {
        let unknown = Error::from(TelegramError::Rpc { code: 400, name: "SOMETHING_NEW".to_owned() });
        assert_eq!(unknown.code(), Code::TelegramError);
        assert!(unknown.detail().ends_with("SOMETHING_NEW"));
    }
}
