//! Reads the module graph: the library, then the entry file and what it imports.
//!
//! In: the host, the entry's path, the library's texts. Out: [`Loaded`], each module once, what is imported
//! before what imports it. Imports are literal paths, so nothing is evaluated here.

use std::sync::Arc;

use foldhash::HashSet;

use cairn_eval::Host;
use cairn_syntax::ast::{self, ItemKind};
use cairn_syntax::span::{SourceId, SourceMap, Span};
use cairn_syntax::symbol::Interner;
use cairn_syntax::{Diagnostic, nearest, parse_module};

/// The beginning of the names of the library's sources.
pub(crate) const LIBRARY: &str = "<library>/";
/// The library module whose types every module sees.
const PRELUDE: &str = "<library>/prelude.cairn";

/// One module file.
pub(crate) struct Module {
    pub(crate) source: SourceId,
    pub(crate) tree: ast::Module,
    pub(crate) prelude: bool,
}

/// All modules in their stable order, and the errors on the way.
#[derive(Default)]
pub(crate) struct Loaded {
    pub(crate) sources: SourceMap,
    pub(crate) names: Interner,
    pub(crate) modules: Vec<Module>,
    pub(crate) errors: Vec<Diagnostic>,
    seen: HashSet<Arc<str>>,
}

/// Reads everything; goes on after errors, so that all of them are found.
pub(crate) fn load(host: &mut dyn Host, entry: &str, library: &[(&str, &str)]) -> Loaded {
    let mut loaded = Loaded::default();
    let mut library: Vec<&(&str, &str)> = library.iter().collect();
    library.sort_by_key(|(name, _)| (*name != "prelude.cairn", *name));
    let library: Vec<(Arc<str>, &str)> = library
        .into_iter()
        .map(|(name, text)| (format!("{LIBRARY}{name}").into(), *text))
        .collect();
    loaded
        .seen
        .extend(library.iter().map(|(name, _)| name.clone()));
    for (name, text) in library {
        loaded.add(host, name, text);
    }
    let entry: Arc<str> = normalise("", entry).map_or_else(|| entry.into(), Into::into);
    loaded.seen.insert(entry.clone());
    match host.load(&entry) {
        Ok(text) => loaded.add(host, entry, &text),
        Err(cause) => {
            let source = loaded.sources.add(entry.clone(), "");
            let error = Diagnostic::error(
                "options::import_missing",
                Span::new(source, 0, 0),
                format!("cannot read the configuration `{entry}`: {cause}"),
            );
            loaded.errors.push(Diagnostic {
                help: cause.help,
                ..error
            });
        }
    }
    loaded
}

impl Loaded {
    fn add(&mut self, host: &mut dyn Host, name: Arc<str>, text: &str) {
        let source = self.sources.add(name.clone(), text);
        let parsed = parse_module(&self.sources, source, &mut self.names);
        self.errors.extend(parsed.errors);
        let slash = name.bytes().rposition(|byte| byte == b'/');
        let folder = slash.map_or("", |slash| &name[..slash]);
        for item in &parsed.tree.items {
            if let ItemKind::Import { path, path_span } = &item.kind {
                self.import(host, folder, path, *path_span);
            }
        }
        self.modules.push(Module {
            source,
            tree: parsed.tree,
            prelude: *name == *PRELUDE,
        });
    }

    fn import(&mut self, host: &mut dyn Host, folder: &str, path: &str, span: Span) {
        let Some(target) = normalise(folder, path) else {
            self.errors.push(
                Diagnostic::error("options::import_outside", span, format!("`{path}` leads out of the configuration's folder"))
                    .label("imported here")
                    .help("copy the file into the folder of the configuration, or start cairn in a folder above both"),
            );
            return;
        };
        let target: Arc<str> = target.into();
        if !self.seen.insert(target.clone()) {
            return;
        }
        match host.load(&target) {
            Ok(text) => self.add(host, target, &text),
            Err(cause) => {
                let (above, file) = target.rsplit_once('/').unwrap_or(("", &target));
                let beside = host.read_dir(above).unwrap_or_default();
                let meant = nearest(file, beside.iter().map(|(name, _)| name.as_str()));
                let help = meant
                    .map(|meant| {
                        format!(
                            "did you mean `./{}`?",
                            join(above, meant).trim_start_matches('/')
                        )
                    })
                    .or(cause.help.clone());
                let error = Diagnostic::error(
                    "options::import_missing",
                    span,
                    format!("cannot import `{path}`: {cause}"),
                );
                self.errors.push(Diagnostic {
                    help,
                    ..error.label("imported here")
                });
            }
        }
    }
}

fn join(folder: &str, file: &str) -> String {
    if folder.is_empty() {
        file.to_owned()
    } else {
        format!("{folder}/{file}")
    }
}

/// `path` as seen from `folder`, both below the configuration's root, without `.` and `..`; `None` where it leads out.
pub fn normalise(folder: &str, path: &str) -> Option<String> {
    if path.starts_with('/') {
        return None;
    }
    let mut whole = String::with_capacity(folder.len() + path.len() + 1);
    for part in parts(folder).filter(|part| !part.is_empty()) {
        push(&mut whole, part);
    }
    for part in parts(path) {
        match part {
            "" | "." => {}
            ".." => {
                let (above, last) = whole.rsplit_once('/').unwrap_or(("", &whole));
                if matches!(last, "" | "<library>") {
                    return None;
                }
                whole.truncate(above.len());
            }
            part => push(&mut whole, part),
        }
    }
    Some(whole)
}

fn push(whole: &mut String, part: &str) {
    if !whole.is_empty() {
        whole.push('/');
    }
    whole.push_str(part);
}

/// What stands between slashes. The parts are so short that `str::split` would mostly set itself up.
fn parts(path: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(path);
    std::iter::from_fn(move || {
        let text = rest?;
        let slash = text.bytes().position(|byte| byte == b'/');
        rest = slash.map(|at| &text[at + 1..]);
        Some(slash.map_or(text, |at| &text[..at]))
    })
}

#[cfg(test)]
mod tests {
    use super::normalise;

    #[test]
    fn paths_stay_inside_the_root() {
        assert_eq!(normalise("", "./a.cairn").as_deref(), Some("a.cairn"));
        assert_eq!(normalise("x/y", "../a.cairn").as_deref(), Some("x/a.cairn"));
        assert_eq!(normalise("x", "../../a.cairn"), None);
        assert_eq!(normalise("x", "..").as_deref(), Some(""));
        assert_eq!(
            normalise("/x//y/", "a/./../b//c/").as_deref(),
            Some("x/y/b/c")
        );
        assert_eq!(normalise("", ".."), None);
        assert_eq!(normalise("", "/etc/passwd"), None);
        assert_eq!(normalise("<library>", "../a.cairn"), None);
    }
}
