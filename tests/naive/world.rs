//! Random models, random changes, and how a change is made in the file and noted in the [`World`].

use authz::rusqlite::types::Value;
use authz::rusqlite::{Connection, ToSql, params};

use super::tape::Tape;
use super::{FUTURE, Model, PAST, Party, Place, Restriction, Rule, Type, World, parsed, place};

pub const USERS: [&str; 3] = ["user:a", "user:b", "user:c"];
pub const GROUPS: [&str; 3] = ["group:g0", "group:g1", "group:g2"];
pub const ROLES: [(&str, &str); 3] = [("reader", "document"), ("editor", "folder"), ("admin", "organization")];
const RELATIONS: [&str; 3] = ["r0", "r1", "r2"];

/// Every place that there may be.
pub fn places() -> Vec<Place> {
    let of = |kind: &'static str, ids: &'static [&'static str]| ids.iter().map(move |id| place(kind, id));
    of("organization", &["1", "2"])
        .chain(of("folder", &["0", "1", "2", "3"]))
        .chain(of("document", &["d-0", "d-1", "d-2", "d-3"]))
        .chain(of("group", &["g0", "g1", "g2"]))
        .collect()
}

/// An id as it is written: digits now as INTEGER, now as TEXT, but one resource always in one way.
pub fn id(text: &str) -> Value {
    match text.parse::<i64>() {
        Ok(number) if number % 2 == 0 => Value::Integer(number),
        _ => Value::Text(text.to_owned()),
    }
}

/// The types, their parents, permissions and roles, without relations.
pub fn plain_model() -> Model {
    let mut model = Model::default();
    let parents = [("organization", vec![]), ("folder", vec!["organization", "folder"]), ("document", vec!["folder", "organization"])];
    for (kind, parents) in parents {
        let parents = parents.into_iter().map(str::to_owned).collect();
        model.types.insert(kind.to_owned(), Type { parents, ..Type::default() });
    }
    for (slug, kind) in [("document:read", "document"), ("document:edit", "document"), ("folder:list", "folder")] {
        model.permissions.insert(slug.to_owned(), (kind.to_owned(), None));
    }
    let all = ["document:read", "document:edit", "folder:list"];
    for ((slug, kind), permissions) in ROLES.iter().zip([&all[..1], &all[..], &all[1..]]) {
        model.roles.insert((*slug).to_owned(), ((*kind).to_owned(), permissions.iter().map(|one| (*one).to_owned()).collect()));
    }
    model
}

/// A random model: relations on folders and documents, sometimes on organizations, sometimes groups of the model's own.
pub fn random_model(tape: &mut Tape) -> Model {
    let mut model = plain_model();
    let own_groups = tape.chance(4);
    if own_groups {
        let mut restrictions = vec![Restriction::One("user".into()), Restriction::Userset("group".into(), "member".into())];
        if tape.chance(4) {
            restrictions.push(Restriction::Every("user".into()));
        }
        let mut group = Type::default();
        group.relations.insert("member".to_owned(), Rule::Direct(restrictions));
        model.types.insert("group".to_owned(), group);
    }
    let one = |kind: &str| Restriction::One(kind.to_owned());
    for kind in ["folder", "document"] {
        let mut relations = Vec::new();
        if tape.chance(12) {
            let above = if tape.chance(8) { vec![one("folder"), one("organization")] } else { vec![one("folder")] };
            relations.push(("parent", Rule::Direct(above)));
        }
        let linked = if tape.chance(8) { vec![one("folder"), one("document")] } else { vec![one("document")] };
        relations.push(("linked", Rule::Direct(linked)));
        let throughs: Vec<&str> = relations.iter().map(|(name, _)| *name).collect();
        let count = 1 + tape.pick(RELATIONS.len());
        for (index, name) in RELATIONS.iter().enumerate().take(count) {
            let mut unused = true;
            let rule = random_rule(tape, index, &throughs, &mut unused, 2);
            relations.push((name, rule));
        }
        let declared = model.types.get_mut(kind).unwrap();
        declared.relations = relations.into_iter().map(|(name, rule)| (name.to_owned(), rule)).collect();
    }
    if tape.chance(6) {
        let rule = Rule::Direct(vec![one("user"), Restriction::Userset("group".into(), "member".into())]);
        model.types.get_mut("organization").unwrap().relations.insert("r0".to_owned(), rule);
    }
    // What a userset or `from` names must be there.
    let known = model.clone();
    for declared in model.types.values_mut() {
        let own = declared.relations.clone();
        for rule in declared.relations.values_mut() {
            mend(rule, &known, &own);
        }
    }
    for (kind, slugs) in [("document", &["document:read", "document:edit"][..]), ("folder", &["folder:list"])] {
        let relations: Vec<String> = model.types[kind].relations.keys().cloned().collect();
        for slug in slugs {
            if tape.chance(8) {
                let relation = tape.one(&relations).clone();
                model.permissions.insert((*slug).to_owned(), (kind.to_owned(), Some(relation)));
            }
        }
    }
    model
}

fn mend(rule: &mut Rule, known: &Model, own: &std::collections::BTreeMap<String, Rule>) {
    match rule {
        Rule::Direct(restrictions) => {
            restrictions.retain(|one| match one {
                Restriction::Userset(kind, relation) => known.has_relation(kind, relation),
                _ => true,
            });
            if restrictions.is_empty() {
                restrictions.push(Restriction::One("user".into()));
            }
        }
        Rule::Computed(_) => {}
        Rule::From(relation, through) => {
            let reaches = |one: &Restriction| matches!(one, Restriction::One(kind) if known.has_relation(kind, relation));
            if !own[through].restrictions().iter().any(reaches) {
                *relation = "r0".to_owned();
            }
        }
        Rule::Or(rules) | Rule::And(rules) => rules.iter_mut().for_each(|rule| mend(rule, known, own)),
        Rule::ButNot(base, less) => [base, less].into_iter().for_each(|rule| mend(rule, known, own)),
    }
}

/// At most one list of direct types in a rule, as the language has it; a computed relation is an earlier one.
fn random_rule(tape: &mut Tape, index: usize, throughs: &[&str], unused: &mut bool, depth: usize) -> Rule {
    let mut part = |tape: &mut Tape| match depth > 0 && tape.chance(4) {
        true => random_rule(tape, index, throughs, unused, depth - 1),
        false => random_leaf(tape, index, throughs, unused),
    };
    match tape.pick(8) {
        0 => part(tape),
        1..=3 => Rule::Or((0..2 + tape.pick(2)).map(|_| part(tape)).collect()),
        4 | 5 => Rule::And((0..2 + tape.pick(2)).map(|_| part(tape)).collect()),
        _ => {
            let base = part(tape);
            Rule::ButNot(base.into(), part(tape).into())
        }
    }
}

fn random_leaf(tape: &mut Tape, index: usize, throughs: &[&str], unused: &mut bool) -> Rule {
    match tape.pick(3) {
        1 if index > 0 => Rule::Computed(RELATIONS[tape.pick(index)].to_owned()),
        2 => Rule::From(tape.one(&RELATIONS).to_string(), tape.one(throughs).to_string()),
        _ if std::mem::take(unused) => {
            let mut restrictions = vec![Restriction::One("user".into())];
            for _ in 0..tape.pick(5) {
                let more = match tape.pick(8) {
                    0 | 1 => Restriction::Userset("group".into(), "member".into()),
                    2 => Restriction::Every("user".into()),
                    3 => Restriction::One("agent".into()),
                    4 => Restriction::One("group".into()),
                    5 => Restriction::Userset("folder".into(), tape.one(&RELATIONS).to_string()),
                    _ => Restriction::Userset("document".into(), tape.one(&RELATIONS).to_string()),
                };
                if !restrictions.contains(&more) {
                    restrictions.push(more);
                }
            }
            Rule::Direct(restrictions)
        }
        _ => Rule::From(tape.one(&RELATIONS).to_string(), tape.one(throughs).to_string()),
    }
}

/// Whoever may be asked about under a model.
pub fn subjects(model: &Model) -> Vec<String> {
    let mut all: Vec<String> = USERS.iter().chain(&GROUPS).map(|one| (*one).to_owned()).collect();
    all.extend(["user:nobody", "user:*", "agent:bot", "folder:2", "document:d-0"].map(str::to_owned));
    let usersets = [("group", "g0", "member"), ("group", "g1", "member"), ("folder", "0", "r0"), ("document", "d-1", "r1")];
    for (kind, id, relation) in usersets {
        if model.has_relation(kind, relation) {
            all.push(format!("{kind}:{id}#{relation}"));
        }
    }
    all
}

#[derive(Debug, Clone)]
pub enum Change {
    Put(Place, Option<Place>),
    Remove(Place),
    Grant(String, String, Place, Option<&'static str>),
    Revoke(String, String, Place),
    Join(String, String),
    Leave(String, String),
    Relate(String, String, Place, Option<&'static str>),
    Unrelate(String, String, Place),
    Suspend(String, String),
    Resume(String, String),
    Admit(String, String),
    RequireMembership(bool),
}

impl Change {
    /// Whom it is about, where it is about somebody.
    pub fn subject(&self) -> String {
        match self {
            Change::Put(..) | Change::Remove(_) => String::new(),
            Change::Grant(subject, ..) | Change::Revoke(subject, ..) => subject.clone(),
            Change::Join(_, subject) | Change::Leave(_, subject) => subject.clone(),
            Change::Relate(subject, ..) | Change::Unrelate(subject, ..) => subject.clone(),
            Change::Suspend(user, _) | Change::Resume(user, _) | Change::Admit(user, _) => format!("user:{user}"),
            Change::RequireMembership(_) => String::new(),
        }
    }
}

/// A world to begin with: random changes alone would mostly be refused for want of a parent.
pub fn first_changes() -> Vec<Change> {
    let put = |kind: &str, id: &str, above: Option<(&str, &str)>| Change::Put(place(kind, id), above.map(|(kind, id)| place(kind, id)));
    vec![
        put("organization", "1", None),
        put("organization", "2", None),
        put("folder", "0", Some(("organization", "1"))),
        put("folder", "1", Some(("folder", "0"))),
        put("folder", "2", Some(("organization", "2"))),
        put("document", "d-0", Some(("folder", "1"))),
        put("document", "d-1", Some(("folder", "0"))),
        put("document", "d-2", Some(("folder", "2"))),
    ]
}

pub fn random_change(tape: &mut Tape, world: &World, grants_only: bool) -> Change {
    let of_kind = |tape: &mut Tape, kind: &str| {
        let all: Vec<Place> = places().into_iter().filter(|(other, _)| other == kind).collect();
        tape.one(&all).clone()
    };
    let expiry = |tape: &mut Tape| *tape.one(&[None, None, None, Some(FUTURE), Some(PAST)]);
    let anyone = |tape: &mut Tape| match tape.pick(8) {
        0..=2 => (*tape.one(&USERS)).to_owned(),
        3..=5 => (*tape.one(&GROUPS)).to_owned(),
        6 => "agent:bot".to_owned(),
        _ => "folder:2".to_owned(),
    };
    let role = |tape: &mut Tape| {
        let (slug, kind) = *tape.one(&ROLES);
        (slug.to_owned(), of_kind(tape, kind))
    };
    let relations: Vec<(String, String)> = world
        .model
        .types
        .iter()
        .flat_map(|(kind, one)| one.relations.keys().map(move |relation| (kind.clone(), relation.clone())))
        .collect();
    // Where memberships are required, nothing else counts without them.
    let admits = world.requires_membership && tape.chance(4);
    let kind = match (relations.is_empty(), grants_only) {
        _ if admits => 10,
        (false, true) => [3, 3, 3, 3, 3, 0, 1][tape.pick(7)],
        (true, true) => [0, 1][tape.pick(2)],
        (false, false) => [3, 3, 3, 3, 3, 3, 4, 4, 0, 1, 2, 5, 5, 6, 7, 8, 9, 9, 10, 11][tape.pick(20)],
        (true, false) => [0, 0, 0, 0, 1, 1, 1, 2, 5, 5, 5, 6, 7, 8, 9, 9, 10, 11][tape.pick(18)],
    };
    // What is there already is changed more often than chance alone would hit it.
    let held: Vec<(String, String, Place)> = world.assignments.keys().cloned().collect();
    match kind {
        0 if !held.is_empty() && tape.chance(4) => {
            let (subject, role, on) = tape.one(&held).clone();
            Change::Grant(subject, role, on, expiry(tape))
        }
        7 if !held.is_empty() && tape.chance(12) => {
            let (subject, role, on) = tape.one(&held).clone();
            Change::Revoke(subject, role, on)
        }
        2 if !world.members.is_empty() && tape.chance(12) => {
            let members: Vec<&(String, String)> = world.members.iter().collect();
            let (group, member) = (*tape.one(&members)).clone();
            Change::Leave(group, member)
        }
        3 if !world.relationships.is_empty() && tape.chance(2) => {
            let rows: Vec<(String, String, Place)> = world.relationships.keys().cloned().collect();
            let (subject, relation, on) = tape.one(&rows).clone();
            Change::Relate(subject, relation, on, expiry(tape))
        }
        9 | 10 if tape.chance(12) => {
            // Of those who hold something there, or it would make no difference.
            let rows = world.assignments.keys().chain(world.relationships.keys());
            let insiders = rows.filter_map(|(subject, _, on)| Some((subject.strip_prefix("user:")?.to_owned(), world.organization(on)?)));
            let insiders: Vec<(String, String)> = insiders.filter(|(user, _)| user != "*").collect();
            let (user, organization) = match insiders.is_empty() {
                true => ("a".to_owned(), "1".to_owned()),
                false => tape.one(&insiders).clone(),
            };
            if kind == 9 { Change::Suspend(user, organization) } else { Change::Admit(user, organization) }
        }
        8 if !world.suspensions.is_empty() => {
            let suspended: Vec<&(String, String)> = world.suspensions.iter().collect();
            let (user, organization) = (*tape.one(&suspended)).clone();
            Change::Resume(user, organization)
        }
        0 => {
            let (role, on) = role(tape);
            Change::Grant(anyone(tape), role, on, expiry(tape))
        }
        1 => Change::Join((*tape.one(&GROUPS)).to_owned(), anyone(tape)),
        2 => Change::Leave((*tape.one(&GROUPS)).to_owned(), anyone(tape)),
        3 => {
            let (kind, relation) = tape.one(&relations).clone();
            let restrictions = world.model.rule(&kind, &relation).unwrap().restrictions();
            let subject = match restrictions.is_empty() || tape.chance(1) {
                true => anyone(tape),
                false => match tape.one(&restrictions).clone() {
                    Restriction::One(kind) => one_of(tape, &kind),
                    Restriction::Every(kind) => format!("{kind}:*"),
                    Restriction::Userset(kind, relation) => format!("{}#{relation}", one_of(tape, &kind)),
                },
            };
            Change::Relate(subject, relation, of_kind(tape, &kind), expiry(tape))
        }
        4 => match world.relationships.keys().cloned().collect::<Vec<_>>().as_slice() {
            [] => Change::Unrelate("user:a".to_owned(), relations[0].1.clone(), of_kind(tape, &relations[0].0)),
            rows => {
                let (subject, relation, on) = tape.one(rows).clone();
                Change::Unrelate(subject, relation, on)
            }
        },
        5 => {
            let kind = *tape.one(&["document", "folder", "folder", "organization"]);
            let one = of_kind(tape, kind);
            let above = *tape.one(if kind == "organization" { &["", ""][..] } else { &["folder", "folder", "organization", ""] });
            let above = (!above.is_empty()).then(|| of_kind(tape, above));
            Change::Put(one, above)
        }
        6 => {
            let kind = *tape.one(&["document", "folder"]);
            Change::Remove(of_kind(tape, kind))
        }
        7 => {
            let (role, on) = role(tape);
            Change::Revoke(anyone(tape), role, on)
        }
        8 => Change::Resume(tape.one(&["a", "b"]).to_string(), tape.one(&["1", "2"]).to_string()),
        9 => Change::Suspend(tape.one(&["a", "b"]).to_string(), tape.one(&["1", "2"]).to_string()),
        10 => Change::Admit(tape.one(&["a", "b", "c"]).to_string(), tape.one(&["1", "2"]).to_string()),
        _ => Change::RequireMembership(!world.requires_membership),
    }
}

fn one_of(tape: &mut Tape, kind: &str) -> String {
    match kind {
        "user" => (*tape.one(&USERS)).to_owned(),
        "agent" => "agent:bot".to_owned(),
        kind => {
            let all: Vec<Place> = places().into_iter().filter(|(other, _)| other == kind).collect();
            format!("{kind}:{}", tape.one(&all).1)
        }
    }
}

/// What the functions refuse and plain SQL may write: what is over already, and a role for a group that there is not.
fn is_plain_only(connection: &Connection, change: &Change) -> bool {
    match change {
        Change::Grant(_, _, _, Some(PAST)) | Change::Relate(_, _, _, Some(PAST)) => true,
        Change::Grant(subject, ..) => subject
            .strip_prefix("group:")
            .is_some_and(|group| connection.query_row("SELECT 1 FROM authz_groups WHERE id = ?1", [group], |_| Ok(())).is_err()),
        _ => false,
    }
}

/// Makes a change by a function or by plain SQL.
pub fn make(connection: &Connection, change: &Change, plainly: bool) -> authz::rusqlite::Result<()> {
    let plainly = plainly || is_plain_only(connection, change);
    let run = |plain: &str, function: &str, parameters: &[&dyn ToSql]| match plainly {
        true => connection.execute(plain, parameters).map(drop),
        false => connection.query_row(function, parameters, |_| Ok(())),
    };
    match change {
        Change::Put(one, above) => {
            let (kind, above) = above.clone().map_or((None, Value::Null), |(kind, above)| (Some(kind), id(&above)));
            run(
                "INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET parent_type = excluded.parent_type, parent_id = excluded.parent_id",
                "SELECT authz_put_resource(?1, ?2, ?3, ?4)",
                &[&one.0, &id(&one.1), &kind, &above],
            )
        }
        Change::Remove(one) => run(
            "DELETE FROM authz_resources WHERE resource_type = ?1 AND CAST(resource_id AS TEXT) = CAST(?2 AS TEXT)",
            "SELECT authz_remove_resource(?1, ?2, 'cascade')",
            &[&one.0, &one.1],
        ),
        Change::Grant(subject, role, on, expires) => run(
            "INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET expires_at = excluded.expires_at",
            "SELECT authz_grant(?1, ?2, ?3, ?4, ?5)",
            &[subject, role, &on.0, &id(&on.1), expires],
        ),
        Change::Revoke(subject, role, on) => run(
            "DELETE FROM authz_role_assignments WHERE subject = ?1 AND role = ?2 AND resource_type = ?3 AND CAST(resource_id AS TEXT) = CAST(?4 AS TEXT)",
            "SELECT authz_revoke(?1, ?2, ?3, ?4)",
            &[subject, role, &on.0, &on.1],
        ),
        Change::Join(group, member) => match plainly {
            true => connection.execute("INSERT OR IGNORE INTO authz_group_members VALUES (?1, ?2)", [&group[6..], member]).map(drop),
            false => connection.query_row("SELECT authz_add_member(?1, ?2)", [group, member], |_| Ok(())),
        },
        Change::Leave(group, member) => match plainly {
            true => {
                connection.execute("DELETE FROM authz_group_members WHERE group_id = ?1 AND subject = ?2", [&group[6..], member]).map(drop)
            }
            false => connection.query_row("SELECT authz_remove_member(?1, ?2)", [group, member], |_| Ok(())),
        },
        Change::Relate(subject, relation, on, expires) => run(
            "INSERT INTO authz_relationships (subject, relation, resource_type, resource_id, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET expires_at = excluded.expires_at",
            "SELECT authz_relate(?1, ?2, ?3, ?4, ?5)",
            &[subject, relation, &on.0, &id(&on.1), expires],
        ),
        Change::Unrelate(subject, relation, on) => run(
            "DELETE FROM authz_relationships WHERE subject = ?1 AND relation = ?2 AND resource_type = ?3 AND CAST(resource_id AS TEXT) = CAST(?4 AS TEXT)",
            "SELECT authz_unrelate(?1, ?2, ?3, ?4)",
            &[subject, relation, &on.0, &on.1],
        ),
        Change::Suspend(user, organization) | Change::Admit(user, organization) => connection
            .execute(
                "INSERT INTO _authz_standings (user, organization, active) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET active = excluded.active",
                params![user, id(organization), matches!(change, Change::Admit(..))],
            )
            .map(drop),
        Change::RequireMembership(required) => run(
            "UPDATE _authz_settings SET value = ?1 WHERE name = 'require_membership'",
            "SELECT authz_set_setting('require_membership', ?1)",
            &[&if *required { "on" } else { "off" }],
        ),
        Change::Resume(user, organization) => connection
            .execute("DELETE FROM _authz_standings WHERE user = ?1 AND organization = ?2", params![user, id(organization)])
            .map(drop),
    }
}

/// The naive model's own idea of a change that was taken.
pub fn note(world: &mut World, change: &Change, plainly: bool) {
    match change {
        Change::Put(one, above) => {
            world.resources.retain(|(other, _)| other != one);
            world.resources.push((one.clone(), above.clone()));
        }
        Change::Remove(one) => {
            // What is not registered cannot be deleted; its relationships stay.
            let mut gone = world.below(one);
            gone.retain(|below| !plainly || below == one);
            let is_gone = |subject: &String| match parsed(subject) {
                Party::One(one) | Party::Userset(one, _) => gone.contains(&one),
                Party::Every(_) => false,
            };
            world.resources.retain(|(other, _)| !gone.contains(other));
            world.assignments.retain(|(subject, _, on), _| !gone.contains(on) && !is_gone(subject));
            world.relationships.retain(|(subject, _, on), _| !gone.contains(on) && !is_gone(subject));
            world.members.retain(|(_, member)| !is_gone(member));
        }
        Change::Grant(subject, role, on, expires) => {
            world.assignments.insert((subject.clone(), role.clone(), on.clone()), *expires);
        }
        Change::Revoke(subject, role, on) => {
            world.assignments.remove(&(subject.clone(), role.clone(), on.clone()));
        }
        Change::Join(group, member) => {
            world.members.insert((group.clone(), member.clone()));
        }
        Change::Leave(group, member) => {
            world.members.remove(&(group.clone(), member.clone()));
        }
        Change::Relate(subject, relation, on, expires) => {
            world.relationships.insert((subject.clone(), relation.clone(), on.clone()), *expires);
        }
        Change::Unrelate(subject, relation, on) => {
            world.relationships.remove(&(subject.clone(), relation.clone(), on.clone()));
        }
        Change::Suspend(user, organization) => {
            world.suspensions.insert((user.clone(), organization.clone()));
            world.memberships.remove(&(user.clone(), organization.clone()));
        }
        Change::Resume(user, organization) => {
            world.suspensions.remove(&(user.clone(), organization.clone()));
            world.memberships.remove(&(user.clone(), organization.clone()));
        }
        Change::Admit(user, organization) => {
            world.suspensions.remove(&(user.clone(), organization.clone()));
            world.memberships.insert((user.clone(), organization.clone()));
        }
        Change::RequireMembership(required) => world.requires_membership = *required,
    }
}

/// Makes a change and notes it where it was taken. A relationship is taken exactly where the model permits it.
pub fn change(connection: &Connection, world: &mut World, change: &Change, plainly: bool) -> bool {
    let made = make(connection, change, plainly);
    if let Change::Relate(subject, relation, on, _) = change {
        assert_eq!(made.is_ok(), world.model.permits(&on.0, relation, subject), "{change:?} {plainly}: {made:?} {}", world.model.text());
    }
    if made.is_ok() {
        note(world, change, plainly);
    }
    made.is_ok()
}
