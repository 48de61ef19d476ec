//! Each way to an answer, forced in turn, and each cache so small that it overflows: the answers are those of the naive model all the same,
//! with writes, rollbacks and another connection's commits in between.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod naive;
mod needs;

use authz::rusqlite::{Connection, params};
use naive::World;
use naive::ask::{Asker, Share, agree};
use naive::history::{again, apply, live, open};
use naive::tape::Tape;
use naive::world::{plain_model, random_model};
use proptest::prelude::*;

/// A way, the limits that force it, and what must have happened or must not.
struct Way {
    name: &'static str,
    limits: &'static [(&'static str, i64)],
    happens: &'static [&'static str],
    never: &'static [&'static str],
}

const NEVER_A_SET: (&str, i64) = ("scan_rows", 4095);

const WAYS: [Way; 6] = [
    Way {
        name: "point: whatever is asked is looked up",
        limits: &[NEVER_A_SET, ("gathered", 0), ("wide", 1), ("few", 1)],
        happens: &["checks_point"],
        never: &["checks_from_set"],
    },
    Way {
        name: "per row: what the subject holds is gathered, and each row checked",
        limits: &[NEVER_A_SET],
        happens: &["checks_point"],
        never: &["checks_from_set"],
    },
    Way { name: "set: from the first row on", limits: &[("scan_rows", 0)], happens: &["checks_from_set", "sets_built"], never: &[] },
    Way {
        name: "set: after the first rows, if it is cheap by then",
        limits: &[("scan_rows", 1), ("kept_sets", 1)],
        happens: &["checks_point"],
        never: &[],
    },
    Way {
        name: "nothing is kept from one question to the next",
        limits: &[("kept_bytes", 0), ("scan_rows", 0)],
        happens: &["forgotten", "checks_from_set"],
        never: &[],
    },
    Way {
        name: "caches that overflow now and then",
        limits: &[("kept_bytes", 6_000), ("kept_sets", 1), ("few", 2), ("wide", 3), ("gathered", 2), ("scan_rows", 3)],
        happens: &["forgotten"],
        never: &[],
    },
];

fn limited(connection: Connection, way: &Way) -> Connection {
    for (name, value) in way.limits {
        connection.query_row("SELECT authz_limit(?1, ?2)", params![name, value], |_| Ok(())).unwrap();
        let kept: i64 = connection.query_row("SELECT authz_limit(?1)", [name], |row| row.get(0)).unwrap();
        assert_eq!(kept, *value, "{name}");
    }
    connection
}

fn counted(connection: &Connection, name: &str) -> u64 {
    let debug: String = connection.query_row("SELECT authz_debug()", [], |row| row.get(0)).unwrap();
    serde_json::from_str::<serde_json::Value>(&debug).unwrap()[name].as_u64().unwrap()
}

fn lives(way: &Way, bytes: &[u8], with_relations: bool) {
    let mut tape = Tape::new(bytes.to_vec());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.db");
    let connection = limited(open(&path), way);
    let model = if with_relations { random_model(&mut tape) } else { plain_model() };
    apply(&connection, &model.json().to_string()).unwrap();
    let other = limited(again(&path), way);
    let mut world = World { model, ..World::default() };
    live(&mut tape, &mut world, &connection, &other);
    agree(&mut Asker::new(&connection), &world, Share { checks: 4, others: 3 });
    for name in way.happens {
        assert!(counted(&connection, name) > 0, "{}: {name}", way.name);
    }
    for name in way.never {
        assert_eq!(counted(&connection, name), 0, "{}: {name}", way.name);
    }
    // What is asked again and again is prepared once. (The schema changed while the file was made.)
    let before = counted(&connection, "reprepared");
    agree(&mut Asker::new(&connection), &world, Share { checks: 8, others: 16 });
    assert_eq!(counted(&connection, "reprepared"), before, "{}", way.name);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: needs::cases(2), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_way_gives_the_same_answers(bytes in prop::collection::vec(any::<u8>(), 120..240), with_relations in any::<bool>()) {
        for way in &WAYS {
            lives(way, &bytes, with_relations);
        }
    }
}

