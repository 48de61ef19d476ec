//! `authz_check`, `authz_require`, `authz_explain`: may this subject do that here, and why.

use std::rc::Rc;
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::Value;
use serde_json::{Map, Value as Json, json};

use crate::decision::{Ancestors, Node, RoleSet, Who, held_at};
use crate::engine::Engine;
use crate::error::{Error, Result, shown};
use crate::function::{Arguments, Effect, define};
use crate::store::{Assignment, Reader, now};

/// Registers the functions of this module.
pub(crate) fn register(connection: &Connection, engine: &Arc<Engine>) -> rusqlite::Result<()> {
    define(connection, engine, "authz_check", 4..=4, Effect::Reads, |engine, call| Ok(i64::from(check(engine, call)?)))?;
    define(connection, engine, "authz_require", 4..=4, Effect::Reads, require)?;
    define(connection, engine, "authz_explain", 4..=4, Effect::Reads, explain)
}

/// A question with all names resolved.
struct Question {
    who: Who,
    roles: Rc<RoleSet>,
    node: Node,
}

/// Reads the four arguments; `None` where one of them is NULL.
fn question(reader: &mut Reader<'_>, call: &Arguments<'_>) -> Result<Option<Question>> {
    let subject = call.text(0, "subject")?;
    let permission = call.text(1, "permission")?;
    let type_slug = call.text(2, "resource type")?;
    let id = call.id(3, "resource id")?;
    let (Some(subject), Some(permission), Some(type_slug), Some(id)) = (subject, permission, type_slug, id) else { return Ok(None) };
    let resource_type = reader.resource_type(type_slug)?;
    let roles = reader.roles_granting(permission, resource_type)?;
    let who = reader.subject(subject)?;
    let node = reader.node(resource_type, &id.id());
    Ok(Some(Question { who, roles, node }))
}

/// `authz_check(subject, permission, resource_type, resource_id)` → 1 or 0.
///
/// A NULL argument, an unknown subject id, an unregistered resource: 0. An unknown permission or type, or a permission of another type,
/// is an error.
fn check(engine: &Engine, call: &Arguments<'_>) -> Result<bool> {
    engine.read(|reader| {
        let Some(question) = question(reader, call)? else { return Ok(false) };
        Ok(reader.is_registered(question.node)? && held_at(reader, question.who, &question.roles, question.node, now())?.is_some())
    })
}

/// `authz_require(subject, permission, resource_type, resource_id)` → 1, or an error that says who lacks what.
fn require(engine: &Engine, call: &Arguments<'_>) -> Result<i64> {
    if check(engine, call)? {
        return Ok(1);
    }
    let word = |index, what| Ok::<_, Error>(call.text(index, what)?.map_or_else(|| "NULL".to_owned(), shown));
    let id = call.id(3, "resource id")?.map_or_else(|| "NULL".to_owned(), |id| shown(&id.text()));
    Err(Error::Lacks(format!("`{}` lacks `{}` on {} `{id}`", word(0, "subject")?, word(1, "permission")?, word(2, "resource type")?)))
}

/// `authz_explain(subject, permission, resource_type, resource_id)` → JSON.
///
/// `allowed`, `subject`, `permission`, `resource`, and
/// * for a yes `because`: `groups` (from the subject's own group outwards, empty for a direct grant), `role`, `assignment`, `held_on`,
///   and `path`, the resources from there down to the one asked about;
/// * for a no `looked_at` (the groups that contain the subject; each resource from the one asked about upwards with the roles that the
///   subject holds there, expired ones marked) and `missing` (which roles would grant it, and where), or the `reason` where there was
///   nothing to look at.
fn explain(engine: &Engine, call: &Arguments<'_>) -> Result<String> {
    engine.read(|reader| {
        let mut answer = Map::new();
        answer.insert("allowed".into(), false.into());
        answer.insert("subject".into(), call.text(0, "subject")?.into());
        answer.insert("permission".into(), call.text(1, "permission")?.into());
        let Some(question) = question(reader, call)? else {
            answer.insert("reason".into(), "an argument is NULL, and nobody may do anything with NULL".into());
            return Ok(Json::Object(answer).to_string());
        };
        answer.insert("resource".into(), resource(reader, question.node)?);
        if !reader.is_registered(question.node)? {
            answer.insert("reason".into(), "the resource is not registered; put it with authz_put_resource".into());
            return Ok(Json::Object(answer).to_string());
        }
        let now = now();
        match held_at(reader, question.who, &question.roles, question.node, now)? {
            Some(holder) => {
                answer.insert("allowed".into(), true.into());
                answer.insert("because".into(), because(reader, &question, holder, now)?);
            }
            None => {
                let (looked_at, missing) = why_not(reader, &question, now)?;
                answer.insert("looked_at".into(), looked_at);
                answer.insert("missing".into(), missing);
            }
        }
        Ok(Json::Object(answer).to_string())
    })
}

