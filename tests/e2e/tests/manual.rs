//! `cairn completions` and `cairn man`.

use cairn_support::Machine;

#[test]
fn every_shell_has_completions_that_know_the_commands() {
    let machine = Machine::bare();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let run = machine.cairn(&["completions", shell]).done();
        assert!(run.stdout.contains("generations"), "{shell}");
    }
    machine.cairn(&["completions", "tcsh"]).exits(2);
}

#[test]
fn bash_reads_its_completions() {
    let machine = Machine::bare();
    let script = machine.cairn(&["completions", "bash"]).done().stdout;
    machine.write("cairn.bash", &script);
    let ended = std::process::Command::new("bash")
        .arg("-n")
        .arg(machine.config("cairn.bash"))
        .status()
        .expect("bash runs");
    assert!(ended.success());
}

#[test]
fn every_command_has_a_page() {
    let machine = Machine::bare();
    let page = machine.cairn(&["man", "generations", "list"]).done().stdout;
    assert!(
        page.starts_with(".ie") || page.contains(".TH cairn-generations-list"),
        "{page}"
    );
    machine.cairn(&["man", "nonesuch"]).exits(2);
    machine.cairn(&["man", "--out", "pages"]).done();
    for name in [
        "cairn.1",
        "cairn-switch.1",
        "cairn-eval.1",
        "cairn-generations-pin.1",
        "cairn-store-add.1",
    ] {
        assert!(
            machine.read(&format!("pages/{name}")).contains(".SH NAME"),
            "{name}"
        );
    }
}
