//! The Model Context Protocol over HTTP, in both of its eras, by a raw client.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{ADA, Answer, Api, Era, McpClient, Options, Sandbox, eventually, messages, send};

const ERAS: [Era; 2] = [Era::Stateless, Era::Sessions];

fn names(tools: &[Value]) -> Vec<&str> {
    tools.iter().map(|tool| tool["name"].as_str().expect("a name")).collect()
}

async fn open(api: &Api, era: Era) -> McpClient {
    McpClient::open(api, era).await.expect("the client is let in")
}

async fn agent(api: &Api, scopes: &[&str]) -> (String, Api) {
    let (id, secret) = api.agent_key(scopes, None).await;
    (id, api.with_token(&secret))
}

/// The JSON-RPC error of an answer.
fn error(answer: &Answer) -> Value {
    messages(answer).into_iter().next().map(|message| message["error"].clone()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_both_eras_list_and_call_what_they_may() {
    let options = Options::default().with("VASYA_AGENT_BURST", "1000").with("VASYA_ACCOUNT_BURST", "1000");
    let sandbox = Sandbox::start_with(options).await;
    let (api, account) = (sandbox.api(), sandbox.account().to_owned());
    let chat = json!(sandbox.control().create_chat("supergroup", ADA, "A group", &[]).await);
    let (_, reader) = agent(&api, &["accounts:read", "chats:read", "messages:read"]).await;
    let (_, sender) = agent(&api, &["messages:send", "messages:read"]).await;
    for era in ERAS {
        let client = open(&reader, era).await;
        let listed = client.tools().await;
        let listed = names(&listed);
        assert!(listed.contains(&"get_messages") && listed.contains(&"search_tools"), "{listed:?}");
        // What a key has no scope for, it does not see; nor what is for people.
        assert!(!listed.contains(&"send_message") && !listed.contains(&"wait_for_message"), "{listed:?}");
        let all = client.with_query("?toolsets=all").tools().await;
        let all_names = names(&all);
        assert!(all_names.contains(&"list_members") && !all_names.contains(&"create_agent_key"), "{all_names:?}");
        let people = open(&api, era).await.with_query("?toolsets=all").tools().await;
        assert!(people.len() > all.len() && names(&people).contains(&"create_agent_key"), "pages go on to the end");
        let wrong =
            client.with_query("?toolsets=nonsense").request("tools/list", json!({}), None).await.expect_err("no such set");
        assert_eq!(error(&wrong)["code"], -32602, "{}", wrong.text());
        let found = client.tool("search_tools", json!({ "query": "list members of a group" })).await;
        assert_eq!(found["structuredContent"]["toolsets"]["list_members"], "members", "{found}");
        // An account's chats, by a tool with coerced arguments.
        let arguments = json!({ "accountId": account, "chatId": chat.to_string(), "limit": "2" });
        let read = client.tool("get_messages", arguments).await;
        assert_eq!(read["isError"], false, "{read}");
        assert!(read["structuredContent"]["items"].is_array(), "{read}");
        let unknown = client.request("tools/call", json!({ "name": "no_such_tool", "arguments": {} }), None).await;
        assert_eq!(error(&unknown.expect_err("there is no such tool"))["code"], -32602);
        let unknown = client.tool("get_messages", json!({ "accountId": account, "chat": 5 })).await;
        assert_eq!(unknown["structuredContent"]["problem"]["field"], "chat", "{unknown}");
        repeats_once(&api, &account, &open(&sender, era).await, &chat).await;
    }
}

/// A send that is repeated under its key is made once.
async fn repeats_once(api: &Api, account: &str, client: &McpClient, chat: &Value) {
    let key = client.session.clone().unwrap_or_else(|| "stateless".into());
    let text = format!("once {key}");
    let arguments = json!({ "accountId": account, "chatId": chat, "text": text, "idempotencyKey": key });
    let first = client.tool("send_message", arguments.clone()).await;
    assert_eq!((&first["isError"], first["_meta"].get("vasya-server/replayed")), (&json!(false), None), "{first}");
    let again = client.tool("send_message", arguments.clone()).await;
    assert_eq!(again["_meta"]["vasya-server/replayed"], true, "{again}");
    assert_eq!(again["structuredContent"], first["structuredContent"]);
    let mut other = arguments;
    other["text"] = "another".into();
    let refused = client.tool("send_message", other).await;
    assert_eq!(refused["structuredContent"]["problem"]["code"], "idempotency_key_reused", "{refused}");
    let path = format!("/accounts/{account}/chats/{chat}/messages?limit=20");
    let messages = api.get(&path).await.expect(200);
    let sent = messages.as_array().expect("messages").iter().filter(|message| message["text"] == text.as_str()).count();
    assert_eq!(sent, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_do_not_say_who_or_what_they_are_are_refused() {
    let sandbox = Sandbox::start_with(Options::jwt().with("VASYA_PUBLIC_URL", "https://vasya.example.com")).await;
    let api = sandbox.api();
    let (_, reader) = agent(&api, &["accounts:read"]).await;
    let client = open(&reader, Era::Stateless).await;
    // Without a token, and where one is had.
    let nobody = McpClient::new(&api.without_token(), Era::Stateless);
    let refused = send(nobody.post(&nobody.message("tools/list", json!({})))).await;
    assert_eq!((refused.status, refused.code().as_str()), (401, "unauthorized"));
    let metadata = "https://vasya.example.com/.well-known/oauth-protected-resource/mcp";
    let challenge = refused.header("www-authenticate").to_owned();
    assert!(challenge.contains(&format!("resource_metadata=\"{metadata}\"")) && challenge.contains("scope=\""), "{challenge}");
    for path in ["/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"] {
        let told = send(api.without_token().request_at(Method::GET, path)).await.expect(200);
        assert_eq!(told["resource"], "https://vasya.example.com/mcp", "{told}");
        assert!(told["scopes_supported"].as_array().expect("scopes").contains(&json!("messages:read")));
    }
    // A scope that is missing can be asked for.
    let call = client.message("tools/call", json!({ "name": "stream_events", "arguments": {} }));
    assert_eq!(error(&send(client.post(&call)).await)["code"], -32602, "a stream is no tool");
    let call = client.message("tools/call", json!({ "name": "poll_events", "arguments": {} }));
    let refused = send(client.post(&call)).await;
    assert_eq!(refused.status, 403, "{}", refused.text());
    let challenge = refused.header("www-authenticate").to_owned();
    assert!(challenge.contains("error=\"insufficient_scope\"") && challenge.contains("scope=\"events:read\""), "{challenge}");
    assert_eq!(messages(&refused)[0]["result"]["structuredContent"]["problem"]["code"], "missing_scope");
    // Other sites, other names of this machine, and headers that say something else than the message.
    let message = client.message("tools/list", json!({}));
    let status = async |request: reqwest::RequestBuilder| send(request).await.status;
    assert_eq!(status(client.post(&message).header("origin", "https://evil.example.com")).await, 403);
    assert_eq!(status(client.post(&message).header("origin", "https://vasya.example.com")).await, 200);
    assert_eq!(status(client.post(&message).header("host", "rebound.example.com")).await, 403);
    let request = client.http(Method::POST).header("mcp-method", "tools/call").json(&message);
    assert_eq!(error(&send(request).await)["code"], -32020, "the header names another method");
    let request = client.http(Method::POST).header("mcp-method", "tools/call").header("mcp-name", "get_messages");
    let request = request.json(&client.message("tools/call", json!({ "name": "list_accounts", "arguments": {} })));
    assert_eq!(error(&send(request).await)["code"], -32020, "the header names another tool");
    let mut without_version = message.clone();
    without_version["params"]["_meta"] = json!({});
    assert_eq!(status(client.post(&without_version)).await, 400);
    let discovered = client.request("server/discover", json!({}), None).await.expect("it tells of itself");
    let versions = discovered["supportedVersions"].as_array().expect("versions").clone();
    assert!(versions.contains(&json!("2026-07-28")) && versions.contains(&json!("2025-11-25")), "{discovered}");
    let large =
        send(client.http(Method::POST).header("content-type", "application/json").body(vec![b' '; 17 * 1_024 * 1_024])).await;
    assert_eq!((large.status, large.code().as_str()), (413, "payload_too_large"));
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_bounded_and_end_with_the_right_to_them() {
    let options = Options::jwt().with("VASYA_MCP_SESSIONS_PER_PRINCIPAL_MAX", "2").with("VASYA_MCP_SESSION_IDLE_SECS", "10");
    let sandbox = Sandbox::start_with(options).await;
    let api = sandbox.api();
    let (key, first) = agent(&api, &["accounts:read"]).await;
    let (_, second) = agent(&api, &["accounts:read"]).await;
    let client = open(&first, Era::Sessions).await;
    let other = open(&second, Era::Sessions).await;
    // Somebody else's session is no session, in any way of using it.
    let mut stolen = McpClient::new(&second, Era::Sessions);
    stolen.session.clone_from(&client.session);
    let refused = stolen.request("tools/list", json!({}), None).await.expect_err("it is another's");
    assert_eq!((refused.status, refused.code().as_str()), (404, "not_found"));
    assert_eq!(send(stolen.http(Method::GET)).await.status, 404);
    assert_eq!(send(stolen.http(Method::DELETE)).await.status, 404);
    client.tool("list_accounts", json!({})).await;
    // There are no more than there may be, and one that is ended makes room.
    let another = open(&first, Era::Sessions).await;
    let refused = McpClient::open(&first, Era::Sessions).await.expect_err("there are enough");
    assert_eq!((refused.status, refused.code().as_str()), (429, "rate_limited"));
    assert!(send(another.http(Method::DELETE)).await.status < 300);
    assert_eq!(send(another.http(Method::GET)).await.status, 404);
    eventually("there is room again", async || McpClient::open(&first, Era::Sessions).await.ok()).await;
    // What a session was told is told again from where its client was.
    let request = client.post(&client.message("ping", json!({})));
    let told = send(request).await;
    assert!(told.text().contains("id:"), "events have ids: {}", told.text());
    // A key that is revoked ends its sessions, streams that are open among them.
    let mut stream = client.http(Method::GET).send().await.expect("a stream");
    assert_eq!(stream.status(), 200);
    api.delete(&format!("/agent-keys/{key}")).await;
    let ended = async { while let Ok(Some(_)) = stream.chunk().await {} };
    tokio::time::timeout(crate::harness::LIMIT, ended).await.expect("the stream ends");
    assert_eq!(send(client.http(Method::GET)).await.status, 401);
    other.tool("list_accounts", json!({})).await;
    // A session that nobody uses ends by itself.
    let idle = async || other.request("tools/list", json!({}), None).await.err();
    let quiet = async || {
        tokio::time::sleep(std::time::Duration::from_secs(11)).await;
        idle().await
    };
    let refused = quiet().await.expect("the session has ended");
    assert_eq!(refused.status, 404, "{}", refused.text());
}
