//! `authz_next_events`, `authz_ack`, `authz_prune_events`: reading the outbox at one's own pace and missing nothing.
//!
//! Events are numbered in the order of their commits, for SQLite has one writer at a time. So one number says all about a consumer: it has
//! acknowledged every event up to there. Reading moves nothing; what was read and not acknowledged comes again.

use std::rc::Rc;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, params};

use super::page::{Event, page};
use crate::base::identifier::check_id;
use crate::base::json::{Json, refused, slugs};
use crate::base::time;
use crate::sqlite::connection::Engine;
use crate::sqlite::error::{Error, Result};
use crate::sqlite::scalar::{Arguments, Effect};
use crate::sqlite::table::{Call, Rows, TableFunction};

/// How many events a call gives that says no limit, as in WorkOS.
const USUAL_LIMIT: i64 = 100;

/// A timeout of a sign-in, as WorkOS's schema names it and as its announcement did.
const TIMED_OUT: (&str, &str) = ("authentication.sso_timed_out", "authentication.sso_timedout");

/// How many events are read at once.
const CHUNK: i64 = 64;

/// Registers the functions of this module.
pub(crate) fn register(connection: &Connection, engine: &Rc<Engine>) -> rusqlite::Result<()> {
    crate::sqlite::table::define(connection, engine, &NEXT_EVENTS, next_events)?;
    crate::sqlite::scalar::define(connection, engine, "authz_ack", 2..=2, Effect::Writes, acknowledge)?;
    crate::sqlite::scalar::define(connection, engine, "authz_prune_events", 0..=1, Effect::Writes, prune)
}

/// `authz_next_events(consumer [, limit [, names]])`: the events that the consumer has not acknowledged, oldest first, with the columns of
/// `authz_events`; 100 of them where no limit is given. `names` is a JSON array of names or patterns, such as `["role.*"]`.
///
/// A consumer that has never acknowledged anything starts at the oldest event. One that asks for `authentication.sso_timedout`, as the event
/// was first announced, and for nothing that matches `authentication.sso_timed_out`, gets it under the name it asks for.
static NEXT_EVENTS: TableFunction = TableFunction {
    name: "authz_next_events",
    columns: &["seq", "id", "event", "data", "context", "created_at"],
    arguments: &["consumer", "limit", "names"],
    required: 1,
    bounded: None,
    expected_rows: USUAL_LIMIT,
};

/// The name of a consumer: as an id, but of at most 128 characters.
fn check_consumer(name: &str) -> Result<()> {
    check_id("consumer", name)?;
    match name.chars().count() {
        1..=128 => Ok(()),
        length => Err(Error::refused(format!("the name of the consumer has {length} characters; it has at most 128"))),
    }
}

/// Up to where a consumer has come, `None` for a new one, and the number of the newest event.
fn position(engine: &Engine, consumer: &str) -> Result<(Option<i64>, i64)> {
    engine.with(include_str!("../../sql/outbox/consumers/position.sql"), |statement| {
        Ok(statement.query_row([consumer], |row| Ok((row.get(0)?, row.get(1)?)))?)
    })
}

fn next_events(engine: &Rc<Engine>, call: Call) -> Result<Box<dyn Rows>> {
    let consumer = call.text(0, "consumer")?.ok_or_else(|| Error::refused("the consumer is NULL; give its name"))?;
    check_consumer(consumer)?;
    let left = match call.value(1) {
        ValueRef::Null => USUAL_LIMIT,
        ValueRef::Integer(limit) if limit >= 0 => limit,
        ValueRef::Integer(limit) => return Err(Error::refused(format!("the limit `{limit}` is negative; give how many events you want"))),
        _ => return Err(Error::refused("the limit is no INTEGER; give how many events you want")),
    };
    let names = call.text(2, "names")?.map(patterns).transpose()?;
    let (position, _) = position(engine, consumer)?;
    let is_renamed = match &names {
        Some(names) => !engine.with(include_str!("../../sql/outbox/consumers/matches.sql"), |statement| {
            Ok(statement.query_row([TIMED_OUT.0, names], |row| row.get::<_, bool>(0))?)
        })?,
        None => false,
    };
    Ok(Box::new(Events {
        engine: Rc::clone(engine),
        names,
        is_renamed,
        left,
        position: position.unwrap_or_default(),
        chunk: Vec::new().into_iter(),
        current: None,
    }))
}

/// The patterns of names that a call gives, as they were given: their form has been looked at.
fn patterns(json: &str) -> Result<String> {
    let check = |pattern: &str| match pattern.len() {
        1..=128 => Ok(()),
        length => refused("", format!("a pattern of {length} bytes matches no name; give one such as `role.*`")),
    };
    match Json::parse("the list of names", json)? {
        Json::Null => refused("names", "it is null, and must be an array of strings"),
        given => {
            slugs("names", given, check)?;
            Ok(json.to_owned())
        }
    }
}

/// The events that a consumer has not acknowledged, as they are asked for.
struct Events {
    engine: Rc<Engine>,
    names: Option<String>,
    /// Whether timeouts of sign-ins have the name of the announcement
    is_renamed: bool,
    /// How many more are wanted
    left: i64,
    /// The last event that was looked at
    position: i64,
    chunk: std::vec::IntoIter<Event>,
    current: Option<Event>,
}

