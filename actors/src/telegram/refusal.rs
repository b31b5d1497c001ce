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
        row(NotFound, "PARTICIPANT_ID_INVALID", "The user is not a member of this chat"),
        row(NotFound, "INVITE_HASH_EXPIRED", "There is no such invite link"),
        row(NotFound, "INVITE_HASH_INVALID", "There is no such invite link"),
        row(NotFound, "INVITE_HASH_EMPTY", "There is no such invite link"),
        row(NotFound, "HIDE_REQUESTER_MISSING", "The user has not asked to join"),
        row(NotFound, "TOPIC_ID_INVALID", "There is no such topic"),
        row(NotFound, "TOPIC_DELETED", "There is no such topic"),
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
