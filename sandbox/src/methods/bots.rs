//! Bots, as they sign in.

use grammers_tl_types as tl;
use grammers_tl_types::enums::auth::Authorization as Answer;
use subtle::ConstantTimeEq;

use super::auth::{authorize, check_api};
use super::call::Call;
use super::error::RpcError;

/// `auth.importBotAuthorization`: signs a bot in where it lives.
pub fn import_bot_authorization(
    call: &mut Call<'_>,
    request: tl::functions::auth::ImportBotAuthorization,
) -> Result<Answer, RpcError> {
    check_api(request.api_id, &request.api_hash)?;
    let invalid = RpcError::bad_request("ACCESS_TOKEN_INVALID");
    let id = request.bot_auth_token.split(':').next().and_then(|id| id.parse::<i64>().ok());
    let user_id = id.ok_or_else(|| invalid.clone())?;
    let known = call.state().bots.get(&user_id);
    if !known.is_some_and(|bot| bot.token.as_bytes().ct_eq(request.bot_auth_token.as_bytes()).into()) {
        return Err(invalid);
    }
    let home = call.state().users.get(&user_id).ok_or_else(RpcError::internal)?.dc_id;
    if home != call.session.dc_id {
        return Err(RpcError::new(303, format!("USER_MIGRATE_{home}")));
    }
    authorize(call, user_id, false)
}
