//! Whether SQLite has done what the migrations say.
//!
//! An authorizer of the host that answers `SQLITE_IGNORE` makes SQLite leave out a CREATE, an INSERT or a column, and tell nobody (see
//! `meaning.rs`). So what was made is looked at before it is committed. The indexes of keys must be asked for beforehand. They are not written
//! down with their text, and where that of a table without rowid is ignored, SQLite (3.53 and before) crashes.

use rusqlite::{Connection, ffi};

use super::super::error::{Error, Result, words_of_sqlite};
use super::super::meaning::Meaning;
use super::shape::{self, installed, lacks_index, version_of};
use super::systems::System;

/// Refuses where an authorizer ignores the index of a key of one of the tables that these statements make.
///
/// A table with a rowid may lack an index. So the tables are compiled with one, and not run: EXPLAIN tells how many trees each would make.
pub(super) fn check_keys(connection: &Connection, migrations: &[String]) -> Result<()> {
    let tables: Vec<(&str, String)> = migrations.iter().flat_map(|text| with_rowid(text)).collect();
    if tables.is_empty() {
        return Ok(());
    }
    let free = Connection::open_in_memory()?;
    for (name, table) in tables {
        let trees = |connection: &Connection| -> rusqlite::Result<usize> {
            let mut statement = connection.prepare(&table)?;
            let opcodes = statement.query_map([], |row| row.get::<_, String>(1))?.collect::<rusqlite::Result<Vec<_>>>()?;
            Ok(opcodes.iter().filter(|opcode| *opcode == "CreateBtree").count())
        };
        if trees(connection).map_err(not_migrated)? != trees(&free)? {
            return Err(ignored(&format!("the table `{name}` or the index of its key")));
        }
    }
    Ok(())
}

/// The tables that a text makes: the name of each, and a statement that explains how it would be made with a rowid, and with an index for each key.
fn with_rowid(text: &str) -> Vec<(&str, String)> {
    let statements = text.split("CREATE TABLE ").skip(1).filter_map(|rest| rest.split_once(";\n").map(|(statement, _)| statement));
    statements
        .map(|statement| {
            let name = statement.split([' ', '(']).next().unwrap_or_default();
            let table = match statement.strip_suffix("WITHOUT ROWID") {
                // With a rowid, an INTEGER PRIMARY KEY would be the rowid, and have no index.
                Some(table) => table.trim_end_matches([',', ' ']).replace(" INTEGER ", " INT "),
                None => statement.to_owned(),
            };
            (name, format!("EXPLAIN CREATE TABLE {table}"))
        })
        .collect()
}

/// Refuses where something is not there now that these systems should have brought, or where what the file holds would not be written as
/// its triggers say.
pub(super) fn check_made(connection: &Connection, systems: &[&'static System]) -> Result<()> {
    Meaning(connection).check_all()?;
    let installed = installed(connection)?;
    if let Some(system) = systems.iter().find(|system| version_of(&installed, system) != system.newest()) {
        return Err(ignored(&format!("what makes the system `{}`", system.name)));
    }
    if let Some((name, _)) = shape::damage(connection, &installed)?.first() {
        return Err(ignored(&format!("what makes `{name}`")));
    }
    match lacks_index(connection)? {
        true => Err(ignored("what makes `_authz_search_index`")),
        false => Ok(()),
    }
}

fn ignored(what: &str) -> Error {
    Error::refused(format!(
        "an authorizer of this connection ignores {what} (SQLITE_IGNORE); nothing was migrated; let it allow or deny that"
    ))
}

/// A refusal by SQLite, such as of a table that is there already; a lock, an interrupt and the like are told as what they are.
pub(super) fn not_migrated(error: rusqlite::Error) -> Error {
    match error.sqlite_error().map(|error| error.extended_code & 0xff) {
        None | Some(ffi::SQLITE_ERROR) => Error::refused(format!("nothing was migrated: {}", words_of_sqlite(&error))),
        Some(_) => Error::Sqlite(error),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::systems::SYSTEMS;
    use super::*;

    #[test]
    fn every_table_is_found_with_an_index_for_each_key() {
        let keys = |connection: &Connection, table: &str| -> i64 {
            let sql = "SELECT count(*) FROM pragma_index_list(?1) WHERE origin <> 'c'";
            connection.query_row(sql, [table], |row| row.get(0)).unwrap()
        };
        let (whole, twins) = (Connection::open_in_memory().unwrap(), Connection::open_in_memory().unwrap());
        let mut found = 0;
        for migration in SYSTEMS.iter().flat_map(|system| system.migrations) {
            whole.execute_batch(&migration.text()).unwrap();
            for (name, explained) in with_rowid(&migration.text()) {
                twins.execute_batch(explained.trim_start_matches("EXPLAIN ")).unwrap();
                assert_eq!(keys(&twins, name), keys(&whole, name), "{name}");
                found += 1;
            }
        }
        let tables = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
        assert_eq!(whole.query_row(tables, [], |row| row.get(0)), Ok(found));
    }
}
