//! Reactions to messages.

use schemars::JsonSchema;
use serde::Deserialize;

use super::messages::valid_message_id;
use crate::account::AccountCall;
use crate::error::Error;
use crate::operation::{Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation, RateClass};
use crate::scope::Scope;
use crate::telegram::{ChatId, MessageReactions, Reaction, ReactionPage};

/// The longest emoji, in characters: families are drawn from up to eleven.
const EMOJI_CHARACTERS_MAX: usize = 16;

/// How many reactions one page gives when no limit is asked for, and at most.
const LIMIT_DEFAULT: u32 = 50;
const LIMIT_MAX: u32 = 100;

/// The longest cursor, in bytes. Telegram makes them.
const CURSOR_BYTES_MAX: usize = 256;

/// Which reaction is named: an emoji or a custom one; none, if neither is.
fn named(emoji: Option<&str>, custom_emoji_id: Option<&str>) -> Result<Option<Reaction>, Error> {
    match (emoji, custom_emoji_id) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(Error::invalid("customEmojiId", "cannot be given together with emoji")),
        (Some(emoji), None) => {
            if emoji.trim().is_empty() || emoji.chars().nth(EMOJI_CHARACTERS_MAX).is_some() {
                return Err(Error::invalid("emoji", "must be one emoji"));
            }
            Ok(Some(Reaction::Emoji(emoji.trim().to_owned())))
        }
        (None, Some(id)) => match id.parse::<i64>() {
            Ok(id) => Ok(Some(Reaction::CustomEmoji(id))),
            Err(_) => Err(Error::invalid("customEmojiId", "must be the number of a custom emoji")),
        },
    }
}

/// Reacts to a message.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct React {
    account_id: AccountReference,
    chat_id: ChatId,
    message_id: i32,
    /// The emoji, such as `👍`; or `customEmojiId`.
    #[serde(default)]
    emoji: Option<String>,
    /// The id of a custom emoji, where the chat or Telegram Premium permits it.
    #[serde(default)]
    custom_emoji_id: Option<String>,
    /// Whether to keep what the account gave before, beside this. Telegram permits several to Premium accounts.
    #[serde(default)]
    keep_others: bool,
    /// Whether to show it with a big animation.
    #[serde(default)]
    is_big: bool,
}

impl Operation for React {
    const DECLARATION: Declaration = Declaration::new(
        "react",
        "React to a message.",
        Method::Put,
        "/accounts/{accountId}/chats/{chatId}/messages/{messageId}/reactions",
        Access::Scope(Scope::MessagesSend),
        Effect::Write,
    )
    .rate(RateClass::Account);
    type Output = MessageReactions;

    in_chat!();

    // Its answer tells of what others wrote or did there.
    fn reads(&self) -> Vec<ChatId> {
        self.chats()
    }

    fn validate(&self) -> Result<(), Error> {
        valid_message_id("messageId", self.message_id)?;
        match named(self.emoji.as_deref(), self.custom_emoji_id.as_deref())? {
            Some(_) => Ok(()),
            None => Err(Error::invalid("emoji", "must be given, or customEmojiId")),
        }
    }
}

impl AccountOperation for React {
    async fn run(self, call: AccountCall) -> Result<MessageReactions, Error> {
        let reaction = named(self.emoji.as_deref(), self.custom_emoji_id.as_deref())?;
        let reaction = reaction.ok_or_else(|| Error::invalid("emoji", "must be given, or customEmojiId"))?;
        call.react(self.chat_id, self.message_id, reaction, self.keep_others, self.is_big).await
    }
}

/// Takes reactions to a message back.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Unreact {
    account_id: AccountReference,
    chat_id: ChatId,
    message_id: i32,
    /// Only this emoji; all that the account gave, if neither this nor `customEmojiId` is given.
    #[serde(default)]
    emoji: Option<String>,
    /// Only this custom emoji.
    #[serde(default)]
    custom_emoji_id: Option<String>,
}

impl Operation for Unreact {
    const DECLARATION: Declaration = Declaration::new(
        "unreact",
        "Take back what the account reacted to a message with.",
        Method::Delete,
        "/accounts/{accountId}/chats/{chatId}/messages/{messageId}/reactions",
        Access::Scope(Scope::MessagesSend),
        Effect::Write,
    )
    .rate(RateClass::Account);
    type Output = MessageReactions;

    in_chat!();

    // Its answer tells of what others wrote or did there.
    fn reads(&self) -> Vec<ChatId> {
        self.chats()
    }

    fn validate(&self) -> Result<(), Error> {
        valid_message_id("messageId", self.message_id)?;
        named(self.emoji.as_deref(), self.custom_emoji_id.as_deref()).map(|_| ())
    }
}

impl AccountOperation for Unreact {
    async fn run(self, call: AccountCall) -> Result<MessageReactions, Error> {
        let only = named(self.emoji.as_deref(), self.custom_emoji_id.as_deref())?;
        call.unreact(self.chat_id, self.message_id, only.as_ref()).await
    }
}

/// Lists who reacted to a message.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListReactions {
    account_id: AccountReference,
    chat_id: ChatId,
    message_id: i32,
    /// Only this emoji.
    #[serde(default)]
    emoji: Option<String>,
    /// Only this custom emoji.
    #[serde(default)]
    custom_emoji_id: Option<String>,
    /// How many reactions: 50 if absent, at most 100.
    #[serde(default)]
    limit: Option<u32>,
    /// Where the page begins: the `nextCursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
}

impl Operation for ListReactions {
    const DECLARATION: Declaration = Declaration::new(
        "list_reactions",
        "List who reacted to a message and how, the latest first.",
        Method::Get,
        "/accounts/{accountId}/chats/{chatId}/messages/{messageId}/reactions",
        Access::Scope(Scope::MessagesRead),
        Effect::Read,
    );
    type Output = ReactionPage;

    in_chat!();

    leaves_out!();

    fn validate(&self) -> Result<(), Error> {
        valid_message_id("messageId", self.message_id)?;
        if self.cursor.as_ref().is_some_and(|cursor| cursor.len() > CURSOR_BYTES_MAX) {
            return Err(Error::invalid("cursor", "is not one that this list gave"));
        }
        named(self.emoji.as_deref(), self.custom_emoji_id.as_deref()).map(|_| ())
    }

    fn next_cursor(page: &ReactionPage) -> Option<String> {
        page.next_cursor.clone()
    }
}

impl AccountOperation for ListReactions {
    async fn run(self, call: AccountCall) -> Result<ReactionPage, Error> {
        let only = named(self.emoji.as_deref(), self.custom_emoji_id.as_deref())?;
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX);
        call.list_reactions(self.chat_id, self.message_id, only.as_ref(), self.cursor.as_deref(), limit).await
    }
}
