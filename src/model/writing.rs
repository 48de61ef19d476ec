//! Writing a model document: that of the model in force, what a document in the modelling language leaves out, and both notations.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::definition::{Definition, RelationDefinition};
use super::document::{DeclaredPermission, DeclaredRole, DeclaredType, Document, EVERYTHING_ABOVE, Notation, ORGANIZATION};
use super::in_force::InForce;
use super::language;
use crate::base::identifier::BUILT_IN_SUBJECT_TYPES;

impl Document {
    /// The document that declares what is declared now.
    pub(crate) fn in_force(model: &InForce) -> Document {
        let types = model.resource_types.iter().filter(|(_, row)| row.declared);
        let permissions = model.permissions.iter().filter(|(_, row)| row.declared);
        let mut roles: Vec<_> = model.roles.iter().filter(|(_, row)| row.declared).collect();
        roles.sort_by_key(|(slug, row)| (row.priority.is_none(), row.priority, *slug));
        let held = |slug: &String| model.role_permissions.get(slug).into_iter().flatten().filter(|(_, declared)| **declared);
        let relations = model.relations.iter().filter(|(_, row)| row.declared);
        Document {
            resource_types: types
                .map(|(slug, row)| {
                    let parents = model.parents.iter().filter(|((below, _), declared)| below == slug && **declared);
                    let parents = parents.map(|((_, parent), _)| parent.clone()).collect();
                    let description = row.description.clone().filter(|_| slug != ORGANIZATION);
                    (slug.clone(), DeclaredType { parents, description, search: row.search.clone() })
                })
                .collect(),
            permissions: permissions
                .map(|(slug, row)| {
                    let declared = DeclaredPermission {
                        resource_type: row.resource_type.clone(),
                        relation: row.relation.clone(),
                        name: row.name.clone(),
                        description: row.description.clone(),
                    };
                    (slug.clone(), declared)
                })
                .collect(),
            roles: roles
                .into_iter()
                .map(|(slug, row)| {
                    let declared = DeclaredRole {
                        resource_type: row.resource_type.clone(),
                        name: row.name.clone(),
                        description: row.description.clone(),
                        permissions: held(slug).map(|(permission, _)| permission.clone()).collect(),
                    };
                    (slug.clone(), declared)
                })
                .collect(),
            relations: relations
                .map(|((resource_type, name), row)| {
                    let definition =
                        RelationDefinition { name: name.clone(), rule: row.rule.clone(), place: String::new(), positions: Vec::new() };
                    (resource_type.clone(), definition)
                })
                .collect(),
            notation: Notation::Json,
        }
    }

    /// What this document says once what it cannot say is added as it is in force: to one in the modelling language, roles, permissions
    /// and parents, and the types that these need.
    pub(crate) fn completed(self, model: &InForce) -> Document {
        if self.notation == Notation::Json {
            return self;
        }
        let mut whole = Document::in_force(model);
        let needed: BTreeSet<&str> = (model.permissions.values().map(|row| row.resource_type.as_str()))
            .chain(model.roles.values().map(|row| row.resource_type.as_str()))
            .chain(model.organization_roles.iter().map(|row| row.resource_type.as_str()))
            .chain(model.parents.keys().flat_map(|(below, above)| [below.as_str(), above.as_str()]))
            .collect();
        let defined: HashSet<&str> = self.resource_types.iter().map(|(slug, _)| slug.as_str()).collect();
        whole.resource_types.retain(|(slug, _)| defined.contains(slug.as_str()) || needed.contains(slug.as_str()));
        let known: HashSet<String> = whole.resource_types.iter().map(|(slug, _)| slug.clone()).collect();
        for (slug, mut declared) in self.resource_types {
            if !known.contains(&slug) {
                let row = model.resource_types.get(&slug).filter(|_| slug != ORGANIZATION);
                declared.description = row.and_then(|row| row.description.clone());
                declared.search = row.and_then(|row| row.search.clone());
                whole.resource_types.push((slug, declared));
            }
        }
        whole.relations = self.relations;
        whole.notation = self.notation;
        whole
    }

