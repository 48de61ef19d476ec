//! Refusing what was given, and the words of it.
//!
//! A refusal is one sentence: lower case, no full stop, what was given in backticks, and the next step where there is one. The name of
//! the SQL function is put in front where the sentence leaves the library.

use std::fmt;

/// The result of looking at what was given.
pub(crate) type Result<T> = std::result::Result<T, Refusal>;

/// Why what was given is not acceptable.
#[derive(Debug)]
pub(crate) struct Refusal(String);

impl Refusal {
    /// A refusal in the words of `sentence`.
    pub(crate) fn new(sentence: impl Into<String>) -> Refusal {
        Refusal(sentence.into())
    }

    pub(crate) fn sentence(self) -> String {
        self.0
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// `` ; did you mean `x`? `` where one of the known names is near enough to be what was meant, else nothing.
pub(crate) fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    if given.len() > 256 {
        return String::new();
    }
    known
        .into_iter()
        .map(|name| (strsim::normalized_damerau_levenshtein(given, name), name))
        .filter(|(likeness, _)| *likeness >= 0.5)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map_or_else(String::new, |(_, name)| format!("; did you mean `{name}`?"))
}

/// What was given, cut to a length that a sentence can bear.
pub(crate) fn shown(given: &str) -> String {
    match given.char_indices().nth(80) {
        Some((cut, _)) => format!("{}…", given.get(..cut).unwrap_or_default()),
        None => given.to_owned(),
    }
}
