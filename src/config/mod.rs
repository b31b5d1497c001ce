//! The configuration: `config/default.toml`, a file, the environment and flags. All faults are found before anything is touched.

mod graphql;
mod mcp;
mod sources;
mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use vasya_actors::approvals::ApprovalLimits;
use vasya_actors::events::EventLimits;
use vasya_actors::identity::UserId;
use vasya_actors::outbound::{FetchLimits, Outbound};
use vasya_actors::settings::{ApiCredentials, AuditSettings, Bucket, Limits, Settings, Speech};
use vasya_actors::speech::Endpoint;
use vasya_actors::telegram::{Device, FloodLimits, Network, NetworkDescription, Proxy, ProxyReach};
use vasya_actors::vault::MasterKey;
use vasya_actors::webhooks::WebhookLimits;

pub use mcp::McpConfiguration;

use sources::Sources;
use table::SETTINGS;

pub use graphql::GraphQlConfiguration;

/// The shortest JWT secret, in bytes: as long as the hash that it keys (RFC 7518, section 3.2).
pub const JWT_SECRET_BYTES_MIN: usize = 32;

/// The shortest token that an operator may choose for embedded mode, in characters.
const LOCAL_TOKEN_CHARS_MIN: usize = 32;

/// The largest file that describes a network, in bytes.
const NETWORK_FILE_BYTES_MAX: u64 = 1_024 * 1_024;

/// Everything that the server is run with.
#[derive(Debug)]
pub struct Configuration {
    /// The HTTP server.
    pub server: ServerConfiguration,
    /// GraphQL.
    pub graphql: GraphQlConfiguration,
    /// The Model Context Protocol.
    pub mcp: McpConfiguration,
    /// Who may call.
    pub authentication: Authentication,
    /// The log.
    pub log: LogConfiguration,
    /// The actors.
    pub actors: Settings,
}

/// How the HTTP server listens, and its limits.
#[derive(Clone, Debug)]
pub struct ServerConfiguration {
    /// Where it listens.
    pub bind: SocketAddr,
    /// The one browser origin that may call.
    pub cors_origin: Option<String>,
    /// Where clients reach it: scheme, host and perhaps a port, without a slash at the end.
    pub public_url: Option<String>,
    /// The largest JSON body, in bytes.
    pub body_bytes_max: usize,
    /// The largest body of bytes, in bytes.
    pub upload_bytes_max: usize,
    /// How long a client may take to send a request; of a body of bytes, each piece.
    pub request_limit: Duration,
    /// How long a connection may be idle.
    pub keep_alive: Duration,
    /// How many connections each thread accepts.
    pub connections_max: usize,
    /// How many threads listen.
    pub threads: usize,
    /// How long a stop may take.
    pub shutdown_limit: Duration,
}

/// Who may call besides agents.
#[derive(Clone, Debug)]
pub enum Authentication {
    /// One user with one token.
    Embedded {
        /// The token; without one, it is generated.
        token: Option<SecretString>,
    },
    /// The users whose tokens a backend signs.
    Jwt(JwtConfiguration),
}

/// How tokens are checked.
#[derive(Clone, Debug)]
pub struct JwtConfiguration {
    /// The secret.
    pub secret: SecretString,
    /// A secret that is still accepted.
    pub previous_secret: Option<SecretString>,
    /// What `iss` must be.
    pub issuer: Option<String>,
    /// What `aud` must name.
    pub audience: Option<String>,
    /// Who administers the server.
    pub admins: BTreeSet<UserId>,
}

/// What is logged, and how.
#[derive(Clone, Debug)]
pub struct LogConfiguration {
    /// The tracing filter.
    pub filter: String,
    /// JSON lines instead of text.
    pub json: bool,
}

/// One thing that is wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which setting, and where it comes from.
    pub setting: String,
    /// What is wrong, and the rule.
    pub reason: String,
}

impl Fault {
    fn new(setting: &str, reason: impl Into<String>) -> Self {
        Self { setting: setting.to_owned(), reason: reason.into() }
    }
}

