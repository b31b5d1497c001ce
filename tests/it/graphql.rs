//! GraphQL over HTTP: the reference's clients, the limits, and that each field is one call like any other.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Api, Options, Sandbox, send};

const CLARA_ID: i64 = 5_000_000_003;

async fn ask(api: &Api, query: &str, variables: Value) -> Value {
    api.post("/graphql", json!({ "query": query, "variables": variables })).await.expect(200)
}

async fn data(api: &Api, query: &str, variables: Value) -> Value {
    let answer = ask(api, query, variables).await;
    assert!(answer.get("errors").is_none(), "{answer}");
    answer["data"].clone()
}

/// The one error of an answer: `extensions`, with the message beside.
async fn error(api: &Api, query: &str, variables: Value) -> Value {
    let answer = ask(api, query, variables).await;
    let [error] = answer["errors"].as_array().expect("errors").as_slice() else { panic!("{answer}") };
    let mut told = error["extensions"].clone();
    told["message"] = error["message"].clone();
    told
}

/// The audit log's entries whose request ids begin like this: phase, operation, path, request id.
fn audited(sandbox: &Sandbox, request_id: &str) -> Vec<[String; 4]> {
    let log = std::fs::read_to_string(sandbox.data_dir().join("audit.log")).expect("an audit log");
    let entries = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let of_request = entries.filter(|entry| entry["requestId"].as_str().is_some_and(|id| id.starts_with(request_id)));
    let members = ["phase", "operation", "path", "requestId"];
    of_request.map(|entry| members.map(|name| entry[name].as_str().unwrap_or_default().to_owned())).collect()
}

async fn with_header(api: &Api, name: &str, value: &str, body: Value) -> Answer {
    send(api.request(Method::POST, "/graphql").header(name, value).json(&body)).await
}

