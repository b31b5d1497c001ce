//! Bodies of bytes: read while the call that takes them is at work, no faster than it takes them.

use std::future::Future;
use std::pin::pin;

use actix_web::http::header;
use actix_web::{HttpRequest, web};
use futures::StreamExt;
use tokio::time::timeout;
use vasya_actors::error::{Code, Error};
use vasya_actors::gateway::Reply;
use vasya_actors::stream::ByteSender;

use super::arguments::BodyLimits;

/// Makes a call and hands it the request's body. The call may end before the body does; what is left of it is not read then.
pub(super) async fn call_while_reading(
    calling: impl Future<Output = Reply>,
    request: &HttpRequest,
    payload: web::Payload,
    sender: ByteSender,
    limits: BodyLimits,
) -> Reply {
    let mut calling = pin!(calling);
    let reading = pin!(hand_on(request, payload, sender, limits));
    tokio::select! {
        biased;
        reply = &mut calling => reply,
        () = reading => calling.await,
    }
}

async fn hand_on(request: &HttpRequest, mut payload: web::Payload, sender: ByteSender, limits: BodyLimits) {
    let too_large = || Error::new(Code::PayloadTooLarge, format!("The body may have at most {} bytes", limits.bytes_max));
    let declared = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|length| length > limits.bytes_max) {
        return sender.fail(too_large()).await;
    }
    let mut read = 0_usize;
    loop {
        let piece = match timeout(limits.within, payload.next()).await {
            Ok(None) => return sender.end().await,
            Ok(Some(Ok(piece))) => piece,
            Ok(Some(Err(_))) => return sender.fail(Error::new(Code::BadRequest, "The body did not arrive whole")).await,
            Err(_) => {
                let late = format!("The next piece of the body must arrive within {} s", limits.within.as_secs());
                return sender.fail(Error::new(Code::RequestTimeout, late)).await;
            }
        };
        read = read.saturating_add(piece.len());
        if read > limits.bytes_max {
            return sender.fail(too_large()).await;
        }
        if sender.send(piece).await.is_err() {
            return;
        }
    }
}
