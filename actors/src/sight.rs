//! Which chats a caller may know of.

use crate::caller::Principal;
use crate::error::{Code, Error};
use crate::telegram::ChatId;

/// Which chats a caller may know of. What it hides is refused where a call names it, and left out of answers that list it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChatSight {
    /// All of the account's.
    Everything,
    /// All but the chat with Telegram itself, whose messages carry login codes: whoever reads them can take the account over. It takes the
    /// scope `security:read` and a person's approval to see it, and approvals cannot be given yet.
    WithoutServiceMessages,
}

impl ChatSight {
    /// What a principal may know of.
    pub fn of(principal: &Principal) -> Self {
        match principal {
            Principal::Human { .. } => Self::Everything,
            Principal::Agent { .. } => Self::WithoutServiceMessages,
        }
    }

    /// Whether a chat is hidden.
    pub fn hides(self, chat: ChatId) -> bool {
        self == Self::WithoutServiceMessages && chat == ChatId::SERVICE_MESSAGES
    }

    /// Refuses a chat that is hidden.
    ///
    /// # Errors
    /// [`Code::ChatNotAllowed`].
    pub fn admit(self, chat: ChatId) -> Result<(), Error> {
        if self.hides(chat) { Err(hidden()) } else { Ok(()) }
    }

    /// Takes out of a list what is of chats that are hidden.
    pub(crate) fn leave_out<T>(self, items: &mut Vec<T>, chat: impl Fn(&T) -> ChatId) {
        items.retain(|item| !self.hides(chat(item)));
    }
}

/// The refusal of a chat that is hidden: always the same, whether there is such a chat or not.
pub(crate) fn hidden() -> Error {
    Error::new(Code::ChatNotAllowed, "chat not in key allowlist")
}
