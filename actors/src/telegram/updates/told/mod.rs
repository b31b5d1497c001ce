//! From Telegram's updates to events. Names and members of those that the reference has are the reference's; docs/api lists all.

mod calls;
mod chats;
mod members;
mod messages;
mod people;

use grammers_tl_types::enums::Update;
use serde::Serialize;

use super::super::convert::{Met, chat_of};
use super::super::{ChatId, ChatIdKind};
use super::state::GapReason;
use crate::events::NewEvent;

/// What is missing.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GapContent {
    /// `account` or `chat`.
    pub(super) scope: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) chat_id: Option<ChatId>,
    pub(super) reason: GapReason,
    /// When the last update before it came (Unix seconds).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<i32>,
}

/// Adds the events that an update is. Most kinds of updates are of no use to anybody but an official client, and are none.
pub(super) fn tell(update: &Update, met: &Met, self_id: Option<i64>, events: &mut Vec<NewEvent>) {
    match update {
        Update::NewMessage(it) => messages::new(&it.message, met, self_id, events),
        Update::NewChannelMessage(it) => messages::new(&it.message, met, self_id, events),
        Update::EditMessage(it) => messages::edited(&it.message, met, self_id, events),
        Update::EditChannelMessage(it) => messages::edited(&it.message, met, self_id, events),
        Update::DeleteMessages(it) => messages::deleted(None, &it.messages, events),
        Update::DeleteChannelMessages(it) => messages::deleted(Some(channel(it.channel_id)), &it.messages, events),
        Update::MessageReactions(it) => events.push(messages::reactions(it)),
        Update::MessagePoll(it) => events.push(messages::poll(it)),
        Update::PinnedMessages(it) => messages::pinned(chat_of(&it.peer), &it.messages, it.pinned, events),
        Update::PinnedChannelMessages(it) => messages::pinned(channel(it.channel_id), &it.messages, it.pinned, events),
        Update::ReadHistoryInbox(it) => {
            events.push(messages::read_by_account(chat_of(&it.peer), it.top_msg_id, it.max_id, Some(it.still_unread_count)))
        }
        Update::ReadChannelInbox(it) => {
            events.push(messages::read_by_account(channel(it.channel_id), None, it.max_id, Some(it.still_unread_count)));
        }
        Update::ReadChannelDiscussionInbox(it) => {
            events.push(messages::read_by_account(channel(it.channel_id), Some(it.top_msg_id), it.read_max_id, None));
        }
        Update::ReadHistoryOutbox(it) => events.push(messages::read_by_others(chat_of(&it.peer), None, it.max_id)),
        Update::ReadChannelOutbox(it) => events.push(messages::read_by_others(channel(it.channel_id), None, it.max_id)),
        Update::ReadChannelDiscussionOutbox(it) => {
            events.push(messages::read_by_others(channel(it.channel_id), Some(it.top_msg_id), it.read_max_id));
        }
        Update::DraftMessage(it) => events.push(messages::draft(it)),
        Update::UserTyping(it) => {
            events.push(people::typing(user(it.user_id), user(it.user_id), it.top_msg_id, &it.action));
        }
        Update::ChatUserTyping(it) => events.push(people::typing(group(it.chat_id), chat_of(&it.from_id), None, &it.action)),
        Update::ChannelUserTyping(it) => {
            events.push(people::typing(channel(it.channel_id), chat_of(&it.from_id), it.top_msg_id, &it.action));
        }
        Update::UserStatus(it) => events.push(people::status(it)),
        Update::ChatParticipantAdd(it) => events.push(members::added(it)),
        Update::ChatParticipantDelete(it) => events.push(members::removed(group(it.chat_id), it.user_id)),
        Update::ChatParticipantAdmin(it) => events.push(members::promoted(it)),
        Update::ChatParticipant(it) => events.push(members::changed_in_group(it)),
        Update::ChannelParticipant(it) => events.push(members::changed_in_channel(it)),
        Update::PhoneCall(it) => events.push(calls::call(&it.phone_call)),
        Update::PhoneCallSignalingData(it) => events.push(calls::signaling(it)),
        Update::GroupCall(it) => events.push(calls::group_call(it)),
        Update::GroupCallParticipants(it) => calls::participants(it, events),
        Update::GroupCallConnection(it) => events.push(calls::connection(it)),
        other => chats::tell(other, met, events),
    }
}

fn user(id: i64) -> ChatId {
    ChatId::of(ChatIdKind::User(id))
}

fn group(id: i64) -> ChatId {
    ChatId::of(ChatIdKind::Group(id))
}

fn channel(id: i64) -> ChatId {
    ChatId::of(ChatIdKind::Channel(id))
}
