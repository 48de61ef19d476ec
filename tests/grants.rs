//! What `authz_grant` and `authz_relate` refuse to write, and what `authz_explain` says is missing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use authz::rusqlite::Connection;
use serde_json::{Value, json};

fn open() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    connection
        .execute_batch(
            r#"SELECT authz_apply('{
                 "resource_types": {"project": {"parents": ["organization"]}},
                 "permissions": {"project:read": {"resource_type": "project"}},
                 "roles": {"editor": {"resource_type": "project", "permissions": ["project:read"]}}}');
               SELECT authz_apply('model schema 1.1 type user type folder relations define owner: [user]');
               SELECT authz_put_resource('organization', 1, NULL, NULL), authz_put_resource('organization', 'b', NULL, NULL);
               SELECT authz_put_resource('project', 1, 'organization', 1), authz_put_resource('project', 2, 'organization', 'b');
               SELECT authz_put_resource('organization', 'c', NULL, NULL);
               INSERT INTO authz_groups (id) VALUES ('web'), ('core');"#,
        )
        .unwrap();
    connection
}

fn ask(connection: &Connection, sql: &str) -> Result<Value, String> {
    let text = connection.query_row(sql, [], |row| row.get::<_, authz::rusqlite::types::Value>(0)).map_err(|error| error.to_string())?;
    Ok(match text {
        authz::rusqlite::types::Value::Text(text) => serde_json::from_str(&text).unwrap(),
        authz::rusqlite::types::Value::Integer(number) => number.into(),
        other => panic!("{other:?}"),
    })
}

fn rows(connection: &Connection) -> i64 {
    let sql = "SELECT (SELECT count(*) FROM authz_role_assignments) + (SELECT count(*) FROM authz_relationships) + (SELECT count(*) FROM authz_groups)";
    ask(connection, sql).unwrap().as_i64().unwrap()
}

#[test]
fn what_would_give_nothing_is_refused() {
    let connection = open();
    let before = rows(&connection);
    for (sql, sentence) in [
        (
            "SELECT authz_grant('user:ana', 'editor', 'project', 1, '2001-01-01')",
            "authz_grant: the expires_at `2001-01-01` is over already, so that nothing would be given; give a time to come, or take back what stands with authz_revoke",
        ),
        (
            "SELECT authz_relate('user:ana', 'owner', 'folder', 1, '2001-01-01T00:00:00Z')",
            "authz_relate: the expires_at `2001-01-01T00:00:00Z` is over already, so that nothing would be given; give a time to come, or take back what stands with authz_unrelate",
        ),
        ("SELECT authz_grant('group:wbe', 'editr', 'project', 1)", "authz_grant: unknown role `editr`; did you mean `editor`?"),
    ] {
        assert_eq!(ask(&connection, sql).unwrap_err(), sentence);
    }
    assert_eq!(rows(&connection), before);
    assert_eq!(ask(&connection, "SELECT authz_grant('group:web', 'editor', 'project', 1)").unwrap(), 1);
    // What is over is judged by the clock of the connection.
    assert_eq!(ask(&connection, "SELECT authz_grant('user:ana', 'editor', 'project', 1, '2998-01-01')").unwrap(), 1);
    connection.query_row("SELECT authz_set_now('2999-01-01')", [], |_| Ok(())).unwrap();
    assert!(ask(&connection, "SELECT authz_grant('user:ana', 'editor', 'project', 1, '2998-01-01')").is_err());
    assert!(ask(&connection, "SELECT authz_relate('user:ana', 'owner', 'folder', 1, '2999-01-01')").is_err());
    assert_eq!(ask(&connection, "SELECT authz_relate('user:ana', 'owner', 'folder', 1, '2999-01-01T00:00:00.001Z')").unwrap(), 1);
}

#[test]
fn a_no_names_only_roles_that_could_be_granted_there() {
    let connection = open();
    for (organization, name) in [("1", "Lead"), ("b", "Boss"), ("c", "Owner")] {
        let role = json!({"slug": format!("org-{}", name.to_lowercase()), "name": name, "resource_type_slug": "project", "permissions": ["project:read"]});
        connection.query_row("SELECT authz_create_role(?1, ?2)", [role.to_string(), organization.to_owned()], |_| Ok(())).unwrap();
    }
    let missing = |id: &str| {
        let sql = format!("SELECT authz_explain('user:eve', 'project:read', 'project', {id})");
        ask(&connection, &sql).unwrap()["missing"].clone()
    };
    let expected = |own: &str, id: i64| json!([{"any_of_roles": ["editor", own], "on": {"type": "project", "id": id}}]);
    assert_eq!(missing("1"), expected("org-lead", 1));
    assert_eq!(missing("2"), expected("org-boss", 2));
    // After a move it is the other organization's roles that could be granted.
    connection.query_row("SELECT authz_put_resource('project', 3, 'organization', 'c')", [], |_| Ok(())).unwrap();
    assert_eq!(missing("'3'"), expected("org-owner", 3));
}

/// A grant by itself, by a group, by a group in a group, on one resource, and what has expired.
#[test]
fn assignments_are_listed_with_their_source() {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    connection
        .execute_batch(
            r#"SELECT authz_apply('{"resource_types": {"project": {}}, "permissions": {"project:read": {"resource_type": "project"}},
                 "roles": {"editor": {"resource_type": "project"}, "reader": {"resource_type": "project", "permissions": ["project:read"]}}}');
               INSERT INTO authz_resources (resource_type, resource_id) VALUES ('project', 1), ('project', 2);
               SELECT authz_add_member('group:web', 'user:ana');
               SELECT authz_add_member('group:all', 'group:web');
               INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id, expires_at) VALUES
                 ('user:ana', 'reader', 'project', 2, NULL), ('user:ana', 'editor', 'project', 2, '2001-01-01T00:00:00.000Z'),
                 ('group:web', 'reader', 'project', 2, '2999-01-01T00:00:00.000Z'), ('group:all', 'editor', 'project', 1, NULL),
                 ('user:ben', 'reader', 'project', 1, NULL);"#,
        )
        .unwrap();
    let list = |arguments: &str| -> Vec<String> {
        let sql = format!(
            "SELECT role || ' ' || resource_id || ' ' || source || ' ' || ifnull(group_id, '-') || ' ' || ifnull(expires_at, '-') FROM authz_list_assignments({arguments})"
        );
        let mut statement = connection.prepare(&sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<authz::rusqlite::Result<_>>().unwrap()
    };
    let by_itself = "reader 2 direct - -";
    let by_web = "reader 2 group web 2999-01-01T00:00:00.000Z";
    assert_eq!(list("'user:ana'"), [by_itself, by_web, "editor 1 group all -"]);
    assert_eq!(list("'user:ana', 'project', 2"), [by_itself, by_web]);
    assert_eq!(list("'user:ana', 'project', '1'"), ["editor 1 group all -"]);
    assert_eq!(list("'group:web'"), ["reader 2 direct - 2999-01-01T00:00:00.000Z", "editor 1 group all -"]);
    assert_eq!(list("'user:nobody'"), [""; 0]);
    assert_eq!(list("NULL"), [""; 0]);
    assert_eq!(list("'user:ana', NULL, NULL"), [""; 0]);
    for wrong in ["'user:ana', 'project'", "'user:ana', 'planet', 1", "'ana'"] {
        let sql = format!("SELECT * FROM authz_list_assignments({wrong})");
        assert!(connection.query_row(&sql, [], |_| Ok(())).unwrap_err().to_string().starts_with("authz_list_assignments: "), "{wrong}");
    }
}
