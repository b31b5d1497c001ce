//! Telegram's updates brought into order: each once, none left out, as <https://core.telegram.org/api/updates> says.
//!
//! It decides and does nothing else: the caller brings what came and what was asked for, and asks what it says. What came too early is
//! held until what belongs before it is there, or for half a second; then the difference is asked for. While a difference is on its way,
//! what comes in its sequence is held as well, and judged by the numbers afterwards.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use grammers_tl_types::enums::Update;
use tokio::time::Instant;

use super::super::convert::Met;
use super::container::Container;
use super::difference::{AccountDifference, ChannelDifference, Missed};
use super::place::{Place, Sequence, place};
use super::state::{AccountState, Gap, GapReason, Progress};

/// How long it is waited for what belongs before an update that came early.
const EARLY_MAX: Duration = Duration::from_millis(500);

/// Updates that may be held at once. Beyond them the difference is asked for at once, which brings them again.
const HELD_MAX: usize = 4_096;

/// Containers that may be held at once.
const CONTAINERS_HELD_MAX: usize = 64;

/// The waits after a difference failed: the first, and the longest.
const RETRY_BASE: Duration = Duration::from_secs(1);
const RETRY_CAP: Duration = Duration::from_secs(60);

/// An update in its turn, with the users and chats that came with it.
pub(super) type Applied = (Update, Rc<Met>);

/// What is to be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// `updates.getState`.
    State,
    /// `updates.getDifference`.
    Account(AccountState),
    /// `updates.getChannelDifference`.
    Channel { channel: i64, pts: i32 },
}

struct Early {
    since: Instant,
    updates: Vec<(Place, Applied)>,
}

/// See the module's description.
#[derive(Default)]
pub(super) struct Boxes {
    account: Option<AccountState>,
    channels: BTreeMap<i64, i32>,
    early: BTreeMap<Sequence, Early>,
    held: usize,
    early_containers: Vec<Container>,
    /// Differences to be asked for, and not before when.
    wanted: BTreeMap<Sequence, Instant>,
    failures: BTreeMap<Sequence, u32>,
    /// The one that is on its way.
    asked: Option<Sequence>,
    /// Channels to be looked after in turn, after a time in which nothing came.
    to_check: VecDeque<i64>,
    changed: BTreeSet<Sequence>,
    gaps: Vec<Gap>,
}

impl Boxes {
    /// Goes on from what was kept. Everything that may have moved meanwhile is asked for.
    pub(super) fn resume(account: Option<AccountState>, channels: BTreeMap<i64, i32>, now: Instant) -> Self {
        let mut boxes = Self { account, channels, ..Self::default() };
        boxes.catch_up(now);
        boxes
    }

    /// Something may have been missed anywhere.
    pub(super) fn catch_up(&mut self, now: Instant) {
        self.want(Sequence::Account, now);
        self.to_check = self.channels.keys().copied().collect();
    }

    /// Something of the account's own may have been missed.
    pub(super) fn check_account(&mut self, now: Instant) {
        self.want(Sequence::Account, now);
    }

    /// How far the account has come, if that is known.
    pub(super) fn account(&self) -> Option<AccountState> {
        self.account
    }

    /// Whether a difference is being asked for, or will be: what comes now may be old.
    pub(super) fn is_behind(&self) -> bool {
        self.asked.is_some() || !self.wanted.is_empty()
    }

    /// Begins to follow a channel from here, unless it is followed.
    pub(super) fn follow(&mut self, channel: i64, pts: i32) {
        if pts > 0 && !self.channels.contains_key(&channel) {
            self.channels.insert(channel, pts);
            self.changed.insert(Sequence::Channel(channel));
        }
    }

    fn want(&mut self, sequence: Sequence, at: Instant) {
        let at = self.wanted.get(&sequence).map_or(at, |before| at.min(*before));
        // Who was told to come back later does not come earlier.
        if !self.failures.contains_key(&sequence) || !self.wanted.contains_key(&sequence) {
            self.wanted.insert(sequence, at);
        }
    }

    /// What has changed since it was asked for the last time.
    pub(super) fn take_progress(&mut self) -> Vec<Progress> {
        let changed = std::mem::take(&mut self.changed);
        let progress = changed.into_iter().filter_map(|sequence| match sequence {
            Sequence::Account | Sequence::Secondary => self.account.map(Progress::Account),
            Sequence::Channel(channel) => Some(match self.channels.get(&channel) {
                Some(pts) => Progress::Channel { channel, pts: *pts },
                None => Progress::Gone { channel },
            }),
        });
        let mut progress: Vec<Progress> = progress.collect();
        progress.dedup();
        progress
    }

    /// What is missing for good, since it was asked for the last time.
    pub(super) fn take_gaps(&mut self) -> Vec<Gap> {
        std::mem::take(&mut self.gaps)
    }

