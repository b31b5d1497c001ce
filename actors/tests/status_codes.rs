//! `docs/status-codes.md` lists every code with its status, and no other.

use std::collections::BTreeSet;

use vasya_actors::error::Code;

const DOCUMENT: &str = include_str!("../../docs/status-codes.md");

/// The code and status of a row of the document's table, such as "| `not_found` | 404 | … |".
fn row(line: &str) -> Option<(String, u16)> {
    let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
    let name = cells.next()?.strip_prefix('`')?.strip_suffix('`')?;
    Some((name.to_owned(), cells.next()?.parse().ok()?))
}

#[test]
fn the_documented_codes_are_those_that_exist() {
    let documented: Vec<(String, u16)> = DOCUMENT.lines().filter_map(row).collect();
    let distinct: BTreeSet<_> = documented.iter().cloned().collect();
    assert_eq!(distinct.len(), documented.len(), "a code is listed twice");
    let existing: BTreeSet<_> = Code::ALL.iter().map(|code| (code.name().to_owned(), code.status())).collect();
    assert_eq!(distinct, existing);
}
