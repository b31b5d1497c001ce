//! The login codes that came to this account: no agent is told one, wherever it stands.

use std::sync::Arc;

use serde_json::Value;

use crate::account::AccountContext;
use crate::error::Error;
use crate::events::NewEvent;
use crate::runtime::now_secs;
use crate::shield::LoginCodes;
use crate::telegram::ChatId;
use crate::vault::{SealedBatch, Space, VaultError};

/// The one record.
const CODES: &[u8] = b"";

impl AccountContext {
    /// The codes that no agent is told.
    pub(crate) async fn login_codes(&self) -> Result<Arc<[String]>, Error> {
        Ok(self.kept_codes().await?.live(now_secs()).into())
    }

    async fn kept_codes(&self) -> Result<LoginCodes, VaultError> {
        if let Some(codes) = &*self.login_codes.borrow() {
            return Ok(codes.clone());
        }
        let codes = self.records.get::<LoginCodes>(Space::LoginCodes, CODES).await?.unwrap_or_default();
        self.login_codes.replace(Some(codes.clone()));
        Ok(codes)
    }

    /// Remembers the codes that come with events, in the commit that takes the events up, and hides from agents what tells one elsewhere.
    pub(super) async fn shield(&self, events: &mut [NewEvent], mut batch: SealedBatch) -> Result<SealedBatch, VaultError> {
        let (mut codes, now) = (self.kept_codes().await?, now_secs());
        let mut is_new = false;
        for event in events.iter().filter(|event| event.is_of(ChatId::SERVICE_MESSAGES)) {
            for name in ["text", "newText"] {
                is_new |= event.content().get(name).and_then(Value::as_str).is_some_and(|text| codes.learn(text, now));
            }
        }
        if is_new {
            batch = batch.put(Space::LoginCodes, CODES, &codes)?;
            self.login_codes.replace(Some(codes.clone()));
        }
        let live = codes.live(now);
        if !live.is_empty() {
            events.iter_mut().for_each(|event| event.shield_from(&live));
        }
        Ok(batch)
    }
}
