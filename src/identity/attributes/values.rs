//! What a payload says: the value of each attribute in force, worked out from definitions, mappings and the payload alone.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::path::Path;
use crate::identity::email::is_email;

/// Who told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Source {
    Directory,
    Sso,
}

impl Source {
    pub(crate) const NAMES: [&str; 2] = ["directory", "sso"];

    pub(crate) fn named(name: &str) -> Option<Source> {
        match name {
            "directory" => Some(Source::Directory),
            "sso" => Some(Source::Sso),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Source::Directory => "directory",
            Source::Sso => "sso",
        }
    }
}

/// What an attribute may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    String,
    Number,
    Boolean,
    Array,
    Object,
}

impl Type {
    pub(crate) const NAMES: [&str; 5] = ["string", "number", "boolean", "array", "object"];

    pub(crate) fn named(name: &str) -> Option<Type> {
        match name {
            "string" => Some(Type::String),
            "number" => Some(Type::Number),
            "boolean" => Some(Type::Boolean),
            "array" => Some(Type::Array),
            "object" => Some(Type::Object),
            _ => None,
        }
    }

    fn fits(self, value: &Value) -> bool {
        match self {
            Type::String => value.is_string(),
            Type::Number => value.is_number(),
            Type::Boolean => value.is_boolean(),
            Type::Array => value.is_array(),
            Type::Object => value.is_object(),
        }
    }
}

/// An attribute in force.
pub(crate) struct Definition {
    pub(crate) name: String,
    pub(crate) kind: Type,
    /// Memberships show it
    pub(crate) shown: bool,
}

/// Where the attributes of a payload lie.
pub(crate) enum Layout<'a> {
    /// As a provider sends it: where its mappings say, else where such payloads usually have them
    Provider { source: Source, mappings: &'a HashMap<String, Path> },
    /// As the application sets them: by name
    Names,
}

/// The attributes of one holder.
#[derive(Debug, PartialEq)]
pub(crate) struct Worked {
    /// JSON: every attribute in force
    pub(crate) attributes: String,
    /// JSON: those that a membership shows
    pub(crate) shown: String,
    /// JSON: by name what was found where it is of another type, `None` where there is nothing of the kind
    pub(crate) problems: Option<String>,
}

/// Works out the attributes of a payload, each by its definition, in the order of these.
pub(crate) fn work_out(definitions: &[Definition], layout: &Layout<'_>, payload: &Value) -> Worked {
    let (mut attributes, mut shown, mut problems) = (Map::new(), Map::new(), Map::new());
    for definition in definitions {
        let value = match find(&definition.name, layout, payload) {
            Some(found) if definition.kind.fits(&found) => found.into_owned(),
            Some(found) => {
                problems.insert(definition.name.clone(), found.into_owned());
                Value::Null
            }
            None => Value::Null,
        };
        if definition.shown {
            shown.insert(definition.name.clone(), value.clone());
        }
        attributes.insert(definition.name.clone(), value);
    }
    Worked {
        attributes: Value::Object(attributes).to_string(),
        shown: Value::Object(shown).to_string(),
        problems: (!problems.is_empty()).then(|| Value::Object(problems).to_string()),
    }
}

fn find<'a>(name: &str, layout: &Layout<'_>, payload: &'a Value) -> Option<Cow<'a, Value>> {
    match layout {
        Layout::Names => payload.get(name).filter(|value| !value.is_null()).map(Cow::Borrowed),
        Layout::Provider { source, mappings } => match mappings.get(name) {
            Some(path) => mapped(*source, path, payload),
            None => usual(*source, name, payload),
        },
    }
}

/// What lies at a path. Of a profile, what the provider itself sent comes first: a claim is named there as it is called.
fn mapped<'a>(source: Source, path: &Path, payload: &'a Value) -> Option<Cow<'a, Value>> {
    let raw = match source {
        Source::Sso => payload.get("raw_attributes").and_then(|raw| path.find(raw)),
        Source::Directory => None,
    };
    raw.or_else(|| path.find(payload))
}

/// What lies where such payloads usually have it.
fn usual<'a>(source: Source, name: &str, payload: &'a Value) -> Option<Cow<'a, Value>> {
    let paths = USUAL.get(&(source, name)).map_or([].as_slice(), Vec::as_slice);
    let mut found = paths.iter().filter_map(|path| path.find(payload));
    match (source, name) {
        (_, "email" | "manager_email") => found.find(|value| value.as_str().is_some_and(is_email)),
        // SCIM has no state but `active`, which is true unless it is sent; some send it as a text.
        (Source::Directory, "state") => {
            let inactive = found.next().is_some_and(|value| value.as_bool().map_or_else(|| is_false(&value), |active| !active));
            Some(Cow::Owned(if inactive { "inactive".into() } else { "active".into() }))
        }
        _ => found.next(),
    }
}

