//! An organization removed with all that is its, in one call.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use authz::rusqlite::Connection;

use super::{open, texts};

/// All that an organization may have; `user:in` is in both.
const OWNED: &str = r#"
    INSERT INTO authz_memberships (user, organization) VALUES ('in', 7), ('out', 'acme');
    SELECT authz_put_resource('document', 3, 'organization', 'acme');
    INSERT INTO authz_organization_domains (organization, domain, state) VALUES ('acme', 'acme.com', 'verified'), (7, 'seven.com', 'verified');
    SELECT authz_create_role('{"name": "Lead"}', 'acme'), authz_create_role('{"slug": "org-seven", "name": "Seven"}', 7);
    INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id)
      SELECT 'user:in', slug, 'organization', 'acme' FROM authz_roles WHERE organization = 'acme';
    INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id) VALUES ('agent:bot', 'member', 'organization', 'acme');
    INSERT INTO authz_groups (id, organization) VALUES ('eng', 'acme'), ('seven', 7);
    INSERT INTO authz_group_members (group_id, subject) VALUES ('eng', 'user:in'), ('seven', 'user:in');
    INSERT INTO authz_connections (id, organization, type) VALUES ('c_acme', 'acme', 'GenericSAML'), ('c_7', 7, 'GenericSAML');
    SELECT authz_sso_start('c_acme'), authz_sso_succeed(authz_sso_start('c_acme'), '{"email": "in@acme.com", "idp_id": "1"}');
    SELECT authz_put_directory('d_acme', 'acme', 'Acme'), authz_put_directory('d_7', 7, 'Seven');
    SELECT authz_scim('d_acme', 'POST', '/Users', '{"userName": "new@acme.com"}');
    SELECT authz_scim('d_acme', 'POST', '/Groups', json_object('displayName', 'Web', 'members', json_array(json_object('value', id))))
      FROM authz_directory_users;
    SELECT authz_session_start('in', 'acme', 'sso'), authz_session_start('in', 7, 'sso'), authz_session_start('out', 'acme', 'sso');
    UPDATE authz_memberships SET status = 'inactive' WHERE user = 'out';"#;

/// The rows of each table in which something names the organization.
fn rows(connection: &Connection, organization: &str) -> Vec<String> {
    let tables = "SELECT m.name || '.' || c.name FROM sqlite_schema AS m JOIN pragma_table_info(m.name) AS c
                  WHERE m.type = 'table' AND m.name GLOB '*authz_*' AND c.name = 'organization'";
    let mut found = Vec::new();
    for table in texts(connection, tables) {
        let (table, _) = table.split_once('.').unwrap();
        let count: i64 = connection
            .query_row(&format!("SELECT count(*) FROM {table} WHERE organization || '' = ?1"), [organization], |row| row.get(0))
            .unwrap();
        if count > 0 {
            found.push(table.to_owned());
        }
    }
    found
}

#[test]
fn all_that_is_its_goes_and_nothing_else() {
    let connection = open();
    connection.execute_batch(OWNED).unwrap();
    let before = rows(&connection, "7");
    for sql in ["SELECT authz_remove_resource('organization', 'acme')", "DELETE FROM authz_organizations WHERE id = 'acme'"] {
        assert!(connection.execute_batch(sql).is_err(), "{sql}");
    }
    let seq = texts(&connection, "SELECT max(seq) || '' FROM authz_events")[0].clone();
    let removed = "INSERT INTO authz_call (function, arguments) VALUES ('remove_resource', json_array('organization', 'acme', 'cascade')) RETURNING authz_result()";
    assert_eq!(connection.query_row(removed, [], |row| row.get::<_, i64>(0)).unwrap(), 3);
    // What is left tells what was: the events, ended sign-ins and sessions, and by whom a user was told of.
    assert_eq!(rows(&connection, "acme"), ["_authz_outbox", "_authz_sso_sessions", "_authz_sessions", "_authz_known_users"]);
    assert_eq!(rows(&connection, "7"), before);
    assert_eq!(
        texts(&connection, "SELECT status || ' ' || user FROM authz_sessions ORDER BY 1"),
        ["active in", "revoked in", "revoked out"]
    );
    assert_eq!(texts(&connection, "SELECT status FROM authz_sso_sessions ORDER BY 1"), ["failed", "success"]);
    assert_eq!(texts(&connection, "SELECT count(*) || '' FROM authz_users"), ["3"]);
    assert_eq!(texts(&connection, "SELECT what FROM authz_doctor() WHERE severity = 'error'"), Vec::<String>::new());
    // One event for each object, and none of a change to what then goes.
    let events = format!("SELECT event || ' ' || count(*) FROM authz_events WHERE seq > {seq} GROUP BY event ORDER BY event");
    assert_eq!(
        texts(&connection, &events),
        [
            "authentication.sso_failed 1",
            "authorization_resource.deleted 2",
            "connection.deleted 1",
            "dsync.deleted 1",
            "dsync.group.deleted 1",
            "dsync.group.user_removed 1",
            "dsync.user.deleted 1",
            "group.deleted 2",
            "group.member_removed 2",
            "organization.deleted 1",
            "organization_membership.deleted 3",
            "organization_role.deleted 1",
            "role_assignment.deleted 9",
            "session.revoked 1",
        ]
    );
    // A namesake begins with nothing.
    connection.execute_batch("SELECT authz_put_resource('organization', 'acme', NULL, NULL)").unwrap();
    assert_eq!(
        texts(&connection, "SELECT subject FROM authz_role_assignments WHERE resource_type = 'organization' AND resource_id = 'acme'"),
        Vec::<String>::new()
    );
    assert_eq!(texts(&connection, "SELECT id FROM authz_events WHERE event = 'organization.deleted'").len(), 1);
}

