//! Each conflict clause on each relation, in the SQLite that is bundled and in the stock shell, with recursive triggers off and on: never
//! a row that changed without its event, nor an event without its change.

use std::path::Path;

use authz::rusqlite::Connection;

use crate::replay::{Objects, current, difference};
use crate::{events_after, last_seq, open, stock_shell};

const SETUP: &str = "
INSERT INTO authz_resource_types (slug) VALUES ('folder');
INSERT INTO authz_resource_type_parents (resource_type, parent_type) VALUES ('folder', 'organization');
INSERT INTO authz_organizations (id, name) VALUES ('acme', 'Acme'), (7, 'Seven');
INSERT INTO authz_permissions (id, slug) VALUES ('perm_1', 'p1');
INSERT INTO authz_roles (id, slug, organization) VALUES ('role_1', 'r1', NULL), ('role_2', 'org-x', 'acme');
INSERT INTO authz_roles (id, slug, resource_type) VALUES ('role_3', 'reader', 'folder');
INSERT INTO authz_role_permissions (role, organization, permission) VALUES ('r1', NULL, 'p1'), ('org-x', 'acme', 'p1');
INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id) VALUES ('folder', 1, 'organization', 'acme');
INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id) VALUES
  ('user:ana', 'r1', 'organization', 'acme'), ('user:ana', 'reader', 'folder', 1);
INSERT INTO authz_users (id, email) VALUES ('ana', 'ana@acme.test'), ('bo', 'bo@acme.test');
INSERT INTO authz_memberships (id, user, organization) VALUES ('om_1', 'ana', 'acme');
INSERT INTO authz_groups (id, organization, name) VALUES ('eng', 'acme', 'Engineering'), ('all', NULL, NULL);
INSERT INTO authz_group_members (group_id, subject) VALUES ('eng', 'user:ana'), ('all', 'group:eng');
INSERT INTO authz_directories (id, organization, name) VALUES ('d1', 'acme', 'Staff');";

/// A relation and a row for it that is there already.
struct Case {
    relation: &'static str,
    columns: &'static str,
    /// The key of a row that is there, the rest different.
    there: &'static str,
    /// A row that is not there.
    new: &'static str,
    /// What ON CONFLICT names.
    key: &'static str,
    /// A column that may change; empty where none may.
    changes: &'static str,
}

