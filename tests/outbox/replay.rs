//! Replaying the outbox from nothing gives the relations as they are, at every boundary of a call, and a payload reads the same however
//! late it is read.

use std::collections::BTreeMap;

use authz::rusqlite::types::Value as Sql;
use authz::rusqlite::{Connection, ToSql, params_from_iter};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{Event, events_after, last_seq, open};

/// Every object there is: its kind and key, and what it looks like.
pub(crate) type Objects = BTreeMap<String, Value>;

/// What identifies the object of an event: of an assignment or a member, all that it consists of.
fn key(name: &str, data: &Value) -> String {
    match name.split('.').next().unwrap() {
        "role_assignment" => {
            let part = |member: &str| &data[member];
            format!(
                "assignment {} {} {} {} {}",
                part("subject"),
                part("role"),
                part("resource_type_slug"),
                part("resource_id"),
                part("source")
            )
        }
        "group" if data["object"].is_null() => format!("member {} {}", data["group_id"], data["subject"]),
        "group_member" => format!("member {} {}", data["group_id"], data["subject"]),
        "role" | "organization_role" => format!("role {}", data["id"]),
        "authz_group" | "group" => format!("group {}", data["id"]),
        "authorization_resource" => format!("resource {} {}", data["resource_type_slug"], data["resource_id"]),
        "authentication" => format!("sso_session {}", data["sso"]["session_id"]),
        "dsync" if data["object"].is_null() => format!("directory_member {} {}", data["group"]["id"], data["user"]["id"]),
        "dsync" | "authz_directory" => format!("{} {}", data["object"].as_str().unwrap(), data["id"]),
        other => format!("{other} {}", data["id"]),
    }
}

/// The objects that a history leaves.
pub(crate) fn replayed(events: &[Event]) -> Objects {
    let mut objects = Objects::new();
    for event in events {
        let key = key(&event.name, &event.data);
        let verb = event.name.rsplit('.').next().unwrap();
        match verb {
            "created" => assert!(objects.insert(key.clone(), event.data.clone()).is_none(), "{key} came twice"),
            "updated" | "moved" => assert!(objects.insert(key.clone(), event.data.clone()).is_some(), "{key} changed before it came"),
            "deleted" if event.name == "connection.deleted" => {
                objects.remove(&key);
            }
            "deleted" => assert!(objects.remove(&key).is_some(), "{key} went before it came"),
            "member_added" => assert!(objects.insert(key.clone(), json!({"subject": event.data["subject"]})).is_none(), "{key} came twice"),
            "member_removed" => assert!(objects.remove(&key).is_some(), "{key} went before it came"),
            "user_added" => assert!(objects.insert(key.clone(), Value::Null).is_none(), "{key} came twice"),
            "user_removed" => assert!(objects.remove(&key).is_some(), "{key} went before it came"),
            // It came so, or became so.
            "activated" if event.name.starts_with("dsync.") => drop(objects.insert(key, event.data.clone())),
            "applied" | "enabled" | "disabled" => {}
            "sso_started" => assert!(objects.insert(key.clone(), event.data.clone()).is_none(), "{key} began twice"),
            "sso_succeeded" | "sso_failed" | "sso_timed_out" => {
                let before = objects.insert(key.clone(), event.data.clone());
                assert_eq!(before.map(|data| data["status"].clone()), Some(json!("started")), "{key} ended, and was not in progress");
            }
            "revoked" | "expired" if event.name.starts_with("session.") => {
                let before = objects.insert(key.clone(), event.data.clone());
                assert_eq!(before.map(|data| data["status"].clone()), Some(json!("active")), "{key} ended, and was not active");
            }
            "expired" => assert!(objects.remove(&key).is_some(), "{key} expired before it came"),
            // Those that are active: one that never was has no event.
            "activated" => assert!(objects.insert(key.clone(), Value::Null).is_none(), "{key} was active already"),
            "deactivated" => assert!(objects.remove(&key).is_some(), "{key} was not active"),
            other => panic!("{other}"),
        }
    }
    for (key, object) in &mut objects {
        if key.starts_with("member ") {
            *object = Value::Null;
        } else if key.starts_with("organization_membership ") {
            // The roles are assignments, which have events of their own.
            object.as_object_mut().unwrap().retain(|member, _| !["role", "roles"].contains(&member.as_str()));
        } else if key.starts_with("directory_") && !object.is_null() {
            // A group is newer with each of its members, which have events of their own.
            object.as_object_mut().unwrap().retain(|member, _| !["previous_attributes", "updated_at"].contains(&member.as_str()));
        }
    }
    objects
}

