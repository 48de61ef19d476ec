//! `authz_hierarchy`: a recursive view over any table that points to its own parents.
//!
//! ```sql
//! CREATE TABLE folders (id INTEGER PRIMARY KEY, parent_id INTEGER, name TEXT);
//! CREATE INDEX folders_by_parent ON folders (parent_id);
//! CREATE VIRTUAL TABLE folder_tree USING authz_hierarchy(table=folders, id=id, parent=parent_id);
//!
//! SELECT node, depth FROM folder_tree WHERE root = 1;                  -- 1 and all below it
//! SELECT root, depth FROM folder_tree WHERE node = 7;                  -- 7 and all above it
//! SELECT node FROM folder_tree WHERE root = 1 AND depth <= 2;          -- the walk stops after two steps
//! SELECT 1 FROM folder_tree WHERE root = 1 AND node = 7;               -- does 7 lie below 1?
//! ```
//!
//! * `depth` 0 is the row itself, emitted if the table has such an id. Rows come nearest first.
//! * Ids are of any type and compare as they would in `parent = value` on that table. Each id is met once, with its smallest depth: a
//!   cycle ends, and so does a table in which an id stands with several parents.
//! * A query that gives neither `root` nor `node` is refused.
//! * The table, which may be a view, lies in the same schema as the virtual table. An index on the parent column makes the way down fast,
//!   one on the id the way up.

pub(crate) mod arguments;
mod walk;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::ffi::{CStr, CString, c_int};
use std::rc::Rc;

use rusqlite::Connection;
use rusqlite::types::{Value, ValueRef};

use self::arguments::{Arguments, affinity, quoted};
use self::walk::{Seen, Walk};
use crate::base::refusal::{nearest, shown};
use crate::sqlite::connection::Engine;
use crate::sqlite::error::{Error, Result};
use crate::sqlite::statement::HeldStatement;
use crate::sqlite::virtual_table::{self, Answer, Host, IndexInfo, Operator, Reach, VirtualTable};

const NAME: &str = "authz_hierarchy";

const ROOT: c_int = 0;

const NODE: c_int = 1;

const DEPTH: c_int = 2;

bitflags::bitflags! {
    /// What a plan hands over, in this order.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    struct Plan: c_int {
        /// `root = value`, without `node = …`: walk down
        const DOWN = 1;
        /// `node = value`: walk up
        const UP = 2;
        /// `depth <= value` or `depth = value`
        const AT_MOST = 4;
        /// `depth < value`
        const BELOW = 8;
    }
}

/// Registers the module.
pub(crate) fn register(connection: &Connection, engine: &Rc<Engine>) -> rusqlite::Result<()> {
    virtual_table::define_module::<Hierarchy>(connection, NAME, Rc::clone(engine))
}

/// The statements of one hierarchy, as text.
struct Questions {
    /// The id itself, where the table has it
    itself: String,
    /// The ids right below one, and whether there is anything below each: most nodes are leaves, and need no statement of their own
    below: String,
    /// The id itself and its parents, a row for each parent
    above: String,
}

struct Hierarchy {
    engine: Rc<Engine>,
    connection: Rc<Connection>,
    questions: Rc<Questions>,
}

