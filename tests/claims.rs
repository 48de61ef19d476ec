//! Claims: what a token says about a user in an organization, who gets none, and how much room there is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod needs;

use authz::rusqlite::types::Value as SqlValue;
use authz::rusqlite::{Connection, params};
use proptest::prelude::*;
use serde_json::{Value, json};

#[path = "../examples/sign_claims.rs"]
#[allow(dead_code)]
mod sign_claims;

fn open() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    connection
        .execute_batch(
            r#"SELECT authz_apply('{
                 "resource_types": {"document": {"parents": ["organization"]}},
                 "permissions": {"document:read": {"resource_type": "document"}, "document:edit": {"resource_type": "document"},
                                 "billing:see": {"resource_type": "organization"}},
                 "roles": {"member": {"resource_type": "organization", "permissions": ["document:read"]},
                           "owner": {"resource_type": "organization", "permissions": ["billing:see", "document:read"]},
                           "editor": {"resource_type": "document", "permissions": ["document:edit"]}}}', 'force');
               INSERT INTO authz_organizations (id, name, metadata) VALUES ('acme', 'Acme', '{"plan":"pro"}'), (7, NULL, '{}');
               INSERT INTO authz_organization_domains (organization, domain, state, created_at) VALUES
                 ('acme', 'zeta.test', 'verified', '2026-01-01T00:00:00.000Z'), ('acme', 'acme.test', 'pending', '2026-02-01T00:00:00.000Z');
               INSERT INTO authz_users (id, email, first_name, last_name, external_id, metadata) VALUES
                 ('ana', 'ana@acme.test', 'Ana', 'Silva', 'crm-1', '{"lang":"pt"}'), ('bo', 'bo@acme.test', NULL, NULL, NULL, '{}');
               INSERT INTO authz_memberships (id, user, organization) VALUES ('om_ana', 'ana', 'acme'), ('om_bo', 'bo', 7);
               SELECT authz_put_resource('document', 1, 'organization', 'acme'), authz_grant('user:ana', 'editor', 'document', 1);
               SELECT authz_set_role_order('["owner", "member"]');"#,
        )
        .unwrap();
    connection
}

fn answer(connection: &Connection, sql: &str) -> Result<Value, String> {
    let text = connection.query_row(sql, [], |row| row.get::<_, String>(0)).map_err(|error| error.to_string())?;
    Ok(serde_json::from_str(&text).unwrap())
}

fn claims(connection: &Connection) -> Value {
    answer(connection, "SELECT authz_claims('ana', 'acme')").unwrap()
}

fn set(connection: &Connection, template: &str) -> Result<i64, String> {
    connection.query_row("SELECT authz_set_jwt_template(?1)", [template], |row| row.get(0)).map_err(|error| error.to_string())
}

fn render(connection: &Connection, template: &str) -> Result<Value, String> {
    let sql = "SELECT authz_render_jwt(?1, 'ana', 'acme')";
    let text = connection.query_row(sql, [template], |row| row.get::<_, String>(0)).map_err(|error| error.to_string())?;
    Ok(serde_json::from_str(&text).unwrap())
}

#[test]
fn claims_say_who_it_is_and_what_is_held_on_the_organization() {
    let connection = open();
    let plain = json!({"sub": "ana", "org_id": "acme", "role": "member", "roles": ["member"], "permissions": ["document:read"]});
    assert_eq!(claims(&connection), plain);
    let keys: Vec<String> = claims(&connection).as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["sub", "org_id", "role", "roles", "permissions"]);
    // Roles of groups count, whatever the depth and though a group contains itself; one that has expired does not.
    connection
        .execute_batch(
            "SELECT authz_add_member('group:a', 'user:ana'), authz_add_member('group:b', 'group:a'), authz_add_member('group:a', 'group:b');
             SELECT authz_grant('group:b', 'owner', 'organization', 'acme')",
        )
        .unwrap();
    let more = json!({"sub": "ana", "org_id": "acme", "role": "owner", "roles": ["owner", "member"], "permissions": ["billing:see", "document:read"]});
    assert_eq!(claims(&connection), more);
    connection
        .execute_batch("UPDATE authz_role_assignments SET expires_at = '2001-01-01T00:00:00.000Z' WHERE subject = 'group:b'")
        .unwrap();
    assert_eq!(claims(&connection), plain);
    let other = answer(&connection, "SELECT authz_claims('bo', '7')").unwrap();
    assert_eq!((&other["sub"], &other["org_id"]), (&json!("bo"), &json!("7")));
}

