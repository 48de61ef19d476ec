//! What can be asked of the library: for each function and each table of its SQL surface calls that mean something, on a small world in
//! which everything occurs.
//!
//! Other tests do something to every call: they make what lies under it fail, or give it little room. What is registered is asked of SQLite,
//! and [`without_a_call`] tells what has none here.
// Each test uses what it needs of it.
#![allow(dead_code)]

mod statements;

use std::collections::BTreeSet;

use authz::rusqlite::types::Value;
use authz::rusqlite::{Connection, params_from_iter};

#[allow(unused_imports)]
pub use self::statements::STATEMENTS;

/// What makes the world, on a connection with the library and the schema.
pub const WORLD: &str = include_str!("world.sql");

/// One call.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// The function, the table-valued function, or the module of a virtual table
    pub name: &'static str,
    /// SQL expressions, worked out before the call is made
    pub arguments: &'static [&'static str],
    /// The statement, where it is not the plain call with these arguments
    statement: Option<&'static str>,
    pub file: File,
    /// Statements that make the file ready for the call
    pub file_ready: &'static str,
    /// Statements that make the connection ready for the call
    pub connection_ready: &'static str,
    /// Whether the answer is the same each time, but for ids and times
    pub is_steady: bool,
}

/// What the call is made on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum File {
    World,
    /// A file without the schema
    Empty,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A function that SQLite lets run from statements of the host alone: it writes
    Writes,
    /// Any other function
    Reads,
    /// A module of virtual tables: it reads
    Table,
    /// A public table, to which a statement of the host writes
    Statement,
}

/// How a writing function is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `SELECT authz_grant(…)`
    Select,
    /// `INSERT INTO authz_call (function, arguments) VALUES ('grant', json_array(…)) RETURNING authz_result()`
    Insert,
}

const fn call(name: &'static str, arguments: &'static [&'static str]) -> Call {
    Call { name, arguments, statement: None, file: File::World, file_ready: "", connection_ready: "", is_steady: true }
}

impl Call {
    const fn with_file(mut self, statements: &'static str) -> Call {
        self.file_ready = statements;
        self
    }

    const fn with_connection(mut self, statements: &'static str) -> Call {
        self.connection_ready = statements;
        self
    }

    const fn on_empty(mut self) -> Call {
        self.file = File::Empty;
        self
    }

    const fn unsteady(mut self) -> Call {
        self.is_steady = false;
        self
    }

    const fn by(mut self, statement: &'static str) -> Call {
        self.statement = Some(statement);
        self
    }

    /// What the name stands for on this connection.
    pub fn kind(&self, connection: &Connection) -> Kind {
        if self.is_statement() {
            return Kind::Statement;
        }
        let sql = "SELECT max(flags & 0x80000) FROM pragma_function_list WHERE name = ?1";
        match connection.query_row(sql, [self.name], |row| row.get::<_, Option<i64>>(0)).unwrap() {
            None => Kind::Table,
            Some(0) => Kind::Reads,
            Some(_) => Kind::Writes,
        }
    }

    /// Whether the call can be made in this form.
    pub fn has(&self, form: Form) -> bool {
        // What changes the schema cannot be part of an INSERT.
        form == Form::Select || !["authz_migrate", "authz_bind", "authz_unbind"].contains(&self.name) && !self.is_statement()
    }

    /// Whether it is a statement of the host that writes to a public table.
    pub fn is_statement(&self) -> bool {
        self.statement.is_some_and(|sql| ["INSERT INTO ", "UPDATE ", "DELETE FROM "].iter().any(|verb| sql.starts_with(verb)))
    }

    /// The statement; its parameters are the arguments in their order.
    pub fn sql(&self, kind: Kind, form: Form) -> String {
        if let Some(statement) = self.statement {
            return statement.to_owned();
        }
        let parameters: Vec<String> = (1..=self.arguments.len()).map(|number| format!("?{number}")).collect();
        let (name, parameters) = (self.name, parameters.join(", "));
        match (kind, form) {
            (Kind::Table | Kind::Statement, _) => format!("SELECT * FROM {name}({parameters})"),
            (_, Form::Select) => format!("SELECT {name}({parameters})"),
            (_, Form::Insert) => {
                let function = name.trim_start_matches("authz_");
                format!(
                    "INSERT INTO authz_call (function, arguments) VALUES ('{function}', json_array({parameters})) RETURNING authz_result()"
                )
            }
        }
    }

    /// The arguments as they are on this connection now.
    pub fn values(&self, connection: &Connection) -> Vec<Value> {
        let value = |expression: &&str| {
            let found = connection.query_row(&format!("SELECT {expression}"), [], |row| row.get(0));
            found.unwrap_or_else(|error| panic!("{}: {expression}: {error}", self.name))
        };
        self.arguments.iter().map(value).collect()
    }
}

impl std::fmt::Display for Call {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.statement {
            Some(statement) => write!(out, "{statement}")?,
            None => write!(out, "{}({})", self.name, self.arguments.join(", "))?,
        }
        match self.file {
            File::World => Ok(()),
            File::Empty => write!(out, " on an empty file"),
        }
    }
}

