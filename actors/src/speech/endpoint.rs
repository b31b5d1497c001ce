//! Where the provider listens.

use std::net::IpAddr;

use reqwest::Url;

/// The base URL of the provider's interface: HTTPS, or plain HTTP on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(Url);

/// Why a text is no base URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEndpoint {
    /// It cannot be read.
    #[error("must be a URL, such as https://api.deepgram.com")]
    NoUrl,
    /// What is sent could be read on the way.
    #[error("must begin with https://; http:// is for this machine alone, such as http://127.0.0.1:8080")]
    Insecure,
    /// It holds what a base cannot have.
    #[error("must have neither a user, nor a query, nor a fragment")]
    NoBase,
}

impl Endpoint {
    /// Reads a base URL. It may have a path, below which the provider's own paths are.
    ///
    /// # Errors
    /// [`InvalidEndpoint`].
    pub fn parse(text: &str) -> Result<Self, InvalidEndpoint> {
        let url = Url::parse(text).map_err(|_| InvalidEndpoint::NoUrl)?;
        if url.cannot_be_a_base() || url.host_str().is_none_or(str::is_empty) {
            return Err(InvalidEndpoint::NoUrl);
        }
        let endpoint = Self(url);
        match endpoint.0.scheme() {
            "https" => {}
            "http" if endpoint.is_on_loopback() => {}
            _ => return Err(InvalidEndpoint::Insecure),
        }
        let url = &endpoint.0;
        let bare = url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
        if bare { Ok(endpoint) } else { Err(InvalidEndpoint::NoBase) }
    }

    /// Whether it is on this machine.
    pub fn is_on_loopback(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default();
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }

    /// Whether what is sent there is encrypted.
    pub(super) fn is_encrypted(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// A path below it.
    pub(super) fn join(&self, segments: &[&str]) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_else_can_read_is_an_endpoint() {
        for text in [
            "https://api.deepgram.com",
            "https://api.eu.deepgram.com/",
            "http://127.0.0.1:8080",
            "http://[::1]:8080/deepgram",
            "http://localhost",
        ] {
            assert!(Endpoint::parse(text).is_ok(), "{text}");
        }
        let refusals = [
            ("", InvalidEndpoint::NoUrl),
            ("api.deepgram.com", InvalidEndpoint::NoUrl),
            ("mailto:deepgram", InvalidEndpoint::NoUrl),
            ("http://api.deepgram.com", InvalidEndpoint::Insecure),
            ("http://127.0.0.1.example.org", InvalidEndpoint::Insecure),
            ("http://localhost.example.org", InvalidEndpoint::Insecure),
            ("ftp://127.0.0.1", InvalidEndpoint::Insecure),
            ("https://key@api.deepgram.com", InvalidEndpoint::NoBase),
            ("https://api.deepgram.com/?model=x", InvalidEndpoint::NoBase),
            ("https://api.deepgram.com/#x", InvalidEndpoint::NoBase),
        ];
        for (text, refusal) in refusals {
            assert_eq!(Endpoint::parse(text), Err(refusal), "{text}");
        }
    }

    #[test]
    fn paths_are_put_below_the_base() {
        for (base, expected) in [
            ("https://api.deepgram.com", "https://api.deepgram.com/v1/listen"),
            ("https://api.deepgram.com/", "https://api.deepgram.com/v1/listen"),
            ("http://127.0.0.1:1/proxy/", "http://127.0.0.1:1/proxy/v1/listen"),
        ] {
            assert_eq!(Endpoint::parse(base).unwrap().join(&["v1", "listen"]).as_str(), expected);
        }
    }
}
