//! A directory as it grows: the next user by how many there are, one member by the size of the group.
//!
//! ```text
//! cargo bench --bench directories
//! ```
//!
//! A user arrives as providers send one: asked for by `userName`, then posted. `DIRECTORY_USERS=10000` measures a smaller directory.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod brief;

use std::time::{Duration, Instant};

use authz::rusqlite::Connection;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

/// In a file, as directories are: a commit of a large database in memory costs SQLite as much as there are pages.
fn world() -> Connection {
    let folder = Box::leak(Box::new(tempfile::tempdir().unwrap()));
    let connection = Connection::open(folder.path().join("directory.db")).unwrap();
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL").unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    connection
        .execute_batch(
            "INSERT INTO authz_organizations (id) VALUES ('acme');
             INSERT INTO authz_organization_domains (organization, domain, state) VALUES ('acme', 'acme.com', 'verified');
             SELECT authz_put_directory('d', 'acme', 'Acme')",
        )
        .unwrap();
    connection
}

fn scim(connection: &Connection, method: &str, path: &str, body: Option<&str>) -> String {
    connection.prepare_cached("SELECT authz_scim('d', ?1, ?2, ?3)").unwrap().query_row((method, path, body), |row| row.get(0)).unwrap()
}

/// The id in an answer.
fn id(answer: &str) -> String {
    answer.split_once("\"id\":\"").and_then(|(_, rest)| rest.split_once('"')).unwrap().0.to_owned()
}

fn arrive(connection: &Connection, number: u64) -> String {
    let name = format!("user{number}@acme.com");
    scim(connection, "GET", &format!("/Users?filter=userName eq \"{name}\""), None);
    let body = format!(
        r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"externalId":"e{number}","userName":"{name}","active":true,
            "name":{{"givenName":"User","familyName":"{number}"}},"emails":[{{"value":"{name}","type":"work","primary":true}}]}}"#
    );
    id(&scim(connection, "POST", "/Users", Some(&body)))
}

fn wanted() -> u64 {
    std::env::var("DIRECTORY_USERS").ok().and_then(|text| text.parse().ok()).unwrap_or(brief::usual(100_000, 300))
}

/// The next user, each in a transaction of its own, when there are a thousand, ten thousand and as many as wanted.
fn users(criterion: &mut Criterion) {
    let connection = world();
    let mut there = 0;
    let mut group = criterion.benchmark_group("directories/user");
    group.sample_size(20).measurement_time(Duration::from_secs(3));
    for size in [brief::usual(1_000, 100), brief::usual(10_000, 200), wanted()] {
        connection.execute_batch("BEGIN").unwrap();
        while there < size {
            arrive(&connection, there);
            there += 1;
        }
        connection.execute_batch("COMMIT").unwrap();
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher.iter_custom(|count| {
                let start = Instant::now();
                for _ in 0..count {
                    arrive(&connection, there);
                    there += 1;
                }
                start.elapsed()
            });
        });
    }
}

/// One member out and in again, in a group of ten and in one of everybody; and a directory of 5,000 groups that gets one more.
fn groups(criterion: &mut Criterion) {
    let connection = world();
    connection.execute_batch("BEGIN").unwrap();
    let ids: Vec<String> = (0..wanted()).map(|number| arrive(&connection, number)).collect();
    let make = |name: &str, members: &[String]| {
        let members: Vec<String> = members.iter().map(|id| format!("{{\"value\":\"{id}\"}}")).collect();
        let body = format!("{{\"displayName\":\"{name}\",\"members\":[{}]}}", members.join(","));
        id(&scim(&connection, "POST", "/Groups?excludedAttributes=members", Some(&body)))
    };
    let sizes = [(10, make("ten", &ids[..10])), (ids.len(), make("all", &ids))];
    connection.execute_batch("COMMIT").unwrap();
    let mut group = criterion.benchmark_group("directories/member");
    group.sample_size(20).measurement_time(Duration::from_secs(3));
    for (size, path) in sizes.map(|(size, id)| (size, format!("/Groups/{id}"))) {
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            let operation = |operation: &str| format!("{{\"Operations\":[{operation}]}}");
            let out = operation(&format!(r#"{{"op":"Remove","path":"members[value eq \"{}\"]"}}"#, ids[5]));
            let back = operation(&format!(r#"{{"op":"Add","path":"members","value":[{{"value":"{}"}}]}}"#, ids[5]));
            bencher.iter(|| (scim(&connection, "PATCH", &path, Some(&out)), scim(&connection, "PATCH", &path, Some(&back))));
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("directories/group");
    group.sample_size(20).measurement_time(Duration::from_secs(3));
    let mut there = 0;
    for size in [50, brief::usual(5_000, 60)] {
        connection.execute_batch("BEGIN").unwrap();
        while there < size {
            make(&format!("group {there}"), &ids[..3]);
            there += 1;
        }
        connection.execute_batch("COMMIT").unwrap();
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher.iter(|| {
                there += 1;
                scim(&connection, "GET", &format!("/Groups?excludedAttributes=members&filter=displayName eq \"group {there}\""), None);
                make(&format!("group {there}"), &ids[..3])
            });
        });
    }
}

criterion_group!(benches, users, groups);
criterion_main!(benches);
