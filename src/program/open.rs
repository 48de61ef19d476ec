//! Opening a file, with everything registered.

use std::path::Path;

use authz::rusqlite::{Connection, OpenFlags};

use super::failure::Failure;

/// Opens a file that is there, to read it.
pub(crate) fn open_to_read(path: &Path) -> Result<Connection, Failure> {
    open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// Opens a file that is there, to write it.
pub(crate) fn open_to_write(path: &Path) -> Result<Connection, Failure> {
    open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
}

/// Opens a file to write it, and makes it where there is none.
pub(crate) fn open_or_create(path: &Path) -> Result<Connection, Failure> {
    open(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)
}

fn open(path: &Path, access: OpenFlags) -> Result<Connection, Failure> {
    if !access.contains(OpenFlags::SQLITE_OPEN_CREATE) && !path.exists() {
        return Err(Failure(format!("there is no file `{}`; `authz migrate` makes one", path.display())));
    }
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| Failure(format!("cannot open `{}`: {error}", path.display())))?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    // A long import keeps what it may have to undo in memory.
    connection.execute_batch("PRAGMA temp_store = MEMORY")?;
    authz::register(&connection)?;
    Ok(connection)
}
