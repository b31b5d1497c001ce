//! Sending files that lie elsewhere on the web.

use percent_encoding::percent_decode_str;
use reqwest::Url;
use schemars::JsonSchema;
use serde::Deserialize;

use super::file_fields::{CaptionFields, FileFields, Spelling, is_file_name, is_mime_type};
use super::send_fields::SendFields;
use crate::account::AccountCall;
use crate::error::{Code, Error};
use crate::operation::{
    Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation, RateClass, Repetition,
};
use crate::outbound::{Fetched, read_url};
use crate::scope::Scope;
use crate::stream::byte_stream;
use crate::telegram::{ChatId, Message, OutgoingFile};

/// What a file is called whose address names none.
const NAME_DEFAULT: &str = "file";

/// Sends a file that this server fetches first, piece by piece.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SendMediaFromUrl {
    account_id: AccountReference,
    chat_id: ChatId,
    /// Where the file is: `http` or `https`, at most 2048 bytes, without a user name. The file's name is the last part of its path, and
    /// its media type what the server there tells, unless `fileName` and `mimeType` say otherwise.
    url: String,
    #[serde(flatten)]
    file: FileFields,
    #[serde(flatten)]
    caption: CaptionFields,
    #[serde(flatten)]
    send: SendFields,
}

impl SendMediaFromUrl {
    /// What is sent, by what is known of it.
    fn file(&self, url: &Url, told: Option<String>) -> Result<OutgoingFile, Error> {
        let mut fields = self.file.clone();
        fields.file_name.get_or_insert_with(|| name_in(url));
        fields.mime_type = fields.mime_type.or_else(|| told.filter(|told| is_mime_type(told)));
        fields.file(Spelling::Json)
    }
}

impl Operation for SendMediaFromUrl {
    const DECLARATION: Declaration = Declaration::new(
        "send_media_from_url",
        "Send a file that is at an address of the web: this server fetches it and hands it on as it comes.",
        Method::Post,
        "/accounts/{accountId}/chats/{chatId}/media/url",
        Access::Scope(Scope::MessagesSend),
        Effect::Write,
    )
    .rate(RateClass::Account)
    .sends()
    .fetches_file()
    .own_codes(&[Code::FetchFailed])
    .repetition(Repetition::OnceByTelegram);
    type Output = Message;

    in_chat!();

    leaves_out_of_what_was_done!();

    fn validate(&self) -> Result<(), Error> {
        let url = read_url(&self.url)?;
        // Of what kind a file is may be known only when it is there.
        if self.file.says_kind() {
            self.file(&url, None)?;
        }
        self.caption.caption(Spelling::Json)?;
        self.send.options().map(|_| ())
    }
}

impl AccountOperation for SendMediaFromUrl {
    async fn run(self, call: AccountCall) -> Result<Message, Error> {
        let (url, caption, options) = (read_url(&self.url)?, self.caption.caption(Spelling::Json)?, self.send.options()?);
        let fetched: Fetched = call.fetch(url.clone()).await?;
        let file = self.file(&url, fetched.media_type())?;
        let (sender, body) = byte_stream();
        let sending = call.send_file(self.chat_id, (&file, body, fetched.length()), &caption, &options);
        let (sent, ()) = futures::join!(sending, fetched.hand_on(sender));
        sent
    }
}

/// The last part of a URL's path, where a file may be called so.
fn name_in(url: &Url) -> String {
    let last = url.path_segments().and_then(|mut segments| segments.rfind(|segment| !segment.is_empty()));
    let name = last.and_then(|last| percent_decode_str(last).decode_utf8().ok());
    name.filter(|name| is_file_name(name)).map_or_else(|| NAME_DEFAULT.to_owned(), |name| name.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_called_as_their_addresses_end() {
        let name = |url: &str| name_in(&url.parse().unwrap());
        assert_eq!(name("https://example.org/a/b.png?c=d/e#f"), "b.png");
        assert_eq!(name("https://example.org/a/%D0%B1%20c.png"), "б c.png");
        assert_eq!(name("https://example.org/a/"), "a");
        for nameless in
            ["https://example.org", "https://example.org/a%2Fb", "https://example.org/%FF", "https://example.org/a%0Ab"]
        {
            assert_eq!(name(nameless), "file", "{nameless}");
        }
    }
}
