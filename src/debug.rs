//! `authz_debug`: what this connection knows and keeps.

use std::rc::Rc;

use rusqlite::Connection;
use serde_json::json;

use crate::facts::store::Store;
use crate::identity::state::Identity;
use crate::sqlite::connection::Engine;
use crate::sqlite::error::Result;
use crate::sqlite::scalar::{Arguments, Effect, OnConnection, define};
use crate::sqlite::transaction::Transaction;

/// What is told about.
struct Debugged {
    store: Rc<Store>,
    identity: Rc<Identity>,
}

impl OnConnection for Debugged {
    fn engine(self: &Rc<Self>) -> Rc<Engine> {
        Rc::clone(&self.store.engine)
    }
}

/// Registers the function of this module.
pub(crate) fn register(connection: &Connection, store: &Rc<Store>, identity: &Rc<Identity>) -> rusqlite::Result<()> {
    let debugged = Rc::new(Debugged { store: Rc::clone(store), identity: Rc::clone(identity) });
    define(connection, &debugged, "authz_debug", 0..=0, Effect::Reads, debug)
}

/// `authz_debug()` → JSON: `version` of the library, `sqlite` that runs it, the `transaction` open on the main database (`none`, `read`,
/// `write`), `kept` (entries kept between questions), `forgotten` (how often all of them had to go, whatever the reason), `touched` (how
/// many changes were followed one by one instead), `checks_point` (checks worked out one by one), `checks_from_set` (rows answered from the set of what their subject sees), `sets_built` (such sets made),
/// `statements` (kept prepared), `reprepared` (how often SQLite has planned one of them anew, which it should not),
/// `templates` (of claims, parsed so far).
///
/// Works without a schema too.
fn debug(debugged: &Debugged, _call: &Arguments<'_>) -> Result<String> {
    let Debugged { store, identity } = debugged;
    let engine = &store.engine;
    let transaction = match engine.transaction() {
        Transaction::None => "none",
        Transaction::Read => "read",
        Transaction::Write => "write",
    };
    let sessions = identity.sessions.try_borrow().map(|sessions| sessions.len()).unwrap_or_default();
    let (kept, forgotten, touched) = store.tally();
    Ok(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "sqlite": rusqlite::version(),
        "transaction": transaction,
        "kept": kept + sessions,
        "forgotten": forgotten,
        "touched": touched,
        "checks_point": store.counts.checks_point.get(),
        "checks_from_set": store.counts.checks_from_set.get(),
        "sets_built": store.counts.sets_built.get(),
        "statements": engine.kept_statements(),
        "reprepared": engine.reprepared(),
        "templates": identity.templates.try_borrow().map(|templates| templates.parsed).unwrap_or_default(),
    })
    .to_string())
}
