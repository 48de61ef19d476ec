//! `authz_grant`, `authz_revoke`: who holds which role on which resource.

use std::rc::Rc;

use rusqlite::types::Value;
use rusqlite::{Connection, params};

use crate::base::identifier::{Subject, SubjectId};
use crate::base::refusal::{nearest, shown};
use crate::base::time;
use crate::facts::bound::{bound_row, given_by_a_row};
use crate::facts::catalog::{Resource, check_subject_type, check_type, find_resource};
use crate::facts::store::Store;
use crate::sqlite::connection::Engine;
use crate::sqlite::error::{Error, Result};
use crate::sqlite::scalar::{Arguments, Effect, define};

/// Registers the functions of this module.
pub(crate) fn register(connection: &Connection, store: &Rc<Store>) -> rusqlite::Result<()> {
    define(connection, store, "authz_grant", 4..=5, Effect::Writes, grant)?;
    define(connection, store, "authz_revoke", 4..=4, Effect::Writes, revoke)
}

/// Reads a subject that may hold roles or be a member: one subject of a known type.
pub(crate) fn single_subject(engine: &Engine, what: &str, text: &str) -> Result<()> {
    check_subject_type(engine, &one_subject(what, text)?.subject_type)
}

/// The same, of any type.
fn one_subject(what: &str, text: &str) -> Result<Subject> {
    let subject = Subject::parse(text)?;
    match subject.id {
        SubjectId::One(_) => Ok(subject),
        _ => Err(Error::refused(format!(
            "the {what} `{}` is a userset or wildcard; write one subject, such as `user:ana`, or a group such as `group:eng` for its members",
            shown(text)
        ))),
    }
}

/// When a call says that what it writes expires.
///
/// # Errors
/// It is no time, or is over already: what is to end is taken back, which tells of it.
pub(crate) fn expiry(store: &Store, call: &Arguments<'_>, index: usize, instead: &str) -> Result<Option<String>> {
    let Some(given) = call.text(index, "expires_at")? else { return Ok(None) };
    let expires_at = time::parse("expires_at", given)?;
    match time::expiry(Some(&expires_at)) > store.clock.now() {
        true => Ok(Some(expires_at)),
        false => Err(Error::refused(format!(
            "the expires_at `{}` is over already, so that nothing would be given; give a time to come, or take back what stands with {instead}",
            shown(given)
        ))),
    }
}

/// `authz_grant(subject, role, resource_type, resource_id [, expires_at])` → 1 if something changed, else 0.
///
/// Granting again sets the new expiry, none meaning never. The slug of an organization role means that of the organization in which the
/// resource lies.
///
/// A group that is not there yet is made, without members; `authz_doctor` names groups that hold roles and have none. Refuses a time that is
/// over, and an unknown role, type or resource.
fn grant(store: &Store, call: &Arguments<'_>) -> Result<i64> {
    let engine: &Engine = &store.engine;
    let expires_at = expiry(store, call, 4, "authz_revoke")?;
    let (subject, role, resource_type) =
        (call.required_text(0, "subject")?, call.required_text(1, "role")?, call.required_text(2, "resource type")?);
    let id = call.required_id(3, "resource id")?;
    one_subject("subject", subject)?;
    engine.atomically(|| {
        let row = bound_row(store, resource_type, id.id())?;
        if let Some(row) = row.as_ref().filter(|row| row.resource.is_some() && !row.is_noted) {
            return Err(Error::refused(format!(
                "nobody tells when a row of `{}` goes, so a role granted on it could pass to another; bind the table with notes, or say in a row who holds the role",
                row.table
            )));
        }
        let table = row.as_ref().map(|row| row.table.clone());
        let resource = match row.and_then(|row| row.resource) {
            Some(found) => Some(found),
            None => find_resource(engine, resource_type, &id)?,
        };
        // What the rules of the file refuse is looked into only then, so that what they accept costs no question more.
        let explain = |resource: Option<&Resource>, otherwise: Error| -> Result<i64> {
            single_subject(engine, "subject", subject)?;
            check_type(engine, resource_type)?;
            organization_of(engine, role, resource_type, resource)?;
            Err(otherwise)
        };
        let Some(resource) = resource else {
            let id = shown(&id.text());
            let missing = match table {
                Some(table) => format!("there is no {resource_type} `{id}` in `{table}`, to which the type is bound; insert the row first"),
                None => format!("the {resource_type} `{id}` is not registered; put it first with authz_put_resource"),
            };
            return explain(None, Error::refused(missing));
        };
        let old = engine.with(include_str!("../../sql/manage/assignments/find.sql"), |statement| {
            let mut rows = statement.query(params![subject, resource_type, resource.id, role])?;
            Ok(match rows.next()? {
                Some(row) => Some(row.get::<_, Option<String>>(0)?),
                None => None,
            })
        })?;
        match old {
            Some(old) if old == expires_at => return Ok(0),
            Some(_) => engine.with(include_str!("../../sql/manage/assignments/expire.sql"), |statement| {
                Ok(statement.execute(params![subject, resource_type, resource.id, role, expires_at])?)
            })?,
            None => {
                let organization = if role.starts_with("org-") { &resource.organization } else { &Value::Null };
                let inserted = engine.with(include_str!("../../sql/manage/assignments/insert.sql"), |statement| {
                    Ok(statement.execute(params![subject, resource_type, resource.id, role, organization, expires_at])?)
                });
                match inserted {
                    Err(error) if error.is_constraint() => return explain(Some(&resource), error),
                    inserted => inserted?,
                }
            }
        };
        Ok(1)
    })
}

