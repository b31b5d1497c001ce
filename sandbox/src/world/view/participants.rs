//! How members of groups and channels look to one user.

use grammers_tl_types as tl;

use super::View;
use super::peers::all_admin_rights;
use crate::world::administration::{Banned, admin_rights, banned_rights};
use crate::world::ids::PeerId;
use crate::world::state::{Channel, Chat};

impl View<'_> {
    /// A basic group's members.
    pub fn chat_participants(&mut self, chat: &Chat) -> tl::enums::ChatParticipants {
        if !chat.members.contains_key(&self.viewer) {
            return tl::types::ChatParticipantsForbidden { chat_id: chat.id, self_participant: None }.into();
        }
        let participants = chat.members.iter().map(|(user_id, member)| {
            let (user_id, inviter_id, date) = (*user_id, member.inviter, member.date);
            self.mention(PeerId::User(user_id));
            if user_id == chat.creator {
                return tl::types::ChatParticipantCreator { user_id, rank: None }.into();
            }
            if chat.administration.admins.contains_key(&user_id) {
                return tl::types::ChatParticipantAdmin { user_id, inviter_id, date, rank: None }.into();
            }
            tl::types::ChatParticipant { user_id, inviter_id, date, rank: None }.into()
        });
        let participants = participants.collect();
        tl::types::ChatParticipants { chat_id: chat.id, participants, version: chat.version }.into()
    }

    /// One who takes part in a channel, or is banned from it.
    pub fn channel_participant(&mut self, channel: &Channel, user_id: i64) -> Option<tl::enums::ChannelParticipant> {
        let member = channel.members.get(&user_id);
        let banned = channel.administration.banned.get(&user_id);
        if member.is_none() && banned.is_none() {
            return None;
        }
        self.mention(PeerId::User(user_id));
        if user_id == channel.creator {
            let admin_rights = all_admin_rights();
            return Some(tl::types::ChannelParticipantCreator { user_id, admin_rights, rank: None }.into());
        }
        if let Some(banned) = banned {
            return self.banned_participant(user_id, banned, member.is_none());
        }
        let member = member?;
        let is_self = user_id == self.viewer;
        if let Some(admin) = channel.administration.admins.get(&user_id) {
            self.mention(PeerId::User(admin.by));
            let participant = tl::types::ChannelParticipantAdmin {
                can_edit: admin.by == self.viewer || channel.creator == self.viewer,
                is_self,
                user_id,
                inviter_id: is_self.then_some(member.inviter),
                promoted_by: admin.by,
                date: admin.date,
                admin_rights: admin_rights(admin.rights)?,
                rank: admin.rank.clone(),
            };
            return Some(participant.into());
        }
        if is_self {
            self.mention(PeerId::User(member.inviter));
            let participant = tl::types::ChannelParticipantSelf {
                via_request: false,
                user_id,
                inviter_id: member.inviter,
                date: member.date,
                subscription_until_date: None,
                rank: None,
            };
            return Some(participant.into());
        }
        Some(tl::types::ChannelParticipant { user_id, date: member.date, subscription_until_date: None, rank: None }.into())
    }

    pub(super) fn banned_participant(
        &mut self,
        user_id: i64,
        banned: &Banned,
        left: bool,
    ) -> Option<tl::enums::ChannelParticipant> {
        self.mention(PeerId::User(banned.by));
        let participant = tl::types::ChannelParticipantBanned {
            left,
            peer: self.mention(PeerId::User(user_id)),
            kicked_by: banned.by,
            date: banned.date,
            banned_rights: banned_rights(banned.taken, banned.until)?,
            rank: None,
        };
        Some(participant.into())
    }
}
