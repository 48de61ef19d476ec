//! `authz_check`, `authz_require`: may this subject do that here. How SQLite calls the first is in [`crate::access::check_rows`].

use std::rc::Rc;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::base::refusal::shown;
use crate::decide::goal::{Goal, Who};
use crate::decide::holds;
use crate::decide::roles::Ancestors;
use crate::decide::rule::Rule;
use crate::facts::cache::Reach;
use crate::facts::reader::Reader;
use crate::facts::store::{Store, count};
use crate::sqlite::error::{Error, Result};
use crate::sqlite::scalar::{Arguments, Effect, define};
use crate::sqlite::value::{id as id_of, text};

/// Registers the functions of this module.
pub(crate) fn register(connection: &Connection, store: &Rc<Store>) -> rusqlite::Result<()> {
    define(connection, store, "authz_require", 4..=4, Effect::Reads, require)
}

/// A question with all names resolved.
pub(crate) struct Question {
    pub(crate) who: Who,
    pub(crate) goal: Goal,
}

/// Reads the four arguments; `None` where one of them is NULL.
pub(crate) fn question(reader: &mut Reader<'_>, values: [ValueRef<'_>; 4]) -> Result<Option<Question>> {
    let [subject, permission, resource_type, id] = values;
    let recalled = reader.recall(permission, resource_type);
    let (resource_type, relation) = match recalled {
        Some(known) => known,
        None => {
            let subject = text(subject, "subject")?;
            let permission = text(permission, "permission")?;
            let slug = text(resource_type, "resource type")?;
            let id = id_of(id, "resource id")?;
            let (Some(_), Some(permission), Some(slug), Some(_)) = (subject, permission, slug, id) else { return Ok(None) };
            let resource_type = reader.resource_type(slug)?;
            let relation = reader.relation(permission, resource_type)?;
            reader.remember(permission, slug, resource_type, relation);
            (resource_type, relation)
        }
    };
    let (subject, id) = (text(subject, "subject")?, id_of(id, "resource id")?);
    let (Some(subject), Some(id)) = (subject, id) else { return Ok(None) };
    let who = reader.subject(subject)?;
    let node = reader.node(resource_type, id.id());
    Ok(Some(Question { who, goal: Goal { relation, node } }))
}

/// Whether the subject has the relation to the resource, and is not suspended in its organization.
pub(crate) fn allows(reader: &mut Reader<'_>, who: Who, goal: Goal) -> Result<bool> {
    let holds = match held_by_gathered(reader, who, goal)? {
        Some(holds) => holds,
        None => holds(reader, who, goal)?,
    };
    Ok(holds && !reader.is_suspended(who, goal.node)?)
}

/// [`nearest_held`](crate::decide::roles::nearest_held) on its shortest way, its twin: a permission that roles alone grant, and a subject
/// whose roles have been gathered. `None` where it is another case.
fn held_by_gathered(reader: &mut Reader<'_>, who: Who, goal: Goal) -> Result<Option<bool>> {
    let Some(Rule::Roles(roles)) = reader.permission(goal.relation).map(|permission| &*permission.rule) else { return Ok(None) };
    let roles = Rc::clone(roles);
    let Reach::Gathered(gathered) = reader.reach_above(who, goal.node)? else { return Ok(None) };
    let Some(held) = &gathered.held else { return Ok(None) };
    let mut up = Ancestors::from(goal.node);
    while let Some(here) = up.next(reader)? {
        let found = held.on(here);
        if !found.is_empty()
            && found.iter().any(|one| roles.contains(one.role) && reader.is_live(one.expires_at))
            && reader.is_registered(here)?
        {
            return Ok(Some(true));
        }
    }
    Ok(Some(false))
}

