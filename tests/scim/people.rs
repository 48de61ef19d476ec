//! Who is who, when access ends, and every way in which one organization's directory might try to take what is another's.

use authz::rusqlite::Connection;
use serde_json::{Value, json};

use crate::{USER, ask, events, group, last_event, number, operations, person, scim, status, text, user, world};

/// A request of the other organization's directory.
#[track_caller]
fn rival(connection: &Connection, method: &str, path: &str, body: Value, status: u64) -> Value {
    let text = (!body.is_null()).then(|| body.to_string());
    let (found, answer) = ask(connection, "r", method, path, text.as_deref());
    assert_eq!(found, status, "{method} {path} {body}: {answer:#}");
    answer
}

fn new(username: &str) -> Value {
    json!({"schemas": [USER], "userName": username})
}

/// Everything that concerns people, as one text, to see that nothing of it has changed.
fn people(connection: &Connection, organization: &str) -> String {
    let rows = |sql: &str| {
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([organization], |row| row.get::<_, String>(0)).unwrap();
        rows.collect::<Result<Vec<_>, _>>().unwrap().join("\n")
    };
    [
        "SELECT json_array(id, user, status, directory_managed, updated_at) FROM authz_memberships WHERE organization = ?1 ORDER BY id",
        "SELECT json_array(u.id, u.email, u.first_name, u.updated_at) FROM authz_users u JOIN authz_memberships m ON m.user = u.id
         WHERE m.organization = ?1 ORDER BY u.id",
        "SELECT json_array(id, user, email, username, state, raw_attributes, revision) FROM authz_directory_users WHERE organization = ?1 ORDER BY id",
        "SELECT json_array(id, name, raw_attributes, revision) FROM authz_directory_groups WHERE organization = ?1 ORDER BY id",
        "SELECT json_array(m.group_id, m.subject) FROM authz_group_members m JOIN authz_groups g ON g.id = m.group_id
         WHERE g.organization = ?1 ORDER BY 1",
    ]
    .map(rows)
    .join("\n--\n")
}

#[test]
fn a_user_of_a_verified_domain_is_taken_for_who_it_is() {
    let connection = world();
    connection
        .execute_batch(
            "INSERT INTO authz_users (id, email) VALUES ('ana', 'Ana@acme.com'), ('bo', 'bo@mail.org'), ('cy', 'cy@mail.org');
             INSERT INTO authz_memberships (user, organization, status) VALUES ('bo', 'acme', 'pending')",
        )
        .unwrap();
    assert_eq!(person(&connection, &user(&connection, "ana@ACME.com")).as_deref(), Some("ana"));
    // A member of nothing else is found, and an invitation becomes a membership.
    let bo = user(&connection, "bo@mail.org");
    assert_eq!((person(&connection, &bo).as_deref(), status(&connection, &bo).as_deref()), (Some("bo"), Some("active")));
    let cy = person(&connection, &user(&connection, "cy@mail.org")).unwrap();
    assert_ne!(cy, "cy");
    assert!(cy.starts_with("user_"), "{cy}");
}

#[test]
fn without_an_address_nobody_stands_behind_it() {
    let connection = world();
    let before = last_event(&connection);
    let ana = user(&connection, "ana");
    assert_eq!((person(&connection, &ana), events(&connection, before)), (None, vec!["dsync.user.created".to_owned()]));
    let team = group(&connection, "Team", &[&ana]);
    assert_eq!(number(&connection, "SELECT count(*) FROM authz_group_members"), 0);
    let before = last_event(&connection);
    let email = json!([{"op": "add", "path": "emails", "value": [{"value": "ana@acme.com"}]}]);
    scim(&connection, "PATCH", &format!("/Users/{ana}"), operations(email), 200);
    let known = person(&connection, &ana).unwrap();
    assert_eq!(
        events(&connection, before),
        ["dsync.user.updated", "user.created", "role_assignment.created", "organization_membership.created", "group.member_added"]
    );
    assert_eq!(text(&connection, "SELECT subject FROM authz_group_members"), Some(format!("user:{known}")));
    scim(&connection, "DELETE", &format!("/Groups/{team}"), Value::Null, 204);
}

