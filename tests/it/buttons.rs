//! Buttons below bots' messages.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{ADA, Answer, Api, BORIS, CLARA, Control, Options, Sandbox, eventually};

const BOT: &str = "pilot_bot";

/// Ada's account, and a bot that wrote to her.
struct Pier {
    sandbox: Sandbox,
    api: Api,
    control: Control,
    bot: Value,
    chat: String,
}

impl Pier {
    async fn start() -> Self {
        let sandbox = Sandbox::start_with(Options::default().with("VASYA_ACCOUNT_BURST", "1000")).await;
        let (api, control) = (sandbox.api(), sandbox.control());
        let bot = control.create_bot("Pilot", BOT).await;
        let chat = format!("/accounts/{}/chats/{}", sandbox.account(), bot["id"]);
        api.online(sandbox.account()).await;
        Self { sandbox, api, control, bot, chat }
    }

    /// A message of the bot's to Ada, as Ada has it.
    async fn ask(&self, text: &str, buttons: Value) -> Value {
        self.control.post_as_bot(BOT, ADA, text, buttons).await;
        let newest = format!("{}/messages?limit=1", self.chat);
        let come = || async {
            let messages = self.api.get(&newest).await.expect_or_none(200)?;
            (messages[0]["text"] == text).then(|| messages[0]["id"].clone())
        };
        eventually("the bot's message comes", come).await
    }

    fn path(&self, id: &Value) -> String {
        format!("{}/messages/{id}/buttons", self.chat)
    }

