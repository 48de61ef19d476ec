//! `authz_put_command`, `authz_remove_command`: the pages and actions of the application.

use rusqlite::params;
use rusqlite::types::Value;

use super::viewer::type_of_permission;
use crate::base::identifier::check_id;
use crate::base::refusal::{nearest, shown};
use crate::facts::catalog::{check_type, find_resource};
use crate::sqlite::connection::Engine;
use crate::sqlite::error::{Error, Result};
use crate::sqlite::scalar::Arguments;
use crate::sqlite::value::GivenId;

/// A page or an action.
pub(crate) struct Command {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) title: String,
    pub(crate) keywords: String,
    pub(crate) target: Option<String>,
    pub(crate) permission: Option<String>,
    pub(crate) resource: Option<(String, Value)>,
}

/// Every page and action of the application.
pub(crate) fn all(engine: &Engine) -> Result<Vec<Command>> {
    engine.with(include_str!("../../sql/search/commands/commands.sql"), |statement| {
        let rows = statement.query_map([], |row| {
            Ok(Command {
                id: row.get(0)?,
                kind: row.get(1)?,
                title: row.get(2)?,
                keywords: row.get::<_, Option<String>>(3)?.unwrap_or_default(),
                target: row.get(4)?,
                permission: row.get(5)?,
                resource: row.get::<_, Option<String>>(6)?.map(|slug| Ok::<_, rusqlite::Error>((slug, row.get(7)?))).transpose()?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    })
}

/// `authz_put_command(id, kind, title, keywords, target [, permission [, resource_type, resource_id ] ])` → 1 if something changed, else 0.
///
/// Registers a page or an action, or changes one. `kind` is `page` or `action`; `keywords` are words that find it besides those of the
/// title, or NULL; `target` is JSON for the application, or NULL. With a permission it shows only to who has that on the resource or,
/// where none is named, on any.
///
/// Refuses an unknown kind, permission, type or resource, a target that is no JSON, a title without a letter.
pub(crate) fn put(engine: &Engine, call: &Arguments<'_>) -> Result<i64> {
    let id = call.required_text(0, "id")?;
    check_id("id", id)?;
    let kind = call.required_text(1, "kind")?;
    if !["page", "action"].contains(&kind) {
        return Err(Error::refused(format!("unknown kind `{}`; a command is a `page` or an `action`", shown(kind))));
    }
    let title = words(call.required_text(2, "title")?, "title", 256)?;
    if title.trim().is_empty() {
        return Err(Error::refused("the title is empty; give the words that people will look for"));
    }
    let keywords = call.text(3, "keywords")?.map(|given| words(given, "keywords", 1000)).transpose()?;
    let target = call.text(4, "target")?;
    if let Some(target) = target
        && let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(target)
    {
        return Err(Error::refused(format!("the target `{}` is not JSON: {error}", shown(target))));
    }
    let permission = call.text(5, "permission")?;
    let on = match (call.text(6, "resource type")?, call.id(7, "resource id")?) {
        (Some(resource_type), Some(id)) => Some((resource_type, id)),
        (None, None) => None,
        _ => return Err(Error::refused("the resource type and the resource id are given together; give both or neither")),
    };
    engine.atomically(|| {
        let on = place(engine, permission, on)?;
        let (resource_type, resource_id) = on.map_or((None, Value::Null), |(slug, id)| (Some(slug), id));
        engine.with(include_str!("../../sql/search/commands/put_command.sql"), |statement| {
            let changed = statement.execute(params![id, kind, title, keywords, target, permission, resource_type, resource_id])?;
            Ok(i64::from(changed > 0))
        })
    })
}

/// The resource that the permission is asked for on, its id as it is stored.
fn place<'a>(engine: &Engine, permission: Option<&str>, on: Option<(&'a str, GivenId<'_>)>) -> Result<Option<(&'a str, Value)>> {
    let Some(permission) = permission else {
        return match on {
            Some(_) => Err(Error::refused("a resource is named without a permission; name the permission that is needed there")),
            None => Ok(None),
        };
    };
    let Some(of) = type_of_permission(engine, permission)? else {
        let known = engine.strings(include_str!("../../sql/facts/names/permission_slugs.sql"), params![])?;
        return Err(Error::refused(format!(
            "unknown permission `{}`{}",
            shown(permission),
            nearest(permission, known.iter().map(String::as_str))
        )));
    };
    let Some((resource_type, id)) = on else { return Ok(None) };
    check_type(engine, resource_type)?;
    if of != resource_type {
        return Err(Error::refused(format!("the permission `{permission}` belongs to the resource type `{of}`, not to `{resource_type}`")));
    }
    match find_resource(engine, resource_type, &id)? {
        Some(found) => Ok(Some((resource_type, found.id))),
        None => {
            Err(Error::refused(format!("the {resource_type} `{}` is not registered; put it with authz_put_resource", shown(&id.text()))))
        }
    }
}

fn words<'a>(given: &'a str, what: &str, most: usize) -> Result<&'a str> {
    let count = given.chars().count();
    if count > most {
        return Err(Error::refused(format!(
            "`{}` has {count} characters, too many for the {what}; at most {most} are allowed",
            shown(given)
        )));
    }
    if given.chars().any(char::is_control) {
        return Err(Error::refused(format!(
            "`{}` has a control character, which the {what} may not have; leave it out",
            shown(&given.escape_debug().to_string())
        )));
    }
    Ok(given)
}

/// `authz_remove_command(id)` → 1 if there was one, else 0.
pub(crate) fn remove(engine: &Engine, call: &Arguments<'_>) -> Result<i64> {
    let id = call.required_text(0, "id")?;
    engine.atomically(|| {
        engine.with(include_str!("../../sql/search/commands/remove_command.sql"), |statement| Ok(i64::from(statement.execute([id])? > 0)))
    })
}
