//! Virtual tables without `unsafe`: what a table answers is a [`VirtualTable`] and its [`Cursor`]; what SQLite wants to know of their place
//! in memory is here.
//!
//! Every callback runs under a guard: a panic becomes an SQL error. An error that says that there is no memory goes without a text, for a
//! text would need memory.

use std::borrow::Cow;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, ffi};

use super::error::{Error, Result, Told, tell};
use super::shared::OfConnection;
use super::value::{arguments, set_result};

/// A virtual table as it is connected to.
pub(crate) trait VirtualTable: Sized + 'static {
    /// What is handed over where the table is defined.
    type Shared: 'static;
    type Cursor: Cursor;
    /// Whether rows may be inserted.
    const TAKES_ROWS: bool = false;

    /// Connects to the table: its columns, as a CREATE TABLE statement, and the table.
    fn connect(host: &mut Host<'_>, shared: &Self::Shared) -> Result<(Cow<'static, CStr>, Self)>;
    /// Chooses a plan for a query; `false` where there is none with these constraints.
    fn plan(&self, info: &mut IndexInfo<'_>) -> Result<bool>;
    /// A cursor that is before the first row.
    fn open(&self) -> Self::Cursor;
    /// Takes a row.
    fn insert(&self, _row: &[ValueRef<'_>]) -> Result<()> {
        Err(Error::refused("this table takes no rows"))
    }
}

/// One pass over the rows of a table.
pub(crate) trait Cursor {
    /// Begins with the first row, by a plan and the values that it asked for.
    fn filter(&mut self, plan: c_int, values: &[ValueRef<'_>]) -> Result<()>;
    /// Goes to the next row.
    fn next(&mut self) -> Result<()>;
    /// Whether there is no row.
    fn eof(&self) -> bool;
    /// Answers with a column of the row.
    fn column(&self, column: usize, answer: &mut Answer<'_>) -> Result<()>;
    fn rowid(&self) -> i64;
}

/// A cursor over no rows.
pub(crate) struct NoRows;

impl Cursor for NoRows {
    fn filter(&mut self, _plan: c_int, _values: &[ValueRef<'_>]) -> Result<()> {
        Ok(())
    }

    fn next(&mut self) -> Result<()> {
        Ok(())
    }

    fn eof(&self) -> bool {
        true
    }

    fn column(&self, _column: usize, _answer: &mut Answer<'_>) -> Result<()> {
        Ok(())
    }

    fn rowid(&self) -> i64 {
        0
    }
}

/// Where a column is answered.
pub(crate) struct Answer<'a> {
    context: *mut ffi::sqlite3_context,
    _call: PhantomData<&'a ()>,
}

impl Answer<'_> {
    pub(crate) fn set(&mut self, value: ValueRef<'_>) {
        // SAFETY: the context is that of the call.
        unsafe { set_result(self.context, value) };
    }
}

/// Where a table may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Also in views and triggers of untrusted schemas
    Anywhere,
    /// In statements of the application alone
    Direct,
}

/// The connection that connects to a table, and what its statement says.
pub(crate) struct Host<'a> {
    handle: *mut ffi::sqlite3,
    /// Module, schema and table, then the arguments of CREATE VIRTUAL TABLE
    words: &'a [*const c_char],
}

impl Host<'_> {
    pub(crate) fn reach(&mut self, reach: Reach) {
        let option = match reach {
            Reach::Anywhere => ffi::SQLITE_VTAB_INNOCUOUS,
            Reach::Direct => ffi::SQLITE_VTAB_DIRECTONLY,
        };
        // SAFETY: called while connecting, as SQLite wants it; neither option takes an argument.
        unsafe { ffi::sqlite3_vtab_config(self.handle, option) };
    }

    fn word(&self, index: usize) -> Cow<'_, str> {
        match self.words.get(index) {
            // SAFETY: SQLite hands over C strings.
            Some(word) if !word.is_null() => unsafe { CStr::from_ptr(*word) }.to_string_lossy(),
            _ => Cow::Borrowed(""),
        }
    }

    pub(crate) fn schema(&self) -> Cow<'_, str> {
        self.word(1)
    }

    /// The arguments of CREATE VIRTUAL TABLE.
    pub(crate) fn arguments(&self) -> Vec<Cow<'_, str>> {
        (3..self.words.len()).map(|index| self.word(index)).collect()
    }

    /// The same connection, for the table to ask questions of its own. The table must not outlive it, and no table does.
    pub(crate) fn connection(&mut self) -> rusqlite::Result<Connection> {
        // SAFETY: the handle outlives the virtual table; the second connection does not own it and does nothing when dropped.
        unsafe { Connection::from_handle(self.handle) }
    }
}

