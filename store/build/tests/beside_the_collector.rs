//! Eight processes add, build and collect in one store at once; nothing that is referred to is lost.
//!
//! For 5 seconds here; for as long as `CAIRN_STRESS_SECONDS` says when it is set (`CAIRN_STRESS_SECONDS=180 cargo test --release -p
//! cairn-build --test beside_the_collector`).
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use cairn_build::{BuildContext, BuildError, Builder, Builders, Built, Options, realise};
use cairn_disk::{GcOptions, GcPlan, ObjectMeta, Store};
use cairn_graph::{BuildGraph, Content, Derivation, StorePath, Tree};
use serde_json::json;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// `<role> <number> <seconds> <folder>`: this process is one of the eight.
const ROLE: &str = "CAIRN_STRESS_ROLE";
/// Different things that are added, so that some that are just being collected are wanted again.
const POOL: u64 = 24;

/// Numbers that differ between processes and not between runs.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

#[test]
fn nothing_that_is_referred_to_is_lost_beside_collections() {
    if let Ok(role) = std::env::var(ROLE) {
        return play(&role);
    }
    let seconds: u64 =
        std::env::var("CAIRN_STRESS_SECONDS").map_or(5, |text| text.parse().unwrap());
    // Where a sync costs nothing there are many more rounds.
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    };
    Store::open(folder.path()).unwrap();
    let roles = [
        "add", "add", "add", "build", "build", "build", "collect", "collect",
    ];
    let start = |(number, role): (usize, &&str)| {
        Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "nothing_that_is_referred_to_is_lost_beside_collections",
                "--nocapture",
            ])
            .env(
                ROLE,
                format!("{role} {number} {seconds} {}", folder.path().display()),
            )
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let processes: Vec<_> = roles.iter().enumerate().map(start).collect();
    let mut rounds = Vec::new();
    for (role, process) in roles.iter().zip(processes) {
        let ended = process.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&ended.stdout);
        assert!(
            ended.status.success(),
            "{role}: {said}{}",
            String::from_utf8_lossy(&ended.stderr)
        );
        rounds.extend(
            said.lines()
                .filter(|line| line.contains("rounds"))
                .map(str::to_owned),
        );
    }
    println!("{}", rounds.join("\n"));

    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.verify().unwrap(), []);
    for (_, paths) in store.roots().list().unwrap() {
        for path in &paths {
            check_whole(&store, path);
        }
    }
}

fn play(role: &str) {
    let mut words = role.splitn(4, ' ');
    let (role, number) = (
        words.next().unwrap(),
        words.next().unwrap().parse::<u64>().unwrap(),
    );
    let seconds = words.next().unwrap().parse().unwrap();
    let folder = Path::new(words.next().unwrap());
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut random = Random(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(number + 1));
    let (mut rounds, mut moved) = (0_u64, 0);
    while Instant::now() < until {
        // A new open store each time, so that what the last one relied on may go.
        let store = Store::open(folder).unwrap();
        match role {
            "add" => add(&store, &mut random, number),
            "build" => build(&store, &mut random, number),
            _ => moved += collect(&store),
        }
        rounds += 1;
    }
    println!("{role} {number}: {rounds} rounds, {moved} collected");
    assert!(rounds > 1 && (role != "collect" || moved > 0));
}

/// Adds a path that needs another, keeps it under a name of this process', and looks whether what it kept before was whole.
fn add(store: &Store, random: &mut Random, process: u64) {
    let root = format!("process-{process}-{}", random.below(3));
    for (name, paths) in store.roots().list().unwrap() {
        if name == root {
            for path in &paths {
                check_whole(store, path);
            }
        }
    }
    let needed = random.below(POOL);
    let needed = put(store, &format!("needed {needed}"), &[]);
    let path = put(store, &format!("adds {}", random.below(POOL)), &[needed]);
    if random.below(4) > 0 {
        store.ensure_materialised(&path).unwrap();
    }
    std::thread::sleep(Duration::from_millis(random.below(12)));
    if random.below(5) == 0 {
        store.roots().remove(&root).unwrap();
    } else {
        store
            .roots()
            .set(&root, std::slice::from_ref(&path))
            .unwrap();
    }
    check_whole(store, &path);
}

