//! Whom the caller lets see and do things.

use grammers_tl_types as tl;

use super::call::Call;
use super::error::RpcError;
use crate::world::event::Event;
use crate::world::ids::PeerId;
use crate::world::privacy::{PrivacyKey, PrivacyRule};
use crate::world::profile::ProfileEvent;

/// Users and groups that one rule names.
const NAMED_MAX: usize = 1_000;

fn answer(call: &Call<'_>, key: PrivacyKey) -> Result<tl::enums::account::PrivacyRules, RpcError> {
    let mut view = call.view()?;
    let rules = view.privacy_rules(key);
    let (users, chats) = view.mentioned();
    Ok(tl::types::account::PrivacyRules { rules, chats, users }.into())
}

/// `account.getPrivacy`.
pub fn get_privacy(
    call: &mut Call<'_>,
    request: tl::functions::account::GetPrivacy,
) -> Result<tl::enums::account::PrivacyRules, RpcError> {
    answer(call, (&request.key).into())
}

/// `account.setPrivacy`: all rules of one key.
pub fn set_privacy(
    call: &mut Call<'_>,
    request: tl::functions::account::SetPrivacy,
) -> Result<tl::enums::account::PrivacyRules, RpcError> {
    let user_id = call.user_id()?;
    let key = PrivacyKey::from(&request.key);
    // Nobody here has Telegram Premium.
    if key == PrivacyKey::VoiceMessages {
        return Err(RpcError::forbidden("PREMIUM_ACCOUNT_REQUIRED"));
    }
    let rules: Result<Vec<PrivacyRule>, RpcError> = request.rules.iter().map(|rule| read(call, rule)).collect();
    let mut rules = rules?;
    rules.sort();
    let kinds = |rule: &PrivacyRule| std::mem::discriminant(rule);
    if rules.is_empty() || rules.windows(2).any(|pair| matches!(pair, [one, other] if kinds(one) == kinds(other))) {
        return Err(RpcError::bad_request("PRIVACY_VALUE_INVALID"));
    }
    call.change(Event::Profile(ProfileEvent::PrivacySet { user_id, key, rules }));
    answer(call, key)
}

fn read(call: &Call<'_>, rule: &tl::enums::InputPrivacyRule) -> Result<PrivacyRule, RpcError> {
    use tl::enums::InputPrivacyRule as Given;
    Ok(match rule {
        Given::InputPrivacyValueAllowAll => PrivacyRule::AllowAll,
        Given::InputPrivacyValueAllowContacts => PrivacyRule::AllowContacts,
        Given::InputPrivacyValueAllowCloseFriends => PrivacyRule::AllowCloseFriends,
        Given::InputPrivacyValueAllowPremium => PrivacyRule::AllowPremium,
        Given::InputPrivacyValueAllowBots => PrivacyRule::AllowBots,
        Given::InputPrivacyValueDisallowAll => PrivacyRule::DenyAll,
        Given::InputPrivacyValueDisallowContacts => PrivacyRule::DenyContacts,
        Given::InputPrivacyValueDisallowBots => PrivacyRule::DenyBots,
        Given::InputPrivacyValueAllowUsers(rule) => PrivacyRule::AllowUsers(users(call, &rule.users)?),
        Given::InputPrivacyValueDisallowUsers(rule) => PrivacyRule::DenyUsers(users(call, &rule.users)?),
        Given::InputPrivacyValueAllowChatParticipants(rule) => PrivacyRule::AllowChats(groups(call, &rule.chats)?),
        Given::InputPrivacyValueDisallowChatParticipants(rule) => PrivacyRule::DenyChats(groups(call, &rule.chats)?),
    })
}

fn users(call: &Call<'_>, named: &[tl::enums::InputUser]) -> Result<Vec<i64>, RpcError> {
    if named.len() > NAMED_MAX {
        return Err(RpcError::bad_request("PRIVACY_TOO_LONG"));
    }
    named.iter().map(|user| Ok(call.user(user)?.id)).collect()
}

/// Groups by their bare ids: basic groups and supergroups that the caller is in.
fn groups(call: &Call<'_>, ids: &[i64]) -> Result<Vec<PeerId>, RpcError> {
    if ids.len() > NAMED_MAX {
        return Err(RpcError::bad_request("PRIVACY_TOO_LONG"));
    }
    let me = call.user_id()?;
    let group = |id: &i64| {
        let candidates = [PeerId::Chat(*id), PeerId::Channel(*id)];
        candidates.into_iter().find(|peer| call.state().is_member(me, *peer)).ok_or(RpcError::bad_request("CHAT_ID_INVALID"))
    };
    ids.iter().map(group).collect()
}
