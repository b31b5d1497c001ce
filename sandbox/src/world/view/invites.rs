//! How invite links, and those who come by them, look to one user.

use grammers_tl_types as tl;

use super::{View, count};
use crate::world::administration::right;
use crate::world::ids::PeerId;
use crate::world::invite::{Invite, LINK_PREFIX};

/// How many of those who ask to come in are named at once.
const RECENT_MAX: usize = 3;

impl View<'_> {
    /// An invite link.
    pub fn invite(&mut self, hash: &str, invite: &Invite) -> tl::enums::ExportedChatInvite {
        self.mention(PeerId::User(invite.creator));
        let requests = self.state.join_requests.get(&invite.peer).into_iter().flat_map(|requests| requests.values());
        let requested = count(requests.filter(|request| request.hash == hash).count());
        tl::types::ChatInviteExported {
            revoked: invite.revoked,
            permanent: invite.permanent,
            request_needed: invite.request_needed,
            link: format!("{LINK_PREFIX}{hash}"),
            admin_id: invite.creator,
            date: invite.date,
            start_date: None,
            expire_date: invite.expire_date,
            usage_limit: invite.usage_limit,
            usage: Some(invite.uses).filter(|uses| *uses > 0),
            requested: Some(requested).filter(|requested| *requested > 0),
            subscription_expired: None,
            title: invite.title.clone(),
            subscription_pricing: None,
        }
        .into()
    }

    /// The viewer's own first link of a group or a channel, if they administer it and have one.
    pub(super) fn own_invite(&mut self, peer: PeerId) -> Option<tl::enums::ExportedChatInvite> {
        if !self.state.may_administer(self.viewer, peer, right::INVITE_USERS) {
            return None;
        }
        let (hash, invite) = self.state.permanent_invite(peer, self.viewer)?;
        Some(self.invite(hash, invite))
    }

    /// How many ask to be let in, and the latest of them, if the viewer lets people in.
    pub(super) fn seen_requests(&mut self, peer: PeerId) -> Option<(i32, Vec<i64>)> {
        let may = self.state.may_administer(self.viewer, peer, right::INVITE_USERS);
        self.state.join_requests.get(&peer).filter(|_| may)?;
        Some(self.requests(peer))
    }

    fn requests(&mut self, peer: PeerId) -> (i32, Vec<i64>) {
        let requests = self.state.join_requests.get(&peer);
        let mut latest: Vec<(i32, i64)> =
            requests.into_iter().flatten().map(|(user_id, request)| (request.date, *user_id)).collect();
        latest.sort_unstable_by(|left, right| right.cmp(left));
        let pending = count(latest.len());
        let recent: Vec<i64> = latest.into_iter().take(RECENT_MAX).map(|(_, user_id)| user_id).collect();
        (pending, self.mention_all(&recent))
    }

    pub(super) fn join_requests_update(&mut self, peer: PeerId) -> tl::enums::Update {
        let (requests_pending, recent_requesters) = self.requests(peer);
        let peer = self.mention(peer);
        tl::types::UpdatePendingJoinRequests { peer, requests_pending, recent_requesters }.into()
    }
}
