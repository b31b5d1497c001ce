//! Who administers a group or a channel, who is banned from it, and what its members may do.

use std::collections::BTreeMap;

use grammers_tl_types::{self as tl, Deserializable, Serializable};
use serde::{Deserialize, Serialize};

use super::ids::PeerId;
use super::state::State;

/// What administrators may do, as `chatAdminRights` numbers its flags.
pub mod right {
    /// Change the title, the description and the like.
    pub const CHANGE_INFO: u32 = 1;
    /// Post in a channel.
    pub const POST_MESSAGES: u32 = 1 << 1;
    /// Edit others' posts in a channel, and pin there.
    pub const EDIT_MESSAGES: u32 = 1 << 2;
    /// Delete others' messages.
    pub const DELETE_MESSAGES: u32 = 1 << 3;
    /// Remove, ban and restrict.
    pub const BAN_USERS: u32 = 1 << 4;
    /// Add members and make links.
    pub const INVITE_USERS: u32 = 1 << 5;
    /// Pin messages in a group.
    pub const PIN_MESSAGES: u32 = 1 << 7;
    /// Make administrators.
    pub const ADD_ADMINS: u32 = 1 << 9;
    /// Begin and end group calls, and mute others in them.
    pub const MANAGE_CALL: u32 = 1 << 11;
    /// Manage topics.
    pub const MANAGE_TOPICS: u32 = 1 << 13;
    /// All of them.
    pub const ALL: u32 = u32::MAX;
}

/// What can be taken from members, as `chatBannedRights` numbers its flags.
pub mod taken {
    /// To be there at all.
    pub const VIEW_MESSAGES: u32 = 1;
    /// To write.
    pub const SEND_MESSAGES: u32 = 1 << 1;
    /// To send media at all.
    pub const SEND_MEDIA: u32 = 1 << 2;
    /// To send stickers.
    pub const SEND_STICKERS: u32 = 1 << 3;
    /// To send animations.
    pub const SEND_GIFS: u32 = 1 << 4;
    /// To send games.
    pub const SEND_GAMES: u32 = 1 << 5;
    /// To use inline bots.
    pub const SEND_INLINE: u32 = 1 << 6;
    /// To have previews of links.
    pub const EMBED_LINKS: u32 = 1 << 7;
    /// To send polls.
    pub const SEND_POLLS: u32 = 1 << 8;
    /// To change the title, the description and the like.
    pub const CHANGE_INFO: u32 = 1 << 10;
    /// To add members.
    pub const INVITE_USERS: u32 = 1 << 15;
    /// To pin messages.
    pub const PIN_MESSAGES: u32 = 1 << 17;
    /// To make topics.
    pub const MANAGE_TOPICS: u32 = 1 << 18;
    /// To send photos.
    pub const SEND_PHOTOS: u32 = 1 << 19;
    /// To send videos.
    pub const SEND_VIDEOS: u32 = 1 << 20;
    /// To send video notes.
    pub const SEND_ROUNDVIDEOS: u32 = 1 << 21;
    /// To send music.
    pub const SEND_AUDIOS: u32 = 1 << 22;
    /// To send voice messages.
    pub const SEND_VOICES: u32 = 1 << 23;
    /// To send files.
    pub const SEND_DOCS: u32 = 1 << 24;
    /// To write plain text.
    pub const SEND_PLAIN: u32 = 1 << 25;
    /// To react.
    pub const SEND_REACTIONS: u32 = 1 << 27;
    /// Whatever media there is.
    pub const ALL_MEDIA: u32 = SEND_STICKERS
        | SEND_GIFS
        | SEND_GAMES
        | SEND_INLINE
        | EMBED_LINKS
        | SEND_PHOTOS
        | SEND_VIDEOS
        | SEND_ROUNDVIDEOS
        | SEND_AUDIOS
        | SEND_VOICES
        | SEND_DOCS;
}

/// An administrator who is not the creator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Admin {
    /// What they may do.
    pub rights: u32,
    /// The title beside the name.
    pub rank: Option<String>,
    /// Who promoted them.
    pub by: i64,
    /// When, in Unix seconds.
    pub date: i32,
}

/// Somebody who is banned, or may not do everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Banned {
    /// What is taken from them.
    pub taken: u32,
    /// Until when, in Unix seconds; 0 for ever.
    pub until: i32,
    /// Who did it.
    pub by: i64,
    /// When, in Unix seconds.
    pub date: i32,
}

impl Banned {
    /// Whether it still counts.
    pub fn stands(&self, now: i32) -> bool {
        self.until == 0 || self.until > now
    }

    /// Whether they may not even be there.
    pub fn is_out(&self) -> bool {
        self.taken & taken::VIEW_MESSAGES != 0
    }
}

/// See the module's description.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Administration {
    /// Administrators but the creator, by user.
    pub admins: BTreeMap<i64, Admin>,
    /// Who is banned or restricted, by user.
    pub banned: BTreeMap<i64, Banned>,
    /// What nobody but administrators may do.
    pub taken_from_all: u32,
}

/// What an administrator does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Act {
    /// Makes somebody an administrator; with no rights, a member again.
    AdminSet {
        /// Whom.
        user_id: i64,
        /// What they may do.
        rights: u32,
        /// The title beside the name.
        rank: Option<String>,
    },
    /// Bans or restricts somebody in a channel; with nothing taken, lifts that.
    BanSet {
        /// Whom.
        user_id: i64,
        /// What is taken from them.
        taken: u32,
        /// Until when, in Unix seconds; 0 for ever.
        until: i32,
    },
}

