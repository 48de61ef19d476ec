//! `authz_explain`: why this subject may do that here, or why not.

use std::collections::HashSet;
use std::rc::Rc;

use rusqlite::Connection;
use rusqlite::types::Value;
use serde_json::{Map, Value as Json, json};

use super::check::{Question, question};
use crate::decide::facts::Facts;
use crate::decide::formula::Truth;
use crate::decide::goal::{Goal, Node, Who};
use crate::decide::roles::Ancestors;
use crate::decide::rule::{RoleSet, Rule};
use crate::decide::solver::Solver;
use crate::facts::assignments::{Assignment, assignment_is_live};
use crate::facts::reader::Reader;
use crate::facts::store::Store;
use crate::model::compiled::SubjectKind;
use crate::sqlite::error::Result;
use crate::sqlite::scalar::{Arguments, Effect, define};

/// Deeper than this a tree is cut off, and says so.
const DEEPEST: usize = 50;

/// Of so many branches that all failed, the first are shown.
const MOST_BRANCHES: usize = 20;

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
/// * the `reason` where there was nothing to look at, or where the subject is suspended.
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
            answer.insert("reason".into(), "the subject's membership in the organization of the resource is not active".into());
            return Ok(Json::Object(answer).to_string());
        }
        let rule = reader.rule(question.goal.relation)?;
        let (roles, relation) = parts(&rule);
        if relation.is_none() && !reader.is_registered(question.goal.node)? {
            answer.insert("reason".into(), "the resource is not registered; put it with authz_put_resource".into());
            return Ok(Json::Object(answer).to_string());
        }
        let mut tree = Tree { who: question.who, solver: Solver::new(question.who), seen: HashSet::new() };
        let holder = match roles {
            Some(roles) => held_on(reader, &question, roles)?,
            None => None,
        };
        let allowed = tree.solver.holds(reader, question.goal)?;
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
            answer.insert("tree".into(), tree.goal(reader, goal, 0)?);
        }
        Ok(Json::Object(answer).to_string())
    })
}

