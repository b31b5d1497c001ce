//! Invite links of groups and channels, and the people who ask to come in by them.

use grammers_tl_types::{enums, functions};
use schemars::JsonSchema;
use serde::Serialize;

use super::convert::Met;
use super::{ChatId, Connection, TelegramError};

/// Telegram's own limit for one page of links or requests.
pub const INVITES_PAGE_MAX: u32 = 100;

/// An invite link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InviteLink {
    /// The whole link.
    pub link: String,
    /// Its end, by which other operations name it too.
    pub hash: String,
    /// Its name, which only administrators see.
    pub title: Option<String>,
    /// The administrator who made it.
    pub creator_user_id: i64,
    /// When it was made (Unix seconds).
    pub date: i64,
    /// When it stops working (Unix seconds); absent when it does not.
    pub expire_date: Option<i64>,
    /// How many people may come by it; absent when as many as like.
    pub usage_limit: Option<i32>,
    /// How many people came by it.
    pub usage_count: i32,
    /// How many people who came by it wait to be let in.
    pub pending_count: i32,
    /// Whether an administrator must let in who comes by it.
    pub request_needed: bool,
    /// Whether it is its maker's first link, which has no terms.
    pub is_permanent: bool,
    /// Whether it was revoked.
    pub is_revoked: bool,
}

/// A page of invite links.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InviteLinkPage {
    /// The links: the permanent one first, then the newest.
    pub items: Vec<InviteLink>,
    /// Where the next page begins, if there is one.
    pub next_cursor: Option<String>,
}

/// A link that was revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RevokedInvite {
    /// The link, which leads nowhere now.
    pub revoked: InviteLink,
    /// The link that stands in its place: a permanent one is always replaced.
    pub replaced_by: Option<InviteLink>,
}

/// Somebody who asks to be let in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JoinRequest {
    /// Who.
    pub user_id: i64,
    /// The name.
    pub name: String,
    /// The public username, without the at sign.
    pub username: Option<String>,
    /// What they say of themselves.
    pub about: Option<String>,
    /// When they asked (Unix seconds).
    pub date: i64,
}

/// A page of requests to be let in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JoinRequestPage {
    /// The requests, the latest first.
    pub items: Vec<JoinRequest>,
    /// How many there are in all.
    pub total_count: i32,
    /// Where the next page begins, if there is one.
    pub next_cursor: Option<String>,
}

/// What a link is given. In a change, what is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InviteTerms {
    /// Its name; an empty one is none.
    pub title: Option<String>,
    /// When it stops working, in Unix seconds; 0 for never.
    pub expire_date: Option<i32>,
    /// How many people may come by it; 0 for as many as like.
    pub usage_limit: Option<i32>,
    /// Whether an administrator must let in who comes by it.
    pub request_needed: Option<bool>,
}

/// The place of a page's end: a date in Unix seconds, and a link's hash or a user's id.
fn cursor_of(date: i64, last: impl std::fmt::Display) -> String {
    format!("{date}.{last}")
}

/// The two parts of a cursor.
fn parts_of(cursor: &str) -> Result<(i32, &str), TelegramError> {
    let (date, last) = cursor.split_once('.').ok_or(TelegramError::InvalidCursor)?;
    let date = date.parse().map_err(|_| TelegramError::InvalidCursor)?;
    let plain = last.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if plain && !last.is_empty() { Ok((date, last)) } else { Err(TelegramError::InvalidCursor) }
}

fn link_of(hash: &str) -> String {
    format!("https://t.me/+{hash}")
}

fn invite_link(invite: enums::ExportedChatInvite) -> Option<InviteLink> {
    let enums::ExportedChatInvite::ChatInviteExported(invite) = invite else { return None };
    let hash = invite.link.rsplit('/').next().unwrap_or_default().trim_start_matches('+').to_owned();
    Some(InviteLink {
        link: invite.link,
        hash,
        title: invite.title,
        creator_user_id: invite.admin_id,
        date: i64::from(invite.date),
        expire_date: invite.expire_date.map(i64::from),
        usage_limit: invite.usage_limit,
        usage_count: invite.usage.unwrap_or(0),
        pending_count: invite.requested.unwrap_or(0),
        request_needed: invite.request_needed,
        is_permanent: invite.permanent,
        is_revoked: invite.revoked,
    })
}

