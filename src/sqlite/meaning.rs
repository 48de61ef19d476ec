//! Whether a statement does what its text says.
//!
//! An authorizer of the host may answer `SQLITE_IGNORE`: then SQLite reads a column as NULL, leaves out a SELECT or an INSERT, and tells nobody.
//! A grant without its time of expiry, or a suspension that is not found, would be a wrong yes; and what was compiled so stays so when the
//! authorizer is gone. SQLite asks the authorizer when it compiles. So whenever a statement of the library has been compiled, what it reads
//! is asked for once more in small statements, of which SQLite tells whether something is left out: a column that is read has a declared type,
//! and NULL has none; an INSERT into a column that is not there fails, unless it is left out first.
//!
//! What writes also starts the triggers of the file, which read and write most tables. So before it runs, all of this is asked of all tables,
//! once after each change of the schema or of the authorizer. A trigger of the host that uses RAISE(IGNORE) is refused there too: it would keep
//! those of the file from running. That the authorizer ignores an UPDATE of a column cannot be found out.

use std::collections::BTreeSet;
use std::ffi::{CStr, CString, c_char, c_int};

use rusqlite::{Connection, StatementStatus, ffi};

use super::comments::as_allowed;
use super::connection::Engine;
use super::error::{Error, Result};

/// Functions and operators of SQLite that our statements use: how each shows in a text, and an expression with it that is not NULL.
const FUNCTIONS: [(&str, &str); 39] = [
    ("char(", "char(65)"),
    ("coalesce(", "coalesce(1, 2)"),
    ("count(", "(SELECT count(*))"),
    ("group_concat(", "(SELECT group_concat(1))"),
    ("hex(", "hex(1)"),
    ("ifnull(", "ifnull(1, 2)"),
    ("iif(", "iif(1, 1, 1)"),
    ("instr(", "instr(1, 1)"),
    ("json(", "json(1)"),
    ("json_array(", "json_array(1)"),
    ("json_each(", "(SELECT length(key) + length(value) + length(type) FROM json_each('[1]'))"),
    ("json_extract(", "json_extract('[1]', '$[0]')"),
    ("json_group_array(", "(SELECT json_group_array(1))"),
    ("json_group_object(", "(SELECT json_group_object(1, 1))"),
    ("json_object(", "json_object('a', 1)"),
    ("json_remove(", "json_remove('[1]', '$[0]')"),
    ("json_set(", "json_set('[1]', '$[0]', 2)"),
    ("json_type(", "json_type('[1]')"),
    ("json_valid(", "json_valid('[1]')"),
    ("julianday(", "julianday('now')"),
    ("length(", "length(1)"),
    ("lower(", "lower('a')"),
    ("ltrim(", "ltrim('a')"),
    ("max(", "max(1, 2)"),
    ("min(", "min(1, 2)"),
    ("nullif(", "nullif(1, 2)"),
    ("printf(", "printf('%d', 1)"),
    ("quote(", "quote(1)"),
    ("random(", "random()"),
    ("randomblob(", "randomblob(1)"),
    ("replace(", "replace('a', 'a', 'b')"),
    ("strftime(", "strftime('%s', 'now')"),
    ("substr(", "substr('a', 1)"),
    ("trim(", "trim('a')"),
    ("typeof(", "typeof(1)"),
    ("unicode(", "unicode('a')"),
    ("->", "('[1]' ->> 0) + length('[1]' -> 0)"),
    ("GLOB", "1 GLOB 1"),
    ("LIKE", "1 LIKE 1"),
];

impl Engine {
    /// Asks what a statement reads once more, now that it has been compiled: refuses where an authorizer ignores something of that.
    pub(super) fn check_compiled(&self, sql: &str) -> Result<()> {
        Meaning(self.connection()).check_compiled(sql)
    }

    /// Refuses to write where an authorizer ignores something that functions or triggers rest on, or a trigger keeps those of the file from
    /// running. Asked anew after each change of the schema or of the authorizer.
    pub(crate) fn check_writing(&self) -> Result<()> {
        let compiled = self.with(include_str!("../../sql/sqlite/meaning/schemas.sql"), |statement| {
            statement.query([])?.next()?;
            Ok(statement.get_status(StatementStatus::RePrepare))
        })?;
        if self.writes_as_written.get() == Some(compiled) {
            return Ok(());
        }
        self.writes_as_written.set(None);
        Meaning(self.connection()).check_all()?;
        self.writes_as_written.set(self.keeps().then_some(compiled));
        Ok(())
    }
}

/// What the statements of a connection mean.
pub(super) struct Meaning<'a>(pub(super) &'a Connection);

