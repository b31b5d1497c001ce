//! What the control API does to the world: each call is one change, durable before it is answered.

use std::collections::BTreeMap;

use grammers_tl_types::{Serializable, name_for_id};

use super::administration::{right, taken};
use super::attachment::Attachment;
use super::buttons::ButtonEvent;
use super::control_bots::{known_bot, markup};
use super::event::{self, Event};
use super::file::FileEvent;
use super::ids::{HexBytes, PeerId};
use super::invite::Invite;
use super::live::{Live, Origin, Transaction};
use super::message_box::{Content, Message};
use super::state::{FIRST_USER_ID, Password, State, User};
use super::view::View;
use super::{World, durable, srp};
use crate::control::{
    AdvancedClock, BotAnswer, ChatKind, Control, ControlError, CreatedBot, CreatedChat, CreatedUser, LoginCode, MethodCalls,
    NewBot, NewChat, NewMessage, NewUser, ScannedToken, Settings, StoredMedia, StoredMessage, Target,
};
use crate::faults::Fault;
use crate::journal::Written;
use crate::methods::auth::phone_digits;
use crate::methods::help::{CHAT_MEMBERS_MAX, MESSAGE_CHARS_MAX};
use crate::request_log::RequestCounts;
use crate::rpc::BoxFuture;

/// Messages that one question about a conversation may answer.
const MESSAGES_MAX: usize = 100_000;
/// Times that are told of each method.
const TIMES_MAX: usize = 1_000;
/// The longest first or last name and title, in characters.
const NAME_CHARS_MAX: usize = 128;
const USERNAME_CHARS: std::ops::RangeInclusive<usize> = 3..=32;
const INVITE_CHARS: std::ops::RangeInclusive<usize> = 8..=32;
const SALT_BYTES: usize = 16;

pub(super) type Outcome<T> = Result<(T, Written), ControlError>;

impl Control for World {
    fn create_user(&self, user: NewUser) -> BoxFuture<'_, Result<CreatedUser, ControlError>> {
        settle(self.add_user(user))
    }

    fn create_bot(&self, bot: NewBot) -> BoxFuture<'_, Result<CreatedBot, ControlError>> {
        settle(self.add_bot(bot))
    }

    fn prepare_bot(&self, bot: i64, answer: Option<BotAnswer>) -> Result<(), ControlError> {
        self.prepare(bot, answer)
    }

    fn accept_login_token(&self, scanned: ScannedToken) -> BoxFuture<'_, Result<(), ControlError>> {
        settle(self.scan_token(&scanned))
    }

    fn set_settings(&self, settings: Settings) -> Result<(), ControlError> {
        self.set(settings)
    }

    fn login_code(&self, phone: &str) -> Result<LoginCode, ControlError> {
        let digits = digits("phone", phone)?;
        match self.lock().state.login_codes.get(&digits) {
            Some(sent) => Ok(LoginCode { code: sent.code.clone() }),
            None => Err(ControlError::NotFound("phone: no login code was sent to this number".into())),
        }
    }

    fn post_message(&self, message: NewMessage) -> BoxFuture<'_, Result<StoredMessage, ControlError>> {
        settle(self.add_message(message))
    }

    fn messages(&self, user: &str, peer: &str) -> Result<Vec<StoredMessage>, ControlError> {
        let live = self.lock();
        let user = known_user(&live.state, "user", user)?;
        let peer = find_peer(&live.state, "peer", peer)?;
        let mut newest: Vec<StoredMessage> = live
            .state
            .conversation(user, peer)
            .rev()
            .take(MESSAGES_MAX)
            .map(|message| stored(&live.state, user, message))
            .collect();
        newest.reverse();
        Ok(newest)
    }

    fn create_chat(&self, chat: NewChat) -> BoxFuture<'_, Result<CreatedChat, ControlError>> {
        settle(self.add_chat(chat))
    }

    fn arm(&self, mut fault: Fault) -> Result<(), ControlError> {
        if let Some(phone) = &mut fault.user {
            *phone = digits("user", phone)?;
        }
        self.lock().faults.arm(fault).map_err(|error| ControlError::Invalid(error.to_string()))
    }

    fn faults(&self) -> Vec<Fault> {
        self.lock().faults.armed().cloned().collect()
    }

    fn clear_faults(&self) {
        self.lock().faults.clear();
    }

    fn revoke_sessions(&self, phone: &str) -> BoxFuture<'_, Result<usize, ControlError>> {
        settle(self.sign_out_everywhere(phone))
    }

    fn advance_clock(&self, seconds: i32) -> BoxFuture<'_, Result<AdvancedClock, ControlError>> {
        settle(self.put_ahead(seconds))
    }

    fn set_premium(&self, phone: &str, premium: bool) -> BoxFuture<'_, Result<(), ControlError>> {
        let mut live = self.lock();
        let user_id = known_user(&live.state, "phone", phone).map(|user| user.id);
        settle(user_id.map(|user_id| ((), change(&mut live, vec![Event::PremiumSet { user_id, premium }]))))
    }

    fn expire_file_references(&self) -> BoxFuture<'_, Result<(), ControlError>> {
        settle(Ok(((), change(&mut self.lock(), vec![Event::File(FileEvent::ReferencesExpired)]))))
    }

    fn requests(&self, method: Option<&str>, user: Option<&str>) -> Result<Vec<MethodCalls>, ControlError> {
        let user = user.map(|user| digits("user", user)).transpose()?;
        let live = self.lock();
        let mut times: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        for request in live.requests.last().filter(|request| user.is_none() || request.user == user) {
            times.entry(&request.method).or_default().push(request.at_ms);
        }
        let mut counts = live.requests.counts(user.as_deref());
        counts.retain(|name, _| method.is_none_or(|method| method == *name));
        let calls = counts.into_iter().map(|(name, counts)| {
            let mut times = times.remove(name).unwrap_or_default();
            times.drain(..times.len().saturating_sub(TIMES_MAX));
            let RequestCounts { all: count, early, waits } = counts;
            MethodCalls { method: name.to_owned(), count, waits, early, times }
        });
        Ok(calls.collect())
    }
}

