//! Deepgram's interface for recorded speech, <https://developers.deepgram.com/reference/speech-to-text/listen-pre-recorded>. The audio is
//! handed on as it comes; one call holds a piece of it at a time.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Body, Client, Response, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::{Semaphore, SemaphorePermit};
use zeroize::Zeroizing;

use super::{Endpoint, Language};
use crate::error::{Code, Error};
use crate::stream::ByteStream;

/// The longest audio of one call, in bytes.
pub(crate) const AUDIO_BYTES_MAX: usize = 32 * 1_024 * 1_024;

/// Calls of the whole server that may be at work at once.
const CALLS_MAX: usize = 16;

/// How long one call may take, the upload with it. Deepgram itself gives up after ten minutes.
const CALL_TIMEOUT: Duration = Duration::from_secs(600);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest answer, in bytes: the words of many hours with their times.
const ANSWER_BYTES_MAX: usize = 16 * 1_024 * 1_024;

/// The longest description of a refusal that is read, in bytes.
const REFUSAL_BYTES_MAX: usize = 16 * 1_024;

/// How long to wait where Deepgram does not say.
const RETRY_SECS_DEFAULT: u32 = 5;

/// What was heard.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Transcript {
    pub(crate) text: String,
    pub(crate) language: Option<String>,
}

/// Why nothing was heard. It never holds the key, nor anything that was said.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpeechError {
    /// The user's settings do not lead to a provider.
    #[error("{0}")]
    NotConfigured(&'static str),
    /// As many calls are at work as may be.
    #[error("too many recordings are being heard; try again")]
    Busy,
    /// There is no audio.
    #[error("the audio is empty: send the bytes of a recording")]
    Empty,
    /// There is too much audio.
    #[error("the audio may have at most {AUDIO_BYTES_MAX} bytes")]
    TooLarge,
    /// The audio did not arrive.
    #[error(transparent)]
    Source(Error),
    /// Deepgram refuses the key.
    #[error("Deepgram refuses the key: set another one with PUT /stt/settings")]
    KeyRefused,
    /// Deepgram asks to wait.
    #[error("Deepgram asks to wait {0} s")]
    RateLimited(u32),
    /// Deepgram can make nothing of the audio or the language.
    #[error("Deepgram cannot hear this: the audio is damaged or of an unknown kind, or the language is not one that it knows{0}")]
    Unheard(Reason),
    /// Deepgram refuses for another reason.
    #[error("Deepgram answered {0}{1}")]
    Refused(u16, Reason),
    /// Deepgram's answer is not one that it can give.
    #[error("Deepgram's answer cannot be read")]
    Unreadable,
    /// Deepgram cannot be reached.
    #[error("Deepgram cannot be reached")]
    Unreachable,
    /// No answer came in time.
    #[error("Deepgram did not answer within {} s", CALL_TIMEOUT.as_secs())]
    TimedOut,
}

impl From<SpeechError> for Error {
    fn from(error: SpeechError) -> Self {
        let code = match &error {
            SpeechError::Source(source) => return source.clone(),
            SpeechError::NotConfigured(_) => Code::SpeechNotConfigured,
            SpeechError::Busy => Code::Overloaded,
            SpeechError::Empty | SpeechError::Unheard(_) => Code::InvalidInput,
            SpeechError::TooLarge => Code::PayloadTooLarge,
            SpeechError::KeyRefused => Code::SpeechKeyRefused,
            SpeechError::RateLimited(_) => Code::SpeechRateLimited,
            SpeechError::Refused(..) | SpeechError::Unreadable | SpeechError::Unreachable | SpeechError::TimedOut => {
                Code::SpeechFailed
            }
        };
        let told = Error::new(code, error.to_string());
        match error {
            SpeechError::RateLimited(seconds) => told.retry_after_secs(seconds),
            SpeechError::Busy => told.retry_after_secs(RETRY_SECS_DEFAULT),
            _ => told,
        }
    }
}

/// Deepgram's short name for a refusal, such as `Bad Request`. Its sentences are not told on: nobody knows what is in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reason(Option<String>);

impl Reason {
    const CHARACTERS_MAX: usize = 64;

    fn read(body: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Refusal {
            err_code: String,
        }
        let plain = |name: &String| {
            let fit = |byte: u8| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b' ');
            (1..=Self::CHARACTERS_MAX).contains(&name.len()) && name.bytes().all(fit)
        };
        let refusal: Option<Refusal> = serde_json::from_slice(body).ok();
        Self(refusal.map(|refusal| refusal.err_code).filter(plain))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(name) => write!(formatter, " ({name})"),
            None => Ok(()),
        }
    }
}

