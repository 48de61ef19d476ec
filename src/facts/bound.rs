//! Facts that are rows of the application's own tables: see the room `binding`.
//!
//! What is read here is read by the files beside this one together with the rows of our tables. A row counts where its condition holds;
//! a value that is no id makes no fact.

use std::rc::Rc;

use rusqlite::types::{Value, ValueRef};

use super::assignments::Assignment;
use super::bindings::Bound;
use super::cache::Role;
use super::catalog::Resource;
use super::held_roles::HeldRole;
use super::nodes::Location;
use super::reader::Reader;
use super::store::Store;
use crate::base::identifier::{Id, IdRef};
use crate::base::time::{self, Millis};
use crate::binding::entries::{Kind, Source, Template, is_id};
use crate::binding::queries::{Query, SourceQueries};
use crate::decide::goal::{Goal, Node, RoleKey, TypeKey, Who};
use crate::model::compiled::{Declared, SubjectKind};
use crate::sqlite::connection::Engine;
use crate::sqlite::error::{Error, Result};

/// A row of a source: subject, role or relation, expiry, and the id of the resource.
struct Fact {
    subject: String,
    word: String,
    expires_at: Millis,
    resource: Id,
}

/// A row of a bound type, for the functions that write.
pub(crate) struct BoundRow {
    pub(crate) table: String,
    /// `None` where the table has no such row
    pub(crate) resource: Option<Resource>,
    /// Whether triggers tell when a row goes, so that what was granted on it goes too
    pub(crate) is_noted: bool,
}

/// The row of a resource; `None` where its type is not bound.
pub(crate) fn bound_row(store: &Store, resource_type: &str, id: IdRef<'_>) -> Result<Option<BoundRow>> {
    store.read(|reader| {
        let bound = reader.bound()?;
        let Some(of) = reader.rules()?.types.key(resource_type).filter(|of| bound.has(*of)) else { return Ok(None) };
        let Some(table) = bound.table_of(of) else { return Ok(None) };
        let node = reader.node(of, id);
        let resource = match reader.bound_place(node)? {
            Some(_) => {
                let (_, id) = reader.described(node)?;
                let organization = reader.organization_id_of(node)?.map_or(Value::Null, |id| match id {
                    Id::Integer(number) => Value::Integer(number),
                    Id::Text(text) => Value::Text(text.into()),
                });
                Some(Resource { id, parent: None, organization, name: None, given_external_id: None })
            }
            None => None,
        };
        Ok(Some(BoundRow { table: table.to_owned(), resource, is_noted: bound.is_noted() }))
    })
}

/// The place that gives a role to a subject on a bound or registered resource by a row of the application, if one does.
pub(crate) fn given_by_a_row(store: &Store, subject: &str, role: &str, resource_type: &str, id: IdRef<'_>) -> Result<Option<String>> {
    store.read(|reader| {
        if !reader.bound()?.gives(Kind::Role) {
            return Ok(None);
        }
        let Some(of) = reader.rules()?.types.key(resource_type) else { return Ok(None) };
        let node = reader.node(of, id);
        let given = reader.bound_assignments_on(node, Some(subject))?;
        Ok(given.into_iter().find(|one| reader.role(one.role).is_some_and(|known| *known.slug == *role)).map(|one| one.source))
    })
}

