//! Secrets in a sentence: behind the name of a scheme or of a secret, without a sign between.

use super::names::{MASK, ends_with_secret, is_one_of};
use super::pairs::SCHEMES;

/// Words that may stand between a name and its value.
const BETWEEN: [&str; 5] = ["is", "was", "of", "value", "given"];

/// A text without what stands behind such a name and looks like a secret.
pub(super) fn masked(given: &str) -> String {
    let mut kept = String::with_capacity(given.len());
    let mut rest = given;
    // Whether the word before was a scheme, and whether those before were the name of a secret.
    let (mut is_scheme, mut is_named) = (false, false);
    while let Some(start) = rest.find(|c: char| !c.is_whitespace()) {
        let (space, from) = rest.split_at(start);
        let (whole, after) = from.split_at(from.find(char::is_whitespace).unwrap_or(from.len()));
        kept.push_str(space);
        let word = whole.trim_start_matches(is_around);
        let opening = whole.get(..whole.len() - word.len()).unwrap_or_default();
        let word = word.trim_end_matches(is_around);
        let closing = whole.get(opening.len() + word.len()..).unwrap_or_default();
        let is_quoted = opening.ends_with(['"', '\'', '`']);
        let hides = word != "[masked" && !word.is_empty() && (is_scheme || is_named && looks_secret(word, is_quoted));
        kept.push_str(opening);
        kept.push_str(if hides { MASK } else { word });
        kept.push_str(closing);
        is_scheme = !hides && closing.is_empty() && is_one_of(&SCHEMES, word) && !word.eq_ignore_ascii_case("token");
        is_named = !hides && (closing.is_empty() && ends_with_secret(&kept) || is_named && is_one_of(&BETWEEN, word));
        rest = after;
    }
    kept.push_str(rest);
    kept
}

fn is_around(c: char) -> bool {
    matches!(c, '"' | '\'' | '`' | '(' | ')' | '[' | ']' | '<' | '>' | ',' | ';' | '.' | '!' | '?' | ':')
}

/// Whether a word is more likely a secret than a word of the language.
fn looks_secret(word: &str, is_quoted: bool) -> bool {
    let length = word.chars().count();
    let has_digit = word.contains(|c: char| c.is_ascii_digit());
    let is_mixed = has_digit || word.contains(|c: char| c.is_ascii_uppercase()) && word.contains(|c: char| c.is_ascii_lowercase());
    length >= 4 && has_digit || length >= 16 && is_mixed || length >= 6 && is_quoted
}
