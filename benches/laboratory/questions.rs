//! The questions, each beside its base.

use std::rc::Rc;
use std::sync::mpsc;
use std::time::Duration;

use authz::rusqlite::functions::FunctionFlags;
use authz::rusqlite::types::Value;
use authz::rusqlite::{Connection, Statement, ToSql, params};

use super::measure::{Measure, Question, Run, timed};
use super::memory;
use super::worlds::{self, HALF, IN_THE_CROWD, Ids, JOINER, ONE_PERCENT, PAIRS, READ};

/// How many checks one sample asks, where they are asked one by one.
const CHECKS: usize = 1000;
const NOW: &str = "2026-01-01T00:00:00.000Z";

const CHECK: &str = "SELECT authz_check(?1, 'document:read', 'document', ?2)";
const LOOK_UP: &str = "SELECT project_id FROM documents WHERE id = ?1";

/// A subject, a document, and whether it may read it.
type Pair = (String, Value, i64);

fn prepare(connection: &'static Connection, sql: &str) -> Statement<'static> {
    connection.prepare(sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// A statement that gives one number, asked once a run.
fn number(connection: &'static Connection, sql: &str, parameters: Vec<Value>) -> Run {
    let mut statement = prepare(connection, sql);
    Box::new(move || timed(|| statement.query_row(authz::rusqlite::params_from_iter(&parameters), |row| row.get::<_, i64>(0)).unwrap()))
}

/// A statement that gives rows, asked for each of several lists of parameters; the number is made of the first column of all rows.
fn rows(connection: &'static Connection, sql: &str, parameters: Vec<Vec<Value>>) -> Run {
    let mut statement = prepare(connection, sql);
    Box::new(move || {
        timed(|| {
            let mut answer = 0;
            for parameters in &parameters {
                let mut rows = statement.query(authz::rusqlite::params_from_iter(parameters)).unwrap();
                while let Some(row) = rows.next().unwrap() {
                    answer += 1 + match row.get_ref(0).unwrap() {
                        authz::rusqlite::types::ValueRef::Integer(number) => number,
                        authz::rusqlite::types::ValueRef::Text(bytes) => bytes.iter().map(|byte| i64::from(*byte)).sum(),
                        _ => 0,
                    };
                }
            }
            answer
        })
    })
}

fn pairs(connection: &Connection) -> Rc<Vec<Pair>> {
    let mut statement = connection.prepare("SELECT subject, document, allowed FROM pairs ORDER BY id").unwrap();
    let pairs = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    Rc::new(pairs.collect::<authz::rusqlite::Result<_>>().unwrap())
}

fn only(allowed: i64, pairs: &[Pair]) -> Rc<Vec<Pair>> {
    let mut pairs: Vec<Pair> = pairs.iter().filter(|pair| pair.2 == allowed).cloned().collect();
    pairs.truncate(pairs.len() / CHECKS * CHECKS);
    Rc::new(pairs)
}

fn check(statement: &mut Statement<'_>, subject: &dyn ToSql, document: &dyn ToSql) -> i64 {
    statement.query_row(params![subject, document], |row| row.get(0)).unwrap()
}

/// One check after the other, each about another subject and another document.
fn checks_one_by_one(connection: &'static Connection, pairs: &Rc<Vec<Pair>>) -> Run {
    let pairs = Rc::clone(pairs);
    let mut statement = prepare(connection, CHECK);
    let mut next = 0;
    // All once: warm, and each answer as the plan of the world has it.
    for (subject, document, allowed) in pairs.iter() {
        assert_eq!(check(&mut statement, subject, document), *allowed, "{subject} {document:?}");
    }
    Box::new(move || {
        let slice = &pairs[next..next + CHECKS];
        next = (next + CHECKS) % pairs.len();
        timed(|| slice.iter().map(|(subject, document, _)| check(&mut statement, subject, document)).sum())
    })
}

fn look_ups(connection: &'static Connection, pairs: &Rc<Vec<Pair>>) -> Run {
    let pairs = Rc::clone(pairs);
    let mut statement = prepare(connection, LOOK_UP);
    let mut next = 0;
    // All once, to have every page at hand.
    for (_, document, _) in pairs.iter() {
        statement.query_row([document], |_| Ok(())).unwrap();
    }
    Box::new(move || {
        let slice = &pairs[next..next + CHECKS];
        next = (next + CHECKS) % pairs.len();
        timed(|| {
            let found = slice.iter().filter(|(_, document, _)| {
                let mut rows = statement.query([document]).unwrap();
                rows.next().unwrap().is_some_and(|row| row.get_ref(0).is_ok())
            });
            found.count() as i64
        })
    })
}

/// Which checks are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Half of them allowed
    All,
    Allowed,
    Denied,
}

/// `check/point/…`: one check by a prepared statement.
pub fn point(documents: u32, ids: Ids, asked: Asked) -> Question {
    let connection = worlds::open_to_read(&worlds::tree(documents, ids));
    let (pairs, name) = match asked {
        Asked::All => (pairs(connection), ids.name()),
        Asked::Allowed => (only(1, &pairs(connection)), "allowed"),
        Asked::Denied => (only(0, &pairs(connection)), "denied"),
    };
    Question::ratio(
        format!("check/point/depth_4/{name}"),
        "one primary-key look-up",
        1.5,
        0.5,
        CHECKS as u64,
        vec![look_ups(connection, &pairs)],
        checks_one_by_one(connection, &pairs),
    )
    .unlike()
}

/// `check/sum/…`: 200,000 checks in one statement.
pub fn sum(documents: u32, ids: Ids) -> Question {
    let connection = worlds::open_to_read(&worlds::tree(documents, ids));
    let allowed: i64 = connection.query_row("SELECT sum(allowed) FROM pairs", [], |row| row.get(0)).unwrap();
    let mut ask = number(connection, "SELECT sum(authz_check(p.subject, 'document:read', 'document', p.document)) FROM pairs AS p", vec![]);
    assert_eq!(ask().1, allowed);
    Question::ratio(
        format!("check/sum/200000_pairs/{}", ids.name()),
        "the statement with a primary-key sub-select",
        1.0,
        0.35,
        u64::from(PAIRS),
        vec![number(
            connection,
            "SELECT count((SELECT d.project_id FROM documents AS d WHERE d.id = +p.document)) FROM pairs AS p",
            vec![],
        )],
        ask,
    )
    .unlike()
}

/// `filter/scan/…`: a permission as a condition on every row.
pub fn scan(documents: u32, subject: &str, name: &str, must: f64, aim: f64) -> Question {
    let connection = worlds::open_to_read(&worlds::tree(documents, Ids::Integer));
    connection.create_scalar_function("yes", 4, FunctionFlags::SQLITE_UTF8, |_| Ok(1)).unwrap();
    let sql = |function: &str| format!("SELECT count(*) FROM documents AS d WHERE {function}(?1, 'document:read', 'document', d.id)");
    Question::ratio(
        format!("filter/scan/{name}_pass"),
        "the scan with a function that returns 1",
        must,
        aim,
        u64::from(documents),
        vec![number(connection, &sql("yes"), vec![Value::from(subject.to_owned())])],
        number(connection, &sql("authz_check"), vec![Value::from(subject.to_owned())]),
    )
    .unlike()
}

/// `filter/join/…`, `filter/in/…`: the list of what a subject may read, joined to the application's table.
pub fn join(documents: u32, subject: &str, name: &str) -> Vec<Question> {
    let connection = worlds::open_to_read(&worlds::tree(documents, Ids::Integer));
    let given = vec![Value::from(subject.to_owned()), Value::from(READ.to_owned())];
    let with_now: Vec<Value> = given.iter().cloned().chain([Value::from(NOW.to_owned())]).collect();
    let ask = |shape: &str, sql: &str| {
        Question::ratio(
            format!("filter/{shape}/{name}_pass"),
            "the best hand-written recursive CTE",
            0.7,
            0.25,
            1,
            vec![
                number(connection, include_str!("../sql/set_join.sql"), with_now.clone()),
                number(connection, include_str!("../sql/set_in.sql"), with_now.clone()),
            ],
            number(connection, sql, given.clone()),
        )
    };
    vec![
        ask("join", "SELECT count(*) FROM authz_list_resources(?1, ?2, 'document') AS m JOIN documents AS d ON d.id = m.resource_id"),
        ask("in", "SELECT count(*) FROM documents AS d WHERE d.id IN (SELECT resource_id FROM authz_list_resources(?1, ?2, 'document'))"),
    ]
}

/// `page/newest_20/…`: the first page by an index on time.
pub fn page(documents: u32) -> Question {
    let connection = worlds::open_to_read(&worlds::tree(documents, Ids::Integer));
    let given = vec![Value::from(ONE_PERCENT.to_owned()), Value::from(READ.to_owned())];
    let with_now: Vec<Value> = given.iter().cloned().chain([Value::from(NOW.to_owned())]).collect();
    Question::ratio(
        "page/newest_20/1_percent_pass",
        "the best hand-written SQL",
        0.2,
        0.05,
        1,
        vec![
            rows(connection, include_str!("../sql/page_by_set.sql"), vec![with_now.clone()]),
            rows(connection, include_str!("../sql/page_by_row.sql"), vec![with_now]),
        ],
        rows(
            connection,
            "SELECT d.id FROM documents AS d WHERE authz_check(?1, ?2, 'document', d.id) ORDER BY d.edited_at DESC LIMIT 20",
            vec![given],
        ),
    )
}

/// `list/subjects/…`: who may read a document with a thousand readers.
pub fn subjects(documents: u32) -> Question {
    let connection = worlds::open_to_read(&worlds::tree(documents, Ids::Integer));
    Question::ratio(
        "list/subjects/1000_readers",
        "hand-written SQL",
        1.0,
        0.3,
        1,
        vec![rows(connection, include_str!("../sql/subjects.sql"), vec![vec![8.into(), READ.to_owned().into(), NOW.to_owned().into()]])],
        rows(connection, "SELECT subject FROM authz_list_subjects(?2, 'document', ?1)", vec![vec![8.into(), READ.to_owned().into()]]),
    )
}

/// `list/permissions/…`: what a subject may do to a document, for a thousand pairs.
pub fn permissions(documents: u32) -> Question {
    let connection = worlds::open_to_read(&worlds::tree(documents, Ids::Integer));
    let pairs = pairs(connection);
    let given: Vec<Vec<Value>> =
        pairs[..CHECKS].iter().map(|(subject, document, _)| vec![subject.clone().into(), document.clone()]).collect();
    let with_now = given.iter().map(|given| given.iter().cloned().chain([NOW.to_owned().into()]).collect()).collect();
    Question::ratio(
        "list/permissions/depth_4",
        "hand-written SQL",
        1.0,
        0.3,
        CHECKS as u64,
        vec![rows(connection, include_str!("../sql/permissions.sql"), with_now)],
        rows(connection, "SELECT permission FROM authz_list_permissions(?1, 'document', ?2)", given),
    )
}

/// `tree/…`: the hierarchy as rows.
pub fn tree(documents: u32) -> Vec<Question> {
    let connection = worlds::open_to_read(&worlds::tree(documents, Ids::Integer));
    let ids: Vec<Vec<Value>> = pairs(connection)[..CHECKS].iter().map(|(_, document, _)| vec![document.clone()]).collect();
    let ratio = |name: &str, answers, base, ask| Question::ratio(name, "the recursive CTE", 1.0, 0.4, answers, vec![base], ask);
    vec![
        ratio(
            "tree/descendants/all/authz_descendants",
            u64::from(documents),
            number(connection, include_str!("../sql/descendants.sql"), vec![]),
            number(
                connection,
                "SELECT count(*), sum(t.depth) FROM organizations AS o, authz_descendants('organization', o.id) AS t",
                vec![],
            ),
        ),
        ratio(
            "tree/descendants/all/authz_hierarchy",
            u64::from(documents),
            number(connection, include_str!("../sql/hierarchy.sql"), vec![]),
            number(connection, "SELECT count(*), sum(depth) FROM node_tree WHERE root = 0", vec![]),
        ),
        ratio(
            "tree/ancestors/4",
            CHECKS as u64,
            rows(connection, include_str!("../sql/ancestors.sql"), ids.clone()),
            rows(connection, "SELECT count(*), sum(depth) FROM authz_ancestors('document', ?1)", ids),
        ),
    ]
}

/// `check/wide/…`, `check/deep/…`: what should not matter.
pub fn extremes() -> Vec<Question> {
    let connection = worlds::open_to_read(&worlds::wide());
    let ask = |name: &str, connection: &'static Connection, subject: &str, from: i64, to: i64| {
        let mut statement = prepare(
            connection,
            "SELECT sum(authz_check(?1, 'document:read', 'document', d.id)) FROM documents AS d WHERE d.id BETWEEN ?2 AND ?3",
        );
        let mut base = prepare(
            connection,
            "SELECT count((SELECT o.title FROM documents AS o WHERE o.id = d.id)) FROM documents AS d WHERE d.id BETWEEN ?1 AND ?2",
        );
        let subject = subject.to_owned();
        let base: Run = Box::new(move || timed(|| base.query_row([from, to], |row| row.get(0)).unwrap()));
        let ask: Run = Box::new(move || timed(|| statement.query_row(params![subject, from, to], |row| row.get(0)).unwrap()));
        let answers = (to - from + 1) as u64;
        Question::ratio(name, "a primary-key look-up in the same statement", 0.0, 0.0, answers, vec![base], ask).unlike().without_limits()
    };
    let mut questions = vec![
        ask("check/wide/member_of_a_group_of_100000", connection, IN_THE_CROWD, 10_002, 11_001),
        ask("check/wide/member_of_10000_groups", connection, JOINER, 2, 1001),
        ask("check/wide/document_shared_with_10000_groups", connection, JOINER, 1, 1),
    ];
    let deep = worlds::open_to_read(&worlds::deep());
    questions.push(ask("check/deep/10000_levels", deep, "user:ana", 1, 1));
    questions.push(
        Question::ratio(
            "tree/ancestors/10000",
            "the recursive CTE",
            0.0,
            0.0,
            1,
            vec![rows(deep, include_str!("../sql/ancestors.sql"), vec![vec![1.into()]])],
            rows(deep, "SELECT count(*), sum(depth) FROM authz_ancestors('document', ?1)", vec![vec![1.into()]]),
        )
        .without_limits(),
    );
    questions
}

/// `open/…`: the first answer on a fresh connection, SQLite's own settings.
pub fn open(documents: u32) -> Question {
    let file = worlds::tree(documents, Ids::Integer);
    let again = file.clone();
    let opened = |file: &std::path::Path| Connection::open(file).unwrap();
    let base: Run = Box::new(move || {
        let mut kept = None;
        timed(|| {
            let connection = kept.insert(opened(&file));
            connection.query_row(LOOK_UP, [4711], |row| row.get(0)).unwrap()
        })
    });
    let ask: Run = Box::new(move || {
        let mut kept = None;
        timed(|| {
            let connection = kept.insert(opened(&again));
            authz::register(connection).unwrap();
            connection.query_row(CHECK, params![HALF, 4711], |row| row.get(0)).unwrap()
        })
    });
    Question::ratio("open/first_answer", "open, and one look-up", 5.0, 1.0, 1, vec![base], ask)
        .unlike()
        .measured_as(Measure::MoreMilliseconds)
}

/// `check/after_writes/…`: a grant after every hundred checks, which are timed alone.
pub fn after_writes(documents: u32) -> Vec<Question> {
    let file = worlds::tree(documents, Ids::Integer);
    let pairs = pairs(worlds::open_to_read(&file));
    /// Who writes between the checks.
    #[derive(Clone, Copy, PartialEq)]
    enum Writer {
        None,
        Same,
        Other,
    }
    let checks = |writer: Writer| -> Run {
        let (folder, copy) = worlds::copy(&file);
        let reader: &'static Connection = Box::leak(Box::new(worlds::open(&copy)));
        let other: &'static Connection = match writer {
            Writer::Other => Box::leak(Box::new(worlds::open(&copy))),
            Writer::Same | Writer::None => reader,
        };
        let mut grant = prepare(other, "SELECT authz_grant(?1, 'document-reader', 'document', ?2)");
        let mut statement = prepare(reader, CHECK);
        let pairs = Rc::clone(&pairs);
        reader.execute_batch("BEGIN").unwrap();
        pairs.iter().for_each(|(subject, document, _)| _ = check(&mut statement, subject, document));
        reader.execute_batch("COMMIT").unwrap();
        let (mut next, mut written) = (0, 0);
        Box::new(move || {
            let _kept = &folder;
            let mut total = Duration::ZERO;
            for hundred in pairs[next..next + CHECKS].chunks(100) {
                if writer != Writer::None {
                    let (subject, _, _) = &pairs[(written * 7919 + 1) % pairs.len()];
                    let (_, document, _) = &pairs[(written * 104_729 + 2) % pairs.len()];
                    grant.query_row(params![subject, document], |_| Ok(())).unwrap();
                    written += 1;
                }
                total += timed(|| {
                    reader.execute_batch("BEGIN").unwrap();
                    let allowed = hundred.iter().map(|(subject, document, _)| check(&mut statement, subject, document)).sum();
                    reader.execute_batch("COMMIT").unwrap();
                    allowed
                })
                .0;
            }
            next = (next + CHECKS) % pairs.len();
            (total, 0)
        })
    };
    let ratio = |name: &str, writer| {
        Question::ratio(name, "the same checks without writes", 1.5, 1.2, CHECKS as u64, vec![checks(Writer::None)], checks(writer))
    };
    vec![
        ratio("check/after_writes/one_grant_in_100_checks/same_connection", Writer::Same),
        ratio("check/after_writes/one_grant_in_100_checks/other_connection", Writer::Other),
    ]
}

