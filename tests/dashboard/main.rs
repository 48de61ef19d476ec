//! `authz dashboard`: who gets in, what the pages show and change, in a real browser and without one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod answers;
mod browser;
mod crowds;
mod doors;
mod keyboard;
mod lists;
mod locks;
#[path = "../needs/mod.rs"]
mod needs;
mod opening;
mod pages;
mod replaced;
mod server;

use std::path::{Path, PathBuf};
use std::process::Command;

use authz::rusqlite::Connection;

/// The demo, as the command makes it.
fn demo(folder: &Path) -> PathBuf {
    let path = folder.join("demo.db");
    let output = Command::new(env!("CARGO_BIN_EXE_authz")).args(["demo", "--path"]).arg(&path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    path
}

/// Opens a file beside the dashboard, as the application does.
fn open(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.busy_timeout(std::time::Duration::from_secs(20)).unwrap();
    authz::register(&connection).unwrap();
    connection
}

fn text(connection: &Connection, sql: &str) -> String {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn number(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}