/// The roles that a permission is granted by, and the rule besides.
fn parts(rule: &Rule) -> (Option<&RoleSet>, Option<&Rule>) {
    match rule {
        Rule::Roles(roles) => (Some(roles), None),
        Rule::Any(rules) => match rules.as_slice() {
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

/// Draws which branch of which rule said yes, or why none did.
struct Tree {
    who: Who,
    solver: Solver,
    seen: HashSet<Goal>,
}

impl Tree {
    fn goal(&mut self, reader: &mut Reader<'_>, goal: Goal, depth: usize) -> Result<Json> {
        let holds = self.solver.truth(reader, goal)?;
        let mut node = Map::new();
        node.insert("relation".into(), reader.name_of(goal.relation)?.into());
        node.insert("resource".into(), resource(reader, goal.node)?);
        node.insert("holds".into(), (holds == Truth::Yes).into());
        if holds == Truth::Undecided {
            node.insert("undecided".into(), "it depends on its own exclusion, so it gives no access".into());
        }
        if !self.seen.insert(goal) {
            node.insert("see_above".into(), true.into());
        } else if depth >= DEEPEST {
            node.insert("cut_off".into(), true.into());
        } else {
            let definition = reader.rules()?.get(goal.relation).map(|one| one.definition.clone()).unwrap_or_default();
            if !definition.is_empty() {
                node.insert("rule".into(), definition.into());
            }
            if reader.is_userset(self.who, goal)? {
                node.insert("is_the_subject".into(), true.into());
            } else {
                let rule = reader.rule(goal.relation)?;
                node.extend(self.branch(reader, &rule, goal, depth)?);
            }
        }
        Ok(Json::Object(node))
    }

    /// Whether a part of a rule says yes.
    fn says(&mut self, reader: &mut Reader<'_>, rule: &Rule, goal: Goal) -> Result<Truth> {
        self.solver.part(reader, rule, goal)
    }

    fn branch(&mut self, reader: &mut Reader<'_>, rule: &Rule, goal: Goal, depth: usize) -> Result<Map<String, Json>> {
        let yes = self.says(reader, rule, goal)? == Truth::Yes;
        let mut node = Map::new();
        match rule {
            Rule::Roles(_) => {
                node.insert("roles".into(), if yes { "one is held here or above" } else { "none is held here or above" }.into());
            }
            Rule::Direct => node.extend(self.direct(reader, goal, depth, yes)?),
            Rule::Computed(relation) => {
                node.insert("computed".into(), self.goal(reader, Goal { relation: *relation, ..goal }, depth + 1)?);
            }
            Rule::From { through, relations } => {
                let through_goal = Goal { relation: *through, ..goal };
                node.insert("through".into(), reader.name_of(*through)?.into());
                let mut tried = Vec::new();
                for (of, there) in reader.through(through_goal)? {
                    for (_, relation) in relations.iter().filter(|(key, _)| *key == of) {
                        let next = Goal { relation: *relation, node: there };
                        if yes && self.solver.truth(reader, next)? == Truth::Yes {
                            node.insert("from".into(), self.goal(reader, next, depth + 1)?);
                            return Ok(node);
                        }
                        tried.push(next);
                    }
                }
                node.insert("none_of".into(), self.goals(reader, &tried, depth)?);
            }
            Rule::Any(rules) => {
                let mut branches = Vec::new();
                for part in rules {
                    if yes && self.says(reader, part, goal)? == Truth::Yes {
                        return self.branch(reader, part, goal, depth);
                    }
                    if !yes {
                        branches.push(Json::Object(self.branch(reader, part, goal, depth)?));
                    }
                }
                node.insert("none_of".into(), branches.into());
            }
            Rule::All(rules) => {
                let mut branches = Vec::new();
                for part in rules {
                    if yes {
                        branches.push(Json::Object(self.branch(reader, part, goal, depth)?));
                    } else if self.says(reader, part, goal)? != Truth::Yes {
                        node.insert("missing_from".into(), Json::Object(self.branch(reader, part, goal, depth)?));
                        return Ok(node);
                    }
                }
                node.insert("all_of".into(), branches.into());
            }
            Rule::ButNot(rules) => {
                let [base, not] = &**rules;
                if yes || self.says(reader, base, goal)? != Truth::Yes {
                    return self.branch(reader, base, goal, depth);
                }
                node.insert("excluded_by".into(), Json::Object(self.branch(reader, not, goal, depth)?));
            }
        }
        Ok(node)
    }

    fn goals(&mut self, reader: &mut Reader<'_>, goals: &[Goal], depth: usize) -> Result<Json> {
        let shown = goals.iter().take(MOST_BRANCHES).map(|goal| self.goal(reader, *goal, depth + 1));
        Ok(shown.collect::<Result<Vec<_>>>()?.into())
    }

    /// The relationship that names the subject, or a userset that contains it.
    fn direct(&mut self, reader: &mut Reader<'_>, goal: Goal, depth: usize, yes: bool) -> Result<Map<String, Json>> {
        let mut node = Map::new();
        let every = match reader.kind(self.who) {
            Some(SubjectKind::One(of)) => Some(SubjectKind::Every(of)),
            _ => None,
        };
        let mut usersets = Vec::new();
        for (subject, expires_at) in reader.relationships(goal, usize::MAX)?.unwrap_or_default() {
            if !reader.is_live(expires_at) {
                if subject == self.who {
                    node.insert("expired".into(), reader.text(subject).into());
                }
                continue;
            }
            match reader.kind(subject) {
                kind if subject == self.who || (kind.is_some() && kind == every) => {
                    node.insert("relationship".into(), reader.text(subject).into());
                    return Ok(node);
                }
                Some(SubjectKind::Userset(relation)) => {
                    usersets.extend(reader.node_of(subject).map(|of| (subject, Goal { relation, node: of })));
                }
                _ => {}
            }
        }
        let mut tried = Vec::new();
        for (subject, next) in usersets {
            if yes && self.solver.truth(reader, next)? == Truth::Yes {
                node.insert("relationship".into(), reader.text(subject).into());
                node.insert("member".into(), self.goal(reader, next, depth + 1)?);
                return Ok(node);
            }
            tried.push(next);
        }
        node.insert("relationship".into(), Json::Null);
        if !tried.is_empty() {
            node.insert("none_of".into(), self.goals(reader, &tried, depth)?);
        }
        Ok(node)
    }
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
