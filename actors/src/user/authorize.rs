//! Whether a call may happen. Every rule about who may do what is here, and nowhere else.

use std::sync::Arc;

use crate::account::AccountHandle;
use crate::approvals::Reason;
use crate::caller::{Caller, Principal};
use crate::error::{Code, Error};
use crate::identity::AccountId;
use crate::operation::{Access, AccountReference, Declaration, Invocation, RateClass, Work};
use crate::policy::Policy;
use crate::runtime::now_secs;
use crate::scope::Scope;
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
    /// Why a person must approve the call first. With any, this permits nothing but to ask.
    pub(crate) reasons: Vec<Reason>,
    /// What is left of the limits that the call drew from.
    pub(crate) limits: Vec<LimitState>,
}

/// By what right a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    /// The caller's own.
    Own,
    /// The caller's own, and a person has approved this very call. It drew from its key's limit when it asked.
    Approved,
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
///
/// Whatever needs a person (a scope, a chat) adds a [`Reason`]; the rules of the key's policy add theirs later. Refusals come first.
pub(crate) fn authorize(user: &UserContext, caller: &Caller, invocation: &Invocation, right: Right) -> Result<Permit, Denial> {
    let mut permit = consider(user, caller, invocation)?;
    let account = invocation.account.and_then(AccountReference::id);
    permit.limits = draw_limits(user, caller, invocation.declaration, account, right)?;
    if right == Right::Approved {
        permit.reasons.clear();
    }
    Ok(permit)
}

/// The same, without drawing from the limits.
pub(super) fn consider(user: &UserContext, caller: &Caller, invocation: &Invocation) -> Result<Permit, Error> {
    let declaration = invocation.declaration;
    let (mut reasons, mut may_ask_for_service_messages) = (Vec::new(), false);
    match caller.principal() {
        Principal::Human { admin } => access_of_human(declaration, *admin)?,
        Principal::Agent { key_id } => {
            let keys = user.agent_keys.borrow();
            let key = keys.get(key_id).filter(|key| key.is_live(now_secs()));
            let key = key.ok_or_else(Error::unauthorized)?;
            reasons.extend(access_of_agent(declaration, key, invocation.account)?);
            may_ask_for_service_messages = can_ask_for_service_messages(key, invocation);
        }
    }
    let id = match invocation.account {
        None => None,
        Some(reference) => Some(owned_account(user, reference, &invocation.work)?),
    };
    let policy = user.policies.of(caller);
    let mut sight = match caller.principal() {
        Principal::Human { .. } => ChatSight::everything(),
        Principal::Agent { .. } => ChatSight::of_agent(policy.clone()),
    };
    if sight.is_agent() && invocation.chats.contains(&ChatId::SERVICE_MESSAGES) {
        if !may_ask_for_service_messages {
            return Err(hidden());
        }
        let explanation = "It is about the chat with Telegram itself, which has login codes";
        reasons.push(Reason::new(Scope::SecurityRead.name(), explanation));
        sight = sight.with_service_messages();
    }
    let account = id.and_then(|id| user.account(id));
    if matches!(invocation.work, Work::Account(_)) && account.is_none() {
        return Err(Error::account_suspended());
    }
    Ok(Permit { account, sight, policy, reasons, limits: Vec::new() })
}

/// Whether a person may be asked to let an agent into the chat with Telegram itself: into one call that answers with JSON.
fn can_ask_for_service_messages(key: &AgentKey, invocation: &Invocation) -> bool {
    key.scopes.contains(&Scope::SecurityRead) && invocation.can_wait() && matches!(invocation.work, Work::Account(_))
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

/// Whether a key lets an agent call an operation; and if so, why a person must approve it, if one must.
fn access_of_agent(
    declaration: &Declaration,
    key: &AgentKey,
    account: Option<AccountReference>,
) -> Result<Option<Reason>, Error> {
    let mut reason = None;
    match declaration.access {
        Access::Human(refusal) | Access::Admin(refusal) => return Err(Error::new(Code::HumanOnly, refusal)),
        Access::Scope(scope) if !key.scopes.contains(&scope) => {
            return Err(Error::new(Code::MissingScope, format!("Missing scope: {}", scope.name())));
        }
        Access::Scope(scope) if scope.needs_approval() => {
            reason = Some(Reason::new(scope.name(), format!("{} needs the scope {}", declaration.name, scope.name())));
        }
        Access::Scope(_) | Access::Authenticated => {}
    }
    match account {
        Some(reference) if !key.covers(reference.id()) => {
            Err(Error::new(Code::AccountNotAllowed, "account not in key allowlist"))
        }
        _ => Ok(reason),
    }
}

fn draw_limits(
    user: &UserContext,
    caller: &Caller,
    declaration: &Declaration,
    account: Option<AccountId>,
    right: Right,
) -> Result<Vec<LimitState>, Denial> {
    let mut limits = Vec::new();
    if let Some(key_id) = caller.key_id().filter(|_| declaration.effect.is_mutation() && right == Right::Own) {
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
