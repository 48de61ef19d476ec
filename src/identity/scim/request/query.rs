//! What a request asks for: its path, and which resources and attributes it wants.

use std::cmp::Ordering;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::answer::{Read, bad};
use super::filter::{Filter, fold};
use super::name::{Name, get, key_of};
use super::resource::shown;
use super::schemas::{MAX_RESULTS, ResourceKind};

/// How many resources a page has where the request does not say.
const USUAL_RESULTS: usize = 100;

/// Which resources, in which order, and what of them.
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) filter: Option<Filter>,
    sort_by: Option<Name>,
    descending: bool,
    /// From 1 on
    pub(crate) start: usize,
    pub(crate) count: usize,
    attributes: Vec<Name>,
    excluded: Vec<Name>,
}

impl Default for Query {
    fn default() -> Query {
        Query {
            filter: None,
            sort_by: None,
            descending: false,
            start: 1,
            count: USUAL_RESULTS,
            attributes: Vec::new(),
            excluded: Vec::new(),
        }
    }
}

/// The segments of a path, and the parameters behind it.
pub(crate) fn split(path: &str) -> (Vec<String>, Vec<(String, String)>) {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let segments = path.split('/').filter(|segment| !segment.is_empty()).map(|segment| decoded(segment, false)).collect();
    (segments, parameters(query))
}

/// The parameters of a query, which may be percent-encoded or not: a character that no encoded query contains tells that it is not.
fn parameters(query: &str) -> Vec<(String, String)> {
    let is_plain = query.chars().any(|c| c.is_whitespace() || c == '"' || !c.is_ascii());
    let mut all = Vec::new();
    for one in parted(query, is_plain) {
        let (name, value) = one.split_once('=').unwrap_or((one, ""));
        all.push(match is_plain {
            true => (name.to_owned(), value.to_owned()),
            // Where spaces are written as %20, a plus sign is a plus sign.
            false => (decoded(name, true), decoded(value, !value.contains("%20"))),
        });
    }
    all
}

/// The parts between the signs `&`, those within quotation marks aside where the query is not encoded.
fn parted(query: &str, is_plain: bool) -> Vec<&str> {
    let (mut parts, mut from, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, sign) in query.char_indices() {
        if sign == '"' && is_plain && !escaped {
            quoted = !quoted;
        } else if sign == '&' && !quoted {
            parts.extend(query.get(from..at));
            from = at + 1;
        }
        escaped = quoted && sign == '\\' && !escaped;
    }
    parts.extend(query.get(from..));
    parts.retain(|part| !part.is_empty());
    parts
}

