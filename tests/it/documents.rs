//! The routes without a token, the document that describes the others, and what is answered where there is nothing.

use reqwest::Method;
use serde_json::{Value, json};
use vasya_actors::catalogue::Catalogue;
use vasya_actors::operation::Declaration;

use crate::harness::{Sandbox, send};

const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/api/openapi.json");

#[test]
fn the_kept_openapi_document_is_up_to_date() {
    let kept = std::fs::read_to_string(KEPT).unwrap_or_default();
    let made = format!("{}\n", serde_json::to_string_pretty(&vasya_server::openapi::document(&Catalogue::standard())).unwrap());
    assert!(kept == made, "docs/api/openapi.json is stale: cargo run -- openapi > docs/api/openapi.json");
}

#[test]
fn the_kept_reference_is_up_to_date() {
    let kept = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/api/README.md")).unwrap_or_default();
    let made = vasya_server::reference::document(&Catalogue::standard());
    assert!(kept == made, "docs/api/README.md is stale: cargo run -- reference > docs/api/README.md");
}

#[test]
fn every_operation_is_described_and_every_reference_leads_somewhere() {
    let document = vasya_server::openapi::document(&Catalogue::standard());
    for entry in Catalogue::standard().entries() {
        let declaration = entry.declaration();
        let described = &document["paths"][format!("/api/v1{}", declaration.path)][declaration.method.name().to_lowercase()];
        assert_eq!(described["operationId"], declaration.name);
        assert!(described["responses"][declaration.success.to_string()].is_object(), "{}", declaration.name);
    }
    let mut values = vec![&document];
    while let Some(value) = values.pop() {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    let target = document.pointer(reference.trim_start_matches('#'));
                    assert!(target.is_some(), "{reference} leads nowhere");
                }
                values.extend(members.values());
            }
            Value::Array(items) => values.extend(items),
            _ => {}
        }
    }
}

/// The arguments that the examples of an operation's parameters and body make, by the names of its fields.
fn example_arguments(declaration: &Declaration, operation: &Value) -> Value {
    let mut arguments = operation["requestBody"]["content"]["application/json"]["example"].clone();
    if let Some(field) = declaration.body_field {
        arguments = json!({ field: arguments });
    }
    if arguments.is_null() {
        arguments = json!({});
    }
    for parameter in operation["parameters"].as_array().unwrap() {
        let spelled = declaration.query_spellings.iter().chain(declaration.header_fields);
        let name = parameter["name"].as_str().unwrap();
        let field = spelled.into_iter().find(|(spelling, _)| *spelling == name).map_or(name, |(_, field)| field);
        if !parameter["example"].is_null() && arguments[field].is_null() {
            arguments[field] = parameter["example"].clone();
        }
    }
    arguments
}

#[test]
fn the_example_of_every_operation_is_one_that_it_takes() {
    let catalogue = Catalogue::standard();
    let document = vasya_server::openapi::document(&catalogue);
    let mut faults = Vec::new();
    for entry in catalogue.entries() {
        let declaration = entry.declaration();
        let operation = &document["paths"][format!("/api/v1{}", declaration.path)][declaration.method.name().to_lowercase()];
        let arguments = example_arguments(declaration, operation);
        if let Err(error) = entry.decode(arguments.clone()) {
            faults.push(format!("{}: {error} in {arguments}", declaration.name));
        }
    }
    assert!(faults.is_empty(), "give the fields an example in src/openapi/example.rs:\n{}", faults.join("\n"));
}

#[test]
fn every_status_that_a_code_of_the_walk_has_is_documented_and_every_operation_has_a_family() {
    let document = vasya_server::openapi::document(&Catalogue::standard());
    let families: Vec<&Value> = document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    for entry in Catalogue::standard().entries() {
        let declaration = entry.declaration();
        let operation = &document["paths"][format!("/api/v1{}", declaration.path)][declaration.method.name().to_lowercase()];
        assert!(families.contains(&&operation["tags"][0]), "{}", declaration.name);
        for status in [declaration.success, 400, 401, 429, 500, 503] {
            assert!(operation["responses"][status.to_string()].is_object(), "{}: {status}", declaration.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_for_people_needs_nothing_from_elsewhere() {
    let sandbox = Sandbox::start().await;
    let api = sandbox.api().without_token();
    let page = api.get("/docs").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.header("content-security-policy").starts_with("default-src 'none'; style-src 'self'"));
    let text = page.text();
    for outside in ["src=\"", "<script", "href=\"http", "@import"] {
        assert!(!text.contains(outside), "{outside}");
    }
    assert!(text.contains("id=\"send_message\"") && text.contains("href=\"#send_message\""));
    let anchors: Vec<&str> = text.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    for link in text.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(anchors.contains(&link), "{link} leads nowhere");
    }
    let mut unique = anchors.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), anchors.len(), "an anchor is there twice");
    let style = api.get("/docs/style.css").await;
    assert_eq!((style.status, style.header("content-type")), (200, "text/css; charset=utf-8"));
    assert!(style.text().contains("prefers-color-scheme: dark"));
}

#[tokio::test(flavor = "multi_thread")]
async fn service_routes_need_no_token_and_the_rest_of_the_paths_is_refused_in_order() {
    let sandbox = Sandbox::start().await;
    let api = sandbox.api().without_token();
    assert_eq!(api.get("/health").await.expect(200), json!({ "status": "ok" }));
    let ready = api.get("/ready").await.expect(200);
    assert_eq!(ready, json!({ "ready": true, "audit": true, "store": true, "accountsTotal": 1 }));
    assert_eq!(api.get("/openapi.json").await.expect(200), vasya_server::openapi::document(&Catalogue::standard()));
    let head = send(api.request(Method::HEAD, "/health")).await;
    assert_eq!((head.status, head.body.len()), (200, 0));

    assert_eq!(api.get("/nothing/here").await.code(), "not_found");
    let refused = send(api.request(Method::PATCH, "/agent-keys")).await;
    assert_eq!((refused.status, refused.code()), (405, "method_not_allowed".into()));
    assert_eq!(refused.header("allow"), "POST, GET");
    assert_eq!(send(api.request(Method::DELETE, "/health")).await.status, 405);
    for answer in [api.get("/health").await, api.get("/nothing").await, api.get("/me").await] {
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-request-id").len(), 32);
    }
    let named = send(api.request(Method::GET, "/me").header("x-request-id", "my-request_1")).await;
    assert_eq!((named.header("x-request-id"), named.json()["requestId"].as_str()), ("my-request_1", Some("my-request_1")));
    let unfit = send(api.request(Method::GET, "/me").header("x-request-id", "<script>")).await;
    assert_ne!(unfit.header("x-request-id"), "<script>");
}
