//! Accounts: what the caller has, and giving one up.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::Health;
use crate::error::Error;
use crate::identity::AccountId;
use crate::operation::{Access, AccountReference, Declaration, Effect, Method, Operation, Repetition, UserOperation};
use crate::scope::Scope;
use crate::telegram::UserInfo;
use crate::user::UserCall;

/// One account in a list.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// The account's id.
    pub account_id: AccountId,
    /// Its phone number, with a plus sign.
    pub phone: String,
    /// Whether Telegram answered recently.
    pub connected: bool,
}

/// Everything that is known of one account.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountDetail {
    /// The account as lists show it.
    #[serde(flatten)]
    pub account: Account,
    /// Whom Telegram says it belongs to.
    pub user: UserInfo,
    /// What it is doing.
    pub health: Health,
}

/// Lists the caller's accounts, sorted by id: to an agent those that its key covers.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ListAccounts {}

impl Operation for ListAccounts {
    const DECLARATION: Declaration = Declaration::new(
        "list_accounts",
        "List the accounts.",
        Method::Get,
        "/accounts",
        Access::Scope(Scope::AccountsRead),
        Effect::Read,
    );
    type Output = Vec<Account>;
}

impl UserOperation for ListAccounts {
    async fn run(self, call: UserCall) -> Result<Vec<Account>, Error> {
        let mut accounts = call.accounts();
        accounts.retain(|account| call.covers(account.account_id));
        Ok(accounts)
    }
}

/// Reads one account: profile and health.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetAccount {
    account_id: AccountReference,
}

impl Operation for GetAccount {
    const DECLARATION: Declaration = Declaration::new(
        "get_account",
        "Read one account: profile and health.",
        Method::Get,
        "/accounts/{accountId}",
        Access::Scope(Scope::AccountsRead),
        Effect::Read,
    );
    type Output = AccountDetail;

    in_account!();
}

impl UserOperation for GetAccount {
    async fn run(self, call: UserCall) -> Result<AccountDetail, Error> {
        call.account_detail(self.account_id)
    }
}

/// Logs an account out of Telegram, destroys its keys and forgets it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteAccount {
    account_id: AccountReference,
}

impl Operation for DeleteAccount {
    const DECLARATION: Declaration = Declaration::new(
        "delete_account",
        "Log an account out of Telegram and delete everything that is kept of it.",
        Method::Delete,
        "/accounts/{accountId}",
        Access::Scope(Scope::AccountsDelete),
        Effect::Destructive,
    )
    .success(204);
    type Output = ();

    in_account!();
}

impl UserOperation for DeleteAccount {
    async fn run(self, call: UserCall) -> Result<(), Error> {
        call.delete_account(self.account_id).await
    }
}

/// What an agent is told that would suspend or resume an account.
const SUSPENDING_IS_HUMAN: &str = "Agent keys cannot suspend or resume accounts";

/// Stops an account until it is resumed. It keeps its session with Telegram, and its events.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SuspendAccount {
    account_id: AccountReference,
}

impl Operation for SuspendAccount {
    const DECLARATION: Declaration = Declaration::new(
        "suspend_account",
        "Stop an account until it is resumed: nobody reaches it, and its event streams end.",
        Method::Post,
        "/accounts/{accountId}/suspend",
        Access::Human(SUSPENDING_IS_HUMAN),
        Effect::Write,
    )
    .repetition(Repetition::Harmless);
    type Output = AccountDetail;

    in_account!();
}

impl UserOperation for SuspendAccount {
    async fn run(self, call: UserCall) -> Result<AccountDetail, Error> {
        call.suspend_account(self.account_id).await
    }
}

/// Lets a suspended account go on.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResumeAccount {
    account_id: AccountReference,
}

impl Operation for ResumeAccount {
    const DECLARATION: Declaration = Declaration::new(
        "resume_account",
        "Let a suspended account go on; it catches up with what happened meanwhile.",
        Method::Post,
        "/accounts/{accountId}/resume",
        Access::Human(SUSPENDING_IS_HUMAN),
        Effect::Write,
    )
    .repetition(Repetition::Harmless);
    type Output = AccountDetail;

    in_account!();
}

impl UserOperation for ResumeAccount {
    async fn run(self, call: UserCall) -> Result<AccountDetail, Error> {
        call.resume_account(self.account_id).await
    }
}
