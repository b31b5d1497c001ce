//! Whether a policy can be kept: every rule within its limits, with errors that name the field.

use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::rules::{ChatRules, Policy};
use crate::error::Error;
use crate::telegram::ChatId;

/// The most chats of one list. With every list full a policy stays far below what one record of the store takes.
const CHATS_MAX: usize = 1_000;

/// The most networks.
const NETWORKS_MAX: usize = 100;

/// The longest time in which somebody must have written: a year, in hours.
const REPLY_HOURS_MAX: u32 = 8_760;

/// The longest time that a chat counts as read: thirty days, in hours.
const ORIGIN_HOURS_MAX: u32 = 720;

/// The most messages or recipients of a day: recipients are remembered one by one.
const DAILY_MAX: u32 = 1_000;

/// The longest name of a time zone, in characters.
const ZONE_CHARACTERS_MAX: usize = 64;

/// Checks every rule. `field` is where the policy stands in its call.
///
/// # Errors
/// [`Code::InvalidInput`](crate::error::Code::InvalidInput) for the first rule that is not acceptable.
pub(crate) fn check(field: &str, policy: &Policy) -> Result<(), Error> {
    let named = |name: &str| format!("{field}.{name}");
    for (name, rules) in [("read", &policy.read), ("write", &policy.write)] {
        rules.as_ref().map_or(Ok(()), |rules| check_chat_rules(&named(name), rules))?;
    }
    if policy.reply_only.is_some_and(|rule| !(1..=REPLY_HOURS_MAX).contains(&rule.within_hours)) {
        return Err(Error::invalid(&named("replyOnly.withinHours"), format!("must be from 1 to {REPLY_HOURS_MAX}")));
    }
    for (name, limit) in [("messagesPerDay", policy.messages_per_day), ("recipientsPerDay", policy.recipients_per_day)] {
        if limit.is_some_and(|limit| limit.max > DAILY_MAX) {
            return Err(Error::invalid(&named(&format!("{name}.max")), format!("must be from 0 to {DAILY_MAX}")));
        }
    }
    if let Some(hours) = &policy.quiet_hours {
        let (from, to) = (time(&named("quietHours.from"), &hours.from)?, time(&named("quietHours.to"), &hours.to)?);
        if from == to {
            return Err(Error::invalid(
                &named("quietHours.to"),
                "must differ from quietHours.from; readOnly is for the whole day",
            ));
        }
    }
    if let Some(addresses) = &policy.addresses
        && !(1..=NETWORKS_MAX).contains(&addresses.allow.len())
    {
        return Err(Error::invalid(&named("addresses.allow"), format!("must have 1 to {NETWORKS_MAX} networks")));
    }
    if let Some(guard) = &policy.cross_chat {
        if !(1..=ORIGIN_HOURS_MAX).contains(&guard.hours) {
            return Err(Error::invalid(&named("crossChat.hours"), format!("must be from 1 to {ORIGIN_HOURS_MAX}")));
        }
        check_chats(&named("crossChat.trustedChatIds"), &guard.trusted_chat_ids)?;
    }
    policy.time_zone.as_deref().map_or(Ok(()), |name| zone(name).map(|_| ()).ok_or_else(|| unknown_zone(&named("timeZone"))))
}

fn check_chat_rules(field: &str, rules: &ChatRules) -> Result<(), Error> {
    if let Some(allow) = &rules.allow {
        check_chats(&format!("{field}.allow.chatIds"), &allow.chat_ids)?;
    }
    rules.deny.as_ref().map_or(Ok(()), |deny| check_chats(&format!("{field}.deny.chatIds"), &deny.chat_ids))
}

fn check_chats(field: &str, chats: &[ChatId]) -> Result<(), Error> {
    if chats.len() > CHATS_MAX {
        return Err(Error::invalid(field, format!("may name at most {CHATS_MAX} chats")));
    }
    Ok(())
}

/// A time of the day, as `HH:MM` on the clock of 24 hours.
pub(super) fn clock(text: &str) -> Option<Time> {
    let (hours, minutes) = text.split_once(':').filter(|(hours, minutes)| hours.len() == 2 && minutes.len() == 2)?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<i8>().ok()).flatten();
    Time::new(digits(hours)?, digits(minutes)?, 0, 0).ok()
}

fn time(field: &str, text: &str) -> Result<Time, Error> {
    clock(text).ok_or_else(|| Error::invalid(field, "must be a time of the day such as 22:00"))
}

/// The time zone with this name.
pub(super) fn zone(name: &str) -> Option<TimeZone> {
    let fits = name.len() <= ZONE_CHARACTERS_MAX;
    fits.then(|| TimeZone::get(name).ok()).flatten()
}

fn unknown_zone(field: &str) -> Error {
    Error::invalid(field, "must be an IANA time zone such as Europe/Berlin")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn fault(policy: Value) -> Option<String> {
        let policy: Policy = serde_json::from_value(policy).unwrap();
        check("rules", &policy).err().and_then(|error| error.field().map(str::to_owned))
    }

    #[test]
    fn what_cannot_be_is_named() {
        let many: Vec<i64> = (1..=1_001).collect();
        for (policy, field) in [
            (json!({ "read": { "allow": { "chatIds": many } } }), "rules.read.allow.chatIds"),
            (json!({ "write": { "deny": { "chatIds": many } } }), "rules.write.deny.chatIds"),
            (json!({ "replyOnly": { "withinHours": 0 } }), "rules.replyOnly.withinHours"),
            (json!({ "messagesPerDay": { "max": 1_001 } }), "rules.messagesPerDay.max"),
            (json!({ "quietHours": { "from": "24:00", "to": "07:00" } }), "rules.quietHours.from"),
            (json!({ "quietHours": { "from": "22:00", "to": "7:00" } }), "rules.quietHours.to"),
            (json!({ "quietHours": { "from": "22:00", "to": "22:00" } }), "rules.quietHours.to"),
            (json!({ "addresses": { "allow": [] } }), "rules.addresses.allow"),
            (json!({ "crossChat": { "hours": 0 } }), "rules.crossChat.hours"),
            (json!({ "timeZone": "Mars/Olympus" }), "rules.timeZone"),
        ] {
            assert_eq!(fault(policy).as_deref(), Some(field));
        }
        assert_eq!(fault(json!({ "timeZone": "Europe/Berlin", "quietHours": { "from": "22:00", "to": "07:00" } })), None);
        assert_eq!(fault(json!({})), None);
    }

    #[test]
    fn a_rule_that_nobody_knows_is_no_policy() {
        for policy in [json!({ "reed": {} }), json!({ "read": { "alow": {} } }), json!({ "links": "never" })] {
            assert!(serde_json::from_value::<Policy>(policy).is_err());
        }
    }
}
