//! Sign-ins, sessions of the application, and the clock by which they end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod application;
mod clock;
mod command;
mod hostile;
mod kept;
mod model;
#[path = "../needs/mod.rs"]
mod needs;
mod races;
mod sign_in;
mod takeover;

use authz::rusqlite::{Connection, Params};
use serde_json::Value;

/// A product with one connection, `okta` of `acme`, and a member, `ana`.
fn product() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    connection
        .execute_batch(
            "INSERT INTO authz_organizations (id) VALUES ('acme'), (7);
             INSERT INTO authz_organization_domains (organization, domain, state) VALUES ('acme', 'acme.com', 'verified');
             INSERT INTO authz_users (id, email) VALUES ('ana', 'ana@acme.com');
             INSERT INTO authz_memberships (user, organization) VALUES ('ana', 'acme');
             INSERT INTO authz_connections (id, organization, type) VALUES ('okta', 'acme', 'OktaSAML'), ('oidc', 'acme', 'GenericOIDC');",
        )
        .unwrap();
    connection
}

fn text(connection: &Connection, sql: &str, parameters: impl Params) -> String {
    option(connection, sql, parameters).unwrap_or_else(|| panic!("{sql}: NULL"))
}

fn option(connection: &Connection, sql: &str, parameters: impl Params) -> Option<String> {
    connection.query_row(sql, parameters, |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

fn number(connection: &Connection, sql: &str, parameters: impl Params) -> i64 {
    connection.query_row(sql, parameters, |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

fn refusal(connection: &Connection, sql: &str, parameters: impl Params) -> String {
    let mut statement = match connection.prepare(sql) {
        Ok(statement) => statement,
        Err(error) => return error.to_string(),
    };
    let mut rows = statement.query(parameters).unwrap();
    loop {
        match rows.next() {
            Ok(Some(_)) => {}
            Ok(None) => panic!("{sql} was not refused"),
            Err(error) => return error.to_string(),
        }
    }
}

/// Starts a sign-in.
fn started(connection: &Connection, through: &str) -> String {
    text(connection, "SELECT authz_sso_start(?1)", [through])
}

fn status(connection: &Connection, session: &str) -> String {
    text(connection, "SELECT status FROM authz_sso_sessions WHERE id = ?1", [session])
}

/// Moves the clock of the connection to so many seconds after that of the database.
fn later(connection: &Connection, seconds: i64) -> String {
    let sql = "SELECT authz_set_now(strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+' || ?1 || ' seconds'))";
    text(connection, sql, [seconds])
}

/// The names of the events after `seq`.
fn events(connection: &Connection, seq: i64) -> Vec<String> {
    let mut statement = connection.prepare("SELECT event FROM authz_events WHERE seq > ?1 ORDER BY seq").unwrap();
    statement.query_map([seq], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

fn last_seq(connection: &Connection) -> i64 {
    number(connection, "SELECT ifnull(max(seq), 0) FROM authz_events", [])
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}
