//! PATCH (RFC 7644, section 3.5.2): operations on a resource, in the form of the standard and as Entra ID and Okta send them.

use serde_json::{Map, Value};

use super::answer::{Read, ScimError, bad};
use super::filter::{Filter, Operator};
use super::name::{Name, get, key_of};
use super::path::Path;
use super::resource::{extension, is_ours, is_primary, shown, typed, typed_one};
use super::schemas::{Attribute, Mutability, ResourceKind};
use crate::identity::passwords::is_password;

/// The most operations in one request.
const MAX_OPERATIONS: usize = 10_000;
/// The most values of a list that can be changed one by one.
const MAX_VALUES: usize = 1_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Add,
    Replace,
    Remove,
}

/// One operation: on the whole resource, or on what a path names.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) verb: Verb,
    pub(crate) path: Option<Path>,
    /// Null where none is given
    pub(crate) value: Value,
}

/// Reads the body of a PATCH.
pub(crate) fn read(body: Value) -> Read<Vec<Operation>> {
    let operations = body.as_object().and_then(|body| get(body, "Operations")).and_then(Value::as_array);
    let Some(operations) = operations.filter(|all| !all.is_empty()) else {
        return Err(bad("invalidSyntax", "the body is no PatchOp with a list of `Operations`"));
    };
    if operations.len() > MAX_OPERATIONS {
        return Err(bad("tooMany", format!("there are {} operations, and may be at most {MAX_OPERATIONS}", operations.len())));
    }
    operations.iter().map(read_one).collect()
}

fn read_one(given: &Value) -> Read<Operation> {
    let Some(given) = given.as_object() else { return Err(bad("invalidSyntax", "an operation is no object")) };
    let verb = get(given, "op").and_then(Value::as_str).unwrap_or_default();
    let verb = match verb.to_ascii_lowercase().as_str() {
        "add" => Verb::Add,
        "replace" => Verb::Replace,
        "remove" => Verb::Remove,
        _ => return Err(bad("invalidSyntax", format!("`{}` is no operation; they are add, replace and remove", shown(verb)))),
    };
    let path = match get(given, "path") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if text.trim().is_empty() => None,
        Some(Value::String(text)) => Some(Path::read(text).map_err(|wrong| bad("invalidPath", format!("`{}` {wrong}", shown(text))))?),
        Some(_) => return Err(bad("invalidPath", "a path is text")),
    };
    let value = get(given, "value").cloned().unwrap_or(Value::Null);
    match (verb, &path, &value) {
        (Verb::Remove, None, _) => Err(bad("noTarget", "an operation that removes needs a path")),
        (Verb::Add | Verb::Replace, None, value) if !value.is_object() => {
            Err(bad("invalidValue", "an operation without a path needs an object as its value"))
        }
        _ => Ok(Operation { verb, path, value }),
    }
}

/// An operation on one attribute.
pub(crate) struct Target {
    pub(crate) verb: Verb,
    pub(crate) path: Path,
    pub(crate) value: Value,
    strictness: Strictness,
}

/// The attributes that an operation works on: one without a path names them in its value.
pub(crate) fn spread(kind: ResourceKind, operation: Operation) -> Read<Vec<Target>> {
    let Operation { verb, path, value } = operation;
    if let Some(path) = path {
        return Ok(vec![Target { verb, path, value, strictness: Strictness::Exact }]);
    }
    let Value::Object(given) = value else { return Ok(Vec::new()) };
    let mut all = Vec::with_capacity(given.len());
    for (name, value) in given {
        if is_ours(kind, &name) {
            continue;
        }
        let is_extension = value.is_object() && name.to_ascii_lowercase().starts_with("urn:") && kind.attribute_by_urn(&name).is_none();
        let path = match is_extension {
            true => {
                Path { name: Name { extension: Some(extension(&name).to_owned()), attribute: String::new(), part: None }, filter: None }
            }
            false => Path::read(&name).map_err(|wrong| bad("invalidPath", format!("`{}` {wrong}", shown(&name))))?,
        };
        all.push(Target { verb, path, value, strictness: Strictness::Lenient });
    }
    Ok(all)
}

/// What happens to an attribute that no schema knows and the resource lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strictness {
    /// A path to it points nowhere.
    Exact,
    /// A value that names it brings it along, as in a POST.
    Lenient,
}

