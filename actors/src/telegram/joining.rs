//! Finding chats by address, and coming into them.

use grammers_tl_types::{enums, functions};

use super::chat_types::{InvitePreview, JoinStatus, Joined};
use super::convert::{self, Met};
use super::peers::Addressed;
use super::{Chat, ChatId, ChatPage, ChatType, Connection, TelegramError};

/// The most chats in common that Telegram gives at once.
pub(crate) const COMMON_MAX: u32 = 100;

impl Connection {
    /// The chat with this public username.
    ///
    /// # Errors
    /// `USERNAME_NOT_OCCUPIED`; otherwise what any call can meet.
    pub async fn resolve_username(&self, username: &str) -> Result<Chat, TelegramError> {
        let request = functions::contacts::ResolveUsername { username: username.to_owned(), referer: None };
        match self.invoke(&request).await {
            Ok(found) => self.resolved(found).await,
            // What cannot be a username is nobody's.
            Err(error) if error.is("USERNAME_INVALID") => Err(TelegramError::refused("USERNAME_NOT_OCCUPIED")),
            Err(error) => Err(error),
        }
    }

    /// The person with this phone number (digits), if they let themselves be found by it.
    ///
    /// # Errors
    /// `USERNAME_NOT_OCCUPIED`; otherwise what any call can meet.
    pub async fn resolve_phone(&self, phone: &str) -> Result<Chat, TelegramError> {
        let found = self.invoke(&functions::contacts::ResolvePhone { phone: phone.to_owned() }).await?;
        self.resolved(found).await
    }

    async fn resolved(&self, found: enums::contacts::ResolvedPeer) -> Result<Chat, TelegramError> {
        let enums::contacts::ResolvedPeer::Peer(found) = found;
        let met = Met::new(found.users, found.chats);
        self.remember(&met).await?;
        Ok(convert::chat_of_peer(convert::chat_of(&found.peer), &met))
    }

    /// A chat that the account knows, by its id.
    ///
    /// # Errors
    /// [`TelegramError::ChatNotFound`], or what any call can meet.
    pub async fn resolve_known(&self, chat: ChatId) -> Result<Chat, TelegramError> {
        Ok(self.chat_details(chat).await?.chat)
    }

    /// Where an invite link leads.
    ///
    /// # Errors
    /// `INVITE_HASH_EXPIRED` and its kin; otherwise what any call can meet.
    pub async fn preview_invite(&self, hash: &str) -> Result<InvitePreview, TelegramError> {
        let known = match self.invoke(&functions::messages::CheckChatInvite { hash: hash.to_owned() }).await? {
            enums::ChatInvite::Already(invite) => (invite.chat, true),
            enums::ChatInvite::Peek(invite) => (invite.chat, false),
            enums::ChatInvite::Invite(invite) => {
                let is_channel = invite.broadcast || (invite.channel && !invite.megagroup);
                return Ok(InvitePreview {
                    title: invite.title,
                    about: invite.about.filter(|about| !about.is_empty()),
                    chat_type: if is_channel { ChatType::Channel } else { ChatType::Group },
                    members_count: Some(invite.participants_count),
                    is_request_needed: invite.request_needed,
                    is_member: false,
                    chat_id: None,
                });
            }
        };
        let (chat, is_member) = known;
        let id = convert::marked_id(&chat).ok_or_else(|| TelegramError::refused("INVITE_HASH_EXPIRED"))?;
        let members_count = match &chat {
            enums::Chat::Chat(chat) => Some(chat.participants_count),
            enums::Chat::Channel(channel) => channel.participants_count,
            _ => None,
        };
        let met = Met::new(Vec::new(), vec![chat]);
        self.remember(&met).await?;
        let Chat { title, chat_type, .. } = convert::chat_of_peer(id, &met);
        let (about, is_request_needed, chat_id) = (None, false, Some(id));
        Ok(InvitePreview { title, about, chat_type, members_count, is_request_needed, is_member, chat_id })
    }

