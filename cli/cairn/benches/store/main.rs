//! Measures the store beside `cp`, Nix and OSTree on the same tree of 10,000 files and 500 MB of this machine's `/usr`, in one run.
//!
//! ```sh
//! cargo bench -p cairn --bench store              # everything
//! cargo bench -p cairn --bench store -- verify    # the rows whose titles hold a word
//! ```
//!
//! In: `CAIRN_BENCH_RUNS` (5); `CAIRN_BENCH_FOLDER`, where the trees and stores are made (the folder for temporary files);
//! `CAIRN_BENCH_SLOW=1` for the peers that take minutes. Out: for each work the median wall time of each contender, which take turns, and
//! how many times ours it is. What has a command is measured as a whole process, its start included; the rest says
//! "in process".

#![allow(clippy::expect_used, reason = "a measurement: a panic is how it fails")]

mod many;
mod tree;

use cairn_disk::{MaterialiseOptions, Store};
use cairn_graph::{Content, StorePath, Tree, compose};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// One way to do a work.
struct Contender<'a> {
    name: &'static str,
    /// Not timed.
    prepare: Box<dyn Fn() + 'a>,
    run: Box<dyn Fn() + 'a>,
}

/// Where everything is.
struct Bench {
    folder: PathBuf,
    runs: usize,
    words: Vec<String>,
    slow: bool,
}

fn main() {
    let base =
        std::env::var_os("CAIRN_BENCH_FOLDER").map_or_else(std::env::temp_dir, PathBuf::from);
    let scratch = tempfile::tempdir_in(base).expect("a folder to work in");
    let bench = Bench {
        folder: scratch.path().into(),
        runs: std::env::var("CAIRN_BENCH_RUNS").map_or(5, |runs| runs.parse().expect("a number")),
        words: std::env::args()
            .skip(1)
            .filter(|word| !word.starts_with("--"))
            .collect(),
        slow: std::env::var_os("CAIRN_BENCH_SLOW").is_some(),
    };
    let made = tree::copy(Path::new("/usr"), &bench.at("tree"));
    println!(
        "{} files, {} MB; medians of {} runs, `×` is a contender's time in ours",
        made.files,
        made.bytes / 1_000_000,
        bench.runs
    );
    bench.adding();
    bench.checking_out();
    bench.verifying();
    bench.composing();
    bench.caching();
    bench.collecting();
    bench.planning();
}

