//! The model document, through SQL.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod needs;

use std::collections::BTreeSet;

use authz::rusqlite::Connection;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn fresh() -> Connection {
    let db = Connection::open_in_memory().unwrap();
    authz::register(&db).unwrap();
    authz::migrate(&db).unwrap();
    db
}

fn apply(db: &Connection, document: &Value) -> Result<Value, String> {
    apply_text(db, &document.to_string())
}

fn apply_text(db: &Connection, document: &str) -> Result<Value, String> {
    db.query_row("SELECT authz_apply(?1)", [document], |row| row.get::<_, String>(0))
        .map(|text| serde_json::from_str(&text).unwrap())
        .map_err(|error| error.to_string())
}

type Rows = Vec<(String, String, String, Option<String>)>;

fn plan(db: &Connection, document: &Value) -> Result<Rows, String> {
    plan_text(db, &document.to_string())
}

fn plan_text(db: &Connection, document: &str) -> Result<Rows, String> {
    let mut statement = db.prepare("SELECT action, kind, name, detail FROM authz_plan(?1)").unwrap();
    statement
        .query_map([document], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))
        .and_then(Iterator::collect)
        .map_err(|error| error.to_string())
}

fn dump(db: &Connection) -> Vec<String> {
    let tables = [
        "authz_resource_types",
        "authz_resource_type_parents",
        "authz_permissions",
        "authz_roles",
        "authz_role_permissions",
        "authz_relations",
        "authz_relation_subjects",
        "authz_relationships",
        "authz_model_history",
        "_authz_changes",
    ];
    let mut all = Vec::new();
    for table in tables {
        let mut statement = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            all.push(format!("{table} {:?}", (0..columns).map(|c| row.get_ref(c).unwrap()).collect::<Vec<_>>()));
        }
    }
    all
}

fn names(db: &Connection, declared: i64) -> BTreeSet<String> {
    let sql = "SELECT slug FROM authz_resource_types WHERE declared = ?1
        UNION ALL SELECT resource_type || ' < ' || parent_type FROM authz_resource_type_parents WHERE declared = ?1
        UNION ALL SELECT slug || ' of ' || resource_type || ifnull(' by ' || relation, '') FROM authz_permissions WHERE declared = ?1
        UNION ALL SELECT resource_type || '#' || relation || ' is ' || definition FROM authz_relations WHERE declared = ?1
        UNION ALL SELECT slug || ' on ' || resource_type FROM authz_roles WHERE declared = ?1
        UNION ALL SELECT role || ' + ' || permission FROM authz_role_permissions WHERE declared = ?1";
    db.prepare(sql).unwrap().query_map([declared], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn names_in(document: &Value) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for (slug, declared) in document["resource_types"].as_object().unwrap() {
        if !["user", "organization"].contains(&slug.as_str()) {
            all.insert(slug.clone());
        }
        let parents = declared["parents"].as_array();
        all.extend(parents.into_iter().flatten().map(|parent| format!("{slug} < {}", parent.as_str().unwrap())));
        let relations = declared["relations"].as_object();
        all.extend(relations.into_iter().flatten().map(|(name, rule)| format!("{slug}#{name} is {}", rule.as_str().unwrap())));
    }
    for (slug, declared) in document["permissions"].as_object().unwrap() {
        let by = declared["relation"].as_str().map_or_else(String::new, |relation| format!(" by {relation}"));
        all.insert(format!("{slug} of {}{by}", declared["resource_type"].as_str().unwrap()));
    }
    for (slug, declared) in document["roles"].as_object().unwrap() {
        all.insert(format!("{slug} on {}", declared["resource_type"].as_str().unwrap()));
        all.extend(declared["permissions"].as_array().unwrap().iter().map(|held| format!("{slug} + {}", held.as_str().unwrap())));
    }
    all
}

fn example() -> Value {
    json!({
        "resource_types": {"workspace": {"parents": ["organization"]}, "project": {"parents": ["workspace"]},
            "document": {"parents": ["project", "document"]}},
        "permissions": {"project:read": {"resource_type": "project"}, "document:read": {"resource_type": "document"}},
        "roles": {"project-editor": {"resource_type": "project", "name": "Project editor", "permissions": ["project:read", "document:read"]}}
    })
}

#[test]
fn a_document_is_applied_once_kept_in_the_history_and_taken_back() {
    let db = fresh();
    let first = apply(&db, &example()).unwrap();
    assert_eq!(first["version"], 1);
    assert_eq!(first["created"].as_array().unwrap().len(), 12);
    assert_eq!(plan(&db, &example()).unwrap(), []);
    assert_eq!(apply(&db, &example()).unwrap(), json!({"version": null, "created": [], "changed": [], "removed": []}));
    let mut renamed = example();
    renamed["roles"]["project-editor"]["name"] = json!("Editor");
    let detail = "name from \"Project editor\" to \"Editor\"";
    let changed =
        json!({"version": 2, "created": [], "changed": [{"kind": "role", "name": "project-editor", "detail": detail}], "removed": []});
    assert_eq!(apply(&db, &renamed).unwrap(), changed);
    assert_eq!(apply(&db, &json!({})).unwrap()["removed"].as_array().unwrap().len(), 12);
    let again: String =
        db.query_row("SELECT authz_apply(document) FROM authz_model_history WHERE version = 1", [], |row| row.get(0)).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&again).unwrap()["version"], 4);
    assert_eq!(names(&db, 1), names_in(&example()));
}

