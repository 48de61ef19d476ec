//! Who may do what.

use crate::help::entry::Entry;

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::reads(
        "authz_check",
        "subject TEXT, permission TEXT, resource_type TEXT, resource_id INTEGER or TEXT",
        "INTEGER: 1 for yes, 0 for no",
        "Whether the subject has the permission, or the relation, on the resource. A NULL argument, an unknown subject and an unregistered \
         resource give 0. An unknown permission or type is an error that suggests the nearest name.",
        "SELECT authz_check('user:ana', 'document:read', 'document', 10);",
    ),
    Entry::reads(
        "authz_require",
        "subject TEXT, permission TEXT, resource_type TEXT, resource_id INTEGER or TEXT",
        "INTEGER: 1",
        "The same question for triggers and guards: a no is an error that names the subject, the permission and the resource.",
        "SELECT authz_require('user:ana', 'document:edit', 'document', 10);",
    ),
    Entry::reads(
        "authz_explain",
        "subject TEXT, permission TEXT, resource_type TEXT, resource_id INTEGER or TEXT",
        "JSON: `allowed`, `subject`, `permission`, `resource`; then `because`, or `looked_at` and `missing`, or `tree`, or `reason`",
        "Why the answer of authz_check is yes or no. `because` has the groups, the role, the assignment, where it is held and the path \
         down to the resource; `missing` has the roles that would give the permission; `tree` shows each relation that was evaluated.",
        "SELECT authz_explain('user:ana', 'document:edit', 'document', 10) ->> '$.because.role';",
    ),
    Entry::rows(
        "authz_list_resources",
        "subject TEXT, permission TEXT, resource_type TEXT [, ancestor_type TEXT, ancestor_id INTEGER or TEXT]",
        "rows (resource_id INTEGER or TEXT, name TEXT): one for each resource, in no order",
        "The resources of a type on which the subject has the permission or relation: exactly those to which authz_check says yes. With an \
         ancestor, only that resource and those below it. `name` is NULL for a resource that is known from relationships alone.",
        "SELECT resource_id, name FROM authz_list_resources('user:ana', 'document:read', 'document');",
    ),
    Entry::rows(
        "authz_list_subjects",
        "permission TEXT, resource_type TEXT, resource_id INTEGER or TEXT [, kind TEXT]",
        "rows (subject TEXT, assignment TEXT): in the order of their text",
        "Every subject that has the permission or relation on the resource, directly or through a group: groups and their members both. \
         Access for everyone is listed as `user:*`. `kind` keeps to one type of subject (`user`) or lists usersets (`group#member`). \
         `assignment` is `direct` where a role assignment or a relationship on the resource itself names the subject or a group that contains \
         it, otherwise `indirect`, as by a role on something above; it is worked out only where a statement reads it.",
        "SELECT subject, assignment FROM authz_list_subjects('document:read', 'document', 10, 'user');",
    ),
    Entry::rows(
        "authz_list_permissions",
        "subject TEXT, resource_type TEXT, resource_id INTEGER or TEXT",
        "rows (permission TEXT): in the order of their slugs",
        "The permissions and relations of that type that the subject has on the resource.",
        "SELECT permission FROM authz_list_permissions('user:ana', 'document', 10);",
    ),
    Entry::rows(
        "authz_list_assignments",
        "of_subject TEXT [, on_type TEXT, on_id INTEGER or TEXT]",
        "rows (role TEXT, organization INTEGER or TEXT, resource_type TEXT, resource_id INTEGER or TEXT, source TEXT, group_id TEXT, \
         expires_at TEXT, created_at TEXT, updated_at TEXT): the subject's own first, then group by group, each by resource and role",
        "The role assignments in force that a subject has by itself (`source` is `direct`) or by a group that contains it, also by way of \
         other groups (`group`, with `group_id`): everywhere, or on that resource itself. A role that comes several ways has several rows.",
        "SELECT role, resource_type, resource_id, source, group_id FROM authz_list_assignments('user:ana');",
    ),
    Entry::rows(
        "authz_ancestors",
        "of_type TEXT, of_id INTEGER or TEXT",
        "rows (depth INTEGER, resource_type TEXT, resource_id INTEGER or TEXT): from the resource itself at depth 0 upwards",
        "The resource and everything that contains it. `depth <= n` ends the walk early. A resource that is not registered gives no rows; \
         an unknown type is an error.",
        "SELECT depth, resource_type, resource_id FROM authz_ancestors('document', 10);",
    ),
    Entry::rows(
        "authz_descendants",
        "of_type TEXT, of_id INTEGER or TEXT",
        "rows (depth INTEGER, resource_type TEXT, resource_id INTEGER or TEXT): from the resource itself at depth 0 downwards, nearest first",
        "The resource and everything below it. `depth <= n` ends the walk early.",
        "SELECT resource_type, resource_id FROM authz_descendants('organization', 'acme') WHERE depth <= 1;",
    ),
];
