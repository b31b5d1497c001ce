//! Applying events: the one place where the world changes, both when something happens and when the journal is replayed.
//!
//! Events are checked before they are made, so an event that names something unknown can only come from a damaged journal; it
//! then changes nothing.

mod accounts;
mod administration;
mod buttons;
mod folders;
mod group_calls;
mod history;
mod invites;
mod login_tokens;
mod membership;
mod messages;
mod peer_settings;
mod phone_calls;
mod pins;
mod polls;
mod profile;
mod reactions;
mod removal;
mod scheduled;
mod topics;

use super::drafts::Drafting;
use super::event::Event;
use super::group_call::Participant;
use super::ids::PeerId;
use super::message_box::LoggedChange;
use super::peer_settings::PeerSetting;
use super::phone_call::Reason;
use super::profile::ProfileNotice;
use super::state::State;
use super::topics::TopicNotice;

/// Something that a user's sessions are to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The user.
    pub to: i64,
    /// What to tell.
    pub about: About,
}

/// What a notice is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// The user's own box changed.
    Box(LoggedChange),
    /// A channel's box changed.
    Channel {
        /// Which channel.
        channel_id: i64,
        /// How.
        change: LoggedChange,
    },
    /// The user has read a channel.
    ChannelRead {
        /// Which channel.
        channel_id: i64,
        /// Up to this message.
        max_id: i32,
    },
    /// Others have read the user's messages in a channel.
    ChannelReadByOthers {
        /// Which channel.
        channel_id: i64,
        /// Up to this message.
        max_id: i32,
    },
    /// The user has set something for a conversation or a person.
    Setting {
        /// Which.
        peer: PeerId,
        /// What.
        setting: PeerSetting,
    },
    /// A person is another to the user than before: a contact, or none any more.
    Person {
        /// Who.
        user_id: i64,
    },
    /// A basic group's members changed.
    ChatMembers {
        /// Which group.
        chat_id: i64,
    },
    /// The user's folder changed, or is gone.
    Folder {
        /// Which folder.
        folder_id: i32,
    },
    /// The user's folders have another order.
    FolderOrder,
    /// A message has other reactions.
    Reactions {
        /// Where.
        peer: PeerId,
        /// Which.
        message_id: i32,
    },
    /// A poll stands otherwise.
    Poll {
        /// Which.
        poll_id: i64,
    },
    /// The user has another draft.
    Draft {
        /// Where.
        peer: PeerId,
        /// In which topic; 0 outside of one.
        topic_id: i32,
    },
    /// A message was scheduled.
    Scheduled {
        /// Whose queue it is in.
        owner: i64,
        /// Where.
        peer: PeerId,
        /// Which.
        message_id: i32,
    },
    /// Scheduled messages were sent or deleted.
    ScheduledGone {
        /// Where.
        peer: PeerId,
        /// Which.
        message_ids: Vec<i32>,
        /// The messages that they became.
        sent: Vec<i32>,
    },
    /// What somebody shows of themselves changed.
    Profile(ProfileNotice),
    /// A call with another user goes on.
    PhoneCall {
        /// Which call.
        call_id: i64,
    },
    /// A call with another user is over, for this user's devices at least.
    PhoneCallOver {
        /// Which call.
        call_id: i64,
        /// Whether it was with video.
        video: bool,
        /// Why.
        reason: Option<Reason>,
        /// How long it lasted, in seconds.
        duration: Option<i32>,
    },
    /// A group call goes on.
    GroupCall {
        /// Which call.
        call_id: i64,
    },
    /// A group call is over.
    GroupCallOver {
        /// Which call.
        call_id: i64,
        /// Where it was.
        peer: PeerId,
        /// How long it lasted, in seconds.
        duration: i32,
    },
    /// Somebody came into a group call, changed in it or left it.
    GroupCallParticipant {
        /// Which call.
        call_id: i64,
        /// Who.
        user_id: i64,
        /// What they are in it, or were.
        participant: Participant,
        /// Whether they are gone.
        left: bool,
    },
    /// Others ask to be let into a group or a channel that the user administers, or not any more.
    JoinRequests {
        /// Where.
        peer: PeerId,
    },
    /// Something about the topics of a forum.
    Topic(TopicNotice),
    /// The user came into a channel or left it, or the channel itself changed.
    ChannelMembership {
        /// Which channel.
        channel_id: i64,
    },
}

