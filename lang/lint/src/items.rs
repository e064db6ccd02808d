//! Items of modules: empty conditions, imports that were there before, names that are bound for nothing.
//!
//! In: items. Out: `lint::empty_when` and `lint::duplicate_import`, and the bindings for [`names`](crate::names). An item is
//! only taken out where it has its lines to itself.

use cairn_syntax::ast::{Item, ItemKind, Type, TypeKind};
use cairn_syntax::diagnostic::Diagnostic;
use cairn_syntax::span::Span;

use crate::Finder;
use crate::edit::{Edit, may_go};
use crate::names::{BoundId, By};

impl Finder<'_> {
    /// Items that see each other's names.
    pub(crate) fn items(&mut self, items: &[Item]) {
        self.scope(|finder| {
            // A prelude: its types are for others.
            let is_prelude = items
                .iter()
                .all(|item| matches!(item.kind, ItemKind::Type { .. }));
            let mut imports: Vec<(&str, Span)> = Vec::new();
            let mut bound: Vec<Option<BoundId>> = Vec::with_capacity(items.len());
            for item in items {
                let fix = finder.without_item(item);
                bound.push(match &item.kind {
                    ItemKind::Let(binding) => Some(finder.bind(binding.name, By::Let, fix)),
                    ItemKind::Type { name, .. } => {
                        let bound = finder.bind(*name, By::Type, fix);
                        if is_prelude {
                            finder.keep(bound);
                        }
                        Some(bound)
                    }
                    ItemKind::Import { path, path_span } => {
                        let plain = path.trim_start_matches("./");
                        match imports.iter().find(|(known, _)| *known == plain) {
                            Some((_, first)) => {
                                let diagnostic = Diagnostic::warning(
                                    "lint::duplicate_import",
                                    *path_span,
                                    format!("`{path}` is imported twice"),
                                )
                                .also(*first, "first imported here")
                                .help("take the second one out");
                                finder.report(diagnostic, fix);
                            }
                            None => imports.push((plain, *path_span)),
                        }
                        None
                    }
                    _ => None,
                });
            }
            for (item, bound) in items.iter().zip(bound) {
                match bound {
                    Some(bound) => finder.inside(bound, |finder| finder.item(item)),
                    None => finder.item(item),
                }
            }
        });
    }

    fn item(&mut self, item: &Item) {
        match &item.kind {
            ItemKind::Import { .. } => {}
            ItemKind::Let(binding) => self.expr(&binding.value, 0),
            ItemKind::Type { ty, .. } => self.ty(ty),
            ItemKind::Option { ty, default, .. } => {
                self.ty(ty);
                if let Some(default) = default {
                    self.expr(default, 0);
                }
            }
            ItemKind::Definition { value, .. } | ItemKind::Test { expr: value, .. } => {
                self.expr(value, 0);
            }
            ItemKind::When { condition, items } => {
                self.expr(condition, 0);
                if items.is_empty() {
                    let diagnostic = Diagnostic::warning(
                        "lint::empty_when",
                        item.span,
                        "nothing stands under this condition",
                    )
                    .help("take it out");
                    let fix = self.without_item(item);
                    self.report(diagnostic, fix);
                }
                self.items(items);
            }
            ItemKind::Variant { items, .. } => self.items(items),
            ItemKind::Assert { condition, message } | ItemKind::Warn { condition, message } => {
                self.expr(condition, 0);
                self.expr(message, 0);
            }
        }
    }

    /// Takes an item out with its lines and its doc comment. None where anything else stands on its lines.
    fn without_item(&self, item: &Item) -> Option<Edit> {
        let text: &str = &self.sources.get(item.span.source).text;
        let (start, end) = (item.span.start as usize, item.span.end as usize);
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
        let is_alone = text[line_start..start].trim().is_empty()
            && text[end..line_end].trim().is_empty()
            && may_go(&text[start..end]);
        if !is_alone {
            return None;
        }
        let mut from = line_start;
        if item.doc.is_some() {
            while let Some(above) = text[..from].strip_suffix('\n') {
                let begin = above.rfind('\n').map_or(0, |at| at + 1);
                if !above[begin..].trim_start().starts_with("##") {
                    break;
                }
                from = begin;
            }
        }
        Some(Edit {
            span: Span::new(item.span.source, from, line_end),
            text: String::new(),
        })
    }

    /// A type; defaults of its fields know `self` and `name` without binding them.
    pub(crate) fn ty(&mut self, ty: &Type) {
        match &ty.kind {
            TypeKind::Name(name) => self.used_type(*name),
            TypeKind::Apply { name, args } => {
                self.used_type(name.symbol);
                for arg in args {
                    self.ty(arg);
                }
            }
            TypeKind::Literal(_) | TypeKind::Error => {}
            TypeKind::Union(members) => {
                for member in members {
                    self.ty(member);
                }
            }
            TypeKind::Nullable(inner) => self.ty(inner),
            TypeKind::Record { fields, .. } => {
                for field in fields {
                    self.ty(&field.ty);
                    if let Some(default) = &field.default {
                        self.expr(default, 0);
                    }
                }
            }
            TypeKind::Where { base, predicate } => {
                self.ty(base);
                self.expr(predicate, 0);
            }
        }
    }
}
