//! The items of a file, for an editor's outline.
//!
//! In: a tree. Out: a tree of names with their ranges. Leaves out what has no name.

use cairn_syntax::ast::{ExprKind, Item, ItemKind, Name};
use cairn_syntax::span::Span;
use cairn_syntax::symbol::Interner;
use gen_lsp_types::SymbolKind;

/// A named part of a file.
#[derive(Debug, Clone)]
pub struct Symbol {
    /// As it is shown.
    pub name: String,
    /// What it is.
    pub kind: SymbolKind,
    /// All of it.
    pub span: Span,
    /// Its name.
    pub name_span: Span,
    /// What is in it.
    pub inside: Vec<Symbol>,
}

/// The symbols of items.
pub fn symbols(items: &[Item], names: &Interner) -> Vec<Symbol> {
    items
        .iter()
        .filter_map(|item| symbol(item, names))
        .collect()
}

fn symbol(item: &Item, names: &Interner) -> Option<Symbol> {
    let path = |path: &[Name]| {
        let text = cairn_options::print_path(path.iter().map(|name| names.text(name.symbol)));
        let first = path.first().map_or(item.span, |name| name.span);
        (text, path.last().map_or(first, |last| first.to(last.span)))
    };
    let ((name, name_span), kind, inside) = match &item.kind {
        ItemKind::Let(binding) => {
            let kind = match binding.value.kind {
                ExprKind::Lambda { .. } => SymbolKind::Function,
                _ => SymbolKind::Variable,
            };
            (path(&[binding.name]), kind, Vec::new())
        }
        ItemKind::Type { name, .. } => (path(&[*name]), SymbolKind::Struct, Vec::new()),
        ItemKind::Option { path: names, .. } => (path(names), SymbolKind::Property, Vec::new()),
        ItemKind::Definition { path: names, .. } => (path(names), SymbolKind::Field, Vec::new()),
        ItemKind::When { condition, items } => {
            let head = ("when".to_owned(), condition.span);
            (head, SymbolKind::Namespace, symbols(items, names))
        }
        ItemKind::Variant { name, items } => {
            (path(&[*name]), SymbolKind::Namespace, symbols(items, names))
        }
        ItemKind::Test { claim, .. } => {
            let head = (format!("test {}", names.text(claim.symbol)), claim.span);
            (head, SymbolKind::Event, Vec::new())
        }
        ItemKind::Import { path, path_span } => (
            (format!("import {path}"), *path_span),
            SymbolKind::File,
            Vec::new(),
        ),
        ItemKind::Assert { .. } | ItemKind::Warn { .. } => return None,
    };
    Some(Symbol {
        name,
        kind,
        span: item.span,
        name_span,
        inside,
    })
}
