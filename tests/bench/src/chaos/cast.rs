//! Who takes part: the network's persons, the accounts of the server, the chats in which they meet, and the webhook.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::receiver::Receiver;
use crate::client::{Api, Control};
use crate::error::BenchError;
use crate::world::{NetworkReady, ServerReady, World};

/// The person whom the sandbox logs in by itself, and two that it has besides.
const ADA: &str = "+15550000001";
pub(super) const BORIS: (&str, i64) = ("+15550000002", 5_000_000_002);
pub(super) const CLARA: (&str, i64) = ("+15550000003", 5_000_000_003);

/// The second account's person.
const DORA: &str = "+15550009004";

/// How long anything may take that is waited for while the scene is set.
const LIMIT: Duration = Duration::from_secs(60);
const LOOK_PERIOD: Duration = Duration::from_millis(50);

/// What is told in every chat before anything else.
const WELCOME: &str = "welcome";

/// An account of the server.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) id: String,
    pub(super) phone: String,
}

/// A chat that every account has.
#[derive(Clone, Debug)]
pub(super) struct Chat {
    /// As the accounts see it, in the marked form.
    pub(super) id: i64,
    /// As the network's control API takes it.
    pub(super) peer: String,
    pub(super) kind: ChatKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChatKind {
    Private,
    Group,
    Supergroup,
    /// Where the messages are that are forwarded; nothing else is written there.
    Source,
}

/// See the module's description. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Scene(Arc<Parts>);

#[derive(Debug)]
pub(super) struct Parts {
    pub(super) http: reqwest::Client,
    pub(super) control: Control,
    pub(super) api: Api,
    /// The base of the REST paths.
    pub(super) api_url: String,
    pub(super) token: String,
    pub(super) accounts: Vec<Account>,
    pub(super) chats: Vec<Chat>,
    /// The place in the events at which the run begins.
    pub(super) begin: String,
    /// The newest message of each account in each chat when the run begins.
    pub(super) before: HashMap<(String, i64), i64>,
}

impl std::ops::Deref for Scene {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Scene {
    /// Sets the scene on a server that has just started.
    pub(super) async fn set(
        world: &World,
        network: &NetworkReady,
        ready: ServerReady,
        receiver: &Receiver,
    ) -> Result<Self, BenchError> {
        let control = world.control(network);
        let api = Api::new(world.http.clone(), &ready.base_url, ready.token.clone());
        control.create_user(DORA).await?;
        let dora = api.log_in(&control, DORA).await?;
        let accounts = vec![Account { id: ready.account_id, phone: ADA.into() }, Account { id: dora, phone: DORA.into() }];
        let chats = chats(&control, &accounts).await?;
        let mut parts = Parts {
            http: world.http.clone(),
            control,
            api,
            api_url: format!("{}/api/v1", ready.base_url),
            token: ready.token,
            accounts,
            chats,
            begin: String::new(),
            before: HashMap::new(),
        };
        parts.welcome().await?;
        receiver.subscribe(&parts.api).await?;
        Ok(Self(Arc::new(parts)))
    }
}

impl Parts {
    /// Whether each account has been told of something in each chat. A channel that it was brought into a moment ago may begin with a
    /// gap, which says that it is followed from now on.
    fn are_all_followed(&self, events: &[Value]) -> bool {
        let is_begun =
            |event: &&Value| event.get("event") == Some(&json!("gap")) || event.pointer("/payload/text") == Some(&json!(WELCOME));
        let place =
            |event: &Value| Some((event.get("accountId")?.as_str()?.to_owned(), event.pointer("/payload/chatId")?.as_i64()?));
        let begun: HashSet<_> = events.iter().filter(is_begun).filter_map(place).collect();
        let expected = |account: &Account, chat: &Chat| begun.contains(&(account.id.clone(), chat.id));
        self.accounts.iter().all(|account| self.chats.iter().all(|chat| expected(account, chat)))
    }

