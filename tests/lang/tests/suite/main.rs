//! Reads, prints and reads again every configuration of the repository, and runs every section of `suite/**/*.cairn` as a test; `CAIRN_UPDATE=1` shows and writes what they come to.

mod printing;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use cairn_tests_lang::difference::difference;
use cairn_tests_lang::outcome::{Kind, outcome, shown};
use cairn_tests_lang::section::{Section, parse, print};
use libtest_mimic::{Arguments, Failed, Trial};

/// One file of the suite.
struct SuiteFile {
    path: PathBuf,
    /// Below this crate.
    name: String,
    sections: Vec<Arc<Section>>,
}

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = match suite(root) {
        Ok(files) => files,
        Err(error) => {
            eprintln!("cannot read the suite: {error}");
            return ExitCode::FAILURE;
        }
    };
    let claims: usize = files.iter().map(|file| file.sections.len()).sum();
    eprintln!("{claims} claims in {} files", files.len());
    if std::env::var_os("CAIRN_UPDATE").is_some() {
        return match update(root, &files) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("cannot update the suite: {error}");
                ExitCode::FAILURE
            }
        };
    }
    let mut trials = printing::trials(root);
    trials.push(Trial::test("every claim is made once", {
        let titles = files.iter().flat_map(titles).collect();
        move || made_once(titles)
    }));
    for file in &files {
        for section in &file.sections {
            let kind = file.kind();
            if let Some(golden) = file.golden(root, section) {
                let shown_section = section.clone();
                let title = format!("{} as shown: {}", file.name, title(section));
                trials.push(Trial::test(title, move || {
                    check_shown(&shown_section, &golden)
                }));
            }
            let title = format!("{}: {}", file.name, title(section));
            let section = section.clone();
            trials.push(Trial::test(title, move || check(&section, kind)));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

impl SuiteFile {
    fn kind(&self) -> Kind {
        if self.name.starts_with("suite/expressions") {
            Kind::Expression
        } else if self.name == "suite/syntax/errors.cairn" {
            Kind::Text
        } else {
            Kind::Module
        }
    }

    /// Where the full text of a section's errors is kept, where it is.
    fn golden(&self, root: &Path, section: &Section) -> Option<PathBuf> {
        let name = section.claim.first().map_or("", String::as_str);
        let words: Vec<&str> = name
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        self.name
            .starts_with("suite/mistakes")
            .then(|| root.join("golden").join(format!("{}.txt", words.join("_"))))
    }
}

fn suite(root: &Path) -> std::io::Result<Vec<SuiteFile>> {
    let mut files = Vec::new();
    for path in cairn_files(&root.join("suite")) {
        let text = std::fs::read_to_string(&path)?;
        let name = path
            .strip_prefix(root)
            .unwrap_or(&path)
            .display()
            .to_string();
        let sections = parse(&text).into_iter().map(Arc::new).collect();
        files.push(SuiteFile {
            path,
            name,
            sections,
        });
    }
    Ok(files)
}

fn cairn_files(folder: &Path) -> Vec<PathBuf> {
    walkdir::WalkDir::new(folder)
        .sort_by_file_name()
        .into_iter()
        .filter_map(Result::ok)
        .map(walkdir::DirEntry::into_path)
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "cairn")
        })
        .collect()
}

fn title(section: &Section) -> String {
    section.claim.join(" ")
}

fn titles(file: &SuiteFile) -> impl Iterator<Item = (String, String)> {
    let named = |section: &Arc<Section>| (title(section), file.name.clone());
    file.sections.iter().map(named)
}

/// A claim that is made twice is not two claims.
fn made_once(titles: Vec<(String, String)>) -> Result<(), Failed> {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for (title, file) in titles {
        if let Some(first) = seen.insert(title.clone(), file.clone()) {
            return Err(format!("`{title}` is claimed in {first} and in {file}").into());
        }
    }
    Ok(())
}

/// Shows what changed, and writes it.
fn update(root: &Path, files: &[SuiteFile]) -> std::io::Result<()> {
    let mut changed = 0;
    for file in files {
        let mut sections = Vec::with_capacity(file.sections.len());
        for section in &file.sections {
            let found = cairn_eval::with_deep_stack(|| outcome(section, file.kind()))?;
            let (before, after) = (lines(&section.expected), lines(&found));
            changed += show(&file.name, section, &before, &after);
            sections.push(Section {
                expected: found,
                ..Section::clone(section)
            });
            if let Some(golden) = file.golden(root, section) {
                let before = std::fs::read_to_string(&golden).unwrap_or_default();
                let after = cairn_eval::with_deep_stack(|| shown(section))?;
                changed += show(&file.name, section, &before, &after);
                std::fs::write(golden, after)?;
            }
        }
        std::fs::write(&file.path, print(&sections))?;
    }
    println!("{changed} expectations changed");
    Ok(())
}

fn show(file: &str, section: &Section, before: &str, after: &str) -> usize {
    if before == after {
        return 0;
    }
    println!("{file}: {}\n{}", title(section), difference(before, after));
    1
}

fn lines(lines: &[String]) -> String {
    lines.iter().flat_map(|line| [line, "\n"]).collect()
}

fn check(section: &Section, kind: Kind) -> Result<(), Failed> {
    if section.claim.is_empty() {
        return Err("a section begins with its claim".into());
    }
    // On the stack that `cairn` gives to evaluation.
    let found = cairn_eval::with_deep_stack(|| outcome(section, kind)).map_err(Failed::from)?;
    if section.expected.is_empty() {
        return Err("nothing is expected: run with CAIRN_UPDATE=1 and read what it writes".into());
    }
    let difference = difference(&lines(&section.expected), &lines(&found));
    if difference.is_empty() {
        return Ok(());
    }
    Err(format!("{difference}in\n{}", section.code).into())
}

fn check_shown(section: &Section, golden: &Path) -> Result<(), Failed> {
    let found = cairn_eval::with_deep_stack(|| shown(section)).map_err(Failed::from)?;
    let expected = std::fs::read_to_string(golden).unwrap_or_default();
    let difference = difference(&expected, &found);
    if difference.is_empty() {
        return Ok(());
    }
    Err(difference.into())
}
