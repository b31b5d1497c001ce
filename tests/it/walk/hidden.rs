//! What a policy hides is nowhere: over random policies, no answer of any reading operation holds anything of a chat that the key may not
//! read. Each chat has markers of its own in everything that it has (title, texts, drafts, captions, polls, pins, what is scheduled), is
//! forwarded from, mentioned and kept in folders; the bytes of the answers, headers included, are searched for those of hidden chats.

use reqwest::Method;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use vasya_actors::catalogue::Catalogue;
use vasya_actors::operation::{Access, Effect, Entry};

use super::transport::{Call, Transport};
use crate::harness::{ADA, Api, BORIS, CLARA, Options, Sandbox, eventually, send};

/// How many policies are tried.
const POLICIES: u64 = 10;

/// How far a list is followed from page to page.
const PAGES_MAX: usize = 6;

const DECISIONS: [&str; 4] = ["allow", "shadow", "ask", "deny"];

/// Lists that tell of private chats themselves, and not of who writes elsewhere.
const LISTS_OF_CHATS: [&str; 8] = [
    "list_chats",
    "list_drafts",
    "get_contacts",
    "search_contacts",
    "list_blocked",
    "global_search",
    "search_all_messages",
    "list_telegram_folders",
];

/// One chat of the world: its number is in every marker of its own.
#[derive(Debug)]
struct Place {
    number: usize,
    id: i64,
    class: &'static str,
    message: i64,
    invite: Option<String>,
}

impl Place {
    fn is_private(&self) -> bool {
        self.id > 0
    }

    /// Texts that tell of it wherever they stand.
    fn markers(&self) -> Vec<String> {
        let mut markers = vec![format!("zebra{}", self.number)];
        if !self.is_private() {
            markers.extend([format!("Quokka{}", self.number), self.id.to_string()]);
            markers.extend(self.invite.clone());
        }
        markers
    }
}

/// Numbers that are the same in each run.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn some(&mut self, places: &[Place]) -> Vec<i64> {
        places.iter().filter(|_| self.throw(2) == 0).map(|place| place.id).collect()
    }

    fn decision(&mut self) -> &'static str {
        DECISIONS[self.throw(DECISIONS.len())]
    }

    /// Rules for reading.
    fn rules(&mut self, places: &[Place]) -> Value {
        let mut rules = json!({});
        if self.throw(3) == 0 {
            rules["allow"] = json!({ "chatIds": self.some(places), "otherwise": self.decision() });
        }
        if self.throw(2) == 0 {
            rules["deny"] = json!({ "chatIds": self.some(places), "decision": self.decision() });
        }
        if self.throw(3) > 0 {
            rules["classes"] = json!({});
            for class in ["contacts", "strangers", "bots", "groups", "channels"] {
                if self.throw(2) == 0 {
                    rules["classes"][class] = json!(self.decision());
                }
            }
        }
        rules
    }
}

/// What the rules say of a chat, told here a second time and in another way.
fn is_hidden(rules: &Value, place: &Place) -> bool {
    let listed = |list: &Value| list["chatIds"].as_array().is_some_and(|chats| chats.contains(&json!(place.id)));
    let hides = |decision: &Value| decision == "ask" || decision == "deny";
    rules["allow"].is_object() && !listed(&rules["allow"]) && hides(&rules["allow"]["otherwise"])
        || rules["deny"].is_object() && listed(&rules["deny"]) && hides(&rules["deny"]["decision"])
        || hides(&rules["classes"][place.class])
}

struct Zoo {
    sandbox: Sandbox,
    api: Api,
    account: String,
    places: Vec<Place>,
    /// Where the events of all that begin.
    begin: Value,
}

impl Zoo {
    async fn prepare() -> Self {
        let options = Options::default().with("VASYA_ACCOUNT_BURST", "100000").with("VASYA_AGENT_BURST", "100000");
        let sandbox = Sandbox::start_with(options).await;
        let (api, control, account) = (sandbox.api(), sandbox.control(), sandbox.account().to_owned());
        api.online(&account).await;
        let begin = api.get("/events/poll").await.expect(200)["nextCursor"].clone();
        let bot = control.create_bot("Quokka", "quokka_bot").await;
        let mut chats = vec![(5_000_000_002, "contacts"), (5_000_000_003, "strangers"), (bot["id"].as_i64().unwrap(), "bots")];
        for (number, kind, class) in [
            (3, "group", "groups"),
            (4, "supergroup", "groups"),
            (5, "channel", "channels"),
            (6, "supergroup", "groups"),
            (7, "channel", "channels"),
        ] {
            let members: &[&str] = if kind == "channel" { &[] } else { &[BORIS, CLARA] };
            chats.push((control.create_chat(kind, ADA, &format!("Quokka{number}"), members).await, class));
        }
        control.post_as_bot("quokka_bot", ADA, "zebra2 asks", json!([[{ "text": "zebra2", "data": "x" }]])).await;
        control.post(BORIS, ADA, "zebra0 was here").await;
        control.post(CLARA, ADA, "zebra1 was here").await;
        let path = |rest: &str| format!("/accounts/{account}{rest}");
        api.post(&path("/contacts"), json!({ "userId": 5_000_000_002_i64, "firstName": "Boris" })).await.expect(200);
        api.put(&path("/blocked/5000000003"), json!({})).await;
        let listed = || async {
            let chats_now = api.get(&path("/chats?source=live")).await.expect(200);
            (chats_now.as_array().unwrap().len() >= chats.len()).then_some(())
        };
        eventually("all chats are there", listed).await;
        let mut zoo = Self { api, account, places: Vec::new(), begin, sandbox };
        for (number, (id, class)) in chats.iter().enumerate() {
            let place = zoo.furnish(number, *id, class).await;
            zoo.places.push(place);
        }
        zoo.connect().await;
        zoo
    }

