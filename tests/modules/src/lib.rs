//! A configuration over the real library, without a machine or a store.
//!
//! In: the text of a `system.cairn`. Out: the [`SystemSpec`], or all errors as lines. Refuses to know where a path
//! would be stored: `./www` becomes `/store/www`.

pub mod page;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use cairn_eval::{Arena, ContextId, Data, EntryKind, Evaluator, Host, HostError, Minted};
use cairn_options::{Checked, Failure, Listed, load};
use cairn_spec::SystemSpec;
use cairn_syntax::diagnostic::Diagnostic;
use cairn_syntax::render;
use cairn_syntax::span::{SourceId, SourceMap, Span};
use cairn_syntax::symbol::Interner;

/// The repository's root.
fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The library's modules: name below `modules/library`, text.
///
/// # Panics
/// Where the repository is not complete.
pub fn library() -> Vec<(String, String)> {
    let root = repository().join("modules/library");
    let mut modules = Vec::new();
    for entry in walkdir::WalkDir::new(&root).sort_by_file_name() {
        let entry = entry.expect("modules/library can be listed");
        if entry
            .path()
            .extension()
            .is_some_and(|extension| extension == "cairn")
        {
            let name = entry
                .path()
                .strip_prefix(&root)
                .expect("below its root")
                .to_string_lossy()
                .into_owned();
            modules.push((
                name,
                fs::read_to_string(entry.path()).expect("a module can be read"),
            ));
        }
    }
    modules
}

/// A configuration whose entry is a text and whose other files lie in a folder, but for some.
struct Folder {
    entry: String,
    root: PathBuf,
    files: BTreeMap<String, String>,
}

impl Folder {
    fn read(&self, path: &str) -> Result<String, HostError> {
        if let Some(text) = self.files.get(path) {
            return Ok(text.clone());
        }
        fs::read_to_string(self.root.join(path)).map_err(|error| {
            let cause = match error.kind() {
                std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
                _ => error.to_string(),
            };
            HostError::new(format!("cannot read {path}: {cause}"))
        })
    }
}

impl Host for Folder {
    fn load(&mut self, path: &str) -> Result<String, HostError> {
        if path == "system.cairn" {
            Ok(self.entry.clone())
        } else {
            self.read(path)
        }
    }
    fn read_file(&mut self, path: &str) -> Result<String, HostError> {
        self.read(path)
    }
    fn read_dir(&mut self, _: &str) -> Result<Vec<(String, EntryKind)>, HostError> {
        Ok(Vec::new())
    }
    fn path(&mut self, path: &str) -> Result<Minted, HostError> {
        Ok(Minted {
            text: format!("/store/{path}"),
            context: ContextId(0),
        })
    }
    fn build(&mut self, _: &Data) -> Result<Minted, HostError> {
        Err(HostError::new("nothing is built here"))
    }
    fn fetch(&mut self, _: &Data) -> Result<Minted, HostError> {
        Err(HostError::new("nothing is fetched here"))
    }
    fn trace(&mut self, _: &str) {}
}

fn lines(failure: &Failure) -> Vec<String> {
    plain(&failure.diagnostics, &failure.sources)
}

fn plain(diagnostics: &[Diagnostic], sources: &SourceMap) -> Vec<String> {
    diagnostics
        .iter()
        .map(|one| render::plain(one, sources))
        .collect()
}

/// Computes an expression whole; the library's types are not known.
///
/// Errors: every diagnostic as one line.
///
/// # Panics
/// Where no thread can be made.
pub fn evaluate(code: &page::Code) -> Result<(), Vec<String>> {
    let arena = Arena::new();
    cairn_eval::with_deep_stack(move || {
        let host = Folder {
            entry: String::new(),
            root: repository().join("docs/examples"),
            files: code.files.clone(),
        };
        let (sources, names) = (SourceMap::default(), Interner::default());
        let mut evaluator = Evaluator::new(&arena, sources, names, Box::new(host));
        let whole = Span::new(SourceId(0), 0, code.text.len());
        let found = evaluator
            .evaluate_source("page.cairn", &code.text)
            .and_then(|value| evaluator.data(value, whole));
        match found {
            Ok(_) => Ok(()),
            Err(errors) => Err(plain(&errors, &evaluator.sources)),
        }
    })
    .expect("a thread can be made")
}

/// Checks a configuration over the library; other files come from `docs/examples`.
///
/// Errors: every diagnostic as one line.
///
/// # Panics
/// Where no thread can be made.
pub fn check(text: &str) -> Result<Checked, Vec<String>> {
    let (checked, _) = check_beside(text, &BTreeMap::new())?;
    Ok(checked)
}

/// [`check`] with further files, and the tests that do not hold.
///
/// Errors: every diagnostic as one line.
///
/// # Panics
/// Where no thread can be made.
pub fn check_beside(
    text: &str,
    files: &BTreeMap<String, String>,
) -> Result<(Checked, Vec<String>), Vec<String>> {
    let (entry, root) = (text.to_owned(), repository().join("docs/examples"));
    cairn_eval::with_deep_stack(move || {
        let library = library();
        let library: Vec<(&str, &str)> = library
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()))
            .collect();
        let arena = Arena::new();
        let mut config = load(
            &arena,
            Box::new(Folder {
                entry,
                root,
                files: files.clone(),
            }),
            "system.cairn",
            &library,
        )
        .map_err(|failure| lines(&failure))?;
        let checked = config.check().map_err(|failure| lines(&failure))?;
        let failures: Vec<Diagnostic> = config
            .run_tests()
            .into_iter()
            .filter_map(|test| test.failure)
            .collect();
        Ok((checked, plain(&failures, config.sources())))
    })
    .expect("a thread can be made")
}

/// The spec of a configuration.
///
/// Errors: every diagnostic as one line, or what the machine's contract says.
pub fn try_spec(text: &str) -> Result<SystemSpec, Vec<String>> {
    let checked = check(text)?;
    cairn_spec::from_json(cairn_options::json(&checked.data))
        .map_err(|error| vec![error.to_string()])
}

/// The spec of a configuration that has a host name besides `text`.
///
/// # Panics
/// With all errors, where there are any.
#[track_caller]
pub fn spec(text: &str) -> SystemSpec {
    try_spec(&format!("host.name = \"web1\"\n{text}"))
        .unwrap_or_else(|errors| panic!("{errors:#?}"))
}

/// The text of a file of a spec.
///
/// # Panics
/// Where the spec has no such text.
#[track_caller]
pub fn text<'s>(spec: &'s SystemSpec, path: &str) -> &'s str {
    let file = spec
        .files
        .get(path)
        .unwrap_or_else(|| panic!("no {path} in {:?}", spec.files.keys()));
    file.text
        .as_deref()
        .unwrap_or_else(|| panic!("{path} has no text"))
}

/// All options of the library.
///
/// # Panics
/// Where the library cannot be read.
pub fn options() -> Vec<Listed> {
    let library = library();
    let library: Vec<(&str, &str)> = library
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let arena = Arena::new();
    let host = Folder {
        entry: String::new(),
        root: repository(),
        files: BTreeMap::new(),
    };
    match load(&arena, Box::new(host), "system.cairn", &library) {
        Ok(config) => config.list(),
        Err(failure) => panic!("{:#?}", lines(&failure)),
    }
}
