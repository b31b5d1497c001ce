//! The rules of a policy, as a person writes them and as they are kept.

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::telegram::{ChatId, PeerClass};

/// What a rule answers when it applies. The later, the stricter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The call goes on.
    #[default]
    Allow,
    /// The call goes on, and the audit log says that it would have been refused.
    Shadow,
    /// A person must approve the call.
    Ask,
    /// The call is refused.
    Deny,
}

/// What a key may do within its scopes. A rule that is absent permits everything.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Policy {
    /// Which chats it may read: what the others hold is left out of every answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<ChatRules>,
    /// Which chats it may send to or change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write: Option<ChatRules>,
    /// Whether it may send only where somebody wrote a short time ago.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_only: Option<ReplyOnly>,
    /// What happens to the first message of all to a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_contact: Option<Decision>,
    /// What happens to what it sends with links in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub links: Option<Decision>,
    /// What happens to files that it sends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<Decision>,
    /// How many messages it may send in a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages_per_day: Option<DailyLimit>,
    /// To how many chats it may send in a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipients_per_day: Option<DailyLimit>,
    /// When it may change nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quiet_hours: Option<QuietHours>,
    /// What happens to everything but reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_only: Option<Decision>,
    /// From which addresses it may be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addresses: Option<Addresses>,
    /// What happens to what it sends to other chats than those that it has read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cross_chat: Option<CrossChat>,
    /// The IANA time zone of quiet hours and days, such as `Europe/Berlin`: UTC if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
}

/// Rules about chats, for reading or for writing. Each of them counts, and the strictest decides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ChatRules {
    /// The chats that it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow: Option<OutsideList>,
    /// The chats that it is not for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deny: Option<ChatList>,
    /// Decisions by what kind of chat it is.
    #[serde(skip_serializing_if = "Classes::is_empty")]
    pub classes: Classes,
}

/// Decisions by what kind of chat it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Classes {
    /// People in the address book.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contacts: Option<Decision>,
    /// Other people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strangers: Option<Decision>,
    /// Bots.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bots: Option<Decision>,
    /// Groups and supergroups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<Decision>,
    /// Channels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<Decision>,
}

impl Classes {
    /// Whether none is decided about.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The decision about a class, and the name of its field. The chat of the account with itself is of none.
    pub(crate) fn of(&self, class: PeerClass) -> Option<(Decision, &'static str)> {
        let (decision, name) = match class {
            PeerClass::Own => return None,
            PeerClass::Contact => (self.contacts, "contacts"),
            PeerClass::Stranger => (self.strangers, "strangers"),
            PeerClass::Bot => (self.bots, "bots"),
            PeerClass::Group => (self.groups, "groups"),
            PeerClass::Channel => (self.channels, "channels"),
        };
        decision.map(|decision| (decision, name))
    }

    /// The strictest decision about any class: that of a chat of which nobody knows what it is.
    pub(crate) fn strictest(&self) -> Option<Decision> {
        [self.contacts, self.strangers, self.bots, self.groups, self.channels].into_iter().flatten().max()
    }
}

/// The only chats that something is for, and what happens with the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OutsideList {
    /// The chats: at most 1000.
    pub chat_ids: Vec<ChatId>,
    /// The decision about all other chats: `deny` if absent.
    #[serde(default = "deny")]
    pub otherwise: Decision,
}

/// Chats, and what happens with them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChatList {
    /// The chats: at most 1000.
    pub chat_ids: Vec<ChatId>,
    /// The decision about these chats: `deny` if absent.
    #[serde(default = "deny")]
    pub decision: Decision,
}

/// Sending only where somebody else wrote lately.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReplyOnly {
    /// How long ago at most, in hours: 1 to 8760.
    pub within_hours: u32,
    /// The decision about all other chats: `deny` if absent.
    #[serde(default = "deny")]
    pub decision: Decision,
}

/// So much in one day of the policy's time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DailyLimit {
    /// How many: 0 to 1000.
    pub max: u32,
    /// The decision beyond: `deny` if absent.
    #[serde(default = "deny")]
    pub decision: Decision,
}

/// The time of the day in which nothing is changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct QuietHours {
    /// When they begin, such as `22:00`.
    pub from: String,
    /// When they end, such as `07:00`; earlier than `from` where they go over midnight.
    pub to: String,
    /// The decision meanwhile: `deny` if absent.
    #[serde(default = "deny")]
    pub decision: Decision,
}

/// The networks that something is used from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Addresses {
    /// Networks in the CIDR notation, such as `192.0.2.0/24`, or single addresses as `192.0.2.7/32`: 1 to 100.
    #[schemars(with = "Vec<String>")]
    pub allow: Vec<IpNet>,
    /// The decision about calls from elsewhere: `deny` if absent.
    #[serde(default = "deny")]
    pub decision: Decision,
}

/// What was read in one chat does not go to another unnoticed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CrossChat {
    /// How long a chat counts as read, in hours: 1 to 720.
    pub hours: u32,
    /// The decision about what is sent elsewhere: `deny` if absent.
    #[serde(default = "deny")]
    pub decision: Decision,
    /// Whether it already counts that another chat than the one that is sent to was read. Otherwise it does where the one that is sent
    /// to was not read itself.
    #[serde(default)]
    pub strict: bool,
    /// Chats whose content is trusted, so that reading them counts for nothing: at most 1000.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trusted_chat_ids: Vec<ChatId>,
}

fn deny() -> Decision {
    Decision::Deny
}

impl ChatRules {
    /// Whether it matters what kind of chat one is.
    pub(crate) fn asks_for_classes(&self) -> bool {
        !self.classes.is_empty()
    }

    /// Every decision about a chat, with the field of the rule: `class` is what kind of chat it is, if that is known.
    pub(crate) fn decisions(&self, chat: Option<ChatId>, class: Option<PeerClass>) -> Vec<(Decision, &'static str)> {
        let mut decisions = Vec::new();
        if let Some(allow) = &self.allow
            && !chat.is_some_and(|chat| allow.chat_ids.contains(&chat))
        {
            decisions.push((allow.otherwise, "allow"));
        }
        if let Some(deny) = &self.deny {
            match chat {
                Some(chat) if !deny.chat_ids.contains(&chat) => {}
                _ => decisions.push((deny.decision, "deny")),
            }
        }
        match class {
            Some(class) => decisions.extend(self.classes.of(class)),
            None => decisions.extend(self.classes.strictest().map(|decision| (decision, "classes"))),
        }
        decisions
    }

    /// The strictest of them.
    pub(crate) fn decision(&self, chat: ChatId, class: Option<PeerClass>) -> Decision {
        self.decisions(Some(chat), class).into_iter().map(|(decision, _)| decision).max().unwrap_or_default()
    }
}