impl World {
    fn add_user(&self, user: NewUser) -> Outcome<CreatedUser> {
        let phone = digits("phone", &user.phone)?;
        let first_name = name("firstName", &user.first_name)?;
        let last_name = user.last_name.as_deref().map(|last| name("lastName", last)).transpose()?.unwrap_or_default();
        let username = user.username.as_deref().map(username).transpose()?;
        // Stretching a password takes long, so it is done before the world is locked.
        let password = user.password.as_deref().map(password).transpose()?;
        let mut live = self.lock();
        if live.state.phones.contains_key(&phone) {
            return Err(ControlError::Conflict("phone: the number has an account".into()));
        }
        if username.as_deref().is_some_and(|username| live.state.peer_by_username(username).is_some()) {
            return Err(ControlError::Conflict("username: it is taken".into()));
        }
        if let Some(id) = user.id
            && (!(1..FIRST_USER_ID).contains(&id) || live.state.users.contains_key(&id))
        {
            return Err(ControlError::Conflict(format!("id: must be below {FIRST_USER_ID}, and nobody's")));
        }
        let dc_id = self.datacentres.home_dc_id;
        let created = CreatedUser { id: user.id.unwrap_or(live.state.last.user + 1), phone: format!("+{phone}") };
        let new = event::NewUser { id: user.id, phone, first_name, last_name, username, dc_id };
        let mut events = vec![Event::UserCreated(new)];
        if password.is_some() {
            events.push(Event::PasswordSet { user_id: created.id, password });
        }
        Ok((created, change(&mut live, events)))
    }

    fn add_message(&self, message: NewMessage) -> Outcome<StoredMessage> {
        if message.text.trim().is_empty() {
            return Err(ControlError::Invalid("text: must not be blank".into()));
        }
        if message.text.chars().count() > MESSAGE_CHARS_MAX {
            return Err(ControlError::Invalid(format!("text: at most {MESSAGE_CHARS_MAX} characters")));
        }
        let mut live = self.lock();
        let from = match message.from.strip_prefix('@') {
            Some(name) => known_bot(&live.state, "from", name)?,
            None => known_user(&live.state, "from", &message.from)?.id,
        };
        let markup = markup(&live.state, from, &message.buttons)?;
        let peer = match &message.to {
            Target::Id(id) => peer_by_id(&live.state, "to", *id)?,
            Target::Name(text) => find_peer(&live.state, "to", text)?,
        };
        let posts = live.state.may_administer(from, peer, right::POST_MESSAGES);
        let may = posts || live.state.may(from, peer, taken::SEND_MESSAGES, live.now());
        if !live.state.may_write(from, peer) || !may {
            return Err(ControlError::Conflict("from: may not write there".into()));
        }
        let content = Content::Text { text: message.text, entities: HexBytes::default() };
        let reply_to = message.reply_to;
        let new =
            event::NewMessage { from, peer, content, reply_to, quote: None, silent: false, random_id: None, date: live.now() };
        let event = match markup {
            Some(markup) => Event::Button(ButtonEvent::Sent { message: Box::new(new), markup }),
            None => Event::MessageSent(new),
        };
        let written = change(&mut live, vec![event]);
        let sender = live.state.users.get(&from);
        let sent = sender.and_then(|sender| Some((sender, live.state.conversation(sender, peer).next_back()?)));
        let (sender, sent) = sent.ok_or_else(|| ControlError::Failed("the message was not sent".into()))?;
        Ok((stored(&live.state, sender, sent), written))
    }

