//! Bindings: which tables of the application hold which facts, and the SQL that reads them where they are.
//!
//! A document says what stands where; from it follow the statements that the library asks, and the triggers that note what changed in a
//! table. Nothing is copied.
//!
//! | file | what happens there |
//! |---|---|
//! | `entries.rs` | what a binding says |
//! | `document.rs` | from JSON to bindings, and what is refused |
//! | `condition.rs` | which conditions may stand in a binding |
//! | `queries.rs` | the statements that read an application's tables |
//! | `triggers.rs` | the triggers on an application's tables |
//!
//! Pure. May use: `base`.

pub(crate) mod condition;
pub(crate) mod document;
pub(crate) mod entries;
pub(crate) mod queries;
pub(crate) mod triggers;
