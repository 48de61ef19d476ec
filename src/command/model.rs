//! `migrate`, `apply`, `plan`: the schema and the model of a file.

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use authz::rusqlite::Connection;
use clap::Args;
use serde_json::{Value, json};

use super::options::{Database, Format, Outcome};
use crate::program::failure::Failure;
use crate::program::open::{open_or_create, open_to_read, open_to_write};
use crate::program::output::{ask, print};

#[derive(Args)]
pub(crate) struct Migrate {
    /// The SQLite file, made where there is none, and then the systems to bring: core, events, identity, search. None named: all of them
    #[arg(required_unless_present = "print_sql", value_names = ["DB", "SYSTEM"], num_args = 0..)]
    arguments: Vec<PathBuf>,
    /// Say what would happen, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Print the migrations as SQL, for a migration tool of your own; the arguments are systems then
    #[arg(long, conflicts_with = "dry_run")]
    print_sql: bool,
    #[command(flatten)]
    format: Format,
}

impl Migrate {
    pub(crate) fn run(&self) -> Outcome {
        let words: Vec<String> = self.arguments.iter().map(|argument| argument.to_string_lossy().into_owned()).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        if self.print_sql {
            print(authz::migration_sql_of(&words)?.trim_end())?;
            return Ok(ExitCode::SUCCESS);
        }
        let (Some(db), systems) = (self.arguments.first(), words.get(1..).unwrap_or_default()) else { return Ok(ExitCode::SUCCESS) };
        let report = match (self.dry_run, db.exists()) {
            (false, _) => {
                let connection = open_or_create(db)?;
                let report = authz::migrate_systems(&connection, systems)?;
                catch_up(&connection)?;
                report
            }
            (true, true) => authz::migration_plan_of(&open_to_read(db)?, systems)?,
            // What would happen to a file that is not there is what happens to an empty one.
            (true, false) => authz::migration_plan_of(&Connection::open_in_memory()?, systems)?,
        };
        if self.format.json {
            print(&json!({"from": report.from, "to": report.to, "applied": report.applied}).to_string())?;
            return Ok(ExitCode::SUCCESS);
        }
        let would = if self.dry_run { "would apply" } else { "applied" };
        match report.applied.is_empty() {
            true => print(&format!("schema version {}: nothing to do", report.to))?,
            false => print(&format!("schema version {} → {}: {would} {}", report.from, report.to, report.applied.join(", ")))?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Takes what was written since into the index of titles, where somebody has filled one; it is filled anew where an older version did.
fn catch_up(connection: &Connection) -> Result<(), Failure> {
    if connection.query_row(include_str!("../../sql/command/has_search_index.sql"), [], |row| row.get(0))? {
        connection.query_row("SELECT authz_index_search()", [], |_| Ok(()))?;
    }
    Ok(())
}

#[derive(Args)]
pub(crate) struct Apply {
    #[command(flatten)]
    database: Database,
    /// The model document; - reads standard input
    model: PathBuf,
    #[command(flatten)]
    format: Format,
}

impl Apply {
    pub(crate) fn run(&self) -> Outcome {
        let document = self.document()?;
        let connection = open_to_write(&self.database.db)?;
        let summary: String = connection.query_row("SELECT authz_apply(?1)", [document], |row| row.get(0))?;
        if self.format.json {
            print(&summary)?;
            return Ok(ExitCode::SUCCESS);
        }
        let summary: Value = serde_json::from_str(&summary)?;
        let mut nothing = true;
        for what in ["created", "changed", "removed"] {
            for one in summary.get(what).and_then(Value::as_array).into_iter().flatten() {
                nothing = false;
                let word = |key: &str| one.get(key).and_then(Value::as_str).unwrap_or_default().replace('_', " ");
                print(&format!("{what} {} {}", word("kind"), one.get("name").and_then(Value::as_str).unwrap_or_default()))?;
            }
        }
        if nothing {
            print("nothing to change")?;
        }
        Ok(ExitCode::SUCCESS)
    }

    pub(crate) fn show(&self) -> Outcome {
        let document = self.document()?;
        let connection = open_to_read(&self.database.db)?;
        ask(&connection, "SELECT action, kind, name, detail FROM main.authz_plan(?1)", [document])?.print(self.format.json)?;
        Ok(ExitCode::SUCCESS)
    }

    fn document(&self) -> Result<String, Failure> {
        let mut text = String::new();
        let read = match self.model.as_os_str() == "-" {
            true => std::io::stdin().read_to_string(&mut text),
            false => std::fs::File::open(&self.model).and_then(|mut file| file.read_to_string(&mut text)),
        };
        read.map_err(|error| Failure(format!("cannot read `{}`: {error}", self.model.display())))?;
        Ok(text)
    }
}
