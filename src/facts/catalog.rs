//! Resource types that are declared and resources that are registered, looked up in the tables one by one: for the functions that write,
//! and for whoever has to refuse a name that is not known.

use rusqlite::params;
use rusqlite::types::Value;

use crate::base::identifier::BUILT_IN_SUBJECT_TYPES;
use crate::base::refusal::{nearest, shown};
use crate::sqlite::connection::Engine;
use crate::sqlite::error::{Error, Result};
use crate::sqlite::value::GivenId;

/// A row of `authz_resources`, the ids with the type they are stored with.
pub(crate) struct Resource {
    pub(crate) id: Value,
    pub(crate) parent: Option<(String, Value)>,
    pub(crate) organization: Value,
    pub(crate) name: Option<String>,
    pub(crate) given_external_id: Option<String>,
}

/// The registered resource of that type and id.
pub(crate) fn find_resource(engine: &Engine, resource_type: &str, id: &GivenId<'_>) -> Result<Option<Resource>> {
    let (first, second) = id.id().forms();
    find_either(engine, resource_type, &first, second.as_ref())
}

/// The same for an id that has the type it is stored with.
pub(crate) fn find_stored_resource(engine: &Engine, resource_type: &str, id: &Value) -> Result<Option<Resource>> {
    find_either(engine, resource_type, id, None)
}

fn find_either(engine: &Engine, resource_type: &str, first: &Value, second: Option<&Value>) -> Result<Option<Resource>> {
    engine.with(include_str!("../../sql/facts/catalog/find.sql"), |statement| {
        let mut rows = statement.query(params![resource_type, first, second])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let parent = match row.get::<_, Option<String>>(1)? {
            Some(parent_type) => Some((parent_type, row.get(2)?)),
            None => None,
        };
        Ok(Some(Resource { id: row.get(0)?, parent, organization: row.get(3)?, name: row.get(4)?, given_external_id: row.get(5)? }))
    })
}

/// Refuses a resource type that is not declared, and suggests the nearest.
pub(crate) fn check_type(engine: &Engine, resource_type: &str) -> Result<()> {
    if engine.with(include_str!("../../sql/facts/catalog/type_exists.sql"), |statement| Ok(statement.exists([resource_type])?))? {
        return Ok(());
    }
    let known = engine.strings(include_str!("../../sql/facts/catalog/types.sql"), params![])?;
    Err(Error::refused(format!(
        "unknown resource type `{}`{}",
        shown(resource_type),
        nearest(resource_type, known.iter().map(String::as_str))
    )))
}

/// Refuses a subject type that is neither built in nor declared, and suggests the nearest.
pub(crate) fn check_subject_type(engine: &Engine, subject_type: &str) -> Result<()> {
    if BUILT_IN_SUBJECT_TYPES.contains(&subject_type) {
        return Ok(());
    }
    if engine.with(include_str!("../../sql/facts/catalog/type_exists.sql"), |statement| Ok(statement.exists([subject_type])?))? {
        return Ok(());
    }
    let known = engine.strings(include_str!("../../sql/facts/catalog/types.sql"), params![])?;
    let known = BUILT_IN_SUBJECT_TYPES.into_iter().chain(known.iter().map(String::as_str));
    Err(Error::refused(format!("unknown subject type `{}`{}", shown(subject_type), nearest(subject_type, known))))
}
