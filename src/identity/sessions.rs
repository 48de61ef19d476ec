//! `authz_session_start`, `authz_session_touch`, `authz_session_revoke`, `authz_session_subject`: the sessions of the application.
//!
//! A session ends at the latest after the setting `session_max_seconds`, and earlier when it was not used for
//! `session_inactivity_seconds`. It ends by itself: what is over by the clock counts for nothing, and is recorded, with its event, by the
//! next call that writes.

use std::rc::Rc;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::json;

use super::session_cache::Open;
use super::sign_in::masking::masked_text;
use super::state::Identity;
use crate::base::identifier::IdRef;
use crate::base::json::{Json, object, refused, required, text, unknown_field, words};
use crate::base::refusal::shown;
use crate::base::time;
use crate::facts::catalog::find_resource;
use crate::sqlite::connection::Engine;
use crate::sqlite::error::{Error, Result};
use crate::sqlite::scalar::{Arguments, Effect, define};
use crate::sqlite::transaction::Transaction;
use crate::sqlite::value::GivenId;

/// Registers the functions of this module.
pub(crate) fn register(connection: &Connection, identity: &Rc<Identity>) -> rusqlite::Result<()> {
    define(connection, identity, "authz_session_start", 3..=4, Effect::Writes, start)?;
    define(connection, identity, "authz_session_touch", 1..=1, Effect::Writes, touch)?;
    define(connection, identity, "authz_session_revoke", 1..=1, Effect::Writes, revoke)?;
    define(connection, identity, "authz_session_subject", 1..=2, Effect::Reads, subject)
}

/// Records what is over by the time `now`, and says how many sessions that were.
pub(crate) fn expire(engine: &Engine, now: &str) -> Result<usize> {
    engine.with(include_str!("../../sql/identity/sessions/expire.sql"), |statement| Ok(statement.execute([now])?))
}

/// What a call tells about a new session.
#[derive(Default)]
struct Details {
    ip_address: Option<String>,
    user_agent: Option<String>,
    impersonator: Option<String>,
}

impl Details {
    fn read(json: &str) -> Result<Details> {
        let mut details = Details::default();
        for (field, value) in object("session", Json::parse("the session", json)?)? {
            let place = format!("session.{}", shown(&field));
            match field.as_str() {
                "ip_address" => details.ip_address = words(&place, value, usize::MAX)?,
                "user_agent" => details.user_agent = words(&place, value, usize::MAX)?.as_deref().map(masked_text),
                "impersonator" => details.impersonator = impersonator(&place, value)?,
                _ => return unknown_field("session", &field, &["ip_address", "user_agent", "impersonator"]),
            }
        }
        Ok(details)
    }
}

/// Who acts in the user's place, as it is stored.
fn impersonator(place: &str, value: Json) -> Result<Option<String>> {
    if matches!(value, Json::Null) {
        return Ok(None);
    }
    let (mut email, mut reason) = (None, None);
    for (field, value) in object(place, value)? {
        match field.as_str() {
            "email" => email = Some(text(&format!("{place}.email"), value)?),
            "reason" => reason = words(&format!("{place}.reason"), value, usize::MAX)?.as_deref().map(masked_text),
            _ => return unknown_field(place, &field, &["email", "reason"]),
        }
    }
    let email = required(place, "email", email)?;
    match crate::identity::email::is_email(&email) {
        true => Ok(Some(json!({"email": email, "reason": reason}).to_string())),
        false => refused(place, "an impersonator needs an e-mail address such as `ana@acme.com`"),
    }
}

/// `authz_session_start(user, organization, auth_method [, json])` → the id of the session, which nobody can guess.
///
/// `organization` is NULL for an application without organizations. `auth_method` is one of WorkOS's, such as `sso`, `password` or
/// `passkey`; any other is kept, and is `unknown` in events. The JSON object may have `ip_address`, `user_agent` and `impersonator`, an
/// object of `email` and `reason`.
///
/// Refuses an unknown user, and one without an active membership in the organization.
fn start(identity: &Identity, call: &Arguments<'_>) -> Result<String> {
    let engine = &identity.engine;
    let user = call.required_text(0, "user")?;
    let given = call.id(1, "organization")?;
    let method = call.text(2, "auth_method")?.unwrap_or("unknown");
    let details = call.text(3, "session")?.map(Details::read).transpose()?.unwrap_or_default();
    engine.atomically(|| {
        let now = identity.clock.text();
        expire(engine, &now)?;
        if !engine.with(include_str!("../../sql/identity/sessions/user_exists.sql"), |statement| Ok(statement.exists([user])?))? {
            return Err(Error::refused(format!(
                "user_unknown: there is no user `{}` in authz_users; give the id as it stands there",
                shown(&user.escape_debug().to_string())
            )));
        }
        let organization = given.as_ref().map(|given| member_of(engine, user, given)).transpose()?.unwrap_or(Value::Null);
        engine.with(include_str!("../../sql/identity/sessions/start.sql"), |statement| {
            let Details { ip_address, user_agent, impersonator } = &details;
            Ok(statement.query_row(params![user, organization, method, ip_address, user_agent, impersonator, now], |row| row.get(0))?)
        })
    })
}

