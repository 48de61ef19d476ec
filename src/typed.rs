//! The questions and writes that a Rust application asks most, as functions of Rust. Each runs the SQL function of the same name.
//!
//! A resource id is whatever rusqlite binds: an integer, a text, a BLOB.

use rusqlite::types::{FromSql, Value};
use rusqlite::{Connection, Params, ToSql, params};

use crate::sqlite::error::{Error, Result};

/// Whether a subject has a permission on a resource: `authz_check`.
///
/// # Errors
/// A name that the model does not know; no schema; a lock.
///
/// ```
/// # let connection = authz::rusqlite::Connection::open_in_memory()?;
/// # authz::register(&connection)?;
/// # authz::migrate(&connection)?;
/// # authz::call(&connection, "apply", &serde_json::json!([r#"{"resource_types": {"document": {}},
/// #     "permissions": {"document:read": {"resource_type": "document"}},
/// #     "roles": {"reader": {"resource_type": "document", "permissions": ["document:read"]}}}"#]))?;
/// # authz::call(&connection, "put_resource", &serde_json::json!(["document", 42, null, null]))?;
/// assert!(!authz::check(&connection, "user:ana", "document:read", "document", 42)?);
/// assert!(authz::grant(&connection, "user:ana", "reader", "document", 42)?);
/// assert!(authz::check(&connection, "user:ana", "document:read", "document", 42)?);
/// # Ok::<(), authz::Error>(())
/// ```
pub fn check(connection: &Connection, subject: &str, permission: &str, resource_type: &str, resource_id: impl ToSql) -> Result<bool> {
    one(connection, "SELECT authz_check(?1, ?2, ?3, ?4)", params![subject, permission, resource_type, resource_id])
}

/// Nothing where a subject has a permission on a resource, otherwise an error for which [`Error::is_denied`]
/// is true: `authz_require`.
///
/// # Errors
/// The subject lacks the permission; a name that the model does not know; no schema; a lock.
///
/// ```
/// # let connection = authz::rusqlite::Connection::open_in_memory()?;
/// # authz::register(&connection)?;
/// # authz::migrate(&connection)?;
/// # authz::call(&connection, "apply", &serde_json::json!([r#"{"resource_types": {"document": {}},
/// #     "permissions": {"document:read": {"resource_type": "document"}}}"#]))?;
/// let refused = authz::require(&connection, "user:ana", "document:read", "document", 42).unwrap_err();
/// assert!(refused.is_denied(), "answer 403");
/// # Ok::<(), authz::Error>(())
/// ```
pub fn require(connection: &Connection, subject: &str, permission: &str, resource_type: &str, resource_id: impl ToSql) -> Result<()> {
    one::<i64>(connection, "SELECT authz_require(?1, ?2, ?3, ?4)", params![subject, permission, resource_type, resource_id]).map(drop)
}

/// Why a subject has a permission on a resource, or what is missing, as the JSON of `authz_explain`.
///
/// # Errors
/// As [`check`].
///
/// ```
/// # let connection = authz::rusqlite::Connection::open_in_memory()?;
/// # authz::register(&connection)?;
/// # authz::migrate(&connection)?;
/// # authz::call(&connection, "apply", &serde_json::json!([r#"{"resource_types": {"document": {}},
/// #     "permissions": {"document:read": {"resource_type": "document"}}}"#]))?;
/// let explanation = authz::explain(&connection, "user:ana", "document:read", "document", 42)?;
/// assert_eq!(explanation["allowed"], false);
/// # Ok::<(), authz::Error>(())
/// ```
pub fn explain(
    connection: &Connection,
    subject: &str,
    permission: &str,
    resource_type: &str,
    resource_id: impl ToSql,
) -> Result<serde_json::Value> {
    let sql = "SELECT authz_explain(?1, ?2, ?3, ?4)";
    let text: String = one(connection, sql, params![subject, permission, resource_type, resource_id])?;
    serde_json::from_str(&text).map_err(|error| Error::Refused(error.to_string()))
}

/// Gives a subject a role on a resource: `authz_grant`. True where the subject did not hold it before.
///
/// # Errors
/// A role or a resource that is not there; a role of another type or organization; no schema; a lock.
///
/// The example of [`check`] shows it.
pub fn grant(connection: &Connection, subject: &str, role: &str, resource_type: &str, resource_id: impl ToSql) -> Result<bool> {
    one(connection, "SELECT authz_grant(?1, ?2, ?3, ?4)", params![subject, role, resource_type, resource_id])
}

