//! What comes from the socket, in one form.

use std::rc::Rc;

use grammers_session::updates::{MessageBoxes, UpdatesLike};
use grammers_tl_types::enums::{Chat, Message, Update, Updates, User};

use super::super::convert::Met;

/// Updates that came together, with the users and chats that they mention.
#[derive(Clone)]
pub(super) struct Container {
    /// Telegram's time, or 0 where it tells none.
    pub(super) date: i32,
    /// The numbers of the first and the last in the sequence of containers, or 0 where that does not matter.
    pub(super) seq_start: i32,
    pub(super) seq: i32,
    pub(super) updates: Vec<Update>,
    pub(super) met: Rc<Met>,
}

/// What came.
pub(super) enum Came {
    /// Updates.
    Container(Container),
    /// Updates of people or chats that are named by their bare ids: only who knows them can use it.
    Short(Container, i64),
    /// Only word that something was missed: too much to be sent, or it could not be read.
    Gap,
    /// The connection broke. Whatever is asked next makes it anew.
    Closed,
}

impl Container {
    fn of(updates: Vec<Update>, date: i32) -> Self {
        Self { date, seq_start: 0, seq: 0, updates, met: Rc::new(Met::new(Vec::new(), Vec::new())) }
    }
}

/// Reads what the client hands over.
pub(super) fn came(raw: UpdatesLike) -> Came {
    match raw {
        UpdatesLike::Updates(updates) => of_updates(updates),
        UpdatesLike::InvitedUsers(invited) => of_updates(invited.updates),
        UpdatesLike::ChatInviteJoinResult(joined) => of_updates(joined.updates),
        UpdatesLike::ConnectionClosed => Came::Closed,
        UpdatesLike::MalformedUpdates => Came::Gap,
        short @ (UpdatesLike::ShortSentMessage { .. }
        | UpdatesLike::AffectedMessages(_)
        | UpdatesLike::AffectedChannelMessages { .. }) => Came::Container(written_out(short)),
    }
}

fn of_updates(updates: Updates) -> Came {
    match updates {
        Updates::TooLong => Came::Gap,
        Updates::Updates(it) => Came::Container(Container {
            date: it.date,
            seq_start: it.seq,
            seq: it.seq,
            met: met(it.users, it.chats, &it.updates),
            updates: it.updates,
        }),
        Updates::Combined(it) => Came::Container(Container {
            date: it.date,
            seq_start: it.seq_start,
            seq: it.seq,
            met: met(it.users, it.chats, &it.updates),
            updates: it.updates,
        }),
        Updates::UpdateShort(it) => Came::Container(Container::of(vec![it.update], it.date)),
        Updates::UpdateShortMessage(it) => {
            let user = it.user_id;
            Came::Short(written_out(UpdatesLike::Updates(Updates::UpdateShortMessage(it))), user)
        }
        Updates::UpdateShortChatMessage(it) => {
            let user = it.from_id;
            Came::Short(written_out(UpdatesLike::Updates(Updates::UpdateShortChatMessage(it))), user)
        }
        sent @ Updates::UpdateShortSentMessage(_) => Came::Container(written_out(UpdatesLike::Updates(sent))),
    }
}

fn met(users: Vec<User>, chats: Vec<Chat>, updates: &[Update]) -> Rc<Met> {
    Rc::new(Met::new(users, chats).seen_in(updates.iter().filter_map(message_of)))
}

/// The message that an update tells of.
fn message_of(update: &Update) -> Option<&Message> {
    match update {
        Update::NewMessage(told) => Some(&told.message),
        Update::EditMessage(told) => Some(&told.message),
        Update::NewChannelMessage(told) => Some(&told.message),
        Update::EditChannelMessage(told) => Some(&told.message),
        _ => None,
    }
}

/// The short forms written out, by the library: a message box that knows nothing takes whatever comes as it is.
fn written_out(short: UpdatesLike) -> Container {
    let updates = MessageBoxes::new().process_updates(short).map(|(updates, _, _)| updates).unwrap_or_default();
    let date = updates.first().map_or(0, |(_, state)| state.date);
    Container::of(updates.into_iter().map(|(update, _)| update).collect(), date)
}
