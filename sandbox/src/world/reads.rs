//! When users read which messages.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::ids::PeerId;

/// How many times of reading are kept of one conversation; the oldest are forgotten.
const MARKS_MAX: usize = 100;

/// A user had read a conversation up to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct ReadMark {
    max_id: i32,
    date: i32,
}

/// When users read their conversations. Messages are named as the reader has them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reads(BTreeMap<i64, BTreeMap<PeerId, VecDeque<ReadMark>>>);

impl Reads {
    /// Notes that a user has read a conversation up to a message, at a time in Unix seconds.
    pub fn note(&mut self, user_id: i64, peer: PeerId, max_id: i32, date: i32) {
        let marks = self.0.entry(user_id).or_default().entry(peer).or_default();
        marks.push_back(ReadMark { max_id, date });
        if marks.len() > MARKS_MAX {
            marks.pop_front();
        }
    }

    /// When a user read a message, in Unix seconds.
    pub fn date_of(&self, user_id: i64, peer: PeerId, message_id: i32) -> Option<i32> {
        let marks = self.0.get(&user_id)?.get(&peer)?;
        marks.iter().find(|mark| mark.max_id >= message_id).map(|mark| mark.date)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_was_read_when_the_first_mark_reached_it() {
        let (mut reads, peer) = (Reads::default(), PeerId::Chat(5));
        reads.note(1, peer, 10, 100);
        reads.note(1, peer, 20, 200);
        assert_eq!(reads.date_of(1, peer, 10), Some(100));
        assert_eq!(reads.date_of(1, peer, 11), Some(200));
        assert_eq!(reads.date_of(1, peer, 21), None);
        assert_eq!(reads.date_of(2, peer, 1), None);
    }
}