/// The evidence for a yes: the assignment, how the subject comes to it, and how it reaches down.
fn because(reader: &mut Reader<'_>, question: &Question, holder: Node, now: i64) -> Result<Json> {
    let held = reader.assignments_held(question.who, holder)?;
    let Some(assignment) = held.into_iter().find(|one| question.roles.contains(one.role) && one.is_live(now)) else {
        return Ok(Json::Null);
    };
    let mut path = Vec::new();
    let mut up = Ancestors::from(question.node);
    while let Some(here) = up.next(reader)? {
        path.push(resource(reader, here)?);
        if here == holder {
            break;
        }
    }
    path.reverse();
    Ok(json!({
        "groups": reader.group_path(question.who, &assignment.subject),
        "role": role(reader, &assignment),
        "assignment": {
            "subject": assignment.subject,
            "expires_at": assignment.expires_at,
            "source": assignment.source,
        },
        "held_on": resource(reader, holder)?,
        "path": path,
    }))
}

/// The evidence for a no: what was looked at, and what would have sufficed.
fn why_not(reader: &mut Reader<'_>, question: &Question, now: i64) -> Result<(Json, Json)> {
    let mut granting = Vec::new();
    for one in reader.roles_in(&question.roles).into_iter().cloned().collect::<Vec<_>>() {
        granting.push((reader.type_of_role(&one)?, one));
    }
    let (mut resources, mut missing) = (Vec::new(), Vec::new());
    let mut up = Ancestors::from(question.node);
    while let Some(here) = up.next(reader)? {
        let mut roles = Vec::new();
        for assignment in reader.assignments_held(question.who, here)? {
            let mut held = Map::new();
            held.insert("role".into(), role(reader, &assignment));
            held.insert("subject".into(), assignment.subject.clone().into());
            if !assignment.is_live(now) {
                held.insert("expired_at".into(), assignment.expires_at.clone().into());
            }
            roles.push(Json::Object(held));
        }
        let (slug, id) = reader.slug_and_id(here)?;
        let wanted: Vec<&str> = granting.iter().filter(|(on, _)| on.as_deref() == Some(slug.as_str())).map(|(_, one)| &*one.slug).collect();
        if !wanted.is_empty() {
            missing.push(json!({"any_of_roles": wanted, "on": {"type": slug, "id": json_of(id.clone())}}));
        }
        resources.push(json!({"resource": {"type": slug, "id": json_of(id)}, "roles_held": roles}));
    }
    let groups: Vec<&str> = reader.carriers(question.who).into_iter().skip(1).collect();
    Ok((json!({"groups": groups, "resources": resources}), missing.into()))
}

fn role(reader: &Reader<'_>, assignment: &Assignment) -> Json {
    reader.role(assignment.role).map_or(Json::Null, |role| Json::from(&*role.slug))
}

fn resource(reader: &mut Reader<'_>, node: Node) -> Result<Json> {
    let (slug, id) = reader.slug_and_id(node)?;
    Ok(json!({"type": slug, "id": json_of(id)}))
}

fn json_of(value: Value) -> Json {
    match value {
        Value::Integer(number) => number.into(),
        Value::Text(text) => text.into(),
        Value::Real(number) => number.into(),
        Value::Null | Value::Blob(_) => Json::Null,
    }
}
