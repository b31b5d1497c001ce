//! Speech to text: the user's settings, and recordings that are heard.

use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::error::{Code, Error};
use crate::operation::{Access, AccountReference, Declaration, Effect, Method, Operation, Repetition, UserOperation};
use crate::scope::Scope;
use crate::speech::{AUDIO_BYTES_MAX, Language, Provider, SpeechSettings, WhisperModel};
use crate::telegram::ChatId;
use crate::user::{Recording, UserCall};

const ACCESS: Access = Access::Scope(Scope::SttUse);

/// The length of a Deepgram key, in characters.
const KEY_CHARACTERS: std::ops::RangeInclusive<usize> = 8..=256;

/// What the caller has set for speech to text. The key is shown by its last four characters only.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SttSettings {
    /// Who turns speech into text.
    provider: Provider,
    /// Whether a Deepgram key is set.
    deepgram_api_key_set: bool,
    /// The end of the Deepgram key.
    #[serde(skip_serializing_if = "Option::is_none")]
    deepgram_api_key_masked: Option<String>,
    /// The local model.
    whisper_model: WhisperModel,
    /// The language that is spoken, where a call does not say.
    language: String,
}

impl From<SpeechSettings> for SttSettings {
    fn from(settings: SpeechSettings) -> Self {
        let key = settings.deepgram_key.as_ref().map(ExposeSecret::expose_secret);
        Self {
            provider: settings.provider,
            deepgram_api_key_set: key.is_some(),
            // Keys are ASCII, so that a place between two bytes is one between two characters.
            deepgram_api_key_masked: key.map(|key| format!("••••{}", key.get(key.len() - 4..).unwrap_or_default())),
            whisper_model: settings.whisper_model,
            language: settings.language.as_str().to_owned(),
        }
    }
}

/// Tells what the caller has set for speech to text.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct GetSttSettings {}

impl Operation for GetSttSettings {
    const DECLARATION: Declaration = Declaration::new(
        "get_stt_settings",
        "Tell the settings of speech to text.",
        Method::Get,
        "/stt/settings",
        ACCESS,
        Effect::Read,
    );
    type Output = SttSettings;
}

impl UserOperation for GetSttSettings {
    async fn run(self, call: UserCall) -> Result<SttSettings, Error> {
        Ok(call.speech_settings().await?.into())
    }
}

/// Changes what the caller has set for speech to text. What is left out stays.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetSttSettings {
    /// Who turns speech into text.
    #[serde(default)]
    #[schemars(with = "Option<Provider>")]
    provider: Option<String>,
    /// The caller's own Deepgram key: 8 to 256 visible ASCII characters; empty, the one that is set is forgotten.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    deepgram_api_key: Option<SecretString>,
    /// The local model.
    #[serde(default)]
    #[schemars(with = "Option<WhisperModel>")]
    whisper_model: Option<String>,
    /// The language that is spoken, where a call does not say, such as `ru` or `pt-BR`; `auto` lets the provider find out.
    #[serde(default)]
    language: Option<String>,
}

/// The fields of [`SetSttSettings`], understood.
struct Change {
    provider: Option<Provider>,
    key: Option<Option<SecretString>>,
    whisper_model: Option<WhisperModel>,
    language: Option<Language>,
}

impl SetSttSettings {
    fn change(&self) -> Result<Change, Error> {
        let provider =
            understood("provider", self.provider.as_deref(), Provider::from_name, "must be deepgram or local_whisper")?;
        let model = self.whisper_model.as_deref();
        let whisper_model = understood("whisperModel", model, WhisperModel::from_name, "must be tiny, base or small")?;
        let language = language(self.language.as_deref())?;
        let key = self.deepgram_api_key.as_ref().map(|key| match key.expose_secret() {
            "" => Ok(None),
            text if KEY_CHARACTERS.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) => {
                Ok(Some(key.clone()))
            }
            _ => {
                let (least, most) = (KEY_CHARACTERS.start(), KEY_CHARACTERS.end());
                let rule = format!("must have {least} to {most} visible ASCII characters, or none to forget the key");
                Err(Error::invalid("deepgramApiKey", rule))
            }
        });
        Ok(Change { provider, key: key.transpose()?, whisper_model, language })
    }
}

fn understood<T>(field: &str, text: Option<&str>, read: fn(&str) -> Option<T>, rule: &str) -> Result<Option<T>, Error> {
    text.map(|text| read(text).ok_or_else(|| Error::invalid(field, rule))).transpose()
}

fn language(text: Option<&str>) -> Result<Option<Language>, Error> {
    understood("language", text, Language::parse, Language::RULE)
}

impl Operation for SetSttSettings {
    const DECLARATION: Declaration = Declaration::new(
        "set_stt_settings",
        "Change the settings of speech to text, the own Deepgram key among them.",
        Method::Put,
        "/stt/settings",
        ACCESS,
        Effect::Write,
    );
    type Output = SttSettings;

    fn validate(&self) -> Result<(), Error> {
        self.change().map(|_| ())
    }
}

