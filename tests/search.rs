//! Search: what is found, in which order, by whom; and that nothing shows what the viewer may not see.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use authz::rusqlite::{Connection, params};
use serde_json::{Value, json};

fn open() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    connection
}

const MODEL: &str = r#"{
  "resource_types": {
    "organization": {"search": true},
    "workspace": {"parents": ["organization"], "search": true},
    "project": {"parents": ["workspace"], "search": "project:read"},
    "document": {"parents": ["project", "document"], "search": "document:read"},
    "secret": {"parents": ["project"]}},
  "permissions": {
    "project:read": {"resource_type": "project"},
    "document:read": {"resource_type": "document"}, "document:edit": {"resource_type": "document"},
    "secret:read": {"resource_type": "secret"}},
  "roles": {
    "member": {"resource_type": "organization", "permissions": ["project:read", "document:read", "secret:read"]},
    "editor": {"resource_type": "project", "permissions": ["document:read", "document:edit"]},
    "reader": {"resource_type": "document", "permissions": ["document:read"]}}}"#;

/// Two organizations; Ana sees the first, Ben one project of it, Cleo one document.
fn product() -> Connection {
    let connection = open();
    connection.query_row("SELECT authz_apply(?1)", [MODEL], |_| Ok(())).unwrap();
    for (resource_type, id, parent, name) in [
        ("organization", json!("acme"), None, "Acme"),
        ("organization", json!("globex"), None, "Globex"),
        ("workspace", json!("product"), Some(("organization", json!("acme"))), "Product"),
        ("workspace", json!("labs"), Some(("organization", json!("globex"))), "Labs"),
        ("project", json!(1), Some(("workspace", json!("product"))), "Design"),
        ("project", json!(2), Some(("workspace", json!("product"))), "Legal"),
        ("project", json!(3), Some(("workspace", json!("labs"))), "Design"),
        ("document", json!("d-logo"), Some(("project", json!(1))), "Logo"),
        ("document", json!("d-logo-old"), Some(("document", json!("d-logo"))), "Logo of 1998"),
        ("document", json!("d-nda"), Some(("project", json!(2))), "Non-disclosure agreement"),
        ("document", json!("d-cafe"), Some(("project", json!(2))), "Café lease"),
        ("document", json!("d-fusion"), Some(("project", json!(3))), "Logo study"),
        ("document", json!(42), Some(("project", json!(2))), "ana@acme.com"),
        ("secret", json!("s"), Some(("project", json!(1))), "Logo password"),
    ] {
        let value = |json: &Value| match json {
            Value::Number(number) => authz::rusqlite::types::Value::Integer(number.as_i64().unwrap()),
            text => authz::rusqlite::types::Value::Text(text.as_str().unwrap().to_owned()),
        };
        let (parent_type, parent_id) = parent.map_or((None, authz::rusqlite::types::Value::Null), |(t, id)| (Some(t), value(&id)));
        connection
            .query_row(
                "SELECT authz_put_resource(?1, ?2, ?3, ?4, ?5)",
                params![resource_type, value(&id), parent_type, parent_id, name],
                |_| Ok(()),
            )
            .unwrap();
    }
    connection
        .execute_batch(
            "SELECT authz_grant('user:ana', 'member', 'organization', 'acme'), authz_grant('user:ben', 'editor', 'project', 1),
                    authz_grant('user:cleo', 'reader', 'document', 'd-fusion'), authz_grant('user:dan', 'member', 'organization', 'globex');",
        )
        .unwrap();
    connection
}

/// Type and title of every row, as `document Logo`.
fn found(connection: &Connection, query: &str, subject: &str) -> Vec<String> {
    let mut statement = connection.prepare("SELECT ifnull(resource_type, kind) || ' ' || title FROM authz_search(?1, ?2)").unwrap();
    let rows = statement.query_map([query, subject], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[test]
fn smoke() {
    let c = product();
    for (q, s) in [
        ("logo", "user:ana"),
        ("nda", "user:ana"),
        ("cafe", "user:ana"),
        ("acme/design/logo", "user:ana"),
        ("design/logo", "user:ben"),
        ("acme/logo", "user:cleo"),
        ("globex", "user:cleo"),
        ("logo", "user:cleo"),
        ("42", "user:ana"),
        ("d-nda", "user:ana"),
        ("lgoo", "user:ana"),
        ("design", "user:ben"),
        ("product", "user:ben"),
    ] {
        println!("{q} {s}: {:?}", found(&c, q, s));
    }
    let mut st = c.prepare("SELECT kind||'|'||ifnull(resource_type,'-')||'|'||id||'|'||title||'|'||ifnull(subtitle,'-')||'|'||score||'|'||matches||'|'||target FROM authz_search_all('logo')").unwrap();
    for r in st.query_map([], |r| r.get::<_, String>(0)).unwrap() {
        println!("{}", r.unwrap());
    }
    println!("indexed {}", c.query_row("SELECT authz_index_search()", [], |r| r.get::<_, i64>(0)).unwrap());
    for r in st.query_map([], |r| r.get::<_, String>(0)).unwrap() {
        println!("{}", r.unwrap());
    }
    let mut st = c.prepare("SELECT kind||'|'||ifnull(resource_type,'-')||'|'||id||'|'||title||'|'||ifnull(subtitle,'-')||'|'||score||'|'||matches||'|'||target FROM authz_search_all('role')").unwrap();
    for r in st.query_map([], |r| r.get::<_, String>(0)).unwrap() {
        println!("{}", r.unwrap());
    }
}
