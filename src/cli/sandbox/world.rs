//! The small world that a sandbox begins with: three people, a group, a channel, some history.

use serde_json::{Value, json};

use super::super::CommandError;
use super::control::Control;

/// Ada, whose account the server is logged in to.
pub(super) const ADA: &str = "+15550000001";
const BORIS: &str = "+15550000002";
const CLARA: &str = "+15550000003";

/// Boris's two-factor password.
const BORIS_PASSWORD: &str = "sandbox";

/// Ada's chat with Clara: a private chat has the other's id, and Clara is the third whom a new world knows.
pub(super) const CLARA_CHAT_ID: i64 = 5_000_000_003;

/// Fills a world that is new. The last message stands for all of it: where it is, nothing is done.
pub(super) async fn furnish(control: &Control) -> Result<(), CommandError> {
    let people = [
        json!({ "phone": ADA, "firstName": "Ada", "lastName": "Lovelace" }),
        json!({ "phone": BORIS, "firstName": "Boris", "password": BORIS_PASSWORD }),
        json!({ "phone": CLARA, "firstName": "Clara", "username": "clara" }),
    ];
    for person in &people {
        control.create("/users", person).await?;
    }
    if control.count_messages(ADA, CLARA).await? > 0 {
        return Ok(());
    }
    let others = [BORIS, CLARA];
    let group = json!({ "kind": "group", "owner": ADA, "title": "Lighthouse keepers", "members": others });
    let group = chat_id(control, &group).await?;
    let channel = json!({ "kind": "channel", "owner": CLARA, "title": "Harbour news", "members": [ADA, BORIS] });
    let channel = chat_id(control, &channel).await?;
    let messages = [
        (BORIS, group.clone(), "Who has the watch tonight?"),
        (CLARA, group.clone(), "I do, until four."),
        (ADA, group, "Then I take the morning."),
        (CLARA, channel.clone(), "The north pier is closed until Friday."),
        (CLARA, channel, "The ferry leaves at nine tomorrow."),
        (BORIS, json!(ADA), "Did the new lens arrive?"),
        (ADA, json!(BORIS), "Yes, it is in the store room."),
        (CLARA, json!(ADA), "Shall I bring the charts?"),
    ];
    for (from, to, text) in messages {
        control.create("/messages", &json!({ "from": from, "to": to, "text": text })).await?;
    }
    Ok(())
}

async fn chat_id(control: &Control, chat: &Value) -> Result<Value, CommandError> {
    let created = control.create("/chats", chat).await?;
    let id = created.as_ref().and_then(|created| created.get("chatId")).cloned();
    id.ok_or_else(|| CommandError::refused("the sandbox's network did not make a chat"))
}
