//! The whole event log, read by cursor from where the run began.

use reqwest::Method;
use serde_json::Value;

use super::cast::Scene;
use crate::error::BenchError;

/// How many events are read at once.
const PAGE_LENGTH: u32 = 1_000;

/// An event that is kept.
#[derive(Clone, Debug)]
pub(super) struct Logged {
    pub(super) cursor: String,
    pub(super) name: String,
    pub(super) account: String,
    pub(super) chat: i64,
    /// The message that it is of, if it is of one.
    pub(super) message: Option<i64>,
    pub(super) is_outgoing: bool,
    pub(super) payload: Value,
}

impl Logged {
    fn of(item: &Value) -> Option<Self> {
        let payload = item.get("payload")?;
        let number = |name: &str| payload.get(name).and_then(Value::as_i64);
        Some(Self {
            cursor: item.get("cursor")?.as_str()?.to_owned(),
            name: item.get("event")?.as_str()?.to_owned(),
            account: item.get("accountId")?.as_str()?.to_owned(),
            chat: number("chatId").unwrap_or_default(),
            message: number("id"),
            is_outgoing: payload.get("isOutgoing").and_then(Value::as_bool).unwrap_or(false),
            payload: payload.clone(),
        })
    }
}

/// Every event after a place that a query takes.
pub(super) async fn read(scene: &Scene, query: &str, after: &str) -> Result<Vec<Logged>, BenchError> {
    let (mut all, mut cursor) = (Vec::new(), after.to_owned());
    loop {
        let path = format!("/events/poll?{query}&cursor={cursor}&limit={PAGE_LENGTH}");
        let page = scene.api.call(Method::GET, &path, None).await?;
        let items = page.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
        all.extend(items.iter().filter_map(Logged::of));
        match page.get("nextCursor").and_then(Value::as_str) {
            Some(next) if !items.is_empty() => next.clone_into(&mut cursor),
            _ => return Ok(all),
        }
    }
}
