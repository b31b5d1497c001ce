//! Polls: sending them, voting, and closing them.

use std::collections::BTreeMap;

use grammers_tl_types as tl;
use grammers_tl_types::Serializable;

use super::call::Call;
use super::error::RpcError;
use super::messages::find;
use crate::world::administration::right;
use crate::world::attachment::Attachment;
use crate::world::event::Event;
use crate::world::ids::{HexBytes, PeerId};
use crate::world::message_box::{Content, Message};
use crate::world::polls::{
    OPEN_SECS, OPTION_CHARS_MAX, OPTIONS, Poll, PollEvent, PollOption, QUESTION_CHARS_MAX, SOLUTION_CHARS_MAX,
};
use crate::world::view::count;

/// The longest name of an option, in bytes.
const KEY_BYTES_MAX: usize = 100;
/// Votes of one page.
const VOTES_MAX: usize = 50;

/// Makes the poll that a message is to bring.
///
/// # Errors
/// `POLL_…_INVALID` and its kin.
pub fn made(call: &mut Call<'_>, peer: PeerId, asked: tl::types::InputMediaPoll) -> Result<Attachment, RpcError> {
    let poll = Box::new(poll(call, peer, asked)?);
    let poll_id = call.state().polls.next_id();
    call.change(Event::Poll(PollEvent::Made { poll_id, poll }));
    Ok(Attachment::Poll(poll_id))
}

fn text(text: tl::enums::TextWithEntities, chars_max: usize, error: &'static str) -> Result<(String, HexBytes), RpcError> {
    let tl::enums::TextWithEntities::Entities(text) = text;
    if text.text.trim().is_empty() || text.text.chars().count() > chars_max {
        return Err(RpcError::bad_request(error));
    }
    Ok((text.text, formatting(text.entities)))
}

fn formatting(entities: Vec<tl::enums::MessageEntity>) -> HexBytes {
    if entities.is_empty() { HexBytes::default() } else { HexBytes(entities.to_bytes()) }
}

/// The poll that is asked for.
fn poll(call: &Call<'_>, peer: PeerId, asked: tl::types::InputMediaPoll) -> Result<Poll, RpcError> {
    let tl::enums::Poll::Poll(raw) = asked.poll;
    if raw.quiz && raw.multiple_choice {
        return Err(RpcError::bad_request("QUIZ_MULTIPLE_INVALID"));
    }
    if raw.public_voters && call.state().is_broadcast(peer) {
        return Err(RpcError::bad_request("BROADCAST_PUBLIC_VOTERS_FORBIDDEN"));
    }
    let (question, entities) = text(raw.question, QUESTION_CHARS_MAX, "POLL_QUESTION_INVALID")?;
    let mut options = options(raw.answers)?;
    let correct = correct(raw.quiz, asked.correct_answers.unwrap_or_default(), options.len())?;
    if let Some(option) = correct.and_then(|correct| options.get_mut(correct)) {
        option.correct = true;
    }
    let solution = asked.solution.filter(|solution| !solution.is_empty());
    if solution.as_ref().is_some_and(|solution| !raw.quiz || solution.chars().count() > SOLUTION_CHARS_MAX) {
        return Err(RpcError::bad_request("POLL_SOLUTION_INVALID"));
    }
    let open_secs = raw.close_period.or(raw.close_date.map(|date| date.saturating_sub(call.now)));
    if open_secs.is_some_and(|seconds| !OPEN_SECS.contains(&seconds)) {
        return Err(RpcError::bad_request("POLL_CLOSE_DATE_INVALID"));
    }
    Ok(Poll {
        creator: call.user_id()?,
        question,
        entities,
        options,
        closed: raw.closed,
        public_voters: raw.public_voters,
        multiple_choice: raw.multiple_choice,
        quiz: raw.quiz,
        revoting_disabled: raw.revoting_disabled,
        shuffle_answers: raw.shuffle_answers,
        hide_results_until_close: raw.hide_results_until_close,
        close_period: raw.close_period,
        close_date: open_secs.map(|seconds| call.now.saturating_add(seconds)),
        solution,
        solution_entities: formatting(asked.solution_entities.unwrap_or_default()),
        votes: BTreeMap::new(),
    })
}

