//! What happened in supergroups and channels, for their administrators, see <https://core.telegram.org/api/recent-actions>.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::administration::{Act, Admin, Administered, Banned, right};
use super::event::Event;
use super::ids::PeerId;
use super::invite::{Invite, InviteEvent};
use super::message_box::Message;
use super::polls::PollEvent;
use super::profile::ProfileEvent;
use super::state::{Channel, State};
use super::topics::{Topic, TopicEvent};

/// How long an entry is told, in seconds.
pub const KEPT_SECS: i32 = 48 * 3_600;
/// Entries that are kept of one channel; beyond it the oldest are forgotten.
const ENTRIES_MAX: usize = 10_000;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its id in its channel.
    pub id: i64,
    /// When, in Unix seconds.
    pub date: i32,
    /// Who did it.
    pub by: i64,
    /// What.
    pub noted: Noted,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Noted {
    /// There is another title.
    Title {
        /// What it was.
        before: String,
        /// What it is.
        after: String,
    },
    /// There is another description.
    About {
        /// What it was.
        before: String,
        /// What it is.
        after: String,
    },
    /// There is another photo, by its id, or none.
    Photo {
        /// What it was.
        before: Option<i64>,
        /// What it is.
        after: Option<i64>,
    },
    /// Somebody joined.
    Joined,
    /// Somebody joined by a link.
    JoinedByInvite {
        /// The end of the link.
        hash: String,
        /// The link.
        invite: Invite,
    },
    /// Somebody joined who had asked.
    JoinedByRequest {
        /// The end of the link.
        hash: String,
        /// The link.
        invite: Invite,
        /// Who let them in.
        approved_by: i64,
    },
    /// Somebody left.
    Left,
    /// Somebody was added.
    Invited {
        /// Whom.
        user_id: i64,
    },
    /// Somebody was banned or restricted, or that was lifted.
    Ban {
        /// Whom.
        user_id: i64,
        /// What it was.
        before: Option<Banned>,
        /// What it is.
        after: Option<Banned>,
    },
    /// Somebody became an administrator, has other rights, or is none any more.
    Admin {
        /// Whom.
        user_id: i64,
        /// What it was.
        before: Option<Admin>,
        /// What it is.
        after: Option<Admin>,
    },
    /// A message was edited.
    Edited {
        /// What it was.
        before: Box<Message>,
        /// What it is.
        after: Box<Message>,
    },
    /// An administrator deleted a message.
    Deleted {
        /// The message.
        message: Box<Message>,
    },
    /// A message was pinned or unpinned.
    Pinned {
        /// The message.
        message: Box<Message>,
        /// Pinned, not unpinned.
        pinned: bool,
    },
    /// A poll was closed.
    PollStopped {
        /// The message.
        message: Box<Message>,
    },
    /// Members wait for another time between two messages.
    SlowMode {
        /// What it was.
        before: i32,
        /// What it is.
        after: i32,
    },
    /// Members may do other things.
    Taken {
        /// What it was.
        before: u32,
        /// What it is.
        after: u32,
    },
    /// A link was changed.
    InviteEdited {
        /// The end of the link.
        hash: String,
        /// What it was.
        before: Invite,
        /// What it is.
        after: Invite,
    },
    /// A link was revoked.
    InviteRevoked {
        /// The end of the link.
        hash: String,
        /// The link.
        invite: Invite,
    },
    /// A revoked link was deleted.
    InviteDeleted {
        /// The end of the link.
        hash: String,
        /// The link.
        invite: Invite,
    },
    /// The supergroup became a forum, or is none any more.
    Forum {
        /// Whether it is one now.
        enabled: bool,
    },
    /// A topic was made.
    TopicCreated {
        /// The topic.
        topic: Topic,
    },
    /// A topic was changed.
    TopicEdited {
        /// What it was.
        before: Topic,
        /// What it is.
        after: Topic,
    },
    /// A topic was deleted.
    TopicDeleted {
        /// The topic.
        topic: Topic,
    },
    /// A topic was pinned or unpinned.
    TopicPinned {
        /// The topic.
        topic: Topic,
        /// Pinned, not unpinned.
        pinned: bool,
    },
}

