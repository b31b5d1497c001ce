//! Members of groups and channels.

use super::AccountContext;
use crate::error::Error;
use crate::telegram::{AddedMembers, Ban, ChatId, MemberFilter, MemberPage, Promotion};

impl AccountContext {
    /// A page of a chat's members.
    pub(crate) async fn members(
        &self,
        chat: ChatId,
        filter: MemberFilter,
        query: &str,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<MemberPage, Error> {
        let read = async |connection: &crate::telegram::Connection| connection.members(chat, filter, query, cursor, limit).await;
        self.repeatable("channels.getParticipants", read).await
    }

    /// Adds people to a chat.
    pub(crate) async fn add_members(&self, chat: ChatId, user_ids: &[i64]) -> Result<AddedMembers, Error> {
        self.once("channels.inviteToChannel", async |connection| connection.add_members(chat, user_ids).await).await
    }

    /// Removes a member, who may come back.
    pub(crate) async fn remove_member(&self, chat: ChatId, user_id: i64) -> Result<(), Error> {
        self.once("channels.editBanned", async |connection| connection.remove_member(chat, user_id).await).await
    }

    /// Bans or restricts somebody.
    pub(crate) async fn ban_member(&self, chat: ChatId, user_id: i64, ban: &Ban) -> Result<(), Error> {
        self.repeatable("channels.editBanned", async |connection| connection.ban_member(chat, user_id, ban).await).await
    }

    /// Lifts a ban or a restriction.
    pub(crate) async fn unban_member(&self, chat: ChatId, user_id: i64) -> Result<(), Error> {
        self.repeatable("channels.editBanned", async |connection| connection.unban_member(chat, user_id).await).await
    }

    /// Makes somebody an administrator, or changes what one may do.
    pub(crate) async fn promote_admin(&self, chat: ChatId, user_id: i64, promotion: &Promotion) -> Result<(), Error> {
        self.repeatable("channels.editAdmin", async |connection| connection.promote_admin(chat, user_id, promotion).await).await
    }

    /// Makes an administrator a member again.
    pub(crate) async fn demote_admin(&self, chat: ChatId, user_id: i64) -> Result<(), Error> {
        self.repeatable("channels.editAdmin", async |connection| connection.demote_admin(chat, user_id).await).await
    }
}
