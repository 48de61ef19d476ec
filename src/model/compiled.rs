//! The model in force, as rules: what the definitions of relations say, with every name resolved.

use std::rc::Rc;

use hashbrown::{HashMap, HashSet};

use super::definition::{Definition, Restriction, RestrictionKind};
use crate::base::identifier::BUILT_IN_SUBJECT_TYPES;
use crate::decide::goal::{Relation, TypeKey};
use crate::decide::rule::Rule;

/// The relation of a group to its members, where the model does not declare one itself.
const MEMBER: &str = "member";
/// The relation that reads the hierarchy of resources, on types that have parents.
pub(crate) const PARENT: &str = "parent";

/// The types: which there are and which may lie in which.
#[derive(Debug, Default)]
pub(crate) struct Types {
    slugs: Vec<Box<str>>,
    keys: HashMap<Box<str>, TypeKey>,
    parents: Vec<Vec<TypeKey>>,
    declared: Vec<bool>,
}

impl Types {
    /// The key of a type, a new one if it is met for the first time.
    pub(crate) fn add(&mut self, slug: &str) -> TypeKey {
        if let Some(key) = self.keys.get(slug) {
            return *key;
        }
        let key = TypeKey(u32::try_from(self.slugs.len()).unwrap_or(u32::MAX));
        self.slugs.push(slug.into());
        self.keys.insert(slug.into(), key);
        self.parents.push(Vec::new());
        self.declared.push(false);
        key
    }

    /// A row of the model: a resource type, and one of its parents if it has any.
    pub(crate) fn declare(&mut self, slug: &str, parent: Option<&str>) {
        let key = self.add(slug);
        if let Some(declared) = self.declared.get_mut(key.0 as usize) {
            *declared = true;
        }
        if let Some(parent) = parent {
            let parent = self.add(parent);
            if let Some(parents) = self.parents.get_mut(key.0 as usize) {
                parents.push(parent);
            }
        }
    }

    /// The type of that slug, a resource type or a built-in type of subjects.
    pub(crate) fn key(&self, slug: &str) -> Option<TypeKey> {
        self.keys.get(slug).copied()
    }

    pub(crate) fn slug(&self, key: TypeKey) -> &str {
        self.slugs.get(key.0 as usize).map_or("", |slug| slug)
    }

    /// Whether it is a resource type, and not only a type of subjects.
    pub(crate) fn is_declared(&self, key: TypeKey) -> bool {
        self.declared.get(key.0 as usize).copied().unwrap_or_default()
    }

    /// The slugs of the resource types.
    pub(crate) fn declared(&self) -> impl Iterator<Item = &str> {
        self.slugs.iter().zip(&self.declared).filter(|(_, declared)| **declared).map(|(slug, _)| &**slug)
    }

    /// The slugs of all types that subjects may have.
    pub(crate) fn of_subjects(&self) -> impl Iterator<Item = &str> {
        self.slugs.iter().map(|slug| &**slug)
    }

    /// The types of which something may have children.
    pub(crate) fn with_children(&self) -> HashSet<TypeKey> {
        self.parents.iter().flatten().copied().collect()
    }

    /// The types in which something of type `key` may lie at any depth, `key` itself included.
    pub(crate) fn at_or_above(&self, key: TypeKey) -> HashSet<TypeKey> {
        let mut seen = HashSet::from([key]);
        let mut open = vec![key];
        while let Some(next) = open.pop() {
            open.extend(self.parents_of(next).iter().filter(|parent| seen.insert(**parent)));
        }
        seen
    }

    /// Whether something of a type lies in something else.
    pub(crate) fn has_parents(&self, key: TypeKey) -> bool {
        !self.parents_of(key).is_empty()
    }

    fn parents_of(&self, key: TypeKey) -> &[TypeKey] {
        self.parents.get(key.0 as usize).map_or(&[], Vec::as_slice)
    }
}

/// A kind of subject that a relationship may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum SubjectKind {
    One(TypeKey),
    Every(TypeKey),
    /// Whoever has this relation to something
    Userset(Relation),
}

/// A relation of one type.
#[derive(Debug)]
pub(crate) struct Declared {
    pub(crate) resource_type: TypeKey,
    pub(crate) name: Box<str>,
    /// What decides it, or why its definition cannot be read
    pub(crate) rule: Result<Rc<Rule>, String>,
    /// The definition as it is written, empty for what the library adds
    pub(crate) definition: String,
    /// Whom its relationships may name; for the members of a group, `None`: anybody
    pub(crate) kinds: Option<Vec<SubjectKind>>,
    /// Whether what a resource lies in stands in this relation to it
    pub(crate) reads_hierarchy: bool,
    /// Whether membership follows from relationships alone, so that the usersets which contain a subject can be gathered
    pub(crate) gathered: bool,
}

