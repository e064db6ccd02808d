//! docs/errors: each example of a code of the language makes its error, prints what its page says, and is mended by the mend.

use std::fs;
use std::path::Path;

use cairn_syntax::span::SourceMap;
use cairn_syntax::symbol::Interner;
use cairn_tests_modules::page::{Code, Page};
use cairn_tests_modules::{check_beside, evaluate};

/// What a page's code comes to: its errors, warnings and failed tests as lines.
///
/// It is a module where it can be read as one, and where neither form can be read; else an expression.
fn found(code: &Code) -> Vec<String> {
    if !is_module(&code.text) && is_expression(&code.text) {
        return evaluate(code).err().unwrap_or_default();
    }
    // Last, so that lines are counted as on the page.
    let text = format!("{}\nhost.name = \"web1\"\n", code.text);
    match check_beside(&text, &code.files) {
        Err(lines) => lines,
        Ok((checked, failed)) => {
            let warnings = checked.warnings.iter();
            let warnings = warnings.map(|one| format!("{} {}", one.code, one.message));
            warnings.chain(failed).collect()
        }
    }
}

fn is_module(text: &str) -> bool {
    let (mut sources, mut names) = (SourceMap::default(), Interner::default());
    let id = sources.add("page.cairn", text);
    cairn_syntax::parse_module(&sources, id, &mut names)
        .errors
        .is_empty()
}

fn is_expression(text: &str) -> bool {
    let (mut sources, mut names) = (SourceMap::default(), Interner::default());
    let id = sources.add("page.cairn", text);
    cairn_syntax::parse_expression(&sources, id, &mut names)
        .errors
        .is_empty()
}

/// `code 1:2-3 message; help` as pages show it: `1:2: message`, `help: help`.
fn as_printed(line: &str) -> Option<(String, String)> {
    let (_, rest) = line.split_once(' ')?;
    let (place, rest) = rest.split_once(' ')?;
    let (place, _) = place.split_once('-')?;
    Some((place.to_owned(), rest.to_owned()))
}

fn complaints(name: &str, page: &Page) -> Vec<String> {
    let (stage, kind) = name.split_once('.').unwrap_or((name, ""));
    let code = format!("{stage}::{kind} ");
    let Some(example) = &page.example else {
        return Vec::new();
    };
    let mut wrong = Vec::new();
    let lines = found(example);
    match lines.iter().find(|line| line.starts_with(&code)) {
        None => wrong.push(format!("{name}: the example gives {lines:#?}")),
        Some(line) => {
            let printed = page.printed.as_deref().unwrap_or_default();
            let (place, text) = as_printed(line).unwrap_or_default();
            let same = printed.is_empty()
                || printed
                    .replacen(&format!("{place}: "), "", 1)
                    .replace("\nhelp: ", "; ")
                    == text;
            if !same {
                wrong.push(format!(
                    "{name}: the page says\n{printed}\nand it is\n{place}: {text}"
                ));
            }
        }
    }
    let Some(mend) = &page.mend else {
        wrong.push(format!("{name}: the mend has no code that could be run"));
        return wrong;
    };
    let mut left = found(mend);
    if stage == "syntax" {
        // These name options that nobody declares.
        left.retain(|line| line.starts_with("syntax::"));
        if !is_module(&mend.text) {
            left.push("it can't be read".to_owned());
        }
    }
    if !left.is_empty() {
        wrong.push(format!("{name}: the mend gives {left:#?}"));
    }
    wrong
}

#[test]
fn each_example_makes_its_error_and_each_mend_takes_it_away() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
    let (mut tried, mut wrong) = (0, Vec::new());
    let mut pages: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    pages.sort();
    for path in pages {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let stage = name.split('.').next().unwrap_or_default();
        if !matches!(stage, "syntax" | "eval" | "types" | "options") {
            continue;
        }
        let page = Page::parse(&fs::read_to_string(&path).unwrap());
        tried += usize::from(page.example.is_some());
        wrong.extend(complaints(&name, &page));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried >= 90, "only {tried} pages have an example to run");
}

#[test]
fn a_page_whose_example_or_mend_is_not_what_it_says_is_found() {
    let page = |example: &str, printed: &str, mend: &str| {
        let text = format!(
            "## Example\n```cairn\n{example}\n```\n```text\n{printed}\n```\n## Mend\n```cairn\n{mend}\n```\n"
        );
        complaints("eval.division_by_zero", &Page::parse(&text)).len()
    };
    assert_eq!(page("1 / 0", "1:5: division by zero", "1 / 1"), 0);
    assert_eq!(page("1 / 1", "1:5: division by zero", "1 / 1"), 1);
    assert_eq!(page("1 / 0", "1:4: division by zero", "1 / 1"), 1);
    assert_eq!(page("1 / 0", "1:5: division by zero", "1 / 0"), 1);
}
