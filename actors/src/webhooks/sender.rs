//! Posting one message to an address, signed as <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>
//! says.

use std::fmt;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Url;
use secrecy::ExposeSecret;
use sha2::Sha256;

use super::Webhook;
use super::record::Secret;
use crate::error::Error;
use crate::outbound::{Outbound, Posted, Transport};
use crate::runtime::now_secs;

/// The longest address, in characters.
const URL_LENGTH_MAX: usize = 2_000;

/// The status with which an address says that it wants no more.
const GONE: u16 = 410;

/// One message to be posted.
pub(crate) struct Attempt<'a> {
    pub(crate) webhook: &'a Webhook,
    /// `webhook-id`.
    pub(crate) id: String,
    pub(crate) body: Vec<u8>,
}

/// How an attempt ended. It holds nothing of what the address said but its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The status of the answer, if there was one.
    pub(crate) status: Option<u16>,
    pub(crate) latency_ms: u64,
    /// Why it failed; none if it was delivered.
    pub(crate) failure: Option<String>,
    /// How long the address asked to be left alone.
    pub(crate) retry_after_secs: Option<u64>,
}

impl Outcome {
    pub(crate) fn is_delivered(&self) -> bool {
        self.failure.is_none()
    }

    pub(super) fn is_gone(&self) -> bool {
        self.status == Some(GONE)
    }
}

/// Posts messages.
#[derive(Clone, Debug)]
pub(crate) struct Sender {
    outbound: Outbound,
    answer_timeout: Duration,
}

impl Sender {
    pub(crate) fn new(outbound: Outbound, answer_timeout: Duration) -> Self {
        Self { outbound, answer_timeout }
    }

    /// Posts one message. The address's names are resolved and judged anew each time, and no redirect is followed.
    pub(crate) async fn post(&self, attempt: Attempt<'_>) -> Outcome {
        let timestamp = now_secs();
        let secrets = attempt.webhook.secrets(timestamp);
        let signatures: Vec<String> = secrets.map(|secret| signature(secret, &attempt.id, timestamp, &attempt.body)).collect();
        let headers = [
            ("content-type", "application/json".to_owned()),
            ("webhook-id", attempt.id),
            ("webhook-timestamp", timestamp.to_string()),
            ("webhook-signature", signatures.join(" ")),
        ];
        let began = Instant::now();
        let posted = self.outbound.post(&attempt.webhook.url, &headers, attempt.body, self.answer_timeout).await;
        let latency_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (status, failure, retry_after_secs) = match posted {
            Ok(Posted { status: status @ 200..=299, .. }) => (Some(status), None, None),
            Ok(Posted { status, retry_after_secs }) => {
                (Some(status), Some(format!("The address answered {status}")), retry_after_secs)
            }
            Err(error) => (None, Some(error.to_string()), None),
        };
        Outcome { status, latency_ms, failure, retry_after_secs }
    }
}

/// `v1,` and the HMAC-SHA256 of the id, the timestamp and the body, joined by dots.
fn signature(secret: &Secret, id: &str, timestamp: u64, body: &[u8]) -> String {
    // HMAC takes keys of any length (RFC 2104), so there is no other case.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose_secret()) else { return String::new() };
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

/// Reads an address that events may be posted to.
///
/// # Errors
/// [`Code::InvalidInput`](crate::error::Code::InvalidInput) for `url`, with what is wrong.
pub(crate) fn check_address(outbound: &Outbound, text: &str) -> Result<Url, Error> {
    if text.len() > URL_LENGTH_MAX {
        return Err(Error::invalid("url", format!("may have at most {URL_LENGTH_MAX} characters")));
    }
    let url = Url::parse(text).map_err(|_| Error::invalid("url", "must be a URL such as https://example.com/hook"))?;
    outbound.check(&url, Transport::Secure).map_err(|error| Error::invalid("url", error))?;
    Ok(url)
}

impl fmt::Debug for Attempt<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Attempt({})", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the standard's reference implementations.
    #[test]
    fn it_signs_as_the_standard_does() {
        let secret = Secret::from(STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap());
        let signed = signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
