//! What a message tells beyond its text: where it comes from, what it answers, how it was received, what happened.

use grammers_tl_types::{enums, types};
use schemars::JsonSchema;
use serde::Serialize;

use super::chat_id::ChatIdKind;
use super::convert::{self, Met};
use super::{ChatId, FormattedText, Message, formatting};

/// How often one reaction was given to a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReactionCount {
    /// The emoji, if it is one that everybody has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emoji: Option<String>,
    /// The id of the custom emoji, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_emoji_id: Option<String>,
    /// Whether it is the star that is paid for.
    #[serde(skip_serializing_if = "super::types::is_false")]
    pub paid: bool,
    /// How often.
    pub count: i32,
    /// Whether this account gave it.
    #[serde(skip_serializing_if = "super::types::is_false")]
    pub chosen: bool,
}

/// Where a forwarded message comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ForwardedFrom {
    /// The user who wrote it, if it is one who lets that be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<i64>,
    /// The channel or group that wrote it, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat_id: Option<ChatId>,
    /// The post in that channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<i32>,
    /// The name of who wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When it was written (Unix seconds).
    pub date: i64,
}

/// What a service message tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ServiceKind {
    /// The chat was made.
    ChatCreated,
    /// The chat has another title.
    TitleChanged,
    /// The chat has another photo.
    PhotoChanged,
    /// The chat's photo is gone.
    PhotoDeleted,
    /// Members were added, or one joined.
    MembersAdded,
    /// A member left, or was removed.
    MemberRemoved,
    /// A member came by an invite link.
    JoinedByLink,
    /// A member was let in.
    JoinedByRequest,
    /// The group became a supergroup, or came from one.
    Migrated,
    /// A message was pinned: the one that it answers.
    MessagePinned,
    /// The history was cleared.
    HistoryCleared,
    /// There was a call.
    Call,
    /// A group call began, ended, is planned, or somebody is invited to one.
    GroupCall,
    /// Messages vanish after another time.
    TimerChanged,
    /// A topic was made.
    TopicCreated,
    /// A topic was changed.
    TopicEdited,
    /// A contact came to Telegram.
    ContactJoined,
    /// Somebody took a screenshot.
    ScreenshotTaken,
    /// The chat looks different.
    ThemeChanged,
    /// Something was paid or given.
    Payment,
    /// A game was played.
    GameScore,
    /// Something else.
    Other,
}

/// What a service message tells: something happened in the chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ServiceAction {
    /// What happened.
    pub kind: ServiceKind,
    /// The title that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The users that it is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub user_ids: Vec<i64>,
}

/// What only messages that somebody wrote have.
pub(super) fn add(message: &mut Message, raw: &types::Message, met: &Met) {
    message.entities = raw.entities.as_deref().map(formatting::from_wire).unwrap_or_default();
    message.markdown = (!message.entities.is_empty())
        .then(|| FormattedText { text: raw.message.clone(), entities: message.entities.clone() }.to_markdown());
    message.edit_date = raw.edit_date.filter(|_| !raw.edit_hide).map(i64::from);
    message.views = raw.views;
    message.forwards = raw.forwards;
    message.comments = raw.replies.as_ref().map(|enums::MessageReplies::Replies(replies)| replies.replies);
    message.grouped_id = raw.grouped_id.map(|id| id.to_string());
    message.pinned = raw.pinned;
    message.silent = raw.silent;
    message.mentioned = raw.mentioned;
    message.protected = raw.noforwards;
    message.author = raw.post_author.clone();
    message.via_bot_id = raw.via_bot_id;
    message.forwarded_from = raw.fwd_from.as_ref().map(|header| forwarded_from(header, met));
    message.reactions = raw.reactions.as_ref().map(reaction_counts).unwrap_or_default();
    message.poll = super::polls::poll(raw.media.as_ref());
    add_reply(message, raw.reply_to.as_ref());
}

/// What only service messages have.
pub(super) fn add_service(message: &mut Message, raw: &types::MessageService) {
    message.silent = raw.silent;
    message.mentioned = raw.mentioned;
    message.service = Some(service_action(&raw.action));
    message.reactions = raw.reactions.as_ref().map(reaction_counts).unwrap_or_default();
    add_reply(message, raw.reply_to.as_ref());
}

/// What it answers, and in which topic it is. The first message of a topic is named by every other one, whether it answers something
/// or not.
fn add_reply(message: &mut Message, reply: Option<&enums::MessageReplyHeader>) {
    let Some(enums::MessageReplyHeader::Header(header)) = reply else { return };
    let answers_nothing = header.forum_topic && header.reply_to_top_id.is_none();
    message.topic_id = header.reply_to_top_id.or(header.reply_to_msg_id.filter(|_| header.forum_topic));
    message.reply_to = header.reply_to_msg_id.filter(|_| !answers_nothing);
    message.reply_to_chat_id = header.reply_to_peer_id.as_ref().map(convert::chat_of);
    message.quote = header.quote_text.clone().filter(|_| header.quote);
}

