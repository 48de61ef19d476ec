//! Any interleaving of what can happen to sessions, against a state machine that knows nothing of SQLite: two connections, each with a
//! clock of its own, functions and plain SQL, transactions that are rolled back.
//!
//! Times are seconds from the beginning of the case. All are multiples of 70, and all spans end between two multiples with room to spare,
//! so that the time that a case itself takes changes nothing.

use authz::rusqlite::Connection;
use proptest::prelude::*;

use crate::{number, option, text};

const STEP: i64 = 70;
const TIMEOUT: i64 = 300;
const LONGEST: i64 = 1000;
const INACTIVITY: i64 = 200;

#[derive(Debug, Clone, Copy)]
enum What {
    /// Through the first or the second connection to a provider, or as a test; by plain SQL begun so long ago.
    Start(u8, i64),
    Succeed(usize),
    Fail(usize),
    SessionStart(i64),
    Touch(usize),
    Revoke(usize),
    Suspend,
    Sweep,
    /// Moves the clock forward, or back to the database's
    Clock(i64),
}

#[derive(Debug, Clone, Copy)]
struct Step {
    /// Which of the two connections
    by: usize,
    plain: bool,
    /// Within a transaction that is rolled back
    undone: bool,
    what: What,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let ago = prop_oneof![3 => Just(0), 1 => Just(STEP), 2 => Just(5 * STEP)];
    let what = prop_oneof![
        5 => (0u8..3, ago.clone()).prop_map(|(through, ago)| What::Start(through, ago)),
        3 => (0usize..12).prop_map(What::Succeed),
        2 => (0usize..12).prop_map(What::Fail),
        4 => ago.prop_map(What::SessionStart),
        3 => (0usize..12).prop_map(What::Touch),
        2 => (0usize..12).prop_map(What::Revoke),
        1 => Just(What::Suspend),
        2 => Just(What::Sweep),
        5 => (0i64..16).prop_map(|steps| What::Clock(steps * STEP)),
    ];
    let step = (0usize..2, any::<bool>(), prop::bool::weighted(0.1), what);
    prop::collection::vec(step.prop_map(|(by, plain, undone, what)| Step { by, plain, undone, what }), 1..60)
}

#[derive(Debug, Clone, PartialEq)]
struct SignIn {
    is_test: bool,
    expires_at: i64,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq)]
struct Session {
    expires_at: i64,
    due_at: i64,
    last_active_at: i64,
    status: &'static str,
}

/// The state machine.
#[derive(Debug, Clone, Default)]
struct Model {
    sign_ins: Vec<SignIn>,
    sessions: Vec<Session>,
    events: Vec<(&'static str, usize)>,
}

/// A write that was refused.
struct Refused;

impl Model {
    fn time_out(&mut self, now: i64) -> i64 {
        let mut ended = 0;
        for (index, one) in self.sign_ins.iter_mut().enumerate() {
            if one.status == "in_progress" && !one.is_test && one.expires_at <= now {
                one.status = "timed_out";
                self.events.push(("authentication.sso_timed_out", index));
                ended += 1;
            }
        }
        ended
    }

    fn expire(&mut self, now: i64) -> i64 {
        let mut ended = 0;
        for (index, one) in self.sessions.iter_mut().enumerate() {
            if one.status == "active" && one.due_at <= now {
                one.status = "expired";
                self.events.push(("session.expired", index));
                ended += 1;
            }
        }
        ended
    }

    fn complete(&mut self, index: usize, now: i64, success: bool) -> Result<i64, Refused> {
        self.time_out(now);
        let one = self.sign_ins.get_mut(index).filter(|one| one.status == "in_progress").ok_or(Refused)?;
        let (status, event) = match (one.is_test, success) {
            (false, true) => ("success", "authentication.sso_succeeded"),
            (false, false) => ("failed", "authentication.sso_failed"),
            (true, true) => ("test_successful", "authentication.sso_test_succeeded"),
            (true, false) => ("test_failed", "authentication.sso_test_failed"),
        };
        one.status = status;
        self.events.push((event, index));
        Ok(1)
    }

