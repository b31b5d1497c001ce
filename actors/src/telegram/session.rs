//! The MTProto session over sealed records: what grammers reads on every request is in memory, and every change is written through.

mod portable;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::{IpAddr, SocketAddrV4, SocketAddrV6};
use std::sync::{Mutex, MutexGuard, PoisonError};

use grammers_session::types::{DcOption, PeerAuth, PeerId, PeerInfo, UpdateState, UpdatesState};
use grammers_session::{BoxFuture, Session, SessionData};
use grammers_tl_types::{enums, types};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::convert::{Met, Sighting};
use super::updates::state;
use super::{ChatId, ChatIdKind, Network, PeerClass, PeerClasses};
use crate::vault::{AccountRecords, Durability, Space, VaultError};

pub(crate) use portable::{export_session, import_session, replace_session};

/// Peers that are kept in memory; the others are read from the store when they are needed.
const PEERS_MAX: usize = 256;

/// The session's own record.
const SESSION: &[u8] = b"";

/// A session as it is kept, sealed.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SessionRecord {
    home_dc: i32,
    datacentres: BTreeMap<i32, DatacentreRecord>,
    self_id: Option<i64>,
}

#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DatacentreRecord {
    /// Where Telegram says it is; in production only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<SocketAddrV4>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    auth_key: Option<Zeroizing<String>>,
}

impl DatacentreRecord {
    fn auth_key(&self) -> Option<[u8; 256]> {
        let mut key = [0; 256];
        hex::decode_to_slice(self.auth_key.as_ref()?.as_str(), &mut key).ok()?;
        Some(key)
    }
}

/// A peer as it is kept, sealed, under its id in the marked form.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct PeerRecord {
    access_hash: Option<i64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    bot: bool,
    /// For a peer of which only a minimal form is known, without a hash: the chat and the message in which it was seen last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seen_in: Option<(i64, i32)>,
    /// What kind of chat it is, once that was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    class: Option<PeerClass>,
}

/// A session that grammers uses.
pub(super) struct SealedSession {
    network: Network,
    records: AccountRecords,
    state: Mutex<SessionRecord>,
    peers: Mutex<PeerCache>,
}

#[derive(Default)]
struct PeerCache {
    peers: HashMap<i64, PeerRecord>,
    order: VecDeque<i64>,
}

impl PeerCache {
    /// Keeps a peer; answers whether anything of it is new.
    fn put(&mut self, id: i64, peer: PeerRecord) -> bool {
        match self.peers.insert(id, peer) {
            Some(before) => before != peer,
            None => {
                self.order.push_back(id);
                if self.order.len() > PEERS_MAX
                    && let Some(oldest) = self.order.pop_front()
                {
                    self.peers.remove(&oldest);
                }
                true
            }
        }
    }
}

impl SealedSession {
    /// The session in an account's records, or an empty one.
    pub(super) async fn load(network: Network, records: AccountRecords) -> Result<Self, VaultError> {
        let record = records.get::<SessionRecord>(Space::Session, SESSION).await?;
        let state = record.unwrap_or_else(|| SessionRecord {
            home_dc: network.first_datacentre().unwrap_or(SessionData::default().home_dc),
            ..SessionRecord::default()
        });
        Ok(Self { network, records, state: Mutex::new(state), peers: Mutex::default() })
    }

    /// The id of the user who is logged in with it.
    pub(super) fn home_dc(&self) -> Result<i32, super::TelegramError> {
        Ok(self.home_dc_id()?)
    }

    pub(super) fn self_id(&self) -> Option<i64> {
        self.state().self_id
    }

    /// Whether there is an auth key for a datacentre.
    pub(super) fn has_key(&self, dc_id: i32) -> bool {
        self.state().datacentres.get(&dc_id).is_some_and(|datacentre| datacentre.auth_key.is_some())
    }

    /// Keeps an auth key; durable when this returns.
    pub(super) async fn put_key(&self, dc_id: i32, key: &[u8; 256]) -> Result<(), VaultError> {
        self.change(Durability::Durable, |state| {
            state.datacentres.entry(dc_id).or_default().auth_key = Some(Zeroizing::new(hex::encode(key)));
        })
        .await
    }

    /// Remembers who is logged in.
    pub(super) async fn put_self(&self, id: i64) -> Result<(), VaultError> {
        self.change(Durability::Durable, |state| state.self_id = Some(id)).await
    }

    fn state(&self) -> MutexGuard<'_, SessionRecord> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cache(&self) -> MutexGuard<'_, PeerCache> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn change(&self, durability: Durability, change: impl FnOnce(&mut SessionRecord)) -> Result<(), VaultError> {
        let batch = {
            let mut state = self.state();
            change(&mut state);
            self.records.batch().put(Space::Session, SESSION, &*state)?
        };
        batch.commit(durability).await
    }

