//! What is tried on each operation.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use vasya_actors::operation::{Access, Declaration, Entry};

use super::example::Example;
use super::inputs::Fields;
use super::transport::{Call, Transport};
use super::world::World;
use crate::harness::{Answer, Api, eventually};

const UNKNOWN: &str = "0199f7c2-0000-7000-8000-000000000000";

/// What was found wrong, and what the audit log must hold of it.
#[derive(Default)]
pub(super) struct Walked {
    pub(super) faults: Vec<String>,
    pub(super) audited: Vec<Audited>,
}

/// A call whose traces in the audit log are known.
pub(super) struct Audited {
    declaration: &'static Declaration,
    request_id: String,
    account: Value,
    chat: Option<Value>,
    key: Option<String>,
    /// `ok` or the code of the refusal, and the status; none where nothing may be in the log.
    outcome: Option<(String, u16)>,
    phase: &'static str,
}

struct Walk<'a> {
    world: &'a World,
    transport: &'a Transport,
    entry: &'a Entry,
    declaration: &'static Declaration,
    fields: Fields,
    example: &'a Example,
    inputs: Map<String, Value>,
    walked: Walked,
}

/// Tries everything on one operation.
pub(super) async fn walk(world: &World, transport: &Transport, entry: &Entry, example: &Example) -> Walked {
    let fields = Fields::of(entry);
    let mut inputs = example.inputs.clone();
    if fields.has("accountId") {
        inputs.entry("accountId").or_insert_with(|| json!(world.account));
    }
    let declaration = entry.declaration();
    let mut walk = Walk { world, transport, entry, declaration, fields, example, inputs, walked: Walked::default() };
    walk.without_a_token().await;
    walk.with_another_scope().await;
    walk.without_a_persons_approval().await;
    walk.on_foreign_accounts().await;
    walk.on_the_service_chat().await;
    walk.with_bad_inputs().await;
    walk.with_success().await;
    walk.walked
}

