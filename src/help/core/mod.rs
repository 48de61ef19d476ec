//! core: the model, resources, groups, role assignments, relationships, and every question about them.

mod bindings;
mod holders;
mod model;
mod questions;
mod resources;
mod tables;

use super::entry::Entry;

/// The texts of this system.
pub(super) const PARTS: &[&[Entry]] =
    &[questions::ENTRIES, model::ENTRIES, bindings::ENTRIES, resources::ENTRIES, holders::ENTRIES, tables::ENTRIES];
