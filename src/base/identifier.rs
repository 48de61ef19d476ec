//! The names of things: ids of resources, subjects, slugs.
//!
//! Ids are INTEGER or TEXT. The text of a decimal integer, written as SQLite would write it, is that integer: 42 and `'42'` are one
//! resource, `'042'` is another. [`Id`] holds the canonical form, so that comparing two of them is comparing what they name.

use std::fmt;

use super::refusal::{Refusal, Result, shown};

/// The most bytes an id may have.
pub const MAX_ID_BYTES: usize = 256;

/// An application's id of a resource or of a subject, in canonical form.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Id {
    /// An integer, also where it was written as its decimal text.
    Integer(i64),
    /// Any other text.
    Text(Box<str>),
}

impl Id {
    /// The same id, borrowed.
    pub(crate) fn as_ref(&self) -> IdRef<'_> {
        match self {
            Id::Integer(number) => IdRef::Integer(*number),
            Id::Text(text) => IdRef::Text(text),
        }
    }

    /// The id that a text names.
    pub fn of(text: &str) -> Id {
        match canonical_integer(text) {
            Some(number) => Id::Integer(number),
            None => Id::Text(text.into()),
        }
    }
}

/// An [`Id`] that lies elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum IdRef<'a> {
    Integer(i64),
    Text(&'a str),
}

impl<'a> IdRef<'a> {
    /// The id that a text names.
    pub(crate) fn of(text: &'a str) -> IdRef<'a> {
        canonical_integer(text).map_or(IdRef::Text(text), IdRef::Integer)
    }
}

impl From<IdRef<'_>> for Id {
    fn from(id: IdRef<'_>) -> Id {
        match id {
            IdRef::Integer(number) => Id::Integer(number),
            IdRef::Text(text) => Id::Text(text.into()),
        }
    }
}

impl fmt::Display for IdRef<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IdRef::Integer(number) => write!(out, "{number}"),
            IdRef::Text(text) => out.write_str(text),
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Id::Integer(number) => write!(out, "{number}"),
            Id::Text(text) => out.write_str(text),
        }
    }
}

/// The integer that a number is, if it is whole and within 64 bits.
pub(crate) fn whole(number: f64) -> Option<i64> {
    // 2^63 is the first that is too great; the other bound is an integer itself.
    let is_whole = number.fract() == 0.0 && (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&number);
    is_whole.then_some(number as i64)
}

/// The integer that a driver meant which binds every number as REAL: beyond 2^53 the number that was meant is lost.
pub(crate) fn integer_of_real(number: f64) -> Option<i64> {
    whole(number).filter(|integer| integer.unsigned_abs() <= 1 << 53)
}

/// `Some` when the text is how SQLite writes an integer: no sign but a minus, no leading zero, within 64 bits.
pub(crate) fn canonical_integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let first = *digits.as_bytes().first()?;
    if !first.is_ascii_digit() || digits.len() > 19 || (first == b'0' && text != "0") {
        return None;
    }
    text.parse().ok()
}

/// Whether `text` may be an id, and if not, why.
///
/// # Errors
/// A sentence that names `what` and the text.
pub(crate) fn check_id(what: &str, text: &str) -> Result<()> {
    // Nearly all ids are printable ASCII, and every check meets one: no branch within, so that many bytes are looked at at once.
    let is_plain = text.bytes().fold(true, |plain, byte| plain & (byte.wrapping_sub(b'!') <= b'~' - b'!') & (byte != b'#'));
    if is_plain && (2..=MAX_ID_BYTES).contains(&text.len()) {
        return Ok(());
    }
    if text.is_empty() || text.len() > MAX_ID_BYTES {
        return Err(Refusal::new(format!("the {what} `{}` has {} bytes; an id has 1 to {MAX_ID_BYTES}", shown(text), text.len())));
    }
    if let Some(bad) = text.chars().find(|c| c.is_whitespace() || c.is_control() || *c == '#') {
        let name = match bad {
            '#' => "`#`, which is kept for usersets such as `group:eng#member`".to_owned(),
            ' ' => "a space".to_owned(),
            other => format!("the character U+{:04X}", other as u32),
        };
        return Err(Refusal::new(format!(
            "the {what} `{}` contains {name}; an id has no white space, control character or `#`",
            shown(&text.escape_debug().to_string())
        )));
    }
    if text == "*" {
        return Err(Refusal::new(format!("the {what} `*` is kept for wildcards; an id is anything else")));
    }
    Ok(())
}

