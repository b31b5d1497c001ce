//! Members of groups and channels: who they are.

use grammers_tl_types::{enums, functions, types};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::addressing::Place;
use super::convert::{self, Met};
use super::rights::{AdminRight, Permission};
use super::{ChatId, Connection, TelegramError};

/// The most members that Telegram gives at once.
pub const MEMBERS_PAGE_MAX: u32 = 200;

/// What a member is in a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MemberRole {
    /// Owns the chat.
    Creator,
    /// Administers it.
    Admin,
    /// Takes part in it.
    Member,
    /// Takes part in it, but may not do everything.
    Restricted,
    /// May not come in.
    Banned,
    /// Was in it once.
    Left,
}

/// Whom to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MemberFilter {
    /// Everybody who takes part.
    #[default]
    All,
    /// The creator and the administrators.
    Admins,
    /// Who may not come in.
    Banned,
    /// Who takes part but may not do everything.
    Restricted,
}

/// A member of a chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// The user's id; the marked id of a channel, where a channel is banned.
    pub user_id: i64,
    /// The name.
    pub name: String,
    /// The public username, without the at sign.
    pub username: Option<String>,
    /// Whether it is a bot.
    pub is_bot: bool,
    /// What they are in the chat.
    pub role: MemberRole,
    /// The title that is shown beside the name.
    pub rank: Option<String>,
    /// When they came, or were promoted or banned (Unix seconds).
    pub since: Option<i64>,
    /// Who added, promoted or banned them.
    pub by_user_id: Option<i64>,
    /// What an administrator may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rights: Option<Vec<AdminRight>>,
    /// What a restricted member may not do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denied: Option<Vec<Permission>>,
    /// When the ban or the restriction ends (Unix seconds); absent when it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
}

/// A page of members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemberPage {
    /// The members.
    pub items: Vec<Member>,
    /// Where the next page begins, if there is one.
    pub next_cursor: Option<String>,
}

impl Member {
    fn new(id: i64, role: MemberRole, met: &Met) -> Self {
        let user = met.user(id);
        Self {
            user_id: id,
            name: ChatId::from_marked(id).and_then(|id| met.name(id)).unwrap_or_default(),
            username: user.and_then(|user| user.username.clone()),
            is_bot: user.is_some_and(|user| user.bot),
            role,
            rank: None,
            since: None,
            by_user_id: None,
            rights: None,
            denied: None,
            until: None,
        }
    }

    fn fits(&self, filter: MemberFilter, query: &str) -> bool {
        let kind = match filter {
            MemberFilter::All => true,
            MemberFilter::Admins => matches!(self.role, MemberRole::Creator | MemberRole::Admin),
            MemberFilter::Banned => self.role == MemberRole::Banned,
            MemberFilter::Restricted => self.role == MemberRole::Restricted,
        };
        let names = [Some(&self.name), self.username.as_ref()];
        kind && names.into_iter().flatten().any(|name| name.to_lowercase().contains(query))
    }
}

