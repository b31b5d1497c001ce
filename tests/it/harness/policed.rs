//! An agent whose key has a policy.

use serde_json::{Value, json};

use super::{Api, Options, Sandbox};

/// A key of the sandbox's first person, and what it is called with.
pub struct Agent {
    /// Its owner, a person.
    pub owner: Api,
    /// The key's id.
    pub id: String,
    /// The account that it works with.
    pub account: String,
    /// The secret of the key.
    pub secret: String,
}

impl Agent {
    /// An agent that may read, send, and change the profile.
    pub async fn of(sandbox: &Sandbox) -> Self {
        Self::with(sandbox, &[]).await
    }

    /// The same, with these scopes as well.
    pub async fn with(sandbox: &Sandbox, scopes: &[&str]) -> Self {
        let scopes = [&["chats:read", "messages:read", "messages:send", "profile:write", "events:read"], scopes].concat();
        let (id, secret) = sandbox.api().agent_key(&scopes, None).await;
        Self { owner: sandbox.api(), id, account: sandbox.account().to_owned(), secret }
    }

    /// What it calls with.
    pub fn api(&self) -> Api {
        self.owner.with_token(&self.secret)
    }

    /// Gives its key these rules.
    pub async fn may(&self, rules: Value) {
        let set = self.owner.put(&format!("/policies/{}", self.id), json!({ "rules": rules })).await.expect(200);
        assert_eq!(set["keyId"], json!(self.id));
    }

    /// A path below a chat of its account.
    pub fn chat(&self, chat: i64, rest: &str) -> String {
        format!("/accounts/{}/chats/{chat}{rest}", self.account)
    }

    /// Sends a text; what came of it.
    pub async fn says(&self, chat: i64, text: &str) -> String {
        let answer = self.api().post(&self.chat(chat, "/messages"), json!({ "text": text })).await;
        if answer.status == 200 { "sent".into() } else { answer.code() }
    }
}

/// Limits that do not get in the way of rules.
pub fn generous() -> Options {
    Options::default().with("VASYA_AGENT_BURST", "1000").with("VASYA_ACCOUNT_BURST", "1000")
}
