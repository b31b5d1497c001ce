//! Whom users let see and do things, see <https://core.telegram.org/api/privacy>.

use grammers_tl_types as tl;
use serde::{Deserialize, Serialize};

use super::ids::PeerId;
use super::state::State;

macro_rules! keys {
    ($($variant:ident = $documentation:literal,)+) => {
        /// What a user lets others see or do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum PrivacyKey {
            $(#[doc = $documentation] $variant,)+
        }

        impl From<&tl::enums::InputPrivacyKey> for PrivacyKey {
            fn from(key: &tl::enums::InputPrivacyKey) -> Self {
                match key { $(tl::enums::InputPrivacyKey::$variant => Self::$variant,)+ }
            }
        }

        impl From<PrivacyKey> for tl::enums::PrivacyKey {
            fn from(key: PrivacyKey) -> Self {
                match key { $(PrivacyKey::$variant => Self::$variant,)+ }
            }
        }
    };
}

keys! {
    StatusTimestamp = "See when they were last there.",
    ChatInvite = "Add them to groups and channels.",
    PhoneCall = "Call them.",
    PhoneP2P = "Call them without a server between.",
    Forwards = "Find them from messages of theirs that are forwarded.",
    ProfilePhoto = "See their photos.",
    PhoneNumber = "See their phone number.",
    AddedByPhone = "Find them by their phone number.",
    VoiceMessages = "Send them voice messages.",
    About = "See their bio.",
    Birthday = "See their birthday.",
    StarGiftsAutoSave = "Have their gifts shown at once.",
    NoPaidMessages = "Write to them without paying.",
    SavedMusic = "See their music.",
}

/// One rule. The first that fits decides, in the order in which the variants stand here: names before groups, groups before kinds,
/// kinds before everybody.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PrivacyRule {
    /// Not these users.
    DenyUsers(Vec<i64>),
    /// These users.
    AllowUsers(Vec<i64>),
    /// Not who is in one of these groups.
    DenyChats(Vec<PeerId>),
    /// Who is in one of these groups.
    AllowChats(Vec<PeerId>),
    /// Not bots.
    DenyBots,
    /// Bots.
    AllowBots,
    /// Subscribers of Telegram Premium.
    AllowPremium,
    /// Close friends.
    AllowCloseFriends,
    /// Not contacts.
    DenyContacts,
    /// Contacts.
    AllowContacts,
    /// Everybody.
    AllowAll,
    /// Nobody.
    DenyAll,
}

impl State {
    /// The rules of a user for something; what Telegram begins with, if they set none.
    pub fn privacy_of(&self, user_id: i64, key: PrivacyKey) -> Vec<PrivacyRule> {
        let set = self.profiles.privacy.get(&user_id).and_then(|set| set.get(&key));
        set.cloned().unwrap_or_else(|| match key {
            PrivacyKey::PhoneNumber => vec![PrivacyRule::AllowContacts, PrivacyRule::DenyAll],
            _ => vec![PrivacyRule::AllowAll],
        })
    }

    /// Whether a user lets another see or do something.
    pub fn permits(&self, user_id: i64, key: PrivacyKey, other: i64) -> bool {
        if user_id == other {
            return true;
        }
        let shown = matches!(key, PrivacyKey::StatusTimestamp | PrivacyKey::ProfilePhoto | PrivacyKey::About);
        if shown && self.has_blocked(user_id, other) {
            return false;
        }
        let is_contact = self.users.get(&user_id).is_some_and(|user| user.contacts.contains_key(&other));
        let is_bot = self.bots.contains_key(&other);
        let is_in = |chats: &[PeerId]| chats.iter().any(|chat| self.is_member(other, *chat));
        let rules = self.privacy_of(user_id, key);
        let decided = rules.iter().find_map(|rule| match rule {
            PrivacyRule::DenyUsers(users) => users.contains(&other).then_some(false),
            PrivacyRule::AllowUsers(users) => users.contains(&other).then_some(true),
            PrivacyRule::DenyChats(chats) => is_in(chats).then_some(false),
            PrivacyRule::AllowChats(chats) => is_in(chats).then_some(true),
            PrivacyRule::DenyContacts => is_contact.then_some(false),
            PrivacyRule::AllowContacts => is_contact.then_some(true),
            PrivacyRule::AllowAll => Some(true),
            PrivacyRule::DenyAll => Some(false),
            PrivacyRule::DenyBots => is_bot.then_some(false),
            PrivacyRule::AllowBots => is_bot.then_some(true),
            // Nobody here is a subscriber or a close friend.
            PrivacyRule::AllowPremium | PrivacyRule::AllowCloseFriends => None,
        });
        decided.unwrap_or(false)
    }
}
