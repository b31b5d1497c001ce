//! What the caller shows of themselves: name, bio, username, and whether they are there.

use grammers_tl_types as tl;

use super::call::Call;
use super::error::RpcError;
use crate::world::event::Event;
use crate::world::ids::PeerId;
use crate::world::profile::ProfileEvent;

/// The longest first or last name, in characters.
const NAME_CHARS_MAX: usize = 64;
/// The longest bio, in characters, for who has no Telegram Premium.
const BIO_CHARS_MAX: usize = 70;
const USERNAME_CHARS: std::ops::RangeInclusive<usize> = 5..=32;
/// How long a client is taken to be there that does not say so again, in seconds.
const THERE_SECS: i32 = 300;

/// `account.updateProfile`: what is left out stays.
pub fn update_profile(call: &mut Call<'_>, request: tl::functions::account::UpdateProfile) -> Result<tl::enums::User, RpcError> {
    let me = call.me()?;
    let user_id = me.id;
    let first_name = request.first_name.as_deref().map_or(me.first_name.as_str(), str::trim).to_owned();
    let last_name = request.last_name.as_deref().map_or(me.last_name.as_str(), str::trim).to_owned();
    let renamed = first_name != me.first_name || last_name != me.last_name;
    if first_name.is_empty() || first_name.chars().count() > NAME_CHARS_MAX {
        return Err(RpcError::bad_request("FIRSTNAME_INVALID"));
    }
    if last_name.chars().count() > NAME_CHARS_MAX {
        return Err(RpcError::bad_request("LASTNAME_INVALID"));
    }
    let of = PeerId::User(user_id);
    let about = request.about.map(|about| about.trim().to_owned());
    if about.as_ref().is_some_and(|about| about.chars().count() > BIO_CHARS_MAX) {
        return Err(RpcError::bad_request("ABOUT_TOO_LONG"));
    }
    if renamed {
        call.change(Event::Profile(ProfileEvent::NameSet { user_id, first_name, last_name }));
    }
    if let Some(about) = about.filter(|about| call.state().about_of(of) != about) {
        let (by, date) = (user_id, call.now);
        call.change(Event::Profile(ProfileEvent::AboutSet { of, about, by, date }));
    }
    Ok(call.view()?.user(call.me()?))
}

/// Whether a text can be a username at all.
fn check_form(username: &str) -> Result<(), RpcError> {
    let letters = username.starts_with(|first: char| first.is_ascii_alphabetic())
        && username.chars().all(|symbol| symbol.is_ascii_alphanumeric() || symbol == '_')
        && !username.ends_with('_')
        && !username.contains("__");
    if letters && USERNAME_CHARS.contains(&username.len()) { Ok(()) } else { Err(RpcError::bad_request("USERNAME_INVALID")) }
}

/// `account.checkUsername`: whether it is free.
pub fn check_username(call: &mut Call<'_>, request: tl::functions::account::CheckUsername) -> Result<bool, RpcError> {
    let me = PeerId::User(call.user_id()?);
    check_form(&request.username)?;
    Ok(call.state().peer_by_username(&request.username).is_none_or(|taken| taken == me))
}

/// `account.updateUsername`; an empty one is none.
pub fn update_username(
    call: &mut Call<'_>,
    request: tl::functions::account::UpdateUsername,
) -> Result<tl::enums::User, RpcError> {
    let me = call.me()?;
    let user_id = me.id;
    let username = Some(request.username).filter(|username| !username.is_empty());
    if me.username == username {
        return Err(RpcError::bad_request("USERNAME_NOT_MODIFIED"));
    }
    if let Some(username) = &username {
        check_form(username)?;
        if call.state().peer_by_username(username).is_some_and(|taken| taken != PeerId::User(user_id)) {
            return Err(RpcError::bad_request("USERNAME_OCCUPIED"));
        }
    }
    call.change(Event::Profile(ProfileEvent::UsernameSet { user_id, username }));
    Ok(call.view()?.user(call.me()?))
}

/// `account.updateStatus`.
pub fn update_status(call: &mut Call<'_>, request: tl::functions::account::UpdateStatus) -> Result<bool, RpcError> {
    let user_id = call.user_id()?;
    let until = if request.offline { call.now } else { call.now.saturating_add(THERE_SECS) };
    call.change(Event::Profile(ProfileEvent::ThereUntil { user_id, until }));
    Ok(true)
}
