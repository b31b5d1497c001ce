//! Invite links, and requests to be let in.

use super::AccountContext;
use crate::error::Error;
use crate::telegram::{ChatId, Connection, InviteLink, InviteLinkPage, InviteTerms, JoinRequestPage, RevokedInvite};

impl AccountContext {
    /// A page of the links that an administrator made.
    pub(crate) async fn invite_links(
        &self,
        chat: ChatId,
        admin_id: Option<i64>,
        revoked: bool,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<InviteLinkPage, Error> {
        let read = async |connection: &Connection| connection.invite_links(chat, admin_id, revoked, cursor, limit).await;
        self.repeatable("messages.getExportedChatInvites", read).await
    }

    /// Makes a link.
    pub(crate) async fn create_invite_link(&self, chat: ChatId, terms: &InviteTerms) -> Result<InviteLink, Error> {
        self.once("messages.exportChatInvite", async |connection| connection.create_invite_link(chat, terms).await).await
    }

    /// Changes a link.
    pub(crate) async fn edit_invite_link(&self, chat: ChatId, hash: &str, terms: &InviteTerms) -> Result<InviteLink, Error> {
        let edit = async |connection: &Connection| connection.edit_invite_link(chat, hash, terms).await;
        self.repeatable("messages.editExportedChatInvite", edit).await
    }

    /// Revokes a link.
    pub(crate) async fn revoke_invite_link(&self, chat: ChatId, hash: &str) -> Result<RevokedInvite, Error> {
        self.once("messages.editExportedChatInvite", async |connection| connection.revoke_invite_link(chat, hash).await).await
    }

    /// A page of those who ask to be let in.
    pub(crate) async fn join_requests(
        &self,
        chat: ChatId,
        hash: Option<&str>,
        query: &str,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<JoinRequestPage, Error> {
        let read = async |connection: &Connection| connection.join_requests(chat, hash, query, cursor, limit).await;
        self.repeatable("messages.getChatInviteImporters", read).await
    }

    /// Lets somebody in who asked for it, or not.
    pub(crate) async fn decide_join_request(&self, chat: ChatId, user_id: i64, approved: bool) -> Result<(), Error> {
        let decide = async |connection: &Connection| connection.decide_join_request(chat, user_id, approved).await;
        self.once("messages.hideChatJoinRequest", decide).await
    }

    /// Lets everybody in who asked for it, or none.
    pub(crate) async fn decide_join_requests(&self, chat: ChatId, hash: Option<&str>, approved: bool) -> Result<(), Error> {
        let decide = async |connection: &Connection| connection.decide_join_requests(chat, hash, approved).await;
        self.once("messages.hideAllChatJoinRequests", decide).await
    }
}
