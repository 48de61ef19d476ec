//! Reading the outbox: actors, consumers, settings, pruning.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;
use std::thread;
use std::time::Duration;

use authz::rusqlite::{Connection, params};
use serde_json::{Value, json};

fn open() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    connection
}

fn open_file(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.busy_timeout(Duration::from_secs(20)).unwrap();
    connection.execute_batch("PRAGMA synchronous = off; PRAGMA trusted_schema = off").unwrap();
    authz::register(&connection).unwrap();
    connection
}

fn number(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

fn refusal(connection: &Connection, sql: &str) -> String {
    connection.query_row(sql, [], |_| Ok(())).expect_err(sql).to_string()
}

fn numbers(connection: &Connection, sql: &str) -> Vec<i64> {
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

/// The actor of the newest event.
fn actor(connection: &Connection) -> Value {
    let sql = "SELECT context FROM authz_next_events('reader', 1000000) ORDER BY seq DESC LIMIT 1";
    let context: Option<String> = connection.query_row(sql, [], |row| row.get(0)).unwrap();
    context.map_or(Value::Null, |context| serde_json::from_str::<Value>(&context).unwrap()["actor"].clone())
}

fn write(connection: &Connection, slug: &str) {
    connection.execute("INSERT INTO authz_permissions (slug) VALUES (?1)", [slug]).unwrap();
}

// ---- The actor

#[test]
fn an_actor_is_named_until_it_is_taken_back_and_on_its_own_connection_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.db");
    // One that was opened before there was a schema, one that migrates, one that comes after.
    let early = open_file(&path);
    let first = open_file(&path);
    authz::migrate(&first).unwrap();
    let second = open_file(&path);
    // What listens for the actor is in nobody's way.
    assert!(authz::migrate(&first).unwrap().applied.is_empty() && authz::migrate(&second).unwrap().applied.is_empty());
    let ana = json!({"id": "user_ana", "source": "dashboard", "name": "Ana"});

    assert_eq!(number(&first, "SELECT authz_set_actor('user_ana', 'dashboard', 'Ana')"), 1);
    assert_eq!(number(&first, "SELECT authz_set_actor('user_ana', 'dashboard', 'Ana')"), 0);
    write(&first, "a");
    assert_eq!(actor(&first), ana);
    number(&first, r#"SELECT authz_create_role('{"slug": "r"}') IS NOT NULL"#);
    assert_eq!(actor(&first), ana);
    for other in [&second, &early] {
        other.execute("UPDATE authz_permissions SET name = ifnull(name, '') || 'x'", []).unwrap();
        assert_eq!(actor(other), Value::Null);
    }
    number(&early, "SELECT authz_set_actor('job', 'system')");
    write(&early, "b");
    assert_eq!(actor(&second), json!({"id": "job", "source": "system", "name": null}));
    write(&first, "c");
    assert_eq!(actor(&second), ana);
    assert_eq!(number(&first, "SELECT authz_set_actor(NULL)"), 1);
    write(&first, "d");
    assert_eq!(actor(&second), Value::Null);
    assert_eq!(number(&first, "SELECT authz_set_actor(NULL, NULL, NULL)"), 0);
}

#[test]
fn an_actor_outlives_a_rollback() {
    let connection = open();
    connection
        .execute_batch("BEGIN; SELECT authz_set_actor('ana', 'api'); INSERT INTO authz_permissions (slug) VALUES ('a'); ROLLBACK")
        .unwrap();
    write(&connection, "b");
    assert_eq!(actor(&connection)["id"], "ana");
    connection.execute_batch("BEGIN; SELECT authz_set_actor(NULL); ROLLBACK").unwrap();
    write(&connection, "c");
    assert_eq!(actor(&connection), Value::Null);
    // A migration that is rolled back takes the outbox along, and what listens to it.
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    connection
        .execute_batch("BEGIN; SELECT authz_migrate(); SELECT authz_set_actor('ana', 'api'); ROLLBACK; SELECT authz_migrate()")
        .unwrap();
    write(&connection, "a");
    assert_eq!(actor(&connection)["id"], "ana");
}

#[test]
fn a_connection_without_our_functions_migrates_and_writes() {
    let connection = Connection::open_in_memory().unwrap();
    authz::migrate(&connection).unwrap();
    write(&connection, "a");
    assert_eq!(number(&connection, "SELECT count(*) FROM temp.sqlite_schema"), 0);
}

#[test]
fn an_actor_that_makes_no_sense_is_refused_and_the_old_one_stays() {
    let connection = open();
    number(&connection, "SELECT authz_set_actor('ana', 'api')");
    for (call, sentence) in [
        ("'ben'", "the source is NULL"),
        ("'ben', 'dashbord'", "unknown source `dashbord`; did you mean `dashboard`?"),
        ("'ben', 'x'", "unknown source `x`; it is `api`, `dashboard`, `admin_portal` or `system`"),
        ("NULL, 'api'", "the actor is NULL, and its source or name is not"),
        ("'', 'api'", "the id `` of the actor has 0 characters"),
        ("'ben', 'api', ''", "the name `` of the actor has 0 characters"),
        ("printf('%257s', ''), 'api'", "of the actor has 257 characters; it has 1 to 256"),
        ("char(0), 'api'", "none of them U+0000"),
        ("42, 'api'", "the actor is INTEGER; it must be TEXT"),
    ] {
        let error = refusal(&connection, &format!("SELECT authz_set_actor({call})"));
        assert!(error.starts_with("authz_set_actor: ") && error.contains(sentence), "{call}: {error}");
    }
    write(&connection, "a");
    assert_eq!(actor(&connection)["id"], "ana");
    // It is the connection's own statement that says who acts, and no view or trigger in a file that somebody sent.
    let in_view = "CREATE VIEW v AS SELECT authz_set_actor('eve', 'api'); SELECT * FROM v";
    assert!(connection.execute_batch(in_view).unwrap_err().to_string().contains("unsafe use of authz_set_actor()"));
}

#[test]
fn a_missing_actor_is_filled_in_once_and_nothing_else_changes() {
    let connection = open();
    write(&connection, "a");
    connection.execute_batch("UPDATE authz_permissions SET name = 'A' WHERE slug = 'a'").unwrap();
    let fill = "UPDATE _authz_outbox SET actor_id = 'ana', actor_source = 'api' WHERE actor_id IS NULL";
    connection.execute_batch(fill).unwrap();
    assert_eq!(actor(&connection)["id"], "ana");
    for tampering in [
        "UPDATE _authz_outbox SET actor_id = 'eve'",
        "UPDATE _authz_outbox SET actor_id = NULL, actor_source = NULL",
        "UPDATE _authz_outbox SET event = 'role.deleted'",
        "UPDATE _authz_outbox SET seq = seq + 1000",
        "UPDATE _authz_outbox SET written_at = '2000-01-01T00:00:00.000Z'",
        "DELETE FROM _authz_outbox",
        "DELETE FROM authz_events",
        "INSERT INTO authz_events (event) VALUES ('role.created')",
        "UPDATE _authz_outbox SET slug = 'x'",
        "DELETE FROM _authz_outbox WHERE event IS NULL",
    ] {
        let error = connection.execute_batch(tampering).expect_err(tampering).to_string();
        assert!(error.starts_with("outbox_append_only: "), "{tampering}: {error}");
    }
    // No column is forgotten.
    let columns = "SELECT group_concat(name) FROM pragma_table_info('_authz_outbox')";
    let columns: String = connection.query_row(columns, [], |row| row.get(0)).unwrap();
    for column in columns.split(',') {
        let tampering = format!("UPDATE _authz_outbox SET {column} = {column}");
        let error = connection.execute_batch(&tampering).expect_err(&tampering).to_string();
        assert!(error.starts_with("outbox_append_only: "), "{tampering}: {error}");
    }
}

// ---- Consumers

/// The numbers that a consumer is given next.
fn next(connection: &Connection, arguments: &str) -> Vec<i64> {
    numbers(connection, &format!("SELECT seq FROM authz_next_events({arguments})"))
}

#[test]
fn a_consumer_reads_at_its_own_pace() {
    let connection = open();
    connection
        .execute_batch("INSERT INTO authz_permissions (slug) VALUES ('a'), ('b'), ('c'); INSERT INTO authz_roles (slug) VALUES ('r')")
        .unwrap();
    let all = numbers(&connection, "SELECT seq FROM authz_events ORDER BY seq");
    let newest = *all.last().unwrap();
    assert!(all.len() >= 4);
    assert_eq!(next(&connection, "'one'"), all);
    assert_eq!(next(&connection, "'one', 2"), all[..2]);
    assert_eq!(next(&connection, "'one', 0"), [0; 0]);
    assert_eq!(next(&connection, "'one', NULL, NULL"), all);
    // Reading moves nothing.
    assert_eq!(number(&connection, "SELECT count(*) FROM authz_consumers"), 0);
    assert_eq!(number(&connection, "SELECT authz_ack('one', 0)"), 0);
    assert_eq!(number(&connection, &format!("SELECT authz_ack('one', {})", all[1])), all[1]);
    assert_eq!(next(&connection, "'one'"), all[2..]);
    assert_eq!(next(&connection, "'two'"), all);
    // It never goes back, nor past the end.
    assert_eq!(number(&connection, &format!("SELECT authz_ack('one', {})", all[0])), all[1]);
    let error = refusal(&connection, &format!("SELECT authz_ack('one', {})", newest + 1));
    assert!(error.contains(&format!("no event has the number `{}` yet, the newest has `{newest}`", newest + 1)), "{error}");
    let (position, behind): (i64, usize) = connection
        .query_row("SELECT position, behind FROM authz_consumers WHERE consumer = 'one'", [], |row| {
            Ok((row.get(0)?, row.get::<_, u32>(1)? as usize))
        })
        .unwrap();
    assert_eq!((position, behind), (all[1], all.len() - 2));
    assert_eq!(number(&connection, &format!("SELECT authz_ack('one', {newest})")), newest);
    assert_eq!(next(&connection, "'one'"), [0; 0]);
    write(&connection, "d");
    assert_eq!(next(&connection, "'one'"), [newest + 1]);
    // One that is dropped begins anew.
    connection.execute_batch("DELETE FROM authz_consumers WHERE consumer = 'one'").unwrap();
    assert_eq!(next(&connection, "'one'")[0], all[0]);
}

#[test]
fn plain_sql_puts_no_consumer_where_no_event_is() {
    let connection = open();
    write(&connection, "a");
    let newest = number(&connection, "SELECT max(seq) FROM authz_events");
    let insert = |clause: &str, position: i64| format!("{clause} INTO _authz_consumers (consumer, position) VALUES ('one', {position})");
    for (statement, told) in [
        (insert("INSERT", newest + 1), "consumer_position: "),
        (insert("INSERT OR IGNORE", newest + 1), "consumer_position: "),
        (insert("INSERT", -1), "consumer_position: "),
    ] {
        let error = connection.execute_batch(&statement).unwrap_err().to_string();
        assert!(error.starts_with(told), "{statement}: {error}");
    }
    connection.execute_batch(&insert("INSERT", newest)).unwrap();
    connection.execute_batch(&insert("INSERT OR IGNORE", 0)).unwrap();
    for (statement, told) in [
        (insert("INSERT OR REPLACE", 0), "replace_refused: "),
        ("UPDATE _authz_consumers SET position = 0".to_owned(), "consumer_position: "),
        (format!("UPDATE _authz_consumers SET position = {}", newest + 1), "consumer_position: "),
        ("UPDATE OR REPLACE _authz_consumers SET consumer = 'two'".to_owned(), "consumer_immutable: "),
    ] {
        let error = connection.execute_batch(&statement).unwrap_err().to_string();
        assert!(error.starts_with(told), "{statement}: {error}");
    }
    assert_eq!(number(&connection, "SELECT position FROM authz_consumers WHERE consumer = 'one'"), newest);
}

#[test]
fn the_columns_are_those_of_the_view() {
    let connection = open();
    number(&connection, "SELECT authz_set_actor('ana', 'api', 'Ana')");
    connection.execute_batch("INSERT INTO authz_permissions (slug) VALUES ('a'); UPDATE authz_permissions SET name = 'A'").unwrap();
    let rows = |sql: &str| -> Vec<String> {
        let mut statement = connection.prepare(sql).unwrap();
        let columns = statement.column_names().join(",");
        let rows = statement
            .query_map([], |row| Ok((0..6).map(|column| format!("{:?}", row.get_ref(column).unwrap())).collect::<Vec<_>>().join("|")));
        std::iter::once(columns).chain(rows.unwrap().map(Result::unwrap)).collect()
    };
    assert_eq!(rows("SELECT * FROM authz_next_events('c')"), rows("SELECT * FROM authz_events ORDER BY seq"));
    assert_eq!(rows("SELECT * FROM authz_next_events('c')").len(), 4);
}

#[test]
fn names_are_chosen_by_patterns() {
    let connection = open();
    connection
        .execute_batch("INSERT INTO authz_permissions (slug) VALUES ('a'); INSERT INTO authz_roles (slug) VALUES ('r'); UPDATE authz_roles SET name = 'R' WHERE slug = 'r'; DELETE FROM authz_roles WHERE slug = 'r'")
        .unwrap();
    let named = |names: &str| -> Vec<String> {
        let mut statement =
            connection.prepare("SELECT event FROM authz_next_events('c', 100, ?1) WHERE data ->> '$.slug' <> 'member'").unwrap();
        statement.query_map([names], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    assert_eq!(named(r#"["role.*"]"#), ["role.created", "role.updated", "role.deleted"]);
    assert_eq!(named(r#"["role.created", "permission.*"]"#), ["permission.created", "role.created"]);
    assert_eq!(named(r#"["*.deleted"]"#), ["role.deleted"]);
    assert_eq!(named("[]"), [""; 0]);
    // The limit counts what matches.
    assert_eq!(numbers(&connection, r#"SELECT count(*) FROM authz_next_events('c', 2, '["permission.*", "role.deleted"]')"#), [2]);
}

#[test]
fn questions_that_make_no_sense_are_refused() {
    let connection = open();
    write(&connection, "a");
    for (sql, sentence) in [
        ("SELECT * FROM authz_next_events(NULL)", "authz_next_events: the consumer is NULL"),
        ("SELECT * FROM authz_next_events('')", "authz_next_events: the consumer `` has 0 bytes"),
        ("SELECT * FROM authz_next_events('a b')", "authz_next_events: the consumer `a b` contains a space"),
        ("SELECT * FROM authz_next_events(printf('%0129d', 1))", "authz_next_events: the name of the consumer has 129 characters"),
        ("SELECT * FROM authz_next_events(1)", "authz_next_events: the consumer is INTEGER; it must be TEXT"),
        ("SELECT * FROM authz_next_events", "authz_next_events: the argument consumer is missing"),
        ("SELECT * FROM authz_next_events('c', -1)", "authz_next_events: the limit `-1` is negative"),
        ("SELECT * FROM authz_next_events('c', 'x')", "authz_next_events: the limit is no INTEGER"),
        ("SELECT * FROM authz_next_events('c', 1, 'role.*')", "authz_next_events: the list of names is not valid JSON"),
        ("SELECT * FROM authz_next_events('c', 1, '{}')", "authz_next_events: names: it is an object, and must be an array of strings"),
        ("SELECT * FROM authz_next_events('c', 1, '[1]')", "authz_next_events: names[0]: it is a number, and must be a string"),
        ("SELECT * FROM authz_next_events('c', 1, '[\"\"]')", "authz_next_events: names: a pattern of 0 bytes matches no name"),
        ("SELECT authz_ack('c', -1)", "authz_ack: no event has the number `-1`"),
        ("SELECT authz_ack('c', '1')", "authz_ack: the seq is no INTEGER"),
        ("SELECT authz_ack('c', NULL)", "authz_ack: the seq is no INTEGER"),
        ("SELECT authz_ack(NULL, 1)", "authz_ack: the consumer is NULL"),
        ("SELECT authz_ack('a b', 1)", "authz_ack: the consumer `a b` contains a space"),
        ("SELECT authz_prune_events('soon')", "authz_prune_events: the time `soon` is not a time"),
        ("SELECT authz_setting('evnts')", "authz_setting: unknown setting `evnts`; did you mean `events`?"),
        ("SELECT authz_setting('zzz')", "authz_setting: unknown setting `zzz`; the settings are `events`, `events_keep_days`"),
        ("SELECT authz_set_setting('evnts', 'on')", "authz_set_setting: unknown setting `evnts`; did you mean `events`?"),
        ("SELECT authz_set_setting('events', 'of')", "authz_set_setting: the setting cannot be `of`: its values are on and off"),
        ("SELECT authz_set_setting('events', 1)", "authz_set_setting: the setting cannot be `1`: its values are on and off"),
        ("SELECT authz_set_setting('events', NULL)", "authz_set_setting: the value of the setting `events` is NULL"),
        ("SELECT authz_set_setting('events', 1.5)", "authz_set_setting: the value of a setting is REAL; it must be TEXT"),
        ("SELECT authz_set_setting('events_keep_days', 0)", "the setting cannot be `0`: events_keep_days is an INTEGER from 1 to 36500"),
        ("SELECT authz_set_setting('events_keep_days', 'many')", "the setting cannot be `many`: events_keep_days is an INTEGER"),
    ] {
        let error = refusal(&connection, sql);
        assert!(error.contains(sentence), "{sql}\n  says {error}\n  not {sentence}");
    }
    assert_eq!(number(&connection, "SELECT count(*) FROM authz_consumers"), 0);
    assert_eq!(number(&connection, "SELECT authz_setting('events') = 'on' AND authz_setting('events_keep_days') = 90"), 1);
}

#[test]
fn settings_are_read_and_set() {
    let connection = open();
    assert_eq!(number(&connection, "SELECT authz_set_setting('events_keep_days', '30')"), 1);
    assert_eq!(number(&connection, "SELECT authz_set_setting('events_keep_days', 30)"), 0);
    assert_eq!(number(&connection, "SELECT authz_setting('events_keep_days')"), 30);
    write(&connection, "a");
    assert_eq!(number(&connection, "SELECT authz_set_setting('events', 'off')"), 1);
    let (newest, event): (i64, String) = connection
        .query_row("SELECT seq, event FROM authz_events ORDER BY seq DESC LIMIT 1", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    assert_eq!(event, "events.disabled");
    write(&connection, "b");
    assert_eq!(number(&connection, "SELECT max(seq) FROM authz_events"), newest);
    number(&connection, "SELECT authz_set_setting('events', 'on')");
    write(&connection, "c");
    assert_eq!(number(&connection, "SELECT max(seq) FROM authz_events"), newest + 2);
}

#[test]
fn old_events_go_when_every_consumer_has_acknowledged_them() {
    let connection = open();
    connection.execute_batch("INSERT INTO authz_permissions (slug) VALUES ('a'), ('b'), ('c')").unwrap();
    connection.execute_batch("UPDATE authz_permissions SET name = 'C' WHERE slug = 'c'").unwrap();
    let all = numbers(&connection, "SELECT seq FROM authz_events ORDER BY seq");
    let left = || numbers(&connection, "SELECT seq FROM authz_events ORDER BY seq");
    assert_eq!(number(&connection, "SELECT authz_prune_events()"), 0, "nothing is 90 days old");
    assert_eq!(number(&connection, "SELECT authz_prune_events('2000-01-01')"), 0);
    number(&connection, "SELECT authz_ack('slow', 0)");
    number(&connection, &format!("SELECT authz_ack('fast', {})", all[2]));
    assert_eq!(number(&connection, "SELECT authz_prune_events('9999-12-31')"), 0, "one consumer has seen nothing");
    number(&connection, &format!("SELECT authz_ack('slow', {})", all[0]));
    assert_eq!(number(&connection, "SELECT authz_prune_events('9999-12-31')"), 1);
    assert_eq!(left(), all[1..]);
    assert_eq!(number(&connection, "SELECT min(seq) FROM _authz_outbox"), all[1]);
    connection.execute_batch("DELETE FROM authz_consumers WHERE consumer = 'slow'").unwrap();
    assert_eq!(number(&connection, "SELECT authz_prune_events('9999-12-31')"), 2);
    assert_eq!(left(), all[3..]);
    assert_eq!(next(&connection, "'new'"), all[3..]);
    connection.execute_batch("DELETE FROM authz_consumers").unwrap();
    number(&connection, "SELECT authz_prune_events('9999-12-31')");
    assert_eq!(left(), [0; 0]);
    // Numbers go on where they were, also when nothing is left, and again; whoever acknowledged the last one misses nothing.
    let mut last = *all.last().unwrap();
    for slug in ["d", "e"] {
        number(&connection, &format!("SELECT authz_ack('last', {last})"));
        assert!(connection.execute_batch("DELETE FROM _authz_outbox WHERE event IS NULL").is_err(), "what keeps the number stays");
        write(&connection, slug);
        assert_eq!(left().len(), 1);
        assert!(left()[0] > last);
        assert_eq!(next(&connection, "'last'"), left());
        last = left()[0];
        number(&connection, &format!("SELECT authz_ack('last', {last})"));
        assert_eq!(number(&connection, "SELECT authz_prune_events('9999-12-31')"), 1);
        assert_eq!(left(), [0; 0]);
        assert_eq!(number(&connection, "SELECT count(*) FROM _authz_outbox"), 1);
    }
    // The door is closed again.
    assert!(connection.execute_batch("DELETE FROM _authz_outbox").is_err());
    assert_eq!(number(&connection, "SELECT count(*) FROM _authz_call"), 0);
}

#[test]
fn several_writers_and_a_consumer_miss_nothing_and_keep_the_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.db");
    let connection = open_file(&path);
    connection.pragma_update(None, "journal_mode", "wal").unwrap();
    authz::migrate(&connection).unwrap();
    const EACH: i64 = 40;
    let writers: Vec<_> = (0..3)
        .map(|writer| {
            let path = path.clone();
            thread::spawn(move || {
                let connection = open_file(&path);
                for round in 0..EACH {
                    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
                    for row in 0..3 {
                        write(&connection, &format!("w{writer}:{round}:{row}"));
                    }
                    connection.execute_batch(if round % 4 == 0 { "ROLLBACK" } else { "COMMIT" }).unwrap();
                }
            })
        })
        .collect();
    let mut seen = Vec::new();
    loop {
        let done = writers.iter().all(thread::JoinHandle::is_finished);
        // Names so that the seeded role is no part of it, pages of a size that divides nothing.
        let mut statement =
            connection.prepare(r#"SELECT seq, data ->> '$.slug' FROM authz_next_events('c', 7, '["permission.*"]')"#).unwrap();
        let page: Vec<(i64, String)> =
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().collect::<Result<_, _>>().unwrap();
        match page.last() {
            Some((last, _)) => number(&connection, &format!("SELECT authz_ack('c', {last})")),
            None if done => break,
            None => continue,
        };
        seen.extend(page);
    }
    for writer in writers {
        writer.join().unwrap();
    }
    let mut statement =
        connection.prepare("SELECT seq, data ->> '$.slug' FROM authz_events WHERE event = 'permission.created' ORDER BY seq").unwrap();
    let written: Vec<(i64, String)> =
        statement.query_map(params![], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(written.len() as i64, 3 * 3 * EACH * 3 / 4);
    assert_eq!(seen, written);
}