#[test]
fn only_a_change_of_active_changes_the_status() {
    let connection = world();
    let ana = user(&connection, "ana@acme.com");
    let path = format!("/Users/{ana}");
    let suspend = "UPDATE authz_memberships SET status = 'inactive'";
    connection.execute_batch(suspend).unwrap();
    // A repeated true, and a change of something else, undo no suspension made by hand.
    for body in [json!({"active": true}), json!({"active": "True", "displayName": "Ana"})] {
        scim(&connection, "PATCH", &path, operations(json!([{"op": "replace", "value": body}])), 200);
        assert_eq!(status(&connection, &ana).as_deref(), Some("inactive"));
    }
    for (active, expected) in [(false, "inactive"), (true, "active"), (true, "active"), (false, "inactive")] {
        scim(&connection, "PATCH", &path, operations(json!([{"op": "replace", "path": "active", "value": active}])), 200);
        assert_eq!(status(&connection, &ana).as_deref(), Some(expected));
    }
    // Nor does a repeated false take back what was given by hand.
    connection.execute_batch("UPDATE authz_memberships SET status = 'active'").unwrap();
    scim(&connection, "PATCH", &path, operations(json!([{"op": "replace", "path": "active", "value": "False"}])), 200);
    assert_eq!(status(&connection, &ana).as_deref(), Some("active"));
    scim(&connection, "PATCH", &path, operations(json!([{"op": "remove", "path": "active"}])), 200);
    assert_eq!(status(&connection, &ana).as_deref(), Some("active"));
}

#[test]
fn a_suspension_by_hand_outlasts_the_arrival_of_a_directory() {
    let connection = world();
    connection
        .execute_batch(
            "INSERT INTO authz_users (id, email) VALUES ('ana', 'ana@acme.com'), ('bo', 'bo@acme.com');
             INSERT INTO authz_memberships (user, organization, status) VALUES ('ana', 'acme', 'inactive'), ('bo', 'acme', 'active')",
        )
        .unwrap();
    let ana = user(&connection, "ana@acme.com");
    assert_eq!(status(&connection, &ana).as_deref(), Some("inactive"));
    let mut bo = new("bo@acme.com");
    bo["active"] = false.into();
    let bo = scim(&connection, "POST", "/Users", bo, 201);
    assert_eq!(status(&connection, bo["id"].as_str().unwrap()).as_deref(), Some("inactive"));
    assert_eq!(number(&connection, "SELECT count(*) FROM authz_memberships WHERE directory_managed = 1"), 2);
}

#[test]
fn access_ends_with_the_request() {
    let connection = world();
    connection
        .execute_batch("SELECT authz_create_permission('{\"slug\": \"org:see\"}'), authz_add_role_permission('member', 'org:see')")
        .unwrap();
    let ana = user(&connection, "ana@acme.com");
    let may = format!("SELECT authz_check('user:{}', 'org:see', 'organization', 'acme')", person(&connection, &ana).unwrap());
    assert_eq!(number(&connection, &may), 1);
    let active = |value: bool| operations(json!([{"op": "replace", "path": "active", "value": value}]));
    scim(&connection, "PATCH", &format!("/Users/{ana}"), active(false), 200);
    assert_eq!(number(&connection, &may), 0);
    scim(&connection, "PATCH", &format!("/Users/{ana}"), active(true), 200);
    assert_eq!(number(&connection, &may), 1);
    scim(&connection, "DELETE", &format!("/Users/{ana}"), Value::Null, 204);
    assert_eq!((number(&connection, &may), number(&connection, "SELECT count(*) FROM authz_memberships")), (0, 1));
}

