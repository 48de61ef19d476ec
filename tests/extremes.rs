//! Deep and wide: long chains answer and can be interrupted; where a set is large, the check starts from the other side.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use authz::rusqlite::{Connection, ErrorCode};

const MODEL: &str = "model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member]
type folder
  relations
    define above: [folder]
    define parent: [folder]
    define owner: [user]
    define viewer: [user] or owner or viewer from parent
    define reader: [user] or reader from above
    define strict: ([user] or strict from above) but not barred
    define barred: [user, folder#strict]
type document
  relations
    define blocked: [user]
    define viewer: [user, user:*, group#member] but not blocked
";

fn open(rows: &str) -> Connection {
    filled(Connection::open_in_memory().unwrap(), rows)
}

fn filled(connection: Connection, rows: &str) -> Connection {
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    let base = r#"{"resource_types": {"folder": {"parents": ["organization", "folder"]}, "document": {"parents": ["folder"]}},
                   "permissions": {"folder:open": {"resource_type": "folder"}},
                   "roles": {"librarian": {"resource_type": "folder", "permissions": ["folder:open"]}}}"#;
    connection.query_row("SELECT authz_apply(?1)", [base], |_| Ok(())).unwrap();
    connection.query_row("SELECT authz_apply(?1)", [MODEL], |_| Ok(())).unwrap();
    connection.execute_batch(&format!("BEGIN; {rows}; COMMIT")).unwrap();
    connection
}

fn number(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// How much SQLite's machine has to do for a statement: a measure that no clock disturbs.
fn effort(connection: &Connection, sql: &str, expected: i64) -> u64 {
    let steps = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&steps);
    connection
        .progress_handler(
            1,
            Some(move || {
                counted.fetch_add(1, Ordering::Relaxed);
                false
            }),
        )
        .unwrap();
    assert_eq!(number(connection, sql), expected, "{sql}");
    connection.progress_handler(0, None::<fn() -> bool>).unwrap();
    steps.load(Ordering::Relaxed)
}

fn is_interrupted(connection: &Connection, sql: &str) {
    is_interrupted_after(2_000, connection, sql);
}

/// Ends a statement after so many steps of SQLite's machine, in tens: late enough that the evaluation is under way, early enough that it
/// is not over.
fn is_interrupted_after(mut left: i32, connection: &Connection, sql: &str) {
    connection
        .progress_handler(
            10,
            Some(move || {
                left -= 1;
                left < 0
            }),
        )
        .unwrap();
    let ended = connection.query_row(sql, [], |_| Ok(()));
    connection.progress_handler(0, None::<fn() -> bool>).unwrap();
    let error = ended.expect_err(sql);
    assert_eq!(error.sqlite_error_code(), Some(ErrorCode::OperationInterrupted), "{sql}: {error}");
}

const NUMBERS: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)";

#[test]
fn ten_thousand_folders_nested_answer_through_the_hierarchy() {
    let connection = open(&format!(
        "INSERT INTO authz_resources (resource_type, resource_id) VALUES ('organization', 1);
         {NUMBERS} INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id)
         SELECT 'folder', i, CASE i WHEN 1 THEN 'organization' ELSE 'folder' END, max(i - 1, 1) FROM n;
         SELECT authz_relate('user:ana', 'owner', 'folder', 1)"
    ));
    let yes = "SELECT authz_check('user:ana', 'viewer', 'folder', 10000)";
    let no = "SELECT authz_check('user:eve', 'viewer', 'folder', 10000)";
    is_interrupted(&connection, no);
    is_interrupted(&connection, "SELECT count(*) FROM authz_list_resources('user:ana', 'viewer', 'folder')");
    is_interrupted(&connection, "SELECT count(*) FROM authz_list_subjects('viewer', 'folder', 10000)");
    is_interrupted(&connection, "SELECT authz_explain('user:eve', 'viewer', 'folder', 10000)");
    assert_eq!((number(&connection, yes), number(&connection, no)), (1, 0));
    assert_eq!(number(&connection, "SELECT count(*) FROM authz_list_resources('user:ana', 'viewer', 'folder')"), 10_000);
    assert_eq!(number(&connection, "SELECT count(*) FROM authz_list_resources('user:eve', 'viewer', 'folder')"), 0);
    assert_eq!(number(&connection, "SELECT count(*) FROM authz_list_subjects('viewer', 'folder', 10000)"), 1);
    assert_eq!(
        number(&connection, "SELECT count(*) FROM authz_list_permissions('user:ana', 'folder', 10000) WHERE permission = 'viewer'"),
        1
    );
    assert_eq!(number(&connection, "SELECT authz_explain('user:ana', 'viewer', 'folder', 10000) ->> 'allowed'"), 1);
    assert_eq!(number(&connection, "SELECT authz_explain('user:eve', 'viewer', 'folder', 10000) ->> 'allowed'"), 0);
    // With an uncommitted write of its own, a connection reads afresh.
    connection.execute_batch("BEGIN; SELECT authz_unrelate('user:ana', 'owner', 'folder', 1)").unwrap();
    assert_eq!((number(&connection, yes), number(&connection, no)), (0, 0));
    connection.execute_batch("ROLLBACK").unwrap();
    assert_eq!((number(&connection, yes), number(&connection, no)), (1, 0));
}

