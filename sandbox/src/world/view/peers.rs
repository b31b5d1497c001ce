//! How a user, a group or a channel looks to one user.

use std::collections::BTreeMap;

use grammers_tl_types as tl;

use super::View;
use crate::world::administration::{admin_rights, banned_rights};
use crate::world::ids::PeerId;
use crate::world::privacy::PrivacyKey;
use crate::world::state::{Channel, Chat, Member, User};

impl View<'_> {
    /// The users and the chats that were mentioned so far, for the answer's own lists.
    pub fn mentioned(&mut self) -> (Vec<tl::enums::User>, Vec<tl::enums::Chat>) {
        let mut users = Vec::new();
        let mut chats = Vec::new();
        let glimpsed = std::mem::take(&mut self.glimpsed);
        let glimpsed = glimpsed.into_iter().filter(|peer| !self.mentioned.contains(peer));
        let (mut minimal_users, mut minimal_chats) = (Vec::new(), Vec::new());
        for peer in glimpsed {
            match peer {
                PeerId::User(id) => minimal_users.extend(self.state.users.get(&id).map(|user| self.minimal_user(user))),
                PeerId::Channel(id) => {
                    minimal_chats.extend(self.state.channels.get(&id).map(|channel| self.minimal_channel(channel)));
                }
                PeerId::Chat(_) => {}
            }
        }
        for peer in std::mem::take(&mut self.mentioned) {
            match peer {
                PeerId::User(id) => users.extend(self.state.users.get(&id).map(|user| self.user(user))),
                PeerId::Chat(id) => chats.extend(self.state.chats.get(&id).map(|chat| self.chat(chat))),
                PeerId::Channel(id) => chats.extend(self.state.channels.get(&id).map(|channel| self.channel(channel))),
            }
        }
        users.extend(minimal_users);
        chats.extend(minimal_chats);
        (users, chats)
    }

    fn minimal_user(&self, user: &User) -> tl::enums::User {
        match self.user(user) {
            tl::enums::User::User(whole) => {
                let access_hash = Some(self.minimal_hash(PeerId::User(user.id)));
                tl::types::User { min: true, access_hash, phone: None, ..whole }.into()
            }
            empty => empty,
        }
    }

    fn minimal_channel(&self, channel: &Channel) -> tl::enums::Chat {
        match self.channel(channel) {
            tl::enums::Chat::Channel(whole) => {
                let access_hash = Some(self.minimal_hash(PeerId::Channel(channel.id)));
                tl::types::Channel { min: true, access_hash, ..whole }.into()
            }
            forbidden => forbidden,
        }
    }

    /// Whether the viewer has met a peer elsewhere than in the messages of a channel.
    fn has_met(&self, peer: PeerId) -> bool {
        let Some(viewer) = self.state.users.get(&self.viewer) else { return false };
        let PeerId::User(id) = peer else { return self.state.is_member(viewer.id, peer) };
        let both = |members: &BTreeMap<i64, Member>| members.contains_key(&id) && members.contains_key(&viewer.id);
        id == viewer.id
            || viewer.contacts.contains_key(&id)
            || viewer.dialogs.contains_key(&peer)
            || self.state.chats.values().any(|chat| both(&chat.members))
    }

    /// Notes that a channel's message speaks of a peer. Whom the viewer has not met is told in a minimal form, see
    /// <https://core.telegram.org/api/min>.
    pub(super) fn glimpse(&mut self, peer: PeerId) -> tl::enums::Peer {
        if self.has_met(peer) {
            return self.mention(peer);
        }
        self.glimpsed.insert(peer);
        named(peer)
    }

    /// Notes that an answer speaks of a peer.
    pub fn mention(&mut self, peer: PeerId) -> tl::enums::Peer {
        self.mentioned.insert(peer);
        named(peer)
    }

    /// A user.
    pub fn user(&self, user: &User) -> tl::enums::User {
        let viewer = self.state.users.get(&self.viewer);
        let contact = viewer.and_then(|viewer| viewer.contacts.get(&user.id));
        let mutual = contact.is_some() && user.contacts.contains_key(&self.viewer);
        let (first_name, last_name) =
            contact.map_or((&user.first_name, &user.last_name), |contact| (&contact.first_name, &contact.last_name));
        let knows_phone = contact.is_some_and(|contact| contact.by_phone);
        let phone_visible = knows_phone || self.state.permits(user.id, PrivacyKey::PhoneNumber, self.viewer);
        tl::types::User {
            is_self: user.id == self.viewer,
            contact: contact.is_some(),
            mutual_contact: mutual,
            deleted: false,
            bot: self.state.bots.contains_key(&user.id),
            bot_chat_history: false,
            bot_nochats: false,
            verified: false,
            restricted: false,
            min: false,
            bot_inline_geo: false,
            support: false,
            scam: false,
            apply_min_photo: false,
            fake: false,
            bot_attach_menu: false,
            premium: user.premium,
            attach_menu_enabled: false,
            bot_can_edit: false,
            close_friend: false,
            stories_hidden: false,
            stories_unavailable: false,
            contact_require_premium: false,
            bot_business: false,
            bot_has_main_app: false,
            bot_forum_view: false,
            bot_forum_can_manage_topics: false,
            bot_can_manage_bots: false,
            bot_guestchat: false,
            bot_guard: false,
            id: user.id,
            access_hash: Some(self.access_hash(PeerId::User(user.id))),
            first_name: Some(first_name.clone()),
            last_name: (!last_name.is_empty()).then(|| last_name.clone()),
            username: user.username.clone(),
            phone: (phone_visible && !user.phone.is_empty()).then(|| user.phone.clone()),
            photo: self.user_photo(user.id),
            status: Some(self.status(user)),
            bot_info_version: self.state.bots.contains_key(&user.id).then_some(1),
            restriction_reason: None,
            bot_inline_placeholder: None,
            lang_code: None,
            emoji_status: None,
            usernames: None,
            stories_max_id: None,
            color: None,
            profile_color: None,
            bot_active_users: None,
            bot_verification_icon: None,
            send_paid_messages_stars: None,
            linked_community_id: None,
        }
        .into()
    }

    /// A basic group.
    pub fn chat(&self, chat: &Chat) -> tl::enums::Chat {
        if !chat.members.contains_key(&self.viewer) {
            return tl::types::ChatForbidden { id: chat.id, title: chat.title.clone() }.into();
        }
        let (call_active, call_not_empty) = self.call_flags(PeerId::Chat(chat.id));
        tl::types::Chat {
            creator: chat.creator == self.viewer,
            left: false,
            deactivated: false,
            call_active,
            call_not_empty,
            noforwards: false,
            id: chat.id,
            title: chat.title.clone(),
            photo: self.chat_photo(PeerId::Chat(chat.id)),
            participants_count: count(chat.members.len()),
            date: chat.date,
            version: chat.version,
            migrated_to: None,
            admin_rights: chat.administration.admins.get(&self.viewer).and_then(|admin| admin_rights(admin.rights)),
            default_banned_rights: banned_rights(chat.administration.taken_from_all, 0),
        }
        .into()
    }

    /// A channel or a supergroup.
    pub fn channel(&self, channel: &Channel) -> tl::enums::Chat {
        let member = channel.members.contains_key(&self.viewer);
        let access_hash = self.access_hash(PeerId::Channel(channel.id));
        let banned = channel.administration.banned.get(&self.viewer).filter(|banned| banned.is_out());
        if !member && (banned.is_some() || channel.username.is_none()) {
            return tl::types::ChannelForbidden {
                broadcast: channel.broadcast,
                megagroup: !channel.broadcast,
                monoforum: false,
                id: channel.id,
                access_hash,
                title: channel.title.clone(),
                until_date: banned.map(|banned| banned.until).filter(|until| *until != 0),
            }
            .into();
        }
        let creator = channel.creator == self.viewer;
        let administration = &channel.administration;
        let admin = administration.admins.get(&self.viewer);
        let banned = administration.banned.get(&self.viewer);
        let (call_active, call_not_empty) = self.call_flags(PeerId::Channel(channel.id));
        let forum = self.state.forums.forum(channel.id);
        tl::types::Channel {
            creator,
            left: !member,
            broadcast: channel.broadcast,
            verified: false,
            megagroup: !channel.broadcast,
            restricted: false,
            signatures: false,
            min: false,
            scam: false,
            has_link: false,
            has_geo: false,
            slowmode_enabled: self.state.profiles.slow_modes.contains_key(&channel.id),
            call_active,
            call_not_empty,
            fake: false,
            gigagroup: false,
            noforwards: false,
            join_to_send: false,
            join_request: false,
            forum: forum.is_some(),
            stories_hidden: false,
            stories_hidden_min: false,
            stories_unavailable: false,
            signature_profiles: false,
            autotranslation: false,
            broadcast_messages_allowed: false,
            monoforum: false,
            forum_tabs: forum.is_some_and(|forum| forum.tabs),
            id: channel.id,
            access_hash: Some(access_hash),
            title: channel.title.clone(),
            username: channel.username.clone(),
            photo: self.chat_photo(PeerId::Channel(channel.id)),
            date: channel.members.get(&self.viewer).map_or(channel.date, |member| member.date),
            restriction_reason: None,
            admin_rights: if creator { Some(all_admin_rights()) } else { admin.and_then(|admin| admin_rights(admin.rights)) },
            banned_rights: banned.and_then(|banned| banned_rights(banned.taken, banned.until)),
            default_banned_rights: banned_rights(administration.taken_from_all, 0),
            participants_count: Some(count(channel.members.len())),
            usernames: None,
            stories_max_id: None,
            color: None,
            profile_color: None,
            emoji_status: None,
            level: None,
            subscription_until_date: None,
            bot_verification_icon: None,
            send_paid_messages_stars: None,
            linked_monoforum_id: None,
            linked_community_id: None,
        }
        .into()
    }
}

fn named(peer: PeerId) -> tl::enums::Peer {
    match peer {
        PeerId::User(user_id) => tl::types::PeerUser { user_id }.into(),
        PeerId::Chat(chat_id) => tl::types::PeerChat { chat_id }.into(),
        PeerId::Channel(channel_id) => tl::types::PeerChannel { channel_id }.into(),
    }
}

/// A length as TL writes it.
pub fn count(length: usize) -> i32 {
    i32::try_from(length).unwrap_or(i32::MAX)
}

pub(super) fn all_admin_rights() -> tl::enums::ChatAdminRights {
    tl::types::ChatAdminRights {
        change_info: true,
        post_messages: true,
        edit_messages: true,
        delete_messages: true,
        ban_users: true,
        invite_users: true,
        pin_messages: true,
        add_admins: true,
        anonymous: false,
        manage_call: true,
        other: true,
        manage_topics: true,
        post_stories: true,
        edit_stories: true,
        delete_stories: true,
        manage_direct_messages: true,
        manage_ranks: true,
        manage_linked_peers: true,
        manage_welcome_messages: true,
    }
    .into()
}
