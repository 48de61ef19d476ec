//! Every block of README and of docs that can run is run, in the order of its page, on one file for each page. What a block prints is
//! compared with the block `text` that follows it; without one, it must run without an error. Blocks of Rust are documentation tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod blocks;
#[path = "../needs/mod.rs"]
mod needs;
mod run;

use authz::rusqlite::Connection;

use blocks::{blocks, pages};
use run::Place;

/// Blocks that are not run: the page, the language, how the block begins, and why.
const NOT_RUN: &[(&str, &str, &str, &str)] = &[
    ("README.md", "text", "SELECT d.* FROM documents", "it is there to be read; the example below runs the same statement"),
    ("README.md", "sh", "cargo run", "builds and measures; `.ci/run` and `.ci/full` do so"),
    ("README.md", "console", "$ sqlite3", "a session that is typed; tests/shell.rs loads the library into the shell"),
    ("README.md", "sh", "authz events app.db --follow", "does not end; tests/follow.rs and tests/relay.rs run both commands"),
    ("docs/architecture.md", "text", "", "drawings"),
    ("docs/consuming-events.md", "sh", "authz events app.db --consumer reports --json --follow", "does not end; tests/follow.rs runs it"),
    ("docs/consuming-events.md", "sh", "export HOOK_SECRET", "needs a server and does not end; tests/relay.rs runs it"),
    ("docs/consuming-events.md", "python", "event = client", "part of a web application; tests/relay.rs runs it with the SDK"),
    ("docs/dashboard.md", "sh", "authz dashboard", "does not end; tests/dashboard opens it in a browser"),
    ("docs/events.md", "json", "", "payloads; tests/outbox/payloads.rs writes this part of the page"),
    ("docs/events.md", "text", "UNIQUE constraint failed", "an error alone; tests/roles.rs holds the sentence"),
    ("docs/performance.md", "sh", "cargo bench", "measures"),
    ("docs/reference.md", "*", "", "tests/help.rs runs the example of every function"),
    ("docs/sessions.md", "text", "in_progress", "a drawing"),
    ("docs/sessions.md", "sh", "authz sessions app.db --since", "names a sign-in by its id; tests/sessions/command.rs runs both commands"),
];

const MODEL: &str = r#"SELECT authz_migrate();
SELECT authz_apply('{"resource_types": {"document": {}}, "permissions": {"document:read": {"resource_type": "document"}},
  "roles": {"reader": {"resource_type": "document", "permissions": ["document:read"]}}}');"#;

/// What a page takes for granted: SQL that runs before its first block.
fn before(page: &str) -> String {
    match page {
        "docs/attributes.md" | "docs/events.md" => "SELECT authz_migrate();".to_owned(),
        "docs/search.md" | "docs/sessions.md" => MODEL.to_owned(),
        // Its examples acknowledge up to event 42.
        "docs/consuming-events.md" => format!(
            "{MODEL} WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 50)
             INSERT INTO authz_roles (slug) SELECT 'role-' || i FROM n;"
        ),
        _ => String::new(),
    }
}

fn reason(page: &str, language: &str, text: &str) -> Option<usize> {
    NOT_RUN.iter().position(|(of, kind, begins, _)| *of == page && (*kind == language || *kind == "*") && text.starts_with(begins))
}

