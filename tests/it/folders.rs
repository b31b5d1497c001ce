//! Folders and tabs that clients save, and their limits.

use serde_json::{Value, json};

use crate::harness::{Options, Sandbox, send};

fn folder(id: &str, sort_order: i32) -> Value {
    json!({
        "id": id, "account_id": "whatever the client says", "name": format!("Folder {id}"), "icon": null,
        "included_chat_types": ["group"], "excluded_chat_types": [],
        "included_chat_ids": [5_000_000_003_i64, -1_005_000_000_001_i64], "excluded_chat_ids": [7], "sort_order": sort_order,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_are_saved_replaced_listed_in_order_and_deleted() {
    let mut sandbox = Sandbox::start().await;
    let (api, account) = (sandbox.api(), sandbox.account().to_owned());
    let folders = format!("/accounts/{account}/folders");
    assert_eq!(api.get(&folders).await.expect(200), json!([]));
    for (id, order) in [("third", 10_000), ("first", 0), ("second", 5)] {
        assert_eq!(api.post(&folders, folder(id, order)).await.expect(204), Value::Null);
    }
    let mut replaced = folder("second", 7);
    replaced["name"] = json!("Again");
    replaced["icon"] = json!("star");
    api.post(&folders, replaced).await.expect(204);
    let listed = api.get(&folders).await.expect(200);
    let ids: Vec<_> = listed.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["first", "second", "third"]);
    let mut expected = folder("first", 0);
    expected["account_id"] = json!(account);
    assert_eq!(listed[0], expected);
    assert_eq!((&listed[1]["name"], &listed[1]["icon"]), (&json!("Again"), &json!("star")));

    for _ in 0..2 {
        assert_eq!(api.delete(&format!("{folders}/first")).await.status, 204, "also when it is gone");
    }
    sandbox.kill();
    sandbox.start_again().await;
    let listed = sandbox.api().get(&folders).await.expect(200);
    let ids: Vec<_> = listed.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["second", "third"], "what was answered is durable");
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_out_of_bounds_are_refused_by_field() {
    let sandbox = Sandbox::start().await;
    let (api, account) = (sandbox.api(), sandbox.account());
    let folders = format!("/accounts/{account}/folders");
    let cases = [
        ("sort_order", json!(-1), 400),
        ("sort_order", json!(10_001), 400),
        ("sort_order", json!("first"), 422),
        ("id", json!(""), 400),
        ("id", json!("i".repeat(65)), 400),
        ("name", json!(" "), 400),
        ("name", json!("n".repeat(65)), 400),
        ("icon", json!("n".repeat(65)), 400),
        ("included_chat_ids", json!(vec![1; 501]), 400),
        ("excluded_chat_ids", json!(vec![1; 501]), 400),
        ("excluded_chat_types", json!(vec!["t"; 17]), 400),
        ("included_chat_types", json!("group"), 422),
    ];
    for (field, value, status) in cases {
        let mut given = folder("one", 1);
        given[field] = value;
        let answer = api.post(&folders, given).await;
        assert_eq!((answer.status, answer.json()["field"].as_str()), (status, Some(field)), "{}", answer.text());
    }
    let mut fullest = folder(&"\"".repeat(64), 1);
    fullest["name"] = json!("ж".repeat(64));
    for list in ["included_chat_ids", "excluded_chat_ids"] {
        fullest[list] = json!(vec![i64::MIN; 500]);
    }
    for list in ["included_chat_types", "excluded_chat_types"] {
        fullest[list] = json!(vec!["🦀".repeat(32); 16]);
    }
    api.post(&folders, fullest.clone()).await.expect(204);
    fullest["account_id"] = json!(account);
    assert_eq!(api.get(&folders).await.expect(200), json!([fullest]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_folders_saved_at_once_are_all_kept_and_there_is_an_end() {
    let sandbox = Sandbox::start_with(Options::default()).await;
    let (api, account) = (sandbox.api(), sandbox.account());
    let folders = format!("/accounts/{account}/folders");
    for round in 0..2 {
        let saving = (0..100).map(|number| {
            let (api, folders) = (api.clone(), folders.clone());
            tokio::spawn(async move { api.post(&folders, folder(&format!("{round}-{number}"), number)).await.status })
        });
        for saved in saving.collect::<Vec<_>>() {
            assert_eq!(saved.await.unwrap(), 204);
        }
        let kept = api.get(&folders).await.expect(200).as_array().unwrap().len();
        assert_eq!(kept, 100 * (round + 1));
    }
    assert_eq!(api.post(&folders, folder("one more", 1)).await.code(), "conflict");
    assert_eq!(api.post(&folders, folder("0-1", 2)).await.status, 204, "one that is there may still be replaced");
}

#[tokio::test(flavor = "multi_thread")]
async fn tabs_are_replaced_together() {
    let sandbox = Sandbox::start().await;
    let (api, account) = (sandbox.api(), sandbox.account());
    let tabs = format!("/accounts/{account}/tabs");
    assert_eq!(api.get(&tabs).await.expect(200), json!([]));
    let tab =
        |id: &str, sort_order: i32| json!({ "id": id, "account_id": account, "visible": id != "b", "sort_order": sort_order });
    api.put(&tabs, json!([tab("a", 2), tab("b", 1)])).await.expect(204);
    assert_eq!(api.get(&tabs).await.expect(200), json!([tab("a", 2), tab("b", 1)]));
    api.put(&tabs, json!([tab("c", 0)])).await.expect(204);
    assert_eq!(api.get(&tabs).await.expect(200), json!([tab("c", 0)]));

    let refused = api.put(&tabs, json!([tab("a", 0), tab("b", 10_001)])).await;
    assert_eq!((refused.status, &refused.json()["field"]), (400, &json!("tabs[1].sort_order")));
    let many: Vec<_> = (0..201).map(|number| tab(&number.to_string(), 0)).collect();
    assert_eq!(api.put(&tabs, json!(many)).await.status, 400);
    let object = api.put(&tabs, json!({ "tabs": [] })).await;
    assert_eq!((object.status, &object.json()["field"]), (422, &json!("tabs")));
    let untyped = api.put(&tabs, json!([{ "id": "a" }])).await;
    assert_eq!(untyped.status, 422, "{}", untyped.text());
    assert_eq!(send(api.request(reqwest::Method::PUT, &tabs)).await.status, 422, "no body is no tabs");
    assert_eq!(api.get(&tabs).await.expect(200), json!([tab("c", 0)]), "what is refused changes nothing");

    let fullest: Vec<_> = (0..200).map(|_| tab(&"\"".repeat(64), 10_000)).collect();
    api.put(&tabs, json!(fullest)).await.expect(204);
    assert_eq!(api.get(&tabs).await.expect(200), json!(fullest));
    api.put(&tabs, json!([])).await.expect(204);
    assert_eq!(api.get(&tabs).await.expect(200), json!([]));
}
