//! Each event once: against WorkOS's schema, as the view and as an envelope, and in `docs/events.md`.
//!
//! `UPDATE_EXPECTED=1 cargo test --test outbox` writes the catalogue in that document anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use authz::rusqlite::Connection;
use serde_json::Value;

use crate::{Event, events_after, last_seq, needs, open};

/// Plain SQL and calls by which every event comes at least once. Ids are given where the schema would draw them at random.
const STORY: &str = r#"
SELECT authz_apply('{"resource_types": {"project": {"parents": ["organization"]}}}');
INSERT INTO authz_organizations (id, name, external_id, metadata) VALUES ('org_acme', 'Acme', 'crm-17', '{"plan":"pro"}');
UPDATE authz_organizations SET name = 'Acme Ltd' WHERE id = 'org_acme';
INSERT INTO authz_users (id, email, first_name, last_name) VALUES ('user_ana', 'ana@acme.test', 'Ana', 'Silva');
UPDATE authz_users SET email = 'ana.silva@acme.test' WHERE id = 'user_ana';
INSERT INTO authz_memberships (id, user, organization, status) VALUES ('om_ana', 'user_ana', 'org_acme', 'pending');
UPDATE authz_memberships SET status = 'active' WHERE id = 'om_ana';
INSERT INTO authz_permissions (id, slug, resource_type, name) VALUES ('perm_read', 'project:read', 'project', 'Read projects');
UPDATE authz_permissions SET description = 'See what is in a project' WHERE slug = 'project:read';
INSERT INTO authz_roles (id, slug, resource_type, name) VALUES ('role_editor', 'editor', 'project', 'Editor');
INSERT INTO authz_role_permissions (role, permission) VALUES ('editor', 'project:read');
INSERT INTO authz_roles (id, slug, organization, name) VALUES ('role_auditor', 'org-auditor', 'org_acme', 'Auditor');
UPDATE authz_roles SET description = 'Reads all, changes nothing' WHERE slug = 'org-auditor';
SELECT authz_put_resource('project', 1, 'organization', 'org_acme', 'Website');
INSERT INTO authz_organizations (id) VALUES ('org_empty');
SELECT authz_put_resource('project', 1, 'organization', 'org_acme', 'New website');
INSERT INTO authz_resource_type_parents (resource_type, parent_type) VALUES ('project', 'project');
SELECT authz_put_resource('project', 2, 'organization', 'org_acme');
SELECT authz_put_resource('project', 2, 'project', 1);
SELECT authz_grant('user:user_ana', 'editor', 'project', 1);
SELECT authz_grant('user:user_ana', 'editor', 'project', 1, '2030-01-31T12:00:00Z');
SELECT authz_revoke('user:user_ana', 'editor', 'project', 1);
INSERT INTO authz_groups (id, organization, name) VALUES ('group_web', 'org_acme', 'Web');
UPDATE authz_groups SET description = 'Builds the website' WHERE id = 'group_web';
SELECT authz_add_member('group:group_web', 'user:user_ana');
SELECT authz_remove_member('group:group_web', 'user:user_ana');
SELECT authz_add_member('group:group_web', 'agent:bot-7');
SELECT authz_remove_member('group:group_web', 'agent:bot-7');
INSERT INTO authz_groups (id, name) VALUES ('everyone', 'Everyone');
UPDATE authz_groups SET name = 'All' WHERE id = 'everyone';
INSERT INTO authz_directories (id, organization, name, type, state) VALUES ('directory_acme', 'org_acme', 'Acme', 'okta scim v2.0', 'inactive');
UPDATE authz_directories SET name = 'Acme staff' WHERE id = 'directory_acme';
UPDATE authz_directories SET state = 'active' WHERE id = 'directory_acme';
SELECT authz_scim('directory_acme', 'POST', '/Users', '{"userName": "bo@acme.test", "externalId": "00u1", "title": "Builder",
  "name": {"givenName": "Bo", "familyName": "Berg"}, "emails": [{"value": "bo@acme.test", "type": "work", "primary": true}]}');
