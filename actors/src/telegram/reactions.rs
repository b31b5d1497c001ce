//! Reacting to messages.

use grammers_tl_types::{enums, functions, types};
use schemars::JsonSchema;
use serde::Serialize;

use super::convert::{self, Met};
use super::message_changes::updates_and_met;
use super::message_details::reaction_counts;
use super::{ChatId, Connection, ReactionCount, TelegramError};

/// What makes an emoji be drawn in colour. Telegram's reactions go without it.
const EMOJI_SELECTOR: char = '\u{fe0f}';

/// A reaction that can be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// An emoji that everybody has.
    Emoji(String),
    /// A custom emoji, by its id.
    CustomEmoji(i64),
}

impl Reaction {
    /// The reaction that was counted, if it is one that can be given: stars are paid for.
    pub fn of(counted: &ReactionCount) -> Option<Self> {
        let custom = || counted.custom_emoji_id.as_ref()?.parse().ok().map(Self::CustomEmoji);
        counted.emoji.clone().map(Self::Emoji).or_else(custom)
    }

    /// Whether it is the same to Telegram.
    pub fn is_same(&self, other: &Self) -> bool {
        enums::Reaction::from(self) == enums::Reaction::from(other)
    }
}

impl From<&Reaction> for enums::Reaction {
    fn from(reaction: &Reaction) -> Self {
        match reaction {
            Reaction::Emoji(emoji) => {
                let emoticon = emoji.chars().filter(|symbol| *symbol != EMOJI_SELECTOR).collect();
                types::ReactionEmoji { emoticon }.into()
            }
            Reaction::CustomEmoji(document_id) => types::ReactionCustomEmoji { document_id: *document_id }.into(),
        }
    }
}

/// The reactions of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessageReactions {
    /// The reactions, the most frequent first.
    pub reactions: Vec<ReactionCount>,
}

/// A reaction that somebody gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GivenReaction {
    /// Who gave it: a user, or a channel in whose name somebody speaks.
    pub sender_id: ChatId,
    /// Their name.
    pub sender_name: Option<String>,
    /// The emoji, if it is one that everybody has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emoji: Option<String>,
    /// The id of the custom emoji, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_emoji_id: Option<String>,
    /// When it was given (Unix seconds).
    pub date: i64,
    /// Whether this account gave it.
    pub is_own: bool,
}

/// A page of given reactions, the latest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReactionPage {
    /// The reactions.
    pub items: Vec<GivenReaction>,
    /// Where the next page begins, if there is one.
    pub next_cursor: Option<String>,
    /// How many there are in all.
    pub total: i32,
}

impl Connection {
    /// Sets this account's reactions to a message in place of those it gave before; none takes them back.
    ///
    /// # Errors
    /// [`TelegramError::MessageNotFound`], [`TelegramError::ChatNotFound`], Telegram's refusals, or what any call can meet.
    pub async fn react(
        &self,
        chat: ChatId,
        message_id: i32,
        reactions: &[Reaction],
        is_big: bool,
    ) -> Result<MessageReactions, TelegramError> {
        let request = functions::messages::SendReaction {
            big: is_big,
            add_to_recent: !reactions.is_empty(),
            peer: self.input_peer(chat).await?,
            msg_id: message_id,
            reaction: Some(reactions.iter().map(enums::Reaction::from).collect()),
        };
        match self.invoke(&request).await {
            Ok(updates) => {
                if let Some(reactions) = self.told_reactions(chat, message_id, updates).await? {
                    return Ok(MessageReactions { reactions });
                }
            }
            Err(error) if error.is_not_modified() => {}
            Err(error) => return Err(error),
        }
        Ok(MessageReactions { reactions: self.message(chat, message_id).await?.reactions })
    }

    /// The message's reactions in what Telegram answered, if they are there.
    async fn told_reactions(
        &self,
        chat: ChatId,
        message_id: i32,
        updates: enums::Updates,
    ) -> Result<Option<Vec<ReactionCount>>, TelegramError> {
        let Some((updates, met)) = updates_and_met(updates) else { return Ok(None) };
        self.remember(&met).await?;
        Ok(updates.iter().find_map(|update| match update {
            enums::Update::MessageReactions(told) if told.msg_id == message_id && convert::chat_of(&told.peer) == chat => {
                Some(reaction_counts(&told.reactions))
            }
            _ => None,
        }))
    }

    /// Who reacted to a message, the latest first; with one reaction, if it is given.
    ///
    /// # Errors
    /// [`TelegramError::MessageNotFound`], [`TelegramError::ChatNotFound`], Telegram's refusals, or what any call can meet.
    pub async fn list_reactions(
        &self,
        chat: ChatId,
        message_id: i32,
        only: Option<&Reaction>,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<ReactionPage, TelegramError> {
        let request = functions::messages::GetMessageReactionsList {
            peer: self.input_peer(chat).await?,
            id: message_id,
            reaction: only.map(enums::Reaction::from),
            offset: cursor.map(str::to_owned),
            limit: i32::try_from(limit).unwrap_or(i32::MAX),
        };
        let enums::messages::MessageReactionsList::List(list) = self.invoke(&request).await.map_err(TelegramError::of_cursor)?;
        let met = Met::new(list.users, list.chats);
        self.remember(&met).await?;
        let items = list.reactions.iter().map(|reaction| given(reaction, &met)).collect();
        let next_cursor = list.next_offset.filter(|offset| !offset.is_empty());
        Ok(ReactionPage { items, next_cursor, total: list.count })
    }
}

fn given(reaction: &enums::MessagePeerReaction, met: &Met) -> GivenReaction {
    let enums::MessagePeerReaction::Reaction(reaction) = reaction;
    let sender_id = convert::chat_of(&reaction.peer_id);
    GivenReaction {
        sender_id,
        sender_name: met.name(sender_id).filter(|name| !name.is_empty()),
        emoji: match &reaction.reaction {
            enums::Reaction::Emoji(emoji) => Some(emoji.emoticon.clone()),
            _ => None,
        },
        custom_emoji_id: match &reaction.reaction {
            enums::Reaction::CustomEmoji(custom) => Some(custom.document_id.to_string()),
            _ => None,
        },
        date: i64::from(reaction.date),
        is_own: reaction.my,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emoji_go_without_their_selectors() {
        for (given, sent) in [("❤️", "❤"), ("❤️‍🔥", "❤‍🔥"), ("👍", "👍"), ("🤷🏽‍♂️", "🤷🏽‍♂")]
        {
            let wire = enums::Reaction::from(&Reaction::Emoji(given.to_owned()));
            assert_eq!(wire, types::ReactionEmoji { emoticon: sent.to_owned() }.into());
        }
    }
}