/// Deepgram, as this server reaches it.
pub(crate) struct Deepgram {
    endpoint: Endpoint,
    model: String,
    client: OnceLock<Client>,
    room: Semaphore,
}

impl Deepgram {
    /// Deepgram at this address; `model` is one of its own. Nothing is dialled yet.
    pub(crate) fn new(endpoint: Endpoint, model: String) -> Self {
        Self { endpoint, model, client: OnceLock::new(), room: Semaphore::new(CALLS_MAX) }
    }

    /// Whether it is on this machine.
    pub(crate) fn is_on_loopback(&self) -> bool {
        self.endpoint.is_on_loopback()
    }

    /// A place among the calls that may be at work.
    ///
    /// # Errors
    /// [`SpeechError::Busy`].
    pub(crate) fn enter(&self) -> Result<SemaphorePermit<'_>, SpeechError> {
        self.room.try_acquire().map_err(|_| SpeechError::Busy)
    }

    /// Hears a recording. Dropping the future closes the connection.
    ///
    /// # Errors
    /// [`SpeechError`].
    pub(crate) async fn transcribe(
        &self,
        key: &SecretString,
        audio: ByteStream,
        language: &Language,
    ) -> Result<Transcript, SpeechError> {
        let heard = self.hear(key, audio, language);
        tokio::time::timeout(CALL_TIMEOUT, heard).await.unwrap_or(Err(SpeechError::TimedOut))
    }

    async fn hear(&self, key: &SecretString, mut audio: ByteStream, language: &Language) -> Result<Transcript, SpeechError> {
        let first = loop {
            match audio.next().await.map_err(SpeechError::Source)? {
                Some(bytes) if bytes.is_empty() => {}
                Some(bytes) => break bytes,
                None => return Err(SpeechError::Empty),
            }
        };
        let stopped = Stopped::default();
        let body = Body::wrap_stream(pieces(first, audio, stopped.clone()));
        let request = self.client()?.post(self.address(language)).header(AUTHORIZATION, authorization(key)?);
        let sent = request.header(CONTENT_TYPE, "application/octet-stream").body(body).send().await;
        // What kept the audio from arriving is the true reason, whatever the connection says of it.
        if let Some(error) = stopped.take() {
            return Err(error);
        }
        let response = sent.map_err(|error| {
            tracing::warn!(error = %error.without_url(), "Deepgram cannot be reached");
            SpeechError::Unreachable
        })?;
        let answer = read_answer(response).await?;
        let heard = Heard::read(&answer).ok_or(SpeechError::Unreadable)?;
        let asked = (!language.is_unknown()).then(|| language.as_str().to_owned());
        Ok(Transcript { text: heard.text, language: heard.language.or(asked) })
    }

    fn address(&self, language: &Language) -> Url {
        let mut url = self.endpoint.join(&["v1", "listen"]);
        let language = if language.is_unknown() { ("detect_language", "true") } else { ("language", language.as_str()) };
        url.query_pairs_mut().extend_pairs([("model", self.model.as_str()), ("smart_format", "true"), language]);
        url
    }

    /// The client, made on first use: it reads the system's certificates. A connection serves one call, since a body that is a stream
    /// cannot be sent again where a kept connection turns out to be dead.
    fn client(&self) -> Result<&Client, SpeechError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let builder = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .https_only(self.endpoint.is_encrypted())
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_max_idle_per_host(0)
            .user_agent(concat!("vasya-server/", env!("CARGO_PKG_VERSION")));
        let client = builder.build().map_err(|error| {
            tracing::error!(%error, "no TLS client can be made");
            SpeechError::Unreachable
        })?;
        Ok(self.client.get_or_init(|| client))
    }
}

