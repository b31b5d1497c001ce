//! All that the network knows, as plain data: it changes only by applying events (`apply`), and can be written out whole.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use super::admin_log::AdminLogs;
use super::administration::{Administration, right};
use super::bot::Bot;
use super::buttons::Markups;
use super::call_table::CallTable;
use super::drafts::Drafts;
use super::file::Media;
use super::folder::Folder;
use super::group_call::GroupCall;
use super::ids::{HexBytes, KeyAddress, PeerId};
use super::invite::{Importer, Invite, JoinRequest};
use super::login_token::LoginToken;
use super::message_box::{Message, MessageBox};
use super::peer_settings::PeerSettings;
use super::phone_call::PhoneCall;
use super::pins::Pins;
use super::polls::Polls;
use super::profile::Profiles;
use super::reactions::Reactions;
use super::reads::Reads;
use super::scheduled::Scheduled;
use super::topics::Forums;

/// How many of a user's `random_id`s are remembered to refuse a repetition.
pub const RANDOM_IDS_MAX: usize = 10_000;
pub(super) const FIRST_USER_ID: i64 = 5_000_000_001;
const FIRST_CHAT_ID: i64 = 4_000_000_001;
const FIRST_CHANNEL_ID: i64 = 2_000_000_001;

/// See the module's description.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// What access hashes are derived from; made when the world is.
    pub secret: HexBytes,
    /// Auth keys that stand.
    pub keys: BTreeMap<KeyAddress, HexBytes>,
    /// Keys that are signed in.
    pub authorizations: BTreeMap<KeyAddress, Authorization>,
    /// Keys whose code was right and whose password is still to be given, and the user they are signing in.
    pub awaiting_password: BTreeMap<KeyAddress, i64>,
    /// Login codes that were sent, by phone number.
    pub login_codes: BTreeMap<String, LoginCode>,
    /// Tokens of QR logins, by their hexadecimal digits.
    #[serde(default)]
    pub login_tokens: BTreeMap<String, LoginToken>,
    /// What makes users bots, by user id.
    #[serde(default)]
    pub bots: BTreeMap<i64, Bot>,
    /// Authorizations on their way to another datacentre, by user.
    pub exported: BTreeMap<i64, HexBytes>,
    /// Users by id.
    pub users: BTreeMap<i64, User>,
    /// User ids by phone number.
    pub phones: BTreeMap<String, i64>,
    /// Peers by lower-case username.
    pub usernames: BTreeMap<String, PeerId>,
    /// Folders by user, in their order.
    #[serde(default)]
    pub folders: BTreeMap<i64, Vec<Folder>>,
    /// Basic groups by id.
    pub chats: BTreeMap<i64, Chat>,
    /// Channels and supergroups by id.
    pub channels: BTreeMap<i64, Channel>,
    /// Invite links by their hash.
    #[serde(default)]
    pub invites: BTreeMap<String, Invite>,
    /// Who came by which link.
    #[serde(default)]
    pub importers: BTreeMap<String, BTreeMap<i64, Importer>>,
    /// Who asks to be let in, by where and who.
    #[serde(default)]
    pub join_requests: BTreeMap<PeerId, BTreeMap<i64, JoinRequest>>,
    /// Where the copies of a message in users' boxes are, by its shared id.
    pub copies: BTreeMap<i64, Vec<MessageCopy>>,
    /// Where forwarded messages come from, by their shared ids.
    #[serde(default)]
    pub forwards: BTreeMap<i64, ForwardOrigin>,
    /// Calls between two users.
    #[serde(default)]
    pub phone_calls: CallTable<PhoneCall>,
    /// Group calls.
    #[serde(default)]
    pub group_calls: CallTable<GroupCall>,
    /// Photos and files that were sent, by id.
    #[serde(default)]
    pub files: BTreeMap<i64, Media>,
    /// How often the references of files have expired.
    #[serde(default)]
    pub file_generation: i32,
    /// The albums that messages belong to, by the messages' shared ids.
    #[serde(default)]
    pub albums: BTreeMap<i64, i64>,
    /// What users, groups and channels show of themselves.
    #[serde(default)]
    pub profiles: Profiles,
    /// Which messages are pinned.
    #[serde(default)]
    pub pins: Pins,
    /// The buttons under bots' messages.
    #[serde(default)]
    pub markups: Markups,
    /// What is asked, and who voted for what.
    #[serde(default)]
    pub polls: Polls,
    /// Who reacted to which message.
    #[serde(default)]
    pub reactions: Reactions,
    /// What users began to write.
    #[serde(default)]
    pub drafts: Drafts,
    /// When users read what.
    #[serde(default)]
    pub reads: Reads,
    /// What is to be sent later.
    #[serde(default)]
    pub scheduled: Scheduled,
    /// Which supergroups have topics, and which.
    #[serde(default)]
    pub forums: Forums,
    /// What administrators are told that happened.
    #[serde(default)]
    pub admin_logs: AdminLogs,
    /// How far the network's clock is ahead of the machine's, in seconds.
    #[serde(default)]
    pub clock_ahead: i32,
    /// The last id given to each kind of thing.
    pub last: LastIds,
}

