//! Signing in by a token that another device of the user accepts, see <https://core.telegram.org/api/qr-login>.

use grammers_tl_types as tl;

use super::account::describe;
use super::auth::{authorized, check_api, sign_in_as};
use super::call::{Call, random};
use super::error::RpcError;
use crate::world::event::Event;
use crate::world::login_token::{LoginToken, LoginTokenEvent, LoginTokenStage};
use crate::world::state::Authorization;

/// Users whom one token may leave out.
const EXCEPT_MAX: usize = 100;
/// Tokens that stand at a time.
const TOKENS_MAX: usize = 10_000;
/// How long a client may take to come to its user's datacentre, in seconds.
const MOVED_SECS: i32 = 60;

type Answer = tl::enums::auth::LoginToken;

/// `auth.exportLoginToken`: a token to be shown; or, when the last one was accepted, what comes of it.
pub fn export_login_token(call: &mut Call<'_>, request: tl::functions::auth::ExportLoginToken) -> Result<Answer, RpcError> {
    check_api(request.api_id, &request.api_hash)?;
    if let Ok(user_id) = call.user_id() {
        return success(authorized(call, user_id)?);
    }
    let key = call.key();
    let accepted = call.state().login_tokens.iter().find_map(|(token, login)| match login.stage {
        LoginTokenStage::Accepted(user_id) if login.key == key && login.expires > call.now => Some((token.clone(), user_id)),
        _ => None,
    });
    match accepted {
        Some((token, user_id)) => take_up(call, token, user_id),
        None => show(call, request.except_ids),
    }
}

fn show(call: &mut Call<'_>, except: Vec<i64>) -> Result<Answer, RpcError> {
    if except.len() > EXCEPT_MAX || call.state().login_tokens.len() >= TOKENS_MAX {
        return Err(RpcError::new(420, format!("FLOOD_WAIT_{MOVED_SECS}")));
    }
    let expires = call.now.saturating_add(call.live.settings.login_token_secs);
    let login = LoginToken { key: call.key(), expires, stage: LoginTokenStage::Shown { except } };
    let token = store(call, login)?;
    Ok(tl::types::auth::LoginToken { expires, token }.into())
}

/// What an accepted token comes to: a sign-in here, or the way to the datacentre where the user lives.
fn take_up(call: &mut Call<'_>, token: String, user_id: i64) -> Result<Answer, RpcError> {
    call.change(Event::LoginToken(LoginTokenEvent::Used { token }));
    let dc_id = call.state().users.get(&user_id).ok_or_else(RpcError::internal)?.dc_id;
    if dc_id == call.session.dc_id {
        return success(sign_in_as(call, user_id)?);
    }
    let expires = call.now.saturating_add(MOVED_SECS);
    let token = store(call, LoginToken { key: call.key(), expires, stage: LoginTokenStage::Moved { user_id, dc_id } })?;
    Ok(tl::types::auth::LoginTokenMigrateTo { dc_id, token }.into())
}

fn store(call: &mut Call<'_>, login: LoginToken) -> Result<Vec<u8>, RpcError> {
    let token = random::<32>()?.to_vec();
    let stored = LoginTokenEvent::Stored { token: hex::encode(&token), login, date: call.now };
    call.change(Event::LoginToken(stored));
    Ok(token)
}

fn success(authorization: tl::enums::auth::Authorization) -> Result<Answer, RpcError> {
    Ok(tl::types::auth::LoginTokenSuccess { authorization }.into())
}

/// `auth.importLoginToken`: signs in, in the datacentre that `auth.exportLoginToken` named.
pub fn import_login_token(call: &mut Call<'_>, request: tl::functions::auth::ImportLoginToken) -> Result<Answer, RpcError> {
    let (token, login) = standing(call, &request.token)?;
    let LoginTokenStage::Moved { user_id, dc_id } = login.stage else {
        return Err(RpcError::bad_request("AUTH_TOKEN_INVALID"));
    };
    if dc_id != call.session.dc_id {
        return Ok(tl::types::auth::LoginTokenMigrateTo { dc_id, token: request.token }.into());
    }
    call.change(Event::LoginToken(LoginTokenEvent::Used { token }));
    success(sign_in_as(call, user_id)?)
}

/// `auth.acceptLoginToken`: lets the key that shows the token sign in, and tells it.
pub fn accept_login_token(
    call: &mut Call<'_>,
    request: tl::functions::auth::AcceptLoginToken,
) -> Result<tl::enums::Authorization, RpcError> {
    let user_id = call.user_id()?;
    let key = accept(call, &request.token, user_id)?;
    let hash = i64::from_le_bytes(random()?);
    let waiting = Authorization { user_id, hash, date: call.now, client: call.live.client(key), imported: false };
    Ok(describe(&waiting, false))
}

/// Lets a user accept a token. Answers the key that waits.
///
/// # Errors
/// Telegram's names for a token that is unknown, has expired or was accepted, and for a user whom it leaves out.
pub fn accept(call: &mut Call<'_>, token: &[u8], user_id: i64) -> Result<crate::world::ids::KeyAddress, RpcError> {
    let (token, login) = standing(call, token)?;
    match &login.stage {
        LoginTokenStage::Shown { except } if except.contains(&user_id) => {
            return Err(RpcError::bad_request("AUTH_TOKEN_EXCEPTION"));
        }
        LoginTokenStage::Shown { .. } => {}
        LoginTokenStage::Accepted(_) | LoginTokenStage::Moved { .. } => {
            return Err(RpcError::bad_request("AUTH_TOKEN_ALREADY_ACCEPTED"));
        }
    }
    let key = login.key;
    let expires = call.now.saturating_add(MOVED_SECS);
    let login = LoginToken { key, expires, stage: LoginTokenStage::Accepted(user_id) };
    call.change(Event::LoginToken(LoginTokenEvent::Stored { token, login, date: call.now }));
    call.tell_key(key, tl::enums::Update::LoginToken);
    Ok(key)
}

fn standing(call: &Call<'_>, token: &[u8]) -> Result<(String, LoginToken), RpcError> {
    let token = hex::encode(token);
    let login = call.state().login_tokens.get(&token).cloned().ok_or(RpcError::bad_request("AUTH_TOKEN_INVALIDX"))?;
    if login.expires <= call.now {
        return Err(RpcError::bad_request("AUTH_TOKEN_EXPIRED"));
    }
    Ok((token, login))
}
