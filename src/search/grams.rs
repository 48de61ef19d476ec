//! The tokens by which the index finds titles that may answer a query. Which of them do, [`super::score`] decides.
//!
//! FTS5 stores and intersects them; a token says one fact about a title:
//!
//! | token | the title … |
//! |---|---|
//! | `^n`, `^no`, `^nond` | begins with these letters |
//! | `<d`, `<di`, `<dis`, `<disc`, `<disclo` | has a word that begins with them |
//! | `dis`, `disc`, `discl`, `disclo` | has these letters in a row, spaces and punctuation aside |
//! | `=nd`, `=nda` | has words in a row with these initials |
//! | `;dsc`, `;dic` | has a word whose first four letters are these, but for the second or the third |
//!
//! The last kind serves typos: an error in the first four letters leaves one of them, or three letters in a row, as they should be; an
//! error further back leaves the first three.

use std::collections::BTreeSet;
use std::fmt;

use super::score::{INFIX, Query, TYPO, Tier, Words};
use super::sieve::Sieve;
use super::text::Folded;

/// Changes whenever the tokens of a title do: an index built otherwise is built anew.
pub(crate) const FORMAT: i64 = 3;

/// How many letters of its beginning a title and a word are found by, and how many in a row. A rare token is worth many frequent ones:
/// FTS5 reads each list of titles to its end.
const OF_TITLE: [usize; 3] = [1, 2, 4];
const OF_WORD: [usize; 5] = [1, 2, 3, 4, LONGEST];
const IN_A_ROW: [usize; 4] = [INFIX, 4, LONG, LONGEST];
const LONGEST: usize = 6;
/// So many letters are seldom found but at the beginning of a word.
const LONG: usize = 5;

/// The tokens of a title.
pub(crate) fn tokens(title: &Folded) -> BTreeSet<String> {
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
    for len in IN_A_ROW {
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
    tokens
}

/// What the index is asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Question {
    Token(String),
    All(Vec<Question>),
    Any(Vec<Question>),
}

impl Question {
    /// What is left to ask when it is known which tokens there may be; `None` when nothing can be found.
    pub(crate) fn sifted(self, sieve: &Sieve) -> Option<Question> {
        match self {
            Question::Token(token) => sieve.may_have(&token).then_some(Question::Token(token)),
            Question::All(parts) => {
                let parts: Option<Vec<_>> = parts.into_iter().map(|part| part.sifted(sieve)).collect();
                parts.and_then(all)
            }
            Question::Any(parts) => any(parts.into_iter().filter_map(|part| part.sifted(sieve)).collect()),
        }
    }
}

/// In the syntax of FTS5. Folded letters contain no quotation mark.
impl fmt::Display for Question {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parts, between) = match self {
            Question::Token(token) => return write!(formatter, "\"{token}\""),
            Question::All(parts) => (parts, " AND "),
            Question::Any(parts) => (parts, " OR "),
        };
        formatter.write_str("(")?;
        for (place, part) in parts.iter().enumerate() {
            if place > 0 {
                formatter.write_str(between)?;
            }
            part.fmt(formatter)?;
        }
        formatter.write_str(")")
    }
}

/// A tier, and the question that finds titles for it.
type Stage = (Tier, fn(&Query) -> Option<Question>);

/// The questions to ask one after the other: each finds all titles that answer in some tier or a better one, the last but for those that
/// answer without a typo.
pub(crate) const STAGES: [Stage; 4] =
    [(Tier::Prefix, beginning), (Tier::WordStart, starting), (Tier::Infix, containing), (Tier::Typo, like)];

/// The question for titles that are the query or begin with it. `None` for a path, where that decides nothing yet, and for several words,
/// which few titles have.
fn beginning(query: &Query) -> Option<Question> {
    match query.path.is_some() || query.all.words.len() > 1 {
        true => None,
        false => begins(&query.all),
    }
}

/// The question for titles that begin with the query or have, for each word of it, a word that begins so. `None` where hardly more titles
/// contain the words at all, so that the next question finds them too.
fn starting(query: &Query) -> Option<Question> {
    let words = query.title_words();
    if words.words.iter().all(|word| word.letters.len() >= LONG) {
        return None;
    }
    let begun = [&query.all, words].into_iter().filter(|words| words.words.len() > 1).filter_map(begins);
    any(begun.chain(each(words, starts)).collect())
}

