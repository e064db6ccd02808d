//! `cairn-crash [--most N] [OPERATION…]`: tries the cut points of operations and prints a table.
//!
//! In: which operations (`add`, `first-add`, `recovery`, `build`, `switch`, `lock`, `collection`,
//! `first-switch`; all without this), and how many points of each kind at most. Out: the
//! table on standard output, what was lost on standard error. Exits with 1 when a point was lost.

use cairn_crash::operations::{self, Operation};
use cairn_crash::points::{Tried, kills, power_cuts, record};
use std::process::ExitCode;
use std::time::Instant;

/// Makes an operation.
type Make = fn() -> Operation;

/// All operations, and how many points of each kind are tried at most where nobody says it.
const OPERATIONS: [(&str, Make, usize); 8] = [
    ("add", operations::add, usize::MAX),
    ("first-add", operations::first_add, usize::MAX),
    ("recovery", operations::recovery, usize::MAX),
    ("build", operations::build, usize::MAX),
    ("switch", operations::switch, usize::MAX),
    ("lock", operations::lock, usize::MAX),
    ("collection", operations::collection, usize::MAX),
    // Each takes seconds, and there are thousands.
    ("first-switch", operations::first_switch, 60),
];

fn main() -> ExitCode {
    let mut wanted = Vec::new();
    let mut most = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--most" {
            match arguments.next().and_then(|number| number.parse().ok()) {
                Some(number) => most = Some(number),
                None => return usage(),
            }
        } else if OPERATIONS.iter().any(|(name, ..)| *name == argument) {
            wanted.push(argument);
        } else {
            return usage();
        }
    }
    let (mut tried, mut lost) = (0, 0);
    println!("operation    cut          points   tried    lost  seconds");
    for (name, make, at_most) in OPERATIONS {
        if !wanted.is_empty() && !wanted.iter().any(|wanted| wanted == name) {
            continue;
        }
        let operation = make();
        let most = most.unwrap_or(at_most);
        let mut show = |kind: &str, begun: Instant, found: &Tried| {
            println!(
                "{name:<12} {kind:<10} {:>8} {:>7} {:>7} {:>8.1}",
                found.points,
                found.tried,
                found.lost.len(),
                begun.elapsed().as_secs_f64()
            );
            for (what, why) in &found.lost {
                eprintln!("LOST {what}\n  {why}");
            }
            tried += found.tried;
            lost += found.lost.len();
        };
        let begun = Instant::now();
        show("kill", begun, &kills(&operation, most));
        let begun = Instant::now();
        let recording = record(&operation);
        show("power", begun, &power_cuts(&operation, &recording, most));
    }
    println!("{tried} cut points tried, {lost} lost");
    ExitCode::from(u8::from(lost > 0))
}

fn usage() -> ExitCode {
    eprintln!(
        "cairn-crash [--most NUMBER] [add|first-add|recovery|build|switch|lock|collection|first-switch]…"
    );
    ExitCode::from(2)
}
