//! Scripts built in real sandboxes into a real store. The program is its own sandbox child.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use cairn_build::script::{NAME, Script};
use cairn_build::{BuildError, Builders, Event, Options, RealiseError, Realised, realise};
use cairn_disk::{IngestOptions, ObjectMeta, Store};
use cairn_graph::{BuildGraph, Content, Derivation, DerivationId, EntryKind, StorePath, Tree};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

fn main() {
    cairn_sys::maybe_run_as_child(cairn_build::TASKS);
    libtest_mimic::run(&Arguments::from_args(), trials()).exit();
}

/// Gives a content that is in the store already, as if it had been built.
struct Given(Content);

impl cairn_build::Builder for Given {
    fn build(&self, _: &cairn_build::BuildContext<'_>) -> Result<cairn_build::Built, BuildError> {
        Ok(cairn_build::Built::new(self.0))
    }
}

/// Copies a program of the host and the libraries that it names.
fn copy_program(program: &str, root: &Path, seen: &mut BTreeSet<PathBuf>) {
    let output = Command::new("ldd").arg(program).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let libraries = text
        .split_whitespace()
        .filter(|word| word.starts_with('/'))
        .map(PathBuf::from);
    for path in libraries.chain([PathBuf::from(program)]) {
        if seen.insert(path.clone()) {
            let to = root.join(path.strip_prefix("/").unwrap());
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(&path, to).unwrap();
        }
    }
}

struct World {
    folder: tempfile::TempDir,
    store: Store,
    builders: Builders,
    options: Options,
    lines: Mutex<Vec<String>>,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let root = folder.path().join("root");
        let mut seen = BTreeSet::new();
        for program in [
            "/bin/sh",
            "/bin/cat",
            "/bin/mkdir",
            "/bin/chmod",
            "/bin/ls",
            "/bin/sleep",
            "/bin/ln",
            "/usr/bin/id",
        ] {
            copy_program(program, &root, &mut seen);
        }
        let root = store.ingest(&root, &IngestOptions::default()).unwrap();
        let (digest, size) = store
            .put_bytes(
                b"given",
                ObjectMeta {
                    executable: false,
                    mtime: 0,
                },
            )
            .unwrap();
        let builders = Builders::new()
            .with("root", Given(root))
            .with(
                "input",
                Given(Content::File {
                    digest,
                    size,
                    executable: false,
                }),
            )
            .with(NAME, Script);
        Self {
            folder,
            store,
            builders,
            options: Options::default(),
            lines: Mutex::default(),
        }
    }

    fn build(&self, args: Value) -> Result<(Realised, DerivationId), RealiseError> {
        let mut graph = BuildGraph::new();
        let derivation = |name: &str, builder: &str, args| Derivation {
            name: name.into(),
            builder: builder.into(),
            builder_version: 1,
            args,
            fixed: None,
        };
        let root = graph.add(derivation("root", "root", Value::Null));
        let input = graph.add(derivation("input", "input", Value::Null));
        let result = graph.add(derivation("result", NAME, args));
        graph.add_input(result, "root", root)?;
        graph.add_input(result, "given", input)?;
        let events = |event: Event| {
            if let Event::Line { line, .. } = event {
                self.lines.lock().unwrap().push(line);
            }
        };
        let cancelled = AtomicBool::new(false);
        let realised = realise(
            &graph,
            &[result],
            &self.builders,
            &self.store,
            &self.options,
            &cancelled,
            &events,
        )?;
        Ok((realised, result))
    }

    fn build_script(&self, script: &str) -> Result<Content, RealiseError> {
        let (realised, id) = self.build(json!({"script": script, "epoch": 1_700_000_000}))?;
        Ok(realised.outputs[&id].content)
    }

    fn text(&self, content: Content) -> String {
        let Content::File { digest, .. } = content else {
            panic!("{content} is no file")
        };
        String::from_utf8(self.store.read_object(&digest).unwrap()).unwrap()
    }

    fn tree(&self, content: Content) -> Tree {
        let Content::Tree { digest } = content else {
            panic!("{content} is no tree")
        };
        self.store.tree(&digest).unwrap()
    }
}