impl Events {
    /// Reads the next few events.
    fn read(&mut self) -> Result<Vec<Event>> {
        let most = self.left.min(CHUNK);
        if self.names.is_none() {
            let events = page(&self.engine, self.position, i64::MAX, most)?;
            self.position = events.last().map_or(self.position, |event| event.seq);
            return Ok(events);
        }
        let mut events = Vec::new();
        // What another connection prunes between the two statements was acknowledged by every consumer; where all of it went, there may
        // be more behind.
        while events.is_empty() {
            let found = self.engine.with(include_str!("../../sql/outbox/consumers/next.sql"), |statement| {
                let rows = statement.query_map(params![self.position, most, self.names], |row| row.get(0))?;
                Ok(rows.collect::<rusqlite::Result<Vec<i64>>>()?)
            })?;
            let Some(last) = found.last() else { break };
            self.position = *last;
            for seq in found {
                events.extend(page(&self.engine, seq - 1, seq, 1)?);
            }
            for event in events.iter_mut().filter(|event| self.is_renamed && event.event == TIMED_OUT.0) {
                TIMED_OUT.1.clone_into(&mut event.event);
            }
        }
        Ok(events)
    }
}

impl Rows for Events {
    fn advance(&mut self) -> Result<bool> {
        if self.chunk.as_slice().is_empty() && self.left > 0 {
            let events = self.read()?;
            self.left -= i64::try_from(events.len()).unwrap_or(CHUNK);
            self.chunk = events.into_iter();
        }
        self.current = self.chunk.next();
        Ok(self.current.is_some())
    }

    fn value(&self, column: usize) -> ValueRef<'_> {
        let Some(event) = &self.current else { return ValueRef::Null };
        match column {
            0 => ValueRef::Integer(event.seq),
            1 => ValueRef::Text(event.id.as_bytes()),
            2 => ValueRef::Text(event.event.as_bytes()),
            3 => ValueRef::Text(event.data.as_bytes()),
            4 => event.context.as_ref().map_or(ValueRef::Null, |context| ValueRef::Text(context.as_bytes())),
            _ => ValueRef::Text(event.created_at.as_bytes()),
        }
    }
}

/// `authz_ack(consumer, seq)` → up to where the consumer has come now: it has seen every event up to that number, and none of them comes
/// again. A number before that changes nothing; 0 makes a new consumer known, so that nothing is pruned that it has not seen.
///
/// Refuses a number that no event has yet.
fn acknowledge(engine: &Engine, call: &Arguments<'_>) -> Result<i64> {
    let consumer = call.required_text(0, "consumer")?;
    check_consumer(consumer)?;
    let seq = match call.value(1) {
        ValueRef::Integer(seq) if seq >= 0 => seq,
        ValueRef::Integer(seq) => {
            return Err(Error::refused(format!("no event has the number `{seq}`; give the seq of one you have seen")));
        }
        _ => return Err(Error::refused("the seq is no INTEGER; give that of an event you have seen")),
    };
    engine.atomically(|| {
        let (position, newest) = position(engine, consumer)?;
        match position {
            // Nothing is written, so that nobody who waits for a change is woken.
            Some(position) if seq <= position => Ok(position),
            _ if seq > newest => Err(Error::refused(format!(
                "no event has the number `{seq}` yet, the newest has `{newest}`; give the seq of one you have seen"
            ))),
            _ => {
                engine.with(include_str!("../../sql/outbox/consumers/acknowledge.sql"), |statement| {
                    Ok(statement.execute((consumer, seq))?)
                })?;
                Ok(seq)
            }
        }
    })
}

/// `authz_prune_events([before])` → how many events it dropped: what is older than the setting `events_keep_days` says, or than the time
/// given, and acknowledged by every consumer.
fn prune(engine: &Engine, call: &Arguments<'_>) -> Result<i64> {
    let before = call.text(0, "time")?.map(|text| time::parse("time", text)).transpose()?;
    engine.atomically(|| {
        let before = match before {
            Some(before) => before,
            None => engine.with(include_str!("../../sql/outbox/consumers/keep_from.sql"), |statement| {
                statement.query_row([], |row| row.get::<_, String>(0)).optional()?.ok_or(Error::NoSystem("events"))
            })?,
        };
        engine.with(include_str!("../../sql/outbox/consumers/prune_begin.sql"), |statement| Ok(statement.execute([&before])?))?;
        engine.with(include_str!("../../sql/outbox/consumers/keep_number.sql"), |statement| Ok(statement.execute([&before])?))?;
        let dropped = engine.with(include_str!("../../sql/outbox/consumers/prune.sql"), |statement| Ok(statement.execute([&before])?))?;
        engine.with(include_str!("../../sql/outbox/consumers/drop_number.sql"), |statement| Ok(statement.execute([])?))?;
        engine.with(include_str!("../../sql/outbox/call/end_call.sql"), |statement| Ok(statement.execute([])?))?;
        Ok(i64::try_from(dropped).unwrap_or(i64::MAX))
    })
}
