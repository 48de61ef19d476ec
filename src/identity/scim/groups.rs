//! Directory groups as they are kept. Members are rows of their own: who changes one of them touches no other.

use std::collections::BTreeSet;

use rusqlite::{Row, ToSql, params};
use serde_json::{Map, Value, json};

use super::failure::{Outcome, missing};
use super::request::answer::{Answer, bad, list, taken};
use super::request::filter::{Filter, Operator, fold};
use super::request::name::Name;
use super::request::patch::{Operation, Target, Verb, apply_at, spread};
use super::request::query::Query;
use super::request::resource::{group_columns, show, shown, typed};
use super::request::schemas::ResourceKind;
use crate::identity::directories::Directory;
use crate::sqlite::connection::Engine;
use crate::sqlite::error::Result;

/// A row of `authz_directory_groups`.
#[derive(Debug, Clone)]
pub(super) struct Group {
    id: String,
    raw: Map<String, Value>,
    revision: i64,
    created_at: String,
    updated_at: String,
}

impl Group {
    fn of(row: &Row<'_>) -> rusqlite::Result<Group> {
        Ok(Group {
            id: row.get(0)?,
            raw: serde_json::from_str(&row.get::<_, String>(1)?).unwrap_or_default(),
            revision: row.get(2)?,
            created_at: row.get(3)?,
            updated_at: row.get(4)?,
        })
    }

    /// What of it the query wants to see. Members are looked up only where they are seen.
    pub(super) fn shown(&self, engine: &Engine, query: &Query) -> Result<Value> {
        let members = if query.shows("members") { member_ids(engine, &self.id)? } else { Vec::new() };
        Ok(query.project(self.resource(&members)))
    }

    fn resource(&self, members: &[String]) -> Map<String, Value> {
        let members = members.iter().map(|id| member(id)).collect();
        show(ResourceKind::Group, &self.id, &self.raw, Some(("members", members)), self.revision, (&self.created_at, &self.updated_at))
    }
}

/// A member as it is answered with. Ids are made here, and tell what they are.
fn member(id: &str) -> Value {
    let kind = if id.starts_with("directory_group_") { ResourceKind::Group } else { ResourceKind::User };
    json!({"value": id, "$ref": format!("{}/{id}", kind.endpoint()), "type": kind.name()})
}

fn member_ids(engine: &Engine, group: &str) -> Result<Vec<String>> {
    engine.strings(include_str!("../../../sql/identity/scim/groups/members.sql"), &[&group])
}

fn find(engine: &Engine, directory: &Directory, id: &str) -> Result<Option<Group>> {
    engine.with(include_str!("../../../sql/identity/scim/groups/group.sql"), |statement| {
        let mut rows = statement.query(params![directory.id, id])?;
        rows.next()?.map(Group::of).transpose().map_err(Into::into)
    })
}

/// The group of that id in the directory.
pub(super) fn found(engine: &Engine, directory: &Directory, id: &str) -> Outcome<Group> {
    find(engine, directory, id)?.ok_or_else(|| missing(ResourceKind::Group, id))
}

fn check_free(engine: &Engine, directory: &Directory, id: &str, idp_id: &str) -> Outcome<()> {
    let sql = include_str!("../../../sql/identity/scim/groups/group_clash.sql");
    match engine.with(sql, |statement| Ok(statement.exists(params![directory.id, idp_id, id])?))? {
        true => Err(taken("another group of the directory has that externalId").into()),
        false => Ok(()),
    }
}

/// A new directory group.
pub(super) fn create(engine: &Engine, directory: &Directory, mut given: Map<String, Value>) -> Outcome<Group> {
    let members = given_members(given.remove("members"))?;
    let (name, external_id) = group_columns(&given)?;
    let id: String = engine.with(include_str!("../../../sql/identity/scim/groups/new_group_id.sql"), |statement| {
        Ok(statement.query_row([], |row| row.get(0))?)
    })?;
    let idp_id = external_id.as_ref().unwrap_or(&id);
    check_free(engine, directory, &id, idp_id)?;
    engine.with(include_str!("../../../sql/identity/scim/groups/insert_group.sql"), |statement| {
        let raw = Value::Object(given).to_string();
        Ok(statement.execute(params![id, directory.id, directory.organization, idp_id, name, fold(&name), raw])?)
    })?;
    for member in &members {
        add(engine, directory, &id, member)?;
    }
    found(engine, directory, &id)
}

/// A directory group as a PUT describes it.
pub(super) fn replace(engine: &Engine, directory: &Directory, old: Group, mut given: Map<String, Value>) -> Outcome<Group> {
    let members = given_members(given.remove("members"))?;
    let has_changed = set_members(engine, directory, &old.id, members)?;
    store(engine, directory, old, given, has_changed)
}

/// A directory group after the operations of a PATCH.
pub(super) fn change(engine: &Engine, directory: &Directory, old: Group, operations: Vec<Operation>) -> Outcome<Group> {
    let mut given = old.raw.clone();
    let mut has_changed = false;
    for operation in operations {
        for target in spread(ResourceKind::Group, operation)? {
            match target.path.name.is("members") {
                true => has_changed |= change_members(engine, directory, &old.id, target)?,
                false => apply_at(ResourceKind::Group, &mut given, target)?,
            }
        }
    }
    store(engine, directory, old, given, has_changed)
}