/// `check/own_grant/…`: one check inside a transaction that has just written the grant it depends on.
pub fn own_grant(documents: u32) -> Question {
    let (folder, copy) = worlds::copy(&worlds::tree(documents, Ids::Integer));
    let connection: &'static Connection = Box::leak(Box::new(worlds::open(&copy)));
    let reader = worlds::open_to_read(&copy);
    let pairs = only(0, &pairs(reader));
    let mut grant = prepare(connection, "SELECT authz_grant(?1, 'document-reader', 'document', ?2)");
    let mut after = prepare(connection, CHECK);
    let mut warm = prepare(reader, CHECK);
    let each = 100;
    let again = Rc::clone(&pairs);
    for (subject, document, _) in pairs.iter() {
        check(&mut warm, subject, document);
        check(&mut after, subject, document);
    }
    let (mut next, mut next_base) = (0, 0);
    let base: Run = Box::new(move || {
        let mut total = Duration::ZERO;
        for (subject, document, _) in &again[next_base..next_base + each] {
            total += timed(|| check(&mut warm, subject, document)).0;
        }
        next_base = (next_base + each) % again.len();
        (total, 0)
    });
    let ask: Run = Box::new(move || {
        let _kept = &folder;
        let mut total = Duration::ZERO;
        for (subject, document, _) in &pairs[next..next + each] {
            connection.execute_batch("BEGIN IMMEDIATE").unwrap();
            grant.query_row(params![subject, document], |_| Ok(())).unwrap();
            let (taken, allowed) = timed(|| check(&mut after, subject, document));
            assert_eq!(allowed, 1);
            total += taken;
            connection.execute_batch("ROLLBACK").unwrap();
        }
        next = (next + each) % pairs.len();
        (total, 0)
    });
    Question::ratio("check/own_uncommitted_grant", "the warm check", 4.0, 1.5, each as u64, vec![base], ask)
}

