//! Sending, editing, deleting and reading messages.

use grammers_tl_types as tl;

use super::buttons;
use super::call::Call;
use super::drafts;
use super::error::RpcError;
use super::help::EDIT_SECS;
use super::permissions::{PLAIN, check_may_send};
use super::polls;
use super::scheduled;
use super::text;
use crate::world::administration::{right, taken};
use crate::world::apply::{About, Notice};
use crate::world::buttons::ButtonEvent;
use crate::world::event::{Event, NewMessage};
use crate::world::ids::PeerId;
use crate::world::message_box::{Change, Content, Message};

/// Messages that one call may delete.
pub const DELETED_MAX: usize = 100;

/// `messages.sendMessage`.
pub fn send_message(call: &mut Call<'_>, request: tl::functions::messages::SendMessage) -> Result<tl::enums::Updates, RpcError> {
    let from = call.user_id()?;
    let peer = call.peer(&request.peer)?;
    check_may_send(call, from, peer, Some(PLAIN))?;
    let content = text::content(call, &request.message, request.entities)?;
    check_random_id(call, request.random_id)?;
    let (reply_to, quote) = answered(call, peer, request.reply_to)?;
    let random_id = Some(request.random_id);
    let silent = request.silent;
    let new = NewMessage { from, peer, content, reply_to, quote, silent, random_id, date: call.now };
    let sent = match buttons::markup(call, request.reply_markup)? {
        Some(markup) => buttons::send(call, new, markup, request.schedule_date)?,
        None => scheduled::send(call, new, request.schedule_date)?,
    };
    if request.clear_draft {
        drafts::set(call, peer, 0, None)?;
    }
    Ok(sent)
}

/// Whether a client's own id for a message is a new one.
///
/// # Errors
/// `RANDOM_ID_EMPTY`, `RANDOM_ID_DUPLICATE`.
pub fn check_random_id(call: &Call<'_>, random_id: i64) -> Result<(), RpcError> {
    if random_id == 0 {
        return Err(RpcError::bad_request("RANDOM_ID_EMPTY"));
    }
    if call.me()?.random_ids.contains(random_id) {
        return Err(RpcError::new(500, "RANDOM_ID_DUPLICATE"));
    }
    Ok(())
}

/// The message that a new one answers, and what it quotes of it: one that is gone is not answered.
///
/// # Errors
/// `QUOTE_TEXT_INVALID` when the message does not say what is quoted.
pub fn answered(
    call: &Call<'_>,
    peer: PeerId,
    reply_to: Option<tl::enums::InputReplyTo>,
) -> Result<(Option<i32>, Option<String>), RpcError> {
    let Some(tl::enums::InputReplyTo::Message(reply)) = reply_to else { return Ok((None, None)) };
    // A topic goes on even where its first message is gone, and so does one whose message is gone that was to be answered.
    let topic = super::topics::named(call, peer, &reply);
    let Some(message) = find(call, peer, reply.reply_to_msg_id) else { return Ok((topic, None)) };
    let quotable = |quote: &str| matches!(&message.content, Content::Text { text, .. } if text.contains(quote));
    match reply.quote_text.filter(|quote| !quote.is_empty()) {
        Some(quote) if !quotable(&quote) => Err(RpcError::bad_request("QUOTE_TEXT_INVALID")),
        quote => Ok((Some(message.id), quote)),
    }
}

/// The id of the message that was sent, as its sender has it.
pub fn new_id(notices: &[Notice]) -> Option<i32> {
    notices.iter().find_map(|notice| match &notice.about {
        About::Box(change) | About::Channel { change, .. } => match change.change {
            Change::New(id) => Some(id),
            _ => None,
        },
        _ => None,
    })
}

/// Whether a user may write to a peer.
///
/// # Errors
/// `CHAT_WRITE_FORBIDDEN` for a group that they are not in or may not write in, and a channel that is not theirs.
pub fn check_may_write(call: &Call<'_>, user_id: i64, peer: PeerId) -> Result<(), RpcError> {
    let state = call.state();
    let posts = state.may_administer(user_id, peer, right::POST_MESSAGES);
    if state.may_write(user_id, peer) && (posts || state.may(user_id, peer, taken::SEND_MESSAGES, call.now)) {
        return Ok(());
    }
    Err(RpcError::forbidden("CHAT_WRITE_FORBIDDEN"))
}

/// A message of a conversation as the caller has it.
pub fn find<'a>(call: &'a Call<'_>, peer: PeerId, id: i32) -> Option<&'a Message> {
    let message = match peer {
        PeerId::Channel(channel_id) => call.state().channels.get(&channel_id)?.messages.get(id)?,
        PeerId::User(_) | PeerId::Chat(_) => call.me().ok()?.messages.get(id)?,
    };
    Some(message).filter(|message| message.peer == peer)
}

