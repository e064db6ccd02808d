//! `cairn image`: a disk with all generations. That it boots is shown in `tests/vm`.

use crate::{numbers, one_generation, two_generations};

#[test]
fn writes_a_disk_with_every_generation_in_its_menu() {
    let (_archive, machine) = two_generations();
    machine
        .cairn(&["image", "system.cairn", "-o", "disk.raw"])
        .done()
        .says("unchanged")
        .says("menu 2, 1, of which 2 boots");
    let disk = std::fs::read(machine.config("disk.raw")).expect("a disk");
    assert_eq!(&disk[512..520], b"EFI PART", "no partition table");
    let menu = String::from_utf8_lossy(&disk)
        .matches("Cairn generation 1 (")
        .count();
    assert!(menu > 0, "generation 1 is in no entry");
    assert!(!machine.config("disk.raw.partial").exists());
}

#[test]
fn a_configuration_that_changed_is_built_first() {
    let (_archive, machine) = one_generation();
    machine.edit("system.cairn", "\"tiny\"", "\"tiny2\"");
    machine
        .cairn(&["image", "system.cairn", "-o", "disk.raw"])
        .exits(2)
        .says("cli::no_terminal");
    assert!(!machine.config("disk.raw").exists());
    machine
        .cairn(&["image", "system.cairn", "-o", "disk.raw", "-y"])
        .done()
        .says("made generation 2");
    assert_eq!(numbers(&machine), [1, 2]);
}

#[test]
fn a_dry_run_writes_no_disk() {
    let (_archive, machine) = one_generation();
    machine
        .cairn(&["image", "system.cairn", "-n"])
        .done()
        .says("would write disk.raw");
    assert!(!machine.config("disk.raw").exists());
}

#[test]
fn a_place_where_no_image_can_go_is_refused_before_any_work() {
    let (archive, machine) = crate::fresh();
    std::fs::create_dir(machine.config("folder")).expect("a folder");
    for place in ["folder", "nowhere/disk.raw"] {
        machine
            .cairn(&["image", "system.cairn", "-o", place, "-y"])
            .exits(1)
            .says(&format!("cannot write a disk image to {place}"));
    }
    assert_eq!(archive.server().requests().len(), 0);
    assert_eq!(machine.snapshot(), Vec::<String>::new());
}

#[test]
fn an_image_of_a_store_that_lost_an_object_points_to_verify() {
    let (_archive, machine) = one_generation();
    let kernel = machine.system(1)["kernel"]["digest"].clone();
    let kernel = kernel.as_str().expect("a digest").to_owned();
    let objects = machine.root().join("cairn/objects");
    let mut lost = 0;
    for shard in std::fs::read_dir(objects).expect("objects").flatten() {
        for object in std::fs::read_dir(shard.path()).expect("a folder").flatten() {
            if object.file_name().to_string_lossy().starts_with(&kernel) {
                std::fs::remove_file(object.path()).expect("removed");
                lost += 1;
            }
        }
    }
    assert!(lost > 0, "the kernel {kernel} is no object");
    machine
        .cairn(&["image", "system.cairn", "-o", "disk.raw"])
        .exits(1)
        .says("cairn verify");
    assert!(!machine.config("disk.raw.partial").exists());
}