    /// Takes what came from the socket; gives what is in its turn now.
    pub(super) fn receive(&mut self, container: Container, now: Instant) -> Vec<Applied> {
        let mut applied = Vec::new();
        self.take(container, now, &mut applied);
        applied
    }

    fn take(&mut self, container: Container, now: Instant, applied: &mut Vec<Applied>) {
        // Without a place there is no order: the state is asked for first, and nothing from before it counts.
        let Some(account) = self.account else { return };
        if container.seq_start > 0 && account.seq > 0 {
            match container.seq_start.cmp(&(account.seq + 1)) {
                Ordering::Less => return,
                Ordering::Equal => {}
                Ordering::Greater => return self.hold_container(container, now),
            }
        }
        let Container { date, seq, updates, met, .. } = container;
        for update in updates {
            self.take_update((update, Rc::clone(&met)), now, applied);
        }
        let nothing_is_held = self.early.is_empty();
        if let Some(account) = &mut self.account {
            let before = *account;
            if seq > 0 {
                account.seq = seq;
            }
            if date > 0 && nothing_is_held {
                account.date = account.date.max(date);
            }
            if *account != before && (account.seq != before.seq || !applied.is_empty()) {
                self.changed.insert(Sequence::Account);
            }
        }
        if seq > 0 {
            self.release_containers(now, applied);
        }
    }

    fn hold_container(&mut self, container: Container, now: Instant) {
        if self.early_containers.len() < CONTAINERS_HELD_MAX {
            self.early_containers.push(container);
            self.want(Sequence::Account, now + EARLY_MAX);
        } else {
            self.want(Sequence::Account, now);
        }
    }

    /// Takes the held container that is next, which takes those behind it.
    fn release_containers(&mut self, now: Instant, applied: &mut Vec<Applied>) {
        let seq = self.account.map_or(0, |account| account.seq);
        self.early_containers.retain(|container| container.seq_start > seq);
        if let Some(next) = self.early_containers.iter().position(|container| container.seq_start == seq + 1) {
            let container = self.early_containers.swap_remove(next);
            self.take(container, now, applied);
        }
    }

    fn take_update(&mut self, update: Applied, now: Instant, applied: &mut Vec<Applied>) {
        match &update.0 {
            Update::ChannelTooLong(it) => self.channel_moved(it.channel_id, it.pts, now),
            Update::PtsChanged => self.want(Sequence::Account, now),
            Update::ReadChannelInbox(it) if self.is_ahead(it.channel_id, it.pts) => {
                // It is in no sequence, but it says how far the channel has come.
                self.want(Sequence::Channel(it.channel_id), now + EARLY_MAX);
                applied.push(update);
            }
            raw => match place(raw) {
                Some(place) => self.take_in_turn(place, update, now, applied),
                None => applied.push(update),
            },
        }
    }

    fn is_ahead(&self, channel: i64, pts: i32) -> bool {
        self.channels.get(&channel).is_some_and(|known| pts > *known)
    }

    fn channel_moved(&mut self, channel: i64, pts: Option<i32>, now: Instant) {
        let sequence = Sequence::Channel(channel);
        match (self.channels.get(&channel), pts) {
            (Some(known), Some(pts)) if pts <= *known => {}
            (Some(_), _) => self.want(sequence, now),
            (None, pts) => {
                self.gaps.push(Gap { channel: Some(channel), reason: GapReason::NotFollowed, since: self.date() });
                self.follow(channel, pts.unwrap_or(0));
            }
        }
    }

    fn date(&self) -> i32 {
        self.account.map_or(0, |account| account.date)
    }

    /// How far a sequence has come; a channel that is new begins with this update.
    fn at(&mut self, place: Place) -> i32 {
        match (place.sequence, &self.account) {
            (Sequence::Account, Some(account)) => account.pts,
            (Sequence::Secondary, Some(account)) => account.qts,
            (Sequence::Channel(channel), _) => *self.channels.entry(channel).or_insert(place.pts.saturating_sub(place.count)),
            (_, None) => place.pts.saturating_sub(place.count),
        }
    }

    fn advance(&mut self, sequence: Sequence, to: i32) {
        match (sequence, &mut self.account) {
            (Sequence::Account, Some(account)) => account.pts = to,
            (Sequence::Secondary, Some(account)) => account.qts = to,
            (Sequence::Channel(channel), _) => _ = self.channels.insert(channel, to),
            (_, None) => return,
        }
        self.changed.insert(sequence);
    }

