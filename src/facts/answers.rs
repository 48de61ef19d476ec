//! What a decision asks of the data, answered from the tables.
//!
//! Group membership, role assignments and relationships are one thing here: a subject in a relation to a resource. Which side to start
//! from depends on how many there are. What few rows name is looked at row by row; a subject that few usersets contain has these gathered
//! once, and then a row is compared with them; where both sides are wide, the narrower is followed.

use std::rc::Rc;

use super::assignments::assignment_is_live;
use super::cache::{Reach, Related};
use super::nodes::Location;
use super::reader::Reader;
use crate::decide::facts::{Facts, Found, NamedFacts};
use crate::decide::goal::{Goal, Node, Relation, TypeKey, Who};
use crate::decide::roles::Ancestors;
use crate::decide::rule::{RoleSet, Rule};
use crate::model::compiled::SubjectKind;
use crate::sqlite::error::{Error, Result};

impl Facts for Reader<'_> {
    type Error = Error;

    fn rule(&mut self, relation: Relation) -> Result<Rc<Rule>> {
        let rules = self.rules()?;
        let Some(declared) = rules.get(relation) else {
            let permission = self.permission(relation);
            return Ok(permission.map_or_else(|| Rc::new(Rule::Any(Rc::new([]))), |permission| Rc::clone(&permission.rule)));
        };
        declared.rule.clone().map_err(|sentence| {
            Error::refused(format!("the definition of `{}` of `{}`: {sentence}", declared.name, rules.types.slug(declared.resource_type)))
        })
    }

    fn parent(&mut self, node: Node) -> Result<Option<Node>> {
        Ok(match self.place(node)? {
            Location::Below(parent) => Some(parent),
            Location::Root | Location::NotRegistered | Location::Unknown => None,
        })
    }

    fn holds_role(&mut self, who: Who, roles: &RoleSet, node: Node) -> Result<Found> {
        if !self.is_registered(node)? {
            return Ok(Found::No);
        }
        let yes = |found: bool| Ok(if found { Found::Yes } else { Found::No });
        match self.reach(who)? {
            Reach::Gathered(gathered) => match &gathered.held {
                Some(held) => yes(held.on(node).iter().any(|one| roles.contains(one.role) && self.is_live(one.expires_at))),
                None => {
                    let found = self.assignments_held(who, node)?;
                    yes(found.iter().any(|one| roles.contains(one.role) && assignment_is_live(self, one)))
                }
            },
            Reach::Unknown | Reach::Wide => {
                let rules = self.rules()?;
                let mut usersets = Vec::new();
                for assignment in self.assignments_on(node)? {
                    if roles.contains(assignment.role) && assignment_is_live(self, &assignment) {
                        if self.text_as_holder(who, &rules) == Some(&*assignment.subject) {
                            return Ok(Found::Yes);
                        }
                        usersets.extend(self.members_of_member(&assignment.subject, &rules)?);
                    }
                }
                self.contained(who, &usersets, false)
            }
        }
    }

    fn related(&mut self, who: Who, goal: Goal, by_name: bool) -> Result<Found> {
        let Related::Few(rows) = self.few(goal)? else { return self.related_among_many(who, goal, by_name) };
        let asks_for_one = match self.kind(who) {
            Some(SubjectKind::One(subject_type)) if !by_name => Some(SubjectKind::Every(subject_type)),
            _ => None,
        };
        let mut usersets = Vec::new();
        for (subject, _) in rows.iter().filter(|(_, expires_at)| self.is_live(*expires_at)) {
            let kind = self.kind(*subject);
            if *subject == who || (kind.is_some() && kind == asks_for_one) {
                return Ok(Found::Yes);
            }
            if let Some(SubjectKind::Userset(_)) = kind {
                usersets.push(*subject);
            }
        }
        self.contained(who, &usersets, by_name)
    }

    fn through(&mut self, goal: Goal) -> Result<Vec<(TypeKey, Node)>> {
        let rows = match self.few(goal)? {
            Related::Few(rows) => rows,
            Related::Many => self.relationships(goal, usize::MAX)?.unwrap_or_default().into(),
        };
        let live = rows.iter().filter(|(_, expires_at)| self.is_live(*expires_at));
        Ok(live
            .filter_map(|(who, _)| match (self.kind(*who), self.node_of(*who)) {
                (Some(SubjectKind::One(of)), Some(node)) => Some((of, node)),
                _ => None,
            })
            .collect())
    }

    fn is_userset(&mut self, who: Who, goal: Goal) -> Result<bool> {
        Ok(self.kind(who) == Some(SubjectKind::Userset(goal.relation)) && self.node_of(who) == Some(goal.node))
    }

    fn poll_interrupt(&mut self) -> Result<()> {
        self.engine.poll_interrupt()
    }
}

impl NamedFacts for Reader<'_> {
    fn named_by(&mut self, rule: &Rule, goal: Goal) -> Result<Vec<(Who, Option<Goal>)>> {
        let mut named = Vec::new();
        match rule {
            Rule::Roles(roles) => {
                let mut up = Ancestors::from(goal.node);
                while let Some(here) = up.next(self)? {
                    named.extend(self.roles_named_on(here, roles)?);
                }
            }
            Rule::Direct => {
                for (who, expires_at) in self.relationships(goal, usize::MAX)?.unwrap_or_default() {
                    if self.is_live(expires_at) {
                        let members = match (self.kind(who), self.node_of(who)) {
                            (Some(SubjectKind::Userset(relation)), Some(node)) => Some(Goal { relation, node }),
                            _ => None,
                        };
                        named.push((who, members));
                    }
                }
            }
            _ => {}
        }
        Ok(named)
    }

    fn userset(&mut self, goal: Goal) -> Result<Who> {
        Reader::userset(self, goal)
    }
}

