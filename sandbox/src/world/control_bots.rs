//! What the control API does in the name of bots that no program runs.

use grammers_tl_types::{self as tl, Serializable};

use super::World;
use super::buttons::{ButtonAnswer, Markup};
use super::ids::{HexBytes, PeerId};
use super::state::State;
use crate::control::{BotAnswer, ControlError, NewButton};

/// Buttons that one message may have.
const BUTTONS_MAX: usize = 100;

impl World {
    pub(super) fn prepare(&self, bot: i64, answer: Option<BotAnswer>) -> Result<(), ControlError> {
        let mut live = self.lock();
        if !live.state.bots.contains_key(&bot) {
            return Err(ControlError::NotFound("bot: there is no such bot".into()));
        }
        let answer = answer.map(|BotAnswer { message, alert, url }| ButtonAnswer { message, alert, url, cache_time: 0 });
        live.presses.prepare(bot, answer);
        Ok(())
    }
}

/// A bot by its username.
pub(super) fn known_bot(state: &State, field: &str, name: &str) -> Result<i64, ControlError> {
    match state.peer_by_username(name) {
        Some(PeerId::User(id)) if state.bots.contains_key(&id) => Ok(id),
        _ => Err(ControlError::NotFound(format!("{field}: no bot has this username"))),
    }
}

/// The buttons that a bot sends.
pub(super) fn markup(state: &State, bot: i64, rows: &[Vec<NewButton>]) -> Result<Option<Markup>, ControlError> {
    if rows.is_empty() {
        return Ok(None);
    }
    let invalid = |why: &str| ControlError::Invalid(format!("buttons: {why}"));
    if !state.bots.contains_key(&bot) {
        return Err(invalid("only bots send them"));
    }
    if rows.iter().map(Vec::len).sum::<usize>() > BUTTONS_MAX {
        return Err(invalid("at most a hundred"));
    }
    let mut raw = Vec::new();
    for row in rows {
        let buttons: Option<Vec<_>> = row.iter().map(button).collect();
        let buttons = buttons.ok_or_else(|| invalid("each has a text, and one of data, url and copy"))?;
        raw.push(tl::types::KeyboardInlineButtonRow { buttons }.into());
    }
    let markup: tl::enums::ReplyMarkup = tl::types::ReplyInlineMarkup { force_reply: false, rows: raw }.into();
    Ok(Some(Markup { bot, bytes: HexBytes(markup.to_bytes()) }))
}

fn button(asked: &NewButton) -> Option<tl::enums::KeyboardInlineButton> {
    let NewButton { text, data, url, copy } = asked.clone();
    let r#type = match (data, url, copy) {
        (Some(data), None, None) => {
            tl::types::InlineButtonTypeCallback { requires_password: false, data: data.into_bytes() }.into()
        }
        (None, Some(url), None) => tl::types::InlineButtonTypeUrl { url }.into(),
        (None, None, Some(copy_text)) => tl::types::InlineButtonTypeCopy { copy_text }.into(),
        _ => return None,
    };
    Some(tl::types::KeyboardInlineButton { style: None, text, r#type }.into()).filter(|_| !asked.text.is_empty())
}
