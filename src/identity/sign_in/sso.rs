//! `authz_sso_start`, `authz_sso_succeed`, `authz_sso_fail`, `authz_sso_session`: signing in through an identity provider.
//!
//! A session begins in progress and ends once: with success, with a failure, or by the clock when it was not completed in time. The rules
//! stand in the schema, where plain SQL meets them too; what is here completes a session on behalf of the provider: it finds the user,
//! makes a member of them and masks what is secret.

use std::rc::Rc;

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::{Value as Any, json};

use crate::base::json::{Json, object, quoted, refused, unknown_field, words};
use crate::base::refusal::{nearest, shown};
use crate::identity::sign_in::masking::{masked, masked_text};
use crate::identity::sign_in::profile::{Connected, Profile, connection, sign_in, stored};
use crate::identity::state::Identity;
use crate::sqlite::connection::Engine;
use crate::sqlite::error::{Error, Result};
use crate::sqlite::scalar::{Arguments, Effect, define};

/// Registers the functions of this module.
pub(crate) fn register(connection: &Connection, identity: &Rc<Identity>) -> rusqlite::Result<()> {
    define(connection, identity, "authz_sso_start", 1..=2, Effect::Writes, start)?;
    define(connection, identity, "authz_sso_succeed", 2..=3, Effect::Writes, succeed)?;
    define(connection, identity, "authz_sso_fail", 3..=4, Effect::Writes, fail)?;
    define(connection, identity, "authz_sso_session", 1..=1, Effect::Reads, show)
}

/// Records the sign-ins that were not completed by the time `now`, and says how many that were.
pub(crate) fn time_out(engine: &Engine, now: &str) -> Result<usize> {
    engine.with(include_str!("../../../sql/identity/sign_in/sso/time_out.sql"), |statement| Ok(statement.execute([now])?))
}

/// A row of `authz_sso_sessions`.
struct Session {
    id: String,
    organization: Value,
    connection: String,
    origin: String,
    status: String,
    ip_address: Option<String>,
    user_agent: Option<String>,
    user: Option<String>,
    email: Option<String>,
    started_at: String,
    expires_at: Option<String>,
    ended_at: Option<String>,
    error_code: Option<String>,
    error_message: Option<String>,
    request: Option<String>,
    response: Option<String>,
}

/// How the error of a session that timed out is stored nowhere and always told.
const TIMED_OUT: (&str, &str) = ("sso_timed_out", "the sign-in was not completed in time");

/// The session as it stands at the time `now`.
fn find(engine: &Engine, id: &str, now: &str) -> Result<Option<Session>> {
    let found = engine.with(include_str!("../../../sql/identity/sign_in/sso/find.sql"), |statement| {
        let row = statement.query_row([id], |row| {
            Ok(Session {
                id: row.get(0)?,
                organization: row.get(1)?,
                connection: row.get(2)?,
                origin: row.get(3)?,
                status: row.get(4)?,
                ip_address: row.get(5)?,
                user_agent: row.get(6)?,
                user: row.get(7)?,
                email: row.get(8)?,
                started_at: row.get(9)?,
                expires_at: row.get(10)?,
                ended_at: row.get(11)?,
                error_code: row.get(12)?,
                error_message: row.get(13)?,
                request: row.get(14)?,
                response: row.get(15)?,
            })
        });
        Ok(row.optional()?)
    })?;
    Ok(found.map(|mut session| {
        if session.status == "in_progress" && session.expires_at.as_deref().is_some_and(|expires_at| expires_at <= now) {
            session.status = "timed_out".to_owned();
            session.ended_at.clone_from(&session.expires_at);
        }
        if session.status == "timed_out" {
            session.error_code = Some(TIMED_OUT.0.to_owned());
            session.error_message = Some(TIMED_OUT.1.to_owned());
        }
        session
    }))
}

impl Session {
    fn json(&self) -> String {
        // What is stored was JSON when it was written; what somebody forced in is shown as text.
        let inner = |text: &Option<String>| match text {
            Some(text) => serde_json::from_str::<Any>(text).unwrap_or_else(|_| Any::String(text.clone())),
            None => Any::Null,
        };
        json!({
            "id": self.id,
            "organization": match &self.organization {
                Value::Integer(number) => json!(number),
                Value::Text(text) => json!(text),
                _ => Any::Null,
            },
            "connection": self.connection,
            "origin": self.origin,
            "status": self.status,
            "ip_address": self.ip_address,
            "user_agent": self.user_agent,
            "user": self.user,
            "email": self.email,
            "started_at": self.started_at,
            "expires_at": self.expires_at,
            "ended_at": self.ended_at,
            "error_code": self.error_code,
            "error_message": self.error_message,
            "request": inner(&self.request),
            "response": inner(&self.response),
        })
        .to_string()
    }
}

