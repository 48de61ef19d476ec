//! `authz_create_role` and its like: one role at a time, its permissions, the default role and the order of roles.
//!
//! What goes in and what comes out is JSON with the words of WorkOS. Each call answers with the object: as it is now, or, where it
//! was deleted, as it last was. A slug that begins with `org-` names the role of one organization, whose id the call then gives; any other
//! names an environment role.

use std::collections::BTreeSet;
use std::rc::Rc;

use rusqlite::types::Value;
use rusqlite::{Connection, params};
use serde_json::json;

use super::permissions::{DESCRIBED_BY, Fields, unknown_permission};
use crate::base::identifier::{Id, check_slug};
use crate::base::json::{Json, refused, slugs};
use crate::base::refusal::{nearest, shown};
use crate::facts::catalog::{check_type, find_resource};
use crate::outbox::call::as_one_call;
use crate::sqlite::connection::Engine;
use crate::sqlite::error::{Error, Result};
use crate::sqlite::scalar::{Arguments, Effect, define};

/// Registers the functions of this module.
pub(crate) fn register(connection: &Connection, engine: &Rc<Engine>) -> rusqlite::Result<()> {
    define(connection, engine, "authz_create_role", 1..=2, Effect::Writes, create)?;
    define(connection, engine, "authz_update_role", 2..=3, Effect::Writes, update)?;
    define(connection, engine, "authz_delete_role", 1..=3, Effect::Writes, delete)?;
    define(connection, engine, "authz_set_role_permissions", 2..=3, Effect::Writes, set_permissions)?;
    define(connection, engine, "authz_add_role_permission", 2..=3, Effect::Writes, add_permission)?;
    define(connection, engine, "authz_remove_role_permission", 2..=3, Effect::Writes, remove_permission)?;
    define(connection, engine, "authz_set_default_role", 1..=1, Effect::Writes, set_default)?;
    define(connection, engine, "authz_set_role_order", 1..=1, Effect::Writes, set_order)?;
    define(connection, engine, "authz_role", 1..=2, Effect::Reads, show)
}

/// A row of `authz_roles`.
struct Role {
    id: String,
    slug: String,
    organization: Value,
    resource_type: String,
    name: Option<String>,
    description: Option<String>,
    is_default: bool,
    priority: Option<i64>,
    created_at: String,
    updated_at: String,
}

impl Role {
    /// The object as WorkOS has it, with the organization, the default and the order besides. Its name is never null: the slug
    /// serves where there is none.
    fn json(&self, engine: &Engine) -> Result<String> {
        let permissions = permissions_of(engine, self)?;
        let (kind, organization) = match &self.organization {
            Value::Null => ("EnvironmentRole", None),
            id => ("OrganizationRole", Some(Id::stored(id.into()).to_string())),
        };
        let object = json!({
            "object": "role",
            "id": self.id,
            "slug": self.slug,
            "name": self.name.as_ref().unwrap_or(&self.slug),
            "description": self.description,
            "type": kind,
            "resource_type_slug": self.resource_type,
            "organization_id": organization,
            "permissions": permissions,
            "is_default": self.is_default,
            "priority": self.priority,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        });
        Ok(object.to_string())
    }
}

/// The organization that a call gives at `index`, with the type its id is stored with; NULL where it gives none.
fn organization(engine: &Engine, call: &Arguments<'_>, index: usize) -> Result<Value> {
    let Some(given) = call.id(index, "organization")? else { return Ok(Value::Null) };
    match find_resource(engine, "organization", &given)? {
        Some(found) => Ok(found.id),
        None => Err(Error::refused(format!("unknown organization `{}`; put it first with authz_put_resource", shown(&given.text())))),
    }
}

/// Refuses a slug that names an organization role without the organization, or an environment role with one.
fn check_scope(slug: &str, organization: &Value) -> Result<()> {
    let slug = shown(&slug.escape_debug().to_string());
    match (slug.starts_with("org-"), organization) {
        (true, Value::Null) => {
            Err(Error::refused(format!("`{slug}` names the role of one organization; give the id of that organization")))
        }
        (false, Value::Null) | (true, _) => Ok(()),
        (false, _) => Err(Error::refused(format!("`{slug}` names an environment role; leave the organization out, or write `org-{slug}`"))),
    }
}

fn find(engine: &Engine, slug: &str, organization: &Value) -> Result<Option<Role>> {
    engine.with(include_str!("../../sql/manage/roles/find.sql"), |statement| {
        let mut rows = statement.query(params![slug, organization])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        Ok(Some(Role {
            id: row.get(0)?,
            slug: row.get(1)?,
            organization: row.get(2)?,
            resource_type: row.get(3)?,
            name: row.get(4)?,
            description: row.get(5)?,
            is_default: row.get(6)?,
            priority: row.get(7)?,
            created_at: row.get(8)?,
            updated_at: row.get(9)?,
        }))
    })
}

