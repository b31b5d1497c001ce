//! What users began to write.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ids::{HexBytes, PeerId};

/// A message that is not sent yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// The text.
    pub text: String,
    /// Its formatting: a serialised `Vector<MessageEntity>`, or nothing.
    pub entities: HexBytes,
    /// The message that it is to answer.
    pub reply_to: Option<i32>,
    /// The part of that message that it is to quote.
    pub quote: Option<String>,
    /// Whether no preview of a linked page is to be shown.
    pub no_webpage: bool,
    /// When it was saved, in Unix seconds.
    pub date: i32,
}

/// The drafts of everybody: by user, conversation, and topic (0 outside of one).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Drafts(BTreeMap<i64, BTreeMap<PeerId, BTreeMap<i32, Draft>>>);

impl Drafts {
    /// A user's draft.
    pub fn get(&self, user_id: i64, peer: PeerId, topic_id: i32) -> Option<&Draft> {
        self.0.get(&user_id)?.get(&peer)?.get(&topic_id)
    }

    /// Where a user has drafts: conversations and topics.
    pub fn of(&self, user_id: i64) -> Vec<(PeerId, i32)> {
        let by_peer = self.0.get(&user_id).into_iter().flatten();
        by_peer.flat_map(|(peer, by_topic)| by_topic.keys().map(|topic_id| (*peer, *topic_id))).collect()
    }

    /// Saves a user's draft, or forgets it. Answers whether that changed anything.
    pub fn set(&mut self, user_id: i64, peer: PeerId, topic_id: i32, draft: Option<Draft>) -> bool {
        let by_peer = self.0.entry(user_id).or_default();
        let by_topic = by_peer.entry(peer).or_default();
        let before = match &draft {
            Some(draft) => by_topic.insert(topic_id, draft.clone()),
            None => by_topic.remove(&topic_id),
        };
        if by_topic.is_empty() {
            by_peer.remove(&peer);
        }
        if by_peer.is_empty() {
            self.0.remove(&user_id);
        }
        before != draft
    }
}

/// A user saves a draft, or forgets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drafting {
    /// Who.
    pub user_id: i64,
    /// Where.
    pub peer: PeerId,
    /// In which topic; 0 outside of one.
    pub topic_id: i32,
    /// What.
    pub draft: Option<Draft>,
}
