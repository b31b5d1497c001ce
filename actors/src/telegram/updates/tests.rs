//! The order of updates, against a server that is simulated and a network that loses, repeats, delays and reorders.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use grammers_tl_types::enums::Update;
use grammers_tl_types::types;
use proptest::prelude::*;
use tokio::time::Instant;

use super::super::convert::Met;
use super::boxes::{Applied, Boxes, Wanted};
use super::container::Container;
use super::difference::{AccountDifference, ChannelDifference, Missed};
use super::state::{AccountState, GapReason, Progress};

const CHANNELS: [i64; 2] = [7, 8];

/// Differences have at most so many updates.
const SLICE: usize = 3;

fn nobody() -> Rc<Met> {
    Rc::new(Met::new(Vec::new(), Vec::new()))
}

fn container(updates: Vec<Update>, seq: i32) -> Container {
    Container { date: 0, seq_start: seq, seq, updates, met: nobody() }
}

/// An update with a number of its own, of a channel or (0) the account's.
fn numbered(of: i64, number: i32, pts: i32, pts_count: i32) -> Update {
    let messages = vec![number];
    match of {
        0 => types::UpdateDeleteMessages { messages, pts, pts_count }.into(),
        channel_id => types::UpdateDeleteChannelMessages { channel_id, messages, pts, pts_count }.into(),
    }
}

fn read(update: &Update) -> (i64, i32) {
    match update {
        Update::DeleteMessages(it) => (0, it.messages[0]),
        Update::DeleteChannelMessages(it) => (it.channel_id, it.messages[0]),
        other => panic!("{other:?}"),
    }
}

/// What Telegram knows.
#[derive(Default)]
struct Server {
    /// Of the account (0) and of each channel: updates and where they stand.
    sequences: BTreeMap<i64, Vec<(i32, Update)>>,
    last: i32,
}

impl Server {
    fn pts(&self, of: i64) -> i32 {
        self.sequences.get(&of).and_then(|updates| updates.last()).map_or(1, |(pts, _)| *pts)
    }

    fn post(&mut self, of: i64, count: i32) -> Update {
        self.last += 1;
        let pts = self.pts(of) + count;
        let update = numbered(of, self.last, pts, count);
        self.sequences.entry(of).or_default().push((pts, update.clone()));
        update
    }

    fn missed(&self, of: i64, pts: i32) -> (Missed, i32, bool) {
        let all: Vec<_> = self.sequences.get(&of).into_iter().flatten().filter(|(at, _)| *at > pts).collect();
        let slice: Vec<_> = all.iter().take(SLICE).collect();
        let end = slice.last().map_or(pts, |(at, _)| *at);
        let others = slice.iter().map(|(_, update)| update.clone()).collect();
        (Missed { messages: Vec::new(), others, met: nobody() }, end, slice.len() == all.len())
    }

    fn answer(&self, boxes: &mut Boxes, wanted: Wanted, now: Instant) -> Vec<Applied> {
        match wanted {
            Wanted::State => {
                boxes.begin_from(AccountState { pts: self.pts(0), ..AccountState::default() });
                Vec::new()
            }
            Wanted::Account(state) => {
                let (mut missed, pts, is_whole) = self.missed(0, state.pts);
                if is_whole {
                    let moved =
                        |channel: &i64| types::UpdateChannelTooLong { channel_id: *channel, pts: Some(self.pts(*channel)) };
                    missed.others.extend(CHANNELS.iter().map(|channel| moved(channel).into()));
                }
                let state = AccountState { pts, ..state };
                boxes.account_difference(AccountDifference::Missed { missed, state, is_whole }, now)
            }
            Wanted::Channel { channel, pts } => {
                let (missed, pts, is_whole) = self.missed(channel, pts);
                boxes.channel_difference(channel, ChannelDifference::Missed { missed, pts, is_whole }, now)
            }
        }
    }

    fn truth(&self) -> BTreeMap<i64, Vec<i32>> {
        let numbers = |updates: &Vec<(i32, Update)>| updates.iter().map(|(_, update)| read(update).1).collect();
        self.sequences.iter().map(|(of, updates)| (*of, numbers(updates))).collect()
    }
}

