//! Every operation done twice: by the functions, and by plain SQL in the stock shell without the library. The same rows stand there after
//! it, and, with consecutive updates of one object folded, the same events.

use serde_json::{Map, Value};

use crate::replay::{Objects, current, difference};
use crate::{Event, events_after, open, stock_shell};

/// An operation by the functions, and the same in plain SQL.
const OPERATIONS: [(&str, &str); 59] = [
    (
        r#"SELECT authz_apply('{"resource_types": {"project": {"parents": ["organization", "project"]}},
             "permissions": {"project:edit": {"resource_type": "project"}, "project:read": {"resource_type": "project", "name": "Read"}},
             "roles": {"editor": {"resource_type": "project", "permissions": ["project:edit", "project:read"]},
                       "reader": {"resource_type": "project", "name": "Reader", "permissions": ["project:read"]}}}')"#,
        r#"INSERT INTO authz_resource_types (slug, declared) VALUES ('project', 1);
           INSERT INTO authz_resource_type_parents (resource_type, parent_type, declared) VALUES ('project', 'organization', 1), ('project', 'project', 1);
           INSERT INTO authz_permissions (slug, resource_type, name, declared) VALUES ('project:edit', 'project', NULL, 1), ('project:read', 'project', 'Read', 1);
           INSERT INTO authz_roles (slug, resource_type, declared) VALUES ('editor', 'project', 1);
           INSERT INTO authz_role_permissions (role, permission, declared) VALUES ('editor', 'project:edit', 1), ('editor', 'project:read', 1);
           INSERT INTO authz_roles (slug, resource_type, name, declared) VALUES ('reader', 'project', 'Reader', 1);
           INSERT INTO authz_role_permissions (role, permission, declared) VALUES ('reader', 'project:read', 1);
           INSERT INTO authz_model_history (document, summary) VALUES ('{}', '{"created":10,"changed":0,"removed":0}')"#,
    ),
    (
        r#"SELECT authz_apply('{"resource_types": {"project": {"parents": ["organization", "project"]}},
             "permissions": {"project:edit": {"resource_type": "project"}, "project:read": {"resource_type": "project", "name": "See"}},
             "roles": {"editor": {"resource_type": "project", "name": "Editor", "permissions": ["project:edit"]}}}')"#,
        r#"DELETE FROM authz_role_permissions WHERE role = 'editor' AND permission = 'project:read';
           UPDATE authz_roles SET name = 'Editor' WHERE slug = 'editor';
           DELETE FROM authz_roles WHERE slug = 'reader';
           UPDATE authz_permissions SET name = 'See' WHERE slug = 'project:read';
           INSERT INTO authz_model_history (document, summary) VALUES ('{}', '{"created":0,"changed":2,"removed":3}')"#,
    ),
    ("SELECT authz_put_resource('organization', 7, NULL, NULL, 'Acme')", "INSERT INTO authz_organizations (id, name) VALUES (7, 'Acme')"),
    (
        "SELECT authz_put_resource('organization', '7', NULL, NULL, 'Acme Ltd')",
        "UPDATE authz_organizations SET name = 'Acme Ltd' WHERE id = 7",
    ),
    (
        "SELECT authz_put_resource('project', 1, 'organization', '7', 'Website'), authz_put_resource('project', 'two', 'organization', 7)",
        "INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id, name) VALUES
           ('project', 1, 'organization', '7', 'Website'), ('project', 'two', 'organization', 7, NULL)",
    ),
    (
        "SELECT authz_put_resource('project', 'two', 'project', '1', 'Second')",
        "UPDATE authz_resources SET parent_type = 'project', parent_id = 1 WHERE resource_id = 'two';
         UPDATE authz_resources SET name = 'Second' WHERE resource_id = 'two'",
    ),
    ("SELECT authz_add_member('group:eng', 'user:ben')", "INSERT INTO authz_group_members (group_id, subject) VALUES ('eng', 'user:ben')"),
    (
        "SELECT authz_grant('group:eng', 'editor', 'project', '1')",
        "INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id) VALUES ('group:eng', 'editor', 'project', '1')",
    ),
    (
        "SELECT authz_grant('group:eng', 'editor', 'project', 1, '2040-01-01')",
        "UPDATE authz_role_assignments SET expires_at = '2040-01-01T00:00:00.000Z' WHERE subject = 'group:eng'",
    ),
    ("SELECT authz_grant('group:eng', 'editor', 'project', 1, '2040-01-01')", "UPDATE authz_role_assignments SET expires_at = expires_at"),
    (
        "SELECT authz_grant('project:two', 'member', 'organization', 7)",
        "INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id) VALUES ('project:two', 'member', 'organization', 7)",
    ),
    ("SELECT authz_revoke('project:two', 'member', 'organization', 7)", "DELETE FROM authz_role_assignments WHERE subject = 'project:two'"),
    (
        "SELECT authz_add_member('group:eng', 'group:core'), authz_add_member('group:eng', 'user:ana')",
        "INSERT INTO authz_group_members (group_id, subject) VALUES ('eng', 'group:core'), ('eng', 'user:ana')",
    ),
    ("SELECT authz_remove_member('group:eng', 'user:ana')", "DELETE FROM authz_group_members WHERE subject = 'user:ana'"),
    ("SELECT authz_remove_member('group:eng', 'user:ana')", "DELETE FROM authz_group_members WHERE subject = 'user:ana'"),
    (
        r#"SELECT authz_create_permission('{"slug": "site:open", "name": "Open"}'), authz_create_permission('{"slug": "site:close"}'),
             authz_create_permission('{"slug": "project:list", "description": "All of them", "resource_type_slug": "project"}')"#,
        "INSERT INTO authz_permissions (slug, name) VALUES ('site:open', 'Open'), ('site:close', NULL);
         INSERT INTO authz_permissions (slug, description, resource_type) VALUES ('project:list', 'All of them', 'project')",
    ),
    (
        r#"SELECT authz_update_permission('site:open', '{"name": "Open it", "description": "With a key"}')"#,
        "UPDATE authz_permissions SET name = 'Open it', description = 'With a key' WHERE slug = 'site:open'",
    ),
    (
        r#"SELECT authz_update_permission('site:open', '{"name": null}')"#,
        "UPDATE authz_permissions SET name = NULL WHERE slug = 'site:open'",
    ),
    (
        r#"SELECT authz_update_permission('site:open', '{"description": "With a key"}')"#,
        "UPDATE authz_permissions SET description = 'With a key' WHERE slug = 'site:open'",
    ),
    (
        r#"SELECT authz_create_role('{"slug": "guide", "name": "Guide", "permissions": ["site:open", "site:close"]}')"#,
        "INSERT INTO authz_roles (slug, name) VALUES ('guide', 'Guide');
         INSERT INTO authz_role_permissions (role, permission) VALUES ('guide', 'site:open'), ('guide', 'site:close')",
    ),
    (
        r#"SELECT authz_create_role('{"slug": "org-lead", "permissions": ["site:open"]}', 7), authz_create_role('{"slug": "org-second"}', '7')"#,
        "INSERT INTO authz_roles (slug, organization) VALUES ('org-lead', 7);
         INSERT INTO authz_role_permissions (role, organization, permission) VALUES ('org-lead', 7, 'site:open');
         INSERT INTO authz_roles (slug, organization) VALUES ('org-second', 7)",
    ),
    (
        r#"SELECT authz_update_role('guide', '{"name": null, "description": "Shows around"}')"#,
        "UPDATE authz_roles SET name = NULL, description = 'Shows around' WHERE slug = 'guide'",
    ),
    (
        r#"SELECT authz_update_role('org-lead', '{"name": "Lead"}', 7)"#,
        "UPDATE authz_roles SET name = 'Lead' WHERE slug = 'org-lead' AND organization = 7",
    ),
    (
        r#"SELECT authz_set_role_permissions('guide', '["project:list", "site:close"]')"#,
        "DELETE FROM authz_role_permissions WHERE role = 'guide' AND permission = 'site:open';
         INSERT INTO authz_role_permissions (role, permission) VALUES ('guide', 'project:list')",
    ),
    (
        r#"SELECT authz_set_role_permissions('org-lead', '[]', 7)"#,
        "DELETE FROM authz_role_permissions WHERE role = 'org-lead' AND organization = 7",
    ),
    (
        "SELECT authz_set_role_permissions('org-lead', '[]', 7)",
        "DELETE FROM authz_role_permissions WHERE role = 'org-lead' AND organization = 7",
    ),
    (
        "SELECT authz_add_role_permission('guide', 'site:open'), authz_add_role_permission('org-lead', 'site:close', 7)",
        "INSERT INTO authz_role_permissions (role, permission) VALUES ('guide', 'site:open');
         INSERT INTO authz_role_permissions (role, organization, permission) VALUES ('org-lead', 7, 'site:close')",
    ),
    (
        "SELECT authz_add_role_permission('guide', 'site:open')",
        "INSERT OR IGNORE INTO authz_role_permissions (role, permission) VALUES ('guide', 'site:open')",
    ),
    (
        "SELECT authz_remove_role_permission('guide', 'site:open'), authz_remove_role_permission('org-lead', 'site:close', 7)",
        "DELETE FROM authz_role_permissions WHERE role = 'guide' AND permission = 'site:open';
         DELETE FROM authz_role_permissions WHERE role = 'org-lead' AND organization = 7 AND permission = 'site:close'",
    ),
    (
        "SELECT authz_remove_role_permission('guide', 'site:open')",
        "DELETE FROM authz_role_permissions WHERE role = 'guide' AND permission = 'site:open'",
    ),
    (
        r#"SELECT authz_set_role_order('["guide", "member"]')"#,
        "UPDATE authz_roles SET priority = 1 WHERE slug = 'guide'; UPDATE authz_roles SET priority = 2 WHERE slug = 'member';
         UPDATE authz_roles SET priority = 3 WHERE slug = 'editor'",
    ),
    ("SELECT authz_set_default_role('guide')", "UPDATE authz_roles SET is_default = 1 WHERE slug = 'guide'"),
    ("SELECT authz_set_default_role('guide')", "UPDATE authz_roles SET is_default = 1 WHERE slug = 'guide'"),
    ("SELECT authz_set_default_role('member')", "UPDATE authz_roles SET is_default = 1 WHERE slug = 'member'"),
    (
        "SELECT authz_grant('user:ana', 'guide', 'organization', 7), authz_grant('group:core', 'org-lead', 'organization', '7')",
        "INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id) VALUES
           ('user:ana', 'guide', 'organization', 7), ('group:core', 'org-lead', 'organization', 7)",
    ),
    (
        "SELECT authz_delete_role('guide', NULL, 'member')",
        "INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id)
           SELECT subject, 'member', resource_type, resource_id FROM authz_role_assignments WHERE role = 'guide';
         DELETE FROM authz_role_assignments WHERE role = 'guide'; DELETE FROM authz_roles WHERE slug = 'guide'",
    ),
    ("SELECT authz_revoke('user:ana', 'member', 'organization', 7)", "DELETE FROM authz_role_assignments WHERE subject = 'user:ana'"),
    (
        "SELECT authz_delete_role('org-lead', 7, 'org-second')",
        "INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id)
           SELECT subject, 'org-second', resource_type, resource_id FROM authz_role_assignments WHERE role = 'org-lead';
         DELETE FROM authz_role_assignments WHERE role = 'org-lead'; DELETE FROM authz_roles WHERE slug = 'org-lead'",
    ),
    (
        "SELECT authz_revoke('group:core', 'org-second', 'organization', 7), authz_delete_role('org-second', 7)",
        "DELETE FROM authz_role_assignments WHERE role = 'org-second'; DELETE FROM authz_roles WHERE slug = 'org-second'",
    ),
    (
        "SELECT authz_delete_permission('site:open'), authz_delete_permission('site:close'), authz_delete_permission('project:list')",
        "DELETE FROM authz_permissions WHERE slug = 'site:open'; DELETE FROM authz_permissions WHERE slug = 'site:close';
         DELETE FROM authz_permissions WHERE slug = 'project:list'",
    ),
    (
        "SELECT authz_remove_resource('project', 1, 'cascade')",
        "DELETE FROM authz_resources WHERE resource_id = 'two'; DELETE FROM authz_resources WHERE resource_type = 'project' AND resource_id = 1",
    ),
    (
        "INSERT INTO authz_users (id, email) VALUES ('ana', 'ana@acme.test') RETURNING id",
        "INSERT INTO authz_users (id, email) VALUES ('ana', 'ana@acme.test')",
    ),
    (
        "INSERT INTO authz_memberships (id, user, organization) VALUES ('om_ana', 'ana', 7) RETURNING id",
        "INSERT INTO authz_memberships (id, user, organization) VALUES ('om_ana', 'ana', 7)",
    ),
    (
        "INSERT INTO authz_connections (id, organization, type) VALUES ('okta', 7, 'OktaSAML') RETURNING id",
        "INSERT INTO authz_connections (id, organization, type) VALUES ('okta', 7, 'OktaSAML')",
    ),
    (
        "SELECT authz_sso_start('okta', '{\"ip_address\": \"10.0.0.7\", \"email\": \"ana@acme.test\"}')",
        "INSERT INTO authz_sso_sessions (connection, ip_address, email) VALUES ('okta', '10.0.0.7', 'ana@acme.test')",
    ),
    (
        "SELECT authz_sso_fail(id, 'access_denied', 'no') FROM authz_sso_sessions WHERE status = 'in_progress'",
        "UPDATE authz_sso_sessions SET status = 'failed', error_code = 'access_denied', error_message = 'no'",
    ),
    (
        "SELECT authz_sso_start('okta', '{\"origin\": \"idp\"}')",
        "INSERT INTO authz_sso_sessions (connection, origin) VALUES ('okta', 'idp')",
    ),
    (
        "SELECT authz_sso_succeed(id, '{\"email\": \"ana@acme.test\"}') FROM authz_sso_sessions WHERE status = 'in_progress'",
        "UPDATE authz_sso_sessions SET status = 'success', email = 'ana@acme.test', user = 'ana' WHERE status = 'in_progress'",
    ),
    (
        "SELECT authz_session_start('ana', NULL, 'password', '{\"user_agent\": \"curl\"}')",
        "INSERT INTO authz_sessions (user, auth_method, user_agent) VALUES ('ana', 'password', 'curl')",
    ),
    ("SELECT authz_session_revoke(id) FROM authz_sessions", "UPDATE authz_sessions SET status = 'revoked'"),
    (
        "SELECT authz_session_start('ana', 7, 'sso')",
        "INSERT INTO authz_sessions (user, organization, auth_method) VALUES ('ana', 7, 'sso')",
    ),
    ("DELETE FROM authz_memberships RETURNING id", "DELETE FROM authz_memberships"),
    ("SELECT authz_sweep()", "SELECT 1"),
    (
        "SELECT authz_put_directory('staff', '7', 'Staff'), authz_put_directory('guests', 7, 'Guests', 'workday')",
        "INSERT INTO authz_directories (id, organization, name, type) VALUES ('staff', 7, 'Staff', 'generic scim v2.0'), ('guests', 7, 'Guests', 'workday')",
    ),
    ("SELECT authz_put_directory('staff', 7, 'Everybody')", "UPDATE authz_directories SET name = 'Everybody' WHERE id = 'staff'"),
    ("SELECT authz_put_directory('staff', 7, 'Everybody')", "UPDATE authz_directories SET name = name, state = state"),
    ("SELECT authz_remove_directory('staff')", "DELETE FROM authz_directories WHERE id = 'staff'"),
    ("SELECT authz_remove_resource('organization', 7)", "DELETE FROM authz_organizations WHERE id = 7"),
    (
        r#"SELECT authz_apply('{"resource_types": {"project": {"parents": ["organization", "project"]}}}')"#,
        r#"DELETE FROM authz_roles WHERE slug = 'editor';
           DELETE FROM authz_permissions WHERE slug = 'project:edit'; DELETE FROM authz_permissions WHERE slug = 'project:read';
           INSERT INTO authz_model_history (document, summary) VALUES ('{}', '{"created":0,"changed":0,"removed":4}')"#,
    ),
];

