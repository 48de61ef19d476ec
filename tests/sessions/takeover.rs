//! Who is taken for whom: no organization gets at another through an address that is not its own.

use authz::rusqlite::Connection;

fn open() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    connection
}

/// An organization signs in somebody with an address of another's domain, starts a session and hides where the user came from. The owner of
/// the domain then tells of that address: it gets another user, and the session from before reaches nothing of it.
#[test]
fn a_user_that_one_organization_made_up_is_never_taken_over_by_the_owner_of_the_domain() {
    let connection = open();
    connection
        .execute_batch(
            r#"INSERT INTO authz_organizations (id) VALUES ('evil'), ('victim');
               INSERT INTO authz_organization_domains (organization, domain, state) VALUES ('victim', 'victim.example', 'verified');
               INSERT INTO authz_connections (id, organization, type) VALUES ('idp_evil', 'evil', 'OktaSAML'), ('idp_victim', 'victim', 'OktaSAML');"#,
        )
        .unwrap();
    let sign_in = |through: &str| -> String {
        connection
            .query_row(
                r#"SELECT authz_sso_succeed(authz_sso_start(?1), '{"email": "boss@victim.example"}') ->> '$.user'"#,
                [through],
                |row| row.get(0),
            )
            .unwrap()
    };
    let fake = sign_in("idp_evil");
    let session: String = connection.query_row("SELECT authz_session_start(?1, NULL, 'sso')", [&fake], |row| row.get(0)).unwrap();
    connection.execute_batch("DELETE FROM authz_connections WHERE id = 'idp_evil'").unwrap();
    let boss = sign_in("idp_victim");
    assert_ne!(boss, fake);
    let behind: Option<String> = connection.query_row("SELECT authz_session_subject(?1)", [&session], |row| row.get(0)).unwrap();
    assert_ne!(behind, Some(format!("user:{boss}")));
    connection
        .execute_batch("DELETE FROM authz_memberships WHERE organization = 'evil'; DELETE FROM authz_organizations WHERE id = 'evil'")
        .unwrap();
    assert_eq!(sign_in("idp_victim"), boss);
}

#[test]
fn sessions_from_before_end_when_the_owner_of_a_domain_takes_a_user_in() {
    let connection = open();
    connection
        .execute_batch(
            r#"INSERT INTO authz_organizations (id) VALUES ('acme');
               INSERT INTO authz_organization_domains (organization, domain, state) VALUES ('acme', 'acme.com', 'verified');
               INSERT INTO authz_connections (id, organization, type) VALUES ('idp', 'acme', 'OktaSAML');
               INSERT INTO authz_users (id, email) VALUES ('ana', 'ana@acme.com');"#,
        )
        .unwrap();
    let session: String = connection.query_row("SELECT authz_session_start('ana', NULL, 'password')", [], |row| row.get(0)).unwrap();
    let sign_in = r#"SELECT authz_sso_succeed(authz_sso_start('idp'), '{"email": "ana@acme.com"}') ->> '$.user'"#;
    assert_eq!(connection.query_row(sign_in, [], |row| row.get::<_, String>(0)).unwrap(), "ana");
    let behind =
        |session: &str| connection.query_row("SELECT authz_session_subject(?1)", [session], |row| row.get::<_, Option<String>>(0)).unwrap();
    assert_eq!(behind(&session), None);
    let later: String = connection.query_row("SELECT authz_session_start('ana', 'acme', 'sso')", [], |row| row.get(0)).unwrap();
    connection.query_row(sign_in, [], |_| Ok(())).unwrap();
    assert_eq!(behind(&later), Some("user:ana".to_owned()), "a member signs in again");
}
