//! Searching for messages.

use grammers_tl_types as tl;
use grammers_tl_types::Deserializable;

use super::call::Call;
use super::error::RpcError;
use super::history::{self, Window, is_hidden};
use crate::world::file::Media;
use crate::world::ids::{HexBytes, PeerId};
use crate::world::message_box::{Content, Message};
use crate::world::pins::box_owner;
use crate::world::view::count;

/// The longest query, in characters.
const QUERY_CHARS_MAX: usize = 256;

/// What a message must be like to be found.
struct Wanted<'a> {
    words: Vec<String>,
    from: Option<PeerId>,
    filter: &'a tl::enums::MessagesFilter,
    min_date: i32,
    max_date: i32,
}

impl<'a> Wanted<'a> {
    fn new(query: &str, filter: &'a tl::enums::MessagesFilter, min_date: i32, max_date: i32) -> Result<Self, RpcError> {
        if query.chars().count() > QUERY_CHARS_MAX {
            return Err(RpcError::bad_request("SEARCH_QUERY_TOO_LONG"));
        }
        Ok(Self { words: words(query), from: None, filter, min_date, max_date })
    }

    /// Whether a message of the caller's is like that: every word of the query begins a word of the text.
    fn fits(&self, call: &Call<'_>, message: &Message) -> Result<bool, RpcError> {
        let in_time =
            (self.min_date <= 0 || message.date >= self.min_date) && (self.max_date <= 0 || message.date <= self.max_date);
        if !in_time || self.from.is_some_and(|from| message.from != from) || !passes(call, self.filter, message)? {
            return Ok(false);
        }
        let there = match &message.content {
            Content::Text { text, .. } | Content::Media { text, .. } => words(text),
            Content::Attachment(_) | Content::Action(_) => Vec::new(),
        };
        Ok(self.words.iter().all(|wanted| there.iter().any(|word| word.starts_with(wanted.as_str()))))
    }
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|symbol: char| !symbol.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

fn passes(call: &Call<'_>, filter: &tl::enums::MessagesFilter, message: &Message) -> Result<bool, RpcError> {
    use tl::enums::MessagesFilter as Filter;
    let media = match &message.content {
        Content::Media { media, .. } => Some(media),
        _ => None,
    };
    let is = |kind: Kind| media.is_some_and(|media| kind_of(media) == kind);
    Ok(match filter {
        Filter::InputMessagesFilterEmpty => true,
        Filter::InputMessagesFilterPhotos => is(Kind::Photo),
        Filter::InputMessagesFilterVideo => is(Kind::Video),
        Filter::InputMessagesFilterPhotoVideo => is(Kind::Photo) || is(Kind::Video),
        Filter::InputMessagesFilterDocument => is(Kind::Document),
        Filter::InputMessagesFilterGif => is(Kind::Gif),
        Filter::InputMessagesFilterVoice => is(Kind::Voice),
        Filter::InputMessagesFilterMusic => is(Kind::Music),
        Filter::InputMessagesFilterRoundVideo => is(Kind::Round),
        Filter::InputMessagesFilterRoundVoice => is(Kind::Round) || is(Kind::Voice),
        Filter::InputMessagesFilterUrl => has_link(&message.content),
        Filter::InputMessagesFilterPinned => {
            call.state().pins.contains(message.shared_id, box_owner(call.user_id()?, message.peer))
        }
        Filter::InputMessagesFilterMyMentions => call.view()?.is_mentioned(message),
        _ => false,
    })
}

/// As what a file is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Photo,
    Video,
    Round,
    Gif,
    Voice,
    Music,
    Document,
}

fn kind_of(media: &Media) -> Kind {
    use tl::enums::DocumentAttribute;
    if media.photo {
        return Kind::Photo;
    }
    let attributes: Vec<DocumentAttribute> = Vec::from_bytes(&media.attributes.0).unwrap_or_default();
    let is = |wanted: fn(&DocumentAttribute) -> bool| attributes.iter().any(wanted);
    if is(|attribute| matches!(attribute, DocumentAttribute::Animated)) {
        Kind::Gif
    } else if is(|attribute| matches!(attribute, DocumentAttribute::Video(video) if video.round_message)) {
        Kind::Round
    } else if is(|attribute| matches!(attribute, DocumentAttribute::Video(_))) {
        Kind::Video
    } else if is(|attribute| matches!(attribute, DocumentAttribute::Audio(audio) if audio.voice)) {
        Kind::Voice
    } else if is(|attribute| matches!(attribute, DocumentAttribute::Audio(_))) {
        Kind::Music
    } else {
        Kind::Document
    }
}

