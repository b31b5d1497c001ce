//! Folders as their owner sees them.

use grammers_tl_types as tl;

use super::View;
use crate::world::folder::Folder;
use crate::world::ids::PeerId;

impl View<'_> {
    /// The viewer's folders. The one of all conversations is always there, and first.
    pub fn folders(&self) -> Vec<tl::enums::DialogFilter> {
        let kept = self.state.folders.get(&self.viewer).into_iter().flatten().map(|folder| self.folder(folder));
        std::iter::once(tl::enums::DialogFilter::Default).chain(kept).collect()
    }

    /// The update that tells of a folder: what it is now, or that it is gone.
    pub fn folder_update(&self, folder_id: i32) -> tl::enums::Update {
        let kept = self.state.folders.get(&self.viewer).and_then(|folders| folders.iter().find(|it| it.id == folder_id));
        let filter = kept.map(|folder| self.folder(folder));
        tl::types::UpdateDialogFilter { id: folder_id, filter }.into()
    }

    /// The update that tells of the folders' order.
    pub fn folder_order_update(&self) -> tl::enums::Update {
        let kept = self.state.folders.get(&self.viewer).into_iter().flatten();
        let order = std::iter::once(0).chain(kept.map(|folder| folder.id)).collect();
        tl::types::UpdateDialogFilterOrder { order }.into()
    }

    fn folder(&self, folder: &Folder) -> tl::enums::DialogFilter {
        let peers = |peers: &[PeerId]| peers.iter().map(|peer| self.input_peer(*peer)).collect();
        tl::types::DialogFilter {
            contacts: folder.kinds.contacts,
            non_contacts: folder.kinds.non_contacts,
            groups: folder.kinds.groups,
            broadcasts: folder.kinds.broadcasts,
            bots: folder.kinds.bots,
            exclude_muted: folder.exclusions.muted,
            exclude_read: folder.exclusions.read,
            exclude_archived: folder.exclusions.archived,
            title_noanimate: folder.title_noanimate,
            id: folder.id,
            title: tl::types::TextWithEntities { text: folder.title.clone(), entities: Vec::new() }.into(),
            emoticon: folder.emoticon.clone(),
            color: folder.color,
            pinned_peers: peers(&folder.pinned),
            include_peers: peers(&folder.included),
            exclude_peers: peers(&folder.excluded),
        }
        .into()
    }

    /// A peer as the viewer names it in calls.
    fn input_peer(&self, peer: PeerId) -> tl::enums::InputPeer {
        let access_hash = self.access_hash(peer);
        match peer {
            PeerId::User(user_id) => tl::types::InputPeerUser { user_id, access_hash }.into(),
            PeerId::Chat(chat_id) => tl::types::InputPeerChat { chat_id }.into(),
            PeerId::Channel(channel_id) => tl::types::InputPeerChannel { channel_id, access_hash }.into(),
        }
    }
}