/// The same again writes nothing.
fn store(engine: &Engine, directory: &Directory, old: Group, given: Map<String, Value>, members_changed: bool) -> Outcome<Group> {
    let (name, external_id) = group_columns(&given)?;
    if given == old.raw {
        if !members_changed {
            return Ok(old);
        }
        engine.with(include_str!("../../../sql/identity/scim/groups/touch_group.sql"), |statement| Ok(statement.execute([&old.id])?))?;
        return found(engine, directory, &old.id);
    }
    let idp_id = external_id.as_ref().unwrap_or(&old.id);
    check_free(engine, directory, &old.id, idp_id)?;
    engine.with(include_str!("../../../sql/identity/scim/groups/update_group.sql"), |statement| {
        let raw = Value::Object(given).to_string();
        Ok(statement.execute(params![old.id, idp_id, name, fold(&name), raw])?)
    })?;
    found(engine, directory, &old.id)
}

/// Takes a directory group away. Its group and the roles that it gave go by the triggers of the file.
pub(super) fn remove(engine: &Engine, group: &Group) -> Result<()> {
    engine.with(include_str!("../../../sql/identity/scim/groups/delete_group.sql"), |statement| Ok(statement.execute([&group.id])?))?;
    Ok(())
}

/// The ids that a list of members names.
fn given_members(given: Option<Value>) -> Outcome<BTreeSet<String>> {
    let given = match given {
        None => None,
        Some(given) => typed(ResourceKind::Group.attribute(None, "members"), given)?,
    };
    let id = |member: &Value| match member.get("value").and_then(Value::as_str) {
        Some(id) => Ok(id.to_owned()),
        None => Err(bad("invalidValue", "a member has no `value`").into()),
    };
    given.as_ref().and_then(Value::as_array).into_iter().flatten().map(id).collect()
}

/// Whether it was not there before. A member is of the same directory: ids of others are unknown here.
fn add(engine: &Engine, directory: &Directory, group: &str, member: &str) -> Outcome<bool> {
    if group == member {
        return Err(bad("invalidValue", "a group cannot contain itself").into());
    }
    let is_known = include_str!("../../../sql/identity/scim/groups/may_be_member.sql");
    if !engine.with(is_known, |statement| Ok(statement.exists(params![directory.id, member])?))? {
        return Err(bad("invalidValue", format!("the member `{}` is neither a user nor a group of the directory", shown(member))).into());
    }
    Ok(engine.with(include_str!("../../../sql/identity/scim/groups/insert_member.sql"), |statement| {
        Ok(statement.execute([group, member])? > 0)
    })?)
}

fn take(engine: &Engine, group: &str, member: &str) -> Result<bool> {
    engine
        .with(include_str!("../../../sql/identity/scim/groups/delete_member.sql"), |statement| Ok(statement.execute([group, member])? > 0))
}

/// Makes the members exactly these.
fn set_members(engine: &Engine, directory: &Directory, group: &str, wanted: BTreeSet<String>) -> Outcome<bool> {
    let held: BTreeSet<String> = member_ids(engine, group)?.into_iter().collect();
    for gone in held.difference(&wanted) {
        take(engine, group, gone)?;
    }
    for new in wanted.difference(&held) {
        add(engine, directory, group, new)?;
    }
    Ok(held != wanted)
}

/// An operation on the members. It costs what it names; only a filter that does not name ids looks at all of them.
fn change_members(engine: &Engine, directory: &Directory, group: &str, target: Target) -> Outcome<bool> {
    let Target { verb, path, value, .. } = target;
    if path.name.part.is_some() {
        return Err(bad("mutability", "what a member is cannot change; remove it and add another").into());
    }
    let mut has_changed = false;
    let Some(filter) = path.filter else {
        match (verb, value) {
            (Verb::Add, value) => {
                for id in given_members(Some(value))? {
                    has_changed |= add(engine, directory, group, &id)?;
                }
            }
            (Verb::Replace, value) => has_changed = set_members(engine, directory, group, given_members(Some(value))?)?,
            (Verb::Remove, Value::Null) => has_changed = set_members(engine, directory, group, BTreeSet::new())?,
            // Entra names who goes in the value instead of a filter.
            (Verb::Remove, value) => {
                for id in given_members(Some(value))? {
                    has_changed |= take(engine, group, &id)?;
                }
            }
        }
        return Ok(has_changed);
    };
    let chosen = chosen(engine, group, &filter)?;
    match verb {
        // Who is no member any more need not be removed: providers repeat what they are not sure of.
        Verb::Remove => {
            for id in &chosen {
                has_changed |= take(engine, group, id)?;
            }
        }
        Verb::Replace if chosen.is_empty() => return Err(bad("noTarget", "the path chooses no member").into()),
        Verb::Replace => {
            for id in &chosen {
                has_changed |= take(engine, group, id)?;
            }
            for id in given_members(Some(value))? {
                has_changed |= add(engine, directory, group, &id)?;
            }
        }
        Verb::Add => match demanded(&filter) {
            Some(id) => has_changed = add(engine, directory, group, id)?,
            None => return Err(bad("invalidPath", "members are added by their ids, without a filter").into()),
        },
    }
    Ok(has_changed)
}