/// A file without the system of people: groups and roles are its all the same.
#[test]
fn in_core_alone_groups_and_roles_go_too() {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    connection
        .execute_batch(
            "SELECT authz_migrate('core'); SELECT authz_put_resource('organization', 'acme', NULL, NULL), authz_put_resource('organization', 7, NULL, NULL);
             INSERT INTO authz_roles (slug, organization) VALUES ('org-lead', 'acme'), ('org-lead', 7);
             INSERT INTO authz_groups (id, organization) VALUES ('eng', 'acme'), ('all', 7);
             SELECT authz_grant('group:eng', 'org-lead', 'organization', 'acme'), authz_grant('user:in', 'org-lead', 'organization', 7);
             SELECT authz_remove_resource('organization', 'acme', 'cascade')",
        )
        .unwrap();
    assert_eq!(rows(&connection, "acme"), Vec::<String>::new());
    assert_eq!(rows(&connection, "7"), ["authz_roles", "authz_resources", "authz_groups", "authz_role_assignments"]);
}

/// What fails in the middle leaves nothing, and a rollback brings all of it back.
#[test]
fn as_a_whole_or_not_at_all() {
    let connection = open();
    connection.execute_batch(OWNED).unwrap();
    let before = rows(&connection, "acme");
    let remove = "SELECT authz_remove_resource('organization', 'acme', 'cascade')";
    connection
        .execute_batch("CREATE TEMP TRIGGER stays BEFORE DELETE ON main.authz_directories BEGIN SELECT RAISE(ABORT, 'it stays'); END")
        .unwrap();
    assert!(connection.execute_batch(remove).unwrap_err().to_string().contains("it stays"));
    assert_eq!(rows(&connection, "acme"), before);
    connection.execute_batch(&format!("DROP TRIGGER stays; BEGIN; {remove}; ROLLBACK")).unwrap();
    assert_eq!(rows(&connection, "acme"), before);
    assert_eq!(texts(&connection, "SELECT authz_check('agent:bot', 'document:read', 'document', 1) || ''"), ["1"]);
}

/// The work follows what the organization has: members, groups and resources, each without a look at all the others.
#[test]
fn ten_times_as_much_is_ten_times_the_work() {
    let connection = open();
    let work = |count: i64| {
        let run = |rest: &str| {
            let sql = format!("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) {rest}");
            connection.execute(&sql, [count]).unwrap();
        };
        connection.execute_batch("BEGIN; INSERT INTO authz_organizations (id) VALUES ('big')").unwrap();
        run(
            "INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id) SELECT 'document', 'd' || i, 'organization', 'big' FROM n",
        );
        run("INSERT INTO authz_users (id) SELECT 'm' || i FROM n");
        run("INSERT INTO authz_memberships (user, organization) SELECT 'm' || i, 'big' FROM n");
        run("INSERT INTO authz_groups (id, organization) SELECT 'g' || i, 'big' FROM n");
        run("INSERT INTO authz_group_members (group_id, subject) SELECT 'g' || i, 'user:m' || i FROM n");
        let steps = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&steps);
        let count_step = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            false
        };
        connection.progress_handler(100, Some(count_step)).unwrap();
        connection.execute_batch("SELECT authz_remove_resource('organization', 'big', 'cascade')").unwrap();
        connection.progress_handler(0, None::<fn() -> bool>).unwrap();
        connection.execute_batch("DELETE FROM authz_users WHERE id GLOB 'm*'; COMMIT").unwrap();
        steps.load(Ordering::Relaxed)
    };
    let (few, many) = (work(100), work(1_000));
    assert!(many < 13 * few, "{few} {many}");
}
