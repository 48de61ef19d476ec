//! `authz relay`: what an endpoint sees, whatever it answers and whoever is killed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod needs;

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use authz::rusqlite::Connection;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

const SECRET: &str = "whsec_of_the_test";

/// A request as it came in.
#[derive(Clone)]
struct Received {
    target: String,
    headers: HashMap<String, String>,
    body: String,
}

impl Received {
    fn event(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn id(&self) -> String {
        self.event()["id"].as_str().unwrap().to_owned()
    }

    /// Time of the signature in milliseconds, once the signature has been computed again and compared.
    fn signed_at(&self) -> u128 {
        let (time, signature) = self.headers["workos-signature"].split_once(", ").unwrap();
        let time = time.strip_prefix("t=").unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(format!("{time}.{}", self.body).as_bytes());
        let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(signature, format!("v1={hex}"));
        time.parse().unwrap()
    }
}

/// What an endpoint does with a request.
enum Reply {
    Status(u16, &'static str),
    /// It is closed without an answer.
    Nothing,
}

/// An endpoint in this process: keeps what it is sent, and answers as it is told to.
struct Endpoint {
    url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Endpoint {
    fn new(reply: impl FnMut(&Received) -> Reply + Send + 'static) -> Endpoint {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Vec::new()));
        let (kept, reply) = (Arc::clone(&received), Arc::new(Mutex::new(reply)));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (kept, reply) = (Arc::clone(&kept), Arc::clone(&reply));
                thread::spawn(move || {
                    let mut stream = BufReader::new(stream.unwrap());
                    while let Some(request) = read(&mut stream) {
                        // One at a time: what is kept first was answered first.
                        let mut reply = reply.lock().unwrap();
                        kept.lock().unwrap().push(request.clone());
                        let Reply::Status(status, more) = reply(&request) else { return };
                        let answer = format!("HTTP/1.1 {status} Said\r\nContent-Length: 2\r\n{more}\r\nok");
                        if stream.get_mut().write_all(answer.as_bytes()).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Endpoint { url, received }
    }

    fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// The ids of the events in the order in which they came first.
    fn first_seen(&self) -> Vec<String> {
        let mut seen = HashSet::new();
        self.received().iter().map(Received::id).filter(|id| seen.insert(id.clone())).collect()
    }
}

/// A request, `None` when the connection ends before one is whole: a client that was killed has not sent it.
fn read(stream: &mut BufReader<TcpStream>) -> Option<Received> {
    let mut line = String::new();
    stream.read_line(&mut line).ok().filter(|length| *length > 0)?;
    let target = line.split(' ').nth(1)?.to_owned();
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok().filter(|length| *length > 0)?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.insert(name.to_lowercase(), value.to_owned()),
            None => break,
        };
    }
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    stream.read_exact(&mut body).ok()?;
    Some(Received { target, headers, body: String::from_utf8(body).ok()? })
}

/// A process that goes when the test does.
struct Process(Child);

impl Process {
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Asks it to end; its exit status and what it said.
    fn end(mut self) -> (i32, String) {
        let asked = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status().unwrap();
        assert!(asked.success());
        let status = self.0.wait().unwrap();
        let mut said = String::new();
        self.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (status.code().unwrap_or(-1), said)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn command(db: &Path, url: &str, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authz"));
    command.arg("relay").arg(db).args(["--consumer", "hook", "--url", url, "--secret-env", "HOOK_SECRET"]);
    command.args(["--first-wait", "0.005", "--longest-wait", "0.02"]).args(more);
    command.env("HOOK_SECRET", SECRET).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn relay(db: &Path, url: &str, more: &[&str]) -> Process {
    Process(command(db, url, more).spawn().unwrap())
}

/// What a relay that does not start says.
fn refusal(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    String::from_utf8(output.stderr).unwrap()
}

/// A file of its own with the schema.
fn database(folder: &Path) -> (PathBuf, Connection) {
    let path = folder.join("app.db");
    let connection = open(&path);
    connection.pragma_update(None, "journal_mode", "wal").unwrap();
    authz::migrate(&connection).unwrap();
    (path, connection)
}

fn open(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.busy_timeout(Duration::from_secs(20)).unwrap();
    // What is tested is processes that die, not machines that do.
    connection.pragma_update(None, "synchronous", "off").unwrap();
    authz::register(&connection).unwrap();
    connection
}

fn strings(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

fn events(connection: &Connection) -> Vec<String> {
    strings(connection, "SELECT id FROM authz_events ORDER BY seq")
}

/// Comes back when it is so; fails when it is not so for long.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < end, "in vain: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn position(connection: &Connection) -> i64 {
    connection.query_row("SELECT position FROM authz_consumers WHERE consumer = 'hook'", [], |row| row.get(0)).unwrap_or(-1)
}

fn last(connection: &Connection) -> i64 {
    connection.query_row("SELECT ifnull(max(seq), 0) FROM authz_events", [], |row| row.get(0)).unwrap()
}

#[test]
fn every_event_arrives_signed_in_order_and_new_ones_follow() {
    let folder = tempfile::tempdir().unwrap();
    let (db, connection) = database(folder.path());
    connection.execute_batch(r#"SELECT authz_create_permission('{"slug": "organization:read", "name": "Größe"}')"#).unwrap();
    let endpoint = Endpoint::new(|_| Reply::Status(204, ""));
    let process = relay(&db, &endpoint.url, &[]);
    until("the first events", || position(&connection) == last(&connection));
    connection.execute_batch("INSERT INTO authz_roles (slug) VALUES ('auditor')").unwrap();
    until("the role", || position(&connection) == last(&connection));
    let received = endpoint.received();
    assert_eq!(received.iter().map(Received::id).collect::<Vec<_>>(), events(&connection));
    let bodies = strings(&connection, "SELECT json FROM authz_event_envelopes ORDER BY seq");
    assert_eq!(received.iter().map(|request| request.body.clone()).collect::<Vec<_>>(), bodies);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    for request in &received {
        assert!(now - request.signed_at() < 180_000);
        assert_eq!((request.target.as_str(), request.headers["content-type"].as_str()), ("/hook", "application/json"));
    }
    let (status, said) = process.end();
    assert_eq!(status, 0, "{said}");
    assert!(said.contains(&format!("{} events sent to 127.0.0.1", received.len())), "{said}");
}

/// What the relay shows on a terminal, which `script` gives it: the line is drawn again and again.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_shows_one_line_of_progress() {
    let Some(script) = needs::program("script") else { return };
    let folder = tempfile::tempdir().unwrap();
    let (db, connection) = database(folder.path());
    connection.execute_batch("INSERT INTO authz_roles (slug) VALUES ('auditor')").unwrap();
    let refused = std::sync::atomic::AtomicBool::new(true);
    let endpoint = Endpoint::new(move |_| match refused.swap(false, std::sync::atomic::Ordering::SeqCst) {
        true => Reply::Status(503, ""),
        false => Reply::Status(204, ""),
    });
    let shown = folder.path().join("shown");
    let mut terminal = Command::new(script);
    // With exec the relay is the child of `script` itself: when that goes, the terminal goes, and the relay with it.
    terminal.args(["--quiet", "--flush", "--return", "--command"]);
    terminal.arg(format!(
        "exec {} relay {} --consumer hook --url {} --secret-env HOOK_SECRET --first-wait 0.005 --longest-wait 0.02",
        env!("CARGO_BIN_EXE_authz"),
        db.display(),
        endpoint.url
    ));
    terminal.arg(&shown).env("HOOK_SECRET", SECRET).env("TERM", "xterm").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let _process = Process(terminal.spawn().unwrap());
    let text = || std::fs::read_to_string(&shown).unwrap_or_default();
    let count = last(&connection);
    until("the line that waits", || text().contains(&format!("{count} events sent to 127.0.0.1; waiting for more")));
    assert!(text().contains(&format!("events sent to 127.0.0.1, the last was {count}")), "{}", text());
    assert!(text().contains("authz: event 1: "), "what goes wrong stands above the line: {}", text());
    connection.execute_batch("INSERT INTO authz_roles (slug) VALUES ('reader')").unwrap();
    until("the next line", || text().contains(&format!("{} events sent to 127.0.0.1; waiting for more", count + 1)));
}

#[test]
fn what_is_not_taken_is_sent_again_and_signed_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (db, connection) = database(folder.path());
    connection.execute_batch("INSERT INTO authz_roles (slug) VALUES ('one'), ('two')").unwrap();
    let mut attempts = 0;
    let endpoint = Endpoint::new(move |_| {
        attempts += 1;
        match attempts {
            1 => Reply::Status(500, ""),
            2 => Reply::Nothing,
            3 => Reply::Status(404, ""),
            4 => Reply::Status(302, "Location: http://127.0.0.1:1/elsewhere\r\n"),
            _ => Reply::Status(200, ""),
        }
    });
    let process = relay(&db, &endpoint.url, &["--signature-header", "WorkOS-Signature"]);
    until("all events", || position(&connection) == last(&connection));
    let received = endpoint.received();
    let ids = events(&connection);
    let first = received.iter().filter(|request| request.id() == ids[0]).collect::<Vec<_>>();
    assert_eq!(first.len(), 5);
    assert!(first.windows(2).all(|two| two[0].signed_at() < two[1].signed_at()), "each attempt has a signature of its own");
    assert_eq!(endpoint.first_seen(), ids);
    let (status, said) = process.end();
    assert_eq!(status, 0);
    for why in
        ["answered 500", "cannot be reached", "answered 404", "answered 302 Found, and redirects are not followed", "trying again in 0.0"]
    {
        assert!(said.contains(why), "{why} is not in {said}");
    }
    assert!(received.iter().all(|request| request.target == "/hook"));
}

#[test]
fn a_dead_endpoint_loses_no_place_and_a_poisonous_event_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let (db, connection) = database(folder.path());
    connection.execute_batch("INSERT INTO authz_roles (slug) VALUES ('one'), ('poison'), ('three')").unwrap();
    // A port where nobody listens any more.
    let dead = format!("http://{}/", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let process = relay(&db, &dead, &[]);
    until("the consumer", || position(&connection) == 0);
    assert_eq!(process.end().0, 0);
    assert_eq!(position(&connection), 0);

    let poison = |request: &Received| request.event()["data"]["slug"] == "poison";
    let seq: i64 = connection.query_row("SELECT seq FROM authz_events WHERE data ->> '$.slug' = 'poison'", [], |row| row.get(0)).unwrap();
    let endpoint = Endpoint::new(move |request| Reply::Status(if poison(request) { 422 } else { 200 }, ""));
    let process = relay(&db, &endpoint.url, &[]);
    until("some attempts", || endpoint.received().iter().filter(|request| poison(request)).count() > 3);
    assert_eq!(position(&connection), seq - 1);
    assert_eq!(process.end().0, 0);

    let before = endpoint.received().len();
    let process = relay(&db, &endpoint.url, &["--skip", &seq.to_string()]);
    until("the rest", || position(&connection) == last(&connection));
    let (status, said) = process.end();
    assert_eq!(status, 0);
    assert!(said.contains(&format!("event {seq} is skipped")), "{said}");
    let rest: Vec<String> = endpoint.received()[before..].iter().map(Received::id).collect();
    assert_eq!(rest, strings(&connection, &format!("SELECT id FROM authz_events WHERE seq > {seq} ORDER BY seq")));
    assert!(!rest.is_empty());
}

#[test]
fn one_relay_serves_a_consumer_and_what_makes_no_sense_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (db, connection) = database(folder.path());
    let endpoint = Endpoint::new(|_| Reply::Status(200, ""));
    let mut first = relay(&db, &endpoint.url, &[]);
    until("the first relay", || position(&connection) >= 0);
    let said = refusal(command(&db, &endpoint.url, &[]));
    assert!(said.contains("another relay serves the consumer `hook`"), "{said}");
    // The same file by another way is the same file.
    let other_way = folder.path().join("link.db");
    std::os::unix::fs::symlink(&db, &other_way).unwrap();
    assert!(refusal(command(&other_way, &endpoint.url, &[])).contains("another relay serves"));
    first.kill();
    let second = relay(&db, &endpoint.url, &[]);
    connection.execute_batch("INSERT INTO authz_roles (slug) VALUES ('one')").unwrap();
    until("the second relay", || position(&connection) == last(&connection));
    assert_eq!(second.end().0, 0);

    let mut without = command(&db, &endpoint.url, &[]);
    without.env_remove("HOOK_SECRET");
    assert_eq!(refusal(without), "authz: the environment variable `HOOK_SECRET` holds no secret; set it\n");
    assert!(refusal(command(&db, "http://example.com/", &[])).contains("plain http to `example.com` would show every event on the way"));
    assert!(refusal(command(&folder.path().join("none.db"), &endpoint.url, &[])).contains("there is no file"));
    assert!(refusal(command(&db, &endpoint.url, &["--consumer", "a b"])).contains("cannot be used multiple times"));
    let mut unnamed = Command::new(env!("CARGO_BIN_EXE_authz"));
    unnamed.arg("relay").arg(&db).args(["--consumer", "a b", "--url", &endpoint.url, "--secret-env", "HOOK_SECRET"]);
    assert!(
        refusal({
            unnamed.env("HOOK_SECRET", SECRET);
            unnamed
        })
        .contains("the consumer `a b` contains a space")
    );
}

/// Not a test by itself: the writer that the crash test starts, in a process of its own, and kills.
#[test]
fn writer_of_the_crash_test() {
    let Some(folder) = std::env::var_os("AUTHZ_CRASH_TEST") else { return };
    let folder = PathBuf::from(folder);
    let connection = open(&folder.join("app.db"));
    let note = |file: &str, ids: &[String]| {
        let mut file = std::fs::File::options().create(true).append(true).open(folder.join(file)).unwrap();
        file.write_all(format!("{}\n", ids.join("\n")).as_bytes()).unwrap();
    };
    loop {
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        let before = last(&connection);
        for _ in 0..fastrand::u32(1..4) {
            let slug = format!("r{:x}", fastrand::u64(..));
            match fastrand::u8(0..3) {
                0 => connection.execute("INSERT INTO authz_roles (slug) VALUES (?1)", [&slug]).map(drop),
                1 => connection.query_row("SELECT authz_create_role(?1)", [json!({"slug": slug}).to_string()], |_| Ok(())),
                _ => connection.query_row("SELECT authz_create_permission(?1)", [json!({"slug": slug}).to_string()], |_| Ok(())),
            }
            .unwrap();
        }
        let written = strings(&connection, &format!("SELECT id FROM authz_events WHERE seq > {before}"));
        if fastrand::u8(0..4) == 0 {
            // Before it is rolled back, for afterwards there may be nobody left to say so.
            note("rolled_back", &written);
            connection.execute_batch("ROLLBACK").unwrap();
        } else {
            connection.execute_batch("COMMIT").unwrap();
            note("committed", &written);
        }
        thread::sleep(Duration::from_millis(fastrand::u64(1..4)));
    }
}

fn writer(folder: &Path) -> Process {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["writer_of_the_crash_test", "--exact", "--nocapture"]).env("AUTHZ_CRASH_TEST", folder);
    Process(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
}

#[test]
fn a_hundred_kills_lose_nothing_and_invent_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (db, connection) = database(folder.path());
    let mut random = fastrand::Rng::new();
    let endpoint = Endpoint::new(move |_| match random.u8(0..10) {
        0 => Reply::Status(503, ""),
        1 => Reply::Nothing,
        _ => Reply::Status(200, ""),
    });
    let (mut writes, mut relays) = (writer(folder.path()), relay(&db, &endpoint.url, &[]));
    for kill in 0..100 {
        thread::sleep(Duration::from_millis(fastrand::u64(5..80)));
        match kill % 2 {
            0 => {
                writes.kill();
                writes = writer(folder.path());
            }
            _ => {
                relays.kill();
                relays = relay(&db, &endpoint.url, &[]);
            }
        }
    }
    writes.kill();
    until("the last event", || position(&connection) == last(&connection));
    let (status, said) = relays.end();
    assert_eq!(status, 0, "{said}");

    let written = events(&connection);
    let seen = endpoint.first_seen();
    assert_eq!(seen.len(), written.len());
    assert!(seen == written, "not in the order of the commits");
    let noted = |file: &str| -> Vec<String> {
        let text = std::fs::read_to_string(folder.path().join(file)).unwrap();
        // The last line of a writer that was killed may be torn.
        text.lines().filter(|line| line.len() == written[0].len()).map(str::to_owned).collect()
    };
    let (committed, rolled_back) = (noted("committed"), noted("rolled_back"));
    assert!(committed.len() > 100 && rolled_back.len() > 10, "{} committed, {} rolled back", committed.len(), rolled_back.len());
    let seen: HashSet<String> = seen.into_iter().collect();
    assert!(committed.iter().all(|id| seen.contains(id)), "a committed event was lost");
    assert!(!rolled_back.iter().any(|id| seen.contains(id)), "an event was sent that never came to be");
    for request in endpoint.received() {
        request.signed_at();
    }
}

/// Python with WorkOS's SDK: the one that `.ci/run` sets up, or that of the machine.
fn python() -> Option<PathBuf> {
    needs::python(&["target/sdk/bin/python", "python3"], "import workos", "the Python package `workos`")
}

#[test]
fn the_official_sdk_verifies_and_reads_every_webhook() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (db, connection) = database(folder.path());
    connection.execute_batch(EVERYTHING).unwrap();
    let endpoint = Endpoint::new(|_| Reply::Status(200, ""));
    let process = relay(&db, &endpoint.url, &[]);
    until("all events", || position(&connection) == last(&connection));
    assert_eq!(process.end().0, 0);

    let given = |request: &Received, body: &str| {
        format!("{}\n", json!({"body": body, "header": request.headers["workos-signature"], "secret": SECRET}))
    };
    let received = endpoint.received();
    let mut input: String = received.iter().map(|request| given(request, &request.body)).collect();
    input.push_str(&given(&received[0], &received[1].body));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk/verify.py");
    let mut child = Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let answers = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<&str> = answers.lines().collect();
    assert_eq!(answers.len(), received.len() + 1);
    assert!(answers[received.len()].starts_with("refused Signature hash"), "{}", answers[received.len()]);
    let mut known = HashSet::new();
    for (request, answer) in received.iter().zip(&answers) {
        let event = request.event();
        let name = event["event"].as_str().unwrap();
        let class = answer.strip_suffix(name).unwrap_or_else(|| panic!("{name}: {answer}")).trim();
        // The reference knows no events of resources, assignments and models; its SDK passes those on as they are.
        let is_ours = ["authorization_resource.", "role_assignment.", "model.", "authz_group.", "group_member."];
        match is_ours.iter().any(|ours| name.starts_with(ours)) {
            true => assert_eq!(class, "EventSchemaUnknown", "{name}"),
            false => {
                assert_ne!(class, "EventSchemaUnknown", "{name}");
                known.insert(name.to_owned());
            }
        }
    }
    for name in ["role", "organization_role", "permission", "organization", "organization_membership", "user", "group"] {
        for what in ["created", "updated", "deleted"] {
            assert!(known.contains(&format!("{name}.{what}")), "{name}.{what} was not written");
        }
    }
    assert!(known.contains("group.member_added") && known.contains("group.member_removed"));
}

/// Writes each event that WorkOS has a name for, with an actor and with what was there before.
const EVERYTHING: &str = r#"
SELECT authz_set_actor('user_ana', 'dashboard', 'Ana');
SELECT authz_create_permission('{"slug": "organization:read", "description": "Größe"}');
SELECT authz_update_permission('organization:read', '{"name": "Read"}');
SELECT authz_create_role('{"slug": "auditor", "permissions": ["organization:read"]}');
SELECT authz_set_role_permissions('auditor', '[]');
SELECT authz_set_actor('job', 'system');
INSERT INTO authz_organizations (id, name) VALUES ('acme', 'Acme');
UPDATE authz_organizations SET name = 'Acme Ltd', metadata = '{"tier": "gold"}' WHERE id = 'acme';
SELECT authz_create_role('{"slug": "org-lead", "name": "Lead"}', 'acme');
SELECT authz_update_role('org-lead', '{"description": "Leads"}', 'acme');
INSERT INTO authz_users (id, email, first_name) VALUES ('ana', 'ana@acme.example', 'Ana');
UPDATE authz_users SET last_name = 'Lopez' WHERE id = 'ana';
INSERT INTO authz_memberships (user, organization) VALUES ('ana', 'acme');
SELECT authz_grant('user:ana', 'org-lead', 'organization', 'acme');
UPDATE authz_memberships SET status = 'inactive' WHERE user = 'ana';
INSERT INTO authz_groups (id, organization, name) VALUES ('eng', 'acme', 'Engineers'), ('guests', NULL, NULL);
UPDATE authz_groups SET description = 'All of them' WHERE id = 'eng';
SELECT authz_add_member('group:eng', 'user:ana'), authz_add_member('group:guests', 'user:ben');
SELECT authz_set_actor(NULL);
SELECT authz_remove_member('group:eng', 'user:ana');
DELETE FROM authz_groups WHERE id = 'eng';
SELECT authz_revoke('user:ana', 'org-lead', 'organization', 'acme');
DELETE FROM authz_memberships WHERE user = 'ana';
DELETE FROM authz_users WHERE id = 'ana';
SELECT authz_delete_role('org-lead', 'acme');
DELETE FROM authz_organizations WHERE id = 'acme';
SELECT authz_delete_role('auditor');
SELECT authz_delete_permission('organization:read');
"#;

/// With SQLite's default journal whoever writes waits for all who read. Somebody reads for longer than anybody waits.
#[test]
fn a_long_reader_delays_the_place_and_nothing_is_claimed_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("app.db");
    let connection = open(&db);
    connection.pragma_update(None, "journal_mode", "DELETE").unwrap();
    authz::migrate(&connection).unwrap();
    connection.execute_batch("INSERT INTO authz_permissions (slug) VALUES ('a')").unwrap();
    // It begins to read when the event has arrived, and before that is noted.
    let reader = Arc::new(Mutex::new(open(&db)));
    let begins = Arc::clone(&reader);
    let endpoint = Endpoint::new(move |_| {
        let reader = begins.lock().unwrap();
        if reader.is_autocommit() {
            reader.execute_batch("BEGIN; SELECT count(*) FROM authz_events").unwrap();
        }
        Reply::Status(200, "")
    });

