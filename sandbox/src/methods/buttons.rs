//! Buttons: bots put them under their messages, people press them, and bots answer.

use std::time::Duration;

use grammers_tl_types as tl;
use grammers_tl_types::Serializable;
use sha2::{Digest, Sha256};

use super::call::Call;
use super::error::RpcError;
use super::messages::{find, new_id};
use super::topics::check_open;
use crate::rpc::RpcOutcome;
use crate::world::buttons::{ButtonAnswer, ButtonEvent, Markup, Pressed};
use crate::world::event::{Event, NewMessage};
use crate::world::ids::{HexBytes, PeerId};

/// How many rows and buttons a message may have, and how many bytes a button's data.
const ROWS_MAX: usize = 100;
const BUTTONS_MAX: usize = 100;
const DATA_BYTES: std::ops::RangeInclusive<usize> = 1..=64;
/// The longest text and the longest address of a button, in characters.
const TEXT_CHARS_MAX: usize = 256;
const URL_CHARS_MAX: usize = 2_048;
/// The longest text of an answer, in characters.
const ANSWER_CHARS_MAX: usize = 200;

/// The buttons that a bot sends a message with. Those of anybody else are passed over.
///
/// # Errors
/// `BUTTON_DATA_INVALID` and its kin.
pub fn markup(call: &Call<'_>, asked: Option<tl::enums::ReplyMarkup>) -> Result<Option<Markup>, RpcError> {
    let bot = call.user_id()?;
    let Some(asked) = asked.filter(|_| call.state().bots.contains_key(&bot)) else { return Ok(None) };
    if let tl::enums::ReplyMarkup::ReplyInlineMarkup(inline) = &asked {
        let rows = inline.rows.iter().map(|tl::enums::KeyboardInlineButtonRow::Row(row)| &row.buttons);
        let buttons: Vec<_> = rows.flatten().collect();
        if buttons.is_empty() {
            return Ok(None);
        }
        if inline.rows.len() > ROWS_MAX || buttons.len() > BUTTONS_MAX {
            return Err(RpcError::bad_request("REPLY_MARKUP_TOO_LONG"));
        }
        buttons.into_iter().try_for_each(check)?;
    }
    Ok(Some(Markup { bot, bytes: HexBytes(asked.to_bytes()) }))
}

fn check(button: &tl::enums::KeyboardInlineButton) -> Result<(), RpcError> {
    use tl::enums::InlineButtonType as Type;
    let tl::enums::KeyboardInlineButton::Button(button) = button;
    if button.text.trim().is_empty() || button.text.chars().count() > TEXT_CHARS_MAX {
        return Err(RpcError::bad_request("BUTTON_TEXT_INVALID"));
    }
    match &button.r#type {
        Type::Callback(callback) if !DATA_BYTES.contains(&callback.data.len()) => {
            Err(RpcError::bad_request("BUTTON_DATA_INVALID"))
        }
        Type::Url(url) if !is_address(&url.url) => Err(RpcError::bad_request("BUTTON_URL_INVALID")),
        Type::Callback(_) | Type::Url(_) | Type::Copy(_) | Type::SwitchInline(_) => Ok(()),
        // What else there is needs more than a message: payments, games, the bot's own pages.
        _ => Err(RpcError::bad_request("BUTTON_TYPE_INVALID")),
    }
}

fn is_address(url: &str) -> bool {
    let known = ["https://", "http://", "tg://"].iter().any(|scheme| url.len() > scheme.len() && url.starts_with(scheme));
    known && url.chars().count() <= URL_CHARS_MAX && !url.contains(char::is_whitespace)
}

/// Sends a bot's message with buttons.
///
/// # Errors
/// `SCHEDULE_BOT_NOT_ALLOWED`, `TOPIC_CLOSED` or `TOPIC_DELETED`.
pub fn send(
    call: &mut Call<'_>,
    new: NewMessage,
    markup: Markup,
    schedule_date: Option<i32>,
) -> Result<tl::enums::Updates, RpcError> {
    if schedule_date.is_some() {
        return Err(RpcError::bad_request("SCHEDULE_BOT_NOT_ALLOWED"));
    }
    check_open(call, new.from, new.peer, new.reply_to)?;
    let random_id = new.random_id;
    let notices = call.change(Event::Button(ButtonEvent::Sent { message: Box::new(new), markup }));
    let named = new_id(&notices).zip(random_id);
    let named = named.map(|(id, random_id)| tl::types::UpdateMessageId { id, random_id }.into());
    call.answer(named, &notices)
}

