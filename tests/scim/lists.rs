//! What is found, in which order, and what of it is shown.

use authz::rusqlite::Connection;
use serde_json::{Value, json};

use crate::{ENTERPRISE, USER, group, operations, scim, world};

fn staff() -> Connection {
    let connection = world();
    for (index, (name, city, number)) in [("ana", "Lisboa", 3), ("Bo", "Århus", 1), ("cy", "lisboa", 2), ("dee", "", 4)].iter().enumerate()
    {
        let mut body = json!({
            "schemas": [USER], "userName": format!("{name}@acme.com"), "externalId": format!("E{index}"), "active": index != 2,
            "name": {"givenName": name, "familyName": "O\"Neil"},
            "emails": [{"value": format!("{name}@acme.com"), "type": "work", "primary": true}, {"value": format!("{name}@home.org"), "type": "home"}],
            "urn:acme:hr:1.0:User": {"number": number, "office": {"city": city}}});
        if index == 0 {
            body[ENTERPRISE] = json!({"department": "Finance", "manager": {"value": "m1"}});
        }
        scim(&connection, "POST", "/Users", body, 201);
    }
    connection
}

/// The first letters of the users that a query finds, in order.
#[track_caller]
fn found(connection: &Connection, query: &str) -> String {
    let list = scim(connection, "GET", &format!("/Users?{query}"), Value::Null, 200);
    let all = list["Resources"].as_array().unwrap();
    assert_eq!(list["itemsPerPage"], all.len());
    all.iter().map(|user| user["userName"].as_str().unwrap().chars().next().unwrap().to_ascii_lowercase()).collect()
}

#[test]
fn filters_mean_what_the_standard_says() {
    let connection = staff();
    for (filter, expected) in [
        ("userName eq \"ANA@acme.com\"", "a"),
        ("USERNAME EQ \"ana@acme.com\"", "a"),
        ("userName ne \"ana@acme.com\"", "bcd"),
        ("userName sw \"b\"", "b"),
        ("userName co \"E@\"", "d"),
        ("userName ew \".COM\"", "abcd"),
        ("userName gt \"bo@\"", "bcd"),
        ("userName ge \"bo@acme.com\"", "bcd"),
        ("userName lt \"bo@acme.com\"", "a"),
        ("userName le \"bo@acme.com\"", "ab"),
        ("externalId eq \"E1\"", "b"),
        // The case of this one matters.
        ("externalId eq \"e1\"", ""),
        ("active eq false", "c"),
        ("active eq \"False\"", "c"),
        ("active ne true", "c"),
        ("title pr", ""),
        ("not (title pr)", "abcd"),
        ("title eq null", "abcd"),
        ("userName ne null", "abcd"),
        ("name.givenName eq \"bo\"", "b"),
        ("name.familyName eq \"o\\\"neil\"", "abcd"),
        ("emails eq \"cy@home.org\"", "c"),
        ("emails.value sw \"cy\"", "c"),
        ("emails.type eq \"home\"", "abcd"),
        ("emails[type eq \"work\" and value ew \"home.org\"]", ""),
        ("emails[type eq \"home\" and value co \"dee\"]", "d"),
        ("emails[not (type eq \"work\")].value pr", "error"),
        ("emails[not (type eq \"work\") and primary pr]", ""),
        ("userName sw \"a\" or userName sw \"b\" and active eq false", "a"),
        ("(userName sw \"a\" or userName sw \"b\") and active eq true", "ab"),
        ("not (userName sw \"a\") and not (userName sw \"b\")", "cd"),
        (&format!("{USER}:userName sw \"d\""), "d"),
        (&format!("{ENTERPRISE}:department eq \"finance\""), "a"),
        (&format!("{ENTERPRISE}:manager.value eq \"m1\""), "a"),
        (&format!("{ENTERPRISE}:manager eq \"M1\""), ""),
        ("urn:ACME:hr:1.0:user:number ge 3", "ad"),
        ("urn:acme:hr:1.0:User:number lt 2.5", "bc"),
        ("urn:acme:hr:1.0:User:office.city eq \"LISBOA\"", "ac"),
        ("urn:acme:hr:1.0:User:office.city eq \"århus\"", "b"),
        ("meta.created gt \"2011-05-13T04:42:34Z\"", "abcd"),
        ("meta.created lt \"2011-05-13T04:42:34+02:00\"", ""),
        ("meta.resourceType eq \"User\"", "abcd"),
        ("schemas eq \"urn:acme:hr:1.0:user\"", "abcd"),
        ("nothing eq \"x\"", ""),
        ("password pr", ""),
    ] {
        let path = format!("/Users?filter={filter}");
        if expected == "error" {
            assert_eq!(scim(&connection, "GET", &path, Value::Null, 400)["scimType"], "invalidFilter", "{filter}");
            continue;
        }
        assert_eq!(found(&connection, &format!("filter={filter}")), expected, "{filter}");
        let body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter});
        assert_eq!(scim(&connection, "POST", "/Users/.search", body, 200)["totalResults"], expected.len(), "{filter}");
    }
}

