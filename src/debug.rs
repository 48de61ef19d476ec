//! `authz_debug`: what this connection knows and keeps.

use std::sync::Arc;

use rusqlite::Connection;
use serde_json::json;

use crate::engine::{Engine, Transaction};
use crate::function::{Arguments, Effect, define};

/// Registers the function of this module.
pub(crate) fn register(connection: &Connection, engine: &Arc<Engine>) -> rusqlite::Result<()> {
    define(connection, engine, "authz_debug", 0..=0, Effect::Reads, debug)
}

/// `authz_debug()` → JSON: `version` of the library, `sqlite` that runs it, the `transaction` open on the main database (`none`, `read`,
/// `write`), `kept` (entries kept between questions), `forgotten` (how often all of them had to go), `touched` (how many changes were followed
/// one by one instead), `checks_point`
/// (checks worked out one by one), `checks_from_set` (rows answered from the set of what their subject sees), `sets_built` (such sets made),
/// `statements` (kept prepared), `reprepared` (how often SQLite has planned one of them anew, which it should not),
/// `templates` (of claims, parsed so far).
///
/// Works without a schema too.
fn debug(engine: &Engine, _call: &Arguments<'_>) -> crate::Result<String> {
    let transaction = match engine.transaction() {
        Transaction::None => "none",
        Transaction::Read => "read",
        Transaction::Write => "write",
    };
    let store = engine.store.try_borrow();
    let sessions = engine.sessions.try_borrow().map(|sessions| sessions.len()).unwrap_or_default();
    let (kept, forgotten, touched) = store.map(|store| (store.entries(), store.forgotten, store.touched)).unwrap_or_default();
    Ok(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "sqlite": rusqlite::version(),
        "transaction": transaction,
        "kept": kept + sessions,
        "forgotten": forgotten,
        "touched": touched,
        "checks_point": engine.counts.checks_point.get(),
        "checks_from_set": engine.counts.checks_from_set.get(),
        "sets_built": engine.counts.sets_built.get(),
        "statements": engine.kept_statements(),
        "reprepared": engine.reprepared(),
        "templates": engine.claims.try_borrow().map(|kept| kept.parsed).unwrap_or_default(),
    })
    .to_string())
}