impl Hierarchy {
    fn open(engine: &Rc<Engine>, connection: Connection, schema: &str, arguments: &Arguments) -> Result<(CString, Hierarchy)> {
        let Arguments { table, id, parent } = arguments;
        let mut columns: Vec<(String, String)> = Vec::new();
        {
            let mut statement = connection.prepare("SELECT name, type FROM pragma_table_info(?1, ?2)")?;
            let mut rows = statement.query([table.as_str(), schema])?;
            while let Some(row) = rows.next()? {
                columns.push((row.get(0)?, row.get::<_, Option<String>>(1)?.unwrap_or_default()));
            }
        }
        if columns.is_empty() {
            let kind = "SELECT name FROM pragma_table_list WHERE schema = ?1 AND name NOT GLOB 'sqlite_*'";
            let mut statement = connection.prepare(kind)?;
            let known = statement.query_map([schema], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
            return Err(Error::refused(format!(
                "there is no table `{}` in the schema `{schema}`{}",
                shown(table),
                nearest(table, known.iter().map(String::as_str))
            )));
        }
        let column = |name: &str| {
            let found = columns.iter().find(|(column, _)| column.eq_ignore_ascii_case(name));
            found.map(|(_, declared)| affinity(declared)).ok_or_else(|| {
                let near = nearest(name, columns.iter().map(|(column, _)| column.as_str()));
                Error::refused(format!("the table `{}` has no column `{}`{near}", shown(table), shown(name)))
            })
        };
        let (type_of_id, _) = (column(id)?, column(parent)?);
        // Columns of the same affinity as the id, so that comparing with them is comparing with it.
        let declaration = CString::new(format!("CREATE TABLE x (root {type_of_id}, node {type_of_id}, depth INTEGER)"))
            .map_err(|_| Error::refused("a declared type contains a NUL character"))?;
        let from = format!("{}.{}", quoted(schema), quoted(table));
        let (id, parent) = (quoted(id), quoted(parent));
        // The plus keeps a statement from being prepared anew at every binding where SQLite has statistics, and makes a column a mere value.
        let questions = Questions {
            itself: format!("SELECT {id} FROM {from} WHERE {id} = +?1 LIMIT 1"),
            below: format!(
                "SELECT c.{id}, EXISTS (SELECT 1 FROM {from} AS b WHERE b.{parent} = +c.{id}) FROM {from} AS c WHERE c.{parent} = +?1"
            ),
            above: format!("SELECT {id}, {parent} FROM {from} WHERE {id} = +?1"),
        };
        let hierarchy = Hierarchy { engine: Rc::clone(engine), connection: Rc::new(connection), questions: Rc::new(questions) };
        Ok((declaration, hierarchy))
    }
}

impl VirtualTable for Hierarchy {
    type Shared = Rc<Engine>;
    type Cursor = Cursor;

    fn connect(host: &mut Host<'_>, engine: &Rc<Engine>) -> Result<(Cow<'static, CStr>, Hierarchy)> {
        // Harmless in a view of an untrusted schema: it reads one table of that schema, which the view could read by itself.
        host.reach(Reach::Anywhere);
        let connection = host.connection()?;
        let arguments = Arguments::parse(&host.arguments())?;
        let (declaration, hierarchy) = Hierarchy::open(engine, connection, &host.schema(), &arguments)?;
        Ok((Cow::Owned(declaration), hierarchy))
    }

    fn plan(&self, info: &mut IndexInfo<'_>) -> Result<bool> {
        let (mut root, mut node, mut depth) = (None, None, None);
        let mut waiting = false;
        for (index, column, operator, usable) in info.constraints() {
            let is_equal = operator == Operator::Equal;
            match column {
                ROOT if is_equal && usable => root = Some(index),
                NODE if is_equal && usable => node = Some(index),
                ROOT | NODE if is_equal => waiting = true,
                DEPTH if usable => match operator {
                    Operator::AtMost | Operator::Equal => depth = Some((index, Plan::AT_MOST)),
                    Operator::Less => depth = Some((index, Plan::BELOW)),
                    _ => {}
                },
                _ => {}
            }
        }
        let mut plan = Plan::empty();
        let bound = match (root, node) {
            // Up is the shorter way; SQLite compares the root.
            (_, Some(index)) => {
                plan |= Plan::UP;
                index
            }
            (Some(index), None) => {
                plan |= Plan::DOWN;
                index
            }
            // Another order of the join gives a bound first. With none in any order, the cursor says what is wrong.
            (None, None) if waiting => return Ok(false),
            (None, None) => {
                info.set_plan(Plan::empty().bits(), 1000, f64::MAX / 2.0);
                return Ok(true);
            }
        };
        info.take(bound, 1, true);
        if let Some((index, kind)) = depth {
            plan |= kind;
            info.take(index, 2, false);
        }
        let rows = if plan.contains(Plan::UP) { 10 } else { 1000 };
        info.set_plan(plan.bits(), rows, rows as f64 * 4.0);
        Ok(true)
    }

