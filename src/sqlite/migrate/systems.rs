//! The systems and their files.

use super::super::comments::without_comments;
use crate::base::refusal::{Refusal, Result, nearest, shown};

/// A part of the schema that a file may have or lack.
pub(crate) struct System {
    pub(crate) name: &'static str,
    /// The systems that it stands on
    pub(crate) needs: &'static [&'static str],
    pub(super) migrations: &'static [Migration],
}

/// A file under `migrations/`.
pub(super) struct Migration {
    pub(super) version: i64,
    pub(super) name: &'static str,
    sql: &'static str,
}

/// The names of the systems, for those who ask by name.
pub(crate) const CORE: &str = "core";
pub(super) const SEARCH: &str = "search";

/// All systems; what one needs comes before it.
pub(super) static SYSTEMS: [System; 4] = [
    System {
        name: CORE,
        needs: &[],
        migrations: &[Migration { version: 1, name: "core", sql: include_str!("../../../migrations/core/V1__core.sql") }],
    },
    System {
        name: "events",
        needs: &[CORE],
        migrations: &[Migration { version: 1, name: "events", sql: include_str!("../../../migrations/events/V1__events.sql") }],
    },
    System {
        name: "identity",
        needs: &["events"],
        migrations: &[Migration { version: 1, name: "identity", sql: include_str!("../../../migrations/identity/V1__identity.sql") }],
    },
    System {
        name: SEARCH,
        needs: &[CORE],
        migrations: &[Migration { version: 1, name: "search", sql: include_str!("../../../migrations/search/V1__search.sql") }],
    },
];

impl System {
    /// The newest version.
    pub(super) fn newest(&self) -> i64 {
        self.migrations.last().map_or(0, |migration| migration.version)
    }
}

impl Migration {
    /// Such as `V1__core`.
    pub(super) fn file_name(&self) -> String {
        format!("V{}__{}", self.version, self.name)
    }

    /// The text as it is run: without comments, for a host may allow none.
    pub(super) fn text(&self) -> String {
        without_comments(self.sql)
    }
}

/// The systems of these names and all that they need, in the order in which they come; all systems where no name is given.
pub(super) fn wanted(names: &[&str]) -> Result<Vec<&'static System>> {
    for name in names {
        if !SYSTEMS.iter().any(|system| system.name == *name) {
            let near = nearest(name, SYSTEMS.iter().map(|system| system.name));
            let next = if near.is_empty() { "; they are `core`, `events`, `identity` and `search`".to_owned() } else { near };
            return Err(Refusal::new(format!("unknown system `{}`{next}", shown(&name.escape_debug().to_string()))));
        }
    }
    let mut is_wanted = SYSTEMS.each_ref().map(|system| names.is_empty() || names.contains(&system.name));
    // What a system needs comes before it, so one pass from the end finds all.
    for index in (0..SYSTEMS.len()).rev() {
        if is_wanted.get(index) == Some(&true) {
            for (needed, system) in is_wanted.iter_mut().zip(&SYSTEMS) {
                *needed |= SYSTEMS.get(index).is_some_and(|one| one.needs.contains(&system.name));
            }
        }
    }
    Ok(SYSTEMS.iter().zip(is_wanted).filter_map(|(system, is_wanted)| is_wanted.then_some(system)).collect())
}

/// The system that makes a table or a view.
pub(crate) fn system_of(object: &str) -> Option<&'static str> {
    let makes = |sql: &str| {
        sql.lines().any(|line| {
            let rest = line.strip_prefix("CREATE TABLE ").or_else(|| line.strip_prefix("CREATE VIEW ")).unwrap_or_default();
            rest.strip_prefix(object).is_some_and(|rest| rest.starts_with([' ', '(']))
        })
    };
    if object == "_authz_search_index" {
        return Some(SEARCH);
    }
    SYSTEMS.iter().find(|system| system.migrations.iter().any(|migration| makes(migration.sql))).map(|system| system.name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_file_belongs_to_a_system() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
        let mut files = BTreeSet::new();
        for system in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()) {
            for file in std::fs::read_dir(system.path()).unwrap().map(|entry| entry.unwrap()) {
                files.insert(format!("{}/{}", system.file_name().into_string().unwrap(), file.file_name().into_string().unwrap()));
            }
        }
        let known = SYSTEMS
            .iter()
            .flat_map(|system| system.migrations.iter().map(|migration| format!("{}/{}.sql", system.name, migration.file_name())));
        assert_eq!(files, known.collect());
    }

    #[test]
    fn a_system_brings_what_it_needs() {
        let names = |asked: &[&str]| wanted(asked).unwrap().iter().map(|system| system.name).collect::<Vec<_>>();
        assert_eq!(names(&[]), ["core", "events", "identity", "search"]);
        assert_eq!(names(&["identity"]), ["core", "events", "identity"]);
        assert_eq!(names(&["search", "core"]), ["core", "search"]);
        assert_eq!(wanted(&["evnts"]).err().unwrap().sentence(), "unknown system `evnts`; did you mean `events`?");
    }

    #[test]
    fn tables_and_views_are_known_by_their_systems() {
        for (object, system) in
            [("authz_roles", CORE), ("authz_events", "events"), ("_authz_sessions", "identity"), ("_authz_search_index", SEARCH)]
        {
            assert_eq!(system_of(object), Some(system));
        }
        assert_eq!(system_of("authz"), None);
    }
}
