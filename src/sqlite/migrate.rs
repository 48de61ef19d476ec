//! Migrations: the files under `migrations/`, run by refinery.
//!
//! One runner serves the SQL function, the library and the command. refinery's own driver for rusqlite cannot run inside an open
//! transaction and keeps a migration and its record in two; this one uses savepoints and does all of it or nothing.
//!
//! The files also run as they are in a stock shell. They note themselves in `_authz_schema`, so that a file that was migrated by other
//! means is recognised: the history is then written without running anything.

use std::collections::BTreeMap;
use std::rc::Rc;

use ::time::OffsetDateTime;
use ::time::format_description::well_known::Rfc3339;
use refinery::{Migration, Runner, Target};
use refinery_core::error::Kind;
use refinery_core::traits::sync::{Migrate, Query, Transaction};
use rusqlite::{Connection, OptionalExtension};
use serde_json::json;

use super::connection::Engine;
use super::error::{Error, Result, words_of_sqlite};
use super::scalar::{Effect, define};
use super::transaction::add;

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// The table in which refinery keeps its history; not its usual one, which may be the application's.
const HISTORY: &str = "main.authz_schema_history";

/// What a migration has done, or would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The version of the schema before; 0 for a file without one.
    pub from: i64,
    /// The version after.
    pub to: i64,
    /// The migrations in the order in which they ran, such as `V1__foundation`.
    pub applied: Vec<String>,
}

/// What is done on a connection once its file has the schema, within the same transaction.
pub(crate) type Afterwards = fn(&Connection) -> rusqlite::Result<()>;

/// Registers `authz_version()`.
pub(crate) fn register_version(connection: &Connection, engine: &Rc<Engine>) -> rusqlite::Result<()> {
    define(connection, engine, "authz_version", 0..=0, Effect::Pure, |_, _| Ok(env!("CARGO_PKG_VERSION").to_owned()))
}

/// Registers the functions of this module.
pub(crate) fn register(connection: &Connection, engine: &Rc<Engine>, afterwards: Afterwards) -> rusqlite::Result<()> {
    define(connection, engine, "authz_schema_version", 0..=0, Effect::Reads, |engine, _| schema_version(engine.connection()))?;
    // authz_migrate() → JSON {"from": 0, "to": 1, "applied": ["V1__foundation"]}; a second call applies nothing.
    define(connection, engine, "authz_migrate", 0..=0, Effect::Migrates, move |engine, _| {
        let report = migrate(engine.connection(), afterwards)?;
        Ok(json!({"from": report.from, "to": report.to, "applied": report.applied}).to_string())
    })
}

/// Brings the main database of a connection to the newest schema, whole or not at all, in the open transaction if there is one.
pub(crate) fn migrate(connection: &Connection, afterwards: Afterwards) -> Result<Report> {
    add(connection, || {
        let from = check(connection)?;
        let recorded = has(connection, "authz_schema_history")?
            && connection.query_row("SELECT count(*) FROM main.authz_schema_history", [], |row| row.get::<_, i64>(0))? > 0;
        if from > 0 && !recorded {
            check_shape(connection, from)?;
            run(connection, Target::FakeVersion(version_number(from)?))?;
        }
        let applied = run(connection, Target::Latest)?;
        afterwards(connection)?;
        Ok(Report { from, to: schema_version(connection)?, applied })
    })
}

/// What [`migrate`](crate::migrate) would do. Writes nothing, also works on a file that may only be read.
///
/// # Errors
/// As [`migrate`](crate::migrate).
pub fn migration_plan(connection: &Connection) -> Result<Report> {
    let from = check(connection)?;
    let migrations = migrations();
    let to = migrations.keys().next_back().copied().unwrap_or(from);
    let applied = migrations.range(from + 1..).map(|(_, migration)| migration.to_string()).collect();
    Ok(Report { from, to, applied })
}

/// The migrations as one SQL script, for teams with a migration tool of their own. It runs as it is in a stock shell.
pub fn migration_sql() -> String {
    let mut script = String::from("BEGIN;\n");
    for migration in migrations().values() {
        script.push_str(migration.sql().unwrap_or_default());
        script.push('\n');
    }
    script.push_str("COMMIT;\n");
    script
}

/// The version of the schema in the main database, 0 for none.
pub(crate) fn schema_version(connection: &Connection) -> Result<i64> {
    if !has(connection, "_authz_schema")? {
        return Ok(0);
    }
    Ok(connection.query_row("SELECT ifnull(max(version), 0) FROM main._authz_schema", [], |row| row.get(0))?)
}

fn migrations() -> BTreeMap<i64, Migration> {
    let all = embedded::migrations::runner().get_migrations().clone();
    all.into_iter().map(|migration| (i64::from(migration.version()), migration)).collect()
}

fn has(connection: &Connection, table: &str) -> Result<bool> {
    Ok(connection
        .query_row("SELECT EXISTS (SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = ?1)", [table], |row| row.get(0))?)
}

