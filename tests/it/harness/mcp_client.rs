//! A raw client of the Model Context Protocol over HTTP, in both of its eras.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{Answer, Api, send};

/// The versions that the eras speak.
pub const STATELESS: &str = "2026-07-28";
pub const WITH_SESSIONS: &str = "2025-11-25";

/// An era of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Era {
    /// From 2026-07-28 on: each request stands for itself.
    Stateless,
    /// Until 2025-11-25: a client opens a session.
    Sessions,
}

/// A client.
#[derive(Clone, Debug)]
pub struct McpClient {
    api: Api,
    era: Era,
    pub session: Option<String>,
    /// What follows `/mcp`.
    pub query: String,
    last_id: Arc<AtomicU64>,
}

impl McpClient {
    /// A client that has not said anything.
    pub fn new(api: &Api, era: Era) -> Self {
        Self { api: api.clone(), era, session: None, query: String::new(), last_id: Arc::default() }
    }

    /// A client that is ready, or the answer by which it was not let in.
    pub async fn open(api: &Api, era: Era) -> Result<Self, Answer> {
        let mut client = Self::new(api, era);
        if era == Era::Sessions {
            let about = json!({
                "protocolVersion": WITH_SESSIONS, "capabilities": {}, "clientInfo": { "name": "walk", "version": "1" },
            });
            let answer = send(client.post(&client.message("initialize", about))).await;
            if answer.status != 200 {
                return Err(answer);
            }
            client.session = Some(answer.header("mcp-session-id").to_owned());
            let told = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
            let answer = send(client.post(&told)).await;
            assert_eq!(answer.status, 202, "{}", answer.text());
        }
        Ok(client)
    }

    /// The same client with other tool sets.
    pub fn with_query(&self, query: &str) -> Self {
        Self { query: query.to_owned(), ..self.clone() }
    }

    /// A request, with what its era wants in it.
    pub fn message(&self, method: &str, mut params: Value) -> Value {
        if self.era == Era::Stateless {
            let meta = json!({
                "io.modelcontextprotocol/protocolVersion": STATELESS,
                "io.modelcontextprotocol/clientCapabilities": {},
                "io.modelcontextprotocol/clientInfo": { "name": "walk", "version": "1" },
            });
            match &mut params["_meta"] {
                Value::Object(members) => members.extend(meta.as_object().cloned().unwrap_or_default()),
                other => *other = meta,
            }
        }
        let id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
    }

    /// The HTTP request of a message, with the headers that its era wants.
    pub fn post(&self, message: &Value) -> RequestBuilder {
        let mut request = self.http(Method::POST).json(message);
        if self.era == Era::Stateless {
            request = request.header("mcp-method", message["method"].as_str().unwrap_or_default());
            let name = message["params"]["name"].as_str().or_else(|| message["params"]["uri"].as_str());
            if let Some(name) = name {
                request = request.header("mcp-name", name);
            }
        }
        request
    }

    /// An HTTP request of the session, if there is one.
    pub fn http(&self, method: Method) -> RequestBuilder {
        let request = self.api.request_at(method, &format!("/mcp{}", self.query));
        let mut request = request.header("accept", "application/json, text/event-stream");
        let version = if self.era == Era::Stateless { Some(STATELESS) } else { self.session.as_ref().map(|_| WITH_SESSIONS) };
        if let Some(version) = version {
            request = request.header("mcp-protocol-version", version);
        }
        match &self.session {
            Some(session) => request.header("mcp-session-id", session),
            None => request,
        }
    }

    /// The result of a request, or the answer by which there is none.
    pub async fn request(&self, method: &str, params: Value, request_id: Option<&str>) -> Result<Value, Answer> {
        let message = self.message(method, params);
        let mut request = self.post(&message);
        if let Some(id) = request_id {
            request = request.header("x-request-id", id);
        }
        let answer = send(request).await;
        let told = messages(&answer).into_iter().find(|told| told["id"] == message["id"]);
        match told.and_then(|told| told.get("result").cloned()) {
            Some(result) => Ok(result),
            None => Err(answer),
        }
    }

    /// The result of a tool.
    pub async fn tool(&self, name: &str, arguments: Value) -> Value {
        let called = self.request("tools/call", json!({ "name": name, "arguments": arguments }), None).await;
        called.unwrap_or_else(|answer| panic!("{name}: {} {}", answer.status, answer.text()))
    }

    /// The names of the tools that are listed, over all pages.
    pub async fn tools(&self) -> Vec<Value> {
        let (mut tools, mut cursor) = (Vec::new(), Value::Null);
        loop {
            let params = if cursor.is_null() { json!({}) } else { json!({ "cursor": cursor }) };
            let page = self.request("tools/list", params, None).await;
            let page = page.unwrap_or_else(|answer| panic!("{} {}", answer.status, answer.text()));
            tools.extend(page["tools"].as_array().expect("tools").iter().cloned());
            cursor = page["nextCursor"].clone();
            if cursor.is_null() {
                return tools;
            }
        }
    }
}

/// The messages of an answer, which is one of them or a stream.
pub fn messages(answer: &Answer) -> Vec<Value> {
    if answer.header("content-type").starts_with("text/event-stream") {
        let text = answer.text();
        let told = text.lines().filter_map(|line| line.strip_prefix("data:"));
        return told.filter_map(|data| serde_json::from_str(data.trim()).ok()).collect();
    }
    serde_json::from_slice(&answer.body).into_iter().collect()
}
