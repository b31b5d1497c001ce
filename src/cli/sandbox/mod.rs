//! `vasya-server sandbox`: the whole product on a Telegram network that runs on this machine.

mod control;
mod login;
mod network;
mod secrets;
mod world;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use actix_web::rt::System;
use clap::ValueEnum;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use vasya_actors::catalogue::Catalogue;
use vasya_actors::identity::UserId;

use super::{CommandError, print};
use crate::config::{self, Authentication, Configuration, Flag};
use crate::http::BASE_PATH;
use crate::server::Running;
use crate::shutdown::StopSignals;
use crate::{auth, telemetry};
use control::Control;
use network::Attached;
use secrets::Secrets;

/// The user of the sandbox's own first account with `--auth jwt`.
const JWT_USER: &str = "ada";

/// How long the printed JWT is good for.
const JWT_LIFETIME: std::time::Duration = std::time::Duration::from_secs(24 * 3_600);

/// The application that the server is to the sandbox's network, which accepts any.
const API_ID: &str = "1";
const API_HASH: &str = "0123456789abcdef0123456789abcdef";

/// How to print what a person needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Print {
    Text,
    Json,
}

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Auth {
    Embedded,
    Jwt,
}

/// What to start.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Arguments {
    /// The port to listen on, on loopback; 0 takes any that is free.
    #[arg(long, default_value_t = 8787)]
    port: u16,
    /// The server's folder. What you did is still there the next time.
    #[arg(long, value_name = "FOLDER", default_value = "vasya-sandbox")]
    data_dir: PathBuf,
    /// The network's folder; beside the data folder, with `.world` behind its name, if absent.
    #[arg(long, value_name = "FOLDER")]
    world: Option<PathBuf>,
    /// The control API of a network that runs already, such as 127.0.0.1:9000. It is left running.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "world")]
    network: Option<String>,
    /// Who may call: embedded (one user with one token) or jwt.
    #[arg(long, value_enum, default_value_t = Auth::Embedded)]
    auth: Auth,
    /// How to print what you need: text, or one line of JSON.
    #[arg(long, value_enum, default_value_t = Print::Text)]
    print: Print,
}

