//! Temporary tables and views of the host that are named like ours: the library reads and writes the file, whatever their names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use authz::rusqlite::{self, Connection};

fn names(connection: &Connection) -> Vec<String> {
    let sql = "SELECT name FROM main.sqlite_schema WHERE type IN ('table', 'view') AND name LIKE '%authz%' ORDER BY name";
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<rusqlite::Result<_>>().unwrap()
}

/// What a connection answers that writes and asks a little.
fn answers(hide: &dyn Fn(&Connection)) -> Vec<String> {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    hide(&connection);
    connection
        .execute_batch(
            r#"SELECT authz_set_actor('ana', 'api');
               SELECT authz_apply('{"resource_types": {"document": {"parents": ["organization"], "search": "document:read"}},
                 "permissions": {"document:read": {"resource_type": "document"}},
                 "roles": {"reader": {"resource_type": "document", "permissions": ["document:read"]}}}');
               SELECT authz_put_resource('organization', 'acme', NULL, NULL, 'Acme');
               SELECT authz_put_resource('document', 1, 'organization', 'acme', 'Report');
               SELECT authz_grant('user:ana', 'reader', 'document', 1);
               SELECT authz_grant('user:bob', 'reader', 'document', 1);
               SELECT authz_revoke('user:bob', 'reader', 'document', 1);"#,
        )
        .unwrap();
    [
        "SELECT authz_check('user:ana', 'document:read', 'document', 1) || authz_check('user:bob', 'document:read', 'document', 1)",
        "SELECT json_extract(authz_explain('user:ana', 'document:read', 'document', 1), '$.allowed')",
        "SELECT group_concat(resource_id) FROM authz_list_resources('user:ana', 'document:read', 'document')",
        "SELECT group_concat(subject) FROM authz_list_subjects('document:read', 'document', 1)",
        "SELECT group_concat(title) FROM authz_search('rep', 'user:ana')",
        "SELECT group_concat(event || ' by ' || coalesce(json_extract(context, '$.actor.id'), 'nobody')) FROM main.authz_events",
    ]
    .map(|sql| connection.query_row(sql, [], |row| row.get::<_, rusqlite::types::Value>(0)).map(|value| format!("{value:?}")).unwrap())
    .to_vec()
}

#[test]
fn temporary_objects_with_our_names_change_no_answer() {
    let plain = answers(&|_| {});
    assert!(plain[5].contains("role_assignment.created by ana"), "{}", plain[5]);
    for what in ["TABLE", "VIEW"] {
        let hidden = answers(&|connection| {
            for name in names(connection) {
                connection.execute_batch(&format!("CREATE TEMP {what} \"{name}\" AS SELECT 1 AS one")).unwrap();
            }
        });
        assert_eq!(hidden, plain, "temporary {what}");
    }
}
