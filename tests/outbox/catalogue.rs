//! A real catalogue: Google Cloud's roles, by one call and row by row.

use std::collections::BTreeMap;

use authz::rusqlite::Connection;
use serde_json::{Value, json};

use crate::{last_seq, needs, open};

/// Each role with its permissions, or `None` where the data of the tests is not at hand.
fn roles() -> Option<BTreeMap<String, Vec<String>>> {
    let file: Value = serde_json::from_str(&needs::shared_text("gcp-roles/roles.json")?).unwrap();
    let permission = |index: &Value| file["permissions"][index.as_u64().unwrap() as usize].as_str().unwrap().to_owned();
    let held = |role: &Value| role["permissions"].as_array().unwrap().iter().map(permission).collect();
    Some(file["roles"].as_object().unwrap().iter().map(|(slug, role)| (slug.clone(), held(role))).collect())
}

/// The first event of each role that the outbox tells of last, by slug, with its list.
fn told(connection: &Connection, slug: &str) -> Vec<String> {
    let sql = "SELECT data FROM authz_events WHERE seq = (
        SELECT max(seq) FROM _authz_outbox WHERE event IS NOT NULL AND id = (SELECT id FROM authz_roles WHERE slug = ?1))";
    let data: String = connection.query_row(sql, [slug], |row| row.get(0)).unwrap();
    let data: Value = serde_json::from_str(&data).unwrap();
    data["permissions"].as_array().unwrap().iter().map(|slug| slug.as_str().unwrap().to_owned()).collect()
}

#[test]
fn in_one_call_it_is_one_event_for_each_object() {
    let Some(mut roles) = roles() else { return };
    // All of it takes ten seconds in a debug build; tests/model.rs applies it whole.
    roles.retain(|_, held| held.len() < 40);
    let permissions: serde_json::Map<String, Value> =
        roles.values().flatten().map(|slug| (slug.clone(), json!({"resource_type": "organization"}))).collect();
    let count = permissions.len() + roles.len();
    let declared: serde_json::Map<String, Value> =
        roles.iter().map(|(slug, held)| (slug.clone(), json!({"resource_type": "organization", "permissions": held}))).collect();
    let document = json!({"permissions": permissions, "roles": declared}).to_string();
    let connection = open();
    let before = last_seq(&connection);
    connection.query_row("SELECT authz_apply(?1)", [&document], |_| Ok(())).unwrap();
    let events: i64 = connection.query_row("SELECT count(*) FROM authz_events WHERE seq > ?1", [before], |row| row.get(0)).unwrap();
    assert_eq!(events as usize, count + 1);
    let last = last_seq(&connection);
    connection.query_row("SELECT authz_apply(?1)", [&document], |_| Ok(())).unwrap();
    assert_eq!(last_seq(&connection), last);
    for (slug, held) in roles.iter().step_by(50) {
        let mut held = held.clone();
        held.sort();
        assert_eq!(told(&connection, slug), held, "{slug}");
    }
}

#[test]
fn row_by_row_it_fills_less_than_a_hundred_megabytes() {
    let Some(roles) = roles() else { return };
    let connection = open();
    connection.execute_batch("BEGIN").unwrap();
    let mut permission = connection.prepare("INSERT OR IGNORE INTO authz_permissions (slug) VALUES (?1)").unwrap();
    for slug in roles.values().flatten() {
        permission.execute([slug]).unwrap();
    }
    let pages = || connection.query_row("PRAGMA page_count", [], |row| row.get::<_, i64>(0)).unwrap();
    let before = pages();
    let mut role = connection.prepare("INSERT INTO authz_roles (slug) VALUES (?1)").unwrap();
    let mut holds = connection.prepare("INSERT INTO authz_role_permissions (role, permission) VALUES (?1, ?2)").unwrap();
    for (slug, held) in &roles {
        role.execute([slug]).unwrap();
        for permission in held {
            holds.execute([slug, permission]).unwrap();
        }
    }
    connection.execute_batch("COMMIT").unwrap();
    // With what the relations themselves take.
    let filled = (pages() - before) * 4096;
    assert!(filled < 100_000_000, "{filled}");
    let rows: i64 = connection.query_row("SELECT count(*) FROM _authz_outbox WHERE event = 'role.updated'", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 165_179);
    // The largest: 13,568 events, of which none stores the list.
    let mut owner = roles["roles/owner"].clone();
    owner.sort();
    assert_eq!(told(&connection, "roles/owner"), owner);
    let at = "SELECT json_array_length(data -> 'permissions'), json_array_length(context -> '$.previous_attributes.permissions')
              FROM authz_events WHERE seq = (SELECT seq FROM _authz_outbox
                WHERE event IS NOT NULL AND id = (SELECT id FROM authz_roles WHERE slug = 'roles/owner') ORDER BY seq LIMIT 1 OFFSET 1000)";
    let lengths: (i64, i64) = connection.query_row(at, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(lengths, (1000, 999));
}
