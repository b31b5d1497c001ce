//! The list of chats: in pages, by filters, and when Telegram cannot be asked.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{ADA, Api, BORIS, CLARA, Sandbox, eventually};

/// Every page of a list from the first on; answers the ids in their order.
async fn pages(api: &Api, path: &str) -> Vec<Value> {
    let (mut cursor, mut ids) = (String::new(), Vec::new());
    loop {
        let after = if cursor.is_empty() { String::new() } else { format!("&cursor={cursor}") };
        let answer = api.get(&format!("{path}{after}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        ids.extend(answer.json().as_array().unwrap().iter().map(|chat| chat["id"].clone()));
        cursor = answer.header("x-next-cursor").to_owned();
        if cursor.is_empty() {
            assert_eq!(answer.header("link"), "");
            return ids;
        }
        assert!(answer.header("link").ends_with(&format!("cursor={cursor}>; rel=\"next\"")), "{}", answer.header("link"));
    }
}

/// The ids in an order that does not depend on which of two chats of the same second comes first.
fn sorted(mut ids: Vec<Value>) -> Vec<Value> {
    ids.sort_by_key(|id| id.as_i64());
    ids
}

fn ids(list: &Value) -> Vec<Value> {
    list.as_array().unwrap().iter().map(|chat| chat["id"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_filtered_and_its_pages_make_the_whole() {
    let sandbox = Sandbox::start().await;
    let (api, control, ada) = (sandbox.api(), sandbox.control(), sandbox.account());
    let path = format!("/accounts/{ada}/chats");
    for number in 0..3 {
        control.create_chat("supergroup", BORIS, &format!("Watch {number}"), &[ADA]).await;
        control.create_chat("channel", BORIS, &format!("Tides {number}"), &[ADA]).await;
    }
    let loud = control.create_chat("group", BORIS, "Loud", &[ADA]).await;
    control.post(BORIS, &loud.to_string(), "anybody there?").await;
    // The oldest of all is pinned, so that it comes first though it is the last by its messages.
    let everything = ids(&api.get(&format!("{path}?source=live")).await.expect(200));
    let oldest = everything.last().unwrap().clone();
    api.put(&format!("{path}/{oldest}/pin"), json!({})).await.expect(204);
    let silent = everything[2].clone();
    api.put(&format!("{path}/{silent}/archive"), json!({})).await.expect(204);

    let whole = api.get(&format!("{path}?source=live")).await.expect(200);
    assert_eq!(whole[0]["id"], oldest);
    assert_eq!(ids(&whole).len(), everything.len());
    for limit in [1, 2, 3, 50] {
        assert_eq!(pages(&api, &format!("{path}?source=live&limit={limit}")).await, ids(&whole), "{limit}");
    }
    let of = |wanted: &dyn Fn(&Value) -> bool| -> Vec<Value> {
        whole.as_array().unwrap().iter().filter(|chat| wanted(chat)).map(|chat| chat["id"].clone()).collect()
    };
    for kind in ["user", "group", "channel"] {
        let found = of(&|chat| chat["chatType"] == kind);
        assert!(!found.is_empty());
        for source in ["live", "cache"] {
            assert_eq!(pages(&api, &format!("{path}?source={source}&type={kind}&limit=1")).await, found, "{kind}");
        }
    }
    let unread = of(&|chat| chat["unreadCount"] != 0);
    assert!(unread.contains(&json!(loud)) && unread.len() < everything.len(), "{unread:?}");
    assert_eq!(pages(&api, &format!("{path}?unread=true&limit=2")).await, unread);
    let read = of(&|chat| chat["unreadCount"] == 0);
    assert_eq!(pages(&api, &format!("{path}?unread=false&limit=2")).await, read);
    let marked = read[0].clone();
    api.put(&format!("{path}/{marked}/unread"), json!({})).await.expect(204);
    assert!(pages(&api, &format!("{path}?unread=true")).await.contains(&marked), "a mark counts");
    assert_eq!(pages(&api, &format!("{path}?archived=true")).await, vec![silent.clone()]);
    let others = of(&|chat| chat["id"] != silent);
    assert_eq!(pages(&api, &format!("{path}?archived=false&limit=2")).await, others);
    assert_eq!(pages(&api, &format!("{path}?archived=true&type=user&unread=true")).await, Vec::<Value>::new());
    assert!(whole[0]["lastMessageDate"].as_i64().unwrap() > 1_600_000_000, "{whole}");

    for (query, field) in [
        ("cursor=elsewhere", "cursor"),
        ("cursor=p-1", "cursor"),
        ("cursor=1.2", "cursor"),
        ("type=herd", "type"),
        ("unread=perhaps", "unread"),
        ("source=hearsay", "source"),
    ] {
        let refused = api.get(&format!("{path}?{query}")).await;
        assert_eq!((refused.status, refused.json()["field"].as_str()), (400, Some(field)), "{}", refused.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_without_a_network_the_kept_list_answers() {
    let mut sandbox = Sandbox::start().await;
    let (api, control, ada) = (sandbox.api(), sandbox.control(), sandbox.account().to_owned());
    let path = format!("/accounts/{ada}/chats");
    for number in 0..120 {
        control.create_chat("supergroup", CLARA, &format!("Pier {number}"), &[ADA]).await;
    }
    let pinned = ids(&api.get(&format!("{path}?source=live&limit=500")).await.expect(200)).pop().unwrap();
    api.put(&format!("{path}/{pinned}/pin"), json!({})).await.expect(204);
    let whole = pages(&api, &format!("{path}?source=live&limit=500")).await;
    assert!(whole.len() > 120 && whole[0] == pinned);
    // A chat that is gone is not kept either, and what comes by the background load is.
    let gone = whole[5].clone();
    api.delete(&format!("{path}/{gone}")).await.expect(204);
    let before = control.calls("messages.getDialogs").await;
    api.post(&format!("{path}/load"), json!({})).await.expect(202);
    let asked = || async { (control.calls("messages.getDialogs").await >= before + 2).then_some(()) };
    eventually("both pages are asked for", asked).await;
    let whole = sorted(whole.into_iter().filter(|id| *id != gone).collect());
    control.arm(json!({ "kind": "flood_wait", "method": "messages.getDialogs", "seconds": 3000 })).await;
    let kept = || async { (sorted(pages(&api, &format!("{path}?limit=499")).await) == whole).then_some(()) };
    eventually("the list is kept", kept).await;
    assert_eq!(api.get(&format!("{path}?source=live")).await.code(), "telegram_flood", "live is live");

    sandbox.kill();
    sandbox.start_again().await;
    let (api, control) = (sandbox.api(), sandbox.control());
    control.call(Method::POST, "/network/stop", None).await;
    let down = || async { (api.get(&format!("/accounts/{ada}")).await.json()["connected"] == false).then_some(()) };
    eventually("the account has lost its network", down).await;
    let kept = api.get(&format!("{path}?limit=500")).await;
    assert_eq!(kept.status, 200, "{}", kept.text());
    assert!(kept.header("age").parse::<u64>().is_ok(), "it says how old it is");
    let kept = kept.json();
    assert_eq!((sorted(ids(&kept)), &kept[0]["id"]), (whole, &pinned));
    let dates = kept.as_array().unwrap().iter().skip(1).map(|chat| chat["lastMessageDate"].as_i64().unwrap());
    assert!(dates.is_sorted_by(|one, next| one >= next), "the latest come first");
    for limit in [50, 7] {
        assert_eq!(pages(&api, &format!("{path}?limit={limit}")).await, ids(&kept), "{limit}");
    }
    let channels = api.get(&format!("{path}?type=channel")).await.expect(200);
    let titles: Vec<&str> = channels.as_array().unwrap().iter().map(|chat| chat["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["Harbour news"]);
    let live = api.get(&format!("{path}?source=live")).await;
    assert!(matches!(live.status, 502 | 503), "{}", live.text());
}
