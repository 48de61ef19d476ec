//! What could go deep without end is bounded: on a thread with little stack, every question has an answer or a sentence.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use authz::rusqlite::Connection;

/// A host may give its threads as little as this.
const STACK: usize = 512 << 10;

fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(STACK).spawn(work).unwrap().join().unwrap();
}

fn open() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    connection
}

fn number(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

fn refusal(connection: &Connection, sql: &str) -> String {
    connection.query_row(sql, [], |_| Ok(())).expect_err(sql).to_string()
}

const MODEL: &str = r#"{
  "resource_types": {"folder": {"parents": ["organization", "folder"]}},
  "permissions": {"folder:read": {"resource_type": "folder"}},
  "roles": {"reader": {"resource_type": "folder", "permissions": ["folder:read"]}}}"#;

#[test]
fn a_view_in_the_place_of_a_table_that_asks_again_ends_in_a_sentence() {
    for table in ["authz_resource_types", "authz_permissions", "authz_role_assignments", "authz_resources", "_authz_changes"] {
        for question in ["authz_check('user:ana', 'folder:read', 'folder', 1)", "authz_explain('user:ana', 'folder:read', 'folder', 1)"] {
            on_a_small_stack(move || {
                let folder = tempfile::tempdir().unwrap();
                let path = folder.path().join("hostile.db");
                let connection = Connection::open(&path).unwrap();
                authz::register(&connection).unwrap();
                authz::migrate(&connection).unwrap();
                connection.query_row("SELECT authz_apply(?1)", [MODEL], |_| Ok(())).unwrap();
                connection
                    .execute_batch(&format!(
                        "SELECT authz_put_resource('organization', 1, NULL, NULL), authz_put_resource('folder', 1, 'organization', 1);
                         SELECT authz_grant('user:ana', 'reader', 'folder', 1);
                         PRAGMA legacy_alter_table = ON; PRAGMA foreign_keys = OFF;
                         ALTER TABLE {table} RENAME TO hidden;
                         CREATE VIEW {table} AS SELECT * FROM hidden WHERE {question} IS NOT NULL"
                    ))
                    .unwrap();
                let fresh = Connection::open(&path).unwrap();
                authz::register(&fresh).unwrap();
                for asked in [question, "(SELECT count(*) FROM authz_list_resources('user:ana', 'folder:read', 'folder'))"] {
                    match fresh.query_row(&format!("SELECT {asked}"), [], |_| Ok(())) {
                        Err(error) => assert!(error.to_string().contains("a question leads to itself"), "{table} {asked}: {error}"),
                        // Not every question reads every table.
                        Ok(()) => assert!(!["authz_resource_types", "authz_role_assignments"].contains(&table), "{table} {asked}"),
                    }
                }
                // Nothing of it stays.
                connection.execute_batch(&format!("DROP VIEW {table}; ALTER TABLE hidden RENAME TO {table}")).unwrap();
                assert_eq!(number(&fresh, "SELECT authz_check('user:ana', 'folder:read', 'folder', 1)"), 1);
            });
        }
    }
}

#[test]
fn a_hierarchy_over_a_view_of_itself_ends_in_a_sentence() {
    on_a_small_stack(|| {
        let connection = open();
        connection
            .execute_batch(
                "CREATE TABLE folders (id INTEGER, parent INTEGER);
                 CREATE VIRTUAL TABLE tree USING authz_hierarchy(table=folders, id=id, parent=parent);
                 DROP TABLE folders;
                 CREATE VIEW folders AS SELECT node AS id, 1 AS parent FROM tree WHERE root = 1",
            )
            .unwrap();
        for sql in ["SELECT count(*) FROM tree WHERE root = 1", "SELECT count(*) FROM tree WHERE node = 1"] {
            assert!(refusal(&connection, sql).contains("a question leads to itself"));
        }
    });
}

