//! `authz_list_assignments`: the roles that a subject holds, each with where it comes from.

use std::rc::Rc;

use rusqlite::types::Value;
use rusqlite::{Connection, params};

use crate::facts::store::Store;
use crate::sqlite::error::{Error, Result};
use crate::sqlite::table::{Call, Made, Rows, TableFunction, define};

/// Registers the function of this module.
pub(crate) fn register(connection: &Connection, store: &Rc<Store>) -> rusqlite::Result<()> {
    define(connection, store, &LIST_ASSIGNMENTS, list_assignments)
}

/// `authz_list_assignments(subject [, resource_type, resource_id])`: the role assignments in force that are the subject's own or those of a
/// group that contains it, also by way of other groups; everywhere, or on that resource itself. `source` is `direct` or `group`, and
/// `group_id` says which group, NULL for a direct one. A role that comes several ways has several rows.
///
/// The subject's own first, then group by group; each by resource type, id and role.
static LIST_ASSIGNMENTS: TableFunction = TableFunction {
    name: "authz_list_assignments",
    columns: &["role", "organization", "resource_type", "resource_id", "source", "group_id", "expires_at", "created_at", "updated_at"],
    arguments: &["of_subject", "on_type", "on_id"],
    required: 1,
    bounded: None,
    expected_rows: 50,
};

fn list_assignments(store: &Rc<Store>, call: Call) -> Result<Box<dyn Rows>> {
    let (subject, slug, id) = (call.text(0, "subject")?, call.text(1, "resource type")?, call.id(2, "resource id")?);
    if call.given(1) != call.given(2) {
        return Err(Error::refused("a resource has a type and an id; give both or neither"));
    }
    let Some(subject) = subject else { return Ok(Made::none()) };
    store.read(|reader| {
        let on = match (slug, id) {
            (Some(slug), Some(id)) => {
                let resource_type = reader.resource_type(slug)?;
                let node = reader.node(resource_type, id.id());
                Some(reader.slug_and_id(node)?)
            }
            _ if call.given(1) => return Ok(Made::none()),
            _ => None,
        };
        let (slug, id) = on.unzip();
        let now = store.clock.text();
        let who = reader.subject(subject)?;
        let mut rows = Vec::new();
        for (place, carrier) in reader.carriers(who)?.into_iter().enumerate() {
            let group = carrier.strip_prefix("group:").filter(|_| place > 0);
            let source = Value::Text(if group.is_some() { "group" } else { "direct" }.to_owned());
            let group = group.map_or(Value::Null, |group| Value::Text(group.to_owned()));
            store.engine.with(include_str!("../../sql/access/assignments/of_subject.sql"), |statement| {
                let mut found = statement.query(params![carrier, slug, id, now])?;
                while let Some(row) = found.next()? {
                    let [role, organization, resource_type, resource_id] = [0, 1, 2, 3].map(|column| row.get(column));
                    let [expires_at, created_at, updated_at] = [4, 5, 6].map(|column| row.get(column));
                    let (source, group) = (source.clone(), group.clone());
                    rows.push(vec![
                        role?,
                        organization?,
                        resource_type?,
                        resource_id?,
                        source,
                        group,
                        expires_at?,
                        created_at?,
                        updated_at?,
                    ]);
                }
                Ok(())
            })?;
        }
        Ok(Made::rows(rows))
    })
}
