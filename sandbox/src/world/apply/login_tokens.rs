//! Tokens of QR logins.

use crate::world::login_token::{LoginTokenEvent, LoginTokenStage};
use crate::world::state::State;

impl State {
    pub(super) fn apply_to_login_tokens(&mut self, event: &LoginTokenEvent) {
        match event {
            LoginTokenEvent::Stored { token, login, date } => {
                let replaced = |stage: &LoginTokenStage| matches!(stage, LoginTokenStage::Shown { .. });
                self.login_tokens.retain(|known, other| {
                    other.expires > *date && (known == token || other.key != login.key || !replaced(&other.stage))
                });
                self.login_tokens.insert(token.clone(), login.clone());
            }
            LoginTokenEvent::Used { token } => {
                self.login_tokens.remove(token);
            }
        }
    }
}
