//! The control API over HTTP, at `/sandbox/v1`.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{ServerHandle, Service, ServiceRequest};
use actix_web::http::{StatusCode, header};
use actix_web::{App, HttpResponse, HttpServer, ResponseError, guard, web};
use serde::Deserialize;
use serde_json::json;

use super::{BotAnswer, Control, ControlError, NewBot, NewChat, NewMessage, NewUser, ScannedToken, Settings, Stop};
use crate::faults::Fault;
use crate::network::{Connections, NetworkDescription};

/// Where the routes are.
const BASE_PATH: &str = "/sandbox/v1";

/// The largest body, in bytes.
const BODY_BYTES_MAX: usize = 256 * 1_024;

/// A client must have sent its request by then.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection may be idle: longer than clients keep theirs, so that none sends a request on one that is just being closed.
const KEEP_ALIVE: Duration = Duration::from_secs(120);

/// Connections that may be open at once.
const CONNECTIONS_MAX: usize = 256;

impl ResponseError for ControlError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status_code()).json(json!({ "error": self.to_string() }))
    }
}

type World = web::Data<dyn Control>;
type Answer = Result<HttpResponse, ControlError>;

/// What the handlers share.
struct Shared {
    description: NetworkDescription,
    connections: Connections,
    stop: Stop,
}

/// Serves the control API on a listener until it is stopped by the handle.
///
/// # Errors
/// When the listener cannot be used.
pub fn serve(
    listener: TcpListener,
    world: Arc<dyn Control>,
    connections: Connections,
    description: NetworkDescription,
    stop: Stop,
) -> io::Result<(actix_web::dev::Server, ServerHandle)> {
    let world: World = web::Data::from(world);
    let shared = web::Data::new(Shared { description, connections, stop });
    let server = HttpServer::new(move || {
        let bad_json = |error: actix_web::error::JsonPayloadError, _: &_| ControlError::Invalid(error.to_string()).into();
        App::new()
            .app_data(world.clone())
            .app_data(shared.clone())
            .app_data(web::JsonConfig::default().limit(BODY_BYTES_MAX).content_type_required(false).error_handler(bad_json))
            .wrap_fn(count_call)
            .service(web::scope(BASE_PATH).guard(guard::fn_guard(names_loopback)).configure(routes))
            // The network's own URL works as a base as well.
            .service(web::scope("").guard(guard::fn_guard(names_loopback)).configure(routes))
            .default_service(web::to(|| async { Answer::Err(ControlError::NotFound("there is nothing here".into())) }))
    })
    .workers(1)
    .max_connections(CONNECTIONS_MAX)
    .client_request_timeout(REQUEST_TIMEOUT)
    .keep_alive(KEEP_ALIVE)
    .disable_signals()
    .listen(listener)?
    .run();
    let handle = server.handle();
    Ok((server, handle))
}

/// Notes that somebody uses the network.
fn count_call<S: Service<ServiceRequest>>(request: ServiceRequest, service: &S) -> S::Future {
    if let Some(shared) = request.app_data::<web::Data<Shared>>() {
        shared.stop.count_call();
    }
    service.call(request)
}

/// A page that a browser shows must not reach the control API under a name of its own.
fn names_loopback(context: &guard::GuardContext<'_>) -> bool {
    let host = context.head().headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/health", web::get().to(|| async { HttpResponse::Ok().json(json!({ "status": "ok" })) }))
        .route("/network", web::get().to(network))
        .route("/network/drop", web::post().to(drop_connections))
        .route("/network/silence", web::post().to(silence_connections))
        .route("/network/stop", web::post().to(stop))
        .route("/users", web::post().to(create_user))
        .route("/users/{phone}/code", web::get().to(login_code))
        .route("/users/{phone}/revoke-sessions", web::post().to(revoke_sessions))
        .route("/bots", web::post().to(create_bot))
        .route("/bots/{bot}/answer", web::put().to(prepare_bot))
        .route("/bots/{bot}/answer", web::delete().to(release_bot))
        .route("/login-tokens/accept", web::post().to(accept_login_token))
        .route("/settings", web::put().to(set_settings))
        .route("/users/{phone}/premium", web::put().to(set_premium))
        .route("/files/expire-references", web::post().to(expire_file_references))
        .route("/messages", web::post().to(post_message))
        .route("/messages", web::get().to(messages))
        .route("/chats", web::post().to(create_chat))
        .route("/clock/advance", web::post().to(advance_clock))
        .route("/faults", web::post().to(arm))
        .route("/faults", web::get().to(faults))
        .route("/faults", web::delete().to(clear_faults))
        .route("/requests", web::get().to(requests));
}

