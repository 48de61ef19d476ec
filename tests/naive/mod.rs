//! The second implementation: slow, obvious, and sharing nothing with the library.
//!
//! A [`World`] is everything that is true, as plain lists. A [`Judge`] works out, for one subject at a time, every goal there is, by the
//! well-founded semantics: what can be derived is true; what holds itself up is not; and what a cycle through an exclusion leaves
//! undecided is no access. No cleverness: all goals are tried again and again until nothing changes.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod ask;
pub mod history;
pub mod language;
pub mod tape;
pub mod world;

use std::collections::{BTreeMap, BTreeSet, HashMap};

pub const PAST: &str = "2001-01-01T00:00:00.000Z";
pub const FUTURE: &str = "2901-01-01T00:00:00.000Z";

/// Type and id of a resource, or of anything else that stands in relations.
pub type Place = (String, String);

pub fn place(kind: &str, id: &str) -> Place {
    (kind.to_owned(), id.to_owned())
}

/// `user`, `user:*`, `group#member`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Restriction {
    One(String),
    Every(String),
    Userset(String, String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    Direct(Vec<Restriction>),
    Computed(String),
    /// relation, through
    From(String, String),
    Or(Vec<Rule>),
    And(Vec<Rule>),
    ButNot(Box<Rule>, Box<Rule>),
}

impl Rule {
    pub fn restrictions(&self) -> Vec<Restriction> {
        match self {
            Rule::Direct(restrictions) => restrictions.clone(),
            Rule::Computed(_) | Rule::From(..) => Vec::new(),
            Rule::Or(rules) | Rule::And(rules) => rules.iter().flat_map(Rule::restrictions).collect(),
            Rule::ButNot(base, less) => [base.restrictions(), less.restrictions()].concat(),
        }
    }

