//! An application with users, teams, projects and documents, and what its rows give.

use rusqlite::{Connection, types::Value};

pub const TABLES: &str = "
    CREATE TABLE orgs (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
    CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT UNIQUE, active INTEGER NOT NULL DEFAULT 1);
    CREATE TABLE projects (id INTEGER PRIMARY KEY, org_id INTEGER REFERENCES orgs (id) ON DELETE CASCADE, title TEXT NOT NULL);
    CREATE INDEX projects_by_org ON projects (org_id);
    CREATE TABLE documents (id INTEGER PRIMARY KEY, project_id INTEGER REFERENCES projects (id) ON UPDATE CASCADE ON DELETE CASCADE, author_id INTEGER, title TEXT,
      body TEXT, is_public INTEGER NOT NULL DEFAULT 0, deleted_at TEXT, slug TEXT UNIQUE);
    CREATE INDEX documents_by_project ON documents (project_id);
    CREATE INDEX documents_by_author ON documents (author_id);
    CREATE TABLE project_members (project_id INTEGER NOT NULL, user_id INTEGER NOT NULL, role TEXT NOT NULL, until TEXT, PRIMARY KEY (project_id, user_id));
    CREATE TABLE teams (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE team_members (team_id INTEGER NOT NULL, user_id INTEGER NOT NULL, PRIMARY KEY (team_id, user_id)) WITHOUT ROWID;
    CREATE TABLE project_teams (project_id INTEGER NOT NULL, team_id INTEGER NOT NULL, role TEXT NOT NULL, PRIMARY KEY (project_id, team_id));
    INSERT INTO orgs VALUES (1, 'Acme'), (2, 'Globex');
    INSERT INTO users (id, name, active) VALUES (1, 'Ana', 1), (2, 'Ben', 1), (3, 'Cleo', 1), (4, 'Dan', 0), (5, 'Eve', 1);
    INSERT INTO projects VALUES (10, 1, 'Web'), (11, 1, 'App'), (20, 2, 'Other'), (30, NULL, 'Lost');
    INSERT INTO documents (id, project_id, author_id, title, is_public, deleted_at) VALUES
      (100, 10, 2, 'Plan', 0, NULL), (101, 10, 3, 'Gone', 1, '2026-01-01'), (102, 11, 1, 'Notes', 0, NULL), (103, 20, 5, 'News', 1, NULL);
    INSERT INTO project_members VALUES (10, 1, 'w', NULL), (11, 2, 'r', NULL), (10, 4, 'w', NULL), (20, 1, 'w', '2020-01-01 00:00:00'), (20, 2, 'x', NULL);
    INSERT INTO teams VALUES (7, 'Writers');
    INSERT INTO team_members VALUES (7, 3);
    INSERT INTO project_teams VALUES (11, 7, 'w');
";

pub const MODEL: &str = r#"{
  "resource_types": {
    "project": {"parents": ["organization"]},
    "document": {"parents": ["project"], "relations": {"author": "[user]", "viewer": "[user, user:*]"}}
  },
  "permissions": {
    "project:read": {"resource_type": "project"}, "document:read": {"resource_type": "document", "relation": "viewer"},
    "document:write": {"resource_type": "document", "relation": "author"}
  },
  "roles": {
    "reader": {"resource_type": "project", "permissions": ["project:read", "document:read"]},
    "editor": {"resource_type": "project", "permissions": ["project:read", "document:read", "document:write"]},
    "owner": {"resource_type": "document", "permissions": ["document:read", "document:write"]}
  }
}"#;

pub const BINDINGS: &str = r#"{
  "organization": {"table": "orgs", "id": "id", "name": "name"},
  "user": {"table": "users", "id": "id", "name": "name", "email": "email", "where": "active"},
  "project": {"table": "projects", "id": "id", "name": "title", "parent": {"type": "organization", "column": "org_id"}},
  "document": {"table": "documents", "id": "id", "name": "title", "parent": {"type": "project", "column": "project_id"},
    "relations": {"author": "user:{author_id}", "viewer": {"subject": "user:*", "where": "is_public"}}, "where": "deleted_at IS NULL"},
  "assignments": [
    {"table": "project_members", "subject": "user:{user_id}", "role": {"column": "role", "values": {"w": "editor", "r": "reader"}},
     "resource": {"type": "project", "column": "project_id"}, "expires": "until"},
    {"table": "project_teams", "subject": "group:{team_id}", "role": {"column": "role", "values": {"w": "editor", "r": "reader"}},
     "resource": {"type": "project", "column": "project_id"}}
  ],
  "groups": [{"table": "team_members", "group": "{team_id}", "member": "user:{user_id}"}]
}"#;

