//! SOCKS5 proxies (RFC 1928, RFC 1929), which carry an account's connections to the datacentres and to nothing else.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;
use tokio_socks::tcp::Socks5Stream;
use url::Url;
use zeroize::Zeroizing;

use super::TelegramError;
use crate::outbound::is_public;

/// The longest name of a host, in bytes (RFC 1035).
const HOST_BYTES_MAX: usize = 253;

/// The longest part of a host's name between dots, in bytes.
const LABEL_BYTES_MAX: usize = 63;

/// The longest user name and password, in bytes (RFC 1929).
const CREDENTIAL_BYTES_MAX: usize = 255;

/// How long finding a proxy's address may take.
const LOOK_UP_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a proxy may take to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// Characters that a user name and a password may have besides letters and digits: those that a URL writes as they are, because the client
/// library takes a proxy as a URL and does not decode what is escaped in it.
const CREDENTIAL_MARKS: &[u8] = b"!$%&'()*+,-._~";

/// What is wrong with a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidProxy {
    /// The host is neither a name nor an address.
    #[error("must be a host's name or an IP address")]
    Host,
    /// The port is 0.
    #[error("must be 1 to 65535")]
    Port,
    /// The user name or password is one that cannot be sent.
    #[error("must have 1 to {CREDENTIAL_BYTES_MAX} letters, digits and characters of ! $ % & ' ( ) * + , - . _ ~")]
    Credential,
    /// One of user name and password is missing.
    #[error("goes together with the other of username and password")]
    Half,
    /// The text is no URL of a proxy.
    #[error("must be socks5://host:port or socks5://username:password@host:port")]
    Url,
}

/// Whom a proxy wants to serve.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Credentials {
    username: Zeroizing<String>,
    password: Zeroizing<String>,
}

/// A SOCKS5 proxy.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proxy {
    host: String,
    port: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    credentials: Option<Credentials>,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Proxy({}:{})", self.host, self.port)
    }
}

/// Where a proxy may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyReach {
    /// On this machine only, as everything that a sandbox dials.
    Loopback,
    /// On the public internet only, so that no caller reaches the operator's own network.
    Public,
    /// Anywhere.
    Anywhere,
}

impl ProxyReach {
    /// The rule, for a person.
    pub fn rule(self) -> &'static str {
        match self {
            Self::Loopback => "must be on this machine, such as 127.0.0.1: so is all of this server's Telegram network",
            Self::Public => "must be on the public internet, unless the operator sets account_proxies to any",
            Self::Anywhere => "may be anywhere",
        }
    }

    /// Whether a proxy may be at this address.
    pub fn allows(self, address: IpAddr) -> bool {
        match self {
            Self::Loopback => address.is_loopback(),
            Self::Public => is_public(address),
            Self::Anywhere => true,
        }
    }
}

impl Proxy {
    /// A proxy at a host's name or IP address, with what it wants to know of its user.
    ///
    /// # Errors
    /// [`InvalidProxy`], with the name of the field: `host`, `port`, `username` or `password`.
    pub fn new(
        host: &str,
        port: u16,
        username: Option<&str>,
        password: Option<&str>,
    ) -> Result<Self, (&'static str, InvalidProxy)> {
        let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
        if host.parse::<IpAddr>().is_err() && !is_host_name(&host) {
            return Err(("host", InvalidProxy::Host));
        }
        if port == 0 {
            return Err(("port", InvalidProxy::Port));
        }
        let credentials = match (username, password) {
            (None, None) => None,
            (Some(_), None) => return Err(("password", InvalidProxy::Half)),
            (None, Some(_)) => return Err(("username", InvalidProxy::Half)),
            (Some(username), Some(password)) => {
                let credential = |field, text: &str| {
                    if is_credential(text) { Ok(Zeroizing::new(text.to_owned())) } else { Err((field, InvalidProxy::Credential)) }
                };
                Some(Credentials { username: credential("username", username)?, password: credential("password", password)? })
            }
        };
        Ok(Self { host, port, credentials })
    }

    /// The proxy that a URL names, `socks5://username:password@host:port`.
    ///
    /// # Errors
    /// [`InvalidProxy`]. It does not repeat the text, which may hold a password.
    pub fn from_url(url: &str) -> Result<Self, InvalidProxy> {
        let url = Url::parse(url).map_err(|_| InvalidProxy::Url)?;
        let is_bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        let (Some(host), Some(port)) = (url.host_str(), url.port()) else { return Err(InvalidProxy::Url) };
        if !matches!(url.scheme(), "socks5" | "socks5h") || !is_bare {
            return Err(InvalidProxy::Url);
        }
        let decoded = |text| percent_decode_str(text).decode_utf8().map(|text| Zeroizing::new(text.into_owned()));
        let username = Some(url.username()).filter(|name| !name.is_empty()).map(decoded).transpose();
        let password = url.password().map(decoded).transpose();
        let (Ok(username), Ok(password)) = (username, password) else { return Err(InvalidProxy::Credential) };
        let (username, password) = (username.as_ref().map(|text| text.as_str()), password.as_ref().map(|text| text.as_str()));
        Self::new(host, port, username, password).map_err(|(_, error)| error)
    }

