//! Builds take single steps from caches: what another machine built and signed is not built again, and no trouble with a cache keeps
//! anything from being built.

use cairn_support::{Archive, Machine, Run};
use std::path::{Path, PathBuf};

use crate::{default, fresh, numbers, one_generation};

const HELLO: &str = "\
build({
  name   = \"hello\"
  script = \"mkdir -p $out/bin; echo 'echo hi' > $out/bin/hello; echo made hello\"
})
";

fn key(machine: &Machine) -> String {
    let run = machine.cairn(&["cache", "keygen"]).done();
    run.stdout.trim().to_owned()
}

/// Writes a file below `etc/cairn` of a machine's root.
fn etc(machine: &Machine, name: &str, text: &str) {
    let folder = machine.root().join("etc/cairn");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join(name), format!("{text}\n")).expect("written");
}

/// A machine with the configuration, expression and lock of another, that trusts a key and asks a cache.
fn beside(archive: &Archive, machine: &Machine, key: &str, cache: &str) -> Machine {
    let there = Machine::new(archive, &machine.read("system.cairn"));
    for name in ["cairn.lock", "hello.cairn"] {
        if machine.config(name).exists() {
            there.write(name, &machine.read(name));
        }
    }
    etc(&there, "trusted-keys", key);
    etc(&there, "caches", &format!("# the builder's\n{cache}"));
    there
}

/// A machine that has built `hello` and pushed the result; its key and cache.
fn pushed_hello() -> (Archive, Machine, String, PathBuf) {
    let (archive, machine) = fresh();
    machine.write("hello.cairn", HELLO);
    let run = machine.cairn(&["build", "hello.cairn"]).done();
    let key = key(&machine);
    let push = ["cache", "push", "cache", run.stdout.trim()];
    machine.cairn(&push).done();
    let cache = machine.config("cache");
    (archive, machine, key, cache)
}

