//! How updates are asked for: beside the account's other calls, so that none of them holds these up, yet never while Telegram asks to wait.

use grammers_client::Client;
use grammers_tl_types::{Identifiable, RemoteCall, name_for_id};

use super::super::{FloodControl, TelegramError};

/// A line to Telegram for one question after the other.
#[derive(Clone)]
pub(in super::super) struct Line {
    pub(in super::super) client: Client,
    pub(in super::super) flood: FloodControl,
}

impl Line {
    /// Asks.
    pub(super) async fn invoke<R: RemoteCall + Identifiable>(&self, request: &R) -> Result<R::Return, TelegramError> {
        let asking = async { Ok(self.client.invoke(request).await?) };
        self.flood.call_beside(name_for_id(R::CONSTRUCTOR_ID), asking).await
    }
}
