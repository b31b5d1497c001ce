//! Telegram's own folders (`dialogFilter`), which every client of the account shows.

use std::collections::HashMap;

use grammers_tl_types::{enums, functions, types};
use schemars::JsonSchema;
use serde::Serialize;

use super::chat_id::ChatIdKind;
use super::{ChatId, Connection, TelegramError};

/// The id of the folder that holds all chats. It is always there.
const ALL_CHATS_ID: i32 = 0;

/// The ids that folders may have. Telegram keeps 0 and 1 for itself.
const IDS: std::ops::RangeInclusive<i32> = 2..=255;

/// What a folder of Telegram holds, as one may set it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FolderContent {
    /// Its name.
    pub title: String,
    /// The emoji that stands for it.
    pub emoticon: Option<String>,
    /// The number of its colour.
    pub color: Option<i32>,
    /// Whether chats with contacts are in it.
    pub contacts: bool,
    /// Whether chats with others than contacts are in it.
    pub non_contacts: bool,
    /// Whether groups are in it.
    pub groups: bool,
    /// Whether channels are in it.
    pub channels: bool,
    /// Whether chats with bots are in it.
    pub bots: bool,
    /// Whether muted chats are left out.
    pub exclude_muted: bool,
    /// Whether read chats are left out.
    pub exclude_read: bool,
    /// Whether archived chats are left out.
    pub exclude_archived: bool,
    /// Chats that are pinned in it, in their order.
    pub pinned_chat_ids: Vec<ChatId>,
    /// Chats that are in it.
    pub included_chat_ids: Vec<ChatId>,
    /// Chats that are not.
    pub excluded_chat_ids: Vec<ChatId>,
}

impl FolderContent {
    /// Whether it includes nothing at all.
    pub fn is_empty(&self) -> bool {
        let any_kind = self.contacts || self.non_contacts || self.groups || self.channels || self.bots;
        !any_kind && self.pinned_chat_ids.is_empty() && self.included_chat_ids.is_empty()
    }

    /// Whether it holds named chats only, as a shared folder does.
    fn is_plain(&self) -> bool {
        let any_kind = self.contacts || self.non_contacts || self.groups || self.channels || self.bots;
        let any_exclusion = self.exclude_muted || self.exclude_read || self.exclude_archived;
        !any_kind && !any_exclusion && self.excluded_chat_ids.is_empty()
    }
}

/// A folder of Telegram.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TelegramFolder {
    /// Its id; 0 is the folder of all chats, which cannot be changed.
    pub id: i32,
    /// Whether it came from an invite link, or has one.
    pub is_shared: bool,
    /// What it holds.
    #[serde(flatten)]
    pub content: FolderContent,
}

/// The account's folders as Telegram has them, in their order.
#[derive(Debug)]
pub struct TelegramFolders(Vec<enums::DialogFilter>);

impl TelegramFolders {
    /// The folders as clients see them. `self_id` is whom the account belongs to.
    fn seen_by(&self, self_id: Option<i64>) -> Vec<TelegramFolder> {
        self.0.iter().map(|filter| folder(filter, self_id)).collect()
    }

    /// Whether there is a folder with this id that may be changed.
    pub fn contains(&self, id: i32) -> bool {
        id != ALL_CHATS_ID && self.find(id).is_some()
    }

    /// An id that no folder has, if one is left.
    pub fn free_id(&self) -> Option<i32> {
        IDS.into_iter().find(|id| self.find(*id).is_none())
    }

    /// All ids with these first: the order that Telegram is to be told. The folder of all chats stays first unless it is named.
    pub fn ordered(&self, first: &[i32]) -> Vec<i32> {
        let (default, others): (Vec<i32>, Vec<i32>) =
            self.0.iter().map(id_of).filter(|id| !first.contains(id)).partition(|id| *id == ALL_CHATS_ID);
        default.into_iter().chain(first.iter().copied()).chain(others).collect()
    }

    /// The first of these ids that no folder has.
    pub fn first_unknown(&self, ids: &[i32]) -> Option<i32> {
        ids.iter().copied().find(|id| self.find(*id).is_none())
    }

    fn find(&self, id: i32) -> Option<&enums::DialogFilter> {
        self.0.iter().find(|filter| id_of(filter) == id)
    }

