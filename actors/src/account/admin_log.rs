//! What happened in supergroups and channels.

use super::AccountContext;
use crate::error::Error;
use crate::telegram::{AdminLogPage, AdminLogQuery, ChatId, Connection};

impl AccountContext {
    /// A page of what happened in a supergroup or a channel.
    pub(crate) async fn admin_log(
        &self,
        chat: ChatId,
        query: &AdminLogQuery,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<AdminLogPage, Error> {
        let read = async |connection: &Connection| connection.admin_log(chat, query, cursor, limit).await;
        self.repeatable("channels.getAdminLog", read).await
    }
}
