//! The chain, its repair and its refusals.

use std::io::Write;
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
        let (log, _) = AuditLog::open(&folder, AuditKey::fixed(1)).unwrap();
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
        let (log, report) = AuditLog::open(&folder, AuditKey::fixed(1))?;
        let page = log.rows(&"ada".parse::<UserId>().unwrap(), AuditQuery { limit: 1_000, ..AuditQuery::default() }).await?;
        log.close().await;
        Ok((page.rows.iter().map(|row| row.row().clone()).collect(), report))
    })
}

#[test]
fn rows_are_the_users_own_in_order_with_their_outcomes_across_a_restart() {
    let place = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let folder = DataFolder::open(place.path()).unwrap();
        let (log, report) = AuditLog::open(&folder, AuditKey::fixed(1)).unwrap();
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
        let (log, _) = AuditLog::open(&folder, AuditKey::fixed(1)).unwrap();
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

#[test]
fn a_log_that_was_written_anew_or_has_an_old_checkpoint_stops_the_start() {
    let (place, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    written(place.path(), 3);
    let checkpoint = std::fs::read(place.path().join(CHECKPOINT)).unwrap();
    written(other.path(), 3);
    for name in [LOG, HEAD] {
        std::fs::copy(other.path().join(name), place.path().join(name)).unwrap();
    }
    let told = reopen(place.path()).unwrap_err().to_string();
    assert!(told.contains("are not those that audit.checkpoint has signed"), "{told}");
    std::fs::copy(other.path().join(CHECKPOINT), place.path().join(CHECKPOINT)).unwrap();
    assert!(reopen(place.path()).is_ok(), "the other log is whole, and was signed with the same key");
    std::fs::write(place.path().join(CHECKPOINT), checkpoint).unwrap();
    assert!(reopen(place.path()).is_err(), "a checkpoint of another log of the same length");
    let foreign = AuditLog::open(&DataFolder::open(other.path()).unwrap(), AuditKey::fixed(2));
    assert!(matches!(foreign, Err(AuditError::Broken { .. })), "another key has signed it");
}

#[test]
fn what_was_signed_is_remembered_when_its_checkpoint_is_taken_away() {
    let place = tempfile::tempdir().unwrap();
    written(place.path(), 3);
    let open = |size: u64, root: [u8; 32]| {
        let key = AuditKey { last: Some(signing::Signed { size, root }), ..AuditKey::fixed(1) };
        let opened = runtime().block_on(async { AuditLog::open(&DataFolder::open(place.path()).unwrap(), key) });
        opened.map(|_| ()).unwrap_err().to_string()
    };
    assert!(open(7, [0; 32]).contains("the store has signed 7 entries"));
    assert!(open(6, [0; 32]).contains("are not those that the store has signed"));
    std::fs::remove_file(place.path().join(CHECKPOINT)).unwrap();
    assert!(open(6, [0; 32]).contains("it is missing"));
}

#[test]
fn pages_are_what_a_filter_of_everything_would_give() {
    let place = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let folder = DataFolder::open(place.path()).unwrap();
        let (log, _) = AuditLog::open(&folder, AuditKey::fixed(1)).unwrap();
        for number in 0..60 {
            let user = if number % 4 == 0 { "boris" } else { "ada" };
            let operation = if number % 3 == 0 { "save_folder" } else { "send_message" };
            let entry = AuditEntry { operation: operation.into(), ..entry(user, Phase::Intent) };
            if number % 5 == 0 {
                log.append(entry.denied(Code::MissingScope)).await.unwrap();
            } else {
                let intent = log.append(entry.clone()).await.unwrap();
                log.note(entry.outcome(intent, if number % 7 == 0 { "internal" } else { "ok" }, 200)).await;
            }
        }
        let (ada, everything) = ("ada".parse::<UserId>().unwrap(), AuditQuery { limit: 1_000, ..AuditQuery::default() });
        // The last outcome is in the log when the next entry is.
        log.append(entry("boris", Phase::Denied)).await.unwrap();
        let all = log.rows(&ada, everything.clone()).await.unwrap();
        assert!(all.next.is_none() && all.rows.iter().all(|row| row.row().user_id == "ada"));
        let text = |text: &str| Some(text.to_owned());
        let queries = [
            everything.clone(),
            AuditQuery { operation: text("save_folder"), ..everything.clone() },
            AuditQuery { code: text("ok"), phase: Some(Phase::Intent), ..everything.clone() },
            AuditQuery { code: text("missing_scope"), ..everything.clone() },
            AuditQuery { phase: Some(Phase::Denied), operation: text("send_message"), ..everything.clone() },
            AuditQuery { from: Some(all.rows[9].row().ts), to: Some(all.rows[30].row().ts), ..everything.clone() },
            AuditQuery { account: text("none"), ..everything.clone() },
        ];
        for query in queries {
            let wanted: Vec<u64> =
                all.rows.iter().map(|row| row.row()).filter(|row| query.wants(row)).map(|row| row.seq).collect();
            for limit in [1, 7, 1_000] {
                let mut seen = Vec::new();
                let mut page = AuditQuery { limit, ..query.clone() };
                loop {
                    let found = log.rows(&ada, page.clone()).await.unwrap();
                    assert!(found.rows.len() <= limit);
                    seen.splice(0..0, found.rows.iter().map(|row| row.row().seq));
                    let Some(before) = found.next else { break };
                    page.before = Some(before);
                }
                assert_eq!(seen, wanted, "{query:?}");
            }
        }
        log.close().await;
    });
}

