//! What an operation may answer: every status, with the codes that come under it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use vasya_actors::error::Code;
use vasya_actors::operation::{Access, Declaration, Entry};

use super::schemas::Generators;

/// The media type of problem details.
const PROBLEM: &str = "application/problem+json";

/// The refusals and failures that an operation may answer, by status.
fn problem_statuses(entry: &Entry, generators: &mut Generators) -> BTreeMap<u16, Vec<Code>> {
    let input = generators.input(entry);
    let names_account = ["/properties/accountId", "/properties/account"].iter().any(|field| input.pointer(field).is_some());
    let mut statuses: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in Code::ALL.iter().filter(|code| may_answer(entry.declaration(), names_account, **code)) {
        statuses.entry(code.status()).or_default().push(*code);
    }
    statuses
}

/// Whether an operation may answer a code. Every code is in here by name, so that a new one cannot be forgotten.
fn may_answer(declaration: &Declaration, names_account: bool, code: Code) -> bool {
    let is_login = declaration.path.starts_with("/telegram/login/");
    let is_speech = declaration.path.starts_with("/stt/");
    let is_of_account = names_account || is_login;
    let is_mutation = declaration.effect.is_mutation();
    let has_body = declaration.method.has_body() || declaration.takes_bytes;
    let follows = match code {
        Code::BadRequest | Code::InvalidInput | Code::Unauthorized | Code::RateLimited => true,
        Code::Internal | Code::Overloaded | Code::OutcomeUnknown => true,
        Code::MissingScope => matches!(declaration.access, Access::Scope(_)),
        Code::HumanOnly => match declaration.access {
            Access::Human(_) | Access::Admin(_) => true,
            // What would need an approval and cannot wait for one.
            Access::Scope(_) => !declaration.can_wait() || declaration.takes_json_instead,
            Access::Authenticated => false,
        },
        Code::ApprovalRequired | Code::ApprovalDenied => matches!(declaration.access, Access::Scope(_)) && declaration.can_wait(),
        Code::AdminOnly => matches!(declaration.access, Access::Admin(_)),
        Code::AccountForbidden | Code::AccountNotAllowed | Code::AccountSuspended | Code::ChatNotFound => is_of_account,
        // What Telegram answers, or keeps from answering.
        Code::PaymentRequired | Code::NotPermitted | Code::PrivacyRestricted | Code::PremiumRequired => is_of_account,
        Code::PeerFlood | Code::AccountFrozen | Code::TelegramFlood | Code::SlowMode => is_of_account,
        Code::TelegramError | Code::TelegramUnreachable | Code::AccountNotReady => is_of_account,
        Code::LoginExpired | Code::LoginRefused | Code::CredentialsMissing | Code::CredentialsRejected => is_login,
        Code::ChatNotAllowed => is_of_account && matches!(declaration.access, Access::Scope(_)),
        Code::PolicyDenied => !matches!(declaration.access, Access::Human(_) | Access::Admin(_)),
        Code::NotFound => is_of_account || declaration.path.contains('{'),
        Code::Conflict => is_of_account || is_mutation,
        Code::SpeechNotConfigured | Code::SpeechKeyRefused | Code::SpeechRateLimited | Code::SpeechFailed => is_speech,
        Code::Forbidden | Code::RequestInProgress | Code::AnswerNotKept => is_mutation,
        Code::IdempotencyKeyReused | Code::AuditUnavailable => is_mutation,
        Code::RequestTimeout | Code::PayloadTooLarge | Code::UnprocessableInput => has_body,
        Code::UnsupportedMediaType => {
            let is_plain_bytes = declaration.takes_bytes && !declaration.takes_json_instead && !declaration.takes_form;
            declaration.method.has_body() && !is_plain_bytes
        }
        Code::RangeNotSatisfiable => declaration.header_fields.iter().any(|(header, _)| *header == "range"),
        // Operations that answer these say so themselves.
        Code::NotImplemented | Code::FetchFailed => false,
        // The first belongs to no operation; the second reaches nobody.
        Code::MethodNotAllowed | Code::Abandoned => false,
    };
    follows || declaration.own_codes.contains(&code)
}

