//! Words that every room uses: refusals, ids and subjects, times, JSON that callers hand over.
//!
//! Plain Rust, no connection and no SQLite. It may use no other room.

pub(crate) mod clock;
pub(crate) mod identifier;
pub(crate) mod json;
pub(crate) mod refusal;
pub(crate) mod time;
