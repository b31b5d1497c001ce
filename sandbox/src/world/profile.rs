//! What people, groups and channels show of themselves: photos, names, descriptions, and how long members wait between messages.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::file::Media;
use super::ids::PeerId;
use super::privacy::{PrivacyKey, PrivacyRule};
use super::state::State;

/// Photos that one profile keeps; beyond it the oldest is forgotten.
const PHOTOS_MAX: usize = 1_000;

/// See the module's description.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Profiles {
    /// Photos of users, groups and channels: the ids of their files, the current one last.
    pub photos: BTreeMap<PeerId, Vec<i64>>,
    /// What users say of themselves.
    pub bios: BTreeMap<i64, String>,
    /// What basic groups say of themselves.
    pub descriptions: BTreeMap<i64, String>,
    /// Supergroups whose members wait between two messages.
    pub slow_modes: BTreeMap<i64, SlowMode>,
    /// Until when users said that they are there, in Unix seconds.
    pub there_until: BTreeMap<i64, i32>,
    /// What users let others see and do, where it is not what Telegram begins with.
    pub privacy: BTreeMap<i64, BTreeMap<PrivacyKey, Vec<PrivacyRule>>>,
}

/// How long the members of a supergroup wait between two messages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlowMode {
    /// For so many seconds.
    pub seconds: i32,
    /// When each member last sent one, in Unix seconds.
    pub sent_at: BTreeMap<i64, i32>,
}

/// A change of a profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProfileEvent {
    /// There is a current photo: a new one, or one of before.
    PhotoSet {
        /// Whose.
        of: PeerId,
        /// Who did it.
        by: i64,
        /// Which.
        photo: Media,
        /// Unix seconds.
        date: i32,
    },
    /// Photos are gone. The newest of the others is the current one.
    PhotosRemoved {
        /// Whose.
        of: PeerId,
        /// Who did it.
        by: i64,
        /// Which.
        photos: Vec<i64>,
        /// Unix seconds.
        date: i32,
    },
    /// A group or a channel has another title.
    TitleSet {
        /// Which.
        of: PeerId,
        /// Who did it.
        by: i64,
        /// The title.
        title: String,
        /// Unix seconds.
        date: i32,
    },
    /// A user, a group or a channel says something else of itself.
    AboutSet {
        /// Which.
        of: PeerId,
        /// What.
        about: String,
        /// Who did it; 0 in old journals, which did not say.
        #[serde(default)]
        by: i64,
        /// Unix seconds.
        #[serde(default)]
        date: i32,
    },
    /// A user has another name.
    NameSet {
        /// Who.
        user_id: i64,
        /// First name.
        first_name: String,
        /// Last name, or nothing.
        last_name: String,
    },
    /// A user has another username, or none any more.
    UsernameSet {
        /// Who.
        user_id: i64,
        /// Without `@`.
        username: Option<String>,
    },
    /// A user said whether they are there.
    ThereUntil {
        /// Who.
        user_id: i64,
        /// Until when, in Unix seconds.
        until: i32,
    },
    /// The members of a supergroup wait between two messages.
    SlowModeSet {
        /// Which.
        channel_id: i64,
        /// For so many seconds; 0 for not at all.
        seconds: i32,
        /// Who did it; 0 in old journals, which did not say.
        #[serde(default)]
        by: i64,
        /// Unix seconds.
        #[serde(default)]
        date: i32,
    },
    /// Something is taken from all members of a group or a channel.
    MembersRestricted {
        /// Which.
        of: PeerId,
        /// What.
        taken: u32,
        /// Who did it; 0 in old journals, which did not say.
        #[serde(default)]
        by: i64,
        /// Unix seconds.
        #[serde(default)]
        date: i32,
    },
    /// A user lets others see or do something, or no longer does.
    PrivacySet {
        /// Who.
        user_id: i64,
        /// What.
        key: PrivacyKey,
        /// Whom.
        rules: Vec<PrivacyRule>,
    },
}

