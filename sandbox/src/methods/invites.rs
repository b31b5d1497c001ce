//! Invite links: making, listing, changing and deleting them.

use grammers_tl_types as tl;

use super::administration::check_administers;
use super::call::{Call, random};
use super::error::RpcError;
use super::history::PAGE_MAX;
use crate::world::administration::right;
use crate::world::event::Event;
use crate::world::ids::PeerId;
use crate::world::invite::{Invite, InviteEvent, TITLE_CHARS_MAX, USAGE_LIMIT_MAX};
use crate::world::view::count;

/// What links are made of; a random byte's lower six bits choose one.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const HASH_CHARS: usize = 16;

fn new_hash() -> Result<String, RpcError> {
    let bytes: [u8; HASH_CHARS] = random()?;
    Ok(bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 63))).map(|symbol| char::from(*symbol)).collect())
}

/// The end of a link, however it is written.
pub fn hash_of(link: &str) -> &str {
    let end = link.rsplit('/').next().unwrap_or(link);
    end.trim_start_matches('+')
}

/// A group or a channel for which the caller makes links.
fn place(call: &Call<'_>, peer: &tl::enums::InputPeer) -> Result<(PeerId, i64), RpcError> {
    let peer = call.peer(peer)?;
    if matches!(peer, PeerId::User(_)) {
        return Err(RpcError::bad_request("PEER_ID_INVALID"));
    }
    let user_id = check_administers(call, peer, right::INVITE_USERS)?;
    Ok((peer, user_id))
}

/// A link of a place. Only its creator sees the links of others.
///
/// # Errors
/// `INVITE_HASH_EXPIRED` for one that is not there, `CHAT_ADMIN_REQUIRED` for another's.
pub fn known(call: &Call<'_>, peer: PeerId, link: &str) -> Result<(String, Invite), RpcError> {
    let hash = hash_of(link);
    let invite = call.state().invites.get(hash).filter(|invite| invite.peer == peer);
    let invite = invite.ok_or(RpcError::bad_request("INVITE_HASH_EXPIRED"))?;
    check_sees(call, peer, invite.creator)?;
    Ok((hash.to_owned(), invite.clone()))
}

fn check_sees(call: &Call<'_>, peer: PeerId, creator: i64) -> Result<(), RpcError> {
    let user_id = call.user_id()?;
    if creator == user_id || call.state().creator(peer) == Some(user_id) {
        return Ok(());
    }
    Err(RpcError::bad_request("CHAT_ADMIN_REQUIRED"))
}

/// Makes somebody's first link, if they have none.
fn ensure_permanent(call: &mut Call<'_>, peer: PeerId, creator: i64) -> Result<(), RpcError> {
    if call.state().permanent_invite(peer, creator).is_none() {
        store(call, Invite::permanent(peer, creator, call.now))?;
    }
    Ok(())
}

fn store(call: &mut Call<'_>, invite: Invite) -> Result<String, RpcError> {
    let hash = new_hash()?;
    call.change(Event::InviteStored { hash: hash.clone(), invite });
    Ok(hash)
}

/// What a link is given or not.
struct Terms {
    title: Option<String>,
    expire_date: Option<i32>,
    usage_limit: Option<i32>,
    request_needed: bool,
}

/// Puts terms onto a link; 0 and an empty name are none.
fn with_terms(call: &Call<'_>, invite: Invite, terms: Terms) -> Result<Invite, RpcError> {
    let title = terms.title.map(|title| title.trim().to_owned()).filter(|title| !title.is_empty());
    if title.as_ref().is_some_and(|title| title.chars().count() > TITLE_CHARS_MAX) {
        return Err(RpcError::bad_request("CHAT_TITLE_INVALID"));
    }
    let expire_date = terms.expire_date.filter(|date| *date != 0);
    if expire_date.is_some_and(|date| date <= call.now) {
        return Err(RpcError::bad_request("EXPIRE_DATE_INVALID"));
    }
    let usage_limit = terms.usage_limit.filter(|limit| *limit != 0);
    let limited = usage_limit.is_some_and(|limit| terms.request_needed || !(1..=USAGE_LIMIT_MAX).contains(&limit));
    if limited {
        return Err(RpcError::bad_request("USAGE_LIMIT_INVALID"));
    }
    Ok(Invite { title, expire_date, usage_limit, request_needed: terms.request_needed, ..invite })
}