/// Everything that is wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct InvalidConfiguration(pub Vec<Fault>);

impl fmt::Display for InvalidConfiguration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the configuration has {} fault(s):", self.0.len())?;
        self.0.iter().try_for_each(|fault| write!(formatter, "\n  {}: {}", fault.setting, fault.reason))
    }
}

/// A setting that the command line gives.
#[derive(Clone, Debug)]
pub struct Flag {
    /// The setting: `section.name`.
    pub key: &'static str,
    /// The flag, without its hyphens.
    pub name: &'static str,
    /// What it is set to.
    pub value: String,
}

/// Reads the configuration.
///
/// # Errors
/// Every fault of every source at once.
pub fn load(file: Option<&Path>, flags: &[Flag]) -> Result<Configuration, InvalidConfiguration> {
    let mut sources = Sources::read(file, flags);
    let server = server(&mut sources);
    let mcp = mcp::read(&mut sources);
    let authentication = authentication(&mut sources, &server);
    let graphql = graphql::read(&mut sources);
    let log = log(&mut sources);
    let actors = actors(&mut sources);
    let faults = sources.into_faults();
    match (server, authentication, actors) {
        (Some(server), Some(authentication), Some(actors)) if faults.is_empty() => {
            Ok(Configuration { server, graphql, mcp, authentication, log, actors })
        }
        _ => Err(InvalidConfiguration(faults)),
    }
}

/// What to sign tokens with, whatever else is configured.
///
/// # Errors
/// The faults of the settings that this needs.
pub fn load_jwt(file: Option<&Path>) -> Result<JwtConfiguration, InvalidConfiguration> {
    let mut sources = Sources::read(file, &[]);
    let found = jwt(&mut sources);
    found.ok_or_else(|| InvalidConfiguration(sources.into_faults()))
}

/// What the commands need that work on a data folder without serving it.
#[derive(Debug)]
pub struct StoreConfiguration {
    /// The data folder.
    pub data_dir: PathBuf,
    /// The master key.
    pub master_key: SecretString,
    /// The file with the master key to rotate to.
    pub next_master_key_file: Option<PathBuf>,
    /// The store's page cache, in bytes.
    pub store_cache_bytes: u64,
}

/// Reads it, whatever else is configured.
///
/// # Errors
/// The faults of the settings that this needs.
pub fn load_store(file: Option<&Path>, flags: &[Flag]) -> Result<StoreConfiguration, InvalidConfiguration> {
    let mut sources = Sources::read(file, flags);
    let data_dir = sources.text("data.dir").map(PathBuf::from);
    let master_key = sources.secret("data.session_master_key").unwrap_or_default();
    if let Err(error) = MasterKey::parse(&master_key) {
        sources.fault("data.session_master_key", error.to_string());
    }
    let next_master_key_file = sources.text("data.session_master_key_next_file").map(PathBuf::from);
    let store_cache_bytes = sources.number("data.store_cache_mib", 8..=65_536).saturating_mul(1_024 * 1_024);
    let faults = sources.into_faults();
    match data_dir {
        Some(data_dir) if faults.is_empty() => {
            Ok(StoreConfiguration { data_dir, master_key, next_master_key_file, store_cache_bytes })
        }
        _ => Err(InvalidConfiguration(faults)),
    }
}

/// The data folder of embedded mode where no master key is given. Nothing when the configuration has faults: [`load`] tells them.
pub fn embedded_data_dir_without_master_key(file: Option<&Path>, flags: &[Flag]) -> Option<PathBuf> {
    let mut sources = Sources::read(file, flags);
    let is_embedded = sources.text("auth.mode").as_deref() == Some("embedded");
    let is_given = sources.secret("data.session_master_key").is_some();
    let data_dir = sources.text("data.dir").map(PathBuf::from);
    let server = server(&mut sources);
    let _ = authentication(&mut sources, &server);
    data_dir.filter(|_| is_embedded && !is_given && sources.into_faults().is_empty())
}

