//! How photos, and changes of what somebody shows of themselves, look to one user.

use grammers_tl_types as tl;

use super::View;
use crate::clock::now_secs;
use crate::world::administration::banned_rights;
use crate::world::file::Media;
use crate::world::ids::PeerId;
use crate::world::privacy::{PrivacyKey, PrivacyRule};
use crate::world::profile::{ProfileAction, ProfileNotice};
use crate::world::state::User;

impl View<'_> {
    /// A person's photo as the viewer may see it.
    pub(super) fn visible_photo(&self, user_id: i64) -> Option<&Media> {
        let visible = self.state.permits(user_id, PrivacyKey::ProfilePhoto, self.viewer);
        self.state.photo_of(PeerId::User(user_id)).filter(|_| visible)
    }

    /// A person's photo beside their name.
    pub(super) fn user_photo(&self, user_id: i64) -> Option<tl::enums::UserProfilePhoto> {
        let photo = self.visible_photo(user_id)?;
        let (photo_id, dc_id) = (photo.file_id, photo.dc_id);
        Some(tl::types::UserProfilePhoto { has_video: false, personal: false, photo_id, stripped_thumb: None, dc_id }.into())
    }

    /// A group's or channel's photo beside its title.
    pub(super) fn chat_photo(&self, peer: PeerId) -> tl::enums::ChatPhoto {
        let Some(photo) = self.state.photo_of(peer) else { return tl::enums::ChatPhoto::Empty };
        let (photo_id, dc_id) = (photo.file_id, photo.dc_id);
        tl::types::ChatPhoto { has_video: false, photo_id, stripped_thumb: None, dc_id }.into()
    }

    /// A current photo of a group or a channel, whole.
    pub(super) fn whole_photo(&self, peer: PeerId) -> Option<tl::enums::Photo> {
        self.state.photo_of(peer).map(|photo| self.profile_photo(photo))
    }

    /// When a person was last there, as far as the viewer may know; who hides it from others is not told of others either.
    pub(super) fn status(&self, user: &User) -> tl::enums::UserStatus {
        let key = PrivacyKey::StatusTimestamp;
        let by_me = !self.state.permits(self.viewer, key, user.id);
        let until = self.state.profiles.there_until.get(&user.id).copied();
        match until.filter(|_| !by_me && self.state.permits(user.id, key, self.viewer)) {
            None => tl::types::UserStatusRecently { by_me }.into(),
            Some(until) if until > now_secs() => tl::types::UserStatusOnline { expires: until }.into(),
            Some(until) => tl::types::UserStatusOffline { was_online: until }.into(),
        }
    }

    pub(super) fn profile_action(&self, action: &ProfileAction) -> tl::enums::MessageAction {
        match action {
            ProfileAction::Title(title) => tl::types::MessageActionChatEditTitle { title: title.clone() }.into(),
            ProfileAction::PhotoRemoved => tl::enums::MessageAction::ChatDeletePhoto,
            ProfileAction::Photo(photo_id) => {
                let photo = self.state.files.get(photo_id).map(|photo| self.profile_photo(photo));
                let photo = photo.unwrap_or_else(|| tl::types::PhotoEmpty { id: *photo_id }.into());
                tl::types::MessageActionChatEditPhoto { photo }.into()
            }
        }
    }

    pub(super) fn profile_update(&mut self, notice: &ProfileNotice) -> Option<tl::enums::Update> {
        Some(match notice {
            ProfileNotice::User(user_id) => {
                self.mention(PeerId::User(*user_id));
                tl::types::UpdateUser { user_id: *user_id }.into()
            }
            ProfileNotice::Name(user_id) => {
                self.mention(PeerId::User(*user_id));
                let user = self.state.users.get(user_id)?;
                let username = |username: &String| -> tl::enums::Username {
                    tl::types::Username {
                        editable: true,
                        active: true,
                        deletable: false,
                        expired: false,
                        username: username.clone(),
                    }
                    .into()
                };
                tl::types::UpdateUserName {
                    user_id: *user_id,
                    first_name: user.first_name.clone(),
                    last_name: user.last_name.clone(),
                    usernames: user.username.iter().map(username).collect(),
                }
                .into()
            }
            ProfileNotice::Status(user_id) => {
                self.mention(PeerId::User(*user_id));
                let status = self.status(self.state.users.get(user_id)?);
                tl::types::UpdateUserStatus { user_id: *user_id, status }.into()
            }
            ProfileNotice::Group(chat_id) => {
                self.mention(PeerId::Chat(*chat_id));
                tl::types::UpdateChat { chat_id: *chat_id }.into()
            }
            ProfileNotice::MembersRestricted(peer) => {
                let default_banned_rights = banned_rights(self.state.administration(*peer)?.taken_from_all, 0)?;
                let version = match peer {
                    PeerId::Chat(id) => self.state.chats.get(id)?.version,
                    PeerId::User(_) | PeerId::Channel(_) => 0,
                };
                let peer = self.mention(*peer);
                tl::types::UpdateChatDefaultBannedRights { peer, default_banned_rights, version }.into()
            }
            ProfileNotice::Privacy(key) => {
                tl::types::UpdatePrivacy { key: (*key).into(), rules: self.privacy_rules(*key) }.into()
            }
        })
    }

    /// The viewer's own rules for something.
    pub fn privacy_rules(&mut self, key: PrivacyKey) -> Vec<tl::enums::PrivacyRule> {
        let rules = self.state.privacy_of(self.viewer, key);
        rules.into_iter().map(|rule| self.privacy_rule(rule)).collect()
    }

    fn privacy_rule(&mut self, rule: PrivacyRule) -> tl::enums::PrivacyRule {
        use tl::enums::PrivacyRule as Told;
        match rule {
            PrivacyRule::AllowAll => Told::PrivacyValueAllowAll,
            PrivacyRule::AllowContacts => Told::PrivacyValueAllowContacts,
            PrivacyRule::AllowCloseFriends => Told::PrivacyValueAllowCloseFriends,
            PrivacyRule::AllowPremium => Told::PrivacyValueAllowPremium,
            PrivacyRule::AllowBots => Told::PrivacyValueAllowBots,
            PrivacyRule::DenyAll => Told::PrivacyValueDisallowAll,
            PrivacyRule::DenyContacts => Told::PrivacyValueDisallowContacts,
            PrivacyRule::DenyBots => Told::PrivacyValueDisallowBots,
            PrivacyRule::AllowUsers(users) => tl::types::PrivacyValueAllowUsers { users: self.mention_all(&users) }.into(),
            PrivacyRule::DenyUsers(users) => tl::types::PrivacyValueDisallowUsers { users: self.mention_all(&users) }.into(),
            PrivacyRule::AllowChats(chats) => {
                tl::types::PrivacyValueAllowChatParticipants { chats: self.bare_ids(&chats) }.into()
            }
            PrivacyRule::DenyChats(chats) => {
                tl::types::PrivacyValueDisallowChatParticipants { chats: self.bare_ids(&chats) }.into()
            }
        }
    }

    fn bare_ids(&mut self, chats: &[PeerId]) -> Vec<i64> {
        self.mentioned.extend(chats.iter().copied());
        let bare = chats.iter().map(|chat| match chat {
            PeerId::User(id) | PeerId::Chat(id) | PeerId::Channel(id) => *id,
        });
        bare.collect()
    }
}
