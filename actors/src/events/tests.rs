//! The log and its readers: order, resumption, bounds, endings.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::*;
use crate::caller::{Caller, CallerIssuer};
use crate::error::Code;
use crate::identity::{AccountId, KeyId, UserId};
use crate::runtime::now_secs;
use crate::sight::ChatSight;
use crate::store::{DataFolder, MemoryStore};
use crate::telegram::ChatId;
use crate::vault::{MasterKey, UserRecords, Vault};

struct House {
    _place: tempfile::TempDir,
    records: UserRecords,
    hub: Arc<EventHub>,
    user: UserId,
}

async fn house(limits: EventLimits) -> House {
    let place = tempfile::tempdir().unwrap();
    let folder = DataFolder::open(place.path()).unwrap();
    let master = MasterKey::parse(&SecretString::from("0123456789abcdef".repeat(4))).unwrap();
    let vault = Vault::open(&folder, &master, || Ok(MemoryStore::new())).await.unwrap();
    let user: UserId = "ada".parse().unwrap();
    let records = vault.user_records(&user).await.unwrap();
    House { _place: place, records, hub: EventHub::start(limits), user }
}

fn sight(is_agent: bool) -> ChatSight {
    if is_agent { ChatSight::of_agent(None) } else { ChatSight::everything() }
}

impl House {
    async fn account(&self, id: AccountId) -> Arc<AccountLog> {
        self.hub.open_account(&self.user, id, self.records.account(id).await.unwrap()).await.unwrap()
    }

    /// The same records after a restart.
    fn restarted(self) -> Self {
        Self { hub: EventHub::start(EventLimits::default()), ..self }
    }

    fn human(&self) -> Caller {
        CallerIssuer::new().human(self.user.clone(), false, None)
    }

    fn read(&self, caller: &Caller, accounts: Option<&[AccountId]>, from: Option<Cursor>) -> EventReader {
        let accounts: Option<BTreeSet<_>> = accounts.map(|accounts| accounts.iter().copied().collect());
        let account = accounts.as_ref().and_then(|accounts| accounts.first().copied());
        let filter = EventFilter::new(accounts, None, &[], sight(caller.key_id().is_some())).of_agent(caller.key_id().cloned());
        self.hub.read(&self.user, Subscription::of(caller, filter, account, from)).unwrap()
    }

    fn everything(&self, from: Option<Cursor>) -> EventReader {
        self.read(&self.human(), None, from)
    }
}

