//! How well a title answers a query. Pure: it sees the title and the query, and nothing of other titles.
//!
//! | tier | the title … |
//! |---|---|
//! | exact | is the query, punctuation and spaces aside |
//! | prefix | begins with it |
//! | word start | has, for each word of the query in any order, a word that begins with it |
//! | initials | has the query among the initials of its words |
//! | infix | contains each word of three letters and more somewhere |
//! | typo | has words like those of the query, but for one letter wrong, missing, extra, or two neighbours swapped in a word of four and more |
//!
//! A higher tier always wins. Within one, what covers more of the title, in whole words, with the better score by nucleo goes first.

use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::text::{Folded, classes, origins};
use crate::base::refusal::shown;
use crate::sqlite::error::{Error, Result};

/// The most characters and words a query may have.
const MOST_CHARACTERS: usize = 1000;
const MOST_WORDS: usize = 32;
/// The fewest letters of a word that is looked for inside others, and of one that may have a typo.
pub(crate) const INFIX: usize = 3;
pub(crate) const TYPO: usize = 4;

/// How a title answers, the best last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tier {
    Typo = 1,
    Infix,
    Initials,
    WordStart,
    Prefix,
    Exact,
}

/// Tier and place in the tier in one number, the tier in the thousands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Score(pub(crate) u32);

impl Score {
    /// An id pasted whole.
    pub(crate) const OF_ID: Score = Score(Tier::Exact as u32 * 1000 + 999);

    fn new(tier: Tier, fine: f64) -> Score {
        Score(tier as u32 * 1000 + (fine.clamp(0.0, 1.0) * 990.0) as u32)
    }

    pub(crate) fn at_least(self, tier: Tier) -> bool {
        self.0 >= tier as u32 * 1000
    }

    /// That of a title found by words that stand beside it: never above the start of a word.
    fn beside(self) -> Score {
        match self.0 / 1000 {
            tier if tier >= Tier::WordStart as u32 => Score(Tier::WordStart as u32 * 1000 + self.0 % 1000 / 2),
            tier => Score(tier * 1000 + self.0 % 1000 / 2),
        }
    }
}

/// A query, taken apart.
#[derive(Debug)]
pub(crate) struct Query {
    /// As given, without the white space around it: for ids
    pub(crate) text: String,
    /// All of it
    pub(crate) all: Words,
    /// `acme/design/logo`: what the resource is called, and what it lies in, from the top
    pub(crate) path: Option<(Words, Vec<Words>)>,
}

/// Some words of a query.
#[derive(Debug)]
pub(crate) struct Words {
    pub(crate) folded: Folded,
    /// Each word once
    pub(crate) words: Vec<Word>,
    /// Of the letters of all words: see [`Folded`]
    classes: u64,
}

#[derive(Debug)]
pub(crate) struct Word {
    pub(crate) letters: Vec<char>,
    classes: u64,
}

impl Query {
    /// Reads a query; `None` when there is nothing in it to look for.
    ///
    /// # Errors
    /// It is too long.
    pub(crate) fn parse(text: &str) -> Result<Option<Query>> {
        let text = text.trim_matches(|character: char| character.is_whitespace() || character.is_control());
        if text.len() > MOST_CHARACTERS && text.chars().count() > MOST_CHARACTERS {
            return Err(Error::refused(format!(
                "the query `{}` has {} characters; a query has at most {MOST_CHARACTERS}",
                shown(&text.escape_debug().to_string()),
                text.chars().count()
            )));
        }
        let all = Words::of(text);
        if all.words.len() > MOST_WORDS {
            return Err(Error::refused(format!(
                "the query `{}` has {} words; a query has at most {MOST_WORDS}",
                shown(&text.escape_debug().to_string()),
                all.words.len()
            )));
        }
        if text.is_empty() {
            return Ok(None);
        }
        let mut segments: Vec<Words> = text.split('/').map(Words::of).filter(|segment| !segment.words.is_empty()).collect();
        let path = match segments.pop() {
            Some(last) if !segments.is_empty() => Some((last, segments)),
            _ => None,
        };
        Ok(Some(Query { text: text.to_owned(), all, path }))
    }
}

impl Query {
    /// The words to look for in titles: of a path, those of its end.
    pub(crate) fn title_words(&self) -> &Words {
        self.path.as_ref().map_or(&self.all, |(last, _)| last)
    }

    /// Whether a word is long enough to have a typo.
    pub(crate) fn may_have_typos(&self) -> bool {
        self.all.words.iter().any(|word| word.letters.len() >= TYPO)
    }
}