SELECT authz_scim('directory_acme', 'POST', '/Groups', '{"displayName": "Builders", "externalId": "00g1"}');
SELECT authz_scim('directory_acme', 'PATCH', '/Groups/' || (SELECT id FROM authz_directory_groups), '{"Operations": [
  {"op": "add", "path": "members", "value": [{"value": "' || (SELECT id FROM authz_directory_users) || '"}]}]}');
SELECT authz_scim('directory_acme', 'PATCH', '/Groups/' || (SELECT id FROM authz_directory_groups),
  '{"Operations": [{"op": "replace", "value": {"displayName": "Web builders"}}]}');
SELECT authz_scim('directory_acme', 'PATCH', '/Groups/' || (SELECT id FROM authz_directory_groups),
  '{"Operations": [{"op": "remove", "path": "members"}]}');
SELECT authz_scim('directory_acme', 'PATCH', '/Users/' || (SELECT id FROM authz_directory_users),
  '{"Operations": [{"op": "replace", "value": {"title": "Architect", "active": false}}]}');
SELECT authz_remove_directory('directory_acme');
DELETE FROM authz_groups;
DELETE FROM authz_resources WHERE resource_type = 'project' AND resource_id = 2;
INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id, expires_at) VALUES
  ('user:user_ana', 'editor', 'project', 1, '2020-01-31T12:00:00.000Z');
SELECT authz_sweep();
INSERT INTO authz_connections (id, organization, type, name) VALUES ('conn_acme', 'org_acme', 'OktaSAML', 'Okta of Acme');
INSERT INTO authz_sso_sessions (id, connection, ip_address, user_agent) VALUES ('sso_1', 'conn_acme', '198.51.100.7', 'Mozilla/5.0'), ('sso_2', 'conn_acme', NULL, NULL);
UPDATE authz_sso_sessions SET status = 'success', email = 'ana.silva@acme.test', user = 'user_ana' WHERE id = 'sso_1';
SELECT authz_sso_fail('sso_2', 'access_denied', 'the person is not assigned to the application');
INSERT INTO authz_sso_sessions (id, connection, started_at) VALUES ('sso_3', 'conn_acme', '2020-01-31T12:00:00.000Z');
SELECT authz_sweep();
INSERT INTO authz_sso_sessions (id, connection, origin) VALUES ('sso_4', 'conn_acme', 'test'), ('sso_5', 'conn_acme', 'test');
SELECT authz_sso_succeed('sso_4', '{"email": "ana.silva@acme.test"}');
SELECT authz_sso_fail('sso_5', 'server_error', NULL);
INSERT INTO authz_sessions (id, user, organization, auth_method, impersonator)
VALUES ('session_1', 'user_ana', 'org_acme', 'sso', '{"email": "support@acme.test", "reason": "Ticket 4711"}');
UPDATE authz_sessions SET status = 'revoked' WHERE id = 'session_1';
INSERT INTO authz_sessions (id, user, auth_method, created_at) VALUES ('session_2', 'user_ana', 'carrier pigeon', '2020-01-31T12:00:00.000Z');
SELECT authz_sweep();
UPDATE authz_connections SET state = 'inactive' WHERE id = 'conn_acme';
DELETE FROM authz_connections;
DELETE FROM authz_memberships WHERE id = 'om_ana';
DELETE FROM authz_memberships;
DELETE FROM authz_users WHERE id = 'user_ana';
DELETE FROM authz_users;
DELETE FROM authz_roles WHERE slug <> 'member';
DELETE FROM authz_permissions;
DELETE FROM authz_organizations WHERE id = 'org_empty';
UPDATE _authz_settings SET value = 'off' WHERE name = 'events';
UPDATE _authz_settings SET value = 'on' WHERE name = 'events';
"#;

