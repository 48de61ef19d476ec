//! `authz_put_directory`, `authz_remove_directory`, `authz_map_group_role`, `authz_unmap_group_role`: the directories of organizations,
//! and the roles that their groups give.
//!
//! What is in a directory comes through [`crate::identity::scim`].

use std::rc::Rc;

use rusqlite::types::Value;
use rusqlite::{Connection, params};

use crate::base::identifier::check_id;
use crate::base::refusal::{nearest, shown};
use crate::facts::catalog::{Resource, check_type, find_resource, find_stored_resource};
use crate::manage::assignments::organization_of;
use crate::outbox::call::as_one_call;
use crate::sqlite::connection::Engine;
use crate::sqlite::error::{Error, Result};
use crate::sqlite::scalar::{Arguments, Effect, define};

/// Registers the functions of this module.
pub(crate) fn register(connection: &Connection, engine: &Rc<Engine>) -> rusqlite::Result<()> {
    define(connection, engine, "authz_put_directory", 3..=4, Effect::Writes, put)?;
    define(connection, engine, "authz_remove_directory", 1..=1, Effect::Writes, remove)?;
    define(connection, engine, "authz_map_group_role", 3..=3, Effect::Writes, map)?;
    define(connection, engine, "authz_map_group_role", 5..=5, Effect::Writes, map)?;
    define(connection, engine, "authz_unmap_group_role", 3..=3, Effect::Writes, unmap)?;
    define(connection, engine, "authz_unmap_group_role", 5..=5, Effect::Writes, unmap)
}

/// What WorkOS calls the kinds of directory.
const TYPES: [&str; 23] = [
    "azure scim v2.0",
    "bamboohr",
    "breathe hr",
    "cezanne hr",
    "cyberark scim v2.0",
    "fourth hr",
    "generic scim v2.0",
    "gsuite directory",
    "gusto",
    "hibob",
    "jump cloud scim v2.0",
    "okta scim v2.0",
    "onelogin scim v2.0",
    "people hr",
    "personio",
    "pingfederate scim v2.0",
    "rippling",
    "rippling scim v2.0",
    "s3",
    "sailpoint scim v2.0",
    "sftp",
    "sftp workday",
    "workday",
];

/// A row of `authz_directories`.
pub(crate) struct Directory {
    pub(crate) id: String,
    /// With the type it is stored with
    pub(crate) organization: Value,
    name: String,
    kind: String,
    pub(crate) state: String,
}

fn find(engine: &Engine, id: &str) -> Result<Option<Directory>> {
    engine.with(include_str!("../../sql/identity/directories/find.sql"), |statement| {
        let mut rows = statement.query([id])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        Ok(Some(Directory { id: row.get(0)?, organization: row.get(1)?, name: row.get(2)?, kind: row.get(3)?, state: row.get(4)? }))
    })
}

/// The directory of that id, or a refusal that suggests the nearest.
pub(crate) fn found(engine: &Engine, id: &str) -> Result<Directory> {
    match find(engine, id)? {
        Some(directory) => Ok(directory),
        None => {
            let known = engine.strings(include_str!("../../sql/identity/directories/ids.sql"), &[])?;
            let near = nearest(id, known.iter().map(String::as_str));
            let next = if near.is_empty() { "; put it first with authz_put_directory" } else { &near };
            Err(Error::refused(format!("unknown directory `{}`{next}", shown(&id.escape_debug().to_string()))))
        }
    }
}

/// `authz_put_directory(id, organization, name [, type])` → 1 if something changed, else 0.
///
/// Inserts, or renames; one that was not active becomes so. The type is one of WorkOS's, `generic scim v2.0` unless said.
///
/// Refuses an unknown organization or type, and an id that is another organization's directory.
fn put(engine: &Engine, call: &Arguments<'_>) -> Result<i64> {
    let (id, name) = (call.required_text(0, "id")?, call.required_text(2, "name")?);
    let organization = call.required_id(1, "organization")?;
    let kind = call.text(3, "type")?;
    check_id("id", id)?;
    if !(1..=256).contains(&name.chars().count()) || name.contains('\0') {
        return Err(Error::refused("the name of a directory has 1 to 256 characters, and none of them is U+0000"));
    }
    if let Some(kind) = kind.filter(|kind| !TYPES.contains(kind)) {
        let near = nearest(kind, TYPES);
        return Err(Error::refused(format!("unknown type of directory `{}`{near}", shown(&kind.escape_debug().to_string()))));
    }
    engine.atomically(|| {
        let Some(organization) = find_resource(engine, "organization", &organization)? else {
            let id = shown(&organization.text());
            return Err(Error::refused(format!("unknown organization `{id}`; put it first with authz_put_resource")));
        };
        match find(engine, id)? {
            None => {
                engine.with(include_str!("../../sql/identity/directories/insert.sql"), |statement| {
                    Ok(statement.execute(params![id, organization.id, name, kind])?)
                })?;
                Ok(1)
            }
            Some(old) if old.organization != organization.id => {
                Err(Error::refused(format!("the directory `{}` belongs to another organization; choose another id", shown(id))))
            }
            Some(old) if old.name == name && kind.is_none_or(|kind| kind == old.kind) && old.state == "active" => Ok(0),
            Some(_) => {
                engine.with(include_str!("../../sql/identity/directories/update.sql"), |statement| {
                    Ok(statement.execute(params![id, name, kind])?)
                })?;
                Ok(1)
            }
        }
    })
}

