//! What a connection knows of the data, and how that stays true.
//!
//! Every question is asked of the [`Store`], which brings what is kept to the state that the data have now and lends a
//! [`Reader`](reader::Reader) to whoever asks. The reader answers from what is kept or from the tables, and is the
//! [`Facts`](crate::decide::facts::Facts) of every decision.
//!
//! | file | what happens there |
//! |---|---|
//! | `store.rs` | the front door: one question over one state of the file |
//! | `cache.rs`, `nodes.rs`, `ids.rs`, `held_roles.rs`, `visible.rs` | what is kept, and in which form |
//! | `changes.rs` | when what is kept has to go |
//! | `reader.rs` | one question's view of it, to which the next files add |
//! | `names.rs`, `subjects.rs`, `places.rs` | types, relations, permissions, roles; subjects; resources |
//! | `relationships.rs`, `assignments.rs`, `suspension.rs` | rows of the tables |
//! | `bindings.rs` | which of the application's tables hold which facts |
//! | `bound.rs` | rows of the application's own tables, which the files above read together with those |
//! | `gather.rs` | what contains a subject, and the roles that all of these hold |
//! | `answers.rs` | what a decision asks |
//! | `catalog.rs` | types and resources looked up one by one, for the functions that write |
//! | `limits.rs`, `limit.rs`, `set_now.rs` | how much is kept; `authz_limit`; `authz_now` and `authz_set_now` |
//!
//! May use: `base`, `decide`, `model`, `binding`, `sqlite`.

mod answers;
pub(crate) mod assignments;
pub(crate) mod bindings;
pub(crate) mod bound;
pub(crate) mod cache;
pub(crate) mod catalog;
mod changes;
mod gather;
mod held_roles;
pub(crate) mod ids;
mod limit;
pub(crate) mod limits;
mod names;
pub(crate) mod nodes;
mod places;
pub(crate) mod reader;
mod relationships;
mod set_now;
pub(crate) mod store;
mod subjects;
mod suspension;
pub(crate) mod visible;

use std::rc::Rc;

use rusqlite::Connection;

use self::store::Store;

/// Registers the functions of this room.
pub(crate) fn register(connection: &Connection, store: &Rc<Store>) -> rusqlite::Result<()> {
    set_now::register(connection, store)?;
    limit::register(connection, store)
}
