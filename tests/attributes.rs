//! Attributes: definitions, mappings and values through SQL; what memberships show, and what the outbox tells of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod needs;

use authz::rusqlite::types::Value as Cell;
use authz::rusqlite::{Connection, params};
use serde_json::{Value, json};

fn open() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    connection
        .execute_batch(
            "INSERT INTO authz_organizations (id) VALUES ('acme'), (7);
             INSERT INTO authz_users (id, email) VALUES ('ana', 'ana@acme.test'), ('bo', 'bo@acme.test');
             INSERT INTO authz_memberships (id, user, organization) VALUES ('om_ana', 'ana', 'acme'), ('om_bo', 'bo', 7);",
        )
        .unwrap();
    // A provider for mappings to name.
    connection.execute_batch("INSERT INTO authz_connections (id, organization, type) VALUES ('dir_1', 'acme', 'GenericSAML')").unwrap();
    connection
}

fn number(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

fn refusal(connection: &Connection, sql: &str) -> String {
    connection.query_row(sql, [], |row| row.get::<_, Cell>(0)).expect_err(sql).to_string()
}

/// What a membership shows.
fn shown(connection: &Connection, user: &str) -> Value {
    let sql = "SELECT custom_attributes FROM authz_memberships WHERE user = ?1";
    serde_json::from_str(&connection.query_row(sql, [user], |row| row.get::<_, String>(0)).unwrap()).unwrap()
}

fn rows(connection: &Connection, sql: &str) -> Vec<Vec<Cell>> {
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| (0..columns).map(|index| row.get(index)).collect());
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

/// The events after a number: name, data, context.
fn events_after(connection: &Connection, seq: i64) -> Vec<(String, Value, Value)> {
    let mut statement = connection.prepare("SELECT event, data, ifnull(context, 'null') FROM authz_events WHERE seq > ?1").unwrap();
    let json = |text: String| serde_json::from_str(&text).unwrap();
    let rows = statement.query_map([seq], |row| Ok((row.get(0)?, json(row.get(1)?), json(row.get(2)?)))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

fn last_seq(connection: &Connection) -> i64 {
    number(connection, "SELECT ifnull(max(seq), 0) FROM authz_events")
}

#[test]
fn definitions_begin_with_those_of_the_reference() {
    let connection = open();
    let names = |kind: &str| -> Vec<String> {
        let mut statement = connection.prepare("SELECT name FROM authz_attribute_definitions WHERE kind = ?1 ORDER BY name").unwrap();
        statement.query_map([kind], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    assert_eq!(names("standard"), ["email", "first_name", "idp_id", "last_name", "state"]);
    assert_eq!(
        names("predefined"),
        [
            "addresses",
            "cost_center_name",
            "department_name",
            "division_name",
            "emails",
            "employee_number",
            "employee_type",
            "employment_start_date",
            "job_title",
            "manager_email",
            "organization",
            "username"
        ]
    );
    assert_eq!(number(&connection, "SELECT sum(shown) FROM authz_attribute_definitions"), 0);
    for (call, changed) in [
        ("authz_define_attribute('job_title')", 1),
        ("authz_define_attribute('job_title')", 0),
        ("authz_define_attribute('emails', '{\"type\": \"array\"}')", 1),
        ("authz_define_attribute('level', '{\"type\": \"number\", \"description\": \"Seniority\"}')", 1),
        ("authz_define_attribute('level')", 0),
        ("authz_define_attribute('level', '{\"type\": \"string\"}')", 1),
        ("authz_define_attribute('level', '{\"description\": null}')", 1),
        ("authz_define_attribute('plain', NULL)", 1),
        ("authz_undefine_attribute('job_title')", 1),
        ("authz_undefine_attribute('job_title')", 0),
        ("authz_undefine_attribute('plain')", 1),
    ] {
        assert_eq!(number(&connection, &format!("SELECT {call}")), changed, "{call}");
    }
    let all = rows(&connection, "SELECT name, kind, type, description FROM authz_attribute_definitions WHERE shown = 1 ORDER BY name");
    assert_eq!(
        all,
        [
            vec![text("emails"), text("predefined"), text("array"), text("All e-mail addresses")],
            vec![text("level"), text("custom"), text("string"), Cell::Null],
        ]
    );
}

#[test]
fn what_makes_no_sense_is_refused() {
    let connection = open();
    connection.execute_batch("SELECT authz_define_attribute('level')").unwrap();
    for (call, told) in [
        ("authz_define_attribute('email')", "`email` is a standard attribute"),
        ("authz_undefine_attribute('email')", "`email` is a standard attribute"),
        ("authz_undefine_attribute('levle')", "unknown attribute `levle`; did you mean `level`?"),
        ("authz_undefine_attribute('zzz')", "define it first"),
        ("authz_define_attribute('job_title', '{\"type\": \"number\"}')", "is of type `string`"),
        ("authz_define_attribute('x', '{\"type\": \"strin\"}')", "did you mean `string`?"),
        ("authz_define_attribute('x', '{\"typ\": \"string\"}')", "unknown field"),
        ("authz_define_attribute('x', '{\"type\": \"string\", \"type\": \"number\"}')", "given twice"),
        ("authz_define_attribute('x', '[]')", "must be an object"),
        ("authz_define_attribute('x', '{')", "not valid JSON"),
        ("authz_define_attribute('a b')", "not a valid slug"),
        ("authz_define_attribute('')", "not a valid slug"),
        ("authz_define_attribute(NULL)", "is NULL"),
        ("authz_map_attribute('dir_1', 'job_title', 'title')", "switches it on"),
        ("authz_map_attribute('dir_1', 'nothing', 'title')", "unknown attribute"),
        ("authz_map_attribute('dir_1', 'level', 'emails[type eq')", "a `[` is not closed"),
        ("authz_map_attribute('dir_1', 'level', '')", "it is empty"),
        ("authz_map_attribute('', 'level', 'x')", "an id has 1 to 256"),
        ("authz_map_attribute(NULL, 'level', 'x')", "is NULL"),
        ("authz_set_attributes('ana', 'acme', 'sso', '{\"levle\": 1}')", "did you mean `level`?"),
        ("authz_set_attributes('ana', 'acme', 'sso', '{\"level\": \"a\", \"level\": \"b\"}')", "given twice"),
        ("authz_set_attributes('ana', 'acme', 'sso', '{\"job_title\": \"x\"}')", "switches it on"),
        ("authz_set_attributes('ana', 'acme', 'sso', '\"x\"')", "must be an object"),
        ("authz_set_attributes('ana', 'acme', 'dirctory', '{}')", "did you mean `directory`?"),
        ("authz_set_attributes('ana', 'acme', 'zzz', '{}')", "it is `directory` or `sso`"),
        ("authz_set_attributes('nobody', 'acme', 'sso', '{}')", "unknown user `nobody`"),
        ("authz_set_attributes('ana', 'nowhere', 'sso', '{}')", "unknown organization `nowhere`"),
    ] {
        let before = last_seq(&connection);
        let said = refusal(&connection, &format!("SELECT {call}"));
        assert!(said.contains(told), "{call}: {said}");
        assert!(said.starts_with(call.split('(').next().unwrap()), "{said}");
        assert_eq!(last_seq(&connection), before, "{call}");
    }
    assert_eq!(number(&connection, "SELECT count(*) FROM _authz_attribute_holders"), 0);
}

#[test]
fn values_that_an_application_sets_show_on_the_membership_at_once() {
    let connection = open();
    connection
        .execute_batch("SELECT authz_define_attribute('department'), authz_define_attribute('level', '{\"type\": \"number\"}')")
        .unwrap();
    assert_eq!(shown(&connection, "ana"), json!({}));
    let before = last_seq(&connection);
    let set = |source: &str, json: Option<&str>| -> i64 {
        let sql = "SELECT authz_set_attributes('ana', 'acme', ?1, ?2)";
        connection.query_row(sql, params![source, json], |row| row.get(0)).unwrap()
    };
    assert_eq!(set("sso", Some(r#"{"department": "Tax", "email": "ana@idp.test"}"#)), 1);
    assert_eq!(shown(&connection, "ana"), json!({"department": "Tax", "level": null}));
    let events = events_after(&connection, before);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].0, "organization_membership.updated");
    assert_eq!(events[0].1["custom_attributes"], json!({"department": "Tax", "level": null}));
    assert_eq!(events[0].2["previous_attributes"], json!({"custom_attributes": {}}));
    assert_eq!(set("sso", Some(r#"{"department": "Tax", "email": "ana@idp.test"}"#)), 0);
    assert_eq!(events_after(&connection, before).len(), 1);
    // A directory's win as a whole: what it does not tell is null, not what the sign-in told.
    assert_eq!(set("directory", Some(r#"{"level": 3}"#)), 1);
    assert_eq!(shown(&connection, "ana"), json!({"department": null, "level": 3}));
    assert_eq!(set("sso", Some(r#"{"department": "Law"}"#)), 0);
    assert_eq!(shown(&connection, "ana"), json!({"department": null, "level": 3}));
    let told = rows(&connection, "SELECT name, value, source, provider FROM authz_attributes('ana', 'acme') WHERE value IS NOT NULL");
    assert_eq!(told, [vec![text("level"), Cell::Integer(3), text("directory"), Cell::Null]]);
    assert_eq!(set("directory", None), 1);
    assert_eq!(shown(&connection, "ana"), json!({"department": "Law", "level": null}));
    assert_eq!(set("sso", None), 1);
    assert_eq!(set("sso", None), 0);
    assert_eq!(shown(&connection, "ana"), json!({}));
    assert_eq!(number(&connection, "SELECT count(*) FROM authz_attributes('ana', 'acme')"), 0);
}

#[test]
fn a_wrong_type_is_null_and_listed_until_it_is_right() {
    let connection = open();
    connection
        .execute_batch(
            "SELECT authz_define_attribute('level', '{\"type\": \"number\"}'), authz_define_attribute('tags', '{\"type\": \"array\"}')",
        )
        .unwrap();
    connection.execute_batch(r#"SELECT authz_set_attributes('bo', '7', 'sso', '{"level": "3", "tags": {"a": [1]}}')"#).unwrap();
    assert_eq!(shown(&connection, "bo"), json!({"level": null, "tags": null}));
    let problems = "SELECT name, type, found, user, organization, source, provider, key FROM authz_attribute_problems() ORDER BY name";
    assert_eq!(
        rows(&connection, problems),
        [
            vec![text("level"), text("number"), text("\"3\""), text("bo"), Cell::Integer(7), text("sso"), Cell::Null, text("bo")],
            vec![text("tags"), text("array"), text("{\"a\":[1]}"), text("bo"), Cell::Integer(7), text("sso"), Cell::Null, text("bo")],
        ]
    );
    // The payload was kept as it came: another type makes the value right.
    let before = last_seq(&connection);
    connection.execute_batch(r#"SELECT authz_define_attribute('level', '{"type": "string"}')"#).unwrap();
    assert_eq!(shown(&connection, "bo"), json!({"level": "3", "tags": null}));
    assert_eq!(rows(&connection, problems).len(), 1);
    let events = events_after(&connection, before);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].2["previous_attributes"]["custom_attributes"]["level"], Value::Null);
    connection.execute_batch("SELECT authz_undefine_attribute('tags')").unwrap();
    assert_eq!(shown(&connection, "bo"), json!({"level": "3"}));
    assert!(rows(&connection, problems).is_empty());
}

#[test]
fn values_have_the_types_of_sql() {
    let connection = open();
    for (name, kind) in
        [("s", "string"), ("i", "number"), ("r", "number"), ("b", "boolean"), ("a", "array"), ("o", "object"), ("n", "string")]
    {
        connection.query_row("SELECT authz_define_attribute(?1, json_object('type', ?2))", [name, kind], |_| Ok(())).unwrap();
    }
    let json = r#"{"s": "é\u0000", "i": -9, "r": 1.5, "b": true, "a": [1, "x"], "o": {"k": null}, "email": "a@b.test"}"#;
    connection.query_row("SELECT authz_set_attributes('ana', 'acme', 'sso', ?1)", [json], |_| Ok(())).unwrap();
    assert_eq!(
        rows(
            &connection,
            "SELECT name, value, length(last_seen_at) FROM authz_attributes('ana', 'acme') WHERE length(name) = 1 OR name = 'email'"
        ),
        [
            vec![text("a"), text("[1,\"x\"]"), Cell::Integer(24)],
            vec![text("b"), Cell::Integer(1), Cell::Integer(24)],
            vec![text("email"), text("a@b.test"), Cell::Integer(24)],
            vec![text("i"), Cell::Integer(-9), Cell::Integer(24)],
            vec![text("n"), Cell::Null, Cell::Integer(24)],
            vec![text("o"), text("{\"k\":null}"), Cell::Integer(24)],
            vec![text("r"), Cell::Real(1.5), Cell::Integer(24)],
            vec![text("s"), text("é\0"), Cell::Integer(24)],
        ]
    );
    // Standard attributes are fields of their own, and not among what a membership shows.
    assert!(shown(&connection, "ana").get("email").is_none());
    assert_eq!(number(&connection, "SELECT count(*) FROM authz_attributes('ana', 'acme') AS a JOIN authz_users AS u ON u.id = 'ana'"), 12);
    assert_eq!(number(&connection, "SELECT count(*) FROM authz_attributes('nobody', 'acme')"), 0);
    assert_eq!(number(&connection, "SELECT count(*) FROM authz_attributes('ana', 'nowhere')"), 0);
    assert_eq!(number(&connection, "SELECT count(*) FROM authz_attributes(NULL, 'acme')"), 0);
}

/// What a call of the library would record for a directory user.
fn holder(connection: &Connection, provider: &str, key: &str, user: &str, raw: &str) {
    let sql = "INSERT INTO _authz_attribute_holders
        (provider, source, key, organization, user, raw, attributes, shown, problems, seen, last_seen_at)
        VALUES (?1, 'directory', ?2, 'acme', ?3, ?4, '{}', '{}', NULL, 1, '2026-12-01T09:30:00.000Z')";
    connection.execute(sql, params![provider, key, user, raw]).unwrap();
}

const SCIM: &str = r#"{"userName": "ana", "title": "Clerk", "emails": [{"type": "home", "value": "a@home.test"}, {"type": "work", "value": "a@acme.test"}],
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Tax"}}"#;

#[test]
fn a_mapping_holds_at_once_for_what_was_told_before() {
    let connection = open();
    holder(&connection, "dir_1", "du_1", "ana", SCIM);
    holder(&connection, "dir_2", "du_2", "bo", SCIM);
    connection.execute_batch("SELECT authz_define_attribute('job_title'), authz_define_attribute('mail')").unwrap();
    assert_eq!(shown(&connection, "ana"), json!({"job_title": "Clerk", "mail": null}));
    let map = |name: &str, path: Option<&str>| -> (i64, usize) {
        let before = last_seq(&connection);
        let sql = "SELECT authz_map_attribute('dir_1', ?1, ?2)";
        let changed = connection.query_row(sql, params![name, path], |row| row.get(0)).unwrap();
        (changed, events_after(&connection, before).len())
    };
    assert_eq!(map("mail", Some("emails[type eq \"work\"].value")), (1, 1));
    assert_eq!(shown(&connection, "ana"), json!({"job_title": "Clerk", "mail": "a@acme.test"}));
    assert_eq!(map("mail", Some("emails[type eq \"work\"].value")), (0, 0));
    assert_eq!(map("job_title", Some("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department")), (1, 1));
    assert_eq!(shown(&connection, "ana"), json!({"job_title": "Tax", "mail": "a@acme.test"}));
    // The same value by another way is no change of the membership.
    assert_eq!(map("mail", Some("emails.1.value")), (1, 0));
    assert_eq!(map("mail", Some("nowhere")), (1, 1));
    assert_eq!(map("job_title", None), (1, 1));
    assert_eq!(map("job_title", None), (0, 0));
    assert_eq!(shown(&connection, "ana"), json!({"job_title": "Clerk", "mail": null}));
    assert_eq!(
        rows(&connection, "SELECT provider, name, path FROM authz_attribute_mappings"),
        [vec![text("dir_1"), text("mail"), text("nowhere")]]
    );
    let other: String =
        connection.query_row("SELECT shown FROM _authz_attribute_holders WHERE key = 'du_2'", [], |row| row.get(0)).unwrap();
    assert_eq!(other, r#"{"job_title":"Clerk","mail":null}"#);
    connection.execute_batch("SELECT authz_undefine_attribute('mail')").unwrap();
    assert_eq!(number(&connection, "SELECT count(*) FROM authz_attribute_mappings"), 0);
    // A new definition is one event for each membership that shows it, however many holders there are.
    for key in 0..2000 {
        holder(&connection, &format!("dir_{}", key % 3), &format!("more_{key}"), "nobody", SCIM);
    }
    let before = last_seq(&connection);
    connection.execute_batch("SELECT authz_define_attribute('username')").unwrap();
    assert_eq!(events_after(&connection, before).len(), 1);
    let with = "SELECT count(*) FROM _authz_attribute_holders WHERE shown = '{\"job_title\":\"Clerk\",\"username\":\"ana\"}'";
    assert_eq!(number(&connection, with), 2002);
}

#[test]
fn a_membership_that_comes_later_takes_on_what_is_known_and_values_go_with_it() {
    let connection = open();
    connection
        .execute_batch("SELECT authz_define_attribute('x'); INSERT INTO authz_users (id, email) VALUES ('cy', 'cy@acme.test')")
        .unwrap();
    connection.execute_batch(r#"SELECT authz_set_attributes('cy', 'acme', 'directory', '{"x": "1"}')"#).unwrap();
    let before = last_seq(&connection);
    connection.execute_batch("INSERT OR IGNORE INTO authz_memberships (id, user, organization) VALUES ('om_cy', 'cy', 'acme')").unwrap();
    assert_eq!(shown(&connection, "cy"), json!({"x": "1"}));
    let names: Vec<(String, Value)> =
        events_after(&connection, before).into_iter().map(|(name, data, _)| (name, data["custom_attributes"].clone())).collect();
    assert_eq!(
        names,
        [
            ("role_assignment.created".to_owned(), Value::Null),
            ("organization_membership.created".to_owned(), json!({})),
            ("organization_membership.updated".to_owned(), json!({"x": "1"})),
        ]
    );
    let holders = "SELECT count(*) FROM _authz_attribute_holders";
    connection.execute_batch("DELETE FROM authz_memberships WHERE id = 'om_cy'").unwrap();
    assert_eq!(number(&connection, holders), 0);
    let set = r#"SELECT authz_set_attributes('cy', 'acme', 'sso', '{"x": "2"}'), authz_set_attributes('ana', 'acme', 'sso', '{"x": "2"}')"#;
    connection.execute_batch(set).unwrap();
    connection.execute_batch("DELETE FROM authz_users WHERE id = 'cy'").unwrap();
    assert_eq!(number(&connection, holders), 1);
    connection.execute_batch("DELETE FROM authz_memberships WHERE user = 'ana'").unwrap();
    connection.execute_batch(r#"SELECT authz_set_attributes('bo', 'acme', 'sso', '{"x": "2"}')"#).unwrap();
    connection.execute_batch("DELETE FROM authz_organizations WHERE id = 'acme'").unwrap();
    assert_eq!(number(&connection, holders), 0);
}

#[test]
fn plain_sql_reads_everything_and_writes_nothing() {
    let connection = open();
    connection.execute_batch("SELECT authz_define_attribute('x'), authz_map_attribute('dir_1', 'x', 'title')").unwrap();
    holder(&connection, "dir_1", "du_1", "ana", SCIM);
    connection.execute_batch(r#"SELECT authz_set_attributes('ana', 'acme', 'directory', '{"x": "1"}')"#).unwrap();
    for statement in [
        "INSERT INTO authz_attribute_definitions (name, kind, type, shown) VALUES ('y', 'custom', 'string', 1)",
        "INSERT OR REPLACE INTO authz_attribute_definitions (name, kind, type, shown) VALUES ('x', 'custom', 'number', 1)",
        "UPDATE authz_attribute_definitions SET shown = 1",
        "DELETE FROM authz_attribute_definitions",
        "INSERT OR IGNORE INTO authz_attribute_mappings (provider, name, path) VALUES ('dir_1', 'y', 'z')",
        "UPDATE authz_attribute_mappings SET path = 'z'",
        "DELETE FROM authz_attribute_mappings",
        "UPDATE authz_memberships SET custom_attributes = '{\"x\":\"2\"}'",
        "UPDATE OR IGNORE authz_memberships SET custom_attributes = '{}' WHERE user = 'ana'",
        "INSERT INTO authz_memberships (user, organization, custom_attributes) VALUES ('bo', 'acme', '{\"x\":\"2\"}')",
    ] {
        let told = connection.execute_batch(statement).expect_err(statement).to_string();
        assert!(told.contains("read_only"), "{statement}: {told}");
    }
    // What it has to be may be written: a copy of a row, or a restored backup, says nothing else.
    connection.execute_batch("UPDATE authz_memberships SET custom_attributes = custom_attributes").unwrap();
    connection.execute_batch(r#"SELECT authz_set_attributes('bo', 'acme', 'sso', '{"x": "2"}')"#).unwrap();
    connection
        .execute_batch("INSERT INTO authz_memberships (user, organization, custom_attributes) VALUES ('bo', 'acme', '{\"x\":\"2\"}')")
        .unwrap();
    // With its last holder, a provider's mappings may go.
    connection
        .execute_batch("DELETE FROM _authz_attribute_holders WHERE provider = 'dir_1'; DELETE FROM authz_attribute_mappings")
        .unwrap();
}

#[test]
fn the_provider_has_to_be_there() {
    let connection = open();
    connection.execute_batch("SELECT authz_define_attribute('x')").unwrap();
    assert!(refusal(&connection, "SELECT authz_map_attribute('dir_404', 'x', 'y')").contains("no connection or directory `dir_404`"));
    assert_eq!(number(&connection, "SELECT authz_map_attribute('dir_404', 'x', NULL)"), 0);
}

#[test]
fn hostile_values_come_back_as_they_were_given() {
    let connection = open();
    connection.execute_batch("SELECT authz_define_attribute('x', '{\"type\": \"object\"}'), authz_define_attribute('s')").unwrap();
    let set =
        |json: &str| connection.query_row("SELECT authz_set_attributes('ana', 'acme', 'sso', ?1)", [json], |row| row.get::<_, i64>(0));
    let long = "\\\"}é\\u0000".repeat(200_000);
    assert_eq!(set(&format!("{{\"s\": \"{long}\"}}")), Ok(1));
    let found: i64 = connection
        .query_row("SELECT octet_length(value) FROM authz_attributes('ana', 'acme') WHERE name = 's'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(found, 5 * 200_000);
    let deep = |levels: usize| format!("{{\"x\": {}1{}}}", "{\"a\":".repeat(levels), "}".repeat(levels));
    assert_eq!(set(&deep(125)), Ok(1));
    assert_eq!(
        shown(&connection, "ana"),
        serde_json::from_str::<Value>(&format!("{},\"s\":null}}", deep(125).trim_end_matches('}').to_owned() + &"}".repeat(125)))
            .map(|value| json!({"s": null, "x": value["x"]}))
            .unwrap()
    );
    assert!(set(&deep(200)).unwrap_err().to_string().contains("nests deeper"));
    assert!(set(&"[".repeat(1_000_000)).is_err());
    // Of a member given twice further down the last counts, as everywhere in SQLite and serde.
    assert_eq!(set(r#"{"x": {"a": 1, "a": 2, "password": "p"}}"#), Ok(1));
    assert_eq!(shown(&connection, "ana"), json!({"s": null, "x": {"a": 2}}));
    holder(&connection, "dir_1", "du_1", "bo", "{broken");
    connection.execute_batch("SELECT authz_define_attribute('later')").unwrap();
}

/// A call is one event for each membership, and each event is as WorkOS has it.
#[test]
fn the_event_fits_the_reference() {
    let connection = open();
    let Some(schemas) = needs::shared_text("workos/events.schema.json") else { return };
    let schemas: Value = serde_json::from_str(&schemas).unwrap();
    let before = last_seq(&connection);
    connection.execute_batch("SELECT authz_define_attribute('x', '{\"type\": \"object\"}')").unwrap();
    connection.execute_batch(r#"SELECT authz_set_attributes('ana', 'acme', 'sso', '{"x": {"y": [1]}}')"#).unwrap();
    let mut statement = connection.prepare("SELECT json FROM authz_event_envelopes WHERE seq > ?1").unwrap();
    let envelopes: Vec<String> = statement.query_map([before], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(envelopes.len(), 1);
    let envelope: Value = serde_json::from_str(&envelopes[0]).unwrap();
    let validator = jsonschema::validator_for(&schemas["events"]["organization_membership.updated"]).unwrap();
    let errors: Vec<String> = validator.iter_errors(&envelope).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?} {envelope:#}");
    assert_eq!(envelope["data"]["custom_attributes"], json!({"x": {"y": [1]}}));
    assert_eq!(envelope["context"]["previous_attributes"], json!({"custom_attributes": {}}));
}

#[test]
fn the_session_of_the_document_is_run() {
    let document = include_str!("../docs/attributes.md");
    let (_, session) = document.split_once("```sql\n").unwrap();
    let (session, _) = session.split_once("```").unwrap();
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    connection.execute_batch(session).unwrap();
    assert_eq!(shown(&connection, "ana"), json!({"department_name": "Tax", "level": 3}));
    let claims: String = connection.query_row("SELECT authz_claims('ana', 'acme')", [], |row| row.get(0)).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&claims).unwrap()["department"], "Tax");
}

/// What the document says a template may name is what can be named.
#[test]
fn the_paths_of_the_document_are_known() {
    let connection = open();
    let document = include_str!("../docs/attributes.md");
    for root in ["user", "organization", "organization_membership"] {
        let row = document.lines().find_map(|line| line.strip_prefix(&format!("| `{root}` | "))).unwrap();
        let names: Vec<&str> = row.split('`').skip(1).step_by(2).filter(|name| !["domain", "state"].contains(name)).collect();
        assert!(names.len() >= 8, "{row}");
        for name in names {
            let template = format!("{{\"x\": {{{{ {root}.{name} }}}}}}");
            if root == "organization" && name == "organization_id" {
                continue;
            }
            connection
                .query_row("SELECT authz_render_jwt(?1, 'ana', 'acme')", [&template], |_| Ok(()))
                .unwrap_or_else(|error| panic!("{template}: {error}"));
        }
    }
}

/// What a sign-in tells shows on the membership that it makes, in the one event of its creation; a directory's attributes win over it; and
/// a connection that goes takes along what it told.
#[test]
fn a_sign_in_brings_attributes() {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    connection
        .execute_batch(
            "INSERT INTO authz_organizations (id) VALUES ('acme');
             INSERT INTO authz_connections (id, organization, type, name, state) VALUES ('okta', 'acme', 'OktaSAML', 'Okta', 'active');
             SELECT authz_define_attribute('department_name'), authz_define_attribute('shift', '{\"type\": \"number\"}');
             SELECT authz_map_attribute('okta', 'department_name', 'department'), authz_map_attribute('okta', 'shift', 'http://acme.test/claims/shift')",
        )
        .unwrap();
    let one = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    let sign_in = |raw: &str| {
        let session = one("SELECT authz_sso_start('okta')");
        one(&format!(
            "SELECT authz_sso_succeed('{session}', '{{\"idp_id\": \"1\", \"email\": \"ana@acme.test\", \"raw_attributes\": {raw}}}')"
        ))
    };
    let before: i64 = connection.query_row("SELECT max(seq) FROM authz_events", [], |row| row.get(0)).unwrap();
    sign_in(r#"{"department": "Sales", "http://acme.test/claims/shift": 2, "password": "secret"}"#);
    let shown = || one("SELECT custom_attributes FROM authz_memberships");
    assert_eq!(shown(), r#"{"department_name":"Sales","shift":2}"#);
    let events: String = connection
        .query_row("SELECT group_concat(event) FROM (SELECT event FROM authz_events WHERE seq > ?1 AND event GLOB 'organization_membership.*' ORDER BY seq)", [before], |row| row.get(0))
        .unwrap();
    assert_eq!(events, "organization_membership.created");
    let raw: String = one("SELECT group_concat(raw) FROM _authz_attribute_holders");
    assert!(!raw.contains("secret"), "{raw}");
    sign_in(r#"{"department": "Legal"}"#);
    assert_eq!(shown(), r#"{"department_name":"Legal","shift":null}"#);
    let user = one("SELECT user FROM authz_memberships");
    one(&format!("SELECT authz_set_attributes('{user}', 'acme', 'directory', '{{\"shift\": 3}}') || ''"));
    assert_eq!(shown(), r#"{"department_name":null,"shift":3}"#);
    sign_in(r#"{"department": "Law"}"#);
    assert_eq!(shown(), r#"{"department_name":null,"shift":3}"#, "the directory's, as a whole");
    connection.execute_batch("DELETE FROM authz_connections").unwrap();
    assert_eq!(one("SELECT count(*) || '' FROM authz_attribute_mappings"), "0");
    assert_eq!(one("SELECT count(*) || '' FROM _authz_attribute_holders WHERE source = 'sso'"), "0");
}

/// What a directory tells shows on the membership, on the directory user and in its events; it wins over a sign-in as a whole, and goes
/// with the directory user.
#[test]
fn a_directory_brings_attributes() {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    connection
        .execute_batch(
            "INSERT INTO authz_organizations (id) VALUES ('acme');
             SELECT authz_define_attribute('department_name'), authz_put_directory('d', 'acme', 'Staff')",
        )
        .unwrap();
    let one = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    let scim = |method: &str, path: &str, body: &str| {
        let sql = "SELECT authz_scim('d', ?1, ?2, nullif(?3, ''))";
        let answer: String = connection.query_row(sql, [method, path, body], |row| row.get(0)).unwrap();
        serde_json::from_str::<serde_json::Value>(&answer).unwrap()
    };
    const USER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let body = format!(r#"{{"userName": "ana@acme.test", "password": "secret", "title": "Tester", "{USER}": {{"department": "Tax"}}}}"#);
    let answer = scim("POST", "/Users", &body);
    assert_eq!(answer["status"], 201, "{answer}");
    let path = format!("/Users/{}", answer["body"]["id"].as_str().unwrap());
    let shown = || [one("SELECT custom_attributes FROM authz_memberships"), one("SELECT custom_attributes FROM authz_directory_users")];
    assert_eq!(shown(), [r#"{"department_name":"Tax"}"#; 2]);
    // One event each, which tells it already.
    let told = |event: &str| {
        one(&format!("SELECT group_concat(json_extract(data, '$.custom_attributes'), ' ') FROM authz_events WHERE event = '{event}'"))
    };
    for event in ["dsync.user.created", "organization_membership.created"] {
        assert_eq!(told(event), r#"{"department_name":"Tax"}"#, "{event}");
    }
    scim("PATCH", &path, &format!(r#"{{"Operations": [{{"op": "Replace", "path": "{USER}:department", "value": "Legal"}}]}}"#));
    assert_eq!(shown(), [r#"{"department_name":"Legal"}"#; 2]);
    for event in ["dsync.user.updated", "organization_membership.updated"] {
        assert_eq!(told(event), r#"{"department_name":"Legal"}"#, "{event}");
    }
    // Another mapping, and what follows from the payload that is kept; a provider that is none has none.
    connection.execute_batch("SELECT authz_map_attribute('d', 'department_name', 'title')").unwrap();
    assert_eq!(shown(), [r#"{"department_name":"Tester"}"#; 2]);
    let refused = connection.execute_batch("SELECT authz_map_attribute('e', 'department_name', 'title')").unwrap_err().to_string();
    assert!(refused.contains("`e`"), "{refused}");
    let user = one("SELECT user FROM authz_memberships");
    one(&format!("SELECT authz_set_attributes('{user}', 'acme', 'sso', '{{\"department_name\": \"Sales\"}}') || ''"));
    assert_eq!(shown(), [r#"{"department_name":"Tester"}"#; 2], "the directory's, as a whole");
    assert!(!one("SELECT group_concat(raw) FROM _authz_attribute_holders").contains("secret"));
    // It goes with the directory user, and the membership, which stays, shows what the sign-in told.
    assert_eq!(scim("DELETE", &path, "")["status"], 204);
    assert_eq!(one("SELECT status || custom_attributes FROM authz_memberships"), r#"inactive{"department_name":"Sales"}"#);
    connection.execute_batch("SELECT authz_remove_directory('d')").unwrap();
    assert_eq!(one("SELECT count(*) || '' FROM authz_attribute_mappings"), "0");
}
