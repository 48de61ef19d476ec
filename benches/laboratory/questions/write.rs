//! What the rules cost a writer.

use std::rc::Rc;

use authz::rusqlite::{Connection, params};

use super::{only, pairs, prepare};
use crate::laboratory::measure::{Question, Run, timed};
use crate::laboratory::worlds::{self, Ids};

/// What a bulk of resources is written by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Put {
    Function { events: bool },
    Bare,
}

fn put(documents: u32, how: Put) -> Run {
    Box::new(move || {
        let (_folder, file) = worlds::empty();
        let connection = worlds::open_cold(&file);
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
                connection.execute_batch(include_str!("../../sql/bare_resources.sql")).unwrap();
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
    // So many that the checkpoints which they cause are shared among them: a median of fewer would show one side's and not the other's.
    let each = 1000;
    let run = |sql: &str, bare: bool| -> Run {
        let (folder, copy) = worlds::copy(&file);
        let connection: &'static Connection = Box::leak(Box::new(worlds::open(&copy)));
        if bare {
            // The same table, so that its pages are as full as ours, without a rule.
            let mut triggers = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1").unwrap();
            let names: Vec<String> =
                triggers.query_map(["authz_role_assignments"], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
            drop(triggers);
            for name in names {
                connection.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
            }
            connection.execute_batch("PRAGMA ignore_check_constraints = ON").unwrap();
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
    let bare = "INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id) VALUES (?1, 'document-reader', 'document', ?2) ON CONFLICT DO NOTHING";
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
