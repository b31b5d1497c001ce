//! What administrators may do, and what members may: lists of names in place of Telegram's bits.

use grammers_tl_types::types;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! flags {
    ($(#[$documentation:meta])* $name:ident, $raw:ident { $($(#[$of:meta])* $variant:ident = $field:ident,)+ } $($rest:ident: $value:expr),*) => {
        $(#[$documentation])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$of])* $variant,)+
        }

        impl $name {
            /// Every one there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Those whose bit is set.
            pub(super) fn set_in(raw: &types::$raw) -> Vec<Self> {
                Self::ALL.iter().copied().filter(|one| one.is_set_in(raw)).collect()
            }

            fn is_set_in(self, raw: &types::$raw) -> bool {
                match self { $(Self::$variant => raw.$field,)+ }
            }

            /// The bits of those that fit.
            pub(super) fn bits(fits: impl Fn(Self) -> bool) -> types::$raw {
                types::$raw { $($field: fits(Self::$variant),)+ $($rest: $value),* }
            }
        }
    };
}

flags! {
    /// Something that an administrator may do.
    AdminRight, ChatAdminRights {
        /// Change the title, the picture and the description.
        ChangeInfo = change_info,
        /// Post in a channel.
        PostMessages = post_messages,
        /// Edit others' posts in a channel.
        EditMessages = edit_messages,
        /// Delete others' messages.
        DeleteMessages = delete_messages,
        /// Remove, ban and restrict members.
        BanUsers = ban_users,
        /// Add members and make invite links.
        InviteUsers = invite_users,
        /// Pin messages.
        PinMessages = pin_messages,
        /// Make others administrators.
        AddAdmins = add_admins,
        /// Act in the group's name.
        Anonymous = anonymous,
        /// Manage calls.
        ManageCall = manage_call,
        /// What no other right covers, such as reading the admin log.
        Other = other,
        /// Make, edit and delete topics.
        ManageTopics = manage_topics,
        /// Post stories.
        PostStories = post_stories,
        /// Edit others' stories.
        EditStories = edit_stories,
        /// Delete others' stories.
        DeleteStories = delete_stories,
        /// Answer a channel's direct messages.
        ManageDirectMessages = manage_direct_messages,
        /// Change members' ranks.
        ManageRanks = manage_ranks,
        /// Manage linked chats.
        ManageLinkedPeers = manage_linked_peers,
        /// Manage welcome messages.
        ManageWelcomeMessages = manage_welcome_messages,
    }
}

flags! {
    /// Something that a member may do, unless it is taken away.
    Permission, ChatBannedRights {
        /// Write at all.
        SendMessages = send_messages,
        /// Send media at all.
        SendMedia = send_media,
        /// Send stickers.
        SendStickers = send_stickers,
        /// Send animations.
        SendGifs = send_gifs,
        /// Send games.
        SendGames = send_games,
        /// Use inline bots.
        SendInline = send_inline,
        /// Have previews of links.
        EmbedLinks = embed_links,
        /// Send polls.
        SendPolls = send_polls,
        /// Change the title, the picture and the description.
        ChangeInfo = change_info,
        /// Add members.
        InviteUsers = invite_users,
        /// Pin messages.
        PinMessages = pin_messages,
        /// Make topics.
        ManageTopics = manage_topics,
        /// Send photos.
        SendPhotos = send_photos,
        /// Send videos.
        SendVideos = send_videos,
        /// Send video notes.
        SendRoundvideos = send_roundvideos,
        /// Send music.
        SendAudios = send_audios,
        /// Send voice messages.
        SendVoices = send_voices,
        /// Send files.
        SendDocs = send_docs,
        /// Send plain text.
        SendPlain = send_plain,
        /// Change their own rank.
        EditRank = edit_rank,
        /// React.
        SendReactions = send_reactions,
        /// Manage linked chats.
        ManageLinkedPeers = manage_linked_peers,
    }
    view_messages: false, until_date: 0
}

impl AdminRight {
    /// What an administrator gets when nothing else is asked for: everything but anonymity and making others administrators.
    pub fn usual() -> Vec<Self> {
        Self::ALL.iter().copied().filter(|right| !matches!(right, Self::Anonymous | Self::AddAdmins)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_survive_telegrams_bits() {
        let usual = AdminRight::usual();
        assert_eq!(AdminRight::set_in(&AdminRight::bits(|right| usual.contains(&right))), usual);
        let denied = [Permission::SendPolls, Permission::SendPlain];
        assert_eq!(Permission::set_in(&Permission::bits(|permission| denied.contains(&permission))), denied);
        assert_eq!(serde_json::to_value(Permission::SendRoundvideos).unwrap(), "send_roundvideos");
    }
}
