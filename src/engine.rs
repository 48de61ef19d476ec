//! What one connection keeps: its handle, the statements it has prepared, what it has read.
//!
//! Statements that stay prepared would make `sqlite3_close` fail, for open statements are counted before the destructors of functions
//! run. Virtual tables are disconnected before that count. So an eponymous virtual table, connected once when the library registers,
//! holds the engine at anchor: when it goes, so do the statements.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_int};
use std::sync::Arc;

use hashbrown::HashMap;
use rusqlite::vtab::{
    Context, Filters, IndexInfo, Module, VTab, VTabConfig, VTabConnection, VTabCursor, sqlite3_vtab, sqlite3_vtab_cursor,
};
use rusqlite::{Connection, PrepFlags, Statement, StatementStatus, ffi};

use crate::actor::Actor;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::store::Store;

/// One for each connection, shared by all functions and virtual tables registered on it.
pub(crate) struct Engine {
    // Declared before the connection that they belong to, so that they are dropped first.
    statements: RefCell<HashMap<(usize, usize), Vec<Statement<'static>>>>,
    anchored: Cell<bool>,
    /// What has yet to be registered
    parts: Cell<Option<Parts>>,
    /// What was read and may be kept, with the rule that says when.
    pub(crate) store: RefCell<Store>,
    /// How much may be kept
    pub(crate) limits: Cell<Limits>,
    /// What has been done so far
    pub(crate) counts: Counts,
    /// Who is behind what this connection writes
    pub(crate) actor: RefCell<Option<Actor>>,
    /// By which functions judge what has expired
    pub(crate) clock: Clock,
    /// What a search keeps between keystrokes.
    pub(crate) search: RefCell<crate::search::Kept>,
    /// Sessions of the application, as they were read
    pub(crate) sessions: RefCell<crate::sessions::Kept>,
    /// Parsed templates of claims
    pub(crate) claims: RefCell<crate::claims::Kept>,
    connection: Box<Connection>,
}

/// Registers functions and tables, and does nothing else.
pub(crate) type Parts = fn(&Connection, &Arc<Engine>) -> rusqlite::Result<()>;

/// How often a connection went which way, for `authz_debug()`.
#[derive(Default)]
pub(crate) struct Counts {
    /// Checks worked out one by one
    pub(crate) checks_point: Cell<u64>,
    /// Rows of a statement answered from the set of what the subject sees
    pub(crate) checks_from_set: Cell<u64>,
    /// Such sets made
    pub(crate) sets_built: Cell<u64>,
}

/// One more.
pub(crate) fn count(counter: &Cell<u64>) {
    counter.set(counter.get() + 1);
}

// SAFETY: SQLite runs every callback of a connection under that connection's mutex, and a host that has turned the mutexes off has
// promised to use a connection from one thread at a time. The engine is reached through those callbacks only.
unsafe impl Send for Engine {}
// SAFETY: as above.
unsafe impl Sync for Engine {}

impl Engine {
    /// The engine of a connection, at anchor, with all that `parts` registers.
    ///
    /// SQLite keeps a little memory at hand for each connection, some 120 places, and a function that is registered takes one for good. We
    /// have a hundred: each text that any statement of the host copies would be allocated by the system from then on. While a
    /// statement is prepared that is to stay, nothing is taken from there; so the parts are registered by the anchor's first connect, which
    /// comes while such a one is prepared.
    pub(crate) fn attach(connection: &Connection, parts: Parts) -> rusqlite::Result<Arc<Engine>> {
        // SAFETY: the handle outlives the engine: functions and modules, which hold it, are destroyed while the connection is closed.
        // The second connection does not own the handle and does nothing when dropped.
        let own = unsafe { Connection::from_handle(connection.handle())? };
        let engine = Arc::new(Engine {
            statements: RefCell::default(),
            anchored: Cell::new(true),
            parts: Cell::new(Some(parts)),
            store: RefCell::default(),
            limits: Cell::default(),
            counts: Counts::default(),
            actor: RefCell::default(),
            clock: Clock::default(),
            search: RefCell::default(),
            sessions: RefCell::default(),
            claims: RefCell::default(),
            connection: Box::new(own),
        });
        const MODULE: Module<'static, Anchor> = Module::eponymous_only_module();
        connection.create_module(c"_authz_anchor", &MODULE, Some(Arc::clone(&engine)))?;
        connection.prepare_with_flags("SELECT 1 FROM main._authz_anchor", PrepFlags::SQLITE_PREPARE_PERSISTENT)?;
        Ok(engine)
    }

