//! Fetching a file that lies elsewhere on the web, piece by piece.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, TRANSFER_ENCODING,
};
use reqwest::{Method, Response, Url};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::{Outbound, OutboundError, Transport, send};
use crate::error::{Code, Error};
use crate::stream::ByteSender;

/// The longest URL, in bytes.
const URL_BYTES_MAX: usize = 2_048;

/// How many redirects are followed.
const REDIRECTS_MAX: usize = 5;

/// How long a server may be silent.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// How long to wait where as many files are fetched as may be, in seconds.
const BUSY_RETRY_SECS: u32 = 5;

/// How files are fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchLimits {
    /// The largest file, in bytes.
    pub bytes_max: u64,
    /// How long a file may take, all of it.
    pub time: Duration,
    /// Files that may be fetched at once.
    pub at_once_max: usize,
}

/// What fetches files for callers. One for the whole server.
#[derive(Debug)]
pub(crate) struct Fetcher {
    outbound: Outbound,
    transport: Transport,
    limits: FetchLimits,
    room: Arc<Semaphore>,
}

/// A file that is there, and whose bytes are still to come.
pub(crate) struct Fetched {
    response: Response,
    _room: OwnedSemaphorePermit,
    bytes_max: u64,
    deadline: Instant,
}

/// Reads a URL. Whether a file may be fetched from there is only known when it is asked.
///
/// # Errors
/// [`Code::InvalidInput`], naming `url`.
pub(crate) fn read_url(text: &str) -> Result<Url, Error> {
    if text.len() > URL_BYTES_MAX {
        return Err(Error::invalid("url", format!("must have at most {URL_BYTES_MAX} bytes")));
    }
    let url = Url::parse(text).map_err(|_| Error::invalid("url", "must be a URL, such as https://example.org/a.png"))?;
    super::check_form(&url, Transport::Plain).map_err(told)?;
    Ok(url)
}

impl Fetcher {
    /// Fetches from where `outbound` leads by `transport`.
    pub(crate) fn new(outbound: Outbound, transport: Transport, limits: FetchLimits) -> Self {
        Self { outbound, transport, limits, room: Arc::new(Semaphore::new(limits.at_once_max)) }
    }

    /// Asks for a file, through redirects, each of which is judged like the first address. The file's end must be told: by a length, or
    /// by the framing of the body (RFC 9112, section 6.3). One that ends with its connection is refused, since nobody can tell whether
    /// it came whole; and so is one that is compressed on its way.
    ///
    /// # Errors
    /// [`Code::InvalidInput`] naming `url` for a place that may not be asked, [`Code::FetchFailed`] where there is no such file,
    /// [`Code::PayloadTooLarge`], or [`Code::Overloaded`].
    pub(crate) async fn fetch(&self, url: Url) -> Result<Fetched, Error> {
        let busy = || Error::new(Code::Overloaded, "As many files are being fetched as may be; try again");
        let room = Arc::clone(&self.room).try_acquire_owned();
        let room = room.map_err(|_| busy().retry_after_secs(BUSY_RETRY_SECS))?;
        let deadline = Instant::now() + self.limits.time;
        let response = self.ask(url, deadline).await?;
        let headers = response.headers();
        if text(headers, &CONTENT_ENCODING).is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
            return Err(failed("the server sends the file compressed, although it was asked not to"));
        }
        let is_framed = text(headers, &TRANSFER_ENCODING).is_some_and(|encoding| encoding.eq_ignore_ascii_case("chunked"));
        let bytes_max = self.limits.bytes_max;
        match response.content_length() {
            Some(0) => Err(empty()),
            Some(length) if length > bytes_max => Err(too_large(bytes_max)),
            None if !is_framed => Err(failed("the server tells neither the file's length nor its end")),
            _ => Ok(Fetched { response, _room: room, bytes_max, deadline }),
        }
    }

    /// The answer at the end of all redirects: a success.
    async fn ask(&self, mut url: Url, deadline: Instant) -> Result<Response, Error> {
        for _ in 0..=REDIRECTS_MAX {
            let request = self.outbound.request(Method::GET, &url, self.transport).map_err(told)?;
            // What comes compressed would be sent on compressed.
            let request = request.header(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
            let patience = deadline.min(Instant::now() + SILENCE_MAX);
            let response = tokio::time::timeout_at(patience, send(request)).await.unwrap_or(Err(OutboundError::TimedOut));
            let response = response.map_err(told_of_request)?;
            match response.status().as_u16() {
                200 => return Ok(response),
                301 | 302 | 303 | 307 | 308 => url = next_hop(&url, &response)?,
                status => return Err(failed(&format!("the server answered {status}"))),
            }
        }
        Err(failed(&format!("there are more than {REDIRECTS_MAX} redirects")))
    }
}

