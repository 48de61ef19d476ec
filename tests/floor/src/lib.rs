//! The schema and the loaded library on SQLite 3.38.0.
#![cfg(test)]

#[path = "../../assumptions/bindings.rs"]
mod bindings;
#[path = "../../assumptions/one_statement.rs"]
mod one_statement;

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, LoadExtensionGuard, ffi};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The files with this extension in a folder, sorted by name.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(repository().join(folder)).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().map_or(false, |found| found == extension));
    files.sort_by_key(|path| {
        // V2 comes before V10.
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let number: String = name.chars().skip(1).take_while(char::is_ascii_digit).collect();
        (number.parse::<u32>().unwrap_or(0), name)
    });
    assert!(!files.is_empty(), "nothing in {folder}");
    files
}

fn load(connection: &Connection) {
    let name = format!("{}authz{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let library = repository().join("target/loadable/release").join(name);
    assert!(library.is_file(), "{} is missing: run `cargo loadable --target-dir target/loadable` first", library.display());
    // SAFETY: the library was built from this repository.
    unsafe {
        let _guard = LoadExtensionGuard::new(connection).unwrap();
        connection.load_extension(&library, None).unwrap();
    }
}

/// A connection as strict hosts have it.
fn open(path: &Path, trusted_schema: bool) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch(&format!("PRAGMA trusted_schema = {trusted_schema}; PRAGMA foreign_keys = OFF; PRAGMA recursive_triggers = OFF"))
        .unwrap();
    connection
}

