//! `authz_define_attribute`, `authz_undefine_attribute`, `authz_map_attribute`, `authz_set_attributes`, `authz_attributes`,
//! `authz_attribute_problems`: what identity providers tell about people.
//!
//! An attribute is defined once for the file and mapped for each provider to where it lies in that provider's payloads. Payloads are kept
//! as they came, so that a definition or a mapping holds at once for what was told before.

pub(crate) mod holders;
pub(crate) mod path;
pub(crate) mod values;

use std::collections::HashMap;
use std::rc::Rc;

use rusqlite::types::Value as Cell;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::Value;

use self::holders::{APPLICATION, Holder, find_organization, forget, record, stored_organization, work_out_anew};
use self::path::Path;
use self::values::{Source, Type};
use crate::base::identifier::{Id, IdRef, check_id, check_type_slug};
use crate::base::json::{Json, MAX_DESCRIPTION, object, quoted, refused, text, unknown_field, words};
use crate::base::refusal::{nearest, shown};
use crate::identity::state::Identity;
use crate::outbox::call::as_one_call;
use crate::sqlite::connection::Engine;
use crate::sqlite::error::{Error, Result};
use crate::sqlite::scalar::{Arguments, Effect};
use crate::sqlite::table::{Answer, Call, Made, TableFunction};

/// Registers the functions of this module.
pub(crate) fn register(connection: &Connection, identity: &Rc<Identity>) -> rusqlite::Result<()> {
    crate::sqlite::scalar::define(connection, identity, "authz_define_attribute", 1..=2, Effect::Writes, define)?;
    crate::sqlite::scalar::define(connection, identity, "authz_undefine_attribute", 1..=1, Effect::Writes, undefine)?;
    crate::sqlite::scalar::define(connection, identity, "authz_map_attribute", 3..=3, Effect::Writes, map)?;
    crate::sqlite::scalar::define(connection, identity, "authz_set_attributes", 4..=4, Effect::Writes, set)?;
    crate::sqlite::table::define(connection, identity, &ATTRIBUTES, attributes)?;
    crate::sqlite::table::define(connection, identity, &PROBLEMS, problems)
}

/// A row of `authz_attribute_definitions`.
struct Definition {
    kind: String,
    type_name: String,
    description: Option<String>,
    shown: bool,
}

impl Definition {
    /// Whether payloads are looked at for it.
    fn in_force(&self) -> bool {
        self.shown || self.kind == "standard"
    }
}

fn find(engine: &Engine, name: &str) -> Result<Option<Definition>> {
    engine.with(include_str!("../../../sql/identity/attributes/definition.sql"), |statement| {
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Definition { kind: row.get(0)?, type_name: row.get(1)?, description: row.get(2)?, shown: row.get(3)? })
        };
        Ok(statement.query_row([name], read).optional()?)
    })
}

/// The attribute of that name that is in force, or a refusal with the next step.
fn in_force(engine: &Engine, name: &str) -> Result<Definition> {
    match find(engine, name)? {
        Some(definition) if definition.in_force() => Ok(definition),
        Some(_) => Err(Error::refused(format!(
            "the attribute `{name}` is predefined and not switched on; SELECT authz_define_attribute('{name}') switches it on"
        ))),
        None => {
            let known = engine.strings(include_str!("../../../sql/identity/attributes/names.sql"), params!["standard"])?;
            let near = match nearest(name, known.iter().map(String::as_str)) {
                near if near.is_empty() => "; define it first with authz_define_attribute".to_owned(),
                near => near,
            };
            Err(Error::refused(format!("unknown attribute {}{near}", quoted(name))))
        }
    }
}

