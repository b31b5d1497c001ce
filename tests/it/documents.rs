//! The routes without a token, the document that describes the others, and what is answered where there is nothing.

use reqwest::Method;
use serde_json::{Value, json};
use vasya_actors::catalogue::Catalogue;

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
