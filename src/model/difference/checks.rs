//! What a document may not say, whatever the data are.

use super::outcome::Difference;
use super::words::left_out;
use crate::base::json::{quoted, refused};
use crate::base::refusal::{Refusal, Result, nearest};
use crate::model::definition::RelationDefinition;
use crate::model::document::EVERYTHING_ABOVE;
use crate::model::vocabulary::Vocabulary;

impl<'a> Difference<'a> {
    pub(super) fn check_names(&mut self) -> Result<()> {
        for (slug, declared) in &self.document.resource_types {
            for parent in &declared.parents {
                self.check_type(|| format!("resource_types.{slug}.parents"), parent)?;
            }
            if let Some(search) = declared.search.as_deref().filter(|search| *search != EVERYTHING_ABOVE) {
                self.check_search(slug, search)?;
            }
        }
        for (slug, declared) in &self.document.permissions {
            self.check_type(|| format!("permissions.{slug}.resource_type"), &declared.resource_type)?;
        }
        for (slug, declared) in &self.document.roles {
            self.check_type(|| format!("roles.{slug}.resource_type"), &declared.resource_type)?;
            for permission in &declared.permissions {
                if self.permissions.contains_key(permission.as_str()) {
                    continue;
                }
                let place = format!("roles.{slug}.permissions");
                return match self.model.permissions.contains_key(permission) {
                    true => refused(&place, left_out("permission", permission)),
                    false => {
                        let near = nearest(permission, self.permissions.keys().copied());
                        refused(&place, format!("unknown permission {}{near}", quoted(permission)))
                    }
                };
            }
        }
        Ok(())
    }

    pub(super) fn check_type(&self, place: impl Fn() -> String, slug: &str) -> Result<()> {
        if self.types.contains(slug) {
            return Ok(());
        }
        match self.model.resource_types.contains_key(slug) {
            true => refused(&place(), left_out("resource type", slug)),
            false => refused(&place(), format!("unknown resource type {}{}", quoted(slug), nearest(slug, self.types.iter().copied()))),
        }
    }

    /// The permission by which a type is searched is one of its own.
    pub(super) fn check_search(&self, slug: &str, permission: &str) -> Result<()> {
        let place = format!("resource_types.{slug}.search");
        match self.permissions.get(permission) {
            Some(of) if *of == slug => Ok(()),
            Some(of) => refused(&place, format!("the permission `{permission}` belongs to the resource type `{of}`, not to `{slug}`")),
            None if self.model.permissions.contains_key(permission) => refused(&place, left_out("permission", permission)),
            None => {
                let near = nearest(permission, self.permissions.keys().copied());
                refused(&place, format!("unknown permission {}{near}", quoted(permission)))
            }
        }
    }

    /// The parents to add and to remove; those there will be are left in `self.parents`.
    #[allow(clippy::type_complexity)]
    pub(super) fn parents_to_change(&mut self) -> Result<(Vec<(&'a str, &'a str)>, Vec<(&'a str, &'a str)>)> {
        let (mut added, mut removed) = (Vec::new(), Vec::new());
        for (slug, declared) in &self.document.resource_types {
            for parent in &declared.parents {
                self.parents.entry(slug).or_default().insert(parent);
                if !self.model.parents.contains_key(&(slug.clone(), parent.clone())) {
                    added.push((slug.as_str(), parent.as_str()));
                }
            }
        }
        for ((slug, parent), declared) in &self.model.parents {
            let wanted = self.parents.get(slug.as_str()).is_some_and(|all| all.contains(parent.as_str()));
            if wanted {
                continue;
            }
            if *declared || !self.types.contains(slug.as_str()) {
                removed.push((slug.as_str(), parent.as_str()));
            } else if !self.types.contains(parent.as_str()) {
                return Err(Refusal::new(format!(
                    "resource type `{parent}` cannot be removed: it is a parent of `{slug}`, made otherwise; delete that row of authz_resource_type_parents first"
                )));
            } else {
                self.parents.entry(slug).or_default().insert(parent);
            }
        }
        Ok((added, removed))
    }

