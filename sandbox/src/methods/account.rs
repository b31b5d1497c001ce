//! The account's password and its sessions.

use grammers_tl_types as tl;

use super::call::{Call, random};
use super::error::RpcError;
use crate::world::event::Event;
use crate::world::ids::HexBytes;
use crate::world::srp::{self, Challenge};
use crate::world::state::{Authorization, Password};

/// Days after which Telegram signs an idle session out; the sandbox never does.
const AUTHORIZATION_DAYS: i32 = 180;
const SALT_BYTES_MAX: usize = 256;
const HINT_CHARS_MAX: usize = 255;

type ModPow = tl::types::PasswordKdfAlgoSha256Sha256Pbkdf2Hmacsha512iter100000Sha256ModPow;

/// `account.getPassword`, for those who are signed in and those whose password is awaited.
pub fn get_password(
    call: &mut Call<'_>,
    _: tl::functions::account::GetPassword,
) -> Result<tl::enums::account::Password, RpcError> {
    let awaited = call.state().awaiting_password.get(&call.key()).copied();
    let user_id = awaited.map_or_else(|| call.user_id(), Ok)?;
    let user = call.state().users.get(&user_id).ok_or_else(RpcError::unauthorized)?;
    let password = user.password.clone();
    let salt1 = random::<8>()?.to_vec();
    let salt2 = random::<16>()?.to_vec();
    let new_algo = algorithm(salt1, salt2);
    let secure_random = random::<256>()?.to_vec();
    let mut answer = tl::types::account::Password {
        has_recovery: false,
        has_secure_values: false,
        has_password: false,
        current_algo: None,
        srp_b: None,
        srp_id: None,
        hint: None,
        email_unconfirmed_pattern: None,
        new_algo,
        new_secure_algo: tl::enums::SecurePasswordKdfAlgo::Unknown,
        secure_random,
        pending_reset_date: None,
        login_email_pattern: None,
    };
    if let Some(password) = password {
        let random = random()?;
        let challenge = call.live.open_challenge(user_id, |id| Challenge::new(id, &password, &random));
        answer.has_password = true;
        answer.srp_id = Some(challenge.id);
        answer.srp_b = Some(challenge.public.clone());
        answer.current_algo = Some(algorithm(password.salt1.0, password.salt2.0));
        answer.hint = password.hint;
    }
    Ok(answer.into())
}

fn algorithm(salt1: Vec<u8>, salt2: Vec<u8>) -> tl::enums::PasswordKdfAlgo {
    ModPow { salt1, salt2, g: srp::GENERATOR, p: srp::prime() }.into()
}

/// Whether the answer to a challenge proves the user's password.
///
/// # Errors
/// `SRP_ID_INVALID` for a challenge that was not given to this user (or was used), `PASSWORD_HASH_INVALID` for a wrong password.
pub fn prove_password(call: &mut Call<'_>, user_id: i64, proof: &tl::enums::InputCheckPasswordSrp) -> Result<(), RpcError> {
    let user = call.state().users.get(&user_id).ok_or_else(RpcError::unauthorized)?;
    let wrong = RpcError::bad_request("PASSWORD_HASH_INVALID");
    match (user.password.clone(), proof) {
        (None, _) => Ok(()),
        (Some(_), tl::enums::InputCheckPasswordSrp::InputCheckPasswordEmpty) => Err(wrong),
        (Some(password), tl::enums::InputCheckPasswordSrp::Srp(proof)) => {
            let challenge = call.live.take_challenge(user_id, proof.srp_id);
            let challenge = challenge.ok_or(RpcError::bad_request("SRP_ID_INVALID"))?;
            if challenge.verify(&password, &proof.a, &proof.m1) { Ok(()) } else { Err(wrong) }
        }
    }
}

