//! docs/language.md: every example in it is run, and its lists of functions, types and words are those of the library.
//!
//! A block with `# =>` holds expressions: what stands on the lines up to a `# =>` comes to the JSON behind it, or to `error: ` and a code. Any
//! other block is a module with the prelude: it is right, but for lines that end in `# error: ` and a code; `# path => JSON` on a line of its own says
//! what an option comes to. A block that begins with "```cairn system" is a configuration with the whole library.
//! `CAIRN_UPDATE=1` writes the lists.

mod lists;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use cairn_eval::{Arena, Evaluator};
use cairn_options::{Failure, json, load};
use cairn_syntax::Diagnostic;
use cairn_syntax::span::{SourceId, SourceMap, Span};
use cairn_syntax::symbol::Interner;
use cairn_tests_lang::host::MemoryHost;
use libtest_mimic::{Arguments, Failed, Trial};

/// A fenced block: the line on which its text begins, its words after `cairn`, its text.
struct Block {
    line: usize,
    words: String,
    text: String,
}

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let file = root.join("docs/language.md");
    let read = || -> std::io::Result<(String, Vec<(String, String)>)> {
        Ok((std::fs::read_to_string(&file)?, library(&root)?))
    };
    let (page, library) = match read() {
        Ok(read) => read,
        Err(error) => {
            eprintln!("docs/language.md or modules/library can't be read: {error}");
            return ExitCode::FAILURE;
        }
    };
    let written = lists::insert(&page);
    if std::env::var_os("CAIRN_UPDATE").is_some()
        && let Err(error) = std::fs::write(&file, &written)
    {
        eprintln!("docs/language.md can't be written: {error}");
        return ExitCode::FAILURE;
    }
    let current = written == page;
    let update = std::env::var_os("CAIRN_UPDATE").is_some();
    let mut trials = vec![Trial::test(
        "the lists are those of the library",
        move || {
            if current || update {
                return Ok(());
            }
            Err("docs/language.md is old: run with CAIRN_UPDATE=1".into())
        },
    )];
    // Examples of the library are run where the library is.
    let own = lists::without(&written);
    let blocks = blocks(&own);
    let count = blocks.len();
    trials.push(Trial::test("the examples are found", move || {
        if count < 24 {
            return Err(format!("only {count} blocks").into());
        }
        Ok(())
    }));
    for block in blocks {
        let title = format!(
            "line {}: {}",
            block.line,
            block.text.lines().next().unwrap_or("")
        );
        let library = library.clone();
        trials.push(Trial::test(title, move || {
            cairn_eval::with_deep_stack(|| check(&block, &library))?
        }));
    }
    for word in cairn_eval::library::words().filter(|word| word.in_modules) {
        let library = library.clone();
        trials.push(Trial::test(format!("the word {}", word.name), move || {
            cairn_eval::with_deep_stack(|| module(word.example, &library, false))?
        }));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn library(root: &Path) -> std::io::Result<Vec<(String, String)>> {
    let root = root.join("modules/library");
    let mut modules = Vec::new();
    for entry in walkdir::WalkDir::new(&root).sort_by_file_name() {
        let path = entry?.into_path();
        if path
            .extension()
            .is_some_and(|extension| extension == "cairn")
        {
            let name = path.strip_prefix(&root).unwrap_or(&path);
            modules.push((name.display().to_string(), std::fs::read_to_string(&path)?));
        }
    }
    Ok(modules)
}

/// The blocks of the language in a page.
fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (index, line) in page.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(words)) => {
                open = Some(Block {
                    line: index + 2,
                    words: words.to_owned(),
                    text: String::new(),
                });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks.retain(|block| block.words == "cairn" || block.words.starts_with("cairn "));
    blocks
}

