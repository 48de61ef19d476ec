//! identity: organizations, users and memberships; sign-ins and sessions; directories; attributes and claims.

mod attributes;
mod directories;
mod people;
mod sessions;

use super::entry::Entry;

/// The texts of this system.
pub(super) const PARTS: &[&[Entry]] = &[people::ENTRIES, sessions::ENTRIES, directories::ENTRIES, attributes::ENTRIES];
