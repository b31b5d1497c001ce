//! Buttons under messages: what there is to press, pressing it, and what bots send theirs with.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use grammers_tl_types::{enums, functions, types};
use schemars::JsonSchema;
use serde::Serialize;

use super::types::is_false;
use super::{ChatId, Connection, TelegramError};

/// What happens when a button is pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ButtonKind {
    /// The bot is asked. Only these can be pressed here.
    Callback,
    /// A page is opened.
    Url,
    /// A page is opened to which Telegram tells who the person is.
    LoginUrl,
    /// A page of the bot's is opened inside of Telegram.
    WebApp,
    /// A query to the bot is begun, here or in another chat.
    SwitchInline,
    /// A game begins.
    Game,
    /// Something is paid.
    Buy,
    /// A person's profile is opened.
    UserProfile,
    /// A text is copied.
    CopyText,
    /// Nothing: it cannot be pressed now.
    Disabled,
    /// Its text is sent to the chat.
    Text,
    /// The person's phone number is sent.
    RequestPhone,
    /// Where the person is is sent.
    RequestLocation,
    /// A poll is made and sent.
    RequestPoll,
    /// A chat or a person is chosen and told to the bot.
    RequestPeer,
    /// Something else.
    Other,
}

/// A button.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Button {
    /// Its place among the message's buttons, beginning with 0.
    pub index: usize,
    /// Its row, beginning with 0.
    pub row: usize,
    /// What is written on it.
    pub text: String,
    /// What happens when it is pressed.
    pub kind: ButtonKind,
    /// The page that it opens. It is nobody's promise that the page is harmless.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What the bot is told, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// The text that it copies, or the query that it begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The person whose profile it opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<i64>,
    /// Whether Telegram wants the person's two-factor password for it, which is never given here.
    #[serde(skip_serializing_if = "is_false")]
    pub needs_password: bool,
}

impl Button {
    fn of(text: &str, kind: ButtonKind) -> Self {
        let text = text.to_owned();
        Self { index: 0, row: 0, text, kind, url: None, data: None, value: None, user_id: None, needs_password: false }
    }

    /// What the bot is told when it is pressed.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        self.data.as_ref().and_then(|data| STANDARD.decode(data).ok())
    }
}

/// What a bot answered to a button.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ButtonAnswer {
    /// What it tells.
    pub message: Option<String>,
    /// Whether it is to be seen before anything else is done.
    pub is_alert: bool,
    /// A page that it wants opened. It was not opened.
    pub url: Option<String>,
}

/// A button that a bot sends a message with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewButton {
    /// What is written on it.
    pub text: String,
    /// What happens when it is pressed.
    pub action: NewButtonAction,
}

/// What a bot's button does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewButtonAction {
    /// The bot is told this.
    Callback(Vec<u8>),
    /// This page is opened.
    Url(String),
}

/// Rows of buttons as Telegram is sent them; nothing for none.
pub(super) fn markup(rows: &[Vec<NewButton>]) -> Option<enums::ReplyMarkup> {
    let button = |button: &NewButton| {
        let r#type = match &button.action {
            NewButtonAction::Callback(data) => {
                types::InlineButtonTypeCallback { requires_password: false, data: data.clone() }.into()
            }
            NewButtonAction::Url(url) => types::InlineButtonTypeUrl { url: url.clone() }.into(),
        };
        types::KeyboardInlineButton { style: None, text: button.text.clone(), r#type }.into()
    };
    let row = |row: &Vec<NewButton>| types::KeyboardInlineButtonRow { buttons: row.iter().map(button).collect() }.into();
    let rows: Vec<_> = rows.iter().map(row).collect();
    (!rows.is_empty()).then(|| types::ReplyInlineMarkup { force_reply: false, rows }.into())
}

fn inline(raw: &types::KeyboardInlineButton) -> Button {
    use enums::InlineButtonType as Type;
    let of = |kind| Button::of(&raw.text, kind);
    match &raw.r#type {
        Type::Callback(callback) => {
            let data = Some(STANDARD.encode(&callback.data));
            Button { data, needs_password: callback.requires_password, ..of(ButtonKind::Callback) }
        }
        Type::Url(page) => Button { url: Some(page.url.clone()), ..of(ButtonKind::Url) },
        Type::UrlAuth(page) => Button { url: Some(page.url.clone()), ..of(ButtonKind::LoginUrl) },
        Type::WebView(page) => Button { url: Some(page.url.clone()), ..of(ButtonKind::WebApp) },
        Type::SwitchInline(inline) => Button { value: Some(inline.query.clone()), ..of(ButtonKind::SwitchInline) },
        Type::Game => of(ButtonKind::Game),
        Type::Buy => of(ButtonKind::Buy),
        Type::UserProfile(profile) => Button { user_id: Some(profile.user_id), ..of(ButtonKind::UserProfile) },
        Type::Copy(copied) => Button { value: Some(copied.copy_text.clone()), ..of(ButtonKind::CopyText) },
        Type::Disabled => of(ButtonKind::Disabled),
        _ => of(ButtonKind::Other),
    }
}

