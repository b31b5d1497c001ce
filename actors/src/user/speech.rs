//! Speech to text for one user: their settings, and recordings that are heard with their key.

use tokio::sync::{Mutex, Semaphore};

use crate::account::Asker;
use crate::error::Error;
use crate::speech::{AUDIO_BYTES_MAX, Language, Provider, SpeechError, SpeechSettings, Transcript};
use crate::telegram::ChatId;
use crate::user::{UserCall, UserContext};
use crate::vault::Durability;

/// Recordings of one user that may be heard at once.
const RECORDINGS_MAX: usize = 4;

/// What keeps a user's speech to text in order.
#[derive(Debug)]
pub(crate) struct SpeechWork {
    /// Held while the settings change.
    changing: Mutex<()>,
    room: Semaphore,
}

impl Default for SpeechWork {
    fn default() -> Self {
        Self { changing: Mutex::default(), room: Semaphore::new(RECORDINGS_MAX) }
    }
}

/// The message whose recording is to be heard; its account is the call's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recording {
    pub(crate) chat: ChatId,
    pub(crate) message_id: i32,
}

impl UserContext {
    /// What the user has set for speech to text.
    pub(crate) async fn speech_settings(&self) -> Result<SpeechSettings, Error> {
        Ok(SpeechSettings::load(&self.records).await?)
    }

    /// Changes what the user has set for speech to text; durable before it returns.
    pub(crate) async fn change_speech_settings(&self, change: impl FnOnce(&mut SpeechSettings)) -> Result<SpeechSettings, Error> {
        let _turn = self.speech.changing.lock().await;
        let mut settings = self.speech_settings().await?;
        change(&mut settings);
        settings.store(self.records.batch())?.commit(Durability::Durable).await?;
        Ok(settings)
    }
}

impl UserCall {
    /// Hears a message's recording, or the one that is the request's body; in the user's own language where none is given.
    pub(crate) async fn transcribe(&self, recording: Option<Recording>, language: Option<Language>) -> Result<Transcript, Error> {
        let settings = self.speech_settings().await?;
        let key = match (settings.provider, settings.deepgram_key) {
            (Provider::LocalWhisper, _) => {
                let reason = "This server has no Whisper models: set the provider deepgram with PUT /stt/settings";
                return Err(SpeechError::NotConfigured(reason).into());
            }
            (Provider::Deepgram, None) => {
                return Err(SpeechError::NotConfigured("No Deepgram key is set: set one with PUT /stt/settings").into());
            }
            (Provider::Deepgram, Some(key)) => key,
        };
        let deepgram = &self.environment.deepgram;
        if self.environment.settings.network.is_on_loopback() && !deepgram.is_on_loopback() {
            let reason =
                "A server on a network of this machine reaches nothing beyond it: set VASYA_DEEPGRAM_URL to an address here";
            return Err(SpeechError::NotConfigured(reason).into());
        }
        let _own_room = self.speech.room.try_acquire().map_err(|_| SpeechError::Busy)?;
        let _room = deepgram.enter()?;
        let audio = match recording {
            Some(Recording { chat, message_id }) => {
                let bytes_max = u64::try_from(AUDIO_BYTES_MAX).unwrap_or(u64::MAX);
                // The recording is no one's but its caller's.
                let asker = Asker { principal: self.caller().principal().clone(), ends_with_caller: true };
                self.take_account()?.open_audio(asker, chat, message_id, bytes_max).await?
            }
            None => self.take_body()?,
        };
        Ok(deepgram.transcribe(&key, audio, &language.unwrap_or(settings.language)).await?)
    }
}
