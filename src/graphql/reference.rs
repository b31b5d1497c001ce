//! What the reference's clients rely on: its fields and types, each made of an operation of ours. `contract.graphql` is its schema, and a
//! test compares the two.
//!
//! A field that has the name of an operation's own field stands in its place, and takes what the operation takes besides.

use serde_json::{Map, Value};

/// What a field of the reference is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReferenceField {
    pub(super) name: &'static str,
    pub(super) operation: &'static str,
    /// Arguments that the operation does not have: name, type, default.
    pub(super) added: &'static [(&'static str, &'static str, Option<bool>)],
    /// Arguments of the operation that the added ones stand for; `*` for all but the account.
    pub(super) hidden: &'static [&'static str],
    /// Arguments whose type is another than the operation's own.
    pub(super) retyped: &'static [(&'static str, &'static str)],
    /// Makes the operation's arguments of those that were given.
    pub(super) prepare: fn(&mut Map<String, Value>),
    pub(super) reading: Reading,
}

/// How the operation's answer is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// As it is; of a page, the items.
    Whole,
    /// As this type, which has the same fields.
    As(&'static str),
    /// One member of it.
    Member(&'static str),
    /// That it is done.
    Done,
}

const fn field(name: &'static str, operation: &'static str) -> ReferenceField {
    ReferenceField { name, operation, added: &[], hidden: &[], retyped: &[], prepare: |_| (), reading: Reading::Whole }
}

impl ReferenceField {
    const fn reading(mut self, reading: Reading) -> Self {
        self.reading = reading;
        self
    }

    const fn retyped(mut self, retyped: &'static [(&'static str, &'static str)]) -> Self {
        self.retyped = retyped;
        self
    }

    const fn made_of(
        mut self,
        added: &'static [(&'static str, &'static str, Option<bool>)],
        hidden: &'static [&'static str],
        prepare: fn(&mut Map<String, Value>),
    ) -> Self {
        (self.added, self.hidden, self.prepare) = (added, hidden, prepare);
        self
    }
}

/// Every query and mutation of the reference.
pub(super) const FIELDS: &[ReferenceField] = &[
    field("accounts", "list_accounts"),
    field("credentialsConfigured", "get_credentials").reading(Reading::Member("configured")),
    field("chats", "list_chats").made_of(&[("live", "Boolean!", Some(false))], &["source"], source_of_chats),
    field("contacts", "get_contacts"),
    field("messages", "get_messages"),
    field("searchMessages", "search_messages").retyped(&[("q", "String!")]),
    field("globalSearch", "global_search").retyped(&[("q", "String!")]),
    field("searchAllMessages", "search_all_messages").retyped(&[("q", "String!")]),
    field("forumTopics", "get_forum_topics"),
    field("folders", "list_folders"),
    field("tabs", "get_tabs"),
    field("groupCallParticipants", "list_group_call_participants"),
    field("requestLoginCode", "request_login_code").reading(Reading::As("LoginCodeResponse")),
    field("verifyCode", "verify_login_code"),
    field("checkPassword", "submit_2fa_password"),
    field("logout", "delete_account"),
    field("updateCredentials", "set_server_credentials").reading(Reading::Done),
    field("sendMessage", "send_message"),
    field("forwardMessages", "forward_messages"),
    field("markMessagesRead", "mark_messages_read"),
    field("startLoadingChats", "start_loading_chats"),
    field("deleteAndLeaveChat", "delete_chat"),
    field("createGroup", "create_group").reading(Reading::Member("chatId")),
    field("createChannel", "create_channel").reading(Reading::Member("chatId")),
    field("saveFolder", "save_folder").made_of(&[("folder", "FolderInput!", None)], &["*"], fields_of_folder),
    field("deleteFolder", "delete_folder"),
    field("saveTabs", "save_tabs"),
    field("requestCall", "request_call"),
    field("acceptCall", "accept_call"),
    field("confirmCall", "confirm_call").retyped(&[("gB", "[Int!]!")]),
    field("discardCall", "discard_call"),
    field("createGroupCall", "create_group_call"),
    field("joinGroupCall", "join_group_call"),
    field("leaveGroupCall", "leave_group_call"),
    field("toggleGroupCallMute", "mute_group_call"),
];

fn source_of_chats(arguments: &mut Map<String, Value>) {
    if let Some(live) = arguments.remove("live") {
        let source = if live == Value::Bool(true) { "live" } else { "cache" };
        arguments.insert("source".to_owned(), source.into());
    }
}

fn fields_of_folder(arguments: &mut Map<String, Value>) {
    if let Some(Value::Object(folder)) = arguments.remove("folder") {
        for (name, value) in folder {
            arguments.entry(name).or_insert(value);
        }
    }
}

/// Types that the reference calls otherwise than the definition: definition, name.
const OBJECT_NAMES: &[(&str, &str)] = &[
    ("Account", "AccountSummary"),
    ("Folder", "FolderRecord"),
    ("FoundChat", "GlobalSearchResult"),
    ("CallInfo", "GqlCallInfo"),
    ("GroupCallInfo", "GqlGroupCallInfo"),
    ("GroupCallParticipant", "GqlGroupCallParticipant"),
    ("UserInfo", "GqlUserInfo"),
    ("LoginOutcome", "LoginPayload"),
    ("Tab", "TabRecord"),
];

const INPUT_NAMES: &[(&str, &str)] = &[("GivenTab", "TabInput")];

/// The GraphQL name of a definition.
pub(super) fn type_name(definition: &str, is_input: bool) -> String {
    let names = if is_input { INPUT_NAMES } else { OBJECT_NAMES };
    match names.iter().find(|(known, _)| *known == definition) {
        Some((_, name)) => (*name).to_owned(),
        None if is_input && !definition.ends_with("Input") => format!("{definition}Input"),
        None => definition.to_owned(),
    }
}

/// Types that have the same fields as another one: name, other.
pub(super) const COPIES: &[(&str, &str)] = &[("LoginCodeResponse", "LoginStarted")];

/// The input object that the arguments of an operation are, all but the account.
pub(super) const INPUTS_OF_OPERATIONS: &[(&str, &str)] = &[("FolderInput", "save_folder")];

/// Fields that are stricter than the definition: type, field, what it is.
pub(super) const STRICTER: &[(&str, &str, &str)] =
    &[("LoginCodeResponse", "phone", "String!"), ("FolderInput", "accountId", "String!"), ("TabInput", "accountId", "String!")];

/// The reference's subscriptions: name, whether one chat can be asked for, and the kinds of events that it gives. No kind: this server
/// has none of what it gives, and only tells of gaps.
pub(super) const SUBSCRIPTIONS: &[(&str, bool, &[&str])] = &[
    ("messageReceived", true, &["telegram:new-message"]),
    ("messageEdited", true, &["telegram:message-edited"]),
    ("messageDeleted", true, &["telegram:message-deleted"]),
    ("chatUpdated", false, &["chat-loaded", "telegram:chat-changed"]),
    ("chatsLoadingProgress", false, &["chat-loaded", "chats-loading-complete"]),
    ("connectionStatus", false, &["connection-status"]),
    ("callEvent", false, &["telegram:incoming-call", "telegram:call-state-changed", "telegram:call-signaling-data"]),
    (
        "groupCallEvent",
        false,
        &["telegram:group-call-update", "telegram:group-call-participants", "telegram:group-call-connection"],
    ),
    ("sttProgress", false, &[]),
];
