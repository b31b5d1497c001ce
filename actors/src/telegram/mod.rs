//! The Telegram port and its grammers adapter: the only place that names grammers.
//!
//! The rest of the crate sees a [`Connection`], its [`Updates`], and plain types. One connection is one MTProto client of one account.

mod addressing;
mod calls;
mod chat_creation;
mod chat_details;
mod chat_id;
mod chat_profile;
mod chat_removal;
mod chat_search;
mod chat_state;
mod chat_types;
mod connection;
mod contacts;
mod convert;
mod dialogs;
mod diffie_hellman;
mod drafts;
mod error;
mod folders;
mod formatting;
mod forwarding;
mod group_calls;
mod invites;
mod joining;
mod key_exchange;
mod link;
mod login;
mod member_changes;
mod member_permissions;
mod members;
mod message_changes;
mod message_details;
mod message_history;
mod message_reading;
mod message_search;
mod network;
mod peers;
mod phone_calls;
mod photos;
mod pins;
mod privacy;
mod profile;
mod reactions;
mod refusal;
mod rights;
mod rsa;
mod scheduled;
mod sending;
mod session;
mod topics;
mod transfer;
mod types;
mod typing;
mod updates;

pub use chat_id::{ChatId, ChatIdKind};
pub use chat_types::{
    ActiveCall, Blocked, BlockedPage, ChatDetails, ContactPage, CreatedChat, FoundChat, ImportedContacts, InvitePreview,
    JoinStatus, Joined,
};
pub use connection::{Connection, ConnectionOptions, Device};
pub use contacts::PersonName;
pub use dialogs::{ChatFilter, ChatScan, ListPlace, ListedChat};
#[cfg(test)]
pub(crate) use diffie_hellman::half_for_tests;
pub use diffie_hellman::{OwnHalf, WeakExchange, commitment};
pub use drafts::{Draft, DraftList};
pub use error::{AuthLoss, TelegramError};
pub use folders::{FolderContent, TelegramFolder, TelegramFolders};
pub use formatting::{EntityType, Format, FormatError, FormattedText, TextEntity};
pub use forwarding::Forward;
pub use group_calls::{GroupCallInfo, GroupCallNews, GroupCallPage, GroupCallParticipant, GroupCallState};
pub use invites::{INVITES_PAGE_MAX, InviteLink, InviteLinkPage, InviteTerms, JoinRequest, JoinRequestPage, RevokedInvite};
pub(crate) use joining::COMMON_MAX;
pub use link::ChatAddress;
pub(crate) use link::phone;
pub use login::{LoginToken, SignIn};
pub use member_changes::{AddedMembers, Ban, MissingMember, Promotion};
pub use member_permissions::{ChatPermissions, PermissionChanges};
pub use members::{MEMBERS_PAGE_MAX, Member, MemberFilter, MemberPage, MemberRole};
pub use message_changes::Deleted;
pub use message_details::{ForwardedFrom, ReactionCount, ServiceAction, ServiceKind};
pub use message_history::{HistoryQuery, MessageContext, MessagePage, Place};
pub use message_reading::Reader;
pub use message_search::{GlobalMessagePage, GlobalMessageResult, MessageKind, MessageSearch};
pub use network::{Datacentre, InvalidNetwork, Network, NetworkDescription};
pub use phone_calls::{CallAddress, CallGroup, CallNews, CallStage, CallTimeouts, HangUp, agree};
pub use photos::{CurrentPhoto, PHOTOS_PAGE_MAX, Photos};
pub use pins::PinOptions;
pub use privacy::{PrivacyAudience, PrivacyKey, PrivacyRules, PrivacySetting};
pub use reactions::{GivenReaction, MessageReactions, Reaction, ReactionPage};
#[cfg(test)]
pub(crate) use refusal::all as all_refusals;
pub use refusal::{Refusal, RefusalClass};
pub use rights::{AdminRight, Permission};
pub use sending::{SendOptions, TextToSend};
pub use topics::{ForumTopic, NewTopic, TOPICS_PAGE_MAX, TopicChange, TopicLook, TopicPage};
pub use transfer::{PART_BYTES, PIECE_BYTES, Transfers, Upload};
pub use types::{Chat, ChatPage, ChatType, FileKind, MediaInfo, MediaType, Message, OutgoingFile, StoredFile, UserInfo};
pub use typing::ChatAction;
pub use updates::{Delivery, Received, Updates, UpdatesOptions};
