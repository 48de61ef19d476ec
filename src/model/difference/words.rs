//! Changes, and the sentences about them.

use crate::base::refusal::{Refusal, Result, shown};
use crate::model::plan::{Action, Change, Fields, Item};

/// The words of a change of name and description.
pub(super) fn differences(pairs: &[(&str, Option<&str>, Option<&str>)], adopted: bool) -> Option<String> {
    let said = |text: Option<&str>| text.map_or("none".to_owned(), |text| format!("\"{}\"", shown(text)));
    let mut all: Vec<String> = pairs
        .iter()
        .filter(|(_, from, to)| from != to)
        .map(|(field, from, to)| format!("{field} from {} to {}", said(*from), said(*to)))
        .collect();
    if adopted {
        all.push("taken over by the document".to_owned());
    }
    (!all.is_empty()).then(|| all.join(", "))
}

pub(super) fn change<'a>(action: Action, item: Item<'a>, detail: Option<String>) -> Change<'a> {
    Change { action, item, detail, fields: Fields::default() }
}

pub(super) fn made_anew(from: &str, to: &str) -> String {
    format!("made anew, for its resource type changes from `{from}` to `{to}`")
}

pub(super) fn left_out(kind: &str, slug: &str) -> String {
    format!("{kind} `{slug}` was declared by an earlier document, and this one removes it by leaving it out; declare it here too")
}

pub(super) fn out_of_reach<T>(role: &str, role_type: &str, permission: &str, permission_type: &str) -> Result<T> {
    Err(Refusal::new(format!(
        "{role}, made otherwise, holds permission `{permission}`, whose resource type `{permission_type}` would no longer be `{role_type}` or below it; take it from the role first"
    )))
}
