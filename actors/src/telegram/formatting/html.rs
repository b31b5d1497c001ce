//! HTML with the tags that Telegram's bot interface has.

use super::builder::Builder;
use super::{EntityType, FormatError, FormattedText, TextEntity};

/// The longest name of a character reference, such as `quot`.
const REFERENCE_CHARACTERS_MAX: usize = 10;

/// A tag that is open.
struct Open {
    name: String,
    entity: Option<TextEntity>,
    offset: i32,
}

/// Reads HTML.
pub(super) fn parse(source: &str) -> Result<FormattedText, FormatError> {
    let mut builder = Builder::default();
    let mut open: Vec<Open> = Vec::new();
    let mut rest = source;
    while let Some(character) = rest.chars().next() {
        let after = rest.get(character.len_utf8()..).unwrap_or_default();
        match character {
            '<' => {
                let (tag, after) = after.split_once('>').ok_or_else(|| FormatError("has a < that no > closes".into()))?;
                take_tag(tag, &mut open, &mut builder)?;
                rest = after;
            }
            '&' => match reference(after) {
                Some((meant, after)) => {
                    builder.push(meant);
                    rest = after;
                }
                None => {
                    builder.push('&');
                    rest = after;
                }
            },
            _ => {
                builder.push(character);
                rest = after;
            }
        }
    }
    match open.pop() {
        Some(open) => Err(FormatError(format!("the tag <{}> is not closed", open.name))),
        None => Ok(builder.finish()),
    }
}

fn take_tag(tag: &str, open: &mut Vec<Open>, builder: &mut Builder) -> Result<(), FormatError> {
    if let Some(name) = tag.strip_prefix('/') {
        let name = name.trim().to_ascii_lowercase();
        let Some(opened) = open.pop_if(|opened| opened.name == name) else {
            return Err(FormatError(format!("the tag </{}> closes nothing", shown(&name))));
        };
        if let Some(entity) = opened.entity {
            builder.close(entity, opened.offset);
        }
        return Ok(());
    }
    let tag = tag.trim_end_matches('/').trim_end();
    let (name, attributes) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
    let name = name.to_ascii_lowercase();
    if name == "br" {
        builder.push('\n');
        return Ok(());
    }
    let entity = entity_of(&name, attributes, open)?;
    open.push(Open { name, entity, offset: builder.units() });
    Ok(())
}

/// What a tag means. `<code>` right within `<pre>` tells the block's language and is no piece of its own.
fn entity_of(name: &str, attributes: &str, open: &mut [Open]) -> Result<Option<TextEntity>, FormatError> {
    let plain = |kind| Ok(Some(TextEntity::new(kind, 0, 0)));
    let needs = |attribute: &str| FormatError(format!("the tag <{}> needs the attribute {attribute}", shown(name)));
    match name {
        "b" | "strong" => plain(EntityType::Bold),
        "i" | "em" => plain(EntityType::Italic),
        "u" | "ins" => plain(EntityType::Underline),
        "s" | "strike" | "del" => plain(EntityType::Strikethrough),
        "tg-spoiler" => plain(EntityType::Spoiler),
        "span" if attribute(attributes, "class").as_deref() == Some("tg-spoiler") => plain(EntityType::Spoiler),
        "blockquote" => plain(EntityType::Blockquote),
        "pre" => plain(EntityType::Pre),
        "code" => {
            let Some(block) = open.last_mut().filter(|opened| opened.name == "pre") else { return plain(EntityType::Code) };
            let class = attribute(attributes, "class").unwrap_or_default();
            if let (Some(language), Some(entity)) = (class.strip_prefix("language-"), block.entity.as_mut()) {
                entity.language = Some(language.to_owned());
            }
            Ok(None)
        }
        "a" => {
            let address = attribute(attributes, "href").filter(|address| !address.is_empty());
            Ok(Some(TextEntity::link(&address.ok_or_else(|| needs("href"))?)))
        }
        "tg-emoji" => {
            let id = attribute(attributes, "emoji-id").and_then(|id| id.parse::<i64>().ok()).ok_or_else(|| needs("emoji-id"))?;
            Ok(Some(TextEntity::link(&format!("tg://emoji?id={id}"))))
        }
        _ => Err(FormatError(format!("the tag <{}> is not one that Telegram has", shown(name)))),
    }
}

/// A tag's name as an error may show it.
fn shown(name: &str) -> String {
    name.chars().filter(|character| !character.is_control()).take(20).collect()
}

/// The value of an attribute, in quotation marks of either kind or in none.
fn attribute(attributes: &str, wanted: &str) -> Option<String> {
    let mut rest = attributes.trim_start();
    while !rest.is_empty() {
        let end = rest.find(|character: char| character == '=' || character.is_whitespace()).unwrap_or(rest.len());
        let (name, after) = rest.split_at_checked(end)?;
        let (value, after) = match after.trim_start().strip_prefix('=') {
            None => ("", after),
            Some(after) => {
                let after = after.trim_start();
                match after.chars().next().filter(|mark| matches!(mark, '"' | '\'')) {
                    Some(mark) => after.get(1..)?.split_once(mark)?,
                    None => after.split_at_checked(after.find(char::is_whitespace).unwrap_or(after.len()))?,
                }
            }
        };
        if name.eq_ignore_ascii_case(wanted) {
            return Some(without_references(value));
        }
        // An equals sign without a name before it would be met again and again.
        rest = if name.is_empty() { after.trim_start_matches('=') } else { after }.trim_start();
    }
    None
}

fn without_references(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let after = rest.get(character.len_utf8()..).unwrap_or_default();
        match (character == '&').then(|| reference(after)).flatten() {
            Some((meant, after)) => {
                plain.push(meant);
                rest = after;
            }
            None => {
                plain.push(character);
                rest = after;
            }
        }
    }
    plain
}

/// The character that a reference after `&` stands for, and what comes after it.
fn reference(text: &str) -> Option<(char, &str)> {
    let end = text.char_indices().take(REFERENCE_CHARACTERS_MAX).find(|(_, character)| *character == ';')?.0;
    let (name, after) = (text.get(..end)?, text.get(end + 1..)?);
    let meant = match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code).filter(|character| *character != '\0')?
        }
    };
    Some((meant, after))
}
