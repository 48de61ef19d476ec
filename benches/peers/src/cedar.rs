//! Cedar, in the two ways in which its guide represents relations: as attributes of the resources, with one policy for all; and as a policy
//! for each grant, of which those that can apply are looked up beforehand by the principal and the resource in their scope.

use std::collections::{HashMap, HashSet};

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, Policy, PolicySet, Request, RestrictedExpression,
};

use crate::Peer;
use crate::world::World;

fn uid(kind: &str, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.parse::<EntityTypeName>().unwrap(), EntityId::new(id))
}

fn subject(text: &str) -> EntityUid {
    match text.split_once(':') {
        Some(("group", id)) => uid("Group", id),
        Some((_, id)) => uid("User", id),
        None => uid("User", text),
    }
}

/// The entities, loaded once, and their names made beforehand, as an application could keep them.
struct Loaded {
    authorizer: Authorizer,
    entities: Entities,
    action: EntityUid,
    subjects: HashMap<String, EntityUid>,
    documents: HashMap<i64, EntityUid>,
    by_time: Vec<i64>,
}

impl Loaded {
    fn new(world: &World, resources: Vec<Entity>) -> Loaded {
        let names = world.grants.iter().map(|(who, ..)| who).chain(world.members.iter().map(|(_, member)| member));
        let names = names.chain(world.pairs.iter().map(|(who, ..)| who));
        let subjects: HashMap<String, EntityUid> = names.map(|who| (who.clone(), subject(who))).collect();
        let mut parents: HashMap<EntityUid, HashSet<EntityUid>> = subjects.values().map(|who| (who.clone(), HashSet::new())).collect();
        for (group, member) in &world.members {
            parents.entry(subject(member)).or_default().insert(uid("Group", group));
            parents.entry(uid("Group", group)).or_default();
        }
        let people = parents.into_iter().map(|(who, parents)| Entity::new(who, HashMap::new(), parents).unwrap());
        Loaded {
            authorizer: Authorizer::new(),
            entities: Entities::from_entities(people.chain(resources), None).unwrap(),
            action: uid("Action", "read"),
            subjects,
            documents: world.documents.iter().map(|(id, ..)| (*id, uid("document", &id.to_string()))).collect(),
            by_time: world.by_time(),
        }
    }

    fn allows(&self, principal: &EntityUid, resource: &EntityUid, policies: &PolicySet) -> bool {
        let request = Request::new(principal.clone(), self.action.clone(), resource.clone(), Context::empty(), None).unwrap();
        self.authorizer.is_authorized(&request, policies, &self.entities).decision() == Decision::Allow
    }

    /// An entity and all that it is in.
    fn with_ancestors<'a>(&'a self, entity: &'a EntityUid) -> impl Iterator<Item = &'a EntityUid> {
        std::iter::once(entity).chain(self.entities.ancestors(entity).into_iter().flatten())
    }
}

/// A way to put relations to Cedar.
trait Representation {
    const NAME: &str;
    fn how(&self) -> &'static str;
    fn loaded(&self) -> &Loaded;
    fn may_read(&self, subject: &str) -> impl Fn(&i64) -> bool;
}

/// Cedar, with relations represented in one way or another.
pub struct Cedar<R>(pub R);

impl<R: Representation> Peer for Cedar<R> {
    fn name(&self) -> String {
        format!("cedar-policy {}, {}", cedar_policy::get_sdk_version(), R::NAME)
    }

    fn how(&self) -> &'static str {
        self.0.how()
    }

    fn check(&mut self, subject: &str, document: i64) -> bool {
        self.0.may_read(subject)(&document)
    }

    fn count(&mut self, subject: &str) -> Option<i64> {
        let may_read = self.0.may_read(subject);
        Some(self.0.loaded().by_time.iter().filter(|document| may_read(document)).count() as i64)
    }

    fn newest(&mut self, subject: &str) -> Option<Vec<i64>> {
        let may_read = self.0.may_read(subject);
        Some(self.0.loaded().by_time.iter().copied().filter(|document| may_read(document)).take(20).collect())
    }
}

/// Relations as attributes.
pub struct Attributes {
    loaded: Loaded,
    policies: PolicySet,
}

