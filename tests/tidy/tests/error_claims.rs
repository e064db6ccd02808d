//! Every error code of the language is expected by a claim of its suite. Lints have claims of their own, in their crate.

use std::collections::BTreeMap;

use cairn_tidy::{Repository, TextFile};

/// Codes that no short text makes, and why.
const BEYOND: &[(&str, &str)] = &[
    (
        "eval::memory",
        "needs 4 GiB; tests of lang/eval set a limit",
    ),
    ("eval::interrupted", "needs somebody who interrupts"),
    ("eval::no_options", "needs an evaluator without options"),
    ("eval::steps", "has no limit but one that is set"),
    ("eval::unreadable", "the parser's errors come first"),
    ("options::path", "is about a command line"),
    ("syntax::too_large", "needs a file of 4 GiB"),
    ("types::literal", "the parser's errors come first"),
];

fn complaints(files: &[TextFile], beyond: &[(&str, &str)]) -> Vec<String> {
    let mut used: BTreeMap<String, String> = BTreeMap::new();
    for file in files.iter().filter(|file| {
        file.is_rust() && file.path.starts_with("lang/") && !file.path.starts_with("lang/lint/")
    }) {
        for (code, place) in super::error_pages::codes(file) {
            used.entry(code).or_insert(place);
        }
    }
    let expected: Vec<&str> = files
        .iter()
        .filter(|file| file.path.starts_with("tests/lang/suite/"))
        .flat_map(|file| file.text.lines())
        .filter(|line| {
            line.starts_with("# error: ")
                || line.starts_with("# warning: ")
                || line.starts_with("# test: ")
        })
        .collect();
    let is_claimed = |code: &str| {
        let word = format!(": {code} ");
        expected.iter().any(|line| line.contains(&word))
    };
    let mut found = Vec::new();
    for (code, place) in &used {
        let excused = beyond.iter().any(|(known, _)| known == code);
        if excused && is_claimed(code) {
            found.push(format!(
                "{place}: `{code}` is claimed after all: excuse it no more"
            ));
        } else if !excused && !is_claimed(code) {
            found.push(format!(
                "{place}: no claim in tests/lang/suite expects `{code}`"
            ));
        }
    }
    let gone = beyond.iter().filter(|(code, _)| !used.contains_key(*code));
    found.extend(gone.map(|(code, _)| format!("no code of lang/ is called `{code}`")));
    found
}

#[test]
fn every_code_of_the_language_is_claimed() {
    super::holds(complaints(&Repository::read().files, BEYOND));
}

#[test]
fn a_code_without_a_claim_is_found() {
    let files = [
        TextFile::new(
            "lang/eval/src/a.rs",
            "let a = (\"eval::one\", \"eval::two\", \"eval::three\");\n",
        ),
        TextFile::new("store/disk/src/a.rs", "let a = \"eval::elsewhere\";\n"),
        TextFile::new(
            "tests/lang/suite/a.cairn",
            "# one\n# error: eval::one 1:1-2 no\n1\n# eval::two in words\n# test: x error: eval::three 1:1-2 no\n",
        ),
    ];
    assert_eq!(
        complaints(&files, &[("eval::three", ""), ("eval::gone", "")]),
        [
            "lang/eval/src/a.rs:1: `eval::three` is claimed after all: excuse it no more",
            "lang/eval/src/a.rs:1: no claim in tests/lang/suite expects `eval::two`",
            "no code of lang/ is called `eval::gone`",
        ]
    );
}
