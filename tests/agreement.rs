//! A second, deliberately naive implementation of the rule, and random histories that hold every way of asking against it.
//!
//! The rule: a subject has permission P on resource R if it, or a group that contains it, holds an unexpired role with P on R or on any
//! ancestor of R. The naive model keeps plain lists and works everything out anew for each question.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;

use authz::rusqlite::types::Value;
use authz::rusqlite::{Connection, params};
use proptest::prelude::*;

const PAST: &str = "2001-01-01T00:00:00.000Z";
const FUTURE: &str = "2901-01-01T00:00:00.000Z";
const PERMISSIONS: [(&str, &str); 4] =
    [("ws:manage", "workspace"), ("doc:read", "document"), ("doc:edit", "document"), ("folder:list", "folder")];
/// slug, type, permissions
const ROLES: [(&str, &str, &[&str]); 4] = [
    ("admin", "organization", &["ws:manage", "doc:read", "doc:edit", "folder:list"]),
    ("ws-viewer", "workspace", &["doc:read"]),
    ("folder-editor", "folder", &["folder:list", "doc:read", "doc:edit"]),
    ("reader", "document", &["doc:read"]),
];
const TYPES: [&str; 4] = ["organization", "workspace", "folder", "document"];
const SUBJECTS: [&str; 9] = ["user:a", "user:b", "user:nobody", "agent:bot", "group:g0", "group:g1", "group:g2", "group:g3", "folder:2"];

