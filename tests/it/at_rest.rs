//! What lies on the disk: nothing that a thief of the disk could read.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::harness::{ADA, BORIS, BORIS_PASSWORD, CLARA, Options, Sandbox, command, eventually, files};

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// The auth keys that the network made, in hexadecimal: it keeps them in the journal of its world.
fn auth_keys(world: &Path) -> Vec<String> {
    let mut keys = Vec::new();
    for (path, bytes) in files(world) {
        if path.extension().is_none_or(|extension| extension != "jsonl") {
            continue;
        }
        for line in String::from_utf8(bytes).unwrap().lines() {
            let events: Vec<Value> = serde_json::from_str(line).unwrap();
            keys.extend(events.iter().filter_map(|event| event["KeyStored"]["bytes"].as_str()).map(str::to_owned));
        }
    }
    keys
}

#[tokio::test(flavor = "multi_thread")]
async fn no_key_phone_number_or_text_can_be_read_from_the_disk() {
    let mut sandbox = Sandbox::start().await;
    let (api, control) = (sandbox.api(), sandbox.control());
    let text = "quartz-periscope-7731";
    let boris = api.log_in(&control, BORIS, Some(BORIS_PASSWORD)).await;
    let ada_id = api.get(&format!("/accounts/{}", sandbox.account())).await.expect(200)["user"]["id"].clone();
    api.get(&format!("/accounts/{boris}/chats")).await.expect(200);
    api.post(&format!("/accounts/{boris}/chats/{ada_id}/messages"), json!({ "text": text })).await.expect(200);
    api.get(&format!("/accounts/{boris}/chats/{ada_id}/messages")).await.expect(200);
    // The list of chats is kept: titles, and the beginnings of messages.
    let listed = api.get(&format!("/accounts/{boris}/chats?source=live")).await;
    assert!(listed.text().contains(text) && listed.text().contains("Lighthouse keepers"));
    api.put("/telegram/credentials", json!({ "apiId": 77, "apiHash": "feedfacefeedface" })).await.expect(200);
    let (_, secret) = api.agent_key(&["chats:read"], None).await;
    assert_eq!(sandbox.terminate().code(), Some(0));

    let keys = auth_keys(&sandbox.folder().join("data.world"));
    assert!(keys.len() >= 2, "each login made a key");
    let mut needles: Vec<(String, Vec<u8>)> = Vec::new();
    for key in &keys {
        let bytes: Vec<u8> = (0..key.len()).step_by(2).map(|at| u8::from_str_radix(&key[at..at + 2], 16).unwrap()).collect();
        needles.push(("a part of an auth key".into(), bytes[..16].to_vec()));
        needles.push(("a part of an auth key".into(), bytes[128..144].to_vec()));
        needles.push(("an auth key in hexadecimal".into(), key.as_bytes()[..32].to_vec()));
    }
    let texts = [ADA, BORIS, CLARA].map(|phone| phone.trim_start_matches('+'));
    let texts =
        texts.into_iter().chain([text, "Lighthouse keepers", "Lovelace", "feedfacefeedface", &secret[13..], sandbox.token()]);
    needles.extend(texts.map(|text| (text.to_owned(), text.as_bytes().to_vec())));

    let backup = sandbox.folder().join("backup");
    let secrets: Value = serde_json::from_slice(&std::fs::read(sandbox.folder().join("data.secrets.json")).unwrap()).unwrap();
    let master_key = secrets["sessionMasterKey"].as_str().unwrap();
    needles.push(("the master key".into(), master_key.as_bytes().to_vec()));
    let (done, told) = store(&sandbox.data_dir(), master_key, &["backup", backup.to_str().unwrap()]);
    assert!(done, "{told}");

    let stored = files(&sandbox.data_dir());
    assert!(stored.keys().any(|path| path.ends_with("audit.log")) && stored.len() >= 5, "{:?}", stored.keys());
    let log = (PathBuf::from("the log"), sandbox.log().into_bytes());
    let backup = (backup.clone(), std::fs::read(&backup).unwrap());
    for (path, content) in stored.into_iter().chain([log, backup]) {
        for (what, needle) in &needles {
            assert!(!contains(&content, needle), "{what} in {}", path.display());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_the_owner_s_alone() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::start().await;
    for path in files(&sandbox.data_dir()).into_keys().chain([sandbox.folder().join("data.secrets.json")]) {
        // What the store's engine makes is inside a folder that nobody else can enter.
        if !path.starts_with(sandbox.data_dir().join("store")) {
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{}", path.display());
        }
    }
    for folder in [sandbox.data_dir(), sandbox.folder().join("data.world")] {
        assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o077, 0, "{}", folder.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_master_key_is_refused_and_nothing_is_touched() {
    let mut sandbox = Sandbox::start().await;
    assert_eq!(sandbox.terminate().code(), Some(0));
    let before = files(&sandbox.data_dir());
    for wrong in ["0123456789abcdef".repeat(4), "another passphrase altogether".to_owned()] {
        let refused = command(sandbox.arguments()).env("SESSION_MASTER_KEY", &wrong).output().unwrap();
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success());
        assert!(told.contains("SESSION_MASTER_KEY") && !told.contains(&wrong), "{told}");
        assert_eq!(files(&sandbox.data_dir()), before, "something was touched");
    }
    sandbox.start_again().await;
    sandbox.api().online(sandbox.account()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_rotated_to_another_master_key_while_serving() {
    use std::os::unix::fs::PermissionsExt;
    let (old, new) = ("0123456789abcdef".repeat(4), "fedcba98765432100123456789abcdef".repeat(2));
    let place = tempfile::tempdir().unwrap();
    let next = place.path().join("next");
    let options =
        Options::default().with("SESSION_MASTER_KEY", &*old).with("SESSION_MASTER_KEY_NEXT_FILE", next.display().to_string());
    let mut sandbox = Sandbox::start_with(options).await;
    let (api, account) = (sandbox.api(), sandbox.account().to_owned());
    std::fs::write(&next, &new).unwrap();
    std::fs::set_permissions(&next, PermissionsExt::from_mode(0o644)).unwrap();
    assert_eq!(api.post("/admin/keyring/rotate", json!({})).await.code(), "conflict", "others can read the file");
    std::fs::set_permissions(&next, PermissionsExt::from_mode(0o600)).unwrap();
    let before = api.get("/admin/keyring").await.expect(200);
    assert_eq!((&before["state"], &before["masterKeys"]), (&json!("settled"), &json!(1)));

    api.post("/admin/keyring/rotate", json!({})).await.expect(202);
    let look = || async {
        api.post(&format!("/accounts/{account}/chats/5000000003/messages"), json!({ "text": "meanwhile" })).await.expect(200);
        let state = api.get("/admin/keyring").await.expect(200);
        (state["state"] == "settled").then_some(state)
    };
    let after = eventually("the rotation ends", look).await;
    assert_eq!((&after["masterKeys"], &after["ownersDone"]), (&json!(1), &after["ownersTotal"]));
    assert!(after["keys"][0]["id"] != before["keys"][0]["id"] && after["keys"].as_array().unwrap().len() == 1);
    for text in [before.to_string(), after.to_string()] {
        assert!(!text.contains(&old) && !text.contains(&new));
    }

    // The old key opens nothing any more; a start finds the next one in its file.
    sandbox.kill();
    sandbox.start_again().await;
    sandbox.api().online(&account).await;
    assert!(sandbox.log().contains("SESSION_MASTER_KEY_NEXT_FILE"), "{}", sandbox.log());
    assert_eq!(sandbox.terminate().code(), Some(0));
    sandbox.set_environment(&[("SESSION_MASTER_KEY", &new)]);
    sandbox.start_again().await;
    sandbox.api().online(&account).await;
    assert_eq!(sandbox.terminate().code(), Some(0));
    let refused = command(sandbox.arguments()).env("SESSION_MASTER_KEY", &old).output().unwrap();
    assert!(!refused.status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_core_is_dumped() {
    let sandbox = Sandbox::start().await;
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", sandbox.pid())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().collect::<Vec<_>>()[4..6], ["0", "0"], "{core}");
}

#[test]
fn embedded_mode_makes_a_master_key_where_none_is_given() {
    use std::os::unix::fs::PermissionsExt;
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    // It gets as far as listening, where the port is taken: what is looked at is the key.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let start = || {
        let arguments = ["serve", "--auth", "embedded", "--bind", &address, "--data-dir", data.to_str().unwrap()];
        let told = command(arguments).output().unwrap();
        assert!(!told.status.success());
        String::from_utf8_lossy(&told.stderr).into_owned()
    };
    let file = place.path().join("data.master-key");
    let told = start();
    assert!(told.contains("data.master-key") && told.contains("cannot listen on"), "{told}");
    let made = std::fs::read(&file).unwrap();
    assert_eq!((made.len(), std::fs::metadata(&file).unwrap().permissions().mode() & 0o777), (64, 0o600));
    assert!(!start().contains("one was made") && std::fs::read(&file).unwrap() == made);
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
    assert!(start().contains("chmod 600"));
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("keyring.json"), "{}").unwrap();
    let told = start();
    assert!(told.contains("SESSION_MASTER_KEY") && told.contains("is not set") && !file.exists(), "{told}");
}

/// A `store` command on a data folder: whether it succeeded, and what it said.
fn store(data_dir: &Path, master_key: &str, arguments: &[&str]) -> (bool, String) {
    let done = command(["store", "--data-dir", data_dir.to_str().unwrap()])
        .args(arguments)
        .env("SESSION_MASTER_KEY", master_key)
        .output()
        .unwrap();
    (done.status.success(), format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_made_while_serving_and_restored_whole() {
    use std::os::unix::fs::PermissionsExt;
    let key = "0123456789abcdef".repeat(4);
    let options = Options::default().with("VASYA_ACCOUNT_BURST", "100000").with("SESSION_MASTER_KEY", &*key);
    let mut sandbox = Sandbox::start_with(options).await;
    let (api, account, data) = (sandbox.api(), sandbox.account().to_owned(), sandbox.data_dir());
    let messages = format!("/accounts/{account}/chats/5000000003/messages");
    let file = sandbox.folder().join("backup");
    let path = file.to_str().unwrap().to_owned();

    // Online, with a writer at work.
    let (making, folder, master_key) = (path.clone(), data.clone(), key.clone());
    let made = tokio::task::spawn_blocking(move || store(&folder, &master_key, &["backup", &making]));
    while !made.is_finished() {
        api.post(&messages, json!({ "text": "meanwhile" })).await.expect(200);
    }
    let (done, told) = made.await.unwrap();
    assert!(done && told.contains("is whole"), "{told}");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let (done, told) = store(&data, &key, &["backup", &path]);
    assert!(!done && told.contains("is there already"), "{told}");

    // Nothing but the whole of it is taken.
    let whole = std::fs::read(&file).unwrap();
    let broken = sandbox.folder().join("broken");
    let elsewhere = sandbox.folder().join("elsewhere");
    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    for content in [&flipped[..], &whole[..whole.len() - 1], &whole[..whole.len() / 2], b"no backup"] {
        std::fs::write(&broken, content).unwrap();
        let (done, told) = store(&elsewhere, &key, &["restore", broken.to_str().unwrap()]);
        assert!(!done && told.contains("the backup cannot be used") && !elsewhere.exists(), "{told}");
    }
    let (done, told) = store(&elsewhere, &"fedcba9876543210".repeat(4), &["restore", &path]);
    assert!(!done && told.contains("SESSION_MASTER_KEY does not open") && !elsewhere.exists(), "{told}");
    let (done, told) = store(&data, &key, &["restore", &path]);
    assert!(!done && told.contains("is not empty"), "{told}");

    // What was deleted after the backup is there again, and works.
    api.delete(&format!("/accounts/{account}")).await.expect(204);
    assert_eq!(sandbox.terminate().code(), Some(0));
    assert!(store(&data, &key, &["check"]).0);
    std::fs::rename(&data, sandbox.folder().join("before")).unwrap();
    let (done, told) = store(&data, &key, &["restore", &path]);
    assert!(done && told.contains("were verified"), "{told}");
    let (done, told) = store(&data, &key, &["check"]);
    assert!(done && told.contains("open"), "{told}");
    let offline = sandbox.folder().join("offline");
    assert!(store(&data, &key, &["backup", offline.to_str().unwrap()]).0);
    assert!(store(&elsewhere, &key, &["restore", offline.to_str().unwrap()]).0);
    assert!(store(&elsewhere, &key, &["check"]).0);
}

#[test]
fn a_folder_of_the_format_before_is_rotated_offline() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures/data-format-1");
    let place = tempfile::tempdir().unwrap();
    for (path, bytes) in files(&fixture) {
        let target = place.path().join("data").join(path.strip_prefix(&fixture).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::write(target, bytes).unwrap();
    }
    let (data, old) = (place.path().join("data"), "a passphrase of the first format");
    let new = "fedcba98765432100123456789abcdef".repeat(2);
    let next = place.path().join("next");
    std::fs::write(&next, &new).unwrap();
    std::fs::set_permissions(&next, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let rotated = command(["store", "--data-dir", data.to_str().unwrap(), "rotate"])
        .env("SESSION_MASTER_KEY", old)
        .env("SESSION_MASTER_KEY_NEXT_FILE", &next)
        .output()
        .unwrap();
    assert!(rotated.status.success(), "{}", String::from_utf8_lossy(&rotated.stderr));
    assert!(!store(&data, old, &["check"]).0);
    let (done, told) = store(&data, &new, &["check"]);
    assert!(done && told.contains("of 3 owners"), "{told}");
}
