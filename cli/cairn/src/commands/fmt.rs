//! `cairn fmt`: configurations laid out tidily.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use cairn_syntax::Diagnostic;
use cairn_syntax::span::{SourceId, SourceMap};
use clap::Args;

use super::Ended;
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::text_file;
use crate::ui::style;

/// Lays configurations out tidily, in place
///
/// Nothing but blanks, line breaks and commas before closing brackets changes: comments stay, and so does what a file
/// means. A file with errors is left alone.
#[derive(Debug, Args)]
pub struct Fmt {
    /// Files, and folders for every `*.cairn` below them; `-` reads stdin and writes stdout. The configuration and all that it imports without this
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Writes nothing, shows what would change, and fails if anything would
    #[arg(long)]
    check: bool,
    /// The configuration
    #[arg(
        long = "file",
        short = 'f',
        value_name = "FILE",
        default_value = "/etc/cairn/system.cairn",
        env = "CAIRN_CONFIG"
    )]
    file: PathBuf,
}

/// Texts, what they should be, and what is wrong with those that can't be read.
#[derive(Default)]
struct Batch {
    sources: SourceMap,
    errors: Vec<Diagnostic>,
    changed: Vec<Change>,
}

/// A text that is not tidy.
struct Change {
    name: String,
    /// Where it stands; none for stdin.
    path: Option<PathBuf>,
    before: SourceId,
    after: String,
}

impl Fmt {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        let mut batch = Batch::default();
        if self.paths.as_slice() == [Path::new("-")] {
            return self.stdin(context, batch);
        }
        if self.paths.is_empty() {
            batch.with_imports(&self.file)?;
        } else {
            let mut files = BTreeSet::new();
            for path in &self.paths {
                below(path, &mut files)?;
            }
            for file in files {
                batch.add(&file)?;
            }
        }
        let writes = !(self.check || context.globals.dry_run);
        for change in &batch.changed {
            if let Some(path) = change.path.as_deref().filter(|_| writes) {
                let before = &batch.sources.get(change.before).text;
                text_file::rewrite(path, before, &change.after).map_err(failed("write", path))?;
            }
            if !self.check {
                context.tell(&format!("formatted {}", change.name));
            }
        }
        self.show(context, &batch)?;
        batch.end(self.check)
    }

    fn stdin(&self, context: &Context, mut batch: Batch) -> Ended {
        let mut text = String::new();
        let name = Path::new("<stdin>");
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(failed("read", name))?;
        batch.text(None, "<stdin>".to_owned(), &text);
        if self.check {
            self.show(context, &batch)?;
        } else if batch.errors.is_empty() {
            let tidy = batch.changed.first().map_or(&text, |change| &change.after);
            context.data(tidy)?;
        }
        batch.end(self.check)
    }

    /// Shows what would change: a difference, or the names of the files as JSON.
    fn show(&self, context: &Context, batch: &Batch) -> Result<(), CommandError> {
        if context.globals.json {
            let names: Vec<&str> = batch.changed.iter().map(|one| one.name.as_str()).collect();
            context.json(&names)?;
        } else if self.check {
            for change in &batch.changed {
                let before = &batch.sources.get(change.before).text;
                let diff = similar::TextDiff::from_lines(&**before, change.after.as_str());
                let mut diff = diff.unified_diff();
                diff.header(&change.name, &change.name);
                context.data(&diff.to_string())?;
            }
        }
        let count = batch.changed.len();
        if self.check && count > 0 {
            context.tell(&format!("{} would change", style::count(count, "file")));
        }
        Ok(())
    }
}

impl Batch {
    /// Formats a text and remembers what there is to do about it.
    fn text(&mut self, path: Option<&Path>, name: String, text: &str) {
        let before = self.sources.add(name.as_str(), text);
        match cairn_syntax::format_source(&self.sources, before) {
            Err(errors) => self.errors.extend(errors),
            Ok(after) if after == text => {}
            Ok(after) => self.changed.push(Change {
                name,
                path: path.map(Path::to_owned),
                before,
                after,
            }),
        }
    }

    fn add(&mut self, file: &Path) -> Result<String, CommandError> {
        let text = text_file::read(file).map_err(failed("read", file))?;
        self.text(Some(file), file.display().to_string(), &text);
        Ok(text)
    }

    /// Formats a configuration and the files below its folder that it imports, each once.
    fn with_imports(&mut self, entry: &Path) -> Result<(), CommandError> {
        let full = entry.canonicalize().map_err(failed("read", entry))?;
        let root = full.parent().unwrap_or(&full).to_owned();
        let mut seen = BTreeSet::from([full]);
        let mut left = vec![entry.to_owned()];
        while let Some(file) = left.pop() {
            let text = self.add(&file)?;
            let folder = file.parent().unwrap_or(Path::new(""));
            for import in cairn_syntax::imports(&text).into_iter().rev() {
                let target = folder.join(import.trim_start_matches("./"));
                // What can't be imported is for `cairn check` to say.
                let found = target.canonicalize().ok();
                let Some(full) = found.filter(|full| full.starts_with(&root) && full.is_file())
                else {
                    continue;
                };
                if seen.insert(full) {
                    left.push(target);
                }
            }
        }
        Ok(())
    }

    fn end(self, check: bool) -> Ended {
        if !self.errors.is_empty() {
            return Err(CommandError::Config {
                diagnostics: self.errors,
                sources: Box::new(self.sources),
            });
        }
        Ok(if check && !self.changed.is_empty() {
            Exit::Failed
        } else {
            Exit::Done
        })
    }
}

/// A file, or every `*.cairn` below a folder; links to folders are not followed.
fn below(path: &Path, files: &mut BTreeSet<PathBuf>) -> Result<(), CommandError> {
    if !path.is_dir() {
        files.insert(path.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(path).map_err(failed("read", path))? {
        let entry = entry.map_err(failed("read", path))?;
        let kind = entry.file_type().map_err(failed("read", path))?;
        let path = entry.path();
        if kind.is_dir() {
            below(&path, files)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "cairn")
            && path.is_file()
        {
            files.insert(path);
        }
    }
    Ok(())
}

fn failed(act: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> CommandError {
    let path = path.to_owned();
    move |source| CommandError::File { act, path, source }
}
