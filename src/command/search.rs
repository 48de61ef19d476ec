//! `search`, `index-search`: the box that finds, as a subject sees it.

use std::process::ExitCode;

use authz::rusqlite::params;
use clap::Args;
use serde_json::Value;

use super::options::{Database, Format, Outcome};
use crate::program::open::{open_to_read, open_to_write};
use crate::program::output::{ask, print};

#[derive(Args)]
pub(crate) struct Search {
    #[command(flatten)]
    database: Database,
    /// What to look for: words, initials, a path such as acme/design/logo, an id
    query: String,
    /// Who looks, such as user:ana
    #[arg(long = "as", value_name = "SUBJECT", required_unless_present = "all")]
    subject: Option<String>,
    /// Everything there is, roles and permissions included, as an administrator sees it
    #[arg(long, conflicts_with = "subject")]
    all: bool,
    /// How many rows at the most
    #[arg(long, default_value_t = 20)]
    limit: i64,
    /// Only these kinds, such as page,action
    #[arg(long)]
    kinds: Option<String>,
    #[command(flatten)]
    format: Format,
}

impl Search {
    pub(crate) fn run(&self) -> Outcome {
        let connection = open_to_read(&self.database.db)?;
        let (sql, arguments) = match (self.all, self.format.json) {
            (true, false) => (include_str!("../../sql/command/search_all.sql"), params![self.query, self.limit, self.kinds]),
            (true, true) => (include_str!("../../sql/command/search_all_json.sql"), params![self.query, self.limit, self.kinds]),
            (false, false) => (include_str!("../../sql/command/search.sql"), params![self.query, self.limit, self.kinds, self.subject]),
            (false, true) => (include_str!("../../sql/command/search_json.sql"), params![self.query, self.limit, self.kinds, self.subject]),
        };
        let mut answer = ask(&connection, sql, arguments)?;
        if self.format.json {
            // These two columns are JSON already.
            for column in ["matches", "target"] {
                let Some(index) = answer.columns.iter().position(|name| name == column) else { continue };
                for cell in answer.rows.iter_mut().filter_map(|row| row.get_mut(index)) {
                    *cell = cell.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null);
                }
            }
        }
        answer.print(self.format.json)?;
        Ok(ExitCode::SUCCESS)
    }
}

#[derive(Args)]
pub(crate) struct IndexSearch {
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    format: Format,
}

impl IndexSearch {
    pub(crate) fn run(&self) -> Outcome {
        let connection = open_to_write(&self.database.db)?;
        let count: i64 = connection.query_row("SELECT authz_index_search()", [], |row| row.get(0))?;
        match self.format.json {
            true => print(&format!("{{\"indexed\":{count}}}"))?,
            false => print(&format!("{count} titles taken in"))?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
