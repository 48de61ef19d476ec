//! The setting `require_membership`: a user has access in an organization only through an active membership of it.

use authz::rusqlite::Connection;

use super::{open, texts};

/// Who reads the documents 1 and 2 and views the note, as checks say, and as lists, rows of a statement and the search say.
fn seen(connection: &Connection, subject: &str) -> [bool; 3] {
    let asked = [("document:read", "document", 1), ("document:read", "document", 2), ("viewer", "note", 1)];
    asked.map(|(permission, of, id)| {
        let check = format!("SELECT authz_check('{subject}', '{permission}', '{of}', {id})");
        let is = connection.query_row(&check, [], |row| row.get::<_, bool>(0)).unwrap();
        for (sql, wanted) in [
            (format!("SELECT subject FROM authz_list_subjects('{permission}', '{of}', {id})"), subject.to_owned()),
            (format!("SELECT resource_id || '' FROM authz_list_resources('{subject}', '{permission}', '{of}')"), id.to_string()),
            (format!("SELECT permission FROM authz_list_permissions('{subject}', '{of}', {id})"), permission.to_owned()),
            (format!("SELECT (authz_explain('{subject}', '{permission}', '{of}', {id}) ->> '$.allowed') || ''"), "1".to_owned()),
            (
                format!(
                    "SELECT resource_id || '' FROM authz_resources WHERE authz_check('{subject}', '{permission}', '{of}', resource_id)"
                ),
                id.to_string(),
            ),
        ] {
            let found = texts(connection, &sql);
            assert_eq!(found.contains(&wanted), is, "{sql} {found:?}");
        }
        is
    })
}

fn set(connection: &Connection, value: &str) -> i64 {
    connection.query_row("SELECT authz_set_setting('require_membership', ?1)", [value], |row| row.get(0)).unwrap()
}

#[test]
fn off_by_default_and_on_for_users_alone() {
    let connection = open();
    assert_eq!(texts(&connection, "SELECT authz_setting('require_membership')"), ["off"]);
    assert_eq!((seen(&connection, "user:in"), seen(&connection, "user:out")), ([true, true, false], [true, true, true]));
    assert_eq!((set(&connection, "on"), set(&connection, "on")), (1, 0));
    assert_eq!((seen(&connection, "user:in"), seen(&connection, "user:out")), ([true, false, false], [false, false, true]));
    for other in ["agent:bot", "service:ci", "document:2", "group:all"] {
        assert!(seen(&connection, other)[0], "{other}");
    }
    let searched =
        |viewer: &str| texts(&connection, &format!("SELECT target ->> '$.resource_id' || '' FROM authz_search('report', '{viewer}')"));
    assert_eq!((searched("user:in"), searched("user:out")), (vec!["1".to_owned()], Vec::new()));
    let why = "SELECT authz_explain('user:out', 'document:read', 'document', 1) ->> '$.reason'";
    assert!(texts(&connection, why)[0].contains("the setting `require_membership` is on"));
    assert_eq!(set(&connection, "off"), 1);
    assert_eq!(seen(&connection, "user:out"), [true, true, true]);
}

#[test]
fn what_changes_counts_at_once() {
    let connection = open();
    let step = |sql: &str| {
        seen(&connection, "user:out");
        connection.execute_batch(sql).unwrap();
        seen(&connection, "user:out")[0]
    };
    assert!(!step("UPDATE _authz_settings SET value = 'on' WHERE name = 'require_membership'"));
    assert!(!step("INSERT INTO authz_memberships (user, organization, status) VALUES ('out', 'acme', 'pending')"));
    assert!(step("UPDATE authz_memberships SET status = 'active' WHERE user = 'out'"));
    assert!(!step("UPDATE authz_memberships SET status = 'inactive' WHERE user = 'out'"));
    assert!(step("UPDATE authz_memberships SET status = 'active' WHERE user = 'out'"));
    assert!(!step("DELETE FROM authz_memberships WHERE user = 'out'"));
    assert!(step("BEGIN; UPDATE _authz_settings SET value = 'off' WHERE name = 'require_membership'"));
    assert!(!step("ROLLBACK"));
    assert!(step("INSERT INTO authz_memberships (user, organization) VALUES ('out', 'acme')"));
    assert_eq!(seen(&connection, "user:out"), [true, false, true]);
}

#[test]
fn another_connection_and_a_file_without_memberships() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.db");
    let one = Connection::open(&path).unwrap();
    authz::register(&one).unwrap();
    authz::migrate(&one).unwrap();
    one.execute_batch(super::WORLD).unwrap();
    let other = Connection::open(&path).unwrap();
    authz::register(&other).unwrap();
    assert!(seen(&other, "user:out")[0]);
    set(&one, "on");
    assert!(!seen(&other, "user:out")[0] && seen(&other, "user:in")[0]);

    let core = Connection::open_in_memory().unwrap();
    authz::register(&core).unwrap();
    core.execute_batch("SELECT authz_migrate('core')").unwrap();
    let refused = core.execute_batch("SELECT authz_set_setting('require_membership', 'on')").unwrap_err().to_string();
    assert!(refused.contains("authz_migrate('identity')"), "{refused}");
    let invalid = one.execute_batch("SELECT authz_set_setting('require_membership', 'yes')").unwrap_err().to_string();
    assert!(invalid.contains("the setting cannot be `yes`: its values are on and off"), "{invalid}");
}
