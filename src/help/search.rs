//! search: finding resources, pages and actions by a few letters.

use super::entry::Entry;

pub(super) const ENTRIES: &[Entry] = &[
    Entry::rows(
        "authz_search",
        "query TEXT, subject TEXT [, limit INTEGER [, kinds TEXT]]",
        "rows (kind TEXT, resource_type TEXT, id INTEGER or TEXT, title TEXT, subtitle TEXT, score INTEGER, matches JSON, target JSON): best \
         first, 20 unless a limit is given",
        "The resources, pages and actions that match the query and that the subject may see. `kinds` is a list such as `page,action`. \
         `matches` has the ranges of matching characters in the title, `target` what to open. A NULL or unknown subject finds nothing; a \
         query of more than 1,000 characters or 32 words is an error.",
        "SELECT kind, title, subtitle FROM authz_search('logo', 'user:ana');",
    ),
    Entry::rows(
        "authz_search_all",
        "query TEXT [, limit INTEGER [, kinds TEXT]]",
        "rows (kind TEXT, resource_type TEXT, id INTEGER or TEXT, title TEXT, subtitle TEXT, score INTEGER, matches JSON, target JSON): best \
         first, 20 unless a limit is given",
        "The same for an administrator, who may see everything: resources of every type, roles, permissions, subjects, groups, sessions and \
         events too. Only from statements of the application, not from views and triggers.",
        "SELECT kind, title FROM authz_search_all('editor');",
    ),
    Entry::writes(
        "authz_put_command",
        "id TEXT, kind TEXT, title TEXT, keywords TEXT, target JSON [, permission TEXT [, resource_type TEXT, resource_id INTEGER or TEXT]]",
        "INTEGER: 1 if something changed, otherwise 0",
        "Registers a page or an action of the application (`kind` is `page` or `action`), or changes it. `keywords` and `target` may be NULL. \
         With a permission, only subjects find it that have the permission on that resource or, without a resource, on any.",
        r#"SELECT authz_put_command('billing', 'page', 'Billing', 'invoices cards', '{"url": "/billing"}');"#,
    ),
    Entry::writes(
        "authz_remove_command",
        "id TEXT",
        "INTEGER: 1 if there was one, otherwise 0",
        "Removes a page or an action.",
        "SELECT authz_remove_command('settings');",
    ),
    Entry::writes(
        "authz_index_search",
        "",
        "INTEGER: how many titles it indexed",
        "Fills the index of titles, and later adds what has changed since the last call. Search gives the same rows without it, but more \
         slowly where there are many titles. An error where this SQLite has no FTS5.",
        "SELECT authz_index_search();",
    ),
    Entry::table(
        "authz_commands",
        "rows (id TEXT, kind TEXT, title TEXT, keywords TEXT, target JSON, permission TEXT, resource_type TEXT, resource_id INTEGER or TEXT, \
         created_at TEXT, updated_at TEXT)",
        "The pages and actions that authz_search finds. authz_put_command also checks the names.",
        "SELECT id, kind, title FROM authz_commands ORDER BY title;",
    ),
];
