//! Holds a document against the model in force.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::base::identifier::BUILT_IN_SUBJECT_TYPES;
use crate::base::json::{quoted, refused};
use crate::base::refusal::{Refusal, Result, nearest, shown};
use crate::model::definition::Definition;
use crate::model::document::{DeclaredPermission, DeclaredRole, Document, EVERYTHING_ABOVE, ORGANIZATION};
use crate::model::language::{RelationDefinition, Vocabulary};

use super::{Action, Change, Fields, InForce, Item, Obstacle, Plan};

/// Child type → parent types.
type Parents<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// Whether `above` is `below` or one of its ancestors.
fn reaches(parents: &Parents<'_>, below: &str, above: &str) -> bool {
    let (mut seen, mut next) = (HashSet::from([below]), vec![below]);
    while let Some(slug) = next.pop() {
        if slug == above {
            return true;
        }
        next.extend(parents.get(slug).into_iter().flatten().copied().filter(|parent| seen.insert(parent)));
    }
    false
}

/// The types of a cycle other than a type that nests in itself, the first of them again at the end.
fn cycle<'a>(parents: &Parents<'a>) -> Option<Vec<&'a str>> {
    let mut children: HashMap<&str, Vec<&'a str>> = HashMap::new();
    let mut waiting: BTreeMap<&'a str, usize> = BTreeMap::new();
    for (&child, above) in parents {
        let others = above.iter().filter(|parent| **parent != child);
        waiting.insert(child, others.clone().count());
        others.for_each(|parent| children.entry(parent).or_default().push(child));
    }
    let known: HashSet<&str> = waiting.keys().copied().collect();
    let mut free: Vec<&str> = waiting.iter().filter(|(_, count)| **count == 0).map(|(slug, _)| *slug).collect();
    free.extend(children.keys().filter(|slug| !known.contains(**slug)));
    while let Some(slug) = free.pop() {
        waiting.remove(slug);
        for child in children.get(slug).into_iter().flatten() {
            if let Some(count) = waiting.get_mut(child) {
                *count -= 1;
                if *count == 0 {
                    free.push(child);
                }
            }
        }
    }
    // Every type that is left has a parent that is left: going up from one leads round.
    let mut path = vec![*waiting.keys().next()?];
    loop {
        let last = path.last()?;
        let up = parents.get(last)?.iter().find(|parent| *parent != last && waiting.contains_key(*parent))?;
        if let Some(start) = path.iter().position(|slug| slug == up) {
            let mut round: Vec<&str> = path.split_off(start);
            round.push(up);
            return Some(round);
        }
        path.push(up);
    }
}

/// The words of a change of name and description.
fn differences(pairs: &[(&str, Option<&str>, Option<&str>)], adopted: bool) -> Option<String> {
    let said = |text: Option<&str>| text.map_or("none".to_owned(), |text| format!("\"{}\"", shown(text)));
    let mut all: Vec<String> = pairs
        .iter()
        .filter(|(_, from, to)| from != to)
        .map(|(field, from, to)| format!("{field} from {} to {}", said(*from), said(*to)))
        .collect();
    if adopted {
        all.push("taken over by the document".to_owned());
    }
    (!all.is_empty()).then(|| all.join(", "))
}

/// Finds what must change so that the model in force says what the document says. By `force` what stands on roles and types that go does
/// not stand in the way, but goes along; and relationships that the model no longer allows may stay.
///
/// # Errors
/// An unknown name, a cycle, a permission out of a role's reach, a removal that would pull the ground from under something made otherwise.
pub(crate) fn diff<'a>(document: &'a Document, model: &'a InForce, force: bool) -> Result<Plan<'a>> {
    Difference::new(document, model, force).plan()
}

struct Difference<'a> {
    document: &'a Document,
    model: &'a InForce,
    declared_permissions: HashMap<&'a str, &'a DeclaredPermission>,
    declared_roles: HashMap<&'a str, &'a DeclaredRole>,
    /// What there will be. Permissions and roles lead to their type.
    types: BTreeSet<&'a str>,
    permissions: BTreeMap<&'a str, &'a str>,
    roles: BTreeMap<&'a str, &'a str>,
    parents: Parents<'a>,
    reach: HashMap<(&'a str, &'a str), bool>,
    declared_relations: BTreeMap<(&'a str, &'a str), &'a RelationDefinition>,
    /// The relations there will be.
    relations: BTreeMap<&'a str, BTreeMap<&'a str, &'a Definition>>,
    force: bool,
}

impl<'a> Difference<'a> {
    fn new(document: &'a Document, model: &'a InForce, force: bool) -> Self {
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

    fn plan(mut self) -> Result<Plan<'a>> {
        self.check_names()?;
        let mut plan = Plan::default();
        let (added, removed) = self.parents_to_change()?;
        if let Some(round) = cycle(&self.parents) {
            let words: Vec<String> = round.iter().map(|slug| format!("`{slug}`")).collect();
            let sentence =
                format!("the parents form a cycle, {}; a type may nest in itself, but types may form no other cycle", words.join(" < "));
            return refused("resource_types", sentence);
        }
        self.check_removed_types()?;
        self.check_relations()?;
        self.check_retyped_permissions()?;
        self.find_obstacles(&mut plan, &added, &removed);
        let kept = self.remove(&mut plan)?;
        self.remove_relations(&mut plan);
        self.change_types(&mut plan, added, removed, &kept)?;
        self.write_relations(&mut plan);
        self.write_permissions(&mut plan);
        self.write_roles(&mut plan);
        self.write_role_permissions(&mut plan)?;
        Ok(plan)
    }