const CASES: [Case; 18] = [
    Case {
        relation: "authz_directories",
        columns: "id, organization, name",
        there: "'d1', 'acme', 'New'",
        new: "'d2', 7, 'New'",
        key: "(id)",
        changes: "name",
    },
    Case { relation: "authz_permissions", columns: "slug, name", there: "'p1', 'New'", new: "'p2', 'New'", key: "(slug)", changes: "name" },
    Case {
        relation: "authz_permissions",
        columns: "id, slug, name",
        there: "'perm_1', 'p1', 'New'",
        new: "'perm_2', 'p2', 'New'",
        key: "(id)",
        changes: "name",
    },
    Case {
        relation: "authz_roles",
        columns: "slug, name",
        there: "'r1', 'New'",
        new: "'r2', 'New'",
        key: "(slug) WHERE organization IS NULL",
        changes: "name",
    },
    Case {
        relation: "authz_roles",
        columns: "id, slug, name",
        there: "'role_1', 'r1', 'New'",
        new: "'role_9', 'r2', 'New'",
        key: "(id)",
        changes: "name",
    },
    Case {
        relation: "authz_roles",
        columns: "slug, organization, name",
        there: "'org-x', 'acme', 'New'",
        new: "'org-y', 'acme', 'New'",
        key: "(slug, organization)",
        changes: "name",
    },
    Case {
        relation: "authz_role_permissions",
        columns: "role, permission",
        there: "'r1', 'p1'",
        new: "'member', 'p1'",
        key: "(permission, role) WHERE organization IS NULL",
        changes: "",
    },
    Case {
        relation: "authz_role_permissions",
        columns: "role, organization, permission",
        there: "'org-x', 'acme', 'p1'",
        new: "'member', NULL, 'p1'",
        key: "(role, permission, organization)",
        changes: "",
    },
    Case {
        relation: "authz_role_assignments",
        columns: "subject, role, resource_type, resource_id, expires_at",
        there: "'user:ana', 'r1', 'organization', 'acme', '2040-01-01T00:00:00.000Z'",
        new: "'user:bo', 'r1', 'organization', 'acme', '2040-01-01T00:00:00.000Z'",
        key: "(subject, resource_type, resource_id, role, source)",
        changes: "expires_at",
    },
    Case {
        relation: "authz_resources",
        columns: "resource_type, resource_id, parent_type, parent_id, name",
        there: "'folder', 1, 'organization', 'acme', 'New'",
        new: "'folder', 2, 'organization', 'acme', 'New'",
        key: "(resource_type, resource_id)",
        changes: "name",
    },
    Case {
        relation: "authz_resources",
        columns: "resource_type, resource_id, name",
        there: "'organization', 'acme', 'New'",
        new: "'organization', 'beta', 'New'",
        key: "(resource_type, resource_id)",
        changes: "name",
    },
    Case {
        relation: "authz_organizations",
        columns: "id, name, external_id",
        there: "'acme', 'Acme', 'x-1'",
        new: "'beta', 'Beta', 'x-2'",
        key: "(id)",
        changes: "external_id",
    },
    Case {
        relation: "authz_users",
        columns: "id, email",
        there: "'ana', 'new@acme.test'",
        new: "'cy', 'cy@acme.test'",
        key: "(id)",
        changes: "email",
    },
    Case {
        relation: "authz_memberships",
        columns: "id, user, organization, status",
        there: "'om_1', 'ana', 'acme', 'inactive'",
        new: "'om_2', 'bo', 'acme', 'inactive'",
        key: "(id)",
        changes: "status",
    },
    Case {
        relation: "authz_memberships",
        columns: "user, organization, status",
        there: "'ana', 'acme', 'pending'",
        new: "'bo', 'acme', 'pending'",
        key: "(user, organization)",
        changes: "status",
    },
    Case {
        relation: "authz_groups",
        columns: "id, organization, name",
        there: "'eng', 'acme', 'New'",
        new: "'ops', 'acme', 'New'",
        key: "(id)",
        changes: "name",
    },
    Case {
        relation: "authz_group_members",
        columns: "group_id, subject",
        there: "'eng', 'user:ana'",
        new: "'ops', 'user:ana'",
        key: "(group_id, subject)",
        changes: "",
    },
    Case {
        relation: "authz_group_members",
        columns: "group_id, subject",
        there: "'all', 'group:eng'",
        new: "'all', 'group:ops'",
        key: "(group_id, subject)",
        changes: "",
    },
];

/// What a statement must do.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Outcome {
    /// An error that holds these words; nothing changes.
    Refused(&'static str),
    /// No error; nothing changes and no event is written.
    Skipped,
    /// No error; the one event that is written tells of an update.
    Updated,
    /// No error; the last event that is written tells of a new row.
    Created,
}

