//! One API call as a method sees it: who calls, what the world is, and how it is changed.

use grammers_tl_types::{self as tl, Serializable};

use super::error::RpcError;
use crate::rpc::{BoxFuture, RpcOutcome, SessionAddress};
use crate::world::Datacentres;
use crate::world::apply::{About, Notice};
use crate::world::event::Event;
use crate::world::files::FileStore;
use crate::world::ids::{KeyAddress, PeerId};
use crate::world::live::{Live, Origin, Transaction};
use crate::world::state::{Channel, Chat, State, User};
use crate::world::view::View;

/// See the module's description.
pub struct Call<'a> {
    /// The running world.
    pub live: &'a mut Live,
    /// The network's datacentres.
    pub datacentres: &'a Datacentres,
    /// The bytes of files.
    pub files: &'a FileStore,
    /// Which session calls.
    pub session: SessionAddress,
    /// Unix seconds.
    pub now: i32,
    /// What the call has changed so far.
    pub transaction: Transaction,
    /// The answer, for a call that is answered when somebody else has done something: what the method gives then counts for nothing.
    pub later: Option<BoxFuture<'static, RpcOutcome>>,
}

impl Call<'_> {
    /// The key that the call came with.
    pub fn key(&self) -> KeyAddress {
        self.session.into()
    }

    /// What the world is.
    pub fn state(&self) -> &State {
        &self.live.state
    }

    /// Who calls.
    pub fn user_id(&self) -> Result<i64, RpcError> {
        self.state().authorizations.get(&self.key()).map(|found| found.user_id).ok_or_else(RpcError::unauthorized)
    }

    /// Who calls.
    pub fn me(&self) -> Result<&User, RpcError> {
        self.state().users.get(&self.user_id()?).ok_or_else(RpcError::unauthorized)
    }

    /// The world as the caller sees it.
    pub fn view(&self) -> Result<View<'_>, RpcError> {
        Ok(View::new(self.state(), self.user_id()?))
    }

    /// Changes the world. Answers what the caller is told of it.
    pub fn change(&mut self, event: Event) -> Vec<Notice> {
        let user_id = self.state().authorizations.get(&self.key()).map_or(0, |found| found.user_id);
        let origin = Origin { user_id, session: Some(self.session), now: self.now };
        self.live.change(&mut self.transaction, origin, event)
    }

    /// Tells another user's sessions something that is not kept.
    pub fn tell(&mut self, user_id: i64, update: tl::enums::Update) {
        let updates = tl::types::UpdateShort { update, date: self.now }.into();
        self.live.push(&mut self.transaction, user_id, Some(self.session), &updates);
    }

    /// Tells the sessions of a key that nobody is signed in with something that is not kept.
    pub fn tell_key(&mut self, key: KeyAddress, update: tl::enums::Update) {
        let updates: tl::enums::Updates = tl::types::UpdateShort { update, date: self.now }.into();
        self.live.push_to_key(&mut self.transaction, key, None, &updates.to_bytes(), None);
    }

    /// Notices as the updates that a method answers with, after `first`.
    pub fn answer(&self, first: Option<tl::enums::Update>, notices: &[Notice]) -> Result<tl::enums::Updates, RpcError> {
        let mut view = self.view()?;
        let told = notices.iter().filter_map(|notice| view.update(&notice.about));
        let updates = first.into_iter().chain(told).collect();
        Ok(view.envelope(updates, self.now))
    }

    /// How far notices moved the caller's box, and where it stands.
    pub fn affected(&self, notices: &[Notice]) -> Result<tl::enums::messages::AffectedMessages, RpcError> {
        let counts = notices.iter().map(|notice| match &notice.about {
            About::Box(change) => change.pts_count,
            _ => 0,
        });
        let pts_count = counts.fold(0, i32::saturating_add);
        Ok(tl::types::messages::AffectedMessages { pts: self.me()?.messages.pts(), pts_count }.into())
    }

    /// The peer that the caller names, if it has the right access hash.
    pub fn peer(&self, peer: &tl::enums::InputPeer) -> Result<PeerId, RpcError> {
        match peer {
            tl::enums::InputPeer::PeerSelf => Ok(PeerId::User(self.user_id()?)),
            tl::enums::InputPeer::User(user) => self
                .user_with_hash(user.user_id, user.access_hash)?
                .map(|user| PeerId::User(user.id))
                .ok_or(RpcError::bad_request("PEER_ID_INVALID")),
            tl::enums::InputPeer::Chat(chat) => Ok(PeerId::Chat(self.chat(chat.chat_id)?.id)),
            tl::enums::InputPeer::Channel(channel) => {
                Ok(PeerId::Channel(self.channel_with_hash(channel.channel_id, channel.access_hash)?.id))
            }
            tl::enums::InputPeer::UserFromMessage(seen) => {
                Ok(PeerId::User(self.seen_user(&seen.peer, seen.msg_id, seen.user_id)?.id))
            }
            tl::enums::InputPeer::ChannelFromMessage(seen) => {
                Ok(PeerId::Channel(self.seen_channel(&seen.peer, seen.msg_id, seen.channel_id)?.id))
            }
            tl::enums::InputPeer::Empty => Err(RpcError::bad_request("PEER_ID_INVALID")),
        }
    }

    /// The user whom a message names that the caller can see.
    fn seen_user(&self, place: &tl::enums::InputPeer, message_id: i32, user_id: i64) -> Result<&User, RpcError> {
        let seen = self.is_seen(place, message_id, PeerId::User(user_id))?;
        self.state().users.get(&user_id).filter(|_| seen).ok_or(RpcError::bad_request("USER_ID_INVALID"))
    }

    /// The channel that a message names which the caller can see.
    fn seen_channel(&self, place: &tl::enums::InputPeer, message_id: i32, channel_id: i64) -> Result<&Channel, RpcError> {
        let seen = self.is_seen(place, message_id, PeerId::Channel(channel_id))?;
        let channel = self.state().channels.get(&channel_id).filter(|_| seen);
        self.entered(channel.ok_or(RpcError::bad_request("CHANNEL_INVALID"))?)
    }

    /// Whether a message names somebody: as its author, or as whose it was before it was forwarded.
    fn is_seen(&self, place: &tl::enums::InputPeer, message_id: i32, who: PeerId) -> Result<bool, RpcError> {
        use tl::enums::InputPeer::{ChannelFromMessage, UserFromMessage};
        if matches!(place, UserFromMessage(_) | ChannelFromMessage(_)) {
            return Err(RpcError::bad_request("PEER_ID_INVALID"));
        }
        let place = self.peer(place)?;
        let message = super::messages::find(self, place, message_id).ok_or(RpcError::bad_request("MSG_ID_INVALID"))?;
        let origin = self.state().forwards.get(&message.shared_id).map(|origin| origin.from);
        Ok(message.from == who || origin == Some(who))
    }

    /// The user that the caller names.
    pub fn user(&self, user: &tl::enums::InputUser) -> Result<&User, RpcError> {
        match user {
            tl::enums::InputUser::UserSelf => self.me(),
            tl::enums::InputUser::User(user) => {
                self.user_with_hash(user.user_id, user.access_hash)?.ok_or(RpcError::bad_request("USER_ID_INVALID"))
            }
            tl::enums::InputUser::FromMessage(seen) => self.seen_user(&seen.peer, seen.msg_id, seen.user_id),
            tl::enums::InputUser::Empty => Err(RpcError::bad_request("USER_ID_INVALID")),
        }
    }

    /// A basic group that the caller is in or knows of.
    pub fn chat(&self, chat_id: i64) -> Result<&Chat, RpcError> {
        let known = self.me()?.dialogs.contains_key(&PeerId::Chat(chat_id));
        self.state().chats.get(&chat_id).filter(|_| known).ok_or(RpcError::bad_request("CHAT_ID_INVALID"))
    }

    /// The channel that the caller names.
    pub fn channel(&self, channel: &tl::enums::InputChannel) -> Result<&Channel, RpcError> {
        match channel {
            tl::enums::InputChannel::Channel(channel) => self.channel_with_hash(channel.channel_id, channel.access_hash),
            tl::enums::InputChannel::FromMessage(seen) => self.seen_channel(&seen.peer, seen.msg_id, seen.channel_id),
            tl::enums::InputChannel::Empty => Err(RpcError::bad_request("CHANNEL_INVALID")),
        }
    }

    fn user_with_hash(&self, user_id: i64, access_hash: i64) -> Result<Option<&User>, RpcError> {
        let right = self.view()?.access_hash(PeerId::User(user_id)) == access_hash;
        let itself = user_id == self.user_id()?;
        Ok(self.state().users.get(&user_id).filter(|_| right || itself))
    }

    fn channel_with_hash(&self, channel_id: i64, access_hash: i64) -> Result<&Channel, RpcError> {
        let right = self.view()?.access_hash(PeerId::Channel(channel_id)) == access_hash;
        let channel = self.state().channels.get(&channel_id).filter(|_| right);
        self.entered(channel.ok_or(RpcError::bad_request("CHANNEL_INVALID"))?)
    }

    /// A channel, if the caller may enter it.
    fn entered<'a>(&self, channel: &'a Channel) -> Result<&'a Channel, RpcError> {
        if channel.is_banned(self.user_id()?, self.now) {
            return Err(RpcError::bad_request("CHANNEL_PRIVATE"));
        }
        if channel.username.is_none() && !channel.members.contains_key(&self.user_id()?) {
            return Err(RpcError::bad_request("CHANNEL_PRIVATE"));
        }
        Ok(channel)
    }
}

/// Bytes that nobody can guess.
pub fn random<const LENGTH: usize>() -> Result<[u8; LENGTH], RpcError> {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes).map_err(|_| RpcError::internal())?;
    Ok(bytes)
}
