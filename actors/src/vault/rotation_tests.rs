//! Rotation under load and over kills, destroyed keys beside older stores, and folders of the format before.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::tests::{KEY, OTHER_KEY, files, master, open, runtime, user};
use super::*;
use crate::identity::AccountId;
use crate::store::SledStore;

const LIMIT: Duration = Duration::from_secs(60);

async fn settled(vault: &Vault) {
    let waiting = async {
        while vault.keyring_state().state != RotationState::Settled {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(LIMIT, waiting).await.expect("the rotation ends");
}

async fn fill(vault: &Vault, owner: &str, accounts: usize, records: u32) -> Vec<AccountId> {
    let records_of_user = vault.user_records(&user(owner)).await.unwrap();
    let mut made = Vec::new();
    for _ in 0..accounts {
        let account = AccountId::generate();
        let view = records_of_user.account(account).await.unwrap();
        let batch = (0..records).fold(view.batch(), |batch, number| {
            batch.put(Space::Peer, &number.to_be_bytes(), &format!("peer {number}")).unwrap()
        });
        batch.commit(Durability::Relaxed).await.unwrap();
        made.push(account);
    }
    made
}

async fn expect_all(vault: &Vault, owner: &str, accounts: &[AccountId], records: u32) {
    let of_user = vault.user_records(&user(owner)).await.unwrap();
    for account in accounts {
        let page = of_user.account(*account).await.unwrap().scan::<String>(Space::Peer, None, 4_096).await.unwrap();
        assert_eq!(page.len(), records as usize);
        assert!(page.iter().enumerate().all(|(number, (_, text))| *text == format!("peer {number}")));
    }
}

fn copy_folder(from: &Path, to: &Path) {
    for (path, bytes) in files(from) {
        let target = to.join(path.strip_prefix(from).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::write(target, bytes).unwrap();
    }
}

#[test]
fn keys_are_rotated_under_load_and_nobody_notices() {
    let place = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = DataFolder::open(place.path()).unwrap();
        let vault = open(&folder, KEY).await.unwrap();
        let accounts = fill(&vault, "ada", 120, 20).await;
        let before = vault.keyring_state();
        let stop = Arc::new(AtomicBool::new(false));
        let written = Arc::new(AtomicU64::new(0));
        let of_user = vault.user_records(&user("ada")).await.unwrap();
        let load = |account: AccountId| {
            let (of_user, stop, written) = (of_user.clone(), Arc::clone(&stop), Arc::clone(&written));
            tokio::spawn(async move {
                let view = of_user.account(account).await.unwrap();
                let mut number = 0u64;
                while !stop.load(Ordering::SeqCst) {
                    number += 1;
                    let batch = view.batch().put(Space::Session, b"n", &number).unwrap();
                    batch.commit(Durability::Relaxed).await.expect("a write during a rotation");
                    assert_eq!(view.get::<u64>(Space::Session, b"n").await.expect("a read during a rotation"), Some(number));
                    written.fetch_add(1, Ordering::SeqCst);
                }
                number
            })
        };
        let tasks: Vec<_> = accounts.iter().take(16).map(|account| load(*account)).collect();
        vault.rotate_keyring(Some(master(OTHER_KEY))).await.unwrap();
        vault.pause_rotation(true).await.unwrap();
        assert_eq!(vault.keyring_state().state, RotationState::Paused);
        vault.pause_rotation(false).await.unwrap();
        settled(&vault).await;
        while written.load(Ordering::SeqCst) < 200 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        stop.store(true, Ordering::SeqCst);
        for task in tasks {
            assert!(task.await.unwrap() > 0);
        }
        let after = vault.keyring_state();
        assert_eq!((after.keys.len(), after.master_keys, after.owners_done), (1, 1, after.owners_total));
        assert_ne!(after.keys, before.keys);
        expect_all(&vault, "ada", &accounts, 20).await;
        vault.close().await;
        drop((vault, of_user));
        assert!(matches!(open(&folder, KEY).await, Err(VaultError::WrongMasterKey(_))), "the old master key opens nothing");
        let vault = open(&folder, OTHER_KEY).await.unwrap();
        expect_all(&vault, "ada", &accounts, 20).await;
        vault.close().await;
    });
}

/// A process that rotates is killed again and again, each time a little later; every start goes on, and nothing is lost.
#[test]
fn a_rotation_survives_kills_at_any_point() {
    const ROLE: &str = "VASYA_TEST_ROTATION_VICTIM";
    let open_either = async |folder: &DataFolder| {
        let keys = [master(KEY), master(OTHER_KEY)];
        Vault::open_with(folder, &[&keys[0], &keys[1]], || SledStore::open(folder, 16 << 20)).await.unwrap().0
    };
    if let Ok(path) = std::env::var(ROLE) {
        runtime().block_on(async {
            let folder = DataFolder::open(Path::new(&path)).unwrap();
            let vault = open_either(&folder).await;
            vault.rotate_keyring(Some(master(OTHER_KEY))).await.unwrap();
            println!("rotating");
            settled(&vault).await;
            vault.close().await;
        });
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let accounts = runtime().block_on(async {
        let folder = DataFolder::open(place.path()).unwrap();
        let vault = open(&folder, KEY).await.unwrap();
        let accounts = fill(&vault, "ada", 60, 30).await;
        vault.close().await;
        accounts
    });
    for round in 0..12u64 {
        let mut victim = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "vault::rotation_tests::a_rotation_survives_kills_at_any_point", "--nocapture"])
            .env(ROLE, place.path())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let output = std::io::BufReader::new(victim.stdout.take().unwrap());
        let begun = std::io::BufRead::lines(output).any(|line| line.unwrap().contains("rotating"));
        assert!(begun, "round {round}");
        std::thread::sleep(Duration::from_millis(round * 9));
        victim.kill().unwrap();
        victim.wait().unwrap();
        runtime().block_on(async {
            let folder = DataFolder::open(place.path()).unwrap();
            let vault = open_either(&folder).await;
            expect_all(&vault, "ada", &accounts, 30).await;
            vault.close().await;
        });
    }
    runtime().block_on(async {
        let folder = DataFolder::open(place.path()).unwrap();
        let vault = open_either(&folder).await;
        settled(&vault).await;
        assert_eq!(vault.keyring_state().keys.len(), 1);
        expect_all(&vault, "ada", &accounts, 30).await;
        vault.close().await;
    });
}

