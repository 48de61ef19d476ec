//! Migrations: by system, in and out of transactions, over files that were migrated by other means, and over those that must be refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod needs;

use std::io::Write;
use std::process::{Command, Stdio};

use authz::rusqlite::Connection;

const SYSTEMS: [&str; 4] = ["core", "events", "identity", "search"];

fn open() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    connection
}

fn text(connection: &Connection, sql: &str) -> String {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn refusal(connection: &Connection, sql: &str) -> String {
    connection.prepare(sql).and_then(|mut statement| statement.query([])?.next().map(drop)).unwrap_err().to_string()
}

/// The answer of `authz_migrate` that applied these.
fn report(from: i64, applied: &[&str]) -> String {
    let applied: Vec<String> = applied.iter().map(|name| format!("{name:?}")).collect();
    format!(r#"{{"from":{from},"to":1,"applied":[{}]}}"#, applied.join(","))
}

const ALL: [&str; 4] = ["core V1__core", "events V1__events", "identity V1__identity", "search V1__search"];

/// Every object of the schema with its text.
fn shape(connection: &Connection) -> Vec<(String, Option<String>)> {
    let mut statement = connection
        .prepare("SELECT type || ' ' || name, sql FROM main.sqlite_schema WHERE name GLOB 'authz_*' OR name GLOB '_authz_*' ORDER BY 1")
        .unwrap();
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_second_call_applies_nothing() {
    let connection = open();
    assert_eq!(text(&connection, "SELECT authz_schema_version() || ''"), "0");
    assert_eq!(text(&connection, "SELECT authz_migrate()"), report(0, &ALL));
    assert_eq!(text(&connection, "SELECT authz_migrate()"), report(1, &[]));
    assert_eq!(text(&connection, "VALUES (authz_migrate())"), report(1, &[]));
    assert_eq!(text(&connection, "SELECT authz_schema_version() || ''"), "1");
    assert_eq!(text(&connection, "SELECT authz_version()"), env!("CARGO_PKG_VERSION"));
}

#[test]
fn a_second_call_takes_no_lock() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.db");
    let writer = Connection::open(&path).unwrap();
    authz::migrate(&writer).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    let other = Connection::open(&path).unwrap();
    authz::register(&other).unwrap();
    assert_eq!(text(&other, "SELECT authz_migrate()"), report(1, &[]));
}

/// Every set of systems that can be, and every order in which it can come.
#[test]
fn systems_come_in_any_order_and_bring_what_they_need() {
    let bring = |order: &[&str]| {
        let connection = open();
        let applied: Vec<String> =
            order.iter().flat_map(|system| authz::migrate_systems(&connection, &[system]).unwrap().applied).collect();
        (shape(&connection), applied)
    };
    let orders: Vec<Vec<&str>> = (0..256)
        .map(|number| (0..4).map(|place| SYSTEMS[number >> (2 * place) & 3]).collect::<Vec<_>>())
        .chain(SYSTEMS.map(|system| vec![system]))
        .collect();
    let mut shapes = std::collections::BTreeMap::new();
    for order in orders {
        let (shape, mut applied) = bring(&order);
        applied.sort();
        let first = shapes.entry(applied).or_insert_with(|| shape.clone());
        assert_eq!(first, &shape, "{order:?}");
    }
    let sets: Vec<String> = shapes.keys().map(|applied| applied.iter().map(|one| &one[..1]).collect()).collect();
    assert_eq!(sets, ["c", "ce", "cei", "ceis", "ces", "cs"]);
    assert_eq!(shapes.values().next_back().map(Vec::is_empty), Some(false));

    let connection = open();
    assert_eq!(text(&connection, "SELECT authz_migrate('identity')"), report(0, &ALL[..3]));
    assert_eq!(text(&connection, "SELECT authz_migrate('search')"), report(1, &ALL[3..]));
    let all = open();
    authz::migrate(&all).unwrap();
    assert_eq!(shape(&connection), shape(&all));
}

#[test]
fn the_systems_of_a_file_are_listed() {
    let connection = open();
    let listed =
        "SELECT group_concat(name || ' ' || ifnull(version, '-') || ' ' || newest || ' ' || ifnull(needs, '-'), '; ') FROM authz_systems()";
    assert_eq!(text(&connection, listed), "core - 1 -; events - 1 core; identity - 1 events; search - 1 core");
    text(&connection, "SELECT authz_migrate('events')");
    assert_eq!(text(&connection, listed), "core 1 1 -; events 1 1 core; identity - 1 events; search - 1 core");
    assert_eq!(refusal(&connection, "SELECT authz_migrate('evnts')"), "authz_migrate: unknown system `evnts`; did you mean `events`?");
    assert_eq!(
        refusal(&connection, "SELECT authz_migrate('all')"),
        "authz_migrate: unknown system `all`; they are `core`, `events`, `identity` and `search`"
    );
}

#[test]
fn what_a_missing_system_would_do_says_how_to_bring_it() {
    let connection = open();
    assert!(refusal(&connection, "SELECT authz_check('user:ana', 'x', 'y', 1)").ends_with("run `SELECT authz_migrate()` first"));
    text(&connection, "SELECT authz_migrate('core')");
    connection.execute_batch(WORLD).unwrap();
    for (sql, system) in [
        ("SELECT * FROM authz_next_events('mailer')", "events"),
        ("SELECT authz_ack('mailer', 1)", "events"),
        ("SELECT * FROM authz_event_envelopes", "events"),
        ("SELECT authz_prune_events()", "events"),
        ("SELECT * FROM authz_history('organization', 'acme')", "events"),
        ("SELECT authz_session_start('ana', 'acme', 'password')", "identity"),
        ("SELECT authz_session_subject('x')", "identity"),
        ("SELECT authz_sso_start('x')", "identity"),
        ("SELECT * FROM authz_sso_report()", "identity"),
        ("SELECT authz_put_directory('d', 'acme', 'D')", "identity"),
        ("SELECT authz_scim('d', 'GET', '/Users', NULL)", "identity"),
        ("SELECT authz_claims('ana', 'acme')", "identity"),
        ("SELECT * FROM authz_attributes('ana', 'acme')", "identity"),
        ("SELECT authz_define_attribute('level')", "identity"),
        ("SELECT authz_put_command('a', 'page', 'A', NULL, NULL)", "search"),
    ] {
        let told = refusal(&connection, sql);
        assert!(told.contains(&format!("run `SELECT authz_migrate('{system}')` first")), "{sql}: {told}");
    }
    assert!(refusal(&connection, "SELECT authz_index_search()").contains("authz_migrate('search')"));
}

const WORLD: &str = r#"
    SELECT authz_apply('{"resource_types": {"document": {"parents": ["organization"], "search": "document:read"}},
      "permissions": {"document:read": {"resource_type": "document"}},
      "roles": {"reader": {"resource_type": "document", "permissions": ["document:read"]},
                "owner": {"resource_type": "organization", "permissions": ["document:read"]}}}');
    SELECT authz_put_resource('organization', 'acme', NULL, NULL, 'Acme');
    SELECT authz_put_resource('document', 7, 'organization', 'acme', 'Seven');
    SELECT authz_put_resource('document', 8, 'organization', 'acme', 'Eight');
    SELECT authz_put_resource('document', 9, 'organization', 'acme', 'Nine');
    SELECT authz_remove_resource('document', 9);
    SELECT authz_grant('user:ana', 'reader', 'document', 7);
    SELECT authz_grant('user:bob', 'owner', 'organization', 'acme');
    SELECT authz_add_member('group:web', 'user:cy');
    SELECT authz_grant('group:web', 'reader', 'document', 8);
"#;

/// Each set of systems does its part without the others, and one that comes later fills in what it would have made.
#[test]
fn each_set_of_systems_works_and_what_comes_later_fills_in() {
    for first in [&["core"][..], &["events"], &["identity"], &["search"], &["events", "search"]] {
        let connection = open();
        authz::migrate_systems(&connection, first).unwrap();
        connection.execute_batch(WORLD).unwrap();
        let answers =
            "SELECT authz_check('user:ana', 'document:read', 'document', 7) || authz_check('user:ana', 'document:read', 'document', 8)
              || authz_check('user:bob', 'document:read', 'document', 8) || authz_check('user:cy', 'document:read', 'document', 8)
              || (SELECT group_concat(id, '') FROM authz_search('e', 'user:bob', 20, 'resource'))";
        assert_eq!(text(&connection, answers), "10118", "{first:?}");
        connection.execute_batch("SELECT authz_revoke('user:bob', 'owner', 'organization', 'acme')").unwrap();
        authz::migrate(&connection).unwrap();
        let later = "SELECT (SELECT group_concat(id || name) FROM authz_organizations) || (SELECT slug FROM authz_roles WHERE is_default)";
        assert_eq!(text(&connection, later), "acmeAcmemember", "{first:?}");
        connection
            .execute_batch(
                "INSERT INTO authz_users (id, email) VALUES ('ana', 'ana@acme.test');
                 INSERT INTO authz_memberships (user, organization, status) VALUES ('ana', 'acme', 'inactive');
                 SELECT authz_index_search()",
            )
            .unwrap();
        assert_eq!(text(&connection, "SELECT authz_check('user:ana', 'document:read', 'document', 7) || ''"), "0", "{first:?}");
        assert_eq!(text(&connection, "SELECT count(*) || '' FROM authz_events WHERE event = 'organization_membership.created'"), "1");
        let told = "SELECT count(*) || '' FROM authz_events WHERE event GLOB 'organization.*' OR data ->> 'resource_type_slug' = 'organization' AND event GLOB 'authorization_resource.*'";
        let expected = if first == ["events"] || first == ["events", "search"] { "2" } else { "1" };
        assert_eq!(text(&connection, told), expected, "{first:?}");
        let fresh = open();
        authz::migrate(&fresh).unwrap();
        assert_eq!(shape(&connection), shape(&fresh), "{first:?}");
    }
}

#[test]
fn joins_the_open_transaction() {
    let connection = open();
    connection.execute_batch("BEGIN; CREATE TABLE mine (x); SAVEPOINT inner").unwrap();
    text(&connection, "SELECT authz_migrate()");
    connection.execute_batch("ROLLBACK TO inner").unwrap();
    assert!(shape(&connection).is_empty());
    text(&connection, "SELECT authz_migrate()");
    connection.execute_batch("ROLLBACK").unwrap();
    assert!(shape(&connection).is_empty());
    assert!(connection.is_autocommit());
    connection.execute_batch("BEGIN").unwrap();
    text(&connection, "SELECT authz_migrate()");
    connection.execute_batch("COMMIT").unwrap();
    assert_eq!(text(&connection, "SELECT authz_schema_version() || ''"), "1");
}

#[test]
fn works_under_every_setting_of_the_host() {
    for setting in [
        "foreign_keys = ON",
        "foreign_keys = OFF",
        "recursive_triggers = ON",
        "trusted_schema = OFF",
        "legacy_alter_table = ON",
        "cell_size_check = ON",
    ] {
        let connection = open();
        connection.execute_batch(&format!("PRAGMA {setting}; ATTACH ':memory:' AS other; CREATE TABLE other.authz_roles (x)")).unwrap();
        assert_eq!(authz::migrate(&connection).unwrap().to, 1, "{setting}");
    }
    let bare = Connection::open_in_memory().unwrap();
    assert_eq!(authz::migrate(&bare).unwrap().applied, ALL);
}

#[test]
fn a_plan_writes_nothing_and_reads_a_read_only_file() {
    let connection = open();
    connection.execute_batch("PRAGMA query_only = ON").unwrap();
    let plan = authz::migration_plan(&connection).unwrap();
    assert_eq!((plan.from, plan.to, plan.applied), (0, 1, ALL.map(str::to_owned).to_vec()));
    assert_eq!(authz::migration_plan_of(&connection, &["search"]).unwrap().applied, ["core V1__core", "search V1__search"]);
    assert!(shape(&connection).is_empty());
}

#[test]
fn a_file_migrated_by_plain_sql_is_as_one_of_the_library() {
    let connection = open();
    connection.execute_batch(&authz::migration_sql_of(&["identity"]).unwrap()).unwrap();
    assert_eq!(text(&connection, "SELECT authz_migrate()"), report(1, &ALL[3..]));
    let plain = open();
    plain.execute_batch(&authz::migration_sql()).unwrap();
    // What is left to do is the index of titles, for which not every SQLite has what it takes.
    assert_eq!(text(&plain, "SELECT authz_migrate()"), report(1, &[]));
    let fresh = open();
    authz::migrate(&fresh).unwrap();
    assert_eq!(shape(&connection), shape(&fresh));
    assert_eq!(shape(&plain), shape(&fresh));
    assert!(!authz::migration_sql().contains("--"), "a host may allow no comments");
}

#[test]
fn the_stock_shell_runs_the_files_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shell.db");
    let Some(shell) = needs::program("sqlite3") else { return };
    let mut shell = Command::new(shell).arg("-bail").arg(&path).stdin(Stdio::piped()).spawn().unwrap();
    shell.stdin.take().unwrap().write_all(authz::migration_sql().as_bytes()).unwrap();
    assert!(shell.wait().unwrap().success());
    let by_shell = Connection::open(&path).unwrap();
    assert_eq!(authz::migrate(&by_shell).unwrap().applied, Vec::<String>::new());
    let by_library = open();
    authz::migrate(&by_library).unwrap();
    assert_eq!(shape(&by_shell), shape(&by_library));
}

/// The files under `migrations/` themselves, comments and all.
#[test]
fn the_files_run_in_plain_sqlite() {
    let connection = Connection::open_in_memory().unwrap();
    for system in SYSTEMS {
        let path = format!("{}/migrations/{system}/V1__{system}.sql", env!("CARGO_MANIFEST_DIR"));
        let sql = std::fs::read_to_string(path).unwrap();
        connection.execute_batch(&sql).unwrap();
        let longest = sql.split('\'').filter(|piece| piece.contains("*[")).map(str::len).max();
        assert!(longest.unwrap_or_default() <= 50, "one hosted SQLite allows no longer pattern");
    }
}

#[test]
fn what_must_not_be_migrated_is_refused_and_left_alone() {
    let cases = [
        (
            "INSERT INTO _authz_schema VALUES ('core', 99, 'future')",
            "authz_migrate: the system `core` of this file has version 99, and this library (authz 0.1.0) knows versions up to 1; use a newer library",
        ),
        (
            "INSERT INTO _authz_schema VALUES ('weather', 1, 'weather')",
            "authz_migrate: this file has the system `weather`, which this library does not know; use a newer library",
        ),
        (
            "DROP TRIGGER _authz_roles_delete",
            "authz_migrate: `_authz_roles_delete` is missing; restore it as `authz migrate --print-sql` has it, then migrate again",
        ),
        (
            "DROP INDEX _authz_outbox_of_resources; CREATE INDEX _authz_outbox_of_resources ON _authz_outbox (seq)",
            "authz_migrate: `_authz_outbox_of_resources` differs from what `authz_migrate` made; restore it as `authz migrate --print-sql` has it, then migrate again",
        ),
        ("ALTER TABLE authz_users ADD COLUMN phone TEXT", "authz_migrate: `authz_users` differs from what `authz_migrate` made"),
        (
            "DROP TABLE _authz_schema",
            "authz_migrate: `_authz_schema` is missing or empty, and other tables of ours are there; restore the file from a backup",
        ),
        (
            "CREATE TEMP TABLE authz_roles (x)",
            "authz_migrate: the temporary table `authz_roles` bears a name of ours; drop it and migrate again",
        ),
    ];
    for (damage, sentence) in cases {
        for call in ["SELECT authz_migrate()", "SELECT authz_migrate('core')"] {
            let connection = open();
            text(&connection, "SELECT authz_migrate()");
            connection.execute_batch(damage).unwrap();
            let before = shape(&connection);
            let found = refusal(&connection, call);
            assert!(found.starts_with(sentence), "{damage}: {found}");
            assert_eq!(shape(&connection), before);
            assert!(connection.is_autocommit());
        }
    }
}

#[test]
fn a_table_in_the_way_leaves_nothing_half_written() {
    let connection = open();
    connection.execute_batch("CREATE TABLE authz_roles (mine)").unwrap();
    assert_eq!(refusal(&connection, "SELECT authz_migrate()"), "authz_migrate: nothing was migrated: table authz_roles already exists");
    assert_eq!(shape(&connection).len(), 1);
    assert!(connection.is_autocommit());
}

/// As services with several workers do when they start.
#[test]
fn ten_processes_migrate_one_new_file_at_once() {
    for journal in ["wal", "delete"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new.db");
        Connection::open(&path).unwrap().execute_batch(&format!("PRAGMA journal_mode = {journal}; CREATE TABLE mine (x)")).unwrap();
        let processes: Vec<_> = (0..10)
            .map(|_| {
                Command::new(env!("CARGO_BIN_EXE_authz"))
                    .args(["migrate", path.to_str().unwrap(), "--json"])
                    .stdout(Stdio::piped())
                    .stderr(Stdio::piped())
                    .spawn()
                    .unwrap()
            })
            .collect();
        let mut applied = 0;
        for process in processes {
            let output = process.wait_with_output().unwrap();
            assert!(output.status.success(), "{journal}: {}", String::from_utf8_lossy(&output.stderr));
            applied += i32::from(String::from_utf8(output.stdout).unwrap().contains("core V1__core"));
        }
        assert_eq!(applied, 1, "{journal}");
    }
}

/// An application that runs its migrations by refinery takes ours among its own.
#[cfg(feature = "refinery")]
#[test]
fn refinery_runs_them_by_its_own_names() {
    let migrations = authz::refinery_migrations(40).unwrap();
    let names: Vec<String> = migrations.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["V40__authz_core_1", "V41__authz_events_1", "V42__authz_identity_1", "V43__authz_search_1"]);
    let connection = open();
    for migration in &migrations {
        connection.execute_batch(migration.sql().unwrap()).unwrap();
    }
    assert_eq!(authz::migrate(&connection).unwrap().applied, Vec::<String>::new());
}
