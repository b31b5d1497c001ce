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

/// The answer is told without what is of chats that its caller may not know of, or not at all.
macro_rules! leaves_out {
    () => {
        fn leave_out(output: &mut Self::Output, sight: &$crate::sight::ChatSight) -> Result<(), $crate::error::Error> {
            $crate::leave_out::LeaveOut::leave_out(output, sight)
        }
    };
}

/// The same, of what was done: it is told in any case that it was.
macro_rules! leaves_out_of_what_was_done {
    () => {
        fn leave_out(output: &mut Self::Output, sight: &$crate::sight::ChatSight) -> Result<(), $crate::error::Error> {
            let _it_was_done = $crate::leave_out::LeaveOut::leave_out(output, sight);
            Ok(())
        }
    };
}
