//! How fast text becomes a tree: `cargo bench -p cairn-syntax`.
//!
//! Reads one configuration of about 1 MB, such as people write, many times on one core, and prints MB/s of lexing,
//! of lexing and parsing, and of formatting, by the time that the processor worked for it. What was made is
//! dropped after the clock was read.

mod configuration;

use std::hint::black_box;
use std::time::Duration;

use cairn_syntax::lexer::tokenize;
use cairn_syntax::span::{SourceId, SourceMap};
use cairn_syntax::symbol::Interner;
use cairn_syntax::{format, parse_module};

use configuration::configuration;

const RUNS: usize = 60;

/// The one that `cairn` has: glibc's gives memory back after each run, and takes it anew.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let text = configuration(1_000_000);
    let mut sources = SourceMap::default();
    let id = sources.add("system.cairn", text.as_str());
    let parsed = parse_module(&sources, id, &mut Interner::default());
    assert!(parsed.errors.is_empty(), "{:?}", parsed.errors.first());
    let tokens = tokenize(&text, SourceId(0)).tokens.len();
    println!(
        "{} bytes, {} lines, {tokens} tokens, {} items; {RUNS} runs",
        text.len(),
        text.lines().count(),
        parsed.tree.items.len()
    );
    measure("lex", text.len(), || {
        tokenize(black_box(&text), SourceId(0))
    });
    measure("lex and parse", text.len(), || {
        let mut names = Interner::default();
        (parse_module(black_box(&sources), id, &mut names), names)
    });
    measure("format", text.len(), || {
        format(black_box(&text)).expect("the text is right")
    });
}

/// Measures one of them, unless the command line asks for another one.
fn measure<T>(what: &str, bytes: usize, run: impl Fn() -> T) {
    let wanted = std::env::args().nth(1).filter(|name| name != "--bench");
    if wanted.is_some_and(|name| name != what) {
        return;
    }
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let start = processor_time();
            let made = run();
            let time = processor_time().saturating_sub(start);
            drop(black_box(made));
            time
        })
        .collect();
    times.sort_unstable();
    let rate = |time: Duration| f64::from(bytes as u32) / 1e6 / time.as_secs_f64();
    println!(
        "{what:14} best {:6.1} MB/s ({:.1?})   median {:6.1} MB/s",
        rate(times[0]),
        times[0],
        rate(times[times.len() / 2])
    );
}

/// How long the processor has worked for this process.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
