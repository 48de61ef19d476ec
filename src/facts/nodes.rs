//! Resources, numbered as they are met: type and id on one side, a small number on the other.
//!
//! This is most of what a connection keeps, so an entry takes 16 bytes, 5 in the table that finds it, and the text of its id.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};
use rusqlite::types::{Value, ValueRef};

use crate::base::identifier::IdRef;
use crate::decide::goal::{Node, TypeKey};

/// Where a resource lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Location {
    /// Nobody has looked
    Unknown,
    NotRegistered,
    Root,
    Below(Node),
}

const UNKNOWN: u32 = u32::MAX;
const NOT_REGISTERED: u32 = u32::MAX - 1;
const ROOT: u32 = u32::MAX - 2;

/// The id is text; or it is an integer that is stored as text.
const IS_TEXT: u32 = 1 << 31;
const STORED_AS_TEXT: u32 = 1 << 30;

#[derive(Clone, Copy)]
struct Entry {
    /// The type in the lower bits, and the two flags above
    resource_type: u32,
    place: u32,
    /// The integer, or offset << 16 | length in the texts
    id: i64,
}

/// All resources met so far.
#[derive(Default)]
pub(crate) struct Nodes {
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
    entries: Vec<Entry>,
    texts: Vec<u8>,
}

impl Nodes {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// About how many bytes they take.
    pub(crate) fn bytes(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>() + self.table.capacity() * 5 + self.texts.capacity()
    }

    /// The number of a resource, a new one if it is met for the first time.
    pub(crate) fn number(&mut self, resource_type: TypeKey, id: IdRef<'_>) -> Node {
        if let Some(node) = self.find(resource_type, id) {
            return node;
        }
        let Nodes { table, hasher, entries, texts } = self;
        let hash = hash_of(hasher, resource_type, id);
        let number = u32::try_from(entries.len()).unwrap_or(ROOT - 1);
        let entry = match id {
            IdRef::Integer(number) => Entry { resource_type: resource_type.0, place: UNKNOWN, id: number },
            IdRef::Text(text) => {
                let at = i64::try_from(texts.len()).unwrap_or_default() << 16 | i64::try_from(text.len()).unwrap_or_default() & 0xffff;
                texts.extend_from_slice(text.as_bytes());
                Entry { resource_type: resource_type.0 | IS_TEXT, place: UNKNOWN, id: at }
            }
        };
        entries.push(entry);
        table.insert_unique(hash, number, |other| {
            entries.get(*other as usize).map_or(0, |entry| hash_of(hasher, type_of(entry), id_of(entry, texts)))
        });
        Node(number)
    }

    /// The number of a resource that has been met.
    pub(crate) fn find(&self, resource_type: TypeKey, id: IdRef<'_>) -> Option<Node> {
        let hash = hash_of(&self.hasher, resource_type, id);
        let is_it = |number: &u32| self.entries.get(*number as usize).is_some_and(|entry| is(entry, &self.texts, resource_type, id));
        self.table.find(hash, is_it).map(|number| Node(*number))
    }

    /// Type and id of a resource.
    pub(crate) fn get(&self, node: Node) -> Option<(TypeKey, IdRef<'_>)> {
        self.entries.get(node.0 as usize).map(|entry| (type_of(entry), id_of(entry, &self.texts)))
    }

    /// The type of a resource.
    pub(crate) fn resource_type(&self, node: Node) -> Option<TypeKey> {
        self.entries.get(node.0 as usize).map(type_of)
    }

    /// The id with the type it was first written with, as far as anybody has looked.
    pub(crate) fn stored_id(&self, node: Node) -> Value {
        match self.entries.get(node.0 as usize) {
            Some(entry) if entry.resource_type & (IS_TEXT | STORED_AS_TEXT) == 0 => Value::Integer(entry.id),
            Some(entry) => Value::Text(id_of(entry, &self.texts).to_string()),
            None => Value::Null,
        }
    }

    /// Where a resource lies.
    pub(crate) fn place(&self, node: Node) -> Location {
        match self.entries.get(node.0 as usize).map_or(NOT_REGISTERED, |entry| entry.place) {
            UNKNOWN => Location::Unknown,
            NOT_REGISTERED => Location::NotRegistered,
            ROOT => Location::Root,
            above => Location::Below(Node(above)),
        }
    }

