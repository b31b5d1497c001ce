//! The reference that people read, made from the catalogue: docs/api/README.md.

use std::fmt::Write;

use vasya_actors::catalogue::Catalogue;
use vasya_actors::events::{EndReason, EventName};
use vasya_actors::operation::{Access, Declaration};

const INTRODUCTION: &str = include_str!("../docs/api/parts/introduction.md");
const CONVENTIONS: &str = include_str!("../docs/api/parts/conventions.md");
const EVENTS: &str = include_str!("../docs/api/parts/events.md");

/// The reference, in Markdown.
pub fn document(catalogue: &Catalogue) -> String {
    let mut text = format!("{INTRODUCTION}\n## Operations\n\n| operation | route | who | effect |\n|---|---|---|---|\n");
    for entry in catalogue.entries() {
        let Declaration { name, path, method, effect, access, .. } = entry.declaration();
        let effect = format!("{effect:?}").to_lowercase();
        let _writing_to_text_cannot_fail =
            writeln!(text, "| `{name}` | {} {path} | {} | {effect} |", method.name(), who(*access));
    }
    text.push('\n');
    text.push_str(CONVENTIONS);
    text.push('\n');
    text.push_str(EVENTS);
    let line = |text: &mut String, name: &str, meaning: &str| {
        let _writing_to_text_cannot_fail = writeln!(text, "| `{name}` | {meaning} |");
    };
    text.push_str("\n| event | when |\n|---|---|\n");
    EventName::ALL.iter().for_each(|name| line(&mut text, name.as_str(), name.description()));
    text.push_str("\n| a stream ends with | when |\n|---|---|\n");
    EndReason::ALL.iter().for_each(|reason| line(&mut text, reason.name(), &format!("{}.", reason.detail())));
    text
}

fn who(access: Access) -> String {
    match access {
        Access::Scope(scope) => format!("`{}`", scope.name()),
        Access::Authenticated => "any token".into(),
        Access::Human(_) => "people only".into(),
        Access::Admin(_) => "administrators".into(),
    }
}
