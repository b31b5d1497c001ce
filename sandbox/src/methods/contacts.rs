//! The address book, and finding people by phone number or username.

use grammers_tl_types as tl;

use super::auth::phone_digits;
use super::call::Call;
use super::error::RpcError;
use crate::world::event::{Event, NewContact};
use crate::world::ids::PeerId;
use crate::world::view::View;

/// Contacts that one call may import.
const CONTACTS_MAX: usize = 500;

/// `contacts.getContacts`.
pub fn get_contacts(
    call: &mut Call<'_>,
    _: tl::functions::contacts::GetContacts,
) -> Result<tl::enums::contacts::Contacts, RpcError> {
    let me = call.me()?;
    let mut view = call.view()?;
    let contacts: Vec<_> = me.contacts.keys().map(|user_id| contact(call, &mut view, me.id, *user_id)).collect();
    let saved_count = i32::try_from(contacts.len()).unwrap_or(i32::MAX);
    let (users, _) = view.mentioned();
    Ok(tl::types::contacts::Contacts { contacts, saved_count, users }.into())
}

fn contact(call: &Call<'_>, view: &mut View<'_>, me: i64, user_id: i64) -> tl::enums::Contact {
    view.mention(PeerId::User(user_id));
    let mutual = call.state().users.get(&user_id).is_some_and(|user| user.contacts.contains_key(&me));
    tl::types::Contact { user_id, mutual }.into()
}

/// `contacts.resolveUsername`.
pub fn resolve_username(
    call: &mut Call<'_>,
    request: tl::functions::contacts::ResolveUsername,
) -> Result<tl::enums::contacts::ResolvedPeer, RpcError> {
    call.user_id()?;
    let username = request.username.trim_start_matches('@');
    if username.is_empty() || !username.chars().all(|symbol| symbol.is_ascii_alphanumeric() || symbol == '_') {
        return Err(RpcError::bad_request("USERNAME_INVALID"));
    }
    let peer = call.state().peer_by_username(username).ok_or(RpcError::bad_request("USERNAME_NOT_OCCUPIED"))?;
    resolved(call, peer)
}

/// `contacts.resolvePhone`.
pub fn resolve_phone(
    call: &mut Call<'_>,
    request: tl::functions::contacts::ResolvePhone,
) -> Result<tl::enums::contacts::ResolvedPeer, RpcError> {
    call.user_id()?;
    let phone = phone_digits(&request.phone)?;
    let user = call.state().user_by_phone(&phone).ok_or(RpcError::bad_request("PHONE_NOT_OCCUPIED"))?;
    resolved(call, PeerId::User(user.id))
}

fn resolved(call: &Call<'_>, peer: PeerId) -> Result<tl::enums::contacts::ResolvedPeer, RpcError> {
    let mut view = call.view()?;
    let peer = view.mention(peer);
    let (users, chats) = view.mentioned();
    Ok(tl::types::contacts::ResolvedPeer { peer, chats, users }.into())
}

/// `contacts.importContacts`: numbers without an account are passed over.
pub fn import_contacts(
    call: &mut Call<'_>,
    request: tl::functions::contacts::ImportContacts,
) -> Result<tl::enums::contacts::ImportedContacts, RpcError> {
    let owner = call.user_id()?;
    if request.contacts.len() > CONTACTS_MAX {
        return Err(RpcError::bad_request("LIMIT_INVALID"));
    }
    let mut contacts = Vec::new();
    let mut imported = Vec::new();
    for tl::enums::InputContact::InputPhoneContact(contact) in request.contacts {
        let Ok(phone) = phone_digits(&contact.phone) else { continue };
        let Some(user) = call.state().user_by_phone(&phone) else { continue };
        imported.push(tl::types::ImportedContact { user_id: user.id, client_id: contact.client_id }.into());
        contacts.push(NewContact { user_id: user.id, first_name: contact.first_name, last_name: contact.last_name });
    }
    let ids: Vec<i64> = contacts.iter().map(|contact| contact.user_id).collect();
    if !contacts.is_empty() {
        call.change(Event::ContactsAdded { owner, contacts });
    }
    let mut view = call.view()?;
    for id in ids {
        view.mention(PeerId::User(id));
    }
    let (users, _) = view.mentioned();
    let answer =
        tl::types::contacts::ImportedContacts { imported, popular_invites: Vec::new(), retry_contacts: Vec::new(), users };
    Ok(answer.into())
}
