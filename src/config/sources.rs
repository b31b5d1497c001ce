//! Where settings come from: the built-in file, a file, the environment and flags, the later over the earlier.

use std::collections::BTreeMap;
use std::env::VarError;
use std::path::Path;

use figment::Figment;
use figment::providers::{Format, Serialized, Toml};
use figment::value::{Tag, Value};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use vasya_actors::vault::read_private;

use super::table::{self, Kind, SETTINGS, Setting};
use super::{Fault, Flag};

/// The built-in defaults, which document every setting.
pub(super) const DEFAULTS: &str = include_str!("../../config/default.toml");

/// The variable that names the configuration file, where no flag does.
const FILE_VARIABLE: &str = "VASYA_CONFIG";

/// The variable in which systemd names the folder of a service's credentials.
const CREDENTIALS_VARIABLE: &str = "CREDENTIALS_DIRECTORY";

/// The secret whose file nobody else may read.
const MASTER_KEY: &str = "data.session_master_key";

/// The largest file that a secret is read from, in bytes.
const SECRET_FILE_BYTES_MAX: u64 = 64 * 1_024;

/// All settings of all sources, and the faults that were met while reading them.
pub(super) struct Sources {
    figment: Figment,
    /// Where each setting that is not a default comes from, by key.
    origins: BTreeMap<&'static str, String>,
    faults: Vec<Fault>,
}

impl Sources {
    /// Reads the file, the environment and the flags.
    pub(super) fn read(file: Option<&Path>, flags: &[Flag]) -> Self {
        let mut sources = Self { figment: Figment::from(Toml::string(DEFAULTS)), origins: BTreeMap::new(), faults: Vec::new() };
        let named = std::env::var_os(FILE_VARIABLE).map(std::path::PathBuf::from);
        if let Some(path) = file.or(named.as_deref()) {
            sources.read_file(path);
        }
        for setting in SETTINGS {
            if let Some((text, origin)) = sources.variable(setting) {
                sources.set(setting, &text, origin);
            }
        }
        for flag in flags {
            if let Some(setting) = table::find(flag.key) {
                sources.set(setting, &flag.value, format!("--{}", flag.name));
            }
        }
        sources
    }

