//! Casbin: the documented model of roles for subjects and for resources, with the cheapest condition first.

use casbin::{CoreApi, DefaultModel, Enforcer, MemoryAdapter, MgmtApi};
use tokio::runtime::{Builder, Runtime};

use crate::Peer;
use crate::world::World;

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
m = g(r.sub, p.sub) && g2(r.obj, p.obj) && r.act == p.act
";

pub struct Casbin {
    enforcer: Enforcer,
    _runtime: Runtime,
}

impl Casbin {
    pub fn new(world: &World) -> Casbin {
        let runtime = Builder::new_current_thread().build().unwrap();
        let enforcer = runtime.block_on(async {
            let model = DefaultModel::from_str(MODEL).await.unwrap();
            let mut enforcer = Enforcer::new(model, MemoryAdapter::default()).await.unwrap();
            let place = |kind: &str, id: i64| format!("{kind}:{id}");
            let grants = world.grants.iter().map(|(subject, kind, id)| vec![subject.clone(), place(kind, *id), "read".to_owned()]);
            enforcer.add_policies(grants.collect()).await.unwrap();
            let members = world.members.iter().map(|(group, member)| vec![member.clone(), format!("group:{group}")]);
            enforcer.add_grouping_policies(members.collect()).await.unwrap();
            let parents = world.resources.iter().filter_map(|(kind, id, parent)| {
                let (parent_kind, parent_id) = parent.as_ref()?;
                Some(vec![place(kind, *id), place(parent_kind, *parent_id)])
            });
            enforcer.add_named_grouping_policies("g2", parents.collect()).await.unwrap();
            enforcer
        });
        Casbin { enforcer, _runtime: runtime }
    }
}

impl Peer for Casbin {
    fn name(&self) -> String {
        "casbin 2.20.0".to_owned()
    }

    fn how(&self) -> &'static str {
        "roles for subjects and resources; each check goes over all rules, so lists are left out"
    }

    fn check(&mut self, subject: &str, document: i64) -> bool {
        self.enforcer.enforce((subject, format!("document:{document}"), "read")).unwrap()
    }

    fn count(&mut self, _subject: &str) -> Option<i64> {
        None
    }

    fn newest(&mut self, _subject: &str) -> Option<Vec<i64>> {
        None
    }
}
