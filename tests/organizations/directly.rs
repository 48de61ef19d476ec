//! Who has a permission on a resource directly, and who by what lies above it or by another resource.

use authz::rusqlite::Connection;

use super::texts;

#[test]
fn direct_is_what_the_resource_itself_names() {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    connection
        .execute_batch(
            r#"SELECT authz_apply('{
                 "resource_types": {"folder": {"parents": ["organization"]}, "document": {"parents": ["folder"], "relations":
                   {"blocked": "[user]", "owner": "[user]", "viewer": "([user, user:*] or owner) but not blocked"}}},
                 "permissions": {"read": {"resource_type": "document", "relation": "viewer"}, "other": {"resource_type": "document"}},
                 "roles": {"admin": {"resource_type": "folder", "permissions": ["read"]}, "reader": {"resource_type": "document", "permissions": ["read"]},
                   "stranger": {"resource_type": "document", "permissions": ["other"]}}}');
               SELECT authz_put_resource('organization', 1, NULL, NULL), authz_put_resource('folder', 1, 'organization', 1);
               SELECT authz_put_resource('document', 1, 'folder', 1), authz_put_resource('document', 2, 'folder', 1);
               SELECT authz_add_member('group:eng', 'user:eve'), authz_add_member('group:all', 'group:eng'), authz_add_member('group:top', 'user:tom');
               SELECT authz_grant('user:ana', 'reader', 'document', 1), authz_grant('group:all', 'reader', 'document', 1);
               SELECT authz_grant('user:ana', 'admin', 'folder', 1), authz_grant('user:bo', 'admin', 'folder', 1), authz_grant('group:top', 'admin', 'folder', 1);
               SELECT authz_grant('user:bo', 'stranger', 'document', 1), authz_grant('user:bo', 'reader', 'document', 2);
               INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id, expires_at)
                 VALUES ('user:tom', 'reader', 'document', 1, '2001-01-01T00:00:00.000Z');
               SELECT authz_relate('user:own', 'owner', 'document', 1), authz_relate('user:no', 'owner', 'document', 1), authz_relate('user:no', 'blocked', 'document', 1);"#,
        )
        .unwrap();
    let of = |rest: &str| {
        texts(&connection, &format!("SELECT subject || ' ' || assignment FROM authz_list_subjects('read', 'document', 1{rest}"))
    };
    assert_eq!(
        of(")"),
        [
            "group:all direct",
            "group:eng direct",
            "group:top indirect",
            "user:ana direct",
            "user:bo indirect",
            "user:eve direct",
            "user:own direct",
            "user:tom indirect"
        ]
    );
    assert_eq!(of(", 'user') WHERE assignment = 'indirect'"), ["user:bo indirect", "user:tom indirect"]);
    // Everybody, by the resource itself.
    connection.execute_batch("SELECT authz_relate('user:*', 'viewer', 'document', 1)").unwrap();
    assert!(of(", 'user')").iter().all(|one| one.ends_with(" direct")), "{:?}", of(", 'user')"));
}
