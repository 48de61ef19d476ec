//! Many rows of one statement are answered from a set: the same answers as one by one, also while things change under the statement.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use authz::rusqlite::Connection;

const DOCUMENTS: i64 = 30_000;

/// Documents 1 to 30,000, of which user:ana may read every tenth and user:ben every third; the names are their ids as `d-…`.
fn open(path: &std::path::Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    connection
        .execute_batch(&format!(
            r#"PRAGMA journal_mode = WAL;
               BEGIN;
               UPDATE _authz_settings SET value = 'off' WHERE name = 'events';
               SELECT authz_apply('{{
                 "resource_types": {{"project": {{"parents": ["organization"]}}, "document": {{"parents": ["project"]}},
                                    "note": {{"parents": ["project"]}}}},
                 "permissions": {{"document:read": {{"resource_type": "document"}}, "note:read": {{"resource_type": "note"}}}},
                 "roles": {{"reader": {{"resource_type": "project", "permissions": ["document:read", "note:read"]}}}}}}');
               SELECT authz_put_resource('organization', 1, NULL, NULL);
               INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id)
               SELECT 'project', value, 'organization', 1 FROM json_each('[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29]');
               WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {DOCUMENTS})
               INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id) SELECT 'document', i, 'project', i % 30 FROM n;
               WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {DOCUMENTS})
               INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id) SELECT 'note', 'd-' || i, 'project', i % 30 FROM n;
               SELECT count(authz_grant('user:ana', 'reader', 'project', value)) FROM json_each('[0,10,20]');
               SELECT count(authz_grant('user:ben', 'reader', 'project', value)) FROM json_each('[0,3,6,9,12,15,18,21,24,27]');
               CREATE TABLE documents (id INTEGER PRIMARY KEY, name TEXT);
               WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {DOCUMENTS})
               INSERT INTO documents SELECT i, 'd-' || i FROM n;
               COMMIT"#
        ))
        .unwrap();
    connection
}

fn count(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

#[test]
fn a_scan_says_what_checks_say() {
    let folder = tempfile::tempdir().unwrap();
    let connection = open(&folder.path().join("scan.db"));
    // Cold, then from the set that was made; integers, texts, and integers written as text.
    for _ in 0..2 {
        for (subject, part) in [("user:ana", 10), ("user:ben", 3)] {
            let expected = DOCUMENTS / part;
            let scan = |id: &str, kind: &str| {
                count(
                    &connection,
                    &format!(
                        "SELECT count(*) FROM documents WHERE authz_check('{subject}', '{kind}:read', '{kind}', {id}) AND id % {part} = 0"
                    ),
                )
            };
            assert_eq!(scan("id", "document"), expected);
            assert_eq!(scan("CAST(id AS TEXT)", "document"), expected);
            assert_eq!(scan("name", "note"), expected);
            let wrong = format!(
                "SELECT count(*) FROM documents WHERE authz_check('{subject}', 'document:read', 'document', id) AND id % {part} > 0"
            );
            assert_eq!(count(&connection, &wrong), 0);
            let listed = format!("SELECT count(*) FROM authz_list_resources('{subject}', 'document:read', 'document')");
            assert_eq!(count(&connection, &listed), expected);
        }
    }
    assert_eq!(count(&connection, "SELECT count(*) FROM documents WHERE authz_check('user:ana', 'document:read', 'document', name)"), 0);
    assert_eq!(count(&connection, "SELECT count(*) FROM documents WHERE authz_check('user:eve', 'document:read', 'document', id)"), 0);
    assert_eq!(
        count(&connection, "SELECT count(*) FROM documents WHERE authz_check('user:ana', 'document:read', 'document', id + 30000)"),
        0
    );
    let no_id = "SELECT count(*) FROM documents WHERE authz_check('user:ana', 'document:read', 'document', iif(id < 29000, id, 'no id'))";
    let error = connection.query_row(no_id, [], |_| Ok(())).unwrap_err().to_string();
    assert!(error.starts_with("authz_check: ") && error.contains("contains a space"), "{error}");
}

#[test]
fn what_changes_from_row_to_row_is_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let connection = open(&folder.path().join("scan.db"));
    for _ in 0..2 {
        // The subject changes late, the subject alternates, the type alternates.
        let late =
            "SELECT count(*) FROM documents WHERE authz_check(iif(id <= 15000, 'user:ana', 'user:ben'), 'document:read', 'document', id)";
        assert_eq!(count(&connection, late), 1_500 + 5_000);
        let turns =
            "SELECT count(*) FROM documents WHERE authz_check(iif(id % 2, 'user:ana', 'user:ben'), 'document:read', 'document', id)";
        assert_eq!(count(&connection, turns), 5_000);
        let types = "SELECT count(*) FROM documents
                     WHERE authz_check('user:ana', iif(id % 2, 'note:read', 'document:read'), iif(id % 2, 'note', 'document'), iif(id % 2, name, id))";
        assert_eq!(count(&connection, types), 3_000);
        let nobody = "SELECT count(*) FROM documents WHERE authz_check(nullif('user:ana', iif(id > 10000, 'user:ana', '')), 'document:read', 'document', id)";
        assert_eq!(count(&connection, nobody), 1_000);
    }
}

