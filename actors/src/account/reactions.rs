//! Reacting to messages.

use crate::account::AccountContext;
use crate::error::Error;
use crate::telegram::{ChatId, MessageReactions, Reaction, ReactionPage};

impl AccountContext {
    /// Reacts to a message: instead of what the account gave before, or beside it.
    pub(crate) async fn react(
        &self,
        chat: ChatId,
        message_id: i32,
        reaction: Reaction,
        beside: bool,
        is_big: bool,
    ) -> Result<MessageReactions, Error> {
        let mut reactions = if beside { self.own_reactions(chat, message_id).await? } else { Vec::new() };
        reactions.retain(|given| !given.is_same(&reaction));
        reactions.push(reaction);
        self.set_reactions(chat, message_id, &reactions, is_big).await
    }

    /// Takes back one reaction, or all that the account gave. That there is none is no error.
    pub(crate) async fn unreact(
        &self,
        chat: ChatId,
        message_id: i32,
        only: Option<&Reaction>,
    ) -> Result<MessageReactions, Error> {
        let mut kept = Vec::new();
        if let Some(only) = only {
            kept = self.own_reactions(chat, message_id).await?;
            kept.retain(|given| !given.is_same(only));
        }
        self.set_reactions(chat, message_id, &kept, false).await
    }

    async fn own_reactions(&self, chat: ChatId, message_id: i32) -> Result<Vec<Reaction>, Error> {
        let message = self.message(chat, message_id).await?;
        Ok(message.reactions.iter().filter(|given| given.chosen).filter_map(Reaction::of).collect())
    }

    async fn set_reactions(
        &self,
        chat: ChatId,
        message_id: i32,
        reactions: &[Reaction],
        is_big: bool,
    ) -> Result<MessageReactions, Error> {
        let method = "messages.sendReaction";
        self.repeatable(method, async |connection| connection.react(chat, message_id, reactions, is_big).await).await
    }

    /// Who reacted to a message.
    pub(crate) async fn list_reactions(
        &self,
        chat: ChatId,
        message_id: i32,
        only: Option<&Reaction>,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<ReactionPage, Error> {
        let method = "messages.getMessageReactionsList";
        let listed =
            self.repeatable(method, async |connection| connection.list_reactions(chat, message_id, only, cursor, limit).await);
        listed.await
    }
}
