//! Table-valued functions: one virtual table module that serves them all.
//!
//! A [`TableFunction`] says its name, its columns and its arguments, and what it is defined with makes [`Rows`]; everything SQLite wants to
//! know besides is answered here once. Arguments are hidden columns, so `f('a', 'b')` and `SELECT … FROM f WHERE first = 'a' AND second = 'b'` are the
//! same call. A bound on the first column that SQLite offers (`resource_id = ?` in a join) reaches the function as [`Call::equals`].

use std::borrow::Cow;
use std::ffi::{CStr, CString, c_int};
use std::rc::Rc;

use rusqlite::Connection;
use rusqlite::types::{Value, ValueRef};

use super::error::{Error, Result};
use super::value::{GivenId, id, text};
use super::virtual_table::{self, Answer as Cell, Cursor, Host, IndexInfo, Operator, Reach, VirtualTable};

/// A table-valued function.
pub(crate) struct TableFunction {
    pub(crate) name: &'static str,
    /// The columns it answers with, in order.
    pub(crate) columns: &'static [&'static str],
    /// Its arguments, in order.
    pub(crate) arguments: &'static [&'static str],
    /// How many of the arguments must be given.
    pub(crate) required: usize,
    /// The column whose upper bound is handed on as [`Call::at_most`], where there is one.
    pub(crate) bounded: Option<usize>,
    /// How many rows are to be expected, for the planner.
    pub(crate) expected_rows: i64,
}

/// What a call is answered with.
pub(crate) type Answer = Result<Box<dyn Rows>>;

/// A call of a table-valued function.
pub(crate) struct Call {
    arguments: Vec<Option<Value>>,
    /// `first column = value`, where the statement asks for that. The rows are filtered by SQLite all the same.
    pub(crate) equals: Option<Value>,
    /// No row with a greater value in the bounded column is wanted.
    pub(crate) at_most: Option<i64>,
    /// Bit n is set when column n is read.
    pub(crate) columns_used: u32,
}

impl Call {
    /// The argument at `index`; NULL where it was not given.
    pub(crate) fn value(&self, index: usize) -> ValueRef<'_> {
        self.arguments.get(index).and_then(Option::as_ref).map_or(ValueRef::Null, ValueRef::from)
    }

    /// Whether the argument at `index` was given, be it as NULL.
    pub(crate) fn given(&self, index: usize) -> bool {
        self.arguments.get(index).is_some_and(Option::is_some)
    }

    /// A text argument, or `None` for NULL.
    pub(crate) fn text(&self, index: usize, what: &str) -> Result<Option<&str>> {
        text(self.value(index), what)
    }

    /// An id argument, or `None` for NULL.
    pub(crate) fn id(&self, index: usize, what: &str) -> Result<Option<GivenId<'_>>> {
        id(self.value(index), what)
    }
}

/// The rows of an answer, one at a time.
pub(crate) trait Rows {
    /// Goes to the next row, the first at first. `false` when there is none.
    fn advance(&mut self) -> Result<bool>;
    /// A column of the current row.
    fn value(&self, column: usize) -> ValueRef<'_>;
}

/// Rows that have all been made beforehand.
pub(crate) struct Made {
    rows: std::vec::IntoIter<Vec<Value>>,
    current: Vec<Value>,
}

impl Made {
    /// An answer of these rows.
    pub(crate) fn rows(rows: Vec<Vec<Value>>) -> Box<dyn Rows> {
        Box::new(Made { rows: rows.into_iter(), current: Vec::new() })
    }

    /// An answer without rows.
    pub(crate) fn none() -> Box<dyn Rows> {
        Made::rows(Vec::new())
    }
}