#[test]
fn a_removed_directory_ends_what_it_alone_held_up() {
    let connection = world();
    connection.execute_batch("SELECT authz_put_directory('second', 'acme', 'Second')").unwrap();
    let (ana, bo, cy) = (user(&connection, "ana@acme.com"), user(&connection, "bo@acme.com"), user(&connection, "cy@acme.com"));
    let of = |id: &str| person(&connection, id).unwrap();
    let (ana_is, bo_is, cy_is) = (of(&ana), of(&bo), of(&cy));
    for (name, active) in [("ana@acme.com", true), ("bo@acme.com", false)] {
        let mut body = new(name);
        body["active"] = active.into();
        assert_eq!(ask(&connection, "second", "POST", "/Users", Some(&body.to_string())).0, 201);
    }
    // The second directory ended it, and somebody gave it back by hand.
    connection.execute("UPDATE authz_memberships SET status = 'active' WHERE user = ?1", [&bo_is]).unwrap();
    let team = group(&connection, "Team", &[&ana, &bo]);
    connection.execute("SELECT authz_map_group_role('d', ?1, 'member')", [&team]).unwrap_err();
    let before = last_event(&connection);
    assert_eq!(number(&connection, "SELECT authz_remove_directory('d')"), 1);
    assert_eq!(number(&connection, "SELECT authz_remove_directory('d')"), 0);
    let status = |user: &str| text(&connection, &format!("SELECT status FROM authz_memberships WHERE user = '{user}'")).unwrap();
    assert_eq!([status(&ana_is), status(&bo_is), status(&cy_is)], ["active", "inactive", "inactive"]);
    let told = events(&connection, before);
    assert_eq!(told.last().unwrap(), "dsync.deleted");
    assert_eq!(told.iter().filter(|name| *name == "dsync.user.deleted").count(), 3);
    assert_eq!(told.iter().filter(|name| *name == "organization_membership.updated").count(), 2);
    assert_eq!(number(&connection, "SELECT count(*) FROM authz_groups"), 0);
    // A directory that comes later takes up what the first one let go.
    connection.execute_batch("SELECT authz_put_directory('d', 'acme', 'Third')").unwrap();
    user(&connection, "cy@acme.com");
    assert_eq!(status(&cy_is), "active");
    // With the organization go its directories; a directory of another is no hindrance.
    connection
        .execute_batch("DELETE FROM authz_memberships WHERE organization = 'acme'; DELETE FROM authz_organizations WHERE id = 'acme'")
        .unwrap();
    assert_eq!(text(&connection, "SELECT group_concat(id) FROM authz_directories").as_deref(), Some("r"));
    assert_eq!(number(&connection, "SELECT count(*) FROM authz_directory_users"), 0);
}

#[test]
fn one_address_names_one_user_of_a_directory() {
    let connection = world();
    let ana = user(&connection, "ana@acme.com");
    let second = json!({"schemas": [USER], "userName": "ana2", "emails": [{"value": "ANA@acme.com"}]});
    let before = last_event(&connection);
    assert_eq!(scim(&connection, "POST", "/Users", second, 409)["scimType"], "uniqueness");
    let bo = user(&connection, "bo@acme.com");
    let taken = json!([{"op": "replace", "path": "displayName", "value": "B"}, {"op": "add", "path": "emails", "value": [{"value": "ana@acme.com"}]}]);
    scim(&connection, "PATCH", &format!("/Users/{bo}"), operations(taken), 409);
    for (name, value) in [("userName", "ANA@acme.com"), ("externalId", "ana@acme.com")] {
        scim(&connection, "PATCH", &format!("/Users/{bo}"), operations(json!([{"op": "replace", "path": name, "value": value}])), 409);
    }
    assert_eq!(events(&connection, before).len(), 4);
    // An address that was given up may be another's, and never makes that one the person who had it.
    let moved = json!([{"op": "add", "path": "emails", "value": [{"value": "ana.new@acme.com"}]}, {"op": "replace", "path": "userName", "value": "ana"},
        {"op": "add", "path": "externalId", "value": "e1"}]);
    scim(&connection, "PATCH", &format!("/Users/{ana}"), operations(moved), 200);
    let other = user(&connection, "ana@acme.com");
    assert_ne!(person(&connection, &other), person(&connection, &ana));
    assert_ne!(person(&connection, &other), None);
}

