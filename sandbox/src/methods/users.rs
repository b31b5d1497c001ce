//! Looking users up.

use grammers_tl_types as tl;

use super::call::Call;
use super::error::RpcError;

/// Users that one call may ask for.
const USERS_MAX: usize = 200;

/// `users.getUsers`: those that cannot be resolved are answered as empty.
pub fn get_users(call: &mut Call<'_>, request: tl::functions::users::GetUsers) -> Result<Vec<tl::enums::User>, RpcError> {
    if request.id.len() > USERS_MAX {
        return Err(RpcError::bad_request("LIMIT_INVALID"));
    }
    let view = call.view()?;
    let found = request.id.iter().map(|named| match call.user(named) {
        Ok(user) => view.user(user),
        Err(_) => tl::types::UserEmpty { id: id_of(named) }.into(),
    });
    Ok(found.collect())
}

fn id_of(user: &tl::enums::InputUser) -> i64 {
    match user {
        tl::enums::InputUser::User(user) => user.user_id,
        tl::enums::InputUser::FromMessage(user) => user.user_id,
        tl::enums::InputUser::Empty | tl::enums::InputUser::UserSelf => 0,
    }
}

/// `users.getFullUser`.
pub fn get_full_user(
    call: &mut Call<'_>,
    request: tl::functions::users::GetFullUser,
) -> Result<tl::enums::users::UserFull, RpcError> {
    let user = call.user(&request.id)?;
    let mut view = call.view()?;
    let full_user = view.user_full(user);
    let (users, chats) = view.mentioned();
    Ok(tl::types::users::UserFull { full_user, chats, users }.into())
}
