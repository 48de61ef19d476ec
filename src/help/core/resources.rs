//! Writing resources.

use crate::help::entry::Entry;

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::writes(
        "authz_put_resource",
        "resource_type TEXT, resource_id INTEGER or TEXT, parent_type TEXT, parent_id INTEGER or TEXT [, name TEXT \
         [, external_id INTEGER or TEXT]]",
        "INTEGER: 1 if something changed, otherwise 0",
        "Registers a resource, or moves or renames it. Without `name` the present name stays; NULL removes it. Both parent arguments are NULL \
         for a type without parents. `external_id` is how the organization knows the resource: unique among the resources of the type in the \
         organization, and the id itself unless given; NULL makes it the id again. A move into another organization takes everything below \
         along. Errors: an unknown type, a missing parent or one of a type that is not allowed, a move below a descendant, an external id \
         that is taken, and a move into another organization that would make two external ids equal or take along a role of the old one.",
        "SELECT authz_put_resource('project', 3, 'organization', 'acme', 'Website', 'web');",
    ),
    Entry::writes(
        "authz_remove_resource",
        "resource_type TEXT, resource_id INTEGER or TEXT [, cascade TEXT]",
        "INTEGER: how many resources were removed; 0 if it was not registered",
        "A resource that has children or role assignments is refused; `'cascade'` removes its descendants and their assignments too, and with \
         an organization all that is its: memberships, connections, directories, domains, groups and roles. Users stay.",
        "SELECT authz_remove_resource('project', 2, 'cascade');",
    ),
];
