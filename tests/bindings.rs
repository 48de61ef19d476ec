//! Tables of the application as facts: read where they are, and never stale.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "bindings/application.rs"]
mod application;
#[path = "bindings/changes.rs"]
mod changes;
#[path = "bindings/refusals.rs"]
mod refusals;
