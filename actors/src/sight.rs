//! Which chats a caller may know of.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Code, Error};
use crate::policy::{ChatRules, Decision, Policy};
use crate::shield;
use crate::telegram::{ChatId, ChatIdKind, PeerClass, PeerClasses};

/// Which chats a caller may know of. What it hides is refused where a call names it, and left out of answers that list it.
///
/// People see everything. No agent sees the chat with Telegram itself, whose messages carry login codes: whoever reads them can take the
/// account over. It takes the scope `security:read` and a person's approval of the one call to see it. What else an agent sees is said by
/// the rules for reading of its key's policy; what they would ask a person about is hidden as well, since a list cannot wait.
#[derive(Clone)]
pub struct ChatSight {
    policy: Option<Arc<Policy>>,
    is_person: bool,
    /// Whether the chat with Telegram itself is seen by an agent.
    with_service_messages: bool,
    /// What kinds of chats those are that an answer tells of.
    classes: PeerClasses,
    /// The login codes that an answer must not tell.
    codes: Arc<[String]>,
    /// While an answer is only looked through: the chats that it tells of.
    met: Option<Arc<Mutex<BTreeSet<ChatId>>>>,
}

impl Default for ChatSight {
    fn default() -> Self {
        let (policy, classes, codes, met) = (None, PeerClasses::new(), Arc::from([]), None);
        Self { policy, is_person: false, with_service_messages: false, classes, codes, met }
    }
}

impl ChatSight {
    /// A person's.
    pub fn everything() -> Self {
        Self { is_person: true, ..Self::default() }
    }

    /// An agent's, with its key's policy. Without one it sees all but the chat with Telegram itself.
    pub fn of_agent(policy: Option<Arc<Policy>>) -> Self {
        Self { policy, ..Self::default() }
    }

    /// The same, with the chat with Telegram itself, for one call that needs a person's approval.
    pub(crate) fn with_service_messages(mut self) -> Self {
        self.with_service_messages = true;
        self
    }

    /// Whether the chat with Telegram itself is hidden, and login codes wherever they are told.
    pub(crate) fn hides_service_messages(&self) -> bool {
        !self.is_person && !self.with_service_messages
    }

    /// Whether it is an agent's.
    pub fn is_agent(&self) -> bool {
        !self.is_person
    }

    /// The rules for reading, if there are any.
    fn rules(&self) -> Option<&ChatRules> {
        self.policy.as_ref()?.read.as_ref()
    }

    /// Whether anything but the chat with Telegram itself may be hidden.
    pub(crate) fn is_narrowed(&self) -> bool {
        self.rules().is_some()
    }

    /// Whether an answer must be looked through before anything of it is left out.
    pub(crate) fn asks_who_is_met(&self) -> bool {
        self.asks_for_classes() || self.carries_origins()
    }

    /// Whether it matters what kind of chat one is.
    pub(crate) fn asks_for_classes(&self) -> bool {
        self.rules().is_some_and(ChatRules::asks_for_classes)
    }

    /// Whether it is remembered which chats were read.
    pub(crate) fn carries_origins(&self) -> bool {
        self.policy.as_ref().is_some_and(|policy| policy.cross_chat.is_some())
    }

    /// The same, for looking through an answer: it hides nothing, and notes of whom it is asked.
    pub(crate) fn looking(&self) -> Self {
        Self { met: Some(Arc::default()), ..self.clone() }
    }

    /// Whether it only looks.
    pub(crate) fn is_looking(&self) -> bool {
        self.met.is_some()
    }

    /// The chats that it was asked about while it looked.
    pub(crate) fn met(&self) -> Vec<ChatId> {
        let met = self.met.as_ref().map(|met| met.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect());
        met.unwrap_or_default()
    }

    /// The same, with the login codes that must not be told.
    pub(crate) fn shielding(self, codes: Arc<[String]>) -> Self {
        Self { codes, ..self }
    }

    /// The login codes that must not be told.
    pub(crate) fn codes(&self) -> &[String] {
        &self.codes
    }

    /// Whether a text tells one of them.
    pub(crate) fn tells_code(&self, text: Option<&str>) -> bool {
        self.met.is_none() && text.is_some_and(|text| shield::tells(text, &self.codes))
    }

    /// The same, knowing what kinds of chats some are.
    pub(crate) fn knowing(&self, classes: PeerClasses) -> Self {
        Self { classes, met: None, ..self.clone() }
    }

    /// Whether a chat is hidden. What kind of chat it is must be known where rules ask for that: otherwise the strictest holds.
    pub fn hides(&self, chat: ChatId) -> bool {
        if self.is_person {
            return false;
        }
        if let Some(met) = &self.met {
            met.lock().unwrap_or_else(PoisonError::into_inner).insert(chat);
            return false;
        }
        let class = match chat.kind() {
            ChatIdKind::Group(_) => Some(PeerClass::Group),
            _ => self.classes.get(&chat).copied(),
        };
        if chat == ChatId::SERVICE_MESSAGES {
            return self.hides_service_messages();
        }
        self.rules().is_some_and(|rules| rules.decision(chat, class) >= Decision::Ask)
    }

    /// Whether a chat is hidden whatever kind of chat it is.
    pub(crate) fn hides_anyhow(&self, chat: ChatId) -> bool {
        let by_list = |rules: &ChatRules| ChatRules { classes: Default::default(), ..rules.clone() }.decision(chat, None);
        if chat == ChatId::SERVICE_MESSAGES {
            return self.hides_service_messages();
        }
        !self.is_person && self.rules().is_some_and(|rules| by_list(rules) >= Decision::Ask)
    }

    /// Whether the private chat with a user is hidden.
    pub fn hides_user(&self, user_id: i64) -> bool {
        ChatId::from_marked(user_id).is_none_or(|chat| self.hides(chat))
    }

    /// Whether a chat is hidden that is told of without an id.
    pub fn hides_unnamed(&self) -> bool {
        let strictest = |rules: &ChatRules| rules.decisions(None, None).into_iter().map(|(decision, _)| decision).max();
        self.met.is_none() && self.rules().and_then(strictest).is_some_and(|decision| decision >= Decision::Ask)
    }

    /// Refuses a chat that is hidden.
    ///
    /// # Errors
    /// [`Code::ChatNotAllowed`].
    pub fn admit(&self, chat: ChatId) -> Result<(), Error> {
        if self.hides(chat) { Err(hidden()) } else { Ok(()) }
    }

    /// Takes out of a list what is of chats that are hidden.
    pub(crate) fn leave_out<T>(&self, items: &mut Vec<T>, chat: impl Fn(&T) -> ChatId) {
        items.retain(|item| !self.hides(chat(item)));
    }

    /// Takes a chat away that is hidden.
    pub(crate) fn take_away(&self, chat: &mut Option<ChatId>) {
        if chat.is_some_and(|chat| self.hides(chat)) {
            *chat = None;
        }
    }
}

impl fmt::Debug for ChatSight {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ChatSight(person: {}, narrowed: {})", self.is_person, self.is_narrowed())
    }
}

/// The refusal of a chat that is hidden: always the same, whether there is such a chat or not.
pub(crate) fn hidden() -> Error {
    Error::new(Code::ChatNotAllowed, "chat not in key allowlist")
}