/// `messages.exportChatInvite`: a further link, or with `legacy_revoke_permanent` a new first one.
pub fn export_chat_invite(
    call: &mut Call<'_>,
    request: tl::functions::messages::ExportChatInvite,
) -> Result<tl::enums::ExportedChatInvite, RpcError> {
    let (peer, creator) = place(call, &request.peer)?;
    if request.subscription_pricing.is_some() {
        return Err(RpcError::bad_request("PRICING_CHAT_INVALID"));
    }
    let permanent = Invite::permanent(peer, creator, call.now);
    let invite = if request.legacy_revoke_permanent {
        let former = call.state().permanent_invite(peer, creator).map(|(hash, invite)| (hash.clone(), invite.clone()));
        if let Some((hash, invite)) = former {
            change(call, hash, Invite { revoked: true, ..invite })?;
        }
        permanent
    } else {
        let tl::functions::messages::ExportChatInvite { title, expire_date, usage_limit, request_needed, .. } = request;
        let terms = Terms { title, expire_date, usage_limit, request_needed };
        with_terms(call, Invite { permanent: false, ..permanent }, terms)?
    };
    let hash = store(call, invite.clone())?;
    Ok(call.view()?.invite(&hash, &invite))
}

fn change(call: &mut Call<'_>, hash: String, invite: Invite) -> Result<(), RpcError> {
    let (by, date) = (call.user_id()?, call.now);
    call.change(Event::Invite(InviteEvent::Changed { hash, invite, by, date }));
    Ok(())
}

/// `messages.getExportedChatInvites`: those of one administrator, the first link before the others, the newest of those first.
pub fn get_exported_chat_invites(
    call: &mut Call<'_>,
    request: tl::functions::messages::GetExportedChatInvites,
) -> Result<tl::enums::messages::ExportedChatInvites, RpcError> {
    let (peer, _) = place(call, &request.peer)?;
    let creator = call.user(&request.admin_id)?.id;
    check_sees(call, peer, creator)?;
    if call.state().may_administer(creator, peer, right::INVITE_USERS) {
        ensure_permanent(call, peer, creator)?;
    }
    let all = call.state().invites.iter();
    let mut found: Vec<(&String, &Invite)> =
        all.filter(|(_, invite)| invite.peer == peer && invite.creator == creator && invite.revoked == request.revoked).collect();
    found.sort_by_key(|(hash, invite)| (!invite.permanent, -invite.date, *hash));
    let total = found.len();
    let after = request.offset_link.as_deref().map(hash_of);
    let start = after.and_then(|after| found.iter().position(|(hash, _)| *hash == after)).map_or(0, |position| position + 1);
    let limit = usize::try_from(request.limit).unwrap_or(0).min(PAGE_MAX);
    let mut view = call.view()?;
    let invites = found.iter().skip(start).take(limit).map(|(hash, invite)| view.invite(hash, invite)).collect();
    let (users, _) = view.mentioned();
    Ok(tl::types::messages::ExportedChatInvites { count: count(total), invites, users }.into())
}

/// `messages.getExportedChatInvite`.
pub fn get_exported_chat_invite(
    call: &mut Call<'_>,
    request: tl::functions::messages::GetExportedChatInvite,
) -> Result<tl::enums::messages::ExportedChatInvite, RpcError> {
    let (peer, _) = place(call, &request.peer)?;
    let (hash, invite) = known(call, peer, &request.link)?;
    told(call, &hash, &invite)
}

