//! What contains a subject, gathered once: its groups and other usersets, and the roles that all of these hold.

use std::rc::Rc;

use super::cache::{Gathered, Reach};
use super::held_roles::HeldRoles;
use super::reader::Reader;
use crate::base::identifier::IdRef;
use crate::base::time::Millis;
use crate::decide::goal::{Goal, Node, Who};
use crate::decide::roles::Ancestors;
use crate::decide::rule::RoleSet;
use crate::model::compiled::SubjectKind;
use crate::sqlite::error::{Error, Result};

impl Reader<'_> {
    /// What contains a subject, as far as it has been gathered without going wide.
    pub(crate) fn reach(&mut self, who: Who) -> Result<Reach> {
        self.refresh(who, |_| true)?;
        self.kept_reach(who)
    }

    /// The same, where only what the subject holds on a resource and above it is asked for.
    #[inline]
    pub(crate) fn reach_above(&mut self, who: Who, node: Node) -> Result<Reach> {
        if self.cache.subjects.get(who.0 as usize).is_some_and(|subject| !subject.stale.is_empty()) {
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
        match self.cache.subjects.get(who.0 as usize).map(|subject| &subject.reach) {
            Some(Reach::Gathered(gathered)) if self.is_live(gathered.until) => Ok(Reach::Gathered(Rc::clone(gathered))),
            Some(Reach::Wide) => Ok(Reach::Wide),
            _ => self.gather(who, self.limits.get().wide),
        }
    }

    /// Reads anew what the subject itself holds where that has changed, and it is asked for.
    fn refresh(&mut self, who: Who, is_asked: impl Fn(&Node) -> bool) -> Result<()> {
        let Some(subject) = self.cache.subjects.get_mut(who.0 as usize).filter(|subject| !subject.stale.is_empty()) else { return Ok(()) };
        let mut asked: Vec<Node> = subject.stale.extract_if(.., |node| is_asked(node)).collect();
        asked.sort_unstable();
        asked.dedup();
        for node in asked {
            let found = self.own_roles_on(who, node)?;
            let Some(subject) = self.cache.subjects.get_mut(who.0 as usize) else { return Ok(()) };
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
        if let Some(SubjectKind::One(subject_type)) = self.kind(who) {
            let every = self.everyone(subject_type)?;
            members.insert(every);
            carriers.push((every, 0));
        }
        let mut next = 0;
        while let Some((carrier, _)) = carriers.get(next).copied() {
            let mut containing = Vec::new();
            if let Some(holder) = self.text_as_holder(carrier, &rules).map(str::to_owned) {
                for group in self.groups_of(&holder)? {
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
            true => self.roles_of_all(&carriers, self.limits.get().gathered)?.map(HeldRoles::new),
            false => None,
        };
        self.cache.entries += carriers.len() + held.as_ref().map_or(0, HeldRoles::len);
        Ok(self.keep_reach(who, Reach::Gathered(Rc::new(Gathered { carriers, members, held, until }))))
    }

    /// The groups that a subject is a member of, without those that it is in through another.
    pub(crate) fn groups_of(&mut self, holder: &str) -> Result<Vec<String>> {
        let mut groups = self.engine.strings(include_str!("../../sql/facts/gather/groups_of.sql"), &[&holder])?;
        groups.extend(self.bound_groups_of(holder)?);
        Ok(groups)
    }

    fn keep_reach(&mut self, who: Who, reach: Reach) -> Reach {
        if let Some(subject) = self.cache.subjects.get_mut(who.0 as usize) {
            subject.reach = reach.clone();
            subject.stale.clear();
        }
        reach
    }

    /// The groups and other usersets that contain the subject, the subject itself first; for a group, the group.
    pub(crate) fn carriers(&mut self, who: Who) -> Result<Vec<String>> {
        let rules = self.rules()?;
        let gathered = self.gathered(who)?;
        Ok(gathered.carriers.iter().filter_map(|(who, _)| self.text_as_holder(*who, &rules).map(str::to_owned)).collect())
    }

    /// How a group contains the subject: the groups from the innermost to `carrier`, which is the last.
    pub(crate) fn group_path(&mut self, who: Who, carrier: &str) -> Result<Vec<String>> {
        let rules = self.rules()?;
        let gathered = self.gathered(who)?;
        let mut path = Vec::new();
        let is_carrier = |who: Who| self.text_as_holder(who, &rules) == Some(carrier);
        let mut at = gathered.carriers.iter().position(|(who, _)| is_carrier(*who)).unwrap_or(0);
        while at != 0 {
            let Some((who, from)) = gathered.carriers.get(at) else { break };
            path.push(self.text_as_holder(*who, &rules).unwrap_or_else(|| self.text(*who)).to_owned());
            at = *from;
        }
        path.reverse();
        Ok(path)
    }

    /// Every resource on which the subject holds a role out of `roles`, each once.
    pub(crate) fn resources_held(&mut self, who: Who, roles: &RoleSet) -> Result<Vec<Node>> {
        let gathered = self.gathered(who)?;
        if let Some(held) = &gathered.held {
            let counts = |node: &Node| held.on(*node).iter().any(|one| roles.contains(one.role) && self.is_live(one.expires_at));
            return Ok(held.nodes().into_iter().filter(counts).collect());
        }
        let mut nodes = Vec::new();
        let mut seen = hashbrown::HashSet::new();
        for (node, holding) in self.roles_of_all(&gathered.carriers, usize::MAX)?.unwrap_or_default() {
            if roles.contains(holding.role) && self.is_live(holding.expires_at) && seen.insert(node) {
                nodes.push(node);
            }
        }
        Ok(nodes)
    }
}