impl Reader<'_> {
    /// The bindings. The model has been read when anybody asks.
    pub(crate) fn bound(&mut self) -> Result<Rc<Bound>> {
        self.rules()?;
        Ok(Rc::clone(&self.cache.bound))
    }

    /// Where a row lies; `None` where the type is not bound or has no such row.
    pub(super) fn bound_place(&mut self, node: Node) -> Result<Option<Location>> {
        let bound = self.bound()?;
        let Some((resource_type, id)) = self.cache.nodes.get(node) else { return Ok(None) };
        let Some((of, queries)) = bound.types.get(&resource_type) else { return Ok(None) };
        let (id, rules) = (Id::from(id), self.rules()?);
        let nodes = &mut self.cache.nodes;
        ask(self.engine, &queries.place, &[id.as_ref()], |row| {
            if IdRef::stored(row.get_ref(0)?) != Some(id.as_ref()) {
                return Ok(None);
            }
            nodes.set_stored(node, row.get_ref(0)?);
            let parent = row.get::<_, Option<u32>>(1)?.and_then(|which| of.parents.get(which as usize));
            let above = match parent {
                Some(parent) => rules.types.key(&parent.resource_type).zip(IdRef::stored(row.get_ref(2)?)),
                None => None,
            };
            Ok(Some(above.map_or(Location::Root, |(above, id)| Location::Below(nodes.number(above, id)))))
        })
        .map(|found| found.into_iter().next())
    }

    /// The rows right below a resource.
    pub(super) fn bound_children(&mut self, above: TypeKey, id: &Value) -> Result<Vec<(TypeKey, Value)>> {
        let bound = self.bound()?;
        let (Some(below), Some(wanted)) = (bound.children.get(&above), IdRef::stored(id.into())) else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for (key, query) in below {
            found.extend(ask(self.engine, query, &[wanted], |row| {
                let is_it = IdRef::stored(row.get_ref(1)?) == Some(wanted) && is_stored_id(row.get_ref(0)?);
                Ok(if is_it { Some((*key, row.get::<_, Value>(0)?)) } else { None })
            })?);
        }
        Ok(found)
    }

    /// The name of a row; `None` where there is no such row.
    pub(super) fn bound_name(&mut self, of: TypeKey, id: &Value) -> Result<Option<Option<String>>> {
        let bound = self.bound()?;
        let (Some((_, queries)), Some(wanted)) = (bound.types.get(&of), IdRef::stored(id.into())) else { return Ok(None) };
        let Some(query) = &queries.name else { return Ok(None) };
        let found = ask(self.engine, query, &[wanted], |row| {
            let is_it = IdRef::stored(row.get_ref(0)?) == Some(wanted);
            Ok(if is_it { Some(text_of(row.get_ref(1)?)) } else { None })
        })?;
        Ok(found.into_iter().next())
    }

    /// Whether a subject is a row of a bound type that is not there: it holds nothing.
    pub(super) fn is_gone(&mut self, who: Who) -> Result<bool> {
        let bound = self.bound()?;
        let Some(SubjectKind::One(of)) = self.kind(who) else { return Ok(false) };
        let (Some((_, queries)), Some(node)) = (bound.types.get(&of), self.node_of(who)) else { return Ok(false) };
        if self.rules()?.types.is_declared(of) {
            return Ok(false);
        }
        let Some((_, id)) = self.cache.nodes.get(node) else { return Ok(true) };
        let id = Id::from(id);
        let found =
            ask(
                self.engine,
                &queries.place,
                &[id.as_ref()],
                |row| Ok((IdRef::stored(row.get_ref(0)?) == Some(id.as_ref())).then_some(())),
            )?;
        Ok(found.is_empty())
    }

    /// What rows grant on one resource: to anybody, or to one holder.
    pub(super) fn bound_assignments_on(&mut self, node: Node, holder: Option<&str>) -> Result<Vec<Assignment>> {
        let bound = self.bound()?;
        if !bound.gives(Kind::Role) {
            return Ok(Vec::new());
        }
        let Some((of, id)) = self.cache.nodes.get(node).map(|(of, id)| (of, Id::from(id))) else { return Ok(Vec::new()) };
        let mut all = Vec::new();
        for (source, key, queries) in bound.sources.iter().filter(|(source, ..)| source.kind == Kind::Role) {
            if *key != of {
                continue;
            }
            for fact in facts(self.engine, source, queries, Some(id.as_ref()), holder)? {
                let role = self.bound_role(&fact.word, node)?;
                all.push(Assignment {
                    subject: fact.subject,
                    role,
                    expires_at: (fact.expires_at != Millis::MAX).then(|| time::written(fact.expires_at)),
                    source: source.place(),
                });
            }
        }
        Ok(all)
    }

    /// The role that a row gives: an environment role, or one of the organization in which the resource lies.
    fn bound_role(&mut self, slug: &str, node: Node) -> Result<RoleKey> {
        let organization = match slug.starts_with("org-") {
            true => Some({
                self.cache.judged_by_organization = true;
                self.organization_id_of(node)?.unwrap_or(Id::Text("".into()))
            }),
            false => None,
        };
        let resource_type = self.cache.nodes.resource_type(node);
        let role = Role { slug: slug.into(), organization };
        // A role of another type gives nothing.
        let own = self.type_of_role(&role)?;
        let rules = self.rules()?;
        let fits = own.is_some_and(|own| rules.types.key(&own) == resource_type);
        Ok(self.role_key(if fits { role } else { Role { slug: "".into(), organization: None } }))
    }

    /// Whether a role that was granted counts on a resource: one of an organization does on bound rows of that organization, wherever these
    /// lie now.
    pub(super) fn counts_on(&mut self, role: &Role, node: Node) -> Result<bool> {
        let is_bound = self.cache.nodes.resource_type(node).is_some_and(|of| self.cache.bound.has(of));
        if role.organization.is_none() || !is_bound {
            return Ok(true);
        }
        self.cache.judged_by_organization = true;
        Ok(self.organization_id_of(node)? == role.organization)
    }

    /// All that rows give to one holder; `None` if it is more than `most`.
    pub(super) fn bound_roles_of(&mut self, holder: Who, text: &str, most: usize) -> Result<Option<Vec<(Node, HeldRole)>>> {
        let bound = self.bound()?;
        let mut all = Vec::new();
        for (source, key, queries) in bound.sources.iter().filter(|(source, ..)| source.kind == Kind::Role) {
            for fact in facts(self.engine, source, queries, None, Some(text))? {
                if all.len() >= most {
                    return Ok(None);
                }
                let node = self.node(*key, fact.resource.as_ref());
                let role = self.bound_role(&fact.word, node)?;
                all.push((node, HeldRole { holder, role, expires_at: fact.expires_at }));
            }
        }
        Ok(Some(all))
    }

    /// The groups in which rows put a subject.
    pub(crate) fn bound_groups_of(&mut self, holder: &str) -> Result<Vec<String>> {
        let bound = self.bound()?;
        let mut groups = Vec::new();
        for (source, _, queries) in bound.sources.iter().filter(|(source, ..)| source.kind == Kind::Member) {
            groups.extend(facts(self.engine, source, queries, None, Some(holder))?.into_iter().map(|fact| fact.resource.to_string()));
        }
        Ok(groups)
    }

    /// Whom rows put in a group: everybody, or whether one is among them.
    pub(super) fn bound_members_of(&mut self, group: &str, member: Option<&str>) -> Result<Vec<String>> {
        let bound = self.bound()?;
        let mut members = Vec::new();
        for (source, _, queries) in bound.sources.iter().filter(|(source, ..)| source.kind == Kind::Member) {
            members.extend(facts(self.engine, source, queries, Some(IdRef::of(group)), member)?.into_iter().map(|fact| fact.subject));
        }
        Ok(members)
    }

    /// Whom rows relate to a resource: everybody, or whether one is among them.
    pub(super) fn bound_related(&mut self, declared: &Declared, goal: Goal, subject: Option<&str>) -> Result<Vec<(String, Millis)>> {
        let bound = self.bound()?;
        let Some((_, id)) = self.cache.nodes.get(goal.node) else { return Ok(Vec::new()) };
        let id = Id::from(id);
        let mut found = Vec::new();
        for (source, key, queries) in &bound.sources {
            if source.kind == Kind::Relation && *key == declared.resource_type {
                let facts = facts(self.engine, source, queries, Some(id.as_ref()), subject)?;
                found.extend(facts.into_iter().filter(|fact| *fact.word == *declared.name).map(|fact| (fact.subject, fact.expires_at)));
            }
        }
        Ok(found)
    }

    /// The resources to which rows relate a subject.
    pub(super) fn bound_related_to(&mut self, declared: &Declared, subject: &str) -> Result<Vec<(Node, Millis)>> {
        let bound = self.bound()?;
        let mut found = Vec::new();
        for (source, key, queries) in &bound.sources {
            if source.kind == Kind::Relation && *key == declared.resource_type {
                for fact in facts(self.engine, source, queries, None, Some(subject))? {
                    if *fact.word == *declared.name {
                        found.push((self.node(*key, fact.resource.as_ref()), fact.expires_at));
                    }
                }
            }
        }
        Ok(found)
    }
}

