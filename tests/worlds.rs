//! Random models and worlds: all operators, recursion, cycles through exclusion as well, wildcards and usersets; and the laws that hold
//! whatever the model.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod naive;
mod needs;

use std::collections::BTreeSet;

use authz::rusqlite::{Connection, params};
use naive::ask::{ALL, Asker, Share, agree, shown};
use naive::history::{again, live, open};
use naive::tape::Tape;
use naive::world::{Change, change, first_changes, plain_model, random_change, random_model};
use naive::{Model, PAST, Type, World};
use proptest::prelude::*;

fn force(connection: &Connection, document: &str) {
    let applied = connection.query_row("SELECT authz_apply(?1, 'force')", [document], |_| Ok(()));
    assert!(applied.is_ok(), "{applied:?}\n{document}");
}

/// The model as one document, or its relations as a text in the modelling language.
fn apply(connection: &Connection, model: &Model, in_language: bool) {
    if !in_language {
        return force(connection, &model.json().to_string());
    }
    let mut without = model.clone();
    without.types.values_mut().for_each(|one| one.relations.clear());
    without.permissions.values_mut().for_each(|(_, relation)| *relation = None);
    force(connection, &without.json().to_string());
    let mut with = model.clone();
    for kind in ["user", "agent"] {
        with.types.insert(kind.to_owned(), Type::default());
    }
    force(connection, &with.text());
    for (slug, (_, relation)) in &model.permissions {
        connection.execute("UPDATE authz_permissions SET relation = ?2 WHERE slug = ?1", params![slug, relation]).unwrap();
    }
}

/// Applying the model as it is printed would change nothing, in either notation.
fn is_printed_whole(asker: &mut Asker<'_>) {
    for sql in ["SELECT name FROM authz_plan(authz_model())", "SELECT name FROM authz_plan(authz_model('fga'))"] {
        assert_eq!(asker.texts(sql, &[]), Vec::<String>::new(), "{sql}");
    }
}

/// Whatever can only add access where nothing is excluded.
fn adds(change: &Change, world: &World) -> bool {
    match change {
        Change::Relate(subject, relation, on, expires) => {
            *expires != Some(PAST) || !world.relationships.contains_key(&(subject.clone(), relation.clone(), on.clone()))
        }
        Change::Grant(subject, role, on, expires) => {
            *expires != Some(PAST) || !world.assignments.contains_key(&(subject.clone(), role.clone(), on.clone()))
        }
        Change::Join(..) => true,
        _ => false,
    }
}

