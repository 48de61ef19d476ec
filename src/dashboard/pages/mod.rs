//! The pages: a file each.

mod access;
mod assignments;
mod attributes;
mod events;
mod explanation;
mod lookup;
mod model;
mod overview;
mod palette;
mod permissions;
mod relationships;
mod resources;
mod roles;
mod sessions;
mod subjects;
mod suggestions;
mod when;

use super::page::{Page, View};
use super::problem::Problem;

/// Shows a page.
pub(crate) type Show = fn(&View<'_>) -> Result<Page, Problem>;

/// Every page, by the last part of its URL.
pub(crate) const PAGES: [(&str, Show); 24] = [
    ("overview", overview::show),
    ("access", access::show),
    ("resources", resources::roots),
    ("resource", resources::show),
    ("children", resources::children),
    ("roles", roles::matrix),
    ("role", roles::show),
    ("permissions", permissions::list),
    ("permission", permissions::show),
    ("assignments", assignments::list),
    ("grant", assignments::grant),
    ("relationships", relationships::list),
    ("subjects", subjects::list),
    ("groups", subjects::groups),
    ("subject", subjects::show),
    ("sessions", sessions::list),
    ("session", sessions::show),
    ("app-sessions", sessions::of_applications),
    ("events", events::list),
    ("event", events::show),
    ("model", model::show),
    ("command", palette::command),
    ("palette", palette::options),
    ("suggestions", suggestions::subjects),
];
