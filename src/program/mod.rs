//! What the programs share: opening a file, failing, printing, and waiting for what others write.
//!
//! A program uses the public surface of the library and SQL, as any application would.

pub(crate) mod failure;
pub(crate) mod follow;
pub(crate) mod open;
pub(crate) mod output;
