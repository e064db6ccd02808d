//! The program: reads the command line, does one command, says how it ended.
//!
//! In: arguments and `CAIRN_*`. Out: data on stdout, all else on stderr, an exit code ([`exit::Exit`]). What a command does
//! stands in [`commands`], one file each.

mod arguments;
mod caches;
mod commands;
mod configuration;
mod context;
mod error;
mod exit;
mod interrupt;
mod live_host;
mod machine;
mod repl;
mod store_path;
mod text_file;
mod ui;

use clap::Parser as _;

/// The evaluation runs on a thread of its own, where glibc's allocator is slow: with this one, 800 modules take a third less.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The program that runs first in the initrd, built by `build.rs`.
pub static INIT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/cairn-init"));

fn main() -> std::process::ExitCode {
    // First of all: sandboxes start this program again as their only thread.
    let tasks = [cairn_system::tasks::registry(), cairn_build::TASKS].concat();
    cairn_sys::maybe_run_as_child(&tasks);
    let huge_pages = give_up_huge_pages();
    let arguments = arguments::Arguments::parse();
    arguments.globals.color.apply();
    error::install_handler(arguments.globals.color);
    let arguments::Arguments { globals, command } = arguments;
    if huge_pages && !command.is_brief() {
        // A kernel that could switch them off can switch them on.
        let _ = rustix::thread::disable_transparent_huge_pages(false);
    }
    // Before threads are: they would keep the closed view of the store.
    let opened = if command.writes_contents() && !globals.dry_run {
        machine::open_store_for_writing(&globals.root).map_err(Into::into)
    } else {
        Ok(())
    };
    let ended = opened
        .and_then(|()| context::Context::new(globals, command.on_signal()))
        .and_then(|context| command.run(&context));
    match ended {
        Ok(exit) => exit.into(),
        Err(error) => error.print().into(),
    }
}

/// Asks for no fresh memory in pages of 2 MiB: to clear one takes a tenth of the time of a command that needs little, and to
/// ask for small ones takes longer where much is needed. Says whether there were any before; other programs that are started
/// inherit this.
fn give_up_huge_pages() -> bool {
    let are_there = rustix::thread::transparent_huge_pages_are_disabled() == Ok(false);
    are_there && rustix::thread::disable_transparent_huge_pages(true).is_ok()
}
