//! Cedar: relations as attributes, as its guide advises where they are the application's data already; one policy for all, the entities
//! loaded once.

use std::collections::{HashMap, HashSet};

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request, RestrictedExpression,
};

use crate::Peer;
use crate::world::World;

pub struct Cedar {
    authorizer: Authorizer,
    policies: PolicySet,
    entities: Entities,
    action: EntityUid,
    /// Names made beforehand, as an application could keep them
    subjects: HashMap<String, EntityUid>,
    documents: HashMap<i64, EntityUid>,
    by_time: Vec<i64>,
}

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

impl Cedar {
    pub fn new(world: &World) -> Cedar {
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
        let mut subjects: HashMap<String, EntityUid> = HashMap::new();
        for (who, kind, id) in &world.grants {
            readers.entry((kind, *id)).or_default().push(RestrictedExpression::new_entity_uid(subject(who)));
            subjects.insert(who.clone(), subject(who));
        }
        let mut parents: HashMap<EntityUid, HashSet<EntityUid>> = subjects.values().map(|who| (who.clone(), HashSet::new())).collect();
        for (group, member) in &world.members {
            subjects.insert(member.clone(), subject(member));
            parents.entry(subject(member)).or_default().insert(uid("Group", group));
            parents.entry(uid("Group", group)).or_default();
        }
        for (who, ..) in &world.pairs {
            subjects.insert(who.clone(), subject(who));
            parents.entry(subject(who)).or_default();
        }
        let people = parents.into_iter().map(|(who, parents)| Entity::new(who, HashMap::new(), parents).unwrap());
        let resources = world.resources.iter().map(|(kind, id, parent)| {
            let readers = readers.remove(&(kind.as_str(), *id)).unwrap_or_default();
            let mut attributes = HashMap::from([("readers".to_owned(), RestrictedExpression::new_set(readers))]);
            if let Some((kind, id)) = parent {
                attributes.insert("parent".to_owned(), RestrictedExpression::new_entity_uid(uid(kind, &id.to_string())));
            }
            Entity::new(uid(kind, &id.to_string()), attributes, HashSet::new()).unwrap()
        });
        let entities = Entities::from_entities(people.chain(resources), None).unwrap();
        let mut by_time: Vec<(i64, i64)> = world.documents.iter().map(|(id, _, at)| (-at, *id)).collect();
        by_time.sort();
        Cedar {
            authorizer: Authorizer::new(),
            policies: policy.parse().unwrap(),
            entities,
            action: uid("Action", "read"),
            subjects,
            documents: world.documents.iter().map(|(id, ..)| (*id, uid("document", &id.to_string()))).collect(),
            by_time: by_time.into_iter().map(|(_, id)| id).collect(),
        }
    }
}

impl Peer for Cedar {
    fn name(&self) -> String {
        format!("cedar-policy {}", cedar_policy::get_sdk_version())
    }

    fn how(&self) -> &'static str {
        "one policy over attributes; entities loaded once and names made beforehand; no list, so every document is asked about"
    }

    fn check(&mut self, subject: &str, document: i64) -> bool {
        let (principal, resource) = (self.subjects[subject].clone(), self.documents[&document].clone());
        let request = Request::new(principal, self.action.clone(), resource, Context::empty(), None).unwrap();
        self.authorizer.is_authorized(&request, &self.policies, &self.entities).decision() == Decision::Allow
    }

    fn count(&mut self, subject: &str) -> Option<i64> {
        let documents = self.by_time.clone();
        Some(documents.into_iter().filter(|document| self.check(subject, *document)).count() as i64)
    }

    fn newest(&mut self, subject: &str) -> Option<Vec<i64>> {
        let documents = self.by_time.clone();
        Some(documents.into_iter().filter(|document| self.check(subject, *document)).take(20).collect())
    }
}
