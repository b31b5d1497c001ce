//! Calls in groups: beginning, joining, leaving and muting them, and who takes part. No audio is carried here.

use grammers_tl_types::{enums, functions, types};
use schemars::JsonSchema;
use serde::Serialize;

use super::convert::{self, Met};
use super::phone_calls::CallAddress;
use super::{ChatId, Connection, TelegramError};
use crate::runtime::now_secs;

/// Somebody who was heard so many seconds ago still speaks.
const SPEAKING_SECS: i64 = 3;

/// Where a group call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroupCallState {
    /// Nothing happens.
    Idle,
    /// It is being begun.
    Creating,
    /// The account is coming in.
    Joining,
    /// It goes on.
    Active,
    /// The account is going.
    Leaving,
}

/// A group call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupCallInfo {
    /// Its id.
    pub call_id: i64,
    /// What shows that one was told of it.
    pub access_hash: i64,
    /// The chat that it is in.
    pub chat_id: ChatId,
    /// Where it is.
    pub state: GroupCallState,
    /// Its title, if it has one of its own.
    pub title: Option<String>,
    /// How many take part.
    pub participants_count: i32,
    /// Whether the account may begin to send video.
    pub can_start_video: bool,
}

/// Somebody who takes part in a group call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupCallParticipant {
    /// Who: a user, or a chat in its own name.
    pub user_id: ChatId,
    /// The name.
    pub name: Option<String>,
    /// Whether nothing is heard of them.
    pub is_muted: bool,
    /// Whether it is the account itself.
    pub is_self: bool,
    /// Whether they were heard just now.
    pub is_speaking: bool,
    /// How loud they are for the account, in hundredths of a per cent.
    pub volume: Option<i32>,
    /// Whether they may unmute themselves.
    pub can_self_unmute: bool,
    /// Whether they came with video.
    pub video_joined: bool,
    /// What they say of themselves.
    pub about: Option<String>,
    /// Whether they ask to speak: the larger, the earlier.
    pub raise_hand_rating: Option<i64>,
    /// The source of their audio.
    pub source: i32,
}

/// A page of those who take part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct GroupCallPage {
    participants: Vec<GroupCallParticipant>,
    #[serde(skip)]
    #[schemars(skip)]
    next_cursor: Option<String>,
}

impl GroupCallPage {
    /// Those who take part, to take some away.
    pub(crate) fn participants_mut(&mut self) -> &mut Vec<GroupCallParticipant> {
        &mut self.participants
    }

    /// Where the next page begins, if there is one.
    pub fn next_cursor(&self) -> Option<String> {
        self.next_cursor.clone()
    }
}

/// Something that Telegram tells of a group call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupCallNews {
    /// Of which.
    pub address: CallAddress,
    /// Whether it is over.
    pub is_over: bool,
}

impl Connection {
    /// Begins a group call.
    ///
    /// # Errors
    /// [`TelegramError::ChatNotFound`], [`TelegramError::NotAGroup`], what Telegram refuses ([`TelegramError::Refused`]), or what any call can meet.
    pub async fn create_group_call(
        &self,
        chat: ChatId,
        title: Option<String>,
        random_id: i32,
    ) -> Result<GroupCallInfo, TelegramError> {
        check_group(chat)?;
        let peer = self.input_peer(chat).await?;
        let request = functions::phone::CreateGroupCall { rtmp_stream: false, peer, random_id, title, schedule_date: None };
        let updates = self.invoke(&request).await?;
        self.told_group_call(updates, chat, None).await?.ok_or(TelegramError::Unexpected("no group call has begun"))
    }

    /// Comes into a group call as oneself, under a source of audio that nobody else has. Nothing can be heard or said: there is no audio
    /// here, so the parameters name no key with which any could be sent.
    ///
    /// # Errors
    /// As [`Connection::create_group_call`].
    pub async fn join_group_call(
        &self,
        call: CallAddress,
        chat: ChatId,
        is_muted: bool,
        source: i32,
    ) -> Result<GroupCallInfo, TelegramError> {
        check_group(chat)?;
        let parameters = serde_json::json!({
            "ufrag": random_text()?,
            "pwd": random_text()?,
            "fingerprints": [],
            "ssrc": source,
        });
        let request = functions::phone::JoinGroupCall {
            muted: is_muted,
            video_stopped: true,
            call: input(call),
            join_as: enums::InputPeer::PeerSelf,
            invite_hash: None,
            public_key: None,
            block: None,
            params: types::DataJson { data: parameters.to_string() }.into(),
        };
        let updates = self.invoke(&request).await?;
        if let Some(told) = self.told_group_call(updates, chat, Some(call.id)).await? {
            return Ok(told);
        }
        let request = functions::phone::GetGroupCall { call: input(call), limit: 1 };
        let enums::phone::GroupCall::Call(found) = self.invoke(&request).await?;
        self.remember(&Met::new(found.users, found.chats)).await?;
        info(&found.call, chat).ok_or(TelegramError::Unexpected("a group call that is over was joined"))
    }

    /// Leaves a group call.
    ///
    /// # Errors
    /// As [`Connection::create_group_call`].
    pub async fn leave_group_call(&self, call: CallAddress, source: i32) -> Result<(), TelegramError> {
        self.invoke(&functions::phone::LeaveGroupCall { call: input(call), source }).await.map(|_| ())
    }

