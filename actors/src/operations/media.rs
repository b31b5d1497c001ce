//! Sending files. Their bytes are handed on as they come.

use schemars::JsonSchema;
use serde::Deserialize;

use super::file_fields::{CaptionFields, FileFields, Spelling, decoded};
use super::send_fields::SendFields;
use crate::account::AccountCall;
use crate::error::{Code, Error};
use crate::operation::{
    Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation, RateClass, Repetition,
};
use crate::scope::Scope;
use crate::telegram::{ChatId, FormattedText, Message, OutgoingFile, SendOptions};

/// Sends a file. The body is the file; what else is said of it is in headers, in which text is percent-encoded.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SendMedia {
    account_id: AccountReference,
    chat_id: ChatId,
    #[serde(flatten)]
    file: FileFields,
    #[serde(flatten)]
    caption: CaptionFields,
    #[serde(flatten)]
    send: SendFields,
    /// How long the file is, in bytes.
    #[serde(default)]
    length: Option<u64>,
}

impl SendMedia {
    fn parts(&self) -> Result<(OutgoingFile, FormattedText, SendOptions), Error> {
        let file = self.file.of_headers()?.file(Spelling::Headers)?;
        let caption = self.caption.of_headers()?.caption(Spelling::Headers)?;
        let send = SendFields { quote: decoded("quote", &self.send.quote)?, ..self.send.clone() };
        Ok((file, caption, send.options()?))
    }
}

impl Operation for SendMedia {
    const DECLARATION: Declaration = Declaration::new(
        "send_media",
        "Send a file: the body is the file, of any size that Telegram takes.",
        Method::Post,
        "/accounts/{accountId}/chats/{chatId}/media",
        Access::Scope(Scope::MessagesSend),
        Effect::Write,
    )
    .rate(RateClass::Account)
    .sends()
    .header_fields(&[
        ("x-file-name", "fileName"),
        ("x-mime-type", "mimeType"),
        ("x-caption", "caption"),
        ("x-format", "format"),
        ("x-kind", "kind"),
        ("x-width", "width"),
        ("x-height", "height"),
        ("x-duration", "duration"),
        ("x-supports-streaming", "supportsStreaming"),
        ("x-title", "title"),
        ("x-performer", "performer"),
        ("x-emoji", "emoji"),
        ("x-spoiler", "spoiler"),
        ("x-reply-to", "replyTo"),
        ("x-quote", "quote"),
        ("x-topic-id", "topicId"),
        ("x-silent", "silent"),
        ("x-schedule-at", "scheduleAt"),
        ("content-length", "length"),
    ])
    .takes_bytes()
    .repetition(Repetition::OnceByTelegram);
    type Output = Message;

    in_chat!();

    leaves_out_of_what_was_done!();

    fn validate(&self) -> Result<(), Error> {
        if self.length == Some(0) {
            return Err(Error::new(Code::InvalidInput, "The body is empty: send the file's bytes"));
        }
        self.parts().map(|_| ())
    }
}

impl AccountOperation for SendMedia {
    async fn run(self, call: AccountCall) -> Result<Message, Error> {
        let (file, caption, options) = self.parts()?;
        let body = call.take_body()?;
        call.send_file(self.chat_id, (&file, body, self.length), &caption, &options).await
    }
}