    fn path(&self, chat: i64, rest: &str) -> String {
        format!("/accounts/{}/chats/{chat}{rest}", self.account)
    }

    /// Puts markers into everything that a chat has.
    async fn furnish(&self, number: usize, id: i64, class: &'static str) -> Place {
        let text = |what: &str| json!({ "text": format!("zebra{number} {what}") });
        let sent = self.api.post(&self.path(id, "/messages"), text("speaks")).await.expect(200);
        let message = sent["id"].as_i64().unwrap();
        self.api.put(&self.path(id, "/draft"), text("ponders")).await.expect(204);
        self.api.put(&self.path(id, &format!("/messages/{message}/pin")), json!({})).await;
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let later = json!({ "text": format!("zebra{number} later"), "scheduleAt": now + 3_600 });
        self.api.post(&self.path(id, "/messages"), later).await.expect(200);
        let poll = json!({ "question": format!("zebra{number}?"), "options": [format!("zebra{number} yes"), "no"] });
        self.api.post(&self.path(id, "/polls"), poll).await;
        let file = self.api.request(Method::POST, &self.path(id, "/media")).header("x-file-name", format!("zebra{number}.txt"));
        send(file.header("x-caption", format!("zebra{number}")).body(format!("zebra{number} in a file"))).await.expect(200);
        self.api.put(&self.path(id, &format!("/messages/{message}/reactions")), json!({ "emoji": "👍" })).await;
        let about = json!({ "about": format!("zebra{number} lives here") });
        self.api.patch(&self.path(id, ""), about).await;
        let invite = self.api.post(&self.path(id, "/invites"), json!({ "title": format!("zebra{number}") })).await;
        let invite = (invite.status == 200).then(|| invite.json()["link"].as_str().unwrap_or_default().to_owned());
        Place { number, id, class, message, invite: invite.filter(|link| !link.is_empty()) }
    }

    /// Leads from each chat into others: forwards, mentions, folders.
    async fn connect(&self) {
        let ids: Vec<i64> = self.places.iter().map(|place| place.id).collect();
        for from in &self.places {
            let carried = json!({ "text": "carried over" });
            let message = self.api.post(&self.path(from.id, "/messages"), carried).await.expect(200)["id"].clone();
            for to in self.places.iter().filter(|to| to.id != from.id && !to.is_private()) {
                let forward = json!({ "fromChatId": from.id, "toChatId": to.id, "messageIds": [message] });
                self.api.post(&format!("/accounts/{}/messages/forward", self.account), forward).await.expect(200);
            }
            if from.is_private() {
                let mention = json!({ "text": format!("[someone](tg://user?id={})", from.id), "format": "markdown" });
                self.api.post(&self.path(ids[4], "/messages"), mention).await;
            }
        }
        let folder = json!({ "title": "All", "includedChatIds": ids });
        self.api.post(&format!("/accounts/{}/telegram-folders", self.account), folder).await;
        let folder = json!({
            "id": "all", "name": "All", "included_chat_types": [], "excluded_chat_types": [], "included_chat_ids": ids,
            "excluded_chat_ids": [], "sort_order": 0,
        });
        self.api.post(&format!("/accounts/{}/folders", self.account), folder).await;
    }

