//! `dashboard`: the file in a browser.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::options::{Database, Outcome};
use crate::dashboard::Options;

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
    /// How many seconds the head of a request may take to arrive, and its body again
    #[arg(long, hide = true, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    request_seconds: u64,
}

impl Dashboard {
    pub(crate) fn run(&self) -> Outcome {
        let options = Options {
            port: self.port,
            open_browser: !self.no_open,
            read_only: self.read_only,
            patience: Duration::from_secs(self.request_seconds),
        };
        crate::dashboard::serve(&self.database.db, &options)?;
        Ok(ExitCode::SUCCESS)
    }
}
