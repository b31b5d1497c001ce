//! Telegram's own folders, kept by the network and read back from it.

use serde_json::{Value, json};

use crate::harness::{ADA, Api, Control, Sandbox};

const BORIS_ID: i64 = 5_000_000_002;

struct Folders {
    api: Api,
    path: String,
}

impl Folders {
    async fn list(&self) -> Vec<Value> {
        self.api.get(&self.path).await.expect(200).as_array().unwrap().clone()
    }

    async fn ids(&self) -> Vec<i64> {
        self.list().await.iter().map(|folder| folder["id"].as_i64().unwrap()).collect()
    }

    async fn save(&self, folder: Value) -> Value {
        self.api.post(&self.path, folder).await.expect(200)
    }
}

fn of(sandbox: &Sandbox) -> Folders {
    Folders { api: sandbox.api(), path: format!("/accounts/{}/telegram-folders", sandbox.account()) }
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_are_added_replaced_ordered_and_deleted() {
    let sandbox = Sandbox::start().await;
    let folders = of(&sandbox);
    let all = folders.list().await;
    assert_eq!((all.len(), &all[0]["id"], &all[0]["title"]), (1, &json!(0), &json!("All chats")));

    let work = json!({
        "title": "Work", "emoticon": "💼", "color": 3, "groups": true, "excludeMuted": true,
        "pinnedChatIds": [BORIS_ID], "excludedChatIds": [BORIS_ID],
    });
    let saved = folders.save(work).await;
    assert_eq!((&saved["id"], &saved["groups"], &saved["channels"]), (&json!(2), &json!(true), &json!(false)));
    assert_eq!(folders.list().await[1], saved, "what was answered is what Telegram has");
    assert_eq!(folders.save(json!({ "title": "People", "contacts": true, "nonContacts": true })).await["id"], 3);
    assert_eq!(folders.save(json!({ "title": "News", "channels": true })).await["id"], 4);

    let replaced = folders.save(json!({ "id": 3, "title": "Friends", "includedChatIds": [BORIS_ID] })).await;
    let listed = folders.list().await;
    assert_eq!(listed[2], replaced);
    assert_eq!((&listed[2]["contacts"], &listed[2]["includedChatIds"]), (&json!(false), &json!([BORIS_ID])));

    let order = format!("{}/order", folders.path);
    folders.api.put(&order, json!({ "folderIds": [4, 2] })).await.expect(204);
    assert_eq!(folders.ids().await, [0, 4, 2, 3]);
    assert_eq!(folders.api.delete(&format!("{}/2", folders.path)).await.status, 204);
    assert_eq!(folders.ids().await, [0, 4, 3]);
    assert_eq!(folders.save(json!({ "title": "Again", "bots": true })).await["id"], 2, "a free id is given again");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_folder_cannot_be_is_refused() {
    let sandbox = Sandbox::start().await;
    let folders = of(&sandbox);
    let cases = [
        (json!({ "title": " ", "groups": true }), 400, "title"),
        (json!({ "title": "Thirteen long", "groups": true }), 400, "title"),
        (json!({ "title": "x", "groups": true, "color": 7 }), 400, "color"),
        (json!({ "title": "x", "groups": true, "emoticon": "" }), 400, "emoticon"),
        (json!({ "title": "x", "excludedChatIds": [BORIS_ID] }), 400, "includedChatIds"),
        (json!({ "title": "x", "includedChatIds": vec![BORIS_ID; 201] }), 400, "includedChatIds"),
        (json!({ "title": "x", "includedChatIds": [0] }), 422, "includedChatIds[0]"),
        (json!({ "groups": true }), 422, "title"),
    ];
    for (folder, status, field) in cases {
        let answer = folders.api.post(&folders.path, folder).await;
        assert_eq!((answer.status, answer.json()["field"].as_str()), (status, Some(field)), "{}", answer.text());
    }
    let stranger = folders.api.post(&folders.path, json!({ "title": "x", "includedChatIds": [4_242] })).await;
    assert_eq!(stranger.code(), "chat_not_found");
    for id in [0, 9] {
        let answer = folders.api.post(&folders.path, json!({ "id": id, "title": "x", "groups": true })).await;
        assert_eq!(answer.code(), "not_found");
        assert_eq!(folders.api.delete(&format!("{}/{id}", folders.path)).await.code(), "not_found");
    }
    let order = format!("{}/order", folders.path);
    for ids in [json!([9]), json!([0, 0])] {
        let answer = folders.api.put(&order, json!({ "folderIds": ids })).await;
        assert_eq!((answer.status, &answer.json()["field"]), (400, &json!("folderIds")));
    }
    assert_eq!(folders.ids().await, [0], "what is refused changes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_saved_at_once_do_not_take_each_others_ids_up_to_telegrams_limit() {
    let sandbox = Sandbox::start().await;
    let folders = of(&sandbox);
    let saving = (0..10).map(|number| {
        let (api, path) = (folders.api.clone(), folders.path.clone());
        tokio::spawn(async move { api.post(&path, json!({ "title": format!("No {number}"), "groups": true })).await.status })
    });
    for saved in saving.collect::<Vec<_>>() {
        assert_eq!(saved.await.unwrap(), 200);
    }
    assert_eq!(folders.list().await.len(), 11);
    let refused = folders.api.post(&folders.path, json!({ "title": "x", "groups": true })).await;
    assert_eq!(refused.code(), "conflict", "{}", refused.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_save_whose_connection_breaks_is_made_once() {
    let sandbox = Sandbox::start().await;
    let (folders, control): (Folders, Control) = (of(&sandbox), sandbox.control());
    folders.list().await;
    control.drop_connections(Some(ADA)).await;
    folders.save(json!({ "title": "Once", "groups": true })).await;
    assert_eq!(folders.ids().await, [0, 2]);
}