/// Takes a role on a resource from a subject: `authz_revoke`. True where the subject held it.
///
/// # Errors
/// As [`grant`].
///
/// ```
/// # let connection = authz::rusqlite::Connection::open_in_memory()?;
/// # authz::register(&connection)?;
/// # authz::migrate(&connection)?;
/// # authz::call(&connection, "apply", &serde_json::json!([r#"{"resource_types": {"document": {}},
/// #     "roles": {"reader": {"resource_type": "document"}}}"#]))?;
/// # authz::call(&connection, "put_resource", &serde_json::json!(["document", 42, null, null]))?;
/// authz::grant(&connection, "user:ana", "reader", "document", 42)?;
/// assert!(authz::revoke(&connection, "user:ana", "reader", "document", 42)?);
/// assert!(!authz::revoke(&connection, "user:ana", "reader", "document", 42)?);
/// # Ok::<(), authz::Error>(())
/// ```
pub fn revoke(connection: &Connection, subject: &str, role: &str, resource_type: &str, resource_id: impl ToSql) -> Result<bool> {
    one(connection, "SELECT authz_revoke(?1, ?2, ?3, ?4)", params![subject, role, resource_type, resource_id])
}

/// The ids of the resources of a type on which a subject has a permission, in the order of `authz_list_resources`.
///
/// # Errors
/// As [`check`]; an id that is not a `T`.
///
/// ```
/// # let connection = authz::rusqlite::Connection::open_in_memory()?;
/// # authz::register(&connection)?;
/// # authz::migrate(&connection)?;
/// # authz::call(&connection, "apply", &serde_json::json!([r#"{"resource_types": {"document": {}},
/// #     "permissions": {"document:read": {"resource_type": "document"}}}"#]))?;
/// let ids: Vec<i64> = authz::list_resources(&connection, "user:ana", "document:read", "document")?;
/// assert!(ids.is_empty());
/// # Ok::<(), authz::Error>(())
/// ```
pub fn list_resources<T: FromSql>(connection: &Connection, subject: &str, permission: &str, resource_type: &str) -> Result<Vec<T>> {
    let sql = "SELECT resource_id FROM authz_list_resources(?1, ?2, ?3)";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_map([subject, permission, resource_type], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
}

/// The subjects that have a permission on a resource, groups and their members both, in the order of `authz_list_subjects`.
///
/// # Errors
/// As [`check`].
///
/// ```
/// # let connection = authz::rusqlite::Connection::open_in_memory()?;
/// # authz::register(&connection)?;
/// # authz::migrate(&connection)?;
/// # authz::call(&connection, "apply", &serde_json::json!([r#"{"resource_types": {"document": {}},
/// #     "permissions": {"document:read": {"resource_type": "document"}}}"#]))?;
/// assert!(authz::list_subjects(&connection, "document:read", "document", 42)?.is_empty());
/// # Ok::<(), authz::Error>(())
/// ```
pub fn list_subjects(connection: &Connection, permission: &str, resource_type: &str, resource_id: impl ToSql) -> Result<Vec<String>> {
    let mut statement = connection.prepare_cached("SELECT subject FROM authz_list_subjects(?1, ?2, ?3)")?;
    let rows = statement.query_map(params![permission, resource_type, resource_id], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Runs any writing function by its name without `authz_`, with a JSON array of arguments, as `INSERT INTO authz_call` does; what it
/// answers.
///
/// # Errors
/// What the function refuses; a function that does not write; a lock; a full disk. Nothing is written then.
///
/// ```
/// # let connection = authz::rusqlite::Connection::open_in_memory()?;
/// # authz::register(&connection)?;
/// # authz::migrate(&connection)?;
/// use authz::rusqlite::types::Value;
/// use serde_json::json;
///
/// assert_eq!(authz::call(&connection, "put_resource", &json!(["organization", "acme", null, null]))?, Value::Integer(1));
/// assert!(authz::call(&connection, "put_resource", &json!(["planet", 3, null, null])).is_err());
/// # Ok::<(), authz::Error>(())
/// ```
pub fn call(connection: &Connection, function: &str, arguments: &serde_json::Value) -> Result<Value> {
    let sql = "INSERT INTO authz_call(function, arguments) VALUES (?1, ?2) RETURNING authz_result()";
    one(connection, sql, params![function, arguments.to_string()])
}

fn one<T: FromSql>(connection: &Connection, sql: &str, parameters: impl Params) -> Result<T> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(parameters)?;
    let Some(row) = rows.next()? else { return Err(rusqlite::Error::QueryReturnedNoRows.into()) };
    let answer = row.get(0)?;
    // To the end, so that what was written is there before the answer is.
    while rows.next()?.is_some() {}
    Ok(answer)
}
