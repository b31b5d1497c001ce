//! Deleting groups and channels as wholes.

use grammers_tl_types as tl;

use super::call::Call;
use super::error::RpcError;
use crate::world::event::Event;

/// `messages.deleteChat`: its creator takes a basic group from everybody.
pub fn delete_chat(call: &mut Call<'_>, request: tl::functions::messages::DeleteChat) -> Result<bool, RpcError> {
    let user_id = call.user_id()?;
    let chat = call.chat(request.chat_id)?;
    if chat.creator != user_id {
        return Err(RpcError::bad_request("CHAT_ADMIN_REQUIRED"));
    }
    let chat_id = chat.id;
    call.change(Event::ChatDeleted { chat_id, date: call.now });
    Ok(true)
}

/// `channels.deleteChannel`: its creator takes a channel from everybody.
pub fn delete_channel(
    call: &mut Call<'_>,
    request: tl::functions::channels::DeleteChannel,
) -> Result<tl::enums::Updates, RpcError> {
    let user_id = call.user_id()?;
    let channel = call.channel(&request.channel)?;
    if channel.creator != user_id {
        return Err(RpcError::bad_request("CHAT_ADMIN_REQUIRED"));
    }
    let channel_id = channel.id;
    let notices = call.change(Event::ChannelDeleted { channel_id });
    call.answer(None, &notices)
}