impl Bench {
    fn at(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn wants(&self, title: &str) -> bool {
        self.words.is_empty() || self.words.iter().any(|word| title.contains(&**word))
    }

    fn adding(&self) {
        let cp = || {
            run(Command::new("cp")
                .arg("-a")
                .arg(self.at("tree"))
                .arg(self.at("copy")))
        };
        self.row(
            "add, durable",
            vec![
                Self::contender(
                    "cairn",
                    || self.remove("cairn"),
                    || self.cairn(&["store", "add", "--name", "tree"], Some("tree")),
                ),
                Self::contender("cp -a", || self.remove("copy"), cp),
                Self::contender("nix", || self.remove("nix"), || self.nix_add()),
                Self::contender("ostree", || self.ostree_init(), || self.ostree_commit()),
            ],
        );
        self.remove("copy");
        self.row(
            "add again, unchanged",
            vec![
                Self::contender(
                    "cairn",
                    || {},
                    || self.cairn(&["store", "add", "--name", "tree"], Some("tree")),
                ),
                Self::contender("nix", || {}, || self.nix_add()),
                Self::contender("ostree", || {}, || self.ostree_commit()),
            ],
        );
    }

    fn checking_out(&self) {
        let title = "check out (hard links)";
        if !self.wants(title) {
            return;
        }
        let checkout = || {
            let store = self.store();
            let tree = Self::tree_of(&store);
            let made = store.materialise(&tree, &self.at("out"), MaterialiseOptions::STORE);
            made.expect("it is checked out");
        };
        let ostree = || {
            let repo = format!("--repo={}", self.at("ostree").display());
            run(Command::new("ostree")
                .args([&repo, "checkout", "-H", "bench"])
                .arg(self.at("out")));
        };
        self.row(
            title,
            vec![
                Self::contender("cairn, in process", || self.remove("out"), checkout),
                Self::contender(
                    "cp -al",
                    || self.remove("out"),
                    || {
                        run(Command::new("cp")
                            .arg("-al")
                            .arg(self.at("tree"))
                            .arg(self.at("out")));
                    },
                ),
                Self::contender("ostree", || self.remove("out"), ostree),
            ],
        );
        self.remove("out");
    }

    fn verifying(&self) {
        let repo = format!("--repo={}", self.at("ostree").display());
        self.row(
            "verify",
            vec![
                Self::contender("cairn", || {}, || self.cairn(&["store", "verify"], None)),
                Self::contender(
                    "ostree",
                    || {},
                    || run(Command::new("ostree").args([&repo, "fsck", "-q"])),
                ),
            ],
        );
    }

    /// 250 packages of 80 files each.
    fn composing(&self) {
        let title = "compose 250 trees: the list";
        if !self.wants(title) {
            return;
        }
        let store = Store::open(&self.at("packages")).expect("a store");
        let packages: Vec<Tree> = (0..250)
            .map(|number| many::package(&store, number))
            .collect();
        let layers: Vec<(&str, &Tree)> = packages.iter().map(|tree| ("package", tree)).collect();
        let list = || compose(&layers).expect("no two packages have the same file");
        self.row(
            title,
            vec![Self::contender("cairn, in process", || {}, || drop(list()))],
        );
        let whole = list();
        let lay_out = |place: &Path| {
            store
                .materialise(&whole, place, MaterialiseOptions::STORE)
                .expect("it is laid out");
        };
        lay_out(&self.at("composed"));
        self.row(
            "compose 250 trees: the folder",
            vec![
                Self::contender(
                    "cairn, in process",
                    || self.remove("out"),
                    || lay_out(&self.at("out")),
                ),
                Self::contender(
                    "cp -al",
                    || self.remove("out"),
                    || {
                        run(Command::new("cp")
                            .arg("-al")
                            .arg(self.at("composed"))
                            .arg(self.at("out")));
                    },
                ),
            ],
        );
        self.remove("out");
    }

    fn collecting(&self) {
        let title = "gc dry run, 20,000 paths";
        if !self.wants(title) {
            return;
        }
        many::paths(
            &Store::open(&self.at("many")).expect("a store"),
            many::COUNT,
        );
        let mut contenders = vec![Self::contender(
            "cairn",
            || {},
            || {
                let mut command = Command::new(env!("CARGO_BIN_EXE_cairn"));
                run(command
                    .arg("--root")
                    .arg(self.at("many"))
                    .args(["gc", "--dry-run"]));
            },
        )];
        if self.slow && is_there("nix-store") {
            many::nix_paths(&self.at("many-nix"), many::COUNT);
            contenders.push(Self::contender(
                "nix",
                || {},
                || {
                    run(self
                        .nix()
                        .args(["--gc", "--print-dead"])
                        .env("NIX_STORE", ""));
                },
            ));
        }
        self.row(title, contenders);
    }

    fn planning(&self) {
        let title = "plan of 20,000 derivations";
        if !self.wants(title) {
            return;
        }
        let graph = many::derivations(many::COUNT);
        let last = graph.ids().last().expect("there are some");
        self.row(
            title,
            vec![Self::contender(
                "cairn, in process",
                || {},
                || {
                    let plan = cairn_build::plan(&graph, &[last], |_| None);
                    assert_eq!(plan.expect("a plan").order.len(), many::COUNT as usize);
                },
            )],
        );
    }

    fn caching(&self) {
        let title = "push and pull by a folder";
        if !self.wants(title) {
            return;
        }
        let store = self.store();
        let path = Self::path_of(&store);
        let (key, public) = (self.at("cache.key"), self.at("cache.key.pub"));
        if !key.exists() {
            run(self.ours("cairn").args(["cache", "keygen"]).arg(&key));
        }
        let cairn = || {
            let mut push = self.ours("cairn");
            push.args(["cache", "push"])
                .arg(self.at("cache"))
                .arg(path.base_name());
            run(push.arg("--key").arg(&key));
            let mut pull = self.ours("pulled");
            pull.args(["cache", "pull"])
                .arg(self.at("cache"))
                .arg(path.base_name());
            run(pull.arg("--trust").arg(&public));
        };
        let nix = || {
            let cache = format!("file://{}?compression=zstd", self.at("nix-cache").display());
            let path = self.nix_add();
            Self::nix_copy(&self.at("nix").display().to_string(), &cache, &path);
            Self::nix_copy(&cache, &self.at("nix-pulled").display().to_string(), &path);
        };
        let remove = |names: &[&str]| names.iter().for_each(|name| self.remove(name));
        self.row(
            title,
            vec![
                Self::contender("cairn", || remove(&["cache", "pulled"]), cairn),
                Self::contender("nix", || remove(&["nix-cache", "nix-pulled"]), nix),
            ],
        );
        for (name, folder) in [("cairn", "cache"), ("nix", "nix-cache")] {
            if self.at(folder).exists() {
                println!(
                    "{:<30} {name}: {} MB in the cache",
                    "",
                    self.size(folder) / 1_000_000
                );
            }
        }
    }

    /// Nix takes the tree again with each copy, which costs it a part of what `add again` says.
    fn nix_copy(from: &str, to: &str, path: &str) {
        let mut command = Command::new("nix");
        command.args(["--extra-experimental-features", "nix-command", "copy"]);
        run(command.args(["--no-check-sigs", "--from", from, "--to", to, path]));
    }

    /// Bytes of all files in a folder.
    fn size(&self, name: &str) -> u64 {
        let mut command = Command::new("du");
        let output = command
            .args(["-sb"])
            .arg(self.at(name))
            .output()
            .expect("it starts");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let word = said.split_whitespace().next().expect("a number");
        word.parse().expect("a number")
    }

    fn contender<'a, P, R>(
        name: &'static str,
        prepare: impl Fn() -> P + 'a,
        run: impl Fn() -> R + 'a,
    ) -> Contender<'a> {
        Contender {
            name,
            prepare: Box::new(move || drop(prepare())),
            run: Box::new(move || drop(run())),
        }
    }

    /// Lets the contenders take turns; prints the medians.
    fn row(&self, title: &str, contenders: Vec<Contender<'_>>) {
        if !self.wants(title) {
            return;
        }
        let there: Vec<_> = contenders
            .into_iter()
            .filter(|one| match one.name {
                "nix" => is_there("nix-store"),
                "ostree" => is_there("ostree"),
                _ => true,
            })
            .collect();
        let mut times: Vec<Vec<Duration>> = vec![Vec::new(); there.len()];
        for _ in 0..self.runs.max(1) {
            for (one, times) in there.iter().zip(&mut times) {
                (one.prepare)();
                // What was written before is not paid for by who comes next.
                run(&mut Command::new("sync"));
                let begun = Instant::now();
                (one.run)();
                times.push(begun.elapsed());
            }
        }
        let medians: Vec<Duration> = times.into_iter().map(median).collect();
        let ours = medians[0].as_secs_f64();
        let shown: Vec<String> = there
            .iter()
            .zip(&medians)
            .map(|(one, time)| {
                let seconds = time.as_secs_f64();
                format!(
                    "{} {:.1} ms ({:.2}×)",
                    one.name,
                    seconds * 1e3,
                    seconds / ours
                )
            })
            .collect();
        println!("{title:<30} {}", shown.join("   "));
    }

    fn store(&self) -> Store {
        Store::open(&self.at("cairn")).expect("a store")
    }

    /// The one path that was added.
    fn path_of(store: &Store) -> StorePath {
        let mut records = fs::read_dir(store.layout().paths()).expect("records");
        let name = records.next().expect("a path").expect("a path").file_name();
        name.to_str().expect("a name").parse().expect("a path")
    }

    fn tree_of(store: &Store) -> Tree {
        let path = Self::path_of(store);
        match store.path_content(&path).expect("a record") {
            Content::Tree { digest } => store.tree(&digest).expect("a tree"),
            Content::File { .. } => panic!("a tree was added"),
        }
    }

    fn cairn(&self, words: &[&str], path: Option<&str>) {
        let path = path.map(|path| self.at(path));
        run(self.ours("cairn").args(words).args(path));
    }

    /// The program, on the store of this name.
    fn ours(&self, root: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cairn"));
        command.arg("--root").arg(self.at(root));
        command
    }

    fn nix(&self) -> Command {
        let mut command = Command::new("nix-store");
        command.arg("--store").arg(self.at("nix"));
        command
    }

    /// Adds the tree; its path.
    fn nix_add(&self) -> String {
        let said = run(self.nix().arg("--add").arg(self.at("tree")));
        said.trim().to_owned()
    }

    fn ostree_init(&self) {
        self.remove("ostree");
        let repo = format!("--repo={}", self.at("ostree").display());
        run(Command::new("ostree").args([&repo, "init", "--mode=bare"]));
    }

    fn ostree_commit(&self) {
        let repo = format!("--repo={}", self.at("ostree").display());
        run(Command::new("ostree")
            .args([&repo, "commit", "-b", "bench"])
            .arg(self.at("tree")));
    }

    fn remove(&self, name: &str) {
        run(Command::new("rm").arg("-rf").arg(self.at(name)));
    }
}

fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Runs a command to its end; what it printed.
fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
