//! How long a plan of 20,000 derivations takes: `cargo bench -p cairn-build`.
//!
//! Two graphs, one of layers in which each step needs five of the layer before, one a single chain; each when nothing is known, when
//! everything is recorded in a store on disk, and when what is needed by all has changed. Prints wall time, lookups on disk included.

#![allow(
    clippy::unwrap_used,
    reason = "a measurement stops at the first surprise"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use cairn_build::plan_in;
use cairn_disk::{ObjectMeta, Store};
use cairn_graph::{BuildGraph, Content, Derivation, DerivationId, Output, Realisation, StorePath};
use serde_json::json;

const STEPS: u32 = 20_000;
const WIDTH: u32 = 200;
const RUNS: usize = 7;

fn main() {
    println!("{STEPS} derivations; {RUNS} runs each");
    for (shape, needs) in [
        ("layers", layered as fn(u32) -> Vec<u32>),
        ("chain", chained as fn(u32) -> Vec<u32>),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let (graph, last) = graph(needs, "first");
        measure(&format!("{shape}, nothing known"), || {
            plan_in(&graph, &[last], Some(&store)).unwrap().order.len()
        });
        record(&graph, last, &store);
        measure(&format!("{shape}, all known"), || {
            let plan = plan_in(&graph, &[last], Some(&store)).unwrap();
            assert!(plan.is_done());
            plan.known.len()
        });
        let (changed, last) = self::graph(needs, "second");
        measure(&format!("{shape}, the first changed"), || {
            let plan = plan_in(&changed, &[last], Some(&store)).unwrap();
            assert!(!plan.is_done());
            plan.order.len()
        });
    }
}

/// Five of the layer before.
fn layered(number: u32) -> Vec<u32> {
    let (layer, place) = (number / WIDTH, number % WIDTH);
    match layer {
        0 => Vec::new(),
        _ => (0..5)
            .map(|step| (layer - 1) * WIDTH + (place + step * 37) % WIDTH)
            .collect(),
    }
}

fn chained(number: u32) -> Vec<u32> {
    number.checked_sub(1).into_iter().collect()
}

/// The graph, and its last step, which needs a whole layer more.
fn graph(needs: fn(u32) -> Vec<u32>, comment: &str) -> (BuildGraph, DerivationId) {
    let mut graph = BuildGraph::new();
    for number in 0..STEPS {
        // What the others of a distribution have: a few lines of script and some variables.
        let script = format!("./configure --prefix=$out\nmake -j4 step-{number}\nmake install\n");
        let comment = if number == 0 { comment } else { "" };
        let id = graph.add(Derivation {
            name: format!("step-{number}-1.2.3"),
            builder: "script".into(),
            builder_version: 1,
            args: json!({
                "script": script.repeat(5),
                "env": { "CFLAGS": "-O2 -g", "comment": comment },
                "interpreter": ["/bin/sh", "-eu"],
                "epoch": 1,
            }),
            fixed: None,
        });
        for input in needs(number) {
            graph
                .add_input(id, format!("step-{input}"), DerivationId(input))
                .unwrap();
        }
    }
    let last = DerivationId(STEPS - 1);
    for input in STEPS - WIDTH..STEPS - 1 {
        graph
            .add_input(last, format!("last-{input}"), DerivationId(input))
            .unwrap();
    }
    (graph, last)
}

/// Records every step as done.
fn record(graph: &BuildGraph, last: DerivationId, store: &Store) {
    let meta = ObjectMeta {
        executable: false,
        mtime: 1,
    };
    let mut outputs: Vec<Option<Output>> = vec![None; graph.len()];
    let mut realisations = Vec::new();
    for id in graph.order().unwrap() {
        let resolved = graph
            .resolve(id, |input| outputs[input.0 as usize].clone())
            .unwrap();
        let made = resolved.derivation.name.as_bytes();
        let (digest, size) = store.put_bytes(made, meta).unwrap();
        let content = Content::File {
            digest,
            size,
            executable: false,
        };
        let path = StorePath::new(&resolved.derivation.name, &content).unwrap();
        let output = Output { path, content };
        outputs[id.0 as usize] = Some(output.clone());
        realisations.push(Realisation::new(resolved.key(), output, Vec::new()));
    }
    store.realisations().put_all(&realisations).unwrap();
    assert!(outputs[last.0 as usize].is_some());
}

/// Measures one of them, unless the command line asks for another one.
fn measure<T>(what: &str, run: impl Fn() -> T) {
    let wanted = std::env::args().nth(1).filter(|name| name != "--bench");
    if wanted.is_some_and(|name| !what.contains(&name)) {
        return;
    }
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            black_box(run());
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    println!(
        "{what:28} best {:7.1} ms   median {:7.1} ms",
        times[0].as_secs_f64() * 1e3,
        times[RUNS / 2].as_secs_f64() * 1e3
    );
}