/// Each of 20,000 folders is open to the user unless the next is, the last unless the first is; and one waits for itself, so that all the
/// others come out one after the other.
#[test]
fn rows_that_exclude_each_other_in_a_long_ring_are_decided() {
    let connection = open();
    connection
        .execute_batch(
            "SELECT authz_apply('model schema 1.1 type user type folder relations
               define closed: [folder#open]
               define open: [user, folder#open] but not closed');
             BEGIN;
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
             INSERT INTO authz_relationships (subject, relation, resource_type, resource_id)
             SELECT 'folder:' || (i % 20000 + 1) || '#open', 'closed', 'folder', i FROM n;
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
             INSERT INTO authz_relationships (subject, relation, resource_type, resource_id)
             SELECT CASE i WHEN 20000 THEN 'folder:20000#open' ELSE 'user:ana' END, 'open', 'folder', i FROM n;
             COMMIT",
        )
        .unwrap();
    for (folder, expected) in [(20_000, 0), (19_999, 1), (19_998, 0), (2, 0), (1, 1)] {
        assert_eq!(number(&connection, &format!("SELECT authz_check('user:ana', 'open', 'folder', {folder})")), expected, "{folder}");
    }
    assert_eq!(number(&connection, "SELECT count(*) FROM authz_list_resources('user:ana', 'open', 'folder')"), 10_000);
    assert_eq!(number(&connection, "SELECT count(*) FROM authz_list_subjects('open', 'folder', 1)"), 1);
    assert_eq!(number(&connection, "SELECT authz_explain('user:ana', 'open', 'folder', 2) ->> 'allowed'"), 0);
}

/// The deepest rules that are accepted, each leading to the next: `wrap` puts 64 parentheses round what it is given.
fn deep_model(relations: usize, wrap: impl Fn(&str) -> String) -> String {
    let mut model = "model schema 1.1 type user type group relations define member: [user, group#member] type folder relations
        define all: [user] define none: [user] "
        .to_owned();
    for number in 0..relations {
        let next = if number + 1 == relations { "all".to_owned() } else { format!("r{}", number + 1) };
        model += &format!("define r{number}: {} ", wrap(&next));
    }
    model
}

#[test]
fn every_question_over_the_deepest_rules_fits_a_small_stack() {
    let nested = |before: &'static str, after: [&'static str; 2]| {
        move |next: &str| {
            let mut rule = next.to_owned();
            for level in 0..64 {
                rule = format!("({before}{rule}{})", after[level % 2]);
            }
            rule
        }
    };
    type Wrap = Box<dyn Fn(&str) -> String + Send>;
    let shapes: [(&str, Wrap); 4] = [
        ("unions and intersections", Box::new(nested("", [" or none", " and all"]))),
        ("exclusions", Box::new(nested("", [" but not none", " but not none"]))),
        ("the other way round", Box::new(nested("none or ", ["", ""]))),
        ("excluded from exclusions", Box::new(nested("all but not ", ["", ""]))),
    ];
    for (name, wrap) in shapes {
        on_a_small_stack(move || {
            let connection = open();
            let model = deep_model(100, wrap);
            connection.query_row("SELECT authz_apply(?1)", [&model], |_| Ok(())).unwrap();
            assert_eq!(number(&connection, "SELECT count(*) FROM authz_plan(authz_model())"), 0, "{name}");
            assert_eq!(number(&connection, "SELECT count(*) FROM authz_plan(authz_model('fga'))"), 0, "{name}");
            connection
                .execute_batch(
                    "SELECT authz_add_member('group:g', 'user:ben');
                     SELECT authz_relate('user:ana', 'all', 'folder', 1), authz_relate('user:ben', 'none', 'folder', 1)",
                )
                .unwrap();
            for subject in ["user:ana", "user:ben", "user:eve"] {
                for relation in ["r0", "r1", "r99", "all"] {
                    let allowed = number(&connection, &format!("SELECT authz_check('{subject}', '{relation}', 'folder', 1)"));
                    let of_each = [
                        format!("SELECT authz_explain('{subject}', '{relation}', 'folder', 1) ->> 'allowed'"),
                        format!("SELECT count(*) FROM authz_list_subjects('{relation}', 'folder', 1) WHERE subject = '{subject}'"),
                        format!("SELECT count(*) FROM authz_list_resources('{subject}', '{relation}', 'folder')"),
                        format!("SELECT count(*) FROM authz_list_permissions('{subject}', 'folder', 1) WHERE permission = '{relation}'"),
                        format!("SELECT sum(authz_check('{subject}', '{relation}', 'folder', value)) FROM json_each('[1, 2, 3]')"),
                    ];
                    for sql in of_each {
                        assert_eq!(number(&connection, &sql), allowed, "{name}: {sql}");
                    }
                    let required = format!("SELECT authz_require('{subject}', '{relation}', 'folder', 1)");
                    match allowed {
                        1 => assert_eq!(number(&connection, &required), 1, "{name}: {required}"),
                        _ => assert!(refusal(&connection, &required).starts_with("authz_require: "), "{name}: {required}"),
                    }
                    // Readers of JSON take 127 levels.
                    let sql = format!("SELECT authz_explain('{subject}', '{relation}', 'folder', 1)");
                    let told: String = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
                    serde_json::from_str::<serde_json::Value>(&told).unwrap();
                }
            }
            // There a yes is told by what the outermost exclusion excludes from.
            let is_cut_off = i64::from(name != "excluded from exclusions");
            let sql = "SELECT authz_explain('user:ana', 'r0', 'folder', 1) LIKE '%\"cut_off\":true%'";
            assert_eq!(number(&connection, sql), is_cut_off, "{name}");
        });
    }
}
