//! Roles and permissions through the functions: what they answer, and what they refuse without writing anything.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use authz::rusqlite::types::Value as Cell;
use authz::rusqlite::{Connection, params_from_iter};
use serde_json::{Value, json};

fn open() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    connection
        .execute_batch(
            r#"SELECT authz_apply('{
                 "resource_types": {"project": {"parents": ["organization"]}, "document": {"parents": ["project"]}},
                 "permissions": {"document:read": {"resource_type": "document"}, "document:edit": {"resource_type": "document"},
                                 "project:read": {"resource_type": "project"}},
                 "roles": {"editor": {"resource_type": "project", "permissions": ["document:read", "document:edit"]},
                           "viewer": {"resource_type": "project", "permissions": ["document:read"]},
                           "reader": {"resource_type": "document", "permissions": ["document:read"]}}}');
               SELECT authz_put_resource('organization', 'acme', NULL, NULL), authz_put_resource('organization', 7, NULL, NULL);
               SELECT authz_put_resource('project', 1, 'organization', 'acme'), authz_put_resource('document', 10, 'project', 1);
               INSERT INTO authz_permissions (slug, system) VALUES ('built:in', 1);"#,
        )
        .unwrap();
    connection
}

/// Everything that the functions of this file may write.
fn dump(connection: &Connection) -> Vec<String> {
    let mut all = Vec::new();
    for table in ["authz_permissions", "authz_roles", "authz_role_permissions", "authz_role_assignments"] {
        let mut statement = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = statement.column_count();
        let cells = |row: &authz::rusqlite::Row<'_>| Ok(format!("{:?}", (0..columns).map(|i| row.get::<_, Cell>(i)).collect::<Vec<_>>()));
        all.extend(statement.query_map([], cells).unwrap().map(Result::unwrap));
    }
    all
}

fn call(connection: &Connection, function: &str, arguments: &[&str]) -> Result<Value, String> {
    let marks = vec!["?"; arguments.len()].join(", ");
    let sql = format!("SELECT {function}({marks})");
    let arguments = arguments.iter().map(|given| if given.is_empty() { Cell::Null } else { Cell::Text((*given).to_owned()) });
    let answer = connection.query_row(&sql, params_from_iter(arguments), |row| row.get::<_, Option<String>>(0));
    let text = answer.map_err(|error| error.to_string())?;
    Ok(text.map_or(Value::Null, |text| serde_json::from_str(&text).unwrap()))
}

fn answer(connection: &Connection, function: &str, arguments: &[&str]) -> Value {
    call(connection, function, arguments).unwrap_or_else(|error| panic!("{function}{arguments:?}: {error}"))
}

/// The object without what differs from run to run; that those are of the right form is seen to here.
fn lasting(mut object: Value) -> Value {
    let fields = object.as_object_mut().unwrap();
    let prefix = if fields["object"] == "role" { "role_" } else { "perm_" };
    assert!(fields.remove("id").unwrap().as_str().unwrap().starts_with(prefix));
    for time in ["created_at", "updated_at"] {
        let time = fields.remove(time).unwrap();
        assert!(chrono::DateTime::parse_from_rfc3339(time.as_str().unwrap()).is_ok(), "{time}");
    }
    fields.remove("priority");
    object
}

fn check(connection: &Connection, subject: &str, permission: &str) -> bool {
    connection.query_row("SELECT authz_check(?1, ?2, 'document', 10)", [subject, permission], |row| row.get(0)).unwrap()
}