/// The options; those that their maker gave no name are named by their places.
fn options(answers: Vec<tl::enums::PollAnswer>) -> Result<Vec<PollOption>, RpcError> {
    if !OPTIONS.contains(&answers.len()) {
        return Err(RpcError::bad_request("POLL_ANSWERS_INVALID"));
    }
    let mut options: Vec<PollOption> = Vec::new();
    for (place, answer) in answers.into_iter().enumerate() {
        let (raw, key) = match answer {
            tl::enums::PollAnswer::Answer(answer) => (answer.text, answer.option),
            tl::enums::PollAnswer::InputPollAnswer(answer) => (answer.text, place.to_string().into_bytes()),
        };
        let (text, entities) = text(raw, OPTION_CHARS_MAX, "POLL_ANSWER_INVALID")?;
        if key.is_empty() || key.len() > KEY_BYTES_MAX {
            return Err(RpcError::bad_request("POLL_OPTION_INVALID"));
        }
        if options.iter().any(|other| other.key.0 == key || other.text == text) {
            return Err(RpcError::bad_request("POLL_OPTION_DUPLICATE"));
        }
        options.push(PollOption { text, entities, key: HexBytes(key), correct: false });
    }
    Ok(options)
}

/// The place of a quiz's right option.
fn correct(quiz: bool, correct: Vec<i32>, options: usize) -> Result<Option<usize>, RpcError> {
    match (quiz, correct.as_slice()) {
        (false, []) => Ok(None),
        (true, []) => Err(RpcError::bad_request("QUIZ_CORRECT_ANSWERS_EMPTY")),
        (true, [one]) => {
            let place = usize::try_from(*one).ok().filter(|place| *place < options);
            place.map(Some).ok_or(RpcError::bad_request("QUIZ_CORRECT_ANSWER_INVALID"))
        }
        (true, _) => Err(RpcError::bad_request("QUIZ_CORRECT_ANSWERS_TOO_MUCH")),
        (false, _) => Err(RpcError::bad_request("QUIZ_CORRECT_ANSWER_INVALID")),
    }
}

/// A poll in a message.
fn known<'a>(call: &'a Call<'_>, peer: PeerId, message_id: i32) -> Result<(i64, &'a Poll, &'a Message), RpcError> {
    let invalid = RpcError::bad_request("MESSAGE_ID_INVALID");
    let message = find(call, peer, message_id).ok_or(invalid.clone())?;
    let Content::Attachment(Attachment::Poll(poll_id)) = message.content else { return Err(invalid) };
    let poll = call.state().polls.get(poll_id).ok_or(invalid)?;
    Ok((poll_id, poll, message))
}

/// `messages.sendVote`; without options the vote is taken back.
pub fn send_vote(call: &mut Call<'_>, request: tl::functions::messages::SendVote) -> Result<tl::enums::Updates, RpcError> {
    let user_id = call.user_id()?;
    let peer = call.peer(&request.peer)?;
    if !matches!(peer, PeerId::User(_)) && !call.state().is_member(user_id, peer) {
        return Err(RpcError::forbidden("CHAT_WRITE_FORBIDDEN"));
    }
    let (poll_id, poll, _) = known(call, peer, request.msg_id)?;
    if poll.closed {
        return Err(RpcError::bad_request("MESSAGE_POLL_CLOSED"));
    }
    if (poll.quiz || poll.revoting_disabled) && poll.votes.contains_key(&user_id) {
        return Err(RpcError::bad_request("REVOTE_NOT_ALLOWED"));
    }
    let mut options = Vec::new();
    for key in &request.options {
        let place = poll.options.iter().position(|option| option.key.0 == *key);
        options.push(place.ok_or(RpcError::bad_request("OPTION_INVALID"))?);
    }
    options.sort_unstable();
    options.dedup();
    if options.len() > 1 && !poll.multiple_choice {
        return Err(RpcError::bad_request("OPTIONS_TOO_MUCH"));
    }
    let date = call.now;
    let notices = call.change(Event::Poll(PollEvent::Voted { poll_id, user_id, options, date }));
    call.answer(None, &notices)
}

