//! Resources: whether they are registered, where they lie, and what they are called.

use rusqlite::types::{Value, ValueRef};

use super::nodes::Location;
use super::reader::Reader;
use crate::base::identifier::IdRef;
use crate::decide::goal::{Node, TypeKey};
use crate::model::compiled::Types;
use crate::sqlite::error::Result;

impl Reader<'_> {
    /// The number of a resource, whether it is registered or not.
    pub(crate) fn node(&mut self, resource_type: TypeKey, id: IdRef<'_>) -> Node {
        self.cache.nodes.number(resource_type, id)
    }

    /// Where a resource lies.
    pub(crate) fn place(&mut self, node: Node) -> Result<Location> {
        match self.cache.nodes.place(node) {
            Location::Unknown => self.look_up(node),
            known => Ok(known),
        }
    }

    fn look_up(&mut self, node: Node) -> Result<Location> {
        let rules = self.rules()?;
        if let Some(place) = self.bound_place(node)? {
            self.cache.nodes.set_place(node, place);
            return Ok(place);
        }
        let Some((resource_type, id)) = self.cache.nodes.get(node) else { return Ok(Location::NotRegistered) };
        let (first, second) = id.forms();
        let nodes = &mut self.cache.nodes;
        let place = match rules.types.is_declared(resource_type) {
            false => Location::NotRegistered,
            true => self.engine.with(include_str!("../../sql/facts/places/resource.sql"), |statement| {
                let mut rows = statement.query(rusqlite::params![rules.types.slug(resource_type), first, second])?;
                let Some(row) = rows.next()? else { return Ok(Location::NotRegistered) };
                nodes.set_stored(node, if row.get(2)? { ValueRef::Text(b"") } else { ValueRef::Integer(0) });
                // A type that is gone although a resource still names it: the constraints were off. Nothing comes down from there.
                let above = match row.get::<_, Option<String>>(0)?.as_deref() {
                    Some(slug) => rules.types.key(slug).zip(IdRef::stored(row.get_ref(1)?)),
                    None => None,
                };
                Ok(above.map_or(Location::Root, |(above, id)| Location::Below(nodes.number(above, id))))
            })?,
        };
        // That a row is not there yet is not kept: it may come before anybody can tell.
        if place != Location::NotRegistered || !self.cache.bound.has(resource_type) {
            self.cache.nodes.set_place(node, place);
        }
        Ok(place)
    }

    /// Whether a resource has been put.
    pub(crate) fn is_registered(&mut self, node: Node) -> Result<bool> {
        Ok(self.place(node)? != Location::NotRegistered)
    }

    /// Type and id of a resource, the id with the type it was first written with.
    pub(crate) fn described(&mut self, node: Node) -> Result<(TypeKey, Value)> {
        self.place(node)?;
        Ok((self.cache.nodes.resource_type(node).unwrap_or(TypeKey(u32::MAX)), self.cache.nodes.stored_id(node)))
    }

    /// Slug of the type and id of a resource, as stored.
    pub(crate) fn slug_and_id(&mut self, node: Node) -> Result<(String, Value)> {
        let (resource_type, id) = self.described(node)?;
        Ok((self.rules()?.types.slug(resource_type).to_owned(), id))
    }

    /// The resources right below one whose type is among `types`: type and id as stored, in the order of the index.
    pub(crate) fn children(&mut self, types: &Types, resource_type: TypeKey, id: &Value) -> Result<Vec<(TypeKey, Value)>> {
        let mut registered = self.engine.with(include_str!("../../sql/facts/places/children.sql"), |statement| {
            let mut rows = statement.query(rusqlite::params![types.slug(resource_type), id])?;
            let mut children = Vec::new();
            while let Some(row) = rows.next()? {
                if let Some(key) = row.get_ref(0)?.as_str().ok().and_then(|slug| types.key(slug)) {
                    children.push((key, row.get(1)?));
                }
            }
            Ok(children)
        })?;
        if !self.cache.bound.is_empty() {
            self.drop_bound(&mut registered)?;
            registered.extend(self.bound_children(resource_type, id)?);
        }
        Ok(registered)
    }

    /// Leaves out what is registered and a row of the application as well: the row says where it lies.
    fn drop_bound(&mut self, children: &mut Vec<(TypeKey, Value)>) -> Result<()> {
        let mut kept = Vec::with_capacity(children.len());
        for (of, id) in children.drain(..) {
            let node = IdRef::stored((&id).into()).map(|id| self.cache.nodes.number(of, id));
            let is_row = match node.filter(|_| self.cache.bound.has(of)) {
                Some(node) => self.bound_place(node)?.is_some(),
                None => false,
            };
            if !is_row {
                kept.push((of, id));
            }
        }
        *children = kept;
        Ok(())
    }

    /// The name of a resource.
    pub(crate) fn name(&mut self, resource_type: &str, id: &Value) -> Result<Option<String>> {
        if let Some(of) = self.rules()?.types.key(resource_type)
            && let Some(name) = self.bound_name(of, id)?
        {
            return Ok(name);
        }
        self.engine.with(include_str!("../../sql/facts/places/name.sql"), |statement| {
            let mut rows = statement.query(rusqlite::params![resource_type, id])?;
            Ok(match rows.next()? {
                Some(row) => row.get(0)?,
                None => None,
            })
        })
    }
}