    /// Mutes oneself in a group call, or lets oneself be heard.
    ///
    /// # Errors
    /// As [`Connection::create_group_call`].
    pub async fn mute_in_group_call(&self, call: CallAddress, is_muted: bool) -> Result<(), TelegramError> {
        let request = functions::phone::EditGroupCallParticipant {
            call: input(call),
            participant: enums::InputPeer::PeerSelf,
            muted: Some(is_muted),
            volume: None,
            raise_hand: None,
            video_stopped: None,
            video_paused: None,
            presentation_paused: None,
        };
        self.invoke(&request).await.map(|_| ())
    }

    /// A page of those who take part in a group call, from a cursor of the page before.
    ///
    /// # Errors
    /// As [`Connection::create_group_call`].
    pub async fn group_call_participants(
        &self,
        call: CallAddress,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<GroupCallPage, TelegramError> {
        let request = functions::phone::GetGroupParticipants {
            call: input(call),
            ids: Vec::new(),
            sources: Vec::new(),
            offset: cursor.map(offset_of).transpose()?.unwrap_or_default(),
            limit: i32::try_from(limit).unwrap_or(i32::MAX),
        };
        let found = self.invoke(&request).await.map_err(TelegramError::of_cursor)?;
        let enums::phone::GroupParticipants::Participants(found) = found;
        let met = Met::new(found.users, found.chats);
        self.remember(&met).await?;
        let now = i64::try_from(now_secs()).unwrap_or(i64::MAX);
        let participants =
            found.participants.iter().map(|enums::GroupCallParticipant::Participant(one)| participant(one, &met, now));
        let next_cursor = Some(found.next_offset).filter(|offset| !offset.is_empty()).map(hex::encode);
        Ok(GroupCallPage { participants: participants.collect(), next_cursor })
    }

    /// The group call that updates tell of, if they do.
    async fn told_group_call(
        &self,
        updates: enums::Updates,
        chat: ChatId,
        id: Option<i64>,
    ) -> Result<Option<GroupCallInfo>, TelegramError> {
        let (updates, met) = match updates {
            enums::Updates::Updates(told) => (told.updates, Met::new(told.users, told.chats)),
            enums::Updates::Combined(told) => (told.updates, Met::new(told.users, told.chats)),
            enums::Updates::UpdateShort(told) => (vec![told.update], Met::new(Vec::new(), Vec::new())),
            _ => return Ok(None),
        };
        self.remember(&met).await?;
        let mut told = updates.iter().filter_map(|update| match update {
            enums::Update::GroupCall(told) => info(&told.call, chat),
            _ => None,
        });
        Ok(told.rfind(|told| id.is_none_or(|id| id == told.call_id)))
    }
}

fn check_group(chat: ChatId) -> Result<(), TelegramError> {
    if chat.value() > 0 { Err(TelegramError::NotAGroup) } else { Ok(()) }
}

/// Telegram's own name for a place in the list, which may hold anything, as a cursor holds it.
fn offset_of(cursor: &str) -> Result<String, TelegramError> {
    let bytes = hex::decode(cursor).map_err(|_| TelegramError::InvalidCursor)?;
    String::from_utf8(bytes).map_err(|_| TelegramError::InvalidCursor)
}

fn input(call: CallAddress) -> enums::InputGroupCall {
    types::InputGroupCall { id: call.id, access_hash: call.access_hash }.into()
}

/// Text that nobody can guess, as WebRTC names its ends by.
fn random_text() -> Result<String, TelegramError> {
    let mut bytes = [0u8; 12];
    getrandom::fill(&mut bytes).map_err(|_| TelegramError::Unexpected("the system gives no randomness"))?;
    Ok(hex::encode(bytes))
}

/// A group call that goes on.
fn info(call: &enums::GroupCall, chat_id: ChatId) -> Option<GroupCallInfo> {
    let enums::GroupCall::Call(call) = call else { return None };
    Some(GroupCallInfo {
        call_id: call.id,
        access_hash: call.access_hash,
        chat_id,
        state: GroupCallState::Active,
        title: call.title.clone(),
        participants_count: call.participants_count,
        can_start_video: call.can_start_video,
    })
}

/// What Telegram tells of a group call.
pub(super) fn news(call: &enums::GroupCall) -> GroupCallNews {
    let (id, access_hash, is_over) = match call {
        enums::GroupCall::Call(call) => (call.id, call.access_hash, false),
        enums::GroupCall::Discarded(call) => (call.id, call.access_hash, true),
    };
    GroupCallNews { address: CallAddress { id, access_hash }, is_over }
}

fn participant(one: &types::GroupCallParticipant, met: &Met, now: i64) -> GroupCallParticipant {
    let user_id = convert::chat_of(&one.peer);
    let heard_just_now = one.active_date.is_some_and(|date| i64::from(date).saturating_add(SPEAKING_SECS) >= now);
    GroupCallParticipant {
        user_id,
        name: met.name(user_id).filter(|name| !name.is_empty()),
        is_muted: one.muted,
        is_self: one.is_self,
        is_speaking: !one.muted && heard_just_now,
        volume: one.volume,
        can_self_unmute: one.can_self_unmute,
        video_joined: one.video_joined,
        about: one.about.clone().filter(|about| !about.is_empty()),
        raise_hand_rating: one.raise_hand_rating,
        source: one.source,
    }
}
