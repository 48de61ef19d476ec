//! Search: what is found, in which order, by whom; and that nothing shows what the viewer may not see.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod needs;

use authz::rusqlite::fallible_iterator::FallibleIterator;
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

/// What `authz_search_all` finds, likewise.
fn found_by_all(connection: &Connection, query: &str) -> Vec<String> {
    let mut statement = connection.prepare("SELECT kind || ' ' || title FROM authz_search_all(?1)").unwrap();
    let rows = statement.query_map([query], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// What of that is a resource.
fn resources_by_all(connection: &Connection, query: &str) -> Vec<String> {
    found_by_all(connection, query).into_iter().filter(|row| row.starts_with("resource ")).collect()
}

fn refusal(connection: &Connection, sql: &str) -> String {
    let mut statement = match connection.prepare(sql) {
        Ok(statement) => statement,
        Err(error) => return error.to_string(),
    };
    let mut rows = statement.query([]).unwrap();
    loop {
        match rows.next() {
            Ok(Some(_)) => {}
            Ok(None) => panic!("`{sql}` was answered"),
            Err(error) => return error.to_string(),
        }
    }
}

fn index(connection: &Connection) -> i64 {
    connection.query_row("SELECT authz_index_search()", [], |row| row.get(0)).unwrap()
}

#[test]
fn a_subject_finds_what_it_may_see_and_nothing_else() {
    let connection = product();
    for indexed in [false, true] {
        for (query, subject, expected) in [
            ("logo", "user:ana", vec!["document Logo", "document Logo of 1998"]),
            ("logo", "user:ben", vec!["document Logo", "document Logo of 1998"]),
            ("logo", "user:cleo", vec!["document Logo study"]),
            ("logo", "user:nobody", vec![]),
            ("nda", "user:ana", vec!["document Non-disclosure agreement"]),
            ("CAFE", "user:ana", vec!["document Café lease"]),
            ("disclozure", "user:ana", vec!["document Non-disclosure agreement"]),
            ("agreement non", "user:ana", vec!["document Non-disclosure agreement"]),
            ("losure", "user:ana", vec!["document Non-disclosure agreement"]),
            ("d-nda", "user:ana", vec!["document Non-disclosure agreement"]),
            ("d-nda", "user:ben", vec![]),
            ("42", "user:ana", vec!["document ana@acme.com"]),
            ("document:42", "user:ana", vec!["document ana@acme.com"]),
            ("ana@acme.com", "user:ana", vec!["document ana@acme.com"]),
            // A project lets its name be read only with project:read, which Ben lacks; what lies above something visible has a name.
            ("design", "user:ana", vec!["project Design"]),
            ("design", "user:ben", vec![]),
            ("product", "user:ben", vec!["workspace Product"]),
            ("globex", "user:ben", vec![]),
            ("globex", "user:cleo", vec!["organization Globex"]),
            // A type that is not searched.
            ("password", "user:ana", vec![]),
            // Paths lead through what may be seen.
            ("acme/design/logo", "user:ana", vec!["document Logo", "document Logo of 1998"]),
            ("acme/logo", "user:ben", vec!["document Logo", "document Logo of 1998"]),
            ("design/logo", "user:ben", vec![]),
            ("logo/logo", "user:ben", vec!["document Logo of 1998", "document Logo"]),
            ("design/acme/logo", "user:ana", vec![]),
            ("globex/logo", "user:ana", vec![]),
            (" \t ", "user:ana", vec![]),
            ("", "user:ana", vec![]),
            ("///", "user:ana", vec![]),
        ] {
            assert_eq!(found(&connection, query, subject), expected, "{query} for {subject}, indexed: {indexed}");
        }
        assert_eq!(resources_by_all(&connection, "password"), ["resource Logo password"]);
        index(&connection);
    }
    let ask = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(ask("SELECT count(*) FROM authz_search('logo', NULL)"), 0);
    assert_eq!(ask("SELECT count(*) FROM authz_search(NULL, 'user:ana')"), 0);
    assert_eq!(ask("SELECT count(*) FROM authz_search(42, 'user:ana')"), 1);
}

#[test]
fn a_row_says_where_it_is_what_matched_and_what_to_open() {
    let connection = product();
    let row = |query: &str, subject: &str| {
        connection
            .query_row(
                "SELECT json_object('kind', kind, 'type', resource_type, 'id', id, 'subtitle', subtitle, 'matches', json(matches), 'target', json(target))
                 FROM authz_search(?1, ?2)",
                [query, subject],
                |row| row.get::<_, String>(0),
            )
            .map(|text| serde_json::from_str::<Value>(&text).unwrap())
            .unwrap()
    };
    assert_eq!(
        row("logo", "user:ana"),
        json!({"kind": "resource", "type": "document", "id": "d-logo", "subtitle": "Acme › Product › Design", "matches": [[0, 4]],
               "target": {"resource_type": "document", "resource_id": "d-logo"}})
    );
    assert_eq!(row("logo", "user:ben")["subtitle"], "Acme › Product › …");
    assert_eq!(row("nda", "user:ana")["matches"], json!([[0, 1], [4, 5], [15, 16]]));
    assert_eq!(row("cafe lease", "user:ana")["matches"], json!([[0, 10]]));
    assert_eq!(row("42", "user:ana")["target"]["resource_id"], 42);
    assert_eq!(row("42", "user:ana")["matches"], json!([]));
}

#[test]
fn a_column_is_the_same_read_alone_and_with_the_others() {
    let connection = product();
    connection.query_row("SELECT authz_put_command('logo', 'page', 'Logos', 'marks', '{}')", [], |_| Ok(())).unwrap();
    let columns = ["kind", "resource_type", "id", "title", "subtitle", "score", "matches", "target"];
    for query in ["logo", "acme/logo", "42", "disclozure"] {
        let read = |what: &str| {
            let mut statement = connection.prepare(&format!("SELECT {what} FROM authz_search(?1, 'user:ana')")).unwrap();
            let count = statement.column_count();
            let value = |row: &authz::rusqlite::Row<'_>, at| row.get::<_, authz::rusqlite::types::Value>(at);
            let rows = statement.query_map([query], |row| (0..count).map(|at| value(row, at)).collect::<Result<Vec<_>, _>>()).unwrap();
            rows.collect::<Result<Vec<_>, _>>().unwrap()
        };
        let all = read("*");
        assert!(!all.is_empty());
        for (place, column) in columns.iter().enumerate() {
            assert_eq!(read(column), all.iter().map(|row| vec![row[place].clone()]).collect::<Vec<_>>(), "{column} of {query}");
        }
    }
    let sql = "SELECT count(*) FROM authz_search('logo', 'user:ana') WHERE subtitle = 'Acme › Product › Design' AND matches = '[[0,4]]'";
    assert_eq!(connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
}

#[test]
fn pages_and_actions_show_to_who_may_use_them() {
    let connection = product();
    let put = |call: &str| connection.query_row(&format!("SELECT authz_put_command({call})"), [], |row| row.get::<_, i64>(0));
    assert_eq!(put("'billing', 'page', 'Billing', 'invoices plan', '{\"path\":\"/billing\"}'").unwrap(), 1);
    assert_eq!(put("'billing', 'page', 'Billing', 'invoices plan', '{\"path\":\"/billing\"}'").unwrap(), 0);
    assert_eq!(put("'edit', 'action', 'New document', NULL, NULL, 'document:edit'").unwrap(), 1);
    assert_eq!(put("'legal', 'action', 'Review legal', NULL, NULL, 'project:read', 'project', '2'").unwrap(), 1);
    for (query, subject, expected) in [
        ("billing", "user:ana", vec!["page Billing"]),
        ("billing", "user:nobody", vec![]),
        ("invoic", "user:ben", vec!["page Billing"]),
        ("new", "user:ben", vec!["action New document"]),
        ("new", "user:ana", vec![]),
        ("review", "user:ana", vec!["action Review legal"]),
        ("review", "user:dan", vec![]),
    ] {
        assert_eq!(found(&connection, query, subject), expected, "{query} for {subject}");
    }
    let kinds = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(kinds("SELECT count(*) FROM authz_search('bill', 'user:ana', 20, 'page')"), 1);
    assert_eq!(kinds("SELECT count(*) FROM authz_search('bill', 'user:ana', 20, 'action, resource')"), 0);
    assert_eq!(kinds("SELECT count(*) FROM authz_search('bill', 'user:ana') WHERE kind = 'page'"), 1);
    assert_eq!(kinds("SELECT count(*) FROM authz_search('lo', 'user:ana', 1)"), 1);
    // The limit counts rows of the kind that is asked for.
    assert_eq!(kinds("SELECT count(*) FROM authz_search_all('re', 1) WHERE kind = 'action'"), 1);
    // A permission that is gone is had by nobody.
    connection.execute("DELETE FROM authz_permissions WHERE slug = 'document:edit'", []).unwrap();
    assert!(found(&connection, "new", "user:ben").is_empty());
    assert_eq!(
        connection.query_row("SELECT authz_remove_command('edit') + authz_remove_command('edit')", [], |row| row.get::<_, i64>(0)).unwrap(),
        1
    );
    for (call, sentence) in [
        ("'x', 'menu', 'X', NULL, NULL", "unknown kind `menu`; a command is a `page` or an `action`"),
        ("'x', 'page', 'X', NULL, '{'", "the target `{` is not JSON"),
        ("'x', 'page', ' ', NULL, NULL", "the title is empty"),
        ("'x', 'page', 'X', NULL, NULL, 'document:raed'", "unknown permission `document:raed`; did you mean `document:read`?"),
        ("'x', 'page', 'X', NULL, NULL, 'document:read', 'project', 1", "belongs to the resource type `document`, not to `project`"),
        ("'x', 'page', 'X', NULL, NULL, 'document:read', 'document', 'none'", "the document `none` is not registered"),
        ("'x', 'page', 'X', NULL, NULL, NULL, 'document', 'd-nda'", "a resource is named without a permission"),
        ("'x y', 'page', 'X', NULL, NULL", "contains a space"),
        ("NULL, 'page', 'X', NULL, NULL", "the id is NULL"),
    ] {
        let error = put(call).unwrap_err().to_string();
        assert!(error.starts_with("authz_put_command: ") && error.contains(sentence), "{call}: {error}");
    }
}

#[test]
fn an_administrator_finds_all_kinds_and_only_directly() {
    let connection = product();
    connection
        .execute_batch(
            "SELECT authz_add_member('group:design', 'agent:drafter');
             INSERT INTO authz_users (id, email, first_name, last_name) VALUES ('ana', 'ana.lopez@acme.com', 'Ana', 'López');
             INSERT INTO authz_sessions (id, user, auth_method, ip_address) VALUES ('session_7', 'ana', 'sso', '10.0.0.7');
             INSERT INTO authz_connections (id, organization, type) SELECT 'conn_1', id, 'OktaSAML' FROM authz_organizations LIMIT 1;
             INSERT INTO authz_sso_sessions (id, connection, user, email) VALUES ('sso_8', 'conn_1', 'ana', 'ana.lopez@acme.com');",
        )
        .unwrap();
    let user_created: String =
        connection.query_row("SELECT id FROM authz_events WHERE event = 'user.created'", [], |row| row.get(0)).unwrap();
    for (query, expected) in [
        ("editor", vec!["role editor"]),
        ("secret:read", vec!["permission secret:read"]),
        ("drafter", vec!["subject drafter"]),
        ("lopez", vec!["subject Ana López", "session ana.lopez@acme.com"]),
        ("ana.lopez@acme.com", vec!["session ana.lopez@acme.com", "subject Ana López"]),
        ("session_7", vec!["session ana"]),
        ("sso_8", vec!["session ana.lopez@acme.com"]),
        (user_created.as_str(), vec!["event user.created"]),
        ("check access", vec!["action Check access"]),
        ("permissions", vec!["page Permissions"]),
    ] {
        // What made all this is in the outbox, and is found by its names too, behind everything that is asked for here.
        let found = found_by_all(&connection, query);
        let (first, rest) = found.split_at(expected.len().min(found.len()));
        assert_eq!(first, expected, "{query}");
        assert!(rest.iter().all(|one| one.starts_with("event ")), "{query}: {rest:?}");
    }
    assert_eq!(found_by_all(&connection, "design")[..3], ["group design", "resource Design", "resource Design"]);
    assert_eq!(
        connection
            .query_row("SELECT json_extract(target, '$.role') FROM authz_search_all('editor', 5, 'role')", [], |row| row
                .get::<_, String>(0))
            .unwrap(),
        "editor"
    );
    connection.execute_batch("CREATE VIEW spy AS SELECT * FROM authz_search_all('logo'); CREATE VIEW mine AS SELECT * FROM authz_search('logo', 'user:cleo')").unwrap();
    assert_eq!(connection.query_row("SELECT count(*) FROM mine", [], |row| row.get::<_, i64>(0)).unwrap(), 1);
    assert!(refusal(&connection, "SELECT * FROM spy").contains("unsafe use"), "{}", refusal(&connection, "SELECT * FROM spy"));
}

#[test]
fn what_cannot_be_asked_is_said_in_a_sentence() {
    let connection = product();
    for (sql, sentence) in [
        ("SELECT * FROM authz_search('x')", "authz_search: the argument subject is missing"),
        ("SELECT * FROM authz_search('x', 'ana')", "authz_search: the subject `ana` has no type"),
        ("SELECT * FROM authz_search('x', 'usr:ana')", "authz_search: unknown subject type `usr`; did you mean `user`?"),
        ("SELECT * FROM authz_search('x', 'group:eng#member')", "authz_search: the subject `group:eng#member` is not one subject"),
        ("SELECT * FROM authz_search('x', 'user:ana', -1)", "authz_search: the limit `-1` is not a number of rows"),
        ("SELECT * FROM authz_search('x', 'user:ana', 'many')", "authz_search: the limit `many` is not a number of rows"),
        (
            "SELECT * FROM authz_search('x', 'user:ana', 5, 'role')",
            "authz_search: unknown kind `role`; the kinds are page, action, resource",
        ),
        ("SELECT * FROM authz_search_all('x', 5, 'rol')", "authz_search_all: unknown kind `rol`; did you mean `role`?"),
        ("SELECT * FROM authz_search(x'ff', 'user:ana')", "authz_search: the query is BLOB; it must be TEXT"),
    ] {
        let error = refusal(&connection, sql);
        assert!(error.starts_with(sentence), "{sql}: {error}");
    }
    let bare = Connection::open_in_memory().unwrap();
    authz::register(&bare).unwrap();
    assert!(refusal(&bare, "SELECT * FROM authz_search('x', 'user:ana')").contains("authz_migrate()"));
    assert!(refusal(&bare, "SELECT authz_index_search()").contains("authz_migrate()"));
}

#[test]
fn hostile_queries_are_answered_or_refused() {
    let connection = product();
    for _indexed in [false, true] {
        for query in [
            "\"",
            "'",
            "logo\"",
            "logo AND",
            "NEAR(a b)",
            "*",
            "logo*",
            "^logo",
            "tokens:logo",
            "-logo",
            "(logo",
            "logo OR 1=1 --",
            "%",
            "_",
            "\\",
            "\u{feff}",
            "a\0b",
            "logo\0",
            "\u{202e}logo",
            "🚀",
            "ﷺ",
            "ﷺﷺﷺﷺ",
            "İ",
            "ß",
            "...",
            "a/b/c/d/e/f",
            "/",
            "//logo//",
            "=nd",
            "<d",
            ";dsc",
            "e\u{301}\u{301}\u{301}\u{301}",
            "\u{301}",
            "क्",
            "1e999",
            "-9223372036854775808",
            "9223372036854775808",
        ] {
            for subject in ["user:ana", "user:nobody"] {
                let mut rows = found(&connection, query, subject);
                rows.retain(|row| !row.contains("Logo") && !row.contains("agreement") && !row.contains("Acme") && !row.contains("acme"));
                rows.retain(|row| !row.contains("Product") && !row.contains("Design") && !row.contains("Legal") && !row.contains("Café"));
                assert!(rows.is_empty(), "{query:?} for {subject}: {rows:?}");
            }
            found_by_all(&connection, query);
        }
        for long in ["a".repeat(1_000_000), "word ".repeat(10_000), "\"".repeat(5_000), (0..40).map(|n| format!("w{n} ")).collect()] {
            let asked = connection.query_row("SELECT count(*) FROM authz_search(?1, 'user:ana')", [&long], |_| Ok(()));
            let error = asked.unwrap_err().to_string();
            assert!(error.contains("at most"), "{error}");
        }
        let spaces = " ".repeat(1_000_000);
        assert_eq!(
            connection.query_row("SELECT count(*) FROM authz_search(?1, 'user:ana')", [spaces], |row| row.get::<_, i64>(0)).unwrap(),
            0
        );
        let invalid = "SELECT count(*) FROM authz_search(CAST(x'eda080' AS TEXT), 'user:ana')";
        assert!(refusal(&connection, invalid).contains("valid UTF-8"), "{}", refusal(&connection, invalid));
        index(&connection);
    }
}

/// How many steps of SQLite a query costs at the most, those of the statements inside included.
fn most_steps(connection: &Connection, ask: impl FnOnce()) -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static HUNDREDS: AtomicU64 = AtomicU64::new(0);
    HUNDREDS.store(0, Ordering::Relaxed);
    let count = || {
        HUNDREDS.fetch_add(1, Ordering::Relaxed);
        false
    };
    connection.progress_handler(100, Some(count)).unwrap();
    ask();
    connection.progress_handler(0, None::<fn() -> bool>).unwrap();
    HUNDREDS.load(Ordering::Relaxed) * 100
}

#[test]
fn no_query_costs_more_than_a_bounded_number_of_steps() {
    let connection = product();
    let thousand: String = (0..1000u32).map(|n| char::from(b'a' + u8::try_from(n * n % 23 % 26).unwrap())).collect();
    let queries = [
        "logo".to_owned(),
        "\"logo\" AND NEAR(a b) OR *".to_owned(),
        "a\0b".to_owned(),
        " ".repeat(1_000_000),
        "word ".repeat(10_000),
        (0..10_000).map(|n| format!("w{n} ")).collect(),
        "x".repeat(1_000_000),
        "a ".repeat(500),
        "a/".repeat(500),
        (0..32).map(|n| format!("{}{n} ", thousand.get(n..n + 25).unwrap())).collect(),
        thousand,
        "ﷺ".repeat(1000),
        "\u{301}".repeat(1000),
    ];
    for indexed in [false, true] {
        for query in &queries {
            for subject in ["user:ana", "user:nobody"] {
                let steps = most_steps(&connection, || {
                    let mut statement = connection.prepare("SELECT count(*) FROM authz_search(?1, ?2)").unwrap();
                    match statement.query_row([query.as_str(), subject], |row| row.get::<_, i64>(0)) {
                        Ok(_) => {}
                        Err(error) => assert!(error.to_string().contains("at most"), "{error}"),
                    }
                });
                assert!(steps < 20_000, "{steps} steps for {query:.40?}, indexed: {indexed}");
            }
            let steps = most_steps(&connection, || {
                let mut statement = connection.prepare("SELECT count(*) FROM authz_search_all(?1, 20, 'resource')").unwrap();
                let _ = statement.query_row([query.as_str()], |row| row.get::<_, i64>(0));
            });
            assert!(steps < 20_000, "{steps} steps for {query:.40?} by an administrator, indexed: {indexed}");
        }
        index(&connection);
    }
}

#[test]
fn a_typo_is_forgiven_when_nothing_answers_without() {
    let connection = product();
    connection.query_row("SELECT authz_put_resource('document', 'log', 'project', 3, 'Lego')", [], |_| Ok(())).unwrap();
    for indexed in [false, true] {
        // Who sees a logo is not shown Lego; who sees Lego alone is, and so learns nothing of logos.
        assert_eq!(found(&connection, "logo", "user:dan"), ["document Logo study"], "indexed: {indexed}");
        assert_eq!(found(&connection, "lego", "user:dan"), ["document Lego"]);
        assert_eq!(found(&connection, "lgeo", "user:dan"), ["document Lego"]);
        assert_eq!(found(&connection, "lego", "user:ana"), ["document Logo", "document Logo of 1998"]);
        index(&connection);
    }
}

#[test]
fn every_write_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("product.db");
    product().execute("VACUUM INTO ?1", [path.to_str().unwrap()]).unwrap();
    let connect = || {
        let connection = Connection::open(&path).unwrap();
        authz::register(&connection).unwrap();
        connection
    };
    let (connection, other) = (connect(), connect());
    for indexed in [false, true] {
        if indexed {
            assert_eq!(index(&connection), 14);
        }
        let first = |connection: &Connection, query: &str| found(connection, query, "user:ana").into_iter().next();
        let all =
            |connection: &Connection, query: &str| resources_by_all(connection, query).into_iter().find(|row| row.starts_with("resource"));
        assert_eq!(first(&connection, "badge"), None);
        // Uncommitted, seen only here, and gone with ROLLBACK.
        connection.execute_batch("BEGIN; UPDATE authz_resources SET name = 'Badge' WHERE resource_id = 'd-logo'").unwrap();
        assert_eq!(first(&connection, "badge").as_deref(), Some("document Badge"));
        assert_eq!(all(&connection, "badge").as_deref(), Some("resource Badge"));
        assert_eq!(first(&other, "badge"), None);
        connection
            .execute_batch("SAVEPOINT s; UPDATE authz_resources SET name = 'Medal' WHERE resource_id = 'd-logo'; ROLLBACK TO s")
            .unwrap();
        assert_eq!((first(&connection, "medal"), all(&connection, "medal")), (None, None));
        connection.execute_batch("ROLLBACK").unwrap();
        assert_eq!((first(&connection, "badge"), all(&connection, "badge")), (None, None));
        // Committed, by this connection and by another.
        connection.execute("UPDATE authz_resources SET name = 'Badge' WHERE resource_id = 'd-logo'", []).unwrap();
        assert_eq!(first(&other, "badge").as_deref(), Some("document Badge"));
        assert_eq!(all(&other, "badge").as_deref(), Some("resource Badge"));
        other.execute("UPDATE authz_resources SET name = 'Logo' WHERE resource_id = 'd-logo'", []).unwrap();
        assert_eq!((first(&connection, "badge"), all(&connection, "badge")), (None, None));
        // New, moved out of sight, removed.
        other.query_row("SELECT authz_put_resource('document', 'new', 'project', 2, 'Fresh paint')", [], |_| Ok(())).unwrap();
        assert_eq!(first(&connection, "fresh").as_deref(), Some("document Fresh paint"));
        assert_eq!(all(&connection, "fresh").as_deref(), Some("resource Fresh paint"));
        other.query_row("SELECT authz_remove_resource('document', 'new')", [], |_| Ok(())).unwrap();
        assert_eq!((first(&connection, "fresh"), all(&connection, "fresh")), (None, None));
        // Rights taken and given, and those that end by themselves.
        other.query_row("SELECT authz_revoke('user:ana', 'member', 'organization', 'acme')", [], |_| Ok(())).unwrap();
        assert_eq!(first(&connection, "logo"), None);
        let expired = "INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id, expires_at)
                       VALUES ('user:ana', 'member', 'organization', 'acme', '2001-01-01T00:00:00.000Z')";
        other.execute(expired, []).unwrap();
        assert_eq!(first(&connection, "logo"), None);
        other.query_row("SELECT authz_grant('user:ana', 'member', 'organization', 'acme', NULL)", [], |_| Ok(())).unwrap();
        assert_eq!(first(&connection, "logo").as_deref(), Some("document Logo"));
        // What may be seen by the model.
        other.execute("UPDATE authz_resource_types SET search = NULL WHERE slug = 'document'", []).unwrap();
        assert_eq!(first(&connection, "logo"), None);
        other.execute("UPDATE authz_resource_types SET search = 'document:read' WHERE slug = 'document'", []).unwrap();
        assert_eq!(first(&connection, "logo").as_deref(), Some("document Logo"));
    }
    // The index takes in what was noted, each once.
    let noted: i64 = connection.query_row("SELECT count(*) FROM _authz_search_notes", [], |row| row.get(0)).unwrap();
    assert_eq!((noted, index(&connection), index(&connection)), (2, 2, 0));
    assert_eq!(resources_by_all(&connection, "logo of")[0], "resource Logo of 1998");
}

#[test]
fn clients_without_the_library_or_without_fts5_keep_writing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("product.db");
    let connection = product();
    index(&connection);
    connection.execute("VACUUM INTO ?1", [path.to_str().unwrap()]).unwrap();
    // A host without FTS5: all of its modules dropped.
    let bare = Connection::open(&path).unwrap();
    // SAFETY: the handle is that of an open connection; no list of modules to keep.
    unsafe { authz::rusqlite::ffi::sqlite3_drop_modules(bare.handle(), std::ptr::null_mut()) };
    bare.execute_batch(
        "PRAGMA trusted_schema = OFF;
         UPDATE authz_resources SET name = 'Emblem' WHERE resource_id = 'd-logo';
         INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id, name) VALUES ('document', 'd-new', 'project', 1, 'Emblem two');
         DELETE FROM authz_resources WHERE resource_id = 'd-cafe';",
    )
    .unwrap();
    authz::register(&bare).unwrap();
    // It searches all the same, and is told why there is no index.
    assert_eq!(found(&bare, "emblem", "user:ana"), ["document Emblem", "document Emblem two"]);
    assert_eq!(resources_by_all(&bare, "emblem"), ["resource Emblem", "resource Emblem two"]);
    assert_eq!(
        refusal(&bare, "SELECT authz_index_search()"),
        "authz_index_search: this SQLite has no FTS5, which the index needs; search works without it, more slowly as names grow many: use a build with SQLITE_ENABLE_FTS5"
    );
    let connection = Connection::open(&path).unwrap();
    authz::register(&connection).unwrap();
    assert_eq!(resources_by_all(&connection, "emblem"), ["resource Emblem", "resource Emblem two"]);
    assert!(resources_by_all(&connection, "cafe").is_empty());
    assert_eq!(index(&connection), 3);
    assert_eq!(resources_by_all(&connection, "emblem"), ["resource Emblem", "resource Emblem two"]);
    assert!(resources_by_all(&connection, "cafe").is_empty());
    // The same by the stock shell, where there is one.
    let script = "PRAGMA trusted_schema = OFF; UPDATE authz_resources SET name = 'Crest' WHERE resource_id = 'd-new';";
    if let Some(shell) = needs::program("sqlite3") {
        assert!(std::process::Command::new(shell).arg("-bail").arg(&path).arg(script).status().unwrap().success());
        assert_eq!(resources_by_all(&connection, "crest"), ["resource Crest"]);
        assert_eq!(found(&connection, "crest", "user:ben"), ["document Crest"]);
    }
}

