//! What an address of a chat says: a username, a link of t.me, a phone number.

use super::ChatId;
use super::chat_id::ChatIdKind;

/// Where an address leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChatAddress {
    /// A public username.
    Username(String),
    /// The hash of an invite link.
    Invite(String),
    /// A phone number: digits.
    Phone(String),
    /// A chat whose id the address holds; only its members can use it.
    Known(ChatId),
}

impl ChatAddress {
    /// Reads `@name`, `name`, `https://t.me/name`, `https://t.me/+hash`, `https://t.me/joinchat/hash`, `https://t.me/c/123/4`,
    /// `tg://resolve?domain=name`, `tg://join?invite=hash`, `+hash` or a phone number.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(rest) = text.strip_prefix("tg://") {
            return Self::of_scheme(rest);
        }
        let bare = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or(text);
        let bare = bare.strip_prefix("www.").unwrap_or(bare);
        for host in ["t.me/", "telegram.me/", "telegram.dog/"] {
            if let Some(path) = bare.strip_prefix(host) {
                return Self::of_path(path);
            }
        }
        if let Some(phone) = phone(text) {
            return Some(Self::Phone(phone));
        }
        match text.strip_prefix('+') {
            Some(hash) => invite(hash),
            None => username(text.strip_prefix('@').unwrap_or(text)),
        }
    }

    fn of_path(path: &str) -> Option<Self> {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let mut parts = path.split('/');
        let first = parts.next()?;
        match (first, parts.next()) {
            ("joinchat", Some(hash)) => invite(hash),
            ("c", Some(id)) => {
                let marked = ChatId::of(ChatIdKind::Channel(id.parse().ok().filter(|id| (1..1_000_000_000_000).contains(id))?));
                ChatId::from_marked(marked.value()).map(Self::Known)
            }
            ("s", Some(name)) => username(name),
            _ => match first.strip_prefix('+') {
                Some(number) if phone(first).is_some() => phone(number).map(Self::Phone),
                Some(hash) => invite(hash),
                None => username(first),
            },
        }
    }

    fn of_scheme(rest: &str) -> Option<Self> {
        let (action, query) = rest.split_once('?')?;
        let value = |name: &str| query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name);
        match action.trim_end_matches('/') {
            "resolve" => match (value("domain"), value("phone")) {
                (Some((_, name)), _) => username(name),
                (None, Some((_, number))) => phone(&format!("+{number}")).map(Self::Phone),
                (None, None) => None,
            },
            "join" => invite(value("invite")?.1),
            _ => None,
        }
    }
}

fn username(text: &str) -> Option<ChatAddress> {
    let plain = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|symbol| symbol.is_ascii_alphanumeric() || symbol == '_');
    (plain && (3..=32).contains(&text.len())).then(|| ChatAddress::Username(text.to_owned()))
}

fn invite(text: &str) -> Option<ChatAddress> {
    let plain = text.chars().all(|symbol| symbol.is_ascii_alphanumeric() || symbol == '_' || symbol == '-');
    (plain && (8..=64).contains(&text.len())).then(|| ChatAddress::Invite(text.to_owned()))
}

/// A phone number's digits. Groups may be set apart as people write them.
pub(crate) fn phone(text: &str) -> Option<String> {
    let plain = text.chars().all(|symbol| symbol.is_ascii_digit() || "+ -()".contains(symbol));
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    (plain && text.rfind('+').is_none_or(|place| place == 0) && (7..=15).contains(&digits.len())).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        let username = |name: &str| Some(ChatAddress::Username(name.to_owned()));
        let invite = |hash: &str| Some(ChatAddress::Invite(hash.to_owned()));
        let phone = |digits: &str| Some(ChatAddress::Phone(digits.to_owned()));
        let cases = [
            ("@clara", username("clara")),
            (" clara ", username("clara")),
            ("https://t.me/clara/17?single", username("clara")),
            ("t.me/s/clara", username("clara")),
            ("tg://resolve?domain=clara", username("clara")),
            ("https://t.me/+AbCdEf_12-3", invite("AbCdEf_12-3")),
            ("http://www.telegram.me/joinchat/AbCdEf_12-3", invite("AbCdEf_12-3")),
            ("tg://join?invite=AbCdEf_12-3", invite("AbCdEf_12-3")),
            ("+AbCdEf_12-3", invite("AbCdEf_12-3")),
            ("+1 (555) 000-0001", phone("15550000001")),
            ("https://t.me/+15550000001", phone("15550000001")),
            ("tg://resolve?phone=15550000001", phone("15550000001")),
            ("https://t.me/c/42/7", ChatId::from_marked(-1_000_000_000_042).map(ChatAddress::Known)),
            ("https://t.me/c/0", None),
            ("https://example.org/clara", None),
            ("cl", None),
            ("", None),
        ];
        for (text, address) in cases {
            assert_eq!(ChatAddress::parse(text), address, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,80}") {
            let _any = ChatAddress::parse(&text);
        }
    }
}
