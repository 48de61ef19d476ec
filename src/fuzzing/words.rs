//! Small things that stand in arguments.

use std::borrow::Cow;

use crate::access::hierarchy::arguments::{Arguments, affinity, quoted};
use crate::base::time;
use crate::search::score::{Query, Scratch, Tier};
use crate::search::text::{Folded, origins};

/// A time: what is written is read as itself, and stands for the same moment.
pub(super) fn time(text: &str) {
    let moment = time::millis(text);
    match time::parse("time", text) {
        Ok(written) => {
            assert_eq!(written.len(), 24, "{written}");
            assert_eq!(time::parse("time", &written).unwrap(), written);
            let read = time::millis(&written).unwrap();
            assert_eq!(time::written(read), written);
            assert!(moment.is_none_or(|moment| moment == read), "{text} is {moment:?}, and {written} is {read}");
        }
        Err(refusal) => assert!(refusal.to_string().len() < 1000),
    }
    assert_eq!(time::expiry(Some(text)), moment.unwrap_or(time::Millis::MIN));
}

/// A search, and behind the first line a title: a title answers to itself, and what is highlighted lies within it.
pub(super) fn search(text: &str) {
    let (query, title) = text.split_once('\n').unwrap_or((text, text));
    let folded = Folded::of(title);
    assert!(folded.starts.is_sorted() && folded.starts.first().is_none_or(|first| *first == 0));
    assert!(folded.starts.last().is_none_or(|last| usize::from(*last) < folded.letters.len()));
    assert!(folded.letters.len() > usize::from(u16::MAX) || origins(title).len() == folded.letters.len());
    let letters: String = folded.letters.iter().collect();
    assert_eq!(Folded::of(&letters).letters, folded.letters, "folded twice");
    let Ok(Some(query)) = Query::parse(query) else { return };
    let mut scratch = Scratch::default();
    let length = title.chars().count();
    for words in [&query.all, query.title_words()] {
        let score = words.rate(&mut scratch, title, &folded, Tier::Typo);
        for least in [Tier::Infix, Tier::WordStart, Tier::Exact] {
            let better = words.rate(&mut scratch, title, &folded, least);
            assert_eq!(better, score.filter(|score| score.at_least(least)), "the score of a title depends on what is asked for");
        }
        if !words.words.is_empty() && words.folded.letters == folded.letters {
            assert!(score.is_some_and(|score| score.at_least(Tier::Exact)), "a title does not answer to itself");
        }
        let ranges = words.ranges(title);
        assert!(ranges.iter().all(|(from, to)| from < to && *to <= length), "{ranges:?}");
        assert!(ranges.windows(2).all(|two| two[0].1 < two[1].0), "{ranges:?}");
        let _ = words.rate_with(&mut scratch, title, "other words beside it");
    }
}

/// The arguments of `CREATE VIRTUAL TABLE … USING authz_hierarchy`: a name that is quoted is the same name.
pub(super) fn hierarchy_arguments(text: &str) {
    let given: Vec<Cow<'_, str>> = text.split(',').map(Cow::Borrowed).collect();
    let _ = affinity(text);
    match Arguments::parse(&given) {
        Ok(read) => {
            let names = [("table", &read.table), ("id", &read.id), ("parent", &read.parent)];
            let again: Vec<Cow<'_, str>> = names.iter().map(|(key, name)| Cow::Owned(format!("{key}={}", quoted(name)))).collect();
            let again = Arguments::parse(&again).unwrap();
            assert_eq!([&again.table, &again.id, &again.parent], names.map(|(_, name)| name));
            for (_, name) in names {
                assert!(!name.is_empty());
                let inside = quoted(name);
                let inside = &inside[1..inside.len() - 1];
                assert!(!inside.replace("\"\"", "").contains('"'), "a name ends within itself: {name}");
            }
        }
        Err(error) => assert!(error.to_string().len() < 1000),
    }
}
