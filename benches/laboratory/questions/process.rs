//! What the process feels: memory, threads.

use std::rc::Rc;
use std::sync::mpsc;

use super::{CHECK, check, pairs, prepare};
use crate::laboratory::measure::{Measure, Question, Run, timed};
use crate::laboratory::memory;
use crate::laboratory::worlds::{self, HALF, Ids, ONE_PERCENT};

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

/// How many questions a thread asks at once: enough that waking it does not count.
const ASKED: usize = 100_000;

/// A thread with a connection of its own that asks so many questions whenever it is told to, the same as every other.
struct Asker {
    go: mpsc::Sender<()>,
    done: mpsc::Receiver<i64>,
}

impl Asker {
    fn start(documents: u32, sql: &'static str) -> Asker {
        let (go, told) = mpsc::channel();
        let (tell, done) = mpsc::channel();
        std::thread::spawn(move || {
            let connection = worlds::open_to_read(&worlds::tree(documents, Ids::Integer));
            let pairs = pairs(connection);
            let mut statement = prepare(connection, sql);
            while told.recv().is_ok() {
                let slice = &pairs[..ASKED];
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
pub fn threads(documents: u32) -> Vec<Question> {
    worlds::tree(documents, Ids::Integer);
    let of = |name: &str, sql: &'static str| {
        let askers = Rc::new([Asker::start(documents, sql), Asker::start(documents, sql)]);
        let ask = |count: usize| -> Run {
            let askers = Rc::clone(&askers);
            Box::new(move || {
                timed(|| {
                    askers[..count].iter().for_each(|asker| asker.go.send(()).unwrap());
                    askers[..count].iter().map(|asker| asker.done.recv().unwrap()).sum()
                })
            })
        };
        Question::ratio(name, "1 thread", 1.8, 1.8, 2 * ASKED as u64, vec![ask(1)], ask(2)).unlike().measured_as(Measure::Throughput)
    };
    let look_up = "SELECT count(*) FROM documents WHERE id = ?2 AND ?1 IS NOT NULL";
    vec![Question { aim: None, ..of("threads/2", CHECK) }, of("threads/2/primary_key_look_up", look_up).without_limits()]
}
