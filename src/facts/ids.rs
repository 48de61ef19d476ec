//! A set of ids: a bit for an integer, a number for a text.

use hashbrown::HashMap;
use rusqlite::types::ValueRef;

use super::nodes::Nodes;
use crate::base::identifier::IdRef;
use crate::decide::goal::{Node, TypeKey};

/// So many ids share a page.
const PAGE: i64 = 4096;

/// Pages up to this number are found by their place, the others by a look-up.
const NEAR: usize = 1 << 16;

type Page = Box<[u64; (PAGE / 64) as usize]>;

/// A set of ids: a bit for an integer, a number for a text.
#[derive(Default)]
pub(crate) struct Ids {
    near: Vec<Option<Page>>,
    far: HashMap<i64, Page>,
    texts: Nodes,
    /// Integers that are stored as text
    pub(crate) as_text: hashbrown::HashSet<i64>,
    len: usize,
}

impl Ids {
    /// How many there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// About how many bytes they take.
    pub(crate) fn bytes(&self) -> usize {
        let pages = self.near.iter().flatten().count() + self.far.len();
        self.near.capacity() * size_of::<Option<Page>>() + pages * (PAGE / 8) as usize + self.texts.bytes() + self.as_text.len() * 16
    }

    /// Whether an integer takes at the most so much room that all of its kind fit 32 MiB, however far apart they lie.
    pub(crate) fn is_near(number: i64) -> bool {
        (0..NEAR as i64 * PAGE).contains(&number)
    }

    /// → Whether it is new.
    pub(crate) fn insert(&mut self, id: IdRef<'_>) -> bool {
        let is_new = match id {
            IdRef::Integer(number) => {
                let page = number.div_euclid(PAGE);
                let bits = match usize::try_from(page) {
                    Ok(place) if place < NEAR => {
                        if self.near.len() <= place {
                            self.near.resize_with(place + 1, || None);
                        }
                        self.near.get_mut(place).map(|page| page.get_or_insert_with(empty))
                    }
                    _ => Some(self.far.entry(page).or_insert_with(empty)),
                };
                set(bits, number.rem_euclid(PAGE))
            }
            IdRef::Text(_) => {
                let before = self.texts.len();
                self.texts.number(TypeKey(0), id);
                self.texts.len() > before
            }
        };
        self.len += usize::from(is_new);
        is_new
    }

    /// Takes an id as it is stored.
    pub(crate) fn insert_stored(&mut self, stored: ValueRef<'_>) {
        let Some(id) = IdRef::stored(stored) else { return };
        self.insert(id);
        if let (IdRef::Integer(number), ValueRef::Text(_)) = (id, stored) {
            self.as_text.insert(number);
        }
    }

    pub(crate) fn contains(&self, id: IdRef<'_>) -> bool {
        match id {
            IdRef::Integer(number) => {
                let page = number.div_euclid(PAGE);
                let bits = match usize::try_from(page) {
                    Ok(place) if place < NEAR => self.near.get(place).and_then(Option::as_ref),
                    _ => self.far.get(&page),
                };
                let at = number.rem_euclid(PAGE);
                bits.and_then(|bits| bits.get((at / 64) as usize)).is_some_and(|word| word >> (at % 64) & 1 == 1)
            }
            IdRef::Text(_) => self.texts.find(TypeKey(0), id).is_some(),
        }
    }
}

/// How far somebody has come through a set.
#[derive(Default)]
pub(crate) struct IdScan {
    near: usize,
    far: Option<std::vec::IntoIter<i64>>,
    /// The page that is being read: its number, the word, and what is left of it
    page: Option<(i64, usize, u64)>,
    text: usize,
}

impl Ids {
    /// The next id: integers first, small ones in order, then texts.
    pub(crate) fn next(&self, scan: &mut IdScan) -> Option<IdRef<'_>> {
        loop {
            if let Some((page, word, left)) = &mut scan.page {
                let bits = match usize::try_from(*page) {
                    Ok(near) if near < NEAR => self.near.get(near).and_then(Option::as_ref),
                    _ => self.far.get(page),
                };
                while *left == 0 && *word + 1 < (PAGE / 64) as usize {
                    *word += 1;
                    *left = bits.and_then(|bits| bits.get(*word)).copied().unwrap_or_default();
                }
                if *left != 0 {
                    let bit = i64::from(left.trailing_zeros());
                    *left &= *left - 1;
                    return Some(IdRef::Integer(*page * PAGE + *word as i64 * 64 + bit));
                }
                scan.page = None;
            }
            let next = if scan.near < self.near.len() {
                scan.near += 1;
                self.near.get(scan.near - 1).and_then(Option::as_ref).map(|bits| ((scan.near - 1) as i64, bits))
            } else {
                let far = scan.far.get_or_insert_with(|| {
                    let mut pages: Vec<i64> = self.far.keys().copied().collect();
                    pages.sort_unstable();
                    pages.into_iter()
                });
                let Some(page) = far.next() else {
                    scan.text += 1;
                    let node = Node(u32::try_from(scan.text - 1).ok()?);
                    return self.texts.get(node).map(|(_, id)| id);
                };
                self.far.get(&page).map(|bits| (page, bits))
            };
            if let Some((page, bits)) = next {
                scan.page = Some((page, 0, bits.first().copied().unwrap_or_default()));
            }
        }
    }
}

fn empty() -> Page {
    Box::new([0; (PAGE / 64) as usize])
}

fn set(bits: Option<&mut Page>, at: i64) -> bool {
    let Some(word) = bits.and_then(|bits| bits.get_mut((at / 64) as usize)) else { return false };
    let bit = 1 << (at % 64);
    let is_new = *word & bit == 0;
    *word |= bit;
    is_new
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_every_size_are_told_apart() {
        let mut ids = Ids::default();
        let numbers = [0, 1, 63, 64, 4095, 4096, -1, -4096, -4097, i64::MAX, i64::MIN, 1 << 28, (1 << 28) - 1];
        for number in numbers {
            assert!(!ids.contains(IdRef::Integer(number)), "{number}");
            ids.insert(IdRef::Integer(number));
            ids.insert(IdRef::Integer(number));
            assert!(ids.contains(IdRef::Integer(number)), "{number}");
        }
        assert_eq!(ids.len(), numbers.len());
        assert!(!ids.contains(IdRef::Integer(2)) && !ids.contains(IdRef::Text("a")));
        ids.insert(IdRef::Text("a"));
        assert!(ids.contains(IdRef::Text("a")) && !ids.contains(IdRef::Text("b")));
        let (mut scan, mut found) = (IdScan::default(), Vec::new());
        while let Some(id) = ids.next(&mut scan) {
            found.push(id.to_string());
        }
        let mut expected: Vec<String> = numbers.iter().map(i64::to_string).chain(["a".to_owned()]).collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected);
    }
}
