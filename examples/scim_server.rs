//! A SCIM endpoint for any number of customers, over HTTP: `cargo run --example scim_server -- app.db`.
//!
//! Each directory has a bearer token of its own, and only the token decides which directory a request is for. The URL is the same for all.
//! If the directory were a part of the URL, a customer's administrator, who has a valid token, could write the name of another customer's
//! directory into it, and a check of the token alone would not notice.
//!
//! Tokens are stored as digests, so that somebody who reads the file cannot use them. A request without a known token gets 401 and reaches
//! nothing.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use authz::rusqlite::types::Value;
use authz::rusqlite::{Connection, OptionalExtension};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// SQLite has one writer at a time, so one connection is enough.
type Database = Arc<Mutex<Connection>>;

/// The form in which a token is stored. A token is long and random, so one round of a plain digest is enough.
fn digest(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// The directory that a request may speak for.
fn directory_of(connection: &Connection, headers: &HeaderMap) -> Result<Option<String>, Failure> {
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer "));
    let Some(token) = token else { return Ok(None) };
    Ok(connection.query_row("SELECT directory FROM scim_tokens WHERE digest = ?1", [digest(token)], |row| row.get(0)).optional()?)
}

fn answer(database: &Database, method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Result<Response, Failure> {
    let connection = database.lock().map_err(|_| "another request has failed")?;
    let Some(directory) = directory_of(&connection, headers)? else {
        return Ok((StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")]).into_response());
    };
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let path = path.strip_prefix("/scim/v2").unwrap_or(path);
    let body = std::str::from_utf8(body)?;
    let body = (!body.is_empty()).then_some(body);
    let Value::Text(answer) = authz::call(&connection, "scim", &serde_json::json!([directory, method.as_str(), path, body]))? else {
        return Err("authz_scim did not answer with text".into());
    };
    let answer: serde_json::Value = serde_json::from_str(&answer)?;
    let status = answer.get("status").and_then(serde_json::Value::as_u64).and_then(|status| u16::try_from(status).ok()).unwrap_or(500);
    let body = answer.get("body").map(ToString::to_string).unwrap_or_default();
    Ok((StatusCode::from_u16(status)?, [(header::CONTENT_TYPE, "application/scim+json")], body).into_response())
}

async fn serve(State(database): State<Database>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let answered = tokio::task::spawn_blocking(move || answer(&database, &method, &uri, &headers, &body)).await;
    match answered {
        Ok(Ok(response)) => response,
        // The client must not learn what went wrong here.
        Ok(Err(error)) => {
            eprintln!("{error}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let path = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "scim.db".to_owned()));
    let connection = Connection::open(&path)?;
    authz::register(&connection)?;
    authz::migrate(&connection)?;
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS scim_tokens (digest BLOB PRIMARY KEY, directory TEXT NOT NULL);
         INSERT INTO authz_call (function, arguments) VALUES
           ('put_resource', json_array('organization', 'acme', NULL, NULL, 'Acme')),
           ('put_directory', json_array('directory_acme', 'acme', 'Acme staff'))",
    )?;
    // Shown once, when it is created; a lost token is replaced by another.
    let token: String = connection.query_row("SELECT lower(hex(randomblob(32)))", [], |row| row.get(0))?;
    connection.execute("INSERT INTO scim_tokens (digest, directory) VALUES (?1, 'directory_acme')", (digest(&token),))?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("curl -H 'Authorization: Bearer {token}' http://{}/scim/v2/Users", listener.local_addr()?);
    let application = Router::new().fallback(serve).with_state(Arc::new(Mutex::new(connection)));
    axum::serve(listener, application).await?;
    Ok(())
}
