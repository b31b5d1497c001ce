//! What the web framework does by itself, with the bytes of one of the server's answers.

use actix::{Actor, Arbiter, Context, Handler, Message};
use actix_web::dev::ServerHandle;
use actix_web::{App, HttpResponse, HttpServer, web};

use crate::error::BenchError;

/// Asks for the answer.
struct Ask;

impl Message for Ask {
    type Result = web::Bytes;
}

/// Has the answer, on a thread of its own.
struct Keeper(web::Bytes);

impl Actor for Keeper {
    type Context = Context<Self>;
}

impl Handler<Ask> for Keeper {
    type Result = actix::MessageResult<Ask>;

    fn handle(&mut self, _: Ask, _: &mut Self::Context) -> Self::Result {
        actix::MessageResult(self.0.clone())
    }
}

/// A web server with the two handlers `/bare` and `/hop`. It ends when it is stopped.
pub(crate) struct Yardstick {
    /// Where it is, without a path.
    pub(crate) url: String,
    handle: ServerHandle,
    thread: std::thread::JoinHandle<()>,
}

impl Yardstick {
    /// Serves `answer`.
    pub(crate) async fn start(answer: String) -> Result<Self, BenchError> {
        let (sender, started) = tokio::sync::oneshot::channel();
        let thread = std::thread::spawn(move || actix_web::rt::System::new().block_on(serve(answer.into(), sender)));
        let ended = || BenchError::io("starting the yardstick", std::io::ErrorKind::Other.into());
        let (url, handle) = started.await.map_err(|_| ended())??;
        Ok(Self { url, handle, thread })
    }

    /// Stops it.
    pub(crate) async fn stop(self) {
        self.handle.stop(true).await;
        let _a_panic_was_printed = tokio::task::spawn_blocking(|| self.thread.join()).await;
    }
}

type Started = Result<(String, ServerHandle), BenchError>;

async fn serve(answer: web::Bytes, started: tokio::sync::oneshot::Sender<Started>) {
    let kept = answer.clone();
    let arbiter = Arbiter::new();
    let keeper = Keeper::start_in_arbiter(&arbiter.handle(), move |_| Keeper(kept));
    let json = |bytes: web::Bytes| HttpResponse::Ok().content_type("application/json").body(bytes);
    let app = move || {
        let (answer, keeper) = (answer.clone(), keeper.clone());
        let bare = web::get().to(move || std::future::ready(json(answer.clone())));
        let hop = web::get().to(move || {
            let asked = keeper.send(Ask);
            async move { asked.await.map_or_else(|_| HttpResponse::InternalServerError().finish(), json) }
        });
        App::new().route("/bare", bare).route("/hop", hop)
    };
    let bound = HttpServer::new(app).disable_signals().bind(("127.0.0.1", 0));
    let io = |source| BenchError::io("starting the yardstick", source);
    match bound {
        Err(error) => drop(started.send(Err(io(error)))),
        Ok(server) => {
            let url = server.addrs().first().map(|address| format!("http://{address}")).unwrap_or_default();
            let server = server.run();
            if started.send(Ok((url, server.handle()))).is_ok() {
                let _it_was_stopped = server.await;
            }
        }
    }
    arbiter.stop();
}
