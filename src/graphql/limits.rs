//! What a document costs, told before it is validated or run, and without ever following a fragment twice.

use std::collections::HashMap;

use async_graphql::Name;
use async_graphql::parser::types::{ExecutableDocument, OperationDefinition, Selection, SelectionSet};

use crate::config::GraphQlConfiguration;

/// How deep brackets and selections may be within each other. Standard introspection needs less than half of it.
const NESTING_MAX: usize = 64;

/// Selections that a document may come to for each field that it may have: spreads and inline fragments cost little, but not nothing.
const SELECTIONS_PER_FIELD: usize = 4;

/// How many lists of the introspection may be within each other: each multiplies the answer by the size of the schema.
const INTROSPECTION_LISTS_MAX: usize = 3;

/// A limit that a document exceeds: a sentence for its author.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Exceeded {
    /// There are too many words, numbers, texts and signs.
    #[error("The document has more than {0} tokens")]
    Tokens(usize),
    /// Brackets or selections are too deep within each other.
    #[error("The document is nested deeper than {NESTING_MAX} levels")]
    Nesting,
    /// Fields are too deep within each other.
    #[error("Fields are nested {0} deep: at most {1}")]
    Depth(usize, usize),
    /// There are too many fields, those of fragments counted wherever they are spread.
    #[error("The operation has more than {0} fields")]
    Complexity(usize),
    /// There are too many aliases.
    #[error("The operation has {0} aliases: at most {1}")]
    Aliases(usize, usize),
    /// There are too many directives.
    #[error("The operation has {0} directives: at most {1}")]
    Directives(usize, usize),
    /// Lists of the introspection are within each other.
    #[error("Introspection may go through {INTROSPECTION_LISTS_MAX} lists within each other")]
    Introspection,
    /// A fragment contains itself.
    #[error("The fragment {0} contains itself")]
    Cycle(Name),
}

/// Counts what a document is made of, before it is parsed: the parser need not hold what would be refused.
///
/// # Errors
/// [`Exceeded::Tokens`] or [`Exceeded::Nesting`].
pub(super) fn scan(text: &str, tokens_max: usize) -> Result<(), Exceeded> {
    let bytes = text.as_bytes();
    let at = |place: usize| bytes.get(place).copied().unwrap_or_default();
    let (mut place, mut tokens, mut depth) = (0, 0_usize, 0_usize);
    while place < bytes.len() {
        let byte = at(place);
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' | b',' => {
                place += 1;
                continue;
            }
            b'#' => {
                place += bytes.iter().skip(place).take_while(|byte| !matches!(byte, b'\n' | b'\r')).count();
                continue;
            }
            b'"' => place = end_of_text(bytes, place),
            b'{' | b'[' | b'(' => {
                depth += 1;
                place += 1;
            }
            b'}' | b']' | b')' => {
                depth = depth.saturating_sub(1);
                place += 1;
            }
            _ if is_word(byte) => place += bytes.iter().skip(place).take_while(|byte| is_word(**byte)).count(),
            _ => place += 1,
        }
        tokens += 1;
        if tokens > tokens_max {
            return Err(Exceeded::Tokens(tokens_max));
        }
        if depth > NESTING_MAX {
            return Err(Exceeded::Nesting);
        }
    }
    Ok(())
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'.')
}

/// The place behind a text that begins at `start`: a string, or a block string in three quotes.
fn end_of_text(bytes: &[u8], start: usize) -> usize {
    let quotes_at = |place: usize| bytes.get(place..place + 3) == Some(b"\"\"\"".as_slice());
    let is_block = quotes_at(start);
    let mut place = if is_block { start + 3 } else { start + 1 };
    while let Some(byte) = bytes.get(place) {
        match byte {
            b'\\' => place += 2,
            b'"' if is_block && !quotes_at(place) => place += 1,
            b'"' => return place + if is_block { 3 } else { 1 },
            b'\n' | b'\r' if !is_block => return place,
            _ => place += 1,
        }
    }
    bytes.len()
}

/// What a selection set comes to, with all that it spreads.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    fields: usize,
    selections: usize,
    depth: usize,
    aliases: usize,
    directives: usize,
    /// Lists of the introspection within each other.
    lists: usize,
}

impl Cost {
    fn add(&mut self, other: Cost) {
        self.fields = self.fields.saturating_add(other.fields);
        self.selections = self.selections.saturating_add(other.selections);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
        self.depth = self.depth.max(other.depth);
        self.lists = self.lists.max(other.lists);
    }
}

struct Measure<'a> {
    document: &'a ExecutableDocument,
    limits: &'a GraphQlConfiguration,
    /// Fragments that were measured; none for one that is being measured.
    fragments: HashMap<&'a Name, Option<Cost>>,
}

/// Refuses an operation that exceeds a limit.
///
/// # Errors
/// The first limit that is exceeded.
pub(super) fn check(
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    limits: &GraphQlConfiguration,
) -> Result<(), Exceeded> {
    let mut measure = Measure { document, limits, fragments: HashMap::new() };
    let cost = measure.set(&operation.selection_set.node, 0)?;
    let directives = cost.directives.saturating_add(operation.directives.len());
    if cost.fields > limits.complexity_max {
        return Err(Exceeded::Complexity(limits.complexity_max));
    }
    if cost.depth > limits.depth_max {
        return Err(Exceeded::Depth(cost.depth, limits.depth_max));
    }
    if cost.aliases > limits.aliases_max {
        return Err(Exceeded::Aliases(cost.aliases, limits.aliases_max));
    }
    if directives > limits.directives_max {
        return Err(Exceeded::Directives(directives, limits.directives_max));
    }
    Ok(())
}

