//! Where in a payload an attribute lies: one notation for SCIM paths, SAML claim names and dotted paths.
//!
//! A path that is a key of the payload as a whole is that key, so a claim name such as
//! `http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname` needs no escaping. Else `urn:…:User:department` is `department` in the
//! extension of that name, `.` goes into an object, `.0` and `[0]` to an item of an array, and `[type eq "work"]` to the first item for
//! which that holds. A name asked of an array is asked of each of its items. Names are compared as they stand, and where none is equal,
//! without regard to the case of ASCII letters, as SCIM does.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::identity::scim::request::filter::Filter;

/// The most bytes a path may have.
pub(crate) const MAX_PATH_BYTES: usize = 1024;

/// A path, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Path {
    whole: Box<str>,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq)]
enum Step {
    /// Into the extension of that name; the core schema is the payload itself
    Schema(Box<str>),
    /// A member of an object, or an item of an array where it is a number
    Name(Box<str>),
    Index(usize),
    Where(Filter),
}

impl Path {
    /// Takes a path apart. What is wrong with one is told as a part of a sentence; only brackets can be wrong.
    pub(crate) fn parse(text: &str) -> Result<Path, String> {
        match text.len() {
            0 => return Err("it is empty".to_owned()),
            1..=MAX_PATH_BYTES => {}
            length => return Err(format!("it has {length} bytes, and may have {MAX_PATH_BYTES}")),
        }
        let mut steps = Vec::new();
        let mut rest = text;
        if text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:")) {
            let head = text.split('[').next().unwrap_or_default();
            if let Some((schema, _)) = head.rsplit_once(':') {
                steps.push(Step::Schema(schema.into()));
                rest = text.get(schema.len() + 1..).unwrap_or_default();
            }
        }
        let mut named = false;
        loop {
            if let Some(inside) = rest.strip_prefix('[').filter(|_| named) {
                let (content, after) = bracket(inside)?;
                steps.push(match content.trim().parse() {
                    Ok(index) => Step::Index(index),
                    Err(_) => Step::Where(Filter::read(content).map_err(|wrong| format!("the filter `{content}` {wrong}"))?),
                });
                rest = after;
            } else {
                let end = rest.find(['.', '[', ']']).unwrap_or(rest.len());
                let (name, after) = rest.split_at(end);
                steps.push(Step::Name(name.into()));
                rest = after;
                named = true;
            }
            if rest.is_empty() {
                return Ok(Path { whole: text.into(), steps });
            }
            match rest.strip_prefix('.') {
                Some(after) => rest = after,
                None if rest.starts_with('[') => continue,
                None => return Err(format!("only `.` or `[` may follow at byte {}", text.len() - rest.len())),
            }
            named = false;
        }
    }

    /// What lies there: nothing where the path leads nowhere or to null.
    pub(crate) fn find<'a>(&self, payload: &'a Value) -> Option<Cow<'a, Value>> {
        let whole = payload.as_object().and_then(|object| member(object, &self.whole));
        match whole {
            Some(Value::Null) => None,
            Some(value) => Some(Cow::Borrowed(value)),
            None => walk(&self.steps, payload),
        }
    }
}

/// What stands before the bracket that closes, and what comes after it; one between quotation marks does not count.
fn bracket(inside: &str) -> Result<(&str, &str), String> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, character) in inside.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ']' if !quoted => return Ok((inside.get(..at).unwrap_or_default(), inside.get(at + 1..).unwrap_or_default())),
            _ => {}
        }
    }
    Err("a `[` is not closed by a `]`".to_owned())
}

fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

fn walk<'a>(steps: &[Step], current: &'a Value) -> Option<Cow<'a, Value>> {
    let Some((step, rest)) = steps.split_first() else {
        return (!current.is_null()).then_some(Cow::Borrowed(current));
    };
    match (step, current) {
        (Step::Schema(schema), Value::Object(object)) => match member(object, schema) {
            Some(extension) => walk(rest, extension),
            None if is_core(schema) => walk(rest, current),
            None => None,
        },
        (Step::Name(name), Value::Object(object)) => walk(rest, member(object, name)?),
        (Step::Name(name), Value::Array(items)) => match name.parse::<usize>() {
            Ok(index) => walk(rest, items.get(index)?),
            Err(_) => {
                let found: Vec<Value> = items.iter().filter_map(|item| walk(steps, item)).map(Cow::into_owned).collect();
                (!found.is_empty()).then_some(Cow::Owned(Value::Array(found)))
            }
        },
        (Step::Index(index), Value::Array(items)) => walk(rest, items.get(*index)?),
        (Step::Where(filter), Value::Array(items)) => walk(rest, items.iter().find(|item| filter.holds_alone(item))?),
        (Step::Where(filter), Value::Object(_)) if filter.holds_alone(current) => walk(rest, current),
        _ => None,
    }
}

