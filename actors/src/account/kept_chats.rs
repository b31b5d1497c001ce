//! What is kept of an account's list of chats: one sealed record for each chat, in bounded number.

use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::account::ChatQuery;
use crate::runtime::now_ms;
use crate::telegram::{ChatId, ChatPage, ListPlace, ListedChat};
use crate::vault::{AccountRecords, Durability, Space, VaultError};

/// How many chats are kept. Beyond it, those that were silent for longest are let go until a tenth of the room is free.
pub(super) const KEPT_MAX: usize = 5_000;

/// How many characters of a title and a username are kept. With the beginning of a message, a record stays far below what the store takes.
const NAME_CHARACTERS: usize = 256;

/// How many kept chats are read at once.
const PAGE: usize = 1_024;

/// The one record about the list as a whole.
const LIST: &[u8] = b"";

/// What is kept of the list as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeptList {
    /// When its beginning was last read (Unix milliseconds).
    read_at_ms: u64,
    /// The chats that stay at the top, in their order.
    pinned: Vec<ChatId>,
}

/// See the module's description.
pub(super) struct KeptChats {
    records: AccountRecords,
    max: usize,
    /// How many there are, once that is known.
    count: Cell<Option<usize>>,
    /// Held while they change.
    turn: tokio::sync::Mutex<()>,
}

impl KeptChats {
    /// What is kept in an account's records, at most `max` chats.
    pub(super) fn new(records: AccountRecords, max: usize) -> Self {
        Self { records, max, count: Cell::new(None), turn: tokio::sync::Mutex::default() }
    }

    /// A page of the kept list; nothing, if no list was ever read.
    pub(super) async fn page(&self, query: &ChatQuery<'_>, from: ListPlace) -> Result<Option<ChatPage>, VaultError> {
        let Some(list) = self.records.get::<KeptList>(Space::ChatList, LIST).await? else { return Ok(None) };
        let mut kept = self.all().await?;
        for listed in &mut kept {
            listed.pinned = list.pinned.contains(&listed.chat.id);
        }
        // Pinned chats come first, in their order; the others by their newest message.
        kept.sort_by_key(|listed| {
            let place = list.pinned.iter().position(|chat| *chat == listed.chat.id);
            (place.unwrap_or(usize::MAX), Reverse(moved(listed)))
        });
        let age = now_ms().saturating_sub(list.read_at_ms) / 1_000;
        Ok(Some(page_of(&kept, query, from).aged(age)))
    }

    /// All kept chats, in no order that matters.
    async fn all(&self) -> Result<Vec<ListedChat>, VaultError> {
        let (mut kept, mut after): (Vec<ListedChat>, Option<Vec<u8>>) = (Vec::new(), None);
        loop {
            let page = self.records.scan::<ListedChat>(Space::Chat, after.as_deref(), PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(kept) };
            after = Some(last.clone());
            kept.extend(page.into_iter().map(|(_, listed)| listed));
        }
    }

    /// Keeps chats as they were read; those from the top of the list also tell which are pinned.
    pub(super) async fn keep(&self, read: &[ListedChat], is_top: bool) -> Result<(), VaultError> {
        let _turn = self.turn.lock().await;
        self.put(read, is_top).await
    }

    /// Keeps a list that was read from its beginning to its end, and nothing else.
    pub(super) async fn keep_whole(&self, read: &[ListedChat]) -> Result<(), VaultError> {
        let _turn = self.turn.lock().await;
        self.put(read, true).await?;
        self.retain(&read.iter().map(|listed| listed.chat.id).collect()).await
    }

    /// Lets all kept chats go but these.
    pub(super) async fn keep_only(&self, chats: &HashSet<ChatId>) -> Result<(), VaultError> {
        let _turn = self.turn.lock().await;
        self.retain(chats).await
    }

    /// Lets one chat go.
    pub(super) async fn forget(&self, chat: ChatId) -> Result<(), VaultError> {
        let _turn = self.turn.lock().await;
        self.count.set(None);
        self.records.batch().delete(Space::Chat, &record_id(chat)).commit(Durability::Relaxed).await
    }

