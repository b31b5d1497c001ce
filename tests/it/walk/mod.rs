//! The walk: every operation of the catalogue, called in every way that must work or must be refused, over each transport.
//!
//! For each operation it tries, with the inputs of the operation's *row*:
//!
//! 1. without a token: 401;
//! 2. with a key that has another scope: 403 that names the scope that is missing (or says that a person is needed); where each call of
//!    an agent needs a person's approval, with a key that has the scope: 202 that names the approval;
//! 3. as another user, on an account that is not theirs and on ids of no account: 403, all of them the same bytes;
//!    and an agent on the chat with Telegram itself: 403;
//! 4. with inputs that cannot be, made from the input's schema: 4xx that names the field. Every field is tried with a value of
//!    another type, every text with one that is far too long, every list with far too many items, every required field by leaving
//!    it out;
//! 5. the happy path, by an agent whose key has the one scope, or by a person where agents need approval: the declared status, and a body that its schema allows;
//! 6. the audit log: intent and outcome of a mutation, with operation, account, chat, request id and code; nothing of a read.
//!
//! # Adding an operation
//!
//! Add a row to the file of its family in `rows/`; without one the walk fails and says so. A row is the operation's name and
//! an [`Example`](example::Example): the input fields in camelCase, wherever they travel. `accountId` is filled in.
//!
//! ```text
//! examples! {
//!     "archive_chat" => |world| example(json!({ "chatId": world.group }));
//!     "delete_chat" => |world| example(json!({ "chatId": world.new_group().await, "forEveryone": true }));
//!     "request_login_code" => |world| example(json!({ "phone": world.new_user().await })).refuses("phone", json!("call me"));
//!     "send_media" => |world| example(json!({ "chatId": world.group, "fileName": "a" })).bytes(b"abc");
//! }
//! ```
//!
//! Rows know nothing of each other: they run in any order on one [`World`](world::World). What a row changes so that others would
//! notice, it changes on something of its own: `world.new_group()`, `world.new_message()` and the like, which are there to be added
//! to. Reads use what is there: `world.group`, `world.channel`, `world.message`, `world.file`.
//!
//! `.refuses(field, value)` adds a bad input that no schema tells. `.takes_any(field)` says that a field has no unacceptable value.
//! `.hidden_from_others()` is for what anyone may ask for that is theirs, where the row's is not.
//! `.answers(status)` is for operations that are declared but always refused, such as those that this server answers with 501.

macro_rules! examples {
    ($($name:literal => |$world:ident| $example:expr;)*) => {
        pub(in crate::walk) const ROWS: &[$crate::walk::Row] = &[
            $($crate::walk::Row { name: $name, make: |$world| Box::pin(async move { $example }) }),*
        ];
    };
}

mod example;
mod hidden;
mod inputs;
mod rows;
mod steps;
mod transport;
mod world;

use futures::future::BoxFuture;
use vasya_actors::catalogue::Catalogue;
use vasya_actors::operation::Access;

use example::Example;
use transport::{Mcp, Transport};
use world::World;

use crate::harness::Era;

/// How one operation is called with success.
struct Row {
    name: &'static str,
    make: for<'world> fn(&'world World) -> BoxFuture<'world, Example>,
}

#[test]
fn every_operation_has_one_row_and_every_row_an_operation() {
    let catalogue = Catalogue::standard();
    let known: Vec<&str> = catalogue.entries().iter().map(|entry| entry.declaration().name).collect();
    let mut rows: Vec<&str> = rows::all().map(|row| row.name).collect();
    let missing: Vec<&&str> = known.iter().filter(|name| !rows.contains(name)).collect();
    assert!(missing.is_empty(), "add rows to tests/it/walk/rows (tests/it/walk/mod.rs says how) for {missing:?}");
    let idle: Vec<&&str> = rows.iter().filter(|name| !known.contains(name)).collect();
    assert!(idle.is_empty(), "there are no such operations: {idle:?}");
    rows.sort_unstable();
    let twice: Vec<&[&str]> = rows.windows(2).filter(|pair| pair[0] == pair[1]).collect();
    assert!(twice.is_empty(), "these have two rows: {twice:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_works_and_is_refused_as_it_must_be() {
    walk_over(Transport::Rest).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_is_a_tool_that_works_and_is_refused_the_same() {
    walk_over(Transport::Mcp(Mcp::new(Era::Stateless))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_is_a_tool_of_older_clients_too() {
    walk_over(Transport::Mcp(Mcp::new(Era::Sessions))).await;
}

async fn walk_over(transport: Transport) {
    let catalogue = Catalogue::standard();
    let world = World::prepare(scopes(&catalogue)).await;
    let mut faults = Vec::new();
    let mut audited = Vec::new();
    for entry in catalogue.entries().iter().filter(|entry| transport.has(entry)) {
        let name = entry.declaration().name;
        // A missing row is the other test's matter.
        let Some(row) = rows::all().find(|row| row.name == name) else { continue };
        let example = (row.make)(&world).await;
        let walked = steps::walk(&world, &transport, entry, &example).await;
        faults.extend(walked.faults.into_iter().map(|fault| format!("{name}: {fault}")));
        audited.extend(walked.audited);
    }
    faults.extend(steps::audit_faults(&world, &audited).await);
    assert!(audited.len() * 2 >= catalogue.entries().len(), "only {} operations were walked to the end", audited.len());
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    assert_eq!(world.mallory.get("/accounts").await.expect(200), serde_json::json!([]), "naming an account claims nothing");
}

/// Every scope that an operation needs.
fn scopes(catalogue: &Catalogue) -> Vec<&'static str> {
    let needed = catalogue.entries().iter().filter_map(|entry| match entry.declaration().access {
        Access::Scope(scope) => Some(scope.name()),
        _ => None,
    });
    let mut scopes: Vec<&str> = needed.collect();
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}
