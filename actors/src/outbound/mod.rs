//! Reaching what users name: webhooks, and files at a URL. A user must not make this server call what only this server can reach, so
//! names are resolved here, each address is judged, and the connection goes to exactly that one (OWASP API7:2023). Every call resolves
//! anew: a name that was judged once may mean something else a moment later. Redirects are never followed by themselves, and no proxy
//! is taken from the environment.

mod address;
mod file;
mod resolver;

use std::error::Error as _;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, Response, Url};
use url::Host;

use resolver::{Judge, JudgingResolver};

pub use address::is_public;
pub use file::FetchLimits;
pub(crate) use file::{Fetched, Fetcher, read_url};

/// How long a connection may take to be there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Ports below this one belong to services of the system; of those, only the two of HTTP are called.
const PORTS_FROM: u16 = 1_024;

const USER_AGENT: &str = concat!("vasya-server/", env!("CARGO_PKG_VERSION"));

/// Why an address was not reached. It tells nothing of what answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// It is not of HTTP over TLS.
    #[error("must begin with https://")]
    NotHttps,
    /// It is neither `http` nor `https`.
    #[error("must begin with https:// or http://")]
    NotHttp,
    /// It has a name and password in it.
    #[error("may not hold a user name or password")]
    Credentials,
    /// It has no host.
    #[error("must name a host")]
    NoHost,
    /// It is of another service.
    #[error("may not name the port {0}")]
    Port(u16),
    /// It leads to a place that is not public.
    #[error("leads to an address that is not public; the operator can allow it (VASYA_OUTBOUND_ALLOWED_NETWORKS)")]
    NotPublic,
    /// It leads to a place that would have to be listed.
    #[error("leads to an address that the operator does not list (VASYA_OUTBOUND_ALLOWED_NETWORKS)")]
    NotListed,
    /// The name is not known.
    #[error("names a host that cannot be found")]
    Unresolved,
    /// It did not answer in time.
    #[error("did not answer in time")]
    TimedOut,
    /// No connection was made, or it broke.
    #[error("cannot be reached")]
    Unreachable,
}

/// Over which protocol addresses may be called that the operator has not listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// HTTP over TLS only.
    Secure,
    /// Plain HTTP as well, and either at its own port only.
    Plain,
    /// Over none: only what is listed is called.
    Never,
}

/// How users' addresses are reached. Cheap to clone.
#[derive(Clone)]
pub struct Outbound(Arc<Inner>);

struct Inner {
    allowed: Arc<[IpNet]>,
    /// To public addresses, and those that the operator allows.
    anywhere: Client,
    /// To those that the operator allows only.
    listed: Client,
}

/// What an address said to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posted {
    /// The HTTP status.
    pub status: u16,
    /// How long it asks to be left alone (RFC 9110, section 10.2.3).
    pub retry_after_secs: Option<u64>,
}

