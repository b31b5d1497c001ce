//! Folders of conversations, as every client of a user shows them.

use serde::{Deserialize, Serialize};

use super::ids::PeerId;

/// One folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folder {
    /// The id.
    pub id: i32,
    /// The name.
    pub title: String,
    /// Whether the name's emoji stand still.
    pub title_noanimate: bool,
    /// The emoji that stands for it.
    pub emoticon: Option<String>,
    /// The number of its colour.
    pub color: Option<i32>,
    /// Which kinds of conversations it holds.
    pub kinds: Kinds,
    /// Which kinds of conversations it leaves out.
    pub exclusions: Exclusions,
    /// Conversations that are pinned in it.
    pub pinned: Vec<PeerId>,
    /// Conversations that are in it.
    pub included: Vec<PeerId>,
    /// Conversations that are not.
    pub excluded: Vec<PeerId>,
}

/// Which kinds of conversations a folder holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kinds {
    /// With contacts.
    pub contacts: bool,
    /// With others.
    pub non_contacts: bool,
    /// Groups.
    pub groups: bool,
    /// Channels.
    pub broadcasts: bool,
    /// With bots.
    pub bots: bool,
}

/// Which kinds of conversations a folder leaves out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exclusions {
    /// Muted ones.
    pub muted: bool,
    /// Read ones.
    pub read: bool,
    /// Archived ones.
    pub archived: bool,
}

impl Folder {
    /// Whether it includes nothing at all.
    pub fn is_empty(&self) -> bool {
        self.kinds == Kinds::default() && self.pinned.is_empty() && self.included.is_empty()
    }
}
