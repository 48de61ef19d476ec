//! Role assignments as rows: for explanations and lists, and for the roles that are gathered for a subject.

use rusqlite::Row;
use rusqlite::types::ValueRef;

use super::cache::Role;
use super::held_roles::HeldRole;
use super::reader::Reader;
use crate::base::identifier::Id;
use crate::base::time::{self, Millis};
use crate::binding::entries::Kind;
use crate::decide::goal::{Node, RoleKey, Who};
use crate::decide::roles::Ancestors;
use crate::decide::rule::RoleSet;
use crate::sqlite::error::Result;

/// A row of the role assignments, for explanations and lists.
pub(crate) struct Assignment {
    pub(crate) subject: String,
    pub(crate) role: RoleKey,
    pub(crate) expires_at: Option<String>,
    pub(crate) source: String,
}

impl Reader<'_> {
    /// All roles that the subject holds on `node` or above it, nearest first, each once.
    pub(crate) fn roles_in_force(&mut self, who: Who, node: Node) -> Result<Vec<RoleKey>> {
        let mut seen = RoleSet::default();
        let mut roles = Vec::new();
        let mut up = Ancestors::from(node);
        while let Some(here) = up.next(self)? {
            for assignment in self.assignments_held(who, here)? {
                if assignment_is_live(self, &assignment) && !seen.contains(assignment.role) {
                    seen.insert(assignment.role);
                    roles.push(assignment.role);
                }
            }
        }
        Ok(roles)
    }

    /// Every assignment on one resource.
    pub(crate) fn assignments_on(&mut self, node: Node) -> Result<Vec<Assignment>> {
        let (slug, id) = self.slug_and_id(node)?;
        let mut found =
            self.assignments(node, include_str!("../../sql/facts/assignments/assignments_on.sql"), rusqlite::params![slug, id])?;
        found.extend(self.bound_assignments_on(node, None)?);
        Ok(found)
    }

    /// The assignments on one resource that are the subject's or a containing group's.
    pub(crate) fn assignments_held(&mut self, who: Who, node: Node) -> Result<Vec<Assignment>> {
        let (slug, id) = self.slug_and_id(node)?;
        let carriers = self.carriers(who)?;
        // One look-up for each carrier, unless there are so many that reading what stands on the resource is less.
        if carriers.len() <= 16 {
            let mut found = Vec::new();
            for carrier in carriers {
                let sql = include_str!("../../sql/facts/assignments/assignments_of_on.sql");
                found.extend(self.assignments(node, sql, rusqlite::params![slug, id, carrier])?);
                found.extend(self.bound_assignments_on(node, Some(&carrier))?);
            }
            return Ok(found);
        }
        let carriers: hashbrown::HashSet<String> = carriers.into_iter().collect();
        let mut found = self.assignments_on(node)?;
        found.retain(|assignment| carriers.contains(&assignment.subject));
        Ok(found)
    }

    /// What the subject was itself granted on one resource.
    pub(crate) fn own_roles_on(&mut self, who: Who, node: Node) -> Result<Vec<HeldRole>> {
        let rules = self.rules()?;
        let Some(holder) = self.text_as_holder(who, &rules).map(str::to_owned) else { return Ok(Vec::new()) };
        let (slug, id) = self.slug_and_id(node)?;
        let rows = self.engine.with(include_str!("../../sql/facts/assignments/assignments_of_on.sql"), |statement| {
            let mut rows = statement.query(rusqlite::params![slug, id, holder])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push((role_of(row, 1, 2)?, expiry_in(row, 3)?));
            }
            Ok(found)
        })?;
        let mut held = Vec::with_capacity(rows.len());
        for (role, expires_at) in rows {
            if self.counts_on(&role, node)? {
                held.push(HeldRole { holder: who, role: self.role_key(role), expires_at });
            }
        }
        for one in self.bound_assignments_on(node, Some(&holder))? {
            held.push(HeldRole { holder: who, role: one.role, expires_at: time::expiry(one.expires_at.as_deref()) });
        }
        Ok(held)
    }

    fn assignments(&mut self, node: Node, sql: &'static str, parameters: &[&dyn rusqlite::ToSql]) -> Result<Vec<Assignment>> {
        let rows = self.engine.with(sql, |statement| {
            let mut rows = statement.query(parameters)?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push((row.get::<_, String>(0)?, role_of(row, 1, 2)?, row.get::<_, Option<String>>(3)?, row.get::<_, String>(4)?));
            }
            Ok(found)
        })?;
        let mut found = Vec::with_capacity(rows.len());
        for (subject, role, expires_at, source) in rows {
            if self.counts_on(&role, node)? {
                found.push(Assignment { subject, role: self.role_key(role), expires_at, source });
            }
        }
        Ok(found)
    }

    /// All that some subjects hold: the resource and the role; `None` if it is more than `most`.
    pub(crate) fn roles_of_all(&mut self, carriers: &[(Who, usize)], most: usize) -> Result<Option<Vec<(Node, HeldRole)>>> {
        let rules = self.rules()?;
        let mut all = Vec::new();
        for (carrier, _) in carriers {
            let Some(text) = self.text_as_holder(*carrier, &rules).map(str::to_owned) else { continue };
            let rows = self.engine.with(include_str!("../../sql/facts/assignments/assignments_of.sql"), |statement| {
                let mut rows = statement.query([&text])?;
                let mut found = Vec::new();
                while let Some(row) = rows.next()? {
                    if all.len() + found.len() >= most {
                        return Ok(None);
                    }
                    let expires_at = expiry_in(row, 4)?;
                    found.push((
                        rules.types.key(row.get_ref(0)?.as_str().unwrap_or_default()),
                        Id::stored(row.get_ref(1)?),
                        role_of(row, 2, 3)?,
                        expires_at,
                    ));
                }
                Ok(Some(found))
            })?;
            let Some(rows) = rows else { return Ok(None) };
            for (resource_type, id, role, expires_at) in rows {
                let Some(resource_type) = resource_type else { continue };
                let node = self.node(resource_type, id.as_ref());
                if !self.counts_on(&role, node)? {
                    continue;
                }
                let role = self.role_key(role);
                all.push((node, HeldRole { holder: *carrier, role, expires_at }));
            }
            if self.cache.bound.gives(Kind::Role) {
                let Some(rows) = self.bound_roles_of(*carrier, &text, most.saturating_sub(all.len()))? else { return Ok(None) };
                all.extend(rows);
            }
        }
        Ok(Some(all))
    }
}

/// Whether an assignment is in force.
pub(crate) fn assignment_is_live(reader: &Reader<'_>, assignment: &Assignment) -> bool {
    reader.is_live(time::expiry(assignment.expires_at.as_deref()))
}

/// When a row expires. A text that is no time has expired.
pub(crate) fn expiry_in(row: &Row<'_>, column: usize) -> rusqlite::Result<Millis> {
    Ok(time::expiry(row.get_ref(column)?.as_str_or_null().unwrap_or(Some(""))))
}

pub(crate) fn role_of(row: &Row<'_>, slug: usize, organization: usize) -> Result<Role> {
    let organization = match row.get_ref(organization)? {
        ValueRef::Null => None,
        value => Some(Id::stored(value)),
    };
    Ok(Role { slug: row.get::<_, String>(slug)?.into(), organization })
}
