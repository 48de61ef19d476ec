//! What a file has of the systems, and whether its objects are those that the migrations make.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use super::super::error::{Error, Result};
use super::systems::{SEARCH, SYSTEMS, System, system_of};

/// The version of each installed system, in the order of [`SYSTEMS`]; 0 where it is not installed.
pub(super) type Installed = [i64; SYSTEMS.len()];

/// The version of a system among those that are installed.
pub(super) fn version_of(installed: &Installed, system: &System) -> i64 {
    SYSTEMS.iter().zip(installed).find(|(one, _)| one.name == system.name).map_or(0, |(_, version)| *version)
}

/// The version of each system in the main database; 0 where it is not installed.
pub(crate) fn installed(connection: &Connection) -> Result<Installed> {
    let mut installed = Installed::default();
    let there = "SELECT EXISTS (SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = '_authz_schema')";
    if connection.query_row(there, [], |row| row.get(0))? {
        let mut statement = connection.prepare("SELECT system, max(version) FROM main._authz_schema GROUP BY system")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let name: String = row.get(0)?;
            match SYSTEMS.iter().zip(&mut installed).find(|(system, _)| system.name == name) {
                Some((_, version)) => *version = row.get(1)?,
                None => {
                    return Err(Error::refused(format!(
                        "this file has the system `{name}`, which this library does not know; use a newer library"
                    )));
                }
            }
        }
    }
    Ok(installed)
}

/// Whether the main database has a system.
pub(crate) fn has(connection: &Connection, system: &str) -> Result<bool> {
    let installed = installed(connection)?;
    Ok(SYSTEMS.iter().zip(installed).any(|(one, version)| one.name == system && version > 0))
}

/// Whether the file is to have the index of the search and has none. It is an FTS5 table, which not every host can make.
pub(super) fn lacks_index(connection: &Connection) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM main.sqlite_schema WHERE name = '_authz_search_documents')
      AND NOT EXISTS (SELECT 1 FROM main.sqlite_schema WHERE name = '_authz_search_index')";
    debug_assert_eq!(system_of("_authz_search_documents"), Some(SEARCH));
    if !connection.query_row(sql, [], |row| row.get(0))? {
        return Ok(false);
    }
    // NULL where an authorizer ignores the names: there are always some.
    let has_fts5: Option<bool> = connection.query_row("SELECT max(name = 'fts5') FROM pragma_module_list", [], |row| row.get(0))?;
    has_fts5.ok_or_else(|| {
        Error::refused("an authorizer of this connection ignores the names of modules (SQLITE_IGNORE); let it allow or deny that")
    })
}

/// Each table, index, view and trigger by name, with its text.
type Shape = BTreeMap<String, String>;

/// Shapes that were asked for before: they are made by running the migrations, which takes some milliseconds.
static KNOWN: Mutex<BTreeMap<Installed, Shape>> = Mutex::new(BTreeMap::new());

/// The objects that the migrations up to these versions make.
fn expected(installed: &Installed) -> Result<Shape> {
    if let Some(known) = KNOWN.lock().unwrap_or_else(PoisonError::into_inner).get(installed) {
        return Ok(known.clone());
    }
    let model = Connection::open_in_memory()?;
    for (system, version) in SYSTEMS.iter().zip(installed) {
        for migration in system.migrations.iter().filter(|migration| migration.version <= *version) {
            model.execute_batch(&migration.text())?;
        }
    }
    let shape = found(&model)?;
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).insert(*installed, shape.clone());
    Ok(shape)
}

fn found(connection: &Connection) -> Result<Shape> {
    let mut statement = connection
        .prepare("SELECT name, sql FROM main.sqlite_schema WHERE sql IS NOT NULL AND (name GLOB 'authz_*' OR name GLOB '_authz_*')")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The objects that a file lacks of its systems, or has otherwise, each with what is wrong.
pub(super) fn damage(connection: &Connection, installed: &Installed) -> Result<Vec<(String, &'static str)>> {
    let found = found(connection)?;
    let wrong = expected(installed)?.into_iter().filter_map(|(name, sql)| match found.get(&name) {
        Some(is) if *is == sql => None,
        Some(_) => Some((name, "differs from what `authz_migrate` made")),
        None => Some((name, "is missing")),
    });
    Ok(wrong.collect())
}

/// Refuses a file that lacks an object of its systems, or has it otherwise.
pub(super) fn check(connection: &Connection, installed: &Installed) -> Result<()> {
    match damage(connection, installed)?.first() {
        Some((name, what)) => {
            Err(Error::refused(format!("`{name}` {what}; restore it as `authz migrate --print-sql` has it, then migrate again")))
        }
        None => Ok(()),
    }
}
