//! The model: types, permissions, roles and relations; and the settings.

use crate::help::entry::Entry;

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::writes(
        "authz_apply",
        "model TEXT [, force TEXT]",
        "JSON: what was created, changed and removed",
        "Makes the model equal to a document: JSON, or the OpenFGA modelling language, which leaves roles and permissions as they are. What \
         an earlier document declared and this one leaves out is removed. A change that would orphan resources, assignments or relationships \
         is refused; `'force'` carries it out: assignments of removed roles and resources of removed types go, and relationships that are no \
         longer allowed stay and grant nothing.",
        r#"SELECT authz_apply(json_set(authz_model(), '$.resource_types.folder', json('{"parents": ["organization"]}')));"#,
    ),
    Entry::rows(
        "authz_plan",
        "model TEXT [, force TEXT]",
        "rows (action TEXT, kind TEXT, name TEXT, detail TEXT): one for each change",
        "What authz_apply would do with the same arguments. It writes nothing, and gives the same refusals.",
        r#"SELECT action, kind, name FROM authz_plan(json_set(authz_model(), '$.resource_types.folder', json('{"parents": ["organization"]}')));"#,
    ),
    Entry::reads(
        "authz_model",
        "[notation TEXT]",
        "TEXT: the model in force as a JSON document; with `'fga'` in the modelling language",
        "Applying the result changes nothing. It leaves out what documents have not declared, such as a role that authz_create_role made.",
        "SELECT authz_model();",
    ),
    Entry::rows(
        "authz_orphans",
        "",
        "rows (subject TEXT, relation TEXT, resource_type TEXT, resource_id INTEGER or TEXT, expires_at TEXT, created_at TEXT)",
        "The relationships that the model no longer allows. They grant nothing; authz_unrelate removes them.",
        "SELECT subject, relation, resource_type, resource_id FROM authz_orphans();",
    ),
    Entry::reads(
        "authz_permission",
        "slug TEXT",
        "JSON: the permission as the WorkOS API shows it; NULL for NULL",
        "An unknown slug is an error that suggests the nearest.",
        "SELECT authz_permission('document:read');",
    ),
    Entry::writes(
        "authz_create_permission",
        "permission JSON",
        "JSON: the permission",
        "The fields are `slug`, `name`, `description` and `resource_type_slug`, which is `organization` unless given. Errors: a slug that \
         is taken (`permission_slug_conflict`), an unknown field or type, a text that is too long.",
        r#"SELECT authz_create_permission('{"slug": "document:share", "resource_type_slug": "document"}');"#,
    ),
    Entry::writes(
        "authz_update_permission",
        "slug TEXT, changes JSON",
        "JSON: the permission",
        "Sets `name` and `description`; null removes one. Nothing else of a permission can change.",
        r#"SELECT authz_update_permission('document:read', '{"name": "Read documents"}');"#,
    ),
    Entry::writes(
        "authz_delete_permission",
        "slug TEXT",
        "JSON: the permission as it was, and in `removed_from_roles` the roles that held it",
        "Roles that hold it lose it, and with it whoever had it by them; a plain DELETE does the same and names nobody. A system permission \
         cannot be deleted.",
        "SELECT authz_delete_permission('document:edit');",
    ),
    Entry::reads(
        "authz_role",
        "slug TEXT [, organization INTEGER or TEXT]",
        "JSON: the role with its permissions, as the WorkOS API shows it; NULL for NULL",
        "A role of one organization is named together with that organization. An unknown one is an error that suggests the nearest.",
        "SELECT authz_role('editor') ->> '$.permissions';",
    ),
    Entry::writes(
        "authz_create_role",
        "role JSON [, organization INTEGER or TEXT]",
        "JSON: the role",
        "The fields are `slug`, `name`, `description`, `permissions` and `resource_type_slug`, which is `organization` unless given. With an \
         organization the role is that organization's own: its slug begins with `org-`, and is made from the name where none is given. \
         Errors: a slug that is taken (`role_slug_conflict`, `organization_role_slug_conflict`), an unknown field, type or permission.",
        r#"SELECT authz_create_role('{"name": "Team Lead"}', 'acme') ->> '$.slug';"#,
    ),
    Entry::writes(
        "authz_update_role",
        "slug TEXT, changes JSON [, organization INTEGER or TEXT]",
        "JSON: the role",
        "Sets `name` and `description`; null removes one. Slug and type cannot change; authz_set_role_permissions changes the permissions.",
        r#"SELECT authz_update_role('editor', '{"description": "Edits documents"}');"#,
    ),
    Entry::writes(
        "authz_delete_role",
        "slug TEXT [, organization INTEGER or TEXT [, replacement_slug TEXT]]",
        "JSON: the role as it was",
        "A role that is assigned is refused (`role_has_assignments`) unless a replacement is named: then whoever held the role holds the \
         replacement on the same resources. NULL as the organization stands for a role of every organization.",
        "SELECT authz_delete_role('reviewer', NULL, 'editor');",
    ),
    Entry::writes(
        "authz_set_role_permissions",
        "slug TEXT, permissions JSON [, organization INTEGER or TEXT]",
        "JSON: the role",
        "The role then holds the permissions of the array and no others; an empty array removes all of them.",
        r#"SELECT authz_set_role_permissions('reviewer', '["document:read"]');"#,
    ),
    Entry::writes(
        "authz_add_role_permission",
        "slug TEXT, permission TEXT [, organization INTEGER or TEXT]",
        "JSON: the role",
        "A permission that the role holds already changes nothing. The type of the permission must be the type of the role or one below it.",
        "SELECT authz_add_role_permission('reviewer', 'document:edit');",
    ),
    Entry::writes(
        "authz_remove_role_permission",
        "slug TEXT, permission TEXT [, organization INTEGER or TEXT]",
        "JSON: the role",
        "A permission that the role does not hold changes nothing.",
        "SELECT authz_remove_role_permission('editor', 'document:edit');",
    ),
    Entry::writes(
        "authz_set_default_role",
        "slug TEXT",
        "JSON: the role",
        "Makes a role the default, which new members of an organization hold; the role that was the default before no longer is. The role \
         must belong to the type `organization` and to no single organization.",
        "SELECT authz_set_default_role('biller');",
    ),
    Entry::writes(
        "authz_set_role_order",
        "slugs JSON",
        "JSON: the slugs of all roles of the environment, in their new order",
        "The roles that the array names come first; the others follow in their present order.",
        r#"SELECT authz_set_role_order('["editor", "reviewer"]');"#,
    ),
    Entry::reads(
        "authz_setting",
        "name TEXT",
        "TEXT or INTEGER: the value; NULL for NULL",
        "The settings are `events`, `events_keep_days`, `session_max_seconds`, `session_inactivity_seconds` and `require_membership`. An \
         unknown name is an error that suggests the nearest.",
        "SELECT authz_setting('events');",
    ),
    Entry::writes(
        "authz_set_setting",
        "name TEXT, value INTEGER or TEXT",
        "INTEGER: 1 if something changed, otherwise 0",
        "`events` is `on` or `off`; `events_keep_days` is 1 to 36500; `session_max_seconds` and `session_inactivity_seconds` are seconds, 0 \
         for no limit in the latter; `require_membership` is `on` or `off`: with `on`, a user has access in an organization only through an \
         active membership of it. An unknown name and a value out of range are errors.",
        "SELECT authz_set_setting('events_keep_days', 30);",
    ),
];