    /// The address to dial: the listed one, or in production what Telegram or grammers says.
    fn address(&self, dc_id: i32, record: Option<&DatacentreRecord>) -> Option<SocketAddrV4> {
        if !self.network.is_production() {
            let address = self.network.datacentre(dc_id)?.address;
            let IpAddr::V4(ip) = address.ip() else { return None };
            return Some(SocketAddrV4::new(ip, address.port()));
        }
        let known = || SessionData::default().dc_options.get(&dc_id).map(|option| option.ipv4);
        record.and_then(|record| record.address).or_else(known)
    }

    /// How to address a chat in a call, if this account has met it.
    pub(super) async fn input_peer(&self, chat: ChatId) -> Result<Option<enums::InputPeer>, VaultError> {
        if self.self_id() == Some(chat.value()) {
            return Ok(Some(enums::InputPeer::PeerSelf));
        }
        let Some(id) = PeerId::from_bot_api_dialog_id(chat.value()) else { return Ok(None) };
        let known = self.peer(id).await?;
        let reference = match (self.peer_ref(id).await?, known) {
            (Some(reference), _) => reference,
            (None, Some(_)) => id.to_ambient_ref(),
            (None, None) => return self.seen_peer(chat).await,
        };
        Ok(Some(enums::InputPeer::from(&reference)))
    }

    /// Somebody of whom only a minimal form is known, addressed by a message in which they were seen. See
    /// <https://core.telegram.org/api/min>.
    async fn seen_peer(&self, who: ChatId) -> Result<Option<enums::InputPeer>, VaultError> {
        let sighting = self.stored_peer(who.value()).await?.and_then(|record| record.seen_in);
        let Some((chat, msg_id)) = sighting else { return Ok(None) };
        let Some(chat) = ChatId::from_marked(chat) else { return Ok(None) };
        let peer = match Box::pin(self.input_peer(chat)).await? {
            // Such an address does not hold another of its kind.
            None | Some(enums::InputPeer::UserFromMessage(_) | enums::InputPeer::ChannelFromMessage(_)) => return Ok(None),
            Some(peer) => peer,
        };
        Ok(match who.kind() {
            ChatIdKind::User(user_id) => Some(types::InputPeerUserFromMessage { peer, msg_id, user_id }.into()),
            ChatIdKind::Channel(channel_id) => Some(types::InputPeerChannelFromMessage { peer, msg_id, channel_id }.into()),
            ChatIdKind::Group(_) => None,
        })
    }

    /// Remembers how to address everyone who was met.
    pub(super) async fn remember(&self, met: &Met) -> Result<(), VaultError> {
        self.keep_peers(met.peers(), &met.classes()).await?;
        self.note_sightings(met.sightings()).await
    }

    /// Keeps how to address peers, and what kinds of chats they are; a kind that is not told again stays.
    async fn keep_peers(&self, peers: Vec<PeerInfo>, classes: &PeerClasses) -> Result<(), VaultError> {
        let mut batch = self.records.batch();
        let mut fresh = false;
        for peer in peers {
            let Some((id, mut record)) = record_of(&peer) else { continue };
            record.class = match ChatId::from_marked(id).and_then(|chat| classes.get(&chat)) {
                Some(class) => Some(*class),
                None => self.stored_peer(id).await?.and_then(|known| known.class),
            };
            if self.cache().put(id, record) {
                batch = batch.put(Space::Peer, &id.to_be_bytes(), &record)?;
                fresh = true;
            }
        }
        if fresh { batch.commit(Durability::Relaxed).await } else { Ok(()) }
    }

    /// Remembers where peers were seen of which only a minimal form is known; not of those that can be addressed by themselves.
    async fn note_sightings(&self, sightings: &[Sighting]) -> Result<(), VaultError> {
        let mut batch = self.records.batch();
        let mut fresh = false;
        for sighting in sightings {
            let id = sighting.who.value();
            let known = self.stored_peer(id).await?;
            if known.is_some_and(|record| record.seen_in.is_none()) {
                continue;
            }
            let seen_in = Some((sighting.chat.value(), sighting.message_id));
            let record = PeerRecord { access_hash: None, bot: false, seen_in, class: None };
            if self.cache().put(id, record) {
                batch = batch.put(Space::Peer, &id.to_be_bytes(), &record)?;
                fresh = true;
            }
        }
        if fresh { batch.commit(Durability::Relaxed).await } else { Ok(()) }
    }

    async fn stored_peer(&self, id: i64) -> Result<Option<PeerRecord>, VaultError> {
        if let Some(peer) = self.cache().peers.get(&id) {
            return Ok(Some(*peer));
        }
        let stored = self.records.get::<PeerRecord>(Space::Peer, &id.to_be_bytes()).await?;
        if let Some(peer) = stored {
            self.cache().put(id, peer);
        }
        Ok(stored)
    }
}

impl Session for SealedSession {
    type Error = VaultError;

    fn home_dc_id(&self) -> Result<i32, VaultError> {
        Ok(self.state().home_dc)
    }

