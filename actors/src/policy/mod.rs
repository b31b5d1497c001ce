//! Policies: what an agent key may do within its scopes, as a person has written it down.
//!
//! A [`Policy`] is a set of rules, each of which speaks for itself; `decide` compares them with the facts of one call and
//! the strictest answer counts. Nothing here reads a clock, a store or Telegram: the one road gathers the facts (`user::policies`) and does
//! what the verdict says. What is not known speaks against the call.

mod check;
mod content;
mod decide;
mod facts;
mod rules;
mod usage;

pub(crate) use check::check;
pub(crate) use content::Content;
pub(crate) use decide::decide;
pub use decide::{Reason, Verdict};
pub(crate) use facts::{CallFacts, ChatFacts, Conversation};
pub use rules::{
    Addresses, ChatList, ChatRules, Classes, CrossChat, DailyLimit, Decision, OutsideList, Policy, QuietHours, ReplyOnly,
};
pub(crate) use usage::{DayUse, Spend};