/// Where a forwarded message comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForwardOrigin {
    /// Who wrote it: a user, or a channel.
    pub from: PeerId,
    /// When it was written, in Unix seconds.
    pub date: i32,
    /// The post, if it is a channel's.
    pub channel_post: Option<i32>,
}

/// The last id given to each kind of thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastIds {
    /// Users.
    pub user: i64,
    /// Basic groups.
    pub chat: i64,
    /// Channels and supergroups.
    pub channel: i64,
    /// Messages, across boxes.
    pub shared_message: i64,
    /// Files.
    #[serde(default)]
    pub file: i64,
}

/// One copy of a message in a user's box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageCopy {
    /// The box's owner.
    pub owner: i64,
    /// The message's id there.
    pub message_id: i32,
}

/// A key that is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorization {
    /// Who is signed in.
    pub user_id: i64,
    /// Names the authorization to the user's other sessions.
    pub hash: i64,
    /// When the sign-in happened, in Unix seconds.
    pub date: i32,
    /// What the client said of itself.
    pub client: ClientInfo,
    /// Whether it was imported from another datacentre: such a one gets no updates and is not listed.
    pub imported: bool,
}

/// What a client says of itself in `initConnection`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientInfo {
    /// The application's id.
    pub api_id: i32,
    /// The device.
    pub device_model: String,
    /// The operating system.
    pub system_version: String,
    /// The application's version.
    pub app_version: String,
}

/// A login code that was sent to a phone number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginCode {
    /// Five digits.
    pub code: String,
    /// Names this sending to the client.
    pub phone_code_hash: String,
    /// When it was sent, in Unix seconds.
    pub date: i32,
    /// Whether the code was given correctly for a number that has no account yet, so that signing up may follow.
    pub verified: bool,
    /// How many wrong codes were given.
    pub attempts: u32,
    /// In which way it was sent.
    #[serde(default)]
    pub delivery: CodeDelivery,
}

/// The way in which a login code comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CodeDelivery {
    /// To the apps where the user is signed in.
    App,
    /// As a text message.
    #[default]
    Sms,
    /// A voice says it.
    Call,
}

impl CodeDelivery {
    /// The way in which it comes when it is asked for again.
    pub fn next(self) -> Option<Self> {
        match self {
            Self::App => Some(Self::Sms),
            Self::Sms => Some(Self::Call),
            Self::Call => None,
        }
    }
}

/// A person or a bot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// The id.
    pub id: i64,
    /// The phone number: digits only, in the international form.
    pub phone: String,
    /// First name.
    pub first_name: String,
    /// Last name, or nothing.
    pub last_name: String,
    /// Username without `@`, if there is one.
    pub username: Option<String>,
    /// The datacentre that the account lives in.
    pub dc_id: i32,
    /// The two-step password, if one is set.
    pub password: Option<Password>,
    /// Keys that are signed in as this user.
    pub keys: BTreeSet<KeyAddress>,
    /// People in the address book, by user id.
    pub contacts: BTreeMap<i64, ContactName>,
    /// Private chats' and basic groups' messages.
    pub messages: MessageBox,
    /// Conversations, those in channels among them.
    pub dialogs: BTreeMap<PeerId, Dialog>,
    /// What is set for conversations and people.
    #[serde(default)]
    pub settings: BTreeMap<PeerId, PeerSettings>,
    /// The last `random_id`s that were used.
    pub random_ids: RandomIds,
    /// Whether they pay for Telegram Premium.
    #[serde(default)]
    pub premium: bool,
}