/// Runs network and server until they are stopped.
pub(super) fn run(arguments: &Arguments) -> Result<(), CommandError> {
    let filter = std::env::var("RUST_LOG").unwrap_or_else(|_| "warn".into());
    telemetry::start(&config::LogConfiguration { filter, json: false });
    System::new().block_on(async {
        let mut signals = StopSignals::listen()?;
        let beside = |suffix: &str| with_suffix(&arguments.data_dir, suffix);
        let attached = match &arguments.network {
            Some(address) => Attached::to(address).await?,
            None => Attached::own(&arguments.world.clone().unwrap_or_else(|| beside(".world"))).await?,
        };
        let (secrets, network) = (beside(".secrets.json"), beside(".network.json"));
        let started = tokio::select! {
            started = start(arguments, attached.control(), &secrets, &network) => started.map(Some),
            // A start is safe to leave at any point, as it is to be killed.
            () = signals.requested() => Ok(None),
        };
        let has_run = matches!(started, Ok(Some(_)));
        let served = match started {
            Ok(Some((running, credentials))) => serve(arguments, running, credentials, attached.control(), &mut signals).await,
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        attached.release(has_run).await;
        served
    })
}

async fn start(
    arguments: &Arguments,
    control: &Control,
    secrets: &Path,
    network: &Path,
) -> Result<(Running, Credentials), CommandError> {
    fs::write(network, serde_json::to_vec(&control.network().await?).map_err(CommandError::refused)?)?;
    let secrets = Secrets::load(secrets)?;
    let configuration = configuration(arguments, &secrets, network)?;
    let credentials = credentials(&configuration)?;
    world::furnish(control).await?;
    Ok((Running::start(configuration, Catalogue::standard()).await?, credentials))
}

async fn serve(
    arguments: &Arguments,
    running: Running,
    credentials: Credentials,
    control: &Control,
    signals: &mut StopSignals,
) -> Result<(), CommandError> {
    let Credentials { token, jwt_secret } = credentials;
    let base_url = format!("http://{}", running.address());
    let account = tokio::select! {
        account = login::first_account(&base_url, &token, control) => account.map(Some),
        // A stop that is asked for meanwhile is not made to wait.
        () = signals.requested() => Ok(None),
    };
    let account_id = match account {
        Ok(Some(account_id)) => account_id,
        unfinished => {
            running.stop().await;
            return unfinished.map(|_| ());
        }
    };
    let ready = Ready { base_url, token, account_id, control_url: control.url().to_owned(), jwt_secret };
    print(&match arguments.print {
        Print::Text => ready.text(),
        Print::Json => ready.json(),
    })?;
    Ok(running.run(signals).await?)
}

/// What a production server would be configured with, but for the network.
fn configuration(arguments: &Arguments, secrets: &Secrets, network: &Path) -> Result<Configuration, CommandError> {
    let mode = if arguments.auth == Auth::Jwt { "jwt" } else { "embedded" };
    let mut flags = vec![
        Flag { key: "server.bind", name: "port", value: format!("127.0.0.1:{}", arguments.port) },
        Flag { key: "data.dir", name: "data-dir", value: arguments.data_dir.display().to_string() },
        Flag { key: "auth.mode", name: "auth", value: mode.into() },
        Flag { key: "telegram.network", name: "network", value: "sandbox".into() },
        Flag { key: "telegram.network_file", name: "network", value: network.display().to_string() },
        Flag { key: "telegram.api_id", name: "network", value: API_ID.into() },
        Flag { key: "telegram.api_hash", name: "network", value: API_HASH.into() },
    ];
    flags.extend(secrets.unless_in_environment());
    Ok(config::load(None, &flags)?)
}

/// The token to call with, and the secret that signs others where there is one.
struct Credentials {
    token: SecretString,
    jwt_secret: Option<SecretString>,
}

fn credentials(configuration: &Configuration) -> Result<Credentials, CommandError> {
    match &configuration.authentication {
        Authentication::Embedded { token } => {
            let token = token.clone().ok_or_else(|| CommandError::refused("the local token is missing"))?;
            Ok(Credentials { token, jwt_secret: None })
        }
        Authentication::Jwt(jwt) => {
            let user: UserId = JWT_USER.parse().map_err(CommandError::refused)?;
            let token = auth::mint(jwt, &user, JWT_LIFETIME).map_err(CommandError::refused)?;
            Ok(Credentials { token, jwt_secret: Some(jwt.secret.clone()) })
        }
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path.as_os_str().to_string_lossy().trim_end_matches('/'));
    name.push(suffix);
    PathBuf::from(name)
}

/// What a person or a program needs to begin.
struct Ready {
    base_url: String,
    token: SecretString,
    account_id: String,
    control_url: String,
    jwt_secret: Option<SecretString>,
}

impl Ready {
    fn json(&self) -> String {
        let mut object = json!({
            "baseUrl": self.base_url,
            "token": self.token.expose_secret(),
            "accountId": self.account_id,
            "controlUrl": self.control_url,
            "pid": std::process::id(),
        });
        if let (Some(secret), Some(members)) = (&self.jwt_secret, object.as_object_mut()) {
            members.insert("jwtSecret".into(), secret.expose_secret().into());
        }
        format!("{object}\n")
    }

    fn text(&self) -> String {
        let Self { base_url, account_id, control_url, .. } = self;
        let token = self.token.expose_secret();
        let secret = self.jwt_secret.as_ref().map(|secret| format!("\n  JWT secret   {}", secret.expose_secret()));
        let secret = secret.unwrap_or_default();
        let api = format!("{base_url}{BASE_PATH}");
        let header = format!("-H 'Authorization: Bearer {token}'");
        format!(
            "The sandbox is ready. Ctrl-C stops it; what you did is still there the next time.

  base URL     {base_url} (the API is at {api})
  token        {token}{secret}
  account      {account_id} (Ada, +15550000001)
  control URL  {control_url} (the control API is at {control_url}/sandbox/v1)

Try:

  curl -s {header} {api}/accounts
  curl -s {header} {api}/accounts/{account_id}/chats
  curl -s {header} -H 'Content-Type: application/json' -d '{{\"text\": \"hello\"}}' {api}/accounts/{account_id}/chats/{clara}/messages
",
            clara = world::CLARA_CHAT_ID,
        )
    }
}
