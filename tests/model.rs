//! The model document, through SQL.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

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
    let mut statement = db.prepare("SELECT action, kind, name, detail FROM authz_plan(?1)").unwrap();
    statement
        .query_map([document.to_string()], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))
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
        "authz_model_history",
        "_authz_revision",
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
        UNION ALL SELECT slug || ' of ' || resource_type FROM authz_permissions WHERE declared = ?1
        UNION ALL SELECT slug || ' on ' || resource_type FROM authz_roles WHERE declared = ?1
        UNION ALL SELECT role || ' + ' || permission FROM authz_role_permissions WHERE declared = ?1";
    db.prepare(sql).unwrap().query_map([declared], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn names_in(document: &Value) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for (slug, declared) in document["resource_types"].as_object().unwrap() {
        all.insert(slug.clone());
        all.extend(declared["parents"].as_array().unwrap().iter().map(|parent| format!("{slug} < {}", parent.as_str().unwrap())));
    }
    for (slug, declared) in document["permissions"].as_object().unwrap() {
        all.insert(format!("{slug} of {}", declared["resource_type"].as_str().unwrap()));
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
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/gcp-roles/roles.json");
    let Ok(text) = std::fs::read_to_string(path).or_else(|_| std::fs::read_to_string(path.replace("/../", "/../../"))) else {
        eprintln!("SKIPPED: {path} is not there");
        return;
    };
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
    let permissions = prop::collection::btree_map(prop::sample::select(vec!["p", "q", "r"]), of.clone(), 0..4);
    let held = prop::collection::btree_set(prop::sample::select(vec!["p", "q", "r"]), 0..3);
    let roles = prop::collection::btree_map(prop::sample::select(vec!["x", "y", "z"]), (of, held), 0..3);
    (types, permissions, roles).prop_map(|(types, permissions, roles)| {
        let types: Map<String, Value> = types.into_iter().map(|(slug, parents)| (slug.to_owned(), json!({"parents": parents}))).collect();
        let permissions: Map<String, Value> =
            permissions.into_iter().map(|(slug, of)| (slug.to_owned(), json!({"resource_type": of}))).collect();
        let roles: Map<String, Value> =
            roles.into_iter().map(|(slug, (of, held))| (slug.to_owned(), json!({"resource_type": of, "permissions": held}))).collect();
        json!({"resource_types": types, "permissions": permissions, "roles": roles})
    })
}

/// Rows made otherwise, resources and assignments: whichever of them the schema admits.
const OTHERWISE: [&str; 10] = [
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
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_last_document_is_the_model(documents in prop::collection::vec((documents(), any::<u16>()), 1..12)) {
        let db = fresh();
        for (document, mask) in documents {
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
                    // What stood otherwise stands, was taken over or made anew, or is listed as gone.
                    let told: BTreeSet<&str> = planned.iter().map(|row| row.2.as_str()).collect();
                    let now: BTreeSet<String> = names(&db, 0).union(&names(&db, 1)).cloned().collect();
                    for row in otherwise.difference(&now) {
                        let slug = row.split(" of ").next().unwrap().split(" on ").next().unwrap();
                        prop_assert!(told.contains(slug), "{} went untold", row);
                    }
                    prop_assert!(names(&db, 0).is_subset(&otherwise));
                }
                Err(error) => {
                    prop_assert_eq!(planned.unwrap_err(), error.replace("authz_apply", "authz_plan"));
                    // The triggers, whose messages begin with a code, have found nothing.
                    prop_assert!(!["_in_use:", "_unknown:", "_cycle:", "_roots:", "_reach:", "_assignments:", "_immutable:"].iter().any(|code| error.contains(code)), "{}", error);
                    prop_assert_eq!(dump(&db), before);
                }
            }
            for (bit, sql) in OTHERWISE.iter().enumerate() {
                if mask & (1 << bit) != 0 && mask & (1 << 15) != 0 {
                    let _ = db.execute_batch(sql);
                }
            }
        }
    }
}
