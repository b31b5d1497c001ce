//! A message box: messages with ids of their own, a `pts` that counts every change, and a bounded log of those changes.
//!
//! A user has one box for private chats and basic groups together; every channel has one of its own. See
//! <https://core.telegram.org/api/updates>.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::attachment::Attachment;
use super::event::NewMessage;
use super::file::Media;
use super::ids::{HexBytes, PeerId};
use super::phone_call::Reason;
use super::profile::ProfileAction;
use super::topics::TopicAction;

/// Changes that a box remembers for `getDifference`; a client that is further behind is told to start over.
pub const CHANGES_MAX: usize = 10_000;

/// One message as it stands in one box.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Its id in this box.
    pub id: i32,
    /// Names the same message in every box that holds a copy.
    pub shared_id: i64,
    /// The conversation it belongs to.
    pub peer: PeerId,
    /// Who wrote it.
    pub from: PeerId,
    /// Whether the box's owner wrote it.
    pub outgoing: bool,
    /// When it was sent, in Unix seconds.
    pub date: i32,
    /// When it was last edited, in Unix seconds.
    pub edit_date: Option<i32>,
    /// The message in this box that it answers.
    pub reply_to: Option<i32>,
    /// The part of that message that it quotes.
    #[serde(default)]
    pub quote: Option<String>,
    /// Whether it was sent without a notification.
    pub silent: bool,
    /// What it says.
    pub content: Content,
}

impl Message {
    /// Stands for the shared id of a message that was not sent.
    pub const NOT_SENT: i64 = 0;

    /// A message as it is sent, which answers nothing yet: what it answers has an id of its own in each box.
    pub fn of(new: &NewMessage, shared_id: i64, id: i32, peer: PeerId, from: PeerId) -> Self {
        Self {
            id,
            shared_id,
            peer,
            from,
            outgoing: false,
            date: new.date,
            edit_date: None,
            reply_to: None,
            quote: new.quote.clone(),
            silent: new.silent,
            content: new.content.clone(),
        }
    }
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Content {
    /// Text that a user wrote.
    Text {
        /// The text.
        text: String,
        /// Its formatting: a serialised `Vector<MessageEntity>`, or nothing.
        entities: HexBytes,
    },
    /// A photo or a file, perhaps with a caption.
    Media {
        /// The caption.
        text: String,
        /// Its formatting.
        entities: HexBytes,
        /// What was sent.
        media: Media,
    },
    /// Something that is no file: a contact, a place.
    Attachment(Attachment),
    /// A notice about the conversation.
    Action(Action),
}

impl Content {
    /// The text or caption.
    pub fn text(&self) -> &str {
        match self {
            Self::Text { text, .. } | Self::Media { text, .. } => text,
            Self::Attachment(_) | Self::Action(_) => "",
        }
    }

    /// The formatting of the text.
    pub fn entities(&self) -> &[u8] {
        match self {
            Self::Text { entities, .. } | Self::Media { entities, .. } => &entities.0,
            Self::Attachment(_) | Self::Action(_) => &[],
        }
    }
}

/// What a service message tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// A basic group was made.
    ChatCreated {
        /// Its title.
        title: String,
        /// Its first members, the creator among them.
        members: Vec<i64>,
    },
    /// A channel or a supergroup was made.
    ChannelCreated {
        /// Its title.
        title: String,
    },
    /// Members were added, or one joined by itself.
    MembersAdded {
        /// Who they are.
        members: Vec<i64>,
    },
    /// A member came by an invite link.
    JoinedByLink {
        /// Whose link it is.
        inviter: i64,
    },
    /// A member who had asked was let in.
    JoinedByRequest,
    /// A member left or was removed.
    MemberRemoved {
        /// Who it is.
        member: i64,
    },
    /// A message was pinned: the one that the notice answers.
    MessagePinned,
    /// A topic was made or changed.
    Topic(TopicAction),
    /// The title or the photo changed.
    Profile(ProfileAction),
    /// Somebody called.
    PhoneCall {
        /// Which call it was.
        call_id: i64,
        /// Whether with video.
        video: bool,
        /// Why it ended.
        reason: Reason,
        /// How long it lasted, in seconds.
        duration: Option<i32>,
    },
    /// A group call began, or ended.
    GroupCall {
        /// Which.
        call_id: i64,
        /// How long it lasted, in seconds, if it ended.
        duration: Option<i32>,
    },
}

/// One change of a box.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// A message arrived.
    New(i32),
    /// A message was edited.
    Edited(i32),
    /// Messages are gone.
    Deleted(Vec<i32>),
    /// The owner has read a conversation.
    ReadInbox {
        /// The conversation.
        peer: PeerId,
        /// The last message that was read.
        max_id: i32,
        /// How many incoming messages are left unread.
        still_unread: i32,
    },
    /// A conversation went into the archive, or came out of it.
    Archived {
        /// Which.
        peer: PeerId,
        /// Into it.
        archived: bool,
    },
    /// Messages of a conversation were pinned or unpinned.
    Pinned {
        /// Which conversation.
        peer: PeerId,
        /// Which messages.
        message_ids: Vec<i32>,
        /// Pinned, not unpinned.
        pinned: bool,
    },
    /// The other side has read the owner's messages.
    ReadOutbox {
        /// The conversation.
        peer: PeerId,
        /// The last message that was read.
        max_id: i32,
    },
}

