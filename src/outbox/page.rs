//! Reading the outbox: a page of events.
//!
//! Reading has one source, the view `authz_events`: `sql/outbox/page.sql` is its text with qualified tables.

use rusqlite::params;
use serde_json::json;

use crate::sqlite::connection::Engine;
use crate::sqlite::error::Result;

/// One row of `authz_events`.
pub(crate) struct Event {
    pub(crate) seq: i64,
    pub(crate) id: String,
    pub(crate) event: String,
    /// JSON
    pub(crate) data: String,
    /// JSON
    pub(crate) context: Option<String>,
    pub(crate) created_at: String,
}

impl Event {
    /// The event as WorkOS sends it; `context` is left out where there is none.
    pub(crate) fn envelope(&self) -> String {
        let context = self.context.as_ref().map(|context| format!(r#","context":{context}"#)).unwrap_or_default();
        format!(
            r#"{{"object":"event","id":{},"event":{},"data":{},"created_at":{}{context}}}"#,
            json!(self.id),
            json!(self.event),
            self.data,
            json!(self.created_at)
        )
    }
}

/// The events after `after` up to `until`, in order, at most `limit` of them.
pub(crate) fn page(engine: &Engine, after: i64, until: i64, limit: i64) -> Result<Vec<Event>> {
    engine.with(include_str!("../../sql/outbox/page.sql"), |statement| {
        let rows = statement.query_map(params![after, until, limit], |row| {
            Ok(Event {
                seq: row.get(0)?,
                id: row.get(1)?,
                event: row.get(2)?,
                data: row.get::<_, Option<String>>(3)?.unwrap_or_else(|| "null".to_owned()),
                context: row.get(4)?,
                created_at: row.get(5)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
    })
}