    /// The host's name or address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The user name, if the proxy wants one.
    pub fn username(&self) -> Option<&str> {
        self.credentials.as_ref().map(|credentials| credentials.username.as_str())
    }

    /// Whether a proxy that is named by its address may be there; names are looked at when they are resolved.
    pub fn may_be_within(&self, reach: ProxyReach) -> bool {
        self.host.parse().map_or(true, |address| reach.allows(address))
    }

    /// Finds where the proxy is now. Every connection finds it anew, and dials the address that was looked at.
    pub(super) async fn resolve(&self, reach: ProxyReach) -> Result<ResolvedProxy, TelegramError> {
        let looking_up = tokio::time::timeout(LOOK_UP_TIMEOUT, tokio::net::lookup_host((self.host.as_str(), self.port)));
        let found = looking_up.await.map_err(|_| unreachable("cannot be found in time"))?;
        let mut addresses = found.map_err(|_| unreachable("cannot be found"))?;
        let address = addresses.find(|address| reach.allows(address.ip()));
        let address = address.ok_or_else(|| unreachable("is at an address that this server does not dial"))?;
        Ok(ResolvedProxy { address, credentials: self.credentials.clone() })
    }
}

fn unreachable(reason: &str) -> TelegramError {
    TelegramError::Unreachable(format!("the proxy {reason}"))
}

/// What a proxy has done instead of connecting, for a person.
fn fault(error: &tokio_socks::Error) -> &'static str {
    match error {
        tokio_socks::Error::PasswordAuthFailure(_) => "does not accept the username and password",
        tokio_socks::Error::NoAcceptableAuthMethods | tokio_socks::Error::AuthorizationRequired => {
            "wants another username and password, or any"
        }
        tokio_socks::Error::ProxyServerUnreachable => "cannot be reached",
        tokio_socks::Error::Io(_) => "cannot be reached, or hung up",
        tokio_socks::Error::ConnectionNotAllowedByRuleset => "does not allow connections to Telegram",
        tokio_socks::Error::NetworkUnreachable
        | tokio_socks::Error::HostUnreachable
        | tokio_socks::Error::ConnectionRefused
        | tokio_socks::Error::TtlExpired => "cannot reach Telegram",
        _ => "does not speak SOCKS5 as it should",
    }
}

/// A proxy whose address is known.
#[derive(Clone)]
pub(super) struct ResolvedProxy {
    address: SocketAddr,
    credentials: Option<Credentials>,
}

impl fmt::Debug for ResolvedProxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ResolvedProxy({})", self.address)
    }
}

impl ResolvedProxy {
    /// The proxy as the client library wants it named. It never looks a name up.
    pub(super) fn url(&self) -> String {
        match &self.credentials {
            None => format!("socks5://{}", self.address),
            Some(Credentials { username, password }) => {
                format!("socks5://{}:{}@{}", username.as_str(), password.as_str(), self.address)
            }
        }
    }

    /// Opens a connection to an address through the proxy.
    pub(super) async fn connect(&self, address: SocketAddr) -> Result<TcpStream, TelegramError> {
        let connecting = async {
            match &self.credentials {
                None => Socks5Stream::connect(self.address, address).await,
                Some(Credentials { username, password }) => {
                    Socks5Stream::connect_with_password(self.address, address, username.as_str(), password.as_str()).await
                }
            }
        };
        let connected = tokio::time::timeout(CONNECT_TIMEOUT, connecting).await;
        let connected = connected.map_err(|_| unreachable("does not answer in time"))?;
        Ok(connected.map_err(|error| unreachable(fault(&error)))?.into_inner())
    }
}

fn is_host_name(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=LABEL_BYTES_MAX).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= HOST_BYTES_MAX && text.strip_suffix('.').unwrap_or(text).split('.').all(is_label)
}