/// The rows of a source about a resource, a subject, or both.
fn facts(
    engine: &Engine,
    source: &Source,
    queries: &SourceQueries,
    resource: Option<IdRef<'_>>,
    subject: Option<&str>,
) -> Result<Vec<Fact>> {
    let mut keys = Vec::new();
    let resource_text = resource.map(|id| id.to_string());
    if let Some(text) = &resource_text {
        let Some(value) = source.resource.value_in(text) else { return Ok(Vec::new()) };
        keys.extend(source.resource.column.is_some().then(|| IdRef::of(value)));
    }
    if let Some(text) = subject {
        let Some(value) = source.subject.value_in(text) else { return Ok(Vec::new()) };
        keys.extend(source.subject.column.is_some().then(|| IdRef::of(value)));
    }
    let query = match (resource, subject) {
        (Some(_), Some(_)) => &queries.of_on,
        (Some(_), None) => &queries.on,
        _ => &queries.of,
    };
    ask(engine, query, &keys, |row| {
        let (Some(found), Some(resource)) = (filled(&source.subject, row.get_ref(0)?), filled(&source.resource, row.get_ref(3)?)) else {
            return Ok(None);
        };
        // What is equal by the rules of a column may be something else.
        if subject.is_some_and(|wanted| wanted != found) || resource_text.as_ref().is_some_and(|wanted| *wanted != resource) {
            return Ok(None);
        }
        let said = text_of(row.get_ref(1)?);
        let Some(word) = source.word_of(said.as_deref()) else { return Ok(None) };
        let expires_at = if source.expires.is_some() { expiry(row.get_ref(2)?) } else { Millis::MAX };
        Ok(Some(Fact { subject: found, word: word.to_owned(), expires_at, resource: Id::of(&resource) }))
    })
}

