//! Signing in and out.

use grammers_tl_types as tl;
use grammers_tl_types::enums::auth::Authorization as Answer;
use subtle::ConstantTimeEq;

use super::account;
use super::call::{Call, random};
use super::error::RpcError;
use crate::world::event::{Event, NewUser};
use crate::world::ids::HexBytes;
use crate::world::state::{Authorization, CodeDelivery, LoginCode, User};
use crate::world::view::View;

/// How long a login code stands, in seconds.
pub const CODE_SECS: i32 = 300;
/// Wrong codes after which a code stands no more.
pub const CODE_ATTEMPTS_MAX: u32 = 5;
/// Phone numbers that wait for their code at a time.
const CODES_MAX: usize = 10_000;
const CODE_DIGITS: i32 = 5;
/// How long clients are told to wait before they ask for a code in the next way, in seconds.
const RESEND_SECS: i32 = 60;
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 5..=15;
const NAME_CHARS_MAX: usize = 64;

type SentCode = tl::enums::auth::SentCode;

/// A phone number as the network keeps it: digits only.
///
/// # Errors
/// `PHONE_NUMBER_INVALID` for anything but 5 to 15 digits with `+`, spaces, hyphens and brackets between them.
pub fn phone_digits(phone: &str) -> Result<String, RpcError> {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    let plain = phone.chars().all(|symbol| symbol.is_ascii_digit() || "+ -()".contains(symbol));
    if !plain || !PHONE_DIGITS.contains(&digits.len()) {
        return Err(RpcError::new(406, "PHONE_NUMBER_INVALID"));
    }
    Ok(digits)
}

/// `auth.sendCode`. The code is read through the control interface.
pub fn send_code(call: &mut Call<'_>, request: tl::functions::auth::SendCode) -> Result<SentCode, RpcError> {
    let phone = phone_digits(&request.phone_number)?;
    check_api(request.api_id, &request.api_hash)?;
    check_home(call, &phone)?;
    let signed_in = call.state().user_by_phone(&phone).is_some_and(|user| !user.keys.is_empty());
    issue_code(call, phone, if signed_in { CodeDelivery::App } else { CodeDelivery::Sms })
}

/// `auth.resendCode`: a new code takes the place of the one before, and comes in the next way.
pub fn resend_code(call: &mut Call<'_>, request: tl::functions::auth::ResendCode) -> Result<SentCode, RpcError> {
    let phone = phone_digits(&request.phone_number)?;
    let next = standing_code(call, &phone, &request.phone_code_hash)?.delivery.next();
    let delivery = next.ok_or(RpcError::new(406, "SEND_CODE_UNAVAILABLE"))?;
    issue_code(call, phone, delivery)
}

/// `auth.cancelCode`.
pub fn cancel_code(call: &mut Call<'_>, request: tl::functions::auth::CancelCode) -> Result<bool, RpcError> {
    let phone = phone_digits(&request.phone_number)?;
    standing_code(call, &phone, &request.phone_code_hash)?;
    call.change(Event::CodeCancelled { phone });
    Ok(true)
}

/// `auth.signIn`.
pub fn sign_in(call: &mut Call<'_>, request: tl::functions::auth::SignIn) -> Result<Answer, RpcError> {
    let phone = phone_digits(&request.phone_number)?;
    check_home(call, &phone)?;
    let given = request.phone_code.unwrap_or_default();
    if given.is_empty() {
        return Err(RpcError::bad_request("PHONE_CODE_EMPTY"));
    }
    let sent = standing_code(call, &phone, &request.phone_code_hash)?;
    if !bool::from(sent.code.as_bytes().ct_eq(given.as_bytes())) {
        call.change(Event::CodeRefused { phone });
        return Err(RpcError::bad_request("PHONE_CODE_INVALID"));
    }
    let Some(user) = call.state().user_by_phone(&phone) else {
        call.change(Event::CodeVerified { phone });
        return Ok(tl::types::auth::AuthorizationSignUpRequired { terms_of_service: None }.into());
    };
    let user_id = user.id;
    sign_in_as(call, user_id)
}

