//! Reacting to messages.

use std::collections::BTreeSet;

use grammers_tl_types as tl;

use super::call::Call;
use super::error::RpcError;
use super::messages::find;
use crate::world::administration::taken;
use crate::world::event::Event;
use crate::world::ids::PeerId;
use crate::world::message_box::{Content, Message};
use crate::world::reactions::{Given, Reacting, Reaction};
use crate::world::view::count;

/// Different reactions that one message may have.
const DIFFERENT_MAX: usize = 11;
/// Reactions that one user may give to one message, with and without Telegram Premium.
const OWN_MAX: usize = 1;
/// Messages whose reactions one call may ask for, and reactions of one page.
const PAGE_MAX: usize = 100;

/// The emoji that everybody may react with.
const EMOJI: [&str; 73] = [
    "👍",
    "👎",
    "❤",
    "🔥",
    "🥰",
    "👏",
    "😁",
    "🤔",
    "🤯",
    "😱",
    "🤬",
    "😢",
    "🎉",
    "🤩",
    "🤮",
    "💩",
    "🙏",
    "👌",
    "🕊",
    "🤡",
    "🥱",
    "🥴",
    "😍",
    "🐳",
    "❤‍🔥",
    "🌚",
    "🌭",
    "💯",
    "🤣",
    "⚡",
    "🍌",
    "🏆",
    "💔",
    "🤨",
    "😐",
    "🍓",
    "🍾",
    "💋",
    "🖕",
    "😈",
    "😴",
    "😭",
    "🤓",
    "👻",
    "👨‍💻",
    "👀",
    "🎃",
    "🙈",
    "😇",
    "😨",
    "🤝",
    "✍",
    "🤗",
    "🫡",
    "🎅",
    "🎄",
    "☃",
    "💅",
    "🤪",
    "🗿",
    "🆒",
    "💘",
    "🙉",
    "🦄",
    "😘",
    "💊",
    "🙊",
    "😎",
    "👾",
    "🤷‍♂",
    "🤷",
    "🤷‍♀",
    "😡",
];

/// `messages.sendReaction`: these instead of what was given before; none takes it back.
pub fn send_reaction(
    call: &mut Call<'_>,
    request: tl::functions::messages::SendReaction,
) -> Result<tl::enums::Updates, RpcError> {
    let user_id = call.user_id()?;
    let peer = call.peer(&request.peer)?;
    check_may_react(call, user_id, peer)?;
    let message = reacted_to(call, peer, request.msg_id)?;
    let named = request.reaction.unwrap_or_default();
    let reactions = named.iter().filter_map(|reaction| read(reaction).transpose()).collect::<Result<Vec<_>, RpcError>>()?;
    check_number(call, message, user_id, &reactions)?;
    if call.state().reactions.of(message.shared_id, user_id) == reactions {
        return Err(RpcError::bad_request("MESSAGE_NOT_MODIFIED"));
    }
    let given = Given { reactions, date: call.now, big: request.big };
    let notices = call.change(Event::Reacted(Reacting { user_id, peer, message_id: request.msg_id, given }));
    call.answer(None, &notices)
}

fn check_may_react(call: &Call<'_>, user_id: i64, peer: PeerId) -> Result<(), RpcError> {
    let state = call.state();
    let may = match peer {
        PeerId::User(_) => true,
        _ if state.is_broadcast(peer) => state.is_member(user_id, peer),
        _ => state.is_member(user_id, peer) && state.may(user_id, peer, taken::SEND_REACTIONS, call.now),
    };
    if may { Ok(()) } else { Err(RpcError::forbidden("CHAT_WRITE_FORBIDDEN")) }
}

/// A message that can be reacted to.
fn reacted_to<'a>(call: &'a Call<'_>, peer: PeerId, id: i32) -> Result<&'a Message, RpcError> {
    let message = find(call, peer, id).filter(|message| !matches!(message.content, Content::Action(_)));
    message.ok_or(RpcError::bad_request("MESSAGE_ID_INVALID"))
}

/// A reaction as a client names it; an empty one is none.
fn read(reaction: &tl::enums::Reaction) -> Result<Option<Reaction>, RpcError> {
    match reaction {
        tl::enums::Reaction::Empty => Ok(None),
        tl::enums::Reaction::Emoji(emoji) if EMOJI.contains(&emoji.emoticon.as_str()) => {
            Ok(Some(Reaction::Emoji(emoji.emoticon.clone())))
        }
        tl::enums::Reaction::CustomEmoji(custom) if custom.document_id != 0 => Ok(Some(Reaction::Custom(custom.document_id))),
        _ => Err(RpcError::bad_request("REACTION_INVALID")),
    }
}

/// Custom emoji are for Premium, which nobody has here, unless somebody else reacted with one before.
fn check_number(call: &Call<'_>, message: &Message, user_id: i64, reactions: &[Reaction]) -> Result<(), RpcError> {
    let counted = call.state().reactions.counted(message.shared_id);
    let there: BTreeSet<&Reaction> = counted.iter().map(|counted| counted.reaction).collect();
    let is_new = |reaction: &&Reaction| !there.contains(reaction);
    if reactions.iter().any(|reaction| matches!(reaction, Reaction::Custom(_)) && is_new(&reaction)) {
        return Err(RpcError::forbidden("PREMIUM_ACCOUNT_REQUIRED"));
    }
    let different = there.len() + reactions.iter().filter(is_new).count();
    let replaces = call.state().reactions.of(message.shared_id, user_id).len();
    if reactions.len() > OWN_MAX || (different > DIFFERENT_MAX && replaces == 0) {
        return Err(RpcError::bad_request("REACTIONS_TOO_MANY"));
    }
    Ok(())
}

/// `messages.getMessagesReactions`.
pub fn get_messages_reactions(
    call: &mut Call<'_>,
    request: tl::functions::messages::GetMessagesReactions,
) -> Result<tl::enums::Updates, RpcError> {
    let peer = call.peer(&request.peer)?;
    let mut view = call.view()?;
    let updates = request.id.iter().take(PAGE_MAX).filter_map(|id| view.reactions_update(peer, *id)).collect();
    Ok(view.envelope(updates, call.now))
}

/// `messages.getMessageReactionsList`: who reacted, the latest first; of one reaction, if it is named.
pub fn get_message_reactions_list(
    call: &mut Call<'_>,
    request: tl::functions::messages::GetMessageReactionsList,
) -> Result<tl::enums::messages::MessageReactionsList, RpcError> {
    let peer = call.peer(&request.peer)?;
    let message = reacted_to(call, peer, request.id)?;
    let mut view = call.view()?;
    if !view.shows_who_reacted(peer) {
        return Err(RpcError::forbidden("BROADCAST_FORBIDDEN"));
    }
    let mut all = view.peer_reactions(message);
    if let Some(wanted) = &request.reaction {
        all.retain(|tl::enums::MessagePeerReaction::Reaction(given)| given.reaction == *wanted);
    }
    let start: usize = match request.offset.as_deref().filter(|offset| !offset.is_empty()) {
        Some(offset) => offset.parse().map_err(|_| RpcError::bad_request("OFFSET_INVALID"))?,
        None => 0,
    };
    let end = start.saturating_add(usize::try_from(request.limit).unwrap_or(0).clamp(1, PAGE_MAX));
    let next_offset = (end < all.len()).then(|| end.to_string());
    let total = count(all.len());
    let reactions = all.into_iter().take(end).skip(start).collect();
    let (users, chats) = view.mentioned();
    Ok(tl::types::messages::MessageReactionsList { count: total, reactions, chats, users, next_offset }.into())
}
