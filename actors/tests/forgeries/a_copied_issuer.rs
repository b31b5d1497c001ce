//! The right to vouch for people cannot be copied.
use vasya_actors::caller::CallerIssuer;

fn copy(issuer: &CallerIssuer) -> CallerIssuer {
    issuer.clone()
}

fn main() {}
