//! The front door: every question about the facts is asked of the [`Store`], and is answered over one state of the file.
//!
//! What is kept between questions is in `cache.rs`, and when it has to go in `changes.rs`.
//!
//! **Bounded.** When more bytes have gathered than the limit `kept_bytes` allows, all are forgotten before the next question.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::cache::Cache;
use super::changes::Memory;
use super::limits::Limits;
use super::reader::Reader;
use crate::base::clock::Clock;
use crate::sqlite::connection::Engine;
use crate::sqlite::error::{Error, Result};
use crate::sqlite::scalar::OnConnection;
use crate::sqlite::transaction::Transaction;
use crate::sqlite::work::runs_triggers;

/// The facts as a connection knows them: what it has read, how much of it may be kept, and the clock by which it judges.
pub(crate) struct Store {
    pub(crate) engine: Rc<Engine>,
    pub(crate) clock: Rc<Clock>,
    /// How much may be kept
    pub(crate) limits: Cell<Limits>,
    /// What has been done so far
    pub(crate) counts: Counts,
    memory: RefCell<Memory>,
}

impl OnConnection for Store {
    fn engine(self: &Rc<Self>) -> Rc<Engine> {
        Rc::clone(&self.engine)
    }
}

/// How often a connection went which way, for `authz_debug()`.
#[derive(Default)]
pub(crate) struct Counts {
    /// Checks worked out one by one
    pub(crate) checks_point: Cell<u64>,
    /// Rows of a statement answered from the set of what the subject sees
    pub(crate) checks_from_set: Cell<u64>,
    /// Such sets made
    pub(crate) sets_built: Cell<u64>,
}

/// One more.
pub(crate) fn count(counter: &Cell<u64>) {
    counter.set(counter.get() + 1);
}

impl Store {
    /// One that knows nothing yet.
    pub(crate) fn new(engine: &Rc<Engine>) -> Rc<Store> {
        let store = Rc::new(Store {
            engine: Rc::clone(engine),
            clock: Rc::default(),
            limits: Cell::default(),
            counts: Counts::default(),
            memory: RefCell::default(),
        });
        engine.before_closing(&store, Store::forget);
        store
    }

    /// Keeps nothing any more.
    pub(crate) fn forget(&self) {
        self.memory.borrow_mut().forget();
    }

    /// How many entries are kept, how often everything that was kept had to be forgotten, and how many changes were followed.
    pub(crate) fn tally(&self) -> (usize, u64, u64) {
        self.memory.try_borrow().map(|memory| (memory.entries(), memory.forgotten, memory.touched)).unwrap_or_default()
    }

    /// Answers one question over one state of the file.
    pub(crate) fn read<T>(&self, question: impl FnOnce(&mut Reader<'_>) -> Result<T>) -> Result<T> {
        // Borrowed already only where a question is asked from within another: somebody put a view in the place of one of our tables.
        let Ok(mut memory) = self.memory.try_borrow_mut() else {
            return question(&mut self.reader(&mut Cache::default(), false));
        };
        match self.engine.transaction() {
            Transaction::Write => {
                memory.catch_up(&self.engine)?;
                memory.committed = None;
                if memory.is_about_to_change() {
                    return question(&mut self.reader(&mut Cache::default(), false));
                }
                self.ask(&mut memory, question)
            }
            Transaction::Read => self.read_committed(&mut memory, question),
            Transaction::None => self.engine.in_one_state(|| self.read_committed(&mut memory, question)),
        }
    }

    fn read_committed<T>(&self, memory: &mut Memory, question: impl FnOnce(&mut Reader<'_>) -> Result<T>) -> Result<T> {
        let committed = self.engine.committed();
        if committed.is_none() || memory.committed != committed {
            memory.catch_up(&self.engine)?;
            memory.committed = committed;
        }
        self.ask(memory, question)
    }

    fn ask<T>(&self, memory: &mut Memory, question: impl FnOnce(&mut Reader<'_>) -> Result<T>) -> Result<T> {
        if memory.cache.bytes() > self.limits.get().kept_bytes {
            memory.forgotten += 1;
            memory.cache = Cache { generation: memory.cache.generation + 1, ..Cache::default() };
        }
        if self.misses_changes(memory) {
            memory.forget();
        }
        let answer = question(&mut self.reader(&mut memory.cache, true));
        // An interrupt may have left something half read. What is merely refused leaves all as it was.
        let failed = matches!(&answer, Err(Error::Sqlite(_) | Error::NoSchema | Error::SchemaElsewhere(_) | Error::Told { .. }));
        if failed || self.limits.get().kept_bytes == 0 || !self.engine.reads_committed() || self.misses_changes(memory) {
            memory.forget();
        }
        answer
    }

    /// Whether the connection may change bound tables without a note: its triggers do not run.
    fn misses_changes(&self, memory: &Memory) -> bool {
        !memory.cache.bound.is_empty() && !runs_triggers(self.engine.connection())
    }

    fn reader<'a>(&'a self, cache: &'a mut Cache, keeps: bool) -> Reader<'a> {
        Reader::new(&self.engine, &self.clock, &self.limits, cache, keeps)
    }
}
