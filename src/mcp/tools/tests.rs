use std::collections::BTreeSet;

use rmcp::model::Tool;
use serde_json::{Map, Value, json};
use vasya_actors::catalogue::Catalogue;

use super::*;

/// The tools of the reference, with their arguments; those behind `?` may be left out.
const REFERENCE: &[(&str, &str)] = &[
    ("list_accounts", ""),
    ("list_chats", "accountId live?"),
    ("get_contacts", "accountId"),
    ("get_messages", "accountId chatId limit? offsetId? topicId?"),
    ("send_message", "accountId chatId text topicId?"),
    ("forward_messages", "accountId fromChatId toChatId messageIds"),
    ("mark_messages_read", "accountId chatId maxId"),
    ("search_messages", "accountId chatId query? limit?"),
    ("search_all_messages", "accountId query? limit?"),
    ("global_search", "accountId query? limit?"),
    ("get_forum_topics", "accountId chatId"),
    ("list_folders", "accountId"),
    ("start_loading_chats", "accountId"),
    ("request_login_code", "phone"),
    ("verify_login_code", "accountId code"),
    ("submit_2fa_password", "accountId password"),
    ("delete_account", "accountId"),
    ("get_account_avatar", "accountId output?"),
    ("create_group", "accountId title userIds"),
    ("create_channel", "accountId title about? isMegagroup?"),
    ("delete_chat", "accountId chatId"),
    ("get_chat_photo", "accountId chatId output?"),
    ("get_user_photos", "accountId chatId"),
    ("save_folder", "accountId id name icon? includedChatTypes? excludedChatTypes? includedChatIds? excludedChatIds? sortOrder?"),
    ("delete_folder", "accountId folderId"),
    ("get_tabs", "accountId"),
    ("save_tabs", "accountId tabs"),
    ("send_media", "accountId chatId path? data? fileName? caption? mimeType?"),
    ("download_media", "accountId chatId messageId output?"),
];

fn tools() -> Tools {
    Tools::of(&Catalogue::standard())
}

fn listed(chosen: &Chosen) -> Vec<Tool> {
    let tools = tools();
    let mut listed: Vec<Tool> = tools.all().iter().filter(|tool| chosen.has(tool)).map(|tool| tool.brief.clone()).collect();
    listed.push(search_tool());
    listed
}

/// What a list costs a model: one token for four bytes of its JSON, the usual measure of English and JSON.
fn tokens(tools: &[Tool]) -> usize {
    serde_json::to_vec(tools).unwrap().len().div_ceil(4)
}

fn arguments(tool: &Tool) -> (BTreeSet<String>, BTreeSet<String>) {
    let named = tool.input_schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    let required = tool.input_schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let required = required.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    (named.keys().cloned().collect(), required)
}

#[test]
fn the_references_tools_keep_their_names_and_arguments() {
    let tools = tools();
    for (name, wanted) in REFERENCE {
        let (tool, _) = tools.find(name).unwrap_or_else(|| panic!("{name} is gone"));
        let (named, required) = arguments(&tool.whole);
        for argument in wanted.split_whitespace() {
            let optional = argument.strip_suffix('?');
            assert!(named.contains(optional.unwrap_or(argument)), "{name}: {argument} is not among {named:?}");
        }
        // No call of the reference's lacks an argument.
        let known: BTreeSet<String> = wanted.split_whitespace().map(|name| name.trim_end_matches('?').to_owned()).collect();
        assert!(required.is_subset(&known), "{name} needs {required:?}");
        assert!(sets::DEFAULT.contains(name), "{name} is not in the default list");
    }
    assert!(sets::DEFAULT.iter().all(|name| tools.find(name).is_some()));
}

#[test]
fn lists_cost_no_more_than_they_may() {
    let (default, all) = (listed(&Chosen::Default), listed(&Chosen::All));
    println!("default: {} tools, {} tokens", default.len(), tokens(&default));
    println!("all: {} tools, {} tokens", all.len(), tokens(&all));
    for (family, _) in family::FAMILIES {
        let of_family = listed(&Chosen::read(Some(family)).unwrap());
        println!("{family}: {} tools, {} tokens", of_family.len(), tokens(&of_family));
    }
    assert!(tokens(&default) < 8_000, "the default list has {} tokens", tokens(&default));
    assert!(tokens(&all) < 60_000, "the full list has {} tokens", tokens(&all));
}

#[test]
fn every_schema_stands_by_itself() {
    for tool in tools().all() {
        for schema in [Some(&tool.whole.input_schema), tool.whole.output_schema.as_ref(), tool.brief.output_schema.as_ref()] {
            let schema = Value::Object(Map::clone(schema.unwrap()));
            assert_eq!(schema["type"], "object", "{}", tool.name());
            jsonschema::validator_for(&schema).unwrap_or_else(|error| panic!("{}: {error}", tool.name()));
        }
    }
}

#[test]
fn hints_are_true() {
    let tools = tools();
    let hints = |name: &str| tools.find(name).unwrap().0.whole.annotations.clone().unwrap();
    assert_eq!(hints("get_messages").read_only_hint, Some(true));
    assert_eq!((hints("send_message").read_only_hint, hints("send_message").destructive_hint), (Some(false), Some(false)));
    assert_eq!(hints("send_message").idempotent_hint, Some(false));
    assert_eq!((hints("delete_chat").destructive_hint, hints("delete_chat").idempotent_hint), (Some(true), Some(true)));
    for entry in Catalogue::standard().entries().iter().filter(|entry| is_tool(entry)) {
        let declaration = entry.declaration();
        assert_eq!(hints(declaration.name).read_only_hint, Some(!declaration.effect.is_mutation()), "{}", declaration.name);
    }
}