    fn set_home_dc_id(&self, dc_id: i32) -> BoxFuture<'_, Result<(), VaultError>> {
        Box::pin(self.change(Durability::Durable, move |state| state.home_dc = dc_id))
    }

    fn dc_option(&self, dc_id: i32) -> Result<Option<DcOption>, VaultError> {
        let state = self.state();
        let record = state.datacentres.get(&dc_id);
        let option = self.address(dc_id, record).map(|ipv4| DcOption {
            id: dc_id,
            ipv4,
            ipv6: SocketAddrV6::new(ipv4.ip().to_ipv6_mapped(), ipv4.port(), 0, 0),
            auth_key: record.and_then(DatacentreRecord::auth_key),
        });
        Ok(option)
    }

    fn set_dc_option(&self, option: &DcOption) -> BoxFuture<'_, Result<(), VaultError>> {
        let option = option.clone();
        Box::pin(async move {
            let address = self.network.is_production().then_some(option.ipv4);
            let key = option.auth_key.map(|key| Zeroizing::new(hex::encode(key)));
            let unchanged = {
                let state = self.state();
                let record = state.datacentres.get(&option.id);
                record.map_or(key.is_none() && address.is_none(), |record| record.auth_key == key && record.address == address)
            };
            if unchanged || self.address(option.id, None).is_none() && address.is_none() {
                return Ok(());
            }
            let put = move |state: &mut SessionRecord| {
                state.datacentres.insert(option.id, DatacentreRecord { address, auth_key: key });
            };
            self.change(Durability::Durable, put).await
        })
    }

    fn peer(&self, peer: PeerId) -> BoxFuture<'_, Result<Option<PeerInfo>, VaultError>> {
        Box::pin(async move {
            let self_id = self.self_id();
            let id = if peer == PeerId::self_user() {
                match self_id {
                    Some(id) => id,
                    None => return Ok(None),
                }
            } else {
                peer.bot_api_dialog_id_unchecked()
            };
            let record = self.stored_peer(id).await?;
            Ok(record.and_then(|record| info_of(id, record, self_id)))
        })
    }

    fn cache_peer(&self, peer: PeerInfo) -> BoxFuture<'_, Result<(), VaultError>> {
        self.cache_peers(vec![peer])
    }

    fn cache_peers(&self, peers: Vec<PeerInfo>) -> BoxFuture<'_, Result<(), VaultError>> {
        Box::pin(async move { self.keep_peers(peers, &PeerClasses::new()).await })
    }

    fn updates_state(&self) -> BoxFuture<'_, Result<UpdatesState, VaultError>> {
        Box::pin(state::library_state(&self.records))
    }

    fn set_update_state(&self, update: UpdateState) -> BoxFuture<'_, Result<(), VaultError>> {
        Box::pin(async move { state::write_library_state(&self.records, update).await?.commit(Durability::Durable).await })
    }
}

/// What is kept of a peer: its id and hash. A peer without a hash is kept only if it needs none.
fn record_of(peer: &PeerInfo) -> Option<(i64, PeerRecord)> {
    let id = peer.id().bot_api_dialog_id()?;
    let access_hash = peer.auth().map(PeerAuth::hash);
    let record = PeerRecord { access_hash, bot: false, seen_in: None, class: None };
    match peer {
        PeerInfo::User { bot, .. } => access_hash.map(|_| (id, PeerRecord { bot: bot.unwrap_or(false), ..record })),
        PeerInfo::Channel { .. } => access_hash.map(|_| (id, record)),
        PeerInfo::Chat { .. } => Some((id, PeerRecord { access_hash: None, ..record })),
    }
}

/// What kinds of chats those are, as far as that was told.
pub(super) async fn kept_classes(records: &AccountRecords, chats: &[ChatId]) -> Result<PeerClasses, VaultError> {
    let mut classes = PeerClasses::new();
    for chat in chats {
        let class = match chat.kind() {
            ChatIdKind::Group(_) => Some(PeerClass::Group),
            _ => records.get::<PeerRecord>(Space::Peer, &chat.value().to_be_bytes()).await?.and_then(|record| record.class),
        };
        classes.extend(class.map(|class| (*chat, class)));
    }
    Ok(classes)
}

fn info_of(id: i64, record: PeerRecord, self_id: Option<i64>) -> Option<PeerInfo> {
    // Where it was seen is no address of its own.
    if record.seen_in.is_some() {
        return None;
    }
    let auth = record.access_hash.map(PeerAuth::from_hash);
    let peer = PeerId::from_bot_api_dialog_id(id)?;
    let bare = peer.bare_id()?;
    Some(match super::ChatId::from_marked(id)?.kind() {
        super::ChatIdKind::User(_) => {
            PeerInfo::User { id: bare, auth, bot: Some(record.bot), is_self: Some(self_id == Some(id)) }
        }
        super::ChatIdKind::Group(_) => PeerInfo::Chat { id: bare },
        super::ChatIdKind::Channel(_) => PeerInfo::Channel { id: bare, auth, kind: None },
    })
}
