//! What the control API does about bots and logins.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::World;
use super::bot::{Bot, NewBot as BotMade};
use super::control::{Outcome, change, check_free, known_user, name, username};
use super::event::{Event, NewUser};
use super::live::Transaction;
use crate::control::{ChatKind, ControlError, CreatedBot, NewBot, ScannedToken, Settings};
use crate::methods::call::Call;
use crate::methods::login_tokens::accept;
use crate::rpc::SessionAddress;

/// The seconds that a token of a QR login may stand.
const LOGIN_TOKEN_SECS: std::ops::RangeInclusive<i32> = 1..=3_600;
const CALL_TIMEOUT_MS: std::ops::RangeInclusive<i32> = 1..=600_000;
const BOT_ANSWER_MS: std::ops::RangeInclusive<u64> = 1..=60_000;
/// The characters of a bot's token after its id and the colon.
const BOT_SECRET_CHARS: usize = 35;

impl World {
    pub(super) fn add_bot(&self, bot: NewBot) -> Outcome<CreatedBot> {
        let first_name = name("firstName", &bot.first_name)?;
        let username = username(&bot.username)?;
        let mut secret = [0; BOT_SECRET_CHARS];
        getrandom::fill(&mut secret).map_err(|error| ControlError::Failed(error.to_string()))?;
        let secret: String = hex::encode(secret).chars().take(BOT_SECRET_CHARS).collect();
        let mut live = self.lock();
        check_free(&live.state, Some(&username), ChatKind::Channel)?;
        let id = live.state.last.user + 1;
        let token = format!("{id}:{secret}");
        let user = NewUser {
            id: None,
            phone: String::new(),
            first_name,
            last_name: String::new(),
            username: Some(username.clone()),
            dc_id: self.datacentres.home_dc_id,
        };
        let made = BotMade { user, bot: Bot { token: token.clone() } };
        let written = change(&mut live, vec![Event::BotCreated(made)]);
        Ok((CreatedBot { id, username, token }, written))
    }

    pub(super) fn scan_token(&self, scanned: &ScannedToken) -> Outcome<()> {
        let token = scanned.url.strip_prefix("tg://login?token=").and_then(|token| URL_SAFE_NO_PAD.decode(token).ok());
        let token = token.ok_or_else(|| ControlError::Invalid("url: must be tg://login?token=…".into()))?;
        let mut live = self.lock();
        let user = known_user(&live.state, "user", &scanned.user)?;
        let (user_id, dc_id) = (user.id, user.dc_id);
        let session = SessionAddress { dc_id, auth_key_id: 0, session_id: 0 };
        let (datacentres, files, now) = (&self.datacentres, &self.files, live.now());
        let transaction = Transaction::default();
        let mut call = Call { live: &mut live, datacentres, files, session, now, transaction, later: None };
        accept(&mut call, &token, user_id).map_err(|error| ControlError::Conflict(format!("url: {}", error.message)))?;
        let transaction = call.transaction;
        Ok(((), live.finish(transaction)))
    }

    pub(super) fn set(&self, settings: Settings) -> Result<(), ControlError> {
        if settings.login_token_secs.is_some_and(|seconds| !LOGIN_TOKEN_SECS.contains(&seconds)) {
            return Err(ControlError::Invalid("loginTokenSecs: must be 1 to 3600".into()));
        }
        let all = settings.call_timeouts.map(|timeouts| [timeouts.receive_ms, timeouts.ring_ms, timeouts.connect_ms]);
        if all.into_iter().flatten().any(|millis| !CALL_TIMEOUT_MS.contains(&millis)) {
            return Err(ControlError::Invalid("callTimeouts: each must be 1 to 600000".into()));
        }
        if settings.bot_answer_ms.is_some_and(|millis| !BOT_ANSWER_MS.contains(&millis)) {
            return Err(ControlError::Invalid("botAnswerMs: must be 1 to 60000".into()));
        }
        let set = &mut self.lock().settings;
        set.bot_answer_ms = settings.bot_answer_ms.unwrap_or(set.bot_answer_ms);
        set.login_token_secs = settings.login_token_secs.unwrap_or(set.login_token_secs);
        set.call_timeouts = settings.call_timeouts.unwrap_or(set.call_timeouts);
        Ok(())
    }
}