/// `account.updatePasswordSettings`: sets, changes or removes the two-step password.
pub fn update_password_settings(
    call: &mut Call<'_>,
    request: tl::functions::account::UpdatePasswordSettings,
) -> Result<bool, RpcError> {
    let user_id = call.user_id()?;
    prove_password(call, user_id, &request.password)?;
    let tl::enums::account::PasswordInputSettings::Settings(settings) = request.new_settings;
    let Some(algorithm) = settings.new_algo else { return Ok(true) };
    let verifier = settings.new_password_hash.unwrap_or_default();
    let password = match algorithm {
        tl::enums::PasswordKdfAlgo::Unknown => None,
        // Some clients remove the password by an empty one, and name an algorithm all the same.
        tl::enums::PasswordKdfAlgo::Sha256Sha256Pbkdf2Hmacsha512iter100000Sha256ModPow(_) if verifier.is_empty() => None,
        tl::enums::PasswordKdfAlgo::Sha256Sha256Pbkdf2Hmacsha512iter100000Sha256ModPow(algorithm) => {
            if algorithm.salt1.len() > SALT_BYTES_MAX || algorithm.salt2.len() > SALT_BYTES_MAX {
                return Err(RpcError::bad_request("NEW_SALT_INVALID"));
            }
            if algorithm.g != srp::GENERATOR || algorithm.p != srp::prime() || !srp::is_verifier(&verifier) {
                return Err(RpcError::bad_request("NEW_SETTINGS_INVALID"));
            }
            let hint = settings.hint.filter(|hint| !hint.is_empty());
            if hint.as_ref().is_some_and(|hint| hint.chars().count() > HINT_CHARS_MAX) {
                return Err(RpcError::bad_request("NEW_SETTINGS_INVALID"));
            }
            let salt1 = HexBytes(algorithm.salt1);
            let salt2 = HexBytes(algorithm.salt2);
            Some(Password { salt1, salt2, verifier: HexBytes(verifier), hint })
        }
    };
    call.change(Event::PasswordSet { user_id, password });
    Ok(true)
}

/// `account.getAuthorizations`: the user's sessions. Authorizations imported into other datacentres are not listed.
pub fn get_authorizations(
    call: &mut Call<'_>,
    _: tl::functions::account::GetAuthorizations,
) -> Result<tl::enums::account::Authorizations, RpcError> {
    let own = call.key();
    let keys = call.me()?.keys.iter();
    let found = keys.filter_map(|key| Some((*key == own, call.state().authorizations.get(key)?)));
    let authorizations = found.filter(|(_, found)| !found.imported).map(|(current, found)| describe(found, current)).collect();
    Ok(tl::types::account::Authorizations { authorization_ttl_days: AUTHORIZATION_DAYS, authorizations }.into())
}

/// An authorization as the user's sessions see it.
pub fn describe(authorization: &Authorization, current: bool) -> tl::enums::Authorization {
    let client = &authorization.client;
    tl::types::Authorization {
        current,
        official_app: false,
        password_pending: false,
        encrypted_requests_disabled: false,
        call_requests_disabled: false,
        unconfirmed: false,
        hash: if current { 0 } else { authorization.hash },
        device_model: client.device_model.clone(),
        platform: String::new(),
        system_version: client.system_version.clone(),
        api_id: client.api_id,
        app_name: "application".into(),
        app_version: client.app_version.clone(),
        date_created: authorization.date,
        date_active: authorization.date,
        ip: "127.0.0.1".into(),
        country: String::new(),
        region: String::new(),
    }
    .into()
}

/// `account.resetAuthorization`: signs out one other session.
pub fn reset_authorization(call: &mut Call<'_>, request: tl::functions::account::ResetAuthorization) -> Result<bool, RpcError> {
    let own = call.key();
    let mut keys = call.me()?.keys.iter().copied().filter(|key| *key != own);
    let named = keys.find(|key| call.state().authorizations.get(key).is_some_and(|found| found.hash == request.hash));
    let key = named.ok_or(RpcError::bad_request("HASH_INVALID"))?;
    call.change(Event::SignedOut { keys: vec![key] });
    Ok(true)
}
