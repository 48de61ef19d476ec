//! Directories: the users and groups of an organization's identity provider.

use crate::help::entry::Entry;

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::writes(
        "authz_put_directory",
        "id TEXT, organization INTEGER or TEXT, name TEXT [, type TEXT]",
        "INTEGER: 1 if something changed, otherwise 0",
        "Creates a directory, or renames it and makes it active. The type is a name of WorkOS, `generic scim v2.0` unless given. Errors: an \
         unknown organization or type, an id that belongs to another organization.",
        "SELECT authz_put_directory('directory_globex', 'acme', 'Acme contractors', 'okta scim v2.0');",
    ),
    Entry::writes(
        "authz_remove_directory",
        "id TEXT",
        "INTEGER: 1 if something changed, otherwise 0",
        "Removes a directory with its users and groups. The memberships of its users become inactive, except of those whom another active \
         directory of the organization has too.",
        "SELECT authz_remove_directory('directory_acme');",
    ),
    Entry::writes(
        "authz_scim",
        "directory TEXT, method TEXT, path TEXT, body JSON",
        "JSON: the `status` and the `body` of the answer",
        "Answers a SCIM 2.0 request (RFC 7643, RFC 7644). `path` is what follows the base of the service, with the query; `body` may be NULL. A \
         wrong request gets an answer in SCIM's form and changes nothing; an unknown directory is an error. Take the directory from the \
         bearer token, never from the URL of the request.",
        r#"SELECT authz_scim('directory_acme', 'POST', '/Users', '{"userName": "dora@acme.com"}') ->> '$.status';"#,
    ),
    Entry::writes(
        "authz_map_group_role",
        "directory TEXT, group TEXT, role TEXT [, resource_type TEXT, resource_id INTEGER or TEXT]",
        "INTEGER: 1 if something changed, otherwise 0",
        "Gives the members of a directory group a role on a resource, which is the organization unless given. `group` is the SCIM id. The \
         assignment has the source `directory` and is removed with the group. A group of another directory and a resource of another \
         organization are errors.",
        "SELECT authz_map_group_role('directory_acme', id, 'editor', 'project', 1) FROM authz_directory_groups WHERE name = 'Finance';",
    ),
    Entry::writes(
        "authz_unmap_group_role",
        "directory TEXT, group TEXT, role TEXT [, resource_type TEXT, resource_id INTEGER or TEXT]",
        "INTEGER: 1 if something changed, otherwise 0",
        "Removes what authz_map_group_role gave, and nothing that was granted directly.",
        "SELECT authz_unmap_group_role('directory_acme', id, 'biller') FROM authz_directory_groups WHERE name = 'Finance';",
    ),
    Entry::table(
        "authz_directories",
        "rows (id TEXT, organization INTEGER or TEXT, name TEXT, type TEXT, state TEXT, created_at TEXT, updated_at TEXT)",
        "The directories. One whose `state` is not `active` answers every SCIM request with 403. Plain SQL may delete one that is empty; \
         authz_remove_directory removes any.",
        "SELECT id, organization, state FROM authz_directories;",
    ),
    Entry::table(
        "authz_directory_users",
        "rows (id TEXT, directory TEXT, organization INTEGER or TEXT, idp_id TEXT, user TEXT, email TEXT, username TEXT, username_key TEXT, \
         first_name TEXT, last_name TEXT, state TEXT, raw_attributes JSON, custom_attributes JSON, revision INTEGER, created_at TEXT, \
         updated_at TEXT)",
        "The users of directories. `user` is the row of authz_users behind one, NULL while nothing says who that is. authz_scim writes them; \
         plain SQL may read and delete.",
        "SELECT id, user, username, state FROM authz_directory_users WHERE directory = 'directory_acme';",
    ),
    Entry::table(
        "authz_directory_groups",
        "rows (id TEXT, directory TEXT, organization INTEGER or TEXT, idp_id TEXT, name TEXT, name_key TEXT, group_id TEXT, \
         raw_attributes JSON, revision INTEGER, created_at TEXT, updated_at TEXT)",
        "The groups of directories. `group_id` is the group of authz_groups that holds its members. authz_scim writes them; plain SQL may read \
         and delete.",
        "SELECT id, name, group_id FROM authz_directory_groups WHERE directory = 'directory_acme';",
    ),
    Entry::table(
        "authz_directory_group_members",
        "rows (directory_group TEXT, member TEXT)",
        "The members of directory groups: the ids of directory users and directory groups. authz_scim writes them; plain SQL may read and delete.",
        "SELECT directory_group, member FROM authz_directory_group_members;",
    ),
    Entry::view(
        "authz_directory_group_roles",
        "rows (directory TEXT, directory_group TEXT, role TEXT, organization INTEGER or TEXT, resource_type TEXT, resource_id INTEGER or TEXT, \
         created_at TEXT)",
        "The roles that directory groups give: the role assignments with the source `directory`.",
        "SELECT directory_group, role, resource_type, resource_id FROM authz_directory_group_roles;",
    )
    .read_only(),
];
