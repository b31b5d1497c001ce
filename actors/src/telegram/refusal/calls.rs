//! Calls, of two people and in groups.

use super::RefusalClass::{Conflict, Internal, Invalid, NotFound, NotModified, NotPermitted};
use super::{Refusal, row};

pub(super) static TABLE: &[Refusal] = &[
    row(Conflict, "CALL_ALREADY_ACCEPTED", "The call was accepted already"),
    row(NotFound, "CALL_ALREADY_DECLINED", "The account has no such call, or it is over"),
    row(Conflict, "CALL_OCCUPY_FAILED", "The account is in another call"),
    row(NotFound, "CALL_PEER_INVALID", "The account has no such call, or it is over"),
    row(Invalid, "CALL_PROTOCOL_FLAGS_INVALID", "The call's protocol is not acceptable"),
    row(Invalid, "CALL_PROTOCOL_LAYER_INVALID", "The other's app is too old or too new for this call"),
    row(Invalid, "CALL_PROTOCOL_COMPAT_LAYER_INVALID", "The other's app is too old for this call"),
    row(Conflict, "PARTICIPANT_VERSION_OUTDATED", "The other's app is too old for calls"),
    row(Invalid, "DH_G_A_INVALID", "The call's key is not acceptable"),
    row(Internal, "PARTICIPANT_CALL_FAILED", "Telegram could not begin the call: try again"),
    row(Internal, "CREATE_CALL_FAILED", "Telegram could not begin the call: try again"),
    row(NotFound, "GROUPCALL_INVALID", "There is no such group call"),
    row(NotFound, "GROUP_CALL_INVALID", "There is no such group call"),
    row(Conflict, "GROUPCALL_ALREADY_DISCARDED", "The group call is over"),
    row(Conflict, "GROUPCALL_ALREADY_STARTED", "The group call has begun already"),
    row(NotModified, "GROUPCALL_NOT_MODIFIED", "The group call is so already"),
    row(Conflict, "GROUPCALL_JOIN_MISSING", "The account is not in this group call: join first"),
    row(Conflict, "PARTICIPANT_JOIN_MISSING", "The account is not in this group call: join first"),
    row(Conflict, "GROUPCALL_SSRC_DUPLICATE_MUCH", "The group call has this stream already: join again"),
    row(NotPermitted, "GROUPCALL_FORBIDDEN", "The group call is over, or not open to this account"),
    row(NotPermitted, "BROADCAST_CALLS_DISABLED", "The channel does not permit this in calls"),
    row(Internal, "GROUPCALL_ADD_PARTICIPANTS_FAILED", "Telegram could not add people to the group call: try again"),
    row(Invalid, "USER_VOLUME_INVALID", "The volume is not acceptable"),
    row(Invalid, "DATA_JSON_INVALID", "The call's parameters are not acceptable"),
];
