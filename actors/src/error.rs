//! The one error that a caller sees, and the table of its codes.
//!
//! Modules have typed errors of their own; each is turned into an [`Error`] once, in the module that owns it. `docs/status-codes.md`
//! explains every code; a test compares the two.

use std::fmt;

use crate::approvals::WaitingApproval;

macro_rules! codes {
    ($($(#[$documentation:meta])* $variant:ident = $name:literal, $status:literal, $title:literal;)+) => {
        /// Why a call was refused or failed. The name and the status of a code never change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[$documentation])* $variant,)+
        }

        impl Code {
            /// Every code there is.
            pub const ALL: &'static [Code] = &[$(Code::$variant),+];

            /// The stable name that clients branch on.
            pub fn name(self) -> &'static str {
                match self { $(Code::$variant => $name),+ }
            }

            /// The HTTP status it travels with.
            pub fn status(self) -> u16 {
                match self { $(Code::$variant => $status),+ }
            }

            /// The code with this name.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.name() == name)
            }

            /// A short sentence for the kind of problem (RFC 9457 `title`).
            pub fn title(self) -> &'static str {
                match self { $(Code::$variant => $title),+ }
            }
        }
    };
}

codes! {
    /// The call waits for a person's approval. Nothing has happened yet.
    ApprovalRequired = "approval_required", 202, "A person must approve this";
    /// The request cannot be read: malformed JSON, path or query.
    BadRequest = "bad_request", 400, "The request cannot be read";
    /// A value is well formed but not acceptable.
    InvalidInput = "invalid_input", 400, "A value is not acceptable";
    /// A login step without a login that waits for it.
    LoginExpired = "login_expired", 400, "The login has expired";
    /// No api_id and api_hash are configured for this user.
    CredentialsMissing = "credentials_missing", 400, "Telegram credentials are missing";
    /// Nothing that turns speech into text is set up for this user.
    SpeechNotConfigured = "speech_not_configured", 400, "Speech to text is not set up";
    /// The provider of speech to text refuses the user's key.
    SpeechKeyRefused = "speech_key_refused", 400, "The key for speech to text is refused";
    /// Telegram does not accept the api_id and api_hash.
    CredentialsRejected = "credentials_rejected", 400, "Telegram does not accept the credentials";
    /// No token, or one that is wrong, expired or revoked.
    Unauthorized = "unauthorized", 401, "Authentication is required";
    /// Telegram asks for Stars.
    PaymentRequired = "payment_required", 402, "Telegram asks for Stars";
    /// The account is not the caller's, or does not exist: one answer for both.
    AccountForbidden = "account_forbidden", 403, "This account is not available";
    /// The agent key lacks the scope that the operation needs.
    MissingScope = "missing_scope", 403, "A scope is missing";
    /// The account is not in the key's allowlist.
    AccountNotAllowed = "account_not_allowed", 403, "The key does not cover this account";
    /// The chat is one that the key does not cover.
    ChatNotAllowed = "chat_not_allowed", 403, "The key does not cover this chat";
    /// The policy of the agent key forbids it.
    PolicyDenied = "policy_denied", 403, "The key's policy forbids this";
    /// The operation is for humans; an agent key asked.
    HumanOnly = "human_only", 403, "Only a person may do this";
    /// A person was asked to approve the call, and denied it.
    ApprovalDenied = "approval_denied", 403, "A person has denied this";
    /// The operation is for administrators.
    AdminOnly = "admin_only", 403, "Only an administrator may do this";
    /// The request came from a place that is not allowed (cookie without its CSRF pair, foreign Origin).
    Forbidden = "forbidden", 403, "The request is not allowed";
    /// Telegram does not permit this to the account.
    NotPermitted = "not_permitted", 403, "Telegram does not permit this";
    /// Somebody else's privacy settings forbid this.
    PrivacyRestricted = "privacy_restricted", 403, "Privacy settings forbid this";
    /// Only accounts with Telegram Premium may do this.
    PremiumRequired = "premium_required", 403, "Telegram Premium is needed";
    /// Telegram has limited the account because others reported it.
    PeerFlood = "peer_flood", 403, "Telegram has limited the account";
    /// Telegram has frozen the account.
    AccountFrozen = "account_frozen", 403, "Telegram has frozen the account";
    /// There is nothing at this path, or no such record.
    NotFound = "not_found", 404, "Not found";
    /// The account does not know this chat.
    ChatNotFound = "chat_not_found", 404, "The chat was not found";
    /// The path exists but not with this method.
    MethodNotAllowed = "method_not_allowed", 405, "The method is not allowed";
    /// The request did not arrive in time.
    RequestTimeout = "request_timeout", 408, "The request did not arrive in time";
    /// The account is suspended by its owner.
    AccountSuspended = "account_suspended", 409, "The account is suspended";
    /// The state of the resource does not permit the operation.
    Conflict = "conflict", 409, "The state does not permit this";
    /// A request with the same idempotency key is at work.
    RequestInProgress = "request_in_progress", 409, "The same request is at work";
    /// The request was carried out, but its answer was too large to be kept for a repetition.
    AnswerNotKept = "answer_not_kept", 409, "The answer was not kept";
    /// The login cannot be completed on this server. Why is not told, since that would tell of other users.
    LoginRefused = "login_refused", 409, "The login cannot be completed";
    /// The body is larger than the limit.
    PayloadTooLarge = "payload_too_large", 413, "The body is too large";
    /// The body is not of a media type that the operation reads.
    UnsupportedMediaType = "unsupported_media_type", 415, "The media type is not supported";
    /// The bytes that were asked for lie outside the file.
    RangeNotSatisfiable = "range_not_satisfiable", 416, "The range lies outside the file";
    /// A field of the body is missing or of the wrong type.
    UnprocessableInput = "unprocessable_input", 422, "A field is missing or of the wrong type";
    /// The idempotency key was used before, for another request.
    IdempotencyKeyReused = "idempotency_key_reused", 422, "The idempotency key belongs to another request";
    /// A limit of this server was reached.
    RateLimited = "rate_limited", 429, "Too many requests";
    /// Telegram asked to wait.
    TelegramFlood = "telegram_flood", 429, "Telegram asks to wait";
    /// The provider of speech to text asks to wait.
    SpeechRateLimited = "speech_rate_limited", 429, "The provider of speech to text asks to wait";
    /// The chat lets its members send one message in so many seconds.
    SlowMode = "slow_mode", 429, "Slow mode asks to wait";
    /// The work was given up because its caller had gone; in the audit log only, since nobody is answered.
    Abandoned = "abandoned", 499, "The caller has gone";
    /// A fault of this server.
    Internal = "internal", 500, "Internal server error";
    /// The route exists because clients of other builds call it; this server does not have what it is for.
    NotImplemented = "not_implemented", 501, "This server does not do this";
    /// Telegram refused the request.
    TelegramError = "telegram_error", 502, "Telegram refused the request";
    /// Telegram cannot be reached.
    TelegramUnreachable = "telegram_unreachable", 502, "Telegram cannot be reached";
    /// The provider of speech to text failed, or cannot be reached.
    SpeechFailed = "speech_failed", 502, "Speech to text failed";
    /// The file at an address that the caller named cannot be fetched. Nothing was sent.
    FetchFailed = "fetch_failed", 502, "The file cannot be fetched";
    /// The account is not connected, or must log in again.
    AccountNotReady = "account_not_ready", 503, "The account is not ready";
    /// The audit log cannot be written, so nothing may be changed.
    AuditUnavailable = "audit_unavailable", 503, "The audit log cannot be written";
    /// A queue is full, or the server is stopping.
    Overloaded = "overloaded", 503, "The server is busy";
    /// The work started but its result did not arrive in time: it may or may not have happened.
    OutcomeUnknown = "outcome_unknown", 504, "The outcome is not known";
}

