//! Who is who: users and what identity providers say about them, sign-ins, sessions, directories, and the claims of an access token.
//!
//! | file | what happens there |
//! |---|---|
//! | `state.rs` | what the functions of this room work with: the connection, its clock, what is kept between calls |
//! | `people.rs`, `email.rs` | the user behind what a provider says of a person |
//! | `passwords.rs` | what is taken out of all that a provider says |
//! | `sign_in/` | sign-ins through an identity provider, and how they went |
//! | `sessions.rs`, `session_cache.rs` | the sessions of the application |
//! | `attributes/` | what identity providers say: definitions, paths into payloads, values, who holds them |
//! | `directories.rs`, `scim/` | the directories of organizations, and the SCIM requests that fill them |
//! | `claims.rs`, `template/` | the claims of an access token, and templates of them |
//! | `sweep.rs` | writing down what is over by the clock |
//!
//! May use: `base`, `sqlite`, `facts`, `outbox`, `manage`.

pub(crate) mod attributes;
mod claims;
mod directories;
mod email;
mod passwords;
mod people;
pub(crate) mod scim;
mod session_cache;
mod sessions;
mod sign_in;
pub(crate) mod state;
mod sweep;
pub(crate) mod template;

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
