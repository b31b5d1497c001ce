//! From an operation's answer to a tool's result: the same thing structured, and as text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rmcp::model::{CallToolResult, ContentBlock, MetaObject};
use serde_json::{Map, Value, json};
use vasya_actors::error::{Code, Error};
use vasya_actors::operation::{Answer, BASE_PATH, Body, Declaration};

use super::super::asker::Asker;
use super::super::memory::Memory;
use super::super::metadata;
use super::super::progress::Progress;
use crate::http::problem;

/// Says in `_meta` that a result is the one that the same call was given before.
const REPLAYED: &str = "vasya-server/replayed";

/// Says in `_meta` what a client may ask for to be let in.
const CHALLENGE: &str = "mcp/www_authenticate";

/// What a file takes while it is told, in times of its length: as it is, in base64, and twice in JSON.
const TELLING_FACTOR: usize = 5;

/// An answer on its way to a result.
pub(in crate::mcp) struct Replied<'a> {
    pub(in crate::mcp) answer: Answer,
    pub(in crate::mcp) replayed: bool,
    pub(in crate::mcp) file_bytes_max: usize,
    pub(in crate::mcp) memory: &'a Memory,
    pub(in crate::mcp) progress: Option<Progress>,
}

impl Replied<'_> {
    /// The result.
    ///
    /// # Errors
    /// When a file is too large, or does not come whole.
    pub(in crate::mcp) async fn result(self) -> Result<CallToolResult, Error> {
        let replayed = self.replayed;
        let result = match self.answer.body {
            Body::Empty => told(&json!({ "ok": true }), None),
            Body::Json(ref body) => {
                told(&serde_json::from_slice(body).map_err(Error::internal)?, self.answer.next_cursor.as_deref())
            }
            Body::Bytes(..) => self.file().await?,
            Body::Events(_) => return Err(Error::internal("a tool that answers with events")),
        };
        Ok(if replayed { result.with_meta(Some(meta(REPLAYED, true.into()))) } else { result })
    }

    async fn file(mut self) -> Result<CallToolResult, Error> {
        let Body::Bytes(length, mut bytes) = self.answer.body else { return Err(Error::internal("no file")) };
        let most = self.file_bytes_max;
        let size = usize::try_from(length).unwrap_or(usize::MAX);
        if size > most {
            let detail = format!("The file has {length} bytes, and a result holds {most}: fetch it in parts, or over REST");
            return Err(Error::new(Code::PayloadTooLarge, detail));
        }
        let _memory = self.memory.take(size.saturating_mul(TELLING_FACTOR))?;
        let mut whole = Vec::with_capacity(size);
        while let Some(piece) = bytes.next().await? {
            if whole.len() + piece.len() > most {
                return Err(Error::internal("a file is longer than it said"));
            }
            whole.extend_from_slice(&piece);
            if let Some(progress) = &mut self.progress {
                progress.tell(u64::try_from(whole.len()).unwrap_or(u64::MAX), length).await;
            }
        }
        let header = |name: &str| self.answer.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
        let kind = header("content-type").unwrap_or("application/octet-stream").to_owned();
        let mut about = Map::new();
        about.insert("contentType".into(), kind.clone().into());
        about.insert("bytes".into(), whole.len().into());
        if let Some(range) = header("content-range") {
            about.insert("contentRange".into(), range.into());
        }
        let data = STANDARD.encode(&whole);
        if kind.starts_with("image/") {
            let mut result = CallToolResult::success(vec![ContentBlock::image(data, kind)]);
            result.structured_content = Some(Value::Object(about));
            return Ok(result);
        }
        about.insert("base64".into(), data.into());
        Ok(told(&Value::Object(about), None))
    }
}

/// A success: the text is the body as it is, and what is structured is an object.
fn told(body: &Value, next_cursor: Option<&str>) -> CallToolResult {
    let mut content = vec![ContentBlock::text(body.to_string())];
    let structured = match body {
        Value::Object(_) => body.clone(),
        other => {
            let mut members = Map::from_iter([("items".to_owned(), other.clone())]);
            if let Some(cursor) = next_cursor {
                members.insert("nextCursor".into(), cursor.into());
                content.push(ContentBlock::text(json!({ "nextCursor": cursor }).to_string()));
            }
            Value::Object(members)
        }
    };
    let mut result = CallToolResult::success(content);
    result.structured_content = Some(structured);
    result
}

/// A refusal or a failure, and what is not done yet: never a success.
pub(in crate::mcp) fn refused(error: &Error, declaration: Option<&Declaration>, asker: &Asker) -> CallToolResult {
    let problem = Value::Object(problem::members(error, &asker.request_id));
    let status = error.code().status();
    let asked = declaration
        .map_or_else(String::new, |declaration| format!("{} {BASE_PATH}{} -> ", declaration.method.name(), declaration.path));
    let after = error.retry_after().map_or_else(String::new, |seconds| format!(" (retry after {seconds}s)"));
    let begin = if status < 400 { "Not done yet. " } else { "" };
    let text = format!("{begin}{asked}{status}{after}: {problem}");
    let mut result = CallToolResult::error(vec![ContentBlock::text(text)]);
    result.structured_content = Some(json!({ "problem": problem }));
    if error.code() == Code::MissingScope
        && let Some(vasya_actors::operation::Access::Scope(scope)) = declaration.map(|declaration| declaration.access)
    {
        let _first_stands = asker.missing_scope.set(scope.name());
        let challenge = metadata::insufficient_scope(&asker.metadata_url, scope.name());
        result = result.with_meta(Some(meta(CHALLENGE, json!([challenge]))));
    }
    result
}

fn meta(name: &str, value: Value) -> MetaObject {
    MetaObject(Map::from_iter([(name.to_owned(), value)]))
}