/// The entries of one channel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Log {
    last_id: i64,
    entries: VecDeque<Entry>,
}

/// The entries of all channels.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AdminLogs(BTreeMap<i64, Log>);

impl AdminLogs {
    /// What happened in a channel that is still told, the latest first.
    pub fn told(&self, channel_id: i64, now: i32) -> impl Iterator<Item = &Entry> {
        let entries = self.0.get(&channel_id).into_iter().flat_map(|log| log.entries.iter().rev());
        entries.take_while(move |entry| now.saturating_sub(entry.date) <= KEPT_SECS)
    }

    fn add(&mut self, note: Note) {
        let log = self.0.entry(note.channel_id).or_default();
        log.last_id += 1;
        log.entries.push_back(Entry { id: log.last_id, date: note.date, by: note.by, noted: note.noted });
        if log.entries.len() > ENTRIES_MAX {
            log.entries.pop_front();
        }
    }
}

/// An entry that is to be made.
pub(super) struct Note {
    channel_id: i64,
    by: i64,
    date: i32,
    noted: Noted,
}

/// Who does something where and when.
#[derive(Clone, Copy)]
struct Deed<'a> {
    channel: &'a Channel,
    by: i64,
    date: i32,
}

impl Deed<'_> {
    fn note(self, noted: Noted) -> Vec<Note> {
        vec![Note { channel_id: self.channel.id, by: self.by, date: self.date, noted }]
    }
}

impl State {
    /// Makes the entries of what is about to happen.
    pub(super) fn log_for_admins(&mut self, notes: Vec<Note>) {
        for note in notes {
            self.admin_logs.add(note);
        }
    }

