//! What Telegram sends of its own accord, in order and without gaps: what was missed is asked for, after a restart too, and what cannot be
//! had is said.
//!
//! [`boxes::Boxes`] decides; [`Updates`] listens, asks and translates. Nothing here is kept: a [`Delivery`] is handed out together with how
//! far it reaches, and whoever takes it writes both in one commit.

mod answer;
mod boxes;
mod container;
mod dialogs;
mod difference;
mod line;
mod place;
mod received;
pub(super) mod state;
#[cfg(test)]
mod tests;
mod told;
mod trouble;

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use grammers_session::Session;
use grammers_session::types::{PeerAuth, PeerId, PeerInfo};
use grammers_session::updates::UpdatesLike;
use grammers_tl_types::{enums, functions, types};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::convert::{self, Met};
use super::session::SealedSession;
use super::{ChatId, ChatIdKind, TelegramError};
use crate::events::{EventName, NewEvent};
use crate::vault::{AccountRecords, SealedBatch, VaultError};

pub(super) use line::Line;
pub use received::Received;

use answer::Answer;
use boxes::{Applied, Boxes, Wanted};
use container::{Came, came};
use difference::{AccountDifference, ChannelDifference};
use state::{AccountState, Gap, GapReason, Progress};
use trouble::Trouble;

/// Updates that are handed out at once, about.
const DELIVERY_MAX: usize = 512;

/// Updates of a channel that are asked for at once; Telegram gives users no more.
const CHANNEL_LIMIT: i32 = 100;

/// Pages of chats that are read to follow the channels among them.
const DIALOG_PAGES_MAX: usize = 20;

/// How updates are followed.
#[derive(Clone, Copy, Debug)]
pub struct UpdatesOptions {
    /// After so long without anything, Telegram is asked.
    pub quiet_max: Duration,
    /// How long an answer may take. Without one the connection is taken for dead.
    pub answer_timeout: Duration,
    /// Whether to begin anew wherever Telegram is, because what comes next cannot be understood.
    pub start_over: bool,
}

/// The updates of one connection.
pub struct Updates {
    line: Line,
    session: Arc<SealedSession>,
    socket: mpsc::Receiver<UpdatesLike>,
    boxes: Boxes,
    /// What was asked and is not answered yet.
    asking: Option<LocalBoxFuture<'static, Answer>>,
    options: UpdatesOptions,
    heard_at: Instant,
    following: Following,
}

/// Where the reading of the account's chats is.
enum Following {
    /// They are to be read from here, after so many pages.
    Page(dialogs::Offset, usize, Instant),
    /// They were read on this connection.
    Read,
    /// They were read once, and can be again if somebody is missing.
    ReadBefore,
}

/// Events, and how far they reach. Both are to be written in one commit.
#[derive(Debug, Default)]
pub struct Delivery {
    /// What happened, in order.
    pub(crate) events: Vec<NewEvent>,
    /// What the account itself must know of it.
    pub(crate) received: Received,
    progress: Vec<Progress>,
    /// When the newest message among them was sent (Unix seconds).
    pub(crate) newest: Option<i64>,
    /// Whether nothing is known to be missing.
    pub(crate) is_current: bool,
    /// Whether the connection was made again by itself.
    pub(crate) reconnected: bool,
    /// Whether there is nothing but that a question waits, because Telegram asked to: that proves no connection.
    pub(crate) is_held: bool,
}

impl Delivery {
    /// Whether there is nothing to be written.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.progress.is_empty()
    }

    /// Adds how far it reaches to a batch.
    ///
    /// # Errors
    /// When it cannot be sealed.
    pub fn write(&self, batch: SealedBatch) -> Result<SealedBatch, VaultError> {
        state::write(batch, &self.progress)
    }
}

impl Updates {
    pub(super) async fn new(
        line: Line,
        session: Arc<SealedSession>,
        records: &AccountRecords,
        socket: mpsc::Receiver<UpdatesLike>,
        options: UpdatesOptions,
    ) -> Result<Self, TelegramError> {
        let now = Instant::now();
        let kept = state::load(records).await?;
        let following = if kept.followed { Following::ReadBefore } else { Following::Page(dialogs::Offset::default(), 0, now) };
        let mut boxes = Boxes::resume(kept.account, kept.channels, now);
        if options.start_over {
            boxes.lose_account(GapReason::Unreadable, now);
        }
        Ok(Self { line, session, socket, boxes, asking: None, options, heard_at: now, following })
    }

