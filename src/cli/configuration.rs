//! `vasya-server config`, and the commands that print what is made from the catalogue.

use vasya_actors::catalogue::Catalogue;

use super::{CommandError, FileArgument, print};
use crate::{config, openapi, reference};

/// What to describe.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    file: FileArgument,
}

/// Prints every setting. Faults are told after it, so that they can be compared with what is in force.
pub(super) fn run(arguments: &Arguments) -> Result<(), CommandError> {
    let file = arguments.file.config.as_deref();
    print(&config::describe(file, &[]))?;
    config::load(file, &[])?;
    Ok(())
}

/// Prints the document that `docs/api/openapi.json` keeps.
pub(super) fn print_openapi() -> Result<(), CommandError> {
    let document = openapi::document(&Catalogue::standard());
    let text = serde_json::to_string_pretty(&document).map_err(CommandError::refused)?;
    print(&format!("{text}\n"))
}

/// Prints the document that `docs/api/README.md` keeps.
pub(super) fn print_reference() -> Result<(), CommandError> {
    print(&reference::document(&Catalogue::standard()))
}
