//! One piece of formatting.

use schemars::JsonSchema;
use serde::Serialize;

/// What a piece of a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EntityType {
    /// A quotation.
    Blockquote,
    /// Bold.
    Bold,
    /// Italic.
    Italic,
    /// Underlined.
    Underline,
    /// Struck through.
    Strikethrough,
    /// Hidden until it is touched.
    Spoiler,
    /// Code in a line.
    Code,
    /// A block of code.
    Pre,
    /// Text with an address behind it.
    TextLink,
    /// A person without a username.
    TextMention,
    /// An emoji of its own.
    CustomEmoji,
    /// A username.
    Mention,
    /// A hashtag.
    Hashtag,
    /// A cashtag.
    Cashtag,
    /// A command for a bot.
    BotCommand,
    /// An address.
    Url,
    /// An e-mail address.
    Email,
    /// A phone number.
    PhoneNumber,
    /// A bank card's number.
    BankCard,
    /// Something that this server does not know.
    Unknown,
}

/// A piece of a text and what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TextEntity {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: EntityType,
    /// Where it begins, in UTF-16 code units.
    pub offset: i32,
    /// How long it is, in UTF-16 code units.
    pub length: i32,
    /// The address behind a text link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The programming language of a block of code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The user of a text mention.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<i64>,
    /// The document of a custom emoji, as text since it needs all 64 bits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_emoji_id: Option<String>,
}

impl TextEntity {
    /// A piece that its place and kind describe.
    pub fn new(kind: EntityType, offset: i32, length: i32) -> Self {
        Self { kind, offset, length, url: None, language: None, user_id: None, custom_emoji_id: None }
    }

    /// Where it ends, in UTF-16 code units.
    pub fn end(&self) -> i32 {
        self.offset.saturating_add(self.length)
    }

    /// A link's text. Telegram's own addresses of people and emoji stand for those.
    pub(super) fn link(url: &str) -> Self {
        let number = |prefix: &str| url.strip_prefix(prefix).and_then(|id| id.parse::<i64>().ok());
        if let Some(user_id) = number("tg://user?id=") {
            return Self { user_id: Some(user_id), ..Self::new(EntityType::TextMention, 0, 0) };
        }
        if let Some(emoji_id) = number("tg://emoji?id=") {
            return Self { custom_emoji_id: Some(emoji_id.to_string()), ..Self::new(EntityType::CustomEmoji, 0, 0) };
        }
        Self { url: Some(url.to_owned()), ..Self::new(EntityType::TextLink, 0, 0) }
    }

    /// The address that [`Self::link`] reads as this one.
    pub(super) fn address(&self) -> Option<String> {
        match self.kind {
            EntityType::TextLink => self.url.clone(),
            EntityType::TextMention => self.user_id.map(|id| format!("tg://user?id={id}")),
            EntityType::CustomEmoji => self.custom_emoji_id.as_ref().map(|id| format!("tg://emoji?id={id}")),
            _ => None,
        }
    }
}
