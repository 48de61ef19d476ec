//! The model in force, as the tables say it.

use std::collections::{BTreeMap, BTreeSet};

use super::definition::{Definition, Restriction};

/// What the tables say. `declared` is set on rows that a document declared.
#[derive(Debug, Default)]
pub(crate) struct InForce {
    pub(crate) resource_types: BTreeMap<String, TypeInForce>,
    /// (type, parent type) → declared
    pub(crate) parents: BTreeMap<(String, String), bool>,
    pub(crate) permissions: BTreeMap<String, PermissionInForce>,
    /// The roles that serve every organization.
    pub(crate) roles: BTreeMap<String, RoleInForce>,
    /// role → permission → declared
    pub(crate) role_permissions: BTreeMap<String, BTreeMap<String, bool>>,
    /// The roles of one organization each: no document declares these, yet they stand on what documents declare.
    pub(crate) organization_roles: Vec<OrganizationRole>,
    pub(crate) organization_role_permissions: Vec<OrganizationRolePermission>,
    /// (type, relation) → its rule
    pub(crate) relations: BTreeMap<(String, String), RelationInForce>,
    /// (type, relation) → the kinds of subject that its rows may name
    pub(crate) relation_subjects: BTreeMap<(String, String), BTreeSet<Restriction>>,
}

#[derive(Debug)]
pub(crate) struct TypeInForce {
    pub(crate) description: Option<String>,
    pub(crate) search: Option<String>,
    pub(crate) declared: bool,
}

#[derive(Debug)]
pub(crate) struct RelationInForce {
    pub(crate) rule: Definition,
    pub(crate) declared: bool,
}

#[derive(Debug)]
pub(crate) struct PermissionInForce {
    pub(crate) resource_type: String,
    pub(crate) relation: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) system: bool,
    pub(crate) declared: bool,
}

#[derive(Debug)]
pub(crate) struct RoleInForce {
    pub(crate) resource_type: String,
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) is_default: bool,
    pub(crate) priority: Option<i64>,
    pub(crate) declared: bool,
}

#[derive(Debug)]
pub(crate) struct OrganizationRole {
    pub(crate) slug: String,
    pub(crate) resource_type: String,
}

#[derive(Debug)]
pub(crate) struct OrganizationRolePermission {
    pub(crate) role: String,
    pub(crate) organization: String,
    pub(crate) role_type: String,
    pub(crate) permission: String,
}
