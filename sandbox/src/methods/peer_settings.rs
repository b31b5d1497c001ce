//! What a user sets for a conversation or a person: its place in the list, its notifications, whether it is blocked.

use grammers_tl_types as tl;

use super::call::Call;
use super::error::RpcError;
use crate::world::event::Event;
use crate::world::ids::PeerId;
use crate::world::peer_settings::PeerSetting;
use crate::world::view::count;

/// Conversations that may stay at the top of the list.
const PINNED_MAX: usize = 5;
/// Conversations that one call may move.
const MOVED_MAX: usize = 100;
/// Blocked people that one call gives.
const BLOCKED_MAX: usize = 100;
/// The folder that is the archive.
pub const ARCHIVE: i32 = 1;

fn set(call: &mut Call<'_>, peer: PeerId, setting: PeerSetting) -> Result<Vec<crate::world::apply::Notice>, RpcError> {
    let user_id = call.user_id()?;
    Ok(call.change(Event::PeerSettingChanged { user_id, peer, setting }))
}

fn dialog_peer(call: &Call<'_>, named: &tl::enums::InputDialogPeer) -> Result<PeerId, RpcError> {
    match named {
        tl::enums::InputDialogPeer::Peer(named) => call.peer(&named.peer),
        _ => Err(RpcError::bad_request("PEER_ID_INVALID")),
    }
}

/// `messages.toggleDialogPin`.
pub fn toggle_dialog_pin(call: &mut Call<'_>, request: tl::functions::messages::ToggleDialogPin) -> Result<bool, RpcError> {
    let peer = dialog_peer(call, &request.peer)?;
    let me = call.me()?;
    if !me.dialogs.contains_key(&peer) {
        return Err(RpcError::bad_request("PEER_HISTORY_EMPTY"));
    }
    let archived = me.settings_of(peer).archived;
    let others = me.settings.iter().filter(|(other, set)| **other != peer && set.pinned && set.archived == archived);
    if request.pinned && others.count() >= PINNED_MAX {
        return Err(RpcError::bad_request("PINNED_DIALOGS_TOO_MUCH"));
    }
    set(call, peer, PeerSetting::Pinned(request.pinned))?;
    Ok(true)
}

/// `messages.markDialogUnread`.
pub fn mark_dialog_unread(call: &mut Call<'_>, request: tl::functions::messages::MarkDialogUnread) -> Result<bool, RpcError> {
    let peer = dialog_peer(call, &request.peer)?;
    set(call, peer, PeerSetting::UnreadMark(request.unread))?;
    Ok(true)
}

/// `folders.editPeerFolders`: into the archive, and out of it.
pub fn edit_peer_folders(
    call: &mut Call<'_>,
    request: tl::functions::folders::EditPeerFolders,
) -> Result<tl::enums::Updates, RpcError> {
    if request.folder_peers.is_empty() || request.folder_peers.len() > MOVED_MAX {
        return Err(RpcError::bad_request("LIMIT_INVALID"));
    }
    let mut moves = Vec::new();
    for tl::enums::InputFolderPeer::Peer(folder_peer) in &request.folder_peers {
        if !(0..=ARCHIVE).contains(&folder_peer.folder_id) {
            return Err(RpcError::bad_request("FOLDER_ID_INVALID"));
        }
        moves.push((call.peer(&folder_peer.peer)?, folder_peer.folder_id == ARCHIVE));
    }
    let mut notices = Vec::new();
    for (peer, archived) in moves {
        notices.extend(set(call, peer, PeerSetting::Archived(archived))?);
    }
    call.answer(None, &notices)
}

/// `account.updateNotifySettings`: of one conversation, how long it is silent.
pub fn update_notify_settings(
    call: &mut Call<'_>,
    request: tl::functions::account::UpdateNotifySettings,
) -> Result<bool, RpcError> {
    let tl::enums::InputNotifyPeer::Peer(named) = &request.peer else {
        return Err(RpcError::bad_request("PEER_ID_INVALID"));
    };
    let peer = call.peer(&named.peer)?;
    let tl::enums::InputPeerNotifySettings::Settings(settings) = &request.settings;
    let until = settings.mute_until.filter(|until| *until > 0);
    set(call, peer, PeerSetting::MutedUntil(until))?;
    Ok(true)
}

/// `contacts.block`.
pub fn block(call: &mut Call<'_>, request: tl::functions::contacts::Block) -> Result<bool, RpcError> {
    let peer = call.peer(&request.id)?;
    if peer == PeerId::User(call.user_id()?) {
        return Err(RpcError::bad_request("CONTACT_ID_INVALID"));
    }
    let since = call.now;
    set(call, peer, PeerSetting::BlockedSince(Some(since)))?;
    Ok(true)
}

/// `contacts.unblock`.
pub fn unblock(call: &mut Call<'_>, request: tl::functions::contacts::Unblock) -> Result<bool, RpcError> {
    let peer = call.peer(&request.id)?;
    set(call, peer, PeerSetting::BlockedSince(None))?;
    Ok(true)
}

/// `contacts.getBlocked`: the latest first.
pub fn get_blocked(
    call: &mut Call<'_>,
    request: tl::functions::contacts::GetBlocked,
) -> Result<tl::enums::contacts::Blocked, RpcError> {
    let settings = &call.me()?.settings;
    let mut blocked: Vec<(i32, PeerId)> =
        settings.iter().filter_map(|(peer, settings)| Some((settings.blocked_since?, *peer))).collect();
    blocked.sort_unstable_by(|left, right| right.cmp(left));
    let total = blocked.len();
    let limit = usize::try_from(request.limit).unwrap_or(0).min(BLOCKED_MAX);
    let mut view = call.view()?;
    let page = blocked.into_iter().skip(usize::try_from(request.offset).unwrap_or(0)).take(limit);
    let page = page.map(|(date, peer)| tl::types::PeerBlocked { peer_id: view.mention(peer), date }.into());
    let blocked: Vec<_> = page.collect();
    let (users, chats) = view.mentioned();
    if blocked.len() == total {
        return Ok(tl::types::contacts::Blocked { blocked, chats, users }.into());
    }
    Ok(tl::types::contacts::BlockedSlice { count: count(total), blocked, chats, users }.into())
}
