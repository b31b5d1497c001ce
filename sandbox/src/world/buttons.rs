//! Buttons under bots' messages, and what bots answer when one is pressed, see <https://core.telegram.org/api/bots/buttons>.

use std::collections::{BTreeMap, VecDeque};

use grammers_tl_types::{self as tl, Deserializable};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::event::NewMessage;
use super::ids::{HexBytes, PeerId};

/// Presses that wait for their bot at once; beyond it the oldest is given up.
const WAITING_MAX: usize = 1_000;

/// The buttons of one message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Markup {
    /// The bot whose they are.
    pub bot: i64,
    /// A serialised `ReplyMarkup`.
    pub bytes: HexBytes,
}

impl Markup {
    /// The buttons as Telegram's type.
    pub fn raw(&self) -> Option<tl::enums::ReplyMarkup> {
        tl::enums::ReplyMarkup::from_bytes(&self.bytes.0).ok()
    }

    /// Whether one of the buttons calls its bot with this data, and whether it wants the presser's password.
    pub fn callback(&self, wanted: &[u8]) -> Option<bool> {
        let Some(tl::enums::ReplyMarkup::ReplyInlineMarkup(markup)) = self.raw() else { return None };
        let buttons = markup.rows.into_iter().flat_map(|tl::enums::KeyboardInlineButtonRow::Row(row)| row.buttons);
        buttons.into_iter().find_map(|tl::enums::KeyboardInlineButton::Button(button)| match button.r#type {
            tl::enums::InlineButtonType::Callback(callback) if callback.data == wanted => Some(callback.requires_password),
            _ => None,
        })
    }
}

/// The buttons of all messages, by the messages' shared ids.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Markups(BTreeMap<i64, Markup>);

impl Markups {
    /// The buttons of a message.
    pub fn get(&self, shared_id: i64) -> Option<&Markup> {
        self.0.get(&shared_id)
    }

    /// Gives a message other buttons, or none.
    pub(super) fn set(&mut self, shared_id: i64, markup: Option<Markup>) {
        match markup {
            Some(markup) => self.0.insert(shared_id, markup),
            None => self.0.remove(&shared_id),
        };
    }
}

/// What happens to buttons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ButtonEvent {
    /// A message was sent with buttons.
    Sent {
        /// The message.
        message: Box<NewMessage>,
        /// Its buttons.
        markup: Markup,
    },
    /// A message has other buttons, or none any more.
    Changed {
        /// The shared id of the message.
        shared_id: i64,
        /// Its buttons.
        markup: Option<Markup>,
    },
}

/// What a bot answers when one of its buttons is pressed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ButtonAnswer {
    /// What the presser is told.
    pub message: Option<String>,
    /// Whether in a window that must be closed.
    pub alert: bool,
    /// A page for the presser.
    pub url: Option<String>,
    /// For how long the answer may be kept, in seconds.
    pub cache_time: i32,
}

struct Waiting {
    query_id: i64,
    bot: i64,
    answer: oneshot::Sender<ButtonAnswer>,
}

/// Presses that wait for their bot, and answers that were prepared for bots which no program runs. Nothing of it survives a restart.
#[derive(Default)]
pub struct Presses {
    last_id: i64,
    waiting: VecDeque<Waiting>,
    prepared: BTreeMap<i64, ButtonAnswer>,
}

impl Presses {
    /// Prepares what a bot answers from now on; with nothing, it answers for itself again.
    pub fn prepare(&mut self, bot: i64, answer: Option<ButtonAnswer>) {
        match answer {
            Some(answer) => self.prepared.insert(bot, answer),
            None => self.prepared.remove(&bot),
        };
    }

    /// The answer that was prepared for a bot.
    pub fn prepared(&self, bot: i64) -> Option<&ButtonAnswer> {
        self.prepared.get(&bot)
    }

    /// Waits for a bot's answer: the press's id, and what it is answered with.
    pub fn wait(&mut self, bot: i64) -> (i64, oneshot::Receiver<ButtonAnswer>) {
        self.waiting.retain(|waiting| !waiting.answer.is_closed());
        if self.waiting.len() >= WAITING_MAX {
            self.waiting.pop_front();
        }
        self.last_id += 1;
        let (answer, answered) = oneshot::channel();
        self.waiting.push_back(Waiting { query_id: self.last_id, bot, answer });
        (self.last_id, answered)
    }

    /// Answers a press of a bot's button. Answers whether somebody waited for it.
    pub fn answer(&mut self, bot: i64, query_id: i64, answer: ButtonAnswer) -> bool {
        let place = self.waiting.iter().position(|waiting| waiting.query_id == query_id && waiting.bot == bot);
        let waiting = place.and_then(|place| self.waiting.remove(place));
        waiting.is_some_and(|waiting| waiting.answer.send(answer).is_ok())
    }
}

/// Which press it is, as its bot is told.
#[derive(Clone, Copy, Debug)]
pub struct Pressed {
    /// Names the press.
    pub query_id: i64,
    /// Who pressed.
    pub user_id: i64,
    /// Where, as the bot sees it.
    pub peer: PeerId,
    /// The message, as the bot numbers it.
    pub message_id: i32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_press_is_answered_once_and_by_its_bot() {
        let mut presses = Presses::default();
        let (query_id, mut answered) = presses.wait(7);
        let answer = ButtonAnswer { message: Some("Ahoy".into()), ..ButtonAnswer::default() };
        assert!(!presses.answer(8, query_id, answer.clone()) && !presses.answer(7, query_id + 1, answer.clone()));
        assert!(presses.answer(7, query_id, answer.clone()) && !presses.answer(7, query_id, answer.clone()));
        assert_eq!(answered.try_recv().unwrap(), answer);
        let (given_up, receiver) = presses.wait(7);
        drop(receiver);
        assert!(!presses.answer(7, given_up, answer));
    }
}