/// The objects as the relations have them, each read by plain SQL that knows nothing of the outbox.
pub(crate) fn current(connection: &Connection) -> Objects {
    let bool = |value: &str| format!("json(CASE {value} WHEN 1 THEN 'true' ELSE 'false' END)");
    let times = "'created_at', created_at, 'updated_at', updated_at";
    let queries = [
        format!(
            "SELECT 'permission ' || json_quote(id), json_object('object', 'permission', 'id', id, 'slug', slug, 'name', ifnull(name, slug),
               'description', description, 'system', {}, 'resource_type_slug', resource_type, 'relation', relation, {times})
               FROM authz_permissions",
            bool("system")
        ),
        format!(
            "SELECT 'role ' || json_quote(id), json_object('object', 'role', 'id', id, 'slug', slug, 'name', name,
               'description', description, 'type', 'EnvironmentRole', 'resource_type_slug', resource_type, 'is_default', {},
               'priority', priority, 'permissions', json((SELECT json_group_array(permission) FROM (SELECT permission FROM authz_role_permissions AS p
                 WHERE p.role = r.slug AND p.organization IS NULL ORDER BY permission))), {times})
             FROM authz_roles AS r WHERE organization IS NULL",
            bool("is_default")
        ),
        format!(
            "SELECT 'role ' || json_quote(id), json_object('object', 'organization_role', 'id', id, 'organization_id', organization || '',
               'slug', slug, 'name', ifnull(name, slug), 'description', description, 'type', 'OrganizationRole',
               'resource_type_slug', resource_type, 'is_default', {}, 'priority', priority,
               'permissions', json((SELECT json_group_array(permission) FROM (SELECT permission FROM authz_role_permissions AS p
                 WHERE p.role = r.slug AND p.organization = r.organization ORDER BY permission))), {times})
             FROM authz_roles AS r WHERE organization IS NOT NULL",
            bool("is_default")
        ),
        "SELECT 'assignment ' || json_quote(subject) || ' ' || json_object('slug', role) || ' ' || json_quote(resource_type) || ' '
             || json_quote(resource_id) || ' ' || json_quote(source),
           json_object('object', 'role_assignment', 'subject', subject, 'role', json_object('slug', role), 'organization_id', organization || '',
             'resource_type_slug', resource_type, 'resource_id', resource_id, 'source', source, 'expires_at', expires_at,
             'created_at', created_at)
         FROM authz_role_assignments"
            .to_owned(),
        format!(
            "SELECT 'resource ' || json_quote(resource_type) || ' ' || json_quote(resource_id),
               json_object('object', 'authorization_resource', 'id', resource_type || ':' || resource_id, 'external_id', external_id,
                 'resource_type_slug', resource_type, 'resource_id', resource_id, 'name', name, 'description', description,
                 'organization_id', organization || '', 'parent_resource_id', parent_type || ':' || parent_id,
                 'parent_resource_type_slug', parent_type, {times})
             FROM authz_resources WHERE resource_type <> 'organization'"
        ),
        "SELECT 'organization ' || json_quote(id || ''), json_object('object', 'organization', 'id', o.id || '', 'resource_id', r.resource_id,
           'name', ifnull(r.name, r.resource_id || ''), 'description', r.description, 'domains', json('[]'), 'metadata', json(metadata),
           'external_id', o.external_id, 'created_at', r.created_at, 'updated_at', r.updated_at)
         FROM authz_organizations AS o FULL JOIN authz_resources AS r ON r.resource_type = 'organization' AND r.resource_id = o.id
         WHERE r.resource_type IS 'organization' OR r.resource_type IS NULL"
            .to_owned(),
        format!(
            "SELECT 'user ' || json_quote(id), json_object('object', 'user', 'id', id, 'email', email, 'email_verified', json('false'),
               'first_name', first_name, 'last_name', last_name, 'profile_picture_url', NULL, 'last_sign_in_at', NULL,
               'metadata', json(metadata), 'external_id', external_id, {times}) FROM authz_users"
        ),
        format!(
            "SELECT 'organization_membership ' || json_quote(id), json_object('object', 'organization_membership', 'id', id, 'user_id', user,
               'organization_id', organization || '', 'status', status, 'directory_managed', {},
               'custom_attributes', json(custom_attributes), {times}) FROM authz_memberships",
            bool("directory_managed")
        ),
        format!(
            "SELECT 'group ' || json_quote(id), CASE WHEN organization IS NULL
               THEN json_object('object', 'authz_group', 'id', id, 'name', ifnull(name, id), 'description', description, {times})
               ELSE json_object('object', 'group', 'id', id, 'organization_id', organization || '', 'name', ifnull(name, id),
                 'description', description, {times}) END
             FROM authz_groups"
        ),
        "SELECT 'member ' || json_quote(group_id) || ' ' || json_quote(subject), 'null' FROM authz_group_members".to_owned(),
        "SELECT 'connection ' || json_quote(id), 'null' FROM authz_connections WHERE state = 'active'".to_owned(),
        "SELECT 'sso_session ' || json_quote(id), json_patch(
           json_object('type', 'sso', 'status', CASE status WHEN 'in_progress' THEN 'started' WHEN 'success' THEN 'succeeded' ELSE status END,
             'ip_address', ip_address, 'user_agent', user_agent, 'user_id', user, 'email', email,
             'sso', json_object('organization_id', organization || '', 'connection_id', connection, 'session_id', id)),
           CASE WHEN status = 'timed_out' THEN json_object('error', json_object('code', 'sso_timed_out', 'message', 'the sign-in was not completed in time'))
             WHEN error_code IS NULL THEN '{}' ELSE json_object('error', json_object('code', error_code, 'message', error_message)) END)
         FROM _authz_sso_sessions"
            .to_owned(),
        format!(
            "SELECT 'session ' || json_quote(id), json_patch(
               json_object('object', 'session', 'id', id, 'user_id', user, 'auth_method', auth_method, 'status', status,
                 'ip_address', ip_address, 'user_agent', user_agent, 'expires_at', expires_at, 'ended_at', ended_at, {times}),
               CASE WHEN organization IS NULL THEN '{{}}' ELSE json_object('organization_id', organization || '') END)
             FROM _authz_sessions"
        ),
        format!(
            "SELECT 'directory ' || json_quote(id), json_object('object', 'directory', 'id', id, 'organization_id', organization || '',
               'external_key', id, 'type', type, 'state', state, 'name', name, 'domains', json('[]'), {times}) FROM authz_directories"
        ),
        "SELECT 'directory_user ' || json_quote(id), json_object('object', 'directory_user', 'id', id, 'directory_id', directory,
           'organization_id', organization || '', 'idp_id', idp_id, 'email', email, 'first_name', first_name, 'last_name', last_name,
           'username', username, 'state', state, 'raw_attributes', json(raw_attributes), 'custom_attributes', json(custom_attributes),
           'created_at', created_at) FROM authz_directory_users"
            .to_owned(),
        "SELECT 'directory_group ' || json_quote(id), json_object('object', 'directory_group', 'id', id, 'directory_id', directory,
           'organization_id', organization || '', 'idp_id', idp_id, 'name', name, 'raw_attributes', json(raw_attributes),
           'created_at', created_at) FROM authz_directory_groups"
            .to_owned(),
        "SELECT 'directory_member ' || json_quote(directory_group) || ' ' || json_quote(member), 'null' FROM authz_directory_group_members
         WHERE member GLOB 'directory_user_*'"
            .to_owned(),
    ];
    let mut objects = Objects::new();
    for query in queries {
        let mut statement = connection.prepare_cached(&query).unwrap();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let (key, object) = (row.get::<_, String>(0).unwrap(), row.get::<_, String>(1).unwrap());
            assert!(objects.insert(key.clone(), serde_json::from_str(&object).unwrap()).is_none(), "{key}");
        }
    }
    objects
}

