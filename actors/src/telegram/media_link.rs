//! One connection for files: a socket of its own, which carries one call after the other.
//!
//! It is not one of a pool of grammers, because those compress whatever they send, twice where it does not fit: files are compressed
//! already, and the time that this takes would be most of an upload's.

use std::time::Duration;

use grammers_mtproto::mtp::Encrypted;
use grammers_mtproto::transport::Full;
use grammers_mtsender::{Sender, ServerAddr, connect};
use grammers_tl_types::{LAYER, RemoteCall, functions};

use super::{Device, TelegramError};

/// How long one call may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);

/// What a new connection says of itself.
#[derive(Clone, Debug)]
pub(super) struct Greeting {
    pub(super) api_id: i32,
    pub(super) device: Device,
}

/// An open connection.
pub(super) struct MediaLink {
    pub(super) dc_id: i32,
    sender: Sender<Full, Encrypted>,
}

impl MediaLink {
    /// Connects with an auth key.
    pub(super) async fn open(
        dc_id: i32,
        address: ServerAddr,
        auth_key: [u8; 256],
        greeting: Greeting,
    ) -> Result<Self, TelegramError> {
        let opening = async {
            let protocol = Encrypted::build().compression_threshold(None).finish(auth_key);
            let sender = Sender::connect(Full::new(), protocol, address).await.map_err(grammers_mtsender::InvocationError::Io)?;
            let mut link = Self { dc_id, sender };
            link.sender.invoke(&greeting.request()).await?;
            Ok(link)
        };
        tokio::time::timeout(CALL_TIMEOUT, opening).await.unwrap_or(Err(TelegramError::Timeout))
    }

    /// Makes one call. After any failure but a refusal of Telegram's the connection is of no use.
    pub(super) async fn call<R: RemoteCall>(&mut self, request: &R) -> Result<R::Return, TelegramError> {
        let called = tokio::time::timeout(CALL_TIMEOUT, self.sender.invoke(request)).await;
        Ok(called.map_err(|_| TelegramError::Timeout)??)
    }
}

/// Makes an auth key with a datacentre of Telegram itself.
pub(super) async fn make_telegram_key(address: ServerAddr) -> Result<[u8; 256], TelegramError> {
    let made = tokio::time::timeout(CALL_TIMEOUT, connect(Full::new(), address)).await;
    Ok(made.map_err(|_| TelegramError::Timeout)??.auth_key())
}

impl Greeting {
    fn request(self) -> impl RemoteCall {
        let Device { model, system_version, app_version, language } = self.device;
        let query = functions::InvokeWithoutUpdates { query: functions::help::GetConfig {} };
        let query = functions::InitConnection {
            api_id: self.api_id,
            device_model: model,
            system_version,
            app_version,
            system_lang_code: language.clone(),
            lang_pack: String::new(),
            lang_code: language,
            proxy: None,
            params: None,
            query,
        };
        functions::InvokeWithLayer { layer: LAYER, query }
    }
}