fn pushed_system() -> (Archive, Machine, String, PathBuf) {
    let (archive, machine) = one_generation();
    let key = key(&machine);
    machine.cairn(&["cache", "push", "cache"]).done();
    let cache = machine.config("cache");
    (archive, machine, key, cache)
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn built(run: &Run) -> bool {
    run.stderr.contains("made hello")
}

#[test]
fn a_result_comes_from_the_cache_without_its_tools_and_is_known_the_next_time() {
    let (archive, machine, key, cache) = pushed_hello();
    let there = beside(&archive, &machine, &key, &text(&cache));
    let requests = archive.server().requests().len();
    let run = there.cairn(&["build", "hello.cairn", "-L"]).done();
    let run = run
        .says(&format!("took hello from {}", text(&cache)))
        .says("took 0 steps, 1 step from caches");
    assert!(!built(&run));
    assert_eq!(
        archive.server().requests().len(),
        requests,
        "the archive was asked"
    );
    let before = machine.cairn(&["build", "hello.cairn"]).done();
    assert_eq!(run.stdout, before.stdout);
    assert!(there.config("result/bin/hello").exists());
    there.cairn(&["verify"]).done();
    // Known: neither the cache nor the archive is needed any more.
    std::fs::remove_dir_all(&cache).expect("removed");
    drop(archive);
    let run = there.cairn(&["build", "hello.cairn", "-L"]).done();
    run.says("took 0 steps in").is_silent_on("from caches");
    // What is added to it is made on what comes.
    there.cairn(&["gc", "-y"]).done();
    there.cairn(&["verify"]).done();
}

#[test]
fn a_dry_run_says_what_would_be_taken_and_what_built() {
    let (archive, machine, key, cache) = pushed_hello();
    let there = beside(&archive, &machine, &key, &text(&cache));
    let dry = there.cairn(&["build", "hello.cairn", "-n"]).done();
    assert_eq!(
        dry.stdout,
        format!("would take hello  from {}\n", text(&cache))
    );
    let json = there
        .cairn(&["build", "hello.cairn", "-n", "--json"])
        .done()
        .json();
    assert_eq!(json["steps"][0]["from"], text(&cache).as_str());
    there
        .cairn(&["build", "hello.cairn", "-n", "--no-cache"])
        .done()
        .says("would build hello")
        .is_silent_on("would take");
    there.edit("hello.cairn", "echo hi", "echo ho");
    // The root of its tools is known, and had by nobody: it is made.
    there
        .cairn(&["build", "hello.cairn", "-n"])
        .done()
        .says("would fetch")
        .says("would build hello")
        .is_silent_on("would take");
}

#[test]
fn trouble_with_a_cache_is_said_and_the_step_is_built() {
    let (archive, machine, key, cache) = pushed_hello();
    // Nobody is trusted.
    let there = beside(&archive, &machine, "# nobody", &text(&cache));
    let run = there.cairn(&["build", "hello.cairn", "-L"]).done();
    assert!(built(&run.says("no key is trusted")));
    // Somebody else is.
    let there = beside(
        &archive,
        &machine,
        &self::key(&Machine::bare()),
        &text(&cache),
    );
    let run = there.cairn(&["build", "hello.cairn", "-L"]).done();
    assert!(built(&run.says("warning: closures/").says("is refused")));
    // Two must have signed.
    let other = self::key(&Machine::bare());
    let both = format!("{key}\n{other}\nthreshold 2");
    let there = beside(&archive, &machine, &both, &text(&cache));
    let run = there.cairn(&["build", "hello.cairn", "-L"]).done();
    assert!(built(&run.says("it has only 1")));
    // It is not reached: said once, for all steps.
    let there = beside(&archive, &machine, &key, "http://127.0.0.1:9");
    let run = there.cairn(&["build", "hello.cairn", "-L"]).done();
    assert_eq!(run.stderr.matches("warning:").count(), 1, "{run}");
    assert!(built(&run.says("127.0.0.1:9").says("it is asked no more")));
    // Its contents were changed.
    let there = beside(&archive, &machine, &key, &text(&cache));
    for folder in std::fs::read_dir(cache.join("packs"))
        .expect("packs")
        .flatten()
    {
        for pack in std::fs::read_dir(folder.path()).expect("packs").flatten() {
            let mut bytes = std::fs::read(pack.path()).expect("read");
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x55;
            std::fs::write(pack.path(), bytes).expect("written");
        }
    }
    let run = there.cairn(&["build", "hello.cairn", "-L"]).done();
    assert!(built(&run.says("warning: packs/").says("is refused")));
    there.cairn(&["verify"]).done().says("the store is sound");
}

#[test]
fn a_machine_takes_the_system_that_another_built_and_changes_it_by_itself() {
    let (archive, machine, key, cache) = pushed_system();
    let there = beside(&archive, &machine, &key, &text(&cache));
    let requests = archive.server().requests().len();
    there
        .cairn(&["switch", "system.cairn", "-y"])
        .done()
        .says("from ")
        .says("made generation 1")
        .is_silent_on("warning");
    assert_eq!(
        archive.server().requests().len(),
        requests,
        "the archive was asked"
    );
    assert_eq!(there.system(1), machine.system(1));
    assert_eq!(there.read("cairn.lock"), machine.read("cairn.lock"));
    there.cairn(&["verify"]).done().says("the store is sound");
    let unchanged = ["switch", "system.cairn", "-y", "--no-cache", "--offline"];
    there.cairn(&unchanged).done().says("unchanged");
    // Neither archive nor cache: the packages came along.
    std::fs::remove_dir_all(&cache).expect("removed");
    drop(archive);
    there.edit("system.cairn", "\"tiny\"", "\"tiny2\"");
    there
        .cairn(&["switch", "system.cairn", "-y"])
        .done()
        .says("made generation 2");
    there.cairn(&["gc", "-y"]).done();
    there.cairn(&["verify"]).done();
    assert_eq!((numbers(&there), default(&there)), (vec![1, 2], Some(2)));
}

#[test]
fn without_a_network_only_caches_in_folders_are_asked() {
    let (archive, machine, key, cache) = pushed_system();
    let there = beside(&archive, &machine, &key, "http://127.0.0.1:9");
    there
        .cairn(&["switch", "system.cairn", "-y", "--offline"])
        .exits(100)
        .says("archive::offline")
        .is_silent_on("127.0.0.1:9");
    let from = [
        "switch",
        "system.cairn",
        "-y",
        "--offline",
        "--cache",
        &text(&cache),
    ];
    there.cairn(&from).done().says("made generation 1");
}

#[test]
fn a_repair_takes_from_a_cache_what_the_store_lost_before_it_makes_anything_again() {
    let (archive, machine, key, cache) = pushed_system();
    etc(&machine, "trusted-keys", &key);
    etc(&machine, "caches", &text(&cache));
    drop(archive);
    // Trees that no path needs are no path's to be restored.
    machine.cairn(&["gc", "-y"]).done();
    // All contents are lost.
    let objects = machine.root().join("cairn/objects");
    for folder in std::fs::read_dir(&objects).expect("objects").flatten() {
        for object in std::fs::read_dir(folder.path()).expect("objects").flatten() {
            std::fs::remove_file(object.path()).expect("removed");
        }
    }
    for path in std::fs::read_dir(machine.root().join("cairn/store")).expect("paths") {
        std::fs::remove_dir_all(path.expect("a path").path()).expect("removed");
    }
    machine.cairn(&["verify"]).exits(1);
    machine
        .cairn(&["verify", "--repair", "--no-cache"])
        .exits(1);
    machine
        .cairn(&["verify", "--repair"])
        .done()
        .says("from a cache")
        .says("the store is sound")
        .is_silent_on("built ");
    machine.cairn(&["verify"]).done();
}