/// The id that a filter on members is nothing but an equation for.
fn demanded(filter: &Filter) -> Option<&str> {
    match filter {
        Filter::Compare(name, Operator::Equal, Value::String(id)) if name.is("value") => Some(id),
        _ => None,
    }
}

fn chosen(engine: &Engine, group: &str, filter: &Filter) -> Result<Vec<String>> {
    if let Some(id) = demanded(filter) {
        let is_member =
            engine.with(include_str!("../../../sql/identity/scim/groups/is_member.sql"), |statement| Ok(statement.exists([group, id])?))?;
        return Ok(if is_member { vec![id.to_owned()] } else { Vec::new() });
    }
    let list = ResourceKind::Group.attribute(None, "members");
    let mut ids = member_ids(engine, group)?;
    ids.retain(|id| filter.holds_for(list, &member(id)));
    Ok(ids)
}

/// The ids of members that a filter compares with; `None` where it asks for more than whether these are members.
fn asked_for<'a>(filter: &'a Filter, ids: &mut Vec<&'a str>) -> Option<()> {
    let is_id = |name: &Name| name.is("members") && name.is_value();
    match filter {
        Filter::And(all) | Filter::Or(all) => all.iter().try_for_each(|one| asked_for(one, ids)),
        Filter::Not(inner) => asked_for(inner, ids),
        Filter::Compare(name, Operator::Equal, Value::String(id)) if is_id(name) => {
            ids.push(id);
            Some(())
        }
        Filter::Values(name, inner) if name.is("members") => {
            ids.push(demanded(inner)?);
            Some(())
        }
        Filter::Present(name) | Filter::Compare(name, ..) | Filter::Values(name, _) => (!name.is("members")).then_some(()),
    }
}

/// The groups that a query asks for.
pub(super) fn all(engine: &Engine, directory: &Directory, query: &Query) -> Outcome<Answer> {
    if query.is_plain() {
        let count = include_str!("../../../sql/identity/scim/groups/count_groups.sql");
        let total: u32 = engine.with(count, |statement| Ok(statement.query_row([&directory.id], |row| row.get(0))?))?;
        let mut shown = Vec::new();
        each(engine, GROUPS, params![directory.id, query.limit(), query.offset()], |group| {
            shown.push(group.shown(engine, query)?);
            Ok(())
        })?;
        return Ok(list(total as usize, query.start, shown));
    }
    let mut named = Vec::new();
    let only_named = query.filter.as_ref().and_then(|filter| asked_for(filter, &mut named)).is_some();
    let asks_for_members = query.asks_about("members");
    let is_member = |group: &Group, id: &str| {
        engine.with(include_str!("../../../sql/identity/scim/groups/is_member.sql"), |statement| {
            Ok(statement.exists([group.id.as_str(), id])?)
        })
    };
    let mut found = query.collect(ResourceKind::Group);
    let take = |group: Group| {
        let members = match (asks_for_members, only_named) {
            (false, _) => Vec::new(),
            (true, false) => member_ids(engine, &group.id)?,
            (true, true) => {
                let mut members = Vec::new();
                for id in &named {
                    if is_member(&group, id)? {
                        members.push((*id).to_owned());
                    }
                }
                members
            }
        };
        found.offer(&group.resource(&members), group);
        Ok(())
    };
    match (query.demands("id"), query.demands("externalId"), query.demands("displayName"), query.demands("members")) {
        (Some(id), ..) => each(engine, include_str!("../../../sql/identity/scim/groups/group.sql"), params![directory.id, id], take)?,
        (_, Some(id), ..) => {
            each(engine, include_str!("../../../sql/identity/scim/groups/group_by_idp_id.sql"), params![directory.id, id], take)?
        }
        (.., Some(name), _) => {
            each(engine, include_str!("../../../sql/identity/scim/groups/groups_by_name.sql"), params![directory.id, fold(name)], take)?
        }
        (.., Some(id)) => {
            each(engine, include_str!("../../../sql/identity/scim/groups/groups_of_member.sql"), params![directory.id, id], take)?
        }
        _ => each(engine, GROUPS, params![directory.id, -1, 0], take)?,
    }
    let (total, page) = found.page();
    let shown = page.into_iter().map(|group| group.shown(engine, query));
    Ok(list(total, query.start, shown.collect::<Result<_>>()?))
}

const GROUPS: &str = include_str!("../../../sql/identity/scim/groups/groups.sql");

fn each(engine: &Engine, sql: &'static str, values: &[&dyn ToSql], mut take: impl FnMut(Group) -> Result<()>) -> Result<()> {
    engine.with(sql, |statement| {
        let mut rows = statement.query(values)?;
        while let Some(row) = rows.next()? {
            take(Group::of(row)?)?;
        }
        Ok(())
    })
}
