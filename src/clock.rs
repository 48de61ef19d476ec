//! `authz_now`, `authz_set_now`: the clock by which functions judge what has expired.
//!
//! It is the clock of the database until a connection moves it forward, for a test or a rehearsal: then it stands at the time that was set,
//! for that connection alone, until the clock of the database has come there too. Views and triggers of the file know nothing of it and go
//! by the clock of the database; so does `created_at` of events, by which the outbox keeps its order.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, SecondsFormat};
use rusqlite::Connection;

use crate::decision::Millis;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::function::{Arguments, Effect, define};
use crate::store::millis;
use crate::time;

/// The clock of a connection.
#[derive(Default)]
pub(crate) struct Clock {
    set: Cell<Option<Millis>>,
    moves: Cell<u64>,
}

impl Clock {
    /// The time in use, as a number.
    pub(crate) fn now(&self) -> Millis {
        let database = database();
        self.set.get().map_or(database, |set| set.max(database))
    }

    /// The time in use, as it is written.
    pub(crate) fn text(&self) -> String {
        written(self.now())
    }

    /// How often the clock was moved: whatever was judged before the last time may be otherwise now.
    pub(crate) fn moves(&self) -> u64 {
        self.moves.get()
    }
}

/// The clock of the database.
fn database() -> Millis {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX))
}

fn written(time: Millis) -> String {
    DateTime::from_timestamp_millis(time).map(|time| time.to_rfc3339_opts(SecondsFormat::Millis, true)).unwrap_or_default()
}

/// Registers the functions of this module.
pub(crate) fn register(connection: &Connection, engine: &Arc<Engine>) -> rusqlite::Result<()> {
    define(connection, engine, "authz_now", 0..=0, Effect::Reads, |engine, _| Ok(engine.clock.text()))?;
    define(connection, engine, "authz_set_now", 1..=1, Effect::Writes, set)
}

/// `authz_set_now(time)` → the time in use from now on: for this connection alone, and for everything that functions judge by the time.
/// NULL goes back to the clock of the database.
///
/// Refuses a time before the clock of the database. What was recorded as ended stays ended, also when the time goes back.
fn set(engine: &Engine, call: &Arguments<'_>) -> Result<String> {
    let given = call.text(0, "time")?.map(|text| time::parse("time", text)).transpose()?;
    let set = given.as_deref().map(|text| millis(Some(text)));
    let database = database();
    if let (Some(text), Some(set)) = (&given, set)
        && set < database
    {
        return Err(Error::refused(format!(
            "`{text}` is before the clock of the database, which stands at `{}`; time moves forward only, and NULL goes back to that clock",
            written(database)
        )));
    }
    if engine.clock.set.replace(set) != set {
        engine.clock.moves.set(engine.clock.moves() + 1);
        engine.store.borrow_mut().forget();
        engine.search.borrow_mut().forget();
    }
    Ok(engine.clock.text())
}