#[test]
fn the_template_adds_its_keys() {
    let connection = open();
    connection
        .execute_batch("SELECT authz_define_attribute('department'), authz_define_attribute('tags', '{\"type\": \"array\"}')")
        .unwrap();
    connection.execute_batch(r#"SELECT authz_set_attributes('ana', 'acme', 'sso', '{"department": "Tax", "tags": ["a"]}')"#).unwrap();
    let template = r#"{
      "name": "{{ user.first_name }} {{ user.last_name }}",
      "department": "{{ organization_membership.custom_attributes.department || 'none' }}",
      "tags": {{ organization_membership.custom_attributes.tags }},
      "domain": {{ organization.domains.0.domain }},
      "domains": {{ organization.domains }},
      "plan": "{{ organization.metadata.plan }}", "lang": {{ user.metadata.lang }}, "missing": {{ user.metadata.nothing }},
      "crm": {{ user.external_id }}, "managed": {{ organization_membership.directory_managed }}
    }"#;
    let expected = json!({"name": "Ana Silva", "department": "Tax", "tags": ["a"], "domain": "zeta.test",
        "domains": [{"domain": "zeta.test", "state": "verified", "organization_id": "acme"},
                    {"domain": "acme.test", "state": "pending", "organization_id": "acme"}],
        "plan": "pro", "lang": "pt", "crm": "crm-1", "managed": false});
    assert_eq!(render(&connection, template), Ok(expected.clone()));
    assert_eq!(set(&connection, template), Ok(1));
    assert_eq!(set(&connection, template), Ok(0));
    let mut all = claims(&connection);
    for key in ["sub", "org_id", "role", "roles", "permissions"] {
        assert!(all.as_object_mut().unwrap().remove(key).is_some());
    }
    assert_eq!(all, expected);
    // Somebody else's nulls: 7 has no domain, no metadata that is JSON, and Bo no name.
    let bo = answer(&connection, "SELECT authz_claims('bo', 7)").unwrap();
    assert_eq!(bo["name"], "");
    assert_eq!(bo["department"], "none");
    assert!(["tags", "domain", "lang", "crm"].iter().all(|key| bo.get(key).is_none()), "{bo}");
    assert_eq!(bo["domains"], json!([]));
    assert_eq!(bo["plan"], "");
    assert_eq!(set(&connection, ""), Ok(1));
    assert_eq!(claims(&connection).as_object().unwrap().len(), 5);
    assert_eq!(connection.query_row("SELECT authz_set_jwt_template(NULL)", [], |row| row.get::<_, i64>(0)), Ok(0));
}

