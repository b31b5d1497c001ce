//! The list of chats: Telegram's pages of it, what of them a caller wants, and where a page begins.

use grammers_tl_types::{enums, functions, types};
use serde::{Deserialize, Serialize};

use super::convert::{self, Met};
use super::{Chat, ChatId, ChatType, Connection, TelegramError};
use crate::runtime::now_secs;

/// The most chats that Telegram gives at once.
pub(super) const DIALOGS_PAGE_MAX: u32 = 100;

/// How many of Telegram's pages one call looks through for what its caller wants.
const PAGES_MAX: usize = 10;

/// Which chats a list is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChatFilter {
    /// Of this kind only.
    pub chat_type: Option<ChatType>,
    /// Those with something unread, or those without.
    pub unread: Option<bool>,
    /// Those in the archive, or those that are not.
    pub archived: Option<bool>,
}

impl ChatFilter {
    /// Whether a chat is of the list.
    pub fn fits(&self, listed: &ListedChat) -> bool {
        self.chat_type.is_none_or(|wanted| wanted == listed.chat.chat_type)
            && self.unread.is_none_or(|wanted| wanted == listed.unread)
            && self.archived.is_none_or(|wanted| wanted == listed.archived)
    }
}

/// A chat and its place in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedChat {
    /// What the list shows of it.
    pub chat: Chat,
    /// When its newest message was sent (Unix seconds); 0 without one.
    pub date: i32,
    /// Its newest message; 0 without one.
    pub message_id: i32,
    /// Whether it stays at the top.
    pub pinned: bool,
    /// Whether it is in the archive.
    pub archived: bool,
    /// Whether it has unread messages, or is marked unread.
    pub unread: bool,
}

/// Where a page of the list begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListPlace {
    /// At the top.
    #[default]
    Top,
    /// After so many of the pinned chats, which come first.
    AfterPinned(u32),
    /// After this message of this chat, which is not pinned.
    After {
        /// When it was sent (Unix seconds).
        date: i32,
        /// The message.
        message_id: i32,
        /// The chat.
        chat: ChatId,
    },
}

impl ListPlace {
    /// Reads a cursor.
    pub fn parse(cursor: &str) -> Option<Self> {
        if let Some(count) = cursor.strip_prefix('p') {
            return count.parse().ok().map(Self::AfterPinned);
        }
        let mut parts = cursor.split('.');
        let date = parts.next()?.parse().ok()?;
        let message_id = parts.next()?.parse().ok()?;
        let chat = ChatId::from_marked(parts.next()?.parse().ok()?)?;
        parts.next().is_none().then_some(Self::After { date, message_id, chat })
    }

    /// The cursor of this place; none at the top.
    pub fn cursor(self) -> Option<String> {
        match self {
            Self::Top => None,
            Self::AfterPinned(count) => Some(format!("p{count}")),
            Self::After { date, message_id, chat } => Some(format!("{date}.{message_id}.{}", chat.value())),
        }
    }

    /// The place after a chat that follows this place. A chat without messages has no place of its own, so that of the one before it
    /// stands.
    pub fn after(self, listed: &ListedChat) -> Self {
        match self {
            Self::Top if listed.pinned => Self::AfterPinned(1),
            Self::AfterPinned(count) if listed.pinned => Self::AfterPinned(count.saturating_add(1)),
            _ if listed.date > 0 => Self::After { date: listed.date, message_id: listed.message_id, chat: listed.chat.id },
            before => before,
        }
    }
}

/// Chats as they were read, one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChatScan {
    /// All that were looked at.
    pub looked_at: Vec<ListedChat>,
    /// Where the list goes on, if it does.
    pub next: Option<ListPlace>,
}