#[test]
fn what_is_anothers_is_neither_seen_nor_changed() {
    let connection = world();
    let ana = scim(&connection, "POST", "/Users", json!({"schemas": [USER], "userName": "ana@acme.com", "externalId": "e1"}), 201);
    let ana = ana["id"].as_str().unwrap().to_owned();
    let team = group(&connection, "Team", &[&ana]);
    let own = rival(&connection, "POST", "/Users", new("eve@rival.com"), 201)["id"].as_str().unwrap().to_owned();
    let own_group = rival(&connection, "POST", "/Groups", json!({"displayName": "Own"}), 201)["id"].as_str().unwrap().to_owned();
    let before = people(&connection, "acme");

    // By the ids of the other directory.
    for path in [format!("/Users/{ana}"), format!("/Groups/{team}")] {
        rival(&connection, "GET", &path, Value::Null, 404);
        rival(&connection, "PUT", &path, json!({"userName": "eve", "displayName": "eve"}), 404);
        rival(&connection, "PATCH", &path, operations(json!([{"op": "replace", "value": {"active": false, "displayName": "x"}}])), 404);
        rival(&connection, "DELETE", &path, Value::Null, 404);
    }
    for filter in [
        format!("id eq \"{ana}\""),
        "userName eq \"ana@acme.com\"".to_owned(),
        "externalId eq \"e1\"".to_owned(),
        "userName sw \"ana\"".to_owned(),
    ] {
        assert_eq!(rival(&connection, "GET", &format!("/Users?filter={filter}"), Value::Null, 200)["totalResults"], 0, "{filter}");
    }
    for filter in [
        format!("id eq \"{team}\""),
        "displayName eq \"Team\"".to_owned(),
        format!("members eq \"{ana}\""),
        format!("members[value eq \"{ana}\"]"),
    ] {
        assert_eq!(rival(&connection, "GET", &format!("/Groups?filter={filter}"), Value::Null, 200)["totalResults"], 0, "{filter}");
    }
    // As members.
    for foreign in [&ana, &team] {
        let member = json!([{"value": foreign}]);
        rival(&connection, "POST", "/Groups", json!({"displayName": "Stolen", "members": member}), 400);
        let path = format!("/Groups/{own_group}");
        rival(&connection, "PATCH", &path, operations(json!([{"op": "add", "path": "members", "value": member}])), 400);
        rival(&connection, "PATCH", &path, operations(json!([{"op": "replace", "value": {"members": member}}])), 400);
        rival(&connection, "PUT", &path, json!({"displayName": "Own", "members": member}), 400);
        rival(&connection, "PATCH", &path, operations(json!([{"op": "remove", "path": format!("members[value eq \"{foreign}\"]")}])), 204);
    }
    // The same names and ids of a provider are somebody else's.
    let mut twin =
        json!({"schemas": [USER], "userName": "ana@acme.com", "externalId": "e1", "active": false, "name": {"givenName": "Eve"}});
    let made = rival(&connection, "POST", "/Users", twin.clone(), 201)["id"].as_str().unwrap().to_owned();
    assert_ne!(person(&connection, &made), person(&connection, &ana));
    twin["id"] = json!(ana);
    twin["userName"] = json!("ana2@acme.com");
    let path = format!("/Users/{made}");
    rival(&connection, "PUT", &path, twin, 200);
    // A change of name or address makes nobody somebody else.
    let eve = person(&connection, &own);
    for (name, value) in
        [("userName", json!("ana@acme.com")), ("externalId", json!("e2")), ("emails", json!([{"value": "ana@acme.com", "primary": true}]))]
    {
        rival(&connection, "PATCH", &format!("/Users/{own}"), operations(json!([{"op": "replace", "path": name, "value": value}])), 200);
        assert_eq!(person(&connection, &own), eve, "{name}");
    }
    rival(&connection, "DELETE", &path, Value::Null, 204);
    assert_eq!(people(&connection, "acme"), before);
}

