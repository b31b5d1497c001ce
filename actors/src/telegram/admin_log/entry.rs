//! The entries of the log, as Telegram tells them and as they are told here.

use grammers_tl_types::{enums, types};
use schemars::JsonSchema;
use serde::Serialize;

use super::action::AdminLogAction;
use crate::telegram::convert::{self, Met};
use crate::telegram::members::{Member, channel_member};
use crate::telegram::rights::Permission;
use crate::telegram::{ChatId, Message};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdminLogEntry {
    /// Its id in this chat's log.
    pub id: String,
    /// When (Unix seconds).
    pub date: i64,
    /// Who did it.
    pub user_id: i64,
    /// The name.
    pub user_name: Option<String>,
    /// What they did.
    pub action: AdminLogAction,
    /// What it was before: a text, seconds, or whether something was on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What it is after that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// The member that it is about, as they were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member_before: Option<Member>,
    /// The member that it is about, as they are after that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<Member>,
    /// The message that it is about, as it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_before: Option<Message>,
    /// The message that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Message>,
    /// What members may not do any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denied: Option<Vec<Permission>>,
    /// The invite link that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invite_link: Option<String>,
    /// Who let the member in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approved_by_user_id: Option<i64>,
    /// The topic that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic_id: Option<i32>,
}

struct Reader<'a> {
    met: &'a Met,
    self_id: Option<i64>,
    entry: AdminLogEntry,
}

