//! The `authz` command: the same SQL surface, for people and for scripts.

mod command;
#[cfg(feature = "dashboard")]
mod dashboard;
mod program;

use std::process::ExitCode;

fn main() -> ExitCode {
    command::run()
}
