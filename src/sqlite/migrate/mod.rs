//! Migrations: the files under `migrations/`, by system.
//!
//! One runner serves the SQL function, the library and the command. The files also run as they are in a stock shell: each notes itself in
//! `_authz_schema`. What has nothing to do takes no lock; what has, takes the lock for writing before it looks again, so that of several
//! processes that begin at once one migrates, and the others find it done.

mod obeyed;
mod shape;
pub(crate) mod systems;

use std::rc::Rc;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension};
use serde_json::json;

use self::obeyed::not_migrated;
use self::shape::{Installed, lacks_index, version_of};
pub(crate) use self::shape::{has, installed};
use self::systems::{CORE, Migration, SYSTEMS, System, wanted};
use super::comments::without_comments;
use super::connection::Engine;
use super::error::{Error, Result};
use super::scalar::{Effect, define};
use super::table::{self, Made, TableFunction};
use super::transaction::add;

/// What a migration has done, or would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The version of the system `core` before; 0 for a file without one.
    pub from: i64,
    /// The version after.
    pub to: i64,
    /// The migrations in the order in which they ran, such as `core V1__core`.
    pub applied: Vec<String>,
}

/// What is done on a connection once its file has the schema.
pub(crate) type Afterwards = fn(&Connection) -> rusqlite::Result<()>;

/// Registers `authz_version()`.
pub(crate) fn register_version(connection: &Connection, engine: &Rc<Engine>) -> rusqlite::Result<()> {
    define(connection, engine, "authz_version", 0..=0, Effect::Pure, |_, _| Ok(env!("CARGO_PKG_VERSION").to_owned()))
}

/// Registers the functions of this module.
pub(crate) fn register(connection: &Connection, engine: &Rc<Engine>, afterwards: Afterwards) -> rusqlite::Result<()> {
    define(connection, engine, "authz_schema_version", 0..=0, Effect::Reads, |engine, _| {
        Ok(installed(engine.connection())?.first().copied().unwrap_or_default())
    })?;
    // authz_migrate([system]) → JSON {"from": 0, "to": 1, "applied": ["core V1__core"]}; a second call applies nothing.
    define(connection, engine, "authz_migrate", 0..=1, Effect::Migrates, move |engine, call| {
        let report = match call.count() {
            0 => migrate(engine.connection(), &[], afterwards)?,
            _ => migrate(engine.connection(), &[call.required_text(0, "system")?], afterwards)?,
        };
        Ok(json!({"from": report.from, "to": report.to, "applied": report.applied}).to_string())
    })?;
    table::define(connection, engine, &LIST, |engine, _| {
        let installed = installed(engine.connection())?;
        let rows = SYSTEMS.iter().zip(installed).map(|(system, version)| {
            let needs = match system.needs {
                [] => Value::Null,
                needs => Value::Text(needs.join(", ")),
            };
            let version = if version > 0 { Value::Integer(version) } else { Value::Null };
            vec![Value::Text(system.name.to_owned()), version, Value::Integer(system.newest()), needs]
        });
        Ok(Made::rows(rows.collect()))
    })
}

/// `authz_systems()`: the systems of the schema, the version that the file has (NULL where it lacks the system), the newest version, and
/// which system it needs.
static LIST: TableFunction = TableFunction {
    name: "authz_systems",
    columns: &["name", "version", "newest", "needs"],
    arguments: &[],
    required: 0,
    bounded: None,
    expected_rows: 4,
};

/// Brings these systems and what they need, or all of them, to the newest version: whole or not at all, in the open transaction if there is
/// one.
pub(crate) fn migrate(connection: &Connection, systems: &[&str], afterwards: Afterwards) -> Result<Report> {
    let systems = wanted(systems)?;
    let mut report = plan(connection, &systems)?.report();
    if !report.applied.is_empty() || lacks_index(connection)? {
        report = add(connection, || {
            let plan = plan(connection, &systems)?;
            let texts: Vec<String> = plan.missing.iter().map(|(_, migration)| migration.text()).collect();
            obeyed::check_keys(connection, &texts)?;
            for text in &texts {
                connection.execute_batch(text).map_err(not_migrated)?;
            }
            if lacks_index(connection)? {
                obeyed::check_keys(connection, &[without_comments(include_str!("../../../sql/sqlite/migrate/search_index_tables.sql"))])?;
                connection
                    .execute_batch(&without_comments(include_str!("../../../sql/sqlite/migrate/search_index.sql")))
                    .map_err(not_migrated)?;
            }
            obeyed::check_made(connection, &systems)?;
            afterwards(connection)?;
            Ok(plan.report())
        })?;
    } else {
        afterwards(connection)?;
    }
    Ok(report)
}

