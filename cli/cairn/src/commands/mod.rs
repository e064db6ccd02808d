//! The commands, one file each; a command's doc comment is its help.
//!
//! In: its own arguments and the [`Context`]. Out: an [`Exit`]. A command asks, calls and shows; it knows how nothing is done.

mod build;
mod cache;
mod check;
mod completions;
mod diff;
mod doc;
mod du;
mod eval;
mod fmt;
mod gc;
mod generations;
mod image;
mod lint;
mod lock;
mod log;
mod lsp;
mod man;
mod options;
mod repl;
mod rollback;
mod status;
mod store;
mod switch;
mod tree;
mod update;
mod verify;
mod vm;
mod why;

pub use why::text as why_text;

use clap::Subcommand;

use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::interrupt::OnSignal;

/// How every command ends.
pub type Ended = Result<Exit, CommandError>;

/// A command with its arguments.
#[derive(Debug, Subcommand)]
pub enum Command {
    Switch(switch::Switch),
    Build(build::Build),
    Generations(generations::Generations),
    Rollback(rollback::Rollback),
    Status(status::Status),
    Diff(diff::Diff),
    Gc(gc::Gc),
    Image(image::Image),
    Vm(vm::Vm),
    Lock(lock::Lock),
    Update(update::Update),
    Check(check::Check),
    Eval(eval::Eval),
    Repl(repl::Repl),
    Lint(lint::Lint),
    Why(why::Why),
    Fmt(fmt::Fmt),
    Options(options::Options),
    Doc(doc::Doc),
    Store(store::Store),
    Verify(verify::Verify),
    Tree(tree::Tree),
    Du(du::Du),
    Cache(cache::Cache),
    Log(log::Log),
    Completions(completions::Completions),
    Man(man::Man),
    Lsp(lsp::Lsp),
}

impl Command {
    /// Whether it puts contents into the store or takes them away. Numbers, choices and locks are kept elsewhere.
    pub fn writes_contents(&self) -> bool {
        match self {
            Self::Switch(_) | Self::Build(_) | Self::Gc(_) | Self::Image(_) | Self::Vm(_) => true,
            Self::Verify(command) => command.repairs(),
            Self::Store(command) => command.writes_contents(),
            Self::Cache(command) => command.writes_contents(),
            _ => false,
        }
    }

    /// Whether it takes little time and memory, and starts no other program.
    pub fn is_brief(&self) -> bool {
        match self {
            Self::Eval(command) => command.is_brief(),
            Self::Completions(_) | Self::Man(_) | Self::Doc(_) => true,
            _ => false,
        }
    }

    /// What Ctrl-C does to it. What only computes and prints loses nothing when it ends at once.
    pub fn on_signal(&self) -> OnSignal {
        match self {
            Self::Check(_) | Self::Eval(_) | Self::Why(_) | Self::Options(_) => {
                OnSignal::EndsAtOnce
            }
            Self::Repl(_) => OnSignal::ListensItself,
            _ => OnSignal::StopsInOrder,
        }
    }

    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        match self {
            Self::Switch(command) => command.run(context),
            Self::Build(command) => command.run(context),
            Self::Generations(command) => command.run(context),
            Self::Rollback(command) => command.run(context),
            Self::Status(command) => command.run(context),
            Self::Diff(command) => command.run(context),
            Self::Gc(command) => command.run(context),
            Self::Image(command) => command.run(context),
            Self::Vm(command) => command.run(context),
            Self::Lock(command) => command.run(context),
            Self::Update(command) => command.run(context),
            Self::Check(command) => command.run(context),
            Self::Eval(command) => command.run(context),
            Self::Repl(command) => command.run(context),
            Self::Lint(command) => command.run(context),
            Self::Why(command) => command.run(context),
            Self::Fmt(command) => command.run(context),
            Self::Options(command) => command.run(context),
            Self::Doc(command) => command.run(context),
            Self::Store(command) => command.run(context),
            Self::Verify(command) => command.run(context),
            Self::Tree(command) => command.run(context),
            Self::Du(command) => command.run(context),
            Self::Cache(command) => command.run(context),
            Self::Log(command) => command.run(context),
            Self::Completions(command) => command.run(context),
            Self::Man(command) => command.run(context),
            Self::Lsp(command) => command.run(context),
        }
    }
}
