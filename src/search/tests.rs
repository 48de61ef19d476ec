//! Random worlds, random queries: each way of searching gives what a brute-force search gives, filtered by a naive permission model.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::rc::Rc;

use proptest::prelude::*;
use rusqlite::{Connection, params};

use super::Search;
use crate::facts::store::Store;

const TYPES: [&str; 4] = ["organization", "workspace", "project", "document"];
const SUBJECTS: [&str; 4] = ["user:a", "user:b", "agent:c", "user:nobody"];
const MODEL: &str = r#"{
  "resource_types": {"organization": {"search": true}, "workspace": {"parents": ["organization"], "search": true},
    "project": {"parents": ["workspace"]}, "document": {"parents": ["project", "document"], "search": "document:read"}},
  "permissions": {"document:read": {"resource_type": "document"}, "project:read": {"resource_type": "project"}},
  "roles": {"member": {"resource_type": "organization", "permissions": ["document:read"]},
    "visitor": {"resource_type": "workspace", "permissions": ["project:read"]},
    "editor": {"resource_type": "project", "permissions": ["document:read", "project:read"]},
    "reader": {"resource_type": "document", "permissions": ["document:read"]}}}"#;
/// Role, the type it is assigned on, whether it lets documents be read.
const ROLES: [(&str, usize, bool); 4] = [("member", 0, true), ("visitor", 1, false), ("editor", 2, true), ("reader", 3, true)];

/// A connection with all that search stands on, and what its searches work with.
fn open() -> (Connection, Rc<Search>) {
    let connection = Connection::open_in_memory().unwrap();
    let engine = crate::attach(&connection).unwrap();
    crate::migrate(&connection).unwrap();
    let search = Search::new(&Store::new(&engine));
    super::register(&connection, &search).unwrap();
    connection.query_row("SELECT authz_apply(?1)", [MODEL], |_| Ok(())).unwrap();
    (connection, search)
}

#[derive(Debug, Clone)]
struct Resource {
    kind: usize,
    id: i64,
    parent: Option<usize>,
    name: String,
}

/// Resources, each below an earlier one, and who holds which role where.
#[derive(Debug, Clone)]
struct World {
    resources: Vec<Resource>,
    grants: Vec<(usize, usize, usize)>,
}

impl World {
    fn above(&self, mut at: usize) -> Vec<usize> {
        let mut chain = vec![at];
        while let Some(parent) = self.resources[at].parent {
            chain.push(parent);
            at = parent;
        }
        chain
    }

    fn reads(&self, subject: usize, at: usize) -> bool {
        let chain = self.above(at);
        self.resources[at].kind == 3 && self.grants.iter().any(|(who, role, on)| *who == subject && ROLES[*role].2 && chain.contains(on))
    }

    fn sees(&self, subject: usize, at: usize) -> bool {
        match self.resources[at].kind {
            3 => self.reads(subject, at),
            0 | 1 => (0..self.resources.len()).any(|below| self.above(below).contains(&at) && self.reads(subject, below)),
            _ => false,
        }
    }
}