fn read(tool: &str, arguments: Value) -> Result<Prepared, Error> {
    let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
    tools().find(tool).unwrap().0.read(arguments)
}

#[test]
fn arguments_become_inputs() {
    let inputs = |tool: &str, arguments: Value| read(tool, arguments).unwrap().inputs;
    assert_eq!(inputs("search_messages", json!({ "query": "a", "chatId": "-5" })), json!({ "q": "a", "chatId": -5 }));
    assert_eq!(inputs("list_chats", json!({ "accountId": "a", "live": true })), json!({ "accountId": "a", "source": "live" }));
    assert_eq!(inputs("forward_messages", json!({ "messageIds": ["1", 2] })), json!({ "messageIds": [1, 2] }));
    let tabs = json!({ "tabs": [{ "id": "a", "visible": true, "sortOrder": "7" }] });
    assert_eq!(inputs("save_tabs", tabs), json!({ "tabs": [{ "id": "a", "visible": true, "sort_order": 7 }] }));
    assert_eq!(inputs("send_message", json!({ "text": "7" })), json!({ "text": "7" }));
    let wait = inputs(WAIT, json!({ "chatId": 5 }));
    assert_eq!(wait, json!({ "chat": 5, "types": "telegram:new-message", "waitSecs": 30 }));
}

#[test]
fn files_come_in_base64_and_from_no_path() {
    let file = json!({ "chatId": 5, "data": "aGVsbG8=", "fileName": "привет", "caption": "100%" });
    let prepared = read("send_media", file).unwrap();
    assert_eq!(prepared.body.as_deref(), Some(b"hello".as_slice()));
    let encoded = "%D0%BF%D1%80%D0%B8%D0%B2%D0%B5%D1%82";
    assert_eq!(prepared.inputs, json!({ "chatId": 5, "fileName": encoded, "caption": "100%25", "length": 5 }));
    for (arguments, field) in [
        (json!({ "path": "/etc/passwd" }), "path"),
        (json!({ "data": "?" }), "data"),
        (json!({ "data": "" }), "data"),
        (json!({}), "data"),
    ] {
        assert_eq!(read("send_media", arguments.clone()).unwrap_err().field(), Some(field), "{arguments}");
    }
    assert_eq!(read("download_media", json!({ "output": "path" })).unwrap_err().field(), Some("output"));
    assert_eq!(read("get_messages", json!({ "chat_id": 5 })).unwrap_err().field(), Some("chat_id"));
    assert_eq!(read("get_messages", json!({ "idempotencyKey": "a" })).unwrap_err().field(), Some(IDEMPOTENCY_KEY));
    assert!(read("send_message", json!({ "idempotencyKey": "a" })).unwrap().idempotency_key.is_some());
}

#[test]
fn an_album_becomes_the_same_form_each_time() {
    let files = json!([{ "data": "YQ==", "fileName": "a" }, { "data": "Yg==", "fileName": "b", "mimeType": "image/png" }]);
    let album = || read("send_album", json!({ "chatId": 5, "album": { "caption": "c" }, "files": files })).unwrap();
    let (first, again) = (album(), album());
    assert_eq!((&first.inputs, &first.body), (&again.inputs, &again.body));
    let body = String::from_utf8(first.body.unwrap()).unwrap();
    assert!(body.starts_with("--vasya-part-0\r\nContent-Disposition: form-data; name=\"album\"\r\n\r\n{\"caption\":\"c\"}\r\n"));
    assert!(body.contains("filename=\"b\"\r\nContent-Type: image/png\r\n\r\nb\r\n--vasya-part-0--"));
}

#[test]
fn errors_name_arguments_and_not_fields() {
    let tools = tools();
    let spelled = |tool: &str, error: Error| tools.find(tool).unwrap().0.spelled(error);
    let error = spelled("send_media", Error::invalid("x-file-name", "is too long"));
    assert_eq!((error.field(), error.detail()), (Some("fileName"), "fileName: is too long"));
    let error = spelled("save_tabs", Error::invalid("tabs[3].sort_order", "is too large"));
    assert_eq!(error.field(), Some("tabs[3].sortOrder"));
}

#[test]
fn tools_are_found_by_what_they_do() {
    let tools = tools();
    let found = |query: &str| {
        let search = Search::read(json!({ "query": query }).as_object().unwrap()).unwrap();
        let found = search.among(tools.all().iter());
        found["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(found("vote in a poll").contains(&"vote_poll".to_owned()), "{:?}", found("vote in a poll"));
    assert_eq!(found("pin a message").first().map(String::as_str), Some("pin_message"));
    assert!(Search::read(json!({ "query": "" }).as_object().unwrap()).is_err());
}

#[test]
fn tool_sets_are_read_from_the_address() {
    assert_eq!(Chosen::read(None).unwrap(), Chosen::Default);
    assert_eq!(Chosen::read(Some("messages,all")).unwrap(), Chosen::All);
    let both = Chosen::read(Some("default, polls"));
    assert_eq!(both.unwrap_err().field(), Some("toolsets"));
    let messages = listed(&Chosen::read(Some("messages,chats")).unwrap());
    let names: Vec<&str> = messages.iter().map(|tool| &*tool.name).collect();
    assert!(names.contains(&"vote_poll") && names.contains(&"pin_chat") && !names.contains(&"list_accounts"));
}