/// What a bulk of resources is written by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Put {
    Function { events: bool },
    Bare,
}

fn put(documents: u32, how: Put) -> Run {
    Box::new(move || {
        let (_folder, file) = worlds::empty();
        let connection = Connection::open(&file).unwrap();
        authz::register(&connection).unwrap();
        connection.execute_batch("PRAGMA synchronous = NORMAL").unwrap();
        connection
            .execute_batch(
                "SELECT authz_put_resource('organization', 1, NULL, NULL), authz_put_resource('workspace', 1, 'organization', 1)",
            )
            .unwrap();
        for project in 1..=100 {
            connection.query_row("SELECT authz_put_resource('project', ?1, 'workspace', 1)", [project], |_| Ok(())).unwrap();
        }
        let sql = match how {
            Put::Function { events } => {
                if !events {
                    connection.execute_batch("UPDATE _authz_settings SET value = 'off' WHERE name = 'events'").unwrap();
                }
                "SELECT authz_put_resource('document', ?1, 'project', ?2)"
            }
            Put::Bare => {
                connection.execute_batch(include_str!("../sql/bare_resources.sql")).unwrap();
                same_columns(&connection, "authz_resources", "bare_resources");
                "INSERT INTO bare_resources (resource_type, resource_id, parent_type, parent_id, organization) VALUES ('document', ?1, 'project', ?2, 1)"
            }
        };
        timed(|| {
            connection.execute_batch("BEGIN").unwrap();
            let mut statement = connection.prepare(sql).unwrap();
            for document in 0..documents {
                let mut rows = statement.query([document + 1, document % 100 + 1]).unwrap();
                while rows.next().unwrap().is_some() {}
            }
            connection.execute_batch("COMMIT").unwrap();
            0
        })
    })
}

