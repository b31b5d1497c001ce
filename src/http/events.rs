//! Events as Server-Sent Events (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).

use std::io::Write;

use actix_web::body::BoxBody;
use actix_web::http::header;
use actix_web::{HttpResponse, web};
use futures::{Stream, StreamExt};
use serde_json::json;
use vasya_actors::events::{Event, EventStream, StreamItem};

/// How long a client waits before it connects again, in milliseconds.
const RETRY_MS: u32 = 3_000;

/// The last event of a stream.
const END: &str = "stream-end";

/// A stream of events as an HTTP answer.
pub(super) fn response(stream: EventStream) -> HttpResponse<BoxBody> {
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // Tells nginx and its kind not to hold pieces back.
        .insert_header(("x-accel-buffering", "no"))
        .streaming(pieces(stream))
}

fn pieces(stream: EventStream) -> impl Stream<Item = Result<web::Bytes, std::convert::Infallible>> {
    let retry = futures::stream::iter([Ok(web::Bytes::from(format!("retry: {RETRY_MS}\n")))]);
    let rest = futures::stream::unfold(stream, async |mut stream| {
        let item = stream.next().await?;
        Some((Ok(piece(&item).into()), stream))
    });
    retry.chain(rest)
}

/// One piece of a stream. An `id` alone moves the place that a client resumes from, and a comment is ignored.
fn piece(item: &StreamItem) -> Vec<u8> {
    let mut piece = Vec::new();
    match item {
        StreamItem::Events(events) => events.iter().for_each(|event| add(&mut piece, event)),
        StreamItem::Heartbeat(cursor) => piece.extend_from_slice(format!(": heartbeat\nid: {cursor}\n\n").as_bytes()),
        StreamItem::End(reason, cursor) => {
            let data = json!({ "reason": reason.name(), "detail": reason.detail(), "cursor": cursor });
            piece.extend_from_slice(format!("event: {END}\nid: {cursor}\ndata: {data}\n\n").as_bytes());
        }
    }
    piece
}

fn add(piece: &mut Vec<u8>, event: &Event) {
    piece.reserve(event.payload().len() + 96);
    piece.extend_from_slice(b"event: ");
    piece.extend_from_slice(event.name().as_str().as_bytes());
    if let Some(cursor) = event.cursor() {
        let _writing_to_memory_cannot_fail = write!(piece, "\nid: {cursor}");
    }
    piece.extend_from_slice(b"\ndata: ");
    piece.extend_from_slice(event.payload());
    piece.extend_from_slice(b"\n\n");
}