/// `messages.editMessage`: the text of one's own message, for two days; or the end of one's own poll.
pub fn edit_message(call: &mut Call<'_>, request: tl::functions::messages::EditMessage) -> Result<tl::enums::Updates, RpcError> {
    if let Some(tl::enums::InputMedia::Poll(poll)) = &request.media {
        return polls::close(call, &request, poll);
    }
    let editor = call.user_id()?;
    let peer = call.peer(&request.peer)?;
    check_may_write(call, editor, peer)?;
    let message = find(call, peer, request.id).ok_or(RpcError::bad_request("MESSAGE_ID_INVALID"))?;
    let is_bot = call.state().bots.contains_key(&editor);
    let content = match request.message {
        // A bot may change its buttons alone.
        None if is_bot => message.content.clone(),
        text => text::content(call, &text.unwrap_or_default(), request.entities)?,
    };
    if matches!(message.content, Content::Action(_)) {
        return Err(RpcError::bad_request("MESSAGE_ID_INVALID"));
    }
    // Only its creator may write in a broadcast channel, so the posts there are the editor's own.
    let post = matches!(peer, PeerId::Channel(_)) && message.from == peer;
    if message.from != PeerId::User(editor) && !post {
        return Err(RpcError::forbidden("MESSAGE_AUTHOR_REQUIRED"));
    }
    if call.now.saturating_sub(message.date) > EDIT_SECS {
        return Err(RpcError::bad_request("MESSAGE_EDIT_TIME_EXPIRED"));
    }
    let shared_id = message.shared_id;
    let is_same = message.content == content;
    let markup = buttons::markup(call, request.reply_markup)?;
    let buttons_change = is_bot && markup.as_ref() != call.state().markups.get(shared_id);
    if is_same && !buttons_change {
        return Err(RpcError::bad_request("MESSAGE_NOT_MODIFIED"));
    }
    if buttons_change {
        call.change(Event::Button(ButtonEvent::Changed { shared_id, markup }));
    }
    let date = call.now;
    let notices = call.change(Event::MessageEdited { editor, peer, message_id: request.id, content, date });
    call.answer(None, &notices)
}

/// `messages.deleteMessages`: for oneself, or with `revoke` for everybody. In a group only one's own are taken from others.
pub fn delete_messages(
    call: &mut Call<'_>,
    request: tl::functions::messages::DeleteMessages,
) -> Result<tl::enums::messages::AffectedMessages, RpcError> {
    let me = call.me()?;
    if request.id.len() > DELETED_MAX {
        return Err(RpcError::bad_request("LIMIT_INVALID"));
    }
    let revocable = |message: &Message| message.outgoing || matches!(message.peer, PeerId::User(_));
    let known = request.id.iter().filter_map(|id| me.messages.get(*id));
    let (revoked, own): (Vec<&Message>, Vec<&Message>) = known.partition(|message| request.revoke && revocable(message));
    let user_id = me.id;
    let ids = |messages: Vec<&Message>| messages.iter().map(|message| message.id).collect::<Vec<_>>();
    let (revoked, own) = (ids(revoked), ids(own));
    let mut notices = Vec::new();
    for (message_ids, revoke) in [(revoked, true), (own, false)] {
        if !message_ids.is_empty() {
            let date = call.now;
            notices.extend(call.change(Event::MessagesDeleted { user_id, message_ids, revoke, date }));
        }
    }
    call.affected(&notices)
}

/// `messages.readHistory`.
pub fn read_history(
    call: &mut Call<'_>,
    request: tl::functions::messages::ReadHistory,
) -> Result<tl::enums::messages::AffectedMessages, RpcError> {
    let user_id = call.user_id()?;
    let peer = call.peer(&request.peer)?;
    if matches!(peer, PeerId::Channel(_)) {
        return Err(RpcError::bad_request("PEER_ID_INVALID"));
    }
    let notices = call.change(Event::HistoryRead { user_id, peer, max_id: request.max_id, date: call.now });
    call.affected(&notices)
}

/// `messages.setTyping`: tells the others, and keeps nothing.
pub fn set_typing(call: &mut Call<'_>, request: tl::functions::messages::SetTyping) -> Result<bool, RpcError> {
    let user_id = call.user_id()?;
    let peer = call.peer(&request.peer)?;
    check_may_write(call, user_id, peer)?;
    let from_id: tl::enums::Peer = tl::types::PeerUser { user_id }.into();
    let top_msg_id = request.top_msg_id;
    let action = request.action;
    let (listeners, update): (Vec<i64>, tl::enums::Update) = match peer {
        PeerId::User(other) => (vec![other], tl::types::UpdateUserTyping { user_id, top_msg_id, action }.into()),
        PeerId::Chat(chat_id) => {
            let listeners = call.state().chats.get(&chat_id).into_iter().flat_map(|chat| chat.members.keys().copied());
            (listeners.collect(), tl::types::UpdateChatUserTyping { chat_id, from_id, action }.into())
        }
        PeerId::Channel(channel_id) => {
            let channel = call.state().channels.get(&channel_id);
            let listeners = channel.into_iter().flat_map(|channel| channel.members.keys().copied());
            (listeners.collect(), tl::types::UpdateChannelUserTyping { channel_id, top_msg_id, from_id, action }.into())
        }
    };
    for listener in listeners.into_iter().filter(|listener| *listener != user_id) {
        call.tell(listener, update.clone());
    }
    Ok(true)
}
