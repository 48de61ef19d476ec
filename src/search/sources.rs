//! What an administrator finds besides resources and the application's own pages: each kind a [`Source`].

use rusqlite::types::{Value, ValueRef};

use super::viewer::text;
use crate::facts::store::Store;
use crate::sqlite::error::Result;

/// A kind of thing, and the statement that lists all of them: id, title, words that find it too, subtitle, target.
///
/// The statement may use ?1, the query as given, to add what is named by its id where listing everything would be too much, and ?2, the time.
pub(crate) struct Source {
    pub(crate) kind: &'static str,
    sql: &'static str,
}

/// Every source; one more line is one more kind or table.
pub(crate) const SOURCES: [Source; 8] = [
    Source { kind: "role", sql: include_str!("../../sql/search/sources/roles.sql") },
    Source { kind: "permission", sql: include_str!("../../sql/search/sources/permissions.sql") },
    Source { kind: "group", sql: include_str!("../../sql/search/sources/groups.sql") },
    Source { kind: "subject", sql: include_str!("../../sql/search/sources/users.sql") },
    Source { kind: "subject", sql: include_str!("../../sql/search/sources/subjects.sql") },
    Source { kind: "session", sql: include_str!("../../sql/search/sources/sessions.sql") },
    Source { kind: "session", sql: include_str!("../../sql/search/sources/sso_sessions.sql") },
    Source { kind: "event", sql: include_str!("../../sql/search/sources/events.sql") },
];

/// A row of a source.
pub(crate) struct Item {
    pub(crate) id: Value,
    pub(crate) title: String,
    pub(crate) keywords: String,
    pub(crate) subtitle: Option<String>,
    pub(crate) target: String,
}

impl Source {
    /// Hands over every row.
    pub(crate) fn each(&self, store: &Store, query: &str, mut take: impl FnMut(Item)) -> Result<()> {
        store.engine.with(self.sql, |statement| {
            let now = store.clock.text();
            let parameters: [&dyn rusqlite::ToSql; 2] = [&query, &now];
            let mut rows = statement.query(parameters.get(..statement.parameter_count()).unwrap_or_default())?;
            while let Some(row) = rows.next()? {
                let subtitle = match row.get_ref(3)? {
                    ValueRef::Integer(number) => Some(number.to_string()),
                    other => text(other),
                };
                take(Item {
                    id: row.get(0)?,
                    title: text(row.get_ref(1)?).unwrap_or_default(),
                    keywords: text(row.get_ref(2)?).unwrap_or_default(),
                    subtitle,
                    target: text(row.get_ref(4)?).unwrap_or_default(),
                });
            }
            Ok(())
        })
    }
}

/// A page or an action that comes with the schema: id, kind, title, words that find it too, target.
pub(crate) const BUILT_IN: [(&str, &str, &str, &str, &str); 19] = [
    ("authz:overview", "page", "Overview", "home start status attention", r#"{"page":"overview"}"#),
    ("authz:access", "page", "Access", "who can what may see", r#"{"page":"access"}"#),
    ("authz:resources", "page", "Resources", "hierarchy tree objects", r#"{"page":"resources"}"#),
    ("authz:resource-types", "page", "Resource types", "model schema hierarchy", r#"{"page":"resource-types"}"#),
    ("authz:roles", "page", "Roles", "rbac", r#"{"page":"roles"}"#),
    ("authz:permissions", "page", "Permissions", "rights", r#"{"page":"permissions"}"#),
    ("authz:assignments", "page", "Role assignments", "grants access who", r#"{"page":"assignments"}"#),
    ("authz:subjects", "page", "Subjects", "users people agents services", r#"{"page":"subjects"}"#),
    ("authz:groups", "page", "Groups", "teams members", r#"{"page":"groups"}"#),
    ("authz:sessions", "page", "Sessions", "sign-in login sso", r#"{"page":"sessions"}"#),
    ("authz:events", "page", "Events", "outbox log audit history", r#"{"page":"events"}"#),
    ("authz:model", "page", "Model", "document schema dsl", r#"{"page":"model"}"#),
    ("authz:check", "action", "Check access", "may can allowed why explain", r#"{"action":"check","function":"authz_check"}"#),
    ("authz:grant", "action", "Grant a role", "assign give access add", r#"{"action":"grant","function":"authz_grant"}"#),
    ("authz:revoke", "action", "Revoke a role", "unassign take away remove access", r#"{"action":"revoke","function":"authz_revoke"}"#),
    ("authz:add-member", "action", "Add a member to a group", "join invite", r#"{"action":"add-member","function":"authz_add_member"}"#),
    (
        "authz:put-resource",
        "action",
        "Add a resource",
        "create register new",
        r#"{"action":"put-resource","function":"authz_put_resource"}"#,
    ),
    (
        "authz:index-search",
        "action",
        "Index the search",
        "catch up names faster",
        r#"{"action":"index-search","function":"authz_index_search"}"#,
    ),
    ("authz:prune-events", "action", "Prune old events", "outbox drop age", r#"{"action":"prune-events","function":"authz_prune_events"}"#),
];
