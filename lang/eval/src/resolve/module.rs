//! The `let`s and `type`s of a module: constants for everything that stands in it.
//!
//! In: a module. Out: a scope. Refuses to look at options and definitions; they are `cairn-options`' own.

use cairn_syntax::Diagnostic;
use cairn_syntax::ast::{self, ItemKind};
use cairn_syntax::symbol::Symbol;

use super::Resolver;
use crate::evaluator::Evaluator;
use crate::scope::{Scope, ScopeId};
use crate::types::{NamedType, Type, TypeKind};
use crate::value::{State, Thunk, Value};

pub(crate) fn module_scope<'a>(
    evaluator: &mut Evaluator<'a>,
    module: &ast::Module,
    parent: ScopeId,
    bindings: &[(Symbol, Value<'a>)],
) -> ScopeId {
    let arena = evaluator.arena;
    let mut scope = Scope::below(parent);
    let count =
        |is: fn(&ItemKind) -> bool| module.items.iter().filter(|item| is(&item.kind)).count();
    let lets = count(|kind| matches!(kind, ItemKind::Let(_)));
    scope.values.expect(bindings.len() + lets);
    scope
        .types
        .expect(count(|kind| matches!(kind, ItemKind::Type { .. })));
    for (name, value) in bindings {
        scope.bind(*name, *value, None);
    }
    let mut lets = std::mem::take(&mut evaluator.resolving.lets);
    let mut types = std::mem::take(&mut evaluator.resolving.types);
    let mut mistakes = Vec::new();
    for (index, item) in module.items.iter().enumerate() {
        match &item.kind {
            ItemKind::Let(binding) => {
                let name = binding.name;
                let mut before = lets.iter();
                if let Some((first, ..)) = before.find(|(first, ..)| first.symbol == name.symbol) {
                    mistakes.push((*first, name));
                    continue;
                }
                let thunk = arena.alloc(Thunk::new(State::Blank));
                scope.bind(
                    name.symbol,
                    Value::Thunk(thunk),
                    super::function::signature(&binding.value),
                );
                lets.push((name, index, thunk));
            }
            ItemKind::Type { name, .. } => {
                let mut before = types.iter();
                if let Some((_, first)) = before.find(|(_, first)| first.name == name.symbol) {
                    mistakes.push((
                        ast::Name {
                            symbol: first.name,
                            span: first.name_span,
                        },
                        *name,
                    ));
                    continue;
                }
                let named: &'a NamedType<'a> = arena.alloc(NamedType {
                    name: name.symbol,
                    name_span: name.span,
                    doc: item.doc.as_deref().map(|doc| arena.text(doc)),
                    target: std::cell::Cell::new(None),
                });
                let value = arena.alloc(Type {
                    kind: TypeKind::Named(named),
                    span: Some(name.span),
                });
                scope.types.insert(name.symbol, value);
                types.push((index, named));
            }
            _ => {}
        }
    }
    let id = evaluator.add_scope(scope);
    let mut resolver = Resolver::new(evaluator, id);
    for (first, second) in mistakes {
        let error = resolver.twice(first, second);
        resolver.mistake(error);
    }
    for (index, named) in &types {
        if let ItemKind::Type { ty, .. } = &module.items[*index].kind {
            named.target.set(Some(resolver.type_expression(ty)));
        }
    }
    for (_, named) in types.drain(..) {
        resolver.refuse_endless(named);
    }
    for (_, index, thunk) in lets.drain(..) {
        if let ItemKind::Let(binding) = &module.items[index].kind {
            let code = resolver.code(|resolver| resolver.expr(&binding.value));
            thunk.state.set(super::expression::filled(&resolver, code));
        }
    }
    resolver.evaluator.resolving.lets = lets;
    resolver.evaluator.resolving.types = types;
    id
}

impl<'a> Resolver<'_, 'a> {
    /// Reports a type that stands for itself without a list, map or record between: `type A = B`, `type B = A?`.
    fn refuse_endless(&mut self, named: &'a NamedType<'a>) {
        let mut seen: Vec<&NamedType<'a>> = Vec::new();
        // Most types are records, and need no list of what comes next.
        let mut next: Vec<&'a Type<'a>> = Vec::new();
        let mut at = named.target();
        while let Some(ty) = at.take().or_else(|| next.pop()) {
            match ty.kind {
                TypeKind::Named(inner) if std::ptr::eq(inner, named) => {
                    let text = self.evaluator.names.text(named.name);
                    let error = Diagnostic::error(
                        "types::endless",
                        named.name_span,
                        format!("the type `{text}` stands only for itself"),
                    );
                    self.mistake(error);
                    let unknown = self.evaluator.arena.alloc(Type {
                        kind: TypeKind::Unknown,
                        span: Some(named.name_span),
                    });
                    named.target.set(Some(unknown));
                    return;
                }
                // Those that only lead to a type without an end are reported by that one itself.
                TypeKind::Named(inner) if seen.iter().any(|seen| std::ptr::eq(*seen, inner)) => {}
                TypeKind::Named(inner) => {
                    seen.push(inner);
                    next.extend(inner.target());
                }
                TypeKind::Nullable(inner) => next.push(inner),
                TypeKind::Where(refined) => next.push(refined.base),
                TypeKind::Union(members) => next.extend(members),
                _ => {}
            }
        }
    }
}
