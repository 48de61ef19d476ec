//! What many subcommands have in common: a file to work on, and how to answer.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::program::failure::Failure;

/// The database file that a subcommand works on.
#[derive(Args)]
pub(crate) struct Database {
    /// The SQLite file
    pub(crate) db: PathBuf,
}

/// How to answer.
#[derive(Args, Clone, Copy)]
pub(crate) struct Format {
    /// Answer in JSON, for programs
    #[arg(long)]
    pub(crate) json: bool,
}

/// The exit status of a subcommand, or why it failed.
pub(crate) type Outcome = Result<ExitCode, Failure>;
