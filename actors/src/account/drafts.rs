//! What the account began to write, and that the others see it at work.

use crate::account::AccountContext;
use crate::error::Error;
use crate::telegram::{ChatAction, ChatId, DraftList, TextToSend};

impl AccountContext {
    /// Saves a draft in place of the one that is there.
    pub(crate) async fn save_draft(&self, chat: ChatId, draft: &TextToSend) -> Result<(), Error> {
        self.repeatable("messages.saveDraft", async |connection| connection.save_draft(chat, draft).await).await
    }

    /// Forgets a draft.
    pub(crate) async fn clear_draft(&self, chat: ChatId, topic_id: Option<i32>) -> Result<(), Error> {
        self.repeatable("messages.saveDraft", async |connection| connection.clear_draft(chat, topic_id).await).await
    }

    /// All drafts.
    pub(crate) async fn drafts(&self) -> Result<DraftList, Error> {
        self.repeatable("messages.getAllDrafts", async |connection| connection.drafts().await).await
    }

    /// Shows the others what the account is doing.
    pub(crate) async fn send_typing(&self, chat: ChatId, action: ChatAction, topic_id: Option<i32>) -> Result<(), Error> {
        self.repeatable("messages.setTyping", async |connection| connection.send_typing(chat, action, topic_id).await).await
    }
}