    async fn put(&self, read: &[ListedChat], is_top: bool) -> Result<(), VaultError> {
        let before = match self.count.get() {
            Some(count) => count,
            None => self.all().await?.len(),
        };
        let (mut batch, mut fresh) = (self.records.batch(), 0);
        for listed in read {
            let (id, now) = (record_id(listed.chat.id), bounded(listed));
            let known = self.records.get::<ListedChat>(Space::Chat, &id).await?;
            fresh += usize::from(known.is_none());
            if known.as_ref() != Some(&now) {
                batch = batch.put(Space::Chat, &id, &now)?;
            }
        }
        if is_top {
            let pinned = read.iter().filter(|listed| listed.pinned).map(|listed| listed.chat.id).collect();
            batch = batch.put(Space::ChatList, LIST, &KeptList { read_at_ms: now_ms(), pinned })?;
        }
        batch.commit(Durability::Relaxed).await?;
        self.count.set(Some(before + fresh));
        if before + fresh > self.max { self.cut().await } else { Ok(()) }
    }

    async fn retain(&self, chats: &HashSet<ChatId>) -> Result<(), VaultError> {
        let kept = self.all().await?;
        let gone: Vec<ChatId> = kept.iter().map(|listed| listed.chat.id).filter(|id| !chats.contains(id)).collect();
        self.let_go(&gone, kept.len()).await
    }

    /// Lets the chats go that were silent for longest.
    async fn cut(&self) -> Result<(), VaultError> {
        let mut kept = self.all().await?;
        kept.sort_by_key(|listed| Reverse((listed.pinned, moved(listed))));
        let gone: Vec<ChatId> = kept.iter().skip(self.max - self.max / 10).map(|listed| listed.chat.id).collect();
        self.let_go(&gone, kept.len()).await
    }

    async fn let_go(&self, gone: &[ChatId], count: usize) -> Result<(), VaultError> {
        let batch = gone.iter().fold(self.records.batch(), |batch, chat| batch.delete(Space::Chat, &record_id(*chat)));
        if !gone.is_empty() {
            batch.commit(Durability::Relaxed).await?;
        }
        self.count.set(Some(count.saturating_sub(gone.len())));
        Ok(())
    }
}

/// When a chat last moved in the list, so that no two are equal.
fn moved(listed: &ListedChat) -> (i32, i32, i64) {
    (listed.date, listed.message_id, listed.chat.id.value())
}

/// A page of a list in its order.
fn page_of(kept: &[ListedChat], query: &ChatQuery<'_>, from: ListPlace) -> ChatPage {
    let pinned = kept.iter().take_while(|listed| listed.pinned).count();
    let start = match from {
        ListPlace::Top => 0,
        ListPlace::AfterPinned(count) => usize::try_from(count).unwrap_or(usize::MAX).min(pinned),
        // The chat may have moved since the page before.
        ListPlace::After { date, message_id, chat } => {
            let place = (date, message_id, chat.value());
            pinned + kept.iter().skip(pinned).take_while(|listed| moved(listed) >= place).count()
        }
    };
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let (mut place, mut chats) = (from, Vec::new());
    for (number, listed) in kept.iter().enumerate().skip(start) {
        place = place.after(listed);
        if query.filter.fits(listed) {
            chats.push(listed.chat.clone());
        }
        if chats.len() >= limit {
            let goes_on = number + 1 < kept.len();
            return ChatPage::new(chats, place.cursor().filter(|_| goes_on), None);
        }
    }
    ChatPage::new(chats, None, None)
}

fn record_id(chat: ChatId) -> [u8; 8] {
    chat.value().to_be_bytes()
}

/// A chat as it is kept.
fn bounded(listed: &ListedChat) -> ListedChat {
    let mut kept = listed.clone();
    kept.chat.title = cut(&kept.chat.title);
    kept.chat.username = kept.chat.username.as_deref().map(cut);
    kept
}

