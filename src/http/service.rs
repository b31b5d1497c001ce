//! The routes that need no token: health, readiness, and the document that describes all others.

use actix_web::http::header;
use actix_web::{HttpResponse, guard, web};
use serde_json::json;

use super::Edge;
use super::rest::method_not_allowed;

/// The routes without a token. Each answers GET and HEAD.
pub(super) fn mount(config: &mut web::ServiceConfig) {
    let reads = || guard::Any(guard::Get()).or(guard::Head());
    config
        .service(
            web::resource("/health").route(web::route().guard(reads()).to(health)).default_service(method_not_allowed(&["GET"])),
        )
        .service(
            web::resource("/ready").route(web::route().guard(reads()).to(ready)).default_service(method_not_allowed(&["GET"])),
        )
        .service(
            web::resource("/openapi.json")
                .route(web::route().guard(reads()).to(openapi))
                .default_service(method_not_allowed(&["GET"])),
        );
}

/// The process answers.
async fn health() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// The server can do its work: 503 if it cannot.
async fn ready(edge: web::Data<Edge>) -> HttpResponse {
    let readiness = edge.gateway.readiness();
    let mut response = if readiness.ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    response.json(json!({
        "ready": readiness.ready,
        "audit": readiness.audit,
        "store": readiness.store,
        "accountsTotal": readiness.accounts_total,
    }))
}

async fn openapi(edge: web::Data<Edge>) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "application/json")).body(edge.openapi.clone())
}