/// The bare table is to have the columns of ours.
fn same_columns(connection: &Connection, ours: &str, bare: &str) {
    let columns = |table: &str| -> String {
        let sql = "SELECT group_concat(name || ' ' || type || ' ' || \"notnull\" || ' ' || pk) FROM pragma_table_info(?1)";
        connection.query_row(sql, [table], |row| row.get(0)).unwrap()
    };
    assert_eq!(columns(ours), columns(bare), "benches/sql/{bare}.sql has fallen behind the schema");
}

/// `write/put/…`: many resources in one transaction.
pub fn puts(documents: u32) -> Vec<Question> {
    let with_events = || put(documents, Put::Function { events: true });
    let answers = u64::from(documents);
    let (_folder, file) = worlds::empty();
    let has_events = Connection::open(&file).unwrap().prepare("SELECT 1 FROM _authz_settings WHERE name = 'events'").is_ok();
    let mut questions = vec![
        Question::ratio(
            "write/put/bare",
            "bare inserts, same columns and indexes",
            12.0,
            6.0,
            answers,
            vec![put(documents, Put::Bare)],
            with_events(),
        )
        .few_samples(),
    ];
    if has_events {
        let off = put(documents, Put::Function { events: false });
        questions.push(
            Question::ratio("write/put/events", "the same with events off", 2.5, 1.6, answers, vec![off], with_events()).few_samples(),
        );
    }
    questions
}

