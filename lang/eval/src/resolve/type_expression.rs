//! Type expressions to types.
//!
//! In: a type expression. Out: a [`Type`]. Types see the names of their module, not the locals of functions.

use cairn_syntax::ast::{self, TypeKind as AstKind};
use cairn_syntax::span::Span;
use cairn_syntax::symbol::Symbol;
use cairn_syntax::{Diagnostic, nearest};

use super::Resolver;
use crate::ir::{Code, Slot};
use crate::types::{DefaultCode, RecordType, Type, TypeField, TypeKind, WhereType};

impl<'a> Resolver<'_, 'a> {
    pub(super) fn type_expression(&mut self, ty: &ast::Type) -> &'a Type<'a> {
        self.detached(|resolver| resolver.type_tree(ty))
    }

    fn type_tree(&mut self, ty: &ast::Type) -> &'a Type<'a> {
        let arena = self.evaluator.arena;
        let kind = match &ty.kind {
            AstKind::Name(name) => match self.evaluator.find_type(self.scope, *name) {
                Some(found) => return found,
                None => return self.unknown_type(*name, ty.span),
            },
            AstKind::Apply { name, args } => {
                let inner = args.iter().map(|arg| self.type_tree(arg)).last();
                let one = inner.filter(|_| args.len() == 1);
                match (self.evaluator.names.text(name.symbol), one) {
                    ("List", Some(inner)) => TypeKind::List(inner),
                    ("Map", Some(inner)) => TypeKind::Map(inner),
                    ("List" | "Map", _) => {
                        let message = "this takes one type, that of what is in it";
                        self.mistake(Diagnostic::error("types::arguments", ty.span, message));
                        TypeKind::Unknown
                    }
                    (text, _) => {
                        let message = format!("`{text}` takes no types in brackets");
                        let error = Diagnostic::error("types::arguments", name.span, message);
                        self.mistake(error.help("only `List(T)` and `Map(T)` do"));
                        TypeKind::Unknown
                    }
                }
            }
            AstKind::Literal(expr) => {
                let resolved = self.expr(expr);
                match super::expression::constant(&resolved) {
                    Some(value) if is_literal(value) => TypeKind::Literal(value),
                    _ => {
                        let message =
                            "a type can be a string, a number, true, false or null, written out";
                        self.mistake(Diagnostic::error("types::literal", ty.span, message));
                        TypeKind::Unknown
                    }
                }
            }
            AstKind::Union(members) => {
                TypeKind::Union(arena.each(members.len(), |index| self.type_tree(&members[index])))
            }
            AstKind::Nullable(inner) => TypeKind::Nullable(self.type_tree(inner)),
            AstKind::Record { fields, open } => {
                let start = self.evaluator.resolving.fields.len();
                for field in fields {
                    if let Some(first) = self.evaluator.resolving.fields[start..]
                        .iter()
                        .find(|first| first.name == field.name.symbol)
                    {
                        let first = ast::Name {
                            symbol: first.name,
                            span: first.name_span,
                        };
                        let error = self.twice(first, field.name);
                        self.mistake(error);
                        continue;
                    }
                    let field_type = self.type_tree(&field.ty);
                    let default = field.default.as_ref();
                    let field = TypeField {
                        name: field.name.symbol,
                        name_span: field.name.span,
                        ty: field_type,
                        default: default.map(|default| self.default_code(default)),
                        doc: field.doc.as_deref().map(|doc| arena.text(doc)),
                    };
                    self.evaluator.resolving.fields.push(field);
                }
                let fields = arena.slice(&self.evaluator.resolving.fields[start..]);
                self.evaluator.resolving.fields.truncate(start);
                TypeKind::Record(arena.alloc(RecordType {
                    fields,
                    open: *open,
                }))
            }
            AstKind::Where { base, predicate } => {
                let base = self.type_tree(base);
                let code = self.code(|resolver| resolver.expr(predicate));
                let predicate_value = self.evaluator.constant_or_thunk(code);
                TypeKind::Where(arena.alloc(WhereType {
                    base,
                    predicate: predicate_value,
                    predicate_span: predicate.span,
                }))
            }
            AstKind::Error => TypeKind::Unknown,
        };
        arena.alloc(Type {
            kind,
            span: Some(ty.span),
        })
    }

    /// Code with two captures: `self` and `name`.
    pub(super) fn default_code(&mut self, expr: &ast::Expr) -> DefaultCode<'a> {
        // Most defaults are literals, which see nothing.
        if is_plain(expr) {
            let arena = self.evaluator.arena;
            return DefaultCode {
                span: expr.span,
                code: arena.make(|| Code {
                    locals: 0,
                    captures: &[Slot::Captured(0), Slot::Captured(1)],
                    body: self.expr(expr),
                }),
            };
        }
        self.detached(|resolver| {
            let this = resolver.evaluator.names.intern("self");
            let name = resolver.evaluator.names.intern("name");
            let code = resolver.code(|resolver| {
                for (name, index) in [this, name].into_iter().zip(0..) {
                    let slot = Slot::Captured(index);
                    resolver.frame().captures.push(slot);
                    resolver.declare(name, slot, None);
                }
                resolver.expr(expr)
            });
            DefaultCode {
                span: expr.span,
                code: resolver.evaluator.arena.alloc(code),
            }
        })
    }

    fn unknown_type(&mut self, name: Symbol, span: Span) -> &'a Type<'a> {
        let text = self.evaluator.names.text(name);
        if matches!(text, "List" | "Map") {
            let message = format!("`{text}` takes one type, that of what is in it");
            let error = Diagnostic::error("types::arguments", span, message);
            let error = error.help(format!("write `{text}(T)`, as in `{text}(Str)`"));
            self.mistake(error);
            return self.evaluator.arena.alloc(Type {
                kind: TypeKind::Unknown,
                span: Some(span),
            });
        }
        let error = Diagnostic::error("types::unknown", span, format!("there is no type `{text}`"));
        let known = self.evaluator.type_names(self.scope);
        let is_variable = self.evaluator.find_global(self.scope, name).is_some();
        let error = match nearest(text, known.into_iter()) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None if is_variable => error.help(format!(
                "`{text}` is a value; name a type with `type {text} = …`"
            )),
            None => error,
        };
        self.mistake(error);
        self.evaluator.arena.alloc(Type {
            kind: TypeKind::Unknown,
            span: Some(span),
        })
    }
}

/// Whether an expression is a literal without anything in it.
fn is_plain(expr: &ast::Expr) -> bool {
    match &expr.kind {
        ast::ExprKind::Null
        | ast::ExprKind::Bool(_)
        | ast::ExprKind::Int(_)
        | ast::ExprKind::Float(_) => true,
        ast::ExprKind::Str(parts) => {
            matches!(parts.as_slice(), [] | [ast::StrPart::Text(_)])
        }
        ast::ExprKind::List(items) => items.is_empty(),
        ast::ExprKind::Record(items) => items.is_empty(),
        _ => false,
    }
}

fn is_literal(value: crate::value::Value<'_>) -> bool {
    use crate::value::Value;
    matches!(
        value,
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Str(_)
    )
}