/// `authz_check(subject, permission, resource_type, resource_id)` → 1 or 0.
///
/// The permission may be a relation of the type. A NULL argument, an unknown subject id, an unregistered resource: 0. An unknown
/// permission or type, or a permission of another type, is an error.
pub(crate) fn check(store: &Store, values: [ValueRef<'_>; 4]) -> Result<bool> {
    store.read(|reader| {
        let Some(Question { who, goal }) = question(reader, values)? else { return Ok(false) };
        count(&store.counts.checks_point);
        allows(reader, who, goal)
    })
}

/// `authz_require(subject, permission, resource_type, resource_id)` → 1, or an error that says who lacks what.
fn require(store: &Store, call: &Arguments<'_>) -> Result<i64> {
    if check(store, call.values())? {
        return Ok(1);
    }
    let word = |index, what| Ok::<_, Error>(call.text(index, what)?.map_or_else(|| "NULL".to_owned(), shown));
    let id = call.id(3, "resource id")?.map_or_else(|| "NULL".to_owned(), |id| shown(&id.text()));
    Err(Error::Lacks(format!("`{}` lacks `{}` on {} `{id}`", word(0, "subject")?, word(1, "permission")?, word(2, "resource type")?)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use proptest::prelude::*;

    use super::*;
    use crate::base::identifier::IdRef;
    use crate::decide::facts::Facts;
    use crate::decide::roles::{Nearest, nearest_held};
    use crate::sqlite::connection::Engine;

    /// A chain of five folders, one of which is no resource, and three groups that may contain each other.
    fn world(grants: &[(u8, u8, u8, bool)], members: &[(u8, u8)]) -> (Connection, Rc<Engine>) {
        let connection = Connection::open_in_memory().unwrap();
        let engine = crate::attach(&connection).unwrap();
        crate::migrate(&connection).unwrap();
        let model = r#"SELECT authz_apply('{"resource_types": {"folder": {"parents": ["organization", "folder"]}},
            "permissions": {"read": {"resource_type": "folder"}, "write": {"resource_type": "folder"}},
            "roles": {"reader": {"resource_type": "folder", "permissions": ["read"]},
                      "writer": {"resource_type": "folder", "permissions": ["read", "write"]}}}');
            SELECT authz_put_resource('organization', 1, NULL, NULL), authz_put_resource('folder', 1, 'organization', 1);
            SELECT authz_put_resource('folder', 2, 'folder', 1), authz_put_resource('folder', 3, 'folder', 2);
            SELECT authz_put_resource('folder', 4, 'folder', 3)"#;
        connection.execute_batch(model).unwrap();
        for (subject, role, folder, is_over) in grants {
            let (subject, role) = (SUBJECTS[*subject as usize], ["reader", "writer"][*role as usize]);
            let expires_at = is_over.then_some("2001-01-01T00:00:00.000Z");
            let sql = "INSERT OR IGNORE INTO authz_role_assignments (subject, role, resource_type, resource_id, expires_at) VALUES (?1, ?2, 'folder', ?3, ?4)";
            connection.execute(sql, (subject, role, folder, expires_at)).unwrap();
        }
        for (group, member) in members {
            let sql = "INSERT OR IGNORE INTO authz_group_members (group_id, subject) VALUES ('g' || ?1, ?2)";
            connection.execute(sql, (group, SUBJECTS[*member as usize])).unwrap();
        }
        (connection, engine)
    }

    const SUBJECTS: [&str; 5] = ["user:a", "user:b", "group:g0", "group:g1", "group:g2"];

    proptest! {
        #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_twins_agree(
            grants in prop::collection::vec((0u8..5, 0u8..2, 1u8..5, prop::bool::weighted(0.2)), 0..5),
            members in prop::collection::vec((0u8..3, 0u8..5), 0..6),
        ) {
            let (_connection, engine) = world(&grants, &members);
            let store = Store::new(&engine);
            let mut decided = 0;
            for subject in SUBJECTS {
                for (permission, folder) in [("read", 1), ("read", 3), ("read", 4), ("write", 2), ("write", 4), ("read", 5)] {
                    let (short, long) = store.read(|reader| {
                        let resource_type = reader.resource_type("folder")?;
                        let relation = reader.relation(permission, resource_type)?;
                        let (who, node) = (reader.subject(subject)?, reader.node(resource_type, IdRef::Integer(folder)));
                        let short = held_by_gathered(reader, who, Goal { relation, node })?;
                        let rule = reader.rule(relation)?;
                        let Rule::Roles(roles) = &*rule else { return Ok((short, Nearest::Depends)) };
                        Ok((short, nearest_held(reader, who, roles, node)?))
                    }).unwrap();
                    if let Some(short) = short {
                        prop_assert_eq!(Nearest::Decided(None) != long, short, "{} {} {}", subject, permission, folder);
                        decided += 1;
                    }
                }
            }
            prop_assert_eq!(decided, 30);
        }
    }
}