fn told() -> Connection {
    let connection = open();
    connection.execute_batch(STORY).unwrap();
    connection
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The reference's schema of each event it knows; `None` where the data of the tests is not at hand.
fn schemas() -> Option<BTreeMap<String, Value>> {
    let file: Value = serde_json::from_str(&needs::shared_text("workos/events.schema.json")?).unwrap();
    Some(file["events"].as_object().unwrap().iter().map(|(name, schema)| (name.clone(), schema.clone())).collect())
}

fn envelopes(connection: &Connection, bound: &str) -> Vec<(i64, Value)> {
    let mut statement = connection.prepare(&format!("SELECT seq, json FROM authz_event_envelopes {bound}")).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?))).unwrap();
    rows.map(|row| row.map(|(seq, json)| (seq, serde_json::from_str(&json).unwrap())).unwrap()).collect()
}

/// Every name that the triggers write.
const NAMES: [&str; 64] = [
    "authentication.sso_failed",
    "authentication.sso_started",
    "authentication.sso_succeeded",
    "authentication.sso_test_failed",
    "authentication.sso_test_started",
    "authentication.sso_test_succeeded",
    "authentication.sso_timed_out",
    "authorization_resource.created",
    "authorization_resource.deleted",
    "authorization_resource.moved",
    "authorization_resource.updated",
    "authz_directory.created",
    "authz_directory.updated",
    "authz_group.created",
    "authz_group.deleted",
    "authz_group.updated",
    "connection.activated",
    "connection.deactivated",
    "connection.deleted",
    "dsync.activated",
    "dsync.deleted",
    "dsync.group.created",
    "dsync.group.deleted",
    "dsync.group.updated",
    "dsync.group.user_added",
    "dsync.group.user_removed",
    "dsync.user.created",
    "dsync.user.deleted",
    "dsync.user.updated",
    "events.disabled",
    "events.enabled",
    "group.created",
    "group.deleted",
    "group.member_added",
    "group.member_removed",
    "group.updated",
    "group_member.created",
    "group_member.deleted",
    "model.applied",
    "organization.created",
    "organization.deleted",
    "organization.updated",
    "organization_membership.created",
    "organization_membership.deleted",
    "organization_membership.updated",
    "organization_role.created",
    "organization_role.deleted",
    "organization_role.updated",
    "permission.created",
    "permission.deleted",
    "permission.updated",
    "role.created",
    "role.deleted",
    "role.updated",
    "role_assignment.created",
    "role_assignment.deleted",
    "role_assignment.expired",
    "role_assignment.updated",
    "session.created",
    "session.expired",
    "session.revoked",
    "user.created",
    "user.deleted",
    "user.updated",
];

#[test]
fn each_event_is_written_and_keeps_to_the_reference() {
    let connection = told();
    let names: BTreeSet<String> = events_after(&connection, 0).into_iter().map(|event| event.name).collect();
    let expected = NAMES.into_iter().map(str::to_owned).collect();
    assert_eq!(names, expected);
    let Some(schemas) = schemas() else { return };
    let mut validated = BTreeSet::new();
    for (seq, envelope) in envelopes(&connection, "") {
        let name = envelope["event"].as_str().unwrap();
        if let Some(schema) = schemas.get(name) {
            let validator = jsonschema::options().should_validate_formats(true).build(schema).unwrap();
            let errors: Vec<String> = validator.iter_errors(&envelope).map(|error| format!("{}: {error}", error.instance_path())).collect();
            assert_eq!(errors, [""; 0], "{seq} {envelope:#}");
            validated.insert(name.to_owned());
        }
    }
    let known: BTreeSet<String> = names.into_iter().filter(|name| schemas.contains_key(name)).collect();
    assert_eq!(validated, known);
    assert_eq!(validated.len(), 42);
}