/// Every setting that is in force and where it comes from, one to a line, as TOML. Secrets are shown as `"<set>"`.
pub fn describe(file: Option<&Path>, flags: &[Flag]) -> String {
    let sources = Sources::read(file, flags);
    let mut text = String::new();
    let mut section = "";
    for setting in SETTINGS {
        let (of, name) = setting.key.split_once('.').unwrap_or(("", setting.key));
        if of != section {
            let gap = if section.is_empty() { "" } else { "\n" };
            let _ = writeln!(text, "{gap}[{of}]");
            section = of;
        }
        let _ = writeln!(text, "{name} = {}  # {}", sources.shown(setting), sources.origin(setting.key));
    }
    text
}

fn server(sources: &mut Sources) -> Option<ServerConfiguration> {
    let bind = sources.text("server.bind").unwrap_or_default().parse::<SocketAddr>();
    if bind.is_err() {
        sources.fault("server.bind", "must be an address and a port, such as 127.0.0.1:8787");
    }
    let cors_origin = sources.text("server.cors_origin");
    if cors_origin.as_deref().is_some_and(|origin| !is_origin(origin)) {
        sources.fault("server.cors_origin", "must be one origin without a path, such as https://app.example.com");
    }
    let public_url = sources.text("server.public_url").map(|url| url.trim_end_matches('/').to_owned());
    if public_url.as_deref().is_some_and(|url| !is_origin(url)) {
        sources.fault("server.public_url", "must be scheme and host without a path, such as https://vasya.example.com");
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = size(sources, "server.threads", 0..=256);
    let body_bytes_max = size(sources, "server.body_bytes_max", 1_024..=64 * 1_024 * 1_024);
    let upload_bytes_max = size(sources, "server.upload_bytes_max", 1_024..=41_943_040_000);
    let connections_max = size(sources, "server.connections_max", 1..=1_000_000);
    let mut seconds = |key, range| Duration::from_secs(sources.number(key, range));
    let request_limit = seconds("server.request_secs", 1..=600);
    let keep_alive = seconds("server.keep_alive_secs", 1..=3_600);
    let shutdown_limit = seconds("server.shutdown_secs", 1..=600);
    Some(ServerConfiguration {
        bind: bind.ok()?,
        cors_origin,
        public_url,
        body_bytes_max,
        upload_bytes_max,
        request_limit,
        keep_alive,
        connections_max,
        threads: if threads == 0 { cores } else { threads },
        shutdown_limit,
    })
}

fn size(sources: &mut Sources, key: &'static str, range: std::ops::RangeInclusive<u64>) -> usize {
    usize::try_from(sources.number(key, range)).unwrap_or(usize::MAX)
}

/// Scheme, host and perhaps a port (RFC 6454, section 6.2).
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte)))
}

fn authentication(sources: &mut Sources, server: &Option<ServerConfiguration>) -> Option<Authentication> {
    match sources.text("auth.mode").unwrap_or_default().as_str() {
        "jwt" => jwt(sources).map(Authentication::Jwt),
        "embedded" => {
            if server.as_ref().is_some_and(|server| !server.bind.ip().is_loopback()) {
                sources.fault("server.bind", "must be on loopback with AUTH_MODE=embedded, such as 127.0.0.1:8787");
            }
            let token = sources.secret("auth.local_token");
            let visible = |token: &SecretString| token.expose_secret().bytes().all(|byte| byte.is_ascii_graphic());
            let long = |token: &SecretString| token.expose_secret().len() >= LOCAL_TOKEN_CHARS_MIN;
            if token.as_ref().is_some_and(|token| !visible(token) || !long(token)) {
                let rule = format!("must have at least {LOCAL_TOKEN_CHARS_MIN} visible ASCII characters: `openssl rand -hex 32`");
                sources.fault("auth.local_token", rule);
            }
            Some(Authentication::Embedded { token })
        }
        _ => {
            sources.fault("auth.mode", "must be jwt or embedded");
            None
        }
    }
}