    fn open(&self) -> Cursor {
        Cursor {
            engine: Rc::clone(&self.engine),
            walk: None,
            connection: Rc::clone(&self.connection),
            questions: Rc::clone(&self.questions),
        }
    }
}

struct Cursor {
    engine: Rc<Engine>,
    walk: Option<Walk>,
    connection: Rc<Connection>,
    questions: Rc<Questions>,
}

impl Cursor {
    fn start(&mut self, plan: Plan, given: &[ValueRef<'_>]) -> Result<()> {
        self.walk = None;
        if !plan.intersects(Plan::DOWN | Plan::UP) {
            let sentence = "give a bound: `root = …` walks down, `node = …` walks up";
            return Err(Error::refused(sentence));
        }
        let not_text = |_| Error::refused("the bound is text that is not valid UTF-8");
        let bound = given.first().map_or(Ok(Value::Null), |value| Value::try_from(*value)).map_err(not_text)?;
        let at_most = match given.get(1) {
            Some(ValueRef::Integer(most)) if plan.contains(Plan::BELOW) => most.saturating_sub(1),
            Some(ValueRef::Integer(most)) => *most,
            // Anything else is compared by SQLite alone.
            _ => i64::MAX,
        };
        if bound == Value::Null || at_most < 0 {
            return Ok(());
        }
        let up = plan.contains(Plan::UP);
        let statement = HeldStatement::prepare(&self.connection, if up { &self.questions.above } else { &self.questions.below })?;
        let mut open = VecDeque::new();
        let mut first = Vec::new();
        if up {
            open.push_back((bound.clone(), 0));
        } else {
            let mut itself = self.connection.prepare(&self.questions.itself)?;
            let mut rows = itself.query([&bound])?;
            while let Some(row) = rows.next()? {
                first.push((row.get(0)?, true));
            }
        }
        let read = first.into_iter();
        let mut walk = Walk { statement, up, bound, at_most, open, read, seen: Seen::default(), current: None, depth: 0, count: 0 };
        walk.advance()?;
        self.walk = Some(walk);
        Ok(())
    }
}

impl virtual_table::Cursor for Cursor {
    fn filter(&mut self, plan: c_int, values: &[ValueRef<'_>]) -> Result<()> {
        // The table may be a view, and the view may ask this hierarchy.
        let engine = Rc::clone(&self.engine);
        let _nested = engine.nested()?;
        self.start(Plan::from_bits_truncate(plan), values)
    }

    fn next(&mut self) -> Result<()> {
        match &mut self.walk {
            Some(walk) => {
                let _nested = self.engine.nested()?;
                Ok(walk.advance()?)
            }
            None => Ok(()),
        }
    }

    fn eof(&self) -> bool {
        self.walk.as_ref().is_none_or(|walk| walk.current.is_none())
    }

    fn column(&self, column: usize, answer: &mut Answer<'_>) -> Result<()> {
        let Some((walk, (value, depth))) = self.walk.as_ref().and_then(|walk| Some((walk, walk.current.as_ref()?))) else {
            answer.set(ValueRef::Null);
            return Ok(());
        };
        answer.set(match c_int::try_from(column) {
            Ok(DEPTH) => ValueRef::Integer(*depth),
            Ok(ROOT) if !walk.up => ValueRef::from(&walk.bound),
            Ok(NODE) if walk.up => ValueRef::from(&walk.bound),
            _ => ValueRef::from(value),
        });
        Ok(())
    }

    fn rowid(&self) -> i64 {
        self.walk.as_ref().map_or(0, |walk| walk.count)
    }
}
