//! PATCH against a second, deliberately naive implementation over plain JSON.

use authz::rusqlite::Connection;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::{ENTERPRISE, USER, ask, operations, scim, world};

/// What a path names, spelt out.
#[derive(Debug, Clone)]
enum Target {
    Simple(&'static str),
    Part(&'static str, &'static str),
    List(&'static str),
    Chosen(&'static str, &'static str),
    ChosenPart(&'static str, &'static str, &'static str),
    Extension(&'static str),
}

impl Target {
    fn path(&self) -> String {
        match self {
            Target::Simple(name) | Target::List(name) => (*name).to_owned(),
            Target::Part(name, part) => format!("{name}.{part}"),
            Target::Chosen(name, kind) => format!("{name}[type eq \"{kind}\"]"),
            Target::ChosenPart(name, kind, part) => format!("{name}[type eq \"{kind}\"].{part}"),
            Target::Extension(name) => format!("{ENTERPRISE}:{name}"),
        }
    }
}

#[derive(Debug, Clone)]
struct Operation {
    op: &'static str,
    target: Target,
    value: Value,
}

/// Removes what has become empty.
fn tidy(object: &mut Map<String, Value>, name: &str) {
    let is_empty = match object.get(name) {
        Some(Value::Array(all)) => all.is_empty(),
        Some(Value::Object(all)) => all.is_empty(),
        _ => false,
    };
    if is_empty {
        object.remove(name);
    }
}

/// Does it; false where it cannot be done.
fn apply(resource: &mut Map<String, Value>, operation: &Operation) -> bool {
    let Operation { op, target, value } = operation;
    match target {
        Target::Simple("userName") if *op == "remove" => return false,
        Target::Simple(name) => {
            resource.remove(*name);
            if *op != "remove" {
                resource.insert((*name).to_owned(), value.clone());
            }
        }
        Target::Part(name, part) => {
            let mut object = resource.remove(*name).unwrap_or(json!({})).as_object().unwrap().clone();
            object.remove(*part);
            if *op != "remove" {
                object.insert((*part).to_owned(), value.clone());
            }
            resource.insert((*name).to_owned(), object.into());
            tidy(resource, name);
        }
        Target::Extension(name) => {
            let mut object = resource.remove(ENTERPRISE).unwrap_or(json!({})).as_object().unwrap().clone();
            object.remove(*name);
            if *op != "remove" {
                object.insert((*name).to_owned(), value.clone());
            }
            resource.insert(ENTERPRISE.to_owned(), object.into());
            tidy(resource, ENTERPRISE);
        }
        Target::List(name) => {
            let old = resource.remove(*name).unwrap_or(json!([])).as_array().unwrap().clone();
            let new = match *op {
                "remove" => Vec::new(),
                "replace" => value.as_array().unwrap().clone(),
                _ => {
                    let mut all = old;
                    for one in value.as_array().unwrap() {
                        if !all.contains(one) {
                            if one["primary"] == true {
                                unmark(&mut all);
                            }
                            all.push(one.clone());
                        }
                    }
                    all
                }
            };
            resource.insert((*name).to_owned(), new.into());
            tidy(resource, name);
        }
        Target::Chosen(name, kind) | Target::ChosenPart(name, kind, _) => {
            let mut all = resource.get(*name).cloned().unwrap_or(json!([])).as_array().unwrap().clone();
            if !all.iter().any(|one| one["type"] == *kind) {
                if *op != "add" {
                    return false;
                }
                all.push(json!({"type": kind}));
            }
            let chosen: Vec<usize> = (0..all.len()).filter(|at| all[*at]["type"] == *kind).collect();
            for at in &chosen {
                let one = &mut all[*at];
                match (target, *op) {
                    (Target::Chosen(..), "remove") => *one = Value::Null,
                    (Target::Chosen(..), "replace") => *one = value.clone(),
                    (Target::Chosen(..), _) => one.as_object_mut().unwrap().extend(value.as_object().unwrap().clone()),
                    (Target::ChosenPart(_, _, part), "remove") => drop(one.as_object_mut().unwrap().remove(*part)),
                    (Target::ChosenPart(_, _, part), _) => one[*part] = value.clone(),
                    _ => unreachable!(),
                }
            }
            if let Some(first) = chosen.iter().copied().find(|at| all[*at]["primary"] == true) {
                unmark(&mut all);
                all[first]["primary"] = true.into();
            }
            all.retain(|one| !one.is_null() && *one != json!({}));
            resource.insert((*name).to_owned(), all.into());
            tidy(resource, name);
        }
    }
    true
}

/// Makes none of them primary.
fn unmark(all: &mut [Value]) {
    for one in all {
        if one["primary"] == true {
            one["primary"] = false.into();
        }
    }
}

fn words() -> impl Strategy<Value = Value> {
    prop::sample::select(vec!["red", "green", "blue"]).prop_map(Value::from)
}

fn entry() -> impl Strategy<Value = Value> {
    (words(), prop::sample::select(vec!["work", "home"]), any::<Option<bool>>()).prop_map(|(value, kind, primary)| {
        let mut entry = json!({"value": value, "type": kind});
        if let Some(primary) = primary {
            entry["primary"] = primary.into();
        }
        entry
    })
}

fn operation() -> impl Strategy<Value = Operation> {
    let op = || prop::sample::select(vec!["add", "replace", "remove"]);
    let list = || prop::sample::select(vec!["phoneNumbers", "ims"]);
    let kind = || prop::sample::select(vec!["work", "home"]);
    let simple = prop::sample::select(vec!["displayName", "title", "userName", "nickName"]);
    let part = prop::sample::select(vec!["givenName", "familyName"]);
    let extension = prop::sample::select(vec!["department", "division"]);
    prop_oneof![
        (op(), simple, words()).prop_map(|(op, name, value)| Operation { op, target: Target::Simple(name), value }),
        (op(), part, words()).prop_map(|(op, part, value)| Operation { op, target: Target::Part("name", part), value }),
        (op(), extension, words()).prop_map(|(op, name, value)| Operation { op, target: Target::Extension(name), value }),
        // One of a list at most is primary, so that the list itself is acceptable.
        (op(), list(), prop::collection::vec(entry(), 1..3)).prop_map(|(op, name, mut value)| {
            for one in value.iter_mut().skip(1) {
                one.as_object_mut().unwrap().remove("primary");
            }
            Operation { op, target: Target::List(name), value: value.into() }
        }),
        (op(), list(), kind(), entry()).prop_map(|(op, name, kind, value)| Operation { op, target: Target::Chosen(name, kind), value }),
        (op(), list(), kind(), words()).prop_map(|(op, name, kind, value)| Operation {
            op,
            target: Target::ChosenPart(name, kind, "value"),
            value
        }),
        (op(), list(), kind()).prop_map(|(op, name, kind)| Operation {
            op,
            target: Target::ChosenPart(name, kind, "primary"),
            value: true.into()
        }),
    ]
}

/// What the provider decides about, of a resource as it is shown.
fn own(mut shown: Value) -> Value {
    for ours in ["schemas", "id", "meta", "groups"] {
        shown.as_object_mut().unwrap().remove(ours);
    }
    shown
}

/// A world for one case: what the case does to it is undone before the next.
fn case() -> &'static Connection {
    thread_local!(static WORLD: &'static Connection = Box::leak(Box::new(world())));
    WORLD.with(|world| {
        if !world.is_autocommit() {
            world.execute_batch("ROLLBACK").unwrap();
        }
        world.execute_batch("BEGIN").unwrap();
        *world
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: crate::needs::cases(200), ..ProptestConfig::default() })]

    #[test]
    fn a_patch_does_what_the_naive_one_does(requests in prop::collection::vec(prop::collection::vec(operation(), 1..5), 1..8)) {
        let connection = case();
        let made = scim(connection, "POST", "/Users", json!({"schemas": [USER], "userName": "ana"}), 201);
        let path = format!("/Users/{}", made["id"].as_str().unwrap());
        let mut model = json!({"userName": "ana", "active": true}).as_object().unwrap().clone();
        for request in requests {
            let mut next = model.clone();
            let can_be_done = request.iter().all(|operation| apply(&mut next, operation));
            let sent: Vec<Value> = request.iter().map(|Operation { op, target, value }| match *op {
                "remove" => json!({"op": op, "path": target.path()}),
                _ => json!({"op": op, "path": target.path(), "value": value}),
            }).collect();
            let (status, answer) = ask(connection, "d", "PATCH", &path, Some(&operations(sent.into()).to_string()));
            prop_assert_eq!(status, if can_be_done { 200 } else { 400 }, "{:?}: {}", request, answer);
            if can_be_done {
                model = next;
            }
            let shown = own(scim(connection, "GET", &path, Value::Null, 200));
            prop_assert_eq!(shown, Value::Object(model.clone()), "{:?}", request);
        }
    }

    #[test]
    fn without_a_path_it_is_as_if_each_attribute_had_one(title in words(), given in words(), department in words(), entry in entry(), op in prop::sample::select(vec!["add", "replace"])) {
        let connection = case();
        let new = |name: &str| {
            let body = json!({"schemas": [USER], "userName": name, "externalId": name, "title": "old", "name": {"familyName": "Old"}, "ims": [{"value": "old"}]});
            format!("/Users/{}", scim(connection, "POST", "/Users", body, 201)["id"].as_str().unwrap())
        };
        let (one, other) = (new("one"), new("other"));
        let pairs = [("title".to_owned(), title), ("name.givenName".to_owned(), given), (format!("{ENTERPRISE}:department"), department), ("ims".to_owned(), json!([entry]))];
        let whole: Map<String, Value> = pairs.iter().cloned().collect();
        let each: Vec<Value> = pairs.iter().map(|(path, value)| json!({"op": op, "path": path, "value": value})).collect();
        let mut whole = own(scim(connection, "PATCH", &one, operations(json!([{"op": op, "value": whole}])), 200));
        let mut each = own(scim(connection, "PATCH", &other, operations(each.into()), 200));
        for differs in ["userName", "externalId"] {
            whole.as_object_mut().unwrap().remove(differs);
            each.as_object_mut().unwrap().remove(differs);
        }
        prop_assert_eq!(whole, each);
    }

    #[test]
    fn members_are_who_the_operations_leave(steps in prop::collection::vec((0usize..8, prop::collection::vec(0usize..5, 0..4)), 1..20)) {
        let connection = case();
        let ids: Vec<String> = (0..4).map(|n| crate::user(connection, &format!("user{n}@acme.com"))).chain([crate::group(connection, "Inner", &[])]).collect();
        let path = format!("/Groups/{}", crate::group(connection, "Outer", &[]));
        let mut model = std::collections::BTreeSet::new();
        for (kind, chosen) in steps {
            let values: Vec<Value> = chosen.iter().map(|n| json!({"value": ids[*n]})).collect();
            let first = chosen.first().copied();
            let named = first.map(|n| format!("members[value eq \"{}\"]", ids[n])).unwrap_or("members".to_owned());
            let operation = match kind {
                0 => json!({"op": "add", "path": "members", "value": values}),
                1 => json!({"op": "add", "value": {"members": values}}),
                2 => json!({"op": "replace", "path": "members", "value": values}),
                3 => json!({"op": "replace", "value": {"members": values}}),
                4 => json!({"op": "remove", "path": named}),
                5 if values.is_empty() => json!({"op": "remove", "path": "members"}),
                5 => json!({"op": "remove", "path": "members", "value": values}),
                6 => json!({"op": "remove", "path": "members[type eq \"User\"]"}),
                _ => json!({"op": "replace", "path": "displayName", "value": "Renamed"}),
            };
            scim(connection, "PATCH", &path, operations(json!([operation])), 204);
            match kind {
                0 | 1 => model.extend(chosen),
                2 | 3 => model = chosen.into_iter().collect(),
                4 => match first {
                    Some(n) => drop(model.remove(&n)),
                    None => model.clear(),
                },
                5 if chosen.is_empty() => model.clear(),
                5 => model.retain(|n| !chosen.contains(n)),
                6 => model.retain(|n| *n == 4),
                _ => {}
            }
            let shown = scim(connection, "GET", &path, Value::Null, 200);
            let mut shown: Vec<&str> = shown["members"].as_array().into_iter().flatten().map(|member| member["value"].as_str().unwrap()).collect();
            let mut expected: Vec<&str> = model.iter().map(|n| ids[*n].as_str()).collect();
            shown.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(shown, expected);
            // The group that stands for it has the same.
            let held = crate::number(connection, "SELECT count(*) FROM authz_group_members");
            prop_assert_eq!(held as usize, model.len());
        }
    }

    #[test]
    fn no_text_brings_it_down(filter in ".{0,60}", path in ".{0,60}", body in ".{0,80}", method in "GET|POST|PUT|PATCH|DELETE|.{0,5}") {
        let connection = case();
        let made = scim(connection, "POST", "/Users", json!({"userName": "ana"}), 201);
        let own = format!("/Users/{}", made["id"].as_str().unwrap());
        ask(connection, "d", "GET", &format!("/Users?filter={filter}"), None);
        ask(connection, "d", "GET", &format!("/Groups?sortBy={filter}&attributes={path}"), None);
        ask(connection, "d", &method, &path, Some(&body));
        ask(connection, "d", &method, &own, Some(&body));
        ask(connection, "d", "PATCH", &own, Some(&operations(json!([{"op": "add", "path": path, "value": body}])).to_string()));
    }

    #[test]
    fn nor_does_one_that_looks_like_a_filter(filter in "(not |\\(|\\)|\\[|\\]|a|b\\.c| eq | co | gt | pr| and | or |\"x\"|\"|true|7|null|urn:a:b:|\\\\| ){0,14}") {
        let connection = case();
        scim(connection, "POST", "/Users", json!({"userName": "ana", "a": [{"b": "x"}], "b": {"c": "x"}}), 201);
        let (status, _) = ask(connection, "d", "GET", &format!("/Users?filter={filter}"), None);
        prop_assert!([200, 400].contains(&status), "{}", filter);
    }
}
