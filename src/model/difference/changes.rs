//! What is created and changed, in an order in which it can be written.

use std::collections::{BTreeMap, BTreeSet};

use super::outcome::Difference;
use super::parents::{Parents, cycle, reaches};
use super::words::{change, differences, made_anew};
use crate::base::json::refused;
use crate::base::refusal::{Refusal, Result};
use crate::model::document::ORGANIZATION;
use crate::model::plan::{Action, Change, Fields, Item, Plan};

impl<'a> Difference<'a> {
    pub(super) fn change_types(
        &mut self,
        plan: &mut Plan<'a>,
        added: Vec<(&'a str, &'a str)>,
        removed: Vec<(&'a str, &'a str)>,
        kept: &BTreeSet<(&'a str, &'a str)>,
    ) -> Result<()> {
        let document = self.document;
        for (slug, declared) in &document.resource_types {
            if !self.model.resource_types.contains_key(slug) {
                let mut create = change(Action::Create, Item::ResourceType(slug), None);
                let (description, search) = (declared.description.as_deref(), declared.search.as_deref());
                create.fields = Fields { description, search, declared: true, ..Fields::default() };
                plan.changes.push(create);
            }
        }
        for (action, resource_type, parent) in self.order_of_parents(added, removed, kept)? {
            let gone = !self.types.contains(resource_type);
            let foreign = self.model.parents.get(&(resource_type.to_owned(), parent.to_owned())) == Some(&false);
            let detail = (gone && foreign).then(|| format!("made otherwise, goes with resource type `{resource_type}`"));
            plan.changes.push(change(action, Item::Parent { resource_type, parent }, detail));
        }
        for slug in self.removed_types() {
            plan.changes.push(change(Action::Remove, Item::ResourceType(slug), None));
        }
        for (slug, declared) in &document.resource_types {
            let Some(row) = self.model.resource_types.get(slug).filter(|_| slug != ORGANIZATION) else { continue };
            let (from, to) = (row.description.as_deref(), declared.description.as_deref());
            let search = declared.search.as_deref();
            if let Some(detail) = differences(&[("description", from, to), ("search", row.search.as_deref(), search)], !row.declared) {
                let mut update = change(Action::Change, Item::ResourceType(slug), Some(detail));
                update.fields = Fields { description: to, described: from != to, search, declared: true, ..Fields::default() };
                plan.changes.push(update);
            }
        }
        // The built-in type counts as declared while a document says how it is searched.
        if let Some((slug, row)) = self.model.resource_types.get_key_value(ORGANIZATION) {
            let declared = document.resource_types.iter().find(|(slug, _)| slug == ORGANIZATION);
            let search = declared.and_then(|(_, declared)| declared.search.as_deref());
            let pairs = [("search", row.search.as_deref(), search)];
            if (search.is_some() || row.declared)
                && let Some(detail) = differences(&pairs, search.is_some() && !row.declared)
            {
                let mut update = change(Action::Change, Item::ResourceType(slug), Some(detail));
                update.fields = Fields { search, declared: search.is_some(), ..Fields::default() };
                plan.changes.push(update);
            }
        }
        for (slug, declared) in &document.resource_types {
            for parent in &declared.parents {
                if self.model.parents.get(&(slug.clone(), parent.clone())) == Some(&false) {
                    let detail = differences(&[], true);
                    plan.changes.push(change(Action::Change, Item::Parent { resource_type: slug, parent }, detail));
                }
            }
        }
        Ok(())
    }

    /// An order in which no step closes a cycle or takes a permission out of a role's reach, though the way from one hierarchy to the
    /// other may lead through steps that remove first and steps that add first.
    pub(super) fn order_of_parents(
        &self,
        mut added: Vec<(&'a str, &'a str)>,
        mut removed: Vec<(&'a str, &'a str)>,
        kept: &BTreeSet<(&'a str, &'a str)>,
    ) -> Result<Vec<(Action, &'a str, &'a str)>> {
        let mut now: Parents<'_> = BTreeMap::new();
        for (slug, parent) in self.model.parents.keys() {
            now.entry(slug).or_default().insert(parent);
        }
        let mut both = now.clone();
        for (slug, parent) in &added {
            both.entry(slug).or_default().insert(parent);
        }
        let create = |(slug, parent): (&'a str, &'a str)| (Action::Create, slug, parent);
        let remove = |(slug, parent): (&'a str, &'a str)| (Action::Remove, slug, parent);
        if cycle(&both).is_none() {
            return Ok(added.into_iter().map(create).chain(removed.into_iter().map(remove)).collect());
        }
        let mut order = Vec::new();
        loop {
            let before = order.len();
            added.retain(|&(slug, parent)| {
                let closes = slug != parent && reaches(&now, parent, slug);
                if !closes {
                    now.entry(slug).or_default().insert(parent);
                    order.push(create((slug, parent)));
                }
                closes
            });
            removed.retain(|&(slug, parent)| {
                let mut without = now.clone();
                without.entry(slug).or_default().remove(parent);
                let needed = kept.iter().any(|(below, above)| !reaches(&without, below, above));
                if !needed {
                    now = without;
                    order.push(remove((slug, parent)));
                }
                needed
            });
            match (added.first().or(removed.first()), order.len() == before) {
                (None, _) => return Ok(order),
                (Some((slug, parent)), true) => {
                    return Err(Refusal::new(format!(
                        "the parents cannot change in one step, see `{slug} < {parent}`; apply a document that takes the roles' permissions out first"
                    )));
                }
                (Some(_), false) => {}
            }
        }
    }

