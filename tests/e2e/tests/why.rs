//! `cairn why`: one command for options, packages and store paths.

use crate::{fresh, one_generation, two_generations};

#[test]
fn a_package_is_there_since_something_wanted_it() {
    let (_archive, machine) = one_generation();
    machine.edit("system.cairn", "[\"hello\"]", "[\"greeter\"]");
    machine.switch();
    let run = machine
        .cairn(&["why", "hello", "-f", "system.cairn"])
        .done();
    run.says("hello 1.0 is in the set system of generation 2")
        .says("packages has greeter system.cairn:2:")
        .says("greeter → hello by hello (>= 1.0)")
        .says("depended on by greeter");
    let json = machine
        .cairn(&["why", "hello", "-f", "system.cairn", "--json"])
        .done()
        .json();
    assert_eq!(json["kind"], "package");
    assert_eq!(json["sets"][0]["chains"][0]["option"], "packages");
    let earlier = machine
        .cairn(&["why", "hello", "-g", "1", "-f", "system.cairn"])
        .done();
    earlier.says("generation 1").says("packages has hello");
    let kernel = "linux-image-6.12.0-tiny-amd64";
    machine
        .cairn(&["why", kernel, "-f", "system.cairn"])
        .done()
        .says("kernel.package has linux-image-amd64");
    machine
        .cairn(&["why", "e2fsprogs", "-f", "system.cairn"])
        .done()
        .says("in the set tools")
        .says("Cairn needs e2fsprogs to build systems");
    machine
        .cairn(&["why", "greter", "-f", "system.cairn"])
        .exits(1)
        .says("did you mean `greeter`?");
}

#[test]
fn before_the_first_generation_the_lock_is_asked() {
    let (_archive, machine) = fresh();
    machine.edit("system.cairn", "[\"hello\"]", "[\"greeter\"]");
    machine.cairn(&["lock", "system.cairn"]).done();
    machine
        .cairn(&["why", "hello", "-f", "system.cairn"])
        .done()
        .says("cairn.lock")
        .says("greeter → hello by hello (>= 1.0)");
}

#[test]
fn a_store_path_is_kept_over_the_shortest_chain() {
    let (_archive, machine) = two_generations();
    let system = machine.generations()[0]["path"]
        .as_str()
        .expect("a path")
        .to_owned();
    let root = machine.system(1)["root_path"]
        .as_str()
        .expect("a path")
        .to_owned();
    let run = machine.cairn(&["why", &root]).done();
    let lines: Vec<&str> = run.stdout.lines().map(str::trim).collect();
    let start = lines
        .iter()
        .position(|line| *line == "generation 1")
        .expect("a root");
    assert_eq!(lines[start + 1], system, "{run}");
    assert!(lines[start + 2].ends_with(&root), "{run}");
    let json = machine
        .cairn(&["why", &root[..12], "--path", "--json"])
        .done()
        .json();
    assert_eq!(json["kind"], "path");
    machine.cairn(&["generations", "delete", "1", "-y"]).done();
    machine
        .cairn(&["why", &system])
        .done()
        .says("nothing keeps");
}

#[test]
fn a_name_of_two_things_is_said_to_be_so() {
    let (_archive, machine) = one_generation();
    machine
        .cairn(&["why", "packages", "-f", "system.cairn"])
        .done()
        .says("declared in");
    // An option and a package of one name.
    let config = machine.read("system.cairn");
    machine.write(
        "system.cairn",
        &format!("{config}option hello: Bool = true\n"),
    );
    machine
        .cairn(&["why", "hello", "-f", "system.cairn"])
        .exits(2)
        .says("cli::ambiguous")
        .says("an option and a package")
        .says("--package");
    machine
        .cairn(&["why", "hello", "--option", "-f", "system.cairn"])
        .done()
        .says("hello = true");
    machine
        .cairn(&["why", "hello", "--package", "-f", "system.cairn"])
        .done()
        .says("hello 1.0");
}

#[test]
fn what_nothing_has_is_answered_as_an_option() {
    let (_archive, machine) = one_generation();
    machine
        .cairn(&["why", "time.zoen", "-f", "system.cairn"])
        .exits(1)
        .says("time.zone");
}
