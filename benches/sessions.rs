//! What sessions cost: a check by a session beside one by a subject and a look-up, and whether a million sessions that have ended make
//! starting, completing and sweeping any slower.
//!
//! ```text
//! cargo bench --bench sessions
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod brief;

use std::cell::LazyCell;
use std::time::{Duration, Instant};

use authz::rusqlite::{Connection, params};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

/// A file in memory with so many sessions that have ended, half of them sign-ins.
fn open(ended: u32) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    connection
        .execute_batch(&format!(
            r#"SELECT authz_apply('{{
                 "resource_types": {{"project": {{"parents": ["organization"]}}}},
                 "permissions": {{"project:read": {{"resource_type": "project"}}}},
                 "roles": {{"reader": {{"resource_type": "project", "permissions": ["project:read"]}}}}}}');
               INSERT INTO authz_organizations (id) VALUES ('acme');
               INSERT INTO authz_users (id, email) VALUES ('ana', 'ana@acme.com');
               INSERT INTO authz_memberships (user, organization) VALUES ('ana', 'acme');
               INSERT INTO authz_connections (id, organization, type) VALUES ('okta', 'acme', 'OktaSAML');
               SELECT authz_put_resource('project', 1, 'organization', 'acme'), authz_grant('user:ana', 'reader', 'project', 1);
               SELECT authz_set_setting('events', 'off');
               BEGIN;
               WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {half})
               INSERT INTO authz_sso_sessions (connection, email, started_at)
               SELECT 'okta', 'u' || i || '@acme.com', strftime('%Y-%m-%dT%H:%M:%fZ', '2020-01-01', '+' || i || ' seconds') FROM n WHERE {half} > 0;
               WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {half})
               INSERT INTO authz_sessions (user, organization, auth_method, created_at)
               SELECT 'ana', 'acme', 'sso', strftime('%Y-%m-%dT%H:%M:%fZ', '2020-01-01', '+' || i || ' seconds') FROM n WHERE {half} > 0;
               SELECT authz_sweep();
               COMMIT;
               SELECT authz_set_setting('events', 'on');"#,
            half = ended / 2
        ))
        .unwrap();
    connection
}

/// Asks so many times, each time after a statement that is not measured.
fn run(connection: &Connection, before: Option<&str>, sql: &str, times: u64) -> Duration {
    let mut statement = connection.prepare(sql).unwrap();
    let mut taken = Duration::ZERO;
    for _ in 0..times {
        if let Some(before) = before {
            connection.execute(before, []).unwrap();
        }
        let begun = Instant::now();
        statement.query_row([], |_| Ok(())).unwrap();
        taken += begun.elapsed();
    }
    taken
}

/// A check by a session is a check by its subject and one look-up: by one session again and again, and by another each time, more of them
/// than a connection keeps.
fn check(criterion: &mut Criterion) {
    let connection = open(brief::usual(100_000, 10_000));
    for (name, many) in [("one", 1), ("another_each_time", 10_000)] {
        let start = format!(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {many})
             SELECT authz_session_start('ana', 'acme', 'sso') FROM n"
        );
        let mut statement = connection.prepare(&start).unwrap();
        let sessions: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        connection.execute_batch("BEGIN; SELECT count(*) FROM authz_users").unwrap();
        let mut group = criterion.benchmark_group(format!("sessions/check/{name}"));
        for (name, sql) in [
            ("subject", "SELECT authz_check('user:ana', 'project:read', 'project', 1) WHERE ?1 <> ?2"),
            ("look_up", "SELECT user FROM _authz_sessions WHERE id = ?1 AND organization = ?2"),
            (
                "subject_and_look_up",
                "SELECT authz_check('user:' || user, 'project:read', 'project', 1) FROM _authz_sessions WHERE id = ?1 AND organization = ?2",
            ),
            ("session", "SELECT authz_check(authz_session_subject(?1, ?2), 'project:read', 'project', 1)"),
        ] {
            let mut statement = connection.prepare(sql).unwrap();
            let mut turn = sessions.iter().cycle();
            group.bench_function(name, |bencher| {
                bencher.iter(|| {
                    statement.query_row(params![turn.next(), "acme"], |row| row.get_ref(0).map(|value| value.data_type())).unwrap()
                });
            });
        }
        group.finish();
        connection.execute_batch("COMMIT").unwrap();
    }
}

/// Begins a sign-in that is due at once.
const ONE_IS_DUE: &str = "INSERT INTO authz_sso_sessions (connection, started_at) VALUES ('okta', '2020-01-01T00:00:00.000Z')";

/// The same with no session that has ended, and with a million.
fn growth(criterion: &mut Criterion) {
    // Made when they are first asked, for most of them takes a minute.
    let worlds = [0, 1_000_000].map(|ended| (ended, LazyCell::new(move || open(ended))));
    for (name, begin, sql) in [
        ("start", "BEGIN", "SELECT authz_sso_start('okta')"),
        ("start_and_fail", "BEGIN", "SELECT authz_sso_fail(authz_sso_start('okta'), 'access_denied', NULL)"),
        ("start_and_succeed", "BEGIN", r#"SELECT authz_sso_succeed(authz_sso_start('okta'), '{"idp_id": "1", "email": "ana@acme.com"}')"#),
        ("session_start", "BEGIN", "SELECT authz_session_start('ana', 'acme', 'sso')"),
        (
            "session_touch",
            "BEGIN; SELECT authz_session_start('ana', 'acme', 'sso')",
            "SELECT authz_session_touch((SELECT id FROM _authz_sessions WHERE status = 'active' LIMIT 1))",
        ),
        ("sweep_of_nothing", "BEGIN", "SELECT authz_sweep()"),
        ("sweep_of_one", "BEGIN", "SELECT authz_sweep()"),
    ] {
        let mut group = criterion.benchmark_group(format!("sessions/{name}"));
        group.measurement_time(Duration::from_secs(2)).sample_size(20);
        for (ended, connection) in &worlds {
            group.bench_function(BenchmarkId::new("ended", ended), |bencher| {
                bencher.iter_custom(|times| {
                    connection.execute_batch(begin).unwrap();
                    let taken = run(connection, (name == "sweep_of_one").then_some(ONE_IS_DUE), sql, times);
                    connection.execute_batch("ROLLBACK").unwrap();
                    taken
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, check, growth);
criterion_main!(benches);
