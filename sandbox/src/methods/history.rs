//! Reading conversations page by page.

use grammers_tl_types as tl;

use super::call::Call;
use super::error::RpcError;
use crate::world::ids::PeerId;
use crate::world::message_box::Message;
use crate::world::state::User;
use crate::world::view::{View, count};

/// Messages of one page.
pub const PAGE_MAX: usize = 100;

/// A page of a conversation, newest first, and what it is a page of.
pub struct Page<'a> {
    messages: Vec<&'a Message>,
    total: usize,
}

/// Which part of a conversation is asked for, see <https://core.telegram.org/api/offsets>.
pub struct Window {
    /// Begin below this message; 0 does not say.
    pub offset_id: i32,
    /// Or else begin before this time; 0 does not say.
    pub offset_date: i32,
    /// Then go on by so many messages, or back.
    pub add_offset: i32,
    /// How many messages.
    pub limit: i32,
    /// Only messages below this one; 0 does not say.
    pub max_id: i32,
    /// Only messages above this one; 0 does not say.
    pub min_id: i32,
}

/// `messages.getHistory`.
pub fn get_history(
    call: &mut Call<'_>,
    request: tl::functions::messages::GetHistory,
) -> Result<tl::enums::messages::Messages, RpcError> {
    let peer = call.peer(&request.peer)?;
    let me = call.me()?;
    let newest_first = call.state().conversation(me, peer).rev();
    let all: Vec<&Message> = newest_first.take_while(|message| !is_hidden(me, peer, message.id)).collect();
    let window = Window {
        offset_id: request.offset_id,
        offset_date: request.offset_date,
        add_offset: request.add_offset,
        limit: request.limit,
        max_id: request.max_id,
        min_id: request.min_id,
    };
    answer(call, peer, &page(&all, &window))
}

/// Whether a user deleted a channel's message for themselves.
pub fn is_hidden(user: &User, peer: PeerId, message_id: i32) -> bool {
    user.dialogs.get(&peer).is_some_and(|dialog| message_id <= dialog.hidden_max_id)
}

/// The part of `newest_first` that is asked for.
pub fn page<'a>(newest_first: &[&'a Message], request: &Window) -> Page<'a> {
    let within = |message: &&&Message| {
        (request.max_id <= 0 || message.id < request.max_id) && (request.min_id <= 0 || message.id > request.min_id)
    };
    let eligible: Vec<&Message> = newest_first.iter().filter(within).copied().collect();
    let start = if request.offset_id > 0 {
        eligible.partition_point(|message| message.id >= request.offset_id)
    } else if request.offset_date > 0 {
        eligible.partition_point(|message| message.date >= request.offset_date)
    } else {
        0
    };
    let first = i64::try_from(start).unwrap_or(i64::MAX).saturating_add(request.add_offset.into());
    let limit = usize::try_from(request.limit).unwrap_or(0).min(PAGE_MAX);
    // A page that would begin before the newest message is cut there, not moved.
    let last = usize::try_from(first.saturating_add(i64::try_from(limit).unwrap_or(0))).unwrap_or(0);
    let first = usize::try_from(first).unwrap_or(0);
    let messages = eligible.iter().take(last).skip(first).copied().collect();
    Page { messages, total: newest_first.len() }
}

/// A page as methods answer it.
pub fn answer(call: &Call<'_>, peer: PeerId, page: &Page<'_>) -> Result<tl::enums::messages::Messages, RpcError> {
    let mut view = call.view()?;
    view.mention(peer);
    let messages: Vec<_> = page.messages.iter().map(|message| view.message(message)).collect();
    Ok(match peer {
        PeerId::Channel(channel_id) => channel_messages(call, view, channel_id, messages, page.total),
        PeerId::User(_) | PeerId::Chat(_) if messages.len() == page.total => plain(view, messages),
        PeerId::User(_) | PeerId::Chat(_) => {
            let (users, chats) = view.mentioned();
            tl::types::messages::MessagesSlice {
                inexact: false,
                count: count(page.total),
                next_rate: None,
                offset_id_offset: None,
                search_flood: None,
                messages,
                topics: Vec::new(),
                chats,
                users,
            }
            .into()
        }
    })
}

/// Messages that are all there are.
pub fn plain(mut view: View<'_>, messages: Vec<tl::enums::Message>) -> tl::enums::messages::Messages {
    let (users, chats) = view.mentioned();
    tl::types::messages::Messages { messages, topics: Vec::new(), chats, users }.into()
}

fn channel_messages(
    call: &Call<'_>,
    mut view: View<'_>,
    channel_id: i64,
    messages: Vec<tl::enums::Message>,
    total: usize,
) -> tl::enums::messages::Messages {
    let pts = call.state().channels.get(&channel_id).map_or(1, |channel| channel.messages.pts());
    let (users, chats) = view.mentioned();
    tl::types::messages::ChannelMessages {
        inexact: false,
        pts,
        count: count(total),
        offset_id_offset: None,
        messages,
        topics: Vec::new(),
        chats,
        users,
    }
    .into()
}

/// `messages.getMessages`: those that are not there are answered as empty.
pub fn get_messages(
    call: &mut Call<'_>,
    request: tl::functions::messages::GetMessages,
) -> Result<tl::enums::messages::Messages, RpcError> {
    let me = call.me()?;
    let mut view = call.view()?;
    let messages = request.id.iter().take(PAGE_MAX).map(|named| {
        let id = id_of(named);
        me.messages.get(id).map_or_else(|| empty(id, None), |message| view.message(message))
    });
    let messages = messages.collect();
    Ok(plain(view, messages))
}

/// `channels.getMessages`.
pub fn get_channel_messages(
    call: &mut Call<'_>,
    request: tl::functions::channels::GetMessages,
) -> Result<tl::enums::messages::Messages, RpcError> {
    let channel = call.channel(&request.channel)?;
    let me = call.me()?;
    let mut view = call.view()?;
    let peer_id = view.mention(PeerId::Channel(channel.id));
    let mut messages = Vec::new();
    for named in request.id.iter().take(PAGE_MAX) {
        let id = id_of(named);
        let found = channel.messages.get(id).filter(|message| !is_hidden(me, message.peer, id));
        messages.push(found.map_or_else(|| empty(id, Some(peer_id.clone())), |message| view.message(message)));
    }
    let total = messages.len();
    Ok(channel_messages(call, view, channel.id, messages, total))
}

fn id_of(named: &tl::enums::InputMessage) -> i32 {
    match named {
        tl::enums::InputMessage::Id(named) => named.id,
        _ => 0,
    }
}

fn empty(id: i32, peer_id: Option<tl::enums::Peer>) -> tl::enums::Message {
    tl::types::MessageEmpty { id, peer_id }.into()
}