    /// Comes in by an invite link, or asks to be let in. Being in already is no error.
    ///
    /// # Errors
    /// `INVITE_HASH_EXPIRED` and its kin; otherwise what any call can meet.
    pub async fn join_by_invite(&self, hash: &str) -> Result<Joined, TelegramError> {
        match self.invoke(&functions::messages::ImportChatInvite { hash: hash.to_owned() }).await {
            Ok(joined) => self.joined(joined).await,
            Err(error) if error.is("USER_ALREADY_PARTICIPANT") => {
                Ok(Joined { status: JoinStatus::Joined, chat_id: self.preview_invite(hash).await?.chat_id })
            }
            Err(error) if error.is("INVITE_REQUEST_SENT") => Ok(Joined { status: JoinStatus::Requested, chat_id: None }),
            Err(error) => Err(error),
        }
    }

    /// Comes into a public group or channel, or asks to be let in. Being in already is no error.
    ///
    /// # Errors
    /// `USERNAME_NOT_OCCUPIED`; otherwise what any call can meet.
    pub async fn join_by_username(&self, username: &str) -> Result<Joined, TelegramError> {
        let chat_id = self.resolve_username(username).await?.id;
        let Addressed::Channel(channel) = self.addressed(chat_id).await? else {
            return Err(TelegramError::refused("USERNAME_NOT_OCCUPIED"));
        };
        match self.invoke(&functions::channels::JoinChannel { channel }).await {
            Ok(joined) => self.joined(joined).await,
            Err(error) if error.is("USER_ALREADY_PARTICIPANT") => {
                Ok(Joined { status: JoinStatus::Joined, chat_id: Some(chat_id) })
            }
            Err(error) if error.is("INVITE_REQUEST_SENT") => Ok(Joined { status: JoinStatus::Requested, chat_id: Some(chat_id) }),
            Err(error) => Err(error),
        }
    }

    async fn joined(&self, joined: enums::messages::ChatInviteJoinResult) -> Result<Joined, TelegramError> {
        match joined {
            enums::messages::ChatInviteJoinResult::Ok(joined) => {
                Ok(Joined { status: JoinStatus::Joined, chat_id: Some(self.made(joined.updates).await?) })
            }
            // A bot asks the person something first; that needs a person and a web page.
            enums::messages::ChatInviteJoinResult::WebView(_) => Err(TelegramError::WebPageNeeded),
        }
    }

    /// A page of the groups that the account and a user are both in.
    ///
    /// # Errors
    /// [`TelegramError::InvalidCursor`] or [`TelegramError::ChatNotFound`]; otherwise what any call can meet.
    pub async fn common_chats(&self, user: ChatId, cursor: Option<&str>, limit: u32) -> Result<ChatPage, TelegramError> {
        let max_id = match cursor {
            None => 0,
            Some(cursor) => cursor.parse::<i64>().map_err(|_| TelegramError::InvalidCursor)?,
        };
        let user_id = self.addressed_user(user).await?;
        let asked = i32::try_from(limit.min(COMMON_MAX)).unwrap_or(i32::MAX);
        let chats = match self.invoke(&functions::messages::GetCommonChats { user_id, max_id, limit: asked }).await? {
            enums::messages::Chats::Chats(all) => all.chats,
            enums::messages::Chats::Slice(slice) => slice.chats,
        };
        let ids: Vec<ChatId> = chats.iter().filter_map(convert::marked_id).collect();
        let is_full = i32::try_from(chats.len()).is_ok_and(|length| length >= asked);
        let last = if is_full { chats.last().map(enums::Chat::id) } else { None };
        let met = Met::new(Vec::new(), chats);
        self.remember(&met).await?;
        let chats = ids.into_iter().map(|id| convert::chat_of_peer(id, &met)).collect();
        Ok(ChatPage::new(chats, last.map(|id| id.to_string()), None))
    }
}
