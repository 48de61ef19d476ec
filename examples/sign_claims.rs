//! Signing: the library says what an access token claims, the application signs it.
//!
//! `cargo run --example sign_claims` prints a token for a user of an organization, and what a service reads from it.
//!
//! The keys that only the signer knows, `iss`, `iat` and `exp`, are added here; a template may not set them, so none is overwritten. A
//! token says what was true when it was signed: let it expire after minutes, and ask `authz_check` where the answer must be current.

use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};

use authz::rusqlite::{Connection, params};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde_json::{Map, Value};

/// How long a token is valid, in seconds.
pub const LIFETIME: u64 = 300;

/// A signed access token for a user in an organization, and in a session where one is named.
pub fn sign(
    connection: &Connection,
    user: &str,
    organization: &str,
    session: Option<&str>,
    key: &EncodingKey,
    now: u64,
) -> Result<String, Box<dyn Error>> {
    let sql = "SELECT authz_claims(?1, ?2, ?3)";
    let claims: String = connection.query_row(sql, params![user, organization, session], |row| row.get(0))?;
    let mut claims: Map<String, Value> = serde_json::from_str(&claims)?;
    claims.insert("iss".to_owned(), "https://app.example".into());
    claims.insert("iat".to_owned(), now.into());
    claims.insert("exp".to_owned(), (now + LIFETIME).into());
    Ok(encode(&Header::new(Algorithm::HS256), &claims, key)?)
}

/// What a service reads from a token that it trusts.
pub fn read(token: &str, key: &DecodingKey) -> Result<Map<String, Value>, Box<dyn Error>> {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&["https://app.example"]);
    validation.set_required_spec_claims(&["exp", "iss", "sub"]);
    Ok(decode(token, key, &validation)?.claims)
}

fn main() -> Result<(), Box<dyn Error>> {
    let connection = Connection::open_in_memory()?;
    authz::register(&connection)?;
    authz::migrate(&connection)?;
    connection.execute_batch(
        r#"INSERT INTO authz_organizations (id, name) VALUES ('acme', 'Acme');
           INSERT INTO authz_users (id, email, first_name) VALUES ('ana', 'ana@acme.test', 'Ana');
           INSERT INTO authz_memberships (user, organization) VALUES ('ana', 'acme');
           INSERT INTO authz_call (function, arguments) VALUES
             ('set_jwt_template', json_array('{"name": "{{ user.first_name }}", "organization": "{{ organization.name }}"}'));"#,
    )?;
    let secret = b"an application keeps its key outside of the file";
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let token = sign(&connection, "ana", "acme", None, &EncodingKey::from_secret(secret), now)?;
    println!("{token}");
    println!("{}", serde_json::to_string_pretty(&read(&token, &DecodingKey::from_secret(secret))?)?);
    Ok(())
}
