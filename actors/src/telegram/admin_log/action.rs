//! What can happen in a supergroup or a channel.

use schemars::JsonSchema;
use serde::Serialize;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AdminLogAction {
    /// There is another title.
    TitleChanged,
    /// There is another description.
    AboutChanged,
    /// There is another username.
    UsernameChanged,
    /// There are other usernames.
    UsernamesChanged,
    /// There is another photo, or none.
    PhotoChanged,
    /// There is another colour.
    ColorChanged,
    /// There is another wallpaper.
    WallpaperChanged,
    /// There is another emoji status.
    EmojiStatusChanged,
    /// There is another set of stickers.
    StickerSetChanged,
    /// There is another set of custom emoji.
    EmojiSetChanged,
    /// Another chat is linked.
    LinkedChatChanged,
    /// There is another location.
    LocationChanged,
    /// Messages delete themselves after another time, in seconds.
    HistoryTtlChanged,
    /// Members wait for another time between two messages, in seconds.
    SlowModeChanged,
    /// Members may do other things.
    DefaultPermissionsChanged,
    /// There are other reactions to choose from.
    AvailableReactionsChanged,
    /// Members may add others, or not any more.
    InvitesToggled,
    /// Posts are signed, or not any more.
    SignaturesToggled,
    /// Signatures lead to profiles, or not any more.
    SignatureProfilesToggled,
    /// New members do not see earlier messages, or do again.
    PreHistoryHiddenToggled,
    /// Messages cannot be forwarded or saved, or can again.
    ProtectedContentToggled,
    /// Telegram looks for spam, or not any more.
    AntiSpamToggled,
    /// Posts are translated, or not any more.
    AutotranslationToggled,
    /// The group has topics, or not any more.
    ForumToggled,
    /// Somebody joined.
    MemberJoined,
    /// Somebody joined by a link.
    MemberJoinedByInvite,
    /// Somebody was let in who had asked.
    MemberJoinedByRequest,
    /// Somebody left.
    MemberLeft,
    /// Somebody was added.
    MemberInvited,
    /// Somebody was banned.
    MemberBanned,
    /// A ban was lifted.
    MemberUnbanned,
    /// Somebody may not do everything any more.
    MemberRestricted,
    /// A restriction was lifted.
    MemberUnrestricted,
    /// Somebody became an administrator.
    AdminPromoted,
    /// An administrator has other rights.
    AdminRightsChanged,
    /// Somebody is no administrator any more.
    AdminDemoted,
    /// Somebody has another title beside the name.
    MemberRankChanged,
    /// A subscription goes on.
    SubscriptionExtended,
    /// A message was pinned.
    MessagePinned,
    /// A message was unpinned.
    MessageUnpinned,
    /// A message was edited.
    MessageEdited,
    /// A message was deleted.
    MessageDeleted,
    /// A message was sent.
    MessageSent,
    /// A poll was closed.
    PollStopped,
    /// A group call began.
    GroupCallStarted,
    /// A group call ended.
    GroupCallEnded,
    /// A group call has other settings.
    GroupCallSettingsChanged,
    /// Somebody was muted in a group call.
    GroupCallMemberMuted,
    /// Somebody is not muted any more in a group call.
    GroupCallMemberUnmuted,
    /// Somebody is louder or softer in a group call.
    GroupCallMemberVolumeChanged,
    /// An invite link was changed.
    InviteLinkEdited,
    /// An invite link was revoked.
    InviteLinkRevoked,
    /// A revoked invite link was deleted.
    InviteLinkDeleted,
    /// A topic was made.
    TopicCreated,
    /// A topic was changed.
    TopicEdited,
    /// A topic was deleted.
    TopicDeleted,
    /// A topic was pinned.
    TopicPinned,
    /// A topic was unpinned.
    TopicUnpinned,
    /// Something else.
    Other,
}
