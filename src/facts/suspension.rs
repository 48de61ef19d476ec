//! Who is suspended in the organization of a resource.

use std::rc::Rc;

use super::reader::Reader;
use crate::base::identifier::Id;
use crate::decide::goal::{Node, Who};
use crate::decide::roles::Ancestors;
use crate::model::compiled::SubjectKind;
use crate::sqlite::error::Result;

impl Reader<'_> {
    /// Whether the subject is suspended in the organization of a resource.
    pub(crate) fn is_suspended(&mut self, who: Who, node: Node) -> Result<bool> {
        if let Some(subject) = self.cache.subjects.get(who.0 as usize)
            && subject.suspended.as_ref().is_some_and(|suspended| suspended.is_empty())
        {
            return Ok(false);
        }
        let suspended = self.suspended(who)?;
        Ok(!suspended.is_empty() && self.organization_of(node)?.is_some_and(|organization| suspended.contains(&organization)))
    }

    /// The organizations in which a subject is suspended.
    pub(crate) fn suspended(&mut self, who: Who) -> Result<Rc<[Node]>> {
        let Some(subject) = self.cache.subjects.get(who.0 as usize) else { return Ok(Rc::new([])) };
        if let Some(suspended) = &subject.suspended {
            return Ok(Rc::clone(suspended));
        }
        let user = match subject.kind {
            Some(SubjectKind::One(_)) => subject.text.strip_prefix("user:").map(str::to_owned),
            _ => None,
        };
        let mut suspended = Vec::new();
        if let Some(user) = user
            && let Some(organization) = self.rules()?.types.key("organization")
        {
            let ids = self.engine.with(include_str!("../../sql/facts/suspension/suspended.sql"), |statement| {
                let rows = statement.query_map([user], |row| Ok(Id::stored(row.get_ref(0)?)))?;
                Ok(rows.collect::<rusqlite::Result<Vec<Id>>>()?)
            })?;
            suspended = ids.iter().map(|id| self.node(organization, id.as_ref())).collect();
        }
        let suspended: Rc<[Node]> = suspended.into();
        if let Some(subject) = self.cache.subjects.get_mut(who.0 as usize) {
            subject.suspended = Some(Rc::clone(&suspended));
        }
        Ok(suspended)
    }

    /// The organization at the top of a resource.
    pub(crate) fn organization_of(&mut self, node: Node) -> Result<Option<Node>> {
        let organization = self.rules()?.types.key("organization");
        let mut up = Ancestors::from(node);
        let mut top = node;
        while let Some(here) = up.next(self)? {
            top = here;
        }
        Ok((self.cache.nodes.resource_type(top) == organization && self.is_registered(top)?).then_some(top))
    }

    /// The id of the organization at the top of a resource.
    pub(crate) fn organization_id_of(&mut self, node: Node) -> Result<Option<Id>> {
        let organization = self.organization_of(node)?;
        Ok(organization.and_then(|node| self.cache.nodes.get(node)).map(|(_, id)| Id::from(id)))
    }

    /// Whether anybody is suspended where a resource lies.
    pub(crate) fn suspends(&mut self, node: Node) -> Result<bool> {
        let Some(organization) = self.organization_of(node)? else { return Ok(false) };
        let (_, id) = self.described(organization)?;
        self.engine.with(include_str!("../../sql/facts/suspension/suspends.sql"), |statement| Ok(statement.exists([id])?))
    }
}
