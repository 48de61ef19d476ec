//! The clock of a connection: forward and back, over everything that expires.

use authz::rusqlite::Connection;

use crate::{events, last_seq, later, number, product, refusal, text};

/// A thousand documents, of which ana sees the even ones for an hour by a role, and the odd ones for two by a relationship.
fn library() -> Connection {
    let connection = product();
    connection
        .execute_batch(
            r#"SELECT authz_apply('{"resource_types": {"folder": {"parents": ["organization"]},
                 "document": {"parents": ["folder"], "search": "document:read", "relations": {"reader": "[user]"}}},
                 "permissions": {"document:read": {"resource_type": "document", "relation": "reader"}},
                 "roles": {"viewer": {"resource_type": "folder", "permissions": ["document:read"]}}}');
             SELECT authz_put_resource('folder', 'even', 'organization', 'acme'), authz_put_resource('folder', 'odd', 'organization', 'acme');
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
             INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id, name)
             SELECT 'document', i, 'folder', CASE i % 2 WHEN 0 THEN 'even' ELSE 'odd' END, 'Paper ' || i FROM n;
             SELECT authz_grant('user:ana', 'viewer', 'folder', 'even', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+3600 seconds'));
             SELECT authz_relate('user:ana', 'reader', 'document', 1, strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+7200 seconds'));"#,
        )
        .unwrap();
    connection
}

/// How many documents ana sees: by checks one by one, by a scan, by the list, and whether she finds two of them.
fn seen(connection: &Connection) -> [i64; 6] {
    let one = |id: i64| number(connection, "SELECT authz_check('user:ana', 'document:read', 'document', ?1)", [id]);
    [
        one(1),
        one(2),
        number(
            connection,
            "SELECT count(*) FROM authz_resources WHERE resource_type = 'document' AND authz_check('user:ana', 'document:read', 'document', resource_id)",
            [],
        ),
        number(connection, "SELECT count(*) FROM authz_list_resources('user:ana', 'document:read', 'document')", []),
        number(connection, "SELECT count(*) FROM authz_list_subjects('document:read', 'document', 2) WHERE subject = 'user:ana'", []),
        number(connection, "SELECT count(*) FROM authz_search('paper', 'user:ana', 2000)", []),
    ]
}

#[test]
fn everything_that_expires_follows_the_clock_forward_and_back() {
    let connection = library();
    let (all, one, none) = ([1, 1, 501, 501, 1, 501], [1, 0, 1, 1, 0, 1], [0; 6]);
    for (seconds, expected) in [(0, all), (3000, all), (3700, one), (7300, none), (3700, one), (3000, all), (7300, none)] {
        match seconds {
            0 => text(&connection, "SELECT authz_set_now(NULL)", []),
            _ => later(&connection, seconds),
        };
        assert_eq!(seen(&connection), expected, "{seconds}");
        connection.execute_batch("BEGIN").unwrap();
        assert_eq!(seen(&connection), expected, "{seconds}, in a transaction");
        connection.execute_batch("COMMIT").unwrap();
    }
    // Moved within a statement, from row to row.
    let scan = "SELECT authz_check('user:ana', 'document:read', 'document', resource_id),
            CASE resource_id WHEN 250 THEN authz_set_now(?1) WHEN 500 THEN authz_set_now(?2) WHEN 750 THEN authz_set_now(?3) END
        FROM authz_resources WHERE resource_type = 'document' ORDER BY resource_id";
    let [soon, late, latest] = [3000, 3700, 7300].map(|seconds| later(&connection, seconds));
    for times in [[&late, &soon, &latest], [&latest, &late, &soon]] {
        text(&connection, "SELECT authz_set_now(NULL)", []);
        let mut statement = connection.prepare(scan).unwrap();
        let rows: Vec<i64> = statement.query_map(times, |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        let quarters: Vec<i64> = rows.chunks(250).map(|quarter| quarter.iter().sum()).collect();
        let sees = |time: &String| if *time == soon { 125 } else { 0 };
        assert_eq!(quarters, [126, sees(times[0]), sees(times[1]), sees(times[2])]);
    }
}

#[test]
fn the_clock_belongs_to_the_connection_and_never_runs_behind_the_databases() {
    let folder = tempfile::tempdir().unwrap();
    let open = || {
        let connection = Connection::open(folder.path().join("app.db")).unwrap();
        authz::register(&connection).unwrap();
        connection
    };
    let (one, other) = (open(), open());
    let set = text(&one, "SELECT authz_set_now('2999-01-01T00:00:00+01:00')", []);
    assert_eq!((set.as_str(), text(&one, "SELECT authz_now()", [])), ("2998-12-31T23:00:00.000Z", set.clone()));
    assert!(text(&other, "SELECT authz_now()", []) < set);
    // Rolling back takes no time back.
    one.execute_batch("BEGIN; ROLLBACK").unwrap();
    assert_eq!(text(&one, "SELECT authz_now()", []), set);
    assert_eq!(text(&one, "SELECT authz_set_now('2998-01-01')", []), "2998-01-01T00:00:00.000Z");
    let told = refusal(&one, "SELECT authz_set_now('2020-01-01')", []);
    assert!(told.starts_with("authz_set_now: `2020-01-01T00:00:00.000Z` is before the clock of the database"), "{told}");
    assert!(refusal(&one, "SELECT authz_set_now('soon')", []).contains("is not a time"));
    let back = text(&one, "SELECT authz_set_now(NULL)", []);
    assert!(back < set && back.len() == 24);
    one.execute_batch("CREATE VIEW moved AS SELECT authz_set_now(NULL) AS time").unwrap();
    assert!(one.prepare("SELECT time FROM moved").unwrap_err().to_string().contains("unsafe use of authz_set_now"));
}

#[test]
fn a_sweep_takes_away_what_has_expired_once() {
    let connection = library();
    let seq = last_seq(&connection);
    assert_eq!(number(&connection, "SELECT authz_sweep()", []), 0);
    later(&connection, 3700);
    assert_eq!(number(&connection, "SELECT authz_sweep()", []), 0);
    assert_eq!(events(&connection, seq), ["role_assignment.expired"]);
    later(&connection, 7300);
    number(&connection, "SELECT authz_sweep() + authz_sweep()", []);
    assert_eq!(events(&connection, seq), ["role_assignment.expired", "relationship.expired"]);
    // Taken away by hand, what was over had ended by itself.
    connection
        .execute_batch(
            "INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id, expires_at) VALUES ('user:bo', 'viewer', 'folder', 'odd', '2020-01-01T00:00:00.000Z');
             DELETE FROM authz_role_assignments WHERE subject = 'user:bo'",
        )
        .unwrap();
    assert_eq!(events(&connection, seq)[2..], ["role_assignment.created", "role_assignment.expired"]);
}

#[test]
fn a_sweep_with_nothing_to_do_writes_nothing() {
    let connection = product();
    connection.execute_batch("PRAGMA query_only = ON").unwrap();
    assert_eq!(number(&connection, "SELECT authz_sweep()", []), 0);
}
