//! The routes that need no token: health, readiness, and what describes all others.

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
            web::resource("/docs").route(web::route().guard(reads()).to(reference)).default_service(method_not_allowed(&["GET"])),
        )
        .service(
            web::resource("/docs/style.css")
                .route(web::route().guard(reads()).to(style))
                .default_service(method_not_allowed(&["GET"])),
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

/// The page needs its style and nothing else; no script runs on it, and no other page may frame it.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const STYLE: &str = include_str!("docs.css");

async fn reference(edge: web::Data<Edge>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((header::CONTENT_SECURITY_POLICY, PAGE_POLICY))
        .body(edge.reference.clone())
}

async fn style() -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "text/css; charset=utf-8")).body(STYLE)
}

async fn openapi(edge: web::Data<Edge>) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "application/json")).body(edge.openapi.clone())
}