/// `write/grant/…`: one grant, committed.
pub fn grant(documents: u32) -> Question {
    let file = worlds::tree(documents, Ids::Integer);
    let pairs = only(0, &pairs(worlds::open_to_read(&file)));
    let each = 100;
    let run = |sql: &str, bare: bool| -> Run {
        let (folder, copy) = worlds::copy(&file);
        let connection: &'static Connection = Box::leak(Box::new(worlds::open(&copy)));
        if bare {
            connection.execute_batch(include_str!("../sql/bare_role_assignments.sql")).unwrap();
            same_columns(connection, "authz_role_assignments", "bare_role_assignments");
        }
        let mut statement = prepare(connection, sql);
        let pairs = Rc::clone(&pairs);
        let mut next = 0;
        Box::new(move || {
            let _kept = &folder;
            let slice = &pairs[next..next + each];
            next = (next + each) % pairs.len();
            timed(|| {
                for (subject, document, _) in slice {
                    let mut rows = statement.query(params![subject, document]).unwrap();
                    while rows.next().unwrap().is_some() {}
                }
                0
            })
        })
    };
    let bare = "INSERT INTO bare_role_assignments (subject, role, resource_type, resource_id) VALUES (?1, 'document-reader', 'document', ?2) ON CONFLICT DO NOTHING";
    let grant = "SELECT authz_grant(?1, 'document-reader', 'document', ?2)";
    Question::ratio(
        "write/grant/committed",
        "one such bare insert, committed",
        3.0,
        1.5,
        each as u64,
        vec![run(bare, true)],
        run(grant, false),
    )
}