/// `authz_remove_directory(id)` → 1 if something changed, else 0.
///
/// Its users and groups go. The memberships that it alone held up become inactive; those whom another active directory of the
/// organization holds up stay as they are.
fn remove(engine: &Engine, call: &Arguments<'_>) -> Result<i64> {
    let id = call.required_text(0, "id")?;
    as_one_call(engine, || {
        if find(engine, id)?.is_none() {
            return Ok(0);
        }
        for sql in [
            include_str!("../../sql/identity/directories/begin_to_delete.sql"),
            include_str!("../../sql/identity/directories/delete_groups.sql"),
            include_str!("../../sql/identity/directories/delete_users.sql"),
            include_str!("../../sql/identity/directories/delete.sql"),
        ] {
            engine.with(sql, |statement| Ok(statement.execute([id])?))?;
        }
        Ok(1)
    })
}

/// What a mapping names: the subject that stands for the group, the role with the organization it belongs to, the resource.
struct Mapping<'a> {
    subject: String,
    role: &'a str,
    role_organization: Value,
    resource_type: &'a str,
    resource: Resource,
}

impl<'a> Mapping<'a> {
    fn read(engine: &Engine, call: &Arguments<'a>) -> Result<Mapping<'a>> {
        let (directory, group, role) =
            (call.required_text(0, "directory")?, call.required_text(1, "group")?, call.required_text(2, "role")?);
        let directory = found(engine, directory)?;
        let group_id: Option<String> = engine.with(include_str!("../../sql/identity/directories/group.sql"), |statement| {
            let mut rows = statement.query(params![directory.id, group])?;
            Ok(rows.next()?.map(|row| row.get(0)).transpose()?)
        })?;
        let Some(group_id) = group_id else {
            return Err(Error::refused(format!(
                "the directory has no group `{}`; write its SCIM id, as it stands in authz_directory_groups",
                shown(&group.escape_debug().to_string())
            )));
        };
        let (resource_type, resource) = match call.count() {
            5 => {
                let (resource_type, id) = (call.required_text(3, "resource type")?, call.required_id(4, "resource id")?);
                check_type(engine, resource_type)?;
                let Some(resource) = find_resource(engine, resource_type, &id)? else {
                    let id = shown(&id.text());
                    return Err(Error::refused(format!(
                        "the {resource_type} `{id}` is not registered; put it first with authz_put_resource"
                    )));
                };
                (resource_type, resource)
            }
            _ => match find_stored_resource(engine, "organization", &directory.organization)? {
                Some(organization) => ("organization", organization),
                None => return Err(Error::refused("the organization of the directory is not registered")),
            },
        };
        if resource.organization != directory.organization {
            return Err(Error::refused(format!(
                "the {resource_type} lies in another organization than the directory; a directory group is given roles in its own alone"
            )));
        }
        let role_organization = organization_of(engine, role, resource_type, Some(&resource))?;
        Ok(Mapping { subject: format!("group:{group_id}"), role, role_organization, resource_type, resource })
    }
}

/// `authz_map_group_role(directory, group, role [, resource_type, resource_id])` → 1 if something changed, else 0.
///
/// Whoever is in the directory group, whose SCIM id is given, holds the role on the resource, which is the organization where none is
/// given. The assignment has the source `directory` and goes with the group.
///
/// Refuses a group of another directory, and a resource of another organization.
fn map(engine: &Engine, call: &Arguments<'_>) -> Result<i64> {
    engine.atomically(|| {
        let Mapping { subject, role, role_organization, resource_type, resource } = Mapping::read(engine, call)?;
        let there = include_str!("../../sql/identity/directories/mapped.sql");
        if engine.with(there, |statement| Ok(statement.exists(params![subject, resource_type, resource.id, role])?))? {
            return Ok(0);
        }
        engine.with(include_str!("../../sql/identity/directories/map.sql"), |statement| {
            Ok(statement.execute(params![subject, resource_type, resource.id, role, role_organization])?)
        })?;
        Ok(1)
    })
}

/// `authz_unmap_group_role(directory, group, role [, resource_type, resource_id])` → 1 if something changed, else 0.
///
/// Takes back what `authz_map_group_role` gave, and nothing that was granted directly.
fn unmap(engine: &Engine, call: &Arguments<'_>) -> Result<i64> {
    engine.atomically(|| {
        let Mapping { subject, role, resource_type, resource, .. } = Mapping::read(engine, call)?;
        let gone = engine.with(include_str!("../../sql/identity/directories/unmap.sql"), |statement| {
            Ok(statement.execute(params![subject, resource_type, resource.id, role])?)
        })?;
        Ok(i64::from(gone > 0))
    })
}
