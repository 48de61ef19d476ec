//! Work that is done as a whole or not at all.
//!
//! SQLite itself knows how to undo one statement: an error, a lock, an interrupt, a full disk, a failed allocation or a failed commit
//! leaves nothing of it, and leaves no lock behind. So work of several statements is made one statement: an INSERT into a virtual table,
//! which runs the work when it takes the row. It is an INSERT … SELECT, for which SQLite keeps a statement journal within a transaction of
//! the host. In autocommit the end of the statement commits, and a commit that fails rolls back. Savepoints would have to be undone by
//! statements of our own, and those can be interrupted, meet a lock or find no memory themselves.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_int};
use std::rc::Rc;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, ffi};

use super::connection::Engine;
use super::error::{Error, Result};
use super::virtual_table::{Host, IndexInfo, NoRows, Reach, VirtualTable, define};

/// Work that waits for its statement.
type Work<'a> = &'a mut dyn FnMut() -> Result<()>;

/// Where work waits, and where the reason of its failure is left.
#[derive(Default)]
pub(crate) struct Place {
    waiting: Cell<Option<*mut Work<'static>>>,
    failure: RefCell<Option<Error>>,
}

/// Registers the table.
pub(crate) fn register(connection: &Connection, engine: &Rc<Engine>) -> rusqlite::Result<()> {
    define::<Works>(connection, "_authz_work", Rc::clone(engine))
}

impl Engine {
    /// Runs `work` as a whole or not at all, within the transaction of the host where there is one. The connection has the lock for
    /// writing from the beginning, so what `work` reads cannot be changed by others before it writes.
    ///
    /// # Errors
    /// What `work` fails with, or a lock, a full disk and the like. Where SQLite cannot undo a single statement, as after an interrupt, it
    /// rolls back the whole transaction of the host, as it does for any statement of the host.
    pub(crate) fn atomically<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let (mut work, mut answer) = (Some(work), None);
        self.as_one_statement(&mut || {
            if let Some(work) = work.take() {
                answer = Some(work()?);
            }
            Ok(())
        })?;
        answer.ok_or_else(|| Error::refused("an authorizer of this connection ignores what this function writes; nothing was written"))
    }

    fn as_one_statement(&self, mut work: Work<'_>) -> Result<()> {
        check_triggers(self.connection())?;
        self.check_writing()?;
        let last_rowid = self.connection().last_insert_rowid();
        let place = self.state::<Place>();
        let done = self.with(include_str!("../../sql/sqlite/work/run.sql"), |statement| {
            // SAFETY: the table takes the work out of its place while the statement runs, and what it leaves is taken out below; so it is
            // gone from there before `work` is.
            let waiting: *mut Work<'static> = unsafe { std::mem::transmute(&raw mut work) };
            let others = place.waiting.replace(Some(waiting));
            let done = statement.execute([]);
            place.waiting.set(others);
            Ok(done?)
        });
        // SAFETY: the handle is valid as long as the engine.
        unsafe { ffi::sqlite3_set_last_insert_rowid(self.connection().handle(), last_rowid) };
        let failure = place.failure.take();
        match done {
            Ok(_) => Ok(()),
            Err(error) => Err(failure.unwrap_or(error)),
        }
    }
}

/// Whether the triggers of the file run on a connection.
pub(crate) fn runs_triggers(connection: &Connection) -> bool {
    let mut on: c_int = 1;
    // SAFETY: the handle is valid as long as the connection; −1 asks, and the answer is written through the pointer.
    unsafe { ffi::sqlite3_db_config(connection.handle(), ffi::SQLITE_DBCONFIG_ENABLE_TRIGGER, -1 as c_int, &raw mut on) };
    on != 0
}

/// Refuses to write on a connection on which the triggers of the file do not run.
pub(crate) fn check_triggers(connection: &Connection) -> Result<()> {
    match runs_triggers(connection) {
        false => Err(Error::refused(
            "triggers are switched off on this connection (SQLITE_DBCONFIG_ENABLE_TRIGGER), and they enforce the rules; switch them on",
        )),
        true => Ok(()),
    }
}

/// The table that runs work. Only work that waits is run; a row from anywhere else, such as a trigger of the file, is refused.
struct Works {
    engine: Rc<Engine>,
}

impl VirtualTable for Works {
    type Shared = Rc<Engine>;
    type Cursor = NoRows;
    const TAKES_ROWS: bool = true;

    fn connect(host: &mut Host<'_>, engine: &Rc<Engine>) -> Result<(Cow<'static, CStr>, Works)> {
        host.reach(Reach::Anywhere);
        Ok((Cow::Borrowed(c"CREATE TABLE x (run)"), Works { engine: Rc::clone(engine) }))
    }

    fn plan(&self, _info: &mut IndexInfo<'_>) -> Result<bool> {
        Ok(true)
    }

    fn open(&self) -> NoRows {
        NoRows
    }

    fn insert(&self, _row: &[ValueRef<'_>]) -> Result<()> {
        let works = self.engine.state::<Place>();
        let Some(work) = works.waiting.take() else { return Err(Error::refused("only functions of authz write to this table")) };
        // SAFETY: put there by `as_one_statement`, which is waiting for this statement.
        let done = unsafe { (*work)() };
        done.map_err(|error| {
            let code = error.code();
            works.failure.replace(Some(error));
            Error::of_code(code)
        })
    }
}