fn judged_alike(bytes: Vec<u8>, in_language: bool) {
    let mut tape = Tape::new(bytes);
    let folder = tempfile::tempdir().unwrap();
    let connection = open(&folder.path().join("world.db"));
    let mut world = World { model: random_model(&mut tape), ..World::default() };
    apply(&connection, &world.model, in_language);
    let mut asker = Asker::new(&connection);
    is_printed_whole(&mut asker);
    // Nobody may do anything as yet, but what is so by itself: `document:1#viewer` views document 1.
    let by_default = agree(&mut asker, &world, Share { checks: 3, others: 25 });
    assert!(by_default.iter().all(|(subject, ..)| subject.contains('#')), "{by_default:?}");
    connection.execute_batch("BEGIN").unwrap();
    if tape.chance(4) {
        assert!(change(&connection, &mut world, &Change::RequireMembership(true), tape.chance(8)));
    }
    for one in first_changes() {
        assert!(change(&connection, &mut world, &one, tape.chance(8)), "{one:?}");
    }
    for _ in 0..16 + tape.pick(24) {
        let one = random_change(&mut tape, &world, true);
        change(&connection, &mut world, &one, tape.chance(8));
    }
    agree(&mut asker, &world, Share { checks: 8, others: 60 });
    connection.execute_batch("COMMIT").unwrap();
    // Nothing is excluded in some models: there a grant must not take anything away.
    let one = random_change(&mut tape, &world, true);
    let grows = !world.model.excludes() && adds(&one, &world);
    let before = agree(&mut asker, &world, Share { checks: if grows { 1 } else { 2 }, others: 12 });
    change(&connection, &mut world, &one, tape.chance(8));
    let after = agree(&mut asker, &world, Share { checks: 1, others: 25 });
    assert!(!grows || before.is_subset(&after), "{one:?} took access away\n{}", shown(&world));

    // Another model over the same rows: what it does not permit stays and counts for nothing, and counts again under the first.
    let first = std::mem::replace(&mut world.model, random_model(&mut tape));
    apply(&connection, &world.model, in_language);
    agree(&mut asker, &world, Share { checks: 4, others: 25 });
    let orphans = asker.texts("SELECT subject || ' ' || relation || ' ' || resource_type || ' ' || resource_id FROM authz_orphans()", &[]);
    let forbidden = world.relationships.keys().filter(|(subject, relation, on)| !world.model.permits(&on.0, relation, subject));
    let forbidden: BTreeSet<String> = forbidden.map(|(subject, relation, on)| format!("{subject} {relation} {} {}", on.0, on.1)).collect();
    assert_eq!(orphans.into_iter().collect::<BTreeSet<_>>(), forbidden, "{}", shown(&world));
    world.model = first;
    apply(&connection, &world.model, !in_language);
    assert_eq!(agree(&mut asker, &world, Share { checks: 1, others: 90 }), after);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: needs::cases(100), ..ProptestConfig::default() })]

    #[test]
    fn random_worlds_are_judged_alike(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        judged_alike(bytes, false);
    }

    #[test]
    fn random_worlds_written_in_the_language_are_judged_alike(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        judged_alike(bytes, true);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: needs::cases(24), ..ProptestConfig::default() })]

    #[test]
    fn random_histories_of_relationships_are_judged_alike(bytes in prop::collection::vec(any::<u8>(), 100..400), wal in any::<bool>()) {
        let mut tape = Tape::new(bytes);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("world.db");
        let connection = open(&path);
        if wal {
            connection.execute_batch("PRAGMA journal_mode = WAL").unwrap();
        }
        let other = again(&path);
        let mut world = World { model: random_model(&mut tape), ..World::default() };
        apply(&connection, &world.model, false);
        live(&mut tape, &mut world, &connection, &other);
        other.close().map_err(|(_, error)| error).unwrap();
        connection.close().map_err(|(_, error)| error).unwrap();
    }

    /// Rows written backwards, and each of them twice, are the same world.
    #[test]
    fn order_and_duplicates_do_not_matter(bytes in prop::collection::vec(any::<u8>(), 100..300)) {
        let mut tape = Tape::new(bytes);
        let folder = tempfile::tempdir().unwrap();
        let forth = open(&folder.path().join("forth.db"));
        let back = open(&folder.path().join("back.db"));
        let mut world = World { model: random_model(&mut tape), ..World::default() };
        apply(&forth, &world.model, false);
        apply(&back, &world.model, false);
        let mut changes = Vec::new();
        for one in first_changes() {
            assert!(change(&forth, &mut world, &one, false) && naive::world::make(&back, &one, false).is_ok());
        }
        while !tape.is_over() {
            let one = random_change(&mut tape, &world, true);
            let key = format!("{one:?}");
            // The last of two grants of one thing sets its expiry: there the order does matter.
            if changes.iter().all(|(other, _): &(String, Change)| !key.starts_with(other.rsplit_once(',').unwrap().0)) && change(&forth, &mut world, &one, tape.chance(8)) {
                changes.push((key, one));
            }
        }
        for (_, one) in changes.iter().rev().chain(&changes) {
            naive::world::make(&back, one, tape.chance(8)).unwrap();
        }
        let share = Share { checks: 1, others: 6 };
        assert_eq!(agree(&mut Asker::new(&forth), &world, share), agree(&mut Asker::new(&back), &world, share));
    }
}

#[test]
fn nothing_is_allowed_by_default() {
    let folder = tempfile::tempdir().unwrap();
    let connection = open(&folder.path().join("world.db"));
    let mut world = World { model: plain_model(), ..World::default() };
    apply(&connection, &world.model, false);
    for one in first_changes() {
        change(&connection, &mut world, &one, false);
    }
    // But a userset is a member of itself, and what lies in something has it for its parent.
    let by_itself = |(subject, relation, (kind, id)): &(String, String, (String, String))| *subject == format!("{kind}:{id}#{relation}");
    let allowed = agree(&mut Asker::new(&connection), &world, ALL);
    let given: Vec<_> = allowed.iter().filter(|answer| !by_itself(answer) && answer.1 != "parent").collect();
    assert!(given.is_empty(), "{given:?}");
}
