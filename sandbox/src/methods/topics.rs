//! Forums and their topics.

use std::cmp::Reverse;

use grammers_tl_types as tl;

use super::administration::check_administers;
use super::call::Call;
use super::error::RpcError;
use super::history::PAGE_MAX;
use super::messages;
use crate::world::administration::{right, taken};
use crate::world::event::Event;
use crate::world::ids::PeerId;
use crate::world::state::Channel;
use crate::world::topics::{Forum, GENERAL, ICON_COLORS, NewTopic, PINNED_MAX, TopicChange, TopicEvent};
use crate::world::view::count;

/// The longest title, in characters.
const TITLE_CHARS_MAX: usize = 128;
/// Messages that one call of `messages.deleteTopicHistory` deletes.
const DELETED_MAX: usize = 100;
/// The icons that everybody may give a topic; any other custom emoji is for Telegram Premium.
const ICON_EMOJI: [i64; 4] =
    [5_312_536_423_851_630_001, 5_312_016_608_254_762_256, 5_377_544_228_505_134_960, 5_418_085_807_791_545_980];

/// The supergroup that a caller names, which must be a forum.
///
/// # Errors
/// `CHANNEL_FORUM_MISSING`.
fn forum(call: &Call<'_>, peer: &tl::enums::InputPeer) -> Result<i64, RpcError> {
    match call.peer(peer)? {
        PeerId::Channel(id) if call.state().forums.forum(id).is_some() => Ok(id),
        _ => Err(RpcError::bad_request("CHANNEL_FORUM_MISSING")),
    }
}

fn topics<'a>(call: &'a Call<'_>, channel_id: i64) -> Result<(&'a Channel, &'a Forum), RpcError> {
    let state = call.state();
    state.channels.get(&channel_id).zip(state.forums.forum(channel_id)).ok_or(RpcError::bad_request("CHANNEL_FORUM_MISSING"))
}

/// Whether a user may write where a message goes that answers this one.
///
/// # Errors
/// `TOPIC_CLOSED` and `TOPIC_DELETED`.
pub fn check_open(call: &Call<'_>, user_id: i64, peer: PeerId, reply_to: Option<i32>) -> Result<(), RpcError> {
    let PeerId::Channel(channel_id) = peer else { return Ok(()) };
    let Some(forum) = call.state().forums.forum(channel_id) else { return Ok(()) };
    let topic_id = forum.topic_of_answer(reply_to);
    let topic = forum.topics.get(&topic_id).ok_or(RpcError::bad_request("TOPIC_DELETED"))?;
    if topic.closed && !call.state().may_manage_topic(user_id, channel_id, topic_id) {
        return Err(RpcError::bad_request("TOPIC_CLOSED"));
    }
    Ok(())
}

/// Whether a topic is one of the chat, for calls that look for the messages of one.
///
/// # Errors
/// `TOPIC_ID_INVALID`.
pub fn is_in_topic(call: &Call<'_>, peer: PeerId, topic_id: i32, message_id: i32) -> Result<bool, RpcError> {
    let invalid = RpcError::bad_request("TOPIC_ID_INVALID");
    let PeerId::Channel(channel_id) = peer else { return Err(invalid) };
    let forum = call.state().forums.forum(channel_id).ok_or(invalid)?;
    Ok(forum.topic_of(message_id) == topic_id)
}

/// Those of these messages that are in a topic.
///
/// # Errors
/// `TOPIC_ID_INVALID`.
pub fn only_in_topic(call: &Call<'_>, peer: PeerId, topic_id: i32, ids: Vec<i32>) -> Result<Vec<i32>, RpcError> {
    let mut kept = Vec::new();
    for id in ids {
        if is_in_topic(call, peer, topic_id, id)? {
            kept.push(id);
        }
    }
    Ok(kept)
}

/// The topic that a reply names, beside the message that it answers or in its place.
pub fn named(call: &Call<'_>, peer: PeerId, reply: &tl::types::InputReplyToMessage) -> Option<i32> {
    let PeerId::Channel(channel_id) = peer else { return None };
    let forum = call.state().forums.forum(channel_id)?;
    let known = |id: &i32| *id != GENERAL && (forum.topics.contains_key(id) || forum.deleted.contains(id));
    reply.top_msg_id.filter(known).or(Some(reply.reply_to_msg_id).filter(known))
}

