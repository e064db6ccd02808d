//! The examples of `docs/errors`: each makes the error that its page is about.

use std::path::Path;

use cairn_support::Machine;

/// Errors of another kind of input than a configuration file.
const ELSEWHERE: &[&str] = &["eval::no_options", "eval::secret_in_string", "spec::shape"];

#[test]
fn the_example_of_every_page_of_the_language_makes_its_error() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
    let mut tried = 0;
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(folder).expect("pages").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let code = name.trim_end_matches(".md").replacen('.', "::", 1);
        let ours = ["eval::", "syntax::", "spec::"]
            .iter()
            .any(|stage| code.starts_with(stage));
        if !ours || ELSEWHERE.contains(&code.as_str()) {
            continue;
        }
        let page = std::fs::read_to_string(entry.path()).expect("a page");
        let example = page
            .split("```cairn\n")
            .nth(1)
            .and_then(|rest| rest.split("\n```").next())
            .expect("an example");
        let machine = Machine::bare();
        machine.write("system.cairn", &format!("{example}\n"));
        let run = machine.cairn(&["check", "system.cairn"]);
        tried += 1;
        if run.code != 1 || !run.stderr.contains(&code) {
            wrong.push(format!("{code}:\n{run}"));
        }
    }
    assert!(tried > 50, "only {tried} pages");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
