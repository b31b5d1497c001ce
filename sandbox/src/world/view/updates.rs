//! Updates as one user receives them.

use grammers_tl_types as tl;

use super::View;
use crate::world::apply::About;
use crate::world::ids::PeerId;
use crate::world::message_box::{Change, LoggedChange};
use crate::world::peer_settings::PeerSetting;

/// The `seq` of every state: nothing here is ordered by `seq`, for every change that matters has a `pts`.
pub const SEQ: i32 = 1;

impl View<'_> {
    /// The update that tells of something, or nothing when there is nothing left to tell (its message is gone).
    pub fn update(&mut self, about: &About) -> Option<tl::enums::Update> {
        match about {
            About::Box(change) => self.box_update(change),
            About::Channel { channel_id, change } => self.channel_update(*channel_id, change),
            About::ChannelRead { channel_id, max_id } => self.channel_read(*channel_id, *max_id),
            About::ChannelReadByOthers { channel_id, max_id } => {
                self.mention(PeerId::Channel(*channel_id));
                Some(tl::types::UpdateReadChannelOutbox { channel_id: *channel_id, max_id: *max_id }.into())
            }
            About::Setting { peer, setting } => self.setting_update(*peer, *setting),
            About::Person { user_id } => {
                let peer = self.mention(PeerId::User(*user_id));
                Some(tl::types::UpdatePeerSettings { peer, settings: super::dialogs::peer_settings() }.into())
            }
            About::ChatMembers { chat_id } => {
                self.mention(PeerId::Chat(*chat_id));
                let chat = self.state.chats.get(chat_id)?;
                Some(tl::types::UpdateChatParticipants { participants: self.chat_participants(chat) }.into())
            }
            About::Reactions { peer, message_id } => self.reactions_update(*peer, *message_id),
            About::Poll { poll_id } => self.poll_update(*poll_id),
            About::Draft { peer, topic_id } => Some(self.draft_update(*peer, *topic_id)),
            About::Scheduled { owner, peer, message_id } => {
                let message = self.scheduled(*owner, *peer, *message_id)?;
                Some(tl::types::UpdateNewScheduledMessage { message }.into())
            }
            About::ScheduledGone { peer, message_ids, sent } => Some(self.scheduled_gone_update(*peer, message_ids, sent)),
            About::Folder { folder_id } => Some(self.folder_update(*folder_id)),
            About::Profile(notice) => self.profile_update(notice),
            About::FolderOrder => Some(self.folder_order_update()),
            About::PhoneCall { call_id } => self.phone_call_update(*call_id),
            About::PhoneCallOver { call_id, video, reason, duration } => {
                Some(super::phone_calls::over(*call_id, *video, *reason, *duration))
            }
            About::GroupCall { call_id } => self.group_call_update(*call_id),
            About::GroupCallOver { call_id, peer, duration } => Some(self.group_call_over(*call_id, *peer, *duration)),
            About::GroupCallParticipant { call_id, user_id, participant, left } => {
                self.participant_update(*call_id, *user_id, participant, *left)
            }
            About::JoinRequests { peer } => Some(self.join_requests_update(*peer)),
            About::Topic(notice) => self.topic_update(notice),
            About::ChannelMembership { channel_id } => {
                self.mention(PeerId::Channel(*channel_id));
                Some(tl::types::UpdateChannel { channel_id: *channel_id }.into())
            }
        }
    }

    fn setting_update(&mut self, peer: PeerId, setting: PeerSetting) -> Option<tl::enums::Update> {
        let named = self.mention(peer);
        let dialog = tl::types::DialogPeer { peer: named.clone() }.into();
        Some(match setting {
            PeerSetting::Pinned(pinned) => tl::types::UpdateDialogPinned { pinned, folder_id: None, peer: dialog }.into(),
            PeerSetting::UnreadMark(unread) => {
                tl::types::UpdateDialogUnreadMark { unread, peer: dialog, saved_peer_id: None }.into()
            }
            PeerSetting::MutedUntil(_) => {
                let notify_settings = self.notify_settings(peer);
                let peer = tl::types::NotifyPeer { peer: named }.into();
                tl::types::UpdateNotifySettings { peer, notify_settings }.into()
            }
            PeerSetting::BlockedSince(since) => {
                let (blocked, blocked_my_stories_from) = (since.is_some(), false);
                tl::types::UpdatePeerBlocked { blocked, blocked_my_stories_from, peer_id: named }.into()
            }
            // This one is in the box, with a `pts`.
            PeerSetting::Archived(_) => return None,
        })
    }

    /// A change of the viewer's own box.
    pub fn box_update(&mut self, logged: &LoggedChange) -> Option<tl::enums::Update> {
        let LoggedChange { pts, pts_count, change } = logged;
        let (pts, pts_count) = (*pts, *pts_count);
        let messages = &self.state.users.get(&self.viewer)?.messages;
        match change {
            Change::New(id) => {
                let message = self.message(messages.get(*id)?);
                Some(tl::types::UpdateNewMessage { message, pts, pts_count }.into())
            }
            Change::Edited(id) => {
                let message = self.message(messages.get(*id)?);
                Some(tl::types::UpdateEditMessage { message, pts, pts_count }.into())
            }
            Change::Deleted(ids) => Some(tl::types::UpdateDeleteMessages { messages: ids.clone(), pts, pts_count }.into()),
            Change::ReadInbox { peer, max_id, still_unread } => Some(
                tl::types::UpdateReadHistoryInbox {
                    folder_id: None,
                    peer: self.mention(*peer),
                    top_msg_id: None,
                    max_id: *max_id,
                    still_unread_count: *still_unread,
                    pts,
                    pts_count,
                }
                .into(),
            ),
            Change::Archived { peer, archived } => {
                let folder_peer = tl::types::FolderPeer { peer: self.mention(*peer), folder_id: i32::from(*archived) };
                Some(tl::types::UpdateFolderPeers { folder_peers: vec![folder_peer.into()], pts, pts_count }.into())
            }
            Change::Pinned { peer, message_ids, pinned } => {
                let (peer, messages, pinned) = (self.mention(*peer), message_ids.clone(), *pinned);
                Some(tl::types::UpdatePinnedMessages { pinned, peer, messages, pts, pts_count }.into())
            }
            Change::ReadOutbox { peer, max_id } => {
                let peer = self.mention(*peer);
                Some(tl::types::UpdateReadHistoryOutbox { peer, max_id: *max_id, pts, pts_count }.into())
            }
        }
    }

    /// A change of a channel's box.
    pub fn channel_update(&mut self, channel_id: i64, logged: &LoggedChange) -> Option<tl::enums::Update> {
        let LoggedChange { pts, pts_count, change } = logged;
        let (pts, pts_count) = (*pts, *pts_count);
        self.mention(PeerId::Channel(channel_id));
        let messages = &self.state.channels.get(&channel_id)?.messages;
        match change {
            Change::New(id) => {
                let message = self.message(messages.get(*id)?);
                Some(tl::types::UpdateNewChannelMessage { message, pts, pts_count }.into())
            }
            Change::Edited(id) => {
                let message = self.message(messages.get(*id)?);
                Some(tl::types::UpdateEditChannelMessage { message, pts, pts_count }.into())
            }
            Change::Deleted(ids) => {
                Some(tl::types::UpdateDeleteChannelMessages { channel_id, messages: ids.clone(), pts, pts_count }.into())
            }
            Change::Pinned { message_ids, pinned, .. } => {
                let (messages, pinned) = (message_ids.clone(), *pinned);
                Some(tl::types::UpdatePinnedChannelMessages { pinned, channel_id, messages, pts, pts_count }.into())
            }
            // A channel's box does not hold what its members have read.
            Change::ReadInbox { .. } | Change::ReadOutbox { .. } | Change::Archived { .. } => None,
        }
    }

    fn channel_read(&mut self, channel_id: i64, max_id: i32) -> Option<tl::enums::Update> {
        self.mention(PeerId::Channel(channel_id));
        let channel = self.state.channels.get(&channel_id)?;
        let still_unread_count = self.state.unread_count(self.state.users.get(&self.viewer)?, PeerId::Channel(channel_id));
        let pts = channel.messages.pts();
        Some(tl::types::UpdateReadChannelInbox { folder_id: None, channel_id, max_id, still_unread_count, pts }.into())
    }

    /// Updates in one envelope, with all the users and chats that they speak of. `seq` is 0: their order is that of `pts`.
    pub fn envelope(&mut self, updates: Vec<tl::enums::Update>, date: i32) -> tl::enums::Updates {
        let (users, chats) = self.mentioned();
        tl::types::Updates { updates, users, chats, date, seq: 0 }.into()
    }

    /// Where the viewer's own box stands.
    pub fn state_now(&self, date: i32) -> tl::enums::updates::State {
        let user = self.state.users.get(&self.viewer);
        let unread: i32 = user
            .map_or(0, |user| user.dialogs.keys().map(|peer| self.state.unread_count(user, *peer)).fold(0, i32::saturating_add));
        let pts = user.map_or(1, |user| user.messages.pts());
        tl::types::updates::State { pts, qts: 0, date, seq: SEQ, unread_count: unread }.into()
    }
}
