//! The command `vasya-server`.

use std::process::ExitCode;

fn main() -> ExitCode {
    vasya_server::cli::main()
}
