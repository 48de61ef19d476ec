//! Corrupt and hostile input: an error or an answer, never a crash, an endless loop or a wrong yes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod arguments;
#[path = "../calls/mod.rs"]
mod calls;

use authz::rusqlite::{Connection, ErrorCode, params_from_iter};

fn open() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    connection
        .execute_batch(
            "INSERT INTO authz_resource_types (slug) VALUES ('folder');
             INSERT INTO authz_resource_type_parents (resource_type, parent_type) VALUES ('folder', 'organization'), ('folder', 'folder');
             INSERT INTO authz_permissions (slug, resource_type) VALUES ('folder:read', 'folder');
             INSERT INTO authz_roles (slug, resource_type) VALUES ('reader', 'folder'), ('admin', 'organization');
             INSERT INTO authz_role_permissions (role, permission) VALUES ('reader', 'folder:read'), ('admin', 'folder:read');
             INSERT INTO authz_resources (resource_type, resource_id) VALUES ('organization', 1);
             INSERT INTO authz_connections (id, organization, type) VALUES ('okta', 1, 'OktaSAML');
             INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id) VALUES ('folder', 1, 'organization', 1);
             INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id) VALUES ('user:ana', 'reader', 'folder', 1);
             INSERT INTO authz_relations (resource_type, relation, definition) VALUES ('folder', 'viewer', '[user, user:*, group#member] or viewer from parent');
             INSERT INTO authz_relation_subjects VALUES ('folder', 'viewer', 'user', ''), ('folder', 'viewer', 'user', '*'), ('folder', 'viewer', 'group', 'member');
             INSERT INTO authz_relationships (subject, relation, resource_type, resource_id) VALUES ('group:staff#member', 'viewer', 'folder', 1), ('user:ana', 'viewer', 'folder', 1);",
        )
        .unwrap();
    connection
}

/// With its triggers gone, a file may hold anything.
fn unguarded() -> Connection {
    let connection = open();
    let mut statement = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").unwrap();
    let names: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    drop(statement);
    for name in names {
        connection.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
    }
    // But for the notes of what has changed.
    for table in [
        "resources",
        "resource_types",
        "resource_type_parents",
        "permissions",
        "roles",
        "role_permissions",
        "role_assignments",
        "group_members",
        "relations",
        "relation_subjects",
        "relationships",
    ] {
        for moment in ["INSERT", "UPDATE", "DELETE"] {
            let note = format!(
                "CREATE TRIGGER noted_{table}_{moment} BEFORE {moment} ON authz_{table} BEGIN INSERT INTO _authz_changes (subject) VALUES (NULL); END"
            );
            connection.execute_batch(&note).unwrap();
        }
    }
    connection.execute_batch("DELETE FROM authz_resources WHERE resource_type = 'folder'").unwrap();
    connection
}

fn number(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn a_hierarchy_a_hundred_thousand_deep_is_walked() {
    let connection = unguarded();
    connection
        .execute_batch(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
             INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id)
             SELECT 'folder', i, CASE i WHEN 1 THEN 'organization' ELSE 'folder' END, max(i - 1, 1) FROM n;",
        )
        .unwrap();
    assert_eq!(number(&connection, "SELECT authz_check('user:ana', 'folder:read', 'folder', 100000)"), 1);
    assert_eq!(number(&connection, "SELECT authz_check('user:eve', 'folder:read', 'folder', 100000)"), 0);
    assert_eq!(number(&connection, "SELECT max(depth) FROM authz_ancestors('folder', 100000)"), 100_000);
    assert_eq!(number(&connection, "SELECT count(*) FROM authz_descendants('organization', 1)"), 100_001);
    assert_eq!(number(&connection, "SELECT count(*) FROM authz_list_resources('user:ana', 'folder:read', 'folder')"), 100_000);
    assert_eq!(number(&connection, "SELECT count(*) FROM authz_list_subjects('folder:read', 'folder', 100000)"), 1);
    assert_eq!(number(&connection, "SELECT authz_remove_resource('folder', 1, 'cascade')"), 100_000);
    // With an uncommitted write of its own a connection reads afresh.
    connection.execute_batch("BEGIN; DELETE FROM authz_groups; UPDATE authz_roles SET name = 'x'").unwrap();
    assert_eq!(number(&connection, "SELECT authz_check('user:ana', 'folder:read', 'folder', 100000)"), 0);
}

#[test]
fn cycles_made_by_hand_end() {
    let connection = unguarded();
    connection
        .execute_batch(
            "INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id)
             VALUES ('folder', 1, 'folder', 3), ('folder', 2, 'folder', 1), ('folder', 3, 'folder', 2), ('folder', 4, 'folder', 3), ('folder', 5, 'folder', 5),
                    ('folder', 6, 'gone', 1)",
        )
        .unwrap();
    assert_eq!(number(&connection, "SELECT authz_check('user:ana', 'folder:read', 'folder', 4)"), 1);
    for folder in 1..=6 {
        assert_eq!(number(&connection, &format!("SELECT authz_check('user:eve', 'folder:read', 'folder', {folder})")), 0);
        assert!(number(&connection, &format!("SELECT count(*) FROM authz_ancestors('folder', {folder})")) <= 4);
        assert!(number(&connection, &format!("SELECT count(*) FROM authz_descendants('folder', {folder})")) <= 4);
    }
    let mut statement =
        connection.prepare("SELECT resource_id FROM authz_list_resources('user:ana', 'folder:read', 'folder') ORDER BY 1").unwrap();
    let listed: Vec<i64> = statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(listed, [1, 2, 3, 4]);
    assert_eq!(number(&connection, "SELECT authz_remove_resource('folder', 1, 'cascade')"), 4);
}