    /// Lets somebody write in every chat, and waits until the server has taken all of it up: it knows everybody then and follows every chat.
    async fn welcome(&mut self) -> Result<(), BenchError> {
        for account in &self.accounts {
            for person in [BORIS.0, CLARA.0] {
                self.post(person, &json!(account.phone), WELCOME).await?;
            }
        }
        for chat in self.chats.iter().filter(|chat| chat.kind != ChatKind::Private) {
            self.post(CLARA.0, &json!(chat.id), WELCOME).await?;
        }
        for account in &self.accounts {
            self.api.call(Method::GET, &format!("/accounts/{}/chats?source=live", account.id), None).await?;
            for chat in &self.chats {
                let newest = self.truth(account, chat).await?.last().and_then(|message| message.get("id")?.as_i64());
                let newest = newest.ok_or_else(|| unexpected("GET /messages", &Value::Null))?;
                self.before.insert((account.id.clone(), chat.id), newest);
            }
        }
        let all_told = async {
            loop {
                let path = "/events/poll?cursor=oldest&limit=1000&types=telegram:new-message";
                let page = self.api.call(Method::GET, path, None).await?;
                let items = page.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
                if self.are_all_followed(&items) {
                    return Ok(page);
                }
                tokio::time::sleep(LOOK_PERIOD).await;
            }
        };
        let late = |_elapsed| BenchError::TooSlow { what: "the first messages in the event log".into(), limit: LIMIT };
        let told: Value = tokio::time::timeout(LIMIT, all_told).await.map_err(late)??;
        let cursor = told.get("nextCursor").and_then(Value::as_str);
        self.begin = cursor.ok_or_else(|| unexpected("GET /events/poll", &told))?.to_owned();
        Ok(())
    }

    /// Writes a message as a person; answers it as its sender sees it.
    pub(super) async fn post(&self, from: &str, to: &Value, text: &str) -> Result<Value, BenchError> {
        let message = json!({ "from": from, "to": to, "text": text });
        self.control.call(Method::POST, "/messages", Some(&message)).await
    }

    /// What the network itself says that an account has in a chat, oldest first.
    pub(super) async fn truth(&self, account: &Account, chat: &Chat) -> Result<Vec<Value>, BenchError> {
        let path = format!("/messages?user={}&peer={}", escaped(&account.phone), escaped(&chat.peer));
        let found = self.control.call(Method::GET, &path, None).await?;
        let messages = found.get("messages").and_then(Value::as_array).cloned();
        messages.ok_or_else(|| unexpected(&format!("GET {path}"), &found))
    }
}

fn escaped(phone: &str) -> String {
    phone.replace('+', "%2B")
}

fn unexpected(request: &str, body: &Value) -> BenchError {
    BenchError::Unexpected { request: request.to_owned(), body: body.to_string() }
}

async fn chats(control: &Control, accounts: &[Account]) -> Result<Vec<Chat>, BenchError> {
    let mut chats: Vec<Chat> =
        [BORIS, CLARA].into_iter().map(|(phone, id)| Chat { id, peer: phone.to_owned(), kind: ChatKind::Private }).collect();
    let phones: Vec<&str> = accounts.iter().map(|account| account.phone.as_str()).chain([BORIS.0]).collect();
    for (kind, title, chat_kind) in [
        ("group", "A group", ChatKind::Group),
        ("supergroup", "A supergroup", ChatKind::Supergroup),
        ("supergroup", "What is forwarded", ChatKind::Source),
    ] {
        let chat = json!({ "kind": kind, "owner": CLARA.0, "title": title, "members": phones });
        let created = control.call(Method::POST, "/chats", Some(&chat)).await?;
        let id = created.get("chatId").and_then(Value::as_i64).ok_or_else(|| unexpected("POST /chats", &created))?;
        chats.push(Chat { id, peer: id.to_string(), kind: chat_kind });
    }
    Ok(chats)
}
