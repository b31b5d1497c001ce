//! Polls and quizzes: sending them, voting, closing them, and how they stand.

use grammers_tl_types::{enums, functions, types};
use schemars::JsonSchema;
use serde::Serialize;

use super::types::is_false;
use super::{ChatId, Connection, FormattedText, Message, SendOptions, TelegramError};

/// A poll, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Poll {
    /// Its id; messages that forward it have the same.
    pub id: String,
    /// What is asked.
    pub question: String,
    /// What can be chosen. Votes name an option by its place here, beginning with 0.
    pub options: Vec<PollOption>,
    /// How many people have voted.
    pub total_voters: i32,
    /// Whether nobody can vote any more.
    pub closed: bool,
    /// Whether it is not told who chose what.
    pub anonymous: bool,
    /// Whether several options can be chosen.
    pub multiple_choice: bool,
    /// Whether there is a right answer.
    pub quiz: bool,
    /// Whether a vote stands for good.
    #[serde(skip_serializing_if = "is_false")]
    pub vote_is_final: bool,
    /// When it closes by itself (Unix seconds).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub close_date: Option<i64>,
    /// What a quiz tells who has answered it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanation: Option<String>,
}

/// One option of a poll.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PollOption {
    /// What it says.
    pub text: String,
    /// How many chose it. Telegram tells that who has voted, and everybody when the poll is closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voters: Option<i32>,
    /// Whether this account chose it.
    pub chosen: bool,
    /// Whether it is the right answer of a quiz, where that is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correct: Option<bool>,
}

impl Poll {
    /// The places of the options that this account chose.
    pub fn chosen(&self) -> Vec<usize> {
        self.options.iter().enumerate().filter(|(_, option)| option.chosen).map(|(place, _)| place).collect()
    }
}

/// A poll that is to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PollToSend {
    /// What is asked.
    pub question: String,
    /// What can be chosen.
    pub options: Vec<String>,
    /// Whether it is not told who chose what.
    pub anonymous: bool,
    /// Whether several options can be chosen.
    pub multiple_choice: bool,
    /// The place of the right answer, which makes it a quiz.
    pub correct_option: Option<usize>,
    /// What a quiz tells who has answered it.
    pub explanation: Option<String>,
    /// After how many seconds it closes by itself.
    pub open_secs: Option<i32>,
    /// When it closes by itself (Unix seconds).
    pub close_at: Option<i32>,
    /// The rest.
    pub options_of_sending: SendOptions,
}

impl PollToSend {
    /// Whether a message may be this poll, sent.
    pub fn is_met_by(&self, message: &Message) -> bool {
        let same = |poll: &Poll| {
            let mut texts = poll.options.iter().map(|option| &option.text);
            poll.question == self.question
                && poll.quiz == self.correct_option.is_some()
                && self.options.iter().all(|wanted| texts.next() == Some(wanted))
                && texts.next().is_none()
        };
        message.poll.as_ref().is_some_and(same) && self.options_of_sending.is_met_by(message)
    }

    fn media(&self) -> enums::InputMedia {
        let plain = |text: &str| types::TextWithEntities { text: text.to_owned(), entities: Vec::new() }.into();
        let answers = self.options.iter().enumerate().map(|(place, text)| {
            let option = place.to_string().into_bytes();
            types::PollAnswer { text: plain(text), option, media: None, added_by: None, date: None }.into()
        });
        let poll = types::Poll {
            public_voters: !self.anonymous,
            multiple_choice: self.multiple_choice,
            quiz: self.correct_option.is_some(),
            question: plain(&self.question),
            answers: answers.collect(),
            close_period: self.open_secs,
            close_date: self.close_at,
            ..blank_poll()
        };
        types::InputMediaPoll {
            poll: poll.into(),
            correct_answers: self.correct_option.and_then(|place| i32::try_from(place).ok()).map(|place| vec![place]),
            attached_media: None,
            solution: self.explanation.clone(),
            solution_entities: self.explanation.is_some().then(Vec::new),
            solution_media: None,
        }
        .into()
    }
}

