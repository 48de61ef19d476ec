//! What a decision asks of the data, answered from the tables.
//!
//! Group membership, role assignments and relationships are one thing here: a subject in a relation to a resource. Which side to start
//! from depends on how many there are. What few rows name is looked at row by row; a subject that few usersets contain has these gathered
//! once, and then a row is compared with them; where both sides are wide, the narrower is followed.

use std::rc::Rc;

use crate::base::identifier::IdRef;
use crate::base::time::Millis;
use crate::decide::facts::{Facts, Found};
use crate::decide::goal::{Goal, Node, Relation, TypeKey, Who};
use crate::decide::roles::Ancestors;
use crate::decide::rule::{RoleSet, Rule};
use crate::facts::nodes::Place;
use crate::facts::reader::{Reader, assignment_is_live, expiry};
use crate::facts::store::{Gathered, Holdings, Reach, Related};
use crate::model::compiled::{Declared, Kind, Rules};
use crate::sqlite::error::{Error, Result};

impl Reader<'_> {
    /// What contains a subject, as far as it has been gathered without going wide.
    pub(crate) fn reach(&mut self, who: Who) -> Result<Reach> {
        self.refresh(who, |_| true)?;
        self.kept_reach(who)
    }

    /// The same, where only what the subject holds on a resource and above it is asked for.
    pub(crate) fn reach_above(&mut self, who: Who, node: Node) -> Result<Reach> {
        if self.kept.subjects.get(who.0 as usize).is_some_and(|subject| !subject.stale.is_empty()) {
            let mut asked = Vec::new();
            let mut up = Ancestors::from(node);
            while let Some(here) = up.next(self)? {
                asked.push(here);
            }
            self.refresh(who, |node| asked.contains(node))?;
        }
        self.kept_reach(who)
    }

    fn kept_reach(&mut self, who: Who) -> Result<Reach> {
        match self.kept.subjects.get(who.0 as usize).map(|subject| &subject.reach) {
            Some(Reach::Gathered(gathered)) if self.is_live(gathered.until) => Ok(Reach::Gathered(Rc::clone(gathered))),
            Some(Reach::Wide) => Ok(Reach::Wide),
            _ => self.gather(who, self.limits.wide),
        }
    }

    /// Reads anew what the subject itself holds where that has changed, and it is asked for.
    fn refresh(&mut self, who: Who, is_asked: impl Fn(&Node) -> bool) -> Result<()> {
        let Some(subject) = self.kept.subjects.get_mut(who.0 as usize).filter(|subject| !subject.stale.is_empty()) else { return Ok(()) };
        let mut asked: Vec<Node> = subject.stale.extract_if(.., |node| is_asked(node)).collect();
        asked.sort_unstable();
        asked.dedup();
        for node in asked {
            let found = self.holdings_of(who, node)?;
            let Some(subject) = self.kept.subjects.get_mut(who.0 as usize) else { return Ok(()) };
            let Reach::Gathered(gathered) = &mut subject.reach else { return Ok(()) };
            match Rc::get_mut(gathered) {
                Some(gathered) => gathered.held.iter_mut().for_each(|held| held.replace(who, node, &found)),
                None => subject.reach = Reach::Unknown,
            }
        }
        Ok(())
    }

    /// What contains a subject, however much that is.
    pub(crate) fn gathered(&mut self, who: Who) -> Result<Rc<Gathered>> {
        match self.reach(who)? {
            Reach::Gathered(gathered) => Ok(gathered),
            Reach::Unknown | Reach::Wide => match self.gather(who, usize::MAX)? {
                Reach::Gathered(gathered) => Ok(gathered),
                Reach::Unknown | Reach::Wide => Err(Error::refused("what contains the subject could not be gathered")),
            },
        }
    }

    fn gather(&mut self, who: Who, most: usize) -> Result<Reach> {
        let rules = self.rules()?;
        let mut carriers = vec![(who, 0)];
        let mut members = hashbrown::HashSet::from([who]);
        let mut until = Millis::MAX;
        if let Some(Kind::One(subject_type)) = self.kind(who) {
            let every = self.everyone(subject_type)?;
            members.insert(every);
            carriers.push((every, 0));
        }
        let mut next = 0;
        while let Some((carrier, _)) = carriers.get(next).copied() {
            let mut containing = Vec::new();
            if let Some(holder) = self.text_as_holder(carrier, &rules).map(str::to_owned) {
                for group in self.strings(include_str!("../../sql/facts/gather/groups_of.sql"), &[&holder])? {
                    let node = self.node(rules.group, IdRef::of(&group));
                    containing.push(self.userset(Goal { relation: rules.members, node })?);
                }
            }
            for relation in &rules.gathered {
                if let Some(declared) = rules.get(*relation)
                    && self.kind(carrier).is_some_and(|kind| declared.allows(kind))
                {
                    for (node, expires_at) in self.related_to(carrier, *relation)? {
                        if self.is_live(expires_at) {
                            until = until.min(expires_at);
                            containing.push(self.userset(Goal { relation: *relation, node })?);
                        }
                    }
                }
            }
            carriers.extend(containing.into_iter().filter(|one| members.insert(*one)).map(|one| (one, next)));
            if carriers.len() > most {
                return Ok(self.keep_reach(who, Reach::Wide));
            }
            next += 1;
        }
        let held = match self.keeps {
            true => self.holdings(&carriers, self.limits.gathered)?.map(Holdings::new),
            false => None,
        };
        self.kept.entries += carriers.len() + held.as_ref().map_or(0, Holdings::len);
        Ok(self.keep_reach(who, Reach::Gathered(Rc::new(Gathered { carriers, members, held, until }))))
    }

    fn keep_reach(&mut self, who: Who, reach: Reach) -> Reach {
        if let Some(subject) = self.kept.subjects.get_mut(who.0 as usize) {
            subject.reach = reach.clone();
            subject.stale.clear();
        }
        reach
    }

    /// The resources to which a subject has a relation by a relationship, and until when.
    pub(crate) fn related_to(&mut self, who: Who, relation: Relation) -> Result<Vec<(Node, Millis)>> {
        let rules = self.rules()?;
        let Some(declared) = rules.get(relation).filter(|one| one.is_listed()) else { return Ok(Vec::new()) };
        let resource_type = declared.resource_type;
        let subject = self.text(who).to_owned();
        let nodes = &mut self.kept.nodes;
        self.engine.with(include_str!("../../sql/facts/relationships/relationships_of.sql"), |statement| {
            let mut rows = statement.query(rusqlite::params![subject, declared.name, rules.types.slug(resource_type)])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let id = row.get_ref(0)?;
                let Some(known) = IdRef::stored(id) else { continue };
                let node = nodes.number(resource_type, known);
                if nodes.place(node) == Place::Unknown {
                    nodes.set_stored(node, id);
                }
                found.push((node, expiry(row, 1)?));
            }
            Ok(found)
        })
    }

    /// Who stands in a relation to a resource: all if there are at most `most` relationships, else `None`.
    pub(crate) fn relationships(&mut self, goal: Goal, most: usize) -> Result<Option<Vec<(Who, Millis)>>> {
        let rules = self.rules()?;
        let Some(declared) = rules.get(goal.relation) else { return Ok(Some(Vec::new())) };
        let limit = i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1);
        let mut found = Vec::new();
        if goal.relation == rules.members {
            let group = self.kept.nodes.get(goal.node).map(|(_, id)| id.to_string()).unwrap_or_default();
            let rows = self.strings(include_str!("../../sql/facts/relationships/members_of.sql"), rusqlite::params![group, limit])?;
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
        let Some((_, id)) = self.kept.nodes.get(goal.node) else { return Ok(Some(Vec::new())) };
        let (first, second) = id.forms();
        // The relation that only reads the hierarchy takes no relationships.
        let limit = if declared.is_listed() { limit } else { 0 };
        let parameters = rusqlite::params![rules.types.slug(declared.resource_type), declared.name, first, second, limit];
        let rows = self.rows_of_relationships(include_str!("../../sql/facts/relationships/related.sql"), parameters)?;
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
    fn members_of_member(&mut self, subject: &str, rules: &Rules) -> Result<Option<Who>> {
        let Some(id) = subject.strip_prefix("group:") else { return Ok(None) };
        let node = self.node(rules.group, IdRef::of(id));
        Ok(Some(self.userset(Goal { relation: rules.members, node })?))
    }

    /// What a resource lies in, where the relation reads the hierarchy.
    fn above(&mut self, goal: Goal) -> Result<Option<Who>> {
        let rules = self.rules()?;
        let Some(declared) = rules.get(goal.relation).filter(|one| one.reads_hierarchy) else { return Ok(None) };
        let Place::Below(above) = self.place(goal.node)? else { return Ok(None) };
        let is_allowed = self.kept.nodes.resource_type(above).is_some_and(|of| declared.allows(Kind::One(of)));
        if is_allowed { self.who_is(above).map(Some) } else { Ok(None) }
    }

    fn few(&mut self, goal: Goal) -> Result<Related> {
        if let Some(related) = self.kept.related.get(&goal) {
            return Ok(related.clone());
        }
        let related = match self.relationships(goal, self.limits.few)? {
            Some(found) => Related::Few(found.into()),
            None => Related::Many,
        };
        self.kept.entries += match &related {
            Related::Few(found) => 1 + found.len() / 4,
            Related::Many => 1,
        };
        self.kept.related.insert(goal, related.clone());
        Ok(related)
    }

    /// Whether one of the usersets contains the subject. What was gathered does not tell members by name from everybody.
    fn contained(&mut self, who: Who, usersets: &[Who], by_name: bool) -> Result<Found> {
        if usersets.is_empty() {
            return Ok(Found::No);
        }
        let rules = self.rules()?;
        let is_gathered = |reader: &Reader<'_>, one: Who| match reader.kind(one) {
            Some(Kind::Userset(relation)) => rules.get(relation).is_some_and(|declared| declared.gathered),
            _ => false,
        };
        let mut gathered = None;
        if !by_name && usersets.iter().any(|one| is_gathered(self, *one)) {
            gathered = match self.reach(who)? {
                Reach::Gathered(gathered) => Some(gathered),
                Reach::Unknown | Reach::Wide if usersets.len() > self.limits.wide => Some(self.gathered(who)?),
                Reach::Unknown | Reach::Wide => None,
            };
        }
        let mut goals = Vec::new();
        for one in usersets {
            match &gathered {
                Some(gathered) if gathered.members.contains(one) => return Ok(Found::Yes),
                Some(_) if is_gathered(self, *one) => {}
                _ => {
                    if let (Some(Kind::Userset(relation)), Some(node)) = (self.kind(*one), self.node_of(*one)) {
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
            let Some((_, id)) = self.kept.nodes.get(goal.node) else { return Ok(Found::No) };
            let group = id.to_string();
            if let Some(holder) = self.text_as_holder(who, &rules)
                && self.engine.with(include_str!("../../sql/facts/relationships/is_member.sql"), |statement| {
                    Ok(statement.exists(rusqlite::params![group, holder])?)
                })?
            {
                return Ok(Found::Yes);
            }
            if !by_name && let Reach::Gathered(gathered) = self.reach(who)? {
                let userset = self.userset(goal)?;
                return Ok(if gathered.members.contains(&userset) { Found::Yes } else { Found::No });
            }
            let mut usersets = Vec::new();
            for subject in self.strings(include_str!("../../sql/facts/relationships/groups_in.sql"), &[&group])? {
                usersets.extend(self.members_of_member(&subject, &rules)?);
            }
            return self.contained(who, &usersets, by_name);
        }
        if self.above(goal)? == Some(who) {
            return Ok(Found::Yes);
        }
        let mut named = vec![(who, self.kind(who))];
        if let (false, Some(Kind::One(subject_type))) = (by_name, self.kind(who)) {
            let every = self.everyone(subject_type)?;
            named.push((every, Some(Kind::Every(subject_type))));
        }
        for (subject, kind) in named {
            if kind.is_some_and(|kind| declared.allows(kind)) && self.is_related(subject, goal)? {
                return Ok(Found::Yes);
            }
        }
        let kinds: Vec<(Relation, TypeKey)> = (declared.kinds.iter().flatten())
            .filter_map(|kind| match kind {
                Kind::Userset(relation) => rules.get(*relation).map(|of| (*relation, of.resource_type)),
                Kind::One(_) | Kind::Every(_) => None,
            })
            .collect();
        if kinds.is_empty() {
            return Ok(Found::No);
        }
        // Few usersets contain the subject: each is looked up. Else those that the relationships name are gone through.
        if !by_name
            && let Reach::Gathered(gathered) = self.reach(who)?
            && kinds.iter().all(|(relation, _)| rules.get(*relation).is_some_and(|one| one.gathered))
            && gathered.carriers.len() <= self.limits.few
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

    /// Whether a relationship names exactly this subject.
    fn is_related(&mut self, who: Who, goal: Goal) -> Result<bool> {
        let rules = self.rules()?;
        let (Some(declared), Some((_, id))) = (rules.get(goal.relation), self.kept.nodes.get(goal.node)) else { return Ok(false) };
        let (first, second) = id.forms();
        let parameters = rusqlite::params![rules.types.slug(declared.resource_type), declared.name, first, second, self.text(who)];
        let found = self.engine.with(include_str!("../../sql/facts/relationships/related_one.sql"), |statement| {
            let mut rows = statement.query(parameters)?;
            let mut latest = None;
            while let Some(row) = rows.next()? {
                latest = latest.max(Some(expiry(row, 0)?));
            }
            Ok(latest)
        })?;
        Ok(found.is_some_and(|expires_at| self.is_live(expires_at)))
    }

    /// The usersets of one type that relationships to a resource name.
    fn usersets_related(&mut self, goal: Goal, of: TypeKey) -> Result<Vec<Who>> {
        let rules = self.rules()?;
        let (Some(declared), Some((_, id))) = (rules.get(goal.relation), self.kept.nodes.get(goal.node)) else { return Ok(Vec::new()) };
        let (first, second) = id.forms();
        let (from, to) = (format!("{}:", rules.types.slug(of)), format!("{};", rules.types.slug(of)));
        let parameters = rusqlite::params![rules.types.slug(declared.resource_type), declared.name, first, second, from, to];
        let rows = self.rows_of_relationships(include_str!("../../sql/facts/relationships/related_usersets.sql"), parameters)?;
        let usersets = self.allowed(declared, rows)?;
        Ok(usersets.into_iter().filter(|(_, expires_at)| self.is_live(*expires_at)).map(|(who, _)| who).collect())
    }

    /// Subject and expiry of each row.
    fn rows_of_relationships(&mut self, sql: &'static str, parameters: &[&dyn rusqlite::ToSql]) -> Result<Vec<(String, Millis)>> {
        self.engine.with(sql, |statement| {
            let rows = statement.query_map(parameters, |row| Ok((row.get(0)?, expiry(row, 1)?)))?;
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

impl Facts for Reader<'_> {
    type Error = Error;

    fn rule(&mut self, relation: Relation) -> Result<Rc<Rule>> {
        let rules = self.rules()?;
        let Some(declared) = rules.get(relation) else {
            let permission = self.permission(relation);
            return Ok(permission.map_or_else(|| Rc::new(Rule::Any(Vec::new())), |permission| Rc::clone(&permission.rule)));
        };
        declared.rule.clone().map_err(|sentence| {
            Error::refused(format!("the definition of `{}` of `{}`: {sentence}", declared.name, rules.types.slug(declared.resource_type)))
        })
    }

    fn parent(&mut self, node: Node) -> Result<Option<Node>> {
        Ok(match self.place(node)? {
            Place::Below(parent) => Some(parent),
            Place::Root | Place::NotRegistered | Place::Unknown => None,
        })
    }

    fn held(&mut self, who: Who, roles: &RoleSet, node: Node) -> Result<Found> {
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
            Some(Kind::One(subject_type)) if !by_name => Some(Kind::Every(subject_type)),
            _ => None,
        };
        let mut usersets = Vec::new();
        for (subject, _) in rows.iter().filter(|(_, expires_at)| self.is_live(*expires_at)) {
            let kind = self.kind(*subject);
            if *subject == who || (kind.is_some() && kind == asks_for_one) {
                return Ok(Found::Yes);
            }
            if let Some(Kind::Userset(_)) = kind {
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
                (Some(Kind::One(of)), Some(node)) => Some((of, node)),
                _ => None,
            })
            .collect())
    }

    fn is_userset(&mut self, who: Who, goal: Goal) -> Result<bool> {
        Ok(self.kind(who) == Some(Kind::Userset(goal.relation)) && self.node_of(who) == Some(goal.node))
    }

    fn poll_interrupt(&mut self) -> Result<()> {
        self.engine.poll_interrupt()
    }
}