async fn network(shared: web::Data<Shared>) -> HttpResponse {
    HttpResponse::Ok().json(&shared.description)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whose {
    #[serde(default)]
    user: Option<String>,
}

fn whose(body: &web::Bytes) -> Result<Option<String>, ControlError> {
    if body.is_empty() {
        return Ok(None);
    }
    let whose: Whose = serde_json::from_slice(body).map_err(|error| ControlError::Invalid(error.to_string()))?;
    Ok(whose.user)
}

async fn drop_connections(shared: web::Data<Shared>, body: web::Bytes) -> Answer {
    let dropped = shared.connections.drop_of(whose(&body)?.as_deref());
    Ok(HttpResponse::Ok().json(json!({ "dropped": dropped })))
}

async fn silence_connections(shared: web::Data<Shared>, body: web::Bytes) -> Answer {
    let silenced = shared.connections.silence_of(whose(&body)?.as_deref());
    Ok(HttpResponse::Ok().json(json!({ "silenced": silenced })))
}

async fn stop(shared: web::Data<Shared>) -> HttpResponse {
    shared.stop.request();
    HttpResponse::Accepted().finish()
}

async fn create_user(world: World, user: web::Json<NewUser>) -> Answer {
    Ok(HttpResponse::Created().json(world.create_user(user.into_inner()).await?))
}

async fn create_bot(world: World, bot: web::Json<NewBot>) -> Answer {
    Ok(HttpResponse::Created().json(world.create_bot(bot.into_inner()).await?))
}

async fn prepare_bot(world: World, bot: web::Path<i64>, answer: web::Json<BotAnswer>) -> Answer {
    world.prepare_bot(bot.into_inner(), Some(answer.into_inner()))?;
    Ok(HttpResponse::NoContent().finish())
}

async fn release_bot(world: World, bot: web::Path<i64>) -> Answer {
    world.prepare_bot(bot.into_inner(), None)?;
    Ok(HttpResponse::NoContent().finish())
}

async fn accept_login_token(world: World, scanned: web::Json<ScannedToken>) -> Answer {
    world.accept_login_token(scanned.into_inner()).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn set_settings(world: World, settings: web::Json<Settings>) -> Answer {
    world.set_settings(settings.into_inner())?;
    Ok(HttpResponse::NoContent().finish())
}

async fn login_code(world: World, phone: web::Path<String>) -> Answer {
    Ok(HttpResponse::Ok().json(world.login_code(&phone)?))
}

async fn revoke_sessions(world: World, phone: web::Path<String>) -> Answer {
    let revoked = world.revoke_sessions(&phone).await?;
    Ok(HttpResponse::Ok().json(json!({ "revoked": revoked })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Premium {
    premium: bool,
}

async fn set_premium(world: World, phone: web::Path<String>, body: web::Json<Premium>) -> Answer {
    world.set_premium(&phone, body.premium).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn expire_file_references(world: World) -> Answer {
    world.expire_file_references().await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn post_message(world: World, message: web::Json<NewMessage>) -> Answer {
    Ok(HttpResponse::Created().json(world.post_message(message.into_inner()).await?))
}

#[derive(Deserialize)]
struct Conversation {
    user: String,
    peer: String,
}

async fn messages(world: World, query: web::Query<Conversation>) -> Answer {
    let messages = world.messages(&query.user, &query.peer)?;
    Ok(HttpResponse::Ok().json(json!({ "count": messages.len(), "messages": messages })))
}

async fn create_chat(world: World, chat: web::Json<NewChat>) -> Answer {
    Ok(HttpResponse::Created().json(world.create_chat(chat.into_inner()).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: i32,
}

async fn advance_clock(world: World, advance: web::Json<Advance>) -> Answer {
    Ok(HttpResponse::Ok().json(world.advance_clock(advance.seconds).await?))
}

async fn arm(world: World, fault: web::Json<Fault>) -> Answer {
    world.arm(fault.into_inner())?;
    Ok(HttpResponse::Created().json(json!({ "faults": world.faults() })))
}

async fn faults(world: World) -> Answer {
    Ok(HttpResponse::Ok().json(json!({ "faults": world.faults() })))
}

async fn clear_faults(world: World) -> Answer {
    world.clear_faults();
    Ok(HttpResponse::NoContent().finish())
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    user: Option<String>,
}

async fn requests(world: World, query: web::Query<Asked>) -> Answer {
    let requests = world.requests(query.method.as_deref(), query.user.as_deref())?;
    Ok(HttpResponse::Ok().json(json!({ "requests": requests })))
}
