//! The chain, its repair and its refusals.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::identity::UserId;
use crate::store::DataFolder;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn entry(user: &str, phase: Phase) -> AuditEntry {
    AuditEntry {
        phase,
        user_id: user.parse().unwrap(),
        agent_key_id: None,
        operation: "send_message".into(),
        method: "POST".into(),
        path: Some("/api/v1/accounts".into()),
        account_id: None,
        chat_id: Some(-100),
        request_id: Some("r1".into()),
        code: None,
        status: None,
        intent: None,
        approval_id: None,
    }
}

/// A closed log with this many intents and outcomes of one user, and its bytes.
fn written(folder: &Path, calls: usize) -> Vec<u8> {
    runtime().block_on(async {
        let folder = DataFolder::open(folder).unwrap();
        let (log, _) = AuditLog::open(&folder).unwrap();
        for _ in 0..calls {
            let intent = log.append(entry("ada", Phase::Intent)).await.unwrap();
            log.note(entry("ada", Phase::Intent).outcome(intent, "ok", 204)).await;
        }
        log.close().await;
    });
    std::fs::read(folder.join("audit.log")).unwrap()
}

fn reopen(folder: &Path) -> Result<(Vec<AuditRow>, OpenReport), AuditError> {
    runtime().block_on(async {
        let folder = DataFolder::open(folder).unwrap();
        let (log, report) = AuditLog::open(&folder)?;
        let rows = log.rows(&"ada".parse::<UserId>().unwrap(), 1_000).await?;
        log.close().await;
        Ok((rows, report))
    })
}

#[test]
fn rows_are_the_users_own_in_order_with_their_outcomes_across_a_restart() {
    let place = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let folder = DataFolder::open(place.path()).unwrap();
        let (log, report) = AuditLog::open(&folder).unwrap();
        assert_eq!(report, OpenReport::default());
        let first = log.append(entry("ada", Phase::Intent)).await.unwrap();
        log.append(entry("boris", Phase::Denied)).await.unwrap();
        log.note(entry("ada", Phase::Intent).outcome(first, "ok", 200)).await;
        log.append(entry("ada", Phase::Intent)).await.unwrap();
        log.close().await;
        assert!(matches!(log.append(entry("ada", Phase::Intent)).await, Err(AuditError::Closed(_))));
        assert!(!log.is_healthy());
    });
    let (rows, report) = reopen(place.path()).unwrap();
    let seen: Vec<_> = rows.iter().map(|row| (row.seq, row.status, row.code.as_deref())).collect();
    assert_eq!(seen, [(1, Some(200), Some("ok")), (4, None, Some("unknown"))]);
    assert_eq!((report.entries, report.open_intents), (4, 1));
    let (again, report) = reopen(place.path()).unwrap();
    assert_eq!(again, rows);
    assert_eq!((report.entries, report.open_intents), (5, 0), "it is said once");
}

#[test]
fn concurrent_appends_make_one_chain_in_fewer_syncs() {
    let place = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let folder = DataFolder::open(place.path()).unwrap();
        let (log, _) = AuditLog::open(&folder).unwrap();
        let appends = (0..500).map(|_| {
            let log = log.clone();
            tokio::spawn(async move { log.append(entry("ada", Phase::Intent)).await.unwrap() })
        });
        let mut numbers = Vec::new();
        for append in appends.collect::<Vec<_>>() {
            numbers.push(append.await.unwrap());
        }
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=500).collect::<Vec<u64>>());
        assert!(log.syncs() < 500, "{} syncs for 500 entries", log.syncs());
        log.close().await;
    });
    assert_eq!(reopen(place.path()).unwrap().0.len(), 500);
}

#[test]
fn a_torn_last_line_is_cut_noted_and_forgotten() {
    let place = tempfile::tempdir().unwrap();
    let bytes = written(place.path(), 3);
    let torn = [&bytes[..], b"{\"seq\":7,\"ts\":1"].concat();
    std::fs::write(place.path().join("audit.log"), torn).unwrap();
    let (rows, report) = reopen(place.path()).unwrap();
    assert_eq!((rows.len(), report.entries, report.torn_bytes), (3, 6, 15));
    assert_eq!(report.notes().len(), 1);
    let (_, again) = reopen(place.path()).unwrap();
    assert_eq!((again.entries, again.torn_bytes), (7, 0), "the repair is an entry itself");
}