    fn revoke(&mut self, index: usize) -> bool {
        let Some(one) = self.sessions.get_mut(index).filter(|one| one.status == "active") else { return false };
        one.status = "revoked";
        self.events.push(("session.revoked", index));
        true
    }

    /// What a step does at a time; the number is what a function answers with, 1 where it answers with something else.
    fn make(&mut self, what: What, plain: bool, now: i64) -> Result<i64, Refused> {
        match what {
            What::Start(through, ago) => {
                self.time_out(now);
                let is_test = through == 2;
                let event = if is_test { "authentication.sso_test_started" } else { "authentication.sso_started" };
                self.events.push((event, self.sign_ins.len()));
                self.sign_ins.push(SignIn { is_test, expires_at: now - if plain { ago } else { 0 } + TIMEOUT, status: "in_progress" });
                Ok(1)
            }
            What::Succeed(index) => self.complete(index, now, true),
            What::Fail(index) => self.complete(index, now, false),
            What::SessionStart(ago) => {
                self.expire(now);
                let start = now - if plain { ago } else { 0 };
                self.events.push(("session.created", self.sessions.len()));
                let due_at = start + INACTIVITY;
                self.sessions.push(Session { expires_at: start + LONGEST, due_at, last_active_at: start, status: "active" });
                Ok(1)
            }
            What::Touch(index) => {
                self.expire(now);
                match self.sessions.get_mut(index).filter(|one| one.status == "active") {
                    Some(one) => {
                        if one.last_active_at < now {
                            one.last_active_at = now;
                            one.due_at = one.expires_at.min(now + INACTIVITY);
                        }
                        Ok(1)
                    }
                    None if plain => Err(Refused),
                    None => Ok(0),
                }
            }
            What::Revoke(index) => {
                self.expire(now);
                match self.revoke(index) {
                    true => Ok(1),
                    false if plain => Err(Refused),
                    false => Ok(0),
                }
            }
            What::Suspend => {
                self.expire(now);
                for index in 0..self.sessions.len() {
                    self.revoke(index);
                }
                Ok(1)
            }
            What::Sweep => Ok(self.time_out(now) + self.expire(now)),
            What::Clock(_) => Ok(1),
        }
    }
}

/// The file as two connections see it.
struct World {
    connections: [Connection; 2],
    clocks: [i64; 2],
    sign_ins: Vec<String>,
    sessions: Vec<String>,
    _folder: tempfile::TempDir,
}

impl World {
    fn new() -> World {
        let folder = tempfile::tempdir().unwrap();
        let connections = [0, 1].map(|_| {
            let connection = Connection::open(folder.path().join("app.db")).unwrap();
            connection.pragma_update(None, "synchronous", "off").unwrap();
            authz::register(&connection).unwrap();
            connection
        });
        authz::migrate(&connections[0]).unwrap();
        connections[0]
            .execute_batch(&format!(
                "INSERT INTO authz_organizations (id) VALUES ('acme');
                 INSERT INTO authz_users (id, email) VALUES ('ana', 'ana@acme.com');
                 INSERT INTO authz_memberships (user, organization) VALUES ('ana', 'acme');
                 INSERT INTO authz_connections (id, organization, type) VALUES ('okta', 'acme', 'OktaSAML'), ('oidc', 'acme', 'GenericOIDC');
                 SELECT authz_set_setting('session_max_seconds', {LONGEST}), authz_set_setting('session_inactivity_seconds', {INACTIVITY});"
            ))
            .unwrap();
        World { connections, clocks: [0; 2], sign_ins: Vec::new(), sessions: Vec::new(), _folder: folder }
    }

