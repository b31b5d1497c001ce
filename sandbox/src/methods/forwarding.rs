//! Forwarding messages, with and without their authors.

use std::collections::BTreeMap;

use grammers_tl_types as tl;

use super::call::{Call, random};
use super::error::RpcError;
use super::messages;
use super::permissions::{check_may_send, check_may_send_several, kind_of_content};
use crate::world::event::{Event, NewMessage};
use crate::world::ids::PeerId;
use crate::world::message_box::{Content, Message};
use crate::world::state::{ForwardOrigin, State};

/// Messages that one call may forward.
const FORWARDED_MAX: usize = 100;

/// `messages.forwardMessages`: those that are not there are passed over, unless that is all of them.
pub fn forward_messages(
    call: &mut Call<'_>,
    request: tl::functions::messages::ForwardMessages,
) -> Result<tl::enums::Updates, RpcError> {
    let from = call.user_id()?;
    let (source, peer) = (call.peer(&request.from_peer)?, call.peer(&request.to_peer)?);
    check_may_send(call, from, peer, None)?;
    check_may_send_several(call, from, peer, request.id.len())?;
    check_ids(call, &request)?;
    let (date, silent, reply_to) = (call.now, request.silent, request.top_msg_id);
    super::topics::check_open(call, from, peer, reply_to)?;
    let mut events = Vec::new();
    let mut albums = BTreeMap::new();
    for (id, random_id) in request.id.iter().zip(&request.random_id) {
        let Some(original) = messages::find(call, source, *id) else { continue };
        if matches!(original.content, Content::Action(_)) {
            continue;
        }
        check_may_send(call, from, peer, kind_of_content(&original.content))?;
        let origin = (!request.drop_author).then(|| origin(call.state(), original));
        let content = original.content.clone();
        let message = NewMessage { from, peer, content, reply_to, quote: None, silent, random_id: Some(*random_id), date };
        // What was an album is one again.
        let album = match call.state().albums.get(&original.shared_id) {
            Some(album) => Some(*albums.entry(*album).or_insert(i64::from_le_bytes(random()?))),
            None => None,
        };
        events.push((*random_id, Event::MessageForwarded { message, origin, album }));
    }
    if events.is_empty() {
        return Err(RpcError::bad_request("MESSAGE_ID_INVALID"));
    }
    let (mut named, mut notices) = (Vec::new(), Vec::new());
    for (random_id, event) in events {
        let sent = call.change(event);
        named.extend(messages::new_id(&sent).map(|id| tl::enums::Update::from(tl::types::UpdateMessageId { id, random_id })));
        notices.extend(sent);
    }
    let mut view = call.view()?;
    let told: Vec<_> = notices.iter().filter_map(|notice| view.update(&notice.about)).collect();
    named.extend(told);
    Ok(view.envelope(named, call.now))
}

fn check_ids(call: &Call<'_>, request: &tl::functions::messages::ForwardMessages) -> Result<(), RpcError> {
    if request.id.is_empty() {
        return Err(RpcError::bad_request("MESSAGE_IDS_EMPTY"));
    }
    if request.id.len() > FORWARDED_MAX {
        return Err(RpcError::bad_request("LIMIT_INVALID"));
    }
    if request.random_id.len() != request.id.len() || request.random_id.contains(&0) {
        return Err(RpcError::bad_request("RANDOM_ID_INVALID"));
    }
    let known = &call.me()?.random_ids;
    if request.random_id.iter().any(|random_id| known.contains(*random_id)) {
        return Err(RpcError::new(500, "RANDOM_ID_DUPLICATE"));
    }
    Ok(())
}

/// Where a message comes from: what was forwarded before keeps its first author.
fn origin(state: &State, original: &Message) -> ForwardOrigin {
    let post = matches!(original.peer, PeerId::Channel(_)) && original.from == original.peer;
    let own = ForwardOrigin { from: original.from, date: original.date, channel_post: post.then_some(original.id) };
    state.forwards.get(&original.shared_id).cloned().unwrap_or(own)
}