#[test]
fn the_view_and_the_envelopes_say_the_same() {
    let connection = told();
    let read = |event: &Event| {
        let mut envelope = serde_json::json!({"object": "event", "id": event.id, "event": event.name, "data": event.data,
            "created_at": event.created_at});
        if !event.context.is_null() {
            envelope["context"] = event.context.clone();
        }
        (event.seq, envelope)
    };
    let all: Vec<(i64, Value)> = events_after(&connection, 0).iter().map(read).collect();
    assert_eq!(envelopes(&connection, ""), all);
    let (first, last) = (all[0].0, all[all.len() - 1].0);
    for bound in [
        "seq > 5",
        "seq >= 5",
        "seq < 9",
        "seq <= 9",
        "seq = 7",
        "seq BETWEEN 4 AND 8",
        "seq > '5'",
        "seq > 5.5",
        "seq = NULL",
        "seq IN (2, 9)",
    ] {
        let counted: Vec<i64> = (first..=last)
            .filter(|seq| {
                connection
                    .query_row(&format!("SELECT ifnull({}, 0)", bound.replace("seq", &seq.to_string())), [], |row| row.get(0))
                    .unwrap()
            })
            .filter(|seq| all.iter().any(|(one, _)| one == seq))
            .collect();
        let counted = if bound == "seq > '5'" { (6..=last).filter(|seq| all.iter().any(|(one, _)| one == seq)).collect() } else { counted };
        let found: Vec<i64> = envelopes(&connection, &format!("WHERE {bound}")).into_iter().map(|(seq, _)| seq).collect();
        assert_eq!(found, counted, "{bound}");
    }
    let backwards: Vec<i64> = envelopes(&connection, "ORDER BY seq DESC LIMIT 3").into_iter().map(|(seq, _)| seq).collect();
    assert_eq!(backwards, [last, last - 1, last - 2]);
    assert!(connection.execute("INSERT INTO authz_event_envelopes (seq) VALUES (1)", []).is_err());
}

#[test]
fn both_come_from_one_text() {
    let connection = open();
    let view: String = connection.query_row("SELECT sql FROM sqlite_schema WHERE name = 'authz_events'", [], |row| row.get(0)).unwrap();
    let (_, view) = view.split_once(" AS\n").unwrap();
    let page = std::fs::read_to_string(root().join("sql/outbox/page.sql")).unwrap();
    let (_, page) = page.split_once("(\n").unwrap();
    let (page, _) = page.rsplit_once("\n)").unwrap();
    // The schema is made without the comments of its files.
    let without_comments: Vec<&str> = page.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
    assert_eq!(without_comments.join("\n").replace("main.", ""), view);
    // Every table that is read is qualified.
    for word in ["FROM _authz", "JOIN _authz", "FROM authz", "JOIN authz"] {
        assert!(!page.contains(word), "{word}");
    }
}

#[test]
fn folding_hands_over_every_column_of_an_object() {
    let connection = open();
    let columns = "SELECT group_concat(name) FROM pragma_table_info('_authz_outbox')
        WHERE name NOT IN ('seq', 'kind', 'event', 'token', 'written_at', 'actor_id', 'actor_source', 'actor_name')";
    let columns: String = connection.query_row(columns, [], |row| row.get(0)).unwrap();
    let text = std::fs::read_to_string(root().join("sql/outbox/call/copy_object.sql")).unwrap();
    let copied = text.replace(char::is_whitespace, "");
    assert!(copied.contains(&format!("SET({columns})=(SELECT{columns}FROM")), "{columns}");
}

/// How many rows the machine of SQLite looked at, one after the other, for a page.
fn steps_of_a_page(connection: &Connection, sql: &str, after: i64) -> i32 {
    let mut statement = connection.prepare(sql).unwrap();
    let count = statement.query_map([after], |_| Ok(())).unwrap().count();
    assert_eq!(count, 50);
    statement.get_status(authz::rusqlite::StatementStatus::VmStep)
}