/// The text that a template makes of a value; `None` for what is no id.
fn filled(template: &Template, value: ValueRef<'_>) -> Option<String> {
    if template.column.is_none() {
        return Some(format!("{}{}", template.before, template.after));
    }
    match value {
        ValueRef::Integer(number) => template.filled(&number.to_string()),
        ValueRef::Text(text) => template.filled(std::str::from_utf8(text).ok()?),
        _ => None,
    }
}

/// Whether a stored value may be an id.
fn is_stored_id(value: ValueRef<'_>) -> bool {
    match value {
        ValueRef::Integer(_) => true,
        ValueRef::Text(text) => std::str::from_utf8(text).is_ok_and(is_id),
        _ => false,
    }
}

fn text_of(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Integer(number) => Some(number.to_string()),
        _ => None,
    }
}

/// When a row expires: never where the column is NULL. A number is seconds since 1970, or milliseconds where it is that great. What is no
/// time is over.
fn expiry(value: ValueRef<'_>) -> Millis {
    match value {
        ValueRef::Null => Millis::MAX,
        ValueRef::Integer(number) if number.unsigned_abs() < 100_000_000_000 => number.saturating_mul(1000),
        ValueRef::Integer(number) => number,
        ValueRef::Text(text) => {
            let text = std::str::from_utf8(text).unwrap_or_default();
            let parsed =
                time::parse("expires_at", text).or_else(|_| time::parse("expires_at", &format!("{}Z", text.replacen(' ', "T", 1))));
            time::expiry(Some(parsed.as_deref().unwrap_or("")))
        }
        _ => time::expiry(Some("")),
    }
}

/// Asks a statement with its keys, and takes what `each` makes of the rows.
fn ask<T>(
    engine: &Engine,
    query: &Query,
    keys: &[IdRef<'_>],
    mut each: impl FnMut(&rusqlite::Row<'_>) -> Result<Option<T>>,
) -> Result<Vec<T>> {
    let mut values = Vec::new();
    for (key, loose) in keys.iter().zip(&query.loose) {
        let (first, second) = key.forms();
        values.push(first);
        if *loose {
            values.push(second.unwrap_or(Value::Null));
        }
    }
    engine
        .with_text(&query.sql, |statement| {
            let mut rows = statement.query(rusqlite::params_from_iter(values))?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.extend(each(row)?);
            }
            Ok(found)
        })
        .map_err(|error| match error {
            Error::NoSchema | Error::SchemaElsewhere(_) => Error::refused(format!(
                "the table `{}` is not there any more, or lacks a column that was bound; bind it again with authz_bind, or take the binding back with authz_unbind",
                query.table
            )),
            other => other,
        })
}
