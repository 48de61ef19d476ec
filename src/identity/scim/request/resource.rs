//! A resource as a provider sends it: names brought to their usual case, values to their types, and what it may not say left out.

use serde_json::{Map, Value, json};

use super::answer::{Read, bad, refused};
use super::filter::fold;
use super::name::{ENTERPRISE, get, key_of};
use super::schemas::{Attribute, Mutability, ResourceKind, Type};
use crate::identity::email::is_email;
use crate::identity::passwords::{is_password, without_passwords};

/// The most bytes that a resource may have as it is kept, members aside.
const MAX_SIZE: usize = 1 << 20;
/// The most characters of a name, as in `authz_users` and `authz_groups`, and of an id.
const MAX_NAME: usize = 256;

/// A directory user, as far as the columns tell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct UserColumns {
    pub(crate) idp_id: String,
    pub(crate) email: Option<String>,
    pub(crate) username: String,
    pub(crate) username_key: String,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    /// `None` where the provider does not say
    pub(crate) active: Option<bool>,
}

/// Reads the body of a POST or a PUT.
pub(crate) fn read(kind: ResourceKind, body: Value) -> Read<Map<String, Value>> {
    let Value::Object(given) = body else {
        return Err(bad("invalidSyntax", "the body is no JSON object"));
    };
    let mut resource = Map::new();
    for (name, value) in given {
        if name.eq_ignore_ascii_case("schemas") {
            check_schemas(kind, &value)?;
        } else if !is_ours(kind, &name) {
            put(kind, &mut resource, &name, value)?;
        }
    }
    Ok(resource)
}

/// Whether an attribute is one that a provider does not decide about, or one that is never kept.
pub(crate) fn is_ours(kind: ResourceKind, name: &str) -> bool {
    is_password(name) || kind.attribute(None, name).is_some_and(|attribute| attribute.mutability == Mutability::ReadOnly)
}

fn check_schemas(kind: ResourceKind, given: &Value) -> Read<()> {
    let Some(all) = given.as_array().filter(|all| all.iter().all(Value::is_string)) else {
        return Err(bad("invalidSyntax", "`schemas` is a list of URNs"));
    };
    match all.iter().filter_map(Value::as_str).any(|urn| urn.eq_ignore_ascii_case(kind.schema())) {
        true => Ok(()),
        false => Err(bad("invalidValue", format!("`schemas` does not name `{}`", kind.schema()))),
    }
}

fn put(kind: ResourceKind, resource: &mut Map<String, Value>, name: &str, value: Value) -> Read<()> {
    let (name, value) = match name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:")) {
        true => {
            let Value::Object(parts) = value else {
                return Err(bad("invalidValue", format!("`{}` is no object", shown(name))));
            };
            let name = extension(name);
            (name, object(parts, |part| kind.attribute(Some(name), part))?)
        }
        false => {
            let attribute = kind.attribute(None, name);
            (attribute.map_or(name, |attribute| attribute.name), typed(attribute, value)?)
        }
    };
    if key_of(resource, name).is_some() {
        return Err(given_twice(name));
    }
    if let Some(value) = value {
        resource.insert(name.to_owned(), value);
    }
    Ok(())
}

fn given_twice(name: &str) -> super::answer::ScimError {
    bad("invalidSyntax", format!("`{}` is given twice", shown(name)))
}

/// The name of an extension in its usual case, where it is known.
pub(crate) fn extension(name: &str) -> &str {
    if name.eq_ignore_ascii_case(ENTERPRISE) { ENTERPRISE } else { name }
}

/// An object with the usual names of its parts, each brought to its type; none where nothing is left of it.
fn object(parts: Map<String, Value>, attribute: impl Fn(&str) -> Option<&'static Attribute>) -> Read<Option<Value>> {
    let mut kept = Map::new();
    for (name, value) in parts {
        if is_password(&name) {
            continue;
        }
        let attribute = attribute(&name);
        let name = attribute.map_or(name, |attribute| attribute.name.to_owned());
        if key_of(&kept, &name).is_some() {
            return Err(given_twice(&name));
        }
        if let Some(value) = typed(attribute, value)? {
            kept.insert(name, value);
        }
    }
    Ok((!kept.is_empty()).then_some(Value::Object(kept)))
}

