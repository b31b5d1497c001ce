//! How a conversation, and everything there is to know of a peer, looks to one user.

use grammers_tl_types as tl;

use super::{View, count};
use crate::clock::now_secs;
use crate::world::ids::PeerId;
use crate::world::peer_settings::PeerSettings;
use crate::world::privacy::PrivacyKey;
use crate::world::state::{Channel, Chat, Dialog, User};

impl View<'_> {
    fn settings_of(&self, peer: PeerId) -> PeerSettings {
        self.state.users.get(&self.viewer).map_or_else(PeerSettings::default, |viewer| viewer.settings_of(peer))
    }

    /// How the viewer wants to be told of a peer's messages.
    pub(super) fn notify_settings(&self, peer: PeerId) -> tl::enums::PeerNotifySettings {
        notify_settings(self.settings_of(peer).muted_until)
    }

    /// A conversation of the viewer's.
    pub fn dialog(&mut self, owner: &User, peer: PeerId, dialog: &Dialog) -> tl::enums::Dialog {
        let pts = match peer {
            PeerId::Channel(id) => self.state.channels.get(&id).map(|channel| channel.messages.pts()),
            PeerId::User(_) | PeerId::Chat(_) => None,
        };
        let top_message = self.state.top_message(owner, peer).map_or(0, |message| message.id);
        let unread_count = self.state.unread_count(owner, peer);
        let settings = owner.settings_of(peer);
        tl::types::Dialog {
            pinned: settings.pinned,
            unread_mark: settings.unread_mark,
            view_forum_as_messages: false,
            peer: self.mention(peer),
            top_message,
            read_inbox_max_id: dialog.read_inbox_max_id,
            read_outbox_max_id: dialog.read_outbox_max_id,
            unread_count,
            unread_mentions_count: 0,
            unread_reactions_count: 0,
            unread_poll_votes_count: 0,
            notify_settings: self.notify_settings(peer),
            pts,
            draft: self.draft(peer, 0),
            folder_id: settings.archived.then_some(1),
            ttl_period: None,
        }
        .into()
    }

    /// All there is to know of a user.
    pub fn user_full(&mut self, user: &User) -> tl::enums::UserFull {
        self.mention(PeerId::User(user.id));
        let settings = self.settings_of(PeerId::User(user.id));
        let about = self.state.about_of(PeerId::User(user.id));
        let about_visible = !about.is_empty() && self.state.permits(user.id, PrivacyKey::About, self.viewer);
        let about = about_visible.then(|| about.to_owned());
        let profile_photo = self.visible_photo(user.id).map(|photo| self.profile_photo(photo));
        let common = self.state.chats.values().filter(|chat| {
            user.id != self.viewer && chat.members.contains_key(&user.id) && chat.members.contains_key(&self.viewer)
        });
        tl::types::UserFull {
            blocked: settings.blocked_since.is_some(),
            phone_calls_available: user.id != self.viewer,
            phone_calls_private: !self.state.permits(user.id, PrivacyKey::PhoneCall, self.viewer),
            can_pin_message: true,
            has_scheduled: false,
            video_calls_available: user.id != self.viewer,
            voice_messages_forbidden: false,
            translations_disabled: false,
            stories_pinned_available: false,
            blocked_my_stories_from: false,
            wallpaper_overridden: false,
            contact_require_premium: false,
            read_dates_private: false,
            sponsored_enabled: false,
            can_view_revenue: false,
            bot_can_manage_emoji_status: false,
            display_gifts_button: false,
            noforwards_my_enabled: false,
            noforwards_peer_enabled: false,
            unofficial_security_risk: false,
            id: user.id,
            about,
            settings: peer_settings(),
            personal_photo: None,
            profile_photo,
            fallback_photo: None,
            notify_settings: self.notify_settings(PeerId::User(user.id)),
            bot_info: None,
            pinned_msg_id: self.newest_pinned(PeerId::User(user.id)),
            common_chats_count: count(common.count()),
            folder_id: settings.archived.then_some(1),
            ttl_period: None,
            theme: None,
            private_forward_name: None,
            bot_group_admin_rights: None,
            bot_broadcast_admin_rights: None,
            wallpaper: None,
            stories: None,
            business_work_hours: None,
            business_location: None,
            business_greeting_message: None,
            business_away_message: None,
            business_intro: None,
            birthday: None,
            personal_channel_id: None,
            personal_channel_message: None,
            stargifts_count: None,
            starref_program: None,
            bot_verification: None,
            send_paid_messages_stars: None,
            disallowed_gifts: None,
            stars_rating: None,
            stars_my_pending_rating: None,
            stars_my_pending_rating_date: None,
            main_tab: None,
            saved_music: None,
            note: None,
            bot_manager_id: None,
        }
        .into()
    }

    /// All there is to know of a basic group.
    pub fn chat_full(&mut self, chat: &Chat) -> tl::enums::ChatFull {
        self.mention(PeerId::Chat(chat.id));
        let participants = self.chat_participants(chat);
        let requests = self.seen_requests(PeerId::Chat(chat.id));
        tl::types::ChatFull {
            can_set_username: false,
            has_scheduled: false,
            translations_disabled: false,
            has_welcome_messages: false,
            id: chat.id,
            about: self.state.about_of(PeerId::Chat(chat.id)).to_owned(),
            participants,
            chat_photo: self.whole_photo(PeerId::Chat(chat.id)),
            notify_settings: self.notify_settings(PeerId::Chat(chat.id)),
            exported_invite: self.own_invite(PeerId::Chat(chat.id)),
            bot_info: None,
            pinned_msg_id: self.newest_pinned(PeerId::Chat(chat.id)),
            folder_id: None,
            call: self.call_in(PeerId::Chat(chat.id)),
            ttl_period: None,
            groupcall_default_join_as: None,
            theme_emoticon: None,
            requests_pending: requests.as_ref().map(|(pending, _)| *pending),
            recent_requesters: requests.map(|(_, recent)| recent),
            available_reactions: None,
            reactions_limit: None,
        }
        .into()
    }

    /// All there is to know of a channel or a supergroup.
    pub fn channel_full(&mut self, channel: &Channel) -> tl::enums::ChatFull {
        let peer = PeerId::Channel(channel.id);
        self.mention(peer);
        let viewer = self.state.users.get(&self.viewer);
        let dialog = viewer.and_then(|viewer| viewer.dialogs.get(&peer)).cloned().unwrap_or_default();
        let unread_count = viewer.map_or(0, |viewer| self.state.unread_count(viewer, peer));
        let creator = channel.creator == self.viewer;
        let requests = self.seen_requests(peer);
        tl::types::ChannelFull {
            can_view_participants: creator || !channel.broadcast,
            can_set_username: false,
            can_set_stickers: false,
            hidden_prehistory: false,
            can_set_location: false,
            has_scheduled: false,
            can_view_stats: false,
            blocked: false,
            can_delete_channel: creator,
            antispam: false,
            participants_hidden: false,
            translations_disabled: false,
            stories_pinned_available: false,
            view_forum_as_messages: false,
            restricted_sponsored: false,
            can_view_revenue: false,
            paid_media_allowed: false,
            can_view_stars_revenue: false,
            paid_reactions_available: false,
            stargifts_available: false,
            paid_messages_available: false,
            has_welcome_messages: false,
            id: channel.id,
            about: channel.about.clone(),
            participants_count: Some(count(channel.members.len())),
            admins_count: creator.then_some(1),
            kicked_count: None,
            banned_count: None,
            online_count: None,
            read_inbox_max_id: dialog.read_inbox_max_id,
            read_outbox_max_id: dialog.read_outbox_max_id,
            unread_count,
            chat_photo: self.whole_photo(peer).unwrap_or_else(|| tl::types::PhotoEmpty { id: 0 }.into()),
            notify_settings: self.notify_settings(peer),
            exported_invite: self.own_invite(peer),
            bot_info: Vec::new(),
            migrated_from_chat_id: None,
            migrated_from_max_id: None,
            pinned_msg_id: self.newest_pinned(peer),
            stickerset: None,
            available_min_id: None,
            folder_id: None,
            linked_chat_id: None,
            location: None,
            slowmode_seconds: self.state.profiles.slow_modes.get(&channel.id).map(|slow| slow.seconds),
            slowmode_next_send_date: self.state.profiles.next_send(channel.id, self.viewer, now_secs()),
            stats_dc: None,
            pts: channel.messages.pts(),
            call: self.call_in(peer),
            ttl_period: None,
            pending_suggestions: None,
            groupcall_default_join_as: None,
            theme_emoticon: None,
            requests_pending: requests.as_ref().map(|(pending, _)| *pending),
            recent_requesters: requests.map(|(_, recent)| recent),
            default_send_as: None,
            available_reactions: None,
            reactions_limit: None,
            stories: None,
            wallpaper: None,
            boosts_applied: None,
            boosts_unrestrict: None,
            emojiset: None,
            bot_verification: None,
            stargifts_count: None,
            send_paid_messages_stars: None,
            main_tab: None,
            guard_bot_id: None,
        }
        .into()
    }
}

pub(super) fn notify_settings(mute_until: Option<i32>) -> tl::enums::PeerNotifySettings {
    tl::types::PeerNotifySettings {
        show_previews: None,
        silent: None,
        mute_until,
        ios_sound: None,
        android_sound: None,
        other_sound: None,
        stories_muted: None,
        stories_hide_sender: None,
        stories_ios_sound: None,
        stories_android_sound: None,
        stories_other_sound: None,
    }
    .into()
}

/// The settings of a peer as `users.getFullUser` and its kin answer them.
pub(super) fn peer_settings() -> tl::enums::PeerSettings {
    tl::types::PeerSettings {
        report_spam: false,
        add_contact: false,
        block_contact: false,
        share_contact: false,
        need_contacts_exception: false,
        report_geo: false,
        autoarchived: false,
        invite_members: false,
        request_chat_broadcast: false,
        business_bot_paused: false,
        business_bot_can_reply: false,
        geo_distance: None,
        request_chat_title: None,
        request_chat_date: None,
        business_bot_id: None,
        business_bot_manage_url: None,
        charge_paid_message_stars: None,
        registration_month: None,
        phone_country: None,
        name_change_date: None,
        photo_change_date: None,
    }
    .into()
}