impl UserOperation for SetSttSettings {
    async fn run(self, call: UserCall) -> Result<SttSettings, Error> {
        let Change { provider, key, whisper_model, language } = self.change()?;
        let changed = call.change_speech_settings(|settings| {
            settings.provider = provider.unwrap_or(settings.provider);
            settings.whisper_model = whisper_model.unwrap_or(settings.whisper_model);
            if let Some(key) = key {
                settings.deepgram_key = key;
            }
            if let Some(language) = language {
                settings.language = language;
            }
        });
        Ok(changed.await?.into())
    }
}

/// Local models, and whether there are any.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SttModels {
    /// Whether this server can use local models.
    available: bool,
    /// Why it cannot.
    reason: &'static str,
    models: Vec<SttModel>,
}

/// One local model.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SttModel {
    name: WhisperModel,
    downloaded: bool,
}

fn models() -> SttModels {
    let models = WhisperModel::ALL.into_iter().map(|name| SttModel { name, downloaded: false });
    SttModels {
        available: false,
        reason: "This server does not run Whisper models: set the provider deepgram and your own Deepgram key.",
        models: models.collect(),
    }
}

/// Lists the local models.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ListSttModels {}

impl Operation for ListSttModels {
    const DECLARATION: Declaration = Declaration::new(
        "list_stt_models",
        "List the local models of speech to text, and say whether there are any.",
        Method::Get,
        "/stt/models",
        ACCESS,
        Effect::Read,
    );
    type Output = SttModels;
}

impl UserOperation for ListSttModels {
    async fn run(self, _call: UserCall) -> Result<SttModels, Error> {
        Ok(models())
    }
}

/// Answers that local models are not available. The route exists because clients of other builds call it.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct DownloadSttModel {}

impl Operation for DownloadSttModel {
    const DECLARATION: Declaration = Declaration::new(
        "download_stt_model",
        "Answered as list_stt_models: this server does not run local models.",
        Method::Post,
        "/stt/models/download",
        ACCESS,
        Effect::Write,
    )
    .repetition(Repetition::Harmless);
    type Output = SttModels;
}

impl UserOperation for DownloadSttModel {
    async fn run(self, _call: UserCall) -> Result<SttModels, Error> {
        Ok(models())
    }
}

/// What was said.
#[derive(Serialize, JsonSchema)]
pub struct Transcription {
    /// What was said; empty where nothing was.
    text: String,
    /// The language, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
}

/// Turns a recording into text: the request's body, of any kind that Deepgram knows and of at most 32 MiB, or a message that is named in
/// JSON.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Transcribe {
    /// The account whose message it is.
    #[serde(default)]
    account_id: Option<AccountReference>,
    /// The message's chat.
    #[serde(default)]
    chat_id: Option<ChatId>,
    /// The message: a voice message, a video note or another file with sound.
    #[serde(default)]
    message_id: Option<i32>,
    /// The language that is spoken, such as `ru` or `pt-BR`; `auto` lets the provider find out; the caller's own setting if absent.
    #[serde(default)]
    language: Option<String>,
}

impl Transcribe {
    fn recording(&self) -> Result<Option<Recording>, Error> {
        let together = "accountId, chatId and messageId go together; without them, the body is the recording";
        let missing = |field: &str| Error::new(Code::InvalidInput, format!("{field}: is missing: {together}")).in_field(field);
        match (self.account_id, self.chat_id, self.message_id) {
            (None, None, None) => Ok(None),
            (Some(_), Some(chat), Some(message_id)) => Ok(Some(Recording { chat, message_id })),
            (None, _, _) => Err(missing("accountId")),
            (_, None, _) => Err(missing("chatId")),
            (_, _, None) => Err(missing("messageId")),
        }
    }
}

impl Operation for Transcribe {
    const DECLARATION: Declaration = Declaration::new(
        "transcribe",
        "Turn speech into text: a recording that is the body, or a voice message that is named in JSON.",
        Method::Post,
        "/stt/transcribe",
        ACCESS,
        Effect::Write,
    )
    .header_fields(&[("x-language", "language")])
    .takes_bytes_or_json(AUDIO_BYTES_MAX)
    .ends_with_caller()
    .repetition(Repetition::Harmless);
    type Output = Transcription;

    fn account(&self) -> Option<AccountReference> {
        self.account_id
    }

    fn chats(&self) -> Vec<ChatId> {
        self.chat_id.into_iter().collect()
    }

    fn reads(&self) -> Vec<ChatId> {
        self.chats()
    }

    fn writes(&self) -> Vec<ChatId> {
        Vec::new()
    }

    fn validate(&self) -> Result<(), Error> {
        language(self.language.as_deref())?;
        self.recording().map(|_| ())
    }
}

impl UserOperation for Transcribe {
    async fn run(self, call: UserCall) -> Result<Transcription, Error> {
        let heard = call.transcribe(self.recording()?, language(self.language.as_deref())?).await?;
        Ok(Transcription { text: heard.text, language: heard.language })
    }
}