type Place = (&'static str, String);

/// The whole of what is true, as lists.
#[derive(Debug, Clone, Default)]
struct Naive {
    resources: Vec<(Place, Option<Place>)>,
    /// subject, role, resource, expiry
    assignments: Vec<(String, &'static str, Place, Option<&'static str>)>,
    members: Vec<(String, String)>,
}

impl Naive {
    fn parent(&self, place: &Place) -> Option<Option<Place>> {
        self.resources.iter().find(|(one, _)| one == place).map(|(_, parent)| parent.clone())
    }

    fn chain(&self, place: &Place) -> Vec<Place> {
        let mut chain = Vec::new();
        let mut next = Some(place.clone());
        while let Some(here) = next {
            let Some(parent) = self.parent(&here) else { break };
            chain.push(here);
            next = parent;
        }
        chain
    }

    fn containing(&self, subject: &str) -> BTreeSet<String> {
        let mut all = BTreeSet::from([subject.to_owned()]);
        loop {
            let more: Vec<String> =
                self.members.iter().filter(|(_, member)| all.contains(member)).map(|(group, _)| group.clone()).collect();
            let before = all.len();
            all.extend(more);
            if all.len() == before {
                return all;
            }
        }
    }

    fn allows(&self, subject: &str, permission: &str, place: &Place) -> bool {
        let who = self.containing(subject);
        let chain = self.chain(place);
        self.assignments.iter().any(|(holder, role, on, expires)| {
            who.contains(holder)
                && chain.contains(on)
                && *expires != Some(PAST)
                && ROLES.iter().any(|(slug, _, permissions)| slug == role && permissions.contains(&permission))
        })
    }

    fn below(&self, place: &Place) -> BTreeSet<Place> {
        self.resources.iter().map(|(one, _)| one.clone()).filter(|one| self.chain(one).contains(place)).collect()
    }
}

#[derive(Debug, Clone)]
enum Change {
    Put(usize, u8, Option<(usize, u8)>),
    Remove(usize, u8),
    Grant(usize, usize, u8, u8),
    Revoke(usize, usize, u8),
    Join(u8, usize),
    Leave(u8, usize),
    Savepoint,
    RollbackTo,
    Release,
    Elsewhere,
}

fn changes() -> impl Strategy<Value = (Change, bool)> {
    let place = || (0usize..4, 0u8..5);
    let change = prop_oneof![
        6 => (place(), prop::option::weighted(0.9, place())).prop_map(|((t, i), parent)| Change::Put(t, i, parent)),
        1 => place().prop_map(|(t, i)| Change::Remove(t, i)),
        6 => (0usize..9, 0usize..4, 0u8..5, 0u8..4).prop_map(|(s, r, i, e)| Change::Grant(s, r, i, e)),
        2 => (0usize..9, 0usize..4, 0u8..5).prop_map(|(s, r, i)| Change::Revoke(s, r, i)),
        5 => (0u8..4, 0usize..9).prop_map(|(g, s)| Change::Join(g, s)),
        1 => (0u8..4, 0usize..9).prop_map(|(g, s)| Change::Leave(g, s)),
        2 => Just(Change::Savepoint),
        2 => Just(Change::RollbackTo),
        1 => Just(Change::Release),
        2 => Just(Change::Elsewhere),
    ];
    (change, any::<bool>())
}

/// Ids of documents are texts, the others integers; half of the time an integer is written as its text.
fn id(type_index: usize, number: u8) -> Value {
    match type_index {
        3 => Value::Text(format!("d-{number}")),
        _ if number.is_multiple_of(2) => Value::Integer(number.into()),
        _ => Value::Text(number.to_string()),
    }
}

fn place(type_index: usize, number: u8) -> Place {
    let id = if type_index == 3 { format!("d-{number}") } else { number.to_string() };
    (TYPES[type_index], id)
}

const SETUP: &str = "
INSERT INTO authz_resource_types (slug) VALUES ('workspace'), ('folder'), ('document');
INSERT INTO authz_resource_type_parents (resource_type, parent_type) VALUES
  ('workspace', 'organization'), ('folder', 'workspace'), ('folder', 'folder'), ('document', 'folder'), ('document', 'workspace');";

fn open(path: &std::path::Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    authz::register(&connection).unwrap();
    connection.execute_batch("PRAGMA synchronous = OFF").unwrap();
    connection
}

/// Makes a change by the functions or by plain SQL; whether it was taken.
fn make(connection: &Connection, change: &Change, plainly: bool) -> bool {
    let run = |plain: &str, function: &str, parameters: &[&dyn authz::rusqlite::ToSql]| match plainly {
        true => connection.execute(plain, parameters).is_ok(),
        false => connection.query_row(function, parameters, |_| Ok(())).is_ok(),
    };
    match change {
        Change::Put(t, i, parent) => {
            let (parent_type, parent_id) = parent.map_or((None, Value::Null), |(t, i)| (Some(TYPES[t]), id(t, i)));
            run(
                "INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id) VALUES (?1, ?2, ?3, ?4)",
                "SELECT authz_put_resource(?1, ?2, ?3, ?4)",
                &[&TYPES[*t], &id(*t, *i), &parent_type, &parent_id],
            )
        }
        Change::Remove(t, i) => run(
            "DELETE FROM authz_resources WHERE resource_type = ?1 AND CAST(resource_id AS TEXT) = CAST(?2 AS TEXT)",
            "SELECT authz_remove_resource(?1, ?2, 'cascade')",
            &[&TYPES[*t], &id(*t, *i)],
        ),
        Change::Grant(s, r, i, expiry) => {
            let (slug, on, _) = ROLES[*r];
            let type_index = TYPES.iter().position(|t| *t == on).unwrap();
            let expires: Option<&str> = [None, Some(FUTURE), Some(PAST), None][*expiry as usize];
            run(
                "INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO UPDATE SET expires_at = excluded.expires_at",
                "SELECT authz_grant(?1, ?2, ?3, ?4, ?5)",
                // As it is stored: an upsert finds a row by the type of its id.
                &[&SUBJECTS[*s], &slug, &on, &id(type_index, *i), &expires],
            )
        }
        Change::Revoke(s, r, i) => {
            let (slug, on, _) = ROLES[*r];
            let type_index = TYPES.iter().position(|t| *t == on).unwrap();
            run(
                "DELETE FROM authz_role_assignments WHERE subject = ?1 AND role = ?2 AND resource_type = ?3 AND CAST(resource_id AS TEXT) = CAST(?4 AS TEXT)",
                "SELECT authz_revoke(?1, ?2, ?3, ?4)",
                &[&SUBJECTS[*s], &slug, &on, &id(type_index, *i)],
            )
        }
        Change::Join(g, s) => {
            let group = format!("group:g{g}");
            match plainly {
                true => connection
                    .execute("INSERT OR IGNORE INTO authz_group_members VALUES (?1, ?2)", params![&group[6..], SUBJECTS[*s]])
                    .is_ok(),
                false => connection.query_row("SELECT authz_add_member(?1, ?2)", params![group, SUBJECTS[*s]], |_| Ok(())).is_ok(),
            }
        }
        Change::Leave(g, s) => {
            let group = format!("group:g{g}");
            match plainly {
                true => connection
                    .execute("DELETE FROM authz_group_members WHERE group_id = ?1 AND subject = ?2", params![&group[6..], SUBJECTS[*s]])
                    .is_ok(),
                false => connection.query_row("SELECT authz_remove_member(?1, ?2)", params![group, SUBJECTS[*s]], |_| Ok(())).is_ok(),
            }
        }
        Change::Savepoint | Change::RollbackTo | Change::Release | Change::Elsewhere => unreachable!(),
    }
}

/// The naive model's own idea of a change that was taken.
fn note(model: &mut Naive, change: &Change, plainly: bool) {
    match change {
        Change::Put(t, i, parent) => {
            let (one, parent) = (place(*t, *i), parent.map(|(t, i)| place(t, i)));
            model.resources.retain(|(other, _)| *other != one);
            model.resources.push((one, parent));
        }
        Change::Remove(t, i) => {
            let one = place(*t, *i);
            let gone = if plainly { BTreeSet::from([one]) } else { model.below(&one) };
            model.resources.retain(|(other, _)| !gone.contains(other));
            let names: BTreeSet<String> = gone.iter().map(|(t, i)| format!("{t}:{i}")).collect();
            model.assignments.retain(|(subject, _, on, _)| !gone.contains(on) && !names.contains(subject));
            model.members.retain(|(_, member)| !names.contains(member));
        }
        Change::Grant(s, r, i, expiry) => {
            let (slug, on, _) = ROLES[*r];
            let on = place(TYPES.iter().position(|t| *t == on).unwrap(), *i);
            model.assignments.retain(|(subject, role, place, _)| !(subject == SUBJECTS[*s] && *role == slug && *place == on));
            let expires = [None, Some(FUTURE), Some(PAST), None][*expiry as usize];
            model.assignments.push((SUBJECTS[*s].to_owned(), slug, on, expires));
        }
        Change::Revoke(s, r, i) => {
            let (slug, on, _) = ROLES[*r];
            let on = place(TYPES.iter().position(|t| *t == on).unwrap(), *i);
            model.assignments.retain(|(subject, role, place, _)| !(subject == SUBJECTS[*s] && *role == slug && *place == on));
        }
        Change::Join(g, s) => model.members.push((format!("group:g{g}"), SUBJECTS[*s].to_owned())),
        Change::Leave(g, s) => model.members.retain(|(group, member)| !(*group == format!("group:g{g}") && member == SUBJECTS[*s])),
        Change::Savepoint | Change::RollbackTo | Change::Release | Change::Elsewhere => unreachable!(),
    }
}

fn texts(connection: &Connection, sql: &str, parameters: &[&dyn authz::rusqlite::ToSql]) -> Vec<String> {
    let mut statement = connection.prepare_cached_or_not(sql);
    let rows = statement.query_map(parameters, |row| {
        Ok(match row.get::<_, Value>(0)? {
            Value::Integer(number) => number.to_string(),
            Value::Text(text) => text,
            other => panic!("{other:?}"),
        })
    });
    let mut all: Vec<String> = rows.unwrap().collect::<Result<_, _>>().unwrap();
    all.sort();
    all
}

trait Prepare {
    fn prepare_cached_or_not(&self, sql: &str) -> authz::rusqlite::Statement<'_>;
}
impl Prepare for Connection {
    fn prepare_cached_or_not(&self, sql: &str) -> authz::rusqlite::Statement<'_> {
        self.prepare(sql).unwrap()
    }
}