    fn add_chat(&self, chat: NewChat) -> Outcome<CreatedChat> {
        let title = name("title", &chat.title)?;
        if chat.members.len() >= CHAT_MEMBERS_MAX {
            return Err(ControlError::Invalid(format!("members: fewer than {CHAT_MEMBERS_MAX}")));
        }
        let username = chat.username.as_deref().map(username).transpose()?;
        let mut live = self.lock();
        check_free(&live.state, username.as_deref(), chat.kind)?;
        let creator = known_user(&live.state, "owner", &chat.owner)?.id;
        let members = chat.members.iter().map(|phone| Ok(known_user(&live.state, "members", phone)?.id));
        let mut members: Vec<i64> = members.collect::<Result<_, ControlError>>()?;
        members.retain(|member| *member != creator);
        members.sort_unstable();
        members.dedup();
        let date = live.now();
        let (peer, mut events) = match chat.kind {
            ChatKind::Group => {
                let peer = PeerId::Chat(live.state.last.chat + 1);
                (peer, vec![Event::ChatCreated { creator, title, members, date }])
            }
            ChatKind::Channel | ChatKind::Supergroup => {
                let peer = PeerId::Channel(live.state.last.channel + 1);
                let broadcast = chat.kind == ChatKind::Channel;
                let new = event::NewChannel { creator, title, about: String::new(), broadcast, username, date };
                let mut events = vec![Event::ChannelCreated(new)];
                if !members.is_empty() {
                    events.push(Event::MembersAdded { peer, inviter: creator, members, date });
                }
                (peer, events)
            }
        };
        if let Some(hash) = chat.invite {
            events.push(Event::InviteStored { hash: invite_hash(&hash)?, invite: Invite::permanent(peer, creator, date) });
        }
        Ok((CreatedChat { chat_id: peer.into() }, change(&mut live, events)))
    }

    fn sign_out_everywhere(&self, phone: &str) -> Outcome<usize> {
        let mut live = self.lock();
        let keys: Vec<_> = known_user(&live.state, "phone", phone)?.keys.iter().copied().collect();
        let count = keys.len();
        Ok((count, change(&mut live, vec![Event::SignedOut { keys }])))
    }
}

/// Makes changes that nobody's session asked for, together.
pub(super) fn change(live: &mut Live, events: Vec<Event>) -> Written {
    let mut transaction = Transaction::default();
    let origin = Origin { user_id: 0, session: None, now: live.now() };
    for event in events {
        live.change(&mut transaction, origin, event);
    }
    live.finish(transaction)
}

/// An answer that leaves once what it tells is durable.
fn settle<'a, T: Send + 'a>(outcome: Outcome<T>) -> BoxFuture<'a, Result<T, ControlError>> {
    Box::pin(async {
        let (answer, written) = outcome?;
        durable(written).await.map_err(|error| ControlError::Failed(format!("the world cannot be kept: {error}")))?;
        Ok(answer)
    })
}

fn digits(field: &str, phone: &str) -> Result<String, ControlError> {
    phone_digits(phone).map_err(|_| ControlError::Invalid(format!("{field}: must be a phone number, such as +15550000001")))
}

pub(super) fn name(field: &str, text: &str) -> Result<String, ControlError> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > NAME_CHARS_MAX {
        return Err(ControlError::Invalid(format!("{field}: must have 1 to {NAME_CHARS_MAX} characters")));
    }
    Ok(text.to_owned())
}