/// A comparison that a query makes with a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    Greater,
    AtMost,
    Less,
    AtLeast,
    Other,
}

/// What SQLite asks when it plans a query.
pub(crate) struct IndexInfo<'a> {
    info: &'a mut ffi::sqlite3_index_info,
}

impl IndexInfo<'_> {
    fn given<T>(first: *const T, count: c_int) -> &'static [T] {
        match usize::try_from(count) {
            // SAFETY: SQLite hands over an array of that length, which lives as long as the call; nobody keeps the slice.
            Ok(count) if count > 0 && !first.is_null() => unsafe { std::slice::from_raw_parts(first, count) },
            _ => &[],
        }
    }

    /// The comparisons: number, column (−1 for the rowid), operator, whether the other side is known by then.
    pub(crate) fn constraints(&self) -> impl Iterator<Item = (usize, c_int, Operator, bool)> + use<> {
        let all = Self::given(self.info.aConstraint.cast_const(), self.info.nConstraint);
        all.iter().enumerate().map(|(index, one)| {
            let operator = match c_int::from(one.op) {
                ffi::SQLITE_INDEX_CONSTRAINT_EQ => Operator::Equal,
                ffi::SQLITE_INDEX_CONSTRAINT_GT => Operator::Greater,
                ffi::SQLITE_INDEX_CONSTRAINT_LE => Operator::AtMost,
                ffi::SQLITE_INDEX_CONSTRAINT_LT => Operator::Less,
                ffi::SQLITE_INDEX_CONSTRAINT_GE => Operator::AtLeast,
                _ => Operator::Other,
            };
            (index, one.iColumn, operator, one.usable != 0)
        })
    }

    /// Asks for the value of a comparison as the `position`-th value of the filter, counted from 1. With `exact` SQLite does not compare
    /// once more.
    pub(crate) fn take(&mut self, constraint: usize, position: c_int, exact: bool) {
        if constraint < usize::try_from(self.info.nConstraint).unwrap_or_default() && !self.info.aConstraintUsage.is_null() {
            // SAFETY: within the array, which has as many places as there are constraints.
            let usage = unsafe { &mut *self.info.aConstraintUsage.add(constraint) };
            usage.argvIndex = position;
            usage.omit = exact.into();
        }
    }

    /// The collation by which a comparison is made.
    pub(crate) fn is_binary(&mut self, constraint: usize) -> bool {
        let Ok(constraint) = c_int::try_from(constraint) else { return false };
        // SAFETY: called while planning, with the number of a constraint; the answer is a C string or NULL.
        unsafe {
            let name = ffi::sqlite3_vtab_collation(self.info, constraint);
            !name.is_null() && CStr::from_ptr(name).to_bytes().eq_ignore_ascii_case(b"BINARY")
        }
    }

    /// Whether the query wants the rows ordered by this column alone, the smallest first.
    pub(crate) fn is_ordered_by(&self, column: c_int) -> bool {
        let all = Self::given(self.info.aOrderBy.cast_const(), self.info.nOrderBy);
        matches!(all, [one] if one.iColumn == column && one.desc == 0)
    }

    pub(crate) fn set_ordered(&mut self, ordered: bool) {
        self.info.orderByConsumed = ordered.into();
    }

    /// Bit n is set when column n is read.
    pub(crate) fn columns_used(&self) -> u64 {
        self.info.colUsed
    }

    pub(crate) fn set_plan(&mut self, plan: c_int, rows: i64, cost: f64) {
        self.info.idxNum = plan;
        self.info.estimatedRows = rows;
        self.info.estimatedCost = cost;
    }
}

