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

/// Sessions as they were recorded in a committed state of the file.
#[derive(Default)]
pub(crate) struct SessionCache {
    /// That state
    committed: Option<Committed>,
    by_id: HashMap<Box<str>, KeptSession>,
    /// What they take, by an estimate
    bytes: usize,
}

struct KeptSession {
    user: Box<str>,
    due_at: Millis,
    organization: Option<Id>,
}

impl SessionCache {
    /// A session that is kept. All are forgotten where they take more than so many bytes, for the limit was another.
    pub(crate) fn find(&mut self, id: &str, committed: Committed, most: usize) -> Option<Open<'_>> {
        if self.bytes > most {
            *self = SessionCache::default();
        }
        let session = self.by_id.get(id).filter(|_| self.committed == Some(committed))?;
        Some(Open { user: &session.user, due_at: session.due_at, organization: session.organization.as_ref().map(Id::as_ref) })
    }

    /// Keeps a session. Where all would take more than so many bytes, the others are forgotten; one that alone would is not kept.
    pub(crate) fn keep(&mut self, id: &str, committed: Committed, session: &Open<'_>, most: usize) {
        let Open { user, due_at, organization } = *session;
        let organization_bytes = match organization {
            Some(IdRef::Text(text)) => text.len(),
            Some(IdRef::Integer(_)) | None => 0,
        };
        // An entry with its place in the map, which is at most seven eighths full, and what the allocator adds to each text.
        let bytes = 2 * size_of::<(Box<str>, KeptSession)>() + id.len() + user.len() + organization_bytes + 48;
        if self.committed != Some(committed) || self.bytes + bytes > most {
            *self = SessionCache { committed: Some(committed), ..SessionCache::default() };
        }
        if bytes > most {
            return;
        }
        self.bytes += bytes;
        self.by_id.insert(id.into(), KeptSession { user: user.into(), due_at, organization: organization.map(Id::from) });
    }

    /// How many are kept.
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }
}
