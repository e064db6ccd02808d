//! docs/errors/options.*.md: each example makes the error that its page is about.

use std::fs;
use std::path::Path;

use cairn_tests_modules::check;

#[test]
fn each_example_makes_its_error() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
    let mut tried = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Some(kind) = name
            .strip_prefix("options.")
            .and_then(|name| name.strip_suffix(".md"))
        else {
            continue;
        };
        let page = fs::read_to_string(&path).unwrap();
        // Some are about a command line, and have no configuration to try.
        let Some((_, rest)) = page.split_once("```cairn\n") else {
            continue;
        };
        let (example, _) = rest.split_once("```").unwrap();
        let found = match check(&format!("{example}\nhost.name = \"web1\"\n")) {
            Err(lines) => lines,
            Ok(checked) => checked
                .warnings
                .iter()
                .map(|warning| format!("{} ", warning.code))
                .collect(),
        };
        let code = format!("options::{kind} ");
        assert!(
            found.iter().any(|line| line.starts_with(&code)),
            "{name}: {found:#?}"
        );
        tried += 1;
    }
    assert!(tried >= 19, "{tried}");
}
