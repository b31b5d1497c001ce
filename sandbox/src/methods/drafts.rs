//! Keeping what was begun to be written.

use grammers_tl_types as tl;

use super::call::Call;
use super::error::RpcError;
use super::text;
use crate::world::drafts::{Draft, Drafting};
use crate::world::event::Event;
use crate::world::ids::PeerId;
use crate::world::message_box::Content;

/// `messages.saveDraft`; an empty one is none.
pub fn save_draft(call: &mut Call<'_>, request: tl::functions::messages::SaveDraft) -> Result<bool, RpcError> {
    let peer = call.peer(&request.peer)?;
    let (topic_id, reply_to, quote) = match request.reply_to {
        Some(tl::enums::InputReplyTo::Message(reply)) => {
            let topic_id = reply.top_msg_id.unwrap_or(0);
            let answers = Some(reply.reply_to_msg_id).filter(|id| *id != 0);
            (topic_id, answers, reply.quote_text.filter(|quote| !quote.is_empty()))
        }
        _ => (0, None, None),
    };
    let is_empty = request.message.trim().is_empty();
    let draft = match (is_empty, reply_to) {
        (true, None) => None,
        (true, Some(_)) => Some((String::new(), Default::default())),
        (false, _) => match text::content(call, &request.message, request.entities)? {
            Content::Text { text, entities } => Some((text, entities)),
            _ => None,
        },
    };
    let (no_webpage, date) = (request.no_webpage, call.now);
    let draft = draft.map(|(text, entities)| Draft { text, entities, reply_to, quote, no_webpage, date });
    set(call, peer, topic_id, draft)?;
    Ok(true)
}

/// `messages.getAllDrafts`: as updates.
pub fn get_all_drafts(call: &mut Call<'_>, _: tl::functions::messages::GetAllDrafts) -> Result<tl::enums::Updates, RpcError> {
    let drafts = call.state().drafts.of(call.user_id()?);
    let mut view = call.view()?;
    let updates = drafts.into_iter().map(|(peer, topic_id)| view.draft_update(peer, topic_id)).collect();
    Ok(view.envelope(updates, call.now))
}

/// `messages.clearAllDrafts`.
pub fn clear_all_drafts(call: &mut Call<'_>, _: tl::functions::messages::ClearAllDrafts) -> Result<bool, RpcError> {
    for (peer, topic_id) in call.state().drafts.of(call.user_id()?) {
        set(call, peer, topic_id, None)?;
    }
    Ok(true)
}

/// Saves the caller's draft, or forgets it. Nothing is written where nothing changes.
pub fn set(call: &mut Call<'_>, peer: PeerId, topic_id: i32, draft: Option<Draft>) -> Result<(), RpcError> {
    let user_id = call.user_id()?;
    if draft.is_some() || call.state().drafts.get(user_id, peer, topic_id).is_some() {
        call.change(Event::Drafted(Drafting { user_id, peer, topic_id, draft }));
    }
    Ok(())
}
