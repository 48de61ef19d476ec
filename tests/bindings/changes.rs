//! Whatever changes the application's tables, by whatever way, the next answer is the one that a plain query over the rows gives.

use proptest::prelude::*;
use rusqlite::Connection;

use crate::application::{TABLES, one, prepare, read_by};

/// What a user may read, by the rows alone.
const BY_HAND: &str = "
    WITH held (role, kind, id) AS (
        SELECT CASE role WHEN 'w' THEN 'editor' WHEN 'r' THEN 'reader' END, 'project', project_id FROM project_members
        WHERE user_id = ?1 AND (until IS NULL OR until > datetime('now'))
        UNION ALL SELECT CASE role WHEN 'w' THEN 'editor' WHEN 'r' THEN 'reader' END, 'project', project_id FROM project_teams
        WHERE team_id IN (SELECT team_id FROM team_members WHERE user_id = ?1)
        UNION ALL SELECT role, resource_type, resource_id FROM authz_role_assignments WHERE subject = 'user:' || ?1
    )
    SELECT d.id FROM documents AS d WHERE d.deleted_at IS NULL AND EXISTS (SELECT 1 FROM users WHERE id = ?1 AND active) AND (
        d.is_public OR EXISTS (SELECT 1 FROM held WHERE kind = 'document' AND id = d.id)
        OR EXISTS (SELECT 1 FROM held JOIN projects AS p ON p.id = held.id WHERE kind = 'project' AND held.id = d.project_id AND role IS NOT NULL)
    ) ORDER BY d.id";

fn by_hand(connection: &Connection, user: i64) -> Vec<i64> {
    let mut statement = connection.prepare(BY_HAND).unwrap();
    statement.query_map([user], |row| row.get(0)).unwrap().collect::<rusqlite::Result<_>>().unwrap()
}

#[derive(Debug, Clone, Copy)]
struct Step {
    what: u8,
    a: i64,
    b: i64,
    c: i64,
}

/// A statement for a step; some fail, and then leave nothing.
fn statement(step: Step) -> String {
    let Step { what, a, b, c } = step;
    let (document, project, user, team) = (100 + a % 6, 10 + b % 3, 1 + c % 5, 7 + a % 2);
    let role = ["w", "r", "x"][(a + b) as usize % 3];
    match what {
        0 => format!("INSERT INTO documents (id, project_id, author_id, title) VALUES ({document}, {project}, {user}, 't')"),
        1 => format!("INSERT OR REPLACE INTO documents (id, project_id, slug, is_public) VALUES ({document}, {project}, 's{user}', {})", c % 2),
        2 => format!("INSERT OR IGNORE INTO documents (id, project_id, slug) VALUES ({document}, {project}, 's{user}')"),
        3 => format!("INSERT INTO documents (id, project_id) VALUES ({document}, {project}) ON CONFLICT (id) DO UPDATE SET project_id = excluded.project_id"),
        4 => format!("UPDATE documents SET project_id = {project} WHERE id = {document}"),
        5 => format!("UPDATE documents SET id = {} WHERE id = {document}", 100 + b % 6),
        6 => format!("UPDATE OR REPLACE documents SET slug = 's{user}' WHERE id = {document}"),
        7 => format!("UPDATE documents SET deleted_at = {} WHERE id = {document}", ["NULL", "'now'"][c as usize % 2]),
        8 => format!("UPDATE documents SET is_public = {} WHERE id = {document}", c % 2),
        9 => format!("DELETE FROM documents WHERE id = {document}"),
        10 => format!("DELETE FROM documents WHERE {a} = 0"),
        11 => format!("UPDATE users SET active = {} WHERE id = {user}", a % 2),
        12 => format!("INSERT OR REPLACE INTO users (id, name, email) VALUES ({user}, 'n', 'e{}')", b % 4),
        13 => format!("DELETE FROM users WHERE id = {user}"),
        14 => format!("INSERT OR REPLACE INTO project_members VALUES ({project}, {user}, '{role}', NULL)"),
        15 => format!("INSERT INTO project_members VALUES ({project}, {user}, '{role}', NULL) ON CONFLICT DO UPDATE SET role = excluded.role"),
        16 => format!("DELETE FROM project_members WHERE user_id = {user}"),
        17 => format!("UPDATE OR REPLACE project_members SET user_id = {user} WHERE project_id = {project}"),
        18 => format!("INSERT OR IGNORE INTO team_members VALUES ({team}, {user})"),
        19 => format!("DELETE FROM team_members WHERE team_id = {team}"),
        20 => format!("INSERT OR REPLACE INTO project_teams VALUES ({project}, {team}, '{role}')"),
        21 => format!("DELETE FROM projects WHERE id = {project}"),
        22 => format!("INSERT OR REPLACE INTO projects VALUES ({project}, {}, 't')", 1 + a % 2),
        23 => format!("UPDATE OR IGNORE projects SET id = {} WHERE id = {project}", 10 + c % 3),
        24 => format!("UPDATE documents SET rowid = {} WHERE id = {document}", 100 + c % 6),
        25 => "INSERT INTO documents (project_id) SELECT 10 + id % 3 FROM (SELECT 1 AS id UNION SELECT 2 UNION SELECT 3)".to_owned(),
        26 => format!("SELECT authz_grant('user:{user}', 'owner', 'document', {document})"),
        27 => format!("SELECT authz_grant('user:{user}', 'reader', 'project', '{project}')"),
        28 => "SAVEPOINT s".to_owned(),
        29 => "ROLLBACK TO s".to_owned(),
        30 => "BEGIN".to_owned(),
        31 => "COMMIT".to_owned(),
        32 => "ROLLBACK".to_owned(),
        33 => "CREATE TABLE made AS SELECT * FROM project_members; DROP TABLE project_members;
            CREATE TABLE project_members (project_id INTEGER NOT NULL, user_id INTEGER NOT NULL, role TEXT NOT NULL, until TEXT, PRIMARY KEY (project_id, user_id));
            INSERT INTO project_members SELECT * FROM made; DROP TABLE made"
            .to_owned(),
        34 => "SELECT authz_bind()".to_owned(),
        _ => "DELETE FROM team_members".to_owned(),
    }
}