#[test]
fn a_page_costs_the_same_however_many_events_there_are() {
    let connection = open();
    let grow = |from: i64, to: i64| {
        let sql = "WITH RECURSIVE n (i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
                   INSERT INTO authz_users (id, email) SELECT 'u' || i, 'u' || i || '@acme.test' FROM n";
        connection.execute(sql, [from, to]).unwrap();
    };
    grow(1, 200);
    let page = "SELECT * FROM authz_events WHERE seq > ?1 ORDER BY seq LIMIT 50";
    let few = steps_of_a_page(&connection, page, 100);
    grow(201, 10_000);
    assert_eq!(steps_of_a_page(&connection, page, 100), few);
    assert_eq!(steps_of_a_page(&connection, page, 9_000), few);
    let envelopes = "SELECT * FROM authz_event_envelopes WHERE seq > ?1 ORDER BY seq LIMIT 50";
    assert_eq!(steps_of_a_page(&connection, envelopes, 100), steps_of_a_page(&connection, envelopes, 9_000));
    let plan: String = connection.query_row(&format!("EXPLAIN QUERY PLAN {envelopes}"), [0], |row| row.get(3)).unwrap();
    assert!(plan.contains("INDEX 1:"), "{plan}");
}

#[test]
fn what_was_written_cannot_be_changed() {
    let connection = told();
    let before = events_after(&connection, 0);
    for statement in [
        "DELETE FROM authz_events",
        "UPDATE authz_events SET event = 'x'",
        "INSERT INTO authz_events (seq) VALUES (1000)",
        "DELETE FROM _authz_outbox WHERE seq = 5",
        "DELETE FROM _authz_outbox",
        "UPDATE _authz_outbox SET event = 'x' WHERE seq = 5",
        "UPDATE _authz_outbox SET written_at = '2001-01-01T00:00:00.000Z'",
        "UPDATE _authz_outbox SET actor_name = 'x'",
        "UPDATE _authz_outbox SET seq = 9000 WHERE seq = 5",
        "UPDATE _authz_outbox SET token = 1, actor_id = 'ana', actor_source = 'api'",
        "UPDATE _authz_outbox SET actor_id = 'ana', actor_source = 'moon'",
        "INSERT INTO _authz_outbox (seq, kind, event) VALUES (5, 'user', 'user.created')",
        "INSERT OR REPLACE INTO _authz_outbox (seq, kind, event) VALUES (5, 'user', 'user.created')",
        "INSERT INTO _authz_outbox (seq, kind) VALUES (-1, 'user')",
        "UPDATE _authz_outbox SET name = 'x'",
        "DELETE FROM _authz_outbox WHERE event IS NULL",
        "UPDATE _authz_outbox_role_permissions SET held = 0",
        "DELETE FROM _authz_outbox_role_permissions",
        "INSERT INTO _authz_call (id, first_seq) VALUES (1, 1)",
    ] {
        let told = connection.execute_batch(statement).unwrap_err().to_string();
        assert!(told.contains("outbox_append_only") || told.contains("CHECK constraint failed"), "{statement}: {told}");
        assert_eq!(events_after(&connection, 0), before, "{statement}");
    }
    let name = |value: &str| {
        format!("UPDATE _authz_outbox SET actor_id = '{value}', actor_source = 'api', actor_name = NULL WHERE seq = {}", before[0].seq)
    };
    connection.execute_batch(&name("ana")).unwrap();
    assert_eq!(events_after(&connection, 0)[0].context["actor"], serde_json::json!({"id": "ana", "source": "api", "name": null}));
    assert!(connection.execute_batch(&name("ben")).unwrap_err().to_string().contains("outbox_append_only"));
}