#[test]
fn a_limit_that_makes_no_sense_is_refused() {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    let refusal = |sql: &str| connection.query_row(sql, [], |_| Ok(())).unwrap_err().to_string();
    assert_eq!(refusal("SELECT authz_limit('kept_byte', 1)"), "authz_limit: unknown limit `kept_byte`; did you mean `kept_bytes`?");
    assert!(
        refusal("SELECT authz_limit('memory')")
            .ends_with("the limits are `kept_bytes`, `kept_sets`, `few`, `wide`, `gathered`, `scan_rows`")
    );
    assert_eq!(refusal("SELECT authz_limit('few', 0)"), "authz_limit: the limit `few` is an INTEGER from 1 to 4294967295");
    assert_eq!(refusal("SELECT authz_limit('scan_rows', 4096)"), "authz_limit: the limit `scan_rows` is an INTEGER from 0 to 4095");
    for value in ["-1", "1.5", "'9'", "NULL", "x'00'"] {
        assert!(refusal(&format!("SELECT authz_limit('kept_bytes', {value})")).contains("is an INTEGER from 0"), "{value}");
    }
    let before: i64 = connection.query_row("SELECT authz_limit('kept_bytes', 1000)", [], |row| row.get(0)).unwrap();
    assert_eq!(before, 48 << 20);
    // Another connection has its own.
    let other = Connection::open_in_memory().unwrap();
    authz::register(&other).unwrap();
    assert_eq!(other.query_row("SELECT authz_limit('kept_bytes')", [], |row| row.get::<_, i64>(0)).unwrap(), before);
}

/// A bad id out of a URL costs nothing but its own answer, and whatever makes the connection forget is counted.
#[test]
fn refused_questions_forget_nothing_and_every_forgetting_is_counted() {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    apply(&connection, &plain_model().json().to_string()).unwrap();
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let check = "SELECT authz_check('user:ana', 'member', 'group', 1)";
    assert_eq!(number(check), 0);
    let kept = counted(&connection, "kept");
    assert!(kept > 0);
    for sql in [
        "SELECT authz_check('user:ana', 'member', 'group', 'a b')",
        "SELECT authz_check('user:ana', 'member', 'group', x'00')",
        "SELECT authz_check('user:', 'member', 'group', 1)",
        "SELECT authz_check('nobody:ana', 'member', 'group', 1)",
        "SELECT authz_check('user:ana', 'membr', 'group', 1)",
        "SELECT authz_check('user:ana', 'member', 'grup', 1)",
        "SELECT authz_explain('user:ana', 'membr', 'group', 1)",
        "SELECT count(*) FROM authz_list_resources('user:ana', 'membr', 'group')",
    ] {
        connection.query_row(sql, [], |_| Ok(())).unwrap_err();
        assert!(counted(&connection, "kept") >= kept, "{sql}");
        assert_eq!(counted(&connection, "forgotten"), 0, "{sql}");
    }
    number("SELECT authz_limit('few', 9)");
    assert_eq!((counted(&connection, "kept"), counted(&connection, "forgotten")), (0, 1));
    assert_eq!(number(check), 0);
    connection.query_row("SELECT authz_set_now('2999-01-01')", [], |_| Ok(())).unwrap();
    assert_eq!(counted(&connection, "forgotten"), 2);
    assert_eq!(number(check), 0);
    // An interrupt may leave something half read, wherever in the question it comes.
    let mut forgotten = 2;
    for steps in 1..200 {
        let mut left = steps;
        let is_over = move || {
            left -= 1;
            left == 0
        };
        connection.progress_handler(1, Some(is_over)).unwrap();
        let answer = connection.query_row(&format!("SELECT authz_check('user:ben', 'member', 'group', 1{steps})"), [], |_| Ok(()));
        connection.progress_handler(0, None::<fn() -> bool>).unwrap();
        let now = counted(&connection, "forgotten");
        assert!(now == forgotten || (answer.is_err() && now == forgotten + 1 && counted(&connection, "kept") == 0), "{steps}");
        forgotten = now;
        assert_eq!(number(check), 0);
    }
    assert!(forgotten > 2);
}