impl Reader<'_> {
    fn message(&self, raw: &enums::Message) -> Option<Message> {
        convert::message(raw, self.met, self.self_id)
    }

    fn about_message(&mut self, action: AdminLogAction, raw: &enums::Message) -> AdminLogAction {
        self.entry.message = self.message(raw);
        action
    }

    fn changed(&mut self, action: AdminLogAction, before: impl ToString, after: impl ToString) -> AdminLogAction {
        (self.entry.before, self.entry.after) = (Some(before.to_string()), Some(after.to_string()));
        action
    }

    fn toggled(&mut self, action: AdminLogAction, now: bool) -> AdminLogAction {
        self.changed(action, !now, now)
    }

    fn about_invite(&mut self, action: AdminLogAction, invite: &enums::ExportedChatInvite) -> AdminLogAction {
        if let enums::ExportedChatInvite::ChatInviteExported(invite) = invite {
            self.entry.invite_link = Some(invite.link.clone());
        }
        action
    }

    fn about_topic(
        &mut self,
        action: AdminLogAction,
        before: Option<&enums::ForumTopic>,
        after: Option<&enums::ForumTopic>,
    ) -> AdminLogAction {
        let title = |topic: Option<&enums::ForumTopic>| match topic {
            Some(enums::ForumTopic::Topic(topic)) => Some(topic.title.clone()),
            _ => None,
        };
        self.entry.topic_id = after.or(before).map(|topic| match topic {
            enums::ForumTopic::Topic(topic) => topic.id,
            enums::ForumTopic::Deleted(topic) => topic.id,
        });
        (self.entry.before, self.entry.after) = (title(before), title(after));
        action
    }

    fn members(&mut self, before: &enums::ChannelParticipant, after: &enums::ChannelParticipant) -> (Member, Member) {
        let (before, after) = (channel_member(before, self.met), channel_member(after, self.met));
        (self.entry.member_before, self.entry.member) = (Some(before.clone()), Some(after.clone()));
        (before, after)
    }

    fn ban(&mut self, before: &enums::ChannelParticipant, after: &enums::ChannelParticipant) -> AdminLogAction {
        use crate::telegram::MemberRole::{Banned, Restricted};
        match self.members(before, after) {
            (before, after) if after.role == Banned && before.role != Banned => AdminLogAction::MemberBanned,
            (before, after) if before.role == Banned && after.role != Banned => AdminLogAction::MemberUnbanned,
            (_, after) if after.role == Restricted => AdminLogAction::MemberRestricted,
            (before, _) if before.role == Restricted => AdminLogAction::MemberUnrestricted,
            _ => AdminLogAction::Other,
        }
    }

    fn admin(&mut self, before: &enums::ChannelParticipant, after: &enums::ChannelParticipant) -> AdminLogAction {
        use crate::telegram::MemberRole::{Admin, Creator};
        let (before, after) = self.members(before, after);
        let is_admin = |member: &Member| matches!(member.role, Admin | Creator);
        match (is_admin(&before), is_admin(&after)) {
            (false, _) => AdminLogAction::AdminPromoted,
            (true, true) => AdminLogAction::AdminRightsChanged,
            (true, false) => AdminLogAction::AdminDemoted,
        }
    }

    /// What happened to members.
    fn of_members(&mut self, action: &enums::ChannelAdminLogEventAction) -> Option<AdminLogAction> {
        use AdminLogAction as Told;
        use enums::ChannelAdminLogEventAction as Raw;
        Some(match action {
            Raw::ParticipantJoin => Told::MemberJoined,
            Raw::ParticipantLeave => Told::MemberLeft,
            Raw::ParticipantInvite(raw) => {
                self.entry.member = Some(channel_member(&raw.participant, self.met));
                Told::MemberInvited
            }
            Raw::ParticipantToggleBan(raw) => self.ban(&raw.prev_participant, &raw.new_participant),
            Raw::ParticipantToggleAdmin(raw) => self.admin(&raw.prev_participant, &raw.new_participant),
            Raw::ParticipantJoinByInvite(raw) => self.about_invite(Told::MemberJoinedByInvite, &raw.invite),
            Raw::ParticipantJoinByRequest(raw) => {
                self.entry.approved_by_user_id = Some(raw.approved_by);
                self.about_invite(Told::MemberJoinedByRequest, &raw.invite)
            }
            Raw::ParticipantSubExtend(raw) => {
                self.members(&raw.prev_participant, &raw.new_participant);
                Told::SubscriptionExtended
            }
            Raw::ParticipantEditRank(raw) => self.changed(Told::MemberRankChanged, &raw.prev_rank, &raw.new_rank),
            Raw::ParticipantMute(_) => Told::GroupCallMemberMuted,
            Raw::ParticipantUnmute(_) => Told::GroupCallMemberUnmuted,
            Raw::ParticipantVolume(_) => Told::GroupCallMemberVolumeChanged,
            _ => return None,
        })
    }

    /// What happened to messages, links, topics and group calls.
    fn of_things(&mut self, action: &enums::ChannelAdminLogEventAction) -> Option<AdminLogAction> {
        use AdminLogAction as Told;
        use enums::ChannelAdminLogEventAction as Raw;
        Some(match action {
            Raw::UpdatePinned(raw) => {
                let pinned = matches!(&raw.message, enums::Message::Message(message) if message.pinned);
                self.about_message(if pinned { Told::MessagePinned } else { Told::MessageUnpinned }, &raw.message)
            }
            Raw::EditMessage(raw) => {
                self.entry.message_before = self.message(&raw.prev_message);
                self.about_message(Told::MessageEdited, &raw.new_message)
            }
            Raw::DeleteMessage(raw) => self.about_message(Told::MessageDeleted, &raw.message),
            Raw::SendMessage(raw) => self.about_message(Told::MessageSent, &raw.message),
            Raw::StopPoll(raw) => self.about_message(Told::PollStopped, &raw.message),
            Raw::ExportedInviteDelete(raw) => self.about_invite(Told::InviteLinkDeleted, &raw.invite),
            Raw::ExportedInviteRevoke(raw) => self.about_invite(Told::InviteLinkRevoked, &raw.invite),
            Raw::ExportedInviteEdit(raw) => self.about_invite(Told::InviteLinkEdited, &raw.new_invite),
            Raw::CreateTopic(raw) => self.about_topic(Told::TopicCreated, None, Some(&raw.topic)),
            Raw::EditTopic(raw) => self.about_topic(Told::TopicEdited, Some(&raw.prev_topic), Some(&raw.new_topic)),
            Raw::DeleteTopic(raw) => self.about_topic(Told::TopicDeleted, Some(&raw.topic), None),
            Raw::PinTopic(raw) => {
                let action = if raw.new_topic.is_some() { Told::TopicPinned } else { Told::TopicUnpinned };
                self.about_topic(action, raw.prev_topic.as_ref(), raw.new_topic.as_ref())
            }
            Raw::StartGroupCall(_) => Told::GroupCallStarted,
            Raw::DiscardGroupCall(_) => Told::GroupCallEnded,
            Raw::ToggleGroupCallSetting(raw) => self.toggled(Told::GroupCallSettingsChanged, raw.join_muted),
            _ => return None,
        })
    }

    /// What happened to the chat itself.
    fn of_chat(&mut self, action: &enums::ChannelAdminLogEventAction) -> AdminLogAction {
        use AdminLogAction as Told;
        use enums::ChannelAdminLogEventAction as Raw;
        match action {
            Raw::ChangeTitle(raw) => self.changed(Told::TitleChanged, &raw.prev_value, &raw.new_value),
            Raw::ChangeAbout(raw) => self.changed(Told::AboutChanged, &raw.prev_value, &raw.new_value),
            Raw::ChangeUsername(raw) => self.changed(Told::UsernameChanged, &raw.prev_value, &raw.new_value),
            Raw::ChangeUsernames(raw) => self.changed(Told::UsernamesChanged, raw.prev_value.join(" "), raw.new_value.join(" ")),
            Raw::ChangePhoto(_) => Told::PhotoChanged,
            Raw::ToggleSlowMode(raw) => self.changed(Told::SlowModeChanged, raw.prev_value, raw.new_value),
            Raw::ChangeHistoryTtl(raw) => self.changed(Told::HistoryTtlChanged, raw.prev_value, raw.new_value),
            Raw::ChangeLinkedChat(raw) => self.changed(Told::LinkedChatChanged, raw.prev_value, raw.new_value),
            Raw::DefaultBannedRights(raw) => {
                let enums::ChatBannedRights::Rights(rights) = &raw.new_banned_rights;
                self.entry.denied = Some(Permission::set_in(rights));
                Told::DefaultPermissionsChanged
            }
            Raw::ToggleInvites(raw) => self.toggled(Told::InvitesToggled, raw.new_value),
            Raw::ToggleSignatures(raw) => self.toggled(Told::SignaturesToggled, raw.new_value),
            Raw::ToggleSignatureProfiles(raw) => self.toggled(Told::SignatureProfilesToggled, raw.new_value),
            Raw::TogglePreHistoryHidden(raw) => self.toggled(Told::PreHistoryHiddenToggled, raw.new_value),
            Raw::ToggleNoForwards(raw) => self.toggled(Told::ProtectedContentToggled, raw.new_value),
            Raw::ToggleAntiSpam(raw) => self.toggled(Told::AntiSpamToggled, raw.new_value),
            Raw::ToggleAutotranslation(raw) => self.toggled(Told::AutotranslationToggled, raw.new_value),
            Raw::ToggleForum(raw) => self.toggled(Told::ForumToggled, raw.new_value),
            Raw::ChangeStickerSet(_) => Told::StickerSetChanged,
            Raw::ChangeEmojiStickerSet(_) => Told::EmojiSetChanged,
            Raw::ChangeLocation(_) => Told::LocationChanged,
            Raw::ChangeAvailableReactions(_) => Told::AvailableReactionsChanged,
            Raw::ChangePeerColor(_) | Raw::ChangeProfilePeerColor(_) => Told::ColorChanged,
            Raw::ChangeWallpaper(_) => Told::WallpaperChanged,
            Raw::ChangeEmojiStatus(_) => Told::EmojiStatusChanged,
            _ => Told::Other,
        }
    }
}

