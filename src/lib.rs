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

mod actor;
mod apply;
mod assignments;
mod attributes;
mod candidates;
mod check;
mod claims;
mod clock;
mod consumers;
mod debug;
mod decision;
mod definition;
mod directories;
mod document;
mod engine;
mod error;
mod events;
mod explain;
mod facts;
mod function;
mod groups;
mod guard;
mod hierarchy;
mod history;
mod identifier;
mod identity;
mod json;
mod language;
mod limit;
mod limits;
mod lists;
#[cfg(feature = "loadable")]
mod loadable;
mod masking;
mod migrate;
mod model;
mod nodes;
mod people;
mod permissions;
mod profiles;
mod reader;
mod relationships;
mod resources;
mod roles;
mod row_function;
mod rules;
mod scan;
mod scim;
mod search;
mod session_cache;
mod sessions;
mod set_now;
mod sets;
mod settings;
mod solver;
mod sso;
mod sso_report;
mod statement;
mod store;
mod sweep;
mod table_function;
mod template;
mod time;
mod transaction;
mod tree;
mod virtual_table;
mod visible;

pub use error::{Error, Result};
pub use migrate::{Report, migrate, migration_plan, migration_sql};
pub use rusqlite;

/// Adds everything to a connection: each module registers its own functions and tables.
///
/// Writes nothing, and works on a file without the schema and on one that may only be read.
///
/// # Errors
/// The connection refuses a function or a table.
pub fn register(connection: &rusqlite::Connection) -> Result<()> {
    engine::Engine::attach(connection, parts)?;
    actor::begin(connection);
    Ok(())
}

/// Every part of the product.
fn parts(connection: &rusqlite::Connection, engine: &std::rc::Rc<engine::Engine>) -> rusqlite::Result<()> {
    let store = store::Store::new(engine);
    let identity = identity::Identity::new(engine, &store.clock);
    let search = search::Search::new(&store);
    migrate::register(connection, engine)?;
    apply::register(connection, engine)?;
    actor::register(connection, engine)?;
    set_now::register(connection, &store)?;
    permissions::register(connection, engine)?;
    roles::register(connection, engine)?;
    settings::register(connection, engine)?;
    consumers::register(connection, engine)?;
    resources::register(connection, engine)?;
    assignments::register(connection, engine)?;
    groups::register(connection, engine)?;
    relationships::register(connection, engine)?;
    attributes::register(connection, &identity)?;
    claims::register(connection, &identity)?;
    directories::register(connection, engine)?;
    scim::register(connection, &identity)?;
    events::register(connection, engine)?;
    sso::register(connection, &identity)?;
    sso_report::register(connection, &identity)?;
    sessions::register(connection, &identity)?;
    sweep::register(connection, &identity)?;
    history::register(connection, engine)?;
    scan::register(connection, &store)?;
    check::register(connection, &store)?;
    explain::register(connection, &store)?;
    lists::register(connection, &store)?;
    tree::register(connection, &store)?;
    search::register(connection, &search)?;
    hierarchy::register(connection)?;
    limit::register(connection, &store)?;
    debug::register(connection, &store, &identity)?;
    Ok(())
}

/// The examples of the document are run as tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/consuming-events.md")]
struct ConsumingEvents;
