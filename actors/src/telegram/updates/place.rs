//! Where an update stands in which of Telegram's sequences (<https://core.telegram.org/api/updates#message-related-event-sequences>).

use grammers_tl_types::enums::{self, Message, Peer, Update};

/// One of the sequences that Telegram numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sequence {
    /// Private chats and basic groups: `pts`.
    Account,
    /// What bots and secret chats get: `qts`.
    Secondary,
    /// One channel or supergroup: its own `pts`.
    Channel(i64),
}

/// The place of an update: the sequence stands at `pts` after it, and `count` before that it stood before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) sequence: Sequence,
    pub(super) pts: i32,
    pub(super) count: i32,
}

/// The place of an update; `None` for those that Telegram does not number, and for those that come in a difference, which is in order as it
/// is.
pub(super) fn place(update: &Update) -> Option<Place> {
    use Sequence::{Account, Channel, Secondary};
    let (sequence, pts, count) = match update {
        Update::NewMessage(it) => (of_message(&it.message), it.pts, it.pts_count),
        Update::EditMessage(it) => (of_message(&it.message), it.pts, it.pts_count),
        Update::DeleteMessages(it) => (Account, it.pts, it.pts_count),
        Update::ReadHistoryInbox(it) => (Account, it.pts, it.pts_count),
        Update::ReadHistoryOutbox(it) => (Account, it.pts, it.pts_count),
        Update::ReadMessagesContents(it) => (Account, it.pts, it.pts_count),
        Update::WebPage(it) => (Account, it.pts, it.pts_count),
        Update::FolderPeers(it) => (Account, it.pts, it.pts_count),
        Update::PinnedMessages(it) => (of_peer(&it.peer), it.pts, it.pts_count),
        Update::NewChannelMessage(it) => (channel_of_message(&it.message)?, it.pts, it.pts_count),
        Update::EditChannelMessage(it) => (channel_of_message(&it.message)?, it.pts, it.pts_count),
        Update::DeleteChannelMessages(it) => (Channel(it.channel_id), it.pts, it.pts_count),
        Update::PinnedChannelMessages(it) => (Channel(it.channel_id), it.pts, it.pts_count),
        Update::ChannelWebPage(it) => (Channel(it.channel_id), it.pts, it.pts_count),
        Update::NewEncryptedMessage(it) => (Secondary, it.qts, 1),
        Update::ChatParticipant(it) => (Secondary, it.qts, 1),
        Update::ChannelParticipant(it) => (Secondary, it.qts, 1),
        Update::BotStopped(it) => (Secondary, it.qts, 1),
        Update::BotChatInviteRequester(it) => (Secondary, it.qts, 1),
        Update::BotChatBoost(it) => (Secondary, it.qts, 1),
        Update::BotMessageReaction(it) => (Secondary, it.qts, 1),
        Update::BotMessageReactions(it) => (Secondary, it.qts, 1),
        Update::MessagePollVote(it) => (Secondary, it.qts, 1),
        Update::BotNewBusinessMessage(it) => (Secondary, it.qts, 1),
        Update::BotEditBusinessMessage(it) => (Secondary, it.qts, 1),
        Update::BotDeleteBusinessMessage(it) => (Secondary, it.qts, 1),
        Update::BotPurchasedPaidMedia(it) => (Secondary, it.qts, 1),
        _ => return None,
    };
    (pts > 0).then_some(Place { sequence, pts, count })
}

fn of_message(message: &Message) -> Sequence {
    channel_of_message(message).unwrap_or(Sequence::Account)
}

fn of_peer(peer: &Peer) -> Sequence {
    match peer {
        Peer::Channel(channel) => Sequence::Channel(channel.channel_id),
        Peer::User(_) | Peer::Chat(_) => Sequence::Account,
    }
}

fn channel_of_message(message: &Message) -> Option<Sequence> {
    let peer: Option<&enums::Peer> = match message {
        Message::Empty(it) => it.peer_id.as_ref(),
        Message::Message(it) => Some(&it.peer_id),
        Message::Service(it) => Some(&it.peer_id),
    };
    peer.map(of_peer).filter(|sequence| matches!(sequence, Sequence::Channel(_)))
}
