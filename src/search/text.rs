//! Text as it is compared: case and accents folded, punctuation gone, with the places where words start.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A title or a query, folded. `Non-disclosure agreement` has the letters `nondisclosureagreement` and words at 0, 3 and 13.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Folded {
    pub(crate) letters: Vec<char>,
    /// Where words start, in order; 0 is among them unless there are no letters.
    pub(crate) starts: Vec<u16>,
    /// Bit n is set when a letter of class n occurs: what lacks a class of the query cannot contain it.
    pub(crate) classes: u64,
}

impl Folded {
    /// Folds a text.
    pub(crate) fn of(text: &str) -> Folded {
        let mut folded = Folded { letters: Vec::with_capacity(text.len()), starts: Vec::with_capacity(4), classes: 0 };
        fold(text, |letter, starts_word, _| folded.push(letter, starts_word));
        folded
    }

    fn push(&mut self, letter: char, starts_word: bool) {
        // Titles have at most 256 characters, each of which folds to a handful: what is longer is cut.
        let Ok(place) = u16::try_from(self.letters.len()) else { return };
        if starts_word {
            self.starts.push(place);
        }
        self.letters.push(letter);
        self.classes |= class(letter);
    }

    /// The words, as letters.
    pub(crate) fn words(&self) -> impl Iterator<Item = &[char]> {
        let ends = self.starts.iter().skip(1).map(|start| usize::from(*start)).chain([self.letters.len()]);
        self.starts.iter().zip(ends).filter_map(|(start, end)| self.letters.get(usize::from(*start)..end))
    }

    /// The first letter of each word.
    pub(crate) fn initials(&self) -> Vec<char> {
        self.words().filter_map(|word| word.first().copied()).collect()
    }

    /// The letters from the start of each word to the very end.
    pub(crate) fn rests(&self) -> impl Iterator<Item = (usize, &[char])> {
        self.starts.iter().filter_map(|start| Some((usize::from(*start), self.letters.get(usize::from(*start)..)?)))
    }
}

/// The bit of a letter: one for each of a to z and 0 to 9, the rest shared by all others.
fn class(letter: char) -> u64 {
    let number = match letter {
        'a'..='z' => u32::from(letter) - u32::from('a'),
        '0'..='9' => u32::from(letter) - u32::from('0') + 26,
        other => 36 + u32::from(other) % 28,
    };
    1 << number
}

/// The classes that occur in some letters.
pub(crate) fn classes(letters: &[char]) -> u64 {
    letters.iter().fold(0, |bits, letter| bits | class(*letter))
}

/// The place in `text`, in characters, that each folded letter comes from.
pub(crate) fn origins(text: &str) -> Vec<usize> {
    let mut origins = Vec::new();
    fold(text, |_, _, origin| origins.push(origin));
    origins
}

/// Hands over each folded letter, whether it starts a word, and the character it comes from.
fn fold(text: &str, mut take: impl FnMut(char, bool, usize)) {
    let mut before = Class::Gap;
    for (origin, character) in text.chars().enumerate() {
        if character.is_ascii() {
            let here = Class::of(character);
            if here != Class::Gap {
                take(character.to_ascii_lowercase(), here.starts_word_after(before), origin);
            }
            before = here;
            continue;
        }
        // A mark that stands by itself belongs to the letter before it.
        if is_latin_mark(character) {
            continue;
        }
        let mut here = Class::of(character);
        let starts_word = here.starts_word_after(before);
        let mut has_letters = false;
        if here != Class::Gap {
            for plain in std::iter::once(character).nfkd().filter(|part| !is_latin_mark(*part)) {
                // To upper case and back is full case folding: ß and ẞ become ss, the dotless ı an i.
                let folded = plain.to_uppercase().flat_map(char::to_lowercase).map(nucleo_matcher::chars::normalize);
                // The plain form of a small capital is a capital.
                for letter in folded.flat_map(char::to_lowercase).filter(|letter| is_letter(*letter)) {
                    take(letter, starts_word && !has_letters, origin);
                    has_letters = true;
                }
            }
        }
        // The full-width > is a sign like any other, and nothing of it is left.
        if !has_letters {
            here = Class::Gap;
        }
        before = here;
    }
}

