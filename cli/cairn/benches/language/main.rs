//! Measures the language, the `cairn` program whole, beside Nix and jrsonnet on equivalent programs, in one run.
//!
//! ```sh
//! cargo bench -p cairn --bench language           # everything
//! cargo bench -p cairn --bench language -- fib    # the programs whose names hold a word
//! ```
//!
//! In: the programs beside this file; `CAIRN_BENCH_RUNS` (7), `CAIRN_BENCH_NIX` and `CAIRN_BENCH_JRSONNET`, where
//! these are not in `PATH`; `NIX_PATH=lib=FOLDER` for the programs that need nixpkgs' `lib`. Out: a table of medians: user time, wall time, peak memory, and how many times ours each peer takes.

#![allow(clippy::expect_used, reason = "a measurement: a panic is how it fails")]
#![allow(
    clippy::cast_precision_loss,
    reason = "figures for people, with one digit after the point"
)]

#[path = "../../../../lang/syntax/benches/parse/configuration.rs"]
mod configuration;
mod modules;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use wait4::Wait4 as _;

/// The one that `cairn` has: what a parse takes is partly what memory takes.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The programs, in the order of the table; as in `cairn/`, `nix/` and `jsonnet/`.
const PROGRAMS: &[&str] = &[
    "start",
    "fib",
    "fold",
    "attrs",
    "merge",
    "submods20k",
    "modules800",
];

/// What one program took: medians.
#[derive(Clone, Copy)]
struct Taken {
    user: Duration,
    wall: Duration,
    peak_bytes: u64,
}

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    let chosen = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(&**word));
    let runs = std::env::var("CAIRN_BENCH_RUNS").map_or(7, |runs| runs.parse().expect("a number"));
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/language");
    let scratch = tempfile::tempdir().expect("a folder for what is generated");
    let nix = peer("CAIRN_BENCH_NIX", "nix-instantiate");
    let jrsonnet = peer("CAIRN_BENCH_JRSONNET", "jrsonnet");
    let has_lib = std::env::var("NIX_PATH").is_ok_and(|path| path.contains("lib="));
    println!(
        "medians of {runs} runs; user time, wall time, peak memory; `×` is a peer's user time in ours"
    );
    println!(
        "{:<12} {:>28}   {:>37}   {:>37}",
        "program", "cairn", "nix", "jrsonnet"
    );
    for name in PROGRAMS.iter().copied().filter(|name| chosen(name)) {
        let ours = measure(runs, || cairn(&here, scratch.path(), name));
        let mut line = format!("{name:<12} {}", shown(ours));
        let nix_file = here.join(format!("nix/{name}.nix"));
        let nix_runs = nix
            .as_ref()
            .filter(|_| nix_file.exists() && (has_lib || !needs_lib(&nix_file)));
        compare(
            &mut line,
            ours,
            nix_runs.map(|program| {
                measure(runs, || {
                    let mut command = Command::new(program);
                    command.args(["--eval", "--strict"]).arg(&nix_file);
                    command
                })
            }),
        );
        let jsonnet_file = here.join(format!("jsonnet/{name}.jsonnet"));
        let jrsonnet_runs = jrsonnet.as_ref().filter(|_| jsonnet_file.exists());
        compare(
            &mut line,
            ours,
            jrsonnet_runs.map(|program| {
                measure(runs, || {
                    let mut command = Command::new(program);
                    command.args(["--max-stack", "100000"]).arg(&jsonnet_file);
                    command
                })
            }),
        );
        println!("{line}");
    }
    if chosen("parse") {
        parse(runs);
    }
    for (known, how) in [
        (
            &nix,
            "nix: `apt install nix-bin`, or CAIRN_BENCH_NIX=…/nix-instantiate",
        ),
        (
            &jrsonnet,
            "jrsonnet: `cargo install jrsonnet --version 0.5.0-pre98 --root FOLDER`, then CAIRN_BENCH_JRSONNET=FOLDER/bin/jrsonnet",
        ),
    ] {
        if known.is_none() {
            println!("not measured: {how}");
        }
    }
}

