//! `cairn cache`: a generation goes to another machine, which switches to it without archive or evaluation.

use cairn_support::{Fault, Machine, Server};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::{default, numbers, one_generation, two_generations};

/// Makes a key on a machine; its public line.
fn key(machine: &Machine) -> String {
    let run = machine.cairn(&["cache", "keygen"]).done();
    run.stdout.trim().to_owned()
}

/// A machine without a configuration and without an archive that trusts these keys.
fn elsewhere(keys: &[&str]) -> Machine {
    let machine = Machine::bare();
    trust(&machine, &keys.join("\n"));
    machine
}

fn trust(machine: &Machine, text: &str) {
    let folder = machine.root().join("etc/cairn");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("trusted-keys"), format!("{text}\n")).expect("written");
}

/// The path of a cache in the folder of a machine's configuration.
fn cache(machine: &Machine) -> PathBuf {
    machine.config("cache")
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// The files of a cache.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        if entry.path().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found.sort();
    found
}

#[test]
fn another_machine_switches_to_a_pushed_generation_without_archive_or_evaluation() {
    let (archive, machine) = two_generations();
    let key = key(&machine);
    let run = machine.cairn(&["cache", "push", "cache", "--json"]).done();
    let report = run.json();
    assert_eq!(report["name"], "tiny2");
    assert!(report["bytes_sent"].as_u64() > Some(0), "{report}");
    // No archive any more, and never a configuration there.
    drop(archive);
    let there = elsewhere(&[&key]);
    let cache = text(&cache(&machine));
    let report = there
        .cairn(&["cache", "pull", &cache, "tiny2", "--json"])
        .done()
        .json();
    assert_eq!(report["generation"], 1);
    assert_eq!(report["system"], machine.generations()[1]["path"]);
    assert_eq!(default(&there), None, "pulling does not switch");
    there
        .cairn(&["switch", "--generation", "1", "-y"])
        .done()
        .says("generation 1 is the default now");
    assert_eq!(default(&there), Some(1));
    assert_eq!(there.system(1), machine.system(2));
    there.cairn(&["verify"]).done().says("the store is sound");
    // What it keeps stays when the rest goes.
    there.cairn(&["gc", "-y"]).done().says("nothing to delete");
    there
        .cairn(&["cache", "pull", &cache, "tiny2"])
        .done()
        .says("0 trees and 0 objects")
        .says("it is generation 1 here");
}

#[test]
fn who_pulled_builds_nothing_that_the_other_has_built() {
    let (archive, machine) = one_generation();
    let key = key(&machine);
    machine.cairn(&["cache", "push", "cache"]).done();
    let there = Machine::new(&archive, &machine.read("system.cairn"));
    there.write("cairn.lock", &machine.read("cairn.lock"));
    trust(&there, &key);
    let cache = text(&cache(&machine));
    there.cairn(&["cache", "pull", &cache, "tiny"]).done();
    let asked = archive.server().requests().len();
    there
        .cairn(&["switch", "system.cairn", "-y", "-v"])
        .done()
        .is_silent_on("built ")
        .is_silent_on("fetched ");
    assert_eq!(
        archive.server().requests().len(),
        asked,
        "the archive was asked"
    );
}

#[test]
fn the_next_generation_costs_only_what_changed() {
    let (_archive, machine) = two_generations();
    let key = key(&machine);
    machine.cairn(&["cache", "push", "cache", "1"]).done();
    let dry = machine
        .cairn(&["cache", "push", "cache", "2", "-n", "--json"])
        .done()
        .json();
    let before = files(&cache(&machine)).len();
    let sent = machine
        .cairn(&["cache", "push", "cache", "2", "--json"])
        .done()
        .json();
    assert_eq!(dry["files"], sent["files"]);
    assert_eq!(dry["bytes_sent"], 0);
    assert!(sent["files_present"].as_u64() > Some(0), "{sent}");
    let again = machine
        .cairn(&["cache", "push", "cache", "2", "--json"])
        .done()
        .json();
    assert_eq!(again["files"], 0);
    assert!(files(&cache(&machine)).len() > before);
    let there = elsewhere(&[&key]);
    let cache = text(&cache(&machine));
    let pull = |name: &str| {
        let run = there.cairn(&["cache", "pull", &cache, name, "--json"]);
        run.done().json()
    };
    let (first, second) = (pull("tiny"), pull("tiny2"));
    assert_eq!(
        (&first["generation"], &second["generation"]),
        (&1.into(), &2.into())
    );
    assert!(
        second["bytes"].as_u64() < first["bytes"].as_u64(),
        "{first}\n{second}"
    );
    assert_eq!(numbers(&there), [1, 2]);
}

