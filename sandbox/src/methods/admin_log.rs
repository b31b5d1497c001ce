//! What happened in a supergroup or a channel.

use grammers_tl_types as tl;

use super::administration::check_administers;
use super::call::Call;
use super::error::RpcError;
use super::history::PAGE_MAX;
use crate::world::admin_log::{Entry, Noted};
use crate::world::administration::right;
use crate::world::ids::PeerId;
use crate::world::message_box::Message;

/// `channels.getAdminLog`: the latest first, for administrators.
pub fn get_admin_log(
    call: &mut Call<'_>,
    request: tl::functions::channels::GetAdminLog,
) -> Result<tl::enums::channels::AdminLogResults, RpcError> {
    let channel = call.channel(&request.channel)?;
    check_administers(call, PeerId::Channel(channel.id), right::ALL)?;
    let admins: Option<Vec<i64>> = match &request.admins {
        Some(admins) => Some(admins.iter().map(|admin| Ok(call.user(admin)?.id)).collect::<Result<_, RpcError>>()?),
        None => None,
    };
    let query = request.q.to_lowercase();
    let limit = usize::try_from(request.limit).unwrap_or(0).min(PAGE_MAX);
    let wanted = call.state().admin_logs.told(channel.id, call.now).filter(|entry| {
        let in_range = (request.max_id <= 0 || entry.id < request.max_id) && entry.id > request.min_id;
        in_range
            && admins.as_ref().is_none_or(|admins| admins.contains(&entry.by))
            && request.events_filter.as_ref().is_none_or(|filter| passes(filter, &entry.noted))
            && (query.is_empty() || says(call, entry, &query))
    });
    let mut view = call.view()?;
    let events = wanted.take(limit).filter_map(|entry| view.admin_log_event(channel, entry)).collect();
    let (users, chats) = view.mentioned();
    Ok(tl::types::channels::AdminLogResults { events, chats, users }.into())
}

/// Whether an entry is of a kind that is asked for.
fn passes(filter: &tl::enums::ChannelAdminLogEventsFilter, noted: &Noted) -> bool {
    let tl::enums::ChannelAdminLogEventsFilter::Filter(filter) = filter;
    match noted {
        Noted::Joined | Noted::JoinedByInvite { .. } | Noted::JoinedByRequest { .. } => filter.join,
        Noted::Left => filter.leave,
        Noted::Invited { .. } => filter.invite,
        Noted::Ban { before, after, .. } => {
            let is_out = |banned: &Option<crate::world::administration::Banned>| banned.is_some_and(|banned| banned.is_out());
            match (is_out(before), is_out(after)) {
                (false, true) => filter.kick,
                (true, false) => filter.unkick,
                _ if after.is_some() => filter.ban,
                _ => filter.unban,
            }
        }
        Noted::Admin { after: Some(_), .. } => filter.promote,
        Noted::Admin { after: None, .. } => filter.demote,
        Noted::Title { .. } | Noted::About { .. } | Noted::Photo { .. } => filter.info,
        Noted::SlowMode { .. } | Noted::Taken { .. } => filter.settings,
        Noted::Pinned { .. } => filter.pinned,
        Noted::Edited { .. } | Noted::PollStopped { .. } => filter.edit,
        Noted::Deleted { .. } => filter.delete,
        Noted::InviteEdited { .. } | Noted::InviteRevoked { .. } | Noted::InviteDeleted { .. } => filter.invites,
        Noted::Forum { .. }
        | Noted::TopicCreated { .. }
        | Noted::TopicEdited { .. }
        | Noted::TopicDeleted { .. }
        | Noted::TopicPinned { .. } => filter.forums,
    }
}

/// Whether an entry has a text in it, or in the name of who did it.
fn says(call: &Call<'_>, entry: &Entry, query: &str) -> bool {
    let has = |text: &str| text.to_lowercase().contains(query);
    let written = |message: &Message| has(message.content.text());
    let called = |user_id: i64| {
        let user = call.state().users.get(&user_id);
        user.is_some_and(|user| {
            has(&format!("{} {}", user.first_name, user.last_name)) || user.username.as_deref().is_some_and(has)
        })
    };
    called(entry.by)
        || match &entry.noted {
            Noted::Title { before, after } | Noted::About { before, after } => has(before) || has(after),
            Noted::Edited { before, after } => written(before) || written(after),
            Noted::Deleted { message } | Noted::Pinned { message, .. } | Noted::PollStopped { message } => written(message),
            Noted::Invited { user_id } | Noted::Ban { user_id, .. } | Noted::Admin { user_id, .. } => called(*user_id),
            Noted::TopicCreated { topic } | Noted::TopicDeleted { topic } | Noted::TopicPinned { topic, .. } => has(&topic.title),
            Noted::TopicEdited { before, after } => has(&before.title) || has(&after.title),
            _ => false,
        }
}