/// Every statement with what it must do.
fn statements() -> Vec<(String, Outcome)> {
    let mut all = Vec::new();
    for Case { relation, columns, there, new, key, changes } in &CASES {
        // With the code of WorkOS if it has one.
        let conflict = match (*relation, columns.contains("organization")) {
            ("authz_permissions", _) => "UNIQUE constraint failed: index '_authz_permission_slug_conflict'",
            ("authz_roles", false) => "UNIQUE constraint failed: index '_authz_role_slug_conflict'",
            ("authz_roles", true) => "UNIQUE constraint failed: index '_authz_organization_role_slug_conflict'",
            _ => "UNIQUE constraint failed",
        };
        all.push((format!("INSERT INTO {relation} ({columns}) VALUES ({there})"), Outcome::Refused(conflict)));
        for clause in ["INSERT OR ABORT", "INSERT OR FAIL", "INSERT OR ROLLBACK"] {
            all.push((format!("{clause} INTO {relation} ({columns}) VALUES ({there})"), Outcome::Refused("UNIQUE constraint failed")));
        }
        for clause in ["INSERT OR REPLACE", "REPLACE"] {
            all.push((format!("{clause} INTO {relation} ({columns}) VALUES ({there})"), Outcome::Refused("replace_refused")));
        }
        all.push((format!("INSERT OR IGNORE INTO {relation} ({columns}) VALUES ({there})"), Outcome::Skipped));
        for target in ["", key] {
            all.push((format!("INSERT INTO {relation} ({columns}) VALUES ({there}) ON CONFLICT {target} DO NOTHING"), Outcome::Skipped));
        }
        if !changes.is_empty() {
            let set = format!("ON CONFLICT {key} DO UPDATE SET {changes} = excluded.{changes}");
            all.push((format!("INSERT INTO {relation} ({columns}) VALUES ({there}) {set}"), Outcome::Updated));
            let same = format!("ON CONFLICT {key} DO UPDATE SET {changes} = {relation}.{changes}");
            all.push((format!("INSERT INTO {relation} ({columns}) VALUES ({there}) {same}"), Outcome::Skipped));
        }
        for clause in ["INSERT", "INSERT OR ABORT", "INSERT OR FAIL", "INSERT OR ROLLBACK", "INSERT OR IGNORE", "INSERT OR REPLACE"] {
            // A permission more or less is an update of the role.
            let outcome = if *relation == "authz_role_permissions" { Outcome::Updated } else { Outcome::Created };
            all.push((format!("{clause} INTO {relation} ({columns}) VALUES ({new})"), outcome));
        }
        all.push((format!("INSERT OR IGNORE INTO {relation} ({columns}) SELECT {there}"), Outcome::Skipped));
    }
    let folder = "INTO authz_resources (resource_type, resource_id, parent_type, parent_id) VALUES ('folder', '1', 'organization', 'acme')";
    let seven = "INTO authz_organizations (id, name) VALUES ('7', 'New')";
    let reader = "INTO authz_role_assignments (subject, role, resource_type, resource_id) VALUES ('user:ana', 'reader', 'folder', '1')";
    for (row, word) in [(folder, "resource_exists"), (seven, "resource_exists"), (reader, "role_assignment_exists")] {
        all.push((format!("INSERT {row}"), Outcome::Refused(word)));
        all.push((format!("INSERT OR REPLACE {row}"), Outcome::Refused(word)));
        all.push((format!("INSERT OR IGNORE {row}"), Outcome::Skipped));
    }
    for (statement, outcome) in [
        ("INSERT OR IGNORE INTO authz_organizations (id) VALUES ('a b')", Outcome::Refused("id_invalid")),
        (
            "INSERT OR IGNORE INTO authz_resources (resource_type, resource_id) VALUES ('organization', 'a b')",
            Outcome::Refused("id_invalid"),
        ),
        ("INSERT OR IGNORE INTO authz_group_members (group_id, subject) VALUES ('a b', 'user:ana')", Outcome::Refused("id_invalid")),
        (
            "INSERT OR IGNORE INTO authz_users (id, email, first_name) VALUES ('x', 'x', CAST(x'c3' AS TEXT))",
            Outcome::Refused("text_encoding"),
        ),
        (
            "INSERT OR REPLACE INTO authz_role_permissions (rowid, role, permission) VALUES (1, 'member', 'p1')",
            Outcome::Refused("replace_refused"),
        ),
        ("UPDATE OR REPLACE authz_role_permissions SET rowid = 5 WHERE role = 'r1'", Outcome::Refused("role_permission_immutable")),
        ("UPDATE OR REPLACE authz_users SET id = 'ana' WHERE id = 'bo'", Outcome::Refused("user_immutable")),
        ("UPDATE OR REPLACE authz_roles SET name = 'New' WHERE slug = 'r1'", Outcome::Updated),
        ("UPDATE OR IGNORE authz_roles SET name = 'New' WHERE slug = 'r1'", Outcome::Updated),
        ("UPDATE OR IGNORE authz_groups SET name = 'New' WHERE id = 'eng'", Outcome::Updated),
        ("UPDATE OR REPLACE authz_resources SET name = 'New' WHERE resource_id = 'acme'", Outcome::Updated),
        ("UPDATE OR IGNORE authz_memberships SET status = 'pending'", Outcome::Updated),
        ("UPDATE OR IGNORE authz_users SET metadata = NULL WHERE id = 'bo'", Outcome::Skipped),
    ] {
        all.push((statement.to_owned(), outcome));
    }
    all
}