fn failure(error: RealiseError) -> cairn_build::Failure {
    let RealiseError::Failed { mut failures, .. } = error else {
        panic!("{error:?}")
    };
    failures.remove(0)
}

fn a_script_reads_its_inputs_and_its_output_enters_the_store() {
    let world = World::new();
    let (realised, id) = world
        .build(json!({
            "script": "echo building; mkdir $out; cat $given @placeholder@ >$out/file; ln -s $given $out/link; echo $MORE >$out/more",
            "env": {"MORE": "see @placeholder@"},
            "placeholders": {"@placeholder@": "given"},
            "epoch": 1_700_000_000,
        }))
        .unwrap();
    let output = &realised.outputs[&id];
    let tree = world.tree(output.content);
    let file = &tree.entries["file"];
    assert_eq!(
        (file.mode, file.uid, file.gid, file.mtime),
        (0o644, 0, 0, 1_700_000_000)
    );
    let EntryKind::Symlink { target } = &tree.entries["link"].kind else {
        panic!("a link")
    };
    let EntryKind::File { digest, .. } = &file.kind else {
        panic!("a file")
    };
    assert_eq!(world.store.read_object(digest).unwrap(), b"givengiven");
    let record = world.store.path_record(&output.path).unwrap().unwrap();
    let named: Vec<_> = record.references.iter().map(StorePath::logical).collect();
    assert_eq!(named, [target.as_str()]);
    assert_eq!(*world.lines.lock().unwrap(), ["building"]);
}

fn the_same_script_gives_the_same_output_and_is_not_run_again() {
    let (one, other) = (World::new(), World::new());
    let script = "mkdir $out; echo $SOURCE_DATE_EPOCH >$out/time";
    assert_eq!(
        one.build_script(script).unwrap(),
        other.build_script(script).unwrap()
    );
    let noisy = "echo run; echo x >$out";
    one.build_script(noisy).unwrap();
    one.build_script(noisy).unwrap();
    assert_eq!(*one.lines.lock().unwrap(), ["run"]);
}

fn a_script_is_a_fixed_user_without_host_or_network() {
    let world = World::new();
    let script = "{ id -u; id -g; ls /proc/self/fd >/dev/null; cat /proc/net/route | while read -r l; do echo \"route $l\"; done; \
        ls /; } >$out";
    let text = world.text(world.build_script(script).unwrap());
    let mut lines = text.lines();
    assert_eq!((lines.next(), lines.next()), (Some("1000"), Some("1000")));
    assert_eq!(
        text.lines()
            .filter(|line| line.starts_with("route") && !line.contains("Iface"))
            .count(),
        0
    );
    for name in ["home", "work", "var", "etc"] {
        assert!(!text.lines().any(|line| line == name), "{text}");
    }
}

fn inputs_and_their_store_paths_cannot_be_written() {
    let world = World::new();
    let script = "(echo x >$given) 2>/dev/null && echo written; (echo y >$(echo $given | cat)/z) 2>/dev/null && echo written; echo ok >$out";
    assert_eq!(world.text(world.build_script(script).unwrap()), "ok\n");
    assert_eq!(*world.lines.lock().unwrap(), Vec::<String>::new());
}

fn setuid_outputs_are_refused() {
    let world = World::new();
    let content = world
        .build_script(
            "mkdir $out; echo x >$out/f; chmod 4755 $out/f 2>/dev/null || chmod 755 $out/f",
        )
        .unwrap();
    assert_eq!(world.tree(content).entries["f"].mode, 0o755);
}

