//! What most operations say of themselves in the same words: whom they touch.

/// The operation touches the account in its field `account_id`.
macro_rules! in_account {
    () => {
        fn account(&self) -> Option<$crate::operation::AccountReference> {
            Some(self.account_id)
        }
    };
}

/// The operation touches the chat in its field `chat_id`, of the account in its field `account_id`.
macro_rules! in_chat {
    () => {
        in_account!();

        fn chats(&self) -> Vec<$crate::telegram::ChatId> {
            vec![self.chat_id]
        }
    };
}
