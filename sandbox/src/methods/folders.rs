//! Folders of conversations.

use grammers_tl_types as tl;

use super::call::Call;
use super::error::RpcError;
use crate::world::event::Event;
use crate::world::folder::{Exclusions, Folder, Kinds};
use crate::world::ids::PeerId;

/// Folders that a user without a subscription may have, besides the one of all conversations.
const FOLDERS_MAX: usize = 10;
/// Conversations that one list of a folder may name, without a subscription.
const PEERS_MAX: usize = 100;
/// The longest name, in characters; the rest is cut off.
const TITLE_CHARS_MAX: usize = 12;
const IDS: std::ops::RangeInclusive<i32> = 2..=255;

/// `messages.getDialogFilters`.
pub fn get_dialog_filters(
    call: &mut Call<'_>,
    _: tl::functions::messages::GetDialogFilters,
) -> Result<tl::enums::messages::DialogFilters, RpcError> {
    let filters = call.view()?.folders();
    Ok(tl::types::messages::DialogFilters { tags_enabled: false, filters }.into())
}

/// `messages.updateDialogFilter`: adds, replaces or removes one.
pub fn update_dialog_filter(call: &mut Call<'_>, request: tl::functions::messages::UpdateDialogFilter) -> Result<bool, RpcError> {
    let user_id = call.user_id()?;
    if !IDS.contains(&request.id) {
        return Err(RpcError::bad_request("FILTER_ID_INVALID"));
    }
    let kept = call.state().folders.get(&user_id);
    let known = kept.is_some_and(|folders| folders.iter().any(|folder| folder.id == request.id));
    let event = match request.filter {
        None if !known => return Err(RpcError::bad_request("FILTER_ID_INVALID")),
        None => Event::FolderDeleted { user_id, folder_id: request.id },
        Some(tl::enums::DialogFilter::Filter(filter)) => {
            if !known && kept.is_some_and(|folders| folders.len() >= FOLDERS_MAX) {
                return Err(RpcError::bad_request("DIALOG_FILTERS_TOO_MUCH"));
            }
            let folder = folder(call, request.id, filter)?;
            Event::FolderSaved { user_id, folder: Box::new(folder) }
        }
        Some(tl::enums::DialogFilter::Default | tl::enums::DialogFilter::Chatlist(_)) => {
            return Err(RpcError::bad_request("FILTER_NOT_SUPPORTED"));
        }
    };
    call.change(event);
    Ok(true)
}

/// `messages.updateDialogFiltersOrder`. Only subscribers move the folder of all conversations, so it stays where it is.
pub fn update_dialog_filters_order(
    call: &mut Call<'_>,
    request: tl::functions::messages::UpdateDialogFiltersOrder,
) -> Result<bool, RpcError> {
    let user_id = call.user_id()?;
    let kept = call.state().folders.get(&user_id).map(Vec::as_slice).unwrap_or_default();
    let known = |id: &i32| *id == 0 || kept.iter().any(|folder| folder.id == *id);
    if !request.order.iter().all(known) {
        return Err(RpcError::bad_request("FILTER_ID_INVALID"));
    }
    call.change(Event::FoldersOrdered { user_id, order: request.order });
    Ok(true)
}

fn folder(call: &Call<'_>, id: i32, filter: tl::types::DialogFilter) -> Result<Folder, RpcError> {
    let tl::enums::TextWithEntities::Entities(title) = filter.title;
    let title: String = title.text.trim().chars().take(TITLE_CHARS_MAX).collect();
    if title.is_empty() {
        return Err(RpcError::bad_request("FILTER_TITLE_EMPTY"));
    }
    let kinds = Kinds {
        contacts: filter.contacts,
        non_contacts: filter.non_contacts,
        groups: filter.groups,
        broadcasts: filter.broadcasts,
        bots: filter.bots,
    };
    let exclusions = Exclusions { muted: filter.exclude_muted, read: filter.exclude_read, archived: filter.exclude_archived };
    let folder = Folder {
        id,
        title,
        title_noanimate: filter.title_noanimate,
        emoticon: filter.emoticon,
        color: filter.color,
        kinds,
        exclusions,
        pinned: peers(call, &filter.pinned_peers)?,
        included: peers(call, &filter.include_peers)?,
        excluded: peers(call, &filter.exclude_peers)?,
    };
    if folder.is_empty() {
        return Err(RpcError::bad_request("FILTER_INCLUDE_EMPTY"));
    }
    Ok(folder)
}

fn peers(call: &Call<'_>, named: &[tl::enums::InputPeer]) -> Result<Vec<PeerId>, RpcError> {
    if named.len() > PEERS_MAX {
        return Err(RpcError::bad_request("FILTER_INCLUDE_TOO_MUCH"));
    }
    named.iter().map(|peer| call.peer(peer)).collect()
}