/// `messages.editMessage` that closes a poll: for its maker, and in a channel for who may edit its posts.
pub fn close(
    call: &mut Call<'_>,
    request: &tl::functions::messages::EditMessage,
    asked: &tl::types::InputMediaPoll,
) -> Result<tl::enums::Updates, RpcError> {
    let by = call.user_id()?;
    let peer = call.peer(&request.peer)?;
    let tl::enums::Poll::Poll(raw) = &asked.poll;
    let (poll_id, poll, message) = known(call, peer, request.id)?;
    let post = message.from == peer && call.state().may_administer(by, peer, right::EDIT_MESSAGES);
    if message.from != PeerId::User(by) && !post {
        return Err(RpcError::forbidden("MESSAGE_AUTHOR_REQUIRED"));
    }
    if poll.creator != by && !post {
        return Err(RpcError::forbidden("MESSAGE_AUTHOR_REQUIRED"));
    }
    if poll.closed || !raw.closed {
        return Err(RpcError::bad_request("MESSAGE_NOT_MODIFIED"));
    }
    let (message_id, date) = (request.id, call.now);
    let notices = call.change(Event::Poll(PollEvent::Closed { poll_id, by, peer, message_id, date }));
    call.answer(None, &notices)
}

/// `messages.getPollResults`.
pub fn get_poll_results(
    call: &mut Call<'_>,
    request: tl::functions::messages::GetPollResults,
) -> Result<tl::enums::Updates, RpcError> {
    let peer = call.peer(&request.peer)?;
    let (poll_id, ..) = known(call, peer, request.msg_id)?;
    let mut view = call.view()?;
    let updates = view.poll_update(poll_id).into_iter().collect();
    Ok(view.envelope(updates, call.now))
}

/// `messages.getPollVotes`: who chose what, the latest first, where that is told; for who has voted.
pub fn get_poll_votes(
    call: &mut Call<'_>,
    request: tl::functions::messages::GetPollVotes,
) -> Result<tl::enums::messages::VotesList, RpcError> {
    let user_id = call.user_id()?;
    let peer = call.peer(&request.peer)?;
    let (_, poll, _) = known(call, peer, request.id)?;
    if !poll.public_voters || !poll.shows_results_to(user_id) {
        return Err(RpcError::forbidden("POLL_VOTE_REQUIRED"));
    }
    let wanted = match &request.option {
        None => None,
        Some(key) => {
            let place = poll.options.iter().position(|option| option.key.0 == *key);
            Some(place.ok_or(RpcError::bad_request("OPTION_INVALID"))?)
        }
    };
    let found: Vec<_> =
        poll.latest_voters().into_iter().filter(|(_, vote)| wanted.is_none_or(|place| vote.options.contains(&place))).collect();
    let start: usize = request.offset.as_deref().unwrap_or("0").parse().map_err(|_| RpcError::bad_request("OFFSET_INVALID"))?;
    let end = start.saturating_add(usize::try_from(request.limit).unwrap_or(0).min(VOTES_MAX));
    let mut view = call.view()?;
    let keys = |places: &[usize]| -> Vec<Vec<u8>> {
        places.iter().filter_map(|place| poll.options.get(*place)).map(|option| option.key.0.clone()).collect()
    };
    let votes = found.iter().take(end).skip(start).map(|(voter, vote)| {
        let (peer, date) = (view.mention(PeerId::User(*voter)), vote.date);
        match (&request.option, keys(&vote.options)) {
            (Some(_), _) => tl::types::MessagePeerVoteInputOption { peer, date }.into(),
            (None, options) if poll.multiple_choice => tl::types::MessagePeerVoteMultiple { peer, options, date }.into(),
            (None, options) => {
                tl::types::MessagePeerVote { peer, option: options.into_iter().next().unwrap_or_default(), date }.into()
            }
        }
    });
    let votes = votes.collect();
    let (users, chats) = view.mentioned();
    let next_offset = (end < found.len()).then(|| end.to_string());
    Ok(tl::types::messages::VotesList { count: count(found.len()), votes, chats, users, next_offset }.into())
}
