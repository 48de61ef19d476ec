//! Which tokens the index may have, known without asking it: most of what nobody wrote is answered here.
//!
//! A bit stands for each token of at most three letters that some title has, at the place that its hash says; of a longer one its parts tell
//! enough. So a bit that is not set is a no, and one that is set a maybe: two tokens may share a bit, and no bit is ever cleared.

/// A hundred thousand different tokens leave five of six bits unset.
const BYTES: usize = 1 << 16;

/// A set of tokens, somewhat too large.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Sieve(Vec<u8>);

impl Sieve {
    /// One with no token.
    pub(crate) fn empty() -> Sieve {
        Sieve(vec![0; BYTES])
    }

    /// As it is stored; `None` where this is none.
    pub(crate) fn stored(bytes: &[u8]) -> Option<Sieve> {
        (bytes.len() == BYTES).then(|| Sieve(bytes.to_vec()))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Takes the tokens of a title in.
    pub(crate) fn add<'a>(&mut self, tokens: impl IntoIterator<Item = &'a str>) {
        for token in tokens {
            let (mark, letters) = parts(token);
            if letters.len() <= 3 {
                let (byte, bit) = place(mark, &letters);
                if let Some(byte) = self.0.get_mut(byte) {
                    *byte |= bit;
                }
            }
        }
    }

    /// Whether a title may have a token.
    pub(crate) fn may_have(&self, token: &str) -> bool {
        let (mark, letters) = parts(token);
        if letters.len() <= 3 {
            return self.has(mark, &letters);
        }
        // What begins a title or a word so begins it with fewer letters too, and has them in a row.
        let beginning = match mark {
            Some('^') => letters.get(..2),
            _ => letters.get(..3),
        };
        beginning.is_some_and(|letters| self.has(mark, letters)) && letters.windows(3).all(|row| self.has(None, row))
    }

    fn has(&self, mark: Option<char>, letters: &[char]) -> bool {
        let (byte, bit) = place(mark, letters);
        self.0.get(byte).is_none_or(|byte| byte & bit != 0)
    }
}

/// The mark of a token, and its letters: no letter is a mark.
fn parts(token: &str) -> (Option<char>, Vec<char>) {
    let mark = token.chars().next().filter(|first| "^<=;".contains(*first));
    (mark, token.chars().skip(usize::from(mark.is_some())).collect())
}

/// The place of a token's bit. It is in files: to be changed only together with the format of the index.
fn place(mark: Option<char>, letters: &[char]) -> (usize, u8) {
    let hash = mark.iter().chain(letters).fold(0xcbf2_9ce4_8422_2325_u64, |hash, letter| {
        let mixed = (hash ^ u64::from(u32::from(*letter))).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^ (mixed >> 29)
    });
    let bit = usize::try_from(hash >> 32).unwrap_or_default() % (BYTES * 8);
    (bit / 8, 1 << (bit % 8))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::search::grams::{STAGES, tokens};
    use crate::search::score::{Query, Scratch, Tier};
    use crate::search::text::Folded;

    #[test]
    fn what_a_title_has_is_never_denied() {
        let mut sieve = Sieve::empty();
        let titles = ["Non-disclosure agreement", "設計書 2024", "a", "Mobile app: Notes", "\"quoted\" OR NOT"];
        for title in titles {
            sieve.add(tokens(&Folded::of(title)).iter().map(String::as_str));
        }
        for title in titles {
            assert!(tokens(&Folded::of(title)).iter().all(|token| sieve.may_have(token)), "{title}");
        }
        for token in ["zzz", "^q1", "<qua", "quoten", "^nonx", "<discx", "=zz", ";xyz"] {
            assert!(!sieve.may_have(token), "{token}");
        }
        assert!(Sieve::stored(sieve.bytes()) == Some(sieve) && Sieve::stored(b"short").is_none());
    }

    #[test]
    fn a_title_that_answers_is_found_by_the_first_question_of_its_tier_and_by_all_that_follow() {
        let titles = ["Non-disclosure agreement", "Mobile app", "Design system of the web", "Abba ab", "Qarterly report", "日本語 設計"];
        let queries = [
            "n",
            "non",
            "non dis",
            "nondisc",
            "nda",
            "closure",
            "agreemnet",
            "agree non",
            "mobileapp",
            "eapp",
            "app mo",
            "de sign",
            "des ign",
            "dsotw",
            "so",
            "ab ba",
            "abba a",
            "quarterly",
            "report qar",
            "rep/qart",
            "設計",
            "本語設計",
            "web system design",
            "reprot",
            "a",
            "web/design",
            "osure",
            "ement",
            "syste desig",
            "eport quart",
            "abbaa",
            "non-disclosure",
            "disclosureagree",
            "bileapp",
        ];
        let mut scratch = Scratch::default();
        for (query, title) in queries.iter().flat_map(|query| titles.map(|title| (query, title))) {
            let (query, folded) = (Query::parse(query).unwrap().unwrap(), Folded::of(title));
            let tokens = tokens(&folded);
            let mut sieve = Sieve::empty();
            sieve.add(tokens.iter().map(String::as_str));
            let scores = [
                query.title_words().rate(&mut scratch, title, &folded, Tier::Typo),
                query.all.rate(&mut scratch, title, &folded, Tier::Typo),
            ];
            for score in scores.into_iter().flatten() {
                let mut asked = 0;
                // For typos is asked only where nothing answers without one.
                let is_asked = |tier: Tier| score.at_least(tier) && (tier != Tier::Typo || !score.at_least(Tier::Infix));
                for (tier, question) in STAGES.iter().filter(|(tier, _)| is_asked(*tier)) {
                    let Some(question) = question(&query) else { continue };
                    asked += 1;
                    assert!(holds(&question, &tokens), "{query:?} {title} {tier:?} {question}");
                    assert!(question.sifted(&sieve).is_some_and(|question| holds(&question, &tokens)), "{query:?} {title} {tier:?}");
                }
                assert!(asked > 0);
            }
        }
    }

    fn holds(question: &crate::search::grams::Question, tokens: &std::collections::BTreeSet<String>) -> bool {
        use crate::search::grams::Question::{All, Any, Token};
        match question {
            Token(token) => tokens.contains(token),
            All(parts) => parts.iter().all(|part| holds(part, tokens)),
            Any(parts) => parts.iter().any(|part| holds(part, tokens)),
        }
    }
}
