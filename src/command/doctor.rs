//! `doctor`: what is wrong with a file, and what to do about it.

use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use super::options::{Database, Format, Outcome};
use crate::program::open::open_to_read;
use crate::program::output::{ask, print};

#[derive(Args)]
pub(crate) struct Doctor {
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    format: Format,
}

impl Doctor {
    pub(crate) fn run(&self) -> Outcome {
        let connection = open_to_read(&self.database.db)?;
        let findings = ask(&connection, include_str!("../../sql/command/doctor.sql"), [])?;
        match findings.rows.is_empty() && !self.format.json {
            true => print("nothing is wrong")?,
            false => findings.print(self.format.json)?,
        }
        let is_wrong = findings.rows.iter().any(|row| row.first() != Some(&Value::from("note")));
        Ok(ExitCode::from(u8::from(is_wrong)))
    }
}
