//! The tokens by which the index finds titles that may answer a query. Which of them do, [`super::score`] decides.
//!
//! FTS5 stores and intersects them; a token says one fact about a title:
//!
//! | token | the title … |
//! |---|---|
//! | `^n`, `^no`, `^nond` | begins with these letters |
//! | `<d`, `<di`, `<dis`, `<disc`, `<disclo` | has a word that begins with them |
//! | `dis`, `disc` | has these letters in a row, spaces and punctuation aside |
//! | `=nd`, `=nda` | has words in a row with these initials |
//! | `;dsc`, `;dic` | has a word whose first four letters are these, but for the second or the third |
//!
//! The last kind serves typos: an error in the first four letters leaves one of them, or three letters in a row, as they should be; an
//! error further back leaves the first three.

use std::collections::BTreeSet;

use super::score::{INFIX, Query, TYPO, Words};
use super::text::Folded;

/// Changes whenever the tokens of a title do: an index built otherwise is built anew.
pub(crate) const FORMAT: i64 = 2;

/// How many letters of its beginning a title and a word are found by. A rare token is worth many frequent ones: FTS5 reads each list of
/// titles to its end.
const OF_TITLE: [usize; 3] = [1, 2, 4];
const OF_WORD: [usize; 5] = [1, 2, 3, 4, 6];

/// The tokens of a title, with spaces between.
pub(crate) fn tokens(title: &Folded) -> String {
    let mut tokens: BTreeSet<String> = BTreeSet::new();
    let mut add = |mark: &str, letters: &[char]| {
        tokens.insert(mark.chars().chain(letters.iter().copied()).collect());
    };
    for first in OF_TITLE.iter().filter_map(|len| title.letters.get(..*len)) {
        add("^", first);
    }
    for (_, rest) in title.rests() {
        for first in OF_WORD.iter().filter_map(|len| rest.get(..*len)) {
            add("<", first);
        }
    }
    for len in [INFIX, INFIX + 1] {
        for row in title.letters.windows(len) {
            add("", row);
        }
    }
    let initials = title.initials();
    for len in 2..=3 {
        for run in initials.windows(len) {
            add("=", run);
        }
    }
    for (_, rest) in title.rests() {
        if let Some([a, b, c, d]) = rest.get(..TYPO) {
            add(";", &[*a, *c, *d]);
            add(";", &[*a, *b, *d]);
        }
    }
    tokens.into_iter().collect::<Vec<_>>().join(" ")
}

/// The question to the index for titles that are the query or begin with it; `None` for a path, where that decides nothing yet.
pub(crate) fn beginning(query: &Query) -> Option<String> {
    match query.path {
        Some(_) => None,
        None => begins(&query.all),
    }
}

/// The question for titles that begin with the query or have, for each word of it, a word that begins so.
pub(crate) fn starting(query: &Query) -> Option<String> {
    let words = title_words(query);
    let started = all(words.words.iter().filter_map(|word| starts(&word.letters)).collect());
    let begun = [begins(&query.all), begins(words)].into_iter().flatten();
    let parts: Vec<String> = begun.chain((!words.words.is_empty()).then_some(started)).collect();
    (!parts.is_empty()).then(|| any(parts))
}

/// The question for titles that begin with the query, contain every word of it, or have it as initials.
pub(crate) fn containing(query: &Query) -> Option<String> {
    let words = title_words(query);
    let contained = all(words.words.iter().map(|word| contains(&word.letters)).collect());
    let begun = [begins(&query.all), begins(words)].into_iter().flatten();
    let parts: Vec<String> = begun.chain(initials(words)).chain((!words.words.is_empty()).then_some(contained)).collect();
    (!parts.is_empty()).then(|| any(parts))
}

/// The question for titles that have a word like each of the query; `None` where no word is long enough for a typo.
pub(crate) fn like(query: &Query) -> Option<String> {
    if query.all.words.iter().all(|word| word.letters.len() < TYPO) {
        return None;
    }
    let words = title_words(query);
    let each = words.words.iter().map(|word| match word.letters.len() < TYPO {
        true => contains(&word.letters),
        false => any(vec![contains(&word.letters), resembles(&word.letters)]),
    });
    Some(all(each.collect())).filter(|question| !question.is_empty())
}

fn begins(words: &Words) -> Option<String> {
    let letters = &words.folded.letters;
    let title = quoted("^", longest(letters, &OF_TITLE)?);
    Some(all([title].into_iter().chain(starts(letters)).collect()))
}

/// For the letters with which a word begins, and what follows it.
fn starts(letters: &[char]) -> Option<String> {
    longest(letters, &OF_WORD).map(|first| quoted("<", first))
}

/// As many of the first letters as there is a token of.
fn longest<'a>(letters: &'a [char], lengths: &[usize]) -> Option<&'a [char]> {
    lengths.iter().rev().find_map(|len| letters.get(..*len))
}

fn initials(words: &Words) -> Option<String> {
    let [word] = words.words.as_slice() else { return None };
    match word.letters.len() {
        0 | 1 => None,
        2 => Some(quoted("=", &word.letters)),
        _ => Some(all(word.letters.windows(3).map(|run| quoted("=", run)).collect())),
    }
}

/// The words to look for in titles: of a path, those of its end.
fn title_words(query: &Query) -> &Words {
    query.path.as_ref().map_or(&query.all, |(last, _)| last)
}

/// Four letters and four letters, and the last four: what lies between them is in one of the two already.
fn contains(word: &[char]) -> String {
    let len = word.len().min(INFIX + 1);
    match len < INFIX {
        true => quoted("<", word),
        false => all(word.chunks_exact(len).chain(word.rchunks_exact(len).take(1)).map(|row| quoted("", row)).collect()),
    }
}

/// For a word of four letters and more.
fn resembles(word: &[char]) -> String {
    let (Some([a, b, c, d]), Some(tail)) = (word.get(..4), word.get(4..)) else { return String::new() };
    let (a, b, c, d) = (*a, *b, *c, *d);
    let head = any(vec![
        quoted("", &[b, c, d]),
        quoted("", &[a, c, d]),
        quoted("", &[a, b, d]),
        quoted(";", &[a, c, d]),
        quoted(";", &[a, b, d]),
        quoted(";", &[a, b, c]),
    ]);
    // An error in the first four letters leaves the rest as it should be, one further back the beginning.
    let tail = (tail.len() >= INFIX).then(|| contains(tail));
    any(vec![quoted("<", &[a, b, c]), all([head].into_iter().chain(tail).collect())])
}

/// A token in the syntax of FTS5. Folded letters contain no quotation mark.
fn quoted(mark: &str, letters: &[char]) -> String {
    std::iter::once('"').chain(mark.chars()).chain(letters.iter().copied()).chain(['"']).collect()
}

fn all(mut parts: Vec<String>) -> String {
    parts.sort_unstable();
    parts.dedup();
    join(parts, " AND ")
}

fn any(mut parts: Vec<String>) -> String {
    parts.sort_unstable();
    parts.dedup();
    join(parts, " OR ")
}

fn join(parts: Vec<String>, with: &str) -> String {
    match parts.len() {
        1 => parts.into_iter().next().unwrap_or_default(),
        _ => format!("({})", parts.join(with)),
    }
}
