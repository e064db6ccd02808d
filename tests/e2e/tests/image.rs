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
