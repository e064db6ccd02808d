//! The texts that are open in the editor.
//!
//! In: the editor's notifications. Out: texts by path, newer than what lies on the disk. Knows nothing of the language.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gen_lsp_types::{TextDocumentContentChangeEvent as Change, Uri};

use crate::position::Encoding;

/// One open document.
#[derive(Debug, Clone)]
pub struct Document {
    /// As the editor wrote it: what it is told must have the same.
    pub uri: Uri,
    /// The editor's number for this text.
    pub version: i32,
    /// The text, saved or not.
    pub text: String,
}

/// All open documents, by path.
#[derive(Debug, Clone, Default)]
pub struct Documents {
    open: BTreeMap<PathBuf, Document>,
}

impl Documents {
    /// Opens one, or replaces its text.
    pub fn open(&mut self, path: PathBuf, document: Document) {
        self.open.insert(path, document);
    }

    /// Applies changes in their order.
    pub fn change(&mut self, path: &Path, version: i32, changes: Vec<Change>, encoding: Encoding) {
        let Some(document) = self.open.get_mut(path) else {
            return;
        };
        document.version = version;
        for change in changes {
            match change {
                Change::TextDocumentContentChangePartial(part) => {
                    let start = encoding.offset(&document.text, part.range.start);
                    let end = encoding.offset(&document.text, part.range.end);
                    let span = start..end.max(start);
                    document.text.replace_range(span, &part.text);
                }
                Change::TextDocumentContentChangeWholeDocument(whole) => document.text = whole.text,
            }
        }
    }

    /// Puts another text in the place of a document's.
    pub fn replace(&mut self, path: &Path, text: String) {
        if let Some(document) = self.open.get_mut(path) {
            document.text = text;
        }
    }

    /// Closes one: what lies on the disk counts again.
    pub fn close(&mut self, path: &Path) {
        self.open.remove(path);
    }

    /// The document at a path, if it is open.
    pub fn get(&self, path: &Path) -> Option<&Document> {
        self.open.get(path)
    }

    /// The paths of all open documents, sorted.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.open.keys().map(PathBuf::as_path)
    }

    /// The text of a file: the editor's, else the disk's.
    pub fn text(&self, path: &Path) -> Option<String> {
        match self.open.get(path) {
            Some(document) => Some(document.text.clone()),
            None => std::fs::read_to_string(path).ok(),
        }
    }
}
