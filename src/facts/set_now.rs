//! `authz_now`, `authz_set_now`: the clock by which functions judge what has expired.

use std::rc::Rc;

use rusqlite::Connection;

use super::store::Store;
use crate::base::clock::database;
use crate::base::time;
use crate::sqlite::error::{Error, Result};
use crate::sqlite::scalar::{Arguments, Effect, define};

/// Registers the functions of this module.
pub(crate) fn register(connection: &Connection, store: &Rc<Store>) -> rusqlite::Result<()> {
    define(connection, store, "authz_now", 0..=0, Effect::Reads, |store, _| Ok(store.clock.text()))?;
    define(connection, store, "authz_set_now", 1..=1, Effect::Writes, set)
}

/// `authz_set_now(time)` → the time in use from now on: for this connection alone, and for everything that functions judge by the time.
/// NULL goes back to the clock of the database.
///
/// Refuses a time before the clock of the database. What was recorded as ended stays ended, also when the time goes back.
fn set(store: &Store, call: &Arguments<'_>) -> Result<String> {
    let given = call.text(0, "time")?.map(|text| time::parse("time", text)).transpose()?;
    let set = given.as_deref().map(|text| time::expiry(Some(text)));
    let database = database();
    if let (Some(text), Some(set)) = (&given, set)
        && set < database
    {
        return Err(Error::refused(format!(
            "`{text}` is before the clock of the database, which stands at `{}`; time moves forward only, and NULL goes back to that clock",
            time::written(database)
        )));
    }
    if store.clock.set(set) {
        store.forget();
    }
    Ok(store.clock.text())
}
