//! The group calls that an account knows of, and its place in them. They are forgotten when they are over, and with the account's actor.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::account::{AccountContext, random};
use crate::error::{Code, Error};
use crate::telegram::{CallAddress, ChatId, GroupCallInfo, GroupCallNews, GroupCallPage};

/// Group calls that are remembered. Beyond it the one that was heard of longest ago is forgotten, unless the account is in it.
const KNOWN_MAX: usize = 64;

/// Group calls that the account may be in at once.
const JOINED_MAX: usize = 8;

/// What is known of one group call.
struct Known {
    access_hash: i64,
    /// The source of audio that the account has joined with.
    source: Option<i32>,
    /// When it was last heard of, as a number that grows.
    heard: u64,
}

/// The group calls of one account.
#[derive(Default)]
pub(super) struct GroupCalls(RefCell<Table>);

#[derive(Default)]
struct Table {
    known: BTreeMap<i64, Known>,
    clock: u64,
}

impl Table {
    fn hear(&mut self, address: CallAddress) -> &mut Known {
        self.clock += 1;
        if self.known.len() >= KNOWN_MAX && !self.known.contains_key(&address.id) {
            let oldest = self.known.iter().filter(|(_, call)| call.source.is_none()).min_by_key(|(_, call)| call.heard);
            if let Some(oldest) = oldest.map(|(id, _)| *id) {
                self.known.remove(&oldest);
            }
        }
        let known = self.known.entry(address.id).or_insert(Known { access_hash: 0, source: None, heard: 0 });
        (known.access_hash, known.heard) = (address.access_hash, self.clock);
        known
    }
}

impl GroupCalls {
    fn hear(&self, address: CallAddress) {
        self.0.borrow_mut().hear(address);
    }

    fn joined(&self, address: CallAddress, source: i32) {
        self.0.borrow_mut().hear(address).source = Some(source);
    }

    fn left(&self, id: i64) {
        if let Some(call) = self.0.borrow_mut().known.get_mut(&id) {
            call.source = None;
        }
    }

    fn forget(&self, id: i64) {
        self.0.borrow_mut().known.remove(&id);
    }

    /// How a group call is named, and the source of audio that the account is in it with.
    fn find(&self, id: i64) -> Result<(CallAddress, Option<i32>), Error> {
        let table = self.0.borrow();
        let known = table.known.get(&id).map(|call| (CallAddress { id, access_hash: call.access_hash }, call.source));
        known.ok_or_else(|| Error::new(Code::NotFound, "The account knows of no such group call: create or join it first"))
    }

    fn check_room(&self, id: i64) -> Result<(), Error> {
        let table = self.0.borrow();
        let others = table.known.iter().filter(|(other, call)| **other != id && call.source.is_some()).count();
        if others < JOINED_MAX {
            return Ok(());
        }
        Err(Error::new(Code::Conflict, format!("The account is in {JOINED_MAX} group calls: leave one first")))
    }
}

impl AccountContext {
    /// Takes in what Telegram tells of group calls.
    pub(super) fn group_calls_told(&self, news: &[GroupCallNews]) {
        for news in news {
            match news.is_over {
                true => self.group_calls.forget(news.address.id),
                false => self.group_calls.hear(news.address),
            }
        }
    }

    /// Begins a group call in a chat.
    pub(crate) async fn create_group_call(&self, chat: ChatId, title: Option<String>) -> Result<GroupCallInfo, Error> {
        let random_id = i32::from_le_bytes(random()?);
        let create = async |connection: &crate::telegram::Connection| connection.create_group_call(chat, title, random_id).await;
        let info = self.once("phone.createGroupCall", create).await?;
        self.group_calls.hear(CallAddress { id: info.call_id, access_hash: info.access_hash });
        Ok(info)
    }

    /// Comes into a group call.
    pub(crate) async fn join_group_call(
        self: &Rc<Self>,
        call: CallAddress,
        chat: ChatId,
        is_muted: bool,
    ) -> Result<GroupCallInfo, Error> {
        self.group_calls.check_room(call.id)?;
        // A source is a number that nobody else in the call has, and not zero.
        let source = i32::from_le_bytes(random()?) | 1;
        let join =
            async |connection: &crate::telegram::Connection| connection.join_group_call(call, chat, is_muted, source).await;
        let info = self.once("phone.joinGroupCall", join).await?;
        self.group_calls.joined(call, source);
        Ok(info)
    }

    /// Leaves a group call.
    pub(crate) async fn leave_group_call(&self, id: i64) -> Result<(), Error> {
        let (call, source) = self.group_calls.find(id)?;
        let source = source.unwrap_or_default();
        self.once("phone.leaveGroupCall", async |connection| connection.leave_group_call(call, source).await).await?;
        self.group_calls.left(id);
        Ok(())
    }

    /// Mutes the account in a group call, or lets it be heard. Saying the same twice is no error.
    pub(crate) async fn mute_in_group_call(&self, id: i64, is_muted: bool) -> Result<(), Error> {
        let (call, _) = self.group_calls.find(id)?;
        let mute = async |connection: &crate::telegram::Connection| connection.mute_in_group_call(call, is_muted).await;
        self.repeatable("phone.editGroupCallParticipant", mute).await
    }

    /// A page of those who take part in a group call.
    pub(crate) async fn group_call_participants(
        &self,
        call: CallAddress,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<GroupCallPage, Error> {
        let list = async |connection: &crate::telegram::Connection| connection.group_call_participants(call, cursor, limit).await;
        self.repeatable("phone.getGroupParticipants", list).await
    }
}
