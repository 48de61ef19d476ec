//! A keystroke of `authz_search_all` costs the same however many users, subjects and groups there are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use authz::rusqlite::Connection;

/// So many users in so many groups, each with a role; and so many services, each a member of a group.
fn with_subjects(count: u64) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    let numbers = format!("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})");
    connection
        .execute_batch(&format!(
            r#"SELECT authz_apply('{{"resource_types": {{"team": {{}}}}, "roles": {{"reader": {{"resource_type": "team"}}}}}}'), authz_put_resource('team', 1, NULL, NULL);
               BEGIN;
               {numbers} INSERT INTO authz_users (id, email, first_name, last_name, external_id)
                 SELECT printf('u%07d', i), printf('Mail%07d@acme.test', i), printf('Anna%07d', i), 'Novak', printf('x%07d', i) FROM n;
               {numbers} INSERT INTO authz_groups (id, name) SELECT printf('g%07d', i), printf('Team%07d', i) FROM n;
               {numbers} INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id) SELECT printf('user:u%07d', i), 'reader', 'team', 1 FROM n;
               {numbers} INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id) SELECT printf('service:s%07d', i), 'reader', 'team', 1 FROM n;
               {numbers} INSERT INTO authz_group_members (group_id, subject) SELECT printf('g%07d', i), printf('user:m%07d', i) FROM n;
               COMMIT"#
        ))
        .unwrap();
    connection
}

fn found(connection: &Connection, query: &str) -> Vec<String> {
    let mut statement = connection.prepare("SELECT kind || ' ' || id FROM authz_search_all(?1)").unwrap();
    statement.query_map([query], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

/// How many hundreds of steps SQLite takes.
fn steps(connection: &Connection, query: &str) -> u64 {
    found(connection, query);
    let seen = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&seen);
    let count = move || {
        counted.fetch_add(1, Ordering::Relaxed);
        false
    };
    connection.progress_handler(100, Some(count)).unwrap();
    found(connection, query);
    connection.progress_handler(0, None::<fn() -> bool>).unwrap();
    seen.load(Ordering::Relaxed)
}

#[test]
fn a_keystroke_does_not_read_everybody() {
    let (few, many) = (with_subjects(3_000), with_subjects(12_000));
    for query in ["n", "novak", "mail0000", "nobody", "user:u00"] {
        let (one, four) = (steps(&few, query), steps(&many, query));
        assert!(four * 10 <= one * 13, "{query}: {one} hundred steps where there are 3,000, {four} where there are 12,000");
    }
}

#[test]
fn the_newest_are_found_by_everything_and_all_by_how_they_begin() {
    let connection = with_subjects(5_000);
    for (query, right) in [
        ("anna0004999", "subject user:u0004999"),
        ("u0000007", "subject user:u0000007"),
        ("user:u0000007", "subject user:u0000007"),
        ("MAIL0000007", "subject user:u0000007"),
        ("x0000007", "subject user:u0000007"),
        ("s0004999", "subject service:s0004999"),
        ("service:s0004999", "subject service:s0004999"),
        ("m0004999", "subject user:m0004999"),
        ("g0000007", "group g0000007"),
        ("team0004999", "group g0004999"),
    ] {
        let rows = found(&connection, query);
        assert!(rows.iter().any(|row| row == right), "{query}: {rows:?}");
    }
}
