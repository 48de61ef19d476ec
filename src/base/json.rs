//! JSON that callers hand over: read as it was written, and refused with the place of what is wrong.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::refusal::{Refusal, Result, nearest, shown};

pub(crate) const MAX_NAME: usize = 256;
pub(crate) const MAX_DESCRIPTION: usize = 1000;

/// JSON as it was written: an object keeps the order of its fields and those that are given twice.
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number,
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads a text that a call gave as `what`.
    pub(crate) fn parse(what: &str, text: &str) -> Result<Json> {
        serde_json::from_str(text).map_err(|error| {
            let place = format!("line {} column {}", error.line(), error.column());
            match error.to_string().starts_with("recursion limit exceeded") {
                true => Refusal::new(format!("{what} nests deeper than 127 levels at {place}")),
                false => Refusal::new(format!("{what} is not valid JSON: {error}")),
            }
        })
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "a boolean",
            Json::Number => "a number",
            Json::Text(_) => "a string",
            Json::Array(_) => "an array",
            Json::Object(_) => "an object",
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Json, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Json;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("JSON")
            }
            fn visit_unit<E>(self) -> std::result::Result<Json, E> {
                Ok(Json::Null)
            }
            fn visit_bool<E>(self, value: bool) -> std::result::Result<Json, E> {
                Ok(Json::Bool(value))
            }
            fn visit_i64<E>(self, _: i64) -> std::result::Result<Json, E> {
                Ok(Json::Number)
            }
            fn visit_u64<E>(self, _: u64) -> std::result::Result<Json, E> {
                Ok(Json::Number)
            }
            fn visit_f64<E>(self, _: f64) -> std::result::Result<Json, E> {
                Ok(Json::Number)
            }
            fn visit_str<E>(self, text: &str) -> std::result::Result<Json, E> {
                Ok(Json::Text(text.to_owned()))
            }
            fn visit_string<E>(self, text: String) -> std::result::Result<Json, E> {
                Ok(Json::Text(text))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> std::result::Result<Json, A::Error> {
                let mut all = Vec::new();
                while let Some(item) = items.next_element()? {
                    all.push(item);
                }
                Ok(Json::Array(all))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> std::result::Result<Json, A::Error> {
                let mut all = Vec::new();
                while let Some(field) = fields.next_entry()? {
                    all.push(field);
                }
                Ok(Json::Object(all))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// JSON as values, numbers and all. A field that is given twice is an error.
pub(crate) fn values(text: &str) -> std::result::Result<Value, serde_json::Error> {
    serde_json::from_str(text).map(|Unambiguous(value)| value)
}

struct Unambiguous(Value);

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Unambiguous, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Value;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("JSON")
            }
            fn visit_unit<E>(self) -> std::result::Result<Value, E> {
                Ok(Value::Null)
            }
            fn visit_bool<E>(self, value: bool) -> std::result::Result<Value, E> {
                Ok(value.into())
            }
            fn visit_i64<E>(self, value: i64) -> std::result::Result<Value, E> {
                Ok(value.into())
            }
            fn visit_u64<E>(self, value: u64) -> std::result::Result<Value, E> {
                Ok(value.into())
            }
            fn visit_f64<E>(self, value: f64) -> std::result::Result<Value, E> {
                Ok(value.into())
            }
            fn visit_str<E>(self, text: &str) -> std::result::Result<Value, E> {
                Ok(text.into())
            }
            fn visit_string<E>(self, text: String) -> std::result::Result<Value, E> {
                Ok(text.into())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> std::result::Result<Value, A::Error> {
                let mut all = Vec::new();
                while let Some(Unambiguous(item)) = items.next_element()? {
                    all.push(item);
                }
                Ok(Value::Array(all))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> std::result::Result<Value, A::Error> {
                let mut all = Map::new();
                while let Some((name, Unambiguous(value))) = fields.next_entry::<String, _>()? {
                    if all.contains_key(&name) {
                        return Err(serde::de::Error::custom(format!("{} is given twice", quoted(&name))));
                    }
                    all.insert(name, value);
                }
                Ok(Value::Object(all))
            }
        }
        deserializer.deserialize_any(Any).map(Unambiguous)
    }
}

pub(crate) fn refused<T, E: From<Refusal>>(place: &str, sentence: impl fmt::Display) -> std::result::Result<T, E> {
    Err(E::from(Refusal::new(match place {
        "" => sentence.to_string(),
        place => format!("{place}: {sentence}"),
    })))
}

pub(crate) fn quoted(given: &str) -> String {
    format!("`{}`", shown(&given.escape_debug().to_string()))
}

/// Puts the place in front of the sentence of a check that does not know it.
pub(crate) fn at(place: &str, checked: Result<()>) -> Result<()> {
    checked.or_else(|error| refused(place, error))
}

/// The fields of an object, none of them given twice.
pub(crate) fn object(place: &str, json: Json) -> Result<Vec<(String, Json)>> {
    let fields = match json {
        Json::Object(fields) => fields,
        other => {
            let what = if place.is_empty() { "the model document" } else { "it" };
            return refused(place, format!("{what} is {}, and must be an object", other.kind()));
        }
    };
    let mut seen = HashSet::new();
    match fields.iter().find(|(key, _)| !seen.insert(key.as_str())) {
        Some((key, _)) => refused(place, format!("{} is given twice", quoted(key))),
        None => Ok(fields),
    }
}

pub(crate) fn unknown_field<T, E: From<Refusal>>(place: &str, field: &str, known: &[&str]) -> std::result::Result<T, E> {
    let near = nearest(field, known.iter().copied());
    let next = match near.is_empty() {
        true => format!("; the fields are {}", known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
        false => near,
    };
    refused(place, format!("unknown field {}{next}", quoted(field)))
}

pub(crate) fn text(place: &str, json: Json) -> Result<String> {
    match json {
        Json::Text(text) => Ok(text),
        other => refused(place, format!("it is {}, and must be a string", other.kind())),
    }
}

/// A name or a description; `null` is none.
pub(crate) fn words(place: &str, json: Json, most: usize) -> Result<Option<String>> {
    if matches!(json, Json::Null) {
        return Ok(None);
    }
    let text = text(place, json)?;
    // What follows such a character is invisible to most of SQLite's functions, its length limits included.
    if text.contains('\0') {
        return refused(place, "it contains the character U+0000; leave it out");
    }
    match text.chars().count() {
        length if length > most => refused(place, format!("it has {length} characters, and may have at most {most}")),
        _ => Ok(Some(text)),
    }
}

/// A list of slugs, none of them twice; `null` is an empty one.
pub(crate) fn slugs(place: &str, json: Json, check: impl Fn(&str) -> Result<()>) -> Result<Vec<String>> {
    let items = match json {
        Json::Null => return Ok(Vec::new()),
        Json::Array(items) => items,
        other => return refused(place, format!("it is {}, and must be an array of strings", other.kind())),
    };
    let mut all = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        match item {
            Json::Text(slug) => {
                at(place, check(&slug))?;
                all.push(slug);
            }
            other => return refused(&format!("{place}[{index}]"), format!("it is {}, and must be a string", other.kind())),
        }
    }
    let mut seen = HashSet::new();
    match all.iter().find(|slug| !seen.insert(slug.as_str())) {
        Some(slug) => refused(place, format!("{} is given twice", quoted(slug))),
        None => Ok(all),
    }
}

pub(crate) fn required(place: &str, field: &str, given: Option<String>) -> Result<String> {
    match given {
        Some(given) => Ok(given),
        None => refused(place, format!("the field `{field}` is missing; give one")),
    }
}
