//! `authz_explain`: why this subject may do that here, or why not.

use std::rc::Rc;

use rusqlite::Connection;
use serde_json::{Map, Value as Json, json};

use super::check::{Question, allows, question};
use super::reasons::{json_of, reasons, resource};
use crate::decide::facts::Facts;
use crate::decide::goal::{Goal, Node};
use crate::decide::roles::{Ancestors, Nearest, nearest_held};
use crate::decide::rule::{RoleSet, Rule};
use crate::decide::solver::Solver;
use crate::facts::assignments::{Assignment, assignment_is_live};
use crate::facts::reader::Reader;
use crate::facts::store::Store;
use crate::sqlite::error::{Error, Result};
use crate::sqlite::scalar::{Arguments, Effect, define};

/// Registers the function of this module.
pub(crate) fn register(connection: &Connection, store: &Rc<Store>) -> rusqlite::Result<()> {
    define(connection, store, "authz_explain", 4..=4, Effect::Reads, explain)
}

/// `authz_explain(subject, permission, resource_type, resource_id)` → JSON.
///
/// `allowed`, `subject`, `permission`, `resource`, and
/// * for a yes that a role gives, `because`: `groups` (from the subject's own group outwards, empty for a direct grant), `role`,
///   `assignment`, `held_on`, and `path`, the resources from there down to the one asked about;
/// * for a no where roles could give it, `looked_at` (the groups that contain the subject; each resource from the one asked about upwards
///   with the roles that the subject holds there, expired ones marked) and `missing` (which roles could be granted there and would give
///   it: those of the environment and of the resource's own organization);
/// * where relations decide, `tree`: for each relation looked at its `relation`, `resource`, `rule`, whether it `holds`, and the branch
///   that said so: a `relationship`, or a branch further down (`computed`, `from` with `through`, `all_of`), for a no `none_of` the
///   branches or the one that is `missing_from` an intersection, or what the subject is `excluded_by`;
/// * the `reason` where there was nothing to look at, or where the subject is suspended or lacks a membership that is required.
fn explain(store: &Store, call: &Arguments<'_>) -> Result<String> {
    store.read(|reader| {
        let mut answer = Map::new();
        answer.insert("allowed".into(), false.into());
        answer.insert("subject".into(), call.text(0, "subject")?.into());
        answer.insert("permission".into(), call.text(1, "permission")?.into());
        let Some(question) = question(reader, call.values())? else {
            answer.insert("reason".into(), "an argument is NULL, and nobody may do anything with NULL".into());
            return Ok(Json::Object(answer).to_string());
        };
        answer.insert("resource".into(), resource(reader, question.goal.node)?);
        if reader.is_suspended(question.who, question.goal.node)? {
            let reason = match reader.requires_membership()? {
                true => {
                    "the subject has no active membership in the organization of the resource, and the setting `require_membership` is on"
                }
                false => "the subject's membership in the organization of the resource is not active",
            };
            answer.insert("reason".into(), reason.into());
            return Ok(Json::Object(answer).to_string());
        }
        let rule = reader.rule(question.goal.relation)?;
        let (roles, relation) = parts(&rule);
        if relation.is_none() && !reader.is_registered(question.goal.node)? {
            answer.insert("reason".into(), "the resource is not registered; put it with authz_put_resource".into());
            return Ok(Json::Object(answer).to_string());
        }
        let holder = match roles {
            Some(roles) => match nearest_held(reader, question.who, roles, question.goal.node)? {
                Nearest::Decided(at) => at,
                Nearest::Depends => held_on(reader, &question, roles)?,
            },
            None => None,
        };
        let allowed = allows(reader, question.who, question.goal)?;
        let mut solver = Solver::new(question.who);
        if solver.holds(reader, question.goal)? != allowed {
            // What was answered could not be explained.
            return Err(Error::panicked());
        }
        answer.insert("allowed".into(), allowed.into());
        match (roles, holder) {
            (Some(roles), Some(holder)) => {
                answer.insert("because".into(), because(reader, &question, roles, holder)?);
                return Ok(Json::Object(answer).to_string());
            }
            (Some(roles), None) if !allowed => {
                let (looked_at, missing) = why_not(reader, &question, roles)?;
                answer.insert("looked_at".into(), looked_at);
                answer.insert("missing".into(), missing);
            }
            _ => {}
        }
        if let Some(relation) = relation {
            let goal = match relation {
                Rule::Computed(relation) => Goal { relation: *relation, ..question.goal },
                _ => question.goal,
            };
            answer.insert("tree".into(), reasons(reader, question.who, solver, goal)?);
        }
        Ok(Json::Object(answer).to_string())
    })
}

