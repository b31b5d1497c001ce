//! Finding tools by what they do.

use std::cmp::Reverse;

use rmcp::model::Tool;
use serde_json::{Map, Value, json};
use vasya_actors::error::Error;

use super::OneTool;

/// How many tools are told at most.
pub(super) const LIMIT_MAX: usize = 20;

const LIMIT: usize = 5;

/// The longest query, in characters.
const QUERY_CHARACTERS_MAX: usize = 200;

/// What is looked for.
#[derive(Debug)]
pub(in crate::mcp) struct Search {
    words: Vec<String>,
    limit: usize,
}

impl Search {
    /// Reads the arguments.
    ///
    /// # Errors
    /// Names the argument at fault.
    pub(in crate::mcp) fn read(arguments: &Map<String, Value>) -> Result<Self, Error> {
        let query = arguments.get("query").and_then(Value::as_str).unwrap_or_default();
        let words: Vec<String> = words(query).map(str::to_lowercase).collect();
        if words.is_empty() || query.chars().count() > QUERY_CHARACTERS_MAX {
            return Err(Error::invalid("query", format!("must have 1 to {QUERY_CHARACTERS_MAX} characters, words among them")));
        }
        let limit = match arguments.get("limit") {
            None | Some(Value::Null) => LIMIT,
            Some(limit) => {
                let limit = limit.as_u64().or_else(|| limit.as_str()?.parse().ok());
                let limit = limit.ok_or_else(|| Error::invalid("limit", format!("must be from 1 to {LIMIT_MAX}")))?;
                usize::try_from(limit).unwrap_or(LIMIT_MAX).clamp(1, LIMIT_MAX)
            }
        };
        Ok(Self { words, limit })
    }

    /// The best of these tools, as they are listed, and the set of each.
    pub(in crate::mcp) fn among<'a>(&self, tools: impl Iterator<Item = &'a OneTool>) -> Value {
        let mut found: Vec<(usize, &OneTool)> =
            tools.map(|tool| (self.fitness(tool), tool)).filter(|(fit, _)| *fit > 0).collect();
        found.sort_by_key(|(fit, _)| Reverse(*fit));
        found.truncate(self.limit);
        let told = |tool: &Tool| serde_json::to_value(tool).unwrap_or_default();
        let toolsets: Map<String, Value> = found.iter().map(|(_, tool)| (tool.name().to_owned(), tool.family.into())).collect();
        json!({ "tools": found.iter().map(|(_, tool)| told(&tool.brief)).collect::<Vec<_>>(), "toolsets": toolsets })
    }

    /// How well a tool fits: words of its name count most.
    fn fitness(&self, tool: &OneTool) -> usize {
        let (name, description) = (tool.name().to_lowercase(), tool.description().to_lowercase());
        let score = |word: &String| {
            let alike = |other: &str| {
                other == word
                    || (word.len() > 3 && (other.starts_with(word.as_str()) || word.starts_with(other) && other.len() > 3))
            };
            let in_name = if words(&name).any(alike) { 5 } else { 0 };
            let in_family = if alike(tool.family) { 2 } else { 0 };
            in_name + in_family + usize::from(words(&description).any(alike)) * 2
        };
        self.words.iter().map(score).sum()
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|symbol: char| !symbol.is_alphanumeric()).filter(|word| !word.is_empty())
}
