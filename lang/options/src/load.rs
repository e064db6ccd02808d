//! Reads the module graph: the library, then the entry file and what it imports.
//!
//! In: the host, the entry's path, the library's texts. Out: [`Loaded`], each module once, what is imported
//! before what imports it. Imports are literal paths, so nothing is evaluated here.

use std::collections::HashSet;

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
    seen: HashSet<String>,
}

/// Reads everything; goes on after errors, so that all of them are found.
pub(crate) fn load(host: &mut dyn Host, entry: &str, library: &[(&str, &str)]) -> Loaded {
    let mut loaded = Loaded::default();
    let mut library: Vec<&(&str, &str)> = library.iter().collect();
    library.sort_by_key(|(name, _)| (*name != "prelude.cairn", *name));
    for (name, _) in &library {
        loaded.seen.insert(format!("{LIBRARY}{name}"));
    }
    for (name, text) in library {
        loaded.add(host, format!("{LIBRARY}{name}"), text);
    }
    let entry = normalise("", entry).unwrap_or_else(|| entry.to_owned());
    loaded.seen.insert(entry.clone());
    match host.load(&entry) {
        Ok(text) => loaded.add(host, entry, &text),
        Err(cause) => {
            let source = loaded.sources.add(entry.as_str(), "");
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
    fn add(&mut self, host: &mut dyn Host, name: String, text: &str) {
        let source = self.sources.add(name.as_str(), text);
        let parsed = parse_module(&self.sources, source, &mut self.names);
        self.errors.extend(parsed.errors);
        for item in &parsed.tree.items {
            if let ItemKind::Import { path, path_span } = &item.kind {
                self.import(host, &name, path, *path_span);
            }
        }
        self.modules.push(Module {
            source,
            tree: parsed.tree,
            prelude: name == PRELUDE,
        });
    }

    fn import(&mut self, host: &mut dyn Host, from: &str, path: &str, span: Span) {
        let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
        let Some(target) = normalise(folder, path) else {
            self.errors.push(
                Diagnostic::error("options::import_outside", span, format!("`{path}` leads out of the configuration's folder"))
                    .label("imported here")
                    .help("copy the file into the folder of the configuration, or start cairn in a folder above both"),
            );
            return;
        };
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
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    if path.starts_with('/') {
        return None;
    }
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop().filter(|part| *part != "<library>")?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::normalise;

    #[test]
    fn paths_stay_inside_the_root() {
        assert_eq!(normalise("", "./a.cairn").as_deref(), Some("a.cairn"));
        assert_eq!(normalise("x/y", "../a.cairn").as_deref(), Some("x/a.cairn"));
        assert_eq!(normalise("x", "../../a.cairn"), None);
        assert_eq!(normalise("", "/etc/passwd"), None);
        assert_eq!(normalise("<library>", "../a.cairn"), None);
    }
}
