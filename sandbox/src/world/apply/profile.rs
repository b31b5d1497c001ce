//! Changes of what people, groups and channels show of themselves, and who is told of them.

use super::{About, Notice};
use crate::world::event::NewMessage;
use crate::world::file::Media;
use crate::world::ids::PeerId;
use crate::world::message_box::Action;
use crate::world::privacy::PrivacyKey;
use crate::world::profile::{ProfileAction, ProfileEvent, ProfileNotice, SlowMode};
use crate::world::state::State;

impl State {
    pub(super) fn change_profile(&mut self, event: &ProfileEvent) -> Vec<Notice> {
        match event {
            ProfileEvent::PhotoSet { of, by, photo, date } => self.set_photo(*of, *by, photo, *date),
            ProfileEvent::PhotosRemoved { of, by, photos, date } => {
                self.profiles.remove_photos(*of, photos);
                self.announce(*of, *by, ProfileAction::PhotoRemoved, *date)
            }
            ProfileEvent::TitleSet { of, by, title, date } => self.set_title(*of, *by, title, *date),
            ProfileEvent::AboutSet { of, about, .. } => self.set_about(*of, about),
            ProfileEvent::NameSet { user_id, first_name, last_name } => {
                if let Some(user) = self.users.get_mut(user_id) {
                    user.first_name.clone_from(first_name);
                    user.last_name.clone_from(last_name);
                }
                self.tell_who_knows(*user_id, &ProfileNotice::Name(*user_id))
            }
            ProfileEvent::UsernameSet { user_id, username } => {
                self.change_username(*user_id, username.as_deref());
                self.tell_who_knows(*user_id, &ProfileNotice::Name(*user_id))
            }
            ProfileEvent::ThereUntil { user_id, until } => {
                self.profiles.there_until.insert(*user_id, *until);
                let mut notices = self.tell_who_knows(*user_id, &ProfileNotice::Status(*user_id));
                notices.retain(|notice| self.permits(*user_id, PrivacyKey::StatusTimestamp, notice.to));
                notices
            }
            ProfileEvent::SlowModeSet { channel_id, seconds, .. } => {
                if *seconds == 0 {
                    self.profiles.slow_modes.remove(channel_id);
                } else {
                    let slow = SlowMode { seconds: *seconds, ..SlowMode::default() };
                    self.profiles.slow_modes.insert(*channel_id, slow);
                }
                self.tell_channel(*channel_id, About::ChannelMembership { channel_id: *channel_id })
            }
            ProfileEvent::MembersRestricted { of, taken, .. } => self.restrict_members(*of, *taken),
            ProfileEvent::PrivacySet { user_id, key, rules } => {
                self.profiles.privacy.entry(*user_id).or_default().insert(*key, rules.clone());
                vec![Notice { to: *user_id, about: About::Profile(ProfileNotice::Privacy(*key)) }]
            }
        }
    }

    fn set_photo(&mut self, of: PeerId, by: i64, photo: &Media, date: i32) -> Vec<Notice> {
        self.last.file = self.last.file.max(photo.file_id);
        self.files.insert(photo.file_id, photo.clone());
        self.profiles.add_photo(of, photo.file_id);
        self.announce(of, by, ProfileAction::Photo(photo.file_id), date)
    }

    fn set_title(&mut self, of: PeerId, by: i64, title: &str, date: i32) -> Vec<Notice> {
        match of {
            PeerId::User(_) => return Vec::new(),
            PeerId::Chat(id) => {
                if let Some(chat) = self.chats.get_mut(&id) {
                    title.clone_into(&mut chat.title);
                }
            }
            PeerId::Channel(id) => {
                if let Some(channel) = self.channels.get_mut(&id) {
                    title.clone_into(&mut channel.title);
                }
            }
        }
        self.announce(of, by, ProfileAction::Title(title.to_owned()), date)
    }

    fn set_about(&mut self, of: PeerId, about: &str) -> Vec<Notice> {
        match of {
            PeerId::User(id) => {
                self.profiles.bios.insert(id, about.to_owned());
                self.tell_who_knows(id, &ProfileNotice::User(id))
            }
            PeerId::Chat(id) => {
                self.profiles.descriptions.insert(id, about.to_owned());
                self.tell_members(of, &About::Profile(ProfileNotice::Group(id)))
            }
            PeerId::Channel(channel_id) => {
                if let Some(channel) = self.channels.get_mut(&channel_id) {
                    about.clone_into(&mut channel.about);
                }
                self.tell_channel(channel_id, About::ChannelMembership { channel_id })
            }
        }
    }

    /// Tells of a change: whoever knows a user, and the members of a group or a channel by a service message.
    fn announce(&mut self, of: PeerId, by: i64, action: ProfileAction, date: i32) -> Vec<Notice> {
        match of {
            PeerId::User(id) => return self.tell_who_knows(id, &ProfileNotice::User(id)),
            PeerId::Chat(id) => self.count_change(id),
            PeerId::Channel(_) => {}
        }
        let mut notices = self.send_message(&NewMessage::service(by, of, Action::Profile(action), date));
        if let PeerId::Channel(channel_id) = of {
            notices.extend(self.tell_channel(channel_id, About::ChannelMembership { channel_id }));
        }
        notices
    }

    fn restrict_members(&mut self, of: PeerId, taken: u32) -> Vec<Notice> {
        if let Some(administration) = self.administration_mut(of) {
            administration.taken_from_all = taken;
        }
        if let PeerId::Chat(id) = of {
            self.count_change(id);
        }
        self.tell_members(of, &About::Profile(ProfileNotice::MembersRestricted(of)))
    }

    fn count_change(&mut self, chat_id: i64) {
        if let Some(chat) = self.chats.get_mut(&chat_id) {
            chat.version = chat.version.saturating_add(1);
        }
    }

    pub(super) fn change_username(&mut self, user_id: i64, username: Option<&str>) {
        let Some(user) = self.users.get_mut(&user_id) else { return };
        let former = std::mem::replace(&mut user.username, username.map(str::to_owned));
        if let Some(former) = former {
            self.usernames.remove(&former.to_lowercase());
        }
        if let Some(username) = username {
            self.usernames.insert(username.to_lowercase(), PeerId::User(user_id));
        }
    }

    /// Tells a user's own sessions, and everybody who has a conversation with them or keeps them as a contact.
    fn tell_who_knows(&self, user_id: i64, notice: &ProfileNotice) -> Vec<Notice> {
        let peer = PeerId::User(user_id);
        let know = self
            .users
            .values()
            .filter(|other| other.id == user_id || other.contacts.contains_key(&user_id) || other.dialogs.contains_key(&peer));
        know.map(|other| Notice { to: other.id, about: About::Profile(notice.clone()) }).collect()
    }

    fn tell_members(&self, of: PeerId, about: &About) -> Vec<Notice> {
        let members = match of {
            PeerId::User(_) => None,
            PeerId::Chat(id) => self.chats.get(&id).map(|chat| &chat.members),
            PeerId::Channel(id) => self.channels.get(&id).map(|channel| &channel.members),
        };
        members.into_iter().flat_map(|members| members.keys()).map(|to| Notice { to: *to, about: about.clone() }).collect()
    }
}