    /// The entries that an event makes. It has not happened yet, so that what was before can still be told.
    pub(super) fn notes_of(&self, event: &Event) -> Vec<Note> {
        match event {
            Event::MessageEdited { editor, peer, message_id, content, date } => {
                let Some(deed) = self.deed(*peer, *editor, *date) else { return Vec::new() };
                let Some(before) = deed.channel.messages.get(*message_id).cloned() else { return Vec::new() };
                let after = Message { content: content.clone(), edit_date: Some(*date), ..before.clone() };
                deed.note(Noted::Edited { before: Box::new(before), after: Box::new(after) })
            }
            Event::ChannelMessagesDeleted { channel_id, message_ids, by, date } => {
                self.notes_of_deletion(*channel_id, message_ids, *by, *date)
            }
            Event::Pinned(pinning) => {
                let Some(deed) = self.deed(pinning.peer, pinning.user_id, pinning.date) else { return Vec::new() };
                let messages = pinning.message_ids.iter().filter_map(|id| deed.channel.messages.get(*id));
                let notes = messages.map(|message| Noted::Pinned { message: Box::new(message.clone()), pinned: pinning.pinned });
                notes.flat_map(|noted| deed.note(noted)).collect()
            }
            Event::MembersAdded { peer, inviter, members, date } => {
                let Some(deed) = self.deed(*peer, *inviter, *date) else { return Vec::new() };
                let noted = |user_id: &i64| if user_id == inviter { Noted::Joined } else { Noted::Invited { user_id: *user_id } };
                members.iter().flat_map(|user_id| deed.note(noted(user_id))).collect()
            }
            Event::MemberRemoved { peer, actor, member, date } if actor == member => {
                self.deed(*peer, *actor, *date).map(|deed| deed.note(Noted::Left)).unwrap_or_default()
            }
            Event::JoinedByInvite { hash, user_id, date } => {
                let Some(invite) = self.invites.get(hash).cloned() else { return Vec::new() };
                let Some(deed) = self.deed(invite.peer, *user_id, *date) else { return Vec::new() };
                deed.note(Noted::JoinedByInvite { hash: hash.clone(), invite })
            }
            Event::Invite(event) => self.notes_of_invites(event),
            Event::Administered(done) => self.notes_of_act(done),
            Event::Profile(event) => self.notes_of_profile(event),
            Event::Topic(event) => self.notes_of_topics(event),
            Event::Poll(PollEvent::Closed { by, peer, message_id, date, .. }) => {
                let Some(deed) = self.deed(*peer, *by, *date) else { return Vec::new() };
                let message = deed.channel.messages.get(*message_id).cloned();
                message.map(|message| deed.note(Noted::PollStopped { message: Box::new(message) })).unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }

    fn deed(&self, peer: PeerId, by: i64, date: i32) -> Option<Deed<'_>> {
        let PeerId::Channel(id) = peer else { return None };
        Some(Deed { channel: self.channels.get(&id)?, by, date })
    }

    /// What members delete of their own is nobody's matter.
    fn notes_of_deletion(&self, channel_id: i64, ids: &[i32], by: i64, date: i32) -> Vec<Note> {
        let peer = PeerId::Channel(channel_id);
        let Some(deed) = self.deed(peer, by, date).filter(|_| self.may_administer(by, peer, right::ALL)) else {
            return Vec::new();
        };
        let messages = ids.iter().filter_map(|id| deed.channel.messages.get(*id));
        messages.flat_map(|message| deed.note(Noted::Deleted { message: Box::new(message.clone()) })).collect()
    }

    fn notes_of_invites(&self, event: &InviteEvent) -> Vec<Note> {
        match event {
            InviteEvent::Changed { hash, invite, by, date } => {
                let (hash, after) = (hash.clone(), invite.clone());
                let Some((deed, before)) = self.deed(invite.peer, *by, *date).zip(self.invites.get(&hash).cloned()) else {
                    return Vec::new();
                };
                if after.revoked && !before.revoked {
                    return deed.note(Noted::InviteRevoked { hash, invite: after });
                }
                deed.note(Noted::InviteEdited { hash, before, after })
            }
            InviteEvent::Deleted { hash, by, date } => {
                let Some(invite) = self.invites.get(hash).cloned() else { return Vec::new() };
                let Some(deed) = self.deed(invite.peer, *by, *date) else { return Vec::new() };
                deed.note(Noted::InviteDeleted { hash: hash.clone(), invite })
            }
            InviteEvent::RequestsDecided { peer, users, approved: true, by, date } => {
                let requests = self.join_requests.get(peer);
                let noted = users.iter().filter_map(|user_id| {
                    let hash = requests?.get(user_id)?.hash.clone();
                    let (invite, approved_by) = (self.invites.get(&hash)?.clone(), *by);
                    Some(self.deed(*peer, *user_id, *date)?.note(Noted::JoinedByRequest { hash, invite, approved_by }))
                });
                noted.flatten().collect()
            }
            InviteEvent::RequestsDecided { .. } => Vec::new(),
        }
    }

    fn notes_of_act(&self, done: &Administered) -> Vec<Note> {
        let Some(deed) = self.deed(done.peer, done.actor, done.date) else { return Vec::new() };
        let administration = &deed.channel.administration;
        match &done.act {
            Act::AdminSet { user_id, rights, rank } => {
                let before = administration.admins.get(user_id).cloned();
                let after = Admin { rights: *rights, rank: rank.clone(), by: done.actor, date: done.date };
                let after = Some(after).filter(|after| after.rights != 0);
                if before.is_none() && after.is_none() {
                    return Vec::new();
                }
                deed.note(Noted::Admin { user_id: *user_id, before, after })
            }
            Act::BanSet { user_id, taken, until } => {
                let before = administration.banned.get(user_id).copied();
                let after = Banned { taken: *taken, until: *until, by: done.actor, date: done.date };
                let after = Some(after).filter(|after| after.taken != 0);
                if before.is_none() && after.is_none() {
                    return Vec::new();
                }
                deed.note(Noted::Ban { user_id: *user_id, before, after })
            }
        }
    }

    fn notes_of_profile(&self, event: &ProfileEvent) -> Vec<Note> {
        let (of, by, date) = match event {
            ProfileEvent::PhotoSet { of, by, date, .. }
            | ProfileEvent::PhotosRemoved { of, by, date, .. }
            | ProfileEvent::TitleSet { of, by, date, .. }
            | ProfileEvent::AboutSet { of, by, date, .. }
            | ProfileEvent::MembersRestricted { of, by, date, .. } => (*of, *by, *date),
            ProfileEvent::SlowModeSet { channel_id, by, date, .. } => (PeerId::Channel(*channel_id), *by, *date),
            _ => return Vec::new(),
        };
        let Some(deed) = self.deed(of, by, date) else { return Vec::new() };
        let channel = deed.channel;
        let photos = self.profiles.photos.get(&of);
        deed.note(match event {
            ProfileEvent::TitleSet { title, .. } => Noted::Title { before: channel.title.clone(), after: title.clone() },
            ProfileEvent::AboutSet { about, .. } => Noted::About { before: channel.about.clone(), after: about.clone() },
            ProfileEvent::PhotoSet { photo, .. } => {
                Noted::Photo { before: self.profiles.photo_of(of), after: Some(photo.file_id) }
            }
            ProfileEvent::PhotosRemoved { photos: gone, .. } => {
                let left = photos.into_iter().flatten().rev().find(|photo| !gone.contains(photo)).copied();
                Noted::Photo { before: self.profiles.photo_of(of), after: left }
            }
            ProfileEvent::SlowModeSet { seconds, .. } => {
                let before = self.profiles.slow_modes.get(&channel.id).map_or(0, |slow| slow.seconds);
                Noted::SlowMode { before, after: *seconds }
            }
            ProfileEvent::MembersRestricted { taken, .. } => {
                Noted::Taken { before: channel.administration.taken_from_all, after: *taken }
            }
            _ => return Vec::new(),
        })
    }

    fn notes_of_topics(&self, event: &TopicEvent) -> Vec<Note> {
        let (channel_id, by, date) = match event {
            TopicEvent::Toggled { channel_id, by, date, .. }
            | TopicEvent::Edited { channel_id, by, date, .. }
            | TopicEvent::Pinned { channel_id, by, date, .. }
            | TopicEvent::Emptied { channel_id, by, date, .. } => (*channel_id, *by, *date),
            TopicEvent::Created(new) => (new.channel_id, new.creator, new.date),
            TopicEvent::Read { .. } => return Vec::new(),
        };
        let Some(deed) = self.deed(PeerId::Channel(channel_id), by, date) else { return Vec::new() };
        let forum = self.forums.all.get(&channel_id);
        let known = |id: i32| forum.and_then(|forum| forum.topics.get(&id)).cloned();
        let noted = match event {
            TopicEvent::Toggled { enabled, .. } => Some(Noted::Forum { enabled: *enabled }),
            TopicEvent::Created(new) => Some(Noted::TopicCreated { topic: Topic::of(new, deed.channel.messages.next_id()) }),
            TopicEvent::Edited { topic_id, change, .. } => known(*topic_id).map(|before| {
                let mut after = before.clone();
                after.change(change);
                Noted::TopicEdited { before, after }
            }),
            TopicEvent::Pinned { topic_id: Some(topic_id), pinned, .. } => {
                known(*topic_id).map(|topic| Noted::TopicPinned { pinned: pinned.contains(topic_id), topic })
            }
            TopicEvent::Emptied { topic_id, gone: true, .. } => known(*topic_id).map(|topic| Noted::TopicDeleted { topic }),
            TopicEvent::Pinned { .. } | TopicEvent::Emptied { .. } | TopicEvent::Read { .. } => None,
        };
        noted.map(|noted| deed.note(noted)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_bounded_and_forgets_what_is_old() {
        let mut logs = AdminLogs::default();
        for date in 0..=i32::try_from(ENTRIES_MAX).unwrap() {
            logs.add(Note { channel_id: 7, by: 1, date, noted: Noted::Joined });
        }
        let last = i64::try_from(ENTRIES_MAX).unwrap() + 1;
        let told: Vec<i64> = logs.told(7, 0).map(|entry| entry.id).collect();
        assert_eq!((told.len(), told.first(), told.last()), (ENTRIES_MAX, Some(&last), Some(&2)));
        assert_eq!(logs.told(7, KEPT_SECS + 10_000).count(), 1, "after two days nothing is told");
        assert_eq!(logs.told(8, 0).count(), 0);
    }
}
