//! A client of the event stream, as the standard says that one works.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;

use super::{Answer, Api, LIMIT, send};

/// One event of a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    pub name: String,
    pub id: Option<String>,
    pub data: Value,
}

/// A stream that is open.
pub struct EventStream {
    response: Response,
    buffer: Vec<u8>,
    /// The last id that was seen, also of a piece without an event.
    pub last_id: Option<String>,
    pub retry: Option<u64>,
}

impl EventStream {
    /// Opens a stream, from after `last_id` if it is given.
    pub async fn open(api: &Api, query: &str, last_id: Option<&str>) -> Self {
        let mut request = api.request(Method::GET, &format!("/events{query}")).timeout(LIMIT * 5);
        if let Some(id) = last_id {
            request = request.header("last-event-id", id);
        }
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), 200, "the stream is opened");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let last_id = last_id.map(str::to_owned);
        Self { response, buffer: Vec::new(), last_id, retry: None }
    }

    /// What is answered: of a stream that is opened, its beginning.
    pub async fn first_piece(request: RequestBuilder) -> Answer {
        let mut response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = match status {
            200 => response.chunk().await.expect("a body").unwrap_or_default(),
            _ => response.bytes().await.expect("a body"),
        };
        Answer { status, headers, body: body.to_vec() }
    }

    /// What is answered where no stream is opened.
    pub async fn refused(api: &Api, query: &str) -> Answer {
        let answer = send(api.request(Method::GET, &format!("/events{query}"))).await;
        assert_ne!(answer.status, 200, "a stream was opened");
        answer
    }

    /// Waits for the first piece, so that everything that happens from now on is told.
    pub async fn begun(mut self) -> Self {
        while self.last_id.is_none() {
            self.piece().await.expect("a first piece");
        }
        self
    }

    /// One piece: an event, or nothing but an id or a comment.
    async fn piece(&mut self) -> Option<Option<Told>> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\n\n") {
                let piece: Vec<u8> = self.buffer.drain(..end + 2).collect();
                return Some(self.parse(std::str::from_utf8(&piece).expect("text")));
            }
            self.buffer.extend_from_slice(&self.response.chunk().await.ok()??);
        }
    }

    fn parse(&mut self, piece: &str) -> Option<Told> {
        let (mut name, mut id, mut data) = (None, None, None);
        for line in piece.lines().filter(|line| !line.is_empty() && !line.starts_with(':')) {
            let (field, value) = line.split_once(": ").unwrap_or_else(|| panic!("{line:?} is no field"));
            match field {
                "event" => name = Some(value.to_owned()),
                "id" => id = Some(value.to_owned()),
                "data" => data = Some(serde_json::from_str(value).expect("JSON")),
                "retry" => self.retry = value.parse().ok(),
                other => panic!("{other:?} is no field of an event"),
            }
        }
        if id.is_some() {
            self.last_id.clone_from(&id);
        }
        Some(Told { name: name?, id, data: data? })
    }

    /// The next event; `None` when the stream has ended.
    pub async fn next(&mut self) -> Option<Told> {
        let next = async {
            loop {
                if let Some(told) = self.piece().await? {
                    return Some(told);
                }
            }
        };
        tokio::time::timeout(LIMIT, next).await.expect("something is told")
    }

    /// The next event with this name.
    pub async fn next_named(&mut self, name: &str) -> Told {
        loop {
            let told = self.next().await.unwrap_or_else(|| panic!("the stream ended before {name}"));
            if told.name == name {
                return told;
            }
        }
    }

    /// New messages with a text until there are as many; gaps fail it.
    pub async fn messages(&mut self, count: usize) -> Vec<Told> {
        let mut messages = Vec::new();
        while messages.len() < count {
            let told = self.next().await.unwrap_or_else(|| panic!("the stream ended after {} messages", messages.len()));
            assert_ne!(told.name, "gap", "{told:?}");
            if told.name == "telegram:new-message" && told.data["text"].is_string() {
                messages.push(told);
            }
        }
        messages
    }

    /// Whether nothing but connection news comes for a while. Use it only where something wrong would come at once.
    pub async fn is_quiet(&mut self, within: Duration) -> bool {
        tokio::time::timeout(within, async {
            loop {
                match self.piece().await {
                    Some(Some(told)) if told.name.starts_with("telegram:") => return,
                    Some(_) => {}
                    None => return,
                }
            }
        })
        .await
        .is_err()
    }
}

/// The texts of messages.
pub fn texts(messages: &[Told]) -> Vec<String> {
    messages.iter().map(|told| told.data["text"].as_str().expect("a text").to_owned()).collect()
}