    /// The document as JSON.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        fn object(fields: impl IntoIterator<Item = (&'static str, Option<serde_json::Value>)>) -> serde_json::Value {
            fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect::<serde_json::Map<_, _>>().into()
        }
        let list = |items: &[String]| (!items.is_empty()).then(|| items.into());
        let words = |text: &Option<String>| text.as_deref().map(Into::into);
        let relations = self.relations_by_type();
        let relations_of = |slug: &str| {
            let definitions = relations.get(slug)?;
            let definitions = definitions.iter().map(|(name, rule)| ((*name).to_owned(), rule.to_string().into()));
            Some(definitions.collect::<serde_json::Map<_, _>>().into())
        };
        let declared: BTreeMap<&str, &DeclaredType> =
            self.resource_types.iter().map(|(slug, declared)| (slug.as_str(), declared)).collect();
        let types: BTreeSet<&str> = declared.keys().chain(relations.keys()).copied().collect();
        let types = types.into_iter().map(|slug| {
            let declared = declared.get(slug);
            let parents = declared.and_then(|declared| list(&declared.parents));
            let description = declared.and_then(|declared| words(&declared.description));
            let search = declared.and_then(|declared| declared.search.as_deref());
            let search = search.map(|search| if search == EVERYTHING_ABOVE { true.into() } else { search.into() });
            (
                slug.to_owned(),
                object([("parents", parents), ("description", description), ("relations", relations_of(slug)), ("search", search)]),
            )
        });
        let permissions = self.permissions.iter().map(|(slug, declared)| {
            let fields = [
                ("resource_type", Some(declared.resource_type.as_str().into())),
                ("relation", words(&declared.relation)),
                ("name", words(&declared.name)),
                ("description", words(&declared.description)),
            ];
            (slug.clone(), object(fields))
        });
        let roles = self.roles.iter().map(|(slug, declared)| {
            let fields = [
                ("resource_type", Some(declared.resource_type.as_str().into())),
                ("name", words(&declared.name)),
                ("description", words(&declared.description)),
                ("permissions", list(&declared.permissions)),
            ];
            (slug.clone(), object(fields))
        });
        object([
            ("resource_types", Some(types.collect::<serde_json::Map<_, _>>().into())),
            ("permissions", Some(permissions.collect::<serde_json::Map<_, _>>().into())),
            ("roles", Some(roles.collect::<serde_json::Map<_, _>>().into())),
        ])
    }

    /// What the modelling language can say of the document: types and relations. Types that are built in are defined where a rule names
    /// them, as other readers of the language want it.
    pub(crate) fn to_language(&self) -> String {
        let relations = self.relations_by_type();
        let named = self.relations.iter().flat_map(|(_, definition)| definition.rule.restrictions());
        let named: BTreeSet<&str> = named.map(|restriction| &*restriction.subject_type).collect();
        let built_in = BUILT_IN_SUBJECT_TYPES.into_iter().chain([ORGANIZATION]);
        let built_in = built_in.filter(|slug| named.contains(slug) || relations.contains_key(slug));
        let declared = self.resource_types.iter().map(|(slug, _)| slug.as_str()).filter(|slug| *slug != ORGANIZATION);
        language::print(built_in.chain(declared).map(|slug| (slug, relations.get(slug).cloned().unwrap_or_default())))
    }

    fn relations_by_type(&self) -> BTreeMap<&str, Vec<(&str, &Definition)>> {
        let mut by_type: BTreeMap<&str, Vec<(&str, &Definition)>> = BTreeMap::new();
        for (resource_type, definition) in &self.relations {
            by_type.entry(resource_type).or_default().push((&definition.name, &definition.rule));
        }
        by_type
    }
}
