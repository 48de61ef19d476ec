//! Transactions: one state of the file for what is read together, and in what state the connection is.

use std::ffi::{CStr, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::{Connection, ffi};

use super::comments::as_allowed;
use super::connection::Engine;
use super::error::{Error, Result};
use super::work::check_triggers;

/// The state of the main database's transaction on this connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transaction {
    None,
    Read,
    Write,
}

/// A committed state of the main database: another one after every commit by anyone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Committed {
    version: u32,
    file_system: usize,
}

impl Engine {
    /// Ends early when the host has asked to (`sqlite3_interrupt`): for loops that run long without stepping a statement.
    pub(crate) fn poll_interrupt(&self) -> Result<()> {
        self.with("SELECT 1", |statement| Ok(statement.query_row([], |_| Ok(()))?))
    }

    /// Whether the connection has a transaction open on the main database, and which.
    pub(crate) fn transaction(&self) -> Transaction {
        // SAFETY: the handle is valid as long as the engine, and the name is a C string.
        match unsafe { ffi::sqlite3_txn_state(self.connection().handle(), c"main".as_ptr()) } {
            ffi::SQLITE_TXN_WRITE => Transaction::Write,
            ffi::SQLITE_TXN_READ => Transaction::Read,
            _ => Transaction::None,
        }
    }

    /// The committed state of the main database that is in view, once a read transaction is open; `None` where SQLite does not tell it from
    /// others, so that nothing may be kept for it:
    ///
    /// * a database that `sqlite3_deserialize` brought counts its states anew, and may come to a number that was there before;
    /// * with a shared cache and `PRAGMA read_uncommitted`, what is read may be rolled back.
    pub(crate) fn committed(&self) -> Option<Committed> {
        if self.unsure.get() {
            self.look_at_settings();
        }
        let mut version: u32 = 0;
        let mut file_system: *const ffi::sqlite3_vfs = std::ptr::null();
        let handle = unsafe { self.connection().handle() };
        // SAFETY: the handle is valid as long as the engine. The first file control writes one unsigned int through the pointer, the second
        // the address of a file system, which is never freed while a database uses it.
        let name = unsafe {
            ffi::sqlite3_file_control(handle, c"main".as_ptr(), ffi::SQLITE_FCNTL_DATA_VERSION, (&raw mut version).cast());
            ffi::sqlite3_file_control(handle, c"main".as_ptr(), ffi::SQLITE_FCNTL_VFS_POINTER, (&raw mut file_system).cast());
            file_system.as_ref().map(|found| CStr::from_ptr(found.zName))
        };
        let tells = name != Some(c"memdb") && !self.reads_uncommitted.get();
        tells.then_some(Committed { version, file_system: file_system as usize })
    }

    /// Whether all that was read so far was committed, or written by this connection.
    pub(crate) fn reads_committed(&self) -> bool {
        if self.unsure.get() {
            self.look_at_settings();
        }
        !self.reads_uncommitted.get()
    }

    #[cold]
    fn look_at_settings(&self) {
        // A setting that cannot be read is taken for the one that forbids to keep anything.
        let found = self.connection().query_row("PRAGMA read_uncommitted", [], |row| row.get::<_, bool>(0));
        self.reads_uncommitted.set(found.unwrap_or(true));
        self.unsure.set(false);
    }

    /// How often the connection has written any row so far; it never goes back.
    pub(crate) fn writes(&self) -> c_int {
        // SAFETY: the handle is valid as long as the engine.
        unsafe { ffi::sqlite3_total_changes(self.connection().handle()) }
    }

    /// Runs `work` with one state of the file in view, so that all it reads was true at one time.
    pub(crate) fn in_one_state<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.with(include_str!("../../sql/sqlite/transaction/snapshot.sql"), |statement| {
            let mut held = statement.query([])?;
            held.next()?;
            work()
        })
    }

    /// Holds the state of the file that is in view now, until it is dropped.
    pub(crate) fn snapshot(&self) -> Result<Snapshot> {
        let sql = as_allowed(self.connection(), include_str!("../../sql/sqlite/transaction/snapshot.sql"));
        let mut statement = std::ptr::null_mut();
        // SAFETY: the handle is valid as long as the engine, and the text as long as the call.
        let code = unsafe {
            let length = c_int::try_from(sql.len()).unwrap_or_default();
            ffi::sqlite3_prepare_v2(self.connection().handle(), sql.as_ptr().cast(), length, &raw mut statement, std::ptr::null_mut())
        };
        let snapshot = Snapshot { statement };
        if code != ffi::SQLITE_OK {
            return Err(Error::Sqlite(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)));
        }
        // SAFETY: the statement has just been prepared.
        match unsafe { ffi::sqlite3_step(snapshot.statement) } {
            ffi::SQLITE_ROW => Ok(snapshot),
            code => Err(Error::Sqlite(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None))),
        }
    }
}

/// A statement that stands on a row, and so keeps one state of the file in view.
pub(crate) struct Snapshot {
    statement: *mut ffi::sqlite3_stmt,
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        // SAFETY: prepared by `Engine::snapshot`, and finalized here alone; NULL is allowed.
        unsafe { ffi::sqlite3_finalize(self.statement) };
    }
}

/// Runs `work`, which adds to the schema and drops no table, as [`alter`] does.
///
/// Where memory was lacking, a statement of the host that runs the while keeps all others from being compiled until it ends, and those that
/// undo would have to be, for the schema has changed. But SQLite rolls the whole transaction back where a statement that reads ends in this
/// state. So one is held. No table can be dropped beside it.
pub(crate) fn add<T>(connection: &Connection, work: impl FnOnce() -> Result<T>) -> Result<T> {
    alter(connection, || {
        let mut reads = connection.prepare("SELECT 1 FROM main.sqlite_schema UNION ALL VALUES (1), (1)")?;
        let mut held = reads.query([])?;
        held.next()?;
        work()
    })
}

/// Runs `work`, which changes the schema, as a whole or not at all, within the transaction of the host where there is one.
///
/// A change of the schema cannot be part of a statement, so this is a transaction or a savepoint. What may have to undo it is prepared
/// before it is needed. After `sqlite3_interrupt` every statement is interrupted, one that undoes too; but SQLite rolls the whole transaction
/// back where it interrupts a statement that writes.
pub(crate) fn alter<T>(connection: &Connection, work: impl FnOnce() -> Result<T>) -> Result<T> {
    check_triggers(connection)?;
    let (begin, keep, undo): (_, _, &[&str]) = match connection.is_autocommit() {
        true => ("BEGIN IMMEDIATE", "COMMIT", &["ROLLBACK"]),
        false => ("SAVEPOINT _authz", "RELEASE _authz", &["ROLLBACK TO _authz", "RELEASE _authz"]),
    };
    let mut keep = connection.prepare(keep)?;
    let mut undo = undo.iter().map(|sql| connection.prepare(sql)).collect::<rusqlite::Result<Vec<_>>>()?;
    let mut writes = connection.prepare("BEGIN IMMEDIATE")?;
    connection.prepare(begin)?.execute([])?;
    if connection.is_autocommit() {
        return Err(Error::refused("an authorizer of this connection ignores BEGIN (SQLITE_IGNORE); let it allow or deny that"));
    }
    let answer = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(Error::panicked()));
    let answer = answer.and_then(|answer| {
        keep.execute([])?;
        Ok(answer)
    });
    if answer.is_err() && undo.iter_mut().any(|statement| statement.execute([]).is_err()) && !connection.is_autocommit() {
        let _ = writes.execute([]);
    }
    answer
}
