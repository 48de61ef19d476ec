//! What a SCIM request says.

use serde_json::{Map, Value, json};

use crate::base::json;
use crate::identity::scim::request::filter::{Filter, Operator};
use crate::identity::scim::request::name::Name;
use crate::identity::scim::request::path::Path;
use crate::identity::scim::request::query::{Query, split};
use crate::identity::scim::request::schemas::ResourceKind;
use crate::identity::scim::request::{patch as operations, resource};

/// A user with something of every type.
fn user() -> Map<String, Value> {
    let user = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "7", "userName": "ana@acme.com", "externalId": "a-1", "active": true,
        "name": {"givenName": "Ana", "familyName": "Lee"}, "title": "Engineer",
        "emails": [{"value": "ana@acme.com", "type": "work", "primary": true}, {"value": "ana@home.example", "type": "home"}],
        "roles": [{"value": "editor", "primary": "True"}], "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
            "department": "R&D", "manager": {"value": "9"}},
        "meta": {"created": "2026-01-02T03:04:05.000Z", "lastModified": "2026-01-02T03:04:05Z"}, "level": 7, "rate": 0.5});
    let Value::Object(user) = user else { unreachable!() };
    user
}

fn group() -> Map<String, Value> {
    let group = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "id": "1", "displayName": "Staff",
        "members": [{"value": "7", "display": "Ana"}, {"value": "8"}]});
    let Value::Object(group) = group else { unreachable!() };
    group
}

/// A filter: printing and reading again gives the same, and a resource meets it or its opposite.
pub(super) fn filter(text: &str) {
    let Ok(filter) = Filter::read(text) else { return };
    let mut names = Vec::new();
    filter.names(&mut names);
    assert!(!names.is_empty(), "a filter about nothing");
    let opposite = Filter::Not(Box::new(filter.clone()));
    for (kind, resource) in [(ResourceKind::User, user()), (ResourceKind::Group, group())] {
        assert_ne!(filter.holds(kind, &resource), opposite.holds(kind, &resource));
    }
    // What the filter demands decides alone: a resource without it does not meet the filter.
    if let Some(name) = filter.demands("userName") {
        let mut other = user();
        other.insert("userName".to_owned(), format!("not {name}").into());
        assert!(!filter.holds(ResourceKind::User, &other));
    }
    for value in [Value::Null, true.into(), 7.into(), "ana".into(), json!([]), json!({"value": "ana", "type": "work"})] {
        let _ = filter.holds_alone(&value);
    }
    if let Some(printed) = printed(&filter) {
        assert_eq!(Filter::read(&printed).unwrap(), filter, "{printed}");
    }
}

/// A path: printing and reading again gives the same.
pub(super) fn path(text: &str) {
    let Ok(path) = Path::read(text) else { return };
    let printed = match &path.filter {
        None => name(&path.name),
        Some(filter) => {
            let Some(inside) = printed(filter) else { return };
            let list = Name { part: None, ..path.name.clone() };
            format!("{}[{inside}]{}", name(&list), path.name.part.as_deref().map(|part| format!(".{part}")).unwrap_or_default())
        }
    };
    assert_eq!(Path::read(&printed).unwrap(), path, "{printed}");
}

/// The operations of a PATCH on a user and a group: what they leave behind could have come by a PUT.
pub(super) fn patch(text: &str) {
    let Ok(body) = json::values(text) else { return };
    for (kind, resource) in [(ResourceKind::User, user()), (ResourceKind::Group, group())] {
        // As it is kept: by a PUT.
        let Ok(mut kept) = resource::read(kind, Value::Object(resource)) else { unreachable!() };
        let Ok(all) = operations::read(body.clone()) else { return };
        if all.into_iter().try_for_each(|one| operations::apply(kind, &mut kept, one)).is_ok() {
            let put = resource::read(kind, Value::Object(kept.clone()));
            assert_eq!(put.ok().as_ref(), Some(&kept), "a PUT would keep something else");
            let _ = resource::user_columns(&kept);
            let _ = resource::group_columns(&kept);
        }
    }
}

/// The path of a request with its query: pages have the size that was asked for, and schemas and id are always shown.
pub(super) fn query(text: &str) {
    let (segments, parameters) = split(text);
    assert!(segments.iter().all(|segment| !segment.is_empty()));
    let Ok(query) = Query::read(parameters) else { return };
    let users: Vec<Map<String, Value>> = (0..5)
        .map(|number| {
            let mut one = user();
            one.insert("userName".to_owned(), format!("{number}@acme.com").into());
            one
        })
        .collect();
    let mut found = query.collect(ResourceKind::User);
    for one in &users {
        found.offer(one, one.clone());
    }
    let (total, page) = found.page();
    assert!(total <= users.len() && page.len() <= query.count && page.len() <= total);
    if query.is_plain() {
        assert_eq!(page.len(), users.len().saturating_sub(query.start - 1).min(query.count));
    }
    for one in page {
        let Value::Object(shown) = query.project(one.clone()) else { panic!("a resource is an object") };
        assert!(["schemas", "id"].iter().all(|always| shown.get(*always) == one.get(*always)), "schemas and id");
    }
}

fn name(name: &Name) -> String {
    let mut text = name.extension.clone().unwrap_or_default();
    if !name.attribute.is_empty() {
        let colon = if text.is_empty() { "" } else { ":" };
        text = format!("{text}{colon}{}", name.attribute);
    }
    match &name.part {
        Some(part) => format!("{text}.{part}"),
        None => text,
    }
}

/// A filter as text; `None` where it compares with a fraction, which JSON as it is read here need not keep to the last digit.
fn printed(filter: &Filter) -> Option<String> {
    let operand = |one: &Filter, within_or: bool| {
        let bare = match one {
            Filter::And(_) => within_or,
            Filter::Or(_) => false,
            _ => true,
        };
        printed(one).map(|text| if bare { text } else { format!("({text})") })
    };
    Some(match filter {
        Filter::And(all) => all.iter().map(|one| operand(one, false)).collect::<Option<Vec<_>>>()?.join(" and "),
        Filter::Or(all) => all.iter().map(|one| operand(one, true)).collect::<Option<Vec<_>>>()?.join(" or "),
        Filter::Not(inner) => format!("not ({})", printed(inner)?),
        Filter::Present(about) => format!("{} pr", name(about)),
        Filter::Compare(_, _, Value::Number(number)) if number.is_f64() => return None,
        Filter::Compare(about, operator, value) => format!("{} {} {value}", name(about), word(*operator)),
        Filter::Values(about, inner) => format!("{}[{}]", name(about), printed(inner)?),
    })
}

fn word(operator: Operator) -> &'static str {
    match operator {
        Operator::Equal => "eq",
        Operator::NotEqual => "ne",
        Operator::Contains => "co",
        Operator::StartsWith => "sw",
        Operator::EndsWith => "ew",
        Operator::Greater => "gt",
        Operator::GreaterOrEqual => "ge",
        Operator::Less => "lt",
        Operator::LessOrEqual => "le",
    }
}
