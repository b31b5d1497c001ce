//! The keyring that everything at rest is sealed under: how it stands, and its rotation.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::error::{Code, Error};
use crate::operation::{Access, Declaration, Effect, Method, Operation, Repetition, UserOperation};
use crate::user::UserCall;
use crate::vault::KeyringState;

const ADMIN_ONLY: Access = Access::Admin("Agent keys cannot access admin routes");

/// Tells how the keyring stands.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct GetKeyring {}

impl Operation for GetKeyring {
    const DECLARATION: Declaration = Declaration::new(
        "get_keyring",
        "Tell which keys wrap what is at rest, and how far a rotation has come.",
        Method::Get,
        "/admin/keyring",
        ADMIN_ONLY,
        Effect::Read,
    );
    type Output = KeyringState;
}

impl UserOperation for GetKeyring {
    async fn run(self, call: UserCall) -> Result<KeyringState, Error> {
        Ok(call.keyring_state())
    }
}

/// Replaces every key at rest while the server serves. One that has begun already is left to run.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct RotateKeyring {}

impl Operation for RotateKeyring {
    const DECLARATION: Declaration = Declaration::new(
        "rotate_keyring",
        "Replace every key at rest, and seal every record anew, while serving.",
        Method::Post,
        "/admin/keyring/rotate",
        ADMIN_ONLY,
        Effect::Write,
    )
    .success(202)
    // One that has begun already is left to run.
    .repetition(Repetition::Harmless)
    .own_codes(&[Code::Conflict]);
    type Output = KeyringState;
}

impl UserOperation for RotateKeyring {
    async fn run(self, call: UserCall) -> Result<KeyringState, Error> {
        call.rotate_keyring().await?;
        Ok(call.keyring_state())
    }
}

/// Pauses a rotation, over restarts too; where none runs, nothing happens.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct PauseKeyringRotation {}

impl Operation for PauseKeyringRotation {
    const DECLARATION: Declaration = Declaration::new(
        "pause_keyring_rotation",
        "Pause the rotation of the keyring, over restarts too.",
        Method::Post,
        "/admin/keyring/pause",
        ADMIN_ONLY,
        Effect::Write,
    )
    .repetition(Repetition::Harmless);
    type Output = KeyringState;
}

impl UserOperation for PauseKeyringRotation {
    async fn run(self, call: UserCall) -> Result<KeyringState, Error> {
        call.pause_rotation(true).await?;
        Ok(call.keyring_state())
    }
}

/// Lets a rotation go on; where none waits, nothing happens.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ResumeKeyringRotation {}

impl Operation for ResumeKeyringRotation {
    const DECLARATION: Declaration = Declaration::new(
        "resume_keyring_rotation",
        "Let a rotation of the keyring go on that was paused or is stuck.",
        Method::Post,
        "/admin/keyring/resume",
        ADMIN_ONLY,
        Effect::Write,
    )
    .repetition(Repetition::Harmless);
    type Output = KeyringState;
}

impl UserOperation for ResumeKeyringRotation {
    async fn run(self, call: UserCall) -> Result<KeyringState, Error> {
        call.pause_rotation(false).await?;
        Ok(call.keyring_state())
    }
}
