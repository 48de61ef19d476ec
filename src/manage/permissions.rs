//! `authz_create_permission`, `authz_update_permission`, `authz_delete_permission`, `authz_permission`: one permission at a time.
//!
//! What goes in and what comes out is JSON with the words of WorkOS. Each call answers with the object: as it is now, or, where it
//! was deleted, as it last was.

use std::rc::Rc;

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde_json::json;

use crate::base::identifier::check_slug;
use crate::base::json::{Json, MAX_DESCRIPTION, MAX_NAME, at, object, refused, slugs, text, unknown_field, words};
use crate::base::refusal::{nearest, shown};
use crate::facts::catalog::check_type;
use crate::sqlite::connection::Engine;
use crate::sqlite::error::{Error, Result};
use crate::sqlite::scalar::{Arguments, Effect, define};

/// Registers the functions of this module.
pub(crate) fn register(connection: &Connection, engine: &Rc<Engine>) -> rusqlite::Result<()> {
    define(connection, engine, "authz_create_permission", 1..=1, Effect::Writes, create)?;
    define(connection, engine, "authz_update_permission", 2..=2, Effect::Writes, update)?;
    define(connection, engine, "authz_delete_permission", 1..=1, Effect::Writes, delete)?;
    define(connection, engine, "authz_permission", 1..=1, Effect::Reads, show)
}

/// The fields of a permission or a role, as a call gives them; `None` where it does not.
#[derive(Default)]
pub(crate) struct Fields {
    pub(crate) slug: Option<String>,
    pub(crate) resource_type: Option<String>,
    pub(crate) name: Option<Option<String>>,
    pub(crate) description: Option<Option<String>>,
    pub(crate) permissions: Option<Vec<String>>,
}

/// What every permission and role may be given.
pub(crate) const DESCRIBED_BY: [&str; 2] = ["name", "description"];

impl Fields {
    /// Reads the JSON object that describes a `what`: a permission, or a role. `known` are the fields it may have.
    ///
    /// The type is called `resource_type_slug`, as in WorkOS, or `resource_type`, as in our tables and the model document.
    pub(crate) fn read(what: &str, json: &str, known: &[&str]) -> Result<Fields> {
        let mut fields = Fields::default();
        for (field, value) in object(what, Json::parse(&format!("the {what}"), json)?)? {
            let place = format!("{what}.{}", shown(&field));
            let is_known = known.contains(&field.as_str()) || field == "resource_type" && known.contains(&"resource_type_slug");
            match field.as_str() {
                "slug" | "resource_type_slug" | "resource_type" if !is_known => {
                    return refused(&place, format!("it cannot change; delete the {what} and create another"));
                }
                _ if !is_known => return unknown_field(what, &field, known),
                "slug" => {
                    let slug = text(&place, value)?;
                    at(&place, check_slug(what, &slug))?;
                    fields.slug = Some(slug);
                }
                "resource_type_slug" | "resource_type" => {
                    if fields.resource_type.replace(text(&place, value)?).is_some() {
                        return refused(&place, "the resource type is given twice");
                    }
                }
                "name" => fields.name = Some(words(&place, value, MAX_NAME)?),
                "description" => fields.description = Some(words(&place, value, MAX_DESCRIPTION)?),
                _ => fields.permissions = Some(slugs(&place, value, |slug| check_slug("permission", slug))?),
            }
        }
        Ok(fields)
    }
}

/// A row of `authz_permissions`.
struct Permission {
    id: String,
    slug: String,
    name: Option<String>,
    description: Option<String>,
    system: bool,
    resource_type: String,
    created_at: String,
    updated_at: String,
}

impl Permission {
    /// The object as WorkOS has it, whose name is never null: the slug serves where there is none.
    fn json(&self) -> serde_json::Value {
        json!({
            "object": "permission",
            "id": self.id,
            "slug": self.slug,
            "name": self.name.as_ref().unwrap_or(&self.slug),
            "description": self.description,
            "system": self.system,
            "resource_type_slug": self.resource_type,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        })
    }
}

fn find(engine: &Engine, slug: &str) -> Result<Option<Permission>> {
    engine.with(include_str!("../../sql/manage/permissions/find.sql"), |statement| {
        let mut rows = statement.query([slug])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        Ok(Some(Permission {
            id: row.get(0)?,
            slug: row.get(1)?,
            name: row.get(2)?,
            description: row.get(3)?,
            system: row.get(4)?,
            resource_type: row.get(5)?,
            created_at: row.get(6)?,
            updated_at: row.get(7)?,
        }))
    })
}

/// Whether there is a permission of that slug.
pub(crate) fn exists(engine: &Engine, slug: &str) -> Result<bool> {
    Ok(find(engine, slug)?.is_some())
}

