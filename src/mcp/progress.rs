//! Progress of long transfers, told to clients that ask for it.

use rmcp::RoleServer;
use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::service::{Peer, RequestContext};

/// How many bytes pass from one telling to the next, at least.
const STEP: u64 = 512 * 1_024;

/// Tells how far one transfer has come.
#[derive(Clone)]
pub(super) struct Progress {
    peer: Peer<RoleServer>,
    token: ProgressToken,
    told: u64,
}

impl Progress {
    /// For a request that asks for it.
    pub(super) fn of(context: &RequestContext<RoleServer>) -> Option<Self> {
        Some(Self { peer: context.peer.clone(), token: context.meta.get_progress_token()?, told: 0 })
    }

    /// `done` of `total` bytes have passed.
    pub(super) async fn tell(&mut self, done: u64, total: u64) {
        if done < self.told.saturating_add(STEP) && done < total || done == self.told {
            return;
        }
        self.told = done;
        #[expect(clippy::cast_precision_loss, reason = "the protocol counts in floating point, and no file has 2^53 bytes")]
        let told = ProgressNotificationParam::new(self.token.clone(), done as f64).with_total(total as f64);
        if let Err(error) = self.peer.notify_progress(told).await {
            tracing::debug!(%error, "nobody hears of progress");
        }
    }
}
