//! `cairn verify`: damage is found, told once, and mended.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use cairn_support::Machine;

use crate::one_generation;

#[test]
fn a_sound_store_is_called_sound() {
    let (_archive, machine) = one_generation();
    machine.cairn(&["verify"]).done().says("the store is sound");
    machine
        .cairn(&["store", "verify"])
        .done()
        .says("the store is sound");
    machine
        .cairn(&["verify", "--repair"])
        .done()
        .says("the store is sound");
}

#[test]
fn a_changed_object_is_one_fault_and_comes_back_by_its_derivation() {
    let (_archive, machine) = one_generation();
    let object = object_of(&machine, "etc/hello.conf");
    overwrite(&object);
    machine
        .cairn(&["verify"])
        .exits(1)
        .says("is damaged")
        .says("1 fault found")
        .says("store::faults")
        .says("cairn verify --repair");
    machine.cairn(&["verify", "--repair", "-n"]).exits(1);
    assert!(
        std::fs::read(&object).is_ok_and(|bytes| bytes == b"something else"),
        "a dry run changes nothing"
    );
    machine
        .cairn(&["verify", "--repair"])
        .done()
        .says("moved")
        .says("hello_1.0_amd64 again")
        .says("mended 1 fault; the store is sound")
        .is_silent_on("built /cairn/store/root");
    assert!(std::fs::read(&object).is_ok_and(|bytes| bytes == b"greeting = hello\n"));
    machine.cairn(&["verify"]).done();
    machine
        .cairn(&["switch", "system.cairn", "-y"])
        .done()
        .says("unchanged");
}

#[test]
fn a_lost_download_is_fetched_again_and_what_needs_it_after_it() {
    let (_archive, machine) = one_generation();
    let deb = path_named(&machine, "-hello_1.0_amd64.deb");
    let digest = machine
        .cairn(&["store", "info", &deb, "--json"])
        .done()
        .json();
    let digest = digest["content"]["file"]["digest"]
        .as_str()
        .expect("a digest")
        .to_owned();
    std::fs::remove_file(object(&machine, &digest, false)).expect("removed");
    let conf = object_of(&machine, "etc/hello.conf");
    std::fs::remove_file(&conf).expect("removed");
    // Without the network it stays, and what would bring it back is named.
    machine
        .cairn(&["verify", "--repair", "--offline"])
        .exits(1)
        .says("store::unmended")
        .says("could not make")
        .says("needed by generation 1")
        .says("cairn switch")
        .says("brings it back");
    machine
        .cairn(&["verify", "--repair"])
        .done()
        .says(&format!("fetched {deb} again"))
        .says("hello_1.0_amd64 again")
        .says("the store is sound");
    assert!(conf.exists());
}

#[test]
fn what_a_repair_can_t_bring_back_the_named_command_does() {
    let (_archive, machine) = one_generation();
    let object = object_of(&machine, "etc/hello.conf");
    std::fs::remove_dir_all(machine.root().join("cairn/var/drv")).expect("removed");
    overwrite(&object);
    let run = machine.cairn(&["verify", "--repair", "--json"]).exits(1);
    let command = run.json()["unmended"][0]["command"]
        .as_str()
        .expect("a command")
        .to_owned();
    let words: Vec<&str> = command.split(' ').collect();
    assert_eq!(words[..2], ["cairn", "switch"], "{command}");
    machine.cairn(&["switch", words[2], "-y"]).done();
    machine.cairn(&["verify"]).done().says("the store is sound");
}

