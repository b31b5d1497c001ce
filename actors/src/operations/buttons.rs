//! Buttons under messages.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::messages::valid_message_id;
use crate::account::AccountCall;
use crate::error::{Code, Error};
use crate::operation::{
    Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation, RateClass, Repetition,
};
use crate::scope::Scope;
use crate::telegram::{Button, ButtonAnswer, ButtonKind, ChatId, NewButton, NewButtonAction};

/// Telegram's own limits: rows, buttons of a row and of a message, characters of a text, bytes of data, characters of an address.
const ROWS_MAX: usize = 50;
const ROW_BUTTONS_MAX: usize = 8;
const BUTTONS_MAX: usize = 100;
const TEXT_CHARS_MAX: usize = 64;
const DATA_BYTES_MAX: usize = 64;
const URL_CHARS_MAX: usize = 2_048;

/// The buttons of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ButtonPage {
    /// The buttons, in the order in which they are shown.
    items: Vec<Button>,
    /// Always `null`: all buttons are told at once.
    next_cursor: Option<String>,
}

/// Lists the buttons of a message.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListButtons {
    account_id: AccountReference,
    chat_id: ChatId,
    message_id: i32,
}

impl Operation for ListButtons {
    const DECLARATION: Declaration = Declaration::new(
        "list_buttons",
        "List the buttons under a message, and what each does when it is pressed.",
        Method::Get,
        "/accounts/{accountId}/chats/{chatId}/messages/{messageId}/buttons",
        Access::Scope(Scope::MessagesRead),
        Effect::Read,
    );
    type Output = ButtonPage;

    in_chat!();

    fn validate(&self) -> Result<(), Error> {
        valid_message_id("messageId", self.message_id)
    }
}

impl AccountOperation for ListButtons {
    async fn run(self, call: AccountCall) -> Result<ButtonPage, Error> {
        Ok(ButtonPage { items: call.buttons(self.chat_id, self.message_id).await?, next_cursor: None })
    }
}

/// Presses a button.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PressButton {
    account_id: AccountReference,
    chat_id: ChatId,
    message_id: i32,
    /// The button's place, as it is listed. At least one of `index` and `text` is given; both must be of the same button.
    #[serde(default)]
    index: Option<usize>,
    /// What is written on the button.
    #[serde(default)]
    text: Option<String>,
}

impl PressButton {
    /// The one button that is meant.
    fn chosen(&self, buttons: Vec<Button>) -> Result<Button, Error> {
        let (field, named) = if self.text.is_some() { ("text", "this text") } else { ("index", "this index") };
        let meant = |button: &Button| {
            self.index.is_none_or(|index| button.index == index) && self.text.as_ref().is_none_or(|text| button.text == *text)
        };
        let mut found = buttons.into_iter().filter(meant);
        let button = found.next().ok_or_else(|| Error::invalid(field, format!("the message has no button with {named}")))?;
        match found.next() {
            Some(_) => Err(Error::invalid("text", "several buttons have this text: give the index too")),
            None => check_pressable(button),
        }
    }
}

/// Refuses a button that does more than to ask its bot.
fn check_pressable(button: Button) -> Result<Button, Error> {
    let why = match button.kind {
        ButtonKind::Callback if button.needs_password => "it wants the person's two-factor password, which is never given here",
        ButtonKind::Callback => return Ok(button),
        ButtonKind::Url | ButtonKind::LoginUrl => "it opens a page: its url is listed, and is not opened here",
        ButtonKind::WebApp => "it opens a page inside of Telegram, which is not done here",
        ButtonKind::SwitchInline => "it begins a query to the bot in a chat, which is not done here",
        ButtonKind::Game => "it begins a game, which is not done here",
        ButtonKind::Buy => "it pays, which is never done here",
        ButtonKind::UserProfile => "it opens a profile: the user is listed",
        ButtonKind::CopyText => "it copies a text: the text is listed",
        ButtonKind::Disabled => "it cannot be pressed now",
        ButtonKind::Text => "it sends its text: send that as a message",
        ButtonKind::RequestPhone => "it gives the bot the person's phone number, which is never done here",
        ButtonKind::RequestLocation => "it tells the bot where the person is, which is never done here",
        ButtonKind::RequestPoll => "it makes a poll: send one",
        ButtonKind::RequestPeer => "it tells the bot of a chat or a person, which is not done here",
        ButtonKind::Other => "what it does is not known here",
    };
    Err(Error::new(Code::Conflict, format!("The button cannot be pressed: {why}")))
}

impl Operation for PressButton {
    const DECLARATION: Declaration = Declaration::new(
        "press_button",
        "Press a button that asks its bot, and tell what the bot answers. No other button is pressed.",
        Method::Post,
        "/accounts/{accountId}/chats/{chatId}/messages/{messageId}/buttons",
        Access::Scope(Scope::MessagesSend),
        Effect::Write,
    )
    .rate(RateClass::Account)
    .repetition(Repetition::Never);
    type Output = ButtonAnswer;

    in_chat!();

    // Its answer tells of what others wrote or did there.
    fn reads(&self) -> Vec<ChatId> {
        self.chats()
    }

    fn validate(&self) -> Result<(), Error> {
        valid_message_id("messageId", self.message_id)?;
        if self.index.is_none() && self.text.is_none() {
            return Err(Error::invalid("index", "give at least one of index and text"));
        }
        if self.index.is_some_and(|index| index >= BUTTONS_MAX) {
            return Err(Error::invalid("index", format!("must be less than {BUTTONS_MAX}")));
        }
        if self.text.as_ref().is_some_and(|text| text.chars().count() > URL_CHARS_MAX) {
            return Err(Error::invalid("text", format!("must have at most {URL_CHARS_MAX} characters")));
        }
        Ok(())
    }
}

