//! What of each answer is of chats that its caller may not know of.
//!
//! Who wrote, reacted or takes part in a chat that may be read is part of that chat, also where the private chat with that person is
//! hidden. What leads from one chat into another is not: where a forward comes from, what an answer in another chat answers, in whose
//! name a channel posts, whom a mention links to.

use crate::error::Error;
use crate::sight::{ChatSight, hidden};
use crate::telegram::{
    AdminLogAction, AdminLogEntry, AdminLogPage, Blocked, BlockedPage, Chat, ChatDetails, ChatId, ChatPage, ContactPage, Draft,
    DraftList, FloodReport, FolderContent, FoundChat, GivenReaction, GlobalMessagePage, GlobalMessageResult, GroupCallPage,
    GroupCallParticipant, ImportedContacts, InvitePreview, Joined, Message, MessageContext, MessagePage, PrivacySetting,
    ReactionPage, TelegramFolder,
};

/// An answer, or a part of one, that tells of chats.
pub(crate) trait LeaveOut {
    /// Takes out what is of chats that are hidden. It asks the sight about every chat that is told of.
    ///
    /// # Errors
    /// [`Code::ChatNotAllowed`](crate::error::Code::ChatNotAllowed) when nothing is left to be told; lists leave such a part out.
    fn leave_out(&mut self, sight: &ChatSight) -> Result<(), Error>;
}

impl<T: LeaveOut> LeaveOut for Vec<T> {
    fn leave_out(&mut self, sight: &ChatSight) -> Result<(), Error> {
        self.retain_mut(|part| part.leave_out(sight).is_ok());
        Ok(())
    }
}

impl<T: LeaveOut> LeaveOut for Option<T> {
    fn leave_out(&mut self, sight: &ChatSight) -> Result<(), Error> {
        if self.as_mut().is_some_and(|part| part.leave_out(sight).is_err()) {
            *self = None;
        }
        Ok(())
    }
}

impl LeaveOut for Message {
    fn leave_out(&mut self, sight: &ChatSight) -> Result<(), Error> {
        if sight.is_agent() {
            self.mark_untrusted();
            let tells_code = [self.text.as_deref(), self.quote.as_deref()].into_iter().any(|text| sight.tells_code(text));
            if tells_code || self.is_of_telegram_itself() && sight.hides_service_messages() && !sight.is_looking() {
                return Err(hidden());
            }
        }
        if let Some(from) = &mut self.forwarded_from {
            let user = from.user_id.and_then(ChatId::from_marked);
            if [user, from.chat_id].into_iter().flatten().any(|chat| sight.hides(chat)) {
                (from.user_id, from.chat_id, from.message_id, from.name) = (None, None, None, None);
            }
        }
        if self.reply_to_chat_id.is_some_and(|chat| sight.hides(chat)) {
            (self.reply_to_chat_id, self.reply_to, self.quote) = (None, None, None);
        }
        if self.sender_chat_id.is_some_and(|chat| sight.hides(chat)) {
            (self.sender_chat_id, self.sender_name, self.author) = (None, None, None);
        }
        if self.via_bot_id.is_some_and(|bot| sight.hides_user(bot)) {
            self.via_bot_id = None;
        }
        let mentions = self.entities.len();
        self.entities.retain(|entity| !entity.user_id.is_some_and(|user| sight.hides_user(user)));
        if self.entities.len() < mentions {
            self.write_markdown();
        }
        sight.admit(self.chat_id)
    }
}

impl LeaveOut for MessagePage {
    fn leave_out(&mut self, sight: &ChatSight) -> Result<(), Error> {
        self.messages_mut().leave_out(sight)
    }
}

impl LeaveOut for MessageContext {
    fn leave_out(&mut self, sight: &ChatSight) -> Result<(), Error> {
        self.before.leave_out(sight)?;
        self.after.leave_out(sight)?;
        self.message.leave_out(sight)
    }
}

impl LeaveOut for AdminLogPage {
    fn leave_out(&mut self, sight: &ChatSight) -> Result<(), Error> {
        self.items.leave_out(sight)
    }
}

impl LeaveOut for AdminLogEntry {
    fn leave_out(&mut self, sight: &ChatSight) -> Result<(), Error> {
        if self.action == AdminLogAction::LinkedChatChanged && sight.is_narrowed() {
            (self.before, self.after) = (None, None);
        }
        self.message_before.leave_out(sight)?;
        self.message.leave_out(sight)
    }
}

