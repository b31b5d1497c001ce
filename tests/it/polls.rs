//! Polls and quizzes.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{ADA, Answer, CLARA, Club, eventually, send};

impl Club {
    async fn ask(&self, poll: Value) -> Answer {
        self.api.post(&format!("{}/polls", self.mine), poll).await
    }

    async fn vote(&self, chat: &str, id: &Value, options: Value) -> Answer {
        self.api.post(&format!("{chat}/messages/{id}/vote"), json!({ "options": options })).await
    }

    async fn close(&self, chat: &str, id: &Value) -> Answer {
        self.api.post(&format!("{chat}/messages/{id}/close"), json!({})).await
    }

    async fn poll_of(&self, chat: &str, id: &Value) -> Value {
        self.api.get(&format!("{chat}/messages/{id}")).await.expect(200)["poll"].clone()
    }
}

/// How many chose each option, where that is told.
fn counts(poll: &Value) -> Vec<Option<i64>> {
    poll["options"].as_array().unwrap().iter().map(|option| option["voters"].as_i64()).collect()
}

fn chosen(poll: &Value) -> Vec<bool> {
    poll["options"].as_array().unwrap().iter().map(|option| option["chosen"] == true).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poll_is_sent_voted_in_retracted_and_closed() {
    let club = Club::start().await;
    let asked = json!({ "question": " Where to? ", "options": ["north", " south ", "nowhere"], "silent": true });
    let sent = club.ask(asked).await.expect(200);
    let (id, poll) = (&sent["id"], &sent["poll"]);
    assert_eq!((&poll["question"], &poll["options"][1]["text"]), (&json!("Where to?"), &json!("south")));
    for (field, value) in [("anonymous", true), ("quiz", false), ("multiple_choice", false), ("closed", false)] {
        assert_eq!(poll[field], value, "{field} of {poll}");
    }
    assert_eq!((&poll["total_voters"], counts(poll)), (&json!(0), vec![None; 3]));
    assert_eq!((&sent["silent"], &sent["media"][0]["media_type"]), (&json!(true), &json!("other")));

    let hers = club.vote(&club.hers, id, json!([1])).await.expect(200)["poll"].clone();
    assert_eq!((counts(&hers), chosen(&hers)), (vec![Some(0), Some(1), Some(0)], vec![false, true, false]));
    let unvoted = club.poll_of(&club.mine, id).await;
    assert_eq!((&unvoted["total_voters"], counts(&unvoted)), (&json!(1), vec![None; 3]), "who has not voted sees no results");
    let again = club.vote(&club.hers, id, json!([0])).await.expect(200)["poll"].clone();
    assert_eq!(
        (counts(&again), chosen(&again)),
        (vec![Some(1), Some(0), Some(0)], vec![true, false, false]),
        "a vote is changed"
    );
    let taken_back = club.vote(&club.hers, id, json!([])).await.expect(200)["poll"].clone();
    assert_eq!((&taken_back["total_voters"], counts(&taken_back)), (&json!(0), vec![None; 3]));
    club.vote(&club.hers, id, json!([1])).await.expect(200);
    let read = club.api.get(&format!("{}/messages?limit=1", club.hers)).await.expect(200);
    assert_eq!((&read[0]["id"], chosen(&read[0]["poll"])), (id, vec![false, true, false]));

    assert_eq!(club.vote(&club.hers, id, json!([0, 1])).await.code(), "invalid_input", "one option only");
    assert_eq!(club.vote(&club.hers, id, json!([3])).await.code(), "invalid_input", "there is no such option");
    let refused = club.close(&club.hers, id).await;
    assert_eq!(refused.code(), "not_permitted", "{}", refused.text());
    for _ in 0..2 {
        let closed = club.close(&club.mine, id).await.expect(200)["poll"].clone();
        assert_eq!(
            (&closed["closed"], counts(&closed)),
            (&json!(true), vec![Some(0), Some(1), Some(0)]),
            "closing twice is no error"
        );
    }
    assert_eq!(club.poll_of(&club.hers, id).await["closed"], true);
    let late = club.vote(&club.hers, id, json!([0])).await;
    assert_eq!((late.status, late.code()), (409, "conflict".into()), "{}", late.text());

    let text = club.api.post(&format!("{}/messages", club.mine), json!({ "text": "no poll" })).await.expect(200)["id"].clone();
    assert_eq!(club.vote(&club.mine, &text, json!([0])).await.code(), "conflict");
    assert_eq!(club.close(&club.mine, &text).await.code(), "conflict");
    assert_eq!(club.vote(&club.mine, &json!(999_999), json!([0])).await.code(), "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn quizzes_have_a_right_answer_and_polls_close_by_themselves() {
    let club = Club::start().await;
    let control = club.sandbox.control();
    let quiz =
        json!({ "question": "2 + 2?", "options": ["3", "4"], "correctOption": 1, "explanation": "Count.", "anonymous": false });
    let sent = club.ask(quiz).await.expect(200);
    let id = &sent["id"];
    assert_eq!((&sent["poll"]["quiz"], &sent["poll"]["anonymous"]), (&json!(true), &json!(false)));
    assert_eq!(
        (&sent["poll"]["options"][1]["correct"], &sent["poll"]["explanation"]),
        (&Value::Null, &Value::Null),
        "not told yet"
    );
    let answered = club.vote(&club.hers, id, json!([0])).await.expect(200)["poll"].clone();
    assert_eq!((&answered["options"][0]["correct"], &answered["options"][1]["correct"]), (&json!(false), &json!(true)));
    assert_eq!(answered["explanation"], "Count.");
    assert_eq!(club.vote(&club.hers, id, json!([0])).await.expect(200)["poll"], answered, "the same vote again is no error");
    for options in [json!([1]), json!([])] {
        assert_eq!(club.vote(&club.hers, id, options).await.code(), "conflict", "an answer stands");
    }

    let several = json!({ "question": "Which?", "options": ["a", "b", "c"], "multipleChoice": true, "openSecs": 60 });
    let several = club.ask(several).await.expect(200);
    assert!(several["poll"]["close_date"].as_i64().unwrap() > several["date"].as_i64().unwrap());
    let voted = club.vote(&club.hers, &several["id"], json!([2, 0])).await.expect(200)["poll"].clone();
    assert_eq!((chosen(&voted), &voted["total_voters"]), (vec![true, false, true], &json!(1)));
    control.advance_clock(61).await;
    let closed = || async { (club.poll_of(&club.mine, &several["id"]).await["closed"] == true).then_some(()) };
    eventually("the poll closes by itself", closed).await;
    let counted = club.poll_of(&club.mine, &several["id"]).await;
    assert_eq!(counts(&counted), [Some(1), Some(0), Some(1)], "everybody sees how a closed poll ended");

    let forwarded = json!({ "fromChatId": club.id, "toChatId": club.id, "messageIds": [id] });
    let account = club.sandbox.account();
    let copies = club.api.post(&format!("/accounts/{account}/messages/forward"), forwarded).await;
    assert_eq!(copies.status, 200, "{}", copies.text());
    let newest = club.api.get(&format!("{}/messages?limit=1", club.hers)).await.expect(200);
    assert_eq!(
        (&newest[0]["poll"]["id"], chosen(&newest[0]["poll"])),
        (&answered["id"], vec![true, false]),
        "it is the same poll"
    );

    let channel = control.create_chat("channel", ADA, "Wide", &[CLARA]).await;
    let channel = format!("/accounts/{account}/chats/{channel}/polls");
    let public = json!({ "question": "Which?", "options": ["a", "b"], "anonymous": false });
    assert_eq!(club.api.post(&channel, public).await.code(), "not_permitted");
    let anonymous = club.api.post(&channel, json!({ "question": "Which?", "options": ["a", "b"] })).await.expect(200);
    let hers = format!("/accounts/{}/chats/{}", club.clara, anonymous["chat_id"]);
    assert_eq!(club.vote(&hers, &anonymous["id"], json!([1])).await.expect(200)["poll"]["total_voters"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn polls_are_checked_and_sent_once() {
    let club = Club::start().await;
    let ahead = club.sandbox.control().advance_clock(1).await;
    let two = json!(["a", "b"]);
    for (poll, field) in [
        (json!({ "question": " ", "options": two }), "question"),
        (json!({ "question": "x".repeat(256), "options": two }), "question"),
        (json!({ "question": "?", "options": ["a"] }), "options"),
        (json!({ "question": "?", "options": vec!["a"; 13] }), "options"),
        (json!({ "question": "?", "options": ["a", " "] }), "options[1]"),
        (json!({ "question": "?", "options": ["a", "a "] }), "options[1]"),
        (json!({ "question": "?", "options": ["a", "x".repeat(101)] }), "options[1]"),
        (json!({ "question": "?", "options": two, "correctOption": 2 }), "correctOption"),
        (json!({ "question": "?", "options": two, "correctOption": 1, "multipleChoice": true }), "multipleChoice"),
        (json!({ "question": "?", "options": two, "explanation": "x" }), "explanation"),
        (json!({ "question": "?", "options": two, "correctOption": 1, "explanation": "a\nb\nc\nd" }), "explanation"),
        (json!({ "question": "?", "options": two, "openSecs": 4 }), "openSecs"),
        (json!({ "question": "?", "options": two, "closeAt": 7 }), "closeAt"),
        (json!({ "question": "?", "options": two, "openSecs": 60, "closeAt": ahead + 60 }), "closeAt"),
    ] {
        let refused = club.ask(poll.clone()).await;
        assert_eq!((refused.status, &refused.json()["field"]), (400, &json!(field)), "{poll}");
    }
    club.api.patch(&club.mine, json!({ "permissions": { "sendPolls": false } })).await.expect(200);
    let hers = club.api.post(&format!("{}/polls", club.hers), json!({ "question": "?", "options": two })).await;
    assert_eq!(hers.code(), "not_permitted", "{}", hers.text());

    let path = format!("{}/polls", club.mine);
    let keyed = || club.api.request(Method::POST, &path).header("idempotency-key", "a poll");
    let poll = json!({ "question": "Once?", "options": two });
    let fault = json!({ "kind": "lose_answer", "method": "messages.sendMedia", "count": 1 });
    club.sandbox.control().arm(fault).await;
    let first = send(keyed().json(&poll)).await.expect(200);
    let second = send(keyed().json(&poll)).await.expect(200);
    assert_eq!(first["id"], second["id"]);
    let messages = club.api.get(&format!("{}/messages", club.mine)).await.expect(200);
    let polls = messages.as_array().unwrap().iter().filter(|message| message["poll"]["question"] == "Once?").count();
    assert_eq!(polls, 1, "a lost answer sends no second poll");
}