fn is_false(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.eq_ignore_ascii_case("false"))
}

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// By source and name, the paths to look at in turn.
static USUAL: LazyLock<HashMap<(Source, &'static str), Vec<Path>>> = LazyLock::new(|| {
    let scim: [(&str, &[&str]); 16] = [
        ("idp_id", &["externalId", "userName"]),
        ("email", &["emails[primary eq true].value", "emails[type eq \"work\"].value", "emails[0].value", "userName"]),
        ("first_name", &["name.givenName"]),
        ("last_name", &["name.familyName"]),
        ("state", &["active"]),
        ("addresses", &["addresses"]),
        ("cost_center_name", &[":costCenter"]),
        ("department_name", &[":department"]),
        ("division_name", &[":division"]),
        ("emails", &["emails"]),
        ("employee_number", &[":employeeNumber"]),
        ("employee_type", &["userType"]),
        ("job_title", &["title"]),
        ("manager_email", &[":manager.email", ":manager.value"]),
        ("organization", &[":organization"]),
        ("username", &["userName"]),
    ];
    let profile: [(&str, &[&str]); 15] = [
        ("idp_id", &["idp_id"]),
        ("email", &["email"]),
        ("first_name", &["first_name"]),
        ("last_name", &["last_name"]),
        ("state", &["state"]),
        ("addresses", &["addresses"]),
        ("cost_center_name", &["cost_center_name", "costCenter"]),
        ("department_name", &["department_name", "department"]),
        ("division_name", &["division_name", "division"]),
        ("emails", &["emails"]),
        ("employee_type", &["employee_type", "employeeType"]),
        ("employment_start_date", &["employment_start_date", "employmentStartDate"]),
        ("job_title", &["job_title", "jobTitle", "title"]),
        ("manager_email", &["manager_email", "managerEmail"]),
        ("username", &["username", "preferred_username", "userName"]),
    ];
    let standard = ["idp_id", "email", "first_name", "last_name", "state"];
    let parse = |paths: &[&str], prefix: &str| {
        let whole = |path: &&str| match path.strip_prefix(':') {
            Some(name) => format!("{ENTERPRISE}:{name}"),
            None => format!("{prefix}{path}"),
        };
        paths.iter().filter_map(|path| Path::parse(&whole(path)).ok()).collect()
    };
    let of_scim = scim.into_iter().map(|(name, paths)| ((Source::Directory, name), parse(paths, "")));
    let of_profile = profile.into_iter().map(|(name, paths)| {
        let prefix = if standard.contains(&name) { "" } else { "raw_attributes." };
        ((Source::Sso, name), parse(paths, prefix))
    });
    of_scim.chain(of_profile).collect()
});

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::HashMap;

    use serde_json::{Value, json};

    use super::{Definition, Layout, Path, Source, Type, USUAL, work_out};

    fn worked(names: &[(&str, Type)], source: Source, mappings: &[(&str, &str)], payload: &Value) -> (Value, Value) {
        let definitions: Vec<Definition> =
            names.iter().map(|(name, kind)| Definition { name: (*name).to_owned(), kind: *kind, shown: true }).collect();
        let mappings: HashMap<String, Path> =
            mappings.iter().map(|(name, path)| ((*name).to_owned(), Path::parse(path).unwrap())).collect();
        let worked = work_out(&definitions, &Layout::Provider { source, mappings: &mappings }, payload);
        assert_eq!(worked.attributes, worked.shown);
        let problems = worked.problems.map_or(Value::Null, |text| serde_json::from_str(&text).unwrap());
        (serde_json::from_str(&worked.shown).unwrap(), problems)
    }

    #[test]
    fn every_usual_path_is_one() {
        assert_eq!(USUAL.len(), 31);
        assert_eq!(USUAL.values().map(Vec::len).sum::<usize>(), 21 + 25);
    }

    #[test]
    fn a_user_as_scim_has_it_needs_no_mapping() {
        let all =
            ["idp_id", "email", "first_name", "last_name", "state", "department_name", "employee_number", "manager_email", "username"];
        let names: Vec<(&str, Type)> = all.iter().map(|name| (*name, Type::String)).collect();
        let payload = json!({
            "userName": "ana", "externalId": "00u1", "active": "False", "name": {"givenName": "Ana", "familyName": "Silva"},
            "emails": [{"value": "not one"}, {"type": "work", "value": "ana@acme.test"}],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Tax", "employeeNumber": "7", "manager": {"value": "bo@acme.test"}},
        });
        let (values, problems) = worked(&names, Source::Directory, &[], &payload);
        let expected = json!({"idp_id": "00u1", "email": "ana@acme.test", "first_name": "Ana", "last_name": "Silva", "state": "inactive",
            "department_name": "Tax", "employee_number": "7", "manager_email": "bo@acme.test", "username": "ana"});
        assert_eq!((values, problems), (expected, Value::Null));
    }

    #[test]
    fn of_a_profile_the_raw_attributes_come_first() {
        let payload = json!({"email": "ana@acme.test", "department": "outer", "raw_attributes": {"department": "Tax", "groups": ["a"]}});
        let names = [("email", Type::String), ("department_name", Type::String), ("own", Type::String), ("mail", Type::String)];
        let (values, _) = worked(&names, Source::Sso, &[("own", "department"), ("mail", "email")], &payload);
        assert_eq!(values, json!({"email": "ana@acme.test", "department_name": "Tax", "own": "Tax", "mail": "ana@acme.test"}));
    }

    #[test]
    fn a_wrong_type_is_null_and_told() {
        let payload = json!({"s": 1, "n": "1", "b": "true", "a": {}, "o": [], "missing": null});
        let names = [("s", Type::String), ("n", Type::Number), ("b", Type::Boolean), ("a", Type::Array), ("o", Type::Object)];
        let mappings = names.map(|(name, _)| (name, name));
        let (values, problems) = worked(&names, Source::Directory, &mappings, &payload);
        assert_eq!(values, json!({"s": null, "n": null, "b": null, "a": null, "o": null}));
        assert_eq!(problems, json!({"s": 1, "n": "1", "b": "true", "a": {}, "o": []}));
        let (values, problems) = worked(&[("x", Type::String)], Source::Directory, &[("x", "missing")], &payload);
        assert_eq!((values, problems), (json!({"x": null}), Value::Null));
    }
}