impl Reader<'_> {
    /// The subjects to whom one of the roles is assigned on a resource itself, a group with the goal of its members.
    pub(crate) fn roles_named_on(&mut self, node: Node, roles: &RoleSet) -> Result<Vec<(Who, Option<Goal>)>> {
        let rules = self.rules()?;
        let mut named = Vec::new();
        if !self.is_registered(node)? {
            return Ok(named);
        }
        for assignment in self.assignments_on(node)? {
            if !roles.contains(assignment.role) || !assignment_is_live(self, &assignment) {
                continue;
            }
            let who = self.who(&assignment.subject)?;
            let members = match (self.kind(who), self.node_of(who)) {
                (Some(SubjectKind::One(of)), Some(node)) if of == rules.group => Some(Goal { relation: rules.members, node }),
                _ => None,
            };
            named.push((who, members));
        }
        Ok(named)
    }

    /// Whether one of the usersets contains the subject. What was gathered does not tell members by name from everybody.
    fn contained(&mut self, who: Who, usersets: &[Who], by_name: bool) -> Result<Found> {
        if usersets.is_empty() {
            return Ok(Found::No);
        }
        let rules = self.rules()?;
        let is_gathered = |reader: &Reader<'_>, one: Who| match reader.kind(one) {
            Some(SubjectKind::Userset(relation)) => rules.get(relation).is_some_and(|declared| declared.gathered),
            _ => false,
        };
        let mut gathered = None;
        if !by_name && usersets.iter().any(|one| is_gathered(self, *one)) {
            gathered = match self.reach(who)? {
                Reach::Gathered(gathered) => Some(gathered),
                Reach::Unknown | Reach::Wide if usersets.len() > self.limits.get().wide => Some(self.gathered(who)?),
                Reach::Unknown | Reach::Wide => None,
            };
        }
        let mut goals = Vec::new();
        for one in usersets {
            match &gathered {
                Some(gathered) if gathered.members.contains(one) => return Ok(Found::Yes),
                Some(_) if is_gathered(self, *one) => {}
                _ => {
                    if let (Some(SubjectKind::Userset(relation)), Some(node)) = (self.kind(*one), self.node_of(*one)) {
                        goals.push(Goal { relation, node });
                    }
                }
            }
        }
        Ok(if goals.is_empty() { Found::No } else { Found::If(goals) })
    }

    /// Whether one of so many relationships names the subject.
    fn related_among_many(&mut self, who: Who, goal: Goal, by_name: bool) -> Result<Found> {
        let rules = self.rules()?;
        let Some(declared) = rules.get(goal.relation) else { return Ok(Found::No) };
        if goal.relation == rules.members {
            let Some((_, id)) = self.cache.nodes.get(goal.node) else { return Ok(Found::No) };
            let group = id.to_string();
            if let Some(holder) = self.text_as_holder(who, &rules).map(str::to_owned)
                && (self.engine.with(include_str!("../../sql/facts/answers/is_member.sql"), |statement| {
                    Ok(statement.exists(rusqlite::params![group, holder])?)
                })? || !self.bound_members_of(&group, Some(&holder))?.is_empty())
            {
                return Ok(Found::Yes);
            }
            if !by_name && let Reach::Gathered(gathered) = self.reach(who)? {
                let userset = self.userset(goal)?;
                return Ok(if gathered.members.contains(&userset) { Found::Yes } else { Found::No });
            }
            let mut usersets = Vec::new();
            let mut inner = self.engine.strings(include_str!("../../sql/facts/answers/groups_in.sql"), &[&group])?;
            inner.extend(self.bound_members_of(&group, None)?);
            for subject in inner {
                usersets.extend(self.members_of_member(&subject, &rules)?);
            }
            return self.contained(who, &usersets, by_name);
        }
        if self.above(goal)? == Some(who) {
            return Ok(Found::Yes);
        }
        let mut named = vec![(who, self.kind(who))];
        if let (false, Some(SubjectKind::One(subject_type))) = (by_name, self.kind(who)) {
            let every = self.everyone(subject_type)?;
            named.push((every, Some(SubjectKind::Every(subject_type))));
        }
        for (subject, kind) in named {
            if kind.is_some_and(|kind| declared.allows(kind)) && self.is_related(subject, goal)? {
                return Ok(Found::Yes);
            }
        }
        let kinds: Vec<(Relation, TypeKey)> = (declared.kinds.iter().flatten())
            .filter_map(|kind| match kind {
                SubjectKind::Userset(relation) => rules.get(*relation).map(|of| (*relation, of.resource_type)),
                SubjectKind::One(_) | SubjectKind::Every(_) => None,
            })
            .collect();
        if kinds.is_empty() {
            return Ok(Found::No);
        }
        // Few usersets contain the subject: each is looked up. Else those that the relationships name are gone through.
        if !by_name
            && let Reach::Gathered(gathered) = self.reach(who)?
            && kinds.iter().all(|(relation, _)| rules.get(*relation).is_some_and(|one| one.gathered))
            && gathered.carriers.len() <= self.limits.get().few
        {
            for (carrier, _) in &gathered.carriers {
                if self.kind(*carrier).is_some_and(|kind| declared.allows(kind)) && self.is_related(*carrier, goal)? {
                    return Ok(Found::Yes);
                }
            }
            return Ok(Found::No);
        }
        let mut types: Vec<TypeKey> = kinds.iter().map(|(_, of)| *of).collect();
        types.sort_unstable();
        types.dedup();
        let mut usersets = Vec::new();
        for of in types {
            usersets.extend(self.usersets_related(goal, of)?);
        }
        self.contained(who, &usersets, by_name)
    }
}
