//! Sealing, binding, wrong keys and shredding.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use secrecy::SecretString;

use super::envelope::Binding;
use super::key::DataKey;
use super::*;
use crate::identity::AccountId;
use crate::store::SledStore;

pub(super) const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
pub(super) const OTHER_KEY: &str = "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

pub(super) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

pub(super) fn master(text: &str) -> MasterKey {
    MasterKey::parse(&SecretString::from(text)).unwrap()
}

pub(super) async fn open(folder: &DataFolder, key: &str) -> Result<Vault, VaultError> {
    Vault::open(folder, &master(key), || SledStore::open(folder, 16 << 20)).await
}

pub(super) fn user(name: &str) -> UserId {
    name.parse().unwrap()
}

pub(super) fn files(folder: &Path) -> BTreeMap<std::path::PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    found
}

#[test]
fn records_survive_a_restart_and_are_nowhere_in_the_clear() {
    let place = tempfile::tempdir().unwrap();
    let account = AccountId::generate();
    runtime().block_on(async {
        let folder = DataFolder::open(place.path()).unwrap();
        let vault = open(&folder, KEY).await.unwrap();
        let records = vault.user_records(&user("ada")).await.unwrap();
        let sessions = records.account(account).await.unwrap();
        let batch = sessions.batch().put(Space::Session, b"", &"+15550000001 planted").unwrap();
        let other = vault.server_records().batch().put(Space::Setting, b"x", &"also planted").unwrap();
        batch.and(other).commit(Durability::Durable).await.unwrap();
        vault.close().await;
    });
    for (path, bytes) in files(place.path()) {
        assert!(!bytes.windows(7).any(|window| window == b"planted"), "{path:?}");
    }
    runtime().block_on(async {
        let folder = DataFolder::open(place.path()).unwrap();
        let vault = open(&folder, KEY).await.unwrap();
        assert_eq!(vault.users(None, 10).await.unwrap(), [user("ada")]);
        let records = vault.user_records(&user("ada")).await.unwrap();
        assert_eq!(records.accounts().await.unwrap(), [account]);
        let session: Option<String> = records.account(account).await.unwrap().get(Space::Session, b"").await.unwrap();
        assert_eq!(session.as_deref(), Some("+15550000001 planted"));
        records.destroy_account(account).await.unwrap();
        assert_eq!(records.accounts().await.unwrap(), []);
        let session: Option<String> = records.account(account).await.unwrap().get(Space::Session, b"").await.unwrap();
        assert_eq!(session, None, "a new key of the same account opens nothing old");
        vault.close().await;
    });
}

#[test]
fn a_destroyed_account_takes_no_more_writes_from_views_that_are_still_held() {
    let place = tempfile::tempdir().unwrap();
    let account = AccountId::generate();
    runtime().block_on(async {
        let folder = DataFolder::open(place.path()).unwrap();
        let vault = open(&folder, KEY).await.unwrap();
        let records = vault.user_records(&user("ada")).await.unwrap();
        let held = records.account(account).await.unwrap();
        held.batch().put(Space::Session, b"", &"session").unwrap().commit(Durability::Durable).await.unwrap();
        records.destroy_account(account).await.unwrap();
        let late = held.batch().put(Space::Session, b"", &"session").unwrap();
        let with_others = records.batch().put(Space::Setting, b"x", &1).unwrap().and(late);
        assert!(matches!(with_others.commit(Durability::Durable).await, Err(VaultError::Conflict)));
        assert_eq!(records.get::<u8>(Space::Setting, b"x").await.unwrap(), None, "nothing of the batch is written");
        vault.close().await;
    });
}