    /// How to address the chats that are in folders already.
    fn peers(&self, self_id: Option<i64>) -> HashMap<ChatId, enums::InputPeer> {
        let peers = self.0.iter().flat_map(|filter| match filter {
            enums::DialogFilter::Default => Vec::new(),
            enums::DialogFilter::Filter(filter) => {
                [filter.pinned_peers.clone(), filter.include_peers.clone(), filter.exclude_peers.clone()].concat()
            }
            enums::DialogFilter::Chatlist(filter) => [filter.pinned_peers.clone(), filter.include_peers.clone()].concat(),
        });
        peers.filter_map(|peer| Some((chat_of(&peer, self_id)?, peer))).collect()
    }
}

impl Connection {
    /// The account's folders.
    ///
    /// # Errors
    /// What any call can meet.
    pub async fn telegram_folders(&self) -> Result<TelegramFolders, TelegramError> {
        let enums::messages::DialogFilters::Filters(found) = self.invoke(&functions::messages::GetDialogFilters {}).await?;
        Ok(TelegramFolders(found.filters))
    }

    /// Folders as clients see them.
    pub fn seen_folders(&self, folders: &TelegramFolders) -> Vec<TelegramFolder> {
        folders.seen_by(self.session.self_id())
    }

    /// Makes the folder with this id what `content` says, whether it is among the known ones or new.
    ///
    /// # Errors
    /// [`TelegramError::ChatNotFound`], [`TelegramError::SharedFolder`], `DIALOG_FILTERS_TOO_MUCH`, or what any call can meet.
    pub async fn put_telegram_folder(
        &self,
        id: i32,
        content: &FolderContent,
        known: &TelegramFolders,
    ) -> Result<TelegramFolder, TelegramError> {
        let peers = known.peers(self.session.self_id());
        let pinned_peers = self.peers_of(&content.pinned_chat_ids, &peers).await?;
        let include_peers = self.peers_of(&content.included_chat_ids, &peers).await?;
        let exclude_peers = self.peers_of(&content.excluded_chat_ids, &peers).await?;
        let title = types::TextWithEntities { text: content.title.clone(), entities: Vec::new() };
        let (emoticon, color) = (content.emoticon.clone(), content.color);
        let (filter, is_shared): (enums::DialogFilter, bool) = match known.find(id) {
            Some(enums::DialogFilter::Chatlist(_)) if !content.is_plain() => return Err(TelegramError::SharedFolder),
            Some(enums::DialogFilter::Chatlist(former)) => {
                let changed = types::DialogFilterChatlist {
                    title: title.into(),
                    emoticon,
                    color,
                    pinned_peers,
                    include_peers,
                    ..former.clone()
                };
                (changed.into(), true)
            }
            former => {
                let filter = types::DialogFilter {
                    contacts: content.contacts,
                    non_contacts: content.non_contacts,
                    groups: content.groups,
                    broadcasts: content.channels,
                    bots: content.bots,
                    exclude_muted: content.exclude_muted,
                    exclude_read: content.exclude_read,
                    exclude_archived: content.exclude_archived,
                    title_noanimate: matches!(former, Some(enums::DialogFilter::Filter(former)) if former.title_noanimate),
                    id,
                    title: title.into(),
                    emoticon,
                    color,
                    pinned_peers,
                    include_peers,
                    exclude_peers,
                };
                (filter.into(), false)
            }
        };
        self.invoke(&functions::messages::UpdateDialogFilter { id, filter: Some(filter) }).await?;
        Ok(TelegramFolder { id, is_shared, content: content.clone() })
    }

    /// Removes a folder; its chats stay.
    ///
    /// # Errors
    /// `FILTER_ID_INVALID`, or what any call can meet.
    pub async fn delete_telegram_folder(&self, id: i32) -> Result<(), TelegramError> {
        self.invoke(&functions::messages::UpdateDialogFilter { id, filter: None }).await.map(|_| ())
    }

    /// Puts the folders into this order.
    ///
    /// # Errors
    /// What any call can meet.
    pub async fn reorder_telegram_folders(&self, order: Vec<i32>) -> Result<(), TelegramError> {
        self.invoke(&functions::messages::UpdateDialogFiltersOrder { order }).await.map(|_| ())
    }

    async fn peers_of(
        &self,
        chats: &[ChatId],
        known: &HashMap<ChatId, enums::InputPeer>,
    ) -> Result<Vec<enums::InputPeer>, TelegramError> {
        let mut peers = Vec::with_capacity(chats.len());
        for chat in chats {
            peers.push(match known.get(chat) {
                Some(peer) => peer.clone(),
                None => self.input_peer(*chat).await?,
            });
        }
        Ok(peers)
    }
}