#[test]
fn ten_thousand_nested_groups_answer() {
    let connection = open();
    connection
        .execute_batch(
            "BEGIN;
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
             INSERT INTO authz_group_members (group_id, subject) SELECT 'g' || i, CASE i WHEN 1 THEN 'user:eve' ELSE 'group:g' || (i - 1) END FROM n;
             INSERT INTO authz_group_members VALUES ('g1', 'group:g10000');
             SELECT authz_grant('group:g10000', 'admin', 'organization', 1);",
        )
        .unwrap();
    let allowed = "SELECT authz_check('user:eve', 'folder:read', 'folder', 1)";
    assert_eq!(number(&connection, allowed), 1);
    connection.execute_batch("COMMIT").unwrap();
    assert_eq!(number(&connection, allowed), 1);
    assert_eq!(number(&connection, "SELECT count(*) FROM authz_list_subjects('folder:read', 'folder', 1)"), 10_002);
    let path = "SELECT json_array_length(authz_explain('user:eve', 'folder:read', 'folder', 1), '$.because.groups')";
    assert_eq!(number(&connection, path), 10_000);
}

/// Definitions that no `authz_apply` would take, written by hand.
#[test]
fn definitions_made_by_hand_are_answered_or_refused() {
    let connection = open();
    let deep = |open: &str, close: &str| format!("{}[user]{}", open.repeat(100_000), close.repeat(100_000));
    let long = format!("[user]{}", " or viewer".repeat(50_000));
    let definitions = [
        deep("(", ")"),
        deep("(", ""),
        deep("viewer but not (", ")"),
        long,
        "x".repeat(1 << 20),
        "[".repeat(1 << 20),
        String::new(),
        "odd".into(),
        "even".into(),
        "odd from parent".into(),
        "odd but not odd".into(),
        "[user] but not odd".into(),
        "[user, folder#odd] but not odd".into(),
        "nothing from nowhere".into(),
        "[gone, gone#gone, gone:*]".into(),
        "viewer from viewer".into(),
        "viewer from odd".into(),
        "[user] and or".into(),
        "\u{0}".into(),
        "[user] # remark".into(),
        "[user with condition]".into(),
    ];
    connection
        .execute_batch(
            "INSERT INTO authz_relations (resource_type, relation, definition) VALUES ('folder', 'odd', ''), ('folder', 'even', 'odd');
             INSERT INTO authz_relation_subjects VALUES ('folder', 'odd', 'user', ''), ('folder', 'odd', 'folder', 'odd');
             INSERT INTO authz_relationships (subject, relation, resource_type, resource_id)
             VALUES ('user:ana', 'odd', 'folder', 1), ('folder:1#odd', 'odd', 'folder', 1);
             UPDATE authz_permissions SET relation = 'odd'",
        )
        .unwrap();
    for definition in definitions {
        connection.execute("UPDATE authz_relations SET definition = ?1 WHERE relation = 'odd'", [&definition]).unwrap();
        let told: String = definition.chars().take(40).collect();
        for subject in ["user:eve", "user:*", "folder:1#odd", "folder:2#even", "group:g"] {
            for relation in ["odd", "even", "folder:read"] {
                let answers = [
                    format!("SELECT authz_check('{subject}', '{relation}', 'folder', 1)"),
                    format!("SELECT authz_explain('{subject}', '{relation}', 'folder', 1) ->> 'allowed'"),
                    format!("SELECT count(*) FROM authz_list_resources('{subject}', '{relation}', 'folder')"),
                    format!("SELECT count(*) FROM authz_list_subjects('{relation}', 'folder', 1) WHERE subject = '{subject}'"),
                ]
                .map(|sql| connection.query_row(&sql, [], |row| row.get::<_, i64>(0)).map_err(|error| error.to_string()));
                for (place, answer) in answers.iter().enumerate() {
                    // A userset has its own relation to its own folder.
                    let is_own = subject == "folder:1#odd" || ((subject, place) == ("folder:2#even", 2));
                    match answer {
                        Ok(answer) => assert!(*answer == 0 || is_own, "{told} {subject} {relation}: {answers:?}"),
                        Err(sentence) => assert!(sentence.starts_with("authz_") && sentence.len() < 1000, "{told}: {sentence}"),
                    }
                }
            }
        }
    }
}

#[test]
fn a_long_evaluation_ends_on_interrupt() {
    let connection = unguarded();
    connection
        .execute_batch(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
             INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id)
             SELECT 'folder', i, CASE i WHEN 1 THEN 'organization' ELSE 'folder' END, max(i - 1, 1) FROM n;",
        )
        .unwrap();
    for sql in [
        "SELECT authz_check('user:eve', 'folder:read', 'folder', 200000)",
        "SELECT count(*) FROM authz_list_resources('user:ana', 'folder:read', 'folder')",
        "SELECT count(*) FROM authz_ancestors('folder', 200000)",
        "SELECT authz_explain('user:eve', 'folder:read', 'folder', 200000)",
    ] {
        // The handler is asked every few hundred instructions of SQLite's machine, ours being many of its statements.
        let mut left = 50;
        connection
            .progress_handler(
                100,
                Some(move || {
                    left -= 1;
                    left < 0
                }),
            )
            .unwrap();
        let error = connection.query_row(sql, params_from_iter::<[i64; 0]>([]), |_| Ok(())).unwrap_err();
        assert_eq!(error.sqlite_error_code(), Some(ErrorCode::OperationInterrupted), "{sql}: {error}");
        connection.progress_handler(0, None::<fn() -> bool>).unwrap();
    }
    // What was cut off half way was not kept as an answer.
    assert_eq!(number(&connection, "SELECT authz_check('user:ana', 'folder:read', 'folder', 200000)"), 1);
}
