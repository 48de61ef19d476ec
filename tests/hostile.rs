//! Corrupt and hostile input: an error or an answer, never a crash, an endless loop or a wrong yes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use authz::rusqlite::types::Value;
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

fn dump(connection: &Connection) -> Vec<String> {
    let mut all = Vec::new();
    for table in [
        "authz_resources",
        "authz_role_assignments",
        "authz_groups",
        "authz_group_members",
        "authz_roles",
        "authz_permissions",
        "authz_resource_types",
        "authz_relations",
        "authz_relation_subjects",
        "authz_relationships",
    ] {
        let mut statement = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = statement.column_count();
        let rows =
            statement.query_map([], |row| Ok(format!("{:?}", (0..columns).map(|i| row.get::<_, Value>(i).unwrap()).collect::<Vec<_>>())));
        all.extend(rows.unwrap().map(Result::unwrap));
    }
    all
}

/// Every function with arguments that mean something; each argument in turn is replaced by something hostile.
const CALLS: &[(&str, &[&str])] = &[
    ("SELECT authz_check(?, ?, ?, ?)", &["user:eve", "folder:read", "folder", "1"]),
    ("SELECT authz_require(?, ?, ?, ?)", &["user:eve", "folder:read", "folder", "1"]),
    ("SELECT authz_explain(?, ?, ?, ?)", &["user:eve", "folder:read", "folder", "1"]),
    ("SELECT * FROM authz_list_resources(?, ?, ?)", &["user:eve", "folder:read", "folder"]),
    ("SELECT * FROM authz_list_resources(?, ?, ?, ?, ?)", &["user:eve", "folder:read", "folder", "folder", "1"]),
    ("SELECT * FROM authz_list_subjects(?, ?, ?)", &["folder:read", "folder", "1"]),
    ("SELECT * FROM authz_list_permissions(?, ?, ?)", &["user:eve", "folder", "1"]),
    ("SELECT * FROM authz_ancestors(?, ?)", &["folder", "1"]),
    ("SELECT * FROM authz_descendants(?, ?)", &["folder", "1"]),
    ("SELECT authz_grant(?, ?, ?, ?, ?)", &["user:ana", "reader", "folder", "1", ""]),
    ("SELECT authz_revoke(?, ?, ?, ?)", &["user:eve", "reader", "folder", "1"]),
    ("SELECT authz_put_resource(?, ?, ?, ?)", &["folder", "1", "organization", "1"]),
    ("SELECT authz_remove_resource(?, ?, ?)", &["folder", "404", "cascade"]),
    ("SELECT authz_add_member(?, ?)", &["group:", "user:eve"]),
    ("SELECT authz_remove_member(?, ?)", &["group:g", "user:eve"]),
    ("SELECT authz_define_attribute(?, ?)", &["level", "{}"]),
    ("SELECT authz_undefine_attribute(?)", &["job_title"]),
    ("SELECT authz_map_attribute(?, ?, ?)", &["conn_1", "email", "mail"]),
    ("SELECT authz_set_attributes(?, ?, ?, ?)", &["ana", "1", "sso", "{}"]),
    ("SELECT * FROM authz_attributes(?, ?)", &["ana", "1"]),
    ("SELECT authz_set_jwt_template(?)", &["{\"a\": 1}"]),
    ("SELECT authz_render_jwt(?, ?, ?)", &["{\"a\": 1}", "ana", "1"]),
    ("SELECT authz_claims(?, ?, ?)", &["ana", "1", "session_1"]),
    ("SELECT * FROM authz_plan(?)", &["{}"]),
    ("SELECT authz_create_permission(?)", &["{}"]),
    ("SELECT authz_update_permission(?, ?)", &["folder:read", "{}"]),
    ("SELECT authz_delete_permission(?)", &["none"]),
    ("SELECT authz_permission(?)", &["folder:read"]),
    ("SELECT authz_create_role(?, ?)", &["{}", "1"]),
    ("SELECT authz_update_role(?, ?, ?)", &["org-none", "{}", "1"]),
    ("SELECT authz_delete_role(?, ?, ?)", &["org-none", "1", "reader"]),
    ("SELECT authz_set_role_permissions(?, ?, ?)", &["org-none", "[]", "1"]),
    ("SELECT authz_add_role_permission(?, ?, ?)", &["org-none", "folder:read", "1"]),
    ("SELECT authz_remove_role_permission(?, ?, ?)", &["org-none", "folder:read", "1"]),
    ("SELECT authz_role(?, ?)", &["org-none", "1"]),
    ("SELECT authz_set_default_role(?)", &["member"]),
    ("SELECT authz_set_role_order(?)", &["[]"]),
    ("SELECT authz_set_actor(?, ?, ?)", &["ana", "api", "Ana"]),
    ("SELECT authz_setting(?)", &["events"]),
    ("SELECT authz_set_setting(?, ?)", &["events", "on"]),
    ("SELECT * FROM authz_next_events(?, ?, ?)", &["c", "1", "[]"]),
    ("SELECT authz_ack(?, ?)", &["c", "0"]),
    ("SELECT authz_prune_events(?)", &["2000-01-01"]),
    ("SELECT authz_check(?, ?, ?, ?)", &["user:eve", "viewer", "folder", "1"]),
    ("SELECT authz_explain(?, ?, ?, ?)", &["user:eve", "viewer", "folder", "1"]),
    ("SELECT * FROM authz_list_resources(?, ?, ?)", &["user:eve", "viewer", "folder"]),
    ("SELECT * FROM authz_list_subjects(?, ?, ?, ?)", &["viewer", "folder", "1", "user"]),
    ("SELECT authz_relate(?, ?, ?, ?, ?)", &["group:staff#member", "viewer", "folder", "1", ""]),
    ("SELECT authz_unrelate(?, ?, ?, ?)", &["user:eve", "viewer", "folder", "1"]),
    ("SELECT authz_sso_start(?, ?)", &["okta", "{}"]),
    ("SELECT authz_sso_succeed(?, ?, ?)", &["none", "{\"email\": \"a@b.c\"}", "{}"]),
    ("SELECT authz_sso_fail(?, ?, ?, ?)", &["none", "access_denied", "no", "{}"]),
    ("SELECT authz_sso_session(?)", &["none"]),
    ("SELECT * FROM authz_sso_report(?)", &["2020-01-01"]),
    ("SELECT authz_session_start(?, ?, ?, ?)", &["ana", "1", "sso", "{}"]),
    ("SELECT authz_session_touch(?)", &["none"]),
    ("SELECT authz_session_revoke(?)", &["none"]),
    ("SELECT authz_check(authz_session_subject(?, ?), 'folder:read', 'folder', 1)", &["none", "1"]),
    ("SELECT authz_set_now(?)", &["2020-01-01"]),
    ("SELECT authz_apply(?, ?)", &["[", "force"]),
    ("SELECT authz_model(?)", &["fga"]),
];

