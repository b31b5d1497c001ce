//! What a user has set for speech to text, as it is kept: sealed with the user's own key.

use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::vault::{SealedBatch, Space, UserRecords, VaultError};

const RECORD: &[u8] = b"speech";

/// The most characters of a language's name.
const LANGUAGE_CHARACTERS_MAX: usize = 16;

/// The language of a user who has set none.
const LANGUAGE_DEFAULT: &str = "ru";

/// Who turns speech into text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// Deepgram, with the user's own key.
    #[default]
    Deepgram,
    /// A Whisper model on the server, which this server does not have.
    LocalWhisper,
}

impl Provider {
    /// The provider with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "deepgram" => Some(Self::Deepgram),
            "local_whisper" => Some(Self::LocalWhisper),
            _ => None,
        }
    }
}

/// A Whisper model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhisperModel {
    /// The smallest.
    Tiny,
    /// The middle one.
    Base,
    /// The largest of these.
    #[default]
    Small,
}

impl WhisperModel {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Tiny, Self::Base, Self::Small];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tiny => "tiny",
            Self::Base => "base",
            Self::Small => "small",
        }
    }

    /// The model with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|model| model.name() == name)
    }
}

/// The name of a spoken language, such as `ru` or `pt-BR`; `auto` lets the provider find out. 1 to 16 of `A-Z a-z 0-9 -`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Language(String);

impl Language {
    /// The rule, for those who broke it.
    pub(crate) const RULE: &'static str = "must be a language such as ru or pt-BR: 1 to 16 letters, digits and hyphens";

    /// Reads a language's name.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let fit = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        (fit && (1..=LANGUAGE_CHARACTERS_MAX).contains(&text.len())).then(|| Self(text.to_owned()))
    }

    /// Its name.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the provider is to find out.
    pub(crate) fn is_unknown(&self) -> bool {
        self.0.eq_ignore_ascii_case("auto")
    }
}

impl Default for Language {
    fn default() -> Self {
        Self(LANGUAGE_DEFAULT.to_owned())
    }
}

/// What a user has set.
#[derive(Clone, Default)]
pub(crate) struct SpeechSettings {
    pub(crate) provider: Provider,
    pub(crate) deepgram_key: Option<SecretString>,
    pub(crate) whisper_model: WhisperModel,
    pub(crate) language: Language,
}

/// The record.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    provider: Provider,
    deepgram_key: Option<Zeroizing<String>>,
    whisper_model: WhisperModel,
    language: Language,
}

impl SpeechSettings {
    /// Reads a user's settings; the defaults if they have set nothing.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) async fn load(records: &UserRecords) -> Result<Self, VaultError> {
        let stored = records.get::<Stored>(Space::Setting, RECORD).await?;
        Ok(stored.map_or_else(Self::default, |stored| Self {
            provider: stored.provider,
            deepgram_key: stored.deepgram_key.map(|key| SecretString::from(key.as_str())),
            whisper_model: stored.whisper_model,
            language: stored.language,
        }))
    }

    /// Adds them to a batch of the user's records.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn store(&self, batch: SealedBatch) -> Result<SealedBatch, VaultError> {
        let stored = Stored {
            provider: self.provider,
            deepgram_key: self.deepgram_key.as_ref().map(|key| Zeroizing::new(key.expose_secret().to_owned())),
            whisper_model: self.whisper_model,
            language: self.language.clone(),
        };
        batch.put(Space::Setting, RECORD, &stored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_language_is_read_exactly_when_it_matches_the_contract(text in "[A-Za-z0-9-]{0,18}|.{0,4}") {
            let fit = |symbol: char| symbol.is_ascii_alphanumeric() || symbol == '-';
            let expected = (1..=16).contains(&text.chars().count()) && text.chars().all(fit);
            prop_assert_eq!(Language::parse(&text).is_some(), expected);
        }
    }
}