/// An act, and who does it where and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Administered {
    /// In which group or channel.
    pub peer: PeerId,
    /// Who.
    pub actor: i64,
    /// What.
    pub act: Act,
    /// When, in Unix seconds.
    pub date: i32,
}

impl State {
    /// Who administers a group or a channel.
    pub fn administration(&self, peer: PeerId) -> Option<&Administration> {
        match peer {
            PeerId::User(_) => None,
            PeerId::Chat(id) => self.chats.get(&id).map(|chat| &chat.administration),
            PeerId::Channel(id) => self.channels.get(&id).map(|channel| &channel.administration),
        }
    }

    /// The same, to be changed.
    pub fn administration_mut(&mut self, peer: PeerId) -> Option<&mut Administration> {
        match peer {
            PeerId::User(_) => None,
            PeerId::Chat(id) => self.chats.get_mut(&id).map(|chat| &mut chat.administration),
            PeerId::Channel(id) => self.channels.get_mut(&id).map(|channel| &mut channel.administration),
        }
    }

    /// Who made a group or a channel.
    pub fn creator(&self, peer: PeerId) -> Option<i64> {
        match peer {
            PeerId::User(_) => None,
            PeerId::Chat(id) => self.chats.get(&id).map(|chat| chat.creator),
            PeerId::Channel(id) => self.channels.get(&id).map(|channel| channel.creator),
        }
    }

    /// Whether a user takes part in a group or a channel.
    pub fn is_member(&self, user_id: i64, peer: PeerId) -> bool {
        match peer {
            PeerId::User(_) => false,
            PeerId::Chat(id) => self.chats.get(&id).is_some_and(|chat| chat.members.contains_key(&user_id)),
            PeerId::Channel(id) => self.channels.get(&id).is_some_and(|channel| channel.members.contains_key(&user_id)),
        }
    }

    /// Whether a user administers a group or a channel, with this right.
    pub fn may_administer(&self, user_id: i64, peer: PeerId, right: u32) -> bool {
        let admin = self.administration(peer).and_then(|found| found.admins.get(&user_id));
        let has_right = admin.is_some_and(|admin| admin.rights & right != 0);
        self.is_member(user_id, peer) && (self.creator(peer) == Some(user_id) || has_right)
    }

    /// Whether a member may do what members can be kept from. In a broadcast channel only administrators do anything.
    pub fn may(&self, user_id: i64, peer: PeerId, what: u32, now: i32) -> bool {
        let Some(administration) = self.administration(peer) else { return true };
        if self.may_administer(user_id, peer, right::ALL) {
            return true;
        }
        let broadcast = matches!(peer, PeerId::Channel(id) if self.channels.get(&id).is_some_and(|channel| channel.broadcast));
        let banned = administration.banned.get(&user_id).filter(|banned| banned.stands(now));
        let taken = administration.taken_from_all | banned.map_or(0, |banned| banned.taken);
        self.is_member(user_id, peer) && !broadcast && taken & what == 0
    }
}

/// The flags of administrators' rights.
pub fn admin_bits(rights: &tl::enums::ChatAdminRights) -> u32 {
    let tl::enums::ChatAdminRights::Rights(rights) = rights;
    flags(&rights.to_bytes())
}

/// The flags of what is taken, and until when.
pub fn taken_bits(rights: &tl::enums::ChatBannedRights) -> (u32, i32) {
    let tl::enums::ChatBannedRights::Rights(rights) = rights;
    (flags(&rights.to_bytes()), rights.until_date)
}

/// What is taken together with what is named: all media with media, and everything that is written with writing.
pub fn with_implied(taken: u32) -> u32 {
    let media = if taken & (taken::SEND_MEDIA | taken::SEND_MESSAGES) != 0 { taken::SEND_MEDIA | taken::ALL_MEDIA } else { 0 };
    let writing = if taken & taken::SEND_MESSAGES != 0 { taken::SEND_PLAIN | taken::SEND_POLLS } else { 0 };
    taken | media | writing
}

fn flags(bytes: &[u8]) -> u32 {
    bytes.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

/// Administrators' rights with these flags.
pub fn admin_rights(bits: u32) -> Option<tl::enums::ChatAdminRights> {
    tl::types::ChatAdminRights::from_bytes(&bits.to_le_bytes()).ok().map(Into::into)
}

/// What is taken, with these flags.
pub fn banned_rights(bits: u32, until: i32) -> Option<tl::enums::ChatBannedRights> {
    let bytes = [bits.to_le_bytes(), until.to_le_bytes()].concat();
    tl::types::ChatBannedRights::from_bytes(&bytes).ok().map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_survive_telegrams_types() {
        let bits = right::BAN_USERS | right::MANAGE_TOPICS;
        let rights = admin_rights(bits).unwrap();
        assert_eq!(admin_bits(&rights), bits);
        let tl::enums::ChatAdminRights::Rights(rights) = rights;
        assert!(rights.ban_users && rights.manage_topics && !rights.add_admins);
        let bits = taken::SEND_PLAIN | taken::INVITE_USERS;
        let rights = banned_rights(bits, 7).unwrap();
        assert_eq!(taken_bits(&rights), (bits, 7));
        let tl::enums::ChatBannedRights::Rights(rights) = rights;
        assert!(rights.send_plain && rights.invite_users && !rights.view_messages);
    }
}