fn run(connection: &Connection, sql: &str) {
    // A step that is refused, such as a second BEGIN, is no step.
    let _ = connection.execute_batch(sql);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn an_answer_is_never_stale(steps in prop::collection::vec((0u8..37, 0i64..6, 0i64..6, 0i64..6, 0u8..4), 1..60)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f.db");
        let connection = Connection::open(&path).unwrap();
        prepare(&connection);
        // One connection has the library and one does not; both write.
        let (second, bare) = (Connection::open(&path).unwrap(), Connection::open(&path).unwrap());
        authz::register(&second).unwrap();
        for one in [&connection, &second, &bare] {
            one.busy_timeout(std::time::Duration::ZERO).unwrap();
        }
        let mut done = Vec::new();
        for (what, a, b, c, who) in steps {
            let sql = statement(Step { what, a, b, c });
            let writer = match who {
                0 | 1 => &connection,
                2 => &second,
                _ => &bare,
            };
            // Only the first connection holds transactions open, so that the others are not locked out for long.
            let holds = (28..33).contains(&what);
            run(if holds { &connection } else { writer }, &sql);
            done.push(sql);
            for user in 1..6 {
                prop_assert_eq!(read_by(&connection, user), by_hand(&connection, user), "user {} after {:#?}", user, done);
                let expected = by_hand(&connection, user);
                for document in 100..106 {
                    let may: bool = one(&connection, "SELECT authz_check('user:' || ?1, 'document:read', 'document', ?2)", (user, document));
                    prop_assert_eq!(may, expected.contains(&document), "user {} document {} after {:#?}", user, document, done);
                }
            }
        }
    }
}

/// The library's own triggers are newer than one of the application and older than another, and both ask within the change.
#[test]
fn a_trigger_of_the_application_asks_within_the_change() {
    let connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch(&format!(
            "{TABLES}; CREATE TABLE seen (moment, may);
            CREATE TRIGGER older_before BEFORE UPDATE ON documents BEGIN
              INSERT INTO seen SELECT 'before', authz_check('user:2', 'document:read', 'document', OLD.id); END;
            CREATE TRIGGER older_after AFTER UPDATE ON documents BEGIN
              INSERT INTO seen SELECT 'after', authz_check('user:2', 'document:read', 'document', OLD.id); END"
        ))
        .unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    one::<String>(&connection, "SELECT authz_apply(?1)", [crate::application::MODEL]);
    one::<String>(&connection, "SELECT authz_bind(?1)", [crate::application::BINDINGS]);
    connection
        .execute_batch(
            "CREATE TRIGGER newer_before BEFORE UPDATE ON documents BEGIN
              INSERT INTO seen SELECT 'before', authz_check('user:2', 'document:read', 'document', OLD.id); END;
            CREATE TRIGGER newer_after AFTER UPDATE ON documents BEGIN
              INSERT INTO seen SELECT 'after', authz_check('user:2', 'document:read', 'document', OLD.id); END;
            BEGIN",
        )
        .unwrap();
    for (project, then) in [(11, true), (10, false), (11, true)] {
        let before = crate::application::check(&connection, 2, "document:read", 100);
        connection.execute("UPDATE documents SET project_id = ?1 WHERE id = 100", [project]).unwrap();
        let seen: String = one(&connection, "SELECT group_concat(moment || may, ' ') FROM seen", []);
        let (before, after) = (i64::from(before), i64::from(then));
        assert_eq!(seen, format!("before{before} before{before} after{after} after{after}"));
        assert_eq!(crate::application::check(&connection, 2, "document:read", 100), then);
        connection.execute_batch("DELETE FROM seen").unwrap();
    }
}

#[test]
fn a_set_that_a_statement_filters_by_sees_the_rows_of_its_own_transaction() {
    let connection = crate::application::bound();
    connection.execute_batch("BEGIN").unwrap();
    for id in 200..400 {
        connection.execute("INSERT INTO documents (id, project_id) VALUES (?1, 10)", [id]).unwrap();
        if id % 50 == 0 {
            assert_eq!(read_by(&connection, 1).len(), (id - 197) as usize);
        }
    }
    connection.execute_batch("ROLLBACK").unwrap();
    assert_eq!(read_by(&connection, 1), [100, 103]);
}

#[test]
fn while_triggers_are_off_nothing_is_kept_of_bound_tables() {
    let connection = crate::application::bound();
    assert_eq!(read_by(&connection, 1), [100, 103]);
    connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false).unwrap();
    connection.execute_batch("BEGIN; UPDATE documents SET project_id = 20 WHERE id = 100").unwrap();
    assert_eq!(read_by(&connection, 1), [103]);
    connection.execute_batch("DELETE FROM project_members").unwrap();
    assert_eq!(read_by(&connection, 2), [103]);
}