    fn take_in_turn(&mut self, place: Place, update: Applied, now: Instant, applied: &mut Vec<Applied>) {
        let at = self.at(place);
        let is_awaited = self.asked == Some(difference_of(place.sequence));
        match at.saturating_add(place.count).cmp(&place.pts) {
            // It was there before.
            Ordering::Greater => {}
            Ordering::Equal if !is_awaited => {
                self.advance(place.sequence, place.pts);
                applied.push(update);
                self.release(place.sequence, now, applied);
            }
            Ordering::Equal | Ordering::Less => self.hold(place, update, now),
        }
    }

    fn hold(&mut self, place: Place, update: Applied, now: Instant) {
        if self.held >= HELD_MAX {
            return self.want(difference_of(place.sequence), now);
        }
        self.held += 1;
        let early = self.early.entry(place.sequence).or_insert_with(|| Early { since: now, updates: Vec::new() });
        early.updates.push((place, update));
    }

    /// Judges anew what is held of a sequence.
    fn release(&mut self, sequence: Sequence, now: Instant, applied: &mut Vec<Applied>) {
        let Some(Early { mut updates, .. }) = self.early.remove(&sequence) else { return };
        self.held = self.held.saturating_sub(updates.len());
        updates.sort_by_key(|(place, _)| (place.pts.saturating_sub(place.count), place.pts));
        for (place, update) in updates {
            let at = self.at(place);
            match at.saturating_add(place.count).cmp(&place.pts) {
                Ordering::Greater => {}
                Ordering::Equal => {
                    self.advance(sequence, place.pts);
                    applied.push(update);
                }
                Ordering::Less => self.hold(place, update, now),
            }
        }
    }

    /// What is to be asked for now, if anything: one thing at a time. It must be answered by one of the methods below.
    pub(super) fn ask(&mut self, now: Instant) -> Option<Wanted> {
        if self.asked.is_some() {
            return None;
        }
        let late = self.early.iter().filter(|(_, early)| early.since + EARLY_MAX <= now).map(|(sequence, _)| *sequence);
        for sequence in late.collect::<Vec<_>>() {
            self.want(difference_of(sequence), now);
        }
        let due = self.wanted.iter().find(|(_, at)| **at <= now).map(|(sequence, _)| *sequence);
        let sequence = due.or_else(|| self.next_to_check())?;
        self.wanted.remove(&sequence);
        let wanted = match (sequence, self.account) {
            (Sequence::Account | Sequence::Secondary, None) => Wanted::State,
            (Sequence::Account | Sequence::Secondary, Some(account)) => Wanted::Account(account),
            (Sequence::Channel(channel), _) => Wanted::Channel { channel, pts: *self.channels.get(&channel)? },
        };
        self.asked = Some(sequence);
        Some(wanted)
    }

    fn next_to_check(&mut self) -> Option<Sequence> {
        while let Some(channel) = self.to_check.pop_front() {
            if self.channels.contains_key(&channel) && !self.wanted.contains_key(&Sequence::Channel(channel)) {
                return Some(Sequence::Channel(channel));
            }
        }
        None
    }

    /// When something is to be asked for, if nothing else happens before.
    pub(super) fn ask_at(&self, now: Instant) -> Option<Instant> {
        if self.asked.is_some() {
            return None;
        }
        let checking = (!self.to_check.is_empty()).then_some(now);
        let early = self.early.iter().filter(|(sequence, _)| !self.wanted.contains_key(&difference_of(**sequence)));
        let early = early.map(|(_, early)| early.since + EARLY_MAX).min();
        self.wanted.values().copied().min().into_iter().chain(checking).chain(early).min()
    }

    /// Answers [`Wanted::State`].
    pub(super) fn begin_from(&mut self, state: AccountState) {
        self.asked = None;
        self.account = Some(state);
        self.changed.insert(Sequence::Account);
    }

    /// Answers [`Wanted::Account`].
    pub(super) fn account_difference(&mut self, difference: AccountDifference, now: Instant) -> Vec<Applied> {
        let mut applied = Vec::new();
        self.answered(Sequence::Account);
        let before = self.account.unwrap_or_default();
        let is_whole = match difference {
            AccountDifference::Empty { date, seq } => {
                self.set_account(|account| (account.date, account.seq) = (date, seq));
                true
            }
            AccountDifference::Missed { missed, state, is_whole } => {
                self.take_missed(missed, Sequence::Account, now, &mut applied);
                self.set_account(|account| *account = state);
                is_whole || (before.pts, before.qts) == (state.pts, state.qts)
            }
            AccountDifference::TooLong { pts } => {
                let stands_still = before.pts == pts;
                if !stands_still {
                    self.gaps.push(Gap { channel: None, reason: GapReason::TooLong, since: before.date });
                    self.set_account(|account| account.pts = pts);
                }
                stands_still
            }
        };
        if is_whole {
            self.release(Sequence::Account, now, &mut applied);
            self.release(Sequence::Secondary, now, &mut applied);
            self.release_after_difference(now, &mut applied);
        } else {
            self.want(Sequence::Account, now);
        }
        applied
    }

