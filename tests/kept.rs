//! What a connection keeps between calls is bounded by `kept_bytes`, whatever it is; with 0 nothing is kept.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use authz::rusqlite::Connection;

fn world() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    connection
        .execute_batch(
            r#"SELECT authz_apply('{"resource_types": {"team": {}}, "permissions": {"team:read": {"resource_type": "team"}},
                 "roles": {"reader": {"resource_type": "team", "permissions": ["team:read"]}}}');
               SELECT authz_put_resource('team', 1, NULL, NULL), authz_grant('user:ana', 'reader', 'team', 1);
               INSERT INTO authz_organizations (id) VALUES ('acme');
               INSERT INTO authz_users (id, email) VALUES ('ana', 'ana@acme.test');
               INSERT INTO authz_memberships (user, organization) VALUES ('ana', 'acme');
               SELECT authz_set_jwt_template('{"name": "{{ user.email }}"}');
               WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
               INSERT INTO authz_sessions (id, user, organization, auth_method) SELECT 's' || i, 'ana', 'acme', 'sso' FROM n"#,
        )
        .unwrap();
    connection
}

fn debug(connection: &Connection, name: &str) -> u64 {
    let text: String = connection.query_row("SELECT authz_debug()", [], |row| row.get(0)).unwrap();
    serde_json::from_str::<serde_json::Value>(&text).unwrap()[name].as_u64().unwrap()
}

/// Asks about everything; the number of yeses.
fn ask(connection: &Connection) -> i64 {
    connection
        .query_row(
            "SELECT authz_check('user:ana', 'team:read', 'team', 1) + (authz_claims('ana', 'acme') IS NOT NULL)
               + (SELECT count(*) FROM authz_sessions WHERE authz_session_subject(id, 'acme') = 'user:ana')",
            [],
            |row| row.get(0),
        )
        .unwrap()
}

#[test]
fn nothing_is_kept_where_nothing_may_be() {
    let connection = world();
    assert_eq!(ask(&connection), 202);
    assert!(debug(&connection, "kept") > 200 && debug(&connection, "statements") > 0);
    connection.execute_batch("SELECT authz_limit('kept_bytes', 0)").unwrap();
    for _ in 0..2 {
        let parsed = debug(&connection, "templates");
        assert_eq!(ask(&connection), 202);
        assert_eq!((debug(&connection, "kept"), debug(&connection, "statements")), (0, 0));
        assert!(debug(&connection, "templates") > parsed, "a parsed template was kept");
    }
    connection.execute_batch("SELECT authz_limit('kept_bytes', 1000000); SELECT authz_revoke('user:ana', 'reader', 'team', 1)").unwrap();
    assert_eq!(ask(&connection), 201);
    assert!(debug(&connection, "statements") > 0);
}

#[test]
fn no_more_sessions_are_kept_than_their_bytes_allow() {
    let connection = world();
    connection.execute_batch("SELECT authz_limit('kept_bytes', 10000)").unwrap();
    assert_eq!(ask(&connection), 202);
    assert!(debug(&connection, "kept") < 120, "{}", debug(&connection, "kept"));
}