/// A poll of which nothing is said.
fn blank_poll() -> types::Poll {
    types::Poll {
        id: 0,
        closed: false,
        public_voters: false,
        multiple_choice: false,
        quiz: false,
        open_answers: false,
        revoting_disabled: false,
        shuffle_answers: false,
        hide_results_until_close: false,
        creator: false,
        subscribers_only: false,
        question: types::TextWithEntities { text: String::new(), entities: Vec::new() }.into(),
        answers: Vec::new(),
        close_period: None,
        close_date: None,
        countries_iso2: None,
        hash: 0,
    }
}

fn text_of(text: &enums::TextWithEntities) -> String {
    let enums::TextWithEntities::Entities(text) = text;
    text.text.clone()
}

/// The text of an option and what names it to Telegram.
fn answer(answer: &enums::PollAnswer) -> (String, &[u8]) {
    match answer {
        enums::PollAnswer::Answer(answer) => (text_of(&answer.text), &answer.option),
        enums::PollAnswer::InputPollAnswer(answer) => (text_of(&answer.text), &[]),
    }
}

/// The poll that is a message's media, if one is.
pub(super) fn poll(media: Option<&enums::MessageMedia>) -> Option<Poll> {
    let Some(enums::MessageMedia::Poll(media)) = media else { return None };
    let (enums::Poll::Poll(poll), enums::PollResults::Results(results)) = (&media.poll, &media.results);
    let counted = results.results.as_deref().unwrap_or_default();
    let options = poll.answers.iter().map(|raw| {
        let (text, key) = answer(raw);
        let found = counted.iter().find_map(|enums::PollAnswerVoters::Voters(voters)| (voters.option == key).then_some(voters));
        PollOption {
            text,
            voters: found.and_then(|voters| voters.voters),
            chosen: found.is_some_and(|voters| voters.chosen),
            correct: found.filter(|_| poll.quiz).map(|voters| voters.correct),
        }
    });
    Some(Poll {
        id: poll.id.to_string(),
        question: text_of(&poll.question),
        options: options.collect(),
        total_voters: results.total_voters.unwrap_or(0),
        closed: poll.closed,
        anonymous: !poll.public_voters,
        multiple_choice: poll.multiple_choice,
        quiz: poll.quiz,
        vote_is_final: poll.quiz || poll.revoting_disabled,
        close_date: poll.close_date.map(i64::from),
        explanation: results.solution.clone(),
    })
}

impl Connection {
    /// Sends a poll under this `random_id`, which Telegram accepts once.
    ///
    /// # Errors
    /// `RANDOM_ID_DUPLICATE` when it was accepted before, [`TelegramError::ChatNotFound`], or what any call can meet.
    pub async fn send_poll(&self, chat: ChatId, poll: &PollToSend, random_id: i64) -> Result<Message, TelegramError> {
        let nothing = FormattedText::default();
        self.send_input_media(chat, poll.media(), &nothing, &poll.options_of_sending, random_id).await
    }

    /// Votes in a poll for the options at these places; for none, it takes the vote back. A vote that was given just so is no error.
    ///
    /// # Errors
    /// [`TelegramError::MessageNotFound`], `POLL_UNSUPPORTED` for a message that is no poll, `OPTION_INVALID` for a place without an option,
    /// `MESSAGE_POLL_CLOSED`, `REVOTE_NOT_ALLOWED`, `OPTIONS_TOO_MUCH`, or what any call can meet.
    pub async fn vote_poll(&self, chat: ChatId, message_id: i32, places: &[usize]) -> Result<(), TelegramError> {
        let (peer, poll) = (self.input_peer(chat).await?, self.raw_poll(chat, message_id).await?);
        let enums::Poll::Poll(raw) = &poll.poll;
        let keys = places.iter().map(|place| raw.answers.get(*place).map(|raw| answer(raw).1.to_vec()));
        let options: Option<Vec<Vec<u8>>> = keys.collect();
        let options = options.ok_or_else(|| TelegramError::refused("OPTION_INVALID"))?;
        match self.invoke(&functions::messages::SendVote { peer, msg_id: message_id, options }).await {
            Ok(updates) => self.remember_updates(updates).await.map(|_| ()),
            // It may be the same vote once more.
            Err(error) if error.is("REVOTE_NOT_ALLOWED") => {
                let now = super::polls::poll(Some(&poll.into())).map(|poll| poll.chosen()).unwrap_or_default();
                let mut wanted = places.to_vec();
                wanted.sort_unstable();
                wanted.dedup();
                if !now.is_empty() && now == wanted { Ok(()) } else { Err(error) }
            }
            Err(error) => Err(error),
        }
    }