/// A change and where it stands in the box's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedChange {
    /// The box's `pts` after the change.
    pub pts: i32,
    /// How far the change moved it.
    pub pts_count: i32,
    /// What changed.
    pub change: Change,
}

/// See the module's description.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageBox {
    pts: i32,
    last_id: i32,
    /// The latest date of a change of a message, in Unix seconds.
    moved_at: i32,
    messages: BTreeMap<i32, Message>,
    log: VecDeque<LoggedChange>,
}

impl Default for MessageBox {
    fn default() -> Self {
        Self { pts: 1, last_id: 0, moved_at: 0, messages: BTreeMap::new(), log: VecDeque::new() }
    }
}

impl MessageBox {
    /// Where the box stands.
    pub fn pts(&self) -> i32 {
        self.pts
    }

    /// When a message was last added, edited or deleted, in Unix seconds.
    pub fn moved_at(&self) -> i32 {
        self.moved_at
    }

    /// The id that the next message gets.
    pub fn next_id(&self) -> i32 {
        self.last_id.saturating_add(1)
    }

    /// The message with this id, if the box holds it.
    pub fn get(&self, id: i32) -> Option<&Message> {
        self.messages.get(&id)
    }

    /// Every message, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.messages.values()
    }

    /// Adds a message whose id is `next_id`.
    pub fn add(&mut self, message: Message) -> LoggedChange {
        let id = message.id;
        self.last_id = self.last_id.max(id);
        self.moved_at = self.moved_at.max(message.date);
        self.messages.insert(id, message);
        self.record(Change::New(id), 1)
    }

    /// Replaces the text of a message that the box holds.
    pub fn edit(&mut self, id: i32, content: Content, edit_date: i32) -> Option<LoggedChange> {
        let message = self.messages.get_mut(&id)?;
        message.content = content;
        message.edit_date = Some(edit_date);
        self.moved_at = self.moved_at.max(edit_date);
        Some(self.record(Change::Edited(id), 1))
    }

    /// Removes those of `ids` that the box holds. Nothing is recorded when it holds none.
    pub fn delete(&mut self, ids: &[i32], date: i32) -> Option<(LoggedChange, Vec<Message>)> {
        let gone: Vec<Message> = ids.iter().filter_map(|id| self.messages.remove(id)).collect();
        if gone.is_empty() {
            return None;
        }
        self.moved_at = self.moved_at.max(date);
        let count = i32::try_from(gone.len()).unwrap_or(i32::MAX);
        let change = self.record(Change::Deleted(gone.iter().map(|message| message.id).collect()), count);
        Some((change, gone))
    }

    /// Records a change that is not of a message itself.
    pub fn record(&mut self, change: Change, pts_count: i32) -> LoggedChange {
        self.pts = self.pts.saturating_add(pts_count);
        let logged = LoggedChange { pts: self.pts, pts_count, change };
        self.log.push_back(logged.clone());
        while self.log.len() > CHANGES_MAX {
            self.log.pop_front();
        }
        logged
    }

    /// The changes after `pts`, oldest first, or nothing when the log no longer reaches that far back (or `pts` is not of this
    /// box's past).
    pub fn since(&self, pts: i32) -> Option<impl Iterator<Item = &LoggedChange>> {
        let oldest = self.log.front().map_or(self.pts, |first| first.pts.saturating_sub(first.pts_count));
        if pts < oldest || pts > self.pts {
            return None;
        }
        let start = self.log.partition_point(|logged| logged.pts <= pts);
        Some(self.log.range(start..))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: i32) -> Message {
        Message {
            id,
            shared_id: i64::from(id),
            peer: PeerId::User(1),
            from: PeerId::User(1),
            outgoing: false,
            date: 1,
            edit_date: None,
            reply_to: None,
            quote: None,
            silent: false,
            content: Content::Text { text: "text".into(), entities: HexBytes::default() },
        }
    }

    #[test]
    fn the_log_is_bounded_and_says_so() {
        let mut messages = MessageBox::default();
        let start = messages.pts();
        for _ in 0..=CHANGES_MAX {
            let id = messages.next_id();
            messages.add(message(id));
        }
        assert!(messages.since(start).is_none());
        assert_eq!(messages.since(start + 1).unwrap().count(), CHANGES_MAX);
        assert_eq!(messages.since(messages.pts()).unwrap().count(), 0);
        assert!(messages.since(messages.pts() + 1).is_none());
    }

    #[test]
    fn deleting_counts_each_message_once() {
        let mut messages = MessageBox::default();
        messages.add(message(1));
        messages.add(message(2));
        let (change, gone) = messages.delete(&[1, 1, 2, 9], 1).unwrap();
        assert_eq!((change.pts, change.pts_count, gone.len()), (5, 2, 2));
        assert!(messages.delete(&[1], 1).is_none());
        assert_eq!(messages.next_id(), 3);
    }
}