    pub fn excludes(&self) -> bool {
        match self {
            Rule::Direct(_) | Rule::Computed(_) | Rule::From(..) => false,
            Rule::Or(rules) | Rule::And(rules) => rules.iter().any(Rule::excludes),
            Rule::ButNot(..) => true,
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Type {
    pub parents: Vec<String>,
    pub relations: BTreeMap<String, Rule>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Model {
    pub types: BTreeMap<String, Type>,
    /// slug → type, and the relation that grants it as well
    pub permissions: BTreeMap<String, (String, Option<String>)>,
    /// slug → type, permissions
    pub roles: BTreeMap<String, (String, Vec<String>)>,
}

impl Model {
    pub fn rule(&self, kind: &str, relation: &str) -> Option<&Rule> {
        self.types.get(kind)?.relations.get(relation)
    }

    /// Groups as the tables of groups have them, where the model declares none of its own.
    pub fn has_built_in_groups(&self) -> bool {
        self.types.get("group").is_none_or(|group| group.relations.is_empty())
    }

    /// Relations of a type: those declared, and those that are there by themselves.
    pub fn relations(&self, kind: &str) -> BTreeSet<String> {
        let mut all: BTreeSet<String> = self.types.get(kind).into_iter().flat_map(|one| one.relations.keys().cloned()).collect();
        if kind == "group" && self.has_built_in_groups() {
            all.insert("member".to_owned());
        }
        if self.types.get(kind).is_some_and(|one| !one.parents.is_empty()) {
            all.insert("parent".to_owned());
        }
        all
    }

    pub fn has_relation(&self, kind: &str, relation: &str) -> bool {
        self.relations(kind).contains(relation)
    }

    /// Permissions and relations of a type: whatever may be asked there.
    pub fn names(&self, kind: &str) -> Vec<String> {
        let permissions = self.permissions.iter().filter(|(_, (on, _))| on == kind).map(|(slug, _)| slug.clone());
        self.relations(kind).into_iter().chain(permissions).collect()
    }

    pub fn excludes(&self) -> bool {
        self.types.values().flat_map(|one| one.relations.values()).any(Rule::excludes)
    }

    /// Whether a row may stand there: the type restrictions name its kind of subject.
    pub fn permits(&self, kind: &str, relation: &str, subject: &str) -> bool {
        let Some(rule) = self.rule(kind, relation) else { return false };
        let wanted = match parsed(subject) {
            Party::One((kind, _)) => Restriction::One(kind),
            Party::Every(kind) => Restriction::Every(kind),
            Party::Userset((kind, _), relation) => Restriction::Userset(kind, relation),
        };
        rule.restrictions().contains(&wanted)
    }
}

/// A subject taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Party {
    One(Place),
    Every(String),
    Userset(Place, String),
}

pub fn parsed(subject: &str) -> Party {
    let (kind, rest) = subject.split_once(':').unwrap();
    match rest.split_once('#') {
        None if rest == "*" => Party::Every(kind.to_owned()),
        None => Party::One(place(kind, rest)),
        Some((id, relation)) => Party::Userset(place(kind, id), relation.to_owned()),
    }
}

/// Everything that is true.
#[derive(Debug, Clone, Default)]
pub struct World {
    pub model: Model,
    pub resources: Vec<(Place, Option<Place>)>,
    /// subject, relation, resource → expiry
    pub relationships: BTreeMap<(String, String, Place), Option<&'static str>>,
    /// subject, role, resource → expiry
    pub assignments: BTreeMap<(String, String, Place), Option<&'static str>>,
    /// group, member
    pub members: BTreeSet<(String, String)>,
    /// user, organization: who has a membership that is not active
    pub suspensions: BTreeSet<(String, String)>,
    /// user, organization: who has one that is
    pub memberships: BTreeSet<(String, String)>,
    pub requires_membership: bool,
}

impl World {
    pub fn parent(&self, one: &Place) -> Option<Option<Place>> {
        self.resources.iter().find(|(other, _)| other == one).map(|(_, parent)| parent.clone())
    }

    /// From a resource to the top; nothing for what is not registered.
    pub fn chain(&self, one: &Place) -> Vec<Place> {
        let mut chain = Vec::new();
        let mut next = Some(one.clone());
        while let Some(here) = next {
            let Some(parent) = self.parent(&here) else { break };
            chain.push(here);
            next = parent;
        }
        chain
    }

    pub fn organization(&self, one: &Place) -> Option<String> {
        self.chain(one).pop().filter(|(kind, _)| kind == "organization").map(|(_, id)| id)
    }

    pub fn below(&self, above: &Place) -> BTreeSet<Place> {
        self.resources.iter().map(|(one, _)| one.clone()).filter(|one| self.chain(one).contains(above)).collect()
    }

    /// Whatever stands somewhere, as resource, as subject, or as the object of a userset.
    fn objects(&self) -> BTreeSet<Place> {
        let mut all: BTreeSet<Place> = self.resources.iter().map(|(one, _)| one.clone()).collect();
        let mut add = |subject: &str| match parsed(subject) {
            Party::One(one) | Party::Userset(one, _) => all.extend([one]),
            Party::Every(_) => {}
        };
        self.members.iter().for_each(|(group, member)| [group, member].into_iter().for_each(|one| add(one)));
        self.assignments.keys().for_each(|(subject, _, _)| add(subject));
        self.relationships.keys().for_each(|(subject, _, on)| {
            add(subject);
            add(&format!("{}:{}", on.0, on.1));
        });
        all
    }

    /// Every single subject that the data name, and every wildcard.
    pub fn known_subjects(&self) -> BTreeSet<String> {
        let mut all: BTreeSet<String> = self.objects().into_iter().map(|(kind, id)| format!("{kind}:{id}")).collect();
        all.extend(self.relationships.keys().map(|(subject, ..)| subject.clone()).filter(|subject| subject.ends_with(":*")));
        all
    }

    /// The ids of a type that a list must know: registered, the resource of a relationship, a group with members.
    pub fn known_ids(&self, kind: &str) -> BTreeSet<String> {
        let groups = self.members.iter().map(|(group, _)| place("group", &group[6..]));
        let known = self.resources.iter().map(|(one, _)| one.clone()).chain(self.relationships.keys().map(|(_, _, on)| on.clone()));
        known.chain(groups).filter(|one| one.0 == kind).map(|one| one.1).collect()
    }
}

/// Under this name the members of groups as `authz_group_members` lists them, to whom roles are given.
const LISTED: &str = "listed member";

/// Goals that hold: an object and a relation.
type Facts = Vec<bool>;

/// A row that counts: it is live and allowed, or it is what a resource lies in where the relation `parent` reads the hierarchy.
struct Row {
    /// As it is written
    subject: String,
    /// `user` in `user:*`
    everyone: Option<String>,
    /// The object of `folder:1`
    one: Option<usize>,
    /// The goal of `group:eng#member`
    userset: Option<usize>,
}

/// Judges a world. Objects and relations are numbered; a goal is a number too, `None` where there is no such relation.
pub struct Judge<'a> {
    world: &'a World,
    objects: Vec<Place>,
    number: HashMap<Place, usize>,
    /// Type, name, rule
    relations: Vec<(String, String, Rule)>,
    /// By type and name
    by_name: HashMap<String, HashMap<String, usize>>,
    /// By goal
    rows: Vec<Vec<Row>>,
    /// By goal: how a subject is written that is the userset itself; empty where the object's type has no such relation
    itself: Vec<String>,
}

impl<'a> Judge<'a> {
    /// `asked`: places that may be asked about although the world does not know them.
    pub fn new(world: &'a World, asked: &[Place]) -> Judge<'a> {
        let mut objects = world.objects();
        objects.extend(asked.iter().cloned());
        let objects: Vec<Place> = objects.into_iter().collect();
        let mut relations = Vec::new();
        let mut add = |kind: &str, name: &str, rule: Rule| relations.push((kind.to_owned(), name.to_owned(), rule));
        for (kind, declared) in &world.model.types {
            declared.relations.iter().for_each(|(name, rule)| add(kind, name, rule.clone()));
            if !declared.parents.is_empty() && !declared.relations.contains_key("parent") {
                add(kind, "parent", Rule::Direct(Vec::new()));
            }
        }
        add("group", LISTED, Rule::Direct(Vec::new()));
        if world.model.has_built_in_groups() {
            add("group", "member", Rule::Computed(LISTED.to_owned()));
        }
        let mut judge = Judge {
            world,
            number: objects.iter().cloned().zip(0..).collect(),
            by_name: HashMap::new(),
            rows: (0..objects.len() * relations.len()).map(|_| Vec::new()).collect(),
            itself: Vec::new(),
            objects,
            relations,
        };
        for (number, (kind, name, _)) in judge.relations.iter().enumerate() {
            judge.by_name.entry(kind.clone()).or_default().insert(name.clone(), number);
        }
        for (kind, id) in &judge.objects {
            for (of, name, _) in &judge.relations {
                // A group's userset contains itself under either name.
                let spoken = if name == LISTED && world.model.has_built_in_groups() { "member" } else { name };
                judge.itself.push(if of == kind { format!("{kind}:{id}#{spoken}") } else { String::new() });
            }
        }
        judge.read();
        judge
    }

    fn read(&mut self) {
        for ((subject, relation, on), expires) in &self.world.relationships {
            if *expires != Some(PAST) && self.world.model.permits(&on.0, relation, subject) {
                self.count(on, relation, subject);
            }
        }
        for (one, parent) in &self.world.resources {
            if let Some((kind, id)) = parent {
                let subject = format!("{kind}:{id}");
                let model = &self.world.model;
                if model.rule(&one.0, "parent").is_none() || model.permits(&one.0, "parent", &subject) {
                    self.count(one, "parent", &subject);
                }
            }
        }
        for (group, member) in &self.world.members {
            let Party::One(group) = parsed(group) else { panic!("{group}") };
            self.count(&group, LISTED, member);
            if member.starts_with("group:") {
                self.count(&group, LISTED, &format!("{member}#{LISTED}"));
            }
        }
    }

    fn count(&mut self, on: &Place, relation: &str, subject: &str) {
        let mut row = Row { subject: subject.to_owned(), everyone: None, one: None, userset: None };
        match parsed(subject) {
            Party::Every(kind) => row.everyone = Some(kind),
            Party::One(one) => row.one = Some(self.number[&one]),
            Party::Userset(one, relation) => row.userset = self.goal(self.number[&one], &relation),
        }
        let goal = self.goal(self.number[on], relation).unwrap();
        self.rows[goal].push(row);
    }

    fn goal(&self, object: usize, relation: &str) -> Option<usize> {
        let relation = self.by_name.get(&self.objects[object].0)?.get(relation)?;
        Some(object * self.relations.len() + relation)
    }

    /// Everything that is so for one subject.
    pub fn hear(&self, subject: &str) -> Verdict<'_> {
        let kind = match parsed(subject) {
            Party::One((kind, _)) => Some(kind),
            _ => None,
        };
        let mut sure = vec![false; self.rows.len()];
        loop {
            let possible = self.derive(subject, kind.as_deref(), &sure);
            let next = self.derive(subject, kind.as_deref(), &possible);
            if next == sure {
                return Verdict { judge: self, subject: subject.to_owned(), sure, possible };
            }
            sure = next;
        }
    }

    /// The least set of goals that hold, where an exclusion excludes what `excluded` holds.
    fn derive(&self, subject: &str, kind: Option<&str>, excluded: &Facts) -> Facts {
        let mut facts = vec![false; excluded.len()];
        loop {
            let mut changed = false;
            for goal in 0..facts.len() {
                if !facts[goal] && !self.itself[goal].is_empty() {
                    let rule = &self.relations[goal % self.relations.len()].2;
                    facts[goal] = subject == self.itself[goal] || self.says(rule, (subject, kind), goal, &facts, excluded);
                    changed |= facts[goal];
                }
            }
            if !changed {
                return facts;
            }
        }
    }

    /// Whether a rule says yes. What stands under an exclusion is taken from `excluded`, under an exclusion of an exclusion again from
    /// `facts`: there more of it means more access, as anywhere else.
    fn says(&self, rule: &Rule, subject: (&str, Option<&str>), goal: usize, facts: &Facts, excluded: &Facts) -> bool {
        let object = goal / self.relations.len();
        let says = |rule: &Rule| self.says(rule, subject, goal, facts, excluded);
        match rule {
            Rule::Direct(_) => self.rows[goal].iter().any(|row| {
                let everyone = row.everyone.is_some() && row.everyone.as_deref() == subject.1;
                row.subject == subject.0 || everyone || row.userset.is_some_and(|goal| facts[goal])
            }),
            Rule::Computed(relation) => facts[self.goal(object, relation).unwrap()],
            Rule::From(relation, through) => {
                let rows = &self.rows[self.goal(object, through).unwrap()];
                rows.iter().filter_map(|row| row.one).any(|one| self.goal(one, relation).is_some_and(|goal| facts[goal]))
            }
            Rule::Or(rules) => rules.iter().any(says),
            Rule::And(rules) => rules.iter().all(says),
            Rule::ButNot(base, less) => says(base) && !self.says(less, subject, goal, excluded, facts),
        }
    }
}

/// What is so for one subject.
pub struct Verdict<'a> {
    judge: &'a Judge<'a>,
    subject: String,
    sure: Facts,
    possible: Facts,
}

impl Verdict<'_> {
    fn at(&self, facts: &Facts, relation: &str, on: &Place) -> bool {
        let goal = self.judge.number.get(on).and_then(|object| self.judge.goal(*object, relation));
        goal.is_some_and(|goal| facts[goal])
    }

