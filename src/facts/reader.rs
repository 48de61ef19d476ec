//! Reads the facts, from what is kept or from the tables: the names and what they stand for, and the rows that explanations and lists show.
//!
//! What a decision asks for is in [`crate::facts::answers`].

use std::cell::Cell;
use std::rc::Rc;

use rusqlite::Row;
use rusqlite::types::{Value, ValueRef};

use crate::access::candidates;
use crate::access::tree::Walk;
use crate::base::clock::Clock;
use crate::base::identifier::{Id, IdRef, Subject as SubjectText, SubjectId};
use crate::base::refusal::{nearest, shown};
use crate::base::time::{self, Millis};
use crate::decide::facts::Facts;
use crate::decide::goal::{Goal, Node, Relation, RoleKey, TypeKey, Who};
use crate::decide::holds;
use crate::decide::roles::Ancestors;
use crate::decide::rule::{RoleSet, Rule};
use crate::facts::limits::Limits;
use crate::facts::nodes::Place;
use crate::facts::store::{Asked, Counts, Holding, Kept, Permission, Reach, Role, Store, Subject, count};
use crate::facts::visible::{Ids, Visible};
use crate::model::compiled::{Kind, Rules, Types};
use crate::sqlite::connection::Engine;
use crate::sqlite::error::{Error, Result};

/// A row of the role assignments, for explanations and lists.
pub(crate) struct Assignment {
    pub(crate) subject: String,
    pub(crate) role: RoleKey,
    pub(crate) expires_at: Option<String>,
    pub(crate) source: String,
}