pub(super) fn username(text: &str) -> Result<String, ControlError> {
    let plain = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|symbol| symbol.is_ascii_alphanumeric() || symbol == '_');
    if !plain || !USERNAME_CHARS.contains(&text.len()) {
        let (least, most) = (USERNAME_CHARS.start(), USERNAME_CHARS.end());
        let rule = format!("username: must have {least} to {most} of a-z, A-Z, 0-9 and _, the first a letter");
        return Err(ControlError::Invalid(rule));
    }
    Ok(text.to_owned())
}

/// Refuses a username that is taken, or that is for a basic group.
pub(super) fn check_free(state: &State, username: Option<&str>, kind: ChatKind) -> Result<(), ControlError> {
    match username {
        Some(_) if kind == ChatKind::Group => Err(ControlError::Invalid("username: a basic group has none".into())),
        Some(username) if state.peer_by_username(username).is_some() => {
            Err(ControlError::Conflict("username: it is taken".into()))
        }
        _ => Ok(()),
    }
}

fn invite_hash(text: &str) -> Result<String, ControlError> {
    let plain = text.chars().all(|symbol| symbol.is_ascii_alphanumeric() || symbol == '_' || symbol == '-');
    if !plain || !INVITE_CHARS.contains(&text.len()) {
        return Err(ControlError::Invalid("invite: must have 8 to 32 of a-z, A-Z, 0-9, _ and -".into()));
    }
    Ok(text.to_owned())
}

fn password(text: &str) -> Result<Password, ControlError> {
    let mut salts = [0; 2 * SALT_BYTES];
    getrandom::fill(&mut salts).map_err(|error| ControlError::Failed(error.to_string()))?;
    let (salt1, salt2) = salts.split_at(SALT_BYTES);
    let verifier = HexBytes(srp::verifier(salt1, salt2, text));
    Ok(Password { salt1: HexBytes(salt1.to_vec()), salt2: HexBytes(salt2.to_vec()), verifier, hint: None })
}

pub(super) fn known_user<'a>(state: &'a State, field: &str, phone: &str) -> Result<&'a User, ControlError> {
    let user = state.user_by_phone(&digits(field, phone)?);
    user.ok_or_else(|| ControlError::NotFound(format!("{field}: nobody has this phone number")))
}

/// A peer by chat id, username or phone number. A number is a chat id if there is such a chat, and else a phone number.
fn find_peer(state: &State, field: &str, text: &str) -> Result<PeerId, ControlError> {
    if let Ok(id) = text.parse::<i64>()
        && let Ok(peer) = peer_by_id(state, field, id)
        && !text.starts_with('+')
    {
        return Ok(peer);
    }
    if let Some(peer) = state.peer_by_username(text.trim_start_matches('@')) {
        return Ok(peer);
    }
    Ok(PeerId::User(known_user(state, field, text)?.id))
}

fn peer_by_id(state: &State, field: &str, id: i64) -> Result<PeerId, ControlError> {
    let known = PeerId::try_from(id).ok().filter(|peer| match peer {
        PeerId::User(id) => state.users.contains_key(id),
        PeerId::Chat(id) => state.chats.contains_key(id),
        PeerId::Channel(id) => state.channels.contains_key(id),
    });
    known.ok_or_else(|| ControlError::NotFound(format!("{field}: there is no such chat")))
}

fn stored(state: &State, user: &User, message: &Message) -> StoredMessage {
    let from_id = match message.from {
        PeerId::User(id) => Some(id),
        PeerId::Chat(_) | PeerId::Channel(_) => None,
    };
    let text = message.content.text().to_owned();
    let (chat_id, out) = (message.peer.into(), from_id == Some(user.id));
    let forwarded_from = state.forwards.get(&message.shared_id).map(|origin| origin.from.into());
    let album = state.albums.get(&message.shared_id).copied();
    let media = stored_media(state, user, &message.content);
    let question = match &message.content {
        Content::Attachment(Attachment::Poll(poll)) => state.polls.get(*poll).map(|poll| poll.question.clone()),
        _ => None,
    };
    StoredMessage { id: message.id, chat_id, from_id, out, date: message.date, text, question, forwarded_from, album, media }
}

fn stored_media(state: &State, user: &User, content: &Content) -> Option<StoredMedia> {
    let told = View::new(state, user.id).media(content)?;
    let kind = name_for_id(u32::from_le_bytes(*told.to_bytes().first_chunk()?)).to_owned();
    let Content::Media { media, .. } = content else { return Some(StoredMedia { kind, name: None, size: None, dc: None }) };
    Some(StoredMedia { kind, name: Some(media.name.clone()), size: Some(media.size), dc: Some(media.dc_id) })
}