/// Every way of asking gives what the naive model gives.
fn agree(connection: &Connection, model: &Naive, deep: bool) {
    let places: Vec<Place> = (0..4).flat_map(|t| (0..5).map(move |i| place(t, i))).collect();
    let mut point = connection.prepare("SELECT authz_check(?1, ?2, ?3, ?4)").unwrap();
    for (permission, on) in PERMISSIONS {
        for subject in SUBJECTS {
            let mut expected: Vec<String> = Vec::new();
            for one in places.iter().filter(|(t, _)| *t == on) {
                let allowed = model.allows(subject, permission, one);
                let answer: bool = point.query_row(params![subject, permission, one.0, one.1], |row| row.get(0)).unwrap();
                assert_eq!(answer, allowed, "{subject} {permission} {one:?} {model:?}");
                if allowed {
                    expected.push(one.1.clone());
                }
            }
            if !deep {
                continue;
            }
            expected.sort();
            let arguments: [&dyn authz::rusqlite::ToSql; 3] = [&subject, &permission, &on];
            assert_eq!(texts(connection, "SELECT resource_id FROM authz_list_resources(?1, ?2, ?3)", &arguments), expected);
            assert_eq!(
                texts(
                    connection,
                    "SELECT resource_id FROM authz_resources WHERE resource_type = ?3 AND authz_check(?1, ?2, ?3, resource_id)",
                    &arguments
                ),
                expected
            );
            for join in [
                "SELECT r.resource_id FROM authz_resources r CROSS JOIN authz_list_resources(?1, ?2, ?3) l ON l.resource_id = r.resource_id WHERE r.resource_type = ?3",
                "SELECT r.resource_id FROM authz_list_resources(?1, ?2, ?3) l CROSS JOIN authz_resources r ON l.resource_id = r.resource_id WHERE r.resource_type = ?3",
                "SELECT resource_id FROM authz_resources WHERE resource_type = ?3 AND resource_id IN (SELECT resource_id FROM authz_list_resources(?1, ?2, ?3))",
            ] {
                assert_eq!(texts(connection, join, &arguments), expected, "{join}");
            }
            for above in places.iter().filter(|(t, _)| *t != "document").step_by(3) {
                let under = model.below(above);
                let expected: Vec<String> = expected.iter().filter(|id| under.contains(&(on, (*id).clone()))).cloned().collect();
                let sql = "SELECT resource_id FROM authz_list_resources(?1, ?2, ?3, ?4, ?5)";
                assert_eq!(texts(connection, sql, &[&subject, &permission, &on, &above.0, &above.1]), expected);
            }
        }
        if !deep {
            continue;
        }
        for one in places.iter().filter(|(t, _)| *t == on) {
            // Whoever is named anywhere, and no one else.
            let mut known: BTreeSet<String> = model.members.iter().flat_map(|(g, m)| [g.clone(), m.clone()]).collect();
            known.extend(model.assignments.iter().map(|(subject, ..)| subject.clone()));
            let expected: Vec<String> = known.into_iter().filter(|subject| model.allows(subject, permission, one)).collect();
            assert_eq!(texts(connection, "SELECT subject FROM authz_list_subjects(?1, ?2, ?3)", &[&permission, &one.0, &one.1]), expected);
            for subject in SUBJECTS {
                let allowed = model.allows(subject, permission, one);
                let required =
                    connection.query_row("SELECT authz_require(?1, ?2, ?3, ?4)", params![subject, permission, one.0, one.1], |_| Ok(()));
                assert_eq!(required.is_ok(), allowed);
                let text: String = connection
                    .query_row("SELECT authz_explain(?1, ?2, ?3, ?4)", params![subject, permission, one.0, one.1], |row| row.get(0))
                    .unwrap();
                prove(model, subject, permission, one, allowed, &serde_json::from_str(&text).unwrap());
            }
        }
    }
    if deep {
        for one in &places {
            for subject in SUBJECTS {
                let mut expected: Vec<String> = PERMISSIONS
                    .iter()
                    .filter(|(permission, on)| *on == one.0 && model.allows(subject, permission, one))
                    .map(|(permission, _)| (*permission).to_owned())
                    .collect();
                expected.sort();
                assert_eq!(
                    texts(connection, "SELECT permission FROM authz_list_permissions(?1, ?2, ?3)", &[&subject, &one.0, &one.1]),
                    expected
                );
            }
            let chain: BTreeSet<String> = model.chain(one).iter().enumerate().map(|(depth, (t, i))| format!("{depth} {t} {i}")).collect();
            let sql = "SELECT depth || ' ' || resource_type || ' ' || resource_id FROM authz_ancestors(?1, ?2)";
            assert_eq!(texts(connection, sql, &[&one.0, &one.1]).into_iter().collect::<BTreeSet<_>>(), chain);
            for most in [0, 1, 9] {
                let mut below: Vec<String> = Vec::new();
                for other in model.below(one) {
                    let depth = model.chain(&other).iter().position(|here| here == one).unwrap();
                    if depth <= most {
                        below.push(format!("{depth} {} {}", other.0, other.1));
                    }
                }
                below.sort();
                let sql = "SELECT depth || ' ' || resource_type || ' ' || resource_id FROM authz_descendants(?1, ?2) WHERE depth <= ?3";
                assert_eq!(texts(connection, sql, &[&one.0, &one.1, &(most as i64)]), below);
            }
        }
    }
}

