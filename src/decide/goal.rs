//! What a decision is about: resources, subjects, relations, types and roles, each a small number that somebody else has given it.

/// A resource, or whatever else has an id: a user, a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Node(pub(crate) u32);

/// A subject: one, everyone of a type, or a userset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Who(pub(crate) u32);

/// A relation or a permission of one resource type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Relation(pub(crate) u32);

/// A resource type, or a type of subjects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct TypeKey(pub(crate) u32);

/// A role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct RoleKey(pub(crate) u32);

/// A question about one resource: does the subject have this relation to it?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Goal {
    pub(crate) relation: Relation,
    pub(crate) node: Node,
}
