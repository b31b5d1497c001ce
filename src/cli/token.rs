//! `vasya-server token`: a JWT for trying things. In production, your backend signs them.

use std::time::Duration;

use secrecy::ExposeSecret;
use vasya_actors::identity::UserId;

use super::{CommandError, FileArgument, print};
use crate::{auth, config};

/// The longest lifetime: a token cannot be revoked, so it must end.
const LIFETIME_MAX: Duration = Duration::from_secs(30 * 86_400);

/// What to sign.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Arguments {
    /// The user: 1 to 128 characters of A-Z, a-z, 0-9, '_' and '-'.
    #[arg(long, value_name = "USER")]
    sub: UserId,
    /// How long the token is good for, such as 90s, 15m, 1h or 7d.
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = lifetime)]
    ttl: Duration,
    #[command(flatten)]
    file: FileArgument,
}

/// Prints the token.
pub(super) fn run(arguments: &Arguments) -> Result<(), CommandError> {
    let configuration = config::load_jwt(arguments.file.config.as_deref())?;
    let token = auth::mint(&configuration, &arguments.sub, arguments.ttl).map_err(CommandError::refused)?;
    print(&format!("{}\n", token.expose_secret()))
}

fn lifetime(text: &str) -> Result<Duration, String> {
    let rule = || "must be a number and a unit: 90s, 15m, 1h or 7d".to_owned();
    let unit = text.chars().next_back().ok_or_else(rule)?;
    let unit_secs = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(rule()),
    };
    let count: u64 = text.trim_end_matches(unit).parse().map_err(|_| rule())?;
    let lifetime = Duration::from_secs(count.saturating_mul(unit_secs));
    if lifetime.is_zero() || lifetime > LIFETIME_MAX {
        return Err(format!("must be more than 0 and at most {} days", LIFETIME_MAX.as_secs() / 86_400));
    }
    Ok(lifetime)
}