/// The role of that slug, or a refusal that suggests the nearest.
fn found(engine: &Engine, slug: &str, organization: &Value) -> Result<Role> {
    check_scope(slug, organization)?;
    match find(engine, slug, organization)? {
        Some(role) => Ok(role),
        None => {
            let known = engine.strings(include_str!("../../sql/manage/roles/slugs.sql"), &[organization])?;
            let near = nearest(slug, known.iter().map(String::as_str));
            Err(Error::refused(format!("unknown role `{}`{near}", shown(&slug.escape_debug().to_string()))))
        }
    }
}

/// The environment role of that slug.
fn environment_role(engine: &Engine, slug: &str) -> Result<Role> {
    match slug.starts_with("org-") {
        true => Err(Error::refused(format!("`{}` is the role of one organization; name an environment role", shown(slug)))),
        false => found(engine, slug, &Value::Null),
    }
}

fn permissions_of(engine: &Engine, role: &Role) -> Result<Vec<String>> {
    engine.strings(include_str!("../../sql/manage/roles/permissions.sql"), &[&role.slug, &role.organization])
}

/// `authz_create_role(json [, organization])` → the role as JSON.
///
/// The fields are `slug`, `name`, `description`, `permissions` and `resource_type_slug`, which is `organization` where it is not given.
/// The slug of an organization role begins with `org-`; where none is given, it is made from the name and a random suffix.
///
/// Refuses a slug that is taken (`role_slug_conflict`, `organization_role_slug_conflict`), unknown fields, types and permissions,
/// over-long texts.
fn create(engine: &Engine, call: &Arguments<'_>) -> Result<String> {
    let known = ["slug", "name", "description", "resource_type_slug", "permissions"];
    let fields = Fields::read("role", call.required_text(0, "role")?, &known)?;
    as_one_call(engine, || {
        let organization = organization(engine, call, 1)?;
        if let Some(resource_type) = &fields.resource_type {
            check_type(engine, resource_type)?;
        }
        let slug = match (&fields.slug, &fields.name) {
            (Some(slug), _) => slug.clone(),
            (None, Some(Some(name))) if organization != Value::Null => slug_for(engine, name)?,
            (None, _) if organization != Value::Null => return refused("role", "both `slug` and `name` are missing; give one"),
            (None, _) => return refused("role", "the field `slug` is missing; give one"),
        };
        check_scope(&slug, &organization)?;
        if find(engine, &slug, &organization)?.is_some() {
            return Err(Error::refused(match organization {
                Value::Null => format!("role_slug_conflict: there is a role `{slug}` already; choose another slug"),
                _ => format!("organization_role_slug_conflict: the organization has a role `{slug}` already; choose another slug"),
            }));
        }
        engine.with(include_str!("../../sql/manage/roles/insert.sql"), |statement| {
            let described = (fields.name.as_ref().and_then(Option::as_ref), fields.description.as_ref().and_then(Option::as_ref));
            Ok(statement.execute(params![slug, organization, fields.resource_type, described.0, described.1])?)
        })?;
        let role = found(engine, &slug, &organization)?;
        for permission in fields.permissions.iter().flatten() {
            give(engine, &role, permission)?;
        }
        role.json(engine)
    })
}

/// A slug for an organization role of that name.
fn slug_for(engine: &Engine, name: &str) -> Result<String> {
    let suffix: String =
        engine.with(include_str!("../../sql/manage/roles/suffix.sql"), |statement| Ok(statement.query_row([], |row| row.get(0))?))?;
    let words: Vec<String> =
        name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_ascii_lowercase).collect();
    // Of a name in another script nothing is left, and the suffix alone serves.
    let stem: String = words.join("-").chars().take(100).collect();
    let stem = stem.trim_end_matches('-');
    Ok(if stem.is_empty() { format!("org-{suffix}") } else { format!("org-{stem}-{suffix}") })
}

