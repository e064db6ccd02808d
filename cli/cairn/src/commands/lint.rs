//! `cairn lint`: what a file says that it need not say.

use std::path::{Path, PathBuf};

use cairn_lint::{Edit, Lint as Finding};
use cairn_syntax::render::{Located, locate};
use cairn_syntax::span::SourceMap;
use cairn_syntax::symbol::Interner;
use cairn_syntax::{Diagnostic, File, parse_file};
use clap::Args;
use serde::Serialize;

use super::Ended;
use crate::configuration;
use crate::context::Context;
use crate::error::{CommandError, print_diagnostics};
use crate::exit::Exit;
use crate::text_file;
use crate::ui::style::count;

/// Reports names that nobody uses, names that hide others, and what can be said in fewer words
///
/// Exit code 1 where there is something to report. With `--json` it is an array on stdout, in the form of `cairn check --json`, each with
/// its `fix` where there is one: what stands from byte `start` to `end` becomes `text`.
#[derive(Debug, Args)]
pub struct Lint {
    /// Files, or folders with `.cairn` files in them. Without any `CAIRN_CONFIG`, or else /etc/cairn/system.cairn
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Writes the fixes into the files; no value changes by them
    #[arg(long)]
    fix: bool,
}

/// What was found in one file.
struct Looked {
    sources: SourceMap,
    text: String,
    findings: Vec<Finding>,
    /// Why it can't be read.
    errors: Vec<Diagnostic>,
}

/// A finding for programs.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    located: Located,
    fix: Option<Replacement>,
}

#[derive(Serialize)]
struct Replacement {
    start: u32,
    end: u32,
    text: String,
}

impl Lint {
    /// Does it.
    pub fn run(&self, context: &Context) -> Ended {
        let mut files = Vec::new();
        if self.files.is_empty() {
            files.push(super::eval::default_file());
        }
        for file in &self.files {
            add(file, &mut files)?;
        }
        let (mut shown, mut left, mut fixable, mut errors) = (Vec::new(), 0, 0, 0);
        for file in &files {
            let mut looked = look(file, context.globals.limits())?;
            if self.fix && looked.errors.is_empty() {
                // Those that need the configuration come with the first round; the rest follows from the text alone.
                let edits = looked.findings.iter().filter_map(|one| one.fix.as_ref());
                let (mended, fixes) = cairn_lint::mend_with(&looked.text, edits);
                if fixes > 0 {
                    if !context.globals.dry_run {
                        text_file::rewrite(file, &looked.text, &mended).map_err(|source| {
                            CommandError::File {
                                act: "write",
                                path: file.clone(),
                                source,
                            }
                        })?;
                        looked = look(file, context.globals.limits())?;
                    }
                    let file = file.display();
                    context.tell(&format!(
                        "{file}: {}",
                        count(fixes, "fix").replace("fixs", "fixes")
                    ));
                }
            }
            left += looked.findings.len();
            errors += looked.errors.len();
            fixable += looked
                .findings
                .iter()
                .filter(|one| one.fix.is_some())
                .count();
            let found = looked.findings.iter().map(|one| &one.diagnostic);
            let all: Vec<Diagnostic> = looked.errors.iter().chain(found).cloned().collect();
            if context.globals.json {
                let fixes = looked.findings.iter().map(|one| one.fix.as_ref());
                let fixes = looked.errors.iter().map(|_| None).chain(fixes);
                shown.extend(all.iter().zip(fixes).map(|(one, fix)| Shown {
                    located: locate(one, &looked.sources),
                    fix: fix.map(replacement),
                }));
            } else {
                print_diagnostics(&all, &looked.sources);
            }
        }
        if context.globals.json {
            context.json(&shown)?;
        } else if left > 0 {
            let more = match fixable {
                0 => String::new(),
                1 => ", 1 of them is mended by `--fix`".to_owned(),
                many => format!(", {many} of them are mended by `--fix`"),
            };
            context.tell(&format!("{}{more}", count(left, "lint")));
        }
        Ok(if left + errors > 0 {
            Exit::Failed
        } else {
            Exit::Done
        })
    }
}

fn replacement(edit: &Edit) -> Replacement {
    Replacement {
        start: edit.span.start,
        end: edit.span.end,
        text: edit.text.clone(),
    }
}

/// The file, or all files below a folder, sorted; links to folders are not followed there.
fn add(file: &Path, files: &mut Vec<PathBuf>) -> Result<(), CommandError> {
    if !file.is_dir() {
        files.push(file.to_owned());
        return Ok(());
    }
    let failed = |source| CommandError::File {
        act: "list",
        path: file.to_owned(),
        source,
    };
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(file).map_err(failed)? {
        entries.push(entry.map_err(failed)?);
    }
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let is_ours = path.extension().is_some_and(|ending| ending == "cairn") && path.is_file();
        if !is_hidden && (is_folder || is_ours) {
            add(&path, files)?;
        }
    }
    Ok(())
}

/// Reads a file and finds what there is to say of it.
fn look(file: &Path, limits: cairn_eval::Limits) -> Result<Looked, CommandError> {
    let text = text_file::read(file).map_err(|source| CommandError::File {
        act: "read",
        path: file.to_owned(),
        source,
    })?;
    let mut sources = SourceMap::default();
    let mut names = Interner::default();
    let id = sources.add(file.display().to_string(), text.as_str());
    let parsed = parse_file(&sources, id, &mut names);
    let mut findings = Vec::new();
    if parsed.errors.is_empty() {
        findings = cairn_lint::lint_file(&parsed.tree, &sources, &names);
        if let File::Module(module) = &parsed.tree {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            // A part of a configuration may be none by itself: then nothing is known of its rivals.
            let forces = configuration::with(limits, file, |config| {
                Ok(cairn_lint::without_rivals(
                    module, &name, &sources, &names, config,
                ))
            });
            findings.extend(forces.unwrap_or_default());
        }
    }
    Ok(Looked {
        sources,
        text,
        findings,
        errors: parsed.errors,
    })
}
