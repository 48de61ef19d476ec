//! `authz_doctor` finds what was damaged, and nothing in a file that is well.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::process::Command;

use authz::rusqlite::config::DbConfig;
use authz::rusqlite::{self, Connection};

const WORLD: &str = r#"
    SELECT authz_apply('{"resource_types": {"document": {"parents": ["organization"], "search": "document:read"}},
      "permissions": {"document:read": {"resource_type": "document"}},
      "roles": {"reader": {"resource_type": "document", "permissions": ["document:read"]}}}');
    SELECT authz_put_resource('organization', 'acme', NULL, NULL, 'Acme');
    SELECT authz_put_resource('document', 1, 'organization', 'acme', 'Report');
    INSERT INTO authz_users (id, email) VALUES ('ana', 'ana@acme.com');
    INSERT INTO authz_memberships (user, organization) VALUES ('ana', 'acme');
    SELECT authz_add_member('group:eng', 'user:ana');
    SELECT authz_grant('group:eng', 'reader', 'document', 1);"#;

fn file(path: &std::path::Path, systems: &[&str], world: &str) -> Connection {
    let connection = Connection::open(path).unwrap();
    authz::register(&connection).unwrap();
    authz::migrate_systems(&connection, systems).unwrap();
    connection.execute_batch(world).unwrap();
    connection
}

fn findings(connection: &Connection) -> Vec<String> {
    let sql = r#"SELECT severity || ' | ' || what || ' | ' || "where" || ' | ' || what_to_do FROM authz_doctor()"#;
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<rusqlite::Result<_>>().unwrap()
}

#[test]
fn a_file_that_is_well_has_no_findings() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(findings(&file(&folder.path().join("all"), &[], WORLD)), [""; 0]);
    for system in ["core", "events", "identity", "search"] {
        assert_eq!(findings(&file(&folder.path().join(system), &[system], "")), [""; 0], "{system}");
    }
}

#[test]
fn a_file_without_the_schema_is_told_how_to_get_it() {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    assert_eq!(findings(&connection), ["error | the file has no authz schema | main | SELECT authz_migrate()"]);
}

/// What is done to a file while triggers and constraints are off, and what of it is found.
const DAMAGE: [(&str, &str); 11] = [
    (
        "DELETE FROM authz_resources WHERE resource_type = 'document'",
        "error | a role is assigned on a resource that is not registered | authz_role_assignments: group:eng, reader on document:1",
    ),
    ("DELETE FROM authz_resources WHERE resource_type = 'organization'", "error | the parent of a resource is not registered"),
    (
        "UPDATE authz_role_assignments SET expires_at = 'soon'",
        "error | a table is damaged, or a row breaks a rule: CHECK constraint failed in authz_role_assignments",
    ),
    ("INSERT INTO _authz_call (id, first_seq) VALUES (1, 0)", "error | the mark of a running call is left"),
    ("DELETE FROM authz_users", "error | a membership has no user or no organization | authz_memberships: ana in acme"),
    (
        "INSERT INTO authz_group_members VALUES ('eng', 'user:gone')",
        "warning | a user that holds something has no row in authz_users: was it deleted? | authz_group_members: user:gone",
    ),
    (
        "DELETE FROM authz_group_members; DELETE FROM authz_groups",
        "note | a group holds roles and has no member, so that nobody has them by it | authz_role_assignments: group:eng",
    ),
    (
        "INSERT INTO authz_relationships (subject, relation, resource_type, resource_id) VALUES ('user:ana', 'fan', 'document', 1)",
        "warning | the model does not allow a relationship, so it grants nothing | authz_relationships: user:ana, fan of document:1",
    ),
    ("UPDATE authz_role_assignments SET expires_at = '2020-01-01T00:00:00.000Z'", "note | rows have expired"),
    ("DROP TABLE _authz_search_index", "warning | the index of the search is missing"),
    ("DROP INDEX _authz_resources_by_parent", "error | an object of the schema is missing | _authz_resources_by_parent | restore it"),
];

#[test]
fn what_was_damaged_is_found_and_migrating_stops_where_the_schema_is() {
    let folder = tempfile::tempdir().unwrap();
    for (place, (damage, expected)) in DAMAGE.iter().enumerate() {
        let path = folder.path().join(place.to_string());
        let connection = file(&path, &[], WORLD);
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false).unwrap();
        connection.execute_batch("PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF").unwrap();
        connection.execute_batch(damage).unwrap();
        connection.execute_batch("PRAGMA ignore_check_constraints = OFF").unwrap();
        let found = findings(&connection);
        assert!(found[0].starts_with("error | triggers are switched off on this connection"), "{damage}");
        assert!(found.iter().any(|finding| finding.starts_with(expected)), "{damage}: {found:#?}");
        drop(connection);

        let connection = Connection::open(&path).unwrap();
        authz::register(&connection).unwrap();
        let found = findings(&connection);
        assert!(found.iter().any(|finding| finding.starts_with(expected)), "{damage}: {found:#?}");
        assert_eq!(authz::migrate(&connection).is_err(), damage.starts_with("DROP INDEX"), "{damage}");
    }
}

#[test]
fn the_command_says_by_its_status_whether_anything_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.db");
    let connection = file(&path, &[], WORLD);
    let run = || Command::new(env!("CARGO_BIN_EXE_authz")).arg("doctor").arg(&path).output().unwrap();
    let well = run();
    assert_eq!((well.status.code(), well.stdout), (Some(0), b"nothing is wrong\n".to_vec()));
    connection.execute_batch("DROP INDEX _authz_resources_by_parent").unwrap();
    let ill = run();
    assert_eq!(ill.status.code(), Some(1));
    assert!(String::from_utf8(ill.stdout).unwrap().contains("_authz_resources_by_parent"));
}