/// The permission of that slug, or a refusal that suggests the nearest.
fn found(engine: &Engine, slug: &str) -> Result<Permission> {
    match find(engine, slug)? {
        Some(permission) => Ok(permission),
        None => Err(unknown_permission(engine, slug)?),
    }
}

/// The refusal of a slug that no permission has.
pub(crate) fn unknown_permission(engine: &Engine, slug: &str) -> Result<Error> {
    let known = engine.strings(include_str!("../../sql/manage/permissions/slugs.sql"), &[])?;
    let near = nearest(slug, known.iter().map(String::as_str));
    Ok(Error::refused(format!("unknown permission `{}`{near}", shown(&slug.escape_debug().to_string()))))
}

/// `authz_create_permission(json)` → the permission as JSON.
///
/// The fields are `slug`, `name`, `description` and `resource_type_slug`, which is `organization` where it is not given.
///
/// Refuses a slug that is taken (`permission_slug_conflict`), unknown fields and types, over-long texts.
fn create(engine: &Engine, call: &Arguments<'_>) -> Result<String> {
    let known = ["slug", "name", "description", "resource_type_slug"];
    let fields = Fields::read("permission", call.required_text(0, "permission")?, &known)?;
    let Some(slug) = &fields.slug else { return refused("permission", "the field `slug` is missing; give one") };
    engine.atomically(|| {
        if let Some(resource_type) = &fields.resource_type {
            check_type(engine, resource_type)?;
        }
        if find(engine, slug)?.is_some() {
            return Err(Error::refused(format!("permission_slug_conflict: there is a permission `{slug}` already; choose another slug")));
        }
        engine.with(include_str!("../../sql/manage/permissions/insert.sql"), |statement| {
            Ok(statement.execute((slug, &fields.resource_type, fields.name.flatten(), fields.description.flatten()))?)
        })?;
        Ok(found(engine, slug)?.json().to_string())
    })
}

/// `authz_update_permission(slug, json)` → the permission as JSON.
///
/// Sets `name` and `description` where they are given; null takes one away. Nothing else of a permission can change.
fn update(engine: &Engine, call: &Arguments<'_>) -> Result<String> {
    let slug = call.required_text(0, "permission")?;
    let fields = Fields::read("permission", call.required_text(1, "permission")?, &DESCRIBED_BY)?;
    engine.atomically(|| {
        let old = found(engine, slug)?;
        let name = fields.name.unwrap_or_else(|| old.name.clone());
        let description = fields.description.unwrap_or_else(|| old.description.clone());
        if name == old.name && description == old.description {
            return Ok(old.json().to_string());
        }
        engine.with(include_str!("../../sql/manage/permissions/describe.sql"), |statement| {
            Ok(statement.execute((slug, name, description))?)
        })?;
        Ok(found(engine, slug)?.json().to_string())
    })
}

/// `authz_delete_permission(slug)` → the permission as it was, as JSON, and in `removed_from_roles` each role that held it and holds it no
/// more: its `slug` and `organization_id`, null for an environment role.
///
/// Refuses a system permission.
fn delete(engine: &Engine, call: &Arguments<'_>) -> Result<String> {
    let slug = call.required_text(0, "permission")?;
    engine.atomically(|| {
        let old = found(engine, slug)?;
        if old.system {
            return Err(Error::refused(format!("permission_is_system: `{slug}` is a system permission and cannot be deleted")));
        }
        let roles = engine.with(include_str!("../../sql/facts/names/grantors.sql"), |statement| {
            let rows = statement.query_map([slug], |row| {
                let organization = match row.get_ref(1)? {
                    ValueRef::Integer(number) => number.into(),
                    other => other.as_str_or_null()?.map_or(serde_json::Value::Null, serde_json::Value::from),
                };
                Ok(json!({"slug": row.get::<_, String>(0)?, "organization_id": organization}))
            })?;
            Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
        })?;
        engine.with(include_str!("../../sql/manage/permissions/delete.sql"), |statement| Ok(statement.execute([slug])?))?;
        let mut object = old.json();
        if let Some(object) = object.as_object_mut() {
            object.insert("removed_from_roles".to_owned(), roles.into());
        }
        Ok(object.to_string())
    })
}

/// `authz_permission(slug)` → the permission as JSON, NULL for NULL. An unknown one is an error that suggests the nearest.
fn show(engine: &Engine, call: &Arguments<'_>) -> Result<Option<String>> {
    let Some(slug) = call.text(0, "permission")? else { return Ok(None) };
    Ok(Some(found(engine, slug)?.json().to_string()))
}
