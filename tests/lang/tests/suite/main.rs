//! Reads, prints and reads again every configuration of the repository, and runs every section of `suite/**/*.cairn` as a test; `CAIRN_UPDATE=1` writes what they come to into the files.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cairn_syntax::parse_module;
use cairn_syntax::printer::print_module;
use cairn_syntax::render::plain;
use cairn_syntax::span::SourceMap;
use cairn_syntax::symbol::Interner;
use cairn_tests_lang::outcome::{Kind, outcome, shown};
use cairn_tests_lang::section::{Section, parse, print};
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let update = std::env::var_os("CAIRN_UPDATE").is_some();
    let mut trials = Vec::new();
    for folder in ["../../modules/library", "../../docs/examples"] {
        for file in cairn_files(&root.join(folder)) {
            let title = format!("{} survives printing", file.display());
            trials.push(Trial::test(title, move || check_printing(&file)));
        }
    }
    for file in cairn_files(&root.join("suite")) {
        let name = file
            .strip_prefix(root)
            .unwrap_or(&file)
            .display()
            .to_string();
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) => {
                eprintln!("cannot read {name}: {error}");
                return ExitCode::FAILURE;
            }
        };
        let kind = if name.starts_with("suite/expressions") {
            Kind::Expression
        } else {
            Kind::Module
        };
        let sections = parse(&text);
        if update && let Err(error) = rewrite(&file, &sections, kind) {
            eprintln!("cannot write {name}: {error}");
            return ExitCode::FAILURE;
        }
        let sections = if update {
            parse(&std::fs::read_to_string(&file).unwrap_or(text))
        } else {
            sections
        };
        for section in sections {
            if name.starts_with("suite/mistakes") {
                let golden = root.join("golden").join(golden_name(&section));
                let shown_section = section.clone();
                let title = format!("{name} as shown: {}", section.claim.join(" "));
                trials.push(Trial::test(title, move || {
                    check_shown(&shown_section, &golden, update)
                }));
            }
            let title = format!("{name}: {}", section.claim.join(" "));
            trials.push(Trial::test(title, move || check(&section, kind)));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn cairn_files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = walkdir::WalkDir::new(folder)
        .into_iter()
        .filter_map(Result::ok)
        .map(walkdir::DirEntry::into_path)
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "cairn")
        })
        .collect();
    files.sort();
    files
}

/// The printed form has no errors, says as many things, and printing it again changes nothing.
fn check_printing(file: &Path) -> Result<(), Failed> {
    let mut sources = SourceMap::default();
    let mut names = Interner::default();
    let id = sources.add("original", std::fs::read_to_string(file)?);
    let first = parse_module(&sources, id, &mut names);
    let printed = print_module(&first.tree, &names);
    let id = sources.add("printed", printed.as_str());
    let second = parse_module(&sources, id, &mut names);
    if let Some(error) = first.errors.iter().chain(&second.errors).next() {
        return Err(plain(error, &sources).into());
    }
    let again = print_module(&second.tree, &names);
    if first.tree.items.len() != second.tree.items.len() || printed != again {
        return Err(format!("printed\n{printed}\nand again\n{again}").into());
    }
    Ok(())
}

/// On the stack that `cairn` gives to evaluation.
fn run(section: &Section, kind: Kind) -> Result<Vec<String>, Failed> {
    cairn_eval::with_deep_stack(|| outcome(section, kind)).map_err(Failed::from)
}

fn rewrite(file: &Path, sections: &[Section], kind: Kind) -> std::io::Result<()> {
    let mut sections = sections.to_vec();
    for section in &mut sections {
        section.expected = cairn_eval::with_deep_stack(|| outcome(section, kind))?;
    }
    std::fs::write(file, print(&sections))
}

fn check(section: &Section, kind: Kind) -> Result<(), Failed> {
    if section.claim.is_empty() {
        return Err("a section begins with its claim".into());
    }
    let found = run(section, kind)?;
    if section.expected.is_empty() {
        return Err("nothing is expected: run with CAIRN_UPDATE=1 and read what it writes".into());
    }
    if found == section.expected {
        return Ok(());
    }
    let (expected, found) = (section.expected.join("\n"), found.join("\n"));
    Err(format!("expected\n{expected}\nfound\n{found}\nin\n{}", section.code).into())
}

fn golden_name(section: &Section) -> String {
    let words: Vec<&str> = section
        .claim
        .first()
        .map_or("", String::as_str)
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    format!("{}.txt", words.join("_"))
}

fn check_shown(section: &Section, golden: &Path, update: bool) -> Result<(), Failed> {
    let found = cairn_eval::with_deep_stack(|| shown(section)).map_err(Failed::from)?;
    if update {
        return std::fs::write(golden, found).map_err(Failed::from);
    }
    let expected = std::fs::read_to_string(golden).unwrap_or_default();
    if expected == found {
        return Ok(());
    }
    Err(format!("expected\n{expected}\nfound\n{found}").into())
}