#[test]
fn settings_and_consumers_keep_to_what_makes_sense() {
    let connection = told();
    for (statement, told) in [
        ("INSERT INTO _authz_settings VALUES ('colour', 'red')", "setting_unknown"),
        ("INSERT OR REPLACE INTO _authz_settings VALUES ('events', 'red')", "setting_unknown"),
        ("UPDATE _authz_settings SET name = 'colour' WHERE name = 'events'", "setting_unknown"),
        ("UPDATE _authz_settings SET value = 'maybe' WHERE name = 'events'", "setting_invalid"),
        ("UPDATE _authz_settings SET value = 0 WHERE name = 'events_keep_days'", "setting_invalid"),
        ("UPDATE _authz_settings SET value = '90' WHERE name = 'events_keep_days'", "setting_invalid"),
        ("DELETE FROM _authz_settings", "setting_required"),
    ] {
        let error = connection.execute_batch(statement).unwrap_err().to_string();
        assert!(error.starts_with(told), "{statement}: {error}");
    }
    let last = last_seq(&connection);
    connection
        .execute_batch("INSERT INTO _authz_consumers (consumer) VALUES ('mailer'); UPDATE _authz_consumers SET position = 9")
        .unwrap();
    for position in [8, last + 1] {
        assert!(
            connection
                .execute("UPDATE _authz_consumers SET position = ?1", [position])
                .unwrap_err()
                .to_string()
                .starts_with("consumer_position")
        );
    }
    let behind: i64 = connection.query_row("SELECT behind FROM authz_consumers WHERE consumer = 'mailer'", [], |row| row.get(0)).unwrap();
    assert_eq!(behind, events_after(&connection, 9).len() as i64);
    connection.execute_batch("DELETE FROM authz_consumers WHERE consumer = 'mailer'").unwrap();
    assert_eq!(connection.query_row("SELECT count(*) FROM authz_consumers", [], |row| row.get::<_, i64>(0)), Ok(0));
}

/// Whether an id was drawn at random: 26 hexadecimal digits behind what it is an id of.
fn is_drawn(text: &str) -> bool {
    text.len() > 27
        && text.is_ascii()
        && text.as_bytes()[text.len() - 27] == b'_'
        && text[text.len() - 26..].bytes().all(|b| b.is_ascii_hexdigit())
}

/// What stays the same from run to run: times, and ids that were drawn at random, are replaced.
fn steady(value: &Value) -> Value {
    match value {
        Value::String(text) if text.len() == 24 && text.ends_with('Z') && !text.starts_with("2030") => "2026-12-01T09:30:00.000Z".into(),
        Value::String(text) if text.starts_with("role_") && text.len() == 31 => "role_1f7c6b9868957912a9b921f7b6".into(),
        Value::String(text) if is_drawn(text) => format!("{}4be0d8a1c55e9f027b6d3c1f90", &text[..text.len() - 26]).into(),
        Value::String(text) if text.starts_with("event_") => "event_36dc83f170afc49200000001".into(),
        Value::Array(all) => all.iter().map(steady).collect(),
        Value::Object(all) => all.iter().map(|(name, value)| (name.clone(), steady(value))).collect::<serde_json::Map<_, _>>().into(),
        other => other.clone(),
    }
}

#[test]
fn the_document_shows_what_is_written() {
    let connection = told();
    let mut first: BTreeMap<String, Value> = BTreeMap::new();
    for (_, envelope) in envelopes(&connection, "") {
        first.entry(envelope["event"].as_str().unwrap().to_owned()).or_insert(envelope);
    }
    let mut catalogue = String::from("\n");
    for (name, envelope) in &first {
        let mut shown = serde_json::Map::new();
        for member in ["data", "context"] {
            if let Some(value) = envelope.get(member) {
                shown.insert(member.to_owned(), steady(value));
            }
        }
        catalogue.push_str(&format!("### `{name}`\n\n```json\n{}\n```\n\n", serde_json::to_string_pretty(&shown).unwrap()));
    }
    let path = root().join("docs/events.md");
    let document = std::fs::read_to_string(&path).unwrap();
    let (head, rest) = document.split_once("<!-- catalogue: written by tests/outbox/payloads.rs -->\n").unwrap();
    let (found, tail) = rest.split_once("<!-- end of the catalogue -->").unwrap();
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        let marker = "<!-- catalogue: written by tests/outbox/payloads.rs -->\n";
        std::fs::write(&path, format!("{head}{marker}{catalogue}<!-- end of the catalogue -->{tail}")).unwrap();
        return;
    }
    assert_eq!(found, catalogue);
}