/// Answers from what is kept or from the tables, for the length of one question.
pub(crate) struct Reader<'a> {
    pub(crate) engine: &'a Engine,
    clock: &'a Clock,
    pub(crate) limits: Limits,
    pub(crate) kept: &'a mut Kept,
    /// Whether what is read stays for later questions, so that it pays to gather all that a subject holds
    pub(crate) keeps: bool,
    now: Cell<Option<Millis>>,
    /// When the first of all that was found in force expires
    pub(crate) until: Cell<Millis>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(store: &'a Store, kept: &'a mut Kept, keeps: bool) -> Reader<'a> {
        let Store { engine, clock, limits, .. } = store;
        Reader { engine, clock, limits: limits.get(), kept, keeps, now: Cell::new(None), until: Cell::new(Millis::MAX) }
    }

    /// Whether the subject has the relation to the resource, and is not suspended in its organization.
    pub(crate) fn allows(&mut self, who: Who, goal: Goal) -> Result<bool> {
        let holds = match self.allows_by_gathered_roles(who, goal)? {
            Some(holds) => holds,
            None => holds(self, who, goal)?,
        };
        Ok(holds && !self.is_suspended(who, goal.node)?)
    }

    /// The plain case on its shortest way: a permission that roles alone grant, and a subject whose roles have been gathered. It is the
    /// walk of [`crate::decide::roles::held_at`]; `None` where it is another case.
    fn allows_by_gathered_roles(&mut self, who: Who, goal: Goal) -> Result<Option<bool>> {
        let Some(Rule::Roles(roles)) = self.permission(goal.relation).map(|permission| &*permission.rule) else { return Ok(None) };
        let roles = Rc::clone(roles);
        let Reach::Gathered(gathered) = self.reach_above(who, goal.node)? else { return Ok(None) };
        let Some(held) = &gathered.held else { return Ok(None) };
        let mut up = Ancestors::from(goal.node);
        while let Some(here) = up.next(self)? {
            let found = held.on(here);
            if !found.is_empty()
                && found.iter().any(|one| roles.contains(one.role) && self.is_live(one.expires_at))
                && self.is_registered(here)?
            {
                return Ok(Some(true));
            }
        }
        Ok(Some(false))
    }

    /// Type and permission of the last question, where the same is asked again.
    pub(crate) fn recall(&self, permission: ValueRef<'_>, slug: ValueRef<'_>) -> Option<(TypeKey, Relation)> {
        let (ValueRef::Text(permission), ValueRef::Text(slug), Some(asked)) = (permission, slug, &self.kept.asked) else { return None };
        let is_same = *permission == *asked.permission.as_bytes() && *slug == *asked.slug.as_bytes();
        is_same.then_some((asked.resource_type, asked.relation))
    }

    /// Keeps type and permission of a question for the next.
    pub(crate) fn remember(&mut self, permission: &str, slug: &str, resource_type: TypeKey, relation: Relation) {
        self.kept.asked = Some(Asked { permission: permission.into(), slug: slug.into(), resource_type, relation });
    }

    /// What a subject sees by a relation: as it is kept, or made now if that takes at the most `steps`.
    pub(crate) fn visible(&mut self, who: Who, relation: Relation, steps: usize, counts: &Counts) -> Result<Option<Rc<Visible>>> {
        if let Some(visible) = self.kept_visible(who, relation) {
            return Ok(Some(visible));
        }
        if steps == 0 {
            return Ok(None);
        }
        let rule = self.rule(relation)?;
        self.until.set(Millis::MAX);
        let mut ids = Ids::default();
        if let Rule::Roles(roles) = &*rule {
            let Some(resource_type) = self.permission(relation).map(|permission| permission.resource_type) else { return Ok(None) };
            let starts = self.starts(who, roles, resource_type)?;
            let mut walk = Walk::to(self.rules()?, resource_type, starts);
            while let Some(step) = walk.next(self)? {
                ids.insert_stored((&step.id).into());
                if walk.steps() > steps {
                    return Ok(None);
                }
            }
        } else if steps == usize::MAX {
            for node in candidates::resources(self, who, relation)? {
                let (_, id) = self.described(node)?;
                ids.insert_stored((&id).into());
            }
        } else {
            return Ok(None);
        }
        let by_relations = !matches!(*rule, Rule::Roles(_));
        let visible = Rc::new(Visible { who, relation, by_relations, until: self.until.get(), ids });
        count(&counts.sets_built);
        self.keep_visible(Rc::clone(&visible));
        Ok(Some(visible))
    }

    /// What a subject sees by a relation, if it is kept.
    pub(crate) fn kept_visible(&self, who: Who, relation: Relation) -> Option<Rc<Visible>> {
        let found = self.kept.visible.iter().find(|one| one.who == who && one.relation == relation);
        found.filter(|one| self.is_live(one.until)).cloned()
    }

    pub(crate) fn keep_visible(&mut self, visible: Rc<Visible>) {
        self.kept.visible.retain(|one| one.who != visible.who || one.relation != visible.relation);
        if self.kept.visible.len() >= self.limits.kept_sets {
            self.kept.visible.remove(0);
        }
        self.kept.visible.push(visible);
    }

    /// Another number for every state of the data.
    pub(crate) fn generation(&self) -> u64 {
        self.kept.generation
    }

    /// The resources of `resource_type` or above it on which the subject holds one of `roles` and is not suspended.
    pub(crate) fn starts(&mut self, who: Who, roles: &RoleSet, resource_type: TypeKey) -> Result<Vec<(TypeKey, Value)>> {
        let through = self.rules()?.types.at_or_above(resource_type);
        let mut starts = Vec::new();
        for node in self.resources_held(who, roles)? {
            let (held_type, stored) = self.described(node)?;
            if through.contains(&held_type) && self.is_registered(node)? && !self.is_suspended(who, node)? {
                starts.push((held_type, stored));
            }
        }
        Ok(starts)
    }

    /// Whether something that expires then is still in force. What is due at exactly now is over; all of one question has one now.
    pub(crate) fn is_live(&self, expires_at: Millis) -> bool {
        if expires_at == Millis::MAX {
            return true;
        }
        let is_live = expires_at > self.now();
        if is_live {
            self.until.set(self.until.get().min(expires_at));
        }
        is_live
    }

    pub(crate) fn now(&self) -> Millis {
        self.now.get().unwrap_or_else(|| {
            let time = self.clock.now();
            self.now.set(Some(time));
            time
        })
    }

    /// The model.
    pub(crate) fn rules(&mut self) -> Result<Rc<Rules>> {
        if let Some(rules) = &self.kept.rules {
            return Ok(Rc::clone(rules));
        }
        let mut types = Types::default();
        self.engine.with(include_str!("../../sql/facts/names/types.sql"), |statement| {
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                types.declare(&row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?.as_deref());
            }
            Ok(())
        })?;
        let definitions = self.engine.with(include_str!("../../sql/facts/names/relations.sql"), |statement| {
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            Ok(rows.collect::<rusqlite::Result<Vec<(String, String, String)>>>()?)
        })?;
        let rules = Rc::new(Rules::new(types, &definitions));
        self.kept.rules = Some(Rc::clone(&rules));
        Ok(rules)
    }

    /// The type named `slug`: a resource type, or a type of subjects that has relations.
    ///
    /// # Errors
    /// There is none; the sentence suggests the nearest.
    pub(crate) fn resource_type(&mut self, slug: &str) -> Result<TypeKey> {
        let rules = self.rules()?;
        let found = rules.types.key(slug).filter(|key| rules.types.is_declared(*key) || rules.names(*key).next().is_some());
        found.ok_or_else(|| Error::refused(format!("unknown resource type `{}`{}", shown(slug), nearest(slug, rules.types.declared()))))
    }

    /// The permission or relation of that name on a type.
    ///
    /// # Errors
    /// There is none, or the permission belongs to another type.
    pub(crate) fn relation(&mut self, name: &str, resource_type: TypeKey) -> Result<Relation> {
        let rules = self.rules()?;
        let found = rules.relation(resource_type, name);
        let by_model = found.filter(|relation| rules.get(*relation).is_some_and(|one| one.is_listed()));
        if let Some(relation) = by_model {
            return Ok(relation);
        }
        if !self.kept.permission_by_slug.contains_key(name) {
            self.read_permission(name)?;
        }
        let Some(permission) = self.kept.permission_by_slug.get(name).copied() else {
            return match found {
                Some(relation) => Ok(relation),
                None => Err(self.unknown_relation(name, resource_type)?),
            };
        };
        match self.permission(permission).map(|found| found.resource_type) {
            Some(own) if own != resource_type => Err(Error::refused(format!(
                "the permission `{name}` belongs to the resource type `{}`, not to `{}`",
                rules.types.slug(own),
                rules.types.slug(resource_type)
            ))),
            _ => Ok(permission),
        }
    }

    /// The permission of a number past the relations of the model.
    pub(crate) fn permission(&self, relation: Relation) -> Option<&Permission> {
        let relations = self.kept.rules.as_ref().map_or(0, |rules| rules.len());
        (relation.0 as usize).checked_sub(relations).and_then(|index| self.kept.permissions.get(index))
    }

    /// What a relation or permission is called.
    pub(crate) fn name_of(&mut self, relation: Relation) -> Result<String> {
        let rules = self.rules()?;
        Ok(match (rules.get(relation), self.permission(relation)) {
            (Some(one), _) => one.name.to_string(),
            (None, Some(permission)) => permission.slug.to_string(),
            (None, None) => String::new(),
        })
    }

    fn read_permission(&mut self, slug: &str) -> Result<()> {
        let found = self.engine.with(include_str!("../../sql/facts/names/permission.sql"), |statement| {
            let mut rows = statement.query([slug])?;
            Ok(match rows.next()? {
                Some(row) => Some((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?)),
                None => None,
            })
        })?;
        let Some((type_slug, relation)) = found else { return Ok(()) };
        let rules = self.rules()?;
        let Some(resource_type) = rules.types.key(&type_slug) else { return Ok(()) };
        let mut granted_by = RoleSet::default();
        let roles = self.engine.with(include_str!("../../sql/facts/names/grantors.sql"), |statement| {
            let mut roles = Vec::new();
            let mut rows = statement.query([slug])?;
            while let Some(row) = rows.next()? {
                roles.push(role_of(row, 0, 1)?);
            }
            Ok(roles)
        })?;
        for role in roles {
            granted_by.insert(self.role_key(role));
        }
        let by_roles = Rule::Roles(granted_by.into());
        let rule = match relation.and_then(|name| rules.relation(resource_type, &name)) {
            Some(relation) => Rule::Any(vec![by_roles, Rule::Computed(relation)]),
            None => by_roles,
        };
        let number = Relation(u32::try_from(rules.len() + self.kept.permissions.len()).unwrap_or(u32::MAX));
        self.kept.entries += 1;
        self.kept.permissions.push(Permission { slug: slug.into(), resource_type, rule: rule.into() });
        self.kept.permission_by_slug.insert(slug.into(), number);
        Ok(())
    }

    fn unknown_relation(&mut self, name: &str, resource_type: TypeKey) -> Result<Error> {
        let permissions = self.strings(include_str!("../../sql/facts/names/permission_slugs.sql"), &[])?;
        let rules = self.rules()?;
        let relations: Vec<&str> = rules.names(resource_type).map(|(name, _)| name).collect();
        let what = if relations.is_empty() { "permission" } else { "permission or relation" };
        let near = nearest(name, relations.into_iter().chain(permissions.iter().map(String::as_str)));
        Ok(Error::refused(format!("unknown {what} `{}`{near}", shown(name))))
    }

    fn role_key(&mut self, role: Role) -> RoleKey {
        if let Some(key) = self.kept.role_by_name.get(&role) {
            return *key;
        }
        let key = RoleKey(u32::try_from(self.kept.roles.len()).unwrap_or(u32::MAX));
        self.kept.entries += 1;
        self.kept.roles.push(role.clone());
        self.kept.role_by_name.insert(role, key);
        key
    }

    /// The role that a key stands for.
    pub(crate) fn role(&self, key: RoleKey) -> Option<&Role> {
        self.kept.roles.get(key.0 as usize)
    }

    /// All roles in a set.
    pub(crate) fn roles_in(&self, set: &RoleSet) -> Vec<&Role> {
        (0u32..).zip(&self.kept.roles).filter(|(key, _)| set.contains(RoleKey(*key))).map(|(_, role)| role).collect()
    }

    /// The resource type that a role belongs to.
    pub(crate) fn type_of_role(&mut self, role: &Role) -> Result<Option<String>> {
        self.engine.with(include_str!("../../sql/facts/names/role_type.sql"), |statement| {
            let mut rows = statement.query(rusqlite::params![role.slug, role.organization])?;
            Ok(match rows.next()? {
                Some(row) => Some(row.get(0)?),
                None => None,
            })
        })
    }

    /// The permissions of `resource_type` that a role holds.
    pub(crate) fn permissions_of(&mut self, role: RoleKey, resource_type: TypeKey) -> Result<Vec<String>> {
        let Some(role) = self.role(role).cloned() else { return Ok(Vec::new()) };
        let rules = self.rules()?;
        self.strings(
            include_str!("../../sql/facts/names/role_permissions.sql"),
            rusqlite::params![role.slug, role.organization, rules.types.slug(resource_type)],
        )
    }

    /// The number of a resource, whether it is registered or not.
    pub(crate) fn node(&mut self, resource_type: TypeKey, id: IdRef<'_>) -> Node {
        self.kept.nodes.number(resource_type, id)
    }

    /// Where a resource lies.
    pub(crate) fn place(&mut self, node: Node) -> Result<Place> {
        match self.kept.nodes.place(node) {
            Place::Unknown => self.look_up(node),
            known => Ok(known),
        }
    }

    fn look_up(&mut self, node: Node) -> Result<Place> {
        let rules = self.rules()?;
        let Some((resource_type, id)) = self.kept.nodes.get(node) else { return Ok(Place::NotRegistered) };
        let (first, second) = id.forms();
        let nodes = &mut self.kept.nodes;
        let place = match rules.types.is_declared(resource_type) {
            false => Place::NotRegistered,
            true => self.engine.with(include_str!("../../sql/facts/places/resource.sql"), |statement| {
                let mut rows = statement.query(rusqlite::params![rules.types.slug(resource_type), first, second])?;
                let Some(row) = rows.next()? else { return Ok(Place::NotRegistered) };
                nodes.set_stored(node, if row.get(2)? { ValueRef::Text(b"") } else { ValueRef::Integer(0) });
                // A type that is gone although a resource still names it: the constraints were off. Nothing comes down from there.
                let above = match row.get::<_, Option<String>>(0)?.as_deref() {
                    Some(slug) => rules.types.key(slug).zip(IdRef::stored(row.get_ref(1)?)),
                    None => None,
                };
                Ok(above.map_or(Place::Root, |(above, id)| Place::Below(nodes.number(above, id))))
            })?,
        };
        self.kept.nodes.set_place(node, place);
        Ok(place)
    }

    /// Whether a resource has been put.
    pub(crate) fn is_registered(&mut self, node: Node) -> Result<bool> {
        Ok(self.place(node)? != Place::NotRegistered)
    }

    /// Type and id of a resource, the id with the type it was first written with.
    pub(crate) fn described(&mut self, node: Node) -> Result<(TypeKey, Value)> {
        self.place(node)?;
        Ok((self.kept.nodes.resource_type(node).unwrap_or(TypeKey(u32::MAX)), self.kept.nodes.stored_id(node)))
    }

    /// Slug of the type and id of a resource, as stored.
    pub(crate) fn slug_and_id(&mut self, node: Node) -> Result<(String, Value)> {
        let (resource_type, id) = self.described(node)?;
        Ok((self.rules()?.types.slug(resource_type).to_owned(), id))
    }

    /// The resources right below one whose type is among `types`: type and id as stored, in the order of the index.
    pub(crate) fn children(&mut self, types: &Types, resource_type: TypeKey, id: &Value) -> Result<Vec<(TypeKey, Value)>> {
        self.engine.with(include_str!("../../sql/facts/places/children.sql"), |statement| {
            let mut rows = statement.query(rusqlite::params![types.slug(resource_type), id])?;
            let mut children = Vec::new();
            while let Some(row) = rows.next()? {
                if let Some(key) = row.get_ref(0)?.as_str().ok().and_then(|slug| types.key(slug)) {
                    children.push((key, row.get(1)?));
                }
            }
            Ok(children)
        })
    }

    /// The name of a resource.
    pub(crate) fn name(&mut self, resource_type: &str, id: &Value) -> Result<Option<String>> {
        self.engine.with(include_str!("../../sql/facts/places/name.sql"), |statement| {
            let mut rows = statement.query(rusqlite::params![resource_type, id])?;
            Ok(match rows.next()? {
                Some(row) => row.get(0)?,
                None => None,
            })
        })
    }

    /// A subject that asks or is asked about. One that nobody has heard of is simply nobody.
    ///
    /// # Errors
    /// The text is no subject, its type is not known, or it is a userset of a relation that there is not.
    pub(crate) fn subject(&mut self, text: &str) -> Result<Who> {
        if let Some(who) = self.kept.subject_by_text.get(text)
            && self.kept.subjects.get(who.0 as usize).is_some_and(|subject| subject.kind.is_some())
        {
            return Ok(*who);
        }
        let subject = SubjectText::parse(text)?;
        let rules = self.rules()?;
        let Some(subject_type) = rules.types.key(&subject.subject_type) else {
            let near = nearest(&subject.subject_type, rules.types.of_subjects());
            return Err(Error::refused(format!("unknown subject type `{}`{near}", shown(&subject.subject_type))));
        };
        if let SubjectId::Userset(_, name) = &subject.id
            && rules.relation(subject_type, name).is_none()
        {
            let near = nearest(name, rules.names(subject_type).map(|(name, _)| name));
            return Err(Error::refused(format!("unknown relation `{}` of `{}`{near}", shown(name), subject.subject_type)));
        }
        self.who(text)
    }

    /// The subject of a text as it stands in a table.
    pub(crate) fn who(&mut self, text: &str) -> Result<Who> {
        if let Some(who) = self.kept.subject_by_text.get(text) {
            return Ok(*who);
        }
        let rules = self.rules()?;
        let (mut kind, mut node) = (None, None);
        if let Some((slug, rest)) = text.split_once(':')
            && let Some(subject_type) = rules.types.key(slug)
        {
            if rest == "*" {
                kind = Some(Kind::Every(subject_type));
            } else if let Some((id, name)) = rest.split_once('#') {
                kind = rules.relation(subject_type, name).map(Kind::Userset);
                node = Some(self.node(subject_type, IdRef::of(id)));
            } else {
                kind = Some(Kind::One(subject_type));
                node = Some(self.node(subject_type, IdRef::of(rest)));
            }
        }
        let who = Who(u32::try_from(self.kept.subjects.len()).unwrap_or(u32::MAX));
        self.kept.entries += 2;
        self.kept.subjects.push(Subject { text: text.into(), kind, node, reach: Reach::Unknown, stale: Vec::new(), suspended: None });
        self.kept.subject_by_text.insert(text.into(), who);
        Ok(who)
    }

    /// Everyone of a type.
    pub(crate) fn everyone(&mut self, of: TypeKey) -> Result<Who> {
        let text = format!("{}:*", self.rules()?.types.slug(of));
        self.who(&text)
    }

    /// One subject: a resource, a user, a group.
    pub(crate) fn who_is(&mut self, node: Node) -> Result<Who> {
        let text = self.text_of(node)?;
        self.who(&text)
    }

    /// All who have a relation to a resource.
    pub(crate) fn userset(&mut self, goal: Goal) -> Result<Who> {
        let text = format!("{}#{}", self.text_of(goal.node)?, self.name_of(goal.relation)?);
        self.who(&text)
    }

    /// `type:id` of a resource.
    pub(crate) fn text_of(&mut self, node: Node) -> Result<String> {
        let rules = self.rules()?;
        Ok(self.kept.nodes.get(node).map(|(of, id)| format!("{}:{id}", rules.types.slug(of))).unwrap_or_default())
    }

    /// The text of a subject.
    pub(crate) fn text(&self, who: Who) -> &str {
        self.kept.subjects.get(who.0 as usize).map_or("", |subject| &subject.text)
    }

    pub(crate) fn kind(&self, who: Who) -> Option<Kind> {
        self.kept.subjects.get(who.0 as usize).and_then(|subject| subject.kind)
    }

    /// For a userset, of what it is; for one subject, itself.
    pub(crate) fn node_of(&self, who: Who) -> Option<Node> {
        self.kept.subjects.get(who.0 as usize).and_then(|subject| subject.node)
    }

    /// How a subject stands in role assignments and among the members of groups: there a group means its members.
    pub(crate) fn text_as_holder(&self, who: Who, rules: &Rules) -> Option<&str> {
        match self.kind(who)? {
            Kind::One(_) => Some(self.text(who)),
            Kind::Userset(relation) if relation == rules.members => self.text(who).split('#').next(),
            Kind::Userset(_) | Kind::Every(_) => None,
        }
    }

    /// Whether the subject is suspended in the organization of a resource.
    pub(crate) fn is_suspended(&mut self, who: Who, node: Node) -> Result<bool> {
        if let Some(subject) = self.kept.subjects.get(who.0 as usize)
            && subject.suspended.as_ref().is_some_and(|suspended| suspended.is_empty())
        {
            return Ok(false);
        }
        let suspended = self.suspended(who)?;
        Ok(!suspended.is_empty() && self.organization_of(node)?.is_some_and(|organization| suspended.contains(&organization)))
    }

    /// The organizations in which a subject is suspended.
    pub(crate) fn suspended(&mut self, who: Who) -> Result<Rc<[Node]>> {
        let Some(subject) = self.kept.subjects.get(who.0 as usize) else { return Ok(Rc::new([])) };
        if let Some(suspended) = &subject.suspended {
            return Ok(Rc::clone(suspended));
        }
        let user = match subject.kind {
            Some(Kind::One(_)) => subject.text.strip_prefix("user:").map(str::to_owned),
            _ => None,
        };
        let mut suspended = Vec::new();
        if let Some(user) = user
            && let Some(organization) = self.rules()?.types.key("organization")
        {
            let ids = self.engine.with(include_str!("../../sql/facts/suspension/suspended.sql"), |statement| {
                let rows = statement.query_map([user], |row| Ok(Id::stored(row.get_ref(0)?)))?;
                Ok(rows.collect::<rusqlite::Result<Vec<Id>>>()?)
            })?;
            suspended = ids.iter().map(|id| self.node(organization, id.as_ref())).collect();
        }
        let suspended: Rc<[Node]> = suspended.into();
        if let Some(subject) = self.kept.subjects.get_mut(who.0 as usize) {
            subject.suspended = Some(Rc::clone(&suspended));
        }
        Ok(suspended)
    }

    /// The organization at the top of a resource.
    pub(crate) fn organization_of(&mut self, node: Node) -> Result<Option<Node>> {
        let organization = self.rules()?.types.key("organization");
        let mut up = Ancestors::from(node);
        let mut top = node;
        while let Some(here) = up.next(self)? {
            top = here;
        }
        Ok((self.kept.nodes.resource_type(top) == organization && self.is_registered(top)?).then_some(top))
    }

    /// The groups and other usersets that contain the subject, the subject itself first; for a group, the group.
    pub(crate) fn carriers(&mut self, who: Who) -> Result<Vec<String>> {
        let rules = self.rules()?;
        let gathered = self.gathered(who)?;
        Ok(gathered.carriers.iter().filter_map(|(who, _)| self.text_as_holder(*who, &rules).map(str::to_owned)).collect())
    }

    /// How a group contains the subject: the groups from the innermost to `carrier`, which is the last.
    pub(crate) fn group_path(&mut self, who: Who, carrier: &str) -> Result<Vec<String>> {
        let rules = self.rules()?;
        let gathered = self.gathered(who)?;
        let mut path = Vec::new();
        let is_carrier = |who: Who| self.text_as_holder(who, &rules) == Some(carrier);
        let mut at = gathered.carriers.iter().position(|(who, _)| is_carrier(*who)).unwrap_or(0);
        while at != 0 {
            let Some((who, from)) = gathered.carriers.get(at) else { break };
            path.push(self.text_as_holder(*who, &rules).unwrap_or_else(|| self.text(*who)).to_owned());
            at = *from;
        }
        path.reverse();
        Ok(path)
    }

    /// Every resource on which the subject holds a role out of `roles`, each once.
    pub(crate) fn resources_held(&mut self, who: Who, roles: &RoleSet) -> Result<Vec<Node>> {
        let gathered = self.gathered(who)?;
        if let Some(held) = &gathered.held {
            let counts = |node: &Node| held.on(*node).iter().any(|one| roles.contains(one.role) && self.is_live(one.expires_at));
            return Ok(held.nodes().into_iter().filter(counts).collect());
        }
        let mut nodes = Vec::new();
        let mut seen = hashbrown::HashSet::new();
        for (node, holding) in self.holdings(&gathered.carriers, usize::MAX)?.unwrap_or_default() {
            if roles.contains(holding.role) && self.is_live(holding.expires_at) && seen.insert(node) {
                nodes.push(node);
            }
        }
        Ok(nodes)
    }

    /// All roles that the subject holds on `node` or above it, nearest first, each once.
    pub(crate) fn roles_in_force(&mut self, who: Who, node: Node) -> Result<Vec<RoleKey>> {
        let mut seen = RoleSet::default();
        let mut roles = Vec::new();
        let mut up = Ancestors::from(node);
        while let Some(here) = up.next(self)? {
            for assignment in self.assignments_held(who, here)? {
                if assignment_is_live(self, &assignment) && !seen.contains(assignment.role) {
                    seen.insert(assignment.role);
                    roles.push(assignment.role);
                }
            }
        }
        Ok(roles)
    }

    /// The permissions of one type that relations grant, each with the name of the relation.
    pub(crate) fn permissions_by_relation(&mut self, resource_type: TypeKey) -> Result<Vec<(String, String)>> {
        let rules = self.rules()?;
        self.engine.with(include_str!("../../sql/facts/names/permissions_by_relation.sql"), |statement| {
            let rows = statement.query_map([rules.types.slug(resource_type)], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
        })
    }

    /// Every assignment on one resource.
    pub(crate) fn assignments_on(&mut self, node: Node) -> Result<Vec<Assignment>> {
        let (slug, id) = self.slug_and_id(node)?;
        self.assignments(include_str!("../../sql/facts/assignments/assignments_on.sql"), rusqlite::params![slug, id])
    }

    /// The assignments on one resource that are the subject's or a containing group's.
    pub(crate) fn assignments_held(&mut self, who: Who, node: Node) -> Result<Vec<Assignment>> {
        let (slug, id) = self.slug_and_id(node)?;
        let carriers = self.carriers(who)?;
        // One look-up for each carrier, unless there are so many that reading what stands on the resource is less.
        if carriers.len() <= 16 {
            let mut found = Vec::new();
            for carrier in carriers {
                let sql = include_str!("../../sql/facts/assignments/assignments_of_on.sql");
                found.extend(self.assignments(sql, rusqlite::params![slug, id, carrier])?);
            }
            return Ok(found);
        }
        let carriers: hashbrown::HashSet<String> = carriers.into_iter().collect();
        let mut found = self.assignments_on(node)?;
        found.retain(|assignment| carriers.contains(&assignment.subject));
        Ok(found)
    }

    /// What the subject was itself granted on one resource.
    pub(crate) fn holdings_of(&mut self, who: Who, node: Node) -> Result<Vec<Holding>> {
        let rules = self.rules()?;
        let Some(holder) = self.text_as_holder(who, &rules).map(str::to_owned) else { return Ok(Vec::new()) };
        let (slug, id) = self.slug_and_id(node)?;
        let rows = self.engine.with(include_str!("../../sql/facts/assignments/assignments_of_on.sql"), |statement| {
            let mut rows = statement.query(rusqlite::params![slug, id, holder])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push((role_of(row, 1, 2)?, expiry(row, 3)?));
            }
            Ok(found)
        })?;
        Ok(rows.into_iter().map(|(role, expires_at)| Holding { holder: who, role: self.role_key(role), expires_at }).collect())
    }

    fn assignments(&mut self, sql: &'static str, parameters: &[&dyn rusqlite::ToSql]) -> Result<Vec<Assignment>> {
        let rows = self.engine.with(sql, |statement| {
            let mut rows = statement.query(parameters)?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push((row.get::<_, String>(0)?, role_of(row, 1, 2)?, row.get::<_, Option<String>>(3)?, row.get::<_, String>(4)?));
            }
            Ok(found)
        })?;
        Ok(rows
            .into_iter()
            .map(|(subject, role, expires_at, source)| Assignment { subject, role: self.role_key(role), expires_at, source })
            .collect())
    }

    /// All that some subjects hold: the resource and the role; `None` if it is more than `most`.
    pub(crate) fn holdings(&mut self, carriers: &[(Who, usize)], most: usize) -> Result<Option<Vec<(Node, Holding)>>> {
        let rules = self.rules()?;
        let mut all = Vec::new();
        for (carrier, _) in carriers {
            let Some(text) = self.text_as_holder(*carrier, &rules) else { continue };
            let rows = self.engine.with(include_str!("../../sql/facts/assignments/assignments_of.sql"), |statement| {
                let mut rows = statement.query([text])?;
                let mut found = Vec::new();
                while let Some(row) = rows.next()? {
                    if all.len() + found.len() >= most {
                        return Ok(None);
                    }
                    let expires_at = expiry(row, 4)?;
                    found.push((
                        rules.types.key(row.get_ref(0)?.as_str().unwrap_or_default()),
                        Id::stored(row.get_ref(1)?),
                        role_of(row, 2, 3)?,
                        expires_at,
                    ));
                }
                Ok(Some(found))
            })?;
            let Some(rows) = rows else { return Ok(None) };
            for (resource_type, id, role, expires_at) in rows {
                let Some(resource_type) = resource_type else { continue };
                let node = self.node(resource_type, id.as_ref());
                let role = self.role_key(role);
                all.push((node, Holding { holder: *carrier, role, expires_at }));
            }
        }
        Ok(Some(all))
    }

    /// The first column of every row, as text.
    pub(crate) fn strings(&mut self, sql: &'static str, parameters: &[&dyn rusqlite::ToSql]) -> Result<Vec<String>> {
        self.engine.strings(sql, parameters)
    }
}

/// Whether an assignment is in force.
pub(crate) fn assignment_is_live(reader: &Reader<'_>, assignment: &Assignment) -> bool {
    reader.is_live(time::expiry(assignment.expires_at.as_deref()))
}

/// When a row expires. A text that is no time has expired.
pub(crate) fn expiry(row: &Row<'_>, column: usize) -> rusqlite::Result<Millis> {
    Ok(time::expiry(row.get_ref(column)?.as_str_or_null().unwrap_or(Some(""))))
}

fn role_of(row: &Row<'_>, slug: usize, organization: usize) -> Result<Role> {
    let organization = match row.get_ref(organization)? {
        ValueRef::Null => None,
        value => Some(Id::stored(value)),
    };
    Ok(Role { slug: row.get::<_, String>(slug)?.into(), organization })
}