    fn read_file(&mut self, path: &Path) {
        let named = format!("the file {}", path.display());
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => return self.faults.push(Fault::new(&named, format!("cannot be read: {error}"))),
        };
        let layer = Figment::from(Toml::string(&text));
        let found: Result<BTreeMap<String, Value>, _> = layer.extract();
        let sections = match found {
            Ok(sections) => sections,
            Err(error) => return self.faults.push(Fault::new(&named, error.to_string())),
        };
        for (section, value) in &sections {
            let Some(settings) = value.as_dict() else {
                self.faults.push(Fault::new(&named, format!("{section} is no section; see config/default.toml")));
                continue;
            };
            for name in settings.keys() {
                let key = format!("{section}.{name}");
                match table::find(&key) {
                    Some(setting) => _ = self.origins.insert(setting.key, named.clone()),
                    None => self.faults.push(Fault::new(&named, format!("there is no setting {key}; see config/default.toml"))),
                }
            }
        }
        self.figment = self.figment.clone().merge(Toml::string(&text));
    }

    /// What the environment says of a setting, and in which variable. An empty variable counts as unset.
    fn variable(&mut self, setting: &Setting) -> Option<(String, String)> {
        let mut found = None;
        match std::env::var(setting.variable) {
            Ok(text) if !text.is_empty() => found = Some((text, setting.variable.to_owned())),
            Err(VarError::NotUnicode(_)) => self.faults.push(Fault::new(setting.variable, "is not UTF-8")),
            Ok(_) | Err(VarError::NotPresent) => {}
        }
        let file_variable = format!("{}_FILE", setting.variable);
        if setting.kind != Kind::Secret {
            return found;
        }
        let named = std::env::var_os(&file_variable).filter(|path| !path.is_empty());
        let Some(path) = named else { return found.or_else(|| self.credential(setting)) };
        if found.is_some() {
            self.faults.push(Fault::new(&file_variable, format!("is set, and {} too: set one of them", setting.variable)));
            return found;
        }
        match read_secret(Path::new(&path), setting) {
            Ok(text) => Some((text, file_variable)),
            Err(reason) => {
                self.faults.push(Fault::new(&file_variable, reason));
                None
            }
        }
    }

    /// A secret that systemd hands over (`LoadCredential=`): a file by the variable's name in lower case.
    fn credential(&mut self, setting: &Setting) -> Option<(String, String)> {
        let folder = std::env::var_os(CREDENTIALS_VARIABLE).filter(|folder| !folder.is_empty())?;
        let path = Path::new(&folder).join(setting.variable.to_lowercase());
        if !path.exists() {
            return None;
        }
        let origin = format!("{CREDENTIALS_VARIABLE}/{}", setting.variable.to_lowercase());
        match read_secret(&path, setting) {
            Ok(text) => Some((text, origin)),
            Err(reason) => {
                self.faults.push(Fault::new(&origin, reason));
                None
            }
        }
    }

    fn set(&mut self, setting: &'static Setting, text: &str, origin: String) {
        let value = match setting.kind {
            Kind::Text | Kind::Secret => Value::from(text),
            Kind::Number => match text.trim().parse::<i64>() {
                Ok(number) => Value::from(number),
                Err(_) => return self.faults.push(Fault::new(&origin, format!("must be a whole number ({})", setting.key))),
            },
            Kind::Switch => match text.trim() {
                "1" | "true" => Value::from(true),
                "0" | "false" => Value::from(false),
                _ => return self.faults.push(Fault::new(&origin, format!("must be true or false ({})", setting.key))),
            },
            Kind::List => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                Value::Array(Tag::Default, items.map(Value::from).collect())
            }
        };
        self.figment = self.figment.clone().merge(Serialized::default(setting.key, value));
        self.origins.insert(setting.key, origin);
    }

    /// A setting's value; a value of the wrong type is a fault.
    pub(super) fn get<T: DeserializeOwned + Default>(&mut self, key: &'static str) -> T {
        match self.figment.extract_inner(key) {
            Ok(value) => value,
            Err(error) => {
                // The error's own text could show a secret, so only the kind of thing that was expected is told.
                let expected = match table::find(key).map(|setting| setting.kind) {
                    Some(Kind::Number) => "must be a whole number within its range",
                    Some(Kind::List) => "must be a list of texts",
                    Some(Kind::Switch) => "must be true or false",
                    _ => "must be a text",
                };
                tracing::debug!(key, kind = ?std::mem::discriminant(&error.kind), "a setting has the wrong type");
                self.fault(key, expected);
                T::default()
            }
        }
    }

    /// A text, or nothing if it is empty.
    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        Some(self.get::<String>(key)).filter(|text| !text.is_empty())
    }

    /// A secret, or nothing if it is empty.
    pub(super) fn secret(&mut self, key: &'static str) -> Option<SecretString> {
        self.text(key).map(SecretString::from)
    }

    /// A number within a range; one outside is a fault.
    pub(super) fn number(&mut self, key: &'static str, range: std::ops::RangeInclusive<u64>) -> u64 {
        let number = self.get::<i64>(key);
        let within = u64::try_from(number).ok().filter(|number| range.contains(number));
        within.unwrap_or_else(|| {
            self.fault(key, format!("must be {} to {}", range.start(), range.end()));
            *range.start()
        })
    }

    /// Notes that a setting is not acceptable.
    pub(super) fn fault(&mut self, key: &'static str, reason: impl Into<String>) {
        let setting = table::find(key).map_or(key, |setting| setting.variable);
        let name = match self.origins.get(key) {
            Some(origin) => format!("{key} (from {origin})"),
            None => format!("{key} ({setting})"),
        };
        if !self.faults.iter().any(|fault| fault.setting == name) {
            self.faults.push(Fault { setting: name, reason: reason.into() });
        }
    }

    /// Where a setting comes from.
    pub(super) fn origin(&self, key: &str) -> &str {
        self.origins.get(key).map_or("default", String::as_str)
    }

    /// The value as it may be shown: a secret only by whether it is set.
    pub(super) fn shown(&self, setting: &Setting) -> String {
        let value: Result<Value, _> = self.figment.find_value(setting.key);
        let empty = |value: &Value| value.as_str().is_some_and(str::is_empty);
        match value {
            Ok(value) if setting.kind == Kind::Secret && !empty(&value) => "\"<set>\"".to_owned(),
            Ok(value) => serde_json::to_string(&value).unwrap_or_default(),
            Err(_) => "\"\"".to_owned(),
        }
    }

    /// The faults that were met.
    pub(super) fn into_faults(self) -> Vec<Fault> {
        self.faults
    }
}

fn read_secret(path: &Path, setting: &Setting) -> Result<String, String> {
    if setting.key == MASTER_KEY {
        let text = read_private(path).map_err(|error| format!("cannot be used: {error}"))?;
        return if text.expose_secret().is_empty() { Err("names an empty file".into()) } else { Ok(text.expose_secret().into()) };
    }
    let length = std::fs::metadata(path).map_err(|error| format!("cannot be read: {error}"))?.len();
    if length > SECRET_FILE_BYTES_MAX {
        return Err(format!("names a file of more than {SECRET_FILE_BYTES_MAX} bytes"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"))?;
    let text = text.trim_end_matches(['\r', '\n']).to_owned();
    if text.is_empty() { Err("names an empty file".into()) } else { Ok(text) }
}
