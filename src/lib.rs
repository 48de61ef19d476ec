//! Authorization inside SQLite: who may do what, answered as a join.
//!
//! [`register`] adds functions and tables to a connection, [`migrate`] brings its file to the newest schema; everything else is SQL.
//! [`check`], [`grant`] and their like run the SQL functions that Rust applications need most, and [`call`] runs any that writes.
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
//!     COMMIT;
//! "#)?;
//! authz::grant(&connection, "user:ana", "reader", "document", 42)?;
//! assert!(authz::check(&connection, "user:ana", "document:read", "document", 42)?);
//! # Ok::<(), authz::Error>(())
//! ```

#[cfg(all(feature = "bundled", feature = "loadable"))]
compile_error!("the features `bundled` and `loadable` exclude each other: a loadable file uses the SQLite of its host");

mod access;
mod base;
mod binding;
mod debug;
mod decide;
mod doctor;
mod facts;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod help;
mod identity;
mod manage;
mod model;
mod outbox;
mod search;
mod sqlite;
mod typed;

use std::rc::Rc;

use rusqlite::Connection;

use self::facts::store::Store;
use self::identity::state::Identity;
use self::search::Search;
use self::sqlite::connection::Engine;

pub use self::sqlite::error::{Error, Result};
#[cfg(feature = "refinery")]
pub use self::sqlite::migrate::refinery_migrations;
pub use self::sqlite::migrate::{Report, migration_plan, migration_plan_of, migration_sql, migration_sql_of};
pub use self::typed::{call, check, explain, grant, list_resources, list_subjects, require, revoke};
pub use rusqlite;

/// Adds everything to a connection: each room registers its own functions and tables.
///
/// Writes nothing, and works on a file without the schema and on one that may only be read.
///
/// # Errors
/// The connection refuses a function or a table.
pub fn register(connection: &Connection) -> Result<()> {
    attach(connection).map(drop)
}

/// As [`register`]; tests call a room directly with the engine.
fn attach(connection: &Connection) -> Result<Rc<Engine>> {
    let engine = Engine::attach(connection, rooms)?;
    sqlite::call::listen(connection)?;
    outbox::actor::begin(connection);
    Ok(engine)
}

/// Brings the main database of a connection to the newest schema, with all its systems: whole or not at all, in the open transaction if there is one.
///
/// # Errors
/// The file has a newer schema, lacks an object of it or has one that was changed, or has objects in the way; a lock; a full disk. Nothing
/// is written then.
///
/// ```
/// let connection = authz::rusqlite::Connection::open_in_memory()?;
/// assert_eq!(authz::migrate(&connection)?.from, 0);
/// assert!(authz::migrate(&connection)?.applied.is_empty());
/// # Ok::<(), authz::Error>(())
/// ```
pub fn migrate(connection: &Connection) -> Result<Report> {
    sqlite::migrate::migrate(connection, &[], outbox::actor::listen)
}

/// As [`migrate`], for some systems (`core`, `events`, `identity`, `search`) and what they need. The others can come later.
///
/// # Errors
/// As [`migrate`]; there is no system of a name.
///
/// ```
/// let connection = authz::rusqlite::Connection::open_in_memory()?;
/// assert_eq!(authz::migrate_systems(&connection, &["search"])?.applied, ["core V1__core", "search V1__search"]);
/// # Ok::<(), authz::Error>(())
/// ```
pub fn migrate_systems(connection: &Connection, systems: &[&str]) -> Result<Report> {
    sqlite::migrate::migrate(connection, systems, outbox::actor::listen)
}

/// The table of contents: every room, handed what it may use.
fn rooms(connection: &Connection, engine: &Rc<Engine>) -> rusqlite::Result<()> {
    let store = Store::new(engine);
    let identity = Identity::new(&store);
    let search = Search::new(&store);

    // Work that is done as a whole or not at all; functions that write as INSERT: authz_call
    sqlite::work::register(connection, engine)?;
    sqlite::call::register(connection, engine)?;
    // The schema: authz_migrate, authz_systems
    sqlite::migrate::register(connection, engine, outbox::actor::listen)?;
    // What the connection keeps and by which clock it judges: authz_limit, authz_now
    facts::register(connection, &store)?;
    // The questions: authz_check, authz_explain, authz_list_…, authz_descendants, authz_hierarchy
    access::register(connection, &store)?;
    // What happened: authz_event_envelopes, authz_next_events, authz_history, authz_set_actor
    outbox::register(connection, engine)?;
    // Writing the model, the hierarchy and who holds what: authz_apply, authz_put_resource, authz_grant, authz_relate
    manage::register(connection, &store)?;
    // Who is who: authz_scim, authz_sso_…, authz_session_…, authz_attributes, authz_claims
    identity::register(connection, &identity)?;
    // authz_search
    search::register(connection, &search)?;
    // authz_help
    help::register(connection, engine)?;
    // What is wrong with the file: authz_doctor
    doctor::register(connection, engine)?;
    // authz_debug
    debug::register(connection, &store, &identity)?;
    // authz_version, last, for it tells that all the others are there
    sqlite::migrate::register_version(connection, engine)
}

/// The examples of Rust in the pages are run as tests.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../README.md")]
    struct Readme;
    #[doc = include_str!("../docs/consuming-events.md")]
    struct ConsumingEvents;
    #[doc = include_str!("../docs/drivers.md")]
    struct Drivers;
    #[doc = include_str!("../docs/migrations.md")]
    struct Migrations;
}
