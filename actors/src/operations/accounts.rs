//! Accounts: what the caller has, what is set for one, and giving one up.

use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize};

use crate::account::{AccountSettings, Health};
use crate::error::Error;
use crate::identity::AccountId;
use crate::leave_out::LeaveOut;
use crate::operation::{Access, AccountReference, Declaration, Effect, Method, Operation, Repetition, UserOperation};
use crate::scope::Scope;
use crate::sight::ChatSight;
use crate::telegram::{FloodReport, FloodWait, Proxy, UserInfo};
use crate::user::UserCall;

/// The longest label and device name, in characters.
const SETTING_CHARS_MAX: usize = 64;

/// The shortest user name of which something is shown, in characters.
const MASKED_NAME_CHARS_MIN: usize = 6;

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
    /// When it was first logged in here (Unix seconds).
    pub created_at: u64,
    /// What you call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What it calls its device in Telegram's list; absent where it has the server's name for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_name: Option<String>,
    /// The proxy of its connections; absent where it has the server's, or none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<MaskedProxy>,
    /// What it is doing.
    pub health: Health,
    /// What Telegram asked it to wait for, the longest first.
    pub flood_waits: Vec<FloodWait>,
    /// How Telegram limits it, and what of its calls waits.
    pub flood: FloodReport,
}

/// An account's proxy as it is shown: what its user is known by is not told.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MaskedProxy {
    /// The host's name or IP address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The user name, all but its first characters hidden.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username_masked: Option<String>,
    /// Whether there is a password.
    pub has_password: bool,
}

impl From<&Proxy> for MaskedProxy {
    fn from(proxy: &Proxy) -> Self {
        let username_masked = proxy.username().map(|name| {
            let shown = if name.len() >= MASKED_NAME_CHARS_MIN { name.get(..2).unwrap_or_default() } else { "" };
            format!("{shown}••••")
        });
        let has_password = username_masked.is_some();
        Self { host: proxy.host().to_owned(), port: proxy.port(), username_masked, has_password }
    }
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

    leaves_out!();
}

impl UserOperation for GetAccount {
    async fn run(self, call: UserCall) -> Result<AccountDetail, Error> {
        call.account_detail(self.account_id)
    }
}

/// A SOCKS5 proxy as a request gives it.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewProxy {
    /// The host's name or IP address.
    host: String,
    /// The port.
    port: u16,
    /// The user name, where the proxy wants one; then there is a password too.
    #[serde(default)]
    username: Option<String>,
    /// The password. It is kept sealed and never shown again.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    password: Option<SecretString>,
}

impl NewProxy {
    fn to_proxy(&self) -> Result<Proxy, Error> {
        let password = self.password.as_ref().map(|password| password.expose_secret());
        Proxy::new(&self.host, self.port, self.username.as_deref(), password)
            .map_err(|(field, error)| Error::invalid(&format!("proxy.{field}"), error))
    }
}

/// Changes what is set for an account. A field that is absent stays as it is; `null` takes a setting away.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateAccount {
    account_id: AccountReference,
    /// What you call it; 1 to 64 characters.
    #[serde(default, deserialize_with = "given")]
    label: Option<Option<String>>,
    /// The SOCKS5 proxy of its connections, instead of the server's. Only datacentres of the server's network are reached through it.
    #[serde(default, deserialize_with = "given")]
    proxy: Option<Option<NewProxy>>,
    /// What it calls its device in Telegram's list, instead of the server's name for it; 1 to 64 characters.
    #[serde(default, deserialize_with = "given")]
    device_name: Option<Option<String>>,
}

/// A field that is there, be it `null`.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl Operation for UpdateAccount {
    const DECLARATION: Declaration = Declaration::new(
        "update_account",
        "Change what is set for an account: label, proxy, device name. It connects anew where that is needed.",
        Method::Patch,
        "/accounts/{accountId}",
        Access::Human("Agent keys cannot change an account's settings"),
        Effect::Write,
    )
    .repetition(Repetition::Harmless);
    type Output = AccountDetail;

    in_account!();

    fn validate(&self) -> Result<(), Error> {
        for (field, text) in [("label", &self.label), ("deviceName", &self.device_name)] {
            if let Some(Some(text)) = text {
                let text = text.trim();
                if !(1..=SETTING_CHARS_MAX).contains(&text.chars().count()) || text.chars().any(char::is_control) {
                    return Err(Error::invalid(
                        field,
                        format!("must have 1 to {SETTING_CHARS_MAX} characters, none of them control"),
                    ));
                }
            }
        }
        match &self.proxy {
            Some(Some(proxy)) => proxy.to_proxy().map(|_| ()),
            _ => Ok(()),
        }
    }
}

impl UserOperation for UpdateAccount {
    async fn run(self, call: UserCall) -> Result<AccountDetail, Error> {
        let trimmed = |text: Option<String>| text.map(|text| text.trim().to_owned());
        let proxy = match self.proxy {
            Some(Some(proxy)) => Some(Some(proxy.to_proxy()?)),
            Some(None) => Some(None),
            None => None,
        };
        let reach = call.environment.settings.reach_of_accounts_proxies();
        if proxy.iter().flatten().any(|proxy| !proxy.may_be_within(reach)) {
            return Err(Error::invalid("proxy.host", reach.rule()));
        }
        let (label, device_name) = (self.label.map(trimmed), self.device_name.map(trimmed));
        let change = |settings: &mut AccountSettings| {
            settings.label = label.unwrap_or_else(|| settings.label.take());
            settings.device_name = device_name.unwrap_or_else(|| settings.device_name.take());
            settings.proxy = proxy.unwrap_or_else(|| settings.proxy.take());
        };
        call.update_account(self.account_id, change).await
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

impl LeaveOut for AccountDetail {
    fn leave_out(&mut self, sight: &ChatSight) -> Result<(), Error> {
        self.flood.leave_out(sight)
    }
}
