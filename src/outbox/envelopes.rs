//! `authz_event_envelopes`: each event as the reference sends it.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::ffi::{CStr, c_int};
use std::rc::Rc;

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use rusqlite::vtab::{Context, Filters, IndexConstraintOp, IndexInfo, VTabConfig};

use super::page::{Event, page};
use crate::sqlite::connection::Engine;
use crate::sqlite::error::{Result, to_sqlite};
use crate::sqlite::virtual_table::{self, Cursor, Host, VirtualTable};

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

/// `authz_event_envelopes(seq, json)`: each event as the reference's envelope, oldest first. A bound on `seq` is a look-up, so a page
/// costs the same however many events there are.
struct Envelopes {
    engine: Rc<Engine>,
}

impl VirtualTable for Envelopes {
    type Shared = Rc<Engine>;
    type Cursor = EnvelopesCursor;

    fn connect(host: &mut Host<'_>, engine: &Rc<Engine>) -> rusqlite::Result<(Cow<'static, CStr>, Envelopes)> {
        host.config(VTabConfig::Innocuous)?;
        Ok((Cow::Borrowed(c"CREATE TABLE x (seq INTEGER, json TEXT)"), Envelopes { engine: Rc::clone(engine) }))
    }

    fn plan(&self, info: &mut IndexInfo) -> rusqlite::Result<bool> {
        let mut found: [Option<usize>; 5] = [None; 5];
        for (index, constraint) in info.constraints().enumerate() {
            if constraint.column() != SEQ || !constraint.is_usable() {
                continue;
            }
            let slot = match constraint.operator() {
                IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_GT => 0,
                IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_GE => 1,
                IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_LE => 2,
                IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_LT => 3,
                IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_EQ => 4,
                _ => continue,
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
            info.constraint_usage(index).set_argv_index(position);
        }
        let plan = Plan::from_bits_truncate(plan);
        info.set_idx_num(plan.bits());
        let (rows, cost) = match () {
            () if plan.contains(Plan::EQUAL) => (1, 10.0),
            () if plan.is_empty() => (100_000, 1_000_000.0),
            () => (1_000, 10_000.0),
        };
        info.set_estimated_rows(rows);
        info.set_estimated_cost(cost);
        let ascending = info.num_of_order_by() == 1 && info.order_bys().all(|by| by.column() == SEQ && !by.is_order_by_desc());
        info.set_order_by_consumed(ascending);
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
    fn filter(&mut self, plan: c_int, values: &Filters<'_>) -> rusqlite::Result<()> {
        (self.after, self.until, self.read_at_once) = (i64::MIN, i64::MAX, 0);
        let mut values = values.iter();
        for bound in Plan::from_bits_truncate(plan).iter() {
            // Where a bound is no INTEGER, all rows are offered and SQLite compares.
            let Some(ValueRef::Integer(value)) = values.next() else { continue };
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
        self.refill().map_err(|error| to_sqlite(NAME, error))
    }

    fn next(&mut self) -> rusqlite::Result<()> {
        self.events.pop_front();
        match self.events.is_empty() {
            true => self.refill().map_err(|error| to_sqlite(NAME, error)),
            false => Ok(()),
        }
    }

    fn eof(&self) -> bool {
        self.events.is_empty()
    }

    fn column(&self, context: &mut Context, column: c_int) -> rusqlite::Result<()> {
        match (self.events.front(), column) {
            (Some(event), SEQ) => context.set_result(&event.seq),
            (Some(event), _) => context.set_result(&event.envelope()),
            (None, _) => context.set_result(&rusqlite::types::Null),
        }
    }

    fn rowid(&self) -> i64 {
        self.events.front().map_or(0, |event| event.seq)
    }
}
