//! The library as most people meet it: loaded into the stock `sqlite3` shell.
//!
//! Every `tests/sql/*.sql` runs there, with `trusted_schema` off and on, and must print what stands in the `.out` file of the same name:
//! first the rows, then, below a line of dashes, the errors in order. `UPDATE_EXPECTED=1 cargo test --test shell` writes those files anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod needs;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// What one run of the shell left behind.
struct Answer {
    rows: String,
    errors: String,
    success: bool,
}

impl Answer {
    /// Both streams as an `.out` file has them. The line number of an error and its result code go: they vary with the shell's version.
    fn expected_form(&self) -> String {
        let errors: Vec<&str> = self.errors.lines().filter_map(sentence).collect();
        match errors.is_empty() {
            true => self.rows.clone(),
            false => format!("{}--------\n{}\n", self.rows, errors.join("\n")),
        }
    }
}

/// The sentence in `Runtime error near line 7: authz_check: … (1)`.
fn sentence(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once(" near line ")?;
    let (_, text) = rest.split_once(": ")?;
    let code = text.rfind(" (").filter(|at| text[at + 2..].trim_end_matches(')').parse::<u32>().is_ok());
    Some(code.map_or(text, |at| &text[..at]))
}

/// The shell, where there is one.
fn shell() -> Option<&'static str> {
    static FOUND: OnceLock<Option<String>> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        let path = needs::program("sqlite3")?.to_str().unwrap().to_owned();
        let version = Command::new(&path).arg("-version").output().unwrap().stdout;
        needs::aloud(&format!("tests/shell.rs: the sqlite3 shell is {}", String::from_utf8_lossy(&version).split(' ').next().unwrap()));
        Some(path)
    });
    found.as_deref()
}

/// Runs `script` in the shell on `database` with the library loaded, no entry point named.
fn run(shell: &str, options: &[&str], database: &Path, trusted_schema: &str, script: &str) -> Answer {
    let mut child = Command::new(shell)
        .args(["-batch", "-init", if cfg!(windows) { "NUL" } else { "/dev/null" }])
        .args(options)
        .args(["-cmd", &format!("PRAGMA trusted_schema = {trusted_schema}")])
        .args(["-cmd", &format!(".load {}", needs::library().with_extension("").display())])
        .arg(database)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the shell starts");
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    Answer {
        rows: String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n"),
        errors: String::from_utf8_lossy(&output.stderr).replace("\r\n", "\n"),
        success: output.status.success(),
    }
}

#[test]
fn scripts_print_what_is_expected() {
    let Some(shell) = shell() else { return };
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sql");
    let mut scripts: Vec<PathBuf> = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    scripts.retain(|path| path.extension().is_some_and(|extension| extension == "sql"));
    scripts.sort();
    assert!(!scripts.is_empty());
    let update = std::env::var_os("UPDATE_EXPECTED").is_some();
    for script in scripts {
        let text = fs::read_to_string(&script).unwrap();
        let expected_file = script.with_extension("out");
        for trusted_schema in ["OFF", "ON"] {
            let home = tempfile::tempdir().unwrap();
            let answer = run(shell, &[], &home.path().join("test.db"), trusted_schema, &text);
            assert!(!answer.errors.contains("unable to close"), "{}: {}", script.display(), answer.errors);
            let printed = answer.expected_form();
            if update && trusted_schema == "OFF" {
                fs::write(&expected_file, &printed).unwrap();
            }
            let expected = fs::read_to_string(&expected_file).unwrap_or_default();
            assert_eq!(printed, expected, "{} with trusted_schema={trusted_schema}; on stderr:\n{}", script.display(), answer.errors);
        }
    }
}

#[test]
fn loading_writes_nothing() {
    let Some(shell) = shell() else { return };
    let home = tempfile::tempdir().unwrap();

    let fresh = home.path().join("fresh.db");
    let answer = run(shell, &[], &fresh, "OFF", "SELECT authz_version() <> '';\n");
    assert_eq!((answer.rows.as_str(), answer.errors.as_str(), answer.success), ("1\n", "", true));
    assert_eq!(fs::metadata(&fresh).map_or(0, |file| file.len()), 0, "loading created a schema");

    for journal in ["delete", "wal"] {
        let path = home.path().join(journal);
        let made =
            run(shell, &[], &path, "OFF", &format!("PRAGMA journal_mode={journal}; CREATE TABLE t (x); INSERT INTO t VALUES (1);\n"));
        assert!(made.success, "{}", made.errors);
        let before = fs::read(&path).unwrap();
        let answer = run(shell, &[], &path, "OFF", "SELECT authz_version() <> '', x FROM t;\n");
        assert_eq!((answer.rows.as_str(), answer.errors.as_str()), ("1|1\n", ""));
        assert!(before == fs::read(&path).unwrap(), "loading changed a file with journal_mode={journal}");
    }
}