/// Without what differs from run to run: times, and ids drawn at random.
fn steady(value: &Value) -> Value {
    let times = ["created_at", "updated_at", "applied_at", "ended_at"];
    let is_session = value["object"] == "session";
    match value {
        Value::Object(all) => {
            let drawn = |name: &str, value: &Value| {
                let starts = ["perm_", "role_", "sso_", "session_"];
                ["id", "session_id"].contains(&name) && value.as_str().is_some_and(|id| starts.iter().any(|start| id.starts_with(start)))
                    || is_session && name == "expires_at"
            };
            let kept = all.iter().filter(|(name, value)| !times.contains(&name.as_str()) && !drawn(name, value));
            kept.map(|(name, value)| (name.clone(), steady(value))).collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

fn rows(objects: &Objects) -> Vec<String> {
    let mut rows: Vec<String> =
        objects.iter().map(|(key, object)| if object.is_null() { key.clone() } else { steady(object).to_string() }).collect();
    rows.sort();
    rows
}

/// Name, object, what was before: consecutive ones of one object folded into the first.
fn folded(events: &[Event]) -> Vec<(String, Value, Value)> {
    let mut folded: Vec<(String, Value, Value)> = Vec::new();
    let mut last_object = String::new();
    for event in events {
        let (kind, verb) = event.name.rsplit_once('.').unwrap();
        let object = format!("{kind} {} {}", event.data["id"], event.data["subject"]);
        let before = event.context["previous_attributes"].clone();
        match folded.last_mut() {
            Some((name, data, was)) if ["updated", "moved"].contains(&verb) && object == last_object => {
                *data = steady(&event.data);
                if verb == "moved" && name.ends_with(".updated") {
                    name.clone_from(&event.name);
                }
                if let (Value::Object(was), Value::Object(before)) = (was, before) {
                    for (member, value) in before {
                        was.entry(member).or_insert(value);
                    }
                }
            }
            _ => folded.push((event.name.clone(), steady(&event.data), before)),
        }
        last_object = object;
    }
    folded
}

#[test]
fn functions_and_plain_sql_leave_the_same_rows_and_events() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plain.db");
    if stock_shell(&path, &authz::migration_sql()).is_none() {
        return;
    }
    let called = open();
    let (mut seen_called, mut seen_plain) = (crate::last_seq(&called), 1);
    for (function, plain) in OPERATIONS {
        called.query_row(function, [], |_| Ok(())).unwrap_or_else(|error| panic!("{function}: {error}"));
        assert_eq!(stock_shell(&path, &format!("{plain};\n")).unwrap(), "", "{plain}");
        let by_shell = authz::rusqlite::Connection::open(&path).unwrap();
        assert_eq!(rows(&current(&called)), rows(&current(&by_shell)), "{function}");
        let (by_function, by_sql) = (events_after(&called, seen_called), events_after(&by_shell, seen_plain));
        assert_eq!(folded(&by_function), folded(&by_sql), "{function}");
        // The call itself has folded already.
        assert_eq!(folded(&by_function).len(), by_function.len(), "{function}");
        assert_eq!((difference(&called), difference(&by_shell)), (None, None), "{function}");
        seen_called = crate::last_seq(&called);
        seen_plain = crate::last_seq(&by_shell);
    }
}

#[test]
fn a_cascade_tells_of_children_first() {
    let connection = open();
    connection
        .execute_batch(
            "INSERT INTO authz_resource_types (slug) VALUES ('folder');
             INSERT INTO authz_resource_type_parents (resource_type, parent_type) VALUES ('folder', 'organization'), ('folder', 'folder');
             INSERT INTO authz_roles (slug, resource_type) VALUES ('reader', 'folder');
             INSERT INTO authz_organizations (id) VALUES ('acme');
             INSERT INTO authz_users (id, email) VALUES ('ana', 'ana@acme.test');
             INSERT INTO authz_memberships (user, organization) VALUES ('ana', 'acme');
             INSERT INTO authz_groups (id, organization) VALUES ('eng', 'acme');
             INSERT INTO authz_group_members (group_id, subject) VALUES ('eng', 'user:ana');
             INSERT INTO authz_roles (slug, organization) VALUES ('org-x', 'acme');
             INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id) VALUES ('folder', 1, 'organization', 'acme');
             INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id) VALUES ('folder', 2, 'folder', 1);
             INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id) VALUES ('user:ana', 'reader', 'folder', 2), ('group:eng', 'org-x', 'organization', 'acme');",
        )
        .unwrap();
    let told = |statement: &str| {
        let last = crate::last_seq(&connection);
        connection.execute_batch(statement).unwrap();
        events_after(&connection, last).into_iter().map(|event| event.name).collect::<Vec<_>>()
    };
    assert_eq!(
        told("DELETE FROM authz_users"),
        ["group.member_removed", "role_assignment.deleted", "role_assignment.deleted", "organization_membership.deleted", "user.deleted",]
    );
    connection
        .execute_batch(
            "INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id) VALUES ('user:ana', 'reader', 'folder', 2)",
        )
        .unwrap();
    assert_eq!(
        told("SELECT authz_remove_resource('folder', 1, 'cascade')"),
        ["role_assignment.deleted", "authorization_resource.deleted", "authorization_resource.deleted"]
    );
    assert_eq!(
        told("DELETE FROM authz_resources WHERE resource_type = 'organization'"),
        ["role_assignment.deleted", "group.deleted", "organization_role.deleted", "organization.deleted"]
    );
}

