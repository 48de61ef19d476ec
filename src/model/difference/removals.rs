//! What goes, and what must not stand in its way.

use std::collections::{BTreeSet, HashSet};

use super::outcome::Difference;
use super::words::{change, made_anew, out_of_reach};
use crate::base::refusal::{Result, shown};
use crate::model::plan::{Action, Item, Obstacle, Plan};

impl<'a> Difference<'a> {
    pub(super) fn find_obstacles(&self, plan: &mut Plan<'a>, added: &[(&'a str, &'a str)], removed: &[(&'a str, &'a str)]) {
        for slug in self.removed_types() {
            if self.force {
                plan.forced_types.push(slug);
                continue;
            }
            plan.obstacles.push(Obstacle::ResourceOf(slug));
            plan.obstacles.push(Obstacle::SubjectOf(slug));
        }
        for (slug, row) in &self.model.roles {
            let to = self.roles.get(slug.as_str()).copied();
            match to {
                Some(to) if to == row.resource_type => {}
                _ if self.force => plan.forced_roles.push(slug),
                None => plan.obstacles.push(Obstacle::AssignmentOf(slug)),
                Some(to) => plan.obstacles.push(Obstacle::AssignmentOfRetyped { role: slug, from: &row.resource_type, to }),
            }
        }
        if !self.force {
            self.find_lost_relationships(plan);
        }
        for &(resource_type, parent) in removed {
            if !self.force || self.types.contains(resource_type) {
                plan.obstacles.push(Obstacle::Child { resource_type, parent });
            }
        }
        let had_parents: HashSet<&str> = self.model.parents.keys().map(|(slug, _)| slug.as_str()).collect();
        let mut asked = HashSet::new();
        for (slug, _) in added {
            if self.model.resource_types.contains_key(*slug) && !had_parents.contains(slug) && asked.insert(*slug) {
                plan.obstacles.push(Obstacle::RootOf(slug));
            }
        }
    }

    /// The kinds of subject that relations no longer take.
    pub(super) fn find_lost_relationships(&self, plan: &mut Plan<'a>) {
        for ((resource_type, relation), subjects) in &self.model.relation_subjects {
            let declared = self.declared_relations.get(&(resource_type.as_str(), relation.as_str()));
            if declared.is_none() && self.has_relation(resource_type, relation) {
                continue;
            }
            let kept = declared.map(|definition| definition.rule.restrictions()).unwrap_or_default();
            for subjects in subjects.iter().filter(|restriction| !kept.contains(restriction)) {
                plan.obstacles.push(Obstacle::Relationship { resource_type, relation, subjects });
            }
        }
    }

    /// Removes permissions of roles, roles and permissions. Returns, for each that a role keeps throughout, (permission's type, role's type).
    pub(super) fn remove(&mut self, plan: &mut Plan<'a>) -> Result<BTreeSet<(&'a str, &'a str)>> {
        let mut kept = BTreeSet::new();
        let model = self.model;
        let retyped_permissions: HashSet<&str> =
            model.permissions.keys().map(String::as_str).filter(|slug| self.is_retyped_permission(slug)).collect();
        for (role, held) in &model.role_permissions {
            let wanted: HashSet<&str> =
                self.declared_roles.get(role.as_str()).into_iter().flat_map(|declared| &declared.permissions).map(String::as_str).collect();
            let retyped_role = self.is_retyped_role(role);
            for (permission, declared) in held {
                let wanted = wanted.contains(permission.as_str());
                let ends = (self.roles.get(role.as_str()).copied(), self.permissions.get(permission.as_str()).copied());
                let gone = |detail: Option<String>| change(Action::Remove, Item::RolePermission { role, permission }, detail);
                match ends {
                    (None, _) => plan.changes.push(gone((!declared).then(|| format!("made otherwise, goes with role `{role}`")))),
                    (_, None) => {
                        plan.changes.push(gone((!declared).then(|| format!("made otherwise, goes with permission `{permission}`"))))
                    }
                    _ if *declared && !wanted => plan.changes.push(gone(None)),
                    (Some(role_type), Some(permission_type)) => {
                        // What the document wants is looked at where it is written.
                        if !wanted && !self.in_reach(permission_type, role_type) {
                            return out_of_reach(&format!("role `{role}`"), role_type, permission, permission_type);
                        }
                        if retyped_role || retyped_permissions.contains(permission.as_str()) {
                            plan.restored.push((role, permission, *declared || wanted));
                        } else {
                            kept.insert((permission_type, role_type));
                        }
                    }
                }
            }
        }
        for (index, held) in model.organization_role_permissions.iter().enumerate() {
            let (role, organization, permission) = (held.role.as_str(), held.organization.as_str(), held.permission.as_str());
            match self.permissions.get(permission).copied() {
                None => plan.changes.push(change(
                    Action::Remove,
                    Item::OrganizationRolePermission { role, organization, permission },
                    Some(format!("made otherwise, goes with permission `{permission}`")),
                )),
                Some(of) if !self.in_reach(of, &held.role_type) => {
                    let role = format!("role `{role}` of organization `{}`", shown(organization));
                    return out_of_reach(&role, &held.role_type, permission, of);
                }
                Some(_) if retyped_permissions.contains(permission) => plan.restored_organization.push(index),
                Some(of) => {
                    kept.insert((of, held.role_type.as_str()));
                }
            }
        }
        for (slug, row) in &model.roles {
            match self.roles.get(slug.as_str()) {
                None => plan.changes.push(change(Action::Remove, Item::Role(slug), None)),
                Some(to) if *to != row.resource_type => {
                    plan.changes.push(change(Action::Remove, Item::Role(slug), Some(made_anew(&row.resource_type, to))));
                }
                Some(_) => {}
            }
        }
        for (slug, row) in &model.permissions {
            match self.permissions.get(slug.as_str()) {
                None => plan.changes.push(change(Action::Remove, Item::Permission(slug), None)),
                Some(to) if *to != row.resource_type => {
                    plan.changes.push(change(Action::Remove, Item::Permission(slug), Some(made_anew(&row.resource_type, to))));
                }
                Some(_) => {}
            }
        }
        Ok(kept)
    }

    pub(super) fn remove_relations(&self, plan: &mut Plan<'a>) {
        for ((resource_type, relation), row) in &self.model.relations {
            if !self.has_relation(resource_type, relation) {
                let detail = (!row.declared).then(|| format!("made otherwise, goes with resource type `{resource_type}`"));
                plan.changes.push(change(Action::Remove, Item::Relation { resource_type, relation }, detail));
            }
        }
        for (slug, row) in &self.model.permissions {
            let goes = |relation: &str| !self.has_relation(&row.resource_type, relation);
            if self.permissions.contains_key(slug.as_str()) && row.relation.as_deref().is_some_and(goes) {
                plan.released.push(slug);
            }
        }
    }
}