impl Walk<'_> {
    fn fault(&mut self, fault: String) {
        self.walked.faults.push(fault);
    }

    fn check(&mut self, what: &str, found: &Value, wanted: &Value, answer: &Answer) {
        if found != wanted {
            self.fault(format!("{what} is {found}, not {wanted}: {} {}", answer.status, short(answer)));
        }
    }

    fn request_id(&self, step: &str) -> String {
        format!("{}-{step}", self.declaration.name)
    }

    /// Calls it. The answer must be one that the OpenAPI document describes: its status, and the code of a refusal.
    async fn call(&mut self, api: &Api, inputs: &Map<String, Value>, step: &str) -> Answer {
        let request_id = self.request_id(step);
        let call = Call { entry: self.entry, inputs, bytes: &self.example.bytes, request_id: &request_id };
        let answer = self.transport.call(api, call).await;
        let (path, method) = (self.declaration.path, self.declaration.method.name().to_lowercase());
        let operation = &self.world.document["paths"][format!("/api/v1{path}")][method];
        let status = answer.status.to_string();
        let code = serde_json::from_slice::<Value>(&answer.body).ok().and_then(|problem| problem.get("code").cloned());
        let is_problem = answer.header("content-type") == "application/problem+json";
        let is_known = match code.filter(|_| is_problem) {
            Some(code) => operation["x-problems"][status].as_array().is_some_and(|codes| codes.contains(&code)),
            None => operation["responses"][status].is_object(),
        };
        if !is_known {
            self.fault(format!("is not documented to answer {} {}", answer.status, short(&answer)));
        }
        answer
    }

    async fn without_a_token(&mut self) {
        let answer = self.call(&self.world.api.without_token(), &self.inputs.clone(), "nobody").await;
        self.check("the status without a token", &json!(answer.status), &json!(401), &answer);
        let challenge = answer.header("www-authenticate");
        if !challenge.starts_with(self.transport.challenge()) || self.transport.is_rest() && challenge != "Bearer" {
            self.fault(format!("WWW-Authenticate is {challenge:?}"));
        }
    }

    async fn with_another_scope(&mut self) {
        let other = match self.declaration.access {
            Access::Scope(scope) if scope.name() == "stt:use" => "calls:use",
            _ => "stt:use",
        };
        let (key, agent) = self.world.agent(other).await;
        let answer = self.call(&agent, &self.inputs.clone(), "other").await;
        let wanted = match self.declaration.access {
            Access::Scope(scope) => json!([403, "missing_scope", format!("Missing scope: {}", scope.name())]),
            Access::Human(reason) | Access::Admin(reason) => json!([403, "human_only", reason]),
            Access::Authenticated => {
                let wanted = if self.example.is_others { 404 } else { self.declaration.success };
                return self.check("an agent's status", &json!(answer.status), &json!(wanted), &answer);
            }
        };
        let problem: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let found = json!([answer.status, problem["code"], problem["error"]]);
        self.check("the refusal of another scope", &found, &wanted, &answer);
        let code = problem["code"].as_str().unwrap_or_default().to_owned();
        self.note("other", Some(key), Some((code, answer.status)), "denied");
    }

    async fn on_foreign_accounts(&mut self) {
        let Some(field) = self.fields.account() else { return };
        for api in [&self.world.mallory, &self.world.mallorys_agent] {
            let mut first: Option<Answer> = None;
            for account in [self.world.account.as_str(), UNKNOWN, "no-id-at-all", "../../etc"] {
                let mut inputs = self.inputs.clone();
                inputs.insert(field.into(), json!(account));
                let answer = self.call(api, &inputs, "foreign").await;
                // Whether the connection stays open depends on how much of the body had come when the answer was ready.
                let head = |answer: &Answer| {
                    let told = answer.headers.keys().filter(|name| *name != "connection");
                    let mut names: Vec<String> = told.map(ToString::to_string).collect();
                    names.sort();
                    names
                };
                match &first {
                    None => {
                        let problem: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
                        let people_only = self.is_for_people_only();
                        let is_agent = std::ptr::eq(api, &raw const self.world.mallorys_agent);
                        let wanted = if people_only && is_agent { "human_only" } else { "account_forbidden" };
                        let found = json!([answer.status, problem["code"]]);
                        self.check("the refusal of a foreign account", &found, &json!([403, wanted]), &answer);
                        first = Some(answer);
                    }
                    Some(first) if first.body != answer.body || head(first) != head(&answer) => {
                        self.fault(format!(
                            "an account that is not there ({account}) can be told from a foreign one: {}",
                            short(&answer)
                        ));
                    }
                    Some(_) => {}
                }
            }
        }
    }

    /// Tries an agent on the chat with Telegram itself, wherever a chat is named.
    async fn on_the_service_chat(&mut self) {
        let Access::Scope(scope) = self.declaration.access else { return };
        if scope.needs_approval() {
            return;
        }
        let mut names = vec!["chatId", "chat", "fromChatId", "toChatId"];
        if !self.fields.has("chatId") {
            names.push("userId");
        }
        names.retain(|name| self.fields.has(name));
        for name in names {
            let (_, agent) = self.world.agent(scope.name()).await;
            let mut inputs = self.inputs.clone();
            inputs.insert(name.to_owned(), json!(777_000));
            let answer = self.call(&agent, &inputs, "service").await;
            let problem: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            let found = json!([answer.status, problem["code"]]);
            self.check(&format!("the refusal of {name}"), &found, &json!([403, "chat_not_allowed"]), &answer);
        }
    }

    /// Whether no agent is let in, whatever its key has.
    fn is_for_people_only(&self) -> bool {
        match self.declaration.access {
            Access::Human(_) | Access::Admin(_) => true,
            Access::Scope(_) | Access::Authenticated => false,
        }
    }

    async fn without_a_persons_approval(&mut self) {
        let Access::Scope(scope) = self.declaration.access else { return };
        if scope.needs_approval() {
            let (key, agent) = self.world.agent(scope.name()).await;
            let answer = self.call(&agent, &self.inputs.clone(), "unapproved").await;
            let problem: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            let found = json!([answer.status, problem["code"]]);
            self.check("the answer without approval", &found, &json!([202, "approval_required"]), &answer);
            if self.transport.is_rest() {
                self.check("where its approval is", &problem["approvalId"], &last_segment(answer.header("location")), &answer);
            } else if !problem["approvalId"].is_string() {
                self.fault(format!("does not tell its approval: {}", short(&answer)));
            }
            self.note("unapproved", Some(key), Some(("approval_required".to_owned(), answer.status)), "denied");
        }
    }

    async fn with_bad_inputs(&mut self) {
        let spoiled = self.fields.spoil(self.declaration, self.example);
        if spoiled.is_empty() && !self.fields.cannot_be_spoiled(self.declaration, self.example) {
            self.fault("no bad input is known: add .refuses(field, value) to its row".into());
        }
        for spoiled in spoiled {
            let mut inputs = spoiled.inputs;
            if let Some(account) = self.inputs.get("accountId") {
                inputs.insert("accountId".into(), account.clone());
            }
            let answer = self.call(&self.world.api, &inputs, "bad").await;
            let problem: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            // An item of a list is named like `messageIds[3]`, a field of it like `contacts[3].phone`.
            let named = problem["field"].as_str().unwrap_or_default();
            let named = named.split(['[', '.']).next().unwrap_or_default();
            if !matches!(answer.status, 400 | 422) || !spoiled.names.iter().any(|name| name == named) {
                let (field, how) = (spoiled.field, spoiled.how);
                self.fault(format!("{field} with {how} is not refused by name: {} {}", answer.status, short(&answer)));
            }
        }
    }

    async fn with_success(&mut self) {
        let (key, caller) = match self.declaration.access {
            Access::Scope(scope) if !scope.needs_approval() => {
                let (key, agent) = self.world.agent(scope.name()).await;
                (Some(key), agent)
            }
            _ => (None, self.world.api.clone()),
        };
        let answer = self.call(&caller, &self.inputs.clone(), "good").await;
        let status = self.example.status.unwrap_or(self.declaration.success);
        self.check("the status", &json!(answer.status), &json!(status), &answer);
        let code = match serde_json::from_slice::<Value>(&answer.body) {
            Ok(problem) if answer.status >= 400 => problem["code"].as_str().unwrap_or_default().to_owned(),
            _ => "ok".to_owned(),
        };
        if answer.status == self.declaration.success {
            self.check_body(&answer);
        }
        let outcome = self.declaration.effect.is_mutation().then_some((code, answer.status));
        self.note("good", key, outcome, "intent");
    }

    fn check_body(&mut self, answer: &Answer) {
        if self.declaration.gives_bytes || self.declaration.gives_events {
            if answer.body.is_empty() || answer.header("content-type").is_empty() {
                self.fault("answers no bytes, or does not say of what type they are".into());
            }
            return;
        }
        let mut generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
        let Some(schema) = self.entry.output_schema(&mut generator) else {
            return self.check("the body", &json!(answer.text()), &json!(""), answer);
        };
        let mut schema = schema.to_value();
        schema["$defs"] = Value::Object(generator.take_definitions(true));
        let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else {
            return self.fault(format!("the body is no JSON: {}", short(answer)));
        };
        let validator = jsonschema::options().should_validate_formats(true).build(&schema);
        let unfit: Vec<String> = match &validator {
            Ok(validator) => validator.iter_errors(&body).map(|error| format!("{}: {error}", error.instance_path())).collect(),
            Err(error) => vec![format!("the schema itself: {error}")],
        };
        if !unfit.is_empty() {
            self.fault(format!("the body is not as its schema says: {}", unfit.join("; ")));
        }
    }

    fn note(&mut self, step: &str, key: Option<String>, outcome: Option<(String, u16)>, phase: &'static str) {
        self.walked.audited.push(Audited {
            declaration: self.declaration,
            request_id: self.request_id(step),
            account: self.fields.account().and_then(|field| self.inputs.get(field)).cloned().unwrap_or(Value::Null),
            chat: self.inputs.get("chatId").or_else(|| self.inputs.get("chat")).cloned(),
            key,
            outcome,
            phase,
        });
    }
}