/// Where a redirect leads. Never from TLS to none.
fn next_hop(from: &Url, response: &Response) -> Result<Url, Error> {
    let nowhere = || failed("a redirect leads to no address that is followed");
    let location = text(response.headers(), &LOCATION).filter(|location| location.len() <= URL_BYTES_MAX).ok_or_else(nowhere)?;
    let next = from.join(location).map_err(|_| nowhere())?;
    let is_downgrade = from.scheme() == "https" && next.scheme() != "https";
    if is_downgrade || super::check_form(&next, Transport::Plain).is_err() { Err(nowhere()) } else { Ok(next) }
}

impl Fetched {
    /// How long the file is, in bytes, if that was told.
    pub(crate) fn length(&self) -> Option<u64> {
        self.response.content_length()
    }

    /// The file's media type as it was told, without parameters.
    pub(crate) fn media_type(&self) -> Option<String> {
        let told = text(self.response.headers(), &CONTENT_TYPE)?;
        Some(told.split(';').next()?.trim().to_ascii_lowercase())
    }

    /// Hands the file on as it comes.
    pub(crate) async fn hand_on(mut self, sender: ByteSender) {
        let mut came = 0_u64;
        loop {
            let patience = self.deadline.min(Instant::now() + SILENCE_MAX);
            let piece = tokio::select! {
                piece = tokio::time::timeout_at(patience, self.response.chunk()) => piece,
                () = sender.closed() => return,
            };
            let piece = match piece {
                Ok(Ok(Some(piece))) => piece,
                Ok(Ok(None)) if came == 0 => return sender.fail(empty()).await,
                Ok(Ok(None)) => return sender.end().await,
                Ok(Err(_)) => return sender.fail(failed("the file did not arrive whole")).await,
                Err(_) => return sender.fail(failed("the file did not arrive in time")).await,
            };
            came = came.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
            if came > self.bytes_max {
                return sender.fail(too_large(self.bytes_max)).await;
            }
            if sender.send(piece).await.is_err() {
                return;
            }
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// What a caller is told whose URL may not be asked.
fn told(error: OutboundError) -> Error {
    Error::invalid("url", error)
}

/// What a caller is told whose URL was asked. Whether a name leads inside or nowhere is not told, so that names inside stay unknown.
fn told_of_request(error: OutboundError) -> Error {
    match error {
        OutboundError::NotPublic | OutboundError::Unresolved => {
            failed("its name leads nowhere, or to an address that is not public and that the operator does not allow")
        }
        OutboundError::TimedOut => failed("the server did not answer in time"),
        _ => failed("the server cannot be reached, or does not speak HTTP"),
    }
}

fn failed(why: &str) -> Error {
    Error::new(Code::FetchFailed, format!("The file cannot be fetched: {why}; nothing was sent")).in_field("url")
}

fn empty() -> Error {
    failed("it is empty")
}

fn too_large(bytes_max: u64) -> Error {
    Error::new(Code::PayloadTooLarge, format!("The file has more than {bytes_max} bytes")).in_field("url")
}
