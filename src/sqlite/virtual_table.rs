//! Virtual tables without `unsafe`: what one answers is a [`VirtualTable`] and its [`Cursor`], and what SQLite and rusqlite want to know of
//! their place in memory is said here once. Every callback runs under the guard.

use std::borrow::Cow;
use std::ffi::{CStr, c_int};

use rusqlite::Connection;
use rusqlite::vtab::{
    Context, CreateVTab, Filters, IndexInfo, Module, VTab, VTabConfig, VTabConnection, VTabCursor, VTabKind, sqlite3_vtab,
    sqlite3_vtab_cursor,
};

use super::guard::guard;
use super::shared::OfConnection;

/// A virtual table as it is connected to.
pub(crate) trait VirtualTable: Sized + 'static {
    /// What is handed over where the table is defined.
    type Shared: 'static;
    type Cursor: Cursor;

    /// Connects to the table: its columns, as a CREATE TABLE statement, and the table.
    fn connect(host: &mut Host<'_>, shared: &Self::Shared) -> rusqlite::Result<(Cow<'static, CStr>, Self)>;
    /// Chooses a plan for a query; `false` where there is none with these constraints.
    fn plan(&self, info: &mut IndexInfo) -> rusqlite::Result<bool>;
    /// A cursor that stands nowhere yet.
    fn open(&self) -> Self::Cursor;
}

/// One pass over the rows of a table.
pub(crate) trait Cursor {
    /// Begins with the first row, by a plan and the values that it asked for.
    fn filter(&mut self, plan: c_int, values: &Filters<'_>) -> rusqlite::Result<()>;
    /// Goes to the next row.
    fn next(&mut self) -> rusqlite::Result<()>;
    /// Whether there is no row.
    fn eof(&self) -> bool;
    /// Answers with a column of the row.
    fn column(&self, context: &mut Context, column: c_int) -> rusqlite::Result<()>;
    fn rowid(&self) -> i64;
}

/// The connection that connects to a table, and what its statement says.
pub(crate) struct Host<'a> {
    connection: &'a mut VTabConnection,
    /// The schema in which the table lies
    schema: &'a [u8],
    /// Of CREATE VIRTUAL TABLE
    arguments: &'a [&'a [u8]],
}

impl Host<'_> {
    pub(crate) fn config(&mut self, config: VTabConfig) -> rusqlite::Result<()> {
        self.connection.config(config)
    }

    pub(crate) fn schema(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.schema)
    }

    pub(crate) fn arguments(&self) -> &[&[u8]] {
        self.arguments
    }

    /// The same connection, for the table to ask questions of its own. The table must not outlive it, and no table does.
    pub(crate) fn connection(&mut self) -> rusqlite::Result<Connection> {
        // SAFETY: the handle outlives the virtual table; the second connection does not own it and does nothing when dropped.
        unsafe { Connection::from_handle(self.connection.handle()) }
    }
}

/// Registers a table that is there without being created, under its name.
pub(crate) fn define<T: VirtualTable>(connection: &Connection, name: &'static str, shared: T::Shared) -> rusqlite::Result<()> {
    connection.create_module(name, Table::<T>::EPONYMOUS, Some(OfConnection::new((name, shared))))
}

/// Registers a module for CREATE VIRTUAL TABLE.
pub(crate) fn define_module<T: VirtualTable>(connection: &Connection, name: &'static str, shared: T::Shared) -> rusqlite::Result<()> {
    connection.create_module(name, Table::<T>::CREATED, Some(OfConnection::new((name, shared))))
}

#[repr(C)]
struct Table<T> {
    /// Base class. Must be first
    base: sqlite3_vtab,
    name: &'static str,
    table: T,
}

impl<T: VirtualTable> Table<T> {
    const EPONYMOUS: &'static Module<'static, Table<T>> = &Module::eponymous_only_module();
    const CREATED: &'static Module<'static, Table<T>> = &Module::read_only_module();
}

// SAFETY: the struct is repr(C) and begins with the base class.
unsafe impl<'vtab, T: VirtualTable> VTab<'vtab> for Table<T> {
    type Aux = OfConnection<(&'static str, T::Shared)>;
    type Cursor = TableCursor<T::Cursor>;

    fn connect(
        db: &mut VTabConnection,
        aux: Option<&Self::Aux>,
        _module: &[u8],
        database: &[u8],
        _table: &[u8],
        arguments: &[&[u8]],
    ) -> rusqlite::Result<(Cow<'static, CStr>, Self)> {
        let (name, shared) = aux.ok_or(rusqlite::Error::InvalidQuery)?.get();
        guard(name, || {
            let (columns, table) = T::connect(&mut Host { connection: db, schema: database, arguments }, shared)?;
            Ok((columns, Table { base: sqlite3_vtab::default(), name, table }))
        })
    }

    fn best_index(&self, info: &mut IndexInfo) -> rusqlite::Result<bool> {
        guard(self.name, || self.table.plan(info))
    }

    fn open(&'vtab mut self) -> rusqlite::Result<Self::Cursor> {
        guard(self.name, || Ok(TableCursor { base: sqlite3_vtab_cursor::default(), name: self.name, cursor: self.table.open() }))
    }
}

impl<T: VirtualTable> CreateVTab<'_> for Table<T> {
    const KIND: VTabKind = VTabKind::Default;
}

#[repr(C)]
struct TableCursor<C> {
    /// Base class. Must be first
    base: sqlite3_vtab_cursor,
    name: &'static str,
    cursor: C,
}

// SAFETY: the struct is repr(C) and begins with the base class.
unsafe impl<C: Cursor> VTabCursor for TableCursor<C> {
    fn filter(&mut self, plan: c_int, _text: Option<&str>, values: &Filters<'_>) -> rusqlite::Result<()> {
        guard(self.name, || self.cursor.filter(plan, values))
    }

    fn next(&mut self) -> rusqlite::Result<()> {
        guard(self.name, || self.cursor.next())
    }

    fn eof(&self) -> bool {
        self.cursor.eof()
    }

    fn column(&self, context: &mut Context, column: c_int) -> rusqlite::Result<()> {
        guard(self.name, || self.cursor.column(context, column))
    }

    fn rowid(&self) -> rusqlite::Result<i64> {
        Ok(self.cursor.rowid())
    }
}