#[test]
fn an_older_store_beside_the_present_keys_gives_nothing_destroyed_back() {
    let (place, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    runtime().block_on(async {
        let folder = DataFolder::open(place.path()).unwrap();
        let vault = open(&folder, KEY).await.unwrap();
        let (ada, boris) = (fill(&vault, "ada", 2, 3).await, fill(&vault, "boris", 1, 3).await);
        vault.close().await;
        drop(vault);
        copy_folder(&place.path().join("store"), copy.path());

        let vault = open(&folder, KEY).await.unwrap();
        vault.user_records(&user("ada")).await.unwrap().destroy_account(ada[0]).await.unwrap();
        vault.destroy_user(&user("boris")).await.unwrap();
        assert_eq!(vault.users(None, 10).await.unwrap(), [user("ada")]);
        vault.close().await;
        drop(vault);
        std::fs::remove_dir_all(place.path().join("store")).unwrap();
        copy_folder(copy.path(), &place.path().join("store"));

        // The older store has the records again, and no key opens them: none that is left names their owners.
        let keys = KeyFiles::open(&folder).unwrap();
        for gone in
            [Binding::account(user("ada"), ada[0]), Binding::user(user("boris")), Binding::account(user("boris"), boris[0])]
        {
            assert!(keys.keys(&gone.place()).is_empty());
        }
        let vault = open(&folder, KEY).await.unwrap();
        let of_ada = vault.user_records(&user("ada")).await.unwrap();
        assert_eq!(of_ada.accounts().await.unwrap(), ada[1..], "what is left of the deleted account is removed");
        assert_eq!(vault.users(None, 10).await.unwrap(), [user("ada")]);
        expect_all(&vault, "ada", &ada[1..], 3).await;
        vault.close().await;
    });
}

/// The fixture was made by the release before the keys had files of their own.
#[test]
fn a_folder_of_the_format_before_is_brought_to_the_present_one() {
    let place = tempfile::tempdir().unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/it/fixtures/data-format-1");
    copy_folder(&fixture, place.path());
    let passphrase = "a passphrase of the first format";
    let account: AccountId = "01a20ebf-abf2-7045-a77d-1afad9fb293e".parse().unwrap();
    for _ in 0..2 {
        runtime().block_on(async {
            let folder = DataFolder::open(place.path()).unwrap();
            assert!(matches!(open(&folder, KEY).await, Err(VaultError::WrongMasterKey(_))));
            let vault = open(&folder, passphrase).await.unwrap();
            assert_eq!(vault.users(None, 10).await.unwrap(), [user("local")]);
            let records = vault.user_records(&user("local")).await.unwrap();
            assert_eq!(records.accounts().await.unwrap(), [account]);
            let session: Option<serde_json::Value> =
                records.account(account).await.unwrap().get(Space::Session, b"").await.unwrap();
            assert!(session.is_some(), "the session is there");
            vault.close().await;
        });
        assert_eq!(std::fs::read_to_string(place.path().join("format")).unwrap(), "vasya-data 2\n");
    }
    // The store of before, put back beside the present keys, brings nothing that its own keyring opened.
    let keyring = std::fs::read_to_string(place.path().join("keyring.json")).unwrap();
    let before = std::fs::read_to_string(fixture.join("keyring.json")).unwrap();
    let before: serde_json::Value = serde_json::from_str(&before).unwrap();
    assert!(!keyring.contains(before["current"].as_str().unwrap()), "the key that wrapped before is gone");
}
