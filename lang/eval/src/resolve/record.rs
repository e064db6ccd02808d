//! Record literals: paths become nested records, known keys are sorted and checked to be set once.
//!
//! In: the items of a record literal. Out: sorted entries, or layers where keys or spreads are only known later.

use cairn_syntax::Diagnostic;
use cairn_syntax::ast::{self, Key as AstKey, RecordItem};
use cairn_syntax::span::Span;

use super::Resolver;
use super::expression::constant;
use crate::ir::{Entry, Expr, Key, Kind, Layer};
use crate::value::{Field, Place, Record, Value};

/// A field as written, or several that share the start of their path.
enum Draft<'s> {
    Value {
        key: &'s AstKey,
        value: &'s ast::Expr,
    },
    Nested {
        key: &'s AstKey,
        fields: Vec<(&'s [AstKey], &'s ast::Expr)>,
    },
    Spread(&'s ast::Expr),
}

/// Whether a record literal can be made at once: no spreads, no computed keys.
pub(super) fn is_plain(items: &[RecordItem]) -> bool {
    items.iter().all(|item| match item {
        RecordItem::Field { path, .. } => matches!(path.first(), Some(AstKey::Name(_))),
        RecordItem::Spread(_) => false,
    })
}

impl<'a> Resolver<'_, 'a> {
    pub(super) fn record(&mut self, items: &[RecordItem], span: Span) -> Expr<'a> {
        // The default of most maps.
        if items.is_empty() {
            return Expr {
                kind: Kind::Constant(Value::Record(&Record { fields: &[] })),
                span,
            };
        }
        let mut drafts = Vec::with_capacity(items.len());
        for item in items {
            match item {
                RecordItem::Field { path, value, .. } => self.draft(&mut drafts, path, value),
                RecordItem::Spread(expr) => drafts.push(Draft::Spread(expr)),
            }
        }
        self.drafts(drafts, span)
    }

    fn draft<'s>(&mut self, drafts: &mut Vec<Draft<'s>>, path: &'s [AstKey], value: &'s ast::Expr) {
        let Some((key, rest)) = path.split_first() else {
            return;
        };
        let AstKey::Name(name) = key else {
            drafts.push(match rest {
                [] => Draft::Value { key, value },
                rest => Draft::Nested {
                    key,
                    fields: vec![(rest, value)],
                },
            });
            return;
        };
        let same =
            |other: &AstKey| matches!(other, AstKey::Name(other) if other.symbol == name.symbol);
        let known = drafts.iter_mut().find(|draft| match draft {
            Draft::Value { key, .. } | Draft::Nested { key, .. } => same(key),
            Draft::Spread(_) => false,
        });
        match (known, rest) {
            (None, []) => drafts.push(Draft::Value { key, value }),
            (None, rest) => drafts.push(Draft::Nested {
                key,
                fields: vec![(rest, value)],
            }),
            (Some(Draft::Nested { fields, .. }), [_, ..]) => fields.push((rest, value)),
            (Some(Draft::Value { key: first, .. } | Draft::Nested { key: first, .. }), _) => {
                let (AstKey::Name(first), second) = (*first, name) else {
                    return;
                };
                let text = self.evaluator.names.text(second.symbol);
                let error = Diagnostic::error(
                    "eval::duplicate_field",
                    second.span,
                    format!("`{text}` is set twice"),
                )
                .label("again here")
                .also(first.span, "first here");
                self.mistake(error);
            }
            (Some(Draft::Spread(_)), _) => {}
        }
    }

    fn drafts(&mut self, drafts: Vec<Draft<'_>>, span: Span) -> Expr<'a> {
        let arena = self.evaluator.arena;
        let mut plain = true;
        let mut layers: Vec<Layer<'a>> = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let (key, value, value_span) = match draft {
                Draft::Spread(expr) => {
                    plain = false;
                    let expr = self.expr(expr);
                    layers.push(Layer::Spread(expr));
                    continue;
                }
                Draft::Value { key, value } => (key, self.delayed(value), value.span),
                Draft::Nested { key, fields } => {
                    let mut nested = Vec::with_capacity(fields.len());
                    let mut all = fields[0].1.span;
                    for (path, value) in fields {
                        all = all.to(value.span);
                        self.draft(&mut nested, path, value);
                    }
                    (key, self.nested(nested, all), all)
                }
            };
            let key = self.key(key);
            plain &= matches!(key, Key::Name(..));
            let origin = self.evaluator.origin(Place {
                key: key.span(),
                value: value_span,
            });
            layers.push(Layer::Field { key, origin, value });
        }
        if !plain {
            return Expr {
                kind: Kind::Overlay(arena.collect(layers)),
                span,
            };
        }
        let mut entries: Vec<Entry<'a>> = Vec::with_capacity(layers.len());
        for layer in layers {
            if let Layer::Field {
                key: Key::Name(name, _),
                origin,
                value,
            } = layer
            {
                entries.push(Entry {
                    name,
                    origin,
                    value,
                });
            }
        }
        entries.sort_by_key(|entry| entry.name);
        let fields: Option<Vec<Field<'a>>> = entries
            .iter()
            .map(|entry| {
                constant(&entry.value).map(|value| Field {
                    name: entry.name,
                    origin: entry.origin,
                    value,
                })
            })
            .collect();
        let kind = match fields {
            Some(fields) => Kind::Constant(self.evaluator.sorted_record(&fields)),
            None => Kind::Record(arena.collect(entries)),
        };
        Expr { kind, span }
    }

    /// The record behind the first keys of a path; waits where it has computed keys.
    fn nested(&mut self, drafts: Vec<Draft<'_>>, span: Span) -> Expr<'a> {
        let plain = drafts.iter().all(|draft| match draft {
            Draft::Value { key, .. } | Draft::Nested { key, .. } => matches!(key, AstKey::Name(_)),
            Draft::Spread(_) => false,
        });
        if plain {
            return self.drafts(drafts, span);
        }
        let code = self.code(|resolver| resolver.drafts(drafts, span));
        Expr {
            kind: Kind::Delay(self.evaluator.arena.alloc(code)),
            span,
        }
    }
}