/// `authz_update_role(slug, json [, organization])` → the role as JSON.
///
/// Sets `name` and `description` where they are given; null takes one away. Slug and type cannot change, and the permissions have
/// functions of their own.
fn update(engine: &Engine, call: &Arguments<'_>) -> Result<String> {
    let slug = call.required_text(0, "role")?;
    let fields = Fields::read("role", call.required_text(1, "role")?, &DESCRIBED_BY)?;
    engine.atomically(|| {
        let organization = organization(engine, call, 2)?;
        let old = found(engine, slug, &organization)?;
        let name = fields.name.unwrap_or_else(|| old.name.clone());
        let description = fields.description.unwrap_or_else(|| old.description.clone());
        if name == old.name && description == old.description {
            return old.json(engine);
        }
        engine.with(include_str!("../../sql/manage/roles/describe.sql"), |statement| {
            Ok(statement.execute(params![slug, organization, name, description])?)
        })?;
        found(engine, slug, &organization)?.json(engine)
    })
}

/// `authz_delete_role(slug [, organization [, replacement_slug]])` → the role as it was, as JSON.
///
/// Refuses a role that is assigned (`role_has_assignments`) unless a replacement is named: whoever held the role then holds that one
/// in the same places. Who holds both keeps the replacement for as long as the longer of the two lasts.
fn delete(engine: &Engine, call: &Arguments<'_>) -> Result<String> {
    let slug = call.required_text(0, "role")?;
    let replacement = call.text(2, "replacement")?;
    as_one_call(engine, || {
        let organization = organization(engine, call, 1)?;
        let old = found(engine, slug, &organization)?;
        let answer = old.json(engine)?;
        if old.is_default {
            return Err(Error::refused(format!(
                "role_default_required: `{slug}` is the default role and cannot be deleted; make another the default first"
            )));
        }
        match replacement {
            Some(replacement) => reassign(engine, &old, replacement)?,
            None => {
                let count: i64 = engine.with(include_str!("../../sql/manage/roles/assignments.sql"), |statement| {
                    Ok(statement.query_row(params![slug, organization], |row| row.get(0))?)
                })?;
                if count > 0 {
                    return Err(Error::refused(format!(
                        "role_has_assignments: the role `{slug}` is assigned (assignments: {count}); revoke them first, or name a role that replaces it"
                    )));
                }
            }
        }
        engine.with(include_str!("../../sql/manage/roles/delete.sql"), |statement| Ok(statement.execute(params![slug, organization])?))?;
        Ok(answer)
    })
}

/// Gives everyone who holds `old` the role `replacement` instead.
fn reassign(engine: &Engine, old: &Role, replacement: &str) -> Result<()> {
    let organization = if replacement.starts_with("org-") { &old.organization } else { &Value::Null };
    if replacement == old.slug {
        return Err(Error::refused(format!("the role `{replacement}` cannot replace itself; name another")));
    }
    if replacement.starts_with("org-") && *organization == Value::Null {
        let replacement = shown(&replacement.escape_debug().to_string());
        return Err(Error::refused(format!(
            "`{}` serves every organization, and `{replacement}` only one; name an environment role as its replacement",
            old.slug
        )));
    }
    let new = found(engine, replacement, organization)?;
    if new.resource_type != old.resource_type {
        return Err(Error::refused(format!(
            "the role `{}` is assigned on resources of type `{}`, and `{}` on `{}`; name a replacement of the same type",
            new.slug, new.resource_type, old.slug, old.resource_type
        )));
    }
    engine.with(include_str!("../../sql/manage/roles/reassign.sql"), |statement| {
        Ok(statement.execute(params![old.slug, old.organization, new.slug, new.organization])?)
    })?;
    engine
        .with(include_str!("../../sql/manage/roles/revoke.sql"), |statement| Ok(statement.execute(params![old.slug, old.organization])?))?;
    Ok(())
}

/// `authz_set_role_permissions(slug, json_array [, organization])` → the role as JSON. It then holds these permissions and no others;
/// an empty array takes all away.
fn set_permissions(engine: &Engine, call: &Arguments<'_>) -> Result<String> {
    let slug = call.required_text(0, "role")?;
    let wanted = list("permissions", call.required_text(1, "permissions")?, "permission")?;
    engine.atomically(|| {
        let role = found(engine, slug, &organization(engine, call, 2)?)?;
        let held: BTreeSet<String> = permissions_of(engine, &role)?.into_iter().collect();
        let wanted: BTreeSet<String> = wanted.into_iter().collect();
        as_one_call(engine, || {
            for permission in held.difference(&wanted) {
                take(engine, &role, permission)?;
            }
            for permission in wanted.difference(&held) {
                give(engine, &role, permission)?;
            }
            Ok(())
        })?;
        found(engine, slug, &role.organization)?.json(engine)
    })
}

