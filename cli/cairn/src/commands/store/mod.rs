//! `cairn store`: what is in the store, path by path.

mod add;
mod cat;
mod diff;
mod export;
mod import;
mod info;
mod ls;
mod optimise;
mod roots;
mod within;

pub use info::keeper as keeper_json;

use clap::{Args, Subcommand};

use super::Ended;
use super::verify::Verify;
use crate::context::Context;

/// Adds, lists, shows, compares, verifies, optimises, exports and imports what is in the store.
///
/// A store path is written whole, by its base name `<hash>-<name>`, or by as much of its beginning as only one has;
/// `PATH/usr/bin` means a file or folder in it.
#[derive(Debug, Args)]
pub struct Store {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    Add(add::Add),
    Ls(ls::Ls),
    Cat(cat::Cat),
    Info(info::Info),
    Diff(diff::Diff),
    Verify(Verify),
    Optimise(optimise::Optimise),
    Roots(roots::Roots),
    Export(export::Export),
    Import(import::Import),
}

impl Store {
    /// Whether it puts contents into the store or takes them away.
    pub fn writes_contents(&self) -> bool {
        match &self.act {
            Act::Add(_) | Act::Optimise(_) | Act::Import(_) => true,
            Act::Verify(command) => command.repairs(),
            Act::Ls(_)
            | Act::Cat(_)
            | Act::Info(_)
            | Act::Diff(_)
            | Act::Roots(_)
            | Act::Export(_) => false,
        }
    }

    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        match &self.act {
            Act::Add(command) => command.run(context),
            Act::Ls(command) => command.run(context),
            Act::Cat(command) => command.run(context),
            Act::Info(command) => command.run(context),
            Act::Diff(command) => command.run(context),
            Act::Verify(command) => command.run(context),
            Act::Optimise(command) => command.run(context),
            Act::Roots(command) => command.run(context),
            Act::Export(command) => command.run(context),
            Act::Import(command) => command.run(context),
        }
    }
}
