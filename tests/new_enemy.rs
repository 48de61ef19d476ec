//! The new enemy: somebody is shut out first and the door is opened afterwards. Who asks another connection must never see the open
//! door without the lock, whatever that connection had kept from before.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use authz::rusqlite::Connection;

const MODEL: &str = "model
  schema 1.1
type user
type group
  relations
    define member: [user]
type document
  relations
    define blocked: [user, group#member]
    define viewer: [user, user:*, group#member] but not blocked
";

/// Shut out, then let in: each a commit of its own.
const ORDERS: [[&str; 2]; 4] = [
    ["SELECT authz_relate('user:eve', 'blocked', 'document', 1)", "SELECT authz_relate('user:eve', 'viewer', 'document', 1)"],
    ["SELECT authz_relate('user:eve', 'blocked', 'document', 1)", "SELECT authz_relate('user:*', 'viewer', 'document', 1)"],
    ["SELECT authz_relate('user:eve', 'member', 'group', 'out')", "SELECT authz_relate('user:eve', 'viewer', 'document', 1)"],
    ["SELECT authz_relate('user:eve', 'blocked', 'document', 1)", "SELECT authz_relate('user:eve', 'member', 'group', 'in')"],
];

fn open(path: &std::path::Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    authz::register(&connection).unwrap();
    connection.execute_batch("PRAGMA synchronous = OFF").unwrap();
    connection
}

/// What eve is answered at every moment: before, between, after; and the same in the lists.
fn answers(order: [&str; 2], is_guarded: bool, wal: bool) -> Vec<[i64; 3]> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.db");
    let writer = open(&path);
    if wal {
        writer.execute_batch("PRAGMA journal_mode = WAL").unwrap();
    }
    authz::migrate(&writer).unwrap();
    writer.query_row("SELECT authz_apply(?1)", [MODEL], |_| Ok(())).unwrap();
    writer
        .execute_batch(
            "SELECT authz_relate('group:out#member', 'blocked', 'document', 1);
             SELECT authz_relate('group:in#member', 'viewer', 'document', 1);
             SELECT authz_relate('user:ana', 'viewer', 'document', 1)",
        )
        .unwrap();
    if !is_guarded {
        // Whatever blocks leaves no trace any more, while what lets in does.
        writer
            .execute_batch(
                "DROP TRIGGER _authz_relationships_insert;
                 CREATE TRIGGER _authz_relationships_insert BEFORE INSERT ON authz_relationships
                 WHEN NEW.relation = 'viewer' OR NEW.resource_id = 'in' BEGIN
                   INSERT INTO _authz_changes (subject, relation, resource_type, resource_id)
                   VALUES (NEW.subject, NEW.relation, NEW.resource_type, NEW.resource_id);
                 END;",
            )
            .unwrap();
    }
    let reader = open(&path);
    let ask = || {
        [
            "SELECT authz_check('user:eve', 'viewer', 'document', 1)",
            "SELECT count(*) FROM authz_list_resources('user:eve', 'viewer', 'document')",
            "SELECT count(*) FROM authz_list_subjects('viewer', 'document', 1) WHERE subject = 'user:eve'",
        ]
        .map(|sql| reader.query_row(sql, [], |row| row.get(0)).unwrap())
    };
    // What could be kept is kept: that she is not blocked, that she is in no group.
    reader.query_row("SELECT authz_check('user:eve', 'blocked', 'document', 1)", [], |_| Ok(())).unwrap();
    let mut found = vec![ask()];
    for sql in order {
        writer.query_row(sql, [], |_| Ok(())).unwrap();
        found.push(ask());
    }
    found
}

#[test]
fn a_door_opened_after_the_lock_is_never_seen_without_it() {
    for wal in [false, true] {
        for order in ORDERS {
            assert_eq!(answers(order, true, wal), [[0; 3]; 3], "{order:?}");
        }
    }
}

/// Without the trace that a change leaves, the wrong answer does come about: the test above can fail.
#[test]
fn without_its_safeguard_the_new_enemy_comes_in() {
    let wrong = ORDERS.iter().flat_map(|order| answers(*order, false, false)).filter(|answer| answer[0] == 1).count();
    assert!(wrong > 0);
}

/// Within one transaction of the reader nothing moves: the door stays as it was when the transaction began.
#[test]
fn a_reading_transaction_sees_one_state() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.db");
    let writer = open(&path);
    writer.execute_batch("PRAGMA journal_mode = WAL").unwrap();
    authz::migrate(&writer).unwrap();
    writer.query_row("SELECT authz_apply(?1)", [MODEL], |_| Ok(())).unwrap();
    writer.execute_batch("SELECT authz_relate('user:eve', 'viewer', 'document', 1)").unwrap();
    let reader = open(&path);
    let ask = || reader.query_row("SELECT authz_check('user:eve', 'viewer', 'document', 1)", [], |row| row.get::<_, i64>(0)).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    assert_eq!(ask(), 1);
    writer.execute_batch("SELECT authz_relate('user:eve', 'blocked', 'document', 1)").unwrap();
    assert_eq!(ask(), 1);
    reader.execute_batch("COMMIT").unwrap();
    assert_eq!(ask(), 0);
}
