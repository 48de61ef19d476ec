//! Whether the schema of authz is in an attached file, where the main one lacks it.

use std::ffi::CString;

use rusqlite::{Connection, ffi};

use super::connection::Engine;
use super::error::Error;

impl Engine {
    /// The same error; but where the main database lacks the schema and an attached one has it, that is what is said.
    pub(super) fn located(&self, error: Error) -> Error {
        match error {
            Error::NoSchema | Error::NoSystem(_) => schema_elsewhere(self.connection()).map_or(error, Error::SchemaElsewhere),
            error => error,
        }
    }
}

/// The attached database that has the schema, where the main one has none.
pub(crate) fn schema_elsewhere(connection: &Connection) -> Option<String> {
    let has = |database: &str| has_table(connection, database, "_authz_schema");
    if has("main") {
        return None;
    }
    let mut statement = connection.prepare("SELECT name FROM pragma_database_list WHERE name NOT IN ('main', 'temp') ORDER BY seq").ok()?;
    let names: Vec<String> = statement.query_map([], |row| row.get(0)).ok()?.collect::<rusqlite::Result<_>>().ok()?;
    names.into_iter().find(|name| has(name))
}

/// Whether a database of the connection has a table. No authorizer is asked.
fn has_table(connection: &Connection, database: &str, table: &str) -> bool {
    let (Ok(database), Ok(table)) = (CString::new(database), CString::new(table)) else { return false };
    let none = std::ptr::null_mut();
    // SAFETY: the handle is valid as long as the connection, the texts as long as the call, and SQLite writes to none of the null pointers.
    let code = unsafe {
        ffi::sqlite3_table_column_metadata(
            connection.handle(),
            database.as_ptr(),
            table.as_ptr(),
            std::ptr::null(),
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            none,
            none,
            none,
        )
    };
    code == ffi::SQLITE_OK
}