fn authorization(key: &SecretString) -> Result<HeaderValue, SpeechError> {
    let text = Zeroizing::new(format!("Token {}", key.expose_secret()));
    let mut value = HeaderValue::from_str(&text).map_err(|_| SpeechError::KeyRefused)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Why the audio stopped before its end.
#[derive(Clone, Default)]
struct Stopped(Arc<Mutex<Option<SpeechError>>>);

impl Stopped {
    fn because(&self, error: SpeechError) -> BodyStopped {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        BodyStopped
    }

    fn take(&self) -> Option<SpeechError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the audio did not arrive whole")]
struct BodyStopped;

/// The audio, counted.
fn pieces(first: Bytes, audio: ByteStream, stopped: Stopped) -> impl Stream<Item = Result<Bytes, BodyStopped>> + Send + 'static {
    let begin = (Some(first), audio, 0_usize, stopped);
    futures::stream::try_unfold(begin, async |(first, mut audio, sent, stopped)| {
        let piece = match first {
            Some(first) => Some(first),
            None => audio.next().await.map_err(|error| stopped.because(SpeechError::Source(error)))?,
        };
        let Some(piece) = piece else { return Ok(None) };
        let sent = sent.saturating_add(piece.len());
        if sent > AUDIO_BYTES_MAX {
            return Err(stopped.because(SpeechError::TooLarge));
        }
        Ok(Some((piece, (None, audio, sent, stopped))))
    })
}

/// The body of a success; any other answer is an error.
async fn read_answer(mut response: Response) -> Result<Vec<u8>, SpeechError> {
    let status = response.status();
    let bytes_max = if status.is_success() { ANSWER_BYTES_MAX } else { REFUSAL_BYTES_MAX };
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|_| SpeechError::Unreachable)? {
        if body.len() + piece.len() > bytes_max {
            break;
        }
        body.extend_from_slice(&piece);
    }
    if status.is_success() {
        return Ok(body);
    }
    let reason = Reason::read(&body);
    tracing::warn!(status = status.as_u16(), %reason, "Deepgram refused a recording");
    Err(match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => SpeechError::KeyRefused,
        StatusCode::TOO_MANY_REQUESTS => SpeechError::RateLimited(retry_secs(&response)),
        StatusCode::PAYLOAD_TOO_LARGE => SpeechError::TooLarge,
        StatusCode::BAD_REQUEST | StatusCode::UNSUPPORTED_MEDIA_TYPE | StatusCode::UNPROCESSABLE_ENTITY => {
            SpeechError::Unheard(reason)
        }
        status => SpeechError::Refused(status.as_u16(), reason),
    })
}

fn retry_secs(response: &Response) -> u32 {
    let told = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    told.unwrap_or(RETRY_SECS_DEFAULT).max(1)
}

/// What is read of a transcription.
#[derive(Debug, PartialEq, Eq)]
struct Heard {
    text: String,
    language: Option<String>,
}

impl Heard {
    /// The best reading of the first channel: the recording is heard as one.
    fn read(answer: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Answer {
            results: Results,
        }
        #[derive(Deserialize)]
        struct Results {
            channels: Vec<Channel>,
        }
        #[derive(Deserialize)]
        struct Channel {
            alternatives: Vec<Alternative>,
            detected_language: Option<String>,
        }
        #[derive(Deserialize)]
        struct Alternative {
            transcript: String,
        }
        let answer: Answer = serde_json::from_slice(answer).ok()?;
        let channel = answer.results.channels.into_iter().next()?;
        let text = channel.alternatives.into_iter().next()?.transcript;
        let language = channel.detected_language.filter(|language| Language::parse(language).is_some());
        Some(Self { text, language })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_transcription_is_read_and_anything_else_is_none() {
        let answer = br#"{"metadata":{"channels":1},"results":{"channels":[{"detected_language":"pt","alternatives":[
            {"transcript":"farol","confidence":0.9,"words":[{"word":"farol"}]},{"transcript":"falor"}]}]}}"#;
        assert_eq!(Heard::read(answer), Some(Heard { text: "farol".into(), language: Some("pt".into()) }));
        for other in ["", "{}", "[]", r#"{"results":{"channels":[]}}"#, r#"{"results":{"channels":[{"alternatives":[]}]}}"#] {
            assert_eq!(Heard::read(other.as_bytes()), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn of_a_refusal_only_a_plain_name_is_told_on(body in "\\PC{0,80}", code in "\\PC{0,80}") {
            for body in [body.clone(), serde_json::json!({ "err_code": code, "err_msg": body }).to_string()] {
                let told = Reason::read(body.as_bytes()).to_string();
                prop_assert!(told.bytes().all(|byte| byte.is_ascii_alphabetic() || b"_ ()".contains(&byte)));
                prop_assert!(told.len() <= 67);
            }
        }
    }

    #[test]
    fn the_language_is_asked_for_or_left_to_be_found() {
        let deepgram = Deepgram::new(Endpoint::parse("https://api.example.org").unwrap(), "nova-2".into());
        let address = |language: &str| deepgram.address(&Language::parse(language).unwrap()).to_string();
        let base = "https://api.example.org/v1/listen?model=nova-2&smart_format=true";
        assert_eq!(address("pt-BR"), format!("{base}&language=pt-BR"));
        assert_eq!(address("auto"), format!("{base}&detect_language=true"));
    }
}
