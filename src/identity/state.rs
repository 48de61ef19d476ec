//! What the functions of this room work with.

use std::cell::RefCell;
use std::rc::Rc;

use super::session_cache::SessionCache;
use super::template::Template;
use super::template::cache::TemplateCache;
use crate::base::clock::Clock;
use crate::facts::store::Store;
use crate::sqlite::connection::Engine;
use crate::sqlite::error::Result;
use crate::sqlite::scalar::OnConnection;

/// The statements of a connection, the clock by which it judges, and what is kept between calls.
pub(crate) struct Identity {
    pub(crate) engine: Rc<Engine>,
    pub(crate) clock: Rc<Clock>,
    /// What it knows of the data, for the limits of the connection
    store: Rc<Store>,
    /// Sessions of the application, as they were read
    pub(crate) sessions: RefCell<SessionCache>,
    /// Parsed templates of claims
    pub(crate) templates: RefCell<TemplateCache>,
}

impl OnConnection for Identity {
    fn engine(self: &Rc<Self>) -> Rc<Engine> {
        Rc::clone(&self.engine)
    }
}

impl Identity {
    pub(crate) fn new(store: &Rc<Store>) -> Rc<Identity> {
        Rc::new(Identity {
            engine: Rc::clone(&store.engine),
            clock: Rc::clone(&store.clock),
            store: Rc::clone(store),
            sessions: RefCell::default(),
            templates: RefCell::default(),
        })
    }

    /// The parsed form of a template.
    pub(crate) fn template(&self, text: &str) -> Result<Rc<Template>> {
        self.templates.borrow_mut().template(text, self.most_kept())
    }

    /// How many bytes of each kind are kept between calls at the most.
    pub(crate) fn most_kept(&self) -> usize {
        self.store.limits.get().kept_bytes
    }
}
