//! What Telegram answers about what was missed, in one form.

use std::rc::Rc;

use grammers_tl_types::enums::updates::{ChannelDifference as RawChannelDifference, Difference as RawDifference};
use grammers_tl_types::enums::{Dialog, Message, Peer, Update};
use grammers_tl_types::types;

use super::super::convert::Met;
use super::state::AccountState;

/// Updates that are in order and new.
pub(super) struct Missed {
    /// First the messages, then what happened to them and otherwise.
    pub(super) messages: Vec<Update>,
    pub(super) others: Vec<Update>,
    pub(super) met: Rc<Met>,
}

/// The answer to `updates.getDifference`.
pub(super) enum AccountDifference {
    Empty {
        date: i32,
        seq: i32,
    },
    /// What was missed, and where that ends; there may be more.
    Missed {
        missed: Missed,
        state: AccountState,
        is_whole: bool,
    },
    /// There is more than Telegram gives.
    TooLong {
        pts: i32,
    },
}

/// The answer to `updates.getChannelDifference`.
pub(super) enum ChannelDifference {
    Empty {
        pts: i32,
    },
    Missed {
        missed: Missed,
        pts: i32,
        is_whole: bool,
    },
    /// There is more than Telegram gives.
    TooLong {
        pts: Option<i32>,
        met: Rc<Met>,
    },
}

impl AccountDifference {
    pub(super) fn of(raw: RawDifference) -> Self {
        match raw {
            RawDifference::Empty(it) => Self::Empty { date: it.date, seq: it.seq },
            RawDifference::Difference(it) => Self::Missed {
                missed: Missed::new(it.new_messages, it.other_updates, Met::new(it.users, it.chats)),
                state: AccountState::of(it.state),
                is_whole: true,
            },
            RawDifference::Slice(it) => Self::Missed {
                missed: Missed::new(it.new_messages, it.other_updates, Met::new(it.users, it.chats)),
                state: AccountState::of(it.intermediate_state),
                is_whole: false,
            },
            RawDifference::TooLong(it) => Self::TooLong { pts: it.pts },
        }
    }

    pub(super) fn met(&self) -> Option<&Met> {
        match self {
            Self::Missed { missed, .. } => Some(&missed.met),
            Self::Empty { .. } | Self::TooLong { .. } => None,
        }
    }
}

impl ChannelDifference {
    pub(super) fn of(raw: RawChannelDifference) -> Self {
        match raw {
            RawChannelDifference::Empty(it) => Self::Empty { pts: it.pts },
            RawChannelDifference::Difference(it) => Self::Missed {
                missed: Missed::new(it.new_messages, it.other_updates, Met::new(it.users, it.chats)),
                pts: it.pts,
                is_whole: it.r#final,
            },
            RawChannelDifference::TooLong(it) => {
                let pts = match it.dialog {
                    Dialog::Dialog(dialog) => dialog.pts,
                    _ => None,
                };
                Self::TooLong { pts, met: Rc::new(Met::new(it.users, it.chats).seen_in(&it.messages)) }
            }
        }
    }

    pub(super) fn met(&self) -> Option<&Met> {
        match self {
            Self::Empty { .. } => None,
            Self::Missed { missed, .. } => Some(&missed.met),
            Self::TooLong { met, .. } => Some(met),
        }
    }
}

impl Missed {
    fn new(messages: Vec<Message>, others: Vec<Update>, met: Met) -> Self {
        let met = met.seen_in(&messages);
        Self { messages: messages.into_iter().map(new_message).collect(), others, met: Rc::new(met) }
    }
}

/// A message of a difference, as an update without a number.
fn new_message(message: Message) -> Update {
    let is_of_channel = match &message {
        Message::Message(it) => matches!(it.peer_id, Peer::Channel(_)),
        Message::Service(it) => matches!(it.peer_id, Peer::Channel(_)),
        Message::Empty(_) => false,
    };
    let (pts, pts_count) = (0, 0);
    if is_of_channel {
        types::UpdateNewChannelMessage { message, pts, pts_count }.into()
    } else {
        types::UpdateNewMessage { message, pts, pts_count }.into()
    }
}