impl Meaning<'_> {
    fn check_compiled(&self, sql: &str) -> Result<()> {
        self.check_functions(sql)?;
        let mut waiting = vec![sql.to_owned()];
        let mut seen = BTreeSet::new();
        while let Some(text) = waiting.pop() {
            let words: BTreeSet<&str> = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
            for name in words.iter().filter(|word| is_ours(word)) {
                if !seen.insert((*name).to_owned()) {
                    continue;
                }
                match self.declared_type(name, None) {
                    Some(_) => self.check_columns(name, |column| words.contains(column))?,
                    None => waiting.extend(self.view(name)?),
                }
            }
        }
        Ok(())
    }

    /// Refuses where a function or an operator in the text is ignored, or a SELECT.
    fn check_functions(&self, text: &str) -> Result<()> {
        let has = |part: &str| text.contains(part);
        let used: Vec<&(&str, &str)> = FUNCTIONS.iter().filter(|(part, _)| has(part)).collect();
        let mut columns = vec!["1"];
        columns.extend(used.iter().map(|(_, expression)| *expression));
        if has("RECURSIVE") {
            columns.push("(WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 2) SELECT nullif(count(*), 1) FROM r)");
        }
        let probe = self.probe(&format!("SELECT {}", columns.join(", ")))?;
        if !probe.step()? {
            return Err(ignores("SELECT"));
        }
        match (0..columns.len()).find(|&index| probe.is_null(index)) {
            None => Ok(()),
            Some(index) => Err(ignores(&match index.checked_sub(1).and_then(|index| used.get(index)) {
                Some((part, _)) => format!("the function `{}`", part.trim_end_matches('(')),
                None => "recursive queries".to_owned(),
            })),
        }
    }

    /// Refuses where one of those columns of a table is ignored that are asked for.
    fn check_columns(&self, table: &str, is_asked_for: impl Fn(&str) -> bool) -> Result<()> {
        let probe = self.probe(&format!("SELECT * FROM main.\"{table}\""))?;
        for index in 0..probe.columns() {
            if probe.has_type(index) {
                continue;
            }
            let column = probe.name(index);
            if is_asked_for(&column) && self.declared_type(table, Some(&column)).is_some_and(|is_declared| is_declared) {
                return Err(ignores(&format!("`{column}` of `{table}`")));
            }
        }
        match probe.columns() {
            0 => Err(ignores("SELECT")),
            _ => Ok(()),
        }
    }

    /// The text of a view; `None` where the name is none of a view.
    fn view(&self, name: &str) -> Result<Option<String>> {
        let probe = self.probe(&format!("SELECT sql FROM main.sqlite_schema WHERE type = 'view' AND name = '{name}'"))?;
        if !probe.has_type(0) {
            return Err(ignores("`sql` of `sqlite_schema`"));
        }
        Ok(if probe.step()? { Some(probe.text(0)) } else { None })
    }

    /// Whether a column of a table of `main` has a declared type, or the table itself is there; `None` where it is not. No authorizer is asked.
    fn declared_type(&self, table: &str, column: Option<&str>) -> Option<bool> {
        let (table, column) = (CString::new(table).ok()?, column.and_then(|column| CString::new(column).ok()));
        let mut declared: *const c_char = std::ptr::null();
        let none = std::ptr::null_mut();
        // SAFETY: the handle is valid as long as the connection, and the texts as long as the call; SQLite writes a pointer to a text of the schema,
        // which is read before anything else is asked.
        unsafe {
            let column = column.as_ref().map_or(std::ptr::null(), |column| column.as_ptr());
            let (db, none_too) = (self.0.handle(), none);
            let code = ffi::sqlite3_table_column_metadata(
                db,
                c"main".as_ptr(),
                table.as_ptr(),
                column,
                &raw mut declared,
                std::ptr::null_mut(),
                none_too,
                none,
                none,
            );
            (code == ffi::SQLITE_OK).then(|| !declared.is_null() && *declared != 0)
        }
    }

    /// Refuses where an authorizer ignores anything that functions or triggers rest on, or a trigger keeps those of the file from running.
    pub(super) fn check_all(&self) -> Result<()> {
        self.check_functions(&FUNCTIONS.map(|(part, _)| part).concat())?;
        self.check_columns("sqlite_schema", |_| true)?;
        let hindering = self.strings(include_str!("../../sql/sqlite/meaning/hindering_triggers.sql"))?;
        if let Some(trigger) = hindering.first() {
            return Err(Error::refused(format!(
                "the trigger `{trigger}` uses RAISE(IGNORE) on a table of ours, which keeps our triggers from running; use RAISE(ABORT, …), or drop it"
            )));
        }
        for table in self.strings(include_str!("../../sql/sqlite/meaning/tables.sql"))? {
            self.check_columns(&table, |_| true)?;
            // A statement that fails where it is compiled has no handle, and says why.
            if self.probe(&format!("INSERT INTO main.\"{table}\" (_authz_none) VALUES (1)")).is_ok() {
                return Err(ignores(&format!("INSERT into `{table}`")));
            }
        }
        Ok(())
    }

    fn strings(&self, sql: &str) -> Result<Vec<String>> {
        let mut statement = self.0.prepare(&as_allowed(self.0, sql))?;
        Ok(statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
    }

    fn probe(&self, sql: &str) -> Result<Probe> {
        let sql = as_allowed(self.0, sql);
        let mut statement = std::ptr::null_mut();
        // SAFETY: the handle is valid as long as the connection, and the text as long as the call.
        let code = unsafe {
            let length = c_int::try_from(sql.len()).unwrap_or_default();
            ffi::sqlite3_prepare_v2(self.0.handle(), sql.as_ptr().cast(), length, &raw mut statement, std::ptr::null_mut())
        };
        let probe = Probe { statement };
        match code {
            ffi::SQLITE_OK => Ok(probe),
            code => Err(failed(self.0, code)),
        }
    }
}

