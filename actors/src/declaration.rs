//! What is said of an operation once: everything about it that does not depend on one call.

use crate::error::Code;
use crate::scope::Scope;

/// Where every operation's REST path begins.
pub const BASE_PATH: &str = "/api/v1";

/// The HTTP method of an operation's REST route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// Reads.
    Get,
    /// Creates or acts.
    Post,
    /// Replaces.
    Put,
    /// Changes in part.
    Patch,
    /// Removes.
    Delete,
}

impl Method {
    /// The method as HTTP spells it.
    pub fn name(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }

    /// Whether the input may come in a JSON body.
    pub fn has_body(self) -> bool {
        matches!(self, Method::Post | Method::Put | Method::Patch)
    }
}

/// Who may call an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Humans, and agents whose key has this scope.
    Scope(Scope),
    /// Anyone who is authenticated.
    Authenticated,
    /// Humans only. The text is what an agent is told.
    Human(&'static str),
    /// Administrators only. The text is what an agent is told.
    Admin(&'static str),
}

impl Access {
    /// Whether it lets such a caller in, with these scopes if it is an agent: whether it makes sense to offer the operation. What decides
    /// about a call is the road itself, which may ask a person as well.
    pub fn admits(self, is_human: bool, is_admin: bool, has_scope: impl FnOnce(Scope) -> bool) -> bool {
        match self {
            Self::Authenticated => true,
            Self::Human(_) => is_human,
            Self::Admin(_) => is_human && is_admin,
            Self::Scope(scope) => is_human || has_scope(scope),
        }
    }
}

/// What an operation does to the world. All but reads are audited before they happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Changes nothing.
    Read,
    /// Changes something that can be mended.
    Write,
    /// Destroys data, or acts against others.
    Destructive,
}

impl Effect {
    /// Whether calls are audited and counted as mutations.
    pub fn is_mutation(self) -> bool {
        self != Effect::Read
    }
}

/// Which bucket of this server's own rate limits a call draws from, besides the one of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateClass {
    /// No bucket.
    Unlimited,
    /// The account's bucket for actions that Telegram watches.
    Account,
    /// The user's bucket for login attempts.
    Login,
}

/// What happens when a call is made again whose outcome nobody knows, under the same idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repetition {
    /// It runs again: once or twice is the same to the world.
    Harmless,
    /// It runs again with the same `random_id`s, which Telegram itself accepts once.
    OnceByTelegram,
    /// It never runs again: its caller is told that the outcome is unknown.
    Never,
}

/// Everything about an operation that does not depend on one call.
#[derive(Debug)]
pub struct Declaration {
    /// `snake_case`: the MCP tool, and in camelCase the GraphQL field.
    pub name: &'static str,
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// The REST method.
    pub method: Method,
    /// The REST path under `/api/v1`; parameters in braces are input fields, such as `{accountId}`.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    /// What it does to the world.
    pub effect: Effect,
    /// Which rate limit it draws from.
    pub rate: RateClass,
    /// The HTTP status of success.
    pub success: u16,
    /// Query parameters whose REST spelling differs from the field's: `(spelling, field)`.
    pub query_spellings: &'static [(&'static str, &'static str)],
    /// The field that a REST body is, where the body is not an object of fields.
    pub body_field: Option<&'static str>,
    /// Fields that travel in request headers: `(header, field)`, the header in lower case.
    pub header_fields: &'static [(&'static str, &'static str)],
    /// Whether the request's body is bytes of any kind, handed on as they come.
    pub takes_bytes: bool,
    /// Whether those bytes are a `multipart/form-data` form, whose parts are the fields that are no headers.
    pub takes_form: bool,
    /// Whether an operation that takes bytes also takes a JSON object of its fields instead: then the fields that are no headers are
    /// in that object only.
    pub takes_json_instead: bool,
    /// The longest body of bytes, where that is less than the server takes.
    pub bytes_max: Option<usize>,
    /// Whether the work is given up when nobody waits for its answer any more. Only for work that changes nothing.
    pub ends_with_caller: bool,
    /// Whether the work lasts as long as a file is on its way, although no body is.
    pub fetches_file: bool,
    /// Whether it sends messages, which count against the days of policies.
    pub sends: bool,
    /// Whether what it sends is there already, so that its arguments do not tell what that is.
    pub relays: bool,
    /// Whether the answer's body is bytes of any kind, handed on as they come.
    pub gives_bytes: bool,
    /// Refusals of its own, beside those that follow from what else is declared: for the documentation.
    pub own_codes: &'static [Code],
    /// Whether it may be made again when its outcome is unknown.
    pub repetition: Repetition,
    /// Members of the answer that are shown once: an answer that is kept for repetitions has `null` in their place.
    pub secret_members: &'static [&'static str],
    /// Whether the answer is a stream of events.
    pub gives_events: bool,
}

