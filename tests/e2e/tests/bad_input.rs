//! Bad input gets a clear error, and nothing is changed.

use crate::{fresh, numbers, one_generation};
use cairn_support::{CONFIG, Deb, Fault, Machine, Run, small};

/// Claims that a switch of this configuration is refused and leaves no generation.
fn refused(archive: &cairn_support::Archive, config: &str, code: i32) -> Run {
    let machine = Machine::new(archive, config);
    let run = machine.cairn(&["switch", "system.cairn", "-y"]).exits(code);
    assert_eq!(numbers(&machine), Vec::<u64>::new());
    assert!(!machine.root().join("cairn/var/gens/1").exists());
    run
}

#[test]
fn a_syntax_error_shows_its_place() {
    let (archive, _) = fresh();
    let run = refused(&archive, "host.name = \"tiny\"\npackages = [\"hello\"\n", 1);
    run.says("syntax::")
        .says("system.cairn:")
        .says("packages = [\"hello\"");
    assert_eq!(archive.server().requests().len(), 0);
}

#[test]
fn a_wrong_type_shows_its_place_and_the_mend() {
    let (archive, _) = fresh();
    let config = "host.name = \"tiny\"\nboot.timeout_secs = \"3\"\n";
    refused(&archive, config, 1)
        .says("system.cairn:2:21")
        .says("remove the quotes");
}

#[test]
fn an_unknown_option_is_answered_with_the_nearest() {
    let (archive, _) = fresh();
    let config = "host.name = \"tiny\"\nservcies.nginx.enable = true\n";
    refused(&archive, config, 1)
        .says("options::")
        .says("did you mean `services");
}

#[test]
fn a_value_that_no_machine_can_use_shows_its_place() {
    let (archive, _) = fresh();
    refused(&archive, "host.name = \"tiny host\"\n", 1)
        .says("host.name")
        .says("system.cairn:1");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let (archive, _) = fresh();
    let machine = Machine::new(&archive, CONFIG);
    machine
        .cairn(&["switch", "other.cairn", "-y"])
        .exits(1)
        .says("other.cairn");
}

#[test]
fn an_unknown_package_is_answered_with_the_nearest_names() {
    let (archive, _) = fresh();
    let run = refused(&archive, "host.name = \"tiny\"\npackages = [\"helo\"]\n", 1);
    run.says("archive::unknown_package")
        .says("`helo`")
        .says("did you mean `hello`");
}

#[test]
fn an_unsolvable_set_is_explained_by_its_chain() {
    let archive = small()
        .package(Deb::new("left", "1.0").conflicts("right"))
        .package(Deb::new("right", "1.0"))
        .package(Deb::new("hungry", "1.0").depends("hello (>= 99)"))
        .build();
    let run = refused(
        &archive,
        "host.name = \"tiny\"\npackages = [\"left\", \"right\"]\n",
        1,
    );
    run.says("archive::unsolvable")
        .says("left")
        .says("right")
        .says("conflicts");
    let run = refused(
        &archive,
        "host.name = \"tiny\"\npackages = [\"hungry\"]\n",
        1,
    );
    run.says("archive::unsolvable").says("hello (>= 99)");
}

#[test]
fn a_signature_of_a_stranger_is_refused_before_anything_is_read() {
    let archive = small().signed_by_stranger().build();
    refused(&archive, CONFIG, 1)
        .says("archive::signature")
        .says("InRelease");
    assert_eq!(
        archive.server().request_count(".xz") + archive.server().request_count(".gz"),
        0
    );
}

#[test]
fn a_changed_release_is_refused() {
    let (archive, _) = fresh();
    archive.server().fail("/InRelease", Fault::Corrupt);
    refused(&archive, CONFIG, 1).says("archive::signature");
}

#[test]
fn a_package_with_another_digest_is_refused() {
    let (archive, _) = fresh();
    archive.fail_package("hello", Fault::Corrupt);
    refused(&archive, CONFIG, 102)
        .says("archive::digest")
        .says("hello");
}

#[test]
fn a_broken_download_is_resumed_within_the_run() {
    let (archive, machine) = fresh();
    archive.fail_package("tiny-base", Fault::TruncateOnce(1000));
    machine.switch().says("made generation 1");
    let requests = archive.server().requests();
    let parts: Vec<usize> = requests
        .iter()
        .filter(|request| request.path.contains("tiny-base"))
        .map(|request| request.from)
        .collect();
    assert_eq!(parts, [0, 1000], "the second request asks for the rest");
}