/// The id of an organization, as it is stored, in which the user has an active membership.
fn member_of(engine: &Engine, user: &str, given: &GivenId<'_>) -> Result<Value> {
    let Some(organization) = find_resource(engine, "organization", given)? else {
        return Err(Error::refused(format!(
            "organization_unknown: unknown organization `{}`; put it first with authz_put_resource",
            shown(&given.text())
        )));
    };
    let status = engine.with(include_str!("../../sql/identity/sessions/membership.sql"), |statement| {
        Ok(statement.query_row(params![user, organization.id], |row| row.get::<_, String>(0)).optional()?)
    })?;
    match status.as_deref() {
        Some("active") => Ok(organization.id),
        status => Err(Error::refused(format!(
            "membership_inactive: the user `{}` has {} in the organization `{}`; a session needs an active one",
            shown(user),
            status.map_or_else(|| "no membership".to_owned(), |status| format!("a membership that is {status}")),
            shown(&given.text())
        ))),
    }
}

/// When a session that was not recorded as ended is over, and when it was used last.
struct Times {
    due_at: String,
    last_active_at: String,
}

/// The session of that id, where it lives, after what is over was recorded.
fn open(engine: &Engine, id: &str, now: &str) -> Result<Option<Times>> {
    expire(engine, now)?;
    engine.with(include_str!("../../sql/identity/sessions/live.sql"), |statement| {
        Ok(statement.query_row([id], |row| Ok(Times { due_at: row.get(0)?, last_active_at: row.get(1)? })).optional()?)
    })
}

/// `authz_session_touch(id)` → 1 while the session lives, else 0, also for an id that is none.
///
/// Notes that the session is in use, which puts off its end by inactivity.
fn touch(identity: &Identity, call: &Arguments<'_>) -> Result<i64> {
    let engine = &identity.engine;
    let Some(id) = call.text(0, "session")? else { return Ok(0) };
    engine.atomically(|| {
        let now = identity.clock.text();
        let Some(open) = open(engine, id, &now)? else { return Ok(0) };
        // A clock that went back takes nothing back.
        if open.last_active_at < now && now < open.due_at {
            engine.with(include_str!("../../sql/identity/sessions/touch.sql"), |statement| Ok(statement.execute([id, now.as_str()])?))?;
        }
        Ok(1)
    })
}

/// `authz_session_revoke(id)` → 1 if it ended the session, 0 where it had ended before, or there is none of that id.
fn revoke(identity: &Identity, call: &Arguments<'_>) -> Result<i64> {
    let engine = &identity.engine;
    let Some(id) = call.text(0, "session")? else { return Ok(0) };
    engine.atomically(|| {
        let now = identity.clock.text();
        if open(engine, id, &now)?.is_none() {
            return Ok(0);
        }
        let ended =
            engine.with(include_str!("../../sql/identity/sessions/revoke.sql"), |statement| Ok(statement.execute([id, now.as_str()])?))?;
        Ok(i64::from(ended > 0))
    })
}

/// `authz_session_subject(id [, organization])` → the subject of a live session, such as `user:ana`; NULL for one that has ended, for an id
/// that is none, and, where an organization is given, for a session in another or in none. So
/// `authz_check(authz_session_subject(?1, ?2), …)` is a no for whoever is not signed in to the organization that is asked about.
///
/// Without the organization it serves applications that have but one: it does not say where the session belongs.
fn subject(identity: &Identity, call: &Arguments<'_>) -> Result<Option<String>> {
    let Some(id) = call.text(0, "session")? else { return Ok(None) };
    let asked = call.id(1, "organization")?;
    if call.count() > 1 && asked.is_none() {
        return Ok(None);
    }
    subject_of(identity, id, asked.as_ref().map(GivenId::id))
}

/// The subject of a live session; `None` for one that has ended, and, where an organization is given, for a session in another or in none.
pub(crate) fn subject_of(identity: &Identity, id: &str, organization: Option<IdRef<'_>>) -> Result<Option<String>> {
    let engine = &identity.engine;
    // What is not committed is not kept, and nothing kept is an answer to it.
    let committed = match engine.transaction() {
        Transaction::Read => engine.committed(),
        Transaction::Write | Transaction::None => None,
    };
    if let Some(committed) = committed
        && let Some(session) = identity.sessions.borrow_mut().find(id, committed, identity.most_kept())
    {
        return Ok(session.subject_at(identity.clock.now(), organization));
    }
    engine.with(include_str!("../../sql/identity/sessions/subject.sql"), |statement| {
        let mut rows = statement.query([id])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let session = Open {
            user: row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?,
            // What is no text, and can only have been forced in, has expired.
            due_at: time::expiry(Some(row.get_ref(1)?.as_str().unwrap_or_default())),
            organization: IdRef::stored(row.get_ref(2)?),
        };
        if let Some(committed) = committed.filter(|_| engine.reads_committed()) {
            identity.sessions.borrow_mut().keep(id, committed, &session, identity.most_kept());
        }
        Ok(session.subject_at(identity.clock.now(), organization))
    })
}
