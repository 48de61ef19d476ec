//! What is unique: external ids, e-mail addresses, domains; in plain SQL as in functions, whatever clause for conflicts a statement has.

use authz::rusqlite::Connection;

use super::{open, texts};

fn refused(connection: &Connection, sql: &str, sentence: &str) {
    let error = connection.execute_batch(sql).unwrap_err().to_string();
    assert!(error.contains(sentence), "{sql}: {error}");
}

#[test]
fn a_user_has_an_address_and_an_external_id_of_its_own() {
    let connection = open();
    connection.execute_batch("UPDATE authz_users SET external_id = 'x1' WHERE id = 'in'").unwrap();
    for (sql, sentence) in [
        ("INSERT INTO authz_users (email) VALUES ('IN@Acme.com')", "UNIQUE constraint failed: index '_authz_user_email_conflict'"),
        ("INSERT INTO authz_users (email, external_id) VALUES ('new@acme.com', 'x1')", "UNIQUE constraint failed: authz_users.external_id"),
        ("INSERT OR REPLACE INTO authz_users (email) VALUES ('IN@Acme.com')", "replace_refused"),
        ("INSERT OR REPLACE INTO authz_users (external_id) VALUES ('x1')", "replace_refused"),
        ("UPDATE authz_users SET email = 'In@acme.com' WHERE id = 'out'", "user_email_conflict: another user has that e-mail address"),
        ("UPDATE OR REPLACE authz_users SET email = 'In@acme.com' WHERE id = 'out'", "user_email_conflict"),
        (
            "UPDATE OR REPLACE authz_users SET external_id = 'x1' WHERE id = 'out'",
            "external_id_already_used: another user has that external id",
        ),
    ] {
        refused(&connection, sql, sentence);
    }
    connection
        .execute_batch(
            "INSERT OR IGNORE INTO authz_users (email) VALUES ('in@acme.com');
             INSERT INTO authz_users (email) VALUES ('in@acme.com') ON CONFLICT DO NOTHING;
             UPDATE authz_users SET email = 'IN@acme.com', external_id = 'x1' WHERE id = 'in';
             INSERT INTO authz_users (id) VALUES ('none'), ('neither');",
        )
        .unwrap();
    assert_eq!(texts(&connection, "SELECT id FROM authz_users ORDER BY id"), ["in", "neither", "none", "out"]);
}

#[test]
fn an_organization_has_an_external_id_of_its_own() {
    let connection = open();
    connection.execute_batch("UPDATE authz_organizations SET external_id = 'x1' WHERE id = 'acme'").unwrap();
    for (sql, sentence) in [
        ("INSERT INTO authz_organizations (external_id) VALUES ('x1')", "UNIQUE constraint failed: authz_organizations.external_id"),
        ("INSERT OR REPLACE INTO authz_organizations (external_id) VALUES ('x1')", "replace_refused"),
        (
            "UPDATE authz_organizations SET external_id = 'x1' WHERE id = 7",
            "external_id_already_used: another organization has that external id",
        ),
        ("UPDATE OR REPLACE authz_organizations SET external_id = 'x1' WHERE id = 7", "external_id_already_used"),
    ] {
        refused(&connection, sql, sentence);
    }
    connection.execute_batch("UPDATE authz_organizations SET external_id = 'x1', name = 'A' WHERE id = 'acme'").unwrap();
}

/// Several may claim a domain, as WorkOS has it, and one can show that it is theirs.
#[test]
fn a_domain_is_verified_for_one_organization() {
    let connection = open();
    connection
        .execute_batch("INSERT INTO authz_organization_domains (organization, domain, state) VALUES ('acme', 'acme.com', 'verified'), (7, 'acme.com', 'pending')")
        .unwrap();
    for sql in [
        "UPDATE authz_organization_domains SET state = 'verified' WHERE organization = 7",
        "UPDATE OR REPLACE authz_organization_domains SET state = 'verified' WHERE organization = 7",
        "UPDATE OR IGNORE authz_organization_domains SET state = 'verified' WHERE organization = 7",
    ] {
        refused(&connection, sql, "organization_domain_conflict: the domain is verified for another organization");
    }
    let found = texts(&connection, "SELECT organization || '' FROM authz_organization_domains WHERE state = 'verified'");
    assert_eq!(found, ["acme"]);
}

/// What one organization's directory can do with an address of another's domain, over SCIM and by sign-in.
#[test]
fn a_directory_meets_an_address_that_somebody_has() {
    let connection = open();
    let scim = |directory: &str, name: &str| {
        let sql = "SELECT authz_scim(?1, 'POST', '/Users', json_object('userName', ?2)) ->> '$.status'";
        assert_eq!(connection.query_row(sql, [directory, name], |row| row.get::<_, i64>(0)).unwrap(), 201);
    };
    connection
        .execute_batch(
            "SELECT authz_put_directory('d_acme', 'acme', 'Acme'), authz_put_directory('d_7', 7, 'Seven');
             INSERT INTO authz_connections (id, organization, type) VALUES ('c_7', 7, 'GenericSAML');",
        )
        .unwrap();
    let who = "SELECT u.directory || ' ' || ifnull(p.email, '-') FROM authz_directory_users AS u JOIN authz_users AS p ON p.id = u.user ORDER BY u.directory";
    // Nobody owns the domain: whoever comes second has no address.
    scim("d_7", "cay@acme.com");
    scim("d_acme", "CAY@acme.com");
    assert_eq!(texts(&connection, who), ["d_7 cay@acme.com", "d_acme -"]);
    // A sign-in without an id of the provider's own is found by the address each time.
    let sign_in = || {
        connection.execute_batch("SELECT authz_sso_succeed(authz_sso_start('c_7'), '{\"email\": \"in@acme.com\"}')").unwrap();
        texts(&connection, "SELECT user FROM authz_sso_sessions ORDER BY started_at DESC, id DESC LIMIT 1")
    };
    let first = sign_in();
    assert_ne!(first, ["in"]);
    assert_eq!(sign_in(), first);
    // The owner of the domain takes the address back, over the user that it knows by it.
    connection
        .execute_batch("INSERT INTO authz_organization_domains (organization, domain, state) VALUES ('acme', 'acme.com', 'verified')")
        .unwrap();
    let linked = texts(&connection, "SELECT user FROM authz_directory_users WHERE directory = 'd_acme'");
    connection
        .execute_batch(
            "INSERT INTO authz_connections (id, organization, type) VALUES ('c_acme', 'acme', 'GenericSAML');
             SELECT authz_sso_succeed(authz_sso_start('c_acme'), '{\"email\": \"Cay@acme.com\", \"idp_id\": \"1\"}')",
        )
        .unwrap();
    assert_eq!(texts(&connection, who), ["d_7 -", "d_acme Cay@acme.com"]);
    assert_eq!(texts(&connection, "SELECT user FROM authz_sso_sessions WHERE connection = 'c_acme'"), linked);
    assert_eq!(texts(&connection, "SELECT email FROM authz_users WHERE id = 'in'"), ["in@acme.com"]);
}
