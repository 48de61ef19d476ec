//! Who is suspended in the organization of a resource.
//!
//! A user whose membership there is not active; with the setting `require_membership` also a user who has none. Nobody but users is.

use std::rc::Rc;

use rusqlite::OptionalExtension;

use super::cache::Suspended;
use super::reader::Reader;
use crate::base::identifier::Id;
use crate::decide::goal::{Node, TypeKey, Who};
use crate::decide::roles::Ancestors;
use crate::model::compiled::SubjectKind;
use crate::sqlite::error::Result;

impl Reader<'_> {
    /// Whether the subject is suspended in the organization of a resource.
    pub(crate) fn is_suspended(&mut self, who: Who, node: Node) -> Result<bool> {
        if !self.cache.bound.is_empty() && self.holds_nothing(who)? {
            return Ok(true);
        }
        if let Some(subject) = self.cache.subjects.get(who.0 as usize)
            && matches!(&subject.suspended, Some(Suspended::In(nowhere)) if nowhere.is_empty())
        {
            return Ok(false);
        }
        let suspended = self.suspended(who)?;
        if matches!(&suspended, Suspended::In(nowhere) if nowhere.is_empty()) {
            return Ok(false);
        }
        // Where the way up is cut, nobody knows whose the row is: being suspended anywhere counts.
        let Some(organization) = self.organization_of(node)? else { return self.is_cut(node) };
        Ok(match suspended {
            Suspended::In(organizations) => organizations.contains(&organization),
            Suspended::OutsideOf(organizations) => !organizations.contains(&organization),
        })
    }

    /// Whether the subject's own row is gone.
    fn holds_nothing(&mut self, who: Who) -> Result<bool> {
        if let Some(is_gone) = self.cache.subjects.get(who.0 as usize).and_then(|subject| subject.is_gone) {
            return Ok(is_gone);
        }
        let is_gone = self.is_gone(who)?;
        if let Some(subject) = self.cache.subjects.get_mut(who.0 as usize) {
            subject.is_gone = Some(is_gone);
        }
        Ok(is_gone)
    }

    /// Whether the way up from a resource ends at a row that is not there, or that has no parent though its type needs one.
    fn is_cut(&mut self, node: Node) -> Result<bool> {
        let mut up = Ancestors::from(node);
        let mut top = node;
        while let Some(here) = up.next(self)? {
            top = here;
        }
        let rules = self.rules()?;
        let Some(of) = self.cache.nodes.resource_type(top) else { return Ok(true) };
        let is_bound = self.cache.nodes.resource_type(node).is_some_and(|of| self.cache.bound.has(of));
        Ok(is_bound && (!self.is_registered(top)? || rules.types.has_parents(of)))
    }

    /// The organizations in which a subject is suspended.
    fn suspended(&mut self, who: Who) -> Result<Suspended> {
        let Some(subject) = self.cache.subjects.get(who.0 as usize) else { return Ok(Suspended::In(Rc::new([]))) };
        if let Some(suspended) = &subject.suspended {
            return Ok(suspended.clone());
        }
        let user = match subject.kind {
            Some(SubjectKind::One(_)) => subject.text.strip_prefix("user:").map(str::to_owned),
            _ => None,
        };
        let suspended = match (user, self.rules()?.types.key("organization")) {
            (Some(user), Some(organization)) => match self.requires_membership()? {
                true => {
                    Suspended::OutsideOf(self.organizations(organization, include_str!("../../sql/facts/suspension/active.sql"), &user)?)
                }
                false => {
                    Suspended::In(self.organizations(organization, include_str!("../../sql/facts/suspension/suspended.sql"), &user)?)
                }
            },
            _ => Suspended::In(Rc::new([])),
        };
        if let Some(subject) = self.cache.subjects.get_mut(who.0 as usize) {
            subject.suspended = Some(suspended.clone());
        }
        Ok(suspended)
    }

    fn organizations(&mut self, organization: TypeKey, sql: &'static str, user: &str) -> Result<Rc<[Node]>> {
        let ids = self.engine.with(sql, |statement| {
            let rows = statement.query_map([user], |row| Ok(Id::stored(row.get_ref(0)?)))?;
            Ok(rows.collect::<rusqlite::Result<Vec<Id>>>()?)
        })?;
        Ok(ids.iter().map(|id| self.node(organization, id.as_ref())).collect())
    }

    /// The setting `require_membership`. A file without the system of memberships has no such setting.
    pub(crate) fn requires_membership(&mut self) -> Result<bool> {
        if let Some(requires) = self.cache.requires_membership {
            return Ok(requires);
        }
        let sql = include_str!("../../sql/facts/suspension/requires_membership.sql");
        let requires = self.engine.with(sql, |statement| Ok(statement.query_row([], |row| row.get(0)).optional()?))?.unwrap_or(false);
        self.cache.requires_membership = Some(requires);
        Ok(requires)
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

    /// Whether anybody is suspended where a resource lies, or may be a row that is gone.
    pub(crate) fn suspends(&mut self, node: Node) -> Result<bool> {
        if !self.cache.bound.is_empty() {
            return Ok(true);
        }
        let Some(organization) = self.organization_of(node)? else { return Ok(false) };
        if self.requires_membership()? {
            return Ok(true);
        }
        let (_, id) = self.described(organization)?;
        self.engine.with(include_str!("../../sql/facts/suspension/suspends.sql"), |statement| Ok(statement.exists([id])?))
    }
}
