//! Entra ID and Okta as they really are: the requests that they publish, in their order.

use authz::rusqlite::Connection;
use serde_json::{Value, json};

use crate::{ENTERPRISE, GROUP, USER, ask, events, last_event, number, operations, person, scim, status, text, world};

/// Whether a text stands in any row of any table of the file.
pub(crate) fn is_kept(connection: &Connection, sought: &str) -> bool {
    let mut tables = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB '_authz_search_*' AND name <> '_authz_sso_errors'")
        .unwrap();
    let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    tables.iter().any(|table| {
        let mut rows = connection.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
        let columns = rows.column_count();
        let mut rows = rows.query([]).unwrap();
        let mut found = false;
        while let Some(row) = rows.next().unwrap() {
            found |= (0..columns).any(|column| format!("{:?}", row.get_ref(column).unwrap()).contains(sought))
                || (0..columns).any(|column| row.get::<_, String>(column).is_ok_and(|text| text.contains(sought)));
        }
        found
    })
}

fn only(list: &Value) -> &Value {
    assert_eq!((&list["totalResults"], &list["itemsPerPage"]), (&json!(1), &json!(1)), "{list:#}");
    &list["Resources"][0]
}

#[test]
fn entra_keeps_users() {
    let connection = world();
    let by_name = "/Users?filter=userName eq \"ana@acme.com\"";
    let none = scim(&connection, "GET", by_name, Value::Null, 200);
    assert_eq!(
        none,
        json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": 0, "startIndex": 1, "itemsPerPage": 0,
            "Resources": []})
    );
    let new = json!({
        "schemas": [USER, ENTERPRISE], "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef", "userName": "ana@acme.com", "active": true,
        "emails": [{"primary": true, "type": "work", "value": "ana@acme.com"}], "meta": {"resourceType": "User"},
        "name": {"formatted": "Ana Silva", "familyName": "Silva", "givenName": "Ana"}, "roles": [], "displayName": "Ana",
        ENTERPRISE: {"department": "Finance", "employeeNumber": "701984"}});
    let created = scim(&connection, "POST", "/Users", new, 201);
    let id = created["id"].as_str().unwrap();
    assert_eq!(created["schemas"], json!([USER, ENTERPRISE]));
    assert_eq!(created["meta"]["location"], format!("/Users/{id}"));
    assert_eq!(created["meta"]["version"], "W/\"1\"");
    assert_eq!(created.get("roles"), None);
    let user = person(&connection, id).unwrap();
    assert_eq!(text(&connection, "SELECT email || first_name || last_name FROM authz_users").as_deref(), Some("ana@acme.comAnaSilva"));
    assert_eq!(status(&connection, id).as_deref(), Some("active"));
    assert_eq!(number(&connection, "SELECT directory_managed FROM authz_memberships"), 1);
    // Percent-encoded in each of the two ways, and not at all.
    for query in
        ["filter=userName%20eq%20%22ANA%40acme.com%22", "filter=userName+eq+%22ana%40acme.com%22", "filter=userName eq \"Ana@Acme.com\""]
    {
        assert_eq!(only(&scim(&connection, "GET", &format!("/Users?{query}"), Value::Null, 200)), &created, "{query}");
    }
    let by_external_id = "/Users?filter=externalId eq \"0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef\"";
    assert_eq!(only(&scim(&connection, "GET", by_external_id, Value::Null, 200))["id"], *id);

    let path = format!("/Users/{id}");
    let several = json!([
        {"op": "Replace", "path": "emails[type eq \"work\"].value", "value": "ana.silva@acme.com"},
        {"op": "Replace", "path": "name.familyName", "value": "Silva Costa"},
        {"op": "Add", "path": "addresses[type eq \"work\"].country", "value": "Portugal"},
        {"op": "Add", "path": "roles[primary eq \"True\"].value", "value": "admin"},
        {"op": "Add", "path": format!("{ENTERPRISE}:manager"), "value": "directory_user_boss"}]);
    let changed = scim(&connection, "PATCH", &path, operations(several), 200);
    assert_eq!(changed["emails"], json!([{"primary": true, "type": "work", "value": "ana.silva@acme.com"}]));
    assert_eq!(changed["name"]["familyName"], "Silva Costa");
    assert_eq!(changed["addresses"], json!([{"type": "work", "country": "Portugal"}]));
    assert_eq!(changed["roles"], json!([{"primary": true, "value": "admin"}]));
    assert_eq!(
        changed[ENTERPRISE],
        json!({"department": "Finance", "employeeNumber": "701984", "manager": {"value": "directory_user_boss"}})
    );
    let dotted = json!([{"op": "Replace", "value": {
        "displayName": "Ana S.", "name.givenName": "Ana Maria", format!("{ENTERPRISE}:department"): "Sales", "active": "True"}}]);
    let changed = scim(&connection, "PATCH", &path, operations(dotted), 200);
    assert_eq!((&changed["displayName"], &changed["name"]["givenName"]), (&json!("Ana S."), &json!("Ana Maria")));
    assert_eq!((&changed[ENTERPRISE]["department"], &changed["active"]), (&json!("Sales"), &json!(true)));
    let renamed = json!([{"op": "Replace", "path": "userName", "value": "ana.silva@acme.com"}]);
    assert_eq!(scim(&connection, "PATCH", &path, operations(renamed), 200)["userName"], "ana.silva@acme.com");

    let before = last_event(&connection);
    let disable = json!([{"op": "Replace", "path": "active", "value": "False"}]);
    assert_eq!(scim(&connection, "PATCH", &path, operations(disable), 200)["active"], false);
    assert_eq!(status(&connection, id).as_deref(), Some("inactive"));
    assert_eq!(events(&connection, before), ["dsync.user.updated", "organization_membership.updated"]);
    let enable = json!([{"op": "replace", "value": {"active": true}}]);
    scim(&connection, "PATCH", &path, operations(enable), 200);
    assert_eq!(status(&connection, id).as_deref(), Some("active"));
    let before = last_event(&connection);
    scim(&connection, "DELETE", &path, Value::Null, 204);
    assert_eq!(scim(&connection, "GET", &path, Value::Null, 404)["status"], "404");
    assert_eq!(events(&connection, before), ["dsync.user.deleted", "organization_membership.updated"]);
    let membership = format!("SELECT status FROM authz_memberships WHERE user = '{user}'");
    assert_eq!(text(&connection, &membership).as_deref(), Some("inactive"));
    // Who comes back under the provider's id is the same person.
    let again = json!({"schemas": [USER], "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef", "userName": "ana@acme.com"});
    let again = scim(&connection, "POST", "/Users", again, 201);
    assert_eq!(person(&connection, again["id"].as_str().unwrap()), Some(user));
    assert_eq!(text(&connection, &membership).as_deref(), Some("active"));
}

