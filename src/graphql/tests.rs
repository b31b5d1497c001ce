//! The schema as a whole.

use std::collections::{BTreeMap, BTreeSet};

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{InputValueDefinition, TypeKind, TypeSystemDefinition};
use vasya_actors::catalogue::Catalogue;

use super::*;

/// What the reference's clients rely on.
const CONTRACT: &str = include_str!("contract.graphql");

fn graphql() -> GraphQl {
    GraphQl::of(&Catalogue::standard(), None, &GraphQlConfiguration::default()).expect("a schema")
}

/// Every line of a schema: `Type.field`, `Type.field(argument)`, with its type and default.
fn lines(sdl: &str) -> BTreeMap<String, String> {
    let mut lines = BTreeMap::new();
    for definition in parse_schema(sdl).expect("a schema").definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let name = definition.node.name.node;
        match definition.node.kind {
            TypeKind::Scalar => _ = lines.insert(name.to_string(), "scalar".to_owned()),
            TypeKind::Object(object) => {
                for field in object.fields {
                    let place = format!("{name}.{}", field.node.name.node);
                    for argument in field.node.arguments {
                        lines.insert(format!("{place}({})", argument.node.name.node), input(&argument.node));
                    }
                    lines.insert(place, field.node.ty.node.to_string());
                }
            }
            TypeKind::InputObject(object) => {
                for field in object.fields {
                    lines.insert(format!("{name}.{}", field.node.name.node), input(&field.node));
                }
            }
            other => panic!("the schema has {other:?}"),
        }
    }
    lines
}

fn input(value: &InputValueDefinition) -> String {
    let default = value.default_value.as_ref().map(|default| format!(" = {}", default.node));
    format!("{}{}", value.ty.node, default.unwrap_or_default())
}

/// Where a value has 64 bits, and `Int` of the reference is `Long` here: the one difference that is allowed.
const LONGS: &[&str] = &[
    "Chat.id",
    "FolderInput.excludedChatIds",
    "FolderInput.includedChatIds",
    "FolderRecord.excludedChatIds",
    "FolderRecord.includedChatIds",
    "ForumTopic.iconEmojiId",
    "GlobalMessageResult.chatId",
    "GlobalMessageResult.date",
    "GlobalSearchResult.id",
    "GqlCallInfo.accessHash",
    "GqlCallInfo.callId",
    "GqlCallInfo.peerUserId",
    "GqlGroupCallInfo.accessHash",
    "GqlGroupCallInfo.callId",
    "GqlGroupCallInfo.chatId",
    "GqlGroupCallParticipant.raiseHandRating",
    "GqlGroupCallParticipant.userId",
    "GqlUserInfo.id",
    "MediaInfo.fileSize",
    "Message.chatId",
    "Message.date",
    "Message.fromUserId",
    "MutationRoot.acceptCall(callId)",
    "MutationRoot.confirmCall(callId)",
    "MutationRoot.createChannel",
    "MutationRoot.createGroup",
    "MutationRoot.createGroup(userIds)",
    "MutationRoot.createGroupCall(chatId)",
    "MutationRoot.deleteAndLeaveChat(chatId)",
    "MutationRoot.discardCall(callId)",
    "MutationRoot.forwardMessages(fromChatId)",
    "MutationRoot.forwardMessages(toChatId)",
    "MutationRoot.joinGroupCall(accessHash)",
    "MutationRoot.joinGroupCall(callId)",
    "MutationRoot.joinGroupCall(chatId)",
    "MutationRoot.leaveGroupCall(callId)",
    "MutationRoot.markMessagesRead(chatId)",
    "MutationRoot.requestCall(userId)",
    "MutationRoot.sendMessage(chatId)",
    "MutationRoot.toggleGroupCallMute(callId)",
    "QueryRoot.forumTopics(chatId)",
    "QueryRoot.groupCallParticipants(accessHash)",
    "QueryRoot.groupCallParticipants(callId)",
    "QueryRoot.messages(chatId)",
    "QueryRoot.searchMessages(chatId)",
    "SubscriptionRoot.messageDeleted(chatId)",
    "SubscriptionRoot.messageEdited(chatId)",
    "SubscriptionRoot.messageReceived(chatId)",
];

#[test]
fn the_reference_is_served_to_the_letter() {
    let (wanted, served) = (lines(CONTRACT), lines(graphql().sdl().expect("a schema")));
    let mut longs = BTreeSet::new();
    let mut faults = Vec::new();
    for (place, wanted) in &wanted {
        match served.get(place) {
            Some(found) if found == wanted => {}
            Some(found) if *found == wanted.replace("Int", "Long") => _ = longs.insert(place.as_str()),
            found => faults.push(format!("{place} is {found:?}, not {wanted}")),
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(longs, LONGS.iter().copied().collect());
}

#[test]
fn every_operation_is_a_field_and_what_is_not_is_made_of_bytes_or_events() {
    let catalogue = Catalogue::standard();
    let served = lines(graphql().sdl().expect("a schema"));
    let mut left_out = Vec::new();
    for entry in catalogue.entries() {
        let declaration = entry.declaration();
        if !is_field(declaration) {
            left_out.push(declaration.name);
            continue;
        }
        let root = if declaration.effect.is_mutation() { MUTATION } else { QUERY };
        let place = format!("{root}.{}", shape::camel_case(declaration.name));
        assert!(served.contains_key(&place), "{place} is not served");
    }
    // docs/api/parts/graphql.md lists them.
    let documented = include_str!("../../docs/api/parts/graphql.md");
    for name in left_out {
        assert!(documented.contains(&format!("`{name}`")), "docs/api/parts/graphql.md does not say that {name} is left out");
    }
}

#[test]
fn arguments_of_operations_are_all_served() {
    let catalogue = Catalogue::standard();
    let types = Types::of(catalogue.entries().iter().filter(|entry| is_field(entry.declaration())));
    for entry in catalogue.entries().iter().filter(|entry| is_field(entry.declaration())) {
        let mut generator = schemars::generate::SchemaSettings::draft2020_12().into_generator();
        let schema = entry.input_schema(&mut generator).to_value();
        let name = entry.declaration().name;
        let is_whole = ["oneOf", "anyOf", "allOf"].iter().all(|choice| schema.get(*choice).is_none());
        assert!(is_whole, "{name}: fields that only some of its variants have are no arguments");
        if let Some(properties) = schema.get("properties").and_then(serde_json::Value::as_object) {
            assert_eq!(types.signatures[name].arguments.len(), properties.len(), "{name}");
        }
    }
}