fn is_core(schema: &str) -> bool {
    const CORE: &str = "urn:ietf:params:scim:schemas:core:";
    schema.get(..CORE.len()).is_some_and(|start| start.eq_ignore_ascii_case(CORE))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::Path;

    fn payload() -> Value {
        json!({
            "userName": "ana",
            "name": {"givenName": "Ana", "familyName": null},
            "active": true,
            "emails": [{"type": "home", "value": "a@home.test"}, {"type": "work", "value": "ana@acme.test", "primary": "True"}],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
                "department": "Tax", "manager": {"value": "26118915", "displayName": "Bo"}},
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname": "Anna",
            "a.b": "whole", "a": {"b": "apart"}, "levels": [[1, 2], [3]],
        })
    }

    fn found(path: &str) -> Value {
        Path::parse(path).unwrap().find(&payload()).map_or(Value::Null, |value| value.into_owned())
    }

    #[test]
    fn the_three_notations_find_what_they_name() {
        for (path, value) in [
            ("userName", json!("ana")),
            ("USERNAME", json!("ana")),
            ("name.givenName", json!("Ana")),
            ("name.familyName", Value::Null),
            ("name", json!({"givenName": "Ana", "familyName": null})),
            ("active", json!(true)),
            ("emails[type eq \"work\"].value", json!("ana@acme.test")),
            ("emails[TYPE EQ \"WORK\" and value ew \"acme.test\"].value", json!("ana@acme.test")),
            ("emails[primary eq true].value", json!("ana@acme.test")),
            ("emails[type eq \"other\"].value", Value::Null),
            ("emails[primary pr].type", json!("work")),
            ("emails[not_there eq null].type", json!("home")),
            ("emails[type ne \"home\"].type", json!("work")),
            ("emails[value sw \"a@\"].type", json!("home")),
            ("emails[value co \"]\"].type", Value::Null),
            ("emails[type eq \"a\" or not (type eq \"home\")].type", json!("work")),
            ("emails.1.value", json!("ana@acme.test")),
            ("emails[0].value", json!("a@home.test")),
            ("emails[9].value", Value::Null),
            ("emails.value", json!(["a@home.test", "ana@acme.test"])),
            ("emails.nothing", Value::Null),
            ("levels[0][1]", json!(2)),
            ("levels.1.0", json!(3)),
            ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", json!("Tax")),
            ("URN:ietf:params:scim:schemas:extension:Enterprise:2.0:user:manager.displayName", json!("Bo")),
            ("urn:ietf:params:scim:schemas:core:2.0:User:userName", json!("ana")),
            ("urn:ietf:params:scim:schemas:core:2.0:User:emails[type eq \"home\"].value", json!("a@home.test")),
            ("urn:example:other:department", Value::Null),
            ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname", json!("Anna")),
            ("a.b", json!("whole")),
            ("userName.x", Value::Null),
            ("..", Value::Null),
            ("http://nowhere.example/claim", Value::Null),
        ] {
            assert_eq!(found(path), value, "{path}");
        }
        let extension = found("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User");
        assert_eq!(extension["department"], "Tax");
    }

    #[test]
    fn only_brackets_can_be_wrong() {
        for path in [
            "",
            "emails[",
            "emails[type eq \"work\"",
            "emails[type eq \"work]",
            "emails[type is \"work\"]",
            "emails[type eq work]",
            "emails[type eq]",
            "emails[type eq {}]",
            "emails[]",
            "emails[-1]",
            "emails[0]x",
            "emails]",
            &"x".repeat(1025),
        ] {
            assert!(Path::parse(path).is_err(), "{path}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(path in "(urn:|emails|name|[a-z0-9.:\\[\\]\" ]|eq|\\PC){0,12}") {
            if let Ok(path) = Path::parse(&path) {
                path.find(&payload());
            }
        }
    }
}
