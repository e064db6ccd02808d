//! `cairn verify`: damage is found, told once, and taken out of the way.

use crate::one_generation;
use std::os::unix::fs::PermissionsExt as _;

#[test]
fn a_sound_store_is_called_sound() {
    let (_archive, machine) = one_generation();
    machine.cairn(&["verify"]).done().says("the store is sound");
}

#[test]
fn a_changed_object_is_one_fault_and_taken_away() {
    let (_archive, machine) = one_generation();
    let object = some_object(&machine.root().join("cairn/objects"));
    std::fs::set_permissions(&object, std::fs::Permissions::from_mode(0o644)).expect("writable");
    std::fs::write(&object, "something else").expect("written");
    machine
        .cairn(&["verify"])
        .exits(1)
        .says("is damaged")
        .says("1 fault found")
        .says("store::faults");
    machine
        .cairn(&["verify", "--repair"])
        .exits(1)
        .says("1 file moved to")
        .says("cairn switch FILE --root FOLDER");
    assert!(!object.exists());
    machine
        .cairn(&["verify"])
        .exits(1)
        .says("is missing")
        .says("1 fault found");
}

/// The first object that is no folder.
fn some_object(objects: &std::path::Path) -> std::path::PathBuf {
    let mut folders: Vec<_> = std::fs::read_dir(objects)
        .expect("objects")
        .flatten()
        .map(|entry| entry.path())
        .collect();
    folders.sort();
    let mut files = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).expect("a folder").flatten());
    files.next().expect("an object").path()
}
