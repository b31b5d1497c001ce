//! Drafts: what an account began to write, which its other devices see too.

use grammers_tl_types::{enums, functions, types};
use schemars::JsonSchema;
use serde::Serialize;

use super::convert;
use super::message_changes::updates_and_met;
use super::{ChatId, Connection, FormattedText, SendOptions, TelegramError, TextEntity, TextToSend, formatting};

/// A message that is not sent yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Draft {
    /// The chat.
    pub chat_id: ChatId,
    /// The chat's title, or the person's name.
    pub chat_title: String,
    /// The forum topic or thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic_id: Option<i32>,
    /// The text.
    pub text: String,
    /// The text's formatting.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entities: Vec<TextEntity>,
    /// The text as Markdown, where it is formatted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub markdown: Option<String>,
    /// The message that it is to answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<i32>,
    /// The part of that message that it is to quote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
    /// Whether a preview of a linked page is to be shown.
    pub link_preview: bool,
    /// When it was saved (Unix seconds).
    pub date: i64,
}

/// All drafts of an account, the latest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DraftList {
    /// The drafts.
    pub items: Vec<Draft>,
    /// Always `null`: Telegram gives all of them at once.
    pub next_cursor: Option<String>,
}

impl Connection {
    /// Saves a draft in place of the one that is there.
    ///
    /// # Errors
    /// [`TelegramError::ChatNotFound`], or what any call can meet.
    pub async fn save_draft(&self, chat: ChatId, draft: &TextToSend) -> Result<(), TelegramError> {
        let entities = self.wire_entities(&draft.formatted).await?;
        let request = functions::messages::SaveDraft {
            no_webpage: draft.no_link_preview,
            invert_media: false,
            reply_to: draft.options.reply(),
            peer: self.input_peer(chat).await?,
            message: draft.formatted.text.clone(),
            entities: Some(entities).filter(|entities| !entities.is_empty()),
            media: None,
            effect: None,
            suggested_post: None,
            rich_message: None,
        };
        self.invoke(&request).await.map(|_| ())
    }

    /// Forgets a draft. That there is none is no error.
    ///
    /// # Errors
    /// As [`Self::save_draft`].
    pub async fn clear_draft(&self, chat: ChatId, topic_id: Option<i32>) -> Result<(), TelegramError> {
        let options = SendOptions { topic_id, ..SendOptions::default() };
        self.save_draft(chat, &TextToSend { options, ..TextToSend::default() }).await
    }

    /// All drafts, the latest first.
    ///
    /// # Errors
    /// What any call can meet.
    pub async fn drafts(&self) -> Result<DraftList, TelegramError> {
        let updates = self.invoke(&functions::messages::GetAllDrafts {}).await?;
        let (updates, met) = updates_and_met(updates).ok_or(TelegramError::Unexpected("the answer does not hold drafts"))?;
        self.remember(&met).await?;
        let drafts = updates.iter().filter_map(|update| match update {
            enums::Update::DraftMessage(update) => match &update.draft {
                enums::DraftMessage::Message(draft) => Some((update, draft)),
                enums::DraftMessage::Empty(_) => None,
            },
            _ => None,
        });
        let mut items: Vec<Draft> = drafts
            .map(|(update, draft)| {
                let chat_id = convert::chat_of(&update.peer);
                read(chat_id, met.name(chat_id).unwrap_or_default(), update.top_msg_id, draft)
            })
            .collect();
        items.sort_by_key(|draft| std::cmp::Reverse(draft.date));
        Ok(DraftList { items, next_cursor: None })
    }
}

fn read(chat_id: ChatId, chat_title: String, topic_id: Option<i32>, draft: &types::DraftMessage) -> Draft {
    let entities = draft.entities.as_deref().map(formatting::from_wire).unwrap_or_default();
    let formatted = FormattedText { text: draft.message.clone(), entities };
    let reply = match &draft.reply_to {
        Some(enums::InputReplyTo::Message(reply)) => Some(reply),
        _ => None,
    };
    // Within a topic the topic itself is named where nothing is answered.
    let answered = reply.map(|reply| reply.reply_to_msg_id).filter(|id| topic_id != Some(*id));
    Draft {
        chat_id,
        chat_title,
        topic_id,
        markdown: (!formatted.entities.is_empty()).then(|| formatted.to_markdown()),
        text: formatted.text,
        entities: formatted.entities,
        reply_to: answered,
        quote: reply.and_then(|reply| reply.quote_text.clone()).filter(|_| answered.is_some()),
        link_preview: !draft.no_webpage,
        date: i64::from(draft.date),
    }
}