impl Attributes {
    pub fn new(world: &World) -> Attributes {
        // A document may lie in four folders, which lie in a project, a workspace and an organization.
        let mut condition = String::from("principal in resource.readers");
        let mut open = String::from("resource");
        for _ in 0..7 {
            condition.push_str(&format!(" || ({open} has parent && (principal in {open}.parent.readers"));
            open.push_str(".parent");
        }
        condition.push_str(&"))".repeat(7));
        let policy = format!("permit (principal, action == Action::\"read\", resource) when {{ {condition} }};");

        let mut readers: HashMap<(&str, i64), Vec<RestrictedExpression>> = HashMap::new();
        for (who, kind, id) in &world.grants {
            readers.entry((kind, *id)).or_default().push(RestrictedExpression::new_entity_uid(subject(who)));
        }
        let resources = world.resources.iter().map(|(kind, id, parent)| {
            let readers = readers.remove(&(kind.as_str(), *id)).unwrap_or_default();
            let mut attributes = HashMap::from([("readers".to_owned(), RestrictedExpression::new_set(readers))]);
            if let Some((kind, id)) = parent {
                attributes.insert("parent".to_owned(), RestrictedExpression::new_entity_uid(uid(kind, &id.to_string())));
            }
            Entity::new(uid(kind, &id.to_string()), attributes, HashSet::new()).unwrap()
        });
        let resources = resources.collect();
        Attributes { loaded: Loaded::new(world, resources), policies: policy.parse().unwrap() }
    }
}

impl Representation for Attributes {
    const NAME: &str = "relations as attributes";

    fn how(&self) -> &'static str {
        "one policy over attributes; entities loaded once and names made beforehand; no list, so every document is asked about"
    }

    fn loaded(&self) -> &Loaded {
        &self.loaded
    }

    fn may_read(&self, subject: &str) -> impl Fn(&i64) -> bool {
        let principal = &self.loaded.subjects[subject];
        |document| self.loaded.allows(principal, &self.loaded.documents[document], &self.policies)
    }
}

/// A policy for each grant.
pub struct Policies {
    loaded: Loaded,
    /// By resource and principal of the scope
    by_scope: HashMap<EntityUid, HashMap<EntityUid, Policy>>,
    how: &'static str,
}

impl Policies {
    pub fn new(world: &World) -> Policies {
        let resources = world.resources.iter().map(|(kind, id, parent)| {
            let parents = parent.iter().map(|(kind, id)| uid(kind, &id.to_string())).collect();
            Entity::new(uid(kind, &id.to_string()), HashMap::new(), parents).unwrap()
        });
        let loaded = Loaded::new(world, resources.collect());
        let mut by_scope: HashMap<EntityUid, HashMap<EntityUid, Policy>> = HashMap::new();
        for (number, (who, kind, id)) in world.grants.iter().enumerate() {
            let (principal, resource) = (subject(who), uid(kind, &id.to_string()));
            let text = format!("permit (principal in {principal}, action == Action::\"read\", resource in {resource});");
            let policy = Policy::parse(Some(format!("grant-{number}").parse().unwrap()), text).unwrap();
            by_scope.entry(resource).or_default().insert(principal, policy);
        }
        let how = format!(
            "{} policies of one grant each, those about the subject and the document looked up by their scopes; else as before",
            world.grants.len()
        );
        Policies { loaded, by_scope, how: how.leak() }
    }
}

impl Representation for Policies {
    const NAME: &str = "a policy for each grant";

    fn how(&self) -> &'static str {
        self.how
    }

    fn loaded(&self) -> &Loaded {
        &self.loaded
    }

    fn may_read(&self, subject: &str) -> impl Fn(&i64) -> bool {
        let principal = &self.loaded.subjects[subject];
        let who: Vec<&EntityUid> = self.loaded.with_ancestors(principal).collect();
        move |document| {
            let resource = &self.loaded.documents[document];
            let mut policies = PolicySet::new();
            for on_it in self.loaded.with_ancestors(resource).filter_map(|place| self.by_scope.get(place)) {
                for policy in who.iter().filter_map(|who| on_it.get(*who)) {
                    policies.add(policy.clone()).unwrap();
                }
            }
            self.loaded.allows(principal, resource, &policies)
        }
    }
}