    pub fn related(&self, relation: &str, on: &Place) -> bool {
        self.at(&self.sure, relation, on)
    }

    /// A cycle through an exclusion leaves it open.
    pub fn undecided(&self, relation: &str, on: &Place) -> bool {
        self.at(&self.possible, relation, on) && !self.related(relation, on)
    }

    /// Whether what `holder` was assigned is the subject's.
    pub fn carries(&self, holder: &str) -> bool {
        holder == self.subject || matches!(parsed(holder), Party::One(one) if one.0 == "group" && self.related(LISTED, &one))
    }

    pub fn is_suspended(&self, on: &Place) -> bool {
        match (parsed(&self.subject), self.judge.world.organization(on)) {
            (Party::One((kind, id)), Some(organization)) if kind == "user" => {
                let (world, membership) = (self.judge.world, (id, organization));
                world.suspensions.contains(&membership) || world.requires_membership && !world.memberships.contains(&membership)
            }
            _ => false,
        }
    }

    /// The answer: `name` is a permission or a relation of the type.
    pub fn allows(&self, name: &str, on: &Place) -> bool {
        let world = self.judge.world;
        if self.is_suspended(on) {
            return false;
        }
        let Some((_, relation)) = world.model.permissions.get(name) else { return self.related(name, on) };
        let chain = world.chain(on);
        let by_role = world.assignments.iter().any(|((holder, role, place), expires)| {
            *expires != Some(PAST)
                && chain.contains(place)
                && world.model.roles.get(role).is_some_and(|(_, permissions)| permissions.iter().any(|one| one == name))
                && self.carries(holder)
        });
        by_role || relation.as_ref().is_some_and(|relation| self.related(relation, on))
    }
}