    /// A difference is up to date, so a held container that is still not the next one has nothing to wait for.
    fn release_after_difference(&mut self, now: Instant, applied: &mut Vec<Applied>) {
        self.release_containers(now, applied);
        while let Some(first) = self.early_containers.iter().map(|container| container.seq_start).min() {
            self.set_account(|account| account.seq = first - 1);
            self.release_containers(now, applied);
        }
    }

    fn set_account(&mut self, set: impl FnOnce(&mut AccountState)) {
        if let Some(account) = &mut self.account {
            let before = *account;
            set(account);
            if *account != before {
                self.changed.insert(Sequence::Account);
            }
        }
    }

    /// What a difference tells of its own sequence is in order and new. All else has its place among what came otherwise.
    fn take_missed(&mut self, missed: Missed, of: Sequence, now: Instant, applied: &mut Vec<Applied>) {
        let Missed { messages, others, met } = missed;
        applied.extend(messages.into_iter().map(|message| (message, Rc::clone(&met))));
        for update in others {
            if place(&update).is_some_and(|place| difference_of(place.sequence) == of) {
                applied.push((update, Rc::clone(&met)));
            } else {
                self.take_update((update, Rc::clone(&met)), now, applied);
            }
        }
    }

    /// Answers [`Wanted::Channel`].
    pub(super) fn channel_difference(&mut self, channel: i64, difference: ChannelDifference, now: Instant) -> Vec<Applied> {
        let sequence = Sequence::Channel(channel);
        let before = self.channels.get(&channel).copied();
        self.answered(sequence);
        let mut applied = Vec::new();
        let is_whole = match difference {
            ChannelDifference::Empty { pts } => {
                self.set_channel(channel, pts);
                true
            }
            ChannelDifference::Missed { missed, pts, is_whole } => {
                self.take_missed(missed, sequence, now, &mut applied);
                self.set_channel(channel, pts);
                is_whole || before == Some(pts)
            }
            ChannelDifference::TooLong { pts, .. } => {
                self.gaps.push(Gap { channel: Some(channel), reason: GapReason::TooLong, since: self.date() });
                if let Some(pts) = pts {
                    self.set_channel(channel, pts);
                }
                true
            }
        };
        if is_whole {
            self.release(sequence, now, &mut applied);
        } else {
            self.want(sequence, now);
        }
        applied
    }

    fn set_channel(&mut self, channel: i64, pts: i32) {
        if self.channels.insert(channel, pts) != Some(pts) {
            self.changed.insert(Sequence::Channel(channel));
        }
    }

    fn answered(&mut self, sequence: Sequence) {
        self.asked = None;
        self.failures.remove(&sequence);
    }

    /// What was asked for could not be had this time. It is asked for again: after `wait`, or else after a time that grows.
    pub(super) fn failed(&mut self, wait: Option<Duration>, now: Instant) {
        let Some(sequence) = self.asked.take() else { return };
        let failures = self.failures.entry(sequence).or_default();
        let growing = RETRY_BASE.saturating_mul(2u32.saturating_pow(*failures)).min(RETRY_CAP);
        *failures = failures.saturating_add(1);
        self.wanted.insert(sequence, now + wait.unwrap_or(growing));
    }

    /// The channel that was asked for cannot be followed any more.
    pub(super) fn lose_channel(&mut self, channel: i64, reason: GapReason) {
        let sequence = Sequence::Channel(channel);
        self.answered(sequence);
        self.wanted.remove(&sequence);
        let held = self.early.remove(&sequence).map_or(0, |early| early.updates.len());
        self.held = self.held.saturating_sub(held);
        if self.channels.remove(&channel).is_some() {
            self.changed.insert(sequence);
        }
        self.gaps.push(Gap { channel: Some(channel), reason, since: self.date() });
    }

    /// What the account's sequences were asked for cannot be had: they begin anew wherever Telegram is.
    pub(super) fn lose_account(&mut self, reason: GapReason, now: Instant) {
        self.gaps.push(Gap { channel: None, reason, since: self.date() });
        let channels = std::mem::take(&mut self.channels);
        let gaps = std::mem::take(&mut self.gaps);
        let changed = channels.keys().map(|channel| Sequence::Channel(*channel)).collect();
        *self = Self { gaps, changed, ..Self::default() };
        if reason != GapReason::Unreadable {
            self.channels = channels;
            self.changed.clear();
        }
        self.want(Sequence::Account, now);
    }
}

/// Which difference brings what is missing in a sequence.
fn difference_of(sequence: Sequence) -> Sequence {
    match sequence {
        Sequence::Account | Sequence::Secondary => Sequence::Account,
        Sequence::Channel(_) => sequence,
    }
}
