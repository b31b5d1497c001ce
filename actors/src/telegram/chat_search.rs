//! Finding chats by what they are called.

use grammers_tl_types::{enums, functions};

use super::chat_id::ChatIdKind;
use super::convert::{self, Met};
use super::{ChatId, Connection, FoundChat, TelegramError};

impl Connection {
    /// People, groups and channels whose name or username fits: the account's own first.
    ///
    /// # Errors
    /// As every call.
    pub async fn search_chats(&self, query: &str, limit: u32) -> Result<Vec<FoundChat>, TelegramError> {
        let limit_of_telegram = i32::try_from(limit).unwrap_or(i32::MAX);
        let request =
            functions::contacts::Search { broadcasts: false, bots: false, q: query.to_owned(), limit: limit_of_telegram };
        let enums::contacts::Found::Found(found) = self.invoke(&request).await?;
        let met = Met::new(found.users, found.chats);
        self.remember(&met).await?;
        let mut seen = std::collections::HashSet::new();
        let ids = found.my_results.iter().chain(&found.results).map(convert::chat_of).filter(|id| seen.insert(*id));
        Ok(ids.take(usize::try_from(limit).unwrap_or(usize::MAX)).map(|id| found_chat(id, &met)).collect())
    }
}

fn found_chat(id: ChatId, met: &Met) -> FoundChat {
    let chat = convert::chat_of_peer(id, met);
    let (bare, members) = match (id.kind(), met.group(id)) {
        (ChatIdKind::User(bare), _) => (bare, None),
        (ChatIdKind::Group(bare), Some(enums::Chat::Chat(group))) => (bare, Some(group.participants_count)),
        (ChatIdKind::Channel(bare), Some(enums::Chat::Channel(channel))) => (bare, channel.participants_count),
        (ChatIdKind::Group(bare) | ChatIdKind::Channel(bare), _) => (bare, None),
    };
    FoundChat {
        id: bare,
        title: chat.title,
        username: chat.username,
        result_type: chat.chat_type,
        subscribers_count: members,
        chat_id: id,
    }
}