#[test]
fn every_block_runs_and_prints_what_is_shown() {
    let rust = include_str!("../../src/lib.rs");
    let mut used = vec![false; NOT_RUN.len()];
    let mut failures = Vec::new();
    let pages = pages();
    for page in &pages {
        let place = Place::new(&before(page));
        let mut blocks = blocks(page).into_iter().peekable();
        while let Some(block) = blocks.next() {
            let at = format!("{page}:{} ({})", block.line, block.language);
            if let Some(index) = reason(page, &block.language, &block.text) {
                used[index] = true;
                continue;
            }
            if block.language == "rust" {
                if !rust.contains(&format!("include_str!(\"../{page}\")")) {
                    failures.push(format!("{at}: src/lib.rs does not run the Rust of this page"));
                }
                continue;
            }
            let shown = blocks.next_if(|next| next.language == "text" && reason(page, "text", &next.text).is_none());
            match (place.run(page, &block), shown) {
                (None, _) => {}
                (Some(Err(error)), _) => failures.push(format!("{at}: {error}")),
                (Some(Ok(printed)), Some(shown)) if printed != shown.text => {
                    failures.push(format!("{at} prints\n{printed}and the page shows\n{}", shown.text));
                }
                (Some(Ok(printed)), None) if printed.contains("error: ") => failures.push(format!("{at}: {printed}")),
                (Some(Ok(_)), _) => {}
            }
        }
    }
    for ((page, language, begins, _), used) in NOT_RUN.iter().zip(used) {
        if !used && pages.iter().any(|there| there == page) {
            failures.push(format!("{page} has no block ({language}) that begins with `{begins}`, which the list leaves out"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn open() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    connection
}

/// The triggers that README shows are those of the files under `sql/examples`.
#[test]
fn readme_shows_the_triggers_of_the_files() {
    let files =
        [include_str!("../../sql/examples/keep_documents_in_step.sql"), include_str!("../../sql/examples/revoke_what_a_user_held.sql")];
    let mut triggers = 0;
    for block in blocks("README.md").iter().filter(|block| block.language == "sql") {
        for statement in block.text.split_inclusive("END;\n").filter(|text| text.starts_with("CREATE TRIGGER")) {
            assert!(files.iter().any(|file| file.contains(statement)), "README shows what no file has: {statement}");
            triggers += 1;
        }
    }
    assert_eq!(triggers, 3);
}

#[test]
fn the_triggers_keep_both_tables_in_step() {
    let connection = open();
    connection
        .execute_batch(
            "INSERT INTO authz_resource_types (slug) VALUES ('project'), ('document');
             INSERT INTO authz_resource_type_parents (resource_type, parent_type) VALUES ('project', 'organization'), ('document', 'project');
             INSERT INTO authz_resources (resource_type, resource_id) VALUES ('organization', 1);
             INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id)
               VALUES ('project', 'a', 'organization', 1), ('project', 'b', 'organization', 1);
             CREATE TABLE documents (id INTEGER PRIMARY KEY, project_id TEXT, title TEXT);",
        )
        .unwrap();
    connection.execute_batch(include_str!("../../sql/examples/keep_documents_in_step.sql")).unwrap();
    connection
        .execute_batch(
            "INSERT INTO documents VALUES (1, 'a', 'One'), (2, 'a', 'Two');
             UPDATE documents SET project_id = 'b', title = 'Zwei' WHERE id = 2;
             DELETE FROM documents WHERE id = 1",
        )
        .unwrap();
    let all = "SELECT resource_id || '|' || parent_id || '|' || name FROM authz_resources WHERE resource_type = 'document'";
    assert_eq!(connection.query_row(all, [], |row| row.get::<_, String>(0)).unwrap(), "2|b|Zwei");
    assert!(connection.execute_batch("INSERT INTO documents VALUES (3, 'nowhere', 'Three')").is_err());
}

/// The next user gets the number of the last one, and nothing that the last one held: roles, groups, relationships.
#[test]
fn a_user_who_goes_leaves_no_right_to_the_next_one() {
    let connection = open();
    let held = "SELECT authz_check('user:1', 'document:read', 'document', 1) + authz_check('user:1', 'document:read', 'document', 2)
      + authz_check('user:1', 'viewer', 'document', 3)";
    let held = || connection.query_row(held, [], |row| row.get::<_, i64>(0)).unwrap();
    let everything = r#"SELECT authz_apply('{
        "resource_types": {"document": {"relations": {"viewer": "[user]"}}},
        "permissions": {"document:read": {"resource_type": "document"}},
        "roles": {"reader": {"resource_type": "document", "permissions": ["document:read"]}}}');
      INSERT INTO authz_resources (resource_type, resource_id) VALUES ('document', 1), ('document', 2), ('document', 3);
      CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);
      INSERT INTO users (name) VALUES ('Ana');
      INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id)
        VALUES ('user:1', 'reader', 'document', 1), ('group:eng', 'reader', 'document', 2);
      SELECT authz_add_member('group:eng', 'user:1');
      INSERT INTO authz_relationships (subject, relation, resource_type, resource_id) VALUES ('user:1', 'viewer', 'document', 3);"#;
    connection.execute_batch(everything).unwrap();
    connection.execute_batch(include_str!("../../sql/examples/revoke_what_a_user_held.sql")).unwrap();
    assert_eq!(held(), 3);
    connection.execute_batch("DELETE FROM users; INSERT INTO users (name) VALUES ('Ben')").unwrap();
    assert_eq!(connection.query_row("SELECT id FROM users", [], |row| row.get::<_, i64>(0)).unwrap(), 1);
    assert_eq!(held(), 0);
}