impl State {
    /// Changes the world by one event. The notices are in the order in which each user is to receive them.
    pub fn apply(&mut self, event: &Event) -> Vec<Notice> {
        let notes = self.notes_of(event);
        self.log_for_admins(notes);
        match event {
            Event::MessageSent(message) => self.send_message(message),
            Event::MessageForwarded { message, origin, album } => self.forward_message(message, origin.as_ref(), *album),
            Event::AlbumItemSent { message, album } => self.forward_message(message, None, Some(*album)),
            Event::File(event) => {
                self.apply_to_files(event);
                Vec::new()
            }
            Event::MessageEdited { editor, peer, message_id, content, date } => {
                self.edit_message(*editor, *peer, *message_id, content, *date)
            }
            Event::MessagesDeleted { user_id, message_ids, revoke, date } => {
                self.delete_messages(*user_id, message_ids, *revoke, *date)
            }
            Event::ChannelMessagesDeleted { channel_id, message_ids, date, .. } => {
                self.delete_channel_messages(*channel_id, message_ids, *date)
            }
            Event::ChannelHistoryHidden { user_id, channel_id, max_id } => {
                self.hide_channel_history(*user_id, *channel_id, *max_id)
            }
            Event::PeerSettingChanged { user_id, peer, setting } => self.set_for_peer(*user_id, *peer, *setting),
            Event::DialogForgotten { user_id, peer } => {
                self.forget_dialog(*user_id, *peer);
                Vec::new()
            }
            Event::ChatDeleted { chat_id, date } => self.delete_chat(*chat_id, *date),
            Event::ChannelDeleted { channel_id } => self.delete_channel(*channel_id),
            Event::HistoryRead { user_id, peer, max_id, date } => self.read_history(*user_id, *peer, *max_id, *date),
            Event::Pinned(pinning) => self.set_pinned(pinning),
            Event::Button(event) => self.apply_to_buttons(event),
            Event::Poll(event) => self.apply_to_polls(event),
            Event::Reacted(reacting) => self.react(reacting),
            Event::Drafted(Drafting { user_id, peer, topic_id, draft }) => {
                let changed = self.drafts.set(*user_id, *peer, *topic_id, draft.clone());
                let about = About::Draft { peer: *peer, topic_id: *topic_id };
                if changed { vec![Notice { to: *user_id, about }] } else { Vec::new() }
            }
            Event::Scheduled(event) => self.schedule(event),
            Event::ClockAdvanced { seconds } => {
                self.clock_ahead = self.clock_ahead.saturating_add(*seconds);
                Vec::new()
            }
            Event::ChatCreated { creator, title, members, date } => self.create_chat(*creator, title, members, *date),
            Event::ChannelCreated(channel) => self.create_channel(channel),
            Event::MembersAdded { peer, inviter, members, date } => self.add_members(*peer, *inviter, members, *date),
            Event::MemberRemoved { peer, actor, member, date } => self.remove_member(*peer, *actor, *member, *date),
            Event::FolderSaved { user_id, folder } => self.save_folder(*user_id, folder),
            Event::FolderDeleted { user_id, folder_id } => self.delete_folder(*user_id, *folder_id),
            Event::FoldersOrdered { user_id, order } => self.order_folders(*user_id, order),
            Event::JoinedByInvite { hash, user_id, date } => self.join_by_invite(hash, *user_id, *date),
            Event::JoinRequested { hash, user_id, date } => self.request_to_join(hash, *user_id, *date),
            Event::Invite(event) => self.apply_to_invites(event),
            Event::InviteStored { hash, invite } => {
                self.invites.insert(hash.clone(), invite.clone());
                Vec::new()
            }
            Event::PhoneCall(event) => self.apply_to_phone_calls(event),
            Event::GroupCall(event) => self.apply_to_group_calls(event),
            Event::Administered(done) => self.administer(done),
            Event::Topic(event) => self.apply_to_topics(event),
            Event::Profile(change) => self.change_profile(change),
            account_event => {
                self.apply_to_accounts(account_event);
                Vec::new()
            }
        }
    }
}
