//! Reading and searching messages.

use crate::account::AccountContext;
use crate::error::{Code, Error};
use crate::telegram::{
    ChatId, ChatType, GlobalMessagePage, HistoryQuery, Message, MessageContext, MessagePage, MessageSearch, Reader, TelegramError,
};

fn history_method(topic_id: Option<i32>) -> &'static str {
    if topic_id.is_some() { "messages.getReplies" } else { "messages.getHistory" }
}

impl AccountContext {
    /// Messages of a chat, newest first.
    pub(crate) async fn history(&self, chat: ChatId, query: &HistoryQuery) -> Result<MessagePage, Error> {
        let method = history_method(query.topic_id);
        self.repeatable(method, async |connection| connection.history(chat, query).await).await
    }

    /// One message of a chat.
    pub(crate) async fn message(&self, chat: ChatId, message_id: i32) -> Result<Message, Error> {
        self.repeatable("messages.getMessages", async |connection| connection.message(chat, message_id).await).await
    }

    /// A message with so many before it and after it.
    pub(crate) async fn message_context(
        &self,
        chat: ChatId,
        message_id: i32,
        counts: (u32, u32),
        topic_id: Option<i32>,
    ) -> Result<MessageContext, Error> {
        let method = history_method(topic_id);
        let read =
            self.repeatable(method, async |connection| connection.message_context(chat, message_id, counts, topic_id).await);
        read.await
    }

    /// The link of a message of a supergroup or channel.
    pub(crate) async fn message_link(&self, chat: ChatId, message_id: i32) -> Result<String, Error> {
        let linked = self.repeatable("channels.exportMessageLink", async |connection| {
            match connection.message_link(chat, message_id).await {
                Err(TelegramError::NotInBasicGroups) => Ok(None),
                linked => linked.map(Some),
            }
        });
        let why = "Messages of private chats and basic groups have no links: only those of supergroups and channels do";
        linked.await?.ok_or_else(|| Error::new(Code::Conflict, why))
    }

    /// Who has read a message.
    pub(crate) async fn message_readers(&self, chat: ChatId, message_id: i32) -> Result<Vec<Reader>, Error> {
        let method = "messages.getMessageReadParticipants";
        self.repeatable(method, async |connection| connection.message_readers(chat, message_id).await).await
    }

    /// Messages of a chat that fit, newest first.
    pub(crate) async fn search_messages(
        &self,
        chat: ChatId,
        search: &MessageSearch,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<MessagePage, Error> {
        let method = "messages.search";
        self.repeatable(method, async |connection| connection.search_messages(chat, search, cursor, limit).await).await
    }

    /// Messages of all chats that fit, newest first.
    pub(crate) async fn search_all_messages(
        &self,
        search: &MessageSearch,
        chat_type: Option<ChatType>,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<GlobalMessagePage, Error> {
        let method = "messages.searchGlobal";
        let opened = self.opened_cursor(cursor)?;
        let cursor = opened.as_deref();
        let found =
            self.repeatable(method, async |connection| connection.search_all_messages(search, chat_type, cursor, limit).await);
        let page = found.await?;
        let sealed = self.sealed_cursor(page.next_cursor())?;
        Ok(page.with_cursor(sealed))
    }
}