/// Whether calls can be made by inserting into `authz_call`.
pub fn has_insert_form(connection: &Connection) -> bool {
    let sql = "SELECT count(*) FROM pragma_table_list WHERE name = 'authz_call'";
    connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap() > 0
}

/// What is registered on the second connection and not on the first, with the number of arguments; and the modules.
pub fn registered(bare: &Connection, connection: &Connection) -> (BTreeSet<(String, i64)>, BTreeSet<String>) {
    let functions = |connection: &Connection| -> BTreeSet<(String, i64)> {
        let mut statement = connection.prepare("SELECT name, narg FROM pragma_function_list").unwrap();
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().collect::<Result<_, _>>().unwrap()
    };
    let modules = |connection: &Connection| -> BTreeSet<String> {
        let mut statement = connection.prepare("SELECT name FROM pragma_module_list").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    (&functions(connection) - &functions(bare), &modules(connection) - &modules(bare))
}

/// Functions and modules without a call in [`CALLS`]. What begins with an underscore is the library's own and asked by it alone.
pub fn without_a_call(bare: &Connection, connection: &Connection) -> Vec<String> {
    let (functions, modules) = registered(bare, connection);
    let has = |name: &str, count: Option<i64>| {
        CALLS.iter().any(|call| {
            call.name == name && count.is_none_or(|count| call.statement.is_none() && (count < 0 || call.arguments.len() as i64 == count))
        })
    };
    let public = |name: &str| !name.starts_with('_') && !ASKED_OTHERWISE.contains(&name) && !name.starts_with("pragma_");
    let functions =
        functions.iter().filter(|(name, count)| public(name) && !has(name, Some(*count))).map(|(name, count)| format!("{name}/{count}"));
    functions.chain(modules.iter().filter(|name| public(name) && !has(name, None)).cloned()).collect()
}

/// What is no call by itself: it belongs to the form that inserts.
const ASKED_OTHERWISE: [&str; 1] = ["authz_result"];

/// Runs statements, each to its end.
pub fn run(connection: &Connection, statements: &str) {
    if !statements.is_empty() {
        connection.execute_batch(statements).unwrap_or_else(|error| panic!("{statements}: {error}"));
    }
}

/// Makes the call as anybody would; the rows as text.
pub fn make(connection: &Connection, call: &Call, form: Form) -> authz::rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(&call.sql(call.kind(connection), form))?;
    let columns = statement.column_count();
    let rows = statement.query_map(params_from_iter(call.values(connection)), |row| {
        Ok((0..columns).map(|index| row.get::<_, Value>(index).map(|value| format!("{value:?}"))).collect::<Result<Vec<_>, _>>()?.join("|"))
    })?;
    rows.collect()
}

const FINANCE: &str = "(SELECT id FROM authz_directory_groups WHERE name = 'Finance')";
/// A model that leaves relationships behind.
const FORCED: &str = "'model schema 1.1 type document relations define viewer: [user] type folder relations define viewer: [user]'";
const WEB: &str = "(SELECT id FROM authz_directory_groups WHERE name = 'Web')";