/// Holds the outbox against the relations; answers what first differs.
pub(crate) fn difference(connection: &Connection) -> Option<String> {
    let (replayed, current) = (replayed(&events_after(connection, 0)), current(connection));
    let keys: std::collections::BTreeSet<&String> = replayed.keys().chain(current.keys()).collect();
    let differs = |key: &&&String| replayed.get(**key) != current.get(**key);
    keys.iter().find(differs).map(|key| format!("{key}\n  replayed {:?}\n  in force {:?}", replayed.get(*key), current.get(*key)))
}

const SETUP: &str = "
INSERT INTO authz_resource_types (slug) VALUES ('folder'), ('document');
INSERT INTO authz_resource_type_parents (resource_type, parent_type) VALUES
  ('folder', 'organization'), ('folder', 'folder'), ('document', 'folder');";

/// Statements with places for what varies: `?1` to `?4` are small numbers and texts. Whichever of them is refused is refused.
const STATEMENTS: [&str; 79] = [
    "INSERT INTO authz_organizations (id, name, metadata) VALUES (?1, ?3, '{\"k\":\"v\"}')",
    "INSERT OR IGNORE INTO authz_organizations (id) VALUES (CAST(?1 AS TEXT))",
    "INSERT INTO authz_resources (resource_type, resource_id, name) VALUES ('organization', ?1, ?3)",
    "SELECT authz_put_resource('organization', ?1, NULL, NULL, ?3)",
    "UPDATE authz_organizations SET name = ?3, external_id = ?4 WHERE id = ?1",
    "UPDATE authz_resources SET name = ?3 WHERE resource_type = 'organization' AND resource_id = ?1",
    "UPDATE authz_resources SET description = ?4 WHERE resource_id = ?1",
    "DELETE FROM authz_organizations WHERE id = ?1",
    "DELETE FROM authz_resources WHERE resource_type = 'organization' AND resource_id = ?1",
    "SELECT authz_remove_resource('organization', ?1, 'cascade')",
    "INSERT INTO authz_users (id, email) VALUES (?4, ?4 || ?3)",
    "UPDATE authz_users SET first_name = ?3 WHERE id = ?4",
    "DELETE FROM authz_users WHERE id = ?4",
    "INSERT INTO authz_memberships (user, organization) VALUES (?4, ?1)",
    "INSERT INTO authz_memberships (user, organization, status) VALUES (?4, ?1, 'pending')",
    "UPDATE authz_memberships SET status = 'inactive' WHERE user = ?4",
    "UPDATE authz_memberships SET status = 'active', directory_managed = 1 WHERE organization = ?1",
    "DELETE FROM authz_memberships WHERE user = ?4 AND organization = ?1",
    "INSERT INTO authz_permissions (slug, resource_type) VALUES ('p' || ?1, 'folder')",
    "INSERT INTO authz_permissions (slug, name) VALUES ('q' || ?1, ?3)",
    "UPDATE authz_permissions SET description = ?3 WHERE slug = 'p' || ?1",
    "DELETE FROM authz_permissions WHERE slug = 'p' || ?1",
    "INSERT INTO authz_roles (slug, name) VALUES ('r' || ?1, ?3)",
    "INSERT INTO authz_roles (slug, resource_type, is_default) VALUES ('d' || ?2, 'organization', 1)",
    "INSERT INTO authz_roles (slug, organization, name) VALUES ('org-r', ?1, ?3)",
    "UPDATE authz_roles SET name = ?3, priority = ?2 WHERE slug = 'r' || ?1",
    "UPDATE authz_roles SET is_default = 1 WHERE slug = 'r' || ?1",
    "DELETE FROM authz_roles WHERE slug = 'r' || ?1",
    "DELETE FROM authz_roles WHERE organization = ?1",
    "INSERT INTO authz_role_permissions (role, permission) SELECT 'r' || ?1, slug FROM authz_permissions",
    "INSERT OR IGNORE INTO authz_role_permissions (role, permission) VALUES ('r' || ?1, 'p' || ?2)",
    "INSERT INTO authz_role_permissions (role, organization, permission) VALUES ('org-r', ?1, 'p' || ?2)",
    "DELETE FROM authz_role_permissions WHERE role = 'r' || ?1 AND permission = 'p' || ?2",
    "DELETE FROM authz_role_permissions WHERE permission = 'q' || ?2",
    "INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id) VALUES ('folder', ?2, 'organization', CAST(?1 AS TEXT))",
    "SELECT authz_put_resource('folder', ?1, 'folder', ?2, ?3)",
    "SELECT authz_put_resource('document', ?4, 'folder', ?1, ?3)",
    "UPDATE authz_resources SET parent_id = ?1, name = ?3 WHERE resource_type = 'document' AND resource_id = ?4",
    "UPDATE authz_resources SET given_external_id = nullif(?4, 'a') WHERE resource_type = 'folder' AND resource_id = ?1",
    "SELECT authz_put_resource('folder', ?1, 'organization', ?2, ?3, ?4)",
    "UPDATE authz_resources SET parent_type = 'organization', parent_id = ?2, given_external_id = ?3 WHERE resource_type = 'folder' AND resource_id = ?1",
    "DELETE FROM authz_resources WHERE resource_type = 'document'",
    "SELECT authz_remove_resource('folder', ?1, 'cascade')",
    "SELECT authz_grant('user:' || ?4, 'r' || ?1, 'organization', ?2)",
    "SELECT authz_grant('group:g' || ?1, 'r' || ?2, 'organization', ?1, '2030-01-01')",
    "INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id) VALUES ('user:' || ?4, 'org-r', 'organization', ?1)",
    "UPDATE authz_role_assignments SET expires_at = '2031-01-01T00:00:00.000Z' WHERE subject = 'user:' || ?4",
    "SELECT authz_revoke('user:' || ?4, 'r' || ?1, 'organization', ?2)",
    "DELETE FROM authz_role_assignments WHERE resource_id = ?1",
    "INSERT INTO authz_groups (id, organization, name) VALUES ('g' || ?1, ?2, ?3)",
    "UPDATE authz_groups SET name = ?3 WHERE id = 'g' || ?1",
    "DELETE FROM authz_groups WHERE id = 'g' || ?1",
    "SELECT authz_add_member('group:g' || ?1, 'user:' || ?4)",
    "SELECT authz_remove_member('group:g' || ?1, 'user:' || ?4)",
    "SELECT authz_apply(?5)",
    "INSERT INTO authz_connections (id, organization, type, state) VALUES ('c' || ?2, ?1, 'OktaSAML', CASE ?2 WHEN 2 THEN 'inactive' ELSE 'active' END)",
    "UPDATE authz_connections SET state = CASE state WHEN 'active' THEN 'inactive' ELSE 'active' END, name = ?3 WHERE id = 'c' || ?2",
    "DELETE FROM authz_connections WHERE organization = ?1",
    "SELECT authz_sso_start('c' || ?2)",
    "INSERT INTO authz_sso_sessions (connection, started_at) VALUES ('c' || ?2, '2020-01-01T00:00:00.000Z')",
    "UPDATE authz_sso_sessions SET status = 'success', email = ?3 || '@acme.test' WHERE status = 'in_progress' AND connection = 'c' || ?2",
    "SELECT authz_session_start(?4, ?1, 'sso')",
    "INSERT INTO authz_sessions (user, auth_method, created_at) VALUES (?4, 'sso', CASE ?1 WHEN 0 THEN '2020-01-01T00:00:00.000Z' END)",
    "UPDATE authz_sessions SET status = 'revoked' WHERE user = ?4 AND status = 'active'",
    "SELECT authz_sweep()",
    "SELECT authz_put_directory('d' || ?1, ?1, ?3)",
    "UPDATE authz_directories SET state = CASE ?2 WHEN 0 THEN 'active' ELSE 'inactive' END, type = 'workday' WHERE organization = ?1",
    "SELECT authz_remove_directory('d' || ?1)",
    "SELECT authz_scim('d' || ?1, 'POST', '/Users', json_object('userName', ?4 || '@x.test', 'displayName', ?3))",
    "SELECT authz_scim('d' || ?1, 'POST', '/Users', json_object('userName', ?4 || ?2, 'active', 'False'))",
    "SELECT authz_scim('d' || ?1, 'PATCH', '/Users/' || (SELECT min(id) FROM authz_directory_users WHERE directory = 'd' || ?1), json_object('Operations', json_array(json_object('op', 'replace', 'value', json_object('title', ?3, 'active', CASE ?2 WHEN 0 THEN 'True' ELSE 'False' END, 'emails', ?3 || '@y.test')))))",
    "SELECT authz_scim('d' || ?1, 'DELETE', '/Users/' || (SELECT max(id) FROM authz_directory_users WHERE directory = 'd' || ?1), NULL)",
    "SELECT authz_scim('d' || ?1, 'POST', '/Groups', json_object('displayName', ?3, 'members', (SELECT json_group_array(json_object('value', id)) FROM authz_directory_users WHERE directory = 'd' || ?1)))",
    "SELECT authz_scim('d' || ?1, 'PATCH', '/Groups/' || (SELECT min(id) FROM authz_directory_groups WHERE directory = 'd' || ?1), json_object('Operations', json_array(json_object('op', CASE ?2 WHEN 0 THEN 'remove' ELSE 'add' END, 'path', 'members', 'value', json_array(json_object('value', (SELECT max(id) FROM authz_directory_users WHERE directory = 'd' || ?1))))), json_object('op', 'add', 'path', 'displayName', 'value', ?3)))",
    "SELECT authz_scim('d' || ?1, 'PUT', '/Groups/' || (SELECT min(id) FROM authz_directory_groups WHERE directory = 'd' || ?1), json_object('displayName', ?3, 'members', json_array(json_object('value', (SELECT max(id) FROM authz_directory_groups WHERE directory = 'd' || ?1)))))",
    "SELECT authz_scim('d' || ?1, 'DELETE', '/Groups/' || (SELECT max(id) FROM authz_directory_groups WHERE directory = 'd' || ?1), NULL)",
    "SELECT authz_map_group_role('d' || ?1, (SELECT min(id) FROM authz_directory_groups WHERE directory = 'd' || ?1), 'd' || ?2)",
    "DELETE FROM authz_directory_users WHERE id = (SELECT min(id) FROM authz_directory_users)",
    "DELETE FROM authz_directory_groups WHERE id = (SELECT min(id) FROM authz_directory_groups)",
];