    /// The connection, for statements that are not asked often enough to be kept.
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Runs `work` with the prepared form of `sql`, which stays prepared. A statement may be in use several times at once.
    pub(crate) fn with<T>(&self, sql: &'static str, work: impl FnOnce(&mut Statement<'_>) -> Result<T>) -> Result<T> {
        let key = (sql.as_ptr() as usize, sql.len());
        let pooled = self.statements.borrow_mut().get_mut(&key).and_then(Vec::pop);
        let mut statement = match pooled {
            Some(statement) => statement,
            None => {
                // It stays, and so must not live in the memory that is at hand for what comes and goes.
                let fresh = self.connection.prepare_with_flags(sql, PrepFlags::SQLITE_PREPARE_PERSISTENT)?;
                // SAFETY: the connection is boxed and never replaced, and outlives the statements by the order of the fields.
                unsafe { std::mem::transmute::<Statement<'_>, Statement<'static>>(fresh) }
            }
        };
        let answer = work(&mut statement);
        if self.anchored.get() {
            // What was bound would stay there with it.
            statement.clear_bindings();
            self.statements.borrow_mut().entry(key).or_default().push(statement);
        }
        answer
    }

    /// How many statements are kept prepared and not in use.
    pub(crate) fn kept_statements(&self) -> usize {
        self.statements.borrow().values().map(Vec::len).sum()
    }

    /// How often SQLite has prepared the kept statements anew: after a change of the schema it must, and where it plans by the value of
    /// a parameter (a bare `LIMIT ?1`, or after ANALYZE a range of an index) it does so at each new value.
    pub(crate) fn reprepared(&self) -> i64 {
        let statements = self.statements.borrow();
        statements.values().flatten().map(|statement| i64::from(statement.get_status(StatementStatus::RePrepare))).sum()
    }

    /// Runs `work` as a whole or not at all, within the caller's transaction where there is one.
    ///
    /// It may write from its beginning: a transaction that reads first and writes later is refused without waiting where somebody else
    /// has written in between.
    pub(crate) fn atomically<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let run = |sql: &'static str| self.with(sql, |statement| Ok(statement.execute([])))?.map(drop).map_err(Error::from);
        whole_or_not(run, || {
            if self.transaction() != Transaction::Write {
                self.with(include_str!("../sql/engine/begin_to_write.sql"), |statement| Ok(statement.execute([])?))?;
            }
            work()
        })
    }

    /// Ends early when the host has asked to (`sqlite3_interrupt`): for loops that run long without stepping a statement.
    pub(crate) fn poll_interrupt(&self) -> Result<()> {
        self.with("SELECT 1", |statement| Ok(statement.query_row([], |_| Ok(()))?))
    }

    /// Whether the connection has a transaction open on the main database, and which.
    pub(crate) fn transaction(&self) -> Transaction {
        // SAFETY: the handle is valid as long as the engine, and the name is a C string.
        match unsafe { ffi::sqlite3_txn_state(self.connection.handle(), c"main".as_ptr()) } {
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
            ffi::sqlite3_file_control(self.connection.handle(), c"main".as_ptr(), ffi::SQLITE_FCNTL_DATA_VERSION, (&raw mut version).cast())
        };
        version
    }
}

impl Engine {
    /// How often the connection has written any row so far; it never goes back.
    pub(crate) fn writes(&self) -> c_int {
        // SAFETY: the handle is valid as long as the engine.
        unsafe { ffi::sqlite3_total_changes(self.connection.handle()) }
    }

