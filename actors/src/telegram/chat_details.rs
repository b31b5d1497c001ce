//! All that is known of one chat.

use grammers_tl_types::{enums, functions, types};

use super::chat_types::{ActiveCall, ChatDetails};
use super::convert::{self, Met};
use super::peers::Addressed;
use super::{ChatId, ChatPermissions, Connection, TelegramError};
use crate::runtime::now_secs;

impl Connection {
    /// All that is known of a chat.
    ///
    /// # Errors
    /// [`TelegramError::ChatNotFound`], or what any call can meet.
    pub async fn chat_details(&self, chat: ChatId) -> Result<ChatDetails, TelegramError> {
        let addressed = self.addressed(chat).await?;
        let mut details = self.details_of_dialog(chat).await?;
        let met = match addressed {
            Addressed::User(id) => {
                let enums::users::UserFull::Full(full) = self.invoke(&functions::users::GetFullUser { id }).await?;
                let enums::UserFull::Full(user) = full.full_user;
                let met = Met::new(full.users, full.chats);
                add_user(&mut details, &user, &met);
                met
            }
            Addressed::Group(chat_id) => {
                let enums::messages::ChatFull::Full(full) = self.invoke(&functions::messages::GetFullChat { chat_id }).await?;
                let met = Met::new(full.users, full.chats);
                add_full_chat(&mut details, full.full_chat);
                met
            }
            Addressed::Channel(channel) => {
                let request = functions::channels::GetFullChannel { channel };
                let enums::messages::ChatFull::Full(full) = self.invoke(&request).await?;
                let met = Met::new(full.users, full.chats);
                add_full_chat(&mut details, full.full_chat);
                met
            }
        };
        self.remember(&met).await?;
        add_membership(&mut details, met.group(chat));
        Ok(details)
    }

    /// What the list of chats says of a chat.
    async fn details_of_dialog(&self, chat: ChatId) -> Result<ChatDetails, TelegramError> {
        let request = functions::messages::GetPeerDialogs { peers: vec![self.input_dialog(chat).await?] };
        let enums::messages::PeerDialogs::Dialogs(found) = self.invoke(&request).await?;
        let met = Met::new(found.users, found.chats);
        self.remember(&met).await?;
        let now = i64::try_from(now_secs()).unwrap_or(i64::MAX);
        let dialog = found.dialogs.iter().find_map(|dialog| match dialog {
            enums::Dialog::Dialog(dialog) => Some(dialog),
            _ => None,
        });
        let Some(dialog) = dialog else { return Ok(ChatDetails::of(convert::chat_of_peer(chat, &met))) };
        let newest = found.messages.iter().find(|message| convert::message_id(message) == dialog.top_message);
        Ok(ChatDetails {
            is_archived: dialog.folder_id.is_some_and(|folder| folder != 0),
            is_pinned: dialog.pinned,
            is_marked_unread: dialog.unread_mark,
            ..ChatDetails::of(convert::chat(dialog, newest, &met, now))
        })
    }
}

fn add_user(details: &mut ChatDetails, full: &types::UserFull, met: &Met) {
    details.about.clone_from(&full.about);
    details.pinned_message_id = full.pinned_msg_id;
    details.is_blocked = full.blocked;
    details.common_chats_count = Some(full.common_chats_count);
    if let Some(user) = met.user(full.id) {
        details.is_contact = user.contact;
        details.is_bot = user.bot;
        details.phone.clone_from(&user.phone);
    }
}

fn add_full_chat(details: &mut ChatDetails, full: enums::ChatFull) {
    let (invite, call) = match full {
        enums::ChatFull::Full(full) => {
            details.about = Some(full.about);
            details.pinned_message_id = full.pinned_msg_id;
            (full.exported_invite, full.call)
        }
        enums::ChatFull::ChannelFull(full) => {
            details.about = Some(full.about);
            details.pinned_message_id = full.pinned_msg_id;
            details.members_count = full.participants_count;
            details.admins_count = full.admins_count;
            details.slow_mode_secs = full.slowmode_seconds;
            let linked = full.linked_chat_id.map(|id| enums::Peer::from(types::PeerChannel { channel_id: id }));
            details.linked_chat_id = linked.as_ref().map(convert::chat_of);
            (full.exported_invite, full.call)
        }
        _ => (None, None),
    };
    details.active_call = call.and_then(|call| match call {
        enums::InputGroupCall::Call(call) => Some(ActiveCall { call_id: call.id, access_hash: call.access_hash }),
        _ => None,
    });
    details.about = details.about.take().filter(|about| !about.is_empty());
    if let Some(enums::ExportedChatInvite::ChatInviteExported(invite)) = invite {
        details.invite_link = Some(invite.link);
    }
}

/// What the account itself is in a group or channel, and what its members may do.
fn add_membership(details: &mut ChatDetails, group: Option<&enums::Chat>) {
    let banned = match group {
        Some(enums::Chat::Chat(chat)) => {
            details.is_owner = chat.creator;
            details.is_member = !chat.left && !chat.deactivated;
            details.is_admin = chat.creator || chat.admin_rights.is_some();
            details.members_count = Some(chat.participants_count);
            chat.default_banned_rights.as_ref()
        }
        Some(enums::Chat::Channel(channel)) => {
            details.is_owner = channel.creator;
            details.is_member = !channel.left;
            details.is_admin = channel.creator || channel.admin_rights.is_some();
            channel.default_banned_rights.as_ref()
        }
        Some(_) => {
            details.is_member = false;
            None
        }
        None => None,
    };
    details.permissions = banned.map(|enums::ChatBannedRights::Rights(banned)| ChatPermissions::of(banned));
}