fn is_credential(text: &str) -> bool {
    (1..=CREDENTIAL_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || CREDENTIAL_MARKS.contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn urls_are_read() {
        let plain = Proxy::from_url("socks5://Proxy.Example:1080").unwrap();
        assert_eq!((plain.host(), plain.port(), plain.username()), ("proxy.example", 1080, None));
        let named = Proxy::from_url("socks5://ada:l0v~e.lace@[2001:db8::1]:9050/").unwrap();
        assert_eq!((named.host(), named.port(), named.username()), ("2001:db8::1", 9050, Some("ada")));
        assert_eq!(format!("{named:?}"), "Proxy(2001:db8::1:9050)");
        let escaped = Proxy::from_url("socks5h://ada:50%25~%2B@proxy.example:1080").unwrap();
        assert_eq!(escaped, Proxy::new("proxy.example", 1080, Some("ada"), Some("50%~+")).unwrap());
        assert_eq!(Proxy::from_url("socks5://ada:a%40b@proxy.example:1080"), Err(InvalidProxy::Credential));
        assert_eq!(Proxy::from_url("socks5://:b@proxy.example:1080"), Err(InvalidProxy::Half));
        for url in [
            "",
            "http://a:1",
            "socks5://a:1/b",
            "socks5://a:1?b",
            "socks5://a:1#b",
            "socks5://a",
            "socks5://a:b",
            "socks5://a:70000",
            "socks5://ada@a:1",
            "socks5://:1",
        ] {
            assert!(Proxy::from_url(url).is_err(), "{url}");
        }
    }

    #[test]
    fn faults_name_their_field() {
        fn fault(host: &str, port: u16, username: Option<&str>, password: Option<&str>) -> (&'static str, InvalidProxy) {
            Proxy::new(host, port, username, password).unwrap_err()
        }
        assert_eq!(fault("a b", 1, None, None), ("host", InvalidProxy::Host));
        assert_eq!(fault(&"a".repeat(64), 1, None, None), ("host", InvalidProxy::Host));
        assert_eq!(fault("a", 0, None, None), ("port", InvalidProxy::Port));
        assert_eq!(fault("a", 1, Some("ada"), None), ("password", InvalidProxy::Half));
        assert_eq!(fault("a", 1, None, Some("x")), ("username", InvalidProxy::Half));
        assert_eq!(fault("a", 1, Some("ada"), Some("a@b")), ("password", InvalidProxy::Credential));
        assert_eq!(fault("a", 1, Some(""), Some("x")), ("username", InvalidProxy::Credential));
    }

    #[test]
    fn a_proxy_may_be_where_its_reach_allows() {
        let at = |host| Proxy::new(host, 1, None, None).unwrap();
        assert!(at("127.0.0.1").may_be_within(ProxyReach::Loopback) && !at("1.1.1.1").may_be_within(ProxyReach::Loopback));
        assert!(at("1.1.1.1").may_be_within(ProxyReach::Public) && !at("169.254.169.254").may_be_within(ProxyReach::Public));
        assert!(at("10.0.0.1").may_be_within(ProxyReach::Anywhere));
    }

    #[tokio::test]
    async fn a_name_is_looked_at_when_it_is_resolved() {
        let proxy = Proxy::new("localhost", 9, None, None).unwrap();
        assert!(proxy.may_be_within(ProxyReach::Public));
        assert!(matches!(proxy.resolve(ProxyReach::Public).await, Err(TelegramError::Unreachable(_))));
        assert!(proxy.resolve(ProxyReach::Loopback).await.unwrap().address.ip().is_loopback());
    }

    proptest! {
        #[test]
        fn the_library_reads_what_was_given(
            username in "[A-Za-z0-9!$%&'()*+,._~-]{1,40}",
            password in "[A-Za-z0-9!$%&'()*+,._~-]{1,40}",
        ) {
            let proxy = Proxy::new("127.0.0.1", 1080, Some(&username), Some(&password)).unwrap();
            let resolved = ResolvedProxy { address: "127.0.0.1:1080".parse().unwrap(), credentials: proxy.credentials };
            let read = url::Url::parse(&resolved.url()).unwrap();
            prop_assert_eq!((read.username(), read.password()), (username.as_str(), Some(password.as_str())));
            prop_assert_eq!((read.host_str(), read.port()), (Some("127.0.0.1"), Some(1080)));
        }

        #[test]
        fn what_a_url_names_is_what_is_read(
            host in "[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?(\\.[a-z]([a-z0-9-]{0,20}[a-z0-9])?){0,3}",
            port in 1_u16..,
            username in "[A-Za-z0-9!$%&'()*+,._~-]{1,40}",
            password in "[A-Za-z0-9!$%&'()*+,._~-]{1,40}",
        ) {
            let escaped = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
            let url = format!("socks5://{}:{}@{host}:{port}", escaped(&username), escaped(&password));
            prop_assert_eq!(Proxy::from_url(&url), Proxy::new(&host, port, Some(&username), Some(&password)).map_err(|(_, error)| error));
        }

        #[test]
        fn any_url_is_read_or_refused(url in "(socks5://)?[a-z0-9:@./\\[\\]%?#-]{0,40}") {
            if let Ok(proxy) = Proxy::from_url(&url) {
                prop_assert!(proxy.port() > 0 && (proxy.host().parse::<IpAddr>().is_ok() || is_host_name(proxy.host())));
            }
        }
    }
}
