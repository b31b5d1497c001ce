//! Forwarding and copying messages.

use schemars::JsonSchema;
use serde::Deserialize;

use super::message_changes::check_message_ids;
use crate::account::{AccountCall, ForwardRequest};
use crate::error::Error;
use crate::operation::{
    Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation, RateClass, Repetition,
};
use crate::scope::Scope;
use crate::telegram::ChatId;

macro_rules! forwarding {
    ($(#[$documentation:meta])* $operation:ident, $name:literal, $summary:literal, $path:literal, $as_copy:literal) => {
        $(#[$documentation])*
        #[derive(Debug, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase")]
        pub struct $operation {
            account_id: AccountReference,
            /// Where the messages are.
            from_chat_id: ChatId,
            /// Where they go.
            to_chat_id: ChatId,
            /// Which: 1 to 100. They go in this order, and albums stay whole.
            message_ids: Vec<i32>,
            /// The forum topic or thread to send to.
            #[serde(default)]
            topic_id: Option<i32>,
            /// Whether they come without a notification.
            #[serde(default)]
            silent: bool,
        }

        impl Operation for $operation {
            const DECLARATION: Declaration = Declaration::new(
                $name,
                $summary,
                Method::Post,
                $path,
                Access::Scope(Scope::MessagesForward),
                Effect::Destructive,
            )
            .rate(RateClass::Account)
            .relays()
            .repetition(Repetition::OnceByTelegram);
            type Output = Vec<Option<i32>>;

            fn account(&self) -> Option<AccountReference> {
                Some(self.account_id)
            }

            fn chats(&self) -> Vec<ChatId> {
                vec![self.from_chat_id, self.to_chat_id]
            }

            fn reads(&self) -> Vec<ChatId> {
                vec![self.from_chat_id]
            }

            fn writes(&self) -> Vec<ChatId> {
                vec![self.to_chat_id]
            }

            fn validate(&self) -> Result<(), Error> {
                check_message_ids(&self.message_ids)
            }
        }

        impl AccountOperation for $operation {
            async fn run(self, call: AccountCall) -> Result<Vec<Option<i32>>, Error> {
                let (from, to, message_ids) = (self.from_chat_id, self.to_chat_id, self.message_ids);
                let (topic_id, silent, as_copy) = (self.topic_id, self.silent, $as_copy);
                call.forward(ForwardRequest { from, to, message_ids, topic_id, as_copy, silent }).await
            }
        }
    };
}

forwarding!(
    /// Forwards messages from one chat to another. The answer holds for each its new id, or `null` where it was not forwarded.
    ForwardMessages,
    "forward_messages",
    "Forward messages from one chat to another.",
    "/accounts/{accountId}/messages/forward",
    false
);

forwarding!(
    /// Sends messages of one chat anew to another, without naming their authors. The answer holds for each its new id, or `null`
    /// where it was not copied.
    CopyMessages,
    "copy_messages",
    "Send messages of one chat anew to another, without naming their authors.",
    "/accounts/{accountId}/messages/copy",
    true
);