impl Connection {
    /// Chats from a place on, most recent first, until so many fit, the list is over, or enough was looked at.
    ///
    /// # Errors
    /// As every call.
    pub async fn scan_chats(&self, filter: &ChatFilter, from: ListPlace, limit: u32) -> Result<ChatScan, TelegramError> {
        let mut scan = ChatScan::default();
        let (mut place, mut missing) = (from, limit);
        for _ in 0..PAGES_MAX {
            // Without a filter every chat fits, and no more are asked for than that.
            let asked = if filter.chat_type.is_none() && filter.unread.is_none() { missing } else { DIALOGS_PAGE_MAX };
            let (page, is_last) = self.dialogs(place, filter.archived, asked.min(DIALOGS_PAGE_MAX)).await?;
            let before = place;
            let length = page.len();
            for (number, listed) in page.into_iter().enumerate() {
                place = place.after(&listed);
                missing = missing.saturating_sub(u32::from(filter.fits(&listed)));
                scan.looked_at.push(listed);
                if missing == 0 {
                    scan.next = (!is_last || number + 1 < length).then_some(place);
                    return Ok(scan);
                }
            }
            // A page of nothing but chats without messages leads no further.
            if is_last || length == 0 || place == before {
                return Ok(scan);
            }
        }
        scan.next = Some(place);
        Ok(scan)
    }

    /// One of Telegram's pages, and whether it was the last.
    async fn dialogs(
        &self,
        place: ListPlace,
        archived: Option<bool>,
        limit: u32,
    ) -> Result<(Vec<ListedChat>, bool), TelegramError> {
        let (offset_date, offset_id, offset_peer, skipped) = match place {
            ListPlace::Top => (0, 0, enums::InputPeer::Empty, 0),
            ListPlace::AfterPinned(count) => (0, 0, enums::InputPeer::Empty, count),
            ListPlace::After { date, message_id, chat } => (date, message_id, Box::pin(self.input_peer(chat)).await?, 0),
        };
        let asked = limit.saturating_add(skipped).min(DIALOGS_PAGE_MAX);
        let request = functions::messages::GetDialogs {
            // Pinned chats were given on the pages before.
            exclude_pinned: matches!(place, ListPlace::After { .. }),
            folder_id: archived.map(i32::from),
            offset_date,
            offset_id,
            offset_peer,
            limit: i32::try_from(asked).unwrap_or(i32::MAX),
            hash: 0,
        };
        let (dialogs, messages, chats, users, is_last) = match self.invoke(&request).await? {
            enums::messages::Dialogs::Dialogs(all) => (all.dialogs, all.messages, all.chats, all.users, true),
            enums::messages::Dialogs::Slice(slice) => (slice.dialogs, slice.messages, slice.chats, slice.users, false),
            enums::messages::Dialogs::NotModified(_) => return Err(TelegramError::Unexpected("nothing was modified")),
        };
        let met = Met::new(users, chats).seen_in(&messages);
        self.remember(&met).await?;
        let now = i64::try_from(now_secs()).unwrap_or(i64::MAX);
        let dialogs = dialogs.iter().filter_map(|dialog| match dialog {
            enums::Dialog::Dialog(dialog) => Some(listed(dialog, &messages, &met, now)),
            _ => None,
        });
        Ok((dialogs.skip(usize::try_from(skipped).unwrap_or(usize::MAX)).collect(), is_last))
    }
}

/// A chat and its place; `now` in Unix seconds.
fn listed(dialog: &types::Dialog, messages: &[enums::Message], met: &Met, now: i64) -> ListedChat {
    let newest = messages.iter().find(|message| {
        convert::message_id(message) == dialog.top_message
            && convert::message_place(message).is_some_and(|(_, chat)| chat == convert::chat_of(&dialog.peer))
    });
    ListedChat {
        chat: convert::chat(dialog, newest, met, now),
        date: newest.and_then(convert::message_place).map_or(0, |(date, _)| date),
        message_id: dialog.top_message,
        pinned: dialog.pinned,
        archived: dialog.folder_id.is_some_and(|folder| folder != 0),
        unread: dialog.unread_count > 0 || dialog.unread_mark,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_place_survives_its_cursor(date: i32, message_id: i32, chat in 1i64..1_000_000, count: u32) {
            for place in [
                ListPlace::AfterPinned(count),
                ListPlace::After { date, message_id, chat: ChatId::from_marked(-chat).unwrap() },
            ] {
                prop_assert_eq!(ListPlace::parse(&place.cursor().unwrap()), Some(place));
            }
        }

        #[test]
        fn no_text_makes_a_cursor_panic(text in ".{0,60}") {
            let _any = ListPlace::parse(&text);
        }
    }
}
