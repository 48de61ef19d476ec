//! The ways in which README tells to filter run as they are meant to: SQLite's plan, and what the statements then really do; before
//! ANALYZE and after. `tests/floor` holds the same statements against the planner of SQLite 3.38.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::path::Path;

use authz::rusqlite::types::Null;
use authz::rusqlite::{Connection, StatementStatus};

const STATEMENTS: &str = include_str!("plans/statements.sql");

fn world(analyzed: bool) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    connection.execute_batch(include_str!("plans/world.sql")).unwrap();
    if analyzed {
        connection.execute_batch("ANALYZE").unwrap();
    }
    connection
}

/// Each statement with the lines of its plan.
fn cases() -> Vec<(&'static str, Vec<&'static str>)> {
    let mut cases: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in STATEMENTS.lines() {
        if let Some(expected) = line.strip_prefix("--> ") {
            cases.last_mut().unwrap().1.push(expected);
        } else if !line.is_empty() && !line.starts_with("--") {
            cases.push((line, Vec::new()));
        }
    }
    cases
}

/// The plan, without the numbers that differ between versions.
fn plan(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap_or_else(|error| panic!("{sql}: {error}"));
    // A plan does not ask for values, yet rusqlite counts them.
    for parameter in 1..=statement.parameter_count() {
        statement.raw_bind_parameter(parameter, Null).unwrap();
    }
    let lines = statement.raw_query().mapped(|row| row.get::<_, String>(3));
    lines.map(|line| bare(&line.unwrap()).to_owned()).collect()
}

fn bare(line: &str) -> &str {
    ["VIRTUAL TABLE", "LIST SUBQUERY", "SCALAR SUBQUERY"]
        .iter()
        .find_map(|end| line.find(end).map(|at| &line[..at + end.len()]))
        .unwrap_or(line)
}

#[test]
fn statements_get_the_plans_they_are_meant_to_get() {
    assert!(cases().len() >= 9);
    for analyzed in [false, true] {
        let connection = world(analyzed);
        for (sql, expected) in cases() {
            assert_eq!(plan(&connection, sql), expected, "{sql}\nanalyzed: {analyzed}");
        }
    }
}

/// What SQLite counted while a statement ran: rows met by full scans, sorts, automatic indexes, and being prepared anew.
fn counted(connection: &Connection, sql: &str) -> (i64, [i32; 4]) {
    let mut statement = connection.prepare(sql).unwrap();
    let mut rows = 0;
    let mut found = statement.query([]).unwrap();
    while found.next().unwrap().is_some() {
        rows += 1;
    }
    drop(found);
    let status = [StatementStatus::FullscanStep, StatementStatus::Sort, StatementStatus::AutoIndex, StatementStatus::RePrepare];
    (rows, status.map(|which| statement.get_status(which)))
}

#[test]
fn statements_do_what_their_plans_say() {
    for analyzed in [false, true] {
        let connection = world(analyzed);
        let all = "SELECT d.id FROM documents d WHERE authz_check('user:ana', 'document:read', 'document', d.id)";
        let (passing, counts) = counted(&connection, all);
        assert!(passing > 10 && passing < 500, "{passing}");
        assert_eq!(counts, [999, 0, 0, 0], "every row once");
        // Rows that are passed over on the way to the page, not the whole table, and nothing is sorted.
        let (page, counts) = counted(&connection, &format!("{all} ORDER BY d.edited_on DESC LIMIT 5"));
        assert_eq!(page, 5);
        assert!(counts[0] < 500 && counts[1..] == [0, 0, 0], "{counts:?}");
        // The list is walked, each of its rows is looked up once, and no row of the table is met that does not pass.
        for sql in [
            "SELECT d.id FROM authz_list_resources('user:ana', 'document:read', 'document') m JOIN documents d ON d.id = m.resource_id",
            "SELECT d.id FROM documents d WHERE d.id IN (SELECT resource_id FROM authz_list_resources('user:ana', 'document:read', 'document'))",
        ] {
            let (found, counts) = counted(&connection, sql);
            assert_eq!(found, passing, "{sql}");
            assert!(i64::from(counts[0]) <= passing && counts[1..] == [0, 0, 0], "{sql}: {counts:?}");
        }
    }
}

