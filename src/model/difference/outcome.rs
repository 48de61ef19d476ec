//! What there will be once a document is applied.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::parents::{Parents, reaches};
use crate::base::identifier::BUILT_IN_SUBJECT_TYPES;
use crate::model::definition::{Definition, RelationDefinition};
use crate::model::document::{DeclaredPermission, DeclaredRole, Document, ORGANIZATION};
use crate::model::in_force::InForce;

pub(super) struct Difference<'a> {
    pub(super) document: &'a Document,
    pub(super) model: &'a InForce,
    pub(super) declared_permissions: HashMap<&'a str, &'a DeclaredPermission>,
    pub(super) declared_roles: HashMap<&'a str, &'a DeclaredRole>,
    /// What there will be. Permissions and roles lead to their type.
    pub(super) types: BTreeSet<&'a str>,
    pub(super) permissions: BTreeMap<&'a str, &'a str>,
    pub(super) roles: BTreeMap<&'a str, &'a str>,
    pub(super) parents: Parents<'a>,
    pub(super) reach: HashMap<(&'a str, &'a str), bool>,
    pub(super) declared_relations: BTreeMap<(&'a str, &'a str), &'a RelationDefinition>,
    /// The relations there will be.
    pub(super) relations: BTreeMap<&'a str, BTreeMap<&'a str, &'a Definition>>,
    pub(super) force: bool,
}

impl<'a> Difference<'a> {
    pub(super) fn new(document: &'a Document, model: &'a InForce, force: bool) -> Self {
        let declared_types = document.resource_types.iter().map(|(slug, _)| slug.as_str());
        let declared_permissions: HashMap<_, _> = document.permissions.iter().map(|(slug, declared)| (slug.as_str(), declared)).collect();
        let declared_roles: HashMap<_, _> = document.roles.iter().map(|(slug, declared)| (slug.as_str(), declared)).collect();
        let types = model.resource_types.iter().filter(|(slug, row)| !row.declared || *slug == ORGANIZATION).map(|(slug, _)| slug.as_str());
        let permissions = model.permissions.iter().filter(|(_, row)| !row.declared || row.system);
        let permissions = permissions.map(|(slug, row)| (slug.as_str(), row.resource_type.as_str()));
        let roles = model.roles.iter().filter(|(_, row)| !row.declared).map(|(slug, row)| (slug.as_str(), row.resource_type.as_str()));
        let types: BTreeSet<&str> = types.chain(declared_types).collect();
        let declared_relations: BTreeMap<_, _> =
            document.relations.iter().map(|(of, definition)| ((of.as_str(), definition.name.as_str()), definition)).collect();
        let mut relations: BTreeMap<&str, BTreeMap<&str, &Definition>> = BTreeMap::new();
        for ((of, relation), row) in &model.relations {
            if !row.declared && (types.contains(of.as_str()) || BUILT_IN_SUBJECT_TYPES.contains(&of.as_str())) {
                relations.entry(of).or_default().insert(relation, &row.rule);
            }
        }
        for ((of, relation), definition) in &declared_relations {
            relations.entry(of).or_default().insert(relation, &definition.rule);
        }
        Difference {
            document,
            model,
            types,
            declared_relations,
            relations,
            force,
            permissions: permissions
                .chain(declared_permissions.iter().map(|(slug, declared)| (*slug, declared.resource_type.as_str())))
                .collect(),
            roles: roles.chain(declared_roles.iter().map(|(slug, declared)| (*slug, declared.resource_type.as_str()))).collect(),
            declared_permissions,
            declared_roles,
            parents: BTreeMap::new(),
            reach: HashMap::new(),
        }
    }

    pub(super) fn removed_types(&self) -> impl Iterator<Item = &'a str> {
        self.model.resource_types.keys().map(String::as_str).filter(|slug| !self.types.contains(slug))
    }

    pub(super) fn has_relation(&self, resource_type: &str, relation: &str) -> bool {
        self.relations.get(resource_type).is_some_and(|relations| relations.contains_key(relation))
    }

    pub(super) fn is_retyped_permission(&self, slug: &str) -> bool {
        let now = self.model.permissions.get(slug).map(|row| row.resource_type.as_str());
        now.is_some() && self.permissions.get(slug).copied().is_some_and(|to| Some(to) != now)
    }

    pub(super) fn is_retyped_role(&self, slug: &str) -> bool {
        let now = self.model.roles.get(slug).map(|row| row.resource_type.as_str());
        now.is_some() && self.roles.get(slug).copied().is_some_and(|to| Some(to) != now)
    }

    pub(super) fn in_reach(&mut self, permission_type: &'a str, role_type: &'a str) -> bool {
        let parents = &self.parents;
        *self.reach.entry((permission_type, role_type)).or_insert_with(|| reaches(parents, permission_type, role_type))
    }
}