impl Rows for Made {
    fn advance(&mut self) -> Result<bool> {
        match self.rows.next() {
            Some(row) => {
                self.current = row;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    fn value(&self, column: usize) -> ValueRef<'_> {
        self.current.get(column).map_or(ValueRef::Null, ValueRef::from)
    }
}

/// Registers a table-valued function on a connection. `rows` answers its calls, and is given `state` with every call.
pub(crate) fn define<S: 'static>(
    connection: &Connection,
    state: &Rc<S>,
    function: &'static TableFunction,
    rows: fn(&Rc<S>, Call) -> Answer,
) -> rusqlite::Result<()> {
    define_within(connection, state, function, rows, Reach::Anywhere)
}

/// Registers one that answers only to statements of the application's own, not to views and triggers stored in the file.
pub(crate) fn define_direct<S: 'static>(
    connection: &Connection,
    state: &Rc<S>,
    function: &'static TableFunction,
    rows: fn(&Rc<S>, Call) -> Answer,
) -> rusqlite::Result<()> {
    define_within(connection, state, function, rows, Reach::Direct)
}

fn define_within<S: 'static>(
    connection: &Connection,
    state: &Rc<S>,
    function: &'static TableFunction,
    rows: fn(&Rc<S>, Call) -> Answer,
    reach: Reach,
) -> rusqlite::Result<()> {
    let state = Rc::clone(state);
    let rows: RowsOf = Rc::new(move |call| rows(&state, call));
    virtual_table::define::<Table>(connection, function.name, (Table { function, rows }, reach))
}

/// What answers the calls of a function.
type RowsOf = Rc<dyn Fn(Call) -> Answer>;

#[derive(Clone)]
struct Table {
    function: &'static TableFunction,
    rows: RowsOf,
}

/// What a plan hands over besides the arguments: `first column = …` and the upper bound, inclusive or not.
const EQUALS: u32 = 1 << 24;
const AT_MOST: u32 = 1 << 25;
const BELOW: u32 = 1 << 26;
/// Where in a plan the columns that are read are noted, one bit each; below it are the bits of the arguments.
const COLUMNS: u32 = 16;

impl VirtualTable for Table {
    type Shared = (Table, Reach);
    type Cursor = TableCursor;

    fn connect(host: &mut Host<'_>, (table, reach): &Self::Shared) -> Result<(Cow<'static, CStr>, Table)> {
        host.reach(*reach);
        let hidden = table.function.arguments.iter().map(|name| format!("\"{name}\" HIDDEN"));
        let columns: Vec<String> = table.function.columns.iter().map(|name| format!("\"{name}\"")).chain(hidden).collect();
        let schema =
            CString::new(format!("CREATE TABLE x ({})", columns.join(", "))).map_err(|_| Error::refused("the columns are no C string"))?;
        Ok((Cow::Owned(schema), table.clone()))
    }

    fn plan(&self, info: &mut IndexInfo<'_>) -> Result<bool> {
        let outputs = self.function.columns.len();
        let mut arguments: Vec<Option<usize>> = vec![None; self.function.arguments.len()];
        let (mut equals, mut at_most) = (None, None);
        let mut waiting = false;
        for (index, column, operator, is_usable) in info.constraints() {
            let Ok(column) = usize::try_from(column) else { continue };
            let is_equal = operator == Operator::Equal;
            if column >= outputs {
                let Some(slot) = arguments.get_mut(column - outputs) else { continue };
                match (is_equal, is_usable) {
                    (true, true) => *slot = Some(index),
                    (true, false) => waiting = true,
                    _ => {}
                }
            } else if is_usable && column == 0 && is_equal && self.function.bounded != Some(0) {
                // With another collation more than the value itself may be equal: then SQLite alone compares.
                if info.is_binary(index) {
                    equals = Some(index);
                }
            } else if is_usable && self.function.bounded == Some(column) {
                match operator {
                    Operator::AtMost | Operator::Equal => at_most = Some((index, AT_MOST)),
                    Operator::Less => at_most = Some((index, BELOW)),
                    _ => {}
                }
            }
        }
        let given = |slot: &Option<usize>| slot.is_some();
        // An argument comes from a table that this plan reads later: another order of the join has to serve.
        if waiting && !arguments.iter().all(given) {
            return Ok(false);
        }
        let mut plan = u32::try_from(info.columns_used() & 0xff).unwrap_or_default() << COLUMNS;
        let mut position = 0;
        for (bit, index) in arguments.iter().enumerate().filter_map(|(bit, index)| index.map(|index| (1 << bit, index))) {
            plan |= bit;
            position += 1;
            info.take(index, position, true);
        }
        if let Some(index) = equals {
            plan |= EQUALS;
            position += 1;
            info.take(index, position, false);
        }
        if let Some((index, kind)) = at_most {
            plan |= kind;
            position += 1;
            info.take(index, position, false);
        }
        let rows = if equals.is_some() { 1 } else { self.function.expected_rows };
        // To ask about one row costs a whole call: as much as forty rows of a list. Told less, SQLite would rather do that for each
        // row of a table of a thousand than make the list once.
        let cost = if equals.is_some() { 40.0 } else { 100.0 + self.function.expected_rows as f64 };
        info.set_plan(c_int::try_from(plan).unwrap_or_default(), rows, cost);
        Ok(true)
    }