impl Words {
    fn of(text: &str) -> Words {
        let folded = Folded::of(text);
        let mut words: Vec<Word> = Vec::new();
        // Only gaps part words here: `mobileApp` is typed in one go.
        for letters in text.split_whitespace().flat_map(parts) {
            if !words.iter().any(|word| word.letters == letters) {
                words.push(Word { classes: classes(&letters), letters });
            }
        }
        let classes = words.iter().fold(0, |classes, word| classes | word.classes);
        Words { folded, words, classes }
    }

    /// Whether a title whose letters are of these classes may answer: at most one letter of a word may be missing, by the rule of one typo.
    pub(crate) fn may_answer(&self, classes: u64, least: Tier) -> bool {
        !self.words.is_empty()
            && match least {
                Tier::Typo => self.words.iter().all(|word| (word.classes & !classes).count_ones() <= 1),
                _ => self.classes & !classes == 0,
            }
    }

    /// The classes of the word that says most; see [`Words::may_answer`].
    pub(crate) fn rarest_classes(&self) -> u64 {
        self.words.iter().map(|word| word.classes).max_by_key(|classes| classes.count_ones()).unwrap_or_default()
    }

    /// How well a title answers, if it does so in this tier or a better one. The score of a title is the same whatever is asked for.
    pub(crate) fn rate(&self, scratch: &mut Scratch, title: &str, folded: &Folded, least: Tier) -> Option<Score> {
        if !self.may_answer(folded.classes, least) {
            return None;
        }
        let query = &self.folded.letters;
        let tier = if folded.letters == *query {
            Tier::Exact
        } else if folded.letters.starts_with(query) {
            Tier::Prefix
        } else {
            self.words_tier(folded, least)?
        };
        if tier < least {
            return None;
        }
        let (mut covered, mut whole) = (0, 0);
        for word in &self.words {
            let found = place(&word.letters, word.classes, folded, Tier::Typo);
            covered += found.map_or(word.letters.len(), |found| found.len);
            whole += usize::from(found.is_some_and(|found| found.kind == Kind::Whole));
        }
        let ratio = |part: usize, of: usize| (part as f64 / of.max(1) as f64).min(1.0);
        let fine = 0.45 * ratio(covered, folded.letters.len())
            + 0.25 * ratio(whole, self.words.len())
            + 0.25 * scratch.likeness(title, &self.words)
            + 0.05 * f64::from(self.in_order(folded));
        Some(Score::new(tier, fine))
    }

    /// As [`Words::rate`], with words beside the title that may answer too.
    pub(crate) fn rate_with(&self, scratch: &mut Scratch, title: &str, keywords: &str) -> Option<Score> {
        let by_title = self.rate(scratch, title, &Folded::of(title), Tier::Typo);
        if keywords.is_empty() || by_title.is_some_and(|score| score.at_least(Tier::WordStart)) {
            return by_title;
        }
        let both = format!("{title} {keywords}");
        let by_both = self.rate(scratch, &both, &Folded::of(&both), Tier::Typo).map(Score::beside);
        by_title.max(by_both)
    }

    fn words_tier(&self, folded: &Folded, least: Tier) -> Option<Tier> {
        let mut tier = Tier::WordStart;
        for word in &self.words {
            match place(&word.letters, word.classes, folded, least) {
                Some(found) => tier = tier.min(found.kind.tier()),
                None => return self.initials(folded).then_some(Tier::Initials),
            }
        }
        if tier < Tier::Initials && self.initials(folded) {
            tier = Tier::Initials;
        }
        Some(tier)
    }

    fn initials(&self, folded: &Folded) -> bool {
        self.initials_at(folded).is_some()
    }

    /// The word at which the initials that the query spells begin.
    fn initials_at(&self, folded: &Folded) -> Option<usize> {
        let [word] = self.words.as_slice() else { return None };
        let wanted = word.letters.len();
        if wanted < 2 || wanted > folded.starts.len() {
            return None;
        }
        folded.initials().windows(wanted).position(|run| run == word.letters)
    }

    fn in_order(&self, folded: &Folded) -> bool {
        let places: Vec<usize> =
            self.words.iter().filter_map(|word| Some(place(&word.letters, word.classes, folded, Tier::Typo)?.at)).collect();
        places.len() > 1 && places.is_sorted()
    }

    /// Whether the name of something that a resource lies in answers.
    pub(crate) fn names(&self, folded: &Folded) -> bool {
        self.words_tier(folded, Tier::Infix).is_some()
    }