fn migrate_in_plain_sql(connection: &Connection) {
    // In the order in which they need each other.
    for file in ["core", "events", "identity", "search"].iter().flat_map(|system| files(&format!("migrations/{system}"), "sql")) {
        let text = fs::read_to_string(&file).unwrap();
        connection.execute_batch(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
}

#[test]
fn this_is_the_floor() {
    assert_eq!(rusqlite::version(), "3.38.0");
}

const PRODUCT: &str = include_str!("product.sql");

/// Statements that plain SQL must refuse on [`PRODUCT`], each with the beginning of what it is told.
const REFUSED: &[(&str, &str)] = &[
    ("INSERT INTO authz_resource_types (slug) VALUES ('white space')", "CHECK constraint failed: a slug has 1 to 128"),
    ("INSERT INTO authz_resource_types (slug) VALUES ('user')", "CHECK constraint failed: user, group, agent and service"),
    ("INSERT OR REPLACE INTO authz_resource_types (slug) VALUES ('project')", "replace_refused"),
    ("UPDATE authz_resource_types SET slug = 'other' WHERE slug = 'project'", "resource_type_immutable"),
    ("DELETE FROM authz_resource_types WHERE slug = 'organization'", "resource_type_built_in"),
    ("DELETE FROM authz_resource_types WHERE slug = 'project'", "resource_type_in_use"),
    ("INSERT INTO authz_resource_type_parents (resource_type, parent_type) VALUES ('project', 'nothing')", "resource_type_unknown"),
    ("INSERT INTO authz_resource_type_parents (resource_type, parent_type) VALUES ('workspace', 'document')", "resource_type_cycle"),
    ("DELETE FROM authz_resource_type_parents WHERE resource_type = 'project'", "resource_type_in_use"),
    ("INSERT INTO authz_permissions (slug, resource_type) VALUES ('x', 'nothing')", "resource_type_unknown"),
    (
        "INSERT INTO authz_permissions (slug, resource_type) VALUES ('document:read', 'document')",
        "UNIQUE constraint failed: index '_authz_permission_slug_conflict'",
    ),
    ("UPDATE authz_permissions SET slug = 'x' WHERE slug = 'document:read'", "permission_immutable"),
    (
        "INSERT INTO authz_roles (slug, resource_type) VALUES ('org-x', 'project')",
        "CHECK constraint failed: the slug of an organization role",
    ),
    (
        "INSERT INTO authz_roles (slug, resource_type) VALUES ('project-editor', 'project')",
        "UNIQUE constraint failed: index '_authz_role_slug_conflict'",
    ),
    (
        "INSERT INTO authz_roles (slug, organization) VALUES ('org-a', 'acme'), ('org-a', 'acme')",
        "UNIQUE constraint failed: index '_authz_organization_role_slug_conflict'",
    ),
    ("DELETE FROM authz_roles WHERE slug = 'project-editor'", "role_has_assignments"),
    ("INSERT INTO authz_sso_sessions (connection) VALUES ('none')", "connection_invalid"),
    ("INSERT INTO authz_sessions (user) VALUES ('nobody')", "user_unknown"),
    ("INSERT INTO authz_connections (organization, type) VALUES ('none', 'OktaSAML')", "organization_unknown"),
    ("UPDATE authz_roles SET resource_type = 'document' WHERE slug = 'project-editor'", "role_immutable"),
    ("INSERT INTO authz_role_permissions (role, permission) VALUES ('nobody', 'document:read')", "role_unknown"),
    ("INSERT INTO authz_role_permissions (role, permission) VALUES ('project-editor', 'nothing')", "permission_unknown"),
    ("INSERT INTO authz_role_permissions (role, permission) VALUES ('document-reader', 'project:read')", "role_permission_out_of_reach"),
    ("INSERT INTO authz_resources (resource_type, resource_id) VALUES ('nothing', 1)", "resource_type_unknown"),
    ("INSERT INTO authz_resources (resource_type, resource_id) VALUES ('project', 1)", "resource_parent_required"),
    (
        "INSERT INTO authz_resources (resource_type, resource_id) VALUES ('organization', 1.5)",
        "CHECK constraint failed: an id is an INTEGER or TEXT",
    ),
    (
        "INSERT INTO authz_resources (resource_type, resource_id) VALUES ('organization', x'31')",
        "CHECK constraint failed: an id is an INTEGER or TEXT",
    ),
    ("INSERT INTO authz_resources (resource_type, resource_id) VALUES ('organization', 'a b')", "id_invalid"),
    ("INSERT INTO authz_resources (resource_type, resource_id) VALUES ('organization', 'a' || char(8239))", "id_invalid"),
    ("INSERT INTO authz_resources (resource_type, resource_id) VALUES ('organization', '*')", "id_invalid"),
    (
        "INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id) VALUES ('document', '7', 'project', 'atlas')",
        "resource_exists",
    ),
    (
        "INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id) VALUES ('project', 'p', 'document', 7)",
        "resource_parent_type",
    ),
    (
        "INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id) VALUES ('project', 'p', 'workspace', 'none')",
        "resource_parent_missing",
    ),
    ("UPDATE authz_resources SET resource_id = 9 WHERE resource_id = 7", "resource_immutable"),
    ("UPDATE authz_resources SET parent_type = 'document', parent_id = 8 WHERE resource_id = 7", "resource_cycle"),
    ("UPDATE authz_resources SET organization = 'other' WHERE resource_id = 'atlas'", "resource_organization"),
    (
        "UPDATE authz_resources SET given_external_id = '8' WHERE resource_type = 'document' AND resource_id = 7",
        "authorization_resource_external_id_conflict",
    ),
    ("DELETE FROM authz_resources WHERE resource_id = 'atlas'", "resource_has_dependents"),
    ("INSERT INTO authz_groups (id) VALUES ('a#b')", "id_invalid"),
    ("INSERT OR REPLACE INTO authz_groups (id) VALUES ('eng')", "replace_refused"),
    ("UPDATE authz_groups SET id = 'x' WHERE id = 'eng'", "group_immutable"),
    ("INSERT INTO authz_group_members (group_id, subject) VALUES ('eng', 'ana')", "subject_type_unknown"),
    ("INSERT INTO authz_group_members (group_id, subject) VALUES ('eng', 'usr:ana')", "subject_type_unknown"),
    (
        "INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id) VALUES ('user:cy', 'nobody', 'project', 'atlas')",
        "role_unknown",
    ),
    (
        "INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id) VALUES ('user:cy', 'project-editor', 'document', 7)",
        "role_resource_type",
    ),
    (
        "INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id) VALUES ('user:cy', 'project-editor', 'project', 'none')",
        "resource_missing",
    ),
    (
        "INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id, expires_at) VALUES ('user:cy', 'project-editor', 'project', 'atlas', '2027-01-01')",
        "CHECK constraint failed: expires_at is UTC",
    ),
    ("UPDATE authz_role_assignments SET subject = 'user:cy'", "role_assignment_immutable"),
    (r#"INSERT INTO authz_users (id, email, metadata) VALUES ('ana', 'ana@acme.test', '{"plan": 1}')"#, "metadata_invalid"),
    (r#"UPDATE authz_organizations SET metadata = '["plan"]'"#, "metadata_invalid"),
    ("INSERT INTO _authz_consumers (consumer, position) VALUES ('hook', 1000000)", "consumer_position"),
];

#[test]
fn the_tables_keep_their_rules_in_plain_sql() {
    for trusted_schema in [false, true] {
        let connection = open(Path::new(":memory:"), trusted_schema);
        migrate_in_plain_sql(&connection);
        connection.execute_batch(PRODUCT).unwrap();
        let count = |table: &str| connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0)).unwrap();
        let before: Vec<i64> = TABLES.iter().map(|table| count(table)).collect();
        for (statement, told) in REFUSED {
            match connection.execute_batch(statement) {
                Ok(()) => panic!("not refused: {statement}"),
                Err(error) => assert!(error.to_string().starts_with(told), "{statement}\n  was told: {error}\n  and not: {told}"),
            }
        }
        assert_eq!(TABLES.iter().map(|table| count(table)).collect::<Vec<_>>(), before);
        connection.close().map_err(|(_, error)| error).unwrap();
    }
}

/// The tables that applications write.
const TABLES: [&str; 8] = [
    "authz_resource_types",
    "authz_resource_type_parents",
    "authz_permissions",
    "authz_roles",
    "authz_role_permissions",
    "authz_resources",
    "authz_group_members",
    "authz_role_assignments",
];

/// A value as the shell prints it in its list mode.
fn printed(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => format!("{number:?}"),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// Runs a script as the shell does, statement after statement, and answers in the form of an `.out` file.
fn run_script(connection: &Connection, script: &str) -> String {
    let (mut rows, mut errors, mut statement) = (String::new(), Vec::new(), String::new());
    for line in script.lines().filter(|line| !line.starts_with('.')) {
        statement.push_str(line);
        statement.push('\n');
        let text = std::ffi::CString::new(statement.as_str()).unwrap();
        // SAFETY: a C string that lives as long as the call.
        if unsafe { ffi::sqlite3_complete(text.as_ptr()) } == 0 {
            continue;
        }
        if let Err(error) = run_statement(connection, &statement, &mut rows) {
            errors.push(match error {
                rusqlite::Error::SqliteFailure(_, Some(text)) => text,
                other => other.to_string(),
            });
        }
        statement.clear();
    }
    match errors.is_empty() {
        true => rows,
        false => format!("{rows}--------\n{}\n", errors.join("\n")),
    }
}

fn run_statement(connection: &Connection, text: &str, rows: &mut String) -> rusqlite::Result<()> {
    let mut batch = rusqlite::Batch::new(connection, text);
    while let Some(mut statement) = batch.next()? {
        let columns = statement.column_count();
        let mut answer = statement.query([])?;
        while let Some(row) = answer.next()? {
            let values: Vec<String> = (0..columns).map(|column| printed(row.get_ref_unwrap(column))).collect();
            rows.push_str(&values.join("|"));
            rows.push('\n');
        }
    }
    Ok(())
}

#[test]
fn the_scripts_of_the_shell_print_the_same_here() {
    for script in files("tests/sql", "sql") {
        for trusted_schema in [false, true] {
            let connection = open(Path::new(":memory:"), trusted_schema);
            load(&connection);
            let expected = fs::read_to_string(script.with_extension("out")).unwrap();
            assert_eq!(run_script(&connection, &fs::read_to_string(&script).unwrap()), expected, "{}", script.display());
            connection.close().map_err(|(_, error)| error).unwrap();
        }
    }
}

/// Memory of this process that is in use, in bytes; where the system does not say, 0.
fn resident() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}

#[test]
fn ten_thousand_rounds_leak_nothing() {
    const ROUNDS: u32 = 10_000;
    let path = std::env::temp_dir().join(format!("authz-floor-{}.db", std::process::id()));
    let _ = fs::remove_file(&path);
    let first = open(&path, false);
    migrate_in_plain_sql(&first);
    first.execute_batch(PRODUCT).unwrap();
    first.close().map_err(|(_, error)| error).unwrap();
    let before = fs::read(&path).unwrap();

    let round = || {
        let connection = open(&path, false);
        load(&connection);
        for (subject, expected) in [("user:ana", 1), ("user:ben", 1), ("user:cy", 0)] {
            let question = "SELECT authz_check(?1, 'document:read', 'document', 8)";
            assert_eq!(connection.query_row(question, [subject], |row| row.get::<_, i64>(0)), Ok(expected), "{subject}");
        }
        let listed =
            connection.query_row("SELECT count(*) FROM authz_list_resources('user:ana', 'document:read', 'document')", [], |row| {
                row.get::<_, i64>(0)
            });
        assert_eq!(listed, Ok(2));
        connection.close().map_err(|(_, error)| error).expect("sqlite3_close succeeds after use");
    };
    for _ in 0..500 {
        round();
    }
    let start = resident();
    for _ in 0..ROUNDS {
        round();
    }
    let grown = resident().saturating_sub(start);
    // Two bytes lost in each round would be invisible under the pages a heap takes and gives back; a hundred are not.
    assert!(grown < u64::from(ROUNDS) * 100, "{grown} bytes more after {ROUNDS} rounds");
    assert!(before == fs::read(&path).unwrap(), "loading and asking changed the file");
    fs::remove_file(&path).unwrap();
}

/// The statements of README, held against the planner of this version: see `tests/plans.rs`.
#[test]
fn statements_get_the_plans_they_are_meant_to_get() {
    let bare = |line: &str| -> String {
        let ends = ["VIRTUAL TABLE", "LIST SUBQUERY", "SCALAR SUBQUERY"];
        let end = ends.iter().find_map(|end| line.find(end).map(|at| at + end.len()));
        line[..end.unwrap_or(line.len())].to_owned()
    };
    for analyzed in [false, true] {
        let connection = Connection::open_in_memory().unwrap();
        load(&connection);
        connection.execute_batch(include_str!("../../plans/world.sql")).unwrap();
        if analyzed {
            connection.execute_batch("ANALYZE").unwrap();
        }
        let mut asked: Option<(&str, Vec<String>)> = None;
        for line in include_str!("../../plans/statements.sql").lines().chain([""]) {
            if let Some(expected) = line.strip_prefix("--> ") {
                let (sql, plan) = asked.as_mut().unwrap();
                assert_eq!(plan.first().map(String::as_str), Some(expected), "{sql}\nanalyzed: {analyzed}");
                plan.remove(0);
            } else if line.is_empty() {
                if let Some((sql, rest)) = asked.take() {
                    assert!(rest.is_empty(), "{sql}: {rest:?}");
                }
            } else if !line.starts_with("--") {
                let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {line}")).unwrap();
                let plan = statement.query_map([], |row| row.get::<_, String>(3)).unwrap().map(|line| bare(&line.unwrap())).collect();
                asked = Some((line, plan));
            }
        }
    }
}
