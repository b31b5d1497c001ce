//! Refusals that a caller can understand: Telegram's names for them, what kind each is, and a sentence.

/// What kind of refusal it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalClass {
    /// The account lacks the right.
    NotPermitted,
    /// There is no such thing.
    NotFound,
    /// It is so already, or what there is does not permit it.
    Conflict,
    /// A value is not acceptable.
    Invalid,
}

/// One refusal.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Telegram's name for it.
    pub name: &'static str,
    /// What kind it is.
    pub class: RefusalClass,
    /// What it means.
    pub sentence: &'static str,
}

const fn row(class: RefusalClass, name: &'static str, sentence: &'static str) -> Refusal {
    Refusal { name, class, sentence }
}

static TABLE: &[Refusal] = {
    use RefusalClass::{Conflict, Invalid, NotFound, NotPermitted};
    &[
        row(NotPermitted, "CHAT_ADMIN_REQUIRED", "The account does not administer this chat, or lacks the right for this"),
        row(NotPermitted, "CHAT_ADMIN_INVITE_REQUIRED", "The account may not add members here"),
        row(NotPermitted, "CHAT_WRITE_FORBIDDEN", "The account may not write here"),
        row(NotPermitted, "CHAT_SEND_PLAIN_FORBIDDEN", "Members may not write plain text here"),
        row(NotPermitted, "CHAT_SEND_MEDIA_FORBIDDEN", "Members may not send media here"),
        row(NotPermitted, "CHAT_SEND_PHOTOS_FORBIDDEN", "Members may not send photos here"),
        row(NotPermitted, "CHAT_SEND_VIDEOS_FORBIDDEN", "Members may not send videos here"),
        row(NotPermitted, "CHAT_SEND_ROUNDVIDEOS_FORBIDDEN", "Members may not send video notes here"),
        row(NotPermitted, "CHAT_SEND_AUDIOS_FORBIDDEN", "Members may not send music here"),
        row(NotPermitted, "CHAT_SEND_VOICES_FORBIDDEN", "Members may not send voice messages here"),
        row(NotPermitted, "CHAT_SEND_DOCS_FORBIDDEN", "Members may not send files here"),
        row(NotPermitted, "CHAT_SEND_STICKERS_FORBIDDEN", "Members may not send stickers here"),
        row(NotPermitted, "CHAT_SEND_GIFS_FORBIDDEN", "Members may not send animations here"),
        row(NotPermitted, "CHAT_SEND_POLL_FORBIDDEN", "Members may not send polls here"),
        row(NotPermitted, "CHAT_FORBIDDEN", "The account may not do this in this chat"),
        row(NotPermitted, "RIGHT_FORBIDDEN", "The account cannot give a right that it does not have"),
        row(NotPermitted, "USER_ADMIN_INVALID", "The user is an administrator whom the account cannot touch"),
        row(NotPermitted, "ADMIN_ID_INVALID", "The user is an administrator whom the account cannot touch"),
        row(NotPermitted, "USER_PRIVACY_RESTRICTED", "The user's privacy settings do not allow it"),
        row(NotPermitted, "USER_NOT_MUTUAL_CONTACT", "The user is no mutual contact and has left the chat before"),
        row(NotPermitted, "USER_RESTRICTED", "Telegram has restricted this account"),
        row(NotPermitted, "USER_KICKED", "The user is banned from this chat: unban them first"),
        row(NotPermitted, "USER_BANNED_IN_CHANNEL", "The account is banned from this chat"),
        row(NotPermitted, "USER_CHANNELS_TOO_MUCH", "The user is in too many channels"),
        row(NotPermitted, "CHANNELS_TOO_MUCH", "The account is in too many channels"),
        row(NotPermitted, "PREMIUM_ACCOUNT_REQUIRED", "This needs Telegram Premium"),
        row(NotPermitted, "USER_IS_BLOCKED", "The user has blocked this account, or this account the user"),
        row(NotPermitted, "GROUPCALL_FORBIDDEN", "The group call is over, or not open to this account"),
        row(NotFound, "GROUPCALL_INVALID", "There is no such group call"),
        row(Conflict, "CALL_ALREADY_ACCEPTED", "The call was accepted already"),
        row(Conflict, "CALL_OCCUPY_FAILED", "The account is in another call"),
        row(Conflict, "GROUPCALL_ALREADY_STARTED", "The group call has begun already"),
        row(Conflict, "GROUPCALL_JOIN_MISSING", "The account is not in this group call: join first"),
        row(Conflict, "PARTICIPANT_JOIN_MISSING", "The account is not in this group call: join first"),
        row(NotPermitted, "CHAT_TOO_BIG", "The chat has too many members for this"),
        row(NotPermitted, "MSG_TOO_OLD", "The message is too old for this"),
        row(NotPermitted, "MESSAGE_TOO_OLD", "The message is too old for this"),
        row(NotPermitted, "YOUR_PRIVACY_RESTRICTED", "The account hides this of itself, so it cannot see it of others"),
        row(NotPermitted, "BROADCAST_FORBIDDEN", "This cannot be done in channels"),
        row(Conflict, "SCHEDULE_TOO_MUCH", "As many messages are scheduled in this chat as Telegram allows"),
        row(Conflict, "REACTIONS_TOO_MANY", "The message has as many reactions as it can"),
        row(Invalid, "REACTION_INVALID", "The chat does not permit this reaction"),
        row(NotFound, "PARTICIPANT_ID_INVALID", "The user is not a member of this chat"),
        row(NotFound, "PHOTO_ID_INVALID", "There is no such photo"),
        row(NotFound, "INVITE_HASH_EXPIRED", "There is no such invite link"),
        row(NotFound, "INVITE_HASH_INVALID", "There is no such invite link"),
        row(NotFound, "INVITE_HASH_EMPTY", "There is no such invite link"),
        row(NotFound, "HIDE_REQUESTER_MISSING", "The user has not asked to join"),
        row(NotFound, "TOPIC_ID_INVALID", "There is no such topic"),
        row(NotFound, "TOPIC_DELETED", "There is no such topic"),
        row(Conflict, "SLOWMODE_MULTI_MSGS_DISABLED", "Slow mode lets members send one message at a time"),
        row(Conflict, "MEGAGROUP_REQUIRED", "Only supergroups have this"),
        row(Conflict, "USERNAME_OCCUPIED", "The username is taken"),
        row(Conflict, "USERNAME_PURCHASE_AVAILABLE", "The username is for sale, and not free"),
        row(Conflict, "USERS_TOO_MUCH", "The chat has as many members as it can"),
        row(Conflict, "ADMINS_TOO_MUCH", "The chat has as many administrators as it can"),
        row(Conflict, "BOTS_TOO_MUCH", "The chat has as many bots as it can"),
        row(Conflict, "TOPIC_CLOSED", "The topic is closed"),
        row(Conflict, "CHANNEL_FORUM_MISSING", "The chat has no topics: it is no forum"),
        row(Conflict, "CHAT_LINK_EXISTS", "The chat is linked: this cannot be done"),
        row(Conflict, "CHAT_INVITE_PERMANENT", "The permanent link cannot be changed in this way"),
        row(Conflict, "INVITE_REVOKED_MISSING", "The link must be revoked first"),
        row(Conflict, "BOT_GROUPS_BLOCKED", "The bot cannot be added to groups"),
        row(Invalid, "ADMIN_RANK_INVALID", "The rank is too long or not acceptable"),
        row(Invalid, "ADMIN_RANK_EMOJI_NOT_ALLOWED", "The rank must not hold emoji"),
        row(Invalid, "CHAT_ABOUT_TOO_LONG", "The description is too long"),
        row(Invalid, "CHAT_TITLE_EMPTY", "The title is empty"),
        row(Invalid, "CHAT_TITLE_INVALID", "The title is not acceptable"),
        row(Invalid, "BANNED_RIGHTS_INVALID", "The permissions are not acceptable"),
        row(Invalid, "IMAGE_PROCESS_FAILED", "The image cannot be read"),
        row(Invalid, "PHOTO_INVALID", "The photo is not acceptable"),
        row(Invalid, "PHOTO_INVALID_DIMENSIONS", "The photo is too small, too large or too narrow"),
        row(Invalid, "PHOTO_CROP_SIZE_SMALL", "The photo is too small"),
        row(Invalid, "PHOTO_CROP_FILE_MISSING", "The photo cannot be cut to its shape"),
        row(Invalid, "PHOTO_EXT_INVALID", "The image is not of a kind that Telegram takes"),
        row(Invalid, "PHOTO_FILE_MISSING", "The photo did not arrive"),
        row(Invalid, "FIRSTNAME_INVALID", "The first name is empty, too long or not acceptable"),
        row(Invalid, "LASTNAME_INVALID", "The last name is too long or not acceptable"),
        row(Invalid, "ABOUT_TOO_LONG", "The bio is longer than Telegram lets this account have"),
        row(Invalid, "USERNAME_INVALID", "The username is not acceptable"),
        row(Invalid, "PRIVACY_VALUE_INVALID", "The privacy rules contradict each other"),
        row(Invalid, "PRIVACY_TOO_LONG", "The privacy rules name too many people or chats"),
        row(Invalid, "SECONDS_INVALID", "Slow mode does not know this number of seconds"),
        row(Invalid, "EXPIRE_DATE_INVALID", "The date of expiry is not acceptable"),
        row(Invalid, "USAGE_LIMIT_INVALID", "The usage limit is not acceptable"),
        row(Invalid, "TOPIC_TITLE_EMPTY", "The topic's title is empty"),
        row(Invalid, "UNTIL_DATE_INVALID", "The date is not acceptable"),
    ]
};

impl Refusal {
    /// The refusal with this name.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        TABLE.iter().find(|refusal| refusal.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_there_twice() {
        let mut names: Vec<&str> = TABLE.iter().map(|refusal| refusal.name).collect();
        names.sort_unstable();
        for pair in names.windows(2) {
            assert_ne!(pair[0], pair[1]);
        }
    }
}
