//! `authz_check` as SQLite calls it: once, or for every row of a statement.
//!
//! A statement that asks the same question of many rows is answered from the set of what the subject sees. Such a set costs as much as some
//! thousand checks; so rows are first checked one by one, and the set is made when as much has been spent on them. It is handed from row to
//! row as SQLite's auxiliary data of the permission, which live as long as that argument stays the same in one run of the statement.
//!
//! **Never stale.** What is handed on is made while the connection reads, and holds a statement open, so that the transaction in which it
//! was made goes on; and it is set aside as soon as the connection itself writes anything, which SQLite counts, or moves its clock.

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_int};
use std::rc::Rc;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::check::check;
use super::visible::visible;
use crate::base::identifier::IdRef;
use crate::facts::store::{Store, count};
use crate::facts::visible::VisibleSet;
use crate::sqlite::error::Result;
use crate::sqlite::row_function::{self, Row, RowFunction};
use crate::sqlite::transaction::{Snapshot, Transaction};
use crate::sqlite::value::id as id_of;

/// After so many times the rows that make a statement one that asks about many, the set is made, if it takes no more steps than the second
/// number says: about what has been spent by then.
const ATTEMPTS: [(usize, usize); 3] = [(32, 10_000), (256, 80_000), (1_024, usize::MAX)];

/// Registers the function of this module.
pub(crate) fn register(connection: &Connection, store: &Rc<Store>) -> rusqlite::Result<()> {
    row_function::define(connection, store)
}

impl RowFunction for Store {
    const NAME: &'static CStr = c"authz_check";
    type Memo = Memo;

    fn many(&self) -> usize {
        self.limits.get().scan_rows
    }

    fn memo(&self, values: [ValueRef<'_>; 4]) -> Result<Option<Memo>> {
        Memo::new(self, values)
    }

    // What many rows of a statement come to, and nothing else.
    #[inline]
    fn by_memo(&self, memo: &Memo, row: &Row<'_>) -> Result<Option<bool>> {
        let is_asked =
            memo.writes == self.engine.writes() && memo.moves == self.clock.moves() && (memo.is_fixed(row) || memo.is_about(row.values()?));
        if is_asked { memo.answer(self, row) } else { Ok(None) }
    }

    fn alone(&self, values: [ValueRef<'_>; 4]) -> Result<bool> {
        check(self, values)
    }
}

/// What is handed from row to row.
pub(crate) struct Memo {
    subject: Box<str>,
    permission: Box<str>,
    resource_type: Box<str>,
    /// How often the connection had written when this was made
    writes: c_int,
    /// How often its clock had been moved
    moves: u64,
    /// Whether subject and type stay the same too; not known at first
    is_fixed: Cell<Option<bool>>,
    rows: Cell<usize>,
    /// After so many a statement asks about many
    many: usize,
    set: RefCell<Option<Rc<VisibleSet>>>,
    _snapshot: Snapshot,
}

impl Memo {
    /// `None` where answers cannot be handed on.
    fn new(store: &Store, values: [ValueRef<'_>; 4]) -> Result<Option<Memo>> {
        let (ValueRef::Text(subject), ValueRef::Text(permission), ValueRef::Text(slug)) = (values[0], values[1], values[2]) else {
            return Ok(None);
        };
        let texts = [subject, permission, slug].map(std::str::from_utf8);
        let [Ok(subject), Ok(permission), Ok(slug)] = texts else { return Ok(None) };
        if store.engine.transaction() != Transaction::Read {
            return Ok(None);
        }
        let memo = Memo {
            subject: subject.into(),
            permission: permission.into(),
            resource_type: slug.into(),
            writes: store.engine.writes(),
            moves: store.clock.moves(),
            is_fixed: Cell::new(None),
            rows: Cell::new(0),
            many: store.limits.get().scan_rows,
            set: RefCell::default(),
            _snapshot: store.engine.snapshot()?,
        };
        let steps = if memo.many == 0 { usize::MAX } else { 0 };
        *memo.set.borrow_mut() = memo.visible(store, steps)?;
        Ok(Some(memo))
    }

    /// What the subject sees, if it is known already or takes at the most so many steps to find out.
    fn visible(&self, store: &Store, steps: usize) -> Result<Option<Rc<VisibleSet>>> {
        store.read(|reader| {
            let resource_type = reader.resource_type(&self.resource_type)?;
            let relation = reader.relation(&self.permission, resource_type)?;
            let who = reader.subject(&self.subject)?;
            visible(reader, who, relation, steps, &store.counts)
        })
    }

    fn is_fixed(&self, row: &Row<'_>) -> bool {
        self.is_fixed.get().unwrap_or_else(|| {
            let is_fixed = row.is_fixed();
            self.is_fixed.set(Some(is_fixed));
            is_fixed
        })
    }

    fn is_about(&self, values: [ValueRef<'_>; 4]) -> bool {
        let [subject, _, slug, _] = values;
        matches!(subject, ValueRef::Text(subject) if *subject == *self.subject.as_bytes())
            && matches!(slug, ValueRef::Text(slug) if *slug == *self.resource_type.as_bytes())
    }

    /// The answer from the set; `None` while there is none.
    #[inline]
    fn answer(&self, store: &Store, row: &Row<'_>) -> Result<Option<bool>> {
        if let Some(set) = &*self.set.borrow()
            && (set.until == i64::MAX || set.until > store.clock.now())
        {
            count(&store.counts.checks_from_set);
            return match row.last()? {
                ValueRef::Integer(number) => Ok(Some(set.ids.contains(IdRef::Integer(number)))),
                // Whatever is no id is for the slow way to refuse.
                other => match IdRef::stored(other) {
                    Some(id) if set.ids.contains(id) => Ok(Some(true)),
                    Some(IdRef::Integer(_)) => Ok(Some(false)),
                    _ => id_of(other, "resource id").map(|_| Some(false)),
                },
            };
        }
        let rows = self.rows.get().saturating_add(1);
        self.rows.set(rows);
        if let Some((_, steps)) = ATTEMPTS.iter().find(|(times, _)| times * self.many == rows) {
            *self.set.borrow_mut() = self.visible(store, *steps)?;
        }
        Ok(None)
    }
}
