//! Changes of who takes part in a group or a channel, and of what they may do there.

use grammers_tl_types::{enums, functions, types};
use schemars::JsonSchema;
use serde::Serialize;

use super::addressing::Place;
use super::convert::Met;
use super::rights::{AdminRight, Permission};
use super::{ChatId, Connection, TelegramError};

/// How many of a basic group's older messages a new member sees.
const FORWARDED_MESSAGES: i32 = 100;

/// A person who was not added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MissingMember {
    /// Who.
    pub user_id: i64,
    /// Why, in Telegram's words.
    pub reason: String,
}

/// What became of people who were to be added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddedMembers {
    /// Who takes part now.
    pub added: Vec<i64>,
    /// Who could not be added.
    pub missing: Vec<MissingMember>,
}

/// A ban, or a restriction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    /// When it ends (Unix seconds); 0 for never.
    pub until: i32,
    /// What the member may still do; `None` for a ban, after which they are out.
    pub permissions: Option<Vec<Permission>>,
}

/// What an administrator is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promotion {
    /// What they may do; `None` for what is usual.
    pub rights: Option<Vec<AdminRight>>,
    /// The title that is shown beside the name.
    pub rank: Option<String>,
}

impl Connection {
    /// Adds people to a group or a channel.
    ///
    /// # Errors
    /// When nobody was added: [`TelegramError::UserNotFound`], [`TelegramError::Refused`], or what any call can meet.
    pub async fn add_members(&self, chat: ChatId, user_ids: &[i64]) -> Result<AddedMembers, TelegramError> {
        let mut users = Vec::new();
        for user_id in user_ids {
            users.push((*user_id, self.input_user(*user_id).await?));
        }
        match self.place(chat).await? {
            Place::Group(chat_id) => self.add_to_group(chat_id, users).await,
            Place::Channel(channel) => {
                let users = users.into_iter().map(|(_, user)| user).collect();
                let invited = self.invoke(&functions::channels::InviteToChannel { channel, users }).await?;
                let missing = self.missing(invited).await?;
                let added = user_ids.iter().copied().filter(|id| missing.iter().all(|missing| missing.user_id != *id));
                Ok(AddedMembers { added: added.collect(), missing })
            }
        }
    }

    /// Telegram adds to a basic group one by one. What one person cannot, the next may; what fails otherwise ends it.
    async fn add_to_group(&self, chat_id: i64, users: Vec<(i64, enums::InputUser)>) -> Result<AddedMembers, TelegramError> {
        let mut outcome = AddedMembers::default();
        let several = users.len() > 1;
        for (user_id, user) in users {
            let request = functions::messages::AddChatUser { chat_id, user_id: user, fwd_limit: FORWARDED_MESSAGES };
            match self.invoke(&request).await {
                Ok(invited) => {
                    let missing = self.missing(invited).await?;
                    if missing.is_empty() {
                        outcome.added.push(user_id);
                    }
                    outcome.missing.extend(missing);
                }
                Err(TelegramError::Refused { refusal, .. }) if several => {
                    outcome.missing.push(MissingMember { user_id, reason: refusal.name.to_owned() });
                }
                Err(error) if outcome.added.is_empty() => return Err(error),
                Err(error) => outcome.missing.push(MissingMember { user_id, reason: error.to_string() }),
            }
        }
        Ok(outcome)
    }

    /// Who was not added, of those who were invited.
    async fn missing(&self, invited: enums::messages::InvitedUsers) -> Result<Vec<MissingMember>, TelegramError> {
        let enums::messages::InvitedUsers::Users(invited) = invited;
        self.remember_updates(invited.updates).await?;
        let missing = invited.missing_invitees.into_iter().map(|invitee| {
            let enums::MissingInvitee::Invitee(invitee) = invitee;
            let premium = invitee.premium_would_allow_invite || invitee.premium_required_for_pm;
            let reason = if premium { "PREMIUM_ACCOUNT_REQUIRED" } else { "USER_PRIVACY_RESTRICTED" };
            MissingMember { user_id: invitee.user_id, reason: reason.to_owned() }
        });
        Ok(missing.collect())
    }

    /// Remembers how to address whom an answer made of updates mentions.
    pub(super) async fn remember_updates(&self, updates: enums::Updates) -> Result<Vec<enums::Update>, TelegramError> {
        let (updates, users, chats) = match updates {
            enums::Updates::Updates(updates) => (updates.updates, updates.users, updates.chats),
            enums::Updates::Combined(updates) => (updates.updates, updates.users, updates.chats),
            enums::Updates::UpdateShort(short) => return Ok(vec![short.update]),
            _ => return Ok(Vec::new()),
        };
        self.remember(&Met::new(users, chats)).await?;
        Ok(updates)
    }

    /// Removes a member, who may come back.
    ///
    /// # Errors
    /// [`TelegramError::Refused`] for who is no member and where the right is lacking, or what any call can meet.
    pub async fn remove_member(&self, chat: ChatId, user_id: i64) -> Result<(), TelegramError> {
        match self.place(chat).await? {
            Place::Group(chat_id) => self.remove_from_group(chat_id, user_id).await,
            Place::Channel(channel) => {
                let participant = self.person(user_id).await?;
                let asked = functions::channels::GetParticipant { channel: channel.clone(), participant: participant.clone() };
                let enums::channels::ChannelParticipant::Participant(found) = self.invoke(&asked).await?;
                // Somebody who is out already, perhaps banned, is not to be let in by being removed.
                if let enums::ChannelParticipant::Banned(banned) = &found.participant
                    && banned.left
                {
                    return Err(TelegramError::refused("USER_NOT_PARTICIPANT"));
                }
                // A removal is a ban that is lifted at once.
                self.edit_banned(channel.clone(), participant.clone(), banned_rights(&Ban::forever())).await?;
                self.edit_banned(channel, participant, Permission::bits(|_| false)).await
            }
        }
    }

