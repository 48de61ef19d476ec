//! Words that all rooms share: refusals, ids and subjects, times and the clock, JSON that callers hand over.
//!
//! Pure: plain Rust, no connection, no SQLite. May use: no other room.

pub(crate) mod clock;
pub(crate) mod identifier;
pub(crate) mod json;
pub(crate) mod refusal;
pub(crate) mod time;
