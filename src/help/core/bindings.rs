//! Bindings: the application's own tables as facts.

use crate::help::entry::Entry;

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::writes(
        "authz_bind",
        "[bindings JSON]",
        "JSON: the types and the tables that are bound now",
        "Says which tables of the application hold which facts; they are read where they are, and nothing is copied. The document names types \
         with their table, `id`, `name`, `parent`, `relations` and `where`, and lists `assignments`, `groups` and `relationships` with their \
         tables: see bindings.md. An entry takes the place of the one for the same type or table. Without a document the triggers on the bound \
         tables are made anew, as after a tool has rebuilt a table. It changes the schema, so it has no form as INSERT. Errors: what is not there, \
         a column that cannot be an id, a condition that does not hold at any time, a parent or relation that the model does not allow.",
        r#"SELECT authz_bind('{"project": {"table": "folders", "id": "id", "name": "name"}}');"#,
    ),
    Entry::writes(
        "authz_unbind",
        "name TEXT",
        "INTEGER: how many entries were taken back",
        "Takes back what is bound by the name of a type or a table. The rows of the application stay.",
        "SELECT authz_unbind('project');",
    ),
    Entry::reads(
        "authz_bindings",
        "",
        "JSON: all bindings, as authz_bind takes them",
        "Without any it is `{}`.",
        "SELECT authz_bindings();",
    ),
];