/// Whether the statement did to a file what it must, given what it said and how the file was before.
fn judge(connection: &Connection, statement: &str, outcome: Outcome, told: Option<&str>, before: &(Objects, i64)) {
    let events = events_after(connection, before.1);
    let names: Vec<&str> = events.iter().map(|event| event.name.as_str()).collect();
    match outcome {
        Outcome::Refused(word) => {
            assert!(told.is_some_and(|told| told.contains(word)), "{statement}: {told:?}");
            assert_eq!(names, [""; 0], "{statement}");
        }
        Outcome::Skipped => assert_eq!((told, names.as_slice()), (None, [].as_slice()), "{statement}"),
        Outcome::Updated => {
            assert_eq!((told, names.len()), (None, 1), "{statement}: {names:?}");
            assert!(names[0].ends_with(".updated"), "{statement}: {names:?}");
        }
        Outcome::Created => {
            assert_eq!(told, None, "{statement}");
            let last = names.last().unwrap_or_else(|| panic!("{statement}: no event"));
            let is_new = [".created", ".member_added", ".activated"].iter().any(|verb| last.ends_with(verb));
            assert!(is_new, "{statement}: {names:?}");
        }
    }
    if matches!(outcome, Outcome::Refused(_) | Outcome::Skipped) {
        assert_eq!(current(connection), before.0, "{statement}");
    }
    assert_eq!(difference(connection), None, "{statement}");
}

#[test]
fn in_the_bundled_sqlite() {
    let connection = open();
    connection.execute_batch(SETUP).unwrap();
    let before = (current(&connection), last_seq(&connection));
    for recursive in ["OFF", "ON"] {
        connection.execute_batch(&format!("PRAGMA recursive_triggers = {recursive}")).unwrap();
        for (statement, outcome) in statements() {
            connection.execute_batch("SAVEPOINT clause").unwrap();
            let told = connection.execute_batch(&statement).err().map(|error| error.to_string());
            // OR ROLLBACK has ended the whole transaction.
            let rolled_back = connection.is_autocommit();
            judge(&connection, &statement, outcome, told.as_deref(), &before);
            if !rolled_back {
                connection.execute_batch("ROLLBACK TO clause; RELEASE clause").unwrap();
            }
        }
    }
}

#[test]
fn in_the_stock_shell() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let Some(told) = stock_shell(&path("made.db"), &format!("{}{SETUP}", authz::migration_sql())) else { return };
    assert_eq!(told, "");
    let made = std::fs::read(path("made.db")).unwrap();
    let at = |path: &Path| {
        let connection = Connection::open(path).unwrap();
        connection.execute_batch("PRAGMA synchronous = OFF").unwrap();
        connection
    };
    let connection = at(&path("made.db"));
    let before = (current(&connection), last_seq(&connection));
    for recursive in ["OFF", "ON"] {
        for (statement, outcome) in statements() {
            let file = path("tried.db");
            std::fs::write(&file, &made).unwrap();
            let told = stock_shell(&file, &format!("PRAGMA recursive_triggers = {recursive};\n{statement};\n")).unwrap();
            let told = Some(told.as_str()).filter(|told| !told.is_empty());
            judge(&at(&file), &statement, outcome, told, &before);
        }
    }
}
