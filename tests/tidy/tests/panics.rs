//! No `unwrap`, `expect`, `todo!` or `panic!` where a user could meet it, and no test that is not run.

use cairn_tidy::{Repository, TextFile};

/// How many lines above a panic its `#[expect(…, reason = "…")]` may stand.
const REACH: usize = 8;

fn complaints(file: &TextFile) -> Vec<String> {
    let mut found = Vec::new();
    let lines: Vec<&str> = file.text.lines().collect();
    for (number, line) in file.code_lines() {
        let excused = lines[number.saturating_sub(REACH + 1)..number]
            .iter()
            .any(|above| {
                above.contains("expect(clippy::") || above.contains("clippy::expect_used")
            });
        for panic in [
            ".unwrap()",
            ".expect(\"",
            "todo!(",
            "unimplemented!(",
            "panic!(",
        ] {
            if line.contains(panic) && !excused {
                found.push(format!("{}:{number}: {panic} outside tests", file.path));
            }
        }
    }
    let ignored = concat!("#[", "ignore");
    for (index, line) in lines.iter().enumerate() {
        if line.trim_start().starts_with(ignored) {
            found.push(format!("{}:{}: an ignored test", file.path, index + 1));
        }
    }
    found
}

#[test]
fn nothing_panics_on_purpose_and_every_test_runs() {
    super::holds(Repository::read().complain(complaints));
}

#[test]
fn panics_and_ignored_tests_are_found() {
    let count = |path, text| complaints(&TextFile::new(path, text)).len();
    assert_eq!(count("cli/a/src/a.rs", "let a = b.unwrap();\n"), 1);
    assert_eq!(
        count(
            "cli/a/src/a.rs",
            "#[expect(clippy::expect_used, reason = \"x\")]\nb.expect(\"c\");\n"
        ),
        0
    );
    assert_eq!(
        count(
            "cli/a/src/a.rs",
            "#[cfg(test)]\nmod tests { fn a() { b.unwrap(); } }\n"
        ),
        0
    );
    assert_eq!(count("tests/a/src/a.rs", "let a = b.unwrap();\n"), 0);
    assert_eq!(
        count("tests/a/src/a.rs", concat!("#[", "ignore]\nfn a() {}\n")),
        1
    );
}
