//! A walk over a table that points to its own parents, in one direction, breadth first.

use std::collections::VecDeque;

use hashbrown::HashSet;
use rusqlite::types::Value;

use crate::base::identifier::{IdRef, whole};
use crate::facts::ids::Ids;
use crate::sqlite::statement::HeldStatement;

/// A walk in one direction, breadth first.
pub(super) struct Walk {
    pub(super) statement: HeldStatement,
    pub(super) up: bool,
    /// The value that the query gave
    pub(super) bound: Value,
    pub(super) at_most: i64,
    pub(super) open: VecDeque<(Value, i64)>,
    /// What was read, and whether there is more below
    pub(super) read: std::vec::IntoIter<(Value, bool)>,
    pub(super) seen: Seen,
    /// Where the walk is; `None` past the end
    pub(super) current: Option<(Value, i64)>,
    pub(super) depth: i64,
    pub(super) count: i64,
}

impl Walk {
    /// Goes to the next row.
    pub(super) fn advance(&mut self) -> rusqlite::Result<()> {
        self.count += 1;
        self.current = if self.up { self.next_up()? } else { self.next_down()? };
        Ok(())
    }

    fn next_down(&mut self) -> rusqlite::Result<Option<(Value, i64)>> {
        loop {
            for (value, has_below) in self.read.by_ref() {
                if self.seen.insert(&value) {
                    if has_below && self.depth < self.at_most {
                        self.open.push_back((value.clone(), self.depth));
                    }
                    return Ok(Some((value, self.depth)));
                }
            }
            let Some((above, depth)) = self.open.pop_front() else { return Ok(None) };
            self.depth = depth + 1;
            let mut rows = self.statement.query([above])?;
            let mut below = Vec::new();
            while let Some(row) = rows.next()? {
                below.push((row.get(0)?, row.get(1)?));
            }
            self.read = below.into_iter();
        }
    }

    /// A parent that the table does not have as an id is no row of it: so each is looked up before it is shown.
    fn next_up(&mut self) -> rusqlite::Result<Option<(Value, i64)>> {
        while let Some((value, depth)) = self.open.pop_front() {
            if !self.seen.insert(&value) {
                continue;
            }
            let mut rows = self.statement.query([value])?;
            let mut found = None;
            while let Some(row) = rows.next()? {
                let parent: Value = row.get(1)?;
                if depth < self.at_most && parent != Value::Null {
                    self.open.push_back((parent, depth + 1));
                }
                found = Some(row.get(0)?);
            }
            if let Some(id) = found {
                return Ok(Some((id, depth)));
            }
        }
        Ok(None)
    }
}

/// The values met so far: small integers, which most ids are, as bits.
#[derive(Default)]
pub(super) struct Seen {
    near: Ids,
    others: HashSet<Key>,
}

impl Seen {
    /// → Whether it is new.
    fn insert(&mut self, value: &Value) -> bool {
        match Key::of(value) {
            Key::Integer(number) if Ids::is_near(number) => self.near.insert(IdRef::Integer(number)),
            key => self.others.insert(key),
        }
    }
}

/// A value, such that equal keys are equal values to SQLite.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Null,
    Integer(i64),
    Real(u64),
    Text(Box<str>),
    Blob(Box<[u8]>),
}

impl Key {
    fn of(value: &Value) -> Key {
        match value {
            Value::Null => Key::Null,
            Value::Integer(number) => Key::Integer(*number),
            // 1.0 = 1
            Value::Real(number) if let Some(integer) = whole(*number) => Key::Integer(integer),
            Value::Real(number) => Key::Real(number.to_bits()),
            Value::Text(text) => Key::Text(text.as_str().into()),
            Value::Blob(bytes) => Key::Blob(bytes.as_slice().into()),
        }
    }
}