#[derive(Debug, Clone)]
enum Step {
    Statement(usize, u8, u8, &'static str, &'static str),
    Savepoint,
    RollbackTo,
    Release,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let names = prop::sample::select(vec!["Red", "Green", "Blue"]);
    let users = prop::sample::select(vec!["ana", "bo"]);
    let step = prop_oneof![
        20 => (0..STATEMENTS.len(), 0u8..3, 0u8..3, names, users).prop_map(|(s, a, b, c, d)| Step::Statement(s, a, b, c, d)),
        1 => Just(Step::Savepoint),
        1 => Just(Step::RollbackTo),
        1 => Just(Step::Release),
    ];
    prop::collection::vec(step, 1..120)
}

/// A model that names some of what the statements make, so that applying it changes much at once.
fn document(number: u8, name: &str) -> String {
    let held: Vec<String> = (0..=number).map(|number| format!("p{number}")).collect();
    let permissions: serde_json::Map<String, Value> =
        held.iter().map(|slug| (slug.clone(), json!({"resource_type": "folder", "description": name}))).collect();
    json!({"resource_types": {"folder": {"parents": ["organization", "folder"]}, "document": {"parents": ["folder"]}},
        "permissions": permissions, "roles": {"r0": {"resource_type": "organization", "name": name, "permissions": held}}})
    .to_string()
}

