//! Many who end the same session at once, and a process that is killed between any two of its writes.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use authz::rusqlite::Connection;

use crate::{later, number, started, text};

fn open(folder: &Path) -> Connection {
    let connection = Connection::open(folder.join("app.db")).unwrap();
    connection.busy_timeout(Duration::from_secs(60)).unwrap();
    connection.pragma_update(None, "journal_mode", "wal").unwrap();
    // What is tested is processes that die, not machines that do.
    connection.pragma_update(None, "synchronous", "off").unwrap();
    authz::register(&connection).unwrap();
    connection
}

fn database(folder: &Path) -> Connection {
    let connection = open(folder);
    authz::migrate(&connection).unwrap();
    connection
        .execute_batch(
            "INSERT INTO authz_organizations (id) VALUES ('acme');
             INSERT INTO authz_users (id, email) VALUES ('ana', 'ana@acme.com');
             INSERT INTO authz_memberships (user, organization) VALUES ('ana', 'acme');
             INSERT INTO authz_connections (id, organization, type) VALUES ('okta', 'acme', 'OktaSAML');
             SELECT authz_set_setting('session_inactivity_seconds', 100);",
        )
        .unwrap();
    connection
}

const SUCCEED: &str = r#"SELECT authz_sso_succeed(?1, '{"email": "ana@acme.com"}')"#;
const FAIL: &str = "SELECT authz_sso_fail(?1, 'access_denied', NULL)";
const PLAIN: &str = "UPDATE authz_sso_sessions SET status = 'success', email = 'silva@acme.com' WHERE id = ?1";