#[test]
fn a_lost_root_image_is_built_again() {
    let (_archive, machine) = one_generation();
    let system = machine.system(1);
    let digest = system["root_image"]["digest"]
        .as_str()
        .expect("a digest")
        .to_owned();
    std::fs::remove_file(object(&machine, &digest, false)).expect("removed");
    // The system's folder in the store has it too: it is taken from there.
    machine
        .cairn(&["verify", "--repair"])
        .done()
        .says("restored the object");
    let paths = std::fs::read_dir(machine.root().join("cairn/store")).expect("paths");
    for path in paths {
        std::fs::remove_dir_all(path.expect("a path").path()).expect("removed");
    }
    std::fs::remove_file(object(&machine, &digest, false)).expect("removed");
    machine
        .cairn(&["verify", "--repair"])
        .done()
        .says("-root.erofs again")
        .is_silent_on("fetched");
}

#[test]
fn a_lost_manifest_is_made_again() {
    let (_archive, machine) = one_generation();
    let root = machine.system(1)["root"]
        .as_str()
        .expect("a digest")
        .to_owned();
    std::fs::remove_file(machine.root().join("cairn/trees").join(root)).expect("removed");
    machine
        .cairn(&["verify", "--repair"])
        .done()
        .says("-root again");
}

#[test]
fn what_stands_at_a_path_is_compared_linked_again_and_mended() {
    use std::os::unix::fs::MetadataExt as _;
    let machine = Machine::bare();
    machine.write("thing/conf", "one\n");
    let path = machine
        .cairn(&["store", "add", "thing", "--keep"])
        .done()
        .stdout;
    let place = machine.root().join(path.trim().trim_start_matches('/'));
    let set = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode");
    };
    std::fs::create_dir(&place).expect("a folder");
    set(&place, 0o755);
    std::fs::copy(machine.config("thing/conf"), place.join("conf")).expect("a copy");
    set(&place.join("conf"), 0o644);
    machine.cairn(&["verify"]).done();
    let look = machine
        .cairn(&["store", "optimise", "-n", "--json"])
        .done()
        .json();
    assert_eq!(look["linked_bytes"], 4);
    machine
        .cairn(&["store", "optimise"])
        .done()
        .says("linked 1 file")
        .says("4 B won");
    let links = std::fs::metadata(place.join("conf"))
        .expect("the file")
        .nlink();
    assert_eq!(links, 2, "the object and the path are one inode");
    std::fs::write(place.join("stray"), "x").expect("written");
    machine
        .cairn(&["verify"])
        .exits(1)
        .says("it should not be there");
    machine
        .cairn(&["verify", "--repair"])
        .done()
        .says("again from the store");
    assert!(place.join("conf").exists() && !place.join("stray").exists());
}

/// The store path whose base name ends so.
fn path_named(machine: &Machine, end: &str) -> String {
    let all = machine.cairn(&["du", "--paths", "--json"]).done().json();
    let lines = all["lines"].as_array().expect("lines");
    let paths = lines.iter().filter_map(|line| line["path"].as_str());
    let found = paths.filter(|path| path.ends_with(end)).min();
    found.expect("such a path").to_owned()
}

/// The object of a file in generation 1's root.
fn object_of(machine: &Machine, file: &str) -> PathBuf {
    let root = machine.system(1)["root_path"]
        .as_str()
        .expect("a path")
        .to_owned();
    let (folder, name) = file.rsplit_once('/').expect("a folder");
    let list = machine
        .cairn(&["store", "ls", &format!("{root}/{folder}"), "--json"])
        .done()
        .json();
    let entries = list["entries"].as_array().expect("entries");
    let entry = entries
        .iter()
        .find(|entry| entry["name"] == name)
        .expect("the file");
    object(machine, entry["digest"].as_str().expect("a digest"), false)
}

fn object(machine: &Machine, digest: &str, executable: bool) -> PathBuf {
    let end = if executable { ".x" } else { "" };
    let folder = machine.root().join("cairn/objects").join(&digest[..2]);
    folder.join(format!("{digest}{end}"))
}

fn overwrite(object: &Path) {
    std::fs::set_permissions(object, std::fs::Permissions::from_mode(0o644)).expect("writable");
    std::fs::write(object, "something else").expect("written");
}
