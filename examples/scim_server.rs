//! A SCIM endpoint for any number of customers, over HTTP: `cargo run --example scim_server -- app.db`.
//!
//! Each directory has a bearer token of its own, which is all that says whose directory a request is about. The URL is the same for all.
//! Were the directory a part of the URL, a customer's administrator, who holds a token that is good, could write the name of another
//! customer's directory into it, and every check of the token alone would let that pass.
//!
//! Tokens are kept as digests, so that who reads the file cannot use them. A request without a token that is known gets 401 and has
//! reached nothing.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use authz::rusqlite::{Connection, OptionalExtension};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// One writer at a time is all that SQLite has, so one connection serves.
type Database = Arc<Mutex<Connection>>;

/// What is kept of a token. A token is long and random, so one round of a plain digest is enough.
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
    let answer: String =
        connection
            .query_row("SELECT authz_scim(?1, ?2, ?3, nullif(?4, ''))", (directory, method.as_str(), path, body), |row| row.get(0))?;
    let answer: serde_json::Value = serde_json::from_str(&answer)?;
    let status = answer.get("status").and_then(serde_json::Value::as_u64).and_then(|status| u16::try_from(status).ok()).unwrap_or(500);
    let body = answer.get("body").map(ToString::to_string).unwrap_or_default();
    Ok((StatusCode::from_u16(status)?, [(header::CONTENT_TYPE, "application/scim+json")], body).into_response())
}

async fn serve(State(database): State<Database>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let answered = tokio::task::spawn_blocking(move || answer(&database, &method, &uri, &headers, &body)).await;
    match answered {
        Ok(Ok(response)) => response,
        // What went wrong here is nobody's business outside.
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
         SELECT authz_put_resource('organization', 'acme', NULL, NULL, 'Acme'), authz_put_directory('directory_acme', 'acme', 'Acme staff')",
    )?;
    // Shown once, when it is made; whoever has lost it gets another.
    let token: String = connection.query_row("SELECT lower(hex(randomblob(32)))", [], |row| row.get(0))?;
    connection.execute("INSERT INTO scim_tokens (digest, directory) VALUES (?1, 'directory_acme')", (digest(&token),))?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("curl -H 'Authorization: Bearer {token}' http://{}/scim/v2/Users", listener.local_addr()?);
    let application = Router::new().fallback(serve).with_state(Arc::new(Mutex::new(connection)));
    axum::serve(listener, application).await?;
    Ok(())
}
