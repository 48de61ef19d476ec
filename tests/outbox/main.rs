//! The outbox: it misses nothing, invents nothing, and its payloads stay as they were written.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod catalogue;
mod clauses;
mod metadata;
#[path = "../needs/mod.rs"]
mod needs;
mod payloads;
mod replay;
mod twice;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use authz::rusqlite::Connection;
use serde_json::Value;

/// A file in memory with the schema and the library.
fn open() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    connection
}

/// One row of `authz_events`.
#[derive(Debug, Clone, PartialEq)]
struct Event {
    seq: i64,
    id: String,
    name: String,
    data: Value,
    /// `Null` where there is none
    context: Value,
    created_at: String,
}

/// The events after `seq`, oldest first.
fn events_after(connection: &Connection, seq: i64) -> Vec<Event> {
    let mut statement = connection.prepare_cached("SELECT * FROM authz_events WHERE seq > ?1 ORDER BY seq").unwrap();
    let json = |text: Option<String>| text.map_or(Value::Null, |text| serde_json::from_str(&text).unwrap());
    let rows = statement.query_map([seq], |row| {
        Ok(Event {
            seq: row.get(0)?,
            id: row.get(1)?,
            name: row.get(2)?,
            data: json(Some(row.get(3)?)),
            context: json(row.get(4)?),
            created_at: row.get(5)?,
        })
    });
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

fn last_seq(connection: &Connection) -> i64 {
    connection.query_row("SELECT ifnull(max(seq), 0) FROM authz_events", [], |row| row.get(0)).unwrap()
}

/// What the stock shell, which knows nothing of the library, prints on standard error when it runs a script; `None` where there is no
/// such shell.
fn stock_shell(database: &Path, script: &str) -> Option<String> {
    let mut shell = Command::new(needs::program("sqlite3")?)
        .args(["-batch", "-bail", "-init", if cfg!(windows) { "NUL" } else { "/dev/null" }])
        .args(["-cmd", "PRAGMA trusted_schema = OFF", "-cmd", "PRAGMA synchronous = OFF"])
        .arg(database)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    shell.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    Some(String::from_utf8(shell.wait_with_output().unwrap().stderr).unwrap())
}