/// Registers a table that is there without being created, under its name.
pub(crate) fn define<T: VirtualTable>(connection: &Connection, name: &'static str, shared: T::Shared) -> rusqlite::Result<()> {
    register::<T>(connection, name, if T::TAKES_ROWS { &Module::<T>::EPONYMOUS_WITH_ROWS } else { &Module::<T>::EPONYMOUS }, shared)
}

/// Registers a module for CREATE VIRTUAL TABLE.
pub(crate) fn define_module<T: VirtualTable>(connection: &Connection, name: &'static str, shared: T::Shared) -> rusqlite::Result<()> {
    register::<T>(connection, name, &Module::<T>::CREATED, shared)
}

/// What a module is defined with.
struct Defined<S> {
    name: &'static str,
    shared: S,
}

fn register<T: VirtualTable>(
    connection: &Connection,
    name: &'static str,
    module: &'static ffi::sqlite3_module,
    shared: T::Shared,
) -> rusqlite::Result<()> {
    let c_name = CString::new(name)?;
    let defined = Box::into_raw(Box::new(OfConnection::new(Defined { name, shared })));
    // SAFETY: the handle is open; what is shared is given back by `release`, which SQLite calls once, also where this call fails.
    let code = unsafe {
        ffi::sqlite3_create_module_v2(
            connection.handle(),
            c_name.as_ptr(),
            module,
            defined.cast(),
            Some(release::<OfConnection<Defined<T::Shared>>>),
        )
    };
    match code {
        ffi::SQLITE_OK => Ok(()),
        code => Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)),
    }
}

/// Gives back what SQLite was handed as a box.
pub(crate) unsafe extern "C" fn release<B>(boxed: *mut c_void) {
    // SAFETY: made by `Box::into_raw` of this type, and given back once.
    let boxed = unsafe { Box::from_raw(boxed.cast::<B>()) };
    // Nothing in here panics; a panic must not reach SQLite all the same.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(boxed)));
}

#[repr(C)]
struct Table<T> {
    /// Base class. Must be first
    base: ffi::sqlite3_vtab,
    name: &'static str,
    table: T,
}

#[repr(C)]
struct TableCursor<C> {
    /// Base class. Must be first
    base: ffi::sqlite3_vtab_cursor,
    cursor: C,
}

struct Module<T>(PhantomData<T>);

impl<T: VirtualTable> Module<T> {
    const EPONYMOUS: ffi::sqlite3_module = ffi::sqlite3_module {
        iVersion: 1,
        xCreate: None,
        xConnect: Some(connect::<T>),
        xBestIndex: Some(best_index::<T>),
        xDisconnect: Some(disconnect::<T>),
        xDestroy: None,
        xOpen: Some(open::<T>),
        xClose: Some(close::<T>),
        xFilter: Some(filter::<T>),
        xNext: Some(next::<T>),
        xEof: Some(eof::<T>),
        xColumn: Some(column::<T>),
        xRowid: Some(rowid::<T>),
        xUpdate: None,
        xBegin: None,
        xSync: None,
        xCommit: None,
        xRollback: None,
        xFindFunction: None,
        xRename: None,
        xSavepoint: None,
        xRelease: None,
        xRollbackTo: None,
        ..NOTHING
    };
    const EPONYMOUS_WITH_ROWS: ffi::sqlite3_module = ffi::sqlite3_module { xUpdate: Some(update::<T>), ..Self::EPONYMOUS };
    const CREATED: ffi::sqlite3_module =
        ffi::sqlite3_module { xCreate: Some(connect::<T>), xDestroy: Some(disconnect::<T>), ..Self::EPONYMOUS };
}

