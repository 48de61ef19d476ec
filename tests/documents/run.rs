//! Runs a block by its language, in the folder of its page, and gives what it printed.

use std::path::{Path, PathBuf};
use std::process::Command;

use authz::rusqlite::fallible_iterator::FallibleIterator;
use authz::rusqlite::types::ValueRef;
use authz::rusqlite::{Batch, Connection};

use crate::blocks::Block;
use crate::needs;

/// The folder of a page, in which its examples find `app.db`.
pub struct Place {
    folder: tempfile::TempDir,
    connection: Connection,
}

impl Place {
    pub fn new(before: &str) -> Place {
        let folder = tempfile::tempdir().unwrap();
        let connection = Connection::open(folder.path().join("app.db")).unwrap();
        authz::register(&connection).unwrap();
        connection.execute_batch(before).unwrap();
        Place { folder, connection }
    }

    /// What a block prints, or why it failed. `None` where the program that runs it is missing.
    pub fn run(&self, page: &str, block: &Block) -> Option<Result<String, String>> {
        let text = block.text.replace("target/release/libauthz", needs::library().with_extension("").to_str().unwrap());
        match block.language.as_str() {
            "sql" if text.starts_with(".load") => {
                let shell = needs::program("sqlite3")?;
                std::fs::write(self.folder.path().join("script.sql"), text).unwrap();
                Some(self.output(Command::new(shell).args(["-bail", "app.db", ".read script.sql"])))
            }
            "sql" => Some(Ok(self.session(&text))),
            "json" if page == "docs/attributes.md" => Some(self.ask("SELECT authz_render_jwt(?1, 'ana', 'acme')", &text)),
            "json" | "fga" => Some(self.ask("SELECT authz_apply(?1)", &text)),
            "sh" => {
                let command = Path::new(env!("CARGO_BIN_EXE_authz")).parent().unwrap();
                let mut paths = vec![command.to_owned()];
                paths.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
                Some(self.output(Command::new("sh").args(["-ec", &text]).env("PATH", std::env::join_paths(paths).unwrap())))
            }
            "python" => {
                let (python, prelude) = python(&text)?;
                Some(self.output(Command::new(python).args(["-c", &format!("{prelude}{text}")])))
            }
            "js" => {
                let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/drivers/node_modules");
                needs::is_installed(&modules.join("better-sqlite3"), "better-sqlite3")
                    .then(|| self.output(Command::new("node").args(["-e", &text]).env("NODE_PATH", modules)))
            }
            other => Some(Err(format!("no test runs the language `{other}`"))),
        }
    }

    fn output(&self, command: &mut Command) -> Result<String, String> {
        let output = command.current_dir(self.folder.path()).output().map_err(|error| error.to_string())?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match output.status.success() {
            true => Ok(text(&output.stdout)),
            false => Err(format!("{}{}", text(&output.stdout), text(&output.stderr))),
        }
    }

    /// Gives a document to a function. It prints nothing that a page shows.
    fn ask(&self, sql: &str, document: &str) -> Result<String, String> {
        self.connection.query_row(sql, [document], |_| Ok(String::new())).map_err(|error| error.to_string())
    }

    /// Runs a script as the shell in its list mode would. A parameter is NULL.
    fn session(&self, script: &str) -> String {
        let mut out = String::new();
        let mut statements = Batch::new(&self.connection, script);
        loop {
            let mut statement = match statements.next() {
                Ok(Some(statement)) => statement,
                Ok(None) => return out,
                Err(error) => return format!("{out}error: {error}\n"),
            };
            let columns = statement.column_count();
            let mut rows = statement.raw_query();
            loop {
                match rows.next() {
                    Ok(Some(row)) => {
                        let cells: Vec<String> = (0..columns).map(|index| shown(row.get_ref(index).unwrap())).collect();
                        out.push_str(&cells.join("|"));
                        out.push('\n');
                    }
                    Ok(None) => break,
                    Err(error) => {
                        out.push_str(&format!("error: {error}\n"));
                        break;
                    }
                }
            }
        }
    }
}

fn shown(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// A Python for a block, and what is run before it. SQLAlchemy is installed for a Python whose own sqlite3 may lack extensions.
fn python(text: &str) -> Option<(PathBuf, &'static str)> {
    if text.contains("sqlalchemy") {
        let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/drivers/python/bin/python");
        let prelude = "import sys, pysqlite3, pysqlite3.dbapi2\n\
            sys.modules['sqlite3'], sys.modules['sqlite3.dbapi2'] = pysqlite3, pysqlite3.dbapi2\n";
        return needs::is_installed(&python, "pysqlite3-binary and SQLAlchemy").then_some((python, prelude));
    }
    let can_load = "import sqlite3; assert sqlite3.sqlite_version_info >= (3, 38); assert sqlite3.SQLITE_AUTH == 23; \
        sqlite3.connect(':memory:').enable_load_extension(True)";
    let python = needs::python(&["python3", "/usr/bin/python3"], can_load, "a Python of 3.11 or later that loads extensions")?;
    Some((python, ""))
}