fn jwt(sources: &mut Sources) -> Option<JwtConfiguration> {
    let secret = sources.secret("auth.jwt_secret");
    let previous_secret = sources.secret("auth.jwt_secret_previous");
    let short = |secret: &SecretString| secret.expose_secret().len() < JWT_SECRET_BYTES_MIN;
    let rule = format!("must have at least {JWT_SECRET_BYTES_MIN} bytes: make one with `openssl rand -hex 32`");
    let mut whole = true;
    if secret.as_ref().is_none_or(short) {
        sources.fault("auth.jwt_secret", rule.clone());
        whole = false;
    }
    if previous_secret.as_ref().is_some_and(short) {
        sources.fault("auth.jwt_secret_previous", rule);
        whole = false;
    }
    let mut admins = BTreeSet::new();
    for text in sources.get::<Vec<String>>("auth.admin_users") {
        match text.parse() {
            Ok(user) => _ = admins.insert(user),
            Err(error) => {
                sources.fault("auth.admin_users", format!("{text:?} is {error}"));
                whole = false;
            }
        }
    }
    let (issuer, audience) = (sources.text("auth.jwt_issuer"), sources.text("auth.jwt_audience"));
    secret.filter(|_| whole).map(|secret| JwtConfiguration { secret, previous_secret, issuer, audience, admins })
}

fn log(sources: &mut Sources) -> LogConfiguration {
    let filter = sources.text("log.filter").unwrap_or_default();
    if let Err(error) = tracing_subscriber::EnvFilter::try_new(&filter) {
        sources.fault("log.filter", format!("is not a filter: {error}"));
    }
    let format = sources.text("log.format").unwrap_or_default();
    if !matches!(format.as_str(), "text" | "json") {
        sources.fault("log.format", "must be text or json");
    }
    LogConfiguration { filter, json: format == "json" }
}

fn actors(sources: &mut Sources) -> Option<Settings> {
    let data_dir = sources.text("data.dir").map(PathBuf::from);
    if data_dir.is_none() {
        sources.fault("data.dir", "must name a folder");
    }
    let master_key = sources.secret("data.session_master_key").unwrap_or_default();
    if let Err(error) = MasterKey::parse(&master_key) {
        sources.fault("data.session_master_key", error.to_string());
    }
    let next_master_key_file = sources.text("data.session_master_key_next_file").map(PathBuf::from);
    let network = network(sources);
    let credentials = credentials(sources);
    let device = Device { model: sources.text("telegram.device_model").unwrap_or_default(), ..Device::default() };
    if !(1..=64).contains(&device.model.chars().count()) {
        sources.fault("telegram.device_model", "must have 1 to 64 characters");
    }
    let store_cache_bytes = sources.number("data.store_cache_mib", 8..=65_536).saturating_mul(1_024 * 1_024);
    let proxy = network.as_ref().and_then(|network| proxy(sources, network));
    let account_proxies = match sources.text("telegram.account_proxies").unwrap_or_default().as_str() {
        "any" => ProxyReach::Anywhere,
        reach => {
            if reach != "public" {
                sources.fault("telegram.account_proxies", "must be public or any");
            }
            ProxyReach::Public
        }
    };
    let speech = speech(sources);
    let outbound = outbound(sources);
    let audit = audit(sources, outbound.as_ref());
    let (fetching, limits) = (fetching(sources), limits(sources));
    let (data_dir, network, speech, outbound) = (data_dir?, network?, speech?, outbound?);
    Some(Settings {
        data_dir,
        master_key,
        next_master_key_file,
        network,
        credentials,
        device,
        proxy,
        account_proxies,
        speech,
        outbound,
        fetching,
        audit,
        store_cache_bytes,
        limits,
    })
}

fn audit(sources: &mut Sources, outbound: Option<&Outbound>) -> AuditSettings {
    let interval = Duration::from_secs(sources.number("audit.checkpoint_secs", 1..=86_400));
    let text = sources.text("audit.witness_url").unwrap_or_default();
    let (Some(outbound), false) = (outbound, text.is_empty()) else { return AuditSettings { interval, witness: None } };
    let witness = AuditSettings::read_witness(&text, outbound);
    if let Err(reason) = &witness {
        sources.fault("audit.witness_url", reason.clone());
    }
    AuditSettings { interval, witness: witness.ok() }
}

