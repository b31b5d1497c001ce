//! Webhooks: events posted to addresses that their owner named, as <https://www.standardwebhooks.com> says.
//!
//! A webhook follows its user's events like any other reader. What it takes up becomes a *delivery*, written down in one commit with
//! the place that was read to, so that no kill loses one. Deliveries are posted in *lanes*, one for each chat of each account: within
//! a lane nothing overtakes, and a lane that fails holds up no other. A delivery is tried until the address takes it, or until the
//! waits of [`WebhookLimits::waits`] are over; then it is dead, which its owner sees and can replay. A kill in between repeats what
//! was not settled, under the same `webhook-id`.

mod delivery;
mod hook;
mod ledger;
mod record;
mod sender;
mod worker;

use std::time::Duration;

pub use delivery::{Delivery, DeliveryId, DeliveryStatus};
pub use record::{StandingStatus, WebhookId};

pub(crate) use hook::Hook;
pub(crate) use record::{Owner, Standing, Webhook, secret_text};
pub(crate) use sender::{Attempt, Outcome, Sender, check_address};
pub(crate) use worker::{Closed, House, message, work};

/// How webhooks are delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookLimits {
    /// Webhooks that one user may have.
    pub webhooks_per_user_max: usize,
    /// How long an address may take to answer.
    pub answer_timeout: Duration,
    /// The waits between the attempts of one delivery, each varied by a quarter; one more attempt than waits.
    pub waits: Vec<Duration>,
    /// A webhook whose every attempt has failed for so long is suspended.
    pub failing_max: Duration,
}

impl Default for WebhookLimits {
    fn default() -> Self {
        let waits = [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 21_600, 36_000];
        Self {
            webhooks_per_user_max: 20,
            answer_timeout: Duration::from_secs(15),
            waits: waits.into_iter().map(Duration::from_secs).collect(),
            failing_max: Duration::from_secs(3 * 86_400),
        }
    }
}
