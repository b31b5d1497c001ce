//! The one table of Telegram's errors: their names, what class each is of, and a sentence that a person understands.
//!
//! The names are those of Telegram's documentation (<https://core.telegram.org/api/errors>), with `X` for a number. The rows lie in
//! one file per subject; [`Refusal::named`] looks through them all. `account/failure.rs` says which code each class has.

mod calls;
mod chats;
mod faults;
mod login;
mod media;
mod members;
mod messages;
mod people;
mod waits;

use std::collections::HashMap;
use std::sync::LazyLock;

/// What kind of refusal it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusalClass {
    /// A value is not acceptable.
    Invalid,
    /// The account lacks the right.
    NotPermitted,
    /// Somebody else's privacy settings forbid it.
    Privacy,
    /// Only Telegram Premium has it.
    Premium,
    /// It costs Telegram Stars.
    Payment,
    /// There is no such thing.
    NotFound,
    /// There is no such chat.
    ChatNotFound,
    /// There is no such message.
    MessageNotFound,
    /// What there is does not permit it.
    Conflict,
    /// It is so already.
    NotModified,
    /// The step of the login is over.
    LoginExpired,
    /// Telegram does not take the api_id and api_hash.
    Credentials,
    /// Telegram asks to wait before this method.
    Flood,
    /// Telegram asks to wait before this one thing; the method may be called for others.
    Wait,
    /// The chat is in slow mode.
    SlowMode,
    /// Telegram has limited the account, since others reported it.
    PeerFlood,
    /// Telegram has frozen the account.
    Frozen,
    /// Telegram ended the session.
    AuthLost,
    /// Another datacentre has it.
    Migrate,
    /// It was done before, or is under way.
    OutcomeUnknown,
    /// Telegram itself failed, or does not know what this server asks for.
    Internal,
}

/// One of Telegram's errors.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Telegram's name for it, with `X` where a number stands.
    pub name: &'static str,
    /// What kind it is.
    pub class: RefusalClass,
    /// The input that is at fault, where it has the same name in every operation. The sentence then goes on from the field's name.
    pub field: Option<&'static str>,
    /// What it means. `{value}` stands for the number.
    pub sentence: &'static str,
}

const fn row(class: RefusalClass, name: &'static str, sentence: &'static str) -> Refusal {
    Refusal { name, class, field: None, sentence }
}

const fn field_row(field: &'static str, name: &'static str, sentence: &'static str) -> Refusal {
    Refusal { name, class: RefusalClass::Invalid, field: Some(field), sentence }
}

static TABLES: [&[Refusal]; 9] = [
    waits::TABLE,
    login::TABLE,
    chats::TABLE,
    members::TABLE,
    messages::TABLE,
    media::TABLE,
    people::TABLE,
    calls::TABLE,
    faults::TABLE,
];

/// The table by [`key`].
static BY_KEY: LazyLock<HashMap<String, &'static Refusal>> =
    LazyLock::new(|| TABLES.into_iter().flatten().map(|refusal| (key(refusal.name), refusal)).collect());

/// A name without its numbers: `SLOWMODE_WAIT_X`, `SLOWMODE_WAIT_5` and `SLOWMODE_WAIT` are one error.
fn key(name: &str) -> String {
    let is_number = |part: &&str| *part == "X" || (!part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    let parts: Vec<&str> = name.split('_').filter(|part| !is_number(part)).collect();
    parts.join("_")
}

impl Refusal {
    /// The refusal with this name, whatever number the name has.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        BY_KEY.get(&key(name)).copied()
    }

    /// Whether Telegram calls it so.
    pub fn is(&self, name: &str) -> bool {
        key(self.name) == key(name)
    }

    /// The sentence, with the number that Telegram gave and its name for the error.
    pub fn detail(&self, value: Option<u32>) -> String {
        let value = value.map_or_else(|| "some".to_owned(), |value| value.to_string());
        format!("{} ({})", self.sentence.replace("{value}", &value), self.name)
    }
}

#[cfg(test)]
pub(crate) fn all() -> impl Iterator<Item = &'static Refusal> {
    TABLES.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_name_is_there_twice() {
        let mut seen = HashSet::new();
        for refusal in all() {
            assert!(seen.insert(key(refusal.name)), "{} is there twice", refusal.name);
        }
    }

    #[test]
    fn names_are_telegrams_and_sentences_are_a_persons() {
        for Refusal { name, class, field, sentence } in all() {
            assert!(name.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_')), "{name}");
            assert!(!sentence.ends_with(['.', ' ']) && !sentence.contains('_') && sentence.len() < 140, "{name}: {sentence}");
            let begins_well = sentence.starts_with(char::is_uppercase) != field.is_some();
            assert!(begins_well, "{name}: a sentence has a capital, unless it goes on from a field: {sentence}");
            let has_number = name.split('_').any(|part| part == "X");
            assert!(has_number || !sentence.contains("{value}"), "{name} has no number");
            assert!(field.is_none() || *class == RefusalClass::Invalid, "{name}");
        }
    }

    #[test]
    fn numbers_are_no_part_of_a_name() {
        let slow = Refusal::named("SLOWMODE_WAIT_15").unwrap();
        assert_eq!((slow.name, slow.class), ("SLOWMODE_WAIT_X", RefusalClass::SlowMode));
        assert_eq!(Refusal::named("SLOWMODE_WAIT"), Some(slow));
        assert!(slow.is("SLOWMODE_WAIT_X") && slow.is("SLOWMODE_WAIT_3") && !slow.is("FLOOD_WAIT_X"));
        assert_eq!(Refusal::named("FILE_PART_17_MISSING"), Refusal::named("FILE_PART_MISSING"));
        assert_eq!(Refusal::named("INPUT_METHOD_INVALID_1192227_1400137063").unwrap().name, "INPUT_METHOD_INVALID_X_X");
        assert_eq!(Refusal::named("2FA_CONFIRM_WAIT_600").unwrap().name, "2FA_CONFIRM_WAIT_X");
        assert_eq!(Refusal::named("SOMETHING_NEW"), None);
        assert!(slow.detail(Some(15)).contains(" 15 s "), "{}", slow.detail(Some(15)));
        assert!(slow.detail(None).ends_with("(SLOWMODE_WAIT_X)"));
    }
}