/// `channels.toggleForum`: for the creator of a supergroup.
pub fn toggle_forum(call: &mut Call<'_>, request: tl::functions::channels::ToggleForum) -> Result<tl::enums::Updates, RpcError> {
    let channel = call.channel(&request.channel)?;
    let (channel_id, broadcast, creator) = (channel.id, channel.broadcast, channel.creator);
    let by = call.user_id()?;
    if broadcast {
        return Err(RpcError::bad_request("CHAT_NOT_MODIFIED"));
    }
    if creator != by {
        return Err(RpcError::bad_request("CHAT_ADMIN_REQUIRED"));
    }
    let before = call.state().forums.forum(channel_id);
    if before.is_some_and(|forum| forum.tabs == request.tabs) == request.enabled {
        return Err(RpcError::bad_request("CHAT_NOT_MODIFIED"));
    }
    let (enabled, tabs, date) = (request.enabled, request.tabs, call.now);
    let notices = call.change(Event::Topic(TopicEvent::Toggled { channel_id, enabled, tabs, by, date }));
    call.answer(None, &notices)
}

fn title(title: &str) -> Result<String, RpcError> {
    let title = title.trim().to_owned();
    if title.is_empty() {
        return Err(RpcError::bad_request("TOPIC_TITLE_EMPTY"));
    }
    if title.chars().count() > TITLE_CHARS_MAX {
        return Err(RpcError::bad_request("TITLE_INVALID"));
    }
    Ok(title)
}

fn icon(icon: Option<i64>) -> Result<Option<i64>, RpcError> {
    match icon {
        Some(id) if id != 0 && !ICON_EMOJI.contains(&id) => Err(RpcError::bad_request("DOCUMENT_INVALID")),
        icon => Ok(icon),
    }
}

/// `messages.createForumTopic`: for members from whom that was not taken.
pub fn create_forum_topic(
    call: &mut Call<'_>,
    request: tl::functions::messages::CreateForumTopic,
) -> Result<tl::enums::Updates, RpcError> {
    let creator = call.user_id()?;
    let channel_id = forum(call, &request.peer)?;
    let peer = PeerId::Channel(channel_id);
    let state = call.state();
    let administers = state.may_administer(creator, peer, right::MANAGE_TOPICS);
    if !administers && !state.may(creator, peer, taken::MANAGE_TOPICS, call.now) {
        return Err(RpcError::bad_request("CHAT_ADMIN_REQUIRED"));
    }
    messages::check_may_write(call, creator, peer)?;
    let title = title(&request.title)?;
    let icon_emoji_id = icon(request.icon_emoji_id)?.filter(|icon| *icon != 0);
    let icon_color = request.icon_color.filter(|color| ICON_COLORS.contains(color)).unwrap_or(ICON_COLORS[0]);
    let random_id = request.random_id;
    if random_id == 0 {
        return Err(RpcError::bad_request("RANDOM_ID_EMPTY"));
    }
    if call.me()?.random_ids.contains(random_id) {
        return Err(RpcError::new(500, "RANDOM_ID_DUPLICATE"));
    }
    let date = call.now;
    let new = NewTopic { channel_id, creator, title, icon_color, icon_emoji_id, random_id, date };
    let notices = call.change(Event::Topic(TopicEvent::Created(new)));
    let named = messages::new_id(&notices).map(|id| tl::types::UpdateMessageId { id, random_id }.into());
    call.answer(named, &notices)
}

