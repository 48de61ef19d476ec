//! OpenFGA's own conformance suite, as far as it is at hand, through SQL as a user would write it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod needs;

use std::collections::BTreeSet;

use authz::rusqlite::{Connection, params};
use serde_json::Value;

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} in {value}"))
}

fn items<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

/// Type and id of `document:1`.
fn object(text: &str) -> (&str, &str) {
    text.split_once(':').unwrap()
}

fn relate(db: &Connection, tuple: &Value) -> Result<(), String> {
    let (resource_type, id) = object(text(tuple, "object"));
    let parameters = params![text(tuple, "user"), text(tuple, "relation"), resource_type, id];
    db.query_row("SELECT authz_relate(?1, ?2, ?3, ?4)", parameters, |_| Ok(())).map_err(|error| error.to_string())
}

fn check(db: &Connection, question: &Value) -> Result<Value, String> {
    let (resource_type, id) = object(text(question, "object"));
    let parameters = params![text(question, "user"), text(question, "relation"), resource_type, id];
    let ask = |sql: &str| db.query_row(sql, parameters, |row| row.get::<_, bool>(0)).map_err(|error| error.to_string());
    let answer = ask("SELECT authz_check(?1, ?2, ?3, ?4)")?;
    assert_eq!(ask("SELECT authz_explain(?1, ?2, ?3, ?4) ->> '$.allowed'")?, answer, "explain and check of {question}");
    Ok(answer.into())
}

/// The list as the suite writes it: sorted, null for none.
fn set(rows: BTreeSet<String>) -> Value {
    if rows.is_empty() { Value::Null } else { rows.into_iter().collect() }
}

fn list_objects(db: &Connection, request: &Value) -> Result<Value, String> {
    let resource_type = text(request, "type");
    let mut statement = db.prepare("SELECT resource_id FROM authz_list_resources(?1, ?2, ?3)").map_err(|error| error.to_string())?;
    let rows = statement.query_map(params![text(request, "user"), text(request, "relation"), resource_type], |row| {
        Ok(match row.get_ref(0)? {
            authz::rusqlite::types::ValueRef::Integer(number) => format!("{resource_type}:{number}"),
            other => format!("{resource_type}:{}", other.as_str()?),
        })
    });
    let rows: Vec<String> = rows.and_then(Iterator::collect).map_err(|error| error.to_string())?;
    let count = rows.len();
    let rows: BTreeSet<String> = rows.into_iter().collect();
    assert_eq!(rows.len(), count, "a resource is listed twice for {request}");
    Ok(set(rows))
}

fn list_users(db: &Connection, request: &Value) -> Result<Value, String> {
    let (resource_type, id) = object(text(request, "object"));
    let mut all = BTreeSet::new();
    for filter in items(request, "filters") {
        let mut statement = db.prepare("SELECT subject FROM authz_list_subjects(?1, ?2, ?3, ?4)").map_err(|error| error.to_string())?;
        let parameters = params![text(request, "relation"), resource_type, id, filter.as_str().unwrap()];
        let rows: Vec<String> =
            statement.query_map(parameters, |row| row.get(0)).and_then(Iterator::collect).map_err(|error| error.to_string())?;
        all.extend(rows);
    }
    Ok(set(all))
}

/// Asks, with the contextual tuples of the assertion in a savepoint of its own.
fn ask(
    db: &Connection,
    assertion: &Value,
    question: &str,
    ask: impl Fn(&Connection, &Value) -> Result<Value, String>,
) -> Result<Value, String> {
    db.execute_batch("SAVEPOINT contextual").unwrap();
    let related = items(assertion, "contextualTuples").iter().try_for_each(|tuple| relate(db, tuple));
    let answer = related.and_then(|()| ask(db, &assertion[question]));
    db.execute_batch("ROLLBACK TO contextual; RELEASE contextual").unwrap();
    answer
}

/// One assertion: what is wrong with the answer, if anything.
fn fault(assertion: &Value, answer: Result<Value, String>) -> Option<String> {
    let mut expected = assertion["expectation"].clone();
    if let Some(list) = expected.as_array() {
        expected = set(list.iter().map(|one| one.as_str().unwrap().to_owned()).collect());
    }
    match (assertion.get("errorCode").is_some(), answer) {
        (true, Err(_)) => None,
        (true, Ok(answer)) => Some(format!("expected an error, got {answer}")),
        (false, Err(error)) => Some(format!("expected {expected}, got the error {error}")),
        (false, Ok(answer)) => (answer != expected).then(|| format!("expected {expected}, got {answer}")),
    }
}

#[test]
fn the_conformance_suite_passes() {
    let Some(suite) = needs::shared_text("openfga/consolidated.json") else { return };
    let suite: Value = serde_json::from_str(&suite).unwrap();
    let (mut asked, mut faults) = (0, Vec::new());
    for test in items(&suite, "tests") {
        let db = Connection::open_in_memory().unwrap();
        authz::register(&db).unwrap();
        db.query_row("SELECT authz_migrate()", [], |_| Ok(())).unwrap();
        for (number, stage) in items(test, "stages").iter().enumerate() {
            let place = format!("{}, stage {number}", text(test, "name"));
            if let Some(model) = stage["model"].as_str() {
                db.query_row("SELECT authz_apply(?1, 'force')", [model], |_| Ok(()))
                    .unwrap_or_else(|error| panic!("{place}: {error}\n{model}"));
                for notation in ["json", "fga"] {
                    let sql = "SELECT count(*) FROM authz_plan(authz_model(?1))";
                    let changes: i64 = db.query_row(sql, [notation], |row| row.get(0)).unwrap();
                    assert_eq!(changes, 0, "{place}: the model does not print as what it is, in {notation}\n{model}");
                }
            }
            for tuple in items(stage, "tuples") {
                relate(&db, tuple).unwrap_or_else(|error| panic!("{place}: {error}"));
            }
            for (kind, question, answer) in [
                ("checkAssertions", "tuple", check as fn(&Connection, &Value) -> Result<Value, String>),
                ("listObjectsAssertions", "request", list_objects),
                ("listUsersAssertions", "request", list_users),
            ] {
                for assertion in items(stage, kind) {
                    asked += 1;
                    if let Some(fault) = fault(assertion, ask(&db, assertion, question, answer)) {
                        faults.push(format!("{place}, {kind} {assertion}: {fault}"));
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "{} of {asked} assertions failed:\n{}", faults.len(), faults.join("\n"));
    assert_eq!(asked, 555);
}