#[test]
fn pages_and_orders() {
    let connection = staff();
    for (query, expected) in [
        ("", "abcd"),
        ("startIndex=2&count=2", "bc"),
        ("startIndex=0&count=1", "a"),
        ("startIndex=-5&count=-1", ""),
        ("startIndex=4", "d"),
        ("startIndex=9", ""),
        ("count=0", ""),
        ("filter=userName pr&startIndex=2&count=2", "bc"),
        ("sortBy=userName&sortOrder=descending", "dcba"),
        ("sortBy=urn:acme:hr:1.0:User:number", "bcad"),
        ("sortBy=urn:acme:hr:1.0:User:number&startIndex=2&count=2", "ca"),
        ("sortBy=emails&sortOrder=ascending", "abcd"),
        ("sortBy=urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department&count=1", "a"),
        ("sortBy=active&count=1", "c"),
        ("filter=active eq true&sortBy=name.givenName&sortOrder=descending", "dba"),
    ] {
        assert_eq!(found(&connection, query), expected, "{query}");
    }
    assert_eq!(scim(&connection, "GET", "/Users?count=1", Value::Null, 200)["totalResults"], 4);
    assert_eq!(scim(&connection, "GET", "/Users?count=1&filter=active eq true", Value::Null, 200)["totalResults"], 3);
    scim(&connection, "GET", "/Users?count=many", Value::Null, 400);
}

#[test]
fn what_is_shown_is_what_is_asked_for() {
    let connection = staff();
    let id =
        scim(&connection, "GET", "/Users?filter=externalId eq \"E0\"", Value::Null, 200)["Resources"][0]["id"].as_str().unwrap().to_owned();
    group(&connection, "Team", &[&id]);
    let shown = |query: &str| {
        let shown = scim(&connection, "GET", &format!("/Users/{id}?{query}"), Value::Null, 200);
        let mut names: Vec<String> =
            shown.as_object().unwrap().keys().filter(|name| !["schemas", "id"].contains(&name.as_str())).cloned().collect();
        names.sort();
        (names.join(" "), shown)
    };
    assert_eq!(shown("attributes=userName,nothing").0, "userName");
    assert_eq!(shown("attributes=groups").0, "groups");
    assert_eq!(shown("attributes=NAME.givenname,name.familyName").1["name"], json!({"givenName": "ana", "familyName": "O\"Neil"}));
    assert_eq!(shown("attributes=emails.value").1["emails"], json!([{"value": "ana@acme.com"}, {"value": "ana@home.org"}]));
    assert_eq!(shown(&format!("attributes={ENTERPRISE}:department")).1[ENTERPRISE], json!({"department": "Finance"}));
    assert_eq!(shown(&format!("attributes={ENTERPRISE}")).0, ENTERPRISE);
    let (names, rest) =
        shown(&format!("excludedAttributes=emails,groups,name.familyName,id,{ENTERPRISE}:manager,urn:acme:hr:1.0:User:number"));
    assert_eq!(names, format!("active externalId meta name urn:acme:hr:1.0:User {ENTERPRISE} userName"));
    assert_eq!((&rest["name"], &rest["id"]), (&json!({"givenName": "ana"}), &json!(id)));
    assert_eq!(
        (&rest[ENTERPRISE], &rest["urn:acme:hr:1.0:User"]),
        (&json!({"department": "Finance"}), &json!({"office": {"city": "Lisboa"}}))
    );
    let searched = json!({"attributes": ["userName"], "filter": "externalId eq \"E0\""});
    let list = scim(&connection, "POST", "/Users/.search", searched, 200);
    assert_eq!(list["Resources"][0].as_object().unwrap().len(), 3);
    // A POST and a PATCH answer with what is asked for, too.
    let new = scim(&connection, "POST", "/Users?attributes=userName", json!({"userName": "eve", "title": "x"}), 201);
    assert_eq!(new.get("title"), None);
}

#[test]
fn groups_are_found_by_their_members() {
    let connection = staff();
    let list = scim(&connection, "GET", "/Users?attributes=id", Value::Null, 200);
    let ids: Vec<&str> = list["Resources"].as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap()).collect();
    let (one, two) = (group(&connection, "One", &ids[..2]), group(&connection, "Two", &ids[1..]));
    let both = group(&connection, "Both", &[&one, &two]);
    let found = |filter: &str| {
        let list = scim(&connection, "GET", &format!("/Groups?filter={filter}&attributes=displayName"), Value::Null, 200);
        let names: Vec<&str> = list["Resources"].as_array().unwrap().iter().map(|group| group["displayName"].as_str().unwrap()).collect();
        names.join(" ")
    };
    let (a, b) = (ids[0], ids[1]);
    for (filter, expected) in [
        (format!("members eq \"{a}\""), "One"),
        (format!("members.value eq \"{b}\""), "One Two"),
        (format!("members[value eq \"{a}\"] or members[value eq \"{one}\"]"), "Both One"),
        (format!("not (members eq \"{a}\") and not (members eq \"{one}\")"), "Two"),
        (format!("members eq \"{b}\" and displayName co \"w\""), "Two"),
        ("members[type eq \"Group\"]".to_owned(), "Both"),
        ("members.type eq \"User\"".to_owned(), "One Two"),
        (format!("members ne \"{a}\""), "Both Two"),
        ("members pr".to_owned(), "Both One Two"),
    ] {
        assert_eq!(found(&filter), expected, "{filter}");
    }
    scim(
        &connection,
        "PATCH",
        &format!("/Groups/{both}"),
        operations(json!([{"op": "remove", "path": "members[type eq \"Group\"]"}])),
        204,
    );
    assert_eq!(found("members pr"), "One Two");
}
