//! Polls.

use super::{AccountCall, AccountContext};
use crate::error::Error;
use crate::telegram::{ChatId, Connection, Message, PollToSend};

impl AccountContext {
    /// Votes in a poll, or takes the vote back. Twice the same is once. Answers the message as it stands then.
    pub(crate) async fn vote_poll(&self, chat: ChatId, message_id: i32, options: &[usize]) -> Result<Message, Error> {
        let vote = async |connection: &Connection| connection.vote_poll(chat, message_id, options).await;
        self.repeatable("messages.sendVote", vote).await?;
        self.message(chat, message_id).await
    }

    /// Closes a poll. Twice the same is once. Answers the message as it stands then.
    pub(crate) async fn close_poll(&self, chat: ChatId, message_id: i32) -> Result<Message, Error> {
        let close = async |connection: &Connection| connection.close_poll(chat, message_id).await;
        self.repeatable("messages.editMessage", close).await?;
        self.message(chat, message_id).await
    }
}

impl AccountCall {
    /// Sends a poll.
    pub(crate) async fn send_poll(&self, chat: ChatId, poll: &PollToSend) -> Result<Message, Error> {
        let send = async |connection: &Connection, random_id| connection.send_poll(chat, poll, random_id).await;
        self.send_once("messages.sendMedia", chat, send, |message| poll.is_met_by(message)).await
    }
}