fn debug(connection: &Connection) -> serde_json::Value {
    let debug: String = connection.query_row("SELECT authz_debug()", [], |row| row.get(0)).unwrap();
    serde_json::from_str(&debug).unwrap()
}

/// How many checks were worked out one by one, how many rows answered from a set, and how many sets were made, by a statement.
fn ways(connection: &Connection, sql: &str) -> [u64; 3] {
    let counts = || ["checks_point", "checks_from_set", "sets_built"].map(|name| debug(connection)[name].as_u64().unwrap());
    let before = counts();
    counted(connection, sql);
    let after = counts();
    [0, 1, 2].map(|which| after[which] - before[which])
}

#[test]
fn statements_go_the_way_they_are_meant_to_go() {
    for analyzed in [false, true] {
        let connection = world(analyzed);
        let all = "SELECT d.id FROM documents d WHERE authz_check('user:ana', 'document:read', 'document', d.id)";
        // Some hundred rows are not worth a set.
        assert_eq!(ways(&connection, all), [1_000, 0, 0]);
        let reprepared = debug(&connection)["reprepared"].clone();
        // Where they are many, the rest is answered from one.
        let many = "SELECT d.id FROM documents d, (WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT i FROM n) \
                    WHERE authz_check('user:ana', 'document:read', 'document', d.id)";
        let [point, from_set, built] = ways(&connection, many);
        assert_eq!((point + from_set, built), (10_000, 1));
        assert!((2_048..2_200).contains(&point), "{point}");
        // It is kept, and the next such statement takes it up as soon as it counts as one.
        let [point, from_set, built] = ways(&connection, all);
        assert_eq!((point + from_set, built), (1_000, 0));
        assert!(point < 70, "{point}");
        // A page asks about the rows on the way to it.
        let [point, from_set, _] = ways(&connection, &format!("{all} ORDER BY d.edited_on DESC LIMIT 5"));
        assert!(point + from_set < 500, "{point} {from_set}");
        // A list checks no row.
        for sql in [
            "SELECT d.id FROM authz_list_resources('user:ana', 'document:read', 'document') m JOIN documents d ON d.id = m.resource_id",
            "SELECT d.id FROM documents d WHERE d.id IN (SELECT resource_id FROM authz_list_resources('user:ana', 'document:read', 'document'))",
        ] {
            assert_eq!(ways(&connection, sql), [0, 0, 0], "{sql}");
        }
        assert_eq!(debug(&connection)["reprepared"], reprepared, "a statement was planned anew");
    }
}

/// None of the library's own statements reads a table that grows from end to end, whatever ANALYZE has found.
#[test]
fn own_statements_search_by_an_index() {
    let grows = [
        "authz_resources",
        "authz_role_assignments",
        "authz_group_members",
        "authz_relationships",
        "authz_events",
        "authz_memberships",
        "_authz_sso_sessions",
        "_authz_sso_profiles",
        "_authz_sessions",
    ];
    let folders = [
        "facts/answers",
        "facts/assignments",
        "facts/catalog",
        "facts/changes",
        "facts/gather",
        "facts/names",
        "facts/places",
        "facts/relationships",
        "facts/suspension",
        "identity/sessions",
        "identity/sign_in/profile",
        "identity/sign_in/report",
        "identity/sign_in/sso",
        "identity/sweep",
        "manage/assignments",
        "manage/groups",
        "manage/relationships",
        "manage/resources",
        "sqlite/transaction",
    ];
    let mut asked = 0;
    for analyzed in [false, true] {
        let connection = world(analyzed);
        for folder in folders {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql").join(folder);
            for file in fs::read_dir(path).into_iter().flatten().map(|entry| entry.unwrap().path()) {
                let sql = fs::read_to_string(&file).unwrap();
                asked += 1;
                for line in plan(&connection, &sql) {
                    let scans = line.strip_prefix("SCAN ").is_some_and(|rest| {
                        let table = rest.split(' ').next().unwrap_or_default();
                        // An alias stands for the table that the statement gives it to.
                        grows.iter().any(|name| *name == table || sql.contains(&format!("{name} AS {table}")))
                    });
                    assert!(!scans, "{}: {line} (analyzed: {analyzed})", file.display());
                }
            }
        }
    }
    assert!(asked > 40, "{asked}");
}