#[test]
fn a_log_that_is_changed_while_it_is_written_takes_no_more_and_is_not_signed_again() {
    let spoilers: [fn(&Path); 4] = [
        |log| std::fs::remove_file(log).unwrap(),
        |log| std::fs::write(log, "").unwrap(),
        |log| {
            let bytes = std::fs::read(log).unwrap();
            std::fs::write(log.with_extension("copy"), bytes).unwrap();
            std::fs::rename(log.with_extension("copy"), log).unwrap();
        },
        |log| {
            let edited = std::fs::read_to_string(log).unwrap().replacen("r1", "r2", 1);
            std::fs::OpenOptions::new().write(true).open(log).unwrap().write_all(edited.as_bytes()).unwrap();
        },
    ];
    for spoil in spoilers {
        let place = tempfile::tempdir().unwrap();
        runtime().block_on(async {
            let folder = DataFolder::open(place.path()).unwrap();
            let (log, _) = AuditLog::open(&folder, AuditKey::fixed(1)).unwrap();
            for _ in 0..5 {
                log.append(entry("ada", Phase::Denied)).await.unwrap();
            }
            log.seal().await;
            let signed = std::fs::read(place.path().join(CHECKPOINT)).unwrap();
            spoil(&place.path().join(LOG));
            let outbound = crate::outbound::Outbound::new(&[]).unwrap();
            log.clone().keep(Keeping { interval: std::time::Duration::ZERO, witness: None, outbound }).await;
            assert!(matches!(log.append(entry("ada", Phase::Intent)).await, Err(AuditError::Closed(_))));
            assert!(!log.is_healthy());
            log.close().await;
            assert_eq!(std::fs::read(place.path().join(CHECKPOINT)).unwrap(), signed);
        });
        // A copy of the same bytes is whole; only it is not the file that was opened.
        let is_whole = place.path().join(LOG).metadata().is_ok_and(|log| log.len() > 0) && verify_fixed(place.path()).is_ok();
        assert_eq!(reopen(place.path()).is_ok(), is_whole);
    }
}

fn verify_fixed(folder: &Path) -> Result<Verified, VerifyError> {
    verify(folder, &AuditKey::fixed(1).verifier(), &[])
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
        let (log, _) = AuditLog::open(&folder, AuditKey::fixed(1)).unwrap();
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
