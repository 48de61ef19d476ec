//! The model document: reading one, in JSON or in the modelling language, and writing down the model in force as one. No SQLite in here.
//!
//! [`Document::parse`] refuses whatever is wrong with a text by itself; what it refers to is looked at by [`crate::model::diff`].
//! [`Document::in_force`] is the way back. The modelling language says nothing of roles, permissions and parents:
//! [`Document::completed`] adds those that are in force.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::base::identifier::{BUILT_IN_SUBJECT_TYPES, check_slug, check_type_slug};
use crate::base::json::{Json, MAX_DESCRIPTION, MAX_NAME, at, object, refused, required, slugs, text, unknown_field, words};
use crate::base::refusal::{Result, shown};
use crate::model::InForce;
use crate::model::definition::Definition;
use crate::model::language::{self, RelationDefinition, TypeDefinition, check_relation_name};

/// The resource type that is built in.
pub(crate) const ORGANIZATION: &str = "organization";
/// As the tables write `"search": true`.
pub(crate) const EVERYTHING_ABOVE: &str = "*";

/// A model document, in its own order: roles take their priority from it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Document {
    pub(crate) resource_types: Vec<(String, DeclaredType)>,
    pub(crate) permissions: Vec<(String, DeclaredPermission)>,
    pub(crate) roles: Vec<(String, DeclaredRole)>,
    /// The type of each, which may be a subject type that is built in, and its definition.
    pub(crate) relations: Vec<(String, RelationDefinition)>,
    notation: Notation,
}