fn an_output_that_links_to_a_file_of_the_host_brings_nothing_of_it() {
    let world = World::new();
    let secret = world.folder.path().join("secret");
    fs::write(&secret, "a secret of the host").unwrap();
    let secret = secret.display();
    let whole = failure(
        world
            .build_script(&format!("ln -s {secret} $out"))
            .unwrap_err(),
    );
    assert!(whole.source.to_string().contains("out"), "{}", whole.source);
    let link = format!("mkdir $out; ln -s {secret} $out/link");
    let tree = world.tree(world.build_script(&link).unwrap());
    assert!(matches!(
        tree.entries["link"].kind,
        EntryKind::Symlink { .. }
    ));
    let digest = cairn_graph::Digest::of(b"a secret of the host");
    assert!(!world.store.has_object(&digest));
    // The control: who follows the link reads it.
    let made = world.folder.path().join("made");
    std::os::unix::fs::symlink(secret.to_string(), &made).unwrap();
    assert_eq!(fs::read_to_string(made).unwrap(), "a secret of the host");
}

fn inputs_do_not_become_the_output_by_another_name() {
    let world = World::new();
    let failed = failure(world.build_script("ln $given $out").unwrap_err());
    assert!(
        matches!(failed.source, BuildError::Command { .. }),
        "{}",
        failed.source
    );
}

fn the_script_itself_cannot_be_changed_or_replaced() {
    let world = World::new();
    let script = "for act in 'echo x >/build/.script' 'ln -sf x /build/.script'; do \
        (eval $act) 2>/dev/null && echo \"$act\"; done; echo ok >$out";
    assert_eq!(world.text(world.build_script(script).unwrap()), "ok\n");
    assert_eq!(*world.lines.lock().unwrap(), Vec::<String>::new());
}

fn a_failing_script_is_told_with_its_last_lines() {
    let world = World::new();
    let failed = failure(
        world
            .build_script("echo about to fail; cat /no/such/file; echo never")
            .unwrap_err(),
    );
    assert_eq!(failed.source.to_string(), "`result` exited with 1");
    assert_eq!(failed.tail.len(), 2, "{:?}", failed.tail);
    assert_eq!(failed.tail[0], "about to fail");
}

fn a_script_without_output_fails() {
    let world = World::new();
    let failed = failure(world.build_script("echo nothing").unwrap_err());
    assert!(
        failed.source.to_string().contains("left nothing at $out"),
        "{}",
        failed.source
    );
}

fn a_script_that_takes_too_long_is_stopped() {
    let world = World::new();
    let args = json!({"script": "sleep 600", "epoch": 0, "wall_secs": 1});
    let error = world.build(args).unwrap_err();
    assert_eq!(error.exit_code(), 101);
}

fn a_keptfolder_holds_what_the_failed_script_made() {
    let mut world = World::new();
    world.options.keep_failed = true;
    let failed = failure(world.build_script("echo half >half; exit 3").unwrap_err());
    let kept = failed.kept.unwrap();
    assert_eq!(
        fs::read_to_string(kept.join("build/half")).unwrap(),
        "half\n"
    );
}

fn trials() -> Vec<Trial> {
    let trial = |name: &str, test: fn()| {
        Trial::test(name, move || {
            test();
            Ok::<(), Failed>(())
        })
    };
    macro_rules! trials {
        ($($name:ident),* $(,)?) => { vec![$(trial(stringify!($name), $name)),*] };
    }
    trials![
        a_script_reads_its_inputs_and_its_output_enters_the_store,
        the_same_script_gives_the_same_output_and_is_not_run_again,
        a_script_is_a_fixed_user_without_host_or_network,
        inputs_and_their_store_paths_cannot_be_written,
        setuid_outputs_are_refused,
        an_output_that_links_to_a_file_of_the_host_brings_nothing_of_it,
        inputs_do_not_become_the_output_by_another_name,
        the_script_itself_cannot_be_changed_or_replaced,
        a_failing_script_is_told_with_its_last_lines,
        a_script_without_output_fails,
        a_script_that_takes_too_long_is_stopped,
        a_keptfolder_holds_what_the_failed_script_made,
    ]
}
