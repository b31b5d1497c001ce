//! The one evaluator: rules and facts in, a verdict out.

use schemars::JsonSchema;
use serde::Serialize;

use super::check::clock;
use super::facts::{CallFacts, ChatFacts};
use super::rules::{ChatRules, CrossChat, Decision, Policy};
use crate::approvals::Reason as Question;
use crate::error::{Code, Error};

/// Why a verdict is what it is: one rule that applies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    /// Where the rule stands in the policy, such as `write.classes.strangers`.
    pub rule: String,
    /// What it decides.
    pub decision: Decision,
    /// What it says of the call, in a sentence. It tells nothing of chats that the call did not name.
    pub explanation: String,
}

/// What a policy says of a call: the strictest of what its rules say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// What happens.
    pub decision: Decision,
    /// The rules that apply, those that allow left out; the strictest first.
    pub reasons: Vec<Reason>,
}

impl Verdict {
    fn of(mut reasons: Vec<Reason>) -> Self {
        reasons.retain(|reason| reason.decision != Decision::Allow);
        reasons.sort_by(|one, other| other.decision.cmp(&one.decision).then_with(|| one.rule.cmp(&other.rule)));
        reasons.dedup();
        Self { decision: reasons.first().map_or(Decision::Allow, |reason| reason.decision), reasons }
    }

    /// The same, with what was decided beside the policy.
    pub(crate) fn and(mut self, others: impl IntoIterator<Item = Reason>) -> Self {
        self.reasons.extend(others);
        Self::of(self.reasons)
    }

    /// Why a person must approve the call, where that is what happens.
    pub(crate) fn questions(&self) -> Vec<Question> {
        let asked = self.reasons.iter().filter(|reason| self.decision == Decision::Ask && reason.decision == Decision::Ask);
        asked.map(|reason| Question::new(format!("policy.{}", reason.rule), reason.explanation.clone())).collect()
    }

    /// The refusal of a call that may not happen, whoever approves. What is about chats is answered as for a chat that the key does not
    /// cover, whatever is known of it.
    pub(crate) fn refusal(&self) -> Option<Error> {
        let reason = self.reasons.first().filter(|_| self.decision == Decision::Deny)?;
        let mut denied = self.reasons.iter().filter(|reason| reason.decision == Decision::Deny);
        Some(if denied.any(|reason| is_about_chats(&reason.rule)) {
            crate::sight::hidden()
        } else {
            Error::new(Code::PolicyDenied, format!("{}: {}", reason.rule, reason.explanation))
        })
    }
}

fn is_about_chats(rule: &str) -> bool {
    rule.starts_with("read.") || rule.starts_with("write.")
}

/// Compares a policy with a call.
pub(crate) fn decide(policy: &Policy, facts: &CallFacts) -> Verdict {
    let mut reasons = Vec::new();
    let mut add = |rule: &str, decision: Decision, explanation: String| {
        reasons.push(Reason { rule: rule.to_owned(), decision, explanation });
    };
    if let Some(addresses) = &policy.addresses
        && !facts.address.is_some_and(|address| addresses.allow.iter().any(|network| network.contains(&address)))
    {
        add("addresses", addresses.decision, "the call comes from an address that the key is not for".into());
    }
    if let Some(decision) = policy.read_only.filter(|_| facts.is_mutation) {
        add("readOnly", decision, "the key only reads".into());
    }
    if let Some(hours) = policy.quiet_hours.as_ref().filter(|_| facts.is_mutation)
        && is_quiet(&hours.from, &hours.to, facts)
    {
        add("quietHours", hours.decision, format!("nothing is changed from {} to {}", hours.from, hours.to));
    }
    let is_sent = facts.is_mutation && (facts.publishes || !facts.writes.is_empty());
    if let Some(decision) = policy.links.filter(|_| is_sent && facts.content.link) {
        add("links", decision, "it carries, or may carry, a link".into());
    }
    if let Some(decision) = policy.media.filter(|_| is_sent && facts.content.media) {
        add("media", decision, "it carries, or may carry, a file".into());
    }
    of_the_day(policy, facts, &mut add);
    of_conversations(policy, facts, &mut add);
    if let Some(guard) = &policy.cross_chat {
        across_chats(guard, facts, &mut add);
    }
    for (name, rules, touched) in [("read", &policy.read, &facts.reads), ("write", &policy.write, &facts.writes)] {
        let Some(rules) = rules else { continue };
        for chat in touched {
            of_chat(name, rules, chat, &mut add);
        }
    }
    Verdict::of(reasons)
}

