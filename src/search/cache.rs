//! What a connection keeps between keystrokes.
//!
//! Only what was committed is kept, and only until somebody commits, something that gives access ends, or the connection moves its clock.
//! Within a transaction that has written nothing is kept and nothing kept is used. When more has gathered than the limit `kept_bytes` allows,
//! all goes; with a limit of 0 nothing is kept at all.

use std::cell::{RefCell, RefMut};
use std::collections::HashMap;
use std::rc::Rc;

use super::commands::Command;
use super::index::Index;
use super::score::Scratch;
use super::viewer::{self, Eyes, Viewer, VisibleTitles, VisibleTypes};
use crate::base::time::{Millis, expiry};
use crate::facts::store::Store;
use crate::sqlite::connection::Engine;
use crate::sqlite::error::Result;
use crate::sqlite::scalar::OnConnection;
use crate::sqlite::transaction::{Committed, Transaction};

/// How many visible resources a subject may have to be answered from them all.
const MOST_VISIBLE: usize = 20_000;
/// How many visible resources are kept between keystrokes, those of all subjects together.
const MOST_KEPT: usize = 100_000;
/// How much room a title takes with all that is known of it, about.
const BYTES_OF_ENTRY: usize = 256;

/// What searches work with: the facts, and what is kept between keystrokes.
pub(crate) struct Search {
    pub(crate) store: Rc<Store>,
    pub(super) cache: RefCell<Cache>,
}

impl OnConnection for Search {
    fn engine(self: &Rc<Self>) -> Rc<Engine> {
        Rc::clone(&self.store.engine)
    }
}

impl Search {
    pub(crate) fn new(store: &Rc<Store>) -> Rc<Search> {
        Rc::new(Search { store: Rc::clone(store), cache: RefCell::default() })
    }
}

/// What is kept; see the head of this file.
#[derive(Default)]
pub(super) struct Cache {
    at: Option<State>,
    /// How often the clock had been moved
    moves: u64,
    /// How often what was kept had to go
    generation: u64,
    visible: HashMap<String, Sight>,
    entries: usize,
    of_subjects: Option<VisibleTypes>,
    of_administrators: Option<VisibleTypes>,
    index: Option<Option<Rc<Index>>>,
    commands: Option<Rc<[Command]>>,
    /// No more than room to work in: it goes with nothing
    scratch: Scratch,
    #[cfg(test)]
    pub(super) most_visible: Option<usize>,
}

/// What a subject may see.
enum Sight {
    All(Rc<VisibleTitles>),
    TooMuch,
    /// It was too much in an earlier state. The index serves one who sees little as well, only later, so this is believed until a search
    /// had to look long.
    TooMuchBefore,
}

/// The state of the file to which everything kept belongs.
struct State {
    committed: Committed,
    /// The time at which it was read, and that at which the next grant or relationship ends
    from: Millis,
    until: Millis,
}

impl State {
    fn read(store: &Store, committed: Committed, now: Millis) -> Result<State> {
        let text = store.clock.text();
        let next = |sql| {
            store.engine.with(sql, |statement| {
                let next: Option<Option<String>> = statement.query_map([&text], |row| row.get(0))?.next().transpose()?;
                Ok(expiry(next.flatten().as_deref()))
            })
        };
        let of_grants = next(include_str!("../../sql/search/cache/next_expiry.sql"))?;
        let of_relationships = viewer::where_there(next(include_str!("../../sql/search/cache/next_relationship_expiry.sql")))?;
        Ok(State { committed, from: now, until: of_grants.min(of_relationships.unwrap_or(Millis::MAX)) })
    }

    fn is(&self, committed: Committed, now: Millis) -> bool {
        self.committed == committed && (self.from..self.until).contains(&now)
    }
}

impl Cache {
    /// How many bytes are kept, by an estimate.
    pub(super) fn bytes(&self) -> usize {
        let notes = self.index.iter().flatten().map(|index| index.notes.entries.len() + 64).sum::<usize>();
        (self.entries + notes) * BYTES_OF_ENTRY
    }

    fn most_visible(&self) -> usize {
        #[cfg(test)]
        if let Some(most) = self.most_visible {
            return most;
        }
        MOST_VISIBLE
    }

    #[cfg(test)]
    pub(super) fn has_all_of(&self, subject: &str) -> bool {
        matches!(self.visible.get(subject), Some(Sight::All(_)))
    }

    /// Keeps nothing any more.
    pub(super) fn forget(&mut self) {
        self.renew();
        self.visible.clear();
        self.entries = 0;
    }

    /// Forgets what belongs to one state of the file.
    fn renew(&mut self) {
        self.at = None;
        self.generation += 1;
        (self.of_subjects, self.of_administrators, self.index, self.commands) = (None, None, None, None);
        self.visible.retain(|_, sight| !matches!(sight, Sight::All(_)));
        self.visible.values_mut().for_each(|sight| *sight = Sight::TooMuchBefore);
        self.entries = self.visible.len();
        if self.entries > MOST_KEPT {
            self.visible.clear();
            self.entries = 0;
        }
    }
}