#[test]
fn a_template_is_refused_with_line_and_column_and_the_old_one_stays() {
    let connection = open();
    connection
        .execute_batch("SELECT authz_define_attribute('department'), authz_define_attribute('tags', '{\"type\": \"array\"}')")
        .unwrap();
    set(&connection, r#"{"plan": {{ organization.metadata.plan }}}"#).unwrap();
    for (template, place, told) in [
        ("{}", "line 1 column 1", "has none"),
        ("{\"x\": \"{{ }}\"}", "line 1 column 8", "is empty"),
        ("{\n\"x\": \"{{ user.id\"}", "line 2 column 7", "is missing"),
        ("{\"iss\": \"me\"}", "line 1 column 2", "`iss` is reserved"),
        ("{\"roles\": []}", "line 1 column 2", "`roles` is reserved"),
        ("{\"x\": \"{{ user.metadata }}\"}", "line 1 column 8", "inside a string"),
        ("{\"x\": {{ organisation.id }}}", "line 1 column 10", "did you mean `organization`?"),
        ("{\"x\": {{ organization_membership.custom_attributes.departmant }}}", "line 1 column 7", "did you mean `department`?"),
        ("{\"x\": {{ organization_membership.custom_attributes.job_title }}}", "line 1 column 7", "no attribute `job_title`"),
        ("{\"x\":\n \"{{ organization_membership.custom_attributes.tags }}\"}", "line 2 column 3", "an array inside a string"),
    ] {
        for (function, refused) in [
            ("authz_set_jwt_template", set(&connection, template).map(drop)),
            ("authz_render_jwt", render(&connection, template).map(drop)),
        ] {
            let said = refused.unwrap_err();
            assert!(said.starts_with(&format!("{function}: the template, {place}: ")) && said.contains(told), "{template}: {said}");
        }
        assert_eq!(claims(&connection)["plan"], "pro");
    }
    // What another client writes into the table is looked at when it is used.
    connection.execute_batch("UPDATE authz_jwt_template SET template = '{\"sub\": \"root\"}'").unwrap();
    let said = answer(&connection, "SELECT authz_claims('ana', 'acme')").unwrap_err();
    assert!(said.contains("line 1 column 2: the key `sub` is reserved"), "{said}");
    // An attribute that is undefined afterwards is null.
    set(&connection, r#"{"d": "<{{ organization_membership.custom_attributes.department }}>"}"#).unwrap();
    connection.execute_batch("SELECT authz_undefine_attribute('department')").unwrap();
    assert_eq!(claims(&connection)["d"], "<>");
}

#[test]
fn nobody_gets_claims_without_an_active_membership() {
    let connection = open();
    for (sql, told) in [
        ("SELECT authz_claims('bo', 'acme')", "`bo` has no membership of the organization `acme`"),
        ("SELECT authz_claims('nobody', 'acme')", "`nobody` has no membership"),
        ("SELECT authz_claims('ana', 'nowhere')", "unknown organization `nowhere`"),
        ("SELECT authz_claims(NULL, 'acme')", "the user is NULL"),
        ("SELECT authz_claims('ana', NULL)", "the organization is NULL"),
        ("SELECT authz_render_jwt('{\"a\": 1}', 'bo', 'acme')", "`bo` has no membership"),
        ("SELECT authz_render_jwt(NULL, 'ana', 'acme')", "the template is NULL"),
        ("SELECT authz_claims('ana', 'acme', 'session_404')", "`session_404` is not a live session of `ana`"),
        ("SELECT authz_claims('ana', 'acme', '')", "`` is not a live session"),
    ] {
        let said = answer(&connection, sql).unwrap_err();
        assert!(said.contains(told), "{sql}: {said}");
    }
    assert!(answer(&connection, "SELECT authz_claims('ana', 'acme', NULL)").unwrap().get("sid").is_none());
    for status in ["inactive", "pending"] {
        connection.execute("UPDATE authz_memberships SET status = ?1 WHERE id = 'om_ana'", [status]).unwrap();
        let said = answer(&connection, "SELECT authz_claims('ana', 'acme')").unwrap_err();
        assert!(said.contains(&format!("is {status}; nobody gets a token")), "{said}");
        assert!(render(&connection, "{\"a\": 1}").is_err());
    }
    let bare = Connection::open_in_memory().unwrap();
    authz::register(&bare).unwrap();
    assert!(answer(&bare, "SELECT authz_claims('ana', 'acme')").unwrap_err().contains("authz_migrate()"));
}

#[test]
fn claims_that_are_too_large_say_which_keys_take_the_room() {
    let connection = open();
    for number in 0..200 {
        connection.execute("INSERT INTO authz_permissions (slug) VALUES (printf('permission:%05d', ?1))", [number]).unwrap();
        connection
            .execute("INSERT INTO authz_role_permissions (role, permission) VALUES ('member', printf('permission:%05d', ?1))", [number])
            .unwrap();
    }
    let said = answer(&connection, "SELECT authz_claims('ana', 'acme')").unwrap_err();
    assert!(said.contains("the claims would have 3") && said.contains("may have 3072"), "{said}");
    assert!(said.contains("most of the room is taken by `permissions` (3"), "{said}");
    connection.execute_batch("DELETE FROM authz_role_permissions WHERE permission > 'permission:00009'").unwrap();
    connection.execute_batch("SELECT authz_define_attribute('x')").unwrap();
    set(&connection, r#"{"small": 1, "big": {{ organization_membership.custom_attributes.x }}}"#).unwrap();
    // Exactly the limit passes, one byte more does not.
    let filled = |length: usize| {
        let attributes = json!({"x": "x".repeat(length)}).to_string();
        connection.query_row("SELECT authz_set_attributes('ana', 'acme', 'sso', ?1)", [attributes], |_| Ok(())).unwrap();
        connection.query_row("SELECT authz_claims('ana', 'acme')", [], |row| row.get::<_, String>(0)).map_err(|error| error.to_string())
    };
    let room = 3072 - filled(1).unwrap().len() + 1;
    assert_eq!(filled(room).unwrap().len(), 3072);
    let said = filled(room + 1).unwrap_err();
    assert!(said.contains("the claims would have 3073 bytes") && said.contains("taken by `big` ("), "{said}");
    let x = "{{ organization_membership.custom_attributes.x }}";
    let said = render(&connection, &format!("{{\"x\": {x}, \"{}\": 1, \"c\": \"{}\"}}", "k".repeat(90), "c".repeat(400))).unwrap_err();
    assert!(said.contains("the rendered template would have"), "{said}");
    let said = filled(2_000_000).unwrap_err();
    assert!(said.contains("`big` takes the room"), "{said}");
}

/// Metadata cannot have the character.
fn without_nul(text: &str) -> String {
    text.replace('\0', "")
}

#[test]
fn values_cannot_add_keys_whatever_they_are() {
    let connection = open();
    connection.execute_batch("SELECT authz_define_attribute('x')").unwrap();
    set(&connection, r#"{"a": "{{ user.first_name }}", "b": {{ organization_membership.custom_attributes.x }}, "c": {{ user.metadata }}}"#)
        .unwrap();
    for hostile in ["\",\"sub\":\"root", "\"}", "}}", "{{ user.email }}", "\\", "\\\"", "\u{2028}\u{0}\n", "'||'"] {
        connection
            .execute(
                "UPDATE authz_users SET first_name = ?1, metadata = ?2 WHERE id = 'ana'",
                params![hostile, json!({without_nul(hostile): without_nul(hostile)}).to_string()],
            )
            .unwrap();
        let attributes = json!({"x": hostile}).to_string();
        connection.query_row("SELECT authz_set_attributes('ana', 'acme', 'sso', ?1)", [attributes], |_| Ok(())).unwrap();
        let all = claims(&connection);
        let keys: Vec<&String> = all.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["sub", "org_id", "role", "roles", "permissions", "a", "b", "c"]);
        assert_eq!((&all["sub"], &all["a"], &all["b"]), (&json!("ana"), &json!(hostile.trim()), &json!(hostile.trim())));
        assert_eq!(all["c"], json!({without_nul(hostile): without_nul(hostile)}));
    }
}

fn parsed(connection: &Connection) -> i64 {
    connection.query_row("SELECT authz_debug() ->> 'templates'", [], |row| row.get(0)).unwrap()
}

#[test]
fn ten_thousand_users_cost_one_parse() {
    let connection = open();
    connection
        .execute_batch(
            "BEGIN; UPDATE _authz_settings SET value = 'off' WHERE name = 'events';
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
             INSERT INTO authz_users (id, email) SELECT 'u' || i, 'u' || i || '@acme.test' FROM n;
             INSERT INTO authz_memberships (user, organization) SELECT id, 'acme' FROM authz_users WHERE id GLOB 'u[0-9]*';
             COMMIT",
        )
        .unwrap();
    set(&connection, r#"{"mail": "{{ user.email }}"}"#).unwrap();
    let before = parsed(&connection);
    let fresh =
        "SELECT count(*), count(DISTINCT authz_claims(user, organization) ->> 'mail') FROM authz_memberships WHERE organization = 'acme'";
    let counted: (i64, i64) = connection.query_row(fresh, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(counted, (10_001, 10_001));
    assert_eq!(parsed(&connection), before);
    // Previews beside it push nothing out, and many of them keep little.
    for number in 0..20 {
        render(&connection, &format!("{{\"x\": {number}}}")).unwrap();
        claims(&connection);
    }
    assert_eq!(parsed(&connection), before + 20);
    // Another connection parses for itself, once.
    set(&connection, r#"{"mail": "{{ user.id }}"}"#).unwrap();
    claims(&connection);
    assert_eq!(parsed(&connection), before + 21);
}

#[test]
fn claims_are_made_in_views_and_under_a_savepoint_that_is_rolled_back() {
    let connection = open();
    connection
        .execute_batch(
            "CREATE VIEW tokens AS SELECT user, authz_claims(user, organization) AS claims FROM authz_memberships;
             PRAGMA trusted_schema = OFF; SAVEPOINT s;
             UPDATE authz_memberships SET status = 'inactive' WHERE user = 'ana'",
        )
        .unwrap();
    assert!(answer(&connection, "SELECT claims FROM tokens WHERE user = 'ana'").is_err());
    connection.execute_batch("ROLLBACK TO s; RELEASE s").unwrap();
    assert_eq!(answer(&connection, "SELECT claims FROM tokens WHERE user = 'ana'").unwrap()["sub"], "ana");
    connection.execute_batch("CREATE TEMP TABLE authz_memberships (id, user, organization, status); INSERT INTO temp.authz_memberships VALUES ('x', 'mallory', 'acme', 'active')").unwrap();
    assert!(answer(&connection, "SELECT authz_claims('mallory', 'acme')").is_err());
}

#[test]
fn the_example_signs_what_was_claimed() {
    let connection = open();
    set(&connection, r#"{"plan": {{ organization.metadata.plan }}}"#).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let signed = |now| sign_claims::sign(&connection, "ana", "acme", None, &jsonwebtoken::EncodingKey::from_secret(b"key"), now);
    let mut read = sign_claims::read(&signed(now).unwrap(), &jsonwebtoken::DecodingKey::from_secret(b"key")).unwrap();
    assert_eq!(read.remove("exp").unwrap(), now + sign_claims::LIFETIME);
    assert_eq!((read.remove("iat"), read.remove("iss")), (Some(now.into()), Some("https://app.example".into())));
    assert_eq!(Value::Object(read), claims(&connection));
    assert!(sign_claims::read(&signed(now).unwrap(), &jsonwebtoken::DecodingKey::from_secret(b"other")).is_err());
    assert!(sign_claims::read(&signed(now - 10_000).unwrap(), &jsonwebtoken::DecodingKey::from_secret(b"key")).is_err());
    connection.execute_batch("UPDATE authz_memberships SET status = 'inactive'").unwrap();
    assert!(signed(now).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(needs::cases(24)))]
    /// What a token says of the organization's own permissions is what checks say of them.
    #[test]
    fn claims_and_checks_agree(
        held in prop::collection::vec((0..4usize, 0..3usize), 0..6),
        members in prop::collection::vec((0..3usize, 0..4usize), 0..8),
        given in prop::collection::vec((0..4usize, 0..3usize, 0..3u8), 0..6),
    ) {
        let connection = open();
        let subjects = ["user:ana", "group:a", "group:b", "group:c"];
        let (roles, permissions) = (["member", "owner", "org-own"], ["x:0", "x:1", "x:2", "x:3"]);
        connection.execute_batch("INSERT INTO authz_roles (slug, organization) VALUES ('org-own', 'acme'), ('org-own', 7)").unwrap();
        for permission in permissions {
            connection.execute("INSERT INTO authz_permissions (slug) VALUES (?1)", [permission]).unwrap();
        }
        connection.execute_batch("INSERT INTO authz_role_permissions (role, organization, permission) VALUES ('org-own', 7, 'x:3')").unwrap();
        for (permission, role) in held {
            let organization = (roles[role] == "org-own").then_some("acme");
            let sql = "INSERT OR IGNORE INTO authz_role_permissions (role, organization, permission) VALUES (?1, ?2, ?3)";
            connection.execute(sql, params![roles[role], organization, permissions[permission]]).unwrap();
        }
        for (group, member) in members {
            connection.query_row("SELECT authz_add_member(?1, ?2)", [subjects[group + 1], subjects[member]], |_| Ok(())).unwrap();
        }
        for (subject, role, kind) in given {
            // The default role of a member has no end.
            let expires = (kind == 0 && (subject, role) != (0, 0)).then_some("2001-01-01T00:00:00.000Z");
            let organization: SqlValue = if kind == 1 { 7.into() } else { "acme".to_owned().into() };
            // By plain SQL, for the function refuses times that are over and groups that are not there.
            let sql = "INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id, expires_at) VALUES (?1, ?2, 'organization', ?3, ?4)
              ON CONFLICT DO UPDATE SET expires_at = excluded.expires_at";
            connection.execute(sql, params![subjects[subject], roles[role], organization, expires]).unwrap();
        }
        let claimed = claims(&connection)["permissions"].clone();
        for permission in permissions.into_iter().chain(["billing:see"]) {
            let sql = "SELECT authz_check('user:ana', ?1, 'organization', 'acme')";
            let checked: bool = connection.query_row(sql, [permission], |row| row.get(0)).unwrap();
            prop_assert_eq!(claimed.as_array().unwrap().iter().any(|held| held == permission), checked, "{} {}", permission, claimed);
        }
    }
}

/// `sid` is that of a live session of this user in this organization, by the clock in use.
#[test]
fn a_session_stands_in_the_claims_while_it_lives() {
    let connection = open();
    connection.execute_batch("INSERT INTO authz_memberships (user, organization) VALUES ('ana', 7), ('bo', 'acme')").unwrap();
    let start = |user: &str, organization: &str| -> String {
        let sql = "SELECT authz_session_start(?1, ?2, 'sso')";
        connection.query_row(sql, [user, organization], |row| row.get(0)).unwrap()
    };
    let with = |session: &str| answer(&connection, &format!("SELECT authz_claims('ana', 'acme', '{session}')"));
    let session = start("ana", "acme");
    assert_eq!(with(&session).unwrap()["sid"], session.as_str());
    for other in [start("ana", "7"), start("bo", "acme")] {
        assert!(with(&other).unwrap_err().contains("is not a live session of `ana`"));
    }
    let alone: String = connection.query_row("SELECT authz_session_start('ana', NULL, 'sso')", [], |row| row.get(0)).unwrap();
    assert!(with(&alone).unwrap_err().contains("is not a live session"), "a session without an organization");
    // Forty days on it is over, and back by the database's clock it is not.
    connection.execute_batch("SELECT authz_set_now(strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+40 days'))").unwrap();
    assert!(with(&session).unwrap_err().contains("is not a live session"));
    connection.execute_batch("SELECT authz_set_now(NULL)").unwrap();
    assert!(with(&session).is_ok());
    connection.query_row("SELECT authz_session_revoke(?1)", [&session], |_| Ok(())).unwrap();
    assert!(with(&session).unwrap_err().contains("is not a live session"));
}

/// A role that expires goes from the claims by the clock in use.
#[test]
fn claims_go_by_the_clock_in_use() {
    let connection = open();
    connection
        .execute_batch("SELECT authz_grant('user:ana', 'owner', 'organization', 'acme', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+1 day'))")
        .unwrap();
    assert_eq!(claims(&connection)["roles"], json!(["owner", "member"]));
    connection.execute_batch("SELECT authz_set_now(strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+2 days'))").unwrap();
    assert_eq!(claims(&connection)["roles"], json!(["member"]));
    assert_eq!(claims(&connection)["permissions"], json!(["document:read"]));
}
