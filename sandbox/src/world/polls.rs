//! Polls and quizzes, see <https://core.telegram.org/api/poll>.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ids::{HexBytes, PeerId};

/// The longest question, in characters.
pub const QUESTION_CHARS_MAX: usize = 255;
/// How many options a poll may have.
pub const OPTIONS: std::ops::RangeInclusive<usize> = 2..=12;
/// The longest option, in characters.
pub const OPTION_CHARS_MAX: usize = 100;
/// The longest explanation of a quiz, in characters.
pub const SOLUTION_CHARS_MAX: usize = 200;
/// For how long a poll may be open that closes by itself, in seconds.
pub const OPEN_SECS: std::ops::RangeInclusive<i32> = 5..=2_628_000;

/// One option of a poll.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollOption {
    /// What it says.
    pub text: String,
    /// Its formatting: a serialised `Vector<MessageEntity>`, or nothing.
    pub entities: HexBytes,
    /// What names it.
    pub key: HexBytes,
    /// Whether it is the right one of a quiz.
    pub correct: bool,
}

/// What somebody chose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// The places of the options.
    pub options: Vec<usize>,
    /// When, in Unix seconds.
    pub date: i32,
}

/// A poll. All messages that show it, forwarded ones too, show the same one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Poll {
    /// Who made it.
    pub creator: i64,
    /// What is asked.
    pub question: String,
    /// Its formatting.
    pub entities: HexBytes,
    /// What can be chosen.
    pub options: Vec<PollOption>,
    /// Whether nobody can vote any more.
    pub closed: bool,
    /// Whether it is told who chose what.
    pub public_voters: bool,
    /// Whether several options can be chosen.
    pub multiple_choice: bool,
    /// Whether there is a right answer.
    pub quiz: bool,
    /// Whether a vote stands for good.
    pub revoting_disabled: bool,
    /// Whether clients show the options in any order.
    pub shuffle_answers: bool,
    /// Whether nobody sees the results before it is closed.
    pub hide_results_until_close: bool,
    /// How long it is open, in seconds, if its maker said that.
    pub close_period: Option<i32>,
    /// When it closes by itself, in Unix seconds.
    pub close_date: Option<i32>,
    /// What is told of a quiz to who has answered.
    pub solution: Option<String>,
    /// Its formatting.
    pub solution_entities: HexBytes,
    /// Who voted.
    pub votes: BTreeMap<i64, Vote>,
}

impl Poll {
    /// How many chose the option at this place.
    pub fn count(&self, option: usize) -> usize {
        self.votes.values().filter(|vote| vote.options.contains(&option)).count()
    }

    /// The voters, the latest first.
    pub fn latest_voters(&self) -> Vec<(i64, &Vote)> {
        let mut voters: Vec<(i64, &Vote)> = self.votes.iter().map(|(user_id, vote)| (*user_id, vote)).collect();
        voters.sort_by_key(|(user_id, vote)| (std::cmp::Reverse(vote.date), *user_id));
        voters
    }

    /// Whether a user sees how others voted.
    pub fn shows_results_to(&self, user_id: i64) -> bool {
        self.closed || (self.votes.contains_key(&user_id) && !self.hide_results_until_close)
    }
}

/// All polls, by their ids.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Polls {
    last_id: i64,
    all: BTreeMap<i64, Poll>,
}

impl Polls {
    /// The id that the next poll gets.
    pub fn next_id(&self) -> i64 {
        self.last_id.max(FIRST_ID) + 1
    }

    /// A poll.
    pub fn get(&self, id: i64) -> Option<&Poll> {
        self.all.get(&id)
    }

    /// The same, to be changed.
    pub(super) fn get_mut(&mut self, id: i64) -> Option<&mut Poll> {
        self.all.get_mut(&id)
    }

    /// Adds a poll.
    pub(super) fn add(&mut self, id: i64, poll: Poll) {
        self.last_id = self.last_id.max(id);
        self.all.insert(id, poll);
    }

    /// The open polls whose time is over.
    pub fn due(&self, now: i32) -> Vec<i64> {
        let due = self.all.iter().filter(|(_, poll)| !poll.closed && poll.close_date.is_some_and(|date| date <= now));
        due.map(|(id, _)| *id).collect()
    }
}

/// The ids of polls are long numbers, so that nobody takes them for those of messages.
const FIRST_ID: i64 = 5_200_000_000_000_000_000;

/// What happens to polls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PollEvent {
    /// One was made.
    Made {
        /// Its id.
        poll_id: i64,
        /// What it is.
        poll: Box<Poll>,
    },
    /// Somebody voted, or took their vote back.
    Voted {
        /// In which.
        poll_id: i64,
        /// Who.
        user_id: i64,
        /// What; nothing for a vote that is taken back.
        options: Vec<usize>,
        /// Unix seconds.
        date: i32,
    },
    /// One was closed in a message of its maker's.
    Closed {
        /// Which.
        poll_id: i64,
        /// Who did it.
        by: i64,
        /// The conversation, as they see it.
        peer: PeerId,
        /// The message.
        message_id: i32,
        /// Unix seconds.
        date: i32,
    },
    /// The time of one is over.
    Expired {
        /// Which.
        poll_id: i64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_for_who_has_voted_until_it_is_closed() {
        let option = |text: &str| PollOption {
            text: text.into(),
            entities: HexBytes::default(),
            key: HexBytes(text.as_bytes().to_vec()),
            correct: false,
        };
        let mut poll = Poll {
            creator: 1,
            question: "Where to?".into(),
            entities: HexBytes::default(),
            options: vec![option("north"), option("south")],
            closed: false,
            public_voters: false,
            multiple_choice: false,
            quiz: false,
            revoting_disabled: false,
            shuffle_answers: false,
            hide_results_until_close: false,
            close_period: None,
            close_date: Some(100),
            solution: None,
            solution_entities: HexBytes::default(),
            votes: BTreeMap::new(),
        };
        poll.votes.insert(2, Vote { options: vec![1], date: 5 });
        poll.votes.insert(3, Vote { options: vec![1], date: 6 });
        assert_eq!((poll.count(0), poll.count(1)), (0, 2));
        assert_eq!(poll.latest_voters().first().map(|(id, _)| *id), Some(3));
        assert!(poll.shows_results_to(2) && !poll.shows_results_to(1));
        let mut polls = Polls::default();
        polls.add(7, poll);
        assert_eq!((polls.due(99), polls.due(100)), (Vec::new(), vec![7]));
        polls.get_mut(7).unwrap().closed = true;
        assert!(polls.due(100).is_empty() && polls.get(7).unwrap().shows_results_to(1));
    }
}
