//! Messages that are to be sent later.

use grammers_tl_types as tl;

use super::call::Call;
use super::error::RpcError;
use super::history;
use super::messages::check_may_write;
use crate::world::apply::About;
use crate::world::event::{Event, NewMessage};
use crate::world::ids::PeerId;
use crate::world::scheduled::{ScheduleEvent, WAITING_MAX, Waiting};

/// What is scheduled for sooner than this is sent at once, see <https://core.telegram.org/api/scheduled-messages>.
const AT_ONCE_SECS: i32 = 10;
/// How far ahead a message may be scheduled.
const AHEAD_SECS_MAX: i32 = 365 * 24 * 3_600;
/// The date that means "as soon as the other one is online", which nobody here shows.
const WHEN_ONLINE: i32 = 0x7fff_fffe;
/// Messages that one call may send or delete.
const CHANGED_MAX: usize = 100;

/// Sends a message, or keeps it for later. Answers the updates that tell its author of it.
///
/// # Errors
/// `SCHEDULE_DATE_TOO_LATE`, `SCHEDULE_STATUS_PRIVATE` or `SCHEDULE_TOO_MUCH`.
pub fn send(call: &mut Call<'_>, new: NewMessage, schedule_date: Option<i32>) -> Result<tl::enums::Updates, RpcError> {
    super::topics::check_open(call, new.from, new.peer, new.reply_to)?;
    let named = |id: i32| new.random_id.map(|random_id| tl::types::UpdateMessageId { id, random_id }.into());
    let Some(date) = schedule_date.filter(|date| *date > call.now.saturating_add(AT_ONCE_SECS)) else {
        let notices = call.change(Event::MessageSent(new.clone()));
        return call.answer(super::messages::new_id(&notices).and_then(named), &notices);
    };
    if date == WHEN_ONLINE {
        return Err(RpcError::bad_request("SCHEDULE_STATUS_PRIVATE"));
    }
    if date > call.now.saturating_add(AHEAD_SECS_MAX) {
        return Err(RpcError::bad_request("SCHEDULE_DATE_TOO_LATE"));
    }
    let owner = call.state().queue_owner(new.from, new.peer);
    let waiting = call.state().scheduled.queue(owner, new.peer).map_or(0, |queue| queue.latest_first().len());
    if waiting >= WAITING_MAX {
        return Err(RpcError::bad_request("SCHEDULE_TOO_MUCH"));
    }
    let message = NewMessage { date, ..new.clone() };
    let notices = call.change(Event::Scheduled(ScheduleEvent::Added { owner, message: Box::new(message) }));
    let id = notices.iter().find_map(|notice| match notice.about {
        About::Scheduled { message_id, .. } => Some(message_id),
        _ => None,
    });
    call.answer(id.and_then(named), &notices)
}

/// `messages.getScheduledHistory`: the last to be sent first.
pub fn get_scheduled_history(
    call: &mut Call<'_>,
    request: tl::functions::messages::GetScheduledHistory,
) -> Result<tl::enums::messages::Messages, RpcError> {
    let (peer, owner) = queue(call, &request.peer)?;
    let waiting = call.state().scheduled.queue(owner, peer).map(|queue| queue.latest_first()).unwrap_or_default();
    let ids: Vec<i32> = waiting.into_iter().map(|(id, _)| id).collect();
    told(call, peer, owner, &ids)
}

/// `messages.getScheduledMessages`: those that are there.
pub fn get_scheduled_messages(
    call: &mut Call<'_>,
    request: tl::functions::messages::GetScheduledMessages,
) -> Result<tl::enums::messages::Messages, RpcError> {
    let (peer, owner) = queue(call, &request.peer)?;
    told(call, peer, owner, &request.id)
}

fn told(call: &Call<'_>, peer: PeerId, owner: i64, ids: &[i32]) -> Result<tl::enums::messages::Messages, RpcError> {
    let mut view = call.view()?;
    view.mention(peer);
    let messages = ids.iter().take(WAITING_MAX).filter_map(|id| view.scheduled(owner, peer, *id)).collect();
    Ok(history::plain(view, messages))
}

/// `messages.deleteScheduledMessages`.
pub fn delete_scheduled_messages(
    call: &mut Call<'_>,
    request: tl::functions::messages::DeleteScheduledMessages,
) -> Result<tl::enums::Updates, RpcError> {
    let waiting = named(call, &request.peer, request.id)?;
    let notices = call.change(Event::Scheduled(ScheduleEvent::Removed(waiting)));
    call.answer(None, &notices)
}

/// `messages.sendScheduledMessages`: now.
pub fn send_scheduled_messages(
    call: &mut Call<'_>,
    request: tl::functions::messages::SendScheduledMessages,
) -> Result<tl::enums::Updates, RpcError> {
    let waiting = named(call, &request.peer, request.id)?;
    check_may_write(call, call.user_id()?, waiting.peer)?;
    let date = call.now;
    let notices = call.change(Event::Scheduled(ScheduleEvent::Sent { waiting, date }));
    call.answer(None, &notices)
}

/// Messages of the caller's queue that are all there.
fn named(call: &Call<'_>, peer: &tl::enums::InputPeer, message_ids: Vec<i32>) -> Result<Waiting, RpcError> {
    let (peer, owner) = queue(call, peer)?;
    let queue = call.state().scheduled.queue(owner, peer);
    let known = message_ids.iter().all(|id| queue.is_some_and(|queue| queue.get(*id).is_some()));
    if message_ids.is_empty() || message_ids.len() > CHANGED_MAX || !known {
        return Err(RpcError::bad_request("MESSAGE_ID_INVALID"));
    }
    Ok(Waiting { owner, peer, message_ids })
}

/// A conversation, and whose queue the caller sees there.
fn queue(call: &Call<'_>, peer: &tl::enums::InputPeer) -> Result<(PeerId, i64), RpcError> {
    let (user_id, peer) = (call.user_id()?, call.peer(peer)?);
    let owner = call.state().queue_owner(user_id, peer);
    if owner != user_id {
        check_may_write(call, user_id, peer)?;
    }
    Ok((peer, owner))
}
