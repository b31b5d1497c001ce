//! Login codes, wherever they stand: whoever reads one can take the account over, so no agent does.
//!
//! Codes come from Telegram's own chat (777000). Those of the last day are remembered by their account, and whatever tells an agent one
//! of them, in whatever chat and however it is spaced, is left out or blanked.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How long a code is looked for, in seconds. Telegram's own are good for minutes.
const KEPT_SECS: u64 = 24 * 3_600;

/// How many codes of an account are remembered.
const KEPT_MAX: usize = 32;

/// How many digits a code has.
const DIGITS: std::ops::RangeInclusive<usize> = 5..=8;

/// How many characters a code of Telegram's web page has, which is letters and digits.
const WORD: std::ops::RangeInclusive<usize> = 8..=24;

/// What may stand between two digits of a code: so many characters that are no letters.
const GAP_MAX: usize = 3;

/// What stands where a text told a code.
const BLANK: &str = "[hidden: a login code]";

/// The codes that came lately, as they are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LoginCodes(Vec<(String, u64)>);

impl LoginCodes {
    /// Remembers the codes of a service message; answers whether any is new.
    pub(crate) fn learn(&mut self, text: &str, now: u64) -> bool {
        let fresh: Vec<String> =
            codes_in(text).into_iter().filter(|code| !self.0.iter().any(|(known, _)| known == code)).collect();
        self.0.retain(|(_, at)| now.saturating_sub(*at) < KEPT_SECS);
        let is_new = !fresh.is_empty();
        self.0.extend(fresh.into_iter().map(|code| (code, now)));
        let excess = self.0.len().saturating_sub(KEPT_MAX);
        self.0.drain(..excess);
        is_new
    }

    /// Those that are still looked for.
    pub(crate) fn live(&self, now: u64) -> Vec<String> {
        let live = self.0.iter().filter(|(_, at)| now.saturating_sub(*at) < KEPT_SECS);
        live.map(|(code, _)| code.clone()).collect()
    }
}

/// What may be a code in a service message: runs of digits, which hyphens may part, and words of letters and digits.
fn codes_in(text: &str) -> Vec<String> {
    let words = text.split(|character: char| !(character.is_ascii_alphanumeric() || character == '-' || character == '_'));
    let codes = words.filter_map(|word| {
        let bare = word.replace('-', "");
        let is_number = !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit());
        let is_mixed = word.bytes().any(|byte| byte.is_ascii_digit()) && word.bytes().any(|byte| byte.is_ascii_alphabetic());
        match is_number {
            true => DIGITS.contains(&bare.len()).then_some(bare),
            false => (is_mixed && WORD.contains(&word.len())).then(|| word.to_owned()),
        }
    });
    codes.collect()
}

/// The digit that a character is, in any of the scripts that people write numbers in.
fn digit(character: char) -> Option<char> {
    let code = u32::from(character);
    let zero = [0x30, 0x660, 0x6f0, 0x966, 0xff10, 0x1d7ce].into_iter().find(|zero| (*zero..*zero + 10).contains(&code))?;
    char::from_digit(code - zero, 10)
}

/// Whether a text tells one of these codes.
pub(crate) fn tells(text: &str, codes: &[String]) -> bool {
    if codes.is_empty() {
        return false;
    }
    let (mut digits, mut gap) = (String::new(), 0);
    for character in text.chars() {
        match digit(character) {
            Some(digit) => {
                digits.push(digit);
                gap = 0;
            }
            None if character.is_alphabetic() => gap = GAP_MAX + 1,
            None => gap += 1,
        }
        if gap > GAP_MAX && !digits.ends_with(' ') {
            digits.push(' ');
        }
    }
    codes.iter().any(|code| digits.contains(code.as_str()) || text.contains(code.as_str()))
}

/// Blanks every text of an answer that tells one of these codes, but those that lead to its next page. Answers whether any did.
pub(crate) fn blank(value: &mut Value, codes: &[String]) -> bool {
    match value {
        Value::String(text) if tells(text, codes) => {
            BLANK.clone_into(text);
            true
        }
        Value::Array(items) => items.iter_mut().fold(false, |any, item| blank(item, codes) | any),
        Value::Object(members) => {
            let told = members.iter_mut().filter(|(name, _)| !matches!(name.as_str(), "nextCursor" | "cursor" | "accountId"));
            told.fold(false, |any, (_, member)| blank(member, codes) | any)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn codes_are_found_however_they_are_written() {
        let mut codes = LoginCodes::default();
        assert!(codes.learn("Login code: 40417. Do not give it to anyone, 2026.", 100));
        assert!(codes.learn("This is your login code:\nfaR8w3sLmMk", 100));
        assert!(!codes.learn("Login code: 40417.", 100));
        let live = codes.live(100);
        assert_eq!(live, ["40417", "faR8w3sLmMk"]);
        for text in [
            "40417",
            "the code is 404-17!",
            "4 0 4 1 7",
            "4.0.4.1.7",
            "４０４１７",
            "٤٠٤١٧",
            "4 - 0 - 4 - 1 - 7",
            "x faR8w3sLmMk",
        ] {
            assert!(tells(text, &live), "{text}");
        }
        for text in ["4041", "404 people and 17 dogs", "40 or 417", "", "faR8w3sLmM"] {
            assert!(!tells(text, &live), "{text}");
        }
        assert!(codes.live(100 + KEPT_SECS).is_empty());
    }

    #[test]
    fn texts_are_blanked_and_cursors_are_not() {
        let mut answer = json!({ "items": [{ "text": "it is 40417" }, { "text": "hello" }], "nextCursor": "40417.1" });
        assert!(blank(&mut answer, &["40417".to_owned()]));
        assert_eq!(answer, json!({ "items": [{ "text": BLANK }, { "text": "hello" }], "nextCursor": "40417.1" }));
    }
}