/// A module without a callback. Newer bindings have more places than older ones.
// SAFETY: a structure of numbers and optional functions, for which zero is 0 and none.
const NOTHING: ffi::sqlite3_module = unsafe { std::mem::MaybeUninit::zeroed().assume_init() };

/// Runs a callback; what goes wrong is put where SQLite looks for the text.
fn guarded(name: &str, text: &mut *mut c_char, callback: impl FnOnce() -> Result<()>) -> c_int {
    let error = match catch_unwind(AssertUnwindSafe(callback)) {
        Ok(Ok(())) => return ffi::SQLITE_OK,
        Ok(Err(error)) => error,
        Err(_) => Error::panicked(),
    };
    let Told { code, text: words } = tell(name, error);
    if let Some(words) = words {
        // SAFETY: what was there is from SQLite's allocator, or NULL; so is the new text, and NULL where there is no memory.
        unsafe {
            ffi::sqlite3_free((*text).cast());
            let bytes = words.as_bytes_with_nul();
            *text = ffi::sqlite3_malloc64(bytes.len() as u64).cast();
            if !(*text).is_null() {
                (*text).copy_from_nonoverlapping(bytes.as_ptr().cast(), bytes.len());
            }
        }
    }
    code
}

unsafe extern "C" fn connect<T: VirtualTable>(
    handle: *mut ffi::sqlite3,
    defined: *mut c_void,
    count: c_int,
    words: *const *const c_char,
    table: *mut *mut ffi::sqlite3_vtab,
    text: *mut *mut c_char,
) -> c_int {
    // SAFETY: SQLite hands over what the module was registered with, as many words as it says, and two places to write to.
    unsafe {
        let defined = (*defined.cast::<OfConnection<Defined<T::Shared>>>()).get();
        guarded(defined.name, &mut *text, || {
            let words = std::slice::from_raw_parts(words, usize::try_from(count).unwrap_or_default());
            let (columns, connected) = T::connect(&mut Host { handle, words }, &defined.shared)?;
            match ffi::sqlite3_declare_vtab(handle, columns.as_ptr()) {
                ffi::SQLITE_OK => {}
                code => return Err(Error::of_code(code)),
            }
            let base = ffi::sqlite3_vtab { pModule: std::ptr::null(), nRef: 0, zErrMsg: std::ptr::null_mut() };
            *table = Box::into_raw(Box::new(Table { base, name: defined.name, table: connected })).cast();
            Ok(())
        })
    }
}

/// The table of a callback.
unsafe fn of<'a, T>(table: *mut ffi::sqlite3_vtab) -> &'a Table<T> {
    // SAFETY: by the contract, one that `connect` has made; only the text in its base is ever written to, through the pointer.
    unsafe { &*table.cast::<Table<T>>() }
}

unsafe extern "C" fn best_index<T: VirtualTable>(table: *mut ffi::sqlite3_vtab, info: *mut ffi::sqlite3_index_info) -> c_int {
    // SAFETY: SQLite hands over a table that is connected, and what it asks.
    unsafe {
        let mut possible = true;
        let code = guarded(of::<T>(table).name, &mut (*table).zErrMsg, || {
            possible = of::<T>(table).table.plan(&mut IndexInfo { info: &mut *info })?;
            Ok(())
        });
        if code == ffi::SQLITE_OK && !possible { ffi::SQLITE_CONSTRAINT } else { code }
    }
}

