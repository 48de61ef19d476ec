//! The model document: reading one, in JSON or in the modelling language, and writing down the model in force as one. No SQLite in here.
//!
//! [`Document::parse`] refuses whatever is wrong with a text by itself; what it refers to is looked at by [`crate::model::difference::diff`].
//! [`Document::in_force`] is the way back. The modelling language says nothing of roles, permissions and parents:
//! [`Document::completed`] adds those that are in force.

use super::definition::{Definition, RelationDefinition};
use super::language::{self, TypeDefinition, check_relation_name};
use crate::base::identifier::{BUILT_IN_SUBJECT_TYPES, check_slug, check_type_slug};
use crate::base::json::{Json, MAX_DESCRIPTION, MAX_NAME, at, object, refused, required, slugs, text, unknown_field, words};
use crate::base::refusal::{Result, shown};

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
    pub(super) notation: Notation,
}

/// How a document was written.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notation {
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