/// The entries of the audit log that are written to their end.
fn audit_log(world: &World) -> Vec<Value> {
    let log = std::fs::read_to_string(world.sandbox.data_dir().join("audit.log")).expect("an audit log");
    let whole = log.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().map(|line| serde_json::from_str(line).expect("an entry")).collect()
}

/// What is wrong in the audit log about these calls.
pub(super) async fn audit_faults(world: &World, audited: &[Audited]) -> Vec<String> {
    // An outcome is appended once its call is answered.
    let decided = || async {
        let entries = audit_log(world);
        let of = |phase: &str| entries.iter().filter(|entry| entry["phase"] == phase).count();
        (of("intent") == of("outcome")).then_some(entries)
    };
    let entries = eventually("every intent in the audit log has its outcome", decided).await;
    let mut faults = Vec::new();
    for call in audited {
        let name = call.declaration.name;
        let first = entries.iter().find(|entry| entry["requestId"] == call.request_id.as_str());
        let (entry, (code, status)) = match (first, &call.outcome) {
            (None, None) => continue,
            (Some(entry), Some(outcome)) => (entry, outcome),
            (Some(entry), None) => {
                faults.push(format!("{name}: only reads, but is in the audit log: {entry}"));
                continue;
            }
            (None, Some(_)) => {
                faults.push(format!("{name}: {} is not in the audit log", call.request_id));
                continue;
            }
        };
        let end = match call.phase {
            "intent" => entries.iter().find(|other| other["intent"] == entry["seq"]).unwrap_or(&Value::Null),
            _ => entry,
        };
        let found = json!([
            entry["phase"],
            entry["operation"],
            entry["method"],
            entry["accountId"],
            entry["agentKeyId"],
            end["code"],
            end["status"]
        ]);
        let wanted = json!([call.phase, name, call.declaration.method.name(), call.account, call.key, code, status]);
        if found != wanted || call.chat.as_ref().is_some_and(|chat| entry["chatId"] != *chat) {
            faults.push(format!("{name}: the audit log says {entry} and {end}, not {wanted} and the chat {:?}", call.chat));
        }
    }
    faults
}

fn last_segment(path: &str) -> Value {
    json!(path.rsplit('/').next())
}

fn short(answer: &Answer) -> String {
    answer.text().chars().take(300).collect()
}
