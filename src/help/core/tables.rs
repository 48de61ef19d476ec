//! The tables of core.

use crate::help::entry::Entry;

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::table(
        "authz_resource_types",
        "rows (slug TEXT, description TEXT, declared INTEGER, created_at TEXT, updated_at TEXT, search TEXT): one for each type",
        "The types of resources; `organization` is built in. `declared` is 1 where a model document made the type. `search` says who finds its \
         resources by authz_search: a permission, `*` for whoever finds something below, or NULL for nobody.",
        "SELECT slug, description FROM authz_resource_types ORDER BY slug;",
    ),
    Entry::table(
        "authz_resource_type_parents",
        "rows (resource_type TEXT, parent_type TEXT, declared INTEGER)",
        "The types that a resource of a type may be placed in. A type without a row here has no parent. A type may nest in itself.",
        "SELECT resource_type, parent_type FROM authz_resource_type_parents;",
    ),
    Entry::table(
        "authz_permissions",
        "rows (id TEXT, slug TEXT, resource_type TEXT, name TEXT, description TEXT, system INTEGER, declared INTEGER, created_at TEXT, \
         updated_at TEXT, relation TEXT)",
        "The permissions, each of one type. Whoever has the relation named in `relation` has the permission, besides those who have it by a role.",
        "SELECT slug, resource_type FROM authz_permissions ORDER BY slug;",
    ),
    Entry::table(
        "authz_roles",
        "rows (id TEXT, slug TEXT, organization INTEGER or TEXT, resource_type TEXT, name TEXT, description TEXT, is_default INTEGER, \
         priority INTEGER, declared INTEGER, created_at TEXT, updated_at TEXT)",
        "The roles. `organization` is NULL for a role that every organization may use; the slug of an organization's own role begins with \
         `org-`. `priority` orders the roles, 1 first. The default role is given to new members.",
        "SELECT slug, resource_type, priority FROM authz_roles ORDER BY priority;",
    ),
    Entry::table(
        "authz_role_permissions",
        "rows (role TEXT, organization INTEGER or TEXT, permission TEXT, declared INTEGER)",
        "The permissions that roles hold. `organization` is that of the role.",
        "SELECT permission FROM authz_role_permissions WHERE role = 'editor' AND organization IS NULL;",
    ),
    Entry::table(
        "authz_relations",
        "rows (resource_type TEXT, relation TEXT, definition TEXT, declared INTEGER)",
        "The relations of types, in the OpenFGA modelling language. authz_apply writes them.",
        "SELECT relation, definition FROM authz_relations WHERE resource_type = 'document';",
    )
    .read_only(),
    Entry::table(
        "authz_relation_subjects",
        "rows (resource_type TEXT, relation TEXT, subject_type TEXT, subject_relation TEXT)",
        "The kinds of subject that relationships of a relation may name. `subject_relation` is empty for one subject, `*` for everyone of the \
         type, otherwise the relation of a userset. authz_apply writes them.",
        "SELECT subject_type, subject_relation FROM authz_relation_subjects WHERE resource_type = 'document' AND relation = 'viewer';",
    )
    .read_only(),
    Entry::table(
        "authz_resources",
        "rows (resource_type TEXT, resource_id INTEGER or TEXT, parent_type TEXT, parent_id INTEGER or TEXT, organization INTEGER or TEXT, \
         name TEXT, description TEXT, given_external_id TEXT, created_at TEXT, updated_at TEXT, external_id TEXT)",
        "The registered resources, by the ids of the application. `organization` is the one at the top of the ancestors, filled in where it is \
         not given. `external_id` is how the organization knows a resource: `given_external_id`, or the id as text where that is NULL; it is \
         generated, so write `given_external_id`. INSERT OR REPLACE over an existing row is refused; use ON CONFLICT DO UPDATE.",
        "SELECT resource_type, resource_id, name FROM authz_resources WHERE parent_type = 'project' AND parent_id = 1;",
    ),
    Entry::table(
        "authz_groups",
        "rows (id TEXT, organization INTEGER or TEXT, name TEXT, description TEXT, created_at TEXT, updated_at TEXT)",
        "The groups. `group:web` is the subject for the members of the group `web`. authz_add_member creates a group with its first member.",
        "INSERT INTO authz_groups (id, organization, name) VALUES ('sales', 'acme', 'Sales') RETURNING id;",
    ),
    Entry::table(
        "authz_group_members",
        "rows (group_id TEXT, subject TEXT)",
        "The members of groups. Where the subject is a group, its members are members too.",
        "SELECT subject FROM authz_group_members WHERE group_id = 'web';",
    ),
    Entry::table(
        "authz_role_assignments",
        "rows (subject TEXT, role TEXT, organization INTEGER or TEXT, resource_type TEXT, resource_id INTEGER or TEXT, expires_at TEXT, \
         source TEXT, created_at TEXT, updated_at TEXT)",
        "Who holds which role on which resource. From `expires_at` on, UTC with milliseconds, an assignment grants nothing. `source` is \
         `direct`, `directory` or `sso`. `organization` is that of the role, filled in where it is not given.",
        "SELECT subject, role, source FROM authz_role_assignments WHERE resource_type = 'project' AND resource_id = 1;",
    ),
    Entry::table(
        "authz_relationships",
        "rows (subject TEXT, relation TEXT, resource_type TEXT, resource_id INTEGER or TEXT, expires_at TEXT, created_at TEXT, updated_at TEXT)",
        "The relationships. The subject is one subject (`user:ana`), everyone of a type (`user:*`) or a userset (`group:web#member`). From \
         `expires_at` on, UTC with milliseconds, a relationship grants nothing.",
        "SELECT subject, relation FROM authz_relationships WHERE resource_type = 'document' AND resource_id = 20;",
    ),
    Entry::table(
        "authz_model_history",
        "rows (version INTEGER, document TEXT, summary TEXT, applied_at TEXT): one for each document that changed the model",
        "The documents that authz_apply carried out, with a summary of the changes as JSON.",
        "SELECT version, applied_at FROM authz_model_history ORDER BY version DESC LIMIT 1;",
    )
    .read_only(),
];
