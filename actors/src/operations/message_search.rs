//! Searching for messages.

use schemars::JsonSchema;
use serde::Deserialize;

use super::chat_search::check_query;
use super::messages::{LIMIT_DEFAULT, LIMIT_MAX, valid_date, valid_message_id};
use crate::account::AccountCall;
use crate::error::Error;
use crate::operation::{Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation};
use crate::scope::Scope;
use crate::telegram::{ChatId, ChatType, GlobalMessagePage, MessageKind, MessagePage, MessageSearch};

/// How many results of a search over all chats are given when no limit is asked for, and at most.
const GLOBAL_DEFAULT: u32 = 20;
const GLOBAL_MAX: u32 = 100;

/// Searches the messages of a chat.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SearchMessages {
    account_id: AccountReference,
    chat_id: ChatId,
    /// What to search for: at most 256 characters. A blank text finds nothing, unless `kind` or `fromUserId` is given.
    #[serde(default)]
    q: String,
    /// How many messages: 50 if absent, at most 200.
    #[serde(default)]
    limit: Option<u32>,
    /// Only messages from this user.
    #[serde(default)]
    from_user_id: Option<i64>,
    /// Only messages that hold this.
    #[serde(default)]
    kind: Option<MessageKind>,
    /// Only messages from this time on (Unix seconds).
    #[serde(default)]
    after_date: Option<i64>,
    /// Only messages before this time (Unix seconds).
    #[serde(default)]
    before_date: Option<i64>,
    /// Only messages of this forum topic or thread.
    #[serde(default)]
    topic_id: Option<i32>,
    /// Where the page begins: the `X-Next-Cursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
}

impl SearchMessages {
    fn search(&self) -> Result<MessageSearch, Error> {
        let (after_date, before_date) = valid_dates(self.after_date, self.before_date)?;
        let (text, from_user_id, kind, topic_id) = (self.q.trim().to_owned(), self.from_user_id, self.kind, self.topic_id);
        Ok(MessageSearch { text, from_user_id, kind, after_date, before_date, topic_id })
    }
}

impl Operation for SearchMessages {
    const DECLARATION: Declaration = Declaration::new(
        "search_messages",
        "Search the messages of a chat, newest first.",
        Method::Get,
        "/accounts/{accountId}/chats/{chatId}/messages/search",
        Access::Scope(Scope::MessagesRead),
        Effect::Read,
    );
    type Output = MessagePage;

    in_chat!();

    leaves_out!();

    fn validate(&self) -> Result<(), Error> {
        check_query(&self.q)?;
        valid_message_id("topicId", self.topic_id)?;
        if self.from_user_id.is_some_and(|user_id| user_id <= 0) {
            return Err(Error::invalid("fromUserId", "must be a user's id"));
        }
        self.search().map(|_| ())
    }

    fn next_cursor(page: &MessagePage) -> Option<String> {
        page.next_cursor()
    }
}

impl AccountOperation for SearchMessages {
    async fn run(self, call: AccountCall) -> Result<MessagePage, Error> {
        let search = self.search()?;
        if search.text.is_empty() && search.kind.is_none() && search.from_user_id.is_none() {
            return Ok(MessagePage::default());
        }
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX);
        call.search_messages(self.chat_id, &search, self.cursor.as_deref(), limit).await
    }
}

/// Searches the messages of all chats.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SearchAllMessages {
    account_id: AccountReference,
    /// What to search for: at most 256 characters. A blank text finds nothing, unless `kind` is given.
    #[serde(default)]
    q: String,
    /// How many messages: 20 if absent, at most 100.
    #[serde(default)]
    limit: Option<u32>,
    /// Only messages that hold this.
    #[serde(default)]
    kind: Option<MessageKind>,
    /// Only messages of chats of this kind.
    #[serde(default)]
    chat_type: Option<ChatType>,
    /// Only messages from this time on (Unix seconds).
    #[serde(default)]
    after_date: Option<i64>,
    /// Only messages before this time (Unix seconds).
    #[serde(default)]
    before_date: Option<i64>,
    /// Where the page begins: the `X-Next-Cursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
}

impl SearchAllMessages {
    fn search(&self) -> Result<MessageSearch, Error> {
        let (after_date, before_date) = valid_dates(self.after_date, self.before_date)?;
        let (text, kind) = (self.q.trim().to_owned(), self.kind);
        Ok(MessageSearch { text, kind, after_date, before_date, ..MessageSearch::default() })
    }
}

impl Operation for SearchAllMessages {
    const DECLARATION: Declaration = Declaration::new(
        "search_all_messages",
        "Search the messages of all chats, newest first.",
        Method::Get,
        "/accounts/{accountId}/messages/search",
        Access::Scope(Scope::MessagesRead),
        Effect::Read,
    );
    type Output = GlobalMessagePage;

    in_account!();

    leaves_out!();

    fn validate(&self) -> Result<(), Error> {
        check_query(&self.q)?;
        self.search().map(|_| ())
    }

    fn next_cursor(page: &GlobalMessagePage) -> Option<String> {
        page.next_cursor()
    }
}

impl AccountOperation for SearchAllMessages {
    async fn run(self, call: AccountCall) -> Result<GlobalMessagePage, Error> {
        let search = self.search()?;
        if search.text.is_empty() && search.kind.is_none() {
            return Ok(GlobalMessagePage::default());
        }
        let limit = self.limit.unwrap_or(GLOBAL_DEFAULT).clamp(1, GLOBAL_MAX);
        call.search_all_messages(&search, self.chat_type, self.cursor.as_deref(), limit).await
    }
}

/// The two ends of a span of time.
fn valid_dates(after: Option<i64>, before: Option<i64>) -> Result<(Option<i32>, Option<i32>), Error> {
    let dates = (valid_date("afterDate", after)?, valid_date("beforeDate", before)?);
    match dates {
        (Some(after), Some(before)) if before <= after => Err(Error::invalid("beforeDate", "must be later than afterDate")),
        dates => Ok(dates),
    }
}
