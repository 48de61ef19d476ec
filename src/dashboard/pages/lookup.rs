//! What several pages look up: a resource, an organization, the time.

use authz::rusqlite::params;
use authz::rusqlite::types::Value;

use crate::dashboard::file::{as_integer, row, value};
use crate::dashboard::page::View;
use crate::dashboard::problem::Problem;

/// A resource that is registered.
pub(crate) struct Resource {
    pub(crate) resource_type: String,
    pub(crate) id: Value,
    pub(crate) parent: Option<(String, Value)>,
    pub(crate) organization: Value,
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
}

impl Resource {
    /// One that is not registered, and of which nothing is known but its type and its id.
    pub(crate) fn unregistered(resource_type: &str, id: &str) -> Resource {
        let number = as_integer(id);
        Resource {
            resource_type: resource_type.to_owned(),
            id: if number == Value::Null { Value::Text(id.to_owned()) } else { number },
            parent: None,
            organization: Value::Null,
            name: None,
            description: None,
            created_at: String::new(),
            updated_at: String::new(),
        }
    }
}

/// The resource of a type whose id is this text, or the integer that it stands for.
pub(crate) fn find(view: &View<'_>, resource_type: &str, id: &str) -> Result<Option<Resource>, Problem> {
    row(view.connection, include_str!("../../../sql/dashboard/find_resource.sql"), params![resource_type, id, as_integer(id)], |row| {
        let parent_type: Option<String> = row.get(1)?;
        Ok(Resource {
            resource_type: resource_type.to_owned(),
            id: row.get(0)?,
            parent: parent_type.map(|of| Ok::<_, authz::rusqlite::Error>((of, row.get(2)?))).transpose()?,
            organization: row.get(3)?,
            name: row.get(4)?,
            description: row.get(5)?,
            created_at: row.get(6)?,
            updated_at: row.get(7)?,
        })
    })
}

/// The organization that a text names, as its id is stored; NULL for none.
pub(crate) fn organization(view: &View<'_>, name: &str) -> Result<Value, Problem> {
    Ok(find(view, "organization", name)?.map_or(Value::Null, |found| found.id))
}

/// The moment, for comparing with expiries.
pub(crate) fn now(view: &View<'_>) -> Result<String, Problem> {
    value(view.connection, include_str!("../../../sql/dashboard/now.sql"), [])
}