/// Does what an operation says.
pub(crate) fn apply(kind: ResourceKind, resource: &mut Map<String, Value>, operation: Operation) -> Read<()> {
    for target in spread(kind, operation)? {
        apply_at(kind, resource, target)?;
    }
    Ok(())
}

/// Does what an operation says of one attribute.
pub(crate) fn apply_at(kind: ResourceKind, resource: &mut Map<String, Value>, target: Target) -> Read<()> {
    let Target { verb, path, value, strictness } = target;
    at(kind, resource, verb, &path, value, strictness)
}

fn at(kind: ResourceKind, resource: &mut Map<String, Value>, verb: Verb, path: &Path, value: Value, strictness: Strictness) -> Read<()> {
    let name = &path.name;
    if name.extension.is_none() && is_ours(kind, &name.attribute) {
        return match is_password(&name.attribute) || name.is("schemas") {
            true => Ok(()),
            false => Err(bad("mutability", format!("`{}` is not the provider's to change", name.attribute))),
        };
    }
    let Some(urn) = &name.extension else { return within(kind, resource, verb, path, value, strictness) };
    let urn = key_of(resource, urn).unwrap_or_else(|| extension(urn).to_owned());
    // `urn:…:2.0:User` of an extension that no schema knows reads as an attribute `User`; the resource knows better.
    let whole = key_of(resource, &format!("{urn}:{}", name.attribute)).filter(|_| name.part.is_none() && path.filter.is_none());
    let (urn, is_whole) = match whole {
        Some(whole) => (whole, true),
        None => (urn, name.attribute.is_empty()),
    };
    if verb == Verb::Remove && is_whole {
        resource.remove(&urn);
        return Ok(());
    }
    let mut inner = match resource.get_mut(&urn).map(Value::take) {
        Some(Value::Object(inner)) => inner,
        _ => Map::new(),
    };
    if is_whole {
        let Value::Object(parts) = value else { return Err(bad("invalidValue", format!("the value of `{}` is no object", shown(&urn)))) };
        for (part, value) in parts {
            let name = Name { extension: Some(urn.clone()), attribute: part, part: None };
            within(kind, &mut inner, verb, &Path { name, filter: None }, value, Strictness::Lenient)?;
        }
    } else {
        within(kind, &mut inner, verb, path, value, Strictness::Lenient)?;
    }
    match inner.is_empty() {
        true => resource.remove(&urn),
        false => resource.insert(urn, Value::Object(inner)),
    };
    Ok(())
}

/// An operation on an attribute of the object that holds it: the resource, or an extension in it.
fn within(kind: ResourceKind, holder: &mut Map<String, Value>, verb: Verb, path: &Path, value: Value, strictness: Strictness) -> Read<()> {
    let name = &path.name;
    if is_password(&name.attribute) {
        return Ok(());
    }
    let attribute = kind.attribute(name.extension.as_deref(), &name.attribute);
    let key = key_of(holder, &name.attribute);
    if attribute.is_none() && key.is_none() && strictness == Strictness::Exact {
        return Err(nowhere(name));
    }
    let key = key.unwrap_or_else(|| attribute.map_or_else(|| name.attribute.clone(), |attribute| attribute.name.to_owned()));
    let part = match &name.part {
        Some(part) => Some(Part::of(attribute, holder.get(&key), part, strictness).ok_or_else(|| nowhere(name))?),
        None => None,
    };
    if let Some(Part { attribute: Some(part), .. }) = &part
        && part.mutability != Mutability::ReadWrite
    {
        return Err(bad("mutability", format!("`{}` is not the provider's to change", part.name)));
    }
    // Taken out and not copied: what is left behind by an operation that fails is of no use to anybody.
    let old = holder.get_mut(&key).map(Value::take);
    let is_many = attribute.map_or_else(|| matches!(old, Some(Value::Array(_))), |attribute| attribute.many);
    let goes_one_by_one = path.filter.is_some() || part.is_some() || verb == Verb::Add;
    if goes_one_by_one && matches!(&old, Some(Value::Array(all)) if all.len() > MAX_VALUES) {
        return Err(bad("tooMany", format!("`{key}` has more than {MAX_VALUES} values; replace it as a whole")));
    }
    let new = match (&path.filter, part) {
        (Some(_), _) if !is_many => return Err(bad("invalidPath", format!("`{key}` is no list, and has no values to choose from"))),
        (Some(filter), part) => chosen(attribute, list(old), verb, filter, part, value)?,
        (None, Some(part)) if is_many => each(attribute, list(old), verb, &part, value)?,
        (None, Some(part)) => {
            let mut object = match old {
                Some(Value::Object(object)) => object,
                _ => Map::new(),
            };
            part.set(&mut object, verb, value)?;
            (!object.is_empty()).then_some(Value::Object(object))
        }
        (None, None) if is_many => whole_list(attribute, list(old), verb, value)?,
        (None, None) => one(attribute, old, verb, value)?,
    };
    match new {
        Some(new) => holder.insert(key, new),
        None if name.extension.is_none() && name.attribute.eq_ignore_ascii_case(kind.required()) => {
            return Err(bad("mutability", format!("`{}` is required, and cannot be removed", kind.required())));
        }
        None => holder.remove(&key),
    };
    Ok(())
}