/// The question for titles that begin with the query, contain every word of it, or have it as initials.
fn containing(query: &Query) -> Option<Question> {
    let words = query.title_words();
    any(begun(query).into_iter().chain(initials(words)).chain(each(words, contains)).collect())
}

/// The question for titles that have a word like each of the query; `None` where no word is long enough for a typo.
fn like(query: &Query) -> Option<Question> {
    if !query.may_have_typos() {
        return None;
    }
    each(query.title_words(), |word| match word.len() < TYPO {
        true => contains(word),
        false => any([contains(word), resembles(word)].into_iter().flatten().collect()),
    })
}

/// For titles that begin with the query where they need not contain each word of it: one of a letter or two may stand inside another.
fn begun(query: &Query) -> Vec<Question> {
    let contained = |words: &Words| words.words.iter().all(|word| word.letters.len() >= INFIX);
    [&query.all, query.title_words()].into_iter().filter(|words| !contained(words)).filter_map(begins).collect()
}

fn begins(words: &Words) -> Option<Question> {
    let letters = &words.folded.letters;
    let title = token("^", longest(letters, &OF_TITLE)?);
    all([title].into_iter().chain(starts(letters)).collect())
}

/// For the letters with which a word begins, and what follows it.
fn starts(letters: &[char]) -> Option<Question> {
    longest(letters, &OF_WORD).map(|first| token("<", first))
}

/// As many of the first letters as there is a token of.
fn longest<'a>(letters: &'a [char], lengths: &[usize]) -> Option<&'a [char]> {
    lengths.iter().rev().find_map(|len| letters.get(..*len))
}

fn initials(words: &Words) -> Option<Question> {
    let [word] = words.words.as_slice() else { return None };
    match word.letters.len() {
        0 | 1 => None,
        2 => Some(token("=", &word.letters)),
        _ => all(word.letters.windows(3).map(|run| token("=", run)).collect()),
    }
}

fn each(words: &Words, question: impl Fn(&[char]) -> Option<Question>) -> Option<Question> {
    all(words.words.iter().filter_map(|word| question(&word.letters)).collect())
}

/// As many letters at a time as there is a token of, and the last ones where more are left than say little: the token of an ending is a
/// frequent one.
fn contains(word: &[char]) -> Option<Question> {
    let Some(len) = IN_A_ROW.iter().rev().find(|len| **len <= word.len()) else { return starts(word) };
    let last = word.rchunks_exact(*len).take(usize::from(word.len() % len > INFIX));
    all(word.chunks_exact(*len).chain(last).map(|row| token("", row)).collect())
}

/// For a word of four letters and more.
fn resembles(word: &[char]) -> Option<Question> {
    let (Some([a, b, c, d]), Some(tail)) = (word.get(..4), word.get(4..)) else { return None };
    let (a, b, c, d) = (*a, *b, *c, *d);
    let head = any(vec![
        token("", &[b, c, d]),
        token("", &[a, c, d]),
        token("", &[a, b, d]),
        token(";", &[a, c, d]),
        token(";", &[a, b, d]),
        token(";", &[a, b, c]),
    ]);
    // An error in the first four letters leaves the rest as it should be, one further back the beginning.
    let tail = if tail.len() >= INFIX { contains(tail) } else { None };
    any([token("<", &[a, b, c])].into_iter().chain(all(head.into_iter().chain(tail).collect())).collect())
}

fn token(mark: &str, letters: &[char]) -> Question {
    Question::Token(mark.chars().chain(letters.iter().copied()).collect())
}

fn all(parts: Vec<Question>) -> Option<Question> {
    distinct(parts, Question::All)
}

fn any(parts: Vec<Question>) -> Option<Question> {
    distinct(parts, Question::Any)
}

/// Of one part that part alone; `None` of none.
fn distinct(mut parts: Vec<Question>, made: fn(Vec<Question>) -> Question) -> Option<Question> {
    parts.sort_unstable();
    parts.dedup();
    match parts.len() {
        0 | 1 => parts.pop(),
        _ => Some(made(parts)),
    }
}