/// A refusal or failure of one call, ready for a person to read. It never holds a secret, a phone number or message text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Error {
    code: Code,
    detail: String,
    retry_after_secs: Option<u32>,
    field: Option<String>,
    method: Option<&'static str>,
    approval: Option<Box<WaitingApproval>>,
}

impl Error {
    /// An error with this code; `detail` says what is wrong and, where the caller can mend it, how.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), retry_after_secs: None, field: None, method: None, approval: None }
    }

    /// A fault of ours. The cause is logged here, since the caller learns nothing of it.
    pub fn internal(cause: impl fmt::Display) -> Self {
        tracing::error!(%cause, "internal error");
        Self::new(Code::Internal, "Internal server error")
    }

    /// The value of `field` is not acceptable, for this reason.
    pub fn invalid(field: &str, reason: impl fmt::Display) -> Self {
        Self { field: Some(field.to_owned()), ..Self::new(Code::InvalidInput, format!("{field}: {reason}")) }
    }

    /// The answer to a token that is missing, malformed, unknown, expired or revoked: always the same.
    pub fn unauthorized() -> Self {
        Self::new(Code::Unauthorized, "A valid bearer token is required")
    }

    /// The answer for an account that is another user's and for one that does not exist: always the same, byte for byte.
    pub fn account_forbidden() -> Self {
        Self::new(Code::AccountForbidden, "This account belongs to another user")
    }

    /// The answer for an account whose owner has suspended it.
    pub fn account_suspended() -> Self {
        Self::new(Code::AccountSuspended, "This account is suspended; its owner can resume it")
    }

    /// The answer to a call that waits for a person's approval.
    pub fn approval_required(approval: WaitingApproval) -> Self {
        let detail =
            "A person must approve this call. Nothing has happened yet: ask for the approval's state, or send the call again";
        Self { approval: Some(Box::new(approval)), ..Self::new(Code::ApprovalRequired, detail) }
    }

    /// The same error, with a time after which it makes sense to try again (`Retry-After`, whole seconds).
    pub fn retry_after_secs(mut self, seconds: u32) -> Self {
        self.retry_after_secs = Some(seconds);
        self
    }

    /// The same error, naming the input field that caused it.
    pub fn in_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// The same error, naming Telegram's method that is to wait.
    pub fn of_method(mut self, method: &'static str) -> Self {
        self.method = Some(method);
        self
    }

    /// The code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The sentence for the caller.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Seconds to wait before trying again, if that is known.
    pub fn retry_after(&self) -> Option<u32> {
        self.retry_after_secs
    }

    /// The input field at fault, if there is one.
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// The approval that the call waits for, if it does.
    pub fn approval(&self) -> Option<&WaitingApproval> {
        self.approval.as_deref()
    }

    /// Telegram's method that is to wait, if it is one.
    pub fn method(&self) -> Option<&'static str> {
        self.method
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.code.name(), self.detail)
    }
}
