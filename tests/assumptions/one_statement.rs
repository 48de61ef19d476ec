//! What a statement of SQLite's takes back when it fails, if a function that it calls has written by statements of its own.

use std::time::Duration;

use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, ffi};

/// A file with a table, and one that may refuse a row, without which older versions keep no statement journal; and `write(n)`, which inserts three rows by three statements. Before the n-th it fails, or is interrupted: 9.
fn file(journal: &str) -> (tempfile::TempDir, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let connection = Connection::open(folder.path().join("f")).unwrap();
    connection.query_row(&format!("PRAGMA journal_mode = {journal}"), [], |_| Ok(())).unwrap();
    connection.execute_batch("CREATE TABLE t (a); CREATE TABLE sink (a NOT NULL)").unwrap();
    // SAFETY: the function goes with the connection.
    let own = std::panic::AssertUnwindSafe(unsafe { Connection::from_handle(connection.handle()).unwrap() });
    connection
        .create_scalar_function("write", 1, FunctionFlags::SQLITE_UTF8, move |call| {
            let own = &own;
            for row in 1..=3 {
                match call.get::<i64>(0)? {
                    // SAFETY: the handle is open.
                    9 if row == 3 => unsafe { ffi::sqlite3_interrupt(own.handle()) },
                    failing if failing == row => return Err(rusqlite::Error::UserFunctionError("no".into())),
                    _ => {}
                }
                own.execute_batch("INSERT INTO t VALUES (1)")?;
            }
            Ok(1)
        })
        .unwrap();
    (folder, connection)
}

fn rows(connection: &Connection) -> i64 {
    connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap()
}

const WRITE: &str = "INSERT INTO sink SELECT write(3)";

#[test]
fn a_statement_that_fails_takes_back_what_its_functions_wrote() {
    for journal in ["DELETE", "WAL"] {
        for (begin, host) in [("", 0), ("BEGIN; INSERT INTO t VALUES (0)", 1), ("SAVEPOINT s; INSERT INTO t VALUES (0)", 1), ("BEGIN", 0)] {
            let (_folder, connection) = file(journal);
            connection.execute_batch(begin).unwrap();
            connection.execute_batch(WRITE).unwrap_err();
            assert_eq!((rows(&connection), connection.is_autocommit()), (host, begin.is_empty()), "{journal} {begin}");
            // A reading statement does not: hence the detour.
            connection.execute_batch("SELECT write(3)").unwrap_err();
            assert_eq!(rows(&connection), host + 2);
        }
    }
}

#[test]
fn a_commit_that_meets_a_reader_rolls_back_and_keeps_no_lock() {
    let (folder, connection) = file("DELETE");
    let reader = Connection::open(folder.path().join("f")).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM t").unwrap();
    connection.busy_timeout(Duration::from_millis(10)).unwrap();
    let busy = connection.execute_batch("INSERT INTO sink SELECT write(0)").unwrap_err();
    assert!(busy.to_string().contains("locked"), "{busy}");
    assert!(connection.is_autocommit());
    let other = Connection::open(folder.path().join("f")).unwrap();
    assert_eq!(rows(&other), 0, "others can begin to read");
    reader.execute_batch("COMMIT").unwrap();
    other.execute_batch("INSERT INTO t VALUES (1)").unwrap();
}

#[test]
fn an_interrupt_within_a_statement_that_writes_leaves_nothing_of_it() {
    for begin in ["", "BEGIN; INSERT INTO t VALUES (0)"] {
        let (_folder, connection) = file("DELETE");
        connection.execute_batch(begin).unwrap();
        connection.execute_batch("INSERT INTO sink SELECT write(9)").unwrap_err();
        // Either the statement is taken back, or everything.
        assert_eq!(rows(&connection), i64::from(!connection.is_autocommit()));
    }
}