/// A peer's program, where it is there.
fn peer(variable: &str, program: &str) -> Option<PathBuf> {
    if let Some(path) = std::env::var_os(variable) {
        return Some(path.into());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// Our command for a program: the whole configuration of `modules800`, the option `result` of any other.
fn cairn(here: &Path, scratch: &Path, name: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cairn"));
    command.arg("eval");
    if name == "modules800" {
        let entry = scratch.join("modules800/system.cairn");
        if !entry.exists() {
            modules::write(&scratch.join("modules800"), 800);
        }
        command.arg(entry);
    } else {
        let file = here.join(format!("cairn/{name}.cairn"));
        command.arg(file).args(["--option", "result"]);
    }
    command
}

/// Whether a program of Nix imports nixpkgs' library, which is found where `NIX_PATH` has `lib=FOLDER`.
fn needs_lib(file: &Path) -> bool {
    std::fs::read_to_string(file).is_ok_and(|text| text.contains("<lib>"))
}

/// Runs a command several times. A warm-up comes first, so that all files lie in memory.
fn measure(runs: usize, command: impl Fn() -> Command) -> Taken {
    let once = || {
        let mut command = command();
        command.stdout(Stdio::null()).stderr(Stdio::inherit());
        let begun = Instant::now();
        let child = command.spawn().expect("the program starts");
        let used = child.wait4().expect("the program ends");
        let wall = begun.elapsed();
        assert!(used.status.success(), "{command:?} failed");
        (used.rusage.utime, wall, used.rusage.maxrss)
    };
    once();
    let all: Vec<_> = (0..runs.max(1)).map(|_| once()).collect();
    Taken {
        user: median(all.iter().map(|one| one.0).collect()),
        wall: median(all.iter().map(|one| one.1).collect()),
        peak_bytes: median(all.iter().map(|one| one.2).collect()),
    }
}

fn median<T: Ord + Copy>(mut all: Vec<T>) -> T {
    all.sort_unstable();
    all[all.len() / 2]
}

fn shown(taken: Taken) -> String {
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    format!(
        "{:>7.1} {:>7.1} ms {:>6.1} MB",
        milliseconds(taken.user),
        milliseconds(taken.wall),
        taken.peak_bytes as f64 / 1e6
    )
}

fn compare(line: &mut String, ours: Taken, peer: Option<Taken>) {
    let cell = peer.map_or(String::new(), |peer| {
        let ratio = peer.user.as_secs_f64() / ours.user.as_secs_f64().max(1e-6);
        format!("{}  {ratio:>6.1}×", shown(peer))
    });
    let _ = write!(line, "   {cell:>37}");
}

/// Reads configurations of one megabyte, inside this process: the parser alone. One is as people write it, the other has nothing
/// but dense definitions, each with names of its own: a third fewer bytes a token.
fn parse(runs: usize) {
    let dense = (0..).map(modules::service);
    let mut text = String::new();
    for module in dense {
        if text.len() > 1_000_000 {
            break;
        }
        text.push_str(&module);
    }
    parse_text("parse", &configuration::configuration(1_000_000), runs);
    parse_text("parse dense", &text, runs);
}

fn parse_text(name: &str, text: &str, runs: usize) {
    let tokens = cairn_syntax::lexer::tokenize(text, cairn_syntax::span::SourceId(0)).tokens;
    let once = || {
        let mut sources = cairn_syntax::span::SourceMap::default();
        let source = sources.add("big.cairn", text);
        let mut names = cairn_syntax::symbol::Interner::default();
        let begun = Instant::now();
        let parsed = cairn_syntax::parse_module(&sources, source, &mut names);
        let taken = begun.elapsed();
        assert!(parsed.errors.is_empty(), "{:?}", parsed.errors.first());
        taken
    };
    // The first one takes its memory from the system.
    once();
    let taken = median((0..runs.max(1)).map(|_| once()).collect());
    println!(
        "{name:<12} {:>7.1} ms in this process, {:.0} MB/s of {:.1} MB, {:.1} bytes a token",
        taken.as_secs_f64() * 1e3,
        text.len() as f64 / 1e6 / taken.as_secs_f64(),
        text.len() as f64 / 1e6,
        text.len() as f64 / tokens.len() as f64
    );
}