/// A value brought to the type of its attribute; none where it says nothing: null, an empty list, an empty object.
pub(crate) fn typed(attribute: Option<&'static Attribute>, value: Value) -> Read<Option<Value>> {
    let Some(attribute) = attribute else { return Ok(without_secrets(value)) };
    if !attribute.many {
        return typed_one(attribute, value);
    }
    let given = match value {
        Value::Array(given) => given,
        one => vec![one],
    };
    let mut all = Vec::with_capacity(given.len());
    for one in given {
        all.extend(typed_one(attribute, one)?);
    }
    if all.iter().filter(|one| is_primary(one)).count() > 1 {
        return Err(bad("invalidValue", format!("more than one of `{}` is primary", attribute.name)));
    }
    Ok((!all.is_empty()).then_some(Value::Array(all)))
}

pub(crate) fn is_primary(value: &Value) -> bool {
    value.get("primary") == Some(&Value::Bool(true))
}

/// One value of an attribute.
pub(crate) fn typed_one(attribute: &'static Attribute, value: Value) -> Read<Option<Value>> {
    let wrong = |expected: &str| Err(bad("invalidValue", format!("`{}` is no {expected}", attribute.name)));
    match (attribute.kind, value) {
        (_, Value::Null) => Ok(None),
        (Type::Complex, Value::Object(parts)) => object(parts, |part| attribute.part(part)),
        // Entra gives a manager by the id alone.
        (Type::Complex, value) => match attribute.part("value") {
            Some(part) => Ok(typed_one(part, value)?.map(|value| json!({"value": value}))),
            None => wrong("object"),
        },
        (Type::Boolean, value @ Value::Bool(_)) => Ok(Some(value)),
        // Entra writes it as text.
        (Type::Boolean, Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true.into())),
        (Type::Boolean, Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false.into())),
        (Type::Boolean, _) => wrong("boolean"),
        (_, Value::String(text)) if text.contains('\0') => wrong("text without the character U+0000"),
        (_, value @ Value::String(_)) => Ok(Some(value)),
        _ => wrong("text"),
    }
}

/// A value that no schema describes, as it was sent, without anything called a password; none where nothing is left of it.
fn without_secrets(value: Value) -> Option<Value> {
    filled(without_passwords(value))
}

/// A value without what is null or empty in it.
fn filled(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Array(all) => {
            let all: Vec<Value> = all.into_iter().filter_map(filled).collect();
            (!all.is_empty()).then_some(Value::Array(all))
        }
        Value::Object(parts) => {
            let parts: Map<String, Value> = parts.into_iter().filter_map(|(name, value)| Some((name, filled(value)?))).collect();
            (!parts.is_empty()).then_some(Value::Object(parts))
        }
        plain => Some(plain),
    }
}

/// The text of an attribute that has to be there, and is kept in a column.
fn needed<'a>(resource: &'a Map<String, Value>, name: &str) -> Read<&'a str> {
    match resource.get(name).and_then(Value::as_str).filter(|text| !text.trim().is_empty()) {
        Some(text) => short(name, text),
        None => Err(bad("invalidValue", format!("`{name}` is missing"))),
    }
}

fn short<'a>(name: &str, text: &'a str) -> Read<&'a str> {
    match text.chars().count() {
        length if length > MAX_NAME => {
            Err(bad("invalidValue", format!("`{name}` has {length} characters, and may have at most {MAX_NAME}")))
        }
        _ => Ok(text),
    }
}

fn external_id(resource: &Map<String, Value>) -> Read<Option<&str>> {
    match resource.get("externalId").and_then(Value::as_str).filter(|text| !text.is_empty()) {
        Some(text) => Ok(Some(short("externalId", text)?)),
        None => Ok(None),
    }
}

