//! `authz_list_subjects`: the subjects that have a permission on a resource, exactly those to which `authz_check` says yes.

use std::rc::Rc;

use rusqlite::Connection;
use rusqlite::types::Value;

use super::candidates::{self, Wanted};
use super::directly::Directly;
use crate::base::refusal::{nearest, shown};
use crate::decide::goal::Goal;
use crate::facts::reader::Reader;
use crate::facts::store::Store;
use crate::sqlite::error::{Error, Result};
use crate::sqlite::table::{Call, Made, Rows, TableFunction, define};

/// Registers the function of this module.
pub(crate) fn register(connection: &Connection, store: &Rc<Store>) -> rusqlite::Result<()> {
    define(connection, store, &LIST_SUBJECTS, list_subjects)
}

/// `authz_list_subjects(permission, resource_type, resource_id [, kind])`: every subject that has the permission or relation there,
/// directly or through a group; groups and their members both, in the order of their text.
///
/// Whoever has it only as one of everybody is answered as the wildcard, such as `user:*`. `kind` keeps to one type (`user`), or lists
/// usersets (`group#member`), which are listed only so. `assignment` is `direct` where a role assignment or a relationship on the resource
/// itself names the subject, or a group that contains it; `indirect` where all that gives it lies above the resource or at another.
static LIST_SUBJECTS: TableFunction = TableFunction {
    name: "authz_list_subjects",
    columns: &["subject", "assignment"],
    arguments: &["permission", "resource_type", "resource_id", "kind"],
    required: 3,
    bounded: None,
    expected_rows: 100,
};

/// The column that says how.
const ASSIGNMENT: usize = 1;

fn list_subjects(store: &Rc<Store>, call: Call) -> Result<Box<dyn Rows>> {
    let (permission, slug, id) = (call.text(0, "permission")?, call.text(1, "resource type")?, call.id(2, "resource id")?);
    let (Some(permission), Some(slug), Some(id)) = (permission, slug, id) else { return Ok(Made::none()) };
    store.read(|reader| {
        let resource_type = reader.resource_type(slug)?;
        let relation = reader.relation(permission, resource_type)?;
        let wanted = match call.text(3, "kind of subject")? {
            Some(kind) => wanted(reader, kind)?,
            None if call.given(3) => return Ok(Made::none()),
            None => Wanted::Any,
        };
        let node = reader.node(resource_type, id.id());
        let goal = Goal { relation, node };
        let subjects = candidates::subjects(reader, goal, wanted)?;
        // Worked out only for a statement that asks for it.
        let directly = match call.columns_used & 1 << ASSIGNMENT {
            0 => None,
            _ => Some(Directly::of(reader, goal, wanted)?),
        };
        let mut rows = Vec::with_capacity(subjects.len());
        for subject in subjects {
            let assignment = match &directly {
                Some(directly) if directly.names(reader, &subject)? => Value::Text("direct".to_owned()),
                Some(_) => Value::Text("indirect".to_owned()),
                None => Value::Null,
            };
            rows.push(vec![Value::Text(subject), assignment]);
        }
        Ok(Made::rows(rows))
    })
}

/// Reads a kind of subject: `user`, `group#member`.
fn wanted(reader: &mut Reader<'_>, kind: &str) -> Result<Wanted> {
    let rules = reader.rules()?;
    let (slug, relation) = kind.split_once('#').map_or((kind, None), |(slug, relation)| (slug, Some(relation)));
    let of = rules
        .types
        .key(slug)
        .ok_or_else(|| Error::refused(format!("unknown subject type `{}`{}", shown(slug), nearest(slug, rules.types.of_subjects()))))?;
    let Some(name) = relation else { return Ok(Wanted::Type(of)) };
    rules.relation(of, name).map(Wanted::Usersets).ok_or_else(|| {
        let near = nearest(name, rules.names(of).map(|(name, _)| name));
        Error::refused(format!("unknown relation `{}` of `{slug}`{near}", shown(name)))
    })
}