impl Declared {
    /// Whether the model or a built-in group gives it; the relation that only reads the hierarchy does not count.
    pub(crate) fn is_listed(&self) -> bool {
        !self.definition.is_empty() || self.kinds.is_none()
    }

    /// Whether a relationship of this relation may name such a subject.
    pub(crate) fn allows(&self, kind: SubjectKind) -> bool {
        self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&kind))
    }
}

/// All relations of the model.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) types: Types,
    relations: Vec<Declared>,
    names: HashMap<TypeKey, HashMap<Box<str>, Relation>>,
    /// The members of groups, as `authz_group_members` lists them
    pub(crate) members: Relation,
    pub(crate) group: TypeKey,
    /// Usersets of these relations are gathered for a subject
    pub(crate) gathered: Vec<Relation>,
}

impl Rules {
    /// Reads the definitions: type, relation, text.
    pub(crate) fn new(mut types: Types, definitions: &[(String, String, String)]) -> Rules {
        for slug in BUILT_IN_SUBJECT_TYPES {
            types.add(slug);
        }
        let group = types.add("group");
        let mut names: HashMap<TypeKey, HashMap<Box<str>, Relation>> = HashMap::new();
        let mut relations = Vec::new();
        let mut parsed = Vec::new();
        let mut add = |resource_type: TypeKey, name: &str, definition: &str| {
            let relation = Relation(u32::try_from(relations.len()).unwrap_or(u32::MAX));
            names.entry(resource_type).or_default().insert(name.into(), relation);
            relations.push(Declared {
                resource_type,
                name: name.into(),
                rule: Ok(Rc::new(Rule::Direct)),
                definition: definition.to_owned(),
                kinds: Some(Vec::new()),
                reads_hierarchy: false,
                gathered: false,
            });
            relation
        };
        for (slug, name, text) in definitions {
            let resource_type = types.add(slug);
            parsed.push((add(resource_type, name, text), Definition::parse(text)));
        }
        let owns_group = names_of(definitions, "group");
        // Under a name that nobody can write where the model declares its own groups: roles are still given to groups.
        let members = add(group, if owns_group { "\u{1}member" } else { MEMBER }, "");
        let with_parents: Vec<TypeKey> =
            (0u32..).zip(&types.parents).filter(|(_, parents)| !parents.is_empty()).map(|(key, _)| TypeKey(key)).collect();
        let mut parents = Vec::new();
        for key in &with_parents {
            if !definitions.iter().any(|(slug, name, _)| slug == types.slug(*key) && name == PARENT) {
                parents.push((add(*key, PARENT, ""), *key));
            }
        }
        let mut rules = Rules { types, relations, names, members, group, gathered: Vec::new() };
        for (relation, definition) in parsed {
            let found = definition.map_err(|error| error.to_string()).and_then(|definition| rules.resolved(relation, &definition));
            if let Some(entry) = rules.relations.get_mut(relation.0 as usize) {
                match found {
                    Ok((rule, kinds)) => {
                        entry.rule = Ok(Rc::new(rule));
                        entry.kinds = Some(kinds);
                        entry.reads_hierarchy = &*entry.name == PARENT && with_parents.contains(&entry.resource_type);
                    }
                    Err(sentence) => entry.rule = Err(sentence),
                }
            }
        }
        for (relation, key) in parents {
            let kinds = rules.types.parents_of(key).iter().map(|parent| SubjectKind::One(*parent)).collect();
            if let Some(entry) = rules.relations.get_mut(relation.0 as usize) {
                entry.kinds = Some(kinds);
                entry.reads_hierarchy = true;
            }
        }
        if let Some(entry) = rules.relations.get_mut(members.0 as usize) {
            entry.kinds = None;
        }
        rules.find_gathered();
        rules
    }

    /// A definition of `relation` with names resolved, and the kinds of subjects it lists.
    fn resolved(&self, relation: Relation, definition: &Definition) -> Result<(Rule, Vec<SubjectKind>), String> {
        let Some(of) = self.get(relation) else { return Err("there is no such relation".into()) };
        let resource_type = of.resource_type;
        let mut kinds = Vec::new();
        let rule = self.rule_of(resource_type, definition, &mut kinds)?;
        Ok((rule, kinds))
    }