/// The evidence of an explanation is true.
fn prove(model: &Naive, subject: &str, permission: &str, one: &Place, allowed: bool, why: &serde_json::Value) {
    assert_eq!(why["allowed"], allowed);
    let word = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if !allowed {
        assert!(why.get("because").is_none());
        return;
    }
    let because = &why["because"];
    let mut member = subject.to_owned();
    for group in because["groups"].as_array().unwrap() {
        assert!(model.members.contains(&(word(group), member.clone())), "{why}");
        member = word(group);
    }
    assert_eq!(word(&because["assignment"]["subject"]), member);
    let held_on = (word(&because["held_on"]["type"]), word(&because["held_on"]["id"]));
    let role = word(&because["role"]);
    assert!(ROLES.iter().any(|(slug, _, permissions)| *slug == role && permissions.contains(&permission)));
    assert!(model.assignments.iter().any(|(s, r, on, e)| *s == member
        && *r == role
        && on.0 == held_on.0
        && on.1 == held_on.1
        && *e != Some(PAST)));
    let path: Vec<(String, String)> =
        because["path"].as_array().unwrap().iter().map(|step| (word(&step["type"]), word(&step["id"]))).collect();
    let mut chain: Vec<(String, String)> = model.chain(one).into_iter().map(|(t, i)| (t.to_owned(), i)).collect();
    chain.truncate(chain.iter().position(|here| *here == held_on).unwrap() + 1);
    chain.reverse();
    assert_eq!(path, chain);
}