fn decoded(text: &str, plus_is_space: bool) -> String {
    let spaced = if plus_is_space { text.replace('+', " ") } else { text.to_owned() };
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

impl Query {
    /// Reads the parameters of a URL. Those that are not known are passed over.
    pub(crate) fn read(parameters: Vec<(String, String)>) -> Read<Query> {
        let mut query = Query::default();
        for (name, value) in parameters {
            query.set(&name, &value)?;
        }
        Ok(query)
    }

    /// Reads the body of a search.
    pub(crate) fn read_search(body: &Value) -> Read<Query> {
        let Value::Object(body) = body else { return Err(bad("invalidSyntax", "the body is no SearchRequest")) };
        let mut query = Query::default();
        for (name, value) in body {
            match value {
                Value::String(text) => query.set(name, text)?,
                Value::Number(number) => query.set(name, &number.to_string())?,
                Value::Array(all) => {
                    let names: Vec<&str> = all.iter().filter_map(Value::as_str).collect();
                    query.set(name, &names.join(","))?;
                }
                _ => {}
            }
        }
        Ok(query)
    }

    fn set(&mut self, name: &str, value: &str) -> Read<()> {
        match name.to_ascii_lowercase().as_str() {
            "filter" => {
                self.filter = Some(Filter::read(value).map_err(|wrong| bad("invalidFilter", format!("the filter {wrong}")))?);
            }
            "sortby" => {
                self.sort_by =
                    Some(Name::read(value).ok_or_else(|| bad("invalidPath", format!("`{}` is no attribute to sort by", shown(value))))?);
            }
            "sortorder" => self.descending = value.eq_ignore_ascii_case("descending"),
            // Below 1 is 1, below 0 is 0.
            "startindex" => self.start = usize::try_from(number(name, value)?).unwrap_or_default().max(1),
            "count" => self.count = usize::try_from(number(name, value)?).unwrap_or_default().min(MAX_RESULTS),
            "attributes" => self.attributes = names(value)?,
            "excludedattributes" => self.excluded = names(value)?,
            _ => {}
        }
        Ok(())
    }

    /// Whether an attribute that has to be looked up elsewhere is wanted in the answer.
    pub(crate) fn shows(&self, attribute: &str) -> bool {
        match self.attributes.is_empty() {
            true => !self.excluded.iter().any(|name| name.is(attribute) && name.part.is_none()),
            false => self.attributes.iter().any(|name| name.is(attribute)),
        }
    }

    /// Whether the order or the filter asks about an attribute.
    pub(crate) fn asks_about(&self, attribute: &str) -> bool {
        let mut found = Vec::new();
        if let Some(filter) = &self.filter {
            filter.names(&mut found);
        }
        found.extend(&self.sort_by);
        found.iter().any(|name| name.is(attribute))
    }

    /// The text that an attribute must be equal to, where the filter demands one.
    pub(crate) fn demands(&self, attribute: &str) -> Option<&str> {
        self.filter.as_ref()?.demands(attribute)
    }

    /// Whether it names the attributes that it wants.
    pub(crate) fn names_attributes(&self) -> bool {
        !self.attributes.is_empty()
    }

    /// Whether it wants a page of everything, in whatever order.
    pub(crate) fn is_plain(&self) -> bool {
        self.filter.is_none() && self.sort_by.is_none()
    }

    /// How many resources the page has, for SQL.
    pub(crate) fn limit(&self) -> i64 {
        i64::try_from(self.count).unwrap_or(i64::MAX)
    }

    /// How many stand before it, for SQL.
    pub(crate) fn offset(&self) -> i64 {
        i64::try_from(self.start - 1).unwrap_or(i64::MAX)
    }

    /// Gathers what the filter lets through.
    pub(crate) fn collect<T>(&self, kind: ResourceKind) -> Collection<'_, T> {
        Collection { query: self, kind, total: 0, kept: Vec::new() }
    }

    /// What of a resource is wanted. Its schemas and its id always are.
    pub(crate) fn project(&self, resource: Map<String, Value>) -> Value {
        let mut shown = match self.attributes.is_empty() {
            true => resource,
            false => {
                let mut shown: Map<String, Value> = Map::new();
                for always in ["schemas", "id"] {
                    shown.extend(resource.get(always).map(|value| (always.to_owned(), value.clone())));
                }
                for name in &self.attributes {
                    include(&resource, name, &mut shown);
                }
                shown
            }
        };
        for name in &self.excluded {
            if !name.is("schemas") && !name.is("id") {
                exclude(&mut shown, name);
            }
        }
        Value::Object(shown)
    }
}

/// What the filter of a query lets through, as it comes in.
pub(crate) struct Collection<'a, T> {
    query: &'a Query,
    kind: ResourceKind,
    total: usize,
    kept: Vec<(Key, T)>,
}

impl<T> Collection<'_, T> {
    /// Takes `item` in if its resource meets the filter.
    pub(crate) fn offer(&mut self, resource: &Map<String, Value>, item: T) {
        if self.query.filter.as_ref().is_some_and(|filter| !filter.holds(self.kind, resource)) {
            return;
        }
        self.total += 1;
        match &self.query.sort_by {
            Some(by) => self.kept.push((Key::of(self.kind, resource, by), item)),
            // Without an order only the page itself need be remembered.
            None if self.total >= self.query.start && self.kept.len() < self.query.count => self.kept.push((Key::Nothing, item)),
            None => {}
        }
    }

    /// How many there are, and the page. What has nothing to sort by stands last, or first in descending order.
    pub(crate) fn page(mut self) -> (usize, Vec<T>) {
        if self.query.sort_by.is_some() {
            self.kept.sort_by(|(one, _), (other, _)| one.cmp(other));
            if self.query.descending {
                self.kept.reverse();
            }
            self.kept = self.kept.into_iter().skip(self.query.start - 1).take(self.query.count).collect();
        }
        (self.total, self.kept.into_iter().map(|(_, item)| item).collect())
    }
}

fn number(name: &str, value: &str) -> Read<i64> {
    value.trim().parse().map_err(|_| bad("invalidValue", format!("`{}` is no whole number: {name}", shown(value))))
}