impl AccountOperation for PressButton {
    async fn run(self, call: AccountCall) -> Result<ButtonAnswer, Error> {
        let button = self.chosen(call.buttons(self.chat_id, self.message_id).await?)?;
        call.press_button(self.chat_id, self.message_id, &button).await
    }
}

/// A button under a message that a bot sends: with `data` it asks the bot, with `url` it opens a page.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ButtonToSend {
    /// What is written on it: 1 to 64 characters.
    text: String,
    /// What the bot is told when it is pressed: 1 to 64 bytes. Either this or `url`.
    #[serde(default)]
    data: Option<String>,
    /// The page that it opens: an address that begins with `https://`, `http://` or `tg://`.
    #[serde(default)]
    url: Option<String>,
}

impl ButtonToSend {
    fn read(&self) -> Result<NewButton, &'static str> {
        if !(1..=TEXT_CHARS_MAX).contains(&self.text.trim().chars().count()) {
            return Err("a button's text must have 1 to 64 characters");
        }
        let action = match (&self.data, &self.url) {
            (Some(data), None) if (1..=DATA_BYTES_MAX).contains(&data.len()) => {
                NewButtonAction::Callback(data.clone().into_bytes())
            }
            (Some(_), None) => return Err("a button's data must have 1 to 64 bytes"),
            (None, Some(url)) if is_address(url) => NewButtonAction::Url(url.clone()),
            (None, Some(_)) => return Err("a button's url must be an address that begins with https://, http:// or tg://"),
            _ => return Err("a button must have either data or url"),
        };
        Ok(NewButton { text: self.text.trim().to_owned(), action })
    }
}

fn is_address(url: &str) -> bool {
    let has_scheme = ["https://", "http://", "tg://"].iter().any(|scheme| url.len() > scheme.len() && url.starts_with(scheme));
    has_scheme && url.chars().count() <= URL_CHARS_MAX && !url.chars().any(|symbol| symbol.is_whitespace() || symbol.is_control())
}

/// Rows of buttons that a bot may send.
pub(super) fn rows(rows: &[Vec<ButtonToSend>]) -> Result<Vec<Vec<NewButton>>, Error> {
    let invalid = |rule: String| Error::invalid("buttons", rule);
    let count: usize = rows.iter().map(Vec::len).sum();
    if rows.len() > ROWS_MAX || count > BUTTONS_MAX {
        return Err(invalid(format!("must be at most {ROWS_MAX} rows with {BUTTONS_MAX} buttons in all")));
    }
    if rows.iter().any(|row| !(1..=ROW_BUTTONS_MAX).contains(&row.len())) {
        return Err(invalid(format!("each row must have 1 to {ROW_BUTTONS_MAX} buttons")));
    }
    let mut read = Vec::new();
    for (row, buttons) in rows.iter().enumerate() {
        let mut line = Vec::new();
        for (place, button) in buttons.iter().enumerate() {
            line.push(button.read().map_err(|rule| Error::invalid(&format!("buttons[{row}][{place}]"), rule))?);
        }
        read.push(line);
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(index: Option<usize>, text: Option<&str>) -> PressButton {
        let arguments = serde_json::json!({ "accountId": "x", "chatId": 1, "messageId": 1, "index": index, "text": text });
        serde_json::from_value(arguments).unwrap()
    }

    fn button(index: usize, text: &str, kind: ButtonKind) -> Button {
        let (url, data, value, user_id) = (None, None, None, None);
        Button { index, row: 0, text: text.into(), kind, url, data, value, user_id, needs_password: false }
    }

    #[test]
    fn a_button_is_named_by_its_place_or_its_text() {
        use ButtonKind::{Buy, Callback, Url};
        let buttons = || {
            vec![
                button(0, "yes", Callback),
                button(1, "no", Callback),
                button(2, "no", Callback),
                button(3, "pay", Buy),
                button(4, "see", Url),
            ]
        };
        assert_eq!(press(Some(1), None).chosen(buttons()).unwrap().index, 1);
        assert_eq!(press(None, Some("yes")).chosen(buttons()).unwrap().index, 0);
        assert_eq!(press(Some(2), Some("no")).chosen(buttons()).unwrap().index, 2);
        for (index, text, field) in [(None, Some("no"), "text"), (Some(0), Some("no"), "text"), (Some(9), None, "index")] {
            assert_eq!(press(index, text).chosen(buttons()).unwrap_err().field(), Some(field));
        }
        for index in [3, 4] {
            assert_eq!(press(Some(index), None).chosen(buttons()).unwrap_err().code(), Code::Conflict);
        }
    }

    #[test]
    fn a_button_to_send_does_one_thing() {
        let read = |button: serde_json::Value| rows(&[vec![serde_json::from_value(button).unwrap()]]);
        assert!(read(serde_json::json!({ "text": "yes", "data": "1" })).is_ok());
        assert!(read(serde_json::json!({ "text": "see", "url": "https://example.org/a" })).is_ok());
        for unfit in [
            serde_json::json!({ "text": " ", "data": "1" }),
            serde_json::json!({ "text": "yes" }),
            serde_json::json!({ "text": "yes", "data": "" }),
            serde_json::json!({ "text": "yes", "data": "x".repeat(65) }),
            serde_json::json!({ "text": "yes", "data": "1", "url": "https://example.org" }),
            serde_json::json!({ "text": "yes", "url": "javascript:alert(1)" }),
            serde_json::json!({ "text": "yes", "url": "https://exam ple.org" }),
        ] {
            assert_eq!(read(unfit).unwrap_err().field(), Some("buttons[0][0]"));
        }
        assert_eq!(rows(&[Vec::new()]).unwrap_err().field(), Some("buttons"));
    }
}