/// Signs the calling key in as a user, who has proven to be it by everything but the password.
///
/// # Errors
/// `SESSION_PASSWORD_NEEDED` for a user with a two-step password, which is the next step.
pub fn sign_in_as(call: &mut Call<'_>, user_id: i64) -> Result<Answer, RpcError> {
    if call.state().users.get(&user_id).is_some_and(|user| user.password.is_some()) {
        let key = call.key();
        call.change(Event::PasswordAwaited { key, user_id });
        return Err(RpcError::new(401, "SESSION_PASSWORD_NEEDED"));
    }
    authorize(call, user_id, false)
}

/// `auth.signUp`: makes the account of a number whose code was right.
pub fn sign_up(call: &mut Call<'_>, request: tl::functions::auth::SignUp) -> Result<Answer, RpcError> {
    let phone = phone_digits(&request.phone_number)?;
    check_home(call, &phone)?;
    if call.state().user_by_phone(&phone).is_some() {
        return Err(RpcError::bad_request("PHONE_NUMBER_OCCUPIED"));
    }
    if !standing_code(call, &phone, &request.phone_code_hash)?.verified {
        return Err(RpcError::bad_request("PHONE_CODE_INVALID"));
    }
    let first_name = request.first_name.trim();
    let last_name = request.last_name.trim();
    if first_name.is_empty() || first_name.chars().count() > NAME_CHARS_MAX {
        return Err(RpcError::bad_request("FIRSTNAME_INVALID"));
    }
    if last_name.chars().count() > NAME_CHARS_MAX {
        return Err(RpcError::bad_request("LASTNAME_INVALID"));
    }
    let dc_id = call.session.dc_id;
    let new = NewUser { id: None, phone, first_name: first_name.into(), last_name: last_name.into(), username: None, dc_id };
    call.change(Event::UserCreated(new));
    authorize(call, call.state().last.user, false)
}

/// `auth.checkPassword`: the second step of a sign-in.
pub fn check_password(call: &mut Call<'_>, request: tl::functions::auth::CheckPassword) -> Result<Answer, RpcError> {
    let user_id = *call.state().awaiting_password.get(&call.key()).ok_or_else(RpcError::unauthorized)?;
    account::prove_password(call, user_id, &request.password)?;
    authorize(call, user_id, false)
}

/// `auth.logOut`.
pub fn log_out(call: &mut Call<'_>, _: tl::functions::auth::LogOut) -> Result<tl::enums::auth::LoggedOut, RpcError> {
    call.user_id()?;
    let key = call.key();
    call.change(Event::SignedOut { keys: vec![key] });
    Ok(tl::types::auth::LoggedOut { future_auth_token: None }.into())
}

/// `auth.resetAuthorizations`: signs out every other session of the user.
pub fn reset_authorizations(call: &mut Call<'_>, _: tl::functions::auth::ResetAuthorizations) -> Result<bool, RpcError> {
    let own = call.key();
    let keys = call.me()?.keys.iter().copied().filter(|key| *key != own).collect();
    call.change(Event::SignedOut { keys });
    Ok(true)
}

/// `auth.exportAuthorization`.
pub fn export_authorization(
    call: &mut Call<'_>,
    request: tl::functions::auth::ExportAuthorization,
) -> Result<tl::enums::auth::ExportedAuthorization, RpcError> {
    let user_id = call.user_id()?;
    if request.dc_id == call.session.dc_id || !call.datacentres.addresses.contains_key(&request.dc_id) {
        return Err(RpcError::bad_request("DC_ID_INVALID"));
    }
    let token = random::<128>()?.to_vec();
    call.change(Event::AuthorizationExported { user_id, token: HexBytes(token.clone()) });
    Ok(tl::types::auth::ExportedAuthorization { id: user_id, bytes: token }.into())
}

/// `auth.importAuthorization`: an exported authorization serves once.
pub fn import_authorization(call: &mut Call<'_>, request: tl::functions::auth::ImportAuthorization) -> Result<Answer, RpcError> {
    let exported = call.state().exported.get(&request.id);
    if !exported.is_some_and(|token| token.0.ct_eq(&request.bytes).into()) {
        return Err(RpcError::bad_request("AUTH_BYTES_INVALID"));
    }
    authorize(call, request.id, true)
}

