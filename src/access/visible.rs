//! What a subject sees, as one set: for statements that ask about many resources.

use std::rc::Rc;

use super::candidates;
use super::walk::{Walk, starts_of};
use crate::base::time::Millis;
use crate::decide::facts::Facts;
use crate::decide::goal::{Relation, Who};
use crate::decide::rule::Rule;
use crate::facts::ids::Ids;
use crate::facts::reader::Reader;
use crate::facts::store::{Counts, count};
use crate::facts::visible::VisibleSet;
use crate::sqlite::error::Result;

/// What a subject sees by a relation: as it is kept, or made now if that takes at the most `steps`.
pub(crate) fn visible(
    reader: &mut Reader<'_>,
    who: Who,
    relation: Relation,
    steps: usize,
    counts: &Counts,
) -> Result<Option<Rc<VisibleSet>>> {
    if let Some(visible) = reader.kept_visible(who, relation) {
        return Ok(Some(visible));
    }
    if steps == 0 {
        return Ok(None);
    }
    let rule = reader.rule(relation)?;
    reader.until.set(Millis::MAX);
    let mut ids = Ids::default();
    if let Rule::Roles(roles) = &*rule {
        let Some(resource_type) = reader.permission(relation).map(|permission| permission.resource_type) else { return Ok(None) };
        let starts = starts_of(reader, who, roles, resource_type)?;
        let mut walk = Walk::to(reader.rules()?, resource_type, starts);
        while let Some(step) = walk.next(reader)? {
            ids.insert_stored((&step.id).into());
            if walk.steps() > steps {
                return Ok(None);
            }
        }
    } else if steps == usize::MAX {
        for node in candidates::resources(reader, who, relation)? {
            let (_, id) = reader.described(node)?;
            ids.insert_stored((&id).into());
        }
    } else {
        return Ok(None);
    }
    let by_relations = !matches!(*rule, Rule::Roles(_));
    let visible = Rc::new(VisibleSet { who, relation, by_relations, until: reader.until.get(), ids });
    count(&counts.sets_built);
    reader.keep_visible(Rc::clone(&visible));
    Ok(Some(visible))
}