impl Connection {
    /// A page of members, from a cursor of the page before.
    ///
    /// # Errors
    /// [`TelegramError::InvalidCursor`], [`TelegramError::NotAGroup`], [`TelegramError::ChatNotFound`], or what any call can meet.
    pub async fn members(
        &self,
        chat: ChatId,
        filter: MemberFilter,
        query: &str,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<MemberPage, TelegramError> {
        let offset = match cursor {
            None => 0,
            Some(cursor) => cursor.parse::<u16>().map_err(|_| TelegramError::InvalidCursor)?,
        };
        match self.place(chat).await? {
            Place::Group(id) => self.group_members(id, filter, query, offset, limit).await,
            Place::Channel(channel) => self.channel_members(channel, filter, query, offset, limit).await,
        }
    }

    /// A basic group's members come all at once: there are never more than a few hundred.
    async fn group_members(
        &self,
        chat_id: i64,
        filter: MemberFilter,
        query: &str,
        offset: u16,
        limit: u32,
    ) -> Result<MemberPage, TelegramError> {
        let enums::messages::ChatFull::Full(full) = self.invoke(&functions::messages::GetFullChat { chat_id }).await?;
        let met = Met::new(full.users, full.chats);
        self.remember(&met).await?;
        let enums::ChatFull::Full(chat) = full.full_chat else {
            return Err(TelegramError::Unexpected("it is no basic group"));
        };
        let enums::ChatParticipants::Participants(all) = chat.participants else {
            return Err(TelegramError::ChatNotFound);
        };
        let query = query.to_lowercase();
        let members = all.participants.iter().map(|participant| group_member(participant, &met));
        let mut members = members.filter(|member| member.fits(filter, &query)).skip(offset.into());
        let items: Vec<Member> = members.by_ref().take(usize::try_from(limit).unwrap_or(usize::MAX)).collect();
        let next_cursor = members.next().and_then(|_| next_offset(offset, items.len()));
        Ok(MemberPage { items, next_cursor })
    }

    async fn channel_members(
        &self,
        channel: enums::InputChannel,
        filter: MemberFilter,
        query: &str,
        offset: u16,
        limit: u32,
    ) -> Result<MemberPage, TelegramError> {
        let q = query.to_owned();
        let filter = match filter {
            MemberFilter::All => types::ChannelParticipantsSearch { q }.into(),
            MemberFilter::Admins => enums::ChannelParticipantsFilter::ChannelParticipantsAdmins,
            MemberFilter::Banned => types::ChannelParticipantsKicked { q }.into(),
            MemberFilter::Restricted => types::ChannelParticipantsBanned { q }.into(),
        };
        let limit = i32::try_from(limit.min(MEMBERS_PAGE_MAX)).unwrap_or(i32::MAX);
        let request = functions::channels::GetParticipants { channel, filter, offset: offset.into(), limit, hash: 0 };
        let page = match self.invoke(&request).await? {
            enums::channels::ChannelParticipants::Participants(page) => page,
            enums::channels::ChannelParticipants::NotModified => {
                return Err(TelegramError::Unexpected("nothing was modified"));
            }
        };
        let met = Met::new(page.users, page.chats);
        self.remember(&met).await?;
        let items: Vec<Member> = page.participants.iter().map(|participant| channel_member(participant, &met)).collect();
        let next = next_offset(offset, items.len()).filter(|_| !items.is_empty());
        let is_last = next.as_deref().and_then(|next| next.parse::<i32>().ok()).is_none_or(|next| next >= page.count);
        Ok(MemberPage { items, next_cursor: next.filter(|_| !is_last) })
    }
}

fn next_offset(offset: u16, length: usize) -> Option<String> {
    let next = usize::from(offset).saturating_add(length);
    u16::try_from(next).ok().map(|next| next.to_string())
}

fn group_member(participant: &enums::ChatParticipant, met: &Met) -> Member {
    let of = |id: i64, role: MemberRole, inviter: i64, date: i32, rank: &Option<String>| Member {
        rank: rank.clone(),
        since: Some(date.into()),
        by_user_id: Some(inviter),
        ..Member::new(id, role, met)
    };
    match participant {
        enums::ChatParticipant::Creator(one) => {
            Member { rank: one.rank.clone(), ..Member::new(one.user_id, MemberRole::Creator, met) }
        }
        enums::ChatParticipant::Admin(one) => of(one.user_id, MemberRole::Admin, one.inviter_id, one.date, &one.rank),
        enums::ChatParticipant::Participant(one) => of(one.user_id, MemberRole::Member, one.inviter_id, one.date, &one.rank),
    }
}

/// A member of a channel or a supergroup.
pub(super) fn channel_member(participant: &enums::ChannelParticipant, met: &Met) -> Member {
    use enums::ChannelParticipant as Raw;
    match participant {
        Raw::Participant(one) => {
            Member { rank: one.rank.clone(), since: Some(one.date.into()), ..Member::new(one.user_id, MemberRole::Member, met) }
        }
        Raw::ParticipantSelf(one) => Member {
            rank: one.rank.clone(),
            since: Some(one.date.into()),
            by_user_id: Some(one.inviter_id),
            ..Member::new(one.user_id, MemberRole::Member, met)
        },
        Raw::Creator(one) => {
            let enums::ChatAdminRights::Rights(rights) = &one.admin_rights;
            let rights = Some(AdminRight::set_in(rights));
            Member { rank: one.rank.clone(), rights, ..Member::new(one.user_id, MemberRole::Creator, met) }
        }
        Raw::Admin(one) => {
            let enums::ChatAdminRights::Rights(rights) = &one.admin_rights;
            Member {
                rank: one.rank.clone(),
                since: Some(one.date.into()),
                by_user_id: Some(one.promoted_by),
                rights: Some(AdminRight::set_in(rights)),
                ..Member::new(one.user_id, MemberRole::Admin, met)
            }
        }
        Raw::Banned(one) => {
            let enums::ChatBannedRights::Rights(rights) = &one.banned_rights;
            let role = if rights.view_messages { MemberRole::Banned } else { MemberRole::Restricted };
            Member {
                rank: one.rank.clone(),
                since: Some(one.date.into()),
                by_user_id: Some(one.kicked_by),
                denied: (!rights.view_messages).then(|| Permission::set_in(rights)),
                until: (rights.until_date > 0 && rights.until_date < i32::MAX).then(|| rights.until_date.into()),
                ..Member::new(convert::chat_of(&one.peer).value(), role, met)
            }
        }
        Raw::Left(one) => Member::new(convert::chat_of(&one.peer).value(), MemberRole::Left, met),
    }
}