#[test]
fn a_session_ends_once_whoever_comes_first() {
    let folder = tempfile::tempdir().unwrap();
    let connection = database(folder.path());
    for round in 0..24 {
        let is_late = round % 2 == 1;
        let session = started(&connection, "okta");
        let before = number(&connection, "SELECT max(seq) FROM authz_events", []);
        let statements = [SUCCEED, FAIL, PLAIN, "SELECT authz_sweep()", "SELECT authz_sso_start('okta')", FAIL];
        let barrier = Barrier::new(statements.len());
        let done: i64 = thread::scope(|scope| {
            let threads: Vec<_> = statements
                .iter()
                // Plain SQL goes by the clock of the database, by which nothing is late here.
                .filter(|statement| !is_late || **statement != PLAIN)
                .map(|statement| (open(folder.path()), statement))
                .chain(is_late.then(|| (open(folder.path()), &FAIL)))
                .map(|(connection, statement)| {
                    let (barrier, session) = (&barrier, &session);
                    scope.spawn(move || {
                        if is_late {
                            later(&connection, 301);
                        }
                        let mut statement = connection.prepare(statement).unwrap();
                        let count = statement.parameter_count();
                        barrier.wait();
                        let mut rows = statement.query(authz::rusqlite::params_from_iter([session].into_iter().take(count))).unwrap();
                        let answer = loop {
                            match rows.next() {
                                Ok(Some(_)) => {}
                                other => break other.map(drop),
                            }
                        };
                        i64::from(count == 1 && answer.is_ok())
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        let ends = "SELECT group_concat(event) FROM authz_events WHERE seq > ?1 AND data -> 'sso' ->> 'session_id' = ?2";
        let told: String = connection.query_row(ends, (before, &session), |row| row.get(0)).unwrap();
        match is_late {
            true => assert_eq!((told.as_str(), done), ("authentication.sso_timed_out", 0)),
            false => {
                assert!(done == 1 && (told == "authentication.sso_succeeded" || told == "authentication.sso_failed"), "{done}: {told}")
            }
        }
    }
}

/// Not a test by itself: the process that the next test starts, and kills.
#[test]
fn writer_of_the_crash_test() {
    let Some(folder) = std::env::var_os("AUTHZ_SESSIONS_CRASH_TEST") else { return };
    let connection = open(&PathBuf::from(folder));
    let one = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, Option<String>>(0)).ok().flatten();
    loop {
        let statement = match fastrand::u8(0..10) {
            0 => "SELECT authz_sso_start('okta', '{\"request\": {\"x\": 1}}')",
            1 => {
                "INSERT INTO authz_sso_sessions (connection, started_at) VALUES ('okta', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour'))"
            }
            2 => {
                "SELECT authz_sso_succeed(id, '{\"idp_id\": \"1\", \"email\": \"ana@acme.com\"}') FROM authz_sso_sessions WHERE status = 'in_progress' LIMIT 1"
            }
            3 => "SELECT authz_sso_fail(id, 'x', 'y') FROM authz_sso_sessions WHERE status = 'in_progress' LIMIT 1",
            4 => {
                "UPDATE authz_sso_sessions SET status = 'failed' WHERE id IN (SELECT id FROM authz_sso_sessions WHERE status = 'in_progress' LIMIT 1)"
            }
            5 => "SELECT authz_session_start('ana', 'acme', 'sso')",
            6 => "INSERT INTO authz_sessions (user, created_at) VALUES ('ana', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour'))",
            7 => "SELECT authz_session_revoke(id) || '' FROM authz_sessions WHERE status = 'active' LIMIT 1",
            8 => "UPDATE authz_memberships SET status = 'inactive'; UPDATE authz_memberships SET status = 'active'",
            _ => "SELECT authz_sweep() || ''",
        };
        if fastrand::u8(0..8) == 0 {
            later(&connection, 400);
        }
        let _ = if statement.starts_with("SELECT") { one(statement).map(drop) } else { connection.execute_batch(statement).ok() };
        if fastrand::u8(0..4) == 0 {
            text(&connection, "SELECT authz_set_now(NULL)", []);
        }
        println!("wrote");
    }
}

#[test]
fn a_kill_leaves_no_session_without_its_event_nor_the_reverse() {
    let folder = tempfile::tempdir().unwrap();
    let connection = database(folder.path());
    for _ in 0..40 {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["races::writer_of_the_crash_test", "--exact", "--nocapture"]).env("AUTHZ_SESSIONS_CRASH_TEST", folder.path());
        let mut writer = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(writer.stdout.take().unwrap()).lines();
        let wrote = lines.filter(|line| line.as_ref().unwrap() == "wrote").take(fastrand::usize(1..40)).count();
        assert!(wrote > 0);
        // It goes on writing meanwhile.
        (0..fastrand::u32(0..200_000)).for_each(|_| std::hint::spin_loop());
        writer.kill().unwrap();
        writer.wait().unwrap();
    }
    // How often each session was told to have begun and ended, beside what its row says.
    let mismatches = "
        WITH told (id, starts, ends, last) AS (
          SELECT ifnull(data -> 'sso' ->> 'session_id', data ->> 'id'), sum(event GLOB '*started' OR event GLOB '*.created'),
            sum(event NOT GLOB '*started' AND event NOT GLOB '*.created'),
            max(CASE WHEN event NOT GLOB '*started' AND event NOT GLOB '*.created' THEN data ->> 'status' END)
          FROM authz_events WHERE event GLOB 'authentication.*' OR event GLOB 'session.*' GROUP BY 1),
        recorded (id, status) AS (
          SELECT id, replace(nullif(status, 'in_progress'), 'success', 'succeeded') FROM _authz_sso_sessions
          UNION ALL SELECT id, nullif(status, 'active') FROM _authz_sessions)
        SELECT count(*) FROM told FULL JOIN recorded ON told.id = recorded.id
        WHERE told.starts IS NOT 1 OR told.ends <> (recorded.status IS NOT NULL) OR told.last IS NOT recorded.status OR recorded.id IS NULL";
    assert_eq!(number(&connection, mismatches, []), 0);
    assert_eq!(text(&connection, "PRAGMA integrity_check", []), "ok");
    let count = |status: &str| {
        number(
            &connection,
            "SELECT count(*) FROM (SELECT status FROM _authz_sso_sessions UNION ALL SELECT status FROM _authz_sessions) WHERE status = ?1",
            [status],
        )
    };
    for status in ["success", "failed", "timed_out", "expired", "revoked"] {
        assert!(count(status) > 3, "{status}: {}", count(status));
    }
}