/// An entry as it is told here.
pub(super) fn entry(raw: &types::ChannelAdminLogEvent, met: &Met, self_id: Option<i64>) -> AdminLogEntry {
    let user_name = ChatId::from_marked(raw.user_id).and_then(|id| met.name(id)).filter(|name| !name.is_empty());
    let entry = AdminLogEntry {
        id: raw.id.to_string(),
        date: i64::from(raw.date),
        user_id: raw.user_id,
        user_name,
        action: AdminLogAction::Other,
        before: None,
        after: None,
        member_before: None,
        member: None,
        message_before: None,
        message: None,
        denied: None,
        invite_link: None,
        approved_by_user_id: None,
        topic_id: None,
    };
    let mut reader = Reader { met, self_id, entry };
    let action = reader.of_members(&raw.action).or_else(|| reader.of_things(&raw.action));
    let action = action.unwrap_or_else(|| reader.of_chat(&raw.action));
    AdminLogEntry { action, ..reader.entry }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_tells_what_was_and_what_is() {
        let action = types::ChannelAdminLogEventActionChangeTitle { prev_value: "a".into(), new_value: "b".into() };
        let raw = types::ChannelAdminLogEvent { id: 7, date: 1, user_id: 5, action: action.into() };
        let told = entry(&raw, &Met::new(Vec::new(), Vec::new()), None);
        assert_eq!(
            (told.action, told.before.as_deref(), told.after.as_deref()),
            (AdminLogAction::TitleChanged, Some("a"), Some("b"))
        );
        let action = types::ChannelAdminLogEventActionToggleAntiSpam { new_value: true };
        let raw = types::ChannelAdminLogEvent { action: action.into(), ..raw };
        let told = entry(&raw, &Met::new(Vec::new(), Vec::new()), None);
        assert_eq!((told.action, told.after.as_deref()), (AdminLogAction::AntiSpamToggled, Some("true")));
    }
}
