//! Filters (RFC 7644, section 3.4.2.2): read, and held against a resource.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::name::{Name, get};
use super::schemas::{Attribute, ResourceKind, Type};
use crate::base::time;

/// The longest filter that is read, in bytes.
const MAX_LENGTH: usize = 16_384;
/// How deep a filter may nest.
const MAX_DEPTH: usize = 32;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    /// Something stands there
    Present(Name),
    Compare(Name, Operator, Value),
    /// One value of a list meets the filter
    Values(Name, Box<Filter>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Contains,
    StartsWith,
    EndsWith,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Operator {
    fn read(word: &str) -> Option<Operator> {
        Some(match word.to_ascii_lowercase().as_str() {
            "eq" => Operator::Equal,
            "ne" => Operator::NotEqual,
            "co" => Operator::Contains,
            "sw" => Operator::StartsWith,
            "ew" => Operator::EndsWith,
            "gt" => Operator::Greater,
            "ge" => Operator::GreaterOrEqual,
            "lt" => Operator::Less,
            "le" => Operator::LessOrEqual,
            _ => return None,
        })
    }
}

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// What is wrong with it, as half a sentence.
    pub(crate) fn read(text: &str) -> Result<Filter, String> {
        if text.len() > MAX_LENGTH {
            return Err(format!("has {} bytes, and may have at most {MAX_LENGTH}", text.len()));
        }
        let mut reader = Reader { text, at: 0, depth: 0 };
        let filter = reader.either()?;
        reader.skip_space();
        match reader.rest().is_empty() {
            true => Ok(filter),
            false => reader.wrong("`and`, `or` or the end"),
        }
    }

    /// The names it asks about; within a list that of the list.
    pub(crate) fn names<'a>(&'a self, found: &mut Vec<&'a Name>) {
        match self {
            Filter::And(all) | Filter::Or(all) => all.iter().for_each(|one| one.names(found)),
            Filter::Not(inner) => inner.names(found),
            Filter::Present(name) | Filter::Compare(name, ..) | Filter::Values(name, _) => found.push(name),
        }
    }

    /// The text that an attribute of the core schema must be equal to for the filter to hold, where it demands one.
    pub(crate) fn demands(&self, attribute: &str) -> Option<&str> {
        match self {
            Filter::And(all) => all.iter().find_map(|one| one.demands(attribute)),
            Filter::Compare(name, Operator::Equal, Value::String(text)) if name.is(attribute) && name.is_value() => Some(text),
            Filter::Values(name, inner) if name.is(attribute) => inner.demands("value"),
            _ => None,
        }
    }

    /// Whether a resource meets the filter.
    pub(crate) fn holds(&self, kind: ResourceKind, resource: &Map<String, Value>) -> bool {
        self.holds_in(Scope::Resource(kind), resource)
    }

    /// Whether a value of which no schema is known meets it.
    pub(crate) fn holds_alone(&self, value: &Value) -> bool {
        self.holds_for(None, value)
    }

    /// Whether one value of a list meets it. A plain value is its own `value`.
    pub(crate) fn holds_for(&self, list: Option<&'static Attribute>, value: &Value) -> bool {
        match value {
            Value::Object(object) => self.holds_in(Scope::Value(list), object),
            plain => self.holds_in(Scope::Value(list), &Map::from_iter([("value".to_owned(), plain.clone())])),
        }
    }

    fn holds_in(&self, scope: Scope, object: &Map<String, Value>) -> bool {
        match self {
            Filter::And(all) => all.iter().all(|one| one.holds_in(scope, object)),
            Filter::Or(all) => all.iter().any(|one| one.holds_in(scope, object)),
            Filter::Not(inner) => !inner.holds_in(scope, object),
            Filter::Present(name) => values(object, name).iter().any(|value| is_present(value)),
            Filter::Compare(name, operator, wanted) => {
                let (kind, exact) = scope.nature(name);
                let found: Vec<&Value> = values(object, name).into_iter().filter(|value| is_present(value)).collect();
                match operator {
                    _ if wanted.is_null() => found.is_empty() == (*operator == Operator::Equal),
                    Operator::NotEqual => !found.iter().any(|value| compares(value, Operator::Equal, wanted, kind, exact)),
                    operator => found.iter().any(|value| compares(value, *operator, wanted, kind, exact)),
                }
            }
            Filter::Values(name, inner) => {
                let list = scope.attribute(name);
                values(object, name).iter().any(|value| inner.holds_for(list, value))
            }
        }
    }
}

