//! The questions as SQL: `authz_check`, `authz_require`, `authz_explain`, the lists, the tree, `authz_hierarchy`.
//!
//! | file | what happens there |
//! |---|---|
//! | `check.rs`, `check_rows.rs` | one check; `authz_check` for every row of a statement |
//! | `visible.rs` | the set of what a subject sees, for statements that ask about many rows |
//! | `explain.rs`, `reasons.rs` | why, or why not: roles, and the tree of rules |
//! | `resources.rs`, `subjects.rs`, `permissions.rs` | the lists |
//! | `candidates.rs`, `relevant.rs` | who and what may come into question, and which of them hold |
//! | `directly.rs` | whom the resource itself names |
//! | `tree.rs`, `walk.rs` | ancestors and descendants; the walk down that the lists share |
//! | `hierarchy/` | a recursive view over any table that points to its own parents |
//!
//! May use: `base`, `decide`, `model`, `sqlite`, `facts`. It writes nothing.

mod assignments;
mod candidates;
pub(crate) mod check;
mod check_rows;
mod directly;
mod explain;
pub(crate) mod hierarchy;
mod permissions;
mod reasons;
mod relevant;
mod resources;
mod subjects;
mod tree;
mod visible;
mod walk;

use std::rc::Rc;

use rusqlite::Connection;

use crate::facts::store::Store;

/// Registers the functions and tables of this room.
pub(crate) fn register(connection: &Connection, store: &Rc<Store>) -> rusqlite::Result<()> {
    check_rows::register(connection, store)?;
    check::register(connection, store)?;
    explain::register(connection, store)?;
    resources::register(connection, store)?;
    subjects::register(connection, store)?;
    permissions::register(connection, store)?;
    assignments::register(connection, store)?;
    tree::register(connection, store)?;
    hierarchy::register(connection, &store.engine)
}
