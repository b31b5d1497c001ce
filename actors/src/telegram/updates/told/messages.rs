//! What happens to messages.

use grammers_tl_types::{enums, types};
use serde::Serialize;

use super::super::super::convert::{self, Met, chat_of};
use super::super::super::message_details::reaction_counts;
use super::super::super::{ChatId, MediaInfo, MediaType, Message, ReactionCount, ServiceAction, ServiceKind};
use super::members;
use crate::events::{EventName, NewEvent};

/// Message ids of one event; more of them are several events.
const IDS_MAX: usize = 1_000;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewMessage<'a> {
    id: i32,
    chat_id: ChatId,
    from_user_id: Option<i64>,
    sender_name: Option<&'a str>,
    text: Option<&'a str>,
    date: i64,
    is_outgoing: bool,
    has_media: bool,
    media_type: Option<MediaType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    media: Option<Vec<Media<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic_id: Option<i32>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    mentioned: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    grouped_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<Service<'a>>,
}

/// What happened, in a message that tells of something that happened in the chat.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Service<'a> {
    kind: ServiceKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "<[i64]>::is_empty")]
    user_ids: &'a [i64],
}

impl<'a> Service<'a> {
    fn of(action: &'a ServiceAction) -> Self {
        Self { kind: action.kind, title: action.title.as_deref(), user_ids: &action.user_ids }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Media<'a> {
    media_type: MediaType,
    file_size: Option<u64>,
    mime_type: Option<&'a str>,
}

impl<'a> Media<'a> {
    fn of(media: &'a MediaInfo) -> Self {
        Self { media_type: media.media_type, file_size: media.file_size, mime_type: media.mime_type.as_deref() }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EditedMessage<'a> {
    id: i32,
    chat_id: ChatId,
    new_text: Option<&'a str>,
    /// When it was edited.
    edit_date: i64,
    /// When it was sent.
    date: i64,
    is_outgoing: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeletedMessages<'a> {
    message_ids: &'a [i32],
    /// 0 where Telegram does not say it: in private chats and basic groups, whose messages have ids of their own.
    chat_id: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reactions {
    chat_id: ChatId,
    message_id: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic_id: Option<i32>,
    reactions: Vec<Reaction>,
}

/// How often one reaction was given: an emoji, a custom emoji by its id, or the star that is paid for.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reaction {
    #[serde(skip_serializing_if = "Option::is_none")]
    emoji: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_emoji_id: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    paid: bool,
    count: i32,
    /// Whether this account gave it.
    chosen: bool,
}

impl Reaction {
    fn of(count: ReactionCount) -> Self {
        let ReactionCount { emoji, custom_emoji_id, paid, count, chosen } = count;
        Self { emoji, custom_emoji_id, paid, count, chosen }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReadMessages {
    chat_id: ChatId,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic_id: Option<i32>,
    /// Everything up to this message is read.
    max_id: i32,
    /// `account`: this account has read; `others`: others have read what it sent.
    by: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    unread_count: Option<i32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PinnedMessages<'a> {
    chat_id: ChatId,
    message_ids: &'a [i32],
    pinned: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Draft<'a> {
    chat_id: ChatId,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic_id: Option<i32>,
    /// Nothing: the draft is gone.
    text: Option<&'a str>,
    date: Option<i32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Poll<'a> {
    poll_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    chat_id: Option<ChatId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    question: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed: Option<bool>,
    total_voters: Option<i32>,
    options: Vec<PollOption<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PollOption<'a> {
    /// What Telegram names it by, in hexadecimal.
    option: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    voters: Option<i32>,
    chosen: bool,
}

/// A message, and whom it brings or takes if it tells that.
pub(super) fn new(raw: &enums::Message, met: &Met, self_id: Option<i64>, events: &mut Vec<NewEvent>) {
    let Some(message) = convert::message(raw, met, self_id) else { return };
    let media = message.media.as_deref().unwrap_or_default();
    let content = NewMessage {
        id: message.id,
        chat_id: message.chat_id,
        from_user_id: message.from_user_id,
        sender_name: message.sender_name.as_deref(),
        text: message.text.as_deref(),
        date: message.date,
        is_outgoing: message.is_outgoing,
        has_media: !media.is_empty(),
        media_type: media.first().map(|media| media.media_type),
        media: (!media.is_empty()).then(|| media.iter().map(Media::of).collect()),
        reply_to: message.reply_to,
        topic_id: message.topic_id,
        mentioned: message.mentioned,
        grouped_id: message.grouped_id.as_deref(),
        service: message.service.as_ref().map(Service::of),
    };
    let event = NewEvent::new(EventName::NewMessage, Some(message.chat_id), &content);
    events.push(if message.is_of_telegram_itself() { event.for_people() } else { event });
    if let Some(service) = &message.service {
        membership(&message, service, events);
    }
}

fn membership(message: &Message, service: &ServiceAction, events: &mut Vec<NewEvent>) {
    let by = message.from_user_id;
    match service.kind {
        ServiceKind::MembersAdded => {
            let came = |user: &i64| members::came(message.chat_id, *user, by, message.date);
            events.extend(service.user_ids.iter().map(came));
        }
        ServiceKind::JoinedByLink | ServiceKind::JoinedByRequest => {
            events.extend(by.map(|user| members::came(message.chat_id, user, by, message.date)));
        }
        ServiceKind::MemberRemoved => {
            let left = |user: &i64| members::left(message.chat_id, *user, by, message.date);
            events.extend(service.user_ids.iter().map(left));
        }
        _ => {}
    }
}

/// An edit; or new reactions, which Telegram tells as an edit that is not shown.
pub(super) fn edited(raw: &enums::Message, met: &Met, self_id: Option<i64>, events: &mut Vec<NewEvent>) {
    let Some(message) = convert::message(raw, met, self_id) else { return };
    let chat_id = message.chat_id;
    if matches!(raw, enums::Message::Message(raw) if raw.edit_hide && raw.reactions.is_some()) {
        let reactions = message.reactions.into_iter().map(Reaction::of).collect();
        let content = Reactions { chat_id, message_id: message.id, topic_id: message.topic_id, reactions };
        return events.push(NewEvent::new(EventName::MessageReactions, Some(chat_id), &content));
    }
    let content = EditedMessage {
        id: message.id,
        chat_id,
        new_text: message.text.as_deref(),
        edit_date: message.edit_date.unwrap_or(message.date),
        date: message.date,
        is_outgoing: message.is_outgoing,
    };
    events.push(NewEvent::new(EventName::MessageEdited, Some(chat_id), &content));
}

pub(super) fn deleted(chat: Option<ChatId>, ids: &[i32], events: &mut Vec<NewEvent>) {
    for message_ids in ids.chunks(IDS_MAX) {
        let content = DeletedMessages { message_ids, chat_id: chat.map_or(0, ChatId::value) };
        events.push(NewEvent::new(EventName::MessageDeleted, chat, &content));
    }
}

pub(super) fn reactions(update: &types::UpdateMessageReactions) -> NewEvent {
    let chat_id = chat_of(&update.peer);
    let reactions = reaction_counts(&update.reactions).into_iter().map(Reaction::of).collect();
    let content = Reactions { chat_id, message_id: update.msg_id, topic_id: update.top_msg_id, reactions };
    NewEvent::new(EventName::MessageReactions, Some(chat_id), &content)
}

pub(super) fn read_by_account(chat_id: ChatId, topic_id: Option<i32>, max_id: i32, unread_count: Option<i32>) -> NewEvent {
    let content = ReadMessages { chat_id, topic_id, max_id, by: "account", unread_count };
    NewEvent::new(EventName::MessagesRead, Some(chat_id), &content)
}

pub(super) fn read_by_others(chat_id: ChatId, topic_id: Option<i32>, max_id: i32) -> NewEvent {
    let content = ReadMessages { chat_id, topic_id, max_id, by: "others", unread_count: None };
    NewEvent::new(EventName::MessagesRead, Some(chat_id), &content)
}

pub(super) fn pinned(chat_id: ChatId, ids: &[i32], pinned: bool, events: &mut Vec<NewEvent>) {
    for message_ids in ids.chunks(IDS_MAX) {
        let content = PinnedMessages { chat_id, message_ids, pinned };
        events.push(NewEvent::new(EventName::MessagesPinned, Some(chat_id), &content));
    }
}

pub(super) fn draft(update: &types::UpdateDraftMessage) -> NewEvent {
    let chat_id = chat_of(&update.peer);
    let (text, date) = match &update.draft {
        enums::DraftMessage::Empty(empty) => (None, empty.date),
        enums::DraftMessage::Message(draft) => (Some(draft.message.as_str()), Some(draft.date)),
    };
    let content = Draft { chat_id, topic_id: update.top_msg_id, text, date };
    NewEvent::new(EventName::DraftChanged, Some(chat_id), &content)
}

pub(super) fn poll(update: &types::UpdateMessagePoll) -> NewEvent {
    let chat_id = update.peer.as_ref().map(chat_of);
    let enums::PollResults::Results(results) = &update.results;
    let poll = update.poll.as_ref().map(|enums::Poll::Poll(poll)| poll);
    let options = results.results.iter().flatten().map(|enums::PollAnswerVoters::Voters(voters)| PollOption {
        option: hex::encode(&voters.option),
        text: poll.and_then(|poll| text_of_option(poll, &voters.option)),
        voters: voters.voters,
        chosen: voters.chosen,
    });
    let content = Poll {
        poll_id: update.poll_id.to_string(),
        chat_id,
        message_id: update.msg_id,
        question: poll.map(|poll| plain(&poll.question)),
        closed: poll.map(|poll| poll.closed),
        total_voters: results.total_voters,
        options: options.collect(),
    };
    NewEvent::new(EventName::PollChanged, chat_id, &content)
}

fn text_of_option<'a>(poll: &'a types::Poll, option: &[u8]) -> Option<&'a str> {
    poll.answers.iter().find_map(|answer| match answer {
        enums::PollAnswer::Answer(answer) if answer.option == option => Some(plain(&answer.text)),
        _ => None,
    })
}

fn plain(text: &enums::TextWithEntities) -> &str {
    let enums::TextWithEntities::Entities(text) = text;
    &text.text
}
