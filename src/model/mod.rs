//! The model: what the tables say, and what has to change so that they say what a document says. No SQLite in here.
//!
//! [`diff`] holds a [`Document`] against the model in force and yields a [`Plan`]: the changes in the order in which they can be written,
//! and the questions about resources, assignments and relationships that have to be answered with no before any of them may be.
//!
//! A document owns rows, not things: what it declared and the next one leaves out goes, what was made otherwise stays. That holds for
//! each parent of a type and for each permission of a role by itself.

pub(crate) mod compiled;
pub(crate) mod definition;
mod difference;
pub(crate) mod document;
mod language;
mod plan;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::definition::{Definition, Restriction};

pub(crate) use difference::diff;
pub(crate) use plan::{Action, Change, Fields, Item, Obstacle, Plan};

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
