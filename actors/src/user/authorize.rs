//! Whether a call may happen. Every rule about who may do what is here, and nowhere else.

use std::sync::Arc;

use crate::account::AccountHandle;
use crate::caller::{Caller, Principal};
use crate::error::{Code, Error};
use crate::identity::AccountId;
use crate::operation::{Access, AccountReference, Declaration, Invocation, RateClass, Work};
use crate::policy::Policy;
use crate::runtime::now_secs;
use crate::sight::{ChatSight, hidden};
use crate::telegram::ChatId;
use crate::user::UserContext;
use crate::user::agent_keys::AgentKey;
use crate::user::quotas::LimitState;

/// The right to run one call: given by [`authorize`] only, and used up by it.
pub(crate) struct Permit {
    /// The account that the call may touch: the caller's own, and no other.
    pub(crate) account: Option<AccountHandle>,
    /// Which chats the caller may know of.
    pub(crate) sight: ChatSight,
    /// The rules of the agent's key, which have yet to be asked.
    pub(crate) policy: Option<Arc<Policy>>,
    /// What is left of the limits that the call drew from.
    pub(crate) limits: Vec<LimitState>,
}

/// A refusal, with what is left of the limits that were asked.
pub(crate) struct Denial {
    pub(crate) error: Error,
    pub(crate) limits: Vec<LimitState>,
}

impl From<Error> for Denial {
    fn from(error: Error) -> Self {
        Self { error, limits: Vec::new() }
    }
}

/// Decides about one call. The order is fixed, so that a refusal never tells more than the caller may know: the key, the operation's
/// access, the key's allowlist, the account's ownership, the chats, and the limits last.
pub(crate) fn authorize(user: &UserContext, caller: &Caller, invocation: &Invocation) -> Result<Permit, Denial> {
    let permit = consider(user, caller, invocation)?;
    let account = invocation.account.and_then(AccountReference::id);
    let limits = draw_limits(user, caller, invocation.declaration, account)?;
    Ok(Permit { limits, ..permit })
}

/// The same, without drawing from the limits.
pub(super) fn consider(user: &UserContext, caller: &Caller, invocation: &Invocation) -> Result<Permit, Error> {
    let declaration = invocation.declaration;
    match caller.principal() {
        Principal::Human { admin } => access_of_human(declaration, *admin)?,
        Principal::Agent { key_id } => {
            let keys = user.agent_keys.borrow();
            let key = keys.get(key_id).filter(|key| key.is_live(now_secs()));
            access_of_agent(declaration, key.ok_or_else(Error::unauthorized)?, invocation.account)?;
        }
    }
    let id = match invocation.account {
        None => None,
        Some(reference) => Some(owned_account(user, reference, &invocation.work)?),
    };
    let policy = user.policies.of(caller);
    let sight = match caller.principal() {
        Principal::Human { .. } => ChatSight::everything(),
        Principal::Agent { .. } => ChatSight::of_agent(policy.clone()),
    };
    if sight.is_agent() && invocation.chats.contains(&ChatId::SERVICE_MESSAGES) {
        return Err(hidden());
    }
    let account = id.and_then(|id| user.account(id));
    if matches!(invocation.work, Work::Account(_)) && account.is_none() {
        return Err(Error::account_suspended());
    }
    Ok(Permit { account, sight, policy, limits: Vec::new() })
}

/// The account of this user that a call names. The steps of a login name one that is none yet, and get no way to it.
fn owned_account(user: &UserContext, reference: AccountReference, work: &Work) -> Result<AccountId, Error> {
    let id = reference.id().ok_or_else(Error::account_forbidden)?;
    let is_step = matches!(work, Work::User(_)) && user.is_login(id);
    if user.owns(id) || is_step { Ok(id) } else { Err(user.no_account(reference)) }
}

fn access_of_human(declaration: &Declaration, admin: bool) -> Result<(), Error> {
    match declaration.access {
        Access::Admin(_) if !admin => Err(Error::new(Code::AdminOnly, "Admin privileges required")),
        _ => Ok(()),
    }
}

fn access_of_agent(declaration: &Declaration, key: &AgentKey, account: Option<AccountReference>) -> Result<(), Error> {
    match declaration.access {
        Access::Human(refusal) | Access::Admin(refusal) => return Err(Error::new(Code::HumanOnly, refusal)),
        Access::Scope(scope) if !key.scopes.contains(&scope) => {
            return Err(Error::new(Code::MissingScope, format!("Missing scope: {}", scope.name())));
        }
        Access::Scope(scope) if scope.needs_approval() => {
            return Err(Error::new(Code::HumanOnly, "This needs a person's approval, which cannot be given to an agent yet"));
        }
        Access::Scope(_) | Access::Authenticated => {}
    }
    match account {
        Some(reference) if !key.covers(reference.id()) => {
            Err(Error::new(Code::AccountNotAllowed, "account not in key allowlist"))
        }
        _ => Ok(()),
    }
}

fn draw_limits(
    user: &UserContext,
    caller: &Caller,
    declaration: &Declaration,
    account: Option<AccountId>,
) -> Result<Vec<LimitState>, Denial> {
    let mut limits = Vec::new();
    if let Some(key_id) = caller.key_id().filter(|_| declaration.effect.is_mutation()) {
        keep(&mut limits, user.quotas.draw_agent(key_id))?;
    }
    match (declaration.rate, account) {
        (RateClass::Account, Some(account)) => keep(&mut limits, user.quotas.draw_account(account))?,
        (RateClass::Login, _) => keep(&mut limits, user.quotas.draw_login())?,
        _ => {}
    }
    Ok(limits)
}

fn keep(limits: &mut Vec<LimitState>, drawn: Result<LimitState, (Error, LimitState)>) -> Result<(), Denial> {
    match drawn {
        Ok(state) => {
            limits.push(state);
            Ok(())
        }
        Err((error, state)) => {
            limits.push(state);
            Err(Denial { error, limits: std::mem::take(limits) })
        }
    }
}
