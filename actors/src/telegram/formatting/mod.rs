//! Formatted text: Markdown and HTML in, entities out, and back to Markdown. Offsets are in UTF-16 code units, as Telegram counts.

mod builder;
mod entity;
mod html;
mod markdown;
mod render;
#[cfg(test)]
mod tests;
mod wire;

use schemars::JsonSchema;
use serde::Deserialize;

pub use entity::{EntityType, TextEntity};
pub(super) use wire::{from_wire, to_wire};

/// How a text is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// As it is.
    #[default]
    Plain,
    /// Markdown: `**bold**`, `*italic*`, `__underline__`, `~~strikethrough~~`, `||spoiler||`, code, links and `>` quotes.
    Markdown,
    /// HTML with Telegram's tags.
    Html,
}

/// A text and its formatting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FormattedText {
    /// The text alone.
    pub text: String,
    /// Its formatting, in the order of the text; what holds others comes before them.
    pub entities: Vec<TextEntity>,
}

/// Why a text cannot be read. Only HTML can be wrong: Markdown that is none is text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FormatError(pub(super) String);

impl FormattedText {
    /// Reads a text that is written in this format.
    ///
    /// # Errors
    /// [`FormatError`] for HTML with an unknown tag, or with one that is not closed.
    pub fn parse(source: &str, format: Format) -> Result<Self, FormatError> {
        match format {
            Format::Plain => Ok(Self { text: source.to_owned(), entities: Vec::new() }),
            Format::Markdown => Ok(markdown::parse(source)),
            Format::Html => html::parse(source),
        }
    }

    /// The text as Markdown that reads as this text again. Formatting that Markdown cannot say is left out.
    pub fn to_markdown(&self) -> String {
        render::to_markdown(self)
    }
}
