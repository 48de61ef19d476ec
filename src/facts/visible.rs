//! What a subject sees: the ids of all resources of one type to which it has a relation, for whoever asks about many of them.

use super::ids::Ids;
use crate::base::time::Millis;
use crate::decide::goal::{Relation, Who};

/// The resources of one type to which a subject has a relation.
pub(crate) struct VisibleSet {
    pub(crate) who: Who,
    pub(crate) relation: Relation,
    /// Whether relationships have a part in it, and not only roles along the hierarchy
    pub(crate) by_relations: bool,
    /// When the first of what it rests on expires
    pub(crate) until: Millis,
    pub(crate) ids: Ids,
}