#[test]
fn refusals_name_the_place_and_change_nothing() {
    let db = fresh();
    apply(&db, &example()).unwrap();
    db.execute_batch(
        "INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id) VALUES
           ('organization', 'acme', NULL, NULL), ('workspace', 'w', 'organization', 'acme'), ('project', 7, 'workspace', 'w');
         INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id, expires_at)
         VALUES ('user:ana', 'project-editor', 'project', 7, '2001-01-01T00:00:00.000Z')",
    )
    .unwrap();
    let before = dump(&db);
    let cases = [
        ("{", "the model document is not valid JSON: EOF while parsing an object at line 1 column 1"),
        ("[]", "the model document is an array, and must be an object"),
        (r#"{"rols": {}}"#, "unknown field `rols`; did you mean `roles`?"),
        (r#"{"relations": {}}"#, "unknown field `relations`"),
        (r#"{"roles": {}, "roles": {}}"#, "`roles` is given twice"),
        (
            r#"{"resource_types": {"user": {}}}"#,
            "resource_types.user: `user` is a subject type, known without being declared; it may be given relations, and nothing else",
        ),
        (r#"{"resource_types": {"a": {"parents": ["a", "a"]}}}"#, "resource_types.a.parents: `a` is given twice"),
        (r#"{"resource_types": {"a": {"parents": [1]}}}"#, "resource_types.a.parents[0]: it is a number, and must be a string"),
        (
            r#"{"resource_types": {"a": {"parents": ["b"]}, "b": {"parents": ["a"]}}}"#,
            "resource_types: the parents form a cycle, `a` < `b` < `a`; a type may nest in itself, but types may form no other cycle",
        ),
        (r#"{"permissions": {"p": {}}}"#, "permissions.p: the field `resource_type` is missing; give one"),
        (
            r#"{"roles": {"org-x": {"resource_type": "organization"}}}"#,
            "roles.org-x: slugs that begin with `org-` are kept for the roles of one organization; choose another",
        ),
        (
            r#"{"permissions": {"project:read": {"resource_type": "organization"}}, "roles": {"r": {"resource_type": "organization", "permissions": ["project:raed"]}}}"#,
            "roles.r.permissions: unknown permission `project:raed`; did you mean `project:read`?",
        ),
        (
            r#"{"resource_types": {"t": {}}, "permissions": {"p": {"resource_type": "t"}}, "roles": {"r": {"resource_type": "organization", "permissions": ["p"]}}}"#,
            "roles.r.permissions: permission `p` is of resource type `t`, which is neither `organization`, the type of the role, nor below it",
        ),
        (
            r#"{"resource_types": {"document": {"relations": {"viewer": "[user] or"}}}}"#,
            "resource_types.document.relations.viewer: line 1, column 10: expected the name of a relation, `[` or `(`, found the end",
        ),
        (
            r#"{"resource_types": {"t": {"relations": {"viewer": "[usr]"}}}}"#,
            "resource_types.t.relations.viewer: line 1, column 2: unknown type `usr`; did you mean `user`?",
        ),
        (
            r#"{"resource_types": {"t": {"relations": {"from": "[user]"}}}}"#,
            "resource_types.t.relations: `from` is a word of the modelling language; choose another name for the relation",
        ),
        (
            r#"{"resource_types": {"user": {"relations": {"manager": "[user]"}, "parents": ["organization"]}}}"#,
            "resource_types.user: `user` is a subject type, known without being declared; it may be given relations, and nothing else",
        ),
        (
            r#"{"resource_types": {"t": {"relations": {"p": "[user]"}}}, "permissions": {"p": {"resource_type": "t"}}}"#,
            "`p` is a permission and a relation of resource type `t`, and a check could not tell them apart; name one of them otherwise",
        ),
        (
            r#"{"resource_types": {"t": {"relations": {"viewer": "[user]"}}}, "permissions": {"p": {"resource_type": "t", "relation": "vewer"}}}"#,
            "permissions.p.relation: unknown relation `vewer` of resource type `t`; did you mean `viewer`?",
        ),
        ("model\n  schema 1.1\ntype t\n  relations\n    define a: b", "line 5, column 15: the type `t` has no relation `b`"),
        (
            r#"{"permissions": {"p": {"resource_type": "project"}}}"#,
            "permissions.p.resource_type: resource type `project` was declared by an earlier document, and this one removes it by leaving it out; declare it here too",
        ),
        ("{}", "resource type `project` cannot be removed: it has resources, such as `7`; remove them first"),
        (
            r#"{"resource_types": {"workspace": {"parents": ["organization"]}, "project": {"parents": ["workspace"]}}}"#,
            "role `project-editor` cannot be removed: it is assigned, such as to `user:ana`; revoke it everywhere first",
        ),
        (
            r#"{"resource_types": {"workspace": {"parents": ["organization"]}, "project": {"parents": ["organization"]}}, "roles": {"project-editor": {"resource_type": "project"}}}"#,
            "parent `workspace` of resource type `project` cannot be removed: resources lie under it, such as `7`; move or remove them first",
        ),
    ];
    for (document, sentence) in cases {
        let error = apply_text(&db, document).unwrap_err();
        assert!(error.starts_with(&format!("authz_apply: {sentence}")), "{document}\n{error}");
        assert_eq!(dump(&db), before, "{document}");
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(apply_text(&db, &deep).unwrap_err().contains("nests deeper than 127 levels at line 1 column"));
}

#[test]
fn a_catalogue_of_real_roles_is_applied() {
    let Some(text) = needs::shared_text("gcp-roles/roles.json") else { return };
    let file: Value = serde_json::from_str(&text).unwrap();
    let all: Vec<&str> = file["permissions"].as_array().unwrap().iter().map(|slug| slug.as_str().unwrap()).collect();
    let permissions: Map<String, Value> = all.iter().map(|slug| ((*slug).to_owned(), json!({"resource_type": "organization"}))).collect();
    let held = |role: &Value| -> BTreeSet<String> {
        role["permissions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|index| all[usize::try_from(index.as_u64().unwrap()).unwrap()].to_owned())
            .collect()
    };
    let roles = file["roles"].as_object().unwrap();
    let declared: Map<String, Value> = roles
        .iter()
        .map(|(slug, role)| (slug.clone(), json!({"resource_type": "organization", "name": role["title"], "permissions": held(role)})))
        .collect();
    let document = json!({"permissions": permissions, "roles": declared});
    let db = fresh();
    let start = std::time::Instant::now();
    let answer = apply(&db, &document).unwrap();
    eprintln!("applied in {:?}", start.elapsed());
    assert_eq!(answer["created"].as_array().unwrap().len(), 13_790 + 2_461 + 165_179);
    let start = std::time::Instant::now();
    assert_eq!(plan(&db, &document).unwrap(), []);
    eprintln!("planned in {:?}", start.elapsed());
    let mut read = db.prepare("SELECT permission FROM authz_role_permissions WHERE role = ?1").unwrap();
    for (slug, role) in roles {
        let found: BTreeSet<String> = read.query_map([slug], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        assert_eq!(found, held(role), "{slug}");
    }
}

fn documents() -> impl Strategy<Value = Value> {
    let of = prop::sample::select(vec!["organization", "a", "b", "c", "d"]);
    let types =
        prop::collection::btree_map(prop::sample::select(vec!["a", "b", "c", "d"]), prop::collection::btree_set(of.clone(), 0..3), 0..5);
    let rules = prop::sample::select(vec![
        "[user]",
        "[user, user:*]",
        "[a, a#v]",
        "w",
        "[user] or w",
        "v from w",
        "[b] but not w",
        "v from parent",
    ]);
    let relations = prop::collection::btree_map(prop::sample::select(vec!["v", "w", "p"]), rules, 0..3);
    let relations = prop::collection::btree_map(prop::sample::select(vec!["a", "b", "user", "organization"]), relations, 0..3);
    let by = prop::option::weighted(0.3, prop::sample::select(vec!["v", "w"]));
    let permissions = prop::collection::btree_map(prop::sample::select(vec!["p", "q", "r"]), (of.clone(), by), 0..4);
    let held = prop::collection::btree_set(prop::sample::select(vec!["p", "q", "r"]), 0..3);
    let roles = prop::collection::btree_map(prop::sample::select(vec!["x", "y", "z"]), (of, held), 0..3);
    let tidy = prop::bool::weighted(0.9);
    (types, relations, permissions, roles, tidy).prop_map(|(types, relations, permissions, roles, tidy)| {
        let mut types: Map<String, Value> =
            types.into_iter().map(|(slug, parents)| (slug.to_owned(), json!({"parents": parents}))).collect();
        for (slug, relations) in relations.into_iter().filter(|(_, relations)| !relations.is_empty()) {
            types.entry(slug).or_insert(json!({}))["relations"] = json!(relations);
        }
        let permissions: Map<String, Value> =
            permissions.into_iter().map(|(slug, (of, by))| (slug.to_owned(), json!({"resource_type": of, "relation": by}))).collect();
        let roles: Map<String, Value> =
            roles.into_iter().map(|(slug, (of, held))| (slug.to_owned(), json!({"resource_type": of, "permissions": held}))).collect();
        let mut document = json!({"resource_types": types, "permissions": permissions, "roles": roles});
        if tidy {
            make_names_known(&mut document);
        }
        document
    })
}

/// Most documents name only what they declare, or few would be applied.
fn make_names_known(document: &mut Value) {
    let mut types: Vec<String> = document["resource_types"].as_object().unwrap().keys().cloned().collect();
    types.push("organization".into());
    let is_type = |slug: &Value| types.iter().any(|known| known == slug);
    let permissions: Vec<String> = document["permissions"].as_object().unwrap().keys().cloned().collect();
    for (slug, declared) in document["resource_types"].as_object_mut().unwrap() {
        if let Some(parents) = declared.get_mut("parents") {
            parents
                .as_array_mut()
                .unwrap()
                .retain(|parent| is_type(parent) && parent.as_str().unwrap() <= slug.as_str() || parent == "organization");
        }
        let Some(relations) = declared.get_mut("relations").and_then(Value::as_object_mut) else { continue };
        if relations.values().any(|rule| rule.as_str().unwrap().contains('w')) {
            relations.insert("w".into(), json!(if is_type(&json!("b")) { "[b]" } else { "[user]" }));
        }
        relations.retain(|_, rule| {
            is_type(&json!("b")) && rule != "v from parent"
                || !["from", "[b]", "[a"].iter().any(|part| rule.as_str().unwrap().contains(part))
        });
        relations.remove("p");
    }
    for declared in document["permissions"].as_object_mut().unwrap().values_mut() {
        if !is_type(&declared["resource_type"]) {
            declared["resource_type"] = json!("organization");
        }
    }
    let types = document["resource_types"].clone();
    for declared in document["permissions"].as_object_mut().unwrap().values_mut() {
        let (of, by) = (declared["resource_type"].as_str().unwrap(), declared["relation"].as_str());
        if by.is_some_and(|by| types[of]["relations"].get(by).is_none()) {
            declared["relation"] = Value::Null;
        }
    }
    for declared in document["roles"].as_object_mut().unwrap().values_mut() {
        declared["permissions"].as_array_mut().unwrap().retain(|held| permissions.iter().any(|known| known == held));
        declared["resource_type"] = json!("organization");
    }
}

/// Rows made otherwise, resources and assignments: whichever of them the schema admits.
const OTHERWISE: [&str; 15] = [
    "INSERT INTO authz_resource_types (slug) VALUES ('b')",
    "INSERT INTO authz_resource_type_parents (resource_type, parent_type) VALUES ('a', 'b')",
    "INSERT INTO authz_permissions (slug, resource_type) VALUES ('q', 'a')",
    "INSERT INTO authz_roles (slug, resource_type) VALUES ('y', 'organization')",
    "INSERT INTO authz_role_permissions (role, permission) VALUES ('y', 'p')",
    "INSERT INTO authz_role_permissions (role, permission) VALUES ('x', 'q')",
    "INSERT INTO authz_resources (resource_type, resource_id) VALUES ('organization', 1)",
    "INSERT INTO authz_resources (resource_type, resource_id) VALUES ('a', 1)",
    "INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id) VALUES ('c', 1, 'organization', 1)",
    "INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id) VALUES ('a:1', 'x', 'organization', 1)",
    "INSERT INTO authz_relations (resource_type, relation, definition) VALUES ('b', 'w', '[user]')",
    "INSERT INTO authz_relations (resource_type, relation, definition) VALUES ('a', 'v', 'w')",
    "UPDATE authz_permissions SET relation = 'v' WHERE slug = 'q'",
    "INSERT INTO authz_relationships (subject, relation, resource_type, resource_id) VALUES ('user:ana', 'v', 'a', 1)",
    "INSERT INTO authz_relationships (subject, relation, resource_type, resource_id) VALUES ('a:1#v', 'w', 'b', 1)",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: needs::cases(150), ..ProptestConfig::default() })]

    #[test]
    fn the_last_document_is_the_model(documents in prop::collection::vec((documents(), any::<u16>(), prop::bool::weighted(0.2)), 1..12)) {
        let db = fresh();
        for (document, mask, force) in documents {
            let before = dump(&db);
            let otherwise = names(&db, 0);
            let planned = plan(&db, &document);
            prop_assert_eq!(&dump(&db), &before);
            match apply(&db, &document) {
                Ok(answer) => {
                    let planned = planned.unwrap();
                    for (action, key) in [("create", "created"), ("change", "changed"), ("remove", "removed")] {
                        let rows: Vec<_> = planned.iter().filter(|row| row.0 == action).map(|row| json!([row.1, row.2, row.3])).collect();
                        let said: Vec<_> = answer[key].as_array().unwrap().iter().map(|e| json!([e["kind"], e["name"], e["detail"]])).collect();
                        prop_assert_eq!(rows, said);
                    }
                    prop_assert_eq!(names(&db, 1), names_in(&document));
                    prop_assert_eq!(plan(&db, &document).unwrap(), []);
                    for notation in ["json", "fga"] {
                        let printed: String = db.query_row("SELECT authz_model(?1)", [notation], |row| row.get(0)).unwrap();
                        prop_assert_eq!(plan_text(&db, &printed).unwrap(), [], "{}", printed);
                    }
                    // What stood otherwise stands, was taken over or made anew, or is listed as gone.
                    let told: BTreeSet<&str> = planned.iter().map(|row| row.2.as_str()).collect();
                    let now: BTreeSet<String> = names(&db, 0).union(&names(&db, 1)).cloned().collect();
                    for row in otherwise.difference(&now) {
                        let slug = [" of ", " on ", " is "].iter().fold(row.as_str(), |row, word| row.split(word).next().unwrap());
                        prop_assert!(told.contains(slug), "{} went untold", row);
                    }
                    prop_assert!(names(&db, 0).is_subset(&otherwise));
                }
                Err(error) => {
                    prop_assert_eq!(planned.unwrap_err(), error.replace("authz_apply", "authz_plan"));
                    // The triggers, whose messages begin with a code, have found nothing.
                    prop_assert!(!["_in_use:", "_unknown:", "_cycle:", "_roots:", "_reach:", "_assignments:", "_immutable:", "_conflict:"].iter().any(|code| error.contains(code)), "{}", error);
                    prop_assert_eq!(dump(&db), before);
                }
            }
            // By force nothing that is stored can stand in the way, save what lies in a resource and what was made otherwise.
            if force && let Err(error) = db.query_row("SELECT authz_apply(?1, 'force')", [document.to_string()], |_| Ok(())) {
                let error = error.to_string();
                prop_assert!(!error.contains("revoke it everywhere") && !error.contains("it has resources") && !error.contains("'force'"), "{}", error);
            }
            for (bit, sql) in OTHERWISE.iter().enumerate() {
                if mask & (1 << bit) != 0 && mask & (1 << 15) != 0 {
                    let _ = db.execute_batch(sql);
                }
            }
        }
    }
}

#[test]
fn a_type_of_which_nothing_could_be_put_is_refused() {
    let db = fresh();
    let before = dump(&db);
    let sentence = "resource_types.folder.parents: a `folder` could lie in another `folder` only, so that the first could never be put; add the type that the topmost lie in, such as `organization`";
    for types in [
        json!({"folder": {"parents": ["folder"]}}),
        json!({"document": {"parents": ["folder", "document"]}, "folder": {"parents": ["folder"]}}),
    ] {
        let document = json!({"resource_types": types});
        assert_eq!(apply(&db, &document).unwrap_err(), format!("authz_apply: {sentence}"));
        assert_eq!(plan(&db, &document).unwrap_err(), format!("authz_plan: {sentence}"));
    }
    assert_eq!(dump(&db), before);
    // A type without parents is a top itself, and one that a row made otherwise leads up from is reached.
    apply(&db, &json!({"resource_types": {"drive": {}, "folder": {"parents": ["folder", "drive"]}}})).unwrap();
    db.execute_batch(
        "INSERT INTO authz_resource_types (slug) VALUES ('shelf');
         INSERT INTO authz_resource_type_parents (resource_type, parent_type) VALUES ('shelf', 'organization')",
    )
    .unwrap();
    apply(&db, &json!({"resource_types": {"shelf": {"parents": ["shelf"]}}})).unwrap();
}
