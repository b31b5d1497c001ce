//! Reading the messages of one topic, or the answers to one message.

use std::collections::BTreeSet;

use grammers_tl_types as tl;

use super::call::Call;
use super::error::RpcError;
use super::history::{self, Window, is_hidden};
use crate::world::event::Event;
use crate::world::ids::PeerId;
use crate::world::message_box::Message;
use crate::world::topics::{GENERAL, TopicEvent};

/// `messages.getReplies`: the messages of a topic, or all that answer a message of a supergroup, directly or not.
pub fn get_replies(
    call: &mut Call<'_>,
    request: tl::functions::messages::GetReplies,
) -> Result<tl::enums::messages::Messages, RpcError> {
    let peer = call.peer(&request.peer)?;
    let invalid = RpcError::bad_request("MSG_ID_INVALID");
    let PeerId::Channel(channel_id) = peer else { return Err(invalid) };
    let (me, state) = (call.me()?, call.state());
    let channel = state.channels.get(&channel_id).ok_or(invalid.clone())?;
    let window = Window {
        offset_id: request.offset_id,
        offset_date: request.offset_date,
        add_offset: request.add_offset,
        limit: request.limit,
        max_id: request.max_id,
        min_id: request.min_id,
    };
    if let Some(forum) = state.forums.forum(channel_id) {
        if !forum.topics.contains_key(&request.msg_id) {
            return Err(RpcError::bad_request("TOPIC_ID_INVALID"));
        }
        let newest_first: Vec<&Message> = state.topic_messages(me, channel, request.msg_id).rev().collect();
        return history::answer(call, peer, &history::page(&newest_first, &window));
    }
    channel.messages.get(request.msg_id).ok_or(invalid)?;
    let mut thread = BTreeSet::from([request.msg_id]);
    let mut answers = Vec::new();
    for message in channel.messages.iter().filter(|message| !is_hidden(me, peer, message.id)) {
        if message.reply_to.is_some_and(|answered| thread.contains(&answered)) {
            thread.insert(message.id);
            answers.push(message);
        }
    }
    answers.reverse();
    history::answer(call, peer, &history::page(&answers, &window))
}

/// `messages.readDiscussion`: reads a topic up to a message.
pub fn read_discussion(call: &mut Call<'_>, request: tl::functions::messages::ReadDiscussion) -> Result<bool, RpcError> {
    let user_id = call.user_id()?;
    let peer = call.peer(&request.peer)?;
    let topic_id = if request.msg_id == 0 { GENERAL } else { request.msg_id };
    let invalid = RpcError::bad_request("MSG_ID_INVALID");
    let PeerId::Channel(channel_id) = peer else { return Err(invalid) };
    let state = call.state();
    let (channel, forum) = state.channels.get(&channel_id).zip(state.forums.forum(channel_id)).ok_or(invalid.clone())?;
    if !forum.topics.contains_key(&topic_id) {
        return Err(invalid);
    }
    let newest = channel.messages.next_id() - 1;
    let max_id = request.read_max_id.min(newest);
    call.change(Event::Topic(TopicEvent::Read { user_id, channel_id, topic_id, max_id }));
    Ok(true)
}
