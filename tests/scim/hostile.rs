//! What is malformed, too much or contradictory: an error in SCIM's form, and nothing of it is done.

use authz::rusqlite::Connection;
use serde_json::{Value, json};

use crate::{ENTERPRISE, GROUP, USER, ask, group, operations, scim, user, world};

/// Everything in the file, as one text.
fn everything(connection: &Connection) -> String {
    let mut tables =
        connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB '_authz_search_*' ORDER BY 1").unwrap();
    let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    let mut all = String::new();
    for table in tables {
        let mut rows = connection.prepare(&format!("SELECT * FROM \"{table}\" ORDER BY 1, 2")).unwrap();
        let columns = rows.column_count();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let values: Vec<String> = (0..columns).map(|column| format!("{:?}", row.get_ref(column).unwrap())).collect();
            all.push_str(&format!("{table} {}\n", values.join(" ")));
        }
    }
    all
}

/// A request that must be refused with a status and a kind, and change nothing.
#[track_caller]
fn refused(connection: &Connection, method: &str, path: &str, body: &str, status: u64, kind: &str) {
    let before = everything(connection);
    let (found, answer) = ask(connection, "d", method, path, Some(body));
    let shown = || format!("{method} {} {}: {answer:#}", &path[..path.len().min(200)], &body[..body.len().min(200)]);
    assert_eq!(found, status, "{}", shown());
    assert_eq!(answer["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]), "{}", shown());
    assert_eq!((&answer["status"], answer["scimType"].as_str().unwrap_or_default()), (&json!(status.to_string()), kind), "{}", shown());
    assert!(answer["detail"].as_str().is_some_and(|detail| !detail.is_empty() && detail.len() < 700), "{}", shown());
    assert!(everything(connection) == before, "{}", shown());
}

#[test]
fn bodies_that_are_no_resource() {
    let connection = world();
    let id = user(&connection, "ana@acme.com");
    let own = format!("/Users/{id}");
    let deep = |depth: usize| format!("{{\"userName\": \"x\", \"deep\": {}1{}}}", "[".repeat(depth), "]".repeat(depth));
    for (body, status, kind) in [
        ("", 400, "invalidSyntax"),
        ("{", 400, "invalidSyntax"),
        ("[]", 400, "invalidSyntax"),
        ("\"x\"", 400, "invalidSyntax"),
        ("{\"userName\": \"x\"} {}", 400, "invalidSyntax"),
        (&deep(10_000), 400, "invalidSyntax"),
        ("{\"userName\": \"x\", \"userName\": \"y\"}", 400, "invalidSyntax"),
        ("{\"userName\": \"x\", \"USERNAME\": \"y\"}", 400, "invalidSyntax"),
        ("{\"userName\": \"x\", \"name\": {\"givenName\": \"a\", \"GivenName\": \"b\"}}", 400, "invalidSyntax"),
        ("{\"userName\": \"x\", \"emails\": [{\"value\": \"a\", \"value\": \"b\"}]}", 400, "invalidSyntax"),
        ("{\"schemas\": \"x\", \"userName\": \"x\"}", 400, "invalidSyntax"),
        ("{\"schemas\": [\"urn:ietf:params:scim:schemas:core:2.0:Group\"], \"userName\": \"x\"}", 400, "invalidValue"),
        ("{\"displayName\": \"nobody\"}", 400, "invalidValue"),
        ("{\"userName\": \"\"}", 400, "invalidValue"),
        ("{\"userName\": \"  \"}", 400, "invalidValue"),
        ("{\"userName\": null}", 400, "invalidValue"),
        ("{\"userName\": 7}", 400, "invalidValue"),
        ("{\"userName\": \"a\\u0000b\"}", 400, "invalidValue"),
        ("{\"userName\": \"\\ud800\"}", 400, "invalidSyntax"),
        ("{\"userName\": \"x\", \"active\": \"perhaps\"}", 400, "invalidValue"),
        ("{\"userName\": \"x\", \"name\": \"Ana\"}", 400, "invalidValue"),
        ("{\"userName\": \"x\", \"emails\": [{\"value\": 7}]}", 400, "invalidValue"),
        (
            "{\"userName\": \"x\", \"emails\": [{\"value\": \"a\", \"primary\": true}, {\"value\": \"b\", \"primary\": true}]}",
            400,
            "invalidValue",
        ),
        ("{\"userName\": \"x\", \"urn:acme:hr:1.0:User\": 7}", 400, "invalidValue"),
        (&json!({"userName": "x".repeat(257)}).to_string(), 400, "invalidValue"),
        (&json!({"userName": "x", "externalId": "x".repeat(257)}).to_string(), 400, "invalidValue"),
        (&json!({"userName": "x", "name": {"givenName": "x".repeat(257)}}).to_string(), 400, "invalidValue"),
        (&json!({"userName": "x", "title": "x".repeat(2 << 20)}).to_string(), 413, ""),
        (&json!({"userName": "ANA@acme.com"}).to_string(), 409, "uniqueness"),
    ] {
        refused(&connection, "POST", "/Users", body, status, kind);
        if status != 409 {
            refused(&connection, "PUT", &own, body, status, kind);
        }
    }
    for (body, kind) in [
        (json!({"displayName": "x".repeat(257)}), "invalidValue"),
        (json!({"members": []}), "invalidValue"),
        (json!({"displayName": "x", "members": [{"display": "Ana"}]}), "invalidValue"),
        (json!({"displayName": "x", "members": [{"value": id}, {"value": "nobody"}]}), "invalidValue"),
        (json!({"displayName": "x", "members": {"value": {"value": id}}}), "invalidValue"),
    ] {
        refused(&connection, "POST", "/Groups", &body.to_string(), 400, kind);
    }
    assert!(ask(&connection, "d", "POST", "/Users", None).1["detail"].as_str().unwrap().contains("no body"));
}

#[test]
fn paths_that_point_nowhere_and_operations_that_are_none() {
    let connection = world();
    let id = user(&connection, "ana@acme.com");
    let path = format!("/Users/{id}");
    for (operation, kind) in [
        (json!({"op": "replace", "path": "nowhere", "value": "x"}), "invalidPath"),
        (json!({"op": "replace", "path": "name.nowhere", "value": "x"}), "invalidPath"),
        (json!({"op": "replace", "path": "userName.part", "value": "x"}), "invalidPath"),
        (json!({"op": "replace", "path": "name[givenName pr].familyName", "value": "x"}), "invalidPath"),
        (json!({"op": "replace", "path": "emails[type eq", "value": "x"}), "invalidPath"),
        (json!({"op": "replace", "path": "emails[]", "value": "x"}), "invalidPath"),
        (json!({"op": "replace", "path": "emails[type eq \"work\"].", "value": "x"}), "invalidPath"),
        (json!({"op": "replace", "path": "emails[type eq \"work\"]value", "value": "x"}), "invalidPath"),
        (json!({"op": "replace", "path": "a b", "value": "x"}), "invalidPath"),
        (json!({"op": "replace", "path": 7, "value": "x"}), "invalidPath"),
        (json!({"op": "replace", "path": "urn:", "value": "x"}), "invalidPath"),
        (
            json!({"op": "replace", "path": format!("emails[{}type eq \"x\"{}]", "(".repeat(1000), ")".repeat(1000)), "value": "x"}),
            "invalidPath",
        ),
        (json!({"op": "replace", "path": "emails[type eq \"home\"].value", "value": "x"}), "noTarget"),
        (json!({"op": "remove", "path": "emails[type eq \"home\"]"}), "noTarget"),
        (json!({"op": "remove"}), "noTarget"),
        (json!({"op": "remove", "path": "userName"}), "mutability"),
        (json!({"op": "replace", "path": "userName", "value": null}), "mutability"),
        (json!({"op": "replace", "path": "id", "value": "x"}), "mutability"),
        (json!({"op": "replace", "path": "meta.created", "value": "x"}), "mutability"),
        (json!({"op": "add", "path": "groups", "value": [{"value": "x"}]}), "mutability"),
        (json!({"op": "replace", "path": "active", "value": "maybe"}), "invalidValue"),
        (json!({"op": "replace", "path": "active", "value": {"value": true}}), "invalidValue"),
        (json!({"op": "add", "path": "name", "value": "Ana"}), "invalidValue"),
        (json!({"op": "add", "value": "Ana"}), "invalidValue"),
        (json!({"op": "add", "path": ENTERPRISE, "value": "x"}), "invalidValue"),
        (json!({"op": "move", "path": "title", "value": "x"}), "invalidSyntax"),
        (json!({"path": "title"}), "invalidSyntax"),
        (json!("remove"), "invalidSyntax"),
    ] {
        // What stands before it is not done either.
        let both = operations(json!([{"op": "replace", "path": "title", "value": "Done"}, operation]));
        refused(&connection, "PATCH", &path, &both.to_string(), 400, kind);
    }
    for body in [json!({}), json!([]), json!({"Operations": []}), json!({"Operations": {}}), json!({"Operations": "x"})] {
        refused(&connection, "PATCH", &path, &body.to_string(), 400, "invalidSyntax");
    }
    let team = group(&connection, "Team", &[]);
    let path = format!("/Groups/{team}");
    for (operation, kind) in [
        (json!({"op": "add", "path": "members", "value": [{"value": team}]}), "invalidValue"),
        (json!({"op": "add", "path": "members", "value": [{"value": id}, {"value": "nobody"}]}), "invalidValue"),
        (json!({"op": "add", "path": "members", "value": [{}, {"type": "User"}]}), "invalidValue"),
        (json!({"op": "add", "path": "members[value pr]", "value": [{"value": id}]}), "invalidPath"),
        (json!({"op": "replace", "path": format!("members[value eq \"{id}\"]"), "value": {"value": id}}), "noTarget"),
        (json!({"op": "replace", "path": "members.value", "value": id}), "mutability"),
        (json!({"op": "remove", "path": "displayName"}), "mutability"),
    ] {
        let both = operations(
            json!([{"op": "add", "path": "members", "value": [{"value": id}]}, {"op": "remove", "path": format!("members[value eq \"{id}\"]")}, operation]),
        );
        refused(&connection, "PATCH", &path, &both.to_string(), 400, kind);
    }
    // A group that contains itself by way of another is a cycle, and harmless.
    let outer = group(&connection, "Outer", &[&team, &id]);
    scim(&connection, "PATCH", &path, operations(json!([{"op": "add", "path": "members", "value": [{"value": outer}]}])), 204);
    assert_eq!(scim(&connection, "GET", &path, Value::Null, 200)["members"][0]["type"], "Group");
    refused(&connection, "PUT", &path, &json!({"displayName": "x", "members": [{"value": team}]}).to_string(), 400, "invalidValue");
}

#[test]
fn filters_that_are_none() {
    let connection = world();
    user(&connection, "ana@acme.com");
    let megabyte = format!("userName eq \"{}\"", "x".repeat(1 << 20));
    let many = vec!["title pr"; 200_000].join(" or ");
    let deep = format!("{}title pr{}", "(".repeat(5000), ")".repeat(5000));
    let nots = format!("{}title pr{}", "not (".repeat(33), ")".repeat(33));
    for filter in [
        "",
        " ",
        "userName",
        "userName eq",
        "userName eq ana",
        "userName is \"ana\"",
        "eq \"ana\"",
        "userName eq \"ana",
        "userName eq \"a\" \"b\"",
        "userName eq \"ana\" and",
        "or title pr",
        "(title pr",
        "title pr)",
        "not title pr",
        "emails[type eq \"work\"",
        "emails[]",
        "emails.value[type pr]",
        "userName co 7",
        "active gt true",
        "userName eq [\"ana\"]",
        "userName eq {\"a\": 1}",
        "userName eq 0x7",
        "userName eq \"\\x\"",
        "name..x pr",
        "ünter pr",
        &megabyte,
        &many,
        &deep,
        &nots,
        "title pr; DROP TABLE authz_users",
        "userName eq 'ana'",
    ] {
        refused(&connection, "GET", &format!("/Users?filter={filter}"), "", 400, "invalidFilter");
        refused(&connection, "GET", &format!("/Groups?filter={filter}"), "", 400, "invalidFilter");
    }
    for query in ["sortBy=a b", "attributes=a..b", "excludedAttributes=ü"] {
        refused(&connection, "GET", &format!("/Users?{query}"), "", 400, "invalidPath");
    }
    let nested = format!("{}title pr{}", "not (".repeat(32), ")".repeat(32));
    assert_eq!(scim(&connection, "GET", &format!("/Users?filter={nested}"), Value::Null, 200)["totalResults"], 0);
    // What is no sequence of two digits stays as it is.
    assert_eq!(scim(&connection, "GET", "/Users?filter=userName%20eq%20%22100%25%zz%+1%22", Value::Null, 200)["totalResults"], 0);
    assert_eq!(scim(&connection, "GET", "/Users?&&=&filter=title eq \"a & b\"&x", Value::Null, 200)["totalResults"], 0);
}

#[test]
fn names_and_schemas_in_any_case() {
    let connection = world();
    let body = json!({
        "SCHEMAS": [USER.to_uppercase(), ENTERPRISE.to_lowercase()], "USERNAME": "ana@acme.com", "Name": {"GIVENNAME": "Ana"}, "ACTIVE": "FALSE",
        "eMails": {"VALUE": "ana@acme.com"}, ENTERPRISE.to_lowercase(): {"DEPARTMENT": "Finance"}, "Urn:Acme:Hr:1.0:User": {"Number": 7}, "PassWord": "x"});
    let made = scim(&connection, "post", "/Users", body, 201);
    let raw = json!({"userName": "ana@acme.com", "name": {"givenName": "Ana"}, "active": false, "emails": [{"value": "ana@acme.com"}],
        ENTERPRISE: {"department": "Finance"}, "Urn:Acme:Hr:1.0:User": {"Number": 7}});
    for (name, value) in raw.as_object().unwrap() {
        assert_eq!(&made[name], value, "{name}");
    }
    assert_eq!(made["schemas"], json!([USER, ENTERPRISE, "Urn:Acme:Hr:1.0:User"]));
    let path = format!("/Users/{}", made["id"].as_str().unwrap());
    let several = operations(json!([
        {"OP": "REPLACE", "PATH": "NAME.givenname", "VALUE": "Bo"}, {"op": "Add", "path": "urn:acme:HR:1.0:user:NUMBER", "value": 8},
        {"op": "add", "path": format!("{}:Division", ENTERPRISE.to_uppercase()), "value": "North"},
        {"op": "replace", "path": "EMAILS[VALUE EQ \"ANA@acme.com\"].TYPE", "value": "work"}]));
    let changed = scim(&connection, "PATCH", &path, several, 200);
    assert_eq!((&changed["name"], &changed["Urn:Acme:Hr:1.0:User"]), (&json!({"givenName": "Bo"}), &json!({"Number": 8})));
    assert_eq!(changed[ENTERPRISE], json!({"department": "Finance", "division": "North"}));
    assert_eq!(changed["emails"], json!([{"value": "ana@acme.com", "type": "work"}]));
    scim(&connection, "POST", "/Groups", json!({"schemas": [GROUP.to_lowercase()], "DISPLAYNAME": "x"}), 201);
}

#[test]
fn extensions_that_nobody_knows_are_kept() {
    let connection = world();
    let hr = "urn:acme:hr:1.0:User";
    let kept = json!({"number": 12_345_678_901_234_567_u64, "list": [1, "two", {"three": 3.5}], "password": "gone", "nested": {"PASSWORD": "gone", "x": 1}});
    let made = scim(&connection, "POST", "/Users", json!({"userName": "ana", hr: kept, "unknown": {"a": [true]}}), 201);
    assert_eq!(made[hr], json!({"number": 12_345_678_901_234_567_u64, "list": [1, "two", {"three": 3.5}], "nested": {"x": 1}}));
    assert_eq!(made["unknown"], json!({"a": [true]}));
    let path = format!("/Users/{}", made["id"].as_str().unwrap());
    let several = operations(json!([
        {"op": "add", "path": format!("{hr}:badge"), "value": {"color": "red"}}, {"op": "replace", "path": format!("{hr}:badge.color"), "value": "blue"},
        {"op": "remove", "path": format!("{hr}:number")}, {"op": "add", "value": {"urn:acme:it:1.0:User": {"laptop": "x1"}, format!("{hr}:seat"): 4}},
        {"op": "replace", "path": "unknown.a", "value": [false]}, {"op": "add", "path": "urn:acme:new:2.0:User:first", "value": "f"}]));
    let changed = scim(&connection, "PATCH", &path, several, 200);
    assert_eq!(changed[hr], json!({"list": [1, "two", {"three": 3.5}], "nested": {"x": 1}, "badge": {"color": "blue"}, "seat": 4}));
    assert_eq!((&changed["urn:acme:it:1.0:User"], &changed["unknown"]), (&json!({"laptop": "x1"}), &json!({"a": [false]})));
    assert_eq!(changed["urn:acme:new:2.0:User"], json!({"first": "f"}));
    let gone = operations(
        json!([{"op": "remove", "path": hr}, {"op": "remove", "path": "urn:acme:it:1.0:User"}, {"op": "remove", "path": "unknown"}]),
    );
    let changed = scim(&connection, "PATCH", &path, gone, 200);
    assert_eq!(changed["schemas"], json!([USER, "urn:acme:new:2.0:User"]));
    assert!(!crate::providers::is_kept(&connection, "gone"));
}
