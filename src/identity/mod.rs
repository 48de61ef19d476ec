//! Who is who.

mod attributes;
mod claims;
mod directories;
mod email;
mod people;
mod scim;
mod session_cache;
mod sessions;
mod sign_in;
pub(crate) mod state;
mod sweep;
mod template;

use std::rc::Rc;

use rusqlite::Connection;

use self::state::Identity;

/// Registers the functions and tables of this room.
pub(crate) fn register(connection: &Connection, identity: &Rc<Identity>) -> rusqlite::Result<()> {
    directories::register(connection, &identity.engine)?;
    scim::register(connection, identity)?;
    attributes::register(connection, identity)?;
    sign_in::register(connection, identity)?;
    sessions::register(connection, identity)?;
    claims::register(connection, identity)?;
    sweep::register(connection, identity)
}