    /// Waits for whatever Telegram says next. It may be that it says only that there is nothing.
    ///
    /// # Errors
    /// When updates cannot be followed any further on this connection. What was handed out is whole.
    pub async fn next(&mut self) -> Result<Delivery, TelegramError> {
        if self.session.self_id().is_none() {
            return self.wait_for_login().await;
        }
        AssertUnwindSafe(self.step()).catch_unwind().await.unwrap_or(Err(TelegramError::Panicked))
    }

    /// Before a login there is nothing to follow but whether a QR code was scanned. That may be missed while the connection breaks, so
    /// whoever waits for it connects anew.
    async fn wait_for_login(&mut self) -> Result<Delivery, TelegramError> {
        loop {
            let mut delivery = Delivery::default();
            match came(self.socket.recv().await.ok_or_else(closed)?) {
                Came::Closed => return Err(closed()),
                Came::Gap | Came::Short(..) => {}
                Came::Container(container) => container.updates.iter().for_each(|update| delivery.received.add(update)),
            }
            if delivery.received.login_token {
                return Ok(delivery);
            }
        }
    }

    async fn step(&mut self) -> Result<Delivery, TelegramError> {
        let mut delivery = Delivery::default();
        loop {
            self.drain_socket(&mut delivery).await?;
            if !delivery.is_empty() {
                return Ok(self.handed_out(delivery));
            }
            let now = Instant::now();
            if self.asking.is_none() {
                self.asking = self.next_question(now);
            }
            let quiet_at = self.heard_at + self.options.quiet_max;
            let wake_at = self.boxes.ask_at(now).map_or(quiet_at, |at| at.min(quiet_at));
            tokio::select! {
                answer = answered(&mut self.asking) => {
                    delivery.is_held = answer.is_held();
                    self.heard_at = Instant::now();
                    Box::pin(self.take_answer(answer, &mut delivery)).await?;
                    return Ok(self.handed_out(delivery));
                }
                raw = self.socket.recv().map(boxed) => self.receive(raw.ok_or_else(closed)?, &mut delivery).await?,
                () = sleep_until(wake_at) => {
                    let now = Instant::now();
                    if now >= quiet_at && self.asking.is_none() {
                        self.heard_at = now;
                        self.boxes.check_account(now);
                    }
                }
            }
        }
    }

    fn handed_out(&mut self, mut delivery: Delivery) -> Delivery {
        delivery.progress.extend(self.boxes.take_progress());
        delivery.is_current = !self.boxes.is_behind();
        delivery
    }

    /// Takes what waits, without waiting for more.
    async fn drain_socket(&mut self, delivery: &mut Delivery) -> Result<(), TelegramError> {
        // The client drops what does not fit; nobody says what that was.
        let overflowed = self.socket.len() >= self.socket.max_capacity();
        while delivery.events.len() < DELIVERY_MAX
            && let Some(raw) = boxed(self.socket.try_recv().ok())
        {
            self.receive(raw, delivery).await?;
        }
        if overflowed {
            tracing::warn!("updates came faster than they could be taken; what was dropped is asked for");
            self.boxes.catch_up(Instant::now());
        }
        Ok(())
    }

    async fn receive(&mut self, raw: Box<UpdatesLike>, delivery: &mut Delivery) -> Result<(), TelegramError> {
        let now = Instant::now();
        self.heard_at = now;
        let container = match came(*raw) {
            Came::Closed => {
                self.boxes.catch_up(now);
                delivery.reconnected = true;
                return Ok(());
            }
            Came::Gap => {
                self.boxes.catch_up(now);
                return Ok(());
            }
            // Somebody who cannot be answered: the difference introduces them (https://core.telegram.org/api/min).
            Came::Short(_, user) if !self.knows_user(user).await? => {
                self.boxes.check_account(now);
                return Ok(());
            }
            Came::Short(container, _) | Came::Container(container) => container,
        };
        self.session.remember(&container.met).await?;
        let applied = self.boxes.receive(container, now);
        self.tell(applied, delivery);
        Ok(())
    }

    async fn knows_user(&self, user: i64) -> Result<bool, TelegramError> {
        let Some(id) = PeerId::user(user) else { return Ok(false) };
        Ok(self.session.peer(id).await?.is_some())
    }

