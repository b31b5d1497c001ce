//! The mutations of the world: each is decided once, written to the journal, and applied by the same code when it happens and
//! when the journal is replayed. An event holds all that is decided by chance or by the clock.

use serde::{Deserialize, Serialize};

use super::administration::Administered;
use super::bot::NewBot;
use super::buttons::ButtonEvent;
use super::drafts::Drafting;
use super::file::FileEvent;
use super::folder::Folder;
use super::group_call::GroupCallEvent;
use super::ids::{HexBytes, KeyAddress, PeerId};
use super::invite::{Invite, InviteEvent};
use super::login_token::LoginTokenEvent;
use super::message_box::{Action, Content};
use super::peer_settings::PeerSetting;
use super::phone_call::PhoneCallEvent;
use super::pins::Pinning;
use super::polls::PollEvent;
use super::profile::ProfileEvent;
use super::reactions::Reacting;
use super::scheduled::ScheduleEvent;
use super::state::{Authorization, ClientInfo, CodeDelivery, ForwardOrigin, Password};
use super::topics::TopicEvent;

/// See the module's description.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// A key exchange made a key.
    KeyStored {
        /// Where and which.
        key: KeyAddress,
        /// Its 256 bytes.
        bytes: HexBytes,
    },
    /// A client destroyed its key.
    KeyDestroyed {
        /// Which.
        key: KeyAddress,
    },
    /// An account was made.
    UserCreated(NewUser),
    /// A login code was sent.
    CodeSent {
        /// To which number.
        phone: String,
        /// The digits.
        code: String,
        /// What the client names it by.
        phone_code_hash: String,
        /// Unix seconds.
        date: i32,
        /// In which way.
        #[serde(default)]
        delivery: CodeDelivery,
    },
    /// A wrong login code was given.
    CodeRefused {
        /// For which number.
        phone: String,
    },
    /// The right code was given for a number without an account.
    CodeVerified {
        /// For which number.
        phone: String,
    },
    /// A login code stands no more.
    CodeCancelled {
        /// For which number.
        phone: String,
    },
    /// The code was right and the password is still to be given.
    PasswordAwaited {
        /// Which key is signing in.
        key: KeyAddress,
        /// As whom.
        user_id: i64,
    },
    /// A key is signed in.
    SignedIn {
        /// Which.
        key: KeyAddress,
        /// As whom, and the rest.
        authorization: Authorization,
    },
    /// Keys are not signed in any more.
    SignedOut {
        /// Which.
        keys: Vec<KeyAddress>,
    },
    /// An authorization was exported to another datacentre.
    AuthorizationExported {
        /// Whose.
        user_id: i64,
        /// What the other datacentre will be shown.
        token: HexBytes,
    },
    /// The two-step password was set, changed or removed.
    PasswordSet {
        /// Whose.
        user_id: i64,
        /// What is kept of it.
        password: Option<Password>,
    },
    /// People were put into an address book.
    ContactsAdded {
        /// Whose.
        owner: i64,
        /// Who, and under which names.
        contacts: Vec<NewContact>,
    },
    /// A folder was added or changed.
    FolderSaved {
        /// Whose.
        user_id: i64,
        /// What it is now.
        folder: Box<Folder>,
    },
    /// A folder was removed.
    FolderDeleted {
        /// Whose.
        user_id: i64,
        /// Which.
        folder_id: i32,
    },
    /// Folders were put in order.
    FoldersOrdered {
        /// Whose.
        user_id: i64,
        /// Which come first.
        order: Vec<i32>,
    },
    /// People were taken from an address book.
    ContactsRemoved {
        /// Whose.
        owner: i64,
        /// Who.
        contacts: Vec<i64>,
    },
    /// A user set something for a conversation or a person.
    PeerSettingChanged {
        /// Who did it.
        user_id: i64,
        /// For which.
        peer: PeerId,
        /// What.
        setting: PeerSetting,
    },
    /// A message was sent.
    MessageSent(NewMessage),
    /// A message was forwarded.
    MessageForwarded {
        /// The new message.
        message: NewMessage,
        /// Where it says that it comes from; nothing for a copy.
        origin: Option<ForwardOrigin>,
        /// The album that it belongs to.
        #[serde(default)]
        album: Option<i64>,
    },
    /// A message of an album was sent.
    AlbumItemSent {
        /// The new message.
        message: NewMessage,
        /// The album.
        album: i64,
    },
    /// Something happened to files, without a message.
    File(FileEvent),
    /// An account began to pay for Telegram Premium, or stopped.
    PremiumSet {
        /// Whose.
        user_id: i64,
        /// Whether it pays.
        premium: bool,
    },
    /// A message was edited.
    MessageEdited {
        /// Who did it.
        editor: i64,
        /// The conversation, as the editor sees it.
        peer: PeerId,
        /// The message, in the editor's box or the channel's.
        message_id: i32,
        /// What it says now.
        content: Content,
        /// Unix seconds.
        date: i32,
    },
    /// Messages of a user's box were deleted.
    MessagesDeleted {
        /// Who did it.
        user_id: i64,
        /// Which.
        message_ids: Vec<i32>,
        /// For everybody, not for this user alone.
        revoke: bool,
        /// Unix seconds.
        date: i32,
    },
    /// Messages of a channel were deleted.
    ChannelMessagesDeleted {
        /// Where.
        channel_id: i64,
        /// Which.
        message_ids: Vec<i32>,
        /// Who did it; 0 in old journals, which did not say.
        #[serde(default)]
        by: i64,
        /// Unix seconds.
        date: i32,
    },
    /// The messages of a channel were hidden from one member, who deleted them for themselves.
    ChannelHistoryHidden {
        /// From whom.
        user_id: i64,
        /// Where.
        channel_id: i64,
        /// Up to this message.
        max_id: i32,
    },
    /// A user deleted a conversation from the list, not its messages alone.
    DialogForgotten {
        /// Who did it.
        user_id: i64,
        /// Which.
        peer: PeerId,
    },
    /// A basic group was taken from everybody.
    ChatDeleted {
        /// Which.
        chat_id: i64,
        /// Unix seconds.
        date: i32,
    },
    /// A channel was taken from everybody.
    ChannelDeleted {
        /// Which.
        channel_id: i64,
    },
    /// A conversation was read.
    HistoryRead {
        /// By whom.
        user_id: i64,
        /// Which.
        peer: PeerId,
        /// Up to this message.
        max_id: i32,
        /// Unix seconds; 0 in old journals, which did not say.
        #[serde(default)]
        date: i32,
    },
    /// Messages were pinned or unpinned.
    Pinned(Pinning),
    /// Something happened to the buttons of a message.
    Button(ButtonEvent),
    /// Something happened to a poll.
    Poll(PollEvent),
    /// Somebody reacted to a message.
    Reacted(Reacting),
    /// Somebody saved a draft, or forgot it.
    Drafted(Drafting),
    /// Messages were scheduled, or taken from the schedule.
    Scheduled(ScheduleEvent),
    /// The network's clock was put ahead.
    ClockAdvanced {
        /// How far, in seconds.
        seconds: i32,
    },
    /// A basic group was made.
    ChatCreated {
        /// By whom.
        creator: i64,
        /// The title.
        title: String,
        /// The other members.
        members: Vec<i64>,
        /// Unix seconds.
        date: i32,
    },
    /// A channel or a supergroup was made.
    ChannelCreated(NewChannel),
    /// Members came into a basic group or a channel.
    MembersAdded {
        /// Where.
        peer: PeerId,
        /// Who did it: the only new member, for one who joins.
        inviter: i64,
        /// Who.
        members: Vec<i64>,
        /// Unix seconds.
        date: i32,
    },
    /// Something happened to an invite link, or to those who asked to come in by one.
    Invite(InviteEvent),
    /// An invite link was made.
    InviteStored {
        /// The end of the link.
        hash: String,
        /// What it is now.
        invite: Invite,
    },
    /// Somebody came in by an invite link.
    JoinedByInvite {
        /// The end of the link.
        hash: String,
        /// Who.
        user_id: i64,
        /// Unix seconds.
        date: i32,
    },
    /// Somebody asked to be let in by an invite link.
    JoinRequested {
        /// The end of the link.
        hash: String,
        /// Who.
        user_id: i64,
        /// Unix seconds.
        date: i32,
    },
    /// A member left or was removed.
    MemberRemoved {
        /// Where.
        peer: PeerId,
        /// Who did it.
        actor: i64,
        /// Who.
        member: i64,
        /// Unix seconds.
        date: i32,
    },
    /// An administrator did something.
    Administered(Administered),
    /// Something happened to the token of a QR login.
    LoginToken(LoginTokenEvent),
    /// A client that is signed in says other things of itself than before.
    ClientChanged {
        /// Which key.
        key: KeyAddress,
        /// What it says now.
        client: ClientInfo,
    },
    /// A bot was made.
    BotCreated(NewBot),
    /// Something happened to a forum, or to a topic of one.
    Topic(TopicEvent),
    /// Somebody shows something else of themselves, or of a group or a channel.
    Profile(ProfileEvent),
    /// Something happened to a call between two users.
    PhoneCall(PhoneCallEvent),
    /// Something happened to a group call.
    GroupCall(GroupCallEvent),
}

