//! What a host writes to the public tables by plain SQL: triggers of the file do the rest, with no function of the library.

use super::{Call, call};

const fn statement(name: &'static str, sql: &'static str) -> Call {
    call(name, &[]).by(sql)
}

/// One statement or more for each table that an application writes, each of which changes something.
pub const STATEMENTS: &[Call] = &[
    statement(
        "authz_role_assignments",
        "INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id) VALUES ('user:ben', 'editor', 'project', 3), ('group:web', 'reader', 'project', '1')",
    ),
    statement(
        "authz_role_assignments",
        "UPDATE authz_role_assignments SET expires_at = '2001-01-01T00:00:00.000Z' WHERE resource_type = 'project'",
    ),
    statement("authz_role_assignments", "DELETE FROM authz_role_assignments WHERE resource_type = 'project'"),
    statement(
        "authz_resources",
        "INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id, name) VALUES ('project', 5, 'project', 4, 'Fifth'), ('document', 60, 'project', '5', NULL)",
    ),
    statement(
        "authz_resources",
        "UPDATE authz_resources SET parent_id = 2, name = name || ' (moved)' WHERE parent_type = 'project' AND parent_id = 1",
    ),
    statement("authz_resources", "DELETE FROM authz_resources WHERE resource_type = 'document' AND resource_id IN (10, 50)"),
    statement(
        "authz_relationships",
        "INSERT INTO authz_relationships (subject, relation, resource_type, resource_id) VALUES ('user:ben', 'owner', 'folder', 1), ('user:*', 'viewer', 'document', '30')",
    ),
    statement(
        "authz_relationships",
        "UPDATE authz_relationships SET expires_at = '2001-01-01T00:00:00.000Z' WHERE relation IN ('owner', 'parent')",
    ),
    statement("authz_relationships", "DELETE FROM authz_relationships WHERE relation IN ('blocked', 'viewer')"),
    statement(
        "authz_group_members",
        "INSERT INTO authz_group_members (group_id, subject) VALUES ('web', 'user:eve'), ('fresh', 'group:web')",
    ),
    statement("authz_group_members", "DELETE FROM authz_group_members WHERE group_id IN ('all', 'web')"),
    statement("authz_groups", "INSERT INTO authz_groups (id, organization, name) VALUES ('law', 'acme', 'Law')"),
    statement("authz_groups", "DELETE FROM authz_groups WHERE id = 'all'"),
    statement("authz_users", "INSERT INTO authz_users (id, email) VALUES ('fay', 'fay@acme.test'), ('gil', 'gil@seven.test')"),
    statement("authz_users", "UPDATE authz_users SET email = 'new-' || email, first_name = 'New' WHERE id IN ('ana', 'eve')"),
    statement("authz_users", "DELETE FROM authz_users WHERE id = 'ben'"),
    statement("authz_memberships", "INSERT INTO authz_memberships (user, organization) VALUES ('ana', 7), ('eve', 'acme')"),
    statement("authz_memberships", "UPDATE authz_memberships SET status = CASE status WHEN 'active' THEN 'inactive' ELSE 'active' END"),
    statement("authz_memberships", "DELETE FROM authz_memberships WHERE user IN ('ana', 'ben')"),
    statement("authz_organizations", "INSERT INTO authz_organizations (id, name) VALUES ('nine', 'Nine')"),
    statement("authz_organizations", "UPDATE authz_organizations SET name = 'The ' || name"),
    statement(
        "authz_roles",
        "INSERT INTO authz_roles (slug, name, resource_type, organization) VALUES ('guest', 'Guest', 'project', NULL), ('org-guest', 'Guest', 'organization', 'acme')",
    ),
    statement("authz_roles", "UPDATE authz_roles SET name = 'Who ' || slug, description = 'changed' WHERE organization IS NULL"),
    statement("authz_roles", "DELETE FROM authz_roles WHERE slug IN ('spare', 'org-spare')"),
    statement(
        "authz_role_permissions",
        "INSERT INTO authz_role_permissions (role, permission) VALUES ('reader', 'project:edit'), ('reader', 'document:edit')",
    ),
    statement("authz_role_permissions", "DELETE FROM authz_role_permissions WHERE role = 'editor'"),
    statement("authz_permissions", "DELETE FROM authz_permissions WHERE slug = 'document:spare'"),
    statement(
        "authz_sessions",
        "INSERT INTO authz_sessions (user, organization, auth_method) VALUES ('ana', 'acme', 'password'), ('ben', 'acme', 'sso')",
    ),
    statement("authz_sessions", "UPDATE authz_sessions SET status = 'revoked' WHERE id IN ('web', 'phone')"),
    statement(
        "authz_sso_sessions",
        "UPDATE authz_sso_sessions SET status = 'failed', error_code = 'access_denied', error_message = 'no' WHERE id = 'open'",
    ),
    statement("authz_directories", "DELETE FROM authz_directories WHERE id = 'empty'"),
];
