//! One suite for every engine.

use std::sync::Arc;

use super::*;

const CACHE_BYTES: u64 = 16 * 1_024 * 1_024;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap()
}

async fn reads_what_was_written(store: &dyn Store) {
    let batch = Batch::new().put(*b"a", *b"1").put(*b"b", *b"2").delete(*b"absent");
    store.commit(batch).await.unwrap();
    assert_eq!(store.get(b"a").await.unwrap().as_deref(), Some(b"1".as_slice()));
    assert_eq!(store.get(b"c").await.unwrap(), None);
    store.commit(Batch::new().put(*b"a", *b"3").delete(*b"a").put(*b"a", *b"4").delete(*b"b")).await.unwrap();
    assert_eq!(store.get(b"a").await.unwrap().as_deref(), Some(b"4".as_slice()), "the last write of a batch stands");
    assert_eq!(store.get(b"b").await.unwrap(), None);
}

async fn preconditions_guard_whole_batches(store: &dyn Store) {
    store.commit(Batch::new().put(*b"k", *b"1")).await.unwrap();
    let refused = [
        Precondition::Absent(b"k".to_vec()),
        Precondition::Exists(b"other".to_vec()),
        Precondition::Equals(b"k".to_vec(), b"2".to_vec()),
    ];
    for condition in refused {
        let batch = Batch::new().put(*b"x", *b"1").require(condition);
        assert_eq!(store.commit(batch).await, Err(StoreError::PreconditionFailed));
    }
    assert_eq!(store.get(b"x").await.unwrap(), None, "nothing of a refused batch is written");
    let holds = Batch::new()
        .put(*b"x", *b"1")
        .require(Precondition::Exists(b"k".to_vec()))
        .require(Precondition::Absent(b"x".to_vec()))
        .require(Precondition::Equals(b"k".to_vec(), b"1".to_vec()));
    store.commit(holds).await.unwrap();
}

async fn scans_in_pages(store: &dyn Store) {
    let batch =
        (0..10u8).fold(Batch::new().put(*b"q", *b"").put(*b"o", *b""), |batch, number| batch.put([b'p', number], [number]));
    store.commit(batch).await.unwrap();
    let (mut seen, mut after): (Vec<u8>, Option<Vec<u8>>) = (Vec::new(), None);
    loop {
        let page = store.scan(b"p", after.as_deref(), 3).await.unwrap();
        assert!(page.len() <= 3);
        let Some((last, _)) = page.last() else { break };
        after = Some(last.clone());
        seen.extend(page.iter().map(|(_, value)| value[0]));
    }
    assert_eq!(seen, (0..10).collect::<Vec<u8>>());
}

async fn bounds_are_errors(store: &dyn Store) {
    let long_value = Batch::new().put(*b"k", vec![0; VALUE_BYTES_MAX + 1]);
    assert_eq!(store.commit(long_value).await, Err(StoreError::ValueTooLong(VALUE_BYTES_MAX + 1)));
    let long_key = Batch::new().put(vec![0; KEY_BYTES_MAX + 1], *b"");
    assert_eq!(store.commit(long_key).await, Err(StoreError::KeyTooLong(KEY_BYTES_MAX + 1)));
    store.commit(Batch::new().put(vec![0; KEY_BYTES_MAX], vec![0; VALUE_BYTES_MAX])).await.unwrap();
}

