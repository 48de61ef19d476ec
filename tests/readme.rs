//! What README shows is run: its session with the output beside it, its Rust example, its triggers, its model document.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use authz::rusqlite::Connection;
use authz::rusqlite::fallible_iterator::FallibleIterator;
use authz::rusqlite::types::ValueRef;

const README: &str = include_str!("../README.md");
const RELATIONSHIPS: &str = include_str!("../docs/relationships.md");
const SESSIONS: &str = include_str!("../docs/sessions.md");
const DIRECTORIES: &str = include_str!("../docs/directories.md");

/// The text of the fenced block of a language that follows a heading in README.
fn block(heading: &str, language: &str) -> &'static str {
    block_of(README, heading, language)
}

fn block_of(text: &'static str, heading: &str, language: &str) -> &'static str {
    let section = text.split_once(heading).unwrap_or_else(|| panic!("there is no `{heading}`")).1;
    let body = section.split_once(&format!("```{language}\n")).unwrap().1;
    body.split_once("```").unwrap().0
}

fn open() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    connection
}

/// Runs a script as the shell in its list mode would, and gives what that prints.
fn session(connection: &Connection, script: &str) -> String {
    let mut out = String::new();
    let mut statements = authz::rusqlite::Batch::new(connection, script);
    while let Some(mut statement) = statements.next().unwrap() {
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        loop {
            match rows.next() {
                Ok(Some(row)) => {
                    let cells: Vec<String> = (0..columns)
                        .map(|index| match row.get_ref(index).unwrap() {
                            ValueRef::Null => String::new(),
                            ValueRef::Integer(number) => number.to_string(),
                            ValueRef::Real(number) => number.to_string(),
                            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                        })
                        .collect();
                    out.push_str(&cells.join("|"));
                    out.push('\n');
                }
                Ok(None) => break,
                Err(error) => {
                    out.push_str(&format!("error: {error}\n"));
                    break;
                }
            }
        }
    }
    out
}

#[test]
fn the_session_prints_what_stands_beside_it() {
    assert_eq!(session(&open(), block("## Fifteen lines", "sql")), block("## Fifteen lines", "text"));
}

#[test]
fn the_sign_in_of_the_document_prints_what_stands_beside_it() {
    let connection = open();
    connection.execute_batch("SELECT authz_migrate()").unwrap();
    assert_eq!(session(&connection, block_of(SESSIONS, "# Sessions", "sql")), block_of(SESSIONS, "# Sessions", "text"));
}

#[test]
fn the_session_about_directories_prints_what_stands_beside_it() {
    assert_eq!(session(&open(), block_of(DIRECTORIES, "# Directories", "sql")), block_of(DIRECTORIES, "# Directories", "text"));
}

#[test]
fn the_sessions_about_relationships_print_what_stands_beside_them() {
    let connection = open();
    for heading in ["# Relationships", "## Contextual relationships"] {
        assert_eq!(session(&connection, block_of(RELATIONSHIPS, heading, "sql")), block_of(RELATIONSHIPS, heading, "text"));
    }
    let document = block_of(RELATIONSHIPS, "## Applying a model", "json");
    connection.query_row("SELECT authz_apply(?1, 'force')", [document], |_| Ok(())).unwrap();
}

#[test]
fn the_model_document_applies_and_applies_again() {
    let connection = open();
    authz::migrate(&connection).unwrap();
    let document = block("## The model document", "json");
    let apply =
        |connection: &Connection| -> String { connection.query_row("SELECT authz_apply(?1)", [document], |row| row.get(0)).unwrap() };
    assert!(apply(&connection).contains("project-editor"));
    assert_eq!(connection.query_row("SELECT count(*) FROM authz_plan(?1)", [document], |row| row.get::<_, i64>(0)).unwrap(), 0);
}

#[test]
fn roles_and_permissions_are_made_as_shown() {
    let connection = open();
    session(&connection, block("## Fifteen lines", "sql"));
    let printed = session(&connection, block("## Roles and permissions by JSON", "sql"));
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.len(), 5);
    assert!(!printed.contains("error: ") && lines[2].starts_with("org-team-lead-"), "{printed}");
    let printed = session(&connection, block("## Events", "sql"));
    assert!(
        printed.contains("|role.created|") && printed.lines().last().unwrap().contains("no event has the number `42` yet"),
        "{printed}"
    );
}

#[test]
fn a_function_is_called_by_insert_as_shown() {
    let connection = open();
    session(&connection, block("## Fifteen lines", "sql"));
    assert_eq!(session(&connection, block("## Functions", "sql")), "1\n");
}

#[test]
fn the_triggers_keep_both_tables_in_step() {
    let shown = block("## Keeping your own table in step", "sql");
    for statement in shown.split("END;").map(str::trim).filter(|text| !text.is_empty()) {
        let file = include_str!("../sql/examples/keep_documents_in_step.sql");
        assert!(file.contains(statement), "README shows what the file does not have: {statement}");
    }
    let connection = open();
    authz::migrate(&connection).unwrap();
    connection
        .execute_batch(
            "INSERT INTO authz_resource_types (slug) VALUES ('project'), ('document');
             INSERT INTO authz_resource_type_parents (resource_type, parent_type) VALUES ('project', 'organization'), ('document', 'project');
             INSERT INTO authz_resources (resource_type, resource_id) VALUES ('organization', 1);
             INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id) VALUES ('project', 'a', 'organization', 1), ('project', 'b', 'organization', 1);
             CREATE TABLE documents (id INTEGER PRIMARY KEY, project_id TEXT, title TEXT);",
        )
        .unwrap();
    connection.execute_batch(include_str!("../sql/examples/keep_documents_in_step.sql")).unwrap();
    connection.execute_batch("INSERT INTO documents VALUES (1, 'a', 'One'), (2, 'a', 'Two'); UPDATE documents SET project_id = 'b', title = 'Zwei' WHERE id = 2; DELETE FROM documents WHERE id = 1").unwrap();
    let all = "SELECT resource_id, parent_id, name FROM authz_resources WHERE resource_type = 'document'";
    assert_eq!(session(&connection, all), "2|b|Zwei\n");
    assert!(connection.execute_batch("INSERT INTO documents VALUES (3, 'nowhere', 'Three')").is_err());
}

#[test]
fn the_rust_example_runs() {
    // The same lines as in README, which the comparison below holds together.
    fn main() -> authz::Result<()> {
        let connection = Connection::open_in_memory()?;
        authz::register(&connection)?;
        authz::migrate(&connection)?;
        let sql = "SELECT count(*) FROM authz_ancestors('organization', 'acme')";
        assert_eq!(connection.query_row(sql, [], |row| row.get::<_, i64>(0))?, 0);
        Ok(())
    }
    main().unwrap();
    let shown = block("**In a Rust application.**", "rust");
    for line in
        ["authz::register(&connection)?;", "authz::migrate(&connection)?;", "SELECT count(*) FROM authz_ancestors('organization', 'acme')"]
    {
        assert!(shown.contains(line), "{line}");
    }
}