fn has_link(content: &Content) -> bool {
    let (text, entities): (&str, &HexBytes) = match content {
        Content::Text { text, entities } | Content::Media { text, entities, .. } => (text, entities),
        Content::Attachment(_) | Content::Action(_) => return false,
    };
    let entities: Vec<tl::enums::MessageEntity> = Vec::from_bytes(&entities.0).unwrap_or_default();
    let links = |entity: &tl::enums::MessageEntity| {
        matches!(entity, tl::enums::MessageEntity::Url(_) | tl::enums::MessageEntity::TextUrl(_))
    };
    text.contains("https://") || text.contains("http://") || entities.iter().any(links)
}

/// `messages.search`: in one conversation, newest first.
pub fn search(call: &mut Call<'_>, request: tl::functions::messages::Search) -> Result<tl::enums::messages::Messages, RpcError> {
    let peer = call.peer(&request.peer)?;
    let mut wanted = Wanted::new(&request.q, &request.filter, request.min_date, request.max_date)?;
    wanted.from = request.from_id.as_ref().map(|from| call.peer(from)).transpose()?;
    let me = call.me()?;
    let mut found = Vec::new();
    for message in call.state().conversation(me, peer).rev() {
        let in_topic = match request.top_msg_id {
            Some(topic_id) => super::topics::is_in_topic(call, peer, topic_id, message.id)?,
            None => true,
        };
        if in_topic && !is_hidden(me, peer, message.id) && wanted.fits(call, message)? {
            found.push(message);
        }
    }
    let window = Window {
        offset_id: request.offset_id,
        offset_date: 0,
        add_offset: request.add_offset,
        limit: request.limit,
        max_id: request.max_id,
        min_id: request.min_id,
    };
    history::answer(call, peer, &history::page(&found, &window))
}

/// `messages.searchGlobal`: in every conversation, newest first. The next page begins after `next_rate` (a date here) and the last
/// message.
pub fn search_global(
    call: &mut Call<'_>,
    request: tl::functions::messages::SearchGlobal,
) -> Result<tl::enums::messages::Messages, RpcError> {
    if request.q.trim().is_empty() && request.filter == tl::enums::MessagesFilter::InputMessagesFilterEmpty {
        return Err(RpcError::bad_request("SEARCH_QUERY_EMPTY"));
    }
    let wanted = Wanted::new(&request.q, &request.filter, request.min_date, request.max_date)?;
    let me = call.me()?;
    let mut found = Vec::new();
    for peer in me.dialogs.keys().copied().filter(|peer| is_of_kind(call, *peer, &request)) {
        for message in call.state().conversation(me, peer) {
            if !is_hidden(me, peer, message.id) && wanted.fits(call, message)? {
                found.push(message);
            }
        }
    }
    let place = |message: &Message| std::cmp::Reverse((message.date, i64::from(message.peer), message.id));
    found.sort_by_key(|message| place(message));
    let after = match &request.offset_peer {
        tl::enums::InputPeer::Empty => None,
        peer => Some(std::cmp::Reverse((request.offset_rate, i64::from(call.peer(peer)?), request.offset_id))),
    };
    let total = found.len();
    let rest: Vec<&Message> = found.into_iter().filter(|message| after.is_none_or(|after| place(message) > after)).collect();
    let limit = usize::try_from(request.limit).unwrap_or(0).clamp(1, history::PAGE_MAX);
    let next_rate = rest.get(limit - 1).filter(|_| rest.len() > limit).map(|message| message.date);
    let mut view = call.view()?;
    let messages = rest.iter().take(limit).map(|message| view.message(message)).collect();
    let (users, chats) = view.mentioned();
    Ok(tl::types::messages::MessagesSlice {
        inexact: false,
        count: count(total),
        next_rate,
        offset_id_offset: None,
        search_flood: None,
        messages,
        topics: Vec::new(),
        chats,
        users,
    }
    .into())
}

fn is_of_kind(call: &Call<'_>, peer: PeerId, request: &tl::functions::messages::SearchGlobal) -> bool {
    let is_broadcast = call.state().is_broadcast(peer);
    let is_user = matches!(peer, PeerId::User(_));
    (!request.users_only || is_user)
        && (!request.broadcasts_only || is_broadcast)
        && (!request.groups_only || !(is_user || is_broadcast))
}
