//! Persons who write to the accounts from outside, whatever happens to the server.

use std::time::Duration;

use serde_json::json;
use tokio::sync::watch;

use super::Act;
use super::cast::{BORIS, CLARA, ChatKind, Scene};
use crate::error::BenchError;

/// How long a person rests between two messages, at most.
const REST_MS_MAX: u64 = 150;

/// A person, or several of them.
pub(super) struct Poster {
    number: usize,
    scene: Scene,
    act: watch::Receiver<Act>,
    chance: fastrand::Rng,
}

impl Poster {
    pub(super) fn new(number: usize, scene: Scene, act: watch::Receiver<Act>, chance: fastrand::Rng) -> Self {
        Self { number, scene, act, chance }
    }

    /// Writes until the run settles. Answers how many messages were written.
    pub(super) async fn post(mut self) -> Result<usize, BenchError> {
        let mut posted = 0;
        while *self.act.borrow() == Act::Writing {
            let text = format!("p{}-{posted} from outside", self.number);
            let from = self.chance.choice([BORIS.0, CLARA.0]).unwrap_or(CLARA.0);
            let groups = self.scene.chats.iter().filter(|chat| matches!(chat.kind, ChatKind::Group | ChatKind::Supergroup));
            let mut targets: Vec<_> = groups.map(|chat| json!(chat.id)).collect();
            targets.extend(self.scene.accounts.iter().map(|account| json!(account.phone)));
            if let Some(to) = self.chance.choice(&targets) {
                self.scene.post(from, to, &text).await?;
                posted += 1;
            }
            tokio::time::sleep(Duration::from_millis(self.chance.u64(0..REST_MS_MAX))).await;
        }
        Ok(posted)
    }
}