async fn append(log: &Arc<AccountLog>, numbers: std::ops::Range<u32>) {
    let events = numbers.map(|number| NewEvent::new(EventName::NewMessage, ChatId::from_marked(5), &json!({ "id": number })));
    log.append(events.collect(), log.records_batch()).await.unwrap();
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

/// What is there now, event by event.
async fn drain(reader: &mut EventReader) -> Vec<Value> {
    let mut found = Vec::new();
    while let Read::Events(events) = reader.next(64, Instant::now()).await {
        found.extend(events.iter().map(|event| serde_json::from_slice::<Value>(event.payload()).unwrap()));
    }
    found
}

fn ids(payloads: &[Value]) -> Vec<u64> {
    payloads.iter().filter_map(|payload| payload["id"].as_u64()).collect()
}

#[tokio::test]
async fn a_reader_resumes_exactly_also_after_a_restart() {
    let house = house(EventLimits::default()).await;
    let account = AccountId::generate();
    let log = house.account(account).await;
    append(&log, 0..40).await;
    let mut reader = house.everything(Some(Cursor::OLDEST));
    let Read::Events(first) = reader.next(10, soon()).await else { panic!("nothing is there") };
    assert_eq!(first.len(), 10);
    let cursor = first[9].cursor().unwrap();
    assert_eq!(reader.cursor(), cursor);
    let rest: Vec<u64> = (10..40).collect();
    assert_eq!(ids(&drain(&mut house.everything(Some(cursor))).await), rest);
    drop((reader, log));
    let house = house.restarted();
    let log = house.account(account).await;
    append(&log, 40..45).await;
    let found = drain(&mut house.everything(Some(cursor))).await;
    assert_eq!(ids(&found), (10..45).collect::<Vec<_>>());
    let cursors: Vec<&str> = found.iter().map(|payload| payload["cursor"].as_str().unwrap()).collect();
    assert!(cursors.is_sorted_by(|one, other| one < other), "{cursors:?}");
    assert!(drain(&mut house.everything(None)).await.is_empty(), "without a cursor it begins now");
}

#[tokio::test]
async fn accounts_of_a_user_are_one_sequence_however_their_commits_end() {
    let house = house(EventLimits::default()).await;
    let accounts = [AccountId::generate(), AccountId::generate(), AccountId::generate()];
    let mut live = house.everything(None);
    let mut writers = Vec::new();
    for account in accounts {
        let log = house.account(account).await;
        writers.push(tokio::spawn(async move {
            for round in 0..50 {
                append(&log, round * 3..round * 3 + 3).await;
            }
        }));
    }
    let mut seen = Vec::new();
    while seen.len() < 450 {
        let Read::Events(events) = live.next(16, soon()).await else { panic!("{} events came", seen.len()) };
        seen.extend(events);
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert!(seen.is_sorted_by(|one, other| one.position() < other.position()));
    // From any place on, the log has the same as what was told.
    for begin in [0, 1, 200, 449] {
        let from = seen[begin].cursor();
        let again = drain(&mut house.everything(from)).await;
        let told: Vec<Value> = seen[begin + 1..].iter().map(|event| serde_json::from_slice(event.payload()).unwrap()).collect();
        assert_eq!(again, told, "from {begin}");
    }
    let only = drain(&mut house.read(&house.human(), Some(&accounts[..1]), Some(Cursor::OLDEST))).await;
    assert_eq!(ids(&only), (0..150).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_slow_reader_finds_in_the_log_what_is_not_recent_any_more() {
    let house = house(EventLimits::default()).await;
    let log = house.account(AccountId::generate()).await;
    let mut slow = house.everything(None);
    for round in 0..100 {
        append(&log, round * 100..round * 100 + 100).await;
    }
    assert_eq!(ids(&drain(&mut slow).await), (0..10_000).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_reader_who_does_not_wait_finds_what_its_filter_takes_behind_much_that_it_does_not() {
    let house = house(EventLimits::default()).await;
    let log = house.account(AccountId::generate()).await;
    append(&log, 0..500).await;
    let rare = NewEvent::new(EventName::MessageEdited, ChatId::from_marked(5), &json!({ "id": 500 }));
    log.append(vec![rare], log.records_batch()).await.unwrap();
    let filter = EventFilter::new(None, None, &[EventName::MessageEdited], sight(false));
    let rare = Subscription::of(&house.human(), filter, None, Some(Cursor::OLDEST));
    let mut reader = house.hub.read(&house.user, rare).unwrap();
    let Read::Events(found) = reader.next(10, Instant::now()).await else { panic!("it is there") };
    assert_eq!(found.len(), 1);
    assert!(matches!(reader.next(10, Instant::now()).await, Read::Nothing));
}

#[tokio::test]
async fn the_log_is_bounded_and_says_what_is_missing() {
    let limits = EventLimits { log_bytes_max: 64 * 1_024, ..EventLimits::default() };
    let house = house(limits).await;
    let account = AccountId::generate();
    let log = house.account(account).await;
    append(&log, 0..1).await;
    let early = house.everything(Some(Cursor::OLDEST));
    let mut early_cursor = Cursor::OLDEST;
    {
        let mut early = early;
        if let Read::Events(events) = early.next(1, soon()).await {
            early_cursor = events[0].cursor().unwrap();
        }
    }
    for round in 0..60 {
        append(&log, round * 100..round * 100 + 100).await;
    }
    log.trim().await.unwrap();
    let kept: usize = log.stored_bytes().await;
    assert!(kept <= 64 * 1_024, "{kept} bytes are kept");
    let found = drain(&mut house.everything(Some(early_cursor))).await;
    assert_eq!((&found[0]["reason"], &found[0]["scope"]), (&json!("log_expired"), &json!("account")), "{}", found[0]);
    assert_eq!(ids(&found).last(), Some(&5_999));
    // Who asks for whatever there is misses nothing; and the note is a place like any other.
    assert_eq!(ids(&drain(&mut house.everything(Some(Cursor::OLDEST))).await), ids(&found));
    let behind_the_note: Cursor = found[0]["cursor"].as_str().unwrap().parse().unwrap();
    assert_eq!(drain(&mut house.everything(Some(behind_the_note))).await, found[1..]);
}

#[tokio::test]
async fn what_is_too_old_is_removed() {
    let limits = EventLimits { log_age_max: Duration::ZERO, ..EventLimits::default() };
    let house = house(limits).await;
    let log = house.account(AccountId::generate()).await;
    append(&log, 0..300).await;
    log.trim().await.unwrap();
    assert_eq!(log.stored_bytes().await, 0);
    assert!(drain(&mut house.everything(Some(Cursor::OLDEST))).await.is_empty());
}

#[tokio::test]
async fn events_of_any_size_fit() {
    let house = house(EventLimits::default()).await;
    let log = house.account(AccountId::generate()).await;
    let sizes = [1, 20_000, 9_000, 24_000, 40_000, 1, 1, 24_000, 23_000];
    let events = sizes.map(|size| NewEvent::new(EventName::NewMessage, None, &json!({ "text": "x".repeat(size), "id": size })));
    log.append(events.into(), log.records_batch()).await.unwrap();
    let found = drain(&mut house.everything(Some(Cursor::OLDEST))).await;
    assert_eq!(found.len(), sizes.len());
    assert_eq!(found[3]["id"], 24_000);
    assert_eq!(found[4]["truncated"], true);
}

#[tokio::test]
async fn agents_do_not_see_login_codes_and_filters_hold() {
    let house = house(EventLimits::default()).await;
    let log = house.account(AccountId::generate()).await;
    let of_chat = |chat, name| NewEvent::new(name, ChatId::from_marked(chat), &json!({ "chat": chat }));
    let events =
        vec![of_chat(777_000, EventName::NewMessage), of_chat(5, EventName::NewMessage), of_chat(5, EventName::MessageEdited)];
    log.append(events, log.records_batch()).await.unwrap();
    let agent = Caller::agent(house.user.clone(), "ak00000000".parse::<KeyId>().unwrap(), None);
    assert_eq!(drain(&mut house.read(&agent, None, Some(Cursor::OLDEST))).await.len(), 2);
    assert_eq!(drain(&mut house.everything(Some(Cursor::OLDEST))).await.len(), 3);
    let told = NewEvent::new(EventName::ApprovalDecided, None, &json!({})).of_key("ak00000001".parse().unwrap());
    log.append(vec![told], log.records_batch()).await.unwrap();
    assert_eq!(drain(&mut house.read(&agent, None, Some(Cursor::OLDEST))).await.len(), 2, "another agent's is not told");
    let asking = Caller::agent(house.user.clone(), "ak00000001".parse::<KeyId>().unwrap(), None);
    assert_eq!(drain(&mut house.read(&asking, None, Some(Cursor::OLDEST))).await.len(), 3);
    let human = house.human();
    let filtered = |chat: Option<i64>, names: &[EventName]| {
        let filter = EventFilter::new(None, chat.map(|chat| [chat].into()), names, sight(false));
        house.hub.read(&house.user, Subscription::of(&human, filter, None, Some(Cursor::OLDEST))).unwrap()
    };
    assert_eq!(drain(&mut filtered(Some(5), &[])).await.len(), 2);
    assert_eq!(drain(&mut filtered(Some(5), &[EventName::MessageEdited])).await.len(), 1);
    assert_eq!(drain(&mut filtered(None, &[EventName::NewMessage, EventName::Gap])).await.len(), 2);
}

#[tokio::test]
async fn readers_end_for_a_reason_and_give_their_seat_back() {
    let house = house(EventLimits { readers_per_principal_max: 2, ..EventLimits::default() }).await;
    let account = AccountId::generate();
    house.account(account).await;
    let key: KeyId = "ak00000000".parse().unwrap();
    let agent = Caller::agent(house.user.clone(), key.clone(), None);
    let mut readers = [house.read(&agent, None, None), house.read(&agent, None, None)];
    let filter = EventFilter::new(None, None, &[], sight(true));
    let third = Subscription::of(&agent, filter, None, None);
    assert_eq!(house.hub.read(&house.user, third).unwrap_err().code(), Code::RateLimited);
    let mut of_human = house.everything(None);
    house.hub.end_agent(&house.user, &key, EndReason::KeyRevoked);
    for reader in &mut readers {
        assert!(matches!(reader.next(1, soon()).await, Read::End(EndReason::KeyRevoked)));
    }
    assert!(matches!(of_human.next(1, Instant::now()).await, Read::Nothing));
    drop(house.read(&agent, None, None));
    let mut of_account = house.read(&house.human(), Some(&[account]), None);
    house.hub.close_account(&house.user, account);
    assert!(matches!(of_account.next(1, soon()).await, Read::End(EndReason::AccountDeleted)));
    let Read::Events(told) = of_human.next(1, soon()).await else { panic!("the others are told") };
    assert_eq!((told[0].name(), told[0].cursor()), (EventName::AccountDeleted, None));
    let expired = CallerIssuer::new().human(house.user.clone(), false, Some(now_secs()));
    drop((of_human, of_account));
    assert!(matches!(house.read(&expired, None, None).next(1, soon()).await, Read::End(EndReason::TokenExpired)));
    let mut waiting = house.everything(None);
    let hub = Arc::clone(&house.hub);
    let stopping = tokio::spawn(async move { hub.end_all(EndReason::ServerStopping) });
    assert!(matches!(waiting.next(1, soon()).await, Read::End(EndReason::ServerStopping)));
    stopping.await.unwrap();
}

#[tokio::test]
async fn a_place_that_nothing_has_reached_is_refused() {
    let house = house(EventLimits::default()).await;
    let human = house.human();
    let filter = EventFilter::new(None, None, &[], sight(false));
    let ahead = Subscription::of(&human, filter, None, Some("ffffffffffffffff".parse().unwrap()));
    assert_eq!(house.hub.read(&house.user, ahead).unwrap_err().field(), Some("cursor"));
}