/// Concurrent counters by compare-and-swap: every acknowledged step is there, none is lost.
async fn concurrent_commits_are_serial(store: Arc<dyn Store>) {
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                loop {
                    let now = store.get(b"counter").await.unwrap();
                    let next = now.as_deref().map_or(0u64, |bytes| u64::from_be_bytes(bytes.try_into().unwrap())) + 1;
                    let condition = match now {
                        None => Precondition::Absent(b"counter".to_vec()),
                        Some(value) => Precondition::Equals(b"counter".to_vec(), value),
                    };
                    let batch = Batch::new().put(*b"counter", next.to_be_bytes()).require(condition);
                    match store.commit(batch).await {
                        Ok(()) => return,
                        Err(StoreError::PreconditionFailed) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(store.get(b"counter").await.unwrap(), Some(100u64.to_be_bytes().to_vec()));
}

/// A snapshot under writes is the store at one moment: of two keys that are always written together, it has the same values.
async fn snapshots_are_of_one_moment(store: Arc<dyn Store>) {
    let fill =
        (0..3_000u32).fold(Batch::new(), |batch, number| batch.put([b"s", number.to_be_bytes().as_slice()].concat(), *b"x"));
    store.commit(fill).await.unwrap();
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (writing, stopped) = (Arc::clone(&store), Arc::clone(&stop));
    let writer = tokio::spawn(async move {
        let mut number = 0u64;
        while !stopped.load(std::sync::atomic::Ordering::SeqCst) {
            number += 1;
            let value = number.to_be_bytes();
            let batch = Batch::new().put(*b"a-first", value).put(*b"z-last", value).delete([b"s", &value[4..]].concat());
            writing.commit(batch.durability(Durability::Relaxed)).await.unwrap();
        }
        number
    });
    for _ in 0..5 {
        let mut snapshot = store.snapshot().await.unwrap();
        let mut seen = std::collections::BTreeMap::new();
        while let Some(changes) = snapshot.next().await.unwrap() {
            for (key, value) in changes {
                match value {
                    Some(value) => seen.insert(key, value),
                    None => seen.remove(&key),
                };
            }
        }
        let written = seen.get(b"a-first".as_slice()).cloned();
        assert_eq!(written.as_ref(), seen.get(b"z-last".as_slice()));
        let written = written.map_or(0, |bytes| u64::from_be_bytes(bytes.try_into().unwrap()));
        let left = seen.keys().filter(|key| key.starts_with(b"s")).count() as u64;
        assert_eq!(left, 3_000 - written.min(2_999), "as many are deleted as were written");
    }
    stop.store(true, std::sync::atomic::Ordering::SeqCst);
    assert!(writer.await.unwrap() > 0);
}

async fn the_whole_suite(store: Arc<dyn Store>) {
    reads_what_was_written(store.as_ref()).await;
    preconditions_guard_whole_batches(store.as_ref()).await;
    scans_in_pages(store.as_ref()).await;
    bounds_are_errors(store.as_ref()).await;
    concurrent_commits_are_serial(Arc::clone(&store)).await;
    snapshots_are_of_one_moment(Arc::clone(&store)).await;
    let relaxed = Batch::new().put(*b"relaxed", *b"1").durability(Durability::Relaxed);
    store.commit(relaxed).await.unwrap();
    assert_eq!(store.get(b"relaxed").await.unwrap().as_deref(), Some(b"1".as_slice()));
    assert!(store.is_healthy());
    store.close().await;
    assert!(!store.is_healthy());
    assert_eq!(store.commit(Batch::new().put(*b"late", *b"")).await, Err(StoreError::Closed));
}

#[test]
fn the_memory_engine_keeps_the_contract() {
    runtime().block_on(the_whole_suite(Arc::new(MemoryStore::new())));
}

#[test]
fn the_sled_engine_keeps_the_contract_and_what_it_was_given() {
    let place = tempfile::tempdir().unwrap();
    let runtime = runtime();
    let folder = DataFolder::open(place.path()).unwrap();
    runtime.block_on(the_whole_suite(Arc::new(SledStore::open(&folder, CACHE_BYTES).unwrap())));
    let reopened = SledStore::open(&folder, CACHE_BYTES).unwrap();
    let counter = runtime.block_on(reopened.get(b"counter")).unwrap();
    assert_eq!(counter, Some(100u64.to_be_bytes().to_vec()));
    assert_eq!(runtime.block_on(reopened.get(b"relaxed")).unwrap().as_deref(), Some(b"1".as_slice()));
}

/// sled moves a tree node that is too large into a file that it never syncs, so no node may become that large.
#[test]
fn the_largest_values_stay_in_the_file_that_is_synced() {
    let place = tempfile::tempdir().unwrap();
    let folder = DataFolder::open(place.path()).unwrap();
    let store = SledStore::open(&folder, CACHE_BYTES).unwrap();
    runtime().block_on(async {
        for round in 0..3u8 {
            for number in 0..40u8 {
                let mut key = vec![number; KEY_BYTES_MAX];
                key[0] = b'k';
                store.commit(Batch::new().put(key, vec![round; VALUE_BYTES_MAX])).await.unwrap();
                let apart = std::fs::read_dir(place.path().join("store/blobs")).unwrap().count();
                assert_eq!(apart, 0, "round {round}, value {number}");
            }
        }
        store.close().await;
    });
}

/// A process that commits is killed at a moment of its own choosing; whatever it acknowledged on its standard output is there.
#[test]
fn a_kill_loses_nothing_that_was_acknowledged() {
    const ROLE: &str = "VASYA_TEST_STORE_VICTIM";
    if let Ok(folder) = std::env::var(ROLE) {
        commit_until_killed(std::path::Path::new(&folder));
        return;
    }
    let place = tempfile::tempdir().unwrap();
    for round in 0..5u64 {
        let mut victim = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::tests::a_kill_loses_nothing_that_was_acknowledged", "--nocapture"])
            .env(ROLE, place.path())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let output = std::io::BufReader::new(victim.stdout.take().unwrap());
        let mut acknowledged = None;
        for line in std::io::BufRead::lines(output) {
            let Ok(number) = line.unwrap().parse::<u64>() else { continue };
            acknowledged = Some(number);
            if number % 1_000 >= 20 + round * 17 {
                victim.kill().unwrap();
            }
        }
        victim.wait().unwrap();
        let folder = DataFolder::open(place.path()).unwrap();
        let store = SledStore::open(&folder, CACHE_BYTES).unwrap();
        let stored = runtime().block_on(store.get(b"number")).unwrap();
        let stored = stored.unwrap_or_else(|| panic!("nothing is stored, {acknowledged:?} was acknowledged"));
        let stored = u64::from_be_bytes(stored.try_into().unwrap());
        assert!(stored >= acknowledged.unwrap(), "{stored} is stored, {acknowledged:?} was acknowledged");
    }
}

fn commit_until_killed(path: &std::path::Path) {
    let folder = DataFolder::open(path).unwrap();
    let store = SledStore::open(&folder, CACHE_BYTES).unwrap();
    runtime().block_on(async {
        let stored = store.get(b"number").await.unwrap().map_or(0, |bytes| u64::from_be_bytes(bytes.try_into().unwrap()));
        let first = (stored / 1_000 + 1) * 1_000;
        for number in first..first + 900 {
            store.commit(Batch::new().put(*b"number", number.to_be_bytes())).await.unwrap();
            println!("{number}");
        }
    });
}
