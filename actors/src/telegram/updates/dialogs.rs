//! The chats that an account is in, page by page: how to address them, and how far the channels have come. Without that, what happens in
//! a channel before the first update of it is seen could not be asked for.

use grammers_tl_types::enums::InputPeer;
use grammers_tl_types::{enums, functions, types};

use super::super::convert::{self, Met};
use super::super::session::SealedSession;
use super::super::{ChatIdKind, TelegramError};
use super::Line;

/// How many chats are asked for at once; Telegram gives no more.
const PAGE_LENGTH: i32 = 100;

/// Where a page begins.
#[derive(Clone)]
pub(super) struct Offset {
    date: i32,
    message_id: i32,
    peer: InputPeer,
}

impl Default for Offset {
    fn default() -> Self {
        Self { date: 0, message_id: 0, peer: InputPeer::Empty }
    }
}

/// One page.
pub(super) struct Page {
    /// Channels, and how far they have come.
    pub(super) channels: Vec<(i64, i32)>,
    pub(super) next: Option<Offset>,
}

/// Reads a page; whom it mentions can be addressed from then on.
pub(super) async fn page(line: &Line, session: &SealedSession, offset: Offset) -> Result<Page, TelegramError> {
    let request = functions::messages::GetDialogs {
        exclude_pinned: false,
        folder_id: None,
        offset_date: offset.date,
        offset_id: offset.message_id,
        offset_peer: offset.peer,
        limit: PAGE_LENGTH,
        hash: 0,
    };
    let (dialogs, messages, chats, users, is_whole) = match line.invoke(&request).await? {
        enums::messages::Dialogs::Dialogs(all) => (all.dialogs, all.messages, all.chats, all.users, true),
        enums::messages::Dialogs::Slice(slice) => (slice.dialogs, slice.messages, slice.chats, slice.users, false),
        enums::messages::Dialogs::NotModified(_) => return Err(TelegramError::Unexpected("nothing was modified")),
    };
    session.remember(&Met::new(users, chats).seen_in(&messages)).await?;
    let dialogs: Vec<types::Dialog> = dialogs
        .into_iter()
        .filter_map(|dialog| match dialog {
            enums::Dialog::Dialog(dialog) => Some(dialog),
            _ => None,
        })
        .collect();
    let channels = dialogs.iter().filter_map(|dialog| match convert::chat_of(&dialog.peer).kind() {
        ChatIdKind::Channel(channel) => dialog.pts.map(|pts| (channel, pts)),
        ChatIdKind::User(_) | ChatIdKind::Group(_) => None,
    });
    let channels = channels.collect();
    let next = match dialogs.last().filter(|_| !is_whole) {
        None => None,
        Some(last) => next_offset(session, last, &messages).await?,
    };
    Ok(Page { channels, next })
}

async fn next_offset(
    session: &SealedSession,
    last: &types::Dialog,
    messages: &[enums::Message],
) -> Result<Option<Offset>, TelegramError> {
    let chat = convert::chat_of(&last.peer);
    let of_last = |message: &&enums::Message| {
        convert::message_id(message) == last.top_message && convert::message_place(message).is_some_and(|(_, of)| of == chat)
    };
    let date = messages.iter().find(of_last).and_then(convert::message_place).map_or(0, |(date, _)| date);
    let peer = session.input_peer(chat).await?;
    Ok(peer.map(|peer| Offset { date, message_id: last.top_message, peer }))
}
