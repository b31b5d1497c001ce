//! One MTProto client of one account: its connection, its calls and their limits.

use std::fmt;
use std::num::NonZeroUsize;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use grammers_client::Client;
use grammers_client::client::ClientConfiguration;
use grammers_mtsender::{ConnectionParams, NoRetries, SenderPool};
use grammers_session::Session;
use grammers_tl_types::{Identifiable, RemoteCall, enums, functions, name_for_id};
use tokio::task::JoinHandle;

use super::convert::Met;
use super::dialogs::DIALOGS_PAGE_MAX;
use super::key_exchange::make_key;
use super::proxy::ResolvedProxy;
use super::session::SealedSession;
use super::updates::Line;
use super::{ChatFilter, ChatId, FloodControl, ListPlace, Network, Proxy, ProxyReach, TelegramError, Updates, UpdatesOptions};
use crate::vault::AccountRecords;

/// How long one call may take.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// Updates that may wait between the socket and the account. What does not fit is dropped, and asked for again.
const UPDATES_MAX: usize = 8_192;

/// What the server calls itself in Telegram's list of devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The device's model.
    pub model: String,
    /// The system's version.
    pub system_version: String,
    /// This server's version.
    pub app_version: String,
    /// The language, as ISO 639-1 has it.
    pub language: String,
}

impl Default for Device {
    fn default() -> Self {
        Self {
            model: "vasya-server".to_owned(),
            system_version: std::env::consts::OS.to_owned(),
            app_version: env!("CARGO_PKG_VERSION").to_owned(),
            language: "en".to_owned(),
        }
    }
}

/// All that a connection needs to be opened.
#[derive(Debug)]
pub struct ConnectionOptions {
    /// The network.
    pub network: Network,
    /// The application's number.
    pub api_id: i32,
    /// How the server names itself.
    pub device: Device,
    /// Where the session is kept.
    pub records: AccountRecords,
    /// What keeps the account's calls within its limits.
    pub flood: FloodControl,
    /// How updates are followed.
    pub updates: UpdatesOptions,
    /// The proxy that everything goes through, and where it may be.
    pub proxy: Option<(Proxy, ProxyReach)>,
}

/// An open connection. Dropping it closes it.
pub struct Connection {
    pub(super) client: Client,
    pub(super) session: Arc<SealedSession>,
    pub(super) api_id: i32,
    pub(super) device: Device,
    pub(super) network: Network,
    pub(super) proxy: Option<ResolvedProxy>,
    pub(super) flood: FloodControl,
    runner: JoinHandle<()>,
}

impl Connection {
    /// Opens the session in the records and makes an auth key if there is none yet. The socket is dialled by the first call.
    ///
    /// # Errors
    /// [`TelegramError::Connection`] or [`TelegramError::Datacentre`] when no auth key can be made, [`TelegramError::Unreachable`] when the
    /// proxy cannot be used, [`TelegramError::Record`] when the session cannot be read.
    pub async fn open(options: ConnectionOptions) -> Result<(Self, Updates), TelegramError> {
        let ConnectionOptions { network, api_id, device, records, flood, updates: options_of_updates, proxy } = options;
        let proxy = match proxy {
            Some((proxy, reach)) => Some(proxy.resolve(reach).await?),
            None => None,
        };
        let session = Arc::new(SealedSession::load(network.clone(), records.clone()).await?);
        let SenderPool { runner, handle, updates } =
            SenderPool::with_configuration(Arc::clone(&session), api_id, parameters(&device, proxy.as_ref()));
        let client = Client::with_configuration(handle, ClientConfiguration { auto_cache_peers: false });
        let runner = tokio::spawn(runner.run());
        let connection = Self { client, session: Arc::clone(&session), api_id, device, network, proxy, flood, runner };
        connection.ensure_key(connection.session.home_dc_id()?).await?;
        let line = Line { client: connection.client.clone(), flood: connection.flood.clone() };
        let updates = Updates::new(line, session, &records, updates, options_of_updates).await?;
        Ok((connection, updates))
    }

    /// Whether somebody is logged in with the session, as far as it knows itself.
    pub fn is_authorized(&self) -> bool {
        self.session.self_id().is_some()
    }