/// An account that is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewUser {
    /// Its id; the next one, if none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<i64>,
    /// Digits, in the international form; a bot has none.
    pub phone: String,
    /// First name.
    pub first_name: String,
    /// Last name, or nothing.
    pub last_name: String,
    /// Username without `@`, if there is to be one.
    pub username: Option<String>,
    /// The datacentre it lives in.
    pub dc_id: i32,
}

/// A person who is put into an address book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewContact {
    /// Who.
    pub user_id: i64,
    /// First name.
    pub first_name: String,
    /// Last name, or nothing.
    pub last_name: String,
    /// Whether the owner knows the phone number.
    #[serde(default)]
    pub by_phone: bool,
}

/// A message that is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewMessage {
    /// By whom.
    pub from: i64,
    /// Where to, as the sender sees it.
    pub peer: PeerId,
    /// What it says.
    pub content: Content,
    /// The message that it answers, in the sender's box or the channel's.
    pub reply_to: Option<i32>,
    /// The part of that message that it quotes.
    #[serde(default)]
    pub quote: Option<String>,
    /// Whether it is sent without a notification.
    pub silent: bool,
    /// The client's own id for it; service messages have none.
    pub random_id: Option<i64>,
    /// Unix seconds.
    pub date: i32,
}

impl NewMessage {
    /// A service message.
    pub fn service(from: i64, peer: PeerId, action: Action, date: i32) -> Self {
        Self { from, peer, content: Content::Action(action), reply_to: None, quote: None, silent: false, random_id: None, date }
    }
}

/// A channel or a supergroup that is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewChannel {
    /// By whom.
    pub creator: i64,
    /// The title.
    pub title: String,
    /// The description.
    pub about: String,
    /// A channel, not a supergroup.
    pub broadcast: bool,
    /// Username without `@`, if it is to be public.
    pub username: Option<String>,
    /// Unix seconds.
    pub date: i32,
}
