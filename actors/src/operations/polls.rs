//! Polls and quizzes.

use schemars::JsonSchema;
use serde::Deserialize;

use super::messages::valid_message_id;
use super::sending::valid_schedule;
use crate::account::AccountCall;
use crate::error::Error;
use crate::operation::{
    Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation, RateClass, Repetition,
};
use crate::runtime::now_secs;
use crate::scope::Scope;
use crate::telegram::{ChatId, Message, PollToSend, SendOptions};

/// Telegram's own limits: characters of a question, of an option and of an explanation.
const QUESTION_CHARS_MAX: usize = 255;
const OPTION_CHARS_MAX: usize = 100;
const EXPLANATION_CHARS_MAX: usize = 200;

/// Telegram's own limit for how many times an explanation may go on in a new line.
const EXPLANATION_BREAKS_MAX: usize = 2;

/// How many options Telegram lets a poll have.
const OPTIONS: std::ops::RangeInclusive<usize> = 2..=12;

/// For how long Telegram lets a poll be open that closes by itself, in seconds.
const OPEN_SECS: std::ops::RangeInclusive<i64> = 5..=2_628_000;

/// Sends a poll or a quiz.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SendPoll {
    account_id: AccountReference,
    chat_id: ChatId,
    /// What is asked: 1 to 255 characters.
    question: String,
    /// What can be chosen: 2 to 12 different options with 1 to 100 characters each.
    options: Vec<String>,
    /// Whether it is not told who chose what: `true` if absent. In a channel it must be.
    #[serde(default)]
    anonymous: Option<bool>,
    /// Whether several options can be chosen. Not in a quiz.
    #[serde(default)]
    multiple_choice: bool,
    /// The place of the right option, beginning with 0. It makes the poll a quiz.
    #[serde(default)]
    correct_option: Option<usize>,
    /// What a quiz tells who has answered it: at most 200 characters in three lines.
    #[serde(default)]
    explanation: Option<String>,
    /// After how many seconds it closes by itself: 5 to 2628000. Not together with `closeAt`.
    #[serde(default)]
    open_secs: Option<i64>,
    /// When it closes by itself (Unix seconds): 5 to 2628000 seconds ahead.
    #[serde(default)]
    close_at: Option<i64>,
    /// The forum topic or thread to send to.
    #[serde(default)]
    topic_id: Option<i32>,
    /// The message to answer.
    #[serde(default)]
    reply_to: Option<i32>,
    /// Whether to notify nobody.
    #[serde(default)]
    silent: Option<bool>,
    /// When to send it (Unix seconds, within a year), if not at once. The answer then is the scheduled message.
    #[serde(default)]
    schedule_at: Option<i64>,
}

impl SendPoll {
    fn check_options(&self) -> Result<(), Error> {
        if !OPTIONS.contains(&self.options.len()) {
            let (least, most) = (OPTIONS.start(), OPTIONS.end());
            return Err(Error::invalid("options", format!("must be {least} to {most} options")));
        }
        for (place, option) in self.options.iter().enumerate() {
            let field = format!("options[{place}]");
            let option = option.trim();
            if !(1..=OPTION_CHARS_MAX).contains(&option.chars().count()) {
                return Err(Error::invalid(&field, format!("must have 1 to {OPTION_CHARS_MAX} characters")));
            }
            if self.options.iter().take(place).any(|other| other.trim() == option) {
                return Err(Error::invalid(&field, "must differ from the other options"));
            }
        }
        Ok(())
    }

    fn check_quiz(&self) -> Result<(), Error> {
        match self.correct_option {
            Some(place) if place >= self.options.len() => {
                Err(Error::invalid("correctOption", "must be the place of one of the options, beginning with 0"))
            }
            Some(_) if self.multiple_choice => Err(Error::invalid("multipleChoice", "cannot be combined with correctOption")),
            None if self.explanation.is_some() => {
                Err(Error::invalid("explanation", "needs correctOption: only quizzes have one"))
            }
            _ => Ok(()),
        }
    }

    fn check_explanation(&self) -> Result<(), Error> {
        let Some(explanation) = &self.explanation else { return Ok(()) };
        let fits = (1..=EXPLANATION_CHARS_MAX).contains(&explanation.trim().chars().count());
        if fits && explanation.trim().matches('\n').count() <= EXPLANATION_BREAKS_MAX {
            return Ok(());
        }
        let lines = EXPLANATION_BREAKS_MAX + 1;
        Err(Error::invalid("explanation", format!("must have 1 to {EXPLANATION_CHARS_MAX} characters in at most {lines} lines")))
    }

