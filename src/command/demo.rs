//! `demo`: a small product in one file, and its tables filtered by permission.

use std::path::PathBuf;
use std::process::ExitCode;

use authz::rusqlite::Connection;
use authz::rusqlite::fallible_iterator::FallibleIterator;
use clap::Args;
use indicatif::ProgressBar;

use super::ask::in_words;
use super::options::Outcome;
use crate::program::failure::Failure;
use crate::program::open::{open_or_create, open_to_read};
use crate::program::output::{ask, print};

/// Marks a file as made by this command, in SQLite's `application_id`: such a file may be made anew, no other is touched.
const MADE_BY_DEMO: i32 = 0x41_5a_44_4d;

#[derive(Args)]
pub(crate) struct Demo {
    /// The file to make
    #[arg(long, default_value = "demo.db")]
    path: PathBuf,
}

impl Demo {
    pub(crate) fn run(&self) -> Outcome {
        self.clear_the_place()?;
        let connection = open_or_create(&self.path)?;
        let steps = [
            ("the application's tables", include_str!("../../sql/command/demo/application.sql")),
            ("the schema", "SELECT authz_migrate()"),
            ("the triggers that keep both in step", include_str!("../../sql/examples/keep_documents_in_step.sql")),
            ("customers, projects, documents, grants", include_str!("../../sql/command/demo/data.sql")),
        ];
        let bar = ProgressBar::new(steps.len() as u64);
        connection.execute_batch(&format!("PRAGMA application_id = {MADE_BY_DEMO}; BEGIN"))?;
        for (what, sql) in steps {
            bar.set_message(what);
            run_all(&connection, sql)?;
            if what == "the schema" {
                connection.query_row("SELECT authz_apply(?1)", [include_str!("../../sql/command/demo/model.json")], |_| Ok(()))?;
            }
            bar.inc(1);
        }
        connection.execute_batch("COMMIT")?;
        bar.finish_and_clear();
        drop(connection);

        let connection = open_to_read(&self.path)?;
        let path = self.path.display();
        print(&format!("Made {path}: an application's documents, and who may do what with them.\n"))?;
        for question in include_str!("../../sql/command/demo/questions.sql").split("\n\n") {
            let (title, sql) = question.trim().split_once('\n').unwrap_or(("", question));
            print(&format!("{}\n\n{}\n", title.trim_start_matches("-- "), indented(sql)))?;
            print(&format!("{}\n", ask(&connection, sql, [])?.table()))?;
        }
        print("Why may Ana edit document 30, and why not document 6?\n")?;
        for id in [30, 6] {
            let sql = "SELECT authz_explain('user:ana', 'document:edit', 'document', ?1)";
            let explanation: String = connection.query_row(sql, [id], |row| row.get(0))?;
            print(&format!("{}\n", indented(&in_words(&serde_json::from_str(&explanation)?).join("\n"))))?;
        }
        print("Go on in a shell (`cargo loadable` builds the library):\n")?;
        print(&format!("  cargo loadable && sqlite3 -box {path} -cmd '.load target/release/libauthz'"))?;
        Ok(ExitCode::SUCCESS)
    }

    /// Removes what an earlier run has made.
    fn clear_the_place(&self) -> Result<(), Failure> {
        if !self.path.exists() {
            return Ok(());
        }
        let is_ours = Connection::open(&self.path)
            .and_then(|file| file.query_row("PRAGMA application_id", [], |row| row.get::<_, i32>(0)))
            .is_ok_and(|id| id == MADE_BY_DEMO);
        if !is_ours {
            return Err(Failure(format!("`{}` is there already and is no demo; name another file with --path", self.path.display())));
        }
        std::fs::remove_file(&self.path)?;
        for suffix in ["-wal", "-shm", "-journal"] {
            let mut beside = self.path.clone().into_os_string();
            beside.push(suffix);
            let _ = std::fs::remove_file(beside);
        }
        Ok(())
    }
}

/// Runs every statement of a script to its end.
fn run_all(connection: &Connection, script: &str) -> Result<(), Failure> {
    let mut statements = authz::rusqlite::Batch::new(connection, script);
    while let Some(mut statement) = statements.next()? {
        let mut rows = statement.raw_query();
        while rows.next()?.is_some() {}
    }
    Ok(())
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}
