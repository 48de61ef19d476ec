//! `authz events`: what it shows, whom it lets go on, and how it follows what other processes write.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use authz::rusqlite::Connection;
use serde_json::Value;

fn database(folder: &Path) -> (PathBuf, Connection) {
    let path = folder.join("app.db");
    let connection = Connection::open(&path).unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    connection
        .execute_batch("INSERT INTO authz_permissions (slug) VALUES ('a'), ('b'); INSERT INTO authz_roles (slug) VALUES ('r')")
        .unwrap();
    (path, connection)
}

fn command(db: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authz"));
    command.arg("events").arg(db).args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What it prints; it must end well.
fn printed(db: &Path, arguments: &[&str]) -> String {
    let output = command(db, arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The numbers of the events that it prints.
fn numbers(db: &Path, arguments: &[&str]) -> Vec<i64> {
    let arguments: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
    printed(db, &arguments).lines().map(seq).collect()
}

fn seq(line: &str) -> i64 {
    serde_json::from_str::<Value>(line).unwrap()["seq"].as_i64().unwrap()
}

fn all(connection: &Connection) -> Vec<i64> {
    let mut statement = connection.prepare("SELECT seq FROM authz_events ORDER BY seq").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_table_for_people_and_an_envelope_a_line_for_programs() {
    let folder = tempfile::tempdir().unwrap();
    let (db, connection) = database(folder.path());
    let table = printed(&db, &[]);
    for word in ["seq", "created_at", "event", "data", "permission.created", "role.created"] {
        assert!(table.contains(word), "{word} is not in {table}");
    }
    let lines = printed(&db, &["--json"]);
    let envelopes: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut statement = connection.prepare("SELECT json FROM authz_event_envelopes ORDER BY seq").unwrap();
    let stored: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(envelopes.len(), stored.len());
    for (mut envelope, stored) in envelopes.into_iter().zip(stored) {
        envelope.as_object_mut().unwrap().remove("seq").unwrap();
        assert_eq!(envelope, serde_json::from_str::<Value>(&stored).unwrap());
    }
    assert_eq!(numbers(&db, &[]), all(&connection));
    let permissions = numbers(&db, &["--names", "permission.*"]);
    assert_eq!(permissions.len(), 2);
    assert_eq!(numbers(&db, &["--names", "permission.*", "role.created"]), numbers(&db, &["--names", "permission.*,role.*"]));
    assert_eq!(printed(&db, &["--names", "nothing.*"]), "(none)\n");
    assert_eq!(printed(&db, &["--names", "nothing.*", "--json"]), "");
}

#[test]
fn a_long_outbox_is_read_page_by_page() {
    let folder = tempfile::tempdir().unwrap();
    let (db, connection) = database(folder.path());
    connection
        .execute_batch(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 250)
             INSERT INTO authz_permissions (slug) SELECT 'p' || i FROM n",
        )
        .unwrap();
    assert_eq!(numbers(&db, &[]), all(&connection));
    assert_eq!(numbers(&db, &["--consumer", "c"]), all(&connection));
    assert_eq!(numbers(&db, &["--consumer", "c"]), [0; 0]);
    assert_eq!(numbers(&db, &["--consumer", "d", "--names", "permission.*"]).len(), 252);
}

#[test]
fn a_consumer_goes_on_where_it_was_and_passes_over_what_it_does_not_want() {
    let folder = tempfile::tempdir().unwrap();
    let (db, connection) = database(folder.path());
    let first = all(&connection);
    assert_eq!(numbers(&db, &["--consumer", "c"]), first);
    connection.execute_batch("INSERT INTO authz_permissions (slug) VALUES ('c')").unwrap();
    assert_eq!(numbers(&db, &["--consumer", "c"]), all(&connection)[first.len()..]);
    assert_eq!(numbers(&db, &["--consumer", "c"]), [0; 0]);
    // What the names leave out is acknowledged too, or it would keep the outbox from ever being pruned.
    assert_eq!(numbers(&db, &["--consumer", "d", "--names", "role.deleted"]), [0; 0]);
    let behind = "SELECT behind FROM authz_consumers WHERE consumer = 'd'";
    assert_eq!(connection.query_row(behind, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
    let refused = command(&db, &["--consumer", "a b"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("the consumer `a b` contains a space"));
    assert_eq!(command(&folder.path().join("none.db"), &[]).output().unwrap().status.code(), Some(2));
}

fn end(mut child: Child) -> String {
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let status = child.wait().unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(status.success(), "{said}");
    said
}

#[test]
fn what_other_processes_write_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let (db, connection) = database(folder.path());
    for consumer in [&[][..], &["--consumer", "c"]] {
        let arguments: Vec<&str> = consumer.iter().copied().chain(["--follow", "--json"]).collect();
        let mut child = command(&db, &arguments).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for expected in all(&connection) {
            assert_eq!(seq(&lines.next().unwrap().unwrap()), expected);
        }
        for _ in 0..3 {
            connection.execute_batch("UPDATE authz_permissions SET name = ifnull(name, '') || 'x' WHERE slug = 'a'").unwrap();
            assert_eq!(seq(&lines.next().unwrap().unwrap()), *all(&connection).last().unwrap());
        }
        assert_eq!(end(child), "");
    }
}

/// Clock ticks that a process has been running for.
#[cfg(target_os = "linux")]
fn ticks(process: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn two_who_follow_do_not_keep_each_other_awake() {
    let folder = tempfile::tempdir().unwrap();
    let (db, connection) = database(folder.path());
    let mut followers: Vec<(Child, std::io::Lines<BufReader<_>>)> = ["c", "d"]
        .iter()
        .map(|consumer| {
            let mut child = command(&db, &["--consumer", consumer, "--follow", "--json"]).spawn().unwrap();
            let lines = BufReader::new(child.stdout.take().unwrap()).lines();
            (child, lines)
        })
        .collect();
    for (_, lines) in &mut followers {
        for expected in all(&connection) {
            assert_eq!(seq(&lines.next().unwrap().unwrap()), expected);
        }
    }
    let version = || connection.query_row("PRAGMA data_version", [], |row| row.get::<_, i64>(0)).unwrap();
    let acknowledged = || {
        let sql = "SELECT count(*) FROM authz_consumers WHERE behind = 0";
        connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap() == 2
    };
    while !acknowledged() {
        std::thread::yield_now();
    }
    let (before, spent) = (version(), followers.iter().map(|(child, _)| ticks(child.id())).sum::<u64>());
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert_eq!(version(), before, "a follower writes though nothing is new");
    // A tick is 10 ms: half a second of two processes that turned in a loop would be a hundred.
    let spent = followers.iter().map(|(child, _)| ticks(child.id())).sum::<u64>() - spent;
    assert!(spent <= 10, "{spent} ticks");
    for (child, lines) in followers {
        drop(lines);
        end(child);
    }
}

/// With SQLite's default journal whoever writes waits for all who read. Somebody reads for longer than anybody waits.
#[test]
fn a_long_reader_delays_what_a_consumer_has_seen() {
    let folder = tempfile::tempdir().unwrap();
    let (db, connection) = database(folder.path());
    connection.pragma_update(None, "journal_mode", "DELETE").unwrap();
    let reader = Connection::open(&db).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM authz_events").unwrap();
    let mut following = command(&db, &["--follow", "--json", "--consumer", "c"]).spawn().unwrap();
    let mut lines = BufReader::new(following.stdout.take().unwrap()).lines();
    let mut said = BufReader::new(following.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert!(line.contains("reads it for long; waiting for it"), "{line}");
    assert_eq!(seq(&lines.next().unwrap().unwrap()), all(&connection)[0]);
    reader.execute_batch("COMMIT").unwrap();
    connection.busy_timeout(std::time::Duration::from_secs(30)).unwrap();
    connection.execute_batch("INSERT INTO authz_permissions (slug) VALUES ('c')").unwrap();
    let newest = *all(&connection).last().unwrap();
    assert!(lines.any(|line| seq(&line.unwrap()) == newest));
    following.stderr = None;
    assert!(std::process::Command::new("kill").args(["-TERM", &following.id().to_string()]).status().unwrap().success());
    assert_eq!(following.wait().unwrap().code(), Some(0));
}