#[test]
fn a_wrong_master_key_is_refused_and_changes_nothing() {
    let place = tempfile::tempdir().unwrap();
    for (right, wrong) in [(KEY, OTHER_KEY), ("a passphrase of some length", KEY)] {
        let path = place.path().join(&right[..4]);
        runtime().block_on(async {
            let folder = DataFolder::open(&path).unwrap();
            let vault = open(&folder, right).await.unwrap();
            vault.user_records(&user("ada")).await.unwrap();
            vault.close().await;
        });
        let before = files(&path);
        runtime().block_on(async {
            let folder = DataFolder::open(&path).unwrap();
            let refusal = open(&folder, wrong).await.unwrap_err();
            assert!(matches!(refusal, VaultError::WrongMasterKey(_)), "{refusal}");
        });
        assert_eq!(before, files(&path));
    }
}

#[test]
fn a_missing_keyring_is_never_replaced_by_a_new_one() {
    let place = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let folder = DataFolder::open(place.path()).unwrap();
        open(&folder, KEY).await.unwrap().close().await;
        for lost in ["keys/07.json", "keys", "keyring.json"] {
            let moved = place.path().join("elsewhere");
            std::fs::rename(place.path().join(lost), &moved).unwrap();
            assert!(matches!(open(&folder, KEY).await, Err(VaultError::Keyring { .. })), "{lost}");
            std::fs::rename(&moved, place.path().join(lost)).unwrap();
        }
        std::fs::remove_file(place.path().join("keyring.json")).unwrap();
        assert!(matches!(open(&folder, KEY).await, Err(VaultError::Keyring { .. })));
    });
}

#[test]
fn master_keys_are_read_in_every_documented_form() {
    assert!(MasterKey::parse(&SecretString::from("")).is_err());
    assert!(MasterKey::parse(&SecretString::from("short")).is_err());
    for weak in ["00".repeat(32), "AA".repeat(32), "aaaaaaaaaaaaaaaaaaaaaaaa".into()] {
        let refused = MasterKey::parse(&SecretString::from(weak)).unwrap_err().to_string();
        assert!(refused.contains("is weak"), "{refused}");
    }
    for good in [KEY, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "sixteen letters!"] {
        assert!(MasterKey::parse(&SecretString::from(good)).is_ok(), "{good}");
    }
}

fn bindings() -> Vec<Binding> {
    let (one, two) = (AccountId::from_bytes([1; 16]), AccountId::from_bytes([2; 16]));
    vec![
        Binding::server(),
        Binding::user(user("ada")),
        Binding::user(user("ad")),
        Binding::account(user("ada"), one),
        Binding::account(user("ada"), two),
        Binding::account(user("ad"), one),
    ]
}

proptest! {
    #[test]
    fn an_envelope_opens_only_whole_and_where_it_was_sealed(
        value in proptest::collection::vec(any::<u8>(), 0..200),
        id in proptest::collection::vec(any::<u8>(), 0..20),
        flip in any::<prop::sample::Index>(),
        bit in 0u8..8,
    ) {
        let key = DataKey::generate().unwrap();
        let bindings = bindings();
        let home = &bindings[3];
        let sealed = home.seal(&key, Space::Session, &id, &value).unwrap();
        prop_assert_eq!(home.open(&key, Space::Session, &id, &sealed).unwrap().to_vec(), value);
        for (number, other) in bindings.iter().enumerate() {
            prop_assert_eq!(other.open(&key, Space::Session, &id, &sealed).is_ok(), number == 3);
        }
        prop_assert!(home.open(&key, Space::Peer, &id, &sealed).is_err());
        let mut longer = id.clone();
        longer.push(0);
        prop_assert!(home.open(&key, Space::Session, &longer, &sealed).is_err());
        prop_assert!(home.open(&DataKey::generate().unwrap(), Space::Session, &id, &sealed).is_err());
        let mut flipped = sealed.clone();
        flipped[flip.index(sealed.len())] ^= 1 << bit;
        prop_assert!(home.open(&key, Space::Session, &id, &flipped).is_err());
        prop_assert!(home.open(&key, Space::Session, &id, &sealed[..flip.index(sealed.len())]).is_err());
    }
}