#[test]
fn a_read_only_file_and_a_missing_index_are_searched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("product.db");
    let connection = product();
    index(&connection);
    connection.execute("VACUUM INTO ?1", [path.to_str().unwrap()]).unwrap();
    let read = || {
        let connection = Connection::open_with_flags(&path, authz::rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        authz::register(&connection).unwrap();
        connection
    };
    let write = Connection::open(&path).unwrap();
    authz::register(&write).unwrap();
    let expected = ["resource Logo", "resource Logo study", "resource Logo of 1998", "resource Logo password"];
    let made: std::collections::HashMap<String, String> = connection
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name GLOB '_authz_search_*' AND sql NOT NULL")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let damage = [
        "",
        "UPDATE authz_resources SET name = name || '' WHERE 1; INSERT INTO _authz_search_notes SELECT resource_type, resource_id FROM authz_resources",
        "DROP TABLE _authz_search_index",
        "DROP TABLE _authz_search_documents",
        "DROP TABLE _authz_search_sieve",
        "UPDATE _authz_search_sieve SET bits = x'00'",
        "UPDATE _authz_search_state SET format = 0",
        "DELETE FROM _authz_search_state",
    ];
    for sql in damage {
        write.execute_batch(sql).unwrap();
        let before = std::fs::read(&path).unwrap();
        assert_eq!(resources_by_all(&read(), "logo"), expected, "{sql}");
        assert_eq!(found(&read(), "logo", "user:cleo"), ["document Logo study"], "{sql}");
        assert!(refusal(&read(), "SELECT authz_index_search()").contains("readonly") || sql.is_empty(), "{sql}");
        assert!(before == std::fs::read(&path).unwrap(), "a search wrote");
        if sql.contains("TABLE _authz_search_index") {
            assert!(refusal(&write, "SELECT authz_index_search()").contains("authz_migrate('search')"));
            authz::migrate(&write).unwrap();
            index(&write);
            assert_eq!(resources_by_all(&write, "logo"), expected, "{sql}");
        } else if sql.starts_with("DROP") {
            // A table of ours that is gone is missed by every migration.
            assert!(authz::migrate(&write).unwrap_err().to_string().contains("is missing"));
            // Restored, and filled anew.
            write.execute_batch(&made[sql.trim_start_matches("DROP TABLE ")]).unwrap();
            write.execute_batch("UPDATE _authz_search_state SET format = 0").unwrap();
            index(&write);
            assert_eq!(resources_by_all(&write, "logo"), expected, "{sql}");
        } else if !sql.starts_with("DELETE") {
            index(&write);
            assert_eq!(resources_by_all(&write, "logo"), expected, "{sql}");
        }
    }
}

