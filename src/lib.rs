//! Authorization inside SQLite: who may do what, answered as a join.
//!
//! [`register`] adds functions and tables to a connection, [`migrate`] brings its file to the newest schema; everything else is SQL.
//!
//! ```
//! use authz::rusqlite::Connection;
//!
//! let connection = Connection::open_in_memory()?;
//! authz::register(&connection)?;
//! authz::migrate(&connection)?;
//! connection.execute_batch(r#"
//!     BEGIN;
//!     SELECT authz_apply('{
//!       "resource_types": {"document": {"parents": ["organization"]}},
//!       "permissions": {"document:read": {"resource_type": "document"}},
//!       "roles": {"reader": {"resource_type": "document", "permissions": ["document:read"]}}}');
//!     SELECT authz_put_resource('organization', 'acme', NULL, NULL);
//!     SELECT authz_put_resource('document', 42, 'organization', 'acme');
//!     SELECT authz_grant('user:ana', 'reader', 'document', 42);
//!     COMMIT;
//! "#)?;
//! let sql = "SELECT authz_check('user:ana', 'document:read', 'document', 42)";
//! assert!(connection.query_row(sql, [], |row| row.get::<_, bool>(0))?);
//! # Ok::<(), authz::Error>(())
//! ```

#[cfg(all(feature = "bundled", feature = "loadable"))]
compile_error!("the features `bundled` and `loadable` exclude each other: a loadable file uses the SQLite of its host");

mod access;
mod base;
mod debug;
mod decide;
mod facts;
mod identity;
mod manage;
mod model;
mod outbox;
mod search;
mod sqlite;

use std::rc::Rc;

use rusqlite::Connection;

use self::facts::store::Store;
use self::identity::state::Identity;
use self::search::Search;
use self::sqlite::connection::Engine;

pub use self::sqlite::error::{Error, Result};
pub use self::sqlite::migrate::{Report, migration_plan, migration_sql};
pub use rusqlite;

/// Adds everything to a connection: each room registers its own functions and tables.
///
/// Writes nothing, and works on a file without the schema and on one that may only be read.
///
/// # Errors
/// The connection refuses a function or a table.
pub fn register(connection: &rusqlite::Connection) -> Result<()> {
    sqlite::connection::Engine::attach(connection, rooms)?;
    sqlite::call::listen(connection)?;
    outbox::actor::begin(connection);
    Ok(())
}

/// Every room, with what it may use.
fn rooms(connection: &rusqlite::Connection, engine: &std::rc::Rc<sqlite::connection::Engine>) -> rusqlite::Result<()> {
    let store = facts::store::Store::new(engine);
    let identity = identity::state::Identity::new(engine, &store.clock);
    let search = search::Search::new(&store);
    sqlite::register(connection, engine)?;
    facts::register(connection, &store)?;
    // The questions: authz_check, authz_explain, authz_list_…, authz_descendants, authz_hierarchy
    access::register(connection, &store)?;
    // What happened: authz_event_envelopes, authz_next_events, authz_history, authz_set_actor
    outbox::register(connection, engine)?;
    // Writing the model, the hierarchy and who holds what: authz_apply, authz_put_resource, authz_grant, authz_relate
    manage::register(connection, engine)?;
    // Who is who: authz_scim, authz_sso_…, authz_session_…, authz_attributes, authz_claims
    identity::register(connection, &identity)?;
    // authz_search
    search::register(connection, &search)?;
    debug::register(connection, &store, &identity)?;
    // Last, for it tells that all the others are there.
    sqlite::migrate::register_version(connection, engine)
}

/// The examples of the document are run as tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/consuming-events.md")]
struct ConsumingEvents;