/// `authz_revoke(subject, role, resource_type, resource_id)` → 1 if something changed, else 0.
///
/// Takes back only what was granted directly. What was never granted, or stands on a resource that is not registered, is 0; an unknown
/// role or type is an error.
fn revoke(store: &Store, call: &Arguments<'_>) -> Result<i64> {
    let engine: &Engine = &store.engine;
    let (subject, role, resource_type) =
        (call.required_text(0, "subject")?, call.required_text(1, "role")?, call.required_text(2, "resource type")?);
    let id = call.required_id(3, "resource id")?;
    engine.atomically(|| {
        single_subject(engine, "subject", subject)?;
        check_type(engine, resource_type)?;
        let resource = match bound_row(store, resource_type, id.id())?.and_then(|row| row.resource) {
            Some(found) => Some(found),
            None => find_resource(engine, resource_type, &id)?,
        };
        organization_of(engine, role, resource_type, resource.as_ref())?;
        let Some(resource) = resource else { return Ok(0) };
        let gone = engine.with(include_str!("../../sql/manage/assignments/delete.sql"), |statement| {
            Ok(statement.execute(params![subject, resource_type, resource.id, role])?)
        })?;
        if gone == 0
            && let Some(place) = given_by_a_row(store, subject, role, resource_type, id.id())?
        {
            return Err(Error::refused(format!(
                "a row of the application gives the role `{role}` to `{subject}`, in `{place}`; change it there"
            )));
        }
        Ok(i64::from(gone > 0))
    })
}

/// The organization of the role that a slug means on a resource, NULL for an environment role.
pub(crate) fn organization_of(engine: &Engine, role: &str, resource_type: &str, resource: Option<&Resource>) -> Result<Value> {
    let organization = resource.map_or(&Value::Null, |resource| &resource.organization);
    let found = engine.with(include_str!("../../sql/manage/assignments/role.sql"), |statement| {
        let mut rows = statement.query(params![role, organization])?;
        Ok(match rows.next()? {
            Some(row) => Some((row.get::<_, String>(0)?, row.get::<_, Value>(1)?)),
            None => None,
        })
    })?;
    match found {
        Some((own_type, organization)) if own_type == resource_type => Ok(organization),
        Some((own_type, _)) => Err(Error::refused(format!(
            "the role `{role}` is assigned on resources of type `{own_type}`, not on a `{}`",
            shown(resource_type)
        ))),
        None => {
            let known = engine.strings(include_str!("../../sql/manage/assignments/role_slugs.sql"), params![])?;
            if known.iter().any(|slug| slug == role) {
                return Err(Error::refused(format!("the role `{role}` belongs to another organization than the resource")));
            }
            Err(Error::refused(format!("unknown role `{}`{}", shown(role), nearest(role, known.iter().map(String::as_str)))))
        }
    }
}