fn nowhere(name: &Name) -> ScimError {
    let part = name.part.as_ref().map(|part| format!(".{part}")).unwrap_or_default();
    bad("invalidPath", format!("there is no attribute `{}`", shown(&format!("{}{part}", name.attribute))))
}

fn list(old: Option<Value>) -> Vec<Value> {
    match old {
        Some(Value::Array(all)) => all,
        Some(Value::Null) | None => Vec::new(),
        Some(one) => vec![one],
    }
}

fn filled(all: Vec<Value>) -> Option<Value> {
    (!all.is_empty()).then_some(Value::Array(all))
}

/// A part of a complex value.
struct Part {
    attribute: Option<&'static Attribute>,
    key: String,
}

impl Part {
    fn of(attribute: Option<&'static Attribute>, old: Option<&Value>, name: &str, strictness: Strictness) -> Option<Part> {
        if is_password(name) {
            return None;
        }
        let known = attribute.and_then(|attribute| attribute.part(name));
        let stands_in = |value: &Value| value.as_object().and_then(|object| key_of(object, name));
        let key = match (known, old) {
            (Some(known), _) => Some(known.name.to_owned()),
            (None, Some(Value::Array(all))) => all.iter().find_map(stands_in),
            (None, Some(one)) => stands_in(one),
            (None, None) => None,
        };
        let key = key.or_else(|| (attribute.is_none() && strictness == Strictness::Lenient).then(|| name.to_owned()))?;
        Some(Part { attribute: known, key })
    }

    fn set(&self, object: &mut Map<String, Value>, verb: Verb, value: Value) -> Read<()> {
        let key = key_of(object, &self.key).unwrap_or_else(|| self.key.clone());
        let value = if verb == Verb::Remove { None } else { typed(self.attribute, value)? };
        match value {
            Some(value) => object.insert(key, value),
            None => object.remove(&key),
        };
        Ok(())
    }
}

/// The values of a list that a filter chooses.
fn chosen(
    attribute: Option<&'static Attribute>,
    mut all: Vec<Value>,
    verb: Verb,
    filter: &Filter,
    part: Option<Part>,
    value: Value,
) -> Read<Option<Value>> {
    let mut at: Vec<usize> = all.iter().enumerate().filter(|(_, one)| filter.holds_for(attribute, one)).map(|(at, _)| at).collect();
    if at.is_empty() {
        match verb {
            // What is added need not be there: the filter tells what it is.
            Verb::Add => match described(filter) {
                Some(object) => {
                    let object = Value::Object(object);
                    let typed = match attribute {
                        Some(attribute) => typed_one(attribute, object)?,
                        None => typed(None, object)?,
                    };
                    at.push(all.len());
                    all.extend(typed);
                }
                None => return Err(no_value()),
            },
            Verb::Replace | Verb::Remove => return Err(no_value()),
        }
    }
    for at in &at {
        let Some(one) = all.get_mut(*at) else { continue };
        match (&part, verb) {
            (None, Verb::Remove) => *one = Value::Null,
            (None, _) => {
                let given = match attribute {
                    Some(attribute) => typed_one(attribute, value.clone())?,
                    None => typed(None, value.clone())?,
                };
                match (one, given, &value) {
                    (Value::Object(old), Some(Value::Object(new)), given) if verb == Verb::Add || !given.is_object() => old.extend(new),
                    (one, Some(new), _) => *one = new,
                    (one, None, _) => *one = Value::Null,
                }
            }
            (Some(part), verb) => match one {
                Value::Object(object) => {
                    part.set(object, verb, value.clone())?;
                    if object.is_empty() {
                        *one = Value::Null;
                    }
                }
                _ => return Err(no_value()),
            },
        }
    }
    keep_one_primary(&mut all, &at);
    all.retain(|one| !one.is_null());
    Ok(filled(all))
}