/// What a name is looked up in.
#[derive(Debug, Clone, Copy)]
enum Scope {
    Resource(ResourceKind),
    Value(Option<&'static Attribute>),
}

impl Scope {
    fn attribute(self, name: &Name) -> Option<&'static Attribute> {
        match self {
            Scope::Resource(kind) => kind.attribute(name.extension.as_deref(), &name.attribute),
            Scope::Value(list) => list?.part(&name.attribute),
        }
    }

    /// The type of what is compared, and whether its case matters. Of a complex value it is the part `value`.
    fn nature(self, name: &Name) -> (Option<Type>, bool) {
        let attribute = self.attribute(name);
        let compared = match &name.part {
            Some(part) => attribute.and_then(|attribute| attribute.part(part)),
            None => attribute.and_then(|attribute| attribute.part("value")).or(attribute),
        };
        (compared.map(|compared| compared.kind), compared.is_some_and(|compared| compared.exact))
    }
}

/// The values that a name stands for, each value of a list by itself.
fn values<'a>(object: &'a Map<String, Value>, name: &Name) -> Vec<&'a Value> {
    let container = match &name.extension {
        Some(extension) => match get(object, extension) {
            Some(whole) if name.attribute.is_empty() => return vec![whole],
            Some(Value::Object(inner)) => inner,
            _ => return Vec::new(),
        },
        None => object,
    };
    let each = match get(container, &name.attribute) {
        Some(Value::Array(all)) => all.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    };
    match &name.part {
        None => each,
        Some(part) => each.into_iter().filter_map(|value| value.as_object().and_then(|inner| get(inner, part))).collect(),
    }
}

fn is_present(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(all) => !all.is_empty(),
        Value::Object(all) => !all.is_empty(),
        _ => true,
    }
}

fn compares(found: &Value, operator: Operator, wanted: &Value, kind: Option<Type>, exact: bool) -> bool {
    if let Value::Object(parts) = found {
        return get(parts, "value").is_some_and(|value| !value.is_object() && compares(value, operator, wanted, kind, exact));
    }
    let order = match (found, wanted) {
        (Value::String(found), Value::String(wanted)) => {
            let (found, wanted) = match exact {
                true => (found.clone(), wanted.clone()),
                false => (fold(found), fold(wanted)),
            };
            match operator {
                Operator::Contains => return found.contains(&wanted),
                Operator::StartsWith => return found.starts_with(&wanted),
                Operator::EndsWith => return found.ends_with(&wanted),
                _ if kind == Some(Type::Time) => match (time::parse("time", &found), time::parse("time", &wanted)) {
                    (Ok(found), Ok(wanted)) => found.cmp(&wanted),
                    _ => return false,
                },
                _ => found.cmp(&wanted),
            }
        }
        // Entra writes booleans as text: `roles[primary eq "True"]`.
        (Value::Bool(flag), Value::String(text)) | (Value::String(text), Value::Bool(flag)) => match operator {
            Operator::Equal => return text.eq_ignore_ascii_case(if *flag { "true" } else { "false" }),
            _ => return false,
        },
        (Value::Bool(found), Value::Bool(wanted)) if operator == Operator::Equal => found.cmp(wanted),
        (Value::Number(found), Value::Number(wanted)) => match (found.as_i64(), wanted.as_i64()) {
            (Some(found), Some(wanted)) => found.cmp(&wanted),
            _ => match found.as_f64().zip(wanted.as_f64()).and_then(|(found, wanted)| found.partial_cmp(&wanted)) {
                Some(order) => order,
                None => return false,
            },
        },
        _ => return false,
    };
    match operator {
        Operator::Equal => order == Ordering::Equal,
        Operator::Greater => order == Ordering::Greater,
        Operator::GreaterOrEqual => order != Ordering::Less,
        Operator::Less => order == Ordering::Less,
        Operator::LessOrEqual => order != Ordering::Greater,
        Operator::NotEqual | Operator::Contains | Operator::StartsWith | Operator::EndsWith => false,
    }
}

