//! Bots: accounts that a program signs in with a token, see <https://core.telegram.org/bots/api#authorizing-your-bot>.

use serde::{Deserialize, Serialize};

use super::event::NewUser;

/// What makes a user a bot.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bot {
    /// What signs it in: its id, a colon and 35 characters.
    pub token: String,
}

impl std::fmt::Debug for Bot {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Bot(..)")
    }
}

/// A bot that is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewBot {
    /// The account; it has no phone number.
    pub user: NewUser,
    /// What makes it a bot.
    pub bot: Bot,
}

/// Whether a method is for people only, so that bots are answered `BOT_METHOD_INVALID`.
pub fn is_for_people(method: &str) -> bool {
    matches!(
        method,
        "account.checkUsername"
            | "account.getPassword"
            | "account.getPrivacy"
            | "account.setPrivacy"
            | "account.updateProfile"
            | "account.updateStatus"
            | "account.updateUsername"
            | "account.updatePasswordSettings"
            | "account.getAuthorizations"
            | "account.resetAuthorization"
            | "account.updateNotifySettings"
            | "auth.acceptLoginToken"
            | "auth.resetAuthorizations"
            | "channels.createChannel"
            | "channels.deleteHistory"
            | "channels.getAdminLog"
            | "channels.inviteToChannel"
            | "channels.joinChannel"
            | "channels.toggleSlowMode"
            | "contacts.addContact"
            | "contacts.block"
            | "contacts.deleteContacts"
            | "contacts.getBlocked"
            | "contacts.getContacts"
            | "contacts.importContacts"
            | "contacts.resolvePhone"
            | "contacts.search"
            | "contacts.unblock"
            | "folders.editPeerFolders"
            | "messages.addChatUser"
            | "messages.createChat"
            | "messages.deleteHistory"
            | "messages.getBotCallbackAnswer"
            | "messages.getCommonChats"
            | "messages.getDialogFilters"
            | "messages.getDialogs"
            | "messages.getHistory"
            | "messages.getPeerDialogs"
            | "messages.importChatInvite"
            | "messages.markDialogUnread"
            | "messages.readHistory"
            | "messages.search"
            | "messages.searchGlobal"
            | "messages.sendVote"
            | "messages.getPollVotes"
            | "messages.toggleDialogPin"
            | "messages.updateDialogFilter"
            | "messages.updateDialogFiltersOrder"
            | "photos.deletePhotos"
            | "photos.updateProfilePhoto"
            | "photos.uploadProfilePhoto"
    )
}
