//! Text as agents are given it: characters that people do not see, and that change how a text is read, are written out.
//!
//! Whoever writes to an account can hide instructions in characters without a shape, or turn a text around with those of bidirectional
//! writing (Unicode Technical Report 36, Unicode Standard Annex 9). An agent is given `[U+202E]` in their place. Joiners (U+200C, U+200D)
//! and variation selectors up to U+FE0F stay, since scripts and emoji are written with them. Offsets of formatting count the text as it
//! was written.

use std::borrow::Cow;

use bytes::Bytes;

/// Whether a character is written out. Line feeds and tabs are not.
fn is_hidden(character: char) -> bool {
    matches!(
        character,
        '\u{0}'..='\u{8}'
            | '\u{b}'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'
            | '\u{200e}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// The bytes with which such characters may begin in UTF-8, and the backslash with which JSON writes the others.
fn may_be_hidden(byte: u8) -> bool {
    matches!(byte, b'\\' | 0x7f | 0xc2 | 0xcd | 0xd8 | 0xe1 | 0xe2 | 0xe3 | 0xef | 0xf0 | 0xf3)
}

/// A JSON text with the hidden characters of its strings written out. Outside of strings JSON has none of them.
pub(crate) fn written_out(json: &[u8]) -> Cow<'_, [u8]> {
    if !json.iter().copied().any(may_be_hidden) {
        return Cow::Borrowed(json);
    }
    let Ok(text) = std::str::from_utf8(json) else { return Cow::Borrowed(json) };
    let mut written: Option<String> = None;
    let mut characters = text.char_indices();
    while let Some((place, character)) = characters.next() {
        let (hidden, end) = if character == '\\' {
            escaped(text, place, &mut characters)
        } else {
            (is_hidden(character).then_some(u32::from(character)), place + character.len_utf8())
        };
        match (hidden, &mut written) {
            (Some(code), written) => {
                let so_far = written.get_or_insert_with(|| text.get(..place).unwrap_or_default().to_owned());
                so_far.push_str(&format!("[U+{code:04X}]"));
            }
            (None, Some(so_far)) => so_far.push_str(text.get(place..end).unwrap_or_default()),
            (None, None) => {}
        }
    }
    written.map_or(Cow::Borrowed(json), |written| Cow::Owned(written.into_bytes()))
}

/// An escape of JSON, of which the backslash was read: the hidden character that it stands for, if it does, and where it ends. What
/// writes JSON here escapes control characters only.
fn escaped(text: &str, place: usize, characters: &mut std::str::CharIndices<'_>) -> (Option<u32>, usize) {
    let Some((at, kind)) = characters.next() else { return (None, place + 1) };
    let end = at + kind.len_utf8();
    let code = match kind {
        'b' => Some(0x08),
        'f' => Some(0x0c),
        'r' => Some(0x0d),
        'u' => {
            let end = end + 4;
            let code = text.get(at + 1..end).and_then(|digits| u32::from_str_radix(digits, 16).ok());
            characters.nth(3);
            return (code.filter(|code| char::from_u32(*code).is_some_and(is_hidden)), end);
        }
        _ => None,
    };
    (code, end)
}

/// The same, of a payload that is shared where nothing is to be written out.
pub(crate) fn payload(json: &Bytes) -> Bytes {
    match written_out(json) {
        Cow::Borrowed(_) => json.clone(),
        Cow::Owned(written) => written.into(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn read(text: &str) -> String {
        let json = serde_json::to_vec(&json!({ "text": text })).unwrap();
        let written: Value = serde_json::from_slice(&written_out(&json)).unwrap();
        written["text"].as_str().unwrap().to_owned()
    }

    #[test]
    fn what_nobody_sees_is_written_out() {
        for (text, seen) in [
            ("plain \"text\" \\u202e \\\\u0007\n\t", "plain \"text\" \\u202e \\\\u0007\n\t"),
            ("a\u{202e}b", "a[U+202E]b"),
            ("\u{200b}\u{feff}", "[U+200B][U+FEFF]"),
            ("bell\u{7} back\u{8} feed\u{c} return\r", "bell[U+0007] back[U+0008] feed[U+000C] return[U+000D]"),
            ("\u{e0069}\u{e0067}", "[U+E0069][U+E0067]"),
            ("“quoted” — 👨‍👩‍👧 ❤️ héllo", "“quoted” — 👨‍👩‍👧 ❤️ héllo"),
            ("\u{85}\u{ad}", "[U+0085][U+00AD]"),
        ] {
            assert_eq!(read(text), seen);
        }
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_left_and_nothing_else_changes(text in "\\PC{0,20}[\u{0}-\u{20}\u{80}-\u{a0}\u{200b}-\u{206f}\\\\\"]{0,8}\\PC{0,20}") {
            let seen = read(&text);
            prop_assert!(!seen.chars().any(is_hidden));
            let expected: String = text.chars().map(|character| {
                if is_hidden(character) { format!("[U+{:04X}]", u32::from(character)) } else { character.to_string() }
            }).collect();
            prop_assert_eq!(seen, expected);
        }
    }
}