/// `messages.editForumTopic`.
pub fn edit_forum_topic(
    call: &mut Call<'_>,
    request: tl::functions::messages::EditForumTopic,
) -> Result<tl::enums::Updates, RpcError> {
    let by = call.user_id()?;
    let channel_id = forum(call, &request.peer)?;
    let topic_id = request.topic_id;
    let topic = topics(call, channel_id)?.1.topics.get(&topic_id).ok_or(RpcError::bad_request("TOPIC_ID_INVALID"))?;
    if !call.state().may_manage_topic(by, channel_id, topic_id) {
        return Err(RpcError::bad_request("CHAT_ADMIN_REQUIRED"));
    }
    let looks = request.title.is_some() || request.icon_emoji_id.is_some();
    if request.closed.is_some() && (looks || request.hidden.is_some()) {
        return Err(RpcError::bad_request("TOPIC_CLOSE_SEPARATELY"));
    }
    if request.hidden.is_some() && looks {
        return Err(RpcError::bad_request("TOPIC_HIDE_SEPARATELY"));
    }
    if topic_id == GENERAL && request.icon_emoji_id.is_some() {
        return Err(RpcError::bad_request("GENERAL_MODIFY_ICON_FORBIDDEN"));
    }
    if topic_id != GENERAL && request.hidden.is_some() {
        return Err(RpcError::bad_request("TOPIC_ID_INVALID"));
    }
    let change = TopicChange {
        title: request.title.as_deref().map(title).transpose()?.filter(|title| *title != topic.title),
        icon_emoji_id: icon(request.icon_emoji_id)?.filter(|icon| *icon != topic.icon_emoji_id.unwrap_or(0)),
        closed: request.closed.filter(|closed| *closed != topic.closed),
        hidden: request.hidden.filter(|hidden| *hidden != topic.hidden),
    };
    if change == TopicChange::default() {
        return Err(RpcError::bad_request("TOPIC_NOT_MODIFIED"));
    }
    let date = call.now;
    let notices = call.change(Event::Topic(TopicEvent::Edited { channel_id, topic_id, change, by, date }));
    call.answer(None, &notices)
}

/// `messages.updatePinnedForumTopic`.
pub fn update_pinned_forum_topic(
    call: &mut Call<'_>,
    request: tl::functions::messages::UpdatePinnedForumTopic,
) -> Result<tl::enums::Updates, RpcError> {
    let channel_id = forum(call, &request.peer)?;
    let by = check_administers(call, PeerId::Channel(channel_id), right::MANAGE_TOPICS)?;
    let topic_id = request.topic_id;
    let (_, found) = topics(call, channel_id)?;
    if !found.topics.contains_key(&topic_id) {
        return Err(RpcError::bad_request("TOPIC_ID_INVALID"));
    }
    if found.pinned.contains(&topic_id) == request.pinned {
        return Err(RpcError::bad_request("PINNED_TOPIC_NOT_MODIFIED"));
    }
    if request.pinned && found.pinned.len() >= PINNED_MAX {
        return Err(RpcError::bad_request("PINNED_TOO_MUCH"));
    }
    let mut pinned: Vec<i32> = found.pinned.iter().copied().filter(|id| *id != topic_id).collect();
    if request.pinned {
        pinned.insert(0, topic_id);
    }
    let (topic_id, date) = (Some(topic_id), call.now);
    let notices = call.change(Event::Topic(TopicEvent::Pinned { channel_id, pinned, topic_id, by, date }));
    call.answer(None, &notices)
}

/// `messages.reorderPinnedForumTopics`: with `force` the named ones are the pinned ones.
pub fn reorder_pinned_forum_topics(
    call: &mut Call<'_>,
    request: tl::functions::messages::ReorderPinnedForumTopics,
) -> Result<tl::enums::Updates, RpcError> {
    let channel_id = forum(call, &request.peer)?;
    let by = check_administers(call, PeerId::Channel(channel_id), right::MANAGE_TOPICS)?;
    let (_, found) = topics(call, channel_id)?;
    let known = |id: &&i32| if request.force { found.topics.contains_key(*id) } else { found.pinned.contains(*id) };
    let mut pinned: Vec<i32> = Vec::new();
    for id in request.order.iter().filter(known) {
        if !pinned.contains(id) {
            pinned.push(*id);
        }
    }
    if !request.force {
        let rest: Vec<i32> = found.pinned.iter().copied().filter(|id| !pinned.contains(id)).collect();
        pinned.extend(rest);
    }
    if pinned.len() > PINNED_MAX {
        return Err(RpcError::bad_request("PINNED_TOO_MUCH"));
    }
    let date = call.now;
    let notices = call.change(Event::Topic(TopicEvent::Pinned { channel_id, pinned, topic_id: None, by, date }));
    call.answer(None, &notices)
}

