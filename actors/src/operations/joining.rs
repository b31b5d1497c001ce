//! Finding a chat by its address, and coming into it.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::account::AccountCall;
use crate::error::Error;
use crate::operation::{
    Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation, RateClass, Repetition,
};
use crate::scope::Scope;
use crate::telegram::{Chat, ChatAddress, InvitePreview, Joined};

/// Finds the chat at an address.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResolveChat {
    account_id: AccountReference,
    /// A username, a link of t.me or a phone number.
    q: String,
}

impl Operation for ResolveChat {
    const DECLARATION: Declaration = Declaration::new(
        "resolve_chat",
        "Find the chat that a username, a link of t.me or a phone number leads to.",
        Method::Get,
        "/accounts/{accountId}/resolve",
        Access::Scope(Scope::ChatsRead),
        Effect::Read,
    );
    type Output = Chat;

    in_account!();

    leaves_out!();

    fn validate(&self) -> Result<(), Error> {
        address("q", &self.q).map(|_| ())
    }
}

impl AccountOperation for ResolveChat {
    async fn run(self, call: AccountCall) -> Result<Chat, Error> {
        call.resolve_chat(&address("q", &self.q)?).await
    }
}

/// Comes into a group or channel.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JoinChat {
    account_id: AccountReference,
    /// A public username, its link, or an invite link.
    link: String,
}

impl Operation for JoinChat {
    const DECLARATION: Declaration = Declaration::new(
        "join_chat",
        "Join a group or channel by its username or an invite link, or ask to be let in.",
        Method::Post,
        "/accounts/{accountId}/join",
        Access::Scope(Scope::ChatsWrite),
        Effect::Write,
    )
    .rate(RateClass::Account)
    .repetition(Repetition::Harmless);
    type Output = Joined;

    in_account!();

    leaves_out_of_what_was_done!();

    fn touches_unnamed(&self) -> bool {
        true
    }

    fn validate(&self) -> Result<(), Error> {
        match address("link", &self.link)? {
            ChatAddress::Invite(_) | ChatAddress::Username(_) => Ok(()),
            ChatAddress::Phone(_) | ChatAddress::Known(_) => Err(not_joinable()),
        }
    }
}

impl AccountOperation for JoinChat {
    async fn run(self, call: AccountCall) -> Result<Joined, Error> {
        match address("link", &self.link)? {
            ChatAddress::Invite(hash) => call.join_by_invite(&hash).await,
            ChatAddress::Username(name) => call.join_by_username(&name).await,
            ChatAddress::Phone(_) | ChatAddress::Known(_) => Err(not_joinable()),
        }
    }
}

/// Tells where an invite link leads.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreviewInvite {
    account_id: AccountReference,
    /// An invite link.
    link: String,
}

impl Operation for PreviewInvite {
    const DECLARATION: Declaration = Declaration::new(
        "preview_invite",
        "Tell where an invite link leads, without joining.",
        Method::Get,
        "/accounts/{accountId}/invites/preview",
        Access::Scope(Scope::ChatsRead),
        Effect::Read,
    );
    type Output = InvitePreview;

    in_account!();

    leaves_out!();

    fn validate(&self) -> Result<(), Error> {
        invite(&self.link).map(|_| ())
    }
}

impl AccountOperation for PreviewInvite {
    async fn run(self, call: AccountCall) -> Result<InvitePreview, Error> {
        call.preview_invite(&invite(&self.link)?).await
    }
}

/// The longest address, in characters.
const ADDRESS_CHARACTERS_MAX: usize = 256;

fn address(field: &str, text: &str) -> Result<ChatAddress, Error> {
    let fits = text.chars().count() <= ADDRESS_CHARACTERS_MAX;
    let address = if fits { ChatAddress::parse(text) } else { None };
    address.ok_or_else(|| Error::invalid(field, "must be a username, a link of t.me or a phone number"))
}

fn invite(link: &str) -> Result<String, Error> {
    match address("link", link)? {
        ChatAddress::Invite(hash) => Ok(hash),
        _ => Err(Error::invalid("link", "must be an invite link, such as https://t.me/+AbCdEfGh12345678")),
    }
}

fn not_joinable() -> Error {
    Error::invalid("link", "must be a public username, its link, or an invite link")
}