    /// Turns updates into events.
    fn tell(&mut self, applied: Vec<Applied>, delivery: &mut Delivery) {
        delivery.events.extend(self.boxes.take_gaps().iter().map(gap_event));
        let self_id = self.session.self_id();
        for (update, met) in &applied {
            delivery.newest = delivery.newest.max(sent_at(update));
            delivery.received.add(update);
            told::tell(update, met, self_id, &mut delivery.events);
        }
    }

    /// What is to be asked now, if anything.
    fn next_question(&mut self, now: Instant) -> Option<LocalBoxFuture<'static, Answer>> {
        let (line, session, within) = (self.line.clone(), Arc::clone(&self.session), self.options.answer_timeout);
        if let Some(wanted) = self.boxes.ask(now) {
            return Some(match wanted {
                Wanted::State => {
                    let asking = async move { line.invoke(&functions::updates::GetState {}).await };
                    in_time(within, asking).map(Answer::State).boxed_local()
                }
                Wanted::Account(account) => in_time(within, ask_account(line, account)).map(Answer::Account).boxed_local(),
                Wanted::Channel { channel, pts } => {
                    let asking = in_time(within, ask_channel(line, session, channel, pts));
                    let answer = move |answer| match answer {
                        Ok(Some(difference)) => Answer::Channel(channel, Ok(difference)),
                        Ok(None) => Answer::UnknownChannel(channel),
                        Err(error) => Answer::Channel(channel, Err(error)),
                    };
                    asking.map(answer).boxed_local()
                }
            });
        }
        match &self.following {
            Following::Page(offset, pages, at) if *at <= now && self.boxes.account().is_some() => {
                let (offset, pages) = (offset.clone(), *pages);
                let reading = async move { in_time(within, dialogs::page(&line, &session, offset)).await };
                Some(reading.map(move |page| Answer::Dialogs(pages, page)).boxed_local())
            }
            _ => None,
        }
    }

    async fn take_answer(&mut self, answer: Answer, delivery: &mut Delivery) -> Result<(), TelegramError> {
        let now = Instant::now();
        let applied = match answer {
            Answer::State(state) => {
                self.boxes.begin_from(AccountState::of(state?));
                Vec::new()
            }
            Answer::Account(Ok(difference)) => {
                self.remember(difference.met()).await?;
                self.boxes.account_difference(difference, now)
            }
            Answer::Account(Err(error)) => match Trouble::of(error) {
                Trouble::Passing(wait) => self.put_off(wait, now),
                Trouble::LostPlace => {
                    self.boxes.lose_account(GapReason::LostPlace, now);
                    Vec::new()
                }
                Trouble::Refused(error) | Trouble::Fatal(error) => return Err(error),
            },
            Answer::Channel(channel, Ok(difference)) => {
                self.remember(difference.met()).await?;
                self.boxes.channel_difference(channel, difference, now)
            }
            Answer::Channel(channel, Err(error)) => match Trouble::of(error) {
                Trouble::Passing(wait) => self.put_off(wait, now),
                Trouble::LostPlace => self.give_up(channel, GapReason::LostPlace),
                Trouble::Refused(TelegramError::Unexpected(_)) => self.give_up(channel, GapReason::Unreadable),
                Trouble::Refused(_) => self.give_up(channel, GapReason::NoAccess),
                Trouble::Fatal(error) => return Err(error),
            },
            Answer::UnknownChannel(channel) => self.look_for(channel, now),
            Answer::Dialogs(pages, page) => self.take_page(pages, page, now, delivery)?,
        };
        self.tell(applied, delivery);
        Ok(())
    }

    async fn remember(&self, met: Option<&Met>) -> Result<(), TelegramError> {
        if let Some(met) = met {
            self.session.remember(met).await?;
        }
        Ok(())
    }

    fn put_off(&mut self, wait: Option<Duration>, now: Instant) -> Vec<Applied> {
        self.boxes.failed(wait, now);
        Vec::new()
    }

    fn give_up(&mut self, channel: i64, reason: GapReason) -> Vec<Applied> {
        tracing::warn!(channel, ?reason, "a channel cannot be followed any more");
        self.boxes.lose_channel(channel, reason);
        Vec::new()
    }

    /// Nobody has said how to address a channel: it is looked for among the account's chats, once.
    fn look_for(&mut self, channel: i64, now: Instant) -> Vec<Applied> {
        match self.following {
            Following::Read => self.give_up(channel, GapReason::UnknownPeer),
            Following::Page(..) => self.put_off(None, now),
            Following::ReadBefore => {
                self.following = Following::Page(dialogs::Offset::default(), 0, now);
                self.put_off(None, now)
            }
        }
    }

    fn take_page(
        &mut self,
        pages: usize,
        page: Result<dialogs::Page, TelegramError>,
        now: Instant,
        delivery: &mut Delivery,
    ) -> Result<Vec<Applied>, TelegramError> {
        self.following = match page {
            Ok(dialogs::Page { channels, next }) => {
                channels.into_iter().for_each(|(channel, pts)| self.boxes.follow(channel, pts));
                match next.filter(|_| pages + 1 < DIALOG_PAGES_MAX) {
                    Some(next) => Following::Page(next, pages + 1, now),
                    None => {
                        delivery.progress.push(Progress::Followed);
                        Following::Read
                    }
                }
            }
            Err(error) => match Trouble::of(error) {
                Trouble::Fatal(error) => return Err(error),
                // Tried again from the beginning, which is no great loss.
                Trouble::Passing(wait) => {
                    let wait = wait.unwrap_or(self.options.quiet_max);
                    Following::Page(dialogs::Offset::default(), 0, now + wait)
                }
                Trouble::LostPlace | Trouble::Refused(_) => Following::Read,
            },
        };
        Ok(Vec::new())
    }
}