/// What a call tells about a new session.
#[derive(Default)]
struct Details {
    origin: Option<String>,
    email: Option<String>,
    ip_address: Option<String>,
    user_agent: Option<String>,
    request: Option<String>,
}

const ORIGINS: [&str; 3] = ["sp", "idp", "test"];

impl Details {
    fn read(json: &str) -> Result<Details> {
        let mut details = Details::default();
        for (field, value) in object("session", Json::parse("the session", json)?)? {
            let place = format!("session.{}", shown(&field));
            match field.as_str() {
                "origin" => {
                    let origin = words(&place, value, usize::MAX)?;
                    if let Some(given) = origin.as_deref().filter(|given| !ORIGINS.contains(given)) {
                        let near = nearest(given, ORIGINS);
                        let next = if near.is_empty() { "; it is `sp`, `idp` or `test`".to_owned() } else { near };
                        return refused(&place, format!("unknown origin {}{next}", quoted(given)));
                    }
                    details.origin = origin;
                }
                "email" => details.email = words(&place, value, 320)?,
                "ip_address" => details.ip_address = words(&place, value, usize::MAX)?,
                "user_agent" => details.user_agent = words(&place, value, usize::MAX)?.as_deref().map(masked_text),
                "request" => {
                    let whole: Any = serde_json::from_str(json).unwrap_or_default();
                    let request = whole.get("request").filter(|request| !request.is_null());
                    details.request = request.map(|request| masked(request.clone()).to_string());
                }
                _ => return unknown_field("session", &field, &["origin", "email", "ip_address", "user_agent", "request"]),
            }
        }
        Ok(details)
    }
}

/// `authz_sso_start(connection [, json])` → the id of the session, in progress.
///
/// The JSON object may have `origin` (`sp` unless said, `idp` for SAML connections, `test`), `email`, `ip_address`, `user_agent` and
/// `request`, any JSON; secrets in it and in the user agent are masked before they are stored.
///
/// Refuses an unknown connection (`connection_invalid`), and one that is inactive (`connection_unlinked`) unless it is tried.
fn start(identity: &Identity, call: &Arguments<'_>) -> Result<String> {
    let engine = &identity.engine;
    let id = call.required_text(0, "connection")?;
    let details = call.text(1, "session")?.map(Details::read).transpose()?.unwrap_or_default();
    let origin = details.origin.as_deref().unwrap_or("sp");
    engine.atomically(|| {
        let now = identity.clock.text();
        time_out(engine, &now)?;
        let given = || shown(&id.escape_debug().to_string());
        let Some(connection) = connection(engine, id)? else {
            let known = engine.strings(include_str!("../../../sql/identity/sign_in/sso/connections.sql"), &[])?;
            let near = nearest(id, known.iter().map(String::as_str));
            return Err(Error::refused(format!("connection_invalid: there is no connection `{}` in authz_connections{near}", given())));
        };
        if origin == "idp" && !connection.connection_type.ends_with("SAML") {
            return Err(Error::refused(format!(
                "the connection `{}` is of the type `{}`; only through a SAML connection can a sign-in begin at the identity provider",
                given(),
                connection.connection_type
            )));
        }
        if !connection.is_active && origin != "test" {
            return Err(Error::refused(format!(
                "connection_unlinked: the connection `{}` is inactive; set its state to active, or start a session of origin `test`",
                given()
            )));
        }
        engine.with(include_str!("../../../sql/identity/sign_in/sso/start.sql"), |statement| {
            let Connected { organization, timeout_seconds, .. } = &connection;
            let Details { email, ip_address, user_agent, request, .. } = &details;
            let parameters = params![id, organization, origin, email, now, timeout_seconds, ip_address, user_agent, request];
            Ok(statement.query_row(parameters, |row| row.get(0))?)
        })
    })
}

