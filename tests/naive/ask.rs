//! Every way of asking, held against the judge.

use std::collections::{BTreeSet, HashMap};

use authz::rusqlite::types::Value;
use authz::rusqlite::{Connection, Statement, ToSql};

use super::world::{places, subjects};
use super::{Judge, Place, Rule, Verdict, World};

/// Asks a connection. Keeps what it has prepared.
pub struct Asker<'c> {
    connection: &'c Connection,
    statements: HashMap<&'static str, Statement<'c>>,
}

impl<'c> Asker<'c> {
    pub fn new(connection: &'c Connection) -> Asker<'c> {
        Asker { connection, statements: HashMap::new() }
    }

    fn prepared(&mut self, sql: &'static str) -> &mut Statement<'c> {
        self.statements.entry(sql).or_insert_with(|| self.connection.prepare(sql).unwrap())
    }

    pub fn check(&mut self, subject: &str, name: &str, on: &Place) -> bool {
        let statement = self.prepared("SELECT authz_check(?1, ?2, ?3, ?4)");
        statement.query_row([subject, name, &on.0, &on.1], |row| row.get(0)).unwrap()
    }

    /// The first column, sorted, as texts.
    pub fn texts(&mut self, sql: &'static str, parameters: &[&dyn ToSql]) -> Vec<String> {
        let rows = self.prepared(sql).query_map(parameters, |row| {
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
}

/// How much is asked: the checks of one in so many subjects, and all the other ways of asking for one in so many subjects and places.
#[derive(Debug, Clone, Copy)]
pub struct Share {
    pub checks: usize,
    pub others: usize,
}

pub const ALL: Share = Share { checks: 1, others: 1 };

/// The answers are what the judge says. Whoever may do what, among those asked about, is answered.
pub fn agree(asker: &mut Asker<'_>, world: &World, share: Share) -> BTreeSet<(String, String, Place)> {
    agree_after(asker, world, share, "")
}

/// The same after a change about one subject, who is asked about in any case.
pub fn agree_after(asker: &mut Asker<'_>, world: &World, share: Share, changed: &str) -> BTreeSet<(String, String, Place)> {
    let places = places();
    let subjects = subjects(&world.model);
    let judge = Judge::new(world, &places);
    let names: HashMap<&str, Vec<String>> = places.iter().map(|(kind, _)| (kind.as_str(), world.model.names(kind))).collect();
    let mut allowed = BTreeSet::new();
    let turn = world.relationships.len() + world.assignments.len() + world.members.len();
    for (number, subject) in subjects.iter().enumerate() {
        let (asked, deeply) = ((number + turn).is_multiple_of(share.checks), (number + turn).is_multiple_of(share.others));
        if !asked && !deeply && subject != changed {
            continue;
        }
        let verdict = judge.hear(subject);
        for on in &places {
            for name in &names[on.0.as_str()] {
                let expected = verdict.allows(name, on);
                let found = asker.check(subject, name, on);
                assert_eq!(found, expected, "check {subject} {name} {on:?}\n{}", shown(world));
                if expected {
                    allowed.insert((subject.clone(), name.clone(), on.clone()));
                }
            }
        }
        if deeply {
            agree_about_subject(asker, world, &verdict, subject, &places);
        }
    }
    for (number, on) in places.iter().enumerate() {
        if (number + turn).is_multiple_of(share.others) {
            for name in &names[on.0.as_str()] {
                agree_about_place(asker, world, &judge, name, on);
            }
        }
    }
    allowed
}

fn agree_about_subject(asker: &mut Asker<'_>, world: &World, verdict: &Verdict<'_>, subject: &str, places: &[Place]) {
    for kind in ["organization", "folder", "document", "group"] {
        for name in world.model.names(kind) {
            let arguments: [&dyn ToSql; 3] = [&subject, &name, &kind];
            let yes = |id: &String| verdict.allows(&name, &(kind.to_owned(), id.clone()));
            let told = || format!("{subject} {name} {kind}\n{}", shown(world));
            let listed = asker.texts("SELECT resource_id FROM authz_list_resources(?1, ?2, ?3)", &arguments);
            // A userset that asks may be known by its own name alone.
            assert!(listed.iter().all(yes), "{listed:?} are listed, {}", told());
            let missing: Vec<String> = world.known_ids(kind).into_iter().filter(yes).filter(|id| !listed.contains(id)).collect();
            assert!(missing.is_empty(), "{missing:?} are not listed, {}", told());
            let registered = |id: &String| world.parent(&(kind.to_owned(), id.clone())).is_some();
            let expected: Vec<String> = world.known_ids(kind).into_iter().filter(registered).filter(yes).collect();
            for sql in [
                "SELECT resource_id FROM authz_resources WHERE resource_type = ?3 AND authz_check(?1, ?2, ?3, resource_id)",
                "SELECT r.resource_id FROM authz_resources r CROSS JOIN authz_list_resources(?1, ?2, ?3) l ON l.resource_id = r.resource_id WHERE r.resource_type = ?3",
                "SELECT r.resource_id FROM authz_list_resources(?1, ?2, ?3) l CROSS JOIN authz_resources r ON l.resource_id = r.resource_id WHERE r.resource_type = ?3",
                "SELECT resource_id FROM authz_resources WHERE resource_type = ?3 AND resource_id IN (SELECT resource_id FROM authz_list_resources(?1, ?2, ?3))",
            ] {
                assert_eq!(asker.texts(sql, &arguments), expected, "{sql} {}", told());
            }
            for above in places.iter().filter(|(kind, _)| kind == "folder" || kind == "organization").step_by(2) {
                let under = world.below(above);
                let expected: Vec<&String> = expected.iter().filter(|id| under.contains(&(kind.to_owned(), (*id).clone()))).collect();
                let sql = "SELECT resource_id FROM authz_list_resources(?1, ?2, ?3, ?4, ?5)";
                let found = asker.texts(sql, &[&subject, &name, &kind, &above.0, &above.1]);
                assert_eq!(found.iter().collect::<Vec<_>>(), expected, "under {above:?} {}", told());
            }
        }
    }
    for on in places {
        // The relation `parent` that a model does not declare can be asked and is not listed.
        let is_listed = |name: &String| name != "parent" || world.model.rule(&on.0, name).is_some();
        let names = || world.model.names(&on.0).into_iter();
        let mut expected: Vec<String> = names().filter(|name| is_listed(name) && verdict.allows(name, on)).collect();
        expected.sort();
        if !(world.model.types.contains_key(&on.0)) {
            continue;
        }
        let listed = asker.texts("SELECT permission FROM authz_list_permissions(?1, ?2, ?3)", &[&subject, &on.0, &on.1]);
        assert_eq!(listed, expected, "list permissions {subject} {on:?}\n{}", shown(world));
        for name in names() {
            let allowed = verdict.allows(&name, on);
            let arguments = [subject, &name, &on.0, &on.1];
            let required = asker.prepared("SELECT authz_require(?1, ?2, ?3, ?4)").query_row(arguments, |_| Ok(()));
            assert_eq!(required.is_ok(), allowed, "require {arguments:?}\n{}", shown(world));
            let why = asker.texts("SELECT authz_explain(?1, ?2, ?3, ?4)", &[&subject, &name, &on.0, &on.1]);
            let why: serde_json::Value = serde_json::from_str(&why[0]).unwrap();
            assert_eq!(why["allowed"], allowed, "explain {arguments:?}: {why}\n{}", shown(world));
            if why["because"]["assignment"].is_object() {
                prove(world, verdict, subject, &name, on, &why);
            }
        }
    }
}

fn agree_about_place(asker: &mut Asker<'_>, world: &World, judge: &Judge<'_>, name: &str, on: &Place) {
    let told = || format!("{name} {on:?}\n{}", shown(world));
    let kind_of = |subject: &str| subject.split_once(':').unwrap().0.to_owned();
    let yes: Vec<String> = world.known_subjects().into_iter().filter(|subject| judge.hear(subject).allows(name, on)).collect();
    let listed = asker.texts("SELECT subject FROM authz_list_subjects(?1, ?2, ?3)", &[&name, &on.0, &on.1]);
    for subject in &listed {
        assert!(yes.contains(subject), "{subject} is listed but not allowed, {}", told());
    }
    for subject in &yes {
        let is_public = listed.contains(&format!("{}:*", kind_of(subject)));
        assert!(listed.contains(subject) || is_public, "{subject} is allowed but not among {listed:?}, {}", told());
    }
    directly(asker, world, judge, name, on, &listed);
    for kind in ["user", "group", "folder", "agent"] {
        let sql = "SELECT subject FROM authz_list_subjects(?1, ?2, ?3, ?4)";
        let filtered = asker.texts(sql, &[&name, &on.0, &on.1, &kind]);
        let expected: Vec<&String> = listed.iter().filter(|subject| kind_of(subject) == kind).collect();
        assert_eq!(filtered.iter().collect::<Vec<_>>(), expected, "only {kind}, {}", told());
    }
    for (kind, relation) in [("group", "member"), ("folder", "r0"), ("document", "r1")] {
        if world.model.has_relation(kind, relation) {
            let filter = format!("{kind}#{relation}");
            let sql = "SELECT subject FROM authz_list_subjects(?1, ?2, ?3, ?4)";
            let found = asker.texts(sql, &[&name, &on.0, &on.1, &filter]);
            for one in &found {
                assert!(
                    one.ends_with(&format!("#{relation}")) && kind_of(one) == kind && judge.hear(one).allows(name, on),
                    "{one} is listed, {}",
                    told()
                );
            }
            for id in world.known_ids(kind) {
                let one = format!("{kind}:{id}#{relation}");
                assert!(found.contains(&one) || !judge.hear(&one).allows(name, on), "{one} is not among {found:?}, {}", told());
            }
        }
    }
}

/// Who has a permission by a role on the resource itself, or a relation that its relationships alone give, has it directly.
fn directly(asker: &mut Asker<'_>, world: &World, judge: &Judge<'_>, name: &str, on: &Place, listed: &[String]) {
    let (relation, grants) = match (world.model.permissions.get(name), world.model.rule(&on.0, name)) {
        (Some((_, relation)), _) => (relation.clone(), true),
        (None, Some(Rule::Direct(_))) => (Some(name.to_owned()), false),
        _ => return,
    };
    let is_plain = relation.as_ref().is_none_or(|relation| matches!(world.model.rule(&on.0, relation), Some(Rule::Direct(_))));
    if !is_plain {
        return;
    }
    // The resource alone: what lies above it gives nothing there, and every other row about something else than a group stays.
    let mut alone = world.clone();
    alone.assignments.retain(|(_, _, place), _| place == on);
    let expected: Vec<String> = (listed.iter())
        .filter(|subject| {
            let verdict = judge.hear(subject);
            let by_role = grants
                && alone.assignments.iter().any(|((holder, role, _), expires)| {
                    *expires != Some(super::PAST)
                        && world.parent(on).is_some()
                        && world.model.roles.get(role).is_some_and(|(_, permissions)| permissions.iter().any(|one| one == name))
                        && verdict.carries(holder)
                });
            let everyone = format!("{}:*", subject.split_once(':').unwrap().0);
            by_role
                || relation.as_ref().is_some_and(|relation| verdict.related(relation, on) || judge.hear(&everyone).related(relation, on))
        })
        .cloned()
        .collect();
    let sql = "SELECT subject FROM authz_list_subjects(?1, ?2, ?3) WHERE assignment = 'direct'";
    let found = asker.texts(sql, &[&name, &on.0, &on.1]);
    assert_eq!(found, expected, "directly {name} {on:?}\n{}", shown(world));
}

/// A world as a script for the shell, so that a failure can be tried by hand.
pub fn shown(world: &World) -> String {
    let mut text = format!("SELECT authz_migrate();\nSELECT authz_apply('{}', 'force');\n", world.model.json());
    let mut line = |line: String| text.push_str(&format!("{line};\n"));
    let time = |expires: &Option<&str>| expires.map_or("NULL".to_owned(), |time| format!("'{time}'"));
    let mut resources = world.resources.clone();
    resources.sort_by_key(|(one, _)| world.chain(one).len());
    for ((kind, id), above) in resources {
        let above = above.map_or("NULL, NULL".to_owned(), |(kind, id)| format!("'{kind}', '{id}'"));
        line(format!("SELECT authz_put_resource('{kind}', '{id}', {above})"));
    }
    for ((subject, relation, (kind, id)), expires) in &world.relationships {
        let forbidden = if world.model.permits(kind, relation, subject) { "" } else { "-- stays from an earlier model: " };
        line(format!("{forbidden}SELECT authz_relate('{subject}', '{relation}', '{kind}', '{id}', {})", time(expires)));
    }
    for ((subject, role, (kind, id)), expires) in &world.assignments {
        line(format!("SELECT authz_grant('{subject}', '{role}', '{kind}', '{id}', {})", time(expires)));
    }
    world.members.iter().for_each(|(group, member)| line(format!("SELECT authz_add_member('{group}', '{member}')")));
    for (all, active) in [(&world.suspensions, 0), (&world.memberships, 1)] {
        for (user, organization) in all {
            line(format!(
                "INSERT INTO _authz_standings SELECT '{user}', resource_id, {active} FROM authz_resources WHERE resource_type = 'organization' AND resource_id || '' = '{organization}'"
            ));
        }
    }
    if world.requires_membership {
        line("SELECT authz_set_setting('require_membership', 'on')".to_owned());
    }
    format!("{text}-- {}", world.model.text().replace('\n', "\n-- "))
}

/// The evidence of a yes by role is true.
pub fn prove(world: &World, verdict: &Verdict<'_>, subject: &str, name: &str, on: &Place, why: &serde_json::Value) {
    let word = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let because = &why["because"];
    assert!(verdict.allows(name, on));
    // `group:eng#member` stands where its group does.
    let mut member = subject.trim_end_matches("#member").to_owned();
    for group in because["groups"].as_array().unwrap() {
        assert!(world.members.contains(&(word(group), member.clone())), "{why}");
        member = word(group);
    }
    assert_eq!(word(&because["assignment"]["subject"]), member);
    let held_on = (word(&because["held_on"]["type"]), word(&because["held_on"]["id"]));
    let role = word(&because["role"]);
    assert!(world.model.roles[&role].1.iter().any(|one| one == name));
    let expires = world.assignments.get(&(member, role, held_on.clone()));
    assert!(expires.is_some_and(|expires| *expires != Some(super::PAST)), "{why}");
    let path: Vec<Place> = because["path"].as_array().unwrap().iter().map(|step| (word(&step["type"]), word(&step["id"]))).collect();
    let mut chain = world.chain(on);
    chain.truncate(chain.iter().position(|here| *here == held_on).unwrap() + 1);
    chain.reverse();
    assert_eq!(path, chain);
}
