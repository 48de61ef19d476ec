//! The naive model itself under test: cases worked out by hand, and OpenFGA's own assertions. Without it, an agreement of the two
//! implementations would say only that they err alike.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod naive;
mod needs;

use std::collections::BTreeSet;

use naive::tape::Tape;
use naive::world::{Change, first_changes, note, places, random_change, random_model, subjects};
use naive::{FUTURE, Judge, Model, PAST, Party, Place, Rule, World, parsed, place};
use serde_json::Value;

fn world(model: &str, rows: &[&str]) -> World {
    let mut world = World { model: Model::read(model), ..World::default() };
    for row in rows {
        let mut words = row.split(' ');
        let (on, relation, subject) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
        relate(&mut world, subject, relation, on);
    }
    world
}

fn relate(world: &mut World, subject: &str, relation: &str, on: &str) {
    world.relationships.insert((subject.to_owned(), relation.to_owned(), object(on)), None);
}

fn object(text: &str) -> Place {
    let (kind, id) = text.split_once(':').unwrap();
    place(kind, id)
}

fn related(world: &World, subject: &str, relation: &str, on: &str) -> bool {
    Judge::new(world, &[object(on)]).hear(subject).related(relation, &object(on))
}

#[test]
fn openfgas_own_assertions_hold() {
    let Some(text) = needs::shared_text("openfga/consolidated.json") else { return };
    let suite: Value = serde_json::from_str(&text).unwrap();
    let mut held = 0;
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    for test in list(&suite["tests"]) {
        let mut world = World::default();
        for stage in list(&test["stages"]) {
            if let Some(model) = stage["model"].as_str() {
                world.model = Model::read(model);
            }
            let add = |world: &mut World, tuples: &Value| {
                list(tuples).iter().for_each(|t| relate(world, &word(&t["user"]), &word(&t["relation"]), &word(&t["object"])));
            };
            add(&mut world, &stage["tuples"]);
            let within = |assertion: &Value| {
                let mut world = world.clone();
                add(&mut world, &assertion["contextualTuples"]);
                world
            };
            let answered = |kind: &str| list(&stage[kind]).into_iter().filter(|one| one["errorCode"].is_null());
            for one in answered("checkAssertions") {
                let tuple = &one["tuple"];
                let found = related(&within(&one), &word(&tuple["user"]), &word(&tuple["relation"]), &word(&tuple["object"]));
                assert_eq!(found, one["expectation"], "{} {tuple}", test["name"]);
                held += 1;
            }
            for one in answered("listObjectsAssertions") {
                let (world, request) = (within(&one), &one["request"]);
                let (kind, relation) = (word(&request["type"]), word(&request["relation"]));
                let judge = Judge::new(&world, &[]);
                let verdict = judge.hear(&word(&request["user"]));
                let ids = world.known_ids(&kind).into_iter().filter(|id| verdict.related(&relation, &place(&kind, id)));
                let found: BTreeSet<String> = ids.map(|id| format!("{kind}:{id}")).collect();
                assert_eq!(found, list(&one["expectation"]).iter().map(word).collect(), "{} {request}", test["name"]);
                held += 1;
            }
            for one in answered("listUsersAssertions") {
                let (world, request) = (within(&one), &one["request"]);
                let (on, relation) = (object(&word(&request["object"])), word(&request["relation"]));
                let expected: BTreeSet<String> = list(&one["expectation"]).iter().map(word).collect();
                let judge = Judge::new(&world, std::slice::from_ref(&on));
                for filter in list(&request["filters"]).iter().map(word) {
                    let found: BTreeSet<String> = match filter.split_once('#') {
                        None => world.known_subjects().into_iter().filter(|one| one.starts_with(&format!("{filter}:"))).collect(),
                        Some((kind, relation)) => {
                            let objects = world.known_subjects().into_iter();
                            objects.filter(|one| one.starts_with(&format!("{kind}:"))).map(|one| format!("{one}#{relation}")).collect()
                        }
                    };
                    let found: BTreeSet<String> = found.into_iter().filter(|one| judge.hear(one).related(&relation, &on)).collect();
                    assert!(expected.is_subset(&found), "{} {request} {expected:?} {found:?}", test["name"]);
                    let everyone = expected.contains(&format!("{filter}:*"));
                    assert!(everyone || expected == found, "{} {request} {expected:?} {found:?}", test["name"]);
                }
                held += 1;
            }
        }
    }
    assert_eq!(held, 530);
}

const CYCLES: &str = "model
  schema 1.1