/// Ends a session that is in progress, and answers with it. What is not in progress is refused, and what timed out is recorded as that.
fn complete(identity: &Identity, id: &str, work: impl FnOnce(&Session, &str) -> Result<()>) -> Result<String> {
    let engine = &identity.engine;
    let completed = engine.atomically(|| {
        let now = identity.clock.text();
        time_out(engine, &now)?;
        let given = shown(&id.escape_debug().to_string());
        let Some(session) = find(engine, id, &now)? else {
            return Err(Error::refused(format!("sso_session_unknown: there is no session `{given}` in authz_sso_sessions")));
        };
        let ended_at = session.ended_at.as_deref().unwrap_or_default();
        // A refusal that keeps what was recorded: an error in here would undo it.
        match session.status.as_str() {
            "in_progress" => {}
            "timed_out" => {
                return Ok(Err(format!(
                    "sso_session_timed_out: the session `{given}` was not completed in time, which ended at `{ended_at}`; start another"
                )));
            }
            status => {
                return Ok(Err(format!(
                    "sso_session_ended: the session `{given}` ended at `{ended_at}` as `{status}`, and never changes again; start another"
                )));
            }
        }
        work(&session, &now)?;
        Ok(Ok(find(engine, id, &now)?.map(|session| session.json()).unwrap_or_default()))
    })?;
    completed.map_err(Error::Recorded)
}

/// `authz_sso_succeed(session, profile [, response])` → the session as JSON, with the user who has signed in.
///
/// The profile is WorkOS's: `{"idp_id", "email", "first_name", "last_name", "raw_attributes": {…}, …}`, of which `email` must be
/// there. The user is the one whom this connection has meant by `idp_id` before, else found by e-mail address, else new; where the
/// connection's `jit` is 1, a user without a membership becomes a member, and a pending membership that no directory manages active. The
/// response, JSON, is stored as the session's, else the profile is; secrets are masked. A test session changes nothing but itself.
///
/// Refuses a session that has ended. One that was not completed in time is recorded as timed out.
fn succeed(identity: &Identity, call: &Arguments<'_>) -> Result<String> {
    let engine = &identity.engine;
    let id = call.required_text(0, "session")?;
    let profile = Profile::read(call.required_text(1, "profile")?)?;
    let response = call.text(2, "response")?.map(|response| stored("the response", response)).transpose()?;
    complete(identity, id, |session, now| {
        let (status, user) = match session.origin.as_str() {
            "test" => ("test_successful", None),
            _ => ("success", Some(sign_in(identity, &session.connection, &profile, now)?)),
        };
        engine.with(include_str!("../../../sql/identity/sign_in/sso/succeed.sql"), |statement| {
            let response = response.as_ref().unwrap_or(&profile.masked);
            Ok(statement.execute(params![id, status, now, user, profile.email, response])?)
        })?;
        Ok(())
    })
}

/// `authz_sso_fail(session, code, message [, response])` → the session as JSON.
///
/// What a code means stands in `authz_sso_errors`; any other is accepted as given. Where the message is NULL, the words for the code serve.
/// Secrets in the message and in the response, JSON, are masked before they are stored.
///
/// Refuses a session that has ended. One that was not completed in time is recorded as timed out.
fn fail(identity: &Identity, call: &Arguments<'_>) -> Result<String> {
    let engine = &identity.engine;
    let id = call.required_text(0, "session")?;
    let code = call.required_text(1, "error code")?;
    let message = call.text(2, "error message")?;
    let response = call.text(3, "response")?.map(|response| stored("the response", response)).transpose()?;
    complete(identity, id, |session, now| {
        let status = if session.origin == "test" { "test_failed" } else { "failed" };
        let described = match message {
            Some(message) => masked_text(message),
            None => engine
                .with(include_str!("../../../sql/identity/sign_in/sso/error.sql"), |statement| {
                    Ok(statement.query_row([code], |row| row.get::<_, String>(0)).optional()?)
                })?
                .unwrap_or_else(|| code.to_owned()),
        };
        engine.with(include_str!("../../../sql/identity/sign_in/sso/fail.sql"), |statement| {
            Ok(statement.execute(params![id, status, now, code, described, response])?)
        })?;
        Ok(())
    })
}

/// `authz_sso_session(session)` → the session as JSON, the columns of `authz_sso_sessions` as keys, as it stands at `authz_now()`; NULL where
/// there is none of that id.
fn show(identity: &Identity, call: &Arguments<'_>) -> Result<Option<String>> {
    match call.value(0) {
        ValueRef::Null => Ok(None),
        _ => Ok(find(&identity.engine, call.required_text(0, "session")?, &identity.clock.text())?.map(|session| session.json())),
    }
}
