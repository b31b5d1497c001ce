//! Making groups and channels.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::account::AccountCall;
use crate::error::Error;
use crate::operation::{Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation, RateClass};
use crate::scope::Scope;
use crate::telegram::{ChatId, ChatIdKind, CreatedChat};

/// Telegram's own limit for a title, in characters.
const TITLE_CHARACTERS_MAX: usize = 128;

/// Telegram's own limit for a description, in characters.
const ABOUT_CHARACTERS_MAX: usize = 255;

/// The most people that a basic group can begin with, besides its creator.
const USERS_MAX: usize = 199;

/// Makes a basic group.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateGroup {
    account_id: AccountReference,
    /// The title: not blank, at most 128 characters.
    title: String,
    /// The other members: 1 to 199 users whom the account knows.
    user_ids: Vec<ChatId>,
}

impl Operation for CreateGroup {
    const DECLARATION: Declaration = Declaration::new(
        "create_group",
        "Make a basic group with these users.",
        Method::Post,
        "/accounts/{accountId}/groups",
        Access::Scope(Scope::ChatsWrite),
        Effect::Write,
    )
    .rate(RateClass::Account);
    type Output = CreatedChat;

    in_account!();

    fn chats(&self) -> Vec<ChatId> {
        self.user_ids.clone()
    }

    fn validate(&self) -> Result<(), Error> {
        check_title(&self.title)?;
        if self.user_ids.is_empty() || self.user_ids.len() > USERS_MAX {
            return Err(Error::invalid("userIds", format!("must name 1 to {USERS_MAX} users")));
        }
        if self.user_ids.iter().any(|user| !matches!(user.kind(), ChatIdKind::User(_))) {
            return Err(Error::invalid("userIds", "must be ids of users"));
        }
        Ok(())
    }
}

impl AccountOperation for CreateGroup {
    async fn run(self, call: AccountCall) -> Result<CreatedChat, Error> {
        call.create_group(self.title.trim(), &self.user_ids).await
    }
}

/// Makes a channel or a supergroup.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateChannel {
    account_id: AccountReference,
    /// The title: not blank, at most 128 characters.
    title: String,
    /// The description: at most 255 characters.
    #[serde(default)]
    about: String,
    /// Whether to make a supergroup, where everybody writes.
    #[serde(default)]
    is_megagroup: bool,
}

impl Operation for CreateChannel {
    const DECLARATION: Declaration = Declaration::new(
        "create_channel",
        "Make a channel, or a supergroup.",
        Method::Post,
        "/accounts/{accountId}/channels",
        Access::Scope(Scope::ChatsWrite),
        Effect::Write,
    )
    .rate(RateClass::Account);
    type Output = CreatedChat;

    in_account!();

    fn validate(&self) -> Result<(), Error> {
        check_title(&self.title)?;
        if self.about.chars().count() > ABOUT_CHARACTERS_MAX {
            return Err(Error::invalid("about", format!("must have at most {ABOUT_CHARACTERS_MAX} characters")));
        }
        Ok(())
    }
}

impl AccountOperation for CreateChannel {
    async fn run(self, call: AccountCall) -> Result<CreatedChat, Error> {
        call.create_channel(self.title.trim(), &self.about, self.is_megagroup).await
    }
}

fn check_title(title: &str) -> Result<(), Error> {
    if title.trim().is_empty() {
        return Err(Error::invalid("title", "must not be blank"));
    }
    if title.trim().chars().count() > TITLE_CHARACTERS_MAX {
        return Err(Error::invalid("title", format!("must have at most {TITLE_CHARACTERS_MAX} characters")));
    }
    Ok(())
}