const SCAN: &str = "SELECT id, authz_check('user:ana', 'document:read', 'document', id) FROM documents";

/// Steps through the scan, does what is to be done after some rows, and holds each answer against what is expected of it.
fn step_through(connection: &Connection, mut after: impl FnMut(i64), expected: impl Fn(i64) -> bool) {
    let mut statement = connection.prepare(SCAN).unwrap();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let (id, allowed): (i64, bool) = (row.get(0).unwrap(), row.get(1).unwrap());
        assert_eq!(allowed, expected(id), "{id}");
        after(id);
    }
}

fn from_the_start(id: i64) -> bool {
    id % 10 == 0
}

#[test]
fn a_statement_sees_one_state_and_the_next_one_what_was_committed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scan.db");
    let connection = open(&path);
    let other = Connection::open(&path).unwrap();
    authz::register(&other).unwrap();
    for warm in [false, true] {
        let (change, back) =
            ("SELECT authz_grant('user:ana', 'reader', 'project', 1)", "SELECT authz_revoke('user:ana', 'reader', 'project', 1)");
        if warm {
            step_through(&connection, |_| (), from_the_start);
        }
        step_through(
            &connection,
            |id| {
                if id == 20_000 {
                    other.execute_batch(change).unwrap()
                }
            },
            from_the_start,
        );
        step_through(
            &connection,
            |id| {
                if id == 20_000 {
                    other.execute_batch(back).unwrap()
                }
            },
            |id| id % 10 == 0 || id % 30 == 1,
        );
        step_through(&connection, |_| (), from_the_start);
    }
}

#[test]
fn what_is_written_under_a_statement_is_seen_by_its_next_row() {
    let folder = tempfile::tempdir().unwrap();
    let connection = open(&folder.path().join("scan.db"));
    let run = |sql: &str| connection.execute_batch(sql).unwrap();
    for _ in 0..2 {
        let after = |id| match id {
            18_000 => run("SELECT authz_grant('user:ana', 'reader', 'project', 1)"),
            24_000 => run("SELECT authz_revoke('user:ana', 'reader', 'project', 1)"),
            _ => {}
        };
        step_through(&connection, after, |id| id % 10 == 0 || ((18_001..=24_000).contains(&id) && id % 30 == 1));
        run("BEGIN");
        let after = |id| match id {
            18_000 => run("SAVEPOINT s; SELECT authz_grant('user:ana', 'reader', 'project', 1)"),
            24_000 => run("ROLLBACK TO s; SELECT authz_revoke('user:ana', 'reader', 'project', 10)"),
            _ => {}
        };
        step_through(&connection, after, |id| match id {
            ..=18_000 => id % 10 == 0,
            18_001..=24_000 => id % 10 == 0 || id % 30 == 1,
            _ => id % 10 == 0 && id % 30 != 10,
        });
        run("ROLLBACK");
        step_through(&connection, |_| (), from_the_start);
    }
}