    /// The inputs with which an operation is tried: once, or once for each chat.
    fn inputs(&self, entry: &Entry) -> Vec<(Option<usize>, Map<String, Value>)> {
        let mut settings = SchemaSettings::draft2020_12();
        settings.inline_subschemas = true;
        let schema = entry.input_schema(&mut settings.into_generator()).to_value();
        let has = |name: &str| schema["properties"].get(name).is_some();
        let mut common = Map::new();
        for (name, value) in [
            ("accountId", json!(self.account)),
            ("account", json!(self.account)),
            ("index", json!(0)),
            ("callId", json!(1)),
            ("cursor", self.begin.clone()),
        ] {
            let wanted = name != "cursor" || entry.declaration().name == "poll_events";
            if has(name) && wanted {
                common.insert(name.into(), value);
            }
        }
        for name in ["q", "query"] {
            if has(name) {
                common.insert(name.into(), json!(if entry.declaration().name == "global_search" { "quokka" } else { "zebra" }));
            }
        }
        if has("limit") && entry.declaration().name != "poll_events" {
            common.insert("limit".into(), json!(3));
        }
        let by_chat = ["chatId", "link"].into_iter().find(|name| has(name));
        let Some(by_chat) = by_chat else { return vec![(None, common)] };
        let of_place = |place: &Place| {
            let mut inputs = common.clone();
            let named = if by_chat == "link" { json!(place.invite.as_ref()?) } else { json!(place.id) };
            inputs.insert(by_chat.into(), named);
            if has("messageId") {
                inputs.insert("messageId".into(), json!(place.message));
            }
            Some((Some(place.number), inputs))
        };
        self.places.iter().filter_map(of_place).collect()
    }
}

/// The headers and the body of an answer, as text.
fn told(answer: &crate::harness::Answer) -> String {
    let headers: Vec<String> = answer.headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
    format!("{}\n{}", headers.join("\n"), String::from_utf8_lossy(&answer.body))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_holds_anything_of_a_chat_that_the_key_may_not_read() {
    let zoo = Zoo::prepare().await;
    let catalogue = Catalogue::standard();
    let readable = |entry: &&Entry| {
        let declaration = entry.declaration();
        let by_agents = matches!(declaration.access, Access::Scope(scope) if !scope.needs_approval());
        declaration.effect == Effect::Read && by_agents && !declaration.gives_events
    };
    let entries: Vec<&Entry> = catalogue.entries().iter().filter(readable).collect();
    let mut scopes: Vec<&str> = entries
        .iter()
        .filter_map(|entry| match entry.declaration().access {
            Access::Scope(scope) => Some(scope.name()),
            _ => None,
        })
        .collect();
    scopes.sort_unstable();
    scopes.dedup();
    let (key, secret) = zoo.api.agent_key(&scopes, None).await;
    let agent = zoo.api.with_token(&secret);
    let (mut dice, mut faults, mut succeeded) = (Dice(0x5eed_2026_1124_0001), Vec::new(), std::collections::BTreeSet::new());
    let mut hidden_seen = 0;
    for turn in 0..POLICIES {
        let rules = dice.rules(&zoo.places);
        zoo.api.put(&format!("/policies/{key}"), json!({ "rules": { "read": rules } })).await.expect(200);
        let hidden: Vec<&Place> = zoo.places.iter().filter(|place| is_hidden(&rules, place)).collect();
        hidden_seen += hidden.len();
        for entry in &entries {
            let name = entry.declaration().name;
            for (place, mut inputs) in zoo.inputs(entry) {
                let is_of_hidden = place.is_some_and(|number| hidden.iter().any(|place| place.number == number));
                for _ in 0..PAGES_MAX {
                    let request_id = format!("{name}-{turn}");
                    let call = Call { entry, inputs: &inputs, bytes: b"", request_id: &request_id };
                    let answer = Transport::Rest.call(&agent, call).await;
                    if is_of_hidden && answer.status < 300 && answer.status != 202 {
                        faults.push(format!("{name} tells of chat {place:?}, which {rules} hides: {}", told(&answer)));
                    }
                    if !is_of_hidden && answer.status == 403 && answer.code() == "chat_not_allowed" {
                        faults.push(format!("{name} refuses chat {place:?}, which {rules} shows"));
                    }
                    if answer.status < 300 {
                        succeeded.insert(name);
                    }
                    let told = told(&answer);
                    for place in &hidden {
                        let mut markers = place.markers();
                        markers.extend(LISTS_OF_CHATS.contains(&name).then(|| place.id.to_string()));
                        for marker in markers.iter().filter(|marker| told.contains(*marker)) {
                            faults.push(format!("{name} tells {marker} of {place:?}, which {rules} hides: {told}"));
                        }
                    }
                    match answer.header("x-next-cursor") {
                        "" => break,
                        cursor => inputs.insert("cursor".into(), json!(cursor)),
                    };
                }
            }
        }
    }
    faults.sort();
    faults.dedup_by_key(|fault| fault.split(' ').next().map(str::to_owned));
    let shown = |fault: &String| fault.chars().take(1_500).collect::<String>();
    assert!(faults.is_empty(), "{}", faults.iter().map(shown).collect::<Vec<_>>().join("\n"));
    assert!(hidden_seen > 20 && hidden_seen < 70, "{hidden_seen} chats were hidden");
    assert!(succeeded.len() * 10 >= entries.len() * 7, "only {} of {} were tried: {succeeded:?}", succeeded.len(), entries.len());
    drop(zoo.sandbox);
}
