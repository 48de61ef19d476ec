//! One connection: its handle, the statements that it keeps prepared, and what has to go before it closes.
//!
//! Statements that stay prepared would make `sqlite3_close` fail, for open statements are counted before the destructors of functions
//! run. Virtual tables are disconnected before that count. So an eponymous virtual table, connected once when the library registers,
//! holds the engine at anchor: when it goes, so do the statements.

use std::any::Any;
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::ffi::CStr;
use std::rc::Rc;

use hashbrown::HashMap;
use rusqlite::{Connection, PrepFlags, Statement, StatementStatus, ToSql};

use super::comments::as_allowed;
use super::error::{Error, Result};
use super::virtual_table::{Host, IndexInfo, NoRows, Reach, VirtualTable, define};

/// One for each connection, shared by everything that is registered on it. It knows no feature: what a feature keeps is a state of its
/// own, which holds the engine.
pub(crate) struct Engine {
    // Declared before the connection that they belong to, so that they are dropped first.
    statements: RefCell<HashMap<(usize, usize), Vec<Kept>>>,
    /// Statements about the application's own tables, by their text
    made: RefCell<HashMap<Rc<str>, Vec<Kept>>>,
    /// Whether a statement was compiled anew since that was last asked: the schema may be another
    pub(super) recompiled: Cell<bool>,
    /// Whether a statement was prepared since the settings of the connection were last looked at; SQLite prepares anew after each change
    pub(super) unsure: Cell<bool>,
    /// Whether the connection reads what others have not committed, as far as known
    pub(super) reads_uncommitted: Cell<bool>,
    /// How often the statement that is asked before writing had been compiled anew when it was last found that what writes does so
    pub(super) writes_as_written: Cell<Option<i32>>,
    anchored: Cell<bool>,
    /// Whether statements stay prepared
    keeps_statements: Cell<bool>,
    /// How many statements of the library are running inside each other
    nested: Cell<u32>,
    /// What has yet to be registered
    parts: Cell<Option<Parts>>,
    /// What is kept for the sake of later calls, and is of no use once the connection closes
    forgetful: RefCell<Vec<Box<dyn Fn()>>>,
    /// What files of this room keep for the connection, one of each type
    states: RefCell<Vec<Rc<dyn Any>>>,
    connection: Box<Connection>,
}

/// A statement that is kept, and how often SQLite had prepared it anew when that was last looked at.
struct Kept {
    statement: Statement<'static>,
    prepared: i32,
}

/// A statement of the library is one text of the program: its address tells it from all others.
fn key(sql: &'static str) -> (usize, usize) {
    (sql.as_ptr() as usize, sql.len())
}

/// So many statements of the library may run inside each other. A trigger of the application that asks a question while a function writes
/// makes three or four; a view that stands in the place of a table of the schema and asks again makes them without end.
const MOST_NESTED: u32 = 16;

/// A statement of the library is running.
pub(crate) struct Nested<'a>(&'a Cell<u32>);

impl Drop for Nested<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

/// Registers functions and tables, and does nothing else.
pub(crate) type Parts = fn(&Connection, &Rc<Engine>) -> rusqlite::Result<()>;

impl Engine {
    /// The engine of a connection, at anchor, with all that `parts` registers.
    ///
    /// SQLite keeps a little memory at hand for each connection, some 120 places, and a function that is registered takes one for good. We
    /// have a hundred: each text that any statement of the host copies would be allocated by the system from then on. While a
    /// statement is prepared that is to stay, nothing is taken from there; so the parts are registered by the anchor's first connect, which
    /// comes while such a one is prepared.
    pub(crate) fn attach(connection: &Connection, parts: Parts) -> rusqlite::Result<Rc<Engine>> {
        // SAFETY: the handle outlives the engine: functions and modules, which hold it, are destroyed while the connection is closed.
        // The second connection does not own the handle and does nothing when dropped.
        let own = unsafe { Connection::from_handle(connection.handle())? };
        let engine = Rc::new(Engine {
            statements: RefCell::default(),
            made: RefCell::default(),
            recompiled: Cell::default(),
            unsure: Cell::new(true),
            reads_uncommitted: Cell::default(),
            writes_as_written: Cell::default(),
            anchored: Cell::new(true),
            keeps_statements: Cell::new(true),
            nested: Cell::new(0),
            parts: Cell::new(Some(parts)),
            forgetful: RefCell::default(),
            states: RefCell::default(),
            connection: Box::new(own),
        });
        define::<Anchor>(connection, "_authz_anchor", Rc::clone(&engine))?;
        match connection.prepare_with_flags("SELECT 1 FROM main._authz_anchor", PrepFlags::SQLITE_PREPARE_PERSISTENT) {
            Ok(_) => Ok(engine),
            Err(error) => {
                engine.let_go();
                Err(error)
            }
        }
    }