impl User {
    /// What is set for a peer.
    pub fn settings_of(&self, peer: PeerId) -> PeerSettings {
        self.settings.get(&peer).cloned().unwrap_or_default()
    }
}

/// How an owner calls a contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactName {
    /// First name.
    pub first_name: String,
    /// Last name, or nothing.
    pub last_name: String,
    /// Whether the owner knows the phone number.
    #[serde(default)]
    pub by_phone: bool,
}

/// What the network keeps of a two-step password, see <https://core.telegram.org/api/srp>.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Password {
    /// The client's salt.
    pub salt1: HexBytes,
    /// The server's salt.
    pub salt2: HexBytes,
    /// `g^x mod p`.
    pub verifier: HexBytes,
    /// What the owner wants to be reminded by.
    pub hint: Option<String>,
}

impl std::fmt::Debug for Password {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Password(..)")
    }
}

/// A conversation as one user has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialog {
    /// The last incoming message that was read.
    pub read_inbox_max_id: i32,
    /// The last outgoing message that the other side has read.
    pub read_outbox_max_id: i32,
    /// Messages of a channel up to this one are hidden from the user, who deleted them for themselves.
    #[serde(default)]
    pub hidden_max_id: i32,
    /// Its messages in the user's box; empty for channels, whose box is their own.
    pub message_ids: BTreeSet<i32>,
}

/// The last `random_id`s of a user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RandomIds {
    order: VecDeque<i64>,
    known: BTreeSet<i64>,
}

impl RandomIds {
    /// Whether the id was used lately.
    pub fn contains(&self, random_id: i64) -> bool {
        self.known.contains(&random_id)
    }

    /// Remembers an id, and forgets the oldest beyond [`RANDOM_IDS_MAX`].
    pub fn remember(&mut self, random_id: i64) {
        if !self.known.insert(random_id) {
            return;
        }
        self.order.push_back(random_id);
        if self.order.len() > RANDOM_IDS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

/// A basic group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chat {
    /// The id.
    pub id: i64,
    /// The title.
    pub title: String,
    /// Who made it.
    pub creator: i64,
    /// When, in Unix seconds.
    pub date: i32,
    /// Counts changes of membership.
    pub version: i32,
    /// Members by user id.
    pub members: BTreeMap<i64, Member>,
    /// Who administers it.
    #[serde(default)]
    pub administration: Administration,
}

/// One member of a group or a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Who added them; themselves if they joined.
    pub inviter: i64,
    /// When, in Unix seconds.
    pub date: i32,
}

/// A supergroup or a broadcast channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Channel {
    /// The id.
    pub id: i64,
    /// The title.
    pub title: String,
    /// The description.
    pub about: String,
    /// Whether only its creator may post (a channel), or every member (a supergroup).
    pub broadcast: bool,
    /// Username without `@`, if it is public.
    pub username: Option<String>,
    /// Who made it.
    pub creator: i64,
    /// When, in Unix seconds.
    pub date: i32,
    /// Members by user id.
    pub members: BTreeMap<i64, Member>,
    /// Its messages.
    pub messages: MessageBox,
    /// Who administers it, and what members may do.
    #[serde(default)]
    pub administration: Administration,
}

impl Channel {
    /// Whether somebody is banned, so that they cannot come in.
    pub fn is_banned(&self, user_id: i64, now: i32) -> bool {
        self.administration.banned.get(&user_id).is_some_and(|banned| banned.is_out() && banned.stands(now))
    }
}