#[test]
fn a_removed_or_shortened_log_stops_the_start() {
    let place = tempfile::tempdir().unwrap();
    let bytes = written(place.path(), 3);
    let path = place.path().join("audit.log");
    let second_line = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for shortened in [&bytes[..0], &bytes[..second_line]] {
        std::fs::write(&path, shortened).unwrap();
        assert!(matches!(reopen(place.path()), Err(AuditError::Broken { .. })));
        assert_eq!(std::fs::read(&path).unwrap(), shortened, "a refused log is left as it was");
    }
    std::fs::write(&path, &bytes).unwrap();
    assert!(reopen(place.path()).is_ok());
}

#[test]
fn a_log_whose_head_is_gone_stops_the_start() {
    let place = tempfile::tempdir().unwrap();
    let bytes = written(place.path(), 3);
    let (path, head) = (place.path().join("audit.log"), place.path().join("audit.head"));
    let remembered = std::fs::read(&head).unwrap();
    let second_line = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    std::fs::write(&path, &bytes[..second_line]).unwrap();
    std::fs::remove_file(&head).unwrap();
    assert!(matches!(reopen(place.path()), Err(AuditError::Broken { .. })));
    assert!(!head.exists(), "a refused log is left as it was");
    std::fs::write(&head, "").unwrap();
    assert!(matches!(reopen(place.path()), Err(AuditError::Broken { .. })));
    std::fs::write(&path, &bytes).unwrap();
    std::fs::write(&head, &remembered).unwrap();
    assert!(reopen(place.path()).is_ok());
}

/// A process whose files may not grow beyond a few kilobytes appends until the log refuses, and keeps being refused.
#[test]
fn a_write_that_fails_stops_the_log_for_good() {
    const ROLE: &str = "VASYA_TEST_AUDIT_VICTIM";
    if let Ok(folder) = std::env::var(ROLE) {
        append_until_refused(Path::new(&folder));
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let limited = r#"trap '' XFSZ; ulimit -f 8; exec "$0" --exact audit::tests::a_write_that_fails_stops_the_log_for_good"#;
    let victim = std::process::Command::new("sh")
        .args(["-c", limited])
        .arg(std::env::current_exe().unwrap())
        .env(ROLE, place.path())
        .output()
        .unwrap();
    assert!(victim.status.success(), "{}", String::from_utf8_lossy(&victim.stdout));
    let (rows, _) = reopen(place.path()).unwrap();
    assert!((2..1_000).contains(&rows.len()), "{} entries fit", rows.len());
}

fn append_until_refused(folder: &Path) {
    runtime().block_on(async {
        let folder = DataFolder::open(folder).unwrap();
        let (log, _) = AuditLog::open(&folder).unwrap();
        let mut entries = 0;
        while log.append(entry("ada", Phase::Intent)).await.is_ok() {
            entries += 1;
            assert!(entries < 1_000, "the file has no limit");
        }
        assert!(matches!(log.append(entry("ada", Phase::Intent)).await, Err(AuditError::Closed(_))));
        assert!(!log.is_healthy());
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_edit_of_any_byte_is_found(position in any::<prop::sample::Index>(), value: u8) {
        let place = tempfile::tempdir().unwrap();
        let bytes = written(place.path(), 3);
        let mut edited = bytes.clone();
        let position = position.index(bytes.len());
        prop_assume!(edited[position] != value);
        edited[position] = value;
        std::fs::write(place.path().join("audit.log"), edited).unwrap();
        prop_assert!(reopen(place.path()).is_err());
    }

    #[test]
    fn removed_and_swapped_lines_are_found(one in 0usize..6, other in 0usize..6) {
        let place = tempfile::tempdir().unwrap();
        let bytes = written(place.path(), 3);
        let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        let mut changed = lines.clone();
        if one == other {
            changed.remove(one);
        } else {
            changed.swap(one, other);
        }
        std::fs::write(place.path().join("audit.log"), changed.concat()).unwrap();
        prop_assert!(reopen(place.path()).is_err());
    }
}