#[test]
fn what_is_needed_to_run_can_be_sent_alone() {
    let (_archive, machine) = one_generation();
    let key = key(&machine);
    let paths = |arguments: &[&str]| {
        let run = machine.cairn(&[&["cache", "push"], arguments, &["-n", "--json"]].concat());
        run.done().json()["paths"].as_u64().expect("a number")
    };
    assert!(paths(&["cache", "--runtime-only"]) < paths(&["cache"]));
    machine
        .cairn(&["cache", "push", "cache", "--runtime-only"])
        .done();
    let there = elsewhere(&[&key]);
    let cache = text(&cache(&machine));
    there.cairn(&["cache", "pull", &cache, "tiny"]).done();
    there.cairn(&["switch", "--generation", "1", "-y"]).done();
    there.cairn(&["verify"]).done();
}

#[test]
fn a_dry_pull_says_what_it_would_take_and_writes_nothing() {
    let (_archive, machine) = one_generation();
    let key = key(&machine);
    machine.cairn(&["cache", "push", "cache"]).done();
    let there = elsewhere(&[&key]);
    let before = there.snapshot();
    let cache = text(&cache(&machine));
    there
        .cairn(&["cache", "pull", &cache, "tiny", "-n"])
        .done()
        .says("would take tiny from");
    assert_eq!(there.snapshot(), before);
}

#[test]
fn what_was_tampered_with_or_is_unsigned_is_refused_and_named() {
    let (_archive, machine) = one_generation();
    let key = key(&machine);
    machine.cairn(&["cache", "push", "cache"]).done();
    let cache = cache(&machine);
    let there = elsewhere(&[&key]);
    let pull = ["cache", "pull", &text(&cache), "tiny"];
    let all = files(&cache);
    let large = |folder: &str| {
        let inside = all
            .iter()
            .filter(|path| path.starts_with(cache.join(folder)));
        inside
            .max_by_key(|path| path.metadata().map_or(0, |data| data.len()))
            .cloned()
    };
    let pack = large("packs").expect("a pack");
    let sound = std::fs::read(&pack).expect("read");
    std::fs::write(&pack, &sound[..sound.len() / 2]).expect("written");
    let name = pack
        .file_name()
        .and_then(|name| name.to_str())
        .expect("a name");
    there
        .cairn(&pull)
        .exits(102)
        .says("cache::refused")
        .says(name);
    assert_eq!(numbers(&there), Vec::<u64>::new());
    std::fs::write(&pack, &sound).expect("written");
    trust(&there, "# nobody");
    there
        .cairn(&pull)
        .exits(1)
        .says("cache::untrusted")
        .says("no key is trusted");
    let stranger = Machine::bare();
    trust(&there, &self::key(&stranger));
    there
        .cairn(&pull)
        .exits(1)
        .says("cache::untrusted")
        .says("names/tiny.manifest");
    trust(&there, &key);
    there.cairn(&pull).done();
}

#[test]
fn two_of_two_keys_must_sign_and_a_builder_signs_only_what_it_has_built() {
    let (archive, machine) = one_generation();
    let first = key(&machine);
    machine.cairn(&["cache", "push", "cache"]).done();
    let cache = text(&cache(&machine));
    let other = Machine::new(&archive, &machine.read("system.cairn"));
    other.write("cairn.lock", &machine.read("cairn.lock"));
    let second = key(&other);
    let there = elsewhere(&[&first, &second, "threshold 2"]);
    let pull = ["cache", "pull", &cache, "tiny"];
    there
        .cairn(&pull)
        .exits(1)
        .says("it has only 1")
        .says("cache::untrusted");
    let sign = ["cache", "sign", &cache, "tiny", "--if-same"];
    other.cairn(&sign).exits(1).says("cache::not_same");
    other.switch();
    // The same configuration and lock make the same paths on any machine.
    other.cairn(&sign).done().says("are the same here");
    there.cairn(&pull).done().says("it is generation 1 here");
}