/// Whether a sign counts: ⒜ becomes (a), of which the a does.
fn is_letter(character: char) -> bool {
    Class::of(character) != Class::Gap && !is_latin_mark(character)
}

/// Accents of Latin, Greek and Cyrillic. The marks of other scripts are vowels and stay.
fn is_latin_mark(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}') && is_combining_mark(character)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Gap,
    Lower,
    Upper,
    Digit,
    /// Written without spaces: each sign may start a word
    Ideograph,
}

impl Class {
    fn of(character: char) -> Class {
        match character {
            'a'..='z' => Class::Lower,
            'A'..='Z' => Class::Upper,
            '0'..='9' => Class::Digit,
            _ if character.is_ascii() => Class::Gap,
            '\u{3041}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' => Class::Ideograph,
            '\u{80}'..='\u{a9}' | '\u{ab}'..='\u{b4}' | '\u{b6}'..='\u{b9}' | '\u{bb}'..='\u{bf}' | '\u{2000}'..='\u{206f}' => Class::Gap,
            '\u{3000}'..='\u{3040}' | '\u{ff01}'..='\u{ff0f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' => Class::Gap,
            _ if character.is_whitespace() || character.is_control() => Class::Gap,
            _ if character.is_uppercase() => Class::Upper,
            _ if character.is_numeric() => Class::Digit,
            _ => Class::Lower,
        }
    }

    fn starts_word_after(self, before: Class) -> bool {
        match (before, self) {
            (_, Class::Gap) => false,
            (Class::Gap, _) | (_, Class::Ideograph) | (Class::Ideograph, _) | (Class::Lower | Class::Digit, Class::Upper) => true,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn words(text: &str) -> Vec<String> {
        Folded::of(text).words().map(|word| word.iter().collect()).collect()
    }

    #[test]
    fn words_begin_after_gaps_and_where_the_case_rises() {
        for (text, expected) in [
            ("Non-disclosure agreement", vec!["non", "disclosure", "agreement"]),
            ("  TCP/IP: notes ", vec!["tcp", "ip", "notes"]),
            ("kubeStateMetrics", vec!["kube", "state", "metrics"]),
            ("k8s.io", vec!["k8s", "io"]),
            ("v1Beta2", vec!["v1", "beta2"]),
            ("ÅNGSTRÖM Straße", vec!["angstrom", "strasse"]),
            ("Łódź, Øresund", vec!["lodz", "oresund"]),
            ("e\u{301}tude", vec!["etude"]),
            ("ﬁnance №5", vec!["finance", "no5"]),
            ("設計書", vec!["設", "計", "書"]),
            ("Проект Ёлка", vec!["проект", "елка"]),
            ("⒜ 5㏂", vec!["a", "5am"]),
            ("＞next a＞b", vec!["next", "a", "b"]),
            ("🚀 launch", vec!["🚀", "launch"]),
            ("a\0b\u{200b}c", vec!["a", "b", "c"]),
            (" -- ", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn letters_know_the_character_they_come_from() {
        let folded = Folded::of("Straße ﬁx");
        assert_eq!(folded.letters.len(), origins("Straße ﬁx").len());
        assert_eq!(origins("Straße ﬁx"), [0, 1, 2, 3, 4, 4, 5, 7, 7, 8]);
        assert_eq!(Folded::of("Non-disclosure agreement").initials(), ['n', 'd', 'a']);
    }

    #[test]
    fn folding_twice_changes_nothing() {
        for text in ["İstanbul", "ΣΊΣΥΦΟΣ", "한국어", "ĳsvogel", "Ǆ", "ﬀ", "ŉ", "हिन्दी", "ʟʙ"] {
            let once: String = Folded::of(text).letters.iter().collect();
            let twice: String = Folded::of(&once).letters.iter().collect();
            assert_eq!(once, twice, "{text}");
        }
    }
}
