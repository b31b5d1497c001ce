//! A text that grows, and the pieces of it that are known so far.

use super::{FormattedText, TextEntity};

/// See the module's description.
#[derive(Debug, Default)]
pub(super) struct Builder {
    text: String,
    units: i32,
    entities: Vec<TextEntity>,
}

impl Builder {
    pub(super) fn push(&mut self, character: char) {
        self.text.push(character);
        self.units = self.units.saturating_add(i32::try_from(character.len_utf16()).unwrap_or(0));
    }

    pub(super) fn push_text(&mut self, text: &str) {
        text.chars().for_each(|character| self.push(character));
    }

    /// How long the text is, in UTF-16 code units.
    pub(super) fn units(&self) -> i32 {
        self.units
    }

    /// A piece from `offset` to here. An empty one is left out: Telegram has none.
    pub(super) fn close(&mut self, entity: TextEntity, offset: i32) {
        let length = self.units.saturating_sub(offset);
        if length > 0 {
            self.entities.push(TextEntity { offset, length, ..entity });
        }
    }

    pub(super) fn finish(mut self) -> FormattedText {
        self.entities.sort_by(|left, right| {
            left.offset.cmp(&right.offset).then(right.length.cmp(&left.length)).then(left.kind.cmp(&right.kind))
        });
        self.entities.dedup();
        FormattedText { text: self.text, entities: self.entities }
    }
}