/// What is kept, brought to the state of the file that is in view; `None` where nothing may be kept. To be called with that state held.
fn kept(search: &Search) -> Result<Option<RefMut<'_, Cache>>> {
    let Store { engine, clock, .. } = &*search.store;
    if engine.transaction() == Transaction::Write {
        return Ok(None);
    }
    // Borrowed already only where a search runs within another: somebody put a view in the place of one of our tables.
    let Ok(mut kept) = search.cache.try_borrow_mut() else { return Ok(None) };
    if kept.moves != clock.moves() {
        kept.forget();
        kept.moves = clock.moves();
    }
    let most = search.store.limits.get().kept_bytes;
    let Some(committed) = engine.committed().filter(|_| most > 0 && kept.bytes() <= most) else {
        kept.forget();
        return Ok(None);
    };
    let now = clock.now();
    if !kept.at.as_ref().is_some_and(|at| at.is(committed, now)) {
        kept.renew();
        kept.at = Some(State::read(&search.store, committed, now)?);
    }
    Ok(Some(kept))
}

/// What stands in a slot, kept from earlier or read now.
fn keep<T: Clone>(search: &Search, slot: impl Fn(&mut Cache) -> &mut Option<T>, read: impl FnOnce() -> Result<T>) -> Result<T> {
    let generation = match kept(search)? {
        Some(mut kept) => match slot(&mut kept) {
            Some(found) => return Ok(found.clone()),
            None => kept.generation,
        },
        None => return read(),
    };
    let fresh = read()?;
    if let Some(mut kept) = kept(search)?.filter(|kept| kept.generation == generation) {
        *slot(&mut kept) = Some(fresh.clone());
    }
    Ok(fresh)
}

/// What makes resources visible to a viewer, type by type.
pub(crate) fn visible_types(search: &Search, viewer: &Viewer) -> Result<VisibleTypes> {
    let read = || viewer::visible_types(&search.store.engine, viewer);
    match viewer {
        Viewer::Subject(_) => keep(search, |kept| &mut kept.of_subjects, read),
        Viewer::Administrator => keep(search, |kept| &mut kept.of_administrators, read),
    }
}

/// The index with its notes; `None` when there is none to use.
pub(crate) fn index(search: &Search) -> Result<Option<Rc<Index>>> {
    keep(search, |kept| &mut kept.index, || Ok(super::index::read(&search.store.engine)?.map(Rc::new)))
}

/// The pages and actions of the application.
pub(crate) fn commands(search: &Search) -> Result<Rc<[Command]>> {
    keep(search, |kept| &mut kept.commands, || Ok(super::commands::all(&search.store.engine)?.into()))
}

/// Everything that a subject may see; `None` when it is too much.
pub(crate) fn visible(search: &Search, eyes: &Eyes<'_>, subject: &str) -> Result<Option<Rc<VisibleTitles>>> {
    let (generation, most) = match kept(search)? {
        Some(mut kept) => {
            if kept.entries > MOST_KEPT {
                kept.visible.clear();
                kept.entries = 0;
            }
            match kept.visible.get(subject) {
                Some(Sight::All(visible)) => return Ok(Some(Rc::clone(visible))),
                Some(Sight::TooMuch | Sight::TooMuchBefore) => return Ok(None),
                None => (Some(kept.generation), kept.most_visible()),
            }
        }
        None => (None, search.cache.try_borrow().map_or(MOST_VISIBLE, |kept| kept.most_visible())),
    };
    let visible = eyes.everything(most)?.map(Rc::new);
    if let Some(mut kept) = kept(search)?.filter(|kept| Some(kept.generation) == generation) {
        kept.entries += visible.as_ref().map_or(1, |visible| visible.len() + 1);
        kept.visible.insert(subject.to_owned(), visible.clone().map_or(Sight::TooMuch, Sight::All));
    }
    Ok(visible)
}

/// A search had to look long: what was only believed of the subject will be found out by the next.
pub(crate) fn doubt(search: &Search, subject: &str) -> Result<()> {
    if let Some(mut kept) = kept(search)?
        && matches!(kept.visible.get(subject), Some(Sight::TooMuchBefore))
    {
        kept.visible.remove(subject);
        kept.entries = kept.entries.saturating_sub(1);
    }
    Ok(())
}

/// Room to score in, which is costly to make: to be given back.
pub(crate) fn scratch(search: &Search) -> Scratch {
    search.cache.try_borrow_mut().map(|mut kept| std::mem::take(&mut kept.scratch)).unwrap_or_default()
}

/// Takes such room back.
pub(crate) fn give_back(search: &Search, scratch: Scratch) {
    if let Ok(mut kept) = search.cache.try_borrow_mut() {
        kept.scratch = scratch;
    }
}
