//! Catching up, see <https://core.telegram.org/api/updates>.

use grammers_tl_types::enums::updates::{ChannelDifference, Difference};
use grammers_tl_types::{self as tl, Serializable};

use super::call::Call;
use super::error::RpcError;
use super::{Method, read};
use crate::faults::FaultKind;
use crate::world::ids::PeerId;
use crate::world::message_box::LoggedChange;
use crate::world::state::Channel;
use crate::world::view::{SEQ, View};

/// Changes that one answer tells; a client that missed more asks again.
pub const SLICE_MAX: usize = 100;
/// Messages that a client is shown of a channel whose changes are not remembered that far back.
const CHANNEL_RESTART_MESSAGES: usize = 20;

/// `updates.getState`.
pub fn get_state(call: &mut Call<'_>, _: tl::functions::updates::GetState) -> Result<tl::enums::updates::State, RpcError> {
    Ok(call.view()?.state_now(call.now))
}

/// Changes as an answer tells them: new messages apart from everything else.
#[derive(Default)]
struct Told {
    messages: Vec<tl::enums::Message>,
    others: Vec<tl::enums::Update>,
}

impl Told {
    fn add(&mut self, update: Option<tl::enums::Update>) {
        match update {
            Some(tl::enums::Update::NewMessage(new)) => self.messages.push(new.message),
            Some(tl::enums::Update::NewChannelMessage(new)) => self.messages.push(new.message),
            other => self.others.extend(other),
        }
    }
}

/// `updates.getDifference`.
pub fn get_difference(call: &mut Call<'_>, request: tl::functions::updates::GetDifference) -> Result<Difference, RpcError> {
    let me = call.me()?;
    let messages = &me.messages;
    if request.pts <= 0 || request.pts > messages.pts() {
        return Err(RpcError::bad_request("PERSISTENT_TIMESTAMP_INVALID"));
    }
    let total_max = request.pts_total_limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(0));
    let missed: Option<Vec<&LoggedChange>> = messages.since(request.pts).map(Iterator::collect);
    let Some(missed) = missed.filter(|missed| missed.len() <= total_max) else {
        return Ok(tl::types::updates::DifferenceTooLong { pts: messages.pts() }.into());
    };
    let mut view = call.view()?;
    let mut told = Told::default();
    let slice = missed.iter().take(limit(request.pts_limit));
    let last = slice.clone().next_back().map_or(request.pts, |logged| logged.pts);
    slice.for_each(|logged| told.add(view.box_update(logged)));
    if last == messages.pts() {
        told.others.extend(channels_that_moved(call, &mut view, request.date)?);
    }
    if missed.is_empty() && told.others.is_empty() {
        return Ok(tl::types::updates::DifferenceEmpty { date: call.now, seq: SEQ }.into());
    }
    let (users, chats) = view.mentioned();
    let tl::enums::updates::State::State(mut state) = view.state_now(call.now);
    let Told { messages: new_messages, others: other_updates } = told;
    if last == state.pts {
        return Ok(tl::types::updates::Difference {
            new_messages,
            new_encrypted_messages: Vec::new(),
            other_updates,
            chats,
            users,
            state: state.into(),
        }
        .into());
    }
    state.pts = last;
    Ok(tl::types::updates::DifferenceSlice {
        new_messages,
        new_encrypted_messages: Vec::new(),
        other_updates,
        chats,
        users,
        intermediate_state: state.into(),
    }
    .into())
}

fn limit(asked: Option<i32>) -> usize {
    asked.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0).map_or(SLICE_MAX, |limit| limit.min(SLICE_MAX))
}

/// Hints at the channels that have news since a time, for a client to ask for each one's difference.
fn channels_that_moved(call: &Call<'_>, view: &mut View<'_>, since: i32) -> Result<Vec<tl::enums::Update>, RpcError> {
    let mut hints = Vec::new();
    for peer in call.me()?.dialogs.keys() {
        let PeerId::Channel(channel_id) = *peer else { continue };
        let Some(channel) = call.state().channels.get(&channel_id) else { continue };
        if channel.messages.moved_at() >= since {
            view.mention(*peer);
            let pts = Some(channel.messages.pts());
            hints.push(tl::types::UpdateChannelTooLong { channel_id, pts }.into());
        }
    }
    Ok(hints)
}

/// `updates.getChannelDifference`.
pub fn get_channel_difference(
    call: &mut Call<'_>,
    request: tl::functions::updates::GetChannelDifference,
) -> Result<ChannelDifference, RpcError> {
    let channel = call.channel(&request.channel)?;
    if request.pts <= 0 || request.pts > channel.messages.pts() {
        return Err(RpcError::bad_request("PERSISTENT_TIMESTAMP_INVALID"));
    }
    let missed: Option<Vec<&LoggedChange>> = channel.messages.since(request.pts).map(Iterator::collect);
    let Some(missed) = missed else { return restart(call, channel) };
    let slice: Vec<&LoggedChange> = missed.into_iter().take(limit(Some(request.limit))).collect();
    let Some(last) = slice.last() else {
        return Ok(tl::types::updates::ChannelDifferenceEmpty { r#final: true, pts: request.pts, timeout: None }.into());
    };
    let mut view = call.view()?;
    let mut told = Told::default();
    slice.iter().for_each(|logged| told.add(view.channel_update(channel.id, logged)));
    let (users, chats) = view.mentioned();
    let pts = last.pts;
    Ok(tl::types::updates::ChannelDifference {
        r#final: pts == channel.messages.pts(),
        pts,
        timeout: None,
        new_messages: told.messages,
        other_updates: told.others,
        chats,
        users,
    }
    .into())
}

/// What a client goes on from that is too far behind.
fn restart(call: &Call<'_>, channel: &Channel) -> Result<ChannelDifference, RpcError> {
    let me = call.me()?;
    let peer = PeerId::Channel(channel.id);
    let mut view = call.view()?;
    let dialog = view.dialog(me, peer, &me.dialogs.get(&peer).cloned().unwrap_or_default());
    let newest = channel.messages.iter().rev().take(CHANNEL_RESTART_MESSAGES);
    let messages = newest.map(|message| view.message(message)).collect();
    let (users, chats) = view.mentioned();
    Ok(tl::types::updates::ChannelDifferenceTooLong { r#final: true, timeout: None, dialog, messages, chats, users }.into())
}

/// What answers in place of a method, where a fault makes it say that there is more than it gives.
pub fn too_long(kind: FaultKind) -> Option<Method> {
    match kind {
        FaultKind::DifferenceTooLong => Some(Method {
            name: "updates.getDifference",
            run: |call, _| {
                let pts = call.me()?.messages.pts();
                Ok(Difference::from(tl::types::updates::DifferenceTooLong { pts }).to_bytes())
            },
        }),
        FaultKind::ChannelDifferenceTooLong => Some(Method {
            name: "updates.getChannelDifference",
            run: |call, arguments| {
                let request = read::<tl::functions::updates::GetChannelDifference>(arguments)?;
                Ok(restart(call, call.channel(&request.channel)?)?.to_bytes())
            },
        }),
        _ => None,
    }
}