    /// Keeps nothing any more that would stand in the way of a close.
    fn let_go(&self) {
        self.anchored.set(false);
        self.writes_as_written.set(None);
        self.forgetful.borrow().iter().for_each(|forget| forget());
        self.statements.borrow_mut().clear();
        self.made.borrow_mut().clear();
    }

    /// Keeps statements prepared from now on, or none.
    pub(crate) fn keep_statements(&self, keeps: bool) {
        self.keeps_statements.set(keeps);
        // Whether it was compiled anew is known of a statement that stays.
        self.writes_as_written.set(None);
        if !keeps {
            self.statements.borrow_mut().clear();
            self.made.borrow_mut().clear();
        }
    }

    /// Whether a statement that is prepared now is there for the next call.
    pub(super) fn keeps(&self) -> bool {
        self.anchored.get() && self.keeps_statements.get()
    }

    /// Has `forget` called with a state when the connection closes, and whenever SQLite lets go of the anchor before. The engine does not
    /// keep the state alive: the functions that were registered with it do.
    pub(crate) fn before_closing<S: 'static>(&self, state: &Rc<S>, forget: fn(&S)) {
        let state = Rc::downgrade(state);
        self.forgetful.borrow_mut().push(Box::new(move || state.upgrade().iter().for_each(|state| forget(state))));
    }

    /// What is kept for the connection of a type, made when it is first asked for. It must not hold the engine.
    pub(crate) fn state<T: Default + 'static>(&self) -> Rc<T> {
        let mut states = self.states.borrow_mut();
        if let Some(found) = states.iter().find_map(|state| Rc::clone(state).downcast().ok()) {
            return found;
        }
        let fresh = Rc::new(T::default());
        states.push(Rc::<T>::clone(&fresh));
        fresh
    }

    /// The connection, for statements that are not asked often enough to be kept.
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Notes that a statement of the library runs, for as long as the answer lives.
    ///
    /// # Errors
    /// Too many run inside each other.
    pub(crate) fn nested(&self) -> Result<Nested<'_>> {
        let depth = self.nested.get();
        if depth >= MOST_NESTED {
            return Err(Error::refused(
                "a question leads to itself: something in the file asks the library while the library reads it; look for a view or a trigger in the place of a table that the library reads",
            ));
        }
        self.nested.set(depth + 1);
        Ok(Nested(&self.nested))
    }

    /// Runs `work` with the prepared form of `sql`, which stays prepared. A statement may be in use several times at once.
    pub(crate) fn with<T>(&self, sql: &'static str, work: impl FnOnce(&mut Statement<'_>) -> Result<T>) -> Result<T> {
        let _nested = self.nested()?;
        let mut kept = self.take(sql)?;
        let answer = work(&mut kept.statement).map_err(|error| self.located(error));
        self.give_back(sql, kept)?;
        answer
    }

    /// The prepared form of `sql`, taken from those that are kept. Not generic, like `give_back`: the compiler makes one of each, and
    /// not one for every closure that asks.
    fn take(&self, sql: &'static str) -> Result<Kept> {
        let pooled = self.statements.borrow_mut().get_mut(&key(sql)).and_then(Vec::pop);
        match pooled {
            Some(kept) => Ok(kept),
            None => self.prepare(sql).map_err(|error| self.located(error)),
        }
    }

    /// Keeps a statement that has run for the next question.
    ///
    /// # Errors
    /// SQLite compiled it anew, and not as its text says.
    fn give_back(&self, sql: &'static str, mut kept: Kept) -> Result<()> {
        self.check_kept(sql, &mut kept)?;
        if self.keeps() {
            // What was bound would stay there with it.
            kept.statement.clear_bindings();
            self.statements.borrow_mut().entry(key(sql)).or_default().push(kept);
        }
        Ok(())
    }

    /// As [`with`](Self::with), for a text that was made for the tables of the application.
    pub(crate) fn with_text<T>(&self, sql: &Rc<str>, work: impl FnOnce(&mut Statement<'_>) -> Result<T>) -> Result<T> {
        let _nested = self.nested()?;
        let pooled = self.made.borrow_mut().get_mut(sql).and_then(Vec::pop);
        let mut kept = match pooled {
            Some(kept) => kept,
            None => self.prepare(sql)?,
        };
        let answer = work(&mut kept.statement);
        self.check_kept(sql, &mut kept)?;
        if self.keeps() {
            kept.statement.clear_bindings();
            self.made.borrow_mut().entry(Rc::clone(sql)).or_default().push(kept);
        }
        answer
    }

    /// Frees the statements about the application's own tables.
    pub(crate) fn forget_made(&self) {
        self.made.borrow_mut().clear();
    }

    /// Whether a statement was compiled anew since this was last asked, as all are after any change of the schema, also one that is undone.
    pub(crate) fn was_recompiled(&self) -> bool {
        self.recompiled.take()
    }

    /// Looks whether SQLite has compiled a statement anew.
    fn check_kept(&self, sql: &str, kept: &mut Kept) -> Result<()> {
        let prepared = kept.statement.get_status(StatementStatus::RePrepare);
        if kept.prepared != prepared {
            kept.prepared = prepared;
            self.unsure.set(true);
            self.recompiled.set(true);
            self.check_compiled(sql)?;
        }
        Ok(())
    }

    /// Prepares a statement that stays, and so must not live in the memory that is at hand for what comes and goes.
    #[cold]
    fn prepare(&self, sql: &str) -> Result<Kept> {
        self.unsure.set(true);
        let fresh = self.connection.prepare_with_flags(&as_allowed(&self.connection, sql), PrepFlags::SQLITE_PREPARE_PERSISTENT)?;
        // SAFETY: the connection is boxed and never replaced, and outlives the statements by the order of the fields.
        let statement = unsafe { std::mem::transmute::<Statement<'_>, Statement<'static>>(fresh) };
        self.check_compiled(sql)?;
        Ok(Kept { statement, prepared: 0 })
    }

    /// The first column of every row, as text.
    pub(crate) fn strings(&self, sql: &'static str, parameters: &[&dyn ToSql]) -> Result<Vec<String>> {
        self.with(sql, |statement| Ok(statement.query_map(parameters, |row| row.get(0))?.collect::<rusqlite::Result<Vec<_>>>()?))
    }

    /// How many statements are kept prepared and not in use.
    pub(crate) fn kept_statements(&self) -> usize {
        self.statements.borrow().values().map(Vec::len).sum()
    }

    /// How often SQLite has prepared the kept statements anew: after a change of the schema it must, and where it plans by the value of
    /// a parameter (a bare `LIMIT ?1`, or after ANALYZE a range of an index) it does so at each new value.
    pub(crate) fn reprepared(&self) -> i64 {
        let statements = self.statements.borrow();
        statements.values().flatten().map(|kept| i64::from(kept.prepared)).sum()
    }
}

/// The table whose disconnect frees the statements before `sqlite3_close` counts them. It has no rows.
struct Anchor {
    engine: Rc<Engine>,
}

impl Drop for Anchor {
    fn drop(&mut self) {
        self.engine.let_go();
    }
}

impl VirtualTable for Anchor {
    type Shared = Rc<Engine>;
    type Cursor = NoRows;

    fn connect(host: &mut Host<'_>, engine: &Rc<Engine>) -> Result<(Cow<'static, CStr>, Anchor)> {
        host.reach(Reach::Anywhere);
        engine.anchored.set(true);
        if let Some(parts) = engine.parts.take() {
            parts(&engine.connection, engine)?;
        }
        Ok((Cow::Borrowed(c"CREATE TABLE x (empty)"), Anchor { engine: Rc::clone(engine) }))
    }

    fn plan(&self, _info: &mut IndexInfo<'_>) -> Result<bool> {
        Ok(true)
    }

    fn open(&self) -> NoRows {
        NoRows
    }
}
