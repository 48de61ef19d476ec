//! What a relation rests on: the relations that its rule and the subjects of its relationships lead to.

use std::collections::BTreeSet;

use hashbrown::HashMap;

use crate::decide::facts::Facts;
use crate::decide::goal::Relation;
use crate::decide::rule::Rule;
use crate::facts::reader::Reader;
use crate::model::compiled::SubjectKind;
use crate::sqlite::error::Result;

/// The relations that a relation rests on, itself included.
pub(crate) struct Relevant {
    pub(crate) relations: BTreeSet<Relation>,
    /// Whether one of them intersects or excludes
    pub(crate) decides: bool,
}

pub(crate) fn relevant(reader: &mut Reader<'_>, target: Relation) -> Result<Relevant> {
    let rules = reader.rules()?;
    let mut relations = BTreeSet::from([target]);
    let mut decides = false;
    let mut open = vec![target];
    while let Some(next) = open.pop() {
        let rule = reader.rule(next)?;
        decides |= rule.decides();
        let mut mentioned = Vec::new();
        rule.each(&mut |part| match part {
            Rule::Computed(relation) => mentioned.push(*relation),
            Rule::From { relations, .. } => mentioned.extend(relations.iter().map(|(_, relation)| *relation)),
            // Roles are given to groups too.
            Rule::Roles(_) => mentioned.push(rules.members),
            Rule::Direct | Rule::Any(_) | Rule::All(_) | Rule::ButNot(_) => {}
        });
        if let Some(declared) = rules.get(next) {
            mentioned.extend(declared.kinds.iter().flatten().filter_map(|kind| match kind {
                SubjectKind::Userset(relation) => Some(*relation),
                SubjectKind::One(_) | SubjectKind::Every(_) => None,
            }));
        }
        open.extend(mentioned.into_iter().filter(|relation| relations.insert(*relation)));
    }
    Ok(Relevant { relations, decides })
}

/// Where a rule looks for another relation.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    /// On the same resource
    Computed,
    /// On what stands in this relation to the resource
    From(Relation),
    /// Among the subjects of its own relationships
    Userset,
}

/// For each relation, which relations it may lead on to, and how.
pub(crate) fn ways_on(reader: &mut Reader<'_>, relevant: &Relevant) -> Result<HashMap<Relation, Vec<(Relation, Way)>>> {
    let rules = reader.rules()?;
    let mut ways: HashMap<Relation, Vec<(Relation, Way)>> = HashMap::new();
    for relation in &relevant.relations {
        let rule = reader.rule(*relation)?;
        rule.each(&mut |part| match part {
            Rule::Computed(on) => ways.entry(*on).or_default().push((*relation, Way::Computed)),
            Rule::From { through, relations } => {
                for (_, there) in relations.iter() {
                    ways.entry(*there).or_default().push((*relation, Way::From(*through)));
                }
            }
            Rule::Roles(_) | Rule::Direct | Rule::Any(_) | Rule::All(_) | Rule::ButNot(_) => {}
        });
        if let Some(declared) = rules.get(*relation) {
            for kind in declared.kinds.iter().flatten() {
                if let SubjectKind::Userset(member) = kind {
                    ways.entry(*member).or_default().push((*relation, Way::Userset));
                }
            }
        }
    }
    ways.entry(rules.members).or_default().push((rules.members, Way::Userset));
    Ok(ways)
}
