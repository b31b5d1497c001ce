//! Phone numbers for which Telegram asked to wait before it sends another code. A login that fails leaves nothing else, and another one
//! has no memory of its own: so the waits are the user's, in one sealed record.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::accounts::digits;
use crate::error::Error;
use crate::runtime::now_ms;
use crate::telegram::TelegramError;
use crate::vault::{Durability, Space, UserRecords};

/// How many numbers are remembered; then the one whose wait ends first is forgotten.
const WAITS_MAX: usize = 256;

/// The method that sends a code.
const SEND_CODE: &str = "auth.sendCode";

/// The one record.
const RECORD: &[u8] = b"logins";

/// From when and until when (Unix milliseconds).
type Wait = (u64, u64);

/// See the module's description.
#[derive(Default)]
pub(super) struct LoginWaits(RefCell<BTreeMap<String, Wait>>);

impl LoginWaits {
    /// Takes up what was kept.
    pub(super) async fn load(records: &UserRecords) -> Result<Self, Error> {
        Ok(Self(RefCell::new(records.get(Space::FloodControl, RECORD).await?.unwrap_or_default())))
    }

    /// Whether Telegram may be asked to send a code to a number.
    ///
    /// # Errors
    /// [`Code::TelegramFlood`](crate::error::Code::TelegramFlood), while its wait is not over.
    pub(super) fn check(&self, phone: &str) -> Result<(), Error> {
        let left = self.0.borrow().get(&digits(phone)).map_or(0, |wait| left(*wait, now_ms()));
        if left == 0 {
            return Ok(());
        }
        let seconds = u32::try_from(left.div_ceil(1_000)).unwrap_or(u32::MAX);
        Err(TelegramError::FloodWait { seconds, method: Some(SEND_CODE) }.into())
    }

    /// Notes with what a login of a number failed; a wait is durable when this returns.
    pub(super) async fn note(&self, records: &UserRecords, phone: &str, error: &Error) {
        let Some(seconds) = error.retry_after().filter(|_| error.method() == Some(SEND_CODE)) else { return };
        let kept = {
            let mut waits = self.0.borrow_mut();
            add(&mut waits, digits(phone), seconds, now_ms());
            waits.clone()
        };
        let written = match records.batch().put(Space::FloodControl, RECORD, &kept) {
            Ok(batch) => batch.commit(Durability::Durable).await,
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            tracing::error!(%error, "a wait for login codes cannot be kept; a restart would forget it");
        }
    }
}

/// How long a wait lasts still, in milliseconds: however the clock was set meanwhile, no longer than it was.
fn left((from, until): Wait, now: u64) -> u64 {
    until.saturating_sub(now).min(until.saturating_sub(from))
}

fn add(waits: &mut BTreeMap<String, Wait>, phone: String, seconds: u32, now: u64) {
    waits.retain(|_, wait| left(*wait, now) > 0);
    if waits.len() >= WAITS_MAX
        && let Some(first) = waits.iter().min_by_key(|(_, wait)| left(**wait, now)).map(|(phone, _)| phone.clone())
    {
        waits.remove(&first);
    }
    waits.insert(phone, (now, now.saturating_add(u64::from(seconds) * 1_000)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_end_and_are_bounded() {
        let mut waits = BTreeMap::new();
        for number in 0..300_u32 {
            add(&mut waits, format!("1555{number:07}"), 100 + number, 1_000);
        }
        assert_eq!(waits.len(), WAITS_MAX);
        let last = waits["15550000299"];
        assert_eq!((left(last, 1_000), left(last, 400_000), left(last, 0)), (399_000, 0, 399_000));
        let record = serde_json::to_vec(&waits).unwrap();
        assert!(record.len() < crate::store::VALUE_BYTES_MAX / 2);
        add(&mut waits, "15551".to_owned(), 1, 1_000_000);
        assert_eq!(waits.len(), 1);
    }
}