/// `authz_define_attribute(name [, json])` → 1 if something changed, else 0.
///
/// Makes an attribute known, or changes one: `{"type": "string", "description": "…"}`, where the type is `string` (what it is when none is
/// given), `number`, `boolean`, `array` or `object`. Naming a predefined attribute switches it on. Memberships show every attribute that is
/// custom or switched on, as null until a provider tells it; what was told before is looked through at once.
///
/// Refuses standard attributes, which are always there, another type for a predefined one, unknown fields and types, and a name that has
/// anything but 1 to 128 letters, digits, `_` and `-`.
fn define(identity: &Identity, call: &Arguments<'_>) -> Result<i64> {
    let engine = &identity.engine;
    let name = call.required_text(0, "attribute")?;
    check_type_slug("attribute", name)?;
    let given = call.text(1, "definition")?.map(fields).transpose()?.unwrap_or_default();
    engine.atomically(|| {
        let old = find(engine, name)?;
        let kind = old.as_ref().map_or("custom", |old| old.kind.as_str());
        if kind == "standard" {
            return Err(Error::refused(format!("`{name}` is a standard attribute and always there; choose another name")));
        }
        let old_type = old.as_ref().map(|old| old.type_name.as_str());
        let type_name = given.type_name.as_deref().or(old_type).unwrap_or("string");
        if kind == "predefined" && old_type.is_some_and(|old| old != type_name) {
            let old = old_type.unwrap_or_default();
            return Err(Error::refused(format!("the predefined attribute `{name}` is of type `{old}`; leave the type out")));
        }
        let old_description = old.as_ref().and_then(|old| old.description.clone());
        let description = given.description.unwrap_or_else(|| old_description.clone());
        let same_values = old_type == Some(type_name) && old.as_ref().is_some_and(|old| old.shown);
        if same_values && description == old_description {
            return Ok(0);
        }
        as_one_call(engine, || {
            engine.with(include_str!("../../../sql/identity/attributes/define.sql"), |statement| {
                Ok(statement.execute(params![name, type_name, description])?)
            })?;
            if !same_values {
                work_out_anew(engine, None)?;
            }
            Ok(1)
        })
    })
}

/// What a definition says; `None` where it does not.
#[derive(Default)]
struct Fields {
    type_name: Option<String>,
    description: Option<Option<String>>,
}

fn fields(json: &str) -> Result<Fields> {
    let mut all = Fields::default();
    for (field, value) in object("attribute", Json::parse("the definition", json)?)? {
        let place = format!("attribute.{}", shown(&field));
        match field.as_str() {
            "type" => {
                let name = text(&place, value)?;
                if Type::named(&name).is_none() {
                    let near = nearest(&name, Type::NAMES);
                    let next = if near.is_empty() { format!("; the types are `{}`", Type::NAMES.join("`, `")) } else { near };
                    return refused(&place, format!("unknown type {}{next}", quoted(&name)));
                }
                all.type_name = Some(name);
            }
            "description" => all.description = Some(words(&place, value, MAX_DESCRIPTION)?),
            _ => return unknown_field("attribute", &field, &["type", "description"]),
        }
    }
    Ok(all)
}

/// `authz_undefine_attribute(name)` → 1 if something changed, else 0.
///
/// Takes a custom attribute away, or switches a predefined one off; its mappings go with it, and memberships no longer show it.
///
/// Refuses standard attributes and unknown names.
fn undefine(identity: &Identity, call: &Arguments<'_>) -> Result<i64> {
    let engine = &identity.engine;
    let name = call.required_text(0, "attribute")?;
    engine.atomically(|| {
        let Some(old) = find(engine, name)? else { return in_force(engine, name).map(|_| 0) };
        match old.kind.as_str() {
            "standard" => return Err(Error::refused(format!("`{name}` is a standard attribute and always there; undefine another"))),
            _ if !old.shown => return Ok(0),
            _ => {}
        }
        as_one_call(engine, || {
            let sql = match old.kind.as_str() {
                "predefined" => include_str!("../../../sql/identity/attributes/switch_off.sql"),
                _ => include_str!("../../../sql/identity/attributes/undefine.sql"),
            };
            engine.with(sql, |statement| Ok(statement.execute([name])?))?;
            engine.with(include_str!("../../../sql/identity/attributes/delete_mappings_of_name.sql"), |statement| {
                Ok(statement.execute([name])?)
            })?;
            work_out_anew(engine, None)?;
            Ok(1)
        })
    })
}

