//! Speech to text: what a user has set for it, and the provider that does it with the user's own key.

mod deepgram;
mod endpoint;
mod settings;

pub(crate) use deepgram::{AUDIO_BYTES_MAX, Deepgram, SpeechError, Transcript};
pub use endpoint::{Endpoint, InvalidEndpoint};
pub(crate) use settings::{Language, SpeechSettings};
pub use settings::{Provider, WhisperModel};
