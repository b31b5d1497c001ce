//! Who read a message, and where it can be linked to.

use grammers_tl_types as tl;

use super::call::Call;
use super::error::RpcError;
use super::messages::find;
use crate::world::ids::PeerId;
use crate::world::privacy::PrivacyKey;

/// In groups of up to so many members it is told who read a message.
const READ_MEMBERS_MAX: usize = 100;
/// For how long it is told who read a message, in seconds.
const READ_SECS: i32 = 7 * 24 * 3_600;

/// `messages.getMessageReadParticipants`: in small groups, for a week.
pub fn get_message_read_participants(
    call: &mut Call<'_>,
    request: tl::functions::messages::GetMessageReadParticipants,
) -> Result<Vec<tl::enums::ReadParticipantDate>, RpcError> {
    let peer = call.peer(&request.peer)?;
    let members: Vec<i64> = match peer {
        PeerId::User(_) => return Err(RpcError::bad_request("PEER_ID_INVALID")),
        PeerId::Chat(id) => call.chat(id)?.members.keys().copied().collect(),
        PeerId::Channel(id) => {
            let channel = call.state().channels.get(&id).filter(|channel| !channel.broadcast);
            channel.ok_or(RpcError::bad_request("CHAT_TOO_BIG"))?.members.keys().copied().collect()
        }
    };
    if members.len() > READ_MEMBERS_MAX {
        return Err(RpcError::bad_request("CHAT_TOO_BIG"));
    }
    let message = find(call, peer, request.msg_id).ok_or(RpcError::bad_request("MSG_ID_INVALID"))?;
    if call.now.saturating_sub(message.date) > READ_SECS {
        return Err(RpcError::bad_request("MSG_TOO_OLD"));
    }
    let state = call.state();
    let readers = members.into_iter().filter(|member| message.from != PeerId::User(*member)).filter_map(|user_id| {
        let id = match peer {
            PeerId::Channel(_) => message.id,
            _ => state.copies.get(&message.shared_id)?.iter().find(|copy| copy.owner == user_id)?.message_id,
        };
        let date = state.reads.date_of(user_id, peer, id)?;
        Some(tl::types::ReadParticipantDate { user_id, date }.into())
    });
    Ok(readers.collect())
}

/// `messages.getOutboxReadDate`: when the other one read a message of the caller's in a private chat.
pub fn get_outbox_read_date(
    call: &mut Call<'_>,
    request: tl::functions::messages::GetOutboxReadDate,
) -> Result<tl::enums::OutboxReadDate, RpcError> {
    let (me, peer) = (call.user_id()?, call.peer(&request.peer)?);
    let other = match peer {
        PeerId::User(other) if other != me => other,
        _ => return Err(RpcError::bad_request("PEER_ID_INVALID")),
    };
    if !call.state().permits(other, PrivacyKey::StatusTimestamp, me) {
        return Err(RpcError::forbidden("USER_PRIVACY_RESTRICTED"));
    }
    if !call.state().permits(me, PrivacyKey::StatusTimestamp, other) {
        return Err(RpcError::forbidden("YOUR_PRIVACY_RESTRICTED"));
    }
    let message = find(call, peer, request.msg_id).filter(|message| message.outgoing);
    let message = message.ok_or(RpcError::bad_request("MESSAGE_ID_INVALID"))?;
    if call.now.saturating_sub(message.date) > READ_SECS {
        return Err(RpcError::bad_request("MESSAGE_TOO_OLD"));
    }
    let copies = call.state().copies.get(&message.shared_id).into_iter().flatten();
    let copy = copies.into_iter().find(|copy| copy.owner == other);
    let date = copy.and_then(|copy| call.state().reads.date_of(other, PeerId::User(me), copy.message_id));
    let date = date.ok_or(RpcError::bad_request("MESSAGE_NOT_READ_YET"))?;
    Ok(tl::types::OutboxReadDate { date }.into())
}

/// `channels.exportMessageLink`.
pub fn export_message_link(
    call: &mut Call<'_>,
    request: tl::functions::channels::ExportMessageLink,
) -> Result<tl::enums::ExportedMessageLink, RpcError> {
    let channel = call.channel(&request.channel)?;
    if channel.messages.get(request.id).is_none() {
        return Err(RpcError::bad_request("MSG_ID_INVALID"));
    }
    let link = match &channel.username {
        Some(username) => format!("https://t.me/{username}/{}", request.id),
        None => format!("https://t.me/c/{}/{}", channel.id, request.id),
    };
    Ok(tl::types::ExportedMessageLink { html: format!("<a href=\"{link}\">{link}</a>"), link }.into())
}
