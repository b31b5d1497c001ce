//! The list of conversations.

use grammers_tl_types as tl;

use super::call::Call;
use super::error::RpcError;
use super::history::PAGE_MAX;
use crate::world::ids::PeerId;
use crate::world::state::Dialog;
use crate::world::view::{View, count};

/// A conversation, whether it is pinned, and when it last moved. The list is in this order, latest first; the peer decides
/// between equals.
type Place = (bool, i32, PeerId);

/// `messages.getDialogs`: what is pinned comes first. Without a folder it gives everything, the archive among it.
pub fn get_dialogs(
    call: &mut Call<'_>,
    request: tl::functions::messages::GetDialogs,
) -> Result<tl::enums::messages::Dialogs, RpcError> {
    let mut places = places(call, request.folder_id)?;
    places.sort_unstable_by(|left, right| right.cmp(left));
    let total = places.len();
    if request.offset_date > 0 {
        let last = call.peer(&request.offset_peer).ok();
        places.retain(|(_, date, peer)| match last {
            Some(last) => (*date, *peer) < (request.offset_date, last),
            None => *date < request.offset_date,
        });
    }
    if request.exclude_pinned {
        places.retain(|(pinned, ..)| !pinned);
    }
    places.truncate(usize::try_from(request.limit).unwrap_or(0).min(PAGE_MAX));
    let mut view = call.view()?;
    let peers = places.iter().map(|(.., peer)| *peer);
    let (dialogs, messages) = describe(call, &mut view, peers)?;
    let (users, chats) = view.mentioned();
    if dialogs.len() == total {
        return Ok(tl::types::messages::Dialogs { dialogs, messages, chats, users }.into());
    }
    Ok(tl::types::messages::DialogsSlice { count: count(total), dialogs, messages, chats, users }.into())
}

fn places(call: &Call<'_>, folder_id: Option<i32>) -> Result<Vec<Place>, RpcError> {
    let me = call.me()?;
    let moved = |peer: PeerId| match (call.state().top_message(me, peer), peer) {
        (Some(top), _) => Some(top.date),
        // A channel stays in the list when all its messages are gone; other conversations do not.
        (None, PeerId::Channel(id)) => Some(call.state().channels.get(&id)?.date),
        (None, _) => None,
    };
    let places = me.dialogs.keys().filter_map(|peer| {
        let settings = me.settings_of(*peer);
        let listed = folder_id.is_none_or(|folder| folder == i32::from(settings.archived));
        moved(*peer).filter(|_| listed).map(|date| (settings.pinned, date, *peer))
    });
    Ok(places.collect())
}

/// Conversations and their newest messages. One that the caller does not have is described as empty.
fn describe(
    call: &Call<'_>,
    view: &mut View<'_>,
    peers: impl Iterator<Item = PeerId>,
) -> Result<(Vec<tl::enums::Dialog>, Vec<tl::enums::Message>), RpcError> {
    let me = call.me()?;
    let nothing = Dialog::default();
    let mut dialogs = Vec::new();
    let mut messages = Vec::new();
    for peer in peers {
        dialogs.push(view.dialog(me, peer, me.dialogs.get(&peer).unwrap_or(&nothing)));
        messages.extend(call.state().top_message(me, peer).map(|message| view.message(message)));
    }
    Ok((dialogs, messages))
}

/// `messages.getPeerDialogs`.
pub fn get_peer_dialogs(
    call: &mut Call<'_>,
    request: tl::functions::messages::GetPeerDialogs,
) -> Result<tl::enums::messages::PeerDialogs, RpcError> {
    if request.peers.len() > PAGE_MAX {
        return Err(RpcError::bad_request("LIMIT_INVALID"));
    }
    let peers: Result<Vec<PeerId>, RpcError> = request
        .peers
        .iter()
        .map(|named| match named {
            tl::enums::InputDialogPeer::Peer(named) => call.peer(&named.peer),
            _ => Err(RpcError::bad_request("PEER_ID_INVALID")),
        })
        .collect();
    let mut view = call.view()?;
    let (dialogs, messages) = describe(call, &mut view, peers?.into_iter())?;
    let (users, chats) = view.mentioned();
    let state = view.state_now(call.now);
    Ok(tl::types::messages::PeerDialogs { dialogs, messages, chats, users, state }.into())
}