/// `messages.deleteTopicHistory`: a part of its messages, and how many are left; with the last of them the topic is gone.
pub fn delete_topic_history(
    call: &mut Call<'_>,
    request: tl::functions::messages::DeleteTopicHistory,
) -> Result<tl::enums::messages::AffectedHistory, RpcError> {
    let by = call.user_id()?;
    let channel_id = forum(call, &request.peer)?;
    let topic_id = request.top_msg_id;
    let (channel, found) = topics(call, channel_id)?;
    let topic = found.topics.get(&topic_id).filter(|topic| topic.id != GENERAL);
    let topic = topic.ok_or(RpcError::bad_request("TOPIC_ID_INVALID"))?;
    let messages = channel.messages.iter().filter(|message| found.topic_of(message.id) == topic_id);
    let all: Vec<_> = messages.collect();
    let all_own = topic.creator == by && all.iter().all(|message| message.from == PeerId::User(by));
    if !all_own && !call.state().may_administer(by, PeerId::Channel(channel_id), right::DELETE_MESSAGES) {
        return Err(RpcError::bad_request("CHAT_ADMIN_REQUIRED"));
    }
    let mut ids: Vec<i32> = all.iter().map(|message| message.id).collect();
    ids.sort_unstable_by_key(|id| Reverse(*id));
    let left = ids.len().saturating_sub(DELETED_MAX);
    ids.truncate(DELETED_MAX);
    let (gone, pts_count, date) = (left == 0, count(ids.len()), call.now);
    call.change(Event::Topic(TopicEvent::Emptied { channel_id, topic_id, message_ids: ids, gone, by, date }));
    let pts = topics(call, channel_id)?.0.messages.pts();
    Ok(tl::types::messages::AffectedHistory { pts, pts_count, offset: count(left) }.into())
}

/// `messages.getForumTopics`: the pinned ones first, then those with the newest messages. Another page begins after a topic that is
/// not pinned.
pub fn get_forum_topics(
    call: &mut Call<'_>,
    request: tl::functions::messages::GetForumTopics,
) -> Result<tl::enums::messages::ForumTopics, RpcError> {
    let channel_id = forum(call, &request.peer)?;
    let (channel, found) = topics(call, channel_id)?;
    let me = call.me()?;
    let query = request.q.unwrap_or_default().to_lowercase();
    let named = found.topics.values().filter(|topic| topic.title.to_lowercase().contains(&query));
    let mut listed = Vec::new();
    for topic in named {
        let newest = call.state().topic_messages(me, channel, topic.id).next_back();
        let place = found.pinned.iter().position(|pinned| *pinned == topic.id).unwrap_or(usize::MAX);
        let (date, top_message) = newest.map_or((topic.date, topic.id), |message| (message.date, message.id));
        listed.push((place, Reverse((date, top_message)), topic.id));
    }
    listed.sort_unstable();
    let total = listed.len();
    if request.offset_topic != 0 {
        let after = listed.iter().position(|(_, _, id)| *id == request.offset_topic);
        listed.drain(..after.map_or(0, |place| place + 1));
    }
    let limit = usize::try_from(request.limit).unwrap_or(0).min(PAGE_MAX);
    let ids: Vec<i32> = listed.into_iter().take(limit).map(|(_, _, id)| id).collect();
    told(call, channel, &ids, total)
}

/// `messages.getForumTopicsByID`: those that are not there are answered as deleted.
pub fn get_forum_topics_by_id(
    call: &mut Call<'_>,
    request: tl::functions::messages::GetForumTopicsById,
) -> Result<tl::enums::messages::ForumTopics, RpcError> {
    let channel_id = forum(call, &request.peer)?;
    if request.topics.is_empty() {
        return Err(RpcError::bad_request("TOPICS_EMPTY"));
    }
    if request.topics.len() > PAGE_MAX {
        return Err(RpcError::bad_request("LIMIT_INVALID"));
    }
    let (channel, _) = topics(call, channel_id)?;
    told(call, channel, &request.topics, request.topics.len())
}

fn told(call: &Call<'_>, channel: &Channel, ids: &[i32], total: usize) -> Result<tl::enums::messages::ForumTopics, RpcError> {
    let mut view = call.view()?;
    let (mut topics, mut messages) = (Vec::new(), Vec::new());
    for id in ids {
        let (topic, newest) = view.topic(channel, *id);
        topics.push(topic);
        messages.extend(newest.map(|newest| view.message(newest)));
    }
    view.mention(PeerId::Channel(channel.id));
    let pts = channel.messages.pts();
    let (users, chats) = view.mentioned();
    let (count, order_by_create_date) = (count(total), false);
    Ok(tl::types::messages::ForumTopics { order_by_create_date, count, topics, messages, chats, users, pts }.into())
}