/// `authz_map_attribute(connection_or_directory, name, path)` → 1 if something changed, else 0.
///
/// Says where in that provider's payloads the attribute lies: a SCIM path, a SAML claim name or a dotted path. A NULL path takes the
/// mapping back. The values of everybody whom the provider has told of are worked out anew at once from what it told.
///
/// Refuses unknown providers, attributes that are not in force, and paths whose brackets are wrong.
fn map(identity: &Identity, call: &Arguments<'_>) -> Result<i64> {
    let engine = &identity.engine;
    let provider = call.required_text(0, "connection or directory")?;
    check_id("connection or directory", provider)?;
    let name = call.required_text(1, "attribute")?;
    let path = call.text(2, "path")?;
    if let Some(Err(wrong)) = path.map(Path::parse) {
        return Err(Error::refused(format!("the path {} cannot be read: {wrong}", quoted(path.unwrap_or_default()))));
    }
    engine.atomically(|| {
        if path.is_some() && !provider_exists(engine, provider)? {
            return Err(Error::refused(format!("there is no connection or directory {}; give the id of one", quoted(provider))));
        }
        in_force(engine, name)?;
        let old: Option<String> = engine.with(include_str!("../../../sql/identity/attributes/mapping.sql"), |statement| {
            Ok(statement.query_row([provider, name], |row| row.get(0)).optional()?)
        })?;
        if old.as_deref() == path {
            return Ok(0);
        }
        as_one_call(engine, || {
            match path {
                Some(path) => engine.with(include_str!("../../../sql/identity/attributes/map.sql"), |statement| {
                    Ok(statement.execute([provider, name, path])?)
                })?,
                None => engine.with(include_str!("../../../sql/identity/attributes/unmap.sql"), |statement| {
                    Ok(statement.execute([provider, name])?)
                })?,
            };
            work_out_anew(engine, Some(provider))?;
            Ok(1)
        })
    })
}

fn provider_exists(engine: &Engine, provider: &str) -> Result<bool> {
    engine.with(include_str!("../../../sql/identity/attributes/provider.sql"), |statement| Ok(statement.exists([provider])?))
}

/// `authz_set_attributes(user, organization, source, json)` → 1 if the user's attributes there changed, else 0.
///
/// For applications that do their own sign-in: the attributes of a user in an organization by name, all of them at once, as a source
/// (`directory` or `sso`) has told them. Attributes that are left out are null; NULL in place of the JSON takes back what was set. A value
/// of another type than the attribute's is kept, shown as null, and listed by `authz_attribute_problems`.
///
/// Refuses unknown users, organizations, sources and attributes, and anything but a JSON object.
fn set(identity: &Identity, call: &Arguments<'_>) -> Result<i64> {
    let engine = &identity.engine;
    let user = call.required_text(0, "user")?;
    let organization = call.required_id(1, "organization")?;
    let source = call.required_text(2, "source")?;
    let Some(source) = Source::named(source) else {
        let near = nearest(source, Source::NAMES);
        let next = if near.is_empty() { "; it is `directory` or `sso`".to_owned() } else { near };
        return Err(Error::refused(format!("unknown source {}{next}", quoted(source))));
    };
    let given = match call.text(3, "attributes")? {
        None => None,
        Some(json) => {
            let names = object("attributes", Json::parse("the JSON of the attributes", json)?)?;
            let values: Value = serde_json::from_str(json).map_err(|error| Error::refused(format!("the attributes: {error}")))?;
            Some((names, values))
        }
    };
    as_one_call(engine, || {
        if !engine.with(include_str!("../../../sql/identity/attributes/user_exists.sql"), |statement| Ok(statement.exists([user])?))? {
            return Err(Error::refused(format!("unknown user {}; insert it into authz_users first", quoted(user))));
        }
        let organization = Id::stored((&stored_organization(engine, organization.id())?).into());
        let known =
            |engine: &Engine| Ok::<_, Error>(of_member(engine, user, organization.as_ref())?.map(|known| (known.attributes, known.source)));
        let before = known(engine)?;
        let holder = Holder { source, provider: APPLICATION, key: user, user: Some(user), organization: &organization };
        match &given {
            Some((names, values)) => {
                for (name, _) in names {
                    in_force(engine, name)?;
                }
                record(identity, &holder, values)?;
            }
            None => {
                forget(engine, &holder)?;
            }
        }
        Ok(i64::from(before != known(engine)?))
    })
}

