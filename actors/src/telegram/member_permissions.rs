//! What the members of a group or a channel may do, as a whole: by names in place of Telegram's bits, which say what they may not.

use grammers_tl_types::types;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rights::Permission;

/// Whatever media there is: taken together with media as such.
const MEDIA: &[Permission] = &[
    Permission::SendStickers,
    Permission::SendGifs,
    Permission::SendGames,
    Permission::SendInline,
    Permission::EmbedLinks,
    Permission::SendPhotos,
    Permission::SendVideos,
    Permission::SendRoundvideos,
    Permission::SendAudios,
    Permission::SendVoices,
    Permission::SendDocs,
];

/// What is taken together with writing, beside media.
const WRITING: &[Permission] = &[Permission::SendMedia, Permission::SendPlain, Permission::SendPolls];

macro_rules! permissions {
    ($($(#[$documentation:meta])* $field:ident = $permission:ident,)+) => {
        /// What the members of a group or channel may do, unless it is said otherwise for one of them.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
        #[serde(rename_all = "camelCase")]
        pub struct ChatPermissions {
            $($(#[$documentation])* pub $field: bool,)+
        }

        /// Which permissions of the members are to change. What is left out stays.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase", deny_unknown_fields, default)]
        pub struct PermissionChanges {
            $($(#[$documentation])* pub $field: Option<bool>,)+
        }

        impl ChatPermissions {
            /// What members may do, from what Telegram says that they may not.
            pub(super) fn of(raw: &types::ChatBannedRights) -> Self {
                let denied = denied(raw);
                Self { $($field: !denied.contains(&Permission::$permission),)+ }
            }
        }

        impl PermissionChanges {
            fn given(&self) -> Vec<(Permission, bool)> {
                let all = [$((Permission::$permission, self.$field)),+];
                all.into_iter().filter_map(|(permission, allowed)| Some((permission, allowed?))).collect()
            }
        }
    };
}

permissions! {
    /// Write at all.
    send_messages = SendMessages,
    /// Write plain text.
    send_plain = SendPlain,
    /// Send media of some kind: changed, it changes every kind that is not named beside it.
    send_media = SendMedia,
    /// Send photos.
    send_photos = SendPhotos,
    /// Send videos.
    send_videos = SendVideos,
    /// Send video notes.
    send_roundvideos = SendRoundvideos,
    /// Send music.
    send_audios = SendAudios,
    /// Send voice messages.
    send_voices = SendVoices,
    /// Send files.
    send_docs = SendDocs,
    /// Send stickers.
    send_stickers = SendStickers,
    /// Send animations.
    send_gifs = SendGifs,
    /// Send games.
    send_games = SendGames,
    /// Use inline bots.
    send_inline = SendInline,
    /// Send links with a preview.
    embed_links = EmbedLinks,
    /// Send polls.
    send_polls = SendPolls,
    /// React.
    send_reactions = SendReactions,
    /// Change the title, the picture and the description.
    change_info = ChangeInfo,
    /// Add members.
    invite_users = InviteUsers,
    /// Pin messages.
    pin_messages = PinMessages,
    /// Make topics.
    manage_topics = ManageTopics,
}

/// What is denied, with what follows from it.
fn denied(raw: &types::ChatBannedRights) -> Vec<Permission> {
    let mut denied = Permission::set_in(raw);
    for (whole, parts) in [(Permission::SendMessages, WRITING), (Permission::SendMedia, MEDIA)] {
        if denied.contains(&whole) {
            let missing: Vec<_> = parts.iter().copied().filter(|part| !denied.contains(part)).collect();
            denied.extend(missing);
        }
    }
    denied
}

impl PermissionChanges {
    /// Whether nothing is to change.
    pub fn is_empty(&self) -> bool {
        self.given().is_empty()
    }

    /// What Telegram is to deny, if it denies this now. Whole kinds are changed before their parts, so that a part may differ.
    pub(super) fn applied_to(&self, raw: &types::ChatBannedRights) -> types::ChatBannedRights {
        let mut denied = denied(raw);
        let given = self.given();
        let wholes = [(Permission::SendMessages, WRITING), (Permission::SendMedia, MEDIA)];
        for (whole, parts) in wholes {
            if let Some((_, allowed)) = given.iter().find(|(permission, _)| *permission == whole) {
                let everything: &[Permission] = if whole == Permission::SendMessages { MEDIA } else { &[] };
                for part in parts.iter().chain(everything).chain([&whole]) {
                    set(&mut denied, *part, *allowed);
                }
                if *allowed {
                    set(&mut denied, Permission::SendMessages, true);
                }
            }
        }
        for (permission, allowed) in given.iter().filter(|(given, _)| wholes.iter().all(|(whole, _)| whole != given)) {
            set(&mut denied, *permission, *allowed);
            // Who may send one kind is not kept from sending as a whole.
            if *allowed && MEDIA.contains(permission) {
                set(&mut denied, Permission::SendMedia, true);
            }
            if *allowed && (MEDIA.contains(permission) || WRITING.contains(permission)) {
                set(&mut denied, Permission::SendMessages, true);
            }
        }
        Permission::bits(|permission| denied.contains(&permission))
    }
}

fn set(denied: &mut Vec<Permission>, permission: Permission, allowed: bool) {
    denied.retain(|other| *other != permission);
    if !allowed {
        denied.push(permission);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::subsequence;

    use super::*;

    fn raw(denied: &[Permission]) -> types::ChatBannedRights {
        Permission::bits(|permission| denied.contains(&permission))
    }

    proptest! {
        #[test]
        fn what_is_changed_alone_is_as_it_was_asked_for(
            before in subsequence(Permission::ALL.to_vec(), 0..Permission::ALL.len()),
            allowed: bool,
        ) {
            let of = |changes: PermissionChanges| ChatPermissions::of(&changes.applied_to(&raw(&before)));
            let some = Some(allowed);
            let changes = PermissionChanges { send_messages: some, ..PermissionChanges::default() };
            prop_assert_eq!(of(changes).send_messages, allowed);
            let after = of(PermissionChanges { send_media: some, ..PermissionChanges::default() });
            prop_assert_eq!((after.send_media, after.send_photos, after.send_docs), (allowed, allowed, allowed));
            let after = of(PermissionChanges { send_voices: some, ..PermissionChanges::default() });
            prop_assert_eq!(after.send_voices, allowed);
            let after = of(PermissionChanges { invite_users: some, ..PermissionChanges::default() });
            prop_assert_eq!(after.invite_users, allowed);
        }

        #[test]
        fn nothing_changes_where_nothing_is_asked_for(before in subsequence(Permission::ALL.to_vec(), 0..Permission::ALL.len())) {
            let after = PermissionChanges::default().applied_to(&raw(&before));
            prop_assert_eq!(ChatPermissions::of(&after), ChatPermissions::of(&raw(&before)));
        }
    }

    #[test]
    fn a_kind_may_differ_from_the_rest() {
        let changes = PermissionChanges { send_media: Some(false), send_photos: Some(true), ..PermissionChanges::default() };
        let after = ChatPermissions::of(&changes.applied_to(&raw(&[])));
        assert!(after.send_photos && !after.send_docs && !after.send_stickers && after.send_plain && after.send_messages);
    }
}