#[test]
fn a_membership_holds_a_role_and_suspends() {
    let connection = open();
    connection
        .execute_batch(
            "INSERT INTO authz_organizations (id) VALUES ('acme');
             INSERT INTO authz_users (id, email) VALUES ('ana', 'ana@acme.test');
             INSERT INTO authz_memberships (user, organization, status) VALUES ('ana', 'acme', 'pending');",
        )
        .unwrap();
    let text = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, Option<String>>(0)).unwrap();
    let roles =
        || text("SELECT group_concat(role, ' ') FROM (SELECT role FROM authz_role_assignments WHERE subject = 'user:ana' ORDER BY role)");
    let suspended = || text("SELECT group_concat(user || '@' || organization) FROM _authz_standings WHERE active = 0");
    let refused = |sql: &str| connection.execute_batch(sql).unwrap_err().to_string();
    assert_eq!((roles().as_deref(), suspended().as_deref()), (Some("member"), Some("ana@acme")));
    assert!(refused("DELETE FROM authz_role_assignments").starts_with("membership_role_required"));
    assert!(refused("UPDATE authz_role_assignments SET expires_at = '2040-01-01T00:00:00.000Z'").starts_with("membership_role_required"));
    assert!(refused("DELETE FROM authz_roles WHERE slug = 'member'").starts_with("role_default_required"));
    assert!(refused("UPDATE authz_roles SET is_default = 0").starts_with("role_default_required"));
    assert!(refused("DELETE FROM authz_organizations").starts_with("organization_has_members"));
    assert!(refused("DELETE FROM authz_resources").starts_with("organization_has_members"));
    assert!(refused("INSERT INTO authz_memberships (user, organization) VALUES ('bo', 'acme')").starts_with("user_unknown"));
    assert!(refused("UPDATE authz_memberships SET custom_attributes = '[]'").starts_with("custom_attributes_read_only"));
    // Deleting it brings nothing back.
    connection.execute_batch("DELETE FROM authz_memberships").unwrap();
    assert_eq!((roles(), suspended().as_deref()), (None, Some("ana@acme")));
    connection.execute_batch("INSERT INTO authz_memberships (user, organization) VALUES ('ana', 'acme')").unwrap();
    assert_eq!((roles().as_deref(), suspended()), (Some("member"), None));
    connection
        .execute_batch("INSERT INTO authz_roles (slug) VALUES ('viewer'); UPDATE authz_roles SET is_default = 1 WHERE slug = 'viewer'")
        .unwrap();
    assert_eq!(roles().as_deref(), Some("member"), "a change of the default role touches no member");
    assert_eq!(text("SELECT group_concat(slug) FROM authz_roles WHERE is_default = 1").as_deref(), Some("viewer"));
    let give = "INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id, expires_at) VALUES ('user:ana', 'viewer', 'organization', 'acme', ?1)";
    connection.execute(give, ["2040-01-01T00:00:00.000Z"]).unwrap();
    assert!(refused("DELETE FROM authz_role_assignments WHERE role = 'member'").starts_with("membership_role_required"), "the other ends");
    connection.execute_batch("UPDATE authz_role_assignments SET expires_at = NULL").unwrap();
    connection.execute_batch("DELETE FROM authz_role_assignments WHERE role = 'member'").unwrap();
    assert_eq!(roles().as_deref(), Some("viewer"));
    connection.execute_batch("INSERT INTO authz_users (id, email) VALUES ('bo', 'bo@acme.test')").unwrap();
    let named = "INSERT INTO authz_memberships (user, organization, role) VALUES ('bo', 'acme', ?1)";
    assert!(connection.execute(named, ["nobody"]).unwrap_err().to_string().starts_with("role_unknown"));
    connection.execute(named, ["member"]).unwrap();
    let of_bo = "SELECT group_concat(role) FROM authz_role_assignments WHERE subject = 'user:bo'";
    assert_eq!(text(of_bo).as_deref(), Some("member"));
    assert!(refused("UPDATE authz_memberships SET role = NULL WHERE user = 'bo'").starts_with("membership_immutable"));
    assert_eq!(difference(&connection), None);
}
