//! Statements without their comments, for a host may allow none (`SQLITE_DBCONFIG_ENABLE_COMMENTS`).

use std::borrow::Cow;
use std::ffi::c_int;

use rusqlite::{Connection, ffi};

/// As SQLite names it since 3.49; earlier ones know no such setting, and allow comments.
const ENABLE_COMMENTS: c_int = 1022;

/// The statement as the connection allows it.
pub(super) fn as_allowed<'a>(connection: &Connection, sql: &'a str) -> Cow<'a, str> {
    let mut allowed: c_int = 1;
    // SAFETY: the handle is valid as long as the connection; −1 asks, and the answer is written through the pointer.
    let code = unsafe { ffi::sqlite3_db_config(connection.handle(), ENABLE_COMMENTS, -1 as c_int, &raw mut allowed) };
    match code == ffi::SQLITE_OK && allowed == 0 {
        true => Cow::Owned(without_comments(sql)),
        false => Cow::Borrowed(sql),
    }
}

/// The text without comments, which go from `--` outside of quotes to the end of the line, and without the lines and spaces that they leave.
pub(crate) fn without_comments(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut quote = None;
    for line in sql.lines() {
        let begins_in_quotes = quote.is_some();
        let mut end = line.len();
        for (at, c) in line.char_indices() {
            match (quote, c) {
                (Some(open), c) if open == c => quote = None,
                (None, '\'' | '"') => quote = Some(c),
                (None, '-') if line.get(at..).is_some_and(|rest| rest.starts_with("--")) => {
                    end = at;
                    break;
                }
                _ => {}
            }
        }
        let line = line.get(..end).unwrap_or_default();
        let line = if quote.is_some() { line } else { line.trim_end() };
        if begins_in_quotes || !line.is_empty() {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::without_comments;

    #[test]
    fn comments_go_and_what_looks_like_one_in_quotes_stays() {
        assert_eq!(without_comments("-- one\na 'b -- c''\n-- d' e -- f\n\n\"--\" g\n"), "a 'b -- c''\n-- d' e\n\"--\" g\n");
    }
}
