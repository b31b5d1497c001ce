//! What an account itself must know of its updates, beyond the events that others read.

use grammers_tl_types::enums::Update;

use super::super::{CallNews, ChatId, ChatIdKind, GroupCallNews, group_calls, phone_calls};

/// What an account must know of what came.
#[derive(Debug, Default)]
pub struct Received {
    /// What is told of calls between two people, in its order.
    pub phone_calls: Vec<CallNews>,
    /// What is told of group calls, in its order.
    pub group_calls: Vec<GroupCallNews>,
    /// Channels and supergroups whose details or members have changed, in whatever way.
    pub changed_channels: Vec<ChatId>,
    /// Whether the code of a QR login was scanned.
    pub login_token: bool,
}

impl Received {
    /// Adds what an update tells.
    pub(super) fn add(&mut self, update: &Update) {
        match update {
            Update::PhoneCall(told) => self.phone_calls.extend(phone_calls::news(&told.phone_call)),
            Update::GroupCall(told) => self.group_calls.push(group_calls::news(&told.call)),
            Update::Channel(told) => self.changed_channels.push(ChatId::of(ChatIdKind::Channel(told.channel_id))),
            Update::LoginToken => self.login_token = true,
            _ => {}
        }
    }
}