/// What sessions are told of a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProfileNotice {
    /// A user's photo or bio changed.
    User(i64),
    /// A user's name or username changed.
    Name(i64),
    /// A user is there, or has gone.
    Status(i64),
    /// A basic group's description changed.
    Group(i64),
    /// What members may do changed.
    MembersRestricted(PeerId),
    /// What the user themselves lets others see or do.
    Privacy(PrivacyKey),
}

/// What a service message tells of a profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProfileAction {
    /// There is another title.
    Title(String),
    /// There is another photo.
    Photo(i64),
    /// There is no photo any more.
    PhotoRemoved,
}

impl Profiles {
    /// The current photo.
    pub fn photo_of(&self, peer: PeerId) -> Option<i64> {
        self.photos.get(&peer)?.last().copied()
    }

    /// Makes a photo the current one.
    pub fn add_photo(&mut self, peer: PeerId, photo: i64) {
        let photos = self.photos.entry(peer).or_default();
        photos.retain(|known| *known != photo);
        photos.push(photo);
        if photos.len() > PHOTOS_MAX {
            photos.remove(0);
        }
    }

    /// Forgets photos.
    pub fn remove_photos(&mut self, peer: PeerId, gone: &[i64]) {
        if let Some(photos) = self.photos.get_mut(&peer) {
            photos.retain(|known| !gone.contains(known));
            if photos.is_empty() {
                self.photos.remove(&peer);
            }
        }
    }

    /// Notes that a member sent a message to a supergroup.
    pub fn note_sent(&mut self, channel_id: i64, user_id: i64, date: i32) {
        if let Some(slow) = self.slow_modes.get_mut(&channel_id) {
            slow.sent_at.insert(user_id, date);
        }
    }

    /// When a member may send the next message to a supergroup, in Unix seconds, unless that is now.
    pub fn next_send(&self, channel_id: i64, user_id: i64, now: i32) -> Option<i32> {
        let slow = self.slow_modes.get(&channel_id)?;
        let next = slow.sent_at.get(&user_id)?.saturating_add(slow.seconds);
        (next > now).then_some(next)
    }
}

impl State {
    /// A current photo, with what is known of its file.
    pub fn photo_of(&self, peer: PeerId) -> Option<&Media> {
        self.files.get(&self.profiles.photo_of(peer)?)
    }

    /// What a user, a group or a channel says of itself.
    pub fn about_of(&self, peer: PeerId) -> &str {
        let about = match peer {
            PeerId::User(id) => self.profiles.bios.get(&id),
            PeerId::Chat(id) => self.profiles.descriptions.get(&id),
            PeerId::Channel(id) => self.channels.get(&id).map(|channel| &channel.about),
        };
        about.map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_waits_for_as_long_as_it_says() {
        let mut profiles = Profiles::default();
        profiles.note_sent(7, 1, 100);
        assert_eq!(profiles.next_send(7, 1, 100), None, "nobody waits where there is no slow mode");
        profiles.slow_modes.insert(7, SlowMode { seconds: 30, ..SlowMode::default() });
        assert_eq!(profiles.next_send(7, 1, 100), None, "what was sent before does not count");
        profiles.note_sent(7, 1, 100);
        assert_eq!(profiles.next_send(7, 1, 129), Some(130));
        assert_eq!(profiles.next_send(7, 1, 130), None);
        assert_eq!(profiles.next_send(7, 2, 101), None, "each waits for themselves");
    }

    #[test]
    fn the_photo_before_becomes_the_current_one() {
        let (mut profiles, peer) = (Profiles::default(), PeerId::User(1));
        for photo in [1, 2, 3, 1] {
            profiles.add_photo(peer, photo);
        }
        assert_eq!(profiles.photo_of(peer), Some(1));
        profiles.remove_photos(peer, &[1]);
        assert_eq!(profiles.photo_of(peer), Some(3));
        profiles.remove_photos(peer, &[2, 3]);
        assert_eq!(profiles, Profiles::default());
    }
}
