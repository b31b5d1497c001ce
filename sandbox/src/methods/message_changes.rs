//! Deleting whole conversations.

use grammers_tl_types as tl;

use super::call::Call;
use super::error::RpcError;
use super::messages::DELETED_MAX;
use crate::world::event::Event;
use crate::world::ids::PeerId;
use crate::world::message_box::Message;

/// `messages.deleteHistory`: a part at a time, the newest first; `offset` tells that there is more. In a group only one's own
/// messages are taken from others.
pub fn delete_history(
    call: &mut Call<'_>,
    request: tl::functions::messages::DeleteHistory,
) -> Result<tl::enums::messages::AffectedHistory, RpcError> {
    let peer = call.peer(&request.peer)?;
    if matches!(peer, PeerId::Channel(_)) {
        return Err(RpcError::bad_request("PEER_ID_INVALID"));
    }
    let last = if request.max_id <= 0 { i32::MAX } else { request.max_id };
    let me = call.me()?;
    let user_id = me.id;
    let doomed: Vec<_> = me.dialogs.get(&peer).into_iter().flat_map(|dialog| dialog.message_ids.range(..=last).rev()).collect();
    let left = doomed.len().saturating_sub(DELETED_MAX);
    let part = doomed.into_iter().take(DELETED_MAX).filter_map(|id| me.messages.get(*id));
    let (revoked, own): (Vec<_>, Vec<_>) =
        part.partition(|message| request.revoke && (message.outgoing || matches!(peer, PeerId::User(_))));
    let ids = |messages: Vec<&Message>| messages.iter().map(|message| message.id).collect();
    let parts: [(Vec<i32>, bool); 2] = [(ids(revoked), true), (ids(own), false)];
    let mut notices = Vec::new();
    for (message_ids, revoke) in parts {
        if !message_ids.is_empty() {
            let date = call.now;
            notices.extend(call.change(Event::MessagesDeleted { user_id, message_ids, revoke, date }));
        }
    }
    if left == 0 && !request.just_clear {
        call.change(Event::DialogForgotten { user_id, peer });
    }
    let tl::enums::messages::AffectedMessages::Messages(affected) = call.affected(&notices)?;
    let offset = i32::try_from(left).unwrap_or(i32::MAX);
    Ok(tl::types::messages::AffectedHistory { pts: affected.pts, pts_count: affected.pts_count, offset }.into())
}

/// `channels.deleteHistory`: for oneself, or by the creator for everybody.
pub fn delete_channel_history(
    call: &mut Call<'_>,
    request: tl::functions::channels::DeleteHistory,
) -> Result<tl::enums::Updates, RpcError> {
    let user_id = call.user_id()?;
    let channel = call.channel(&request.channel)?;
    let channel_id = channel.id;
    let newest = channel.messages.next_id() - 1;
    let max_id = if request.max_id <= 0 { newest } else { request.max_id.min(newest) };
    if !request.for_everyone {
        let notices = call.change(Event::ChannelHistoryHidden { user_id, channel_id, max_id });
        let hidden = tl::types::UpdateChannelAvailableMessages { channel_id, available_min_id: max_id };
        return call.answer(Some(hidden.into()), &notices);
    }
    if channel.creator != user_id {
        return Err(RpcError::bad_request("CHAT_ADMIN_REQUIRED"));
    }
    let message_ids = channel.messages.iter().map(|message| message.id).filter(|id| *id <= max_id).collect();
    let notices = call.change(Event::ChannelMessagesDeleted { channel_id, message_ids, by: user_id, date: call.now });
    call.answer(None, &notices)
}
