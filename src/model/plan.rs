//! A plan: what changes, in which order, and what must not stand in its way; and how that is said.

use super::definition::{Definition, Restriction, RestrictionKind};
use crate::base::refusal::{Refusal, shown};

/// What is created, changed or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Item<'a> {
    ResourceType(&'a str),
    Parent { resource_type: &'a str, parent: &'a str },
    Permission(&'a str),
    Role(&'a str),
    RolePermission { role: &'a str, permission: &'a str },
    OrganizationRolePermission { role: &'a str, organization: &'a str, permission: &'a str },
    Relation { resource_type: &'a str, relation: &'a str },
}

impl Item<'_> {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Item::ResourceType(_) => "resource_type",
            Item::Parent { .. } => "parent",
            Item::Permission(_) => "permission",
            Item::Role(_) => "role",
            Item::RolePermission { .. } | Item::OrganizationRolePermission { .. } => "role_permission",
            Item::Relation { .. } => "relation",
        }
    }

    /// `document < project` is a parent (the document lies below), `editor + document:edit` a permission of a role, `document#viewer` a
    /// relation. No slug has a space.
    pub(crate) fn name(&self) -> String {
        match self {
            Item::ResourceType(slug) | Item::Permission(slug) | Item::Role(slug) => (*slug).to_owned(),
            Item::Parent { resource_type, parent } => format!("{resource_type} < {parent}"),
            Item::RolePermission { role, permission } => format!("{role} + {permission}"),
            Item::OrganizationRolePermission { role, organization, permission } => format!("{role}@{organization} + {permission}"),
            Item::Relation { resource_type, relation } => format!("{resource_type}#{relation}"),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Create,
    Change,
    Remove,
}

impl Action {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Action::Create => "create",
            Action::Change => "change",
            Action::Remove => "remove",
        }
    }
}

/// What a created or changed row is to say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Fields<'a> {
    pub(crate) resource_type: &'a str,
    pub(crate) name: Option<&'a str>,
    pub(crate) description: Option<&'a str>,
    /// Whether name or description differ from what the row says now.
    pub(crate) described: bool,
    pub(crate) search: Option<&'a str>,
    pub(crate) declared: bool,
    pub(crate) is_default: bool,
    pub(crate) priority: Option<i64>,
    /// The relation that grants a permission, and whether it differs from what the row says now.
    pub(crate) relation: Option<&'a str>,
    pub(crate) related: bool,
    /// The rule of a relation.
    pub(crate) rule: Option<&'a Definition>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Change<'a> {
    pub(crate) action: Action,
    pub(crate) item: Item<'a>,
    pub(crate) detail: Option<String>,
    pub(crate) fields: Fields<'a>,
}

/// What must not exist for the plan to be carried out. The tables know; the sentence about it is [`Obstacle::refusal`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Obstacle<'a> {
    /// Resources of a type that goes.
    ResourceOf(&'a str),
    /// Assignments to, or memberships of, subjects of a type that goes.
    SubjectOf(&'a str),
    /// Resources without a parent of a type that is no longer a root.
    RootOf(&'a str),
    /// Resources that have a parent of a type that is no longer allowed.
    Child { resource_type: &'a str, parent: &'a str },
    /// Assignments of a role that goes.
    AssignmentOf(&'a str),
    /// Assignments of a role that is to have another type.
    AssignmentOfRetyped { role: &'a str, from: &'a str, to: &'a str },
    /// Relationships with a kind of subject that a relation no longer takes.
    Relationship { resource_type: &'a str, relation: &'a str, subjects: &'a Restriction },
}

impl Obstacle<'_> {
    /// The sentence, given one of the things that are in the way.
    pub(crate) fn refusal(&self, example: &str) -> Refusal {
        let example = shown(example);
        Refusal::new(match self {
            Obstacle::ResourceOf(slug) => {
                format!("resource type `{slug}` cannot be removed: it has resources, such as `{example}`; remove them first")
            }
            Obstacle::SubjectOf(slug) => format!(
                "resource type `{slug}` cannot be removed: subjects of it hold roles or are members of groups, such as `{example}`; take those back first"
            ),
            Obstacle::RootOf(slug) => format!(
                "resource_types.{slug}.parents: `{slug}` is a root type and has resources without a parent, such as `{example}`; remove them first"
            ),
            Obstacle::Child { resource_type, parent } => format!(
                "parent `{parent}` of resource type `{resource_type}` cannot be removed: resources lie under it, such as `{example}`; move or remove them first"
            ),
            Obstacle::AssignmentOf(role) => {
                format!("role `{role}` cannot be removed: it is assigned, such as to `{example}`; revoke it everywhere first")
            }
            Obstacle::Relationship { resource_type, relation, subjects } => {
                let whom = match subjects.kind {
                    RestrictionKind::One => format!("a `{subjects}`"),
                    RestrictionKind::Every | RestrictionKind::Userset(_) => format!("`{subjects}`"),
                };
                format!(
                    "relation `{resource_type}#{relation}` would no longer take {whom}: there are such relationships, of `{example}`; delete them first, or apply with 'force', which leaves them there without effect"
                )
            }
            Obstacle::AssignmentOfRetyped { role, from, to } => format!(
                "roles.{role}.resource_type: it cannot change from `{from}` to `{to}`: the role is assigned, such as to `{example}`; revoke it everywhere first"
            ),
        })
    }
}

/// What has to be done, in this order, once none of the obstacles is found.
#[derive(Debug, Default)]
pub(crate) struct Plan<'a> {
    pub(crate) obstacles: Vec<Obstacle<'a>>,
    pub(crate) changes: Vec<Change<'a>>,
    /// Permissions of roles that go and come back because the role or the permission is made anew under another type: (role, permission, declared).
    pub(crate) restored: Vec<(&'a str, &'a str, bool)>,
    /// The same of organization roles, as indexes into [`crate::model::in_force::InForce::organization_role_permissions`].
    pub(crate) restored_organization: Vec<usize>,
    /// Permissions that name a relation which goes, and later another or none.
    pub(crate) released: Vec<&'a str>,
    /// What goes by force before all else: the resources, assignments and memberships of these types, and the assignments of these roles.
    pub(crate) forced_types: Vec<&'a str>,
    pub(crate) forced_roles: Vec<&'a str>,
}