/// How texts whose case does not matter are compared.
pub(crate) fn fold(text: &str) -> String {
    text.to_lowercase()
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn wrong<T>(&self, expected: &str) -> Result<T, String> {
        Err(format!("has no {expected} at character {}", self.text.get(..self.at).unwrap_or_default().chars().count() + 1))
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    /// Passes over a sign, where it stands next.
    fn take(&mut self, sign: char) -> bool {
        self.skip_space();
        let is_next = self.rest().starts_with(sign);
        if is_next {
            self.at += sign.len_utf8();
        }
        is_next
    }

    /// The word that stands next, as far as white space, a bracket or a quotation mark.
    fn word(&mut self) -> &'a str {
        self.skip_space();
        let rest = self.rest();
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '[' | ']' | '"')).unwrap_or(rest.len());
        let (word, _) = rest.split_at(end);
        self.at += end;
        word
    }

    /// Passes over a word, where it stands next.
    fn take_word(&mut self, wanted: &str) -> bool {
        let before = self.at;
        let found = self.word().eq_ignore_ascii_case(wanted);
        if !found {
            self.at = before;
        }
        found
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, String>) -> Result<T, String> {
        if self.depth == MAX_DEPTH {
            return Err(format!("nests deeper than {MAX_DEPTH} levels"));
        }
        self.depth += 1;
        let read = read(self)?;
        self.depth -= 1;
        Ok(read)
    }

    fn either(&mut self) -> Result<Filter, String> {
        let first = self.both()?;
        let mut all = vec![first];
        while self.take_word("or") {
            all.push(self.both()?);
        }
        Ok(single(all).unwrap_or_else(Filter::Or))
    }

    fn both(&mut self) -> Result<Filter, String> {
        let first = self.one()?;
        let mut all = vec![first];
        while self.take_word("and") {
            all.push(self.one()?);
        }
        Ok(single(all).unwrap_or_else(Filter::And))
    }

    fn grouped(&mut self) -> Result<Filter, String> {
        let inner = self.deeper(Reader::either)?;
        match self.take(')') {
            true => Ok(inner),
            false => self.wrong("`)`"),
        }
    }

    fn one(&mut self) -> Result<Filter, String> {
        if self.take('(') {
            return self.grouped();
        }
        let before = self.at;
        let word = self.word();
        if word.eq_ignore_ascii_case("not") && self.take('(') {
            return Ok(Filter::Not(Box::new(self.grouped()?)));
        }
        let Some(name) = Name::read(word) else {
            self.at = before;
            return self.wrong("attribute");
        };
        if self.rest().starts_with('[') && self.take('[') {
            if name.part.is_some() || name.attribute.is_empty() {
                self.at = before;
                return self.wrong("list");
            }
            let inner = self.deeper(Reader::either)?;
            return match self.take(']') {
                true => Ok(Filter::Values(name, Box::new(inner))),
                false => self.wrong("`]`"),
            };
        }
        let before = self.at;
        let word = self.word();
        if word.eq_ignore_ascii_case("pr") {
            return Ok(Filter::Present(name));
        }
        let Some(operator) = Operator::read(word) else {
            self.at = before;
            return self.wrong("operator");
        };
        let before = self.at;
        let value = self.value()?;
        let fits = match operator {
            Operator::Equal | Operator::NotEqual => true,
            Operator::Contains | Operator::StartsWith | Operator::EndsWith => value.is_string(),
            _ => value.is_string() || value.is_number(),
        };
        if !fits {
            self.at = before;
            return self.wrong("value that the operator can compare with");
        }
        Ok(Filter::Compare(name, operator, value))
    }

    /// A JSON value that is neither an object nor an array.
    fn value(&mut self) -> Result<Value, String> {
        self.skip_space();
        let rest = self.rest();
        let end = match rest.strip_prefix('"') {
            None => rest.find(|c: char| c.is_whitespace() || matches!(c, ')' | ']')).unwrap_or(rest.len()),
            Some(inside) => {
                let mut escaped = false;
                let closing = inside.char_indices().find(|(_, c)| {
                    let ends = *c == '"' && !escaped;
                    escaped = *c == '\\' && !escaped;
                    ends
                });
                match closing {
                    Some((at, _)) => at + 2,
                    None => return self.wrong("end of the text that begins"),
                }
            }
        };
        let (word, _) = rest.split_at(end);
        let lower = word.to_ascii_lowercase();
        let value = match lower.as_str() {
            "true" | "false" | "null" => serde_json::from_str(&lower),
            _ => serde_json::from_str(word),
        };
        match value {
            Ok(value @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_))) => {
                self.at += end;
                Ok(value)
            }
            _ => self.wrong("value such as \"ana\", true or 7"),
        }
    }
}

/// The only one, else all of them back.
fn single(mut all: Vec<Filter>) -> Result<Filter, Vec<Filter>> {
    match (all.len(), all.pop()) {
        (1, Some(only)) => Ok(only),
        (_, last) => {
            all.extend(last);
            Err(all)
        }
    }
}
