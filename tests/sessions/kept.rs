//! What `authz_session_subject` says, beside the rows that its connection sees at that moment: whatever two connections have written,
//! committed, rolled back or not yet, and whatever was asked before.

use authz::rusqlite::{Connection, OptionalExtension};
use proptest::prelude::*;

use crate::{later, number, option, text};

/// The subject of a session that lives, by a statement of the same connection.
const PLAIN: &str = "SELECT 'user:' || user FROM _authz_sessions
    WHERE id = ?1 AND organization = 'acme' AND status = 'active' AND due_at > authz_now()";
const ASKED: &str = "SELECT authz_session_subject(?1, 'acme')";

#[derive(Debug, Clone, Copy)]
enum What {
    Begin,
    Commit,
    Rollback,
    Savepoint,
    RollbackTo,
    Release,
    /// By the function, or by plain SQL, which chooses the id
    Start(usize, bool),
    /// By the function, or by plain SQL
    Revoke(usize, bool),
    Touch(usize),
    /// Makes the id free for another user
    Delete(usize),
    Suspend,
    Sweep,
    Clock(i64),
    /// Reads something else, which begins to read where a transaction was begun
    Read,
}

fn steps() -> impl Strategy<Value = Vec<(usize, What)>> {
    let id = 0usize..4;
    let what = prop_oneof![
        4 => Just(What::Begin),
        2 => Just(What::Commit),
        2 => Just(What::Rollback),
        2 => Just(What::Savepoint),
        2 => Just(What::RollbackTo),
        1 => Just(What::Release),
        4 => (id.clone(), any::<bool>()).prop_map(|(id, plain)| What::Start(id, plain)),
        4 => (id.clone(), any::<bool>()).prop_map(|(id, plain)| What::Revoke(id, plain)),
        2 => id.clone().prop_map(What::Touch),
        3 => id.prop_map(What::Delete),
        1 => Just(What::Suspend),
        1 => Just(What::Sweep),
        2 => (0i64..4).prop_map(|steps| What::Clock(steps * 100)),
        3 => Just(What::Read),
    ];
    prop::collection::vec((0usize..2, what), 1..80)
}

struct World {
    connections: [Connection; 2],
    /// The ids that the function chose, beside those that plain SQL gives
    ids: Vec<String>,
    users: usize,
    _folder: tempfile::TempDir,
}

impl World {
    /// In WAL mode one connection goes on reading what was, while the other writes.
    fn new(mode: &str) -> World {
        let folder = tempfile::tempdir().unwrap();
        let connections = [0, 1].map(|_| {
            let connection = Connection::open(folder.path().join("app.db")).unwrap();
            connection.busy_timeout(std::time::Duration::ZERO).unwrap();
            connection.pragma_update(None, "journal_mode", mode).unwrap();
            connection.pragma_update(None, "synchronous", "off").unwrap();
            authz::register(&connection).unwrap();
            connection
        });
        authz::migrate(&connections[0]).unwrap();
        connections[0]
            .execute_batch(
                "INSERT INTO authz_organizations (id) VALUES ('acme');
                 WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 8)
                 INSERT INTO authz_users (id, email) SELECT 'u' || i, 'u' || i || '@acme.com' FROM n;
                 INSERT INTO authz_memberships (user, organization) SELECT id, 'acme' FROM authz_users;
                 SELECT authz_set_setting('session_inactivity_seconds', 250);",
            )
            .unwrap();
        World { connections, ids: (0..4).map(|id| format!("session_{id}")).collect(), users: 0, _folder: folder }
    }

    /// Makes a step. What SQLite or a rule refuses is no step: the other connection writes, there is no savepoint, the session has ended.
    fn make(&mut self, by: usize, what: What) {
        let connection = &self.connections[by];
        let id = |id: usize| self.ids[id].clone();
        let run = |sql: &str| drop(connection.execute_batch(sql));
        let with = |sql: &str, id: &str| drop(connection.query_row(sql, [id], |row| row.get_ref(0).map(|value| value.data_type())));
        match what {
            What::Begin => run("BEGIN"),
            What::Commit => run("COMMIT"),
            What::Rollback => run("ROLLBACK"),
            What::Savepoint => run("SAVEPOINT here"),
            What::RollbackTo => run("ROLLBACK TO here"),
            What::Release => run("RELEASE here"),
            What::Start(of, plain) => {
                // Another user each time, so that an old answer is told from a new one.
                self.users = self.users % 8 + 1;
                let user = format!("u{}", self.users);
                if plain {
                    let sql = "INSERT INTO authz_sessions (id, user, organization) VALUES (?1, ?2, 'acme')";
                    drop(connection.execute(sql, (id(of), user)));
                } else if let Ok(id) = connection.query_row("SELECT authz_session_start(?1, 'acme', 'sso')", [user], |row| row.get(0)) {
                    self.ids.push(id);
                }
            }
            What::Revoke(of, true) => drop(connection.execute("UPDATE authz_sessions SET status = 'revoked' WHERE id = ?1", [id(of)])),
            What::Revoke(of, false) => with("SELECT authz_session_revoke(?1)", &self.ids[self.ids.len() - 1 - of.min(3)]),
            What::Touch(of) => with("SELECT authz_session_touch(?1)", &id(of)),
            What::Delete(of) => drop(connection.execute("DELETE FROM authz_sessions WHERE id = ?1", [id(of)])),
            What::Suspend => {
                run("UPDATE authz_memberships SET status = 'inactive' WHERE user < 'u5'");
                run("UPDATE authz_memberships SET status = 'active'");
            }
            What::Sweep => run("SELECT authz_sweep()"),
            What::Clock(0) => drop(text(connection, "SELECT authz_set_now(NULL)", [])),
            What::Clock(seconds) => drop(later(connection, seconds)),
            What::Read => run("SELECT count(*) FROM authz_users"),
        }
    }
}

