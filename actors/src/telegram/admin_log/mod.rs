//! What happened in supergroups and channels, for their administrators.

mod action;
mod entry;
mod kind;

use grammers_tl_types::{enums, functions};
use schemars::JsonSchema;
use serde::Serialize;

use super::addressing::Place;
use super::convert::Met;
use super::{ChatId, Connection, TelegramError};

pub use action::AdminLogAction;
pub use entry::AdminLogEntry;
pub use kind::AdminLogKind;

/// Telegram's own limit for one page of the log.
pub const ADMIN_LOG_PAGE_MAX: u32 = 100;

/// A page of the log.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdminLogPage {
    /// What happened, the latest first. Telegram forgets it after two days.
    pub items: Vec<AdminLogEntry>,
    /// Where the next page begins, if there may be one.
    pub next_cursor: Option<String>,
}

/// What of the log is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdminLogQuery {
    /// Of these kinds; of all of them where none is named.
    pub kinds: Vec<AdminLogKind>,
    /// By this user.
    pub by_user_id: Option<i64>,
    /// With this text in it.
    pub text: String,
}

impl Connection {
    /// A page of what happened in a supergroup or a channel, the latest first.
    ///
    /// # Errors
    /// [`TelegramError::InvalidCursor`], [`TelegramError::NotAGroup`], [`TelegramError::NotInBasicGroups`], [`TelegramError::UserNotFound`],
    /// `CHAT_ADMIN_REQUIRED`, or what any call can meet.
    pub async fn admin_log(
        &self,
        chat: ChatId,
        query: &AdminLogQuery,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<AdminLogPage, TelegramError> {
        let max_id = match cursor {
            None => 0,
            Some(cursor) => cursor.parse().ok().filter(|id: &i64| *id > 0).ok_or(TelegramError::InvalidCursor)?,
        };
        let Place::Channel(channel) = self.place(chat).await? else { return Err(TelegramError::NotInBasicGroups) };
        let admins = match query.by_user_id {
            Some(user_id) => Some(vec![self.input_user(user_id).await?]),
            None => None,
        };
        let limit = limit.min(ADMIN_LOG_PAGE_MAX);
        let request = functions::channels::GetAdminLog {
            channel,
            q: query.text.clone(),
            events_filter: (!query.kinds.is_empty()).then(|| AdminLogKind::filter(&query.kinds)),
            admins,
            max_id,
            min_id: 0,
            limit: i32::try_from(limit).unwrap_or(i32::MAX),
        };
        let enums::channels::AdminLogResults::Results(found) = self.invoke(&request).await?;
        let met = Met::new(found.users, found.chats);
        self.remember(&met).await?;
        let self_id = self.session.self_id();
        let items = found.events.iter().map(|enums::ChannelAdminLogEvent::Event(raw)| entry::entry(raw, &met, self_id));
        let items: Vec<AdminLogEntry> = items.collect();
        let is_whole = u32::try_from(items.len()).is_ok_and(|length| length < limit);
        let next_cursor = items.last().filter(|_| !is_whole).map(|last| last.id.clone());
        Ok(AdminLogPage { items, next_cursor })
    }
}
