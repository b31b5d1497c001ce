//! JSON Web Tokens under the rules of RFC 8725: one algorithm, an expiry, no key from the token itself.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use vasya_actors::identity::UserId;

use crate::config::JwtConfiguration;

/// How far clocks may be apart, in seconds.
const LEEWAY_SECS: u64 = 30;

/// A token that was refused. It says no more: whoever shows it learns nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token is not acceptable")]
pub(super) struct Refused;

/// A token could not be signed.
#[derive(Debug, thiserror::Error)]
#[error("the token could not be signed: {0}")]
pub struct SigningError(#[from] jsonwebtoken::errors::Error);

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    sub: UserId,
    exp: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", skip_deserializing)]
    aud: Option<String>,
}

/// Whom a token belongs to, and until when.
#[derive(Debug)]
pub(super) struct Verified {
    pub(super) user: UserId,
    pub(super) expires_at_secs: u64,
}

/// Checks tokens.
pub(super) struct Verifier {
    keys: Vec<DecodingKey>,
    validation: Validation,
}

impl Verifier {
    pub(super) fn new(configuration: &JwtConfiguration) -> Self {
        let secrets = std::iter::once(&configuration.secret).chain(&configuration.previous_secret);
        let keys = secrets.map(|secret| DecodingKey::from_secret(secret.expose_secret().as_bytes())).collect();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = LEEWAY_SECS;
        validation.validate_exp = true;
        validation.validate_nbf = true;
        // With no audience configured, a token that has one was made for somebody else (RFC 7519, section 4.1.3).
        validation.validate_aud = true;
        validation.set_required_spec_claims(&["exp", "sub"]);
        if let Some(issuer) = &configuration.issuer {
            validation.set_issuer(&[issuer]);
            validation.required_spec_claims.insert("iss".into());
        }
        if let Some(audience) = &configuration.audience {
            validation.set_audience(&[audience]);
            validation.required_spec_claims.insert("aud".into());
        }
        Self { keys, validation }
    }

    pub(super) fn verify(&self, token: &str) -> Result<Verified, Refused> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| Refused)?;
        // A token must not say where the key to check it with is (RFC 8725, section 3.10).
        if header.jku.is_some() || header.x5u.is_some() || header.jwk.is_some() || header.x5c.is_some() {
            return Err(Refused);
        }
        let decoded = self.keys.iter().find_map(|key| jsonwebtoken::decode::<Claims>(token, key, &self.validation).ok());
        let claims = decoded.ok_or(Refused)?.claims;
        Ok(Verified { user: claims.sub, expires_at_secs: claims.exp })
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Verifier")
    }
}

/// A token for a user that ends `lifetime_secs` after `now_secs`.
pub(super) fn mint(
    configuration: &JwtConfiguration,
    user: &UserId,
    now_secs: u64,
    lifetime_secs: u64,
) -> Result<SecretString, SigningError> {
    let claims = Claims {
        sub: user.clone(),
        exp: now_secs.saturating_add(lifetime_secs),
        iat: Some(now_secs),
        iss: configuration.issuer.clone(),
        aud: configuration.audience.clone(),
    };
    let key = EncodingKey::from_secret(configuration.secret.expose_secret().as_bytes());
    Ok(SecretString::from(jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key)?))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, json};

    use super::*;

    const NOW: u64 = 4_000_000_000;

    fn configuration() -> JwtConfiguration {
        JwtConfiguration {
            secret: SecretString::from("0123456789abcdef0123456789abcdef"),
            previous_secret: Some(SecretString::from("the secret before, as long as that")),
            issuer: None,
            audience: None,
            admins: BTreeSet::new(),
        }
    }

    fn sign(header: &Header, claims: &Value, secret: &str) -> String {
        jsonwebtoken::encode(header, claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
    }

    fn verify(configuration: &JwtConfiguration, claims: &Value) -> Result<String, Refused> {
        let token = sign(&Header::new(Algorithm::HS256), claims, configuration.secret.expose_secret());
        Verifier::new(configuration).verify(&token).map(|verified| verified.user.to_string())
    }

    #[test]
    fn minted_tokens_are_accepted() {
        let mut configuration = configuration();
        configuration.issuer = Some("the backend".into());
        configuration.audience = Some("vasya".into());
        let token = mint(&configuration, &"alice".parse().unwrap(), NOW, 60).unwrap();
        let verified = Verifier::new(&configuration).verify(token.expose_secret()).unwrap();
        assert_eq!((verified.user.as_str(), verified.expires_at_secs), ("alice", NOW + 60));
    }

    #[test]
    fn the_secret_before_is_accepted_and_others_are_not() {
        let claims = json!({ "sub": "alice", "exp": NOW });
        let verifier = Verifier::new(&configuration());
        let header = Header::new(Algorithm::HS256);
        assert!(verifier.verify(&sign(&header, &claims, "the secret before, as long as that")).is_ok());
        assert!(verifier.verify(&sign(&header, &claims, "another secret that nobody told us of")).is_err());
    }

    #[test]
    fn claims_are_checked() {
        let configuration = configuration();
        assert_eq!(verify(&configuration, &json!({ "sub": "alice", "exp": NOW })).as_deref(), Ok("alice"));
        for refused in [
            json!({ "sub": "alice" }),
            json!({ "exp": NOW }),
            json!({ "sub": "alice", "exp": 1 }),
            json!({ "sub": "alice", "exp": NOW, "nbf": NOW }),
            json!({ "sub": "alice", "exp": NOW, "aud": "somebody else" }),
            json!({ "sub": "../../etc", "exp": NOW }),
            json!({ "sub": "", "exp": NOW }),
            json!({ "sub": "a".repeat(129), "exp": NOW }),
            json!({ "sub": 7, "exp": NOW }),
        ] {
            assert!(verify(&configuration, &refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn a_configured_issuer_and_audience_are_required() {
        let mut configuration = configuration();
        configuration.issuer = Some("the backend".into());
        configuration.audience = Some("vasya".into());
        let whole = json!({ "sub": "alice", "exp": NOW, "iss": "the backend", "aud": ["vasya", "another"] });
        assert!(verify(&configuration, &whole).is_ok());
        for missing in ["iss", "aud"] {
            let mut claims = whole.clone();
            claims.as_object_mut().unwrap().remove(missing);
            assert!(verify(&configuration, &claims).is_err(), "without {missing}");
            claims[missing] = json!("wrong");
            assert!(verify(&configuration, &claims).is_err(), "wrong {missing}");
        }
    }

    #[test]
    fn other_algorithms_and_keys_from_the_token_are_refused() {
        let configuration = configuration();
        let secret = configuration.secret.expose_secret();
        let claims = json!({ "sub": "alice", "exp": NOW });
        let verifier = Verifier::new(&configuration);
        assert!(verifier.verify(&sign(&Header::new(Algorithm::HS512), &claims, secret)).is_err());
        let from_token = Header { jku: Some("https://example.com/keys".into()), ..Header::new(Algorithm::HS256) };
        assert!(verifier.verify(&sign(&from_token, &claims, secret)).is_err());
        // {"alg":"none"} . {"sub":"alice","exp":4000000000} .
        assert!(verifier.verify("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSIsImV4cCI6NDAwMDAwMDAwMH0.").is_err());
        assert!(verifier.verify("not a token").is_err());
    }
}