fn id_of(filter: &enums::DialogFilter) -> i32 {
    match filter {
        enums::DialogFilter::Default => ALL_CHATS_ID,
        enums::DialogFilter::Filter(filter) => filter.id,
        enums::DialogFilter::Chatlist(filter) => filter.id,
    }
}

fn folder(filter: &enums::DialogFilter, self_id: Option<i64>) -> TelegramFolder {
    let chats = |peers: &[enums::InputPeer]| peers.iter().filter_map(|peer| chat_of(peer, self_id)).collect();
    let id = id_of(filter);
    let (is_shared, content) = match filter {
        enums::DialogFilter::Default => {
            let everything = FolderContent {
                title: "All chats".to_owned(),
                contacts: true,
                non_contacts: true,
                groups: true,
                channels: true,
                bots: true,
                exclude_archived: true,
                ..FolderContent::default()
            };
            (false, everything)
        }
        enums::DialogFilter::Filter(filter) => {
            let content = FolderContent {
                title: text_of(&filter.title),
                emoticon: filter.emoticon.clone(),
                color: filter.color,
                contacts: filter.contacts,
                non_contacts: filter.non_contacts,
                groups: filter.groups,
                channels: filter.broadcasts,
                bots: filter.bots,
                exclude_muted: filter.exclude_muted,
                exclude_read: filter.exclude_read,
                exclude_archived: filter.exclude_archived,
                pinned_chat_ids: chats(&filter.pinned_peers),
                included_chat_ids: chats(&filter.include_peers),
                excluded_chat_ids: chats(&filter.exclude_peers),
            };
            (false, content)
        }
        enums::DialogFilter::Chatlist(filter) => {
            let content = FolderContent {
                title: text_of(&filter.title),
                emoticon: filter.emoticon.clone(),
                color: filter.color,
                pinned_chat_ids: chats(&filter.pinned_peers),
                included_chat_ids: chats(&filter.include_peers),
                ..FolderContent::default()
            };
            (true, content)
        }
    };
    TelegramFolder { id, is_shared, content }
}

fn text_of(title: &enums::TextWithEntities) -> String {
    let enums::TextWithEntities::Entities(title) = title;
    title.text.clone()
}

fn chat_of(peer: &enums::InputPeer, self_id: Option<i64>) -> Option<ChatId> {
    let kind = match peer {
        enums::InputPeer::Empty => return None,
        enums::InputPeer::PeerSelf => ChatIdKind::User(self_id?),
        enums::InputPeer::User(user) => ChatIdKind::User(user.user_id),
        enums::InputPeer::Chat(chat) => ChatIdKind::Group(chat.chat_id),
        enums::InputPeer::Channel(channel) => ChatIdKind::Channel(channel.channel_id),
        enums::InputPeer::UserFromMessage(user) => ChatIdKind::User(user.user_id),
        enums::InputPeer::ChannelFromMessage(channel) => ChatIdKind::Channel(channel.channel_id),
    };
    Some(ChatId::of(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(id: i32) -> enums::DialogFilter {
        types::DialogFilterChatlist {
            has_my_invites: false,
            title_noanimate: false,
            id,
            title: types::TextWithEntities { text: format!("{id}"), entities: Vec::new() }.into(),
            emoticon: None,
            color: None,
            pinned_peers: Vec::new(),
            include_peers: vec![enums::InputPeer::PeerSelf],
        }
        .into()
    }

    #[test]
    fn the_folder_of_all_chats_stays_first_unless_it_is_named() {
        let folders = TelegramFolders(vec![enums::DialogFilter::Default, plain(2), plain(3), plain(4)]);
        assert_eq!(folders.ordered(&[4, 2]), [0, 4, 2, 3]);
        assert_eq!(folders.ordered(&[4, 0]), [4, 0, 2, 3]);
        assert_eq!(folders.first_unknown(&[4, 0, 9]), Some(9));
        assert_eq!(folders.free_id(), Some(5));
        assert!(folders.contains(2) && !folders.contains(0) && !folders.contains(5));
    }

    #[test]
    fn a_shared_folder_is_seen_with_its_chats() {
        let seen = TelegramFolders(vec![plain(2)]).seen_by(Some(7));
        assert!(seen[0].is_shared && seen[0].content.is_plain());
        assert_eq!(seen[0].content.included_chat_ids, [ChatId::of(ChatIdKind::User(7))]);
    }
}