fn names(text: &str) -> Read<Vec<Name>> {
    let one = |text: &str| Name::read(text).ok_or_else(|| bad("invalidPath", format!("`{}` is no attribute", shown(text))));
    text.split(',').map(str::trim).filter(|text| !text.is_empty()).map(one).collect()
}

fn include(resource: &Map<String, Value>, name: &Name, shown: &mut Map<String, Value>) {
    let (source, target) = match &name.extension {
        None => (resource, shown),
        Some(urn) => {
            let Some(key) = key_of(resource, urn) else { return };
            let Some(Value::Object(source)) = resource.get(&key) else { return };
            if name.attribute.is_empty() {
                shown.insert(key, Value::Object(source.clone()));
                return;
            }
            let Value::Object(target) = shown.entry(key).or_insert_with(|| Value::Object(Map::new())) else { return };
            (source, target)
        }
    };
    let Some(key) = key_of(source, &name.attribute) else { return };
    let Some(value) = source.get(&key) else { return };
    let Some(part) = &name.part else {
        target.insert(key, value.clone());
        return;
    };
    let part_of = |value: &Value| {
        let object = value.as_object()?;
        let key = key_of(object, part)?;
        object.get(&key).map(|value| (key, value.clone()))
    };
    match (value, target.get_mut(&key)) {
        (Value::Array(all), Some(Value::Array(known))) => {
            for (one, known) in all.iter().zip(known) {
                if let (Some((part, value)), Value::Object(known)) = (part_of(one), known) {
                    known.insert(part, value);
                }
            }
        }
        (Value::Array(all), _) => {
            let parts = all.iter().map(|one| Value::Object(part_of(one).into_iter().collect()));
            target.insert(key, Value::Array(parts.collect()));
        }
        (one, Some(Value::Object(known))) => known.extend(part_of(one)),
        (one, _) => {
            if let Some(part) = part_of(one) {
                target.insert(key, Value::Object(Map::from_iter([part])));
            }
        }
    }
}

fn exclude(resource: &mut Map<String, Value>, name: &Name) {
    let holder = match &name.extension {
        None => resource,
        Some(urn) => {
            let Some(key) = key_of(resource, urn) else { return };
            if name.attribute.is_empty() {
                resource.remove(&key);
                return;
            }
            let Some(Value::Object(inner)) = resource.get_mut(&key) else { return };
            inner
        }
    };
    let Some(key) = key_of(holder, &name.attribute) else { return };
    let Some(part) = &name.part else {
        holder.remove(&key);
        return;
    };
    let without = |value: &mut Value| {
        if let Value::Object(object) = value
            && let Some(key) = key_of(object, part)
        {
            object.remove(&key);
        }
    };
    match holder.get_mut(&key) {
        Some(Value::Array(all)) => all.iter_mut().for_each(without),
        Some(one) => without(one),
        None => {}
    }
}

/// What a resource is sorted by.
#[derive(PartialEq)]
enum Key {
    Boolean(bool),
    Number(f64),
    Text(String),
    Nothing,
}

impl Key {
    fn of(kind: ResourceKind, resource: &Map<String, Value>, by: &Name) -> Key {
        let exact = kind.attribute(by.extension.as_deref(), &by.attribute).is_some_and(|attribute| attribute.exact);
        let holder = match &by.extension {
            None => Some(resource),
            Some(urn) => get(resource, urn).and_then(Value::as_object),
        };
        let mut value = holder.and_then(|holder| get(holder, &by.attribute));
        if let Some(Value::Array(all)) = value {
            value = all.iter().find(|one| super::resource::is_primary(one)).or(all.first());
        }
        if let Some(Value::Object(parts)) = value {
            value = get(parts, by.part.as_deref().unwrap_or("value"));
        }
        match value {
            Some(Value::String(text)) if exact => Key::Text(text.clone()),
            Some(Value::String(text)) => Key::Text(fold(text)),
            Some(Value::Bool(value)) => Key::Boolean(*value),
            Some(Value::Number(number)) => Key::Number(number.as_f64().unwrap_or_default()),
            _ => Key::Nothing,
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Key::Boolean(_) => 0,
            Key::Number(_) => 1,
            Key::Text(_) => 2,
            Key::Nothing => 3,
        }
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Key) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Key) -> Ordering {
        match (self, other) {
            (Key::Boolean(one), Key::Boolean(other)) => one.cmp(other),
            (Key::Number(one), Key::Number(other)) => one.total_cmp(other),
            (Key::Text(one), Key::Text(other)) => one.cmp(other),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}