#[test]
fn permissions_live_through_the_functions() {
    let connection = open();
    let created = answer(&connection, "authz_create_permission", &[r#"{"slug": "document:share", "resource_type_slug": "document"}"#]);
    let expected = json!({"object": "permission", "slug": "document:share", "name": "document:share", "description": null, "system": false,
                          "resource_type_slug": "document"});
    assert_eq!(lasting(created.clone()), expected);
    assert_eq!(answer(&connection, "authz_permission", &["document:share"]), created);
    let updated = answer(&connection, "authz_update_permission", &["document:share", r#"{"name": "Share", "description": "With anyone"}"#]);
    assert_eq!((&updated["name"], &updated["description"], &updated["id"]), (&json!("Share"), &json!("With anyone"), &created["id"]));
    let updated = answer(&connection, "authz_update_permission", &["document:share", r#"{"description": null}"#]);
    assert_eq!((&updated["name"], &updated["description"]), (&json!("Share"), &Value::Null));
    answer(&connection, "authz_add_role_permission", &["editor", "document:share"]);
    let role = json!({"name": "Sharer", "resource_type_slug": "project", "permissions": ["document:share"]}).to_string();
    let own = answer(&connection, "authz_create_role", &[&role, "7"])["slug"].clone();
    let mut deleted = lasting(answer(&connection, "authz_delete_permission", &["document:share"]));
    let taken = deleted.as_object_mut().unwrap().remove("removed_from_roles").unwrap();
    assert_eq!(taken, json!([{"slug": "editor", "organization_id": null}, {"slug": own, "organization_id": 7}]));
    assert_eq!(deleted, lasting(updated));
    assert_eq!(answer(&connection, "authz_role", &["editor"])["permissions"], json!(["document:edit", "document:read"]));
    let defaults = answer(&connection, "authz_create_permission", &[r#"{"slug": "billing:manage"}"#]);
    assert_eq!(defaults["resource_type_slug"], "organization");
    let by_column = answer(&connection, "authz_create_permission", &[r#"{"slug": "p", "resource_type": "project"}"#]);
    assert_eq!(by_column["resource_type_slug"], "project");
}

#[test]
fn environment_roles_live_through_the_functions() {
    let connection = open();
    let json = r#"{"slug": "auditor", "name": "Auditor", "resource_type_slug": "project", "permissions": ["document:read"]}"#;
    let created = answer(&connection, "authz_create_role", &[json]);
    assert_eq!(
        lasting(created.clone()),
        json!({"object": "role", "slug": "auditor", "name": "Auditor", "description": null, "type": "EnvironmentRole",
               "resource_type_slug": "project", "organization_id": null, "permissions": ["document:read"], "is_default": false})
    );
    assert_eq!(answer(&connection, "authz_role", &["auditor"]), created);
    assert_eq!(answer(&connection, "authz_role", &["auditor", ""]), created);
    assert_eq!(answer(&connection, "authz_update_role", &["auditor", r#"{"description": "Looks"}"#])["description"], "Looks");

    connection.execute_batch("SELECT authz_grant('user:ana', 'auditor', 'project', 1)").unwrap();
    assert!(check(&connection, "user:ana", "document:read") && !check(&connection, "user:ana", "document:edit"));
    let held = |role: Value| role["permissions"].clone();
    let set = |list: &str| held(answer(&connection, "authz_set_role_permissions", &["auditor", list]));
    assert_eq!(set(r#"["project:read", "document:edit"]"#), json!(["document:edit", "project:read"]));
    assert!(!check(&connection, "user:ana", "document:read") && check(&connection, "user:ana", "document:edit"));
    assert_eq!(set("[]"), json!([]));
    for _ in 0..2 {
        assert_eq!(held(answer(&connection, "authz_add_role_permission", &["auditor", "document:read"])), json!(["document:read"]));
    }
    for _ in 0..2 {
        assert_eq!(held(answer(&connection, "authz_remove_role_permission", &["auditor", "document:read"])), json!([]));
    }

    let error = call(&connection, "authz_delete_role", &["auditor"]).unwrap_err();
    assert!(error.contains("role_has_assignments: the role `auditor` is assigned (assignments: 1)"), "{error}");
    connection.execute_batch("SELECT authz_revoke('user:ana', 'auditor', 'project', 1)").unwrap();
    assert_eq!(answer(&connection, "authz_delete_role", &["auditor"])["slug"], "auditor");
    assert!(call(&connection, "authz_role", &["auditor"]).unwrap_err().contains("unknown role `auditor`"));
}

#[test]
fn organization_roles_live_through_the_functions() {
    let connection = open();
    let json = r#"{"name": "Très Spécial  Editor!", "resource_type_slug": "project", "permissions": ["document:edit"]}"#;
    let made = answer(&connection, "authz_create_role", &[json, "acme"]);
    let slug = made["slug"].as_str().unwrap();
    assert!(slug.starts_with("org-tr-s-sp-cial-editor-") && slug.len() == "org-tr-s-sp-cial-editor-".len() + 8, "{slug}");
    assert_eq!((&made["type"], &made["organization_id"]), (&json!("OrganizationRole"), &json!("acme")));
    let other = answer(&connection, "authz_create_role", &[json, "acme"]);
    assert_ne!(other["slug"], made["slug"]);
    let wordless = answer(&connection, "authz_create_role", &[r#"{"name": "管理者"}"#, "7"]);
    assert_eq!(wordless["slug"].as_str().unwrap().len(), "org-".len() + 8);
    assert_eq!(wordless["organization_id"], "7");

    // Two organizations may use one slug; each has its own role.
    for organization in ["acme", "7"] {
        let role = answer(&connection, "authz_create_role", &[r#"{"slug": "org-lead", "resource_type_slug": "project"}"#, organization]);
        assert_eq!(role["organization_id"], organization);
    }
    answer(&connection, "authz_set_role_permissions", &["org-lead", r#"["document:edit"]"#, "acme"]);
    assert_eq!(answer(&connection, "authz_role", &["org-lead", "7"])["permissions"], json!([]));
    connection.execute_batch("SELECT authz_grant('user:ana', 'org-lead', 'project', 1)").unwrap();
    assert!(check(&connection, "user:ana", "document:edit"));
    let error = call(&connection, "authz_delete_role", &["org-lead", "acme"]).unwrap_err();
    assert!(error.contains("role_has_assignments"), "{error}");
    assert_eq!(answer(&connection, "authz_delete_role", &["org-lead", "7"])["organization_id"], "7");
    assert_eq!(answer(&connection, "authz_delete_role", &["org-lead", "acme", slug])["slug"], "org-lead");
    assert!(check(&connection, "user:ana", "document:edit"));
    assert_eq!(answer(&connection, "authz_delete_role", &[slug, "acme", "viewer"])["slug"], slug);
    assert!(check(&connection, "user:ana", "document:read") && !check(&connection, "user:ana", "document:edit"));
}

#[test]
fn a_replacement_lasts_as_long_as_the_longer_of_the_two() {
    let connection = open();
    let (early, late) = ("2100-01-01T00:00:00.000Z", "2200-01-01T00:00:00.000Z");
    let cases = [
        ("", "", ""),
        ("", early, ""),
        (early, "", ""),
        (early, late, late),
        (late, early, late),
        (early, early, early),
        ("-", early, "-"),
    ];
    for (user, (old, new, _)) in cases.iter().enumerate() {
        for (role, until) in [("editor", new), ("viewer", old)] {
            if *until != "-" {
                let until = if until.is_empty() { "NULL".to_owned() } else { format!("'{until}'") };
                connection.execute_batch(&format!("SELECT authz_grant('user:u{user}', '{role}', 'project', 1, {until})")).unwrap();
            }
        }
    }
    connection.execute_batch("INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id, source) VALUES ('group:g', 'editor', 'project', 1, 'sso')").unwrap();
    answer(&connection, "authz_delete_role", &["editor", "", "viewer"]);
    for (user, (_, new, expected)) in cases.iter().enumerate() {
        let sql = "SELECT ifnull(expires_at, '') FROM authz_role_assignments WHERE subject = ?1 AND role = 'viewer'";
        let found: String = connection.query_row(sql, [format!("user:u{user}")], |row| row.get(0)).unwrap();
        let expected = if *expected == "-" { new } else { expected };
        assert_eq!(found, *expected, "user {user}");
    }
    let left = "SELECT group_concat(source) FROM authz_role_assignments WHERE subject = 'group:g' AND role = 'viewer'";
    assert_eq!(connection.query_row(left, [], |row| row.get::<_, String>(0)).unwrap(), "sso");
    assert_eq!(
        connection.query_row("SELECT count(*) FROM authz_role_assignments", [], |row| row.get::<_, u32>(0)).unwrap() as usize,
        cases.len() + 1
    );
}

#[test]
fn roles_have_an_order_and_one_is_the_default() {
    let connection = open();
    let order = |list: &str| answer(&connection, "authz_set_role_order", &[list]);
    let all = order("[]").as_array().unwrap().clone();
    assert!(all.contains(&json!("editor")) && all.contains(&json!("reader")));
    let reordered = order(r#"["reader", "editor"]"#);
    assert_eq!(reordered.as_array().unwrap()[..2], [json!("reader"), json!("editor")]);
    assert_eq!(reordered.as_array().unwrap().len(), all.len());
    assert_eq!(order("[]"), reordered);
    assert_eq!(answer(&connection, "authz_role", &["reader"])["priority"], 1);
    answer(&connection, "authz_create_role", &[r#"{"slug": "last", "resource_type_slug": "organization"}"#]);
    assert_eq!(order("[]").as_array().unwrap().last().unwrap(), "last");

    for slug in ["last", "other", "last"] {
        if slug == "other" {
            answer(&connection, "authz_create_role", &[r#"{"slug": "other"}"#]);
        }
        assert_eq!(answer(&connection, "authz_set_default_role", &[slug])["is_default"], true);
        let defaults = "SELECT group_concat(slug) FROM authz_roles WHERE is_default = 1";
        assert_eq!(connection.query_row(defaults, [], |row| row.get::<_, String>(0)).unwrap(), slug);
    }
    assert!(call(&connection, "authz_delete_role", &["last"]).unwrap_err().contains("role_default_required: `last`"));
}

#[test]
fn bad_input_is_refused_by_a_sentence_and_writes_nothing() {
    let connection = open();
    answer(&connection, "authz_create_role", &[r#"{"slug": "org-own", "resource_type_slug": "project"}"#, "acme"]);
    let before = dump(&connection);
    let long = "n".repeat(257);
    let (long_name, long_text) = (json!({"slug": "x", "name": long}).to_string(), json!({"description": "d".repeat(1001)}).to_string());
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let nul = r#"{"slug": "x", "name": "a\u0000b"}"#;
    let cases: &[(&str, &[&str], &str)] = &[
        // the shape
        ("authz_create_permission", &["[]"], "permission: it is an array, and must be an object"),
        ("authz_create_permission", &["null"], "permission: it is null, and must be an object"),
        ("authz_create_permission", &["{"], "the permission is not valid JSON: EOF while parsing an object at line 1 column 1"),
        ("authz_create_permission", &[&deep], "the permission nests deeper than 127 levels at line 1 column 128"),
        ("authz_create_permission", &[""], "the permission is NULL; give one"),
        ("authz_create_permission", &["{}"], "permission: the field `slug` is missing; give one"),
        ("authz_create_permission", &[r#"{"slug": 1}"#], "permission.slug: it is a number, and must be a string"),
        ("authz_create_permission", &[r#"{"slug": "a", "slug": "b"}"#], "permission: `slug` is given twice"),
        ("authz_create_permission", &[r#"{"slug": "a", "nmae": "b"}"#], "permission: unknown field `nmae`; did you mean `name`?"),
        ("authz_create_permission", &[r#"{"slug": "a", "permissions": []}"#], "permission: unknown field `permissions`"),
        (
            "authz_create_permission",
            &[r#"{"slug": "a", "resource_type": "document", "resource_type_slug": "document"}"#],
            "the resource type is given twice",
        ),
        (
            "authz_create_permission",
            &[r#"{"slug": "a", "resource_type_slug": "docment"}"#],
            "unknown resource type `docment`; did you mean `document`?",
        ),
        ("authz_set_role_permissions", &["editor", r#"{"a": 1}"#], "permissions: it is an object, and must be an array of strings"),
        ("authz_set_role_permissions", &["editor", "null"], "permissions: it is null, and must be an array of strings"),
        ("authz_set_role_permissions", &["editor", r#"["document:read", 5]"#], "permissions[1]: it is a number, and must be a string"),
        ("authz_set_role_permissions", &["editor", r#"["document:read", "document:read"]"#], "permissions: `document:read` is given twice"),
        ("authz_set_role_order", &["{}"], "roles: it is an object, and must be an array of strings"),
        (
            "authz_create_role",
            &[r#"{"slug": "x", "permissions": "document:read"}"#],
            "role.permissions: it is a string, and must be an array of strings",
        ),
        // names
        ("authz_create_permission", &[r#"{"slug": "a b"}"#], "permission.slug: the permission `a b` is not a valid slug"),
        ("authz_create_role", &[r#"{"slug": "a b"}"#], "role.slug: the role `a b` is not a valid slug"),
        ("authz_create_role", &[&long_name], "role.name: it has 257 characters, and may have at most 256"),
        ("authz_create_role", &[nul], "role.name: it contains the character U+0000"),
        ("authz_update_role", &["editor", &long_text], "role.description: it has 1001 characters, and may have at most 1000"),
        ("authz_create_role", &[r#"{"name": "x"}"#], "role: the field `slug` is missing; give one"),
        ("authz_create_role", &["{}", "acme"], "role: both `slug` and `name` are missing; give one"),
        // what cannot change
        ("authz_update_permission", &["document:read", r#"{"slug": "x"}"#], "permission.slug: it cannot change"),
        ("authz_update_role", &["editor", r#"{"resource_type_slug": "document"}"#], "role.resource_type_slug: it cannot change"),
        ("authz_update_role", &["editor", r#"{"nmae": "x"}"#], "role: unknown field `nmae`; did you mean `name`?"),
        // conflicts
        ("authz_create_permission", &[r#"{"slug": "document:read"}"#], "permission_slug_conflict: "),
        ("authz_create_role", &[r#"{"slug": "editor"}"#], "role_slug_conflict: "),
        ("authz_create_role", &[r#"{"slug": "org-own"}"#, "acme"], "organization_role_slug_conflict: "),
        // what is not there
        ("authz_permission", &["document:raed"], "unknown permission `document:raed`; did you mean `document:read`?"),
        ("authz_update_permission", &["document:raed", "{}"], "unknown permission `document:raed`; did you mean `document:read`?"),
        ("authz_delete_permission", &["document:raed"], "unknown permission `document:raed`; did you mean `document:read`?"),
        ("authz_role", &["editro"], "unknown role `editro`; did you mean `editor`?"),
        ("authz_update_role", &["editro", "{}"], "unknown role `editro`; did you mean `editor`?"),
        ("authz_delete_role", &["editro"], "unknown role `editro`; did you mean `editor`?"),
        ("authz_set_default_role", &["editro"], "unknown role `editro`; did you mean `editor`?"),
        ("authz_set_role_order", &[r#"["editro"]"#], "unknown role `editro`; did you mean `editor`?"),
        ("authz_set_role_permissions", &["editor", r#"["document:edit", "document:raed"]"#], "unknown permission `document:raed`"),
        ("authz_add_role_permission", &["editor", "document:raed"], "unknown permission `document:raed`"),
        ("authz_remove_role_permission", &["editor", "document:raed"], "unknown permission `document:raed`"),
        ("authz_create_role", &[r#"{"slug": "x", "permissions": ["document:raed"]}"#], "unknown permission `document:raed`"),
        ("authz_create_role", &[r#"{"slug": "org-x"}"#, "nowhere"], "unknown organization `nowhere`"),
        ("authz_role", &["org-own", "7"], "unknown role `org-own`"),
        // what may not be
        ("authz_delete_permission", &["built:in"], "permission_is_system: `built:in`"),
        ("authz_create_role", &[r#"{"slug": "org-x"}"#], "`org-x` names the role of one organization; give the id"),
        ("authz_create_role", &[r#"{"slug": "x"}"#, "acme"], "`x` names an environment role; leave the organization out, or write `org-x`"),
        ("authz_role", &["editor", "acme"], "`editor` names an environment role; leave the organization out"),
        (
            "authz_add_role_permission",
            &["reader", "project:read"],
            "role_permission_out_of_reach: the type of `project:read` is neither `document`",
        ),
        ("authz_delete_role", &["editor", "", "editor"], "the role `editor` cannot replace itself"),
        (
            "authz_delete_role",
            &["editor", "", "reader"],
            "the role `reader` is assigned on resources of type `document`, and `editor` on `project`",
        ),
        ("authz_delete_role", &["editor", "", "org-own"], "`editor` serves every organization, and `org-own` only one"),
        ("authz_delete_role", &["editor", "", "veiwer"], "unknown role `veiwer`; did you mean `viewer`?"),
        ("authz_set_default_role", &["editor"], "role_default_kind: the default role is held on organizations"),
        ("authz_set_default_role", &["org-own"], "`org-own` is the role of one organization; name an environment role"),
        ("authz_set_role_order", &[r#"["org-own"]"#], "`org-own` is the role of one organization"),
    ];
    for (function, arguments, sentence) in cases {
        let error = call(&connection, function, arguments).expect_err(&format!("{function}{arguments:?}"));
        assert!(error.starts_with(&format!("{function}: ")), "{error}");
        assert!(error.contains(sentence), "{function}{arguments:?}\n  says {error}\n  not {sentence}");
        assert!(!error.ends_with('.') && !error.contains('\n'), "{error}");
        assert_eq!(dump(&connection), before, "{function}{arguments:?}");
    }
}

/// The names of the events that a call writes, each with the slug, role or subject it is about.
fn events(connection: &Connection, function: &str, arguments: &[&str]) -> Vec<String> {
    let newest = "SELECT ifnull(max(seq), 0) FROM authz_events";
    let before: i64 = connection.query_row(newest, [], |row| row.get(0)).unwrap();
    answer(connection, function, arguments);
    let mut statement = connection
        .prepare("SELECT event || ' ' || ifnull(data ->> '$.slug', data ->> '$.subject' || ' ' || (data ->> '$.role.slug')) FROM authz_events WHERE seq > ?1 ORDER BY seq")
        .unwrap();
    statement.query_map([before], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_call_writes_one_event_for_each_object_that_changed() {
    let connection = open();
    let written = |function: &str, arguments: &[&str]| events(&connection, function, arguments);
    let none: [&str; 0] = [];
    assert_eq!(written("authz_create_permission", &[r#"{"slug": "p", "resource_type": "document"}"#]), ["permission.created p"]);
    assert_eq!(written("authz_update_permission", &["p", r#"{"name": "P", "description": "d"}"#]), ["permission.updated p"]);
    assert_eq!(written("authz_update_permission", &["p", r#"{"name": "P"}"#]), none);
    let json = r#"{"slug": "x", "name": "X", "resource_type": "project", "permissions": ["p", "document:read", "document:edit"]}"#;
    assert_eq!(written("authz_create_role", &[json]), ["role.created x"]);
    let data = "SELECT data ->> '$.permissions' FROM authz_events ORDER BY seq DESC LIMIT 1";
    let stored: String = connection.query_row(data, [], |row| row.get(0)).unwrap();
    assert_eq!(stored, r#"["document:edit","document:read","p"]"#);
    assert_eq!(written("authz_update_role", &["x", r#"{"name": "Y", "description": "d"}"#]), ["role.updated x"]);
    assert_eq!(written("authz_update_role", &["x", "{}"]), none);
    assert_eq!(written("authz_set_role_permissions", &["x", r#"["p", "project:read"]"#]), ["role.updated x"]);
    let context = "SELECT context ->> '$.previous_attributes.permissions' FROM authz_events ORDER BY seq DESC LIMIT 1";
    assert_eq!(connection.query_row(context, [], |row| row.get::<_, String>(0)).unwrap(), stored);
    assert_eq!(written("authz_set_role_permissions", &["x", r#"["project:read", "p"]"#]), none);
    assert_eq!(written("authz_add_role_permission", &["x", "p"]), none);
    assert_eq!(written("authz_remove_role_permission", &["x", "document:read"]), none);
    assert_eq!(written("authz_add_role_permission", &["x", "document:read"]), ["role.updated x"]);
    assert_eq!(written("authz_remove_role_permission", &["x", "document:read"]), ["role.updated x"]);
    // What depends on an object goes, or changes, before it.
    assert_eq!(written("authz_delete_permission", &["p"]), ["role.updated x", "permission.deleted p"]);
    connection.execute_batch("SELECT authz_grant('user:a', 'x', 'project', 1), authz_grant('user:b', 'x', 'project', 1), authz_grant('user:b', 'viewer', 'project', 1)").unwrap();
    let mut replaced = written("authz_delete_role", &["x", "", "viewer"]);
    assert_eq!(replaced.pop().unwrap(), "role.deleted x");
    replaced.sort();
    assert_eq!(replaced, ["role_assignment.created user:a viewer", "role_assignment.deleted user:a x", "role_assignment.deleted user:b x"]);
    let order = answer(&connection, "authz_set_role_order", &["[]"]);
    assert_eq!(written("authz_set_role_order", &[&order.to_string()]), none);
    let mut swapped: Vec<String> = serde_json::from_value(order).unwrap();
    swapped.swap(0, 1);
    let mut expected = [format!("role.updated {}", swapped[0]), format!("role.updated {}", swapped[1])];
    let mut moved = written("authz_set_role_order", &[&json!(swapped).to_string()]);
    expected.sort();
    moved.sort();
    assert_eq!(moved, expected);
    answer(&connection, "authz_create_role", &[r#"{"slug": "basic"}"#]);
    let mut changed = written("authz_set_default_role", &["basic"]);
    changed.sort();
    assert_eq!(changed, ["role.updated basic", "role.updated member"]);
    assert_eq!(written("authz_set_default_role", &["basic"]), none);
}

#[test]
fn a_role_of_another_organization_is_not_assigned() {
    let connection = open();
    answer(&connection, "authz_create_role", &[r#"{"slug": "org-own"}"#, "acme"]);
    let before = dump(&connection);
    let error = call(&connection, "authz_grant", &["user:ana", "org-own", "organization", "7"]).unwrap_err();
    assert!(error.starts_with("authz_grant: "), "{error}");
    let assign = |organization: &str| {
        format!(
            "INSERT INTO authz_role_assignments (subject, role, organization, resource_type, resource_id)
             VALUES ('user:ana', 'org-own', {organization}, 'organization', 7)"
        )
    };
    for organization in ["NULL", "'acme'", "7"] {
        let error = connection.execute_batch(&assign(organization)).unwrap_err().to_string();
        assert!(error.starts_with("role_unknown: "), "{organization}: {error}");
    }
    assert_eq!(dump(&connection), before);
    answer(&connection, "authz_create_role", &[r#"{"slug": "org-own"}"#, "7"]);
    let error = connection.execute_batch(&assign("'acme'")).unwrap_err().to_string();
    assert!(error.starts_with("role_organization: "), "{error}");
    connection.execute_batch(&assign("NULL")).unwrap();
}

#[test]
fn a_later_namesake_inherits_nothing() {
    let connection = open();
    connection
        .execute_batch(
            "INSERT INTO authz_users (id, email) VALUES ('ana', 'ana@acme.test');
             INSERT INTO authz_memberships (user, organization) VALUES ('ana', 'acme');
             INSERT INTO authz_groups (id, organization) VALUES ('eng', 'acme');
             INSERT INTO authz_group_members (group_id, subject) VALUES ('eng', 'user:ana');",
        )
        .unwrap();
    let assign = |subject: &str, resource: &str| {
        connection
            .execute_batch(&format!(
                "INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id) VALUES ('{subject}', {resource})"
            ))
            .unwrap();
    };
    let is_lost = |subject: &str, there_and_back: &str| {
        assert!(check(&connection, subject, "document:read"), "{there_and_back}");
        connection.execute_batch(there_and_back).unwrap();
        assert!(!check(&connection, subject, "document:read"), "{there_and_back}");
    };
    assign("user:ana", "'editor', 'project', 1");
    is_lost("user:ana", "DELETE FROM authz_users WHERE id = 'ana'; INSERT INTO authz_users (id, email) VALUES ('ana', 'ana@acme.test')");
    connection.execute_batch("INSERT INTO authz_group_members (group_id, subject) VALUES ('eng', 'user:ana')").unwrap();
    assign("group:eng", "'editor', 'project', 1");
    is_lost(
        "user:ana",
        "DELETE FROM authz_groups WHERE id = 'eng'; INSERT INTO authz_groups (id) VALUES ('eng');
         INSERT INTO authz_group_members (group_id, subject) VALUES ('eng', 'user:ana')",
    );
    assign("user:ana", "'reader', 'document', 10");
    is_lost(
        "user:ana",
        "DELETE FROM authz_resources WHERE resource_type = 'document';
         INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id) VALUES ('document', 10, 'project', 1)",
    );
    // A permission and what a role held of it.
    assign("user:ana", "'reader', 'document', 10");
    is_lost(
        "user:ana",
        "DELETE FROM authz_permissions WHERE slug = 'document:read';
         INSERT INTO authz_permissions (slug, resource_type) VALUES ('document:read', 'document')",
    );
    // A role that is assigned, and an organization with members or resources, do not go.
    for (statement, code) in [
        ("DELETE FROM authz_roles WHERE slug = 'reader'", "role_has_assignments: "),
        ("DELETE FROM authz_organizations WHERE id = 'acme'", "resource_has_dependents: "),
        ("DELETE FROM authz_resources WHERE resource_type = 'project'", "resource_has_dependents: "),
    ] {
        let error = connection.execute_batch(statement).unwrap_err().to_string();
        assert!(error.starts_with(code), "{statement}: {error}");
    }
}