    /// Makes a step; the number is what a function answers with.
    fn make(&mut self, step: &Step) -> Result<i64, authz::rusqlite::Error> {
        let connection = &self.connections[step.by];
        let none = "none".to_owned();
        let sign_in = |index: usize| self.sign_ins.get(index).unwrap_or(&none);
        let session = |index: usize| self.sessions.get(index).unwrap_or(&none);
        let ask = |sql: &str, id: &str| connection.query_row(sql, [id], |row| row.get::<_, i64>(0));
        // Each changes the address besides, so that none is a write that changes nothing. A view counts no changes, so it is looked
        // beforehand whether there is such a row.
        let write = |sql: &str, id: &str| {
            let there = "SELECT count(*) FROM (SELECT id FROM authz_sso_sessions UNION ALL SELECT id FROM authz_sessions) WHERE id = ?1";
            if number(connection, there, [id]) == 0 {
                return Err(authz::rusqlite::Error::QueryReturnedNoRows);
            }
            connection.execute(sql, [id]).map(|_| 1)
        };
        match (step.what, step.plain) {
            (What::Start(through, ago), plain) => {
                let (provider, origin) = [("okta", "sp"), ("oidc", "sp"), ("okta", "test")][usize::from(through)];
                let id = format!("sso_{}", self.sign_ins.len());
                let id = if plain {
                    let sql = "INSERT INTO authz_sso_sessions (id, connection, origin, started_at) VALUES (?1, ?2, ?3, strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || ?4 || ' seconds'))";
                    connection.execute(sql, (&id, provider, origin, ago))?;
                    id
                } else {
                    connection.query_row("SELECT authz_sso_start(?1, json_object('origin', ?2))", [provider, origin], |row| row.get(0))?
                };
                if !step.undone {
                    self.sign_ins.push(id);
                }
                Ok(1)
            }
            (What::Succeed(index), true) => write(
                "UPDATE authz_sso_sessions SET status = CASE origin WHEN 'test' THEN 'test_successful' ELSE 'success' END, email = 'ana@acme.com', ip_address = ifnull(ip_address, '') || '1' WHERE id = ?1",
                sign_in(index),
            ),
            (What::Succeed(index), false) => {
                ask("SELECT authz_sso_succeed(?1, '{\"idp_id\": \"1\", \"email\": \"ana@acme.com\"}') IS NOT NULL", sign_in(index))
            }
            (What::Fail(index), true) => write(
                "UPDATE authz_sso_sessions SET status = CASE origin WHEN 'test' THEN 'test_failed' ELSE 'failed' END, error_code = 'x', ip_address = ifnull(ip_address, '') || '1' WHERE id = ?1",
                sign_in(index),
            ),
            (What::Fail(index), false) => ask("SELECT authz_sso_fail(?1, 'access_denied', NULL) IS NOT NULL", sign_in(index)),
            (What::SessionStart(ago), plain) => {
                let id = format!("session_{}", self.sessions.len());
                let id = if plain {
                    let sql = "INSERT INTO authz_sessions (id, user, organization, created_at) VALUES (?1, 'ana', 'acme', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || ?2 || ' seconds'))";
                    connection.execute(sql, (&id, ago))?;
                    id
                } else {
                    connection.query_row("SELECT authz_session_start('ana', 'acme', 'sso')", [], |row| row.get(0))?
                };
                if !step.undone {
                    self.sessions.push(id);
                }
                Ok(1)
            }
            (What::Touch(index), true) => write(
                "UPDATE authz_sessions SET last_active_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), ip_address = ifnull(ip_address, '') || '1' WHERE id = ?1",
                session(index),
            ),
            (What::Touch(index), false) => ask("SELECT authz_session_touch(?1)", session(index)),
            (What::Revoke(index), true) => write(
                "UPDATE authz_sessions SET status = 'revoked', ip_address = ifnull(ip_address, '') || '1' WHERE id = ?1",
                session(index),
            ),
            (What::Revoke(index), false) => ask("SELECT authz_session_revoke(?1)", session(index)),
            (What::Suspend, _) => {
                connection
                    .execute_batch("UPDATE authz_memberships SET status = 'inactive'; UPDATE authz_memberships SET status = 'active'")?;
                Ok(1)
            }
            (What::Sweep, _) => connection.query_row("SELECT authz_sweep()", [], |row| row.get(0)),
            (What::Clock(seconds), _) => {
                match seconds {
                    0 => text(connection, "SELECT authz_set_now(NULL)", []),
                    _ => crate::later(connection, seconds),
                };
                self.clocks[step.by] = seconds;
                Ok(1)
            }
        }
    }