/// `authz_add_role_permission(slug, permission [, organization])` → the role as JSON. One that it holds already changes nothing.
///
/// Refuses a permission whose type is neither the role's own nor one below it.
fn add_permission(engine: &Engine, call: &Arguments<'_>) -> Result<String> {
    let (slug, permission) = (call.required_text(0, "role")?, call.required_text(1, "permission")?);
    engine.atomically(|| {
        let role = found(engine, slug, &organization(engine, call, 2)?)?;
        if !permissions_of(engine, &role)?.iter().any(|held| held == permission) {
            give(engine, &role, permission)?;
        }
        found(engine, slug, &role.organization)?.json(engine)
    })
}

/// `authz_remove_role_permission(slug, permission [, organization])` → the role as JSON. One that it does not hold changes nothing.
fn remove_permission(engine: &Engine, call: &Arguments<'_>) -> Result<String> {
    let (slug, permission) = (call.required_text(0, "role")?, call.required_text(1, "permission")?);
    engine.atomically(|| {
        let role = found(engine, slug, &organization(engine, call, 2)?)?;
        if take(engine, &role, permission)? == 0 && !crate::manage::permissions::exists(engine, permission)? {
            return Err(unknown_permission(engine, permission)?);
        }
        found(engine, slug, &role.organization)?.json(engine)
    })
}

fn give(engine: &Engine, role: &Role, permission: &str) -> Result<()> {
    let given = engine.with(include_str!("../../sql/manage/roles/insert_permission.sql"), |statement| {
        Ok(statement.execute(params![role.slug, role.organization, permission])?)
    });
    match given {
        Ok(_) => Ok(()),
        Err(error) if error.to_string().starts_with("permission_unknown") => Err(unknown_permission(engine, permission)?),
        Err(error) if error.to_string().starts_with("role_permission_out_of_reach") => Err(Error::refused(format!(
            "role_permission_out_of_reach: the type of `{permission}` is neither `{}`, that of the role `{}`, nor one below it",
            role.resource_type, role.slug
        ))),
        Err(error) => Err(error),
    }
}

fn take(engine: &Engine, role: &Role, permission: &str) -> Result<usize> {
    engine.with(include_str!("../../sql/manage/roles/delete_permission.sql"), |statement| {
        Ok(statement.execute(params![role.slug, role.organization, permission])?)
    })
}

/// A JSON array of slugs that a call gives as `what`.
fn list(what: &str, json: &str, item: &str) -> Result<Vec<String>> {
    match Json::parse(&format!("the list of {what}"), json)? {
        Json::Null => refused(what, "it is null, and must be an array of strings"),
        given => Ok(slugs(what, given, |slug| check_slug(item, slug))?),
    }
}

/// `authz_set_default_role(slug)` → the role as JSON. It is then the default, and the one that was before is not.
///
/// Refuses a role that is not held on organizations, or that is one organization's own.
fn set_default(engine: &Engine, call: &Arguments<'_>) -> Result<String> {
    let slug = call.required_text(0, "role")?;
    as_one_call(engine, || {
        let role = environment_role(engine, slug)?;
        if role.resource_type != "organization" {
            return Err(Error::refused(format!(
                "role_default_kind: the default role is held on organizations, and `{slug}` is assigned on resources of type `{}`; name another",
                role.resource_type
            )));
        }
        engine.with(include_str!("../../sql/manage/roles/set_default.sql"), |statement| Ok(statement.execute([slug])?))?;
        found(engine, slug, &Value::Null)?.json(engine)
    })
}

/// `authz_set_role_order(json_array)` → the slugs of all environment roles in their new order, as a JSON array. The roles that the array
/// names come first, the others follow in the order they had.
fn set_order(engine: &Engine, call: &Arguments<'_>) -> Result<String> {
    let mut order = list("roles", call.required_text(0, "roles")?, "role")?;
    engine.atomically(|| {
        for slug in &order {
            environment_role(engine, slug)?;
        }
        for slug in engine.strings(include_str!("../../sql/manage/roles/slugs.sql"), &[&Value::Null])? {
            if !order.contains(&slug) {
                order.push(slug);
            }
        }
        for (place, slug) in (1_i64..).zip(&order) {
            engine.with(include_str!("../../sql/manage/roles/set_priority.sql"), |statement| Ok(statement.execute((slug, place))?))?;
        }
        Ok(json!(order).to_string())
    })
}

/// `authz_role(slug [, organization])` → the role as JSON, NULL for NULL. An unknown one is an error that suggests the nearest.
fn show(engine: &Engine, call: &Arguments<'_>) -> Result<Option<String>> {
    let Some(slug) = call.text(0, "role")? else { return Ok(None) };
    found(engine, slug, &organization(engine, call, 1)?)?.json(engine).map(Some)
}