/// Makes a statement, whether it is taken or refused.
fn make(connection: &Connection, statement: &str, a: u8, b: u8, c: &str, d: &str) {
    let values: [Sql; 5] =
        [Sql::Integer(a.into()), Sql::Integer(b.into()), Sql::Text(c.to_owned()), Sql::Text(d.to_owned()), Sql::Text(document(a, c))];
    let mut statement = connection.prepare_cached(statement).unwrap();
    let count = statement.parameter_count();
    let mut rows = statement.query(params_from_iter(values.iter().take(count).map(|value| value as &dyn ToSql))).unwrap();
    while let Ok(Some(_)) = rows.next() {}
}

fn step(connection: &Connection, step: &Step, open_savepoints: &mut u32) {
    let run = |sql: &str| connection.execute_batch(sql).unwrap();
    match step {
        Step::Statement(index, a, b, c, d) => make(connection, STATEMENTS[*index], *a, *b, c, d),
        Step::Savepoint => {
            run("SAVEPOINT here");
            *open_savepoints += 1;
        }
        Step::RollbackTo if *open_savepoints > 0 => run("ROLLBACK TO here"),
        Step::Release if *open_savepoints > 0 => {
            run("RELEASE here");
            *open_savepoints -= 1;
        }
        Step::RollbackTo | Step::Release => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: crate::needs::cases(24), ..ProptestConfig::default() })]

    #[test]
    fn the_relations_are_what_the_events_say(steps in steps()) {
        let connection = open();
        connection.execute_batch(SETUP).unwrap();
        let (mut open_savepoints, mut first_read) = (0, Vec::<Event>::new());
        for one in &steps {
            step(&connection, one, &mut open_savepoints);
            let last = last_seq(&connection);
            let known = first_read.iter().rposition(|event| event.seq <= last).map_or(0, |at| at + 1);
            first_read.truncate(known);
            // After a rollback the same numbers may come again for other events.
            if let Step::RollbackTo = one {
                first_read = events_after(&connection, 0);
            }
            let from = first_read.last().map_or(0, |event| event.seq);
            let fresh = events_after(&connection, from);
            first_read.extend(fresh);
            if let Some(difference) = difference(&connection) {
                prop_assert!(false, "after {one:?}: {}\n{difference}", match one { Step::Statement(index, ..) => STATEMENTS[*index], _ => "" });
            }
        }
        // However much later it is read.
        prop_assert_eq!(events_after(&connection, 0), first_read);
    }

    #[test]
    fn a_payload_stays_as_it_was_though_events_are_off_for_a_while(steps in steps(), off in 0usize..60, on in 0usize..60) {
        let connection = open();
        connection.execute_batch(SETUP).unwrap();
        let (mut open_savepoints, mut kept) = (0, Vec::new());
        let switch = |value: &str| connection.execute("UPDATE _authz_settings SET value = ?1 WHERE name = 'events'", [value]).unwrap();
        for (index, one) in steps.iter().enumerate() {
            if index == off {
                kept = events_after(&connection, 0);
                switch("off");
                let last = events_after(&connection, last_seq(&connection) - 1).remove(0);
                prop_assert_eq!(last.name.as_str(), "events.disabled");
            }
            if index == off + on {
                switch("on");
            }
            if let Step::Statement(..) = one {
                step(&connection, one, &mut open_savepoints);
            }
        }
        let read = events_after(&connection, 0);
        prop_assert_eq!(&read[..kept.len()], kept.as_slice());
    }
}
