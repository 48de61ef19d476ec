//! Migrations: in and out of transactions, over files that were migrated by other means, and over those that must be refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod needs;

use std::io::Write;
use std::process::{Command, Stdio};

use authz::rusqlite::Connection;

fn open() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    connection
}

fn text(connection: &Connection, sql: &str) -> String {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn refusal(connection: &Connection) -> String {
    connection.query_row("SELECT authz_migrate()", [], |_| Ok(())).unwrap_err().to_string()
}

/// The newest version of the schema, and the migrations from nothing to it.
fn newest() -> (i64, Vec<String>) {
    let plan = authz::migration_plan(&Connection::open_in_memory().unwrap()).unwrap();
    (plan.to, plan.applied)
}

/// The answer of `authz_migrate` on a file of a version.
fn report(from: i64) -> String {
    let (to, all) = newest();
    let applied: Vec<String> = all.iter().skip(from as usize).map(|name| format!("{name:?}")).collect();
    format!(r#"{{"from":{from},"to":{to},"applied":[{}]}}"#, applied.join(","))
}

/// Every object of the schema with its text.
fn shape(connection: &Connection) -> Vec<(String, Option<String>)> {
    let mut statement = connection
        .prepare("SELECT type || ' ' || name, sql FROM main.sqlite_schema WHERE name GLOB 'authz_*' OR name GLOB '_authz_*' ORDER BY 1")
        .unwrap();
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_second_call_applies_nothing() {
    let connection = open();
    assert_eq!(text(&connection, "SELECT authz_schema_version()  || ''"), "0");
    assert_eq!(text(&connection, "SELECT authz_migrate()"), report(0));
    assert_eq!(text(&connection, "SELECT authz_migrate()"), report(newest().0));
    assert_eq!(text(&connection, "VALUES (authz_migrate())"), report(newest().0));
    assert_eq!(text(&connection, "SELECT authz_schema_version() || ''"), newest().0.to_string());
    assert_eq!(text(&connection, "SELECT authz_version()"), env!("CARGO_PKG_VERSION"));
}

#[test]
fn joins_the_open_transaction() {
    let connection = open();
    connection.execute_batch("BEGIN; CREATE TABLE mine (x); SAVEPOINT inner").unwrap();
    text(&connection, "SELECT authz_migrate()");
    connection.execute_batch("ROLLBACK TO inner").unwrap();
    assert!(shape(&connection).is_empty());
    text(&connection, "SELECT authz_migrate()");
    connection.execute_batch("ROLLBACK").unwrap();
    assert!(shape(&connection).is_empty());
    assert!(connection.is_autocommit());
    connection.execute_batch("BEGIN").unwrap();
    text(&connection, "SELECT authz_migrate()");
    connection.execute_batch("COMMIT").unwrap();
    assert_eq!(text(&connection, "SELECT authz_schema_version() || ''"), newest().0.to_string());
}

#[test]
fn works_under_every_setting_of_the_host() {
    for setting in [
        "foreign_keys = ON",
        "foreign_keys = OFF",
        "recursive_triggers = ON",
        "trusted_schema = OFF",
        "legacy_alter_table = ON",
        "cell_size_check = ON",
    ] {
        let connection = open();
        connection.execute_batch(&format!("PRAGMA {setting}; ATTACH ':memory:' AS other; CREATE TABLE other.authz_roles (x)")).unwrap();
        assert_eq!(authz::migrate(&connection).unwrap().to, newest().0, "{setting}");
    }
    let bare = Connection::open_in_memory().unwrap();
    assert_eq!(authz::migrate(&bare).unwrap().applied, newest().1);
}

#[test]
fn a_plan_writes_nothing_and_reads_a_read_only_file() {
    let connection = open();
    connection.execute_batch("PRAGMA query_only = ON").unwrap();
    let plan = authz::migration_plan(&connection).unwrap();
    assert_eq!((plan.from, plan.applied.len() as i64), (0, plan.to));
    assert_eq!(plan.applied[0], "V1__foundation");
    assert!(shape(&connection).is_empty());
}

#[test]
fn a_file_migrated_by_plain_sql_is_recognised() {
    let connection = open();
    connection.execute_batch(&authz::migration_sql()).unwrap();
    let before = shape(&connection);
    assert_eq!(text(&connection, "SELECT authz_migrate()"), report(newest().0));
    let after: Vec<_> = shape(&connection).into_iter().filter(|(name, _)| !name.contains("schema_history")).collect();
    assert_eq!(before, after);
    assert_eq!(text(&connection, "SELECT version || name FROM authz_schema_history ORDER BY version LIMIT 1"), "1foundation");
    assert_eq!(text(&connection, "SELECT count(*) || '' FROM authz_schema_history"), newest().0.to_string());
    assert_eq!(text(&connection, "SELECT authz_migrate()"), report(newest().0));
}

#[test]
fn the_stock_shell_runs_the_files_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shell.db");
    let Some(shell) = needs::program("sqlite3") else { return };
    let mut shell = Command::new(shell).arg("-bail").arg(&path).stdin(Stdio::piped()).spawn().unwrap();
    shell.stdin.take().unwrap().write_all(authz::migration_sql().as_bytes()).unwrap();
    assert!(shell.wait().unwrap().success());
    let by_shell = Connection::open(&path).unwrap();
    assert_eq!(authz::migrate(&by_shell).unwrap().applied, Vec::<String>::new());
    let by_library = open();
    authz::migrate(&by_library).unwrap();
    assert_eq!(shape(&by_shell), shape(&by_library));
}

#[test]
fn what_must_not_be_migrated_is_refused_and_left_alone() {
    let cases = [
        (
            "UPDATE authz_schema_history SET checksum = '1'",
            "authz_migrate: the history of this file is not ours: V1__foundation ran with another text than this library has; restore a backup, or use the library that wrote it",
        ),
        (
            "INSERT INTO _authz_schema VALUES (99, 'future')",
            "authz_migrate: this file has schema version 99, and this library (authz 0.1.0) knows versions up to NEWEST; use a newer library",
        ),
        (
            "INSERT INTO authz_schema_history SELECT 99, 'future', applied_on, checksum FROM authz_schema_history WHERE version = 1",
            "authz_migrate: V99__future stands in the history of this file but not in this library; use a newer library",
        ),
        (
            "DELETE FROM authz_schema_history; DROP TRIGGER _authz_roles_delete",
            "authz_migrate: this file says it has schema version NEWEST, but `_authz_roles_delete` is missing; restore it from `authz migrate --print-sql`",
        ),
        (
            "DROP TABLE _authz_schema",
            "authz_migrate: authz_schema_history says that migrations ran, but the schema is gone; restore the file, or drop that table to begin anew",
        ),
        (
            "CREATE TEMP TABLE authz_roles (x)",
            "authz_migrate: the temporary table `authz_roles` bears a name of ours; drop it and migrate again",
        ),
        ("UPDATE authz_schema_history SET applied_on = 'x', checksum = 'y'", "authz_migrate: the history of this file is not ours"),
    ];
    for (damage, sentence) in cases {
        let connection = open();
        text(&connection, "SELECT authz_migrate()");
        connection.execute_batch(damage).unwrap();
        let before = shape(&connection);
        let found = refusal(&connection);
        let sentence = sentence.replace("NEWEST", &newest().0.to_string());
        assert!(found.starts_with(&sentence), "{damage}: {found}");
        assert_eq!(shape(&connection), before);
        assert!(connection.is_autocommit());
    }
}

#[test]
fn a_table_in_the_way_leaves_nothing_half_written() {
    let connection = open();
    connection.execute_batch("CREATE TABLE authz_roles (mine)").unwrap();
    assert_eq!(refusal(&connection), "authz_migrate: nothing was migrated: table authz_roles already exists");
    assert_eq!(shape(&connection).len(), 1);
    assert!(connection.is_autocommit());
}

#[test]
fn every_released_schema_migrates_to_the_fresh_one_with_its_rows() {
    let fresh = open();
    text(&fresh, "SELECT authz_migrate()");
    for fixture in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures")).unwrap() {
        let path = fixture.unwrap().path();
        let old = open();
        old.execute_batch(&std::fs::read_to_string(&path).unwrap()).unwrap();
        text(&old, "SELECT authz_migrate()");
        assert_eq!(shape(&old), shape(&fresh), "{}", path.display());
        assert_eq!(
            text(
                &old,
                "SELECT authz_check('user:ana', 'document:read', 'document', 7) || authz_check('user:bob', 'document:read', 'document', 7)"
            ),
            "10"
        );
        assert_eq!(text(&old, "SELECT name FROM authz_resources WHERE resource_id = 7"), "Seven");
    }
}
