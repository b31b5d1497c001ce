//! Webhooks: where events are posted, and how that goes.

use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::events::EventName;
use crate::identity::{AccountId, KeyId};
use crate::operation::{Access, Declaration, Effect, Method, Operation, Repetition, UserOperation};
use crate::runtime::now_secs;
use crate::scope::Scope;
use crate::telegram::ChatId;
use crate::user::UserCall;
use crate::webhooks::{Hook, Owner, StandingStatus, Webhook, WebhookId, check_address, secret_text};

const ACCESS: Access = Access::Scope(Scope::WebhooksWrite);

/// The longest description, in characters.
const DESCRIPTION_CHARACTERS_MAX: usize = 200;

/// The most accounts or chats that one webhook names.
const NAMED_MAX: usize = 100;

/// How long the secret before signs as well, in seconds: by default, and at most.
const KEEP_PREVIOUS_SECS: u64 = 24 * 3_600;
const KEEP_PREVIOUS_SECS_MAX: u64 = 7 * 24 * 3_600;

/// A webhook. Its secret is shown when it is made and when it is changed.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookDetail {
    id: WebhookId,
    url: String,
    description: String,
    /// The kinds of events that it tells; none means all that are kept.
    events: Vec<EventName>,
    /// The accounts; `null` means all.
    account_ids: Option<Vec<AccountId>>,
    /// The chats; `null` means all.
    chat_ids: Option<Vec<i64>>,
    enabled: bool,
    status: StandingStatus,
    /// The key of the agent that made it; `null` if a person did.
    agent_key_id: Option<KeyId>,
    /// When it was made (Unix seconds).
    created_at: u64,
    /// Until when the secret before signs as well (Unix seconds).
    previous_secret_until: Option<u64>,
    /// Deliveries that wait or are being tried.
    pending_deliveries: usize,
    /// Since when every attempt has failed (Unix milliseconds).
    failing_since: Option<u64>,
    /// Until when the address asked to be left alone (Unix milliseconds).
    paused_until: Option<u64>,
    /// When a delivery last arrived (Unix milliseconds, to the minute).
    delivered_at: Option<u64>,
}

impl WebhookDetail {
    fn of(hook: &Hook) -> Self {
        let (webhook, standing) = (hook.webhook(), hook.standing());
        Self {
            id: webhook.id,
            url: webhook.url.to_string(),
            description: webhook.description.clone(),
            events: webhook.events.clone(),
            account_ids: webhook.account_ids.clone(),
            chat_ids: webhook.chat_ids.clone(),
            enabled: webhook.enabled,
            status: standing.status,
            agent_key_id: match &webhook.owner {
                Owner::Person => None,
                Owner::Agent(key) => Some(key.clone()),
            },
            created_at: webhook.created_at,
            previous_secret_until: webhook.previous.as_ref().map(|(_, until)| *until).filter(|until| *until > now_secs()),
            pending_deliveries: hook.pending(),
            failing_since: standing.failing_since,
            paused_until: standing.paused_until,
            delivered_at: standing.delivered_at,
        }
    }
}

/// A webhook with its secret, which is shown this once.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookWithSecret {
    #[serde(flatten)]
    webhook: WebhookDetail,
    /// What deliveries are signed with: `whsec_` and the key in base64.
    secret: Option<String>,
}

impl WebhookWithSecret {
    fn of(hook: &Hook) -> Self {
        Self { webhook: WebhookDetail::of(hook), secret: Some(secret_text(&hook.webhook().secret)) }
    }
}

fn check_description(text: &str) -> Result<(), Error> {
    if text.chars().count() > DESCRIPTION_CHARACTERS_MAX {
        return Err(Error::invalid("description", format!("may have at most {DESCRIPTION_CHARACTERS_MAX} characters")));
    }
    Ok(())
}

fn check_named<T>(field: &str, named: Option<&Vec<T>>) -> Result<(), Error> {
    match named {
        Some(named) if named.len() > NAMED_MAX => Err(Error::invalid(field, format!("may have at most {NAMED_MAX} items"))),
        _ => Ok(()),
    }
}

/// The kinds of events with these names.
fn events_of(names: &[String]) -> Result<Vec<EventName>, Error> {
    if names.len() > EventName::ALL.len() {
        return Err(Error::invalid("events", format!("may have at most {} items", EventName::ALL.len())));
    }
    let known =
        |name: &String| EventName::from_text(name).ok_or_else(|| Error::invalid("events", "names a kind that there is not"));
    names.iter().map(known).collect()
}

/// What an absent or empty list means: everything.
fn or_all<T>(named: Vec<T>) -> Option<Vec<T>> {
    (!named.is_empty()).then_some(named)
}