fn of_chat(name: &str, rules: &ChatRules, chat: &ChatFacts, add: &mut impl FnMut(&str, Decision, String)) {
    for (decision, field) in rules.decisions(chat.chat, chat.class) {
        let (rule, explanation) = match field {
            "allow" => (format!("{name}.allow"), "the chat is not one of those that the key is for".to_owned()),
            "deny" => (format!("{name}.deny"), "the chat is one of those that the key is not for".to_owned()),
            "classes" => (format!("{name}.classes"), "what kind of chat it is cannot be told".to_owned()),
            class => (format!("{name}.classes.{class}"), format!("the chat is one of the {class}")),
        };
        add(&rule, decision, explanation);
    }
}

fn of_the_day(policy: &Policy, facts: &CallFacts, add: &mut impl FnMut(&str, Decision, String)) {
    let Some(spend) = facts.spends else { return };
    if let Some(limit) = policy.messages_per_day.filter(|limit| facts.used.exceeds_messages(spend, *limit)) {
        add("messagesPerDay", limit.decision, format!("{} messages may be sent in a day", limit.max));
    }
    if let Some(limit) = policy.recipients_per_day.filter(|limit| facts.used.exceeds_recipients(spend, *limit)) {
        add("recipientsPerDay", limit.decision, format!("messages may go to {} chats in a day", limit.max));
    }
}

fn of_conversations(policy: &Policy, facts: &CallFacts, add: &mut impl FnMut(&str, Decision, String)) {
    let sent_to = facts.writes.iter().filter(|_| facts.spends.is_some());
    for chat in sent_to.filter(|chat| chat.class != Some(crate::telegram::PeerClass::Own)) {
        if let Some(rule) = policy.reply_only {
            let window = u64::from(rule.within_hours) * 3_600;
            let heard = chat.conversation.and_then(|conversation| conversation.heard_at);
            if heard.is_none_or(|heard| facts.now.saturating_sub(heard) > window) {
                add(
                    "replyOnly",
                    rule.decision,
                    format!("nobody is known to have written there in the last {} hours", rule.within_hours),
                );
            }
        }
        if let Some(decision) = policy.first_contact.filter(|_| chat.chat.is_none_or(|chat| chat.value() > 0))
            && chat.conversation.is_none_or(|conversation| !conversation.has_begun)
        {
            add("firstContact", decision, "it would be the first message to this person".into());
        }
    }
}

/// What was read in one chat must not leave for another unnoticed.
fn across_chats(guard: &CrossChat, facts: &CallFacts, add: &mut impl FnMut(&str, Decision, String)) {
    let carries = facts.is_mutation && (facts.content.text || facts.content.media || facts.content.link);
    if !carries {
        return;
    }
    let explanation = || format!("the key has read other chats in the last {} hours", guard.hours);
    if facts.publishes && facts.origins.as_ref().is_none_or(|origins| !origins.is_empty()) {
        return add("crossChat", guard.decision, explanation());
    }
    for written in &facts.writes {
        let goes_elsewhere = match (&facts.origins, written.chat) {
            (None, _) => true,
            (Some(origins), None) => !origins.is_empty(),
            (Some(origins), Some(_)) if origins.is_empty() => false,
            (Some(origins), Some(chat)) if guard.strict => origins.iter().any(|origin| *origin != chat),
            (Some(origins), Some(chat)) => !origins.contains(&chat),
        };
        if goes_elsewhere {
            return add("crossChat", guard.decision, explanation());
        }
    }
}

/// Whether the time lies in quiet hours; a time that is not known does.
fn is_quiet(from: &str, to: &str, facts: &CallFacts) -> bool {
    let (Some(from), Some(to), Some(now)) = (clock(from), clock(to), facts.time) else { return true };
    if from < to { now >= from && now < to } else { now >= from || now < to }
}

#[cfg(test)]
mod tests;