impl Outbound {
    /// Reaches public addresses, and those within networks that the operator lists, such as `10.1.0.0/16`.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub fn new(allowed_networks: &[String]) -> Result<Self, String> {
        let network = |text: &String| text.parse().map_err(|_| format!("{text} is no network such as 10.1.0.0/16 or fd00::/8"));
        let allowed: Arc<[IpNet]> = allowed_networks.iter().map(network).collect::<Result<_, _>>()?;
        let client = |judge: Judge| {
            let resolver = Arc::new(JudgingResolver::new(judge, Arc::clone(&allowed)));
            let builder = Client::builder().no_proxy().redirect(Policy::none()).dns_resolver(resolver);
            // A connection of its own for each call, so that each is judged.
            let builder = builder.pool_max_idle_per_host(0).connect_timeout(CONNECT_TIMEOUT).user_agent(USER_AGENT);
            builder.build().map_err(|error| error.to_string())
        };
        let (anywhere, listed) = (client(Judge::PublicOrListed)?, client(Judge::Listed)?);
        Ok(Self(Arc::new(Inner { allowed, anywhere, listed })))
    }

    /// Whether a URL may be called, as far as that can be said without looking its host up. Plain HTTP always may where the operator
    /// lists the address.
    ///
    /// # Errors
    /// [`OutboundError`], for a person to read after the name of the field.
    pub fn check(&self, url: &Url, transport: Transport) -> Result<(), OutboundError> {
        self.client(url, transport).map(|_| ())
    }

    fn client(&self, url: &Url, transport: Transport) -> Result<&Client, OutboundError> {
        check_form(url, transport)?;
        let port = url.port_or_known_default().unwrap_or_default();
        let (must_be_listed, refused) = match transport {
            Transport::Secure => (url.scheme() == "http", OutboundError::NotHttps),
            Transport::Plain => (!matches!(port, 80 | 443), OutboundError::Port(port)),
            Transport::Never => (true, OutboundError::NotListed),
        };
        let address: IpAddr = match url.host().ok_or(OutboundError::NoHost)? {
            Host::Ipv4(address) => address.into(),
            Host::Ipv6(address) => address.into(),
            // A name is judged when it is resolved.
            Host::Domain(_) if must_be_listed && self.0.allowed.is_empty() => return Err(refused),
            Host::Domain(_) if must_be_listed => return Ok(&self.0.listed),
            Host::Domain(_) => return Ok(&self.0.anywhere),
        };
        let is_listed = address::is_listed(&self.0.allowed, address);
        if !is_listed && !is_public(address) {
            return Err(OutboundError::NotPublic);
        }
        if must_be_listed && !is_listed {
            return Err(refused);
        }
        Ok(if must_be_listed { &self.0.listed } else { &self.0.anywhere })
    }

    /// A request to a URL, to be completed and given to [`send`]. It takes as long as it takes, if the caller sets no time limit.
    ///
    /// # Errors
    /// As [`Outbound::check`].
    pub fn request(&self, method: Method, url: &Url, transport: Transport) -> Result<RequestBuilder, OutboundError> {
        Ok(self.client(url, transport)?.request(method, url.clone()))
    }

    /// Posts a message and answers what was said to it. The body of the answer is not read.
    ///
    /// # Errors
    /// [`OutboundError`].
    pub async fn post(
        &self,
        url: &Url,
        headers: &[(&'static str, String)],
        body: Vec<u8>,
        within: Duration,
    ) -> Result<Posted, OutboundError> {
        let mut named = HeaderMap::new();
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).map_err(|_| OutboundError::Unreachable)?;
            named.insert(HeaderName::from_static(name), value);
        }
        let request = self.request(Method::POST, url, Transport::Secure)?.headers(named).body(body);
        let response = send(request.timeout(within)).await?;
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after_secs = retry_after.and_then(|value| value.trim().parse().ok());
        Ok(Posted { status: response.status().as_u16(), retry_after_secs })
    }
}

/// What can be said of a URL without knowing which addresses the operator lists.
fn check_form(url: &Url, transport: Transport) -> Result<(), OutboundError> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(if transport == Transport::Secure { OutboundError::NotHttps } else { OutboundError::NotHttp });
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(OutboundError::Credentials);
    }
    let port = url.port_or_known_default().unwrap_or_default();
    if !matches!(port, 80 | 443) && port < PORTS_FROM { Err(OutboundError::Port(port)) } else { Ok(()) }
}

impl fmt::Debug for Outbound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Outbound")
    }
}