impl Connection {
    /// A page of the links that an administrator made: the account itself, where nobody is named.
    ///
    /// # Errors
    /// [`TelegramError::InvalidCursor`], [`TelegramError::NotAGroup`], [`TelegramError::UserNotFound`], `CHAT_ADMIN_REQUIRED`, or what
    /// any call can meet.
    pub async fn invite_links(
        &self,
        chat: ChatId,
        admin_id: Option<i64>,
        revoked: bool,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<InviteLinkPage, TelegramError> {
        let after = cursor.map(parts_of).transpose()?;
        let peer = self.group_peer(chat).await?;
        let admin_id = match admin_id {
            Some(admin_id) => self.input_user(admin_id).await?,
            None => enums::InputUser::UserSelf,
        };
        let request = functions::messages::GetExportedChatInvites {
            revoked,
            peer,
            admin_id,
            offset_date: after.map(|(date, _)| date),
            offset_link: after.map(|(_, hash)| link_of(hash)),
            limit: i32::try_from(limit.min(INVITES_PAGE_MAX)).unwrap_or(i32::MAX),
        };
        let enums::messages::ExportedChatInvites::Invites(found) = self.invoke(&request).await?;
        self.remember(&Met::new(found.users, Vec::new())).await?;
        let items: Vec<InviteLink> = found.invites.into_iter().filter_map(invite_link).collect();
        let is_whole = u32::try_from(items.len()).is_ok_and(|length| length < limit);
        let next_cursor = items.last().filter(|_| !is_whole).map(|last| cursor_of(last.date, &last.hash));
        Ok(InviteLinkPage { items, next_cursor })
    }

    /// Makes a link.
    ///
    /// # Errors
    /// [`TelegramError::NotAGroup`], `CHAT_ADMIN_REQUIRED`, `EXPIRE_DATE_INVALID`, `USAGE_LIMIT_INVALID`, or what any call can meet.
    pub async fn create_invite_link(&self, chat: ChatId, terms: &InviteTerms) -> Result<InviteLink, TelegramError> {
        let request = functions::messages::ExportChatInvite {
            legacy_revoke_permanent: false,
            request_needed: terms.request_needed.unwrap_or(false),
            peer: self.group_peer(chat).await?,
            expire_date: terms.expire_date.filter(|date| *date != 0),
            usage_limit: terms.usage_limit.filter(|limit| *limit != 0),
            title: terms.title.clone().filter(|title| !title.is_empty()),
            subscription_pricing: None,
        };
        let made = self.invoke(&request).await?;
        invite_link(made).ok_or(TelegramError::Unexpected("the answer does not hold the link"))
    }

    /// Changes a link.
    ///
    /// # Errors
    /// `INVITE_HASH_EXPIRED` for one that is not there, `CHAT_INVITE_PERMANENT`; otherwise as [`Self::create_invite_link`].
    pub async fn edit_invite_link(&self, chat: ChatId, hash: &str, terms: &InviteTerms) -> Result<InviteLink, TelegramError> {
        let request = functions::messages::EditExportedChatInvite {
            revoked: false,
            peer: self.group_peer(chat).await?,
            link: link_of(hash),
            expire_date: terms.expire_date,
            usage_limit: terms.usage_limit,
            request_needed: terms.request_needed,
            title: terms.title.clone(),
        };
        Ok(self.changed_invite(&request).await?.revoked)
    }

    /// Revokes a link.
    ///
    /// # Errors
    /// `INVITE_HASH_EXPIRED` for one that is not there or is revoked; otherwise as [`Self::create_invite_link`].
    pub async fn revoke_invite_link(&self, chat: ChatId, hash: &str) -> Result<RevokedInvite, TelegramError> {
        let request = functions::messages::EditExportedChatInvite {
            revoked: true,
            peer: self.group_peer(chat).await?,
            link: link_of(hash),
            expire_date: None,
            usage_limit: None,
            request_needed: None,
            title: None,
        };
        self.changed_invite(&request).await
    }

    async fn changed_invite(
        &self,
        request: &functions::messages::EditExportedChatInvite,
    ) -> Result<RevokedInvite, TelegramError> {
        let (users, changed, next) = match self.invoke(request).await? {
            enums::messages::ExportedChatInvite::Invite(changed) => (changed.users, changed.invite, None),
            enums::messages::ExportedChatInvite::Replaced(changed) => (changed.users, changed.invite, Some(changed.new_invite)),
        };
        self.remember(&Met::new(users, Vec::new())).await?;
        let revoked = invite_link(changed).ok_or(TelegramError::Unexpected("the answer does not hold the link"))?;
        Ok(RevokedInvite { revoked, replaced_by: next.and_then(invite_link) })
    }

    /// A page of those who ask to be let in; of those who came by one link, or whose name begins so.
    ///
    /// # Errors
    /// [`TelegramError::InvalidCursor`], [`TelegramError::NotAGroup`], `CHAT_ADMIN_REQUIRED`, or what any call can meet.
    pub async fn join_requests(
        &self,
        chat: ChatId,
        hash: Option<&str>,
        query: &str,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<JoinRequestPage, TelegramError> {
        let (offset_date, offset_user) = match cursor {
            None => (0, enums::InputUser::Empty),
            Some(cursor) => {
                let (date, user_id) = parts_of(cursor)?;
                let user_id = user_id.parse().map_err(|_| TelegramError::InvalidCursor)?;
                (date, self.input_user(user_id).await.map_err(|_| TelegramError::InvalidCursor)?)
            }
        };
        let request = functions::messages::GetChatInviteImporters {
            requested: true,
            subscription_expired: false,
            peer: self.group_peer(chat).await?,
            link: hash.map(link_of),
            q: Some(query.to_owned()).filter(|query| !query.is_empty()),
            offset_date,
            offset_user,
            limit: i32::try_from(limit.min(INVITES_PAGE_MAX)).unwrap_or(i32::MAX),
        };
        let enums::messages::ChatInviteImporters::Importers(found) = self.invoke(&request).await?;
        let met = Met::new(found.users, Vec::new());
        self.remember(&met).await?;
        let items: Vec<JoinRequest> = found
            .importers
            .into_iter()
            .map(|enums::ChatInviteImporter::Importer(importer)| JoinRequest {
                user_id: importer.user_id,
                name: ChatId::from_marked(importer.user_id).and_then(|id| met.name(id)).unwrap_or_default(),
                username: met.user(importer.user_id).and_then(|user| user.username.clone()),
                about: importer.about,
                date: i64::from(importer.date),
            })
            .collect();
        let is_whole = u32::try_from(items.len()).is_ok_and(|length| length < limit);
        let next_cursor = items.last().filter(|_| !is_whole).map(|last| cursor_of(last.date, last.user_id));
        Ok(JoinRequestPage { items, total_count: found.count, next_cursor })
    }

    /// Lets somebody in who asked for it, or not.
    ///
    /// # Errors
    /// [`TelegramError::UserNotFound`], `HIDE_REQUESTER_MISSING`, `CHAT_ADMIN_REQUIRED`, or what any call can meet.
    pub async fn decide_join_request(&self, chat: ChatId, user_id: i64, approved: bool) -> Result<(), TelegramError> {
        let (peer, user_id) = (self.group_peer(chat).await?, self.input_user(user_id).await?);
        let updates = self.invoke(&functions::messages::HideChatJoinRequest { approved, peer, user_id }).await?;
        self.remember_updates(updates).await.map(|_| ())
    }

    /// Lets everybody in who asked for it, or none; those who came by one link, where one is named.
    ///
    /// # Errors
    /// As [`Self::decide_join_request`].
    pub async fn decide_join_requests(&self, chat: ChatId, hash: Option<&str>, approved: bool) -> Result<(), TelegramError> {
        let (peer, link) = (self.group_peer(chat).await?, hash.map(link_of));
        let updates = self.invoke(&functions::messages::HideAllChatJoinRequests { approved, peer, link }).await?;
        self.remember_updates(updates).await.map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use grammers_tl_types::types;
    use proptest::prelude::*;

    #[test]
    fn a_link_is_told_with_its_hash() {
        let raw = types::ChatInviteExported {
            revoked: false,
            permanent: true,
            request_needed: false,
            link: "https://t.me/+AbC-d_9".to_owned(),
            admin_id: 7,
            date: 1,
            start_date: None,
            expire_date: None,
            usage_limit: None,
            usage: None,
            requested: None,
            subscription_expired: None,
            title: None,
            subscription_pricing: None,
        };
        let told = invite_link(raw.into()).unwrap();
        assert_eq!((told.hash.as_str(), told.is_permanent, told.usage_count), ("AbC-d_9", true, 0));
        assert_eq!(link_of(&told.hash), told.link);
    }

    proptest! {
        #[test]
        fn a_cursor_survives_its_text(date in 0i32.., hash in "[A-Za-z0-9_-]{1,40}") {
            let cursor = cursor_of(i64::from(date), &hash);
            prop_assert_eq!(parts_of(&cursor).unwrap(), (date, hash.as_str()));
        }

        #[test]
        fn no_text_makes_a_cursor_panic(text in ".{0,60}") {
            let _any = parts_of(&text);
        }
    }
}
