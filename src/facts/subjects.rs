//! Subjects: their texts, and what these stand for.

use super::cache::{KnownSubject, Reach};
use super::reader::Reader;
use crate::base::identifier::{IdRef, Subject as SubjectText, SubjectId};
use crate::base::refusal::{nearest, shown};
use crate::decide::goal::{Goal, Node, TypeKey, Who};
use crate::model::compiled::{Rules, SubjectKind};
use crate::sqlite::error::{Error, Result};

impl Reader<'_> {
    /// A subject that asks or is asked about. One that nobody has heard of is simply nobody.
    ///
    /// # Errors
    /// The text is no subject, its type is not known, or it is a userset of a relation that there is not.
    pub(crate) fn subject(&mut self, text: &str) -> Result<Who> {
        if let Some(who) = self.cache.subject_by_text.get(text)
            && self.cache.subjects.get(who.0 as usize).is_some_and(|subject| subject.kind.is_some())
        {
            return Ok(*who);
        }
        let subject = SubjectText::parse(text)?;
        let rules = self.rules()?;
        let Some(subject_type) = rules.types.key(&subject.subject_type) else {
            let near = nearest(&subject.subject_type, rules.types.of_subjects());
            return Err(Error::refused(format!("unknown subject type `{}`{near}", shown(&subject.subject_type))));
        };
        if let SubjectId::Userset(_, name) = &subject.id
            && rules.relation(subject_type, name).is_none()
        {
            let near = nearest(name, rules.names(subject_type).map(|(name, _)| name));
            return Err(Error::refused(format!("unknown relation `{}` of `{}`{near}", shown(name), subject.subject_type)));
        }
        self.who(text)
    }

    /// The subject of a text as it stands in a table.
    pub(crate) fn who(&mut self, text: &str) -> Result<Who> {
        if let Some(who) = self.cache.subject_by_text.get(text) {
            return Ok(*who);
        }
        let rules = self.rules()?;
        let (mut kind, mut node) = (None, None);
        if let Some((slug, rest)) = text.split_once(':')
            && let Some(subject_type) = rules.types.key(slug)
        {
            if rest == "*" {
                kind = Some(SubjectKind::Every(subject_type));
            } else if let Some((id, name)) = rest.split_once('#') {
                kind = rules.relation(subject_type, name).map(SubjectKind::Userset);
                node = Some(self.node(subject_type, IdRef::of(id)));
            } else {
                kind = Some(SubjectKind::One(subject_type));
                node = Some(self.node(subject_type, IdRef::of(rest)));
            }
        }
        let who = Who(u32::try_from(self.cache.subjects.len()).unwrap_or(u32::MAX));
        self.cache.entries += 2;
        self.cache.subjects.push(KnownSubject {
            text: text.into(),
            kind,
            node,
            reach: Reach::Unknown,
            stale: Vec::new(),
            suspended: None,
            is_gone: None,
        });
        self.cache.subject_by_text.insert(text.into(), who);
        Ok(who)
    }

    /// Everyone of a type.
    pub(crate) fn everyone(&mut self, of: TypeKey) -> Result<Who> {
        let text = format!("{}:*", self.rules()?.types.slug(of));
        self.who(&text)
    }

    /// One subject: a resource, a user, a group.
    pub(crate) fn who_is(&mut self, node: Node) -> Result<Who> {
        let text = self.text_of(node)?;
        self.who(&text)
    }

    /// All who have a relation to a resource.
    pub(crate) fn userset(&mut self, goal: Goal) -> Result<Who> {
        let text = format!("{}#{}", self.text_of(goal.node)?, self.name_of(goal.relation)?);
        self.who(&text)
    }

    /// `type:id` of a resource.
    pub(crate) fn text_of(&mut self, node: Node) -> Result<String> {
        let rules = self.rules()?;
        Ok(self.cache.nodes.get(node).map(|(of, id)| format!("{}:{id}", rules.types.slug(of))).unwrap_or_default())
    }

    /// The text of a subject.
    pub(crate) fn text(&self, who: Who) -> &str {
        self.cache.subjects.get(who.0 as usize).map_or("", |subject| &subject.text)
    }

    pub(crate) fn kind(&self, who: Who) -> Option<SubjectKind> {
        self.cache.subjects.get(who.0 as usize).and_then(|subject| subject.kind)
    }

    /// For a userset, of what it is; for one subject, itself.
    pub(crate) fn node_of(&self, who: Who) -> Option<Node> {
        self.cache.subjects.get(who.0 as usize).and_then(|subject| subject.node)
    }

    /// How a subject stands in role assignments and among the members of groups: there a group means its members.
    pub(crate) fn text_as_holder(&self, who: Who, rules: &Rules) -> Option<&str> {
        match self.kind(who)? {
            SubjectKind::One(_) => Some(self.text(who)),
            SubjectKind::Userset(relation) if relation == rules.members => self.text(who).split('#').next(),
            SubjectKind::Userset(_) | SubjectKind::Every(_) => None,
        }
    }
}