#[test]
fn a_store_and_a_folder_are_served_over_http() {
    let (_archive, machine) = one_generation();
    let key = key(&machine);
    machine.cairn(&["cache", "push", "cache"]).done();
    for arguments in [&["cache", "serve"][..], &["cache", "serve", "cache"][..]] {
        let all = [arguments, &["--address", "127.0.0.1:0"]].concat();
        let mut server = machine.spawn(&all);
        let mut line = String::new();
        let stdout = server.stdout.take().expect("piped");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let there = elsewhere(&[&key]);
        let run = there.cairn(&["cache", "pull", line.trim(), "tiny"]);
        server.kill().expect("it runs");
        server.wait().expect("it ended");
        run.done().says("it is generation 1 here");
        there.cairn(&["switch", "--generation", "1", "-y"]).done();
        there.cairn(&["verify"]).done();
    }
}

#[test]
fn a_pull_that_was_killed_goes_on_and_takes_no_object_twice() {
    let (_archive, machine) = one_generation();
    let key = key(&machine);
    machine.cairn(&["cache", "push", "cache"]).done();
    let server = Server::start();
    let folder = cache(&machine);
    let mut contents: Vec<(u64, String)> = Vec::new();
    for path in files(&folder) {
        let bytes = std::fs::read(&path).expect("read");
        let name = format!("/{}", text(path.strip_prefix(&folder).expect("inside")));
        if path.extension().is_some_and(|end| end == "zst") {
            contents.push((bytes.len() as u64, name.clone()));
        }
        server.put(&name, bytes);
    }
    contents.sort();
    let (_, stalled) = contents.pop().expect("contents");
    server.fail(&stalled, Fault::Stall);
    let there = elsewhere(&[&key]);
    let pull = ["cache", "pull", &server.url(), "tiny"];
    let mut killed = there.spawn(&pull);
    let end = Instant::now() + Duration::from_mins(1);
    let asked = |name: &str| server.request_count(name);
    while asked(&stalled) == 0 || contents.iter().any(|(_, name)| asked(name) == 0) {
        assert!(Instant::now() < end, "not all was asked for");
        std::thread::sleep(Duration::from_millis(20));
    }
    // What was answered is written down before the next is asked for; only the last needs a moment.
    std::thread::sleep(Duration::from_millis(500));
    killed.kill().expect("it runs");
    killed.wait().expect("it ended");
    assert_eq!(numbers(&there), Vec::<u64>::new());
    there.cairn(&["verify"]).done();
    server.mend();
    there.cairn(&pull).done().says("it is generation 1 here");
    let twice = contents.iter().filter(|(_, name)| asked(name) > 1).count();
    assert!(twice <= 1, "{twice} files came twice; one has the trees");
    there.cairn(&["verify"]).done();
}

#[test]
fn mistakes_of_the_command_line_are_told() {
    let (_archive, machine) = one_generation();
    machine
        .cairn(&["cache", "push", "cache"])
        .exits(1)
        .says("cache::key")
        .says("cairn cache keygen");
    key(&machine);
    machine
        .cairn(&["cache", "keygen"])
        .exits(1)
        .says("cache.key");
    machine
        .cairn(&["cache", "push", "ftp://127.0.0.1/"])
        .exits(2)
        .says("cache::address");
    machine
        .cairn(&["cache", "push", "http://127.0.0.1:9/"])
        .exits(1)
        .says("cache::read_only");
    machine
        .cairn(&["cache", "push", "cache", "--name", "../x"])
        .exits(2)
        .says("cache::address");
    machine
        .cairn(&["cache", "push", "cache", "7"])
        .exits(1)
        .says("store::no_generation");
    machine
        .cairn(&["cache", "push", "cache", "no-path"])
        .exits(1)
        .says("store::no_path");
    machine
        .cairn(&["cache", "pull", "cache", "tiny"])
        .exits(1)
        .says("no key is trusted");
}