    fn rule_of(&self, resource_type: TypeKey, definition: &Definition, kinds: &mut Vec<SubjectKind>) -> Result<Rule, String> {
        let named = |name: &str| {
            self.relation(resource_type, name)
                .ok_or_else(|| format!("it names `{name}`, which is no relation of `{}`", self.types.slug(resource_type)))
        };
        let mut all = |parts: &[Definition]| parts.iter().map(|part| self.rule_of(resource_type, part, kinds)).collect::<Result<_, _>>();
        Ok(match definition {
            Definition::Direct(restrictions) => {
                kinds.extend(restrictions.iter().filter_map(|restriction| self.kind(restriction)));
                Rule::Direct
            }
            Definition::Computed(name) => Rule::Computed(named(name)?),
            Definition::From { relation, through } => {
                let there = self.names.iter().filter_map(|(key, names)| names.get(relation).map(|found| (*key, *found)));
                Rule::From { through: named(through)?, relations: there.collect() }
            }
            Definition::Union(parts) => Rule::Any(all(parts)?),
            Definition::Intersection(parts) => Rule::All(all(parts)?),
            Definition::Difference(base, not) => {
                Rule::ButNot(Rc::new([self.rule_of(resource_type, base, kinds)?, self.rule_of(resource_type, not, kinds)?]))
            }
        })
    }

    fn kind(&self, restriction: &Restriction) -> Option<SubjectKind> {
        let key = self.types.key(&restriction.subject_type)?;
        Some(match &restriction.kind {
            RestrictionKind::One => SubjectKind::One(key),
            RestrictionKind::Every => SubjectKind::Every(key),
            RestrictionKind::Userset(name) => SubjectKind::Userset(self.relation(key, name)?),
        })
    }

    /// Usersets that relationships name and that are themselves made of nothing but relationships: for these it can be gathered once
    /// which of them contain a subject. All are taken for such until one turns out to name one that is not.
    fn find_gathered(&mut self) {
        let named: HashSet<Relation> = (self.relations.iter().flat_map(|one| one.kinds.iter().flatten()))
            .filter_map(|kind| match kind {
                SubjectKind::Userset(relation) => Some(*relation),
                SubjectKind::One(_) | SubjectKind::Every(_) => None,
            })
            .collect();
        let mut simple: Vec<bool> =
            self.relations.iter().map(|one| matches!(one.rule.as_deref(), Ok(Rule::Direct)) && !one.reads_hierarchy).collect();
        let is_simple = |simple: &[bool], relation: Relation| simple.get(relation.0 as usize).copied().unwrap_or_default();
        loop {
            let next: Vec<bool> = (self.relations.iter().zip(&simple))
                .map(|(one, so)| {
                    *so && one
                        .kinds
                        .iter()
                        .flatten()
                        .all(|kind| !matches!(kind, SubjectKind::Userset(relation) if !is_simple(&simple, *relation)))
                })
                .collect();
            if next == simple {
                break;
            }
            simple = next;
        }
        for (number, entry) in (0u32..).zip(&mut self.relations) {
            let relation = Relation(number);
            if is_simple(&simple, relation) && (relation == self.members || named.contains(&relation)) {
                entry.gathered = true;
                if relation != self.members {
                    self.gathered.push(relation);
                }
            }
        }
    }

    /// How many relations there are.
    pub(crate) fn len(&self) -> usize {
        self.relations.len()
    }

    pub(crate) fn get(&self, relation: Relation) -> Option<&Declared> {
        self.relations.get(relation.0 as usize)
    }

    /// The relation of that name on a type.
    pub(crate) fn relation(&self, resource_type: TypeKey, name: &str) -> Option<Relation> {
        self.names.get(&resource_type)?.get(name).copied()
    }

    /// The names of the relations of a type that the model or a built-in group gives it, in no order.
    pub(crate) fn names(&self, resource_type: TypeKey) -> impl Iterator<Item = (&str, Relation)> {
        let names = self.names.get(&resource_type).into_iter().flatten();
        names.map(|(name, relation)| (&**name, *relation)).filter(|(name, _)| !name.starts_with('\u{1}'))
    }
}

fn names_of(definitions: &[(String, String, String)], slug: &str) -> bool {
    definitions.iter().any(|(of, _, _)| of == slug)
}