    /// Notes where a resource lies.
    pub(crate) fn set_place(&mut self, node: Node, place: Location) {
        if let Some(entry) = self.entries.get_mut(node.0 as usize) {
            entry.place = match place {
                Location::Unknown => UNKNOWN,
                Location::NotRegistered => NOT_REGISTERED,
                Location::Root => ROOT,
                Location::Below(above) => above.0,
            };
        }
    }

    /// Forgets where all of them lie.
    pub(crate) fn forget_places(&mut self) {
        self.entries.iter_mut().for_each(|entry| entry.place = UNKNOWN);
    }

    /// Notes with which type an id was written.
    pub(crate) fn set_stored(&mut self, node: Node, stored: ValueRef<'_>) {
        if let Some(entry) = self.entries.get_mut(node.0 as usize) {
            match stored {
                ValueRef::Text(_) => entry.resource_type |= STORED_AS_TEXT,
                _ => entry.resource_type &= !STORED_AS_TEXT,
            }
        }
    }
}

fn type_of(entry: &Entry) -> TypeKey {
    TypeKey(entry.resource_type & !(IS_TEXT | STORED_AS_TEXT))
}

fn id_of<'a>(entry: &Entry, texts: &'a [u8]) -> IdRef<'a> {
    if entry.resource_type & IS_TEXT == 0 {
        return IdRef::Integer(entry.id);
    }
    let start = usize::try_from(entry.id >> 16).unwrap_or_default();
    let bytes = texts.get(start..start + (entry.id & 0xffff) as usize).unwrap_or_default();
    IdRef::Text(std::str::from_utf8(bytes).unwrap_or_default())
}

fn is(entry: &Entry, texts: &[u8], resource_type: TypeKey, id: IdRef<'_>) -> bool {
    if type_of(entry) != resource_type {
        return false;
    }
    match id {
        IdRef::Integer(number) => entry.resource_type & IS_TEXT == 0 && entry.id == number,
        IdRef::Text(text) => {
            let start = usize::try_from(entry.id >> 16).unwrap_or_default();
            entry.resource_type & IS_TEXT != 0 && texts.get(start..start + (entry.id & 0xffff) as usize) == Some(text.as_bytes())
        }
    }
}

fn hash_of(hasher: &DefaultHashBuilder, resource_type: TypeKey, id: IdRef<'_>) -> u64 {
    match id {
        IdRef::Integer(number) => hasher.hash_one((resource_type.0, number)),
        IdRef::Text(text) => hasher.hash_one((resource_type.0, text)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn what_is_met_again_keeps_its_number() {
        let mut nodes = Nodes::default();
        let met: Vec<Node> = (0..10_000)
            .map(|n| match n % 2 {
                0 => nodes.number(TypeKey(n as u32 % 3), IdRef::Integer(n)),
                _ => nodes.number(TypeKey(n as u32 % 3), IdRef::Text(&format!("text-{n}"))),
            })
            .collect();
        assert_eq!(nodes.len(), 10_000);
        for n in 0..10_000 {
            let text = format!("text-{n}");
            let id = if n % 2 == 0 { IdRef::Integer(n) } else { IdRef::Text(&text) };
            let node = met[n as usize];
            assert_eq!(nodes.number(TypeKey(n as u32 % 3), id), node);
            assert_eq!(nodes.get(node), Some((TypeKey(n as u32 % 3), id)));
            assert_ne!(nodes.number(TypeKey(7), id), node);
        }
    }

    #[test]
    fn an_integer_may_be_stored_as_text() {
        let mut nodes = Nodes::default();
        let node = nodes.number(TypeKey(1), IdRef::Integer(42));
        assert_eq!(nodes.stored_id(node), Value::Integer(42));
        nodes.set_stored(node, ValueRef::Text(b"42"));
        assert_eq!(nodes.stored_id(node), Value::Text("42".into()));
        assert_eq!(nodes.resource_type(node), Some(TypeKey(1)));
        nodes.set_place(node, Location::Below(Node(3)));
        assert_eq!((nodes.place(node), nodes.place(Node(9))), (Location::Below(Node(3)), Location::NotRegistered));
    }
}