#[test]
fn ten_thousand_folders_linked_answer_through_relationships_and_back_into_themselves() {
    let connection = open(&format!(
        "{NUMBERS} INSERT INTO authz_relationships (subject, relation, resource_type, resource_id)
         SELECT 'folder:' || i, 'above', 'folder', i + 1 FROM n;
         SELECT authz_relate('folder:10001', 'above', 'folder', 1);
         SELECT authz_relate('user:ana', 'reader', 'folder', 1);
         SELECT authz_relate('user:ana', 'strict', 'folder', 1);
         SELECT authz_relate('user:bob', 'strict', 'folder', 1);
         SELECT authz_relate('user:bob', 'barred', 'folder', 5000)"
    ));
    for (subject, relation, folder, expected) in [
        ("user:ana", "reader", 10_001, 1),
        ("user:eve", "reader", 10_001, 0),
        ("user:ana", "strict", 10_001, 1),
        ("user:bob", "strict", 4_999, 1),
        ("user:bob", "strict", 5_000, 0),
        ("user:bob", "strict", 10_001, 0),
    ] {
        let sql = format!("SELECT authz_check('{subject}', '{relation}', 'folder', {folder})");
        assert_eq!(number(&connection, &sql), expected, "{sql}");
    }
    // All rows are kept by now: what is left to SQLite's machine is the asking whether to end.
    is_interrupted_after(5, &connection, "SELECT authz_check('user:zoe', 'reader', 'folder', 10001)");
    for (subject, relation, expected) in [("user:ana", "reader", 10_001), ("user:bob", "strict", 4_999)] {
        let sql = format!("SELECT count(*) FROM authz_list_resources('{subject}', '{relation}', 'folder')");
        assert_eq!(number(&connection, &sql), expected, "{sql}");
    }
    assert_eq!(number(&connection, "SELECT count(*) FROM authz_list_subjects('strict', 'folder', 10001, 'user')"), 1);
    // The exclusion comes to bar whoever it lets in: folder 10 is closed to her if it is open to her, which decides nothing.
    connection.execute_batch("SELECT authz_relate('folder:10#strict', 'barred', 'folder', 10)").unwrap();
    assert_eq!(number(&connection, "SELECT authz_check('user:ana', 'strict', 'folder', 10001)"), 0);
    assert_eq!(number(&connection, "SELECT authz_check('user:ana', 'strict', 'folder', 9)"), 1);
}

