//! Invite links: making them, and coming in by them.

use super::{About, Notice};
use crate::world::administration::right;
use crate::world::event::NewMessage;
use crate::world::ids::PeerId;
use crate::world::invite::{Importer, Invite, InviteEvent, JoinRequest};
use crate::world::message_box::Action;
use crate::world::state::State;

impl State {
    /// The first link of somebody who administers a group or a channel, if it stands.
    pub fn permanent_invite(&self, peer: PeerId, creator: i64) -> Option<(&String, &Invite)> {
        self.invites
            .iter()
            .find(|(_, invite)| invite.peer == peer && invite.creator == creator && invite.permanent && !invite.revoked)
    }

    pub(super) fn apply_to_invites(&mut self, event: &InviteEvent) -> Vec<Notice> {
        match event {
            InviteEvent::Changed { hash, invite, .. } => {
                self.invites.insert(hash.clone(), invite.clone());
                Vec::new()
            }
            InviteEvent::Deleted { hash, .. } => {
                self.invites.remove(hash);
                self.importers.remove(hash);
                Vec::new()
            }
            InviteEvent::RequestsDecided { peer, users, approved, by, date } => {
                self.decide_requests(*peer, users, approved.then_some(*by), *date)
            }
        }
    }

    /// Somebody comes in by a link.
    pub(super) fn join_by_invite(&mut self, hash: &str, user_id: i64, date: i32) -> Vec<Notice> {
        let Some(invite) = self.invites.get(hash) else { return Vec::new() };
        let (peer, inviter) = (invite.peer, invite.creator);
        let asked = self.forget_join_request(peer, user_id).is_some();
        self.count_importer(hash, user_id, Importer { date, approved_by: None });
        let notice = NewMessage::service(user_id, peer, Action::JoinedByLink { inviter }, date);
        let mut notices = self.let_in(peer, inviter, &[user_id], &notice);
        if asked {
            notices.extend(self.tell_of_requests(peer));
        }
        notices
    }

    /// Somebody asks to be let in.
    pub(super) fn request_to_join(&mut self, hash: &str, user_id: i64, date: i32) -> Vec<Notice> {
        let Some(peer) = self.invites.get(hash).map(|invite| invite.peer) else { return Vec::new() };
        let request = JoinRequest { hash: hash.to_owned(), date };
        self.join_requests.entry(peer).or_default().insert(user_id, request);
        self.tell_of_requests(peer)
    }

    fn decide_requests(&mut self, peer: PeerId, users: &[i64], approved_by: Option<i64>, date: i32) -> Vec<Notice> {
        let mut notices = Vec::new();
        for user_id in users {
            let Some(request) = self.forget_join_request(peer, *user_id) else { continue };
            if approved_by.is_none() {
                continue;
            }
            self.count_importer(&request.hash, *user_id, Importer { date, approved_by });
            let notice = NewMessage::service(*user_id, peer, Action::JoinedByRequest, date);
            let inviter = self.invites.get(&request.hash).map_or(*user_id, |invite| invite.creator);
            notices.extend(self.let_in(peer, inviter, &[*user_id], &notice));
        }
        notices.extend(self.tell_of_requests(peer));
        notices
    }

    fn count_importer(&mut self, hash: &str, user_id: i64, importer: Importer) {
        let Some(invite) = self.invites.get_mut(hash) else { return };
        invite.uses = invite.uses.saturating_add(1);
        self.importers.entry(hash.to_owned()).or_default().insert(user_id, importer);
    }

    /// Forgets that somebody asked to be let in; answers the request, if there was one.
    fn forget_join_request(&mut self, peer: PeerId, user_id: i64) -> Option<JoinRequest> {
        let requests = self.join_requests.get_mut(&peer)?;
        let request = requests.remove(&user_id);
        if requests.is_empty() {
            self.join_requests.remove(&peer);
        }
        request
    }

    /// Tells those who let people in how many ask for it.
    fn tell_of_requests(&self, peer: PeerId) -> Vec<Notice> {
        let admins = self.administration(peer).into_iter().flat_map(|found| found.admins.keys().copied());
        let who = self.creator(peer).into_iter().chain(admins);
        let who = who.filter(|user_id| self.may_administer(*user_id, peer, right::INVITE_USERS));
        who.map(|to| Notice { to, about: About::JoinRequests { peer } }).collect()
    }
}
