//! Whether the objects of a file are those that the migrations make.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use super::super::error::{Error, Result};
use super::systems::SYSTEMS;

/// The version of each installed system, in the order of [`SYSTEMS`]; 0 where it is not installed.
pub(super) type Installed = [i64; SYSTEMS.len()];

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