    async fn press(&self, id: &Value, button: Value) -> Answer {
        self.api.post(&self.path(id), button).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn buttons_are_listed_pressed_and_answered() {
    let pier = Pier::start().await;
    let id = pier
        .ask(
            "Where to?",
            json!([
                [{ "text": "North", "data": "n" }, { "text": "South", "data": "s" }],
                [{ "text": "Chart", "url": "https://example.org/chart" }, { "text": "Code", "copy": "4711" }],
            ]),
        )
        .await;
    let listed = pier.api.get(&pier.path(&id)).await.expect(200);
    let places: Vec<_> = listed["items"].as_array().unwrap().iter().map(|it| (&it["index"], &it["row"], &it["kind"])).collect();
    let callback = json!("callback");
    assert_eq!(places[..2], [(&json!(0), &json!(0), &callback), (&json!(1), &json!(0), &callback)]);
    assert_eq!((&listed["items"][2]["kind"], &listed["items"][2]["row"]), (&json!("url"), &json!(1)));
    assert_eq!(listed["items"][2]["url"], "https://example.org/chart");
    assert_eq!((&listed["items"][3]["kind"], &listed["items"][3]["value"]), (&json!("copy_text"), &json!("4711")));
    assert_eq!((&listed["items"][0]["data"], &listed["nextCursor"]), (&json!("bg=="), &Value::Null));

    pier.control.prepare_bot(&pier.bot, json!({ "message": "Aye aye", "alert": true, "url": "https://example.org/log" })).await;
    let answered = pier.press(&id, json!({ "text": "North" })).await.expect(200);
    assert_eq!(answered, json!({ "message": "Aye aye", "isAlert": true, "url": "https://example.org/log" }));
    pier.press(&id, json!({ "index": 1, "text": "South" })).await.expect(200);
    let before = pier.control.calls("messages.getBotCallbackAnswer").await;
    for (index, why) in [(2, "opens a page"), (3, "copies a text")] {
        let refused = pier.press(&id, json!({ "index": index })).await;
        assert_eq!((refused.status, refused.code()), (409, "conflict".into()));
        assert!(refused.text().contains(why), "{}", refused.text());
    }
    for (button, field) in [
        (json!({}), "index"),
        (json!({ "index": 9 }), "index"),
        (json!({ "index": 100 }), "index"),
        (json!({ "text": "West" }), "text"),
        (json!({ "index": 0, "text": "South" }), "text"),
    ] {
        let refused = pier.press(&id, button.clone()).await;
        assert_eq!((refused.status, &refused.json()["field"]), (400, &json!(field)), "{button}");
    }
    assert_eq!(pier.control.calls("messages.getBotCallbackAnswer").await, before, "what is refused reaches no bot");
    assert_eq!(pier.press(&json!(999_999), json!({ "index": 0 })).await.code(), "not_found");

    pier.control.call(Method::DELETE, &format!("/bots/{}/answer", pier.bot["id"]), None).await;
    pier.control.call(Method::PUT, "/settings", Some(json!({ "botAnswerMs": 200 }))).await;
    let silent = pier.press(&id, json!({ "index": 0 })).await;
    assert_eq!((silent.status, silent.code()), (409, "conflict".into()), "{}", silent.text());
    assert!(silent.text().contains("BOT_RESPONSE_TIMEOUT"), "{}", silent.text());
    let plain = pier.ask("No buttons", json!([])).await;
    assert_eq!(pier.api.get(&pier.path(&plain)).await.expect(200)["items"], json!([]));
    assert_eq!(pier.press(&plain, json!({ "index": 0 })).await.json()["field"], "index");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_bots_send_buttons() {
    let pier = Pier::start().await;
    let (api, ada) = (&pier.api, pier.sandbox.account());
    let group = pier.control.create_chat("supergroup", ADA, "Divers", &[BORIS, CLARA]).await;
    let messages = format!("/accounts/{ada}/chats/{group}/messages");
    let buttons = json!([[{ "text": "Yes", "data": "yes" }, { "text": "See", "url": "https://example.org" }]]);
    let refused = api.post(&messages, json!({ "text": "Dive?", "buttons": buttons })).await;
    assert_eq!((refused.status, &refused.json()["field"]), (400, &json!("buttons")), "{}", refused.text());
    for (buttons, field) in [
        (json!([[]]), "buttons"),
        (json!([[{ "text": "Yes" }]]), "buttons[0][0]"),
        (json!([[{ "text": "Yes", "url": "javascript:alert(1)" }]]), "buttons[0][0]"),
        (json!([[{ "text": "Yes", "data": "x".repeat(65) }]]), "buttons[0][0]"),
        (json!([vec![json!({ "text": "Yes", "data": "y" }); 9]]), "buttons"),
    ] {
        let refused = api.post(&messages, json!({ "text": "Dive?", "buttons": buttons })).await;
        assert_eq!((refused.status, &refused.json()["field"]), (400, &json!(field)), "{buttons}");
    }
    api.post(&messages, json!({ "text": "Dive?", "buttons": [] })).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_account_sends_buttons_and_is_answered_by_who_presses_them() {
    let pier = Pier::start().await;
    let (api, token) = (&pier.api, &pier.bot["token"]);
    let robot = api.post("/telegram/login/bot", json!({ "botToken": token })).await.expect(200)["accountId"].clone();
    let robot = robot.as_str().unwrap();
    api.online(robot).await;
    let ada_id = api.get(&format!("/accounts/{}", pier.sandbox.account())).await.expect(200)["user"]["id"].clone();
    pier.control.post(ADA, BOT, "ready").await;
    let buttons = json!([[{ "text": "Port", "data": "p" }, { "text": "Chart", "url": "https://example.org/chart" }]]);
    let asked = json!({ "text": "Which side?", "buttons": buttons });
    let messages = format!("/accounts/{robot}/chats/{ada_id}/messages");
    let sent = || async { Some(api.post(&messages, asked.clone()).await).filter(|answer| answer.status == 200) };
    eventually("the bot has met Ada and asks her", sent).await;
    let newest = format!("{}/messages?limit=1", pier.chat);
    let come = || async {
        let messages = api.get(&newest).await.expect(200);
        (messages[0]["text"] == "Which side?").then(|| messages[0]["id"].clone())
    };
    let id = eventually("Ada has the question", come).await;
    let listed = api.get(&pier.path(&id)).await.expect(200);
    let told: Vec<_> = listed["items"].as_array().unwrap().iter().map(|it| (&it["text"], &it["kind"])).collect();
    assert_eq!(told, [(&json!("Port"), &json!("callback")), (&json!("Chart"), &json!("url"))]);
    pier.control.prepare_bot(&pier.bot, json!({ "message": "To port" })).await;
    assert_eq!(pier.press(&id, json!({ "text": "Port" })).await.expect(200)["message"], "To port");
}