fn roomy() -> Options {
    // The key's bucket of five does not fill again while a test runs, however slow the machine is.
    Options::default().with("VASYA_ACCOUNT_BURST", "1000").with("VASYA_AGENT_PERIOD_MS", "3600000")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_references_clients_find_what_they_know() {
    let sandbox = Sandbox::start_with(roomy()).await;
    let (api, account) = (sandbox.api(), sandbox.account());
    let found = data(&api, "{ accounts { accountId phone connected } credentialsConfigured __typename }", json!({})).await;
    assert_eq!(found["accounts"][0]["accountId"], account);
    assert_eq!((&found["credentialsConfigured"], &found["__typename"]), (&json!(true), &json!("QueryRoot")));

    // Their documents declare ids as Int, which they are not.
    let send = "mutation Send($accountId: String!, $chatId: Int!, $text: String!) {
        sendMessage(accountId: $accountId, chatId: $chatId, text: $text) { id chatId fromUserId text date isOutgoing media { mediaType } }
    }";
    let variables = json!({ "accountId": account, "chatId": CLARA_ID, "text": "by GraphQL" });
    let sent = data(&api, send, variables).await["sendMessage"].clone();
    assert_eq!((&sent["chatId"], &sent["text"], &sent["media"]), (&json!(CLARA_ID), &json!("by GraphQL"), &Value::Null));
    let read = "query($a: String!, $c: Int!, $n: Int) { messages(accountId: $a, chatId: $c, limit: $n) { id text } }";
    let messages = data(&api, read, json!({ "a": account, "c": CLARA_ID, "n": 1 })).await;
    assert_eq!(messages["messages"], json!([{ "id": sent["id"], "text": "by GraphQL" }]));
    // Others give them as text.
    let text = "query($a: String!, $c: Long!) { messages(accountId: $a, chatId: $c, limit: 1) { text } }";
    let messages = ask(&api, text, json!({ "a": account, "c": CLARA_ID.to_string() })).await;
    assert_eq!(messages["data"]["messages"][0]["text"], "by GraphQL");
    assert!(messages["extensions"]["nextCursors"]["messages"].is_string(), "{messages}");
    let page = "query($a: String!, $c: Long!, $at: String) { getMessages(accountId: $a, chatId: $c, limit: 1, cursor: $at) { items { id } nextCursor } }";
    let first = data(&api, page, json!({ "a": account, "c": CLARA_ID })).await["getMessages"].clone();
    let second = data(&api, page, json!({ "a": account, "c": CLARA_ID, "at": first["nextCursor"] })).await["getMessages"].clone();
    assert_ne!(first["items"], second["items"]);

    let folder = json!({
        "id": "work", "accountId": account, "name": "Work", "icon": null, "includedChatTypes": ["group"], "excludedChatTypes": [],
        "includedChatIds": [CLARA_ID], "excludedChatIds": [], "sortOrder": 1,
    });
    let save = "mutation($a: String!, $f: FolderInput!) { saveFolder(accountId: $a, folder: $f) }";
    assert_eq!(data(&api, save, json!({ "a": account, "f": folder })).await, json!({ "saveFolder": true }));
    let folders = "query($a: String!) { folders(accountId: $a) { id accountId name icon includedChatTypes excludedChatTypes includedChatIds excludedChatIds sortOrder } }";
    assert_eq!(data(&api, folders, json!({ "a": account })).await, json!({ "folders": [folder] }));
    let tabs = json!([{ "id": "all", "accountId": account, "visible": true, "sortOrder": 0 }]);
    let save = "mutation($a: String!, $t: [TabInput!]!) { saveTabs(accountId: $a, tabs: $t) }";
    assert_eq!(data(&api, save, json!({ "a": account, "t": tabs })).await, json!({ "saveTabs": true }));
    let chats =
        "query($a: String!) { cached: chats(accountId: $a) { id } live: chats(accountId: $a, live: true) { id title chatType } }";
    let chats = data(&api, chats, json!({ "a": account })).await;
    assert_eq!(chats["cached"].as_array().map(Vec::len), chats["live"].as_array().map(Vec::len));
    let group = "mutation($a: String!, $u: [Int!]!) { createGroup(accountId: $a, title: \"G\", userIds: $u) }";
    let group = data(&api, group, json!({ "a": account, "u": [CLARA_ID] })).await;
    assert!(group["createGroup"].as_i64().is_some_and(|id| id < 0), "{group}");

    // What is left out stays as it is, a variable without a value too.
    let change = "mutation($a: String!, $l: String, $d: String) { updateAccount(accountId: $a, label: $l, deviceName: $d) { label deviceName } }";
    data(&api, change, json!({ "a": account, "l": "one", "d": "two" })).await;
    let changed = data(&api, change, json!({ "a": account, "d": null })).await;
    assert_eq!(changed["updateAccount"], json!({ "label": "one", "deviceName": null }));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_field_is_audited_counted_and_refused_by_itself() {
    let sandbox = Sandbox::start_with(roomy()).await;
    let (api, account) = (sandbox.api(), sandbox.account());
    let (_, secret) = api.agent_key(&["messages:send", "messages:read"], None).await;
    let agent = api.with_token(&secret);
    let sends: String = (0..7)
        .map(|n| format!("m{n}: sendMessage(accountId: \"{account}\", chatId: {CLARA_ID}, text: \"{n}\") {{ id }} "))
        .collect();
    let body = json!({ "query": format!("mutation {{ {sends} }}") });
    let answer = with_header(&agent, "x-request-id", "aliased", body).await.expect(200);
    // What was done is told; what was refused is null.
    assert!((0..5).all(|n| answer["data"][format!("m{n}")]["id"].is_i64()), "{answer}");
    assert_eq!((&answer["data"]["m5"], answer["errors"].as_array().map(Vec::len)), (&Value::Null, Some(2)));
    let error = &answer["errors"][0];
    assert_eq!(error["path"], json!(["m5"]), "{answer}");
    assert_eq!((&error["extensions"]["code"], &error["extensions"]["status"]), (&json!("RATE_LIMITED"), &json!(429)));
    assert!(error["extensions"]["retryAfterSecs"].as_u64().is_some(), "{answer}");
    assert_eq!(error["extensions"]["requestId"], "aliased-6");
    let entries = audited(&sandbox, "aliased");
    let of = |phase: &str| entries.iter().filter(|entry| entry[0] == phase).cloned().collect::<Vec<_>>();
    let intents: Vec<String> =
        of("intent").into_iter().map(|[_, operation, path, id]| format!("{operation} {path} {id}")).collect();
    let wanted: Vec<String> = (1..=5).map(|n| format!("send_message /api/v1/graphql aliased-{n}")).collect();
    assert_eq!(intents, wanted);
    assert_eq!(of("denied").iter().map(|entry| entry[3].as_str()).collect::<Vec<_>>(), ["aliased-6", "aliased-7"]);

    let (_, secret) = api.agent_key(&["chats:read"], None).await;
    let narrow = api.with_token(&secret);
    let answer = ask(
        &narrow,
        "query($a: String!) { contacts(accountId: $a) { id } folders(accountId: $a) { id } }",
        json!({ "a": account }),
    )
    .await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN");
    assert_eq!(answer["errors"][0]["extensions"]["problem"], "missing_scope");
    assert_eq!(answer["errors"][0]["message"], "Missing scope: folders:read");
    for (api, query, code, problem) in [
        (api.without_token(), "{ accounts { phone } }".to_owned(), "UNAUTHORIZED", "unauthorized"),
        (api.with_token("vk_no"), "{ accounts { phone } }".to_owned(), "UNAUTHORIZED", "unauthorized"),
        (narrow.clone(), "{ listAgentKeys { id } }".to_owned(), "FORBIDDEN", "human_only"),
        (api.clone(), format!("{{ chats(accountId: \"{account}x\") {{ id }} }}"), "FORBIDDEN", "account_forbidden"),
        (
            api.clone(),
            format!("{{ getChat(accountId: \"{account}\", chatId: 12) {{ id }} }}"),
            "CHAT_NOT_FOUND",
            "chat_not_found",
        ),
    ] {
        let told = error_of(&api, &query).await;
        assert_eq!((&told["code"], &told["problem"]), (&json!(code), &json!(problem)), "{query}: {told}");
    }
}

async fn error_of(api: &Api, query: &str) -> Value {
    error(api, query, json!({})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_mutation_has_its_answer_again_whichever_way_it_came() {
    let sandbox = Sandbox::start_with(roomy()).await;
    let (api, account) = (sandbox.api(), sandbox.account());
    let send = "mutation($a: String!, $c: Long!, $k: String) { sendMessage(accountId: $a, chatId: $c, text: \"once\", idempotencyKey: $k) { id } }";
    let variables = json!({ "a": account, "c": CLARA_ID, "k": "key-1" });
    let first = ask(&api, send, variables.clone()).await;
    assert_eq!(first.get("extensions"), None);
    let again = ask(&api, send, variables).await;
    assert_eq!((&again["data"], &again["extensions"]["replayed"]), (&first["data"], &json!(["sendMessage"])));
    let path = format!("/accounts/{account}/chats/{CLARA_ID}/messages");
    let over_rest = api.request(Method::POST, &path).header("idempotency-key", "key-1").json(&json!({ "text": "once" }));
    let over_rest = crate::harness::send(over_rest).await;
    assert_eq!(over_rest.header("idempotency-replayed"), "true");
    assert_eq!(over_rest.expect(200)["id"], first["data"]["sendMessage"]["id"]);
    let by_header =
        with_header(&api, "idempotency-key", "key-1", json!({ "query": send, "variables": { "a": account, "c": CLARA_ID } }));
    assert_eq!(by_header.await.expect(200)["extensions"]["replayed"], json!(["sendMessage"]));
    let other = "mutation($a: String!, $c: Long!) { sendMessage(accountId: $a, chatId: $c, text: \"other\", idempotencyKey: \"key-1\") { id } }";
    assert_eq!(error(&api, other, json!({ "a": account, "c": CLARA_ID })).await["problem"], "idempotency_key_reused");
    let unfit = error(&api, send, json!({ "a": account, "c": CLARA_ID, "k": "" })).await;
    assert_eq!((&unfit["status"], &unfit["field"]), (&json!(400), &json!("idempotencyKey")));
    let two = json!({ "query": format!("mutation {{ a: startLoadingChats(accountId: \"{account}\") b: startLoadingChats(accountId: \"{account}\") }}") });
    let refused = with_header(&api, "idempotency-key", "key-2", two).await;
    assert_eq!((refused.status, refused.json()["field"].clone()), (400, json!("Idempotency-Key")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_much_or_makes_no_sense_is_refused_before_anything_runs() {
    let sandbox = Sandbox::start_with(roomy().with("VASYA_GRAPHQL_BATCH_MAX", "3")).await;
    let (api, account) = (sandbox.api(), sandbox.account());
    let wide: String = (0..501).map(|n| format!("f{n}: whoami {{ userId }} ")).collect();
    let twice = format!("mutation {{ startLoadingChats(accountId: \"{account}\") startLoadingChats(accountId: \"{account}\") }}");
    for (query, code) in [
        (format!("{{ {wide} }}"), "GRAPHQL_LIMIT_EXCEEDED"),
        (format!("{{ {} }}", "a ".repeat(5_000)), "GRAPHQL_LIMIT_EXCEEDED"),
        ("{ a(b: ".to_owned() + &"[".repeat(100_000), "GRAPHQL_LIMIT_EXCEEDED"),
        ("{ whoami { userId }".to_owned(), "GRAPHQL_PARSE_FAILED"),
        ("{ whoami { nothing } }".to_owned(), "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { sttProgress(accountId: \"\") { event } }".to_owned(), "GRAPHQL_VALIDATION_FAILED"),
        (twice, "GRAPHQL_VALIDATION_FAILED"),
    ] {
        let told = error_of(&api, &query).await;
        assert_eq!((&told["code"], &told["status"]), (&json!(code), &json!(400)), "{}", &query[..query.len().min(80)]);
        assert!(told["message"].as_str().is_some_and(|message| message.len() < 500), "{told}");
    }
    let missing = error_of(&api, "{ chats { id } }").await;
    assert_eq!((&missing["code"], &missing["field"]), (&json!("GRAPHQL_VALIDATION_FAILED"), &json!("accountId")));
    let wrong = error(&api, "query($c: Long!) { messages(accountId: \"\", chatId: $c) { id } }", json!({ "c": "5.5" })).await;
    assert_eq!(wrong["field"], "chatId");

    let one = json!({ "query": "{ whoami { userId } }" });
    let batch = api.post("/graphql", json!([one, { "query": "{ nothing }" }, one])).await.expect(200);
    assert_eq!(batch[0], json!({ "data": { "whoami": { "userId": "local" } } }));
    assert_eq!((batch[1]["errors"].as_array().map(Vec::len), &batch[2]), (Some(1), &batch[0]));
    for unfit in [
        json!([one, one, one, one]),
        json!([]),
        json!("text"),
        json!({}),
        json!({ "query": 5 }),
        json!({ "query": "{a}", "variables": 1 }),
    ] {
        let answer = api.post("/graphql", unfit.clone()).await;
        assert_eq!((answer.status, answer.header("content-type")), (400, "text/plain; charset=utf-8"), "{unfit}");
    }
    let broken = send(api.request(Method::POST, "/graphql").header("content-type", "application/json").body("{")).await;
    assert_eq!((broken.status, broken.header("content-type")), (400, "text/plain; charset=utf-8"));
    let large =
        send(api.request(Method::POST, "/graphql").header("content-type", "application/json").body(" ".repeat(2_097_153))).await;
    assert_eq!(large.status, 413);
    let form = send(api.request(Method::POST, "/graphql").header("content-type", "text/plain").body(one.to_string())).await;
    assert_eq!(form.status, 415, "no page can make a browser send this without being asked first");
    let cookie =
        api.without_token().request(Method::POST, "/graphql").header("cookie", format!("vasya_token={}", sandbox.token()));
    assert_eq!(send(cookie.json(&one)).await.status, 403);
    assert_eq!(api.get("/graphql").await.status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schema_is_told_unless_that_is_switched_off() {
    let sandbox = Sandbox::start().await;
    let nobody = sandbox.api().without_token();
    let sdl = nobody.get("/graphql/sdl").await;
    assert_eq!((sdl.status, sdl.header("content-type")), (200, "text/plain; charset=utf-8"));
    assert!(sdl.text().contains("type MutationRoot") && sdl.text().contains("scalar Long"));
    let names = "{ __schema { queryType { name } subscriptionType { name } } }";
    assert_eq!(data(&nobody, names, json!({})).await["__schema"]["queryType"]["name"], "QueryRoot");
    assert_eq!(nobody.get("/graphql/playground").await.status, 404);
    let options = Options::default().with("VASYA_GRAPHQL_INTROSPECTION", "0").with("VASYA_GRAPHQL_PLAYGROUND", "true");
    let closed = Sandbox::start_with(options).await;
    let page = closed.api().get("/graphql/playground").await;
    assert!(page.status == 200 && page.header("content-security-policy").starts_with("default-src 'none'; script-src 'self';"));
    assert!(!page.text().contains("://"), "it works without any other host");
    for (file, status) in [("style.css", 200), ("script.js", 200), ("other", 404)] {
        assert_eq!(closed.api().get(&format!("/graphql/playground/{file}")).await.status, status, "{file}");
    }
    assert_eq!(closed.api().get("/graphql/sdl").await.status, 404);
    let told = ask(&closed.api(), names, json!({})).await;
    assert!(told["data"]["__schema"].is_null(), "{told}");
}