#[test]
fn entra_keeps_groups() {
    let connection = world();
    let (ana, bo) = (crate::user(&connection, "ana@acme.com"), crate::user(&connection, "bo@acme.com"));
    let new = json!({
        "externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159",
        "schemas": [GROUP, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
        "displayName": "Engineering", "meta": {"resourceType": "Group"}});
    let created = scim(&connection, "POST", "/Groups", new, 201);
    let path = format!("/Groups/{}", created["id"].as_str().unwrap());
    let own = text(&connection, "SELECT group_id FROM authz_directory_groups").unwrap();
    assert!(own.starts_with("group_"), "{own}");
    assert_eq!(text(&connection, "SELECT organization || name FROM authz_groups").as_deref(), Some("acmeEngineering"));
    let before = last_event(&connection);
    let add = json!([{"op": "Add", "path": "members", "value": [{"$ref": null, "value": ana}, {"$ref": null, "value": bo}]}]);
    assert_eq!(scim(&connection, "PATCH", &path, operations(add.clone()), 204), Value::Null);
    assert_eq!(
        events(&connection, before),
        ["dsync.group.user_added", "group.member_added", "dsync.group.user_added", "group.member_added"]
    );
    let before = last_event(&connection);
    scim(&connection, "PATCH", &path, operations(add), 204);
    assert!(events(&connection, before).is_empty());
    let shown = scim(&connection, "GET", &path, Value::Null, 200);
    assert_eq!(shown["members"].as_array().unwrap().len(), 2);
    assert_eq!(scim(&connection, "GET", &format!("{path}?excludedAttributes=members"), Value::Null, 200).get("members"), None);
    let found = scim(&connection, "GET", "/Groups?excludedAttributes=members&filter=displayName eq \"engineering\"", Value::Null, 200);
    assert_eq!((only(&found)["id"].clone(), only(&found).get("members")), (created["id"].clone(), None));
    let contains = format!("/Groups?filter=id eq {} and members eq \"{ana}\"&excludedAttributes=members", created["id"]);
    only(&scim(&connection, "GET", &contains, Value::Null, 200));
    let of_ana = scim(&connection, "GET", &format!("/Users/{ana}"), Value::Null, 200);
    assert_eq!(of_ana["groups"], json!([{"value": created["id"], "$ref": path, "display": "Engineering", "type": "direct"}]));
    let before = last_event(&connection);
    let by_filter = json!([{"op": "Remove", "path": format!("members[value eq \"{ana}\"]")}]);
    scim(&connection, "PATCH", &path, operations(by_filter.clone()), 204);
    assert_eq!(events(&connection, before), ["dsync.group.user_removed", "group.member_removed"]);
    scim(&connection, "PATCH", &path, operations(by_filter), 204);
    let by_value = json!([{"op": "Remove", "path": "members", "value": [{"$ref": null, "value": bo}]}]);
    scim(&connection, "PATCH", &path, operations(by_value), 204);
    assert_eq!(number(&connection, "SELECT count(*) FROM authz_group_members"), 0);
    let before = last_event(&connection);
    let rename = json!([{"op": "Replace", "path": "displayName", "value": "Builders"}]);
    scim(&connection, "PATCH", &path, operations(rename), 204);
    assert_eq!(events(&connection, before), ["dsync.group.updated", "group.updated"]);
    let before = last_event(&connection);
    scim(&connection, "DELETE", &path, Value::Null, 204);
    assert_eq!(events(&connection, before), ["dsync.group.deleted", "group.deleted"]);
}

#[test]
fn okta_keeps_users_and_groups() {
    let connection = world();
    assert_eq!(scim(&connection, "GET", "/Users?startIndex=1&count=2", Value::Null, 200)["totalResults"], 0);
    let filter = "/Users?filter=userName%20eq%20%22test.user%40okta.local%22&startIndex=1&count=100";
    assert_eq!(scim(&connection, "GET", filter, Value::Null, 200)["totalResults"], 0);
    let new = json!({
        "schemas": [USER], "userName": "test.user@okta.local", "name": {"givenName": "Test", "familyName": "User"},
        "emails": [{"primary": true, "value": "test.user@okta.local", "type": "work"}], "displayName": "Test User", "locale": "en-US",
        "externalId": "00ujl29u0le5T6Aj10h7", "groups": [], "password": "1mz050nq-secret", "active": true});
    let created = scim(&connection, "POST", "/Users", new.clone(), 201);
    assert_eq!(created.get("password"), None);
    let id = created["id"].as_str().unwrap();
    assert_eq!(only(&scim(&connection, "GET", filter, Value::Null, 200))["id"], *id);
    // The same once more is a conflict; PUT of the same writes nothing.
    assert_eq!(scim(&connection, "POST", "/Users", new.clone(), 409)["scimType"], "uniqueness");
    let path = format!("/Users/{id}");
    let before = last_event(&connection);
    let mut whole = new;
    whole["id"] = id.into();
    assert_eq!(scim(&connection, "PUT", &path, whole.clone(), 200)["meta"], created["meta"]);
    assert!(events(&connection, before).is_empty());
    whole["name"] = json!({"givenName": "Another", "middleName": "Excited", "familyName": "User"});
    let changed = scim(&connection, "PUT", &path, whole.clone(), 200);
    assert_eq!(changed["name"], whole["name"]);
    assert_eq!(events(&connection, before), ["dsync.user.updated"]);
    let deactivate = json!([{"op": "replace", "value": {"active": false}}]);
    assert_eq!(scim(&connection, "PATCH", &path, operations(deactivate), 200)["active"], false);
    assert_eq!(status(&connection, id).as_deref(), Some("inactive"));
    // A PUT that says nothing of it leaves it.
    whole.as_object_mut().unwrap().remove("active");
    assert_eq!(scim(&connection, "PUT", &path, whole.clone(), 200)["active"], false);
    assert_eq!(status(&connection, id).as_deref(), Some("inactive"));
    whole["active"] = true.into();
    scim(&connection, "PUT", &path, whole, 200);
    assert_eq!(status(&connection, id).as_deref(), Some("active"));
    let password = json!([{"op": "replace", "path": "password", "value": "another-secret"}, {"op": "replace", "value": {"Password": "another-secret"}}]);
    scim(&connection, "PATCH", &path, operations(password), 200);
    assert!(!is_kept(&connection, "secret") && is_kept(&connection, "Excited"));

    let new = json!({"schemas": [GROUP], "displayName": "Test SCIMv2", "members": []});
    let group = scim(&connection, "POST", "/Groups", new, 201)["id"].as_str().unwrap().to_owned();
    let path = format!("/Groups/{group}");
    let found = scim(&connection, "GET", "/Groups?filter=displayName%20eq%20%22Test%20SCIMv2%22&startIndex=1&count=100", Value::Null, 200);
    assert_eq!(only(&found)["id"], group);
    let several = json!([
        {"op": "replace", "value": {"id": group, "displayName": "Renamed"}},
        {"op": "add", "path": "members", "value": [{"value": id, "display": "test.user@okta.local"}]}]);
    scim(&connection, "PATCH", &path, operations(several), 204);
    let shown = scim(&connection, "GET", &path, Value::Null, 200);
    assert_eq!((&shown["displayName"], &shown["members"][0]["value"]), (&json!("Renamed"), &json!(id)));
    let replaced = json!([{"op": "replace", "path": "members", "value": []}]);
    scim(&connection, "PATCH", &path, operations(replaced), 204);
    assert_eq!(scim(&connection, "GET", &path, Value::Null, 200).get("members"), None);
    let whole = json!({"schemas": [GROUP], "id": group, "displayName": "Whole", "members": [{"value": id}]});
    assert_eq!(scim(&connection, "PUT", &path, whole, 200)["members"][0]["value"], id);
    let asked = json!([{"op": "add", "path": "externalId", "value": "00g"}]);
    let (code, shown) = ask(&connection, "d", "PATCH", &format!("{path}?attributes=displayName"), Some(&operations(asked).to_string()));
    assert_eq!((code, shown), (200, json!({"schemas": [GROUP], "id": group, "displayName": "Whole"})));
    scim(&connection, "DELETE", &path, Value::Null, 204);
}

#[test]
fn the_service_describes_itself() {
    let connection = world();
    for (path, kind) in
        [("/ServiceProviderConfig", "ServiceProviderConfig"), ("/Schemas", "ListResponse"), ("/ResourceTypes", "ListResponse")]
    {
        let shown = scim(&connection, "GET", path, Value::Null, 200);
        assert!(shown["schemas"][0].as_str().unwrap().ends_with(kind), "{shown:#}");
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            scim(&connection, method, path, json!({}), 405);
        }
        scim(&connection, "GET", &format!("{path}?filter=id pr"), Value::Null, 403);
    }
    assert_eq!(scim(&connection, "GET", &format!("/Schemas/{ENTERPRISE}"), Value::Null, 200)["name"], "EnterpriseUser");
    assert_eq!(scim(&connection, "GET", "/scim/v2/ResourceTypes/Group", Value::Null, 200)["endpoint"], "/Groups");
    scim(&connection, "GET", "/Schemas/urn:none", Value::Null, 404);
    for path in ["/Me", "/Bulk", "/.search"] {
        scim(&connection, "POST", path, json!({}), 501);
    }
    for path in ["", "/", "/Everything", "/Users/a/b", "/users/x/../y"] {
        scim(&connection, "GET", path, Value::Null, 404);
    }
}