fn cut(text: &str) -> String {
    text.chars().take(NAME_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;
    use crate::identity::AccountId;
    use crate::store::{DataFolder, MemoryStore};
    use crate::telegram::ChatFilter;
    use crate::vault::{MasterKey, Vault};

    fn listed(id: i64, date: i32, pinned: bool) -> ListedChat {
        let chat = serde_json::json!({
            "id": id, "title": "t".repeat(300), "username": null, "unreadCount": 0, "chatType": "user", "lastMessage": null,
            "avatarPath": null, "isForum": false, "isMuted": false,
        });
        let chat = serde_json::from_value(chat).unwrap();
        ListedChat { chat, date, message_id: date, pinned, archived: id % 2 == 0, unread: false }
    }

    fn query<'a>(limit: u32, archived: Option<bool>) -> ChatQuery<'a> {
        ChatQuery { filter: ChatFilter { archived, ..ChatFilter::default() }, cursor: None, limit, live: false }
    }

    #[test]
    fn pages_of_every_length_make_the_whole_list() {
        let kept: Vec<_> = [(1, 5, true), (2, 90, true), (3, 80, false), (4, 80, false), (5, 7, false), (6, 1, false)]
            .map(|(id, date, pinned)| listed(id, date, pinned))
            .into();
        let mut kept = kept;
        kept[2..].sort_by_key(|one| std::cmp::Reverse((one.date, one.message_id, one.chat.id.value())));
        for archived in [None, Some(true), Some(false)] {
            for limit in 1..8 {
                let (mut from, mut seen) = (ListPlace::Top, Vec::new());
                loop {
                    let page = page_of(&kept, &query(limit, archived), from);
                    seen.extend(page.chats().iter().map(|chat| chat.id));
                    match page.next_cursor() {
                        Some(cursor) => from = ListPlace::parse(&cursor).unwrap(),
                        None => break,
                    }
                }
                let fits = kept.iter().filter(|one| archived.is_none_or(|archived| archived == one.archived));
                assert_eq!(seen, fits.map(|one| one.chat.id).collect::<Vec<_>>(), "{limit} {archived:?}");
            }
        }
    }

    #[test]
    fn a_record_is_bounded() {
        let mut long = listed(1, 1, false);
        long.chat.title = "\u{1}".repeat(10_000);
        assert!(serde_json::to_vec(&bounded(&long)).unwrap().len() < 4 * 1_024);
    }

    fn ids(chats: &[i64]) -> Vec<ChatId> {
        chats.iter().map(|id| ChatId::from_marked(*id).unwrap()).collect()
    }

    async fn told(kept: &KeptChats) -> Option<Vec<ChatId>> {
        let page = kept.page(&query(100, None), ListPlace::Top).await.unwrap()?;
        assert_eq!(page.age_secs(), Some(0));
        Some(page.chats().iter().map(|chat| chat.id).collect())
    }

    #[tokio::test]
    async fn what_is_read_is_kept_within_its_bounds() {
        let place = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(place.path()).unwrap();
        let key = MasterKey::parse(&SecretString::from("0123456789abcdef".repeat(4))).unwrap();
        let vault = Vault::open(&folder, &key, || Ok(MemoryStore::default())).await.unwrap();
        let user = vault.user_records(&"ada".parse().unwrap()).await.unwrap();
        let records = user.account(AccountId::generate()).await.unwrap();
        let kept = KeptChats::new(records.clone(), 10);
        assert_eq!(told(&kept).await, None, "no list was read");
        kept.keep(&[listed(1, 50, false)], false).await.unwrap();
        assert_eq!(told(&kept).await, None, "its beginning is not known");
        kept.keep(&[listed(2, 10, true), listed(3, 90, false)], true).await.unwrap();
        assert_eq!(told(&kept).await, Some(ids(&[2, 3, 1])));
        kept.keep(&[listed(3, 90, false), listed(2, 10, false)], true).await.unwrap();
        assert_eq!(told(&kept).await, Some(ids(&[3, 1, 2])), "nothing is pinned any more");
        let many: Vec<_> = (4..12).map(|id| listed(id, 100 + i32::try_from(id).unwrap(), false)).collect();
        kept.keep(&many, false).await.unwrap();
        assert_eq!(told(&kept).await, Some(ids(&[11, 10, 9, 8, 7, 6, 5, 4, 3])), "one beyond the bound, and one for room");
        // Another incarnation counts anew.
        let kept = KeptChats::new(records, 10);
        kept.keep(&[listed(20, 200, false), listed(21, 201, false)], false).await.unwrap();
        assert_eq!(told(&kept).await.unwrap().len(), 9);
        kept.forget(ChatId::from_marked(21).unwrap()).await.unwrap();
        assert_eq!(told(&kept).await.unwrap()[0], ChatId::from_marked(20).unwrap());
        kept.keep_whole(&[listed(7, 7, false), listed(30, 30, false)]).await.unwrap();
        assert_eq!(told(&kept).await, Some(ids(&[30, 7])), "what the whole list does not have is gone");
    }
}