impl State {
    /// An empty world, whose access hashes follow from `secret`.
    pub fn new(secret: [u8; 32]) -> Self {
        Self {
            secret: HexBytes(secret.to_vec()),
            keys: BTreeMap::new(),
            authorizations: BTreeMap::new(),
            awaiting_password: BTreeMap::new(),
            login_codes: BTreeMap::new(),
            login_tokens: BTreeMap::new(),
            bots: BTreeMap::new(),
            exported: BTreeMap::new(),
            users: BTreeMap::new(),
            phones: BTreeMap::new(),
            usernames: BTreeMap::new(),
            folders: BTreeMap::new(),
            chats: BTreeMap::new(),
            channels: BTreeMap::new(),
            invites: BTreeMap::new(),
            importers: BTreeMap::new(),
            join_requests: BTreeMap::new(),
            copies: BTreeMap::new(),
            forwards: BTreeMap::new(),
            phone_calls: CallTable::default(),
            group_calls: CallTable::default(),
            files: BTreeMap::new(),
            file_generation: 0,
            albums: BTreeMap::new(),
            profiles: Profiles::default(),
            pins: Pins::default(),
            markups: Markups::default(),
            polls: Polls::default(),
            reactions: Reactions::default(),
            drafts: Drafts::default(),
            reads: Reads::default(),
            scheduled: Scheduled::default(),
            forums: Forums::default(),
            admin_logs: AdminLogs::default(),
            clock_ahead: 0,
            last: LastIds {
                user: FIRST_USER_ID - 1,
                chat: FIRST_CHAT_ID - 1,
                channel: FIRST_CHANNEL_ID - 1,
                shared_message: 0,
                file: 0,
            },
        }
    }

    /// The user with this phone number (digits).
    pub fn user_by_phone(&self, phone: &str) -> Option<&User> {
        self.users.get(self.phones.get(phone)?)
    }

    /// The peer with this username, whatever its letters' case.
    pub fn peer_by_username(&self, username: &str) -> Option<PeerId> {
        self.usernames.get(&username.to_lowercase()).copied()
    }

    /// Whether a user may write to a peer: to anybody, in groups that they are in, and in channels where they
    /// may post. What administrators took from members is for [`State::may`].
    pub fn may_write(&self, user_id: i64, peer: PeerId) -> bool {
        match peer {
            PeerId::User(_) => true,
            PeerId::Chat(id) => self.chats.get(&id).is_some_and(|chat| chat.members.contains_key(&user_id)),
            PeerId::Channel(id) => self.channels.get(&id).is_some_and(|channel| {
                let posts = !channel.broadcast || self.may_administer(user_id, peer, right::POST_MESSAGES);
                channel.members.contains_key(&user_id) && posts
            }),
        }
    }

    /// The newest message of a user's conversation.
    pub fn top_message<'a>(&'a self, owner: &'a User, peer: PeerId) -> Option<&'a Message> {
        match peer {
            PeerId::Channel(id) => self.channels.get(&id)?.messages.iter().next_back(),
            PeerId::User(_) | PeerId::Chat(_) => owner.messages.get(*owner.dialogs.get(&peer)?.message_ids.last()?),
        }
    }

    /// Incoming messages of a conversation that its owner has not read.
    pub fn unread_count(&self, owner: &User, peer: PeerId) -> i32 {
        let Some(dialog) = owner.dialogs.get(&peer) else { return 0 };
        let first_unread = dialog.read_inbox_max_id.saturating_add(1);
        let count = match peer {
            PeerId::Channel(id) => self.channels.get(&id).map_or(0, |channel| {
                channel
                    .messages
                    .iter()
                    .rev()
                    .take_while(|message| message.id >= first_unread)
                    .filter(|message| message.from != PeerId::User(owner.id))
                    .count()
            }),
            PeerId::User(_) | PeerId::Chat(_) => dialog
                .message_ids
                .range(first_unread..)
                .filter(|id| owner.messages.get(**id).is_some_and(|message| !message.outgoing))
                .count(),
        };
        i32::try_from(count).unwrap_or(i32::MAX)
    }
}
