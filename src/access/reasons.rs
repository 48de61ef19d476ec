//! Why a relation holds or does not: which branch of which rule said yes, or why none did, as a tree.
//!
//! What a goal or a part of its rule comes to is taken from the solver that decided the question; here it is only told. Where
//! the tree leads to a goal that the decision could do without, the solver decides that too. No answer differs for it: all is read of one state
//! of the file, and what a goal comes to does not depend on who asks for it, in a cycle neither. The tree is drawn without recursion, from a list of what has yet to be told, so that no depth of rules and goals overflows.

use std::rc::Rc;

use hashbrown::HashSet;
use rusqlite::types::Value;
use serde_json::{Map, Value as Json, json};

use crate::decide::facts::Facts;
use crate::decide::formula::Truth;
use crate::decide::goal::{Goal, Node as Resource, Who};
use crate::decide::rule::Rule;
use crate::decide::solver::Solver;
use crate::facts::reader::Reader;
use crate::model::compiled::SubjectKind;
use crate::sqlite::error::Result;

/// Deeper than this many levels of JSON a tree is cut off, and says so: readers of JSON commonly take 127 levels, the whole answer included.
const DEEPEST: usize = 100;

/// Of so many branches that all failed, the first are shown.
const MOST_BRANCHES: usize = 20;

/// The tree of a goal that `solver` has decided.
pub(super) fn reasons(reader: &mut Reader<'_>, who: Who, solver: Solver, goal: Goal) -> Result<Json> {
    let mut tree = Tree { who, solver, seen: HashSet::new(), nodes: Vec::new(), open: Vec::new() };
    tree.nodes.push(Node { json: Map::new(), place: None, depth: 0 });
    tree.open.push((0, Untold::Goal(goal)));
    let mut steps = 0u32;
    while let Some((node, untold)) = tree.open.pop() {
        steps = steps.wrapping_add(1);
        if steps.is_multiple_of(64) {
            reader.poll_interrupt()?;
        }
        match untold {
            Untold::Goal(goal) => tree.goal(reader, node, goal)?,
            Untold::Rule(rule, goal) => tree.rule(reader, node, rule, goal)?,
        }
    }
    Ok(tree.folded())
}

struct Tree {
    who: Who,
    solver: Solver,
    seen: HashSet<Goal>,
    /// Each after the one that it belongs to
    nodes: Vec<Node>,
    open: Vec<(usize, Untold)>,
}

/// What has yet to be told in a node.
enum Untold {
    Goal(Goal),
    Rule(Rule, Goal),
}

struct Node {
    json: Map<String, Json>,
    /// The node that it belongs to, the field, and where the field is a list, the place in it
    place: Option<(usize, &'static str, Option<usize>)>,
    depth: usize,
}

impl Tree {
    /// Tells something in a field of a node.
    fn tell(&mut self, node: usize, field: &'static str, json: impl Into<Json>) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.json.insert(field.to_owned(), json.into());
        }
    }

    /// Has `untold` told in a field of a node.
    fn tell_below(&mut self, node: usize, field: &'static str, untold: Untold) {
        self.tell(node, field, Json::Null);
        let depth = self.nodes.get(node).map_or(0, |node| node.depth) + 1;
        self.nodes.push(Node { json: Map::new(), place: Some((node, field, None)), depth });
        self.open.push((self.nodes.len() - 1, untold));
    }

    /// Has all of `untold` told in a list in a field of a node.
    fn tell_all_below(&mut self, node: usize, field: &'static str, untold: Vec<Untold>) {
        self.tell(node, field, vec![Json::Null; untold.len()]);
        let depth = self.nodes.get(node).map_or(0, |node| node.depth) + 2;
        let (first, count) = (self.nodes.len(), untold.len());
        self.nodes.extend((0..count).map(|place| Node { json: Map::new(), place: Some((node, field, Some(place))), depth }));
        // The first of them is told first, with all that is below it.
        self.open.extend((first..first + count).zip(untold).rev());
    }

    fn tell_goals(&mut self, node: usize, goals: &[Goal]) {
        let shown = goals.iter().take(MOST_BRANCHES).map(|goal| Untold::Goal(*goal)).collect();
        self.tell_all_below(node, "none_of", shown);
    }

    /// Puts each node into the one that it belongs to, from the last on.
    fn folded(mut self) -> Json {
        while let Some(Node { json, place, .. }) = self.nodes.pop() {
            let Some((above, field, place)) = place else { return Json::Object(json) };
            let field = self.nodes.get_mut(above).and_then(|above| above.json.get_mut(field));
            let slot = match place {
                Some(place) => field.and_then(|list| list.get_mut(place)),
                None => field,
            };
            if let Some(slot) = slot {
                *slot = Json::Object(json);
            }
        }
        Json::Null
    }

    /// Whether a node is so deep that it is cut off, which it says.
    fn is_cut_off(&mut self, node: usize) -> bool {
        let is_too_deep = self.nodes.get(node).is_some_and(|node| node.depth >= DEEPEST);
        if is_too_deep {
            self.tell(node, "cut_off", true);
        }
        is_too_deep
    }

    fn goal(&mut self, reader: &mut Reader<'_>, node: usize, goal: Goal) -> Result<()> {
        let holds = self.solver.truth(reader, goal)?;
        self.tell(node, "relation", reader.name_of(goal.relation)?);
        self.tell(node, "resource", resource(reader, goal.node)?);
        self.tell(node, "holds", holds == Truth::Yes);
        if holds == Truth::Undecided {
            self.tell(node, "undecided", "it depends on its own exclusion, so it gives no access");
        }
        if !self.seen.insert(goal) {
            self.tell(node, "see_above", true);
        } else if !self.is_cut_off(node) {
            let definition = reader.rules()?.get(goal.relation).map(|one| one.definition.clone()).unwrap_or_default();
            if !definition.is_empty() {
                self.tell(node, "rule", definition);
            }
            if reader.is_userset(self.who, goal)? {
                self.tell(node, "is_the_subject", true);
            } else {
                let rule = reader.rule(goal.relation)?;
                self.rule(reader, node, Rule::clone(&rule), goal)?;
            }
        }
        Ok(())
    }

