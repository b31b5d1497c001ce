//! What the rows find: an account with chats, messages and files, and ways to make more of each.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::harness::{ADA, Api, BORIS, CLARA, Control, Options, Sandbox, eventually, send};

/// Boris, who is in Ada's groups.
pub(super) const BORIS_ID: i64 = 5_000_000_002;

/// Clara, who is in Ada's groups.
pub(super) const CLARA_ID: i64 = 5_000_000_003;

/// What the network takes for an image.
pub(super) fn image() -> Vec<u8> {
    [b"\x89PNG\r\n\x1a\n".as_slice(), &[7; 500]].concat()
}

/// One server on one network, and what is known of it. Rows change only what they made.
pub(super) struct World {
    pub(super) sandbox: Sandbox,
    pub(super) control: Control,
    /// The person whose account it is, who administers the server.
    pub(super) api: Api,
    /// Another person, and an agent of theirs with every scope that an operation needs.
    pub(super) mallory: Api,
    pub(super) mallorys_agent: Api,
    /// Ada's account.
    pub(super) account: String,
    /// A supergroup of Ada's with Boris and Clara.
    pub(super) group: i64,
    /// A channel of Ada's.
    pub(super) channel: i64,
    /// A message of Ada's in [`Self::group`].
    pub(super) message: i64,
    /// A message in [`Self::group`] with a file.
    pub(super) file: i64,
    /// The OpenAPI document.
    pub(super) document: Value,
    /// What stands in for Deepgram, and for the rest of the web.
    pub(super) deepgram: MockServer,
    agents: Mutex<HashMap<&'static str, (String, Api)>>,
    made: AtomicU64,
}

impl World {
    pub(super) async fn prepare(scopes: Vec<&'static str>) -> Self {
        let deepgram = MockServer::start().await;
        // Limits that the walk does not reach.
        let options = Options::jwt().with("VASYA_ADMIN_USERS", "ada").with("VASYA_AGENT_BURST", "100000");
        let options = options.with("VASYA_LOGIN_BURST", "100000").with("VASYA_ACCOUNT_BURST", "100000");
        let options = options.with("VASYA_OUTBOUND_ALLOWED_NETWORKS", "127.0.0.0/8").with("VASYA_WEBHOOKS_WAIT_SECS", "1");
        let options = options.with("VASYA_WEBHOOKS_PER_USER_MAX", "1000");
        let sandbox = Sandbox::start_with(options.with("VASYA_DEEPGRAM_URL", deepgram.uri())).await;
        let (control, api, mallory) = (sandbox.control(), sandbox.api(), sandbox.user("mallory"));
        let (_, secret) = mallory.agent_key(&scopes, None).await;
        let mut world = Self {
            account: sandbox.account().to_owned(),
            mallorys_agent: mallory.with_token(&secret),
            sandbox,
            control,
            api,
            mallory,
            group: 0,
            channel: 0,
            message: 0,
            file: 0,
            document: vasya_server::openapi::document(&vasya_actors::catalogue::Catalogue::standard()),
            deepgram,
            agents: Mutex::default(),
            made: AtomicU64::new(0),
        };
        world.group = world.new_group().await;
        world.channel = world.control.create_chat("channel", ADA, "A channel", &[BORIS]).await;
        world.message = world.new_message(world.group).await;
        world.file = world.new_file(world.group, "text/plain").await;
        world
    }

    /// A number that was not given before.
    pub(super) fn number(&self) -> u64 {
        self.made.fetch_add(1, Ordering::Relaxed)
    }

    /// An agent of the person's whose key has this one scope, and the key's id.
    pub(super) async fn agent(&self, scope: &'static str) -> (String, Api) {
        let mut agents = self.agents.lock().await;
        if let Some(agent) = agents.get(scope) {
            return agent.clone();
        }
        // Webhooks tell events, so whoever has them must be allowed to read events.
        let scopes = if scope == "webhooks:write" { vec![scope, "events:read"] } else { vec![scope] };
        let (id, secret) = self.api.agent_key(&scopes, None).await;
        let agent = (id, self.api.with_token(&secret));
        agents.insert(scope, agent.clone());
        agent
    }

    /// A supergroup of Ada's with Boris and Clara.
    pub(super) async fn new_group(&self) -> i64 {
        self.control.create_chat("supergroup", ADA, &format!("Group {}", self.number()), &[BORIS, CLARA]).await
    }

    /// A chat of Clara's that Ada is not in: an invite link to it.
    pub(super) async fn new_invite(&self) -> String {
        let hash = format!("Invite{:010}", self.number());
        let chat = json!({ "kind": "supergroup", "owner": CLARA, "title": "By invitation", "invite": hash });
        self.control.call(Method::POST, "/chats", Some(chat)).await;
        format!("https://t.me/+{hash}")
    }

