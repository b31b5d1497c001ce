//! Tools, made out of the catalogue: one for each operation that answers once, and two that are nobody's operation by that name,
//! `wait_for_message` and `search_tools`.
//!
//! Names and arguments are those of the reference's tools where it has them (`spelling`), and in the same manner elsewhere.

mod arguments;
mod result;
mod schema;
mod search;
mod sets;
mod spelling;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use rmcp::model::{Tool, ToolAnnotations};
use serde_json::{Map, Value, json};
use vasya_actors::catalogue::Catalogue;
use vasya_actors::error::Error;
use vasya_actors::operation::{Access, Declaration, Effect, Entry, Repetition};

use crate::openapi::family;

pub(super) use arguments::Prepared;
pub(super) use result::{Replied, refused};
pub(super) use search::Search;
pub(super) use sets::Chosen;

/// The tool that finds tools.
pub const SEARCH: &str = "search_tools";

/// The tool that waits for messages.
pub const WAIT: &str = "wait_for_message";

/// The operation that [`WAIT`] is.
const WAITS_BY: &str = "poll_events";

/// The argument by which a change is made once, however often it is asked for.
pub const IDEMPOTENCY_KEY: &str = "idempotencyKey";

/// One tool.
#[derive(Debug)]
pub(super) struct OneTool {
    /// What is listed where tools are many: outputs are told in outline.
    pub(super) brief: Tool,
    /// What is listed where a tool is asked for.
    pub(super) whole: Tool,
    pub(super) family: &'static str,
    /// The operation that it is.
    pub(super) operation: &'static str,
    pub(super) access: Access,
    fields: arguments::Fields,
}

/// All tools of a catalogue.
#[derive(Debug)]
pub(super) struct Tools {
    catalogue: Catalogue,
    tools: Vec<OneTool>,
    by_name: BTreeMap<String, usize>,
}

impl Tools {
    /// The tools of a catalogue, in its order.
    pub(super) fn of(catalogue: &Catalogue) -> Self {
        let mut tools: Vec<OneTool> = catalogue.entries().iter().filter(|entry| is_tool(entry)).map(of_operation).collect();
        tools.extend(catalogue.find(WAITS_BY).map(waiting));
        let by_name = tools.iter().enumerate().map(|(place, tool)| (tool.name().to_owned(), place)).collect();
        Self { catalogue: catalogue.clone(), tools, by_name }
    }

    /// All of them.
    pub(super) fn all(&self) -> &[OneTool] {
        &self.tools
    }

    /// The tool with this name, and its operation.
    pub(super) fn find(&self, name: &str) -> Option<(&OneTool, &Entry)> {
        let tool = self.by_name.get(name).and_then(|place| self.tools.get(*place))?;
        Some((tool, self.catalogue.find(tool.operation)?))
    }
}

impl OneTool {
    /// What is to be decoded.
    ///
    /// # Errors
    /// Names the argument at fault.
    pub(super) fn read(&self, arguments: Map<String, Value>) -> Result<Prepared, Error> {
        self.fields.read(arguments)
    }

    /// An error of the operation, in the words of the tool.
    pub(super) fn spelled(&self, error: Error) -> Error {
        self.fields.spelled(error)
    }

    pub(super) fn name(&self) -> &str {
        &self.whole.name
    }

    /// What it does, in a sentence.
    pub(super) fn description(&self) -> &str {
        self.whole.description.as_deref().unwrap_or_default()
    }
}

/// A stream of events has no end, so no tool answers with it.
fn is_tool(entry: &Entry) -> bool {
    !entry.declaration().gives_events
}

fn of_operation(entry: &Entry) -> OneTool {
    let declaration = entry.declaration();
    let fields = arguments::Fields::of(entry);
    let input = fields.schema();
    made(declaration, declaration.name, declaration.summary.to_owned(), fields, input, entry)
}

/// Waiting for messages is reading events, of one kind and with patience.
fn waiting(entry: &Entry) -> OneTool {
    let declaration = entry.declaration();
    let fields = arguments::Fields::of(entry).waiting();
    let input = fields.schema();
    let description = "Wait for new messages, in all chats or in one. Pass the nextCursor of the answer before as cursor, so that nothing \
                       is missed; without it, the wait begins now. Empty items: nothing came in time.";
    made(declaration, WAIT, description.to_owned(), fields, input, entry)
}

fn made(
    declaration: &'static Declaration,
    name: &'static str,
    description: String,
    fields: arguments::Fields,
    input: Map<String, Value>,
    entry: &Entry,
) -> OneTool {
    let tool = Tool::new(name, description, input).with_annotations(annotations(declaration));
    let whole = tool.clone().with_raw_output_schema(schema::output(entry, schema::Detail::Whole).into());
    let mut brief = tool;
    let mut input = Map::clone(&brief.input_schema);
    input.remove("additionalProperties");
    brief.input_schema = input.into();
    let brief = brief.with_raw_output_schema(schema::output(entry, schema::Detail::Outline).into());
    let (family, access) = (family::of(declaration), declaration.access);
    OneTool { brief, whole, family, operation: declaration.name, access, fields }
}

/// What may be thought of a tool without trying it: no more than is declared of its operation.
fn annotations(declaration: &Declaration) -> ToolAnnotations {
    let reads = declaration.effect == Effect::Read;
    let annotations = ToolAnnotations::new().read_only(reads).open_world(reaches_out(declaration));
    if reads {
        return annotations.idempotent(true);
    }
    annotations.destructive(declaration.effect == Effect::Destructive).idempotent(declaration.repetition == Repetition::Harmless)
}

/// Whether it deals with Telegram or the web, and not with what this server keeps alone.
fn reaches_out(declaration: &Declaration) -> bool {
    !["administration", "events", family::SERVICE].contains(&family::of(declaration))
}

/// The tool that finds tools.
pub(super) fn search_tool() -> Tool {
    let input = json!({
        "type": "object",
        "properties": {
            "query": { "type": "string", "description": "What is to be done, in a few words." },
            "limit": { "type": "integer", "minimum": 1, "maximum": search::LIMIT_MAX, "description": "How many: 5 if absent." },
        },
        "required": ["query"],
        "additionalProperties": false,
    });
    let output = json!({
        "type": "object",
        "properties": { "tools": { "type": "array", "items": { "type": "object" } }, "toolsets": { "type": "object" }, "problem": { "type": "object" } },
    });
    let (Value::Object(input), Value::Object(output)) = (input, output) else { return Tool::default() };
    let description = "Find tools that are not listed, with their arguments. What is found can be called by its name, and is listed when \
                       the address has ?toolsets= with its tool set.";
    Tool::new(SEARCH, description, input)
        .with_raw_output_schema(output.into())
        .with_annotations(ToolAnnotations::new().read_only(true).idempotent(true).open_world(false))
}
