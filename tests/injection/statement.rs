//! Statements run by SQLite's own interface, which takes no memory of its own in between and never panics.

use std::ffi::{CStr, CString, c_int};

use authz::rusqlite::types::Value;
use authz::rusqlite::{Connection, ffi};

use crate::calls::Call;
use crate::content::steady;

/// What a statement answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The code with which it ended; `SQLITE_DONE` for a success
    pub code: c_int,
    pub message: String,
    pub rows: Vec<String>,
}

impl Outcome {
    pub fn succeeded(&self) -> bool {
        self.code == ffi::SQLITE_DONE
    }

    /// The rows, without what differs from run to run.
    pub fn steady(&self, call: &Call) -> Vec<String> {
        match call.is_steady {
            true => self.rows.iter().map(|row| steady(row)).collect(),
            false => vec![String::new(); self.rows.len()],
        }
    }
}

/// A statement that has been prepared.
pub struct Prepared {
    db: *mut ffi::sqlite3,
    statement: *mut ffi::sqlite3_stmt,
    code: c_int,
}

impl Prepared {
    pub fn new(connection: &Connection, sql: &str, values: &[Value]) -> Prepared {
        // SAFETY: the handle is open and outlives the statement, as do the texts their calls; SQLite copies what is bound.
        unsafe {
            let db = connection.handle();
            let mut statement = std::ptr::null_mut();
            let text = CString::new(sql).unwrap();
            let mut code = ffi::sqlite3_prepare_v2(db, text.as_ptr(), -1, &raw mut statement, std::ptr::null_mut());
            for (index, value) in (1..).zip(values) {
                if code != ffi::SQLITE_OK {
                    break;
                }
                code = match value {
                    Value::Null => ffi::sqlite3_bind_null(statement, index),
                    Value::Integer(number) => ffi::sqlite3_bind_int64(statement, index, *number),
                    Value::Text(text) => {
                        let length = text.len() as c_int;
                        ffi::sqlite3_bind_text(statement, index, text.as_ptr().cast(), length, ffi::SQLITE_TRANSIENT())
                    }
                    other => panic!("{other:?}"),
                };
            }
            Prepared { db, statement, code }
        }
    }

    /// Runs it to its end and lets go of it.
    pub fn run(self) -> Outcome {
        // SAFETY: the statement was prepared on this handle and is finalized here alone; a column's text is read before the next step.
        unsafe {
            let mut rows = Vec::new();
            let mut code = self.code;
            if code == ffi::SQLITE_OK {
                loop {
                    code = ffi::sqlite3_step(self.statement);
                    if code != ffi::SQLITE_ROW {
                        break;
                    }
                    let columns = ffi::sqlite3_column_count(self.statement);
                    let row: Vec<String> = (0..columns).map(|column| column_text(self.statement, column)).collect();
                    rows.push(row.join("|"));
                }
            }
            if code != ffi::SQLITE_DONE {
                code = ffi::sqlite3_extended_errcode(self.db);
            }
            let message = CStr::from_ptr(ffi::sqlite3_errmsg(self.db)).to_string_lossy().into_owned();
            ffi::sqlite3_finalize(self.statement);
            rows.sort_unstable();
            Outcome { code, message, rows }
        }
    }
}

unsafe fn column_text(statement: *mut ffi::sqlite3_stmt, column: c_int) -> String {
    // SAFETY: the statement stands on a row that has this column.
    unsafe {
        match ffi::sqlite3_column_type(statement, column) {
            ffi::SQLITE_NULL => "-".into(),
            ffi::SQLITE_INTEGER => ffi::sqlite3_column_int64(statement, column).to_string(),
            ffi::SQLITE_FLOAT => ffi::sqlite3_column_double(statement, column).to_string(),
            _ => {
                let bytes = ffi::sqlite3_column_blob(statement, column);
                let length = ffi::sqlite3_column_bytes(statement, column) as usize;
                let bytes = if bytes.is_null() { &[] } else { std::slice::from_raw_parts(bytes.cast::<u8>(), length) };
                String::from_utf8_lossy(bytes).into_owned()
            }
        }
    }
}
