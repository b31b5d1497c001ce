//! How polls look to one user: how others voted is told to who has voted.

use grammers_tl_types as tl;

use super::messages::read_entities;
use super::{View, count};
use crate::world::ids::{HexBytes, PeerId};
use crate::world::polls::Poll;

/// How many of the latest voters a poll itself tells of.
const RECENT_MAX: usize = 3;

pub(super) fn formatted(text: &str, entities: &HexBytes) -> tl::enums::TextWithEntities {
    tl::types::TextWithEntities { text: text.to_owned(), entities: read_entities(&entities.0).unwrap_or_default() }.into()
}

impl View<'_> {
    /// A poll as the media of a message.
    pub(super) fn poll_media(&mut self, poll_id: i64) -> Option<tl::enums::MessageMedia> {
        let poll = self.state.polls.get(poll_id)?;
        let (poll, results) = (self.poll(poll_id, poll), self.poll_results(poll));
        Some(tl::types::MessageMediaPoll { poll, results, attached_media: None }.into())
    }

    fn poll(&self, id: i64, poll: &Poll) -> tl::enums::Poll {
        let answers = poll.options.iter().map(|option| {
            let text = formatted(&option.text, &option.entities);
            tl::types::PollAnswer { text, option: option.key.0.clone(), media: None, added_by: None, date: None }.into()
        });
        tl::types::Poll {
            id,
            closed: poll.closed,
            public_voters: poll.public_voters,
            multiple_choice: poll.multiple_choice,
            quiz: poll.quiz,
            open_answers: false,
            revoting_disabled: poll.revoting_disabled,
            shuffle_answers: poll.shuffle_answers,
            hide_results_until_close: poll.hide_results_until_close,
            creator: poll.creator == self.viewer,
            subscribers_only: false,
            question: formatted(&poll.question, &poll.entities),
            answers: answers.collect(),
            close_period: poll.close_period,
            close_date: poll.close_date,
            countries_iso2: None,
            hash: 0,
        }
        .into()
    }

    fn poll_results(&mut self, poll: &Poll) -> tl::enums::PollResults {
        let shown = poll.shows_results_to(self.viewer);
        let own = poll.votes.get(&self.viewer);
        let answered = poll.quiz && (poll.closed || own.is_some());
        let results = (shown || own.is_some()).then(|| {
            let options = poll.options.iter().enumerate().map(|(place, option)| {
                tl::types::PollAnswerVoters {
                    chosen: own.is_some_and(|vote| vote.options.contains(&place)),
                    correct: answered && option.correct,
                    option: option.key.0.clone(),
                    voters: shown.then(|| count(poll.count(place))),
                    recent_voters: shown.then(Vec::new),
                }
                .into()
            });
            options.collect()
        });
        let recent = poll.latest_voters().into_iter().take(RECENT_MAX).map(|(user_id, _)| PeerId::User(user_id));
        let recent: Vec<PeerId> = recent.collect();
        let recent_voters = (poll.public_voters && shown && !recent.is_empty())
            .then(|| recent.into_iter().map(|peer| self.mention(peer)).collect());
        let solution = poll.solution.clone().filter(|_| answered);
        tl::types::PollResults {
            min: false,
            has_unread_votes: false,
            can_view_stats: false,
            results,
            total_voters: Some(count(poll.votes.len())),
            recent_voters,
            solution_entities: solution.is_some().then(|| read_entities(&poll.solution_entities.0).unwrap_or_default()),
            solution,
            solution_media: None,
        }
        .into()
    }

    /// The update that tells of a poll.
    pub fn poll_update(&mut self, poll_id: i64) -> Option<tl::enums::Update> {
        let poll = self.state.polls.get(poll_id)?;
        let results = self.poll_results(poll);
        let poll = Some(self.poll(poll_id, poll));
        Some(tl::types::UpdateMessagePoll { peer: None, msg_id: None, top_msg_id: None, poll_id, poll, results }.into())
    }
}
