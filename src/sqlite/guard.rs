//! Panics stop here. rusqlite catches them in scalar functions, but not in the callbacks of virtual tables, where one would abort the
//! application that loaded us.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs a callback of a virtual table; a panic in it becomes an SQL error that names the table.
pub(crate) fn guard<T>(name: &str, callback: impl FnOnce() -> rusqlite::Result<T>) -> rusqlite::Result<T> {
    catch_unwind(AssertUnwindSafe(callback))
        .unwrap_or_else(|_| Err(rusqlite::Error::ModuleError(format!("{name}: internal error; please report it"))))
}
