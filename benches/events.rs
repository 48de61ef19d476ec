//! What the outbox costs: writing with it and without, reading it from end to end, a page of it when it is long.
//!
//! ```text
//! cargo bench --bench events
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod brief;

use std::hint::black_box;
use std::time::{Duration, Instant};

use authz::rusqlite::Connection;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn open() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    connection
        .execute_batch(
            r#"SELECT authz_apply('{
                 "resource_types": {"project": {"parents": ["organization"]}},
                 "permissions": {"project:read": {"resource_type": "project"}},
                 "roles": {"reader": {"resource_type": "project", "permissions": ["project:read"]}}}');
               SELECT authz_put_resource('organization', 'acme', NULL, NULL), authz_put_resource('project', 0, 'organization', 'acme');"#,
        )
        .unwrap();
    connection
}

/// A write of each kind; `?1` is a number that was not used before.
const WRITES: [(&str, &str); 8] = [
    ("role", "INSERT INTO authz_roles (slug) VALUES ('r' || ?1)"),
    (
        "role_assignment",
        "INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id) VALUES ('user:' || ?1, 'reader', 'project', 0)",
    ),
    (
        "resource",
        "INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id) VALUES ('project', ?1, 'organization', 'acme')",
    ),
    ("group_member", "INSERT INTO authz_group_members (group_id, subject) VALUES ('g', 'user:' || ?1)"),
    ("user", "INSERT INTO authz_users (id, email) VALUES (?1, ?1 || '@b.example')"),
    ("authz_create_role", "SELECT authz_create_role('{\"slug\": \"f' || ?1 || '\"}')"),
    ("authz_grant", "SELECT authz_grant('user:' || ?1, 'reader', 'project', 0)"),
    ("authz_put_resource", "SELECT authz_put_resource('project', ?1, 'organization', 'acme')"),
];

/// Each kind of write in one long transaction, with events and without.
fn writes(criterion: &mut Criterion) {
    for (name, sql) in WRITES {
        let mut group = criterion.benchmark_group(format!("events/write/{name}"));
        group.throughput(Throughput::Elements(1)).measurement_time(Duration::from_secs(2)).sample_size(20);
        for events in ["on", "off"] {
            let connection = open();
            connection.query_row("SELECT authz_set_setting('events', ?1)", [events], |_| Ok(())).unwrap();
            group.bench_function(events, |bencher| {
                bencher.iter_custom(|count| {
                    let mut statement = connection.prepare(sql).unwrap();
                    connection.execute_batch("BEGIN").unwrap();
                    let start = Instant::now();
                    for number in 1..=count {
                        // A row or none: it is stepped to its end.
                        let mut rows = statement.query([i64::try_from(number).unwrap()]).unwrap();
                        while rows.next().unwrap().is_some() {}
                    }
                    let taken = start.elapsed();
                    drop(statement);
                    connection.execute_batch("ROLLBACK").unwrap();
                    taken
                });
            });
        }
        group.finish();
    }
}

/// A file in memory whose outbox has at least this many events, one of each row.
fn with_events(count: u32) -> Connection {
    let connection = open();
    connection
        .execute_batch(&format!(
            "BEGIN;
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
             INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id) SELECT 'user:' || i, 'reader', 'project', 0 FROM n;
             COMMIT;"
        ))
        .unwrap();
    connection
}

/// A consumer that reads 100,000 events and acknowledges each page.
fn consume(criterion: &mut Criterion) {
    let many = brief::usual(100_000, 10_000);
    let connection = with_events(many);
    let mut group = criterion.benchmark_group("events/consume");
    group.throughput(Throughput::Elements(many.into())).sample_size(10);
    group.bench_function("100000", |bencher| {
        bencher.iter(|| {
            connection.execute_batch("DELETE FROM authz_consumers").unwrap();
            let mut read = connection.prepare("SELECT seq, event, data, context FROM authz_next_events('bench', 1000)").unwrap();
            let mut acknowledge = connection.prepare("SELECT authz_ack('bench', ?1)").unwrap();
            let mut seen = 0;
            loop {
                let mut last = None;
                let mut rows = read.query([]).unwrap();
                while let Some(row) = rows.next().unwrap() {
                    black_box(row.get_ref(2).unwrap());
                    last = Some(row.get::<_, i64>(0).unwrap());
                    seen += 1;
                }
                drop(rows);
                let Some(last) = last else { break };
                acknowledge.query_row([last], |_| Ok(())).unwrap();
            }
            assert!(seen >= many);
        });
    });
    group.finish();
}

/// A page of 100 events in the middle of a short outbox and of a long one, next to each other: what else the machine does hits both.
fn page(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("events/page");
    group.throughput(Throughput::Elements(100));
    let outboxes = [1_000, brief::usual(1_000_000, 10_000)].map(|count| {
        let connection = with_events(count);
        let middle = i64::from(count / 2);
        connection.query_row("SELECT authz_ack('bench', ?1)", [middle], |_| Ok(())).unwrap();
        (count, middle, connection)
    });
    for (name, sql) in [
        ("authz_events", "SELECT seq, event, data, context FROM authz_events WHERE seq > ?1 ORDER BY seq LIMIT 100"),
        ("authz_event_envelopes", "SELECT seq, json FROM authz_event_envelopes WHERE seq > ?1 ORDER BY seq LIMIT 100"),
        ("authz_next_events", "SELECT seq, event, data, context FROM authz_next_events('bench', 100) WHERE ?1 > 0"),
    ] {
        for (count, middle, connection) in &outboxes {
            let mut statement = connection.prepare(sql).unwrap();
            group.bench_function(BenchmarkId::new(name, count), |bencher| {
                bencher.iter(|| {
                    let mut rows = statement.query([middle]).unwrap();
                    let mut seen = 0;
                    while let Some(row) = rows.next().unwrap() {
                        black_box(row.get_ref(1).unwrap());
                        seen += 1;
                    }
                    assert_eq!(seen, 100);
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, writes, consume, page);
criterion_main!(benches);