#[test]
fn no_argument_crashes_or_grants_or_half_writes() {
    let connection = open();
    let before = dump(&connection);
    let megabyte = "x".repeat(1 << 20);
    let hostile: Vec<String> = [
        "NULL",
        "1.5",
        "x'00ff'",
        "''",
        "' '",
        "char(0)",
        "'user:' || char(0) || 'ana'",
        "CAST(x'ff' AS TEXT)",
        "CAST(x'757365723aff' AS TEXT)",
        "'user:*'",
        "'*'",
        "'group:g#member'",
        "'user:a b'",
        "':'",
        "'::'",
        "'user:' || char(8238)",
        "9223372036854775807",
        "-9223372036854775808",
        "'9223372036854775808'",
        "1e308",
        "'folder:read'' OR 1=1 --'",
        "'%'",
        "char(55296)",
        "'{\"a\":'",
        "'[[[[[['",
    ]
    .iter()
    .map(|text| (*text).to_owned())
    .chain([
        format!("'{megabyte}'"),
        format!("'user:{megabyte}'"),
        format!("'{}'", "[".repeat(100_000)),
        format!("'{}'", "{\"a\":".repeat(100_000)),
    ])
    .collect();
    for &(call, arguments) in CALLS {
        for place in 0..arguments.len() {
            for bad in &hostile {
                let mut parts = call.splitn(arguments.len() + 1, '?').collect::<Vec<_>>().into_iter();
                let mut sql = parts.next().unwrap().to_owned();
                for (index, rest) in parts.enumerate() {
                    sql.push_str(&if index == place { bad.clone() } else { format!("'{}'", arguments[index]) });
                    sql.push_str(rest);
                }
                let mut statement = connection.prepare(&sql).unwrap();
                let mut rows = statement.query([]).unwrap();
                let shown = || format!("{call} {place} {}", bad.chars().take(40).collect::<String>());
                loop {
                    match rows.next() {
                        Ok(Some(row)) if call.contains("authz_check") || call.contains("authz_require") => {
                            assert_eq!(row.get::<_, i64>(0).unwrap(), 0, "{}", shown());
                        }
                        Ok(Some(_)) => {}
                        Ok(None) => break,
                        Err(error) => {
                            let text = error.to_string();
                            assert!(text.starts_with("authz_") && text.len() < 1000, "{}: {text}", shown());
                            break;
                        }
                    }
                }
            }
        }
    }
    assert_eq!(dump(&connection), before);
    let found = connection.query_row("SELECT authz_apply(?1)", ["[".repeat(1_000_000)], |_| Ok(())).unwrap_err();
    assert!(found.to_string().starts_with("authz_apply: "));
}

/// With its triggers gone, a file may hold anything.
fn unguarded() -> Connection {
    let connection = open();
    let mut statement = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").unwrap();
    let names: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    drop(statement);
    for name in names.iter().filter(|name| !name.contains("changes")) {
        connection.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
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
