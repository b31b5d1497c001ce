//! The address book, and finding people by phone number or username.

use std::collections::BTreeSet;

use grammers_tl_types as tl;

use super::auth::phone_digits;
use super::call::Call;
use super::error::RpcError;
use crate::world::apply::{About, Notice};
use crate::world::event::{Event, NewContact};
use crate::world::ids::PeerId;
use crate::world::privacy::PrivacyKey;
use crate::world::state::User;
use crate::world::view::View;

/// Contacts that one call may import.
const CONTACTS_MAX: usize = 500;
/// Results that one search gives of each kind.
const FOUND_MAX: usize = 50;

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
    let user = findable(call, &phone).ok_or(RpcError::bad_request("PHONE_NOT_OCCUPIED"))?;
    resolved(call, PeerId::User(user.id))
}

/// Who has a phone number, if they let the caller find them by it.
fn findable<'a>(call: &'a Call<'_>, phone: &str) -> Option<&'a User> {
    let user = call.state().user_by_phone(phone)?;
    Some(user).filter(|user| call.user_id().is_ok_and(|me| call.state().permits(user.id, PrivacyKey::AddedByPhone, me)))
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
        let Some(user) = findable(call, &phone) else { continue };
        imported.push(tl::types::ImportedContact { user_id: user.id, client_id: contact.client_id }.into());
        let (user_id, first_name, last_name) = (user.id, contact.first_name, contact.last_name);
        contacts.push(NewContact { user_id, first_name, last_name, by_phone: true });
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

/// `contacts.search`: whom the caller knows by any part of the name, and everybody by the beginning of the username.
pub fn search(call: &mut Call<'_>, request: tl::functions::contacts::Search) -> Result<tl::enums::contacts::Found, RpcError> {
    let query = request.q.trim().trim_start_matches('@').to_lowercase();
    if query.is_empty() {
        return Err(RpcError::bad_request("SEARCH_QUERY_EMPTY"));
    }
    let me = call.me()?;
    let limit = usize::try_from(request.limit).unwrap_or(0).min(FOUND_MAX);
    let contacts = me.contacts.keys().map(|id| PeerId::User(*id));
    let known: BTreeSet<PeerId> = me.dialogs.keys().copied().chain(contacts).collect();
    let mine = known.iter().filter(|peer| is_called(call, **peer, &query)).copied().take(limit);
    let mine: Vec<PeerId> = mine.collect();
    let public = call.state().usernames.range(query.clone()..).take_while(|(username, _)| username.starts_with(&query));
    let others = public.map(|(_, peer)| *peer).filter(|peer| !mine.contains(peer)).take(limit);
    let others: Vec<PeerId> = others.collect();
    let mut view = call.view()?;
    let my_results = mine.into_iter().map(|peer| view.mention(peer)).collect();
    let results = others.into_iter().map(|peer| view.mention(peer)).collect();
    let (users, chats) = view.mentioned();
    Ok(tl::types::contacts::Found { my_results, results, chats, users }.into())
}

/// Whether a peer's name, as the caller sees it, or username holds a text (in lower case).
fn is_called(call: &Call<'_>, peer: PeerId, query: &str) -> bool {
    let state = call.state();
    let names = match peer {
        PeerId::User(id) => state.users.get(&id).map(|user| {
            let contact = call.me().ok().and_then(|me| me.contacts.get(&id));
            let name = contact.map_or_else(
                || format!("{} {}", user.first_name, user.last_name),
                |contact| format!("{} {}", contact.first_name, contact.last_name),
            );
            (name, user.username.clone())
        }),
        PeerId::Chat(id) => state.chats.get(&id).map(|chat| (chat.title.clone(), None)),
        PeerId::Channel(id) => state.channels.get(&id).map(|channel| (channel.title.clone(), channel.username.clone())),
    };
    names.is_some_and(|(name, username)| {
        name.to_lowercase().contains(query) || username.is_some_and(|username| username.to_lowercase().starts_with(query))
    })
}

/// `contacts.addContact`: a user, under a name of the caller's own.
pub fn add_contact(call: &mut Call<'_>, request: tl::functions::contacts::AddContact) -> Result<tl::enums::Updates, RpcError> {
    let owner = call.user_id()?;
    let user_id = call.user(&request.id)?.id;
    if request.first_name.trim().is_empty() {
        return Err(RpcError::bad_request("CONTACT_NAME_EMPTY"));
    }
    if user_id == owner {
        return Err(RpcError::bad_request("CONTACT_ID_INVALID"));
    }
    let given = phone_digits(&request.phone).ok();
    let by_phone = given.is_some_and(|phone| call.state().phones.get(&phone) == Some(&user_id));
    let contact = NewContact { user_id, first_name: request.first_name, last_name: request.last_name, by_phone };
    let mut notices = call.change(Event::ContactsAdded { owner, contacts: vec![contact] });
    notices.push(Notice { to: owner, about: About::Person { user_id } });
    call.answer(None, &notices)
}

/// `contacts.deleteContacts`.
pub fn delete_contacts(
    call: &mut Call<'_>,
    request: tl::functions::contacts::DeleteContacts,
) -> Result<tl::enums::Updates, RpcError> {
    let owner = call.user_id()?;
    let contacts: Result<Vec<i64>, RpcError> = request.id.iter().map(|named| Ok(call.user(named)?.id)).collect();
    let contacts = contacts?;
    let mut notices = call.change(Event::ContactsRemoved { owner, contacts: contacts.clone() });
    notices.extend(contacts.into_iter().map(|user_id| Notice { to: owner, about: About::Person { user_id } }));
    call.answer(None, &notices)
}