    /// Asks Telegram for something small, which proves that the connection and the login stand.
    ///
    /// # Errors
    /// As every call.
    pub async fn ping(&self) -> Result<(), TelegramError> {
        self.invoke(&functions::updates::GetState {}).await.map(|_| ())
    }

    /// What was at fault when the connection failed: asks the proxy, which the library tells nothing of, whether it connects at all.
    pub async fn fault(&self, error: TelegramError) -> TelegramError {
        let datacentre = self.session.home_dc_id().ok().and_then(|dc_id| self.network.datacentre(dc_id));
        match (&self.proxy, datacentre) {
            (Some(proxy), Some(datacentre)) if error.is_connection() => {
                proxy.connect(datacentre.address).await.err().unwrap_or(error)
            }
            _ => error,
        }
    }

    /// Makes an auth key for a datacentre of a network whose RSA key grammers does not know; before anything dials it.
    pub(super) async fn ensure_key(&self, dc_id: i32) -> Result<(), TelegramError> {
        if self.network.keys().is_empty() || self.session.has_key(dc_id) {
            return Ok(());
        }
        let unknown = || TelegramError::Datacentre(format!("{dc_id} is not listed"));
        let datacentre = self.network.datacentre(dc_id).ok_or_else(unknown)?;
        let key = make_key(datacentre.address, dc_id, self.network.keys(), self.proxy.as_ref()).await?;
        Ok(self.session.put_key(dc_id, &key).await?)
    }

    /// Makes another datacentre the account's home.
    pub(super) async fn migrate(&self, dc_id: i32) -> Result<(), TelegramError> {
        self.ensure_key(dc_id).await?;
        Ok(self.session.set_home_dc_id(dc_id).await?)
    }

    /// Calls one of Telegram's methods in the account's home datacentre.
    pub(super) async fn invoke<R: RemoteCall + Identifiable>(&self, request: &R) -> Result<R::Return, TelegramError> {
        self.guard(name_for_id(R::CONSTRUCTOR_ID), async || Ok(self.client.invoke(request).await?)).await
    }

    /// Makes a call of a method within the account's limits, bounds it in time, and turns a panic of the library into an error of this call
    /// alone.
    pub(super) async fn guard<T>(
        &self,
        method: &'static str,
        call: impl AsyncFn() -> Result<T, TelegramError>,
    ) -> Result<T, TelegramError> {
        let bounded = async || {
            let guarded = AssertUnwindSafe(call()).catch_unwind();
            match tokio::time::timeout(CALL_TIMEOUT, guarded).await {
                Ok(answered) => answered.unwrap_or(Err(TelegramError::Panicked)),
                Err(_) => Err(TelegramError::Timeout),
            }
        };
        self.flood.call(method, bounded).await
    }

    /// Remembers how to address everyone whom an answer mentions.
    pub(super) async fn remember(&self, met: &Met) -> Result<(), TelegramError> {
        Ok(self.session.remember(met).await?)
    }

    /// How to address a chat in a call. One that was never met is looked for among the most recent chats.
    pub(super) async fn input_peer(&self, chat: ChatId) -> Result<enums::InputPeer, TelegramError> {
        if let Some(peer) = self.session.input_peer(chat).await? {
            return Ok(peer);
        }
        self.scan_chats(&ChatFilter::default(), ListPlace::Top, DIALOGS_PAGE_MAX).await?;
        self.session.input_peer(chat).await?.ok_or(TelegramError::ChatNotFound)
    }
}

/// Written out whole: the library's own defaults ask the operating system, which takes ten milliseconds each time.
fn parameters(device: &Device, proxy: Option<&ResolvedProxy>) -> ConnectionParams {
    ConnectionParams {
        device_model: device.model.clone(),
        system_version: device.system_version.clone(),
        app_version: device.app_version.clone(),
        system_lang_code: device.language.clone(),
        lang_code: device.language.clone(),
        proxy_url: proxy.map(ResolvedProxy::url),
        use_ipv6: false,
        retry_policy: Box::new(NoRetries),
        updates_channel_capacity: NonZeroUsize::new(UPDATES_MAX).unwrap_or(NonZeroUsize::MIN),
        __non_exhaustive: (),
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.runner.abort();
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Connection")
    }
}
