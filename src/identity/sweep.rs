//! `authz_sweep`: writing down what is over by the clock.
//!
//! Nothing waits for it: what is due counts as ended for every question, whether it was recorded or not. Only its event does.

use std::rc::Rc;

use rusqlite::Connection;

use super::sessions;
use super::sign_in::sso;
use super::state::Identity;
use crate::sqlite::error::Result;
use crate::sqlite::scalar::{Arguments, Effect, define};

/// Registers the function of this module.
pub(crate) fn register(connection: &Connection, identity: &Rc<Identity>) -> rusqlite::Result<()> {
    define(connection, identity, "authz_sweep", 0..=0, Effect::Writes, sweep)
}

/// `authz_sweep()` → how many sessions it ended: sign-ins that were not completed in time, and sessions of the application that expired.
///
/// Takes away expired role assignments and relationships too, with the events `role_assignment.expired` and `relationship.expired`. Goes
/// by `authz_now()`. Where nothing is due it writes nothing and takes no lock; each thing ends once, whoever else sweeps.
fn sweep(identity: &Identity, _call: &Arguments<'_>) -> Result<i64> {
    let engine = &identity.engine;
    let now = identity.clock.text();
    let is_due = engine.with(include_str!("../../sql/identity/sweep/due.sql"), |statement| {
        Ok(statement.query_row([&now], |row| row.get::<_, bool>(0))?)
    })?;
    if !is_due {
        return Ok(0);
    }
    engine.atomically(|| {
        let ended = sso::time_out(engine, &now)? + sessions::expire(engine, &now)?;
        let run = |sql: &'static str| engine.with(sql, |statement| Ok(statement.execute([&now])?));
        run(include_str!("../../sql/identity/sweep/begin.sql"))?;
        run(include_str!("../../sql/identity/sweep/role_assignments.sql"))?;
        run(include_str!("../../sql/identity/sweep/relationships.sql"))?;
        engine.with(include_str!("../../sql/outbox/call/end_call.sql"), |statement| Ok(statement.execute([])?))?;
        Ok(i64::try_from(ended).unwrap_or(i64::MAX))
    })
}