impl fmt::Debug for Updates {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Updates")
    }
}

/// The answer, once there is one; never, if nothing was asked.
async fn answered(asking: &mut Option<LocalBoxFuture<'static, Answer>>) -> Answer {
    match asking {
        Some(asked) => {
            let answer = asked.await;
            *asking = None;
            answer
        }
        None => std::future::pending().await,
    }
}

async fn in_time<T>(within: Duration, call: impl Future<Output = Result<T, TelegramError>>) -> Result<T, TelegramError> {
    tokio::time::timeout(within, call).await.unwrap_or(Err(TelegramError::Timeout))
}

async fn ask_account(line: Line, account: AccountState) -> Result<AccountDifference, TelegramError> {
    let request = functions::updates::GetDifference {
        pts: account.pts,
        pts_limit: None,
        pts_total_limit: None,
        date: account.date.max(1),
        qts: account.qts,
        qts_limit: None,
    };
    Ok(AccountDifference::of(line.invoke(&request).await?))
}

/// `None` when nobody has said how to address the channel.
async fn ask_channel(
    line: Line,
    session: Arc<SealedSession>,
    channel: i64,
    pts: i32,
) -> Result<Option<ChannelDifference>, TelegramError> {
    let Some(access_hash) = hash_of_channel(&session, channel).await? else { return Ok(None) };
    let request = functions::updates::GetChannelDifference {
        force: false,
        channel: types::InputChannel { channel_id: channel, access_hash }.into(),
        filter: enums::ChannelMessagesFilter::Empty,
        pts,
        limit: CHANNEL_LIMIT,
    };
    Ok(Some(ChannelDifference::of(line.invoke(&request).await?)))
}

async fn hash_of_channel(session: &SealedSession, channel: i64) -> Result<Option<i64>, TelegramError> {
    let Some(id) = PeerId::channel(channel) else { return Ok(None) };
    Ok(match session.peer(id).await? {
        Some(PeerInfo::Channel { auth, .. }) => auth.map(|auth: PeerAuth| auth.hash()),
        _ => None,
    })
}

/// Updates are large: one that came is on the heap at once, so that no account keeps room for it while it waits.
fn boxed(raw: Option<UpdatesLike>) -> Option<Box<UpdatesLike>> {
    raw.map(Box::new)
}

fn closed() -> TelegramError {
    TelegramError::Connection("the updates have ended".to_owned())
}

/// When a new message was sent (Unix seconds).
fn sent_at(update: &enums::Update) -> Option<i64> {
    let message = match update {
        enums::Update::NewMessage(it) => &it.message,
        enums::Update::NewChannelMessage(it) => &it.message,
        _ => return None,
    };
    convert::message_place(message).map(|(date, _)| i64::from(date))
}

fn gap_event(gap: &Gap) -> NewEvent {
    let chat = gap.channel.map(|channel| ChatId::of(ChatIdKind::Channel(channel)));
    let content = told::GapContent {
        scope: if chat.is_some() { "chat" } else { "account" },
        chat_id: chat,
        reason: gap.reason,
        since: (gap.since > 0).then_some(gap.since),
    };
    NewEvent::new(EventName::Gap, chat, &content)
}