/// Words of a title as they are written: runs of letters.
fn words(text: &str) -> Vec<String> {
    text.to_lowercase().split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The rule for one title, from its description, with none of the code under test.
fn answers(query: &str, title: &str, typos: bool) -> bool {
    let (asked, have) = (words(query), words(title));
    if asked.is_empty() {
        return false;
    }
    let joined = have.concat();
    let starts: Vec<usize> = have.iter().scan(0, |at, word| Some(std::mem::replace(at, *at + word.len()))).collect();
    if joined.starts_with(&asked.concat()) {
        return true;
    }
    let initials: String = have.iter().filter_map(|word| word.chars().next()).collect();
    let distinct: BTreeSet<&String> = asked.iter().collect();
    if distinct.len() == 1 && asked[0].len() >= 2 && initials.contains(&asked[0]) {
        return true;
    }
    let is_end = |at: usize| at == joined.len() || starts.contains(&at);
    asked.iter().all(|word| {
        let n = word.len();
        starts.iter().any(|at| joined[*at..].starts_with(word.as_str()))
            || (n >= 3 && joined.contains(word.as_str()))
            || (typos
                && n >= 4
                && starts.iter().any(|at| {
                    (n - 1..=n + 1).filter_map(|len| Some((len, joined.get(*at..*at + len)?))).any(|(len, prefix)| {
                        let in_the_last_letter = len <= n && prefix.starts_with(&word[..n - 1]);
                        strsim::osa_distance(word, prefix) == 1 && (!in_the_last_letter || is_end(at + len))
                    })
                }))
    })
}

fn worlds() -> impl Strategy<Value = World> {
    // Few letters, so that much is alike.
    let name =
        || prop_oneof!["[ab][abc]{0,5}( [abd][ab]{0,4}){0,2}", "(alpha|beta|gamma|alpine|agreement)( (alpha|bet|plan|agreemnet)){0,2}"];
    let resources = prop::collection::vec((0usize..4, any::<prop::sample::Index>(), name()), 1..24);
    let grants = prop::collection::vec((0usize..3, 0usize..4, any::<prop::sample::Index>()), 0..6);
    (resources, grants).prop_map(|(wanted, grants)| {
        let mut resources: Vec<Resource> = Vec::new();
        for (kind, above, name) in wanted {
            let parents: Vec<usize> =
                (0..resources.len()).filter(|at| matches!((kind, resources[*at].kind), (1, 0) | (2, 1) | (3, 2) | (3, 3))).collect();
            if kind == 0 || !parents.is_empty() {
                let parent = (kind > 0).then(|| parents[above.index(parents.len())]);
                let id = i64::try_from(resources.len()).unwrap();
                resources.push(Resource { kind, id, parent, name });
            }
        }
        if resources.is_empty() {
            resources.push(Resource { kind: 0, id: 0, parent: None, name: "alpha".to_owned() });
        }
        let grants = grants
            .into_iter()
            .filter_map(|(subject, role, on)| {
                let places: Vec<usize> = (0..resources.len()).filter(|at| resources[*at].kind == ROLES[role].1).collect();
                (!places.is_empty()).then(|| (subject, role, places[on.index(places.len())]))
            })
            .collect();
        World { resources, grants }
    })
}

fn queries() -> impl Strategy<Value = Vec<String>> {
    let query = prop_oneof![
        "[abc]{1,6}",
        "[abd]{1,3} [ab]{1,5}",
        "(alpha|alhpa|aplha|alph|betta|bta|gamam|greement|alpina|agreemet|agrement)",
        "[abg]{2,3}",
        "[ab]{1,4}/[ab]{1,4}",
        "(plan|alpha) (alpha|beta|bets)",
    ];
    prop::collection::vec(query, 1..6)
}

fn insert(connection: &Connection, world: &World, resources: &[Resource]) {
    for one in resources {
        let parent = one.parent.map(|at| &world.resources[at]);
        connection
            .prepare("INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id, name) VALUES (?1, ?2, ?3, ?4, ?5)")
            .unwrap()
            .execute(params![TYPES[one.kind], one.id, parent.map(|p| TYPES[p.kind]), parent.map(|p| p.id), one.name])
            .unwrap();
    }
}

/// Every column of every row.
fn rows(connection: &Connection, query: &str, subject: &str, limit: usize) -> Vec<(i64, String)> {
    let sql = "SELECT id, concat_row FROM (SELECT id, resource_type || '|' || title || '|' || ifnull(subtitle, '-') || '|' || score || '|' || matches || '|' || target AS concat_row FROM authz_search(?1, ?2, ?3))";
    let mut statement = connection.prepare(sql).unwrap();
    let limit = i64::try_from(limit).unwrap();
    statement.query_map(params![query, subject, limit], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().collect::<Result<_, _>>().unwrap()
}

fn is_path(query: &str) -> bool {
    query.split('/').filter(|part| !words(part).is_empty()).count() > 1
}

/// What a path asks for: the end of it of the title, the rest of visible things above, in order.
fn answers_path(world: &World, subject: usize, at: usize, query: &str, typos: bool) -> bool {
    let mut parts: Vec<&str> = query.split('/').filter(|part| !words(part).is_empty()).collect();
    let Some(last) = parts.pop() else { return false };
    let mut above = world.above(at).into_iter().skip(1).filter(|one| world.sees(subject, *one));
    // Above the title, no typos.
    let close = |part: &str, one: usize| {
        let name = &world.resources[one].name;
        let exact = words(part).iter().all(|word| {
            let joined = words(name).concat();
            words(name).iter().any(|have| have.starts_with(word.as_str()))
                || (word.len() >= 3 && joined.contains(word.as_str()))
                || starts_across(name, word)
        });
        let initials: String = words(name).iter().filter_map(|have| have.chars().next()).collect();
        exact || (part.len() >= 2 && initials.contains(part)) || part.parse() == Ok(world.resources[one].id)
    };
    answers(last, &world.resources[at].name, typos) && parts.iter().rev().all(|part| above.any(|one| close(part, one)))
}

/// Whether some word of a name begins what a query word spells, going on into the next.
fn starts_across(name: &str, word: &str) -> bool {
    let have = words(name);
    (0..have.len()).any(|first| have[first..].concat().starts_with(word))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_way_of_searching_gives_what_brute_force_and_a_naive_model_give(world in worlds(), queries in queries(), indexed in 0usize..30) {
        let (connection, search) = open();
        let indexed = indexed.min(world.resources.len());
        insert(&connection, &world, &world.resources[..indexed]);
        connection.query_row("SELECT authz_index_search()", [], |_| Ok(())).unwrap();
        insert(&connection, &world, &world.resources[indexed..]);
        for (subject, role, on) in &world.grants {
            let on = &world.resources[*on];
            connection.execute(
                "INSERT OR IGNORE INTO authz_role_assignments (subject, role, resource_type, resource_id) VALUES (?1, ?2, ?3, ?4)",
                params![SUBJECTS[*subject], ROLES[*role].0, TYPES[on.kind], on.id],
            ).unwrap();
        }
        for query in &queries {
            for (who, subject) in SUBJECTS.iter().enumerate() {
                // Typos are forgiven to who sees nothing without one.
                let expected: BTreeSet<i64> = [false, true]
                    .into_iter()
                    .map(|typos| {
                        (0..world.resources.len())
                            .filter(|at| world.sees(who, *at))
                            .filter(|at| {
                                answers(query, &world.resources[*at].name, typos)
                                    || (is_path(query) && answers_path(&world, who, *at, query, typos))
                            })
                            .map(|at| world.resources[at].id)
                            .collect()
                    })
                    .find(|ids: &BTreeSet<i64>| !ids.is_empty())
                    .unwrap_or_default();
                search.cache.borrow_mut().most_visible = None;
                let all = rows(&connection, query, subject, 100);
                prop_assert_eq!(&all.iter().map(|(id, _)| *id).collect::<BTreeSet<_>>(), &expected, "{} for {}", query, subject);
                prop_assert_eq!(all.len(), expected.len());
                for (id, row) in &all {
                    let at = usize::try_from(*id).unwrap();
                    let above = world.above(at).into_iter().skip(1).map(|one| match world.sees(who, one) {
                        true => world.resources[one].name.clone(),
                        false => "…".to_owned(),
                    });
                    let mut subtitle: Vec<String> = above.collect();
                    subtitle.reverse();
                    let subtitle = if subtitle.is_empty() { "-".to_owned() } else { subtitle.join(" › ") };
                    prop_assert_eq!(row.split('|').nth(2).unwrap(), subtitle);
                }
                // The same rows in the same order through the index, by reading every name, and page by page.
                for limit in [1, 3, 100] {
                    let page: Vec<_> = all.iter().take(limit).cloned().collect();
                    for most_visible in [None, Some(0)] {
                        search.cache.borrow_mut().most_visible = most_visible;
                        search.cache.borrow_mut().forget();
                        prop_assert_eq!(&rows(&connection, query, subject, limit), &page, "{} for {}: {:?}", query, subject, most_visible);
                    }
                    connection.execute("UPDATE _authz_search_state SET format = -format", []).unwrap();
                    search.cache.borrow_mut().forget();
                    prop_assert_eq!(&rows(&connection, query, subject, limit), &page, "{} for {} without an index", query, subject);
                    connection.execute("UPDATE _authz_search_state SET format = -format", []).unwrap();
                    search.cache.borrow_mut().forget();
                }
            }
        }
    }
}

#[test]
fn an_index_made_by_another_version_is_made_anew() {
    let (connection, search) = open();
    connection.execute("INSERT INTO authz_resources (resource_type, resource_id, name) VALUES ('organization', 1, 'Alpha')", []).unwrap();
    let catch_up = || connection.query_row("SELECT authz_index_search()", [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!((catch_up(), catch_up()), (1, 0));
    connection.execute("UPDATE _authz_search_state SET format = 99", []).unwrap();
    assert!(super::index::read(&search.store.engine).unwrap().is_none());
    assert_eq!((catch_up(), catch_up()), (1, 0));
}

#[test]
fn who_saw_much_before_a_commit_is_answered_truly_after_it() {
    let (connection, search) = open();
    let insert = "INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id, name) VALUES (?1, ?2, ?3, ?4, ?5)";
    let put = |kind: usize, id: i64, parent: Option<(usize, i64)>, name: &str| {
        let (parent_type, parent_id) = (parent.map(|(kind, _)| TYPES[kind]), parent.map(|(_, id)| id));
        connection.execute(insert, params![TYPES[kind], id, parent_type, parent_id, name]).unwrap();
    };
    connection.execute_batch("BEGIN").unwrap();
    put(0, 1, None, "Acme");
    put(1, 2, Some((0, 1)), "Lab");
    put(2, 3, Some((1, 2)), "Secret");
    (10..1_500).for_each(|id| put(3, id, Some((2, 3)), &format!("alpha {id}")));
    connection.execute_batch("COMMIT").unwrap();
    connection.query_row("SELECT authz_index_search()", [], |_| Ok(())).unwrap();
    let grant = |role: &str, kind: usize, id: i64| {
        let sql = "INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id) VALUES ('user:a', ?1, ?2, ?3)";
        connection.execute(sql, params![role, TYPES[kind], id]).unwrap();
    };
    let found = || rows(&connection, "alpha", "user:a", 100_000).into_iter().map(|(id, _)| id).collect::<BTreeSet<_>>();
    search.cache.borrow_mut().most_visible = Some(20);
    grant("member", 0, 1);
    assert_eq!(found().len(), 1_490);
    // More, while it is believed to be too much still; then little, which is found out by looking long; then nothing.
    put(3, 9_000, Some((2, 3)), "alpha new");
    assert!(found().contains(&9_000));
    connection.execute("DELETE FROM authz_role_assignments", []).unwrap();
    grant("reader", 3, 11);
    for _ in 0..2 {
        assert_eq!(found(), BTreeSet::from([11]));
    }
    assert!(search.cache.borrow().has_all_of("user:a"));
    connection.execute("DELETE FROM authz_role_assignments", []).unwrap();
    assert!(found().is_empty());
    // What is not committed is neither kept nor answered from what is.
    connection.execute_batch("BEGIN").unwrap();
    grant("reader", 3, 12);
    assert_eq!(found(), BTreeSet::from([12]));
    connection.execute_batch("ROLLBACK").unwrap();
    assert!(found().is_empty());
}

#[test]
fn the_limit_of_what_is_kept_bounds_searches_too() {
    let (connection, search) = open();
    connection
        .execute_batch(
            "SELECT authz_put_resource('organization', 1, NULL, NULL, 'Acme'); SELECT authz_grant('user:a', 'member', 'organization', 1)",
        )
        .unwrap();
    let found = || rows(&connection, "acme", "user:a", 10).len();
    let kept = || search.cache.borrow().bytes();
    let with_limit = |bytes| {
        let mut limits = search.store.limits.get();
        limits.kept_bytes = bytes;
        search.store.limits.set(limits);
    };
    let there = found();
    assert!(kept() > 0);
    with_limit(0);
    assert_eq!((found(), kept(), found(), kept()), (there, 0, there, 0));
    with_limit(1);
    assert_eq!(found(), there);
    with_limit(1 << 20);
    assert_eq!(found(), there);
    assert!(kept() > 0);
}
