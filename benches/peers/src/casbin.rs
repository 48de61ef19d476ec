//! Casbin: its documented model of roles for subjects and for resources, with all rules in one enforcer, and with the rules sharded.

use std::collections::{HashMap, HashSet};

use casbin::{CoreApi, DefaultModel, Enforcer, MemoryAdapter, MgmtApi};
use tokio::runtime::{Builder, Runtime};

use crate::Peer;
use crate::world::World;

// The resource first: it is always known, few rules are about it, and a subject without a group is looked for from end to end.
const MODEL: &str = "
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[role_definition]
g = _, _
g2 = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g2(r.obj, p.obj) && g(r.sub, p.sub) && r.act == p.act
";

fn place(kind: &str, id: i64) -> String {
    format!("{kind}:{id}")
}

/// The rules of the policy: who may read where; who is in which group; what lies in what.
#[derive(Default)]
struct Rules {
    p: Vec<Vec<String>>,
    g: Vec<Vec<String>>,
    g2: Vec<Vec<String>>,
}

impl Rules {
    fn all(world: &World) -> Rules {
        let grants = world.grants.iter().map(|(subject, kind, id)| vec![subject.clone(), place(kind, *id), "read".to_owned()]);
        let members = world.members.iter().map(|(group, member)| vec![member.clone(), format!("group:{group}")]);
        let parents = world.resources.iter().filter_map(|(kind, id, parent)| {
            let (parent_kind, parent_id) = parent.as_ref()?;
            Some(vec![place(kind, *id), place(parent_kind, *parent_id)])
        });
        Rules { p: grants.collect(), g: members.collect(), g2: parents.collect() }
    }

    fn enforcer(self, runtime: &Runtime) -> Enforcer {
        runtime.block_on(async {
            let model = DefaultModel::from_str(MODEL).await.unwrap();
            let mut enforcer = Enforcer::new(model, MemoryAdapter::default()).await.unwrap();
            enforcer.add_policies(self.p).await.unwrap();
            enforcer.add_grouping_policies(self.g).await.unwrap();
            enforcer.add_named_grouping_policies("g2", self.g2).await.unwrap();
            enforcer
        })
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

fn enforce(enforcer: &Enforcer, subject: &str, document: i64) -> bool {
    enforcer.enforce((subject, place("document", document), "read")).unwrap()
}

/// A list of so many takes seconds, one of all would take hours.
const PART: usize = 20;

/// All rules in one enforcer.
pub struct Whole {
    enforcer: Enforcer,
    by_time: Vec<i64>,
    _runtime: Runtime,
}

impl Whole {
    pub fn new(world: &World) -> Whole {
        let runtime = runtime();
        Whole { enforcer: Rules::all(world).enforcer(&runtime), by_time: world.by_time(), _runtime: runtime }
    }
}

impl Peer for Whole {
    fn name(&self) -> String {
        "casbin 2.20.0, one enforcer".to_owned()
    }

    fn how(&self) -> &'static str {
        "what its guide advises against: every check goes over all rules, so the lists are asked about a part, and the page is left out"
    }

    fn part(&self) -> Option<usize> {
        Some(PART)
    }

    fn check(&mut self, subject: &str, document: i64) -> bool {
        enforce(&self.enforcer, subject, document)
    }

    fn count(&mut self, subject: &str) -> Option<i64> {
        Some(self.by_time.iter().take(PART).filter(|document| enforce(&self.enforcer, subject, **document)).count() as i64)
    }

    fn newest(&mut self, _subject: &str) -> Option<Vec<i64>> {
        None
    }
}

/// An enforcer for each project.
pub struct Sharded {
    enforcers: Vec<Enforcer>,
    /// Which one a document is for
    shards: HashMap<i64, usize>,
    by_time: Vec<i64>,
    how: &'static str,
    _runtime: Runtime,
}

impl Sharded {
    /// Each enforcer gets the rules about its project, what that lies in and what lies in it, and the members of the groups that these
    /// rules name.
    pub fn new(world: &World) -> Sharded {
        let Rules { p, g, g2 } = Rules::all(world);
        let above: HashMap<&str, &Vec<String>> = g2.iter().map(|rule| (rule[0].as_str(), rule)).collect();
        let mut rules_on: HashMap<&str, Vec<&Vec<String>>> = HashMap::new();
        p.iter().for_each(|rule| rules_on.entry(rule[1].as_str()).or_default().push(rule));
        let mut members_of: HashMap<&str, Vec<&Vec<String>>> = HashMap::new();
        g.iter().for_each(|rule| members_of.entry(rule[1].as_str()).or_default().push(rule));

        let mut places: HashMap<&str, HashSet<&str>> = HashMap::new();
        let mut shard_of: HashMap<i64, &str> = HashMap::new();
        for (document, ..) in &world.documents {
            let mut up = vec![above[place("document", *document).as_str()][0].as_str()];
            while let Some(rule) = above.get(up[up.len() - 1]) {
                up.push(rule[1].as_str());
            }
            let project = up.iter().find(|place| place.starts_with("project:")).unwrap();
            shard_of.insert(*document, project);
            places.entry(project).or_default().extend(up);
        }

        let runtime = runtime();
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        let mut enforcers = Vec::new();
        let (mut all, mut most) = (0, 0);
        for (project, places) in &places {
            let p: Vec<Vec<String>> = places.iter().filter_map(|place| rules_on.get(place)).flatten().map(|rule| (*rule).clone()).collect();
            let g2 = places.iter().filter_map(|place| above.get(place)).map(|rule| (*rule).clone()).collect();
            let named = places.iter().filter_map(|place| rules_on.get(place)).flatten().map(|rule| rule[0].as_str());
            let mut groups: Vec<&str> = named.filter(|who| who.starts_with("group:")).collect();
            let (mut seen, mut g) = (HashSet::new(), Vec::new());
            while let Some(group) = groups.pop() {
                if seen.insert(group) {
                    for rule in members_of.get(group).into_iter().flatten() {
                        g.push((*rule).clone());
                        groups.push(&rule[0]);
                    }
                }
            }
            all += p.len();
            most = most.max(p.len());
            numbers.insert(project, enforcers.len());
            enforcers.push(Rules { p, g, g2 }.enforcer(&runtime));
        }
        let shards = shard_of.into_iter().map(|(document, project)| (document, numbers[project])).collect();
        let how = format!(
            "as its guide advises, sharded: {} enforcers, one for each project, with {} rules on average, {most} at most; no list, so every document is asked about",
            enforcers.len(),
            all / enforcers.len()
        );
        Sharded { enforcers, shards, by_time: world.by_time(), how: how.leak(), _runtime: runtime }
    }
}

impl Peer for Sharded {
    fn name(&self) -> String {
        "casbin 2.20.0, an enforcer for each project".to_owned()
    }

    fn how(&self) -> &'static str {
        self.how
    }

    fn check(&mut self, subject: &str, document: i64) -> bool {
        enforce(&self.enforcers[self.shards[&document]], subject, document)
    }

    fn count(&mut self, subject: &str) -> Option<i64> {
        let may_read = |document: &&i64| enforce(&self.enforcers[self.shards[document]], subject, **document);
        Some(self.by_time.iter().filter(may_read).count() as i64)
    }

    fn newest(&mut self, subject: &str) -> Option<Vec<i64>> {
        let may_read = |document: &&i64| enforce(&self.enforcers[self.shards[document]], subject, **document);
        Some(self.by_time.iter().filter(may_read).take(20).copied().collect())
    }
}
