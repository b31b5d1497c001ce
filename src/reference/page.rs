//! The reference as a page that needs nothing from elsewhere, with the status codes.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};
use vasya_actors::catalogue::Catalogue;

use super::{document, slug};

const STATUS_CODES: &str = include_str!("../../docs/status-codes.md");

const HEAD: &str = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
    <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\">\
    <title>vasya-server: the interface</title><link rel=\"stylesheet\" href=\"docs/style.css\"></head><body><main>\n";

/// The reference in HTML; its style is at `docs/style.css`.
pub fn page(catalogue: &Catalogue) -> String {
    let markdown = format!("{}\n{STATUS_CODES}", document(catalogue));
    let mut events = within_the_page(Parser::new_ext(&markdown, Options::ENABLE_TABLES));
    name_headings(&mut events);
    let mut body = String::from(HEAD);
    html::push_html(&mut body, events.into_iter());
    body.push_str("</main></body></html>\n");
    body
}

/// Leads links between the documents to their places on the page. What is not on it is named without a link.
fn within_the_page<'a>(parsed: impl Iterator<Item = Event<'a>>) -> Vec<Event<'a>> {
    let mut is_left_out = false;
    let mut events = Vec::new();
    for event in parsed {
        match event {
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                let (file, anchor) = dest_url.split_once('#').unwrap_or((&dest_url, ""));
                let dest_url = match (file, anchor) {
                    ("../status-codes.md", "") => "#status-codes".into(),
                    ("../status-codes.md", anchor) => format!("#{anchor}").into(),
                    _ => dest_url,
                };
                is_left_out = dest_url.ends_with(".md");
                if !is_left_out {
                    events.push(Event::Start(Tag::Link { link_type, dest_url, title, id }));
                }
            }
            Event::End(TagEnd::Link) if is_left_out => {}
            event => events.push(event),
        }
    }
    events
}

/// Gives each heading the anchor that forges give it, so that the same links work in both places.
fn name_headings(events: &mut [Event<'_>]) {
    for at in 0..events.len() {
        let Some((Event::Start(Tag::Heading { id, .. }), rest)) = events.get_mut(at..).and_then(<[_]>::split_first_mut) else {
            continue;
        };
        let words = rest.iter().take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))));
        let words: String = words
            .filter_map(|event| match event {
                Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
                _ => None,
            })
            .collect();
        *id = Some(slug(&words).into());
    }
}