fn keyboard(raw: &types::KeyboardButton) -> Button {
    use enums::ButtonType as Type;
    let of = |kind| Button::of(&raw.text, kind);
    match &raw.r#type {
        Type::Default => of(ButtonKind::Text),
        Type::RequestPhone => of(ButtonKind::RequestPhone),
        Type::RequestGeoLocation => of(ButtonKind::RequestLocation),
        Type::RequestPoll(_) => of(ButtonKind::RequestPoll),
        Type::RequestPeer(_) => of(ButtonKind::RequestPeer),
        Type::SimpleWebView(page) => Button { url: Some(page.url.clone()), ..of(ButtonKind::WebApp) },
        _ => of(ButtonKind::Other),
    }
}

/// The buttons of a message, in the order in which they are shown.
fn buttons(markup: Option<&enums::ReplyMarkup>) -> Vec<Button> {
    let rows: Vec<Vec<Button>> = match markup {
        Some(enums::ReplyMarkup::ReplyInlineMarkup(markup)) => {
            let rows = markup.rows.iter().map(|enums::KeyboardInlineButtonRow::Row(row)| &row.buttons);
            rows.map(|row| row.iter().map(|enums::KeyboardInlineButton::Button(raw)| inline(raw)).collect()).collect()
        }
        Some(enums::ReplyMarkup::ReplyKeyboardMarkup(markup)) => {
            let rows = markup.rows.iter().map(|enums::KeyboardButtonRow::Row(row)| &row.buttons);
            rows.map(|row| row.iter().map(|enums::KeyboardButton::Button(raw)| keyboard(raw)).collect()).collect()
        }
        _ => Vec::new(),
    };
    let placed = rows.into_iter().enumerate().flat_map(|(row, buttons)| buttons.into_iter().map(move |button| (row, button)));
    placed.enumerate().map(|(index, (row, button))| Button { index, row, ..button }).collect()
}

impl Connection {
    /// The buttons of a message.
    ///
    /// # Errors
    /// [`TelegramError::MessageNotFound`], [`TelegramError::ChatNotFound`], or what any call can meet.
    pub async fn buttons(&self, chat: ChatId, message_id: i32) -> Result<Vec<Button>, TelegramError> {
        Ok(match self.raw_message(chat, message_id).await? {
            enums::Message::Message(message) => buttons(message.reply_markup.as_ref()),
            _ => Vec::new(),
        })
    }

    /// Tells a bot that a button of its message was pressed, and waits for what it answers.
    ///
    /// # Errors
    /// `DATA_INVALID` for a button that is not there any more, `BOT_RESPONSE_TIMEOUT`, [`TelegramError::MessageNotFound`], or what any call
    /// can meet.
    pub async fn press_button(&self, chat: ChatId, message_id: i32, data: Vec<u8>) -> Result<ButtonAnswer, TelegramError> {
        let request = functions::messages::GetBotCallbackAnswer {
            game: false,
            peer: self.input_peer(chat).await?,
            msg_id: message_id,
            data: Some(data),
            password: None,
        };
        let enums::messages::BotCallbackAnswer::Answer(answer) = self.invoke(&request).await?;
        let message = answer.message.filter(|message| !message.is_empty());
        Ok(ButtonAnswer { message, is_alert: answer.alert, url: answer.url })
    }

    /// Whether the account is a bot's.
    ///
    /// # Errors
    /// What any call can meet.
    pub async fn is_bot(&self) -> Result<bool, TelegramError> {
        let found = self.invoke(&functions::users::GetUsers { id: vec![enums::InputUser::UserSelf] }).await?;
        Ok(found.iter().any(|user| matches!(user, enums::User::User(user) if user.bot)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buttons_are_counted_over_their_rows() {
        let callback = |text: &str| NewButton { text: text.into(), action: NewButtonAction::Callback(b"\x00x".to_vec()) };
        let page = NewButton { text: "page".into(), action: NewButtonAction::Url("https://example.org".into()) };
        let markup = markup(&[vec![callback("yes"), page], vec![callback("no")]]);
        let found = buttons(markup.as_ref());
        let places: Vec<_> = found.iter().map(|button| (button.index, button.row, button.text.as_str(), button.kind)).collect();
        let expected = [(0, 0, "yes", ButtonKind::Callback), (1, 0, "page", ButtonKind::Url), (2, 1, "no", ButtonKind::Callback)];
        assert_eq!(places, expected);
        assert_eq!((found[0].bytes(), found[1].bytes()), (Some(b"\x00x".to_vec()), None));
        assert_eq!(found[1].url.as_deref(), Some("https://example.org"));
        assert!(buttons(None).is_empty());
    }
}