/// Makes a webhook.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateWebhook {
    /// Where events are posted: an `https` URL of a public address.
    url: String,
    /// What its owner calls it: at most 200 characters.
    #[serde(default)]
    description: String,
    /// The kinds of events to tell; all that are kept if absent or empty. Gaps are told all the same.
    #[serde(default)]
    events: Vec<String>,
    /// The accounts; all that the caller may read if absent or empty.
    #[serde(default)]
    account_ids: Vec<String>,
    /// The chats; all if absent or empty.
    #[serde(default)]
    chat_ids: Vec<ChatId>,
}

impl Operation for CreateWebhook {
    const DECLARATION: Declaration = Declaration::new(
        "create_webhook",
        "Post events to an address, signed as Standard Webhooks says. Its secret is shown once.",
        Method::Post,
        "/webhooks",
        ACCESS,
        Effect::Write,
    )
    .success(201)
    .secret_members(&["secret"]);
    type Output = WebhookWithSecret;

    fn validate(&self) -> Result<(), Error> {
        check_description(&self.description)?;
        check_named("accountIds", Some(&self.account_ids))?;
        check_named("chatIds", Some(&self.chat_ids))?;
        events_of(&self.events).map(|_| ())
    }
}

impl UserOperation for CreateWebhook {
    async fn run(self, call: UserCall) -> Result<WebhookWithSecret, Error> {
        call.check_may_read_events()?;
        let webhook = Webhook::new(call.as_owner(), check_address(&call.environment.outbound, &self.url)?)?;
        let webhook = Webhook {
            description: self.description,
            events: events_of(&self.events)?,
            account_ids: or_all(call.covered_accounts("accountIds", &self.account_ids)?),
            chat_ids: or_all(self.chat_ids.iter().map(|chat| chat.value()).collect()),
            ..webhook
        };
        Ok(WebhookWithSecret::of(&*call.add_webhook(webhook).await?))
    }
}

/// The caller's webhooks.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookList {
    items: Vec<WebhookDetail>,
    /// There are few enough for one page: always `null`.
    next_cursor: Option<String>,
}

/// Lists webhooks.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ListWebhooks {}

impl Operation for ListWebhooks {
    const DECLARATION: Declaration = Declaration::new(
        "list_webhooks",
        "List the webhooks: a person's and those of their agents, or an agent's own.",
        Method::Get,
        "/webhooks",
        ACCESS,
        Effect::Read,
    );
    type Output = WebhookList;
}

impl UserOperation for ListWebhooks {
    async fn run(self, call: UserCall) -> Result<WebhookList, Error> {
        Ok(WebhookList { items: call.own_webhooks().iter().map(|hook| WebhookDetail::of(hook)).collect(), next_cursor: None })
    }
}

/// Reads a webhook.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetWebhook {
    webhook_id: String,
}

impl Operation for GetWebhook {
    const DECLARATION: Declaration = Declaration::new(
        "get_webhook",
        "Read a webhook and how it stands.",
        Method::Get,
        "/webhooks/{webhookId}",
        ACCESS,
        Effect::Read,
    );
    type Output = WebhookDetail;
}

impl UserOperation for GetWebhook {
    async fn run(self, call: UserCall) -> Result<WebhookDetail, Error> {
        Ok(WebhookDetail::of(&*call.own_webhook(&self.webhook_id)?))
    }
}

/// Changes a webhook; what is absent stays.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateWebhook {
    webhook_id: String,
    /// Where events are posted from now on, those that wait included.
    #[serde(default)]
    url: Option<String>,
    /// What its owner calls it.
    #[serde(default)]
    description: Option<String>,
    /// The kinds of events to tell; empty means all that are kept.
    #[serde(default)]
    events: Option<Vec<String>>,
    /// The accounts; empty means all.
    #[serde(default)]
    account_ids: Option<Vec<String>>,
    /// The chats; empty means all.
    #[serde(default)]
    chat_ids: Option<Vec<ChatId>>,
    /// Whether it delivers. `true` also lets one go on that has ended; it goes on where it stopped.
    #[serde(default)]
    enabled: Option<bool>,
}

impl Operation for UpdateWebhook {
    const DECLARATION: Declaration = Declaration::new(
        "update_webhook",
        "Change a webhook, stop it, or let it go on.",
        Method::Patch,
        "/webhooks/{webhookId}",
        ACCESS,
        Effect::Write,
    )
    .repetition(Repetition::Harmless);
    type Output = WebhookDetail;

