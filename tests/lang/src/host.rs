//! A host whose files are the texts of one section.
//!
//! In: texts by name. Out: answers to the evaluator. Builds nothing: `build` and `fetch` give the name they were
//! given as a text with a new id, which is all that the language may see of them.

use std::collections::BTreeMap;

use cairn_eval::{ContextId, Data, DataKind, EntryKind, Host, HostError, Minted};

/// Files in memory.
#[derive(Debug, Default)]
pub struct MemoryHost {
    /// Texts by their normalised paths.
    pub files: BTreeMap<String, String>,
    minted: Vec<String>,
}

impl MemoryHost {
    /// A host with these files.
    pub fn new(files: BTreeMap<String, String>) -> Self {
        Self {
            files,
            minted: Vec::new(),
        }
    }

    fn mint(&mut self, text: String) -> Minted {
        let known = self.minted.iter().position(|one| *one == text);
        let id = known.unwrap_or_else(|| {
            self.minted.push(text.clone());
            self.minted.len() - 1
        });
        Minted {
            text,
            context: ContextId(id as u32),
        }
    }

    fn named(&mut self, kind: &str, arguments: &Data, field: &str) -> Result<Minted, HostError> {
        match arguments.get(field).map(|name| &name.kind) {
            Some(DataKind::Str { text, .. }) => Ok(self.mint(format!("<{kind} {text}>"))),
            _ => Err(HostError::new(format!("{kind} needs `{field}`"))),
        }
    }
}

impl Host for MemoryHost {
    fn load(&mut self, path: &str) -> Result<String, HostError> {
        self.read_file(path)
    }

    fn read_file(&mut self, path: &str) -> Result<String, HostError> {
        let text = self.files.get(path).cloned();
        text.ok_or_else(|| HostError::new(format!("cannot read {path}: there is no such file")))
    }

    fn read_dir(&mut self, path: &str) -> Result<Vec<(String, EntryKind)>, HostError> {
        let inside = match path {
            "" | "." => String::new(),
            path => format!("{path}/"),
        };
        let names = self.files.keys().filter_map(|name| {
            let rest = name.strip_prefix(&inside)?;
            Some(match rest.split_once('/') {
                Some((folder, _)) => (folder.to_owned(), EntryKind::Directory),
                None => (rest.to_owned(), EntryKind::File),
            })
        });
        let names: BTreeMap<String, EntryKind> = names.collect();
        if names.is_empty() {
            return Err(HostError::new(format!(
                "cannot list {path}: there is no such folder"
            )));
        }
        Ok(names.into_iter().collect())
    }

    fn path(&mut self, path: &str) -> Result<Minted, HostError> {
        self.read_file(path)?;
        Ok(self.mint(format!("<file {path}>")))
    }

    fn build(&mut self, arguments: &Data) -> Result<Minted, HostError> {
        self.named("build", arguments, "name")
    }

    fn fetch(&mut self, arguments: &Data) -> Result<Minted, HostError> {
        self.named("fetch", arguments, "url")
    }

    fn trace(&mut self, _line: &str) {}
}
