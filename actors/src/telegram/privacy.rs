//! Whom the account lets see and do things, see <https://core.telegram.org/api/privacy>.

use grammers_tl_types::enums::InputPrivacyRule as Input;
use grammers_tl_types::{enums, functions, types};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::chat_id::ChatIdKind;
use super::convert::Met;
use super::{ChatId, Connection, TelegramError};

macro_rules! keys {
    ($($(#[$documentation:meta])* $variant:ident = $raw:ident,)+) => {
        /// Something that an account lets others see or do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum PrivacyKey {
            $($(#[$documentation])* $variant,)+
        }

        impl PrivacyKey {
            /// Every one there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            fn raw(self) -> enums::InputPrivacyKey {
                match self { $(Self::$variant => enums::InputPrivacyKey::$raw,)+ }
            }
        }
    };
}

keys! {
    /// See when the account was last online.
    LastSeen = StatusTimestamp,
    /// See its photos.
    ProfilePhoto = ProfilePhoto,
    /// See its bio.
    Bio = About,
    /// See its birthday.
    Birthday = Birthday,
    /// See the music on its profile.
    Music = SavedMusic,
    /// See its phone number.
    PhoneNumber = PhoneNumber,
    /// Find it by its phone number.
    FindByPhone = AddedByPhone,
    /// Come to it from messages of it that others forward.
    Forwards = Forwards,
    /// Add it to groups and channels.
    ChatInvites = ChatInvite,
    /// Call it.
    Calls = PhoneCall,
    /// Call it without a server between, which tells its network address.
    PeerToPeerCalls = PhoneP2P,
    /// Send it voice and video messages; to change it needs Telegram Premium.
    VoiceMessages = VoiceMessages,
    /// Write to it without paying.
    UnpaidMessages = NoPaidMessages,
    /// Have their gifts shown on its profile at once.
    GiftAutosave = StarGiftsAutoSave,
}

/// Whom something is for, but for exceptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PrivacyAudience {
    /// Everybody.
    Everybody,
    /// Who is in the address book.
    Contacts,
    /// Close friends.
    CloseFriends,
    /// Nobody.
    Nobody,
}

/// Whom an account lets see or do something. Exceptions for people come before those for chats, and both before the audience.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrivacyRules {
    /// Whom it is for.
    pub audience: PrivacyAudience,
    /// Users whom it is for in any case: at most 1000.
    #[serde(default)]
    pub allow_user_ids: Vec<i64>,
    /// Users whom it is not for in any case: at most 1000.
    #[serde(default)]
    pub deny_user_ids: Vec<i64>,
    /// Groups whose members it is for in any case: at most 1000.
    #[serde(default)]
    pub allow_chat_ids: Vec<ChatId>,
    /// Groups whose members it is not for: at most 1000.
    #[serde(default)]
    pub deny_chat_ids: Vec<ChatId>,
    /// Whether it is for subscribers of Telegram Premium in any case.
    #[serde(default)]
    pub allow_premium: bool,
    /// Whether it is for bots in any case.
    #[serde(default)]
    pub allow_bots: bool,
    /// Whether it is not for bots.
    #[serde(default)]
    pub deny_bots: bool,
    /// Whether it is not for who is in the address book.
    #[serde(default)]
    pub deny_contacts: bool,
}

/// What an account lets others see or do, and whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrivacySetting {
    /// What.
    pub key: PrivacyKey,
    /// Whom.
    #[serde(flatten)]
    pub rules: PrivacyRules,
}

impl Connection {
    /// Whom the account lets see or do something.
    ///
    /// # Errors
    /// As every call.
    pub async fn privacy(&self, key: PrivacyKey) -> Result<PrivacySetting, TelegramError> {
        let answer = self.invoke(&functions::account::GetPrivacy { key: key.raw() }).await?;
        self.privacy_setting(key, answer).await
    }

    /// Replaces whom the account lets see or do something.
    ///
    /// # Errors
    /// [`TelegramError::UserNotFound`], [`TelegramError::NotAGroup`], [`TelegramError::Refused`], or what any call can meet.
    pub async fn set_privacy(&self, key: PrivacyKey, rules: &PrivacyRules) -> Result<PrivacySetting, TelegramError> {
        let rules = self.input_rules(rules).await?;
        let answer = self.invoke(&functions::account::SetPrivacy { key: key.raw(), rules }).await?;
        self.privacy_setting(key, answer).await
    }

    async fn privacy_setting(
        &self,
        key: PrivacyKey,
        answer: enums::account::PrivacyRules,
    ) -> Result<PrivacySetting, TelegramError> {
        let enums::account::PrivacyRules::Rules(answer) = answer;
        let met = Met::new(answer.users, answer.chats);
        self.remember(&met).await?;
        Ok(PrivacySetting { key, rules: read(&answer.rules, &met) })
    }

