//! The outbox: one event for each object in a call, and `authz_event_envelopes`.
//!
//! Events are written by triggers, one for each row that changes, so that they are there whoever writes. A function of the library may
//! touch an object more than once; [`as_one_call`] folds what it wrote to one event for each object. Reading has one source, the view
//! `authz_events`: `sql/outbox/page.sql` is its text with qualified tables.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::ffi::{CStr, c_int};
use std::rc::Rc;

use rusqlite::types::ValueRef;
use rusqlite::vtab::{Context, Filters, IndexConstraintOp, IndexInfo, VTabConfig};
use rusqlite::{Connection, params};
use serde_json::json;

use crate::sqlite::connection::Engine;
use crate::sqlite::error::{Result, to_sqlite};
use crate::sqlite::virtual_table::{self, Cursor, Host, VirtualTable};

/// Registers the tables of this module.
pub(crate) fn register(connection: &Connection, engine: &Rc<Engine>) -> rusqlite::Result<()> {
    virtual_table::define::<Envelopes>(connection, NAME, Rc::clone(engine))
}

/// Runs `work` as a whole or not at all, and folds the events it writes to one for each object.
///
/// A call inside a call belongs to the outer one. What makes one statement on each object, such as an INSERT or a DELETE with all that
/// it takes along, writes no event twice and does without; so does a call that finds nothing to change and should not write at all.
pub(crate) fn as_one_call<T>(engine: &Engine, work: impl FnOnce() -> Result<T>) -> Result<T> {
    engine.atomically(|| {
        let outermost = engine.with(include_str!("../../sql/outbox/call/begin_call.sql"), |statement| Ok(statement.execute([])? > 0))?;
        let answer = work()?;
        if outermost {
            fold(engine)?;
            engine.with(include_str!("../../sql/outbox/call/end_call.sql"), |statement| Ok(statement.execute([])?))?;
        }
        Ok(answer)
    })
}

/// What an event says of its object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Created,
    Changed,
    Deleted,
}

impl Verb {
    fn of(event: &str) -> Verb {
        match event.rsplit('.').next() {
            Some("created" | "member_added" | "user_added") => Verb::Created,
            Some("deleted" | "expired" | "member_removed" | "user_removed") => Verb::Deleted,
            _ => Verb::Changed,
        }
    }
}

/// Folds the events of the running call: an object that came and changed came as it is now; one that changed twice changed once; one that
/// changed and went just went, as it was before the call, and one that came and went was never there. What goes and comes again are two objects.
fn fold(engine: &Engine) -> Result<()> {
    struct Written {
        seq: i64,
        event: String,
        has_previous: bool,
        key: String,
    }
    let events = engine.with(include_str!("../../sql/outbox/call/written.sql"), |statement| {
        let rows = statement
            .query_map([], |row| Ok(Written { seq: row.get(0)?, event: row.get(1)?, has_previous: row.get(2)?, key: row.get(3)? }))?;
        Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
    })?;
    let run = |sql: &'static str, parameters: &[&dyn rusqlite::ToSql]| -> Result<()> {
        engine.with(sql, |statement| Ok(statement.execute(parameters).map(drop)?))
    };
    // The last event of each object that may take in what comes after it. An update has the object as it was before in the row after it.
    let mut open: HashMap<&str, (&Written, Verb)> = HashMap::new();
    for written in &events {
        let (seq, verb) = (written.seq, Verb::of(&written.event));
        let Some((first, before)) = open.get(written.key.as_str()).copied() else {
            open.insert(&written.key, (written, verb));
            continue;
        };
        match (before, verb) {
            (Verb::Created | Verb::Changed, Verb::Changed) => {
                run(include_str!("../../sql/outbox/call/copy_object.sql"), params![first.seq, seq])?;
                // A move that also renames is a move.
                if before == Verb::Changed && written.event.ends_with(".moved") {
                    run(include_str!("../../sql/outbox/call/rename.sql"), params![first.seq, written.event])?;
                }
                run(include_str!("../../sql/outbox/call/drop.sql"), params![seq])?;
            }
            (Verb::Changed, Verb::Deleted) => {
                if first.has_previous {
                    run(include_str!("../../sql/outbox/call/copy_object.sql"), params![seq, first.seq + 1])?;
                }
                run(include_str!("../../sql/outbox/call/drop_later_notes.sql"), params![first.seq, seq])?;
                run(include_str!("../../sql/outbox/call/move_notes.sql"), params![first.seq, seq])?;
                run(include_str!("../../sql/outbox/call/drop.sql"), params![first.seq])?;
                open.insert(&written.key, (written, verb));
            }
            (Verb::Created, Verb::Deleted) => {
                run(include_str!("../../sql/outbox/call/drop.sql"), params![first.seq])?;
                run(include_str!("../../sql/outbox/call/drop.sql"), params![seq])?;
                open.remove(written.key.as_str());
            }
            (Verb::Deleted, _) | (_, Verb::Created) => {
                open.insert(&written.key, (written, verb));
            }
        }
    }
    Ok(())
}

/// One row of `authz_events`.
pub(crate) struct Event {
    pub(crate) seq: i64,
    pub(crate) id: String,
    pub(crate) event: String,
    /// JSON
    pub(crate) data: String,
    /// JSON
    pub(crate) context: Option<String>,
    pub(crate) created_at: String,
}

impl Event {
    /// The event as the reference sends it; `context` is left out where there is none.
    pub(crate) fn envelope(&self) -> String {
        let context = self.context.as_ref().map(|context| format!(r#","context":{context}"#)).unwrap_or_default();
        format!(
            r#"{{"object":"event","id":{},"event":{},"data":{},"created_at":{}{context}}}"#,
            json!(self.id),
            json!(self.event),
            self.data,
            json!(self.created_at)
        )
    }
}

/// The events after `after` up to `until`, in order, at most `limit` of them.
pub(crate) fn page(engine: &Engine, after: i64, until: i64, limit: i64) -> Result<Vec<Event>> {
    engine.with(include_str!("../../sql/outbox/page.sql"), |statement| {
        let rows = statement.query_map(params![after, until, limit], |row| {
            Ok(Event {
                seq: row.get(0)?,
                id: row.get(1)?,
                event: row.get(2)?,
                data: row.get::<_, Option<String>>(3)?.unwrap_or_else(|| "null".to_owned()),
                context: row.get(4)?,
                created_at: row.get(5)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
    })
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
