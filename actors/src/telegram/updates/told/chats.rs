//! What changes about chats themselves.

use grammers_tl_types::{enums, types};
use serde::Serialize;

use super::super::super::ChatId;
use super::super::super::convert::{Met, chat_of};
use super::{channel, group, user};
use crate::events::{EventName, NewEvent};

/// What changed about a chat, and what it is now where that is one value.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChatChange {
    /// Nothing: it is about the list of chats, not one of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    chat_id: Option<ChatId>,
    change: Change,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
}

/// What changed.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum Change {
    /// Whether the account is in it (the value), or something else that `GET …/chats/{chatId}` shows.
    Details,
    /// The members of a basic group.
    Members,
    /// What members may do.
    Permissions,
    /// Whether notifications are off.
    Muted,
    /// Whether it is at the top of the list.
    Pinned,
    /// Whether it is marked unread.
    UnreadMark,
    /// Whether it is in the archive.
    Archived,
    /// Whether the account has blocked it.
    Blocked,
    /// After how many seconds messages vanish.
    AutoDelete,
    /// How many ask to be let in.
    JoinRequests,
    /// A person's name, photo, number or other details.
    Profile,
    /// The account's folders.
    Folders,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Value {
    Flag(bool),
    Number(i32),
}

fn event(chat_id: Option<ChatId>, change: Change, value: Option<Value>) -> NewEvent {
    NewEvent::new(EventName::ChatChanged, chat_id, &ChatChange { chat_id, change, value })
}

fn flag(chat: ChatId, change: Change, value: bool) -> NewEvent {
    event(Some(chat), change, Some(Value::Flag(value)))
}

/// Adds the events that an update of a chat is.
pub(super) fn tell(update: &enums::Update, met: &Met, events: &mut Vec<NewEvent>) {
    use enums::Update;
    events.push(match update {
        Update::Channel(it) => details(channel(it.channel_id), met),
        Update::Chat(it) => details(group(it.chat_id), met),
        Update::ChatParticipants(it) => event(Some(group(chat_of_participants(&it.participants))), Change::Members, None),
        Update::ChatDefaultBannedRights(it) => event(Some(chat_of(&it.peer)), Change::Permissions, None),
        Update::NotifySettings(it) => match muted(it) {
            Some(event) => event,
            None => return,
        },
        Update::DialogPinned(it) => match chat_of_dialog(&it.peer) {
            Some(chat) => flag(chat, Change::Pinned, it.pinned),
            None => return,
        },
        Update::DialogUnreadMark(it) => match chat_of_dialog(&it.peer) {
            Some(chat) => flag(chat, Change::UnreadMark, it.unread),
            None => return,
        },
        Update::FolderPeers(it) => {
            let moved = it.folder_peers.iter().map(|enums::FolderPeer::Peer(moved)| moved);
            return events.extend(moved.map(|moved| flag(chat_of(&moved.peer), Change::Archived, moved.folder_id == 1)));
        }
        Update::PeerBlocked(it) => flag(chat_of(&it.peer_id), Change::Blocked, it.blocked),
        Update::PeerHistoryTtl(it) => {
            event(Some(chat_of(&it.peer)), Change::AutoDelete, Some(Value::Number(it.ttl_period.unwrap_or(0))))
        }
        Update::PendingJoinRequests(it) => {
            event(Some(chat_of(&it.peer)), Change::JoinRequests, Some(Value::Number(it.requests_pending)))
        }
        Update::UserName(it) => event(Some(user(it.user_id)), Change::Profile, None),
        Update::UserPhone(it) => event(Some(user(it.user_id)), Change::Profile, None),
        Update::User(it) => event(Some(user(it.user_id)), Change::Profile, None),
        Update::PeerSettings(it) => event(Some(chat_of(&it.peer)), Change::Profile, None),
        Update::DialogFilter(_) | Update::DialogFilterOrder(_) | Update::DialogFilters => event(None, Change::Folders, None),
        _ => return,
    });
}

/// Whether the account is in it, where what came with the update tells.
fn details(chat: ChatId, met: &Met) -> NewEvent {
    let is_member = met.group(chat).map(|chat| match chat {
        enums::Chat::Chat(chat) => !chat.left && !chat.deactivated,
        enums::Chat::Channel(channel) => !channel.left,
        _ => false,
    });
    event(Some(chat), Change::Details, is_member.map(Value::Flag))
}

fn chat_of_participants(participants: &enums::ChatParticipants) -> i64 {
    match participants {
        enums::ChatParticipants::Participants(it) => it.chat_id,
        enums::ChatParticipants::Forbidden(it) => it.chat_id,
    }
}

fn chat_of_dialog(dialog: &enums::DialogPeer) -> Option<ChatId> {
    match dialog {
        enums::DialogPeer::Peer(dialog) => Some(chat_of(&dialog.peer)),
        _ => None,
    }
}

fn muted(update: &types::UpdateNotifySettings) -> Option<NewEvent> {
    let enums::NotifyPeer::Peer(peer) = &update.peer else { return None };
    let enums::PeerNotifySettings::Settings(settings) = &update.notify_settings;
    Some(flag(chat_of(&peer.peer), Change::Muted, settings.mute_until.is_some_and(|until| until > 0)))
}
