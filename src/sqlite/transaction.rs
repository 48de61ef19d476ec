//! Transactions: a savepoint around what is done as a whole or not at all, one state of the file for what is read together, and in what
//! state the connection is.

use std::ffi::c_int;

use rusqlite::{Connection, ffi};

use super::connection::Engine;
use super::error::{Error, Result};

/// The state of the main database's transaction on this connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transaction {
    None,
    Read,
    Write,
}

impl Engine {
    /// Runs `work` as a whole or not at all, within the caller's transaction where there is one.
    ///
    /// It may write from its beginning: a transaction that reads first and writes later is refused without waiting where somebody else
    /// has written in between.
    pub(crate) fn atomically<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let savepoint = Savepoint::begin(self)?;
        if self.transaction() != Transaction::Write {
            self.with(include_str!("../../sql/sqlite/transaction/begin_to_write.sql"), |statement| Ok(statement.execute([])?))?;
        }
        let answer = work()?;
        savepoint.release()?;
        Ok(answer)
    }

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

    /// A number that changes with every commit to the main database by anyone, seen once a read transaction is open.
    pub(crate) fn data_version(&self) -> u32 {
        let mut version: u32 = 0;
        // SAFETY: this file control writes one unsigned int through the pointer.
        unsafe {
            ffi::sqlite3_file_control(
                self.connection().handle(),
                c"main".as_ptr(),
                ffi::SQLITE_FCNTL_DATA_VERSION,
                (&raw mut version).cast(),
            )
        };
        version
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
        let sql = include_str!("../../sql/sqlite/transaction/snapshot.sql");
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

/// As [`Engine::atomically`], on a connection without an engine.
pub(crate) fn atomically<T>(connection: &Connection, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let savepoint = Savepoint::begin(connection)?;
    let answer = work()?;
    savepoint.release()?;
    Ok(answer)
}

/// What can run a statement that answers with no rows.
trait Runs {
    fn run(&self, sql: &'static str) -> Result<()>;
}

impl Runs for Engine {
    fn run(&self, sql: &'static str) -> Result<()> {
        self.with(sql, |statement| Ok(statement.execute([]).map(drop)?))
    }
}

impl Runs for Connection {
    fn run(&self, sql: &'static str) -> Result<()> {
        Ok(self.execute_batch(sql)?)
    }
}

/// A savepoint, which is rolled back where it is dropped without having been released.
struct Savepoint<'a> {
    on: &'a dyn Runs,
    is_open: bool,
}

impl<'a> Savepoint<'a> {
    fn begin(on: &'a dyn Runs) -> Result<Savepoint<'a>> {
        on.run("SAVEPOINT _authz").map_err(|error| match &error {
            Error::Sqlite(inner) if inner.sqlite_error_code() == Some(ffi::ErrorCode::DatabaseBusy) => Error::refused(
                "a writing function cannot run inside a writing statement such as INSERT … SELECT; call it with SELECT, and in BEGIN … COMMIT for many rows",
            ),
            _ => error,
        })?;
        Ok(Savepoint { on, is_open: true })
    }

    /// Keeps what was done. The release of an outermost savepoint is a commit, and a commit can fail (a lock, a full disk): then it is
    /// undone.
    fn release(mut self) -> Result<()> {
        self.on.run("RELEASE _authz")?;
        self.is_open = false;
        Ok(())
    }
}

impl Drop for Savepoint<'_> {
    fn drop(&mut self) {
        if self.is_open {
            // An error that has already rolled the whole transaction back leaves no savepoint to end.
            let _ = self.on.run("ROLLBACK TO _authz").and_then(|()| self.on.run("RELEASE _authz"));
        }
    }
}