#[test]
fn a_read_only_file_can_be_asked() {
    let Some(shell) = shell() else { return };
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("product.db");
    let made = run(shell, &[], &path, "OFF", &format!("SELECT authz_migrate() IS NOT NULL;\n{SMALL_PRODUCT}"));
    assert!(made.success, "{}", made.errors);
    let before = fs::read(&path).unwrap();

    let question =
        "SELECT authz_check('user:ana', 'document:read', 'document', 1), authz_check('user:ben', 'document:read', 'document', 1);\n";
    let answer = run(shell, &["-readonly"], &path, "OFF", question);
    assert_eq!((answer.rows.as_str(), answer.errors.as_str(), answer.success), ("1|0\n", "", true));

    let refused = run(shell, &["-readonly"], &path, "OFF", "SELECT authz_grant('user:ben', 'reader', 'document', 1);\n");
    assert!(refused.errors.contains("readonly"), "{}", refused.errors);
    assert!(before == fs::read(&path).unwrap(), "a question changed the file");
}

#[test]
fn a_file_without_the_schema_says_what_to_run() {
    let Some(shell) = shell() else { return };
    let home = tempfile::tempdir().unwrap();
    let answer = run(shell, &[], &home.path().join("empty.db"), "OFF", "SELECT authz_check('user:ana', 'document:read', 'document', 1);\n");
    assert_eq!(answer.rows, "");
    assert!(answer.errors.contains("authz_check: ") && answer.errors.contains("authz_migrate()"), "{}", answer.errors);
}

#[test]
fn a_second_load_changes_nothing() {
    let Some(shell) = shell() else { return };
    let home = tempfile::tempdir().unwrap();
    let path = needs::library().with_extension("");
    let twice = format!(".load {0}\nSELECT load_extension('{0}');\nSELECT authz_version() <> '';\n", path.display());
    let answer = run(shell, &[], &home.path().join("twice.db"), "OFF", &twice);
    assert_eq!((answer.rows.as_str(), answer.errors.as_str(), answer.success), ("\n1\n", "", true));
}

/// The first block of that language below a heading of docs/consuming-events.md, for the library that was built here.
fn example(heading: &str, language: &str) -> String {
    let document = include_str!("../docs/consuming-events.md");
    let section = document.split_once(heading).expect(heading).1;
    let block = section.split_once(&format!("```{language}\n")).expect(language).1.split_once("```").unwrap().0;
    assert!(block.contains("target/release/libauthz"));
    block.replace("target/release/libauthz", needs::library().with_extension("").to_str().unwrap())
}

/// A file with three new roles that nobody has read of.
fn three_roles(shell: &str, path: &Path) {
    let made = "SELECT authz_migrate() IS NOT NULL; SELECT authz_ack('reports', max(seq)), authz_ack('warehouse', max(seq)) FROM authz_event_envelopes;
      INSERT INTO authz_roles (slug) VALUES ('a'), ('b'), ('c');\n";
    let answer = run(shell, &[], path, "OFF", made);
    assert!(answer.success, "{}", answer.errors);
}

const THREE_ROLES: &str = "role.created a\nrole.created b\nrole.created c\n";

#[test]
fn the_shell_consumes_events_as_documented() {
    let Some(shell) = shell() else { return };
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("app.db");
    three_roles(shell, &path);
    let script = example("## From the shell", "sql");
    let first = run(shell, &[], &path, "OFF", &script);
    assert_eq!(first.errors, "");
    assert!(first.rows.replace('|', " ").starts_with(THREE_ROLES), "{}", first.rows);
    assert_eq!(run(shell, &[], &path, "OFF", &script).rows, "");
}

#[test]
fn python_consumes_events_as_documented() {
    let Some(shell) = shell() else { return };
    // Some builds of Python leave extensions out.
    let can_load = "import sqlite3; assert sqlite3.sqlite_version_info >= (3, 38); sqlite3.connect(':memory:').enable_load_extension(True)";
    let Some(python) = needs::python(&["python3", "/usr/bin/python3"], can_load, "a Python that loads extensions") else { return };
    let home = tempfile::tempdir().unwrap();
    three_roles(shell, &home.path().join("app.db"));
    let script = example("## From Python", "python");
    for expected in [THREE_ROLES, ""] {
        let output = Command::new(&python).args(["-c", &script]).current_dir(home.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    }
}

/// One document that `user:ana` may read, in plain SQL.
const SMALL_PRODUCT: &str = "
INSERT INTO authz_resource_types (slug) VALUES ('document');
INSERT INTO authz_permissions (slug, resource_type) VALUES ('document:read', 'document');
INSERT INTO authz_roles (slug, resource_type) VALUES ('reader', 'document');
INSERT INTO authz_role_permissions (role, permission) VALUES ('reader', 'document:read');
INSERT INTO authz_resources (resource_type, resource_id) VALUES ('document', 1);
INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id) VALUES ('user:ana', 'reader', 'document', 1);
";
