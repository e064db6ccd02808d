//! One file for each command.

mod bad_input;
mod build;
mod cache;
mod cached_steps;
mod check;
mod diff;
mod du;
mod eval;
mod fmt;
mod gc;
mod generations;
mod image;
mod interrupt;
mod lint;
mod lock;
mod log;
mod lsp;
mod manual;
mod options;
mod repl;
mod reproducible;
mod rollback;
mod status;
mod store;
mod store_export;
mod switch;
mod verify;
mod why;

use cairn_support::{Archive, CONFIG, Machine, small};

/// A machine that has the small system's configuration and nothing else yet.
fn fresh() -> (Archive, Machine) {
    let archive = small().build();
    let machine = Machine::new(&archive, CONFIG);
    (archive, machine)
}

/// A machine with generation 1.
fn one_generation() -> (Archive, Machine) {
    let (archive, machine) = fresh();
    machine.switch();
    (archive, machine)
}

/// A machine with generations 1 and 2; the second says `tiny2` as host name.
fn two_generations() -> (Archive, Machine) {
    let (archive, machine) = one_generation();
    machine.edit("system.cairn", "\"tiny\"", "\"tiny2\"");
    machine.switch();
    (archive, machine)
}

/// The numbers of all generations.
fn numbers(machine: &Machine) -> Vec<u64> {
    machine
        .generations()
        .iter()
        .map(|one| one["number"].as_u64().expect("a number"))
        .collect()
}

/// The number of the default generation.
fn default(machine: &Machine) -> Option<u64> {
    let all = machine.generations();
    all.iter()
        .find(|one| one["default"] == true)
        .and_then(|one| one["number"].as_u64())
}