fn run(history: Vec<(Change, bool)>, wal: bool) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.db");
    let connection = open(&path);
    if wal {
        connection.execute_batch("PRAGMA journal_mode = WAL").unwrap();
    }
    authz::migrate(&connection).unwrap();
    connection.execute_batch(SETUP).unwrap();
    for (slug, on) in PERMISSIONS {
        connection.execute("INSERT INTO authz_permissions (slug, resource_type) VALUES (?1, ?2)", [slug, on]).unwrap();
    }
    for (slug, on, permissions) in ROLES {
        connection.execute("INSERT INTO authz_roles (slug, resource_type) VALUES (?1, ?2)", [slug, on]).unwrap();
        for permission in permissions {
            connection.execute("INSERT INTO authz_role_permissions (role, permission) VALUES (?1, ?2)", [slug, permission]).unwrap();
        }
    }
    let other = open(&path);
    // What ROLLBACK TO goes back to.
    let mut saved: Vec<Naive> = Vec::new();
    let mut model = Naive::default();
    // A small world to begin with: random changes alone would mostly be refused for want of a parent.
    for (index, (t, i, parent)) in [
        (0, 0, None),
        (0, 1, None),
        (1, 0, Some((0, 0))),
        (1, 1, Some((0, 1))),
        (1, 2, Some((0, 0))),
        (2, 0, Some((1, 0))),
        (2, 1, Some((2, 0))),
        (2, 2, Some((2, 1))),
        (2, 3, Some((1, 1))),
        (3, 0, Some((2, 2))),
        (3, 1, Some((2, 0))),
        (3, 2, Some((2, 3))),
        (3, 3, Some((1, 2))),
    ]
    .into_iter()
    .enumerate()
    {
        let change = Change::Put(t, i, parent);
        assert!(make(&connection, &change, index % 2 == 0));
        note(&mut model, &change, true);
    }
    for (step, (change, plainly)) in history.iter().enumerate() {
        match change {
            Change::Savepoint => {
                connection.execute_batch(&format!("SAVEPOINT s{}", saved.len())).unwrap();
                saved.push(model.clone());
            }
            Change::RollbackTo => {
                if let Some(before) = saved.last() {
                    model = before.clone();
                    connection.execute_batch(&format!("ROLLBACK TO s{}", saved.len() - 1)).unwrap();
                }
            }
            Change::Release => {
                if saved.pop().is_some() {
                    connection.execute_batch(&format!("RELEASE s{}", saved.len())).unwrap();
                }
            }
            Change::Elsewhere => {
                // The other connection writes, where this one holds no lock.
                if saved.is_empty() {
                    let change = Change::Grant(step % 9, step % 4, (step % 5) as u8, (step % 4) as u8);
                    if make(&other, &change, *plainly) {
                        note(&mut model, &change, *plainly);
                    }
                    agree(&other, &model, false);
                }
            }
            change => {
                if make(&connection, change, *plainly) {
                    note(&mut model, change, *plainly);
                }
            }
        }
        agree(&connection, &model, step % 16 == 15);
    }
    agree(&connection, &model, true);
    while saved.pop().is_some() {
        connection.execute_batch(&format!("RELEASE s{}", saved.len())).unwrap();
    }
    agree(&other, &model, true);
    other.close().map_err(|(_, error)| error).unwrap();
    connection.close().map_err(|(_, error)| error).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn every_way_of_asking_agrees_over_random_histories(history in prop::collection::vec(changes(), 20..90), wal in any::<bool>()) {
        run(history, wal);
    }
}