/// What is known of a user in an organization, by the source that a membership shows.
struct Known {
    /// JSON
    attributes: String,
    source: String,
    provider: String,
    last_seen_at: String,
}

fn of_member(engine: &Engine, user: &str, organization: IdRef<'_>) -> Result<Option<Known>> {
    let Some(organization) = find_organization(engine, organization)? else { return Ok(None) };
    engine.with(include_str!("../../../sql/identity/attributes/of_member.sql"), |statement| {
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Known { attributes: row.get(0)?, source: row.get(1)?, provider: row.get(2)?, last_seen_at: row.get(3)? })
        };
        Ok(statement.query_row(params![user, organization], read).optional()?)
    })
}

/// `authz_attributes(user, organization)`: every attribute in force of a user in an organization, in the order of the names: `name`,
/// `value` (arrays and objects as JSON, booleans as 1 and 0, NULL where nothing is known), `source` that told it (`directory` or `sso`),
/// `last_seen_at`, and `provider`, the id of the connection or directory, NULL where the application set it.
///
/// An unknown user or organization has none.
static ATTRIBUTES: TableFunction = TableFunction {
    name: "authz_attributes",
    columns: &["name", "value", "source", "last_seen_at", "provider"],
    arguments: &["user", "organization"],
    required: 2,
    bounded: None,
    expected_rows: 10,
};

fn attributes(identity: &Rc<Identity>, call: Call) -> Answer {
    let engine = &identity.engine;
    let (Some(user), Some(organization)) = (call.text(0, "user")?, call.id(1, "organization")?) else { return Ok(Made::none()) };
    let Some(known) = of_member(engine, user, organization.id())? else { return Ok(Made::none()) };
    let row = |name: String, value: &Value| {
        vec![
            Cell::Text(name),
            plain(value),
            Cell::Text(known.source.clone()),
            Cell::Text(known.last_seen_at.clone()),
            provider(&known.provider),
        ]
    };
    Ok(Made::rows(members(&known.attributes)?.into_iter().map(|(name, value)| row(name, &value)).collect()))
}

/// A value as SQL has it.
fn plain(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Bool(yes) => Cell::Integer(i64::from(*yes)),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => Cell::Integer(integer),
            None => number.as_f64().map_or(Cell::Null, Cell::Real),
        },
        Value::String(text) => Cell::Text(text.clone()),
        other => Cell::Text(other.to_string()),
    }
}

fn provider(id: &str) -> Cell {
    match id {
        APPLICATION => Cell::Null,
        id => Cell::Text(id.to_owned()),
    }
}

fn members(json: &str) -> Result<serde_json::Map<String, Value>> {
    serde_json::from_str(json).map_err(|error| Error::refused(format!("the stored attributes cannot be read: {error}")))
}

/// `authz_attribute_problems()`: what was told of a type that is not the attribute's: `name`, its `type`, `found` as JSON, the `user`
/// (NULL for a directory user that is none yet) and `organization`, `source` and `provider` as in `authz_attributes`, `key` (the
/// provider's name for the person) and `last_seen_at`.
static PROBLEMS: TableFunction = TableFunction {
    name: "authz_attribute_problems",
    columns: &["name", "type", "found", "user", "organization", "source", "provider", "key", "last_seen_at"],
    arguments: &[],
    required: 0,
    bounded: None,
    expected_rows: 100,
};

fn problems(identity: &Rc<Identity>, _call: Call) -> Answer {
    let engine = &identity.engine;
    let types: HashMap<String, Cell> = engine.with(include_str!("../../../sql/identity/attributes/types.sql"), |statement| {
        Ok(statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?)
    })?;
    engine.with(include_str!("../../../sql/identity/attributes/problems.sql"), |statement| {
        let mut all = Vec::new();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            for (name, found) in members(&row.get::<_, String>(0)?)? {
                let kind = types.get(&name).cloned().unwrap_or(Cell::Null);
                let provider = provider(&row.get::<_, String>(4)?);
                let found = Cell::Text(found.to_string());
                let (user, organization, source) = (row.get(1)?, row.get(2)?, row.get(3)?);
                all.push(vec![Cell::Text(name), kind, found, user, organization, source, provider, row.get(5)?, row.get(6)?]);
            }
        }
        Ok(Made::rows(all))
    })
}