/// The application's file, with the schema, the model and the bindings.
pub fn bound() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    prepare(&connection);
    connection
}

pub fn prepare(connection: &Connection) {
    connection.execute_batch(TABLES).unwrap();
    authz::register(connection).unwrap();
    authz::migrate(connection).unwrap();
    one::<String>(connection, "SELECT authz_apply(?1)", [MODEL]);
    one::<String>(connection, "SELECT authz_bind(?1)", [BINDINGS]);
}

pub fn one<T: rusqlite::types::FromSql>(connection: &Connection, sql: &str, parameters: impl rusqlite::Params) -> T {
    connection.query_row(sql, parameters, |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

pub fn check(connection: &Connection, user: i64, permission: &str, document: i64) -> bool {
    let of = permission.split(':').next().unwrap();
    one(connection, "SELECT authz_check('user:' || ?1, ?2, ?3, ?4)", (user, permission, of, document))
}

/// The documents that a user may read, by each way of asking.
pub fn read_by(connection: &Connection, user: i64) -> Vec<i64> {
    let ids = |sql: &str| {
        let mut statement = connection.prepare(sql).unwrap();
        statement.query_map([user], |row| row.get(0)).unwrap().collect::<rusqlite::Result<Vec<i64>>>().unwrap()
    };
    let filtered = ids("SELECT id FROM documents WHERE authz_check('user:' || ?1, 'document:read', 'document', id) ORDER BY id");
    let listed = ids("SELECT resource_id FROM authz_list_resources('user:' || ?1, 'document:read', 'document') ORDER BY resource_id");
    assert_eq!(filtered, listed, "user {user}");
    filtered
}

#[test]
fn rows_are_facts_where_they_are() {
    let connection = bound();
    assert_eq!(read_by(&connection, 1), [100, 103], "a role on the project; and what is public");
    assert_eq!(read_by(&connection, 2), [102, 103]);
    assert_eq!(read_by(&connection, 3), [102, 103], "by a team");
    assert_eq!(read_by(&connection, 4), [] as [i64; 0], "a user who is not active holds nothing");
    assert_eq!(read_by(&connection, 9), [] as [i64; 0], "nor does one without a row, also what is public");
    assert!(check(&connection, 2, "document:write", 100), "the author");
    assert!(!check(&connection, 3, "document:write", 101), "of a deleted document");
    assert!(!check(&connection, 1, "document:write", 103), "the role is over");
    assert!(!check(&connection, 2, "project:read", 20), "a value without a meaning gives no role");
    assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM authz_resources", []), 0, "nothing is copied");
}

#[test]
fn every_question_reads_them() {
    let connection = bound();
    let text = |sql: &str| one::<String>(&connection, &format!("SELECT group_concat(x, ' ') FROM ({sql})"), []);
    assert_eq!(
        text("SELECT subject AS x FROM authz_list_subjects('document:read', 'document', 102) ORDER BY subject"),
        "group:7 user:2 user:3"
    );
    assert_eq!(
        text("SELECT permission AS x FROM authz_list_permissions('user:1', 'document', 100) ORDER BY 1"),
        "document:read document:write"
    );
    assert_eq!(
        text("SELECT resource_type || ':' || resource_id AS x FROM authz_ancestors('document', 100)"),
        "document:100 project:10 organization:1"
    );
    assert_eq!(
        text("SELECT resource_type || ':' || resource_id AS x FROM authz_descendants('organization', 1) ORDER BY 1"),
        "document:100 document:102 organization:1 project:10 project:11"
    );
    assert_eq!(text("SELECT name AS x FROM authz_list_resources('user:1', 'document:read', 'document') ORDER BY 1"), "News Plan");
    let why = one::<String>(&connection, "SELECT authz_explain('user:1', 'document:read', 'document', 100)", []);
    assert!(why.contains("project_members.role"), "{why}");
    let why = one::<String>(&connection, "SELECT authz_explain('user:2', 'document:write', 'document', 100)", []);
    assert!(why.contains("author"), "{why}");
    assert_eq!(one::<i64>(&connection, "SELECT authz_require('user:1', 'document:read', 'document', 100)", []), 1);
}

#[test]
fn a_role_may_be_granted_on_a_bound_row_and_goes_with_it() {
    let connection = bound();
    assert_eq!(one::<i64>(&connection, "SELECT authz_grant('user:5', 'owner', 'document', 100)", []), 1);
    assert_eq!(one::<i64>(&connection, "SELECT authz_grant('user:5', 'reader', 'project', '11')", []), 1);
    assert_eq!(read_by(&connection, 5), [100, 102, 103]);
    connection
        .execute_batch("DELETE FROM documents WHERE id = 100; INSERT INTO documents (id, project_id, title) VALUES (100, 10, 'New')")
        .unwrap();
    assert_eq!(read_by(&connection, 5), [102, 103], "the next row with the number inherits nothing");
    connection.execute_batch("UPDATE projects SET id = 12 WHERE id = 11").unwrap();
    assert_eq!(read_by(&connection, 5), [102, 103], "a changed key takes its grants along");
    connection.execute_batch("UPDATE users SET id = 6 WHERE id = 5").unwrap();
    assert_eq!(read_by(&connection, 6), [102, 103], "also that of a user");
    connection.execute_batch("DELETE FROM users WHERE id = 6; INSERT INTO users (id, name) VALUES (6, 'Fay')").unwrap();
    assert_eq!(read_by(&connection, 6), [103]);
}

#[test]
fn what_is_a_row_is_changed_where_it_stands() {
    let connection = bound();
    for (sql, sentence) in [
        ("SELECT authz_put_resource('document', 100, 'project', 11)", "is a row of `documents`"),
        ("SELECT authz_remove_resource('document', 100)", "is a row of `documents`"),
        ("SELECT authz_revoke('user:1', 'editor', 'project', 10)", "in `project_members.role`; change it there"),
        ("SELECT authz_grant('user:1', 'owner', 'document', 999)", "there is no document `999` in `documents`"),
    ] {
        let error = connection.query_row(sql, [], |row| row.get::<_, Value>(0)).unwrap_err().to_string();
        assert!(error.contains(sentence), "{sql}: {error}");
    }
    // Both homes live side by side, also below each other.
    assert_eq!(one::<i64>(&connection, "SELECT authz_put_resource('document', 'draft', 'project', 10)", []), 1);
    let may = one::<bool>(&connection, "SELECT authz_check('user:1', 'document:read', 'document', 'draft')", []);
    assert!(may);
}

#[test]
fn binding_again_replaces_and_unbinding_takes_back() {
    let connection = bound();
    let before = one::<String>(&connection, "SELECT authz_bindings()", []);
    one::<String>(&connection, "SELECT authz_bind(?1)", [BINDINGS]);
    assert_eq!(one::<String>(&connection, "SELECT authz_bindings()", []), before);
    assert_eq!(one::<i64>(&connection, "SELECT authz_unbind('project_members')", []), 1);
    assert_eq!(read_by(&connection, 1), [103]);
    assert_eq!(one::<i64>(&connection, "SELECT authz_unbind('document')", []), 1);
    assert_eq!(one::<i64>(&connection, "SELECT authz_unbind('document')", []), 0);
    assert_eq!(read_by(&connection, 1), [] as [i64; 0]);
    for name in ["organization", "user", "project", "project_teams", "team_members"] {
        assert_eq!(one::<i64>(&connection, "SELECT authz_unbind(?1)", [name]), 1, "{name}");
    }
    assert_eq!(one::<String>(&connection, "SELECT authz_bindings()", []), "{}");
    let left: i64 = one(&connection, "SELECT count(*) FROM sqlite_schema WHERE name LIKE '\\_authz\\_bound\\_%' ESCAPE '\\'", []);
    assert_eq!(left, 0);
}