/// The most waits between attempts.
const WEBHOOK_WAITS_MAX: usize = 32;

fn webhooks(sources: &mut Sources) -> WebhookLimits {
    let texts = sources.get::<Vec<String>>("webhooks.wait_secs");
    let wait =
        |text: &String| text.trim().parse().ok().filter(|seconds| (1..=7 * 86_400).contains(seconds)).map(Duration::from_secs);
    let waits: Option<Vec<Duration>> = texts.iter().map(wait).collect();
    let waits = waits.filter(|waits| waits.len() <= WEBHOOK_WAITS_MAX);
    if waits.is_none() {
        sources.fault("webhooks.wait_secs", format!("must be at most {WEBHOOK_WAITS_MAX} numbers from 1 to 604800"));
    }
    WebhookLimits {
        webhooks_per_user_max: size(sources, "webhooks.per_user_max", 0..=1_000),
        answer_timeout: Duration::from_secs(sources.number("webhooks.answer_secs", 1..=120)),
        waits: waits.unwrap_or_default(),
        failing_max: Duration::from_secs(sources.number("webhooks.failing_secs_max", 1..=90 * 86_400)),
    }
}

fn outbound(sources: &mut Sources) -> Option<Outbound> {
    let allowed = sources.get::<Vec<String>>("outbound.allowed_networks");
    Outbound::new(&allowed).map_err(|reason| sources.fault("outbound.allowed_networks", reason)).ok()
}

fn proxy(sources: &mut Sources, network: &Network) -> Option<Proxy> {
    let url = sources.secret("telegram.proxy_url")?;
    let parsed = Proxy::from_url(url.expose_secret()).map_err(|error| error.to_string()).and_then(|proxy| {
        let reach = if network.is_on_loopback() { ProxyReach::Loopback } else { ProxyReach::Anywhere };
        if proxy.may_be_within(reach) { Ok(proxy) } else { Err(reach.rule().to_owned()) }
    });
    parsed.map_err(|reason| sources.fault("telegram.proxy_url", reason)).ok()
}

fn fetching(sources: &mut Sources) -> FetchLimits {
    FetchLimits {
        bytes_max: sources.number("outbound.fetch_bytes_max", 1..=4_194_304_000),
        time: Duration::from_secs(sources.number("outbound.fetch_secs", 1..=21_600)),
        at_once_max: size(sources, "outbound.fetches_max", 1..=10_000),
    }
}

fn speech(sources: &mut Sources) -> Option<Speech> {
    let endpoint = Endpoint::parse(&sources.text("speech.deepgram_url").unwrap_or_default());
    let endpoint = endpoint.map_err(|error| sources.fault("speech.deepgram_url", error.to_string())).ok();
    let model = sources.text("speech.deepgram_model").unwrap_or_default();
    let plain = model.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if !plain || !(1..=64).contains(&model.len()) {
        sources.fault("speech.deepgram_model", "must be a model's name: 1 to 64 letters, digits, hyphens, dots and underscores");
    }
    Some(Speech { endpoint: endpoint?, model })
}

fn network(sources: &mut Sources) -> Option<Network> {
    let file = sources.text("telegram.network_file");
    match sources.text("telegram.network").unwrap_or_default().as_str() {
        "production" => Some(Network::production()),
        "test" => Some(Network::test()),
        kind @ ("custom" | "sandbox") => {
            let described = match &file {
                None => Err("must name the file that describes the network; see docs/networks.md".to_owned()),
                Some(path) => read_network(Path::new(path)),
            };
            let network = described.and_then(|description| {
                let make = if kind == "custom" { Network::custom } else { Network::sandbox };
                make(&description).map_err(|error| error.to_string())
            });
            network.map_err(|reason| sources.fault("telegram.network_file", reason)).ok()
        }
        _ => {
            sources.fault("telegram.network", "must be production, test, custom or sandbox");
            None
        }
    }
}