    /// Closes a poll for good. That it is closed already is no error.
    ///
    /// # Errors
    /// [`TelegramError::MessageNotFound`], `POLL_UNSUPPORTED` for a message that is no poll, `MESSAGE_AUTHOR_REQUIRED`, or what any call can
    /// meet.
    pub async fn close_poll(&self, chat: ChatId, message_id: i32) -> Result<(), TelegramError> {
        let (peer, poll) = (self.input_peer(chat).await?, self.raw_poll(chat, message_id).await?);
        let enums::Poll::Poll(raw) = &poll.poll;
        if raw.closed {
            return Ok(());
        }
        let closed = types::Poll { id: raw.id, closed: true, ..blank_poll() };
        let media = types::InputMediaPoll {
            poll: closed.into(),
            correct_answers: None,
            attached_media: None,
            solution: None,
            solution_entities: None,
            solution_media: None,
        };
        let request = functions::messages::EditMessage {
            no_webpage: false,
            invert_media: false,
            peer,
            id: message_id,
            message: None,
            media: Some(media.into()),
            reply_markup: None,
            entities: None,
            schedule_date: None,
            schedule_repeat_period: None,
            quick_reply_shortcut_id: None,
            rich_message: None,
        };
        match self.invoke(&request).await {
            Ok(updates) => self.remember_updates(updates).await.map(|_| ()),
            Err(error) if error.is_not_modified() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The poll of a message as Telegram has it.
    async fn raw_poll(&self, chat: ChatId, message_id: i32) -> Result<types::MessageMediaPoll, TelegramError> {
        match self.raw_message(chat, message_id).await? {
            enums::Message::Message(types::Message { media: Some(enums::MessageMedia::Poll(poll)), .. }) => Ok(*poll),
            _ => Err(TelegramError::refused("POLL_UNSUPPORTED")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voters(key: &str, count: i32, chosen: bool) -> enums::PollAnswerVoters {
        let (option, voters) = (key.as_bytes().to_vec(), Some(count));
        types::PollAnswerVoters { chosen, correct: chosen, option, voters, recent_voters: Some(Vec::new()) }.into()
    }

    #[test]
    fn results_are_matched_to_their_options_by_name() {
        let asked = PollToSend {
            question: "Where to?".into(),
            options: vec!["north".into(), "south".into()],
            anonymous: true,
            correct_option: Some(1),
            ..PollToSend::default()
        };
        let enums::InputMedia::Poll(sent) = asked.media() else { panic!("a poll") };
        let results = types::PollResults {
            min: false,
            has_unread_votes: false,
            can_view_stats: false,
            results: Some(vec![voters("1", 5, true), voters("0", 2, false)]),
            total_voters: Some(7),
            recent_voters: None,
            solution: None,
            solution_entities: None,
            solution_media: None,
        };
        let media = types::MessageMediaPoll { poll: sent.poll, results: results.into(), attached_media: None };
        let told = poll(Some(&media.into())).unwrap();
        assert_eq!((told.question.as_str(), told.quiz, told.anonymous, told.total_voters), ("Where to?", true, true, 7));
        assert_eq!(told.chosen(), [1]);
        let voters: Vec<_> = told.options.iter().map(|option| (option.text.as_str(), option.voters, option.correct)).collect();
        assert_eq!(voters, [("north", Some(2), Some(false)), ("south", Some(5), Some(true))]);
        assert_eq!(poll(Some(&enums::MessageMedia::Empty)), None);
    }
}
