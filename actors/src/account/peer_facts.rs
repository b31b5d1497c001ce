//! What policies ask about chats: from what is kept, and otherwise of Telegram.

use crate::account::AccountContext;
use crate::policy::{ChatFacts, Conversation};
use crate::telegram::{ChatId, PeerClasses, known_classes};

/// About how many chats Telegram is asked for one call; of more, nothing is known.
const LEARNED_MAX: usize = 200;

/// What is asked about the chats of one call.
#[derive(Clone, Debug, Default)]
pub(crate) struct FactsWanted {
    /// What kinds of chats these are.
    pub(crate) classes_of: Vec<ChatId>,
    /// What was written in this one.
    pub(crate) conversation_of: Option<ChatId>,
}

impl AccountContext {
    /// What kinds of chats those are. What can be found out neither here nor from Telegram is left out.
    pub(crate) async fn classes(&self, chats: &[ChatId]) -> PeerClasses {
        let known = known_classes(&self.records, chats).await.unwrap_or_default();
        let missing: Vec<ChatId> = chats.iter().copied().filter(|chat| !known.contains_key(chat)).take(LEARNED_MAX).collect();
        if missing.is_empty() {
            return known;
        }
        let learned = self.repeatable("users.getUsers", async |connection| connection.learn_classes(&missing).await).await;
        if let Err(error) = learned {
            tracing::debug!(account = %self.ownership.account, %error, "what kinds of chats some are was not told");
        }
        known_classes(&self.records, chats).await.unwrap_or_default()
    }

    /// What was asked about the chats of a call.
    pub(super) async fn facts(&self, wanted: &FactsWanted) -> Vec<ChatFacts> {
        let classes = self.classes(&wanted.classes_of).await;
        let mut facts: Vec<ChatFacts> = Vec::new();
        for chat in &wanted.classes_of {
            facts.push(ChatFacts { chat: Some(*chat), class: classes.get(chat).copied(), conversation: None });
        }
        let Some(chat) = wanted.conversation_of else { return facts };
        let told = self.repeatable("messages.getHistory", async |connection| connection.conversation(chat).await).await;
        let conversation = told.ok().map(|(has_begun, heard_at)| Conversation {
            has_begun,
            heard_at: heard_at.and_then(|date| u64::try_from(date).ok()),
        });
        match facts.iter_mut().find(|facts| facts.chat == Some(chat)) {
            Some(facts) => facts.conversation = conversation,
            None => facts.push(ChatFacts { chat: Some(chat), class: None, conversation }),
        }
        facts
    }
}
