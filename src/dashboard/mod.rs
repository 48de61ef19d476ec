//! `authz dashboard`: what one file says about who may do what, in a browser on this machine.
//!
//! | file | what happens there |
//! |---|---|
//! | `server.rs` | listening, and sending a request through the gate to its page |
//! | `connections.rs` | how many connections there may be, and how long a request may take to arrive |
//! | `gate.rs`, `opening.rs` | who gets in; how the browser is told the way |
//! | `site.rs`, `file.rs` | what the whole program knows; connections to the file, and how pages ask |
//! | `live.rs` | telling the open pages that something was written |
//! | `page.rs`, `problem.rs` | what a page is given and answers with, and why there is no answer |
//! | `layout.rs`, `words.rs` | the frame of a page; text out of the database as it may be shown; links, lists, forms |
//! | `actions.rs` | what changes something: one public function of the library each |
//! | `pages/` | a page a file; `palette.rs` is the box behind ⌘K |
//!
//! A page asks the public SQL surface, writes HTML, and is done: its state is its URL. It works without the script, which adds the box
//! behind ⌘K, opens branches in place and keeps the page up to date.
//!
//! May use: `program`, and of the library its public surface.

mod actions;
mod connections;
mod file;
mod gate;
mod layout;
mod live;
mod opening;
mod page;
mod pages;
mod problem;
mod server;
mod site;
mod words;

pub(crate) use self::server::{Options, serve};