fn is_ours(word: &str) -> bool {
    word.starts_with("authz_") || word.starts_with("_authz_")
}

/// As an error of SQLite, after which nothing is kept: something may have been read by a statement that was compiled anew.
fn ignores(what: &str) -> Error {
    let sentence =
        format!("an authorizer of this connection ignores {what} (SQLITE_IGNORE), on which the answer rests; let it allow or deny that");
    Error::Sqlite(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_ERROR), Some(sentence)))
}

fn failed(connection: &Connection, code: c_int) -> Error {
    // SAFETY: the handle is valid as long as the connection; the text is copied before anything else is asked.
    let text = unsafe { CStr::from_ptr(ffi::sqlite3_errmsg(connection.handle())).to_string_lossy().into_owned() };
    Error::from(rusqlite::Error::SqliteFailure(ffi::Error::new(code), Some(text)))
}

/// A small statement, of which SQLite is asked how it was compiled.
struct Probe {
    /// NULL where the whole statement is left out
    statement: *mut ffi::sqlite3_stmt,
}

impl Probe {
    fn columns(&self) -> usize {
        // SAFETY: the statement was prepared by `Meaning::probe`; NULL is allowed.
        usize::try_from(unsafe { ffi::sqlite3_column_count(self.statement) }).unwrap_or_default()
    }

    fn has_type(&self, column: usize) -> bool {
        // SAFETY: as above; a column that is not there has none.
        column < self.columns() && !unsafe { ffi::sqlite3_column_decltype(self.statement, number(column)) }.is_null()
    }

    fn name(&self, column: usize) -> String {
        // SAFETY: as above; the text is copied at once, and NULL where SQLite has no memory.
        let name = unsafe { ffi::sqlite3_column_name(self.statement, number(column)) };
        // SAFETY: a C string.
        if name.is_null() { String::new() } else { unsafe { CStr::from_ptr(name).to_string_lossy().into_owned() } }
    }

    /// Whether there is a row.
    fn step(&self) -> Result<bool> {
        if self.columns() == 0 {
            return Ok(false);
        }
        // SAFETY: as above, and it is not NULL, for it has columns.
        match unsafe { ffi::sqlite3_step(self.statement) } {
            ffi::SQLITE_ROW => Ok(true),
            ffi::SQLITE_DONE => Ok(false),
            code => Err(Error::Sqlite(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None))),
        }
    }

    fn is_null(&self, column: usize) -> bool {
        // SAFETY: the statement stands on a row.
        unsafe { ffi::sqlite3_column_type(self.statement, number(column)) == ffi::SQLITE_NULL }
    }

    fn text(&self, column: usize) -> String {
        // SAFETY: the statement stands on a row; the text is copied at once, and NULL where SQLite has none.
        let text = unsafe { ffi::sqlite3_column_text(self.statement, number(column)) };
        // SAFETY: a C string.
        if text.is_null() { String::new() } else { unsafe { CStr::from_ptr(text.cast()).to_string_lossy().into_owned() } }
    }
}

fn number(column: usize) -> c_int {
    c_int::try_from(column).unwrap_or_default()
}

impl Drop for Probe {
    fn drop(&mut self) {
        // SAFETY: prepared by `Meaning::probe`, and finalized here alone; NULL is allowed.
        unsafe { ffi::sqlite3_finalize(self.statement) };
    }
}