fn no_value() -> ScimError {
    bad("noTarget", "the path chooses no value")
}

/// The value that a filter describes: one of equations joined by `and`.
fn described(filter: &Filter) -> Option<Map<String, Value>> {
    let equations = match filter {
        Filter::And(all) => all.as_slice(),
        one => std::slice::from_ref(one),
    };
    let mut object = Map::new();
    for equation in equations {
        match equation {
            Filter::Compare(name, Operator::Equal, value) if name.extension.is_none() && name.part.is_none() && !value.is_null() => {
                object.insert(name.attribute.clone(), value.clone());
            }
            _ => return None,
        }
    }
    Some(object)
}

/// A part of every value of a list, which gets a value where it has none.
fn each(attribute: Option<&'static Attribute>, mut all: Vec<Value>, verb: Verb, part: &Part, value: Value) -> Read<Option<Value>> {
    if all.is_empty() && verb != Verb::Remove && attribute.is_some() {
        all.push(Value::Object(Map::new()));
    }
    for one in &mut all {
        if let Value::Object(object) = one {
            part.set(object, verb, value.clone())?;
        }
    }
    all.retain(|one| one.as_object().is_none_or(|object| !object.is_empty()));
    if all.iter().filter(|one| is_primary(one)).count() > 1 {
        return Err(bad("invalidValue", "more than one value would be primary"));
    }
    Ok(filled(all))
}

fn whole_list(attribute: Option<&'static Attribute>, mut all: Vec<Value>, verb: Verb, value: Value) -> Read<Option<Value>> {
    let given = list(typed(attribute, value)?);
    match verb {
        Verb::Replace => return Ok(filled(given)),
        // Entra names what goes in the value instead of a filter.
        Verb::Remove if given.is_empty() => return Ok(None),
        Verb::Remove => {
            let is_named = |one: &Value| {
                given.iter().any(|gone| one == gone || one.get("value").is_some_and(|value| Some(value) == gone.get("value")))
            };
            all.retain(|one| !is_named(one));
        }
        Verb::Add => {
            let before = all.len();
            for one in given {
                if !all.contains(&one) {
                    all.push(one);
                }
            }
            let added: Vec<usize> = (before..all.len()).collect();
            keep_one_primary(&mut all, &added);
        }
    }
    Ok(filled(all))
}

/// Where one of the values that changed is primary, none of the others is any more.
fn keep_one_primary(all: &mut [Value], changed: &[usize]) {
    let Some(primary) = changed.iter().copied().find(|at| all.get(*at).is_some_and(is_primary)) else { return };
    for (at, one) in all.iter_mut().enumerate() {
        if at != primary
            && is_primary(one)
            && let Value::Object(object) = one
        {
            object.insert("primary".to_owned(), false.into());
        }
    }
}

fn one(attribute: Option<&'static Attribute>, old: Option<Value>, verb: Verb, value: Value) -> Read<Option<Value>> {
    if verb == Verb::Remove {
        return Ok(None);
    }
    // Of a complex value the parts that are given change, and those that are given as null go.
    let cleared: Vec<String> = match &value {
        Value::Object(parts) => parts.iter().filter(|(_, value)| value.is_null()).map(|(part, _)| part.clone()).collect(),
        Value::Null => return Ok(if verb == Verb::Add { old } else { None }),
        _ => Vec::new(),
    };
    match (old, typed(attribute, value)?) {
        (Some(Value::Object(mut object)), new @ (Some(Value::Object(_)) | None)) => {
            for part in cleared {
                if let Some(key) = key_of(&object, &part) {
                    object.remove(&key);
                }
            }
            if let Some(Value::Object(new)) = new {
                object.extend(new);
            }
            Ok((!object.is_empty()).then_some(Value::Object(object)))
        }
        (_, new) => Ok(new),
    }
}