fn read_network(path: &Path) -> Result<NetworkDescription, String> {
    let length = std::fs::metadata(path).map_err(|error| format!("cannot be read: {error}"))?.len();
    if length > NETWORK_FILE_BYTES_MAX {
        return Err(format!("has more than {NETWORK_FILE_BYTES_MAX} bytes"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"))?;
    serde_json::from_str(&text).map_err(|error| format!("is not a network: {error}"))
}

fn credentials(sources: &mut Sources) -> Option<ApiCredentials> {
    let api_id = sources.number("telegram.api_id", 0..=i32::MAX.unsigned_abs().into());
    let api_hash = sources.secret("telegram.api_hash");
    match (i32::try_from(api_id).unwrap_or_default(), api_hash) {
        (0, None) => None,
        (0, Some(_)) => {
            sources.fault("telegram.api_id", "is missing: api_id and api_hash go together");
            None
        }
        (_, None) => {
            sources.fault("telegram.api_hash", "is missing: api_id and api_hash go together");
            None
        }
        (api_id, Some(api_hash)) => {
            let credentials = ApiCredentials { api_id, api_hash };
            if let Err(error) = credentials.check() {
                sources.fault("telegram.api_hash", error.detail());
            }
            Some(credentials)
        }
    }
}

fn limits(sources: &mut Sources) -> Limits {
    let mut bucket = |burst: &'static str, period: &'static str| Bucket {
        burst: u32::try_from(sources.number(burst, 1..=1_000_000)).unwrap_or(u32::MAX),
        period: Duration::from_millis(sources.number(period, 1..=3_600_000)),
    };
    let account_actions = bucket("limits.account_burst", "limits.account_period_ms");
    let agent_mutations = bucket("limits.agent_burst", "limits.agent_period_ms");
    let login_attempts = bucket("limits.login_burst", "limits.login_period_ms");
    Limits {
        account_actions,
        agent_mutations,
        login_attempts,
        accounts_per_user_max: size(sources, "limits.accounts_per_user_max", 1..=100_000),
        agent_keys_per_user_max: size(sources, "limits.agent_keys_per_user_max", 1..=100_000),
        logins_per_user_max: size(sources, "limits.logins_per_user_max", 1..=1_000),
        login_lifetime: Duration::from_secs(sources.number("limits.login_secs", 1..=86_400)),
        account_calls_max: size(sources, "limits.account_calls_max", 1..=1_000),
        flood: FloodLimits {
            turns: size(sources, "limits.account_turns", 1..=64),
            sleep_max: Duration::from_secs(sources.number("limits.flood_sleep_secs_max", 0..=10)),
        },
        call_timeout: Duration::from_secs(sources.number("limits.call_secs", 1..=600)),
        connects_max: size(sources, "telegram.connects_max", 1..=10_000),
        quiet_max: Duration::from_secs(sources.number("telegram.quiet_secs", 1..=600)),
        answer_timeout: Duration::from_secs(sources.number("telegram.answer_secs", 1..=600)),
        webhooks: webhooks(sources),
        approvals: ApprovalLimits {
            lifetime: Duration::from_secs(sources.number("approvals.lifetime_secs", 1..=7 * 86_400)),
            pending_per_key_max: size(sources, "approvals.pending_per_key_max", 1..=1_000),
            pending_per_user_max: size(sources, "approvals.pending_per_user_max", 1..=2_000),
        },
        events: EventLimits {
            log_bytes_max: sources.number("events.log_mib_max", 1..=65_536).saturating_mul(1_024 * 1_024),
            log_age_max: Duration::from_secs(sources.number("events.log_days_max", 1..=3_650).saturating_mul(86_400)),
            readers_per_principal_max: size(sources, "events.streams_per_principal_max", 1..=1_000_000),
        },
        user_idle: Duration::from_secs(sources.number("limits.user_idle_secs", 1..=86_400)),
        ..Limits::default()
    }
}
