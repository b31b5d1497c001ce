//! Sending with all that can be said of it, and what else is written into a chat.

use serde_json::{Value, json};

use crate::harness::{ADA, Api, CLARA, Sandbox};

/// Ada and Clara, logged in on one server.
struct Pair {
    sandbox: Sandbox,
    api: Api,
    ada: String,
    clara: String,
    ada_id: i64,
    clara_id: i64,
}

impl Pair {
    async fn start() -> Self {
        let sandbox = Sandbox::start().await;
        let (api, control, ada) = (sandbox.api(), sandbox.control(), sandbox.account().to_owned());
        let clara = api.log_in(&control, CLARA, None).await;
        let sent = control.post(CLARA, ADA, "good morning 😀").await;
        let (ada_id, clara_id) = (sent["chatId"].as_i64().unwrap(), sent["fromId"].as_i64().unwrap());
        api.online(&ada).await;
        Self { sandbox, api, ada, clara, ada_id, clara_id }
    }

    /// The path of Ada's chat with Clara.
    fn chat(&self) -> String {
        format!("/accounts/{}/chats/{}", self.ada, self.clara_id)
    }

    /// The path of Clara's chat with Ada.
    fn other_chat(&self) -> String {
        format!("/accounts/{}/chats/{}", self.clara, self.ada_id)
    }

    async fn send(&self, body: Value) -> Value {
        self.api.post(&format!("{}/messages", self.chat()), body).await.expect(200)
    }

    /// The newest message as Clara reads it.
    async fn newest(&self) -> Value {
        self.api.get(&format!("{}/messages?limit=1", self.other_chat())).await.expect(200)[0].clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn formatted_text_is_sent_and_read() {
    let pair = Pair::start().await;
    let sent =
        pair.send(json!({ "text": "😀 **bold** [link](https://e.org/)", "format": "markdown", "linkPreview": false })).await;
    assert_eq!(sent["text"], "😀 bold link");
    let expected = json!([
        { "type": "bold", "offset": 3, "length": 4 },
        { "type": "text_link", "offset": 8, "length": 4, "url": "https://e.org/" },
    ]);
    assert_eq!(sent["entities"], expected);
    let read = pair.newest().await;
    assert_eq!((&read["text"], &read["entities"]), (&sent["text"], &expected));
    assert_eq!(read["markdown"], "😀 **bold** [link](https://e.org/)");
    let html =
        format!("<pre><code class=\"language-rust\">a &lt; b</code></pre> <a href=\"tg://user?id={}\">you</a>", pair.clara_id);
    let sent = pair.send(json!({ "text": html, "format": "html" })).await;
    let expected = json!([
        { "type": "pre", "offset": 0, "length": 5, "language": "rust" },
        { "type": "text_mention", "offset": 6, "length": 3, "userId": pair.clara_id },
    ]);
    assert_eq!((&sent["text"], &sent["entities"]), (&json!("a < b you"), &expected));
    let plain = pair.send(json!({ "text": "**as it is**" })).await;
    assert_eq!((&plain["text"], plain.get("entities"), plain.get("markdown")), (&json!("**as it is**"), None, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_answers_and_quotes_another() {
    let pair = Pair::start().await;
    let messages = format!("{}/messages", pair.chat());
    let answered = pair.api.get(&messages).await.expect(200)[0]["id"].clone();
    let sent = pair.send(json!({ "text": "indeed", "replyTo": answered, "quote": "morning", "silent": true })).await;
    assert_eq!((&sent["reply_to"], &sent["quote"]), (&answered, &json!("morning")));
    let read = pair.newest().await;
    assert_eq!((&read["text"], &read["quote"]), (&json!("indeed"), &json!("morning")));
    assert!(read["reply_to"].is_i64());
    for (body, field) in [
        (json!({ "text": "x", "replyTo": answered, "quote": "evening" }), "quote"),
        (json!({ "text": "x", "quote": "morning" }), "quote"),
        (json!({ "text": "<b>x", "format": "html" }), "text"),
        (json!({ "text": "<b> </b>", "format": "html" }), "text"),
        (json!({ "text": "*a* ".repeat(101), "format": "markdown" }), "text"),
        (json!({ "text": "x", "scheduleAt": 1 }), "scheduleAt"),
        (json!({ "text": "x", "scheduleAt": 9_000_000_000_i64 }), "scheduleAt"),
    ] {
        let refused = pair.api.post(&messages, body).await;
        assert_eq!((refused.status, &refused.json()["field"]), (400, &json!(field)), "{}", refused.text());
    }
    assert_eq!(pair.api.post(&messages, json!({ "text": "x", "format": "rtf" })).await.status, 422);
    assert!(pair.sandbox.network_runs());
}
