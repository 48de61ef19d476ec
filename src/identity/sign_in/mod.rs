//! Signing in through an identity provider.

pub(crate) mod masking;
mod profile;
mod report;
pub(crate) mod sso;

use std::rc::Rc;

use rusqlite::Connection;

use super::state::Identity;

/// Registers the functions and tables of this folder.
pub(crate) fn register(connection: &Connection, identity: &Rc<Identity>) -> rusqlite::Result<()> {
    sso::register(connection, identity)?;
    report::register(connection, identity)
}