#[test]
fn the_model_says_what_is_searched() {
    let connection = product();
    let search = |slug: &str| {
        connection
            .query_row("SELECT search FROM authz_resource_types WHERE slug = ?1", [slug], |row| row.get::<_, Option<String>>(0))
            .unwrap()
    };
    assert_eq!(
        (search("organization").as_deref(), search("document").as_deref(), search("secret")),
        (Some("*"), Some("document:read"), None)
    );
    assert_eq!(connection.query_row("SELECT count(*) FROM authz_plan(?1)", [MODEL], |row| row.get::<_, i64>(0)).unwrap(), 0);
    let apply = |from: &str, to: &str| {
        assert!(MODEL.contains(from));
        connection
            .query_row("SELECT authz_apply(?1)", [MODEL.replace(from, to)], |row| row.get::<_, String>(0))
            .map_err(|error| error.to_string())
    };
    let summary = apply(r#""search": "document:read""#, r#""search": false"#).unwrap();
    assert!(summary.contains(r#""search from \"document:read\" to none""#), "{summary}");
    assert_eq!(search("document"), None);
    // The built-in type: what a document said of it goes when no document says it any more.
    apply(r#""organization": {"search": true},"#, "").unwrap();
    assert_eq!(search("organization"), None);
    apply("{", "{").unwrap();
    assert_eq!((search("organization").as_deref(), search("document").as_deref()), (Some("*"), Some("document:read")));
    for (to, sentence) in [
        (
            r#""search": "project:read""#,
            "resource_types.document.search: the permission `project:read` belongs to the resource type `project`, not to `document`",
        ),
        (
            r#""search": "document:raed""#,
            "resource_types.document.search: unknown permission `document:raed`; did you mean `document:read`?",
        ),
        (r#""search": "*""#, "resource_types.document.search: `*` is no permission; write `true`"),
        (r#""search": 1"#, "resource_types.document.search: it is a number, and must be a permission of the type, or true"),
    ] {
        let error = apply(r#""search": "document:read""#, to).unwrap_err();
        assert!(error.contains(sentence), "{error}");
    }
}

/// Every team and repository of an organization, each as often as it is named.
fn names(teams: &Value, into: &mut Vec<(&'static str, String)>) {
    for (name, team) in teams.as_object().into_iter().flatten() {
        into.push(("team", name.clone()));
        into.extend(team["repos"].as_object().into_iter().flatten().map(|(name, _)| ("repository", name.clone())));
        names(&team["teams"], into);
    }
}

/// The names of the three organizations, all of them visible to `user:reviewer`; `None` where the files are not there.
fn github() -> Option<Connection> {
    let connection = open();
    let model = r#"{
      "resource_types": {"organization": {"search": true}, "repository": {"parents": ["organization"], "search": "repository:read"},
                         "team": {"parents": ["organization"], "search": "team:read"}},
      "permissions": {"repository:read": {"resource_type": "repository"}, "team:read": {"resource_type": "team"}},
      "roles": {"member": {"resource_type": "organization", "permissions": ["repository:read", "team:read"]}}}"#;
    connection.execute_batch("BEGIN").unwrap();
    connection.query_row("SELECT authz_apply(?1)", [model], |_| Ok(())).unwrap();
    for organization in ["etcd-io", "kubernetes-csi", "kubernetes"] {
        let read: Value = serde_json::from_str(&needs::shared_text(&format!("kubernetes-org/{organization}.json"))?).unwrap();
        let mut all = Vec::new();
        names(&read["teams"], &mut all);
        let put = "SELECT authz_put_resource(?1, ?2, 'organization', ?3, ?4)";
        connection.query_row("SELECT authz_put_resource('organization', ?1, NULL, NULL, ?1)", [organization], |_| Ok(())).unwrap();
        for (resource_type, name) in all {
            let id = format!("{organization}/{}", name.replace(' ', "-"));
            connection.query_row(put, params![resource_type, id, organization, name], |_| Ok(())).unwrap();
        }
        connection.query_row("SELECT authz_grant('user:reviewer', 'member', 'organization', ?1)", [organization], |_| Ok(())).unwrap();
    }
    connection.execute_batch("COMMIT").unwrap();
    Some(connection)
}

/// What `authz demo` makes, all of it visible to `user:reviewer`.
fn demo() -> Connection {
    let connection = open();
    connection.execute_batch(include_str!("../sql/command/demo/application.sql")).unwrap();
    connection.query_row("SELECT authz_apply(?1)", [include_str!("../sql/command/demo/model.json")], |_| Ok(())).unwrap();
    connection.execute_batch(include_str!("../sql/examples/keep_documents_in_step.sql")).unwrap();
    // Row by row: a batch steps each statement only once.
    let mut statements = authz::rusqlite::Batch::new(&connection, include_str!("../sql/command/demo/data.sql"));
    while let Some(mut statement) = statements.next().unwrap() {
        let mut rows = statement.raw_query();
        while rows.next().unwrap().is_some() {}
    }
    connection
        .execute_batch("SELECT authz_grant('user:reviewer', 'owner', 'organization', 'acme'), authz_grant('user:reviewer', 'owner', 'organization', 'globex')")
        .unwrap();
    connection
}

#[test]
fn what_a_person_expects_comes_first() {
    let worlds = [("github", github()), ("demo", Some(demo()))];
    let (mut asked, mut first, mut among_three, mut told) = (0, 0, 0, String::new());
    for line in include_str!("relevance.tsv").lines().filter(|line| !line.starts_with('#')) {
        let [world, query, kind, id] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let Some(connection) = worlds.iter().find(|(name, _)| *name == world).unwrap().1.as_ref() else { continue };
        let mut statement =
            connection.prepare("SELECT ifnull(resource_type, kind) || ' ' || id FROM authz_search(?1, 'user:reviewer')").unwrap();
        let rows: Vec<String> = statement.query_map([query], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        let place = rows.iter().position(|row| *row == format!("{kind} {id}"));
        asked += 1;
        first += i32::from(place == Some(0));
        among_three += i32::from(place.is_some_and(|place| place < 3));
        if place != Some(0) {
            told.push_str(&format!("\n{query}: expected {kind} {id}, found {:?}", &rows[..rows.len().min(4)]));
        }
    }
    if worlds[0].1.is_none() {
        assert_eq!((first, among_three), (asked, asked), "{told}");
        return;
    }
    assert_eq!(asked, 60);
    assert!(first >= 54 && among_three >= 59, "{first} first, {among_three} among the first three{told}");
}