    /// What of a title to highlight: ranges in characters, the end not included, in order and apart from each other.
    pub(crate) fn ranges(&self, title: &str) -> Vec<(usize, usize)> {
        let (folded, origins) = (Folded::of(title), origins(title));
        let mut marked: Vec<(usize, usize)> = Vec::new();
        let mut mark = |at: usize, len: usize| {
            if let (Some(first), Some(last)) = (origins.get(at), origins.get((at + len).saturating_sub(1))) {
                marked.push((*first, last + 1));
            }
        };
        let tier = self.words_tier(&folded, Tier::Typo);
        match self.initials_at(&folded) {
            Some(first) if tier == Some(Tier::Initials) => {
                let wanted = self.words.first().map_or(0, |word| word.letters.len());
                folded.starts.iter().skip(first).take(wanted).for_each(|start| mark(usize::from(*start), 1));
            }
            _ if folded.letters.starts_with(&self.folded.letters) && !self.folded.letters.is_empty() => mark(0, self.folded.letters.len()),
            _ => {
                for found in self.words.iter().filter_map(|word| place(&word.letters, word.classes, &folded, Tier::Typo)) {
                    mark(found.at, found.len);
                }
            }
        }
        marked.sort_unstable();
        let mut apart: Vec<(usize, usize)> = Vec::new();
        for (first, end) in marked {
            match apart.last_mut() {
                Some(last) if first <= last.1 => last.1 = last.1.max(end),
                _ => apart.push((first, end)),
            }
        }
        apart
    }
}

/// The runs of letters in a word as typed, folded.
fn parts(typed: &str) -> Vec<Vec<char>> {
    let folded = Folded::of(&typed.to_lowercase());
    folded.words().map(<[char]>::to_vec).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Typo,
    Infix,
    Start,
    Whole,
}

impl Kind {
    fn tier(self) -> Tier {
        match self {
            Kind::Typo => Tier::Typo,
            Kind::Infix => Tier::Infix,
            Kind::Start | Kind::Whole => Tier::WordStart,
        }
    }
}

/// Where a word of the query stands in a title.
#[derive(Debug, Clone, Copy)]
struct Place {
    kind: Kind,
    at: usize,
    len: usize,
}

/// The best place of a word in a title, the first of those as good; one with a typo only where that tier is asked for.
fn place(word: &[char], word_classes: u64, title: &Folded, least: Tier) -> Option<Place> {
    let is_end = |at: usize| at == title.letters.len() || u16::try_from(at).is_ok_and(|at| title.starts.binary_search(&at).is_ok());
    let first = word.first()?;
    if word_classes & !title.classes == 0 {
        let mut started = None;
        for (at, rest) in title.rests() {
            // One letter first: most starts are none.
            if rest.first() == Some(first) && rest.starts_with(word) {
                if is_end(at + word.len()) {
                    return Some(Place { kind: Kind::Whole, at, len: word.len() });
                }
                started = started.or(Some(Place { kind: Kind::Start, at, len: word.len() }));
            }
        }
        if started.is_some() {
            return started;
        }
        if word.len() >= INFIX
            && let Some(at) = title.letters.windows(word.len()).position(|letters| letters.first() == Some(first) && letters == word)
        {
            return Some(Place { kind: Kind::Infix, at, len: word.len() });
        }
    }
    if least > Tier::Typo || word.len() < TYPO || (word_classes & !title.classes).count_ones() > 1 {
        return None;
    }
    title.rests().find_map(|(at, rest)| {
        // With the last letter wrong, nearly every other word would do: then the word has to end there.
        let found = typos(word, rest).into_iter().flatten().find(|(len, at_the_end)| !at_the_end || is_end(at + len));
        found.map(|(len, _)| Place { kind: Kind::Typo, at, len })
    })
}

/// The ways in which `text` begins with `word` but for one typo: how many letters that is, and whether the typo is in the last letter.
fn typos(word: &[char], text: &[char]) -> [Option<(usize, bool)>; 4] {
    let same = word.iter().zip(text).take_while(|(one, other)| one == other).count();
    // Behind the typo the third letter of the word stands where it did, or one place off.
    let third = word.get(same + 2);
    if third.is_some() && (1..4).all(|place| text.get(same + place) != third) {
        return [None; 4];
    }
    let begins = |skip_text: usize, skip_word: usize| {
        let (rest, wanted) = (text.get(same + skip_text..)?, word.get(same + skip_word..)?);
        rest.starts_with(wanted).then_some(same + skip_text + wanted.len())
    };
    let swapped = match (word.get(same..same + 2), text.get(same..same + 2)) {
        (Some([a, b]), Some([c, d])) if a == d && b == c => begins(2, 2),
        _ => None,
    };
    let (missing, wrong, extra) = (begins(1, 0), begins(1, 1), begins(0, 1));
    let at_the_end = same + 1 >= word.len();
    [
        swapped.map(|len| (len, false)),
        missing.map(|len| (len, false)),
        wrong.map(|len| (len, at_the_end)),
        extra.map(|len| (len, at_the_end)),
    ]
}

