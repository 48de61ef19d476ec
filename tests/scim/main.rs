//! `authz_scim`: what a provider may say, what follows from it, and what it cannot do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod conformance;
mod hostile;
mod lists;
#[path = "../needs/mod.rs"]
mod needs;
mod operations;
mod people;
mod providers;
mod roles;
mod scale;

use authz::rusqlite::Connection;
use serde_json::{Value, json};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Two organizations, of which one owns a domain, and a directory of each.
fn world() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    connection
        .execute_batch(
            "INSERT INTO authz_organizations (id) VALUES ('acme'), ('rival');
             INSERT INTO authz_organization_domains (organization, domain, state) VALUES ('acme', 'acme.com', 'verified');
             SELECT authz_put_directory('d', 'acme', 'Acme'), authz_put_directory('r', 'rival', 'Rival')",
        )
        .unwrap();
    connection
}

/// The status and the body that a request is answered with.
fn ask(connection: &Connection, directory: &str, method: &str, path: &str, body: Option<&str>) -> (u64, Value) {
    let mut statement = connection.prepare_cached("SELECT authz_scim(?1, ?2, ?3, ?4)").unwrap();
    let answer: String = statement.query_row((directory, method, path, body), |row| row.get(0)).unwrap();
    let mut answer: Value = serde_json::from_str(&answer).unwrap();
    (answer["status"].as_u64().unwrap(), answer["body"].take())
}

/// A request to the directory `d`, and the body of the answer, whose status must be the one given.
#[track_caller]
fn scim(connection: &Connection, method: &str, path: &str, body: Value, status: u64) -> Value {
    let text = (!body.is_null()).then(|| body.to_string());
    let (found, answer) = ask(connection, "d", method, path, text.as_deref());
    assert_eq!(found, status, "{method} {path} {body}: {answer:#}");
    answer
}

/// A new user of the directory `d`, and its id.
#[track_caller]
fn user(connection: &Connection, username: &str) -> String {
    scim(connection, "POST", "/Users", json!({"schemas": [USER], "userName": username}), 201)["id"].as_str().unwrap().to_owned()
}

/// A new group of the directory `d` with these members, and its id.
#[track_caller]
fn group(connection: &Connection, name: &str, members: &[&str]) -> String {
    let members: Vec<Value> = members.iter().map(|id| json!({"value": id})).collect();
    let body = json!({"schemas": [GROUP], "displayName": name, "members": members});
    scim(connection, "POST", "/Groups", body, 201)["id"].as_str().unwrap().to_owned()
}

/// The body of a PATCH.
fn operations(operations: Value) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations})
}

/// The first column of the first row as text; none where there is no row, or NULL.
#[track_caller]
fn text(connection: &Connection, sql: &str) -> Option<String> {
    let mut statement = connection.prepare(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    let mut rows = statement.query([]).unwrap();
    rows.next().unwrap().and_then(|row| row.get::<_, Option<String>>(0).unwrap())
}

#[track_caller]
fn number(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// The user behind a directory user.
fn person(connection: &Connection, id: &str) -> Option<String> {
    text(connection, &format!("SELECT user FROM authz_directory_users WHERE id = '{id}'"))
}

/// The status of the membership behind a directory user.
fn status(connection: &Connection, id: &str) -> Option<String> {
    text(
        connection,
        &format!(
            "SELECT m.status FROM authz_directory_users u JOIN authz_memberships m ON m.user = u.user AND m.organization = u.organization
             WHERE u.id = '{id}'"
        ),
    )
}

/// The names of the events since a number.
fn events(connection: &Connection, after: i64) -> Vec<String> {
    let mut statement = connection.prepare("SELECT event FROM authz_events WHERE seq > ?1 ORDER BY seq").unwrap();
    statement.query_map([after], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

fn last_event(connection: &Connection) -> i64 {
    number(connection, "SELECT ifnull(max(seq), 0) FROM authz_events")
}