/// The answer, and beside it what a statement sees afterwards; `None` where a lock keeps the connection from reading.
fn told(connection: &Connection, id: &str) -> Option<(Option<String>, Option<String>)> {
    let ask = |sql: &str| connection.query_row(sql, [id], |row| row.get::<_, Option<String>>(0));
    Some((ask(ASKED).ok()?, ask(PLAIN).optional().ok()?.flatten()))
}

/// Interleaves two connections, and after each step asks both about all sessions: each by itself, and all in one statement, which reads.
fn agree(mode: &str, steps: &[(usize, What)]) -> Result<(), TestCaseError> {
    let mut world = World::new(mode);
    for (by, what) in steps {
        world.make(*by, *what);
        for connection in &world.connections {
            // Nothing reads before the first of these, which may be the first to see what the other has committed.
            for id in &world.ids {
                if let Some((answer, seen)) = told(connection, id) {
                    prop_assert_eq!(answer, seen, "{:?} by {}: {}", what, by, id);
                }
            }
            let ids = world.ids.iter().map(|id| format!("('{id}'), ('{id}')")).collect::<Vec<_>>().join(", ");
            let wrong = format!(
                "SELECT count(*) FROM (VALUES {ids}) CROSS JOIN (SELECT count(*) FROM _authz_sessions)
                 WHERE authz_session_subject(column1, 'acme') IS NOT ({})",
                PLAIN.replace("?1", "column1")
            );
            if let Ok(wrong) = connection.query_row(&wrong, [], |row| row.get::<_, i64>(0)) {
                prop_assert_eq!(wrong, 0, "{:?} by {}", what, by);
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: crate::needs::cases(48), ..ProptestConfig::default() })]

    #[test]
    fn an_answer_is_never_older_than_what_its_connection_sees(steps in steps()) {
        agree("wal", &steps)?;
    }

    #[test]
    fn nor_is_it_with_a_rollback_journal(steps in steps()) {
        agree("delete", &steps)?;
    }
}

#[test]
fn a_statement_about_many_rows_reads_a_session_once() {
    let world = World::new("wal");
    let connection = &world.connections[0];
    let session = text(connection, "SELECT authz_session_start('u1', 'acme', 'sso')", []);
    let kept = || number(connection, "SELECT authz_debug() ->> 'kept'", []);
    let before = kept();
    assert_eq!(option(connection, ASKED, [&session]).as_deref(), Some("user:u1"));
    assert_eq!(kept(), before, "with no transaction open");
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(option(connection, ASKED, [&session]).as_deref(), Some("user:u1"));
    assert_eq!(kept(), before, "in a transaction that writes");
    connection.execute_batch("COMMIT").unwrap();
    let all = "SELECT count(*) FROM authz_users WHERE authz_session_subject(?1, 'acme') = 'user:u1'";
    assert_eq!(number(connection, all, [&session]), 8);
    assert_eq!(kept(), before + 1, "in a statement that reads");
    // What is over by the clock counts for nothing, also among what is kept; another organization is no secret way in.
    connection.execute_batch("BEGIN").unwrap();
    assert_eq!(number(connection, all, [&session]), 8);
    later(connection, 249);
    assert_eq!(number(connection, all, [&session]), 8);
    later(connection, 250);
    assert_eq!(number(connection, all, [&session]), 0);
    text(connection, "SELECT authz_set_now(NULL)", []);
    assert_eq!(number(connection, all, [&session]), 8);
    let elsewhere = "SELECT count(*) FROM authz_users WHERE authz_session_subject(?1, 'other') IS NOT NULL";
    assert_eq!(number(connection, elsewhere, [&session]), 0);
}

#[test]
fn more_sessions_than_are_kept_are_told_apart() {
    let world = World::new("wal");
    let connection = &world.connections[0];
    connection
        .execute_batch(
            "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 10499)
             INSERT INTO authz_sessions (id, user, organization) SELECT 's' || i, 'u' || (i % 8 + 1), 'acme' FROM n",
        )
        .unwrap();
    let wrong =
        "SELECT count(*) FROM (VALUES (1), (2)) CROSS JOIN _authz_sessions WHERE authz_session_subject(id, 'acme') IS NOT 'user:' || user";
    number(connection, "SELECT authz_limit('kept_bytes', 1000000)", []);
    let before = number(connection, "SELECT authz_debug() ->> 'kept'", []);
    assert_eq!(number(connection, wrong, []), 0);
    let kept = number(connection, "SELECT authz_debug() ->> 'kept'", []) - before;
    // Those that were asked about since there were more at once than a megabyte holds.
    assert!((500..=9_000).contains(&kept), "{kept}");
}