/// What [`migrate`](crate::migrate) would do. Writes nothing, also works on a file that may only be read.
///
/// # Errors
/// As [`migrate`](crate::migrate).
pub fn migration_plan(connection: &Connection) -> Result<Report> {
    migration_plan_of(connection, &[])
}

/// As [`migration_plan`], for some systems and what they need.
///
/// # Errors
/// As [`migrate_systems`](crate::migrate_systems).
pub fn migration_plan_of(connection: &Connection, systems: &[&str]) -> Result<Report> {
    Ok(plan(connection, &wanted(systems)?)?.report())
}

/// The migrations as one SQL script, for teams with a migration tool of their own. It runs as it is in a stock shell.
pub fn migration_sql() -> String {
    script(&SYSTEMS.iter().collect::<Vec<_>>())
}

/// As [`migration_sql`], for some systems and what they need.
///
/// # Errors
/// There is no system of a name.
pub fn migration_sql_of(systems: &[&str]) -> Result<String> {
    Ok(script(&wanted(systems)?))
}

fn script(systems: &[&System]) -> String {
    let mut script = String::from("BEGIN;\n");
    for migration in systems.iter().flat_map(|system| system.migrations) {
        script.push_str(&migration.text());
    }
    script.push_str("COMMIT;\n");
    script
}

/// The migrations for an application that runs its own by refinery: `V40__authz_core_1` and so on, numbered from `first`. Their order never
/// changes; newer versions of this library have more of them.
///
/// # Errors
/// A number is too great for refinery.
#[cfg(feature = "refinery")]
pub fn refinery_migrations(first: i32) -> Result<Vec<refinery::Migration>> {
    let all = SYSTEMS.iter().flat_map(|system| system.migrations.iter().map(move |migration| (system, migration)));
    all.zip(i64::from(first)..)
        .map(|((system, migration), number)| {
            refinery::Migration::unapplied(&format!("V{number}__authz_{}_{}", system.name, migration.version), &migration.text())
                .map_err(|error| Error::refused(format!("refinery does not take the migration {number}: {error}")))
        })
        .collect()
}

/// What a file lacks.
struct Plan {
    from: i64,
    missing: Vec<(&'static System, &'static Migration)>,
}

impl Plan {
    fn report(&self) -> Report {
        let core = self.missing.iter().rev().find(|(system, _)| system.name == CORE);
        Report {
            from: self.from,
            to: core.map_or(self.from, |(_, migration)| migration.version),
            applied: self.missing.iter().map(|(system, migration)| format!("{} {}", system.name, migration.file_name())).collect(),
        }
    }
}

/// What is missing of these systems.
///
/// # Errors
/// The file must not be migrated.
fn plan(connection: &Connection, systems: &[&'static System]) -> Result<Plan> {
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
    let installed = installed(connection)?;
    for (system, version) in SYSTEMS.iter().zip(installed) {
        if version > system.newest() {
            return Err(Error::refused(format!(
                "the system `{}` of this file has version {version}, and this library (authz {}) knows versions up to {}; use a newer library",
                system.name,
                env!("CARGO_PKG_VERSION"),
                system.newest()
            )));
        }
    }
    if installed == Installed::default() {
        let ours = "SELECT EXISTS (SELECT 1 FROM main.sqlite_schema WHERE name = '_authz_changes')";
        if connection.query_row(ours, [], |row| row.get(0))? {
            return Err(Error::refused(
                "`_authz_schema` is missing or empty, and other tables of ours are there; restore the file from a backup",
            ));
        }
    }
    shape::check(connection, &installed)?;
    let missing = systems.iter().flat_map(|system| {
        let version = version_of(&installed, system);
        system.migrations.iter().filter(move |migration| migration.version > version).map(move |migration| (*system, migration))
    });
    Ok(Plan { from: installed.first().copied().unwrap_or_default(), missing: missing.collect() })
}

/// The objects of its systems that the main database lacks, or has otherwise than `authz_migrate` made them, each with what is wrong.
pub(crate) fn damage(connection: &Connection) -> Result<Vec<(String, &'static str)>> {
    shape::damage(connection, &installed(connection)?)
}