    /// An invite link to a chat of Ada's.
    pub(super) async fn new_link(&self, chat: i64, request_needed: bool) -> Value {
        let path = format!("/accounts/{}/chats/{chat}/invites", self.account);
        self.api.post(&path, json!({ "requestNeeded": request_needed })).await.expect(200)
    }

    /// A supergroup of Ada's that somebody asks to be let into: its id, and who asks.
    pub(super) async fn new_join_request(&self) -> (i64, Value) {
        let chat = self.new_group().await;
        let link = self.new_link(chat, true).await["link"].clone();
        let account = self.new_account().await;
        self.api.post(&format!("/accounts/{account}/join"), json!({ "link": link })).await.expect(200);
        let path = format!("/accounts/{}/chats/{chat}/join-requests", self.account);
        (chat, self.api.get(&path).await.expect(200)["items"][0]["userId"].clone())
    }

    /// A forum of Ada's, and a topic of it.
    pub(super) async fn new_topic(&self) -> (i64, i64) {
        let chat = self.new_group().await;
        let path = format!("/accounts/{}/chats/{chat}", self.account);
        self.api.patch(&path, json!({ "isForum": true })).await.expect(200);
        let topic = json!({ "title": format!("Topic {}", self.number()) });
        let topic = self.api.post(&format!("{path}/topics"), topic).await.expect(200);
        (chat, topic["id"].as_i64().expect("an id"))
    }

    /// A poll of Ada's in a chat of hers.
    pub(super) async fn new_poll(&self, chat: i64) -> i64 {
        let path = format!("/accounts/{}/chats/{chat}/polls", self.account);
        let poll = json!({ "question": format!("Question {}", self.number()), "options": ["north", "south"] });
        self.api.post(&path, poll).await.expect(200)["id"].as_i64().expect("an id")
    }

    /// A message of a bot's to Ada with buttons, which the bot answers: the chat and the message.
    pub(super) async fn new_buttons(&self) -> (i64, i64) {
        let name = format!("helper{}_bot", self.number());
        let bot = self.control.create_bot("Helper", &name).await;
        self.control.prepare_bot(&bot, json!({ "message": "So be it" })).await;
        let buttons = json!([[{ "text": "Yes", "data": "yes" }, { "text": "See", "url": "https://example.org" }]]);
        self.control.post_as_bot(&name, ADA, "Shall I?", buttons).await;
        let chat = bot["id"].as_i64().expect("an id");
        let path = format!("/accounts/{}/chats/{chat}/messages?limit=1", self.account);
        let told = || async { self.api.get(&path).await.expect_or_none(200) };
        let messages = eventually("the bot's message comes", told).await;
        (chat, messages[0]["id"].as_i64().expect("an id"))
    }

    /// A text message of Ada's in a chat of hers.
    pub(super) async fn new_message(&self, chat: i64) -> i64 {
        let path = format!("/accounts/{}/chats/{chat}/messages", self.account);
        let message = self.api.post(&path, json!({ "text": format!("Message {}", self.number()) })).await.expect(200);
        message["id"].as_i64().expect("an id")
    }

    /// A message of Ada's that is to be sent in an hour.
    pub(super) async fn new_scheduled(&self, chat: i64) -> i64 {
        let path = format!("/accounts/{}/chats/{chat}/messages", self.account);
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time after 1970");
        let message = json!({ "text": format!("Message {}", self.number()), "scheduleAt": now.as_secs() + 3_600 });
        self.api.post(&path, message).await.expect(200)["id"].as_i64().expect("an id")
    }

    /// A message of Ada's with a file of this media type.
    pub(super) async fn new_file(&self, chat: i64, mime_type: &str) -> i64 {
        let request = self.api.request(Method::POST, &format!("/accounts/{}/chats/{chat}/media", self.account));
        let request = request.header("x-file-name", "a-file").header("x-mime-type", mime_type).body("its bytes");
        send(request).await.expect(200)["id"].as_i64().expect("an id")
    }

    /// A photo of Ada's that the network can look into.
    pub(super) async fn new_photo(&self, chat: i64) -> i64 {
        let mut photo = std::io::Cursor::new(Vec::new());
        image::RgbImage::new(400, 300).write_to(&mut photo, image::ImageFormat::Jpeg).expect("a photo");
        let request = self.api.request(Method::POST, &format!("/accounts/{}/chats/{chat}/media", self.account));
        let request = request.header("x-file-name", "photo.jpg").header("x-mime-type", "image/jpeg");
        send(request.body(photo.into_inner())).await.expect(200)["id"].as_i64().expect("an id")
    }

