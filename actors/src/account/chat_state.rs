//! How an account keeps its chats, and how it comes into them.

use crate::account::AccountContext;
use crate::error::Error;
use crate::telegram::{Chat, ChatAddress, ChatDetails, ChatId, ChatPage, InvitePreview, Joined};

impl AccountContext {
    /// Moves a chat into the archive, or out of it.
    pub(crate) async fn archive_chat(&self, chat: ChatId, archived: bool) -> Result<(), Error> {
        let method = "folders.editPeerFolders";
        self.repeatable(method, async |connection| connection.archive_chat(chat, archived).await).await?;
        self.chats_changed();
        Ok(())
    }

    /// Turns a chat's notifications off until a time in Unix seconds; on again for 0.
    pub(crate) async fn mute_chat(&self, chat: ChatId, until: i32) -> Result<(), Error> {
        let method = "account.updateNotifySettings";
        self.repeatable(method, async |connection| connection.mute_chat(chat, until).await).await?;
        self.chats_changed();
        Ok(())
    }

    /// Marks a chat unread, or takes the mark away.
    pub(crate) async fn mark_chat_unread(&self, chat: ChatId, unread: bool) -> Result<(), Error> {
        let method = "messages.markDialogUnread";
        self.repeatable(method, async |connection| connection.mark_chat_unread(chat, unread).await).await?;
        self.chats_changed();
        Ok(())
    }

    /// Pins a chat to the top of the list, or lets it go.
    pub(crate) async fn pin_chat(&self, chat: ChatId, pinned: bool) -> Result<(), Error> {
        let method = "messages.toggleDialogPin";
        self.repeatable(method, async |connection| connection.pin_chat(chat, pinned).await).await?;
        self.chats_changed();
        Ok(())
    }

    /// All that is known of a chat.
    pub(crate) async fn chat_details(&self, chat: ChatId) -> Result<ChatDetails, Error> {
        self.repeatable("messages.getFullChat", async |connection| connection.chat_details(chat).await).await
    }

    /// A page of the groups that the account and a user are both in.
    pub(crate) async fn common_chats(&self, user: ChatId, cursor: Option<&str>, limit: u32) -> Result<ChatPage, Error> {
        let method = "messages.getCommonChats";
        let opened = self.opened_cursor(cursor)?;
        let cursor = opened.as_deref();
        let page = self.repeatable(method, async |connection| connection.common_chats(user, cursor, limit).await).await?;
        let sealed = self.sealed_cursor(page.next_cursor())?;
        Ok(page.with_cursor(sealed))
    }

    /// The chat at an address. An invite link leads to one only for who is in it.
    pub(crate) async fn resolve_chat(&self, address: &ChatAddress) -> Result<Chat, Error> {
        let known = match address {
            ChatAddress::Username(name) => {
                let method = "contacts.resolveUsername";
                return self.repeatable(method, async |connection| connection.resolve_username(name).await).await;
            }
            ChatAddress::Phone(phone) => {
                let method = "contacts.resolvePhone";
                return self.repeatable(method, async |connection| connection.resolve_phone(phone).await).await;
            }
            ChatAddress::Known(chat) => *chat,
            ChatAddress::Invite(hash) => {
                let hint = || Error::invalid("q", "is an invite link of a chat that the account is not in: preview or join it");
                self.preview_invite(hash).await?.chat_id.ok_or_else(hint)?
            }
        };
        self.repeatable("messages.getFullChat", async |connection| connection.resolve_known(known).await).await
    }

    /// Where an invite link leads.
    pub(crate) async fn preview_invite(&self, hash: &str) -> Result<InvitePreview, Error> {
        self.repeatable("messages.checkChatInvite", async |connection| connection.preview_invite(hash).await).await
    }

    /// Comes into a chat by an invite link; may be repeated, since being in already is no error.
    pub(crate) async fn join_by_invite(&self, hash: &str) -> Result<Joined, Error> {
        let method = "messages.importChatInvite";
        let joined = self.repeatable(method, async |connection| connection.join_by_invite(hash).await).await;
        self.chats_changed();
        joined
    }

    /// Comes into a public chat; may be repeated, since being in already is no error.
    pub(crate) async fn join_by_username(&self, username: &str) -> Result<Joined, Error> {
        let method = "channels.joinChannel";
        let joined = self.repeatable(method, async |connection| connection.join_by_username(username).await).await;
        self.chats_changed();
        joined
    }
}