    fn check_type(&self, place: impl Fn() -> String, slug: &str) -> Result<()> {
        if self.types.contains(slug) {
            return Ok(());
        }
        match self.model.resource_types.contains_key(slug) {
            true => refused(&place(), left_out("resource type", slug)),
            false => refused(&place(), format!("unknown resource type {}{}", quoted(slug), nearest(slug, self.types.iter().copied()))),
        }
    }

    fn check_names(&mut self) -> Result<()> {
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

    /// The parents to add and to remove; those there will be are left in `self.parents`.
    #[allow(clippy::type_complexity)]
    fn parents_to_change(&mut self) -> Result<(Vec<(&'a str, &'a str)>, Vec<(&'a str, &'a str)>)> {
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

    fn removed_types(&self) -> impl Iterator<Item = &'a str> {
        self.model.resource_types.keys().map(String::as_str).filter(|slug| !self.types.contains(slug))
    }

    /// Nothing made otherwise may stand on a type that goes.
    /// The permission by which a type is searched is one of its own.
    fn check_search(&self, slug: &str, permission: &str) -> Result<()> {
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

    fn check_removed_types(&self) -> Result<()> {
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

    fn check_retyped_permissions(&self) -> Result<()> {
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

    fn has_relation(&self, resource_type: &str, relation: &str) -> bool {
        self.relations.get(resource_type).is_some_and(|relations| relations.contains_key(relation))
    }

    /// The rules name what there will be, no permission is called like a relation of its type, and the relations that grant permissions
    /// are there.
    fn check_relations(&self) -> Result<()> {
        let vocabulary = Vocabulary { types: self.types.clone(), relations: self.relations.clone(), parents: &self.parents };
        for (resource_type, definition) in &self.document.relations {
            vocabulary.check(resource_type, definition)?;
        }
        for ((resource_type, name), row) in &self.model.relations {
            let kept =
                !self.declared_relations.contains_key(&(resource_type.as_str(), name.as_str())) && self.has_relation(resource_type, name);
            if kept {
                let place = format!("relation `{resource_type}#{name}`, made otherwise");
                let start = crate::model::definition::Position { line: 1, column: 1 };
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

    /// The kinds of subject that relations no longer take.
    fn find_lost_relationships(&self, plan: &mut Plan<'a>) {
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

    fn find_obstacles(&self, plan: &mut Plan<'a>, added: &[(&'a str, &'a str)], removed: &[(&'a str, &'a str)]) {
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

    fn is_retyped_permission(&self, slug: &str) -> bool {
        let now = self.model.permissions.get(slug).map(|row| row.resource_type.as_str());
        now.is_some() && self.permissions.get(slug).copied().is_some_and(|to| Some(to) != now)
    }

    fn is_retyped_role(&self, slug: &str) -> bool {
        let now = self.model.roles.get(slug).map(|row| row.resource_type.as_str());
        now.is_some() && self.roles.get(slug).copied().is_some_and(|to| Some(to) != now)
    }

    fn in_reach(&mut self, permission_type: &'a str, role_type: &'a str) -> bool {
        let parents = &self.parents;
        *self.reach.entry((permission_type, role_type)).or_insert_with(|| reaches(parents, permission_type, role_type))
    }

    /// Removes permissions of roles, roles and permissions. Returns, for each that a role keeps throughout, (permission's type, role's type).
    fn remove(&mut self, plan: &mut Plan<'a>) -> Result<BTreeSet<(&'a str, &'a str)>> {
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

    fn remove_relations(&self, plan: &mut Plan<'a>) {
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

    fn write_relations(&self, plan: &mut Plan<'a>) {
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

    fn change_types(
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
    fn order_of_parents(
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

    fn write_permissions(&self, plan: &mut Plan<'a>) {
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

    fn write_roles(&self, plan: &mut Plan<'a>) {
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

    fn write_role_permissions(&mut self, plan: &mut Plan<'a>) -> Result<()> {
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

fn change<'a>(action: Action, item: Item<'a>, detail: Option<String>) -> Change<'a> {
    Change { action, item, detail, fields: Fields::default() }
}

fn made_anew(from: &str, to: &str) -> String {
    format!("made anew, for its resource type changes from `{from}` to `{to}`")
}

fn left_out(kind: &str, slug: &str) -> String {
    format!("{kind} `{slug}` was declared by an earlier document, and this one removes it by leaving it out; declare it here too")
}

fn out_of_reach<T>(role: &str, role_type: &str, permission: &str, permission_type: &str) -> Result<T> {
    Err(Refusal::new(format!(
        "{role}, made otherwise, holds permission `{permission}`, whose resource type `{permission_type}` would no longer be `{role_type}` or below it; take it from the role first"
    )))
}
