//! What the actors need to know to run. The edge reads it from files, environment and flags; here it is plain values.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::approvals::ApprovalLimits;
use crate::error::Error;
use crate::events::EventLimits;
use crate::outbound::{FetchLimits, Outbound, Transport};
use crate::speech::Endpoint;
use crate::telegram::{Device, FloodLimits, Network, Proxy, ProxyReach};
use crate::webhooks::WebhookLimits;

/// The settings of a gateway.
#[derive(Debug)]
pub struct Settings {
    /// Where the store, the audit log and the lock are.
    pub data_dir: PathBuf,
    /// `SESSION_MASTER_KEY`: 32 bytes in hexadecimal or base64, or a passphrase.
    pub master_key: SecretString,
    /// The file that holds the master key to rotate to. It is read when a rotation begins, and at a start that `master_key` does not fit.
    pub next_master_key_file: Option<PathBuf>,
    /// Which Telegram network accounts connect to.
    pub network: Network,
    /// The api_id and api_hash of users who have none of their own.
    pub credentials: Option<ApiCredentials>,
    /// What the server calls itself in Telegram's list of devices.
    pub device: Device,
    /// The SOCKS5 proxy of accounts that have none of their own.
    pub proxy: Option<Proxy>,
    /// Where the proxies may be that people set for their accounts; in a network on this machine, here only.
    pub account_proxies: ProxyReach,
    /// How speech is turned into text.
    pub speech: Speech,
    /// How addresses that users name are reached.
    pub outbound: Outbound,
    /// How files at a URL are fetched.
    pub fetching: FetchLimits,
    /// How the audit log is kept.
    pub audit: AuditSettings,
    /// The store's page cache, in bytes.
    pub store_cache_bytes: u64,
    /// Limits.
    pub limits: Limits,
}

impl Settings {
    /// Where the proxies may be that people set for their accounts.
    pub fn reach_of_accounts_proxies(&self) -> ProxyReach {
        if self.network.is_on_loopback() { ProxyReach::Loopback } else { self.account_proxies }
    }

    /// Where the proxy may be that the operator has set.
    pub fn reach_of_server_s_proxy(&self) -> ProxyReach {
        if self.network.is_on_loopback() { ProxyReach::Loopback } else { ProxyReach::Anywhere }
    }
}

/// How the audit log is kept.
#[derive(Clone, Debug)]
pub struct AuditSettings {
    /// How often it is signed, and looked at for changes from outside.
    pub interval: Duration,
    /// Who is shown each signed checkpoint.
    pub witness: Option<Url>,
}

impl AuditSettings {
    /// Reads a witness's address, which is judged as those that users name.
    ///
    /// # Errors
    /// A sentence that says how it must be.
    pub fn read_witness(text: &str, outbound: &Outbound) -> Result<Url, String> {
        let url: Url = text.parse().map_err(|_| "must be a URL, such as https://witness.example.org/checkpoint".to_owned())?;
        outbound.check(&url, Transport::Secure).map_err(|error| error.to_string())?;
        Ok(url)
    }
}

/// How speech is turned into text.
#[derive(Clone, Debug)]
pub struct Speech {
    /// Where Deepgram is.
    pub endpoint: Endpoint,
    /// Which of its models hears.
    pub model: String,
}

/// An application's identity with Telegram (my.telegram.org).
#[derive(Clone, Debug)]
pub struct ApiCredentials {
    /// The application's number; positive.
    pub api_id: i32,
    /// The application's secret.
    pub api_hash: SecretString,
}

impl ApiCredentials {
    /// Checks the form that my.telegram.org gives them.
    ///
    /// # Errors
    /// [`Code::InvalidInput`](crate::error::Code::InvalidInput), naming `apiId` or `apiHash`.
    pub fn check(&self) -> Result<(), Error> {
        if self.api_id <= 0 {
            return Err(Error::invalid("apiId", "must be a positive number"));
        }
        let hash = self.api_hash.expose_secret();
        if (8..=64).contains(&hash.len()) && hash.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            Ok(())
        } else {
            Err(Error::invalid("apiHash", "must have 8 to 64 letters and digits"))
        }
    }
}

/// A token bucket: `burst` at once, then one every `period`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// How many calls may come at once; at least 1.
    pub burst: u32,
    /// How long one more takes to be allowed; more than zero.
    pub period: Duration,
}

/// Every limit that an operator may set.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Actions of one account that Telegram watches: sending, forwarding, creating.
    pub account_actions: Bucket,
    /// Mutations of one agent key.
    pub agent_mutations: Bucket,
    /// Login codes that one user may ask for.
    pub login_attempts: Bucket,
    /// Accounts that one user may have.
    pub accounts_per_user_max: usize,
    /// Logins of one user that may be unfinished at once.
    pub logins_per_user_max: usize,
    /// How long a login may stay unfinished before it is cleaned up.
    pub login_lifetime: Duration,
    /// Agent keys that one user may have, revoked ones included.
    pub agent_keys_per_user_max: usize,
    /// Calls that may wait in the mailbox of one actor.
    pub mailbox_capacity: usize,
    /// Calls of one account that may be at work at once.
    pub account_calls_max: usize,
    /// What keeps accounts within Telegram's own limits.
    pub flood: FloodLimits,
    /// How long a caller waits for an outcome before it is told that the outcome is unknown.
    pub call_timeout: Duration,
    /// The same for a call whose body is a file on its way.
    pub upload_timeout: Duration,
    /// After so long without anything from Telegram an account asks whether there is something.
    pub quiet_max: Duration,
    /// How long Telegram may take to say what an account has missed, before the connection is taken for dead.
    pub answer_timeout: Duration,
    /// The log of events, and its readers.
    pub events: EventLimits,
    /// Webhooks and how they are delivered.
    pub webhooks: WebhookLimits,
    /// Calls that wait for a person's approval.
    pub approvals: ApprovalLimits,
    /// Accounts that may be connecting at once.
    pub connects_max: usize,
    /// How long a user's actor without accounts stays awake after its last call.
    pub user_idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            account_actions: Bucket { burst: 10, period: Duration::from_secs(2) },
            agent_mutations: Bucket { burst: 5, period: Duration::from_secs(5) },
            login_attempts: Bucket { burst: 10, period: Duration::from_secs(2) },
            accounts_per_user_max: 1_000,
            logins_per_user_max: 16,
            login_lifetime: Duration::from_secs(600),
            agent_keys_per_user_max: 1_000,
            mailbox_capacity: 256,
            account_calls_max: 256,
            flood: FloodLimits::default(),
            call_timeout: Duration::from_secs(60),
            upload_timeout: Duration::from_secs(6 * 3_600),
            quiet_max: Duration::from_secs(60),
            answer_timeout: Duration::from_secs(30),
            events: EventLimits::default(),
            webhooks: WebhookLimits::default(),
            approvals: ApprovalLimits::default(),
            connects_max: 64,
            user_idle: Duration::from_secs(600),
        }
    }
}
