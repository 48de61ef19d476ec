//! Which conditions may stand in a binding: those that say the same of a row whenever and by whomever they are asked.
//!
//! SQLite holds the condition of a partial index to the same, and it is asked too; but it lets functions of dates pass, and those of a host
//! that call themselves deterministic.

use crate::base::refusal::{Refusal, Result, shown};

/// The functions that may be named.
const FUNCTIONS: [&str; 24] = [
    "abs", "char", "coalesce", "glob", "hex", "ifnull", "iif", "instr", "length", "like", "lower", "ltrim", "max", "min", "nullif",
    "printf", "quote", "replace", "round", "rtrim", "substr", "trim", "typeof", "upper",
];

/// Words before a parenthesis that are no functions.
const KEYWORDS: [&str; 14] =
    ["and", "or", "not", "in", "is", "between", "case", "when", "then", "else", "escape", "collate", "cast", "values"];

/// Refuses a condition in which a word stands that may mean something else tomorrow.
pub(crate) fn check(place: &str, condition: &str) -> Result<()> {
    for (word, follows) in words(condition) {
        let lower = word.to_ascii_lowercase();
        let refuse = |why: &str| Err(Refusal::new(format!("{place}: `{}` {why}", shown(&word))));
        if matches!(lower.as_str(), "current_time" | "current_date" | "current_timestamp") {
            return refuse("changes with time, and a condition says the same of a row at any time; use a column that expires");
        }
        if matches!(lower.as_str(), "select" | "exists") {
            return refuse("asks about other rows, and a condition is about one row alone");
        }
        let is_called = follows == Some('(') && !KEYWORDS.contains(&lower.as_str());
        if is_called && !FUNCTIONS.contains(&lower.as_str()) {
            return refuse(
                "is a function that may not stand in a condition; it may use comparisons and SQLite's own text and number functions",
            );
        }
    }
    // What closes more than it opens would end where the statement means it to go on.
    let mut open = 0i32;
    let is_balanced = characters_outside_texts(condition).all(|character| {
        open += i32::from(character == '(') - i32::from(character == ')');
        open >= 0
    });
    if !is_balanced || open != 0 {
        return Err(Refusal::new(format!("{place}: the parentheses of `{}` do not match", shown(condition))));
    }
    match condition.contains(';') || condition.contains("--") || condition.contains("/*") {
        true => Err(Refusal::new(format!("{place}: a condition is one expression, without comments and `;`"))),
        false => Ok(()),
    }
}

/// What stands outside of texts and quoted names.
fn characters_outside_texts(condition: &str) -> impl Iterator<Item = char> {
    let mut end = None;
    condition.chars().filter(move |character| match end {
        Some(close) => {
            if *character == close {
                end = None;
            }
            false
        }
        None => {
            end = match character {
                '\'' | '"' | '`' => Some(*character),
                '[' => Some(']'),
                _ => None,
            };
            end.is_none()
        }
    })
}

/// Whether a condition may read a column: its name stands in the text.
pub(crate) fn names(condition: &str, column: &str) -> bool {
    condition.to_ascii_lowercase().contains(&column.to_ascii_lowercase())
}

/// The words outside of texts, each with the character that follows it.
fn words(condition: &str) -> Vec<(String, Option<char>)> {
    let mut words = Vec::new();
    let mut characters = condition.chars().peekable();
    while let Some(first) = characters.next() {
        if first == '\'' {
            while characters.next().is_some_and(|c| c != '\'') {}
        } else if first.is_alphabetic() || first == '_' {
            let mut word = String::from(first);
            while let Some(next) = characters.peek().filter(|c| c.is_alphanumeric() || **c == '_') {
                word.push(*next);
                characters.next();
            }
            while characters.peek().is_some_and(|c| c.is_whitespace()) {
                characters.next();
            }
            words.push((word, characters.peek().copied()));
        } else if let Some(close) = [('"', '"'), ('`', '`'), ('[', ']')].iter().find(|(open, _)| *open == first).map(|(_, close)| *close) {
            let name: String = characters.by_ref().take_while(|c| *c != close).collect();
            while characters.peek().is_some_and(|c| c.is_whitespace()) {
                characters.next();
            }
            words.push((name, characters.peek().copied()));
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_says_the_same_at_any_time() {
        for good in ["deleted_at IS NULL", "active", "kind IN ('a', 'b') AND (length(name) > 0)", "a LIKE (b)", "a = 'datetime(1)'"] {
            assert!(check("where", good).is_ok(), "{good}");
        }
        for bad in [
            "datetime('now') > a",
            "a > CURRENT_TIMESTAMP",
            "EXISTS (SELECT 1)",
            "random() > 0",
            "host_function(a)",
            "\"random\"() > 0",
            "a) OR (b",
            "a = ')' OR (b",
            "(a",
            "a -- b",
            "a; DROP TABLE b",
        ] {
            assert!(check("where", bad).is_err(), "{bad}");
        }
    }
}