/// `memory/…`: what a connection holds after checks over the whole world.
pub fn memory_held(documents: u32) -> Question {
    let file = worlds::tree(documents, Ids::Integer);
    let ask: Run = Box::new(move || {
        let connection = worlds::open(&file);
        let pairs = pairs(&connection);
        connection.execute_batch("BEGIN").unwrap();
        let before = memory::held();
        let (taken, _) = timed(|| {
            for subject in [ONE_PERCENT, HALF] {
                let sql = "SELECT count(*) FROM documents AS d WHERE authz_check(?1, 'document:read', 'document', d.id)";
                connection.query_row(sql, [subject], |row| row.get::<_, i64>(0)).unwrap();
            }
            let mut statement = connection.prepare(CHECK).unwrap();
            pairs.iter().map(|(subject, document, _)| check(&mut statement, subject, document)).sum()
        });
        let held = memory::held() - before + memory::of_statements(&connection);
        (taken, held)
    });
    Question::ratio("memory/after_checks_over_everything", "-", 64.0, 16.0, 1, vec![], ask).measured_as(Measure::Mebibytes).few_samples()
}

/// A thread with a connection of its own that asks 20,000 checks whenever it is told to.
struct Asker {
    go: mpsc::Sender<()>,
    done: mpsc::Receiver<i64>,
}