    /// The events of sessions: each name with the number of its session. Those that one statement wrote have no order of their own.
    fn events(&self) -> Vec<(String, usize)> {
        let sql = "SELECT event, ifnull(data -> 'sso' ->> 'session_id', data ->> 'id') FROM authz_events
            WHERE event GLOB 'authentication.*' OR event GLOB 'session.*' ORDER BY seq";
        let place = |name: &str, id: &str| {
            let ids = if name.starts_with("session.") { &self.sessions } else { &self.sign_ins };
            ids.iter().position(|one| one == id).unwrap()
        };
        let mut statement = self.connections[0].prepare_cached(sql).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))).unwrap();
        rows.map(|row| row.map(|(name, id)| (name.clone(), place(&name, &id))).unwrap()).collect()
    }
}

/// Neighbours of one name in the order of their numbers.
fn settled(mut events: Vec<(String, usize)>) -> Vec<(String, usize)> {
    events.chunk_by_mut(|one, other| one.0 == other.0).for_each(|run| run.sort());
    events
}

proptest! {
    #![proptest_config(ProptestConfig { cases: crate::needs::cases(32), ..ProptestConfig::default() })]

    #[test]
    fn sessions_do_what_the_state_machine_does(steps in steps()) {
        let (mut world, mut model) = (World::new(), Model::default());
        for step in &steps {
            let before = model.clone();
            // Plain SQL and triggers go by the clock of the database.
            let is_plain = step.plain && !matches!(step.what, What::Sweep) || matches!(step.what, What::Suspend);
            let now = if is_plain { 0 } else { world.clocks[step.by] };
            let undone = step.undone && !matches!(step.what, What::Clock(_));
            if undone {
                world.connections[step.by].execute_batch("BEGIN").unwrap();
            }
            let (found, expected) = (world.make(&Step { undone, ..*step }), model.make(step.what, is_plain, now));
            if undone {
                world.connections[step.by].execute_batch("ROLLBACK").unwrap();
            }
            match (&found, &expected) {
                (Ok(found), Ok(expected)) => prop_assert_eq!(found, expected, "{:?}", step),
                (Err(_), Err(Refused)) => {}
                _ => prop_assert!(false, "{step:?}: {found:?}, expected {}", expected.map_or("a refusal".to_owned(), |number| number.to_string())),
            }
            // An error undoes what a statement did; a function records what is due all the same, unless it knows no such session.
            let is_known = match step.what {
                What::Succeed(index) | What::Fail(index) => index < before.sign_ins.len(),
                _ => true,
            };
            if undone || found.is_err() && (is_plain || !is_known) {
                model = before;
            }
            let events: Vec<(String, usize)> = model.events.iter().map(|(name, index)| ((*name).to_owned(), *index)).collect();
            prop_assert_eq!(settled(world.events()), settled(events), "{:?}", step);
            for (connection, clock) in world.connections.iter().zip(world.clocks) {
                for (id, one) in world.sign_ins.iter().zip(&model.sign_ins) {
                    let at = |now: i64| if one.status == "in_progress" && !one.is_test && one.expires_at <= now { "timed_out" } else { one.status };
                    prop_assert_eq!(text(connection, "SELECT authz_sso_session(?1) ->> 'status'", [id]), at(clock), "{:?} {}", step, id);
                    prop_assert_eq!(text(connection, "SELECT status FROM authz_sso_sessions WHERE id = ?1", [id]), at(0), "{:?} {}", step, id);
                }
                for (id, one) in world.sessions.iter().zip(&model.sessions) {
                    let is_live = |now: i64| one.status == "active" && one.due_at > now;
                    let status = if one.status == "active" && !is_live(0) { "expired" } else { one.status };
                    let subject = option(connection, "SELECT authz_session_subject(?1, 'acme')", [id]);
                    prop_assert_eq!(subject.is_some(), is_live(clock), "{:?} {}", step, id);
                    // A statement that reads keeps what it has read.
                    let reading = option(connection, "SELECT authz_session_subject(?1, 'acme') FROM authz_organizations", [id]);
                    prop_assert_eq!(reading, subject, "{:?} {}", step, id);
                    prop_assert_eq!(text(connection, "SELECT status FROM authz_sessions WHERE id = ?1", [id]), status, "{:?} {}", step, id);
                }
            }
        }
    }
}