    /// Where a file is on the web.
    pub(super) async fn file_on_the_web(&self) -> String {
        let answer = ResponseTemplate::new(200).set_body_raw("a chart", "text/plain");
        Mock::given(path("/chart.txt")).respond_with(answer).mount(&self.deepgram).await;
        format!("{}/chart.txt", self.deepgram.uri())
    }

    /// Lets Deepgram hear these words in every recording.
    pub(super) async fn hear(&self, words: &str) {
        let channel = json!({ "alternatives": [{ "transcript": words, "confidence": 0.98 }] });
        let heard = ResponseTemplate::new(200).set_body_json(json!({ "results": { "channels": [channel] } }));
        Mock::given(path("/v1/listen")).respond_with(heard).mount(&self.deepgram).await;
        self.api.put("/stt/settings", json!({ "deepgramApiKey": "0123456789abcdef" })).await.expect(200);
    }

    /// A webhook of the agent's that tells what happens in a chat to an address which knows nothing of it: the id.
    pub(super) async fn new_webhook(&self, chat: i64) -> Value {
        let (_, agent) = self.agent("webhooks:write").await;
        let webhook = json!({ "url": format!("{}/hook", self.deepgram.uri()), "chatIds": [chat] });
        agent.post("/webhooks", webhook).await.expect(201)["id"].clone()
    }

    /// A webhook of the agent's and a delivery that its address has not taken.
    pub(super) async fn dead_delivery(&self) -> (Value, Value) {
        let (group, (_, agent)) = (self.new_group().await, self.agent("webhooks:write").await);
        let webhook = self.new_webhook(group).await;
        self.new_message(group).await;
        let path = format!("/webhooks/{}/deliveries?status=dead", webhook.as_str().expect("an id"));
        let dead = async || agent.get(&path).await.expect(200)["items"].get(0).map(|delivery| delivery["id"].clone());
        let delivery = eventually("a delivery is dead", dead).await;
        (webhook, delivery)
    }

    /// The phone number of a new user of the network.
    pub(super) async fn new_user(&self) -> String {
        let phone = format!("+1555100{:04}", self.number());
        self.control.create_user(&phone, "Somebody").await;
        phone
    }

    /// A new user in Ada's address book: the id.
    pub(super) async fn new_contact(&self) -> Value {
        self.import(&self.account, &self.new_user().await).await
    }

    /// Puts a phone number into an account's address book: the user's id.
    pub(super) async fn import(&self, account: &str, phone: &str) -> Value {
        let people = json!({ "contacts": [{ "phone": phone, "firstName": "Contact" }] });
        let imported = self.api.post(&format!("/accounts/{account}/contacts/import"), people).await.expect(200);
        imported["contacts"][0]["id"].clone()
    }

    /// Puts an image where Ada's account takes one, such as `/profile/photo`.
    pub(super) async fn put_image(&self, place: &str) {
        let request = self.api.request(Method::PUT, &format!("/accounts/{}{place}", self.account));
        send(request.body(image())).await.expect(204);
    }

    /// An account of the person's besides Ada's.
    pub(super) async fn new_account(&self) -> String {
        let phone = self.new_user().await;
        self.api.log_in(&self.control, &phone, None).await
    }

    /// The id of an account that is suspended.
    pub(super) async fn suspended_account(&self) -> String {
        let account = self.new_account().await;
        self.api.post(&format!("/accounts/{account}/suspend"), json!({})).await.expect(200);
        account
    }

    /// Another session of Ada's, which another server has logged in: its id.
    pub(super) async fn new_session(&self) -> Value {
        drop(Sandbox::start_with(Options::default().attached_to(&self.sandbox)).await);
        let listed = self.api.get(&format!("/accounts/{}/telegram-sessions", self.account)).await.expect(200);
        let others = listed["items"].as_array().expect("sessions").iter().find(|session| session["current"] == false);
        others.expect("another session")["id"].clone()
    }

    /// A call of an agent that waits for a person: the approval's id and its digest.
    pub(super) async fn new_approval(&self) -> (Value, Value) {
        let (_, agent) = self.agent("security:read").await;
        let asked = agent.get(&format!("/accounts/{}/telegram-sessions", self.account)).await.expect(202);
        let path = format!("/approvals/{}", asked["approvalId"].as_str().expect("an id"));
        (asked["approvalId"].clone(), self.api.get(&path).await.expect(200)["digest"].clone())
    }

    /// A login that waits for its code: the account's id and the code.
    pub(super) async fn new_login(&self, phone: &str) -> (Value, String) {
        let started = self.api.post("/telegram/login/code", json!({ "phone": phone })).await.expect(200);
        (started["accountId"].clone(), self.control.code(phone).await)
    }
}
