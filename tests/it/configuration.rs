//! Settings: every fault at once, and no secret on the screen.

use std::process::Output;

use crate::harness::{Sandbox, command};

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_start_names_every_fault_at_once_and_touches_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vasya.toml");
    std::fs::write(&file, "[server]\nkeep_alive_secs = 0\nkeepalive = 1\n[limits]\naccount_burst = \"many\"\n").unwrap();
    let refused = command(["serve", "--config"])
        .arg(&file)
        .current_dir(folder.path())
        .env("VASYA_BIND", "somewhere")
        .env("JWT_SECRET", "too short")
        .env("TELEGRAM_API_ID", "7")
        .env("VASYA_NETWORK", "moon")
        .env("VASYA_ADMIN_USERS", "root,no body")
        .env("VASYA_SHUTDOWN_SECS", "soon")
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let told = told(&refused);
    for name in [
        "VASYA_BIND",
        "JWT_SECRET",
        "SESSION_MASTER_KEY",
        "telegram.api_hash",
        "VASYA_NETWORK",
        "VASYA_ADMIN_USERS",
        "VASYA_SHUTDOWN_SECS",
        "server.keep_alive_secs",
        "server.keepalive",
        "limits.account_burst",
    ] {
        assert!(told.contains(name), "{name} is missing from: {told}");
    }
    assert!(!told.contains("too short"), "{told}");
    assert!(!folder.path().join("vasya-data").exists());
}

#[test]
fn embedded_mode_listens_on_loopback_only() {
    let folder = tempfile::tempdir().unwrap();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80"] {
        let refused = command(["serve", "--auth", "embedded", "--bind", address])
            .current_dir(folder.path())
            .env("SESSION_MASTER_KEY", "0123456789abcdef".repeat(4))
            .output()
            .unwrap();
        assert_eq!(refused.status.code(), Some(1));
        assert!(told(&refused).contains("loopback"), "{}", told(&refused));
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn what_is_in_force_is_shown_without_the_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let secret_file = folder.path().join("jwt");
    std::fs::write(&secret_file, "a secret that lies in a file, long enough\n").unwrap();
    let shown = command(["config"])
        .env("SESSION_MASTER_KEY", "a passphrase that nobody sees")
        .env("JWT_SECRET_FILE", &secret_file)
        .env("VASYA_DATA_DIR", "/srv/vasya")
        .output()
        .unwrap();
    assert!(shown.status.success(), "{}", told(&shown));
    let text = String::from_utf8(shown.stdout).unwrap();
    for line in [
        "dir = \"/srv/vasya\"  # VASYA_DATA_DIR",
        "session_master_key = \"<set>\"  # SESSION_MASTER_KEY",
        "jwt_secret = \"<set>\"  # JWT_SECRET_FILE",
        "local_token = \"\"  # default",
        "shutdown_secs = 25  # default",
    ] {
        assert!(text.contains(line), "{line} is missing from: {text}");
    }
    assert!(!text.contains("nobody sees") && !text.contains("lies in a file"));
}

#[test]
fn a_secret_in_two_places_is_a_fault() {
    let refused = command(["config"])
        .env("JWT_SECRET", "x".repeat(32))
        .env("JWT_SECRET_FILE", "/dev/null")
        .env("SESSION_MASTER_KEY", "0123456789abcdef".repeat(4))
        .output()
        .unwrap();
    assert!(!refused.status.success() && told(&refused).contains("JWT_SECRET_FILE"), "{}", told(&refused));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_and_a_folder_in_use_are_told_and_harm_nobody() {
    let sandbox = Sandbox::start().await;
    let port = sandbox.base_url().rsplit(':').next().unwrap();
    let mut arguments = sandbox.arguments();
    let refused = command(&arguments).output().unwrap();
    assert!(!refused.status.success() && told(&refused).contains("in use by another process"), "{}", told(&refused));
    arguments[2] = port.to_owned();
    let refused = command(&arguments).output().unwrap();
    assert!(!refused.status.success() && told(&refused).contains("cannot listen on"), "{}", told(&refused));
    assert!(sandbox.network_runs(), "the network is another server's");
    sandbox.api().online(sandbox.account()).await;
}

#[test]
fn tokens_are_minted_within_limits() {
    for (ttl, accepted) in
        [("90s", true), ("15m", true), ("1h", true), ("7d", true), ("0s", false), ("31d", false), ("1", false), ("h", false)]
    {
        let minted = command(["token", "--sub", "alice", "--ttl", ttl]).env("JWT_SECRET", "x".repeat(32)).output().unwrap();
        assert_eq!(minted.status.success(), accepted, "{ttl}: {}", told(&minted));
    }
    let refused = command(["token", "--sub", "alice"]).env("JWT_SECRET", "short").output().unwrap();
    assert!(!refused.status.success() && told(&refused).contains("JWT_SECRET"), "{}", told(&refused));
}