#[test]
fn a_person_in_two_organizations_is_changed_by_each_in_its_own() {
    let connection = world();
    connection
        .execute_batch(
            "INSERT INTO authz_users (id, email, first_name) VALUES ('ana', 'ana@acme.com', 'Ana');
             INSERT INTO authz_memberships (user, organization) VALUES ('ana', 'acme'), ('ana', 'rival')",
        )
        .unwrap();
    let before = people(&connection, "rival");
    let ana = user(&connection, "ana@acme.com");
    assert_eq!(person(&connection, &ana).as_deref(), Some("ana"));
    let change =
        json!([{"op": "replace", "value": {"active": false, "name": {"givenName": "Eve"}, "emails": [{"value": "eve@acme.com"}]}}]);
    scim(&connection, "PATCH", &format!("/Users/{ana}"), operations(change), 200);
    scim(&connection, "DELETE", &format!("/Users/{ana}"), Value::Null, 204);
    assert_eq!(people(&connection, "rival"), before);
    // The other organization owns no domain, and this person is somebody elsewhere.
    let new = rival(&connection, "POST", "/Users", new("ana@acme.com"), 201);
    assert_ne!(person(&connection, new["id"].as_str().unwrap()).as_deref(), Some("ana"));
    assert_eq!(
        text(&connection, "SELECT status FROM authz_memberships WHERE user = 'ana' AND organization = 'rival'").as_deref(),
        Some("active")
    );
}

#[test]
fn nobody_lies_in_wait_under_an_address_of_another_domain() {
    let connection = world();
    // Before the owner of the domain has heard of Ana, another organization makes her up.
    let waiting = rival(&connection, "POST", "/Users", new("ana@acme.com"), 201)["id"].as_str().unwrap().to_owned();
    let waiting = person(&connection, &waiting).unwrap();
    let ana = user(&connection, "ana@acme.com");
    assert_ne!(person(&connection, &ana), Some(waiting.clone()));
    // Also when the one who waits has left the directory in the meantime, or its name was changed to the address later.
    let second = rival(&connection, "POST", "/Users", new("bo@acme.com"), 201)["id"].as_str().unwrap().to_owned();
    let second_is = person(&connection, &second);
    rival(&connection, "DELETE", &format!("/Users/{second}"), Value::Null, 204);
    assert_ne!(person(&connection, &user(&connection, "bo@acme.com")), second_is);
    // Whom the owner has taken in itself is its own.
    connection.execute("INSERT INTO authz_memberships (user, organization) VALUES (?1, 'acme')", [&waiting]).unwrap();
    scim(&connection, "DELETE", &format!("/Users/{ana}"), Value::Null, 204);
}

