//! Invite links: making them, and coming in by them.

use super::Notice;
use crate::world::ids::PeerId;
use crate::world::invite::JoinRequest;
use crate::world::state::State;

impl State {
    /// Somebody comes in by a link.
    pub(super) fn join_by_invite(&mut self, hash: &str, user_id: i64, date: i32) -> Vec<Notice> {
        let Some(invite) = self.invites.get_mut(hash) else { return Vec::new() };
        invite.uses = invite.uses.saturating_add(1);
        let peer = invite.peer;
        self.forget_join_request(peer, user_id);
        self.add_members(peer, user_id, &[user_id], date)
    }

    /// Somebody asks to be let in.
    pub(super) fn request_to_join(&mut self, hash: &str, user_id: i64, date: i32) {
        let Some(peer) = self.invites.get(hash).map(|invite| invite.peer) else { return };
        let request = JoinRequest { hash: hash.to_owned(), date };
        self.join_requests.entry(peer).or_default().insert(user_id, request);
    }

    /// Forgets that somebody asked to be let in; answers the request, if there was one.
    pub(super) fn forget_join_request(&mut self, peer: PeerId, user_id: i64) -> Option<JoinRequest> {
        let requests = self.join_requests.get_mut(&peer)?;
        let request = requests.remove(&user_id);
        if requests.is_empty() {
            self.join_requests.remove(&peer);
        }
        request
    }
}