    fn check_end(&self) -> Result<(), Error> {
        let rule = |what: &str| format!("must be {} to {} seconds{what}", OPEN_SECS.start(), OPEN_SECS.end());
        if self.open_secs.is_some() && self.close_at.is_some() {
            return Err(Error::invalid("closeAt", "cannot be combined with openSecs"));
        }
        if self.open_secs.is_some_and(|seconds| !OPEN_SECS.contains(&seconds)) {
            return Err(Error::invalid("openSecs", rule("")));
        }
        let now = i64::try_from(now_secs()).unwrap_or(i64::MAX);
        if self.close_at.is_some_and(|at| !OPEN_SECS.contains(&at.saturating_sub(now))) {
            return Err(Error::invalid("closeAt", rule(" ahead, in Unix seconds")));
        }
        Ok(())
    }
}

impl Operation for SendPoll {
    const DECLARATION: Declaration = Declaration::new(
        "send_poll",
        "Send a poll or a quiz, now or later.",
        Method::Post,
        "/accounts/{accountId}/chats/{chatId}/polls",
        Access::Scope(Scope::MessagesSend),
        Effect::Write,
    )
    .rate(RateClass::Account)
    .sends()
    .repetition(Repetition::OnceByTelegram);
    type Output = Message;

    in_chat!();

    leaves_out_of_what_was_done!();

    fn validate(&self) -> Result<(), Error> {
        if !(1..=QUESTION_CHARS_MAX).contains(&self.question.trim().chars().count()) {
            return Err(Error::invalid("question", format!("must have 1 to {QUESTION_CHARS_MAX} characters")));
        }
        self.check_options()?;
        self.check_quiz()?;
        self.check_explanation()?;
        self.check_end()?;
        valid_message_id("topicId", self.topic_id)?;
        valid_message_id("replyTo", self.reply_to)?;
        valid_schedule(self.schedule_at).map(|_| ())
    }
}

impl AccountOperation for SendPoll {
    async fn run(self, call: AccountCall) -> Result<Message, Error> {
        let poll = PollToSend {
            question: self.question.trim().to_owned(),
            options: self.options.iter().map(|option| option.trim().to_owned()).collect(),
            anonymous: self.anonymous.unwrap_or(true),
            multiple_choice: self.multiple_choice,
            correct_option: self.correct_option,
            explanation: self.explanation.map(|explanation| explanation.trim().to_owned()),
            open_secs: self.open_secs.and_then(|seconds| seconds.try_into().ok()),
            close_at: self.close_at.and_then(|at| at.try_into().ok()),
            options_of_sending: SendOptions {
                topic_id: self.topic_id,
                reply_to: self.reply_to,
                quote: None,
                silent: self.silent.unwrap_or(false),
                schedule_at: valid_schedule(self.schedule_at)?,
            },
        };
        call.send_poll(self.chat_id, &poll).await
    }
}

/// Votes in a poll.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VotePoll {
    account_id: AccountReference,
    chat_id: ChatId,
    message_id: i32,
    /// The places of the options, beginning with 0; an empty list takes the vote back.
    options: Vec<usize>,
}

impl Operation for VotePoll {
    const DECLARATION: Declaration = Declaration::new(
        "vote_poll",
        "Vote in a poll, or take the vote back. Answers the message with the results.",
        Method::Post,
        "/accounts/{accountId}/chats/{chatId}/messages/{messageId}/vote",
        Access::Scope(Scope::MessagesSend),
        Effect::Write,
    )
    .rate(RateClass::Account)
    .repetition(Repetition::Harmless);
    type Output = Message;

    in_chat!();

    leaves_out_of_what_was_done!();

    // Its answer tells of what others wrote or did there.
    fn reads(&self) -> Vec<ChatId> {
        self.chats()
    }

    fn validate(&self) -> Result<(), Error> {
        if self.options.len() > *OPTIONS.end() {
            return Err(Error::invalid("options", format!("must be at most {} options", OPTIONS.end())));
        }
        valid_message_id("messageId", self.message_id)
    }
}

impl AccountOperation for VotePoll {
    async fn run(self, call: AccountCall) -> Result<Message, Error> {
        call.vote_poll(self.chat_id, self.message_id, &self.options).await
    }
}

/// Closes a poll.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClosePoll {
    account_id: AccountReference,
    chat_id: ChatId,
    message_id: i32,
}

impl Operation for ClosePoll {
    const DECLARATION: Declaration = Declaration::new(
        "close_poll",
        "Close a poll of the account's for good. Answers the message with the results.",
        Method::Post,
        "/accounts/{accountId}/chats/{chatId}/messages/{messageId}/close",
        Access::Scope(Scope::MessagesSend),
        Effect::Write,
    )
    .rate(RateClass::Account)
    .repetition(Repetition::Harmless);
    type Output = Message;

    in_chat!();

    leaves_out_of_what_was_done!();

    // Its answer tells of what others wrote or did there.
    fn reads(&self) -> Vec<ChatId> {
        self.chats()
    }

    fn validate(&self) -> Result<(), Error> {
        valid_message_id("messageId", self.message_id)
    }
}

impl AccountOperation for ClosePoll {
    async fn run(self, call: AccountCall) -> Result<Message, Error> {
        call.close_poll(self.chat_id, self.message_id).await
    }
}
