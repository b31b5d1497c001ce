//! Entities back to Markdown.

use super::markdown::{FENCE_LENGTH, is_of_language};
use super::{EntityType, FormattedText, TextEntity, markdown};

/// The text as Markdown. Formatting that would change the text when it is read again is left out: first what overlaps, then all.
pub(super) fn to_markdown(formatted: &FormattedText) -> String {
    let units: Vec<u16> = formatted.text.encode_utf16().collect();
    let pieces: Vec<TextEntity> = formatted.entities.iter().filter_map(|entity| trimmed(entity, &units)).collect();
    let written = write(&formatted.text, &nested(&pieces));
    if markdown::parse(&written).text == formatted.text {
        return written;
    }
    write(&formatted.text, &[])
}

/// The piece without white space at its ends, where no marker may stand.
fn trimmed(entity: &TextEntity, units: &[u16]) -> Option<TextEntity> {
    let start = usize::try_from(entity.offset).ok()?;
    let end = usize::try_from(entity.end()).ok()?;
    let piece = String::from_utf16(units.get(start..end)?).ok()?;
    let (kept, before) = match entity.kind {
        EntityType::Code | EntityType::Pre => (piece.as_str(), ""),
        _ => {
            let kept = piece.trim_start();
            (kept.trim_end(), piece.get(..piece.len() - kept.len())?)
        }
    };
    let length = |text: &str| i32::try_from(text.encode_utf16().count()).unwrap_or(i32::MAX);
    let trimmed = TextEntity { offset: entity.offset + length(before), length: length(kept), ..entity.clone() };
    (trimmed.length > 0).then_some(trimmed)
}

/// Those pieces that lie within one another, outer ones first, and none within code.
fn nested(pieces: &[TextEntity]) -> Vec<TextEntity> {
    let mut sorted: Vec<&TextEntity> = pieces.iter().filter(|piece| can_be_written(piece)).collect();
    sorted.sort_by(|left, right| {
        left.offset.cmp(&right.offset).then(right.length.cmp(&left.length)).then(left.kind.cmp(&right.kind))
    });
    let mut kept: Vec<TextEntity> = Vec::new();
    let mut around: Vec<(i32, bool)> = Vec::new();
    for piece in sorted {
        while around.last().is_some_and(|(end, _)| *end <= piece.offset) {
            around.pop();
        }
        if around.last().is_some_and(|(end, is_code)| *is_code || *end < piece.end()) {
            continue;
        }
        around.push((piece.end(), matches!(piece.kind, EntityType::Code | EntityType::Pre)));
        kept.push(piece.clone());
    }
    kept
}

fn can_be_written(piece: &TextEntity) -> bool {
    match piece.kind {
        EntityType::Blockquote
        | EntityType::Bold
        | EntityType::Italic
        | EntityType::Underline
        | EntityType::Strikethrough
        | EntityType::Spoiler
        | EntityType::Code
        | EntityType::Pre => true,
        EntityType::TextLink | EntityType::TextMention | EntityType::CustomEmoji => {
            piece.address().is_some_and(|address| !address.is_empty() && !address.contains([' ', '(', ')', '\n', '\t']))
        }
        _ => false,
    }
}

/// Writes a text with pieces that are nested.
fn write(text: &str, pieces: &[TextEntity]) -> String {
    let mut written = String::new();
    let mut waiting = pieces.iter().peekable();
    let mut open: Vec<(i32, String)> = Vec::new();
    let (mut place, mut in_code, mut in_quote, mut at_line_start) = (0, None, None, true);
    for character in text.chars() {
        while let Some((_, marker)) = open.pop_if(|(end, _)| *end <= place) {
            written.push_str(&marker);
        }
        if in_code.is_some_and(|end| end <= place) {
            in_code = None;
        }
        if in_quote.is_some_and(|end| end <= place) {
            in_quote = None;
        }
        while let Some(piece) = waiting.next_if(|piece| piece.offset <= place) {
            if piece.kind == EntityType::Blockquote {
                in_quote = Some(piece.end());
                written.push_str("> ");
                continue;
            }
            let (opening, closing) = markers(piece, text);
            written.push_str(&opening);
            open.push((piece.end(), closing));
            if matches!(piece.kind, EntityType::Code | EntityType::Pre) {
                in_code = Some(piece.end());
            }
        }
        if in_code.is_none() && is_escaped(character, at_line_start && in_quote.is_none()) {
            written.push('\\');
        }
        written.push(character);
        at_line_start = character == '\n';
        if at_line_start && in_quote.is_some_and(|end| end > place + 1) {
            written.push_str("> ");
        }
        place += i32::try_from(character.len_utf16()).unwrap_or(1);
    }
    while let Some((_, marker)) = open.pop() {
        written.push_str(&marker);
    }
    written
}

fn is_escaped(character: char, at_line_start: bool) -> bool {
    matches!(character, '\\' | '`' | '*' | '_' | '~' | '|' | '[' | ']') || (at_line_start && character == '>')
}

/// What stands before and after a piece.
fn markers(piece: &TextEntity, text: &str) -> (String, String) {
    let both = |marker: &str| (marker.to_owned(), marker.to_owned());
    match piece.kind {
        EntityType::Bold => both("**"),
        EntityType::Italic => both("*"),
        EntityType::Underline => both("__"),
        EntityType::Strikethrough => both("~~"),
        EntityType::Spoiler => both("||"),
        EntityType::Code => both("`"),
        EntityType::Pre => {
            let fence = "`".repeat((longest_run(text) + 1).max(FENCE_LENGTH));
            let language = piece.language.as_deref().filter(|language| language.chars().all(is_of_language)).unwrap_or_default();
            (format!("{fence}{language}\n"), format!("\n{fence}"))
        }
        _ => ("[".to_owned(), format!("]({})", piece.address().unwrap_or_default())),
    }
}

fn longest_run(text: &str) -> usize {
    text.split(|character| character != '`').map(str::len).max().unwrap_or(0)
}