    /// Runs `work` with one state of the file in view, so that all it reads was true at one time.
    pub(crate) fn in_one_state<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.with(include_str!("../sql/store/snapshot.sql"), |statement| {
            let mut held = statement.query([])?;
            held.next()?;
            work()
        })
    }

    /// Holds the state of the file that is in view now, until it is dropped.
    pub(crate) fn snapshot(&self) -> Result<Snapshot> {
        let sql = include_str!("../sql/store/snapshot.sql");
        let mut statement = std::ptr::null_mut();
        // SAFETY: the handle is valid as long as the engine, and the text as long as the call.
        let code = unsafe {
            let length = c_int::try_from(sql.len()).unwrap_or_default();
            ffi::sqlite3_prepare_v2(self.connection.handle(), sql.as_ptr().cast(), length, &raw mut statement, std::ptr::null_mut())
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
    whole_or_not(|sql| Ok(connection.execute_batch(sql)?), work)
}

fn whole_or_not<T>(run: impl Fn(&'static str) -> Result<()>, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let undo = || run("ROLLBACK TO _authz").and_then(|()| run("RELEASE _authz"));
    run("SAVEPOINT _authz").map_err(|error| match &error {
        Error::Sqlite(inner) if inner.sqlite_error_code() == Some(ffi::ErrorCode::DatabaseBusy) => Error::refused(
            "a writing function cannot run inside a writing statement such as INSERT … SELECT; call it with SELECT, and in BEGIN … COMMIT for many rows",
        ),
        _ => error,
    })?;
    let answer = work();
    let ended = if answer.is_ok() { run("RELEASE _authz") } else { undo() };
    match (answer, ended) {
        (Ok(answer), Ok(())) => Ok(answer),
        (Ok(_), Err(error)) => {
            // The release of an outermost savepoint is a commit, and a commit can fail (a lock, a full disk).
            let _ = undo();
            Err(error)
        }
        // An error that has already rolled the whole transaction back leaves no savepoint to end.
        (Err(error), _) => Err(error),
    }
}

/// The state of the main database's transaction on this connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transaction {
    None,
    Read,
    Write,
}

/// The eponymous virtual table whose disconnect frees the statements before `sqlite3_close` counts them. It has no rows.
#[repr(C)]
struct Anchor {
    /// Base class. Must be first
    base: sqlite3_vtab,
    engine: Arc<Engine>,
}

impl Drop for Anchor {
    fn drop(&mut self) {
        self.engine.anchored.set(false);
        self.engine.store.borrow_mut().forget();
        self.engine.statements.borrow_mut().clear();
    }
}

// SAFETY: the struct is repr(C) and begins with the base class.
unsafe impl<'vtab> VTab<'vtab> for Anchor {
    type Aux = Arc<Engine>;
    type Cursor = NoRows;

    fn connect(
        db: &mut VTabConnection,
        aux: Option<&Arc<Engine>>,
        _module: &[u8],
        _database: &[u8],
        _table: &[u8],
        _arguments: &[&[u8]],
    ) -> rusqlite::Result<(Cow<'static, CStr>, Self)> {
        let engine = aux.cloned().ok_or(rusqlite::Error::InvalidQuery)?;
        db.config(VTabConfig::Innocuous)?;
        engine.anchored.set(true);
        if let Some(parts) = engine.parts.take() {
            parts(&engine.connection, &engine)?;
        }
        Ok((Cow::Borrowed(c"CREATE TABLE x (empty)"), Anchor { base: sqlite3_vtab::default(), engine }))
    }

    fn best_index(&self, _info: &mut IndexInfo) -> rusqlite::Result<bool> {
        Ok(true)
    }

    fn open(&'vtab mut self) -> rusqlite::Result<NoRows> {
        Ok(NoRows { _base: sqlite3_vtab_cursor::default() })
    }
}

#[repr(C)]
struct NoRows {
    /// Base class. Must be first
    _base: sqlite3_vtab_cursor,
}

// SAFETY: the struct is repr(C) and begins with the base class.
unsafe impl VTabCursor for NoRows {
    fn filter(&mut self, _number: c_int, _text: Option<&str>, _arguments: &Filters<'_>) -> rusqlite::Result<()> {
        Ok(())
    }

    fn next(&mut self) -> rusqlite::Result<()> {
        Ok(())
    }

    fn eof(&self) -> bool {
        true
    }

    fn column(&self, _context: &mut Context, _column: c_int) -> rusqlite::Result<()> {
        Ok(())
    }

    fn rowid(&self) -> rusqlite::Result<i64> {
        Ok(0)
    }
}