/// Whether `text` is a slug of a permission or a role: 1 to 128 of letters, digits and `- _ . : * /`.
pub(crate) fn check_slug(what: &str, text: &str) -> Result<()> {
    check_name(what, text, "letters, digits and `- _ . : * /`", |c| {
        c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '*' | '/')
    })
}

/// Whether `text` is a slug of a resource type or a relation: 1 to 128 of letters, digits, `_` and `-`.
pub(crate) fn check_type_slug(what: &str, text: &str) -> Result<()> {
    check_name(what, text, "letters, digits, `_` and `-`", |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

fn check_name(what: &str, text: &str, alphabet: &str, allowed: impl Fn(char) -> bool) -> Result<()> {
    if text.is_empty() || text.len() > 128 || !text.chars().all(allowed) {
        return Err(Refusal::new(format!(
            "the {what} `{}` is not a valid slug: it has 1 to 128 of {alphabet}",
            shown(&text.escape_debug().to_string())
        )));
    }
    Ok(())
}

/// The subject types that exist without being declared.
pub const BUILT_IN_SUBJECT_TYPES: [&str; 4] = ["user", "group", "agent", "service"];

/// Who asks or is granted something, as written: `user:ana`, `group:eng`, `group:eng#member`, `user:*`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject {
    /// What stands before the first colon.
    pub subject_type: Box<str>,
    /// What stands after it.
    pub id: SubjectId,
}

/// The part of a [`Subject`] after the colon.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SubjectId {
    /// One person, agent, group, document.
    One(Id),
    /// `*`: everyone of the type.
    Every,
    /// `eng#member`: all who stand in a relation to one resource or group.
    Userset(Id, Box<str>),
}

impl Subject {
    /// Takes a subject apart. The first colon ends the type; whether that type is known is not asked here.
    ///
    /// # Errors
    /// The text is not of the form `type:id`, or its id is not acceptable.
    pub fn parse(text: &str) -> Result<Subject> {
        let Some((subject_type, rest)) = text.split_once(':') else {
            return Err(Refusal::new(format!("the subject `{}` has no type; write it as `type:id`, such as `user:ana`", shown(text))));
        };
        check_type_slug("subject type", subject_type)?;
        let id = if rest == "*" {
            SubjectId::Every
        } else if let Some((id, relation)) = rest.split_once('#') {
            check_id("subject id", id)?;
            check_type_slug("relation", relation)?;
            SubjectId::Userset(Id::of(id), relation.into())
        } else {
            check_id("subject id", rest)?;
            SubjectId::One(Id::of(rest))
        };
        Ok(Subject { subject_type: subject_type.into(), id })
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.id {
            SubjectId::One(id) => write!(out, "{}:{id}", self.subject_type),
            SubjectId::Every => write!(out, "{}:*", self.subject_type),
            SubjectId::Userset(id, relation) => write!(out, "{}:{id}#{relation}", self.subject_type),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn decimal_text_is_the_integer_it_writes() {
        for (text, number) in [("0", 0), ("42", 42), ("-7", -7), ("9223372036854775807", i64::MAX), ("-9223372036854775808", i64::MIN)] {
            assert_eq!(Id::of(text), Id::Integer(number));
            assert_eq!(Id::of(text).to_string(), text);
        }
        for text in ["042", "-0", "+1", "1.0", "1e3", "9223372036854775808", "", "-", "--1", "٤٢"] {
            assert_eq!(Id::of(text), Id::Text(text.into()), "{text}");
        }
    }

    #[test]
    fn subjects_are_parsed_and_printed() {
        for text in ["user:ana", "user:*", "group:eng#member", "agent:a:b", "document:42", "user:042"] {
            assert_eq!(Subject::parse(text).unwrap().to_string(), text);
        }
        for text in ["ana", ":ana", "user:", "user:a b", "user:a#", "us er:a", "user:*#x", "user:a#b#c", "user:\0"] {
            assert!(Subject::parse(text).is_err(), "{text}");
        }
    }
}
