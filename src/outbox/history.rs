//! `authz_history`: what happened to a resource.

use std::rc::Rc;

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, params};

use super::page::page;
use crate::base::identifier::IdRef;
use crate::facts::catalog::check_type;
use crate::sqlite::connection::Engine;
use crate::sqlite::error::Error;
use crate::sqlite::table::{Answer, Call, Made, TableFunction, define};

/// How many events a call gives that says no limit.
const USUAL_LIMIT: i64 = 100;

/// Registers the function of this module.
pub(crate) fn register(connection: &Connection, engine: &Rc<Engine>) -> rusqlite::Result<()> {
    define(connection, engine, &HISTORY, history)
}

/// `authz_history(resource_type, resource_id [, before [, limit ] ])`: the events about a resource, and about the roles held and the
/// relationships on it, the newest first, with the columns of `authz_events`; 100 of them where no limit is given. `before` is the `seq` of
/// the last event seen.
///
/// A resource that is gone has a history as long as its events are kept; one that never was has none. An unknown type is an error.
static HISTORY: TableFunction = TableFunction {
    name: "authz_history",
    columns: &["seq", "id", "event", "data", "context", "created_at"],
    arguments: &["resource_type", "resource_id", "before", "limit"],
    required: 2,
    bounded: None,
    expected_rows: USUAL_LIMIT,
};

fn history(engine: &Rc<Engine>, call: Call) -> Answer {
    let (Some(resource_type), Some(id)) = (call.text(0, "resource type")?, call.id(1, "resource id")?) else { return Ok(Made::none()) };
    let number = |index: usize, otherwise: i64, what: &str| match call.value(index) {
        ValueRef::Null => Ok(otherwise),
        ValueRef::Integer(number) if number >= 0 => Ok(number),
        _ => Err(Error::refused(format!("the {what} is no INTEGER of 0 or more; give one, or leave it out"))),
    };
    let (before, limit) = (number(2, i64::MAX, "seq before which to begin")?, number(3, USUAL_LIMIT, "limit")?);
    check_type(engine, resource_type)?;
    // 42 and '42' are one resource; which of them it was written as stands with the event.
    let (as_text, as_integer) = match id.id() {
        IdRef::Integer(number) => (Value::Text(number.to_string()), Value::Integer(number)),
        IdRef::Text(text) => (Value::Text(text.to_owned()), Value::Null),
    };
    let numbers = engine.with(include_str!("../../sql/outbox/history/events_of.sql"), |statement| {
        let found = statement.query_map(params![resource_type, as_text, as_integer, before, limit], |row| row.get(0))?;
        Ok(found.collect::<rusqlite::Result<Vec<i64>>>()?)
    })?;
    let mut rows = Vec::with_capacity(numbers.len());
    for seq in numbers {
        for event in page(engine, seq - 1, seq, 1)? {
            let context = event.context.map_or(Value::Null, Value::Text);
            rows.push(vec![
                Value::Integer(event.seq),
                Value::Text(event.id),
                Value::Text(event.event),
                Value::Text(event.data),
                context,
                Value::Text(event.created_at),
            ]);
        }
    }
    Ok(Made::rows(rows))
}