/// The roles that a permission is granted by, and the rule besides.
fn parts(rule: &Rule) -> (Option<&RoleSet>, Option<&Rule>) {
    match rule {
        Rule::Roles(roles) => (Some(roles), None),
        Rule::Any(rules) => match &**rules {
            [Rule::Roles(roles), other] => (Some(roles), Some(other)),
            _ => (None, Some(rule)),
        },
        other => (None, Some(other)),
    }
}

/// The nearest resource on which a role that counts is held.
fn held_on(reader: &mut Reader<'_>, question: &Question, roles: &RoleSet) -> Result<Option<Node>> {
    let mut up = Ancestors::from(question.goal.node);
    while let Some(here) = up.next(reader)? {
        let held = reader.assignments_held(question.who, here)?;
        if held.iter().any(|one| roles.contains(one.role) && assignment_is_live(reader, one)) && reader.is_registered(here)? {
            return Ok(Some(here));
        }
    }
    Ok(None)
}

/// The evidence for a yes: the assignment, how the subject comes to it, and how it reaches down.
fn because(reader: &mut Reader<'_>, question: &Question, roles: &RoleSet, holder: Node) -> Result<Json> {
    let held = reader.assignments_held(question.who, holder)?;
    let Some(assignment) = held.into_iter().find(|one| roles.contains(one.role) && assignment_is_live(reader, one)) else {
        return Ok(Json::Null);
    };
    let mut path = Vec::new();
    let mut up = Ancestors::from(question.goal.node);
    while let Some(here) = up.next(reader)? {
        path.push(resource(reader, here)?);
        if here == holder {
            break;
        }
    }
    path.reverse();
    Ok(json!({
        "groups": reader.group_path(question.who, &assignment.subject)?,
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

/// The evidence for a no: what was looked at, and what would have sufficed. What other organizations call their roles is their own affair.
fn why_not(reader: &mut Reader<'_>, question: &Question, roles: &RoleSet) -> Result<(Json, Json)> {
    let organization = reader.organization_id_of(question.goal.node)?;
    let mut granting = Vec::new();
    for one in reader.roles_in(roles).into_iter().cloned().collect::<Vec<_>>() {
        if one.organization.is_none() || one.organization == organization {
            granting.push((reader.type_of_role(&one)?, one));
        }
    }
    let (mut resources, mut missing) = (Vec::new(), Vec::new());
    let mut up = Ancestors::from(question.goal.node);
    while let Some(here) = up.next(reader)? {
        let mut roles = Vec::new();
        for assignment in reader.assignments_held(question.who, here)? {
            let mut held = Map::new();
            held.insert("role".into(), role(reader, &assignment));
            held.insert("subject".into(), assignment.subject.clone().into());
            if !assignment_is_live(reader, &assignment) {
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
    let groups: Vec<String> = reader.carriers(question.who)?.into_iter().skip(1).collect();
    Ok((json!({"groups": groups, "resources": resources}), missing.into()))
}

fn role(reader: &Reader<'_>, assignment: &Assignment) -> Json {
    reader.role(assignment.role).map_or(Json::Null, |role| Json::from(&*role.slug))
}