/// How a document was written.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Notation {
    #[default]
    Json,
    /// The modelling language, which cannot say all.
    Language,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct DeclaredType {
    pub(crate) parents: Vec<String>,
    pub(crate) description: Option<String>,
    /// The permission that makes an instance visible to a search, `*` for something visible below it.
    pub(crate) search: Option<String>,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct DeclaredPermission {
    pub(crate) resource_type: String,
    /// Who has this relation has the permission.
    pub(crate) relation: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct DeclaredRole {
    pub(crate) resource_type: String,
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) permissions: Vec<String>,
}

fn slug_of_type(slug: &str) -> Result<()> {
    check_type_slug("resource type", slug)
}

impl Document {
    /// Reads a document in either notation. References to what it does not declare itself are looked at by [`diff`].
    ///
    /// # Errors
    /// A sentence that names the place.
    pub(crate) fn parse(text: &str) -> Result<Document> {
        match language::is_language(text) {
            true => Ok(Document::defined(language::parse(text)?)),
            false => Document::parse_json(text),
        }
    }

    /// A document of types and relations only.
    fn defined(types: Vec<TypeDefinition>) -> Document {
        let mut document = Document { notation: Notation::Language, ..Document::default() };
        for TypeDefinition { name, relations } in types {
            document.relations.extend(relations.into_iter().map(|relation| (name.clone(), relation)));
            if !BUILT_IN_SUBJECT_TYPES.contains(&name.as_str()) {
                document.resource_types.push((name, DeclaredType::default()));
            }
        }
        document
    }

    fn parse_json(json: &str) -> Result<Document> {
        let json = Json::parse("the model document", json)?;
        let mut document = Document::default();
        for (section, content) in object("", json)? {
            let known = ["resource_types", "permissions", "roles"];
            if !known.contains(&section.as_str()) {
                return unknown_field("", &section, &known);
            }
            if matches!(content, Json::Null) {
                continue;
            }
            for (slug, declared) in object(&section, content)? {
                let place = format!("{section}.{}", shown(&slug));
                match section.as_str() {
                    "resource_types" => {
                        let (declared, relations) = declared_type(&section, &place, &slug, declared)?;
                        document.relations.extend(relations.into_iter().map(|relation| (slug.clone(), relation)));
                        if !BUILT_IN_SUBJECT_TYPES.contains(&slug.as_str()) {
                            document.resource_types.push((slug, declared));
                        }
                    }
                    "permissions" => {
                        at(&section, check_slug("permission", &slug))?;
                        let declared = declared_permission(&place, declared)?;
                        document.permissions.push((slug, declared));
                    }
                    _ => {
                        at(&section, check_slug("role", &slug))?;
                        if slug.starts_with("org-") {
                            return refused(
                                &place,
                                "slugs that begin with `org-` are kept for the roles of one organization; choose another",
                            );
                        }
                        let declared = declared_role(&place, declared)?;
                        document.roles.push((slug, declared));
                    }
                }
            }
        }
        Ok(document)
    }
}

fn declared_type(section: &str, place: &str, slug: &str, json: Json) -> Result<(DeclaredType, Vec<RelationDefinition>)> {
    at(section, slug_of_type(slug))?;
    let (mut declared, mut relations) = (DeclaredType::default(), Vec::new());
    for (field, value) in object(place, json)? {
        let inner = format!("{place}.{field}");
        match field.as_str() {
            "parents" => declared.parents = slugs(&inner, value, slug_of_type)?,
            "description" => declared.description = words(&inner, value, MAX_DESCRIPTION)?,
            "search" => declared.search = searched_by(&inner, value)?,
            "relations" => relations = declared_relations(&inner, value)?,
            _ => return unknown_field(place, &field, &["parents", "description", "relations", "search"]),
        }
    }
    if BUILT_IN_SUBJECT_TYPES.contains(&slug) && (declared != DeclaredType::default() || relations.is_empty()) {
        return refused(
            place,
            format!("`{slug}` is a subject type, known without being declared; it may be given relations, and nothing else"),
        );
    }
    if slug == ORGANIZATION && (!declared.parents.is_empty() || declared.description.is_some()) {
        return refused(place, "the resource type is built in, and a root; it may be given `relations` and `search`, and nothing else");
    }
    Ok((declared, relations))
}

fn declared_relations(place: &str, json: Json) -> Result<Vec<RelationDefinition>> {
    if matches!(json, Json::Null) {
        return Ok(Vec::new());
    }
    let mut relations = Vec::new();
    for (name, definition) in object(place, json)? {
        at(place, check_relation_name(&name))?;
        let place = format!("{place}.{name}");
        let definition = text(&place, definition)?;
        let (rule, positions) = Definition::parse_with_positions(&definition).or_else(|error| refused(&place, error))?;
        relations.push(RelationDefinition { name, rule, place, positions });
    }
    Ok(relations)
}

/// What makes an instance visible to a search: a permission, or `true` for something visible below it.
fn searched_by(place: &str, json: Json) -> Result<Option<String>> {
    match json {
        Json::Null | Json::Bool(false) => Ok(None),
        Json::Bool(true) => Ok(Some(EVERYTHING_ABOVE.to_owned())),
        Json::Text(slug) => {
            at(place, check_slug("permission", &slug))?;
            match slug == EVERYTHING_ABOVE {
                true => refused(place, "`*` is no permission; write `true` for a type that is visible above anything visible"),
                false => Ok(Some(slug)),
            }
        }
        other => refused(place, format!("it is {}, and must be a permission of the type, or true", other.kind())),
    }
}

fn declared_permission(place: &str, json: Json) -> Result<DeclaredPermission> {
    let (mut resource_type, mut relation, mut name, mut description) = (None, None, None, None);
    for (field, value) in object(place, json)? {
        let inner = format!("{place}.{field}");
        match field.as_str() {
            "resource_type" => resource_type = Some(text(&inner, value)?),
            "relation" if matches!(value, Json::Null) => {}
            "relation" => relation = Some(text(&inner, value)?),
            "name" => name = words(&inner, value, MAX_NAME)?,
            "description" => description = words(&inner, value, MAX_DESCRIPTION)?,
            _ => return unknown_field(place, &field, &["resource_type", "relation", "name", "description"]),
        }
    }
    Ok(DeclaredPermission { resource_type: required(place, "resource_type", resource_type)?, relation, name, description })
}

fn declared_role(place: &str, json: Json) -> Result<DeclaredRole> {
    let (mut resource_type, mut name, mut description, mut permissions) = (None, None, None, Vec::new());
    for (field, value) in object(place, json)? {
        let inner = format!("{place}.{field}");
        match field.as_str() {
            "resource_type" => resource_type = Some(text(&inner, value)?),
            "name" => name = words(&inner, value, MAX_NAME)?,
            "description" => description = words(&inner, value, MAX_DESCRIPTION)?,
            "permissions" => permissions = slugs(&inner, value, |slug| check_slug("permission", slug))?,
            _ => return unknown_field(place, &field, &["resource_type", "name", "description", "permissions"]),
        }
    }
    Ok(DeclaredRole { resource_type: required(place, "resource_type", resource_type)?, name, description, permissions })
}

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
