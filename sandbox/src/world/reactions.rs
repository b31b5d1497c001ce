//! Who reacted to which message, and how.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ids::PeerId;

/// One reaction.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Reaction {
    /// An emoji that everybody has.
    Emoji(String),
    /// A custom emoji, by its document's id.
    Custom(i64),
}

/// What one user gave to one message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// The reactions, in the order in which they were chosen.
    pub reactions: Vec<Reaction>,
    /// When, in Unix seconds.
    pub date: i32,
    /// Whether with a big animation.
    pub big: bool,
}

/// How often one reaction was given to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted<'a> {
    /// Which.
    pub reaction: &'a Reaction,
    /// How often.
    pub count: usize,
    /// When it was given first.
    since: i32,
}

/// What was given to messages, by their shared ids and by user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reactions(BTreeMap<i64, BTreeMap<i64, Given>>);

impl Reactions {
    /// What a user gave to a message.
    pub fn of(&self, shared_id: i64, user_id: i64) -> &[Reaction] {
        self.0.get(&shared_id).and_then(|by_user| by_user.get(&user_id)).map_or(&[], |given| &given.reactions)
    }

    /// What everybody gave to a message, the latest first.
    pub fn all(&self, shared_id: i64) -> Vec<(i64, &Given)> {
        let mut all: Vec<_> = self.0.get(&shared_id).into_iter().flatten().map(|(user_id, given)| (*user_id, given)).collect();
        all.sort_by_key(|(user_id, given)| (std::cmp::Reverse(given.date), *user_id));
        all
    }

    /// How often each reaction was given to a message: the most frequent first, and of equal ones the older.
    pub fn counted(&self, shared_id: i64) -> Vec<Counted<'_>> {
        let mut counts: BTreeMap<&Reaction, (usize, i32)> = BTreeMap::new();
        for given in self.0.get(&shared_id).into_iter().flat_map(BTreeMap::values) {
            for reaction in &given.reactions {
                let (count, since) = counts.entry(reaction).or_insert((0, given.date));
                (*count, *since) = (*count + 1, (*since).min(given.date));
            }
        }
        let mut counted: Vec<_> =
            counts.into_iter().map(|(reaction, (count, since))| Counted { reaction, count, since }).collect();
        counted.sort_by_key(|counted| (std::cmp::Reverse(counted.count), counted.since));
        counted
    }

    /// Sets what a user gives to a message; nothing takes it back.
    pub fn set(&mut self, shared_id: i64, user_id: i64, given: Given) {
        if given.reactions.is_empty() {
            if let Some(by_user) = self.0.get_mut(&shared_id) {
                by_user.remove(&user_id);
            }
            if self.0.get(&shared_id).is_some_and(BTreeMap::is_empty) {
                self.0.remove(&shared_id);
            }
        } else {
            self.0.entry(shared_id).or_default().insert(user_id, given);
        }
    }

    /// Forgets a message that is gone.
    pub fn forget(&mut self, shared_id: i64) {
        self.0.remove(&shared_id);
    }
}

/// A user reacts to a message, or takes that back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reacting {
    /// Who.
    pub user_id: i64,
    /// Where, as that user sees it.
    pub peer: PeerId,
    /// To which message, in that user's box or the channel's.
    pub message_id: i32,
    /// How.
    pub given: Given,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(emoji: &[&str], date: i32) -> Given {
        Given { reactions: emoji.iter().map(|emoji| Reaction::Emoji((*emoji).into())).collect(), date, big: false }
    }

    #[test]
    fn reactions_are_counted_by_how_frequent_and_how_old_they_are() {
        let mut reactions = Reactions::default();
        reactions.set(7, 1, given(&["a"], 30));
        reactions.set(7, 2, given(&["b"], 10));
        reactions.set(7, 3, given(&["c", "a"], 20));
        let counted = |reactions: &Reactions| {
            let counted = reactions.counted(7).into_iter().map(|counted| match counted.reaction {
                Reaction::Emoji(emoji) => (emoji.clone(), counted.count),
                Reaction::Custom(_) => (String::new(), counted.count),
            });
            counted.collect::<Vec<_>>()
        };
        assert_eq!(counted(&reactions), [("a".into(), 2), ("b".into(), 1), ("c".into(), 1)]);
        assert_eq!(reactions.all(7).iter().map(|(user, _)| *user).collect::<Vec<_>>(), [1, 3, 2]);
        for user in [1, 2, 3] {
            reactions.set(7, user, given(&[], 40));
        }
        assert_eq!(reactions, Reactions::default());
    }
}
