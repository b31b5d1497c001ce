//! A rough network: late answers, connections that end in the middle of a message, and flood waits.

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::Control;
use crate::error::BenchError;

/// How long a flood wait is that the network asks for, in seconds.
const WAIT_SECS: u32 = 3;

/// Methods that the network asks to wait before.
const METHODS: [&str; 6] = [
    "messages.sendMessage",
    "messages.sendMedia",
    "messages.forwardMessages",
    "messages.editMessage",
    "messages.getHistory",
    "updates.getDifference",
];

/// Makes the network rough until its faults are cleared.
pub(super) async fn arm(control: &Control, chance: &mut fastrand::Rng) -> Result<(), BenchError> {
    let mut faults = vec![
        json!({ "kind": "delay_answer", "seconds": 1, "rate": 5 }),
        json!({ "kind": "cut_answer", "rate": 1 }),
        json!({ "kind": "drop_connection", "rate": 1 }),
    ];
    faults.extend(METHODS.map(|method| json!({ "kind": "flood_wait", "method": method, "seconds": WAIT_SECS, "rate": 1 })));
    for mut fault in faults {
        if let Some(members) = fault.as_object_mut() {
            members.insert("seed".into(), chance.u64(..).into());
        }
        control.call(Method::POST, "/faults", Some(&fault)).await?;
    }
    Ok(())
}

/// What came of the waits that the network has asked for before one method.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct FloodWaits {
    pub(super) method: String,
    /// How many there were.
    pub(super) waits: u64,
    /// How many calls came before one was over, not counting those that may have been on their way.
    pub(super) early: u64,
}

/// The waits that the network has asked for, by method.
pub(super) async fn flood_waits(control: &Control) -> Result<Vec<FloodWaits>, BenchError> {
    let found = control.call(Method::GET, "/requests", None).await?;
    let requests = found.get("requests").cloned().unwrap_or(Value::Null);
    let unexpected =
        |error: serde_json::Error| BenchError::Unexpected { request: "GET /requests".into(), body: error.to_string() };
    let mut waits: Vec<FloodWaits> = serde_json::from_value(requests).map_err(unexpected)?;
    waits.retain(|method| method.waits > 0);
    Ok(waits)
}
