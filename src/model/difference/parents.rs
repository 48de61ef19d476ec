//! Which type may lie in which, as a graph.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Child type → parent types.
pub(super) type Parents<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// Whether `above` is `below` or one of its ancestors.
pub(super) fn reaches(parents: &Parents<'_>, below: &str, above: &str) -> bool {
    let (mut seen, mut next) = (HashSet::from([below]), vec![below]);
    while let Some(slug) = next.pop() {
        if slug == above {
            return true;
        }
        next.extend(parents.get(slug).into_iter().flatten().copied().filter(|parent| seen.insert(parent)));
    }
    false
}

/// The types of a cycle other than a type that nests in itself, the first of them again at the end.
pub(super) fn cycle<'a>(parents: &Parents<'a>) -> Option<Vec<&'a str>> {
    let mut children: HashMap<&str, Vec<&'a str>> = HashMap::new();
    let mut waiting: BTreeMap<&'a str, usize> = BTreeMap::new();
    for (&child, above) in parents {
        let others = above.iter().filter(|parent| **parent != child);
        waiting.insert(child, others.clone().count());
        others.for_each(|parent| children.entry(parent).or_default().push(child));
    }
    let known: HashSet<&str> = waiting.keys().copied().collect();
    let mut free: Vec<&str> = waiting.iter().filter(|(_, count)| **count == 0).map(|(slug, _)| *slug).collect();
    free.extend(children.keys().filter(|slug| !known.contains(**slug)));
    while let Some(slug) = free.pop() {
        waiting.remove(slug);
        for child in children.get(slug).into_iter().flatten() {
            if let Some(count) = waiting.get_mut(child) {
                *count -= 1;
                if *count == 0 {
                    free.push(child);
                }
            }
        }
    }
    // Every type that is left has a parent that is left: going up from one leads round.
    let mut path = vec![*waiting.keys().next()?];
    loop {
        let last = path.last()?;
        let up = parents.get(last)?.iter().find(|parent| *parent != last && waiting.contains_key(*parent))?;
        if let Some(start) = path.iter().position(|slug| slug == up) {
            let mut round: Vec<&str> = path.split_off(start);
            round.push(up);
            return Some(round);
        }
        path.push(up);
    }
}
