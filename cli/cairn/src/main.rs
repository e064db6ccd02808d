//! The program: reads the command line, does one command, says how it ended.
//!
//! In: arguments and `CAIRN_*`. Out: data on stdout, all else on stderr, an exit code ([`exit::Exit`]). What a command does
//! stands in [`commands`], one file each.

mod arguments;
mod commands;
mod configuration;
mod context;
mod error;
mod exit;
mod interrupt;
mod ui;

use clap::Parser as _;

/// The program that runs first in the initrd, built by `build.rs`.
pub static INIT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/cairn-init"));

fn main() -> std::process::ExitCode {
    // First of all: sandboxes start this program again as their only thread.
    let tasks = [cairn_system::tasks::registry(), cairn_build::TASKS].concat();
    cairn_sys::maybe_run_as_child(&tasks);
    let arguments = arguments::Arguments::parse();
    arguments.globals.color.apply();
    error::install_handler(arguments.globals.color);
    let ended = context::Context::new(arguments.globals)
        .and_then(|context| arguments.command.run(&context));
    match ended {
        Ok(exit) => exit.into(),
        Err(error) => error.print().into(),
    }
}
