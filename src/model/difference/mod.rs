//! Holds a document against the model in force.

mod changes;
mod checks;
mod outcome;
mod parents;
mod removals;
mod words;

use self::outcome::Difference;
use self::parents::cycle;
use crate::base::json::refused;
use crate::base::refusal::Result;
use crate::model::document::Document;
use crate::model::in_force::InForce;
use crate::model::plan::Plan;

/// Finds what must change so that the model in force says what the document says. By `force` what stands on roles and types that go does
/// not stand in the way, but goes along; and relationships that the model no longer allows may stay.
///
/// # Errors
/// An unknown name, a cycle, a permission out of a role's reach, a removal that would pull the ground from under something made otherwise.
pub(crate) fn diff<'a>(document: &'a Document, model: &'a InForce, force: bool) -> Result<Plan<'a>> {
    Difference::new(document, model, force).plan()
}

impl<'a> Difference<'a> {
    fn plan(mut self) -> Result<Plan<'a>> {
        self.check_names()?;
        let mut plan = Plan::default();
        let (added, removed) = self.parents_to_change()?;
        if let Some(round) = cycle(&self.parents) {
            let words: Vec<String> = round.iter().map(|slug| format!("`{slug}`")).collect();
            let sentence =
                format!("the parents form a cycle, {}; a type may nest in itself, but types may form no other cycle", words.join(" < "));
            return refused("resource_types", sentence);
        }
        self.check_tops()?;
        self.check_removed_types()?;
        self.check_relations()?;
        self.check_retyped_permissions()?;
        self.find_obstacles(&mut plan, &added, &removed);
        let kept = self.remove(&mut plan)?;
        self.remove_relations(&mut plan);
        self.change_types(&mut plan, added, removed, &kept)?;
        self.write_relations(&mut plan);
        self.write_permissions(&mut plan);
        self.write_roles(&mut plan);
        self.write_role_permissions(&mut plan)?;
        Ok(plan)
    }
}