fn version_number(version: i64) -> Result<refinery_core::SchemaVersion> {
    refinery_core::SchemaVersion::try_from(version)
        .map_err(|_| Error::refused(format!("the schema of this file has version {version}, which is none of ours")))
}

/// Refuses a file that must not be migrated; else tells its version.
fn check(connection: &Connection) -> Result<i64> {
    // The files create and fill tables by bare names, and a temporary table would take the rows meant for ours. A
    // trigger takes none, and one of them is our own.
    let in_the_way: Option<String> = connection
        .query_row(
            "SELECT name FROM temp.sqlite_schema WHERE type <> 'trigger' AND name <> 'authz_call' AND (name GLOB 'authz_*' OR name GLOB '_authz_*') LIMIT 1",
            [],
            |row| row.get(0),
        )
        .optional()?;
    if let Some(name) = in_the_way {
        return Err(Error::refused(format!("the temporary table `{name}` bears a name of ours; drop it and migrate again")));
    }
    let version = schema_version(connection)?;
    let newest = migrations().keys().next_back().copied().unwrap_or_default();
    if version > newest {
        return Err(Error::refused(format!(
            "this file has schema version {version}, and this library (authz {}) knows versions up to {newest}; use a newer library",
            env!("CARGO_PKG_VERSION")
        )));
    }
    if version == 0 && has(connection, "authz_schema_history")? {
        let rows: i64 = connection.query_row("SELECT count(*) FROM main.authz_schema_history", [], |row| row.get(0))?;
        if rows > 0 {
            return Err(Error::refused(
                "authz_schema_history says that migrations ran, but the schema is gone; restore the file, or drop that table to begin anew",
            ));
        }
    }
    Ok(version)
}

/// Refuses a file whose schema says `version` but does not look like it: an object is missing or differs from what our files create.
fn check_shape(connection: &Connection, version: i64) -> Result<()> {
    let model = Connection::open_in_memory()?;
    for migration in migrations().range(..=version).map(|(_, migration)| migration) {
        model.execute_batch(migration.sql().unwrap_or_default())?;
    }
    let mut statement = model.prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (name, sql) = (row.get::<_, String>(0)?, row.get::<_, String>(1)?);
        let found: Option<String> =
            connection.query_row("SELECT sql FROM main.sqlite_schema WHERE name = ?1", [&name], |row| row.get(0)).optional()?;
        if found.as_deref() != Some(&sql) {
            let what = if found.is_none() { "is missing" } else { "differs" };
            return Err(Error::refused(format!(
                "this file says it has schema version {version}, but `{name}` {what}; restore it from `authz migrate --print-sql`"
            )));
        }
    }
    Ok(())
}

fn run(connection: &Connection, target: Target) -> Result<Vec<String>> {
    let all: Vec<Migration> = migrations().into_values().collect();
    let runner = Runner::new(&all).set_grouped(true).set_abort_divergent(true).set_abort_missing(true).set_target(target);
    let mut runner = runner;
    runner.set_migration_table_name(HISTORY);
    let report = runner.run(&mut Driver(connection)).map_err(|error| match error.kind() {
        Kind::DivergentVersion(applied, _) => Error::refused(format!(
            "the history of this file is not ours: {applied} ran with another text than this library has; restore a backup, or use the library that wrote it"
        )),
        Kind::MissingVersion(applied) => {
            Error::refused(format!("{applied} stands in the history of this file but not in this library; use a newer library"))
        }
        Kind::Connection(_, cause) => Error::refused(match cause.downcast_ref::<rusqlite::Error>() {
            Some(cause) => format!("nothing was migrated: {}", words_of_sqlite(cause)),
            None => format!("nothing was migrated: {cause}"),
        }),
        other => Error::refused(format!("nothing was migrated: {other}")),
    })?;
    Ok(report.applied_migrations().iter().map(ToString::to_string).collect())
}

/// rusqlite for refinery: everything runs in the savepoint that [`migrate`] has opened.
struct Driver<'a>(&'a Connection);

impl Transaction for Driver<'_> {
    type Error = rusqlite::Error;

    fn execute<'a, T: Iterator<Item = &'a str>>(&mut self, queries: T) -> rusqlite::Result<usize> {
        let mut count = 0;
        for query in queries {
            self.0.execute_batch(query)?;
            count += 1;
        }
        Ok(count)
    }
}

impl Query<Vec<Migration>> for Driver<'_> {
    fn query(&mut self, query: &str) -> rusqlite::Result<Vec<Migration>> {
        let mut statement = self.0.prepare(query)?;
        let rows = statement.query_map([], |row| {
            // A row that somebody else wrote: no time and no checksum of ours, so it will be found to diverge.
            let applied_on = OffsetDateTime::parse(&row.get::<_, String>(2)?, &Rfc3339).unwrap_or(OffsetDateTime::UNIX_EPOCH);
            let checksum = row.get::<_, String>(3)?.parse().unwrap_or_default();
            Ok(Migration::applied(row.get(0)?, row.get(1)?, applied_on, checksum))
        })?;
        rows.collect()
    }
}

impl Migrate for Driver<'_> {}
