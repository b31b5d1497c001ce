//! How what happened in a supergroup or a channel looks to an administrator.

use grammers_tl_types as tl;

use super::View;
use crate::world::admin_log::{Entry, Noted};
use crate::world::administration::{Admin, Banned, admin_rights, banned_rights};
use crate::world::ids::PeerId;
use crate::world::message_box::Message;
use crate::world::state::Channel;
use crate::world::topics::Topic;
use tl::enums::ChannelAdminLogEventAction as Action;

impl View<'_> {
    /// An entry of the log, unless what it is of cannot be told any more.
    pub fn admin_log_event(&mut self, channel: &Channel, entry: &Entry) -> Option<tl::enums::ChannelAdminLogEvent> {
        self.mention(PeerId::User(entry.by));
        let action = self.logged(channel, &entry.noted)?;
        Some(tl::types::ChannelAdminLogEvent { id: entry.id, date: entry.date, user_id: entry.by, action }.into())
    }

    fn logged(&mut self, channel: &Channel, noted: &Noted) -> Option<Action> {
        use tl::types as t;
        Some(match noted {
            Noted::Title { before, after } => {
                let (prev_value, new_value) = (before.clone(), after.clone());
                t::ChannelAdminLogEventActionChangeTitle { prev_value, new_value }.into()
            }
            Noted::About { before, after } => {
                let (prev_value, new_value) = (before.clone(), after.clone());
                t::ChannelAdminLogEventActionChangeAbout { prev_value, new_value }.into()
            }
            Noted::Photo { before, after } => {
                let (prev_photo, new_photo) = (self.logged_photo(*before), self.logged_photo(*after));
                t::ChannelAdminLogEventActionChangePhoto { prev_photo, new_photo }.into()
            }
            Noted::Joined => Action::ParticipantJoin,
            Noted::JoinedByInvite { hash, invite } => {
                let invite = self.invite(hash, invite);
                t::ChannelAdminLogEventActionParticipantJoinByInvite { via_chatlist: false, invite }.into()
            }
            Noted::JoinedByRequest { hash, invite, approved_by } => {
                self.mention(PeerId::User(*approved_by));
                let (invite, approved_by) = (self.invite(hash, invite), *approved_by);
                t::ChannelAdminLogEventActionParticipantJoinByRequest { invite, approved_by }.into()
            }
            Noted::Left => Action::ParticipantLeave,
            Noted::Invited { user_id } => {
                let participant = self.plain_participant(channel, *user_id);
                t::ChannelAdminLogEventActionParticipantInvite { participant }.into()
            }
            Noted::Ban { user_id, before, after } => {
                let prev_participant = self.logged_banned(channel, *user_id, before.as_ref())?;
                let new_participant = self.logged_banned(channel, *user_id, after.as_ref())?;
                t::ChannelAdminLogEventActionParticipantToggleBan { prev_participant, new_participant }.into()
            }
            Noted::Admin { user_id, before, after } => {
                let prev_participant = self.logged_admin(channel, *user_id, before.as_ref())?;
                let new_participant = self.logged_admin(channel, *user_id, after.as_ref())?;
                t::ChannelAdminLogEventActionParticipantToggleAdmin { prev_participant, new_participant }.into()
            }
            Noted::Edited { .. } | Noted::Deleted { .. } | Noted::Pinned { .. } | Noted::PollStopped { .. } => {
                self.logged_message(noted)?
            }
            Noted::SlowMode { before, after } => {
                t::ChannelAdminLogEventActionToggleSlowMode { prev_value: *before, new_value: *after }.into()
            }
            Noted::Taken { before, after } => {
                let (prev_banned_rights, new_banned_rights) = (banned_rights(*before, 0)?, banned_rights(*after, 0)?);
                t::ChannelAdminLogEventActionDefaultBannedRights { prev_banned_rights, new_banned_rights }.into()
            }
            Noted::InviteEdited { hash, before, after } => {
                let (prev_invite, new_invite) = (self.invite(hash, before), self.invite(hash, after));
                t::ChannelAdminLogEventActionExportedInviteEdit { prev_invite, new_invite }.into()
            }
            Noted::InviteRevoked { hash, invite } => {
                t::ChannelAdminLogEventActionExportedInviteRevoke { invite: self.invite(hash, invite) }.into()
            }
            Noted::InviteDeleted { hash, invite } => {
                t::ChannelAdminLogEventActionExportedInviteDelete { invite: self.invite(hash, invite) }.into()
            }
            Noted::Forum { enabled } => t::ChannelAdminLogEventActionToggleForum { new_value: *enabled }.into(),
            Noted::TopicCreated { topic } => {
                t::ChannelAdminLogEventActionCreateTopic { topic: self.logged_topic(channel, topic, false) }.into()
            }
            Noted::TopicEdited { before, after } => {
                let prev_topic = self.logged_topic(channel, before, false);
                let new_topic = self.logged_topic(channel, after, false);
                t::ChannelAdminLogEventActionEditTopic { prev_topic, new_topic }.into()
            }
            Noted::TopicDeleted { topic } => {
                t::ChannelAdminLogEventActionDeleteTopic { topic: self.logged_topic(channel, topic, false) }.into()
            }
            Noted::TopicPinned { topic, pinned } => {
                let topic = Some(self.logged_topic(channel, topic, *pinned));
                let (prev_topic, new_topic) = if *pinned { (None, topic) } else { (topic, None) };
                t::ChannelAdminLogEventActionPinTopic { prev_topic, new_topic }.into()
            }
        })
    }

    fn logged_message(&mut self, noted: &Noted) -> Option<Action> {
        use tl::types as t;
        Some(match noted {
            Noted::Edited { before, after } => {
                let (prev_message, new_message) = (self.message(before), self.message(after));
                t::ChannelAdminLogEventActionEditMessage { prev_message, new_message }.into()
            }
            Noted::Deleted { message } => t::ChannelAdminLogEventActionDeleteMessage { message: self.message(message) }.into(),
            Noted::Pinned { message, pinned } => {
                let message = self.pinned_or_not(message, *pinned);
                t::ChannelAdminLogEventActionUpdatePinned { message }.into()
            }
            Noted::PollStopped { message } => t::ChannelAdminLogEventActionStopPoll { message: self.message(message) }.into(),
            _ => return None,
        })
    }

    /// A message as it was when it was pinned or unpinned.
    fn pinned_or_not(&mut self, message: &Message, pinned: bool) -> tl::enums::Message {
        let mut told = self.message(message);
        if let tl::enums::Message::Message(message) = &mut told {
            message.pinned = pinned;
        }
        told
    }

    fn logged_photo(&mut self, photo: Option<i64>) -> tl::enums::Photo {
        let known = photo.and_then(|id| self.state.files.get(&id));
        known.map_or_else(|| tl::types::PhotoEmpty { id: photo.unwrap_or(0) }.into(), |media| self.profile_photo(media))
    }

    fn plain_participant(&mut self, channel: &Channel, user_id: i64) -> tl::enums::ChannelParticipant {
        let peer = self.mention(PeerId::User(user_id));
        match channel.members.get(&user_id) {
            Some(member) => {
                let date = member.date;
                tl::types::ChannelParticipant { user_id, date, subscription_until_date: None, rank: None }.into()
            }
            None => tl::types::ChannelParticipantLeft { peer }.into(),
        }
    }

    fn logged_banned(
        &mut self,
        channel: &Channel,
        user_id: i64,
        banned: Option<&Banned>,
    ) -> Option<tl::enums::ChannelParticipant> {
        match banned {
            Some(banned) => self.banned_participant(user_id, banned, banned.is_out()),
            None => Some(self.plain_participant(channel, user_id)),
        }
    }

    fn logged_admin(&mut self, channel: &Channel, user_id: i64, admin: Option<&Admin>) -> Option<tl::enums::ChannelParticipant> {
        let Some(admin) = admin else { return Some(self.plain_participant(channel, user_id)) };
        self.mention(PeerId::User(user_id));
        self.mention(PeerId::User(admin.by));
        let participant = tl::types::ChannelParticipantAdmin {
            can_edit: admin.by == self.viewer || channel.creator == self.viewer,
            is_self: user_id == self.viewer,
            user_id,
            inviter_id: None,
            promoted_by: admin.by,
            date: admin.date,
            admin_rights: admin_rights(admin.rights)?,
            rank: admin.rank.clone(),
        };
        Some(participant.into())
    }

    /// A topic as it was, without what its readers have of it.
    fn logged_topic(&mut self, channel: &Channel, topic: &Topic, pinned: bool) -> tl::enums::ForumTopic {
        tl::types::ForumTopic {
            my: topic.creator == self.viewer,
            closed: topic.closed,
            pinned,
            short: true,
            hidden: topic.hidden,
            title_missing: false,
            id: topic.id,
            date: topic.date,
            peer: self.mention(PeerId::Channel(channel.id)),
            title: topic.title.clone(),
            icon_color: topic.icon_color,
            icon_emoji_id: topic.icon_emoji_id,
            top_message: topic.id,
            read_inbox_max_id: 0,
            read_outbox_max_id: 0,
            unread_count: 0,
            unread_mentions_count: 0,
            unread_reactions_count: 0,
            unread_poll_votes_count: 0,
            from_id: self.mention(PeerId::User(topic.creator)),
            notify_settings: super::dialogs::notify_settings(None),
            draft: None,
        }
        .into()
    }
}