macro_rules! of_chat {
    ($($part:ty => |$it:ident| $chat:expr;)+) => {
        $(impl LeaveOut for $part {
            fn leave_out(&mut self, sight: &ChatSight) -> Result<(), Error> {
                let $it = self;
                sight.admit($chat)
            }
        })+
    };
}

of_chat! {
    Chat => |chat| chat.id;
    FoundChat => |found| found.chat_id;
    Blocked => |blocked| blocked.chat_id;
}

macro_rules! of_parts {
    ($($whole:ty => |$it:ident| $parts:expr;)+) => {
        $(impl LeaveOut for $whole {
            fn leave_out(&mut self, sight: &ChatSight) -> Result<(), Error> {
                let $it = self;
                $parts.leave_out(sight)
            }
        })+
    };
}

of_parts! {
    ChatPage => |page| page.chats_mut();
    ContactPage => |page| page.contacts_mut();
    GlobalMessagePage => |page| page.results_mut();
    BlockedPage => |page| page.blocked_mut();
    DraftList => |drafts| drafts.items;
    ImportedContacts => |imported| imported.contacts;
    ReactionPage => |page| page.items;
    GroupCallPage => |page| page.participants_mut();
    TelegramFolder => |folder| folder.content;
}

impl LeaveOut for GlobalMessageResult {
    fn leave_out(&mut self, sight: &ChatSight) -> Result<(), Error> {
        if sight.tells_code(self.text.as_deref()) { Err(hidden()) } else { sight.admit(self.marked_chat_id) }
    }
}

impl LeaveOut for Draft {
    fn leave_out(&mut self, sight: &ChatSight) -> Result<(), Error> {
        if sight.tells_code(Some(&self.text)) { Err(hidden()) } else { sight.admit(self.chat_id) }
    }
}

// People who take part in a chat are part of it; a channel that does so in its own name is a chat of its own.
impl LeaveOut for GivenReaction {
    fn leave_out(&mut self, sight: &ChatSight) -> Result<(), Error> {
        if self.sender_id.value() < 0 { sight.admit(self.sender_id) } else { Ok(()) }
    }
}

impl LeaveOut for GroupCallParticipant {
    fn leave_out(&mut self, sight: &ChatSight) -> Result<(), Error> {
        if self.user_id.value() < 0 { sight.admit(self.user_id) } else { Ok(()) }
    }
}

impl LeaveOut for ChatDetails {
    fn leave_out(&mut self, sight: &ChatSight) -> Result<(), Error> {
        sight.take_away(&mut self.linked_chat_id);
        if sight.is_narrowed() {
            self.common_chats_count = None;
        }
        self.chat.leave_out(sight)
    }
}

impl LeaveOut for FolderContent {
    fn leave_out(&mut self, sight: &ChatSight) -> Result<(), Error> {
        for chats in [&mut self.pinned_chat_ids, &mut self.included_chat_ids, &mut self.excluded_chat_ids] {
            sight.leave_out(chats, |chat| *chat);
        }
        Ok(())
    }
}

impl LeaveOut for InvitePreview {
    fn leave_out(&mut self, sight: &ChatSight) -> Result<(), Error> {
        match self.chat_id {
            Some(chat) => sight.admit(chat),
            None if sight.hides_unnamed() => Err(hidden()),
            None => Ok(()),
        }
    }
}

impl LeaveOut for Joined {
    fn leave_out(&mut self, sight: &ChatSight) -> Result<(), Error> {
        sight.take_away(&mut self.chat_id);
        Ok(())
    }
}

impl LeaveOut for PrivacySetting {
    fn leave_out(&mut self, sight: &ChatSight) -> Result<(), Error> {
        let rules = &mut self.rules;
        for users in [&mut rules.allow_user_ids, &mut rules.deny_user_ids] {
            users.retain(|user| !sight.hides_user(*user));
        }
        for chats in [&mut rules.allow_chat_ids, &mut rules.deny_chat_ids] {
            sight.leave_out(chats, |chat| *chat);
        }
        Ok(())
    }
}

impl LeaveOut for FloodReport {
    fn leave_out(&mut self, sight: &ChatSight) -> Result<(), Error> {
        sight.leave_out(&mut self.slow_mode, |slow| slow.chat_id);
        Ok(())
    }
}