/// What scoring needs besides, kept from title to title. Made when it is first needed: it is large.
#[derive(Default)]
pub(crate) struct Scratch {
    matcher: Option<Matcher>,
    buffer: Vec<char>,
}

impl Scratch {
    /// nucleo's score for some words in a title, as a part of what it could be.
    fn likeness(&mut self, title: &str, words: &[Word]) -> f64 {
        let haystack = Utf32Str::new(title, &mut self.buffer);
        let matcher = self.matcher.get_or_insert_with(|| Matcher::new(Config::DEFAULT));
        let (mut reached, mut possible) = (0.0, 0.0);
        for word in words {
            possible += 26.0 * word.letters.len() as f64 + 10.0;
            reached += matcher.fuzzy_match(haystack, Utf32Str::Unicode(&word.letters)).map_or(0.0, f64::from);
        }
        reached / f64::max(possible, 1.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn tier(query: &str, title: &str) -> Option<Tier> {
        let query = Query::parse(query).unwrap().unwrap();
        let score = query.all.rate(&mut Scratch::default(), title, &Folded::of(title), Tier::Typo)?;
        [Tier::Exact, Tier::Prefix, Tier::WordStart, Tier::Initials, Tier::Infix, Tier::Typo].into_iter().find(|tier| score.at_least(*tier))
    }

    #[test]
    fn each_tier_has_what_belongs_to_it() {
        let title = "Non-disclosure agreement";
        for (query, expected) in [
            ("non disclosure AGREEMENT", Some(Tier::Exact)),
            ("non-dis", Some(Tier::Prefix)),
            ("n", Some(Tier::Prefix)),
            ("agree", Some(Tier::WordStart)),
            ("agreement non", Some(Tier::WordStart)),
            ("a d", Some(Tier::WordStart)),
            ("nda", Some(Tier::Initials)),
            ("da", Some(Tier::Initials)),
            ("na", None),
            ("closure", Some(Tier::Infix)),
            ("closure agree", Some(Tier::Infix)),
            ("lo", None),
            ("disclsure", Some(Tier::Typo)),
            ("disclosurre", Some(Tier::Typo)),
            ("dsiclosure", Some(Tier::Typo)),
            ("disclozure", Some(Tier::Typo)),
            ("fisclosure", Some(Tier::Typo)),
            ("agreemenr", Some(Tier::Typo)),
            ("agremeent", Some(Tier::Typo)),
            ("agremet", None),
            ("agreemeny non", Some(Tier::Typo)),
            ("disclosure contract", None),
        ] {
            assert_eq!(tier(query, title), expected, "{query}");
        }
        assert_eq!(tier("nom", "Non-disclosure"), None, "three letters bear no typo");
        assert_eq!(tier("desk", "Design"), None, "the last letter may be wrong only at the end of a word");
        assert_eq!(tier("mobileapp", "Mobile app"), Some(Tier::Exact));
        assert_eq!(tier("MobileApp", "Mobile app: Notes"), Some(Tier::Prefix));
        assert_eq!(tier("etudé", "Étude"), Some(Tier::Exact));
        assert_eq!(tier("ana@acme.com", "ana@acme.com"), Some(Tier::Exact));
    }

    #[test]
    fn highlights_are_characters_of_the_title() {
        for (query, title, expected) in [
            ("dis", "Non-disclosure agreement", vec![(4, 7)]),
            ("nda", "Non-disclosure agreement", vec![(0, 1), (4, 5), (15, 16)]),
            ("strasse alt", "Alte Straße", vec![(0, 3), (5, 11)]),
            ("non-dis", "Non-disclosure agreement", vec![(0, 7)]),
            ("dsiclosure", "Non-disclosure", vec![(4, 14)]),
            ("zzz", "Non-disclosure", vec![]),
        ] {
            let query = Query::parse(query).unwrap().unwrap();
            assert_eq!(query.all.ranges(title), expected, "{title}");
        }
    }

    #[test]
    fn what_is_too_much_is_refused() {
        assert!(Query::parse(&"a".repeat(1_000_000)).is_err());
        assert!(Query::parse(&(0..33).map(|n| format!("w{n} ")).collect::<String>()).is_err());
        assert!(Query::parse(" \t\n\0 ").unwrap().is_none());
        assert!(Query::parse(&"a ".repeat(400)).unwrap().is_some());
    }
}
