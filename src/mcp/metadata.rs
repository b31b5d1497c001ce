//! How clients learn where to be let in: protected-resource metadata (RFC 9728) and the challenges that name it.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;
use vasya_actors::scope::Scope;

use super::{Mcp, PATH};

/// Where the metadata of the whole server is, and of [`PATH`] (RFC 9728, section 3.1).
pub(super) const PATHS: [&str; 2] = ["/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"];

/// What a client is told to ask for to begin with.
const FIRST_SCOPES: &str = "accounts:read chats:read messages:read";

/// Where the server is reached, as the configuration says or else the request.
fn base_url(request: &HttpRequest, mcp: &Mcp) -> String {
    let named = || {
        let info = request.connection_info();
        // The header itself and not what proxies add to it, which any client can write.
        let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_else(|| info.host());
        let fit = |host: &&str| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte));
        format!("http://{}", Some(host).filter(fit).unwrap_or("localhost"))
    };
    mcp.public_url.clone().unwrap_or_else(named)
}

/// Where the metadata of [`PATH`] is.
pub(super) fn url(request: &HttpRequest, mcp: &Mcp) -> String {
    format!("{}{}", base_url(request, mcp), PATHS[1])
}

/// The challenge to a request without a valid token (RFC 6750, section 3; RFC 9728, section 5.1).
pub(super) fn challenge(metadata_url: &str) -> String {
    format!("Bearer resource_metadata=\"{metadata_url}\", scope=\"{FIRST_SCOPES}\"")
}

/// The challenge to a request whose token lacks a scope.
pub(super) fn insufficient_scope(metadata_url: &str, scope: &str) -> String {
    format!(
        "Bearer error=\"insufficient_scope\", scope=\"{scope}\", resource_metadata=\"{metadata_url}\", \
         error_description=\"Missing scope: {scope}\""
    )
}

/// The metadata.
pub(super) async fn serve(request: HttpRequest, mcp: web::Data<Mcp>) -> HttpResponse {
    let scopes: Vec<&str> = Scope::ALL.iter().map(|scope| scope.name()).collect();
    HttpResponse::Ok().json(json!({
        "resource": format!("{}{PATH}", base_url(&request, &mcp)),
        "resource_name": "vasya-server",
        "scopes_supported": scopes,
        "bearer_methods_supported": ["header"],
    }))
}
