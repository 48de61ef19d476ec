//! `authz_relate`, `authz_unrelate`: who stands in which relation to what.

use std::rc::Rc;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params};

use super::assignments::expiry;
use crate::base::identifier::{BUILT_IN_SUBJECT_TYPES, Subject, SubjectId};
use crate::base::refusal::{nearest, shown};
use crate::facts::catalog::{check_subject_type, check_type};
use crate::facts::store::Store;
use crate::sqlite::connection::Engine;
use crate::sqlite::error::{Error, Result};
use crate::sqlite::scalar::{Arguments, Effect, define};
use crate::sqlite::value::GivenId;

/// Registers the functions of this module.
pub(crate) fn register(connection: &Connection, store: &Rc<Store>) -> rusqlite::Result<()> {
    define(connection, store, "authz_relate", 4..=5, Effect::Writes, relate)?;
    define(connection, &store.engine, "authz_unrelate", 4..=4, Effect::Writes, unrelate)
}

/// A relationship as a call names it.
struct Named<'a> {
    subject: &'a str,
    relation: &'a str,
    resource_type: &'a str,
    id: GivenId<'a>,
}

impl<'a> Named<'a> {
    fn by(call: &Arguments<'a>) -> Result<Named<'a>> {
        Ok(Named {
            subject: call.required_text(0, "subject")?,
            relation: call.required_text(1, "relation")?,
            resource_type: call.required_text(2, "resource type")?,
            id: call.required_id(3, "resource id")?,
        })
    }

    /// The row, where there is one: its id as it is stored, and its expiry.
    fn find(&self, engine: &Engine) -> Result<Option<(Value, Option<String>)>> {
        let (first, second) = self.id.id().forms();
        engine.with(include_str!("../../sql/manage/relationships/find.sql"), |statement| {
            let parameters = params![self.subject, self.relation, self.resource_type, first, second];
            Ok(statement.query_row(parameters, |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
        })
    }

    /// Refuses names that are not known, and suggests the nearest. Says how the relation is defined.
    fn check_names(&self, engine: &Engine, subject: &Subject) -> Result<String> {
        let (resource_type, relation) = (self.resource_type, self.relation);
        if !BUILT_IN_SUBJECT_TYPES.contains(&resource_type) {
            check_type(engine, resource_type)?;
        }
        let definition = engine.with(include_str!("../../sql/manage/relationships/definition.sql"), |statement| {
            Ok(statement.query_row([resource_type, relation], |row| row.get::<_, String>(0)).optional()?)
        })?;
        let Some(definition) = definition else {
            if (resource_type, relation) == ("group", "member") {
                return Err(Error::refused(
                    "the members of groups are kept apart; write them with authz_add_member and authz_remove_member",
                ));
            }
            let known = engine.strings(include_str!("../../sql/manage/relationships/relations.sql"), params![resource_type])?;
            return Err(Error::refused(format!(
                "the type `{resource_type}` has no relation `{}`{}",
                shown(relation),
                nearest(relation, known.iter().map(String::as_str))
            )));
        };
        check_subject_type(engine, &subject.subject_type)?;
        Ok(definition)
    }

    /// Refuses a subject of a kind that the relation does not take.
    fn check_restrictions(&self, engine: &Engine, subject: &Subject, definition: &str) -> Result<()> {
        let (resource_type, relation) = (self.resource_type, self.relation);
        let of = match &subject.id {
            SubjectId::One(_) => "",
            SubjectId::Every => "*",
            SubjectId::Userset(_, relation) => relation,
        };
        if engine.with(include_str!("../../sql/manage/relationships/takes.sql"), |statement| {
            Ok(statement.exists(params![resource_type, relation, subject.subject_type, of])?)
        })? {
            return Ok(());
        }
        let taken = engine.strings(include_str!("../../sql/manage/relationships/taken.sql"), params![resource_type, relation])?;
        let given = shown(self.subject);
        Err(Error::refused(match taken.is_empty() {
            true => format!(
                "the relation `{relation}` of `{resource_type}` takes no subject, so not `{given}`: it follows from its rule, `{}`; relate to what that names",
                shown(definition)
            ),
            false => {
                let taken: Vec<String> = taken.iter().map(|kind| format!("`{kind}`")).collect();
                format!("the relation `{relation}` of `{resource_type}` does not take `{given}`; it takes {}", taken.join(", "))
            }
        }))
    }
}

/// `authz_relate(subject, relation, resource_type, resource_id [, expires_at])` → 1 if something changed, else 0.
///
/// Subjects are one (`user:ana`), everyone of a type (`user:*`) or a userset (`group:eng#member`), as the relation lists them. Relating
/// again sets the new expiry, none meaning never. The resource need not be registered.
///
/// Refuses an unknown type or relation, a subject of a kind that the relation does not take, and a time that is over.
fn relate(store: &Store, call: &Arguments<'_>) -> Result<i64> {
    let engine: &Engine = &store.engine;
    let expires_at = expiry(store, call, 4, "authz_unrelate")?;
    let named = Named::by(call)?;
    let subject = Subject::parse(named.subject)?;
    engine.atomically(|| {
        let definition = named.check_names(engine, &subject)?;
        named.check_restrictions(engine, &subject, &definition)?;
        let Named { subject, relation, resource_type, ref id } = named;
        match named.find(engine)? {
            Some((_, old)) if old == expires_at => return Ok(0),
            Some((id, _)) => engine.with(include_str!("../../sql/manage/relationships/expire.sql"), |statement| {
                Ok(statement.execute(params![subject, relation, resource_type, id, expires_at])?)
            })?,
            None => engine.with(include_str!("../../sql/manage/relationships/insert.sql"), |statement| {
                Ok(statement.execute(params![subject, relation, resource_type, id.value_as_stored(), expires_at])?)
            })?,
        };
        Ok(1)
    })
}

/// `authz_unrelate(subject, relation, resource_type, resource_id)` → 1 if something changed, else 0.
///
/// Also takes back a relationship that the model no longer allows. Where there is none, an unknown type or relation is an error.
fn unrelate(engine: &Engine, call: &Arguments<'_>) -> Result<i64> {
    let named = Named::by(call)?;
    let subject = Subject::parse(named.subject)?;
    engine.atomically(|| {
        let Some((id, _)) = named.find(engine)? else {
            named.check_names(engine, &subject)?;
            return Ok(0);
        };
        engine.with(include_str!("../../sql/manage/relationships/delete.sql"), |statement| {
            Ok(statement.execute(params![named.subject, named.relation, named.resource_type, id])?)
        })?;
        Ok(1)
    })
}
