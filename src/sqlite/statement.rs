//! A statement that is kept by whoever asks it, together with the connection that it belongs to.

use std::rc::Rc;

use rusqlite::{Connection, Params, Rows, Statement};

/// A prepared statement and its connection.
pub(crate) struct HeldStatement {
    // Declared before the connection that it belongs to, so that it is dropped first.
    statement: Statement<'static>,
    _connection: Rc<Connection>,
}

impl HeldStatement {
    pub(crate) fn prepare(connection: &Rc<Connection>, sql: &str) -> rusqlite::Result<HeldStatement> {
        let statement = connection.prepare(sql)?;
        // SAFETY: the connection is held as long as the statement, which is dropped first by the order of the fields and never handed out.
        let statement = unsafe { std::mem::transmute::<Statement<'_>, Statement<'static>>(statement) };
        Ok(HeldStatement { statement, _connection: Rc::clone(connection) })
    }

    pub(crate) fn query(&mut self, parameters: impl Params) -> rusqlite::Result<Rows<'_>> {
        self.statement.query(parameters)
    }
}