/// What the columns of a directory user say.
pub(crate) fn user_columns(resource: &Map<String, Value>) -> Read<UserColumns> {
    let username = needed(resource, "userName")?;
    let part = |name: &str| match get_part(resource, name) {
        Some(text) => Ok(Some(short(&format!("name.{name}"), text)?.to_owned())),
        None => Ok::<_, super::answer::ScimError>(None),
    };
    let columns = UserColumns {
        idp_id: external_id(resource)?.unwrap_or(username).to_owned(),
        email: email(resource).or_else(|| is_email(username).then_some(username)).map(str::to_owned),
        username: username.to_owned(),
        username_key: fold(username),
        first_name: part("givenName")?,
        last_name: part("familyName")?,
        active: resource.get("active").and_then(Value::as_bool),
    };
    size(resource)?;
    Ok(columns)
}

fn get_part<'a>(resource: &'a Map<String, Value>, part: &str) -> Option<&'a str> {
    resource.get("name").and_then(Value::as_object).and_then(|name| get(name, part)).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// The address that counts: the primary one, else that for work, else the first; of those that are addresses.
fn email(resource: &Map<String, Value>) -> Option<&str> {
    let all = resource.get("emails")?.as_array()?;
    let address = |one: &Value| one.get("value").and_then(Value::as_str).is_some_and(is_email);
    let is_for_work = |one: &Value| one.get("type").and_then(Value::as_str).is_some_and(|kind| kind.eq_ignore_ascii_case("work"));
    let valid = || all.iter().filter(|one| address(one));
    let chosen = valid().find(|one| is_primary(one)).or_else(|| valid().find(|one| is_for_work(one))).or_else(|| valid().next())?;
    chosen.get("value").and_then(Value::as_str)
}

/// The name of a group, and the provider's id of it where there is one.
pub(crate) fn group_columns(resource: &Map<String, Value>) -> Read<(String, Option<String>)> {
    let columns = (needed(resource, "displayName")?.to_owned(), external_id(resource)?.map(str::to_owned));
    size(resource)?;
    Ok(columns)
}

fn size(resource: &Map<String, Value>) -> Read<()> {
    let size = Value::Object(resource.clone()).to_string().len();
    match size > MAX_SIZE {
        true => Err(refused(413, format!("the resource has {size} bytes, and may have at most {MAX_SIZE}"))),
        false => Ok(()),
    }
}

/// What was given, cut to a length that a sentence can bear.
pub(crate) fn shown(text: &str) -> String {
    crate::base::refusal::shown(&text.escape_debug().to_string())
}

/// A resource as it is answered with: its schemas, its id, what the provider sent, `more` that is ours, and what is known of it.
pub(crate) fn show(
    kind: ResourceKind,
    id: &str,
    raw: &Map<String, Value>,
    more: Option<(&str, Vec<Value>)>,
    revision: i64,
    times: (&str, &str),
) -> Map<String, Value> {
    let extensions = raw.iter().filter(|(name, value)| value.is_object() && name.to_ascii_lowercase().starts_with("urn:"));
    let schemas: Vec<&str> = std::iter::once(kind.schema()).chain(extensions.map(|(name, _)| name.as_str())).collect();
    let mut resource = Map::new();
    resource.insert("schemas".to_owned(), json!(schemas));
    resource.insert("id".to_owned(), id.into());
    resource.extend(raw.iter().map(|(name, value)| (name.clone(), value.clone())));
    if let Some((name, values)) = more
        && !values.is_empty()
    {
        resource.insert(name.to_owned(), values.into());
    }
    resource.insert(
        "meta".to_owned(),
        json!({
            "resourceType": kind.name(),
            "created": times.0,
            "lastModified": times.1,
            "location": format!("{}/{id}", kind.endpoint()),
            "version": format!("W/\"{revision}\""),
        }),
    );
    resource
}