#[test]
fn a_chain_of_ten_thousand_groups_answers() {
    let connection = open(&format!(
        "{NUMBERS} INSERT INTO authz_relationships (subject, relation, resource_type, resource_id)
         SELECT 'group:g' || i || '#member', 'member', 'group', 'g' || (i + 1) FROM n;
         SELECT authz_relate('group:g10001#member', 'member', 'group', 'g1');
         SELECT authz_relate('user:ana', 'member', 'group', 'g1');
         SELECT authz_relate('group:g10001#member', 'viewer', 'document', 'd')"
    ));
    is_interrupted(&connection, "SELECT authz_check('user:ana', 'viewer', 'document', 'd')");
    assert_eq!(number(&connection, "SELECT authz_check('user:ana', 'viewer', 'document', 'd')"), 1);
    assert_eq!(number(&connection, "SELECT authz_check('user:eve', 'viewer', 'document', 'd')"), 0);
    assert_eq!(number(&connection, "SELECT authz_check('group:g1#member', 'viewer', 'document', 'd')"), 1);
    assert_eq!(number(&connection, "SELECT count(*) FROM authz_list_resources('user:ana', 'member', 'group')"), 10_001);
    assert_eq!(number(&connection, "SELECT count(*) FROM authz_list_subjects('viewer', 'document', 'd', 'user')"), 1);
    assert_eq!(number(&connection, "SELECT count(*) FROM authz_list_subjects('viewer', 'document', 'd', 'group#member')"), 10_001);
    assert_eq!(number(&connection, "SELECT authz_explain('user:ana', 'viewer', 'document', 'd') ->> 'allowed'"), 1);
}

/// Three ways to be wide: a group of many, somebody in many groups, a document shared with many groups.
fn wide(path: &Path, scale: usize) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch("PRAGMA synchronous = OFF").unwrap();
    let numbers = |count: usize| format!("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})");
    let into = "INSERT INTO authz_relationships (subject, relation, resource_type, resource_id) SELECT";
    let rows = format!(
        "{} {into} 'user:u' || i, 'member', 'group', 'big' FROM n;
         {} {into} 'user:joiner', 'member', 'group', 'j' || i FROM n;
         {} {into} 'group:s' || i || '#member', 'viewer', 'document', 'shared' FROM n;
         SELECT authz_relate('group:big#member', 'viewer', 'document', 'big');
         SELECT authz_relate('group:j7#member', 'viewer', 'document', 'joined');
         SELECT authz_relate('user:reader', 'member', 'group', 's{scale}')",
        numbers(10 * scale),
        numbers(scale),
        numbers(scale)
    );
    filled(connection, &rows)
}

/// The effort of a question that is the first of its connection: nothing has been kept that would make it cheap.
fn cold_effort(path: &Path, sql: &str, expected: i64) -> u64 {
    let connection = Connection::open(path).unwrap();
    authz::register(&connection).unwrap();
    effort(&connection, sql, expected)
}

#[test]
fn wide_sets_answer_and_cost_no_more_than_narrow_ones() {
    let folder = tempfile::tempdir().unwrap();
    let (few, many) = (folder.path().join("few.db"), folder.path().join("many.db"));
    drop(wide(&few, 100));
    let connection = wide(&many, 10_000);
    for (sql, expected) in [
        ("SELECT authz_check('user:u77', 'viewer', 'document', 'big')", 1),
        ("SELECT authz_check('user:nobody', 'viewer', 'document', 'big')", 0),
        ("SELECT authz_check('user:reader', 'viewer', 'document', 'shared')", 1),
        ("SELECT authz_check('user:nobody', 'viewer', 'document', 'shared')", 0),
        ("SELECT authz_check('user:u77', 'blocked', 'document', 'big')", 0),
        ("SELECT authz_check('group:s9#member', 'viewer', 'document', 'shared')", 1),
    ] {
        let (little, much) = (cold_effort(&few, sql, expected), cold_effort(&many, sql, expected));
        assert!(much <= 2 * little + 100, "{sql}: {little} steps among few, {much} among many");
    }
    // Whoever is in very many groups has some of them read before that turns out, but not all.
    for (sql, expected) in [
        ("SELECT authz_check('user:joiner', 'viewer', 'document', 'joined')", 1),
        ("SELECT authz_check('user:joiner', 'viewer', 'document', 'big')", 0),
    ] {
        let much = cold_effort(&many, sql, expected);
        assert!(much <= 60_000, "{sql}: {much} steps");
    }
    assert_eq!(number(&connection, "SELECT count(*) FROM authz_list_subjects('viewer', 'document', 'big', 'user')"), 100_000);
    assert_eq!(number(&connection, "SELECT count(*) FROM authz_list_resources('user:joiner', 'member', 'group')"), 10_000);
    assert_eq!(number(&connection, "SELECT count(*) FROM authz_list_resources('user:reader', 'viewer', 'document')"), 1);
    assert_eq!(number(&connection, "SELECT count(*) FROM authz_list_subjects('viewer', 'document', 'shared', 'group#member')"), 10_000);
}
