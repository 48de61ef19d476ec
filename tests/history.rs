//! `authz_history`: the events about a resource, against a search through all of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod needs;

use authz::rusqlite::types::Value;
use authz::rusqlite::{Connection, params};
use proptest::prelude::*;

fn open() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    let model = r#"{"resource_types": {"document": {"parents": ["organization", "document"], "relations": {"viewer": "[user]"}}},
                    "permissions": {"document:read": {"resource_type": "document"}},
                    "roles": {"reader": {"resource_type": "document", "permissions": ["document:read"]},
                              "owner": {"resource_type": "organization", "permissions": ["document:read"]}}}"#;
    connection.query_row("SELECT authz_apply(?1)", [model], |_| Ok(())).unwrap();
    connection
}

fn history(connection: &Connection, of: &str, id: &Value, before: Option<i64>, limit: Option<i64>) -> Vec<(i64, String)> {
    let mut statement = connection.prepare("SELECT seq, event FROM authz_history(?1, ?2, ?3, ?4)").unwrap();
    statement.query_map(params![of, id, before, limit], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().collect::<Result<_, _>>().unwrap()
}

/// The same by looking at every payload.
fn searched(connection: &Connection, of: &str, id: &str) -> Vec<(i64, String)> {
    let sql = "SELECT seq, event FROM authz_events
               WHERE CAST(data ->> '$.resource_id' AS TEXT) = ?2 AND ifnull(data ->> '$.resource_type_slug', 'organization') = ?1
               ORDER BY seq DESC";
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([of, id], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().collect::<Result<_, _>>().unwrap()
}

/// Statements of which some are refused, which changes nothing.
fn change(connection: &Connection, what: u8, id: u8, integer: bool) {
    let id = if integer { format!("{id}") } else { format!("'{id}'") };
    let sql = match what {
        0 => format!("SELECT authz_put_resource('organization', {id}, NULL, NULL)"),
        1 => format!("SELECT authz_put_resource('document', {id}, 'organization', 1)"),
        2 => format!("SELECT authz_put_resource('document', {id}, 'organization', 1, 'name ' || random())"),
        3 => format!("SELECT authz_grant('user:ana', 'reader', 'document', {id})"),
        4 => format!("SELECT authz_revoke('user:ana', 'reader', 'document', {id})"),
        5 => format!("SELECT authz_relate('user:ben', 'viewer', 'document', {id})"),
        6 => format!("SELECT authz_grant('user:ana', 'owner', 'organization', {id})"),
        7 => format!("UPDATE authz_organizations SET name = random() WHERE id = {id}"),
        8 => format!("SELECT authz_remove_resource('document', {id}, 'cascade')"),
        _ => format!("SELECT authz_remove_resource('organization', {id}, 'cascade')"),
    };
    let _ = connection.execute_batch(&sql);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(needs::cases(48)))]

    #[test]
    fn it_is_what_a_search_through_all_events_finds(changes in prop::collection::vec((0..10_u8, 1..4_u8, any::<bool>()), 0..40), page in 1..5_i64) {
        let connection = open();
        for (what, id, integer) in changes {
            change(&connection, what, id, integer);
        }
        for of in ["organization", "document"] {
            for id in 1..4_i64 {
                let expected = searched(&connection, of, &id.to_string());
                for given in [Value::Integer(id), Value::Text(id.to_string())] {
                    prop_assert_eq!(&history(&connection, of, &given, None, Some(1000)), &expected);
                    let mut paged = Vec::new();
                    loop {
                        let found = history(&connection, of, &given, paged.last().map(|(seq, _)| *seq), Some(page));
                        if found.is_empty() {
                            break;
                        }
                        paged.extend(found);
                    }
                    prop_assert_eq!(&paged, &expected);
                }
            }
        }
    }
}

#[test]
fn what_cannot_be_answered_is_refused_or_empty() {
    let connection = open();
    let none = |sql: &str| connection.prepare(sql).unwrap().query_map([], |_| Ok(())).unwrap().count();
    assert_eq!(none("SELECT 1 FROM authz_history('document', 'nothing')"), 0);
    assert_eq!(none("SELECT 1 FROM authz_history(NULL, 1)"), 0);
    assert_eq!(none("SELECT 1 FROM authz_history('document', NULL)"), 0);
    let refused = |sql: &str| connection.query_row(sql, [], |_| Ok(())).unwrap_err().to_string();
    assert!(refused("SELECT 1 FROM authz_history('documnet', 1)").contains("did you mean `document`?"));
    assert!(refused("SELECT 1 FROM authz_history('document', 1, -1)").contains("0 or more"));
    assert!(refused("SELECT 1 FROM authz_history('document', 1, NULL, 'many')").contains("the limit is no INTEGER"));
    assert!(refused("SELECT 1 FROM authz_history('document', 1.5)").contains("only whole numbers up to 2^53 are ids"));
}

/// A page costs what it costs, however many events are about other things.
#[test]
fn an_index_finds_them() {
    let connection = open();
    let plan = |sql: &str| {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let lines = statement.query_map(params!["document", "1", 1, 9, 9], |row| row.get::<_, String>(3)).unwrap();
        lines.collect::<Result<Vec<_>, _>>().unwrap().join("\n")
    };
    let found = plan(include_str!("../sql/outbox/history/events_of.sql"));
    assert_eq!(found.matches("_authz_outbox_of_resources").count(), 2, "{found}");
    assert_eq!(found.matches("_authz_outbox_on_resources").count(), 2, "{found}");
    assert!(found.contains("_authz_outbox_of_organizations") && !found.contains("SCAN p"), "{found}");
}