    /// What a part of the rule of a goal comes to.
    fn truth_of(&mut self, reader: &mut Reader<'_>, rule: &Rule, goal: Goal) -> Result<Truth> {
        self.solver.part(reader, rule, goal)
    }

    fn rule(&mut self, reader: &mut Reader<'_>, node: usize, mut rule: Rule, goal: Goal) -> Result<()> {
        loop {
            let yes = self.truth_of(reader, &rule, goal)? == Truth::Yes;
            // What the whole comes down to; everything else ends here.
            rule = match rule {
                Rule::Roles(_) => {
                    self.tell(node, "roles", if yes { "one is held here or above" } else { "none is held here or above" });
                    return Ok(());
                }
                Rule::Direct => return self.direct(reader, node, goal, yes),
                _ if self.is_cut_off(node) => return Ok(()),
                Rule::Computed(relation) => {
                    self.tell_below(node, "computed", Untold::Goal(Goal { relation, ..goal }));
                    return Ok(());
                }
                Rule::From { through, relations } => {
                    self.tell(node, "through", reader.name_of(through)?);
                    let mut tried = Vec::new();
                    for (of, there) in reader.through(Goal { relation: through, ..goal })? {
                        for (_, relation) in relations.iter().filter(|(key, _)| *key == of) {
                            let next = Goal { relation: *relation, node: there };
                            if yes && self.solver.truth(reader, next)? == Truth::Yes {
                                self.tell_below(node, "from", Untold::Goal(next));
                                return Ok(());
                            }
                            tried.push(next);
                        }
                    }
                    self.tell_goals(node, &tried);
                    return Ok(());
                }
                Rule::Any(rules) if yes => match self.first(reader, &rules, goal, true)? {
                    Some(part) => part,
                    None => return Ok(()),
                },
                Rule::All(rules) if !yes => {
                    if let Some(part) = self.first(reader, &rules, goal, false)? {
                        self.tell_below(node, "missing_from", Untold::Rule(part, goal));
                    }
                    return Ok(());
                }
                Rule::Any(rules) | Rule::All(rules) => {
                    let all = rules.iter().map(|part| Untold::Rule(part.clone(), goal)).collect();
                    self.tell_all_below(node, if yes { "all_of" } else { "none_of" }, all);
                    return Ok(());
                }
                Rule::ButNot(rules) => {
                    let [base, not] = &*rules;
                    if !yes && self.truth_of(reader, base, goal)? == Truth::Yes {
                        self.tell_below(node, "excluded_by", Untold::Rule(not.clone(), goal));
                        return Ok(());
                    }
                    base.clone()
                }
            };
        }
    }

    /// The first part that is a yes, or that is none.
    fn first(&mut self, reader: &mut Reader<'_>, rules: &Rc<[Rule]>, goal: Goal, yes: bool) -> Result<Option<Rule>> {
        for part in rules.iter() {
            if (self.truth_of(reader, part, goal)? == Truth::Yes) == yes {
                return Ok(Some(part.clone()));
            }
        }
        Ok(None)
    }

    /// The relationship that names the subject, or a userset that contains it.
    fn direct(&mut self, reader: &mut Reader<'_>, node: usize, goal: Goal, yes: bool) -> Result<()> {
        let every = match reader.kind(self.who) {
            Some(SubjectKind::One(of)) => Some(SubjectKind::Every(of)),
            _ => None,
        };
        let mut usersets = Vec::new();
        for (subject, expires_at) in reader.relationships(goal, usize::MAX)?.unwrap_or_default() {
            if !reader.is_live(expires_at) {
                if subject == self.who {
                    self.tell(node, "expired", reader.text(subject));
                }
                continue;
            }
            match reader.kind(subject) {
                kind if subject == self.who || (kind.is_some() && kind == every) => {
                    self.tell(node, "relationship", reader.text(subject));
                    return Ok(());
                }
                Some(SubjectKind::Userset(relation)) => {
                    usersets.extend(reader.node_of(subject).map(|of| (subject, Goal { relation, node: of })));
                }
                _ => {}
            }
        }
        let mut tried = Vec::new();
        for (subject, next) in usersets {
            if yes && self.solver.truth(reader, next)? == Truth::Yes {
                self.tell(node, "relationship", reader.text(subject));
                if !self.is_cut_off(node) {
                    self.tell_below(node, "member", Untold::Goal(next));
                }
                return Ok(());
            }
            tried.push(next);
        }
        self.tell(node, "relationship", Json::Null);
        if !tried.is_empty() && !self.is_cut_off(node) {
            self.tell_goals(node, &tried);
        }
        Ok(())
    }
}

/// A resource as it is told: its type, and its id as stored.
pub(super) fn resource(reader: &mut Reader<'_>, node: Resource) -> Result<Json> {
    let (slug, id) = reader.slug_and_id(node)?;
    Ok(json!({"type": slug, "id": json_of(id)}))
}

/// A stored id.
pub(super) fn json_of(value: Value) -> Json {
    match value {
        Value::Integer(number) => number.into(),
        Value::Text(text) => text.into(),
        Value::Real(number) => number.into(),
        Value::Null | Value::Blob(_) => Json::Null,
    }
}
