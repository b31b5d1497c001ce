//! What a call carries to others, read from its arguments: whatever the operation, every text of it counts.

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::declaration::Declaration;

/// Fields whose texts go nowhere.
const NAMES: [&str; 5] = ["accountId", "account", "format", "cursor", "kind"];

/// What a call carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Content {
    /// Whether it carries any text that its caller made.
    pub(crate) text: bool,
    /// Whether a text may be, or hold, a link.
    pub(crate) link: bool,
    /// Whether it carries a file, or what may be one.
    pub(crate) media: bool,
}

impl Content {
    /// What a call of an operation carries with these arguments. Of what the arguments do not tell, the worst is taken.
    pub(crate) fn of(declaration: &Declaration, arguments: &Value) -> Self {
        let carries_unseen = declaration.takes_form || declaration.relays;
        let media = declaration.takes_bytes || declaration.fetches_file || declaration.relays;
        let mut content = Self { text: carries_unseen, link: carries_unseen, media };
        content.look_at(arguments, declaration.takes_bytes);
        content
    }

    fn look_at(&mut self, value: &Value, in_headers: bool) {
        match value {
            Value::String(text) if in_headers => {
                let decoded = percent_decode_str(text).decode_utf8_lossy();
                self.look_at_text(&decoded);
            }
            Value::String(text) => self.look_at_text(text),
            Value::Array(items) => items.iter().for_each(|item| self.look_at(item, in_headers)),
            Value::Object(members) => {
                let told = members.iter().filter(|(name, _)| !NAMES.contains(&name.as_str()));
                told.for_each(|(_, value)| self.look_at(value, in_headers));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn look_at_text(&mut self, text: &str) {
        self.text |= !text.trim().is_empty();
        self.link |= may_hold_link(text);
    }
}

/// Whether Telegram, or whoever reads it, may take a part of the text for a link: an address with a scheme, or anything that is written
/// like the name of a host. A sentence without a space after its full stop is taken for one as well.
pub(super) fn may_hold_link(text: &str) -> bool {
    let lower = text.to_lowercase();
    // Zero-width and other invisible characters are no way around.
    let visible: String = lower.chars().filter(|character| !is_invisible(*character)).collect();
    visible.contains("://") || visible.contains("mailto:") || visible.contains("tg:") || visible.split(is_boundary).any(is_host)
}

fn is_invisible(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn is_boundary(character: char) -> bool {
    !(character.is_alphanumeric() || matches!(character, '.' | '-' | '_' | '。' | '．' | '｡'))
}

/// Labels with full stops between them, of which the last begins like the name of a top-level domain; or four numbers.
fn is_host(word: &str) -> bool {
    let labels: Vec<&str> = word.split(['.', '。', '．', '｡']).filter(|label| !label.is_empty()).collect();
    let is_address = labels.len() == 4 && labels.iter().all(|label| label.parse::<u8>().is_ok());
    let is_name = labels.len() >= 2
        && labels.last().is_some_and(|last| {
            last.chars().count() >= 2 && last.chars().all(|character| character.is_alphabetic() || character == '-')
        });
    is_address || is_name
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn links_are_found_however_they_are_written() {
        for text in [
            "see https://example.org/x",
            "example.org",
            "[here](HTTP://EXAMPLE.org)",
            "<a href=\"//evil.example\">x</a>",
            "go to t.me/thief",
            "tg://resolve?domain=thief",
            "mailto:thief@example.org",
            "thief@example.org",
            "exam\u{200b}ple.org",
            "пример.рф",
            "example。com",
            "192.0.2.7",
        ] {
            assert!(may_hold_link(text), "{text}");
        }
        for text in ["Good morning", "It costs 3.50", "Wait...", "v1.2.3", "e.g. this", "10:30", "", "a.b c"] {
            assert!(!may_hold_link(text), "{text}");
        }
    }

    #[test]
    fn every_text_of_a_call_counts() {
        let catalogue = crate::catalogue::Catalogue::standard();
        let of = |name: &str, arguments: Value| Content::of(catalogue.find(name).unwrap().declaration(), &arguments);
        let account = "0199f7c2-0000-7000-8000-000000000000";
        let plain = of("send_message", json!({ "accountId": account, "chatId": 5, "text": "hello" }));
        assert_eq!(plain, Content { text: true, link: false, media: false });
        let poll =
            of("send_poll", json!({ "chatId": 5, "question": "q", "options": [{ "text": "a" }, { "text": "x.example.org" }] }));
        assert!(poll.link && !poll.media);
        let file = of("send_media", json!({ "chatId": 5, "caption": "see%20https%3A%2F%2Fexample.org" }));
        assert!(file.link && file.media);
        let forward = of("forward_messages", json!({ "fromChatId": 5, "toChatId": 6, "messageIds": [1] }));
        assert!(forward.link && forward.media && forward.text, "what is forwarded is not seen");
        assert_eq!(of("archive_chat", json!({ "accountId": account, "chatId": 5 })), Content::default());
    }
}