type user
type document
  relations
    define base: [user]
    define p: [user, document#q] but not q2
    define q: [document#p]
    define q2: [document#p]
    define win: base but not lost
    define lost: [document#win]
    define after: base but not win
    define twice: base but not (base but not x)
    define x: [document#twice]
    define thrice: base but not twice
";

#[test]
fn what_a_cycle_through_an_exclusion_leaves_open_is_no_access() {
    let world = world(
        CYCLES,
        &[
            "document:1 base user:a",
            // One wins where some successor loses: 1 → 2 → 3, and 4 ⇄ 4, as in a game on a graph.
            "document:1 lost document:2#win",
            "document:2 base user:a",
            "document:2 lost document:3#win",
            "document:3 base user:a",
            "document:4 base user:a",
            "document:4 lost document:4#win",
            "document:5 base user:a",
            "document:5 x document:5#twice",
            "document:6 q document:6#p",
            "document:6 p document:6#q",
        ],
    );
    let judge = Judge::new(&world, &[]);
    let ana = judge.hear("user:a");
    let is = |relation: &str, id: &str| ana.related(relation, &place("document", id));
    assert_eq!(["3", "2", "1", "4"].map(|id| is("win", id)), [true, false, true, false]);
    assert!(!ana.undecided("win", &place("document", "2")) && ana.undecided("win", &place("document", "4")));
    // What rests on the undecided is undecided too: no access either way.
    assert_eq!(["3", "2", "1", "4"].map(|id| is("after", id)), [false, true, false, false]);
    // Excluding an exclusion is no exclusion: who has it twice is who has it by itself, and nothing else.
    assert!(!is("twice", "5") && !ana.undecided("twice", &place("document", "5")) && is("thrice", "5"));
    // What only holds itself up is not so.
    assert!(!is("p", "6") && !is("q", "6") && !ana.undecided("p", &place("document", "6")));
}

#[test]
fn usersets_and_wildcards_as_subjects_are_opaque() {
    let world = world(
        "model
  schema 1.1
type user
type group
  relations
    define member: [user, user:*, group#member]
type document
  relations
    define blocked: [user]
    define viewer: [user, user:*, group#member] but not blocked
    define reader: viewer
",
        &[
            "group:eng member user:a",
            "group:all member group:eng#member",
            "document:1 viewer group:all#member",
            "document:2 viewer user:*",
            "document:2 blocked user:b",
        ],
    );
    for (subject, relation, on, expected) in [
        ("group:eng#member", "member", "group:eng", true),
        ("group:eng#member", "member", "group:all", true),
        ("group:eng#member", "reader", "document:1", true),
        ("group:all#member", "member", "group:eng", false),
        ("group:eng", "member", "group:eng", false),
        ("user:a", "reader", "document:1", true),
        ("user:*", "reader", "document:1", false),
        ("user:*", "reader", "document:2", true),
        ("user:b", "reader", "document:2", false),
        ("user:c", "reader", "document:2", true),
        ("group:c", "reader", "document:2", false),
        ("document:1#viewer", "viewer", "document:1", true),
        ("document:1#viewer", "reader", "document:1", true),
        ("document:1#reader", "viewer", "document:1", false),
        ("document:3#viewer", "reader", "document:3", true),
    ] {
        assert_eq!(related(&world, subject, relation, on), expected, "{subject} {relation} {on}");
    }
}

#[test]
fn roles_groups_hierarchy_and_suspensions_count_as_they_should() {
    let mut world = world(
        "model
  schema 1.1
type user
type folder
  relations
    define parent: [folder]
    define owner: [user]
    define viewer: [group#member] or owner or viewer from parent
",
        &["folder:top owner user:a", "folder:low viewer group:eng#member", "folder:off viewer user:a"],
    );
    let folders = world.model.types.get_mut("folder").unwrap();
    folders.parents = vec!["organization".to_owned(), "folder".to_owned()];
    world.model.permissions.insert("read".to_owned(), ("folder".to_owned(), Some("viewer".to_owned())));
    world.model.roles.insert("reader".to_owned(), ("folder".to_owned(), vec!["read".to_owned()]));
    let organization = place("organization", "o");
    world.resources = vec![
        (organization.clone(), None),
        (place("folder", "top"), Some(organization.clone())),
        (place("folder", "low"), Some(place("folder", "top"))),
        (place("folder", "off"), Some(organization)),
    ];
    world.members.insert(("group:eng".to_owned(), "group:sub".to_owned()));
    world.members.insert(("group:sub".to_owned(), "user:b".to_owned()));
    world.members.insert(("group:sub".to_owned(), "group:eng".to_owned()));
    world.assignments.insert(("group:eng".to_owned(), "reader".to_owned(), place("folder", "top")), Some(FUTURE));
    world.assignments.insert(("user:d".to_owned(), "reader".to_owned(), place("folder", "top")), Some(PAST));
    let allows =
        |world: &World, subject: &str, name: &str, id: &str| Judge::new(world, &[]).hear(subject).allows(name, &place("folder", id));
    // Through the hierarchy, without a row; `off` has a row that the model does not permit.
    assert!(allows(&world, "user:a", "viewer", "low") && allows(&world, "user:a", "read", "low"));
    assert!(!allows(&world, "user:a", "viewer", "off"));
    assert!(allows(&world, "folder:top", "parent", "low"));
    // Through groups in groups, once by relationship and once by role.
    assert!(allows(&world, "user:b", "viewer", "low") && !allows(&world, "user:b", "viewer", "top"));
    assert!(allows(&world, "user:b", "read", "top") && allows(&world, "group:sub", "read", "low"));
    assert!(allows(&world, "group:eng", "read", "top") && !allows(&world, "group:else", "read", "top"));
    assert!(allows(&world, "group:sub#member", "read", "top"));
    assert!(!allows(&world, "user:d", "read", "top"));
    world.suspensions.insert(("a".to_owned(), "o".to_owned()));
    assert!(!allows(&world, "user:a", "viewer", "low") && allows(&world, "user:b", "viewer", "low"));
    world.suspensions.clear();
    world.requires_membership = true;
    world.memberships.insert(("a".to_owned(), "o".to_owned()));
    world.memberships.insert(("b".to_owned(), "other".to_owned()));
    assert!(allows(&world, "user:a", "viewer", "low") && !allows(&world, "user:b", "viewer", "low"));
    assert!(allows(&world, "group:sub", "read", "low"), "users alone need one");
}

#[test]
fn the_language_is_printed_and_read() {
    for rule in ["[user, user:*, group#member] or owner or viewer from parent", "(a or [user]) but not (b and (c but not d))"] {
        let text = format!("model\n  schema 1.1\ntype document\n  relations\n    define viewer: {rule}\n");
        assert_eq!(Model::read(&text).text(), text);
    }
    assert_eq!(parsed("group:eng#member"), Party::Userset(place("group", "eng"), "member".to_owned()));
}

/// The random worlds hold what they are there for: were they all empty or all alike, an agreement about them would say nothing.
#[test]
fn random_worlds_reach_every_corner() {
    let mut state = 1_u64;
    let mut bytes = |count: usize| {
        let next = |state: &mut u64| {
            *state ^= *state << 13;
            *state ^= *state >> 7;
            *state ^= *state << 17;
            (*state >> 24) as u8
        };
        (0..count).map(|_| next(&mut state)).collect::<Vec<u8>>()
    };
    let mut seen: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    for _ in 0..100 {
        let mut tape = Tape::new(bytes(400));
        let mut world = World { model: random_model(&mut tape), ..World::default() };
        first_changes().iter().for_each(|one| note(&mut world, one, false));
        for _ in 0..40 {
            let one = random_change(&mut tape, &world, true);
            if !matches!(&one, Change::Relate(subject, relation, on, _) if !world.model.permits(&on.0, relation, subject)) {
                note(&mut world, &one, false);
            }
        }
        let mut corners = std::collections::BTreeSet::new();
        let judge = Judge::new(&world, &places());
        let mut holders = std::collections::BTreeSet::new();
        for subject in subjects(&world.model) {
            let verdict = judge.hear(&subject);
            for on in places() {
                for relation in world.model.types.get(&on.0).into_iter().flat_map(|one| one.relations.keys()) {
                    if verdict.undecided(relation, &on) {
                        corners.insert("undecided");
                    }
                    if verdict.related(relation, &on) {
                        let direct = (subject.clone(), relation.clone(), on.clone());
                        let stated = world.relationships.contains_key(&direct);
                        corners.insert(if stated { "stated" } else { "derived" });
                        if !stated && subject.ends_with(":*") {
                            corners.insert("wildcard derived");
                        }
                        if !stated && subject.contains('#') && !subject.ends_with(&format!("#{relation}")) {
                            corners.insert("userset derived");
                        }
                        holders.insert((relation.clone(), on.clone()));
                    }
                }
                for name in world.model.names(&on.0).iter().filter(|name| name.contains(':')) {
                    if verdict.allows(name, &on) {
                        corners.insert("permission");
                    }
                }
            }
        }
        // Somebody has it in the world, yet an exclusion takes it away from somebody who would.
        let mut without = world.clone();
        without.model.types.values_mut().flat_map(|one| one.relations.values_mut()).for_each(drop_exclusions);
        let freer = Judge::new(&without, &places());
        let excluded = subjects(&world.model).iter().any(|subject| {
            let (strict, free) = (judge.hear(subject), freer.hear(subject));
            places().iter().any(|on| {
                let relations: Vec<String> =
                    world.model.types.get(&on.0).into_iter().flat_map(|one| one.relations.keys().cloned()).collect();
                relations.iter().any(|relation| free.related(relation, on) && !strict.related(relation, on))
            })
        });
        if excluded {
            corners.insert("excluded");
        }
        for corner in corners {
            *seen.entry(corner).or_default() += 1;
        }
    }
    println!("{seen:?}");
    for corner in ["undecided", "stated", "derived", "wildcard derived", "userset derived", "permission", "excluded"] {
        assert!(seen.get(corner).is_some_and(|count| *count >= 5), "{corner}: {seen:?}");
    }
}

fn drop_exclusions(rule: &mut Rule) {
    match rule {
        Rule::Direct(_) | Rule::Computed(_) | Rule::From(..) => {}
        Rule::Or(rules) | Rule::And(rules) => rules.iter_mut().for_each(drop_exclusions),
        Rule::ButNot(base, _) => {
            drop_exclusions(base);
            *rule = (**base).clone();
        }
    }
}
