//! Operations on a store for the harness: `add ROOT FOLDER`, `add-without-commit ROOT FOLDER`, `build ROOT PATH`.
//!
//! In: the command line. Out: the store path that came of it, on standard output. The second one is wrong on purpose: it registers
//! what it never made durable.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "test code: a panic is how it fails"
)]

use cairn_build::script::{NAME, Script};
use cairn_build::{BuildContext, BuildError, Builder, Builders, Built, Options, realise};
use cairn_disk::{IngestOptions, Store};
use cairn_graph::{BuildGraph, Content, Derivation, StorePath};
use std::path::Path;
use std::sync::atomic::AtomicBool;

fn main() {
    cairn_sys::maybe_run_as_child(cairn_build::TASKS);
    let arguments: Vec<String> = std::env::args().collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let path = match words[1..] {
        ["add", root, folder] => add(root, folder, true),
        ["add-without-commit", root, folder] => add(root, folder, false),
        ["build", root, input] => build(root, input),
        _ => panic!("add ROOT FOLDER, add-without-commit ROOT FOLDER or build ROOT PATH"),
    };
    println!("{path}");
}

fn add(root: &str, folder: &str, commits: bool) -> StorePath {
    let store = Store::open(Path::new(root)).unwrap();
    let _lock = store.lock("add").unwrap();
    let folder = Path::new(folder);
    let content = store.ingest(folder, &IngestOptions::default()).unwrap();
    if commits {
        store.commit().unwrap();
    }
    let name = folder.file_name().unwrap().to_str().unwrap();
    let path = store.add_path(name, content, &[]).unwrap();
    if commits {
        store.commit().unwrap();
    } else {
        // Closing it would make it durable; and the folder would tell the next one what may be half there.
        let session = store.session().unwrap();
        std::mem::forget(store);
        std::fs::remove_dir_all(session.parent().unwrap()).unwrap();
    }
    path
}

/// Is in the store already.
struct Given(Content);

impl Builder for Given {
    fn build(&self, _: &BuildContext<'_>) -> Result<Built, BuildError> {
        Ok(Built::new(self.0))
    }
}

const SCRIPT: &str = "mkdir -p $out/bin $out/share; \
    for n in 1 2 3 4; do echo \"page $n\" >$out/share/page$n; done; \
    cat /bin/sh >$out/bin/tool; chmod 755 $out/bin/tool; ln -s bin/tool $out/tool; : >$out/empty; \
    echo needs $tools >$out/share/needs";

fn build(root: &str, input: &str) -> StorePath {
    let store = Store::open(Path::new(root)).unwrap();
    let _lock = store.lock("build").unwrap();
    let input: StorePath = input.parse().unwrap();
    let content = store.path_content(&input).unwrap();
    let derivation = |name: &str, builder: &str, args| Derivation {
        name: name.into(),
        builder: builder.into(),
        builder_version: 1,
        args,
        fixed: None,
    };
    let mut graph = BuildGraph::new();
    let given = graph.add(derivation("root", "given", serde_json::Value::Null));
    let args = serde_json::json!({"script": SCRIPT, "epoch": 1_700_000_000});
    let result = graph.add(derivation("result", NAME, args));
    graph.add_input(result, "root", given).unwrap();
    graph.add_input(result, "tools", given).unwrap();
    let builders = Builders::new()
        .with("given", Given(content))
        .with(NAME, Script);
    let realised = realise(
        &graph,
        &[result],
        &builders,
        &store,
        &Options::default(),
        &AtomicBool::new(false),
        &|_| (),
    )
    .unwrap();
    realised.outputs[&result].path.clone()
}
