//! How far Telegram's sequences have come, as it is kept, and what is missing in them.

use std::collections::BTreeMap;

use grammers_session::types::{ChannelState, UpdateState, UpdatesState};
use grammers_tl_types::enums::updates::State;
use grammers_tl_types::types;
use serde::{Deserialize, Serialize};

use crate::vault::{AccountRecords, SealedBatch, Space, VaultError};

/// The record of the account's own sequences. A channel's record has the channel's id, in eight bytes.
const ACCOUNT: &[u8] = b"";

/// The record that says that the account's channels are followed.
const FOLLOWED: &[u8] = b"followed";

/// Channels that are read at once.
const PAGE_LENGTH: usize = 1_024;

/// How far the account's own sequences have come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::telegram) struct AccountState {
    pub(super) pts: i32,
    pub(super) qts: i32,
    pub(super) date: i32,
    pub(super) seq: i32,
}

impl AccountState {
    pub(super) fn of(state: State) -> Self {
        let State::State(types::updates::State { pts, qts, date, seq, .. }) = state;
        Self { pts, qts, date, seq }
    }
}

/// How far one sequence has come, to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    Account(AccountState),
    Channel {
        channel: i64,
        pts: i32,
    },
    /// The channel is not followed any more.
    Gone {
        channel: i64,
    },
    /// The account's channels are followed: those that it is in have been looked up.
    Followed,
}

/// Why updates are missing for good. The names are what clients see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum GapReason {
    /// There were more than Telegram gives.
    TooLong,
    /// The account cannot address the channel.
    UnknownPeer,
    /// The account may not read the channel any more.
    NoAccess,
    /// The channel was not followed before.
    NotFollowed,
    /// Telegram does not know the place from which they were asked for.
    LostPlace,
    /// What came could not be understood, however often it was asked for.
    Unreadable,
}

/// Updates that are missing for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    /// The channel, if it is of one.
    pub(super) channel: Option<i64>,
    pub(super) reason: GapReason,
    /// When the last update before it came, as Telegram tells the time; 0 if that is not known.
    pub(super) since: i32,
}

/// What was kept.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) account: Option<AccountState>,
    pub(super) channels: BTreeMap<i64, i32>,
    pub(super) followed: bool,
}

/// Reads what was kept.
pub(super) async fn load(records: &AccountRecords) -> Result<Kept, VaultError> {
    let account = records.get(Space::UpdateState, ACCOUNT).await?;
    let followed = records.get::<()>(Space::UpdateState, FOLLOWED).await?.is_some();
    let (mut channels, mut after) = (BTreeMap::new(), ACCOUNT.to_vec());
    loop {
        let page = records.scan::<serde_json::Value>(Space::UpdateState, Some(&after), PAGE_LENGTH).await?;
        let Some((last, _)) = page.last() else { return Ok(Kept { account, channels, followed }) };
        after = last.clone();
        for (id, value) in page {
            let pts = value.as_i64().and_then(|pts| i32::try_from(pts).ok());
            if let (Ok(id), Some(pts)) = (<[u8; 8]>::try_from(id.as_slice()), pts) {
                channels.insert(i64::from_be_bytes(id), pts);
            }
        }
    }
}

/// Adds what has changed to a batch.
pub(super) fn write(mut batch: SealedBatch, progress: &[Progress]) -> Result<SealedBatch, VaultError> {
    for one in progress {
        batch = match one {
            Progress::Account(account) => batch.put(Space::UpdateState, ACCOUNT, account)?,
            Progress::Channel { channel, pts } => batch.put(Space::UpdateState, &channel.to_be_bytes(), pts)?,
            Progress::Gone { channel } => batch.delete(Space::UpdateState, &channel.to_be_bytes()),
            Progress::Followed => batch.put(Space::UpdateState, FOLLOWED, &())?,
        };
    }
    Ok(batch)
}

/// What an account keeps when it goes on with the session of a login: `pts` and the channels count for the Telegram user, so that what came
/// in between is caught up with; `qts` and `seq` count for the session.
pub(in crate::telegram) async fn carried_over(
    account: &AccountRecords,
    login: &AccountRecords,
) -> Result<SealedBatch, VaultError> {
    let kept = account.get::<AccountState>(Space::UpdateState, ACCOUNT).await?;
    let fresh = login.get::<AccountState>(Space::UpdateState, ACCOUNT).await?;
    let batch = account.batch();
    match (kept, fresh) {
        (Some(kept), Some(AccountState { qts, seq, .. })) => {
            write(batch, &[Progress::Account(AccountState { qts, seq, ..kept })])
        }
        _ => Ok(batch),
    }
}

/// What was kept, as the library wants it.
pub(in crate::telegram) async fn library_state(records: &AccountRecords) -> Result<UpdatesState, VaultError> {
    let Kept { account, channels, .. } = load(records).await?;
    let AccountState { pts, qts, date, seq } = account.unwrap_or_default();
    let channels = channels.into_iter().map(|(id, pts)| ChannelState { id, pts }).collect();
    Ok(UpdatesState { pts, qts, date, seq, channels })
}

/// Adds what the library wants kept.
pub(in crate::telegram) async fn write_library_state(
    records: &AccountRecords,
    update: UpdateState,
) -> Result<SealedBatch, VaultError> {
    let kept = records.get::<AccountState>(Space::UpdateState, ACCOUNT).await?.unwrap_or_default();
    let progress = match update {
        UpdateState::All(UpdatesState { pts, qts, date, seq, channels }) => {
            let channels = channels.into_iter().map(|channel| Progress::Channel { channel: channel.id, pts: channel.pts });
            std::iter::once(Progress::Account(AccountState { pts, qts, date, seq })).chain(channels).collect()
        }
        UpdateState::Primary { pts, date, seq } => vec![Progress::Account(AccountState { pts, date, seq, ..kept })],
        UpdateState::Secondary { qts } => vec![Progress::Account(AccountState { qts, ..kept })],
        UpdateState::Channel { id, pts } => vec![Progress::Channel { channel: id, pts }],
    };
    write(records.batch(), &progress)
}