fn put(store: &Store, text: &str, references: &[StorePath]) -> StorePath {
    let digest = store.put_tree(&tree(store, text)).unwrap();
    store
        .add_path("stress", Content::Tree { digest }, references)
        .unwrap()
}

/// Some files of its own, and some that others have too.
fn tree(store: &Store, text: &str) -> Tree {
    let mut tree = Tree::new();
    let mut file = |name: &str, text: &str| {
        let meta = ObjectMeta {
            executable: false,
            mtime: 1,
        };
        let (digest, size) = store.put_bytes(text.as_bytes(), meta).unwrap();
        tree.insert_file(name, digest, size, 0o644).unwrap();
    };
    for number in 0..6 {
        file(&format!("own{number}"), &format!("{number} of {text}"));
    }
    let last = text.len() - 1;
    file("shared", &format!("ends in {}", &text[last..]));
    tree
}

/// Makes a tree of its text and of nothing else, whatever its inputs are.
struct MakeTree;

impl Builder for MakeTree {
    fn build(&self, context: &BuildContext<'_>) -> Result<Built, BuildError> {
        let text: String = context.args()?;
        let tree = tree(context.store(), &text);
        std::thread::sleep(Duration::from_millis(3));
        let digest = context.store().put_tree(&tree)?;
        Ok(Built {
            references: context
                .inputs()
                .values()
                .map(|input| input.path.clone())
                .collect(),
            ..Built::new(Content::Tree { digest })
        })
    }
}

/// Builds a chain of three, much of which may be known from before, and keeps its end.
fn build(store: &Store, random: &mut Random, process: u64) {
    let mut graph = BuildGraph::new();
    let mut last = None;
    for step in 0..3 {
        let id = graph.add(Derivation {
            name: format!("step{step}"),
            builder: "tree".into(),
            builder_version: 1,
            args: json!(format!("built {step} {}", random.below(POOL / 3))),
            fixed: None,
        });
        if let Some(last) = last {
            graph.add_input(id, "input", last).unwrap();
        }
        last = Some(id);
    }
    let last = last.unwrap();
    let builders = Builders::new().with("tree", MakeTree);
    let (options, stop) = (Options::default(), AtomicBool::new(false));
    let realised = realise(&graph, &[last], &builders, store, &options, &stop, &|_| {}).unwrap();
    let path = &realised.outputs[&last].path;
    std::thread::sleep(Duration::from_millis(random.below(12)));
    store
        .roots()
        .set(&format!("built-{process}"), std::slice::from_ref(path))
        .unwrap();
    check_whole(store, path);
}

fn collect(store: &Store) -> usize {
    let moved = {
        let collecting = store.collecting().unwrap();
        let plan = GcPlan::new(&store.snapshot().unwrap(), &GcOptions::default()).unwrap();
        assert_eq!(plan.warnings, Vec::<String>::new());
        store.apply(&collecting, &plan).unwrap().moved
    };
    store.empty_trash().unwrap();
    std::thread::sleep(Duration::from_millis(5));
    moved
}

/// Its records, its manifests and all bytes.
fn check_whole(store: &Store, path: &StorePath) {
    for path in store.closure(path).unwrap() {
        let content = store.path_content(&path).unwrap();
        for (name, entry) in store.content_tree(&content, "file").unwrap().entries {
            if let cairn_graph::EntryKind::File { digest, .. } = &entry.kind {
                store
                    .read_object(digest)
                    .unwrap_or_else(|error| panic!("{path}/{name}: {error}"));
            }
        }
    }
}