#[test]
fn in_plain_sql_they_are_read_and_deleted() {
    let connection = world();
    let ana = user(&connection, "ana@acme.com");
    group(&connection, "Team", &[&ana]);
    for refused in [
        "INSERT INTO authz_directory_users (directory, organization, idp_id, username, username_key) VALUES ('d', 'acme', 'x', 'x', 'x')",
        "INSERT OR IGNORE INTO authz_directory_groups (directory, organization, idp_id, name, name_key) VALUES ('d', 'acme', 'x', 'x', 'x')",
        "INSERT OR REPLACE INTO authz_directory_group_members VALUES ('x', 'y')",
        "UPDATE authz_directory_users SET state = 'inactive'",
        "UPDATE authz_directory_users SET user = NULL",
        "UPDATE authz_directory_users SET user = 'eve'",
        "UPDATE authz_directory_groups SET name = 'x'",
        "UPDATE authz_directory_group_members SET member = 'x'",
    ] {
        let told = connection.execute_batch(refused).unwrap_err().to_string();
        assert!(told.starts_with("directory_read_only: "), "{refused}: {told}");
    }
    for (refused, code) in [
        ("INSERT INTO authz_directories (organization, name) VALUES ('nobody', 'x')", "organization_unknown"),
        ("INSERT OR REPLACE INTO authz_directories (id, organization, name) VALUES ('d', 'acme', 'x')", "replace_refused"),
        ("UPDATE authz_directories SET organization = 'rival'", "directory_immutable"),
        ("DELETE FROM authz_directories WHERE id = 'd'", "directory_in_use"),
        ("UPDATE authz_directories SET type = 'x'", "directory_type"),
        ("UPDATE authz_directories SET state = 'x'", "CHECK"),
    ] {
        let told = connection.execute_batch(refused).unwrap_err().to_string();
        assert!(told.starts_with(code), "{refused}: {told}");
    }
    let before = last_event(&connection);
    connection
        .execute_batch(
            "INSERT INTO authz_directories (id, organization, name, state) VALUES ('x', 'acme', 'X', 'inactive');
            UPDATE authz_directories SET name = 'Y' WHERE id = 'x'; UPDATE authz_directories SET state = 'active' WHERE id = 'x'",
        )
        .unwrap();
    assert_eq!(events(&connection, before), ["authz_directory.created", "authz_directory.updated", "dsync.activated"]);
    connection.execute_batch("UPDATE authz_directories SET state = 'inactive' WHERE id = 'x'").unwrap();
    assert_eq!(ask(&connection, "x", "GET", "/Users", None).0, 403);
    let before = last_event(&connection);
    connection.execute_batch("DELETE FROM authz_directory_users").unwrap();
    assert_eq!(
        events(&connection, before),
        ["dsync.group.user_removed", "group.member_removed", "dsync.user.deleted", "organization_membership.updated"]
    );
    let before = last_event(&connection);
    connection.execute_batch("DELETE FROM authz_groups").unwrap();
    assert_eq!(events(&connection, before), ["dsync.group.deleted", "group.deleted"]);
}

#[test]
fn a_user_or_a_membership_that_goes_leaves_the_directory_user() {
    let connection = world();
    let ana = user(&connection, "ana@acme.com");
    let team = group(&connection, "Team", &[&ana]);
    let path = format!("/Users/{ana}");
    let active = |value: bool| operations(json!([{"op": "replace", "path": "active", "value": value}]));
    // Taken away by hand, a membership does not come back by repetition, and not without one does a group count.
    connection.execute_batch("DELETE FROM authz_memberships").unwrap();
    scim(&connection, "PATCH", &path, operations(json!([{"op": "replace", "path": "title", "value": "x"}])), 200);
    scim(&connection, "PUT", &format!("/Groups/{team}"), json!({"displayName": "Team"}), 200);
    scim(&connection, "PUT", &format!("/Groups/{team}"), json!({"displayName": "Team", "members": [{"value": ana}]}), 200);
    assert_eq!(number(&connection, "SELECT (SELECT count(*) FROM authz_memberships) + (SELECT count(*) FROM authz_group_members)"), 0);
    scim(&connection, "PATCH", &path, active(false), 200);
    scim(&connection, "PATCH", &path, active(true), 200);
    assert_eq!(
        (status(&connection, &ana).as_deref(), number(&connection, "SELECT count(*) FROM authz_group_members")),
        (Some("active"), 1)
    );
    let old = person(&connection, &ana);
    connection.execute_batch("DELETE FROM authz_users").unwrap();
    assert_eq!(person(&connection, &ana), None);
    scim(&connection, "PATCH", &path, operations(json!([{"op": "replace", "path": "title", "value": "y"}])), 200);
    assert!(person(&connection, &ana).is_some_and(|new| Some(new) != old));
}
