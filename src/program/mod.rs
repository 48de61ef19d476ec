//! What the programs share: opening a file, failing, printing, and waiting for what others write.
//!
//! May use: no other room, and of the library its public surface.

pub(crate) mod failure;
pub(crate) mod follow;
pub(crate) mod open;
pub(crate) mod output;
