//! Writing who holds what: role assignments, groups, relationships.

use crate::help::entry::Entry;

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::writes(
        "authz_grant",
        "subject TEXT, role TEXT, resource_type TEXT, resource_id INTEGER or TEXT [, expires_at TEXT]",
        "INTEGER: 1 if something changed, otherwise 0",
        "Assigns a role to a subject on a resource. Granting again sets the new expiry; without one the assignment does not expire. Errors: a \
         time in the past, an unknown role, type or resource. A group that does not exist is made, without members, so the role reaches nobody until one is \
         added; `authz_doctor` names groups that hold roles and have no members.",
        "SELECT authz_grant('user:cleo', 'editor', 'project', 1, '2099-12-31T00:00:00Z');",
    ),
    Entry::writes(
        "authz_revoke",
        "subject TEXT, role TEXT, resource_type TEXT, resource_id INTEGER or TEXT",
        "INTEGER: 1 if something changed, otherwise 0",
        "Removes an assignment that was granted directly; authz_unmap_group_role removes those of directories. A role that the subject does \
         not hold gives 0; an unknown role or type is an error.",
        "SELECT authz_revoke('user:ben', 'reviewer', 'project', 1);",
    ),
    Entry::writes(
        "authz_add_member",
        "group TEXT, member TEXT",
        "INTEGER: 1 if something changed, otherwise 0",
        "Adds a subject to a group such as `group:web`, which is created with its first member. Groups may contain groups; a cycle among them \
         is harmless.",
        "SELECT authz_add_member('group:web', 'user:cleo');",
    ),
    Entry::writes(
        "authz_remove_member",
        "group TEXT, member TEXT",
        "INTEGER: 1 if something changed, otherwise 0",
        "Removes a subject from a group.",
        "SELECT authz_remove_member('group:web', 'user:ana');",
    ),
    Entry::writes(
        "authz_relate",
        "subject TEXT, relation TEXT, resource_type TEXT, resource_id INTEGER or TEXT [, expires_at TEXT]",
        "INTEGER: 1 if something changed, otherwise 0",
        "Writes a relationship. The subject is one subject (`user:ana`), everyone of a type (`user:*`) or a userset (`group:web#member`), as \
         the definition of the relation allows. Relating again sets the new expiry. The resource need not be registered. Errors: an unknown \
         type or relation, a subject of a kind that the relation does not allow, a time in the past.",
        "SELECT authz_relate('user:cleo', 'viewer', 'document', 20);",
    ),
    Entry::writes(
        "authz_unrelate",
        "subject TEXT, relation TEXT, resource_type TEXT, resource_id INTEGER or TEXT",
        "INTEGER: 1 if something changed, otherwise 0",
        "Removes a relationship, also one that the model no longer allows. Where there is none, an unknown type or relation is an error.",
        "SELECT authz_unrelate('user:ben', 'viewer', 'document', 20);",
    ),
];