    async fn remove_from_group(&self, chat_id: i64, user_id: i64) -> Result<(), TelegramError> {
        let user_id = self.input_user(user_id).await?;
        let request = functions::messages::DeleteChatUser { revoke_history: false, chat_id, user_id };
        let updates = self.invoke(&request).await?;
        self.remember_updates(updates).await.map(|_| ())
    }

    async fn edit_banned(
        &self,
        channel: enums::InputChannel,
        participant: enums::InputPeer,
        rights: types::ChatBannedRights,
    ) -> Result<(), TelegramError> {
        let request = functions::channels::EditBanned { channel, participant, banned_rights: rights.into() };
        let updates = self.invoke(&request).await?;
        self.remember_updates(updates).await.map(|_| ())
    }

    /// Bans or restricts somebody. From a basic group they are removed, and cannot come back by a link.
    ///
    /// # Errors
    /// [`TelegramError::NotInBasicGroups`] for a restriction or a date there, [`TelegramError::Refused`], or what any call can meet.
    pub async fn ban_member(&self, chat: ChatId, user_id: i64, ban: &Ban) -> Result<(), TelegramError> {
        match self.place(chat).await? {
            Place::Group(chat_id) if *ban == Ban::forever() => self.remove_from_group(chat_id, user_id).await,
            Place::Group(_) => Err(TelegramError::NotInBasicGroups),
            Place::Channel(channel) => {
                let participant = self.person(user_id).await?;
                self.edit_banned(channel, participant, banned_rights(ban)).await
            }
        }
    }

    /// Lifts a ban or a restriction.
    ///
    /// # Errors
    /// [`TelegramError::NotInBasicGroups`], which have no bans to lift, [`TelegramError::Refused`], or what any call can meet.
    pub async fn unban_member(&self, chat: ChatId, user_id: i64) -> Result<(), TelegramError> {
        match self.place(chat).await? {
            Place::Group(_) => Err(TelegramError::NotInBasicGroups),
            Place::Channel(channel) => {
                let participant = self.person(user_id).await?;
                self.edit_banned(channel, participant, Permission::bits(|_| false)).await
            }
        }
    }

    /// Makes somebody an administrator, or changes what one may do.
    ///
    /// # Errors
    /// [`TelegramError::NotInBasicGroups`] for rights or a rank there, [`TelegramError::Refused`], or what any call can meet.
    pub async fn promote_admin(&self, chat: ChatId, user_id: i64, promotion: &Promotion) -> Result<(), TelegramError> {
        match self.place(chat).await? {
            Place::Group(_) if promotion.rights.is_some() || promotion.rank.is_some() => Err(TelegramError::NotInBasicGroups),
            Place::Group(chat_id) => self.edit_group_admin(chat_id, user_id, true).await,
            Place::Channel(channel) => {
                let rights = match &promotion.rights {
                    Some(rights) => rights.clone(),
                    None => AdminRight::usual(),
                };
                let rank = promotion.rank.clone().filter(|rank| !rank.is_empty());
                self.edit_admin(channel, user_id, &rights, rank).await
            }
        }
    }

    /// Makes an administrator a member again.
    ///
    /// # Errors
    /// [`TelegramError::Refused`], or what any call can meet.
    pub async fn demote_admin(&self, chat: ChatId, user_id: i64) -> Result<(), TelegramError> {
        match self.place(chat).await? {
            Place::Group(chat_id) => self.edit_group_admin(chat_id, user_id, false).await,
            Place::Channel(channel) => self.edit_admin(channel, user_id, &[], None).await,
        }
    }

    async fn edit_group_admin(&self, chat_id: i64, user_id: i64, is_admin: bool) -> Result<(), TelegramError> {
        let user_id = self.input_user(user_id).await?;
        self.invoke(&functions::messages::EditChatAdmin { chat_id, user_id, is_admin }).await.map(|_| ())
    }

    async fn edit_admin(
        &self,
        channel: enums::InputChannel,
        user_id: i64,
        rights: &[AdminRight],
        rank: Option<String>,
    ) -> Result<(), TelegramError> {
        let user_id = self.input_user(user_id).await?;
        let admin_rights = AdminRight::bits(|right| rights.contains(&right)).into();
        let request = functions::channels::EditAdmin { channel, user_id, admin_rights, rank };
        let updates = self.invoke(&request).await?;
        self.remember_updates(updates).await.map(|_| ())
    }
}

impl Ban {
    /// A ban that does not end.
    pub fn forever() -> Self {
        Self { until: 0, permissions: None }
    }
}

fn banned_rights(ban: &Ban) -> types::ChatBannedRights {
    let rights = match &ban.permissions {
        Some(permissions) => Permission::bits(|permission| !permissions.contains(&permission)),
        None => types::ChatBannedRights { view_messages: true, ..Permission::bits(|_| true) },
    };
    types::ChatBannedRights { until_date: ban.until, ..rights }
}
