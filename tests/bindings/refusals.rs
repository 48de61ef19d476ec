//! What cannot be bound is refused with one sentence, and nothing is half bound.

use rusqlite::Connection;

use crate::application::{BINDINGS, bound, one, read_by};

/// What `authz_bind` says to a document, and that it leaves everything as it was.
fn refusal(connection: &Connection, document: &str) -> String {
    let state = || one::<String>(connection, "SELECT authz_bindings() || (SELECT group_concat(sql, ';') FROM sqlite_schema)", []);
    let before = state();
    let error = connection.query_row("SELECT authz_bind(?1)", [document], |row| row.get::<_, String>(0)).expect_err(document).to_string();
    assert_eq!(state(), before, "{document}");
    assert!(connection.is_autocommit());
    error
}

#[test]
fn what_cannot_be_bound_is_refused() {
    let connection = bound();
    connection
        .execute_batch(
            "ATTACH ':memory:' AS other; CREATE TABLE other.elsewhere (id INTEGER PRIMARY KEY);
            CREATE VIRTUAL TABLE words USING fts5 (a);
            CREATE TABLE blobs (id BLOB PRIMARY KEY); INSERT INTO blobs VALUES (x'00112233445566778899aabbccddeeff');
            CREATE TABLE loose (id, name);
            CREATE VIEW asking AS SELECT id FROM documents WHERE authz_check('user:1', 'document:read', 'document', id);
            CREATE VIEW grouped AS SELECT max(id) AS id FROM documents GROUP BY project_id",
        )
        .unwrap();
    for (document, sentence) in [
        ("[]", "no JSON object"),
        ("{", "not valid JSON"),
        (r#"{"document": 1}"#, "document: it must be an object"),
        (r#"{"document": {"table": "documents", "idd": "id"}}"#, "unknown field `idd`; did you mean `id`?"),
        (r#"{"document": {"table": "nothing"}}"#, "document: there is no table `nothing`"),
        (r#"{"document": {"table": "documents", "name": "titel"}}"#, "has no column `titel`; did you mean `title`?"),
        (r#"{"document": {"table": "documents", "id": "project_id"}}"#, "`project_id` cannot be an id"),
        (r#"{"document": {"table": "loose"}}"#, "`id` cannot be an id"),
        (r#"{"document": {"table": "blobs"}}"#, "holds BLOB"),
        (r#"{"document": {"table": "elsewhere"}}"#, "lies in `other`"),
        (r#"{"document": {"table": "words", "id": "a"}}"#, "is a virtual table"),
        (r#"{"document": {"table": "asking"}}"#, "asks this library"),
        (r#"{"document": {"table": "grouped"}}"#, "cannot be searched by `id`"),
        (r#"{"document": {"table": "authz_users"}}"#, "is a table of this library"),
        (r#"{"document": {"table": "sqlite_schema"}}"#, "is a table of this library or of SQLite"),
        (r#"{"documnet": {"table": "documents"}}"#, "unknown resource type `documnet`; did you mean `document`?"),
        (r#"{"group": {"table": "teams"}}"#, "bound under `groups`"),
        (
            r#"{"document": {"table": "documents", "parent": {"type": "organization", "column": "project_id"}}}"#,
            "a `document` cannot lie in a `organization`",
        ),
        (r#"{"document": {"table": "documents", "relations": {"reader": "user:{author_id}"}}}"#, "no relation `reader` of `document`"),
        (r#"{"document": {"table": "documents", "relations": {"author": "{author_id}"}}}"#, "has no type"),
        (r#"{"document": {"table": "documents", "relations": {"author": "person:{author_id}"}}}"#, "unknown subject type `person`"),
        (r#"{"document": {"table": "documents", "where": "deleted_at > datetime('now')"}}"#, "`datetime` is a function"),
        (r#"{"document": {"table": "documents", "where": "deleted_at > CURRENT_TIMESTAMP"}}"#, "changes with time"),
        (r#"{"document": {"table": "documents", "where": "id IN (SELECT 1)"}}"#, "asks about other rows"),
        (r#"{"document": {"table": "documents", "where": "delted"}}"#, "is no condition about one row"),
        (r#"{"document": {"table": "documents", "where": "id) OR (1"}}"#, "document"),
        (
            r#"{"assignments": [{"table": "project_members", "subject": "user:{user_id}", "role": "boss",
               "resource": {"type": "project", "column": "project_id"}}]}"#,
            "no role `boss` of `project`",
        ),
        (
            r#"{"assignments": [{"table": "project_members", "subject": "user:*", "role": "editor",
               "resource": {"type": "project", "column": "project_id"}}]}"#,
            "userset or a wildcard",
        ),
    ] {
        let error = refusal(&connection, document);
        assert!(error.contains(sentence), "{document}: {error}");
        assert!(error.starts_with("authz_bind: ") && !error.contains('\n'), "{error}");
    }
    assert_eq!(read_by(&connection, 1), [100, 103]);
}

#[test]
fn names_that_need_quoting_work() {
    let connection = bound();
    connection
        .execute_batch(
            r#"CREATE TABLE "my ""docs""" ("the id" INTEGER PRIMARY KEY, "in" INTEGER, "order" TEXT, "o'clock" TEXT);
            INSERT INTO "my ""docs""" VALUES (500, 10, 'Named', 'x')"#,
        )
        .unwrap();
    let document = r#"{"document": {"table": "my \"docs\"", "id": "the id", "name": "order", "parent": {"type": "project", "column": "in"},
        "where": "\"o'clock\" IS NOT NULL"}}"#;
    one::<String>(&connection, "SELECT authz_bind(?1)", [document]);
    let may = || one::<bool>(&connection, "SELECT authz_check('user:1', 'document:read', 'document', 500)", []);
    assert!(may());
    connection.execute_batch(r#"UPDATE "my ""docs""" SET "o'clock" = NULL"#).unwrap();
    assert!(!may());
}

#[test]
fn a_value_is_never_syntax() {
    let connection = bound();
    connection
        .execute_batch(
            "CREATE TABLE shares (id INTEGER PRIMARY KEY, who, document);
            INSERT INTO shares (who, document) VALUES ('*', 100), ('7#member', 100), (NULL, 100), ('', 100), ('a b', 100), (x'31', 100), (2.5, 100), ('5', 100)",
        )
        .unwrap();
    let document = r#"{"relationships": [{"table": "shares", "subject": "user:{who}", "relation": "viewer",
        "resource": {"type": "document", "column": "document"}}]}"#;
    one::<String>(&connection, "SELECT authz_bind(?1)", [document]);
    let who: String = one(&connection, "SELECT group_concat(subject, ' ') FROM authz_list_subjects('document:read', 'document', 100)", []);
    assert_eq!(who, "user:1 user:5");
    assert_eq!(read_by(&connection, 5), [100, 103]);
    assert_eq!(read_by(&connection, 3), [102, 103]);
}

#[test]
fn what_is_equal_by_the_rules_of_a_column_is_not_the_same_id() {
    let connection = bound();
    connection
        .execute_batch(
            "CREATE TABLE pages (id TEXT PRIMARY KEY COLLATE NOCASE, project_id TEXT);
            INSERT INTO pages VALUES ('Abc', '10'), ('7', '010')",
        )
        .unwrap();
    let document = r#"{"document": {"table": "pages", "parent": {"type": "project", "column": "project_id"}}}"#;
    one::<String>(&connection, "SELECT authz_bind(?1)", [document]);
    let may = |id: &str| one::<bool>(&connection, "SELECT authz_check('user:1', 'document:read', 'document', ?1)", [id]);
    assert!(may("Abc") && !may("aBC") && !may("7") && !may("07"));
}

#[test]
fn a_table_that_lost_its_triggers_is_never_answered_from_what_was_kept() {
    let connection = bound();
    assert_eq!(read_by(&connection, 2), [102, 103]);
    connection
        .execute_batch(
            "CREATE TABLE made AS SELECT * FROM project_members; DROP TABLE project_members; ALTER TABLE made RENAME TO project_members;
            BEGIN; DELETE FROM project_members",
        )
        .unwrap();
    assert_eq!(read_by(&connection, 2), [103]);
    connection.execute_batch("INSERT INTO project_members VALUES (10, 2, 'w', NULL)").unwrap();
    assert_eq!(read_by(&connection, 2), [100, 103]);
    connection.execute_batch("COMMIT").unwrap();
    let what: String = one(
        &connection,
        "SELECT group_concat(what || ' ' || what_to_do, '; ') FROM authz_doctor() WHERE \"where\" LIKE '%project_members%'",
        [],
    );
    assert!(what.contains("authz_bind()"), "{what}");
    one::<String>(&connection, "SELECT authz_bind()", []);
    assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM authz_doctor() WHERE \"where\" LIKE '%project_members%'", []), 0);
    assert_eq!(read_by(&connection, 2), [100, 103]);
    connection.execute_batch("ALTER TABLE project_members RENAME COLUMN role TO level").unwrap();
    let error = connection.query_row("SELECT authz_check('user:2', 'project:read', 'project', 10)", [], |row| row.get::<_, bool>(0));
    let error = error.unwrap_err().to_string();
    assert!(error.contains("bind it again with authz_bind"), "{error}");
}

#[test]
fn bindings_live_through_what_copies_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let connection = bound();
    let copy = folder.path().join("copy.db");
    connection.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
    connection.execute_batch("VACUUM; ANALYZE; ALTER TABLE documents ADD COLUMN note TEXT").unwrap();
    assert_eq!(one::<String>(&connection, "PRAGMA integrity_check", []), "ok");
    let second = Connection::open(&copy).unwrap();
    authz::register(&second).unwrap();
    for one in [&connection, &second] {
        assert_eq!(read_by(one, 1), [100, 103]);
        one.execute_batch("UPDATE documents SET project_id = 20 WHERE id = 100").unwrap();
        assert_eq!(read_by(one, 1), [103]);
    }
    assert_eq!(one::<String>(&second, "SELECT authz_bindings()", []), one::<String>(&connection, "SELECT authz_bindings()", []));
    assert!(serde_json::from_str::<serde_json::Value>(BINDINGS).is_ok());
}
