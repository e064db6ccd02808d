//! Many small things: packages, paths and derivations, as stores of machines have them.

use cairn_disk::{ObjectMeta, Store};
use cairn_graph::{
    ActionKey, BuildGraph, Content, Derivation, Digest, Output, Realisation, StorePath, Tree,
};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// How many paths and derivations.
pub const COUNT: u32 = 20_000;

/// A package's tree of 80 files.
pub fn package(store: &Store, number: u32) -> Tree {
    let mut tree = Tree::new();
    for file in 0..80 {
        let text = format!("file {file} of package {number}\n").repeat(20);
        let meta = ObjectMeta {
            executable: false,
            mtime: 1,
        };
        let (digest, size) = store.put_bytes(text.as_bytes(), meta).expect("it is put");
        let path = format!("usr/share/package{number}/f{file}");
        tree.insert_file(&path, digest, size, 0o644)
            .expect("a path");
    }
    tree
}

/// Registered paths, each of one file and needing the one before, each recorded as made; nothing keeps them.
pub fn paths(store: &Store, count: u32) {
    let meta = ObjectMeta {
        executable: false,
        mtime: 1,
    };
    let mut realisations = Vec::new();
    let mut last: Option<StorePath> = None;
    for number in 0..count {
        let (digest, size) = store
            .put_bytes(format!("path {number}").as_bytes(), meta)
            .expect("it is put");
        let content = Content::File {
            digest,
            size,
            executable: false,
        };
        let path = StorePath::new(&format!("path{number}"), &content).expect("a name");
        let output = Output {
            path: path.clone(),
            content,
        };
        let references = last.replace(path).into_iter().collect();
        let action = ActionKey(Digest::of(&number.to_le_bytes()));
        realisations.push(Realisation::new(action, output, references));
    }
    store
        .realisations()
        .put_all(&realisations)
        .expect("they are recorded");
}

/// As many paths in a store of Nix, of one file each.
pub fn nix_paths(store: &Path, count: u32) {
    let mut text = String::from("builtins.deepSeq [");
    for number in 0..count {
        let _ = write!(text, "(builtins.toFile \"path{number}\" \"path {number}\")");
    }
    text.push_str("] 1");
    let file = store.with_extension("nix");
    std::fs::write(&file, text).expect("it is written");
    let mut command = Command::new("nix-instantiate");
    command
        .arg("--store")
        .arg(store)
        .args(["--eval", "--read-write-mode"])
        .arg(&file);
    assert!(
        command.output().expect("it starts").status.success(),
        "nix-instantiate failed"
    );
}

/// Layers of 200 derivations, each needing five of the layer before, and a last one that needs the last layer.
pub fn derivations(count: u32) -> BuildGraph {
    let mut graph = BuildGraph::new();
    let ids: Vec<_> = (0..count)
        .map(|number| {
            graph.add(Derivation {
                name: format!("step{number}"),
                builder: "script".into(),
                builder_version: 1,
                args: serde_json::json!({ "script": format!("make {number}"), "epoch": 1 }),
                fixed: None,
            })
        })
        .collect();
    for number in 200..count {
        let before = (number / 200 - 1) * 200;
        for step in 0..5 {
            let input = ids[(before + (number + step * 37) % 200) as usize];
            graph
                .add_input(ids[number as usize], format!("input{step}"), input)
                .expect("a label");
        }
    }
    let last = ids[count as usize - 1];
    for (number, id) in ids[..count as usize - 1].iter().enumerate() {
        if number as u32 / 200 == (count - 1) / 200 || number < 200 {
            let _ = graph.add_input(last, format!("also{number}"), *id);
        }
    }
    graph
}
