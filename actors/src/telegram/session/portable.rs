//! Sessions that come from elsewhere, go elsewhere, or take the place of another.

use super::{DatacentreRecord, SESSION, SessionRecord};
use crate::telegram::session_string::PortableSession;
use crate::telegram::updates::state;
use crate::telegram::{Network, TelegramError};
use crate::vault::{AccountRecords, Durability, SealedBatch, Space, VaultError};
use grammers_session::SessionData;
use std::net::SocketAddr;
use zeroize::Zeroizing;

/// Keeps a session that comes from another program; durable when this returns. Of the datacentre only the number is kept: what is dialled is
/// the address that the network knows for it.
///
/// # Errors
/// [`TelegramError::Datacentre`] for a session of a datacentre that is not the network's; [`TelegramError::Record`].
pub(crate) async fn import_session(
    network: &Network,
    records: &AccountRecords,
    session: &PortableSession,
) -> Result<(), TelegramError> {
    if !network.admits(session.dc_id, session.address, session.test) {
        return Err(TelegramError::Datacentre(format!("{} is not one of this network's", session.dc_id)));
    }
    let mut record = SessionRecord { home_dc: session.dc_id, ..SessionRecord::default() };
    let auth_key = Some(Zeroizing::new(hex::encode(session.auth_key.as_slice())));
    record.datacentres.insert(session.dc_id, DatacentreRecord { address: None, auth_key });
    Ok(records.batch().put(Space::Session, SESSION, &record)?.commit(Durability::Durable).await?)
}

/// The session in an account's records, for another program. `None` when nobody is logged in with it.
///
/// # Errors
/// [`TelegramError::Record`].
pub(crate) async fn export_session(
    network: &Network,
    records: &AccountRecords,
) -> Result<Option<PortableSession>, TelegramError> {
    let Some(record) = stored(records).await?.filter(|record| record.self_id.is_some()) else { return Ok(None) };
    let dc_id = record.home_dc;
    let datacentre = record.datacentres.get(&dc_id);
    let Some(auth_key) = datacentre.and_then(DatacentreRecord::auth_key).map(Zeroizing::new) else { return Ok(None) };
    let known = || SessionData::default().dc_options.get(&dc_id).map(|option| SocketAddr::V4(option.ipv4));
    let of_production = || datacentre.and_then(|datacentre| datacentre.address).map(SocketAddr::V4).or_else(known);
    let address = if network.is_production() { of_production() } else { network.datacentre(dc_id).map(|listed| listed.address) };
    Ok(Some(PortableSession { dc_id, address, test: None, auth_key }))
}

/// What it takes to let the fresh session of a login take the place of an account's.
pub(crate) struct Replacement {
    /// The writes: the account has the fresh session, and the login's records have the former one.
    pub(crate) writes: SealedBatch,
    /// Whether the former session is another one that can still be ended.
    pub(crate) leaves_a_session: bool,
}

/// Prepares to exchange the sessions of a login and of an account of the same Telegram user. Nothing may use either meanwhile. How far the
/// account's updates have come is kept, since it counts for the Telegram user and not for one session: what came in between is caught up.
///
/// # Errors
/// [`VaultError`].
pub(crate) async fn replace_session(login: &AccountRecords, account: &AccountRecords) -> Result<Replacement, VaultError> {
    let missing = || VaultError::Corrupt("a login without a session".to_owned());
    let fresh = stored(login).await?.ok_or_else(missing)?;
    let former = stored(account).await?.unwrap_or_default();
    let key = |record: &SessionRecord| record.datacentres.get(&record.home_dc).and_then(|datacentre| datacentre.auth_key.clone());
    let leaves_a_session = former.self_id.is_some() && key(&former).is_some() && key(&former) != key(&fresh);
    let to_account = account.batch().put(Space::Session, SESSION, &fresh)?;
    let to_login = login.batch().put(Space::Session, SESSION, &former)?;
    let updates = state::carried_over(account, login).await?;
    Ok(Replacement { writes: to_account.and(to_login).and(updates), leaves_a_session })
}

async fn stored(records: &AccountRecords) -> Result<Option<SessionRecord>, VaultError> {
    records.get(Space::Session, SESSION).await
}