#[test]
fn a_download_that_always_breaks_is_refused_and_goes_on_later() {
    let (archive, machine) = fresh();
    archive.fail_package("tiny-base", Fault::Truncate(1000));
    machine
        .cairn(&["switch", "system.cairn", "-y"])
        .exits(100)
        .says("archive::truncated")
        .says("tiny-base");
    archive.server().mend();
    machine.switch().says("made generation 1");
}

#[test]
fn a_package_that_is_gone_is_named_with_the_way_out() {
    let (archive, _) = fresh();
    archive.fail_package("hello", Fault::Missing);
    refused(&archive, CONFIG, 100)
        .says("archive::gone")
        .says("cairn update");
}

#[test]
fn a_script_that_fails_ends_with_100_and_the_lines_that_it_printed() {
    let archive = small()
        .package(Deb::new("sour", "1.0").postinst("echo the milk is sour; exit 3"))
        .build();
    let run = refused(
        &archive,
        "host.name = \"tiny\"\npackages = [\"sour\"]\n",
        100,
    );
    run.says("build::failed")
        .says("the milk is sour")
        .says("cairn log");
}

#[test]
fn a_mirror_that_does_not_answer_is_named() {
    let (archive, machine) = fresh();
    let url = archive.url();
    drop(archive);
    let run = machine.cairn(&["switch", "system.cairn", "-y"]).exits(1);
    run.says("archive::unreachable").says(&url);
}

#[test]
fn without_network_and_lock_offline_says_what_it_would_need() {
    let (_archive, machine) = fresh();
    machine
        .cairn(&["switch", "system.cairn", "-y", "--offline"])
        .exits(1)
        .says("archive::offline");
}

#[test]
fn a_suite_that_no_mirror_has_is_refused() {
    let (_archive, machine) = fresh();
    machine.write(
        "system.cairn",
        &format!("{CONFIG}debian.suite = \"sid-but-misspelt\"\n"),
    );
    machine
        .cairn(&["switch", "system.cairn", "-y"])
        .exits(1)
        .says("archive::gone")
        .says("sid-but-misspelt");
}

#[test]
fn a_failed_switch_leaves_the_generation_that_was_there() {
    let (archive, machine) = one_generation();
    archive.fail_package("greeter", Fault::Corrupt);
    machine.edit("system.cairn", "[\"hello\"]", "[\"greeter\"]");
    machine.cairn(&["switch", "system.cairn", "-y"]).exits(102);
    assert_eq!(numbers(&machine), [1]);
    machine.edit("system.cairn", "[\"greeter\"]", "[\"hello\"]");
    machine
        .cairn(&["switch", "system.cairn", "-y"])
        .done()
        .says("unchanged");
}

#[test]
fn a_root_without_a_store_is_told_from_one_with_none() {
    let (_archive, machine) = fresh();
    for command in [["rollback", "-y"], ["gc", "-y"], ["diff", "1"]] {
        machine.cairn(&command).exits(1).says("store::none");
    }
    machine.cairn(&["no-such-command"]).exits(2);
}

#[test]
fn a_folder_in_place_of_a_configuration_is_named() {
    let (_archive, machine) = fresh();
    for folder in [".", "..", "../config"] {
        machine
            .cairn(&["check", folder])
            .exits(1)
            .says("is a folder, not a file");
    }
    machine
        .cairn(&["check", "."])
        .exits(1)
        .says("cannot read the configuration `config`");
}

#[test]
fn a_disk_image_that_is_not_there_is_named() {
    let (_archive, machine) = fresh();
    machine
        .cairn(&["vm", "nothere.raw"])
        .exits(1)
        .says("cannot boot the disk image nothere.raw");
}

/// Claims it for root and for users alike: inside a namespace of its own, whose limit is set to none.
#[test]
fn a_machine_without_user_namespaces_is_told_so_before_anything_is_fetched() {
    let (archive, machine) = fresh();
    let script = "echo 0 > /proc/sys/user/max_user_namespaces && exec \"$@\"";
    let output = std::process::Command::new("unshare")
        .args(["--user", "--map-root-user", "sh", "-c", script, "sh"])
        .arg(cairn_support::binary::cairn())
        .arg("--root")
        .arg(machine.root())
        .args(["switch", "-y"])
        .arg(machine.config("system.cairn"))
        .env("CAIRN_MIRROR", archive.url())
        .env("CAIRN_KEYRING", archive.keyring())
        .output()
        .expect("unshare runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("build::no_namespaces"), "{said}");
    assert!(!said.contains("cairn gc"), "{said}");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(archive.server().requests().len(), 0);
}
