//! `dashboard`: the file in a browser.

use std::process::ExitCode;

use clap::Args;

use super::options::{Database, Outcome};

#[derive(Args)]
pub(crate) struct Dashboard {
    #[command(flatten)]
    database: Database,
    /// The port to listen on, on this machine only; 7340 where it is free unless named
    #[arg(long)]
    port: Option<u16>,
    /// Only print the URL
    #[arg(long)]
    no_open: bool,
    /// Open the file so that nothing can be written
    #[arg(long)]
    read_only: bool,
}

impl Dashboard {
    pub(crate) fn run(&self) -> Outcome {
        crate::dashboard::serve(&self.database.db, self.port, !self.no_open, self.read_only)?;
        Ok(ExitCode::SUCCESS)
    }
}
