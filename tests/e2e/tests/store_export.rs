//! `cairn store export` and `import`: a closure in one file.

use cairn_support::Machine;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::{numbers, one_generation};

/// Runs a line of the shell in the folder of a machine's configuration, `cairn` being the tested one on the machine's root.
fn shell(machine: &Machine, line: &str) -> std::process::Output {
    Command::new("sh")
        .args(["-euc", line])
        .current_dir(machine.config("").as_path())
        .env("CAIRN", cairn_support::binary::cairn())
        .env("CAIRN_ROOT", machine.root())
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .expect("a shell")
}

#[track_caller]
fn done(output: &std::process::Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout) + &text(&output.stderr)
}

#[test]
fn a_generation_goes_through_a_file_and_is_registered_where_its_key_is_trusted() {
    let (_archive, machine) = one_generation();
    let public = machine.cairn(&["cache", "keygen", "key"]).done().stdout;
    done(&shell(
        &machine,
        "\"$CAIRN\" store export 1 --key key > export",
    ));
    let export = machine.config("export").display().to_string();
    let trusting = Machine::bare();
    trusting.write("keys", &public);
    let line = format!("\"$CAIRN\" store import --trust keys < {export}");
    assert!(done(&shell(&trusting, &line)).contains("generation 1 here"));
    assert_eq!(numbers(&trusting), [1]);
    trusting
        .cairn(&["switch", "--generation", "1", "-y"])
        .done();
    trusting.cairn(&["verify"]).done();
    let other = Machine::bare();
    let said = done(&shell(
        &other,
        &format!("\"$CAIRN\" store import < {export}"),
    ));
    assert!(said.contains("no trusted key has signed it"), "{said}");
    assert!(said.contains("-system-tiny\n"), "{said}");
    assert_eq!(numbers(&other), Vec::<u64>::new());
    other.cairn(&["verify"]).done();
}

#[test]
fn a_damaged_export_is_refused_and_registers_nothing() {
    let (_archive, machine) = one_generation();
    done(&shell(&machine, "\"$CAIRN\" store export 1 > export"));
    let export = machine.config("export");
    let mut bytes = std::fs::read(&export).expect("read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    std::fs::write(&export, bytes).expect("written");
    let there = Machine::bare();
    let line = format!("\"$CAIRN\" store import < {}", export.display());
    let output = shell(&there, &line);
    assert_eq!(output.status.code(), Some(102), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("cache::refused"), "{said}");
    assert!(is_empty(&there.root().join("cairn/var/paths")));
    there.cairn(&["verify"]).done();
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder)
        .expect("a folder")
        .next()
        .is_none()
}

#[test]
fn an_export_does_not_go_to_a_terminal() {
    let (_archive, machine) = one_generation();
    machine
        .terminal(&["store", "export", "1"])
        .finish()
        .exits(2)
        .says("cli::binary");
    machine
        .cairn(&["store", "export", "/usr/bin/vim"])
        .exits(1)
        .says("store::no_path");
}