/// Signs the calling key in.
///
/// # Errors
/// When the system gives no random bytes.
pub fn authorize(call: &mut Call<'_>, user_id: i64, imported: bool) -> Result<Answer, RpcError> {
    let key = call.key();
    let hash = i64::from_le_bytes(random()?);
    let authorization = Authorization { user_id, hash, date: call.now, client: call.live.client(key), imported };
    call.change(Event::SignedIn { key, authorization });
    authorized(call, user_id)
}

/// The answer to a key that is signed in as a user.
///
/// # Errors
/// When there is no such user.
pub fn authorized(call: &Call<'_>, user_id: i64) -> Result<Answer, RpcError> {
    let user: &User = call.state().users.get(&user_id).ok_or_else(RpcError::internal)?;
    let user = View::new(call.state(), user_id).user(user);
    Ok(tl::types::auth::Authorization {
        setup_password_required: false,
        otherwise_relogin_days: None,
        tmp_sessions: None,
        future_auth_token: None,
        user,
    }
    .into())
}

/// Any application may come, but it must name itself as Telegram wants it.
///
/// # Errors
/// `API_ID_INVALID`.
pub fn check_api(api_id: i32, api_hash: &str) -> Result<(), RpcError> {
    if api_id <= 0 || api_hash.is_empty() {
        return Err(RpcError::bad_request("API_ID_INVALID"));
    }
    Ok(())
}

/// An account signs in where it lives, and a new one in the network's home datacentre.
fn check_home(call: &Call<'_>, phone: &str) -> Result<(), RpcError> {
    let home = call.state().user_by_phone(phone).map_or(call.datacentres.home_dc_id, |user| user.dc_id);
    if home == call.session.dc_id { Ok(()) } else { Err(RpcError::phone_migrate(home)) }
}

fn standing_code<'a>(call: &'a Call<'_>, phone: &str, phone_code_hash: &str) -> Result<&'a LoginCode, RpcError> {
    if phone_code_hash.is_empty() {
        return Err(RpcError::bad_request("PHONE_CODE_HASH_EMPTY"));
    }
    let code = call.state().login_codes.get(phone).filter(|code| {
        let fresh = call.now.saturating_sub(code.date) <= CODE_SECS && code.attempts < CODE_ATTEMPTS_MAX;
        fresh && code.phone_code_hash == phone_code_hash
    });
    code.ok_or(RpcError::bad_request("PHONE_CODE_EXPIRED"))
}

fn issue_code(call: &mut Call<'_>, phone: String, delivery: CodeDelivery) -> Result<SentCode, RpcError> {
    let known = call.state().login_codes.contains_key(&phone);
    if !known && call.state().login_codes.len() >= CODES_MAX {
        return Err(RpcError::new(420, format!("FLOOD_WAIT_{CODE_SECS}")));
    }
    let number = u32::from_le_bytes(random()?) % 100_000;
    let phone_code_hash = hex::encode(random::<9>()?);
    let kind = match delivery {
        CodeDelivery::App => tl::types::auth::SentCodeTypeApp { length: CODE_DIGITS }.into(),
        CodeDelivery::Sms => tl::types::auth::SentCodeTypeSms { length: CODE_DIGITS }.into(),
        CodeDelivery::Call => tl::types::auth::SentCodeTypeCall { length: CODE_DIGITS }.into(),
    };
    let next_type = delivery.next().map(|next| match next {
        CodeDelivery::App | CodeDelivery::Sms => tl::enums::auth::CodeType::Sms,
        CodeDelivery::Call => tl::enums::auth::CodeType::Call,
    });
    let timeout = next_type.as_ref().map(|_| RESEND_SECS);
    let code = format!("{number:05}");
    call.change(Event::CodeSent { phone, code, phone_code_hash: phone_code_hash.clone(), date: call.now, delivery });
    Ok(tl::types::auth::SentCode { r#type: kind, phone_code_hash, next_type, timeout }.into())
}
