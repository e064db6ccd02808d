//! What an editor offers to do about lints: each fix alone, and all of a file at once.
//!
//! In: the lints of a text that can be mended, and what is asked for. Out: actions with their edits. Changes nothing itself, and
//! offers nothing by which a value could change.

use std::collections::HashMap;
use std::ops::Range;

use cairn_lint::Edit;
use gen_lsp_types::{CodeAction, CodeActionKind, Diagnostic, TextEdit, Uri, WorkspaceEdit};

use crate::formatting::difference;
use crate::position::Encoding;

/// The kind of the action that mends a whole file.
pub const FIX_ALL: CodeActionKind = CodeActionKind::new("source.fixAll.cairn");

/// The lints of a file that can be mended.
#[derive(Debug, Clone, Default)]
pub struct Mendable {
    /// The text that they were found in; of any other they say nothing.
    pub text: String,
    /// Each with its fix.
    pub lints: Vec<(Diagnostic, Edit)>,
}

/// What is asked for.
#[derive(Debug)]
pub struct Wanted<'w> {
    /// The file.
    pub uri: &'w Uri,
    /// Where the cursor or the selection is, in bytes.
    pub range: Range<usize>,
    /// The kinds of actions; all without this.
    pub only: Option<&'w [CodeActionKind]>,
}

/// The actions for a place of a file: fixes of the lints that it touches, and one that mends all of the file.
pub fn actions(file: &Mendable, wanted: &Wanted<'_>, encoding: Encoding) -> Vec<CodeAction> {
    let text = file.text.as_str();
    let action = |title: String, kind, span: Range<usize>, new_text| {
        let range = encoding.range(text, span.start, span.end);
        let edits = vec![TextEdit { range, new_text }];
        CodeAction {
            title,
            kind: Some(kind),
            diagnostics: None,
            is_preferred: None,
            disabled: None,
            edit: Some(WorkspaceEdit {
                changes: Some(HashMap::from([(wanted.uri.clone(), edits)])),
                ..WorkspaceEdit::default()
            }),
            command: None,
            data: None,
            tags: None,
        }
    };
    let mut found = Vec::new();
    if wants(wanted.only, &CodeActionKind::QuickFix) {
        for (lint, edit) in &file.lints {
            let start = encoding.offset(text, lint.range.start);
            let end = encoding.offset(text, lint.range.end);
            if start > wanted.range.end || end < wanted.range.start {
                continue;
            }
            let span = edit.span.start as usize..edit.span.end as usize;
            let kind = CodeActionKind::QuickFix;
            found.push(CodeAction {
                diagnostics: Some(vec![lint.clone()]),
                is_preferred: Some(true),
                ..action(title(lint), kind, span, edit.text.clone())
            });
        }
    }
    if wants(wanted.only, &FIX_ALL) {
        let edits = file.lints.iter().map(|(_, edit)| edit);
        let (mended, count) = cairn_lint::mend_with(text, edits);
        if let Some((span, new_text)) = difference(text, &mended) {
            let title = match count {
                1 => "Fix the one lint of this file that can be fixed".to_owned(),
                _ => format!("Fix all {count} lints of this file that can be fixed"),
            };
            found.push(action(title, FIX_ALL, span, new_text));
        }
    }
    found
}

/// The first line of what a lint says.
fn title(lint: &Diagnostic) -> String {
    let message = serde_json::to_value(&lint.message).unwrap_or_default();
    let line = message.as_str().and_then(|text| text.lines().next());
    format!("Fix: {}", line.unwrap_or("this lint"))
}

/// Whether a kind is among those that are asked for: `source` asks for `source.fixAll.cairn` too.
fn wants(only: Option<&[CodeActionKind]>, kind: &CodeActionKind) -> bool {
    let kind = kind.to_string();
    let holds = |wanted: &CodeActionKind| {
        let wanted = wanted.to_string();
        let rest = kind.strip_prefix(&wanted);
        rest.is_some_and(|rest| wanted.is_empty() || rest.is_empty() || rest.starts_with('.'))
    };
    only.is_none_or(|only| only.iter().any(holds))
}

#[cfg(test)]
mod tests {
    use super::{CodeActionKind, FIX_ALL, wants};

    #[test]
    fn a_kind_asks_for_those_below_it() {
        let asks = |kind: &'static str| wants(Some(&[CodeActionKind::from(kind)]), &FIX_ALL);
        assert!(wants(None, &FIX_ALL));
        assert!(asks("") && asks("source") && asks("source.fixAll") && asks("source.fixAll.cairn"));
        assert!(!asks("quickfix") && !asks("source.fix") && !asks("source.organizeImports"));
    }
}