    /// The rules as Telegram takes them: exceptions first, what they are exceptions of last.
    async fn input_rules(&self, rules: &PrivacyRules) -> Result<Vec<Input>, TelegramError> {
        let mut raw: Vec<Input> = Vec::new();
        if !rules.allow_user_ids.is_empty() {
            raw.push(types::InputPrivacyValueAllowUsers { users: self.input_users(&rules.allow_user_ids).await? }.into());
        }
        if !rules.deny_user_ids.is_empty() {
            raw.push(types::InputPrivacyValueDisallowUsers { users: self.input_users(&rules.deny_user_ids).await? }.into());
        }
        if !rules.allow_chat_ids.is_empty() {
            let chats = bare_ids(&rules.allow_chat_ids)?;
            raw.push(types::InputPrivacyValueAllowChatParticipants { chats }.into());
        }
        if !rules.deny_chat_ids.is_empty() {
            let chats = bare_ids(&rules.deny_chat_ids)?;
            raw.push(types::InputPrivacyValueDisallowChatParticipants { chats }.into());
        }
        let flags = [
            (rules.allow_premium, Input::InputPrivacyValueAllowPremium),
            (rules.allow_bots, Input::InputPrivacyValueAllowBots),
            (rules.deny_bots, Input::InputPrivacyValueDisallowBots),
            (rules.deny_contacts, Input::InputPrivacyValueDisallowContacts),
        ];
        raw.extend(flags.into_iter().filter_map(|(is_set, rule)| is_set.then_some(rule)));
        raw.push(match rules.audience {
            PrivacyAudience::Everybody => Input::InputPrivacyValueAllowAll,
            PrivacyAudience::Contacts => Input::InputPrivacyValueAllowContacts,
            PrivacyAudience::CloseFriends => Input::InputPrivacyValueAllowCloseFriends,
            PrivacyAudience::Nobody => Input::InputPrivacyValueDisallowAll,
        });
        Ok(raw)
    }

    async fn input_users(&self, ids: &[i64]) -> Result<Vec<enums::InputUser>, TelegramError> {
        let mut users = Vec::with_capacity(ids.len());
        for id in ids {
            users.push(self.input_user(*id).await?);
        }
        Ok(users)
    }
}

/// Groups by their bare ids, as privacy rules name basic groups and supergroups alike.
fn bare_ids(chats: &[ChatId]) -> Result<Vec<i64>, TelegramError> {
    let bare = chats.iter().map(|chat| match chat.kind() {
        ChatIdKind::User(_) => Err(TelegramError::NotAGroup),
        ChatIdKind::Group(id) | ChatIdKind::Channel(id) => Ok(id),
    });
    bare.collect()
}

fn read(raw: &[enums::PrivacyRule], met: &Met) -> PrivacyRules {
    use enums::PrivacyRule as Rule;
    let has = |wanted: fn(&Rule) -> bool| raw.iter().any(wanted);
    let audience = if has(|rule| matches!(rule, Rule::PrivacyValueAllowAll)) {
        PrivacyAudience::Everybody
    } else if has(|rule| matches!(rule, Rule::PrivacyValueAllowContacts)) {
        PrivacyAudience::Contacts
    } else if has(|rule| matches!(rule, Rule::PrivacyValueAllowCloseFriends)) {
        PrivacyAudience::CloseFriends
    } else {
        PrivacyAudience::Nobody
    };
    let mut rules = PrivacyRules {
        audience,
        allow_user_ids: Vec::new(),
        deny_user_ids: Vec::new(),
        allow_chat_ids: Vec::new(),
        deny_chat_ids: Vec::new(),
        allow_premium: has(|rule| matches!(rule, Rule::PrivacyValueAllowPremium)),
        allow_bots: has(|rule| matches!(rule, Rule::PrivacyValueAllowBots)),
        deny_bots: has(|rule| matches!(rule, Rule::PrivacyValueDisallowBots)),
        deny_contacts: has(|rule| matches!(rule, Rule::PrivacyValueDisallowContacts)),
    };
    for rule in raw {
        match rule {
            Rule::PrivacyValueAllowUsers(named) => rules.allow_user_ids.extend(&named.users),
            Rule::PrivacyValueDisallowUsers(named) => rules.deny_user_ids.extend(&named.users),
            Rule::PrivacyValueAllowChatParticipants(named) => rules.allow_chat_ids.extend(marked(&named.chats, met)),
            Rule::PrivacyValueDisallowChatParticipants(named) => rules.deny_chat_ids.extend(marked(&named.chats, met)),
            _ => {}
        }
    }
    rules
}

/// Groups by their marked ids: which kind each is, the answer itself tells.
fn marked(bare: &[i64], met: &Met) -> Vec<ChatId> {
    let marked = bare.iter().map(|id| {
        let channel = ChatId::of(ChatIdKind::Channel(*id));
        if met.group(channel).is_some() { channel } else { ChatId::of(ChatIdKind::Group(*id)) }
    });
    marked.collect()
}