    pub(super) fn write_relations(&self, plan: &mut Plan<'a>) {
        for (resource_type, definition) in &self.document.relations {
            let (relation, rule) = (definition.name.as_str(), &definition.rule);
            let item = Item::Relation { resource_type, relation };
            let fields = Fields { rule: Some(rule), ..Fields::default() };
            match self.model.relations.get(&(resource_type.clone(), definition.name.clone())) {
                None => plan.changes.push(Change { action: Action::Create, item, detail: None, fields }),
                Some(row) => {
                    let (from, to) = (row.rule.to_string(), rule.to_string());
                    if let Some(detail) = differences(&[("definition", Some(&from), Some(&to))], !row.declared) {
                        plan.changes.push(Change { action: Action::Change, item, detail: Some(detail), fields });
                    }
                }
            }
        }
    }

    pub(super) fn write_permissions(&self, plan: &mut Plan<'a>) {
        for (slug, declared) in &self.document.permissions {
            let (name, description) = (declared.name.as_deref(), declared.description.as_deref());
            let relation = declared.relation.as_deref();
            let resource_type = &declared.resource_type;
            let fields = Fields { resource_type, name, description, described: true, declared: true, relation, ..Fields::default() };
            let item = Item::Permission(slug);
            match self.model.permissions.get(slug) {
                Some(row) if row.resource_type == declared.resource_type => {
                    let names = ("name", row.name.as_deref(), name);
                    let descriptions = ("description", row.description.as_deref(), description);
                    let described = names.1 != names.2 || descriptions.1 != descriptions.2;
                    let relations = ("relation", row.relation.as_deref(), relation);
                    if let Some(detail) = differences(&[names, descriptions, relations], !row.declared) {
                        let fields = Fields { described, related: relations.1 != relations.2, ..fields };
                        plan.changes.push(Change { action: Action::Change, item, detail: Some(detail), fields });
                    }
                }
                row => {
                    let detail = row.map(|row| made_anew(&row.resource_type, &declared.resource_type));
                    plan.changes.push(Change { action: Action::Create, item, detail, fields });
                }
            }
        }
        for (slug, row) in &self.model.permissions {
            if row.declared && row.system && !self.declared_permissions.contains_key(slug.as_str()) {
                let detail = Some("let go by the document; a system permission stays".to_owned());
                plan.changes.push(change(Action::Change, Item::Permission(slug), detail));
            }
        }
    }

    pub(super) fn write_roles(&self, plan: &mut Plan<'a>) {
        for (slug, declared) in &self.document.roles {
            let (name, description) = (declared.name.as_deref(), declared.description.as_deref());
            let fields =
                Fields { resource_type: &declared.resource_type, name, description, described: true, declared: true, ..Fields::default() };
            let item = Item::Role(slug);
            match self.model.roles.get(slug) {
                Some(row) if row.resource_type == declared.resource_type => {
                    let names = ("name", row.name.as_deref(), name);
                    let descriptions = ("description", row.description.as_deref(), description);
                    let described = names.1 != names.2 || descriptions.1 != descriptions.2;
                    if let Some(detail) = differences(&[names, descriptions], !row.declared) {
                        let fields = Fields { described, ..fields };
                        plan.changes.push(Change { action: Action::Change, item, detail: Some(detail), fields });
                    }
                }
                Some(row) => {
                    let detail = Some(made_anew(&row.resource_type, &declared.resource_type));
                    let fields = Fields { is_default: row.is_default, priority: row.priority, ..fields };
                    plan.changes.push(Change { action: Action::Create, item, detail, fields });
                }
                None => plan.changes.push(Change { action: Action::Create, item, detail: None, fields }),
            }
        }
    }

    pub(super) fn write_role_permissions(&mut self, plan: &mut Plan<'a>) -> Result<()> {
        let (document, model) = (self.document, self.model);
        for (role, declared) in &document.roles {
            let held = model.role_permissions.get(role);
            for permission in &declared.permissions {
                let Some(of) = self.permissions.get(permission.as_str()).copied() else { continue };
                if !self.in_reach(of, &declared.resource_type) {
                    let role_type = &declared.resource_type;
                    let sentence = format!(
                        "permission `{permission}` is of resource type `{of}`, which is neither `{role_type}`, the type of the role, nor below it"
                    );
                    return refused(&format!("roles.{role}.permissions"), sentence);
                }
                let item = Item::RolePermission { role, permission };
                match held.and_then(|held| held.get(permission)) {
                    None => plan.changes.push(change(Action::Create, item, None)),
                    Some(false) => {
                        plan.changes.push(change(Action::Change, item, differences(&[], true)));
                    }
                    Some(true) => {}
                }
            }
        }
        Ok(())
    }
}