fn files() -> BTreeMap<String, String> {
    [
        ("hardware.cairn", "kernel.params = [\"quiet\"]\n"),
        ("ports.cairn", "{ http = 80, https = 443 }\n"),
        ("motd", "hello\n"),
        ("ada.pub", "ssh-ed25519 AAAA ada@home\n"),
        ("www/index.html", "<p>hello</p>\n"),
        ("www", ""),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .into()
}

fn check(block: &Block, library: &[(String, String)]) -> Result<(), Failed> {
    if block.text.contains("# =>") {
        return expressions(&block.text, library);
    }
    let whole = block.words.contains("system");
    module(&block.text, library, whole)
}

fn expressions(text: &str, library: &[(String, String)]) -> Result<(), Failed> {
    let mut code = String::new();
    for line in text.lines() {
        let Some((before, expected)) = line.rsplit_once("# =>") else {
            code.push_str(line);
            code.push('\n');
            continue;
        };
        code.push_str(before);
        let found = value(&code, library);
        let expected = expected.trim();
        let fits = match (&found, expected.strip_prefix("error: ")) {
            (Err(errors), Some(wanted)) => errors.iter().any(|error| error.code == wanted),
            (Ok(found), None) => serde_json::from_str::<serde_json::Value>(expected)? == *found,
            _ => false,
        };
        if !fits {
            return Err(format!("{}\n  gives {found:?}, not {expected}", code.trim()).into());
        }
        code.clear();
    }
    if code.trim().is_empty() {
        Ok(())
    } else {
        Err(format!("no value is given for {code}").into())
    }
}

/// The value of an expression that sees the prelude.
fn value(code: &str, library: &[(String, String)]) -> Result<serde_json::Value, Vec<Diagnostic>> {
    let arena = Arena::new();
    let mut evaluator = Evaluator::new(
        &arena,
        SourceMap::default(),
        Interner::default(),
        Box::new(MemoryHost::new(files())),
    );
    if let Some((name, text)) = library.iter().find(|(name, _)| name == "prelude.cairn") {
        let source = evaluator.sources.add(name.as_str(), text.as_str());
        let parsed =
            cairn_syntax::parse_module(&evaluator.sources, source, &mut evaluator.names).tree;
        let prelude = evaluator.prelude();
        let scope = evaluator.module_scope(&parsed, prelude, &[]);
        evaluator.set_prelude(scope);
    }
    let value = evaluator.evaluate_source("example.cairn", code)?;
    let data = evaluator.data(value, Span::new(SourceId(0), 0, 0))?;
    Ok(data.to_json())
}

fn module(text: &str, library: &[(String, String)], whole: bool) -> Result<(), Failed> {
    let mut files = files();
    files.insert("system.cairn".to_owned(), text.to_owned());
    let library: Vec<(&str, &str)> = library
        .iter()
        .filter(|(name, _)| whole || name == "prelude.cairn")
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let arena = Arena::new();
    let host = Box::new(MemoryHost::new(files));
    let mut wanted: Vec<(usize, &str)> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if let Some((_, code)) = line.rsplit_once("# error: ") {
            wanted.push((index + 1, code.trim()));
        }
    }
    let mut config = match load(&arena, host, "system.cairn", &library) {
        Ok(config) => config,
        Err(failure) => return same(&failure, &wanted),
    };
    match config.check() {
        Ok(_) if wanted.is_empty() => {}
        Ok(_) => return Err(format!("is right, and not {wanted:?}").into()),
        Err(failure) => same(&failure, &wanted)?,
    }
    for line in text.lines() {
        let Some((path, expected)) = line
            .strip_prefix("# ")
            .and_then(|line| line.split_once(" => "))
        else {
            continue;
        };
        let found = match config.get(path) {
            Ok(data) => json(&data),
            Err(failure) => return Err(format!("{path}: {:?}", failure.diagnostics).into()),
        };
        if serde_json::from_str::<serde_json::Value>(expected)? != found {
            return Err(format!("{path} is {found}, not {expected}").into());
        }
    }
    for test in config.run_tests() {
        if let Some(failure) = test.failure {
            return Err(format!("test {:?}: {}", test.claim, failure.message).into());
        }
    }
    Ok(())
}

/// That errors stand on the lines that say so, and nowhere else.
fn same(failure: &Failure, wanted: &[(usize, &str)]) -> Result<(), Failed> {
    let mut found: Vec<(usize, &str)> = failure
        .diagnostics
        .iter()
        .map(|one| (failure.sources.line_column(one.primary.span).0, one.code))
        .collect();
    found.sort_unstable();
    if found == wanted {
        return Ok(());
    }
    let said: Vec<&str> = failure
        .diagnostics
        .iter()
        .map(|one| one.message.as_str())
        .collect();
    Err(format!("errors {found:?}, not {wanted:?}: {said:#?}").into())
}