    /// A resource of a type with parents is put into another, so the parents have to lead up to a type that has none. As the only cycle is
    /// of a type with itself, they fail to where such a type has no other parent.
    pub(super) fn check_tops(&self) -> Result<()> {
        for (slug, _) in &self.document.resource_types {
            let parents = self.parents.get(slug.as_str());
            if parents.is_some_and(|parents| parents.len() == 1 && parents.contains(slug.as_str())) {
                let sentence = format!(
                    "a `{slug}` could lie in another `{slug}` only, so that the first could never be put; add the type that the topmost lie in, such as `organization`"
                );
                return refused(&format!("resource_types.{slug}.parents"), sentence);
            }
        }
        Ok(())
    }

    /// Nothing made otherwise may stand on a type that goes.
    pub(super) fn check_removed_types(&self) -> Result<()> {
        let permissions = self.permissions.iter().map(|(slug, of)| ("permission", *slug, *of));
        let roles = self.roles.iter().map(|(slug, of)| ("role", *slug, *of));
        let organization = self.model.organization_roles.iter();
        let organization = organization.map(|role| ("organization role", role.slug.as_str(), role.resource_type.as_str()));
        match permissions.chain(roles).chain(organization).find(|(_, _, of)| !self.types.contains(of)) {
            Some((kind, slug, of)) => Err(Refusal::new(format!(
                "resource type `{of}` cannot be removed: {kind} `{slug}`, made otherwise, is of this type; delete it first"
            ))),
            None => Ok(()),
        }
    }

    pub(super) fn check_retyped_permissions(&self) -> Result<()> {
        for (slug, declared) in &self.document.permissions {
            if let Some(row) = self.model.permissions.get(slug)
                && row.system
                && row.resource_type != declared.resource_type
            {
                let (from, to) = (&row.resource_type, &declared.resource_type);
                return refused(
                    &format!("permissions.{slug}.resource_type"),
                    format!("it cannot change from `{from}` to `{to}`: the permission is a system permission"),
                );
            }
        }
        Ok(())
    }

    /// The rules name what there will be, no permission is called like a relation of its type, and the relations that grant permissions
    /// are there.
    pub(super) fn check_relations(&self) -> Result<()> {
        let vocabulary = Vocabulary { types: self.types.clone(), relations: self.relations.clone(), parents: &self.parents };
        for (resource_type, definition) in &self.document.relations {
            vocabulary.check(resource_type, definition)?;
        }
        for ((resource_type, name), row) in &self.model.relations {
            let kept =
                !self.declared_relations.contains_key(&(resource_type.as_str(), name.as_str())) && self.has_relation(resource_type, name);
            if kept {
                let place = format!("relation `{resource_type}#{name}`, made otherwise");
                let start = crate::model::tokens::Position { line: 1, column: 1 };
                let positions = vec![start; row.rule.mentions().len()];
                vocabulary.check(resource_type, &RelationDefinition { name: name.clone(), rule: row.rule.clone(), place, positions })?;
            }
        }
        for (slug, of) in &self.permissions {
            if self.has_relation(of, slug) {
                return Err(Refusal::new(format!(
                    "`{slug}` is a permission and a relation of resource type `{of}`, and a check could not tell them apart; name one of them otherwise"
                )));
            }
        }
        for (slug, declared) in &self.document.permissions {
            let Some(relation) = &declared.relation else { continue };
            if !self.has_relation(&declared.resource_type, relation) {
                let of = &declared.resource_type;
                let known = self.relations.get(of.as_str()).into_iter().flat_map(|relations| relations.keys().copied());
                let sentence = format!("unknown relation {} of resource type `{of}`{}", quoted(relation), nearest(relation, known));
                return refused(&format!("permissions.{slug}.relation"), sentence);
            }
        }
        for (slug, row) in &self.model.permissions {
            let stays = self.permissions.contains_key(slug.as_str()) && !self.declared_permissions.contains_key(slug.as_str());
            if let Some(relation) = row.relation.as_deref().filter(|relation| stays && !self.has_relation(&row.resource_type, relation)) {
                return Err(Refusal::new(format!(
                    "relation `{}#{relation}` cannot be removed: permission `{slug}`, made otherwise, names it; change that permission first",
                    row.resource_type
                )));
            }
        }
        Ok(())
    }
}