impl<'a> Measure<'a> {
    fn set(&mut self, set: &'a SelectionSet, level: usize) -> Result<Cost, Exceeded> {
        if level > NESTING_MAX {
            return Err(Exceeded::Nesting);
        }
        let mut cost = Cost::default();
        for selection in &set.items {
            let mut one = match &selection.node {
                Selection::Field(field) => {
                    let mut inner = self.set(&field.node.selection_set.node, level + 1)?;
                    let name = field.node.name.node.as_str();
                    if name.starts_with("__") && inner.lists > INTROSPECTION_LISTS_MAX {
                        return Err(Exceeded::Introspection);
                    }
                    inner.fields = inner.fields.saturating_add(1);
                    inner.depth = inner.depth.saturating_add(1);
                    inner.lists += usize::from(matches!(name, "fields" | "inputFields" | "interfaces" | "possibleTypes"));
                    inner.aliases = inner.aliases.saturating_add(usize::from(field.node.alias.is_some()));
                    inner
                }
                Selection::InlineFragment(fragment) => self.set(&fragment.node.selection_set.node, level + 1)?,
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node, level + 1)?,
            };
            one.selections = one.selections.saturating_add(1);
            one.directives = one.directives.saturating_add(selection.node.directives().len());
            cost.add(one);
            if cost.selections > self.limits.complexity_max.saturating_mul(SELECTIONS_PER_FIELD) {
                return Err(Exceeded::Complexity(self.limits.complexity_max));
            }
        }
        Ok(cost)
    }

    fn fragment(&mut self, name: &'a Name, level: usize) -> Result<Cost, Exceeded> {
        match self.fragments.get(name) {
            Some(Some(cost)) => return Ok(*cost),
            Some(None) => return Err(Exceeded::Cycle(name.clone())),
            None => {}
        }
        // One that is not there is the validation's matter.
        let Some(fragment) = self.document.fragments.get(name) else { return Ok(Cost::default()) };
        self.fragments.insert(name, None);
        let cost = self.set(&fragment.node.selection_set.node, level)?;
        self.fragments.insert(name, Some(cost));
        Ok(cost)
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use proptest::prelude::*;

    use super::*;

    fn checked(text: &str) -> Result<(), Exceeded> {
        let document = parse_query(text).unwrap();
        let limits = GraphQlConfiguration::default();
        document.operations.iter().try_for_each(|(_, operation)| check(&document, &operation.node, &limits))
    }

    fn repeated(count: usize, what: impl Fn(usize) -> String) -> String {
        (0..count).map(what).collect()
    }

    #[test]
    fn each_limit_is_kept_to_the_field() {
        let nested = |depth: usize| format!("{}{}", "{ a ".repeat(depth), "}".repeat(depth));
        assert_eq!(checked(&nested(20)), Ok(()));
        assert_eq!(checked(&nested(21)), Err(Exceeded::Depth(21, 20)));
        assert_eq!(checked(&format!("{{ {} }}", repeated(500, |n| format!("a{n} ")))), Ok(()));
        assert_eq!(checked(&format!("{{ {} }}", repeated(501, |n| format!("a{n} ")))), Err(Exceeded::Complexity(500)));
        assert_eq!(checked(&format!("{{ {} }}", repeated(50, |n| format!("a{n}: b ")))), Ok(()));
        assert_eq!(checked(&format!("{{ {} }}", repeated(51, |n| format!("a{n}: b ")))), Err(Exceeded::Aliases(51, 50)));
        assert_eq!(checked(&format!("{{ a {} }}", "@x ".repeat(50))), Ok(()));
        assert_eq!(checked(&format!("{{ a {} }}", "@x ".repeat(51))), Err(Exceeded::Directives(51, 50)));
    }

    #[test]
    fn fragments_that_multiply_are_refused_without_following_them() {
        let bomb = repeated(40, |n| format!("fragment f{n} on A {{ ...f{} ...f{} }} ", n + 1, n + 1));
        assert_eq!(checked(&format!("{{ ...f0 }} {bomb} fragment f40 on A {{ a }}")), Err(Exceeded::Complexity(500)));
        assert_eq!(checked("{ ...f } fragment f on A { a { ...f } }"), Err(Exceeded::Cycle(Name::new("f"))));
    }

    #[test]
    fn introspection_may_not_multiply() {
        assert_eq!(checked("{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }"), Ok(()));
        let deeper = "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }";
        assert_eq!(checked(deeper), Err(Exceeded::Introspection));
    }

    #[test]
    fn tokens_are_counted_outside_of_texts_and_comments() {
        assert_eq!(scan(r#"{ a(b: "c d { e \" f") } # g h {"#, 8), Ok(()));
        assert_eq!(scan("{ a(b: \"\"\"c \" { d\"\"\") }", 8), Ok(()));
        assert_eq!(scan("{ a b }", 3), Err(Exceeded::Tokens(3)));
        assert_eq!(scan(&"[".repeat(65), 1_000), Err(Exceeded::Nesting));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_scan_panic(text in "[\\PC\"\\\\{}#\n]{0,200}") {
            let _any = scan(&text, 50);
        }
    }
}