/// Calls that do what they are for.
pub const CALLS: &[Call] = &[
    // ---- Writing: the model
    call("authz_migrate", &[]).on_empty(),
    call("authz_migrate", &[]),
    call("authz_migrate", &["'search'"]),
    call(
        "authz_apply",
        &[r#"'{"resource_types": {"project": {"parents": ["organization", "project"]}, "document": {"parents": ["project"], "relations": {
              "owner": "[user]", "blocked": "[user, group#member]", "viewer": "([user, user:*, group#member] or owner) but not blocked"}},
            "folder": {"relations": {"owner": "[user]", "parent": "[folder]", "signed": "[user]",
              "viewer": "[user, user:*, group#member] or owner or viewer from parent"}}, "shelf": {"parents": ["organization"]}},
          "permissions": {"project:read": {"resource_type": "project", "name": "Read"}, "project:edit": {"resource_type": "project"},
            "document:read": {"resource_type": "document"}, "document:edit": {"resource_type": "document"}, "org:bill": {"resource_type": "organization"}},
          "roles": {"editor": {"resource_type": "project", "permissions": ["project:read", "document:read"]},
            "reader": {"resource_type": "project", "permissions": ["project:read", "document:read"]}, "annotator": {"resource_type": "document"},
            "biller": {"resource_type": "organization", "permissions": ["org:bill"]},
            "auditor": {"resource_type": "organization", "permissions": ["document:read"]}}}'"#],
    ),
    call("authz_apply", &[FORCED, "'force'"]),
    // ---- Writing: bindings
    call("authz_bind", &[r#"'{"folder": {"table": "folders", "relations": {"parent": "folder:{parent_id}"}}}'"#]),
    call("authz_bind", &[]),
    call("authz_unbind", &["'folder'"]),
    call("authz_create_permission", &[r#"'{"slug": "document:share", "resource_type_slug": "document", "name": "Share"}'"#]),
    call("authz_update_permission", &["'document:read'", r#"'{"name": "Read it"}'"#]),
    call("authz_delete_permission", &["'document:spare'"]),
    call("authz_create_role", &[r#"'{"slug": "sharer", "name": "Sharer", "resource_type_slug": "project", "permissions": ["document:read", "document:edit"]}'"#]),
    call("authz_create_role", &[r#"'{"slug": "org-chief", "name": "Chief", "permissions": ["org:bill"]}'"#, "'acme'"]),
    call("authz_update_role", &["'reader'", r#"'{"name": "Who reads"}'"#]),
    call("authz_update_role", &["'org-lead'", r#"'{"description": "leads"}'"#, "'acme'"]),
    call("authz_delete_role", &["'spare'"]),
    call("authz_delete_role", &["'org-spare'", "'acme'"]),
    call("authz_delete_role", &["'reader'", "NULL", "'editor'"]),
    call("authz_set_role_permissions", &["'reader'", r#"'["document:read", "document:edit"]'"#]),
    call("authz_set_role_permissions", &["'org-lead'", "'[]'", "'acme'"]),
    call("authz_add_role_permission", &["'reader'", "'project:edit'"]),
    call("authz_add_role_permission", &["'org-spare'", "'org:bill'", "'acme'"]),
    call("authz_remove_role_permission", &["'editor'", "'document:edit'"]),
    call("authz_remove_role_permission", &["'org-lead'", "'org:bill'", "'acme'"]),
    call("authz_set_default_role", &["'auditor'"]),
    call("authz_set_role_order", &[r#"(SELECT json_group_array(slug) FROM (SELECT slug FROM authz_roles WHERE organization IS NULL ORDER BY priority DESC))"#]),
    // ---- Writing: the resources and who may do what
    call("authz_put_resource", &["'document'", "60", "'project'", "2"]),
    call("authz_put_resource", &["'document'", "10", "'project'", "2", "'Moved'"]),
    call("authz_put_resource", &["'document'", "10", "'project'", "2", "'Moved'", "'logo'"]),
    call("authz_remove_resource", &["'document'", "50"]),
    call("authz_remove_resource", &["'project'", "1", "'cascade'"]),
    call("authz_grant", &["'user:ben'", "'editor'", "'project'", "3"]),
    call("authz_grant", &["'group:all'", "'reader'", "'project'", "1", "'2999-06-01'"]),
    call("authz_revoke", &["'user:ana'", "'editor'", "'project'", "1"]),
    call("authz_add_member", &["'group:web'", "'user:eve'"]),
    call("authz_add_member", &["'group:fresh'", "'group:web'"]),
    call("authz_remove_member", &["'group:web'", "'user:ben'"]),
    call("authz_relate", &["'user:ben'", "'owner'", "'folder'", "1"]),
    call("authz_relate", &["'user:*'", "'viewer'", "'document'", "30", "'2999-06-01'"]),
    call("authz_unrelate", &["'user:*'", "'viewer'", "'document'", "10"]),
    call("authz_sweep", &[]).with_connection("SELECT authz_set_now(strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+400 days'))"),
    // ---- Writing: sign-ins and sessions
    call("authz_sso_start", &["'okta'"]),
    call("authz_sso_start", &["'okta'", r#"'{"ip_address": "198.51.100.7", "email": "ana@acme.test", "request": {"token": "x"}}'"#]),
    call("authz_sso_succeed", &["'open'", r#"'{"idp_id": "00u2", "email": "new@acme.test", "first_name": "New", "raw_attributes": {"lvl": 5}}'"#]),
    call("authz_sso_succeed", &["'open'", r#"'{"email": "ben@acme.test"}'"#, r#"'{"status": 200}'"#]),
    call("authz_sso_fail", &["'open'", "'access_denied'", "NULL"]),
    call("authz_sso_fail", &["'open'", "'access_denied'", "'no'", r#"'{"status": 403}'"#]),
    call("authz_session_start", &["'ana'", "'acme'", "'password'"]),
    call("authz_session_start", &["'ana'", "'acme'", "'sso'", r#"'{"ip_address": "::1", "impersonator": {"email": "boss@acme.test"}}'"#]),
    call("authz_session_touch", &["'web'"]),
    call("authz_session_revoke", &["'web'"]),
    // ---- Writing: directories and attributes
    call("authz_put_directory", &["'guests'", "'acme'", "'Guests'"]),
    call("authz_put_directory", &["'staff'", "'acme'", "'Everybody'", "'okta scim v2.0'"]),
    call("authz_remove_directory", &["'staff'"]),
    call("authz_scim", &["'staff'", "'POST'", "'/Users'", r#"'{"userName": "fay@acme.test", "externalId": "f1", "emails": [{"value": "fay@acme.test"}]}'"#]),
    call(
        "authz_scim",
        &[
            "'staff'",
            "'PATCH'",
            "'/Users/' || (SELECT id FROM authz_directory_users WHERE username = 'ana@acme.test')",
            r#"'{"Operations": [{"op": "replace", "path": "active", "value": false}]}'"#,
        ],
    ),
    call("authz_scim", &["'staff'", "'DELETE'", "'/Users/' || (SELECT id FROM authz_directory_users WHERE username = 'dot@acme.test')", "NULL"]),
    call(
        "authz_scim",
        &[
            "'staff'",
            "'PATCH'",
            "'/Groups/' || (SELECT id FROM authz_directory_groups WHERE name = 'Finance')",
            r#"json_object('Operations', json_array(json_object('op', 'add', 'path', 'members', 'value',
                 (SELECT json_array(json_object('value', id)) FROM authz_directory_users WHERE username = 'dot@acme.test'))))"#,
        ],
    ),
    call("authz_scim", &["'staff'", "'DELETE'", "'/Groups/' || (SELECT id FROM authz_directory_groups WHERE name = 'Finance')", "NULL"]),
    call("authz_scim", &["'staff'", "'GET'", r#"'/Users?filter=userName eq "ana@acme.test"'"#, "NULL"]),
    call("authz_map_group_role", &["'staff'", WEB, "'biller'"]),
    call("authz_map_group_role", &["'staff'", WEB, "'editor'", "'project'", "2"]),
    call("authz_unmap_group_role", &["'staff'", FINANCE, "'biller'"]),
    call("authz_unmap_group_role", &["'staff'", FINANCE, "'reader'", "'project'", "2"]),
    call("authz_define_attribute", &["'job_title'"]),
    call("authz_define_attribute", &["'shift'", r#"'{"type": "array", "description": "when"}'"#]),
    call("authz_undefine_attribute", &["'level'"]),
    call("authz_map_attribute", &["'staff'", "'department_name'", "'title'"]),
    call("authz_set_attributes", &["'ben'", "'acme'", "'sso'", r#"'{"department_name": "Law", "level": 4}'"#]),
    call("authz_set_jwt_template", &[r#"'{"name": "{{ user.first_name }}"}'"#]),
    // ---- Writing: search, events, settings, what belongs to the connection
    call("authz_put_command", &["'home'", "'page'", "'Home'", "'start'", r#"'{"path": "/"}'"#]),
    call("authz_put_command", &["'billing'", "'page'", "'Invoices'", "NULL", "NULL", "'org:bill'"]),
    call("authz_put_command", &["'rename'", "'action'", "'Rename'", "NULL", "NULL", "'document:edit'", "'document'", "10"]),
    call("authz_remove_command", &["'billing'"]),
    call("authz_index_search", &[]),
    call("authz_ack", &["'mailer'", "12"]),
    call("authz_ack", &["'newcomer'", "3"]),
    call("authz_prune_events", &[])
        .with_file("SELECT authz_ack('mailer', max(seq)) FROM authz_events")
        .with_connection("SELECT authz_set_now(strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+400 days'))"),
    call("authz_prune_events", &["'9999-12-31'"]).with_file("SELECT authz_ack('mailer', max(seq)) FROM authz_events"),
    call("authz_set_setting", &["'events_keep_days'", "60"]),
    call("authz_set_actor", &["NULL"]).with_connection("SELECT authz_set_actor('ben', 'api')"),
    call("authz_set_actor", &["'ana'", "'api'"]),
    call("authz_set_actor", &["'ana'", "'dashboard'", "'Ana'"]),
    call("authz_limit", &["'kept_sets'"]),
    call("authz_limit", &["'kept_sets'", "3"]),
    call("authz_set_now", &["strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+1 day')"]),
    // ---- Asking
    call("authz_check", &["'user:ana'", "'document:edit'", "'document'", "'forty'"]),
    call("authz_check", &["'user:ben'", "'document:read'", "'document'", "20"]),
    call("authz_check", &["'user:cyd'", "'document:edit'", "'document'", "10"]),
    call("authz_check", &["'user:ana'", "'document:see'", "'document'", "10"]),
    call("authz_check", &["'user:eve'", "'viewer'", "'document'", "10"]),
    call("authz_check", &["'user:ana'", "'editor'", "'folder'", "2"]),
    call("authz_check", &["'user:eve'", "'editor'", "'folder'", "2"]),
    call("authz_check", &[]).by(
        "SELECT resource_id FROM authz_resources WHERE resource_type = 'document' AND authz_check('user:ana', 'document:read', 'document', resource_id)",
    ),
    call("authz_require", &["'user:ana'", "'document:edit'", "'document'", "10"]),
    call("authz_require", &["'user:ben'", "'viewer'", "'folder'", "2"]),
    call("authz_explain", &["'user:ana'", "'document:edit'", "'document'", "'forty'"]),
    call("authz_explain", &["'user:eve'", "'viewer'", "'document'", "10"]),
    call("authz_list_resources", &["'user:ana'", "'document:read'", "'document'"]),
    call("authz_list_resources", &["'user:ben'", "'viewer'", "'document'", "'organization'", "7"]),
    call("authz_list_subjects", &["'document:read'", "'document'", "20"]),
    call("authz_list_subjects", &["'viewer'", "'folder'", "2", "'user'"]),
    call("authz_list_permissions", &["'user:ana'", "'document'", "10"]),
    call("authz_list_assignments", &["'user:ana'", "'document'", "10"]),
    call("authz_ancestors", &["'document'", "'forty'"]),
    call("authz_descendants", &["'organization'", "'acme'"]),
    call("authz_hierarchy", &[]).by("SELECT node, depth FROM folder_tree WHERE root = 1"),
    call("authz_hierarchy", &[]).by("SELECT root, depth FROM folder_tree WHERE node = 4"),
    call("authz_model", &[]),
    call("authz_model", &["'fga'"]),
    call("authz_orphans", &[]),
    call("authz_plan", &[FORCED, "'force'"]),
    call("authz_permission", &["'document:see'"]),
    call("authz_role", &["'editor'"]),
    call("authz_role", &["'org-lead'", "'acme'"]),
    call("authz_attributes", &["'ben'", "'acme'"]),
    call("authz_attribute_problems", &[]),
    call("authz_claims", &["'ana'", "'acme'"]),
    call("authz_claims", &["'ana'", "'acme'", "'web'"]),
    call("authz_render_jwt", &[r#"'{"mail": "{{ user.email }}"}'"#, "'ana'", "'acme'"]),
    call("authz_session_subject", &["'web'"]),
    call("authz_session_subject", &["'phone'", "'acme'"]),
    call("authz_session_subject", &["'gone'", "'acme'"]),
    call("authz_sso_session", &["'fine'"]),
    call("authz_sso_report", &["'2020-01-01'"]),
    call("authz_event_envelopes", &[]),
    call("authz_next_events", &["'mailer'", "5", r#"'["role.*", "permission.*"]'"#]),
    call("authz_history", &["'document'", "10"]),
    call("authz_search", &["'logo'", "'user:ana'"]),
    call("authz_search", &["'bill'", "'user:eve'"]),
    call("authz_search_all", &["'logo'"]),
    call("authz_systems", &[]),
    call("authz_doctor", &[]),
    call("authz_help", &[]),
    call("authz_help", &["'check'"]),
    call("authz_setting", &["'events_keep_days'"]),
    call("authz_bindings", &[]),
    call("authz_now", &[]).unsteady(),
    call("authz_debug", &[]).unsteady(),
    call("authz_version", &[]),
    call("authz_schema_version", &[]),
    call("authz_schema_version", &[]).on_empty(),
];

/// Calls of writing functions that are refused, most of them after they have looked around in the file.
pub const REFUSED: &[Call] = &[
    call("authz_apply", &[r#"'{"roles": {"editor": {"resource_type": "nothing"}}}'"#]),
    call("authz_apply", &[FORCED]),
    call("authz_bind", &[r#"'{"folder": {"table": "nothing"}}'"#]),
    call("authz_create_permission", &[r#"'{"slug": "document:read", "resource_type_slug": "document"}'"#]),
    call("authz_update_permission", &["'document:raed'", r#"'{"name": "Read it"}'"#]),
    call("authz_delete_permission", &["'document:raed'"]),
    call("authz_create_role", &[r#"'{"slug": "editor", "name": "Editor"}'"#]),
    call("authz_update_role", &["'editro'", r#"'{"name": "Editor"}'"#]),
    call("authz_delete_role", &["'editor'"]),
    call("authz_set_role_permissions", &["'reader'", r#"'["document:raed"]'"#]),
    call("authz_add_role_permission", &["'reader'", "'org:bill'"]),
    call("authz_remove_role_permission", &["'reader'", "'document:raed'"]),
    call("authz_set_default_role", &["'editor'"]),
    call("authz_set_role_order", &[r#"'["raeder"]'"#]),
    call("authz_put_resource", &["'document'", "61", "'project'", "99"]),
    call("authz_remove_resource", &["'project'", "1"]),
    call("authz_grant", &["'user:ana'", "'editro'", "'project'", "1"]),
    call("authz_grant", &["'user:ana'", "'editor'", "'project'", "99"]),
    call("authz_revoke", &["'user:ana'", "'editro'", "'project'", "1"]),
    call("authz_add_member", &["'web'", "'user:eve'"]),
    call("authz_relate", &["'user:*'", "'owner'", "'folder'", "1"]),
    call("authz_unrelate", &["'user:ana'", "'ownr'", "'folder'", "1"]),
    call("authz_sso_start", &["'okat'"]),
    call("authz_sso_succeed", &["'fine'", r#"'{"email": "ana@acme.test"}'"#]),
    call("authz_sso_fail", &["'nothing'", "'access_denied'", "NULL"]),
    call("authz_session_start", &["'cyd'", "'acme'", "'password'"]),
    call("authz_put_directory", &["'guests'", "'nowhere'", "'Guests'"]),
    call("authz_scim", &["'nothing'", "NULL", "'/Users'", "NULL"]),
    call("authz_map_group_role", &["'staff'", "'nobody'", "'biller'"]),
    call("authz_define_attribute", &["'email'"]),
    call("authz_map_attribute", &["'staff'", "'nothing'", "'title'"]),
    call("authz_set_attributes", &["'ben'", "'acme'", "'sso'", r#"'{"nothing": 1}'"#]),
    call("authz_set_jwt_template", &["'{{'"]),
    call("authz_put_command", &["'home'", "'pgae'", "'Home'", "NULL", "NULL"]),
    call("authz_ack", &["'mailer'", "1000000"]),
    call("authz_prune_events", &["'soon'"]),
    call("authz_set_setting", &["'events_keep_days'", "'never'"]),
    call("authz_set_actor", &["'ana'", "'nobody'"]),
    call("authz_limit", &["'memory'"]),
    call("authz_set_now", &["'2001-01-01'"]),
];
