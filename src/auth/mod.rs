//! Authentication: from a request's token to a [`Caller`]. Nothing else makes one.

mod jwt;

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use vasya_actors::caller::{Caller, CallerIssuer};
use vasya_actors::error::Error;
use vasya_actors::gateway::Gateway;
use vasya_actors::identity::UserId;

use crate::config::{Authentication, JwtConfiguration};

/// What an agent's token starts with.
const AGENT_PREFIX: &str = "vk_";

/// The longest token that is looked at, in bytes.
const TOKEN_BYTES_MAX: usize = 8 * 1_024;

/// How many random bytes a generated token has; it is written in hexadecimal.
const LOCAL_TOKEN_BYTES: usize = 32;

/// Where a token was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenPlace {
    /// The `Authorization` header.
    Header,
    /// The cookie, which takes no agent's token: an agent is no browser.
    Cookie,
}

/// Verifies tokens.
#[derive(Debug)]
pub struct Authenticator {
    gateway: Gateway,
    issuer: CallerIssuer,
    humans: Humans,
}

#[derive(Debug)]
enum Humans {
    Embedded { token: SecretString },
    Jwt { verifier: Box<jwt::Verifier>, admins: BTreeSet<UserId> },
}

/// Why nobody can be authenticated: the system gives no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no random bytes: {0}")]
pub struct NoRandomness(getrandom::Error);

impl Authenticator {
    /// An authenticator, and the token of embedded mode if one was generated, to be shown to the operator.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn new(
        gateway: Gateway,
        issuer: CallerIssuer,
        authentication: &Authentication,
    ) -> Result<(Self, Option<SecretString>), NoRandomness> {
        let (humans, generated) = match authentication {
            Authentication::Jwt(configuration) => {
                let verifier = Box::new(jwt::Verifier::new(configuration));
                (Humans::Jwt { verifier, admins: configuration.admins.clone() }, None)
            }
            Authentication::Embedded { token: Some(token) } => (Humans::Embedded { token: token.clone() }, None),
            Authentication::Embedded { token: None } => {
                let token = random_token()?;
                (Humans::Embedded { token: token.clone() }, Some(token))
            }
        };
        Ok((Self { gateway, issuer, humans }, generated))
    }

    /// The caller whose token this is.
    ///
    /// # Errors
    /// [`Code::Unauthorized`](vasya_actors::error::Code::Unauthorized), the same for every reason.
    pub fn authenticate(&self, token: &str, place: TokenPlace) -> Result<Caller, Error> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Error::unauthorized());
        }
        if token.starts_with(AGENT_PREFIX) {
            return match place {
                TokenPlace::Header => self.gateway.authenticate_agent_key(token),
                TokenPlace::Cookie => Err(Error::unauthorized()),
            };
        }
        match &self.humans {
            Humans::Embedded { token: expected } => {
                let equal: bool = expected.expose_secret().as_bytes().ct_eq(token.as_bytes()).into();
                if equal { Ok(self.issuer.human(UserId::local(), true, None)) } else { Err(Error::unauthorized()) }
            }
            Humans::Jwt { verifier, admins } => {
                let verified = verifier.verify(token).map_err(|_refused| Error::unauthorized())?;
                let admin = admins.contains(&verified.user);
                Ok(self.issuer.human(verified.user, admin, Some(verified.expires_at_secs)))
            }
        }
    }
}

/// A token that nobody can guess.
///
/// # Errors
/// [`NoRandomness`].
pub fn random_token() -> Result<SecretString, NoRandomness> {
    let mut bytes = [0u8; LOCAL_TOKEN_BYTES];
    getrandom::fill(&mut bytes).map_err(NoRandomness)?;
    Ok(SecretString::from(hex::encode(bytes)))
}

/// A token for a user, signed with the configured secret; for trying things.
///
/// # Errors
/// When it cannot be signed.
pub fn mint(configuration: &JwtConfiguration, user: &UserId, lifetime: Duration) -> Result<SecretString, jwt::SigningError> {
    jwt::mint(configuration, user, unix_secs(), lifetime.as_secs())
}

fn unix_secs() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
