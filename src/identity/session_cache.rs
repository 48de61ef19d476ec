//! Sessions of the application as they were read, kept for whoever asks about them again.

use hashbrown::HashMap;

use crate::base::identifier::{Id, IdRef};
use crate::base::time::Millis;
use crate::sqlite::transaction::Committed;

/// A session that was not recorded as ended.
pub(crate) struct Open<'a> {
    pub(crate) user: &'a str,
    pub(crate) due_at: Millis,
    pub(crate) organization: Option<IdRef<'a>>,
}

impl Open<'_> {
    /// The subject, if the session lives at that time and belongs where it is asked about.
    pub(crate) fn subject_at(&self, now: Millis, organization: Option<IdRef<'_>>) -> Option<String> {
        let is_there = organization.is_none() || self.organization == organization;
        (is_there && self.due_at > now).then(|| ["user:", self.user].concat())
    }
}

/// So many sessions are kept at the most; one more, and all are forgotten.
const MOST: usize = 10_000;

/// Sessions as they were recorded in a committed state of the file.
#[derive(Default)]
pub(crate) struct SessionCache {
    /// That state
    committed: Option<Committed>,
    by_id: HashMap<Box<str>, KeptSession>,
}

struct KeptSession {
    user: Box<str>,
    due_at: Millis,
    organization: Option<Id>,
}

impl SessionCache {
    pub(crate) fn find(&self, id: &str, committed: Committed) -> Option<Open<'_>> {
        let session = self.by_id.get(id).filter(|_| self.committed == Some(committed))?;
        Some(Open { user: &session.user, due_at: session.due_at, organization: session.organization.as_ref().map(Id::as_ref) })
    }

    pub(crate) fn keep(&mut self, id: &str, committed: Committed, session: &Open<'_>) {
        if self.committed != Some(committed) || self.by_id.len() >= MOST {
            self.by_id.clear();
            self.committed = Some(committed);
        }
        let Open { user, due_at, organization } = *session;
        self.by_id.insert(id.into(), KeptSession { user: user.into(), due_at, organization: organization.map(Id::from) });
    }

    /// How many are kept.
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }
}
