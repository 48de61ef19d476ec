//! Every example runs in a small world, each in a copy of its own.

use std::path::PathBuf;
use std::sync::OnceLock;

use authz::rusqlite::Connection;
use tempfile::TempDir;

use super::{Entry, entries};

/// Writes that have no form as INSERT, because they change the schema.
const WITHOUT_INSERT: [&str; 3] = ["authz_migrate", "authz_bind", "authz_unbind"];

fn open(path: &PathBuf) -> Connection {
    let connection = Connection::open(path).unwrap();
    authz::register(&connection).unwrap();
    connection
}

/// A copy of the world, in a folder that goes with it.
fn world() -> (Connection, TempDir) {
    static WORLD: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let (_, made) = WORLD.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("world.db");
        open(&path).execute_batch(include_str!("world.sql")).unwrap();
        (folder, path)
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy.db");
    std::fs::copy(made, &path).unwrap();
    (open(&path), folder)
}

/// Runs a statement in a copy of the world and in autocommit, to its end; how many rows it gave.
fn run(sql: &str) -> Result<usize, String> {
    let (connection, _folder) = world();
    let mut statement = connection.prepare(sql).map_err(|error| error.to_string())?;
    let has_columns = statement.column_count() > 0;
    let mut rows = statement.query([]).map_err(|error| error.to_string())?;
    let mut count = 0;
    while rows.next().map_err(|error| error.to_string())?.is_some() {
        count += 1;
    }
    assert!(connection.is_autocommit());
    Ok(if has_columns { count } else { 1 })
}

/// The example of a function that writes as an INSERT: `SELECT authz_f(a, b) … FROM …` with the same arguments and the same FROM.
pub(super) fn as_insert(entry: &Entry) -> String {
    let call = format!("{}(", entry.name);
    let (_, rest) = entry.example.split_once(&call).unwrap_or_else(|| panic!("{}", entry.example));
    let (mut depth, mut is_quoted) = (1, false);
    let end = rest
        .char_indices()
        .find(|(_, c)| {
            match c {
                '\'' => is_quoted = !is_quoted,
                '(' if !is_quoted => depth += 1,
                ')' if !is_quoted => depth -= 1,
                _ => {}
            }
            depth == 0
        })
        .unwrap_or_else(|| panic!("{}", entry.example))
        .0;
    let name = entry.name.trim_start_matches("authz_");
    let arguments = &rest[..end];
    match rest[end..].split_once(" FROM ") {
        Some((_, from)) => {
            let from = from.trim_end_matches(';');
            format!(
                "INSERT INTO authz_call (function, arguments) SELECT '{name}', json_array({arguments}) FROM {from} RETURNING authz_result();"
            )
        }
        None => {
            format!("INSERT INTO authz_call (function, arguments) VALUES ('{name}', json_array({arguments})) RETURNING authz_result();")
        }
    }
}

/// Whether a function can be called as an INSERT.
pub(super) fn has_insert(entry: &Entry) -> bool {
    entry.kind == "function" && entry.writes && !WITHOUT_INSERT.contains(&entry.name.as_str())
}

#[test]
fn every_example_runs() {
    for entry in entries() {
        match run(&entry.example) {
            Ok(rows) => assert!(rows > 0, "no row: {}", entry.example),
            Err(error) => panic!("{}\n{error}", entry.example),
        }
    }
}

#[test]
fn the_example_of_every_writing_function_runs_as_an_insert() {
    for entry in entries().iter().filter(|entry| has_insert(entry)) {
        let insert = as_insert(entry);
        match run(&insert) {
            Ok(rows) => assert!(rows > 0, "no row: {insert}"),
            Err(error) => panic!("{insert}\n{error}"),
        }
    }
    for name in WITHOUT_INSERT {
        let insert = format!("INSERT INTO authz_call (function, arguments) VALUES ('{name}', json_array());");
        assert!(run(&insert).is_err(), "{insert}");
    }
}
