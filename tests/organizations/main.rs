//! Organizations and their people: whose access a membership decides about, what is unique, and what goes with an organization.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cascade;
mod directly;
mod membership;
mod unique;

use authz::rusqlite::Connection;

/// Two organizations with a document each; `user:in` is a member of the first, and everybody reads everything.
const WORLD: &str = r#"SELECT authz_apply('{
    "resource_types": {"document": {"parents": ["organization"], "search": "document:read"}, "note": {"relations": {"viewer": "[user, user:*]"}}},
    "permissions": {"document:read": {"resource_type": "document"}},
    "roles": {"reader": {"resource_type": "document", "permissions": ["document:read"]}}}');
    INSERT INTO authz_organizations (id, name) VALUES ('acme', 'Acme'), (7, 'Seven');
    INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id, name) VALUES
      ('document', 1, 'organization', 'acme', 'Report'), ('document', 2, 'organization', 7, 'Report'), ('note', 1, NULL, NULL, 'Note');
    INSERT INTO authz_users (id, email) VALUES ('in', 'in@acme.com'), ('out', 'out@acme.com');
    INSERT INTO authz_memberships (user, organization) VALUES ('in', 'acme');
    INSERT INTO authz_group_members (group_id, subject) VALUES ('all', 'user:in'), ('all', 'user:out');
    INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id) VALUES
      ('group:all', 'reader', 'document', 1), ('group:all', 'reader', 'document', 2),
      ('agent:bot', 'reader', 'document', 1), ('service:ci', 'reader', 'document', 1), ('document:2', 'reader', 'document', 1);
    INSERT INTO authz_relationships (subject, relation, resource_type, resource_id) VALUES ('user:out', 'viewer', 'note', 1);"#;

fn open() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    connection.execute_batch(WORLD).unwrap();
    connection
}

/// The first column of each row.
fn texts(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}