fn forwarded_from(header: &enums::MessageFwdHeader, met: &Met) -> ForwardedFrom {
    let enums::MessageFwdHeader::Header(header) = header;
    let from = header.from_id.as_ref().map(convert::chat_of);
    let user_id = from.and_then(|from| match from.kind() {
        ChatIdKind::User(id) => Some(id),
        _ => None,
    });
    ForwardedFrom {
        user_id,
        chat_id: from.filter(|_| user_id.is_none()),
        message_id: header.channel_post,
        name: header.from_name.clone().or_else(|| met.name(from?)).filter(|name| !name.is_empty()),
        date: i64::from(header.date),
    }
}

/// The reactions of a message, the most frequent first as Telegram has them.
pub(super) fn reaction_counts(reactions: &enums::MessageReactions) -> Vec<ReactionCount> {
    let enums::MessageReactions::Reactions(reactions) = reactions;
    let counts = reactions.results.iter().map(|enums::ReactionCount::Count(result)| ReactionCount {
        emoji: match &result.reaction {
            enums::Reaction::Emoji(reaction) => Some(reaction.emoticon.clone()),
            _ => None,
        },
        custom_emoji_id: match &result.reaction {
            enums::Reaction::CustomEmoji(reaction) => Some(reaction.document_id.to_string()),
            _ => None,
        },
        paid: matches!(result.reaction, enums::Reaction::Paid),
        count: result.count,
        chosen: result.chosen_order.is_some(),
    });
    counts.collect()
}

fn service_action(action: &enums::MessageAction) -> ServiceAction {
    use enums::MessageAction as Action;
    let (mut title, mut user_ids) = (None, Vec::new());
    let kind = match action {
        Action::ChatCreate(made) => {
            (title, user_ids) = (Some(made.title.clone()), made.users.clone());
            ServiceKind::ChatCreated
        }
        Action::ChannelCreate(made) => {
            title = Some(made.title.clone());
            ServiceKind::ChatCreated
        }
        Action::ChatEditTitle(changed) => {
            title = Some(changed.title.clone());
            ServiceKind::TitleChanged
        }
        Action::ChatAddUser(added) => {
            user_ids = added.users.clone();
            ServiceKind::MembersAdded
        }
        Action::ChatDeleteUser(removed) => {
            user_ids = vec![removed.user_id];
            ServiceKind::MemberRemoved
        }
        Action::TopicCreate(made) => {
            title = Some(made.title.clone());
            ServiceKind::TopicCreated
        }
        Action::TopicEdit(changed) => {
            title = changed.title.clone();
            ServiceKind::TopicEdited
        }
        Action::InviteToGroupCall(invited) => {
            user_ids = invited.users.clone();
            ServiceKind::GroupCall
        }
        plain => plain_kind(plain),
    };
    ServiceAction { kind, title, user_ids }
}

/// The kind of an action of which nothing more is told.
fn plain_kind(action: &enums::MessageAction) -> ServiceKind {
    use enums::MessageAction as Action;
    match action {
        Action::ChatEditPhoto(_) => ServiceKind::PhotoChanged,
        Action::ChatDeletePhoto => ServiceKind::PhotoDeleted,
        Action::ChatJoinedByLink(_) => ServiceKind::JoinedByLink,
        Action::ChatJoinedByRequest => ServiceKind::JoinedByRequest,
        Action::ChatMigrateTo(_) | Action::ChannelMigrateFrom(_) => ServiceKind::Migrated,
        Action::PinMessage => ServiceKind::MessagePinned,
        Action::HistoryClear => ServiceKind::HistoryCleared,
        Action::PhoneCall(_) | Action::ConferenceCall(_) => ServiceKind::Call,
        Action::GroupCall(_) | Action::GroupCallScheduled(_) => ServiceKind::GroupCall,
        Action::SetMessagesTtl(_) => ServiceKind::TimerChanged,
        Action::ContactSignUp => ServiceKind::ContactJoined,
        Action::ScreenshotTaken => ServiceKind::ScreenshotTaken,
        Action::SetChatTheme(_) | Action::SetChatWallPaper(_) => ServiceKind::ThemeChanged,
        Action::GameScore(_) => ServiceKind::GameScore,
        Action::PaymentSent(_)
        | Action::PaymentRefunded(_)
        | Action::GiftPremium(_)
        | Action::GiftCode(_)
        | Action::GiftStars(_)
        | Action::StarGift(_)
        | Action::StarGiftUnique(_) => ServiceKind::Payment,
        _ => ServiceKind::Other,
    }
}
