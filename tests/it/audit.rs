//! The audit log: written before anything happens, and proof against changes.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use wiremock::matchers::{header, method};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::harness::{Options, Sandbox, command, eventually};

fn lines(sandbox: &Sandbox) -> Vec<Value> {
    let text = std::fs::read_to_string(sandbox.data_dir().join("audit.log")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mutation_is_written_down_before_and_after_and_says_who_and_what() {
    let sandbox = Sandbox::start().await;
    let (owner, account) = (sandbox.api(), sandbox.account());
    owner.get(&format!("/accounts/{account}/chats")).await.expect(200);
    let (key_id, secret) = owner.agent_key(&["messages:send"], None).await;
    let agent = owner.with_token(&secret);
    let path = format!("/accounts/{account}/chats/5000000003/messages");
    let sent = agent.post(&path, json!({ "text": "amber-lantern" })).await;
    let request_id = sent.header("x-request-id").to_owned();
    sent.expect(200);
    assert_eq!(agent.get(&format!("/accounts/{account}/chats")).await.code(), "missing_scope");
    assert_eq!(agent.post("/agent-keys", json!({ "name": "k", "scopes": ["chats:read"] })).await.code(), "human_only");

    let entries = lines(&sandbox);
    let intent = entries.iter().find(|entry| entry["requestId"] == request_id.as_str()).expect("an intent");
    assert_eq!((&intent["phase"], &intent["operation"]), (&json!("intent"), &json!("send_message")));
    assert_eq!((&intent["userId"], &intent["agentKeyId"]), (&json!("local"), &json!(key_id)));
    assert_eq!((&intent["accountId"], &intent["chatId"]), (&json!(account), &json!(5_000_000_003_i64)));
    assert_eq!((&intent["method"], &intent["path"]), (&json!("POST"), &json!(format!("/api/v1{path}"))));
    let outcome = entries.iter().find(|entry| entry["intent"] == intent["seq"]).expect("an outcome");
    assert_eq!((&outcome["phase"], &outcome["code"], &outcome["status"]), (&json!("outcome"), &json!("ok"), &json!(200)));
    let denied: Vec<&str> =
        entries.iter().filter(|entry| entry["phase"] == "denied").filter_map(|entry| entry["code"].as_str()).collect();
    assert_eq!(denied, ["missing_scope", "human_only"]);
    let text = serde_json::to_string(&entries).unwrap();
    assert!(!text.contains("amber-lantern") && !text.contains(&secret));

    let seen = owner.get("/audit?limit=2").await.expect(200);
    assert_eq!(seen.as_array().unwrap().len(), 2);
    assert_eq!(seen[1]["operation"], "create_agent_key");
    assert_eq!(seen[1]["status"], 403);
    assert!(seen[0]["seq"].as_u64() < seen[1]["seq"].as_u64(), "oldest first");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_reads_their_own_entries_only() {
    let sandbox = Sandbox::start_with(Options::jwt()).await;
    let (alice, mallory) = (sandbox.user("alice"), sandbox.user("mallory"));
    alice.agent_key(&["chats:read"], None).await;
    assert_eq!(alice.get("/audit").await.expect(200).as_array().unwrap().len(), 1);
    assert_eq!(mallory.get("/audit").await.expect(200), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_last_line_is_cut_and_a_changed_one_stops_the_start() {
    let mut sandbox = Sandbox::start().await;
    sandbox.api().agent_key(&["chats:read"], None).await;
    sandbox.kill();
    let path = sandbox.data_dir().join("audit.log");
    let whole = std::fs::read(&path).unwrap();
    OpenOptions::new().append(true).open(&path).unwrap().write_all(br#"{"seq":99,"phase":"int"#).unwrap();
    sandbox.start_again().await;
    let mended = std::fs::read(&path).unwrap();
    assert!(mended.starts_with(&whole), "cut to the last whole line");
    assert_eq!(lines(&sandbox).last().unwrap()["code"], "torn_line_cut");
    assert!(sandbox.log().contains("torn last line"), "{}", sandbox.log());
    sandbox.kill();
    let whole = std::fs::read(&path).unwrap();

    let text = String::from_utf8(whole.clone()).unwrap();
    let edited = text.replacen("create_agent_key", "list_agent_keys_", 1);
    let shortened: String = text.lines().take(2).map(|line| format!("{line}\n")).collect();
    let without_one: String = text.lines().enumerate().filter(|(at, _)| *at != 1).map(|(_, line)| format!("{line}\n")).collect();
    for spoiled in [edited, shortened, without_one, String::new()] {
        std::fs::write(&path, &spoiled).unwrap();
        let refused = command(sandbox.arguments()).output().unwrap();
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && told.contains("audit"), "{told}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), spoiled, "the evidence is left as it is");
    }
    std::fs::write(&path, &whole).unwrap();
    sandbox.start_again().await;
}

/// RFC 9162, section 2.1.3.2, written from its text: whether a leaf is in a tree.
fn is_included(leaf: &[u8], index: u64, size: u64, path: &[Vec<u8>], root: &[u8]) -> bool {
    let (mut index, mut last) = (index, size - 1);
    let mut hash = Sha256::new().chain_update([0]).chain_update(leaf).finalize().to_vec();
    for node in path {
        if last == 0 {
            return false;
        }
        if index & 1 == 1 || index == last {
            hash = parent(node, &hash);
            while index & 1 == 0 && index != 0 {
                (index, last) = (index >> 1, last >> 1);
            }
        } else {
            hash = parent(&hash, node);
        }
        (index, last) = (index >> 1, last >> 1);
    }
    last == 0 && hash == root
}

/// RFC 9162, section 2.1.4.2: whether a tree begins with another.
fn is_continued(from: u64, to: u64, path: &[Vec<u8>], old_root: &[u8], new_root: &[u8]) -> bool {
    if from == to {
        return path.is_empty() && old_root == new_root;
    }
    let mut nodes = path.to_vec();
    if from.is_power_of_two() {
        nodes.insert(0, old_root.to_vec());
    }
    let (mut index, mut last) = (from - 1, to - 1);
    while index & 1 == 1 {
        (index, last) = (index >> 1, last >> 1);
    }
    let Some((first, rest)) = nodes.split_first() else { return false };
    let (mut old, mut new) = (first.clone(), first.clone());
    for node in rest {
        if last == 0 {
            return false;
        }
        if index & 1 == 1 || index == last {
            (old, new) = (parent(node, &old), parent(node, &new));
            while index & 1 == 0 && index != 0 {
                (index, last) = (index >> 1, last >> 1);
            }
        } else {
            new = parent(&new, node);
        }
        (index, last) = (index >> 1, last >> 1);
    }
    last == 0 && old == old_root && new == new_root
}

fn parent(left: &[u8], right: &[u8]) -> Vec<u8> {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().to_vec()
}

fn hashes(path: &Value) -> Vec<Vec<u8>> {
    path.as_array().unwrap().iter().map(|hash| BASE64.decode(hash.as_str().unwrap()).unwrap()).collect()
}

/// Size and root of a checkpoint's text.
fn stated(checkpoint: &Value) -> (u64, Vec<u8>) {
    let mut lines = checkpoint.as_str().unwrap().lines().skip(1);
    (lines.next().unwrap().parse().unwrap(), BASE64.decode(lines.next().unwrap()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_is_proven_to_its_owner_and_the_log_to_everybody() {
    let sandbox = Sandbox::start_with(Options::jwt()).await;
    let (alice, mallory) = (sandbox.user("alice"), sandbox.user("mallory"));
    let first = alice.get("/audit/checkpoint").await.expect(200);
    let mut checkpoints = vec![first];
    for number in 0..9 {
        let who = if number % 3 == 0 { &mallory } else { &alice };
        who.agent_key(&["chats:read"], None).await;
        checkpoints.push(alice.get("/audit/checkpoint").await.expect(200));
    }
    let newest = checkpoints.last().unwrap();
    let (size, root) = stated(&newest["checkpoint"]);
    assert_eq!((newest["size"].as_u64().unwrap(), BASE64.encode(&root)), (size, newest["root"].as_str().unwrap().to_owned()));
    for older in &checkpoints {
        let (from, old_root) = stated(&older["checkpoint"]);
        let proof = mallory.get(&format!("/audit/consistency?from={from}&to={size}")).await.expect(200);
        if from > 0 {
            assert!(is_continued(from, size, &hashes(&proof["path"]), &old_root, &root), "{from} to {size}: {proof}");
            assert!(!is_continued(from, size, &hashes(&proof["path"]), &[0; 32], &root) && from < size || from == size);
        }
    }
    let own: Vec<u64> =
        alice.get("/audit").await.expect(200).as_array().unwrap().iter().map(|row| row["seq"].as_u64().unwrap()).collect();
    assert_eq!(own.len(), 6);
    for seq in 1..=size {
        let answer = alice.get(&format!("/audit/proof/{seq}")).await;
        let entry = &lines(&sandbox)[usize::try_from(seq).unwrap() - 1];
        if entry["userId"] != "alice" {
            let unknown = alice.get("/audit/proof/1000000").await;
            assert_eq!((answer.code(), unknown.code()), ("not_found".to_owned(), "not_found".to_owned()));
            continue;
        }
        let proof = answer.expect(200);
        let (size, root) = stated(&proof["checkpoint"]);
        let leaf = proof["entry"].as_str().unwrap();
        assert_eq!(serde_json::from_str::<Value>(leaf).unwrap(), *entry);
        assert_eq!((proof["leafIndex"].as_u64(), proof["treeSize"].as_u64()), (Some(seq - 1), Some(size)));
        assert!(is_included(leaf.as_bytes(), seq - 1, size, &hashes(&proof["path"]), &root), "{proof}");
        assert!(!is_included(b"{}", seq - 1, size, &hashes(&proof["path"]), &root));
    }
    assert_eq!(alice.get("/audit/consistency?from=5&to=4").await.code(), "invalid_input");
    assert_eq!(alice.get("/audit/consistency?from=5&to=400").await.code(), "invalid_input");
    let (_, secret) = alice.agent_key(&["chats:read"], None).await;
    for path in ["/audit", "/audit/checkpoint", "/audit/proof/1", "/audit/consistency?from=1&to=1"] {
        assert_eq!(alice.with_token(&secret).get(path).await.code(), "human_only");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_one_another_and_filters_choose() {
    let sandbox = Sandbox::start().await;
    let owner = sandbox.api();
    for _ in 0..5 {
        owner.agent_key(&["chats:read"], None).await;
    }
    let (key, secret) = owner.agent_key(&["chats:read"], None).await;
    assert_eq!(
        owner.with_token(&secret).post("/agent-keys", json!({ "name": "k", "scopes": ["chats:read"] })).await.code(),
        "human_only"
    );
    let all = owner.get("/audit").await.expect(200).as_array().unwrap().clone();
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = owner.get(&format!("/audit?limit=2{cursor}")).await;
        let next = page.header("x-next-cursor").to_owned();
        seen.splice(0..0, page.expect(200).as_array().unwrap().iter().cloned());
        if next.is_empty() {
            break;
        }
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, all);
    let found = |query: &str| {
        let path = format!("/audit?{query}");
        let owner = &owner;
        async move { owner.get(&path).await.expect(200).as_array().unwrap().len() }
    };
    assert_eq!(found("phase=denied").await, 1);
    assert_eq!(found(&format!("key={key}&outcome=human_only")).await, 1);
    assert_eq!(found(&format!("onAccount={}&operation=create_agent_key", sandbox.account())).await, 0);
    assert_eq!(found("operation=create_agent_key&outcome=ok").await, 6);
    let (from, to) = (&all[2]["ts"], &all[4]["ts"]);
    let within = all.iter().filter(|row| row["ts"].as_u64() >= from.as_u64() && row["ts"].as_u64() < to.as_u64()).count();
    if from != to {
        assert_eq!(found(&format!("from={from}&to={to}")).await, within);
    }
}

/// What `audit verify` says of a folder.
fn verified(folder: &Path, key: &str, checkpoints: &[&Path]) -> Result<String, String> {
    let mut arguments = vec!["audit".into(), "verify".into(), "--data-dir".into(), folder.as_os_str().to_owned()];
    arguments.extend(["--key".into(), key.into()]);
    for checkpoint in checkpoints {
        arguments.extend(["--checkpoint".into(), checkpoint.as_os_str().to_owned()]);
    }
    let ended = command(arguments).output().unwrap();
    let (told, refused) = (String::from_utf8(ended.stdout).unwrap(), String::from_utf8(ended.stderr).unwrap());
    if ended.status.success() { Ok(told) } else { Err(refused) }
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_says_what_was_done_to_a_log_and_where() {
    let mut sandbox = Sandbox::start().await;
    let owner = sandbox.api();
    let key = owner.get("/audit/checkpoint").await.expect(200)["verifierKey"].as_str().unwrap().to_owned();
    for _ in 0..4 {
        owner.agent_key(&["chats:read"], None).await;
    }
    assert!(sandbox.terminate().success());
    let folder = sandbox.data_dir();
    let [log, head, checkpoint] = ["audit.log", "audit.head", "audit.checkpoint"].map(|name| folder.join(name));
    let [whole, first_head, first_checkpoint] = [&log, &head, &checkpoint].map(|file| std::fs::read_to_string(file).unwrap());
    let count = whole.lines().count();
    let told = verified(&folder, &key, &[]).unwrap();
    assert!(told.contains(&format!("{count} entries, {count} of them signed")), "{told}");
    let kept = sandbox.folder().join("kept");
    std::fs::write(&kept, &first_checkpoint).unwrap();

    let all: Vec<String> = whole.lines().map(|line| format!("{line}\n")).collect();
    let without = |at: usize| [&all[..at], &all[at + 1..]].concat().concat();
    let swapped = [&all[..2], &[all[3].clone(), all[2].clone()], &all[4..]].concat().concat();
    let mut flipped = whole.clone().into_bytes();
    flipped[all[..4].concat().len() + 60] ^= 1;
    let spoiled: [(Vec<u8>, &str); 5] = [
        (flipped, "audit.log, line 5: its content does not have the hash"),
        (without(3).into_bytes(), "audit.log, line 4: it has the number 5, and 1 lines before it are missing"),
        (swapped.into_bytes(), "audit.log, line 3: it has the number 4, and 1 lines before it are missing"),
        (all[..count - 2].concat().into_bytes(), "its tail was cut"),
        (whole.as_bytes()[..whole.len() - 9].to_vec(), "it has no end"),
    ];
    for (bytes, said) in spoiled {
        std::fs::write(&log, bytes).unwrap();
        let told = verified(&folder, &key, &[]).unwrap_err();
        assert!(told.contains(said), "{said}: {told}");
        assert!(!command(sandbox.arguments()).output().unwrap().status.success(), "and the server does not start on it");
    }
    std::fs::write(&log, &whole).unwrap();
    let forged = first_checkpoint.replacen(&format!("\n{count}\n"), &format!("\n{}\n", count - 1), 1);
    std::fs::write(&checkpoint, forged).unwrap();
    assert!(verified(&folder, &key, &[]).unwrap_err().contains("audit.checkpoint proves nothing: its signature is not by"));
    std::fs::remove_file(&checkpoint).unwrap();
    assert!(verified(&folder, &key, &[]).unwrap_err().contains("audit.checkpoint cannot be read"));
    let refused = command(sandbox.arguments()).output().unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("it is missing, and there has been one"));
    std::fs::write(&checkpoint, &first_checkpoint).unwrap();

    // A whole other log, made by a server with another key.
    let mut other = Sandbox::start().await;
    for _ in 0..6 {
        other.api().agent_key(&["chats:read"], None).await;
    }
    let other_key = other.api().get("/audit/checkpoint").await.expect(200)["verifierKey"].as_str().unwrap().to_owned();
    assert!(other.terminate().success());
    for name in ["audit.log", "audit.head"] {
        std::fs::copy(other.data_dir().join(name), folder.join(name)).unwrap();
    }
    let told = verified(&folder, &key, &[]).unwrap_err();
    assert!(told.contains("is another log, or was written anew: its first") && told.contains("audit.checkpoint"), "{told}");
    std::fs::copy(other.data_dir().join("audit.checkpoint"), &checkpoint).unwrap();
    assert!(verified(&folder, &key, &[]).unwrap_err().contains("it has no signature of"));
    assert!(!command(sandbox.arguments()).output().unwrap().status.success());
    let told = verified(&other.data_dir(), &other_key, &[&kept]).unwrap_err();
    assert!(told.contains("kept proves nothing"), "{told}");
    assert!(verified(&folder, "nonsense", &[]).unwrap_err().contains("must be a verifier key"));

    // The operator decides: the next start begins a new log, with a new key, and says so in it.
    let aside =
        command(["audit", "set-aside", "--data-dir"].iter().map(|text| text.as_ref()).chain([folder.as_os_str()])).output();
    assert!(aside.unwrap().status.success());
    sandbox.start_again().await;
    assert_eq!(lines(&sandbox)[0]["code"], "log_set_aside");
    let new_key = sandbox.api().get("/audit/checkpoint").await.expect(200)["verifierKey"].as_str().unwrap().to_owned();
    assert_ne!(new_key, key);
    assert!(sandbox.terminate().success());
    assert!(verified(&folder, &new_key, &[]).is_ok());
    // The first one is as whole as it was, wherever it is.
    for (file, text) in [(&log, &whole), (&head, &first_head), (&checkpoint, &first_checkpoint)] {
        std::fs::write(file, text).unwrap();
    }
    assert!(verified(&folder, &key, &[&kept]).unwrap().contains("2 checkpoints agree"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_changed_while_the_server_runs_stops_mutations_and_a_witness_has_seen_it() {
    let witness = MockServer::start().await;
    let text = header("content-type", "text/plain; charset=utf-8");
    Mock::given(method("POST")).and(text).respond_with(ResponseTemplate::new(200)).mount(&witness).await;
    let options =
        Options::default().with("VASYA_AUDIT_CHECKPOINT_SECS", "1").with("VASYA_OUTBOUND_ALLOWED_NETWORKS", "127.0.0.0/8");
    let sandbox = Sandbox::start_with(options.with("VASYA_AUDIT_WITNESS_URL", witness.uri())).await;
    let owner = sandbox.api();
    owner.agent_key(&["chats:read"], None).await;
    let size = owner.get("/audit/checkpoint").await.expect(200)["size"].as_u64().unwrap();
    let shown = || async {
        let requests = witness.received_requests().await.unwrap();
        let bodies = requests.iter().map(|request| json!(String::from_utf8(request.body.clone()).unwrap()));
        bodies.map(|body| stated(&body).0).find(|shown| *shown >= size)
    };
    eventually("the witness has seen the log", shown).await;
    let path = sandbox.data_dir().join("audit.log");
    let edited = std::fs::read_to_string(&path).unwrap().replacen("create_agent_key", "delete_agent_key", 1);
    std::fs::write(&path, edited).unwrap();
    let refused = || async {
        let answer = owner.post("/agent-keys", json!({ "name": "k", "scopes": ["chats:read"] })).await;
        (answer.status == 503).then(|| answer.code())
    };
    assert_eq!(eventually("mutations are refused", refused).await, "audit_unavailable");
    owner.get(&format!("/accounts/{}/chats", sandbox.account())).await.expect(200);
    assert!(sandbox.log().contains("is not what was written"), "{}", sandbox.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_exported_as_lines_values_and_events() {
    let sandbox = Sandbox::start_with(Options::jwt()).await;
    let (alice, mallory) = (sandbox.user("alice"), sandbox.user("mallory"));
    alice.agent_key(&["chats:read"], None).await;
    mallory.agent_key(&["chats:read"], None).await;
    let settled = || async {
        let entries = lines(&sandbox);
        let of = |phase: &str| entries.iter().filter(|line| line["phase"] == phase).count();
        (of("intent") == of("outcome")).then_some(())
    };
    eventually("the outcomes are written", settled).await;
    let folder = sandbox.data_dir();
    let export = |arguments: &[&str]| {
        let ended = command([&["audit", "export", "--data-dir", folder.to_str().unwrap()], arguments].concat()).output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        String::from_utf8(ended.stdout).unwrap()
    };
    let log = std::fs::read_to_string(folder.join("audit.log")).unwrap();
    assert_eq!(export(&[]), log, "while the server runs");
    let of_alice = export(&["--user", "alice"]);
    assert!(of_alice.lines().count() >= 2 && of_alice.lines().all(|line| line.contains(r#""userId":"alice""#)));
    let csv = export(&["--format", "csv", "--user", "alice"]);
    assert!(csv.starts_with("seq,time,ts,phase,userId,"), "{csv}");
    assert_eq!(csv.lines().count(), of_alice.lines().count() + 1);
    assert!(csv.contains(",intent,alice,,create_agent_key,POST,/api/v1/agent-keys,"), "{csv}");
    let cef = export(&["--format", "cef"]);
    assert_eq!(cef.lines().count(), log.lines().count());
    assert!(cef.lines().all(|line| line.starts_with("CEF:0|vasya-server|vasya-server|")), "{cef}");
    assert!(cef.contains("act=outcome suser=mallory requestMethod=POST outcome=ok reason=200"), "{cef}");
    assert_eq!(export(&["--from", "2999-01-01T00:00:00Z"]), "");
    assert_eq!(export(&["--to", "2999-01-01T00:00:00Z"]), log);
    assert!(!command(["audit", "export", "--data-dir", ".", "--from", "yesterday"]).output().unwrap().status.success());
}
