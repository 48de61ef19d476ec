//! The `authz` command: what it understands, and a file for each family of subcommands.
//!
//! Every subcommand asks through the public SQL surface, as any application would.
//!
//! May use: `program`, `dashboard`, and of the library its public surface.

mod ask;
#[cfg(feature = "dashboard")]
mod dashboard;
mod demo;
mod doctor;
mod events;
mod model;
mod options;
mod relay;
mod scim_import;
mod search;
mod session;
mod sessions;
mod test;
mod tree;
mod webhook;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::program::failure::Failure;

/// Authorization inside SQLite: who may do what, answered from one file.
#[derive(Parser)]
#[command(name = "authz", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a small product in demo.db and show its tables filtered by permission
    Demo(demo::Demo),
    /// Bring a file to the newest schema
    Migrate(model::Migrate),
    /// What is wrong with a file, and what to do about it. Exit status 1 where anything is
    Doctor(doctor::Doctor),
    /// Make the model of a file equal to a document
    Apply(model::Apply),
    /// Show what `apply` would do, and write nothing
    Plan(model::Apply),
    /// May this subject do that here? Exit status 0 is yes, 1 is no
    Check(ask::Question),
    /// Why, or why not
    Explain(ask::Question),
    /// The resources of a type on which a subject has a permission
    ListResources(ask::ListResources),
    /// The subjects that have a permission on a resource
    ListSubjects(ask::ListSubjects),
    /// Check a model against its tests, in the format of OpenFGA's store files. Exit status 1 if one fails
    Test(test::Test),
    /// A resource and what lies in it
    Tree(tree::Tree),
    /// What has changed, event by event, and what changes while you look
    Events(events::Events),
    /// See and steer the file in a browser on this machine
    #[cfg(feature = "dashboard")]
    Dashboard(dashboard::Dashboard),
    /// Send every event to a webhook: signed, in order, at least once
    Relay(relay::Relay),
    /// The newest sign-ins through identity providers, and how they went
    Sessions(sessions::Sessions),
    /// One session, step by step: what was sent, what went wrong, what to check next
    Session(session::Session),
    /// Bring a whole directory in from a file; run again, it goes on where it was interrupted
    ScimImport(scim_import::ScimImport),
    /// Resources, pages and actions by a few letters, as a subject sees them
    Search(search::Search),
    /// Make the index that search uses, or catch it up with what was written
    IndexSearch(search::IndexSearch),
}

/// Runs the command that the arguments ask for.
pub(crate) fn run() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Demo(demo) => demo.run(),
        Command::Migrate(migrate) => migrate.run(),
        Command::Doctor(doctor) => doctor.run(),
        Command::Apply(apply) => apply.run(),
        Command::Plan(plan) => plan.show(),
        Command::Check(question) => question.check(),
        Command::Explain(question) => question.explain(),
        Command::ListResources(list) => list.run(),
        Command::ListSubjects(list) => list.run(),
        Command::Test(test) => test.run(),
        Command::Tree(tree) => tree.run(),
        Command::Events(events) => events.run(),
        #[cfg(feature = "dashboard")]
        Command::Dashboard(dashboard) => dashboard.run(),
        Command::Relay(relay) => relay.run(),
        Command::Sessions(sessions) => sessions.run(),
        Command::Session(session) => session.run(),
        Command::ScimImport(import) => import.run(),
        Command::Search(search) => search.run(),
        Command::IndexSearch(index) => index.run(),
    };
    outcome.unwrap_or_else(|Failure(sentence)| {
        eprintln!("authz: {sentence}");
        ExitCode::from(2)
    })
}