#[derive(Clone, Copy, Debug)]
enum Fate {
    Comes,
    ComesTwice,
    ComesLater,
    IsLost,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Post {
        of: i64,
        count: i32,
        fate: Fate,
    },
    /// What was delayed comes, in another order.
    Late,
    Time {
        ms: u64,
    },
    /// The server answers what it was asked before.
    Answer,
    /// It does not.
    Fail,
    /// The process is killed and starts again from what was kept.
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let fate =
        prop_oneof![6 => Just(Fate::Comes), 1 => Just(Fate::ComesTwice), 2 => Just(Fate::ComesLater), 1 => Just(Fate::IsLost)];
    let of = prop_oneof![Just(0), Just(CHANNELS[0]), Just(CHANNELS[1])];
    let post = (of, 1..3i32, fate).prop_map(|(of, count, fate)| Step::Post { of, count, fate });
    let step = prop_oneof![
        12 => post,
        2 => Just(Step::Late),
        3 => (0..900u64).prop_map(|ms| Step::Time { ms }),
        4 => Just(Step::Answer),
        1 => Just(Step::Fail),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 0..120)
}

/// What was kept, as the log and the state are written: in one commit.
#[derive(Default)]
struct Disk {
    account: Option<AccountState>,
    channels: BTreeMap<i64, i32>,
    log: BTreeMap<i64, Vec<i32>>,
}

impl Disk {
    fn commit(&mut self, boxes: &mut Boxes, applied: &[Applied]) {
        for (update, _) in applied {
            let (of, number) = read(update);
            self.log.entry(of).or_default().push(number);
        }
        for progress in boxes.take_progress() {
            match progress {
                Progress::Account(account) => self.account = Some(account),
                Progress::Channel { channel, pts } => _ = self.channels.insert(channel, pts),
                Progress::Gone { channel } => _ = self.channels.remove(&channel),
                Progress::Followed => {}
            }
        }
    }
}

fn begin(disk: &Disk, now: Instant) -> Boxes {
    Boxes::resume(disk.account, disk.channels.clone(), now)
}

fn run(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut server = Server::default();
    let account = AccountState { pts: 1, ..AccountState::default() };
    let mut disk = Disk { account: Some(account), channels: CHANNELS.map(|channel| (channel, 1)).into(), ..Disk::default() };
    let mut now = Instant::now();
    let mut boxes = begin(&disk, now);
    let mut delayed: Vec<Update> = Vec::new();
    let mut asked = None;
    for step in steps {
        let mut comes = Vec::new();
        match step {
            Step::Post { of, count, fate } => {
                let update = server.post(of, count);
                match fate {
                    Fate::Comes => comes.push(update),
                    Fate::ComesTwice => comes.extend([update.clone(), update]),
                    Fate::ComesLater => delayed.push(update),
                    Fate::IsLost => {}
                }
            }
            Step::Late => comes.extend(std::mem::take(&mut delayed).into_iter().rev()),
            Step::Time { ms } => now += Duration::from_millis(ms),
            Step::Answer => {
                if let Some(wanted) = asked.take() {
                    let applied = server.answer(&mut boxes, wanted, now);
                    disk.commit(&mut boxes, &applied);
                }
            }
            Step::Fail => {
                if asked.take().is_some() {
                    boxes.failed(None, now);
                }
            }
            Step::Restart => {
                asked = None;
                delayed.clear();
                boxes = begin(&disk, now);
            }
        }
        for update in comes {
            let applied = boxes.receive(container(vec![update], 0), now);
            disk.commit(&mut boxes, &applied);
        }
        if asked.is_none() {
            asked = boxes.ask(now);
        }
    }
    // In the end the account looks once more, and everything is answered.
    boxes.check_account(now);
    for _ in 0..10_000 {
        if let Some(wanted) = asked.take().or_else(|| boxes.ask(now)) {
            let applied = server.answer(&mut boxes, wanted, now);
            disk.commit(&mut boxes, &applied);
        } else if let Some(at) = boxes.ask_at(now) {
            now = now.max(at);
        } else {
            break;
        }
    }
    prop_assert!(boxes.ask_at(now).is_none() && !boxes.is_behind());
    prop_assert_eq!(disk.log, server.truth());
    prop_assert!(boxes.take_gaps().is_empty());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_update_is_told_once_and_in_order_whatever_the_network_does(steps in steps()) {
        run(steps)?;
    }
}

fn standing_at(pts: i32, seq: i32) -> Boxes {
    let mut boxes = Boxes::default();
    boxes.begin_from(AccountState { pts, qts: 0, date: 5, seq });
    boxes
}

fn numbers(applied: &[Applied]) -> Vec<i32> {
    applied.iter().map(|(update, _)| read(update).1).collect()
}

#[test]
fn an_early_update_waits_half_a_second_for_its_predecessor() {
    let (mut boxes, now) = (standing_at(1, 0), Instant::now());
    assert!(boxes.receive(container(vec![numbered(0, 3, 3, 1)], 0), now).is_empty());
    assert_eq!(boxes.ask(now), None);
    assert_eq!(numbers(&boxes.receive(container(vec![numbered(0, 2, 2, 1)], 0), now)), [2, 3]);
    assert_eq!(boxes.ask_at(now), None);
    assert!(boxes.receive(container(vec![numbered(0, 5, 5, 1)], 0), now).is_empty());
    let later = boxes.ask_at(now).unwrap();
    assert!(later > now);
    assert!(matches!(boxes.ask(later), Some(Wanted::Account(AccountState { pts: 3, .. }))));
}