fn told(call: &Call<'_>, hash: &str, invite: &Invite) -> Result<tl::enums::messages::ExportedChatInvite, RpcError> {
    let mut view = call.view()?;
    let invite = view.invite(hash, invite);
    let (users, _) = view.mentioned();
    Ok(tl::types::messages::ExportedChatInvite { invite, users }.into())
}

/// `messages.editExportedChatInvite`: changes a link, or revokes it; who revokes their first link gets another one.
pub fn edit_exported_chat_invite(
    call: &mut Call<'_>,
    request: tl::functions::messages::EditExportedChatInvite,
) -> Result<tl::enums::messages::ExportedChatInvite, RpcError> {
    let (peer, _) = place(call, &request.peer)?;
    let (hash, invite) = known(call, peer, &request.link)?;
    if invite.revoked {
        return Err(RpcError::bad_request("INVITE_HASH_EXPIRED"));
    }
    if request.revoked {
        let revoked = Invite { revoked: true, ..invite };
        change(call, hash.clone(), revoked.clone())?;
        if !revoked.permanent {
            return told(call, &hash, &revoked);
        }
        let next = Invite::permanent(peer, revoked.creator, call.now);
        let next_hash = store(call, next.clone())?;
        let mut view = call.view()?;
        let (invite, new_invite) = (view.invite(&hash, &revoked), view.invite(&next_hash, &next));
        let (users, _) = view.mentioned();
        return Ok(tl::types::messages::ExportedChatInviteReplaced { invite, new_invite, users }.into());
    }
    if invite.permanent {
        return Err(RpcError::bad_request("CHAT_INVITE_PERMANENT"));
    }
    let terms = Terms {
        title: request.title.or(invite.title.clone()),
        expire_date: request.expire_date.or(invite.expire_date.filter(|date| *date > call.now)),
        usage_limit: request.usage_limit.or(invite.usage_limit),
        request_needed: request.request_needed.unwrap_or(invite.request_needed),
    };
    let changed = with_terms(call, invite, terms)?;
    change(call, hash.clone(), changed.clone())?;
    told(call, &hash, &changed)
}

/// `messages.deleteExportedChatInvite`: only one that was revoked.
pub fn delete_exported_chat_invite(
    call: &mut Call<'_>,
    request: tl::functions::messages::DeleteExportedChatInvite,
) -> Result<bool, RpcError> {
    let (peer, by) = place(call, &request.peer)?;
    let (hash, invite) = known(call, peer, &request.link)?;
    if !invite.revoked {
        return Err(RpcError::bad_request("INVITE_REVOKED_MISSING"));
    }
    let date = call.now;
    call.change(Event::Invite(InviteEvent::Deleted { hash, by, date }));
    Ok(true)
}

/// `messages.deleteRevokedExportedChatInvites`.
pub fn delete_revoked_exported_chat_invites(
    call: &mut Call<'_>,
    request: tl::functions::messages::DeleteRevokedExportedChatInvites,
) -> Result<bool, RpcError> {
    let (peer, by) = place(call, &request.peer)?;
    let creator = call.user(&request.admin_id)?.id;
    check_sees(call, peer, creator)?;
    let all = call.state().invites.iter();
    let revoked = all.filter(|(_, invite)| invite.peer == peer && invite.creator == creator && invite.revoked);
    let revoked: Vec<String> = revoked.map(|(hash, _)| hash.clone()).collect();
    let date = call.now;
    for hash in revoked {
        call.change(Event::Invite(InviteEvent::Deleted { hash, by, date }));
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_known_by_its_end() {
        for link in ["https://t.me/+AbCd-_12", "https://t.me/joinchat/AbCd-_12", "AbCd-_12", "+AbCd-_12"] {
            assert_eq!(hash_of(link), "AbCd-_12", "{link}");
        }
        let hash = new_hash().unwrap();
        assert_eq!((hash.len(), hash_of(&hash)), (HASH_CHARS, hash.as_str()));
    }
}
