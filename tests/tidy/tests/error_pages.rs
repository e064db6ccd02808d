//! Every error code has a page in `docs/errors`, every page a code, and every page the same three parts.

use std::collections::{BTreeMap, BTreeSet};

use cairn_tidy::{Repository, TextFile};

/// What codes begin with.
const STAGES: &[&str] = &[
    "syntax", "types", "eval", "options", "spec", "system", "archive", "store", "build", "image",
    "cli", "lint", "cache",
];
/// The parts of a page.
const PARTS: &[&str] = &["## What happened", "## Example", "## Mend"];

/// The codes in a file's code, and where each stands first.
pub fn codes(file: &TextFile) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (number, line) in file.code_lines() {
        // Codes are whole string literals (`"eval::type"`), or an argument of miette's `code(eval::type)`.
        let quoted = line.split('"').skip(1).step_by(2);
        let called = line
            .split("code(")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        for text in quoted.chain(called).filter(|text| is_code(text)) {
            let place = format!("{}:{number}", file.path);
            found.entry(text.to_owned()).or_insert(place);
        }
    }
    found
}

fn is_code(text: &str) -> bool {
    text.split_once("::").is_some_and(|(stage, kind)| {
        STAGES.contains(&stage)
            && !kind.is_empty()
            && kind.chars().all(|letter| {
                letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_'
            })
    })
}

fn complaints(files: &[TextFile]) -> Vec<String> {
    let used: BTreeMap<String, String> = files
        .iter()
        .filter(|file| file.is_rust())
        .flat_map(codes)
        .collect();
    let pages: BTreeMap<String, &TextFile> = files
        .iter()
        .filter_map(|file| {
            let name = file
                .path
                .strip_prefix("docs/errors/")?
                .strip_suffix(".md")?;
            (name != "README").then(|| (name.replacen('.', "::", 1), file))
        })
        .collect();
    let known: BTreeSet<&String> = pages.keys().collect();
    let mut found = Vec::new();
    for (code, place) in &used {
        if !known.contains(code) {
            let page = code.replacen("::", ".", 1);
            found.push(format!(
                "{place}: `{code}` has no page docs/errors/{page}.md"
            ));
        }
    }
    for (code, page) in pages {
        if !used.contains_key(&code) {
            found.push(format!("{}: no code is called `{code}`", page.path));
        }
        if !page.text.starts_with(&format!("# `{code}`\n")) {
            found.push(format!("{}: the first line is not `# `{code}``", page.path));
        }
        let missing = PARTS.iter().filter(|part| !page.text.contains(**part));
        found.extend(missing.map(|part| format!("{}: no part `{part}`", page.path)));
    }
    found
}

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    super::holds(complaints(&Repository::read().files));
}

#[test]
fn a_code_without_a_page_and_a_page_without_a_code_are_found() {
    let page = "# `eval::type`\n## What happened\n## Example\n## Mend\n";
    let source = "let a = error(\"eval::type\", span);\n#[diagnostic(code(options::typo))]\nlet b = \"std::fmt\";\n";
    let files = [
        TextFile::new("lang/eval/src/a.rs", source),
        TextFile::new("docs/errors/eval.type.md", page),
        TextFile::new(
            "docs/errors/eval.gone.md",
            "# `eval::gone`\n## What happened\n## Mend\n",
        ),
    ];
    assert_eq!(
        complaints(&files),
        [
            "lang/eval/src/a.rs:2: `options::typo` has no page docs/errors/options.typo.md",
            "docs/errors/eval.gone.md: no code is called `eval::gone`",
            "docs/errors/eval.gone.md: no part `## Example`",
        ]
    );
}
