//! Sending: what a message is sent with, and which message it became.

use grammers_tl_types::{enums, functions, types};

use super::convert;
use super::formatting::to_wire;
use super::message_changes::updates_and_met;
use super::{ChatId, Connection, EntityType, FormattedText, Message, NewButton, TelegramError};

/// How a message is sent, whatever it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SendOptions {
    /// The topic or thread.
    pub topic_id: Option<i32>,
    /// The message that it answers.
    pub reply_to: Option<i32>,
    /// The part of that message that it quotes.
    pub quote: Option<String>,
    /// Whether nobody is notified.
    pub silent: bool,
    /// When it is to be sent (Unix seconds), if not at once.
    pub schedule_at: Option<i32>,
}

/// What is scheduled for sooner than this many seconds is sent at once (<https://core.telegram.org/api/scheduled-messages>).
const SENT_AT_ONCE_SECS: i64 = 10;

impl SendOptions {
    /// Whether a message may be one that was sent with these options: it waits, or was sent when it was to be.
    pub fn is_met_by(&self, message: &Message) -> bool {
        match self.schedule_at.map(i64::from) {
            None => !message.scheduled,
            Some(at) if message.scheduled => message.date == at,
            Some(at) => message.date >= at.saturating_sub(SENT_AT_ONCE_SECS),
        }
    }

    /// What Telegram calls the thing that is replied to: a message, or the topic.
    pub(super) fn reply(&self) -> Option<enums::InputReplyTo> {
        let reply = types::InputReplyToMessage {
            reply_to_msg_id: self.reply_to.or(self.topic_id)?,
            top_msg_id: self.topic_id.filter(|_| self.reply_to.is_some()),
            reply_to_peer_id: None,
            quote_text: self.quote.clone(),
            quote_entities: None,
            quote_offset: None,
            monoforum_peer_id: None,
            todo_item_id: None,
            poll_option: None,
        };
        Some(reply.into())
    }
}

/// A text that is to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextToSend {
    /// The text.
    pub formatted: FormattedText,
    /// Whether no preview of a linked page is shown.
    pub no_link_preview: bool,
    /// Rows of buttons, which only bots can send.
    pub buttons: Vec<Vec<NewButton>>,
    /// The rest.
    pub options: SendOptions,
}

impl Connection {
    /// Sends a text under this `random_id`, which Telegram accepts once.
    ///
    /// # Errors
    /// `RANDOM_ID_DUPLICATE` when it was accepted before, [`TelegramError::ChatNotFound`], or what any call can meet.
    pub async fn send_message(&self, chat: ChatId, text: &TextToSend, random_id: i64) -> Result<Message, TelegramError> {
        let peer = self.input_peer(chat).await?;
        let entities = self.wire_entities(&text.formatted).await?;
        let request = functions::messages::SendMessage {
            no_webpage: text.no_link_preview,
            silent: text.options.silent,
            background: false,
            clear_draft: false,
            noforwards: false,
            update_stickersets_order: false,
            invert_media: false,
            allow_paid_floodskip: false,
            peer,
            reply_to: text.options.reply(),
            message: text.formatted.text.clone(),
            random_id,
            reply_markup: super::buttons::markup(&text.buttons),
            entities: Some(entities).filter(|entities| !entities.is_empty()),
            schedule_date: text.options.schedule_at,
            schedule_repeat_period: None,
            send_as: None,
            quick_reply_shortcut: None,
            effect: None,
            allow_paid_stars: None,
            suggested_post: None,
            rich_message: None,
        };
        match self.invoke(&request).await? {
            enums::Updates::UpdateShortSentMessage(short) => Ok(self.short_sent_message(chat, text, &short)),
            sent => self.sent_message(random_id, sent).await,
        }
    }

    /// The entities as Telegram is sent them. A mention of somebody whom the account never met is plain text.
    pub(super) async fn wire_entities(&self, formatted: &FormattedText) -> Result<Vec<enums::MessageEntity>, TelegramError> {
        let mut known = Vec::new();
        for user_id in
            formatted.entities.iter().filter(|entity| entity.kind == EntityType::TextMention).filter_map(|it| it.user_id)
        {
            let user = match self.input_peer(ChatId::of(super::ChatIdKind::User(user_id))).await {
                Ok(enums::InputPeer::User(user)) => {
                    types::InputUser { user_id: user.user_id, access_hash: user.access_hash }.into()
                }
                Ok(enums::InputPeer::PeerSelf) => enums::InputUser::UserSelf,
                Ok(_) | Err(TelegramError::ChatNotFound) => continue,
                Err(error) => return Err(error),
            };
            known.push((user_id, user));
        }
        let input_user = |user_id| known.iter().find(|(known, _)| *known == user_id).map(|(_, user)| user.clone());
        Ok(to_wire(&formatted.entities, input_user))
    }

    fn short_sent_message(&self, chat: ChatId, text: &TextToSend, short: &types::UpdateShortSentMessage) -> Message {
        let entities = short.entities.as_deref().map(super::formatting::from_wire).unwrap_or_default();
        let formatted = FormattedText { text: text.formatted.text.clone(), entities };
        Message {
            from_user_id: self.session.self_id(),
            markdown: (!formatted.entities.is_empty()).then(|| formatted.to_markdown()),
            text: Some(formatted.text),
            is_outgoing: true,
            entities: formatted.entities,
            reply_to: text.options.reply_to,
            quote: text.options.quote.clone(),
            topic_id: text.options.topic_id,
            silent: text.options.silent,
            ..Message::bare(short.id, chat, short.date)
        }
    }

    /// Finds the message that was sent in what Telegram answered.
    pub(super) async fn sent_message(&self, random_id: i64, sent: enums::Updates) -> Result<Message, TelegramError> {
        let found = self.sent_messages(&[random_id], sent).await?;
        found.into_iter().next().ok_or(TelegramError::Unexpected("the answer does not hold the message"))
    }

    /// Finds the messages that were sent in what Telegram answered, in the order of their `random_id`s.
    pub(super) async fn sent_messages(&self, random_ids: &[i64], sent: enums::Updates) -> Result<Vec<Message>, TelegramError> {
        let unexpected = || TelegramError::Unexpected("the answer does not hold the message");
        let (updates, met) = updates_and_met(sent).ok_or_else(unexpected)?;
        self.remember(&met).await?;
        let id_of = |random_id: i64| {
            updates.iter().find_map(|update| match update {
                enums::Update::MessageId(update) if update.random_id == random_id => Some(update.id),
                _ => None,
            })
        };
        let find = |random_id: i64| {
            let id = id_of(random_id)?;
            let (raw, scheduled) = updates.iter().filter_map(new_message).find(|(raw, _)| convert::message_id(raw) == id)?;
            let message = convert::message(raw, &met, self.session.self_id())?;
            Some(Message { scheduled, ..message })
        };
        random_ids.iter().map(|random_id| find(*random_id).ok_or_else(unexpected)).collect()
    }
}

/// The new message that an update tells of, and whether it is still to be sent.
fn new_message(update: &enums::Update) -> Option<(&enums::Message, bool)> {
    match update {
        enums::Update::NewMessage(update) => Some((&update.message, false)),
        enums::Update::NewChannelMessage(update) => Some((&update.message, false)),
        enums::Update::NewScheduledMessage(update) => Some((&update.message, true)),
        _ => None,
    }
}