    let mut first = command(&db, &endpoint.url, &[]);
    let mut first = Process(first.stderr(Stdio::piped()).spawn().unwrap());
    let mut said = BufReader::new(first.0.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert!(line.contains("reads it for long; waiting for it"), "{line}");
    assert_eq!(endpoint.received().len(), 1);
    // It holds no lock while it waits: others read, and write when they may.
    assert_eq!(position(&open(&db)), 0);
    let asked = Command::new("kill").args(["-TERM", &first.0.id().to_string()]).status().unwrap();
    assert!(asked.success());
    assert_eq!(first.0.wait().unwrap().code(), Some(2));
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("the next relay sends it again") && !rest.contains("remembers"), "{rest}");

    // Once nobody reads for long, everything goes on, and what was claimed is so.
    let endpoint = Endpoint::new(|_| Reply::Status(200, ""));
    reader.lock().unwrap().execute_batch("COMMIT").unwrap();
    connection.execute_batch("INSERT INTO authz_permissions (slug) VALUES ('b')").unwrap();
    let second = relay(&db, &endpoint.url, &[]);
    until("the second relay has caught up", || position(&connection) == last(&connection));
    let (status, said) = second.end();
    assert_eq!(status, 0, "{said}");
    assert!(said.contains(&format!("{} events sent", events(&connection).len())) && said.contains("remembers the place"), "{said}");
    assert_eq!(endpoint.first_seen(), events(&connection));
}
