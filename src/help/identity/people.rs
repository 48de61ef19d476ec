//! Organizations, users, memberships.

use crate::help::entry::Entry;

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::table(
        "authz_organizations",
        "rows (id INTEGER or TEXT, name TEXT, description TEXT, external_id TEXT, metadata JSON, created_at TEXT, updated_at TEXT)",
        "The organizations. A row and the resource of type `organization` with the same id are one thing: inserting, renaming or deleting \
         either does the same to the other.",
        "INSERT INTO authz_organizations (id, name) VALUES ('globex', 'Globex') RETURNING id;",
    ),
    Entry::table(
        "authz_organization_domains",
        "rows (organization INTEGER or TEXT, domain TEXT, state TEXT, created_at TEXT, updated_at TEXT, id TEXT)",
        "The e-mail domains of organizations, in lower case. Set `state` to `verified` once the organization has proved that the domain is its \
         own: then sign-ins and directories may find users by addresses of that domain. It is verified for one organization at a time.",
        "INSERT INTO authz_organization_domains (organization, domain, state) VALUES ('acme', 'acme.test', 'pending') RETURNING domain;",
    ),
    Entry::table(
        "authz_users",
        "rows (id TEXT, email TEXT, first_name TEXT, last_name TEXT, external_id TEXT, metadata JSON, created_at TEXT, updated_at TEXT)",
        "The users. The subject of a user is `user:` and the id. `email`, compared without regard to case, and `external_id` are unique; each \
         may be NULL. Deleting a user deletes the memberships and ends the sessions.",
        "INSERT INTO authz_users (id, email) VALUES ('dora', 'dora@acme.com') RETURNING id;",
    ),
    Entry::table(
        "authz_memberships",
        "rows (id TEXT, user TEXT, organization INTEGER or TEXT, status TEXT, directory_managed INTEGER, custom_attributes JSON, \
         created_at TEXT, updated_at TEXT, role TEXT)",
        "Which user belongs to which organization. `status` is `active`, `inactive` or `pending`; a user whose membership is not active has no \
         access in the organization. A new member holds `role`, or the default role where that is NULL; it keeps at least one role without an end. `custom_attributes` is filled in by directories and sign-ins.",
        "INSERT INTO authz_memberships (user, organization) VALUES ('emil', 'acme') RETURNING status;",
    ),
];