/// Sends a request of [`Outbound::request`]; answers as soon as the head of the answer is there.
///
/// # Errors
/// [`OutboundError`].
pub async fn send(request: RequestBuilder) -> Result<Response, OutboundError> {
    request.send().await.map_err(|error| {
        let mut cause = error.source();
        while let Some(error) = cause {
            if let Some(known) = error.downcast_ref::<OutboundError>() {
                return *known;
            }
            cause = error.source();
        }
        if error.is_timeout() { OutboundError::TimedOut } else { OutboundError::Unreachable }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;

    fn outbound(allowed: &[&str]) -> Outbound {
        Outbound::new(&allowed.iter().map(|network| (*network).to_owned()).collect::<Vec<_>>()).unwrap()
    }

    fn checked(outbound: &Outbound, url: &str, transport: Transport) -> Result<(), OutboundError> {
        outbound.check(&url.parse().unwrap(), transport)
    }

    #[test]
    fn a_url_is_judged_before_anything_is_called() {
        let (none, loopback) = (outbound(&[]), outbound(&["127.0.0.0/8"]));
        let cases = [
            ("https://example.com/a?b", Ok(())),
            ("https://example.com:8443/", Ok(())),
            ("http://example.com/", Err(OutboundError::NotHttps)),
            ("ftp://example.com/", Err(OutboundError::NotHttps)),
            ("file:///etc/passwd", Err(OutboundError::NotHttps)),
            ("https://a:b@example.com/", Err(OutboundError::Credentials)),
            ("https://example.com:22/", Err(OutboundError::Port(22))),
            ("https://127.0.0.1/", Err(OutboundError::NotPublic)),
            ("https://0x7f.1/", Err(OutboundError::NotPublic)),
            ("https://2130706433/", Err(OutboundError::NotPublic)),
            ("https://[::ffff:10.0.0.1]/", Err(OutboundError::NotPublic)),
            ("https://169.254.169.254/latest/meta-data", Err(OutboundError::NotPublic)),
        ];
        for (url, expected) in cases {
            assert_eq!(checked(&none, url, Transport::Secure), expected, "{url}");
        }
        assert_eq!(checked(&none, "http://example.com/", Transport::Plain), Ok(()));
        assert_eq!(checked(&none, "gopher://example.com/", Transport::Plain), Err(OutboundError::NotHttp));
        assert_eq!(checked(&loopback, "http://127.0.0.1:8080/", Transport::Secure), Ok(()));
        assert_eq!(checked(&none, "https://example.com:8443/", Transport::Plain), Err(OutboundError::Port(8_443)));
        assert_eq!(checked(&none, "http://1.1.1.1:8080/", Transport::Plain), Err(OutboundError::Port(8_080)));
        assert_eq!(checked(&loopback, "http://127.1:8080/", Transport::Plain), Ok(()));
        assert_eq!(checked(&loopback, "http://127.0.0.1/", Transport::Never), Ok(()));
        assert_eq!(checked(&loopback, "https://1.1.1.1/", Transport::Never), Err(OutboundError::NotListed));
        assert_eq!(checked(&none, "https://example.com/", Transport::Never), Err(OutboundError::NotListed));
        assert_eq!(checked(&loopback, "http://10.0.0.1/", Transport::Secure), Err(OutboundError::NotPublic));
        assert_eq!(checked(&loopback, "http://1.1.1.1/", Transport::Secure), Err(OutboundError::NotHttps));
    }

    proptest! {
        #[test]
        fn however_an_address_is_written_it_is_the_same_address(bits: u32) {
            // Made once: it reads the system's certificates.
            static OUTBOUND: LazyLock<Outbound> = LazyLock::new(|| outbound(&[]));
            let outbound = &*OUTBOUND;
            let address = std::net::Ipv4Addr::from_bits(bits);
            let [a, b, c, d] = address.octets();
            let plain = checked(outbound, &format!("http://{address}/"), Transport::Plain);
            prop_assert_eq!(plain.is_ok(), is_public(address.into()));
            for host in [
                format!("{bits}"), format!("0x{bits:x}"), format!("0{bits:o}"), format!("{a}.{}", bits & 0xff_ffff),
                format!("0{a:o}.0x{b:x}.{c}.{d}"), format!("[{}]", address.to_ipv6_mapped()), format!("{address}."),
            ] {
                prop_assert_eq!(checked(outbound, &format!("http://{host}/"), Transport::Plain), plain, "{}", host);
            }
        }
    }

    #[test]
    fn a_network_that_is_none_is_refused_by_name() {
        assert!(Outbound::new(&["10.0.0.0/99".to_owned()]).unwrap_err().contains("10.0.0.0/99"));
    }

    #[tokio::test]
    async fn a_name_that_leads_within_is_refused_when_it_is_resolved() {
        let url: Url = "https://localhost:4433/".parse().unwrap();
        let posted = outbound(&[]).post(&url, &[], Vec::new(), Duration::from_secs(5)).await;
        assert_eq!(posted, Err(OutboundError::NotPublic));
        // Where the operator allows it, only the connection can fail.
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let free = listener.local_addr().unwrap().port();
        drop(listener);
        let url: Url = format!("http://localhost:{free}/").parse().unwrap();
        let posted = outbound(&["127.0.0.0/8", "::1/128"]).post(&url, &[], Vec::new(), Duration::from_secs(5)).await;
        assert_eq!(posted, Err(OutboundError::Unreachable));
    }
}