impl Asker {
    fn start(documents: u32, from: usize) -> Asker {
        let (go, told) = mpsc::channel();
        let (tell, done) = mpsc::channel();
        std::thread::spawn(move || {
            let connection = worlds::open_to_read(&worlds::tree(documents, Ids::Integer));
            let pairs = pairs(connection);
            let mut statement = prepare(connection, CHECK);
            while told.recv().is_ok() {
                let slice = &pairs[from..from + 20_000];
                let allowed = slice.iter().map(|(subject, document, _)| check(&mut statement, subject, document)).sum();
                if tell.send(allowed).is_err() {
                    break;
                }
            }
        });
        Asker { go, done }
    }
}

/// `threads/…`: readers in two threads on one file.
pub fn threads(documents: u32) -> Question {
    worlds::tree(documents, Ids::Integer);
    let askers = Rc::new([Asker::start(documents, 0), Asker::start(documents, 100_000)]);
    let ask = |count: usize| -> Run {
        let askers = Rc::clone(&askers);
        Box::new(move || {
            timed(|| {
                askers[..count].iter().for_each(|asker| asker.go.send(()).unwrap());
                askers[..count].iter().map(|asker| asker.done.recv().unwrap()).sum()
            })
        })
    };
    Question {
        aim: None,
        ..Question::ratio("threads/2", "1 thread", 1.8, 1.8, 40_000, vec![ask(1)], ask(2)).unlike().measured_as(Measure::Throughput)
    }
}

/// How the names of some questions begin, and the questions, made when their turn comes.
pub type Group = (&'static str, Box<dyn FnOnce() -> Vec<Question>>);

/// The rows of the table, in its order.
pub fn all(documents: u32) -> Vec<Group> {
    vec![
        (
            "check/point check/sum",
            Box::new(move || {
                vec![
                    point(documents, Ids::Integer, Asked::All),
                    point(documents, Ids::Uuid, Asked::All),
                    sum(documents, Ids::Integer),
                    sum(documents, Ids::Uuid),
                ]
            }),
        ),
        (
            "filter/scan",
            Box::new(move || vec![scan(documents, ONE_PERCENT, "1_percent", 1.5, 1.1), scan(documents, HALF, "50_percent", 2.0, 1.3)]),
        ),
        (
            "filter/join filter/in",
            Box::new(move || {
                [join(documents, ONE_PERCENT, "1_percent"), join(documents, HALF, "50_percent")].into_iter().flatten().collect()
            }),
        ),
        ("page", Box::new(move || vec![page(documents)])),
        ("list", Box::new(move || vec![subjects(documents), permissions(documents)])),
        ("tree", Box::new(move || tree(documents))),
        ("open", Box::new(move || vec![open(documents)])),
        ("check/after_writes", Box::new(move || after_writes(documents))),
        ("check/own_uncommitted_grant", Box::new(move || vec![own_grant(documents)])),
        ("write/put", Box::new(move || puts(documents))),
        ("write/grant", Box::new(move || vec![grant(documents)])),
        ("memory", Box::new(move || vec![memory_held(documents)])),
        ("threads", Box::new(move || vec![threads(documents)])),
    ]
}