    fn open(&self) -> TableCursor {
        TableCursor { table: self.clone(), rows: None, arguments: Vec::new(), row: 0 }
    }
}

struct TableCursor {
    table: Table,
    /// `None` past the last row
    rows: Option<Box<dyn Rows>>,
    arguments: Vec<Option<Value>>,
    row: i64,
}

impl TableCursor {
    fn start(&mut self, plan: u32, given: &[ValueRef<'_>]) -> Result<()> {
        let function = self.table.function;
        let mut values = given.iter().map(|value| Value::try_from(*value));
        let mut take = || values.next().transpose().map_err(|_| Error::refused("an argument is text that is not valid UTF-8"));
        let mut arguments = Vec::with_capacity(function.arguments.len());
        for bit in 0..function.arguments.len() {
            arguments.push(if plan & (1 << bit) != 0 { take()? } else { None });
        }
        let equals = if plan & EQUALS != 0 { take()? } else { None };
        let at_most = match if plan & (AT_MOST | BELOW) != 0 { take()? } else { None } {
            Some(Value::Integer(bound)) if plan & BELOW != 0 => Some(bound.saturating_sub(1)),
            Some(Value::Integer(bound)) => Some(bound),
            // Anything else is compared by SQLite alone.
            _ => None,
        };
        let missing = arguments.iter().take(function.required).position(Option::is_none);
        if let Some(name) = missing.and_then(|index| function.arguments.get(index)) {
            return Err(Error::refused(format!(
                "the argument {name} is missing; call it as {}({})",
                function.name,
                function.arguments.join(", ")
            )));
        }
        self.arguments.clone_from(&arguments);
        self.row = 0;
        let mut rows = (self.table.rows)(Call { arguments, equals, at_most, columns_used: plan >> COLUMNS & 0xff })?;
        self.rows = rows.advance()?.then_some(rows);
        Ok(())
    }
}

impl Cursor for TableCursor {
    fn filter(&mut self, plan: c_int, values: &[ValueRef<'_>]) -> Result<()> {
        self.rows = None;
        self.start(u32::try_from(plan).unwrap_or_default(), values)
    }

    fn next(&mut self) -> Result<()> {
        let more = match &mut self.rows {
            Some(rows) => rows.advance()?,
            None => false,
        };
        if !more {
            self.rows = None;
        }
        self.row += 1;
        Ok(())
    }

    fn eof(&self) -> bool {
        self.rows.is_none()
    }

    fn column(&self, column: usize, answer: &mut Cell<'_>) -> Result<()> {
        let outputs = self.table.function.columns.len();
        answer.set(match (column.checked_sub(outputs), &self.rows) {
            (Some(argument), _) => self.arguments.get(argument).and_then(Option::as_ref).map_or(ValueRef::Null, ValueRef::from),
            (None, Some(rows)) => rows.value(column),
            (None, None) => ValueRef::Null,
        });
        Ok(())
    }

    fn rowid(&self) -> i64 {
        self.row
    }
}
