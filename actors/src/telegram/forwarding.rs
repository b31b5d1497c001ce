//! Forwarding messages.

use std::collections::HashMap;

use grammers_tl_types::{enums, functions, types};

use super::message_changes::updates_and_met;
use super::{ChatId, Connection, TelegramError};

/// Messages on their way from one chat to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// Where they are.
    pub from: ChatId,
    /// Where they go.
    pub to: ChatId,
    /// Which, each with the `random_id` that Telegram accepts once.
    pub messages: Vec<(i32, i64)>,
    /// The forum topic or thread to send to.
    pub topic_id: Option<i32>,
    /// Whether they are sent anew, without their authors.
    pub as_copy: bool,
    /// Whether they come without a notification.
    pub silent: bool,
}

impl Connection {
    /// Forwards messages, all at once so that albums stay whole. Answers the new ids by `random_id`.
    ///
    /// # Errors
    /// `RANDOM_ID_DUPLICATE` when they were accepted before, [`TelegramError::ChatNotFound`],
    /// [`TelegramError::MessageNotFound`], or what any call can meet.
    pub async fn forward(&self, forward: &Forward) -> Result<HashMap<i64, i32>, TelegramError> {
        let (from_peer, to_peer) = (self.input_peer(forward.from).await?, self.input_peer(forward.to).await?);
        let (id, random_id) = forward.messages.iter().copied().unzip();
        let request = functions::messages::ForwardMessages {
            silent: forward.silent,
            background: false,
            with_my_score: false,
            drop_author: forward.as_copy,
            drop_media_captions: false,
            noforwards: false,
            allow_paid_floodskip: false,
            from_ephemeral: false,
            from_peer,
            id,
            random_id,
            to_peer,
            top_msg_id: forward.topic_id,
            reply_to: None,
            schedule_date: None,
            schedule_repeat_period: None,
            send_as: None,
            quick_reply_shortcut: None,
            effect: None,
            video_timestamp: None,
            allow_paid_stars: None,
            suggested_post: None,
        };
        let sent = self.invoke(&request).await?;
        let (updates, met) = updates_and_met(sent).ok_or(TelegramError::Unexpected("the answer does not hold the messages"))?;
        self.remember(&met).await?;
        let named = updates.into_iter().filter_map(|update| match update {
            enums::Update::MessageId(types::UpdateMessageId { id, random_id }) => Some((random_id, id)),
            _ => None,
        });
        Ok(named.collect())
    }
}