/// `messages.getBotCallbackAnswer`: presses a button; its answer comes when its bot gives one.
pub fn get_bot_callback_answer(
    call: &mut Call<'_>,
    request: tl::functions::messages::GetBotCallbackAnswer,
) -> Result<tl::enums::messages::BotCallbackAnswer, RpcError> {
    let user_id = call.user_id()?;
    let peer = call.peer(&request.peer)?;
    let message = find(call, peer, request.msg_id).ok_or(RpcError::bad_request("MESSAGE_ID_INVALID"))?;
    let shared_id = message.shared_id;
    let markup = call.state().markups.get(shared_id).cloned().ok_or(RpcError::bad_request("MESSAGE_ID_INVALID"))?;
    let data = request.data.filter(|_| !request.game).ok_or(RpcError::bad_request("DATA_INVALID"))?;
    let wants_password = markup.callback(&data).ok_or(RpcError::bad_request("DATA_INVALID"))?;
    if wants_password && request.password.is_none() {
        return Err(RpcError::bad_request("PASSWORD_MISSING"));
    }
    if let Some(answer) = call.live.presses.prepared(markup.bot) {
        return Ok(told(answer.clone()));
    }
    let (query_id, answered) = call.live.presses.wait(markup.bot);
    let bot = markup.bot;
    let (peer, message_id) = match peer {
        PeerId::Channel(_) => (peer, request.msg_id),
        PeerId::User(_) | PeerId::Chat(_) => {
            let copy = call.state().copies.get(&shared_id).into_iter().flatten().find(|copy| copy.owner == bot);
            let message_id = copy.map_or(0, |copy| copy.message_id);
            (if matches!(peer, PeerId::User(_)) { PeerId::User(user_id) } else { peer }, message_id)
        }
    };
    call.tell_bot(bot, Pressed { query_id, user_id, peer, message_id }, data);
    let patience = Duration::from_millis(call.live.settings.bot_answer_ms);
    call.later = Some(Box::pin(async move {
        match tokio::time::timeout(patience, answered).await {
            Ok(Ok(answer)) => RpcOutcome::Result(told(answer).to_bytes()),
            _ => RpcError::bad_request("BOT_RESPONSE_TIMEOUT").into(),
        }
    }));
    Ok(told(ButtonAnswer::default()))
}

fn told(answer: ButtonAnswer) -> tl::enums::messages::BotCallbackAnswer {
    let ButtonAnswer { message, alert, url, cache_time } = answer;
    tl::types::messages::BotCallbackAnswer { alert, has_url: url.is_some(), native_ui: true, message, url, cache_time }.into()
}

/// `messages.setBotCallbackAnswer`: a bot answers a press.
pub fn set_bot_callback_answer(
    call: &mut Call<'_>,
    request: tl::functions::messages::SetBotCallbackAnswer,
) -> Result<bool, RpcError> {
    let bot = call.user_id()?;
    if !call.state().bots.contains_key(&bot) {
        return Err(RpcError::bad_request("USER_BOT_REQUIRED"));
    }
    if request.message.as_ref().is_some_and(|message| message.chars().count() > ANSWER_CHARS_MAX) {
        return Err(RpcError::bad_request("MESSAGE_TOO_LONG"));
    }
    if request.url.as_ref().is_some_and(|url| !is_address(url)) {
        return Err(RpcError::bad_request("URL_INVALID"));
    }
    let answer = ButtonAnswer {
        message: request.message.filter(|message| !message.is_empty()),
        alert: request.alert,
        url: request.url,
        cache_time: request.cache_time,
    };
    if !call.live.presses.answer(bot, request.query_id, answer) {
        return Err(RpcError::bad_request("QUERY_ID_INVALID"));
    }
    Ok(true)
}

impl Call<'_> {
    /// Tells a bot that one of its buttons was pressed. It is not kept: what the bot misses, it misses.
    fn tell_bot(&mut self, bot: i64, pressed: Pressed, data: Vec<u8>) {
        let mut view = crate::world::view::View::new(self.state(), bot);
        view.mention(PeerId::User(pressed.user_id));
        let peer = view.mention(pressed.peer);
        let instance = Sha256::digest(format!("{bot} {:?}", pressed.peer));
        let update = tl::types::UpdateBotCallbackQuery {
            query_id: pressed.query_id,
            user_id: pressed.user_id,
            peer,
            msg_id: pressed.message_id,
            chat_instance: instance.first_chunk().map_or(0, |bytes| i64::from_le_bytes(*bytes)),
            data: Some(data),
            game_short_name: None,
        };
        let updates = view.envelope(vec![update.into()], self.now);
        let except = Some(self.session);
        self.live.push(&mut self.transaction, bot, except, &updates);
    }
}
