//! Pinning messages.

use grammers_tl_types as tl;

use super::call::Call;
use super::error::RpcError;
use super::messages::find;
use crate::world::administration::{right, taken};
use crate::world::event::{Event, NewMessage};
use crate::world::ids::PeerId;
use crate::world::message_box::{Action, Content};
use crate::world::pins::{Pinning, box_owner};

/// How many messages one call unpins; a client asks again while some are left.
pub const UNPINNED_MAX: usize = 20;

/// `messages.updatePinnedMessage`: for everybody in the chat, or with `pm_oneside` for oneself in a private chat. A pin tells the
/// chat of itself by a service message.
pub fn update_pinned_message(
    call: &mut Call<'_>,
    request: tl::functions::messages::UpdatePinnedMessage,
) -> Result<tl::enums::Updates, RpcError> {
    let user_id = call.user_id()?;
    let peer = call.peer(&request.peer)?;
    check_may_pin(call, user_id, peer)?;
    let message = find(call, peer, request.id).ok_or(RpcError::bad_request("MESSAGE_ID_INVALID"))?;
    if matches!(message.content, Content::Action(_)) {
        return Err(RpcError::bad_request("MESSAGE_ID_INVALID"));
    }
    let pinned = !request.unpin;
    if call.state().pins.contains(message.shared_id, box_owner(user_id, peer)) == pinned {
        return Err(RpcError::bad_request("CHAT_NOT_MODIFIED"));
    }
    let one_side = request.pm_oneside && matches!(peer, PeerId::User(_));
    let (message_ids, date) = (vec![request.id], call.now);
    let mut notices = call.change(Event::Pinned(Pinning { user_id, peer, message_ids, pinned, one_side, date }));
    if pinned && !one_side && peer != PeerId::User(user_id) {
        let told = NewMessage::service(user_id, peer, Action::MessagePinned, call.now);
        let told = NewMessage { reply_to: Some(request.id), silent: request.silent, ..told };
        notices.extend(call.change(Event::MessageSent(told)));
    }
    call.answer(None, &notices)
}

/// `messages.unpinAllMessages`: a part of them, and how many are left.
pub fn unpin_all_messages(
    call: &mut Call<'_>,
    request: tl::functions::messages::UnpinAllMessages,
) -> Result<tl::enums::messages::AffectedHistory, RpcError> {
    let user_id = call.user_id()?;
    let peer = call.peer(&request.peer)?;
    check_may_pin(call, user_id, peer)?;
    let owner = box_owner(user_id, peer);
    let (state, me) = (call.state(), call.me()?);
    let pinned = state.conversation(me, peer).filter(|message| state.pins.contains(message.shared_id, owner));
    let mut all: Vec<i32> = pinned.map(|message| message.id).collect();
    if let Some(topic_id) = request.top_msg_id {
        all = super::topics::only_in_topic(call, peer, topic_id, all)?;
    }
    let message_ids: Vec<i32> = all.iter().copied().take(UNPINNED_MAX).collect();
    let offset = i32::try_from(all.len() - message_ids.len()).unwrap_or(i32::MAX);
    let pts_count = i32::try_from(message_ids.len()).unwrap_or(i32::MAX);
    if !message_ids.is_empty() {
        let (pinned, one_side, date) = (false, false, call.now);
        call.change(Event::Pinned(Pinning { user_id, peer, message_ids, pinned, one_side, date }));
    }
    let pts = match peer {
        PeerId::Channel(id) => call.state().channels.get(&id).map_or(1, |channel| channel.messages.pts()),
        PeerId::User(_) | PeerId::Chat(_) => call.me()?.messages.pts(),
    };
    Ok(tl::types::messages::AffectedHistory { pts, pts_count, offset }.into())
}

/// Who may write in a private chat may pin there; in a group whoever was not kept from it; in a channel who may edit its posts.
fn check_may_pin(call: &Call<'_>, user_id: i64, peer: PeerId) -> Result<(), RpcError> {
    let state = call.state();
    let is_broadcast = state.is_broadcast(peer);
    let needed = if is_broadcast { right::EDIT_MESSAGES } else { right::PIN_MESSAGES };
    let may = match peer {
        PeerId::User(_) => true,
        _ if state.may_administer(user_id, peer, needed) => true,
        _ => !is_broadcast && state.is_member(user_id, peer) && state.may(user_id, peer, taken::PIN_MESSAGES, call.now),
    };
    if may { Ok(()) } else { Err(RpcError::bad_request("CHAT_ADMIN_REQUIRED")) }
}