/// The responses of an operation.
pub(super) fn responses(entry: &Entry, generators: &mut Generators) -> Value {
    let declaration = entry.declaration();
    let mut responses = Map::new();
    let mut headers = common_headers();
    if let Some(headers) = headers.as_object_mut() {
        if is_paged(entry, generators) {
            headers.insert("X-Next-Cursor".into(), reference("X-Next-Cursor"));
            headers.insert("Link".into(), reference("Link"));
        }
        if declaration.effect.is_mutation() {
            headers.insert("Idempotency-Replayed".into(), reference("Idempotency-Replayed"));
        }
    }
    let mut success = json!({ "description": "Success", "headers": headers });
    let content = if declaration.gives_events {
        Some(json!({ "text/event-stream": { "schema": { "type": "string" } } }))
    } else if declaration.gives_bytes {
        // Of any kind, but always bytes: generators of clients know the second by name.
        let bytes = json!({ "schema": { "type": "string", "format": "binary" } });
        Some(json!({ "*/*": bytes, "application/octet-stream": bytes }))
    } else {
        generators.output(entry).map(|schema| json!({ "application/json": { "schema": schema } }))
    };
    if let (Some(content), Some(success)) = (content, success.as_object_mut()) {
        success.insert("content".into(), content);
    }
    let sends = |header: &str| declaration.header_fields.iter().any(|(known, _)| *known == header);
    if sends("range") {
        let mut part = success.clone();
        set(&mut part, "description", "The part that `Range` asks for".into());
        responses.insert("206".into(), part);
    }
    if sends("if-none-match") {
        let same = json!({ "description": "It is what `If-None-Match` names", "headers": common_headers() });
        responses.insert("304".into(), same);
    }
    responses.insert(declaration.success.to_string(), success);
    for status in problem_statuses(entry, generators).keys() {
        // What waits for an approval and what goes on behind the answer have one status, and are told apart by their media type.
        if let Some(response) = responses.get_mut(&status.to_string()).and_then(Value::as_object_mut) {
            if let Some(content) = response.get_mut("content") {
                set(content, PROBLEM, problem_content());
            }
            continue;
        }
        responses.insert(status.to_string(), json!({ "$ref": format!("#/components/responses/Problem{status}") }));
    }
    Value::Object(responses)
}

fn is_paged(entry: &Entry, generators: &mut Generators) -> bool {
    generators.input(entry).pointer("/properties/cursor").is_some()
}

/// The codes that an operation may answer, by status.
pub(super) fn problems(entry: &Entry, generators: &mut Generators) -> Value {
    let names = |codes: Vec<Code>| codes.iter().map(|code| code.name().into()).collect::<Vec<Value>>();
    let statuses = problem_statuses(entry, generators).into_iter();
    Value::Object(statuses.map(|(status, codes)| (status.to_string(), names(codes).into())).collect())
}

/// The refusals and failures that there are: one for each status.
pub(super) fn shared() -> Value {
    let mut statuses: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in Code::ALL {
        statuses.entry(code.status()).or_default().push(*code);
    }
    let responses = statuses.iter().map(|(status, codes)| (format!("Problem{status}"), problem(*status, codes)));
    Value::Object(responses.collect())
}

fn problem(status: u16, codes: &[Code]) -> Value {
    let described: Vec<String> = codes.iter().map(|code| format!("`{}`: {}", code.name(), code.title())).collect();
    let mut headers = common_headers();
    if let Some(headers) = headers.as_object_mut() {
        if matches!(status, 429 | 503) {
            headers.insert("Retry-After".into(), reference("Retry-After"));
        }
        if status == Code::ApprovalRequired.status() {
            headers.insert("Location".into(), reference("Location"));
        }
        if status == 401 {
            headers.insert("WWW-Authenticate".into(), reference("WWW-Authenticate"));
        }
    }
    json!({
        "description": described.join(". "),
        "headers": headers,
        "content": { PROBLEM: problem_content() },
    })
}

fn problem_content() -> Value {
    json!({ "schema": { "$ref": "#/components/schemas/Problem" } })
}

/// The headers of every answer.
pub(super) fn common_headers() -> Value {
    json!({ "X-Request-Id": reference("X-Request-Id") })
}

/// The headers that answers have, by name.
pub(super) fn headers() -> Value {
    let text = |description: &str| json!({ "description": description, "schema": { "type": "string" } });
    json!({
        "X-Request-Id": text("The request's id: the client's own, if it sent one of 1 to 64 characters of A-Z a-z 0-9 _ -."),
        "X-Next-Cursor": text("Where the next page begins, if there is one: the next call's `cursor`."),
        "Link": text("The next page, with rel=\"next\" (RFC 8288), if there is one."),
        "Idempotency-Replayed": text("`true` where this is the kept answer to an earlier request with the same Idempotency-Key."),
        "WWW-Authenticate": text("How to authenticate (RFC 9110, section 11.6.1)."),
        "Location": text("Where the approval is that the call waits for."),
        "Retry-After": { "description": "Seconds to wait.", "schema": { "type": "integer", "minimum": 0 } },
    })
}

fn reference(header: &str) -> Value {
    json!({ "$ref": format!("#/components/headers/{header}") })
}

fn set(value: &mut Value, name: &str, member: Value) {
    if let Some(members) = value.as_object_mut() {
        members.insert(name.to_owned(), member);
    }
}
