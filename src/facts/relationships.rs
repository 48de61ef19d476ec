//! Relationships: who stands in a relation to a resource, and to what a subject has one.

use super::assignments::expiry_in;
use super::cache::Related;
use super::nodes::Location;
use super::reader::Reader;
use crate::base::identifier::IdRef;
use crate::base::time::Millis;
use crate::decide::goal::{Goal, Node, Relation, TypeKey, Who};
use crate::model::compiled::{Declared, Rules, SubjectKind};
use crate::sqlite::error::Result;

impl Reader<'_> {
    /// The resources to which a subject has a relation by a relationship, and until when.
    pub(crate) fn related_to(&mut self, who: Who, relation: Relation) -> Result<Vec<(Node, Millis)>> {
        let rules = self.rules()?;
        let Some(declared) = rules.get(relation).filter(|one| one.is_listed()) else { return Ok(Vec::new()) };
        let resource_type = declared.resource_type;
        let subject = self.text(who).to_owned();
        let nodes = &mut self.cache.nodes;
        let mut all = self.engine.with(include_str!("../../sql/facts/relationships/relationships_of.sql"), |statement| {
            let mut rows = statement.query(rusqlite::params![subject, declared.name, rules.types.slug(resource_type)])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let id = row.get_ref(0)?;
                let Some(known) = IdRef::stored(id) else { continue };
                let node = nodes.number(resource_type, known);
                if nodes.place(node) == Location::Unknown {
                    nodes.set_stored(node, id);
                }
                found.push((node, expiry_in(row, 1)?));
            }
            Ok(found)
        })?;
        if self.cache.bound.relates(resource_type) {
            all.extend(self.bound_related_to(declared, &subject)?);
        }
        Ok(all)
    }

    /// Who stands in a relation to a resource: all if there are at most `most` relationships, else `None`.
    pub(crate) fn relationships(&mut self, goal: Goal, most: usize) -> Result<Option<Vec<(Who, Millis)>>> {
        let rules = self.rules()?;
        let Some(declared) = rules.get(goal.relation) else { return Ok(Some(Vec::new())) };
        let limit = i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1);
        let mut found = Vec::new();
        if goal.relation == rules.members {
            let group = self.cache.nodes.get(goal.node).map(|(_, id)| id.to_string()).unwrap_or_default();
            let mut rows =
                self.engine.strings(include_str!("../../sql/facts/relationships/members_of.sql"), rusqlite::params![group, limit])?;
            rows.extend(self.bound_members_of(&group, None)?);
            if rows.len() > most {
                return Ok(None);
            }
            for subject in rows {
                found.push((self.who(&subject)?, Millis::MAX));
                if let Some(members) = self.members_of_member(&subject, &rules)? {
                    found.push((members, Millis::MAX));
                }
            }
            return Ok(Some(found));
        }
        let Some((_, id)) = self.cache.nodes.get(goal.node) else { return Ok(Some(Vec::new())) };
        let (first, second) = id.forms();
        // The relation that only reads the hierarchy takes no relationships.
        let limit = if declared.is_listed() { limit } else { 0 };
        let parameters = rusqlite::params![rules.types.slug(declared.resource_type), declared.name, first, second, limit];
        let mut rows = self.rows_of_relationships(include_str!("../../sql/facts/relationships/related.sql"), parameters)?;
        if limit > 0 && self.cache.bound.relates(declared.resource_type) {
            rows.extend(self.bound_related(declared, goal, None)?);
        }
        if rows.len() > most {
            return Ok(None);
        }
        found = self.allowed(declared, rows)?;
        if let Some(above) = self.above(goal)? {
            found.push((above, Millis::MAX));
        }
        Ok(Some(found))
    }

    /// A group among the members of a group stands for its members.
    pub(crate) fn members_of_member(&mut self, subject: &str, rules: &Rules) -> Result<Option<Who>> {
        let Some(id) = subject.strip_prefix("group:") else { return Ok(None) };
        let node = self.node(rules.group, IdRef::of(id));
        Ok(Some(self.userset(Goal { relation: rules.members, node })?))
    }

    /// What a resource lies in, where the relation reads the hierarchy.
    pub(crate) fn above(&mut self, goal: Goal) -> Result<Option<Who>> {
        let rules = self.rules()?;
        let Some(declared) = rules.get(goal.relation).filter(|one| one.reads_hierarchy) else { return Ok(None) };
        let Location::Below(above) = self.place(goal.node)? else { return Ok(None) };
        let is_allowed = self.cache.nodes.resource_type(above).is_some_and(|of| declared.allows(SubjectKind::One(of)));
        if is_allowed { self.who_is(above).map(Some) } else { Ok(None) }
    }

    pub(crate) fn few(&mut self, goal: Goal) -> Result<Related> {
        if let Some(related) = self.cache.related.get(&goal) {
            return Ok(related.clone());
        }
        let related = match self.relationships(goal, self.limits.get().few)? {
            Some(found) => Related::Few(found.into()),
            None => Related::Many,
        };
        self.cache.entries += match &related {
            Related::Few(found) => 1 + found.len() / 4,
            Related::Many => 1,
        };
        self.cache.related.insert(goal, related.clone());
        Ok(related)
    }

    /// Whether a relationship names exactly this subject.
    pub(crate) fn is_related(&mut self, who: Who, goal: Goal) -> Result<bool> {
        let rules = self.rules()?;
        let (Some(declared), Some((_, id))) = (rules.get(goal.relation), self.cache.nodes.get(goal.node)) else { return Ok(false) };
        let (first, second) = id.forms();
        let parameters = rusqlite::params![rules.types.slug(declared.resource_type), declared.name, first, second, self.text(who)];
        let found = self.engine.with(include_str!("../../sql/facts/relationships/related_one.sql"), |statement| {
            let mut rows = statement.query(parameters)?;
            let mut latest = None;
            while let Some(row) = rows.next()? {
                latest = latest.max(Some(expiry_in(row, 0)?));
            }
            Ok(latest)
        })?;
        let text = self.text(who).to_owned();
        let found = match self.cache.bound.relates(declared.resource_type) {
            true => self.bound_related(declared, goal, Some(&text))?.into_iter().map(|(_, expires_at)| expires_at).chain(found).max(),
            false => found,
        };
        Ok(found.is_some_and(|expires_at| self.is_live(expires_at)))
    }

    /// The usersets of one type that relationships to a resource name.
    pub(crate) fn usersets_related(&mut self, goal: Goal, of: TypeKey) -> Result<Vec<Who>> {
        let rules = self.rules()?;
        let (Some(declared), Some((_, id))) = (rules.get(goal.relation), self.cache.nodes.get(goal.node)) else { return Ok(Vec::new()) };
        let (first, second) = id.forms();
        let (from, to) = (format!("{}:", rules.types.slug(of)), format!("{};", rules.types.slug(of)));
        let parameters = rusqlite::params![rules.types.slug(declared.resource_type), declared.name, first, second, from, to];
        let mut rows = self.rows_of_relationships(include_str!("../../sql/facts/relationships/related_usersets.sql"), parameters)?;
        if self.cache.bound.relates(declared.resource_type) {
            let all = self.bound_related(declared, goal, None)?;
            rows.extend(all.into_iter().filter(|(subject, _)| subject.contains('#') && subject.starts_with(&from)));
        }
        let usersets = self.allowed(declared, rows)?;
        Ok(usersets.into_iter().filter(|(_, expires_at)| self.is_live(*expires_at)).map(|(who, _)| who).collect())
    }

    /// Subject and expiry of each row.
    fn rows_of_relationships(&mut self, sql: &'static str, parameters: &[&dyn rusqlite::ToSql]) -> Result<Vec<(String, Millis)>> {
        self.engine.with(sql, |statement| {
            let rows = statement.query_map(parameters, |row| Ok((row.get(0)?, expiry_in(row, 1)?)))?;
            Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
        })
    }

    /// The subjects of rows that a relation takes. What the model no longer allows counts for nothing.
    fn allowed(&mut self, declared: &Declared, rows: Vec<(String, Millis)>) -> Result<Vec<(Who, Millis)>> {
        let mut found = Vec::with_capacity(rows.len());
        for (subject, expires_at) in rows {
            let who = self.who(&subject)?;
            if self.kind(who).is_some_and(|kind| declared.allows(kind)) {
                found.push((who, expires_at));
            }
        }
        Ok(found)
    }
}
