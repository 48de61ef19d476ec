//! Reads the facts for one question, from what is kept or from the tables.
//!
//! What it reads is said in the files beside this one, each of which adds to it: names, subjects, places, relationships, assignments,
//! what contains a subject, suspension. What a decision asks is in `answers.rs`.

use std::cell::Cell;
use std::rc::Rc;

use rusqlite::types::ValueRef;

use super::cache::{Asked, Cache};
use super::limits::Limits;
use super::visible::VisibleSet;
use crate::base::clock::Clock;
use crate::base::time::Millis;
use crate::decide::goal::{Relation, TypeKey, Who};
use crate::sqlite::connection::Engine;

/// Answers from what is kept or from the tables, for the length of one question.
pub(crate) struct Reader<'a> {
    pub(crate) engine: &'a Engine,
    clock: &'a Clock,
    pub(crate) limits: &'a Cell<Limits>,
    pub(crate) cache: &'a mut Cache,
    /// Whether what is read stays for later questions, so that it pays to gather all that a subject holds
    pub(crate) keeps: bool,
    now: Cell<Option<Millis>>,
    /// When the first of all that was found in force expires
    pub(crate) until: Cell<Millis>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(engine: &'a Engine, clock: &'a Clock, limits: &'a Cell<Limits>, cache: &'a mut Cache, keeps: bool) -> Reader<'a> {
        Reader { engine, clock, limits, cache, keeps, now: Cell::new(None), until: Cell::new(Millis::MAX) }
    }

    /// Type and permission of the last question, where the same is asked again.
    pub(crate) fn recall(&self, permission: ValueRef<'_>, slug: ValueRef<'_>) -> Option<(TypeKey, Relation)> {
        let (ValueRef::Text(permission), ValueRef::Text(slug), Some(asked)) = (permission, slug, &self.cache.asked) else { return None };
        let is_same = *permission == *asked.permission.as_bytes() && *slug == *asked.slug.as_bytes();
        is_same.then_some((asked.resource_type, asked.relation))
    }

    /// Keeps type and permission of a question for the next.
    pub(crate) fn remember(&mut self, permission: &str, slug: &str, resource_type: TypeKey, relation: Relation) {
        self.cache.asked = Some(Asked { permission: permission.into(), slug: slug.into(), resource_type, relation });
    }

    /// What a subject sees by a relation, if it is kept.
    pub(crate) fn kept_visible(&self, who: Who, relation: Relation) -> Option<Rc<VisibleSet>> {
        let found = self.cache.visible.iter().find(|one| one.who == who && one.relation == relation);
        found.filter(|one| self.is_live(one.until)).cloned()
    }

    pub(crate) fn keep_visible(&mut self, visible: Rc<VisibleSet>) {
        self.cache.visible.retain(|one| one.who != visible.who || one.relation != visible.relation);
        if self.cache.visible.len() >= self.limits.get().kept_sets {
            self.cache.visible.remove(0);
        }
        self.cache.visible.push(visible);
    }

    /// Another number for every state of the data.
    pub(crate) fn generation(&self) -> u64 {
        self.cache.generation
    }

    /// Whether something that expires then is still in force. What is due at exactly now is over; all of one question has one now.
    #[inline]
    pub(crate) fn is_live(&self, expires_at: Millis) -> bool {
        if expires_at == Millis::MAX {
            return true;
        }
        let is_live = expires_at > self.now();
        if is_live {
            self.until.set(self.until.get().min(expires_at));
        }
        is_live
    }

    pub(crate) fn now(&self) -> Millis {
        self.now.get().unwrap_or_else(|| {
            let time = self.clock.now();
            self.now.set(Some(time));
            time
        })
    }
}