    fn validate(&self) -> Result<(), Error> {
        check_description(self.description.as_deref().unwrap_or_default())?;
        check_named("accountIds", self.account_ids.as_ref())?;
        check_named("chatIds", self.chat_ids.as_ref())?;
        events_of(self.events.as_deref().unwrap_or_default()).map(|_| ())
    }
}

impl UserOperation for UpdateWebhook {
    async fn run(self, call: UserCall) -> Result<WebhookDetail, Error> {
        let hook = call.own_webhook(&self.webhook_id)?;
        let mut webhook = hook.webhook().clone();
        if let Some(url) = &self.url {
            webhook.url = check_address(&call.environment.outbound, url)?;
        }
        if let Some(description) = self.description {
            webhook.description = description;
        }
        if let Some(events) = &self.events {
            webhook.events = events_of(events)?;
        }
        if let Some(accounts) = &self.account_ids {
            webhook.account_ids = or_all(call.covered_accounts("accountIds", accounts)?);
        }
        if let Some(chats) = &self.chat_ids {
            webhook.chat_ids = or_all(chats.iter().map(|chat| chat.value()).collect());
        }
        if let Some(enabled) = self.enabled {
            webhook.enabled = enabled;
        }
        hook.change(webhook, self.enabled == Some(true)).await?;
        Ok(WebhookDetail::of(&hook))
    }
}

/// Deletes a webhook.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteWebhook {
    webhook_id: String,
}

impl Operation for DeleteWebhook {
    const DECLARATION: Declaration = Declaration::new(
        "delete_webhook",
        "Delete a webhook with all that waits for it.",
        Method::Delete,
        "/webhooks/{webhookId}",
        ACCESS,
        Effect::Write,
    )
    .success(204);
    type Output = ();
}

impl UserOperation for DeleteWebhook {
    async fn run(self, call: UserCall) -> Result<(), Error> {
        let hook: Rc<Hook> = call.own_webhook(&self.webhook_id)?;
        call.remove_webhook(&hook).await
    }
}

/// Gives a webhook a new secret.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RotateWebhookSecret {
    webhook_id: String,
    /// How long the secret before signs as well, in seconds: 0 to 604800; a day if absent.
    #[serde(default)]
    keep_previous_secs: Option<u64>,
}

impl Operation for RotateWebhookSecret {
    const DECLARATION: Declaration = Declaration::new(
        "rotate_webhook_secret",
        "Give a webhook a new secret, shown once; for a while both sign.",
        Method::Post,
        "/webhooks/{webhookId}/secret/rotate",
        ACCESS,
        Effect::Write,
    )
    .secret_members(&["secret"]);
    type Output = WebhookWithSecret;

    fn validate(&self) -> Result<(), Error> {
        if self.keep_previous_secs.is_some_and(|seconds| seconds > KEEP_PREVIOUS_SECS_MAX) {
            return Err(Error::invalid("keepPreviousSecs", format!("must be from 0 to {KEEP_PREVIOUS_SECS_MAX}")));
        }
        Ok(())
    }
}

impl UserOperation for RotateWebhookSecret {
    async fn run(self, call: UserCall) -> Result<WebhookWithSecret, Error> {
        let hook = call.own_webhook(&self.webhook_id)?;
        let keep = self.keep_previous_secs.unwrap_or(KEEP_PREVIOUS_SECS);
        let until = (keep > 0).then(|| now_secs().saturating_add(keep));
        let webhook = hook.webhook().clone().with_new_secret(until)?;
        hook.change(webhook, false).await?;
        Ok(WebhookWithSecret::of(&hook))
    }
}

/// How an attempt went.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookTest {
    /// Whether the address took it.
    delivered: bool,
    /// The HTTP status of its answer, if there was one.
    response_status: Option<u16>,
    /// How long that took, in milliseconds.
    latency_ms: u64,
    /// Why it was not taken.
    failure: Option<String>,
}

/// Tries a webhook out.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TestWebhook {
    webhook_id: String,
}

impl Operation for TestWebhook {
    const DECLARATION: Declaration = Declaration::new(
        "test_webhook",
        "Post a message of type `test` to a webhook, once, and say how that went.",
        Method::Post,
        "/webhooks/{webhookId}/test",
        ACCESS,
        Effect::Write,
    )
    .repetition(Repetition::Harmless);
    type Output = WebhookTest;
}

impl UserOperation for TestWebhook {
    async fn run(self, call: UserCall) -> Result<WebhookTest, Error> {
        let outcome = call.try_webhook(&*call.own_webhook(&self.webhook_id)?).await?;
        Ok(WebhookTest {
            delivered: outcome.is_delivered(),
            response_status: outcome.status,
            latency_ms: outcome.latency_ms,
            failure: outcome.failure,
        })
    }
}
