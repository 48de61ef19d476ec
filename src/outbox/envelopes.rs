//! `authz_event_envelopes`: each event as WorkOS sends it.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::ffi::{CStr, c_int};
use std::rc::Rc;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::page::{Event, page};
use crate::sqlite::connection::Engine;
use crate::sqlite::error::Result;
use crate::sqlite::virtual_table;
use crate::sqlite::virtual_table::{Answer, Cursor, Host, IndexInfo, Operator, Reach, VirtualTable};

/// Registers the tables of this module.
pub(crate) fn register(connection: &Connection, engine: &Rc<Engine>) -> rusqlite::Result<()> {
    virtual_table::define::<Envelopes>(connection, NAME, Rc::clone(engine))
}

const NAME: &str = "authz_event_envelopes";
const SEQ: c_int = 0;

bitflags::bitflags! {
    /// What a plan hands over, in this order.
    #[derive(Clone, Copy)]
    struct Plan: c_int {
        /// `seq > ?`
        const AFTER = 1;
        /// `seq >= ?`
        const FROM = 2;
        /// `seq <= ?`
        const UNTIL = 4;
        /// `seq < ?`
        const BELOW = 8;
        /// `seq = ?`
        const EQUAL = 16;
    }
}

/// `authz_event_envelopes(seq, json)`: each event as WorkOS's envelope, oldest first. A bound on `seq` is a look-up, so a page
/// costs the same however many events there are.
struct Envelopes {
    engine: Rc<Engine>,
}

impl VirtualTable for Envelopes {
    type Shared = Rc<Engine>;
    type Cursor = EnvelopesCursor;

    fn connect(host: &mut Host<'_>, engine: &Rc<Engine>) -> Result<(Cow<'static, CStr>, Envelopes)> {
        host.reach(Reach::Anywhere);
        Ok((Cow::Borrowed(c"CREATE TABLE x (seq INTEGER, json TEXT)"), Envelopes { engine: Rc::clone(engine) }))
    }

    fn plan(&self, info: &mut IndexInfo<'_>) -> Result<bool> {
        let mut found: [Option<usize>; 5] = [None; 5];
        for (index, column, operator, is_usable) in info.constraints() {
            if column != SEQ || !is_usable {
                continue;
            }
            let slot = match operator {
                Operator::Greater => 0,
                Operator::AtLeast => 1,
                Operator::AtMost => 2,
                Operator::Less => 3,
                Operator::Equal => 4,
                Operator::Other => continue,
            };
            if let Some(place) = found.get_mut(slot) {
                *place = Some(index);
            }
        }
        let (mut plan, mut position) = (0, 0);
        for (slot, index) in found.iter().enumerate().filter_map(|(slot, index)| index.map(|index| (slot, index))) {
            plan |= 1 << slot;
            position += 1;
            // Not omitted: SQLite compares once more, so a bound that is no INTEGER needs no care here.
            info.take(index, position, false);
        }
        let plan = Plan::from_bits_truncate(plan);
        let (rows, cost) = match () {
            () if plan.contains(Plan::EQUAL) => (1, 10.0),
            () if plan.is_empty() => (100_000, 1_000_000.0),
            () => (1_000, 10_000.0),
        };
        info.set_plan(plan.bits(), rows, cost);
        info.set_ordered(info.is_ordered_by(SEQ));
        Ok(true)
    }

    fn open(&self) -> EnvelopesCursor {
        EnvelopesCursor { engine: Rc::clone(&self.engine), after: 0, until: i64::MAX, read_at_once: 0, events: VecDeque::new() }
    }
}

struct EnvelopesCursor {
    engine: Rc<Engine>,
    /// The last event that was read.
    after: i64,
    until: i64,
    /// How many were read at once the last time: few at first, for most readers want few.
    read_at_once: i64,
    /// Read and not yet passed; the first is the current row.
    events: VecDeque<Event>,
}

impl EnvelopesCursor {
    fn refill(&mut self) -> Result<()> {
        self.read_at_once = (self.read_at_once * 2).clamp(16, 512);
        self.events = page(&self.engine, self.after, self.until, self.read_at_once)?.into();
        if let Some(last) = self.events.back() {
            self.after = last.seq;
        }
        Ok(())
    }
}

impl Cursor for EnvelopesCursor {
    fn filter(&mut self, plan: c_int, values: &[ValueRef<'_>]) -> Result<()> {
        (self.after, self.until, self.read_at_once) = (i64::MIN, i64::MAX, 0);
        let mut values = values.iter();
        for bound in Plan::from_bits_truncate(plan).iter() {
            // Where a bound is no INTEGER, all rows are offered and SQLite compares.
            let Some(ValueRef::Integer(value)) = values.next().copied() else { continue };
            if bound.intersects(Plan::AFTER) {
                self.after = self.after.max(value);
            } else if bound.intersects(Plan::FROM) {
                self.after = self.after.max(value.saturating_sub(1));
            } else if bound.intersects(Plan::UNTIL) {
                self.until = self.until.min(value);
            } else if bound.intersects(Plan::BELOW) {
                self.until = self.until.min(value.saturating_sub(1));
            } else {
                self.after = self.after.max(value.saturating_sub(1));
                self.until = self.until.min(value);
            }
        }
        self.refill()
    }

    fn next(&mut self) -> Result<()> {
        self.events.pop_front();
        match self.events.is_empty() {
            true => self.refill(),
            false => Ok(()),
        }
    }

    fn eof(&self) -> bool {
        self.events.is_empty()
    }

    fn column(&self, column: usize, answer: &mut Answer<'_>) -> Result<()> {
        match (self.events.front(), column) {
            (Some(event), 0) => answer.set(ValueRef::Integer(event.seq)),
            (Some(event), _) => answer.set(ValueRef::Text(event.envelope().as_bytes())),
            (None, _) => answer.set(ValueRef::Null),
        }
        Ok(())
    }

    fn rowid(&self) -> i64 {
        self.events.front().map_or(0, |event| event.seq)
    }
}