impl Declaration {
    /// A declaration with the common defaults: a read that answers 200, draws from no bucket and spells its query like its fields.
    pub const fn new(
        name: &'static str,
        summary: &'static str,
        method: Method,
        path: &'static str,
        access: Access,
        effect: Effect,
    ) -> Self {
        Self {
            name,
            summary,
            method,
            path,
            access,
            effect,
            rate: RateClass::Unlimited,
            success: 200,
            query_spellings: &[],
            body_field: None,
            header_fields: &[],
            takes_bytes: false,
            takes_form: false,
            takes_json_instead: false,
            bytes_max: None,
            ends_with_caller: false,
            fetches_file: false,
            sends: false,
            relays: false,
            gives_bytes: false,
            own_codes: &[],
            // PUT and DELETE mean the same however often they are sent (RFC 9110, section 9.2.2).
            repetition: match method {
                Method::Get | Method::Put | Method::Delete => Repetition::Harmless,
                Method::Post | Method::Patch => Repetition::Never,
            },
            secret_members: &[],
            gives_events: false,
        }
    }

    /// Whether a call can wait for a person's approval: what it is and what it answers are JSON. A file that is sent or fetched, and a
    /// stream, are on their way now or not at all.
    pub fn can_wait(&self) -> bool {
        !(self.gives_bytes || self.gives_events || self.takes_bytes && !self.takes_json_instead)
    }

    /// The same, with this answer to a repetition whose first outcome is unknown.
    pub const fn repetition(mut self, repetition: Repetition) -> Self {
        self.repetition = repetition;
        self
    }

    /// The same, with members of its answer that are shown once.
    pub const fn secret_members(mut self, members: &'static [&'static str]) -> Self {
        self.secret_members = members;
        self
    }

    /// The same, with these refusals of its own.
    pub const fn own_codes(mut self, codes: &'static [Code]) -> Self {
        self.own_codes = codes;
        self
    }

    /// The same, drawing from this bucket.
    pub const fn rate(mut self, rate: RateClass) -> Self {
        self.rate = rate;
        self
    }

    /// The same, answering with this status.
    pub const fn success(mut self, status: u16) -> Self {
        self.success = status;
        self
    }

    /// The same, with these fields in request headers.
    pub const fn header_fields(mut self, fields: &'static [(&'static str, &'static str)]) -> Self {
        self.header_fields = fields;
        self
    }

    /// The same, reading a body of bytes.
    pub const fn takes_bytes(mut self) -> Self {
        self.takes_bytes = true;
        self
    }

    /// The same, reading a `multipart/form-data` form as it comes.
    pub const fn takes_form(mut self) -> Self {
        (self.takes_bytes, self.takes_form) = (true, true);
        self
    }

    /// The same, reading a body of at most so many bytes, or a JSON object of its fields instead.
    pub const fn takes_bytes_or_json(mut self, bytes_max: usize) -> Self {
        (self.takes_bytes, self.takes_json_instead, self.bytes_max) = (true, true, Some(bytes_max));
        self
    }

    /// The same, given up when nobody waits for the answer any more.
    pub const fn ends_with_caller(mut self) -> Self {
        self.ends_with_caller = true;
        self
    }

    /// The same, lasting as long as a file is on its way.
    pub const fn fetches_file(mut self) -> Self {
        self.fetches_file = true;
        self
    }

    /// The same, sending messages.
    pub const fn sends(mut self) -> Self {
        self.sends = true;
        self
    }

    /// The same, sending messages that are there already.
    pub const fn relays(mut self) -> Self {
        (self.sends, self.relays) = (true, true);
        self
    }

    /// The same, answering with bytes.
    pub const fn gives_bytes(mut self) -> Self {
        self.gives_bytes = true;
        self
    }

    /// The same, answering with a stream of events.
    pub const fn gives_events(mut self) -> Self {
        self.gives_events = true;
        self
    }

    /// The same, with these REST spellings of query parameters.
    pub const fn query_spellings(mut self, spellings: &'static [(&'static str, &'static str)]) -> Self {
        self.query_spellings = spellings;
        self
    }

    /// The same, with this field as the whole REST body, which is an array.
    pub const fn body_field(mut self, field: &'static str) -> Self {
        self.body_field = Some(field);
        self
    }
}
