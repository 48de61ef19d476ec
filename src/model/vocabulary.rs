//! The types and relations that rules may name.
//!
//! It refuses what OpenFGA refuses, save that a relation nobody can ever have is allowed, and answers no.

use std::collections::{BTreeMap, BTreeSet};

use super::definition::{Definition, Mention, RelationDefinition, Restriction, RestrictionKind};
use crate::base::identifier::BUILT_IN_SUBJECT_TYPES;
use crate::base::refusal::{Refusal, Result, nearest};

/// The types and relations that rules may name.
pub(crate) struct Vocabulary<'a> {
    /// Declared types; the subject types that are built in need not be among them.
    pub(crate) types: BTreeSet<&'a str>,
    pub(crate) relations: BTreeMap<&'a str, BTreeMap<&'a str, &'a Definition>>,
    /// In what a resource of a type may lie.
    pub(crate) parents: &'a BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Vocabulary<'a> {
    fn rule(&self, resource_type: &str, relation: &str) -> Option<&'a Definition> {
        self.relations.get(resource_type)?.get(relation).copied()
    }

    /// Whether there is such a relation. Groups have members without saying so, unless they have relations of their own; and what a
    /// resource lies in is its parent.
    fn has(&self, resource_type: &str, relation: &str) -> bool {
        match (resource_type, relation) {
            ("group", "member") if self.relations.get("group").is_none_or(BTreeMap::is_empty) => true,
            (_, "parent") if self.parents.get(resource_type).is_some_and(|parents| !parents.is_empty()) => true,
            _ => self.rule(resource_type, relation).is_some(),
        }
    }

    fn nearest_relation(&self, resource_type: &str, relation: &str) -> String {
        nearest(relation, self.relations.get(resource_type).into_iter().flat_map(|relations| relations.keys().copied()))
    }

    /// Looks at all that the definition of a relation names.
    ///
    /// # Errors
    /// A type or a relation that is not known; `from` a relation that does not simply list types.
    pub(crate) fn check(&self, resource_type: &str, definition: &RelationDefinition) -> Result<()> {
        for (mention, position) in definition.rule.mentions().into_iter().zip(&definition.positions) {
            let fault = match mention {
                Mention::Restriction(restriction) => self.fault_in_restriction(restriction),
                Mention::Computed(relation) => self.fault_in_relation(resource_type, relation),
                Mention::From { relation, through } => self.fault_in_from(resource_type, relation, through),
            };
            if let Some(fault) = fault {
                let error = position.refused(fault);
                return Err(match definition.place.as_str() {
                    "" => error,
                    place => Refusal::new(format!("{place}: {error}")),
                });
            }
        }
        Ok(())
    }

    fn fault_in_restriction(&self, restriction: &Restriction) -> Option<String> {
        let subject_type = &*restriction.subject_type;
        if !self.types.contains(subject_type) && !BUILT_IN_SUBJECT_TYPES.contains(&subject_type) {
            let known = self.types.iter().copied().chain(BUILT_IN_SUBJECT_TYPES);
            return Some(format!("unknown type `{subject_type}`{}", nearest(subject_type, known)));
        }
        match &restriction.kind {
            RestrictionKind::Userset(relation) => self.fault_in_relation(subject_type, relation),
            RestrictionKind::One | RestrictionKind::Every => None,
        }
    }

    fn fault_in_relation(&self, resource_type: &str, relation: &str) -> Option<String> {
        let near = || self.nearest_relation(resource_type, relation);
        (!self.has(resource_type, relation)).then(|| format!("the type `{resource_type}` has no relation `{relation}`{}", near()))
    }

    fn fault_in_from(&self, resource_type: &str, relation: &str, through: &str) -> Option<String> {
        let Some(rule) = self.rule(resource_type, through) else {
            let parents = self.parents.get(resource_type).filter(|_| through == "parent").into_iter().flatten().copied();
            return match parents.clone().next() {
                Some(_) => self.fault_in_leading_to(relation, through, parents),
                None => self.fault_in_relation(resource_type, through),
            };
        };
        let Definition::Direct(restrictions) = rule else {
            return Some(format!(
                "`from {through}` leads through `{through}`, whose rule `{rule}` is more than a list of types; only such a list can be followed"
            ));
        };
        if let Some(other) = restrictions.iter().find(|restriction| restriction.kind != RestrictionKind::One) {
            return Some(format!(
                "`from {through}` leads through `{through}`, which takes `{other}`; only a list of plain types can be followed"
            ));
        }
        self.fault_in_leading_to(relation, through, restrictions.iter().map(|restriction| &*restriction.subject_type))
    }

    /// One of the types that `through` leads to must have the relation.
    fn fault_in_leading_to<'t>(&self, relation: &str, through: &str, types: impl Iterator<Item = &'t str> + Clone) -> Option<String> {
        if types.clone().any(|resource_type| self.has(resource_type, relation)) {
            return None;
        }
        let near = types.clone().map(|resource_type| self.nearest_relation(resource_type, relation)).find(|near| !near.is_empty());
        let types: Vec<String> = types.map(|resource_type| format!("`{resource_type}`")).collect();
        Some(format!("no type of `{through}` ({}) has a relation `{relation}`{}", types.join(", "), near.unwrap_or_default()))
    }
}