unsafe extern "C" fn disconnect<T: VirtualTable>(table: *mut ffi::sqlite3_vtab) -> c_int {
    // SAFETY: made by `connect`, and given back once.
    unsafe { release::<Table<T>>(table.cast()) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn open<T: VirtualTable>(table: *mut ffi::sqlite3_vtab, cursor: *mut *mut ffi::sqlite3_vtab_cursor) -> c_int {
    // SAFETY: SQLite hands over a table that is connected and a place for the cursor.
    unsafe {
        guarded(of::<T>(table).name, &mut (*table).zErrMsg, || {
            let base = ffi::sqlite3_vtab_cursor { pVtab: table };
            *cursor = Box::into_raw(Box::new(TableCursor { base, cursor: of::<T>(table).table.open() })).cast();
            Ok(())
        })
    }
}

unsafe extern "C" fn close<T: VirtualTable>(cursor: *mut ffi::sqlite3_vtab_cursor) -> c_int {
    // SAFETY: made by `open`, and given back once.
    unsafe { release::<TableCursor<T::Cursor>>(cursor.cast()) };
    ffi::SQLITE_OK
}

/// Runs a callback of a cursor.
unsafe fn on_cursor<T: VirtualTable>(cursor: *mut ffi::sqlite3_vtab_cursor, callback: impl FnOnce(&mut T::Cursor) -> Result<()>) -> c_int {
    // SAFETY: by the contract, a cursor that `open` has made, of a table that is connected.
    unsafe {
        let table = (*cursor).pVtab;
        guarded(of::<T>(table).name, &mut (*table).zErrMsg, || callback(&mut (*cursor.cast::<TableCursor<T::Cursor>>()).cursor))
    }
}

unsafe extern "C" fn filter<T: VirtualTable>(
    cursor: *mut ffi::sqlite3_vtab_cursor,
    plan: c_int,
    _text: *const c_char,
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
) -> c_int {
    // SAFETY: SQLite hands over an open cursor and as many values as it says, which are valid during the call.
    unsafe { on_cursor::<T>(cursor, |cursor| cursor.filter(plan, &arguments(count, values)?)) }
}

unsafe extern "C" fn next<T: VirtualTable>(cursor: *mut ffi::sqlite3_vtab_cursor) -> c_int {
    // SAFETY: SQLite hands over an open cursor.
    unsafe { on_cursor::<T>(cursor, |cursor| cursor.next()) }
}

unsafe extern "C" fn eof<T: VirtualTable>(cursor: *mut ffi::sqlite3_vtab_cursor) -> c_int {
    // SAFETY: SQLite hands over an open cursor.
    let cursor = unsafe { &(*cursor.cast::<TableCursor<T::Cursor>>()).cursor };
    // A panic ends the walk; nothing in here panics.
    catch_unwind(AssertUnwindSafe(|| cursor.eof())).unwrap_or(true).into()
}

unsafe extern "C" fn column<T: VirtualTable>(
    cursor: *mut ffi::sqlite3_vtab_cursor,
    context: *mut ffi::sqlite3_context,
    column: c_int,
) -> c_int {
    // SAFETY: SQLite hands over an open cursor and where to answer.
    unsafe {
        on_cursor::<T>(cursor, |cursor| {
            cursor.column(usize::try_from(column).unwrap_or_default(), &mut Answer { context, _call: PhantomData })
        })
    }
}

unsafe extern "C" fn rowid<T: VirtualTable>(cursor: *mut ffi::sqlite3_vtab_cursor, rowid: *mut i64) -> c_int {
    // SAFETY: SQLite hands over an open cursor and where to answer.
    unsafe {
        on_cursor::<T>(cursor, |cursor| {
            *rowid = cursor.rowid();
            Ok(())
        })
    }
}

unsafe extern "C" fn update<T: VirtualTable>(
    table: *mut ffi::sqlite3_vtab,
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
    rowid: *mut i64,
) -> c_int {
    // SAFETY: SQLite hands over a table that is connected, as many values as it says, which are valid during the call, and where to answer.
    unsafe {
        guarded(of::<T>(table).name, &mut (*table).zErrMsg, || {
            // Old rowid, new rowid, then the columns.
            match arguments(count, values)?.as_slice() {
                [ValueRef::Null, _, row @ ..] => {
                    *rowid = 0;
                    of::<T>(table).table.insert(row)
                }
                _ => Err(Error::refused("rows of this table can only be inserted")),
            }
        })
    }
}