#[test]
fn containers_come_in_the_order_of_their_numbers() {
    let (mut boxes, now) = (standing_at(1, 4), Instant::now());
    let typing = |user_id| -> Update {
        let action = grammers_tl_types::enums::SendMessageAction::SendMessageTypingAction;
        types::UpdateUserTyping { user_id, top_msg_id: None, action }.into()
    };
    let users = |applied: Vec<Applied>| -> Vec<i64> {
        let user = |(update, _): &Applied| match update {
            Update::UserTyping(it) => it.user_id,
            other => panic!("{other:?}"),
        };
        applied.iter().map(user).collect()
    };
    assert!(boxes.receive(container(vec![typing(7)], 7), now).is_empty());
    assert!(boxes.receive(container(vec![typing(6)], 6), now).is_empty());
    assert_eq!(users(boxes.receive(container(vec![typing(5)], 5), now)), [5, 6, 7]);
    assert!(boxes.receive(container(vec![typing(6)], 6), now).is_empty(), "it was there before");
    // One that is still not the next after a difference has nothing to wait for.
    assert!(boxes.receive(container(vec![typing(20)], 20), now).is_empty());
    let wanted = boxes.ask(now + Duration::from_secs(1));
    assert!(matches!(wanted, Some(Wanted::Account(_))), "{wanted:?}");
    let applied = boxes.account_difference(AccountDifference::Empty { date: 6, seq: 10 }, now);
    assert_eq!(users(applied), [20]);
    assert_eq!(boxes.account().unwrap().seq, 20);
}

#[test]
fn what_telegram_cannot_fill_is_said() {
    let (mut boxes, now) = (standing_at(1, 0), Instant::now());
    boxes.follow(7, 10);
    boxes.check_account(now);
    assert!(matches!(boxes.ask(now), Some(Wanted::Account(_))));
    assert!(boxes.account_difference(AccountDifference::TooLong { pts: 500 }, now).is_empty());
    let Some(Wanted::Account(state)) = boxes.ask(now) else { panic!("it goes on from there") };
    assert_eq!(state.pts, 500);
    boxes.account_difference(AccountDifference::TooLong { pts: 500 }, now);
    assert_eq!(boxes.ask(now), None, "the same answer again is no reason to ask again");
    boxes.receive(container(vec![numbered(7, 1, 50, 1)], 0), now);
    let later = now + Duration::from_secs(1);
    assert_eq!(boxes.ask(later), Some(Wanted::Channel { channel: 7, pts: 10 }));
    let applied = boxes.channel_difference(7, ChannelDifference::TooLong { pts: Some(49), met: nobody() }, later);
    assert_eq!(numbers(&applied), [1]);
    let unknown = types::UpdateChannelTooLong { channel_id: 9, pts: Some(3) };
    boxes.receive(container(vec![unknown.into()], 0), later);
    boxes.receive(container(vec![types::UpdateChannelTooLong { channel_id: 7, pts: Some(60) }.into()], 0), later);
    assert_eq!(boxes.ask(later), Some(Wanted::Channel { channel: 7, pts: 50 }));
    boxes.lose_channel(7, GapReason::NoAccess);
    let gaps: Vec<_> = boxes.take_gaps().iter().map(|gap| (gap.channel, gap.reason)).collect();
    let expected = [
        (None, GapReason::TooLong),
        (Some(7), GapReason::TooLong),
        (Some(9), GapReason::NotFollowed),
        (Some(7), GapReason::NoAccess),
    ];
    assert_eq!(gaps, expected);
    assert!(boxes.take_progress().contains(&Progress::Gone { channel: 7 }));
}

#[test]
fn what_fails_is_asked_again_later_each_time() {
    let (mut boxes, mut now) = (standing_at(1, 0), Instant::now());
    boxes.check_account(now);
    let mut waits = Vec::new();
    for _ in 0..9 {
        assert!(boxes.ask(now).is_some());
        boxes.failed(None, now);
        let at = boxes.ask_at(now).unwrap();
        boxes.check_account(now);
        assert_eq!(boxes.ask_at(now), Some(at), "nothing brings it forward");
        waits.push((at - now).as_secs());
        now = at;
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    assert!(boxes.ask(now).is_some());
    boxes.failed(Some(Duration::from_secs(300)), now);
    assert_eq!(boxes.ask_at(now), Some(now + Duration::from_secs(300)), "Telegram's own wait is obeyed");
}
