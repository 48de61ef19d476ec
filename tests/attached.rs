//! Where an attached file has the schema and the main one has none, nobody is told to migrate the wrong one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use authz::rusqlite::Connection;

/// A connection whose main file is empty; the file attached as `rights` has the schema.
fn beside(folder: &tempfile::TempDir) -> Connection {
    let path = folder.path().join("rights.db");
    authz::migrate(&Connection::open(&path).unwrap()).unwrap();
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    connection.execute("ATTACH ?1 AS rights", [path.to_str().unwrap()]).unwrap();
    connection
}

fn text(connection: &Connection, sql: &str) -> Result<String, String> {
    connection.query_row(sql, [], |row| row.get(0)).map_err(|error| error.to_string())
}

#[test]
fn errors_name_the_file_that_has_the_schema() {
    let folder = tempfile::tempdir().unwrap();
    let connection = beside(&folder);
    for (function, question) in [
        ("authz_check", "SELECT authz_check('user:ana', 'document:read', 'document', 1)"),
        ("authz_grant", "SELECT authz_grant('user:ana', 'reader', 'document', 1)"),
        ("authz_list_resources", "SELECT resource_id FROM authz_list_resources('user:ana', 'document:read', 'document')"),
        ("authz_session_subject", "SELECT authz_session_subject('token')"),
    ] {
        let told = text(&connection, question).unwrap_err();
        let right = format!(
            "{function}: the schema of authz is in the attached database `rights`, and authz reads `main` alone; open that file as the main one, and attach the other to it"
        );
        assert_eq!(told, right, "{question}");
    }
}

#[test]
fn the_doctor_names_it_too() {
    let folder = tempfile::tempdir().unwrap();
    let connection = beside(&folder);
    let found = text(&connection, "SELECT \"where\" || ': ' || what || '; ' || what_to_do FROM authz_doctor()");
    let right = "rights: an attached database has the authz schema, and authz reads `main` alone; open that file as the main database, and attach the other to it";
    assert_eq!(found, Ok(right.to_owned()));
}

#[test]
fn a_main_file_with_the_schema_is_the_one_that_lacks_a_system() {
    let folder = tempfile::tempdir().unwrap();
    let connection = beside(&folder);
    authz::migrate_systems(&connection, &["core"]).unwrap();
    let told = text(&connection, "SELECT authz_session_subject('token')").unwrap_err();
    assert_eq!(told, "authz_session_subject: this file lacks the system `identity`: run `SELECT authz_migrate('identity')` first");
}
