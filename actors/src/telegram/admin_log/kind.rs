//! What entries of the log can be asked for by.

use grammers_tl_types::{enums, types};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! kinds {
    ($($(#[$documentation:meta])* $kind:ident = $flag:ident,)+) => {
        /// What entries of the log can be asked for by.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum AdminLogKind {
            $($(#[$documentation])* $kind,)+
        }

        impl AdminLogKind {
            /// Every one there is.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];

            pub(super) fn filter(kinds: &[Self]) -> enums::ChannelAdminLogEventsFilter {
                types::ChannelAdminLogEventsFilter { $($flag: kinds.contains(&Self::$kind)),+ }.into()
            }
        }
    };
}

kinds! {
    /// Members who joined.
    Join = join,
    /// Members who left.
    Leave = leave,
    /// Members who were added.
    Invite = invite,
    /// Restrictions of members.
    Restrict = ban,
    /// Restrictions that were lifted.
    Unrestrict = unban,
    /// Bans.
    Ban = kick,
    /// Bans that were lifted.
    Unban = unkick,
    /// New administrators and new rights of theirs.
    Promote = promote,
    /// Administrators who are none any more.
    Demote = demote,
    /// The title, the description, the photo and the username.
    Info = info,
    /// Slow mode, what members may do, and other settings.
    Settings = settings,
    /// Messages that were pinned or unpinned.
    Pin = pinned,
    /// Messages that were edited, and polls that were closed.
    Edit = edit,
    /// Messages that were deleted.
    Delete = delete,
    /// Group calls.
    GroupCall = group_call,
    /// Invite links.
    InviteLink = invites,
    /// Messages that were sent by administrators of a channel.
    Send = send,
    /// Topics.
    Topic = forums,
    /// Subscriptions that go on.
    Subscription = sub_extend,
    /// Titles beside names.
    Rank = edit_rank,
}

impl AdminLogKind {
    /// Its name, as it is asked for.
    pub fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// The kind with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_names_and_flags() {
        assert_eq!(AdminLogKind::named("invite_link"), Some(AdminLogKind::InviteLink));
        assert_eq!(AdminLogKind::named("kick"), None);
        for kind in AdminLogKind::ALL {
            assert_eq!(AdminLogKind::named(&kind.name()), Some(*kind));
        }
        let enums::ChannelAdminLogEventsFilter::Filter(filter) = AdminLogKind::filter(&[AdminLogKind::Ban, AdminLogKind::Topic]);
        assert!(filter.kick && filter.forums && !filter.ban && !filter.join);
    }
}
